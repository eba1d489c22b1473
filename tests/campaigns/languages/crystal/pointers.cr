x = 5
ptr = pointerof(x)
ptr.value += 1
p x, ptr.null?, Pointer(Int32).null.address
m = Pointer(Int64).malloc(8) { |i| i.to_i64 * 10 }
p m[3], (m + 2).value, m.to_slice(8).sum, (m + 5) - m
m.copy_from(m + 4, 4)
m = m.realloc(16)
p m.to_slice(8).to_a, m.as(UInt8*)[8]
s = Slice.new(5) { |i| i + 1 }
s[1, 3].fill(0)
p s, s.reverse!, s.to_a.sort, s[1..2]
u = 0x3ff8000000000000.unsafe_as(Float64)
p u, "abc".to_unsafe[1], 1.5_f32.unsafe_as(Int32).to_s(16)
