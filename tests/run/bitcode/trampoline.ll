; A nested function by a trampoline, as flang has them: its static chain is the frame that it belongs to.
target triple = "x86_64-pc-linux-gnu"
declare void @llvm.init.trampoline(ptr, ptr, ptr)
declare ptr @llvm.adjust.trampoline(ptr)
declare i32 @printf(ptr, ...)
@s = private constant [4 x i8] c"%d\0A\00"
define internal i32 @inner(ptr nest %c, i32 %x) {
  %v = load i32, ptr %c
  %r = add i32 %v, %x
  ret i32 %r
}
define i32 @apply(ptr %f, i32 %x) { %r = call i32 %f(i32 %x)
 ret i32 %r }
define i32 @main() {
  %t = alloca [36 x i8], align 16
  %v = alloca i32
  store i32 40, ptr %v
  call void @llvm.init.trampoline(ptr %t, ptr @inner, ptr %v)
  %p = call ptr @llvm.adjust.trampoline(ptr %t)
  %r = call i32 @apply(ptr %p, i32 2)
  call i32 (ptr, ...) @printf(ptr @s, i32 %r)
  ret i32 0
}
