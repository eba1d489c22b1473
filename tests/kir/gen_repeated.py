"""Functions that differ in an operation and a type alone: atomic operations, and conditions whose operands the flags of an
operation answer."""
from gen_base import BIN, File, ICMP, INT64, WIDTH, mask, signed

ORDERINGS = ['relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']
RMW = {'xchg': lambda a, b, w: b, 'add': BIN['add'], 'sub': BIN['sub'], 'and': BIN['and'],
       'nand': lambda a, b, w: ~(a & b), 'or': BIN['or'], 'xor': BIN['xor'], 'smin': BIN['smin'], 'smax': BIN['smax'],
       'umin': BIN['umin'], 'umax': BIN['umax']}
RMW_BODY = """\
  %s = slot 16 align 8
b0(%a: T, %b: T):
  store.i64 -1, %s
  %p = addr %s + 0
  store.T %a, %p
  %old = atomic_rmw.T {op} {order} %p, %b
  %now = load.T %p
  ret {result}"""
UNUSED_BODY = """\
  %s = slot 8 align 8
b0(%a: T, %b: T):
  atomic_store.T seq_cst %a, %s
  atomic_rmw.T add seq_cst %s, %b
  atomic_rmw.T sub relaxed %s, 2
  fence seq_cst
  %now = atomic_load.T acquire %s
  ret %now"""
CAS_BODY = """\
  %s = slot 8 align 8
b0(%m: T, %e: T, %d: T):
  atomic_store.T release %m, %s
  %old = atomic_cas.T {orders} %s, %e, %d
  %ok8 = result 1 of %old
  %now = atomic_load.T seq_cst %s
  ret {result}"""
BRANCH_BODY = """\
  %s = slot 8 align 8
b0(%m: T, %e: T):
  store.T %m, %s
  %q = copy.i64 %s
  %old = atomic_cas.T seq_cst seq_cst %q, %e, 1
  %ok = result 1 of %old
  brif %ok, b1, b2
b1:
  ret 11
b2:
  ret 22"""
COUNT = """\
func @at_count(i64, i64) {
b0(%p: i64, %n: i64):
  br loop(%n)
loop(%k: i64):
  atomic_rmw.i64 add relaxed %p, 1
  %k1 = sub.i64 %k, 1
  %c = icmp.i64 ne %k1, 0
  brif %c, loop(%k1), done
done:
  fence release
  ret
}
; c: #include <pthread.h>
; c: extern void at_count(long *, long);
; c: static void *at_run(void *p) { at_count(p, 20000); return 0; }
; c: static long at_threads(void) { long x = 0; pthread_t t[2]; for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, at_run, &x); for (int i = 0; i < 2; i++) pthread_join(t[i], 0); return x; }
; check: at_threads() == 40000"""


def add(f, name, params, result, body, runs):
    """A function and its run lines: (arguments, result), as numbers without a sign."""
    f.func(params, result, body, name)
    for args, want in runs:
        f.line('; run: @%s(%s) == %s' % (name, ', '.join(map(str, args)), want))


def gen_atomics(_):
    """Each operation and width, used for the old and for the new value, and a counter that threads share."""
    f = File('g_atomics')
    for t in INT64:
        w = WIDTH[t]
        top, high = mask(w), 1 << (w - 1)
        pairs = [(5, 3), (top, 1), (high, high - 1), (90, 60)]
        for i, (op, value) in enumerate(RMW.items()):
            for new, result in enumerate(('%old', '%now')):
                body = RMW_BODY.replace('T', t).format(op=op, order=ORDERINGS[i % 5], result=result)
                add(f, f'at_{op}_{t}_{new}', [t, t], t, body,
                    [((a, b), value(a, b, w) & top if new else a) for a, b in pairs])
        add(f, f'at_unused_{t}', [t, t], t, UNUSED_BODY.replace('T', t),
            [((a, b), (a + b - 2) & top) for a, b in ((5, 3), (top, 1), (0, 0))])
        for kind, orders, result, value in (
                ('old', 'seq_cst seq_cst', '%old', lambda m, e, d: m), ('ok', 'acq_rel acquire', '%ok8', lambda m, e, d: int(m == e)),
                ('now', 'relaxed relaxed', '%now', lambda m, e, d: d if m == e else m)):
            add(f, f'at_cas_{kind}_{t}', [t] * 3, 'i8' if kind == 'ok' else t,
                CAS_BODY.replace('T', t).format(orders=orders, result=result),
                [(v, value(*v)) for v in ((5, 5, 9), (5, 6, 9), (top, top, 0), (0, top, 1))])
        add(f, f'at_cas_branch_{t}', [t, t], 'i32', BRANCH_BODY.replace('T', t), [((7, 7), 11), ((7, 8), 22)])
    f.line(COUNT)
    return f


def conditions(f, name, t, params, x, value, runs):
    """A function that sets bit k if the k-th condition holds of `x`, computed anew for each, and 0."""
    w = WIDTH[t]
    lines = ['b0(%s):' % ', '.join(f'%{p}: {t}' for p in params), '  br t0(0)']
    for k, cond in enumerate(ICMP):
        lines += [f't{k}(%s{k}: i32):', f'  %x{k} = {x}', f'  %c{k} = icmp.{t} {cond} %x{k}, 0', f'  brif %c{k}, y{k}, t{k + 1}(%s{k})',
                  f'y{k}:', f'  %m{k} = or.i32 %s{k}, {1 << k}', f'  br t{k + 1}(%m{k})']
    lines += [f't{len(ICMP)}(%r: i32):', '  ret %r']
    wants = [sum(1 << k for k, holds in enumerate(ICMP.values()) if holds(value(*(a & mask(w) for a in args)) & mask(w), 0, w))
             for args in runs]
    add(f, name, [t] * len(params), 'i32', '\n'.join(lines), list(zip(runs, wants)))


MASKS = {'i8': (1, 127, 128), 'i16': (4, 128, 1 << 15), 'i32': (1, 128, 255, 1 << 31), 'i64': (64, 128, mask(64) - mask(31))}


def gen_conditions(_):
    f = File('g_conditions')
    for t in INT64:
        w = WIDTH[t]
        low, high = -(1 << (w - 1)), (1 << (w - 1)) - 1
        runs = [(0, 0), (1, 1), (high, 1), (low, 1), (low, low), (-1, 1), (-1, low), (5, -5), (low, -1), (3, 12)]
        for op in ('and', 'sub', 'add', 'xor'):
            conditions(f, f'{op}{w}', t, 'ab', f'{op}.{t} %a, %b', lambda a, b: BIN[op](a, b, w), runs)
    for t, masks in MASKS.items():
        w = WIDTH[t]
        for m in masks:
            runs = [0, 1, -1, signed(m, w), signed(~m, w), -(1 << (w - 1)), signed(192, w)]
            conditions(f, f'mask{w}_{m}', t, 'a', f'and.{t} %a, {signed(m, w)}', lambda a: a & m, [(a,) for a in runs])
    return f
