#!/usr/bin/env python3
"""Branch protection: attacks fail where it is, programs run, and on x86-64 all that is branched to has its mark.

    protect.py --kiln=build/kiln [--target=aarch64] [--keep=DIR]
"""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KILLED = {'ill': (132, -4), 'segv': (139, -11), 'either': (132, -4, 139, -11)}

# Flags; what happens to a smashed return address, a call and a jump to the gadget.
RUNS = {
    'aarch64': ((('-mbranch-protection=none',), 42, 42, 42),
                (('-mbranch-protection=bti',), 42, 'ill', 'ill'),
                (('-mbranch-protection=pac-ret+leaf',), 'either', 42, 42),
                (('-mbranch-protection=standard',), 'either', 'ill', 'ill')),
    'x86_64': ((('-fcf-protection=full', '-DBUILTIN'), 42, 42, 42), (('-fcf-protection=branch', '-DBUILTIN'), 42, 42, 42)),
}


def source(name):
    return os.path.join(HERE, name)


def label_of(flags):
    return re.sub(r'\W', '', ''.join(flags))


def check_attacks(h, flags, smashed, called, jumped):
    label = label_of(flags)
    bc = h.bitcode(source('protected.c'), h.path('protected-%s.bc' % label), ('-O0', '-fPIC', *flags))
    made = h.kiln_object(bc, h.path('protected-%s.o' % label))
    marked = 'bti' in flags[0] or 'standard' in flags[0] or 'cf-' in flags[0]
    start = h.gcc_object(source('protected_%s.S' % h.args.target), h.path('start-%s.o' % label),
                         ('-DMARKED',) if marked else ())
    exe = h.link([made, start], h.path('protected-%s' % label), ('-nostdlib', '-static'), mold=False)
    for mode, want in enumerate((7, smashed, called, jumped)):
        # A return address's code has 7 bits under qemu, and keys are random: one in 128 attacks passes.
        runs, least = (8, 6) if want == 'either' else (1, 1)
        got = [h.run([exe, 'x', 'x', 'x'][:mode + 1], check=False)[0] for _ in range(runs)]
        name = '%s: %s' % (' '.join(flags), ('runs', 'return', 'call', 'jump')[mode])
        if sum(status in KILLED.get(want, (want,)) for status in got) >= least:
            h.ok(name)
        else:
            h.fail(name, 'status %s, expected %s' % (got, want))


def check_throws(h, level, flags):
    label = 'throws' + level[1:] + label_of(flags)
    bc = h.bitcode(source('protected.cpp'), h.path(label + '.bc'), (level, '-fPIC', *flags))
    exe = h.link([h.kiln_object(bc, h.path(label + '.o'))], h.path(label), ('-lstdc++',), mold=False)
    out = h.run([exe], check=False)[1]
    name = 'exceptions %s %s' % (level, ' '.join(flags))
    if out == 'thrown 210\nthrown 420\nthrown 630\n':
        h.ok(name)
    else:
        h.fail(name, out)


# ---- calls ----

def check_interpreter(h, level):
    """The two halves of none.c, from Kiln and from clang."""
    halves = {}
    for half in 'AB':
        flags = (level, '-fPIC', '-DHALF_' + half)
        path = h.path('none%s-%s' % (level, half))
        halves['k' + half] = h.kiln_object(h.bitcode(source('none.c'), path + '.bc', flags), path + '.o')
        halves['c' + half] = h.clang_object(source('none.c'), path + '.clang.o', flags)
    for by in ('kk', 'kc', 'ck'):
        exe = h.link([halves[by[0] + 'A'], halves[by[1] + 'B']], h.path('none%s-%s' % (level, by)), mold=False)
        out = h.run([exe], check=False)[1]
        if out == '54040 78 79 39 118\n':
            h.ok('preserve_none %s %s' % (level, by))
        else:
            h.fail('preserve_none %s %s' % (level, by), out)


def check_calls(h):
    """Variadic tail calls; calls of profilers."""
    path = h.path('forward')
    made = h.kiln_object(h.bitcode(source('forward.ll'), path + '.bc'), path + '.o')
    main = h.gcc_object(source('forward.c'), path + '-main.o', ('-O1',))
    out = h.run([h.link([made, main], path, mold=False)], check=False)[1]
    if out == '1 2 3 4 5 6 7 8 9 10 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5 10.5\nentered 3 left 3 as 3\n':
        h.ok('variadic tail calls, profiled')
    else:
        h.fail('variadic tail calls, profiled', out)


# ---- objects ----

class Object:
    """Sections by name, the symbols of functions, and relocations of an ELF object."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            b = f.read()
        at, = struct.unpack_from('<Q', b, 40)
        n, names = struct.unpack_from('<HH', b, 60)
        heads = [struct.unpack_from('<IIQQQQIIQQ', b, at + 64 * i) for i in range(n)]

        def string(table, offset):
            start = heads[table][4] + offset
            return b[start:b.index(b'\0', start)].decode()
        self.names = [string(names, s[0]) for s in heads]
        self.sections = {self.names[i]: b[s[4]:s[4] + s[5]] for i, s in enumerate(heads) if s[1] != 8}
        self.funcs, self.relocs, symbols = {}, {}, []
        for s in heads:
            if s[1] == 2:
                for i in range(s[5] // 24):
                    name, info, _, section, value, size = struct.unpack_from('<IBBHQQ', b, s[4] + 24 * i)
                    symbols.append((section, value))
                    if info & 15 == 2 and section != 0:
                        self.funcs[string(s[6], name)] = (self.names[section], value, size, info >> 4 == 0)
        for s in heads:
            if s[1] == 4:
                self.relocs[self.names[s[7]]] = [
                    (offset, symbols[info >> 32], addend) for offset, info, addend in
                    (struct.unpack_from('<QQq', b, s[4] + 24 * i) for i in range(s[5] // 24))]


ENDBR64 = b'\xf3\x0f\x1e\xfa'


def uleb(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return value, at


def landing_pads(lsda):
    """The pads of the first table of a section, in bytes from the function's start."""
    assert lsda[0] == 0xff
    at = 2
    if lsda[1] != 0xff:
        _, at = uleb(lsda, at)
    encoding, at = lsda[at], at + 1
    size, at = uleb(lsda, at)
    end, pads = at + size, set()
    while at < end:
        fields = []
        for _ in range(3):
            if encoding == 3:
                value, at = struct.unpack_from('<I', lsda, at)[0], at + 4
            else:
                value, at = uleb(lsda, at)
            fields.append(value)
        _, at = uleb(lsda, at)
        pads.add(fields[2])
    return pads - {0}


def check_marks(h, name, level, flags=('-fcf-protection=full',)):
    """All functions, blocks whose address is somewhere and landing pads have marks; as many as in clang's code."""
    path = h.path('marks%s-%s.o' % (level, name))
    flags = (level, '-fPIC', '-ffunction-sections', *flags)
    o = Object(h.kiln_object(h.bitcode(source(name), path + '.bc', flags), path, ['--function-sections']))
    clang = Object(h.clang_object(source(name), path + '.clang', flags))
    want = {(s, at) for s, at, _, _ in o.funcs.values()}
    for section, relocs in o.relocs.items():
        if not section.startswith(('.debug', '.eh_frame', '.gcc_except_table')):
            for _, (to, value), addend in relocs:
                if o.names[to].startswith('.text') and not section.startswith('.text'):
                    want.add((o.names[to], value + addend))
    pads = 0
    for function, (section, at, _, _) in o.funcs.items():
        lsda = o.sections.get('.gcc_except_table.' + function)
        for pad in landing_pads(lsda) if lsda else ():
            want.add((section, at + pad))
            pads += 1
    bare = [(s, at) for s, at in sorted(want) if o.sections[s][at:at + 4] != ENDBR64]
    counts = [{f: x.sections[s][at:at + size].count(ENDBR64) for f, (s, at, size, local) in x.funcs.items() if not local}
              for x in (o, clang)]
    what = 'marks %s %s: %d, of them %d landing pads' % (level, name, len(want), pads)
    if bare or (counts[0] != counts[1] and level == '-O0'):
        h.fail(what, 'without: %s\nmarks by function: %s\nclang: %s' % (bare, counts[0], counts[1]))
    else:
        h.ok(what)


def popped(code, kept, ssp):
    """The shadow stack's pointer after `code`, instructions of __builtin_longjmp by address, run by number."""
    regs, at, zero, below = {'ax': 0, 'cx': 0}, min(code), False, False
    while at in code:
        name, args, at = code[at]
        to, value = args[-1][-2:], [int(a[1:], 16) if a[0] == '$' else kept if a[:4] == '0x18' else regs.get(a[-2:])
                                    for a in args]
        last = value[-1]
        if name == 'rdsspq':
            regs[to] = ssp or last
        elif name == 'incsspq':
            ssp += 8 * (last & 255)
        elif name == 'mov':
            regs[to] = value[0]
        elif name[0] == 'j':
            at = int(args[0], 16) if {'je': zero, 'jne': not zero, 'jbe': zero or below}[name] else at
        else:
            got = {'xor': last ^ value[0], 'test': last & value[0], 'sub': last - value[0],
                   'shr': last >> (value[0] & 63), 'add': last + value[0], 'dec': last - 1}[name] & (1 << 64) - 1
            zero, below = got == 0, name == 'sub' and last < value[0]
            regs[to] = last if name == 'test' else got
    return ssp


def check_shadow_stack(h):
    """__builtin_setjmp keeps the shadow stack's pointer where clang's code has it, and __builtin_longjmp goes back to
    it. Processors without such a stack skip both, so that the instructions of the jump are run here."""
    path = h.path('shadow.o')
    flags = ('-O1', '-fPIC', '-fcf-protection=full', '-DBUILTIN')
    texts = []
    for made in (h.kiln_object(h.bitcode(source('protected.c'), path + '.bc', flags), path),
                 h.clang_object(source('protected.c'), path + '.clang', flags)):
        text = h.run(['objdump', '-d', '--no-show-raw-insn', made])[1]
        texts.append({f: part for f, part in re.findall(r'<(\w+)>:\n(.*?)(?:\n\n|$)', text, re.S)})
    # the register is stored to the fourth word: of a buffer in a register, or relative to the instruction's end
    kept = [re.search(r'rdsspq +(%r\w+)\n.*?mov +\1,', t['builtin'], re.S) for t in texts]
    if all(kept) and re.search(r'rdsspq +%rax\n[^\n]*mov +%rax,0x18\(%rdi\)', texts[0]['builtin']):
        h.ok('the shadow stack is kept')
    else:
        h.fail('the shadow stack is kept', texts[0]['builtin'] + texts[1]['builtin'])
    lines = re.findall(r'^ *(\w+):\t(\w+) *(\S*)', texts[0]['leave'], re.M)
    names = [name for _, name, _ in lines]
    first = names.index('rdsspq') - 1
    last = len(names) - 1 - names[::-1].index('incsspq') + 2  # after it dec, jne
    code = {int(at, 16): (name, args.split(','), int(lines[first + i + 1][0], 16))
            for i, (at, name, args) in enumerate(lines[first:last + 1])}
    counts = (0, 1, 2, 127, 128, 255, 256, 257, 511, 512, 1000, 65535, 65536, 100000)
    wrong = [n for n in counts if popped(code, 0x7000 + 8 * n, 0x7000) != 0x7000 + 8 * n]
    if not wrong and popped(code, 0x7000, 0x7010) == 0x7010 and popped(code, 0x7000, 0) == 0:
        h.ok('the shadow stack is popped')
    else:
        h.fail('the shadow stack is popped', 'wrong by so many addresses: %s\n%s' % (wrong, texts[0]['leave']))


def check_eh_return(h):
    """An unwinder leaves its frame without a return: what it goes to is not on the shadow stack."""
    program = os.path.join(HERE, '..', 'programs', 'eh_return.c')
    flags, path = ('-O1', '-fPIC', '-fcf-protection=full'), h.path('eh_return')
    made = h.kiln_object(h.bitcode(program, path + '.bc', flags), path + '.o')
    theirs = h.clang_object(program, path + '.clang.o', ('-O1', '-fPIC'))
    got, want = (h.run([h.link([o], path + end)])[:2] for o, end in ((made, '.kiln'), (theirs, '.clang')))
    text = h.run(['objdump', '-d', '--no-show-raw-insn', made])[1]
    if got == want and len(re.findall(r'mov +%rcx,%rsp\n.*pop +%rcx\n.*jmp +\*%rcx\n', text)) > 0:
        h.ok('eh_return: %d bytes of output' % len(got[1]))
    else:
        h.fail('eh_return', '%s\nclang: %s' % (got, want))


def check_note(h, flags, want):
    path = h.path('note%s.o' % label_of(flags))
    notes = []
    for make in (lambda: h.kiln_object(h.bitcode(source('calls.c'), path + '.bc', flags), path),
                 lambda: h.clang_object(source('calls.c'), path + '.clang', flags)):
        notes.append(Object(make()).sections.get('.note.gnu.property'))
    if notes[0] == notes[1] and notes[0] and struct.unpack_from('<I', notes[0], 24)[0] == want:
        h.ok('note %s' % ' '.join(flags))
    else:
        h.fail('note %s' % ' '.join(flags), '%s\nclang: %s' % tuple(notes))


NOTES = {'x86_64': ((('-fcf-protection=full',), 3), (('-fcf-protection=branch',), 1), (('-fcf-protection=return',), 2)),
         'aarch64': ((('-mbranch-protection=bti',), 1), (('-mbranch-protection=pac-ret',), 2),
                     (('-mbranch-protection=gcs',), 4), (('-mbranch-protection=standard',), 7))}


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())
    runs = RUNS[h.args.target]
    h.each(lambda v: check_attacks(h, *v), runs)
    h.each(lambda v: check_note(h, *v), NOTES[h.args.target])
    h.each(lambda v: check_throws(h, *v), [('-O0', runs[-2][0]), ('-O1', runs[-1][0])])
    h.each(lambda level: check_interpreter(h, level), ['-O0'])
    h.each(lambda _: check_calls(h), ['calls'])
    if h.args.target == 'x86_64':
        h.each(lambda _: check_shadow_stack(h), ['shadow stack'])
        h.each(lambda _: check_eh_return(h), ['eh_return'])
        h.each(lambda v: check_marks(h, *v), [('protected.c', '-O0'), ('protected.cpp', '-O0'), ('protected.cpp', '-O1')])
    h.finish()


if __name__ == '__main__':
    main()
