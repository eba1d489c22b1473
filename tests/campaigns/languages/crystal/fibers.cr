done = Channel(Nil).new
log = [] of String
3.times do |i|
  spawn(name: "f#{i}") do
    3.times { |k| log << "#{Fiber.current.name}#{k}"; Fiber.yield }
    done.send nil
  end
end
3.times { done.receive }
puts log.join(' ')
def fib(n : Int32) : Int32
  n < 2 ? n : fib(n - 1) + fib(n - 2)
end
out = Channel({Int32, Int32}).new
10.times { |i| spawn { out.send({i, fib(i + 8)}) } }
p 10.times.map { out.receive }.to_a.sort
m = Mutex.new
n = 0
20.times { spawn { m.synchronize { t = n; Fiber.yield; n = t + 1 } } }
60.times { Fiber.yield }
p n
spawn { raise "in fiber" rescue puts "rescued" }
Fiber.yield
