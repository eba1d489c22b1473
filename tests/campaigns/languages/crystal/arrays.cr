a = [5, 3, 9, 1, 7]
p a.sort, a.sort_by { |x| -x }, a.map { |x| x * x }.select(&.even?), a.sum, a.max, a.minmax
a << 4; a.unshift 0; a.insert(2, 99); a.delete_at(3)
p a, a.each_slice(3).to_a, a.each_cons(2).map(&.sum).to_a, a.partition(&.odd?), a.rotate(2), a.zip(a.reverse)
p a.group_by { |x| x % 3 }, a.reduce { |x, y| x * 31 &+ y }, a.combinations(2).size, a.permutations(2).first(3)
b = Array.new(3) { |i| Array.new(3) { |j| i * 3 + j } }
p b.transpose, b.flatten, b.map(&.sum), a[1..3], a[-2..], a.first?, a.first(2)
p a.bsearch { |x| x >= 4 }, a.index(99), a.tally, a.uniq.size, a.sample(Random.new(1)).class, a.shuffle(Random.new(42)).sort == a.sort
