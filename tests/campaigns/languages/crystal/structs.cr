struct Point
  getter x : Int32, y : Int32
  def initialize(@x, @y); end
  def +(o : Point) Point.new(x + o.x, y + o.y) end
  def_equals_and_hash x, y
end
record Size, width : Int32, height : Float64 = 2.0 do
  def area; width * height; end
end
a, b = Point.new(1, 2), Point.new(3, 4)
p a + b, a == Point.new(1, 2), {a => 1}[Point.new(1, 2)], [a, b].sum(Point.new(0, 0)), Size.new(3), Size.new(3).copy_with(height: 5.0).area
x = StaticArray(Int32, 4).new { |i| i * i }
y = x
y[0] = 100
p x, y, sizeof(Point), x.sum, Slice[1_u8, 2_u8].hexstring, Bytes.new(3, 7_u8)
