"""Run lines for vectors: every operation on every lane type, v64 and v128; moves of vectors through calls, blocks and
memory. Functions take and give them as the bits of an i128, of which v64 is the low half; expected values are computed
lane by lane."""
import math

from gen_base import *

BITS = {'v64': 64, 'v128': 128}
LANES = INT64 + FLOATS
LANE_BITS = dict(WIDTH, f32=32, f64=64)
ICMP = {'eq': lambda a, b, w: a == b, 'ne': lambda a, b, w: a != b,
        'ult': lambda a, b, w: a < b, 'ule': lambda a, b, w: a <= b,
        'ugt': lambda a, b, w: a > b, 'uge': lambda a, b, w: a >= b,
        'slt': lambda a, b, w: signed(a, w) < signed(b, w), 'sle': lambda a, b, w: signed(a, w) <= signed(b, w),
        'sgt': lambda a, b, w: signed(a, w) > signed(b, w), 'sge': lambda a, b, w: signed(a, w) >= signed(b, w)}
ORDERS = {'eq': '=', 'ne': '<>', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>='}
SPECIAL = {32: [0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x4b000001, 0x7f7fffff],
           64: [0, 1 << 63, 0x3ff << 52, 0xbff << 52, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48, 1, 0x4330000000000001]}


def split(v, vector, w):
    return [v >> k & mask(w) for k in range(0, BITS[vector], w)]


def join(lanes, w):
    return sum((v & mask(w)) << (k * w) for k, v in enumerate(lanes))


def order(a, b, t):
    x, y = f_of(a, t), f_of(b, t)
    return '?' if math.isnan(x) or math.isnan(y) else '<' if x < y else '>' if x > y else '='


def fcmp(cond, a, b, t):
    o = order(a, b, t)
    if cond in ('ord', 'uno'):
        return (o == '?') == (cond == 'uno')
    return o == '?' and cond[0] == 'u' or o in ORDERS[cond[1:]]


def float_op(op, a, b, t):
    """Bits of the result, or None if it is a NaN, whose bits are any."""
    x, y = f_of(a, t), f_of(b, t)
    try:
        r = x + y if op == 'vfadd' else x - y if op == 'vfsub' else x * y if op == 'vfmul' else \
            x / y if op == 'vfdiv' else math.sqrt(x)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return None if math.isnan(r) else f_bits(r, t)


class Vectors(File):
    def of(self, vector, k, lines, result='i128', params=()):
        """A function of k vectors in %v0..., whose last line makes %r; further parameters as they are."""
        types = ['i128'] * k + list(params)
        body = 'b0(%s):\n' % ', '.join('%%a%d: %s' % (i, t) for i, t in enumerate(types))
        for i in range(k):
            if vector == 'v64':
                body += '  %%t%d = trunc.i64 i128 %%a%d\n  %%v%d = bitcast.v64 i64 %%t%d\n' % (i, i, i, i)
            else:
                body += '  %%v%d = bitcast.v128 i128 %%a%d\n' % (i, i)
        body += '  ' + '\n  '.join(lines) + '\n'
        if result == 'i128' and vector == 'v64':
            body += '  %x = bitcast.i64 v64 %r\n  %y = zext.i128 i64 %x\n  ret %y'
        elif result == 'i128':
            body += '  %y = bitcast.i128 v128 %r\n  ret %y'
        else:
            body += '  ret %r'
        return self.func(types, result, body)

    def check(self, name, args, want, extra=(), types=(), result='i128'):
        self.run(name, list(args) + list(extra), ['i128'] * len(args) + list(types), want, result)


def values(rng, vector, t, n):
    """Random and special vectors with lanes of type t."""
    w = LANE_BITS[t]
    edge = SPECIAL[w] if t in FLOATS else [0, 1, mask(w), 1 << (w - 1), mask(w) >> 1, 2, mask(w) - 1]
    out = []
    for _ in range(n):
        out.append(join([rng.choice(edge) if rng.random() < 0.6 else
                         f_bits(rng.uniform(-100, 100), t) if t in FLOATS else rng.getrandbits(w)
                         for _ in range(BITS[vector] // w)], w))
    return out


def gen_vector(rng):
    f = Vectors('g_vector')
    for vector in BITS:
        total = BITS[vector]

        def binary(lines, t, sem, n=5, result=None):
            name = f.of(vector, 2, lines)
            w = LANE_BITS[t]
            pairs = list(zip(values(rng, vector, t, n), values(rng, vector, t, n)))
            pairs.append((pairs[0][0], pairs[0][0]))
            for a, b in pairs:
                lanes = [sem(x, y) for x, y in zip(split(a, vector, w), split(b, vector, w))]
                if None not in lanes:
                    f.check(name, [a, b], join(lanes, w))

        for t in LANES:
            w = LANE_BITS[t]
            count = total // w
            if t in INTS:
                for op, sem in [('vadd', lambda a, b: a + b), ('vsub', lambda a, b: a - b),
                                ('vmul', lambda a, b: a * b)]:
                    binary(['%%r = %s.%s %s %%v0, %%v1' % (op, vector, t)], t, sem, 6)
                for cond, sem in ICMP.items():
                    binary(['%%r = vicmp.%s %s %s %%v0, %%v1' % (vector, cond, t)], t,
                           lambda a, b, sem=sem: mask(w) if sem(a, b, w) else 0, 4)
                for op, sem in [('vshl', lambda a, n: a << n), ('vlshr', lambda a, n: a >> n),
                                ('vashr', lambda a, n: signed(a, w) >> n)]:
                    for n in sorted({0, 1, w // 2, w - 1, rng.randrange(w)}):
                        name = f.of(vector, 1, ['%%r = %s.%s %s %%v0, %d' % (op, vector, t, n)])
                        for a in values(rng, vector, t, 2):
                            f.check(name, [a], join([sem(x, n) for x in split(a, vector, w)], w))
                name = f.of(vector, 1, ['%%r = vsigns.i32 %s %%v0, %d' % (vector, w // 8)], 'i32')
                for a in values(rng, vector, t, 5):
                    f.check(name, [a], sum((x >> (w - 1)) << k for k, x in enumerate(split(a, vector, w))),
                            result='i32')
            else:
                for cond in ['oeq', 'une', 'olt', 'ole', 'ogt', 'oge', 'ult', 'ule', 'ugt', 'uge', 'one', 'ueq', 'ord',
                             'uno']:
                    binary(['%%r = vfcmp.%s %s %s %%v0, %%v1' % (vector, cond, t)], t,
                           lambda a, b: mask(w) if fcmp(cond, a, b, t) else 0, 4)
                for op in ['vfadd', 'vfsub', 'vfmul', 'vfdiv']:
                    binary(['%%r = %s.%s %s %%v0, %%v1' % (op, vector, t)], t,
                           lambda a, b: float_op(op, a, b, t), 12)
                binary(['%%r = vfsqrt.%s %s %%v0' % (vector, t)], t,
                       lambda a, b: float_op('vfsqrt', a, b, t), 30)
            # lanes and scalars
            name = f.of(vector, 0, ['%%r = vsplat.%s %s %%a0' % (vector, t)], params=[t])
            k = rng.randrange(count)
            for x in ([1.5] if t in FLOATS else [5, mask(w)]):
                bits = f_bits(x, t) if t in FLOATS else x
                f.check(name, [], join([bits] * count, w), [bits], [t])
            for k in range(count):
                a = rng.getrandbits(total)
                itype = t if t in INTS else 'i%d' % w
                lines = ['%%r = vextract.%s %s %%v0, %d' % (t, vector, k)]
                if t in FLOATS:
                    lines = ['%%e = vextract.%s %s %%v0, %d' % (t, vector, k), '%%r = bitcast.%s %s %%e' % (itype, t)]
                name = f.of(vector, 1, lines, itype)
                f.check(name, [a], split(a, vector, w)[k], result=itype)
                param = '%%a%d' % 1
                lines = ['%%r = vinsert.%s %s %%v0, %s, %d' % (vector, t, param, k)]
                if t in FLOATS:
                    lines = ['%%e = bitcast.%s %s %s' % (t, itype, param),
                             '%%r = vinsert.%s %s %%v0, %%e, %d' % (vector, t, k)]
                name = f.of(vector, 1, lines, params=[itype])
                b = rng.getrandbits(w)
                lanes = split(a, vector, w)
                lanes[k] = b
                f.check(name, [a], join(lanes, w), [b], [itype])
        for op, sem in [('vand', lambda a, b: a & b), ('vor', lambda a, b: a | b), ('vxor', lambda a, b: a ^ b),
                        ('vandn', lambda a, b: a & ~b)]:
            binary(['%%r = %s.%s %%v0, %%v1' % (op, vector)], 'i64', sem, 3)
            konst = rng.getrandbits(total)
            name = f.of(vector, 1, ['%%r = %s.%s %%v0, %s 0x%x' % (op, vector, vector, konst)])
            a = rng.getrandbits(total)
            f.check(name, [a], sem(a, konst) & mask(total))
        name = f.of(vector, 3, ['%%r = vselect.%s %%v0, %%v1, %%v2' % vector])
        m, a, b = (rng.getrandbits(total) for _ in range(3))
        f.check(name, [m, a, b], (m & a) | (~m & mask(total) & b))
        name = f.of(vector, 1, ['%%r = vsitof.%s f32 %%v0' % vector])
        for a in values(rng, vector, 'i32', 4):
            f.check(name, [a], join([f_bits(signed(x, 32), 'f32') for x in split(a, vector, 32)], 32))
        name = f.of(vector, 1, ['%%r = vftosi.%s f32 %%v0' % vector])
        for _ in range(3):
            x = [rng.uniform(-2e9, 2e9) for _ in range(total // 32)]
            bits = [f_bits(v, 'f32') for v in x]
            f.check(name, [join(bits, 32)], join([int(f_of(v, 'f32')) for v in bits], 32))
        shuffles(f, rng, vector)
    name = f.func(['i128'], 'i64', '''b0(%a: i128):
  %v = bitcast.v128 i128 %a
  %l = vresize.v64 v128 %v
  %w = vresize.v128 v64 %l
  %r = vextract.i64 v128 %w, 0
  ret %r''')
    a = rng.getrandbits(128)
    f.run(name, [a], ['i128'], a & mask(64), 'i64')
    return f


def shuffles(f, rng, vector):
    n = BITS[vector] // 8
    controls = []

    def by(size, lanes):
        controls.append([l * size + b if l >= 0 else 0xff for l in lanes for b in range(size)])
    for size in (1, 2, 4, 8):
        lanes = n // size
        low, high = range(lanes // 2), range(lanes // 2, lanes)
        for half in (low, high) if lanes > 1 else ():
            by(size, [x for k in half for x in (k, k + lanes)])
            by(size, [x for k in half for x in (k + lanes, k)])
            by(size, [x for k in half for x in (k, k)])
        by(size, [2 * k for k in range(lanes)])
        by(size, [2 * k + 1 for k in range(lanes)])
        by(size, list(reversed(range(lanes))))
        by(size, [k + lanes for k in range(lanes)])
        for k in 0, lanes // 3, lanes - 1, lanes + lanes // 2:
            by(size, [k] * lanes)
        by(size, [k + lanes * (k & 1) for k in range(lanes)])
        by(size, [k if k & 1 else -1 for k in range(lanes)])
        for _ in range(4):
            by(size, [rng.randrange(2 * lanes) for _ in range(lanes)])
            by(size, [rng.randrange(lanes) for _ in range(lanes)])
            by(size, [rng.choice([-1, rng.randrange(2 * lanes)]) for _ in range(lanes)])
    if n == 16:
        by(2, [3, 1, 2, 0, 4, 5, 6, 7])
        by(2, [0, 1, 2, 3, 7, 7, 4, 5])
        by(2, [1, 0, 3, 2, 13, 12, 15, 14])
        by(4, [1, 2, 6, 7])
        by(4, [5, 4, 3, 0])
    for k in controls:
        known = sum(0xff << 8 * i for i in range(n) if k[i] < 2 * n)
        name = f.of(vector, 2, ['%%c = vshuffle.%s %%v0, %%v1, %s 0x%x' % (vector, vector, join(k, 8)),
                                '%%r = vand.%s %%c, %s 0x%x' % (vector, vector, known)])
        a, b = rng.getrandbits(8 * n), rng.getrandbits(8 * n)
        bytes_of = split(a, vector, 8) + split(b, vector, 8)
        f.check(name, [a, b], join([bytes_of[i] if i < 2 * n else 0 for i in k], 8))
    name = f.of(vector, 3, ['%%r = vshuffle.%s %%v0, %%v1, %%v2' % vector])
    for _ in range(3):
        a, b = rng.getrandbits(8 * n), rng.getrandbits(8 * n)
        k = [rng.randrange(2 * n) for _ in range(n)]
        bytes_of = split(a, vector, 8) + split(b, vector, 8)
        f.check(name, [a, b, join(k, 8)], join([bytes_of[i] for i in k], 8))
