; Constants that are parts and differences of addresses, as operands, and of phis: there also one that metadata has, too,
; which stands before all functions.
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [4 x i8] c"%d\0A\00"
@x = global [100 x i8] zeroinitializer, align 256
declare i32 @printf(ptr, ...)
define i32 @choose(i32 %k) {
  switch i32 %k, label %one [ i32 0, label %two
                              i32 1, label %three ]
one:
  br label %end
two:
  br label %end
three:
  br label %end
end:
  %v = phi i8 [ 3, %one ], [ ptrtoint (ptr getelementptr (i8, ptr @x, i64 7) to i8), %two ], [ ptrtoint (ptr getelementptr (i8, ptr @x, i64 9) to i8), %three ]
  %w = zext i8 %v to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %w)
  ret i32 %w
}
define i32 @main() {
  %p = getelementptr i8, ptr @x, i64 7
  %a = ptrtoint ptr %p to i32
  %b = sub i32 %a, ptrtoint (ptr @x to i32)
  %c = trunc i32 %b to i8
  %e = add i8 %c, trunc (i64 sub (i64 ptrtoint (ptr getelementptr (i8, ptr @x, i64 50) to i64), i64 ptrtoint (ptr @x to i64)) to i8)
  %f = zext i8 %e to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %b)
  call i32 (ptr, ...) @printf(ptr @d, i32 %f)
  call i32 @choose(i32 0)
  call i32 @choose(i32 1)
  call i32 @choose(i32 2)
  ret i32 0
}
!constants = !{!0}
!0 = !{i8 ptrtoint (ptr getelementptr (i8, ptr @x, i64 7) to i8)}
