"""Run lines for operations that a target may combine into one instruction: a product or shift in a sum, bit fields,
comparisons joined; each also with a second use of the first operation, and without a use of the second."""
from gen_base import *


class Code:
    """Lines of one block and what they compute: operands are numbers of values, or ('k', bits)."""

    def __init__(self, params):
        self.params, self.types, self.steps = params, list(params), []

    def add(self, op, t, *args, x=None):
        """`t` is the result's type, `x` the source type or the condition; the number of the value."""
        self.steps.append((op, t, args, x))
        self.types.append('i8' if op == 'icmp' else t)
        return len(self.types) - 1

    def text(self):
        out = []
        for i, (op, t, args, x) in enumerate(self.steps):
            a = ['v%d' % v if not isinstance(v, tuple) else const(v[1], t) for v in args]
            head = 'v%d = %s.%s ' % (len(self.params) + i, op, t)
            if op in ('zext', 'sext', 'trunc'):
                head += x + ' '
            elif op == 'icmp':
                head += x + ' '
            elif op == 'load':
                a = ['%s']
            out.append(head + ', '.join(a))
        return out

    def eval(self, args, loaded=0):
        v = list(args)
        for op, t, operands, x in self.steps:
            w = WIDTH[t]
            a = [o[1] & mask(w) if isinstance(o, tuple) else v[o] for o in operands]
            if op == 'icmp':
                v.append(int(ICMP[x](a[0], a[1], w)))
            elif op == 'select':
                v.append(a[1] if a[0] & 1 else a[2])
            elif op == 'load':
                v.append(loaded & mask(w))
            elif op in ('trunc', 'zext'):
                v.append(a[0] & mask(w))
            elif op == 'sext':
                v.append(signed(a[0], WIDTH[x]) & mask(w))
            else:
                v.append(BIN[op](a[0], a[1], w) & mask(w))
        return v


def finish(f, c, rng, n):
    """The code three times: as it is, with a second use of its first step, and without a use of its last."""
    last, first = len(c.types) - 1, len(c.params)
    for variant in range(3):
        lines, value = c.text(), last
        if variant and c.types[first] == c.types[last]:
            value = last + 1
            other = first if variant == 1 else 0
            if c.types[other] != c.types[last]:
                continue
            a = last if variant == 1 else first
            lines.append('v%d = xor.%s v%d, v%d' % (value, c.types[last], a, other))
        elif variant:
            continue
        name = f.simple(c.params, c.types[last], lines + ['ret v%d' % value])
        for _ in range(n if variant == 0 else 1):
            args = [rng.choice(boundaries(WIDTH[t], rng, 3)) for t in c.params]
            v = c.eval(args)
            want = v[last]
            if variant == 1:
                want ^= v[first]
            elif variant == 2:
                want = v[first] ^ v[0]
            f.run(name, args, c.params, want, c.types[last])


def choose(f, c, rng):
    """The code's last value, an i8, returned, decides what a select gives, and where a branch goes."""
    last = len(c.types) - 1
    names = [f.simple(c.params, 'i8', c.text() + ['ret v%d' % last]),
             f.simple(c.params, 'i64', c.text() + [
                 'v%d = select.i64 v%d, 5, 7' % (last + 1, last), 'ret v%d' % (last + 1)]),
             f.func(c.params, 'i64', 'b0(%s):\n  %s\n  brif v%d, b1, b2\nb1:\n  ret 5\nb2:\n  ret 7' % (
                 ', '.join('v%d: %s' % p for p in enumerate(c.params)), '\n  '.join(c.text()), last))]
    for _ in range(4):
        args = [rng.choice(boundaries(WIDTH[t], rng, 2)) for t in c.params]
        if rng.randrange(2) and c.params.count(c.params[0]) == len(c.params):
            args[1:] = [args[0]] * (len(args) - 1)
        bit = c.eval(args)[last] & 1
        f.run(names[0], args, c.params, bit, 'i8')
        for name in names[1:]:
            f.run(name, args, c.params, 5 if bit else 7, 'i64')


def counts(w):
    return [0, 1, 3, w // 2, w - 1]


def gen_folds(rng):
    f = File('g_folds')
    for t in INT64:
        w = WIDTH[t]
        masks = [1, 7, mask(w // 2), mask(w - 1), mask(w), mask(w) ^ 7, 0x18 & mask(w)]
        # a shift and a mask, a mask and a shift
        for op in ['shl', 'lshr', 'ashr']:
            for n in counts(w):
                for m in masks + ([mask(w) << n & mask(w), 6 << n & mask(w)]):
                    c = Code([t])
                    c.add('and', t, c.add(op, t, 0, ('k', n)), ('k', m))
                    finish(f, c, rng, 3)
        for n in counts(w):
            for m in masks:
                c = Code([t])
                c.add('shl', t, c.add('and', t, 0, ('k', m)), ('k', n))
                finish(f, c, rng, 3)
            # a mask compared with 0
            for m in masks + ['v1']:
                for cond in ['eq', 'ne', 'slt']:
                    c = Code([t, t])
                    k = c.add('and', t, 0, 1 if m == 'v1' else ('k', m))
                    c.add('icmp', t, k, ('k', 0), x=cond)
                    if n == 0:
                        choose(f, c, rng)
            # two shifts
            for k in counts(w):
                for op in ['lshr', 'ashr', 'shl']:
                    c = Code([t])
                    c.add(op, t, c.add('shl', t, 0, ('k', n)), ('k', k))
                    finish(f, c, rng, 3)
            # the shift of what was extended
            for s in INT64[:INT64.index(t)]:
                for op in ['zext', 'sext']:
                    c = Code([s])
                    c.add('shl', t, c.add(op, t, 0, x=s), ('k', n))
                    finish(f, c, rng, 3)
                # a part of a shifted value, extended to any type
                for op in ['lshr', 'ashr']:
                    for to in INT64[INT64.index(s) + 1:]:
                        for ext in ['zext', 'sext']:
                            c = Code([t])
                            part = c.add('trunc', s, c.add(op, t, 0, ('k', n)), x=t)
                            c.add(ext, to, part, x=s)
                            finish(f, c, rng, 2)
        # sums and logic with a shifted operand, on either side
        for op in ['add', 'sub', 'and', 'or', 'xor']:
            for shift in ['shl', 'lshr', 'ashr', 'mul']:
                for n in counts(w)[1:]:
                    for side in range(2):
                        c = Code([t, t])
                        k = 1 << n if shift == 'mul' else n
                        s = c.add(shift, t, 0, ('k', k))
                        c.add(op, t, *((1, s) if side else (s, 1)))
                        finish(f, c, rng, 2)
        # products
        for op in ['add', 'sub', 'xor']:
            for side in range(2):
                for k in [None, 3, 10, mask(w)]:
                    c = Code([t, t, t])
                    m = c.add('mul', t, 0, 1 if k is None else ('k', k))
                    c.add(op, t, *((2, m) if side else (m, 2)))
                    finish(f, c, rng, 3)
                c = Code([t, t])
                m = c.add('mul', t, 0, 1)
                c.add(op, t, *((0, m) if side else (m, 1)))
                finish(f, c, rng, 3)
                # a load in between, of a variable in a register or in memory
                for escapes in ['', '  life_start %s\n', '  memset %s, 90, 8\n']:
                    c = Code([t, t, t])
                    m = c.add('mul', t, 0, 1)
                    l = c.add('load', t)
                    c.add(op, t, *((l, m) if side else (m, l)))
                    body = '  %%s = slot %d align 8\nb0(v0: %s, v1: %s, v2: %s):\n' % (
                        8 if escapes else w // 8, t, t, t)
                    body += escapes + '  store.%s v2, %%s\n  ' % t + '\n  '.join(c.text())
                    name = f.func([t] * 3, t, body + '\n  ret v5')
                    for _ in range(3):
                        args = [rng.choice(boundaries(w, rng, 3)) for _ in range(3)]
                        f.run(name, args, c.params, c.eval(args, args[2])[5], t)
        # two comparisons joined
        for _ in range(60):
            other = rng.choice(INT64)
            c = Code([t, t, other, other])
            pick = lambda u, k: ('k', rng.choice(boundaries(WIDTH[u], rng, 1) + [31, 32, mask(WIDTH[u]) - 30]
                                                 )) if rng.randrange(2) else k
            x = c.add('icmp', t, 0, pick(t, 1), x=rng.choice(list(ICMP)))
            if rng.randrange(4) == 0:
                x = c.add('icmp', t, c.add('and', t, 0, pick(t, 1)), ('k', 0), x='ne')
            y = c.add('icmp', other, 2, pick(other, 3), x=rng.choice(list(ICMP)))
            kind = rng.randrange(6)
            if kind < 4:
                c.add('and' if kind & 1 else 'or', 'i8', *((x, y) if kind & 2 else (y, x)))
            else:
                c.add('select', 'i8', x, *((y, ('k', 0)) if kind & 1 else (('k', 1), y)))
            choose(f, c, rng)
    return f
