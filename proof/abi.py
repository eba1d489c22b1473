"""Where arguments and results are, by the documents that processor.py names."""
from machine import Unsupported
from tables import WIDTH

PLAIN_FLAGS = {'nounwind', 'noreturn', 'noinline', 'entry'}


class Place:
    """registers: names, the lowest part first; or stack: bytes above the first argument on the stack."""

    def __init__(self, type_, flags, registers=None, stack=None, byval=None):
        self.type, self.flags, self.registers, self.stack, self.byval = type_, flags, registers, stack, byval


def is_float(type_):
    return type_[0] in 'fv'


def bits_passed(type_, flags):
    """How many bits the callee may read: more than the type's where the caller extends."""
    w = WIDTH[type_]
    if flags & {'sext64', 'zext64'}:
        return max(w, 64)
    return max(w, 32) if flags & {'sext', 'zext'} else w


def arguments(p, signature, params):
    """Places of arguments; and how many bytes of the stack they take, how many float registers."""
    check(signature)
    used, stack, out, parts = [0, 0], 0, [], 0
    for i, (type_, flags) in enumerate(params):
        if flags & {'upper', 'alignstack'}:
            raise Unsupported('parameters with ' + ' '.join(sorted(flags)))
        if p.name == 'aarch64' and not parts and 'join' in flags:
            parts = composite(p, params[i:], used)
        parts -= parts > 0
        if 'byval' in flags:
            size, align = signature.byval[i]
            align = max(8, min(align, 16 if p.name == 'aarch64' else 1 << 16))
            if align > 16:
                raise Unsupported('parameters by value with such alignment')
            stack = -(-stack // align) * align
            out.append(Place(type_, flags, stack=stack, byval=size))
            stack += -(-size // 8) * 8
            continue
        if 'sret' in flags and p.sret or 'chain' in flags:
            out.append(Place(type_, flags, [p.sret if 'sret' in flags else p.chain]))
            continue
        bank = 1 if is_float(type_) else 0
        need = 2 if type_ == 'i128' else 1
        at = used[bank]
        if need == 2 and p.pairs_even:
            at += at & 1
        if type_ != 'f80' and at + need <= len(p.args[bank]):
            out.append(Place(type_, flags, p.args[bank][at:at + need]))
            used[bank] = at + need
            continue
        if need == 2 and p.name == 'aarch64':
            used[bank] = len(p.args[bank])
        size = max(8, WIDTH[type_] // 8 if type_ != 'f80' else 16)
        stack = -(-stack // size) * size
        out.append(Place(type_, flags, stack=stack))
        stack += size
    return out, stack, used[1]


def composite(p, params, used):
    """AAPCS64 6.8.2, C.2 and C.12: of how many parts an argument is; without registers for all, none has one."""
    n = 1 + next(k for k, (_, flags) in enumerate(params) if 'join' not in flags)
    bank = 1 if is_float(params[0][0]) else 0
    if used[bank] + n > len(p.args[bank]):
        used[bank] = len(p.args[bank])
        if any(WIDTH[type_] != 64 for type_, _ in params[:n]):
            raise Unsupported('narrow parts of an argument on the stack')
    return n


def results(p, signature):
    check(signature)
    used, out = [0, 0], []
    for type_ in signature.results:
        if type_ == 'f80':
            out.append(Place(type_, set(), ['ST%d' % sum(place.type == 'f80' for place in out)]))
            continue
        bank = 1 if is_float(type_) else 0
        need = 2 if type_ == 'i128' else 1
        out.append(Place(type_, set(), p.results[bank][used[bank]:used[bank] + need]))
        used[bank] += need
    return out


def check(signature):
    if signature.flags - PLAIN_FLAGS - {'comdat', 'align'}:
        raise Unsupported('signatures with ' + ' '.join(sorted(signature.flags - PLAIN_FLAGS)))
