; Atomic operations that no instruction does: on floats, with bounds, on objects that are less aligned than large, and on
; 16 bytes without cmpxchg16b. The module has the functions of libatomic that these call.
target triple = "x86_64-pc-linux-gnu"
@f = private unnamed_addr constant [11 x i8] c"%s %lx %g\0A\00"
@l = private unnamed_addr constant [3 x i8] c"as\00"
@c = private unnamed_addr constant [5 x i8] c"call\00"
@packed = internal global <{ i8, i32, i64 }> <{ i8 1, i32 7, i64 9 }>
@x32 = internal global i32 0
@x64 = internal global i64 0
@x128 = internal global i128 18446744073709551615, align 16
declare i32 @printf(ptr, ...)
declare ptr @memcpy(ptr, ptr, i64)
declare i32 @memcmp(ptr, ptr, i64)

define void @called(i64 %v, i32 %order) {
  %w = shl i64 %v, 8
  %o = zext i32 %order to i64
  %x = add i64 %w, %o
  call i32 (ptr, ...) @printf(ptr @f, ptr @c, i64 %x, double 0.0)
  ret void
}
define void @__atomic_load(i64 %n, ptr %p, ptr %to, i32 %order) {
  call void @called(i64 %n, i32 %order)
  call ptr @memcpy(ptr %to, ptr %p, i64 %n)
  ret void
}
define void @__atomic_store(i64 %n, ptr %p, ptr %from, i32 %order) {
  call void @called(i64 %n, i32 %order)
  call ptr @memcpy(ptr %p, ptr %from, i64 %n)
  ret void
}
define zeroext i1 @__atomic_compare_exchange(i64 %n, ptr %p, ptr %old, ptr %new, i32 %order, i32 %failure) {
  call void @called(i64 %n, i32 %order)
  call void @called(i64 %n, i32 %failure)
  %d = call i32 @memcmp(ptr %p, ptr %old, i64 %n)
  %same = icmp eq i32 %d, 0
  br i1 %same, label %yes, label %no
yes:
  call ptr @memcpy(ptr %p, ptr %new, i64 %n)
  ret i1 true
no:
  call ptr @memcpy(ptr %old, ptr %p, i64 %n)
  ret i1 false
}
define i128 @__atomic_fetch_add_16(ptr %p, i128 %v, i32 %order) {
  call void @called(i64 1, i32 %order)
  %old = load i128, ptr %p, align 16
  %new = add i128 %old, %v
  store i128 %new, ptr %p, align 16
  ret i128 %old
}
define zeroext i1 @__atomic_compare_exchange_16(ptr %p, ptr %old, i128 %new, i32 %order, i32 %failure) {
  call void @called(i64 2, i32 %failure)
  store i128 %new, ptr %p, align 16
  ret i1 true
}

define void @show(i64 %v, double %d) {
  call i32 (ptr, ...) @printf(ptr @f, ptr @l, i64 %v, double %d)
  ret void
}
; the arguments of a phi come from a block that ends elsewhere than it began
define float @floats(float %by, i32 %times) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i1, %loop ]
  %sum = phi float [ 0.0, %entry ], [ %next, %loop ]
  %old = atomicrmw fadd ptr @x32, float %by seq_cst
  %next = fadd float %sum, %old
  %i1 = add i32 %i, 1
  %more = icmp ult i32 %i1, %times
  br i1 %more, label %loop, label %end
end:
  ret float %next
}
define double @ends(double %v) {
  %a = atomicrmw fsub ptr @x64, double %v acq_rel
  %b = atomicrmw fmax ptr @x64, double %v monotonic
  %c = atomicrmw fmin ptr @x64, double 3.0 release
  %d = atomicrmw fmaximum ptr @x64, double 2.5 acquire
  %e = atomicrmw fminimum ptr @x64, double %v seq_cst
  %s = fadd double %a, %b
  %t = fadd double %c, %d
  %u = fsub double %s, %t
  %w = fadd double %u, %e
  ret double %w
}
define i64 @bounds(i64 %v) {
  store i64 5, ptr @x64
  %a = atomicrmw uinc_wrap ptr @x64, i64 %v seq_cst
  %b = atomicrmw uinc_wrap ptr @x64, i64 %a seq_cst
  %c = atomicrmw udec_wrap ptr @x64, i64 %v seq_cst
  %d = atomicrmw udec_wrap ptr @x64, i64 2 seq_cst
  %e = atomicrmw usub_cond ptr @x64, i64 9 seq_cst
  %f = atomicrmw usub_cond ptr @x64, i64 1 seq_cst
  %g = atomicrmw usub_sat ptr @x64, i64 1 seq_cst
  %h = atomicrmw usub_sat ptr @x64, i64 1 seq_cst
  %last = load i64, ptr @x64
  call void @show(i64 %a, double 1.0)
  call void @show(i64 %b, double 2.0)
  call void @show(i64 %c, double 3.0)
  call void @show(i64 %d, double 4.0)
  call void @show(i64 %e, double 5.0)
  call void @show(i64 %f, double 6.0)
  call void @show(i64 %g, double 7.0)
  call void @show(i64 %h, double 8.0)
  ret i64 %last
}
define i64 @unaligned(ptr %p, ptr %q) {
  %a = atomicrmw add ptr %p, i32 3 release, align 1
  %b = load atomic i64, ptr %q acquire, align 4
  store atomic i64 %b, ptr %q monotonic, align 1
  %c = cmpxchg ptr %p, i32 10, i32 12 acq_rel monotonic, align 2
  %d = cmpxchg ptr %p, i32 10, i32 13 seq_cst acquire, align 2
  %old = extractvalue { i32, i1 } %d, 0
  %done = extractvalue { i32, i1 } %c, 1
  %not = extractvalue { i32, i1 } %d, 1
  %e = zext i32 %old to i64
  %f = zext i1 %done to i64
  %g = zext i1 %not to i64
  %h = shl i64 %f, 1
  %i = or i64 %g, %h
  %j = shl i64 %i, 8
  %k = or i64 %j, %e
  ret i64 %k
}
define i64 @wide(i128 %v) {
  %a = atomicrmw add ptr @x128, i128 %v acquire, align 16
  %b = atomicrmw umin ptr @x128, i128 77 acq_rel, align 16
  %c = lshr i128 %b, 64
  %d = add i128 %a, %c
  %e = trunc i128 %d to i64
  ret i64 %e
}
define i64 @wide_at_once(i128 %v) "target-features"="+cx16" {
  %a = atomicrmw usub_sat ptr @x128, i128 %v seq_cst, align 16
  %b = atomicrmw uinc_wrap ptr @x128, i128 %v seq_cst, align 16
  %c = load atomic i128, ptr @x128 seq_cst, align 16
  %d = mul i128 %a, 1000
  %e = mul i128 %b, 10
  %f = add i128 %d, %e
  %g = add i128 %f, %c
  %h = trunc i128 %g to i64
  ret i64 %h
}
define i64 @wide_by_processor(i128 %v) "target-cpu"="nehalem" {
  %a = atomicrmw max ptr @x128, i128 %v seq_cst, align 16
  %b = cmpxchg ptr @x128, i128 %v, i128 9 seq_cst acquire, align 16
  %c = extractvalue { i128, i1 } %b, 0
  %d = add i128 %a, %c
  %e = trunc i128 %d to i64
  ret i64 %e
}
define i32 @main() {
  %a = call float @floats(float 1.25, i32 4)
  %b = fpext float %a to double
  call void @show(i64 0, double %b)
  store double 8.0, ptr @x64
  %c = call double @ends(double 1.5)
  call void @show(i64 0, double %c)
  %d = call double @ends(double 0x7FF8000000000000)
  %e = load i64, ptr @x64
  call void @show(i64 %e, double 0.0)
  %f = call i64 @bounds(i64 6)
  call void @show(i64 %f, double 0.0)
  %g = call i64 @unaligned(ptr getelementptr (i8, ptr @packed, i64 1), ptr getelementptr (i8, ptr @packed, i64 5))
  call void @show(i64 %g, double 0.0)
  %h = call i64 @wide(i128 36893488147419103232)
  call void @show(i64 %h, double 0.0)
  %i = call i64 @wide_at_once(i128 70)
  call void @show(i64 %i, double 0.0)
  %j = call i64 @wide_by_processor(i128 4611686018427387904)
  call void @show(i64 %j, double 0.0)
  ret i32 0
}
