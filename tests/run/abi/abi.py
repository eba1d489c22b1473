#!/usr/bin/env python3
"""Calls between Kiln's code and that of gcc and clang, over generated signatures, by C's convention of the target.

    abi.py --kiln=build/kiln [--target=T] [--sysv] [--seed=S] [--count=N] [--only=N] [--keep=DIR]

Each signature runs in eight pairs: caller Kiln with callee gcc and clang, and the other way round;
then the same in stress mode, with a seed for each batch. For Windows, where gcc and clang differ in a few types, those
that fail between these two are skipped.
A failing one is printed with seed and number; `--seed=S --only=N --keep=DIR` leaves just its files.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import signatures as sig  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PAIRS = [(a, b) for k in ('kiln', 'stress') for c in ('gcc', 'clang') for a, b in ((k, c), (c, k))]
BATCH = 50


def generate(h, seed, count, only, sysv):
    out, n = [], 0
    while len(out) < count:
        s = sig.Signature(seed, n, sysv)
        if only is not None:
            return [sig.Signature(seed, only, sysv)]
        if s.not_yet:
            h.skip('signature %d' % n, '%s in signatures is not lowered yet' % s.not_yet)
        else:
            out.append(s)
        n += 1
    return out


def build_half(h, batch, half, compiler, level):
    """half: caller or callee. Levels alternate between batches, so that each side is compiled with both."""
    c = h.path('%s%d.c' % (half, batch))
    o = h.path('%s%d.%s.o' % (half, batch, compiler))
    flags = (level, '-fsigned-char')  # as the values expected assume
    if compiler == 'gcc':
        h.gcc_object(c, o, flags)
    elif compiler == 'clang':
        h.clang_object(c, o, flags)
    else:
        bc = h.bitcode(c, h.path('%s%d.%s.bc' % (half, batch, compiler)), flags)
        h.kiln_object(bc, o, ['--stress=%d' % (batch + 1)] if compiler == 'stress' else [])
    return o


def run_pair(h, pair, all_signatures, batches, tools):
    name = '%s_%s' % pair
    objects = [h.path('caller%d.%s.o' % (b, pair[0])) for b in batches]
    objects += [h.path('callee%d.%s.o' % (b, pair[1])) for b in batches]
    exe = h.link(objects + tools, h.path(name), [] if h.windows else ['-Wl,-z,noexecstack'])
    status, out, err = h.run([exe], check=False)
    faults = {}
    for line in out.splitlines():
        w = line.split()
        if w[0] in ('bad', 'crash'):
            faults.setdefault(int(w[1]), line)
    if 'ran %d' % len(all_signatures) not in out:
        raise harness.Failure('%s: the program ended early with status %d: %s'
                              % (name, status, (out + err)[-300:]))
    return faults


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=600)
    p.add_argument('--only', type=int, help='just this signature')
    p.add_argument('--sysv', action='store_true', help="functions of System V's convention, on Windows")
    p.add_argument('--level', choices=('-O0', '-O1'), help="of Kiln's halves; default: in turn")
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    here, assembler = HERE, 'as'
    if args.target == 'aarch64':
        here, assembler = os.path.join(HERE, 'aarch64'), 'aarch64-linux-gnu-as' if h.cross else 'as'
    elif h.windows:
        here, assembler = os.path.join(HERE, 'windows'), 'x86_64-w64-mingw32-as'
    print('# seed %d, %d signatures' % (args.seed, 1 if args.only is not None else args.count))
    all_signatures = generate(h, args.seed, args.count, args.only, args.sysv)
    groups = [all_signatures[i:i + BATCH] for i in range(0, len(all_signatures), BATCH)]
    work, lost = [], set()

    def kiln_level(b):
        return args.level or ('-O0', '-O1')[b % 2]
    for b, group in enumerate(groups):
        h.write('caller%d.c' % b, sig.caller_file(group))
        h.write('callee%d.c' % b, sig.callee_file(group))
        for half in ('caller', 'callee'):
            for compiler in ('kiln', 'stress', 'gcc', 'clang'):
                work.append((b, half, compiler))

    def build(item):
        b, half, compiler = item
        # reference compilers use the other level than Kiln: callees at -O1 rely on all that the ABI promises of
        # callers
        level = kiln_level(b)
        if compiler in ('gcc', 'clang'):
            level = '-O1' if level == '-O0' else '-O0'
        try:
            build_half(h, b, half, compiler, level)
        except harness.Failure as e:
            lost.add((b, half, compiler))
            raise e
    h.each(build, work)

    h.write('tests.c', sig.runner_file(all_signatures))
    h.write('stubs.s', sig.stubs_file(all_signatures, not h.windows))
    tools = []
    for source in (h.path('tests.c'), os.path.join(HERE, 'runner.c'),
                   os.path.join(HERE if args.sysv else here, 'trampoline.S')):
        tools.append(h.gcc_object(source, h.path(os.path.basename(source) + '.o')))
    h.run([assembler, '-I', here, h.path('stubs.s'), '-o', h.path('stubs.o')])
    tools.append(h.path('stubs.o'))

    differ = set()
    if h.windows:
        for p in ('gcc', 'clang'), ('clang', 'gcc'): differ |= run_pair(h, p, all_signatures, range(len(groups)), tools).keys()

    def pair(p):
        gone = sorted({b for b, half, c in lost if c == p[half == 'callee']})
        if gone:  # one half did not compile, which was counted; the pair cannot be linked
            raise harness.Failure('batches %s did not compile' % gone)
        faults = run_pair(h, p, all_signatures, range(len(groups)), tools)
        for i, s in enumerate(all_signatures):
            if s.n in differ:
                h.skip('signature %d' % s.n, 'gcc and clang differ')
            elif s.n in faults:
                h.fail('caller %s, callee %s, --seed=%d --only=%d --level=%s'
                       % (*p, args.seed, s.n, kiln_level(i // BATCH)),
                       '%s\n  %s' % (faults[s.n], s.describe()))
            else:
                h.ok('caller %s, callee %s, signature %d' % (*p, s.n))
    h.each(pair, PAIRS)

    # Checks the test itself: every fault that a callee reports must be counted.
    if args.only is None:
        h.write('callee_wrong.c', sig.callee_file(groups[0], wrong=True))
        h.write('tests_wrong.c', sig.runner_file(groups[0]))
        h.write('stubs_wrong.s', sig.stubs_file(groups[0], not h.windows))
        h.run([assembler, '-I', here, h.path('stubs_wrong.s'), '-o', h.path('stubs_wrong.o')])
        exe = h.link([h.path('caller0.gcc.o'), h.gcc_object(h.path('callee_wrong.c'),
                      h.path('callee_wrong.o')), h.gcc_object(h.path('tests_wrong.c'),
                      h.path('tests_wrong.o')), h.path('stubs_wrong.o'), *tools[1:3]], h.path('wrong'))
        heard = h.run([exe], check=False)[1].count('bad ')
        if heard == len(groups[0]):
            h.ok('self-check')
        else:
            h.fail('self-check', 'heard %d of %d' % (heard, len(groups[0])))
    h.finish()


if __name__ == '__main__':
    main()
