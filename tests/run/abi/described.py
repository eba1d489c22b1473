#!/usr/bin/env python3
"""Calls between code that <kiln/ctypes.h> builds from described C types and code of gcc and clang.

    described.py --driver=build/tests/run/abi/described [--seed=S] [--count=N] [--only=N] [--keep=DIR]

Each signature runs in eight pairs: caller Kiln with callee gcc and clang, and the other way round, in plain
and in stress mode; and gcc with clang both ways: signatures on which those two disagree are skipped and counted.
A failing one is printed with seed and number; `--seed=S --only=N --keep=DIR` leaves just its files.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import described_types as types  # noqa: E402
import signatures  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILERS = ('gcc', 'clang', 'kiln', 'stress')
JUDGES = [('gcc', 'clang'), ('clang', 'gcc')]
PAIRS = [(a, b) for k in ('kiln', 'stress') for c in ('gcc', 'clang') for a, b in ((k, c), (c, k))]
BATCH = 50


def run_pair(h, pair, all_signatures, batches, tools):
    """Returns the faults, a line per signature number."""
    objects = [h.path('caller%d.%s.o' % (b, pair[0])) for b in batches]
    objects += [h.path('callee%d.%s.o' % (b, pair[1])) for b in batches]
    exe = h.link(objects + tools, h.path('%s_%s' % pair), ('-Wl,-z,noexecstack',))
    status, out, err = h.run([exe], check=False)
    faults = {}
    for line in out.splitlines():
        w = line.split()
        if w[0] in ('bad', 'crash'):
            faults.setdefault(int(w[1]), line)
    if 'ran %d' % len(all_signatures) not in out:
        raise harness.Failure('%s with %s: the program ended early with status %d: %s'
                              % (*pair, status, (out + err)[-300:]))
    return faults


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--driver', required=True, help='the program made of described.c')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=300)
    p.add_argument('--only', type=int, help='just this signature')
    args = harness.sampled(p.parse_args())
    args.driver = os.path.abspath(args.driver)
    h = harness.Harness(args)
    here, assembler = HERE, 'as'
    if args.target == 'aarch64':
        here, assembler = os.path.join(HERE, 'aarch64'), 'aarch64-linux-gnu-as' if h.cross else 'as'
    numbers = range(args.count) if args.only is None else [args.only]
    print('# seed %d, %d signatures' % (args.seed, len(numbers)))
    all_signatures = [types.Signature(args.seed, n, args.target) for n in numbers]
    groups = [all_signatures[i:i + BATCH] for i in range(0, len(all_signatures), BATCH)]

    def build(item):
        b, half, compiler = item
        source, out = h.path('%s%d.c' % (half, b)), h.path('%s%d.%s.o' % (half, b, compiler))
        flags = (('-O0', '-O1')[(b + (compiler == 'gcc')) % 2],)
        if compiler == 'gcc':
            h.gcc_object(source, out, flags)
        elif compiler == 'clang':
            h.clang_object(source, out, flags)
        else:
            h.run([args.driver, half, args.target, h.path('%d.txt' % b), out] +
                  ([str(b + 1)] if compiler == 'stress' else []))

    for b, group in enumerate(groups):
        h.write('caller%d.c' % b, signatures.head() + '\n'.join(s.caller() for s in group))
        h.write('callee%d.c' % b, signatures.head() + '\n'.join(s.callee() for s in group))
        h.write('%d.txt' % b, ''.join(s.text() for s in group))
    lost = []

    def try_build(item):
        try:
            build(item)
        except harness.Failure:
            lost.append(item)
            raise
    h.each(try_build, [(b, half, k) for b in range(len(groups)) for half in ('caller', 'callee')
                       for k in COMPILERS])
    if lost:
        h.finish()
    h.write('tests.c', signatures.runner_file(all_signatures))
    h.write('stubs.s', signatures.stubs_file(all_signatures))
    tools = [h.gcc_object(s, h.path(os.path.basename(s) + '.o')) for s in
             (h.path('tests.c'), os.path.join(HERE, 'runner.c'), os.path.join(here, 'trampoline.S'))]
    h.run([assembler, '-I', here, h.path('stubs.s'), '-o', h.path('stubs.o')])
    tools.append(h.path('stubs.o'))

    disputed = set()
    for faults in h.each(lambda pair: run_pair(h, pair, all_signatures, range(len(groups)), tools),
                         JUDGES):
        disputed |= set(faults or ())
    for n in sorted(disputed):
        h.skip('signature %d' % n, 'gcc and clang disagree')
        h.note(all_signatures[numbers.index(n)].describe())
    if len(disputed) * 20 > len(all_signatures) + 20:
        h.fail('judges', '%d signatures are disputed' % len(disputed))

    def pair(p):
        faults = run_pair(h, p, all_signatures, range(len(groups)), tools)
        for s in all_signatures:
            if s.n in disputed:
                continue
            if s.n in faults:
                h.fail('caller %s, callee %s, --seed=%d --only=%d' % (*p, args.seed, s.n),
                       '%s\n  %s' % (faults[s.n], s.describe()))
            else:
                h.ok('caller %s, callee %s, signature %d' % (*p, s.n))
    h.each(pair, PAIRS)

    # Checks the test itself: every callee that expects other values must report them.
    if args.only is None:
        h.write('wrong.txt', ''.join(s.text(wrong=True) for s in all_signatures))
        h.run([args.driver, 'callee', args.target, h.path('wrong.txt'), h.path('wrong.o')])
        exe = h.link([h.path('caller%d.gcc.o' % b) for b in range(len(groups))] +
                     [h.path('wrong.o')] + tools, h.path('wrong'), ('-Wl,-z,noexecstack',))
        heard = h.run([exe], check=False)[1].count('bad ')
        wanted = sum(any(s.values) for s in all_signatures)
        if heard == wanted:
            h.ok('self-check')
        else:
            h.fail('self-check', 'heard %d of %d' % (heard, wanted))
    h.finish()


if __name__ == '__main__':
    main()
