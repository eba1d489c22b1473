"""Operations that leave a function otherwise than by a return, or that know where frames are: tail calls, long jumps, frame
and return addresses, breakpoints; and the processor's control words, which say how floats are rounded."""
import terms as t
from elf import TEXT
from machine import CFA, RETURN, Landing, State, Unsupported, whole
from tables import WIDTH

# The rounding mode of the IR by the processor's: SDM 1, 4.8.4 (nearest, down, up, towards zero); Arm ARM C5.2, FPCR.
ROUNDING = {'x86_64': (1, 3, 2, 0), 'aarch64': (1, 2, 3, 0)}


def frame_is_gone(proof, given, env, path, left):
    """Goals where the function is left: memory, and all that its caller may rely on. `left`: bytes of the CFA's side that
    the stack pointer is below it."""
    m, s, p = proof.m, path.state, proof.p
    goals = [('memory', proof.same_memory(env.memory, s.memory)), ('stack pointer', t.equal(m.get(s, p.sp), t.plus(CFA, -left)))]
    goals += [('preserved ' + name, t.equal(m.get(s, name), x)) for name, x in proof.saved.items()]
    goals += control_words(proof, env, s)
    return goals


def control_words(proof, env, s):
    return [('the control word ' + name, t.equal(proof.m.get(s, name, w), env.control[name])) for name, w in proof.p.control]


def tailcall(proof, env, inst, given, path, stop, depth):
    """A jump to the callee: the arguments are in place, the return address is this function's, and the frame is gone."""
    if path.what not in ('out', 'jump'):
        raise proof.failed('the IR ends by a call, the code does not (%s)' % path.what)
    if proof.sret is not None:
        raise Unsupported('a tail call that returns memory')
    s, p = path.state, proof.p
    goals = proof.call_goals(env, inst, path.where, s, 0)
    back = proof.m.get(s, p.link) if p.link else whole(s.frame, -8, 8)
    if back is None:
        raise proof.failed('no return address is left to the callee')
    goals += [('return address', t.equal(back, RETURN))] + frame_is_gone(proof, given, env, path, 0 if p.link else 8)
    goals += proof.callers_frame(s)
    if proof.wrong == 0:
        proof.refute(given, t.equal(path.where, t.plus(proof.operand(env, inst.fields['callee'], 'i64'), 1)))
    proof.prove(given, goals)
    proof.all_calls(env, path)


def longjmp(proof, env, inst, given, path, stop, depth):
    """Frame address, place and stack pointer are read from memory."""
    if path.what != 'jump':
        raise proof.failed('the IR jumps, the code does not (%s)' % path.what)
    a, s = proof.operand(env, inst.fields['a'], 'i64'), path.state
    frame, place, sp = (t.load(env.memory, t.plus(a, k), 8) for k in (0, 8, 16))
    if proof.wrong == 0:
        proof.refute(given, t.equal(path.where, t.plus(place, 1)))
    proof.prove(given, [('place', t.equal(place, path.where)), ('frame address', t.equal(frame, proof.m.get(s, proof.p.frame))),
                        ('stack pointer', t.equal(sp, proof.m.get(s, proof.p.sp))), ('memory', proof.same_memory(env.memory, s.memory))])
    proof.all_calls(env, path)


def eh_return(proof, env, inst, given, path, stop, depth):
    """A return to another place, with another stack pointer, and the registers of an exception as they came."""
    if path.what != 'ret':
        raise proof.failed('the IR returns, the code does not (%s)' % path.what)
    a, s = proof.operand(env, inst.fields['a'], 'i64'), path.state
    goals = [g for g in frame_is_gone(proof, given, env, path, 0) if g[0] != 'stack pointer']
    goals += [('return address', t.equal(t.load(env.memory, a, 8), path.where)),
              ('stack pointer', t.equal(t.plus(a, 8), proof.m.get(s, proof.p.sp)))]
    goals += [(name + ' of the exception', t.equal(proof.m.get(s, name), x)) for name, x in proof.exception.items()]
    if proof.wrong == 0:
        proof.refute(given, t.equal(a, proof.m.get(s, proof.p.sp)))
    proof.prove(given, goals)
    proof.all_calls(env, path)


def record(proof, path):
    """Where the frame has the caller's frame pointer and, after it, the return address: System V psABI 3.2.2, AAPCS64
    6.4.6."""
    frame, caller = path.state.frame, proof.saved[proof.p.frame]
    for at, (x, k) in frame.items():
        if x is caller and k == 0 and whole(frame, at, 8) is caller and whole(frame, at + 8, 8) is RETURN:
            return t.plus(CFA, at)
    raise proof.failed('no frame record')


def frame_of(proof, env, path, level):
    x = record(proof, path) if level == 0 else proof.saved[proof.p.frame]
    for _ in range(level - 1):
        x = t.load(env.memory, x, 8)
    return x


def frame_addr(proof, env, inst, given, path):
    env.values[inst.result] = frame_of(proof, env, path, inst.fields['#'])
    return given


def return_addr(proof, env, inst, given, path):
    level = inst.fields['#']
    env.values[inst.result] = RETURN if level == 0 else t.load(env.memory, t.plus(frame_of(proof, env, path, level), 8), 8)
    return given


def breakpoint_(proof, env, inst, given, path):
    c = proof.next_call(env, path, inst.text)
    proof.at_call(env, given, c, [('breakpoint', t.equal(c.target, t.var('@breakpoint', 64)))])
    return given


def tls_addr(proof, env, inst, given, path):
    kind, name, addend = inst.fields['a']
    if kind != 'sym':
        raise Unsupported('the thread-local address of a value')
    env.values[inst.result] = t.plus(t.var('thread-local @' + name, 64), addend)
    return given


def asm(proof, env, inst, given, path):
    """The code itself is its meaning: it is run where the operands are in its registers and all else is not known."""
    f, m = inst.fields, proof.m
    start, size = m.obj.functions[proof.f.name]
    at = m.obj.code.find(f['code'], start, start + size)
    if at < 0:
        raise proof.failed('the bytes of asm are not there')
    s = State(env.memory, ' in asm %d' % at)
    for register, (o, _), (type_, _) in zip(f['in'], f['args'], f['signature'].params):
        m.set(s, proof.p.named_register(register), proof.operand(env, o, type_))
    pc = TEXT + at
    while pc < TEXT + at + len(f['code']):
        steps = m.step(s, pc)
        if len(steps) != 1 or steps[0][0] != 'go':
            raise Unsupported('asm that is not a sequence')
        pc, s = steps[0][1], steps[0][2]
    env.memory = s.memory
    for k, (register, type_) in enumerate(zip(f['out'], f['signature'].results)):
        env.values[inst.result if k == 0 else (inst.result, k)] = m.get(s, proof.p.named_register(register), WIDTH[type_])
    return given


def setjmp(proof, env, inst, given, path):
    """The first return, and what is to be proved of the second one (Proof.returns_again)."""
    e = proof.next_call(env, path, inst.text)
    if not isinstance(e, Landing):
        raise proof.failed('no place where a long jump goes on')
    at = t.plus(proof.operand(env, inst.fields['a'], 'i64'), 8)
    proof.prove(given, [('where the place is stored', t.equal(at, e.address))])
    env.memory = t.store(env.memory, at, e.place)
    again = env.copy()
    again.memory, again.calls, again.values[inst.result] = t.memory('after a long jump'), 0, t.const(1, 64)
    env.values[inst.result] = t.const(0, 64)
    proof.pending[inst.result, e.place] = (inst, again, list(given), landed(proof.m, e.state, again.memory))
    return given


def landed(machine, before, memory):
    """The state where a long jump goes on: stack pointer, frame pointer and the frame are as at the first return."""
    s, p = before.copy(), machine.p
    kept = {p.registers[name][0]: machine.get(s, name) for name in (p.sp, p.frame, p.thread)}
    s.registers, s.calls, s.memory = {}, [], memory
    s.tag += ' after a long jump'
    for name, w in [*[(name, 64) for name in p.gp], *[(name, 128) for name in p.fp], *p.control]:
        machine.set(s, name, t.var('%s%s' % (name, s.tag), w))
    if p.name == 'x86_64':
        s.registers[p.registers['DF'][0]] = t.const(0, 8)
    s.registers.update(kept)
    s.tag = before.tag
    return s


def mode(processor, field):
    """The IR's number of a rounding mode, of two bits of a control word."""
    out = t.const(ROUNDING[processor][3], 32)
    for k in range(3):
        out = t.ite(t.equal(field, t.const(k, 2)), t.const(ROUNDING[processor][k], 32), out)
    return out


def get_rounding(proof, env, inst, given, path):
    name, _ = proof.p.control[0]
    at = proof.p.rounding[0]
    env.values[inst.result] = mode(proof.p.name, t.extract(env.control[name], at + 1, at))
    return given


def set_rounding(proof, env, inst, given, path):
    """The bits of the mode; another number than one of them sets any mode."""
    a = proof.operand(env, inst.fields['a'], 'i32')
    field = t.const(ROUNDING[proof.p.name].index(0), 2)
    for k in (1, 2, 3):
        field = t.ite(t.equal(a, t.const(k, 32)), t.const(ROUNDING[proof.p.name].index(k), 2), field)
    known = t.ult(a, t.const(4, 32))
    proof.partial |= not t.is_const(known)
    if proof.undefined:
        if proof.solver.possible([*given, t.not_(known)]):
            proof.any += 1
            field = t.var('any!%d' % proof.any, 2)
    else:
        given = [*given, known]
    for (name, w), at in zip(proof.p.control, proof.p.rounding):
        old = env.control[name]
        env.control[name] = t.cat(t.extract(old, w - 1, at + 2), field, t.extract(old, at - 1, 0))
    return given


CONTROL = {'tailcall': tailcall, 'builtin_longjmp': longjmp, 'eh_return': eh_return}
EFFECT = {'asm': asm, 'builtin_setjmp': setjmp, 'tls_addr': tls_addr, 'frame_addr': frame_addr, 'return_addr': return_addr, 'debug_trap': breakpoint_, 'get_rounding': get_rounding,
          'set_rounding': set_rounding}
