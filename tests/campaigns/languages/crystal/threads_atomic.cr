n = Atomic(Int32).new(0)
threads = Array.new(4) { Thread.new { 1000.times { n.add(1) } } }
threads.each(&.join)
p n.get, n.compare_and_set(4000, 1), n.swap(9), n.lazy_get
m = Thread::Mutex.new
total = 0
Array.new(3) { |i| Thread.new { 500.times { m.synchronize { total += i } } } }.each(&.join)
p total, Atomic::Flag.new.test_and_set
