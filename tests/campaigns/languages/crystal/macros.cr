macro define(name, *values)
  enum {{name}}
    {% for v, i in values %}
      {{v.id.capitalize}} = {{i * 10}}
    {% end %}
  end
end
define Color, red, green, blue
macro attrs(**types)
  {% for name, type in types %}
    property {{name}} : {{type}}?
    def {{name}}_type; {{type.stringify}}; end
  {% end %}
end
class Thing
  attrs size: Int32, label: String
  macro method_missing(call)
    "missing {{call.name}}({{call.args.size}})"
  end
  macro inherited
    def self.parent_name; {{@type.superclass.name.stringify}}; end
  end
end
class Sub < Thing; end
t = Thing.new
t.size = 3
p Color::Green.value, Color.values, t.size, t.size_type, t.anything(1, 2), Sub.parent_name
{% begin %}
  p [{% for i in 1..5 %} {{i}} * {{i}}, {% end %}]
{% end %}
p {{ "a-b".split("-").map(&.upcase).join("+") }}, {% if flag?(:linux) %} "linux" {% else %} "other" {% end %}, __LINE__, {{`echo hi`.stringify.strip}}
