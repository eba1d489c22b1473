#!/usr/bin/env python3
"""Compares functions after inlining with the same functions before it, in the interpreter, on drawn inputs
(inlined.c): where one calls, the other runs a copy. Results, memory, calls of functions outside, traps and exceptions
are to be equal. The functions are those of the tests' programs: C and C++ of tests/run/programs, tests/run/debug and
bench/programs/debug, by clang without its passes and with them, and Rust; and those of a few files in LLVM's
text and in Kiln's.

    inlined.py [--tap] [--sample] [--inputs=N] [--seed=N] [--floor=N] [--only=PROGRAM] BUILD

Prints how many functions and inlined calls were compared, and why others were not. It fails if anything differs, or if
less than --floor functions had an input on which both ran to their ends."""
import argparse
import collections
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
sys.dont_write_bytecode = True
import harness  # noqa: E402

FOLDERS = ['tests/run/programs', 'tests/run/debug/programs', 'bench/programs/debug', 'tests/run/rustc/programs']
# Written for inlining, in LLVM's text and in Kiln's: bodies with slots, within each other; exceptions.
BY_HAND = ['proof/inlined.ll', 'tests/inlined/slots.ll', *('tests/kir/%s.kir' % name for name in (
    'calls', 'chain', 'forward', 'frame', 'inlined', 'memory', 'pieces', 'try', 'try_values', 'varargs', 'vectors'))]
SAMPLE = {'exceptions.cpp', 'struct_value.c', 'huffman.cpp', 'options.rs'}
# clang's own passes make other shapes of functions, of which many of the small ones are gone.
LEVELS = {'plain': ['-Xclang', '-disable-llvm-passes'], 'O1': []}
COUNTS = ['calls', 'calls compared', 'inputs compared', 'ended', 'undefined', 'endless', 'unsupported', 'unstable', 'overrun',
          'different', 'broken']
UNDECIDED = ['undefined', 'endless', 'unsupported', 'unstable', 'overrun']
KEEP = 40  # functions that are printed


def compile_program(source, out, level):
    """Bitcode of a program; None: what compiles it is not there, or refuses it."""
    name, kind = os.path.splitext(os.path.basename(source))
    if kind == '.kir':
        return shutil.copy(source, out)
    path = os.path.join(out, '%s%s.%s.bc' % (name, kind, level))
    if kind == '.rs':
        words = ['rustc', '--edition=2024', '-Awarnings', '-Copt-level=0', '-Ccodegen-units=1', '--emit=llvm-bc', source,
                 '-o', path]
    elif kind == '.ll':
        words = ['llvm-as-22', source, '-o', path]
    else:
        language = ['-std=c++20'] if kind == '.cpp' else []
        words = ['clang-22', *language, '-w', '-O1', *LEVELS[level], '-emit-llvm', '-c', source, '-o', path]
    return path if subprocess.run(words, stderr=subprocess.DEVNULL).returncode == 0 else None


def programs(args):
    for folder in FOLDERS:
        for source in sorted(glob.glob(os.path.join(ROOT, folder, '*'))):
            name, kind = os.path.basename(source), os.path.splitext(source)[1]
            if kind not in ('.c', '.cpp', '.rs') or args.only not in (None, name) or args.sample and name not in SAMPLE:
                continue
            if kind == '.rs' and not shutil.which('rustc'):
                continue
            for level in LEVELS if kind != '.rs' else ['rustc']:
                if not args.sample or level != 'O1':
                    yield source, level
    for name in BY_HAND:
        if args.only in (None, os.path.basename(name)):
            yield os.path.join(ROOT, name), 'as'


class Result:
    def __init__(self):
        self.functions, self.sums, self.reached, self.whole = set(), collections.Counter(), 0, 0
        self.skipped, self.wrong = collections.Counter(), []

    def add(self, name, text):
        for line in text.splitlines():
            word, _, rest = line.partition(' ')
            if word == 'function':
                self.add_function(line.split())
            elif word in ('different:', 'not') and not rest.startswith(('read', 'linked')):
                self.wrong.append(line)
            elif rest.startswith('read'):
                self.skipped[rest.rpartition(': ')[2] or 'assembly'] += 1

    def add_function(self, words):
        key, counts = tuple(words[1:-len(COUNTS)]), dict(zip(COUNTS, map(int, words[-len(COUNTS):])))
        if key in self.functions:
            return
        self.functions.add(key)
        self.sums.update(counts)
        self.reached += counts['inputs compared'] > 0
        self.whole += counts['calls'] == counts['calls compared']
        if counts['broken']:
            self.wrong.append('the process of %s ended' % key[0])


def run(args, source, level, out):
    path = compile_program(source, out, level)
    if path is None:
        return os.path.basename(source), 'not read: not compiled\n', 0
    some = ['--every=4'] if args.sample and level != 'as' else []
    words = [args.program, '--inputs=%d' % args.inputs, '--seed=%d' % args.seed, *some, path]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, errors='replace')
    os.unlink(path)
    return os.path.basename(source), done.stdout, done.returncode


def compare(args, out):
    result = Result()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(run, args, source, level, out) for source, level in programs(args)]
        for job in jobs:
            name, text, status = job.result()
            result.add(name, text)
            if status < 0:
                result.wrong.append('%s: signal %d' % (name, -status))
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--tap', action='store_true')
    p.add_argument('--sample', action='store_true')
    p.add_argument('--inputs', type=int, default=24)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--floor', type=int)
    p.add_argument('--only')
    p.add_argument('--jobs', type=int, default=min(4, os.cpu_count() or 1))
    p.add_argument('build')
    args = p.parse_args()
    args.program = os.path.join(os.path.abspath(args.build), 'tests/inlined/inlined')
    if args.floor is None:
        args.floor = 1 if args.only else 40 if args.sample else 5000
    h = harness.Harness(argparse.Namespace(keep=None, target='x86_64', clang='clang-22', kiln='clang'))
    try:
        result = compare(args, h.dir)
    finally:
        shutil.rmtree(h.dir)
    good = not result.wrong and result.reached >= args.floor
    if args.tap:
        print('1..1\n%s 1 - functions after inlining do what they do before' % ('ok' if good else 'not ok'))
    say = '# ' if args.tap else ''
    print('%sfunctions with inlined calls: %d; compared to an end: %d; all their calls, too: %d' % (
        say, len(result.functions), result.reached, result.whole))
    print('%sinlined calls: %d; that ran in a comparison: %d' % (say, result.sums['calls'], result.sums['calls compared']))
    print('%sinputs compared: %d, of which %d ended by a trap or an exception; undecided: %s; different: %d' % (
        say, result.sums['inputs compared'], result.sums['ended'],
        ', '.join('%s %d' % (name, result.sums[name]) for name in UNDECIDED), result.sums['different']))
    for why, n in sorted(result.skipped.items()):
        print('%snot read: %d: %s' % (say, n, why))
    for line in result.wrong[:KEEP]:
        print(say + line)
    return not good


if __name__ == '__main__':
    sys.exit(main())
