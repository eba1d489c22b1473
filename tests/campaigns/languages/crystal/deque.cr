require "deque"
d = Deque(Int32).new
10.times { |i| i.even? ? d.push(i) : d.unshift(i) }
p d, d.pop, d.shift, d.rotate!(3), d, d.to_a.sort, d[2], d.index(4)
d.clear
1000.times { |i| d.push i; d.shift if d.size > 10 }
p d
