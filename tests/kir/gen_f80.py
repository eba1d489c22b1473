"""Run lines for f80 (x87 extended): operations by exact rationals, rounded once to 64 bits; conversions;
moves, pressure."""
import itertools
import math
from fractions import Fraction

from gen_base import *
from gen_base import u2
from gen_flow import Random
from gen_formats import BIAS, WHOLE, Format
from gen_ops import FCMP

X87 = Format(64, True)
INF, QNAN, SIGN, MAX, MIN_NORMAL = X87.INF, X87.QNAN, X87.SIGN, X87.MAX, X87.MIN_NORMAL
value, is_nan, is_inf, negative, rounded, f80 = (X87.value, X87.is_nan, X87.is_inf, X87.negative,
                                                 X87.rounded, X87.of)
add, mul, div, rem, fma, root, to_whole, least, order = (X87.add, X87.mul, X87.div, X87.rem, X87.fma,
                                                         X87.root, X87.to_whole, X87.least, X87.order)
ONE, HALF = f80(1), f80(Fraction(1, 2))
SPECIAL = [0, SIGN, ONE, ONE | SIGN, INF, INF | SIGN, QNAN, f80(Fraction(1, 10)), f80(100), f80(-3),
           1, SIGN | 1, mask(63), MIN_NORMAL, SIGN | MIN_NORMAL, MAX, SIGN | MAX, HALF,
           ONE + 1, ONE - 1 - (1 << 63), f80(2 ** 63), f80(2 ** 64 - 1), f80(-2 ** 63),
           f80(Fraction(7, 2)), f80(Fraction(-5, 2))]
SNAN = 0x7fff << 64 | 1 << 63 | 0x1234


def randoms(rng, n, span=40):
    return [(BIAS + rng.randint(-span, span)) << 64 | 1 << 63 | rng.getrandbits(63)
            | (SIGN if rng.random() < 0.5 else 0) for _ in range(n)]


def number(bits):
    return 'f80 0x%x' % bits


def num(bits, t):
    return 'nan' if t == 'f80' and is_nan(bits) else lit(bits, t)


class F80(File):
    head = '; target: x86_64\n'

    def run(self, name, args, types, want, t):
        # A NaN as an argument has bits.
        text = ', '.join('0x%x' % a if k == 'f80' else lit(a & mask(WIDTH[k]) if k in WIDTH else a, k)
                         for a, k in zip(args, types))
        want = num(want & mask(WIDTH[t]) if t in WIDTH else want, t)
        self.out.append('; run: @%s(%s) == %s' % (name, text, want))

    def same_bits(self, params, expr):
        """Two functions that give the low 64 and the high 16 bits of what `expr` lines make of v0..."""
        n = len(params)
        lines = ['slot0 = slot 16 align 16'] + expr + ['store.f80 %r, slot0']
        return [self.simple(params, 'i64', lines + ['%b = load.i64 slot0', 'ret %b']),
                self.simple(params, 'i16', lines + ['%b = load.i16 slot0+8', 'ret %b'])] if n else []

    def run_bits(self, pair, args, types, want):
        self.run(pair[0], args, types, want & mask(64), 'i64')
        self.run(pair[1], args, types, want >> 64, 'i16')


def gen_f80(rng):
    f = F80('g_f80')
    t = 'f80'
    both = [(a, b) for a in SPECIAL for b in SPECIAL]
    rng.shuffle(both)
    # Results that are ties, and on either side of one; results that are subnormal or too large.
    one = 1 << 63
    near = [(f80(2 ** 64), f80(k)) for k in (1, 2, 3)] + [(f80(2 ** 65), f80(k)) for k in (1, 2, 3, 6)]
    near += [(1 << 64 | one, SIGN | 1 << 64 | one | 5), (MAX, f80(2 ** 16319)), (MAX, MAX),
             (0x2000 << 64 | one | 3, 0x1fc0 << 64 | one | 1), (0x1fff << 64 | one, 0x1fff << 64 | one)]
    for op, sem in [('fadd', add), ('fsub', lambda a, b: add(a, b ^ SIGN)), ('fmul', mul),
                    ('fdiv', div), ('frem', rem)]:
        name = f.simple([t, t], t, ['v2 = %s.f80 v0, v1' % op, 'ret v2'])
        r = randoms(rng, 10)
        more = list(zip(r, r[1:])) + near
        for a, b in both[:70] + more:
            if op == 'frem' and value(a) is not None and value(b) and \
                    abs(value(a) / value(b)) > 2 ** 400:
                continue
            f.run(name, [a, b], [t, t], sem(a, b), t)
        for k in (ONE, SPECIAL[7], 0, r[0]):
            right = f.simple([t], t, ['v1 = %s.f80 v0, %s' % (op, number(k)), 'ret v1'])
            left = f.simple([t], t, ['v1 = %s.f80 %s, v0' % (op, number(k)), 'ret v1'])
            for a in (ONE, SPECIAL[9], r[1], 0):
                f.run(right, [a], [t], sem(a, k), t)
                f.run(left, [a], [t], sem(k, a), t)
        # The operands live on, and are the same.
        name = f.simple([t, t], t, ['v2 = %s.f80 v0, v1' % op, 'v3 = %s.f80 v0, v0' % op,
                                    'v4 = %s.f80 v2, v3' % op, 'v5 = %s.f80 v4, v1' % op, 'ret v5'])
        for a, b in more[:6]:
            f.run(name, [a, b], [t, t], sem(sem(sem(a, b), sem(a, a)), b), t)
    for op, sem in [('fneg', lambda a: a ^ SIGN), ('fabs', lambda a: a & ~SIGN), ('copy', lambda a: a),
                    ('bitcast', lambda a: a)]:
        expr = ['%%r = %s.f80 %sv0' % (op, 'f80 ' if op == 'bitcast' else '')]
        pair = f.same_bits([t], expr)
        name = f.simple([t], t, expr + ['ret %r'])
        for a in SPECIAL + [SNAN, SNAN | SIGN, QNAN | 0x55 | SIGN]:
            f.run(name, [a], [t], sem(a), t)
            f.run_bits(pair, [a], [t], sem(a))
    pair = f.same_bits([t, t], ['%r = fcopysign.f80 v0, v1'])
    name = f.simple([t, t], t, ['v2 = fcopysign.f80 v0, v1', 'v3 = fadd.f80 v2, v0', 'ret v3'])
    for a in SPECIAL[:9] + [SNAN | SIGN, QNAN | 5]:
        for b in (ONE, SIGN | ONE, SNAN, SNAN | SIGN, SIGN):
            want = a & ~SIGN | b & SIGN
            f.run_bits(pair, [a, b], [t, t], want)
            f.run(name, [a, b], [t, t], add(want, a), t)
    for k in (ONE | SIGN, ONE):
        right = f.same_bits([t], ['%%r = fcopysign.f80 v0, %s' % number(k)])
        left = f.same_bits([t], ['%%r = fcopysign.f80 %s, v0' % number(k)])
        for a in (ONE, SIGN | SPECIAL[7], SNAN):
            f.run_bits(right, [a], [t], a & ~SIGN | k & SIGN)
            f.run_bits(left, [a], [t], k & ~SIGN | a & SIGN)
    name = f.simple([t], t, ['v1 = fsqrt.f80 v0', 'ret v1'])
    for a in SPECIAL + [r & ~SIGN for r in randoms(rng, 12)] + [f80(k * k) for k in (3, 65535, 2 ** 31 - 1)]:
        f.run(name, [a], [t], root(a), t)
    halves = [f80(Fraction(k, 4)) for k in range(-11, 12)] + [
        f80(Fraction(2 ** 63 - 1, 2)), f80(Fraction(2 ** 63 - 3, 2)),
        0x3ffd << 64 | mask(64), f80(-Fraction(2 ** 64 - 1, 4))]
    for op, sem in WHOLE.items():
        name = f.simple([t], t, ['v1 = %s.f80 v0' % op, 'ret v1'])
        for a in SPECIAL + halves + randoms(rng, 4):
            f.run(name, [a], [t], to_whole(sem)(a), t)
    for op in ('fmin', 'fmax', 'fminimum', 'fmaximum'):
        name = f.simple([t, t], t, ['v2 = %s.f80 v0, v1' % op, 'ret v2'])
        again = f.simple([t, t], t, ['v2 = %s.f80 v0, v1' % op, 'v3 = fadd.f80 v2, v0',
                                     'v4 = fadd.f80 v3, v1', 'ret v4'])
        ieee = op.endswith('imum')
        for a, b in [(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]:
            if not ieee and {a, b} == {0, SIGN}:
                continue  # C does not say which
            want = least(a, b, op[2] == 'a', ieee)
            f.run(name, [a, b], [t, t], want, t)
            f.run(again, [a, b], [t, t], add(add(want, a), b), t)
    for op, sem in [('fma', fma), ('fmuladd', lambda a, b, c: add(mul(a, b), c))]:
        name = f.simple([t, t, t], t, ['v3 = %s.f80 v0, v1, v2' % op, 'ret v3'])
        consts = f.simple([t], t, ['v1 = %s.f80 v0, %s, %s' % (op, number(SPECIAL[7]), number(f80(-10))),
                                   'ret v1'])
        r = randoms(rng, 24, 3)
        cases = [(x, y, SIGN ^ mul(x, y)) for x, y in zip(r[:8], r[8:16])]
        cases += list(zip(r[::3], r[1::3], r[2::3]))
        cases += [(rng.choice(SPECIAL), rng.choice(SPECIAL), rng.choice(SPECIAL)) for _ in range(30)]
        for c in cases:
            f.run(name, c, [t] * 3, sem(*c), t)
        for a in r[:4]:
            f.run(consts, [a], [t], sem(a, SPECIAL[7], f80(-10)), t)
    for cond, sem in FCMP.items():
        head = 'b0(v0: f80, v1: f80):\n  v2 = fcmp.f80 %s v0, v1\n' % cond
        val = f.func([t, t], 'i8', head + '  ret v2')
        branch = f.func([t, t], 'i32', head + '  brif v2, b1, b2\nb1:\n  ret 11\nb2:\n  ret 22')
        select = f.func([t, t], t, head + '  v3 = select.f80 v2, v0, v1\n  ret v3')
        iselect = f.func([t, t], 'i64', head + '  v3 = select.i64 v2, 77, -5\n  ret v3')
        dselect = f.func([t, t], 'f64', head + '  v3 = select.f64 v2, f64 1.0, f64 2.0\n  ret v3')
        twice = f.func([t, t], 'i8', head + '  brif v2, b1, b2\nb1:\n  v3 = add.i8 v2, 10\n  ret v3\nb2:\n'
                       '  v4 = add.i8 v2, 20\n  ret v4')
        konst = f.func([t], 'i32', 'b0(v0: f80):\n  v2 = fcmp.f80 %s v0, %s\n  brif v2, b2, b1\nb1:\n'
                       '  ret 22\nb2:\n  ret 11' % (cond, number(ONE)))
        two = [(a, b) for a in SPECIAL[:10] + [SNAN, MAX, 1] for b in SPECIAL[:10]]
        rng.shuffle(two)
        for a, b in two[:20] + [(QNAN, ONE), (ONE, QNAN), (QNAN, QNAN), (0, SIGN), (ONE, ONE),
                                (ONE, ONE + 1), (ONE + 1, ONE), (ONE, SIGN | ONE)]:
            nan = is_nan(a) or is_nan(b)
            r = bool(sem(nan, *((0, 0) if nan else (order(a), order(b)))))
            f.run(val, [a, b], [t, t], r, 'i8')
            f.run(branch, [a, b], [t, t], 11 if r else 22, 'i32')
            f.run(select, [a, b], [t, t], a if r else b, t)
            f.run(iselect, [a, b], [t, t], 77 if r else -5, 'i64')
            f.run(dselect, [a, b], [t, t], f_bits(1.0 if r else 2.0, 'f64'), 'f64')
            f.run(twice, [a, b], [t, t], 11 if r else 20, 'i8')
        for a in SPECIAL[:8]:
            nan = is_nan(a)
            r = bool(sem(nan, *((0, 0) if nan else (order(a), Fraction(1)))))
            f.run(konst, [a], [t], 11 if r else 22, 'i32')
    for b, c in [('v1', 'v2'), (number(ONE), 'v2'), ('v1', number(SNAN)), ('v1', 'v1')]:
        pair = f.same_bits(['i8', t, t], ['%%r = select.f80 v0, %s, %s' % (b, c)])
        for k in (0, 1, 2, 255):
            x, y = SNAN | SIGN, SPECIAL[7]
            want = {'v1': x, 'v2': y, number(ONE): ONE, number(SNAN): SNAN}[b if k & 1 else c]
            f.run_bits(pair, [k, x, y], ['i8', t, t], want)
    return f


def gen_f80_convert(rng):
    f, sat = F80('g_f80_convert'), F80('g_f80_saturate128')
    t = 'f80'
    for it in INTS:
        w = WIDTH[it]
        for op in ('sitof', 'uitof'):
            name = f.simple([it], t, ['v1 = %s.f80 %s v0' % (op, it), 'ret v1'])
            more = f.simple([it], t, ['v1 = %s.f80 %s v0' % (op, it), 'v2 = %s.f80 %s v0' % (op, it),
                                      'v3 = fadd.f80 v1, v2', 'ret v3'])
            vs = boundaries(w, rng, 6) + [(1 << 64) + 1, (1 << 64) + 3, (1 << 65) + 2, (1 << 65) + 6,
                                          (1 << 127) + (1 << 63), (1 << 127) + (3 << 63), mask(128),
                                          mask(65), mask(64), mask(128) - mask(64) // 2]
            for v in vs:
                v &= mask(w)
                x = rounded(Fraction(signed(v, w) if op == 'sitof' else v))
                f.run(name, [v], [it], x, t)
                f.run(more, [v], [it], add(x, x), t)
            k = mask(w) - 4
            name = f.simple([], t, ['v0 = %s.f80 %s %s' % (op, it, const(k, it)), 'ret v0'])
            f.run(name, [], [], rounded(Fraction(-5 if op == 'sitof' else k)), t)
        for op in ('ftosi', 'ftoui', 'ftosis', 'ftouis'):
            to = sat if w == 128 and op[-2:] == 'is' else f
            name = to.simple([t], it, ['v1 = %s.%s f80 v0' % (op, it), 'ret v1'])
            live = to.simple([t], t, ['v1 = %s.%s f80 v0' % (op, it),
                                      'v2 = %s.f80 %s v1' % ('sitof' if op[3] == 's' else 'uitof', it),
                                      'v3 = fsub.f80 v0, v2', 'ret v3'])
            lo, hi = (smin_of(w), smax_of(w)) if op[3] == 's' else (0, mask(w))
            eighth = Fraction(1, 8)
            ends = [k + d for k in (lo, hi, 0, 2 ** 31, 2 ** 63, -2 ** 63, 2 ** 62 + 2 ** 61)
                    for d in (0, 1, -1, eighth, -eighth, 1 - eighth, eighth - 1)]
            xs = [f80(x) for x in ends] + [f80(Fraction(hi, 3)), f80(Fraction(lo, 3)), SIGN]
            xs += randoms(rng, 4, 20) + [f80(2 ** 64 - 2 ** 10), f80(2 ** 63 + 1), 1, SIGN | 1]
            xs += [INF, INF | SIGN, QNAN, QNAN | SIGN, MAX, SIGN | MAX, f80(2 ** 200), f80(-2 ** 200)]
            for a in xs:
                total = op[-2:] == 'is'
                if is_nan(a):
                    want = 0 if total else None
                else:
                    want = math.trunc(order(a))
                    if not lo <= want <= hi:
                        want = clamp(want, lo, hi) if total else None
                if want is None:
                    continue  # any bits
                to.run(name, [a], [t], want, it)
                back = rounded(Fraction(want))
                to.run(live, [a], [t], add(a, back ^ SIGN), t)
    # To i128 from the others: what lives on, memory, constants.
    for ft in FLOATS:
        for op in ('ftosis', 'ftouis'):
            lo, hi = (smin_of(128), smax_of(128)) if op == 'ftosis' else (0, mask(128))
            live = sat.simple([ft, 'i64', 'i128'], 'i128', [
                'slot0 = slot 8 align 8', 'v3 = fadd.%s v0, v0' % ft, 'store.%s v3, slot0' % ft,
                'v4 = load.%s slot0' % ft, 'v5 = %s.i128 %s v4' % (op, ft), 'v6 = %s.i128 %s v0' % (op, ft),
                'v7 = xor.i128 v5, v2', 'v8 = xor.i128 v6, v7', 'v9 = zext.i128 i64 v1',
                'v10 = xor.i128 v8, v9', 'ret v10'])

            def sem(x):
                v = 0 if math.isnan(x) else (hi if x > 0 else lo) if math.isinf(x) else math.trunc(x)
                return clamp(v, lo, hi) & mask(128)
            for x in (1.75, -3.5, 2.0 ** 126, -2.0 ** 126, 2.0 ** 127, -2.0 ** 127, 1e30, -1e38, math.inf,
                      -math.inf, math.nan, -0.0):
                a = f_bits(x, ft)
                b, c = rng.getrandbits(64), rng.getrandbits(128)
                x = f_of(a, ft)
                twice = f_of(f_bits(x + x, ft), ft)
                sat.run(live, [a, b, c], [ft, 'i64', 'i128'], sem(twice) ^ sem(x) ^ b ^ c, 'i128')
                if not math.isnan(x):
                    k = sat.simple([], 'i128', ['v0 = %s.i128 %s %s' % (op, ft, const(a, ft)), 'ret v0'])
                    sat.run(k, [], [], sem(x), 'i128')
    for ft, top, m in (('f32', 127, 24), ('f64', 1023, 53)):
        name = f.simple([t], ft, ['v1 = fdemote.%s f80 v0' % ft, 'ret v1'])
        one = Fraction(1)
        edge = one * 2 ** (top + 1) - one * 2 ** (top - m)  # the first that is infinite
        low = one / 2 ** (top + m - 2)  # the least
        xs = SPECIAL + randoms(rng, 6) + [f80(x) for x in (
            edge, edge - one * 2 ** (top - 63), -edge, low, low / 2, low * 3 / 2,
            low * 5 / 2, low / 2 + low / 2 ** 30,
            one * 2 ** -(top - 1) - low / 2, 1 + one / 2 ** m, 1 + 3 * one / 2 ** m,
            1 + one / 2 ** m + one / 2 ** 63, 1 + one / 2 ** m - one / 2 ** 63,
            # rounded to f64 first this would be a tie
            1 + one / 2 ** 24 + one / 2 ** 60)]
        for a in xs:
            if is_nan(a):
                want = f_bits(math.nan, ft)
            elif is_inf(a):
                want = f_bits(-math.inf if negative(a) else math.inf, ft)
            else:
                want = round_fraction(value(a), ft, negative(a))
            f.run(name, [a], [t], want, ft)
        name = f.simple([ft], t, ['v1 = fpromote.f80 %s v0' % ft, 'ret v1'])
        more = f.simple([ft, ft], t, ['v2 = fadd.%s v0, v1' % ft, 'v3 = fpromote.f80 %s v2' % ft,
                                      'v4 = fpromote.f80 %s v0' % ft, 'v5 = fmul.f80 v3, v4', 'ret v5'])
        memory = f.simple(['i64', ft], t, ['slot0 = slot 32 align 8', 'v2 = add.i64 slot0, v0',
                                           'store.%s v1, v2' % ft, 'v3 = load.%s v2' % ft,
                                           'v4 = fpromote.f80 %s v3' % ft, 'ret v4'])
        for x in [0.0, -0.0, 1.0, -1.5, 0.1, 1e30, 2.0 ** -149, 2.0 ** -1074 * 3, math.inf, -math.inf,
                  math.nan, 2.0 ** -126]:
            a = f_bits(x, ft)
            x = f_of(a, ft)
            want = QNAN if math.isnan(x) else (SIGN if x < 0 else 0) | INF if math.isinf(x) else \
                rounded(Fraction(x), math.copysign(1, x) < 0)
            f.run(name, [a], [ft], want, t)
            f.run(memory, [8, a], ['i64', ft], want, t)
        for x, y in ((1.5, 2.25), (-4.0, 0.5)):
            f.run(more, [f_bits(x, ft), f_bits(y, ft)], [ft, ft], rounded(Fraction(x + y) * Fraction(x)), t)
        k = f.simple([], t, ['v0 = fpromote.f80 %s %s' % (ft, const(f_bits(-2.5, ft), ft)), 'ret v0'])
        f.run(k, [], [], f80(Fraction(-5, 2)), t)
        k = f.simple([], ft, ['v0 = fdemote.%s f80 %s' % (ft, number(f80(Fraction(-5, 2)))), 'ret v0'])
        f.run(k, [], [], f_bits(-2.5, ft), ft)
    return f, sat


def gen_f80_memory(rng):
    """Ten bytes are read and written, no more; any address."""
    f = F80('g_f80_memory')
    t = 'f80'
    for k in (None, ONE, 0, SNAN):
        what = 'v1' if k is None else number(k)
        # 48 bytes of a pattern; the value at 16 + the offset; every 8 bytes are rotated and added.
        for base in ('slot0', '%p'):
            for flags in ('', ' volatile', ' align 1'):
                for off in (0, 1, 8, 13):
                    at = '%s+%d' % (base, 16 + off)
                    lines = ['slot0 = slot 48 align 16', '%p = add.i64 slot0, v0'] + [
                        'store.i64 -1, slot0+%d' % d for d in range(0, 48, 8)]
                    lines += ['store.f80 %s, %s%s' % (what, at, flags)]
                    acc = '0'
                    for i, d in enumerate(range(0, 48, 8)):
                        lines += ['%%l%d = load.i64 slot0+%d' % (i, d), '%%m%d = mul.i64 %s, 31' % (i, acc),
                                  '%%a%d = add.i64 %%m%d, %%l%d' % (i, i, i)]
                        acc = '%%a%d' % i
                    name = f.simple(['i64', t], 'i64', lines + ['ret ' + acc])
                    back = f.same_bits(['i64', t], [
                        '%q = addr slot0 + v0*1', 'store.f80 v1, %q' + flags,
                        '%r = load.f80 %q' + flags]) if off == 0 and k is None else None
                    for a in (SPECIAL[7] | SIGN, SNAN):
                        v = a if k is None else k
                        mem = bytearray(b'\xff' * 48)
                        mem[16 + off:26 + off] = v.to_bytes(10, 'little')
                        r = 0
                        for d in range(0, 48, 8):
                            r = r * 31 + int.from_bytes(mem[d:d + 8], 'little')
                        f.run(name, [0, a], ['i64', t], r, 'i64')
                        if back:
                            f.run_bits(back, [0, a], ['i64', t], a)
    # Elements of an array, by index and scale; bytes 10 to 15 are junk.
    for scale, disp in ((16, 0), (16, 32), (10, 7), (3, 1)):
        name = f.simple(['i64', t, t], t, [
            'slot0 = slot 256 align 16', 'memset slot0, 165, 256',
            '%%p = addr slot0 + v0*%d + %d' % (scale, disp), 'store.f80 v1, %p',
            '%%q = addr slot0 + %d' % (3 * scale + disp + 16), 'store.f80 v2, %q',
            '%%r = addr slot0 + v0*%d' % scale, '%%x = load.f80 %%r+%d' % disp, '%y = load.f80 %q',
            '%z = fsub.f80 %x, %y', 'ret %z'])
        for i in (0, 1, 3):
            if i * scale + disp + 10 <= 3 * scale + disp + 16:
                x, y = randoms(rng, 2, 5)
                f.run(name, [i, x, y], ['i64', t, t], add(x, y ^ SIGN), t)
    # A variable in a slot, over a loop: the sum of n terms that are halved.
    name = f.func(['i32', t], t, '''  %s = slot 16 align 16
  %x = slot 16 align 16
b0(%n: i32, %a: f80):
  store.f80 f80 0x0, %s
  store.f80 %a, %x
  br loop(%n)
loop(%k: i32):
  %c = icmp.i32 sgt %k, 0
  brif %c, more, done
more:
  %s0 = load.f80 %s
  %x0 = load.f80 %x
  %s1 = fadd.f80 %s0, %x0
  %x1 = fmul.f80 %x0, {half}
  store.f80 %s1, %s
  store.f80 %x1, %x
  %k1 = sub.i32 %k, 1
  br loop(%k1)
done:
  %r = load.f80 %s
  ret %r'''.format(half=number(HALF)))
    for n in (0, 1, 5, 70):
        s, x = 0, SPECIAL[7]
        for _ in range(n):
            s, x = add(s, x), mul(x, HALF)
        f.run(name, [n, SPECIAL[7]], ['i32', t], s, t)
    return f


def gen_f80_moves(rng):
    """Loops whose parameters are permuted, copied and replaced by constants on the back edge; many values
    that live over calls."""
    f = F80('g_f80_moves')
    shapes = []
    for n in range(1, 4):
        shapes += [list(p) for p in itertools.product(range(n), repeat=n)]
    shapes += [rng.sample(range(n), n) for n in (4, 4, 5, 7, 12)]
    shapes += [[rng.randrange(n) for _ in range(n)] for n in (5, 8, 16)]
    for s in shapes:
        for kind in ('f80', 'mixed'):
            n = len(s)
            if kind == 'mixed' and n < 3:
                continue
            types = ['f80' if kind == 'f80' else rng.choice(['f80', 'f80', 'i64', 'i128', 'f64'])
                     for _ in range(n)]
            s = [j if types[j] == types[i] else rng.choice([k for k in range(n) if types[k] == types[i]])
                 for i, j in enumerate(s)]
            consts = {i for i in range(n) if rng.random() < 0.1}

            def text(v, t):
                return number(f80(v)) if t == 'f80' else const(f_bits(float(v), t) if t == 'f64' else v, t)

            params = ', '.join('%%p%d: %s' % (i, t) for i, t in enumerate(types))
            back = ', '.join(text(i * 100 + 55, types[i]) if i in consts else '%%p%d' % s[i]
                             for i in range(n))
            first = ', '.join(text(i * 100 + 1, types[i]) for i in range(n))
            lines = ['b0(%n: i32):', '  br loop(%%n, %s)' % first, 'loop(%%k: i32, %s):' % params,
                     '  %k1 = sub.i32 %k, 1', '  %c = icmp.i32 sgt %k1, 0',
                     '  brif %%c, loop(%%k1, %s), done' % back, 'done:']
            acc = '7'
            for i, t in enumerate(types):
                op = {'f80': 'ftosi.i64 f80', 'f64': 'ftosi.i64 f64', 'i64': 'copy.i64',
                      'i128': 'trunc.i64 i128'}[t]
                lines += ['  %%x%d = %s %%p%d' % (i, op, i), '  %%m%d = mul.i64 %s, 31' % (i, acc),
                          '  %%a%d = add.i64 %%m%d, %%x%d' % (i, i, i)]
                acc = '%%a%d' % i
            name = f.func(['i32'], 'i64', '\n'.join(lines + ['  ret ' + acc]))
            for loops in (1, 2, 3, 6):
                v = [i * 100 + 1 for i in range(n)]
                for _ in range(loops - 1):
                    v = [i * 100 + 55 if i in consts else v[s[i]] for i in range(n)]
                r = 7
                for x in v:
                    r = r * 31 + x
                f.run(name, [loops], ['i32'], r, 'i64')
    f.line('''func internal @g_f80_moves_half(f80) -> f80 {
b0(v0: f80):
  v1 = fmul.f80 v0, %s
  ret v1
}''' % number(HALF))
    for n in (3, 12, 30):
        for calls in (0, 2):
            types = [rng.choice(['f80', 'f80', 'i64', 'f64', 'i128']) for _ in range(n)]
            lines, ks = ['b0(v0: i64):'], []
            for i, t in enumerate(types):
                k = rng.randrange(1, 100)
                lines.append('  %%i%d = add.i64 v0, %d' % (i, k))
                op = {'f80': 'sitof.f80 i64', 'f64': 'sitof.f64 i64', 'i64': 'copy.i64',
                      'i128': 'sext.i128 i64'}[t]
                lines.append('  %%x%d = %s %%i%d' % (i, op, i))
                ks.append(k)
            acc = number(f80(1))
            for c in range(calls):
                lines.append('  %%c%d = call @g_f80_moves_half(%s)' % (c, acc))
                acc = '%%c%d' % c
            order_ = rng.sample(range(n), n)
            for j, i in enumerate(order_):
                t = types[i]
                if t == 'f80':
                    v = '%%x%d' % i
                else:
                    v = '%%y%d' % i
                    op = {'f64': 'fpromote.f80 f64', 'i64': 'sitof.f80 i64', 'i128': 'sitof.f80 i128'}[t]
                    lines.append('  %s = %s %%x%d' % (v, op, i))
                lines += ['  %%m%d = fmul.f80 %s, %s' % (j, acc, number(f80(3))),
                          '  %%s%d = fadd.f80 %%m%d, %s' % (j, j, v)]
                acc = '%%s%d' % j
            name = f.func(['i64'], 'f80', '\n'.join(lines + ['  ret ' + acc]))
            for a in (0, -200, 11):
                r = f80(1)
                for _ in range(calls):
                    r = mul(r, HALF)
                for i in order_:
                    r = add(mul(r, f80(3)), f80(a + ks[i]))
                f.run(name, [a], ['i64'], r, 'f80')
    return f


ARITHMETIC = {'fadd': add, 'fsub': lambda a, b: add(a, b ^ SIGN), 'fmul': mul, 'fdiv': div}


class Random80(Random):
    """Random functions with values of f80 among the others."""

    def constant(self, t):
        if t != 'f80':
            return super().constant(t)
        return self.rng.choice([ONE, HALF, 0, SIGN, f80(-3), f80(10 ** 10)] + randoms(self.rng, 3, 8))

    def float_inst(self, lines, code, env):
        rng = self.rng
        if rng.random() < 0.35:
            super().float_inst(lines, code, env)
            return
        t, r = 'f80', self.fresh()
        a, fa = self.operand(env, t)
        b, fb = self.operand(env, t)
        kind = rng.randrange(8)
        if kind < 3:
            op = rng.choice(list(ARITHMETIC))
            text, run = '%s.f80 %s, %s' % (op, a, b), lambda e: ARITHMETIC[op](fa(e), fb(e))
        elif kind == 3:
            op = rng.choice(['fneg', 'fabs', 'fcopysign'])
            text = '%s.f80 %s%s' % (op, a, ', ' + b if op == 'fcopysign' else '')

            def run(e):
                x = fa(e)
                return x ^ SIGN if op == 'fneg' else x & ~SIGN | (fb(e) & SIGN if op[1] == 'c' else 0)
        elif kind == 4:
            c, t = rng.choice(list(FCMP)), 'i8'
            text = 'fcmp.f80 %s %s, %s' % (c, a, b)

            def run(e):
                x, y = fa(e), fb(e)
                nan = is_nan(x) or is_nan(y)
                return int(bool(FCMP[c](nan, *((0, 0) if nan else (order(x), order(y))))))
        elif kind == 5:
            c, fc = self.operand(env, 'i8')
            text, run = 'select.f80 %s, %s, %s' % (c, a, b), lambda e: fa(e) if fc(e) & 1 else fb(e)
        elif kind == 6:
            k = rng.choice(INTS)
            v, fv = self.operand(env, k)
            op = rng.choice(['sitof', 'uitof'])
            text = '%s.f80 %s %s' % (op, k, v)
            run = lambda e: rounded(Fraction(signed(fv(e), WIDTH[k]) if op == 'sitof' else fv(e)))
        else:
            t = rng.choice(INT64)
            op = rng.choice(['ftosis', 'ftouis'])
            w = WIDTH[t]
            lo, hi = (smin_of(w), smax_of(w)) if op == 'ftosis' else (0, mask(w))
            text = '%s.%s f80 %s' % (op, t, a)
            run = lambda e: 0 if is_nan(fa(e)) else clamp(math.trunc(order(fa(e))), lo, hi) & mask(w)
        lines.append('  %s = %s' % (r, text))
        self.set(code, r, run)
        env.append((r, t))


def gen_f80_random(rng):
    f = F80('g_f80_random')
    made = []
    for i in range(100):
        r = Random80(f, rng, made[-6:] if i % 3 else [], ['f80', 'f80'] + INTS + ['f64'])
        r.floats = ['f64']  # those of the class that knows them
        r.build(rng.choice([5, 15, 30, 60, 120]))
        made.append(r)
        for _ in range(6):
            args = [r.constant(t) for t in r.params]
            f.run(r.name, args, r.params, r.run(args), r.result)
    return f
