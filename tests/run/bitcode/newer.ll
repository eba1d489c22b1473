; What newer.py changes: each function has the records that its rows name. Its output is clang's.
@v = global i32 5
@w = internal constant [3 x i32] [i32 1, i32 2, i32 3]
@format = private unnamed_addr constant [10 x i8] c"%s %d %g\0A\00"
@names = private unnamed_addr constant [7 x i8] c"result\00"
@twin = alias i32, ptr @v

declare i32 @printf(ptr, ...)
declare i32 @nobody(i32 %x, ptr %p)
declare i32 @abs(i32)
declare i32 @toupper(i32)
declare i32 @tolower(i32)
declare i32 @llvm.umax.i32(i32, i32)
declare i32 @__gcc_personality_v0(...)

define internal i32 @arith(i32 %a, i32 %b) {
  %add = add nsw i32 %a, %b
  %sub = sub nuw i32 %add, 3
  %div = udiv exact i32 %sub, 2
  %or = or disjoint i32 %div, 256
  %xor = xor i32 %or, 77
  %less = icmp ult i32 %xor, %a
  %wide = zext nneg i32 %xor to i64
  %more = mul i64 %wide, 3
  %low = trunc i64 %more to i16
  %long = sext i16 %low to i32
  %chosen = select i1 %less, i32 %long, i32 %xor
  ret i32 %chosen
}

define internal double @floats(double %a, i32 %n) {
  %sum = fadd fast double %a, 1.5
  %neg = fneg double %sum
  %less = fcmp olt double %neg, 0.0
  %f = fptrunc double %sum to float
  %d = fpext float %f to double
  %i = uitofp i32 %n to double
  %product = fmul double %d, %i
  %chosen = select i1 %less, double %product, double %neg
  ret double %chosen
}

define internal i32 @memory(i32 %n) {
  %slot = alloca i32, align 4
  %array = alloca [4 x i32], align 4
  store i32 %n, ptr %slot, align 4
  %old = load i32, ptr %slot, align 4
  %at = getelementptr inbounds [4 x i32], ptr %array, i64 0, i64 2
  store volatile i32 %old, ptr %at, align 4
  %back = load volatile i32, ptr %at, align 4
  fence seq_cst
  %loaded = load atomic i32, ptr %slot seq_cst, align 4
  store atomic i32 %loaded, ptr %slot release, align 4
  %was = atomicrmw add ptr %slot, i32 7 monotonic
  %pair = cmpxchg ptr %slot, i32 %was, i32 1 seq_cst acquire
  %first = extractvalue { i32, i1 } %pair, 0
  %put = insertvalue { i32, i1 } %pair, i32 9, 0
  %nine = extractvalue { i32, i1 } %put, 0
  %part = add i32 %first, %nine
  %sum = add i32 %part, %back
  %kept = freeze i32 %sum
  ret i32 %kept
}

define internal i32 @vectors(i32 %n) {
  %one = insertelement <4 x i32> zeroinitializer, i32 %n, i32 1
  %twice = add <4 x i32> %one, %one
  %turned = shufflevector <4 x i32> %twice, <4 x i32> zeroinitializer, <4 x i32> <i32 1, i32 0, i32 3, i32 2>
  %first = extractelement <4 x i32> %turned, i32 0
  ret i32 %first
}

define internal i32 @jumps(i32 %n) {
entry:
  switch i32 %n, label %other [ i32 1, label %one
                                i32 2, label %two ]
one:
  br label %join
two:
  br label %join
other:
  %big = icmp sgt i32 %n, 10
  br i1 %big, label %join, label %far
far:
  %to = select i1 %big, ptr blockaddress(@jumps, %one), ptr blockaddress(@jumps, %join2)
  indirectbr ptr %to, [label %one, label %join2]
join2:
  br label %join
join:
  %r = phi i32 [ 11, %one ], [ 22, %two ], [ 33, %other ], [ 44, %join2 ]
  ret i32 %r
}

define internal i32 @loops(i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %next, %body ]
  %f = phi fast double [ 0.0, %entry ], [ %fnext, %body ]
  %more = icmp slt i32 %i, %n
  br i1 %more, label %body, label %done
body:
  %next = add i32 %i, 1
  %fnext = fadd double %f, 2.0
  br label %head
done:
  %sum = fptosi double %f to i32
  ret i32 %sum
}

define i32 @plain(i32 %x) {
  %r = mul i32 %x, 2
  ret i32 %r
}

define internal i32 @calls(i32 %n) personality ptr @__gcc_personality_v0 {
  %a = call i32 @plain(i32 %n)
  %b = call i32 @abs(i32 %a)
  %c = call i32 @llvm.umax.i32(i32 %b, i32 7)
  %l = call i32 @toupper(i32 97)
  %p = load ptr, ptr @pointer, align 8
  %d = call i32 %p(i32 %l)
  %e = invoke i32 @plain(i32 %d) to label %good unwind label %bad
good:
  %f = call i32 asm "", "=r,0"(i32 %e)
  ret i32 %f
bad:
  %pad = landingpad { ptr, i32 } catch ptr null
  resume { ptr, i32 } %pad
}

; never called, so that what is changed in it is not run
define i32 @aside(i32 %x) {
  %r = add i32 %x, 40
  ret i32 %r
}

define internal i32 @used(i32 %x) {
  %r = add i32 %x, 1
  ret i32 %r
}

@pointer = internal global ptr @plain

define i32 @main() {
  %a = call i32 @arith(i32 9, i32 20)
  %r1 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %a, double 0.0)
  %b = call double @floats(double 2.5, i32 3)
  %r2 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 0, double %b)
  %c = call i32 @memory(i32 6)
  %r3 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %c, double 0.0)
  %d = call i32 @vectors(i32 21)
  %r4 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %d, double 0.0)
  %e = call i32 @jumps(i32 2)
  %r5 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %e, double 0.0)
  %f = call i32 @loops(i32 5)
  %r6 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %f, double 0.0)
  %g = call i32 @calls(i32 -8)
  %r7 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %g, double 0.0)
  %x = load i32, ptr @twin, align 4
  %y = load i32, ptr getelementptr inbounds ([3 x i32], ptr @w, i64 0, i64 2), align 4
  %z = add i32 %x, %y
  %h = call i32 @used(i32 %z)
  %r8 = call i32 (ptr, ...) @printf(ptr @format, ptr @names, i32 %h, double 0.0)
  ret i32 0
}
!llvm.module.flags = !{!0}
!0 = !{i32 8, !"PIC Level", i32 2}
