require "yaml"
class Conf
  include YAML::Serializable
  property name : String, port : Int32 = 80, hosts : Array(String), opts : Hash(String, Bool)?
end
text = "name: web\nhosts:\n  - a\n  - b\nopts:\n  fast: true\n  slow: false\n"
c = Conf.from_yaml(text)
puts c.to_yaml, c.hosts.size, c.opts
any = YAML.parse("- 1\n- two\n- [3, 4.5]\n- {k: v}\n- ~\n- 2020-01-02\n- |\n  block\n  text\n- &x anchor\n- *x\n")
any.as_a.each { |x| p x.raw }
puts({"list" => [1, 2], "nested" => {"a" => nil}}.to_yaml)
begin
  YAML.parse("a: [1, ")
rescue e : YAML::ParseException
  puts e.message
end
begin
  Conf.from_yaml("hosts: []")
rescue e
  puts e.message.to_s.lines.first
end
