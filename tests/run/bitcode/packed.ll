; Vectors whose lanes are closer together in memory than in registers, as parts of aggregates: loads, stores, phis,
; selects, constants, data.
target triple = "x86_64-pc-linux-gnu"

%all = type { <4 x i1>, i32, <3 x i64>, <40 x i1>, <5 x i24> }

@f = private unnamed_addr constant [6 x i8] c"%02x \00"
@d = global <5 x i5> <i5 1, i5 31, i5 0, i5 7, i5 16>
@e = global <3 x i24> <i24 1, i24 -2, i24 70000>
@g = global <3 x i100> <i100 1, i100 -2, i100 7000000000000000000000>
@h = global [2 x <9 x i1>] [<9 x i1> splat (i1 1), <9 x i1> <i1 0, i1 1, i1 undef, i1 1, i1 1, i1 0, i1 0, i1 0, i1 1>]
@c = global %all { <4 x i1> <i1 1, i1 0, i1 1, i1 1>, i32 7, <3 x i64> <i64 1, i64 2, i64 3>, <40 x i1> splat (i1 1),
                   <5 x i24> <i24 1, i24 2, i24 -3, i24 4, i24 -5> }

declare i32 @printf(ptr, ...)

define internal void @show(ptr %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %a = getelementptr i8, ptr %p, i64 %i
  %b = load i8, ptr %a
  %w = zext i8 %b to i32
  call i32 (ptr, ...) @printf(ptr @f, i32 %w)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal %all @pass(%all %x) {
  ret %all %x
}

define internal void @parts(i1 %k, ptr %q) {
  br i1 %k, label %a, label %b
a:
  br label %j
b:
  %v = load %all, ptr @c
  br label %j
j:
  %p = phi %all [ %v, %b ], [ { <4 x i1> <i1 0, i1 1, i1 1, i1 0>, i32 9, <3 x i64> <i64 5, i64 6, i64 7>,
    <40 x i1> <i1 1, i1 0, i1 1, i1 0, i1 1, i1 0, i1 1, i1 0, i1 1, i1 1, i1 1, i1 0, i1 1, i1 0, i1 1, i1 0, i1 1, i1 0,
      i1 1, i1 0, i1 1, i1 0, i1 0, i1 0, i1 1, i1 0, i1 1, i1 0, i1 1, i1 1, i1 1, i1 0, i1 1, i1 0, i1 1, i1 0, i1 1,
      i1 0, i1 1, i1 0>, <5 x i24> splat (i24 12345) }, %a ]
  %s = select i1 %k, %all %p, %all zeroinitializer
  %r = call %all @pass(%all %p)
  %n = getelementptr i8, ptr %q, i64 128
  store %all %r, ptr %q
  store %all %s, ptr %n
  %one = extractvalue %all %r, 0
  %wide = zext <4 x i1> %one to <4 x i8>
  %rest = getelementptr i8, ptr %q, i64 252
  store <4 x i8> %wide, ptr %rest
  ret void
}

define i32 @main() {
  %m = alloca [256 x i8], align 32
  call void @llvm.memset.p0.i64(ptr %m, i8 -86, i64 256, i1 false)
  call void @parts(i1 true, ptr %m)
  call void @show(ptr %m, i64 256)
  call void @parts(i1 false, ptr %m)
  call void @show(ptr %m, i64 256)
  call void @show(ptr @c, i64 64)
  call void @show(ptr @d, i64 4)
  call void @show(ptr @e, i64 9)
  call void @show(ptr @g, i64 38)
  call void @show(ptr @h, i64 4)
  ret i32 0
}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
