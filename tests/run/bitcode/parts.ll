; Parts of vectors, llvm.vector.extract and llvm.vector.insert: of one register and of several, of whole registers and
; of pieces, of masks, into vectors that are defined and into one that is not.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [6 x i8] c"%02x \00"
@n = private unnamed_addr constant [2 x i8] c"\0A\00"
@a = global [256 x i8] zeroinitializer, align 64
@o = global [64 x i8] zeroinitializer, align 64
declare i32 @printf(ptr, ...)
declare <8 x i8> @llvm.vector.extract.v8i8.v16i8(<16 x i8>, i64)
declare <16 x i8> @llvm.vector.insert.v16i8.v8i8(<16 x i8>, <8 x i8>, i64)
declare <4 x i8> @llvm.vector.extract.v4i8.v8i8(<8 x i8>, i64)
declare <8 x i8> @llvm.vector.insert.v8i8.v4i8(<8 x i8>, <4 x i8>, i64)
declare <16 x i8> @llvm.vector.extract.v16i8.v32i8(<32 x i8>, i64)
declare <32 x i8> @llvm.vector.insert.v32i8.v16i8(<32 x i8>, <16 x i8>, i64)
declare <16 x i8> @llvm.vector.extract.v16i8.v64i8(<64 x i8>, i64)
declare <64 x i8> @llvm.vector.insert.v64i8.v16i8(<64 x i8>, <16 x i8>, i64)
declare <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16>, i64)
declare <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16>, <2 x i16>, i64)
declare <2 x i32> @llvm.vector.extract.v2i32.v4i32(<4 x i32>, i64)
declare <4 x i32> @llvm.vector.insert.v4i32.v2i32(<4 x i32>, <2 x i32>, i64)
declare <4 x i32> @llvm.vector.extract.v4i32.v8i32(<8 x i32>, i64)
declare <8 x i32> @llvm.vector.insert.v8i32.v4i32(<8 x i32>, <4 x i32>, i64)
declare <3 x i32> @llvm.vector.extract.v3i32.v6i32(<6 x i32>, i64)
declare <6 x i32> @llvm.vector.insert.v6i32.v3i32(<6 x i32>, <3 x i32>, i64)
declare <1 x i64> @llvm.vector.extract.v1i64.v2i64(<2 x i64>, i64)
declare <2 x i64> @llvm.vector.insert.v2i64.v1i64(<2 x i64>, <1 x i64>, i64)
declare <2 x float> @llvm.vector.extract.v2f32.v8f32(<8 x float>, i64)
declare <8 x float> @llvm.vector.insert.v8f32.v2f32(<8 x float>, <2 x float>, i64)
declare <4 x double> @llvm.vector.extract.v4f64.v4f64(<4 x double>, i64)
declare <4 x double> @llvm.vector.insert.v4f64.v4f64(<4 x double>, <4 x double>, i64)
declare <8 x i1> @llvm.vector.extract.v8i1.v16i1(<16 x i1>, i64)
declare <16 x i1> @llvm.vector.insert.v16i1.v8i1(<16 x i1>, <8 x i1>, i64)
declare <4 x i1> @llvm.vector.extract.v4i1.v8i1(<8 x i1>, i64)
declare <8 x i1> @llvm.vector.insert.v8i1.v4i1(<8 x i1>, <4 x i1>, i64)
declare <2 x ptr> @llvm.vector.extract.v2p0.v4p0(<4 x ptr>, i64)
declare <4 x ptr> @llvm.vector.insert.v4p0.v2p0(<4 x ptr>, <2 x ptr>, i64)
define void @show() {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %j, %loop ]
  %at = getelementptr i8, ptr @o, i64 %i
  %c = load i8, ptr %at
  %z = zext i8 %c to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %z)
  store i8 0, ptr %at
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 64
  br i1 %more, label %loop, label %end
end:
  call i32 (ptr, ...) @printf(ptr @n)
  ret void
}
define void @f0() {
  %v = load <16 x i8>, ptr @a, align 64
  %w = load <8 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <8 x i8> @llvm.vector.extract.v8i8.v16i8(<16 x i8> %v, i64 0)
  store <8 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <16 x i8> @llvm.vector.insert.v16i8.v8i8(<16 x i8> %v, <8 x i8> %w, i64 0)
  store <16 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <16 x i8> @llvm.vector.insert.v16i8.v8i8(<16 x i8> poison, <8 x i8> %e, i64 0)
  %b = call <8 x i8> @llvm.vector.extract.v8i8.v16i8(<16 x i8> %u, i64 0)
  store <8 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f1() {
  %v = load <16 x i8>, ptr @a, align 64
  %w = load <8 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <8 x i8> @llvm.vector.extract.v8i8.v16i8(<16 x i8> %v, i64 8)
  store <8 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <16 x i8> @llvm.vector.insert.v16i8.v8i8(<16 x i8> %v, <8 x i8> %w, i64 8)
  store <16 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <16 x i8> @llvm.vector.insert.v16i8.v8i8(<16 x i8> poison, <8 x i8> %e, i64 8)
  %b = call <8 x i8> @llvm.vector.extract.v8i8.v16i8(<16 x i8> %u, i64 8)
  store <8 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f2() {
  %v = load <8 x i8>, ptr @a, align 64
  %w = load <4 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x i8> @llvm.vector.extract.v4i8.v8i8(<8 x i8> %v, i64 0)
  store <4 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i8> @llvm.vector.insert.v8i8.v4i8(<8 x i8> %v, <4 x i8> %w, i64 0)
  store <8 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i8> @llvm.vector.insert.v8i8.v4i8(<8 x i8> poison, <4 x i8> %e, i64 0)
  %b = call <4 x i8> @llvm.vector.extract.v4i8.v8i8(<8 x i8> %u, i64 0)
  store <4 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f3() {
  %v = load <8 x i8>, ptr @a, align 64
  %w = load <4 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x i8> @llvm.vector.extract.v4i8.v8i8(<8 x i8> %v, i64 4)
  store <4 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i8> @llvm.vector.insert.v8i8.v4i8(<8 x i8> %v, <4 x i8> %w, i64 4)
  store <8 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i8> @llvm.vector.insert.v8i8.v4i8(<8 x i8> poison, <4 x i8> %e, i64 4)
  %b = call <4 x i8> @llvm.vector.extract.v4i8.v8i8(<8 x i8> %u, i64 4)
  store <4 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f4() {
  %v = load <32 x i8>, ptr @a, align 64
  %w = load <16 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <16 x i8> @llvm.vector.extract.v16i8.v32i8(<32 x i8> %v, i64 0)
  store <16 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <32 x i8> @llvm.vector.insert.v32i8.v16i8(<32 x i8> %v, <16 x i8> %w, i64 0)
  store <32 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <32 x i8> @llvm.vector.insert.v32i8.v16i8(<32 x i8> poison, <16 x i8> %e, i64 0)
  %b = call <16 x i8> @llvm.vector.extract.v16i8.v32i8(<32 x i8> %u, i64 0)
  store <16 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f5() {
  %v = load <32 x i8>, ptr @a, align 64
  %w = load <16 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <16 x i8> @llvm.vector.extract.v16i8.v32i8(<32 x i8> %v, i64 16)
  store <16 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <32 x i8> @llvm.vector.insert.v32i8.v16i8(<32 x i8> %v, <16 x i8> %w, i64 16)
  store <32 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <32 x i8> @llvm.vector.insert.v32i8.v16i8(<32 x i8> poison, <16 x i8> %e, i64 16)
  %b = call <16 x i8> @llvm.vector.extract.v16i8.v32i8(<32 x i8> %u, i64 16)
  store <16 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f6() {
  %v = load <64 x i8>, ptr @a, align 64
  %w = load <16 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <16 x i8> @llvm.vector.extract.v16i8.v64i8(<64 x i8> %v, i64 16)
  store <16 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <64 x i8> @llvm.vector.insert.v64i8.v16i8(<64 x i8> %v, <16 x i8> %w, i64 16)
  store <64 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <64 x i8> @llvm.vector.insert.v64i8.v16i8(<64 x i8> poison, <16 x i8> %e, i64 16)
  %b = call <16 x i8> @llvm.vector.extract.v16i8.v64i8(<64 x i8> %u, i64 16)
  store <16 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f7() {
  %v = load <64 x i8>, ptr @a, align 64
  %w = load <16 x i8>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <16 x i8> @llvm.vector.extract.v16i8.v64i8(<64 x i8> %v, i64 48)
  store <16 x i8> %e, ptr @o, align 64
  call void @show()
  %r = call <64 x i8> @llvm.vector.insert.v64i8.v16i8(<64 x i8> %v, <16 x i8> %w, i64 48)
  store <64 x i8> %r, ptr @o, align 64
  call void @show()
  %u = call <64 x i8> @llvm.vector.insert.v64i8.v16i8(<64 x i8> poison, <16 x i8> %e, i64 48)
  %b = call <16 x i8> @llvm.vector.extract.v16i8.v64i8(<64 x i8> %u, i64 48)
  store <16 x i8> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f8() {
  %v = load <8 x i16>, ptr @a, align 64
  %w = load <2 x i16>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %v, i64 0)
  store <2 x i16> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> %v, <2 x i16> %w, i64 0)
  store <8 x i16> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> poison, <2 x i16> %e, i64 0)
  %b = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %u, i64 0)
  store <2 x i16> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f9() {
  %v = load <8 x i16>, ptr @a, align 64
  %w = load <2 x i16>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %v, i64 2)
  store <2 x i16> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> %v, <2 x i16> %w, i64 2)
  store <8 x i16> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> poison, <2 x i16> %e, i64 2)
  %b = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %u, i64 2)
  store <2 x i16> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f10() {
  %v = load <8 x i16>, ptr @a, align 64
  %w = load <2 x i16>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %v, i64 6)
  store <2 x i16> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> %v, <2 x i16> %w, i64 6)
  store <8 x i16> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i16> @llvm.vector.insert.v8i16.v2i16(<8 x i16> poison, <2 x i16> %e, i64 6)
  %b = call <2 x i16> @llvm.vector.extract.v2i16.v8i16(<8 x i16> %u, i64 6)
  store <2 x i16> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f11() {
  %v = load <4 x i32>, ptr @a, align 64
  %w = load <2 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x i32> @llvm.vector.extract.v2i32.v4i32(<4 x i32> %v, i64 0)
  store <2 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <4 x i32> @llvm.vector.insert.v4i32.v2i32(<4 x i32> %v, <2 x i32> %w, i64 0)
  store <4 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <4 x i32> @llvm.vector.insert.v4i32.v2i32(<4 x i32> poison, <2 x i32> %e, i64 0)
  %b = call <2 x i32> @llvm.vector.extract.v2i32.v4i32(<4 x i32> %u, i64 0)
  store <2 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f12() {
  %v = load <4 x i32>, ptr @a, align 64
  %w = load <2 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x i32> @llvm.vector.extract.v2i32.v4i32(<4 x i32> %v, i64 2)
  store <2 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <4 x i32> @llvm.vector.insert.v4i32.v2i32(<4 x i32> %v, <2 x i32> %w, i64 2)
  store <4 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <4 x i32> @llvm.vector.insert.v4i32.v2i32(<4 x i32> poison, <2 x i32> %e, i64 2)
  %b = call <2 x i32> @llvm.vector.extract.v2i32.v4i32(<4 x i32> %u, i64 2)
  store <2 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f13() {
  %v = load <8 x i32>, ptr @a, align 64
  %w = load <4 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x i32> @llvm.vector.extract.v4i32.v8i32(<8 x i32> %v, i64 0)
  store <4 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i32> @llvm.vector.insert.v8i32.v4i32(<8 x i32> %v, <4 x i32> %w, i64 0)
  store <8 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i32> @llvm.vector.insert.v8i32.v4i32(<8 x i32> poison, <4 x i32> %e, i64 0)
  %b = call <4 x i32> @llvm.vector.extract.v4i32.v8i32(<8 x i32> %u, i64 0)
  store <4 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f14() {
  %v = load <8 x i32>, ptr @a, align 64
  %w = load <4 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x i32> @llvm.vector.extract.v4i32.v8i32(<8 x i32> %v, i64 4)
  store <4 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i32> @llvm.vector.insert.v8i32.v4i32(<8 x i32> %v, <4 x i32> %w, i64 4)
  store <8 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i32> @llvm.vector.insert.v8i32.v4i32(<8 x i32> poison, <4 x i32> %e, i64 4)
  %b = call <4 x i32> @llvm.vector.extract.v4i32.v8i32(<8 x i32> %u, i64 4)
  store <4 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f15() {
  %v = load <6 x i32>, ptr @a, align 64
  %w = load <3 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <3 x i32> @llvm.vector.extract.v3i32.v6i32(<6 x i32> %v, i64 0)
  store <3 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <6 x i32> @llvm.vector.insert.v6i32.v3i32(<6 x i32> %v, <3 x i32> %w, i64 0)
  store <6 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <6 x i32> @llvm.vector.insert.v6i32.v3i32(<6 x i32> poison, <3 x i32> %e, i64 0)
  %b = call <3 x i32> @llvm.vector.extract.v3i32.v6i32(<6 x i32> %u, i64 0)
  store <3 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f16() {
  %v = load <6 x i32>, ptr @a, align 64
  %w = load <3 x i32>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <3 x i32> @llvm.vector.extract.v3i32.v6i32(<6 x i32> %v, i64 3)
  store <3 x i32> %e, ptr @o, align 64
  call void @show()
  %r = call <6 x i32> @llvm.vector.insert.v6i32.v3i32(<6 x i32> %v, <3 x i32> %w, i64 3)
  store <6 x i32> %r, ptr @o, align 64
  call void @show()
  %u = call <6 x i32> @llvm.vector.insert.v6i32.v3i32(<6 x i32> poison, <3 x i32> %e, i64 3)
  %b = call <3 x i32> @llvm.vector.extract.v3i32.v6i32(<6 x i32> %u, i64 3)
  store <3 x i32> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f17() {
  %v = load <2 x i64>, ptr @a, align 64
  %w = load <1 x i64>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <1 x i64> @llvm.vector.extract.v1i64.v2i64(<2 x i64> %v, i64 0)
  store <1 x i64> %e, ptr @o, align 64
  call void @show()
  %r = call <2 x i64> @llvm.vector.insert.v2i64.v1i64(<2 x i64> %v, <1 x i64> %w, i64 0)
  store <2 x i64> %r, ptr @o, align 64
  call void @show()
  %u = call <2 x i64> @llvm.vector.insert.v2i64.v1i64(<2 x i64> poison, <1 x i64> %e, i64 0)
  %b = call <1 x i64> @llvm.vector.extract.v1i64.v2i64(<2 x i64> %u, i64 0)
  store <1 x i64> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f18() {
  %v = load <2 x i64>, ptr @a, align 64
  %w = load <1 x i64>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <1 x i64> @llvm.vector.extract.v1i64.v2i64(<2 x i64> %v, i64 1)
  store <1 x i64> %e, ptr @o, align 64
  call void @show()
  %r = call <2 x i64> @llvm.vector.insert.v2i64.v1i64(<2 x i64> %v, <1 x i64> %w, i64 1)
  store <2 x i64> %r, ptr @o, align 64
  call void @show()
  %u = call <2 x i64> @llvm.vector.insert.v2i64.v1i64(<2 x i64> poison, <1 x i64> %e, i64 1)
  %b = call <1 x i64> @llvm.vector.extract.v1i64.v2i64(<2 x i64> %u, i64 1)
  store <1 x i64> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f19() {
  %v = load <8 x float>, ptr @a, align 64
  %w = load <2 x float>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x float> @llvm.vector.extract.v2f32.v8f32(<8 x float> %v, i64 2)
  store <2 x float> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x float> @llvm.vector.insert.v8f32.v2f32(<8 x float> %v, <2 x float> %w, i64 2)
  store <8 x float> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x float> @llvm.vector.insert.v8f32.v2f32(<8 x float> poison, <2 x float> %e, i64 2)
  %b = call <2 x float> @llvm.vector.extract.v2f32.v8f32(<8 x float> %u, i64 2)
  store <2 x float> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f20() {
  %v = load <8 x float>, ptr @a, align 64
  %w = load <2 x float>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x float> @llvm.vector.extract.v2f32.v8f32(<8 x float> %v, i64 6)
  store <2 x float> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x float> @llvm.vector.insert.v8f32.v2f32(<8 x float> %v, <2 x float> %w, i64 6)
  store <8 x float> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x float> @llvm.vector.insert.v8f32.v2f32(<8 x float> poison, <2 x float> %e, i64 6)
  %b = call <2 x float> @llvm.vector.extract.v2f32.v8f32(<8 x float> %u, i64 6)
  store <2 x float> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f21() {
  %v = load <4 x double>, ptr @a, align 64
  %w = load <4 x double>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x double> @llvm.vector.extract.v4f64.v4f64(<4 x double> %v, i64 0)
  store <4 x double> %e, ptr @o, align 64
  call void @show()
  %r = call <4 x double> @llvm.vector.insert.v4f64.v4f64(<4 x double> %v, <4 x double> %w, i64 0)
  store <4 x double> %r, ptr @o, align 64
  call void @show()
  %u = call <4 x double> @llvm.vector.insert.v4f64.v4f64(<4 x double> poison, <4 x double> %e, i64 0)
  %b = call <4 x double> @llvm.vector.extract.v4f64.v4f64(<4 x double> %u, i64 0)
  store <4 x double> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f22() {
  %v = load <16 x i1>, ptr @a, align 64
  %w = load <8 x i1>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <8 x i1> @llvm.vector.extract.v8i1.v16i1(<16 x i1> %v, i64 0)
  store <8 x i1> %e, ptr @o, align 64
  call void @show()
  %r = call <16 x i1> @llvm.vector.insert.v16i1.v8i1(<16 x i1> %v, <8 x i1> %w, i64 0)
  store <16 x i1> %r, ptr @o, align 64
  call void @show()
  %u = call <16 x i1> @llvm.vector.insert.v16i1.v8i1(<16 x i1> poison, <8 x i1> %e, i64 0)
  %b = call <8 x i1> @llvm.vector.extract.v8i1.v16i1(<16 x i1> %u, i64 0)
  store <8 x i1> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f23() {
  %v = load <16 x i1>, ptr @a, align 64
  %w = load <8 x i1>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <8 x i1> @llvm.vector.extract.v8i1.v16i1(<16 x i1> %v, i64 8)
  store <8 x i1> %e, ptr @o, align 64
  call void @show()
  %r = call <16 x i1> @llvm.vector.insert.v16i1.v8i1(<16 x i1> %v, <8 x i1> %w, i64 8)
  store <16 x i1> %r, ptr @o, align 64
  call void @show()
  %u = call <16 x i1> @llvm.vector.insert.v16i1.v8i1(<16 x i1> poison, <8 x i1> %e, i64 8)
  %b = call <8 x i1> @llvm.vector.extract.v8i1.v16i1(<16 x i1> %u, i64 8)
  store <8 x i1> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f24() {
  %v = load <8 x i1>, ptr @a, align 64
  %w = load <4 x i1>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <4 x i1> @llvm.vector.extract.v4i1.v8i1(<8 x i1> %v, i64 4)
  store <4 x i1> %e, ptr @o, align 64
  call void @show()
  %r = call <8 x i1> @llvm.vector.insert.v8i1.v4i1(<8 x i1> %v, <4 x i1> %w, i64 4)
  store <8 x i1> %r, ptr @o, align 64
  call void @show()
  %u = call <8 x i1> @llvm.vector.insert.v8i1.v4i1(<8 x i1> poison, <4 x i1> %e, i64 4)
  %b = call <4 x i1> @llvm.vector.extract.v4i1.v8i1(<8 x i1> %u, i64 4)
  store <4 x i1> %b, ptr @o, align 64
  call void @show()
  ret void
}
define void @f25() {
  %v = load <4 x ptr>, ptr @a, align 64
  %w = load <2 x ptr>, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call <2 x ptr> @llvm.vector.extract.v2p0.v4p0(<4 x ptr> %v, i64 2)
  store <2 x ptr> %e, ptr @o, align 64
  call void @show()
  %r = call <4 x ptr> @llvm.vector.insert.v4p0.v2p0(<4 x ptr> %v, <2 x ptr> %w, i64 2)
  store <4 x ptr> %r, ptr @o, align 64
  call void @show()
  %u = call <4 x ptr> @llvm.vector.insert.v4p0.v2p0(<4 x ptr> poison, <2 x ptr> %e, i64 2)
  %b = call <2 x ptr> @llvm.vector.extract.v2p0.v4p0(<4 x ptr> %u, i64 2)
  store <2 x ptr> %b, ptr @o, align 64
  call void @show()
  ret void
}
define i32 @main() {
  br label %fill
fill:
  %i = phi i64 [ 0, %0 ], [ %j, %fill ]
  %at = getelementptr i8, ptr @a, i64 %i
  %x = mul i64 %i, 37
  %y = add i64 %x, 11
  %c = trunc i64 %y to i8
  store i8 %c, ptr %at
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 256
  br i1 %more, label %fill, label %run
run:
  call void @f0()
  call void @f1()
  call void @f2()
  call void @f3()
  call void @f4()
  call void @f5()
  call void @f6()
  call void @f7()
  call void @f8()
  call void @f9()
  call void @f10()
  call void @f11()
  call void @f12()
  call void @f13()
  call void @f14()
  call void @f15()
  call void @f16()
  call void @f17()
  call void @f18()
  call void @f19()
  call void @f20()
  call void @f21()
  call void @f22()
  call void @f23()
  call void @f24()
  call void @f25()
  ret i32 0
}
