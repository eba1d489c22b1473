"""Slots of inlined bodies, which share memory. A slot is alive while its body is in progress: between the instructions that
the witness says, which are entered where the body begins. There its contents become any bits. Elsewhere it has no memory;
what the IR then leaves undefined, an access of it, does not happen.

Both the IR and the code have each slot where the witness says. So memory that slots share is one slot's at a time, and the
addresses of two of them may be equal: nothing relies on it that they are not. To be proved is that
- slots with bytes in common are of bodies without an instruction in common;
- a body is entered only where it begins, so that what the slots of others left there is not what a slot had before;
- no instruction names a slot, or accesses memory by an address that is made of nothing but addresses of slots, where these
  slots are not alive. A body that the witness makes too short is found by that."""
from irtext import Inst

ANYTHING = None  # instead of slots: an address may be of anything


class Lives:
    """Of a function: `life` and `fresh` as the witness has them. number: instruction -> its number in the text."""

    def __init__(self, f, fresh, life):
        self.f, self.begin = f, {n: at for at, slots in fresh.items() for n in slots}
        self.life = {n: {k for first, end in rows for k in range(first, end)} for n, rows in life.items()}
        self.numbers, number = {}, 0
        self.order = {}  # block -> its numbers
        for b, (params, insts) in f.blocks.items():
            number += len(params)
            self.order[b] = list(range(number, number + len(insts)))
            self.numbers.update((id(inst), k) for inst, k in zip(insts, self.order[b]))
            number += len(insts)
        self.put_beginnings(fresh)

    def put_beginnings(self, fresh):
        """A life_start where the contents of slots become any bits."""
        for b, (_, insts) in self.f.blocks.items():
            for k, number in reversed(list(enumerate(self.order[b]))):
                begun = [Inst(None, 'life_start', 'i64', {'a': ('slot', n)}, 'fresh slot%d' % n) for n in fresh.get(number, ())]
                insts[k:k] = begun

    def alive(self, n, inst):
        """Is a slot alive at an instruction? One that is of no inlined body always is."""
        return n not in self.life or self.numbers.get(id(inst), self.begin.get(n)) in self.life[n]

    def alive_at(self, block):
        """Slots of inlined bodies that are alive where a block begins."""
        return {n for n, life in self.life.items() if self.order[block][0] in life}

    def apart(self, n, m):
        """Are two slots never alive at once?"""
        return n in self.life and m in self.life and not self.life[n] & self.life[m]

    def wrong(self, slots):
        """What is wrong with the lives of slots that share memory, or None."""
        for n in sorted(slots):
            why = self.entered(n)
            if why:
                return why
        for _, insts in self.f.blocks.values():
            for inst in insts:
                for _, o in operands(inst):
                    if o[0] == 'slot' and o[1] in slots and not self.alive(o[1], inst):
                        return 'slot%d is not alive at %s' % (o[1], inst.text[:80])
        return self.accessed(slots)

    def entered(self, n):
        """How a body is entered elsewhere than where it begins; None: it is not."""
        life, begin = self.life[n], self.begin.get(n)
        if begin not in life:
            return 'slot%d does not begin where it is alive' % n
        last = {b: numbers[-1] for b, numbers in self.order.items()}
        steps = [(None, self.order[next(iter(self.f.blocks))][0])]
        for b, (_, insts) in self.f.blocks.items():
            steps += zip(self.order[b], self.order[b][1:])
            steps += [(last[b], self.order[to][0]) for to, _ in insts[-1].fields.get('edges', ())]
        for before, at in steps:
            if at in life and before not in life and at != begin:
                return 'slot%d is alive at instruction %d, but its body did not begin' % (n, at)
        return None

    def accessed(self, slots):
        """An access by an address of slots that are not alive, or None."""
        roots = Roots(self.f)
        for _, insts in self.f.blocks.values():
            for inst in insts:
                for letter in ACCESSED.get(inst.op, ''):
                    found = roots.of(inst.fields[letter])
                    if found and found <= slots and not any(self.alive(n, inst) for n in found):
                        return 'slot%d is not alive, and accessed by %s' % (min(found), inst.text[:80])
        return None


# The operands of operations that are addresses of what is accessed.
ACCESSED = {'load': 'a', 'store': 'a', 'atomic_load': 'a', 'atomic_store': 'a', 'atomic_rmw': 'a', 'atomic_cas': 'a', 'memset': 'a',
            'memcpy': 'ab', 'memmove': 'ab'}
# By operation, the operands of which the result is made.
MADE_OF = {'addr': 'a', 'copy': 'a', 'add': 'ab', 'sub': 'a', 'select': 'bc'}


class Roots:
    """By value, and by variable: the slots whose address it may be made of. On all paths: it is what each may be anywhere."""

    def __init__(self, f):
        self.f, self.found, self.variables = f, {}, {}
        insts = [inst for _, some in f.blocks.values() for inst in some]
        self.plain = plain_slots(insts)
        first = f.blocks[next(iter(f.blocks))][0]
        self.found.update((v, ANYTHING) for v, _ in first)
        while any([self.step(inst) for inst in insts]):
            pass

    def of(self, o):
        if o is None or o[0] == 'c':
            return frozenset()
        if o[0] == 'slot':
            return frozenset((o[1],))
        return self.found.get(o[1], frozenset()) if o[0] == 'v' else ANYTHING

    def step(self, inst):
        """True if more is known after an instruction."""
        changed = False
        for to, args in inst.fields.get('edges', ()):
            for (v, _), o in zip(self.f.blocks[to][0], args):
                changed |= self.add(self.found, v, self.of(o))
        if inst.op == 'store' and inst.fields['a'][0] == 'slot':
            changed |= self.add(self.variables, inst.fields['a'][1], self.of(inst.fields['b']))
        if inst.result is None:
            return changed
        if inst.op in MADE_OF:
            for letter in MADE_OF[inst.op]:
                changed |= self.add(self.found, inst.result, self.of(inst.fields.get(letter)))
            return changed
        a = inst.fields.get('a')
        if inst.op == 'load' and a[0] == 'slot' and a[1] in self.plain:
            return changed | self.add(self.found, inst.result, self.variables.get(a[1], frozenset()))
        return changed | self.add(self.found, inst.result, ANYTHING)

    @staticmethod
    def add(where, key, more):
        old = where.get(key, frozenset())
        new = ANYTHING if old is ANYTHING or more is ANYTHING else old | more
        where[key] = new
        return new != old


def plain_slots(insts):
    """Slots that nothing but loads and stores names, and where nothing else stores."""
    named, other = set(), set()
    for inst in insts:
        for letter, o in operands(inst):
            if o[0] == 'slot':
                (named if inst.op in ('load', 'store') and letter == 'a' or inst.op in ('life_start', 'life_end') else other).add(o[1])
    return named - other


def operands(inst):
    from function import all_operands
    return all_operands(inst)


def overlaps(ranges):
    """Of (first, end, name): the names of two that have bytes in common."""
    out, open_ = [], []
    for first, end, name in sorted(ranges):
        open_ = [(stop, other) for stop, other in open_ if stop > first]
        out += [(other, name) for _, other in open_]
        open_.append((end, name))
    return out
