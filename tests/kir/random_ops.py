"""The straight code of random programs: operands, constants, each kind of operation, memory and
calls. A mixin of random_gen.Gen."""
from gen_base import BIN, ICMP, ONLY64, OVER, SHIFTS, UN, WIDTH, f_bits, mask
from random_ir import FLOATS, Ins, INTS, SIZE, typ

FCONDS = ['oeq', 'olt', 'ole', 'ogt', 'oge', 'one', 'ueq', 'ult', 'ule', 'ugt', 'uge', 'une',
          'ord', 'uno']
FVALUES = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, -2.5, 3.0, 100.0, 1e10, -1e10, 4294967296.0,
           9.2233720368547758e18,
           1e30, 1e-30, 0.1, 65535.0, -128.0, 2147483648.0, float('inf'), -float('inf')]


def rng_far(rng):
    return rng.choice((-1, 1)) * rng.choice((127, 128, 255, 4095, 4096, 32760, 65536, 1 << 24,
                                             (1 << 30) - 8,
                                             1 << 30, 2000000000))


class Ops:
    FLOAT_BITS = {t: [f_bits(v, t) for v in FVALUES] for t in FLOATS}
    nan = {'f32': 0x7fc00000, 'f64': 0x7ff8000000000000}

    # ---- operands ----

    def const(self, t):
        rng = self.rng
        if t in FLOATS:
            return ('c', rng.choice(self.FLOAT_BITS[t]), t)
        w = WIDTH[t]
        v = rng.choice((
            lambda: rng.randint(-4, 9), lambda: rng.randint(-4, 9),
            lambda: rng.choice((127, 128, -128, -129, 255, 256)),
            lambda: 1 << rng.randrange(w), lambda: (1 << rng.randrange(1, w + 1)) - 1,
            lambda: rng.choice((0x7fffffff, 0x80000000, -0x80000000, -0x80000001, 0xffffffff,
                                1 << 32, 4095, 4096)),
            lambda: rng.getrandbits(min(w, 32)), lambda: rng.getrandbits(w)))()
        return ('c', v & mask(w), t)

    def operand(self, t, const=None):
        if t == 'ptr':  # of 8 bytes
            base, lo, hi = self.pointer(8)
            if self.chance(.4):
                p = self.indexed(base, lo, hi, 8)
                if p:
                    base, lo, hi = p
            if lo > 0 or hi < 8 or self.chance(.2):
                base = self.emit('addr',
                                 None, [base], {'disp': self.rng.choice((lo, hi - 8)),
                                                'scale': 1}, ['ptr'])
            return base
        seen = self.vis.get(t)
        if not seen or self.chance(self.profile.const if const is None else const):
            if const == 0 and not seen:
                return self.emit('copy', t, [self.const(t)], None, [t])
            return self.const(t)
        if self.chance(self.profile.near):
            return ('v', self.rng.choice(seen[-3:]))
        return ('v', self.rng.choice(seen))

    # ---- conditions ----

    def compare(self, t=None):
        t = t or self.type()
        if t in FLOATS:
            return self.emit('fcmp', t, [self.operand(t), self.operand(t)],
                             self.rng.choice(FCONDS), ['i8'])
        a = self.operand(t, .05)
        b = self.operand(t)
        if self.chance(.1):
            b = ('c', 0, t)
        c = self.emit('icmp', t, [a, b], self.rng.choice(list(ICMP)), ['i8'])
        self.compares.append(c[1])
        return c

    def condition(self):
        """An i8: mostly a comparison, made just now or long ago."""
        k = self.rng.random()
        if k < .55:
            c = self.compare()
            if self.chance(.15):
                self.straight()  # between it and its use
            return c
        if k < .7 and self.compares:
            return ('v', self.rng.choice(self.compares))
        if k < .75 and self.compares:
            c = ('v', self.rng.choice(self.compares))
            return self.emit('xor', 'i8', [c, ('c', 1, 'i8')], None, ['i8'])
        if k < .8:
            t = self.type(INTS)
            one = self.emit('and', t, [self.operand(t, 0), ('c', 1 << self.rng.randrange(WIDTH[t]),
                                                            t)], None, [t])
            return self.emit('icmp', t, [one, ('c', 0, t)], self.rng.choice(('eq', 'ne')), ['i8'])
        return self.operand('i8', .08)

    # ---- one more piece of straight code ----

    def straight(self):
        pick = self.rng.random()
        if pick < self.profile.memory:
            return self.rng.choice((self.use_variable, self.use_variable, self.use_area,
                                    self.use_area, self.use_area, self.read_data,
                                    self.move_memory, self.new_pointer, self.atomic,
                                    self.lifetime, self.no_effect,
                                    self.stack_memory))()
        pick -= self.profile.memory
        if pick < self.profile.call and self.callees:
            return self.call()
        pick -= self.profile.call
        if pick < self.profile.variables and self.vars:
            return self.rng.choice((self.use_variable, self.mix_variables))()
        pick -= self.profile.variables
        if pick < self.profile.observe:
            return self.observe()
        t = self.type()
        return self.float_op(t) if t in FLOATS else self.int_op(t)

    def int_op(self, t):
        rng, w = self.rng, WIDTH[t]
        if t == 'i64' and self.chance(.15):  # addresses are arithmetic
            args = [self.operand(t, .05)] + [self.operand(t, .05)] * self.chance(.7)
            d = rng.choice((0, 0, 1, -8, 100, 4096, -70000, (1 << 31) - 1, -(1 << 31),
                            rng_far(rng)))
            scale = rng.choice((1, 2, 4, 8, 1, 2, 4, 8, 3, 5, 7, 16, 100)) if len(args) > 1 else 1
            return self.emit('addr', None, args, {'scale': scale, 'disp': d}, [t])
        k = rng.random()
        if k < .5:
            op = rng.choice(['add', 'sub', 'mul', 'and', 'or', 'xor'] * 3 + list(BIN))
            if op in ONLY64 and t == 'i128':
                op = 'add'
            return self.emit(op, t, self.binary_args(op, t), None, [t])
        if k < .58:
            op = rng.choice(list(UN))
            return self.emit(op, t, [self.operand(t)], None, [t])
        if k < .66:
            return self.compare(t)
        if k < .74:
            c = self.condition()
            return self.emit('select', t, [c, self.operand(t), self.operand(t)], None, [t])
        if k < .78:
            return self.emit(rng.choice(list(OVER)), t, [self.operand(t), self.operand(t)], None,
                             [t, 'i8'])
        if k < .81:
            return self.emit(rng.choice(('fshl', 'fshr')), t, [self.operand(t) for _ in range(3)],
                             None, [t])
        if k < .83:
            return self.emit('copy', t, [self.operand(t)], None, [t])
        return self.to_int(t)

    def binary_args(self, op, t):
        rng, w = self.rng, WIDTH[t]
        a, b = self.operand(t), self.operand(t)
        if op in SHIFTS:
            b = ('c', rng.randrange(w), t)
            if self.chance(.6):
                b = self.emit('and', t, [self.operand(t, 0), ('c', w - 1, t)], None, [t])
        elif op in ('udiv', 'urem', 'sdiv', 'srem'):
            if self.chance(.5):
                b = self.const(t)
                if b[1] in (0, mask(w)):
                    b = ('c', rng.choice((1, 3, 7, 10, 16)), t)
            else:
                b = self.emit('or', t, [self.operand(t, 0), ('c', rng.choice((1, 2, 64)), t)],
                              None, [t])
        elif self.chance(.1):
            b = a
        return [a, b]

    def to_int(self, t):
        rng, w = self.rng, WIDTH[t]
        k = rng.random()
        wider = [s for s in INTS if WIDTH[s] > w]
        narrower = [s for s in INTS if WIDTH[s] < w]
        if k < .35 and wider:
            s = self.type(wider)
            return self.emit('trunc', t, [self.operand(s, .05)], s, [t])
        if k < .75 and narrower:
            s = self.type(narrower)
            return self.emit(rng.choice(('zext', 'sext')), t, [self.operand(s, .05)], s, [t])
        f = 'f32' if t == 'i32' else 'f64' if t == 'i64' else self.type(FLOATS)
        if k < .82 and t in ('i32', 'i64'):
            return self.emit('bitcast', t, [self.quiet(f)], f, [t])
        f = rng.choice(FLOATS)
        if k < .92:
            return self.emit(rng.choice(('ftosis', 'ftouis')), t, [self.operand(f, .05)], f, [t])
        small = self.operand('i16', .05) if w > 16 else self.operand('i8', .05)
        signs = self.chance(.5)
        s = 'i16' if w > 16 else 'i8'
        v = self.emit('sitof' if signs else 'uitof', f, [small], s, [f])
        if self.chance(.5):
            v = self.emit('fmul', f, [v, ('c', f_bits(.375, f), f)], None, [f])
        return self.emit('ftosi' if signs else 'ftoui', t, [v], f, [t])

    def quiet(self, t, v=None):
        """A float whose bits are known: no NaN that an operation made."""
        v = v or self.operand(t, .05)
        if v[0] == 'v' and self.chance(.95):
            c = self.emit('fcmp', t, [v, v], 'ord', ['i8'])
            v = self.emit('select', t, [c, v, self.const(t)], None, [t])
            self.vis['i8'].remove(c[1])
            self.vis[t].pop()
        return v

    def float_op(self, t):
        rng = self.rng
        k = rng.random()
        if k < .5:
            op = rng.choice(('fadd', 'fsub', 'fmul', 'fdiv'))
            return self.emit(op, t, [self.operand(t), self.operand(t)], None, [t])
        if k < .6:
            op = rng.choice(('frem', 'fmin', 'fmax', 'fminimum', 'fmaximum', 'fcopysign'))
            return self.emit(op, t, [self.operand(t), self.operand(t)], None, [t])
        if k < .7:
            op = rng.choice(('fneg', 'fabs', 'fsqrt', 'ffloor', 'fceil', 'ftrunc', 'fround',
                             'froundeven',
                             'frint', 'fnearbyint', 'fneg', 'fabs'))
            return self.emit(op, t, [self.operand(t)], None, [t])
        if k < .74:
            op = rng.choice(('fma', 'fmuladd'))
            return self.emit(op, t, [self.operand(t) for _ in range(3)], None, [t])
        if k < .78:
            return self.emit('select', t, [self.condition(), self.operand(t), self.operand(t)],
                             None, [t])
        if k < .84:
            return self.compare(t)
        if k < .88:
            s = 'f64' if t == 'f32' else 'f32'
            return self.emit('fdemote' if t == 'f32' else 'fpromote', t, [self.operand(s)], s, [t])
        if k < .91:
            s = 'i32' if t == 'f32' else 'i64'
            return self.emit('bitcast', t, [self.operand(s)], s, [t])
        if k < .93:
            return self.emit('copy', t, [self.operand(t)], None, [t])
        s = self.type(INTS)
        return self.emit(rng.choice(('sitof', 'uitof')), t, [self.operand(s)], s, [t])

    # ---- what is seen from outside ----

    def unused(self, since=None):
        """A value in scope that nothing reads yet: ('v', v), type, or None."""
        seen = [(v, t) for t, vs in self.vis.items() for v in vs[since[0].get(t, 0) if since
                                                                 else 0:]
                if v not in self.used]
        if not seen:
            return None
        v, t = self.rng.choice(seen)
        return ('v', v), t

    def observe(self, what=None):
        """Mixes a value into the accumulator."""
        if what is None:
            t = self.type()
            what = self.operand(t, .02), t
        v, t = what
        if t in FLOATS:
            v = self.quiet(t, v)
            s = 'i32' if t == 'f32' else 'i64'
            v, t = self.hidden('bitcast', s, [v], t), s
        if t == 'i128':
            if self.chance(.5):
                high = self.hidden('lshr', t, [v, ('c', 64, t)])
                v = self.hidden('xor', t, [v, high])
            v, t = self.hidden('trunc', 'i64', [v], t), 'i64'
        elif t != 'i64':
            v = self.hidden(self.rng.choice(('zext', 'sext')), 'i64', [v], t)
        acc = self.hidden('load', 'i64', [self.acc], dict(self.acc_x))
        acc = self.hidden('rotl', 'i64', [acc, ('c', self.rng.choice((5, 11, 27)), 'i64')])
        acc = self.hidden(self.rng.choice(('add', 'xor', 'sub')), 'i64', [acc, v])
        self.emit('store', 'i64', [acc, self.acc], dict(self.acc_x))

    def hidden(self, op, t, args, x=None):
        """An instruction whose result only the caller knows."""
        v = self.emit(op, t, args, x, [t])
        self.vis[t].pop()
        return v

    def observe_unused(self, n, since=None):
        for _ in range(n):
            what = self.unused(since)
            if what:
                self.observe(what)

    # ---- memory ----

    def slot(self, size, align=8):
        self.f.slots.append([size, align])
        return ('s', len(self.f.slots) - 1)

    def set_up(self):
        """Slots and data, all written once at the function's begin."""
        rng = self.rng
        self.acc, self.acc_x = self.slot(8), {'disp': 0}
        if self.chance(.15):  # not a variable
            self.acc_x['volatile'] = True
        self.emit('store', 'i64', [self.operand('i64'), self.acc], dict(self.acc_x))
        if self.chance(.12):  # moves later slots far away in the frame
            size = rng.choice((300, 4096, 5000, 32768, 70000, 1 << 20))
            far = self.slot(size, rng.choice((8, 16)))
            at = rng.choice((0, size - 8))
            self.emit('store', 'i64', [self.operand('i64'), far], {'disp': at})
        one = self.type() if self.chance(.5) else None
        for _ in range(rng.choice((1, 2, 5, 9)) if self.profile.variables
                       else rng.choice((0, 0, 1))):
            t = one or self.type()
            s = self.slot(SIZE[t], SIZE[t])
            self.emit('store', t, [self.operand(t), s], {'disp': 0})
            self.vars.append((s, t, 0))
            self.whole.append((s, t))
        if self.profile.variables and self.chance(.5):
            self.fields(one)
        for _ in range(rng.choice((1, 2, 3)) if self.profile.memory > .1
                       else rng.choice((0, 0, 1))):
            size = rng.choice((8, 16, 17, 32, 64, 200))
            if self.chance(.2):
                base = ('g', self.data(size, None).name, 0)
            else:
                base = self.slot(size, rng.choice((1, 8, 16, 64)))
            self.emit('memset', None, [base, self.operand('i8'), ('c', size, 'i64')])
            self.areas.append((base, size, True))
        if self.profile.pressure:
            for _ in range(rng.randint(10, 30)):
                t = self.type()
                self.emit(*(('fadd', t, [self.operand(t), self.operand(t)], None, [t])
                            if t in FLOATS else
                            (rng.choice(('add', 'xor', 'mul')), t,
                             [self.operand(t), self.operand(t)], None, [t])))
        if self.variadic is not None:
            size = 32
            self.va = self.slot(size, 8)
            self.emit('va_start', None, [self.va])
            for n, t in enumerate(self.variadic):
                if self.chance(.1):
                    break
                self.emit('va_arg', t, [self.va], None, [t])
                if n == 1 and self.chance(.3):
                    other = self.slot(size, 8)
                    self.emit('va_copy', None, [other, self.va])
                    self.emit('va_end', None, [self.va])
                    self.va = other
            self.emit('va_end', None, [self.va])

    def fields(self, one):
        """A slot with fields, some of them after a gap, each a variable of its own."""
        fields, end = [], 0
        for _ in range(self.rng.choice((2, 2, 3, 5, 11))):
            t = one or self.type()
            at = (end + SIZE[t] - 1) // SIZE[t] * SIZE[t] + (SIZE[t] if self.chance(.1) else 0)
            fields.append((at, t))
            end = at + SIZE[t]
        s = self.slot(end, 16)
        self.rng.shuffle(fields)
        for at, t in fields:
            self.emit('store', t, [self.operand(t), s], {'disp': at})
            self.vars.append((s, t, at))

    def mix_variables(self):
        """Loads of variables, stores to them, and uses of loaded values after the stores."""
        rng = self.rng
        t = rng.choice(self.vars)[1]
        slots = [(s, at) for s, k, at in self.vars if k == t]
        slots = rng.sample(slots, min(len(slots), rng.randint(1, 4)))
        old = []
        for s, at in slots:
            old.append(self.emit('load', t, [s], {'disp': at}, [t]))
            if self.chance(.3):
                old.append(self.emit('load', t, [s], {'disp': at}, [t]))
        for s, at in slots:
            if self.chance(.25):
                self.straight_simple()
            v = rng.choice(old)
            if self.chance(.6):
                v = self.emit('fsub' if t in FLOATS else rng.choice(('add', 'sub', 'mul', 'xor')),
                              t,
                              [v, self.operand(t)], None, [t])
            if self.chance(.85):
                self.emit('store', t, [v, s], {'disp': at})
        for v in rng.sample(old, rng.randint(1, len(old))):
            if self.chance(.7):
                self.observe((v, t))
            else:
                s, at = rng.choice(slots)
                self.emit('store', t, [v, s], {'disp': at})

    def lifetime(self):
        """A slot's content becomes unspecified, and is written again."""
        rng = self.rng
        slots = [(b, n, None) for b, n, _ in self.areas if b[0] == 's']
        slots += [(s, SIZE[t], t) for s, t in self.whole]
        if not slots:
            return self.use_area()
        s, n, t = rng.choice(slots)
        if self.chance(.5):
            self.emit('life_end', None, [s], n)
        if self.chance(.3):
            self.straight_simple() if not self.callees else self.compare()
        if self.chance(.7):
            self.emit('life_start', None, [s], n)
        if t:
            return self.emit('store', t, [self.operand(t), s], {'disp': 0})
        self.emit('memset', None, [s, self.operand('i8'), ('c', n, 'i64')])

    def no_effect(self):
        if self.chance(.5):
            return self.emit('fence', None, [], self.rng.choice(('acquire', 'seq_cst')))
        self.emit('prefetch', None, [self.pointer(1)[0]])

    def use_variable(self):
        if not self.vars:
            return self.use_area()
        s, t, at = self.rng.choice(self.vars)
        if self.chance(.01):  # no variable then: its address is taken
            self.ptrs.append((self.emit('copy', 'ptr', [s], None, ['ptr']), at, at + SIZE[t]))
        if self.chance(.01):
            return self.emit('load', t, [s], {'disp': at, 'volatile': True}, [t])
        if self.chance(.01):  # overlaps the variable: memory then, and the others of the slot too
            return self.emit('load', 'i8', [s], {'disp': at}, ['i8'])
        if self.chance(.5):
            return self.emit('load', t, [s], {'disp': at}, [t])
        return self.emit('store', t, [self.operand(t), s], {'disp': at})

    def pointer(self, need):
        """An address with `need` bytes at displacements from low to high: (operand, low, high)."""
        choices = [(b, 0, size) for b, size, _ in self.areas if size >= need]
        choices += [p for p in self.ptrs if p[2] - p[1] >= need] * 2
        if not choices:
            base = self.slot(max(need, 8), 8)
            first = next(iter(self.f.blocks.values()))
            first.ins.insert(0, Ins('memset', None, [base, ('c', 0x5a, 'i8'),
                                                     ('c', max(need, 8), 'i64')]))
            self.areas.append((base, max(need, 8), True))
            return base, 0, max(need, 8)
        return self.rng.choice(choices)

    def indexed(self, base, lo, hi, need):
        """An address of base + index * scale + displacement: (operand, lo, hi), or None."""
        rng = self.rng
        scale = rng.choice((1, 1, 2, 4, 4, 8, 8, 3, 5, 16, 24))
        limit = (hi - lo - need) // scale
        top = max((m for m in (0, 1, 3, 7, 15, 31) if m <= limit), default=None)
        if top is None:
            return None
        d = rng.randint(lo, hi - need - top * scale)
        if self.chance(.35):
            i = self.emit('and', 'i32', [self.operand('i32', .05), ('c', top, 'i32')], None,
                          ['i32'])
            i = self.emit(rng.choice(('zext', 'sext')), 'i64', [i], 'i32', ['i64'])
        else:
            i = self.emit('and', 'i64', [self.operand('i64', .05), ('c', top, 'i64')], None,
                          ['i64'])
        if self.chance(.1):  # a scale that a shift makes
            i = self.emit('shl', 'i64', [i, ('c', 1, 'i64')], None, ['i64'])
            if 2 * top * scale + d + need > hi:
                return None
            top *= 2
        down = self.chance(.15)  # from the end downwards
        if down:
            i = self.emit('sub', 'i64', [('c', 0, 'i64'), i], None, ['i64'])
            d += top * scale
        at = self.emit('addr', None, [base, i], {'scale': scale, 'disp': d}, ['ptr'])
        if down:
            return at, -d + lo + top * scale, hi - d
        return at, -d + lo, hi - d - top * scale

    def new_pointer(self):
        base, lo, hi = self.pointer(8)
        k = self.rng.random()
        if k < .6:
            p = self.indexed(base, lo, hi, 1)
        elif k < .85 or not self.ptrs:
            d = self.rng.randint(lo, hi - 1)
            p = self.emit('addr', None, [base], {'disp': d, 'scale': 1}, ['ptr']), lo - d, hi - d
        else:
            (a, l1, h1), (b, l2, h2) = self.rng.choice(self.ptrs), self.pointer(8)
            lo, hi = max(l1, l2), min(h1, h2)
            if hi <= lo:
                return
            p = self.emit('select', 'ptr', [self.condition(), a, b], None, ['ptr']), lo, hi
        if p and self.chance(.1):  # far away
            d = rng_far(self.rng)
            a, lo, hi = p
            a = self.emit('addr', None, [a], {'disp': d, 'scale': 1}, ['ptr'])
            p = (a, lo - d, hi - d) if -(1 << 31) <= lo - d and hi - d < 1 << 31 else None
        if p:
            self.ptrs.append(p)

    def place(self, need):
        """An address and a displacement where `need` bytes are."""
        base, lo, hi = self.pointer(need)
        if self.chance(.5):
            p = self.indexed(base, lo, hi, need)
            if p:
                base, lo, hi = p
                if self.chance(.3):
                    self.ptrs.append(p)
        return base, self.rng.choice((lo, hi - need, self.rng.randint(lo, hi - need)))

    def use_area(self):
        rng = self.rng
        t = self.type()
        if t in FLOATS and self.chance(.3):
            t = 'i64'
        x = {'volatile': self.chance(.15)}
        mem = t
        wide = ('i128',) if self.target == 'aarch64' else ()
        if t in ('i16', 'i32', 'i64') + wide and self.chance(.4):
            mem = rng.choice([k for k in INTS if WIDTH[k] < WIDTH[t]])
        writes = self.chance(.5)
        base, x['disp'] = self.place(SIZE[t if writes else mem])
        if writes:
            v = self.quiet(t) if t in FLOATS and self.chance(.8) else self.operand(t)
            return self.emit('store', t, [v, base], x)
        if mem != t:
            x['mem'], x['ext'] = mem, rng.choice(('sext', 'zext'))
        v = self.emit('load', t, [base], x, [t])
        if self.chance(.4) and t in INTS:  # to be folded
            op = rng.choice(('add', 'sub', 'and', 'or', 'xor', 'mul'))
            args = [self.operand(t), v]
            rng.shuffle(args)
            self.emit(op, t, args, None, [t])
        return v

    def read_data(self):
        t = self.type()
        n = self.rng.choice((2, 8))
        size = SIZE[t] * n
        d = self.data(size, bytes(self.rng.randbytes(size)), True, SIZE[t])
        if t in FLOATS:
            good = b''.join(self.rng.choice(self.FLOAT_BITS[t]).to_bytes(SIZE[t], 'little')
                            for _ in range(n))
            d.content = good
        if self.chance(.4):
            return self.emit('load', t, [('g', d.name, SIZE[t] * self.rng.randrange(n))],
                             {'disp': 0}, [t])
        base = ('g', d.name, 0)
        p = self.indexed(base, 0, size, SIZE[t])
        if not p or t in FLOATS:
            return self.emit('load', t, [base], {'disp': size - SIZE[t]}, [t])
        return self.emit('load', t, [p[0]], {'disp': self.rng.choice((p[1], p[2] - SIZE[t]))}, [t])

    def move_memory(self):
        rng = self.rng
        n = rng.choice((0, 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 33, 64, 100))
        if self.chance(.3):
            base, lo, hi = self.pointer(n)
            p = self.emit('addr', None, [base], {'disp': lo, 'scale': 1}, ['ptr'])
            return self.emit('memset', None, [p, self.operand('i8', .5), ('c', n, 'i64')])
        size = ('c', n, 'i64')
        if n in (3, 7, 15, 31) and self.chance(.6):
            size = self.emit('and', 'i64', [self.operand('i64', 0), size], None, ['i64'])
        (a, la, _), (b, lb, _) = self.pointer(n), self.pointer(n)
        if la:
            a = self.emit('addr', None, [a], {'disp': la, 'scale': 1}, ['ptr'])
        if lb:
            b = self.emit('addr', None, [b], {'disp': lb, 'scale': 1}, ['ptr'])
        self.emit('memmove', None, [a, b, size])

    def atomic(self):
        rng = self.rng
        t = self.type(('i8', 'i16', 'i32', 'i64'))
        s = None
        for base, size, _ in self.areas:
            if base[0] == 's' and self.f.slots[base[1]][1] >= 8 and size >= 8:
                s = base
        if s is None:
            return self.use_area()
        order = ('relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst')
        k = rng.randrange(4)
        if k == 0:
            return self.emit('atomic_load', t, [s], rng.choice(('relaxed', 'acquire', 'seq_cst')),
                             [t])
        if k == 1:
            return self.emit('atomic_store', t, [self.operand(t), s],
                             rng.choice(('relaxed', 'release', 'seq_cst')))
        if k == 2:
            op = rng.choice(('xchg', 'add', 'sub', 'and', 'nand', 'or', 'xor', 'smin', 'smax',
                             'umin', 'umax'))
            return self.emit('atomic_rmw', t, [s, self.operand(t)], (op, rng.choice(order)), [t])
        return self.emit('atomic_cas', t, [s, self.operand(t), self.operand(t)],
                         ('seq_cst', rng.choice(('relaxed', 'acquire', 'seq_cst'))), [t, 'i8'])

    def stack_memory(self):
        """salloc; with stack_save and stack_restore around it where it may be in a loop."""
        rng = self.rng
        save = self.emit('stack_save', None, [], None, ['ptr'])
        top = rng.choice((16, 32, 63))
        size = ('c', top, 'i64')
        if self.chance(.5):
            n = self.emit('and', 'i64', [self.operand('i64', 0), ('c', 15, 'i64')], None, ['i64'])
            size = self.emit('add', 'i64', [n, ('c', 16, 'i64')], None, ['i64'])
            top = 16
        p = self.emit('salloc', None, [size], rng.choice((1, 8, 16, 64)), ['ptr'])
        self.emit('memset', None, [p, self.operand('i8'), ('c', top, 'i64')])
        areas, ptrs, m = list(self.areas), list(self.ptrs), self.areas
        self.areas = areas + [(p, top, True)] * 3
        for _ in range(rng.randint(1, 3)):
            self.rng.choice((self.use_area, self.use_area, self.straight_simple))()
        self.areas, self.ptrs = m, ptrs
        self.emit('stack_restore', None, [save])

    def straight_simple(self):
        if self.callees and self.profile.call and self.chance(.4):
            return self.call()
        t = self.type()
        return self.float_op(t) if t in FLOATS else self.int_op(t)

    # ---- calls ----

    def call(self):
        rng = self.rng
        f = rng.choice(self.callees)
        args, types = [], []
        for t, attr in f.params:
            if t == 'ptr':
                need = int(attr[6:].split(',')[0]) if attr.startswith('byval') else 32
                base, lo, hi = self.pointer(need)
                if lo:
                    base = self.emit('addr', None, [base], {'disp': lo, 'scale': 1}, ['ptr'])
                args.append(base)
            else:
                args.append(self.operand(t))
            types.append(t)
        fixed = len(args)
        for t in f.wants or []:
            args.append(self.operand(t, 0 if t != 'i64' else None))
            types.append(t)
        callee = ('f', f.name)
        if self.chance(.2):
            callee = self.emit('copy', 'ptr', [callee], None, ['ptr'])
            if self.chance(.4):
                self.straight_simple()
        x = {'callee': callee, 'types': types, 'fixed': fixed, 'sig': f.signature()}
        v = self.emit('call', None, args, x, list(f.results))
        return v
