#!/usr/bin/env python3
"""Random functions in the text form against an oracle in Python, in normal and stress mode.

    random_test.py --kir-run=build/tests/kir/kir_run [--first=S] [--count=N] [--target=aarch64]
    random_test.py --kir-run=... --minutes=30 --first=1 --stress=17     a long campaign
    random_test.py --kir-run=... --one=SEED                             cut that one down

A program is made from its seed (random_gen.py), run by random_eval.py, which knows docs/ir.md and
nothing of the code, and compared by kir_run. A failure is printed with its seed and written, cut
down, into the folder of --keep. --stress=K are the stress seeds K and K + 1; 0: none.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
import harness  # noqa: E402
import random_gen  # noqa: E402
import random_ir  # noqa: E402
import random_reduce  # noqa: E402

BATCH = 60


class Runner:
    def __init__(self, h, args):
        self.h, self.args = h, args
        self.command = [os.path.abspath(args.kir_run), '--target=' + args.target]
        if h.cross:
            self.command += ['--cc=aarch64-linux-gnu-gcc', '--cc-flags=-static',
                             '--exec=qemu-aarch64']

    def kir_run(self, text, modes):
        """Runs the text in the given modes; gives (ok, lines of output)."""
        with tempfile.TemporaryDirectory(dir=self.h.dir) as d:
            path = os.path.join(d, 'random.kir')
            with open(path, 'w') as f:
                f.write('\n'.join(text) + '\n')
            out, ok = [], True
            for first, last in modes:
                try:
                    p = subprocess.run(
                        [*self.command, '--first=%d' % first, '--seeds=%d' % last, path],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
                    lines, status = p.stdout.decode(errors='replace').splitlines(), p.returncode
                except subprocess.TimeoutExpired:
                    lines, status = ['timeout'], 1
                out += lines
                ok &= status == 0 and not any('# SKIP' in line for line in lines)
                if status < 0:
                    out.append('kir_run: signal %d' % -status)
            return ok, out

    def compile_also(self, name, text):
        """What kir_run ran, by `kiln compile` of this build and of the others ($KILN_ALSO); a Failure if they differ."""
        if not self.h.also:
            return
        path = self.h.write(name + '.kir', '\n'.join(text) + '\n')
        for first, last in self.modes():
            for seed in range(first, last + 1):
                self.h.kiln_object(path, path + '.o', ['--stress=%d' % seed] if seed else [])

    def modes(self):
        modes = [(0, 0)]
        k = self.args.stress
        if k == 1:
            return [(0, 2)]
        return modes + ([(k, k + 1)] if k else [])

    def kind(self, out):
        """The kind of failure: none, in compiling, in running."""
        text = '\n'.join(out)
        if re.search(r'random\.kir:\d+: (got|crashed)', text):
            return 'run'
        if re.search(r'# SKIP', text):
            return 'skip: ' + re.search(r'lines: (.*)', text).group(1)
        if not any(line.startswith('not ok') for line in out) and 'signal' not in text \
                and 'timeout' not in text:
            return ''
        message = re.search(r'error: (.*)', text)
        return 'compile: ' + re.sub(r"'[^']*'|\d+", '', message.group(1)) if message else 'crash'

    def reduce(self, program, why):
        """Cuts down a program that fails alone; gives its text, or None if it does not."""
        for modes in ([(0, 0)], [(1, 6)], [(1, 40)]):
            kind = self.kind(self.kir_run(random_ir.program_text(program), modes)[1])
            if kind:
                break
        else:
            return None, 'not alone: ' + why

        def fails(q):
            return self.kind(self.kir_run(random_ir.program_text(q), modes)[1]) == kind
        r = random_reduce.Reducer(program, self.args.target, fails, self.h.note)
        q = r.run()
        head = ['; %s%s' % (kind, ', stress seeds %d to %d' % modes[0] if modes[0][1] else '')]
        return head + random_ir.program_text(q), kind

    def batch(self, seeds):
        """Runs the programs of the seeds together; gives those that failed: {seed: why}."""
        programs = {}
        for s in seeds:
            p = random_gen.make(s, self.args.target, self.args.vectors)
            if p.vectors:
                programs[s] = p
        text, owner = [], []
        for s, p in programs.items():
            lines = random_ir.program_text(p)
            text += lines
            owner += [s] * len(lines)
        lines = sum(len(p.vectors) for p in programs.values())
        ok, out = self.kir_run(text, self.modes())
        if ok:
            self.compile_also('seeds%d' % seeds[0], text)
            return {}, len(programs), lines
        faults = {}
        for line in out:
            m = re.search(r'random\.kir:(\d+): (.*)', line)
            if m and int(m.group(1)) <= len(owner):
                faults.setdefault(owner[int(m.group(1)) - 1], m.group(2))
        if not faults or not any('random.kir:' in line and ('got' in line or 'crashed' in line)
                                 for line in out) \
                or any('SKIP' in line or 'error:' in line or 'many crashes' in line
                       for line in out):
            if len(seeds) == 1:
                return {seeds[0]: '; '.join(out)[:600]}, len(programs), lines
            faults = {}
            half = len(seeds) // 2
            for part in (seeds[:half], seeds[half:]):
                faults.update(self.batch(part)[0])
            if not faults:
                faults[seeds[0]] = 'only together up to %d: %s' % (seeds[-1], '; '.join(out)[:600])
        return faults, len(programs), lines

    def check(self, seeds):
        faults, functions, lines = self.batch(seeds)
        what = 'seeds %d to %d, %s: %d programs, %d lines' % (seeds[0], seeds[-1], self.args.target,
                                                              functions, lines)
        if not faults:
            self.h.ok(what)
        for n, (s, why) in enumerate(faults.items()):
            text = why
            if n < self.args.reduce:
                small, kind = self.reduce(random_gen.make(s, self.args.target, self.args.vectors),
                                          why)
                text = kind
                if small:
                    path = self.h.write('seed%d.kir' % s, '\n'.join(small) + '\n')
                    text = '%s\n%s\n%s' % (why, path, '\n'.join(small))
            self.h.fail('seed %d %s' % (s, self.args.target), text)
        return functions


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.formatter_class = argparse.RawDescriptionHelpFormatter
    p.epilog = __doc__.split('\n', 2)[2]
    p.add_argument('--kir-run', default='build/tests/kir/kir_run', help='the kir_run program')
    p.add_argument('--first', type=int, default=1, help='first seed')
    p.add_argument('--count', type=int, default=600, help='number of seeds')
    p.add_argument('--minutes',
                   type=float, help='as many seeds as this time allows, instead of --count')
    p.add_argument('--stress', type=int, default=1, metavar='K')
    p.add_argument('--vectors', type=int, default=4, help='vectors of arguments per program')
    p.add_argument('--reduce', type=int, default=1, metavar='N',
                   help='cut down N failures of a batch')
    p.add_argument('--one', type=int, metavar='SEED', help='cut down this one')
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    r = Runner(h, args)
    if args.one is not None:
        text, kind = r.reduce(random_gen.make(args.one, args.target, args.vectors), '')
        print('\n'.join(text or [kind]))
        return
    end = time.time() + args.minutes * 60 if args.minutes else None
    total = 0
    first = args.first
    while (time.time() < end) if end else first < args.first + args.count:
        last = first + BATCH * args.jobs
        if not end:
            last = min(last, args.first + args.count)
        groups = [list(range(n, min(n + BATCH, last))) for n in range(first, last, BATCH)]
        total += sum(n or 0 for n in h.each(r.check, groups))
        first = last
    print('# %d programs, seeds %d to %d' % (total, args.first, first - 1))
    h.finish()


if __name__ == '__main__':
    main()
