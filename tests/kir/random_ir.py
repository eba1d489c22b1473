"""Random functions as Python objects, and their text: what random_gen.py makes, random_eval.py runs
and random_reduce.py cuts down.

Operands are tuples: ('v', value), ('c', bits, type), ('s', slot), ('g', symbol, addend),
('f', function), ('b', function, block). The type 'ptr' is an i64 that is an address: it never flows
into what is observed, since addresses differ from run to run."""
from gen_base import WIDTH, signed

FLOATS = ('f32', 'f64')
INTS = ('i8', 'i16', 'i32', 'i64', 'i128')
SIZE = {'i8': 1, 'i16': 2, 'i32': 4, 'i64': 8, 'ptr': 8, 'i128': 16, 'f32': 4, 'f64': 8}


def typ(t):
    return 'i64' if t == 'ptr' else t


class Ins:
    """One instruction. `x` is what the operation has besides operands: a condition, the type it is
    converted from, a displacement and flags, a callee's signature. `res` are (value, type)."""

    def __init__(self, op, t, args, x=None, res=()):
        self.op, self.t, self.args, self.x, self.res = op, t, list(args), x, list(res)
        self.edges = []  # of a terminator: [block, [operands]]

    def copy(self):
        c = Ins(self.op, self.t, self.args, self.x, self.res)
        c.edges = [[b, list(a)] for b, a in self.edges]
        return c


class Block:
    def __init__(self, name, params=()):
        self.name, self.params, self.ins, self.term = name, list(params), [], None

    def copy(self):
        c = Block(self.name, self.params)
        c.ins = [i.copy() for i in self.ins]
        c.term = self.term.copy()
        return c


class Func:
    """`params` are (type, attribute), `regs` the values of the entry's parameters."""

    def __init__(self, name, params, results, variadic=False):
        self.name, self.params, self.results = name, list(params), list(results)
        self.variadic = variadic
        self.slots = []   # [size, align]
        self.blocks = {}
        self.order = []   # as printed; the entry is first
        self.regs = []

    def copy(self):
        c = Func(self.name, self.params, self.results, self.variadic)
        c.slots = [list(s) for s in self.slots]
        c.blocks = {n: b.copy() for n, b in self.blocks.items()}
        c.order = list(self.order)
        c.regs = list(self.regs)
        return c

    def signature(self):
        params = [typ(t) + (' ' + a if a else '') for t, a in self.params]
        if self.variadic:
            params.append('...')
        return '(%s)%s' % (', '.join(params),
                           ' -> ' + ', '.join(map(typ, self.results)) if self.results else '')


class Data:
    """`content` is bytes, None (zeros that functions write first) or a list of block operands."""

    def __init__(self, name, size, content, readonly=False, align=8):
        self.name, self.size, self.content = name, size, content
        self.readonly, self.align, self.linkage = readonly, align, 'internal '


class Program:
    """Functions (the last one is called from outside), data, and vectors of arguments."""

    def __init__(self, seed):
        self.seed, self.funcs, self.data = seed, [], []
        self.vectors = []  # (arguments' bits, result's bits or None for any NaN)

    def copy(self):
        c = Program(self.seed)
        c.funcs = [f.copy() for f in self.funcs]
        c.data = list(self.data)
        c.vectors = list(self.vectors)
        return c


# ---- text ----

def operand(o, t, func=None):
    k = o[0]
    if k == 'v':
        return 'v%d' % o[1]
    if k == 's':
        return 'slot%d' % o[1]
    if k == 'g':
        return '@%s%+d' % (o[1], o[2]) if o[2] else '@' + o[1]
    if k == 'f':
        return '@' + o[1]
    if k == 'b':
        return '@%s:%s' % (o[1], o[2])
    bits = o[1]
    if t in FLOATS:
        return '%s 0x%x' % (t, bits)
    s = signed(bits, WIDTH[typ(t)])
    if t == 'i128' and not -(1 << 63) <= s < 1 << 63:
        return 'i128 0x%x' % bits
    return str(s) if abs(s) < 1 << 40 or s < 0 else '0x%x' % bits


def disp(d):
    return ' + %d' % d if d > 0 else ' - %d' % -d if d < 0 else ''


def edge(e, f):
    block, args = e
    if not args:
        return block
    types = [t for _, t in f.blocks[block].params]
    return '%s(%s)' % (block, ', '.join(operand(a, t) for a, t in zip(args, types)))


# Operations whose operands are not all of the instruction's type: their types.
ARGS = {
    'icmp': lambda i: [i.t, i.t], 'fcmp': lambda i: [i.t, i.t], 'select': lambda i: ['i8', i.t,
                                                                                     i.t],
    'memcpy': lambda i: ['ptr', 'ptr', 'i64'], 'memmove': lambda i: ['ptr', 'ptr', 'i64'],
    'memset': lambda i: ['ptr', 'i8', 'i64'], 'call': lambda i: i.x['types'],
    'salloc': lambda i: ['i64'], 'stack_restore': lambda i: ['ptr'], 'load': lambda i: ['ptr'],
    'store': lambda i: [i.t, 'ptr'], 'addr': lambda i: ['ptr', 'i64'],
    'atomic_load': lambda i: ['ptr'], 'atomic_store': lambda i: [i.t, 'ptr'],
    'atomic_rmw': lambda i: ['ptr', i.t], 'atomic_cas': lambda i: ['ptr', i.t, i.t],
    'life_start': lambda i: ['ptr'], 'life_end': lambda i: ['ptr'], 'prefetch': lambda i: ['ptr'],
    'va_start': lambda i: ['ptr'], 'va_end': lambda i: ['ptr'],
    'va_arg': lambda i: ['ptr'], 'va_copy': lambda i: ['ptr', 'ptr'],
    'brif': lambda i: ['i8'], 'br': lambda i: [], 'brind': lambda i: ['ptr'],
    'ret': lambda i: i.x, 'switch': lambda i: [i.t],
}
CONVERSIONS = ('trunc', 'zext', 'sext', 'fdemote', 'fpromote', 'ftosi', 'ftoui', 'ftosis', 'ftouis',
               'sitof', 'uitof', 'bitcast')


def arg_types(i):
    if i.op in CONVERSIONS:
        return [i.x]
    if i.op in ARGS:
        return ARGS[i.op](i)
    return [i.t] * len(i.args)


def ins_text(i, f):
    a = [operand(o, t) for o, t in zip(i.args, arg_types(i))]
    t = '.' + typ(i.t) if i.t else ''
    x = i.x
    lead = 'v%d = ' % i.res[0][0] if i.res else ''
    if i.op == 'load':
        ext = ' %s %s' % (x['ext'], x['mem']) if x.get('ext') else ''
        body = 'load%s%s %s%s%s' % (t, ext, a[0], disp(x['disp']), flags(x))
    elif i.op == 'store':
        body = 'store%s %s, %s%s%s' % (t, a[0], a[1], disp(x['disp']), flags(x))
    elif i.op == 'addr':
        body = 'addr ' + a[0]
        if len(a) > 1:
            body += ' + %s*%d' % (a[1], x['scale'])
        body += disp(x['disp'])
    elif i.op in ('icmp', 'fcmp'):
        body = '%s%s %s %s' % (i.op, t, x, ', '.join(a))
    elif i.op in CONVERSIONS:
        body = '%s%s %s %s' % (i.op, t, x, a[0])
    elif i.op == 'call':
        args = a[:x['fixed']] + ['%s %s' % (typ(k), o) if c[0] == 'v' else o for k, o, c in
                                 list(zip(x['types'], a, i.args))[x['fixed']:]]
        callee = operand(x['callee'], 'ptr')
        body = 'call %s(%s)' % (callee, ', '.join(args))
        if x['callee'][0] != 'f':
            body += ' as ' + x['sig']
    elif i.op == 'salloc':
        body = 'salloc %s align %d' % (a[0], x)
    elif i.op == 'atomic_rmw':
        body = 'atomic_rmw%s %s %s %s' % (t, x[0], x[1], ', '.join(a))
    elif i.op == 'atomic_cas':
        body = 'atomic_cas%s %s %s %s' % (t, x[0], x[1], ', '.join(a))
    elif i.op in ('atomic_load', 'atomic_store'):
        body = '%s%s %s %s' % (i.op, t, x, ', '.join(a))
    elif i.op == 'fence':
        body = 'fence ' + x
    elif i.op == 'br':
        body = 'br ' + edge(i.edges[0], f)
    elif i.op == 'brif':
        body = 'brif %s, %s, %s' % (a[0], edge(i.edges[0], f), edge(i.edges[1], f))
    elif i.op == 'switch':
        w = WIDTH[i.t]
        body = 'switch%s %s, %s [%s]' % (t, a[0], edge(i.edges[0], f), ', '.join(
            '%d: %s' % (signed(v, w), edge(e, f)) for v, e in zip(x, i.edges[1:])))
    elif i.op == 'brind':
        body = 'brind %s [%s]' % (a[0], ', '.join(edge(e, f) for e in i.edges))
    elif i.op == 'ret':
        body = 'ret ' + ', '.join(a) if a else 'ret'
    elif i.op in ('memcpy', 'memmove', 'memset', 'stack_save', 'stack_restore', 'life_start',
                  'life_end', 'prefetch', 'va_start', 'va_end', 'va_copy', 'unreachable', 'trap'):
        body = ('%s %s' % (i.op, ', '.join(a))).rstrip()
    else:
        body = '%s%s %s' % (i.op, t, ', '.join(a))
    lines = ['  ' + lead + body]
    for n, (v, _) in enumerate(i.res[1:], 1):
        lines.append('  v%d = result %d of v%d' % (v, n, i.res[0][0]))
    return lines


def flags(x):
    s = ' align %d' % x['align'] if x.get('align') else ''
    return s + (' volatile' if x.get('volatile') else '')


def hardening(f):
    """Directives of a function, chosen by its shape alone: smaller programs that a reduction tries have others."""
    choice = 5 * len(f.slots) + 3 * len(f.params) + len(f.blocks)
    out = []
    if choice % 4 == 1:
        out.append('  !probe %d' % (4096, 64, 16)[choice // 4 % 3])
    if choice % 5 < 3:
        out.append('  !guard ' + ('arrays', 'addresses', 'always')[choice % 5])
    return out


def func_text(f, internal):
    out = ['func %s@%s%s {' % ('internal ' if internal else '', f.name, f.signature())] + hardening(f)
    for n, (size, align) in enumerate(f.slots):
        out.append('  slot%d = slot %d align %d%s' % (n, size, align, ' array' if size % 3 == 1 else ''))
    for name in f.order:
        b = f.blocks[name]
        out.append(name + ('(%s)' % ', '.join('v%d: %s' % (v, typ(t)) for v, t in b.params)
                           if b.params else '') + ':')
        for i in b.ins:
            out += ins_text(i, f)
        out += ins_text(b.term, f)
    return out + ['}']


def data_text(d):
    head = 'data %s@%s align %d%s { ' % (d.linkage, d.name, d.align, ' readonly' if d.readonly
                                         else '')
    if d.content is None:
        return head + 'zero %d }' % d.size
    if isinstance(d.content, list):
        return head + ', '.join('addr ' + operand(o, 'ptr') for o in d.content) + ' }'
    return head + 'i8 ' + ', '.join(map(str, d.content)) + ' }'


def number(bits, t):
    """For a run line."""
    return 'nan' if bits is None or nan_bits(bits, t) else '0x%x' % bits


def nan_bits(bits, t):
    return t == 'f32' and bits & 0x7fffffff > 0x7f800000 or \
        t == 'f64' and bits & (1 << 63) - 1 > 0x7ff << 52


def program_text(p):
    top = p.funcs[-1]
    out = ['; seed %d' % p.seed]
    out += [data_text(d) for d in p.data]
    for n, f in enumerate(p.funcs):
        out += func_text(f, n % 2 == 1 and f is not top)
    for args, want in p.vectors:
        out.append('; run: @%s(%s) == %s' % (
            top.name, ', '.join(number(a, t) for a, (t, _) in zip(args, top.params)),
            number(want, top.results[0])))
    return out
