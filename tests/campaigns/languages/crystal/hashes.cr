h = {"one" => 1, "two" => 2, "three" => 3}
h["four"] = 4
h.each { |k, v| puts "#{k}=#{v}" }
p h.map { |k, v| {k.size, v} }.to_h, h.select { |_, v| v > 1 }, h.invert, h.min_by { |_, v| v }, h.key_for(2)
p h["five"]?, h.fetch("six", 0), h.delete("one"), h.has_key?("one"), h.merge({"two" => 22}) { |_, a, b| a + b }
d = Hash(String, Array(Int32)).new { |hash, key| hash[key] = [] of Int32 }
20.times { |i| d[i.to_s.size.to_s + (i % 3).to_s] << i }
p d, d.values.map(&.sum), d.transform_values(&.size)
begin
  h["none"]
rescue e : KeyError
  puts e.message
end
big = {} of Int32 => Int32
10_000.times { |i| big[i * 7919 % 10007] = i }
p big.size, big.sum { |k, v| (k.to_i64 * v) % 1000 }
