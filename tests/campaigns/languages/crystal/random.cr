r = Random.new(1234)
p r.rand(100), r.rand(1..6), r.rand, r.next_bool, r.hex(4), Array.new(5) { r.rand(10) }, [1, 2, 3, 4].shuffle(r), r.rand(0.5..1.5), Random::PCG32.new(5_u64).next_u
p Random.new(9).random_bytes(4), %w(a b c).sample(2, Random.new(3))
