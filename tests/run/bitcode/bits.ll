; The bits of values: carry-less products of every width, and of lanes; fp128 as vectors, of i1 too, and back; the
; offset of the dynamic area, which is 0 on these processors; a name that only looks like an intrinsic's.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [9 x i8] c"%016llx\0A\00"
@words = global [4 x i64] [i64 -81985529216486896, i64 1147797409030816545, i64 4653321, i64 -2]
declare i32 @printf(ptr, ...)
declare i8 @llvm.clmul.i8(i8, i8)
declare i13 @llvm.clmul.i13(i13, i13)
declare i64 @llvm.clmul.i64(i64, i64)
declare i128 @llvm.clmul.i128(i128, i128)
declare <4 x i32> @llvm.clmul.v4i32(<4 x i32>, <4 x i32>)
declare i64 @llvm.get.dynamic.area.offset.i64()
define void @put(i64 %v) {
  call i32 (ptr, ...) @printf(ptr @d, i64 %v)
  ret void
}
define void @put2(i128 %v) {
  %low = trunc i128 %v to i64
  %s = lshr i128 %v, 64
  %high = trunc i128 %s to i64
  call void @put(i64 %low)
  call void @put(i64 %high)
  ret void
}
define void @products(i64 %a, i64 %b) {
  %a8 = trunc i64 %a to i8
  %b8 = trunc i64 %b to i8
  %p8 = call i8 @llvm.clmul.i8(i8 %a8, i8 %b8)
  %w8 = zext i8 %p8 to i64
  call void @put(i64 %w8)
  %a13 = trunc i64 %a to i13
  %b13 = trunc i64 %b to i13
  %p13 = call i13 @llvm.clmul.i13(i13 %a13, i13 %b13)
  %w13 = zext i13 %p13 to i64
  call void @put(i64 %w13)
  %p64 = call i64 @llvm.clmul.i64(i64 %a, i64 %b)
  call void @put(i64 %p64)
  %a128 = sext i64 %a to i128
  %b128 = sext i64 %b to i128
  %p128 = call i128 @llvm.clmul.i128(i128 %a128, i128 %b128)
  call void @put2(i128 %p128)
  %two = insertelement <2 x i64> poison, i64 %a, i64 0
  %both = insertelement <2 x i64> %two, i64 %b, i64 1
  %x = bitcast <2 x i64> %both to <4 x i32>
  %y = shufflevector <4 x i32> %x, <4 x i32> poison, <4 x i32> <i32 3, i32 0, i32 1, i32 2>
  %p = call <4 x i32> @llvm.clmul.v4i32(<4 x i32> %x, <4 x i32> %y)
  %bits = bitcast <4 x i32> %p to i128
  call void @put2(i128 %bits)
  ret void
}
define void @quads(i64 %a, i64 %b) {
  %two = insertelement <2 x i64> poison, i64 %a, i64 0
  %x = insertelement <2 x i64> %two, i64 %b, i64 1
  %q = bitcast <2 x i64> %x to fp128
  %n = fneg fp128 %q
  %bytes = bitcast fp128 %n to <16 x i8>
  %sum = add <16 x i8> %bytes, splat (i8 1)
  %q2 = bitcast <16 x i8> %sum to fp128
  %i = bitcast fp128 %q2 to i128
  call void @put2(i128 %i)
  %ones = bitcast fp128 %q to <128 x i1>
  %turned = xor <128 x i1> %ones, splat (i1 true)
  %q3 = bitcast <128 x i1> %turned to fp128
  %i3 = bitcast fp128 %q3 to i128
  call void @put2(i128 %i3)
  %f = bitcast fp128 %q3 to <4 x float>
  %fi = bitcast <4 x float> %f to i128
  call void @put2(i128 %fi)
  ret void
}
; LLVM's mark of names says that this is no intrinsic
define i64 @"\01llvm.mine"(i64 %v) {
  %w = mul i64 %v, 3
  ret i64 %w
}
define i32 @main() {
  %mine = call i64 @"\01llvm.mine"(i64 7)
  call void @put(i64 %mine)
  %a = load i64, ptr @words
  %pb = getelementptr i64, ptr @words, i64 1
  %b = load i64, ptr %pb
  %pc = getelementptr i64, ptr @words, i64 2
  %c = load i64, ptr %pc
  %pd = getelementptr i64, ptr @words, i64 3
  %e = load i64, ptr %pd
  call void @products(i64 %a, i64 %b)
  call void @products(i64 %c, i64 %e)
  call void @products(i64 %e, i64 %a)
  call void @quads(i64 %a, i64 %b)
  call void @quads(i64 %e, i64 %c)
  %o = call i64 @llvm.get.dynamic.area.offset.i64()
  call void @put(i64 %o)
  ret i32 0
}
