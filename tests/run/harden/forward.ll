; Variadic functions that pass their own arguments on by a tail call, and call a profiler.
@next = global ptr @later
declare i32 @print(i32, double, ...)
declare void @use(ptr)

define i32 @later(i32 %n, double %first, ...) #0 {
  %more = fadd double %first, 1.0
  %r = musttail call i32 (i32, double, ...) @print(i32 %n, double %more, ...)
  ret i32 %r
}

define i32 @forward(i32 %n, double %first, ...) #0 {
  %room = alloca [3000 x i8]
  call void @use(ptr %room)
  %m = add i32 %n, 5
  %to = load ptr, ptr @next
  %r = musttail call i32 (i32, double, ...) %to(i32 %m, double %first, ...)
  ret i32 %r
}

define i32 @call_all() #0 {
  %r = call i32 (i32, double, ...) @forward(i32 5, double 0.5, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9,
       i32 10, double 2.5, double 3.5, double 4.5, double 5.5, double 6.5, double 7.5, double 8.5, double 9.5, double 10.5)
  ret i32 %r
}

attributes #0 = { "instrument-function-entry-inlined"="__cyg_profile_func_enter" "instrument-function-exit-inlined"="__cyg_profile_func_exit" }
