"""Makes random programs of the IR from a seed: structured control flow with loops, irregular parts
(irreducible regions, indirect branches), and straight code by random_ops.py. Values in scope are
kept per type in `vis`; the values of a region are removed from it where the region does not dominate what follows."""
import random

from gen_base import WIDTH, mask
from random_ir import Block, Data, Func, Ins, Program, INTS, FLOATS, SIZE
from random_ops import Ops
import random_eval

COUNTERS = ('i8', 'i16', 'i32', 'i64')


class Profile:
    """The weights of a program's parts."""

    def __init__(self, rng, target):
        self.target = target
        self.types = rng.choice([
            {'i32': 4, 'i64': 4, 'i8': 1, 'i16': 1, 'f64': 1, 'f32': 1, 'i128': .5},
            {'i32': 3, 'i64': 3, 'i8': 3, 'i16': 3},
            {'f32': 3, 'f64': 4, 'i32': 2, 'i64': 2},
            {'i128': 4, 'i64': 3, 'i32': 1, 'f64': 1},
            {'i64': 6, 'i32': 3},
            {'i32': 1, 'i64': 1, 'i8': 1, 'i16': 1, 'f64': 1, 'f32': 1, 'i128': 1}])
        self.budget = int(2 ** rng.uniform(3, 8.5))
        self.memory = rng.choice((.05, .2, .5))
        self.variables = rng.choice((0, .05, .3))
        self.call = rng.choice((0, .02, .1))
        self.flow = rng.choice((.05, .12, .25))
        self.const = rng.choice((.05, .15, .35))
        self.near = rng.choice((.2, .6, .9))  # how often one of the latest values is used
        self.pressure = rng.random() < .25
        self.observe = rng.choice((.02, .1))


class Gen(Ops):
    def __init__(self, seed, target):
        self.seed, self.rng = seed, random.Random('%s' % seed)
        self.p = Program(seed)
        self.profile = Profile(self.rng, target)
        self.target = target
        self.n_data = 0
        self.callees = []   # functions made so far

    # ---- small things ----

    def chance(self, p):
        return self.rng.random() < p

    def type(self, among=None):
        w = self.profile.types
        types = [t for t in w if among is None or t in among]
        if not types:
            return self.rng.choice(among)
        return self.rng.choices(types, [w[t] for t in types])[0]

    def data(self, size, content, readonly=False, align=8):
        self.n_data += 1
        d = Data('r%d_d%d' % (self.seed, self.n_data), size, content, readonly, align)
        d.linkage = self.rng.choice(('internal ',) * 3 + ('hidden ', 'weak ', ''))
        self.p.data.append(d)
        return d

    def value(self, t):
        self.n_values += 1
        return self.n_values - 1

    def see(self, v, t):
        self.vis.setdefault(t, []).append(v)
        return ('v', v)

    def mark(self):
        return {t: len(v) for t, v in self.vis.items()}, len(self.ptrs), len(self.compares)

    def cut(self, m):
        for t, v in self.vis.items():
            del v[m[0].get(t, 0):]
        del self.ptrs[m[1]:]
        del self.compares[m[2]:]

    def use(self, operands):
        self.used.update(o[1] for o in operands if o[0] == 'v')

    def emit(self, op, t, args, x=None, res=()):
        """Adds an instruction with results of the types `res`; gives the first as an operand."""
        values = [(self.value(r), r) for r in res]
        self.cur.ins.append(Ins(op, t, args, x, values))
        self.use(args)
        self.left -= 1
        for v, r in values:
            if r != 'ptr':
                self.see(v, r)
        return ('v', values[0][0]) if values else None

    # ---- blocks ----

    def block(self, types=()):
        self.n_blocks += 1
        b = Block('b%d' % (self.n_blocks - 1), [(self.value(t), t) for t in types])
        self.f.blocks[b.name] = b
        return b

    def start(self, b):
        self.cur = b
        for v, t in b.params:
            if t == 'ptr':
                self.ptrs.append((('v', v), 0, 8))
            else:
                self.see(v, t)

    def end(self, op, edges, args=(), t=None, x=None):
        i = Ins(op, t, args, x)
        i.edges = [[b.name, list(a)] for b, a in edges]
        for _, a in edges:
            self.use(a)
        self.use(args)
        self.cur.term = i
        self.cur = None

    def args_for(self, b):
        return [self.operand(t) for _, t in b.params]

    def pointers(self):
        return ['ptr'] * self.rng.randint(0, 2) if self.chance(.4 * self.profile.memory) else []

    def param_types(self, most=4):
        return [self.type() for _ in range(self.rng.choice((0, 0, 1, 1, 2, 3,
                                                            most)))] + self.pointers()

    # ---- regions: each goes on in self.cur ----

    def region(self, depth):
        """Straight code and what it branches to, in a random number of steps."""
        steps = self.rng.randint(1, 14)
        m = self.mark()
        while steps > 0 and self.left > 0:
            steps -= 1
            if depth < 4 and self.chance(self.profile.flow):
                self.rng.choice((self.branch, self.branch, self.loop, self.loop, self.do_loop,
                                 self.switch, self.machine, self.leave_early, self.indirect,
                                 self.join_only))(depth + 1)
            else:
                self.straight()
        self.observe_unused(self.rng.choice((0, 1, 3)), m)

    def branch(self, depth):
        yes, join = self.block(), self.block(self.param_types())
        no = self.block() if self.chance(.6) else None
        c = self.condition()
        if no:
            edges = [(yes, ()), (no, ())]
        else:
            edges = [(yes, ()), (join, self.args_for(join))]
        if self.chance(.3):
            edges.reverse()
        self.end('brif', edges, [c])
        m = self.mark()
        for b in (yes, no):
            if b is None:
                continue
            self.start(b)
            if self.chance(.85):
                self.region(depth)
            self.end('br', [(join, self.args_for(join))])
            self.cut(m)
        self.start(join)

    def join_only(self, depth):
        """A branch whose two edges go to the same block."""
        join = self.block(self.param_types(6) + [self.type()])
        c = self.condition()
        a = self.args_for(join)
        b = [o if self.chance(.5) else self.operand(t) for o, (_, t) in zip(a, join.params)]
        if self.chance(.4):
            same = [n for n in range(len(a)) for k in range(n)
                    if join.params[n][1] == join.params[k][1]]
            for n in same[:1]:
                k = [k for k in range(n) if join.params[n][1] == join.params[k][1]][0]
                b = list(a)
                b[n], b[k] = a[k], a[n]
        self.end('brif', [(join, a), (join, b)], [c])
        self.start(join)

    def carried(self):
        n = self.rng.choice((0, 1, 2, 3, 5, 7 + 8 * self.profile.pressure))
        if self.chance(.3):  # of one type: cycles
            return [self.type()] * n
        return [self.type() for _ in range(n)] + self.pointers()

    def next_args(self, head, skip=1):
        """Arguments of a back edge: often the parameters themselves, rotated or swapped."""
        out = []
        for n, (v, t) in enumerate(head.params):
            if n < skip:
                continue
            same = [w for w, u in head.params[skip:] if u == t]
            if self.chance(.4):
                out.append(('v', self.rng.choice(same)))
            else:
                out.append(self.operand(t))
        return out

    def trip(self, t):
        if self.chance(.6) or not self.vis.get(t):
            return ('c', self.rng.randint(0, 6), t)
        return self.emit('and', t, [self.operand(t, 0), ('c', self.rng.choice((1, 3, 7)), t)],
                         None, [t])

    def step(self, ct, n, up):
        op, k = ('add', 1) if up else ('sub', 1)
        if self.chance(.3):
            op, k = ('sub' if up else 'add'), mask(WIDTH[ct])
        return self.emit(op, ct, [n, ('c', k, ct)], None, [ct])

    def loop(self, depth):
        """A loop with its test at the head; sometimes with an exit and a back edge in the middle."""
        ct = self.rng.choice(COUNTERS)
        up = self.chance(.5)
        bound = self.trip(ct)
        types = self.carried()
        head, body = self.block([ct] + types), self.block()
        exit_types = self.param_types(2)
        out = self.block(exit_types)
        self.end('br', [(head, [('c', 0, ct) if up else bound] + [self.operand(t) for t in types])])
        self.start(head)
        n = ('v', head.params[0][0])
        if self.chance(.4):
            self.straight()
        conds = (('ult', 'ne', 'slt') if up else ('ne', 'ugt', 'sgt'))
        c = self.emit('icmp', ct, [n, bound if up else ('c', 0, ct)], self.rng.choice(conds),
                      ['i8'])
        if self.chance(.2):
            self.straight()
        self.end('brif', [(body, ()), (out, self.args_for(out))], [c])
        m = self.mark()
        self.start(body)
        self.region(depth)
        if self.chance(.3):
            more = self.block()
            c = self.condition()
            edges = [(out, self.args_for(out)), (more, ())]
            self.end('brif', edges, [c])
            self.start(more)
            self.region(depth)
        if self.chance(.3):
            again = self.block()
            after = self.step(ct, n, up)
            c = self.condition()
            self.end('brif', [(head, [after] + self.next_args(head)), (again, ())], [c])
            self.start(again)
            if self.chance(.5):
                self.straight()
            self.end('br', [(head, [after] + self.next_args(head))])
        else:
            after = self.step(ct, n, up)
            self.end('br', [(head, [after] + self.next_args(head))])
        self.cut(m)
        self.start(out)

    def do_loop(self, depth):
        """A loop with its test at the end, often of a single block."""
        ct = self.rng.choice(COUNTERS)
        bound = self.rng.randint(1, 6)
        types = self.carried()
        head = self.block([ct] + types)
        out = self.block(self.param_types(2))
        self.end('br', [(head, [('c', bound, ct)] + [self.operand(t) for t in types])])
        self.start(head)
        n = ('v', head.params[0][0])
        if self.chance(.5):
            for _ in range(self.rng.randint(0, 6)):
                self.straight()
        else:
            self.region(depth)
        after = self.step(ct, n, False)
        cond, zero = self.rng.choice((('ne', 0), ('ugt', 0), ('sgt', 0), ('uge', 1)))
        c = self.emit('icmp', ct, [after, ('c', zero, ct)], cond, ['i8'])
        if self.chance(.2):
            self.straight()
        edges = [(head, [after] + self.next_args(head)), (out, self.args_for(out))]
        if self.chance(.2):
            c = self.emit('xor', 'i8', [c, ('c', self.rng.choice((1, 255, 3)), 'i8')], None, ['i8'])
            edges.reverse()
        self.end('brif', edges, [c])
        self.start(out)

    def case_values(self, t, k):
        w = WIDTH[t]
        style = self.rng.randrange(4)
        if style == 0:
            first = self.rng.choice((0, 1, -2, 100, 1 << (w - 1)))
            return [first + n & mask(w) for n in range(k)]
        if style == 1:
            return [n * self.rng.choice((1, 1, 2, 3)) & mask(w) for n in range(k)]
        return [self.const(t)[1] for _ in range(3 * k)]

    def switch(self, depth):
        t = self.type(('i8', 'i16', 'i32', 'i64'))
        k = self.rng.choice((0, 1, 2, 3, 5, 9, 20))
        values = list(dict.fromkeys(self.case_values(t, k)))[:k]
        join = self.block(self.param_types())
        arms = [self.block(self.param_types(2)) for _ in range(self.rng.randint(1, 4))]
        v = self.operand(t, .05)
        if self.chance(.6):
            v = self.emit('and', t, [v, ('c', self.rng.choice((3, 7, 15)), t)], None, [t])
            if values and self.chance(.7):
                v = self.emit('add', t, [v, ('c', values[0], t)], None, [t])
        args = {b.name: self.args_for(b) for b in arms + [join]}
        targets = [self.rng.choice(arms + [join] * (k > 2)) for _ in range(len(values) + 1)]
        used = [b for b in arms if b in targets]
        self.end('switch', [(b, args[b.name]) for b in targets], [v], t, values)
        m = self.mark()
        for b in arms:
            if b not in used:
                del self.f.blocks[b.name]
        for b in used:
            self.start(b)
            self.region(depth)
            self.end('br', [(join, self.args_for(join))])
            self.cut(m)
        self.start(join)

    def block_names(self, blocks):
        return [('b', self.f.name, b.name) for b in blocks]

    def jump_to(self, blocks, index=None):
        """An address out of `blocks`, as a value."""
        names = self.block_names(blocks)
        if len(blocks) == 2 and self.chance(.6):
            return self.emit('select', 'ptr', [self.condition(), names[0], names[1]], None, ['ptr'])
        if len(blocks) == 1 and self.chance(.5):
            return self.emit('copy', 'ptr', names, None, ['ptr'])
        table = [names[n % len(names)] for n in range(4)]
        d = self.data(32, table, self.chance(.7))
        i = self.emit('and', 'i64', [index or self.operand('i64', .05), ('c', 3, 'i64')], None,
                      ['i64'])
        at = self.emit('addr', None, [('g', d.name, 0), i], {'scale': 8, 'disp': 0}, ['ptr'])
        return self.emit('load', 'ptr', [at], {'disp': 0}, ['ptr'])

    def indirect(self, depth):
        arms = [self.block(self.param_types(3)) for _ in range(self.rng.randint(1, 3))]
        join = self.block(self.param_types())
        at = self.jump_to(arms)
        edges = [(b, self.args_for(b)) for b in arms]
        self.end('brind', edges, [at])
        m = self.mark()
        for b in arms:
            self.start(b)
            if self.chance(.7):
                self.region(depth)
            self.end('br', [(join, self.args_for(join))])
            self.cut(m)
        self.start(join)

    def machine(self, depth):
        """Blocks that branch to each other at random while there is fuel: irreducible."""
        types = ['i32'] + self.carried()
        blocks = [self.block(types) for _ in range(self.rng.randint(2, 4))]
        out = self.block(self.param_types(3))
        fuel = ('c', self.rng.randint(1, 12), 'i32')
        first = [fuel] + [self.operand(t) for t in types[1:]]
        if self.chance(.6):
            second = [fuel] + [self.operand(t) for t in types[1:]]
            self.end('brif', [(blocks[0], first), (blocks[1], second)], [self.condition()])
        else:
            self.end('br', [(blocks[0], first)])
        m = self.mark()
        indirect = self.chance(.3)
        for b in blocks:
            self.start(b)
            for _ in range(self.rng.randint(0, 5)):
                self.straight()
            left = self.step('i32', ('v', b.params[0][0]), False)
            go = self.block()
            c = self.emit('icmp', 'i32', [left, ('c', 0, 'i32')], 'sgt', ['i8'])
            self.end('brif', [(go, ()), (out, self.args_for(out))], [c])
            self.start(go)
            if self.chance(.4):
                self.straight()
            to = [self.rng.choice(blocks) for _ in range(2)]
            if indirect:
                to = list(dict.fromkeys(to))
                at = self.jump_to(to)
                self.end('brind', [(t, [left] + self.next_args(t) if t is b else
                                    [left] + [self.operand(k)
                                              for k in types[1:]]) for t in to], [at])
            elif self.chance(.3):
                t = self.type(('i8', 'i16', 'i32', 'i64'))
                v = self.emit('and', t, [self.operand(t, .05), ('c', 3, t)], None, [t])
                args = {k.name: [left] + [self.operand(u) for u in types[1:]] for k in to}
                self.end('switch', [(k, args[k.name]) for k in to], [v], t, [self.rng.randrange(4)])
            else:
                self.end('brif', [(to[0], [left] + self.next_args(b)),
                                  (to[1], [left] + self.next_args(b))], [self.condition()])
            self.cut(m)
        self.start(out)

    def leave_early(self, depth):
        away, go = self.block(), self.block()
        edges = [(away, ()), (go, ())]
        c = self.condition()
        if self.chance(.5):
            edges.reverse()
        self.end('brif', edges, [c])
        m = self.mark()
        self.start(away)
        if self.chance(.5):
            self.straight()
        self.ret()
        self.cut(m)
        self.start(go)

    def ret(self):
        rng = self.rng
        self.observe_unused(rng.choice((0, 2, 5, 12)))
        for _ in range(rng.choice((0, 0, 1, 2))):
            self.observe()
        out = []
        for n, t in enumerate(self.f.results):
            v = self.operand(t, .05)
            if n == 0 and self.chance(.95):
                acc = self.hidden('load', 'i64', [self.acc], dict(self.acc_x))
                if t in FLOATS:
                    small = self.hidden('trunc', 'i16', [acc], 'i64')
                    acc = self.hidden('sitof', t, [small], 'i16')
                    v = self.hidden('fadd', t, [self.quiet(t, v), acc])
                elif t == 'i128':
                    v = self.hidden('xor', t, [v, self.hidden('sext', t, [acc], 'i64')])
                else:
                    if t != 'i64':
                        acc = self.hidden('trunc', t, [acc], 'i64')
                    v = self.hidden('xor', t, [v, acc]) if self.chance(.8) else acc
            out.append(v)
        self.end('ret', (), out, None, list(self.f.results))

    # ---- functions ----

    def function(self, name, params, results, variadic=None):
        f = self.f = Func(name, params, results, variadic is not None)
        self.variadic = variadic
        self.vis, self.ptrs, self.compares, self.n_values, self.n_blocks = {}, [], [], 0, 0
        self.vars, self.whole, self.areas, self.used = [], [], [], set()
        self.left = self.profile.budget if name.endswith('_f') else self.profile.budget // 2 + 3
        entry = self.block([t for t, _ in params])
        f.regs = [v for v, _ in entry.params]
        self.start(entry)
        self.ptrs = []  # those of the caller are of other sizes
        for (v, t), (_, attr) in zip(entry.params, params):
            if t == 'ptr':
                size = int(attr[6:].split(',')[0]) if attr.startswith('byval') else 32
                self.areas.append((('v', v), size, False))
        self.set_up()
        while self.left > 0:
            self.region(0)
        self.ret()
        self.finish()
        self.p.funcs.append(f)
        self.callees.append(f)
        f.wants = variadic

    def finish(self):
        """Removes unreachable blocks, adds an unreachable one, and shuffles the order."""
        f = self.f
        named = {o[2] for d in self.p.data if isinstance(d.content, list) for o in d.content
                 if o[1] == f.name}
        for b in f.blocks.values():
            for i in b.ins + [b.term]:
                named |= {o[2] for o in i.args if o[0] == 'b'}
        todo = [next(iter(f.blocks))] + sorted(named)
        seen = set(todo)
        while todo:
            for b, _ in f.blocks[todo.pop()].term.edges:
                if b not in seen:
                    seen.add(b)
                    todo.append(b)
        f.blocks = {n: b for n, b in f.blocks.items() if n in seen}
        f.order = list(f.blocks)
        if self.chance(.7):
            rest = f.order[1:]
            self.rng.shuffle(rest)
            f.order[1:] = rest
        if self.chance(.3):  # names that are no numbers
            new = {n: 'x%s' % n[1:] for n in f.order}
            self.rename(new)

    def rename(self, new):
        f = self.f

        def op(o):
            return ('b', o[1], new[o[2]]) if o[0] == 'b' and o[1] == f.name else o
        for b in f.blocks.values():
            b.name = new[b.name]
            for i in b.ins + [b.term]:
                i.args = [op(o) for o in i.args]
                for e in i.edges:
                    e[0] = new[e[0]]
        for d in self.p.data:
            if isinstance(d.content, list):
                d.content = [op(o) for o in d.content]
        f.blocks = {b.name: b for b in f.blocks.values()}
        f.order = [new[n] for n in f.order]

    def attr(self, t):
        return self.rng.choice(('', '', 'sext', 'zext')) if t in ('i8', 'i16', 'i32') else ''

    def param(self, inner):
        if inner and self.chance(.12):
            if self.chance(.5):
                size = self.rng.choice((1, 4, 8, 12, 16, 17, 24, 32))
                return ('ptr', 'byval(%d, %d)' % (size, self.rng.choice((8, 8, 16))))
            return ('ptr', '')
        t = self.type()
        return (t, self.attr(t))

    def results(self):
        """Result types: those that find no register are in memory."""
        return [self.type() for _ in range(self.rng.choice((0, 1, 1, 1, 1, 2, 3, 6, 8)))]

    def make(self):
        rng = self.rng
        for n in range(rng.choice((0, 0, 1, 1, 2, 3)) if self.profile.call else 0):
            count = rng.choice((0, 1, 2, 4, 7, 10, 14))
            variadic = None
            if self.chance(.15):
                variadic = [self.type(('i32',
                                       'i64', 'f64')) for _ in range(rng.choice((1, 3, 9, 16)))]
                count = rng.choice((1, 2, 7))
            params, results = [self.param(True) for _ in range(count)], self.results()
            if self.chance(.1):  # the result in memory
                params, results = [('ptr', 'sret')] + params, []
            self.function('r%d_h%d' % (self.seed, n), params, results, variadic)
        t = rng.choice(('i64',) * 6 + ('i32', 'i8', 'i16', 'f64', 'f32', 'i128'))
        count = rng.choice((1, 2, 3, 4, 6, 9, 13))
        self.function('r%d_f' % self.seed, [self.param(False) for _ in range(count)], [t])
        return self.p


def argument(rng, t):
    if t in FLOATS:
        return rng.choice(Ops.FLOAT_BITS[t] + [Ops.nan[t]] + [rng.getrandbits(8 * SIZE[t])])
    w = WIDTH[t]
    v = rng.choice((rng.getrandbits(w), rng.getrandbits(w), rng.randint(-9, 9), 1 << (w - 1),
                    (1 << (w - 1)) - 1, rng.getrandbits(min(w, 32)), rng.randint(0, 255)))
    return v & mask(w)


def make(seed, target, vectors=4):
    """A program with its vectors; without any if none of those tried is defined."""
    g = Gen(seed, target)
    p = g.make()
    rng = random.Random('%s arguments' % seed)
    for _ in range(3 * vectors):
        args = [argument(rng, t) for t, _ in p.funcs[-1].params]
        args = [Ops.nan[t] if t in FLOATS and random_eval.nan_bits(a, t) else a
                for a, (t, _) in zip(args, p.funcs[-1].params)]
        try:
            p.vectors.append((args, random_eval.result_of(p, args, target)))
        except random_eval.Undefined:
            continue
        if len(p.vectors) == vectors:
            break
    return p
