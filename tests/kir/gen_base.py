"""What the generators of .kir files share: numbers, the semantics of integer operations, and a file
that is being written."""
import math
import os
import struct
from fractions import Fraction

WIDTH = {'i8': 8, 'i16': 16, 'i32': 32, 'i64': 64, 'i128': 128}
INTS = ['i8', 'i16', 'i32', 'i64', 'i128']
INT64 = INTS[:4]
FLOATS = ['f32', 'f64']


def mask(w):
    return (1 << w) - 1


def size_of(t):
    return WIDTH[t] // 8 if t in WIDTH else {'f32': 4, 'f64': 8, 'f80': 16}[t]


def signed(v, w):
    v &= mask(w)
    return v - (1 << w) if v >> (w - 1) else v


# ---- floats: bits in, bits out ----

def f_of(bits, t):
    if t == 'f32':
        return struct.unpack('<f', struct.pack('<I', bits))[0]
    return struct.unpack('<d', struct.pack('<Q', bits))[0]


def f_bits(v, t):
    """Bits of the double v rounded to type t."""
    if t == 'f64':
        return struct.unpack('<Q', struct.pack('<d', v))[0]
    if math.isnan(v):
        return 0x7fc00000
    try:
        return struct.unpack('<I', struct.pack('<f', v))[0]
    except OverflowError:
        return 0x7f800000 | (0x80000000 if v < 0 else 0)


def round_fraction(x, t, sign=0):
    """Bits of the fraction x rounded to nearest even in type t; `sign` decides for zero."""
    mant, emin, emax, width = (24, -149, 127, 32) if t == 'f32' else (53, -1074, 1023, 64)
    if x == 0:
        return sign << (width - 1)
    s = 1 if x < 0 else 0
    x = abs(x)
    e = x.numerator.bit_length() - x.denominator.bit_length()
    if Fraction(2) ** e > x:
        e -= 1
    ulp = max(e - mant + 1, emin)
    q = x / Fraction(2) ** ulp
    n, r = divmod(q.numerator, q.denominator)
    twice = 2 * r
    if twice > q.denominator or (twice == q.denominator and n & 1):
        n += 1
    if n == 0:
        return s << (width - 1)
    if n.bit_length() > mant:
        n >>= 1
        ulp += 1
    if n.bit_length() == mant:
        biased = ulp + mant - 1 + emax
        if biased > 2 * emax:
            return s << (width - 1) | (2 * emax + 1) << (mant - 1)
        return s << (width - 1) | biased << (mant - 1) | (n & mask(mant - 1))
    return s << (width - 1) | n


def lit(bits, t):
    """A number for a run line."""
    if t in FLOATS:
        v = f_of(bits, t)
        return 'nan' if math.isnan(v) else '0x%x' % bits
    return '0x%x' % bits if bits > 0xffff else str(bits)


def const(bits, t):
    """An operand in the text form."""
    if t not in WIDTH:
        return '%s 0x%x' % (t, bits)
    if t == 'i128':
        return 'i128 0x%x' % bits
    return str(signed(bits, WIDTH[t]))


class File:
    head = ''  # directives

    def __init__(self, name):
        self.name, self.out, self.n = name, [], 0

    def func(self, params, result, body, name=None, attrs=''):
        """Adds a function whose body is text with {name}; gives its name."""
        name = name or '%s_%d' % (self.name, self.n)
        self.n += 1
        self.out.append('func @%s(%s)%s%s {' % (name, ', '.join(params),
                                                ' -> ' + result if result else '', attrs))
        self.out.append(body.rstrip('\n'))
        self.out.append('}')
        return name

    def simple(self, params, result, lines):
        """A function of one block that returns the value of its last line."""
        head = 'b0(%s):' % ', '.join('v%d: %s' % (i, t) for i, t in enumerate(params))
        return self.func(params, result, '\n'.join([head] + ['  ' + l for l in lines]))

    def run(self, name, args, types, want, t):
        self.out.append('; run: @%s(%s) == %s' % (name, ', '.join(
            lit(a & mask(WIDTH[k]) if k in WIDTH else a, k) for a, k in zip(args, types)),
            lit(want & mask(WIDTH[t]) if t in WIDTH else want, t)))

    def line(self, text):
        self.out.append(text)

    def write(self, outdir):
        with open(os.path.join(outdir, self.name + '.kir'), 'w') as f:
            f.write('; test: print run\n; Written by gen.py.\n' + self.head +
                    '\n'.join(self.out) + '\n')


# ---- integer semantics ----

def tdiv(a, b):
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def clamp(v, lo, hi):
    return max(lo, min(hi, v))


def smin_of(w):
    return -(1 << (w - 1))


def smax_of(w):
    return (1 << (w - 1)) - 1


def u2(f):
    return lambda a, b, w: f(a, b)


def s2(f):
    return lambda a, b, w: f(signed(a, w), signed(b, w))


BIN = {
    'add': u2(lambda a, b: a + b), 'sub': u2(lambda a, b: a - b), 'mul': u2(lambda a, b: a * b),
    'umulh': lambda a, b, w: a * b >> w,
    'smulh': lambda a, b, w: signed(a, w) * signed(b, w) >> w,
    'udiv': u2(lambda a, b: a // b), 'sdiv': s2(tdiv),
    'urem': u2(lambda a, b: a % b), 'srem': s2(lambda a, b: a - b * tdiv(a, b)),
    'and': u2(lambda a, b: a & b), 'or': u2(lambda a, b: a | b), 'xor': u2(lambda a, b: a ^ b),
    'shl': u2(lambda a, b: a << b), 'lshr': u2(lambda a, b: a >> b),
    'ashr': lambda a, b, w: signed(a, w) >> b,
    'rotl': lambda a, b, w: (a << b % w | a >> (w - b % w) % w) if b % w else a,
    'rotr': lambda a, b, w: (a >> b % w | a << (w - b % w)) if b % w else a,
    'smin': s2(min), 'smax': s2(max), 'umin': u2(min), 'umax': u2(max),
    'sadds': lambda a, b, w: clamp(signed(a, w) + signed(b, w), smin_of(w), smax_of(w)),
    'ssubs': lambda a, b, w: clamp(signed(a, w) - signed(b, w), smin_of(w), smax_of(w)),
    'uadds': lambda a, b, w: min(a + b, mask(w)), 'usubs': lambda a, b, w: max(a - b, 0),
}
ONLY64 = {'umulh', 'smulh', 'sadds', 'ssubs', 'uadds', 'usubs'}
SHIFTS = {'shl', 'lshr', 'ashr'}
ROTATES = {'rotl', 'rotr'}
DIVS = {'udiv', 'sdiv', 'urem', 'srem'}
OVER = {'saddo': (1, lambda a, b: a + b), 'uaddo': (0, lambda a, b: a + b),
        'ssubo': (1, lambda a, b: a - b), 'usubo': (0, lambda a, b: a - b),
        'smulo': (1, lambda a, b: a * b), 'umulo': (0, lambda a, b: a * b)}


def bitrev(a, w):
    return int(format(a, '0%db' % w)[::-1], 2)


UN = {
    'neg': lambda a, w: -a, 'not': lambda a, w: ~a, 'abs': lambda a, w: abs(signed(a, w)),
    'clz': lambda a, w: w - a.bit_length(),
    'ctz': lambda a, w: (a & -a).bit_length() - 1 if a else w,
    'popcnt': lambda a, w: bin(a).count('1'), 'bitrev': bitrev,
    'bswap': lambda a, w: int.from_bytes(a.to_bytes(w // 8, 'little'), 'big'),
}
ICMP = {
    'eq': u2(lambda a, b: a == b), 'ne': u2(lambda a, b: a != b),
    'slt': s2(lambda a, b: a < b), 'sge': s2(lambda a, b: a >= b),
    'sle': s2(lambda a, b: a <= b), 'sgt': s2(lambda a, b: a > b),
    'ult': u2(lambda a, b: a < b), 'uge': u2(lambda a, b: a >= b),
    'ule': u2(lambda a, b: a <= b), 'ugt': u2(lambda a, b: a > b),
}


def defined(op, a, b, w):
    if op in SHIFTS:
        return b < w
    if op in DIVS:
        return b != 0 and not (op[0] == 's' and signed(b, w) == -1 and signed(a, w) == smin_of(w))
    return True


def boundaries(w, rng, n):
    v = [0, 1, 2, mask(w), mask(w) - 1, 1 << (w - 1), (1 << (w - 1)) - 1, (1 << (w // 2)) - 1,
         1 << (w // 2), 0x55 * (mask(w) // 255), 7]
    return v + [rng.getrandbits(w) for _ in range(n)]


def pairs(op, w, rng, n):
    """Pairs of arguments: all boundary ones for narrow types, a sample for wide ones."""
    v = boundaries(w, rng, 4)
    if op in SHIFTS | ROTATES:
        counts = [0, 1, w // 2 - 1, w // 2, w // 2 + 1, w - 1]
        if op in ROTATES:
            counts += [w, w + 1, mask(w)]
        both = [(a, b & mask(w)) for a in v for b in counts]
    else:
        both = [(a, b) for a in v for b in v]
    both = [(a, b) for a, b in both if defined(op, a, b, w)]
    rng.shuffle(both)
    return both[:n]
