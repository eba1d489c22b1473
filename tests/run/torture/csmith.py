#!/usr/bin/env python3
"""Random C programs by csmith: each at -O0 and -O1 bitcode by Kiln, plain and with registers chosen
at random; the checksums that they print must be those of LLVM -O0. The last line is a JSON object
that counts programs.

    csmith.py --kiln=build/kiln [--count=N] [--seed=S] [--levels=O0,O1] [--target=aarch64]
              [--csmith='--float ...']

At O2 and O3 clang's vectorizers are on; at Og Kiln inlines, from what clang makes before LLVM's passes. csmith's
programs are defined, so that all of a program's variants print the same; LLVM's object from the bitcode of a level above
the first is only made where Kiln's differs.
"""
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import torture  # noqa: E402

INCLUDE = '/usr/include/csmith'
ENDLESS = 'does not end in time, by LLVM or by Kiln'
SLOW = 'csmith does not end in time'
CLANG = 'clang differs between levels'
NO_CLANG = 'clang fails'
PASSED = 'passed'
DIFFERS = 'differs'


class Timeout(Exception):
    pass


class Campaign:
    def __init__(self, args):
        self.h = harness.Harness(args)
        self.args = args
        self.levels = args.levels.split(',')
        # csmith writes this file to its working folder if it is missing: two processes at once would read it half
        # written
        with open(self.h.path('platform.info'), 'w') as f:
            f.write('integer size = 4\npointer size = 8\n')

    def limited(self, seconds, cmd):
        """Runs a command with a limit on its processor time, not on elapsed time."""
        p = subprocess.run(cmd, cwd=self.h.dir, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           preexec_fn=lambda: signal.setitimer(signal.ITIMER_PROF, seconds))
        if p.returncode == -signal.SIGPROF:
            raise Timeout()
        return p.returncode, p.stdout.decode(errors='replace')

    def execute(self, objects, base, seconds):
        """What the program prints; None if it does not end in time."""
        program = self.h.link(objects, base)
        try:
            return self.limited(seconds, ['qemu-aarch64'] * self.h.cross + [program])
        except Timeout:
            return None

    def by_llvm(self, bc, base, seconds):
        self.h.run([*self.h.clang, '-c', '-O0', '-w', '-fPIC', '-Xclang', '-disable-llvm-passes', bc,
                    '-o', base + '.llvm.o'])
        return self.execute([base + '.llvm.o'], base + '.llvm', seconds)

    def program(self, seed):
        """The program's result: PASSED, DIFFERS, or why it does not count."""
        h, args = self.h, self.args
        c = h.path('%d.c' % seed)
        try:
            status, _ = self.limited(30, ['csmith', '--seed', str(seed), '-o', c, *args.csmith.split()])
        except Timeout:
            return SLOW
        if status != 0: return 'csmith fails: status %d' % status
        expected, result = None, PASSED
        for level in self.levels:
            base = h.path('%d.%s' % (seed, level))
            try:
                bc = h.bitcode(c, base + '.bc', (*torture.level_flags(level), '-I' + INCLUDE))
                if expected is None:
                    expected = self.by_llvm(bc, base, args.timeout)
            except harness.Failure as e:
                h.note('seed %d: %s' % (seed, e))
                return NO_CLANG
            if expected is not None and expected[0] != 0:
                return 'the program fails: status %d' % expected[0]
            for label, flags in (('', ['--verify']), (' stress', ['--stress=%d' % (seed + 1)])):
                what = 'seed %d -%s%s' % (seed, level, label)
                try:
                    o = h.kiln_object(bc, base + '.o', [*flags, *torture.kiln_flags(level)])
                    got = self.execute([o], base + '.kiln', args.timeout * (1 if expected is None else 5))
                except harness.Failure as e:
                    h.fail(what, str(e))
                    result = DIFFERS
                    continue
                if got == expected:
                    if expected is None: return ENDLESS
                    h.ok(what)
                    continue
                if level != self.levels[0]:
                    of_level = self.by_llvm(bc, base, args.timeout)
                    if of_level != expected and got == of_level:
                        h.note('seed %d: %s' % (seed, CLANG))
                        return CLANG
                h.fail(what, '%s instead of %s' % (got, expected))
                result = DIFFERS
        return result

    def check(self, seed):
        try:
            result = self.program(seed)
        finally:
            if not self.args.keep:
                for f in os.listdir(self.h.dir):
                    if f.startswith('%d.' % seed): os.unlink(self.h.path(f))
        if result not in (PASSED, DIFFERS):
            self.h.skip('seed %d' % seed, result)
        return seed, result

    def summary(self, results):
        out = {'first': self.args.seed, 'last': self.args.seed + self.args.count - 1, 'passed': 0, 'differing': [],
               'skipped': {}}
        for item in results:
            seed, result = item or (None, DIFFERS)  # a Failure: the harness said which
            if result == PASSED: out['passed'] += 1
            elif result == DIFFERS: out['differing'].append(seed)
            else: out['skipped'][result] = out['skipped'].get(result, 0) + 1
        return out


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.set_defaults(jobs=min(2, os.cpu_count() or 1))
    p.add_argument('--count', type=int, default=10)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--levels', default='O0,O1')
    p.add_argument('--csmith', default='', metavar='OPTIONS', help='options for csmith, beside its seed')
    p.add_argument('--timeout', type=float, default=.4, help="a program's processor time in seconds")
    args = p.parse_args()
    if args.target == 'aarch64': args.timeout *= 10  # qemu
    if not shutil.which('csmith'):
        print('1..0 # SKIP csmith is not installed')
        return
    campaign = Campaign(args)
    results = campaign.h.each(campaign.check, range(args.seed, args.seed + args.count))
    try:
        campaign.h.finish()
    finally:
        print(('# ' if args.tap else '') + json.dumps(campaign.summary(results)))


if __name__ == '__main__':
    main()
