#!/usr/bin/env python3
"""edits.py CLAY [EDITS] [--threads=N] [--seed=N]: edits the file of a program in Clay while its loop runs in N threads
(default 4), EDITS times (default 10,000), as CLAY_LIVE has it (live.c). Each edit is random: functions get another body,
come, or only move; some edits are wrong, and replace nothing. After each, every thread's answer is that of a fresh run of
the last file without errors, in a process of its own. Statics are kept: one counts the edits, another was changed by the
program's statements. Speaks TAP."""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

N_FUNCTIONS = 6


def expression(rng, names, depth):
    """An int of the names; no division by zero."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(names) if rng.random() < 0.7 else str(rng.randrange(1000))
    a, b = expression(rng, names, depth - 1), expression(rng, names, depth - 1)
    op = rng.choice(['+', '-', '*', '&', '|', '^', '/', '%', '<<', '>>'])
    return '(%s %s (%s & 15 | 1))' % (a, op, b) if op in '/%<<>>' else '(%s %s %s)' % (a, op, b)


class Program:
    """Functions call those with a greater number, so that every program ends. Few of them exist at first."""

    def __init__(self, rng):
        self.rng = rng
        self.functions = {}
        self.blanks = 0
        self.base = rng.randrange(1 << 40)
        for k in range(N_FUNCTIONS - 2, N_FUNCTIONS):
            self.functions[k] = self.body(k)
        self.step = self.body(-1)

    def body(self, k):
        rng = self.rng
        names = ['n', 'base', 'ticks'] + ['f%d(n + %d)' % (j, rng.randrange(9)) for j in self.functions if j > k]
        lines = ['  var x = ' + expression(rng, names, 3)]
        if rng.random() < 0.5:
            lines.append('  for i in 0..%d { x = x + %s }' % (rng.randrange(1, 5), expression(rng, ['i'] + names, 2)))
        if rng.random() < 0.3:
            lines.append("  if x %% 2 == 0 { x = x ^ '{' } // %s" % rng.choice(['}', '{', '"', "it's"]))
        return '\n'.join(lines + ['  return x'])

    def edit(self):
        """Changes the program; returns whether the file is to have an error."""
        rng = self.rng
        for _ in range(rng.randrange(1, 4)):
            k = rng.randrange(-1, N_FUNCTIONS)
            if k < 0:
                self.step = self.body(k)
            else:
                self.functions[k] = self.body(k)
        self.blanks = rng.randrange(3)
        return rng.random() < 0.1

    def text(self, wrong=False):
        space = '\n' * self.blanks
        parts = ['var ticks = 0\nvar base = %d\nbase = base + 1\n' % self.base, 'fn tick() { ticks += 1 }\n']
        parts += ['fn f%d(n: int) -> int {\n%s\n}\n' % f for f in sorted(self.functions.items())]
        step = self.step + (' + nothing' if wrong else '')
        return space.join(parts + ['fn step(n: int) -> int {\n%s\n}\n' % step])


def fresh(clay, path, text, ticks, n):
    """What a new process gets after as many ticks."""
    with open(path, 'w') as f:
        f.write(text + 'for i in 0..%d { tick() }\nprint(step(%d))\n' % (ticks, n))
    return int(subprocess.run([clay, '--jit', path], check=True, capture_output=True, timeout=60).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('clay')
    p.add_argument('edits', type=int, nargs='?', default=10000)
    p.add_argument('--threads', type=int, default=4)
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    rng = random.Random(args.seed)
    clay = os.path.abspath(args.clay)
    program = Program(rng)
    wrong_edits, answers, failures = 0, set(), []
    with tempfile.TemporaryDirectory(prefix='clay-edits-') as work:
        path, other = os.path.join(work, 'live.clay'), os.path.join(work, 'fresh.clay')
        good = program.text()
        with open(path, 'w') as f:
            f.write(good)
        said = open(os.path.join(work, 'stderr'), 'w+')
        with subprocess.Popen([clay, '--jit', path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                              env=dict(os.environ, CLAY_LIVE=str(args.threads))) as live:
            for k in range(1, args.edits + 1):
                wrong = program.edit()
                wrong_edits += wrong
                with open(path, 'w') as f:
                    f.write(program.text(wrong))
                if not wrong:
                    good = program.text()
                n = rng.randrange(1 << 20)
                live.stdin.write('%d\n' % n)
                live.stdin.flush()
                got = [int(word) for word in live.stdout.readline().split()]
                want = fresh(clay, other, good, k, n)
                answers.add(want)
                if got != [want] * args.threads:
                    failures.append('edit %d: the threads have %s, a fresh run has %d; the file:\n%s' % (k, got, want, good))
                    break
            live.stdin.close()
            if live.wait(timeout=60) != 0:
                failures.append('the program ended with %d' % live.returncode)
        said.seek(0)
        messages = re.findall("error: unknown name 'nothing'", said.read())
        if len(messages) != wrong_edits and not failures:
            failures.append('%d messages for %d wrong edits' % (len(messages), wrong_edits))
        if len(answers) < args.edits / 2 and not failures:
            failures.append('only %d different answers' % len(answers))
    for what in failures:
        print('# ' + what.replace('\n', '\n# '))
    print('# %d edits, %d of them wrong, %d different answers' % (args.edits, wrong_edits, len(answers)))
    print('%sok 1 - functions of a loop in %d threads are replaced\n1..1' % ('not ' if failures else '', args.threads))
    return bool(failures)


if __name__ == '__main__':
    sys.exit(main())
