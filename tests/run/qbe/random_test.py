#!/usr/bin/env python3
"""Random programs of QBE's language against an evaluator of its text, which knows doc/il.txt alone.

    random_test.py --kiln=build/kiln [--target=aarch64] [--first=S] [--count=N] [--keep=DIR]
    random_test.py --qbe=qbe ...     the programs by another compiler, which validates the evaluator

A program is made from its seed. Temporaries are assigned once or often, blocks stand in any order, values
go by variables, phis, memory, arguments, aggregates and variadic calls. No result depends on what the
language leaves open. A failure names its seed; --keep has the program, NAME.ssa, and what was expected.
"""
import os
import random
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import run  # noqa: E402

SIZE = {'b': 1, 'h': 2, 'w': 4, 'l': 8, 's': 4, 'd': 8}
COMPARE = ('eq', 'ne', 'sle', 'slt', 'sge', 'sgt', 'ule', 'ult', 'uge', 'ugt')
FCOMPARE = ('eq', 'ne', 'le', 'lt', 'ge', 'gt', 'o', 'uo')

# ---- numbers ----


def bits_of(c):
    return 8 * SIZE[c]


def unsigned(x, c):
    return x & ((1 << bits_of(c)) - 1)


def signed(x, c):
    x = unsigned(x, c)
    return x - (1 << bits_of(c)) if x >> (bits_of(c) - 1) else x


def single(x):
    """A float rounded to single precision."""
    try:
        return struct.unpack('<f', struct.pack('<f', x))[0]
    except OverflowError:
        return float('inf') if x > 0 else float('-inf')


def from_int(n, c):
    """An integer as a float, rounded once, to nearest even."""
    digits = 24 if c == 's' else 53
    extra = max(abs(n).bit_length() - digits, 0)
    q, rest = abs(n) >> extra, abs(n) & ((1 << extra) - 1)
    half = 1 << extra >> 1
    q += extra > 0 and (rest > half or (rest == half and q & 1))
    return float(q << extra) * (-1 if n < 0 else 1)


def divide(a, b):
    if b == 0:
        return float('nan') if a == 0 or a != a else float('inf') * (1 if (a > 0) == (str(b)[0] != '-') else -1)
    return a / b


# ---- the evaluator ----


class Memory:
    def __init__(self):
        self.bytes = bytearray(64)

    def take(self, size, align):
        at = -(-len(self.bytes) // align) * align
        self.bytes.extend(bytes(at + size - len(self.bytes)))
        return at

    def get(self, at, c):
        raw = bytes(self.bytes[at:at + SIZE[c]])
        return struct.unpack('<' + {'s': 'f', 'd': 'd'}.get(c, {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[SIZE[c]]), raw)[0]

    def put(self, at, c, x):
        if c in 'sd':
            raw = struct.pack('<f' if c == 's' else '<d', x)
        else:
            raw = unsigned(x, c).to_bytes(SIZE[c], 'little')
        self.bytes[at:at + SIZE[c]] = raw


class Function:
    def __init__(self, head, lines):
        m = re.match(r'(?:export )?function (?:(\S+) )?\$(\w+)\((.*)\) \{', head)
        self.result, self.name = m.group(1), m.group(2)
        self.params = [p.strip().split(' ') for p in m.group(3).split(',') if p.strip() and '...' not in p]
        self.blocks, self.order = {}, []
        for line in lines:
            if line.startswith('@'):
                self.order.append(line)
                self.blocks[line] = []
            else:
                self.blocks[self.order[-1]].append(re.findall(r'[^\s,()]+', line))


class Evaluator:
    def __init__(self, text):
        self.m, self.functions, self.globals, self.sizes, self.out = Memory(), {}, {}, {}, []
        lines = iter(text.split('\n'))
        for line in lines:
            if line.startswith('type'):
                name, rest = re.match(r'type (:\w+) = (.*)', line).groups()
                self.sizes[name] = int(re.search(r'# (\d+)', rest).group(1))
            elif line.startswith('data'):
                name, size = re.match(r'data \$(\w+) = .* z (\d+)', line).groups()
                self.globals[name] = self.m.take(int(size), 16)
            elif 'function' in line:
                body = []
                while (line2 := next(lines)) != '}':
                    body.append(line2)
                f = Function(line, body)
                self.functions[f.name] = f

    def run(self, name, args, more=()):
        f, env, mark = self.functions[name], {}, len(self.m.bytes)
        for (ty, p), x in zip(f.params, args):
            env[p] = self.copy(ty, x) if ty[0] == ':' else x
        label, before = f.order[0], None
        more = list(more)
        while True:
            go, phis = None, {}
            for t in f.blocks[label]:
                if t[0].startswith('%') and t[2] == 'phi':
                    phis[t[0]] = self.value(env, t[t.index(before) + 1], t[1][1])
                    continue
                env.update(phis)
                phis = {}
                if t[0] in ('jmp', 'jnz', 'ret'):
                    go = t
                    break
                self.instruction(env, t, more)
            env.update(phis)
            if go is None:
                go = ['jmp', f.order[f.order.index(label) + 1]]
            if go[0] == 'ret':
                x = self.value(env, go[1], 'l' if f.result[0] == ':' else f.result) if len(go) > 1 else None
                if f.result and f.result[0] == ':':
                    raw = bytes(self.m.bytes[x:x + self.sizes[f.result]])
                    del self.m.bytes[mark:]
                    return raw
                del self.m.bytes[mark:]
                return x
            taken = 1 if go[0] == 'jmp' else 2 if self.value(env, go[1], 'w') else 3
            before, label = label, go[taken]

    def copy(self, ty, x):
        raw = x if isinstance(x, bytes) else bytes(self.m.bytes[x:x + self.sizes[ty]])
        at = self.m.take(len(raw), 16)
        self.m.bytes[at:at + len(raw)] = raw
        return at

    def value(self, env, t, c):
        if t[0] == '%':
            x = env[t]
        elif t[0] == '$':
            x = self.globals[t[1:]]
        elif t[:2] in ('s_', 'd_'):
            x = float(t[2:])
            return single(x) if t[0] == 's' else x
        else:
            x = int(t)
        return unsigned(x, c) if c in 'wl' else x

    def call(self, env, t, i):
        """`call f args` from index i of t."""
        args, more, rest = [], [], t[i + 2:]
        to = args
        while rest:
            ty = rest.pop(0)
            if ty == '...':
                to = more
            else:
                c = 'l' if ty[0] == ':' else 'w' if len(ty) == 2 else ty
                to.append(self.value(env, rest.pop(0), c))
        name = t[i + 1][1:]
        if name == 'show':
            self.out.append('%x' % args[0])
            return None
        return self.run(name, args, more)

    def instruction(self, env, t, more):
        v = self.value
        if t[0] == 'call':
            self.call(env, t, 0)
        elif t[0].startswith('store'):
            c = t[0][5]
            self.m.put(v(env, t[2], 'l'), c, v(env, t[1], {'b': 'w', 'h': 'w'}.get(c, c)))
        elif t[0] == 'blit':
            a, b, n = v(env, t[1], 'l'), v(env, t[2], 'l'), int(t[3])
            self.m.bytes[b:b + n] = self.m.bytes[a:a + n]
        elif t[0] != 'vastart':
            x, c = self.result(env, t, more), t[1][1:]
            if c[0] == ':':
                x = self.copy(c, x)
            elif c not in ('s', 'd'):
                x = unsigned(x, 'l' if c == 'l' else 'w')
            env[t[0]] = x

    def result(self, env, t, more):
        v, c, op = self.value, t[1][1:], t[2]
        if op == 'call':
            return self.call(env, t, 2)
        if op == 'vaarg':
            return more.pop(0)
        if op.startswith('alloc'):
            return self.m.take(v(env, t[3], 'l'), int(op[5:]))
        if op.startswith('load'):
            k = op[-1]
            x = self.m.get(v(env, t[3], 'l'), k)
            return signed(x, k) if op[4] == 's' and len(op) == 6 else x
        if op == 'exts':
            return v(env, t[3], 's')
        if op == 'truncd':
            return single(v(env, t[3], 'd'))
        if op.startswith('ext'):
            return (signed if op[3] == 's' else unsigned)(v(env, t[3], 'w'), op[4])
        if op.endswith('tof'):
            return from_int((signed if op[0] == 's' else unsigned)(v(env, t[3], op[1]), op[1]), c)
        if op[1:4] == 'tos' or op[1:4] == 'tou':
            return int(v(env, t[3], op[0]))
        if op in ('copy', 'neg'):
            x = v(env, t[3], c)
            return -x if op == 'neg' else x
        if op == 'cast':
            x = v(env, t[3], {'s': 'w', 'd': 'l'}[c])
            return struct.unpack('<f' if c == 's' else '<d', x.to_bytes(SIZE[c], 'little'))[0]
        m = re.match(r'c(%s|%s)([wlsd])$' % ('|'.join(COMPARE), '|'.join(FCOMPARE)), op)
        if m:
            return self.compare(m.group(1), *(v(env, x, m.group(2)) for x in t[3:5]), m.group(2))
        a, b = v(env, t[3], c), v(env, t[4], 'w' if op in ('shl', 'shr', 'sar') else c)
        if c in 'sd':
            x = {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b, 'div': lambda: divide(a, b)}[op]()
            return single(x) if c == 's' else x
        sa, sb, n = signed(a, c), signed(b, c), b % bits_of(c)
        quotient = (abs(sa) // abs(sb) * (1 if (sa < 0) == (sb < 0) else -1)) if op in ('div', 'rem') else 0
        return {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b, 'and': lambda: a & b,
                'or': lambda: a | b, 'xor': lambda: a ^ b, 'div': lambda: quotient,
                'rem': lambda: sa - quotient * sb, 'udiv': lambda: a // b, 'urem': lambda: a % b,
                'shl': lambda: a << n, 'shr': lambda: a >> n, 'sar': lambda: sa >> n}[op]()

    @staticmethod
    def compare(cond, a, b, c):
        if c in 'wl':
            if cond[0] == 's':
                a, b = signed(a, c), signed(b, c)
            cond = cond[-2:]
        nan = a != a or b != b
        return int({'eq': a == b, 'ne': a != b, 'le': a <= b, 'lt': a < b, 'ge': a >= b, 'gt': a > b,
                    'o': not nan, 'uo': nan}[cond])


# ---- the generator ----


class Types:
    """Aggregates: name, fields with offsets, size."""

    def __init__(self, rng):
        self.lines, self.all = [], []
        for i in range(rng.randrange(1, 5)):
            fields, at, align, text = [], 0, 1, ''
            for _ in range(rng.choice((1, 2, 2, 3, 4, 7))):
                c, n = rng.choice('bhwlsd'), rng.choice((1, 1, 1, 2, 3))
                at = -(-at // SIZE[c]) * SIZE[c]
                align = max(align, SIZE[c])
                fields += [(c, at + k * SIZE[c]) for k in range(n)]
                at += n * SIZE[c]
                text += '%s%s, ' % (c, ' %d' % n if n > 1 else '')
            size = -(-at // align) * align
            self.lines.append('type :t%d = { %s} # %d' % (i, text, size))
            self.all.append((':t%d' % i, fields, size))


class Gen:
    def __init__(self, seed, strict=False):
        self.rng, self.strict = random.Random(seed), strict
        self.types = Types(self.rng)
        self.out = list(self.types.lines) + ['data $ints = align 16 { z 64 }', 'data $floats = align 16 { z 64 }']
        self.functions = []  # (name, result, parameter types, variadic types or None)
        for i in range(self.rng.randrange(2, 6)):
            self.function(i)
        self.main()
        self.text = '\n'.join(self.out) + '\n'

    # -- pieces --

    def temp(self):
        self.n += 1
        return '%%%s%d' % (self.rng.choice(('t', '.', 'long_name_')), self.n)

    def label(self):
        self.n += 1
        return '@%s%d' % (self.rng.choice(('b', 'block_of_a_name.')), self.n)

    def emit(self, text):
        self.lines.append('    ' + text)

    def const(self, c):
        r = self.rng
        if c in 'wl':
            return str(r.choice((0, 1, -1, 2, 7, 255, -128, r.randrange(-100, 100), r.randrange(-2**31, 2**32),
                                 r.randrange(-2**63, 2**64))))
        return '%s_%s' % (c, r.choice(('0', '-0', '1', '-1.5', '2.5e-1', '1e10', '-3.25', '0.1')))

    def pick(self, c, scope, constants=True):
        """An operand of class c."""
        r = self.rng
        if constants and r.random() < 0.2:
            return self.const(c)
        names = [n for n, k in scope if k == c or (c == 'w' and k == 'l')]
        return r.choice(names) if names else self.const(c)

    def pick_for_phi(self, c, scope):
        """The same; some compilers want no variable there."""
        return self.pick(c, [x for x in scope if x not in self.variables] if self.strict else scope)

    def assign(self, c, text, scope):
        """Gives a value of class c to a variable, or to a new temporary."""
        names = [n for n, k in self.variables if k == c]
        if names and self.rng.random() < 0.4:
            self.emit('%s =%s %s' % (self.rng.choice(names), c, text))
        else:
            t = self.temp()
            self.emit('%s =%s %s' % (t, c, text))
            scope.append((t, c))

    def statement(self, scope):
        r = self.rng
        c = r.choice('wwwlllsd')
        p = lambda k, constants=True: self.pick(k, scope, constants)  # noqa: E731
        kind = r.random()
        if kind < 0.35:
            if c in 'sd':
                self.assign(c, '%s %s, %s' % (r.choice(('add', 'sub', 'mul', 'div')), p(c), p(c)), scope)
            elif r.random() < 0.2:
                t = self.temp()
                self.emit('%s =%s and %s, %d' % (t, c, p(c), 2**31 - 1))
                u = self.temp()
                self.emit('%s =%s or %s, 1' % (u, c, t))
                self.assign(c, '%s %s, %s' % (r.choice(('div', 'rem', 'udiv', 'urem')), p(c), u), scope)
            else:
                op = r.choice(('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr', 'sar'))
                self.assign(c, '%s %s, %s' % (op, p(c), p('w' if op in ('shl', 'shr', 'sar') else c)), scope)
        elif kind < 0.5:
            k = r.choice('wlsd')
            self.assign(r.choice('wl'), 'c%s%s %s, %s' % (r.choice(COMPARE if k in 'wl' else FCOMPARE), k, p(k), p(k)), scope)
        elif kind < 0.65:
            what = r.randrange(7)
            if what == 0:
                self.assign(r.choice('wl'), 'ext%s%s %s' % (r.choice('su'), r.choice('bh'), p('w')), scope)
            elif what == 1:
                self.assign('l', 'ext%sw %s' % (r.choice('su'), p('w')), scope)
            elif what == 2:
                k = r.choice('wl')
                self.assign(r.choice('sd'), '%s%stof %s' % (r.choice('su'), k, p(k)), scope)
            elif what == 3:  # a float that is in range
                f, t, u = r.choice('sd'), self.temp(), self.temp()
                self.emit('%s =%s swtof %s' % (t, f, p('w')))
                self.emit('%s =%s mul %s, %s_0.37' % (u, f, t, f))
                self.assign(r.choice('wl'), '%stosi %s' % (f, u), scope)
            elif what == 4:
                self.assign('d', 'exts %s' % p('s'), scope)
                self.assign('s', 'truncd %s' % p('d'), scope)
            elif what == 5:
                self.assign(c, '%s %s' % (r.choice(('copy', 'neg')), p(c)), scope)
            else:
                self.assign('d', 'cast %s' % p('l'), scope)
        elif kind < 0.85:
            self.access(scope)
        elif self.functions and self.calls > 0:
            self.calls -= 1
            self.call(scope)

    def access(self, scope):
        """A load or store of a global or of the function's own memory, integers apart from floats."""
        r = self.rng
        c = r.choice('bhwlbhwlsd')
        base = r.choice(('$floats', '%floats') if c in 'sd' else ('$ints', '%ints', '$ints', '%' + r.choice('bhwl')))
        if base[0] == '%' and len(base) == 2:
            c, a = base[1], '%var_' + base[1]
        else:
            a, at = self.temp(), r.randrange(0, 64, 8) + (r.choice((0, 1, 3)) if c in 'bh' else 0)
            if c == 's' or c == 'd':
                at = r.randrange(0, 32, 4) if c == 's' else r.randrange(32, 64, 8)
            if r.random() < 0.3:
                i, k = self.temp(), self.temp()
                self.emit('%s =l and %s, %d' % (i, self.pick('l', scope), 3))
                self.emit('%s =l mul %s, %d' % (k, i, 8 if c == 'd' else 4))
                b = self.temp()
                self.emit('%s =l add %s, %s' % ((b, base, k) if r.random() < 0.5 else (b, k, base)))
                base, at = b, 32 if c == 'd' else 0
            self.emit('%s =l %s' % (a, 'add %s, %d' % (base, at) if r.random() < 0.7 else 'sub %s, %d' % (base, -at)))
        if r.random() < 0.5:
            self.emit('store%s %s, %s' % (c, self.pick({'b': 'w', 'h': 'w'}.get(c, c), scope), a))
        elif c in 'ld' or c == 's':
            self.assign(c, 'load%s %s' % (c, a), scope)
        else:
            self.assign(r.choice('wl'), 'load%s%s %s' % (r.choice('su'), c, a), scope)

    def call(self, scope):
        r = self.rng
        name, result, params, more = r.choice(self.functions)
        args = []
        for i, ty in enumerate(params + (more or [])):
            if more is not None and i == len(params):
                args.append('...')
            if ty[0] == ':':
                args.append('%s %s' % (ty, self.fill(ty, scope)))
            else:
                args.append('%s %s' % (ty, self.pick('w' if len(ty) == 2 else ty, scope)))
        text = 'call $%s(%s)' % (name, ', '.join(args))
        t = self.temp()
        self.emit('%s =%s %s' % (t, result, text))
        if result[0] == ':':
            self.read(result, t, scope)
        elif len(result) == 2:
            self.assign('w', 'ext%s %s' % (result, t), scope)
        else:
            scope.append((t, result))

    def fill(self, ty, scope):
        """Memory with an aggregate of the type: the function's own, in the first block."""
        name, fields, size = next(t for t in self.types.all if t[0] == ty)
        for c, at in fields:
            a = self.temp()
            self.emit('%s =l add %%a%s, %d' % (a, name[1:], at))
            self.emit('store%s %s, %s' % (c, self.pick({'b': 'w', 'h': 'w'}.get(c, c), scope), a))
        return '%a' + name[1:]

    def read(self, ty, pointer, scope):
        """Uses some fields."""
        _, fields, _ = next(t for t in self.types.all if t[0] == ty)
        for c, at in self.rng.sample(fields, min(len(fields), 3)):
            a = self.temp()
            self.emit('%s =l add %s, %d' % (a, pointer, at))
            k = {'b': 'w', 'h': 'w'}.get(c, c)
            self.assign(k, 'load%s %s' % (c if c in 'lsd' else self.rng.choice('su') + c, a), scope)

    # -- flow --

    def begin(self, label):
        """Ends a block and begins another one."""
        self.blocks.append(self.lines)
        self.lines = [label]

    def body(self, scope, depth):
        r = self.rng
        for _ in range(r.randrange(1, 5)):
            self.statement(scope)
            if depth > 0 and r.random() < 0.5:
                (self.branch if r.random() < 0.6 else self.loop)(scope, depth - 1)

    def branch(self, scope, depth):
        r = self.rng
        yes, no, join = self.label(), self.label(), self.label()
        self.emit('jnz %s, %s, %s' % (self.pick('w', scope), yes, no))
        ends = []
        for which in (yes, no):
            self.begin(which)
            inner = list(scope)
            self.body(inner, depth)
            ends.append((self.current(), inner))
            self.emit('jmp ' + join)
        self.begin(join)
        for _ in range(r.randrange(0, 3)):
            c, t = r.choice('wlsd'), self.temp()
            args = ['%s %s' % (label, self.pick_for_phi(c, inner)) for label, inner in ends]
            r.shuffle(args)
            self.emit('%s =%s phi %s' % (t, c, ', '.join(args)))
            scope.append((t, c))

    def loop(self, scope, depth):
        """A few rounds, counted in a variable or in a phi."""
        r = self.rng
        head, more, end, before = self.label(), self.label(), self.label(), self.current()
        i, j, c, t = self.temp(), self.temp(), r.choice('wlsd'), self.temp()
        phi, rounds = r.random() < 0.5, r.randrange(1, 5)
        start = self.pick_for_phi(c, scope)
        if not phi:
            self.emit('%s =w copy %d' % (i, rounds))
        self.emit('jmp ' + head)
        self.begin(head)
        hole = len(self.lines)
        block = self.lines
        inner = list(scope)
        if phi:
            inner.append((t, c))
        self.body(inner, depth)
        last = self.pick_for_phi(c, inner)
        self.emit('%s =w sub %s, 1' % (j if phi else i, i))
        self.emit('jnz %s, %s, %s' % (j if phi else i, more, end))
        self.begin(more)
        self.emit('jmp ' + head)
        if phi:
            block[hole:hole] = ['    %s =w phi %s %d, %s %s' % (i, before, rounds, more, j),
                                '    %s =%s phi %s %s, %s %s' % (t, c, more, last, before, start)]
        self.begin(end)

    def current(self):
        return self.lines[0]

    def function(self, i):
        r = self.rng
        self.n, self.blocks, self.lines, self.variables, self.calls = 0, [], ['@start'], [], 3
        scalars = ['w', 'l', 's', 'd', 'w', 'l', 'd', 'sb', 'ub', 'sh', 'uh']
        aggregates = [t[0] for t in self.types.all]
        params = [r.choice(scalars + aggregates) for _ in range(r.choice((0, 1, 2, 3, 5, 9, 12)))]
        result = r.choice(scalars + aggregates)
        more = [r.choice('wlsd') for _ in range(r.randrange(0, 9))] if r.random() < 0.25 else None
        scope, names = [], []
        for k, ty in enumerate(params):
            names.append('%%p%d' % k)
            if ty[0] == ':':
                self.read(ty, names[-1], scope)
            elif len(ty) == 2:
                t = self.temp()
                self.emit('%s =w ext%s %s' % (t, ty, names[-1]))
                scope.append((t, 'w'))
            else:
                scope.append((names[-1], ty))
        for what in ('ints', 'floats'):
            self.emit('%%%s =l alloc16 64' % what)
            self.emit('blit $%s, %%%s, 64' % (what, what))
        for c in 'bhwl':
            self.emit('%%var_%s =l alloc%d %d' % (c, max(SIZE[c], 4), SIZE[c]))
            self.emit('store%s %s, %%var_%s' % (c, self.const('l' if c == 'l' else 'w'), c))
        for name, _, size in self.types.all:
            self.emit('%%a%s =l alloc8 %d' % (name[1:], size))
        for k in range(r.randrange(0, 6)):
            c = r.choice('wlsd')
            self.emit('%%v%d =%s copy %s' % (k, c, self.pick(c, scope)))
            self.variables.append(('%%v%d' % k, c))
        if more is not None:
            self.emit('%ap =l alloc8 32')
            self.emit('vastart %ap')
            for c in more:
                self.assign(c, 'vaarg %ap', scope)
        scope += self.variables
        self.body(scope, r.randrange(1, 4))
        if result[0] == ':':
            self.emit('ret ' + self.fill(result, scope))
        else:
            self.emit('ret ' + self.pick('w' if len(result) == 2 else result, scope, False))
        self.blocks.append(self.lines)
        rest = self.blocks[1:]
        if r.random() < 0.4:
            r.shuffle(rest)
        head = ', '.join(['%s %s' % p for p in zip(params, names)] + ['...'] * (more is not None))
        self.out.append('function %s $f%d(%s) {' % (result, i, head))
        for lines in [self.blocks[0]] + rest:
            self.out += lines
        self.out.append('}')
        self.functions.append(('f%d' % i, result, params, more))

    def main(self):
        """Calls every function twice and shows the results."""
        self.n, self.blocks, self.lines, self.variables, self.calls = 0, [], ['@start'], [], 0
        for name, _, size in self.types.all:
            self.emit('%%a%s =l alloc8 %d' % (name[1:], size))
        for f in self.functions * 2:
            scope, keep = [], self.functions
            self.functions = [f]
            self.call(scope)
            self.functions = keep
            for t, c in scope:
                self.show(t, c)
        for at in range(0, 64, 8):
            t = self.temp()
            self.emit('%s =l add $ints, %d' % (t, at))
            u = self.temp()
            self.emit('%s =l loadl %s' % (u, t))
            self.show(u, 'l')
        self.emit('ret 0')
        self.out += ['export function w $main() {', *sum(self.blocks, []), *self.lines, '}']

    def show(self, t, c):
        if c in 'wl':
            x = self.temp()
            self.emit('%s =l %s %s' % (x, 'copy' if c == 'l' else 'extuw', t))
        else:  # by comparisons, since a NaN's bits are left open; and what fits as an integer
            d, x, y, g = self.temp(), self.temp(), self.temp(), self.temp()
            self.emit('%s =d %s %s' % (d, 'copy' if c == 'd' else 'exts', t))
            self.emit('%s =l copy 0' % x)
            for k, cond in enumerate(('cltd %s, d_0', 'ceqd %s, d_0', 'cgtd %s, d_1e-3', 'cltd %s, d_1e9', 'cgtd %s, d_-1e9')):
                b = self.temp()
                self.emit('%s =l %s' % (b, cond % d))
                self.emit('%s =l shl %s, %d' % (b, b, k))
                self.emit('%s =l or %s, %s' % (x, x, b))
            self.emit('%s =l shr %s, 3' % (y, x))
            self.emit('%s =w ceql %s, 3' % (g, y))
            yes, no = self.label(), self.label()
            self.emit('jnz %s, %s, %s' % (g, yes, no))
            self.begin(yes)
            z, u = self.temp(), self.temp()
            self.emit('%s =d mul %s, d_1048576' % (z, d))
            self.emit('%s =l dtosi %s' % (u, z))
            self.emit('%s =l xor %s, %s' % (x, x, u))
            self.begin(no)
        self.emit('call $show(l %s)' % x)


SHOW = '#include <stdio.h>\nvoid show(unsigned long x) { printf("%lx\\n", x); }\n'


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--first', type=int, default=1, metavar='S')
    p.add_argument('--count', type=int, default=100, metavar='N')
    p.add_argument('--qbe', help='another compiler')
    p.add_argument('--batch', type=int, default=20, help='programs that are one check')
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    show = h.gcc_object(h.write('show.c', SHOW), h.path('show.o'), ('-O1',))

    def one(seed):
        name = 'random%d' % seed
        text = Gen(seed, bool(args.qbe)).text
        source = h.write(name + '.ssa', text)
        e = Evaluator(text)
        e.run('main', [])
        want = '\n'.join(e.out) + '\n'
        h.write(name + '.expected', want)
        for i, flags in enumerate(([], ['--stress=%d' % seed, '--verify'])[:1 if args.qbe else 2]):
            o = run.compile_ssa(h, source, h.path('%s.%d.o' % (name, i)), flags)
            status, out, err = h.run([h.link([o, show], h.path('%s.%d' % (name, i)))], check=False)
            if status != 0 or out != want:
                a, b = want.split('\n'), out.split('\n')
                line = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)) - 1)
                raise harness.Failure('seed %d%s: status %d; line %d is %s, not %s%s' % (
                    seed, ' '.join(['', *flags]), status, line + 1, b[line], a[line], err[:300]))
            for f in (o, h.path('%s.%d' % (name, i))):
                if not args.keep:
                    os.remove(f)

    def check(item):
        first = item[0]
        last = min(first + args.batch, args.first + args.count)
        for seed in range(first, last):
            one(seed)
        h.ok('seeds %d to %d' % (first, last - 1))
    h.each(check, [(s,) for s in range(args.first, args.first + args.count, args.batch)])
    h.finish()


if __name__ == '__main__':
    main()
