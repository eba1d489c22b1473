require "set"
a = Set{1, 2, 3, 4}
b = Set{3, 4, 5}
p a | b, a & b, a - b, a ^ b, a.superset_of?(Set{1}), b.includes?(9), a.to_a.sum
s = Set(String).new
%w(x y x z y).each { |w| puts s.add?(w) }
p s.size, s.group_by(&.size), s.map(&.upcase).to_set == Set{"X", "Y", "Z"}
