"""The rows: small functions, one for each operation, type and placement of operands that lowerings tell apart. They are
made from the tables of operations and shapes, so that a new operation without rows is noticed (missing).

A row's name begins with operation and type; what follows is the placement."""
import re

import instructions
from special import ABSENT, SPECIAL, WITNESSED  # noqa: F401
from tables import FCOND, FLT, ICOND, INT, INT64, OPS, RMW, WIDTH, lowered

ORDERS = ['relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']
SHIFTS = {'shl', 'lshr', 'ashr', 'rotl', 'rotr', 'fshl', 'fshr'}
DIVISIONS = {'udiv', 'sdiv', 'urem', 'srem'}
# Operations that no row has, and why. docs/proof.md repeats it.
LEFT_OUT = {
    'none': 'no operation', 'param': 'no code', 'seg': 'no code', 'upper': 'no code', 'unreachable': 'undefined',
    'get_pinned': 'the rows are functions of a module that pins no register', 'set_pinned': 'the same',
}


# Types that a target has for conversions alone.
NO_ROWS = {'f16'}


class Row:
    """`text`: functions, with @ROW as the first one's name. `operands`: only operands, order and width are proved."""
    __slots__ = ('name', 'text', 'op', 'type', 'operands')

    def __init__(self, name, text, op, type_, operands=False):
        self.name, self.text, self.op, self.type, self.operands = name, text, op, type_, operands

    def witnessed(self):
        return self.op in WITNESSED

    def kind(self):
        """integer, float, vector or instruction."""
        if self.op in instructions.OPERATIONS:
            return 'instruction'
        words = set(self.name.replace('.', ' ').replace(',', ' ').split())
        if self.op.startswith('v') and self.op in OPS and OPS[self.op].kind[0] == 'V':
            return 'vector'
        if self.op in OPS and (OPS[self.op].kind == 'FLT' or OPS[self.op].shape.name in ('CONV_FI', 'CONV_IF')):
            return 'float'
        return 'vector' if self.type[:1] == 'v' else 'float' if self.type[:1] == 'f' or words & {'f32', 'f64'} else 'integer'


def function(params, results, body, unwinds=False):
    """`params`: types of v0, v1, ..., and `...`; `body`: lines of the entry block, and of others after them."""
    head = 'func @ROW(%s)%s%s {' % (', '.join(params), ' -> ' + ', '.join(results) if results else '',
                                    ' personality @personality' if unwinds else '')
    params = [p for p in params if p != '...']
    block = 'b0(%s):' % ', '.join('v%d: %s' % (i, p.split()[0]) for i, p in enumerate(params)) if params else 'b0:'
    return '\n'.join([head, block, *('  ' + line if not line.endswith(':') else line for line in body), '}'])


class Maker:
    def __init__(self, target):
        self.target, self.types, self.rows = target, lowered(target), []
        self.values = self.types - NO_ROWS

    def add(self, op, type_, placement, params, results, body, operands=False, unwinds=False):
        name = ' '.join(x for x in ('%s.%s' % (op, type_) if type_ else op, placement) if x)
        self.rows.append(Row(name, function(params, results, body, unwinds), op, type_, operands))


# ---- constants ----

def unique(values, w):
    out, seen = [], set()
    for v in values:
        v &= (1 << w) - 1
        if v not in seen:
            seen.add(v)
            out.append(v - (1 << w) if v >> (w - 1) and v >= (1 << w) - (1 << 31) else v)
    return out


def constants(op, w):
    """Where encodings of immediates end, on either target, and what lowerings look for: powers of two, masks."""
    if op in SHIFTS:
        return unique([0, 1, 3, 8, w // 2, w - 8, w - 1, w, w + 1], w)
    if op in DIVISIONS:
        return unique([0, 1, -1, 2, -2, 3, 5, 7, -7, 8, 10, 100, 127, 128, 255, 641, 1000, 65535, 1 << (w - 1), (1 << (w - 1)) - 1], w)
    if op in ('mul', 'umulh', 'smulh', 'smulo', 'umulo'):
        return unique([0, 1, -1, 2, 3, 5, 8, 9, 10, 100, 127, 128, -128, 4096, 1 << 31, (1 << 31) - 1, 1 << (w - 1)], w)
    return unique([0, 1, -1, 2, 5, 127, 128, -128, -129, 255, 256, 0xff00, 0xffff, 4095, 4096, -4096, 0xfff000, 0x1000000,
                   (1 << 31) - 1, 1 << 31, -(1 << 31), (1 << 32) - 1, 1 << 32, 0x5555555555555555, 0x00ff00ff00ff00ff,
                   0x123456789abcdef, 1 << (w - 1), (1 << (w - 1)) - 1], w)


def literal(value, type_):
    """A constant as text; the type is needed where more than 64 bits are."""
    return '%s %#x' % (type_, value) if type_ == 'i128' and not -(1 << 63) <= value < 1 << 63 else str(value)


FLOAT_CONSTANTS = {'f32': ['f32 0.0', 'f32 -0.0', 'f32 1.5'], 'f64': ['f64 0.0', 'f64 -0.0', 'f64 1.5'],
                   'f128': ['f128 0x3fff0000000000000000000000000000']}


# ---- operations of values ----

def plain(m, op, type_, n, inst, results=None, operands=False, consts=None, source=None):
    """Rows of an operation with n operands of a type. inst(operands): its line, which makes v10. `consts`: of the last
    operand. `results`: types of what is returned."""
    results = results or [type_]
    s = source or type_
    r = results[0]
    back = ['ret v10']

    def add(placement, params, before, ops, after=None, res=None):
        m.add(op, type_, placement, params, res or results, [*before, inst(ops), *(after or back)], operands)

    names = ['v%d' % i for i in range(n)]
    add('registers', [s] * n, [], names)
    if n > 1:
        add('registers, swapped', [s] * n, [], names[::-1])
        add('the same twice', [s], [], ['v0'] * n)
        if s != 'i128':
            other = ['i64', *[s] * (n + 1)]
            add('other registers', other, [], ['v%d' % (n + 1 - i) for i in range(n)])
        if s != 'i128' and s in INT:
            add('late registers', ['i64', 'i64', *[s] * n], [], ['v%d' % (2 + i) for i in range(n)])
            add('late registers, swapped', ['i64', 'i64', *[s] * n], [], ['v%d' % (1 + n - i) for i in range(n)])
    for k in range(n):
        if r != 'i8' or s == 'i8':
            add('operand %d lives' % k, [*[s] * n, 'i64'], [], names, ['store.%s v%d, v%d + 8' % (s, k, n), 'ret v10'])
        ops = ['v8' if i == k else 'v%d' % (i + 1) for i in range(n)]
        add('operand %d loaded' % k, ['i64', *[s] * n], ['v8 = load.%s v0 + 16' % s], ops)
        if s == 'i128':  # in the frame, wherever it comes from
            continue
        add('operand %d loaded, global' % k, ['i64', *[s] * n], ['v8 = load.%s @g + 32' % s], ops)
        add('operand %d loaded, index' % k, ['i64', *[s] * n, 'i64'][:6], ['v7 = addr v0 + v%d*8 + 24' % (min(n + 1, 5)), 'v8 = load.%s v7' % s], ops)
    add('spilled', [s] * n, ['call @f()'], names)
    add('homes', [s] * n, ['br b1', 'b1:'], names)
    if s != 'i128':
        add('homes over a call', [s] * n, ['call @f()', 'br b1', 'b1:'], names)
    if r in INT64 + ['f32', 'f64']:
        add('result is an argument', [s] * n, [], names, ['call @use(v10) as (%s)' % r, 'ret v10'])
    add('result is stored', [*[s] * n, 'i64'], [], names, ['store.%s v10, v%d' % (r, n), 'ret v10'])
    if n == 1:
        add('result unread', [s] * n, [], names, ['ret v0'], res=[s])
    if n == 2 and r == s and s in INT64 + ['f32', 'f64']:  # the result's register is that of the second operand
        call = ['v11 = call @h(v0, v10) as (%s, %s) -> %s' % (s, s, s), 'ret v11']
        add('result is where operand 1 was', [s] * 2, [], names, call)
        if s in INT64:
            add('result is where operand 1 was loaded', [s, 'i64'], ['v8 = load.%s v1 + 16' % s], ['v0', 'v8'], call)
            for c in (consts or [])[2:6]:
                add('operand 0 lives, last operand %s' % c, [s, 'i64'], [], ['v0', c], ['store.%s v0, v1 + 8' % s, 'ret v10'])
    for c in consts or []:
        add('last operand %s' % c, [s] * (n - 1), [], [*names[:-1], c])
        if n == 2 and (op not in DIVISIONS):
            add('first operand %s' % c, [s], [], [c, 'v0'])
    if n == 2 and op in DIVISIONS:
        for c in ('0', '1', '-1', '100'):
            add('first operand %s' % c, [s], [], [c, 'v0'])


def integers(m, op):
    for type_ in OPS[op].types:
        w = WIDTH[type_]
        consts = [literal(v, type_) for v in constants(op, w)][::2 if w == 128 else 1]
        n = {'UN': 1, 'BIN': 2, 'TERN': 3}[OPS[op].shape.name]
        if 'FLAG' in OPS[op].effects:
            overflow(m, op, type_, consts)
            continue
        plain(m, op, type_, n, lambda ops, o=op, t=type_: 'v10 = %s.%s %s' % (o, t, ', '.join(ops)),
              consts=consts if n > 1 else [])


def overflow(m, op, type_, consts):
    """The value, the flag, both, and a branch on the flag."""
    for result, what in (('v10', 'value'), ('v11', 'flag')):
        def inst(ops, result=result):
            return '\n  '.join(['v9 = %s.%s %s' % (op, type_, ', '.join(ops)), 'v11 = result 1 of v9', 'v10 = copy.%s %s' % (
                type_ if result == 'v10' else 'i8', 'v9' if result == 'v10' else 'v11')])
        r = type_ if result == 'v10' else 'i8'
        few = consts if what == 'flag' else consts[:6]
        for placement, params, before, ops in [
                ('registers', [type_] * 2, [], ['v0', 'v1']), ('the same twice', [type_], [], ['v0', 'v0']),
                ('late registers', ['i64'] * 2 + [type_] * 2, [], ['v3', 'v2']),
                ('operand 1 loaded', ['i64', type_], ['v8 = load.%s v0 + 8' % type_], ['v1', 'v8']),
                ('spilled', [type_] * 2, ['call @f()'], ['v0', 'v1']),
                *[('last operand %s' % c, [type_], [], ['v0', c]) for c in few]]:
            m.add(op, type_, '%s, %s' % (what, placement), params, [r], [*before, inst(ops), 'ret v10'])
    head = ['v9 = %s.%s v0, v1' % (op, type_), 'v11 = result 1 of v9']
    m.add(op, type_, 'both', [type_, type_, 'i64'], ['i8'], [*head, 'store.%s v9, v2' % type_, 'ret v11'])
    m.add(op, type_, 'branch', [type_] * 2, ['i32'], [*head, 'brif v11, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
    m.add(op, type_, 'branch, value read', [type_] * 2, [type_],
          [*head, 'brif v11, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret v9'])
    m.add(op, type_, 'select', [type_] * 2, [type_], [*head, 'v12 = select.%s v11, v0, v9' % type_, 'ret v12'])


# ---- comparisons ----

def comparisons(m, op):
    conditions = ICOND if op == 'icmp' else FCOND
    for type_ in OPS[op].types:
        if type_ not in m.values:
            continue
        for k in conditions:
            line = 'v9 = %s.%s %s {}, {}' % (op, type_, k)
            places = [('registers', [type_] * 2, [], 'v0', 'v1'), ('the same twice', [type_], [], 'v0', 'v0'),
                      ('operand 0 loaded', ['i64', type_], ['v8 = load.%s v0 + 8' % type_], 'v8', 'v1'),
                      ('operand 1 loaded', ['i64', type_], ['v8 = load.%s v0 + 8' % type_], 'v1', 'v8'),
                      ('spilled', [type_] * 2, ['call @f()'], 'v0', 'v1')]
            if op == 'icmp':
                values = unique([0, 1, -1, 5, 127, 128, -128, 4095, 4096, -5, 1 << 31, 1 << (WIDTH[type_] - 1), 0x123456789abcdef], WIDTH[type_])
                places += [('constant %d' % c, [type_], [], 'v0', literal(c, type_)) for c in (values[:4] if type_ == 'i128' or k not in ('slt', 'ugt', 'eq') else values)]
                places += [('first constant 5', [type_], [], '5', 'v0'),
                           ('loaded, constant 5', ['i64'], ['v8 = load.%s v0 + 8' % type_], 'v8', '5')]
            else:
                places += [('constant %s' % c, [type_], [], 'v0', c) for c in FLOAT_CONSTANTS.get(type_, [])]
            for placement, params, before, a, b in places:
                compared(m, op, type_, '%s, %s' % (k, placement), params, [*before, line.format(a, b)])


def compared(m, op, type_, placement, params, body):
    """A comparison, v9, as a value, a branch and the condition of selections."""
    n = len(params)
    m.add(op, type_, placement + ', value', params, ['i8'], [*body, 'ret v9'])
    m.add(op, type_, placement + ', branch', params, ['i32'], [*body, 'brif v9, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
    m.add(op, type_, placement + ', select', [*params, 'i64', 'i64'], ['i64'],
          [*body, 'v10 = select.i64 v9, v%d, v%d' % (n, n + 1), 'ret v10'])
    if type_ == 'i128' and 'registers' not in placement:
        return
    m.add(op, type_, placement + ', select constant', [*params, 'i64'], ['i32'],
          [*body, 'v11 = select.i32 v9, 9, 7', 'ret v11'])
    if 'constant' in placement and not placement.endswith(' 0') or type_ == 'i128' and 'registers' not in placement:
        return
    m.add(op, type_, placement + ', select f64', [*params, 'f64', 'f64'], ['f64'],
          [*body, 'v10 = select.f64 v9, v%d, v%d' % (n, n + 1), 'ret v10'])
    m.add(op, type_, placement + ', branch behind zext', params, ['i32'],
          [*body, 'v10 = zext.i32 i8 v9', 'v11 = icmp.i32 eq v10, 0', 'brif v11, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
    m.add(op, type_, placement + ', select behind zext', [*params, 'i64', 'i64'], ['i64'],
          [*body, 'v10 = zext.i64 i8 v9', 'v11 = icmp.i64 ne v10, 0', 'v12 = select.i64 v11, v%d, v%d' % (n, n + 1), 'ret v12'])


def select(m, op):
    for type_ in OPS[op].types:
        if type_ not in m.values:
            continue
        line = ['v10 = select.%s v0, v1, v2' % type_, 'ret v10']
        m.add(op, type_, 'registers', ['i8', type_, type_], [type_], line)
        m.add(op, type_, 'spilled', ['i8', type_, type_], [type_], ['call @f()', *line])
        m.add(op, type_, 'the same twice', ['i8', type_], [type_], ['v10 = select.%s v0, v1, v1' % type_, 'ret v10'])
        m.add(op, type_, 'swapped', ['i8', type_, type_], [type_], ['v10 = select.%s v0, v2, v1' % type_, 'ret v10'])
        m.add(op, type_, 'loaded', ['i64', type_, type_], [type_],
              ['v8 = load.i8 v0', 'v10 = select.%s v8, v1, v2' % type_, 'ret v10'])
        for k in (1, 2):
            m.add(op, type_, 'operand %d lives' % k, ['i8', type_, type_, 'i64'], [type_],
                  [line[0], 'store.%s v%d, v3' % (type_, k), 'ret v10'])
        if type_ in INT:
            for a, b in (('0', 'v1'), ('v1', '0'), ('1', '0'), ('0', '1'), ('-1', '0'), ('v1', '-1'), ('v1', '1234567'), ('5', 'v1')):
                m.add(op, type_, 'constants %s %s' % (a, b), ['i8', type_], [type_],
                      ['v10 = select.%s v0, %s, %s' % (type_, a, b), 'ret v10'])


# ---- conversions ----

def conversions(m, op):
    for type_ in OPS[op].types:
        for source in sources(m, op, type_):
            operands = op not in ('trunc', 'zext', 'sext', 'bitcast')
            line = 'v10 = %s.%s %s {}' % (op, type_, source)
            before = len(m.rows)
            plain(m, op, type_, 1, lambda ops, line=line: line.format(ops[0]), operands=operands, source=source)
            for row in m.rows[before:]:
                row.name = row.name.replace(' ', ' %s ' % source, 1)
            if op in ('zext', 'sext', 'trunc'):
                m.add(op, type_, source + ' constant', [], [type_], [line.format('200'), 'ret v10'])


def sources(m, op, type_):
    w = WIDTH[type_]
    ints = [s for s in INT if s in m.types]
    floats = [s for s in FLT if s in m.types]
    if type_ not in m.types:
        return []
    if op in ('zext', 'sext'):
        return [s for s in ints if WIDTH[s] < w]
    if op == 'trunc':
        return [s for s in ints if WIDTH[s] > w]
    if op in ('fdemote', 'fpromote'):
        return [s for s in floats if (WIDTH[s] > w) == (op == 'fdemote') and WIDTH[s] != w]
    if op in ('ftosi', 'ftoui', 'ftosis', 'ftouis'):
        return [s for s in floats if s not in NO_ROWS]
    if op in ('sitof', 'uitof'):
        return ints if type_ not in NO_ROWS else []
    return [s for s in [*ints, *floats, 'v64', 'v128'] if WIDTH[s] == w and s != type_]


# ---- floats ----

def floats(m, op):
    exact = op in ('fneg', 'fabs', 'fcopysign')
    for type_ in OPS[op].types:
        if type_ in m.values:
            n = {'UN': 1, 'BIN': 2, 'TERN': 3}[OPS[op].shape.name]
            plain(m, op, type_, n, lambda ops, o=op, t=type_: 'v10 = %s.%s %s' % (o, t, ', '.join(ops)),
                  operands=not exact, consts=FLOAT_CONSTANTS.get(type_, []) if n > 1 else [])


def copy(m, op):
    for type_ in OPS[op].types:
        if type_ in m.values:
            plain(m, op, type_, 1, lambda ops, t=type_: 'v10 = copy.%s %s' % (t, ops[0]))
            if type_ in INT:
                for v in constants('add', WIDTH[type_]):
                    m.add(op, type_, 'constant %d' % v, [], [type_], ['v10 = copy.%s %s' % (type_, literal(v, type_)), 'ret v10'])
            for c in FLOAT_CONSTANTS.get(type_, []):
                m.add(op, type_, 'constant %s' % c, [], [type_], ['v10 = copy.%s %s' % (type_, c), 'ret v10'])
    m.add(op, 'i64', 'symbol', [], ['i64'], ['v10 = copy.i64 @g+8', 'ret v10'])


# ---- memory ----

def addresses(n):
    """Forms of addresses: name, parameters, lines before, the address. The parameters begin at v<n>."""
    p, q = 'v%d' % n, 'v%d' % (n + 1)
    out = [('pointer', ['i64'], [], p)]
    for d in (1, 8, 127, 128, -1, -8, 255, 256, -256, -257, 4095, 4096, 32760, 65520, 1 << 20, (1 << 28) + 5, -(1 << 28)):
        out.append(('displacement %d' % d, ['i64'], [], '%s %s %d' % (p, '-' if d < 0 else '+', abs(d))))
    out += [('global', [], [], '@g'), ('global+12', [], [], '@g+12 + 4'),
            ('sum', ['i64'], ['v7 = add.i64 %s, 40' % p], 'v7 + 8'),
            ('sum of two', ['i64', 'i64'], ['v7 = add.i64 %s, %s' % (p, q)], 'v7'),
            ('two addresses', ['i64', 'i64'], ['v6 = addr %s + 16' % p, 'v7 = addr v6 + %s*4' % q], 'v7 + 4'),
            ('two indices', ['i64', 'i64'], ['v6 = addr %s + %s*8' % (p, q), 'v7 = addr v6 + %s*2' % q], 'v7'),
            ('global index', ['i64'], ['v7 = addr @g + %s*4' % p], 'v7 + 8'),
            ('extended index', ['i64', 'i32'], ['v6 = sext.i64 i32 %s' % q, 'v7 = addr %s + v6*4' % p], 'v7'),
            ('zero-extended index', ['i64', 'i32'], ['v6 = zext.i64 i32 %s' % q, 'v7 = addr %s + v6*8 + 8' % p], 'v7'),
            ('spilled', ['i64'], ['call @f()'], p + ' + 8'), ('constant', [], [], '4096')]
    for scale in (1, 2, 3, 4, 8, 16):
        out.append(('index*%d' % scale, ['i64', 'i64'], ['v7 = addr %s + %s*%d' % (p, q, scale)], 'v7'))
        out.append(('index*%d+24' % scale, ['i64', 'i64'], ['v7 = addr %s + %s*%d + 24' % (p, q, scale)], 'v7'))
    return out


def loads(m, op):
    for type_ in OPS[op].types:
        if type_ not in m.values:
            continue
        for name, params, before, address in addresses(0):
            m.add(op, type_, name, params, [type_], [*before, 'v10 = load.%s %s' % (type_, address), 'ret v10'])
            if type_ in INT64[1:]:
                for kind in ('sext', 'zext'):
                    for s in INT64:
                        if WIDTH[s] < WIDTH[type_] and (name in ('pointer', 'displacement 4096', 'global', 'index*4', 'extended index') or s == 'i8'):
                            m.add(op, type_, '%s %s, %s' % (kind, s, name), params, [type_],
                                  [*before, 'v10 = load.%s %s %s %s' % (type_, kind, s, address), 'ret v10'])
        m.add(op, type_, 'volatile', ['i64'], [type_], ['v10 = load.%s v0 volatile' % type_, 'ret v10'])
        m.add(op, type_, 'variable', [type_], [type_], ['store.%s v0, slot0' % type_, 'v10 = load.%s slot0' % type_, 'ret v10'])
        m.add(op, type_, 'variable over a call', [type_], [type_],
              ['store.%s v0, slot0' % type_, 'call @f()', 'v10 = load.%s slot0' % type_, 'ret v10'])
        m.add(op, type_, 'variable, other block', [type_, type_], [type_],
              ['store.%s v0, slot0' % type_, 'br b1', 'b1:', 'v8 = load.%s slot0' % type_, 'store.%s v1, slot0' % type_,
               'call @f()', 'ret v8'])


def stores(m, op):
    for type_ in OPS[op].types:
        if type_ not in m.values:
            continue
        for name, params, before, address in addresses(1):
            m.add(op, type_, name, [type_, *params], [], [*before, 'store.%s v0, %s' % (type_, address), 'ret'])
        values = [literal(v, type_) for v in constants('add', WIDTH[type_])] if type_ in INT else FLOAT_CONSTANTS.get(type_, [])
        for c in values:
            m.add(op, type_, 'constant %s' % c, ['i64'], [], ['store.%s %s, v0 + 8' % (type_, c), 'ret'])
            m.add(op, type_, 'constant %s, global' % c, [], [], ['store.%s %s, @g' % (type_, c), 'ret'])
        m.add(op, type_, 'to a loaded address', [type_, 'i64'], [],
              ['v8 = load.i64 v1 + 8', 'store.%s v0, v8' % type_, 'ret'])
        m.add(op, type_, 'volatile', [type_, 'i64'], [], ['store.%s v0, v1 volatile' % type_, 'ret'])
        if type_ == 'i64':
            m.add(op, type_, 'symbol', ['i64'], [], ['store.i64 @g+8, v0', 'ret'])


def addr(m, op):
    for name, params, before, address in addresses(0):
        if ' ' in address or address[0] == '@':
            continue
        m.add(op, 'i64', name, params, ['i64'], [*before, 'ret ' + address] if before and 'addr' in before[-1] else
              [*before, 'v10 = addr %s' % address, 'ret v10'])
    for scale in (0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 24, 40, 64, 255, 1000, 65535):
        for d in (0, 1, -8, 4095, 4096, 1 << 27, 1 << 30, -(1 << 31)):
            line = 'v10 = addr v0 + v1*%d %s %d' % (scale, '-' if d < 0 else '+', abs(d))
            m.add(op, 'i64', 'scale %d, %d' % (scale, d), ['i64', 'i64'], ['i64'], [line, 'ret v10'])
        m.add(op, 'i64', 'scale %d, the same twice' % scale, ['i64'], ['i64'], ['v10 = addr v0 + v0*%d + 8' % scale, 'ret v10'])
        m.add(op, 'i64', 'scale %d, operands live' % scale, ['i64', 'i64'], ['i64'],
              ['v10 = addr v0 + v1*%d + 8' % scale, 'store.i64 v10, v0', 'store.i64 v1, v0 + 8', 'ret v1'])
        m.add(op, 'i64', 'scale %d, home' % scale, ['i64', 'i64'], ['i64'],
              ['v10 = addr v0 + v1*%d + 8' % scale, 'br b1', 'b1:', 'ret v10'])
    m.add(op, 'i64', 'displacement', ['i64'], ['i64'], ['v10 = addr v0 + 40', 'ret v10'])
    m.add(op, 'i64', 'global', [], ['i64'], ['v10 = addr @g + 40', 'ret v10'])


SIZES = [*range(0, 34), 40, 47, 48, 63, 64, 65, 79, 80, 96, 100, 127, 128, 129, 200, 256, 300]


def copies(m, op):
    for n in SIZES:
        m.add(op, '', '%d bytes' % n, ['i64', 'i64'], [], ['%s v0, v1, %d' % (op, n), 'ret'])
        if n in (0, 1, 7, 8, 16, 24, 33, 64, 100):
            m.add(op, '', '%d bytes, operands live' % n, ['i64', 'i64'], ['i64'],
                  ['%s v0, v1, %d' % (op, n), 'v10 = sub.i64 v0, v1', 'ret v10'])
            m.add(op, '', '%d bytes, global' % n, ['i64'], [], ['%s v0, @g, %d' % (op, n), 'ret'])
            m.add(op, '', '%d bytes, displaced' % n, ['i64', 'i64'], [],
                  ['v7 = addr v0 + 8', 'v8 = addr v1 + 24', '%s v7, v8, %d' % (op, n), 'ret'])
            m.add(op, '', '%d bytes, volatile' % n, ['i64', 'i64'], [], ['%s v0, v1, %d volatile' % (op, n), 'ret'])
            m.add(op, '', '%d bytes, onto itself' % n, ['i64'], [], ['%s v0, v0, %d' % (op, n), 'ret'])
    m.add(op, '', 'any number of bytes', ['i64', 'i64', 'i64'], [], ['%s v0, v1, v2' % op, 'ret'])
    m.add(op, '', 'any number of bytes, other registers', ['i64', 'i64', 'i64'], ['i64'], ['%s v2, v0, v1' % op, 'ret v2'])


def fills(m, op):
    for n in SIZES:
        for value, params in (('v1', ['i64', 'i8']), ('0', ['i64']), ('171', ['i64'])):
            m.add(op, '', '%d bytes of %s' % (n, value), params, [], ['%s v0, %s, %d' % (op, value, n), 'ret'])
    m.add(op, '', 'operands live', ['i64', 'i8'], ['i8'], ['%s v0, v1, 24' % op, 'store.i8 v1, v0 + 3', 'ret v1'])
    m.add(op, '', 'any number of bytes', ['i64', 'i8', 'i64'], [], ['%s v0, v1, v2' % op, 'ret'])


def atomics(m, op):
    for type_ in OPS[op].types:
        for order in ORDERS:
            if op == 'atomic_load' and order not in ('release', 'acq_rel'):
                for p in ('v0', '@g'):
                    m.add(op, type_, '%s %s' % (order, p), ['i64'], [type_], ['v10 = %s.%s %s %s' % (op, type_, order, p), 'ret v10'])
            if op == 'atomic_store' and order not in ('acquire', 'acq_rel'):
                for v in ('v1', '0', '77'):
                    m.add(op, type_, '%s %s' % (order, v), ['i64', type_], [], ['%s.%s %s %s, v0' % (op, type_, order, v), 'ret'])
            if op == 'atomic_cas':
                failed = order if order in ('relaxed', 'acquire', 'seq_cst') else 'relaxed'
                for b, c in (('v1', 'v2'), ('0', 'v2'), ('v1', '1'), ('v2', 'v1')):
                    line = 'v9 = atomic_cas.%s %s %s v0, %s, %s' % (type_, order, failed, b, c)
                    m.add(op, type_, '%s %s %s, value' % (order, b, c), ['i64', type_, type_], [type_], [line, 'ret v9'])
                    m.add(op, type_, '%s %s %s, flag' % (order, b, c), ['i64', type_, type_], ['i8'],
                          [line, 'v10 = result 1 of v9', 'ret v10'])
                    m.add(op, type_, '%s %s %s, branch' % (order, b, c), ['i64', type_, type_], [type_],
                          [line, 'v10 = result 1 of v9', 'brif v10, b1, b2', 'b1:', 'ret v2', 'b2:', 'ret v9'])
    if op == 'atomic_rmw':
        for type_ in OPS[op].types:
            for r in RMW:
                for order in ('relaxed', 'seq_cst'):
                    for b in ('v1', '1', '-7'):
                        line = 'v9 = atomic_rmw.%s %s %s v0, %s' % (type_, r, order, b)
                        m.add(op, type_, '%s %s %s' % (r, order, b), ['i64', type_], [type_], [line, 'ret v9'])
                        m.add(op, type_, '%s %s %s, unread' % (r, order, b), ['i64', type_], [type_], [line, 'ret v1'])


def fence(m, op):
    for order in ORDERS[1:]:
        m.add(op, '', order, ['i64'], ['i64'], ['store.i64 1, v0', 'fence ' + order, 'v9 = load.i64 v0', 'ret v9'])


def slots(m, op):
    m.add(op, 'i64', '', ['i64'], ['i64'], ['%s slot0' % op, 'store.i64 v0, slot0', 'v9 = load.i64 slot0', 'ret v9'])


def nothing(m, op):
    m.add(op, 'i64', '', ['i64'], ['i64'], ['%s v0' % op, 'ret v0'])


# ---- calls, returns, control ----

def calls(m, op):
    for type_ in OPS[op].types:
        if type_ not in m.values:
            continue
        flags = [''] + ([' sext', ' zext', ' sext64', ' zext64'] if type_ in INT64[:2] else
                        [' sext64', ' zext64'] if type_ == 'i32' else [])
        for flag in flags:
            p = type_ + flag
            for place, body in (('register', ['v9 = call @h(v0) as (%s) -> %s' % (p, type_), 'ret v9']),
                                ('second of two', ['v9 = call @h(v1, v0) as (i64, %s) -> %s' % (p, type_), 'ret v9']),
                                ('spilled', ['call @f()', 'v9 = call @h(v0) as (%s) -> %s' % (p, type_), 'ret v9']),
                                ('home', ['br b1', 'b1:', 'v9 = call @h(v0) as (%s) -> %s' % (p, type_), 'ret v9'])):
                m.add(op, type_, ' '.join(x for x in (flag.strip(), place) if x), [type_, 'i64'], [type_], body)
            many = 'i64, i64, i64, i64, i64, i64, i64, i64, f64, f64, f64, f64, f64, f64, f64, f64, %s, %s' % (p, p)
            m.add(op, type_, ' '.join(x for x in (flag.strip(), 'stack') if x), [type_, 'i64', 'f64'], [type_],
                  ['v9 = call @h(v1, 1, 2, 3, 4, 5, 6, 7, v2, v2, v2, v2, v2, v2, v2, v2, v0, v0) as (%s) -> %s' % (many, type_), 'ret v9'])
            m.add(op, type_, ' '.join(x for x in (flag.strip(), 'received') if x), ['i64', p], [type_],
                  ['call @h(v0) as (i64)', 'ret v1'])
            m.add(op, type_, ' '.join(x for x in (flag.strip(), 'received on the stack') if x),
                  [*['i64'] * 8, *['f64'] * 8, p, p], [type_], ['ret v17'])
            if type_ in INT64:
                m.add(op, type_, ' '.join(x for x in (flag.strip(), 'received, wider') if x), [p], ['i64'],
                      ['v9 = %s.i64 %s v0' % ('sext' if 'sext' in flag else 'zext', type_), 'ret v9'] if type_ != 'i64' else ['ret v0'])
                m.add(op, type_, ' '.join(x for x in (flag.strip(), 'constant') if x), [], [type_],
                      ['v9 = call @h(-2) as (%s) -> %s' % (p, type_), 'ret v9'])
                m.add(op, type_, ' '.join(x for x in (flag.strip(), 'loaded') if x), ['i64'], [type_],
                      ['v8 = load.%s v0' % type_, 'v9 = call @h(v8) as (%s) -> %s' % (p, type_), 'ret v9'])
                m.add(op, type_, ' '.join(x for x in (flag.strip(), 'sum') if x), [type_], [type_],
                      ['v8 = add.%s v0, 1' % type_, 'v9 = call @h(v8) as (%s) -> %s' % (p, type_), 'ret v9'])
        m.add(op, type_, 'result over a call', [type_], [type_],
              ['v9 = call @h(v0) as (%s) -> %s' % (type_, type_), 'call @f()', 'ret v9'])
        if type_ not in ('i128', 'v128', 'f128'):
            m.add(op, type_, 'two results', [type_], [type_],
                  ['v9 = call @h(v0) as (%s) -> %s, %s' % (type_, type_, type_), 'v10 = result 1 of v9', 'ret v10'])
        m.add(op, type_, 'swapped', [type_, type_], [type_],
              ['v9 = call @h(v1, v0) as (%s, %s) -> %s' % (type_, type_, type_), 'ret v9'])
    preserved(m, op)
    m.add(op, '', 'variadic', ['i64', 'f64'], [], ['call @h(v0, v1, v0, f64 v1) as (i64, ...)', 'ret'])
    m.add(op, '', 'variadic, no floats', ['i64', 'f64'], [], ['call @h(v0, v0) as (i64, ...)', 'ret'])
    for a in ('v0', 'v1', 'v5'):
        m.add(op, '', 'indirect, ' + a, ['i64'] * 6, ['i64'], ['v9 = call %s(v1, v0) as (i64, i64) -> i64' % a, 'ret v9'])
    m.add(op, '', 'indirect, loaded', ['i64'], ['i64'], ['v8 = load.i64 v0 + 16', 'v9 = call v8(v0) as (i64) -> i64', 'ret v9'])
    m.add(op, '', 'by value', ['i64'], [], ['call @h(v0) as (i64 byval(24, 8))', 'ret'])
    m.add(op, '', 'memory of the result', ['i64'], [], ['call @h(v0, 5) as (i64 sret, i64)', 'ret'])
    m.add(op, '', 'sret received', ['i64 sret', 'i64'], [], ['store.i64 v1, v0', 'ret'])
    m.add(op, '', 'by value received', ['i64 byval(24, 8)', 'i64'], ['i64'], ['v8 = load.i64 v0 + 16', 'ret v8'])


def preserved(m, op):
    """Values in many registers that calls preserve; arguments that change places."""
    for type_ in ('i64', 'i32', 'f64'):
        for n in (1, 3, 6, 12):
            body, sub = ['call @f()', 'br b1', 'b1:'], 'fsub' if type_ == 'f64' else 'sub'
            last, k = 'v0', 20
            for _ in range(9):  # read so often that saving a register is worth it
                for i in range(n):
                    body.append('v%d = %s.%s v%d, %s' % (k, sub, type_, i, last))
                    last, k = 'v%d' % k, k + 1
            m.add(op, '', '%d %s over a call' % (n, type_), [type_] * n, [type_], [*body, 'ret ' + last], type_ == 'f64')
        for name, order in (('exchanged', (1, 0)), ('rotated', (1, 2, 0)), ('two pairs exchanged', (1, 0, 3, 2)),
                            ('rotated back', (3, 0, 1, 2)), ('doubled', (1, 1, 0, 0))):
            types = [type_] * len(order)
            args = ', '.join('v%d' % i for i in order)
            m.add(op, '', '%s arguments %s' % (type_, name), types, [type_],
                  ['v9 = call @h(%s) as (%s) -> %s' % (args, ', '.join(types), type_), 'ret v9'])
            params = ', '.join('v%d: %s' % (10 + i, type_) for i in range(len(order)))
            use = ', '.join('v%d' % (10 + i) for i in range(len(order)))
            same = ', '.join('v%d' % i for i in range(len(order)))
            m.add(op, '', '%s of an edge %s' % (type_, name), [*types, 'i8'], [type_],
                  ['brif v%d, b1(%s), b1(%s)' % (len(order), args, same), 'b1(%s):' % params,
                   'v30 = call @h(%s) as (%s) -> %s' % (use, ', '.join(types), type_), 'ret v30'])


def results(m, op):
    calls_rows = Maker(m.target)
    calls(calls_rows, 'call')
    for row in calls_rows.rows:
        if 'two results' in row.name:
            m.rows.append(Row('result.%s second' % row.type, row.text, 'result', row.type))


def returns(m, op):
    for type_ in [*INT, 'f32', 'f64', 'f128', 'v64', 'v128']:
        if type_ not in m.values:
            continue
        m.add(op, '', type_, [type_], [type_], ['ret v0'])
        m.add(op, '', type_ + ' second', [type_, type_], [type_], ['ret v1'])
        if type_ in INT:
            for v in constants('add', WIDTH[type_]):
                m.add(op, '', '%s %d' % (type_, v), [], [type_], ['ret ' + literal(v, type_)])
        if type_ not in ('i128', 'f128'):
            m.add(op, '', type_ + ' two', [type_, type_], [type_] * 2, ['ret v1, v0'])
    m.add(op, '', 'i64 and f64', ['i64', 'f64'], ['i64', 'f64'], ['ret v0, v1'])
    m.add(op, '', 'symbol', [], ['i64'], ['ret @g+4'])
    m.add(op, '', 'nothing', ['i64'], [], ['ret'])


def branches(m, op):
    if op == 'br':
        m.add(op, '', 'arguments swapped', ['i64', 'i64'], ['i64'],
              ['br b1(v1, v0)', 'b1(v2: i64, v3: i64):', 'v4 = sub.i64 v2, v3', 'ret v4'])
        m.add(op, '', 'arguments rotated', ['i64'] * 3, ['i64'],
              ['br b1(v1, v2, v0)', 'b1(v3: i64, v4: i64, v5: i64):', 'v6 = sub.i64 v3, v4', 'v7 = sub.i64 v6, v5', 'call @f()', 'ret v7'])
        m.add(op, '', 'constants', ['i64'], ['i64'], ['br b1(5, v0)', 'b1(v2: i64, v3: i64):', 'v4 = sub.i64 v2, v3', 'ret v4'])
        for type_ in ('i128', 'f64', 'v128'):
            m.add(op, '', type_ + ' swapped', [type_, type_, 'i8'], [type_],
                  ['brif v2, b1(v1, v0), b1(v0, v1)', 'b1(v3: %s, v4: %s):' % (type_, type_), 'br b2(v4, v3)',
                   'b2(v5: %s, v6: %s):' % (type_, type_), 'v7 = select.%s v2, v5, v6' % type_, 'ret v7'])
        return
    for what, params, before, c in (('register', ['i8'], [], 'v0'), ('loaded', ['i64'], ['v8 = load.i8 v0 + 3'], 'v8'),
                                    ('spilled', ['i8'], ['call @f()'], 'v0'), ('trunc', ['i64'], ['v8 = trunc.i8 i64 v0'], 'v8'),
                                    ('and', ['i8', 'i8'], ['v8 = and.i8 v0, v1'], 'v8'), ('constant', [], [], '1')):
        m.add(op, '', what, params, ['i32'], [*before, 'brif %s, b1, b2' % c, 'b1:', 'ret 1', 'b2:', 'ret 2'])
        m.add(op, '', what + ', negated', params, ['i32'], [*before, 'brif %s, b2, b1' % c, 'b1:', 'ret 1', 'b2:', 'ret 2'])
        m.add(op, '', what + ', to one block', params, ['i32'], [*before, 'brif %s, b1(1), b1(2)' % c, 'b1(v9: i32):', 'ret v9'])


def switches(m, op):
    for type_ in OPS[op].types:
        for name, cases in (('one', [3]), ('two', [0, -1]), ('few', [1, 5, 100, 70]), ('none', []), ('wide', [-3, 127, 5, 99, 33, 7]),
                            ('dense', [*range(20, 29)]), ('dense, holes', [-4, -3, -1, 0, 2, 3, 4, 7])):
            cases = [c for c in cases if -(1 << (WIDTH[type_] - 1)) <= c < 1 << (WIDTH[type_] - 1)]
            lines = ['switch.%s v0, b1 [%s]' % (type_, ', '.join('%d: b%d' % (c, i + 2) for i, c in enumerate(cases)))]
            for i in range(len(cases) + 1):
                lines += ['b%d:' % (i + 1), 'ret %d' % (10 + i)]
            m.add(op, type_, name, [type_], ['i32'], lines)
            m.add(op, type_, name + ', loaded', ['i64'], ['i32'],
                  ['v9 = load.%s v0' % type_, lines[0].replace('v0', 'v9'), *lines[1:]])


def trap(m, op):
    m.add(op, '', '', ['i64'], [], ['store.i64 1, v0', 'trap'])
    m.add(op, '', 'conditional', ['i8'], [], ['brif v0, b1, b2', 'b1:', 'trap', 'b2:', 'ret'])


# ---- vectors ----

def vectors(m, op):
    shape = OPS[op].shape.name
    for type_ in VECTOR_TYPES:
        lanes = {'VINT': INT64, 'VFLT': ['f32', 'f64'], 'VF32': ['f32'], 'VANY': [*INT64, 'f32', 'f64'], 'VI32': INT64,
                 'VEC': ['']}[OPS[op].kind]
        for lane in lanes:
            for inst, params, result, placement in vector_lines(op, shape, type_, lane):
                operands = OPS[op].kind == 'VFLT' and op != 'vfcmp' or OPS[op].kind == 'VF32'
                what = ' '.join(x for x in (lane, placement) if x)
                own = 'i32' if op == 'vsigns' else type_
                m.add(op, own, what, params, [result], [inst, 'ret v10'], operands)
                if 'v1' in inst:
                    m.add(op, own, what + ', operand 0 lives', [*params, 'i64'], [result],
                          [inst, 'store.%s v0, v%d' % (params[0], len(params)), 'ret v10'], operands)
                m.add(op, own, what + ', spilled', params, [result], ['call @f()', inst, 'ret v10'], operands)
                if params[0] == type_:
                    loaded = ['v9 = load.%s v%d' % (type_, len(params)), inst.replace('v0', 'v9')]
                    m.add(op, own, what + ', operand 0 loaded', [*params, 'i64'], [result], [*loaded, 'ret v10'], operands)


VECTOR_TYPES = ['v64', 'v128']


def vector_lines(op, shape, type_, lane):
    n = WIDTH[type_] // WIDTH[lane] if lane else 0
    if lane and n < 1 or op == 'vsigns' and n < 2:
        return
    head = 'v10 = %s.%s' % (op, type_)
    if op == 'vresize':
        other = 'v128' if type_ == 'v64' else 'v64'
        yield '%s %s v0' % (head, other), [other], type_, ''
    elif op == 'vsigns':
        yield 'v10 = vsigns.i32 %s v0, %d' % (type_, WIDTH[lane] // 8), [type_], 'i32', type_
    elif op == 'vextract':
        for i in range(n):
            yield 'v10 = vextract.%s %s v0, %d' % (lane, type_, i), [type_], lane, 'lane %d' % i
    elif op == 'vinsert':
        for i in range(n):
            yield '%s %s v0, v1, %d' % (head, lane, i), [type_, lane], type_, 'lane %d' % i
    elif op == 'vsplat':
        yield '%s %s v0' % (head, lane), [lane], type_, ''
    elif shape == 'VSHIFT':
        for i in (0, 1, WIDTH[lane] // 2, WIDTH[lane] - 1):
            yield '%s %s v0, %d' % (head, lane, i), [type_], type_, 'by %d' % i
    elif shape in ('VICMP', 'VFCMP'):
        for k in ICOND if shape == 'VICMP' else FCOND:
            yield '%s %s %s v0, v1' % (head, k, lane), [type_, type_], type_, k
    elif shape == 'VUN':
        yield '%s %s v0' % (head, lane), [type_], type_, ''
    elif shape == 'VBIN':
        yield '%s %s v0, v1' % (head, lane), [type_, type_], type_, ''
        yield '%s %s v1, v0' % (head, lane), [type_, type_], type_, 'swapped'
        yield '%s %s v0, v0' % (head, lane), [type_], type_, 'the same twice'
    elif shape in ('BIN', 'TERN'):
        names = ['v0', 'v1', 'v2'][:2 if shape == 'BIN' else 3]
        yield '%s %s' % (head, ', '.join(names)), [type_] * len(names), type_, ''
        yield '%s %s' % (head, ', '.join(names[::-1])), [type_] * len(names), type_, 'swapped'


# ---- all of them ----

OWN = {'copy': copy, 'icmp': comparisons, 'fcmp': comparisons, 'select': select, 'load': loads, 'store': stores, 'addr': addr,
       'memcpy': copies, 'memmove': copies, 'memset': fills, 'fence': fence, 'call': calls, 'result': results, 'ret': returns,
       'br': branches, 'brif': branches, 'switch': switches, 'trap': trap, 'life_start': slots, 'life_end': slots,
       'prefetch': nothing, 'va_end': nothing, **dict.fromkeys(instructions.OPERATIONS, instructions.rows)}


def family(op):
    """What makes an operation's rows."""
    shape = OPS[op].shape.name
    if op in OWN or op in SPECIAL:
        return OWN.get(op) or SPECIAL[op]
    if shape.startswith('ATOMIC'):
        return atomics
    if shape.startswith('CONV'):
        return conversions
    if OPS[op].kind in ('VINT', 'VFLT', 'VF32', 'VANY', 'VI32', 'VEC'):
        return vectors
    if shape in ('UN', 'BIN', 'TERN'):
        return floats if OPS[op].kind == 'FLT' else integers
    return None


def make(target):
    m = Maker(target)
    for op in OPS:
        f = family(op)
        if op not in LEFT_OUT and f is not None:
            f(m, op)
    m.rows += list(extended(m.rows))
    names = {}
    for row in m.rows:
        names[row.name] = names.get(row.name, 0) + 1
        if names[row.name] > 1:
            row.name += ' (%d)' % names[row.name]
        if 'slot0' in row.text:
            row.text = row.text.replace('{\n', '{\n  slot0 = slot %d align 16\n' % (32 if row.op == 'va_start' else 16), 1)
    return m.rows


# Placements that say nothing of the bits above a result.
PLACES = ('swapped', 'late', 'homes', 'spilled', 'lives', 'argument', 'global', 'index', 'twice', 'where', 'unread', 'call',
          'variable', 'slot', 'over', 'block')


def extended(rows):
    """Rows of which a narrow result is extended: what a lowering claims of the bits above it, another one relies on."""
    for r in rows:
        m = re.fullmatch(r'(func @ROW\([^\n]*\) -> )(i8|i16|i32)( \{\n.*\n)  ret (v\d+)\n\}', r.text, re.DOTALL)
        if m and '  ret ' not in m[3] and not any(word in r.name for word in PLACES):
            text = '%si64%s  v98 = zext.i64 %s %s\n  ret v98\n}' % (m[1], m[3], m[2], m[4])
            yield Row(r.name + ', extended', text, r.op, r.type, r.operands)


# By feature of a target's processors, the operations that are lowered otherwise with it.
FEATURES = {'x86_64': {'fma': {'fma', 'fmuladd'}, 'cx16': {'atomic_rmw', 'atomic_cas', 'atomic_store', 'atomic_load'}}, 'aarch64': {'lse': {'atomic_rmw', 'atomic_cas', 'atomic_store', 'atomic_load'}}}


def with_feature(rows, target, feature):
    """The rows that the feature concerns, under other names."""
    return [Row('%s +%s' % (r.name, feature), r.text, r.op, r.type, r.operands) for r in rows if r.op in FEATURES[target][feature]]


def missing(rows, target):
    """Operations, and types that the target has, without a row."""
    yield from instructions.missing(rows, target)
    types = lowered(target) | {''}
    have = {(r.op, r.type) for r in rows} | {(r.op, '') for r in rows}
    for op in OPS:
        if op in LEFT_OUT:
            continue
        if (op, '') not in have:
            yield op
        for type_ in OPS[op].types:
            if type_ in types - NO_ROWS and (op, type_) not in have and family(op) in (
                    integers, floats, comparisons, select, loads, stores, atomics, calls, vectors):
                yield '%s.%s' % (op, type_)
