; Control flow that clang does not write: several edges between two blocks, blocks out of order,
; unreachable code, traps in the middle, switches on odd widths, indirect branches with phis.
target triple = "x86_64-pc-linux-gnu"

@d = private unnamed_addr constant [4 x i8] c"%d\0A\00"
@targets = internal constant [3 x ptr] [ptr blockaddress(@indirect, %one), ptr blockaddress(@indirect, %two), ptr blockaddress(@indirect, %three)]

declare i32 @printf(ptr, ...)
declare void @llvm.trap()

define internal void @show(i32 %v) {
  call i32 (ptr, ...) @printf(ptr @d, i32 %v)
  ret void
}

define internal i32 @same(i32 %a) {
entry:
  switch i32 %a, label %other [ i32 1, label %join
                                i32 2, label %join
                                i32 -3, label %join
                                i32 70000, label %side ]
side:
  br label %join
other:
  br i1 true, label %join, label %join
join:
  %v = phi i32 [ 10, %entry ], [ 20, %side ], [ 30, %other ], [ 10, %entry ], [ 10, %entry ], [ 30, %other ]
  %w = phi i32 [ %a, %other ], [ %a, %other ], [ 5, %entry ], [ 5, %entry ], [ 6, %side ], [ 5, %entry ]
  %s = add i32 %v, %w
  ret i32 %s
}

; A loop whose body stands before its head.
define internal i32 @backwards(i32 %n) {
entry:
  br label %head
latch:
  %i2 = add i32 %i, 1
  %s2 = add i32 %s, %x
  br label %head
body:
  %x = mul i32 %i, %i
  br label %latch
exit:
  ret i32 %s
head:
  %i = phi i32 [ 0, %entry ], [ %i2, %latch ]
  %s = phi i32 [ 0, %entry ], [ %s2, %latch ]
  %c = icmp slt i32 %i, %n
  br i1 %c, label %body, label %exit
}

define internal i32 @swap(i32 %n) {
entry:
  br label %loop
loop:
  %a = phi i32 [ 1, %entry ], [ %b, %loop ]
  %b = phi i32 [ 2, %entry ], [ %a, %loop ]
  %i = phi i32 [ 0, %entry ], [ %j, %loop ]
  %j = add i32 %i, 1
  %c = icmp ult i32 %j, %n
  br i1 %c, label %loop, label %done
done:
  %t = mul i32 %a, 100
  %r = add i32 %t, %b
  ret i32 %r
}

define internal i32 @dead(i32 %a) {
entry:
  br label %live
gone:
  %y = phi i32 [ %y, %gone ]
  %x = add i32 %x, 1
  br i1 true, label %gone, label %live
live:
  %v = phi i32 [ %a, %entry ], [ %x, %gone ]
  ret i32 %v
}

; The code behind a trap is never reached, but its edges are.
define internal i32 @traps(i32 %a) {
entry:
  %bad = icmp eq i32 %a, 99
  br i1 %bad, label %trap, label %fine
trap:
  call void @llvm.trap()
  %z = add i32 %a, 1
  br i1 %bad, label %fine, label %join
fine:
  %f = phi i32 [ 1, %entry ], [ %z, %trap ]
  br label %join
join:
  %v = phi i32 [ %f, %fine ], [ %z, %trap ]
  %r = add i32 %v, %a
  ret i32 %r
}

; The trapping block comes behind the one with the phi.
define internal i32 @traps_later(i32 %a) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %k, %trap ], [ %k, %latch ]
  %c = icmp ult i32 %i, %a
  br i1 %c, label %latch, label %done
latch:
  %k = add i32 %i, 2
  %bad = icmp eq i32 %k, 1000
  br i1 %bad, label %trap, label %head
trap:
  call void @llvm.trap()
  br label %head
done:
  ret i32 %i
}

define internal i32 @narrow(i3 %a, i33 %b, i1 %c) {
entry:
  switch i3 %a, label %three [ i3 1, label %one
                               i3 -1, label %two ]
one:
  switch i33 %b, label %none [ i33 -1, label %yes
                               i33 4294967296, label %high ]
two:
  switch i1 %c, label %none [ i1 true, label %yes ]
three:
  ret i32 3
none:
  ret i32 0
yes:
  ret i32 1
high:
  ret i32 2
}

define internal i32 @indirect(i32 %i) {
entry:
  br label %again
again:
  %k = phi i32 [ %i, %entry ], [ %n, %two ]
  %p = getelementptr [3 x ptr], ptr @targets, i64 0, i32 %k
  %t = load ptr, ptr %p
  indirectbr ptr %t, [label %one, label %two, label %three, label %two]
one:
  %a = phi i32 [ 1, %again ]
  ret i32 %a
two:
  %b = phi i32 [ %k, %again ], [ %k, %again ]
  %n = add i32 %b, 1
  br label %again
three:
  %c = phi i32 [ %k, %again ]
  %r = mul i32 %c, 50
  ret i32 %r
}

define internal i32 @undefined(i32 %a) {
  %x = freeze i32 undef
  %y = and i32 %x, 0
  %z = freeze i32 %a
  %r = add i32 %y, %z
  ret i32 %r
}

define i32 @main() {
  %1 = call i32 @same(i32 1)
  call void @show(i32 %1)
  %2 = call i32 @same(i32 -3)
  call void @show(i32 %2)
  %3 = call i32 @same(i32 70000)
  call void @show(i32 %3)
  %4 = call i32 @same(i32 11)
  call void @show(i32 %4)
  %5 = call i32 @backwards(i32 10)
  call void @show(i32 %5)
  %6 = call i32 @swap(i32 4)
  call void @show(i32 %6)
  %7 = call i32 @swap(i32 5)
  call void @show(i32 %7)
  %8 = call i32 @dead(i32 17)
  call void @show(i32 %8)
  %9 = call i32 @traps(i32 5)
  call void @show(i32 %9)
  %10 = call i32 @traps_later(i32 5)
  call void @show(i32 %10)
  %11 = call i32 @narrow(i3 1, i33 -1, i1 false)
  call void @show(i32 %11)
  %12 = call i32 @narrow(i3 1, i33 4294967296, i1 false)
  call void @show(i32 %12)
  %13 = call i32 @narrow(i3 -1, i33 0, i1 true)
  call void @show(i32 %13)
  %14 = call i32 @narrow(i3 3, i33 0, i1 true)
  call void @show(i32 %14)
  %15 = call i32 @indirect(i32 0)
  call void @show(i32 %15)
  %16 = call i32 @indirect(i32 1)
  call void @show(i32 %16)
  %17 = call i32 @undefined(i32 88)
  call void @show(i32 %17)
  ret i32 0
}
