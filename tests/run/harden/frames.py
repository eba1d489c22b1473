#!/usr/bin/env python3
"""Frames of every kind: over-aligned slots x alloca x stack arguments x arguments by value x exceptions x tail calls, in
plain, probed and guarded, and protected functions, and in those that align the stack, whose callers do not. Each
function checks its own memory, and calls another one by a pointer, which throws now and then; what they print must be
what clang's code prints.

    frames.py --kiln=build/kiln [--target=aarch64] [--keep=DIR] [--all]
"""
import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

BEGIN = '''#include <cstdio>
#include <cstring>
struct big { long v[5]; };
struct alignas(64) wide { long v[8]; };
struct error { long code; };
#ifdef REALIGN // the functions are called by some whose stack is a multiple of 8 bytes alone
#define CALLED __attribute__((force_align_arg_pointer, noinline))
extern "C" void misalign(void (*)());
__asm__(".text\\n.type misalign, @function\\nmisalign:\\n.cfi_startproc\\n"
        "endbr64\\npush %rbp\\n.cfi_def_cfa_offset 16\\n.cfi_offset %rbp, -16\\nmov %rsp, %rbp\\n"
        ".cfi_def_cfa_register %rbp\\nsub $8, %rsp\\ncall *%rdi\\nleave\\n.cfi_def_cfa %rsp, 8\\nret\\n"
        ".cfi_endproc\\n");
#else
#define CALLED
static void misalign(void (*f)()) { f(); }
#endif
static long steps, bad;
static void check(bool is, int line) { if (!is) { bad++; std::printf("bad %d\\n", line); } }
static void aligned(const void *p, unsigned long n) {
  __asm__("" : "+r"(p));
  check(((unsigned long)p & (n - 1)) == 0, (int)n);
}
__attribute__((noinline)) static long callee(long x, char *p, long n) {
  for (long i = 0; i < n; i++) check(p[i] == (char)(x + i), -(int)i);
  alignas(16) char local[256];
  aligned(local, 16);
  std::memset(local, (int)x, sizeof local);
  if (++steps % 3 == 0) throw error{x};
  return x + local[5];
}
static long (*volatile call)(long, char *, long) = callee;
'''
ARGS = 'long a, double b, int c, long d, long e, long f, long g, long h, long i, double j'
VALUES = '%d, 2.5, -3, 4, 5, 6, 7, 8, %d, 0.25'


def function(n, align, dynamic, stack, by_value, catches, tail):
    """Function number n: its text."""
    params = (ARGS if stack else 'long a') + (', big s, wide w' if by_value else '')
    body = ['  long sum = a;']
    if align:
        body += ['  alignas(%d) char buffer[%d];' % (align, align + 40), '  aligned(buffer, %d);' % align]
    else:
        body += ['  char buffer[48];']
    body += ['  for (int k = 0; k < 40; k++) buffer[k] = (char)(a + k);']
    if dynamic:
        body += ['  char *more = (char *)__builtin_alloca_with_align((unsigned long)(a & 63) * 97 + 41, %d);' % (512 if align else 128),
                 '  aligned(more, %d);' % (64 if align else 16),
                 '  for (int k = 0; k < 40; k++) more[k] = (char)(a + k);']
    memory = 'more' if dynamic else 'buffer'
    if stack:
        body += ['  sum += (long)(b * 4) + c * 3 + d + e + f + g + h * 2 + i + (long)(j * 8);']
    if by_value:
        body += ['  aligned(&w, 64);', '  sum += s.v[4] * 3 + w.v[7];', '  s.v[4] = sum;']
    if catches:
        body += ['  try {', '    sum += call(a, %s, 40);' % memory, '  } catch (error &x) {', '    sum += x.code * 5;',
                 '    check(buffer[39] == (char)(a + 39), %d);' % n, '  }']
    else:
        body += ['  sum += call(a, %s, 40);' % memory]
    body += ['  for (int k = 0; k < 40; k++) check(buffer[k] == (char)(a + k) && %s[k] == buffer[k], %d);' % (memory, n)]
    if by_value:
        body += ['  sum += s.v[4] - w.v[0];']
    again = 'a - 1' + (', b + 1, c, e, d, f, g, h, i + 1, j' if stack else '')
    if tail and not by_value:
        body += ['  total += sum;', '  if (a > 0) [[clang::musttail]] return f%d(%s);' % (n, again)]
    body += ['  return sum;']
    return 'CALLED static long f%d(%s) {\n%s\n}\n' % (n, params, '\n'.join(body))


def program(every):
    text, calls = [BEGIN, 'static long total, r;\nstatic big s = {{1, 2, 3, 4, 5}};\n'
                   'static wide w = {{9, 8, 7, 6, 5, 4, 3, 2}};\n'], []
    combinations = itertools.product((0, 16, 32, 4096), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1))
    for n, (align, dynamic, stack, by_value, catches, tail) in enumerate(combinations):
        if (tail and by_value) or (not every and n % 2 == 1 and not tail):
            continue
        text.append(function(n, align, dynamic, stack, by_value, catches, tail))
        args = (VALUES % (n % 50, n) if stack else str(n % 50)) + (', s, w' if by_value else '')
        text.append('static void t%d() { r = f%d(%s); }\n' % (n, n, args))
        calls.append('    try { misalign(t%d); } catch (error &x) { r = -x.code; }\n'
                     '    std::printf("%d %%ld %%ld\\n", r, total);\n' % (n, n))
    text.append('int main() {\n'
                '  for (int round = 0; round < 3; round++) {\n%s  }\n  return bad != 0;\n}\n' % ''.join(calls))
    return ''.join(text)


WAYS = {'x86_64': ((), ('-fstack-clash-protection', '-fstack-protector-strong'),
                   ('-fcf-protection=branch', '-fstack-protector-all'), ('-DREALIGN',),
                   ('-DREALIGN', '-fomit-frame-pointer', '-fstack-clash-protection',
                    '-fstack-protector-strong')),
        'aarch64': ((), ('-fstack-clash-protection', '-fstack-protector-strong'),
                    ('-mbranch-protection=standard', '-fstack-clash-protection'))}


def check(h, source, level, flags, seed, want):
    label = '%s%s%d' % (level, ''.join(f.replace('=', '') for f in flags), seed)
    bc = h.bitcode(source, h.path(label + '.bc'), (level, '-fPIC', *flags))
    made = h.kiln_object(bc, h.path(label + '.o'), ['--stress=%d' % seed] if seed else [])
    status, out = h.run([h.link([made], h.path(label), ('-lstdc++',), mold=False)], check=False)[:2]
    name = 'frames %s %s, seed %d' % (level, ' '.join(flags), seed)
    if status == 0 and out == want:
        h.ok(name)
    else:
        differ = [pair for pair in itertools.zip_longest(out.splitlines(), want.splitlines()) if pair[0] != pair[1]]
        h.fail(name, 'status %d\n%s' % (status, '\n'.join('%s, wanted %s' % pair for pair in differ[:10])))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--all', action='store_true', help='all combinations, also at -O1, with seeds')
    h = harness.Harness(p.parse_args())
    source = h.write('frames.cpp', program(h.args.all))
    theirs = h.clang_object(source, h.path('clang.o'), ('-O0', '-fPIC'))
    status, want = h.run([h.link([theirs], h.path('clang'), ('-lstdc++',), mold=False)])[:2]
    ways = [('-O0', flags, 0) for flags in WAYS[h.args.target]]
    if h.args.all:
        ways += [(level, flags, seed) for level in ('-O0', '-O1') for flags in WAYS[h.args.target] for seed in (0, 1, 2)]
    h.each(lambda v: check(h, source, *v, want), ways)
    h.finish()


if __name__ == '__main__':
    main()
