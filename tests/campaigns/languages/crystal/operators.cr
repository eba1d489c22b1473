struct Vec
  getter v : Array(Float64)
  def initialize(@v); end
  {% for op in %w(+ - * /) %}
    def {{op.id}}(o : Vec)
      Vec.new(v.zip(o.v).map { |a, b| a {{op.id}} b })
    end
    def {{op.id}}(k : Number)
      Vec.new(v.map { |a| a {{op.id}} k })
    end
  {% end %}
  def -
    Vec.new(v.map { |a| -a })
  end
  def [](i)
    v[i]
  end
  def []=(i, x)
    v[i] = x
  end
end
a, b = Vec.new([1.0, 2.0]), Vec.new([3.0, 5.0])
p a + b, (a - b).v, a * b / 2, -a, a[1]
a[0] = 9.0
a[0] += 1
p a, 5 <=> 3, 6 & 3, 6 | 3, 6 ^ 3, ~6, 1 << 5, -17 >> 2, 5 && nil, nil || 4, !nil, (x = 3) && x + 1
y = nil
y ||= 7
y &&= y + 1
z = {} of Symbol => Int32
z[:a] ||= 5
p y, z, 1 < 2 < 3, y.is_a?(Int32) ? "i" : "n"
