#!/usr/bin/env python3
"""Naked functions: assemblies, traps and blocks around them execute what llc makes of them, and what they cannot
have is refused by name.

    naked.py --kiln=build/kiln
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

DECLARED = 'declare void @llvm.trap()\ndeclare void @llvm.debugtrap()\ndeclare void @llvm.ubsantrap(i8 immarg)\ndeclare void @g()\n'
ASM = ' call void asm sideeffect "%s", ""()\n'
NOP, OTHER = ASM % 'nop', {'x86_64': ASM % 'xorl %ebp, %ebp', 'aarch64': ASM % 'mov x29, #0'}
FAR = ASM % 'nop' * 150
TRAP, END = ' call void @llvm.trap()\n', ' unreachable\n'
# name, body; OTHER stands for an instruction of the target
ACCEPTED = [
    ('a trap behind the assembly', NOP + TRAP + END),
    ('a trap between assemblies', NOP + TRAP + NOP + END),
    ('two traps', TRAP + TRAP + END),
    ('a breakpoint', NOP + ' call void @llvm.debugtrap()\n' + NOP + END),
    ('a trap of a kind', NOP + ' call void @llvm.ubsantrap(i8 7)\n' + END),
    ('unreachable code alone behind it', NOP + END),
    ('a return', NOP + ' ret void\n'),
    ('a block behind another', NOP + ' br label %b\nb:\nOTHER' + END),
    ('four blocks, not in the order of their branches',
     ' br label %d\nb:\nOTHER br label %c\nc:\n' + NOP + TRAP + END + 'd:\n' + NOP + ' br label %b\n'),
    ('a block that nothing branches to', NOP + END + 'b:\nOTHER' + END),
    ('a loop', ' br label %b\nb:\n' + NOP + ' br label %b\n'),
    ('a loop of two blocks', NOP + ' br label %b\nb:\n' + NOP + ' br label %c\nc:\nOTHER br label %b\n'),
    ('a long loop', ' br label %b\nb:\n' + FAR + ' br label %b\n'),
]
REFUSED = [
    ('a call', ' call void @g()\n' + END, 'call'),
    ('a store', ' store i32 1, ptr null\n' + END, 'store'),
    ('a condition', ' %a = load i32, ptr null\n %c = icmp eq i32 %a, 0\n br i1 %c, label %b, label %b\nb:\n' + END, 'load'),
    ('an operand in a register', ' call void asm sideeffect "nop", "r"(i64 1)\n' + END, 'asm with these'),
]


def executed(h, o):
    """What function f executes: its instructions without jumps, until a trap or its end, or `again` and the one that it
    goes back to. LLVM's code also jumps to what is next."""
    text = h.run(['llvm-objdump-22', '-d', '--no-show-raw-insn', '--disassemble-symbols=f', o])[1]
    code = {}
    for line in text.split('<f>:')[1].splitlines():
        m = re.match(r' *([0-9a-f]+):\s+(.*)', line)
        if m: code[int(m[1], 16)] = ' '.join(m[2].split())
    following = dict(zip(code, [*code][1:]))
    at, trace, seen = min(code, default=None), [], {}
    while at in code:
        if at in seen: return trace + ['again', seen[at]]
        jump = re.match(r'(?:jmp|b) 0x([0-9a-f]+)', code[at])
        seen[at] = len(trace)
        if jump:
            at = int(jump[1], 16)
            continue
        trace.append(code[at])
        if code[at] in ('ud2', 'brk #0x1'): break
        at = following.get(at)
    return trace


def main():
    args = harness.options(__doc__.splitlines()[0]).parse_args()
    h = harness.Harness(args)

    def module(target, body):
        ll = h.write('naked.ll', 'target triple = "%s-unknown-linux-gnu"\ndefine void @f() naked nounwind {\n%s}\n%s' % (
            target, body.replace('OTHER', OTHER[target]), DECLARED))
        h.run(['llvm-as-22', ll, '-o', h.path('naked.bc')])

    for target in 'x86_64', 'aarch64':
        for name, body in ACCEPTED:
            module(target, body)
            h.run(['llc-22', '-O0', '-filetype=obj', '-relocation-model=pic', h.path('naked.bc'), '-o', h.path('own.o')])
            status, _, err = h.run([args.kiln, 'compile', h.path('naked.bc'), '-o', h.path('naked.o')], check=False)
            expected = executed(h, h.path('own.o'))
            if status == 0 and expected and executed(h, h.path('naked.o')) == expected:
                h.ok('%s: %s' % (target, name))
            else:
                h.fail('%s: %s' % (target, name), err or '%s, expected %s' % (executed(h, h.path('naked.o')), expected))
        for name, body, what in REFUSED:
            module(target, body)
            status, _, err = h.run([args.kiln, 'compile', h.path('naked.bc'), '-o', h.path('naked.o')], check=False)
            if status == 1 and ':f:' in err and 'naked function' in err and 'it cannot have ' + what in err:
                h.ok('%s refused: %s' % (target, name))
            else:
                h.fail('%s refused: %s' % (target, name), 'status %d: %s' % (status, err))
    h.finish()


if __name__ == '__main__':
    main()
