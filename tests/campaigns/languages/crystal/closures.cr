def counter
  n = 0
  {->{ n += 1 }, ->(k : Int32) { n += k; n }}
end
inc, add = counter
inc.call
p add.call(10), inc.call
adders = (1..3).map { |i| ->(x : Int32) { x + i } }
p adders.map(&.call(10)), adders.reduce(0) { |acc, f| f.call(acc) }
compose = ->(f : Int32 -> Int32, g : Int32 -> Int32) { ->(x : Int32) { g.call(f.call(x)) } }
p compose.call(adders[0], adders[2]).call(1), ->Math.sqrt(Float64).call(16.0)
def twice(&block : Int32 -> Int32) block.call(block.call(3)) end
def gen(&) yield 1, 2; yield 3, 4 end
p twice { |x| x * x }
gen { |a, b| next if a == 3; print a + b }
def find(a) a.each { |x| return x if yield x }; nil end
p find([1, 2, 3]) { |x| x > 1 }, [3, 1].map { |x| break x if x == 1; 0 }
fact = uninitialized Int32 -> Int32
fact = ->(x : Int32) { x <= 1 ? 1 : x * fact.call(x - 1) }
p fact.call(10), adders[0].closure?, ->{ 1 }.closure?
