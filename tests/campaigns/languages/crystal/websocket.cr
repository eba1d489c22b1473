require "http/server"
require "http/web_socket"
handler = HTTP::WebSocketHandler.new do |ws, ctx|
  ws.on_message { |m| ws.send m.upcase }
  ws.on_binary { |b| ws.send b.map { |x| x ^ 0xff_u8 } }
end
server = HTTP::Server.new([handler])
address = server.bind_tcp "127.0.0.1", 0
spawn { server.listen }
ws = HTTP::WebSocket.new("127.0.0.1", "/", address.port)
ws.on_message { |m| puts m; ws.send Bytes[1, 2, 3] }
ws.on_binary { |b| puts b.hexstring; ws.close }
ws.send "hello"
ws.run
server.close
