"""Evaluates random functions by the semantics of docs/ir.md: the oracle of random_test.py.

A float is its bits; ANY_NAN is a NaN whose sign and payload are unspecified. Undefined is raised where a result would
depend on unspecified behaviour; that run is not used."""
import bisect
import math
from fractions import Fraction

from gen_base import BIN, ICMP, OVER, UN, WIDTH, f_bits, f_of, mask, round_fraction, signed, \
    smax_of, smin_of
from random_ir import FLOATS, SIZE, nan_bits


class Undefined(Exception):
    pass


class _AnyNan:
    def __repr__(self):
        return 'ANY_NAN'


ANY_NAN = _AnyNan()
SHIFT = ('shl', 'lshr', 'ashr')
DIV = ('udiv', 'sdiv', 'urem', 'srem')


def is_nan(v, t):
    return v is ANY_NAN or nan_bits(v, t)


def is_snan(v, t):
    return v is not ANY_NAN and nan_bits(v, t) and not v >> (22 if t == 'f32' else 51) & 1


def sign_bit(t):
    return 1 << (31 if t == 'f32' else 63)


def arith(t, v):
    """A float result from the exact or once rounded Python double v."""
    return ANY_NAN if math.isnan(v) else f_bits(v, t)


def fdiv(a, b):
    if b == 0:
        if a == 0:
            return math.nan
        return math.copysign(math.inf, math.copysign(1, a) * math.copysign(1, b))
    return a / b


def fmod(a, b):
    try:
        return math.fmod(a, b)
    except ValueError:
        return math.nan


def fma(a, b, c, t):
    """Bits of a * b + c rounded once."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return arith(t, a * b + c if math.isfinite(c) or not (math.isfinite(a) and math.isfinite(b))
                     else c)
    x = Fraction(a) * Fraction(b) + Fraction(c)
    if x == 0:
        if a == 0 or b == 0 or c == 0:
            # an exact zero: signs as of a sum of zeros, or of an exact difference
            p = math.copysign(1, a) * math.copysign(1, b)
            if Fraction(a) * Fraction(b) == 0 and c == 0:
                return f_bits(math.copysign(0.0, p) + c, t)
        return 0
    return round_fraction(x, t)


def rounded(f):
    """A rounding to an integer that keeps the sign of zero."""
    def op(a):
        if not math.isfinite(a):
            return a
        return math.copysign(float(f(a)), a)
    return op


FUN = {
    'ffloor': rounded(math.floor), 'fceil': rounded(math.ceil), 'ftrunc': rounded(math.trunc),
    'fround': rounded(lambda a: math.floor(abs(Fraction(a)) + Fraction(1, 2))),
    'froundeven': rounded(round), 'frint': rounded(round), 'fnearbyint': rounded(round),
    'fsqrt': lambda a: math.sqrt(a) if a >= 0 else math.nan,
}
FBIN = {'fadd': lambda a, b: a + b, 'fsub': lambda a, b: a - b, 'fmul': lambda a, b: a * b,
        'fdiv': fdiv, 'frem': fmod}
ORDERED = {'eq': lambda a, b: a == b, 'lt': lambda a, b: a < b, 'le': lambda a, b: a <= b,
           'gt': lambda a, b: a > b, 'ge': lambda a, b: a >= b, 'ne': lambda a, b: a != b}


def fcmp(cond, a, b, t):
    nan = is_nan(a, t) or is_nan(b, t)
    if cond in ('ord', 'uno'):
        return int(nan == (cond == 'uno'))
    if nan:
        return int(cond[0] == 'u')
    return int(ORDERED[cond[1:]](f_of(a, t), f_of(b, t)))


def two(op, a, b, t):
    """Minima and maxima of two floats."""
    if op in ('fmin', 'fmax'):
        if is_snan(a, t) or is_snan(b, t):
            raise Undefined
        if is_nan(a, t):
            return ANY_NAN if is_nan(b, t) else b
        if is_nan(b, t):
            return a
    elif is_nan(a, t) or is_nan(b, t):
        return ANY_NAN
    x, y = f_of(a, t), f_of(b, t)
    if x == y:
        if a != b and op in ('fmin', 'fmax'):
            raise Undefined  # zeros of both signs
        return min(a, b) if op == 'fmaximum' else max(a, b)  # -0 has the greater bit pattern
    low = op in ('fmin', 'fminimum')
    return a if (x < y) == low else b


def to_int(op, v, t, w):
    s = op in ('ftosi', 'ftosis')
    lo, hi = (smin_of(w), smax_of(w)) if s else (0, mask(w))
    saturate = op.endswith('s')
    if is_nan(v, t):
        if saturate:
            return 0
        raise Undefined
    x = f_of(v, t)
    n = math.trunc(x) if math.isfinite(x) else (hi + 1 if x > 0 else lo - 1)
    if lo <= n <= hi:
        return n & mask(w)
    if not saturate:
        raise Undefined
    return (lo if n < lo else hi) & mask(w)


class Frame:
    def __init__(self, slots, varargs):
        self.slots, self.varargs, self.env = slots, varargs, {}


class Machine:
    """One run. Memory is a map of bytes; what was never written is Undefined to read."""

    def __init__(self, program, target, top=0x500000000000, max_steps=6000):
        self.p, self.target, self.steps = program, target, max_steps
        self.starts, self.ends = [], []  # of the pieces of memory, in order
        self.mem, self.names, self.code, self.va = {}, {}, {}, {}
        self.top = top
        self.funcs = {f.name: f for f in program.funcs}
        for f in program.funcs:
            self.names[f.name] = at = self.room(16)
            self.code[at] = f
        for d in program.data:
            self.names[d.name] = self.room(d.size, d.align)
        for d in program.data:
            at = self.names[d.name]
            if isinstance(d.content, list):
                for n, o in enumerate(d.content):
                    self.write(at + 8 * n, self.get(o, 'ptr', None), 'ptr')
            else:
                for n in range(d.size if d.content is not None else 0):
                    self.mem[at + n] = d.content[n]

    def room(self, size, align=16):
        self.top = (self.top + 64 + align - 1) // align * align
        at = self.top
        self.top += size
        self.starts.append(at)
        self.ends.append(self.top)
        return at

    def inside(self, at, size):
        """Raises Undefined unless `size` bytes from `at` are within one piece of memory."""
        n = bisect.bisect_right(self.starts, at) - 1
        if n < 0 or at + size > self.ends[n]:
            raise Undefined

    # ---- memory ----

    def write(self, at, v, t):
        self.inside(at, SIZE[t])
        for n in range(SIZE[t]):
            self.mem[at + n] = (t, n) if v is ANY_NAN else v >> 8 * n & 255

    def read(self, at, t):
        got = [self.mem.get(at + n) for n in range(SIZE[t])]
        if None in got:
            raise Undefined
        if all(isinstance(b, int) for b in got):
            return int.from_bytes(bytes(got), 'little')
        if got == [(t, n) for n in range(SIZE[t])]:
            return ANY_NAN
        raise Undefined

    # ---- operands ----

    def get(self, o, t, fr):
        k = o[0]
        if k == 'v':
            return fr.env[o[1]]
        if k == 'c':
            return o[1]
        if k == 's':
            return fr.slots[o[1]]
        if k == 'g':
            return self.names[o[1]] + o[2]
        if k == 'f':
            return self.names[o[1]]
        key = '%s:%s' % (o[1], o[2])
        if key not in self.names:
            self.names[key] = at = self.room(4)
            self.code[at] = o[2]
        return self.names[key]

    # ---- running ----

    def call(self, f, args, varargs=()):
        fr = Frame([self.room(s, max(a, 1)) for s, a in f.slots], list(varargs))
        block = f.blocks[f.order[0]]
        values = list(args)
        for n, (t, attr) in enumerate(f.params):
            if attr.startswith('byval'):
                size = int(attr[6:].split(',')[0])
                at = self.room(size)
                for k in range(size):
                    if values[n] + k in self.mem:
                        self.mem[at + k] = self.mem[values[n] + k]
                values[n] = at
        while True:
            fr.env.update(zip((v for v, _ in block.params), values))
            for i in block.ins:
                self.steps -= 1
                if self.steps < 0:
                    raise Undefined
                got = self.ins(i, fr)
                if i.res:
                    fr.env.update(zip((v for v, _ in i.res), got))
            self.steps -= 1
            if self.steps < 0:
                raise Undefined
            i = block.term
            if i.op == 'ret':
                return [self.get(o, t, fr) for o, t in zip(i.args, i.x)]
            e = self.leave(i, fr)
            block = f.blocks[e[0]]
            values = [self.get(o, t, fr) for o, (_, t) in zip(e[1], block.params)]

    def leave(self, i, fr):
        if i.op == 'br':
            return i.edges[0]
        if i.op in ('unreachable', 'trap'):
            raise Undefined
        v = self.get(i.args[0], i.t or 'i8', fr)
        if i.op == 'brif':
            return i.edges[0] if v & 1 else i.edges[1]
        if i.op == 'switch':
            return i.edges[1 + i.x.index(v)] if v in i.x else i.edges[0]
        name = self.code.get(v)
        for e in i.edges:
            if e[0] == name:
                return e
        raise Undefined

    def ins(self, i, fr):
        op, t, x = i.op, i.t, i.x
        if op == 'call':
            return self.do_call(i, fr)
        a = [self.get(o, t, fr) for o in i.args]
        if op in BIN:
            w = WIDTH[t]
            if op in SHIFT and a[1] >= w:
                raise Undefined
            least = op[0] == 's' and a[1] == mask(w) and a[0] == 1 << (w - 1)
            if op in DIV and (a[1] == 0 or least):
                raise Undefined
            return [BIN[op](a[0], a[1], w) & mask(w)]
        if op in UN:
            return [UN[op](a[0], WIDTH[t]) & mask(WIDTH[t])]
        if op == 'icmp':
            return [int(ICMP[x](a[0], a[1], WIDTH['i64' if t == 'ptr' else t]))]
        if op == 'load':
            v = self.read(a[0] + x['disp'] & mask(64), x.get('mem') or t)
            if x.get('ext') == 'sext':
                v = signed(v, WIDTH[x['mem']]) & mask(WIDTH[t])
            return [v]
        if op == 'store':
            self.write(a[1] + x['disp'] & mask(64), a[0], t)
            return []
        if op == 'addr':
            index = signed(a[1], 64) * x['scale'] if len(a) > 1 else 0
            return [a[0] + index + x['disp'] & mask(64)]
        if op == 'select':
            return [a[1] if a[0] & 1 else a[2]]
        if op == 'copy':
            return [a[0]]
        return getattr(self, 'op_' + op, self.other)(i, fr, a)

    def other(self, i, fr, a):
        op, t, x = i.op, i.t, i.x
        if op in FBIN:
            if is_nan(a[0], t) or is_nan(a[1], t):
                return [ANY_NAN]
            p, q = f_of(a[0], t), f_of(a[1], t)
            return [arith(t, FBIN[op](p, q))]
        if op == 'fcmp':
            return [fcmp(x, a[0], a[1], t)]
        if op in FUN:
            return [ANY_NAN if is_nan(a[0], t) else arith(t, FUN[op](f_of(a[0], t)))]
        if op in ('zext', 'trunc'):
            return [a[0] & mask(WIDTH[t])]
        if op == 'sext':
            return [signed(a[0], WIDTH[x]) & mask(WIDTH[t])]
        if op in ('ftosi', 'ftoui', 'ftosis', 'ftouis'):
            return [to_int(op, a[0], x, WIDTH[t])]
        if op in ('sitof', 'uitof'):
            n = signed(a[0], WIDTH[x]) if op == 'sitof' else a[0]
            return [round_fraction(Fraction(n), t)]
        if op in ('fpromote', 'fdemote'):
            return [ANY_NAN if is_nan(a[0], x) else f_bits(f_of(a[0], x), t)]
        if op in OVER:
            s, f = OVER[op]
            w = WIDTH[t]
            r = f(signed(a[0], w), signed(a[1], w)) if s else f(a[0], a[1])
            lo, hi = (smin_of(w), smax_of(w)) if s else (0, mask(w))
            return [r & mask(w), int(not lo <= r <= hi)]
        if op in ('fmin', 'fmax', 'fminimum', 'fmaximum'):
            return [two(op, a[0], a[1], t)]
        raise NotImplementedError(op)

    def op_fshl(self, i, fr, a):
        w = WIDTH[i.t]
        return [(a[0] << w | a[1]) << a[2] % w >> w & mask(w)]

    def op_fshr(self, i, fr, a):
        w = WIDTH[i.t]
        return [(a[0] << w | a[1]) >> a[2] % w & mask(w)]

    def op_fneg(self, i, fr, a):
        return [a[0] if a[0] is ANY_NAN else a[0] ^ sign_bit(i.t)]

    def op_fabs(self, i, fr, a):
        return [a[0] if a[0] is ANY_NAN else a[0] & ~sign_bit(i.t)]

    def op_fcopysign(self, i, fr, a):
        if a[0] is ANY_NAN:
            return [ANY_NAN]
        if a[1] is ANY_NAN:
            raise Undefined
        return [a[0] & ~sign_bit(i.t) | a[1] & sign_bit(i.t)]

    def op_bitcast(self, i, fr, a):
        if a[0] is ANY_NAN:
            raise Undefined
        return [a[0]]

    def op_fma(self, i, fr, a):
        if any(is_nan(v, i.t) for v in a):
            return [ANY_NAN]
        return [fma(*(f_of(v, i.t) for v in a), i.t)]

    def op_fmuladd(self, i, fr, a):
        if any(is_nan(v, i.t) for v in a):
            return [ANY_NAN]
        if self.target == 'aarch64':
            return self.op_fma(i, fr, a)
        t = i.t
        p = arith(t, f_of(a[0], t) * f_of(a[1], t))
        return [ANY_NAN if p is ANY_NAN else arith(t, f_of(p, t) + f_of(a[2], t))]

    # ---- memory in pieces ----

    def op_memcpy(self, i, fr, a):
        if a[2]:
            self.inside(a[0], a[2])
            self.inside(a[1], a[2])
        got = [self.mem.get(a[1] + n) for n in range(a[2])]
        for n, b in enumerate(got):
            if b is None:
                self.mem.pop(a[0] + n, None)
            else:
                self.mem[a[0] + n] = b
        return []

    op_memmove = op_memcpy

    def op_memset(self, i, fr, a):
        if a[2]:
            self.inside(a[0], a[2])
        for n in range(a[2]):
            self.mem[a[0] + n] = a[1]
        return []

    def op_salloc(self, i, fr, a):
        return [self.room(a[0], i.x)]

    def op_stack_save(self, i, fr, a):
        return [self.top]

    def op_stack_restore(self, i, fr, a):
        return []

    def op_life_start(self, i, fr, a):
        for n in range(i.x):
            self.mem.pop(a[0] + n, None)
        return []

    op_life_end = op_life_start

    def op_fence(self, i, fr, a):
        return []

    op_prefetch = op_fence

    def op_atomic_load(self, i, fr, a):
        return [self.read(a[0], i.t)]

    def op_atomic_store(self, i, fr, a):
        self.write(a[1], a[0], i.t)
        return []

    def op_atomic_rmw(self, i, fr, a):
        w = WIDTH[i.t]
        old, op = self.read(a[0], i.t), i.x[0]
        new = a[1] if op == 'xchg' else ~(old & a[1]) if op == 'nand' else BIN[op](old, a[1], w)
        self.write(a[0], new & mask(w), i.t)
        return [old]

    def op_atomic_cas(self, i, fr, a):
        old = self.read(a[0], i.t)
        if old == a[1]:
            self.write(a[0], a[2], i.t)
        return [old, int(old == a[1])]

    # ---- calls ----

    def do_call(self, i, fr):
        x = i.x
        a = [self.get(o, t, fr) for o, t in zip(i.args, x['types'])]
        f = self.code.get(self.get(x['callee'], 'ptr', fr))
        fixed = x['fixed']
        return self.call(f, a[:fixed], list(zip(x['types'][fixed:], a[fixed:])))

    def op_va_start(self, i, fr, a):
        self.va[a[0]] = list(fr.varargs)
        return []

    def op_va_end(self, i, fr, a):
        return []

    def op_va_copy(self, i, fr, a):
        self.va[a[0]] = list(self.va[a[1]])
        return []

    def op_va_arg(self, i, fr, a):
        t, v = self.va[a[0]].pop(0)
        if t != i.t:
            raise Undefined
        return [v]


def result_of(program, args, target, twice=False):
    """Bits of the result, None for any NaN; Undefined is raised. `twice`: also where the result
    depends on where memory is, which random_gen.py does not make but random_reduce.py may."""
    top = program.funcs[-1]
    got = Machine(program, target).call(top, args)[0]
    if twice and got != Machine(program, target, 0x712345670000).call(top, args)[0]:
        raise Undefined
    if got is ANY_NAN or top.results[0] in FLOATS and nan_bits(got, top.results[0]):
        return None
    return got
