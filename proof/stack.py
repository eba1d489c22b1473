"""Dynamic stack. Where the stack pointer gets a value whose distance from the CFA is not known, the machine's run goes on with
a name for it, and notes the move (Moved) among the path's calls. Above such a place is memory that the program was given,
below it the frame's own, as of arguments on the stack. The IR's salloc and stack_restore expect the moves, and prove them."""
import magic
import terms as t
from elf import TEXT

APART = 1 << 40   # distances from places with names are less, so that each has its own numbers in a state's frame
GREATEST = 47     # bits of what a stack holds: a program does not allocate more


class Moved:
    """The stack pointer was `old` and became `raw`, by the name of `new`."""

    def __init__(self, old, raw, new, state):
        self.old, self.raw, self.new, self.state, self.target, self.unwound = old, raw, new, state, t.var('@stack', 64), False


class Places:
    """Of a machine: the names of places of the stack pointer."""

    def __init__(self):
        self.numbers = {}

    def add(self, place):
        self.numbers.setdefault(place, len(self.numbers))
        return place

    def key(self, base, offset):
        """The number of a byte below a place, among a frame's; None if it is not below one."""
        return offset - (self.numbers[base] + 1) * APART if base in self.numbers and offset < 0 else None

    def key_of(self, address):
        """The same of a stack pointer, which may be at the place itself; None if it has no name."""
        base, offset = t.split(address)
        return offset - (self.numbers[base] + 1) * APART if base in self.numbers and offset <= 0 else None


def note(machine, s, before, pc, following):
    """After an instruction that changed the stack pointer of a function with dynamic stack."""
    from machine import CFA
    p = machine.p
    after = machine.get(s, p.sp)
    base, offset = t.split(after)
    code = machine.obj.code[pc - TEXT:pc - TEXT + 16]
    if base is CFA or base in machine.places.numbers:
        lower = base is t.split(before)[0] and offset < t.split(before)[1]
        if not lower or not allocates(p, code, machine.obj.code[following - TEXT:following - TEXT + 16]):
            return
    new = machine.places.add(t.var('stack %x.%d' % (following - TEXT, len(s.calls)), 64))
    last = s.calls[-1] if s.calls else None
    if isinstance(last, Moved) and last.new is before and aligns(p, code):
        raw = magic.substitute(after, {before: last.raw}, list(magic.walk(after, set())))
        s.calls[-1] = Moved(last.old, raw, new, s.copy())
    else:
        s.calls.append(Moved(before, after, new, s.copy()))
    lowest = t.split(machine.bottom)[1]  # below that is nothing of the frame
    s.frame = {at: x for at, x in s.frame.items() if at >= lowest}
    for name in p.gp:  # AArch64 computes it elsewhere
        if p.registers[name][0] in s.registers and machine.get(s, name) is after:
            machine.set(s, name, new)
    machine.set(s, p.sp, new)


def aligns(p, code):
    """x86-64's `and rsp, number`."""
    return p.name == 'x86_64' and code[:1] == b'\x48' and code[1] in (0x81, 0x83) and code[2] == 0xe4


def allocates(p, code, following):
    """Does an instruction that lowers the stack pointer by a constant allocate, and not make room for arguments? On x86-64
    the place is copied then; on AArch64 it was computed elsewhere. If this guesses wrong, the proof fails."""
    if p.name == 'x86_64':
        if aligns(p, following):
            following = following[7 if following[1] == 0x81 else 4:]
        return following[0] & 0xfb == 0x48 and following[1] == 0x8b and following[2] & 0xc7 == 0xc4
    word = int.from_bytes(code[:4], 'little')
    return word & 0xfffffc1f == 0x9100001f and word >> 5 & 31 not in (29, 31)


def pointer(env, s):
    """What the stack pointer is to be."""
    return s.moving if env.sp is None else env.sp


def at_call(proof, env, s):
    """The number of a call's stack pointer; it is at or, by arguments, below where the IR has it."""
    sp = proof.m.get(s, proof.p.sp)
    (base, offset), (other, most) = t.split(sp), t.split(pointer(env, s))
    if base is not other or offset > most or offset % 16:
        raise proof.failed('the stack pointer at a call')
    return proof.m.places.key_of(sp)


def aligned(x):
    return t.equal(t.extract(x, 3, 0), t.const(0, 4))


def salloc(proof, env, inst, given, path):
    """Aligned, as many bytes or more, and below all that is in use."""
    move = proof.next_call(env, path, inst.text)
    if not isinstance(move, Moved):
        raise proof.failed('no stack is allocated for ' + inst.text)
    n, align = proof.operand(env, inst.fields['a'], 'i64'), max(inst.fields['p'], 16)
    n, raw = any_size(n, move)
    distance = t.sub(move.old, raw)
    goals = [('the stack pointer before', t.equal(move.old, pointer(env, move.state))),
             ('alignment', t.equal(t.extract(raw, align.bit_length() - 2, 0), t.const(0, align.bit_length() - 1))),
             ('size', t.not_(t.ult(distance, n))), ('size at most', t.ult(distance, t.const(1 << GREATEST + 1, 64)))]
    known = [*given, aligned(t.split(move.old)[0]), t.ult(n, t.const(1 << GREATEST, 64))]
    if proof.wrong == 0:
        proof.refute(known, t.ult(distance, n))
    proof.prove(known, goals)
    env.sp = env.values[inst.result] = move.new
    return given


def any_size(n, move):
    """The size and the stack pointer, with a name for the size: what holds for any size holds for a product, too."""
    if t.is_const(n):
        return n, move.raw
    size = t.var('size', 64)
    known = {n: size, t.plus(n, 15): t.plus(size, 15), t.sub(move.old, n): t.sub(move.old, size)}
    return size, magic.substitute(move.raw, known, list(magic.walk(move.raw, set())))


def stack_save(proof, env, inst, given, path):
    env.values[inst.result] = pointer(env, path.state)
    return given


def stack_restore(proof, env, inst, given, path):
    env.sp = proof.operand(env, inst.fields['a'], 'i64')
    calls = path.state.calls
    if env.calls < len(calls) and isinstance(calls[env.calls], Moved) and calls[env.calls].raw is env.sp:
        env.calls += 1
        env.sp = calls[env.calls - 1].new
    return given


def check_frame(proof, s):
    """Where a block begins: all that is known of the frame is above the dynamic part of the stack."""
    lowest = t.split(proof.m.bottom)[1]
    if any(at < lowest for at in s.frame):
        raise proof.failed('something is below the stack pointer')


def goals(proof, env, s):
    """Where a block begins: the stack pointer is where the IR has it, a multiple of 16."""
    sp = proof.m.get(s, proof.p.sp)
    base, offset = t.split(sp)
    if offset % 16 or base not in proof.m.places.numbers and base is not t.var('cfa', 64):
        raise proof.failed('the stack pointer is not aligned')
    return [('stack pointer', t.equal(sp, pointer(env, s)))]


DYNAMIC = {'salloc', 'stack_save', 'stack_restore'}
EFFECT = {'salloc': salloc, 'stack_save': stack_save, 'stack_restore': stack_restore}
