; Constants that are parts and differences of addresses, as operands.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [4 x i8] c"%d\0A\00"
@x = global [100 x i8] zeroinitializer
declare i32 @printf(ptr, ...)
define i32 @main() {
  %p = getelementptr i8, ptr @x, i64 7
  %a = ptrtoint ptr %p to i32
  %b = sub i32 %a, ptrtoint (ptr @x to i32)
  %c = trunc i32 %b to i8
  %e = add i8 %c, trunc (i64 sub (i64 ptrtoint (ptr getelementptr (i8, ptr @x, i64 50) to i64), i64 ptrtoint (ptr @x to i64)) to i8)
  %f = zext i8 %e to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %b)
  call i32 (ptr, ...) @printf(ptr @d, i32 %f)
  ret i32 0
}
