p (1..10).step(3).to_a, (1...5).sum, ('a'..'e').to_a.join, (1..).first(3), (10..1).to_a, (1..10).includes?(5.5), (0.5..2.5).includes?(1)
(1..3).each_with_index { |x, i| print x * i, ' ' }
1.upto(3) { |i| 3.downto(i) { |j| print i, j, ' ' } }
puts
p (1..100).each_slice(33).map(&.sum).to_a, (1..20).select { |x| x % 3 == 0 }, (1..5).each_cons(2).to_a, (1..4).accumulate, 5.times.to_a rescue p 0
