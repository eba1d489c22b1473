; Selects between 1 and 0, and truncations to i1 that are said to be exact, as rustc tells enums' variants apart: what they
; stand for is the condition itself, or its opposite, wherever and however often that is read.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [13 x i8] c"%d %d %d %d\0A\00"
declare i32 @printf(ptr, ...)

define i64 @niche(i64 %a) { ; read in its block as a number and as a condition, and in another one
  %c = icmp eq i64 %a, 3
  %s = select i1 %c, i64 0, i64 1
  %t = trunc nuw i64 %s to i1
  br i1 %t, label %yes, label %no
yes:
  %u = trunc nuw i64 %s to i1
  %z = select i1 %u, i64 %s, i64 50
  %r = add i64 %z, 10
  ret i64 %r
no:
  %v = trunc nuw i64 %s to i1
  %w = zext i1 %v to i64
  %x = add i64 %w, 20
  ret i64 %x
}
define i64 @alone(i64 %a) { ; the comparison is read elsewhere too
  %c = icmp ult i64 %a, 3
  %s = select i1 %c, i64 0, i64 1
  %b = zext i1 %c to i64
  %m = mul i64 %s, 100
  %r = add i64 %m, %b
  ret i64 %r
}
define i32 @kinds(i32 %a, i32 %b, double %x, i1 %p) {
  %c0 = icmp slt i32 %a, %b
  %s0 = select i1 %c0, i8 0, i8 1
  %c1 = icmp uge i32 %a, %b
  %s1 = select i1 %c1, i16 1, i16 0
  %c2 = fcmp ult double %x, 1.0
  %s2 = select i1 %c2, i32 0, i32 1
  %s3 = select i1 %p, i64 0, i64 1
  %s4 = select i1 %p, i64 1, i64 0
  %s5 = select i1 %p, i128 0, i128 1
  %s6 = select i1 %p, i1 false, i1 true
  %s7 = select i1 %p, i24 0, i24 1
  %s8 = select i1 true, i32 0, i32 1
  %t0 = trunc nuw i8 %s0 to i1
  %t1 = trunc nuw i16 %s1 to i1
  %t2 = trunc nuw i32 %s2 to i1
  %t3 = trunc nuw nsw i64 %s3 to i1
  %t5 = trunc nuw i128 %s5 to i1
  %t7 = trunc nuw i24 %s7 to i1
  %z0 = zext i1 %t0 to i32
  %z1 = zext i1 %t1 to i32
  %z2 = zext i1 %t2 to i32
  %z3 = zext i1 %t3 to i32
  %z4 = trunc i64 %s4 to i32
  %z5 = zext i1 %t5 to i32
  %z6 = zext i1 %s6 to i32
  %z7 = zext i1 %t7 to i32
  %a1 = shl i32 %z1, 1
  %a2 = shl i32 %z2, 2
  %a3 = shl i32 %z3, 3
  %a4 = shl i32 %z4, 4
  %a5 = shl i32 %z5, 5
  %a6 = shl i32 %z6, 6
  %a7 = shl i32 %z7, 7
  %a8 = shl i32 %s8, 8
  %o1 = or i32 %z0, %a1
  %o2 = or i32 %o1, %a2
  %o3 = or i32 %o2, %a3
  %o4 = or i32 %o3, %a4
  %o5 = or i32 %o4, %a5
  %o6 = or i32 %o5, %a6
  %o7 = or i32 %o6, %a7
  %o8 = or i32 %o7, %a8
  ret i32 %o8
}
define i32 @narrow(i8 %a) { ; bits above the width of what is truncated are not among those that are known to be 0
  %n = trunc i8 %a to i3
  %m = add i3 %n, 5
  %t = trunc nuw i3 %m to i1
  %z = zext i1 %t to i32
  %o = trunc i8 %a to i2
  %p = mul i2 %o, 3
  %u = trunc nuw i2 %p to i1
  %y = select i1 %u, i32 %z, i32 40
  %w = zext i1 %u to i32
  %x = mul i32 %w, 100
  %r = add i32 %x, %y
  ret i32 %r
}
define i32 @exact(i8 %a) { ; a truncation of what no select made; and one that is not said to be exact
  %t = trunc nuw i8 %a to i1
  %m = mul i8 %a, 5
  %n = trunc i8 %m to i1
  %s = add i8 %a, 6
  %e = trunc i8 %s to i1
  %x = select i1 %t, i32 1, i32 2
  %y = select i1 %n, i32 10, i32 20
  %z = zext i1 %e to i32
  %v = add i32 %x, %y
  %w = mul i32 %v, 2
  %r = add i32 %w, %z
  ret i32 %r
}
define i32 @logic(i64 %a, i64 %b, i1 %p) { ; with true and false, as rustc's checks of pointers have them
  %c = icmp eq i64 %a, %b
  %d = and i1 %c, true
  %e = xor i1 %d, true
  br i1 %e, label %differ, label %same
differ:
  %f = icmp ult i64 %a, %b
  %g = xor i1 %f, true
  %h = and i1 true, %p
  %i = xor i1 true, %p
  %j = xor i1 %c, true
  %k = and i1 %i, false
  %l = mul i1 %p, true
  %m = add i1 %f, true
  %n = sub i1 true, %f
  %zf = zext i1 %f to i32
  %zg = zext i1 %g to i32
  %zh = zext i1 %h to i32
  %zi = zext i1 %i to i32
  %zj = zext i1 %j to i32
  %zk = zext i1 %k to i32
  %zl = zext i1 %l to i32
  %zm = zext i1 %m to i32
  %zn = zext i1 %n to i32
  %ag = shl i32 %zg, 1
  %ah = shl i32 %zh, 2
  %ai = shl i32 %zi, 3
  %aj = shl i32 %zj, 4
  %ak = shl i32 %zk, 5
  %al = shl i32 %zl, 6
  %am = shl i32 %zm, 7
  %an = shl i32 %zn, 8
  %og = or i32 %zf, %ag
  %oh = or i32 %og, %ah
  %oi = or i32 %oh, %ai
  %oj = or i32 %oi, %aj
  %ok = or i32 %oj, %ak
  %ol = or i32 %ok, %al
  %om = or i32 %ol, %am
  %on = or i32 %om, %an
  ret i32 %on
same:
  %q = and i1 %p, true
  %r = select i1 %q, i32 1000, i32 2000
  ret i32 %r
}
define i32 @byte(i8 %a, i8 %b) { ; the truncation of a byte that was extended right before it, or earlier
  %x = zext i8 %a to i64
  %y = zext i8 %b to i32
  %t = trunc nuw i32 %y to i1
  br i1 %t, label %yes, label %no
yes:
  %u = trunc nuw i64 %x to i1
  %n = trunc i64 %x to i32
  %r = select i1 %u, i32 %n, i32 7
  %s = add i32 %r, %y
  ret i32 %s
no:
  %v = sext i8 %a to i32
  %w = trunc nuw i32 %v to i1
  %z = select i1 %w, i32 30, i32 40
  ret i32 %z
}
define i32 @main() {
  %a = call i64 @niche(i64 3)
  %b = call i64 @niche(i64 4)
  %a1 = trunc i64 %a to i32
  %b1 = trunc i64 %b to i32
  %c = call i64 @alone(i64 2)
  %e = call i64 @alone(i64 3)
  %c1 = trunc i64 %c to i32
  %e1 = trunc i64 %e to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %a1, i32 %b1, i32 %c1, i32 %e1)
  %f = call i32 @kinds(i32 -1, i32 1, double 0.5, i1 true)
  %g = call i32 @kinds(i32 1, i32 -1, double 1.5, i1 false)
  %h = call i32 @kinds(i32 7, i32 7, double 0x7FF8000000000000, i1 false)
  %i = call i32 @exact(i8 0)
  %j = call i32 @exact(i8 1)
  %k = call i32 @narrow(i8 -5)
  %l = call i32 @narrow(i8 27)
  call i32 (ptr, ...) @printf(ptr @d, i32 %f, i32 %g, i32 %h, i32 %i)
  call i32 (ptr, ...) @printf(ptr @d, i32 %j, i32 %k, i32 %l, i32 0)
  %m = call i32 @logic(i64 1, i64 2, i1 true)
  %n = call i32 @logic(i64 2, i64 1, i1 false)
  %o = call i32 @logic(i64 2, i64 2, i1 true)
  %p = call i32 @logic(i64 2, i64 2, i1 false)
  call i32 (ptr, ...) @printf(ptr @d, i32 %m, i32 %n, i32 %o, i32 %p)
  %q = call i32 @byte(i8 1, i8 1)
  %r = call i32 @byte(i8 0, i8 1)
  %s = call i32 @byte(i8 1, i8 0)
  %t = call i32 @byte(i8 0, i8 0)
  call i32 (ptr, ...) @printf(ptr @d, i32 %q, i32 %r, i32 %s, i32 %t)
  ret i32 0
}
