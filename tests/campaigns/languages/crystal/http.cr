require "http/server"
require "http/client"
require "json"
server = HTTP::Server.new([HTTP::ErrorHandler.new, HTTP::CompressHandler.new]) do |ctx|
  case ctx.request.path
  when "/json"
    ctx.response.content_type = "application/json"
    {path: ctx.request.path, query: ctx.request.query_params.to_h, method: ctx.request.method}.to_json(ctx.response)
  when "/echo"
    ctx.response.headers["X-Len"] = ctx.request.body.try(&.gets_to_end).to_s.tap { |b| ctx.response.print b.reverse }.size.to_s
  when "/fail" then raise "failed"
  when "/big"  then 2000.times { |i| ctx.response.puts "line #{i}" }
  else              ctx.response.status_code = 404; ctx.response.print "none"
  end
end
address = server.bind_tcp "127.0.0.1", 0
spawn { server.listen }
client = HTTP::Client.new("127.0.0.1", address.port)
puts client.get("/json?a=1&b=x%20y").body
r = client.post("/echo", body: "hello server")
puts r.body, r.headers["X-Len"]?, r.status_code
puts client.get("/none").status, client.get("/big").body.lines.size
results = Channel(Int32).new
8.times { |i| spawn { results.send HTTP::Client.get("http://127.0.0.1:#{address.port}/json?n=#{i}").body.size } }
puts (1..8).map { results.receive }.sum
client.get("/big") { |res| puts res.body_io.each_line.first(2).to_a }
client.close
server.close
