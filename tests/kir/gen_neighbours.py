"""Run lines for what targets fold: straight-line functions in which most operations read one of the two before, and
unrelated ones stand in between."""
from gen_base import *

SHIFTS = {'shl': lambda a, n, w: a << n, 'lshr': lambda a, n, w: a >> n, 'ashr': lambda a, n, w: signed(a, w) >> n}
SUMS = {'add': lambda a, b: a + b, 'sub': lambda a, b: a - b, 'mul': lambda a, b: a * b, 'and': lambda a, b: a & b,
        'or': lambda a, b: a | b, 'xor': lambda a, b: a ^ b}
CONDITIONS = {'eq': lambda a, b: a == b, 'ne': lambda a, b: a != b, 'lt': lambda a, b: a < b, 'ge': lambda a, b: a >= b,
              'le': lambda a, b: a <= b, 'gt': lambda a, b: a > b}
PARAMS = ['i64', 'i64', 'i64', 'i32', 'i32']
RUNS = 4
SPECIAL = [0, 1, -1, 5, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 63, (1 << 63) - 1]


class Function:
    """Values by number: their types, and their values in each run."""

    def __init__(self, rng, runs):
        self.rng, self.lines, self.used = rng, [], set(range(len(PARAMS)))
        self.types = list(PARAMS)
        self.values = [[args[i] & mask(WIDTH[t]) for args in runs] for i, t in enumerate(PARAMS)]

    def add(self, text, t, value, *operands):
        """An operation whose text has {0}, {1}, ... for its operands; `value` of one run's operands."""
        columns = zip(*(self.values[o] for o in operands))
        self.lines.append(text.format(*('v%d' % o for o in operands)))
        self.values.append([value(*c) & mask(WIDTH[t]) for c in columns])
        self.used.update(operands)
        self.types.append(t)
        return len(self.types) - 1

    def pick(self, fits=lambda t: True):
        """One of the newest two that fit, as a rule."""
        found = [i for i, t in enumerate(self.types) if fits(t)]
        return self.rng.choice(found[-2:] if self.rng.random() < 0.75 else found)

    def constant(self, w):
        r = self.rng
        return signed(r.choice([0, 1, -1, r.randrange(256), (1 << r.randrange(1, w)) - 1, 1 << r.randrange(w - 1),
                                r.randrange(-2048, 2048), r.getrandbits(w - 1)]), w)

    def shift(self):
        a = self.pick()
        t, n, op = self.types[a], self.rng.randrange(WIDTH[self.types[a]]), self.rng.choice(list(SHIFTS))
        self.add('%s.%s {0}, %d' % (op, t, n), t, lambda x: SHIFTS[op](x, n, WIDTH[t]), a)

    def sum(self):
        a, op = self.pick(), self.rng.choice(list(SUMS))
        t = self.types[a]
        if self.rng.random() < 0.4:
            c = self.constant(WIDTH[t])
            self.add('%s.%s {0}, %d' % (op, t, c), t, lambda x: SUMS[op](x, c & mask(WIDTH[t])), a)
        else:
            pair = [a, self.pick(lambda u: u == t)]
            self.rng.shuffle(pair)
            self.add('%s.%s {0}, {1}' % (op, t), t, SUMS[op], *pair)

    def convert(self):
        wider = self.rng.random() < 0.5
        a = self.pick(lambda t: t != ('i64' if wider else 'i8') and t in WIDTH)
        f = self.types[a]
        t = self.rng.choice([u for u in INT64 if (WIDTH[u] > WIDTH[f]) == wider and u != f])
        op = self.rng.choice(['zext', 'sext']) if wider else 'trunc'
        self.add('%s.%s %s {0}' % (op, t, f), t, lambda x: signed(x, WIDTH[f]) if op == 'sext' else x, a)

    def compare(self):
        """A comparison, and what reads it as a condition or a number."""
        a, cond = self.pick(), self.rng.choice(list(CONDITIONS))
        t, kind = self.types[a], '' if cond in ('eq', 'ne') else self.rng.choice('us')
        of = (lambda x: signed(x, WIDTH[t])) if kind == 's' else (lambda x: x)
        holds = CONDITIONS[cond]
        if self.rng.random() < 0.5:
            c = self.constant(WIDTH[t])
            i = self.add('icmp.%s %s {0}, %d' % (t, kind + cond, c), 'i8',
                         lambda x: holds(of(x), of(c & mask(WIDTH[t]))), a)
        else:
            i = self.add('icmp.%s %s {0}, {1}' % (t, kind + cond), 'i8', lambda x, y: holds(of(x), of(y)), a,
                         self.pick(lambda u: u == t))
        if self.rng.random() < 0.6:
            x = self.pick()
            t = self.types[x]
            self.add('select.%s {0}, {1}, {2}' % t, t, lambda c, x, y: x if c else y, i, x,
                     self.pick(lambda u: u == t))
        else:
            t = self.rng.choice(['i16', 'i32', 'i64'])
            self.add('zext.%s i8 {0}' % t, t, lambda x: x, i)

    def address(self):
        a, b = self.pick(lambda t: t == 'i64'), self.pick(lambda t: t == 'i64')
        scale, disp = self.rng.choice([1, 2, 4, 8, 8, 16, 3]), self.rng.choice([0, 0, 8, -8, 4096, -300])
        self.add('addr {0} + {1}*%d%+d' % (scale, disp), 'i64', lambda x, y: x + y * scale + disp, a, b)

    def end(self):
        """Adds up what nobody read; gives the results."""
        total = None
        for i in range(len(PARAMS), len(self.types)):
            if i in self.used:
                continue
            if self.types[i] != 'i64':
                i = self.add('zext.i64 %s {0}' % self.types[i], 'i64', lambda x: x, i)
            total = i if total is None else self.add('add.i64 {0}, {1}', 'i64', SUMS['add'], total, i)
        self.lines.append('ret v%d' % total)
        return self.values[total]


def gen_neighbours(rng):
    f = File('g_neighbours')
    for _ in range(600):
        runs = [[rng.choice(SPECIAL) if rng.random() < 0.4 else rng.getrandbits(64) >> rng.choice([0, 0, 20, 40])
                 for _ in PARAMS] for _ in range(RUNS)]
        one = Function(rng, runs)
        for _ in range(rng.randrange(6, 16)):
            rng.choice([one.shift, one.shift, one.sum, one.sum, one.convert, one.convert, one.compare, one.address])()
        results = one.end()
        first = len(PARAMS)
        lines = ['b0(%s):' % ', '.join('v%d: %s' % p for p in enumerate(PARAMS))]
        lines += ['  v%d = %s' % (first + i, l) for i, l in enumerate(one.lines[:-1])] + ['  ' + one.lines[-1]]
        name = f.func(PARAMS, 'i64', '\n'.join(lines))
        for args, want in zip(runs, results):
            f.run(name, args, PARAMS, want, 'i64')
    return f
