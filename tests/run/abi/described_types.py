"""Random C signatures, as C and as the text that described.c builds them from.

Richer in types than signatures.py: attributes, flexible arrays, complex, bit-fields without a name, empty
structs. Signature N of a seed is always the same. Values are bit patterns, so that they are the same for both halves.
"""
import math
import random
import struct

# letter (tests/harness/ctype_text.h), C, bits, kind: s signed, u unsigned, b bool, f float, p pointer
SCALARS = [
    ('b', '_Bool', 8, 'b'), ('c', 'char', 8, 'c'), ('C', 'unsigned char', 8, 'u'),
    ('s', 'short', 16, 's'), ('S', 'unsigned short', 16, 'u'), ('i', 'int', 32, 's'),
    ('I', 'unsigned', 32, 'u'), ('l', 'long', 64, 's'), ('L', 'unsigned long', 64, 'u'),
    ('q', 'long long', 64, 's'), ('Q', 'unsigned long long', 64, 'u'),
    ('o', '__int128', 128, 's'), ('O', 'unsigned __int128', 128, 'u'),
    ('f', 'float', 32, 'f'), ('d', 'double', 64, 'f'), ('p', 'void *', 64, 'p')]
LONG = ('e', 'long double', 80, 'f')  # x86-64: AArch64's has 128 bits, which Kiln does not lower yet
BY_LETTER = {s[0]: s for s in SCALARS}
FLOATS = [BY_LETTER[k] for k in 'fd']
INTS = [s for s in SCALARS if s[3] in 'suc' and s[2] <= 64]
COMPLEX = [('F', 'float _Complex', 32), ('D', 'double _Complex', 64)]
LONG_COMPLEX = ('E', 'long double _Complex', 80)
PROMOTED = dict.fromkeys('bcCsS', 'i')
PROMOTED['f'] = 'd'


def float_bits(bits, v):
    if bits == 80:  # sign and exponent, then 64 bits with the leading one
        m, e = math.frexp(abs(v))
        return (v < 0) << 79 | (e + 16382) << 64 | int(m * 2**64)
    return struct.unpack('<I' if bits == 32 else '<Q', struct.pack('<f' if bits == 32 else '<d', v))[0]


def float_value(bits, v):
    if bits == 80:
        return math.ldexp(v & 2**64 - 1, (v >> 64 & 0x7fff) - 16383 - 63) * (-1 if v >> 79 else 1)
    return struct.unpack('<f' if bits == 32 else '<d', v.to_bytes(bits // 8, 'little'))[0]


class Leaf:
    """A scalar somewhere: `path` after a variable's name in C."""
    signed_char = True

    def __init__(self, path, c, bits, kind, width=None, part=''):
        self.path, self.c, self.bits, self.kind, self.width, self.part = path, c, bits, kind, width, part

    def random(self, r):
        n = self.width or self.bits
        if self.kind == 'f':
            return float_bits(n, r.choice([1.0, -1.0, 0.5, r.randint(-1 << 20, 1 << 20) / 16.0]))
        if self.kind == 'b':
            return r.randint(0, 1)
        return r.choice([r.getrandbits(n), r.getrandbits(n), 1 << (n - 1), (1 << n) - 1, 0,
                         r.getrandbits(min(n, 7))])

    def literal(self, v):
        if self.kind == 'f':
            return '(%s)%s' % (self.c, repr(float_value(self.bits, v)))
        n = self.width or self.bits
        signed = self.kind == 's' or self.kind == 'c' and self.signed_char
        if signed and v >> (n - 1):  # so that a bit-field compares equal
            v -= 1 << n
        text = '((unsigned __int128)0x%xul << 64 | 0x%xul)' % (v >> 64 & 2**64 - 1, v & 2**64 - 1)
        return '(%s)%s' % (self.c, text)

    def place(self, name):
        return '%s%s%s' % (self.part, name, self.path)

    @staticmethod
    def hex(bits, v):
        return '%x:%x' % (v & 2**64 - 1, v >> 64) if bits > 64 else '%x' % v


class Scalar:
    def __init__(self, spec):
        self.letter, self.c, self.bits, self.kind = spec
        self.size = 16 if self.bits == 80 else self.bits // 8
        self.text = self.letter

    def decl(self, name):
        return '%s %s' % (self.c, name)

    def leaves(self, path):
        yield Leaf(path, self.c, self.bits, self.kind)

    def types(self):
        return []


class Complex(Scalar):
    def __init__(self, spec):
        self.letter, self.c, self.bits = spec
        self.size = 32 if self.bits == 80 else self.bits // 4
        self.text = self.letter

    def leaves(self, path):
        of = self.c[:-len(' _Complex')]
        for part in ('__real__ ', '__imag__ '):
            yield Leaf(path, of, self.bits, 'f', part=part)


class Aligned:
    """A typedef with another alignment."""

    def __init__(self, name, of, align):
        self.name, self.of, self.align = name, of, align
        self.text = '^%d,%s' % (align, of.text)
        self.size = of.size

    def decl(self, name):
        return '%s %s' % (self.name, name)

    def leaves(self, path):
        return self.of.leaves(path)

    def types(self):
        return self.of.types() + ['typedef %s __attribute__((aligned(%d)));'
                                  % (self.of.decl(self.name), self.align)]


class Array:
    def __init__(self, of, n):
        self.of, self.n = of, n
        self.text = ('%d' % n if n is not None else '*') + of.text
        self.size = of.size * (n or 0)

    def decl(self, name):
        return self.of.decl('%s[%s]' % (name, '' if self.n is None else self.n))

    def leaves(self, path):
        for i in range(self.n or 0):
            yield from self.of.leaves('%s[%d]' % (path, i))

    def types(self):
        return self.of.types()


class Field:
    def __init__(self, name, t, bits=None, align=0, packed=False):
        self.name, self.type, self.bits, self.align, self.packed = name, t, bits, align, packed

    def c(self):
        text = self.type.decl(self.name)
        if self.bits is not None:
            text += ' : %d' % self.bits
        if self.packed:
            text += ' __attribute__((packed))'
        if self.align:
            text += ' __attribute__((aligned(%d)))' % self.align
        return text + ';'

    def text(self):
        return '%s%s%s%s%s' % ('_' if not self.name else '', '!' if self.packed else '',
                               '@%d,' % self.align if self.align else '',
                               ':%d' % self.bits if self.bits is not None else '', self.type.text)


class Record:
    def __init__(self, name, union, fields, packed=False, align=0, pack=0):
        self.name, self.union, self.fields = name, union, fields
        self.packed, self.align, self.pack = packed, align, pack
        inside = ''.join(f.text() for f in fields)
        self.text = ('[%s]' if union else '{%s}') % inside
        attrs = '%s%s%s' % ('!' if packed else '', '@%d,' % align if align else '',
                            '#%d,' % pack if pack else '')
        self.text += '<%s>' % attrs if attrs else ''
        self.size = sum(f.type.size for f in fields)  # about

    def decl(self, name):
        return '%s %s %s' % ('union' if self.union else 'struct', self.name, name)

    def leaves(self, path):
        for f in self.fields[:1] if self.union else self.fields:
            if f.bits is not None:
                if f.name:
                    yield Leaf('%s.%s' % (path, f.name), f.type.c, f.type.bits, f.type.kind, f.bits)
            else:
                yield from f.type.leaves('%s.%s' % (path, f.name))

    def types(self):
        out = [t for f in self.fields for t in f.type.types()]
        attrs = []
        if self.packed:
            attrs.append('packed')
        if self.align:
            attrs.append('aligned(%d)' % self.align)
        text = '%s%s { %s }%s;' % ('union ' if self.union else 'struct ', self.name,
                                   ' '.join(f.c() for f in self.fields),
                                   ' __attribute__((%s))' % ', '.join(attrs) if attrs else '')
        if self.pack:
            text = '#pragma pack(push, %d)\n%s\n#pragma pack(pop)' % (self.pack, text)
        return out + [text]


# ---- at random ----

def pick_scalar(r, pool):
    s = r.choice(pool)
    if s[2] == 128 and r.random() < 0.6:
        s = r.choice(pool)
    return Scalar(s)


def make_member(r, name, pool, depth):
    dice = r.random()
    if dice < 0.72 or depth >= 2:
        t = pick_scalar(r, pool)
        if LONG in pool and dice < 0.03:
            t = Complex(LONG_COMPLEX) if dice < 0.005 else Scalar(LONG)
        elif dice < 0.06:
            t = Complex(r.choice(COMPLEX))
        elif dice < 0.09:
            t = Aligned('t' + name, t, r.choice([1, 2, 4, 8, 16]))
    else:
        t = make_record(r, name, pool, depth + 1)
    return Array(t, r.randint(1, 4)) if r.random() < 0.2 and not isinstance(t, Aligned) else t


def make_bits(r, name):
    s = Scalar(r.choice(INTS + [BY_LETTER['b']]))
    most = 1 if s.kind == 'b' else s.bits
    if r.random() < 0.1:
        return Field('', s, r.choice([0, r.randint(1, most)]))
    return Field(name, s, r.randint(1, most))


def make_record(r, name, pool, depth=0):
    long = [LONG] * (LONG in pool)
    pool = r.choice([pool, pool, FLOATS + long, [s for s in SCALARS if s[3] in 'suc']])
    union = r.random() < 0.15
    n = r.choice([1, 1, 2, 2, 3, 3, 4, 5, 6]) if not union else r.randint(1, 3)
    if r.random() < 0.02:
        n = 0
    bits = r.random() < 0.25 and not union
    packed = r.random() < 0.08
    fields = []
    for k in range(n):
        if bits and r.random() < 0.6:
            fields.append(make_bits(r, 'm%d' % k))
            continue
        f = Field('m%d' % k, make_member(r, '%s_%d' % (name, k), pool, depth))
        if r.random() < 0.04:
            f.align = r.choice([2, 4, 8, 16])
        f.packed = r.random() < 0.03
        fields.append(f)
    if any(f.name for f in fields) and not union and depth == 0 and r.random() < 0.015:
        fields.append(Field('m%d' % n, Array(pick_scalar(r, pool), None)))
    align = r.choice([2, 4, 8, 16]) if r.random() < 0.06 else 0
    pack = r.choice([1, 2, 4]) if r.random() < 0.04 and not packed else 0
    return Record(name, union, fields, packed, align, pack)


def promoted(t):
    letter = PROMOTED.get(getattr(t, 'letter', None))
    return Scalar(BY_LETTER[letter]) if letter else t


def promote_value(t, v):
    if t.letter == 'f':
        return float_bits(64, float_value(32, v))
    if t.kind == 's' and v >> (t.bits - 1):
        return v - (1 << t.bits) & 0xffffffff
    return v


class Signature:
    def __init__(self, seed, n, target):
        r = random.Random(seed * 1000003 + n)
        self.n = n
        self.calls = r.random() < 0.5
        self.indirect = r.random() < 0.3
        count = r.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14])
        variadic = count > 0 and r.random() < 0.35
        self.fixed = r.randint(1, count) if variadic else count
        weight = r.choice([0.2, 0.5, 0.8])
        self.args = [self.type(r, 'a%d' % i, weight, target) for i in range(count)]
        self.result = None if r.random() < 0.1 else self.type(r, 'r', 0.3, target)
        self.values = [[leaf.random(r) for leaf in t.leaves('')] for t in self.args]
        self.signed_char = Leaf.signed_char = target != 'aarch64'
        if self.result:
            self.result_values = [leaf.random(r) for leaf in self.result.leaves('')]

    def type(self, r, i, scalars, target):
        long = [LONG] if target == 'x86_64' else []
        while True:
            if r.random() < scalars:
                t = pick_scalar(r, SCALARS + long)
                return Complex(r.choice(COMPLEX + [LONG_COMPLEX] * len(long))) if r.random() < 0.05 else t
            t = make_record(r, 's%d_%s' % (self.n, i), SCALARS + long)
            if t.size <= 120:
                return t

    # ---- for described.c ----

    def text(self, wrong=False):
        """`wrong`: with the lowest bit of every argument's values inverted."""
        def hexes(t, values):
            return ' '.join(Leaf.hex(f.bits, v) for f, v in zip(t.leaves(''), values))
        out = ['sig %d %s %d %d %d %d' % (self.n, self.result.text if self.result else 'v', self.fixed,
                                         len(self.args), self.calls, self.indirect)]
        for i, (t, values) in enumerate(zip(self.args, self.values)):
            values = [v ^ wrong for v in values]
            p = promoted(t) if i >= self.fixed else t
            line = 'arg %s %s %s' % (t.text, p.text, hexes(t, values))
            if p is not t:
                line += ' | %x' % self.promote(t, values[0])
            out.append(line)
        out.append('result ' + (hexes(self.result, self.result_values) if self.result else ''))
        return '\n'.join(out) + '\n'

    def promote(self, t, v):
        if t.letter == 'c' and self.signed_char and v >> 7:
            return v - 256 & 0xffffffff
        return promote_value(t, v)

    # ---- C ----

    def describe(self):
        out = [t.decl('').strip() + ' ' + t.text for t in self.args]
        if self.fixed < len(self.args):
            out.insert(self.fixed, '...')
        head = self.result.decl('').strip() + ' ' + self.result.text if self.result else 'void'
        return '%s f%d(%s)' % (head, self.n, ', '.join(out) or 'void')

    def types(self):
        return '\n'.join(x for t in self.args + ([self.result] if self.result else [])
                         for x in t.types())

    def prototype(self, name, names=False):
        ps = [t.decl('a%d' % i if names else '') for i, t in enumerate(self.args[:self.fixed])]
        if self.fixed < len(self.args):
            ps.append('...')
        head = self.result.decl(name) if self.result else 'void ' + name
        return '%s(%s)' % (head, ', '.join(ps) or 'void')

    @staticmethod
    def assign(t, name, values):
        return ' '.join('%s = %s;' % (f.place(name), f.literal(v))
                        for f, v in zip(t.leaves(''), values))

    def check(self, t, name, values, where):
        return ' '.join('if (%s != %s) bad(%d, %s);' % (f.place(name), f.literal(v), self.n, where)
                        for f, v in zip(t.leaves(''), values))

    def caller(self):
        n = self.n
        out = [self.types(), 'extern %s;' % self.prototype('f%d_t' % n)]
        if self.indirect:
            out.append('static __typeof__(&f%d_t) volatile p%d = f%d_t;' % (n, n, n))
        body = []
        for i, (t, values) in enumerate(zip(self.args, self.values)):
            body.append('  %s; %s' % (t.decl('a%d' % i), self.assign(t, 'a%d' % i, values)))
        call = '%s(%s)' % ('p%d' % n if self.indirect else 'f%d_t' % n,
                           ', '.join('a%d' % i for i in range(len(self.args))))
        if self.result:
            body.append('  %s = %s;' % (self.result.decl('r'), call))
            body.append('  ' + self.check(self.result, 'r', self.result_values, 100))
        else:
            body.append('  %s;' % call)
        for i, (t, values) in enumerate(zip(self.args, self.values)):
            body.append('  ' + self.check(t, 'a%d' % i, values, 200 + i))
        return '\n'.join(out + ['void c%d(void) {' % n] + body + ['}', ''])

    def callee(self):
        n = self.n
        body = ['  clobber();'] if self.calls else []
        variadic = self.fixed < len(self.args)
        if variadic:
            body.append('  __builtin_va_list ap; __builtin_va_start(ap, a%d);' % (self.fixed - 1))
        for i, t in enumerate(self.args):
            if i >= self.fixed:
                body.append('  %s = __builtin_va_arg(ap, %s);'
                            % (t.decl('a%d' % i), promoted(t).decl('').strip()))
        if variadic:
            body.append('  __builtin_va_end(ap);')
        for i, (t, values) in enumerate(zip(self.args, self.values)):
            body.append('  ' + self.check(t, 'a%d' % i, values, i + 1))
        for i, t in enumerate(self.args):
            if not isinstance(t, Scalar):
                body.append('  scribble(&a%d, sizeof a%d);' % (i, i))
        if self.result:
            body.append('  %s; %s return r;' % (self.result.decl('r'), self.assign(
                self.result, 'r', self.result_values)))
        return '\n'.join([self.types(), '%s {' % self.prototype('f%d' % n, True)] + body + ['}', ''])
