; Functions of which the test of ./dev prove --functions --inline proves those that have inlined bodies, and then proves them
; with planted mistakes: slots of bodies one after the other, in branches, in a loop and within others; variables that share
; memory with slots; copies between slots; a body that an exception leaves.
declare i64 @f(ptr)
declare void @g(ptr, ptr)
declare i64 @h(i64)
declare i32 @__gxx_personality_v0(...)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal i64 @first(i64 %x) alwaysinline {
  %a = alloca [3 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 8
  store i64 %x, ptr %a
  store i64 7, ptr %p
  %r = call i64 @f(ptr %a)
  %q = load i64, ptr %p
  %s = sub i64 %r, %q
  ret i64 %s
}

define internal i64 @second(i64 %x, i64 %y) alwaysinline {
  %a = alloca [2 x i64], align 8
  %b = alloca i64, align 8
  %p = getelementptr i8, ptr %a, i64 8
  store i64 %x, ptr %a
  store i64 %y, ptr %p
  store i64 5, ptr %b
  call void @g(ptr %b, ptr %a)
  %q = load i64, ptr %p
  %r = load i64, ptr %b
  %s = sub i64 %q, %r
  ret i64 %s
}

define internal i64 @within(ptr %to, i64 %x) alwaysinline {
  %a = alloca [2 x i64], align 8
  %p = getelementptr i8, ptr %a, i64 8
  store i64 %x, ptr %p
  call void @g(ptr %a, ptr %to)
  %q = load i64, ptr %p
  %r = load i64, ptr %to
  %s = sub i64 %q, %r
  store i64 %s, ptr %to
  ret i64 %q
}

define internal i64 @around(i64 %x) alwaysinline {
  %a = alloca [2 x i64], align 8
  store i64 %x, ptr %a
  %r = call i64 @within(ptr %a, i64 3)
  %s = call i64 @within(ptr %a, i64 %r)
  %t = load i64, ptr %a
  %u = sub i64 %s, %t
  ret i64 %u
}

; Its variable has no register where a function is called.
define internal i64 @wide(i64 %x) alwaysinline {
  %v = alloca <2 x i64>, align 16
  %w = insertelement <2 x i64> zeroinitializer, i64 %x, i64 1
  store <2 x i64> %w, ptr %v
  br label %again
again:
  %n = phi i64 [%x, %0], [%m, %again]
  %o = load <2 x i64>, ptr %v
  %y = call i64 @h(i64 %n)
  %p = insertelement <2 x i64> %o, i64 %y, i64 0
  store <2 x i64> %p, ptr %v
  %m = sub i64 %n, 1
  %c = icmp ugt i64 %m, 3
  br i1 %c, label %again, label %end
end:
  %z = load <2 x i64>, ptr %v
  %r = extractelement <2 x i64> %z, i64 0
  %s = extractelement <2 x i64> %z, i64 1
  %t = sub i64 %r, %s
  ret i64 %t
}

define internal i64 @copied(ptr %from) alwaysinline {
  %a = alloca [3 x i64], align 8
  %b = alloca [3 x i64], align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr %from, i64 24, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %b, ptr %a, i64 24, i1 false)
  call void @g(ptr %a, ptr %b)
  %p = getelementptr i8, ptr %b, i64 16
  %q = load i64, ptr %p
  ret i64 %q
}

define i64 @siblings(i64 %x, i64 %y) {
  %r = call i64 @first(i64 %x)
  %s = call i64 @second(i64 %r, i64 %y)
  %t = call i64 @first(i64 %s)
  %u = sub i64 %t, %r
  ret i64 %u
}

define i64 @branches(i64 %x, i64 %y) {
  %c = icmp ult i64 %x, %y
  br i1 %c, label %yes, label %no
yes:
  %r = call i64 @first(i64 %y)
  br label %end
no:
  %s = call i64 @second(i64 %x, i64 %y)
  br label %end
end:
  %t = phi i64 [%r, %yes], [%s, %no]
  %u = call i64 @second(i64 %t, i64 %x)
  ret i64 %u
}

define i64 @repeated(i64 %x, i64 %y) {
  %own = alloca [2 x i64], align 8
  store i64 %y, ptr %own
  br label %loop
loop:
  %n = phi i64 [%x, %0], [%m, %loop]
  %r = call i64 @second(i64 %n, i64 %y)
  %s = call i64 @first(i64 %r)
  call void @g(ptr %own, ptr null)
  %m = sub i64 %n, 1
  %c = icmp ugt i64 %s, %m
  br i1 %c, label %loop, label %end
end:
  %t = load i64, ptr %own
  ret i64 %t
}

define i64 @nested(i64 %x) {
  %r = call i64 @around(i64 %x)
  %s = call i64 @first(i64 %r)
  %t = call i64 @around(i64 %s)
  ret i64 %t
}

define i64 @variables(i64 %x) {
  %r = call i64 @wide(i64 %x)
  %s = call i64 @first(i64 %r)
  %t = call i64 @wide(i64 %s)
  ret i64 %t
}

define i64 @copies(ptr %from, ptr %to) {
  %r = call i64 @copied(ptr %from)
  %s = call i64 @second(i64 %r, i64 2)
  %t = call i64 @copied(ptr %to)
  %u = sub i64 %s, %t
  ret i64 %u
}

define i64 @left(i64 %x) personality ptr @__gxx_personality_v0 {
  %r = invoke i64 @first(i64 %x) to label %end unwind label %pad
end:
  %s = call i64 @second(i64 %r, i64 %x)
  ret i64 %s
pad:
  %e = landingpad { ptr, i32 } cleanup
  %t = call i64 @second(i64 %x, i64 1)
  %u = call i64 @h(i64 %t)
  resume { ptr, i32 } %e
}

define internal i64 @chosen(i64 %i) alwaysinline {
  %a = alloca [3 x i64], align 8
  %p = getelementptr i64, ptr %a, i64 %i
  store i64 %i, ptr %p
  call void @g(ptr %p, ptr %a)
  %q = load i64, ptr %p
  ret i64 %q
}

define i64 @indexed(i64 %i) {
  %r = call i64 @chosen(i64 %i)
  %s = call i64 @chosen(i64 %i)
  %t = sub i64 %r, %s
  ret i64 %t
}
