"""Terms over bit vectors. Equal terms are one object, and constructors bring terms to normal forms, so that most goals
are `a is b` and no solver is asked. A condition is a term of width 1.

Operations, by Term.op, with Term.args:
    c       value                           constant
    v       name                            variable
    lin     constant, ((term, factor), ...) sum of products by constants, modulo 2^width
    cat     terms, the highest bits first   each of a single piece; constants stand for zero-extension, too
    x       high, low, term                 bits of a term
    sx      term                            sign-extended
    and or xor not, mul udiv sdiv, shl lshr ashr: as in SMT-LIB
    ite     condition, term, term
    eqz     term                            1 if all bits are 0
    ult slt, sborrow                        comparisons; whether a - b overflows as signed numbers
    f       name, term, ...                 a function of which nothing else is known
    ld      memory, address, bytes          what is in memory
    m0      name                            all of memory as it is at some moment
    st      memory, base, ((offset, term, byte), ...)   memory after bytes were stored at base + offset
    same    memory, memory                  1 if they are the same
"""
TABLE = {}


class Unsupported(Exception):
    """Nothing is proved, because something is not modelled."""


class Term:
    __slots__ = ('op', 'w', 'args', 'id')

    def __init__(self, op, w, args, number):
        self.op, self.w, self.args, self.id = op, w, args, number

    def __repr__(self):
        return text(self)


def make(op, w, *args):
    key = (op, w, args)
    t = TABLE.get(key)
    if t is None:
        t = TABLE[key] = Term(op, w, args, len(TABLE))
    return t


def text(t, depth=6):
    """For messages."""
    if not isinstance(t, Term):
        return '(%s)' % ' '.join(text(x, depth) for x in t) if isinstance(t, tuple) else str(t)
    if t.op == 'c':
        return '%#x:%d' % (t.args[0], t.w)
    if t.op in ('v', 'm0'):
        return t.args[0]
    if depth == 0:
        return '...'
    return '%s:%d(%s)' % (t.op, t.w, ', '.join(text(x, depth - 1) for x in t.args))


def const(value, w):
    return make('c', w, value & ((1 << w) - 1))


def var(name, w):
    return make('v', w, name)


ONE, ZERO = const(1, 1), const(0, 1)


def is_const(t):
    return t.op == 'c'


def signed(t):
    v = t.args[0]
    return v - (1 << t.w) if v >> (t.w - 1) else v


# ---- sums ----

def parts(t):
    """A term as a sum: constant, products."""
    if t.op == 'lin':
        return t.args
    if t.op == 'c':
        return t.args[0], ()
    if t.op == 'not' and t.w > 1:  # ~x = -1 - x
        return -1, ((t.args[0], -1),)
    if t.op == 'cat' and len(t.args) == 2 and t.args[1].op == 'not' and t.args[0].op == 'c' and t.args[0].args[0] == 0:
        x = t.args[1].args[0]
        return (1 << x.w) - 1, ((cat(t.args[0], x), -1),)
    return 0, ((t, 1),)


def lin(w, constant, factors):
    """The sum of a constant and of products, a dictionary."""
    mask = (1 << w) - 1
    items = sorted(((t, k & mask) for t, k in factors.items() if k & mask), key=lambda p: p[0].id)
    constant &= mask
    if not items:
        return const(constant, w)
    if constant == 0 and len(items) == 1 and items[0][1] == 1:
        return items[0][0]
    return make('lin', w, constant, tuple(items))


def combine(a, b, factor):
    """a + b * factor"""
    ca, pa = parts(a)
    cb, pb = parts(b)
    factors = dict(pa)
    for t, k in pb:
        factors[t] = factors.get(t, 0) + k * factor
    return lin(a.w, ca + cb * factor, factors)


def add(a, b):
    return combine(a, b, 1)


def sub(a, b):
    return combine(a, b, -1)


def plus(a, n):
    return combine(a, const(1, a.w), n)


def neg(a):
    return combine(const(0, a.w), a, -1)


def times(a, factor):
    return combine(const(0, a.w), a, factor)


def shift_of(t):
    """(term, n) if t is that term shifted left by n > 0."""
    if t.op == 'lin' and t.args[0] == 0 and len(t.args[1]) == 1:
        a, k = t.args[1][0]
        if k & (k - 1) == 0:
            return a, k.bit_length() - 1
    return None


# ---- pieces ----

def cat(*terms):
    """The terms side by side, the highest bits first."""
    out = []
    for t in terms:
        for piece in t.args if t.op == 'cat' else (t,):
            if out:
                joined = join(out[-1], piece)
                if joined is not None:
                    out[-1] = joined
                    continue
            out.append(piece)
    if len(out) == 1:
        return out[0]
    return make('cat', sum(t.w for t in out), *out)


def join(high, low):
    """Two neighbours as one piece, if they are one."""
    if high.op == 'c' and low.op == 'c':
        return const(high.args[0] << low.w | low.args[0], high.w + low.w)
    if low.op == 'x' and high.op == 'x' and high.args[2] is low.args[2] and high.args[1] == low.args[0] + 1:
        return extract(low.args[2], high.args[0], low.args[1])
    if low.op == 'ld' and high.op == 'ld' and low.args[0] is high.args[0] and low.w + high.w <= 64 and \
            high.args[1] is plus(low.args[1], low.w // 8):
        return make('ld', low.w + high.w, low.args[0], low.args[1], (low.w + high.w) // 8)
    if high.op == 'x' and low.op in ('lin', 'and', 'or', 'xor', 'not', 'ite', 'mul', 'cat') and low.w <= high.args[1]:
        top, at, whole = high.args  # an extraction that went into its operand
        if extract(whole, at - 1, at - low.w) is low:
            return extract(whole, top, at - low.w)
    if high.op == 'sx' and low.op != 'c' and high.args[0] is extract(low, low.w - 1, low.w - 1):
        return sext(low, high.w + low.w)
    return None


def zext(t, w):
    return t if t.w == w else cat(const(0, w - t.w), t)


def sext(t, w):
    if t.w == w:
        return t
    if t.op == 'c':
        return const(signed(t), w)
    if t.op == 'sx':
        t = t.args[0]
    if t.op == 'cat' and t.args[0].op != 'c':
        return cat(sext(t.args[0], w - t.w + t.args[0].w), *t.args[1:])
    if t.op == 'cat' and t.args[0].op == 'c' and t.args[0].args[0] >> (t.args[0].w - 1) == 0:
        return zext(t, w)
    if t.op == 'ite' and t.args[1].op == 'c' and t.args[2].op == 'c':
        return ite(t.args[0], sext(t.args[1], w), sext(t.args[2], w))
    return make('sx', w, t)


BITWISE = {}


def extract(t, high, low):
    """Bits high..low."""
    w = high - low + 1
    if w == t.w:
        return t
    op = t.op
    if op == 'c':
        return const(t.args[0] >> low, w)
    if op == 'cat':
        return extract_cat(t, high, low)
    if op == 'x':
        return extract(t.args[2], t.args[1] + high, t.args[1] + low)
    if op == 'sx':
        a = t.args[0]
        if high < a.w:
            return extract(a, high, low)
        if low < a.w:
            return sext(extract(a, a.w - 1, low), w)
        return sext(extract(a, a.w - 1, a.w - 1), w)
    if op == 'lin':
        shift = shift_of(t)
        if shift:
            a, n = shift
            if high < n:
                return const(0, w)
            if low >= n:
                return extract(a, high - n, low - n)
            return cat(extract(a, high - n, 0), const(0, n - low))
        if low == 0:
            factors = {}
            total = t.args[0]
            for a, k in t.args[1]:
                constant, products = parts(extract(a, high, 0))
                total += constant * k
                for b, j in products:
                    factors[b] = factors.get(b, 0) + j * k
            return lin(w, total, factors)
    elif op in BITWISE:
        return BITWISE[op](*[extract(a, high, low) for a in t.args])
    elif op == 'ite':
        return ite(t.args[0], extract(t.args[1], high, low), extract(t.args[2], high, low))
    elif op == 'ld':
        if low % 8 == 0 and w % 8 == 0:
            return make('ld', w, t.args[0], plus(t.args[1], low // 8), w // 8)
    elif op == 'mul' and low == 0:
        return mul(extract(t.args[0], high, 0), extract(t.args[1], high, 0))
    return make('x', w, high, low, t)


def extract_cat(t, high, low):
    out, top = [], t.w
    for piece in t.args:
        bottom = top - piece.w
        if bottom <= high and top > low:
            out.append(extract(piece, min(high, top - 1) - bottom, max(low, bottom) - bottom))
        top = bottom
    return cat(*out)


def pieces(t):
    """What stands side by side in t, the highest bits first."""
    if t.op == 'cat':
        return t.args
    shift = shift_of(t)
    if shift:
        return extract(shift[0], t.w - shift[1] - 1, 0), const(0, shift[1])
    return (t,)


def runs(t):
    """A constant as pieces of ones and of zeros."""
    value, out, at = t.args[0], [], 0
    while at < t.w:
        n, bit = 0, value >> at & 1
        while at + n < t.w and (value >> (at + n) & 1) == bit:
            n += 1
        out.insert(0, const(-bit, n))
        at += n
    return out


# ---- bit by bit ----

def bitwise(op, a, b, whole):
    """op of two terms; whole(a, b): what it is where one of them is all zeros or all ones, or None."""
    if a.op == 'c' and b.op == 'c':
        x, y = a.args[0], b.args[0]
        return const(x & y if op == 'and' else x | y if op == 'or' else x ^ y, a.w)
    if a is b:
        return const(0, a.w) if op == 'xor' else a
    if a.op == 'c':
        a, b = b, a
    if b.op == 'c':
        found = whole(a, b.args[0], (1 << b.w) - 1)
        if found is not None:
            return found
        pb = runs(b)
        if len(pb) > 5 and a.op != 'cat':
            return make(op, a.w, *sorted((a, b), key=lambda t: t.id))
    else:
        pb = pieces(b)
    pa = pieces(a)
    if (len(pa) > 1 or len(pb) > 1) and a.w > 1:
        cuts = set()
        for list_ in (pa, pb):
            at = 0
            for piece in reversed(list_):
                at += piece.w
                cuts.add(at)
        if len(cuts) <= 12:
            out, low = [], 0
            for cut in sorted(cuts):
                out.insert(0, bitwise(op, extract(a, cut - 1, low), extract(b, cut - 1, low), whole))
                low = cut
            return cat(*out)
    if a.op == 'not' and a.args[0] is b or b.op == 'not' and b.args[0] is a:
        return const(0 if op == 'and' else -1, a.w)
    if a.w == 1:
        found = compare_rules(op, a, b) or compare_rules(op, b, a)
        if found is not None:
            return found
    return make(op, a.w, *sorted((a, b), key=lambda t: t.id))


def and_(a, b):
    return bitwise('and', a, b, lambda t, v, ones: const(0, t.w) if v == 0 else t if v == ones else None)


def or_(a, b):
    return bitwise('or', a, b, lambda t, v, ones: t if v == 0 else const(-1, t.w) if v == ones else None)


def xor(a, b):
    if a.op == 'not' and b.op == 'not':
        return xor(a.args[0], b.args[0])
    return bitwise('xor', a, b, lambda t, v, ones: t if v == 0 else not_(t) if v == ones else None)


def not_(a):
    if a.op == 'c':
        return const(~a.args[0], a.w)
    if a.op == 'not':
        return a.args[0]
    if a.op in ('cat', 'sx'):
        return cat(*map(not_, a.args)) if a.op == 'cat' else sext(not_(a.args[0]), a.w)
    if a.op == 'ite' and a.w > 1:
        return ite(a.args[0], not_(a.args[1]), not_(a.args[2]))
    return make('not', a.w, a)


BITWISE.update({'and': and_, 'or': or_, 'xor': xor, 'not': not_})


def compare_rules(op, a, b):
    """What the flags of a subtraction say: sign != overflow is <, and so on. None: nothing better is known."""
    negated = a.op == 'not'
    x = a.args[0] if negated else a
    if op == 'xor' and a.op == 'sborrow' and b is extract(sub(*a.args), a.args[0].w - 1, a.args[0].w - 1):
        return slt(*a.args)
    if op == 'xor' and a.op == 'not':
        return not_(xor(a.args[0], b))
    if op == 'or' and not negated and b.op in ('slt', 'ult') and x is equal(*b.args):
        return not_((slt if b.op == 'slt' else ult)(b.args[1], b.args[0]))
    if op == 'and' and negated and b.op == 'not' and b.args[0].op in ('slt', 'ult') and x is equal(*b.args[0].args):
        y = b.args[0]
        return (slt if y.op == 'slt' else ult)(y.args[1], y.args[0])
    return None


# ---- comparisons ----

def equal(a, b):
    if a is b:
        return ONE
    if a.op == 'c' and b.op == 'c':
        return ZERO
    if a.op == 'c':
        a, b = b, a
    if a.w == 1:
        return not_(xor(a, b))
    if a.op == 'cat' or (b.op == 'cat' and a.op != 'lin'):
        if a.op != 'cat':
            a, b = b, a
        if a.op == 'cat' and (b.op != 'lin' or a.args[0].op != 'c'):
            out, top = ONE, a.w
            for piece in a.args:
                out = and_(out, equal(piece, extract(b, top - 1, top - piece.w)))
                top -= piece.w
            return out
    if a.op == 'sx':
        inner = a.args[0]
        if b.op == 'sx' and b.args[0].w == inner.w:
            return equal(inner, b.args[0])
        if b.op == 'c':
            low = const(b.args[0], inner.w)
            return equal(inner, low) if sext(low, a.w) is b else ZERO
    if a.op == 'ite' and b.op == 'c' and (a.args[1].op == 'c' or a.args[2].op == 'c'):
        return ite(a.args[0], equal(a.args[1], b), equal(a.args[2], b))
    return eqz(sub(a, b))


def eqz(d):
    """d == 0"""
    if d.op == 'c':
        return const(d.args[0] == 0, 1)
    if d.op == 'lin':
        if d.args[1][0][1] >> (d.w - 1):
            d = neg(d)
        elif d.args[1][0][1] == 1 << (d.w - 1):
            pass
        if d.op == 'lin' and d.args[0] and len(d.args[1]) == 1 and d.args[1][0][1] == 1 and \
                d.args[1][0][0].op in ('cat', 'sx'):
            return equal(d.args[1][0][0], const(-d.args[0], d.w))
    elif d.op == 'cat':
        out = ONE
        for piece in d.args:
            out = and_(out, eqz(piece))
        return out
    elif d.op == 'sx':
        return eqz(d.args[0])
    elif d.op == 'ite' and (d.args[1].op == 'c' or d.args[2].op == 'c'):
        return ite(d.args[0], eqz(d.args[1]), eqz(d.args[2]))
    return not_(d) if d.w == 1 else make('eqz', 1, d)


def ult(a, b):
    if a is b:
        return ZERO
    if b.op == 'c':
        if a.op == 'c':
            return const(a.args[0] < b.args[0], 1)
        if b.args[0] == 0:
            return ZERO
        if b.args[0] == 1:
            return equal(a, const(0, a.w))
    if a.op == 'c':
        if a.args[0] == (1 << a.w) - 1:
            return ZERO
        if a.args[0] == 0:
            return not_(equal(b, a))
    n = min(zeros_above(a), zeros_above(b))
    if n:
        return ult(extract(a, a.w - n - 1, 0), extract(b, b.w - n - 1, 0))
    if a.op == 'sx' and b.op == 'sx' and a.args[0].w == b.args[0].w:
        return ult(a.args[0], b.args[0])
    return make('ult', 1, a, b)


def zeros_above(t):
    """How many of the highest bits are known to be 0."""
    if t.op == 'c':
        return t.w - t.args[0].bit_length() if t.args[0] else t.w - 1
    if t.op == 'cat' and t.args[0].op == 'c' and t.args[0].args[0] == 0:
        return t.args[0].w
    return 0


def slt(a, b):
    if a is b:
        return ZERO
    if a.op == 'c' and b.op == 'c':
        return const(signed(a) < signed(b), 1)
    if b.op == 'c' and b.args[0] == 0:
        return extract(a, a.w - 1, a.w - 1)
    if a.op == 'c' and signed(a) == -1:
        return not_(extract(b, b.w - 1, b.w - 1))
    if zeros_above(a) and zeros_above(b) and a.w > 1:
        return ult(a, b)
    if a.op == 'sx' and b.op in ('sx', 'c') or b.op == 'sx' and a.op == 'c':
        n = (a if a.op == 'sx' else b).args[0].w
        low_a, low_b = extract(a, n - 1, 0), extract(b, n - 1, 0)
        if sext(low_a, a.w) is a and sext(low_b, b.w) is b:
            return slt(low_a, low_b)
    return make('slt', 1, a, b)


def sborrow(a, b):
    if b.op == 'c' and b.args[0] == 0:
        return ZERO
    if a.op == 'c' and b.op == 'c':
        return const(not -(1 << (a.w - 1)) <= signed(a) - signed(b) < 1 << (a.w - 1), 1)
    return make('sborrow', 1, a, b)


def carry(a, b):
    """Is a + b more than the width holds?"""
    s = add(a, b)
    return ult(s, min(a, b, key=lambda t: t.id))


def scarry(a, b):
    s = add(a, b)
    top = a.w - 1
    return and_(not_(extract(xor(a, b), top, top)), extract(xor(a, s), top, top))


def ite(c, a, b):
    if c.op == 'c':
        return a if c.args[0] else b
    if a is b:
        return a
    if c.op == 'not':
        return ite(c.args[0], b, a)
    if a.op == 'ite' and a.args[0] is c:
        a = a.args[1]
    if b.op == 'ite' and b.args[0] is c:
        b = b.args[2]
    if a.op == 'c' and b.op == 'c':
        x, y, ones = a.args[0], b.args[0], (1 << a.w) - 1
        if (x, y) == (1, 0):
            return zext(c, a.w)
        if (x, y) == (0, 1):
            return zext(not_(c), a.w)
        if (x, y) == (ones, 0):
            return sext(c, a.w)
        if (x, y) == (0, ones):
            return sext(not_(c), a.w)
    if c.op in ('ult', 'slt') and c.args[0].id > c.args[1].id and {a, b} == set(c.args):
        # the lesser and the greater of two: one form of each
        return make('ite', a.w, (ult if c.op == 'ult' else slt)(c.args[1], c.args[0]), b, a)
    if c.op == 'x' and c.w == 1 and a.w > 1 and (c.args[2] is a or c.args[2] is b) and c.args[0] == a.w - 1 and a is neg(b):
        return magnitude(a, b, c.args[2] is a)
    if a.w == 1 and (a.op == 'c' or b.op == 'c'):
        if a.op == 'c':
            return or_(c, b) if a.args[0] else and_(not_(c), b)
        return or_(not_(c), a) if b.args[0] else and_(c, a)
    return make('ite', a.w, c, a, b)


def choose(k, values):
    """The value of number k, which has as many bits as the values need."""
    out = values[0]
    for i, x in enumerate(values[1:], 1):
        out = ite(equal(k, const(i, k.w)), x, out)
    return out


def magnitude(a, b, negative):
    """Of a and b = -a, the one that is not negative, or `negative`; for the least value, that. One form of each."""
    if b.id < a.id:
        a, b = b, a
    return make('ite', a.w, extract(a, a.w - 1, a.w - 1), a if negative else b, b if negative else a)


# ---- the rest of arithmetic ----

def mul(a, b):
    if a.op == 'c':
        a, b = b, a
    if b.op == 'c':
        return times(a, b.args[0])
    return make('mul', a.w, *sorted((a, b), key=lambda t: t.id))


def signed_bits(t):
    """How many bits hold the signed value."""
    if t.op == 'c':
        v = signed(t)
        return (v if v >= 0 else ~v).bit_length() + 1
    if t.op == 'sx':
        return t.args[0].w
    return t.w - zeros_above(t) + 1 if zeros_above(t) else t.w


def quotient(a, b, is_signed):
    """a / b, where b is not 0; what it is otherwise, nobody may ask. It is computed in as few bits as hold the operands
    and, of signed ones, the least value's negation: so a division is the same in registers of any width."""
    w = a.w
    if a.op == 'c' and b.op == 'c' and b.args[0]:
        x, y = (signed(a), signed(b)) if is_signed else (a.args[0], b.args[0])
        q = abs(x) // abs(y)
        return const(-q if (x < 0) != (y < 0) else q, w)
    if is_signed:
        n = max(signed_bits(a), signed_bits(b))
        if b.op == 'c' and b.args[0] and abs(signed(b)) & (abs(signed(b)) - 1) == 0:
            low = by_power(extract(a, n - 1, 0), signed(b))
            return sext(low, w) if w > n else extract(low, w - 1, 0)
        low = make('sdiv', n + 1, sext(extract(a, n - 1, 0), n + 1), sext(extract(b, n - 1, 0), n + 1))
        return sext(low, w) if w > n else extract(low, w - 1, 0)
    if b.op == 'c' and b.args[0] & (b.args[0] - 1) == 0 and b.args[0]:
        return shift('lshr', a, const(b.args[0].bit_length() - 1, w))
    n = max(w - min(zeros_above(a), zeros_above(b)), 1)
    q = make('udiv', n, extract(a, n - 1, 0), extract(b, n - 1, 0))
    if b.op == 'c' and b.args[0]:
        q = extract(q, max((((1 << n) - 1) // b.args[0]).bit_length(), 1) - 1, 0)
    return zext(q, w)


def by_power(x, d):
    """x / d, in one more bit; d or -d is a power of two. 1 less than that is added to a negative x, and then it is shifted."""
    n, k = x.w, abs(d).bit_length() - 1
    bias = zext(sext(extract(x, n - 1, n - 1), k), n) if k else const(0, n)
    q = sext(shift('ashr', add(x, bias), const(k, n)), n + 1)
    return neg(q) if d < 0 else q


def remainder(a, b, is_signed):
    """By its definition: so AArch64's msub and x86-64's div give the same term."""
    return sub(a, mul(quotient(a, b, is_signed), b))


def shift(op, a, n):
    """shl, lshr or ashr by n, of any width: by the width or more, zeros or signs are left."""
    w = a.w
    if n.op == 'c':
        k = min(n.args[0], w)
        if k == 0:
            return a
        if op == 'shl':
            return times(a, 1 << k) if k < w else const(0, w)
        if op == 'lshr':
            return zext(extract(a, w - 1, k), w) if k < w else const(0, w)
        return sext(extract(a, w - 1, min(k, w - 1)), w)
    if n.w < w:
        n = zext(n, w)
    if a.op == 'c' and a.args[0] == 0:
        return a
    again = shifted_before(op, a) if n.w == w and count_is_small(n) else None
    if again:  # x >> m >> n = x >> m + n
        return make(op, w, again[0], plus(n, again[1]))
    if n.w > w:
        if zeros_above(n) >= n.w - w:
            n = extract(n, w - 1, 0)
        else:
            return ite(ult(n, const(w, n.w)), make(op, w, a, extract(n, w - 1, 0)),
                       const(0, w) if op != 'ashr' else sext(extract(a, w - 1, w - 1), w))
    return make(op, w, a, n)


def shifted_before(op, a):
    """(x, m) if a is x shifted by a constant m in the same way; else None."""
    if op == 'shl':
        return shift_of(a)
    if a.op == 'cat' and len(a.args) == 2 and a.args[1].op == 'x' and op == 'lshr' and a.args[0].op == 'c' and \
            a.args[0].args[0] == 0:
        high, low, x = a.args[1].args
        m = a.args[0].w
        if low >= m:
            return extract(x, high, low - m), m
    return None


def count_is_small(n):
    """Is the count at most half of what its bits hold, so that a sum with another one does not wrap?"""
    if n.op == 'lin':  # 63 - x, x of 6 bits
        return len(n.args[1]) == 1 and n.args[1][0][1] == (1 << n.w) - 1 and 0 < n.args[0] < 256 and \
            (1 << (n.w - zeros_above(n.args[1][0][0]))) - 1 <= n.args[0]
    return zeros_above(n) > 1


def popcount(a, w):
    out = const(0, w)
    for i in range(a.w):
        out = add(out, zext(extract(a, i, i), w))
    return out


def leading_zeros(a, w):
    out = const(a.w, w)
    for i in range(a.w):
        out = ite(extract(a, i, i), const(a.w - 1 - i, w), out)
    return out


COMMUTES = {'fadd', 'fmul'}


def function(name, w, *args):
    """A function of which only the name is known, and whether its first two arguments commute."""
    return named('%s_%d_%s' % (name, w, '_'.join(str(t.w) for t in args)), w, *args)


def named(name, w, *args):
    """The function by its whole name."""
    if name.split('_')[0] in COMMUTES:
        args = tuple(sorted(args, key=lambda t: t.id))
    return make('f', w, name, *args)


# ---- floats: comparisons are exact, by bits ----

# width: bits of the fraction; with the bit before the point, which f80 writes down. Encodings that lack it have no meaning.
FLOATS = {16: 10, 32: 23, 64: 52, 80: 64, 128: 112}


def float_constant(n, w):
    """0, a power of two or its negation, as a float."""
    if n == 0:
        return const(0, w)
    exponent = (1 << (w - 2 - FLOATS[w])) - 1 + abs(n).bit_length() - 1
    assert abs(n) & (abs(n) - 1) == 0
    return const((n < 0) << (w - 1) | exponent << FLOATS[w] | (1 << 63 if w == 80 else 0), w)


def float_to_float(a, w):
    """Rounded, or exactly: constants that are 0 or powers of two are."""
    if is_const(a) and w > a.w in (32, 64):
        fraction, bias = FLOATS[a.w], (1 << (a.w - 2 - FLOATS[a.w])) - 1
        exponent = (a.args[0] >> fraction & 2 * bias + 1) - bias
        if a.args[0] == 0 or a.args[0] & (1 << fraction) - 1 == 0 and 0 <= exponent <= bias:
            return float_constant((-1) ** (a.args[0] >> (a.w - 1)) << exponent if a.args[0] else 0, w)
    return a if a.w == w else function('f2f', w, a)


def is_nan(a):
    if a.w not in FLOATS:
        raise Unsupported('floats of %d bits' % a.w)
    infinity = const(((1 << (a.w - 1 - FLOATS[a.w])) - 1) << FLOATS[a.w] | (1 << 63 if a.w == 80 else 0), a.w - 1)
    return ult(infinity, extract(a, a.w - 2, 0))


def unordered(a, b):
    return or_(is_nan(a), is_nan(b))


def float_equal(a, b):
    zero = equal(extract(or_(a, b), a.w - 2, 0), const(0, a.w - 1))
    return and_(not_(unordered(a, b)), or_(equal(a, b), zero))


def float_less(a, b):
    """a < b, false if they are unordered."""
    top = a.w - 1
    sa, sb = extract(a, top, top), extract(b, top, top)
    ma, mb = extract(a, top - 1, 0), extract(b, top - 1, 0)
    zero = equal(extract(or_(a, b), top - 1, 0), const(0, top))
    less = ite(sa, ite(sb, ult(mb, ma), not_(zero)), ite(sb, ZERO, ult(ma, mb)))
    return and_(not_(unordered(a, b)), less)


# ---- memory ----

def memory(name):
    return make('m0', 0, name)


def split(address):
    """(base, offset) of an address."""
    constant, products = parts(address)
    base = address if constant == 0 else lin(64, 0, dict(products))
    return base, constant - (1 << 64) if constant >> 63 else constant


APART = {}  # (base, base): ranges of offsets, which are known not to overlap: ((first, end), (first, end))


def passed(mem, base, offset, n):
    """Memory without the newest stores that are known to be elsewhere than what is loaded."""
    for (low, high), (first, end) in APART.get((mem.args[1], base), ()):
        if first <= offset and offset + n <= end:
            left = tuple(b for b in mem.args[2] if not low <= b[0] < high)
            if len(left) < len(mem.args[2]):
                return make('st', 0, mem.args[0], mem.args[1], left) if left else mem.args[0]
    return mem


def store(mem, address, value):
    base, offset = split(address)
    bytes_ = {}
    if mem.op == 'st' and mem.args[1] is base:
        bytes_ = {o: (t, k) for o, t, k in mem.args[2]}
        mem = mem.args[0]
    put_bytes(bytes_, offset, value)
    return make('st', 0, mem, base, tuple((o, *bytes_[o]) for o in sorted(bytes_)))


def put_bytes(bytes_, offset, value):
    """Writes a value to a dictionary of bytes, each a term and which of its bytes it is."""
    source, first = value, 0
    if value.op == 'x' and value.args[1] % 8 == 0 and value.w % 8 == 0:
        source, first = value.args[2], value.args[1] // 8
    for i in range(value.w // 8):
        t, k = source, first + i
        if t.op in ('cat', 'c', 'ld'):  # pieces are stored as they are, so that what was split is found again
            t, k = extract(t, 8 * k + 7, 8 * k), 0
            if t.op == 'x' and t.args[1] % 8 == 0:
                t, k = t.args[2], t.args[1] // 8
        bytes_[offset + i] = (t, k)


def get_bytes(list_):
    """The value of bytes, the lowest first."""
    out, i = [], 0
    while i < len(list_):
        t, k = list_[i]
        n = 1
        while i + n < len(list_) and list_[i + n] == (t, k + n):
            n += 1
        out.insert(0, extract(t, 8 * (k + n) - 1, 8 * k))
        i += n
    return cat(*out)


def load(mem, address, n):
    """The n bytes at an address. Stores to another base may be to the same place. More than 8 bytes are pieces."""
    if n > 8:
        return cat(load(mem, plus(address, 8), n - 8), load(mem, address, 8))
    base, offset = split(address)
    here = mem
    if not (mem.op == 'st' and mem.args[1] is base):
        below = passed(mem, base, offset, n) if mem.op == 'st' and APART else mem
        if below is not mem:
            return load(below, address, n)
        return make('ld', 8 * n, mem, address, n)
    bytes_ = {o: (t, k) for o, t, k in mem.args[2]}
    found = [bytes_.get(offset + i) for i in range(n)]
    if None not in found:
        return get_bytes(found)
    here = mem.args[0]
    if all(f is None for f in found):
        return load(here, address, n)
    return cat(*[get_bytes([f]) if f else load(here, plus(address, i), 1) for i, f in reversed(list(enumerate(found)))])


def integer_to_float(a, w):
    """A signed integer, rounded: the same for all widths that it fits."""
    if is_const(a) and a.args[0] == 0:
        return const(0, w)
    if w == 80 and is_const(a) and a.args[0] == 1:  # FLD1
        return const(0x3fff << 64 | 1 << 63, 80)
    return function('sitof', w, sext(a, 72) if a.w < 72 else a)
