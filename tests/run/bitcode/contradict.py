#!/usr/bin/env python3
"""Calls that contradict the declaration of what they call are valid in LLVM's IR. Kiln's code must do what llc's does, as
it is, verified, and inlined.

    contradict.py --kiln=build/kiln [--target=aarch64]
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

TRIPLES = {'x86_64': 'x86_64-unknown-linux-gnu', 'aarch64': 'aarch64-unknown-linux-gnu'}

# The first half is well defined on both machines, though types and attributes differ: integers in registers of 64 bits,
# results that nobody reads, variadic functions with integers. The second half does not run.
TEXT = r'''
target triple = "%s"
@format = private constant [11 x i8] c"%%ld %%s %%d\0A\00"
@text = private constant [5 x i8] c"text\00"
@zero = global i32 0
%%large = type { [5 x i64] }
declare i32 @printf(ptr, ...)
declare i32 @puts(ptr)
declare double @sqrt(double)
declare fp128 @__addtf3(i32)
declare ptr @memcpy(i32, i32)
declare i32 @__gxx_personality_v0(...)

define i64 @sum(i32 signext %%a, i64 %%b) noinline {
  %%c = sext i32 %%a to i64
  %%r = add i64 %%c, %%b
  ret i64 %%r
}
define i32 @small(i32 %%a) {
  %%r = mul i32 %%a, 3
  ret i32 %%r
}
define void @store(ptr %%to) {
  store i64 77, ptr %%to
  ret void
}
define internal zeroext i8 @narrow(i8 zeroext %%a) {
  %%r = add i8 %%a, 200
  ret i8 %%r
}
@other = alias i64 (i32, i64), ptr @sum

define i64 @tail(i64 %%a, i64 %%b) {
  %%r = musttail call i64 @sum(i64 %%a, i64 %%b)
  ret i64 %%r
}

define void @never(i64 %%x) personality ptr @__gxx_personality_v0 {
  %%slot = alloca ptr
  store ptr @sum, ptr %%slot
  %%a = call double @sum(double 1.0)
  %%b = call { i64, i64, i64, i64, i64 } @sum(ptr @format)
  call void @sum(ptr sret(%%large) @zero, i64 %%x)
  call void @sum(ptr byval(%%large) @zero)
  %%c = call i64 (i32, ...) @sum(i32 1, double %%a)
  %%d = call float @sqrt(ptr @format)
  %%e = call fp128 @__addtf3(i32 1)
  %%q = fadd fp128 %%e, %%e
  %%p = load ptr, ptr %%slot
  %%g = call double %%p(double 2.0)
  call void @other(double 1.0)
  call preserve_mostcc void @sum(double 1.0)
  call void @narrow(i8 5, fp128 %%q)
  call void @puts()
  invoke void @sum(<4 x float> zeroinitializer) to label %%on unwind label %%pad
on:
  ret void
pad:
  %%l = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %%l
}
define i32 @main() {
  %%stored = alloca i64
  %%a = call i64 @sum(i64 5, i64 6)
  call i32 (ptr, ...) @printf(ptr @format, i64 %%a, ptr @text, i32 1)
  call void @sum(i32 1, i64 2)
  %%b = call i64 @tail(i64 -3, i64 10)
  %%c = call i32 @printf(ptr @format, i64 %%b, ptr @text, i32 2)
  %%d = call i32 @small(i64 100)
  %%e = sext i32 %%d to i64
  call i32 (ptr, ...) @printf(ptr @format, i64 %%e, ptr @text, i32 3)
  call void @small(i32 8)
  call i64 @store(ptr %%stored)
  %%f = load i64, ptr %%stored
  call i32 (ptr, ...) @printf(ptr @format, i64 %%f, ptr @text, i32 4)
  call void @puts(ptr @text)
  %%g = call i8 @narrow(i32 100)
  %%h = zext i8 %%g to i64
  call i32 (ptr, ...) @printf(ptr @format, i64 %%h, ptr @text, i32 5)
  %%z = load volatile i32, ptr @zero
  %%k = icmp ne i32 %%z, 0
  br i1 %%k, label %%run, label %%end
run:
  call void @never(i64 1)
  br label %%end
end:
  ret i32 0
}
'''


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())
    source = h.write('contradict.ll', TEXT % TRIPLES[h.args.target])
    h.run([h.args.clang, '-w', '-c', '-emit-llvm', '-x', 'ir', '--target=' + TRIPLES[h.args.target], source, '-o',
           h.path('contradict.bc')])
    own = h.path('llc.o')
    h.run(['llc-22', '-O0', '-filetype=obj', '-relocation-model=pic', h.path('contradict.bc'), '-o', own])
    expected = h.run([*h.emulator, h.link([own], h.path('llc'), ['-lm', '-lstdc++'])], check=False)

    def check(flags):
        name = ' '.join(flags) or 'as it is'
        base = h.path('kiln' + ''.join(flags)) # the cases run at once
        exe = h.link([h.kiln_object(h.path('contradict.bc'), base + '.o', flags)], base, ['-lm', '-lstdc++'])
        got = h.run([*h.emulator, exe], check=False)
        if got[:2] == expected[:2] and got[1].count('\n') == 6 and got[0] == 0:
            h.ok(name)
        else:
            h.fail(name, 'status %d, expected %d:\n%s\nexpected:\n%s' % (got[0], expected[0], got[1], expected[1]))
    h.each(check, [(), ('--verify',), ('--verify', '--inline'), ('--verify', '--stress=7')])
    h.finish()


if __name__ == '__main__':
    main()
