#!/usr/bin/env python3
"""Random programs of vectors: LLVM IR over every length and type of lanes and every operation, with special values,
compiled by kiln and by clang -O0; both print the same.

usage: vectors.py --kiln=KILN [--clang=clang-22] [--target=x86_64|aarch64] [--first=1] [--count=20] [--batch=1]
                  [--tap] [--keep=DIR]

--batch=N compiles N programs at once, which is faster; each is compiled alone if that fails or differs. Programs that
clang itself does not compile are counted apart; more than one in a hundred of them are a failure.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

INTS = {'i8': 8, 'i16': 16, 'i32': 32, 'i64': 64, 'i128': 128}
FLOATS = {'half': 16, 'float': 32, 'double': 64}
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 16, 17, 32]
ICMP = ['eq', 'ne', 'ugt', 'uge', 'ult', 'ule', 'sgt', 'sge', 'slt', 'sle']
FCMP = ['oeq', 'ogt', 'oge', 'olt', 'ole', 'one', 'ord', 'ueq', 'ugt', 'uge', 'ult', 'ule', 'une', 'uno']
SUFFIX = {'half': 'f16', 'float': 'f32', 'double': 'f64'}
NAN = {'half': '0xH7E00', 'fp128': '0xL00000000000000007FFF800000000000'}


class Function:
    """One function: values of vectors, each of a length and type of lanes, made of memory and of one another."""

    def __init__(self, rng, number, declared):
        self.rng, self.number, self.declared = rng, number, declared
        self.lines, self.values, self.next, self.out = [], [], 0, 0

    def name(self):
        self.next += 1
        return '%%v%d' % self.next

    def add(self, text, n, t, keep=True):
        v = self.name()
        self.lines.append('  %s = %s' % (v, text))
        if keep:
            self.values.append((v, n, t))
        return v

    def type(self, n, t):
        return '<%d x %s>' % (n, t)

    def pick(self, n=None, t=None):
        fits = [v for v in self.values if (n is None or v[1] == n) and (t is None or v[2] == t)]
        if fits and self.rng.random() < 0.8:
            return self.rng.choice(fits)
        n = n or self.rng.choice(LENGTHS)
        t = t or self.rng.choice(list(INTS) + list(FLOATS) + ['i1'])
        return self.fresh(n, t)

    def fresh(self, n, t):
        if self.rng.random() < 0.25 and t not in FLOATS:
            bits = INTS.get(t, 1)
            c = ', '.join('%s %d' % (t, self.rng.choice([0, 1, -1, self.rng.getrandbits(bits)]) if t != 'i1'
                                     else self.rng.getrandbits(1)) for _ in range(n))
            c = c.replace('i1 0', 'i1 false').replace('i1 1', 'i1 true') if t == 'i1' else c
            v = self.name()
            self.lines.append('  %s = select i1 %%one, %s <%s>, %s zeroinitializer'
                              % (v, self.type(n, t), c, self.type(n, t)))
            self.values.append((v, n, t))
            return self.values[-1]
        if t == 'i1':  # in memory the bits after the last lane have to be zero, so none are loaded from there
            v = self.fresh(n, 'i8')[0]
            v = self.add('trunc %s %s to %s' % (self.type(n, 'i8'), v, self.type(n, t)), n, t, self.rng.random() < 0.5)
            if self.values[-1][0] != v:
                a = self.add('alloca %s' % self.type(n, t), 0, 'ptr', False)
                self.lines.append('  store %s %s, ptr %s, align 1' % (self.type(n, t), v, a))
                self.add('load %s, ptr %s, align 1' % (self.type(n, t), a), n, t)
            return self.values[-1]
        at = self.rng.randrange(0, 256)
        a = self.add('getelementptr i8, ptr %%in, i64 %d' % at, 0, 'ptr', False)
        self.add('load %s, ptr %s, align 1' % (self.type(n, t), a), n, t)
        if t in FLOATS:
            self.canonical()
        return self.values[-1]

    def canonical(self):
        """The payload of a NaN is not specified: the newest value, of floats, gets one NaN."""
        v, n, t = self.values.pop()
        ty = self.type(n, t)
        m = self.add('fcmp uno %s %s, %s' % (ty, v, v), n, 'i1', False)
        nan = ', '.join('%s %s' % (t, NAN.get(t, '0x7FF8000000000000')) for _ in range(n))
        self.add('select <%d x i1> %s, %s <%s>, %s %s' % (n, m, ty, nan, ty, v), n, t)

    def call(self, name, result, args):
        self.declared['@llvm.' + name] = 'declare %s @llvm.%s(%s)' % (
            result, name, ', '.join(a.rsplit(' ', 1)[0] if not a.startswith('<') else a[:a.index('>') + 1] for a in args))
        return 'call %s @llvm.%s(%s)' % (result, name, ', '.join(args))

    def product(self):
        """Factors that were extended: their product takes instructions of its own."""
        rng, n, small = self.rng, self.rng.choice(LENGTHS), self.rng.choice(['i8', 'i16', 'i32'])
        wide = rng.choice([t for t in INTS if INTS[t] > INTS[small]])
        factors = []
        for k in range(2):
            if k and rng.random() < 0.4:
                c = rng.choice([3, 77, 255, -2, 32767, 65535]) % (1 << INTS[wide])
                factors.append('<%s>' % ', '.join('%s %d' % (wide, c) for _ in range(n)))
                continue
            v = self.pick(n, small)[0]
            factors.append(self.add('%s %s %s to %s' % (rng.choice(['zext', 'zext', 'sext']), self.type(n, small), v,
                                                         self.type(n, wide)), n, wide, rng.random() < 0.3))
        self.add('mul %s %s, %s' % (self.type(n, wide), factors[0], factors[1]), n, wide)

    def bytes_one_by_one(self):
        v, n, t = self.pick(t='i8')
        for k in sorted(self.rng.sample(range(n), self.rng.randrange(1, n + 1)), reverse=self.rng.random() < 0.2):
            w = self.pick(t='i8')
            e = self.add('extractelement %s %s, i32 %d' % (self.type(w[1], t), w[0], self.rng.randrange(w[1])), 0, t, False)
            v = self.add('insertelement %s %s, %s %s, i32 %d' % (self.type(n, t), v, t, e, k), n, t, False)
        self.values.append((v, n, t))

    def step(self):
        rng = self.rng
        v, n, t = self.pick()
        ty = self.type(n, t)
        kind = rng.randrange(15)
        if kind <= 3 and t != 'i1':
            w = self.pick(n, t)[0]
            if t in FLOATS:
                self.add('%s %s %s, %s' % (rng.choice(['fadd', 'fsub', 'fmul', 'fdiv']), ty, v, w), n, t)
                self.canonical()
                return
            op = rng.choice(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr', 'udiv', 'srem', 'sdiv',
                             'urem', 'shlc', 'lshrc', 'ashrc'])
            bits = INTS[t]
            if op[-1] == 'c' and op != 'lc':
                k = rng.randrange(bits)
                w, op = '<%s>' % ', '.join('%s %d' % (t, k) for _ in range(n)), op[:-1]
            elif op in ('shl', 'lshr', 'ashr'):
                w = self.add('and %s %s, <%s>' % (ty, w, ', '.join('%s %d' % (t, bits - 1) for _ in range(n))), n, t,
                             False)
            elif op in ('udiv', 'srem', 'sdiv', 'urem'):
                m = self.add('and %s %s, <%s>' % (ty, w, ', '.join('%s 63' % t for _ in range(n))), n, t, False)
                w = self.add('or %s %s, <%s>' % (ty, m, ', '.join('%s 1' % t for _ in range(n))), n, t, False)
            self.add('%s %s %s, %s' % (op, ty, v, w), n, t)
        elif kind <= 3:
            self.add('%s %s %s, %s' % (rng.choice(['and', 'or', 'xor', 'add']), ty, v, self.pick(n, t)[0]), n, t)
        elif kind == 4:
            w = self.pick(n, t)[0]
            if t in FLOATS:
                self.add('fcmp %s %s %s, %s' % (rng.choice(FCMP), ty, v, w), n, 'i1')
            else:
                self.add('icmp %s %s %s, %s' % (rng.choice(ICMP), ty, v, w), n, 'i1')
        elif kind == 5:
            c, w = self.pick(n, 'i1')[0], self.pick(n, t)[0]
            self.add('select <%d x i1> %s, %s %s, %s %s' % (n, c, ty, v, ty, w), n, t)
        elif kind == 6:
            w, m = self.pick(n, t)[0], rng.choice(LENGTHS)
            mask = ', '.join('i32 %d' % rng.randrange(2 * n) for _ in range(m))
            if rng.random() < 0.4:  # an order as loops and casts have it
                first, step = rng.choice([(0, 1), (1, 2), (0, 2), (n, 1), (n // 2, 1), (rng.randrange(8), 4),
                                          (rng.randrange(8), 8), (rng.randrange(n), 1)])
                mask = ', '.join('i32 %d' % ((first + k * step) % (2 * n)) for k in range(m))
                if rng.random() < 0.3:  # lanes of both in turn, or the reverse order
                    mask = ', '.join('i32 %d' % rng.choice([k // 2 % n + k % 2 * n, n - 1 - k % n]) for k in range(m))
            self.add('shufflevector %s %s, %s %s, <%d x i32> <%s>' % (ty, v, ty, w, m, mask), m, t)
        elif kind == 7:
            self.cast(v, n, t)
        elif kind == 8:
            k = rng.randrange(n)
            index = 'i32 %d' % k
            if rng.random() < 0.3:
                i = self.add('urem i64 %%k, %d' % n, 0, 'i64', False)
                index = 'i64 ' + i
            e = self.add('extractelement %s %s, %s' % (ty, v, index), 0, t, False)
            w = self.pick(n, t)[0]
            self.add('insertelement %s %s, %s %s, i32 %d' % (ty, w, t, e, rng.randrange(n)), n, t)
        elif kind == 9:
            self.intrinsic(v, n, t)
        elif kind == 12:
            self.product()
        elif kind == 13:
            self.bytes_one_by_one()
        elif kind == 14:
            self.lanes(v, n, t)
        elif kind == 10 and n > 1 and t not in FLOATS:
            op = rng.choice(['and', 'or', 'xor'] if t == 'i1' else
                            ['add', 'and', 'mul', 'or', 'smax', 'smin', 'umax', 'umin', 'xor'])
            e = self.add(self.call('vector.reduce.%s.v%d%s' % (op, n, t), t, ['%s %s' % (ty, v)]), 0, t, False)
            self.add('insertelement %s %s, %s %s, i32 0' % (ty, v, t, e), n, t)
        else:
            self.store(v, n, t)

    def cast(self, v, n, t):
        rng, ty = self.rng, self.type(n, t)
        if t == 'i1':
            to = rng.choice(list(INTS))
            self.add('%s %s %s to %s' % (rng.choice(['zext', 'sext']), ty, v, self.type(n, to)), n, to)
        elif t in INTS:
            to = rng.choice(list(INTS) + list(FLOATS) + ['i1', 'bits', 'there and back'])
            if to == 'there and back':
                sign, f, i = rng.choice('su'), rng.choice(list(FLOATS)), rng.choice(list(INTS))
                if t != 'i8':
                    v = self.add('trunc %s %s to %s' % (ty, v, self.type(n, 'i8')), n, 'i8', False)
                v = self.add('%sitofp %s %s to %s' % (sign, self.type(n, 'i8'), v, self.type(n, f)), n, f, False)
                self.add('fpto%si %s %s to %s' % (sign, self.type(n, f), v, self.type(n, i)), n, i)
            elif to == 'bits':
                total = n * INTS[t]
                other = rng.choice([u for u in INTS if total % INTS[u] == 0])
                m = total // INTS[other]
                if m <= 64:
                    self.add('bitcast %s %s to %s' % (ty, v, self.type(m, other)), m, other)
            elif to in FLOATS:
                self.add('%s %s %s to %s' % (rng.choice(['sitofp', 'uitofp']), ty, v, self.type(n, to)), n, to)
            elif to == 'i1' or INTS[to] < INTS[t]:
                self.add('trunc %s %s to %s' % (ty, v, self.type(n, to)), n, to)
            elif INTS[to] > INTS[t]:
                self.add('%s %s %s to %s' % (rng.choice(['zext', 'sext']), ty, v, self.type(n, to)), n, to)
        else:
            to = rng.choice(['half', 'float', 'double', 'i32', 'i64'])
            if to in INTS:
                op = rng.choice(['fptosi', 'fptoui'])
                self.add(self.call('%s.sat.v%d%s.v%d%s' % (op, n, to, n, SUFFIX[t]), self.type(n, to),
                                   ['%s %s' % (ty, v)]), n, to)
            elif to != t:
                self.add('%s %s %s to %s' % ('fpext' if FLOATS[to] > FLOATS[t] else 'fptrunc', ty, v, self.type(n, to)), n, to)
                self.canonical()

    def intrinsic(self, v, n, t):
        rng, ty = self.rng, self.type(n, t)
        if t in INTS:
            name = rng.choice(['smin', 'smax', 'umin', 'umax', 'sadd.sat', 'usub.sat', 'ctpop', 'fshl', 'abs'])
            args = ['%s %s' % (ty, v)]
            if name == 'abs':
                args.append('i1 false')
            elif name != 'ctpop':
                args += ['%s %s' % (ty, self.pick(n, t)[0]) for _ in range(2 if name == 'fshl' else 1)]
                if name == 'fshl' and rng.random() < 0.5:
                    name, by = rng.choice(['fshl', 'fshr']), rng.randrange(2 * INTS[t])
                    args[2] = '%s <%s>' % (ty, ', '.join('%s %d' % (t, by) for _ in range(n)))
            self.add(self.call('%s.v%d%s' % (name, n, t), ty, args), n, t)
        elif t in FLOATS:
            name = rng.choice(['fabs', 'sqrt', 'floor', 'copysign'])
            args = ['%s %s' % (ty, v)] + (['%s %s' % (ty, self.pick(n, t)[0])] if name == 'copysign' else [])
            self.add(self.call('%s.v%d%s' % (name, n, SUFFIX[t]), ty, args), n, t)
            self.canonical()

    def lanes(self, v, n, t):
        """Intrinsics that move lanes, or count them."""
        rng, ty, of = self.rng, self.type(n, t), SUFFIX.get(t, t)
        kind = rng.choice(['reverse', 'splice', 'interleave', 'deinterleave', 'step', 'mask', 'fixed'])
        if (n == 1 or n & (n - 1)) and kind not in ('mask', 'fixed'):  # for others LLVM has not all of these
            n = rng.choice([4, 8, 16, 32])
            v, ty = self.pick(n, t)[0], self.type(n, t)
        if kind == 'reverse':
            self.add(self.call('vector.reverse.v%d%s' % (n, of), ty, ['%s %s' % (ty, v)]), n, t)
        elif kind == 'splice':
            self.add(self.call('vector.splice.%s.v%d%s' % (rng.choice(['left', 'right']), n, of), ty,
                               ['%s %s' % (ty, v), '%s %s' % (ty, self.pick(n, t)[0]), 'i32 %d' % rng.randrange(n)]), n, t)
        elif kind == 'interleave':
            args = ['%s %s' % (ty, w) for w in (v, self.pick(n, t)[0])]
            self.add(self.call('vector.interleave2.v%d%s' % (2 * n, of), self.type(2 * n, t), args), 2 * n, t)
        elif kind == 'deinterleave':
            part = self.type(n // 2, t)
            w = self.add(self.call('vector.deinterleave2.v%d%s' % (n, of), '{%s, %s}' % (part, part), ['%s %s' % (ty, v)]), 0, '', False)
            for i in rng.sample(range(2), 2):
                self.add('extractvalue {%s, %s} %s, %d' % (part, part, w, i), n // 2, t)
        elif kind == 'step' and t in INTS:
            w = self.add(self.call('stepvector.v%d%s' % (n, of), ty, []), n, t, False)
            self.add('xor %s %s, %s' % (ty, v, w), n, t)
        elif kind == 'mask':
            i = rng.choice(['i32', 'i64'])
            end = self.add('add i64 %%k, %d' % rng.choice([0, 1, n - 1, n, -1, 7]), 0, 'i64', False)
            start = self.add('sub i64 %%k, %d' % rng.choice([0, n, 3]), 0, 'i64', False)
            if i == 'i32':
                end, start = (self.add('trunc i64 %s to i32' % w, 0, i, False) for w in (end, start))
            if rng.random() < 0.2:
                start, end = '-2', '-1'  # the lanes' numbers do not wrap
            self.add(self.call('get.active.lane.mask.v%di1.%s' % (n, i), self.type(n, 'i1'),
                               ['%s %s' % (i, start), '%s %s' % (i, end)]), n, 'i1')
        elif kind == 'fixed' and t in INTS:
            name, scale = rng.choice(['smul.fix', 'smul.fix.sat', 'umul.fix', 'umul.fix.sat']), rng.randrange(INTS[t])
            self.add(self.call('%s.v%d%s' % (name, n, of), ty, ['%s %s' % (ty, v), '%s %s' % (ty, self.pick(n, t)[0]),
                                                                'i32 %d' % (rng.choice([0, scale]) if t != 'i128' else 0)]), n, t)

    def store(self, v, n, t):
        a = self.add('getelementptr i8, ptr %%out, i64 %d' % self.out, 0, 'ptr', False)
        if t == 'i1':
            t = 'i8'
            v = self.add('zext <%d x i1> %s to %s' % (n, v, self.type(n, t)), n, t, False)
        self.lines.append('  store %s %s, ptr %s, align 1' % (self.type(n, t), v, a))
        self.out += (n * {**INTS, **FLOATS}[t] + 7) // 8

    def text(self):
        for _ in range(14):
            if self.out < 3000:
                self.step()
        for v, n, t in self.values[-6:]:
            if self.out < 3800:
                self.store(v, n, t)
        return 'define void @f%s(ptr %%in, ptr %%out, i64 %%k, i1 %%one) #%d {\n%s\n  ret void\n}\n' % (
            self.number, int(self.number[-1]) % 2, '\n'.join(self.lines))


MAIN = '''
#include <stdio.h>
#include <string.h>
%s
int main(void) {
  static unsigned char in[1024], out[8192];
  static const unsigned char special[] = {0, 255, 128, 127, 1, 0x7f, 0xf0, 0x3f, 0x80};
  unsigned long long s = %dULL;
  for (int run = 0; run < 3; run++) {
    for (int i = 0; i < 1024; i++) {
      s = s * 6364136223846793005ULL + 1442695040888963407ULL;
      in[i] = run == 0 ? s >> 56 : run == 1 ? special[(s >> 33) %% 9] : (i & 3) == 3 ? 0x3f : s >> 50;
    }
    %s
  }
}
'''
CALL = '''memset(out, 0, sizeof out); f%s(in, out, s >> 40, 1);
    { unsigned long long h = 0; for (int i = 0; i < 8192; i++) h = h * 31 + out[i]; printf("%s %%d %%llx\\n", run, h); }
    '''


NO_CLANG = 'clang fails'


def features_of(o):
    """Every other function may use what this processor has beyond the baseline."""
    if o.target == 'aarch64':
        return '"target-features"="+fullfp16"'
    with open('/proc/cpuinfo') as f:
        here = f.read()
    return '"target-features"="+avx2,+fma,+f16c"' if all(' %s ' % k in here for k in ('avx2', 'fma', 'f16c')) else ''


def program(seeds, features, functions=4):
    """The programs of these seeds in one module: functions fSEED_NUMBER, and a main that calls all."""
    bodies, names, declared = [], [], {}
    for seed in seeds:
        rng = random.Random(seed)
        for k in range(functions):
            names.append('%d_%d' % (seed, k))
            bodies.append(Function(rng, names[-1], declared).text())
    c = MAIN % ('\n'.join('void f%s(void *, void *, unsigned long, _Bool);' % k for k in names), seeds[0],
                ''.join(CALL % (k, k) for k in names))
    attributes = ['attributes #0 = { nounwind }', 'attributes #1 = { nounwind %s }' % features]
    return '\n'.join(bodies + list(declared.values()) + attributes) + '\n', c


def test(o, seeds, where):
    ll, c = program(seeds, features_of(o))
    base = os.path.join(where, 'v%d' % seeds[0])
    with open(base + '.ll', 'w') as f:
        f.write(ll)
    with open(base + '.c', 'w') as f:
        f.write(c)
    arm = o.target == 'aarch64'
    triple = ['--target=aarch64-linux-gnu'] if arm else []
    cc = ['aarch64-linux-gnu-gcc', '-static'] if arm else ['gcc']

    def do(*command):
        r = subprocess.run(command, capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError('%s: %s' % (command[0], (r.stderr or r.stdout).strip()[-300:]))
        return r.stdout
    # of some programs clang takes all memory that there is
    by_clang = ['prlimit', '--as=%d' % (8 << 30), o.clang, *triple, '-w', '-O0', '-c', '-fno-crash-diagnostics']
    try:
        try:
            do(*by_clang, '-emit-llvm', base + '.ll', '-o', base + '.bc')
            do(*by_clang, base + '.bc', '-o', base + '.ref.o')
        except RuntimeError:
            return NO_CLANG
        do(o.kiln, 'compile', '--target=' + o.target, base + '.bc', '-o', base + '.o')
        harness.same_by_others(harness.other_builds(), ['compile', '--target=' + o.target], base + '.bc', base + '.o')
        do(*cc, '-w', '-c', base + '.c', '-o', base + '.main.o')
        out = []
        for obj in ('.ref.o', '.o'):
            do(*cc, '-w', base + '.main.o', base + obj, '-lm', '-o', base + '.exe')
            out.append(do(*(['qemu-aarch64'] if arm else []), base + '.exe'))
    except (RuntimeError, harness.Failure) as e:
        return str(e)
    finally:
        if not o.keep or len(seeds) > 1:
            for end in ('.ll', '.c', '.bc', '.ref.o', '.o', '.main.o', '.exe'):
                if os.path.exists(base + end):
                    os.remove(base + end)
    if out[0] == out[1]:
        return None
    return 'clang and kiln differ: ' + ', '.join(
        a for a, b in zip(out[0].split('\n'), out[1].split('\n')) if a != b)[:200]


def wide(o, where):
    """Callers and callees with vectors of 256 bits, one by clang and one by kiln; None if they do the same."""
    source, base = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'wide.c'), os.path.join(where, 'wide')

    def do(*command):
        r = subprocess.run(command, capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError('%s: %s' % (command[0], (r.stderr or r.stdout).strip()[-300:]))
        return r.stdout
    try:
        for part, define in (('main', ['-DMAIN']), ('rest', [])):
            do(o.clang, '-w', '-O1', '-mavx2', '-c', '-emit-llvm', *define, source, '-o', base + part + '.bc')
            do(o.clang, '-w', '-O0', '-c', base + part + '.bc', '-o', base + part + 'clang.o')
            do(o.kiln, 'compile', base + part + '.bc', '-o', base + part + 'kiln.o')
        out = {}
        for main, rest in (('clang', 'clang'), ('kiln', 'clang'), ('clang', 'kiln')):
            do('gcc', base + 'main' + main + '.o', base + 'rest' + rest + '.o', '-o', base + '.exe')
            out[main, rest] = do(base + '.exe')
    except RuntimeError as e:
        return str(e)
    return None if len(set(out.values())) == 1 else 'they differ: %s' % out


cases = [0]


def case(good, name, why):
    """A line of TAP, which a campaign prints for what fails alone."""
    cases[0] += 1
    print('%s %d - %s' % ('ok' if good else 'not ok', cases[0], name), flush=True)
    if why:
        print('# ' + why.replace('\n', '\n# '), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--kiln', required=True)
    p.add_argument('--clang', default='clang-22')
    p.add_argument('--target', default='x86_64')
    p.add_argument('--first', type=int, default=1)
    p.add_argument('--count', type=int, default=20)
    p.add_argument('--batch', type=int, default=1)
    p.add_argument('--tap', action='store_true')
    p.add_argument('--fp128', action='store_true', help='lanes of that type, too: other programs')
    p.add_argument('--keep')
    o = harness.sampled(p.parse_args())
    if o.fp128:
        FLOATS['fp128'], SUFFIX['fp128'] = 128, 'f128'
    failed, skipped = 0, []
    tools = [o.clang] + (['aarch64-linux-gnu-gcc', 'qemu-aarch64'] if o.target == 'aarch64' else [])
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and o.tap:
        print('1..0 # SKIP no ' + missing[0])
        return 0
    with tempfile.TemporaryDirectory() as work:
        where = o.keep or work
        os.makedirs(where, exist_ok=True)
        for first in range(o.first, o.first + o.count, o.batch):
            seeds = list(range(first, min(first + o.batch, o.first + o.count)))
            why = test(o, seeds, where)
            if why and len(seeds) > 1:
                each = [(seed, test(o, [seed], where)) for seed in seeds]
                if why != NO_CLANG and not any(why for _, why in each):
                    failed += 1
                    case(False, 'seeds %d to %d together' % (seeds[0], seeds[-1]), why)
            else:
                each = [(seed, why) for seed in seeds]
            for seed, why in each:
                if why == NO_CLANG: skipped.append(seed)
                else: failed += why is not None
                if o.tap or why not in (None, NO_CLANG):
                    case(not why, 'seed %d' % seed, why)
        both = o.target == 'x86_64' and features_of(o)
        why = wide(o, work) if o.tap and both else None
    # Those of the test are known to be compiled; of others clang fails on one in a thousand.
    if o.tap or len(skipped) * 100 > o.count:
        failed += len(skipped)
    if o.tap:
        case(not why, 'vectors of 256 bits as arguments' + ('' if both else ' # SKIP no AVX2 here, or another target'), why)
        print('1..%d' % cases[0])
        failed += why is not None
    else:
        print('%d programs, %d failed, %d not compiled by clang%s' % (
            o.count, failed, len(skipped), ': seeds %s' % ' '.join(map(str, skipped)) if skipped else ''))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
