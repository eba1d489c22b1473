"""The relation between IR and machine code at the beginning of a block, by the compiler's witness (lib/codegen/witness.c),
which is not trusted: a block begins with it, and each path that arrives must prove it.

In the relation are: live values, in their homes; live bytes of variables; all of memory; stack and frame pointer; where the
entry block put the registers that the function preserves, and the return address. A block with one predecessor goes on from
where that one ended, since registers may keep copies there."""
import collections
import re

import leave
import lives
import magic
import stack
import terms as t
from elf import TEXT, THREAD
from function import Again, Env, Failed, Proof, accessed, all_operands, escaping_slots, is_idle, is_variable, same_memory, unit
from machine import CFA, RETURN, State, Unsupported, read_frame
from tables import WIDTH


PARAMETER = re.compile(r'p\d+')
PASSED = 1 << 29  # AArch64: an argument on the stack is at its distance from the CFA less this
MOST_PROLOGUE = 200  # instructions
MOST_VISITS = 16    # of a block with one predecessor, from paths of that


class Witness:
    """values: number -> (type, 'reg' or 'frame' or 'none', where, zx); slots: number -> [(offset, size, kind, where)];
    `where` is a register's number or a distance from the CFA. An i128 is of kind 'pair': `where` has kind and where of each
    half, of kind 'unread' if no instruction reads it. shadows: number -> where; of a pair a list.
    fresh: number of an instruction -> slots whose contents become any bits there; life: slot -> [(first, end)], of the
    instructions of its inlined body. blocks: name -> offset; start, size, cfa: of the code."""

    def __init__(self, lines):
        self.values, self.slots, self.blocks, self.fresh = {}, collections.defaultdict(list), {}, collections.defaultdict(list)
        self.save, self.shadows, self.life, pairs = None, {}, collections.defaultdict(list), {}
        self.cfa = next(int(line.split()[3]) for line in lines if line.startswith('code '))

        def where(kind, words):
            n = int(words[0]) if words else 0
            return n if kind == 'reg' else n + PASSED if n < -PASSED // 2 else n - self.cfa
        for line in lines:
            w = line.split()
            if w[0] == 'slot':
                self.slots[int(w[1])].append((int(w[2]), int(w[3]), w[4], where(w[4], w[5:])))
            elif w[0] == 'fresh':
                self.fresh[int(w[2])].append(int(w[1]))
            elif w[0] == 'life':
                self.life[int(w[1])].append((int(w[2]), int(w[3])))
            elif w[0] == 'value':
                n, (type_, _, half), at = int(w[1]), w[2].partition('.'), where(w[3], w[4:])
                if half:
                    halves = pairs.setdefault(n, [('unread', 0), ('unread', 0)])
                    halves[int(half)] = w[3], at
                    self.values[n] = (type_, 'none' if ('none', 0) in halves else 'pair', halves, False)
                else:
                    self.values[n] = (type_, w[3], at, 'zx' in w)
            elif w[0] == 'shadow':
                n, _, upper = w[1].partition('.')
                if upper:
                    self.shadows[int(n)] = [self.shadows[int(n)], where('frame', w[2:])]
                else:
                    self.shadows[int(n)] = where('frame', w[2:])
            elif w[0] == 'save':
                self.save = where('frame', w[1:])
            elif w[0] == 'code':
                self.start, self.size, _ = map(int, w[1:])
            elif w[0] == 'block':
                self.blocks['b' + w[1]] = int(w[2])

    def place(self, n, byte):
        """Where a byte of a variable is: ('reg', number, k) or ('frame', distance from the CFA, 0)."""
        for offset, size, kind, where in sorted(self.slots[n], key=lambda r: r[1]):
            if offset <= byte < offset + size and kind in ('reg', 'frame'):
                return (kind, where, byte - offset) if kind == 'reg' else (kind, where + byte - offset, 0)
        return None


class Layout:
    """Where slots are in the frame. `slots`: number -> distance from the CFA. `ranges`: (first, end, (slot, offset)) of
    those that are memory: slots whose address is taken, and parts of variables that have bytes in common with these;
    `private`: of other parts; `shared`: pairs of slots that have bytes of memory in common. `memory`: of such variables, (slot, byte) -> distance from the CFA."""

    def __init__(self, f, witness, escaping):
        self.slots = {n: where for n, rows in witness.slots.items() for offset, _, kind, where in rows
                      if offset == 0 and kind == 'frame'}
        units = {unit(inst) for _, insts in f.blocks.values() for inst in insts if is_variable(inst, escaping)}
        places = [(n, offset, size, witness.place(n, offset)) for n, offset, size in sorted(units)]
        parts = [(at[1], at[1] + size, (n, offset)) for n, offset, size, at in places if at and at[0] == 'frame']
        parts += [(at, at + f.slots[n][0], (n, 0)) for n, at in self.slots.items() if n in escaping and f.slots[n][0]]
        pairs = lives.overlaps(parts)
        more, memory = {(n, 0) for n in self.slots if n in escaping}, set()
        while not more <= memory:
            memory |= more
            more = {key for pair in pairs if memory & set(pair) for key in pair}
        self.ranges, self.private = ([r for r in parts if (r[2] in memory) == wanted] for wanted in (True, False))
        self.shared = {(n, m) for (n, a), (m, b) in pairs if n != m and (n, a) in memory}
        self.memory = {(n, offset + k): at + k for at, end, (n, offset) in self.ranges if n not in escaping
                       for k in range(end - at)}


class Related(Proof):
    """`bodies`: lives.Lives of the function."""

    def __init__(self, machine, f, witness, bodies):
        self.w, self.invariant, self.by_chance = witness, None, set()
        self.layout = Layout(f, witness, escaping_slots(f))
        super().__init__(machine, f, self.layout.slots, save=witness.save, memory=self.layout.memory)
        for n in self.escaping:
            if any(kind == 'pointer' for _, _, kind, _ in witness.slots[n]):
                raise Unsupported('a slot aligned to more than 16 bytes')
        self.bodies, self.areas = bodies, collections.defaultdict(dict)  # areas: t.APART by root of an Env
        self.apart()
        self.begin = TEXT + machine.obj.functions[f.name][0]
        self.pc = {b: self.begin + offset for b, offset in witness.blocks.items()}
        self.edges = {b: [e[0] for e in insts[-1].fields.get('edges', ())] for b, (_, insts) in f.blocks.items()}
        self.first = next(iter(f.blocks))
        self.dynamic = any(inst.op in stack.DYNAMIC for _, insts in f.blocks.values() for inst in insts)
        machine.body = self.pc.get(self.first) if self.dynamic else None
        self.liveness()
        self.placed()
        preds = collections.Counter(b for edges in self.edges.values() for b in edges)
        self.single = {b for b in self.f.blocks if preds[b] == 1}
        self.last = {pc: b for b, pc in self.pc.items()}  # of the blocks at one place, the one with code

    def apart(self):
        """The memory of slots whose address is taken: in the frame, aligned, each its own while it is alive."""
        end = -8 if self.p.name == 'x86_64' else 0
        for start, stop, (n, _) in self.layout.ranges:
            if stop > end or n in self.escaping and start % min(self.f.slots[n][1], 16):
                raise Failed('slot%d is at %+d' % (n, start))
        for n, m in sorted(self.layout.shared):
            if not self.bodies.apart(n, m):
                raise Failed('slot%d and slot%d share memory, and are alive at once' % (n, m))
        why = self.bodies.wrong({n for pair in self.layout.shared for n in pair})
        if why:
            raise Failed(why)
        memory = [(*r[:2], (True, 'slot%d' % r[2][0])) for r in self.layout.ranges]
        if self.save is not None:
            memory.append((self.save, self.save + self.p.save_bytes, (True, 'the save area')))
            if self.save + self.p.save_bytes > end or self.save % 16:
                raise Failed('the save area is at %+d' % self.save)
        homes = [(v, where, WIDTH[self.types[v]] // 8) for v, (_, kind, where, _) in self.w.values.items() if kind == 'frame']
        homes += [(v, at, 8) for v, (_, kind, halves, _) in self.w.values.items() if kind == 'pair' for k, at in halves if k == 'frame']
        for v, where in self.w.shadows.items():
            homes += [(v, at, 8) for at in where] if isinstance(where, list) else [(v, where, WIDTH[self.types[v]] // 8)]
        private = [(where, where + size, (False, 'v%d' % v)) for v, where, size in homes]
        private += [(*r[:2], (False, 'slot%d' % r[2][0])) for r in self.layout.private]
        for a, b in lives.overlaps(memory + private):
            if a[0] != b[0] or a[0] and 'the save area' in (a[1], b[1]):
                raise Failed('%s and %s share memory' % (a[1], b[1]))

    def may_be_another(self, env, base, area, other):
        """If slots share the area, and two of them were alive: `other` may be an address of the one that is not alive now, and
        be used on a path where it is. Made of parameters it is older than all slots."""
        if base is not CFA or all(x.op in ('c', 'lin') or x.op == 'v' and PARAMETER.fullmatch(x.args[0])
                                  for x in magic.walk(other, set())):
            return False
        here = {n for start, stop, (n, _) in self.layout.ranges if n in env.been and start < area[1] and area[0] < stop}
        return any(n in here and m in here for n, m in self.layout.shared)

    def first_contents(self, s, env):
        """What the prologue leaves in slots that are in memory, by pushes and probes: any bits are there, so these may be."""
        s, pc, steps = s.copy(), self.begin, 0
        s.memory = env.memory
        while pc != self.pc[self.first] and steps < MOST_PROLOGUE:
            try:
                results = self.m.step(s, pc)
            except Unsupported:
                return
            if len(results) != 1 or results[0][0] != 'go' or not self.stored_in_slots(results[0][2].memory, env.memory):
                return
            _, pc, s = results[0]
            env.memory, steps = s.memory, steps + 1

    def stored_in_slots(self, after, before):
        """Is the difference of two memories one of stores to slots alone?"""
        if after is before:
            return True
        known = {o: x for o, *x in before.args[2]} if before.op == 'st' and before.args[1] is CFA else {}
        return after.op == 'st' and after.args[1] is CFA and after.args[0] is (before.args[0] if known else before) and \
            all(known.get(o) == x or any(start <= o < stop for start, stop, _ in self.layout.ranges) for o, *x in after.args[2])

    def block_address(self, block):
        return self.pc.get(block)

    def has_code(self, block):
        """False of a block at the same place as the one that the path began with."""
        return self.pc.get(block) != self.pc.get(self.where)

    # ---- what is live ----

    def liveness(self):
        use, defined, self.units = {}, {}, set()  # units: slot, offset and bytes of accesses of variables
        for b, (params, insts) in self.f.blocks.items():
            u, d = set(), {v for v, _ in params}
            for inst in insts:
                if is_idle(inst, self.escaping, self.read, self.loaded):
                    continue
                for _, o in all_operands(inst):
                    if o[0] == 'v' and o[1] not in d and o[1] in self.read:
                        u.add(o[1])
                if inst.op == 'ret' and self.sret is not None and self.sret not in d:
                    u.add(self.sret)
                self.variable_bytes(inst, u, d)
                if inst.result is not None:
                    d.add(inst.result)
            use[b], defined[b] = u, d
        self.live = {b: set(u) for b, u in use.items()}
        self.stored = {b: set() for b in use}
        changed = True
        while changed:
            changed = False
            for b in reversed(list(self.f.blocks)):
                n = set(use[b])
                for succ in self.edges[b]:
                    n |= self.live[succ] - defined[b] - {v for v, _ in self.f.blocks[succ][0]}
                if n != self.live[b]:
                    self.live[b], changed = n, True
        effects = {b: self.stores(insts) for b, (_, insts) in self.f.blocks.items()}
        changed = True
        while changed:
            changed = False
            for b in self.f.blocks:
                gone, new = effects[b]
                out = {k for k in self.stored[b] if k[0] not in gone} | new
                for succ in self.edges[b]:
                    if not out <= self.stored[succ]:
                        self.stored[succ] |= out
                        changed = True
        self.need_operands()
        if self.sret is not None:
            self.reads_address = self.readers(self.sret, defined)

    def stores(self, insts):
        """Slots whose contents become any bits, and bytes that are stored after that, in a block."""
        gone, new = set(), set()
        for inst in insts:
            if inst.op == 'life_start' and inst.fields['a'][0] == 'slot':
                n = inst.fields['a'][1]
                gone.add(n)
                new = {k for k in new if k[0] != n}
            elif inst.op == 'store' and is_variable(inst, self.escaping) and unit(inst)[:2] not in self.memory:
                new |= accessed(inst)
        return gone, new

    def readers(self, v, defined):
        """Blocks at whose beginning a value is live for other reasons than that the function returns it."""
        out = {b for b, (_, insts) in self.f.blocks.items() if v not in defined[b] and any(
            o == ('v', v) for inst in insts for _, o in all_operands(inst))}
        work = list(out)
        while work:
            b = work.pop()
            for p, succ in self.edges.items():
                if b in succ and p not in out and v not in defined[p]:
                    out.add(p)
                    work.append(p)
        return out

    def at_home(self, v, block):
        """Is a live value at its home? The address of the result is elsewhere, too, from where it is returned."""
        return v != self.sret or block in self.reads_address or \
            not any(x is t.var('p%d' % v, 64) for x in self.invariant['saved'].values())

    def variable_bytes(self, inst, used, defined):
        """(slot, byte) of what a load reads and a store writes. Where a slot's life begins, no byte of it is read later."""
        if inst.op == 'life_start' and inst.fields['a'][0] == 'slot' and inst.fields['a'][1] not in self.escaping:
            n = inst.fields['a'][1]
            defined |= {(n, k) for k in range(self.f.slots[n][0]) if (n, k) not in used}
        if not is_variable(inst, self.escaping) or unit(inst)[:2] in self.memory:
            return
        self.units.add(unit(inst))
        for key in accessed(inst):
            if inst.op == 'store':
                defined.add(key)
            elif key not in defined:
                used.add(key)

    def need_operands(self):
        """Of values that their readers compute, the operands are live."""
        for b in self.live:
            work = [v for v in self.live[b] if isinstance(v, int)]
            while work:
                v = work.pop()
                inst = self.definitions.get(v)
                if self.w.values.get(v, ('', 'none'))[1] == 'none' and inst is not None:
                    for _, o in all_operands(inst):
                        if o[0] == 'v' and o[1] not in self.live[b]:
                            self.live[b].add(o[1])
                            work.append(o[1])

    # ---- the relation ----

    def home_of(self, v, block):
        """A value's home at the beginning of a block: type, kind, where, zx; or None."""
        if v in self.w.shadows and any(v == p for p, _ in self.f.blocks[block][0]):
            where = self.w.shadows[v]
            if isinstance(where, list):
                return self.types[v], 'pair', [('frame', at) for at in where], False
            return self.types[v], 'frame', where, False
        return self.w.values.get(v)

    def half(self, s, v, k, kind, where):
        """The term at the home of half k of i128 v. What no instruction reads may be anything, but of what is extended."""
        if kind == 'unread':
            inst = self.definitions.get(v)
            return t.const(0, 64) if k == 1 and inst is not None and inst.op == 'zext' else t.var('v%d.%d' % (v, k), 64)
        return self.m.get(s, self.p.register(where)) if kind == 'reg' else read_frame(s, where, 8)

    def home(self, s, v, block):
        """The term at a value's home, and whether the bits above it are 0; None: it has no home."""
        found = self.home_of(v, block)
        if found is None:
            return None
        type_, kind, where, zx = found
        w = WIDTH[type_]
        if kind == 'pair':
            return t.cat(*[self.half(s, v, k, *where[k]) for k in (1, 0)]), t.ONE
        if kind == 'reg':
            name = self.p.register(where)
            above = t.equal(self.m.get(s, name), t.zext(self.m.get(s, name, w), 64)) if zx and w < 64 else t.ONE
            return self.m.get(s, name, w), above
        if kind == 'frame':
            x = read_frame(s, where, w // 8)
            n = self.p.spilled
            if not zx or w >= n:
                return x, t.ONE
            return x, t.equal(read_frame(s, where, n // 8), t.zext(x, n))
        return None

    def same_value(self, v, block, x, y):
        """Are these equal in all of value v that some instruction reads?"""
        _, kind, where, _ = self.home_of(v, block)
        read = [k for k in (0, 1) if kind == 'pair' and where[k][0] != 'unread']
        if len(read) != 1:
            return t.equal(x, y)
        return t.equal(*[t.extract(a, 64 * read[0] + 63, 64 * read[0]) for a in (x, y)])

    def place(self, n, byte):
        """Where a byte of a variable is: ('reg', name, k) or ('frame', distance from the CFA, 0)."""
        place = self.w.place(n, byte)
        return place and (place[0], self.p.register(place[1]) if place[0] == 'reg' else place[1], place[2])

    def byte(self, s, n, k):
        place = self.place(n, k)
        if place is None:
            return None
        if place[0] == 'frame':
            return read_frame(s, place[1], 1)
        return t.extract(self.m.get(s, place[1], 128 if place[1] in self.p.fp else 64), 8 * place[2] + 7, 8 * place[2])

    def anything(self, n, byte, state):
        x = self.byte(state, n, byte)
        return super().anything(n, byte, state) if x is None else x

    def halves(self, n, offset, size):
        """A unit of a variable, or its halves if these are in two places."""
        low, high = self.place(n, offset), self.place(n, offset + 8)
        if size != 16 or low is None or high is None or high[:2] == low[:2] or (low[0] == high[0] == 'frame' and high[1] == low[1] + 8):
            return [(n, offset, size)]
        return [(n, offset, 8), (n, offset + 8, 8)]

    def placed(self):
        """By block: which values are live at its beginning, and (slot, offset, bytes, place) of variables."""
        places = [(*u, self.place(*u[:2])) for whole in sorted(self.units) for u in self.halves(*whole)]
        self.values_at, self.units_at = {}, {}
        for b, (params, _) in self.f.blocks.items():
            self.values_at[b] = [v for v in sorted(x for x in self.live[b] if isinstance(x, int))] + \
                [v for v, _ in params if self.is_read(v)]
            self.units_at[b] = [row for row in places if row[3] and row[:2] in self.live[b]]

    def start(self, block):
        """The states that the relation describes."""
        m = self.m
        s = State(t.memory('at ' + block), ' at ' + block)
        env = Env(s.memory, block)
        env.been = self.bodies.alive_at(block)
        inv = self.invariant
        if self.dynamic:
            s.moving = env.sp = m.places.add(t.var('stack at ' + block, 64))
        m.set(s, self.p.sp, s.moving if self.dynamic else inv['sp'])
        if inv['frame'] is not None:
            m.set(s, self.p.frame, inv['frame'])
        if self.p.name == 'x86_64':
            s.registers[self.p.registers['DF'][0]] = t.const(0, 8)
        for name, x in inv['registers'].items():
            m.set(s, name, x)
        for at, x in inv['saved'].items():
            t.put_bytes(s.frame, at, x)
        m.set(s, self.p.thread, THREAD)
        env.control = {name: m.get(s, name, w) for name, w in self.p.control}
        self.start_homes(block, s, env, 'frame')
        if self.dynamic:
            stack.check_frame(self, s)
        values, kept = self.in_frame(block, env), {}
        for name, key, zx in sorted(self.kept.get(block, ()), key=lambda row: -values[row[1]].w if row[1] in values else 0):
            if key not in values:
                continue
            if name not in kept:
                kept[name] = values[key]
                m.set(s, name, t.zext(values[key], 64) if zx else values[key])
            else:  # both are in this register
                values[key] = t.extract(kept[name], values[key].w - 1, 0)
                self.put_in_frame(block, s, env, key, values[key])
        self.start_homes(block, s, env, 'reg', kept)
        return s, env

    def start_homes(self, block, s, env, wanted, kept=()):
        """Names for what is at homes in the frame, or what registers have, which may keep copies of what is in the frame."""
        for v in self.values_at[block]:
            h = self.home(s, v, block)
            if h is None or not self.at_home(v, block):
                continue
            type_, kind, where, zx = self.home_of(v, block)
            if kind == 'pair' and wanted == 'reg':
                for k, (place, at) in enumerate(where):
                    if place == 'frame':
                        t.put_bytes(s.frame, at, t.var('v%d.%d' % (v, k), 64))
                env.values[v] = self.home(s, v, block)[0]
            if kind != wanted:
                continue
            if v == self.sret:
                x = t.var('p%d' % v, 64)
                if kind == 'frame':
                    t.put_bytes(s.frame, where, x)
                else:
                    self.m.set(s, self.p.register(where), x)
                env.values[v] = x
            elif kind == 'frame':
                x = t.var('v%d' % v, h[0].w)
                t.put_bytes(s.frame, where, t.zext(x, max(x.w, self.p.spilled)) if zx else x)
                env.values[v] = x
            elif zx and h[0].w < 64:
                name = self.p.register(where)
                x = h[0] if name in kept else t.var('v%d' % v, h[0].w)
                self.m.set(s, name, t.zext(x, 64))
                env.values[v] = x
            else:
                env.values[v] = h[0]
        for n, offset, size, place in self.units_at[block]:
            if (n, offset) in self.stored[block] and place[0] == wanted:
                if place[0] == 'frame':
                    t.put_bytes(s.frame, place[1], t.var('slot%d+%d' % (n, offset), 8 * size))
                x = t.cat(*[self.byte(s, n, offset + i) for i in reversed(range(size))])
                t.put_bytes(env.variables.setdefault(n, {}), offset, x)

    # ---- copies in registers ----

    def in_frame(self, block, env):
        """Terms of live values and variables whose home is in the frame: ('v', number) or (slot, offset, size) -> term."""
        out = {}
        for v in self.values_at[block]:
            if v in env.values and (self.home_of(v, block) or ('', ''))[1] == 'frame':
                out['v', v] = env.values[v]
        for n, offset, size, place in self.units_at[block]:
            bytes_ = env.variables.get(n, {})
            if place[0] == 'frame' and all(offset + i in bytes_ for i in range(size)):
                out[n, offset, size] = t.get_bytes([bytes_[offset + i] for i in range(size)])
        return out

    def put_in_frame(self, block, s, env, key, x):
        """Replaces a term of in_frame."""
        if key[0] == 'v':
            _, _, where, zx = self.home_of(key[1], block)
            env.values[key[1]] = x
            t.put_bytes(s.frame, where, t.zext(x, max(x.w, self.p.spilled)) if zx else x)
        else:
            n, offset, _ = key
            t.put_bytes(env.variables[n], offset, x)
            t.put_bytes(s.frame, self.place(n, offset)[1], x)

    def find_kept(self, block, env, s):
        """A block that goes on from its only predecessor, but that a repeated test of a loop jumps to, too: what registers
        keep of what is in the frame is guessed, and proved by those that arrive."""
        if block in self.kept:
            return
        self.kept[block] = []
        keys = collections.defaultdict(list)
        for key, x in self.in_frame(block, env).items():
            if x.w <= 64 and not t.is_const(x):
                keys[x].append(key)
        for name in self.p.gp + self.p.fp:
            if name == self.p.sp or self.p.registers[name][0] not in s.registers:
                continue
            for w in (8, 16, 32, 64):
                x = self.m.get(s, name, w)
                for key in keys.get(x, ()):
                    self.kept[block].append((name, key, w < 64 and self.m.get(s, name) is t.zext(x, 64)))

    def drop_kept(self, block, env, given, s):
        """True if a guess was wrong."""
        values = self.in_frame(block, env)
        good = []
        for name, key, zx in self.kept.get(block, ()):
            x = values.get(key)
            if x is not None and self.solver.follows(given, t.equal(self.m.get(s, name, x.w), x)) and \
                    (not zx or self.solver.follows(given, t.equal(self.m.get(s, name), t.zext(x, 64)))):
                good.append((name, key, zx))
        dropped = len(good) < len(self.kept.get(block, ()))
        self.kept[block] = good
        return dropped

    def find_invariant(self, s):
        """Of the frame, from the state where the first block that has the relation begins."""
        sp, frame = self.m.get(s, self.p.sp), self.m.get(s, self.p.frame)
        if t.split(sp)[0] is not CFA and not self.dynamic:
            raise Unsupported('a stack pointer that moves')
        named = dict(self.saved)
        named['return'] = RETURN
        if self.sret is not None:
            named['address of the result'] = t.var('p%d' % self.sret, 64)
        saved, found = {}, set()
        for at, (x, k) in s.frame.items():
            for name, whole in named.items():
                if x is whole and k == 0 and at not in self.by_chance and all(s.frame.get(at + i) == (x, i) for i in range(x.w // 8)):
                    saved[at] = x
                    found.add(name)
        registers = {name: x for name, x in self.saved.items() if name not in found}
        if self.p.link and 'return' not in found:
            registers[self.p.link] = RETURN
        is_frame = t.split(frame)[0] is CFA
        if is_frame:
            registers.pop(self.p.frame, None)
        self.invariant = {'sp': sp, 'frame': frame if is_frame else None, 'saved': saved, 'registers': registers}

    def arrive(self, block, env, given, path):
        """The goals at the beginning of a block."""
        s, m, inv, goals = path.state, self.m, self.invariant, []
        self.all_calls(env, path)
        for v in self.values_at[block]:
            h = self.home(s, v, block)
            if h is not None and v in env.values and self.at_home(v, block):
                goals.append(('v%d at %s' % (v, block), self.same_value(v, block, env.values[v], h[0])))
                goals.append(('zeros above v%d at %s' % (v, block), h[1]))
        for n, offset, size, _ in self.units_at[block]:
            bytes_ = env.variables.get(n, {})
            if (n, offset) in self.stored[block] and all(offset + i in bytes_ for i in range(size)):
                x = t.cat(*[self.byte(s, n, offset + i) for i in reversed(range(size))])
                goals.append(('slot%d+%d at %s' % (n, offset, block), t.equal(t.get_bytes([bytes_[offset + i] for i in range(size)]), x)))
        goals.append(('memory at ' + block, same_memory(env.memory, s.memory)))
        goals += leave.control_words(self, env, s)
        goals += stack.goals(self, env, s) if self.dynamic else [('stack pointer', t.equal(m.get(s, self.p.sp), inv['sp']))]
        if inv['frame'] is not None:
            goals.append(('frame pointer at ' + block, t.equal(m.get(s, self.p.frame), inv['frame'])))
        for name, x in inv['registers'].items():
            goals.append(('%s at %s' % (name, block), t.equal(m.get(s, name), x)))
        for at, x in inv['saved'].items():
            kept = t.equal(read_frame(s, at, x.w // 8), x)
            if self.sret is not None and x is t.var('p%d' % self.sret, 64) and not self.solver.follows(given, kept):
                self.by_chance.add(at)
            goals.append(('what is saved at %d' % at, kept))
        self.prove(given, goals)

    # ---- all blocks ----

    def try_paths(self):
        """Once more, too, if the frame had the address of the result by chance where the first block began, or if blocks
        before the one that fails were proved without what was known later."""
        noted = len(self.by_chance)
        try:
            self.all_blocks()
        except Failed as e:
            if self.repeated or len(self.by_chance) > noted:
                raise Again() from e
            raise

    def all_blocks(self):
        """Each block, from its beginning to those of the next ones. `work`: block, the state that it begins with, None: the
        relation's, and where."""
        self.invariant, self.kept, self.queued, self.repeated = None, {}, set(), False
        self.visits, work = collections.Counter(), []
        for s, env in self.entries():
            self.first_contents(s, env)
            work.append((self.first, s, env, self.begin))
        while work:
            for row in self.retry(*work.pop()):
                if row[1] is not None:
                    work.append(row)
                elif row[0] not in self.queued:
                    self.queued.add(row[0])
                    work.append(row)

    def retry(self, *row):
        """The same again with what is known by then of areas that are copied."""
        while True:
            try:
                return self.from_block(*row)
            except Again:
                self.repeated = True

    def from_block(self, block, s, env, pc):
        """Proves the paths from a block to the next ones; what is to be proved of these."""
        s, env = self.start(block) if s is None else (s.copy(), env)
        t.APART = self.areas[env.root]
        cuts, reached = set(self.pc.values()), []
        if pc != self.pc[block]:  # the function's beginning
            cuts.discard(self.pc[block])

        def stop(to, e, given, path, depth):
            if path.what != 'at' or self.pc.get(to) != path.where:
                return False
            if path.where == self.pc.get(self.current) and self.current != self.last[path.where]:
                return False  # an empty block: the code came here once more, and the IR has done nothing yet
            reached.append(self.end_of_path(to, e, given, path, depth))
            return True

        self.where = block
        for what, where, state in self.m.paths(s, pc, cuts, (self.begin, self.begin + self.w.size)):
            self.where = block
            self.follow(block, env.copy(), self.path(what, where, state), stop)
        return reached

    def end_of_path(self, to, env, given, path, depth):
        """What to do of the block that a path ends at. With one predecessor it goes on from there; from so many paths that
        their number could grow with each block, it begins with the relation."""
        if to in self.single:
            self.find_kept(to, env, path.state)
            self.visits[to] += 1
            if depth == 0 and self.visits[to] <= MOST_VISITS:
                self.all_calls(env, path)
                state = path.state.copy()
                state.given, state.calls, env.calls = list(given), [], 0
                return to, state, env, self.pc[to]
        if self.invariant is None:
            self.find_invariant(path.state)
        self.arrive(to, env, given, path)
        if to in self.single and self.drop_kept(to, env, given, path.state):
            self.queued.discard(to)
        return to, None, None, self.pc[to]
