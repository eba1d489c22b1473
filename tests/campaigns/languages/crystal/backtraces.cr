class Chain
  def a; b; end
  def b; c { raise "where" }; end
  def c(&) yield; end
end
begin
  Chain.new.a
rescue e
  names = e.backtrace.map { |line| line.split(" in ")[1]? || line }
  puts names.first(6)
  puts e.backtrace.count(&.includes?("backtraces.cr:3:"))
end
