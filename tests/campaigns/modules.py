#!/usr/bin/env python3
"""Random modules of LLVM IR, executed: functions over integers of many widths, floats, vectors and aggregates, with loops,
switches, selects and calls. What the program prints by Kiln's code, plain and with registers chosen at random, must be
what it prints by llc -O0. All operations are defined: shifts are masked, divisors are odd, floats are compared by bits
and are never NaN where bits are taken. The last line counts programs.

    modules.py --kiln=build/kiln [--count=N] [--seed=S] [--target=aarch64]
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
import harness  # noqa: E402

INTS = ['i1', 'i7', 'i8', 'i16', 'i24', 'i32', 'i37', 'i64', 'i100', 'i128']
FLOATS = ['float', 'double']
VECTORS = ['<4 x i32>', '<2 x i64>', '<8 x i16>', '<16 x i8>', '<3 x i32>', '<2 x float>', '<4 x float>', '<2 x double>', '<8 x i32>']
AGGREGATES = ['{i32, i64}', '{i8, double}', '[3 x i16]', '{i32, {i64, float}}']
PARTS = {'{i32, i64}': ['i32', 'i64'], '{i8, double}': ['i8', 'double'], '[3 x i16]': ['i16'] * 3,
         '{i32, {i64, float}}': ['i32', None]}


def lanes(t):
    n, _, e = t[1:-1].partition(' x ')
    return int(n), e


def bits(t):
    return int(t[1:])


class Function:
    """Writes one function. `values` are those that dominate what is written next."""

    def __init__(self, rng, number, made):
        self.rng, self.number, self.made = rng, number, made
        self.lines, self.n, self.values, self.block, self.depth = [], 0, {}, 'b0', 0

    def name(self):
        self.n += 1
        return '%%v%d' % self.n

    def put(self, text):
        self.lines.append('  ' + text)

    def add(self, t, text):
        v = self.name()
        self.put('%s = %s' % (v, text))
        self.values.setdefault(t, []).append(v)
        return v

    def constant(self, t):
        r = self.rng
        if t == 'i1': return r.choice(['true', 'false'])
        if t in INTS:
            n = bits(t)
            return str(r.choice([0, 1, -1, (1 << (n - 1)) - 1, -(1 << (n - 1)), r.randrange(-(1 << (n - 1)), 1 << (n - 1))]))
        if t in FLOATS: return r.choice(['0.0', '1.0', '-2.5', '0.125', '1048576.0', '-3.0'])
        if t in VECTORS:
            n, e = lanes(t)
            return '<%s>' % ', '.join('%s %s' % (e, self.constant(e)) for _ in range(n))
        return 'zeroinitializer'

    def value(self, t):
        known = self.values.get(t, [])
        if known and self.rng.random() < .8: return self.rng.choice(known[-6:] if self.rng.random() < .7 else known)
        return self.constant(t)

    # -- instructions --

    def integer(self, t):
        r, e = self.rng, lanes(t)[1] if t[0] == '<' else t
        op = r.choice(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr', 'udiv', 'urem', 'sdiv', 'srem'])
        a, b = self.value(t), self.value(t)
        splat = (lambda x: '<%s>' % ', '.join('%s %s' % (e, x) for _ in range(lanes(t)[0]))) if t[0] == '<' else str
        if e == 'i1' and op not in ('and', 'or', 'xor'): op = 'xor'
        if op in ('shl', 'lshr', 'ashr'):
            mask = (1 << (bits(e).bit_length() - 1)) - 1
            b = self.add(t, 'and %s %s, %s' % (t, b, splat(mask)))
        elif op in ('udiv', 'urem'):
            b = self.add(t, 'or %s %s, %s' % (t, b, splat(1)))
        elif op in ('sdiv', 'srem'):  # of no negative number by a positive one
            half = splat((1 << (bits(e) - 2)) - 1)
            b = self.add(t, 'or %s %s, %s' % (t, self.add(t, 'and %s %s, %s' % (t, b, half)), splat(1)))
        self.add(t, '%s %s %s, %s' % (op, t, a, b))

    def floating(self, t):
        a, b = self.value(t), self.value(t)
        v = self.add(t, '%s %s %s, %s' % (self.rng.choice(['fadd', 'fsub', 'fmul']), t, a, b))
        # kept finite, so that no NaN's bits matter
        flag = self.name()
        mask = 'i1' if t[0] != '<' else '<%d x i1>' % lanes(t)[0]
        e = t if t[0] != '<' else lanes(t)[1]
        limit = '1.0e+9' if t[0] != '<' else '<%s>' % ', '.join([e + ' 1.0e+9'] * lanes(t)[0])
        absolute = self.add(t, 'call %s @llvm.fabs.%s(%s %s)' % (t, mangled(t), t, v))
        self.put('%s = fcmp olt %s %s, %s' % (flag, t, absolute, limit))
        self.values[t].remove(v)
        self.add(t, 'select %s %s, %s %s, %s %s' % (mask, flag, t, v, t, self.constant(t)))

    def compare(self):
        t = self.rng.choice(INTS + FLOATS)
        if t in FLOATS: self.add('i1', 'fcmp %s %s %s, %s' % (self.rng.choice(['olt', 'oge', 'une', 'ueq', 'ord']), t, self.value(t), self.value(t)))
        else: self.add('i1', 'icmp %s %s %s, %s' % (self.rng.choice(['eq', 'ne', 'ult', 'uge', 'slt', 'sge', 'sgt', 'ule']), t, self.value(t), self.value(t)))

    def convert(self):
        a, b = self.rng.sample(INTS, 2)
        if bits(a) > bits(b): self.add(b, 'trunc %s %s to %s' % (a, self.value(a), b))
        else: self.add(b, '%s %s %s to %s' % (self.rng.choice(['zext', 'sext']), a, self.value(a), b))
        t = self.rng.choice(['i8', 'i16', 'i32', 'i64'])
        f = self.rng.choice(FLOATS)
        if self.rng.random() < .5:
            small = self.add('i16', 'trunc i32 %s to i16' % self.value('i32'))
            self.add(f, '%s i16 %s to %s' % (self.rng.choice(['sitofp', 'uitofp']), small, f))
        else:
            self.add('i64', 'fptosi double %s to i64' % self.value('double'))  # below 1e9
            self.add('double', 'fpext float %s to double' % self.value('float'))
        del t

    def vector(self):
        t = self.rng.choice(VECTORS)
        n, e = lanes(t)
        what = self.rng.randrange(5)
        if what == 0: self.add(e, 'extractelement %s %s, i32 %d' % (t, self.value(t), self.rng.randrange(n)))
        elif what == 1: self.add(t, 'insertelement %s %s, %s %s, i32 %d' % (t, self.value(t), e, self.value(e), self.rng.randrange(n)))
        elif what == 2:
            mask = ', '.join('i32 %d' % self.rng.randrange(2 * n) for _ in range(n))
            self.add(t, 'shufflevector %s %s, %s %s, <%d x i32> <%s>' % (t, self.value(t), t, self.value(t), n, mask))
        elif e in FLOATS: self.floating(t)
        else: self.integer(t)

    def aggregate(self):
        t = self.rng.choice(AGGREGATES)
        path, part = self.rng.choice([(str(i), p) for i, p in enumerate(PARTS[t]) if p] +
                                     ([('1, 0', 'i64'), ('1, 1', 'float')] if None in PARTS[t] else []))
        if self.rng.random() < .6: self.add(t, 'insertvalue %s %s, %s %s, %s' % (t, self.value(t), part, self.value(part), path))
        else: self.add(part, 'extractvalue %s %s, %s' % (t, self.value(t), path))

    def memory(self):
        t = self.rng.choice(INTS + FLOATS + VECTORS + AGGREGATES)
        slot = '%%s%d' % self.rng.randrange(4)
        self.put('store %s %s, ptr %s' % (t, self.value(t), slot))
        if self.rng.random() < .5 or t in ('i7', 'i24', 'i37', 'i100', 'i1'): self.add(t, 'load %s, ptr %s' % (t, slot))
        else: self.add('i8', 'load i8, ptr %s' % slot if t not in AGGREGATES else 'load i8, ptr %s' % slot)

    def special(self):
        t = self.rng.choice(['i8', 'i16', 'i32', 'i64', 'i128'])
        what = self.rng.randrange(4)
        if what == 0: self.add(t, 'call %s @llvm.ctpop.%s(%s %s)' % (t, t, t, self.value(t)))
        elif what == 1: self.add(t, 'call %s @llvm.%s.%s(%s %s, %s %s)' % (t, self.rng.choice(['umin', 'umax', 'smin', 'smax']), t, t, self.value(t), t, self.value(t)))
        elif what == 2 and t != 'i128':
            self.add(t, 'call %s @llvm.fshl.%s(%s %s, %s %s, %s %s)' % (t, t, t, self.value(t), t, self.value(t), t, self.value(t)))
        else:
            t = self.rng.choice(['i8', 'i16', 'i32', 'i64'])
            pair = self.name()
            self.put('%s = call {%s, i1} @llvm.%s.with.overflow.%s(%s %s, %s %s)' % (
                pair, t, self.rng.choice(['sadd', 'uadd', 'ssub', 'usub', 'smul', 'umul']), t, t, self.value(t), t, self.value(t)))
            self.add(t, 'extractvalue {%s, i1} %s, 0' % (t, pair))
            self.add('i1', 'extractvalue {%s, i1} %s, 1' % (t, pair))

    def call(self):
        if not self.made: return
        number, result, params = self.rng.choice(self.made)
        self.add(result, 'call %s @f%d(%s)' % (result, number, ', '.join('%s %s' % (t, self.value(t)) for t in params)))

    def straight(self):
        for _ in range(self.rng.randrange(2, 9)):
            what = self.rng.random()
            if what < .3: self.integer(self.rng.choice(INTS))
            elif what < .4: self.floating(self.rng.choice(FLOATS))
            elif what < .5: self.compare()
            elif what < .6: self.convert()
            elif what < .7: self.vector()
            elif what < .77: self.aggregate()
            elif what < .85: self.memory()
            elif what < .92: self.special()
            elif what < .95: self.call()
            else:
                t = self.rng.choice(INTS + FLOATS + VECTORS + AGGREGATES)
                self.add(t, 'select i1 %s, %s %s, %s %s' % (self.value('i1'), t, self.value(t), t, self.value(t)))

    # -- flow --

    def label(self, name):
        self.lines.append(name + ':')
        self.block = name

    def fresh(self):
        self.n += 1
        return 'b%d' % self.n

    def inner(self):
        """A region of its own: what is defined in it is not used after it. Returns a value of each type that is merged."""
        saved = {t: list(v) for t, v in self.values.items()}
        self.region()
        out = {t: self.value(t) for t in self.merged}
        self.values = saved
        return out, self.block

    def choose(self):
        saved, self.merged = getattr(self, 'merged', None), self.rng.sample(INTS + FLOATS + VECTORS + AGGREGATES, 3)
        merged, end, arms = self.merged, self.fresh(), []
        names = [self.fresh() for _ in range(self.rng.randrange(2, 5))]
        t = self.rng.choice(['i8', 'i32', 'i64', 'i37'])
        if len(names) == 2: self.put('br i1 %s, label %%%s, label %%%s' % (self.value('i1'), *names))
        else:
            numbers = self.rng.sample([-3, 0, 1, 2, 3, 7, 100, 125], len(names) - 1)
            self.put('switch %s %s, label %%%s [ %s ]' % (t, self.value(t), names[0], ' '.join(
                '%s %d, label %%%s' % (t, k, n) for k, n in zip(numbers, names[1:]))))
        for n in names:
            self.label(n)
            self.merged = merged
            arms.append(self.inner())
            self.put('br label %%%s' % end)
        self.label(end)
        for t in merged:
            self.add(t, 'phi %s %s' % (t, ', '.join('[ %s, %%%s ]' % (out[t], block) for out, block in arms)))
        self.merged = saved

    def loop(self):
        saved, merged = getattr(self, 'merged', None), self.rng.sample(INTS + FLOATS + VECTORS + AGGREGATES, 3)
        head, end, before = self.fresh(), self.fresh(), self.block
        first = {t: self.value(t) for t in merged}
        self.put('br label %%%s' % head)
        self.label(head)
        outside = {t: list(v) for t, v in self.values.items()}
        at = len(self.lines)
        counter, names = self.name(), {t: self.name() for t in merged}
        for t, v in names.items(): self.values.setdefault(t, []).append(v)
        self.merged = merged
        out, last = self.inner()
        step, done = self.name(), self.name()
        self.put('%s = add i32 %s, 1' % (step, counter))
        self.put('%s = icmp ult i32 %s, %d' % (done, step, self.rng.randrange(1, 5)))
        self.put('br i1 %s, label %%%s, label %%%s' % (done, head, end))
        phis = ['  %s = phi i32 [ 0, %%%s ], [ %s, %%%s ]' % (counter, before, step, last)]
        phis += ['  %s = phi %s [ %s, %%%s ], [ %s, %%%s ]' % (names[t], t, first[t], before, out[t], last) for t in merged]
        self.lines[at:at] = phis
        self.values = outside
        for t, v in names.items(): self.values.setdefault(t, []).append(v)
        self.label(end)
        self.merged = saved

    def region(self):
        self.straight()
        if self.depth >= 3: return
        self.depth += 1
        for _ in range(self.rng.randrange(0, 3)):
            (self.choose if self.rng.random() < .6 else self.loop)()
            self.straight()
        self.depth -= 1

    def text(self):
        types = INTS + FLOATS + ['<4 x i32>', '<2 x double>', '<4 x float>', '<2 x i64>']
        params = [self.rng.choice(types) for _ in range(self.rng.randrange(0, 9))]
        result = self.rng.choice(types + ['{i32, i64}', '{i8, double}'])
        for i, t in enumerate(params): self.values.setdefault(t, []).append('%%p%d' % i)
        for i in range(4):
            self.put('%%s%d = alloca [32 x i8], align 16' % i)
            self.put('store [32 x i8] zeroinitializer, ptr %%s%d' % i)
        self.region()
        # what all types have last goes into a checksum, so that it matters
        for t in INTS:
            if self.values.get(t):
                v = self.values[t][-1]
                if bits(t) > 64: v = self.add('i64', 'trunc %s %s to i64' % (t, v))
                elif bits(t) < 64: v = self.add('i64', 'zext %s %s to i64' % (t, v))
                self.put('call void @note(i64 %s)' % v)
        for t in ('double', 'float'):
            if self.values.get(t):
                v = self.values[t][-1]
                if t == 'float': v = self.add('double', 'fpext float %s to double' % v)
                self.put('call void @note(i64 %s)' % self.add('i64', 'bitcast double %s to i64' % v))
        for t in VECTORS:
            if self.values.get(t):
                n, e = lanes(t)
                v = self.add(e, 'extractelement %s %s, i32 %d' % (t, self.values[t][-1], self.rng.randrange(n)))
                if e in FLOATS:
                    if e == 'float': v = self.add('double', 'fpext float %s to double' % v)
                    v = self.add('i64', 'bitcast double %s to i64' % v)
                elif e != 'i64': v = self.add('i64', 'zext %s %s to i64' % (e, v))
                self.put('call void @note(i64 %s)' % v)
        self.put('ret %s %s' % (result, self.value(result)))
        head = 'define %s @f%d(%s) {\nb0:\n' % (result, self.number, ', '.join('%s %%p%d' % (t, i) for i, t in enumerate(params)))
        self.made.append((self.number, result, params))
        return head + '\n'.join(self.lines) + '\n}\n'


def mangled(t):
    if t[0] != '<': return {'float': 'f32', 'double': 'f64'}[t]
    n, e = lanes(t)
    return 'v%d%s' % (n, {'float': 'f32', 'double': 'f64'}[e])


HEAD = '''@sum = global i64 0
@format = private constant [6 x i8] c"%lld\\0A\\00"
declare i32 @printf(ptr, ...)
define void @note(i64 %x) noinline {
  %s = load i64, ptr @sum
  %m = mul i64 %s, 6364136223846793005
  %a = add i64 %m, %x
  store i64 %a, ptr @sum
  ret void
}
'''


def program(seed):
    rng = random.Random(seed)
    made, text = [], HEAD
    for i in range(rng.randrange(2, 5)): text += Function(rng, i, made).text()
    text += 'define i32 @main() {\n'
    helper = Function(rng, 0, [])
    for k, (number, result, params) in enumerate(made * 2):
        text += '  %%r%d = call %s @f%d(%s)\n' % (k, result, number, ', '.join('%s %s' % (t, helper.constant(t)) for t in params))
        text += '  %%s%d = load i64, ptr @sum\n  call i32 (ptr, ...) @printf(ptr @format, i64 %%s%d)\n' % (k, k)
    return text + '  ret i32 0\n}\n'


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--count', type=int, default=100)
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    h = harness.Harness(args)

    def check(seed):
        ll = h.write('%d.ll' % seed, program(seed))
        base = ll[:-3]
        h.run(['llvm-as-22', ll, '-o', base + '.bc'])
        h.run(['llc-22', '-O0', '-filetype=obj', '-relocation-model=pic', '-mtriple=%s-linux-gnu' % args.target, base + '.bc', '-o', base + '.llc.o'])
        run = harness.QEMU if h.cross else []
        want = h.run([*run, h.link([base + '.llc.o'], base + '.llc')], check=False)[:2]
        for flags in [], ['--stress=%d' % (seed + 1)]:
            what = 'seed %d%s' % (seed, ' ' + flags[0] if flags else '')
            o = h.kiln_object(base + '.bc', base + '.o', ['--verify', *flags])
            got = h.run([*run, h.link([o], base + '.kiln')], check=False)[:2]
            if got == want and want[0] == 0 and want[1]: h.ok(what)
            else: h.fail(what, '%s instead of %s' % (got, want))
        if not args.keep:
            for f in os.listdir(h.dir):
                if f.startswith('%d.' % seed): os.unlink(h.path(f))
        return seed
    done = h.each(check, range(args.seed, args.seed + args.count))
    print(json.dumps({'first': args.seed, 'programs': len([d for d in done if d is not None])}))
    h.finish()


if __name__ == '__main__':
    main()
