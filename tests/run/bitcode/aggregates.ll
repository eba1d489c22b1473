; First-class aggregates: results in registers and in memory, arguments, phis, selects, loads, stores,
; constants, nesting, odd members, and values used before their definition in the text.
target triple = "x86_64-pc-linux-gnu"

%pair = type { i64, double }
%many = type { i64, i64, i64, i32, double }
%nest = type { i8, [2 x { i16, i24 }], i1 }

@d = private unnamed_addr constant [5 x i8] c"%ld\0A\00"
@g = private unnamed_addr constant [4 x i8] c"%g\0A\00"
@const = internal constant %nest { i8 3, [2 x { i16, i24 }] [{ i16, i24 } { i16 -2, i24 70000 }, { i16, i24 } { i16 9, i24 -5 }], i1 true }

declare i32 @printf(ptr, ...)

define internal void @show(i64 %v) {
  call i32 (ptr, ...) @printf(ptr @d, i64 %v)
  ret void
}
define internal void @showd(double %v) {
  call i32 (ptr, ...) @printf(ptr @g, double %v)
  ret void
}

define internal %pair @pair(i64 %a, double %b) {
  %1 = insertvalue %pair poison, i64 %a, 0
  %2 = insertvalue %pair %1, double %b, 1
  ret %pair %2
}

define internal { i64, i64, i64 } @three(i64 %a) {
  %b = mul i64 %a, 3
  %c = sub i64 %a, 7
  %1 = insertvalue { i64, i64, i64 } undef, i64 %a, 0
  %2 = insertvalue { i64, i64, i64 } %1, i64 %b, 1
  %3 = insertvalue { i64, i64, i64 } %2, i64 %c, 2
  ret { i64, i64, i64 } %3
}

; Does not fit into registers.
define internal %many @many(i64 %a, %pair %p) {
  %x = extractvalue %pair %p, 0
  %y = extractvalue %pair %p, 1
  %1 = insertvalue %many poison, i64 %a, 0
  %2 = insertvalue %many %1, i64 %x, 1
  %3 = insertvalue %many %2, i64 -4, 2
  %4 = insertvalue %many %3, i32 77, 3
  %5 = insertvalue %many %4, double %y, 4
  ret %many %5
}

define internal [2 x double] @array(double %a) {
  %1 = insertvalue [2 x double] poison, double %a, 0
  %2 = fmul double %a, 4.0
  %3 = insertvalue [2 x double] %1, double %2, 1
  ret [2 x double] %3
}

define internal { i1, i8 } @bools(i32 %a) {
  %c = icmp sgt i32 %a, 3
  %1 = insertvalue { i1, i8 } { i1 false, i8 41 }, i1 %c, 0
  ret { i1, i8 } %1
}

define internal void @empty({} %e, i64 %v) {
  call void @show(i64 %v)
  ret void
}

define internal void @nested(%nest %n) {
  %a = extractvalue %nest %n, 0
  %b = extractvalue %nest %n, 1, 1
  %c = extractvalue { i16, i24 } %b, 1
  %d = extractvalue %nest %n, 1, 0, 0
  %e = extractvalue %nest %n, 2
  %f = extractvalue %nest %n, 1, 0, 1
  %a1 = sext i8 %a to i64
  %c1 = sext i24 %c to i64
  %d1 = sext i16 %d to i64
  %e1 = zext i1 %e to i64
  %f1 = zext i24 %f to i64
  call void @show(i64 %a1)
  call void @show(i64 %c1)
  call void @show(i64 %d1)
  call void @show(i64 %e1)
  call void @show(i64 %f1)
  ret void
}

define internal i64 @phis(i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %i2, %head ]
  %p = phi { i64, i64 } [ { i64 1, i64 100 }, %entry ], [ %q, %head ]
  %x = extractvalue { i64, i64 } %p, 0
  %y = extractvalue { i64, i64 } %p, 1
  %s = add i64 %x, %y
  %q1 = insertvalue { i64, i64 } %p, i64 %s, 0
  %odd = and i32 %i, 1
  %isodd = icmp ne i32 %odd, 0
  %alt = insertvalue { i64, i64 } %q1, i64 %x, 1
  %q = select i1 %isodd, { i64, i64 } %alt, { i64, i64 } %q1
  %i2 = add i32 %i, 1
  %more = icmp slt i32 %i2, %n
  br i1 %more, label %head, label %done
done:
  %r0 = extractvalue { i64, i64 } %q, 0
  %r1 = extractvalue { i64, i64 } %q, 1
  %r = xor i64 %r0, %r1
  ret i64 %r
}

; The block that defines %v stands behind the one that uses it.
define internal i64 @later(i64 %a) {
entry:
  br label %second
first:
  %x = extractvalue { i64, i64 } %v, 1
  %f = freeze i64 %w
  %g = bitcast i64 %w to double
  %h = bitcast double %g to i64
  %t = add i64 %x, %f
  %u = xor i64 %t, %h
  ret i64 %u
second:
  %w = mul i64 %a, 5
  %v0 = insertvalue { i64, i64 } zeroinitializer, i64 %a, 0
  %v = insertvalue { i64, i64 } %v0, i64 %w, 1
  br label %first
}

; More parts than a value has: a copy in memory, which outlives a change of what was loaded.
%large = type { i8, [300 x i32], i64 }
@large = internal global %large { i8 1, [300 x i32] zeroinitializer, i64 5 }
define internal i64 @copied(i64 %a) {
  %to = alloca %large
  %zero = alloca [1000 x i16]
  %other = alloca %large
  store [1000 x i16] zeroinitializer, ptr %zero
  %v = load %large, ptr @large
  %last = getelementptr %large, ptr @large, i64 0, i32 2
  store i64 %a, ptr %last
  store %large %v, ptr %to
  %w = load %large, ptr @large
  store %large undef, ptr %other
  store %large %w, ptr %other
  %tp = getelementptr %large, ptr %to, i64 0, i32 2
  %op = getelementptr %large, ptr %other, i64 0, i32 2
  %zp = getelementptr [1000 x i16], ptr %zero, i64 0, i64 999
  %t = load i64, ptr %tp
  %o = load i64, ptr %op
  %z = load i16, ptr %zp
  %zx = zext i16 %z to i64
  %t100 = mul i64 %t, 100
  %sum = add i64 %t100, %o
  %all = add i64 %sum, %zx
  ret i64 %all
}

define i32 @main() {
  %p = call %pair @pair(i64 12, double 2.5)
  %p0 = extractvalue %pair %p, 0
  %p1 = extractvalue %pair %p, 1
  call void @show(i64 %p0)
  call void @showd(double %p1)

  %t = call { i64, i64, i64 } @three(i64 100)
  %t0 = extractvalue { i64, i64, i64 } %t, 0
  %t1 = extractvalue { i64, i64, i64 } %t, 1
  %t2 = extractvalue { i64, i64, i64 } %t, 2
  call void @show(i64 %t0)
  call void @show(i64 %t1)
  call void @show(i64 %t2)

  %m = call %many @many(i64 5, %pair %p)
  %slot = alloca %many
  store %many %m, ptr %slot
  %m2 = load %many, ptr %slot
  %a0 = extractvalue %many %m2, 0
  %a1 = extractvalue %many %m2, 1
  %a2 = extractvalue %many %m2, 2
  %a3 = extractvalue %many %m2, 3
  %a4 = extractvalue %many %m2, 4
  %a3x = sext i32 %a3 to i64
  call void @show(i64 %a0)
  call void @show(i64 %a1)
  call void @show(i64 %a2)
  call void @show(i64 %a3x)
  call void @showd(double %a4)

  %r = call [2 x double] @array(double 1.25)
  %r0 = extractvalue [2 x double] %r, 0
  %r1 = extractvalue [2 x double] %r, 1
  call void @showd(double %r0)
  call void @showd(double %r1)

  %b = call { i1, i8 } @bools(i32 9)
  %b0 = extractvalue { i1, i8 } %b, 0
  %b1 = extractvalue { i1, i8 } %b, 1
  %b0x = sext i1 %b0 to i64
  %b1x = zext i8 %b1 to i64
  call void @show(i64 %b0x)
  call void @show(i64 %b1x)

  call void @empty({} zeroinitializer, i64 31)
  %n = load %nest, ptr @const
  call void @nested(%nest %n)
  call void @nested(%nest { i8 -1, [2 x { i16, i24 }] zeroinitializer, i1 false })
  %copy = alloca %nest
  store %nest %n, ptr %copy
  %nn = load %nest, ptr %copy
  call void @nested(%nest %nn)
  %ph = call i64 @phis(i32 9)
  call void @show(i64 %ph)
  %l = call i64 @later(i64 6)
  call void @show(i64 %l)
  %lg = call i64 @copied(i64 7)
  call void @show(i64 %lg)
  ret i32 0
}
