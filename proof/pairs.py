"""Pairs: an operation and the one that reads its result, which targets may lower together (docs/internals/architecture.md: "Two
operations may become one instruction"). Every producer stands before every reader of its type, also where today neither
waits for the other; chains of three are those that lowerings look for (lib/codegen/fold.c, targets/aarch64/fold.c and
compare.c, targets/x86_64/memory.c and compare.c)."""
from rows import Maker
from tables import ICOND, INT64, WIDTH

# A producer makes v10 of v0, v1 (of its type), v2 (an i64, also an address).
PRODUCERS = {
    'add': 'v10 = add.{t} v0, v1', 'add 5': 'v10 = add.{t} v0, 5', 'sub': 'v10 = sub.{t} v0, v1',
    'sub 1': 'v10 = sub.{t} v0, 1',
    'mul': 'v10 = mul.{t} v0, v1', 'mul 8': 'v10 = mul.{t} v0, 8', 'mul 5': 'v10 = mul.{t} v0, 5',
    'and': 'v10 = and.{t} v0, v1', 'and 1': 'v10 = and.{t} v0, 1', 'and 15': 'v10 = and.{t} v0, 15',
    'and 64': 'v10 = and.{t} v0, 64', 'and 128': 'v10 = and.{t} v0, 128',
    'and -8': 'v10 = and.{t} v0, -8', 'or': 'v10 = or.{t} v0, v1', 'xor': 'v10 = xor.{t} v0, v1',
    'shl 3': 'v10 = shl.{t} v0, 3', 'lshr 3': 'v10 = lshr.{t} v0, 3', 'ashr 3': 'v10 = ashr.{t} v0, 3',
    'shl last': 'v10 = shl.{t} v0, {last}', 'lshr last': 'v10 = lshr.{t} v0, {last}', 'ashr last': 'v10 = ashr.{t} v0, {last}',
    'neg': 'v10 = neg.{t} v0', 'not': 'v10 = not.{t} v0', 'load': 'v10 = load.{t} v2 + 8', 'load global': 'v10 = load.{t} @g',
    'trunc': 'v10 = trunc.{t} i64 v2', 'select': 'v9 = icmp.{t} ult v0, v1\n  v10 = select.{t} v9, v0, v1',
    'saddo': 'v10 = saddo.{t} v0, v1\n  v9 = result 1 of v10', 'umin': 'v10 = umin.{t} v0, v1',
    'copy': 'v10 = copy.{t} 77', 'udiv': 'v10 = udiv.{t} v0, 16', 'bswap': 'v10 = bswap.{t} v0', 'load sext': None, 'load zext': None,
    'sext i8': None, 'zext i8': None, 'sext i16': None, 'zext i16': None, 'sext i32': None, 'zext i32': None,
    'addr': 'v10 = addr v0 + v1*4 + 8', 'addr 40': 'v10 = addr v0 + 40', 'addr global': 'v10 = addr @g + v0*8',
    'icmp': 'v10 = icmp.i32 slt v3, v4', 'icmp 0': 'v10 = icmp.i32 eq v3, 0', 'fcmp': 'v10 = fcmp.f64 olt v5, v6',
    'fcmp oeq': 'v10 = fcmp.f64 oeq v5, v6',
    'flag': 'v9 = uaddo.i32 v3, v4\n  v10 = result 1 of v9',
}
ONLY = {'addr': ('i64',), 'addr 40': ('i64',), 'addr global': ('i64',), 'icmp': ('i8',), 'icmp 0': ('i8',), 'fcmp': ('i8',),
        'fcmp oeq': ('i8',), 'flag': ('i8',), 'trunc': ('i8', 'i16', 'i32')}
BRANCH = '\n  brif v20, b1, b2\nb1:\n  ret 1\nb2:\n  ret 2'
# A reader of v10: result type and lines; v20 is its result. v7 stands for another operand of the type.
READERS = {
    'add a': ('{t}', 'v20 = add.{t} v10, v1'), 'add b': ('{t}', 'v20 = add.{t} v1, v10'), 'add 3': ('{t}', 'v20 = add.{t} v10, 3'),
    'sub a': ('{t}', 'v20 = sub.{t} v10, v1'), 'sub b': ('{t}', 'v20 = sub.{t} v1, v10'),
    'mul': ('{t}', 'v20 = mul.{t} v10, v1'), 'and a': ('{t}', 'v20 = and.{t} v10, v1'), 'and 15': ('{t}', 'v20 = and.{t} v10, 15'),
    'and 120': ('{t}', 'v20 = and.{t} v10, 120'), 'or b': ('{t}', 'v20 = or.{t} v1, v10'), 'xor a': ('{t}', 'v20 = xor.{t} v10, v1'),
    'xor -1': ('{t}', 'v20 = xor.{t} v10, -1'), 'twice': ('{t}', 'v20 = add.{t} v10, v10'), 'shl 2': ('{t}', 'v20 = shl.{t} v10, 2'),
    'lshr 2': ('{t}', 'v20 = lshr.{t} v10, 2'), 'ashr 4': ('{t}', 'v20 = ashr.{t} v10, 4'),
    'shl last': ('{t}', 'v20 = shl.{t} v10, {last}'), 'lshr last': ('{t}', 'v20 = lshr.{t} v10, {last}'),
    'lshr by': ('{t}', 'v20 = lshr.{t} v1, v10'), 'neg': ('{t}', 'v20 = neg.{t} v10'), 'umax': ('{t}', 'v20 = umax.{t} v10, v1'),
    'icmp eq 0': ('i8', 'v20 = icmp.{t} eq v10, 0'), 'icmp slt': ('i8', 'v20 = icmp.{t} slt v10, v1'),
    'icmp sgt 0': ('i8', 'v20 = icmp.{t} sgt v10, 0'),
    'branch ne 0': ('i32', 'v20 = icmp.{t} ne v10, 0' + BRANCH), 'branch slt 0': ('i32', 'v20 = icmp.{t} slt v10, 0' + BRANCH),
    'branch ule': ('i32', 'v20 = icmp.{t} ule v1, v10' + BRANCH), 'branch sge 0': ('i32', 'v20 = icmp.{t} sge v10, 0' + BRANCH),
    'select eq': ('i64', 'v19 = icmp.{t} eq v10, 0\n  v20 = select.i64 v19, v2, 9'),
    'select a': ('{t}', 'v19 = icmp.i64 eq v2, 0\n  v20 = select.{t} v19, v10, v1'),
    'store': ('i64', 'store.{t} v10, v2 + 16\n  v20 = copy.i64 v2'), 'zext': ('i64', 'v20 = zext.i64 {t} v10'),
    'sext': ('i64', 'v20 = sext.i64 {t} v10'), 'zext i32': ('i32', 'v20 = zext.i32 {t} v10'), 'sext i32': ('i32', 'v20 = sext.i32 {t} v10'),
    'trunc i8': ('i8', 'v20 = trunc.i8 {t} v10'), 'trunc zext': ('i64', 'v19 = trunc.i8 {t} v10\n  v20 = zext.i64 i8 v19'),
    'trunc sext': ('i32', 'v19 = trunc.i8 {t} v10\n  v20 = sext.i32 i8 v19'), 'trunc zext i32': ('i64', 'v19 = trunc.i32 i64 v10\n  v20 = zext.i64 i32 v19'),
    'argument': ('{t}', 'v20 = call @h(v1, v10) as ({t}, {t}) -> {t}'), 'argument sext': ('{t}', 'v20 = call @h(v10) as ({t} sext) -> {t}'),
    'address': ('i32', 'v20 = load.i32 v10 + 12'), 'index': ('i32', 'v19 = addr v2 + v10*4\n  v20 = load.i32 v19'),
    'addr': ('i64', 'v20 = addr v10 + v1*8 + 4'), 'addr index': ('i64', 'v20 = addr v1 + v10*8 + 4'),
    'brif': ('i32', 'v20 = copy.i8 v10' + BRANCH), 'brif itself': ('i32', 'brif v10, b1, b2\nb1:\n  ret 1\nb2:\n  ret 2'),
    'select by': ('i64', 'v20 = select.i64 v10, v2, 5'),
}
READS_ONLY = {'address': ('i64',), 'index': ('i64',), 'addr': ('i64',), 'addr index': ('i64',), 'brif': ('i8',), 'brif itself': ('i8',),
              'select by': ('i8',), 'trunc zext i32': ('i64',), 'zext': INT64[:3], 'sext': INT64[:3], 'zext i32': INT64[:2],
              'sext i32': INT64[:2], 'trunc i8': INT64[1:], 'trunc zext': INT64[1:], 'trunc sext': INT64[1:],
              'argument sext': INT64[:2]}


def producer(name, type_):
    if type_ not in ONLY.get(name, INT64):
        return None
    if PRODUCERS[name] is not None:
        return PRODUCERS[name].format(t=type_, last=WIDTH[type_] - 1)
    if name.startswith('load'):
        return 'v10 = load.%s %s i8 v2 + 8' % (type_, name[5:]) if type_ != 'i8' else None
    kind, source = name.split()
    if WIDTH[source] >= WIDTH[type_]:
        return None
    return 'v10 = %s.%s %s v8' % (kind, type_, source)


def pairs(m):
    for type_ in INT64:
        for first in PRODUCERS:
            line = producer(first, type_)
            if line is None:
                continue
            source = first.split()[1] if first[1:4] == 'ext' else 'i32'
            params = [type_, type_, 'i64', 'i32', 'i32', 'f64', 'f64', 'i64', source]
            for second, (result, lines) in READERS.items():
                if type_ not in READS_ONLY.get(second, INT64):
                    continue
                read = lines.format(t=type_, last=WIDTH[type_] - 1)
                body = [*line.split('\n  '), *read.split('\n  ')]
                if 'ret' not in read:
                    body.append('ret v20')
                m.add('pair', type_, '%s, %s' % (first, second), compact(params, body), [result.format(t=type_)], body)


def compact(params, body):
    """Parameters that are in registers on both targets: six general ones are there, and v8 is the seventh."""
    if any('v8' in line for line in body):
        return [*params[:3], *['f64'] * 5, params[8]]
    return params[:7]


def chains(m):
    """Products before a load; two comparisons joined; a comparison after an extension and another comparison."""
    for type_ in ('i32', 'i64'):
        for op in ('mul', 'shl'):
            m.add('chain', type_, op + ', load, add', [type_, type_, 'i64'], [type_],
                  ['v8 = %s.%s v0, %s' % (op, type_, 'v1' if op == 'mul' else '3'), 'v9 = load.%s v2' % type_,
                   'v10 = add.%s v9, v8' % type_, 'ret v10'])
    for type_ in INT64:
        for k in ICOND:
            for join in ('and.i8 v10, v11', 'or.i8 v10, v11', 'and.i8 v11, v10', 'select.i8 v10, v11, 0', 'select.i8 v10, 1, v11',
                         'xor.i8 v10, v11'):
                for b in ('v3', '7', '1000'):
                    if b == '1000' and type_ == 'i8' or (b != 'v3' and k not in ('eq', 'slt', 'ugt')):
                        continue
                    body = ['v10 = icmp.%s %s v0, v1' % (type_, k), 'v11 = icmp.%s ult v2, %s' % (type_, b), 'v12 = ' + join]
                    what = '%s, %s, %s' % (k, b, join)
                    m.add('joined', type_, what + ', value', [type_] * 4, ['i8'], [*body, 'ret v12'])
                    m.add('joined', type_, what + ', branch', [type_] * 4, ['i32'],
                          [*body, 'brif v12, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
            body = ['v10 = icmp.%s eq v0, 0' % type_, 'v9 = load.%s v4' % type_, 'v11 = icmp.%s %s v2, v9' % (type_, k),
                    'v12 = and.i8 v10, v11', 'v13 = select.%s v12, v0, v3' % type_, 'ret v13']
            m.add('joined', type_, k + ', load between, select', [*[type_] * 4, 'i64'], [type_], body)
            for outer in ('eq', 'ne'):
                for ext in ('i16', 'i32', 'i64'):
                    body = ['v10 = icmp.%s %s v0, v1' % (type_, k), 'v11 = zext.%s i8 v10' % ext, 'v12 = icmp.%s %s v11, 0' % (ext, outer)]
                    what = '%s, zext %s, %s' % (k, ext, outer)
                    m.add('behind', type_, what + ', branch', [type_] * 2, ['i32'],
                          [*body, 'brif v12, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
                    m.add('behind', type_, what + ', select', [type_] * 2, [type_], [*body, 'v13 = select.%s v12, v1, v0' % type_, 'ret v13'])
                    m.add('behind', type_, what + ', value', [type_] * 2, ['i8'], [*body, 'ret v12'])
    for k in ('oeq', 'une', 'olt', 'ueq', 'one', 'uno'):
        for outer in ('eq', 'ne'):
            body = ['v10 = fcmp.f64 %s v0, v1' % k, 'v11 = zext.i32 i8 v10', 'v12 = icmp.i32 %s v11, 0' % outer]
            m.add('behind', 'f64', '%s, %s, branch' % (k, outer), ['f64'] * 2, ['i32'], [*body, 'brif v12, b1, b2', 'b1:', 'ret 1', 'b2:', 'ret 2'])
            m.add('behind', 'f64', '%s, %s, select' % (k, outer), ['f64'] * 2, ['f64'], [*body, 'v13 = select.f64 v12, v1, v0', 'ret v13'])


def of_halves(m):
    """i128 of which halves are known (lib/codegen/pairs.c): products of what is extended, sums without a carry."""
    for op in ('mul', 'smulo', 'umulo'):
        for a, b in (('zext', 'zext'), ('sext', 'sext'), ('zext', 'sext')):
            for type_ in ('i64', 'i32', 'i8'):
                for what in ('v9', 'v8', '77', '-5', 'v12'):
                    body = ['v8 = %s.i128 %s v0' % (a, type_), 'v9 = %s.i128 %s v1' % (b, type_), 'v12 = load.i128 v2',
                            'v10 = %s.i128 v8, %s' % (op, what)]
                    for result, r in [('v10', 'i128')] + [('v11', 'i8')] * (op != 'mul'):
                        flag = ['v11 = result 1 of v10'] if op != 'mul' else []
                        m.add(op, 'i128', '%s, %s %s, %s of %s' % (result, a, b, what, type_), [type_, type_, 'i64'], [r],
                              [*body, *flag, 'ret ' + result])
    low = {'shl 64': 'v8 = shl.i128 v0, 64', 'shl 100': 'v8 = shl.i128 v0, 100', 'not': 'v7 = shl.i128 v0, 64\n  v8 = not.i128 v7'}
    for name, line in low.items():
        for op in ('add', 'sub', 'and', 'or', 'xor'):
            for operands in ('v8, v1', 'v1, v8', 'v8, v8', 'v8, 5', 'v8, v6'):
                m.add(op, 'i128', '%s of %s' % (operands, name), ['i128', 'i128', 'i64'], ['i128'],
                      ['v6 = zext.i128 i64 v2', line, 'v10 = %s.i128 %s' % (op, operands), 'ret v10'])
        m.add('trunc', 'i64', 'i128 of ' + name, ['i128'], ['i64'], [line, 'v10 = trunc.i64 i128 v8', 'ret v10'])


def make(target):
    m = Maker(target)
    pairs(m)
    chains(m)
    of_halves(m)
    return m.rows
