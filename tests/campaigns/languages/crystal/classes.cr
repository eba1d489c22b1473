abstract class Shape
  @@count = 0
  getter name : String
  property tag : String? = nil
  def initialize(@name) @@count += 1 end
  abstract def area : Float64
  def to_s(io : IO) : Nil
    io << name << '(' << area.round(2) << ')'
  end
  def self.count; @@count; end
  def <=>(other : Shape) area <=> other.area end
  include Comparable(Shape)
end
class Circle < Shape
  def initialize(@r : Float64) super("circle") end
  def area : Float64; 3.14159 * @r ** 2; end
end
class Square < Shape
  def initialize(@a : Float64) super("square") end
  def area : Float64; @a * @a; end
  def finalize; end
end
shapes = [Circle.new(1.5), Square.new(2.0), Circle.new(0.5)] of Shape
puts shapes.sort.join(", "), shapes.max, Shape.count, shapes.map(&.class), shapes[0].is_a?(Circle), shapes[1].as?(Circle).inspect
shapes.each { |s| case s
when Circle then puts "round"
when Square then s.tag = "sq"; puts s.tag
end }
p shapes[0].responds_to?(:area), shapes[0] > shapes[1], Circle.name, typeof(shapes), shapes[0].same?(shapes[0])
