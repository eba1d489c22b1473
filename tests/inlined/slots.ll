; Slots of bodies, beside those of proof/inlined.ll: which body is within which decides what shares memory. Where a
; condition is a constant, bodies are not built that could have been; the first body has fewer bytes than others.
declare i64 @f(ptr)
declare void @g(ptr, ptr)

define internal i64 @small(i64 %x) alwaysinline {
  %a = alloca i64, align 8
  store i64 %x, ptr %a
  %r = call i64 @f(ptr %a)
  %q = load i64, ptr %a
  %s = sub i64 %r, %q
  ret i64 %s
}

define internal i64 @inner(ptr %to, i64 %x) alwaysinline {
  %a = alloca [5 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 32
  store i64 %x, ptr %a
  store i64 %x, ptr %p
  call void @g(ptr %a, ptr %to)
  %q = load i64, ptr %p
  %r = load i64, ptr %a
  %s = sub i64 %q, %r
  ret i64 %s
}

define internal i64 @outer(i64 %x) alwaysinline {
  %a = alloca [4 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 24
  store i64 %x, ptr %a
  store i64 9, ptr %p
  %r = call i64 @inner(ptr %a, i64 %x)
  %q = load i64, ptr %p
  %t = load i64, ptr %a
  %u = sub i64 %q, %t
  %s = add i64 %r, %u
  ret i64 %s
}

define internal i64 @either(i1 %c, i64 %x) alwaysinline {
  br i1 %c, label %one, label %other
one:
  %r = call i64 @outer(i64 %x)
  ret i64 %r
other:
  %y = add i64 %x, 3
  %s = call i64 @outer(i64 %y)
  ret i64 %s
}

define i64 @constant(i64 %x) {
  %r = call i64 @either(i1 false, i64 %x)
  %s = call i64 @small(i64 %r)
  %t = call i64 @outer(i64 %s)
  ret i64 %t
}

define i64 @opposite(i64 %x) {
  %r = call i64 @either(i1 true, i64 %x)
  %s = call i64 @either(i1 false, i64 %r)
  %t = call i64 @small(i64 %s)
  ret i64 %t
}

define i64 @small_first(i64 %x) {
  %r = call i64 @small(i64 %x)
  %s = call i64 @outer(i64 %r)
  %t = call i64 @outer(i64 %s)
  ret i64 %t
}

define i64 @round(i64 %x, i64 %n) {
start:
  br label %loop
loop:
  %i = phi i64 [ 0, %start ], [ %j, %loop ]
  %v = phi i64 [ %x, %start ], [ %u, %loop ]
  %r = call i64 @small(i64 %v)
  %s = call i64 @either(i1 false, i64 %r)
  %u = call i64 @outer(i64 %s)
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, %n
  br i1 %more, label %loop, label %end
end:
  ret i64 %u
}

; What the condition is is known only while the function is built: bodies have been counted that are not built then.
define i64 @forwarded(i64 %x) {
  %a = alloca [2 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 8
  store i64 0, ptr %a
  store i64 %x, ptr %p
  %c = load i64, ptr %a
  %b = icmp eq i64 %c, 0
  br i1 %b, label %one, label %other
one:
  %v = load i64, ptr %p
  %t = call i64 @outer(i64 %v)
  br label %end
other:
  %r = call i64 @small(i64 %x)
  br label %end
end:
  %s = phi i64 [ %t, %one ], [ %r, %other ]
  %u = call i64 @outer(i64 %s)
  %w = call i64 @small(i64 %u)
  ret i64 %w
}

define i64 @forwarded_first(i64 %x) {
  %a = alloca [2 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 8
  store i64 0, ptr %a
  store i64 %x, ptr %p
  %c = load i64, ptr %a
  %b = icmp ne i64 %c, 0
  br i1 %b, label %one, label %other
one:
  %r = call i64 @small(i64 %x)
  br label %end
other:
  %v = load i64, ptr %p
  %t = call i64 @outer(i64 %v)
  br label %end
end:
  %s = phi i64 [ %r, %one ], [ %t, %other ]
  %u = call i64 @outer(i64 %s)
  %w = call i64 @small(i64 %u)
  ret i64 %w
}
