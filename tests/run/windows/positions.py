#!/usr/bin/env python3
"""Arguments and results of LLVM's own types on Windows, which C compilers pass otherwise, but rustc as they are: an i128
takes two positions, of which the first may be the last register, and the second the first slot of the stack; an
x86_fp80 is passed by its address. A third of the functions have System V's convention. Random signatures; callers and
callees are each compiled by Kiln and by LLVM and linked in all four ways.

    positions.py --kiln=build/kiln [--count=N] [--seed=S]
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import wine  # noqa: E402

TYPES = ['i128', 'i128', 'i64', 'i32', 'double', 'ptr', 'x86_fp80']
SYSV_DOUBLES = 5 # what Kiln has registers for
HEAD = 'target triple = "%s"\n' % wine.CLANG_TARGET


def value(r, t):
    """A constant of the type."""
    if t == 'double': return '%.1f' % r.randint(-1000, 1000)
    if t == 'x86_fp80': return '0xK%s' % r.choice(['3FFF8000000000000000', '4000C000000000000000', 'BFFE8000000000000001'])
    if t == 'ptr': return 'inttoptr (i64 %d to ptr)' % r.getrandbits(47)
    return str(r.getrandbits(int(t[1:])))


class Signature:
    def __init__(self, seed, n):
        r = random.Random(seed * 1000003 + n)
        self.n = n
        self.params = [r.choice(TYPES) for _ in range(r.randint(1, 8))]
        if n < 8: self.params = ['i64'] * n + ['i128', 'i64', 'i128'] # each position
        self.values = [value(r, t) for t in self.params]
        self.result = r.choice(['i128', 'i64', 'double', 'x86_fp80'])
        sysv = r.random() < 1 / 3 and self.params.count('double') <= SYSV_DOUBLES
        self.convention = 'x86_64_sysvcc ' if sysv else ''
        self.returned = value(r, self.result)

    def head(self, names):
        return '%s%s @f%d(%s)' % (self.convention, self.result, self.n, ', '.join(
            t + (' %%a%d' % k if names else '') for k, t in enumerate(self.params)))

    def check(self, t, name, want, k):
        """Counts in @wrong if a value is not what is wanted; the text, and names of its own by k."""
        compare = 'fcmp une' if t in ('double', 'x86_fp80') else 'icmp ne'
        return ('  %%c%s = %s %s %s, %s\n  %%z%s = zext i1 %%c%s to i32\n  %%l%s = load i32, ptr @wrong\n'
                '  %%n%s = add i32 %%l%s, %%z%s\n  store i32 %%n%s, ptr @wrong\n') % (
                    k, compare, t, name, want, k, k, k, k, k, k, k)

    def callee(self):
        checks = ''.join(self.check(t, '%%a%d' % k, v, k) for k, (t, v) in enumerate(zip(self.params, self.values)))
        return 'define %s {\n%s  ret %s %s\n}\n' % (self.head(True), checks, self.result, self.returned)

    def caller(self):
        args = ', '.join('%s %s' % (t, v) for t, v in zip(self.params, self.values))
        # once with constants, once with values that are computed
        text, words = '', []
        for k, (t, v) in enumerate(zip(self.params, self.values)):
            text += '  %%p%d = alloca %s\n  store volatile %s %s, ptr %%p%d\n  %%v%d = load volatile %s, ptr %%p%d\n' % (k, t, t, v, k, k, t, k)
            words.append('%s %%v%d' % (t, k))
        for way, given in ('x', args), ('y', ', '.join(words)):
            text += '  %%r%s = call %s%s @f%d(%s)\n' % (way, self.convention, self.result, self.n, given)
            text += self.check(self.result, '%r' + way, self.returned, way)
        return 'declare %s\ndefine void @c%d() {\n%s  ret void\n}\n' % (self.head(False), self.n, text)


def main_function(signatures):
    text = 'define i32 @main() {\n'
    for s in signatures:
        text += ('  store i32 0, ptr @wrong\n  call void @c%d()\n  %%w%d = load i32, ptr @wrong\n'
                 '  call i32 (ptr, ...) @printf(ptr @format, i32 %d, i32 %%w%d)\n') % (s.n, s.n, s.n, s.n)
    return ('@wrong = global i32 0\n@format = private constant [7 x i8] c"%d %d\\0A\\00"\ndeclare i32 @printf(ptr, ...)\n' + text +
            '  ret i32 0\n}\n')


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.set_defaults(target=wine.TARGET)
    p.add_argument('--count', type=int, default=60)
    p.add_argument('--seed', type=int, default=1)
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    signatures = [Signature(args.seed, n) for n in range(args.count)]
    h.write('callee.ll', HEAD + '@wrong = external global i32\n' + ''.join(s.callee() for s in signatures))
    h.write('caller.ll', HEAD + main_function(signatures) + ''.join(s.caller() for s in signatures))
    for half in 'caller', 'callee':
        h.run(['llvm-as-22', h.path(half + '.ll'), '-o', h.path(half + '.bc')])
        h.kiln_object(h.path(half + '.bc'), h.path(half + '.kiln.o'), ['--verify'])
        h.kiln_object(h.path(half + '.bc'), h.path(half + '.stress.o'), ['--stress=%d' % args.seed])
        h.run(['llc-22', '-O0', '-filetype=obj', h.path(half + '.bc'), '-o', h.path(half + '.llvm.o')])

    def pair(p):
        objects = [h.path('%s.%s.o' % of) for of in zip(('caller', 'callee'), p)]
        out = h.run([h.link(objects, h.path('_'.join(p)))])[1].split()
        wrong = {int(n): w for n, w in zip(out[::2], out[1::2])}
        for s in signatures:
            what = 'caller %s, callee %s: %s' % (*p, s.head(False))
            if wrong.get(s.n) == '0': h.ok(what)
            else: h.fail(what, '%s values are wrong' % wrong.get(s.n))
    h.each(pair, [('kiln', 'llvm'), ('llvm', 'kiln'), ('kiln', 'kiln'), ('stress', 'stress')])
    h.finish()


if __name__ == '__main__':
    main()
