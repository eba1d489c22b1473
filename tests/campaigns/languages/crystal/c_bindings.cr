lib LibC
  fun qsort(base : Void*, n : SizeT, size : SizeT, cmp : (Void*, Void*) -> Int)
  fun snprintf(s : Char*, n : SizeT, format : Char*, ...) : Int
  fun strtol(s : Char*, e : Char**, base : Int) : Long
  struct Quotient
    quot : Long
    rem : Long
  end
  fun quotient = ldiv(a : Long, b : Long) : Quotient
  fun getenv(name : Char*) : Char*
end
a = [5, 2, 8, 1]
LibC.qsort(a.to_unsafe.as(Void*), a.size, sizeof(Int32), ->(x : Void*, y : Void*) { x.as(Int32*).value <=> y.as(Int32*).value })
p a
buf = uninitialized UInt8[64]
n = LibC.snprintf(buf.to_unsafe, 64, "%d %s %.2f %c", 42, "text", 2.5, 'x'.ord)
p String.new(buf.to_slice[0, n]), LibC.strtol("123abc", out rest, 10), String.new(rest), LibC.quotient(17, 5).quot, LibC.quotient(17, 5).rem, LibC.getenv("NO_SUCH_THING").null?
@[Extern]
struct Pair
  property a : Int8 = 1, b : Int64 = 2
end
@[Extern(union: true)]
struct Both
  property i : UInt32 = 0_u32, f : Float32 = 0_f32
end
u = Both.new
u.f = 1.0_f32
p sizeof(Pair), u.i.to_s(16), offsetof(Pair, @b)
