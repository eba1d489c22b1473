"""Run lines for every operation: integers, comparisons, floats, conversions, memory, switches."""
import math
from fractions import Fraction

from gen_base import *


def gen_int(rng):
    f = File('g_int')
    for op, sem in BIN.items():
        for t in INT64 if op in ONLY64 else INTS:
            w = WIDTH[t]
            name = f.simple([t, t], t, ['v2 = %s.%s v0, v1' % (op, t), 'ret v2'])
            for a, b in pairs(op, w, rng, 22):
                f.run(name, [a, b], [t, t], sem(a, b, w), t)
    for op, sem in UN.items():
        for t in INTS:
            w = WIDTH[t]
            name = f.simple([t], t, ['v1 = %s.%s v0' % (op, t), 'ret v1'])
            for a in boundaries(w, rng, 4):
                f.run(name, [a], [t], sem(a, w), t)
    for op, (is_signed, sem) in OVER.items():
        for t in INTS:
            w = WIDTH[t]
            value = f.simple([t, t], t, ['v2 = %s.%s v0, v1' % (op, t), 'v3 = result 1 of v2',
                                         'ret v2'])
            flag = f.simple([t, t], 'i8', ['v2 = %s.%s v0, v1' % (op, t), 'v3 = result 1 of v2',
                                           'ret v3'])
            both = f.func([t, t], 'i32', '''b0(v0: {t}, v1: {t}):
  v2 = {op}.{t} v0, v1
  v3 = result 1 of v2
  brif v3, b1, b2
b1:
  ret 1
b2:
  v6 = trunc.i8 {t} v2
  v7 = icmp.i8 eq v6, 0
  v8 = zext.i32 i8 v7
  v9 = add.i32 v8, 2
  ret v9'''.format(t=t, op=op) if t != 'i8' else '''b0(v0: i8, v1: i8):
  v2 = {op}.i8 v0, v1
  v3 = result 1 of v2
  brif v3, b1, b2
b1:
  ret 1
b2:
  v7 = icmp.i8 eq v2, 0
  v8 = zext.i32 i8 v7
  v9 = add.i32 v8, 2
  ret v9'''.format(op=op))
            for a, b in pairs(op, w, rng, 14):
                r = sem(signed(a, w), signed(b, w)) if is_signed else sem(a, b)
                over = not (smin_of(w) <= r <= smax_of(w)) if is_signed else not 0 <= r <= mask(w)
                f.run(value, [a, b], [t, t], r, t)
                f.run(flag, [a, b], [t, t], int(over), 'i8')
                f.run(both, [a, b], [t, t], 1 if over else 2 + (r & 255 == 0), 'i32')
    for op in ['fshl', 'fshr']:
        for t in INTS:
            w = WIDTH[t]
            name = f.simple([t, t, t], t, ['v3 = %s.%s v0, v1, v2' % (op, t), 'ret v3'])
            for k in [0, 1, w // 2, w - 1, w, w + 3, mask(w)]:
                a, b, c = rng.getrandbits(w), rng.getrandbits(w), k & mask(w)
                x = a << w | b
                n = c % w
                f.run(name, [a, b, c], [t] * 3, x << n >> w if op == 'fshl' else x >> n, t)
            for k in [0, 1, 3, w - 1]:
                name = f.simple([t, t], t, ['v2 = %s.%s v0, v1, %d' % (op, t, k), 'ret v2'])
                a, b = rng.getrandbits(w), rng.getrandbits(w)
                x = a << w | b
                f.run(name, [a, b], [t, t], x << k >> w if op == 'fshl' else x >> k, t)
    return f


def gen_imm(rng):
    """Constants as second and first operand; division by constants."""
    f = File('g_imm')
    for t in INTS:
        w = WIDTH[t]
        wide = [1, mask(w), 5, 127, 128, mask(w) - 127, 0x7fffffff, 0x80000000, 0xffffffff,
                0x12345678, 0x123456789abcdef, mask(w) ^ 0x7fffffff, 1 << (w - 1), 1 << 28,
                (1 << 28) - 1, mask(w) ^ ((1 << 28) - 1), 255, 0xffff, 3, 9]
        wide = sorted({k & mask(w) for k in wide} | {rng.getrandbits(w)})
        for op in ['add', 'sub', 'mul', 'and', 'or', 'xor', 'umin', 'smax']:
            for k in wide:
                name = f.simple([t], t, ['v1 = %s.%s v0, %s' % (op, t, const(k, t)), 'ret v1'])
                for a in rng.sample(boundaries(w, rng, 3), 3):
                    f.run(name, [a], [t], BIN[op](a, k, w), t)
            for k in wide[::3]:
                name = f.simple([t], t, ['v1 = %s.%s %s, v0' % (op, t, const(k, t)), 'ret v1'])
                for a in rng.sample(boundaries(w, rng, 3), 2):
                    f.run(name, [a], [t], BIN[op](k, a, w), t)
        for op in ['shl', 'lshr', 'ashr', 'rotl', 'rotr']:
            for k in sorted({0, 1, 2, 3, w // 2 - 1, w // 2, w // 2 + 1, w - 1}):
                name = f.simple([t], t, ['v1 = %s.%s v0, %d' % (op, t, k), 'ret v1'])
                for a in rng.sample(boundaries(w, rng, 3), 3):
                    f.run(name, [a], [t], BIN[op](a, k, w), t)
            name = f.simple([t], t, ['v1 = %s.%s %s, v0' % (op, t, const(0x9d & mask(w), t)),
                                     'ret v1'])
            for a in [0, 1, w - 1]:
                f.run(name, [a], [t], BIN[op](0x9d & mask(w), a, w), t)
        for op in ['udiv', 'sdiv', 'urem', 'srem']:
            for k in sorted({k & mask(w) for k in (1, 2, 3, 5, 6, 7, 8, 9, 10, 16, 25, 100, 125, 127,
                                                   128, 641, 1000, 1000000007, 1 << (w - 1),
                                                   (1 << (w - 1)) - 1, mask(w), -2, -3, -7, -8, -10,
                                                   (1 << (w - 1)) + 1, 0xffffffff, 0x80000000)} - {0}):
                name = f.simple([t], t, ['v1 = %s.%s v0, %s' % (op, t, const(k, t)), 'ret v1'])
                near = [k - 1, k, k + 1, 2 * k - 1, 2 * k, -k, mask(w), 0, 1, 1 << (w - 1),
                        (1 << (w - 1)) - 1, rng.getrandbits(w), rng.getrandbits(w)]
                for a in rng.sample([x & mask(w) for x in near], 8):
                    if defined(op, a, k, w):
                        f.run(name, [a], [t], BIN[op](a, k, w), t)
            name = f.simple([t], t, ['v1 = %s.%s %s, v0' % (op, t, const(100, t)), 'ret v1'])
            for a in [1, 3, 100, mask(w)]:
                f.run(name, [a], [t], BIN[op](100, a, w), t)
    return f


def gen_icmp(rng):
    f = File('g_icmp')
    for t in INTS:
        w = WIDTH[t]
        for cond, sem in ICMP.items():
            value = f.simple([t, t], 'i8', ['v2 = icmp.%s %s v0, v1' % (t, cond), 'ret v2'])
            branch = f.func([t, t], 'i32', 'b0(v0: {t}, v1: {t}):\n  v2 = icmp.{t} {c} v0, v1\n'
                            '  brif v2, b1, b2\nb1:\n  ret 11\nb2:\n  ret 22'.format(t=t, c=cond))
            # The branch's first way falls through, and the comparison is used twice.
            twice = f.func([t, t], 'i8', 'b0(v0: {t}, v1: {t}):\n  v2 = icmp.{t} {c} v0, v1\n'
                           '  brif v2, b2, b1\nb1:\n  v3 = add.i8 v2, 7\n  ret v3\nb2:\n'
                           '  v4 = add.i8 v2, 100\n  ret v4'.format(t=t, c=cond))
            select = f.simple([t, t, t, t], t, ['v4 = icmp.%s %s v0, v1' % (t, cond),
                                                'v5 = select.%s v4, v2, v3' % t, 'ret v5'])
            fselect = f.simple([t, t, 'f64', 'f64'], 'f64',
                               ['v4 = icmp.%s %s v0, v1' % (t, cond),
                                'v5 = select.f64 v4, v2, v3', 'ret v5'])
            both = pairs('icmp', w, rng, 14) + [(a, a) for a in (0, mask(w), 1 << (w - 1))]
            if w == 128:  # halves that differ in one only
                both += [(1 << 64, 0), (0, 1 << 64), (1, 1 << 64), (5 << 64 | 1, 5 << 64 | 2),
                         (5 << 64 | 2, 5 << 64 | 1), (mask(64), mask(64) << 64)]
            for a, b in both:
                r = bool(sem(a, b, w))
                f.run(value, [a, b], [t, t], r, 'i8')
                f.run(branch, [a, b], [t, t], 11 if r else 22, 'i32')
                f.run(twice, [a, b], [t, t], 101 if r else 7, 'i8')
            for a, b in both[:5]:
                r = bool(sem(a, b, w))
                f.run(select, [a, b, 3, 4], [t] * 4, 3 if r else 4, t)
                f.run(fselect, [a, b, f_bits(1.5, 'f64'), f_bits(-2.5, 'f64')], [t, t, 'f64', 'f64'],
                      f_bits(1.5 if r else -2.5, 'f64'), 'f64')
            for k in sorted({0, 1, mask(w), 127, 1 << (w - 1), 0x80000000 & mask(w),
                             0x123456789 & mask(w)}):
                right = f.func([t], 'i32', 'b0(v0: {t}):\n  v1 = icmp.{t} {c} v0, {k}\n'
                               '  brif v1, b1, b2\nb1:\n  ret 11\nb2:\n  ret 22'.format(
                                   t=t, c=cond, k=const(k, t)))
                left = f.simple([t], 'i8', ['v1 = icmp.%s %s %s, v0' % (t, cond, const(k, t)),
                                            'ret v1'])
                for a in [k, (k + 1) & mask(w), (k - 1) & mask(w), rng.getrandbits(w)]:
                    f.run(right, [a], [t], 11 if sem(a, k, w) else 22, 'i32')
                    f.run(left, [a], [t], bool(sem(k, a, w)), 'i8')
    # Conditions that are not comparisons: any i8, of which the low bit counts.
    name = f.func(['i8'], 'i32', 'b0(v0: i8):\n  brif v0, b1, b2\nb1:\n  ret 1\nb2:\n  ret 0')
    for a in [0, 1, 2, 3, 254, 255]:
        f.run(name, [a], ['i8'], a & 1, 'i32')
    name = f.simple(['i8', 'i64', 'i64'], 'i64', ['v3 = select.i64 v0, v1, v2', 'ret v3'])
    for a in [0, 1, 2, 3, 254, 255]:
        f.run(name, [a, 10, 20], ['i8', 'i64', 'i64'], 10 if a & 1 else 20, 'i64')
    # Comparisons with zero after arithmetic, which may use its flags.
    for op in ['add', 'sub', 'and', 'or', 'xor', 'shl', 'neg']:
        for cond in ICMP:
            for t in INT64:
                w = WIDTH[t]
                expr = 'neg.%s v0' % t if op == 'neg' else '%s.%s v0, v1' % (op, t)
                name = f.func([t, t], 'i32', 'b0(v0: {t}, v1: {t}):\n  v2 = {e}\n'
                              '  v3 = icmp.{t} {c} v2, 0\n  brif v3, b1, b2\nb1:\n  ret 11\nb2:\n'
                              '  ret 22'.format(t=t, e=expr, c=cond))
                for a, b in pairs('shl' if op == 'shl' else 'add', w, rng, 5):
                    r = (-a if op == 'neg' else BIN[op](a, b, w)) & mask(w)
                    f.run(name, [a, b], [t, t], 11 if ICMP[cond](r, 0, w) else 22, 'i32')
    return f


F64_SPECIAL = [0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
               0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x0000000000000001,
               0x000fffffffffffff, 0x7fefffffffffffff, 0x3fb999999999999a, 0x4059000000000000,
               0xc008000000000000, 0x3fe0000000000000, 0x4004000000000000]
F32_SPECIAL = [0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
               0x00000001, 0x007fffff, 0x7f7fffff, 0x3dcccccd, 0x42c80000, 0xc0400000, 0x3f000000,
               0x40200000]


def special(t):
    return F32_SPECIAL if t == 'f32' else F64_SPECIAL


NAN = {'f32': 0x7fc00000, 'f64': 0x7ff8000000000000}


def exact(t, a, b, op):
    """IEEE result bits of a op b for the four operations."""
    x, y = f_of(a, t), f_of(b, t)
    if math.isnan(x) or math.isnan(y):
        return NAN[t]
    sx, sy = math.copysign(1, x) < 0, math.copysign(1, y) < 0
    if op == 'fsub':
        return exact(t, a, b ^ 1 << (31 if t == 'f32' else 63), 'fadd')
    if op == 'fadd':
        if math.isinf(x) or math.isinf(y):
            return f_bits(x + y, t)
        s = Fraction(x) + Fraction(y)
        return round_fraction(s, t, int(sx and sy) if s == 0 else 0)
    s = int(sx != sy)
    top = 1 << (31 if t == 'f32' else 63)
    inf = 0x7f800000 if t == 'f32' else 0x7ff << 52
    if op == 'fmul':
        if math.isinf(x) or math.isinf(y):
            return NAN[t] if x == 0 or y == 0 else inf | (top if s else 0)
        return round_fraction(Fraction(x) * Fraction(y), t, s)
    if math.isinf(x) and math.isinf(y) or x == 0 and y == 0:
        return NAN[t]
    if math.isinf(x) or y == 0:
        return inf | (top if s else 0)
    if math.isinf(y):
        return top if s else 0
    return round_fraction(Fraction(x) / Fraction(y), t, s)


FCMP = {
    'oeq': lambda n, a, b: not n and a == b, 'une': lambda n, a, b: n or a != b,
    'olt': lambda n, a, b: not n and a < b, 'uge': lambda n, a, b: n or a >= b,
    'ole': lambda n, a, b: not n and a <= b, 'ugt': lambda n, a, b: n or a > b,
    'ogt': lambda n, a, b: not n and a > b, 'ule': lambda n, a, b: n or a <= b,
    'oge': lambda n, a, b: not n and a >= b, 'ult': lambda n, a, b: n or a < b,
    'one': lambda n, a, b: not n and a != b, 'ueq': lambda n, a, b: n or a == b,
    'ord': lambda n, a, b: not n, 'uno': lambda n, a, b: n,
}


def round_even(v):
    return v if not math.isfinite(v) or abs(v) >= 2 ** 52 else math.copysign(float(round(v)), v)


def rounded(f):
    return lambda v: v if not math.isfinite(v) or abs(v) >= 2 ** 52 else math.copysign(
        float(f(v)), v)


FUN = {
    'ffloor': rounded(math.floor), 'fceil': rounded(math.ceil), 'ftrunc': rounded(math.trunc),
    'fround': rounded(lambda v: math.floor(abs(v) + 0.5) if abs(v) != 0.49999999999999994 else 0),
    'froundeven': round_even, 'frint': round_even, 'fnearbyint': round_even,
}


def gen_float(rng):
    f = File('g_float')
    for t in FLOATS:
        w = 32 if t == 'f32' else 64
        top = 1 << (w - 1)
        sp = special(t)
        rand = [f_bits(rng.uniform(-1000, 1000), t) for _ in range(6)]
        for op in ['fadd', 'fsub', 'fmul', 'fdiv']:
            name = f.simple([t, t], t, ['v2 = %s.%s v0, v1' % (op, t), 'ret v2'])
            both = [(a, b) for a in sp for b in sp]
            rng.shuffle(both)
            for a, b in both[:60] + list(zip(rand, rand[1:])):
                f.run(name, [a, b], [t, t], exact(t, a, b, op), t)
            for k in [sp[2], sp[10], sp[1], rand[0]]:
                right = f.simple([t], t, ['v1 = %s.%s v0, %s' % (op, t, const(k, t)), 'ret v1'])
                left = f.simple([t], t, ['v1 = %s.%s %s, v0' % (op, t, const(k, t)), 'ret v1'])
                for a in [sp[2], sp[12], rand[1], sp[0]]:
                    f.run(right, [a], [t], exact(t, a, k, op), t)
                    f.run(left, [a], [t], exact(t, k, a, op), t)
        for op, sem in [('fneg', lambda a: a ^ top), ('fabs', lambda a: a & ~top)]:
            name = f.simple([t], t, ['v1 = %s.%s v0' % (op, t), 'ret v1'])
            for a in sp + rand:
                f.run(name, [a], [t], sem(a), t)
        name = f.simple([t, t], t, ['v2 = fcopysign.%s v0, v1' % t, 'ret v2'])
        for a in sp[:6] + rand[:2]:
            for b in sp[:3]:
                f.run(name, [a, b], [t, t], a & ~top | b & top, t)
        name = f.simple([t], t, ['v1 = fsqrt.%s v0' % t, 'ret v1'])
        for a in sp + [r & ~top for r in rand]:
            v = f_of(a, t)
            f.run(name, [a], [t], a if v == 0 else NAN[t] if not v >= 0 else f_bits(math.sqrt(v), t),
                  t)
        halves = [f_bits(x, t) for x in (0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.25, -0.75, 1e6 + 0.5,
                                         8388607.5, 4194303.5, 0.49999997, -0.49999997)]
        for op, sem in FUN.items():
            name = f.simple([t], t, ['v1 = %s.%s v0' % (op, t), 'ret v1'])
            for a in sp + rand + halves:
                f.run(name, [a], [t], f_bits(sem(f_of(a, t)), t), t)
        for op in ['fmin', 'fmax', 'fminimum', 'fmaximum']:
            name = f.simple([t, t], t, ['v2 = %s.%s v0, v1' % (op, t), 'ret v2'])
            for a in sp[:8] + rand[:2]:
                for b in sp[:8] + rand[2:4]:
                    x, y = f_of(a, t), f_of(b, t)
                    if math.isnan(x) or math.isnan(y):
                        if op in ('fminimum', 'fmaximum') or math.isnan(x) and math.isnan(y):
                            want = NAN[t]
                        else:
                            want = b if math.isnan(x) else a
                    elif x == y == 0:
                        if op in ('fmin', 'fmax') and a != b:
                            continue  # either
                        want = a | b if op == 'fminimum' else a & b if op == 'fmaximum' else a
                    else:
                        want = (a if x < y else b) if 'min' in op else (a if x > y else b)
                    f.run(name, [a, b], [t, t], want, t)
        name = f.simple([t, t], t, ['v2 = frem.%s v0, v1' % t, 'ret v2'])
        for a, b in [(5.5, 2.0), (-5.5, 2.0), (5.5, -2.0), (1e10, 3.0), (0.0, 1.0), (-0.0, 1.0),
                     (7.0, 7.0), (1.0, 1e30)]:
            f.run(name, [f_bits(a, t), f_bits(b, t)], [t, t], f_bits(math.fmod(
                f_of(f_bits(a, t), t), f_of(f_bits(b, t), t)), t), t)
        name = f.simple([t, t, t], t, ['v3 = fma.%s v0, v1, v2' % t, 'ret v3'])
        for _ in range(12):
            a, b = [f_bits(rng.uniform(-9, 9), t) for _ in range(2)]
            c = f_bits(-f_of(a, t) * f_of(b, t), t) if rng.random() < .6 else f_bits(1.25, t)
            x = Fraction(f_of(a, t)) * Fraction(f_of(b, t)) + Fraction(f_of(c, t))
            f.run(name, [a, b, c], [t] * 3, round_fraction(x, t), t)
        name = f.simple([t, t, t], t, ['v3 = fmuladd.%s v0, v1, v2' % t, 'ret v3'])
        for a, b, c in [(2.0, 3.0, 4.0), (-1.5, 2.0, 0.25), (0.0, 5.0, -0.0), (1e3, 1e3, 1.0)]:
            f.run(name, [f_bits(v, t) for v in (a, b, c)], [t] * 3, f_bits(a * b + c, t), t)
        for cond, sem in FCMP.items():
            value = f.simple([t, t], 'i8', ['v2 = fcmp.%s %s v0, v1' % (t, cond), 'ret v2'])
            branch = f.func([t, t], 'i32', 'b0(v0: {t}, v1: {t}):\n  v2 = fcmp.{t} {c} v0, v1\n'
                            '  brif v2, b1, b2\nb1:\n  ret 11\nb2:\n  ret 22'.format(t=t, c=cond))
            select = f.simple([t, t], t, ['v2 = fcmp.%s %s v0, v1' % (t, cond),
                                          'v3 = select.%s v2, v0, v1' % t, 'ret v3'])
            iselect = f.simple([t, t], 'i64', ['v2 = fcmp.%s %s v0, v1' % (t, cond),
                                               'v3 = select.i64 v2, 77, -5', 'ret v3'])
            twice = f.func([t, t], 'i8', 'b0(v0: {t}, v1: {t}):\n  v2 = fcmp.{t} {c} v0, v1\n'
                           '  brif v2, b1, b2\nb1:\n  v3 = add.i8 v2, 10\n  ret v3\nb2:\n'
                           '  v4 = add.i8 v2, 20\n  ret v4'.format(t=t, c=cond))
            const_ = f.func([t], 'i32', 'b0(v0: {t}):\n  v2 = fcmp.{t} {c} v0, {k}\n'
                            '  brif v2, b2, b1\nb1:\n  ret 22\nb2:\n  ret 11'.format(
                                t=t, c=cond, k=const(f_bits(1.0, t), t)))
            both = [(a, b) for a in sp[:8] for b in sp[:8]]
            rng.shuffle(both)
            for a, b in both[:20] + [(sp[6], sp[2]), (sp[2], sp[6]), (sp[6], sp[6]), (sp[0], sp[1]),
                                     (sp[2], sp[2]), (sp[2], sp[3]), (sp[3], sp[2])]:
                x, y = f_of(a, t), f_of(b, t)
                r = bool(sem(math.isnan(x) or math.isnan(y), x, y))
                f.run(value, [a, b], [t, t], r, 'i8')
                f.run(branch, [a, b], [t, t], 11 if r else 22, 'i32')
                f.run(select, [a, b], [t, t], a if r else b, t)
                f.run(iselect, [a, b], [t, t], 77 if r else -5, 'i64')
                f.run(twice, [a, b], [t, t], 11 if r else 20, 'i8')
            for a in sp[:8]:
                x = f_of(a, t)
                f.run(const_, [a], [t], 11 if sem(math.isnan(x), x, 1.0) else 22, 'i32')
    return f


def gen_convert(rng):
    f = File('g_convert')
    for a in INTS:
        for b in INTS:
            wa, wb = WIDTH[a], WIDTH[b]
            for op in ['trunc'] if wa > wb else ['zext', 'sext'] if wa < wb else []:
                name = f.simple([a], b, ['v1 = %s.%s %s v0' % (op, b, a), 'ret v1'])
                # The result is used in arithmetic, where bits above must not count.
                more = f.simple([a], b, ['v1 = %s.%s %s v0' % (op, b, a),
                                         'v2 = udiv.%s v1, 3' % b, 'ret v2'])
                for v in boundaries(wa, rng, 3):
                    r = (signed(v, wa) if op == 'sext' else v) & mask(wb)
                    f.run(name, [v], [a], r, b)
                    f.run(more, [v], [a], r // 3, b)
                if wa < wb:  # of a value that was computed, and of a constant
                    name = f.simple([a], b, ['v1 = add.%s v0, v0' % a,
                                             'v2 = %s.%s %s v1' % (op, b, a), 'ret v2'])
                    for v in boundaries(wa, rng, 1):
                        r = v * 2 & mask(wa)
                        f.run(name, [v], [a], signed(r, wa) if op == 'sext' else r, b)
                    k = mask(wa) - 4
                    name = f.simple([], b, ['v0 = %s.%s %s %s' % (op, b, a, const(k, a)), 'ret v0'])
                    f.run(name, [], [], signed(k, wa) if op == 'sext' else k, b)
    for ft in FLOATS:
        for it in INTS:
            w = WIDTH[it]
            for op in ['sitof', 'uitof']:
                name = f.simple([it], ft, ['v1 = %s.%s %s v0' % (op, ft, it), 'ret v1'])
                vs = boundaries(w, rng, 6)
                if w >= 64:
                    vs += [(1 << 53) + 1, (1 << 54) + 2, (1 << 63) + 1024, (1 << 63) + 1025,
                           (1 << 24) + 1, (1 << 25) + 2, (1 << 40) + (1 << 15), (1 << 40) + (1 << 15)
                           + 1, mask(64), mask(63), mask(64) - 1023]
                if w >= 32:
                    vs += [16777217, 33554434, 0x7fffffbf, 0x7fffffc0, 0xffffff80, 0xffffff7f]
                for v in vs:
                    v &= mask(w)
                    x = signed(v, w) if op == 'sitof' else v
                    f.run(name, [v], [it], round_fraction(Fraction(x), ft), ft)
            for op in ['ftosi', 'ftoui', 'ftosis', 'ftouis']:
                name = f.simple([ft], it, ['v1 = %s.%s %s v0' % (op, it, ft), 'ret v1'])
                lo, hi = (smin_of(w), smax_of(w)) if op[3] == 's' else (0, mask(w))
                vals = [0.0, -0.0, 1.0, -1.0, 0.99, -0.99, 1.5, 2.5, 100.25, -100.75, float(hi), float(lo),
                        float(lo) - 1, hi / 2, hi / 3, lo / 3, 2.0 ** 31, 2.0 ** 63, -2.0 ** 63,
                        2.0 ** 62, 127.5, 255.5, 65535.75, -128.5, 4294967295.0]
                sat = [math.inf, -math.inf, math.nan, 1e30, -1e30, 1e38, -5.0]
                for v in vals + (sat if op.endswith('is') or op[-2:] == 'is' else []):
                    bits = f_bits(v, ft)
                    v = f_of(bits, ft)
                    if math.isnan(v):
                        want = 0
                    elif math.isinf(v):
                        want = hi if v > 0 else lo
                    else:
                        want = math.trunc(v)
                    if not lo <= want <= hi:
                        if len(op) == 5:
                            continue  # any bits
                        want = clamp(want, lo, hi)
                    if (math.isnan(v) or math.isinf(v)) and len(op) == 5:
                        continue
                    f.run(name, [bits], [ft], want, it)
    demote = f.simple(['f64'], 'f32', ['v1 = fdemote.f32 f64 v0', 'ret v1'])
    for a in F64_SPECIAL + [f_bits(rng.uniform(-1e40, 1e40), 'f64') for _ in range(4)] + [
            f_bits(1 + 2.0 ** -24, 'f64'), f_bits(1 + 3 * 2.0 ** -24, 'f64'),
            f_bits(1e-45, 'f64'), f_bits(3.4028235677973366e38, 'f64')]:
        v = f_of(a, 'f64')
        if math.isnan(v) or math.isinf(v):
            want = f_bits(v, 'f32')
        else:
            want = round_fraction(Fraction(v), 'f32', int(a >> 63))
        f.run(demote, [a], ['f64'], want, 'f32')
    promote = f.simple(['f32'], 'f64', ['v1 = fpromote.f64 f32 v0', 'ret v1'])
    for a in F32_SPECIAL:
        v = f_of(a, 'f32')
        f.run(promote, [a], ['f32'], NAN['f64'] if math.isnan(v) else f_bits(v, 'f64'), 'f64')
    for a, b in [('i32', 'f32'), ('f32', 'i32'), ('i64', 'f64'), ('f64', 'i64')]:
        name = f.simple([a], b, ['v1 = bitcast.%s %s v0' % (b, a), 'ret v1'])
        for v in [0, 1, 0x3f800000, 0x80000000] + ([F64_SPECIAL[2], F64_SPECIAL[5]] if '6' in a else []):
            f.run(name, [v], [a], v, b)
    return f


def gen_memory(rng):
    f = File('g_memory')
    # A word stored and parts of it loaded, from a slot and through a pointer that was hidden.
    for mem in INTS[:4]:
        for t in INTS:
            if WIDTH[t] < WIDTH[mem]:
                continue
            for ext in ['zext', 'sext'] if t != mem else ['']:
                for off in [0, 1, 3, 8 - WIDTH[mem] // 8]:
                    if off + WIDTH[mem] // 8 > 8:
                        continue
                    load = 'load.%s %s' % (t, ext + ' ' + mem + ' ' if ext else '')
                    disp = '+%d' % off if off else ''
                    name = f.simple(['i64'], t, ['slot0 = slot 8 align 8', 'store.i64 v0, slot0',
                                                 'v1 = %sslot0%s' % (load, disp), 'ret v1'])
                    hidden = f.simple(['i64', 'i64'], t,
                                      ['slot0 = slot 24 align 8', 'store.i64 v0, slot0+8',
                                       'v2 = add.i64 slot0, v1', 'v3 = %sv2%s' % (load, disp),
                                       'ret v3'])
                    for v in [0x8182838485868788, 0x0102030405060708, rng.getrandbits(64)]:
                        r = v >> 8 * off & mask(WIDTH[mem])
                        r = signed(r, WIDTH[mem]) if ext == 'sext' else r
                        f.run(name, [v], ['i64'], r, t)
                        f.run(hidden, [v, 8], ['i64', 'i64'], r, t)
    for t in INTS + FLOATS:  # narrow stores do not change adjacent bytes
        w = WIDTH.get(t, 32 if t == 'f32' else 64)
        for k in [None, 0x5a, mask(w) - 2]:
            if k is not None and t in FLOATS:
                continue
            what = 'v1' if k is None else const(k, t)
            name = f.simple(['i64', t], 'i64', [
                'slot0 = slot 32 align 16', 'store.i64 v0, slot0', 'store.i64 v0, slot0+16',
                'store.%s %s, slot0+8' % (t, what) if w < 128 else 'store.i128 %s, slot0' % what,
                'v2 = load.i64 slot0', 'v3 = load.i64 slot0+16', 'v4 = load.i8 slot0+8',
                'v5 = zext.i64 i8 v4', 'v6 = xor.i64 v2, v5', 'v7 = rotl.i64 v6, 9',
                'v8 = add.i64 v7, v3', 'ret v8'])
            for v in [0x1122334455667788, rng.getrandbits(64)]:
                x = f_bits(1.1, t) if t in FLOATS else rng.getrandbits(w)
                y = x if k is None else k
                lo, at8 = (v, y & 255) if w < 128 else (y & mask(64), y >> 64 & 255)
                r = BIN['rotl'](lo ^ at8, 9, 64) + v
                f.run(name, [v, x], ['i64', t], r, 'i64')
    for base in ['v0', 'slot']:
        for scale in [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 24, 64, 100, 255, 4096, 65535]:
            for disp in [0, 8, -8, 127, 128, -129, 4096, 0x7fffffff, -0x80000000]:
                if base == 'slot' and (scale not in (0, 1, 8, 24) or disp not in (0, 8, 128)):
                    continue
                text = 'addr %s + v1*%d%s' % (base if base == 'v0' else 'slot0', scale,
                                              ' + %d' % disp if disp > 0 else
                                              ' - %d' % -disp if disp < 0 else '')
                if base == 'v0':
                    name = f.simple(['i64', 'i64'], 'i64', ['v2 = ' + text, 'ret v2'])
                    for a, b in [(1000, 3), (rng.getrandbits(64), rng.getrandbits(64)),
                                 (0, mask(64))]:
                        f.run(name, [a, b], ['i64', 'i64'], a + b * scale + disp, 'i64')
                else:  # store by address, load by displacement
                    i = 2
                    name = f.simple(['i64', 'i64'], 'i64', [
                        'slot0 = slot 512 align 8', 'v2 = ' + text, 'store.i64 v0, v2',
                        'v3 = load.i64 slot0+%d' % (i * scale + disp), 'ret v3'])
                    f.run(name, [77, i], ['i64', 'i64'], 77, 'i64')
    # Folded addresses: index, scale and displacement in loads and stores of an array.
    for t in INT64:
        size = WIDTH[t] // 8
        name = f.func(['i64', 'i64'], t, '''  slot0 = slot 256 align 8
b0(v0: i64, v1: i64):
  br b1(0)
b1(v2: i64):
  v3 = mul.i64 v2, v1
  v4 = {tr}
  v5 = addr slot0 + v2*{s} + {s}
  store.{t} v4, v5
  v6 = add.i64 v2, 1
  v7 = icmp.i64 ult v6, 10
  brif v7, b1(v6), b2
b2:
  v8 = addr slot0 + v0*{s}
  v9 = load.{t} v8+{s}
  v10 = load.{t} v8
  v11 = sub.{t} v9, v10
  v12 = addr slot0 + v0*{s} - {s}
  v13 = load.{t} v12+{s2}
  v14 = add.{t} v11, v13
  ret v14'''.format(t=t, s=size, s2=2 * size,
                    tr='copy.i64 v3' if t == 'i64' else 'trunc.%s i64 v3' % t))
        for i, k in [(1, 7), (5, 1000), (9, 0x123456)]:
            f.run(name, [i, k], ['i64', 'i64'], i * k - (i - 1) * k + i * k, t)
    return f


def gen_switch(rng):
    f = File('g_switch')
    sets = {
        'dense': list(range(0, 12)), 'dense5': list(range(5, 40, 1)), 'holes': [1, 2, 3, 5, 8, 9, 10],
        'sparse': [3, 100, 1000, 7, 90000, 123, 5555, 77777, 4, 65], 'one': [42], 'none': [],
        'two': [0, 255], 'negative': [-1, -2, -3, 0, 1, 2, -100], 'edge': ['min', 'max', 0, -1],
        'three': [10, 20, 30],
    }
    for t in INT64:
        w = WIDTH[t]
        for kind, cases in sets.items():
            cases = [smin_of(w) if c == 'min' else smax_of(w) if c == 'max' else c for c in cases]
            if any(not smin_of(w) <= c <= mask(w) for c in cases):
                continue
            cases = [signed(c, w) for c in cases]
            if len({c & mask(w) for c in cases}) < len(cases):
                continue
            body = ['b0(v0: %s, v1: i32):' % t, '  switch.%s v0, b1 [%s]' % (t, ', '.join(
                '%d: b%d' % (c, i + 2) for i, c in enumerate(cases)))]
            body += ['b1:', '  v9000 = mul.i32 v1, 3', '  ret v9000']
            for i in range(len(cases)):
                body += ['b%d:' % (i + 2), '  v%d = add.i32 v1, %d' % (i + 1000, i * 7 + 1),
                         '  ret v%d' % (i + 1000)]
            name = f.func([t, 'i32'], 'i32', '\n'.join(body))
            # The same with all edges into two blocks, with arguments.
            args = ['b0(v0: %s, v1: i32):' % t, '  switch.%s v0, b1(v1, 5) [%s]' % (t, ', '.join(
                '%d: %s' % (c, 'b2(9, v1)' if i % 2 else 'b1(v1, 5)') for i, c in enumerate(cases))),
                'b1(v2: i32, v3: i32):', '  v4 = sub.i32 v2, v3', '  ret v4',
                'b2(v5: i32, v6: i32):', '  v7 = sub.i32 v5, v6', '  ret v7']
            both = f.func([t, 'i32'], 'i32', '\n'.join(args)) if len(cases) > 1 else None
            tries = set()
            for c in cases:
                tries |= {c, c + 1, c - 1}
            tries |= {0, 1, -1, smin_of(w), smax_of(w), rng.getrandbits(w)}
            for c in sorted(x & mask(w) for x in tries):
                hit = [i for i, k in enumerate(cases) if k & mask(w) == c]
                f.run(name, [c, 100], [t, 'i32'], 100 + hit[0] * 7 + 1 if hit else 300, 'i32')
                if both:
                    f.run(both, [c, 100], [t, 'i32'], 9 - 100 if hit and hit[0] % 2 else 95, 'i32')
    return f
