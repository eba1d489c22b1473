"""Run lines for f128: operations by exact rationals, conversions, calls, memory. Functions take and give
them as the bits of an i128, since C on x86-64 has no such long double. Targets without f128 skip the functions."""
from gen_base import *
from gen_formats import BIAS, WHOLE, Format
from gen_ops import FCMP

Q = Format(113, False)
ONE = Q.of(1)
SNAN = Q.INF | 0x1234
SPECIAL = [0, Q.SIGN, ONE, ONE | Q.SIGN, Q.INF, Q.INF | Q.SIGN, Q.QNAN, Q.of(Fraction(1, 10)), Q.of(100),
           Q.of(-3), 1, Q.SIGN | 1, mask(112), Q.MIN_NORMAL, Q.SIGN | Q.MIN_NORMAL, Q.MAX, Q.SIGN | Q.MAX,
           ONE + 1, ONE - 1, Q.of(2 ** 63), Q.of(2 ** 113 - 1), Q.of(-2 ** 127), Q.of(Fraction(7, 2))]


def randoms(rng, n, span=60):
    return [(BIAS + rng.randint(-span, span)) << 112 | rng.getrandbits(112)
            | (Q.SIGN if rng.random() < 0.5 else 0) for _ in range(n)]


class F128(File):
    def quad(self, n, lines, result='f128'):
        """A function of n f128 in v0..., whose last line makes v100."""
        params = ['i128'] * n
        body = 'b0(%s):\n' % ', '.join('%%a%d: i128' % i for i in range(n))
        body += ''.join('  v%d = bitcast.f128 i128 %%a%d\n' % (i, i) for i in range(n))
        body += '  ' + '\n  '.join(lines) + '\n'
        if result != 'f128':
            return self.func(params, result, body + '  ret v100')
        # every NaN becomes the default one
        return self.func(params, 'i128', body + '  v101 = bitcast.i128 f128 v100\n'
                         '  v102 = fcmp.f128 uno v100, v100\n'
                         '  v103 = select.i128 v102, i128 0x%x, v101\n  ret v103' % Q.QNAN)

    def quads(self, name, args, want):
        self.run(name, args, ['i128'] * len(args), Q.QNAN if Q.is_nan(want) else want, 'i128')


def gen_f128(rng):
    f = F128('g_f128')
    both = [(a, b) for a in SPECIAL for b in SPECIAL]
    rng.shuffle(both)
    r = randoms(rng, 20)
    near = [(Q.of(2 ** 113), Q.of(k)) for k in (1, 2, 3)] + [(Q.of(2 ** 114), Q.of(k)) for k in (1, 2, 3, 6)]
    near += list(zip(r, r[1:])) + [(Q.MAX, Q.MAX), (0x1fff << 112, 0x1fff << 112)]
    for op, sem in [('fadd', Q.add), ('fsub', lambda a, b: Q.add(a, b ^ Q.SIGN)), ('fmul', Q.mul),
                    ('fdiv', Q.div), ('frem', Q.rem)]:
        name = f.quad(2, ['v100 = %s.f128 v0, v1' % op])
        konst = f.quad(1, ['v100 = %s.f128 v0, f128 0x%x' % (op, SPECIAL[7])])
        for a, b in both[:40] + near:
            if op == 'frem' and Q.value(a) is not None and Q.value(b) and \
                    abs(Q.value(a) / Q.value(b)) > 2 ** 400:
                continue
            f.quads(name, [a, b], sem(a, b))
        for a in SPECIAL[:9] + r[:3]:
            f.quads(konst, [a], sem(a, SPECIAL[7]))
    for op, sem in [('fneg', lambda a: a ^ Q.SIGN), ('fabs', lambda a: a & ~Q.SIGN), ('copy', lambda a: a)]:
        name = f.quad(1, ['%%r = %s.f128 v0' % op, 'v100 = bitcast.i128 f128 %r'], 'i128')
        for a in SPECIAL + [SNAN, SNAN | Q.SIGN]:
            f.run(name, [a], ['i128'], sem(a), 'i128')
    name = f.quad(2, ['%r = fcopysign.f128 v0, v1', 'v100 = bitcast.i128 f128 %r'], 'i128')
    for a in SPECIAL[:9] + [SNAN | Q.SIGN]:
        for b in (ONE, Q.SIGN | ONE, SNAN, SNAN | Q.SIGN):
            f.run(name, [a, b], ['i128'] * 2, a & ~Q.SIGN | b & Q.SIGN, 'i128')
    name = f.quad(1, ['v100 = fsqrt.f128 v0'])
    for a in SPECIAL + [x & ~Q.SIGN for x in r[:8]]:
        f.quads(name, [a], Q.root(a))
    halves = [Q.of(Fraction(k, 4)) for k in range(-11, 12)] + [Q.of(Fraction(2 ** 112 - 1, 2))]
    for op, sem in WHOLE.items():
        name = f.quad(1, ['v100 = %s.f128 v0' % op])
        for a in SPECIAL + halves + r[:4]:
            f.quads(name, [a], Q.to_whole(sem)(a))
    for op in ('fmin', 'fmax', 'fminimum', 'fmaximum'):
        name = f.quad(2, ['v100 = %s.f128 v0, v1' % op])
        for a, b in [(a, b) for a in SPECIAL[:8] for b in SPECIAL[:8]]:
            ieee = op.endswith('imum')
            if ieee or {a, b} != {0, Q.SIGN}:  # C does not specify which
                f.quads(name, [a, b], Q.least(a, b, op[2] == 'a', ieee))
    name = f.quad(3, ['v100 = fma.f128 v0, v1, v2'])
    x = randoms(rng, 18, 3)
    cases = [(a, b, Q.SIGN ^ Q.mul(a, b)) for a, b in zip(x[:6], x[6:12])]
    cases += list(zip(x[::3], x[1::3], x[2::3]))
    cases += [tuple(rng.choice(SPECIAL) for _ in range(3)) for _ in range(20)]
    for c in cases:
        f.quads(name, list(c), Q.fma(*c))
    for cond, sem in FCMP.items():
        val = f.quad(2, ['v100 = fcmp.f128 %s v0, v1' % cond], 'i8')
        pick = f.quad(2, ['v2 = fcmp.f128 %s v0, v1' % cond, 'v100 = select.f128 v2, v0, v1'])
        two = [(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]
        rng.shuffle(two)
        for a, b in two[:15] + [(SNAN, ONE), (ONE, Q.QNAN), (0, Q.SIGN), (ONE, ONE), (ONE, ONE + 1)]:
            nan = Q.is_nan(a) or Q.is_nan(b)
            yes = bool(sem(nan, *((0, 0) if nan else (Q.order(a), Q.order(b)))))
            f.run(val, [a, b], ['i128'] * 2, yes, 'i8')
            f.quads(pick, [a, b], a if yes else b)
    convert(f, rng)
    memory(f, r)
    return f


def convert(f, rng):
    for it in INTS:
        w = WIDTH[it]
        for op in ('sitof', 'uitof'):
            name = f.func([it], 'i128', 'b0(v0: %s):\n  v1 = %s.f128 %s v0\n  v2 = bitcast.i128 f128 v1\n'
                          '  ret v2' % (it, op, it))
            for v in boundaries(w, rng, 4) + [mask(w) & k for k in (
                    (1 << 113) + 1, (1 << 114) + 3, (1 << 127) + (1 << 14), mask(113), mask(114))]:
                f.run(name, [v], [it], Q.of(signed(v, w) if op == 'sitof' else v), 'i128')
        for op in ('ftosi', 'ftoui', 'ftosis', 'ftouis'):
            name = f.quad(1, ['v100 = %s.%s f128 v0' % (op, it)], it)
            lo, hi = (smin_of(w), smax_of(w)) if op[3] == 's' else (0, mask(w))
            ends = [k + d for k in (lo, hi, 0) for d in (0, 1, -1, Fraction(1, 8), -Fraction(7, 8))]
            xs = [Q.of(v) for v in ends] + randoms(rng, 4, 20) + SPECIAL[:7] + [Q.of(-2 ** 200), 1, Q.MAX]
            for a in xs:
                total = op[-2:] == 'is'
                want = None if Q.is_nan(a) else math.trunc(Q.order(a))
                if want is None or not lo <= want <= hi:
                    if not total:
                        continue  # any bits
                    want = 0 if want is None else clamp(want, lo, hi)
                f.run(name, [a], ['i128'], want, it)
    for ft, top, m in (('f32', 127, 24), ('f64', 1023, 53)):
        name = f.quad(1, ['v100 = fdemote.%s f128 v0' % ft], ft)
        one = Fraction(1)
        low = one / 2 ** (top + m - 2)  # the smallest subnormal
        xs = SPECIAL + randoms(rng, 6) + [Q.of(x) for x in (
            one * 2 ** (top + 1) - one * 2 ** (top - m), low, low / 2, low * 3 / 2, low / 2 + low / 2 ** 60,
            1 + one / 2 ** m, 1 + 3 * one / 2 ** m, 1 + one / 2 ** m + one / 2 ** 112,
            1 + one / 2 ** 24 + one / 2 ** 80)]
        for a in xs:
            if Q.is_nan(a):
                want = f_bits(math.nan, ft)
            elif Q.is_inf(a):
                want = f_bits(-math.inf if Q.negative(a) else math.inf, ft)
            else:
                want = round_fraction(Q.value(a), ft, Q.negative(a))
            f.run(name, [a], ['i128'], want, ft)
        name = f.func([ft], 'i128', 'b0(v0: %s):\n  v1 = fpromote.f128 %s v0\n  v2 = bitcast.i128 f128 v1\n'
                      '  ret v2' % (ft, ft))
        for x in [0.0, -0.0, 1.0, -1.5, 0.1, 1e30, 2.0 ** -149, 2.0 ** -1074 * 3, math.inf, -math.inf]:
            a = f_bits(x, ft)
            x = f_of(a, ft)
            want = (Q.SIGN if x < 0 else 0) | Q.INF if math.isinf(x) else \
                Q.rounded(Fraction(x), math.copysign(1, x) < 0)
            f.run(name, [a], [ft], want, 'i128')


def memory(f, r):
    # arguments beyond the registers, among others; a result; calls by another signature
    many = ['f128', 'i64', 'f128', 'f64'] + ['f128'] * 8 + ['i32', 'f128']
    params = ', '.join('v%d: %s' % p for p in enumerate(many))
    quads = [i for i, t in enumerate(many) if t == 'f128']
    sums, last = [], quads[0]
    for k, i in enumerate(quads[1:]):
        sums.append('v%d = fsub.f128 v%d, v%d' % (50 + k, last, i))
        last = 50 + k
    callee = f.func(many, 'f128', 'b0(%s):\n  %s\n  ret v%d' % (params, '\n  '.join(sums), last))
    args = ', '.join('v0' if t == 'f128' and i % 3 else 'v1' if t == 'f128' else 'f64 1.0' if t == 'f64' else '7'
                     for i, t in enumerate(many))
    name = f.quad(2, ['v100 = call @%s(%s)' % (callee, args)])
    for a, b in zip(r[:4], r[4:]):
        want = None
        for i in quads:
            v = a if i % 3 else b
            want = v if want is None else Q.add(want, v ^ Q.SIGN)
        f.quads(name, [a, b], want)
    va = f.func(['i32', '...'], 'f128', '''  %l = slot 32 align 8
b0(%n: i32):
  va_start %l
  v1 = va_arg.f128 %l
  v2 = va_arg.f64 %l
  v3 = va_arg.f128 %l
  va_end %l
  v4 = fpromote.f128 f64 v2
  v5 = fmul.f128 v1, v4
  v6 = fsub.f128 v5, v3
  ret v6''')
    name = f.quad(2, ['v100 = call @%s(1, v0, f64 2.0, v1)' % va])
    for a, b in zip(r[:4], r[4:]):
        f.quads(name, [a, b], Q.add(Q.mul(a, Q.of(2)), b ^ Q.SIGN))
    # memory, and what lives over calls and branches
    name = f.quad(2, ['store.f128 v0, %s', 'v3 = fadd.f128 v0, v1', 'v4 = load.f128 %s',
                      'v5 = fmul.f128 v3, v4', 'brif 1, b1, b2(v5)', 'b1:', 'v6 = fsub.f128 v5, v0', 'br b2(v6)',
                      'b2(v7: f128):', 'v100 = fdiv.f128 v7, v1'])
    f.out[-3] = f.out[-3].replace('{', '{\n  %s = slot 16 align 16')
    for a, b in zip(r[:4], r[4:]):
        want = Q.mul(Q.add(a, b), a)
        f.quads(name, [a, b], Q.div(Q.add(want, a ^ Q.SIGN), b))
