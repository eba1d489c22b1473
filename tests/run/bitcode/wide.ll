; Integers of more than 128 bits as clang does not use them: values used before their definition, phis
; and selects of constants, exact bytes in memory, results that overflow an odd width, odd casts.

@byte = private constant [5 x i8] c"%02x\00"
@line = private constant [2 x i8] c"\0A\00"
@number = private constant [5 x i8] c"%lx \00"
@i137 = global i137 -12345678901234567890123456789012345678901
@pair = global { i8, i200, i8 } { i8 1, i200 123456789012345678901234567890123456789012345678901234, i8 2 }
@list = global [3 x i256] [i256 -1, i256 undef, i256 115792089237316195423570985008687907853269984665640564039457584007913129639935]
@buffer = global [80 x i8] zeroinitializer, align 16

declare i32 @printf(ptr, ...)
declare ptr @memset(ptr, i32, i64)

define void @dump(ptr %p, i64 %n) noinline {
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %j, %next ]
  %a = getelementptr i8, ptr %p, i64 %i
  %b = load i8, ptr %a
  %w = zext i8 %b to i32
  call i32 (ptr, ...) @printf(ptr @byte, i32 %w)
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, %n
  br i1 %more, label %next, label %done
done:
  call i32 (ptr, ...) @printf(ptr @line)
  ret void
}

define void @fill() noinline {
  call ptr @memset(ptr @buffer, i32 85, i64 80)
  ret void
}

; Exactly 17, 18 and 26 bytes are written, the bits above the width zero.
define void @memory(ptr %p) noinline {
  call void @fill()
  %v = load i137, ptr %p
  %w = add i137 %v, %v
  store i137 %w, ptr @buffer, align 1
  %a = getelementptr i8, ptr @buffer, i64 20
  %t = trunc i137 %w to i136
  store i136 %t, ptr %a, align 1
  %b = getelementptr i8, ptr @buffer, i64 41
  %x = sext i137 %w to i201
  store i201 %x, ptr %b, align 1
  call void @dump(ptr @buffer, i64 80)
  %y = load volatile i136, ptr %a, align 1
  store volatile i136 %y, ptr @buffer, align 2
  call void @dump(ptr @buffer, i64 20)
  ret void
}

; Uses that are read before the definitions: the blocks are not in the order of their edges.
define void @forward(ptr %p, i1 %c) noinline {
entry:
  call void @fill()
  br label %define
use:
  %sum = add i150 %later, %also
  %less = icmp slt i150 %later, %also
  %cut = trunc i150 %later to i64
  %cut2 = trunc i150 %later to i131
  %one = trunc i150 %also to i1
  %up = zext i150 %later to i300
  %narrow.up = zext i64 %narrow to i200
  %back = inttoptr i200 %address to ptr
  %same = bitcast i150 %also to i150
  %chosen = select i1 %c, i150 %same, i150 77
  store i150 %sum, ptr @buffer
  %p1 = getelementptr i8, ptr @buffer, i64 32
  store i300 %up, ptr %p1
  call void @dump(ptr @buffer, i64 80)
  store i131 %cut2, ptr @buffer
  store i200 %narrow.up, ptr %p1
  call void @dump(ptr @buffer, i64 80)
  store i150 %chosen, ptr @buffer
  call void @dump(ptr %back, i64 20)
  %l = zext i1 %less to i64
  %o = zext i1 %one to i64
  call i32 (ptr, ...) @printf(ptr @number, i64 %l)
  call i32 (ptr, ...) @printf(ptr @number, i64 %o)
  call i32 (ptr, ...) @printf(ptr @number, i64 %cut)
  call i32 (ptr, ...) @printf(ptr @line)
  br label %last
define:
  %later = load i150, ptr %p
  %also = mul i150 %later, -7
  %narrow = load i64, ptr %p
  %address = ptrtoint ptr @buffer to i200
  br label %use
last: ; what was made of values before their definition, used behind it
  store i300 %up, ptr @buffer
  call void @dump(ptr @buffer, i64 40)
  store i131 %cut2, ptr @buffer
  store i200 %narrow.up, ptr %p1
  call void @dump(ptr @buffer, i64 64)
  ret void
}

; The same twice over: a value that is used before its definition, which is of such a value.
define void @chain(ptr %p) noinline {
entry:
  br label %define
use:
  %x = xor i150 %t, %w
  store i150 %x, ptr @buffer
  call void @dump(ptr @buffer, i64 20)
  ret void
middle:
  %t = trunc i300 %later to i150
  %w = zext i64 %n to i150
  br label %use
define:
  %v = load i137, ptr %p
  %later = sext i137 %v to i300
  %n = load i64, ptr @list
  br label %middle
}

; Phis: constants, undefined bits, a swap of two, and a value from a block that comes later.
define void @phis(i32 %n) noinline {
entry:
  %z = icmp eq i32 %n, 0
  br i1 %z, label %done, label %loop
loop:
  %a = phi i190 [ 1, %entry ], [ %b, %latch ]
  %b = phi i190 [ -170141183460469231731687303715884105729, %entry ], [ %next, %latch ]
  %u = phi i190 [ undef, %entry ], [ %a, %latch ]
  %i = phi i32 [ 0, %entry ], [ %k, %latch ]
  br label %latch
done:
  %r = phi i190 [ 0, %entry ], [ %next, %latch ]
  %f = freeze i190 %r
  store i190 %f, ptr @buffer
  call void @dump(ptr @buffer, i64 24)
  ret void
latch:
  %t = shl i190 %a, 3
  %s = add i190 %t, %b
  %odd = trunc i32 %i to i1
  %next = select i1 %odd, i190 %s, i190 %b
  %k = add i32 %i, 1
  %more = icmp ult i32 %k, %n
  br i1 %more, label %loop, label %done
}

; Bits above the width must not be seen: sums and products leave them.
define void @above(ptr %p, i64 %count) noinline {
  %v = load i133, ptr %p
  %w = sub i133 %v, 5
  %m = mul i133 %w, %w
  %s = add i133 %m, %m
  %c = zext i64 %count to i133
  %r = lshr i133 %s, %c
  %q = ashr i133 %s, %c
  %h = shl i133 %s, %c
  %r1 = lshr i133 %s, 131
  %q1 = ashr i133 %s, 130
  %e = icmp eq i133 %s, %h
  %n = icmp ne i133 %r1, 0
  %lt = icmp slt i133 %s, %q
  %ge = icmp uge i133 %s, %h
  %z = zext i133 %s to i192
  %x = sext i133 %h to i192
  call void @fill()
  store i133 %r, ptr @buffer
  %a1 = getelementptr i8, ptr @buffer, i64 18
  store i133 %q, ptr %a1, align 1
  %a2 = getelementptr i8, ptr @buffer, i64 36
  store i192 %z, ptr %a2, align 1
  call void @dump(ptr @buffer, i64 80)
  store i192 %x, ptr @buffer
  store i133 %r1, ptr %a2, align 1
  %a3 = getelementptr i8, ptr @buffer, i64 60
  store i133 %q1, ptr %a3, align 1
  call void @dump(ptr @buffer, i64 80)
  %e8 = zext i1 %e to i64
  %n8 = zext i1 %n to i64
  %lt8 = zext i1 %lt to i64
  %ge8 = zext i1 %ge to i64
  call i32 (ptr, ...) @printf(ptr @number, i64 %e8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %n8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %lt8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %ge8)
  call i32 (ptr, ...) @printf(ptr @line)
  ret void
}

; Numbers that are equal, but for the bits above the width.
define void @equal(ptr %p) noinline {
  %v = load i133, ptr %p
  %n = sub i133 0, %v
  store i133 %n, ptr @buffer
  %c = load i133, ptr @buffer
  %e = icmp eq i133 %n, %c
  %d = icmp ne i133 %c, %n
  %l = icmp ult i133 %n, %c
  %g = icmp sgt i133 %n, %c
  %e8 = zext i1 %e to i64
  %d8 = zext i1 %d to i64
  %l8 = zext i1 %l to i64
  %g8 = zext i1 %g to i64
  call i32 (ptr, ...) @printf(ptr @number, i64 %e8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %d8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %l8)
  call i32 (ptr, ...) @printf(ptr @number, i64 %g8)
  call i32 (ptr, ...) @printf(ptr @line)
  ret void
}

; Shifts by too much give nothing that may be used, but must not trap.
define void @far(ptr %p, i64 %count) noinline {
  %v = load i200, ptr %p
  %c = zext i64 %count to i200
  %r = lshr i200 %v, %c
  %q = ashr i200 %v, %c
  %h = shl i200 %v, %c
  %ok = icmp ult i64 %count, 200
  %r1 = select i1 %ok, i200 %r, i200 1
  %q1 = select i1 %ok, i200 %q, i200 2
  %h1 = select i1 %ok, i200 %h, i200 3
  %x = xor i200 %r1, %q1
  %y = xor i200 %x, %h1
  store i200 %y, ptr @buffer
  call void @dump(ptr @buffer, i64 25)
  ret void
}

; Casts from and to every kind of narrower integer.
define void @casts(i1 %b, i24 %o, i64 %d, i65 %e, i128 %f) noinline {
  call void @fill()
  %b1 = sext i1 %b to i130
  %o1 = sext i24 %o to i130
  %d1 = sext i64 %d to i130
  %e1 = sext i65 %e to i130
  %f1 = sext i128 %f to i130
  %b2 = zext i1 %b to i130
  %o2 = zext i24 %o to i130
  %d2 = zext i64 %d to i130
  %e2 = zext i65 %e to i130
  %f2 = zext i128 %f to i130
  %x1 = xor i130 %b1, %o1
  %x2 = sub i130 %x1, %d1
  %x3 = add i130 %x2, %e1
  %x4 = xor i130 %x3, %f1
  %y1 = xor i130 %b2, %o2
  %y2 = sub i130 %y1, %d2
  %y3 = add i130 %y2, %e2
  %y4 = or i130 %y3, %f2
  store i130 %x4, ptr @buffer
  %p = getelementptr i8, ptr @buffer, i64 20
  store i130 %y4, ptr %p, align 1
  call void @dump(ptr @buffer, i64 40)
  %t1 = trunc i130 %y3 to i24
  %t2 = trunc i130 %x3 to i65
  %t3 = trunc i130 %x3 to i128
  %t4 = trunc i130 %y4 to i16
  store i24 %t1, ptr @buffer
  store i65 %t2, ptr %p, align 1
  %p2 = getelementptr i8, ptr @buffer, i64 48
  store i128 %t3, ptr %p2
  %p3 = getelementptr i8, ptr @buffer, i64 44
  store i16 %t4, ptr %p3
  call void @dump(ptr @buffer, i64 80)
  ret void
}

define i32 @main() {
  call void @dump(ptr @i137, i64 18)
  call void @dump(ptr getelementptr ({ i8, i200, i8 }, ptr @pair, i64 0, i32 1), i64 26)
  call void @dump(ptr getelementptr ([3 x i256], ptr @list, i64 0, i64 2), i64 32)
  call void @memory(ptr @i137)
  call void @forward(ptr @list, i1 true)
  call void @forward(ptr @i137, i1 false)
  call void @chain(ptr @i137)
  call void @phis(i32 0)
  call void @phis(i32 1)
  call void @phis(i32 30)
  call void @above(ptr @i137, i64 0)
  call void @above(ptr @i137, i64 63)
  call void @above(ptr @i137, i64 64)
  call void @above(ptr @i137, i64 132)
  call void @equal(ptr @i137)
  call void @equal(ptr @list)
  call void @far(ptr @list, i64 199)
  call void @far(ptr @list, i64 1099511627776)
  call void @far(ptr @list, i64 -1)
  call void @casts(i1 true, i24 -3, i64 -4, i65 -5, i128 -6)
  call void @casts(i1 false, i24 8388607, i64 9223372036854775807, i65 18446744073709551616, i128 85070591730234615865843651857942052864)
  ret i32 0
}
