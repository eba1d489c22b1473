#!/usr/bin/env python3
"""Random C programs by csmith: each at -O0 and -O1 bitcode by LLVM -O0 and by Kiln, plain and with
registers chosen at random; the checksums that they print must be equal.

    csmith.py --kiln=build/kiln [--count=N] [--seed=S] [--levels=O0,O1] [--target=aarch64]
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import harness  # noqa: E402


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--count', type=int, default=10)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--levels', default='O0,O1')
    p.add_argument('--timeout', type=int, default=10)
    args = p.parse_args()
    if not shutil.which('csmith'):
        print('1..0 # SKIP csmith is not installed')
        return
    h = harness.Harness(args)
    include = '/usr/include/csmith'

    def run(program):
        try:
            return h.run([program], timeout=args.timeout, check=False)[:2]
        except harness.Failure:
            return None

    def check(seed):
        c = h.path('%d.c' % seed)
        # it writes platform.info where it stands
        subprocess.run(['csmith', '--seed', str(seed), '-o', c], cwd=h.dir, check=True)
        for level in args.levels.split(','):
            what, base = 'seed %d -%s' % (seed, level), h.path('%d.%s' % (seed, level))
            bc = h.bitcode(c, base + '.bc', ('-' + level, '-I' + include))
            h.run([*h.clang, '-c', '-O0', '-w', '-fPIC', '-Xclang', '-disable-llvm-passes', bc,
                   '-o', base + '.llvm.o'])
            expected = run(h.link([base + '.llvm.o'], base + '.llvm'))
            if expected is None or expected[0] != 0:
                h.skip(what, 'the program does not end by itself in time')
                continue
            for label, flags in (('', ['--verify']), (' stress', ['--stress=%d' % (seed + 1)])):
                try:
                    o = h.kiln_object(bc, base + '.o', flags)
                    got = run(h.link([o], base + '.kiln'))
                except harness.Failure as e:
                    h.fail(what + label, str(e))
                    continue
                if got == expected: h.ok(what + label)
                else: h.fail(what + label, '%s instead of %s' % (got, expected))
        if not args.keep:
            for f in os.listdir(h.dir):
                if f.startswith('%d.' % seed): os.unlink(h.path(f))
    h.each(check, range(args.seed, args.seed + args.count))
    h.finish()


if __name__ == '__main__':
    main()
