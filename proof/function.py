"""Proves a function: along each path of the machine code the IR is run, too, and both end in the same. What they begin
with is the ABI (Proof.entry) or the relation between blocks (relation.py)."""
import abi
import instructions
import leave
import library
import meaning
import stack
import terms as t
import varargs
from elf import TEXT, THREAD
from irtext import Inst
from machine import CFA, RETURN, Machine, State, Unsupported, read_frame
from solve import conjuncts, suppose
from tables import OPS, RMW, WIDTH

MOST_COPIED = 1024  # bytes that a memory operation without a call is followed through
MOST_DEPTH = 60     # blocks of the IR on one path of the machine


class Failed(Exception):
    """A goal does not follow."""


class Again(Exception):
    """Something is known that was not when the machine's code was run."""


class Env:
    """The IR's state: values by number (and (number, k) of further results), variables, memory, how many of the path's
    calls were made, control words by name; sp: where the stack pointer is to be, None: where the path began; root: the
    block that began with the relation; been: slots that were alive there, or began since."""

    def __init__(self, memory, root=''):
        self.values, self.variables, self.memory, self.calls, self.control, self.sp = {}, {}, memory, 0, {}, None
        self.root, self.been = root, set()

    def copy(self):
        e = Env(self.memory)
        e.values, e.variables, e.calls = dict(self.values), {k: dict(v) for k, v in self.variables.items()}, self.calls
        e.control, e.sp, e.root, e.been = dict(self.control), self.sp, self.root, set(self.been)
        return e


class Path:
    """An end of the machine's code: what, where and state; and what the IR is to know there."""

    def __init__(self, what, where, state):
        self.what, self.where, self.state = what, where, state


class Proof:
    """`slots`: where slots whose address the program has are: number -> distance from the CFA; `save`: the same of a variadic
    function's save area. `undefined`: results that may be any bits are; otherwise it is supposed that there are none.
    `memory`: bytes of variables that share memory with other slots: (slot, byte) -> distance from the CFA."""

    def __init__(self, machine: Machine, f, slots=None, undefined=False, save=None, memory=None):
        self.m, self.f, self.p, self.solver = machine, f, machine.p, machine.solver
        self.slots, self.undefined, self.any, self.wrong, self.save = slots or {}, undefined, 0, 0, save
        self.escaping, self.memory = escaping_slots(f), memory or {}
        self.definitions = {i.result: i for _, insts in f.blocks.values() for i in insts if i.result is not None}
        self.types = {v: type_ for params, _ in f.blocks.values() for v, type_ in params}
        for inst in self.definitions.values():
            self.types[inst.result] = self.type_of_result(inst)
        self.read, self.loaded = needed(f, self.escaping)
        self.where = ''
        self.pending = {}  # builtin_setjmp of the paths: where each is returned to again, and with which states
        machine.twice = any(i.op == 'builtin_setjmp' for i in self.definitions.values())
        first = f.blocks[next(iter(f.blocks))][0]
        self.sret = next((number for (number, _), (_, flags) in zip(first, f.signature.params)  # that it returns
                          if 'sret' in flags and machine.p.sret is None), None)
        self.current = ''     # the block whose edges the IR takes
        self.partial = False  # some result may be any bits

    def type_of_result(self, inst):
        if inst.op in ('icmp', 'fcmp'):
            return 'i8'
        if inst.op in ('call', 'asm'):
            return (inst.fields['signature'].results or [''])[0]
        if inst.op == 'result':
            of = self.definitions[inst.fields['of']]
            return of.fields['signature'].results[inst.fields['g']] if of.op in ('call', 'asm') else 'i8'
        return inst.type

    # ---- the beginning ----

    def entries(self):
        """Machine's and IR's state where the function is called; of a variadic one on x86-64, with and without arguments in
        vector registers (System V psABI 3.5.7)."""
        s, env = self.entry()
        if self.save is None:
            return [(s, env)]
        self.variable_arguments(s, env, 0, 0)
        if self.p.name == 'x86_64':
            none, bare = t.equal(self.m.get(s, 'RAX', 8), t.const(0, 8)), (s.copy(), env.copy())
            bare[0].given.append(none)
            s.given.append(t.not_(none))
            self.variable_arguments(s, env, 1, 48)
            return [(s, env), bare]
        self.variable_arguments(s, env, 1, 64)
        return [(s, env)]

    def variable_arguments(self, s, env, bank, offset):
        """Arguments without a name are in memory, too: in the save area, those that came in registers."""
        w = 128 if bank else 64
        for k in range(self.named_in_registers[bank], len(self.p.args[bank])):
            place = t.plus(CFA, self.save + offset + k * w // 8)
            env.memory = t.store(env.memory, place, self.m.get(s, self.p.args[bank][k], w))

    def entry(self):
        """The same without what is variadic."""
        p, m = self.p, self.m
        s = State(t.memory('at entry'))
        env = Env(s.memory)
        m.escaping = [(at, at + max(1, self.f.slots[n][0])) for n, at in self.slots.items() if n in self.escaping]
        m.escaping += [(at, at + 1) for at in sorted(set(self.memory.values()))]
        if self.save is not None:
            m.escaping.append((self.save, self.save + p.save_bytes))
        m.set(s, p.sp, t.plus(CFA, -8 if p.name == 'x86_64' else 0))
        if p.link:
            m.set(s, p.link, RETURN)
        else:
            t.put_bytes(s.frame, -8, RETURN)
        for offset in p.granule:  # System V psABI 3.2.1: the direction flag is clear
            if p.name == 'x86_64' and offset == p.registers['DF'][0]:
                s.registers[offset] = t.const(0, 8)
        self.saved = {name: m.get(s, name) for name in p.saved + p.saved_low}
        self.exception = {name: m.get(s, name) for name in p.results[0][:2]}
        env.control = {name: m.get(s, name, w) for name, w in p.control}
        m.set(s, p.thread, THREAD)
        self.parameters(s, env)
        return s, env

    def parameters(self, s, env):
        params = self.f.blocks[next(iter(self.f.blocks))][0]
        places, self.stack_bytes, _ = abi.arguments(self.p, self.f.signature, self.f.signature.params)
        if self.save is not None:  # what is after the named arguments on the stack
            self.m.escaping.append((self.stack_bytes, 1 << 20))
        registers = {r for place in places for r in place.registers or ()}
        self.named_in_registers = [sum(r in registers for r in bank) for bank in self.p.args]
        for (number, type_), place in zip(params, places):
            if place.byval is not None:
                self.m.escaping.append((place.stack, place.stack + place.byval))
                env.values[number] = t.plus(CFA, place.stack)
                continue
            x = t.var('p%d' % number, WIDTH[type_])
            env.values[number] = x
            full = extended(x, place)
            whole = max(64, -(-full.w // 64) * 64)
            if place.registers and abi.is_float(type_):
                whole = 128
            if full.w < whole:
                full = t.cat(t.var('above p%d' % number, whole - full.w), full)
            if place.registers is None:
                t.put_bytes(s.frame, place.stack, full)
            else:
                w = full.w // len(place.registers)
                for k, name in enumerate(place.registers):
                    self.m.set(s, name, t.extract(full, w * k + w - 1, w * k))

    # ---- goals ----

    def prove(self, given, goals):
        """`goals`: (what is to hold, as words, condition)."""
        for what, goal in goals:
            for q in conjuncts(goal) if goal is not t.ONE else ():
                if not mentions_any(q) and not self.solver.follows(given, q):
                    raise Failed('%s: %s; %s; %s' % (self.where, what, self.solver.model, t.text(q)[:600]))

    def refute(self, given, goal):
        """A wrong goal must not follow: else the premises contradict themselves."""
        if mentions_any(goal):
            return
        if self.solver.follows(given, goal):
            raise Failed('%s: even what is wrong follows' % self.where)
        self.wrong += 1

    def returned(self, given, path, env, operands):
        m, s, p = self.m, path.state, self.p
        goals = self.callers_frame(s)
        for place, (v, _) in zip(abi.results(p, self.f.signature), operands):
            got = self.passed(s, place, v.w, 0)
            goals.append(('result', t.equal(v, got)))
            if self.wrong == 0:
                self.refute(given, t.equal(t.xor(v, t.const(1, v.w)), got))
        if self.sret is not None:
            goals.append(('address of the result', t.equal(t.var('p%d' % self.sret, 64), m.get(s, 'RAX'))))
        goals.append(('return address', t.equal(path.where, RETURN)))
        goals += leave.frame_is_gone(self, given, env, path, 0)
        if self.wrong == 0:
            self.refute(given, t.equal(m.get(s, p.sp), t.plus(CFA, 1)))
        self.prove(given, goals)
        self.all_calls(env, path)

    def callers_frame(self, s):
        """What is above the arguments, which are the callee's."""
        return [("the caller's frame at %+d" % at, t.equal(read_frame(s, at, 1), t.var('frame%+d%s' % (at, s.tag), 8)))
                for at in list(s.frame) if at >= self.stack_bytes]

    def all_calls(self, env, path):
        if env.calls != len(path.state.calls):
            raise Failed('%s: %d calls of %d' % (self.where, env.calls, len(path.state.calls)))

    def passed(self, s, place, w, sp):
        """What is at a place of an argument or result; `sp`: the stack's distance from the CFA."""
        if place.registers is None:
            return read_frame(s, sp + place.stack, w // 8)
        if len(place.registers) == 1:
            return self.m.get(s, place.registers[0], w)
        return t.cat(*[self.m.get(s, r) for r in reversed(place.registers)])

    # ---- the IR ----

    def operand(self, env, o, type_):
        kind = o[0]
        if kind == 'v':
            if o[1] not in env.values:
                env.values[o[1]] = self.again(env, o[1])
            return env.values[o[1]]
        if kind == 'c':
            w = WIDTH[type_ or o[2] or 'i64']
            value = o[1]
            if w == 128 and o[2] is None and value >> 63 == 1:
                value -= 1 << 64
            return t.const(value, w)
        if kind == 'sym':
            return t.plus(t.var('@' + o[1], 64), o[2])
        if kind == 'slot':
            if o[1] not in self.slots:
                return t.var('slot%d' % o[1], 64)
            return t.plus(CFA, self.slots[o[1]])
        if kind in ('res', 'exc'):
            return env.values[o]
        if kind == 'typeid':
            table = self.m.obj.table(self.f.name)
            number = table and table.number(o[1])
            if number is not None:
                return t.const(number, 32)
        raise Unsupported('the operand %s' % kind)

    def again(self, env, number):
        """A value that has no place: its readers compute it."""
        inst = self.definitions.get(number)
        if inst is None or inst.op not in ('addr', 'copy', 'add', 'zext', 'sext', 'shl'):
            raise Failed('%s: v%d has no place' % (self.where, number))
        self.compute(env, inst, [])
        return env.values[number]

    def run(self, block, env, given, path, stop, depth=0, first=0):
        """Runs the IR from a block's beginning, or instruction `first` of it, until it ends as the machine's path does. `stop`: a function of block,
        environment and conditions, which says whether it has arrived."""
        if depth > MOST_DEPTH:
            raise Failed('%s: the IR does not arrive where the code does' % self.where)
        for inst in self.f.blocks[block][1][first:]:
            if inst.op in CONTROL:
                self.current = block
                CONTROL[inst.op](self, env, inst, given, path, stop, depth)
                return
            given = self.execute(env, inst, given, path)
            if given is None:
                return

    def execute(self, env, inst, given, path):
        """One instruction; the conditions that hold afterwards, None: nothing goes on."""
        op = inst.op
        if is_idle(inst, self.escaping, self.read, self.loaded):
            self.store_anything(env, inst, path)
            return given
        if op in EFFECT:
            return EFFECT[op](self, env, inst, given, path)
        name = library.first(inst)
        if name and self.next_call_is(env, path, name):
            return library.call(self, env, inst, given, path)
        if op in ('udiv', 'sdiv', 'urem', 'srem'):
            given = self.may_trap(env, inst, given, path)
            if given is None:
                return None
        return self.compute(env, inst, given)

    def compute(self, env, inst, given):
        f = inst.fields
        if inst.op == 'addr':
            a = self.operand(env, f['a'], 'i64')
            if f['b'] is not None:
                a = t.add(a, t.times(self.operand(env, f['b'], 'i64'), f['s']))
            env.values[inst.result] = t.plus(a, f['d'])
            return given
        if inst.op not in meaning.VALUE:
            raise Unsupported('the operation ' + inst.op)
        x = meaning.Operation(inst, *[self.operand(env, f[k], kind) if k in f else None
                                      for k, kind in zip('abc', operand_types(inst))], processor=self.p.name,
                              fused=self.p.fused)
        value = meaning.VALUE[inst.op](x)
        if value is None:
            raise Unsupported('the operation %s.%s' % (inst.op, inst.type))
        env.values[inst.result] = value
        if x.flag is not None:
            env.values[inst.result, 1] = x.flag
        if not x.defined:
            return given
        return self.only_defined(env, inst, given, x.defined)

    def only_defined(self, env, inst, given, conditions):
        all_ = t.ONE
        for c in conditions:
            all_ = t.and_(all_, c)
        self.partial |= all_ is not t.ONE
        if not self.undefined:
            return given if all_ is t.ONE else None if all_ is t.ZERO else [*given, all_]
        if self.solver.possible([*given, t.not_(all_)]):
            self.any += 1
            env.values[inst.result] = t.var('any!%d' % self.any, env.values[inst.result].w)
        return given

    def may_trap(self, env, inst, given, path):
        """x86-64: a division by 0 traps; that of the least value by -1 may."""
        if self.p.name != 'x86_64':
            return given
        a, b = (self.operand(env, inst.fields[k], inst.type) for k in 'ab')
        zero, may = t.equal(b, t.const(0, b.w)), t.ZERO
        if inst.op[0] == 's':
            may = t.and_(t.equal(a, t.const(1 << (a.w - 1), a.w)), t.equal(b, t.const(-1, b.w)))
        if path.what == 'trap' and self.solver.follows(given, t.or_(zero, may)):
            self.trapped(env, given, path)
            return None
        self.prove(given, [('a division by zero traps', t.not_(zero))])
        return given

    # ---- calls ----

    def next_call(self, env, path, what):
        if env.calls >= len(path.state.calls):
            raise Failed('%s: no code calls for %s' % (self.where, what))
        env.calls += 1
        return path.state.calls[env.calls - 1]

    def next_call_is(self, env, path, name):
        calls = path.state.calls
        return env.calls < len(calls) and calls[env.calls].target is t.var('@' + name, 64)

    def call(self, env, inst, given, path):
        c, results = self.make_call(env, inst, given, path)
        if c.unwound:
            if inst.fields['unwinds']:
                raise Failed('%s: a landing pad for %s' % (self.where, inst.text[:60]))
            return None  # one that does not unwind, between others that do
        for k, x in enumerate(results):
            env.values[inst.result if k == 0 else (inst.result, k)] = x
        return given

    def make_call(self, env, inst, given, path):
        """The code's call and its results."""
        c = self.next_call(env, path, inst.text[:60])
        self.at_call(env, given, c, self.call_goals(env, inst, c.target, c.state, self.stack_at(env, c.state)))
        return c, [t.extract(t.cat(*[c.result(r) for r in reversed(place.registers)]), WIDTH[place.type] - 1, 0)
                   for place in abi.results(self.p, inst.fields['signature'])]

    def call_goals(self, env, inst, target, state, sp):
        """The callee and the arguments; `sp`: the arguments' distance from the CFA."""
        f, signature = inst.fields, inst.fields['signature']
        params = list(signature.params)
        for o, typed in f['args'][len(params):]:
            params.append((typed or (self.types[o[1]] if o[0] == 'v' else o[2] if o[0] == 'c' and o[2] else 'i64'), set()))
        places, _, floats = abi.arguments(self.p, signature, params)
        goals = [('callee', t.equal(self.operand(env, f['callee'], 'i64'), target))]
        for k, (place, (o, _)) in enumerate(zip(places, f['args'])):
            v = self.operand(env, o, place.type)
            if place.byval is not None:
                for i in range(place.byval):
                    goals.append(('argument %d' % k, t.equal(t.load(env.memory, t.plus(v, i), 1),
                                                             read_frame(state, sp + place.stack + i, 1))))
                continue
            v = extended(v, place)
            goals.append(('argument %d' % k, t.equal(v, self.passed(state, place, v.w, sp))))
        if signature.variadic and self.p.name == 'x86_64':
            al = self.m.get(state, 'RAX', 8)
            goals.append(('number of vector registers', t.and_(t.not_(t.ult(al, t.const(floats, 8))),
                                                              t.not_(t.ult(t.const(8, 8), al)))))
        return goals

    def stack_at(self, env, s):
        base, offset = t.split(self.m.get(s, self.p.sp))
        if s.moving is not None:
            key = stack.at_call(self, env, s)
            if key is not None:
                return key
        if base is not CFA:
            raise Unsupported('a stack pointer that moves')
        if offset % 16:
            raise Failed('%s: the stack is not aligned at a call' % self.where)
        if any(low < offset for low, _ in self.m.escaping):
            raise Failed('%s: a slot is below the stack pointer at a call' % self.where)
        return offset

    def at_call(self, env, given, c, goals):
        goals.append(('memory at the call', same_memory(env.memory, c.state.memory)))
        goals += leave.control_words(self, env, c.state)
        self.prove(given, goals)
        if self.wrong == 0:
            self.refute(given, t.ZERO)
        env.memory = c.memory
        env.control = {name: self.m.get(c.after, name, w) for name, w in self.p.control}

    @staticmethod
    def same_memory(a, b):
        return same_memory(a, b)

    def failed(self, why):
        return Failed('%s: %s' % (self.where, why))

    # ---- memory ----

    def variable(self, env, inst):
        """The bytes of a slot whose address the program does not have, if they are not in memory, or None."""
        o = inst.fields['a']
        if o[0] != 'slot' or o[1] in self.escaping or (o[1], inst.fields['d']) in self.memory:
            return None
        return env.variables.setdefault(o[1], {})

    def address(self, env, inst):
        """Of a load or a store."""
        o, d = inst.fields['a'], inst.fields['d']
        if o[0] == 'slot' and (o[1], d) in self.memory:
            return t.plus(CFA, self.memory[o[1], d])
        return t.plus(self.operand(env, o, 'i64'), d)

    def load(self, env, inst, given, path):
        f = inst.fields
        kind, type_ = f.get('x', (None, inst.type))
        n = WIDTH[type_] // 8
        variable = self.variable(env, inst)
        if variable is not None:
            for k in range(f['d'], f['d'] + n):
                if k not in variable:
                    variable[k] = (self.anything(f['a'][1], k, self.next_state(env, path)), 0)
            x = t.get_bytes([variable[f['d'] + i] for i in range(n)])
        else:
            x = t.load(env.memory, self.address(env, inst), n)
        w = WIDTH[inst.type]
        env.values[inst.result] = x if kind is None else t.sext(x, w) if kind == 'sext' else t.zext(x, w)
        return given

    def store(self, env, inst, given, path):
        f = inst.fields
        x = self.operand(env, f['b'], inst.type)
        variable = self.variable(env, inst)
        if variable is not None:
            t.put_bytes(variable, f['d'], x)
        else:
            env.memory = t.store(env.memory, self.address(env, inst), x)
        return given

    @staticmethod
    def next_state(env, path):
        """The machine's at the next call, or at the end. What is any bits may be what is there."""
        calls = path.state.calls
        return calls[env.calls].state if env.calls < len(calls) else path.state

    def anything(self, n, byte, state):
        """A byte of a variable that nothing has stored."""
        return t.var('slot%d+%d' % (n, byte), 8)

    def store_anything(self, env, inst, path):
        """A store to bytes of a variable in memory that nothing loads: the code stores or does not, so what is stored is
        what is there at the next call, or at the end."""
        if inst.op != 'store' or (inst.fields['a'][1], inst.fields['d']) not in self.memory:
            return
        address, n = self.address(env, inst), WIDTH[inst.type] // 8
        after = t.load(self.next_state(env, path).memory, address, n)
        if after is not t.load(env.memory, address, n):
            env.memory = t.store(env.memory, address, after)

    def copy_memory(self, env, inst, given, path):
        f = inst.fields
        to, n = self.operand(env, f['a'], 'i64'), self.operand(env, f['c'], 'i64')
        for name in [inst.op] + ['memmove'] * (inst.op == 'memcpy'):
            if self.next_call_is(env, path, name) and self.is_call_of(env, given, path, to, n):
                return library.call(self, env, Inst(None, name, inst.type, f, inst.text), given, path)
        if not t.is_const(n) or n.args[0] > MOST_COPIED:
            raise Unsupported('a memory operation of this size without a call')
        if inst.op == 'memset':
            byte = self.operand(env, f['b'], 'i8')
            bytes_ = [byte] * n.args[0]
        else:
            source = self.operand(env, f['b'], 'i64')
            if inst.op == 'memcpy':
                self.apart_are(env, to, source, n.args[0])
            bytes_ = [t.load(env.memory, t.plus(source, i), 1) for i in range(n.args[0])]
        if bytes_:
            env.memory = t.store(env.memory, to, t.cat(*reversed(bytes_)))
        return given

    def is_call_of(self, env, given, path, to, n):
        """Is the next call this operation's, and not that of a later one?"""
        if not t.is_const(n):
            return True
        state, args = path.state.calls[env.calls].state, self.p.args[0]
        return suppose(t.equal(self.m.get(state, args[2]), n), given) is t.ONE and \
            self.solver.follows(given, t.equal(self.m.get(state, args[0]), to))

    def atomic(self, env, inst, given, path):
        """What it does if no other thread does anything."""
        f, type_ = inst.fields, inst.type
        address, n = self.operand(env, f['a'], 'i64'), WIDTH[type_] // 8
        if inst.op == 'atomic_store':
            env.memory = t.store(env.memory, address, self.operand(env, f['b'], type_))
            return given
        old = t.load(env.memory, address, n)
        env.values[inst.result] = old
        if inst.op == 'atomic_rmw':
            env.memory = t.store(env.memory, address, rmw(f['r'], old, self.operand(env, f['b'], type_)))
        elif inst.op == 'atomic_cas':
            same = t.equal(old, self.operand(env, f['b'], type_))
            env.values[inst.result, 1] = t.zext(same, 8)
            new = t.ite(same, self.operand(env, f['c'], type_), old)
            if self.solver.follows(given, same):
                env.memory = t.store(env.memory, address, self.operand(env, f['c'], type_))
            elif path.state.memory is not env.memory:
                env.memory = t.store(env.memory, address, new)
        return given

    def further(self, env, inst, given, path):
        env.values[inst.result] = env.values[inst.fields['of'], inst.fields['g']]
        return given

    def nothing(self, env, inst, given, path):
        return given

    def life_start(self, env, inst, given, path):
        if inst.fields['a'][0] == 'slot':
            env.been.add(inst.fields['a'][1])
            if inst.fields['a'][1] not in self.escaping:
                env.variables[inst.fields['a'][1]] = {}
        return given

    # ---- control ----

    def go(self, env, inst, edges, given, path, stop, depth):
        """`edges`: edge and condition."""
        here = self.current
        for (block, args), c in edges:
            self.current = here
            c = c if t.is_const(c) else suppose(c, given)
            now = given if c is t.ONE else [*given, c]
            if c is t.ZERO or c is not t.ONE and not self.solver.possible(now):
                continue
            params = self.f.blocks[block][0]
            e = env.copy()
            values = [self.operand(env, a, params[k][1]) if self.is_read(params[k][0]) else None for k, a in enumerate(args)]
            for (number, _), v in zip(params, values):
                if v is not None:
                    e.values[number] = v
            if not stop(block, e, now, path, depth):
                self.run(block, e, now, path, stop, depth + self.has_code(block))

    def has_code(self, _):
        return True

    def is_read(self, number):
        return number in self.read

    def br(self, env, inst, given, path, stop, depth):
        self.go(env, inst, [(inst.fields['edges'][0], t.ONE)], given, path, stop, depth)

    def brif(self, env, inst, given, path, stop, depth):
        c = meaning.low_bit(self.operand(env, inst.fields['a'], 'i8'))
        first, second = inst.fields['edges']
        self.go(env, inst, [(first, c), (second, t.not_(c))], given, path, stop, depth)

    def switch(self, env, inst, given, path, stop, depth):
        x = suppose(self.operand(env, inst.fields['a'], inst.type), given)  # mostly a number, by the machine's jump
        edges, none = [], t.ONE
        for value, edge in zip(inst.fields['cases'], inst.fields['edges'][1:]):
            c = t.equal(x, t.const(value, x.w))
            edges.append((edge, c))
            none = t.and_(none, t.not_(c))
        edges.append((inst.fields['edges'][0], none))
        self.go(env, inst, edges, given, path, stop, depth)

    def brind(self, env, inst, given, path, stop, depth):
        """To one of the blocks, whose addresses are those of their code."""
        if path.what != 'jump':
            raise Failed('%s: the IR jumps to an address, the code does not (%s)' % (self.where, path.what))
        to = self.operand(env, inst.fields['a'], 'i64')
        self.prove(given, [('where it jumps', t.equal(to, path.where))])
        for edge in inst.fields['edges']:
            at = self.block_address(edge[0])
            if at is not None:
                self.go(env, inst, [(edge, t.ONE)], given, Path('at', at, path.state), stop, depth)

    def block_address(self, _):
        raise Unsupported('addresses of blocks')

    def ret(self, env, inst, given, path, stop, depth):
        if path.what != 'ret':
            raise Failed('%s: the IR returns, the code does not (%s)' % (self.where, path.what))
        types = self.f.signature.results
        self.returned(given, path, env, [(self.operand(env, o, types[k]), types[k])
                                         for k, o in enumerate(inst.fields['v'])])

    def trap(self, env, inst, given, path, stop, depth):
        if path.what != 'trap':
            raise Failed('%s: the IR traps, the code does not' % self.where)
        self.trapped(env, given, path)

    def trapped(self, env, given, path):
        self.prove(given, [('memory at a trap', same_memory(env.memory, path.state.memory))])
        if self.wrong == 0:
            self.refute(given, t.ZERO)
        self.all_calls(env, path)

    def try_(self, env, inst, given, path, stop, depth):
        """A call that has a landing pad, where its clauses are caught."""
        c, results = self.make_call(env, inst, given, path)
        if inst.fields['unwinds'] and (c.site is None or c.site.pad is None or c.site.clauses != inst.fields['clauses']):
            raise Failed('%s: no landing pad for %s' % (self.where, inst.text[:60]))
        if c.unwound:
            exception, selector = (c.result(r) for r in self.p.results[0][:2])
            env.values['exc', 0], env.values['exc', 1] = exception, t.extract(selector, 31, 0)
        else:
            env.values.update((('res', k), x) for k, x in enumerate(results))
        self.go(env, inst, [(inst.fields['edges'][c.unwound], t.ONE)], given, path, stop, depth)

    def resume(self, env, inst, given, path, stop, depth):
        """A call of _Unwind_Resume, which does not return, and leaves the function."""
        c = self.next_call(env, path, inst.text)
        if c.unwound:
            raise Failed('%s: a landing pad for %s' % (self.where, inst.text))
        self.stack_at(env, c.state)
        got = self.m.get(c.state, self.p.args[0][0])
        self.at_call(env, given, c, [('callee', t.equal(c.target, t.var('@_Unwind_Resume', 64))),
                                     ('the exception', t.equal(self.operand(env, inst.fields['a'], 'i64'), got))])

    def unreachable(self, env, inst, given, path, stop, depth):
        """Anything may happen: the only wrong goal is that nothing gets there."""
        if self.wrong == 0 and not self.solver.follows(given, t.ZERO):
            self.wrong += 1

    # ---- a function without a relation ----

    def all_paths(self):
        """Every path from the entry to the end."""
        t.APART.clear()
        while True:
            try:
                self.try_paths()
                return
            except Again:
                pass

    def apart_are(self, env, to, source, n):
        """memcpy's areas do not overlap, unless they are equal, and then it changes nothing."""
        (base, at), (other, first) = t.split(to), t.split(source)
        row = ((at, at + n), (first, first + n))
        if self.may_be_another(env, base, row[0], other) or self.may_be_another(env, other, row[1], base):
            return
        if base is not other and row not in t.APART.setdefault((base, other), []):
            t.APART[base, other].append(row)
            raise Again()

    def may_be_another(self, env, base, area, other):
        """May an area, if it is in the frame, be that of a slot of which `other` is an address, on another path?"""
        return False

    def try_paths(self):
        start, size = self.m.obj.functions[self.f.name]
        s, env = self.entry()
        begin = TEXT + start
        block = next(iter(self.f.blocks))
        paths = self.m.paths(s, begin, set(), (begin, begin + size))
        for what, where, state in paths:
            self.where = block
            self.follow(block, env.copy(), self.path(what, where, state), lambda *_: False)
        self.returns_again((begin, begin + size))

    def returns_again(self, limits):
        """Once more from each builtin_setjmp, where a long jump goes on."""
        done = set()
        while set(self.pending) - done:
            key = next(k for k in self.pending if k not in done)
            done.add(key)
            inst, env, given, s = self.pending[key]
            env.control = {name: self.m.get(s, name, w) for name, w in self.p.control}
            block = next(b for b, (_, insts) in self.f.blocks.items() if inst in insts)
            first = self.f.blocks[block][1].index(inst) + 1
            for what, where, state in self.m.paths(s, key[1].args[0], set(), limits):
                self.where = block + ' again'
                self.follow(block, env.copy(), self.path(what, where, state), lambda *_: False, first)

    def path(self, what, where, state):
        """`where`: a term, if the code is left."""
        if what == 'out':
            where = self.m.obj.address(where) or t.const(where, 64)
        return Path(what, where, state)

    def follow(self, block, env, path, stop, first=0):
        """Runs the IR along a path of the machine. What fails on a path that no input takes counts for nothing."""
        try:
            self.run(block, env, list(path.state.given), path, stop, 0, first)
        except (Failed, Unsupported):
            if self.solver.possible(path.state.given):
                raise


CONTROL = {'br': Proof.br, 'brif': Proof.brif, 'switch': Proof.switch, 'brind': Proof.brind, 'ret': Proof.ret, 'trap': Proof.trap,
           'try': Proof.try_, 'resume': Proof.resume, 'unreachable': Proof.unreachable, **leave.CONTROL}
EFFECT = {'load': Proof.load, 'store': Proof.store, 'call': Proof.call, 'result': Proof.further,
          'memcpy': Proof.copy_memory, 'memmove': Proof.copy_memory, 'memset': Proof.copy_memory,
          'atomic_load': Proof.atomic, 'atomic_store': Proof.atomic, 'atomic_rmw': Proof.atomic,
          'atomic_cas': Proof.atomic, 'fence': Proof.nothing, 'prefetch': Proof.nothing, 'va_end': Proof.nothing,
          'life_start': Proof.life_start, 'life_end': Proof.nothing, **leave.EFFECT, **varargs.EFFECT, **stack.EFFECT,
          **dict.fromkeys(instructions.OPERATIONS, instructions.effect)}


def rmw(op, old, x):
    assert op in RMW
    if op in ('xchg', 'nand'):
        return x if op == 'xchg' else t.not_(t.and_(old, x))
    inst = meaning.Operation(Fields(old.w), old, x)
    return meaning.VALUE[op](inst)


class Fields:
    def __init__(self, w):
        self.type = 'i%d' % w


def operand_types(inst):
    """Of operands a, b and c."""
    f = inst.fields
    if inst.op in ('icmp', 'fcmp'):
        return inst.type, inst.type, None
    if inst.op == 'select':
        return 'i8', inst.type, inst.type
    if inst.op == 'memset':
        return 'i64', 'i8', 'i64'
    if 't' in f:
        return f['t'], None, None
    if inst.op in ('vsplat', 'vextract', 'vsigns', 'vresize'):
        return f['l'], None, None
    if inst.op == 'vinsert':
        return inst.type, f['l'], None
    return (inst.type,) * 3


def extended(v, place):
    """A value of a parameter as its flags want it."""
    w = abi.bits_passed(place.type, place.flags)
    return t.sext(v, w) if place.flags & {'sext', 'sext64'} else t.zext(v, w)


def escaping_slots(f):
    """Slots whose address is more than where plain loads and stores go."""
    out = set()
    for _, insts in f.blocks.values():
        for inst in insts:
            plain = inst.op in ('load', 'store') and not inst.fields.get('volatile')
            if inst.op in ('life_start', 'life_end'):
                continue
            for letter, o in all_operands(inst):
                if o[0] == 'slot' and not (plain and letter == 'a'):
                    out.add(o[1])
                elif o[0] == 'slot':
                    n = WIDTH[inst.fields['x'][1] if 'x' in inst.fields else inst.type] // 8
                    if not 0 <= inst.fields['d'] <= f.slots[o[1]][0] - n:
                        out.add(o[1])
    return out


def unit(inst):
    """Slot, offset and bytes of a load or store of a variable."""
    return inst.fields['a'][1], inst.fields['d'], WIDTH[inst.fields['x'][1] if 'x' in inst.fields else inst.type] // 8


def accessed(inst):
    """Slot and byte of each."""
    n, offset, size = unit(inst)
    return {(n, offset + i) for i in range(size)}


def is_variable(inst, escaping):
    return inst.op in ('load', 'store') and inst.fields['a'][0] == 'slot' and inst.fields['a'][1] not in escaping


def is_idle(inst, escaping, read, loaded):
    """Does nothing that anything else depends on?"""
    if inst.op == 'store':
        return is_variable(inst, escaping) and not accessed(inst) & loaded
    return inst.result is not None and inst.result not in read and OPS[inst.op].effects == ['PURE'] and \
        not inst.fields.get('volatile')


def needed(f, escaping):
    """Values that something reads which is not idle itself, and bytes of variables that such loads read."""
    read, loaded, waiting, done = set(), set(), [], set()
    insts = [inst for _, insts in f.blocks.values() for inst in insts]
    changed = True
    while changed:
        changed = False
        for inst in insts:
            if id(inst) in done or is_idle(inst, escaping, read, loaded):
                continue
            done.add(id(inst))
            changed = True
            if inst.op == 'load' and is_variable(inst, escaping):
                loaded |= accessed(inst)
            read.update(o[1] for letter, o in all_operands(inst) if o[0] == 'v' and letter != 'e')
            waiting += [(f.blocks[b][0][k][0], a[1]) for b, args in inst.fields.get('edges', ()) for k, a in enumerate(args)
                        if a[0] == 'v']
        for row in list(waiting):
            if row[0] in read:
                waiting.remove(row)
                if row[1] not in read:
                    read.add(row[1])
                    changed = True
    return read, loaded


def all_operands(inst):
    """Letter and operand of each."""
    f = inst.fields
    for letter in 'abc':
        if f.get(letter) is not None:
            yield letter, f[letter]
    for o in f.get('v', ()):
        yield 'v', o
    for o, _ in f.get('args', ()):
        yield 'C', o
    if 'callee' in f:
        yield 'C', f['callee']
    for _, args in f.get('edges', ()):
        for o in args:
            yield 'e', o
    if 'of' in f:
        yield 'g', ('v', f['of'])


def same_memory(a, b):
    """Is all of memory the same?"""
    if a is b:
        return t.ONE
    if a.op == 'st' and b.op == 'st' and [o for o, _, _ in a.args[2]] == [o for o, _, _ in b.args[2]]:
        return t.and_(t.and_(same_memory(a.args[0], b.args[0]), t.equal(a.args[1], b.args[1])),
                      t.equal(t.get_bytes([(x, k) for _, x, k in a.args[2]]), t.get_bytes([(x, k) for _, x, k in b.args[2]])))
    for newer, older in ((a, b), (b, a)):
        if newer.op == 'st' and newer.args[0] is older:  # what is written is what is there
            return t.equal(t.get_bytes([(x, k) for _, x, k in newer.args[2]]),
                           t.cat(*[t.load(older, t.plus(newer.args[1], at), 1) for at, _, _ in reversed(newer.args[2])]))
    return t.make('same', 1, *sorted((a, b), key=lambda m: m.id))


SEEN = {}


def mentions_any(term):
    """Does a term read what is any bits?"""
    from solve import children
    stack = [term]
    while stack:
        x = stack[-1]
        if x in SEEN:
            stack.pop()
            continue
        if x.op == 'v':
            SEEN[x] = x.args[0].startswith('any!')
            continue
        below = children(x)
        missing = [c for c in below if c not in SEEN]
        if missing:
            stack.extend(missing)
            continue
        SEEN[x] = any(SEEN[c] for c in below)
    return SEEN[term]
