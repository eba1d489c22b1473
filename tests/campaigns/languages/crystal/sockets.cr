require "socket"
server = TCPServer.new("127.0.0.1", 0)
spawn do
  while client = server.accept?
    spawn do
      while line = client.gets
        client.puts "#{line.size}:#{line.reverse}"
      end
      client.close
    end
  end
end
3.times do |i|
  TCPSocket.open("127.0.0.1", server.local_address.port) do |s|
    s.puts "hello #{i}"
    puts s.gets
    s.puts "x" * 10
    puts s.gets
  end
end
server.close
left, right = UNIXSocket.pair
left.puts "pair"
puts right.gets
udp = UDPSocket.new
udp.bind "127.0.0.1", 0
udp2 = UDPSocket.new
udp2.connect "127.0.0.1", udp.local_address.port
udp2.send "datagram"
puts udp.receive[0]
