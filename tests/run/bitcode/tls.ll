; Addresses of thread-local variables as arguments of phis, and differences of them, as LLVM 14 and older have them.
target triple = "x86_64-pc-linux-gnu"
@a = thread_local global i32 5
@b = thread_local global [4 x i32] [i32 1, i32 2, i32 3, i32 4]
@c = global i32 9
@d = private unnamed_addr constant [4 x i8] c"%d\0A\00"
declare i32 @printf(ptr, ...)
define i32 @pick(i32 %k) {
 switch i32 %k, label %z [ i32 0, label %x
   i32 1, label %y ]
x: br label %j
y: br label %j
z: br label %j
j: %p = phi ptr [ @a, %x ], [ getelementptr inbounds ([4 x i32], ptr @b, i64 0, i64 2), %y ], [ @c, %z ]
 %v = load i32, ptr %p
 ret i32 %v }
; Their distance: a constant until LLVM 14
define i32 @apart() {
 %p = getelementptr inbounds [4 x i32], ptr @b, i64 0, i64 1
 %p.i = ptrtoint ptr %p to i64
 %b.i = ptrtoint ptr @b to i64
 %n = sub i64 %p.i, %b.i
 %same = icmp eq i64 %n, sub (i64 ptrtoint (ptr getelementptr inbounds ([4 x i32], ptr @b, i64 0, i64 1) to i64), i64 ptrtoint (ptr @b to i64))
 %r = zext i1 %same to i32
 ret i32 %r }
define i32 @other() { ret i32 3 }
define i32 @main() {
 %x = call i32 @pick(i32 0)
 %y = call i32 @pick(i32 1)
 %z = call i32 @pick(i32 2)
 call i32 (ptr, ...) @printf(ptr @d, i32 %x)
 call i32 (ptr, ...) @printf(ptr @d, i32 %y)
 call i32 (ptr, ...) @printf(ptr @d, i32 %z)
 %w = call i32 @apart()
 call i32 (ptr, ...) @printf(ptr @d, i32 %w)
 ret i32 0 }
