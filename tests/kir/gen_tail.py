"""Functions whose callee frees the stack arguments, which tail-call each other with any number of them: each has other
parameters, so that the stack area grows and shrinks from one to the next."""
from gen_base import File, WIDTH, const, f_bits, mask

EXACT = {'f32': 20, 'f64': 50}  # bits of integers that are converted exactly
CYCLE = 21  # functions, with as many parameters after the count and the sum
STEPS = (0, 1, 2, 20, 21, 3000)


def term(f, name, t):
    """The i64 that a parameter adds to the sum."""
    to = '%%%s_i' % name
    if t == 'i64':
        return '%' + name
    if t in EXACT:
        f.line('  %s = ftosi.i64 %s %%%s' % (to, t, name))
    elif t == 'i128':
        f.line('  %s_h = lshr.i128 %%%s, 64' % (to, name))
        f.line('  %s_x = xor.i128 %s_h, %%%s' % (to, to, name))
        f.line('  %s = trunc.i64 i128 %s_x' % (to, to))
    else:
        f.line('  %s = zext.i64 %s %%%s' % (to, t, name))
    return to


def worth(t, value):
    if t == 'i128':
        return (value >> 64) ^ value
    return value


def constant(t, value):
    return const(f_bits(float(value), t) if t in EXACT else value, t)


def draw(rng, t):
    return rng.getrandbits(EXACT.get(t) or WIDTH[t])


def write_function(f, fns, k):
    """Function k: the sum times 3, with all parameters; then the next function, with those it can pass on."""
    fn = fns[k]
    to = fns[fn['next']]
    names = ['p%d' % i for i in range(len(fn['types']))]
    f.line('func @tl_%d(%s) -> i64 tail {' % (k, ', '.join(['i64', 'i64'] + fn['types'])))
    f.line('b0(%s):' % ', '.join(['%n: i64', '%s: i64'] + ['%%%s: %s' % x for x in zip(names, fn['types'])]))
    f.line('  %s0 = mul.i64 %s, 3')
    f.line('  %t0 = add.i64 %s0, {}'.format(k))
    for i, (name, t) in enumerate(zip(names, fn['types'])):
        f.line('  %%t%d = add.i64 %%t%d, %s' % (i + 1, i, term(f, name, t)))
    last = '%%t%d' % len(names)
    f.line('  %z = icmp.i64 eq %n, 0')
    f.line('  brif %z, done, next')
    f.line('done:')
    f.line('  ret %s' % last)
    f.line('next:')
    f.line('  %m = sub.i64 %n, 1')
    args = ['%%p%d' % a if kind == 'param' else constant(t, a) for (kind, a), t in zip(fn['args'], to['types'])]
    f.line('  tailcall @tl_%d(%s)' % (fn['next'], ', '.join(['%m', last] + args)))
    f.line('}')


def make(rng, types):
    """The functions: parameters, the next function, and what it gets: a parameter or a constant."""
    fns = [{'types': [rng.choice(types) for _ in range(n)]} for n in range(CYCLE)]
    order = list(range(CYCLE))
    rng.shuffle(order)
    for i, k in enumerate(order):
        fns[k]['next'] = order[(i + 1) % CYCLE]
    for fn in fns:
        fn['args'] = []
        for t in fns[fn['next']]['types']:
            same = [i for i, own in enumerate(fn['types']) if own == t]
            passed = same and rng.random() < 0.8
            fn['args'].append(('param', rng.choice(same)) if passed else ('constant', draw(rng, t)))
    return fns


def run(fns, k, values, steps):
    total = 0
    while True:
        fn = fns[k]
        total = total * 3 + k + sum(worth(t, v) for t, v in zip(fn['types'], values))
        if steps == 0:
            return total & mask(64)
        steps -= 1
        values = [values[a] if kind == 'param' else a for kind, a in fn['args']]
        k = fn['next']


def gen_tail(rng):
    """One cycle of integers of 64 bits, one of all types. The entry is in a frame with values of its own."""
    f = File('g_tail')
    fns = make(rng, ['i64'])
    mixed = make(rng, ['i8', 'i16', 'i32', 'i64', 'i64', 'i128', 'f32', 'f64'])
    for prefix, cycle in (('a', fns), ('b', mixed)):
        for k in range(CYCLE):
            part = File('part')
            write_function(part, cycle, k)
            f.line('\n'.join(part.out).replace('@tl_', '@tl_%s_' % prefix))
            values = [draw(rng, t) for t in cycle[k]['types']]
            name = 'tl_%s_from_%d' % (prefix, k)
            f.line('func @%s(i64, i64) -> i64 {' % name)
            f.line('b0(%n: i64, %own: i64):')
            args = ', '.join(['%n', '0'] + [constant(t, v) for t, v in zip(cycle[k]['types'], values)])
            f.line('  %%r = call @tl_%s_%d(%s)' % (prefix, k, args))
            f.line('  %%q = call @tl_%s_%d(%s)' % (prefix, k, args))
            f.line('  %d = xor.i64 %r, %q')
            f.line('  %e = add.i64 %d, %r')
            f.line('  %f = add.i64 %e, %own')
            f.line('  ret %f')
            f.line('}')
            for steps in STEPS:
                f.line('; run: @%s(%d, 7) == %d' % (name, steps, (run(cycle, k, values, steps) + 7) & mask(64)))
    return f
