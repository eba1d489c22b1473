"""Run lines for variables that are set to what is computed from them, while values that they had before are still to be
read: x = f(x) beside an older x. A result that stands in a register of the processor's choice (a call's, a division's,
a shift's count) must reach the variable's register, and the older values must leave it, without meeting."""
from gen_base import *

CALLEES = '''func internal @renewed_T(T, T) -> T {
b0(v0: T, v1: T):
  v2 = mul.T v0, 3
  v3 = add.T v2, v1
  ret v3
}
func internal @renewed_two_T(T, T) -> T, T {
b0(v0: T, v1: T):
  v2 = mul.T v0, 3
  v3 = sub.T v2, v1
  ret v3, v2
}'''

BODY = '''  %x = slot SIZE align SIZE
  %y = slot SIZE align SIZE
b0(%a: T, %b: T):
  store.T %a, %x
  store.T %b, %y
  br loop(0)
loop(%n: i64):
  %more = icmp.i64 ne %n, 3
  brif %more, again, done
again:
OLDER
  %now = load.T %x
COMPUTE
  store.T %new, %x
  %got = load.T %x
  %s0 = xor.T %got, %now
SUM
  %y0 = load.T %y
  %y1 = add.T %y0, %sLAST
  store.T %y1, %y
  %next = add.i64 %n, 1
  br loop(%next)
done:
  %z = load.T %y
  ret %z'''


def body(t, older, compute):
    """`older` more loads of the variable wait for their sum while `compute` gives %new of %now and %b."""
    return BODY.replace('OLDER', '\n'.join('  %%o%d = load.T %%x' % k for k in range(older))) \
        .replace('SUM', '\n'.join('  %%s%d = add.T %%s%d, %%o%d' % (k + 1, k, k) for k in range(older))) \
        .replace('LAST', str(older)).replace('COMPUTE', '\n'.join('  ' + l for l in compute)) \
        .replace('SIZE', str(size_of(t))).replace('T', t)


def expected(a, b, older, w, can, step):
    """What body() returns, or None if an operation isn't defined."""
    x, y = a, b
    for _ in range(3):
        if not can(x, b):
            return None
        new = step(x, b) & mask(w)
        y = (y + (new ^ x) + older * x) & mask(w)
        x = new
    return y


def forms(t, w):
    """(name, lines, when it is defined, what it gives) of each way to compute %new."""
    always = lambda a, b: True
    for op, sem in BIN.items():
        yield op, ['%%new = %s.%s %%now, %%b' % (op, t)], lambda a, b, op=op: defined(op, a, b, w), \
            lambda a, b, sem=sem: sem(a, b, w)
    for op, sem in UN.items():
        yield op, ['%%new = %s.%s %%now' % (op, t)], always, lambda a, b, sem=sem: sem(a, w)
    for op, (_, sem) in OVER.items():
        over = lambda a, b, op=op, sem=sem: sem(signed(a, w), signed(b, w)) if op[0] == 's' else sem(a, b)
        yield op, ['%%new = %s.%s %%now, %%b' % (op, t), '%over = result 1 of %new'], always, over
    for op, left in ('fshl', True), ('fshr', False):
        yield op, ['%%new = %s.%s %%now, %%b, %%now' % (op, t)], always, \
            lambda a, b, left=left: (a << w | b) << a % w >> w if left else (a << w | b) >> a % w
    yield 'call', ['%%new = call @renewed_%s(%%now, %%b)' % t], always, lambda a, b: a * 3 + b
    yield 'call2', ['%%first = call @renewed_two_%s(%%now, %%b)' % t, '%new = result 1 of %first'], always, \
        lambda a, b: a * 3
    for op, sem in ('add', lambda a, b: a), ('and', lambda a, b: a), ('xchg', lambda a, b: a):
        yield 'rmw_' + op, ['%%p = add.%s %%now, 5' % t, 'store.%s %%p, %%m' % t,
                            '%%new = atomic_rmw.%s %s seq_cst %%m, %%b' % (t, op)], always, \
            lambda a, b: a + 5
    yield 'cas', ['%%p = add.%s %%now, 5' % t, 'store.%s %%p, %%m' % t,
                  '%%new = atomic_cas.%s seq_cst seq_cst %%m, %%b, %%now' % t, '%ok = result 1 of %new'], always, \
        lambda a, b: a + 5


WALK = '''  %m = slot 64 align 16
b0(%a: i64):
  br fill(%m, %a, 0)
fill(%to: i64, %f: i64, %i: i64):
  %g = add.i64 %to, %f
  store.i64 %g, %to
  %f1 = mul.i64 %f, 3
  %to1 = addr %to + 8
  %i1 = add.i64 %i, 1
  %filled = icmp.i64 ne %i1, 8
  brif %filled, fill(%to1, %f1, %i1), begin
begin:
  %end = addr %m + 64
  br loop(%end, 8, 0)
loop(%p: i64, %k: i64, %n: i64):
  %j = sub.i64 %k, 1
  %r = addr %m + %j*8
OTHER
  %q = ADDRESS
OWN
  %same = icmp.T eq %x, %y
  %one = zext.i64 i8 %same
  %n1 = add.i64 %n, %one
  %go = icmp.i64 ne %j, 0
  brif %go, loop(%q, %j, %n1), done
done:
  ret %n1'''


def walks():
    """(name, type of the result, lines): an operation of address ADDR and of what is there, in which VALUE was read. Lines
    with RESULT are not in the second form, where the address is another value."""
    for op in BIN:
        for a, b in ('VALUE', 'ADDR'), ('ADDR', 'VALUE'):
            yield op, 'i64', ['VALUE = load.i64 ADDR', 'RESULT = %s.i64 %s, %s' % (op, a, b)]
    for cond in 'eq', 'ne', 'ult', 'slt', 'uge', 'sge', 'ugt', 'sle':
        for a, b in ('VALUE', 'ADDR'), ('ADDR', 'VALUE'):
            yield cond, 'i8', ['VALUE = load.i64 ADDR', 'RESULT = icmp.i64 %s %s, %s' % (cond, a, b)]
    for op in 'add', 'sub', 'and', 'or', 'xor':
        yield 'to_' + op, 'i64', ['VALUE = load.i64 ADDR', 'VALUEt = %s.i64 VALUE, ADDR' % op, 'store.i64 VALUEt, ADDR',
                                  'RESULT = load.i64 ADDR', 'store.i64 VALUE, ADDR']
    yield 'store', 'i64', ['VALUE = load.i64 ADDR', 'store.i64 ADDR, ADDR', 'RESULT = load.i64 ADDR', 'store.i64 VALUE, ADDR']
    for op in 'add', 'and', 'xchg':
        yield 'rmw_' + op, 'i64', ['VALUE = atomic_rmw.i64 %s seq_cst ADDR, ADDR' % op, 'RESULT = load.i64 ADDR',
                                   'store.i64 VALUE, ADDR']
    yield 'cas', 'i64', ['VALUE = load.i64 ADDR', 'VALUEo = atomic_cas.i64 seq_cst seq_cst ADDR, VALUE, ADDR',
                         'RESULT = load.i64 ADDR', 'store.i64 VALUE, ADDR']


def gen_walking(rng):
    """An address that becomes the loop's parameter that it is computed from, read beside what it points to: eight words
    are walked over, downwards, and each operation gives the same by an address that was computed in another way."""
    f = File('g_walking')
    for op, t, lines in walks():
        if op in SHIFTS or op in ROTATES:
            continue
        text = lambda address, value, result: '\n'.join(
            '  ' + line.replace('ADDR', address).replace('VALUE', value).replace('RESULT', result) for line in lines)
        for address in 'addr %p - 8', 'sub.i64 %p, 8', 'addr %p + %step*8':
            body = WALK.replace('OTHER', text('%r', '%v1', '%y')).replace('OWN', text('%q', '%v2', '%x')) \
                .replace('ADDRESS', address).replace('T', t)
            if '%step' in address:
                body = body.replace('begin:', 'begin:\n  %seven = and.i64 %i1, 7\n  %step = sub.i64 %seven, 1')
            name = f.func(['i64'], 'i64', body)
            for a in 0, 1, rng.randrange(1 << 62):
                f.run(name, [a], ['i64'], 8, 'i64')
    return f


def gen_renewed(rng):
    """Each operation that gives an integer, beside one, two or three older values of the variable."""
    f = File('g_renewed')
    for t in INTS:
        w = WIDTH[t]
        f.line(CALLEES.replace('T', t))
        for op, lines, can, step in forms(t, w):
            if t == 'i128' and (op in ONLY64 or op.startswith('rmw') or op in ('cas', 'call2')):
                continue
            older = rng.randrange(1, 4)
            text = body(t, older, lines)
            if '%m' in text:
                text = '  %%m = slot %d align %d\n' % (size_of(t), size_of(t)) + text
            name = f.func([t, t], t, text)
            values = boundaries(w, rng, 6)
            both = [(a, b % w if op in SHIFTS else b) for a in values for b in values]
            rng.shuffle(both)
            found = [(a, b, want) for a, b in both
                     if (want := expected(a, b, older, w, can, step)) is not None]
            for a, b, want in found[:4]:
                f.run(name, [a, b], [t, t], want, t)
    return f
