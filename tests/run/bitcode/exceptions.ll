; Exceptions as clang does not write them: landing pads before and behind their invokes, several invokes with one, phis
; of what unwinds there, invokes in loops that return to themselves, the pair in phis, memory and aggregates, filters.
target triple = "x86_64-pc-linux-gnu"

@d = private unnamed_addr constant [8 x i8] c"%d: %d\0A\00"
@_ZTIi = external constant ptr
@_ZTIl = external constant ptr

declare i32 @printf(ptr, ...)
declare i32 @__gxx_personality_v0(...)
declare ptr @__cxa_allocate_exception(i64)
declare void @__cxa_throw(ptr, ptr, ptr) noreturn
declare ptr @__cxa_begin_catch(ptr) nounwind
declare void @__cxa_end_catch()
declare i32 @llvm.eh.typeid.for.p0(ptr)

define internal void @show(i32 %k, i32 %v) nounwind {
  call i32 (ptr, ...) @printf(ptr @d, i32 %k, i32 %v)
  ret void
}

; Throws an int if %v is odd, a long if it is 4, and returns what it got.
define internal i32 @maybe(i32 %v) {
entry:
  %odd = and i32 %v, 1
  %c = icmp eq i32 %odd, 1
  br i1 %c, label %int, label %more
more:
  %four = icmp eq i32 %v, 4
  br i1 %four, label %long, label %back
int:
  %p = call ptr @__cxa_allocate_exception(i64 8)
  store i32 %v, ptr %p
  call void @__cxa_throw(ptr %p, ptr @_ZTIi, ptr null)
  unreachable
long:
  %q = call ptr @__cxa_allocate_exception(i64 8)
  store i64 44, ptr %q
  call void @__cxa_throw(ptr %q, ptr @_ZTIl, ptr null)
  unreachable
back:
  ret i32 %v
}

define internal i32 @value({ ptr, i32 } %e) personality ptr @__gxx_personality_v0 {
  %p = extractvalue { ptr, i32 } %e, 0
  %a = call ptr @__cxa_begin_catch(ptr %p)
  %v = load i32, ptr %a
  call void @__cxa_end_catch()
  ret i32 %v
}

; The landing pad stands before the second invoke, and behind the first one.
define internal i32 @around(i32 %a, i32 %b) personality ptr @__gxx_personality_v0 {
entry:
  %x = invoke i32 @maybe(i32 %a) to label %second unwind label %pad
pad:
  %at = phi i32 [ 1, %entry ], [ %y, %second ], [ 3, %third ]
  %w = phi i32 [ %a, %entry ], [ %x, %second ], [ %z, %third ]
  %e = landingpad { ptr, i32 } catch ptr null
  %v = call i32 @value({ ptr, i32 } %e)
  %s = mul i32 %at, 1000
  %t = add i32 %s, %v
  %r = add i32 %t, %w
  ret i32 %r
second:
  %y = add i32 %x, 2
  %z = invoke i32 @maybe(i32 %b) to label %third unwind label %pad
third:
  %u = invoke i32 @maybe(i32 %z) to label %end unwind label %pad
end:
  %sum = add i32 %u, %x
  ret i32 %sum
}

; An invoke that returns to its own block, and a landing pad whose own invokes unwind to it.
define internal i32 @loops(i32 %n) personality ptr @__gxx_personality_v0 {
entry:
  br label %loop
loop:
  %i = phi i32 [ %n, %entry ], [ %next, %loop ]
  %next0 = add i32 %i, 2
  %next = invoke i32 @maybe(i32 %next0) to label %loop unwind label %pad
pad:
  %count = phi i32 [ 0, %loop ], [ %more, %pad ]
  %try = phi i32 [ 7, %loop ], [ %down, %pad ]
  %e = landingpad { ptr, i32 } catch ptr @_ZTIi catch ptr @_ZTIl
  %v = call i32 @value({ ptr, i32 } %e)
  %more = add i32 %count, %v
  %down = sub i32 %try, 3
  %odd = and i32 %down, 7
  %r = invoke i32 @maybe(i32 %odd) to label %end unwind label %pad
end:
  %s = add i32 %r, %more
  ret i32 %s
}

define internal i32 @selected(i32 %v, i1 %memory) personality ptr @__gxx_personality_v0 {
entry:
  %m = alloca { ptr, i32 }
  br i1 %memory, label %a, label %b
a:
  invoke void @thrower(i32 %v) to label %none unwind label %pa
b:
  invoke void @thrower(i32 %v) to label %none unwind label %pb
none:
  ret i32 -1
pa:
  %ea = landingpad { ptr, i32 } catch ptr @_ZTIl catch ptr @_ZTIi
  store { ptr, i32 } %ea, ptr %m
  %la = load { ptr, i32 }, ptr %m
  br label %join
pb:
  %eb = landingpad { ptr, i32 } catch ptr @_ZTIi catch ptr @_ZTIl
  %pb0 = extractvalue { ptr, i32 } %eb, 0
  %pb1 = extractvalue { ptr, i32 } %eb, 1
  %ib0 = insertvalue { ptr, i32 } poison, i32 %pb1, 1
  %ib1 = insertvalue { ptr, i32 } %ib0, ptr %pb0, 0
  br label %join
join:
  %e = phi { ptr, i32 } [ %la, %pa ], [ %ib1, %pb ]
  %s = extractvalue { ptr, i32 } %e, 1
  %int = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIi)
  %long = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIl)
  %x = call i32 @value({ ptr, i32 } %e)
  %c = icmp eq i32 %s, %int
  %f = icmp eq i32 %s, %long
  %k = select i1 %f, i32 200, i32 300
  %l = select i1 %c, i32 100, i32 %k
  %r = add i32 %x, %l
  ret i32 %r
}

define internal void @thrower(i32 %v) {
  %r = call i32 @maybe(i32 %v)
  ret void
}

; Cleanups, which resume, in two frames; a filter lets ints alone pass.
define internal i32 @cleanups(i32 %v) personality ptr @__gxx_personality_v0 {
entry:
  %r = invoke i32 @maybe(i32 %v) to label %end unwind label %pad
end:
  ret i32 %r
pad:
  %e = landingpad { ptr, i32 } cleanup
  call void @show(i32 10, i32 %v)
  resume { ptr, i32 } %e
}
define internal i32 @filtered(i32 %v) personality ptr @__gxx_personality_v0 {
entry:
  %r = invoke i32 @cleanups(i32 %v) to label %end unwind label %pad
end:
  ret i32 %r
pad:
  %e = landingpad { ptr, i32 } cleanup filter [1 x ptr] [ptr @_ZTIi] catch ptr null
  %s = extractvalue { ptr, i32 } %e, 1
  call void @show(i32 11, i32 %v)
  %negative = icmp slt i32 %s, 0
  br i1 %negative, label %stopped, label %on
stopped:
  %x = call i32 @value({ ptr, i32 } %e)
  %y = add i32 %x, 5000
  ret i32 %y
on:
  resume { ptr, i32 } %e
}
define internal i32 @outer(i32 %v) personality ptr @__gxx_personality_v0 {
entry:
  %r = invoke i32 @filtered(i32 %v) to label %end unwind label %pad
end:
  ret i32 %r
pad:
  %e = landingpad { ptr, i32 } catch ptr @_ZTIi
  %x = call i32 @value({ ptr, i32 } %e)
  %y = add i32 %x, 9000
  ret i32 %y
}

define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %a = call i32 @around(i32 %i, i32 2)
  call void @show(i32 1, i32 %a)
  %b = call i32 @around(i32 2, i32 %i)
  call void @show(i32 2, i32 %b)
  %s = call i32 @selected(i32 %i, i1 true)
  call void @show(i32 4, i32 %s)
  %t = call i32 @selected(i32 %i, i1 false)
  call void @show(i32 5, i32 %t)
  %o = call i32 @outer(i32 %i)
  call void @show(i32 6, i32 %o)
  %next = add i32 %i, 1
  %c = icmp ult i32 %next, 6
  br i1 %c, label %loop, label %end
end:
  %l = call i32 @loops(i32 0)
  call void @show(i32 3, i32 %l)
  ret i32 0
}
