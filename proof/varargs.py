"""Variable arguments: the va_list of System V psABI 3.5.7 and of AAPCS64, appendix B."""
import abi
import terms as t
from machine import CFA, Unsupported
from tables import WIDTH


def va_start(proof, env, inst, given, path):
    if proof.save is None:
        raise Unsupported('va_start without a save area')
    gp, fp = proof.named_in_registers
    stack, save = t.plus(CFA, -(-proof.stack_bytes // 8) * 8), t.plus(CFA, proof.save)
    if proof.p.name == 'x86_64':
        fields = [t.const(8 * gp, 32), t.const(48 + 16 * fp, 32), stack, save]
    else:
        fields = [stack, t.plus(save, 64), t.plus(save, 192), t.const(-8 * (8 - gp), 32), t.const(-16 * (8 - fp), 32)]
    env.memory = t.store(env.memory, proof.operand(env, inst.fields['a'], 'i64'), t.cat(*reversed(fields)))
    return given


def va_copy(proof, env, inst, given, path):
    to, source = (proof.operand(env, inst.fields[k], 'i64') for k in 'ab')
    n = 24 if proof.p.name == 'x86_64' else 32
    proof.apart_are(env, to, source, n)
    env.memory = t.store(env.memory, to, t.load(env.memory, source, n))
    return given


def va_arg(proof, env, inst, given, path):
    """From the save area while the offset is below its end, else from the stack. The code's path says which."""
    lists, type_ = proof.operand(env, inst.fields['a'], 'i64'), inst.type
    n = WIDTH[type_] // 8
    if type_ in ('i128', 'f128') and proof.p.name == 'x86_64':
        raise Unsupported('va_arg of ' + type_)
    bank = 1 if abi.is_float(type_) else 0
    place = x64(proof, env, lists, type_, bank, given) if proof.p.name == 'x86_64' else a64(proof, env, lists, n, bank, given)
    env.memory = place[1]  # no argument is where the list itself is
    env.values[inst.result] = t.load(env.memory, place[0], n)
    return given


def x64(proof, env, lists, type_, bank, given):
    """psABI, figure 3.34: the argument's place, and memory afterwards."""
    memory, field, stack = env.memory, t.plus(lists, 4 * bank), t.plus(lists, 8)
    overflow = t.load(memory, stack, 8)
    if type_ == 'f80':  # class MEMORY, of alignment 16
        at = t.and_(t.plus(overflow, 15), t.const(-16, 64))
        return at, t.store(memory, stack, t.plus(at, 16))
    offset = t.load(memory, field, 4)
    in_registers = t.not_(t.ult(t.const(48 - 8 if bank == 0 else 176 - 16, 32), offset))
    if chosen(proof, given, in_registers):
        return (t.add(t.load(memory, t.plus(lists, 16), 8), t.zext(offset, 64)),
                t.store(memory, field, t.plus(offset, 16 if bank else 8)))
    return overflow, t.store(memory, stack, t.plus(overflow, 8))


def a64(proof, env, lists, n, bank, given):
    """AAPCS64, appendix B: an offset that is 0 or more says that no register is left; it is advanced also where that says
    so for the first time. Of 16 bytes, general registers are a pair that begins with an even one."""
    memory, field = env.memory, t.plus(lists, 24 + 4 * bank)
    offset, stack = t.load(memory, field, 4), t.load(memory, lists, 8)
    if chosen(proof, given, t.slt(offset, t.const(0, 32))):
        if n == 16 and bank == 0:
            offset = t.and_(t.plus(offset, 15), t.const(-16, 32))
        following = t.plus(offset, 16 if bank or n == 16 else 8)
        memory = t.store(memory, field, following)
        if chosen(proof, given, t.not_(t.slt(t.const(0, 32), following))):
            return t.add(t.load(memory, t.plus(lists, 8 + 8 * bank), 8), t.sext(offset, 64)), memory
    if n == 16:
        stack = t.and_(t.plus(stack, 15), t.const(-16, 64))
    return stack, t.store(memory, lists, t.plus(stack, max(n, 8)))


def chosen(proof, given, condition):
    """Which way the code's path takes; the other way is not possible."""
    if proof.solver.follows(given, condition):
        return True
    if proof.solver.follows(given, t.not_(condition)):
        return False
    raise proof.failed('the code does not decide where the argument is')


EFFECT = {'va_start': va_start, 'va_copy': va_copy, 'va_arg': va_arg}
