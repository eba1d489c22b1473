; Operations on vectors that vectorizers write, and clang's own code does not: addresses of lanes, the first lane that
; is set, partial sums; lanes of odd integers, which are packed in memory; vectors of addresses as other constants and
; as arguments of a phi.
target triple = "x86_64-pc-linux-gnu"
%pair = type { i16, [3 x i32] }
@d = private unnamed_addr constant [6 x i8] c"%lld\0A\00"
@x = global [100 x %pair] zeroinitializer
@masks = global [4 x i16] [i16 0, i16 1, i16 -32768, i16 288]
@bytes = global [16 x i8] c"\01\02\03\04\05\06\07\08\F9\FA\FB\FC\FD\FE\FF\80", align 16
@odd = global [3 x i64] [i64 -81985529216486896, i64 1147797409030816545, i64 4653321]
declare i32 @printf(ptr, ...)
declare i5 @llvm.vector.reduce.umax.v16i5(<16 x i5>)
declare i5 @llvm.vector.reduce.smin.v16i5(<16 x i5>)
declare i5 @llvm.vector.reduce.add.v16i5(<16 x i5>)
declare <16 x i5> @llvm.uadd.sat.v16i5(<16 x i5>, <16 x i5>)
declare <16 x i5> @llvm.smax.v16i5(<16 x i5>, <16 x i5>)
declare i64 @llvm.experimental.cttz.elts.i64.v16i1(<16 x i1>, i1)
declare i8 @llvm.experimental.cttz.elts.i8.v3i32(<3 x i32>, i1)
declare <4 x i32> @llvm.vector.partial.reduce.add.v4i32.v16i32(<4 x i32>, <16 x i32>)
define void @put(i64 %v) {
  call i32 (ptr, ...) @printf(ptr @d, i64 %v)
  ret void
}
define void @put_lanes(<2 x ptr> %v) {
  %i = ptrtoint <2 x ptr> %v to <2 x i64>
  %b = sub <2 x i64> %i, <i64 ptrtoint (ptr @x to i64), i64 ptrtoint (ptr @x to i64)>
  %a0 = extractelement <2 x i64> %b, i64 0
  %a1 = extractelement <2 x i64> %b, i64 1
  call void @put(i64 %a0)
  call void @put(i64 %a1)
  ret void
}
define void @addresses(ptr %p, <2 x i64> %i, <2 x i32> %k, i64 %s) {
  %a = getelementptr %pair, ptr %p, <2 x i64> %i
  call void @put_lanes(<2 x ptr> %a)
  %b = getelementptr %pair, <2 x ptr> %a, i64 2, i32 1, <2 x i32> %k
  call void @put_lanes(<2 x ptr> %b)
  %c = getelementptr %pair, <2 x ptr> %a, <2 x i64> splat (i64 -1), <2 x i32> splat (i32 1), i64 %s
  call void @put_lanes(<2 x ptr> %c)
  %d = getelementptr [70000 x i8], ptr %p, <2 x i32> %k, i64 %s
  call void @put_lanes(<2 x ptr> %d)
  %e = getelementptr i8, <2 x ptr> %a, i64 24
  call void @put_lanes(<2 x ptr> %e)
  ret void
}
define void @odd_lanes(i5 %k, i32 %at) {
  %x = load <16 x i5>, ptr @odd, align 8
  %p = getelementptr i8, ptr @odd, i64 10
  %y = load <16 x i5>, ptr %p, align 1
  %a = add <16 x i5> %x, %y
  %b = udiv <16 x i5> %a, splat (i5 3)
  %s0 = insertelement <16 x i5> splat (i5 1), i5 %k, i32 %at
  %c = ashr <16 x i5> %x, %s0
  %less = icmp slt <16 x i5> %b, %c
  %d = select <16 x i1> %less, <16 x i5> %b, <16 x i5> %c
  %e = call <16 x i5> @llvm.uadd.sat.v16i5(<16 x i5> %d, <16 x i5> %y)
  %f = call <16 x i5> @llvm.smax.v16i5(<16 x i5> %e, <16 x i5> %x)
  %slot = alloca <16 x i5>
  store <16 x i5> %f, ptr %slot
  %w = load i64, ptr %slot
  call void @put(i64 %w)
  %all = bitcast <16 x i5> %f to i80
  %back = bitcast i80 %all to <16 x i5>
  %high = lshr i80 %all, 60
  %h = trunc i80 %high to i64
  call void @put(i64 %h)
  %umax = call i5 @llvm.vector.reduce.umax.v16i5(<16 x i5> %c)
  %smin = call i5 @llvm.vector.reduce.smin.v16i5(<16 x i5> %back)
  %sum = call i5 @llvm.vector.reduce.add.v16i5(<16 x i5> %a)
  %u = zext i5 %umax to i64
  %v = sext i5 %smin to i64
  %t = zext i5 %sum to i64
  call void @put(i64 %u)
  call void @put(i64 %v)
  call void @put(i64 %t)
  %wide = sext <16 x i5> %c to <16 x i24>
  %more = mul <16 x i24> %wide, splat (i24 70001)
  %g = extractelement <16 x i24> %more, i32 %at
  %g64 = sext i24 %g to i64
  call void @put(i64 %g64)
  %pair = load <2 x i48>, ptr %p, align 2
  %twice = shufflevector <2 x i48> %pair, <2 x i48> <i48 5, i48 -7>, <4 x i32> <i32 3, i32 1, i32 0, i32 2>
  store <4 x i48> %twice, ptr @x, align 8
  %n2 = load i64, ptr getelementptr (i8, ptr @x, i64 16)
  call void @put(i64 %n2)
  %n1 = load i64, ptr getelementptr (i8, ptr @x, i64 4)
  call void @put(i64 %n1)
  ret void
}
; what LLVM's passes leave of constants that came by selects and phis
define void @casts(i1 %c) {
  %a = select i1 %c, <2 x i64> bitcast (<16 x i8> <i8 0, i8 1, i8 -1, i8 3, i8 4, i8 5, i8 -6, i8 7, i8 8, i8 9, i8 -128, i8 11, i8 12, i8 13, i8 14, i8 127> to <2 x i64>), <2 x i64> <i64 5, i64 6>
  br i1 %c, label %yes, label %no
yes:
  br label %no
no:
  %b = phi <8 x i16> [ bitcast (<4 x float> <float 1.5, float -2.0, float 0.0, float 1.0e10> to <8 x i16>), %yes ], [ bitcast (<2 x i64> <i64 -2, i64 81985529216486895> to <8 x i16>), %0 ]
  %d = phi <4 x i8> [ bitcast (<2 x i16> <i16 258, i16 -772> to <4 x i8>), %yes ], [ bitcast (i32 19088743 to <4 x i8>), %0 ]
  %e = phi <3 x i32> [ bitcast (<6 x i16> <i16 1, i16 2, i16 3, i16 -4, i16 5, i16 -6> to <3 x i32>), %yes ], [ zeroinitializer, %0 ]
  store <2 x i64> %a, ptr @x, align 8
  store <8 x i16> %b, ptr getelementptr (i8, ptr @x, i64 16), align 8
  store <4 x i8> %d, ptr getelementptr (i8, ptr @x, i64 32), align 8
  store <3 x i32> %e, ptr getelementptr (i8, ptr @x, i64 36), align 4
  br label %loop
loop:
  %i = phi i64 [ 0, %no ], [ %j, %loop ]
  %at = getelementptr i64, ptr @x, i64 %i
  %v = load i64, ptr %at
  call void @put(i64 %v)
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 6
  br i1 %more, label %loop, label %out
out:
  ret void
}
define i32 @main() {
  call void @casts(i1 true)
  call void @casts(i1 false)
  call void @odd_lanes(i5 4, i32 9)
  call void @odd_lanes(i5 2, i32 15)
  call void @addresses(ptr @x, <2 x i64> <i64 3, i64 -2>, <2 x i32> <i32 1, i32 -1>, i64 2)
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %j, %loop ]
  %at = getelementptr i16, ptr @masks, i64 %i
  %bits = load i16, ptr %at
  %mask = bitcast i16 %bits to <16 x i1>
  %first = call i64 @llvm.experimental.cttz.elts.i64.v16i1(<16 x i1> %mask, i1 false)
  call void @put(i64 %first)
  %w = zext i16 %bits to i32
  %v1 = insertelement <3 x i32> zeroinitializer, i32 %w, i64 1
  %some = call i8 @llvm.experimental.cttz.elts.i8.v3i32(<3 x i32> %v1, i1 false)
  %some64 = zext i8 %some to i64
  call void @put(i64 %some64)
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 4
  br i1 %more, label %loop, label %sums
sums:
  %each = phi <2 x ptr> [ getelementptr (%pair, ptr @x, <2 x i64> <i64 3, i64 -1>, i32 1, <2 x i32> <i32 2, i32 0>), %loop ]
  %two = phi <2 x ptr> [ <ptr getelementptr (i8, ptr @x, i64 16), ptr @x>, %loop ]
  %four = phi <4 x ptr> [ <ptr @x, ptr getelementptr (i8, ptr @x, i64 32), ptr null, ptr getelementptr (i8, ptr @x, i64 48)>, %loop ]
  %p = phi i64 [ bitcast (<2 x i32> <i32 trunc (i64 ptrtoint (ptr @x to i64) to i32), i32 0> to i64), %loop ]
  %bytes = load <16 x i8>, ptr @bytes, align 16
  %wide = sext <16 x i8> %bytes to <16 x i32>
  %sum = call <4 x i32> @llvm.vector.partial.reduce.add.v4i32.v16i32(<4 x i32> <i32 1000, i32 2000, i32 3000, i32 4000>, <16 x i32> %wide)
  %s0 = extractelement <4 x i32> %sum, i64 0
  %s3 = extractelement <4 x i32> %sum, i64 3
  %z0 = sext i32 %s0 to i64
  %z3 = sext i32 %s3 to i64
  call void @put(i64 %z0)
  call void @put(i64 %z3)
  %same = icmp eq ptr inttoptr (i128 bitcast (<2 x i64> <i64 ptrtoint (ptr @x to i64), i64 7> to i128) to ptr), @x
  %low = xor i64 %p, ptrtoint (ptr @x to i64)
  %rest = and i64 %low, 4294967295
  call void @put(i64 %rest)
  %one = zext i1 %same to i64
  call void @put(i64 %one)
  call void @put_lanes(<2 x ptr> %two)
  call void @put_lanes(<2 x ptr> %each)
  call void @put_lanes(<2 x ptr> getelementptr (i32, ptr @x, <2 x i64> <i64 5, i64 6>))
  %last = shufflevector <4 x ptr> getelementptr (i16, ptr @x, <4 x i64> <i64 1, i64 2, i64 -3, i64 4>), <4 x ptr> poison, <2 x i32> <i32 2, i32 3>
  call void @put_lanes(<2 x ptr> %last)
  %ends = shufflevector <4 x ptr> %four, <4 x ptr> poison, <2 x i32> <i32 1, i32 3>
  call void @put_lanes(<2 x ptr> %ends)
  ret i32 0
}
