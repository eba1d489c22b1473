; Calls that may be tail calls at the end of functions that are not optimized: a jump where the caller and the callee
; extend their results alike and the convention can jump, otherwise a call.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@format = private constant [4 x i8] c"%d\0A\00"
declare i32 @printf(ptr, ...)

define i8 @plain(i8 %x) noinline optnone {
  %r = add i8 %x, 200
  ret i8 %r
}
define zeroext i8 @zero(i8 zeroext %x) noinline optnone {
  %r = add i8 %x, 200
  ret i8 %r
}
define signext i8 @sign(i8 signext %x) noinline optnone {
  %r = add i8 %x, 200
  ret i8 %r
}
define i1 @truth(i32 %x) noinline optnone {
  %r = trunc i32 %x to i1
  ret i1 %r
}
define zeroext i16 @half(i16 %x) noinline optnone {
  %r = mul i16 %x, 257
  ret i16 %r
}

define zeroext i8 @zero_plain(i8 %x) noinline optnone {
  %r = tail call i8 @plain(i8 %x)
  ret i8 %r
}
define signext i8 @sign_plain(i8 %x) noinline optnone {
  %r = tail call i8 @plain(i8 %x)
  ret i8 %r
}
define i8 @plain_zero(i8 %x) noinline optnone {
  %r = tail call zeroext i8 @zero(i8 zeroext %x)
  ret i8 %r
}
define zeroext i8 @zero_sign(i8 %x) noinline optnone {
  %r = tail call signext i8 @sign(i8 signext %x)
  ret i8 %r
}
define signext i8 @sign_zero(i8 %x) noinline optnone {
  %r = tail call zeroext i8 @zero(i8 zeroext %x)
  ret i8 %r
}
define zeroext i8 @zero_zero(i8 %x) noinline optnone {
  %r = tail call zeroext i8 @zero(i8 zeroext %x)
  ret i8 %r
}
define zeroext i1 @truth_zero(i32 %x) noinline optnone {
  %r = tail call i1 @truth(i32 %x)
  ret i1 %r
}
define signext i16 @half_sign(i16 %x) noinline optnone {
  %r = tail call zeroext i16 @half(i16 %x)
  ret i16 %r
}
define signext i8 @pointer(ptr %f, i8 %x) noinline optnone {
  %r = tail call i8 %f(i8 %x)
  ret i8 %r
}
define preserve_mostcc i32 @most(i32 %x) noinline optnone {
  %r = tail call i32 @most_of(i32 %x)
  ret i32 %r
}
define i32 @most_of(i32 %x) noinline optnone {
  %r = add i32 %x, 1
  ret i32 %r
}

define void @show(i32 %x) {
  %1 = call i32 (ptr, ...) @printf(ptr @format, i32 %x)
  ret void
}

define i32 @main() {
  %a = call zeroext i8 @zero_plain(i8 100)
  %a32 = zext i8 %a to i32
  call void @show(i32 %a32)
  %b = call signext i8 @sign_plain(i8 -128)
  %b32 = sext i8 %b to i32
  call void @show(i32 %b32)
  %c = call i8 @plain_zero(i8 -1)
  %c32 = sext i8 %c to i32
  call void @show(i32 %c32)
  %d = call zeroext i8 @zero_sign(i8 1)
  %d32 = zext i8 %d to i32
  call void @show(i32 %d32)
  %e = call signext i8 @sign_zero(i8 1)
  %e32 = sext i8 %e to i32
  call void @show(i32 %e32)
  %f = call zeroext i8 @zero_zero(i8 2)
  %f32 = zext i8 %f to i32
  call void @show(i32 %f32)
  %g = call zeroext i1 @truth_zero(i32 -1)
  %g32 = zext i1 %g to i32
  call void @show(i32 %g32)
  %h = call signext i16 @half_sign(i16 255)
  %h32 = sext i16 %h to i32
  call void @show(i32 %h32)
  %i = call signext i8 @pointer(ptr @plain, i8 3)
  %i32 = sext i8 %i to i32
  call void @show(i32 %i32)
  %j = call preserve_mostcc i32 @most(i32 41)
  call void @show(i32 %j)
  ret i32 0
}
