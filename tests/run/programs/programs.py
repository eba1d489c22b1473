#!/usr/bin/env python3
"""Runs the programs of tests/run/programs: Kiln's code against clang's own, at -O0 and -O1 bitcode,
plain; and at one of the levels each, which differs from program to program, under a seed of stress
mode, and as static code in sections of its own. Output and exit status must be equal.

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
        name, level, turn = item
        base = '%s%s' % (name, level)
        source = name + ('.c' if os.path.exists(os.path.join(folder, name + '.c')) else '.cpp')
        linker = gcc if source.endswith('.c') else gxx
        if not shutil.which(linker):
            h.skip('%s: %s' % (source, level), 'no ' + linker)
            return
        bc = h.bitcode(os.path.join(folder, source), h.path(base + '.bc'), (level,))
        own = h.clang_object(bc, h.path(base + '.clang.o'), (level, '-fPIC'))
        libs = ('-lm', '-pthread')
        expected = h.run([h.link([own], h.path(base + '.clang'), libs, by=linker)], check=False)
        for i, (label, kiln_flags, link_flags, mold) in enumerate(variants(args.stress, turn, len(levels))):
            what = '%s: %s%s' % (source, level, label)
            try:
                o = h.kiln_object(bc, h.path('%s.%d.o' % (base, i)), kiln_flags)
                got = h.run([h.link([o], h.path('%s.%d' % (base, i)), (*libs, *link_flags), mold, linker)],
                            check=False)
            except harness.Failure as e:
                h.fail(what, str(e))
                continue
            if got[:2] == expected[:2]:
                h.ok(what)
            else:
                h.fail(what, difference(expected, got))
    items = [(name, level, (len(name) + i) % len(levels)) for name in names for i, level in enumerate(levels)]
    if args.target == 'aarch64': # programs at each level in turns
        items = [row for k in range(0, len(items), len(levels)) for row in harness.sample(items[k:k + len(levels)], len(levels), k // len(levels) % len(levels))]
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
