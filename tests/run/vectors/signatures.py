#!/usr/bin/env python3
"""Calls between Kiln's code and that of gcc and clang, over random signatures of vectors of 128, 256 and 512 bits among
integers, floats and structs by value: parameters, results and variadic arguments, by C's convention of x86-64 with AVX-512F.

    signatures.py --kiln=build/kiln [--seed=S] [--count=N] [--keep=DIR]

Where the processor has no AVX-512F, avx512.c does its moves.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HEAD = '''#include <stdarg.h>
#define V(name, type, bytes) typedef type name __attribute__((vector_size(bytes)))
V(i4, int, 16); V(d2, double, 16); V(i8, int, 32); V(d4, double, 32); V(i16, int, 64); V(d8, double, 64); V(c64, char, 64);
V(s32, short, 64); V(l8, long, 64); V(f16, float, 64);
struct s { long a, b, c; };
struct p { int a; double b; };
void fill(void *p, int n, int sig, int k);
void check(const void *p, int n, int sig, int k);
'''
MAIN = HEAD + '''#include <stdio.h>
static int bad, last;
static unsigned char at(int sig, int k, int i) { return (unsigned char)(sig * 37 + k * 101 + i * 29 + sig / 3); }
void fill(void *p, int n, int sig, int k) { for (int i = 0; i < n; i++) ((unsigned char *)p)[i] = at(sig, k, i); }
void check(const void *p, int n, int sig, int k) {
  for (int i = 0; i < n; i++)
    if (((const unsigned char *)p)[i] != at(sig, k, i)) {
      if (!bad++ || last != sig) printf("%%d ", sig);
      last = sig;
      return;
    }
}
%s
int main(void) {
%s  printf("%%s\\n", bad ? "bad" : "good");
  return 0;
}
'''
SCALARS = ['int', 'long', 'double', 'float', 'char']
NARROW, WIDE = ['i4', 'd2', 'i8', 'd4'], ['i16', 'd8', 'c64', 's32', 'l8', 'f16']
LOOSE = ['int', 'long', 'double', 'i4', 'd4', 'i8', 'i16', 'd8', 'f16']
BATCH = 250
PAIRS = [('kiln', 'gcc'), ('gcc', 'kiln'), ('kiln', 'clang'), ('clang', 'kiln'), ('stress', 'gcc'), ('gcc', 'stress'),
         ('gcc', 'clang')]


def signature(rng, n):
    """The text of a callee, and that of its caller."""
    kinds = [rng.choice(rng.choice([SCALARS, SCALARS, NARROW, WIDE, WIDE, ['struct s', 'struct p', '__int128']]))
             for _ in range(rng.randrange(1, 13))]
    result = rng.choice(['void', 'int', 'double', 'i4', 'd4', *WIDE])
    loose = [rng.choice(LOOSE) for _ in range(rng.randrange(1, 9))] if rng.random() < 0.2 else []
    if loose: kinds = [rng.choice(SCALARS[:3]) for _ in range(rng.randrange(1, 8))]
    head = '%s call_of%d(%s%s)' % (result, n, ', '.join('%s a%d' % (t, k) for k, t in enumerate(kinds)), ', ...' if loose else '')
    callee = [head + ' {']
    size = lambda t, name: 'sizeof %s' % name if t != 'struct p' else '4'
    callee += ['  check(&a%d, %s, %d, %d);' % (k, size(t, 'a%d' % k), n, k) for k, t in enumerate(kinds)]
    callee += ['  check(&a%d.b, 8, %d, %d);' % (k, n, k + 40) for k, t in enumerate(kinds) if t == 'struct p']
    if loose:
        callee += ['  va_list v;', '  va_start(v, a%d);' % (len(kinds) - 1)]
        for k, t in enumerate(loose):
            callee.append('  { %s x = va_arg(v, %s); check(&x, sizeof x, %d, %d); }' % (t, t, n, 20 + k))
        callee.append('  va_end(v);')
    if result != 'void': callee += ['  %s r;' % result, '  fill(&r, sizeof r, %d, 19);' % n, '  return r;']
    caller = ['%s;' % head, 'void call%d(void) {' % n]
    every = [*enumerate(kinds), *((20 + k, t) for k, t in enumerate(loose))]
    for k, t in every:
        caller.append('  %s x%d; fill(&x%d, %s, %d, %d);' % (t, k, k, size(t, 'x%d' % k), n, k))
        if t == 'struct p': caller.append('  fill(&x%d.b, 8, %d, %d);' % (k, n, k + 40))
    call = 'call_of%d(%s)' % (n, ', '.join('x%d' % k for k, _ in every))
    caller.append('  %s;' % call if result == 'void' else '  %s r = %s;\n  check(&r, sizeof r, %d, 19);' % (result, call, n))
    return '\n'.join(callee + ['}']), '\n'.join(caller + ['}'])


def batch(h, seed, first, count, emulated):
    rng = random.Random('%d %d' % (seed, first))
    texts = [signature(rng, n) for n in range(first, first + count)]
    base, objects = h.path('b%d' % first), {}
    flags = ('-O0', '-mavx512f', '-Wno-psabi')
    for half, part in (('callee', 0), ('caller', 1)):
        c = h.write('b%d.%s.c' % (first, half), HEAD + '\n'.join(t[part] for t in texts) + '\n')
        bc = h.bitcode(c, base + half + '.bc', ('-O0', '-mavx512f'))
        for by in 'gcc', 'clang', 'kiln', 'stress':
            o = objects[half, by] = '%s.%s.%s.o' % (base, half, by)
            if by == 'gcc': h.gcc_object(c, o, flags)
            elif by == 'clang': h.clang_object(c, o, ('-O0', '-mavx512f'))
            else: h.kiln_object(bc, o, ['--stress=%d' % (first + 1)] if by == 'stress' else [])
    numbers = range(first, first + count)
    main = h.write('b%d.c' % first, MAIN % ('\n'.join('void call%d(void);' % n for n in numbers),
                                            ''.join('  call%d();\n' % n for n in numbers)))
    h.gcc_object(main, base + '.main.o', ['-O2']) # avx512.c steps through it
    for caller, callee in PAIRS:
        exe = h.link([base + '.main.o', objects['caller', caller], objects['callee', callee], *emulated], base + caller + callee)
        status, out, err = h.run([exe], check=False, timeout=300)
        what = '%s calls %s: signatures %d to %d' % (caller, callee, first, first + count - 1)
        if status == 0 and out == 'good\n': h.ok(what)
        else: h.fail(what, 'status %d: %s %s' % (status, out[:300], err[:300]))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=100)
    o = harness.sampled(p.parse_args())
    h = harness.Harness(o)
    with open('/proc/cpuinfo') as f: here = f.read()
    if ' avx2 ' not in here:
        print('1..0 # SKIP no AVX2 here')
        return
    emulated = []
    if ' avx512f ' not in here:
        emulated = [h.path('avx512.o')]
        h.run(['gcc', '-O1', '-w', '-c', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'avx512.c'), '-o', *emulated])
    h.each(lambda first: batch(h, o.seed, first, min(BATCH, o.count - first), emulated), list(range(0, o.count, BATCH)))
    h.finish()


if __name__ == '__main__':
    main()
