@[Link("m")]
lib LibMath
  fun hypot(a : Float64, b : Float64) : Float64
  fun frexp(x : Float64, e : Int32*) : Float64
  fun fmaf(a : Float32, b : Float32, c : Float32) : Float32
  $signgam : Int32
end
m = LibMath.frexp(10.0, out e)
p LibMath.hypot(3, 4), m, e, LibMath.fmaf(2, 3, 4), Math.gamma(5.0).round(6), Math.cbrt(27.0), Math.atan2(1.0, -1.0).round(9), Math::PI.round(8), Math.log2(8.0), Math.copysign(3.0, -0.0), Math.isqrt(99)
