def stage(input : Channel(Int32), &f : Int32 -> Int32?) : Channel(Int32)
  output = Channel(Int32).new
  spawn do
    while x = input.receive?
      if y = f.call(x)
        output.send y
      end
    end
    output.close
  end
  output
end
source = Channel(Int32).new
spawn { (2..100).each { |i| source.send i }; source.close }
primes = [] of Int32
c = source
10.times do
  q = c.receive
  primes << q
  c = stage(c) { |x| x % q == 0 ? nil : x }
end
p primes
