#!/usr/bin/env python3
"""Random C programs: Kiln's code against clang's, from -O0 and -O1 bitcode, in stress mode too.

    differential.py --kiln=build/kiln [--first=S] [--count=N] [--levels=-O0,-O1]
    differential.py --kiln=build/kiln --reduce=SEED --level=-O0 [--stress-seed=K]

A failure is printed with its seed; --reduce cuts that program down while it still fails.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import generate  # noqa: E402
import harness  # noqa: E402

BATCH = 10


def results(out):
    return dict(line.split() for line in out.splitlines() if len(line.split()) == 2)


def compare(h, base, seeds, level, stress_seeds, doubts, drop=frozenset()):
    """Gives {(seed, stress): fault} for a file of programs; None as the seed if none of it runs.
    Seeds on which clang's code at two levels disagrees are added to `doubts`."""
    c = h.write(base + '.c', generate.program_file(seeds, drop))
    bc = h.bitcode(c, h.path(base + '.bc'), (level,))
    own = h.clang_object(bc, h.path(base + '.clang.o'), (level, '-fPIC'))
    expected = results(h.run([h.link([own], h.path(base + '.clang'))], timeout=120)[1])
    if len(expected) != len(seeds):
        raise harness.Failure('the program is bad')
    faults, second = {}, None
    for stress in stress_seeds:
        try:
            o = h.kiln_object(bc, h.path('%s.%d.o' % (base, stress)),
                              ['--stress=%d' % stress] if stress else [])
            status, out, err = h.run([h.link([o], h.path('%s.%d' % (base, stress)))], check=False,
                                     timeout=120)
        except harness.Failure as e:
            faults[None, stress] = str(e)
            continue
        got = results(out)
        wrong = [s for s in seeds if got.get(str(s)) != expected[str(s)]]
        if wrong and second is None:
            # clang has bugs too: the result of its code at -O0 from the same bitcode is accepted as well
            o = h.clang_object(bc, h.path(base + '.second.o'), ('-O0', '-fPIC'))
            second = results(h.run([h.link([o], h.path(base + '.second'))], timeout=120)[1])
        for s in wrong:
            if got.get(str(s)) == second.get(str(s)):
                doubts.add(s)
            else:
                faults[s, stress] = 'checksum %s, expected %s%s' % (
                    got.get(str(s), 'missing'), expected[str(s)],
                    ', status %d' % status if status else '')
    return faults


def reduce(h, seed, level, stress):
    """Drops ever smaller groups of numbered statements and expressions while the fault stays."""
    def fails(drop):
        try:
            return bool(compare(h, 'reduce', [seed], level, [stress], set(), drop))
        except harness.Failure:
            return False
    if not fails(frozenset()):
        print('seed %d does not fail' % seed)
        return
    program = generate.Program(seed)
    program.text()
    drop = set()
    size = program.ids
    while size >= 1:
        at = 1
        while at <= program.ids:
            group = set(range(at, at + size)) - drop
            if group and fails(frozenset(drop | group)):
                drop |= group
            at += size
        size = size // 2 if size > 4 else size - 1
    faults = compare(h, 'reduced', [seed], level, [stress], set(), frozenset(drop))
    print('%s\n%s' % (h.path('reduced.c'), faults))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--first', type=int, default=1, help='first seed')
    p.add_argument('--count', type=int, default=60)
    p.add_argument('--stress', type=int, default=1, metavar='N', help='stress seeds 1 to N')
    p.add_argument('--levels', default='-O0,-O1')
    p.add_argument('--reduce', type=int, metavar='SEED')
    p.add_argument('--level', default='-O0')
    p.add_argument('--stress-seed', type=int, default=0)
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    if args.reduce is not None:
        reduce(h, args.reduce, args.level, args.stress_seed)
        return
    print('# seeds %d to %d' % (args.first, args.first + args.count - 1))
    stresses = list(range(args.stress + 1))

    def check(item):
        first, level = item
        seeds = list(range(first, min(first + BATCH, args.first + args.count)))
        doubts = set()
        faults = compare(h, 'random%d%s' % (first, level), seeds, level, stresses, doubts)
        # a program that crashed or was not compiled hides the others of its file: run these one by one
        bad = {x for (s, x) in faults if s is None} | \
            {x for (s, x), why in faults.items() if 'missing' in why}
        for x in bad:
            for key in [k for k in faults if k[1] == x]:
                del faults[key]
            for s in seeds:
                base = 'random%d%sa' % (s, level)
                for why in compare(h, base, [s], level, [x], doubts).values():
                    faults[s, x] = why
        for s in seeds:
            for x in stresses:
                what = 'seed %d %s%s' % (s, level, ' --stress=%d' % x if x else '')
                if (s, x) in faults:
                    h.fail(what, faults[s, x])
                elif s in doubts:
                    h.skip(what, "clang's own code gives another result at -O0")
                else:
                    h.ok(what)
    h.each(check, [(f, level) for f in range(args.first, args.first + args.count, BATCH)
                   for level in args.levels.split(',')])
    h.finish()


if __name__ == '__main__':
    main()
