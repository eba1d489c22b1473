#!/usr/bin/env python3
"""Tests bench/branches.c on branches whose predictability is known. Prints TAP.

A program has a branch that is taken every other time, one that a generator of random numbers decides, one that
repeats a pattern of six, calls through a pointer that alternates, and one that is random: the first must be predicted
except at the beginning, the random ones mispredicted about every other time. The pattern is short: what the model
learns of a long one depends on the branches before it, those of the C library's start, which depend on the processor.
"""
import os
import re
import subprocess
import sys
import tempfile

RUNS = 20000
PROGRAM = r'''
#define NEVER_IN_LINE __attribute__((noinline))
/* the branch is one in the machine code too */
#define BRANCH(name) \
  NEVER_IN_LINE void name(unsigned bit) { if (bit) __asm__ volatile("nop"); __asm__ volatile(""); }
BRANCH(alternating) BRANCH(pattern) BRANCH(random_bit)
NEVER_IN_LINE void one(void) { __asm__ volatile(""); }
NEVER_IN_LINE void two(void) { __asm__ volatile("nop"); }
NEVER_IN_LINE void call_alternating(void (*volatile *f)(void)) { (*f)(); __asm__ volatile(""); }
NEVER_IN_LINE void call_random(void (*volatile *f)(void)) { (*f)(); __asm__ volatile(""); }
int main(void) {
  void (*volatile f[2])(void) = {one, two};
  unsigned state = 1;
  for (unsigned i = 0; i < RUNS; i++) {
    alternating(i & 1);
    pattern(0x2cu >> i % 6 & 1);
    call_alternating(&f[i & 1]);
  }
  for (unsigned i = 0; i < RUNS; i++) {
    state = state * 1103515245u + 12345u;
    random_bit(state >> 30 & 1);
  }
  for (unsigned i = 0; i < RUNS; i++) {
    state = state * 1103515245u + 12345u;
    call_random(&f[state >> 30 & 1]);
  }
}
'''
EXPECTED = [  # function, share of mispredictions: from, to
    ('alternating', 0.0, 0.02), ('pattern', 0.0, 0.02), ('call_alternating', 0.0, 0.02),
    ('random_bit', 0.3, 0.7), ('call_random', 0.3, 0.7)]


def shell(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure(folder):
    """Function -> mispredictions of its branch for each run of it."""
    here = os.path.dirname(os.path.abspath(__file__))
    plugin, program, lines = (os.path.join(folder, name) for name in ('branches.so', 'program', 'lines'))
    shell('gcc', '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-fvisibility=hidden',
          '-o', plugin, os.path.join(here, '..', '..', 'bench', 'branches.c'))
    source = program + '.c'
    with open(source, 'w') as f:
        f.write(PROGRAM.replace('RUNS', str(RUNS)))
    shell('gcc', '-O1', '-static', '-no-pie', '-o', program, source)
    outputs = []
    for _ in range(2):
        shell('qemu-x86_64', '-plugin', plugin + ',out=' + lines, program)
        with open(lines) as f:
            outputs.append(f.read())
    same = outputs[0] == outputs[1]
    entry = int(re.search(r'Entry point address: +0x([0-9a-f]+)', shell('readelf', '-h', program)).group(1), 16)
    names = {}
    for line in shell('nm', '-S', '--defined-only', program).splitlines():
        row = line.split()
        if len(row) == 4:
            names[row[3]] = (int(row[0], 16) - entry, int(row[1], 16))
    shares = {}
    for name, _, _ in EXPECTED:
        start, size = names[name]
        wrong = sum(row[5] for row in map(lambda l: [int(x) for x in l.split()], outputs[0].splitlines())
                    if start <= row[2] < start + size)
        shares[name] = wrong / RUNS
    return shares, same


def main():
    print('1..%d' % (len(EXPECTED) + 1))
    if '-plugin ' not in subprocess.run(['qemu-x86_64', '-help'], capture_output=True, text=True).stdout:
        for number in range(1, len(EXPECTED) + 2): print('ok %d # SKIP this qemu-x86_64 takes no plugins' % number)
        return
    with tempfile.TemporaryDirectory() as folder:
        shares, same = measure(folder)
    bad = 0
    for number, (name, least, most) in enumerate(EXPECTED, 1):
        ok = least <= shares[name] <= most
        bad += not ok
        print('%sok %d - %s: %.4f mispredictions for each run' % ('' if ok else 'not ', number, name, shares[name]))
    print('%sok %d - the same in each run' % ('' if same else 'not ', len(EXPECTED) + 1))
    sys.exit(bad > 0 or not same)


if __name__ == '__main__':
    main()
