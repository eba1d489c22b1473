require "json"
class P; include JSON::Serializable; property name : String; property n : Int32; def initialize(@name, @n); end; end
a = (1..5).map { |i| P.new("p#{i}", i * i) }
puts a.to_json
begin
  raise "boom #{a.size}"
rescue ex
  puts ex.message
end
ch = Channel(Int32).new
spawn { 3.times { |i| ch.send i } }
3.times { puts ch.receive }
