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
