"""Random signatures and the C of their two halves.

Signature N of a seed is always the same, whatever else is generated. Values are constants that
both halves know: the caller passes them, the callee checks each leaf, scribbles over its copies and
returns a value; the caller checks that and that its own arguments are unchanged.
"""
import random

# name, bits, kind: s signed, u unsigned, b bool, f float, p pointer
SCALARS = [
    ('signed char', 8, 's'), ('unsigned char', 8, 'u'), ('short', 16, 's'),
    ('unsigned short', 16, 'u'), ('int', 32, 's'), ('unsigned', 32, 'u'), ('long long', 64, 's'),
    ('unsigned long long', 64, 'u'), ('_Bool', 8, 'b'), ('char', 8, 's'), ('void *', 64, 'p'),
    ('float', 32, 'f'), ('double', 64, 'f'), ('long double', 128, 'f'), ('__int128', 128, 's'),
    ('unsigned __int128', 128, 'u')]
INTS = [s for s in SCALARS if s[2] in 'su']
FLOATS = [s for s in SCALARS if s[2] == 'f']
PROMOTED = [s for s in SCALARS if s[0] in ('int', 'unsigned', 'long long', 'unsigned long long', 'void *',
                                            'double', 'long double', '__int128')]
# Functions of System V's convention on Windows: not variadic, and with no more floats in registers than these.
SYSV = '__attribute__((sysv_abi)) '
SYSV_FLOATS = 5
NO_FLOATS = [s for s in SCALARS if s[2] != 'f']
# clang returns others in memory there, gcc as System V has it.
SYSV_RESULTS = [s for s in SCALARS if s[0] != 'long double']
# Kinds that Kiln does not lower yet: a signature that draws one is skipped and named.
NOT_YET = ['vector']


def pick_scalar(r, pool):
    """Types of 128 bits are drawn less often than the rest, double and int more often."""
    s = r.choice(pool)
    if s[1] == 128 and r.random() < 0.5:
        s = r.choice(pool)
    return s


class Scalar:
    def __init__(self, spec):
        self.c, self.bits, self.kind = spec
        self.size = self.align = self.bits // 8

    def decl(self, name):
        return '%s %s' % (self.c, name)

    def leaves(self, path):
        yield path, self.c, self.bits, self.kind

    def types(self):
        return []


class Array:
    def __init__(self, of, n):
        self.of, self.n = of, n
        self.size, self.align = of.size * n, of.align

    def decl(self, name):
        return self.of.decl('%s[%d]' % (name, self.n))

    def leaves(self, path):
        for i in range(self.n):
            yield from self.of.leaves('%s[%d]' % (path, i))

    def types(self):
        return self.of.types()


class Struct:
    """fields: (name, type, width of a bit-field or 0)."""

    def __init__(self, name, fields, over_align=0, union=False):
        self.name, self.fields, self.over_align, self.union = name, fields, over_align, union
        at, bit, align = 0, 0, max(1, over_align)
        for _, t, width in fields:
            align = max(align, t.align)
            if union:
                at = max(at, t.size)
            elif width:
                bits = t.size * 8
                pos = at * 8 + bit
                if pos % bits + width > bits:
                    pos = (pos + bits - 1) // bits * bits
                pos += width
                at, bit = pos // 8, pos % 8
            else:
                if bit:
                    at, bit = at + 1, 0
                at = (at + t.align - 1) // t.align * t.align + t.size
        if bit:
            at += 1
        self.size, self.align = (at + align - 1) // align * align, align

    def decl(self, name):
        return 'struct %s %s' % (self.name, name)

    def leaves(self, path):
        for name, t, width in self.fields:
            if width:
                yield '%s.%s' % (path, name), t.c, width, t.kind
            else:
                yield from t.leaves('%s.%s' % (path, name))
            if self.union:
                break  # a union holds its first member

    def types(self):
        out = []
        for _, t, _ in self.fields:
            out += t.types()
        inside = ' '.join('%s%s;' % (t.decl(n), ' : %d' % w if w else '') for n, t, w in self.fields)
        if self.union:
            inside = 'union { %s };' % inside
        attr = ' __attribute__((aligned(%d)))' % self.over_align if self.over_align else ''
        return out + ['struct %s { %s }%s;' % (self.name, inside, attr)]


def make_struct(r, name, scalars=SCALARS):
    while True:
        kind = r.choice(['ints', 'ints', 'floats', 'mixed', 'mixed', 'nested', 'array', 'aligned',
                         'bits', 'union', 'bytes'])
        pool = {'ints': INTS, 'floats': FLOATS}.get(kind, SCALARS) if scalars is SCALARS else scalars
        fields, over = [], 0
        if kind == 'bytes':
            fields = [('m', Array(Scalar(r.choice(INTS[:2])), r.randint(1, 40)), 0)]
        elif kind == 'bits':
            for i in range(r.randint(1, 6)):
                s = Scalar(r.choice([x for x in INTS if x[1] <= 64]))
                fields.append(('b%d' % i, s, r.choice([0, r.randint(1, s.bits)])))
        elif kind == 'union':
            fields = [('m%d' % i, Scalar(pick_scalar(r, scalars)), 0) for i in range(r.randint(2, 3))]
        else:
            for i in range(r.randint(1, 6)):
                t = Scalar(pick_scalar(r, pool))
                dice = r.random()
                if kind == 'array' and dice < 0.6:
                    t = Array(t, r.randint(1, 5))
                elif kind == 'nested' and dice < 0.5:
                    t = Struct('%s_%d' % (name, i), [('n%d' % k, Scalar(pick_scalar(r, scalars)), 0)
                                                     for k in range(r.randint(1, 3))])
                    if r.random() < 0.3:
                        t = Array(t, r.randint(1, 2))
                fields.append(('m%d' % i, t, 0))
            if kind == 'aligned':
                over = 16
        s = Struct(name, fields, over, kind == 'union')
        if 1 <= s.size <= 64:
            return s


def literal(r, c, bits, kind):
    if kind == 'f':
        return '(%s)%s' % (c, repr(r.choice([0.0, -1.0, 0.5, r.randint(-1 << 20, 1 << 20) / 16.0])))
    if kind == 'b':
        return '(_Bool)%d' % r.randint(0, 1)
    if kind == 'p':
        return '(void *)0x%xull' % r.getrandbits(64)
    v = r.choice([r.getrandbits(bits), r.getrandbits(bits), 1 << (bits - 1), (1 << bits) - 1,
                  (1 << (bits - 1)) - 1, 0, r.getrandbits(min(bits, 7))])
    if bits == 128:
        text = '((unsigned __int128)0x%xull << 64 | 0x%xull)' % (v >> 64, v & (1 << 64) - 1)
    elif kind == 's' and v >> (bits - 1):
        text = '(-%dll - 1)' % ((1 << bits) - 1 - v)
    else:
        text = '%dull' % v
    return '(%s)%s' % (c, text)


class Signature:
    def __init__(self, seed, n, sysv=False):
        r = random.Random(seed * 1000003 + n)
        self.n = n
        self.attribute, self.floats = (SYSV, SYSV_FLOATS) if sysv else ('', None)
        self.not_yet = r.choice(NOT_YET) if r.random() < 0.02 else None
        self.calls = r.random() < 0.5        # callee calls something before it reads
        self.indirect = r.random() < 0.3     # called by pointer
        count = r.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20])
        self.variadic = not sysv and count > 0 and r.random() < 0.3
        self.fixed = r.randint(1, count) if self.variadic else count
        weights = r.choice([(8, 2), (4, 4), (1, 1), (1, 6), (0, 1)])
        self.params = [self.type(r, i, i >= self.fixed, weights) for i in range(count)]
        self.result = None if r.random() < 0.1 else self.type(r, 'r', False, (1, 1))
        self.values = [self.fill(r, p) for p in self.params]
        self.result_values = self.fill(r, self.result) if self.result else []
        self.through_volatile = [r.random() < 0.3 for _ in self.params]

    def type(self, r, i, promoted, weights):
        scalars = SCALARS
        if self.floats is not None:
            scalars = SYSV_RESULTS if i == 'r' else SCALARS if self.floats > 1 else NO_FLOATS
        scalar = r.random() * (weights[0] + weights[1]) < weights[0]
        if scalar:
            t = Scalar(pick_scalar(r, PROMOTED if promoted else scalars))
        else:
            t = make_struct(r, 's%d_%s' % (self.n, i), scalars)
        if self.floats is not None and t.size <= 16:
            self.floats -= min(2, sum(kind == 'f' for _, _, _, kind in t.leaves('')))
        return t

    @staticmethod
    def fill(r, t):
        return [(path, literal(r, c, bits, kind)) for path, c, bits, kind in t.leaves('')]

    # ---- text ----

    def describe(self):
        out = [p.decl('').strip() for p in self.params]
        if self.variadic:
            out.insert(self.fixed, '...')
        return '%s f%d(%s)' % (self.result.decl('').strip() if self.result else 'void', self.n,
                               ', '.join(out) or 'void')

    def types(self):
        out = []
        for t in self.params + ([self.result] if self.result else []):
            out += t.types()
        return '\n'.join(out)

    def prototype(self, name, names=False):
        ps = [p.decl('a%d' % i if names else '') for i, p in enumerate(self.params[:self.fixed])]
        if self.variadic:
            ps.append('...')
        head = self.result.decl(name) if self.result else 'void ' + name
        return '%s%s(%s)' % (self.attribute, head, ', '.join(ps) or 'void')

    def assign(self, name, values):
        return ' '.join('%s%s = %s;' % (name, path, v) for path, v in values)

    def check(self, name, values, where):
        return ' '.join('if (%s%s != %s) bad(%d, %s);' % (name, path, v, self.n, where)
                        for path, v in values)

    def caller(self):
        n = self.n
        out = [self.types(), 'extern %s;' % self.prototype('f%d_t' % n)]
        if self.indirect:
            # typeof, so that the pointer's declaration needs no declarator syntax
            out.append('static __typeof__(&f%d_t) volatile p%d = f%d_t;' % (n, n, n))
        body, args = [], []
        for i, p in enumerate(self.params):
            if isinstance(p, Scalar) and self.through_volatile[i]:
                body.append('  static %s = %s; %s = v%d;' % (p.decl('volatile v%d' % i)
                            if p.kind != 'p' else 'void *volatile v%d' % i, self.values[i][0][1],
                            p.decl('a%d' % i), i))
            else:
                body.append('  %s; %s' % (p.decl('a%d' % i), self.assign('a%d' % i, self.values[i])))
            args.append('a%d' % i)
        call = '%s(%s)' % ('p%d' % n if self.indirect else 'f%d_t' % n, ', '.join(args))
        if self.result:
            body.append('  %s = %s;' % (self.result.decl('r'), call))
            body.append('  ' + self.check('r', self.result_values, 100))
        else:
            body.append('  %s;' % call)
        for i in range(len(self.params)):
            body.append('  ' + self.check('a%d' % i, self.values[i], 200 + i))
        return '\n'.join(out + ['void c%d(void) {' % n] + body + ['}', ''])

    def callee(self, wrong=False):
        n = self.n
        out = [self.types()]
        body = []
        if wrong:  # to test the checks: not the number that the caller expects
            body.append('  bad(%d, 0);' % n)
        if self.calls:
            body.append('  clobber();')
        if self.variadic:
            body.append('  __builtin_va_list ap; __builtin_va_start(ap, a%d);' % (self.fixed - 1))
        for i, p in enumerate(self.params):
            if i >= self.fixed:
                body.append('  %s = __builtin_va_arg(ap, %s);' % (p.decl('a%d' % i),
                                                                 p.decl('').strip()))
        if self.variadic:
            body.append('  __builtin_va_end(ap);')
        for i, p in enumerate(self.params):
            body.append('  ' + self.check('a%d' % i, self.values[i], i + 1))
        for i, p in enumerate(self.params):
            if isinstance(p, Struct):
                body.append('  scribble(&a%d, sizeof a%d);' % (i, i))
        if self.result:
            body.append('  %s; %s return r;' % (self.result.decl('r'),
                                                self.assign('r', self.result_values)))
        return '\n'.join(out + ['%s {' % self.prototype('f%d' % n, True)] + body + ['}', ''])


def head(attribute=''):
    return 'void bad(int, int); %svoid clobber(void); void scribble(void *, unsigned long long);\n' % attribute


def caller_file(signatures):
    return head(signatures[0].attribute) + '\n'.join(s.caller() for s in signatures)


def callee_file(signatures, wrong=False):
    return head(signatures[0].attribute) + '\n'.join(s.callee(wrong) for s in signatures)


def runner_file(signatures):
    rows = ', '.join('{%d, c%d}' % (s.n, s.n) for s in signatures)
    decls = '\n'.join('void c%d(void);' % s.n for s in signatures)
    return decls + '\nstruct test { int n; void (*call)(void); };\n' \
        'const struct test tests[] = {%s};\nconst int n_tests = %d;\n' % (rows, len(signatures))


def stubs_file(signatures, elf=True):
    return '.include "stub.inc"\n' + '\n'.join('stub f%d' % s.n for s in signatures) + \
        ('\n.section .note.GNU-stack,"",@progbits\n' if elf else '\n')
