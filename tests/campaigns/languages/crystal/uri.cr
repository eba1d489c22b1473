require "uri"
require "uuid"
u = URI.parse("https://user:pw@host.example:8443/a/b%20c?q=1&r=x+y#frag")
p u.host, u.port, u.path, u.query, u.fragment, u.user, u.resolve("../d?z").to_s, URI.encode_www_form("a b&c"), URI.decode("%41%20"), u.query_params.fetch_all("r")
p UUID.new("00112233-4455-6677-8899-aabbccddeeff").to_s, UUID.new(Bytes.new(16, 1_u8)).hexstring
begin
  UUID.new("x")
rescue e
  puts e.message
end
