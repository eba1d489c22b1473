"""Functions that differ in an operation, a type or a size alone: atomic operations, conditions whose operands the flags of
an operation answer, and blocks of memory."""
from gen_base import BIN, File, ICMP, INT64, WIDTH, mask, signed

ORDERINGS = ['relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']
RMW = {'xchg': lambda a, b, w: b, 'add': BIN['add'], 'sub': BIN['sub'], 'and': BIN['and'],
       'nand': lambda a, b, w: ~(a & b), 'or': BIN['or'], 'xor': BIN['xor'], 'smin': BIN['smin'], 'smax': BIN['smax'],
       'umin': BIN['umin'], 'umax': BIN['umax']}
RMW_BODY = """\
  %s = slot {size}
b0(%a: T, %b: T):
  store.i64 -1, %s
  %p = addr %s + {at}
  store.T %a, %p
  %old = atomic_rmw.T {op} {order} %p, %b
  %now = {load} %p
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
  %s = slot {size}
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


def read_modify_write(f, t, pairs, **body):
    """Each operation, used for the old and for the new value."""
    for i, (op, value) in enumerate(RMW.items()):
        for new, result in enumerate(('%old', '%now')):
            text = RMW_BODY.format(op=op, order=ORDERINGS[i % 5], result=result, **body).replace('T', t)
            add(f, f'at_{op}_{t}_{new}', [t, t], t, text,
                [((a, b), value(a, b, WIDTH[t]) & mask(WIDTH[t]) if new else a) for a, b in pairs])


def compare_and_swap(f, t, size, runs):
    for kind, orders, result, value in (
            ('old', 'seq_cst seq_cst', '%old', lambda m, e, d: m), ('ok', 'acq_rel acquire', '%ok8', lambda m, e, d: int(m == e)),
            ('now', 'relaxed relaxed', '%now', lambda m, e, d: d if m == e else m)):
        add(f, f'at_cas_{kind}_{t}', [t] * 3, 'i8' if kind == 'ok' else t,
            CAS_BODY.format(size=size, orders=orders, result=result).replace('T', t), [(v, value(*v)) for v in runs])


def gen_atomics(_):
    """Each operation and width, and a counter that threads share."""
    f = File('g_atomics')
    for t in INT64:
        w = WIDTH[t]
        top, high = mask(w), 1 << (w - 1)
        read_modify_write(f, t, [(5, 3), (top, 1), (high, high - 1), (90, 60)], size='16 align 8', at=0, load=f'load.{t}')
        add(f, f'at_unused_{t}', [t, t], t, UNUSED_BODY.replace('T', t),
            [((a, b), (a + b - 2) & top) for a, b in ((5, 3), (top, 1), (0, 0))])
        compare_and_swap(f, t, '8 align 8', ((5, 5, 9), (5, 6, 9), (top, top, 0), (0, top, 1)))
        add(f, f'at_cas_branch_{t}', [t, t], 'i32', BRANCH_BODY.replace('T', t), [((7, 7), 11), ((7, 8), 22)])
    f.line(COUNT)
    return f


def gen_atomics_wide(_):
    """Those of i128, whose halves may be the same one by one. Targets without them skip the functions."""
    f = File('g_atomics_wide')
    f.head = '; features: cx16\n'
    top, high, low, seven = mask(128), 1 << 127, 1 << 64, 7 << 64
    some = 0x123456789abcdef0fedcba9876543210
    read_modify_write(f, 'i128', [(5, 3), (low - 1, 1), (high, high - 1), (some, top - (some >> 4)), (low, low - 1), (top, top),
                                  (seven | 5, seven | 6)], size='32 align 16', at=16, load='atomic_load.i128 seq_cst')
    compare_and_swap(f, 'i128', '16 align 16', ((5, 5, 9), (5, 6, 9), (low | 5, 5, 9), (top, top, high), (high, 0, 7),
                                                (seven, seven, (1 << 100) + 3)))
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


BLOCKS = """\
; c: typedef void mb_fn(char *, const char *);
; c: static int mb_all(int n, mb_fn *copy, mb_fn *move, mb_fn *set) {
; c:   char a[300], b[300];
; c:   for (int i = 0; i < 300; i++) a[i] = i * 7 + 1, b[i] = 3;
; c:   copy(b + 1, a + 2);
; c:   for (int i = 0; i < 300; i++) if (b[i] != (i >= 1 && i < 1 + n ? a[i + 1] : 3)) return 0;
; c:   memcpy(b, a, 300);
; c:   move(b + 5, b + 3), memmove(a + 5, a + 3, n);
; c:   if (memcmp(a, b, 300)) return 0;
; c:   move(b + 5, b + 9), memmove(a + 5, a + 9, n);
; c:   if (memcmp(a, b, 300)) return 0;
; c:   set(a + 7, 0);
; c:   for (int i = 0; i < 300; i++) if (a[i] != (i >= 7 && i < 7 + n ? (char)165 : b[i])) return 0;
; c:   return 1;
; c: }"""


def gen_blocks(_):
    """memcpy, memmove and memset of constant sizes: no byte around the block changes, and memmove's may overlap."""
    f = File('g_blocks')
    f.line(BLOCKS)
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 200, 256):
        names = [f.func(['i64', 'i64'], '', f'b0(%to: i64, %from: i64):\n  {op} %to, {what}, {n}\n  ret', f'mb_{op}_{n}')
                 for op, what in (('memcpy', '%from'), ('memmove', '%from'), ('memset', '165'))]
        f.line('; c: extern mb_fn %s, %s, %s;' % tuple(names))
        f.line('; check: mb_all(%d, %s, %s, %s)' % (n, *names))
    return f


HELD = 24  # more than there are registers of a kind


def gen_held(_):
    """Many values that stand for the content of a variable, when that changes: of integers, and of floats."""
    f = File('g_held')
    loads = lambda t: [f'  %v{k} = load.{t} %x' for k in range(HELD)]
    body = ['  %x = slot 8 align 8', 'b0(%a: i64):', '  store.i64 %a, %x', '  br b1', 'b1:', *loads('i64'), '  store.i64 1000, %x',
            '  %s0 = load.i64 %x']
    for k in range(HELD):
        body += [f'  %m{k} = mul.i64 %v{k}, {k + 1}', f'  %s{k + 1} = add.i64 %s{k}, %m{k}']
    add(f, 'al_many', ['i64'], 'i64', '\n'.join([*body, f'  ret %s{HELD}']),
        [((v,), 1000 + v * HELD * (HELD + 1) // 2) for v in (0, 1, 7, -3)])
    body = ['  %x = slot 8 align 8', 'b0(%a: i64):', '  %f = sitof.f64 i64 %a', '  store.f64 %f, %x', '  br b1', 'b1:', *loads('f64'),
            '  %t = fadd.f64 %v0, %v1', '  store.f64 %t, %x', '  %s0 = load.f64 %x']
    body += [f'  %s{k + 1} = fadd.f64 %s{k}, %v{k}' for k in range(HELD)]
    add(f, 'al_floats', ['i64'], 'i64', '\n'.join([*body, f'  %r = ftosi.i64 f64 %s{HELD}', '  ret %r']),
        [((v,), v * (HELD + 2)) for v in (0, 1, -3)])
    return f
