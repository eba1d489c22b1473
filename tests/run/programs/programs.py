#!/usr/bin/env python3
"""Runs the programs of tests/run/programs: Kiln's code of -O0 and -O1 bitcode, plain; and of one of the levels,
which differs from program to program, under a seed of stress mode, and as static code in sections of its own. Output
and exit status must be those of clang's own code: of the first level, and where they differ of the same level.

    programs.py --kiln=build/kiln [NAME...] [--stress=N] [--levels=-O0,-O1]
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402


def variants(stress, turn, turns):
    """Name, flags of kiln, flags of the link, whether by mold: all but the first are in just one of the turns."""
    yield '', [], [], True
    if turn == 0:
        yield ' static', ['--pic=static', '--function-sections'], ['-no-pie', '-Wl,--gc-sections'], False
    for seed in range(1, stress + 1):
        if seed % turns == turn:
            yield ' --stress=%d' % seed, ['--stress=%d' % seed, '--verify'], [], True


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='programs, without .c or .cpp; default: $KILN_TEST_FILES, or all')
    p.add_argument('--stress', type=int, default=2 if harness.WHOLE else 1, metavar='N', help='stress seeds 1 to N')
    p.add_argument('--levels', default='-O0,-O1')
    args = p.parse_args()
    h = harness.Harness(args)
    folder = os.path.dirname(os.path.abspath(__file__))
    names = args.names or h.files(folder, '*.c*')
    if args.target == 'aarch64' and not args.names:
        names = harness.sample(names, 2)
    levels = args.levels.split(',')
    gcc, gxx = args.gcc, args.gcc.removesuffix('gcc') + 'g++'

    def check(item):
        name, rows = item
        source = name + ('.c' if os.path.exists(os.path.join(folder, name + '.c')) else '.cpp')
        linker = gcc if source.endswith('.c') else gxx
        if not shutil.which(linker):
            h.skip(source, 'no ' + linker)
            return
        libs = ('-lm', '-pthread')
        results = {}

        def expected(level, bc):
            if level not in results:
                own = h.clang_object(bc, h.path(name + level + '.clang.o'), (level, '-fPIC'))
                results[level] = h.run([h.link([own], h.path(name + level + '.clang'), libs, by=linker)], check=False)[:2]
            return results[level]
        first = None
        for level, turn in rows:
            bc = h.bitcode(os.path.join(folder, source), h.path(name + level + '.bc'), (level,))
            first = first or expected(level, bc)
            compare(source, level, turn, bc, libs, linker, lambda got: first if got == first else expected(level, bc))

    def compare(source, level, turn, bc, libs, linker, expected):
        base = os.path.splitext(source)[0] + level
        for i, (label, kiln_flags, link_flags, mold) in enumerate(variants(args.stress, turn, len(levels))):
            what = '%s: %s%s' % (source, level, label)
            try:
                o = h.kiln_object(bc, h.path('%s.%d.o' % (base, i)), kiln_flags)
                got = h.run([h.link([o], h.path('%s.%d' % (base, i)), (*libs, *link_flags), mold, linker)],
                            check=False)
            except harness.Failure as e:
                h.fail(what, str(e))
                continue
            wanted = expected(got[:2])
            if got[:2] == wanted:
                h.ok(what)
            else:
                h.fail(what, difference(wanted, got))
    items = []
    for k, name in enumerate(names):
        rows = [(level, (len(name) + i) % len(levels)) for i, level in enumerate(levels)]
        # programs at each level in turns
        items.append((name, harness.sample(rows, len(levels), k % len(levels)) if args.target == 'aarch64' else rows))
    h.each(check, items)
    h.finish()


def difference(expected, got):
    if expected[0] != got[0]:
        text = 'status %d, expected %d' % (got[0], expected[0])
    else:
        text = 'same status'
    for i, (a, b) in enumerate(zip(expected[1].splitlines() + [''], got[1].splitlines() + [''])):
        if a != b:
            return '%s; line %d is\n    %s\n  expected\n    %s' % (text, i + 1, b[:200], a[:200])
    return text


if __name__ == '__main__':
    main()
