require "json"
class Address
  include JSON::Serializable
  property street : String, zip : Int32?
end
class Person
  include JSON::Serializable
  @[JSON::Field(key: "fullName")]
  property name : String
  property age : Int32, tags : Array(String) = [] of String, address : Address?, extra : Hash(String, Float64)?
  @[JSON::Field(ignore: true)]
  property secret : Int32 = 9
end
text = %({"fullName":"Ann \\u00e9","age":33,"tags":["a","b"],"address":{"street":"S","zip":null},"extra":{"k":1.5e3}})
a = Person.from_json(text)
puts a.to_json, a.to_pretty_json, a.name, a.address.try(&.street), a.extra
any = JSON.parse(%([1, 2.5, "x", null, true, {"deep": [{"n": 18446744073709551615}]}])) rescue JSON.parse(%([1, 2.5, "x", null, true, {"deep": [{"n": 7}]}]))
p any[0].as_i, any[1].as_f, any[3].raw, any[5]["deep"][0]["n"], any.as_a.size, any[2]?, any.to_json
begin
  Person.from_json(%({"age": "x"}))
rescue e : JSON::SerializableError
  puts e.message.to_s.lines.first
end
begin
  JSON.parse("[1, ")
rescue e : JSON::ParseException
  puts e.message
end
puts JSON.build(indent: 1) { |j| j.object { j.field "list" { j.array { 3.times { |i| j.number i } } }; j.field "s", "q\"\n" } }
p Array(Int32).from_json("[1,2,3]").sum, Hash(String, Int32 | String).from_json(%({"a":1,"b":"c"})), {1, "x"}.to_json, {a: 1}.to_json
