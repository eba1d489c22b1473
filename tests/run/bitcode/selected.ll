; A division that is one side of a selection runs only where it is selected, which the exceptions show. The comparison is
; with LLVM's code generation at -O2.
target triple = "x86_64-pc-linux-gnu"
@n = private unnamed_addr constant [10 x i8] c"%g %g %g\0A\00"
@x = private unnamed_addr constant [15 x i8] c"exceptions %d\0A\00"
declare i32 @printf(ptr, ...)
declare i32 @feclearexcept(i32)
declare i32 @fetestexcept(i32)
declare double @llvm.sqrt.f64(double)
@sum = global double 0.0

; the division on each side
define double @then(double %a, double %b) {
  %c = fcmp une double %b, 0.0
  %q = fdiv double %a, %b
  %z = select i1 %c, double %q, double %a
  ret double %z
}
define double @else(double %a, double %b) {
  %c = fcmp oeq double %b, 0.0
  %q = fdiv double %a, %b
  %z = select i1 %c, double %a, double %q
  ret double %z
}
; the division comes before the comparison, and other instructions are in between
define double @before(double %a, double %b) {
  %q = fdiv double %a, %b
  %c = fcmp ogt double %b, 0.0
  %s = fadd double %a, 1.0
  store double %s, ptr @sum
  %z = select i1 %c, double %q, double %s
  %y = fadd double %z, %s
  ret double %y
}
; a square root, which runs in any case; divisions on both sides
define double @root(double %a, double %b) {
  %c = fcmp oge double %b, 0.0
  %q = call double @llvm.sqrt.f64(double %b)
  %z = select i1 %c, double %q, double %a
  ret double %z
}
define double @both(double %a, double %b) {
  %c = fcmp oge double %b, 0.0
  %q = fdiv double 1.0, %b
  %d = fdiv double %a, %b
  %z = select i1 %c, double %q, double %d
  ret double %z
}
; a comparison of integers; the second division divides what the first selection gives
define double @nested(double %a, double %b) {
  %i = fptosi double %a to i32
  %c = icmp sgt i32 %i, 1
  %x = fptrunc double %a to float
  %y = fptrunc double %b to float
  %q = fdiv float %x, %y
  %z = select i1 %c, float %q, float 2.0
  %d = icmp slt i32 %i, 5
  %r = fdiv float %z, %y
  %w = select i1 %d, float %x, float %r
  %e = fpext float %w to double
  ret double %e
}
; in a loop: a phi of its own block has the selection as an argument
define double @loop(double %a, double %b) {
entry:
  br label %again
again:
  %k = phi i32 [ 0, %entry ], [ %next, %again ]
  %sum = phi double [ %a, %entry ], [ %z, %again ]
  %at = phi double [ %b, %entry ], [ %less, %again ]
  %c = fcmp ogt double %at, 0.0
  %q = fdiv double %sum, %at
  %z = select i1 %c, double %q, double %sum
  %less = fsub double %at, 1.0
  %next = add i32 %k, 1
  %more = icmp slt i32 %next, 4
  br i1 %more, label %again, label %out
out:
  %end = phi double [ %z, %again ]
  %tail = fadd double %end, %less
  ret double %tail
}
; the quotient and the condition have other uses
define double @shared(double %a, double %b) {
  %c = fcmp une double %b, 0.0
  %q = fdiv double %a, 4.0
  %z = select i1 %c, double %q, double %b
  %y = fadd double %z, %q
  %n = uitofp i1 %c to double
  %x = fadd double %y, %n
  ret double %x
}

define void @show(ptr %f, double %a, double %b) {
  call i32 @feclearexcept(i32 61)
  %r = call double %f(double %a, double %b)
  %e = call i32 @fetestexcept(i32 5) ; invalid, and division by zero
  call i32 (ptr, ...) @printf(ptr @n, double %a, double %b, double %r)
  call i32 (ptr, ...) @printf(ptr @x, i32 %e)
  ret void
}
define void @of(ptr %f) {
  call void @show(ptr %f, double 0.0, double 0.0)
  call void @show(ptr %f, double 3.0, double 0.0)
  call void @show(ptr %f, double 3.0, double 2.0)
  call void @show(ptr %f, double 7.0, double -4.0)
  call void @show(ptr %f, double -0.0, double 1.0)
  ret void
}
define i32 @main() {
  call void @of(ptr @then)
  call void @of(ptr @else)
  call void @of(ptr @before)
  call void @of(ptr @root)
  call void @of(ptr @both)
  call void @of(ptr @nested)
  call void @of(ptr @loop)
  call void @of(ptr @shared)
  ret i32 0
}
