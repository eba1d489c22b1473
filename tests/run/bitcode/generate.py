"""Modules of LLVM assembly with constructs that clang does not generate by itself: every operation on
every odd width, first-class aggregates, all intrinsics of the reader's table. Used by run.py.

Values come from volatile memory, so that nothing is folded; results are printed in full."""

import struct

WIDTHS = (1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 48, 56, 63, 64, 65, 80, 100, 127, 128)
BINARY = ('add', 'sub', 'mul', 'udiv', 'sdiv', 'urem', 'srem', 'shl', 'lshr', 'ashr', 'and', 'or',
          'xor')
CONDITIONS = ('eq', 'ne', 'ugt', 'uge', 'ult', 'ule', 'sgt', 'sge', 'slt', 'sle')


def values(w):
    top = 1 << (w - 1)
    all_ones = (1 << w) - 1
    picked = {0, 1, top, all_ones, top - 1, all_ones // 3, 5 & all_ones, (top | 1) & all_ones}
    return sorted(picked)


class Module:
    """Collects functions; `show(value)` prints an integer of any width."""

    def __init__(self):
        self.head = ['target triple = "x86_64-pc-linux-gnu"',
                     '@f = private unnamed_addr constant [17 x i8] c"%d %016lx%016lx\\0A\\00"',
                     'declare i32 @printf(ptr, ...)']
        self.declared = {}
        self.functions = []
        self.body = []
        self.n = 0
        self.globals = {}

    def t(self):
        self.n += 1
        return '%%v%d' % self.n

    def emit(self, text):
        self.body.append('  ' + text)

    def op(self, text):
        v = self.t()
        self.emit('%s = %s' % (v, text))
        return v

    def declare(self, text):
        self.declared[text] = True

    def value(self, w, k):
        """Integer k of width w, loaded."""
        name = '@g.%d.%d' % (w, k)
        if name not in self.globals:
            self.globals[name] = '%s = global i%d %d' % (name, w, k)
        return self.op('load volatile i%d, ptr %s' % (w, name))

    def show(self, v, w, tag):
        """By a function for each width, which also passes the width as a parameter's type; more than
        128 bits in pieces."""
        if w > 128:
            for at in range(0, w, 128):
                piece = self.op('lshr i%d %s, %d' % (w, v, at))
                bits = min(128, w - at)
                self.show(self.op('trunc i%d %s to i%d' % (w, piece, bits)), bits, tag)
            return
        wide = '%v' if w == 128 else '%w'
        self.declare('''define internal void @show%d(i32 %%tag, i%d %%v) {
  %s
  %%low = trunc i128 %s to i64
  %%up = lshr i128 %s, 64
  %%high = trunc i128 %%up to i64
  call i32 (ptr, ...) @printf(ptr @f, i32 %%tag, i64 %%high, i64 %%low)
  ret void
}''' % (w, w, '' if w == 128 else '%%w = zext i%d %%v to i128' % w, wide, wide))
        self.emit('call void @show%d(i32 %d, i%d %s)' % (w, tag, w, v))

    def end_function(self):
        if not self.body:
            return
        name = '@t%d' % len(self.functions)
        self.functions.append('define void %s() {\n%s\n  ret void\n}' % (name, '\n'.join(self.body)))
        self.body, self.n = [], 0

    def text(self):
        self.end_function()
        main = ['define i32 @main() {']
        main += ['  call void @t%d()' % i for i in range(len(self.functions))]
        main += ['  ret i32 0', '}']
        return '\n'.join(self.head + list(self.declared) + list(self.globals.values()) + self.functions +
                         main) + '\n'


def defined(op, w, a, b):
    top = 1 << (w - 1)
    if op in ('udiv', 'sdiv', 'urem', 'srem'):
        if b == 0:
            return False
        return not (op[0] == 's' and a == top and b == (1 << w) - 1)
    if op in ('shl', 'lshr', 'ashr'):
        return b < w
    return True


def arithmetic(widths):
    m = Module()
    for w in widths:
        for a in values(w):
            for b in values(w)[::2]:
                x, y = m.value(w, a), m.value(w, b)
                for i, op in enumerate(BINARY):
                    if defined(op, w, a, b):
                        # Again with the wrapped result: bits above the width must not have an effect.
                        v = m.op('%s i%d %s, %s' % (op, w, x, y))
                        s = m.op('add i%d %s, %s' % (w, v, y))
                        m.show(v, w, i)
                        m.show(s, w, i + 20)
                        q = m.op('udiv i%d %s, 1' % (w, s)) if w > 1 else s
                        m.show(q, w, i + 40)
                for i, c in enumerate(CONDITIONS):
                    s = m.op('add i%d %s, %s' % (w, x, y))
                    v = m.op('icmp %s i%d %s, %s' % (c, w, s, y))
                    m.show(v, 1, 60 + i)
            m.end_function()
    return m.text()


def casts(widths):
    m = Module()
    for w in widths:
        for a in values(w):
            x = m.value(w, a)
            s = m.op('add i%d %s, %s' % (w, x, x))
            for to in WIDTHS:
                if to > w:
                    m.show(m.op('zext i%d %s to i%d' % (w, s, to)), to, 1)
                    m.show(m.op('sext i%d %s to i%d' % (w, s, to)), to, 2)
                if to < w:
                    m.show(m.op('trunc i%d %s to i%d' % (w, s, to)), to, 3)
            for ft, bits in (('float', 32), ('double', 64)):
                for op in ('uitofp', 'sitofp'):
                    v = m.op('%s i%d %s to %s' % (op, w, s, ft))
                    m.show(m.op('bitcast %s %s to i%d' % (ft, v, bits)), bits, 4)
            p = m.op('inttoptr i%d %s to ptr' % (w, s))
            m.show(m.op('ptrtoint ptr %s to i%d' % (p, w)), w, 5)
            if w <= 52:
                d = m.op('uitofp i%d %s to double' % (w, x))
                m.show(m.op('fptoui double %s to i%d' % (d, w)), w, 6)
                d = m.op('sitofp i%d %s to double' % (w, x))
                m.show(m.op('fptosi double %s to i%d' % (d, w)), w, 7)
            m.end_function()
    return m.text()


def memory(widths):
    """Stores of odd widths must not touch what lies after them."""
    m = Module()
    for w in widths:
        size = (w + 7) // 8
        for a in values(w):
            x = m.value(w, a)
            s = m.op('add i%d %s, %s' % (w, x, x))
            p = m.op('alloca [32 x i8], align 16')
            m.emit('call void @llvm.memset.p0.i64(ptr %s, i8 -86, i64 32, i1 false)' % p)
            q = m.op('getelementptr i8, ptr %s, i64 3' % p)
            m.emit('store i%d %s, ptr %s, align 1' % (w, s, q))
            for i in (0, 2):
                b = m.op('getelementptr i8, ptr %s, i64 %d' % (p, i))
                m.show(m.op('load i8, ptr %s' % b), 8, i)
            for i in range(size + 1):
                b = m.op('getelementptr i8, ptr %s, i64 %d' % (p, 3 + i))
                m.show(m.op('load i8, ptr %s' % b), 8, 10 + i)
            m.show(m.op('load i%d, ptr %s, align 1' % (w, q)), w, 50)
            m.end_function()
        # Arrays and structs of them.
        m.emit('%%arr = alloca [3 x i%d]' % w)
        for i in range(3):
            e = m.op('getelementptr [3 x i%d], ptr %%arr, i64 0, i64 %d' % (w, i))
            m.emit('store i%d %d, ptr %s' % (w, values(w)[i % len(values(w))], e))
        for i in range(3):
            e = m.op('getelementptr [3 x i%d], ptr %%arr, i64 0, i64 %d' % (w, i))
            m.show(m.op('load i%d, ptr %s' % (w, e)), w, 60 + i)
        e = m.op('getelementptr i%d, ptr null, i64 1' % w)
        m.show(m.op('ptrtoint ptr %s to i64' % e), 64, 70)
        m.end_function()
    m.declare('declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)')
    return m.text()


def overflow(widths):
    m = Module()
    for w in widths:
        if w == 128:
            continue
        for op in ('sadd', 'uadd', 'ssub', 'usub', 'smul', 'umul'):
            if 64 < w <= 128 and 'mul' in op:  # clang calls a function that libgcc lacks
                continue
            name = 'llvm.%s.with.overflow.i%d' % (op, w)
            m.declare('declare {i%d, i1} @%s(i%d, i%d)' % (w, name, w, w))
            # products next to the ends
            half = [1 << w // 2, (1 << w - w // 2) - 1, (1 << w) - (1 << w // 2)] if w > 128 else []
            for a in values(w) + half:
                for b in values(w)[::2] + half:
                    x, y = m.value(w, a), m.value(w, b)
                    r = m.op('call {i%d, i1} @%s(i%d %s, i%d %s)' % (w, name, w, x, w, y))
                    m.show(m.op('extractvalue {i%d, i1} %s, 0' % (w, r)), w, 1)
                    m.show(m.op('extractvalue {i%d, i1} %s, 1' % (w, r)), 1, 2)
            m.end_function()
    return m.text()


def overflow_of_vectors():
    """Zig's checked arithmetic on vectors: {vector, mask}."""
    m = Module()
    for n, w in ((16, 16), (4, 32), (32, 8), (3, 64), (2, 1), (7, 5), (5, 33), (2, 128)):
        vector, mask = '<%d x i%d>' % (n, w), '<%d x i1>' % n
        for op in ('sadd', 'uadd', 'ssub', 'usub', 'smul', 'umul'):
            if w == 128 and 'mul' in op: # clang calls a function that libgcc lacks
                continue
            name = 'llvm.%s.with.overflow.v%di%d' % (op, n, w)
            m.declare('declare {%s, %s} @%s(%s, %s)' % (vector, mask, name, vector, vector))
            for step in (1, 2):
                args = []
                for each in (1, step):
                    args.append('poison')
                    for k in range(n):
                        lane = m.value(w, values(w)[(k * each + step) % len(values(w))])
                        args[-1] = m.op('insertelement %s %s, i%d %s, i32 %d' % (vector, args[-1], w, lane, k))
                both = m.op('call {%s, %s} @%s(%s %s, %s %s)' % (vector, mask, name, vector, args[0], vector, args[1]))
                value = m.op('extractvalue {%s, %s} %s, 0' % (vector, mask, both))
                over = m.op('extractvalue {%s, %s} %s, 1' % (vector, mask, both))
                for k in range(n):
                    m.show(m.op('extractelement %s %s, i32 %d' % (vector, value, k)), w, 1)
                    m.show(m.op('extractelement %s %s, i32 %d' % (mask, over, k)), 1, 2)
            m.end_function()
    return m.text()


def integer_intrinsics(widths):
    m = Module()
    for w in widths:
        one = ['ctpop', 'bitreverse']
        if w % 16 == 0:
            one.append('bswap')
        for a in values(w):
            x = m.op('add i%d %s, %s' % (w, m.value(w, a), m.value(w, 0)))
            for name in one:
                m.declare('declare i%d @llvm.%s.i%d(i%d)' % (w, name, w, w))
                m.show(m.op('call i%d @llvm.%s.i%d(i%d %s)' % (w, name, w, w, x)), w, 1)
            for name in ('ctlz', 'cttz', 'abs'):
                if name == 'abs' and w == 1:
                    continue
                m.declare('declare i%d @llvm.%s.i%d(i%d, i1)' % (w, name, w, w))
                m.show(m.op('call i%d @llvm.%s.i%d(i%d %s, i1 false)' % (w, name, w, w, x)), w, 2)
            for b in values(w)[::2]:
                y = m.value(w, b)
                for name in ('smin', 'smax', 'umin', 'umax'):
                    m.declare('declare i%d @llvm.%s.i%d(i%d, i%d)' % (w, name, w, w, w))
                    m.show(m.op('call i%d @llvm.%s.i%d(i%d %s, i%d %s)' % (w, name, w, w, x, w, y)),
                           w, 3)
                if w == 256:
                    for name in ('fshl', 'fshr'):
                        m.declare('declare i256 @llvm.%s.i256(i256, i256, i256)' % name)
                        m.show(m.op('call i256 @llvm.%s.i256(i256 %s, i256 %s, i256 %s)' % (name, x, y, y)), w, 5)
                if w <= 64:
                    for name in ('sadd.sat', 'uadd.sat', 'ssub.sat', 'usub.sat'):
                        m.declare('declare i%d @llvm.%s.i%d(i%d, i%d)' % (w, name, w, w, w))
                        m.show(m.op('call i%d @llvm.%s.i%d(i%d %s, i%d %s)' %
                                    (w, name, w, w, x, w, y)), w, 4)
                    for name in ('fshl', 'fshr'):
                        m.declare('declare i%d @llvm.%s.i%d(i%d, i%d, i%d)' % (w, name, w, w, w, w))
                        m.show(m.op('call i%d @llvm.%s.i%d(i%d %s, i%d %s, i%d %s)' %
                                    (w, name, w, w, x, w, y, w, y)), w, 5)
                for name in ('smul.fix', 'umul.fix', 'smul.fix.sat', 'umul.fix.sat') if 1 < w <= 64 or w == 128 else ():
                    m.declare('declare i%d @llvm.%s.i%d(i%d, i%d, i32)' % (w, name, w, w, w))
                    for scale in (0, w // 2, w - 1) if w <= 64 else (0, ):
                        m.show(m.op('call i%d @llvm.%s.i%d(i%d %s, i%d %s, i32 %d)' %
                                    (w, name, w, w, x, w, y, scale)), w, 7)
                if w > 0:
                    for name in ('ucmp', 'scmp'):
                        m.declare('declare i8 @llvm.%s.i8.i%d(i%d, i%d)' % (name, w, w, w))
                        m.show(m.op('call i8 @llvm.%s.i8.i%d(i%d %s, i%d %s)' %
                                    (name, w, w, x, w, y)), 8, 6)
            m.end_function()
    return m.text()


FLOATS = {
    32: (0x0, 0x80000000, 0x3f800000, 0xbf800000, 0x1, 0x80000001, 0x7f7fffff, 0x7f800000,
         0xff800000, 0x7fc00000, 0x7fa00000, 0xffa00000, 0x3fc00000, 0xc0200000, 0x4b000001,
         0x007fffff, 0x00800000, 0x4f000000, 0xcf000000, 0x5f800000),
    64: (0x0, 1 << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x1, (1 << 63) | 1,
         0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
         0x7ff4000000000000, 0xfff4000000000000, 0x3ff8000000000000, 0xc004000000000000,
         0x4330000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x41e0000000000000,
         0xc1e0000000000000, 0x43f0000000000000),
}


def float_value(m, bits, k):
    ft = 'float' if bits == 32 else 'double'
    return ft, m.op('bitcast i%d %s to %s' % (bits, m.value(bits, k), ft))


def show_float(m, v, ft, bits, tag):
    """All NaNs are printed as one."""
    nan = m.op('fcmp uno %s %s, %s' % (ft, v, v))
    raw = m.op('bitcast %s %s to i%d' % (ft, v, bits))
    m.show(m.op('select i1 %s, i%d -1, i%d %s' % (nan, bits, bits, raw)), bits, tag)


def float_intrinsics():
    m = Module()
    for bits in (32, 64):
        for k in FLOATS[bits]:
            ft, x = float_value(m, bits, k)
            suffix = 'f%d' % bits
            for name in ('fabs', 'sqrt', 'floor', 'ceil', 'trunc', 'rint', 'nearbyint', 'round',
                         'roundeven', 'canonicalize'):
                m.declare('declare %s @llvm.%s.%s(%s)' % (ft, name, suffix, ft))
                v = m.op('call %s @llvm.%s.%s(%s %s)' % (ft, name, suffix, ft, x))
                show_float(m, v, ft, bits, 1)
            show_float(m, m.op('fneg %s %s' % (ft, x)), ft, bits, 2)
            m.declare('declare i1 @llvm.is.fpclass.%s(%s, i32)' % (suffix, ft))
            for mask in [1 << i for i in range(10)] + [3, 0x204, 0x1f8, 0x108, 0x60, 0x90, 0x3fc,
                                                       0x3ff, 0, 0x207, 0x360, 0x2aa, 0x155]:
                m.show(m.op('call i1 @llvm.is.fpclass.%s(%s %s, i32 %d)' % (suffix, ft, x, mask)),
                       1, 100 + mask)
            for to in (8, 16, 32, 64):
                for name in ('fptosi', 'fptoui'):
                    m.declare('declare i%d @llvm.%s.sat.i%d.%s(%s)' % (to, name, to, suffix, ft))
                    m.show(m.op('call i%d @llvm.%s.sat.i%d.%s(%s %s)' % (to, name, to, suffix, ft, x)),
                           to, 3)
            for c in ('false', 'oeq', 'ogt', 'oge', 'olt', 'ole', 'one', 'ord', 'uno', 'ueq', 'ugt',
                      'uge', 'ult', 'ule', 'une', 'true'):
                for j in FLOATS[bits][:14:3]:
                    _, y = float_value(m, bits, j)
                    m.show(m.op('fcmp %s %s %s, %s' % (c, ft, x, y)), 1, 4)
            for j in FLOATS[bits][:14:2]:
                _, y = float_value(m, bits, j)
                for name in ('copysign', 'minimum', 'maximum'):
                    m.declare('declare %s @llvm.%s.%s(%s, %s)' % (ft, name, suffix, ft, ft))
                    v = m.op('call %s @llvm.%s.%s(%s %s, %s %s)' % (ft, name, suffix, ft, x, ft, y))
                    show_float(m, v, ft, bits, 5)
                for op in ('fadd', 'fsub', 'fmul', 'fdiv', 'frem'):
                    show_float(m, m.op('%s %s %s, %s' % (op, ft, x, y)), ft, bits, 6)
                m.declare('declare %s @llvm.fma.%s(%s, %s, %s)' % (ft, suffix, ft, ft, ft))
                v = m.op('call %s @llvm.fma.%s(%s %s, %s %s, %s %s)' % (ft, suffix, ft, x, ft, y, ft, x))
                show_float(m, v, ft, bits, 7)
            m.end_function()
    return m.text()


def x87_classes():
    """llvm.is.fpclass of x87's format: every mask, every kind of encoding, also the invalid ones, whose leading bit
    contradicts the exponent."""
    m = Module()
    m.declare('declare i1 @llvm.is.fpclass.f80(x86_fp80, i32)')
    for first in range(0, 1024, 64):
        lines = ['define internal i64 @classes%d(ptr %%p) {' % first, '  %x = load x86_fp80, ptr %p', '  %r0 = add i64 0, 0']
        for k in range(64):
            lines += ['  %%c%d = call i1 @llvm.is.fpclass.f80(x86_fp80 %%x, i32 %d)' % (k, first + k),
                      '  %%z%d = zext i1 %%c%d to i64' % (k, k), '  %%s%d = shl i64 %%z%d, %d' % (k, k, k),
                      '  %%r%d = or i64 %%r%d, %%s%d' % (k + 1, k, k)]
        m.declare('\n'.join(lines + ['  ret i64 %r64', '}']))
    edges = (0, 1, 1 << 62, (1 << 62) + 1, (1 << 63) - 1)
    n = 0
    for sign in (0, 1 << 79):
        for exponent in (0, 1, 2, 0x3fff, 0x7ffe, 0x7fff):
            for mantissa in edges + tuple(1 << 63 | e for e in edges):
                m.globals[n] = '@e%d = global i80 %d, align 16' % (n, sign | exponent << 64 | mantissa)
                for first in range(0, 1024, 64):
                    m.show(m.op('call i64 @classes%d(ptr @e%d)' % (first, n)), 64, first)
                n += 1
        m.end_function()
    return m.text()


# Types of floats: name in LLVM's assembly and in names of intrinsics, bits, values as numbers that each has, and bits.
ALL_FLOATS = (
    ('half', 'f16', 16, (0x0001, 0x8400, 0x7bff, 0x7d00)),
    ('float', 'f32', 32, (0x00000001, 0x7f7fffff, 0x7fa00000)),
    ('double', 'f64', 64, (0x1, 0x7fefffffffffffff, 0x7ff4000000000000)),
    ('x86_fp80', 'f80', 80, (0x1, 0x7ffeffffffffffffffff, 0x7fffa000000000000000)),
    ('fp128', 'f128', 128, (0x1, 0x7ffeffffffffffffffffffffffffffff, 0x7fff4000000000000000000000000000)),
)
NUMBERS = (0, 0.0, -0.0, 1.0, -1.5, 0.3125, 2.5, -7.0, 100.0, 700.0, float('inf'), float('-inf'), float('nan'))
LIBM = ('sin cos tan asin acos atan sinh cosh tanh exp exp2 exp10 log log2 log10 sqrt floor ceil trunc rint nearbyint '
        'round roundeven fabs canonicalize').split()


INTEGERS = values


def all_floats():
    """Every intrinsic on one or two floats that is an operation or a call of libm, for every type of float."""
    m = Module()

    def call(ret, name, *args):
        m.declare('declare %s @llvm.%s(%s)' % (ret, name, ', '.join(t for t, _ in args)))
        return m.op('call %s @llvm.%s(%s)' % (ret, name, ', '.join('%s %s' % a for a in args)))

    for ft, suffix, bits, special in ALL_FLOATS:
        def values():
            for x in NUMBERS:
                d = m.value(64, int.from_bytes(struct.pack('<d', x), 'little'))
                d = m.op('bitcast i64 %s to double' % d)
                yield d if ft == 'double' else m.op('%s double %s to %s' % (
                    'fptrunc' if bits < 64 else 'fpext', d, ft))
            for x in special:
                yield m.op('bitcast i%d %s to %s' % (bits, m.value(bits, x), ft))

        def show(v, tag):
            show_float(m, v, ft, bits, tag)

        for i, name in enumerate(LIBM):
            for x in values():
                show(call(ft, '%s.%s' % (name, suffix), (ft, x)), i)
            m.end_function()
        for x in values():
            for name in ('modf', 'sincos')[ft == 'half':]:  # LLVM cannot select modf of half
                pair = '{%s, %s}' % (ft, ft)
                v = call(pair, '%s.%s' % (name, suffix), (ft, x))
                for k in range(2):
                    show(m.op('extractvalue %s %s, %d' % (pair, v, k)), 40 + k)
            v = call('{%s, i32}' % ft, 'frexp.%s.i32' % suffix, (ft, x))
            show(m.op('extractvalue {%s, i32} %s, 0' % (ft, v)), 42)
            for to in (8, 13, 32, 64):
                for name in ('fptosi', 'fptoui'):
                    m.show(call('i%d' % to, '%s.sat.i%d.%s' % (name, to, suffix), (ft, x)), to, 43)
            for k in (-3, 5, 20):
                show(call(ft, 'ldexp.%s.i32' % suffix, (ft, x), ('i32', k)), 44)
                if ft != 'half':  # LLVM rounds each product
                    show(call(ft, 'powi.%s.i32' % suffix, (ft, x), ('i32', k)), 45)
            for mask in (3, 0x204, 0x1f8, 0x90, 0x60):
                m.show(call('i1', 'is.fpclass.%s' % suffix, (ft, x), ('i32', mask)), 1, 46)
            if bits in (32, 64):
                m.show(call('i16', 'convert.to.fp16.%s' % suffix, (ft, x)), 16, 47)
        m.end_function()
        for k in (-2.5, 1.5, 1e4):
            d = m.op('fadd double %s, %f' % (m.op('bitcast i64 %s to double' % m.value(64, 0)), k))
            x = d if ft == 'double' else m.op('%s double %s to %s' % ('fptrunc' if bits < 64 else 'fpext', d, ft))
            for name in ('lrint', 'llrint', 'lround', 'llround'):
                m.show(call('i64', '%s.i64.%s' % (name, suffix), (ft, x)), 64, 50)
        two = ['pow', 'atan2', 'minnum', 'maxnum', 'copysign', 'minimumnum', 'maximumnum', 'minimum', 'maximum']
        # LLVM cannot select the others
        two = two[:{'x86_fp80': 7, 'fp128': 5}.get(ft, 9)]
        for i, name in enumerate(two):
            all_values = list(values())
            for x in all_values[::2]:
                for y in all_values:
                    if name in ('minnum', 'maxnum') and x == all_values[-1] or y == all_values[-1]:
                        continue  # C's functions differ between signaling NaNs
                    v = call(ft, '%s.%s' % (name, suffix), (ft, x), (ft, y))
                    if name in ('minnum', 'maxnum'):  # of zeros either
                        v = m.op('fadd %s %s, %s' % (ft, v, all_values[0]))
                    show(v, 60 + i)
            m.end_function()
        for x in values():
            for name in ('fma', 'fmuladd'):
                show(call(ft, '%s.%s' % (name, suffix), (ft, x), (ft, x), (ft, x)), 70)
        m.end_function()
    for k in (0, 0x8001, 0x3c00, 0x7bff, 0x7c00, 0x7e00):
        show_float(m, call('float', 'convert.from.fp16.f32', ('i16', m.value(16, k))), 'float', 32, 80)
    for name in ('sshl.sat', 'ushl.sat'):
        for w in (3, 5, 8, 16, 24, 32, 63, 64):
            for k in INTEGERS(w):
                for n in (0, 1, w // 2, w - 1):
                    m.show(call('i%d' % w, '%s.i%d' % (name, w), ('i%d' % w, m.value(w, k)), ('i%d' % w, m.value(w, n))),
                           w, 81)
    m.end_function()
    return m.text()


def nested(n):
    """A value of a type that is nested n deep, structs and arrays in turn: constant, in memory, as argument and
    result."""
    value = '%t0 { i32 7, double 2.5 }'
    out = ['%t0 = type { i32, double }', '@format = private constant [7 x i8] c"%d %g\\0A\\00"',
           'declare i32 @printf(ptr, ...)']
    for k in range(1, n):
        form = '{ %s }' if k % 3 else '[1 x %s]'
        out.append('%%t%d = type %s' % (k, form % ('%%t%d' % (k - 1))))
        value = '%%t%d %s' % (k, ('{ %s }' if k % 3 else '[ %s ]') % value)
    whole = '%%t%d' % (n - 1)
    parts, steps = ', 0' * (n - 1), ', i32 0' * n
    out.append('@data = global ' + value)
    out.append('define %s @same(%s %%x) {\n ret %s %%x\n}' % (whole, whole, whole))
    out.append('define i32 @main() {\n %%p = alloca %s\n %%v1 = load %s, ptr @data' % (whole, whole))
    out.append(' %%v2 = insertvalue %s %%v1, i32 9%s, 0' % (whole, parts))
    out.append(' %%v3 = call %s @same(%s %%v2)\n %%v4 = call %s @same(%s)' % (whole, whole, whole, value))
    for v in range(1, 5):
        out.append(' store %s %%v%d, ptr %%p' % (whole, v))
        out.append(' %%q%d = getelementptr %s, ptr %%p%s, i32 1' % (v, whole, steps))
        out.append(' %%d%d = load double, ptr %%q%d' % (v, v))
        out.append(' %%i%d = extractvalue %s %%v%d%s, 0' % (v, whole, v, parts))
        out.append(' call i32 (ptr, ...) @printf(ptr @format, i32 %%i%d, double %%d%d)' % (v, v))
    return '\n'.join(out + [' ret i32 0\n}\n'])


# Lanes, the number of them in a whole vector and in a part, and where the parts are.
PARTS = [
    ('i8', 16, 8, (0, 8)), ('i8', 8, 4, (0, 4)), ('i8', 32, 16, (0, 16)), ('i8', 64, 16, (16, 48)),
    ('i16', 8, 2, (0, 2, 6)), ('i32', 4, 2, (0, 2)), ('i32', 8, 4, (0, 4)), ('i32', 6, 3, (0, 3)),
    ('i64', 2, 1, (0, 1)), ('float', 8, 2, (2, 6)), ('double', 4, 4, (0,)), ('i1', 16, 8, (0, 8)),
    ('i1', 8, 4, (4,)), ('ptr', 4, 2, (2,))]

PARTS_HEAD = '''\
target triple = "x86_64-pc-linux-gnu"
@d = private unnamed_addr constant [6 x i8] c"%02x \\00"
@n = private unnamed_addr constant [2 x i8] c"\\0A\\00"
@a = global [256 x i8] zeroinitializer, align 64
@o = global [64 x i8] zeroinitializer, align 64
declare i32 @printf(ptr, ...)
'''

PARTS_SHOW = '''\
define void @show() {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %j, %loop ]
  %at = getelementptr i8, ptr @o, i64 %i
  %c = load i8, ptr %at
  %z = zext i8 %c to i32
  call i32 (ptr, ...) @printf(ptr @d, i32 %z)
  store i8 0, ptr %at
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 64
  br i1 %more, label %loop, label %end
end:
  call i32 (ptr, ...) @printf(ptr @n)
  ret void
}
'''

PARTS_MAIN = '''\
define i32 @main() {
  br label %fill
fill:
  %i = phi i64 [ 0, %0 ], [ %j, %fill ]
  %at = getelementptr i8, ptr @a, i64 %i
  %x = mul i64 %i, 37
  %y = add i64 %x, 11
  %c = trunc i64 %y to i8
  store i8 %c, ptr %at
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, 256
  br i1 %more, label %fill, label %run
run:
'''


def parts():
    """Parts of vectors, llvm.vector.extract and llvm.vector.insert: of one register and of several, of whole registers and
    of pieces, of masks, into vectors that are defined and into one that is not."""
    declared, functions, n = [], [], 0
    for lane, whole_lanes, part_lanes, places in PARTS:
        suffix = {'float': 'f32', 'double': 'f64', 'ptr': 'p0'}.get(lane, lane)
        whole, part = '<%d x %s>' % (whole_lanes, lane), '<%d x %s>' % (part_lanes, lane)
        names = 'v%d%s.v%d%s' % (part_lanes, suffix, whole_lanes, suffix), 'v%d%s.v%d%s' % (whole_lanes, suffix, part_lanes, suffix)
        extract, insert = '%s @llvm.vector.extract.%s(%s' % (part, names[0], whole), '%s @llvm.vector.insert.%s(%s' % (whole, names[1], whole)
        declared += ['declare %s, i64)' % extract, 'declare %s, %s, i64)' % (insert, part)]
        for at in places:
            functions.append('''define void @f{n}() {{
  %v = load {whole}, ptr @a, align 64
  %w = load {part}, ptr getelementptr (i8, ptr @a, i64 128), align 64
  %e = call {extract} %v, i64 {at})
  store {part} %e, ptr @o, align 64
  call void @show()
  %r = call {insert} %v, {part} %w, i64 {at})
  store {whole} %r, ptr @o, align 64
  call void @show()
  %u = call {insert} poison, {part} %e, i64 {at})
  %b = call {extract} %u, i64 {at})
  store {part} %b, ptr @o, align 64
  call void @show()
  ret void
}}'''.format(n=n, whole=whole, part=part, extract=extract, insert=insert, at=at))
            n += 1
    calls = ''.join('  call void @f%d()\n' % i for i in range(n))
    return '%s%s\n%s%s\n%s%s  ret i32 0\n}\n' % (PARTS_HEAD, '\n'.join(declared), PARTS_SHOW, '\n'.join(functions), PARTS_MAIN, calls)


def atomic_flags():
    """Conditions of what memory has after an atomic operation, and bits of what it had: intrinsics that LLVM's own code
    generator puts into a module, so that modules have them from which code was made before."""
    m = Module()
    for w in 8, 16, 32, 64:
        memory = m.op('alloca i%d' % w)

        def shown(v, bits, tag):
            m.show(v, bits, tag)
            m.show(m.op('load i%d, ptr %s' % (w, memory)), w, tag)
        for a in values(w):
            for b in values(w)[::2]:
                for op in 'add', 'sub', 'and', 'or', 'xor':
                    m.declare('declare i8 @llvm.x86.atomic.%s.cc.i%d(ptr, i%d, i32 immarg)' % (op, w, w))
                    for condition in (4, 5, 8, 9) + ((0, 2, 15) if op in ('add', 'sub') else ()):
                        m.emit('store i%d %d, ptr %s' % (w, a, memory))
                        shown(m.op('call i8 @llvm.x86.atomic.%s.cc.i%d(ptr %s, i%d %s, i32 %d)' %
                                   (op, w, memory, w, m.value(w, b), condition)), 8, condition)
            for op in ('bts', 'btr', 'btc') if w > 8 else ():
                m.declare('declare i%d @llvm.x86.atomic.%s.i%d(ptr, i8 immarg)' % (w, op, w))
                m.declare('declare i8 @llvm.x86.atomic.%s.rm.i%d(ptr, i%d)' % (op, w, w))
                for bit in 0, 7, w - 1:
                    m.emit('store i%d %d, ptr %s' % (w, a, memory))
                    shown(m.op('call i%d @llvm.x86.atomic.%s.i%d(ptr %s, i8 %d)' % (w, op, w, memory, bit)), w, 20)
                    shown(m.op('call i8 @llvm.x86.atomic.%s.rm.i%d(ptr %s, i%d %s)' % (op, w, memory, w, m.value(w, bit))), 8, 21)
        m.end_function()
    return m.text()


def modules():
    """Name and text of each."""
    yield 'arithmetic-small', arithmetic([w for w in WIDTHS if w <= 17])
    yield 'arithmetic-middle', arithmetic([w for w in WIDTHS if 17 < w <= 64])
    yield 'arithmetic-wide', arithmetic([w for w in WIDTHS if w > 64])
    yield 'casts-small', casts([w for w in WIDTHS if w <= 32])
    yield 'casts-wide', casts([w for w in WIDTHS if w > 32])
    yield 'memory', memory(WIDTHS)
    yield 'overflow', overflow([w for w in WIDTHS if w <= 65])
    yield 'overflow-wide', overflow((129, 137, 192, 256))
    yield 'overflow-vectors', overflow_of_vectors()
    yield 'division-wide', arithmetic((129, 192))
    yield 'integer-intrinsics', integer_intrinsics(WIDTHS)
    yield 'integer-intrinsics-wide', integer_intrinsics((129, 144, 256))
    yield 'float-intrinsics', float_intrinsics()
    yield 'x87-classes', x87_classes()
    yield 'all-floats', all_floats()
    yield 'nested', nested(2000)
    yield 'parts', parts()
    yield 'atomic-flags', atomic_flags()
