"""Run lines for what the allocator does: parallel moves, register pressure, random functions."""
import itertools
import math
import random
from fractions import Fraction

from gen_base import *
from gen_ops import FCMP, exact


def gen_moves(rng):
    """Loops whose parameters are permuted, copied and replaced by constants on the back edge."""
    f = File('g_moves')
    shapes = []
    for n in range(1, 5):
        shapes += [list(p) for p in itertools.product(range(n), repeat=n)] if n < 4 else \
            [list(p) for p in itertools.permutations(range(n))]
    shapes += [rng.sample(range(n), n) for n in (5, 6, 7, 9, 12, 20) for _ in range(3)]
    shapes += [[rng.randrange(n) for _ in range(n)] for n in (5, 6, 8, 16) for _ in range(4)]
    for s in shapes:
        for kind in ('i64', 'f64', 'mixed'):
            n = len(s)
            if kind != 'i64' and n < 4 and rng.random() < 0.7:
                continue
            types = ['i64'] * n if kind == 'i64' else ['f64'] * n if kind == 'f64' else None
            if types is None:
                types = [rng.choice(['i64', 'i32', 'f64', 'f32', 'i8', 'i128']) for _ in range(n)]
                # A move keeps its type: each place takes from one of the same type, or a constant.
                s = [rng.choice([j for j in range(n) if types[j] == types[i]]) for i in range(n)]
            consts = {i for i in range(n) if rng.random() < 0.12}

            def value(i, k):
                if types[i] in FLOATS:
                    return f_bits(float(i * 100 + k), types[i])
                return i * 100 + k & mask(WIDTH[types[i]])

            params = ', '.join('%%p%d: %s' % (i, t) for i, t in enumerate(types))
            back = ', '.join(const(value(i, 55), types[i]) if i in consts else '%%p%d' % s[i]
                             for i in range(n))
            first = ', '.join(const(value(i, 1), types[i]) for i in range(n))
            lines = ['b0(%n: i32):', '  br loop(%%n%s)' % (', ' + first if first else ''),
                     'loop(%%k: i32, %s):' % params, '  %k1 = sub.i32 %k, 1',
                     '  %c = icmp.i32 sgt %k1, 0', '  brif %%c, loop(%%k1, %s), done' % back, 'done:']
            acc, count = '0', 0
            for i, t in enumerate(types):
                v = '%%p%d' % i
                if t in FLOATS:
                    lines.append('  %%x%d = ftosi.i64 %s %s' % (i, t, v))
                elif t == 'i64':
                    lines.append('  %%x%d = copy.i64 %s' % (i, v))
                else:
                    lines.append('  %%x%d = %s.i64 %s %s' % (i, 'trunc' if t == 'i128' else 'zext', t, v))
                lines.append('  %%m%d = mul.i64 %s, 31' % (i, acc) if count else '  %%m%d = copy.i64 7' % i)
                lines.append('  %%a%d = add.i64 %%m%d, %%x%d' % (i, i, i))
                acc, count = '%%a%d' % i, 1
            lines.append('  ret ' + acc)
            name = f.func(['i32'], 'i64', '\n'.join(lines))
            for loops in (1, 2, 3, 7):
                v = [value(i, 1) for i in range(n)]
                for _ in range(loops - 1):
                    v = [value(i, 55) if i in consts else v[s[i]] for i in range(n)]
                r = 7
                for i, t in enumerate(types):
                    x = int(f_of(v[i], t)) if t in FLOATS else v[i]
                    r = x + r * 31 if i else x + 7
                f.run(name, [loops], ['i32'], r, 'i64')
    return f


def gen_pressure(rng):
    """Many live values, over calls too."""
    f = File('g_pressure')
    f.line('''func internal @g_pressure_id(i64, f64) -> i64 {
b0(v0: i64, v1: f64):
  v2 = ftosi.i64 f64 v1
  v3 = add.i64 v0, v2
  ret v3
}
func internal @g_pressure_half(f64) -> f64 {
b0(v0: f64):
  v1 = fmul.f64 v0, f64 0.5
  ret v1
}''')
    for n in (3, 10, 15, 25, 40, 60):
        for calls in (0, 1, 3):
            for kind in ('i64', 'f64', 'i32', 'i128', 'mixed'):
                types = [rng.choice(['i64', 'i32', 'i8', 'f64', 'f32', 'i128']) if kind == 'mixed'
                         else kind for _ in range(n)]
                lines = ['b0(v0: i64):']
                vals = []
                for i, t in enumerate(types):
                    k = rng.randrange(1, 100)
                    if t in FLOATS:
                        lines.append('  %%i%d = add.i64 v0, %d' % (i, k))
                        lines.append('  %%x%d = sitof.%s i64 %%i%d' % (i, t, i))
                    elif t == 'i64':
                        lines.append('  %%x%d = add.i64 v0, %d' % (i, k))
                    elif t == 'i128':
                        lines.append('  %%i%d = zext.i128 i64 v0' % i)
                        lines.append('  %%x%d = add.i128 %%i%d, %d' % (i, i, k))
                    else:
                        lines.append('  %%t%d = trunc.%s i64 v0' % (i, t))
                        lines.append('  %%x%d = add.%s %%t%d, %d' % (i, t, i, k))
                    vals.append(k)
                acc, m = 'v0', []
                for c in range(calls):
                    lines.append('  %%h%d = call @g_pressure_half(f64 %d.0)' % (c, 4 * c + 6))
                    lines.append('  %%c%d = call @g_pressure_id(%s, %%h%d)' % (c, acc, c))
                    acc = '%%c%d' % c
                order = list(range(n))
                rng.shuffle(order)
                for j, i in enumerate(order):
                    t = types[i]
                    if t in FLOATS:
                        lines.append('  %%y%d = ftosi.i64 %s %%x%d' % (i, t, i))
                    elif t == 'i64':
                        lines.append('  %%y%d = copy.i64 %%x%d' % (i, i))
                    else:
                        lines.append('  %%y%d = %s.i64 %s %%x%d' % (
                            i, 'trunc' if t == 'i128' else 'zext', t, i))
                    lines.append('  %%m%d = mul.i64 %s, 3' % (j, acc))
                    lines.append('  %%s%d = add.i64 %%m%d, %%y%d' % (j, j, i))
                    acc = '%%s%d' % j
                lines.append('  ret ' + acc)
                name = f.func(['i64'], 'i64', '\n'.join(lines))
                for a in (0, 11, 200):
                    r = a
                    for c in range(calls):
                        r += (4 * c + 6) // 2
                    for i in order:
                        t = types[i]
                        x = a + vals[i]
                        if t in WIDTH:
                            x &= mask(WIDTH[t])
                        r = r * 3 + x
                    f.run(name, [a], ['i64'], r, 'i64')
    return f


# ---- random functions, with their own interpreter ----

# Operations on i128 that every target supports; the others are tested one by one.
BIN128 = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr', 'udiv', 'srem']


class Random:
    """One function of blocks with parameters, variables in slots, bounded loops and calls. `types`:
    of values."""

    def __init__(self, f, rng, callees, types):
        self.f, self.rng, self.callees, self.types = f, rng, callees, types
        self.ints = [t for t in types if t in WIDTH]
        self.floats = [t for t in types if t not in WIDTH]
        self.n = 0
        self.lines = []
        self.code = {}  # block: list of closures on an environment, ending in a terminator

    def fresh(self):
        self.n += 1
        return '%%t%d' % self.n

    def build(self, size):
        rng = self.rng
        self.params = [rng.choice(self.types) for _ in range(rng.randrange(0, 9))]
        self.result = rng.choice(self.ints)
        n_blocks = rng.randrange(1, 2 + size // 6)
        self.slots = [rng.choice(self.types) for _ in range(rng.randrange(0, 5))]
        self.escaped = [rng.random() < 0.2 for _ in self.slots]
        lines = ['  %%s%d = slot %d align %d' % (i, size_of(t), size_of(t))
                 for i, t in enumerate(self.slots)]
        lines.append('  %fuel = slot 4 align 4')
        # Values that all blocks see are made in the entry; blocks have parameters of their own.
        self.block_params = [[]] + [[rng.choice(self.types) for _ in range(rng.choice([0, 0, 1, 2, 3, 5]))]
                                    for _ in range(n_blocks - 1)]
        entry = [('%%a%d' % i, t) for i, t in enumerate(self.params)]
        self.shared = list(entry)
        for b in range(n_blocks):
            own = entry if b == 0 else [('%%b%dp%d' % (b, i), t)
                                        for i, t in enumerate(self.block_params[b])]
            lines.append('b%d%s:' % (b, '(%s)' % ', '.join('%s: %s' % v for v in own) if own else ''))
            code = []
            env = list(own) + (self.shared if b else [])
            if b == 0:
                lines.append('  store.i32 40, %fuel')
                for i, t in enumerate(self.slots):
                    k = self.constant(t)
                    lines.append('  store.%s %s, %%s%d' % (t, const(k, t), i))
                    code.append(lambda e, i=i, k=k: e.__setitem__('slot%d' % i, k))
                    if self.escaped[i]:
                        lines.append('  %%e%d = copy.i64 %%s%d' % (i, i))
            for _ in range(rng.randrange(1, max(2, size // n_blocks))):
                self.inst(lines, code, env)
            if b == 0:
                self.shared = list(env)
            self.end(lines, code, env, b, n_blocks)
            self.code[b] = code
        self.name = self.f.func(self.params, self.result, '\n'.join(lines))
        self.entry = [v for v, _ in entry]

    def constant(self, t):
        rng = self.rng
        if t in WIDTH:
            return rng.choice([rng.getrandbits(WIDTH[t]), rng.randrange(16), mask(WIDTH[t]), 1])
        return f_bits(rng.choice([0.0, 1.0, -1.0, 0.5, 2.0, 1e10, -3.75, rng.uniform(-100, 100)]), t)

    def operand(self, env, t):
        """Text and reader of an operand of type t."""
        rng = self.rng
        have = [v for v, k in env if k == t]
        if have and rng.random() < 0.85:
            v = rng.choice(have[-12:]) if rng.random() < 0.7 else rng.choice(have)
            return v, lambda e, v=v: e[v]
        k = self.constant(t)
        return const(k, t), lambda e, k=k: k

    def set(self, code, name, f):
        code.append(lambda e: e.__setitem__(name, f(e)))

    def float_inst(self, lines, code, env):
        rng = self.rng
        t = rng.choice(self.floats)
        r = self.fresh()
        kind = rng.random()
        a, fa = self.operand(env, t)
        if kind < 0.4:
            b, fb = self.operand(env, t)
            op = rng.choice(['fadd', 'fsub', 'fmul', 'fdiv'])
            lines.append('  %s = %s.%s %s, %s' % (r, op, t, a, b))
            self.set(code, r, lambda e: exact(t, fa(e), fb(e), op))
        elif kind < 0.5:
            op = rng.choice(['fneg', 'fabs'])
            top = 1 << (8 * size_of(t) - 1)
            lines.append('  %s = %s.%s %s' % (r, op, t, a))
            self.set(code, r, lambda e: fa(e) ^ top if op == 'fneg' else fa(e) & ~top)
        elif kind < 0.62:
            b, fb = self.operand(env, t)
            c = rng.choice(list(FCMP))
            lines.append('  %s = fcmp.%s %s %s, %s' % (r, t, c, a, b))

            def compare(e, t=t):
                x, y = f_of(fa(e), t), f_of(fb(e), t)
                return int(bool(FCMP[c](math.isnan(x) or math.isnan(y), x, y)))
            self.set(code, r, compare)
            t = 'i8'
        elif kind < 0.7:
            b, fb = self.operand(env, t)
            c, fc = self.operand(env, 'i8')
            lines.append('  %s = select.%s %s, %s, %s' % (r, t, c, a, b))
            self.set(code, r, lambda e: fa(e) if fc(e) & 1 else fb(e))
        elif kind < 0.8:
            k = rng.choice(INT64)
            b, fb = self.operand(env, k)
            op = rng.choice(['sitof', 'uitof'])
            lines.append('  %s = %s.%s %s %s' % (r, op, t, k, b))
            self.set(code, r, lambda e: round_fraction(Fraction(
                signed(fb(e), WIDTH[k]) if op == 'sitof' else fb(e)), t))
        elif kind < 0.9:
            k = rng.choice(INT64)
            op = rng.choice(['ftosis', 'ftouis'])
            lo, hi = (smin_of(WIDTH[k]), smax_of(WIDTH[k])) if op == 'ftosis' else (0, mask(WIDTH[k]))

            def saturate(e, t=t):
                x = f_of(fa(e), t)
                v = 0 if math.isnan(x) else (hi if x > 0 else lo) if math.isinf(x) else math.trunc(x)
                return clamp(v, lo, hi) & mask(WIDTH[k])
            lines.append('  %s = %s.%s %s %s' % (r, op, k, t, a))
            self.set(code, r, saturate)
            t = k
        elif len(self.floats) == 2:
            other = 'f32' if t == 'f64' else 'f64'
            lines.append('  %s = %s.%s %s %s' % (
                r, 'fdemote' if other == 'f32' else 'fpromote', other, t, a))

            def convert(e, t=t):
                x = f_of(fa(e), t)
                if math.isnan(x) or math.isinf(x):
                    return f_bits(x, other)
                return round_fraction(Fraction(x), other, fa(e) >> (8 * size_of(t) - 1))
            self.set(code, r, convert)
            t = other
        else:
            return
        env.append((r, t))

    def inst(self, lines, code, env):
        rng = self.rng
        if self.floats and rng.random() < 0.4:
            self.float_inst(lines, code, env)
            return
        t = rng.choice(self.ints if rng.random() < 0.3 else ['i32', 'i64'])
        w = WIDTH[t]
        r = self.fresh()
        kind = rng.random()
        if kind < 0.45:
            op = rng.choice(list(BIN) if w <= 64 else BIN128)
            a, fa = self.operand(env, t)
            if op in SHIFTS or op in DIVS:
                # Counts are masked, divisors made odd and not -1, so that the operation is defined.
                b, fb = self.operand(env, t)
                m = self.fresh()
                if op in SHIFTS:
                    lines.append('  %s = and.%s %s, %d' % (m, t, b, w - 1))
                    code.append(lambda e, m=m, fb=fb, w=w: e.__setitem__(m, fb(e) & w - 1))
                elif rng.random() < 0.5:
                    k = rng.choice([3, 7, 10, 5, 1, 2, 64, 100])
                    m = str(k)
                    fm = lambda e, k=k: k
                else:
                    lines.append('  %s = or.%s %s, 1' % (m, t, b))
                    m2 = self.fresh()
                    lines.append('  %s = and.%s %s, 63' % (m2, t, m))
                    code.append(lambda e, m=m2, fb=fb: e.__setitem__(m, (fb(e) | 1) & 63))
                    m = m2
                fm = fm if m.isdigit() else lambda e, m=m: e[m]
                b, fb = m, fm
            else:
                b, fb = self.operand(env, t)
            lines.append('  %s = %s.%s %s, %s' % (r, op, t, a, b))
            code.append(lambda e, r=r, fa=fa, fb=fb, op=op, w=w: e.__setitem__(
                r, BIN[op](fa(e), fb(e), w) & mask(w)))
        elif kind < 0.53:
            op = rng.choice(list(UN) if w <= 64 else ['neg', 'not'])
            a, fa = self.operand(env, t)
            lines.append('  %s = %s.%s %s' % (r, op, t, a))
            code.append(lambda e, r=r, fa=fa, op=op, w=w: e.__setitem__(r, UN[op](fa(e), w) & mask(w)))
        elif kind < 0.62:
            a, fa = self.operand(env, t)
            b, fb = self.operand(env, t)
            c = rng.choice(list(ICMP))
            lines.append('  %s = icmp.%s %s %s, %s' % (r, t, c, a, b))
            code.append(lambda e, r=r, fa=fa, fb=fb, c=c, w=w: e.__setitem__(
                r, int(ICMP[c](fa(e), fb(e), w))))
            t = 'i8'
        elif kind < 0.68:
            c, fc = self.operand(env, 'i8')
            a, fa = self.operand(env, t)
            b, fb = self.operand(env, t)
            lines.append('  %s = select.%s %s, %s, %s' % (r, t, c, a, b))
            code.append(lambda e, r=r, fa=fa, fb=fb, fc=fc: e.__setitem__(
                r, fa(e) if fc(e) & 1 else fb(e)))
        elif kind < 0.80:
            s = rng.choice([k for k in self.ints if k != t])
            op = 'trunc' if WIDTH[s] > w else rng.choice(['zext', 'sext'])
            a, fa = self.operand(env, s)
            lines.append('  %s = %s.%s %s %s' % (r, op, t, s, a))
            code.append(lambda e, r=r, fa=fa, op=op, w=w, ws=WIDTH[s]: e.__setitem__(
                r, (signed(fa(e), ws) if op == 'sext' else fa(e)) & mask(w)))
        elif kind < 0.92 and self.slots:
            i = rng.randrange(len(self.slots))
            t = self.slots[i]
            at = '%%e%d' % i if self.escaped[i] and rng.random() < 0.5 else '%%s%d' % i
            if rng.random() < 0.5:
                a, fa = self.operand(env, t)
                lines.append('  store.%s %s, %s' % (t, a, at))
                code.append(lambda e, i=i, fa=fa: e.__setitem__('slot%d' % i, fa(e)))
                return
            lines.append('  %s = load.%s %s' % (r, t, at))
            code.append(lambda e, r=r, i=i: e.__setitem__(r, e['slot%d' % i]))
        elif self.callees:
            callee = rng.choice(self.callees)
            args = [self.operand(env, k) for k in callee.params]
            t = callee.result
            lines.append('  %s = call @%s(%s)' % (r, callee.name, ', '.join(a for a, _ in args)))
            code.append(lambda e, r=r, args=args, callee=callee: e.__setitem__(
                r, callee.run([fa(e) for _, fa in args])))
        else:
            return
        env.append((r, t))

    def edge(self, env, target):
        args = [self.operand(env, t) for t in self.block_params[target]]
        names = ['%%b%dp%d' % (target, i) for i in range(len(args))]

        def go(e):
            v = [fa(e) for _, fa in args]
            e.update(zip(names, v))
            return target
        return 'b%d%s' % (target, '(%s)' % ', '.join(a for a, _ in args) if args else ''), go

    def end(self, lines, code, env, b, n):
        rng = self.rng
        kind = rng.random()
        if b == n - 1 or kind < 0.08:
            a, fa = self.operand(env, self.result)
            lines.append('  ret ' + a)
            code.append(lambda e, fa=fa: ('ret', fa(e)))
            return
        ahead = lambda: self.edge(env, rng.randrange(b + 1, n))
        if kind < 0.3:
            text, go = ahead()
            lines.append('  br ' + text)
            code.append(lambda e, go=go: ('go', go(e)))
        elif kind < 0.55 and b > 0:  # a loop, as long as there is fuel
            x, y, z = self.fresh(), self.fresh(), self.fresh()
            lines += ['  %s = load.i32 %%fuel' % x, '  %s = sub.i32 %s, 1' % (y, x),
                      '  store.i32 %s, %%fuel' % y, '  %s = icmp.i32 sgt %s, 0' % (z, y)]
            back, go_back = self.edge(env, rng.randrange(1, b + 1))
            out, go_out = ahead()

            def loop(e):
                e['fuel'] -= 1
                return ('go', go_back(e) if e['fuel'] > 0 else go_out(e))
            lines.append('  brif %s, %s, %s' % (z, back, out))
            code.append(loop)
        elif kind < 0.85:
            c, fc = self.operand(env, 'i8')
            if not c.startswith('%'):
                c = self.fresh()
                k = rng.randrange(2)
                lines.append('  %s = copy.i8 %d' % (c, k))
                code.append(lambda e, c=c, k=k: e.__setitem__(c, k))
                fc = lambda e, c=c: e[c]
            a, go_a = ahead()
            d, go_d = ahead()
            lines.append('  brif %s, %s, %s' % (c, a, d))
            code.append(lambda e: ('go', go_a(e) if fc(e) & 1 else go_d(e)))
        else:
            t = rng.choice(INT64)
            have = [v for v, k in env if k == t]
            if not have:
                text, go = ahead()
                lines.append('  br ' + text)
                code.append(lambda e, go=go: ('go', go(e)))
                return
            v = rng.choice(have)
            w = WIDTH[t]
            targets = {k: self.edge(env, k) for k in range(b + 1, n)}
            cases = sorted({rng.choice([rng.randrange(8), rng.getrandbits(w)])
                            for _ in range(rng.randrange(0, 9))})
            to = {c: rng.choice(list(targets)) for c in cases}
            other = rng.choice(list(targets))
            lines.append('  switch.%s %s, %s [%s]' % (t, v, targets[other][0], ', '.join(
                '%s: %s' % (signed(c, w), targets[to[c]][0]) for c in cases)))
            code.append(lambda e: ('go', targets[to.get(e[v], other)][1](e)))

    def run(self, args):
        e = dict(zip(self.entry, args))
        e['fuel'] = 40
        b = 0
        while True:
            for step in self.code[b][:-1]:
                step(e)
            what, v = self.code[b][-1](e)
            if what == 'ret':
                return v
            b = v


def gen_random(rng, seed, name, types):
    f = File(name)
    f.line('; seed %d' % seed)
    made = []
    for i in range(120):
        r = Random(f, rng, made[-6:] if i % 3 else [], types)
        r.build(rng.choice([5, 15, 30, 60, 120]))
        made.append(r)
        for _ in range(6):
            args = [r.constant(t) for t in r.params]
            f.run(r.name, args, r.params, r.run(args), r.result)
    return f


def gen_chains(rng):
    """Chains of blocks, each entered by the one before alone: copies of variables in memory stay in registers from one
    to the next, but for registers that are the homes of parameters between them."""
    f = File('g_chains')
    f.line('''func internal @g_chains_next(i64) -> i64 {
b0(v0: i64):
  v1 = add.i64 v0, 1
  ret v1
}''')
    for _ in range(80):
        n = rng.randrange(4, 9)
        add = [rng.randrange(1, 100) for _ in range(n)]
        total = lambda name, first: ['  %%%s%d = load.i64 %%s%d' % (name, i, i) for i in range(n)] + [
            '  %%%st%d = add.i64 %s, %%%s%d' % (name, i, '%%%st%d' % (name, i - 1) if i else first, name, i)
            for i in range(n)]
        lines = ['  %%s%d = slot 8 align 8' % i for i in range(n)] + ['b0(%a: i64, %b: i64):']
        for i in range(n):
            lines += ['  %%x%d = add.i64 %%a, %d' % (i, add[i]), '  store.i64 %%x%d, %%s%d' % (i, i)]
        lines += ['  %c = call @g_chains_next(%b)', '  br sums(%c)', 'sums(%p: i64):', *total('l', '0'),
                  '  %%less = icmp.i64 slt %%lt%d, %%p' % (n - 1), '  brif %less, between, calls',
                  'between:', '  %q1 = add.i64 %p, 1', '  br home(%q1)',
                  'home(%q: i64):', '  %small = icmp.i64 slt %q, 5000', '  brif %small, again, large',
                  'again:', *total('m', '1'), '  ret %%mt%d' % (n - 1), 'large:', '  ret 7',
                  'calls:', '  %d = call @g_chains_next(%p)', *total('n', '%d'), '  ret %%nt%d' % (n - 1)]
        name = f.func(['i64', 'i64'], 'i64', '\n'.join(lines))
        for a, b in ((1, 4000), (1, 9000), (50, 10)):
            sums, p = sum(a + k for k in add), b + 1
            want = (sums + 1 if p + 1 < 5000 else 7) if sums < p else sums + p + 1
            f.run(name, [a, b], ['i64', 'i64'], want, 'i64')
    return f
