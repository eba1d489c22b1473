class AppError < Exception
  getter code : Int32
  def initialize(message, @code, cause = nil) super(message, cause) end
end
def risky(n)
  raise ArgumentError.new("negative") if n < 0
  raise AppError.new("big", n) if n > 10
  [1, 2, 3][n]
ensure
  print "<#{n}>"
end
[-1, 0, 2, 3, 11].each do |n|
  begin
    puts risky(n)
  rescue e : AppError
    puts "app #{e.code}"
  rescue e : ArgumentError | IndexError
    puts "#{e.class}: #{e.message}"
  else
    puts "fine"
  end
end
begin
  begin
    raise "inner"
  rescue e
    raise AppError.new("outer", 1, cause: e)
  end
rescue e
  puts e.message, e.cause.try(&.message)
end
x = begin
  nil.not_nil!
rescue NilAssertionError
  7
end rescue 8
p x, (raise "a" rescue "b")
def deep(n) : Int32
  n == 0 ? raise("deep") : deep(n - 1) + 1
end
begin
  deep(500)
rescue e
  puts e.message, e.backtrace.size > 100
end
def order
  yield
ensure
  puts "ensured"
end
order { puts "block" }
[1, 2].each { |i| begin; next if i == 1; puts i; ensure; puts "e#{i}"; end }
