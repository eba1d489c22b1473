jobs, results = Channel(Int32).new(4), Channel(Int32).new
4.times { spawn { while j = jobs.receive?; results.send j * j; end } }
spawn { 20.times { |i| jobs.send i }; jobs.close }
p 20.times.map { results.receive }.to_a.sort.sum
a, b, stop = Channel(String).new, Channel(Int32).new, Channel(Nil).new
spawn { 2.times { |i| a.send "s#{i}"; b.send i }; stop.send nil }
running = true
while running
  select
  when s = a.receive
    puts s
  when i = b.receive
    puts i
  when stop.receive
    running = false
  end
end
t = Channel(Int32).new
select
when t.receive then puts "never"
when timeout(5.milliseconds) then puts "timeout"
end
t.close
begin
  t.receive
rescue e : Channel::ClosedError
  puts e.message
end
