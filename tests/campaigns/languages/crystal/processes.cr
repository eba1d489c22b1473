p `echo hello`.chomp, $?.success?, Process.run("sh", {"-c", "exit 3"}).exit_code
io = IO::Memory.new
Process.run("tr", {"a-z", "A-Z"}, input: IO::Memory.new("shout"), output: io)
puts io.to_s
Process.run("cat") { |pr| pr.input.puts "piped"; pr.input.close; puts pr.output.gets_to_end }
r, w = IO.pipe
spawn { w.puts "through"; w.close }
p r.gets_to_end, Process.run("sh", {"-c", "kill -9 $$"}).signal_exit?, ENV["HOME"]?.nil?.class, Process.pid > 0
at_exit { |code| puts "exit #{code}" }
