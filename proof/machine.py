"""Runs machine code on terms, by SLEIGH's p-code: Machine.step does one instruction, Machine.paths goes to the next cut.

The frame is at addresses that are the CFA plus a number. What is there and is no variable whose address the program has
(Machine.escaping) is private: no other address reaches it. All else is memory, of which only what was stored is known.
"""
import lacking
import magic
import stack
import terms as t
from elf import LAST, TEXT, THREAD
from pcode import PURE
from terms import Unsupported

CFA = t.var('cfa', 64)  # a multiple of 16, by either ABI
RETURN = t.var('return address', 64)
MOST_STEPS, MOST_PATHS, MOST_CASES = 3000, 400, 400


class Lazy:
    """A term that is made when it is read: most flags never are."""
    __slots__ = ('f', 'w', 'args', 'term')

    def __init__(self, f, w, args):
        self.f, self.w, self.args, self.term = f, w, args, None


def force(x):
    if x.__class__ is not Lazy:
        return x
    if x.term is None:
        x.term = x.f(x.w, *map(force, x.args))
    return x.term


class Call:
    """A call: what is called, the state there, and the names of what it leaves; what tables of exceptions say of it; whether
    it unwinds; the state after it."""

    def __init__(self, target, state, tag, site=None, unwound=False):
        self.target, self.state, self.tag, self.site, self.unwound = target, state, tag, site, unwound
        self.memory, self.after = t.memory('after ' + tag), None

    def result(self, register):
        return t.var('%s after %s' % (register, self.tag), 80 if register[:2] == 'ST' else 128 if register[0] in 'Xq' else 64)


class Landing:
    """An address of the function's own code, `place`, was stored at an address: there builtin_longjmp goes on."""

    def __init__(self, address, place, state):
        self.address, self.place, self.state, self.target, self.unwound = address, place, state, t.var('@landing', 64), False


class State:
    """registers: by offset, 8 bytes or a flag each; frame: by distance from the CFA, (term, byte of it); given:
    conditions that hold on the path; moving: in functions with dynamic stack, the stack pointer where the path began."""
    __slots__ = ('registers', 'unique', 'frame', 'memory', 'given', 'calls', 'tag', 'moving')

    def __init__(self, memory, tag=''):
        self.tag = tag  # of the names of what is not known at the beginning
        self.registers, self.unique, self.frame, self.memory = {}, {}, {}, memory
        self.given, self.calls, self.moving = [], [], None

    def copy(self):
        s = State(self.memory, self.tag)
        s.moving = self.moving
        s.registers, s.frame = dict(self.registers), dict(self.frame)
        s.given, s.calls = list(self.given), list(self.calls)
        return s


def read_frame(s, offset, n):
    x = whole(s.frame, offset, n)
    if x is not None:
        return x
    for i in range(n):
        if offset + i not in s.frame:
            s.frame[offset + i] = (t.var('frame%+d%s' % (offset + i, s.tag), 8), 0)
    return t.get_bytes([s.frame[offset + i] for i in range(n)])


def whole(frame, offset, n):
    """The term of n bytes whose bytes are all there, in order; or None. It is mostly so."""
    x, k = frame.get(offset, (None, 0))
    if x is None or k or x.w != 8 * n:
        return None
    for i in range(1, n):
        if frame.get(offset + i) != (x, i):
            return None
    return x


class Machine:
    def __init__(self, processor, obj, solver):
        self.p, self.obj, self.solver = processor, obj, solver
        self.named = None  # instructions.steps of the function, if it has instructions by name
        self.escaping, self.decoded, self.twice = [], {}, False  # twice: the function has a builtin_setjmp
        # of a function with dynamic stack: where its prologue ends, and the stack pointer there
        self.places, self.body, self.bottom = stack.Places(), None, None
        self.general = {processor.registers[name][0] for name in processor.gp}

    # ---- registers ----

    def read(self, s, offset, size):
        if size == 1 and self.p.granule.get(offset, 8) == 1:
            if offset not in s.registers:
                s.registers[offset] = t.var('flag%x%s' % (offset, s.tag), 8)
            return s.registers[offset]
        at, end, out = offset & ~7, offset + size, []
        while at < end:
            if at not in s.registers:
                s.registers[at] = t.var('reg%x%s' % (at, s.tag), 64)
            x = s.registers[at]
            low, high = max(offset, at) - at, min(end, at + 8) - at
            if size == 8 and low == 0 and high == 8:
                return x
            out.insert(0, t.extract(force(x), 8 * high - 1, 8 * low))
            at += 8
        return t.cat(*out)

    def write(self, s, offset, size, value):
        if size == 1 and self.p.granule.get(offset, 8) == 1 or size == 8 and offset & 7 == 0:
            s.registers[offset] = value
            return
        value = force(value)
        at, end, done = offset & ~7, offset + size, 0
        while at < end:
            low, high = max(offset, at) - at, min(end, at + 8) - at
            part = t.extract(value, 8 * (done + high - low) - 1, 8 * done)
            done += high - low
            if high - low < 8:
                old = force(self.read(s, at, 8))
                above = [t.extract(old, 63, 8 * high)] if high < 8 else []
                below = [t.extract(old, 8 * low - 1, 0)] if low > 0 else []
                part = t.cat(*above, part, *below)
            s.registers[at] = part
            at += 8

    def get(self, s, name, w=64):
        return force(self.read(s, self.p.registers[name][0], w // 8))

    def set(self, s, name, value):
        self.write(s, self.p.registers[name][0], value.w // 8, value)

    # ---- memory ----

    def private(self, address):
        """The distance from the CFA, if an address is private; else None."""
        base, offset = t.split(address)
        if base in self.places.numbers:
            return self.places.key(base, offset)
        if base is not CFA or any(low <= offset < high for low, high in self.escaping):
            return None
        return offset

    def load(self, s, address, n):
        if t.is_const(address):
            known = self.obj.constant(address.args[0], n)
            if known is not None:
                return known
            address = self.obj.address(address.args[0]) or address
        if address is THREAD and n == 8 and self.p.name == 'x86_64':  # psABI 3.4.2: %fs:0 has its own address
            return THREAD
        at = self.private(address)
        if at is None:
            found = self.one_of(s, address, n)
            return t.load(s.memory, address, n) if found is None else found
        return read_frame(s, at, n)

    def one_of(self, s, address, n):
        """What is at one of a few places in the frame, by an index; None if an address is not such."""
        constant, products = t.parts(address)
        rest = [(x, k) for x, k in products if x is not CFA]
        if len(rest) != 1 or len(products) != 2 or (CFA, 1) not in products or rest[0][1] != 1:
            return None
        x = rest[0][0]
        bits = x.w - t.zeros_above(x)
        places = [self.private(t.plus(CFA, constant + i)) for i in range(1 << bits)] if bits <= 5 else [None]
        return None if None in places else t.choose(t.extract(x, bits - 1, 0), [read_frame(s, at, n) for at in places])

    def store(self, s, address, value):
        if t.is_const(address):
            address = self.obj.address(address.args[0]) or address
        at = self.private(address)
        if at is None and self.twice and t.is_const(value) and TEXT <= value.args[0] < TEXT + len(self.obj.code):
            s.calls.append(Landing(address, value, s.copy()))
        if at is None:
            s.memory = t.store(s.memory, address, value)
        else:
            t.put_bytes(s.frame, at, value)

    # ---- instructions ----

    def code_at(self, pc):
        at = pc - TEXT
        if not 0 <= at < len(self.obj.code):
            raise Unsupported('the code goes elsewhere')
        for refused, why in self.obj.refused.items():
            if at <= refused < at + 8:
                raise Unsupported(why)
        return self.obj.code[at:at + 16]

    def decode(self, pc):
        """p-code of the instruction, and its length."""
        if pc not in self.decoded:
            code = self.code_at(pc)
            self.decoded[pc] = lacking.decode(self.p, code, pc) or translate(self.p, code, pc)
        return self.decoded[pc]

    def value(self, s, v):
        space, offset, size = v
        if space == 'const':
            if size == 8 and TEXT <= offset < LAST:
                return self.obj.address(offset) or t.const(offset, 64)
            return t.const(offset, 8 * size)
        if space == 'register':
            return self.read(s, offset, size)
        if space == 'unique':
            return read_unique(s, offset, size)
        return self.load(s, t.const(offset, 64), size)

    def assign(self, s, v, x, active):
        space, offset, size = v
        if active is not t.ONE:
            try:
                old = force(self.value(s, v))
            except Unsupported:
                old = force(x)
            x = t.ite(active, force(x), old)
        if space == 'register':
            self.write(s, offset, size, x)
        elif space == 'unique':
            write_unique(s, offset, size, x)
        else:
            self.store(s, t.const(offset, 64), force(x))

    def pure(self, s, op, out, ins):
        if op == 'INT_AND':
            aligned = align(*[force(self.value(s, v)) for v in ins])
            if aligned is not None:
                return aligned
        f = PURE.get(op)
        if f is None:
            raise Unsupported('p-code ' + op)
        return Lazy(f, 8 * out[2], [self.value(s, v) for v in ins])

    def divides(self, s, op, ins):
        """x86-64's division: the condition under which it traps (Intel SDM 2, DIV and IDIV: #DE). AArch64's never
        does, and gives 0 for a divisor of 0 (Arm ARM, C6.2: UDIV, SDIV)."""
        a, b = (force(self.value(s, v)) for v in ins)
        none = t.equal(b, t.const(0, b.w))
        half = a.w // 2
        if op in ('INT_DIV', 'INT_REM'):
            if t.zeros_above(a) >= half:
                return none
            return t.or_(none, t.not_(t.ult(t.extract(a, a.w - 1, half), t.extract(b, half - 1, 0))))
        least = t.const(1 << (half - 1), half)
        low = t.extract(a, half - 1, 0)
        if t.sext(low, a.w) is a:
            return t.or_(none, t.and_(t.equal(low, least), t.equal(b, t.const(-1, b.w))))
        q = t.quotient(a, b, True)
        return t.or_(none, t.not_(t.equal(t.sext(t.extract(q, half - 1, 0), a.w), q)))

    def step(self, s, pc):
        """[(what, where, state)]: 'go' to an address, 'call' a term and return to an address, 'ret' to a term, 'jump' to
        a term, 'trap'."""
        return self.named and self.named(self, s, pc) or self.step_by_pcode(s, pc)

    def step_by_pcode(self, s, pc):
        ops, length = self.decode(pc)
        following = pc + length
        s.unique = {}
        if pc - TEXT in self.obj.added:  # ADD of AArch64, of a part of an offset that a relocation tells
            word = int.from_bytes(self.obj.code[pc - TEXT:pc - TEXT + 4], 'little')
            self.set(s, self.p.gp[word & 31], t.add(self.get(s, self.p.gp[word >> 5 & 31]), self.obj.added[pc - TEXT]))
            return [('go', following, s)]
        before = self.get(s, self.p.sp) if s.moving is not None else None
        out, active, later, n, checked = [], t.ONE, {}, len(ops), False
        for i, (op, dst, ins) in enumerate(ops):
            if i in later:
                active = t.or_(active, later.pop(i))
            if active is t.ZERO:
                continue
            if op in ('BRANCH', 'CBRANCH'):
                taken = self.branch(s, i, op, ins, following, n)
                if taken is None:
                    continue
                to, c = taken
                if isinstance(to, tuple):
                    later[to[0]] = t.or_(later.get(to[0], t.ZERO), t.and_(active, c))
                    active = t.and_(active, t.not_(c))
                    continue
                if active is not t.ONE:
                    raise Unsupported('a branch within an instruction')
                if c is t.ONE:
                    return out + [('go', to, s)]
                other = s.copy()
                other.given.append(c)
                s.given.append(t.not_(c))
                out.append(('go', to, other))
                continue
            if op in ('CALL', 'CALLIND', 'RETURN', 'BRANCHIND'):
                to = t.const(ins[0][1], 64) if op == 'CALL' else force(self.value(s, ins[0]))
                if t.is_const(to):
                    to = self.obj.address(to.args[0]) or to
                kind = {'RETURN': 'ret', 'BRANCHIND': 'jump'}.get(op, 'call')
                return out + [(kind, (to, following), s)]
            if op in ('INT_DIV', 'INT_SDIV', 'INT_REM', 'INT_SREM'):
                if self.p.name == 'x86_64' and not checked:
                    checked = True
                    c = self.divides(s, op, ins)
                    trapped = s.copy()
                    trapped.given.append(c)
                    s.given.append(t.not_(c))
                    out.append(('trap', None, trapped))
                elif self.p.name != 'x86_64':
                    a, b = (force(self.value(s, v)) for v in ins)
                    q = PURE[op](8 * dst[2], a, b)
                    self.assign(s, dst, t.ite(t.equal(b, t.const(0, b.w)), t.const(0, q.w), q), active)
                    continue
            if op == 'LOAD':
                self.assign(s, dst, self.load(s, force(self.value(s, ins[1])), dst[2]), active)
            elif op == 'STORE':
                address, x = force(self.value(s, ins[1])), force(self.value(s, ins[2]))
                if active is not t.ONE:
                    x = t.ite(active, x, self.load(s, address, x.w // 8))
                self.store(s, address, x)
            elif op == 'CALLOTHER':
                x = lacking.call(self, s, ins[0][1], ins[1:], dst)
                if x == 'trap':
                    return out + [('trap', None, s)]
                if x == 'breakpoint':
                    s.calls.append(Call(t.var('@breakpoint', 64), s.copy(), ''))
                    s.calls[-1].memory, s.calls[-1].after = s.memory, s.calls[-1].state
                    return out + [('go', following, s)]
                if x is not None:
                    if self.p.name == 'x86_64' and dst[0] == 'register' and dst[2] == 4 and dst[1] in self.general:  # SDM 1, 3.4.1.1
                        dst, x = (dst[0], dst[1], 8), t.zext(force(x), 64)
                    self.assign(s, dst, x, active)
            else:
                self.assign(s, dst, self.pure(s, op, dst, ins), active)
        if before is not None and self.get(s, self.p.sp) is not before:
            stack.note(self, s, before, pc, following)
        return out + [('go', following, s)]

    def branch(self, s, i, op, ins, following, n):
        """(where, condition); `where` within the instruction is a tuple. None: it is not taken."""
        space, offset, size = ins[0]
        c = t.ONE if op == 'BRANCH' else t.extract(force(self.value(s, ins[1])), 0, 0)
        if c is t.ZERO:
            return None
        if space == 'const':
            to = i + (offset - (1 << 8 * size) if offset >> (8 * size - 1) else offset)
        elif offset == following:
            to = n
        else:
            return offset, c
        if to <= i:
            raise Unsupported('a loop within an instruction')
        return (to,), c

    # ---- paths ----

    def paths(self, s, pc, cuts, limits, first=True):
        """Goes on from pc until a cut, a return or a trap: [(what, where, state)], what: 'at', 'ret', 'trap', 'out'.
        `cuts`: addresses; `first`: the first one does not count. `limits`: the function's code."""
        out, work, steps = [], [(pc, s, first)], 0
        while work:
            pc, s, first = work.pop()
            while True:
                if pc == self.body and s.moving is None:
                    s.moving = self.bottom = self.get(s, self.p.sp)
                if not first and pc in cuts:
                    out.append(('at', pc, s))
                    break
                first = False
                if not limits[0] <= pc < limits[1]:
                    out.append(('out', pc, s))
                    break
                steps += 1
                if steps > MOST_STEPS or len(work) + len(out) > MOST_PATHS:
                    raise Unsupported('too many paths')
                results = self.step(s, pc)
                if len(results) > 1:
                    for r in results:
                        if not self.solver.plausible(r[2].given):
                            continue
                        if r[0] == 'go':
                            work.append((r[1], r[2], False))
                        else:
                            self.ends(r, out, work)
                    break
                if results[0][0] != 'go':
                    self.ends(results[0], out, work)
                    break
                pc = results[0][1]
        return out

    def ends(self, result, out, work):
        kind, where, s = result
        if kind == 'call':
            site = self.obj.site(where[1] - 1 - TEXT)  # the unwinder looks for the last byte of the call
            if site and site.pad is not None:
                other = s.copy()
                self.called(other, *where, True)
                work.append((TEXT + site.pad, other, False))
            if self.obj.is_thread_call(self, s, where[0]):
                work.append((where[1], s, False))
                return
            self.called(s, *where)
            if where[0] is t.var('@_Unwind_Resume', 64):
                out.append(('gone', None, s))
            else:
                work.append((where[1], s, False))
        elif kind == 'jump':
            self.jump(s, where[0], out, work)
        else:
            out.append((kind, where and where[0], s))

    def jump(self, s, to, out, work):
        if t.is_const(to):
            work.append((to.args[0], s, False))
            return
        cases = self.table(s, to)
        if cases is None:
            out.append(('jump', to, s))
            return
        for where, c in cases:
            other = s.copy()
            other.given.append(c)
            work.append((where, other, False))

    def table(self, s, to):
        """Where a jump through a table goes, and when: [(address, condition)]; None: it is not through a table."""
        entries = [x for x in magic.walk(to, set()) if x.op == 'ld' and self.obj.is_constant(x.args[1])]
        if len(entries) != 1:
            return None
        entry = entries[0]
        n = entry.args[2]
        constant, products = t.parts(entry.args[1])
        index = [(x, k) for x, k in products if not (x.op == 'v' and x.args[0][0] == '@')]
        if len(index) != 1:
            raise Unsupported('an indirect jump')
        (x, k), out = index[0], {}
        values = self.solver.values(s.given, x, MOST_CASES)
        if values is None:
            raise Unsupported('an indirect jump')
        for i in sorted(values):
            place = t.add(t.sub(entry.args[1], t.times(x, k)), t.const(i * k, 64))
            value = self.obj.in_table(place, n)
            if value is None:
                raise Unsupported('an indirect jump')
            where = magic.substitute(to, {entry: value}, list(magic.walk(to, set())))
            if not t.is_const(where):
                raise Unsupported('an indirect jump')
            out[where.args[0]] = t.or_(out.get(where.args[0], t.ZERO), t.equal(x, t.const(i, x.w)))
        return list(out.items())

    def called(self, s, target, following, unwound=False):
        """What a call leaves if it returns; or if it unwinds, and the unwinder goes to the landing pad, with the exception
        and its selector in the first registers of results (Itanium C++ ABI, Exception Handling, 2.5.2). Registers that
        calls preserve, and the stack pointer, are what they are after the call: so .eh_frame has it."""
        if self.p.name == 'x86_64':
            self.set(s, 'RSP', t.plus(self.get(s, 'RSP'), 8))
        tag = '%x.%d%s' % (following - TEXT, len(s.calls), '!' if unwound else '')
        call = Call(target, s.copy(), tag, self.obj.site(following - 1 - TEXT), unwound)
        s.calls.append(call)
        base, sp = t.split(self.get(s, self.p.sp))
        if base is not CFA:
            sp = self.places.key_of(self.get(s, self.p.sp))
        if sp is not None:  # what is below the stack pointer is the callee's
            s.frame = {at: x for at, x in s.frame.items() if at >= sp}
        kept = {}
        for name in self.p.saved + [self.p.sp, self.p.thread]:
            kept[self.p.registers[name][0]] = self.get(s, name)
        for name in self.p.saved_low:
            kept[self.p.registers[name][0]] = self.get(s, name)
        s.registers = {}
        for offset in self.p.granule:
            if self.p.granule[offset] == 1:
                s.registers[offset] = t.var('flag%x after %s' % (offset, tag), 8)
        for name in self.p.gp + self.p.fp:
            offset = self.p.registers[name][0]
            w = 64 if name in self.p.gp else 128
            for k in range(w // 64):
                s.registers[offset + 8 * k] = t.extract(t.var('%s after %s' % (name, tag), w), 64 * k + 63, 64 * k)
        s.registers.update(kept)
        if self.p.name == 'x86_64':
            for name in ('ST0', 'ST1'):
                self.set(s, name, call.result(name))
        for name, w in self.p.control:  # a callee may change how floats are rounded
            self.set(s, name, t.var('%s after %s' % (name, tag), w))
        s.memory, call.after = call.memory, s.copy()


def translate(p, code, pc):
    ops, length = [], 0
    try:
        translation = p.context.translate(code, pc, max_instructions=1)
    except Exception as e:  # of a class that pypcode's versions name differently
        raise Unsupported('no p-code for %s: %s' % (code[:8].hex(), str(e)[:40])) from e
    for op in translation.ops:
        name = op.opcode.name
        if name == 'IMARK':
            length += sum(v.size for v in op.inputs)
            continue
        ins = [(v.space.name, v.offset, v.size) for v in op.inputs]
        if name == 'CALLOTHER':
            ins[0] = ('other', op.inputs[0].getUserDefinedOpName(), 0)
        out = None if op.output is None else (op.output.space.name, op.output.offset, op.output.size)
        ops.append((name, out, ins))
    return ops, length


def align(a, b):
    """a & b, where that aligns an address in the frame to 16 bytes at most."""
    if not t.is_const(b):
        a, b = b, a
    if t.is_const(b) and not t.is_const(a) and a.w == 64:
        base, offset = t.split(a)
        mask = t.signed(b)
        if base is CFA and -16 <= mask < 0 and -mask & (-mask - 1) == 0:
            return t.plus(CFA, offset & mask)
    return None


def read_unique(s, offset, size):
    x = s.unique.get(offset)
    if x is not None and x[0] == size:
        return x[1]
    for at, (n, y) in s.unique.items():
        if at <= offset and offset + size <= at + n:
            low = 8 * (offset - at)
            return t.extract(force(y), low + 8 * size - 1, low)
    out, at = [], offset
    while at < offset + size:
        x = s.unique.get(at)
        if x is None:
            raise Unsupported('p-code reads what it has not written')
        out.insert(0, force(x[1]))
        at += x[0]
    return t.extract(t.cat(*out), 8 * size - 1, 0)


def write_unique(s, offset, size, x):
    for at, (n, y) in list(s.unique.items()):
        if at == offset and n == size:
            continue
        if at <= offset and offset + size <= at + n:
            low, y = 8 * (offset - at), force(y)
            above = [t.extract(y, 8 * n - 1, low + 8 * size)] if low + 8 * size < 8 * n else []
            below = [t.extract(y, low - 1, 0)] if low else []
            s.unique[at] = (n, t.cat(*above, force(x), *below))
            return
        if offset <= at and at + n <= offset + size:
            del s.unique[at]
    s.unique[offset] = (size, x)
