"""What the operations of p-code do to terms (Ghidra, docs/languages/html/pcoderef.html): PURE[name](width, operands).
Those of floats are functions of which only the name is known, but for comparisons and signs, which are exact."""
import terms as t


def shift(op):
    return lambda w, a, n: t.shift(op, a, n)


def condition(f):
    return lambda w, a, b: t.zext(f(a, b), w)


def subpiece(w, a, n):
    low = 8 * n.args[0]
    return t.extract(a, low + w - 1, low) if low + w <= a.w else t.zext(t.extract(a, a.w - 1, low), w)


def bit(a):
    return t.extract(a, 0, 0)


def unknown(name):
    return lambda w, *args: t.function(name, w, *args)


def absolute(w, a):
    return t.cat(t.ZERO, t.extract(a, w - 2, 0))


def negative(w, a):
    return t.cat(t.not_(t.extract(a, w - 1, w - 1)), t.extract(a, w - 2, 0))


def not_less(f):
    return lambda a, b: t.not_(f(b, a))


PURE = {
    'COPY': lambda w, a: a,
    'INT_ADD': lambda w, a, b: t.add(a, b), 'INT_SUB': lambda w, a, b: t.sub(a, b),
    'INT_MULT': lambda w, a, b: t.mul(a, b),
    'INT_DIV': lambda w, a, b: t.quotient(a, b, False), 'INT_SDIV': lambda w, a, b: t.quotient(a, b, True),
    'INT_REM': lambda w, a, b: t.remainder(a, b, False), 'INT_SREM': lambda w, a, b: t.remainder(a, b, True),
    'INT_AND': lambda w, a, b: t.and_(a, b), 'INT_OR': lambda w, a, b: t.or_(a, b),
    'INT_XOR': lambda w, a, b: t.xor(a, b), 'INT_NEGATE': lambda w, a: t.not_(a), 'INT_2COMP': lambda w, a: t.neg(a),
    'INT_ZEXT': lambda w, a: t.zext(a, w), 'INT_SEXT': lambda w, a: t.sext(a, w),
    'SUBPIECE': subpiece, 'PIECE': lambda w, a, b: t.cat(a, b),
    'INT_LEFT': shift('shl'), 'INT_RIGHT': shift('lshr'), 'INT_SRIGHT': shift('ashr'),
    'INT_EQUAL': condition(t.equal), 'INT_NOTEQUAL': condition(lambda a, b: t.not_(t.equal(a, b))),
    'INT_LESS': condition(t.ult), 'INT_LESSEQUAL': condition(not_less(t.ult)),
    'INT_SLESS': condition(t.slt), 'INT_SLESSEQUAL': condition(not_less(t.slt)),
    'INT_CARRY': condition(t.carry), 'INT_SCARRY': condition(t.scarry),
    'INT_SBORROW': condition(t.sborrow),
    'BOOL_AND': condition(lambda a, b: t.and_(bit(a), bit(b))), 'BOOL_OR': condition(lambda a, b: t.or_(bit(a), bit(b))),
    'BOOL_XOR': condition(lambda a, b: t.xor(bit(a), bit(b))), 'BOOL_NEGATE': lambda w, a: t.zext(t.not_(bit(a)), w),
    'POPCOUNT': lambda w, a: t.popcount(a, w), 'LZCOUNT': lambda w, a: t.leading_zeros(a, w),
    'FLOAT_ADD': unknown('fadd'), 'FLOAT_SUB': unknown('fsub'), 'FLOAT_MULT': unknown('fmul'),
    'FLOAT_DIV': unknown('fdiv'), 'FLOAT_SQRT': unknown('fsqrt'), 'FLOAT_INT2FLOAT': lambda w, a: t.integer_to_float(a, w),
    'FLOAT_FLOAT2FLOAT': lambda w, a: t.float_to_float(a, w), 'FLOAT_TRUNC': unknown('ftosi'), 'FLOAT_FLOOR': unknown('ffloor'),
    'FLOAT_CEIL': unknown('fceil'), 'FLOAT_ROUND': unknown('fround'),
    'FLOAT_ABS': absolute, 'FLOAT_NEG': negative, 'FLOAT_NAN': lambda w, a: t.zext(t.is_nan(a), w),
    'FLOAT_EQUAL': condition(t.float_equal), 'FLOAT_NOTEQUAL': condition(lambda a, b: t.not_(t.float_equal(a, b))),
    'FLOAT_LESS': condition(t.float_less),
    'FLOAT_LESSEQUAL': condition(lambda a, b: t.or_(t.float_less(a, b), t.float_equal(a, b))),
}
