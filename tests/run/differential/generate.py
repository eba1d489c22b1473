"""Random C programs without undefined behaviour, from a seed.

Integers only overflow where C defines it (signed arithmetic goes through unsigned), divisors and
shift counts are made safe, indices are masked, loops are bounded by constants and by fuel, floats
become integers only in range. Each program is a set of functions and data with a prefix of its own
and `static unsigned long P_run(void)`, whose result is its checksum.

Every statement and expression has a number: those in `drop` are generated but not printed, or replaced by a constant,
so that a failing program can be reduced without changing the rest.
"""
import random

# name: (C, bits, signed)
INTS = {'i8': ('signed char', 8, 1), 'u8': ('unsigned char', 8, 0), 'i16': ('short', 16, 1),
        'u16': ('unsigned short', 16, 0), 'i32': ('int', 32, 1), 'u32': ('unsigned', 32, 0),
        'i64': ('long', 64, 1), 'u64': ('unsigned long', 64, 0),
        'u128': ('unsigned __int128', 128, 0), 'i128': ('__int128', 128, 1),
        'i7': ('_BitInt(7)', 7, 1), 'u7': ('unsigned _BitInt(7)', 7, 0),
        'i24': ('_BitInt(24)', 24, 1), 'u24': ('unsigned _BitInt(24)', 24, 0),
        'i33': ('_BitInt(33)', 33, 1), 'u33': ('unsigned _BitInt(33)', 33, 0),
        'i100': ('_BitInt(100)', 100, 1), 'u100': ('unsigned _BitInt(100)', 100, 0)}
FLOATS = {'f32': ('float', 32, 1), 'f64': ('double', 64, 1)}
ALL = {**INTS, **FLOATS}
COMMON = ['i32', 'i32', 'i32', 'u32', 'i64', 'u64', 'i8', 'u8', 'i16', 'u16', 'f64', 'f32', 'u128',
          'i128']
COMPARISONS = ['<', '<=', '>', '>=', '==', '!=']
BUILTINS = ['popcountll((unsigned long){a})', 'bswap64((unsigned long){a})', 'bswap32((unsigned){a})',
            'ctzll((unsigned long){a} | 256)', 'clzll((unsigned long){a} | 64)', 'ffs((int){a})',
            'parity((unsigned){a})', 'rotateleft64((unsigned long){a}, (unsigned long){b})',
            'rotateright32((unsigned){a}, (unsigned){b})', 'bitreverse32((unsigned){a})']
ODD = [t for t in INTS if 'Bit' in INTS[t][0]]

PRELUDE = '''#include <stdio.h>
#include <string.h>
static unsigned long mix(unsigned long h, unsigned long v) {
  return (h ^ v) * 1099511628211ul + (h >> 29);
}
static unsigned long fbits(double d) {
  unsigned long u;
  if (d != d) return 1;
  memcpy(&u, &d, 8);
  return u;
}
'''


class Program:
    def __init__(self, seed, drop=frozenset()):
        self.r = random.Random(seed)
        self.p = 'p%d' % seed
        self.drop = drop
        self.ids = 0
        self.out = []
        self.vars = []       # per scope: lists of (name, type)
        self.arrays = []     # (name, element type, size)
        self.structs = []    # (tag, [(field, type, width)])
        self.records = []    # (expression, tag)
        self.pointers = []   # (name, type): always valid
        self.funcs = []      # (name, result, params)
        self.labels = 0
        self.readonly = set()

    # ---- helpers ----

    def dropped(self):
        self.ids += 1
        return self.ids in self.drop

    def chance(self, p):
        return self.r.random() < p

    def type(self, floats=True):
        while True:
            t = self.r.choice(COMMON if self.r.random() < 0.96 else ODD)
            if floats or t not in FLOATS:
                return t

    def visible(self, t=None):
        return [(n, k) for scope in self.vars for n, k in scope if t is None or k == t]

    def const(self, t):
        r = self.r
        if t in FLOATS:
            return '(%s)%r' % (ALL[t][0], r.choice([0.0, 1.0, -1.0, 0.5, r.randint(-99, 99) / 4.0,
                                                    r.uniform(-1e6, 1e6)]))
        bits = ALL[t][1]
        v = r.choice([r.getrandbits(bits), r.getrandbits(bits), 0, 1, 2, 3, 7, 10, 16, 255,
                      1 << (bits - 1), (1 << bits) - 1, (1 << (bits - 1)) - 1, r.getrandbits(5),
                      r.getrandbits(12)])
        v &= (1 << bits) - 1
        if bits > 64:
            return '((%s)((unsigned __int128)0x%xul << 64 | 0x%xul))' % (
                ALL[t][0], v >> 64, v & ~(-1 << 64))
        return '((%s)0x%x%s)' % (ALL[t][0], v, 'ul' if bits > 32 else 'u')

    # ---- expressions ----

    def leaf(self, t):
        r = self.r
        kind = r.random()
        if kind < 0.55:
            vs = self.visible(t) or self.visible()
            if vs:
                n, k = r.choice(vs)
                return self.convert(n, k, t)
        if kind < 0.7 and self.arrays:
            return self.convert(*self.element(), t)
        if kind < 0.8 and self.records:
            return self.convert(*self.field(), t)
        if kind < 0.87 and self.pointers:
            n, k = r.choice(self.pointers)
            return self.convert('(*%s)' % n, k, t)
        return self.const(t)

    def element(self, depth=1):
        n, k, size = self.r.choice(self.arrays)
        index = self.expr(self.r.choice(['i32', 'u32', 'u8', 'i64', 'i16']), depth)
        return '%s[%s & %d]' % (n, index, size - 1), k

    def field(self):
        e, tag = self.r.choice(self.records)
        f, k, _ = self.r.choice(dict(self.structs)[tag])
        return '%s.%s' % (e, f), k

    def convert(self, e, f, t):
        if f == t:
            return e
        if f in FLOATS and t in INTS:
            lim = '1e%d' % (INTS[t][1] * 0.3 - 0.5)
            low = '-%s' % lim if INTS[t][2] else '-0.5'
            c = ALL[f][0]
            return '({ %s v_ = %s; v_ > (%s)%s && v_ < (%s)%s ? (%s)v_ : (%s)9; })' % (
                c, e, c, low, c, lim, ALL[t][0], ALL[t][0])
        return '(%s)(%s)' % (ALL[t][0], e)

    def expr(self, t, depth):
        gone = self.dropped()
        e = self.expr_inner(t, depth)
        return '((%s)1)' % ALL[t][0] if gone else e

    def expr_inner(self, t, depth):
        r = self.r
        if depth <= 0 or self.chance(0.15):
            return self.leaf(t)
        c = ALL[t][0]
        kind = r.random()
        if kind < 0.1:
            return self.convert('(%s)' % self.expr(f := self.type(), depth - 1), f, t)
        if kind < 0.16:
            return '(%s ? %s : %s)' % (self.cond(depth - 1), self.expr(t, depth - 1),
                                       self.expr(t, depth - 1))
        if kind < 0.22 and self.funcs:
            call = self.call(depth - 1)
            if call:
                return self.convert(*call, t)
        if t in FLOATS:
            if kind < 0.3:
                return '(-%s)' % self.expr(t, depth - 1)
            if kind < 0.34:
                return '__builtin_fabs%s(%s)' % ('f' if t == 'f32' else '', self.expr(t, depth - 1))
            return '(%s %s %s)' % (self.expr(t, depth - 1), r.choice('+-*/+-*'),
                                   self.expr(t, depth - 1))
        bits, signed = INTS[t][1:]
        u = 'u%d' % bits
        uc = INTS[u][0]
        if kind < 0.28:
            return '(%s)%s' % (c, self.cond(depth - 1))
        if kind < 0.36:
            return '(%s)(%s(%s)%s)' % (c, r.choice(['~', '-', '!']) , uc, self.expr(t, depth - 1))
        a, b = self.expr(t, depth - 1), self.expr(t, depth - 1)
        if kind < 0.42 and bits <= 64:
            f = r.choice(BUILTINS)
            return '((%s)__builtin_%s)' % (c, f.format(a='(%s)' % a, b='(%s)' % b))
        if kind < 0.46 and t not in ODD:
            op = r.choice(['add', 'sub', 'mul'])
            return '({ %s o_; int f_ = __builtin_%s_overflow(%s, %s, &o_); ' \
                '(%s)(f_ ? (%s)o_ ^ 0x5a : (%s)o_); })' % (c, op, a, b, c, uc, uc)
        if kind < 0.6:
            op = r.choice(['/', '%'])
            if self.chance(0.4):
                k = r.choice([2, 3, 5, 7, 8, 10, 16, 100, 127, 64, 1, 12])
                minus = '-' if signed and k > 1 and self.chance(0.2) else ''
                return '((%s)((%s) %s %s%d))' % (c, a, op, minus, k)
            return '({ %s a_ = %s, b_ = %s; (%s)(b_ == 0%s ? a_ : a_ %s b_); })' % (
                c, a, b, c, ' || b_ == (%s)-1' % c if signed else '', op)
        if kind < 0.72:
            k = r.randint(0, bits - 1) if self.chance(0.5) else '((unsigned)%s & %d)' % (b, bits - 1)
            if self.chance(0.5):
                return '((%s)((%s)%s << %s))' % (c, 'unsigned' if bits < 32 else uc, a, k)
            return '((%s)(%s >> %s))' % (c, a, k)
        op = r.choice(['+', '-', '*', '&', '|', '^', '+', '-'])
        wide = 'unsigned' if bits < 32 else uc  # so that promoted operands cannot overflow
        return '((%s)((%s)%s %s (%s)%s))' % (c, wide, a, op, wide, b)

    def cond(self, depth):
        r = self.r
        kind = r.random()
        if depth > 0 and kind < 0.25:
            return '(%s %s %s)' % (self.cond(depth - 1), r.choice(['&&', '||']),
                                   self.cond(depth - 1))
        if kind < 0.32:
            return '(!%s)' % self.expr(self.type(), depth)
        t = self.type()
        other = self.const(t) if self.chance(0.4) else self.expr(t, depth)
        return '(%s %s %s)' % (self.expr(t, depth), r.choice(COMPARISONS), other)

    def call(self, depth):
        name, result, params = self.r.choice(self.funcs)
        args = [self.record(p) if p not in ALL else self.expr(p, depth) for p in params]
        if self.chance(0.2):
            # indirect
            name = '(*(__typeof__(&%s) volatile *)&(__typeof__(&%s)){%s})' % (name, name, name)
        text = '%s(%s)' % (name, ', '.join(args))
        if result in ALL:
            return text, result
        f, k, _ = self.r.choice(dict(self.structs)[result])
        return '%s.%s' % (text, f), k

    def record(self, tag):
        have = [e for e, k in self.records if k == tag]
        return self.r.choice(have) if have and self.chance(0.8) else '(struct %s){0}' % tag

    # ---- statements ----

    def lvalue(self):
        r = self.r
        for _ in range(4):
            kind = r.random()
            if kind < 0.6:
                vs = [v for v in self.visible() if v[0] not in self.readonly]
                if vs:
                    return r.choice(vs)
            elif kind < 0.78 and self.arrays:
                return self.element()
            elif kind < 0.9 and self.records:
                return self.field()
            elif self.pointers:
                n, k = r.choice(self.pointers)
                return '*%s' % n, k
        return 'sum_%s' % self.p, 'u64'

    def block(self, depth, indent, count):
        self.vars.append([])
        out = []
        for _ in range(count):
            out += self.statement(depth, indent)
        self.vars.pop()
        return out

    def statement(self, depth, indent):
        gone = self.dropped()
        lines = self.statement_inner(depth, indent)
        return [] if gone else lines

    def local(self, indent):
        """A declaration: kept even where its initialiser is dropped."""
        t = self.type()
        name = 'v%d' % self.names
        self.names += 1
        e = self.expr(t, 2)
        self.vars[-1].append((name, t))
        volatile = 'volatile ' if self.chance(0.05) else ''
        return [indent + '%s%s %s = %s;' % (volatile, ALL[t][0], name, e)]

    def statement_inner(self, depth, indent):
        r = self.r
        kind = r.random()
        more = indent + '  '
        if depth > 0:
            if kind < 0.12:
                c = self.cond(2)
                out = [indent + 'if %s {' % c] + self.block(depth - 1, more, r.randint(1, 3))
                if self.chance(0.5):
                    out += [indent + '} else {'] + self.block(depth - 1, more, r.randint(1, 3))
                return out + [indent + '}']
            if kind < 0.2:
                i = 'i%d' % self.names
                self.names += 1
                n = r.randint(1, 9)
                self.vars.append([(i, 'i32')])
                self.readonly.add(i)
                self.loops += 1
                body = self.block(depth - 1, more, r.randint(1, 4))
                if self.chance(0.4):
                    leave = r.choice(['break', 'continue'])
                    body.append(more + 'if %s %s;' % (self.cond(1), leave))
                self.loops -= 1
                self.vars.pop()
                step = r.choice(['%s++', '%s += 2', '++%s'])
                head = 'for (int %s = 0; %s < %d && fuel_%s-- > 0; %s) {' % (i, i, n, self.p, step % i)
                return [indent + head] + body + [indent + '}']
            if kind < 0.26:
                c = self.cond(2)
                self.loops += 1
                body = self.block(depth - 1, more, r.randint(1, 3))
                self.loops -= 1
                i = 'i%d' % self.names
                self.names += 1
                limit = r.randint(2, 7)
                if self.chance(0.5):
                    head = '{ int %s = %d; while (%s-- > 0 && fuel_%s-- > 0 && %s) {'
                    return [indent + head % (i, limit, i, self.p, c)] + body + [indent + '} }']
                return [indent + '{ int %s = %d; do {' % (i, limit)] + body + \
                    [indent + '} while (--%s > 0 && fuel_%s-- > 0 && %s); }' % (i, self.p, c)]
            if kind < 0.33:
                return self.switch(depth, indent)
            if kind < 0.36 and self.loops == 0:
                # forward, out of the nest that follows
                self.labels += 1
                label = 'l%d_%s' % (self.labels, self.p)
                c, c2 = self.cond(1), self.cond(1)
                body = self.block(depth - 1, more, r.randint(1, 3))
                return [indent + 'if %s goto %s;' % (c, label)] + [indent + '{'] + body + \
                    [more + 'if %s goto %s;' % (c2, label), indent + '}', indent + '%s:;' % label]
            if kind < 0.39:
                self.labels += 1
                label = 'l%d_%s' % (self.labels, self.p)
                e = self.expr('u32', 2)
                bodies = [self.block(depth - 1, more, r.randint(1, 2)) for _ in range(3)]
                head = '{ static void *const t_[] = {&&%sa, &&%sb, &&%sc}; goto *t_[%s %% 3];'
                out = [indent + head % (label, label, label, e)]
                for n, b in zip('abc', bodies):
                    out += [indent + '%s%s:;' % (label, n)] + b
                    if n == 'a' and self.chance(0.7):
                        out.append(more + 'goto %sd;' % label)
                return out + [indent + '%sd:; }' % label]
        if kind < 0.5:
            return self.local(indent)
        if kind < 0.6:
            e, t = self.lvalue()
            if t in INTS:
                op = r.choice(['&=', '|=', '^=', '++', '--', '+='])
                if INTS[t][2] and (INTS[t][1] >= 32 or t in ODD) and op in ('++', '--', '+='):
                    op = '^='
                if op in ('++', '--'):
                    return [indent + '%s%s;' % ('(' + e + ')', op)]
                return [indent + '%s %s %s;' % (e, op, self.expr(t if op != '+=' else 'u8', 2))]
            return [indent + '%s %s %s;' % (e, r.choice(['+=', '-=', '*=']), self.expr(t, 2))]
        if kind < 0.65 and len(self.records) > 1:
            (a, tag) = r.choice(self.records)
            same = [e for e, k in self.records if k == tag]
            return [indent + '%s = %s;' % (a, r.choice(same))]
        if kind < 0.68 and self.arrays:
            n, k, size = r.choice(self.arrays)
            half = size // 2
            if self.chance(0.5):
                return [indent + 'memmove(%s + 1, %s, %d * sizeof *%s);' % (n, n, size - 1, n)]
            return [indent + 'memcpy(%s, %s + %d, %d * sizeof *%s);' % (n, n, half, half, n)]
        if kind < 0.71 and self.pointers and self.arrays:
            n, k = r.choice(self.pointers)
            # a global must not keep a local's address
            same = [(a, s) for a, t, s in self.arrays if t == k and (n == 'own' or a != 'arr')]
            if same:
                a, s = r.choice(same)
                return [indent + '%s = &%s[%s & %d];' % (n, a, self.expr('u32', 2), s - 1)]
        if kind < 0.74 and self.funcs:
            c = self.call(2)
            return [indent + self.add_up(*c)]
        if kind < 0.77 and self.in_function:
            return [indent + 'if %s return %s;' % (self.cond(1), self.result_value())]
        if kind < 0.85:
            t = self.type()
            return [indent + self.add_up(self.expr(t, 2), t)]
        e, t = self.lvalue()
        return [indent + '%s = %s;' % (e, self.expr(t, 3))]

    def switch(self, depth, indent):
        r = self.r
        t = r.choice(['i32', 'u32', 'i64', 'u8', 'i16', 'i32'])
        bits, signed = INTS[t][1:]
        style = r.choice(['dense', 'dense', 'sparse', 'few', 'wide'])
        n = r.randint(1, 4) if style == 'few' else r.randint(4, 12)
        start = r.choice([0, 0, 1, -3 if signed else 3, 100])
        values = set()
        while len(values) < n:
            low = -(1 << (bits - 1)) if signed else 0
            values.add(start + len(values) if style == 'dense' else
                       start + len(values) * 2 if style == 'wide' else
                       r.randint(low, low + (1 << bits) - 1))
        values = sorted(values)
        e = self.expr(t, 2)
        if style in ('dense', 'wide'):
            e = '(%s)((unsigned char)%s %% %d + %d)' % (INTS[t][0], e, n * 2, start)
        elif self.chance(0.7):
            # so that the cases are reached
            table = ', '.join(self.number(v) for v in values + [0])
            e = '((%s[]){%s})[(unsigned)(%s) %% %d]' % (INTS[t][0], table, e, n + 1)
        out = [indent + 'switch (%s) {' % e]
        places = r.randint(0, n)
        for i, v in enumerate(values):
            if i == places:
                out += [indent + 'default: {'] + self.block(depth - 1, indent + '  ', 1)
                out += [indent + '} break;']
            out += [indent + 'case %s: {' % self.number(v)]
            out += self.block(depth - 1, indent + '  ', r.randint(0, 2))
            out += [indent + ('}' if self.chance(0.2) else '} break;')]
        return out + [indent + '}']

    @staticmethod
    def number(v):
        return '(-%dl - 1)' % (-v - 1) if v < 0 else '%dul' % v if v >= 1 << 63 else '%dl' % v

    def checksum(self, e, t):
        if t in FLOATS:
            return 'fbits(%s)' % e
        if INTS[t][1] > 64:
            return '({ unsigned __int128 w_ = (unsigned __int128)%s; ' \
                '(unsigned long)w_ ^ (unsigned long)(w_ >> 64) * 3; })' % e
        return '(unsigned long)(%s)' % e

    def add_up(self, e, t):
        return 'sum_%s = mix(sum_%s, %s);' % (self.p, self.p, self.checksum(e, t))

    def result_value(self):
        t = self.result
        if t in ALL:
            return self.expr(t, 2)
        return self.record(t)

    # ---- top level ----

    def make_globals(self):
        r, p = self.r, self.p
        for i in range(r.randint(1, 3)):
            fields = []
            for k in range(r.randint(1, 5)):
                t = self.type()
                bits = ALL[t][1]
                width = r.randint(1, bits) if t in INTS and bits <= 64 and self.chance(0.2) else 0
                fields.append(('f%d' % k, t, width))
            tag = 's%d_%s' % (i, p)
            self.structs.append((tag, fields))
            inside = ['%s %s%s;' % (ALL[t][0], f, ' : %d' % w if w else '') for f, t, w in fields]
            self.out.append('struct %s { %s };' % (tag, ' '.join(inside)))
        self.out.append('static int fuel_%s = 4000;' % p)
        self.out.append('static unsigned long sum_%s = 12345;' % p)
        scope = []
        for i in range(r.randint(2, 6)):
            t = self.type()
            name = 'g%d_%s' % (i, p)
            kind = r.choice(['', '', 'volatile ', '_Thread_local '])
            self.out.append('static %s%s %s = %s;' % (kind, ALL[t][0], name, self.const(t)))
            scope.append((name, t))
        self.vars = [scope]
        for i in range(r.randint(1, 3)):
            t = self.type()
            size = r.choice([2, 4, 8, 16, 64])
            name = 'a%d_%s' % (i, p)
            values = ', '.join(self.const(t) for _ in range(r.randint(1, size)))
            self.out.append('static %s %s[%d] = {%s};' % (ALL[t][0], name, size, values))
            self.arrays.append((name, t, size))
            if self.chance(0.7):
                q = 'q%d_%s' % (i, p)
                at = r.randint(0, size - 1)
                self.out.append('static %s *%s = &%s[%d];' % (ALL[t][0], q, name, at))
                self.pointers.append((q, t))
        for i in range(r.randint(1, 3)):
            tag, fields = r.choice(self.structs)
            name = 'r%d_%s' % (i, p)
            array = self.chance(0.3)
            self.out.append('static struct %s %s%s = {0};' % (tag, name, '[1]' if array else ''))
            self.records.append((name + '[0]' if array else name, tag))

    def make_function(self, i):
        r, p = self.r, self.p
        name = 'f%d_%s' % (i, p)
        params = [r.choice(self.structs)[0] if self.chance(0.15) else self.type()
                  for _ in range(r.choice([0, 1, 2, 2, 3, 4, 6, 9]))]
        self.result = r.choice(self.structs)[0] if self.chance(0.15) else self.type()
        self.in_function, self.names, self.loops = True, 0, 0

        def c(t):
            return ALL[t][0] if t in ALL else 'struct ' + t
        head = 'static %s%s %s(%s)' % (
            '__attribute__((noinline)) ' if self.chance(0.6) else '', c(self.result), name,
            ', '.join('%s x%d' % (c(t), k) for k, t in enumerate(params)) or 'void')
        saved = len(self.vars), len(self.records), len(self.arrays), len(self.pointers)
        self.vars.append([('x%d' % k, t) for k, t in enumerate(params) if t in ALL])
        self.records += [('x%d' % k, t) for k, t in enumerate(params) if t not in ALL]
        body = []
        if self.chance(0.4):
            tag, _ = r.choice(self.structs)
            body.append('  struct %s loc = {0};' % tag)
            self.records.append(('loc', tag))
        if self.chance(0.4):
            t, size = self.type(), r.choice([2, 8, 32])
            byte = r.randint(0, 255) if t in INTS and t not in ODD else 0
            body.append('  %s arr[%d]; memset(arr, %d, sizeof arr);' % (ALL[t][0], size, byte))
            self.arrays.append(('arr', t, size))
        if self.visible() and self.chance(0.3) and params and params[0] in ALL:
            body.append('  %s *own = &x0;' % ALL[params[0]][0])
            self.pointers.append(('own', params[0]))
        body.append('  if (fuel_%s-- <= 0) return (%s){0};' % (p, c(self.result)))
        self.vars.append([])
        for _ in range(r.randint(2, 8)):
            body += self.statement(3, '  ')
        end = self.result_value()
        self.vars.pop()
        body.append('  return %s;' % end)
        for scope, length in zip((self.vars, self.records, self.arrays, self.pointers), saved):
            del scope[length:]
        self.out += [head + ' {'] + body + ['}']
        self.funcs.append((name, self.result, params))

    def text(self):
        p = self.p
        self.make_globals()
        for i in range(self.r.randint(2, 6)):
            self.make_function(i)
        self.out.append('static unsigned long %s_run(void) {' % p)
        for i in range(3):
            for name, result, params in self.funcs:
                args = ', '.join(self.const(t) if t in ALL else self.record(t) for t in params)
                call = '%s(%s)' % (name, args)
                if result not in ALL:
                    f, k, _ = dict(self.structs)[result][0]
                    call, result = '%s.%s' % (call, f), k
                if not self.dropped():
                    self.out.append('  ' + self.add_up(call, result))
        for n, t in self.vars[0]:
            self.out.append('  ' + self.add_up(n, t))
        for n, t, size in self.arrays:
            self.out.append('  for (int i = 0; i < %d; i++) %s' % (size, self.add_up(n + '[i]', t)))
        for e, tag in self.records:
            for f, t, _ in dict(self.structs)[tag]:
                self.out.append('  ' + self.add_up('%s.%s' % (e, f), t))
        self.out += ['  return sum_%s;' % p, '}', '']
        return '\n'.join(self.out)


def program_file(seeds, drop=frozenset()):
    """The text of one file with the programs of `seeds`, and a main that prints `SEED CHECKSUM`."""
    texts = [Program(s, drop).text() for s in seeds]
    main = ['int main(void) {']
    main += ['  printf("%d %%lx\\n", p%d_run()); fflush(stdout);' % (s, s) for s in seeds]
    main += ['}', '']
    return PRELUDE + '\n'.join(texts) + '\n'.join(main)


if __name__ == '__main__':
    import sys
    print(program_file([int(s) for s in sys.argv[1:]] or [1]))
