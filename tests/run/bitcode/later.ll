; Addresses whose next instruction loads or stores through them, and which are used again: in their own block,
; in others, by phis whose predecessors have their ends, before their definition, around loops.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [11 x i8] c"%d %d %ld\0A\00"
@x = global [20 x i32] [i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 16, i32 17, i32 18, i32 19, i32 20]
declare i32 @printf(ptr, ...)
define void @say(i32 %a, i32 %b, ptr %p) {
  %n = ptrtoint ptr %p to i64
  %o = sub i64 %n, ptrtoint (ptr @x to i64)
  call i32 (ptr, ...) @printf(ptr @d, i32 %a, i32 %b, i64 %o)
  ret void
}
; in its own block: load, store, load, as an argument, as a stored value
define void @own(ptr %p) {
  %slot = alloca ptr
  %q = getelementptr i32, ptr %p, i64 3
  %a = load i32, ptr %q
  %b = add i32 %a, 100
  store i32 %b, ptr %q
  %c = load volatile i32, ptr %q
  store ptr %q, ptr %slot
  %r = load ptr, ptr %slot
  %s = getelementptr i32, ptr %q, i64 2
  %e = load i32, ptr %s
  call void @say(i32 %c, i32 %e, ptr %r)
  call void @say(i32 %c, i32 %e, ptr %q)
  call void @say(i32 %c, i32 %e, ptr %s)
  ret void
}
; in other blocks, by something else than an access
define void @other(ptr %p, i1 %which) {
  %q = getelementptr i32, ptr %p, i64 5
  %a = load i32, ptr %q
  br i1 %which, label %then, label %else
then:
  call void @say(i32 1, i32 %a, ptr %q)
  %b = load i32, ptr %q
  br label %end
else:
  call void @say(i32 2, i32 %a, ptr %q)
  store i32 77, ptr %q
  br label %end
end:
  %k = phi i32 [ %b, %then ], [ 3, %else ]
  call void @say(i32 %k, i32 %a, ptr %q)
  ret void
}
; by a phi behind its block
define void @join(ptr %p, i1 %which) {
  br i1 %which, label %then, label %else
then:
  %q = getelementptr i32, ptr %p, i64 7
  %a = load i32, ptr %q
  br label %end
else:
  %r = getelementptr i32, ptr %p, i64 9
  store i32 55, ptr %r
  br label %end
end:
  %s = phi ptr [ %q, %then ], [ %r, %else ]
  %v = phi i32 [ %a, %then ], [ 55, %else ]
  %w = load i32, ptr %s
  call void @say(i32 %v, i32 %w, ptr %s)
  ret void
}
; by the phi of the loop that it is in, which was read before it
define void @loop(ptr %p) {
  br label %head
head:
  %q = phi ptr [ %p, %0 ], [ %r, %head ]
  %sum = phi i32 [ 0, %0 ], [ %t, %head ]
  %r = getelementptr i32, ptr %q, i64 1
  %a = load i32, ptr %r
  %t = add i32 %sum, %a
  %more = icmp slt i32 %t, 200
  br i1 %more, label %head, label %end
end:
  call void @say(i32 %t, i32 %a, ptr %r)
  ret void
}
; of a variable on the stack, and of a constant
define void @stack() {
  %v = alloca [4 x i32]
  %q = getelementptr i32, ptr %v, i64 2
  store i32 42, ptr %q
  %w = load i32, ptr %q
  %g = getelementptr i32, ptr @x, i64 6
  %h = load i32, ptr %g
  call void @say(i32 %w, i32 %h, ptr %g)
  %f = getelementptr i32, ptr @x, i64 -4
  %i = icmp ult ptr %f, %g
  %j = zext i1 %i to i32
  call void @say(i32 %w, i32 %j, ptr %f)
  ret void
}
; the address of an address that waits
define void @chain(ptr %p, i64 %n) {
  %q = getelementptr i32, ptr %p, i64 2
  %a = load i32, ptr %q
  %r = getelementptr i32, ptr %q, i64 %n
  %b = load i32, ptr %r
  %s = getelementptr i32, ptr %r, i64 1
  %c = load i32, ptr %s
  call void @say(i32 %a, i32 %b, ptr %s)
  call void @say(i32 %c, i32 %b, ptr %r)
  ret void
}
define i32 @main() {
  call void @own(ptr @x)
  call void @other(ptr @x, i1 true)
  call void @other(ptr @x, i1 false)
  call void @join(ptr @x, i1 true)
  call void @join(ptr @x, i1 false)
  call void @loop(ptr @x)
  call void @stack()
  call void @chain(ptr @x, i64 3)
  ret i32 0
}
