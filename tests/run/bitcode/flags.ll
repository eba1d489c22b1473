; x86-64's flags as a value: what was written is read, and what functions have in registers and on the stack stays.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [24 x i8] c"%llx %llx %lld %lld %g\0A\00"
declare i32 @printf(ptr, ...)
declare i64 @llvm.x86.flags.read.u64()
declare void @llvm.x86.flags.write.u64(i64)

define i64 @leaf(i64 %f, ptr %sum, i64 %a, i64 %b, double %x) { ; its slots could be below the stack pointer
  %s = alloca [4 x i64]
  %p = getelementptr i64, ptr %s, i64 %a
  store i64 %b, ptr %s
  store i64 %b, ptr %p
  %before = mul i64 %a, %b
  %y = fmul double %x, %x
  call void @llvm.x86.flags.write.u64(i64 %f)
  %r = call i64 @llvm.x86.flags.read.u64()
  %q = load i64, ptr %p
  %t = add i64 %q, %before
  %z = fptosi double %y to i64
  %u = add i64 %t, %z
  store i64 %u, ptr %sum
  ret i64 %r
}

define i32 @main() {
  %s = alloca i64
  %a = call i64 @leaf(i64 2, ptr %s, i64 3, i64 1000, double 2.5) ; none
  %b = load i64, ptr %s
  %c = call i64 @leaf(i64 2263, ptr %s, i64 2, i64 77, double -1.5) ; overflow, sign, zero, auxiliary, parity, carry
  %d = load i64, ptr %s
  %e = and i64 %a, 2263
  %f = and i64 %c, 2263
  call i32 (ptr, ...) @printf(ptr @d, i64 %e, i64 %f, i64 %b, i64 %d, double 1.5)
  ret i32 0
}
