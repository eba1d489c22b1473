"""Operations that targets may leave to functions of the C library or of the compiler's: which they call, in order, with
which operands, and what they make of the results. The functions' own results are any values."""
import abi
import meaning
import terms as t
from tables import WIDTH

# Of floats, by type of the result.
SUFFIX = {'f32': 'f', 'f64': '', 'f80': 'l', 'f128': 'l'}
MATH = {'frem': 'fmod', 'ffloor': 'floor', 'fceil': 'ceil', 'ftrunc': 'trunc', 'fround': 'round', 'froundeven': 'roundeven',
        'frint': 'rint', 'fnearbyint': 'nearbyint', 'fma': 'fma', 'fmin': 'fmin', 'fmax': 'fmax', 'fminimum': 'fminimum',
        'fmaximum': 'fmaximum'}
I128 = {'udiv': '__udivti3', 'sdiv': '__divti3', 'urem': '__umodti3', 'srem': '__modti3'}
QUAD = {'fadd': '__addtf3', 'fsub': '__subtf3', 'fmul': '__multf3', 'fdiv': '__divtf3', 'fsqrt': 'sqrtl'}
# libgcc, Routines for floating point emulation: the letters of types in names.
LETTERS = {'f32': 'sf', 'f64': 'df', 'f80': 'xf', 'f128': 'tf', 'i32': 'si', 'i64': 'di', 'i128': 'ti'}
# The condition of a comparison of f128: the function, and which comparison of its result, an i32, with 0 says so.
COMPARISONS = {'oeq': ('__eqtf2', 'eq'), 'une': ('__netf2', 'ne'), 'olt': ('__lttf2', 'slt'), 'uge': ('__lttf2', 'sge'),
               'ole': ('__letf2', 'sle'), 'ugt': ('__letf2', 'sgt'), 'ogt': ('__gttf2', 'sgt'), 'ule': ('__gttf2', 'sle'),
               'oge': ('__getf2', 'sge'), 'ult': ('__getf2', 'slt'), 'ord': ('__unordtf2', 'eq'), 'uno': ('__unordtf2', 'ne')}


class Signature:
    def __init__(self, params, results=()):
        self.params, self.results, self.variadic, self.flags, self.byval = params, list(results), False, set(), {}


def at_least_32(type_):
    return 'i32' if type_ in ('i8', 'i16') else type_


def plain(inst):
    """Name and types, of operands and of the result, of the function that an operation is a call of; or None."""
    op, type_, source = inst.op, inst.type, inst.fields.get('t')
    if op in ('memcpy', 'memmove', 'memset'):
        return op, ['i64', 'i8' if op == 'memset' else 'i64', 'i64'], None
    n = sum(inst.fields.get(k) is not None for k in 'abc')
    name = I128.get(op) if type_ == 'i128' else QUAD.get(op) if type_ == 'f128' else None
    if name is None and op in MATH and type_ in SUFFIX:
        name = MATH[op] + SUFFIX[type_]
    if name:
        return name, [type_] * n, type_
    if op in ('fpromote', 'fdemote') and type_ in LETTERS and source in LETTERS:
        return '__%s%s%s2' % ('extend' if op == 'fpromote' else 'trunc', LETTERS[source], LETTERS[type_]), [source], type_
    if op in ('sitof', 'uitof') and type_ in LETTERS:
        wide = at_least_32(source)
        return '__float%s%s%s' % ('un' if op == 'uitof' else '', LETTERS[wide], LETTERS[type_]), [wide], type_
    if op in ('ftosi', 'ftoui', 'ftosis', 'ftouis') and source in LETTERS:
        wide = at_least_32(type_)
        return '__fix%s%s%s' % ('uns' if op[3] == 'u' else '', LETTERS[source], LETTERS[wide]), [source], wide
    return None


def first(inst):
    """The function that an operation may begin with."""
    if inst.op == 'fcmp' and inst.type == 'f128':
        return COMPARISONS.get(inst.fields['k'], ('__unordtf2',))[0]
    if inst.op == 'fmuladd' and inst.type == 'f128':
        return '__multf3'
    found = plain(inst)
    return found and found[0]


class Caller:
    """Calls of an operation, one after the other."""

    def __init__(self, proof, env, inst, given, path):
        self.proof, self.env, self.inst, self.given, self.path, self.unwound = proof, env, inst, given, path, False

    def ask(self, name, operands, types, result):
        """The result of a call of a function, with operands of types."""
        p = self.proof
        signature = Signature([(type_, set()) for type_ in types], [result] if result else [])
        c = p.next_call(self.env, self.path, name)
        if c.target is not t.var('@' + name, 64):
            raise p.failed('another function than ' + name)
        sp = p.stack_at(self.env, c.state)
        self.unwound |= c.unwound  # such calls do not (docs/ir.md)
        places, _, _ = abi.arguments(p.p, signature, signature.params)
        goals = [('operand %d' % k, t.equal(x, p.passed(c.state, place, WIDTH[place.type], sp)))
                 for k, (x, place) in enumerate(zip(operands, places))]
        p.at_call(self.env, self.given, c, goals)
        if result is None:
            return None
        place = abi.results(p.p, signature)[0]
        return t.extract(t.cat(*[c.result(r) for r in reversed(place.registers)]), WIDTH[result] - 1, 0)

    def run(self):
        inst = self.inst
        if inst.op == 'fcmp':
            return t.zext(self.compare(), 8)
        if inst.op == 'fmuladd':
            a, b, c = (self.operand(k, 'f128') for k in 'abc')
            return self.ask('__addtf3', [self.ask('__multf3', [a, b], ['f128'] * 2, 'f128'), c], ['f128'] * 2, 'f128')
        name, types, result = plain(inst)
        operands = [self.operand(k, inst.fields.get('t', type_)) for k, type_ in zip('abc', types)]
        extend = t.sext if inst.op == 'sitof' else t.zext
        x = self.ask(name, [extend(x, WIDTH[type_]) if inst.op[1:] == 'itof' else x for x, type_ in zip(operands, types)],
                     types, result)
        if inst.op in ('ftosis', 'ftouis'):
            return meaning.saturating_of(t.float_to_float(operands[0], 80), x, inst.op == 'ftosis')
        return x if x is None or inst.op[:4] not in ('ftos', 'ftou') else t.extract(x, WIDTH[inst.type] - 1, 0)

    def operand(self, letter, type_):
        return self.proof.operand(self.env, self.inst.fields[letter], type_)

    def compare(self):
        operands, k = [self.operand(letter, 'f128') for letter in 'ab'], self.inst.fields['k']
        none = t.const(0, 32)
        if k in COMPARISONS:
            name, condition = COMPARISONS[k]
            return meaning.CONDITION[condition](self.ask(name, operands, ['f128'] * 2, 'i32'), none)
        unordered, other = (t.not_(t.equal(self.ask(name, operands, ['f128'] * 2, 'i32'), none)) for name in ('__unordtf2', '__eqtf2'))
        return t.or_(unordered, t.not_(other)) if k == 'ueq' else t.and_(t.not_(unordered), other)


def call(proof, env, inst, given, path):
    """An operation that became calls; the conditions afterwards, None if it unwinds, which it does not."""
    c = Caller(proof, env, inst, given, path)
    value = c.run()
    if inst.result is not None:
        env.values[inst.result] = value
    return None if c.unwound else given
