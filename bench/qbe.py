#!/usr/bin/env python3
"""Times `kiln compile` on text as a C compiler writes it for QBE, beside QBE itself.

    bench/qbe.py [--kiln=build/kiln] [--qbe=qbe] [--instructions=200000] [--runs=10] [FILE.ssa]

Without a file the text is generated: functions of some hundred instructions, each variable of which is memory
from alloc, as cproc has it. Prints nanoseconds an instruction: those of kiln's stages from --stats (the best
run), and the whole processes' user and system time. With --qbe: QBE's, without the assembler.
"""
import argparse
import os
import re
import resource
import subprocess
import tempfile


def function(n):
    """A loop over an array with a condition, a call, a member of a struct and a conversion."""
    return '''export function w $f%d(l %%.1, w %%.3) {
@start.1
    %%.2 =l alloc8 8
    storel %%.1, %%.2
    %%.4 =l alloc4 4
    storew %%.3, %%.4
    %%.5 =l alloc4 4
    %%.6 =l alloc4 4
@body.2
    storew 0, %%.5
    storew 0, %%.6
@for_cond.3
    %%.7 =w loadw %%.6
    %%.8 =w loadw %%.4
    %%.9 =w csltw %%.7, %%.8
    jnz %%.9, @for_body.4, @for_join.6
@for_body.4
    %%.10 =l loadl %%.2
    %%.11 =w loadw %%.6
    %%.12 =l extsw %%.11
    %%.13 =l mul %%.12, 16
    %%.14 =l add %%.10, %%.13
    %%.15 =l add %%.14, 8
    %%.16 =w loadsb %%.15
    %%.17 =w and %%.16, %d
    %%.18 =w cnew %%.17, 0
    jnz %%.18, @if_true.7, @if_false.8
@if_true.7
    %%.19 =w loadw %%.5
    %%.20 =l loadl %%.2
    %%.21 =w call $g%d(l %%.20, w %%.19, l $.Lstring.1)
    %%.22 =w add %%.19, %%.21
    storew %%.22, %%.5
    jmp @if_join.9
@if_false.8
    %%.23 =w loadw %%.5
    %%.24 =d swtof %%.23
    %%.25 =d mul %%.24, d_1.5
    %%.26 =w dtosi %%.25
    storew %%.26, %%.5
@if_join.9
    %%.27 =w loadw %%.6
    %%.28 =w add %%.27, 1
    storew %%.28, %%.6
    jmp @for_cond.3
@for_join.6
    %%.29 =w loadw %%.5
    ret %%.29
}
''' % (n, n % 100 + 1, n % 50)


def generate(path, instructions):
    text = function(0)
    each = len(re.findall(r'^    ', text, re.M))
    with open(path, 'w') as f:
        f.write('data $.Lstring.1 = align 1 { b "a string", b 0, }\n')
        for i in range(max(instructions // each, 1)):
            f.write(function(i))


def seconds(cmd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, p.stderr


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(here, '../build/kiln'))
    p.add_argument('--qbe')
    p.add_argument('--instructions', type=int, default=200000)
    p.add_argument('--runs', type=int, default=10)
    p.add_argument('file', nargs='?')
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, out = args.file or os.path.join(folder, 'in.ssa'), os.path.join(folder, 'out')
        if not args.file:
            generate(path, args.instructions)
        runs = []
        for _ in range(args.runs):
            total, text = seconds([args.kiln, 'compile', '--stats', '-o', out, path])
            stage = {m[0]: float(m[1]) for m in re.findall(r'^  ([a-z ]+?) +([0-9.]+) ms', text, re.M)}
            n = int(re.search(r'QBE instructions +(\d+)', text).group(1))
            runs.append((total, stage, n))
        print('%d instructions, ns each:' % n)
        for name in runs[0][1]:
            print('  %-16s %8.1f' % (name, min(r[1][name] for r in runs) * 1e6 / n))
        print('  %-16s %8.1f' % ('kiln, process', min(r[0] for r in runs) * 1e9 / n))
        if args.qbe:
            print('  %-16s %8.1f' % ('qbe, process', min(seconds([args.qbe, '-o', out, path])[0]
                                                            for _ in range(args.runs)) * 1e9 / n))


if __name__ == '__main__':
    main()
