"""What operations of the IR compute (docs/ir.md, <kiln/ops.def>), as terms: VALUE[name](x), where x is an Operation.
Memory, calls and control are function.py's."""
import terms as t
from tables import WIDTH
from terms import add, and_, cat, const, equal, extract, ite, mul, neg, not_, or_, sext, shift, slt, sub, ult, xor, zext


class Operation:
    """An instruction and its operands' terms: a, b, c. What it adds: `defined`, conditions without which the result is any
    bits; `flag`, the second result."""

    def __init__(self, inst, a=None, b=None, c=None, processor='x86_64', fused=False):
        self.inst, self.a, self.b, self.c, self.processor, self.fused = inst, a, b, c, processor, fused
        self.w = WIDTH.get(inst.type, 0)
        self.defined, self.flag = [], None


def shifted(op):
    def f(x):
        x.defined.append(ult(x.b, const(x.w, x.w)))
        return shift_by_halves(op, x.a, x.b) if x.w == 128 else shift(op, x.a, x.b)
    return f


def shift_by_halves(op, a, n):
    """By less than the width: by whole registers first (lemmas.py)."""
    h = a.w // 2
    low, high, far = extract(a, h - 1, 0), extract(a, a.w - 1, h), extract(n, h.bit_length() - 1, h.bit_length() - 1)
    k = zext(extract(n, h.bit_length() - 2, 0), h)
    if op == 'shl':
        return cat(ite(far, shift(op, low, k), funnel(high, low, k, True)), ite(far, const(0, h), shift(op, low, k)))
    fill = sext(extract(a, a.w - 1, a.w - 1), h) if op == 'ashr' else const(0, h)
    return cat(ite(far, fill, shift(op, high, k)), ite(far, shift(op, high, k), funnel(high, low, k, False)))


def modulo(n):
    """A count modulo the width, which is a power of two."""
    bits = n.w.bit_length() - 1
    return zext(extract(n, bits - 1, 0), n.w)


def funnel(high, low, n, left):
    """The half of high:low shifted by n modulo the width that fshl (left) and fshr give. An i128 is shifted by whole
    registers first (lemmas.py proves for fewer bits that this is the same)."""
    w, k = high.w, modulo(n)
    if w == 128:
        return funnel_by_halves(high, low, n, left)
    rest = sub(const(w, w), k)
    if left:
        return or_(shift('shl', high, k), shift('lshr', low, rest))
    return or_(shift('lshr', low, k), shift('shl', high, rest))


def funnel_by_halves(high, low, n, left):
    h = high.w // 2
    words = [extract(high, 2 * h - 1, h), extract(high, h - 1, 0), extract(low, 2 * h - 1, h), extract(low, h - 1, 0)]
    far = extract(n, h.bit_length() - 1, h.bit_length() - 1)
    k = extract(n, h - 1, 0)
    first = 0 if left else 1
    near = [funnel(words[i], words[i + 1], k, left) for i in (first, first + 1)]
    away = [funnel(words[i], words[i + 1], k, left) for i in (1 - first, 2 - first)]
    return cat(*[ite(far, a, b) for a, b in zip(away, near)])


def high_half(extend):
    return lambda x: extract(mul(extend(x.a, 2 * x.w), extend(x.b, 2 * x.w)), 2 * x.w - 1, x.w)



def overflowing(op, extend):
    """a op b; the flag says whether the exact result is another."""
    def f(x):
        if op is mul and x.w == 128:
            if extend is sext and fits_signed(x.a, x.b):
                x.flag = const(0, 8)
                return mul(x.a, x.b)
            by = overflow_by_words if x.processor == 'x86_64' else overflow_by_halves
            value, over = by(extend, x.a, x.b)
            x.flag = zext(over, 8)
            return value
        result = op(x.a, x.b)
        if op is mul:
            x.flag = zext(product_overflow(x, extend), 8)
        elif extend is zext:
            x.flag = zext(t.carry(x.a, x.b) if op is add else ult(x.a, x.b), 8)
        elif x.w == 128:
            x.flag = zext(sign_is_wrong(x.a, x.b, wide_sum(op, x.a, x.b), op), 8)
        else:
            x.flag = zext(t.sborrow(x.a, x.b) if op is sub else t.scarry(x.a, x.b), 8)
        if x.w == 128:
            return wide_sum(op, x.a, x.b)
        return result
    return f


def wide_sum(op, a, b):
    """Sum or difference by halves, the high one with a carry (lemmas.py proves for fewer bits that this is the same)."""
    h = a.w // 2
    al, ah, bl, bh = extract(a, h - 1, 0), extract(a, a.w - 1, h), extract(b, h - 1, 0), extract(b, a.w - 1, h)
    c = zext(t.carry(al, bl) if op is add else ult(al, bl), h)
    return cat(op(op(ah, bh), c), op(al, bl))


def sign_is_wrong(a, b, result, op):
    top = a.w - 1
    sa, sb, s = (extract(v, top, top) for v in (a, b, result))
    same = xor(sa, sb) if op is sub else not_(xor(sa, sb))
    return and_(same, xor(s, sa))


def sums(op):
    return lambda x: wide_sum(op, x.a, x.b) if x.w == 128 else op(x.a, x.b)


def product_overflow(x, extend):
    full = mul(extend(x.a, 2 * x.w), extend(x.b, 2 * x.w))
    return not_(equal(full, extend(extract(full, x.w - 1, 0), 2 * x.w)))


def fits_signed(a, b):
    """Is the exact signed product no wider, since both factors are extended from half the width?"""
    return all(t.signed_bits(v) <= v.w // 2 for v in (a, b))


def overflow_by_halves(extend, a, b):
    """The product, and whether it has more bits, by products of halves, summed in the order that the processors' code has
    (lemmas.py proves for fewer bits that this is the same)."""
    w = a.w
    h = w // 2
    al, ah, bl, bh = extract(a, h - 1, 0), extract(a, w - 1, h), extract(b, h - 1, 0), extract(b, w - 1, h)
    low, high = mul(zext(al, w), zext(bl, w)), mul(extend(ah, w), extend(bh, w))
    second, third, fourth = extract(low, w - 1, h), extract(high, h - 1, 0), extract(high, w - 1, h)
    for x, y in ((ah, bl), (bh, al)):
        m = mul(zext(x, w), zext(y, w))
        top = add(extract(m, w - 1, h), zext(t.carry(second, extract(m, h - 1, 0)), h))
        second = add(second, extract(m, h - 1, 0))
        if extend is zext:
            fourth = or_(fourth, top)
            continue
        top = sub(top, and_(sext(extract(x, h - 1, h - 1), h), y))
        fourth = add(add(fourth, sext(extract(top, h - 1, h - 1), h)), zext(t.carry(third, top), h))
        third = add(third, top)
    sign = extend(extract(second, h - 1, h - 1), h) if extend is sext else const(0, h)
    over = not_(equal(or_(xor(third, sign), xor(fourth, sign)), const(0, h)))
    return cat(second, extract(low, h - 1, 0)), over


def overflow_by_words(extend, a, b):
    """The same in the order of x86-64's code: the product of one factor and a half of the other one has three words. Of a
    factor that is an extension, one half is enough."""
    w = a.w
    h = w // 2
    is_signed = extend is sext

    def low_of(x):
        return extract(x, h - 1, 0)

    def high_of(x):
        return extract(x, w - 1, h)

    def sign(x):
        return sext(extract(x, h - 1, h - 1), h)

    for k in range(4):
        x, y, extends = (a, b)[~k & 1], (a, b)[k & 1], is_signed and k < 2
        # as kn_is_extended says: extensions, and small numbers
        one = y.op in ('sx', 'c') and t.signed_bits(y) <= (h if y.op == 'sx' else 29) if extends else t.zeros_above(y) >= h
        if one:
            break

    def words(by, extends):
        low, widen = mul(zext(low_of(x), w), zext(by, w)), sext if extends else zext
        top = mul(widen(high_of(x), w), widen(by, w))
        second = add(low_of(top), high_of(low))
        third = add(high_of(top), zext(t.carry(low_of(top), high_of(low)), h))
        if is_signed and extends:
            less = and_(sign(high_of(y)), low_of(x))
            return low_of(low), sub(second, less), sub(third, zext(ult(second, less), h))
        return low_of(low), second, sub(third, and_(sign(high_of(x)), by)) if is_signed else third

    low, second, third = words(low_of(y), one and extends)
    if one:
        return cat(second, low), not_(equal(third, sign(second) if is_signed else const(0, h)))
    upper = words(high_of(y), is_signed)
    high, carry = add(second, upper[0]), zext(t.carry(second, upper[0]), h)
    if not is_signed:
        return cat(high, low), not_(equal(or_(add(third, carry), or_(upper[1], upper[2])), const(0, h)))
    both = add(third, upper[1])
    carries = or_(t.carry(third, upper[1]), t.carry(both, carry))
    fourth = add(add(sign(third), upper[2]), zext(carries, h))
    return cat(high, low), not_(equal(or_(xor(add(both, carry), sign(high)), xor(fourth, sign(high))), const(0, h)))


def saturating(op, extend):
    def f(x):
        w = x.w
        result = op(x.a, x.b)
        if extend is zext:
            if op is add:
                return ite(t.carry(x.a, x.b), const(-1, w), result)
            return ite(ult(x.a, x.b), const(0, w), result)
        over = t.scarry(x.a, x.b) if op is add else t.sborrow(x.a, x.b)
        top = extract(x.a, w - 1, w - 1)
        limit = xor(sext(top, w), const((1 << (w - 1)) - 1, w))
        return ite(over, limit, result)
    return f


def division(is_signed, rest):
    """AArch64 divides by 0, too."""
    def f(x):
        q = t.quotient(x.a, x.b, is_signed)
        if x.processor == 'aarch64':
            q = ite(equal(x.b, const(0, x.w)), const(0, x.w), q)
        return sub(x.a, mul(q, x.b)) if rest else q
    return f


def product(x):
    """Of i128, by halves: the same modulo 2^128 (lemmas.py proves it for fewer bits); but of i64s as processors have it."""
    if x.w < 128 or fits_signed(x.a, x.b):
        return mul(x.a, x.b)
    return by_halves(x.a, x.b)


def by_halves(a, b):
    w = a.w
    h = w // 2
    al, ah, bl, bh = extract(a, h - 1, 0), extract(a, w - 1, h), extract(b, h - 1, 0), extract(b, w - 1, h)
    low = mul(zext(al, w), zext(bl, w))
    high = add(extract(low, w - 1, h), add(mul(al, bh), mul(ah, bl)))
    return cat(high, extract(low, h - 1, 0))


def magnitude(x):
    return ite(slt(x.a, const(0, x.w)), neg(x.a), x.a)


def ones(x):
    """By bytes, of which none has more than 8; on x86-64 by adding neighbours, for more than 16 bits (lemmas.py proves for
    16 that this is the same)."""
    if x.w <= 16 or x.processor != 'x86_64':
        out = const(0, 8)
        for i in range(0, x.w, 8):
            out = add(out, t.popcount(extract(x.a, i + 7, i), 8))
        return zext(out, x.w) if x.w > 8 else out
    if x.w == 128:
        return zext(add(zext(neighbours(extract(x.a, 63, 0)), 64), zext(neighbours(extract(x.a, 127, 64)), 64)), 128)
    return neighbours(x.a)


def neighbours(a):
    w = a.w

    def mask(byte):
        return const(int.from_bytes(bytes([byte]) * (w // 8), 'little'), w)
    for n, byte in ((1, 0x55), (2, 0x33), (4, 0x0f)):
        a = add(and_(a, mask(byte)), and_(shift('lshr', a, const(n, w)), mask(byte)))
    return shift('lshr', mul(a, mask(1)), const(w - 8, w))


def trailing_zeros(x):
    out = const(x.w, x.w)
    for i in reversed(range(x.w)):
        out = ite(extract(x.a, i, i), const(i, x.w), out)
    return out


def byte_swap(x):
    return cat(*[extract(x.a, 8 * i + 7, 8 * i) for i in range(x.w // 8)])


def bit_reverse(x):
    return cat(*[extract(x.a, i, i) for i in range(x.w)])


def less_by_halves(less, a, b):
    h = a.w // 2
    (al, ah), (bl, bh) = ((extract(v, h - 1, 0), extract(v, a.w - 1, h)) for v in (a, b))
    return or_(less(ah, bh), and_(equal(ah, bh), ult(al, bl)))


def signed_less(a, b):
    """Of i128 by halves (lemmas.py)."""
    return less_by_halves(slt, a, b) if a.w == 128 else slt(a, b)


def unsigned_less(a, b):
    return less_by_halves(ult, a, b) if a.w == 128 else ult(a, b)


CONDITION = {
    'eq': equal, 'ne': lambda a, b: not_(equal(a, b)), 'slt': signed_less, 'sge': lambda a, b: not_(signed_less(a, b)),
    'sle': lambda a, b: not_(signed_less(b, a)), 'sgt': lambda a, b: signed_less(b, a), 'ult': unsigned_less,
    'uge': lambda a, b: not_(unsigned_less(a, b)), 'ule': lambda a, b: not_(unsigned_less(b, a)), 'ugt': lambda a, b: unsigned_less(b, a)}


def float_condition(name, a, b):
    un, eq, less, greater = t.unordered(a, b), t.float_equal(a, b), t.float_less(a, b), t.float_less(b, a)
    if name in ('ord', 'uno'):
        return un if name == 'uno' else not_(un)
    if name in ('one', 'une'):
        return or_(less, greater) if name == 'one' else not_(eq)
    base = {'eq': eq, 'lt': less, 'le': or_(less, eq), 'gt': greater, 'ge': or_(greater, eq)}[name[1:]]
    return base if name[0] == 'o' else or_(un, base)


def low_bit(x):
    return extract(x, 0, 0)


def known(name):
    """A float operation: a function of its operands."""
    return lambda x: t.function(name, x.w, *[o for o in (x.a, x.b, x.c) if o is not None])


def integer_to_float(extend):
    def f(x):
        if x.a.w > 64 or x.w > 80:
            return None
        if extend is zext and x.a.w == 64 and x.w == 80:  # read as a signed number, it is 2^64 less
            value = t.integer_to_float(x.a, 80)
            return ite(slt(x.a, const(0, 64)), t.function('fadd', 80, value, t.float_constant(1 << 64, 80)), value)
        if extend is zext and x.a.w == 64 and x.processor == 'x86_64':
            # rounding a half with a sticky last bit, and doubling that, rounds as once
            half = t.integer_to_float(or_(shift('lshr', x.a, const(1, 64)), and_(x.a, const(1, 64))), x.w)
            return ite(slt(x.a, const(0, 64)), t.function('fadd', x.w, half, half), t.integer_to_float(x.a, x.w))
        return t.integer_to_float(extend(x.a, 72), x.w)
    return f


def float_to_integer(is_signed):
    """What does not fit is any bits: so a wider conversion does for a narrow one."""
    def f(x):
        if x.w > 64:
            return None
        if x.a.w == 80 and (x.w < 64 or is_signed):
            return extract(t.function('ftosi', 64, x.a), x.w - 1, 0)
        if x.processor == 'aarch64':
            return extract(t.function('ftosi' if is_signed else 'ftoui', max(x.w, 32), x.a), x.w - 1, 0)
        if x.w == 64 and not is_signed:
            x.defined.append(not_(t.is_nan(x.a)))
            return unsigned_64(x.a)
        w = 64 if x.w == 64 or (x.w == 32 and not is_signed) else 32
        return extract(t.function('ftosi', w, x.a), x.w - 1, 0)
    return f


def unsigned_64(a):
    """What is 2^63 or more is converted less 2^63, which is exact."""
    half = t.float_constant(1 << 63, a.w)
    if a.w == 80:  # 0 is subtracted from others
        is_less = t.float_less(a, half)
        value = t.function('ftosi', 64, t.function('fsub', 80, a, ite(is_less, const(0, 80), half)))
        return xor(value, ite(is_less, const(0, 64), const(1 << 63, 64)))
    less = t.function('ftosi', 64, t.function('fsub', a.w, a, half))
    return ite(t.float_less(a, half), t.function('ftosi', 64, a), xor(less, const(1 << 63, 64)))


def saturated(is_signed):
    """What is out of range becomes the nearest integer, NaN becomes 0. AArch64's conversions do that at 32 and 64 bits;
    on x86-64 comparisons with the ends of the range, which are exact, choose what is converted."""
    def f(x):
        if x.processor == 'aarch64' and x.a.w <= 64 and x.w <= 64:
            return narrowed(t.function('ftosi' if is_signed else 'ftoui', max(x.w, 32), x.a), x.w, is_signed)
        if x.processor == 'aarch64':
            return by_significand(t.float_to_float(x.a, 64) if x.a.w == 32 else x.a, x.w, is_signed)
        if x.a.w not in (32, 64, 80) or x.w > 64:
            return None
        return saturating_of(x.a, in_range(x, is_signed), is_signed)
    return f


def saturating_of(a, converted, is_signed):
    """A float as the nearest integer, of its conversion if it fits."""
    w = converted.w
    least, most = (-(1 << (w - 1)), (1 << (w - 1)) - 1) if is_signed else (0, (1 << w) - 1)
    low, high = (t.float_constant(n, a.w) for n in (least, most + 1))
    below = t.float_less(a, low)
    if a.w == 80:  # the least integer itself is not converted, nor is -0
        below = not_(t.float_less(low, a))
    value = ite(below, const(least, w), ite(t.float_less(a, high), converted, const(most, w)))
    return ite(t.is_nan(a), const(0, w), value)


def by_significand(a, w, is_signed):
    """The same of an f64 or f128, by its bits: the significand, shifted by the exponent."""
    fraction = t.FLOATS[a.w]
    bits = 128
    sign, exponent = extract(a, a.w - 1, a.w - 1), extract(a, a.w - 2, fraction)
    e = sub(zext(exponent, 64), const((1 << (a.w - 2 - fraction)) - 1, 64))
    x = shift_by_halves('lshr', cat(t.ONE, extract(a, fraction - 1, 0), const(0, bits - 1 - fraction)),
                        zext(sub(const(127, 64), e), bits))
    if is_signed:
        ones = sext(sign, bits)
        x = wide_sum(sub, xor(x, ones), ones)
    x = ite(slt(e, const(0, 64)), const(0, w), extract(x, w - 1, 0))
    end = xor(const((1 << (w - is_signed)) - 1, w), sext(sign, w)) if is_signed else const(-1, w)
    x = ite(slt(e, const(w - is_signed, 64)), x, end)
    return ite(or_(t.is_nan(a), t.ZERO if is_signed else sign), const(0, w), x)


def narrowed(v, w, is_signed):
    """The nearest integer of w bits, of one that has 32 or more."""
    if w < 32:
        most = const((1 << (w - is_signed)) - 1, 32)
        if is_signed:
            least = const(-(1 << (w - 1)), 32)
            v = ite(slt(v, least), least, v)
            v = ite(slt(most, v), most, v)
        else:
            v = ite(ult(most, v), most, v)
    return extract(v, w - 1, 0)


def in_range(x, is_signed):
    """Of a float that fits, by x86-64's signed conversions to 32 or 64 bits."""
    if x.w == 64 and not is_signed:
        return unsigned_64(x.a)
    w = 64 if x.w == 64 or (x.w == 32 and not is_signed) or x.a.w == 80 else 32
    return extract(t.function('ftosi', w, x.a), x.w - 1, 0)


def extreme(least):
    """fminimum, fmaximum: NaN, whose bits are those of an addition on x86-64, if an operand is NaN; of zeros, -0 is less."""
    def f(x):
        if x.processor == 'aarch64':
            return known('fminimum' if least else 'fmaximum')(x)
        first = t.float_less(x.a, x.b) if least else t.float_less(x.b, x.a)
        equals = (or_ if least else and_)(x.a, x.b)  # the same bits, but of zeros the sign
        return ite(t.unordered(x.a, x.b), t.function('fadd', x.w, x.a, x.b),
                   ite(t.float_equal(x.a, x.b), equals, ite(first, x.a, x.b)))
    return f


def instruction(name):
    """What AArch64 has an instruction for."""
    return lambda x: known(name)(x) if x.processor == 'aarch64' else None


def fma(x):
    if x.inst.op == 'fmuladd' and (not x.fused or x.w > 64):
        return t.function('fadd', x.w, t.function('fmul', x.w, x.a, x.b), x.c)
    return t.function('fma', x.w, x.a, x.b, x.c)


VALUE = {
    'copy': lambda x: x.a,
    'add': sums(add), 'sub': sums(sub), 'mul': product,
    'umulh': high_half(zext), 'smulh': high_half(sext),
    'udiv': division(False, False), 'sdiv': division(True, False),
    'urem': division(False, True), 'srem': division(True, True),
    'and': lambda x: and_(x.a, x.b), 'or': lambda x: or_(x.a, x.b), 'xor': lambda x: xor(x.a, x.b),
    'shl': shifted('shl'), 'lshr': shifted('lshr'), 'ashr': shifted('ashr'),
    'rotl': lambda x: funnel(x.a, x.a, x.b, True), 'rotr': lambda x: funnel(x.a, x.a, x.b, False),
    'fshl': lambda x: funnel(x.a, x.b, x.c, True), 'fshr': lambda x: funnel(x.a, x.b, x.c, False),
    'smin': lambda x: ite(signed_less(x.a, x.b), x.a, x.b), 'smax': lambda x: ite(signed_less(x.b, x.a), x.a, x.b),
    'umin': lambda x: ite(unsigned_less(x.a, x.b), x.a, x.b), 'umax': lambda x: ite(unsigned_less(x.b, x.a), x.a, x.b),
    'saddo': overflowing(add, sext), 'uaddo': overflowing(add, zext), 'ssubo': overflowing(sub, sext),
    'usubo': overflowing(sub, zext), 'smulo': overflowing(mul, sext), 'umulo': overflowing(mul, zext),
    'sadds': saturating(add, sext), 'uadds': saturating(add, zext), 'ssubs': saturating(sub, sext),
    'usubs': saturating(sub, zext),
    'neg': lambda x: neg(x.a), 'not': lambda x: not_(x.a), 'abs': magnitude,
    'clz': lambda x: t.leading_zeros(x.a, x.w), 'ctz': trailing_zeros, 'popcnt': ones,
    'bitrev': bit_reverse, 'bswap': byte_swap,
    'icmp': lambda x: zext(CONDITION[x.inst.fields['k']](x.a, x.b), 8),
    'fcmp': lambda x: zext(float_condition(x.inst.fields['k'], x.a, x.b), 8),
    'select': lambda x: ite(low_bit(x.a), x.b, x.c),
    'trunc': lambda x: extract(x.a, x.w - 1, 0), 'zext': lambda x: zext(x.a, x.w), 'sext': lambda x: sext(x.a, x.w),
    'bitcast': lambda x: x.a,
    'fdemote': lambda x: t.float_to_float(x.a, x.w), 'fpromote': lambda x: t.float_to_float(x.a, x.w), 'sitof': integer_to_float(sext), 'uitof': integer_to_float(zext),
    'ftosi': float_to_integer(True), 'ftoui': float_to_integer(False),
    'ftosis': saturated(True), 'ftouis': saturated(False),
    'fadd': known('fadd'), 'fsub': known('fsub'), 'fmul': known('fmul'), 'fdiv': known('fdiv'),
    'fsqrt': known('fsqrt'), 'fma': fma, 'fmuladd': fma,
    'fmin': instruction('fmin'), 'fmax': instruction('fmax'), 'fminimum': extreme(True),
    'fmaximum': extreme(False), 'ffloor': instruction('ffloor'), 'fceil': instruction('fceil'),
    'ftrunc': instruction('ftrunc'), 'fround': instruction('fround'), 'froundeven': instruction('froundeven'),
    'frint': lambda x: known('frint')(x) if x.w == 80 else instruction('frint')(x), 'fnearbyint': instruction('fnearbyint'),
    'fneg': lambda x: cat(not_(extract(x.a, x.w - 1, x.w - 1)), extract(x.a, x.w - 2, 0)),
    'fabs': lambda x: cat(t.ZERO, extract(x.a, x.w - 2, 0)),
    'fcopysign': lambda x: cat(extract(x.b, x.w - 1, x.w - 1), extract(x.a, x.w - 2, 0)),
    'vand': lambda x: and_(x.a, x.b), 'vor': lambda x: or_(x.a, x.b), 'vxor': lambda x: xor(x.a, x.b),
    'vandn': lambda x: and_(x.a, not_(x.b)),
    'vselect': lambda x: or_(and_(x.a, x.b), and_(not_(x.a), x.c)),
}


# ---- vectors: lane by lane ----

def lanes(x, w):
    return [extract(x, i + w - 1, i) for i in range(0, x.w, w)]


def by_lane(f):
    def g(x):
        w = WIDTH[x.inst.fields['l']]
        operands = [lanes(o, w) for o in (x.a, x.b) if o is not None]
        return cat(*reversed([f(x, *row) for row in zip(*operands)]))
    return g


def with_lane(x, i, value):
    w = value.w
    out = lanes(x, w)
    out[i] = value
    return cat(*reversed(out))


def resize(x):
    """What is above a v64 is any bits."""
    return extract(x.a, x.w - 1, 0) if x.w < x.a.w else cat(t.var('any!above %d' % x.a.id, 64), x.a)


def shuffle(x):
    """Byte i of the result is one of a's and b's, by byte i of c; without such a byte, any."""
    bytes_, out = lanes(x.a, 8) + lanes(x.b, 8), []
    for i, k in enumerate(lanes(x.c, 8)):
        if not t.is_const(k):
            x.defined.append(ult(k, const(len(bytes_), 8)))
            out.append(t.choose(extract(k, len(bytes_).bit_length() - 2, 0), bytes_))
        else:
            out.append(bytes_[k.args[0]] if k.args[0] < len(bytes_) else t.var('any!%d of %d' % (i, x.inst.result), 8))
    return cat(*reversed(out))


VALUE.update({
    'vshuffle': shuffle,
    'vsplat': lambda x: cat(*[x.a] * (x.w // x.a.w)),
    'vextract': lambda x: lanes(x.a, x.w)[x.inst.fields['i']],
    'vresize': resize,
    'vinsert': lambda x: with_lane(x.a, x.inst.fields['i'], x.b),
    'vsigns': lambda x: zext(cat(*[extract(b, b.w - 1, b.w - 1) for b in reversed(lanes(x.a, 8 * x.inst.fields['i']))]), 32),
    'vadd': by_lane(lambda x, a, b: add(a, b)), 'vsub': by_lane(lambda x, a, b: sub(a, b)),
    'vmul': by_lane(lambda x, a, b: by_halves(a, b) if a.w == 64 and x.processor == 'x86_64' else mul(a, b)),
    'vshl': by_lane(lambda x, a: shift('shl', a, const(x.inst.fields['n'], 32))),
    'vlshr': by_lane(lambda x, a: shift('lshr', a, const(x.inst.fields['n'], 32))),
    'vashr': by_lane(lambda x, a: shift('ashr', a, const(x.inst.fields['n'], 32))),
    'vicmp': by_lane(lambda x, a, b: sext(CONDITION[x.inst.fields['k']](a, b), a.w)),
    'vfcmp': by_lane(lambda x, a, b: sext(float_condition(x.inst.fields['k'], a, b), a.w)),
    'vfadd': by_lane(lambda x, a, b: t.function('fadd', a.w, a, b)),
    'vfsub': by_lane(lambda x, a, b: t.function('fsub', a.w, a, b)),
    'vfmul': by_lane(lambda x, a, b: t.function('fmul', a.w, a, b)),
    'vfdiv': by_lane(lambda x, a, b: t.function('fdiv', a.w, a, b)),
    'vfsqrt': by_lane(lambda x, a: t.function('fsqrt', a.w, a)),
    'vsitof': by_lane(lambda x, a: t.integer_to_float(sext(a, 72), 32)),
    'vftosi': by_lane(lambda x, a: t.function('ftosi', 32, a)),
})
