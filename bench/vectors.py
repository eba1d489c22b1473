#!/usr/bin/env python3
"""Run time of vectorized programs: LLVM -O0 and Kiln from the same bitcode, which clang made at -O2.

vectors.py BUILD [--program=NAME]... [--runs=N] [--flags=FLAGS] [--json]

The programs are the loops of bench/programs/run/kernels.c, each by itself, and those of bench/programs/run/programs that are one file
of the project's own. Each run is made long enough for LLVM's to take about 60 ms; the time is the least user time of
N runs (default 5), one of each in turn. FLAGS are clang's, for example -march=haswell. A program whose output differs
fails the bench, and so does a geometric mean above 1.3.
"""
import configparser
import json
import math
import os
import resource
import shlex
import subprocess
import sys

from run_programs import command_line

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, 'programs/run')
BOUND = 1.3
LONG = 0.06  # seconds


def call(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f'{shlex.join(command)}: {done.stdout[-500:]}')
    return done.stdout


def build(kiln, work, source, flags):
    """The programs of both, from one bitcode."""
    base = os.path.join(work, os.path.basename(source)[:-2])
    call('clang-22', '-O2', '-w', '-fPIC', *flags, '-emit-llvm', '-c', source, '-o', base + '.bc')
    call('llc-22', '-O0', '-relocation-model=pic', '-filetype=obj', base + '.bc', '-o', base + '.llvm.o')
    call(kiln, 'compile', base + '.bc', '-o', base + '.kiln.o')
    for which in ('llvm', 'kiln'):
        call('gcc', f'{base}.{which}.o', '-lm', '-o', f'{base}.{which}')
    return base


def run(program, arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'{program} {shlex.join(arguments)}: exit status {done.returncode}')
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done.stdout


def rounds(base, name):
    """How often a kernel is run."""
    n = 200
    while True:
        seconds = run(base + '.llvm', [name, str(n)])[0]
        if seconds > LONG / 2:
            return str(int(n * LONG / seconds) + 1)
        n *= 4


def measure(base, arguments, runs):
    seconds, outputs = {'llvm': math.inf, 'kiln': math.inf}, {}
    for _ in range(runs):
        for which in seconds:
            s, outputs[which] = run(f'{base}.{which}', arguments)
            seconds[which] = min(s, seconds[which])
    return seconds, outputs['llvm'] == outputs['kiln']


def main():
    given = command_line(__doc__, {'runs': 5, 'flags': '', 'json': False})
    folder, names, runs, as_json = given['build'], given['program'], given['runs'], given['json']
    flags = shlex.split(given['flags'])
    kiln, work = os.path.join(folder, 'kiln'), os.path.join(folder, 'bench', 'vectors')
    os.makedirs(work, exist_ok=True)
    kernels = build(kiln, work, os.path.join(RUN, 'kernels.c'), flags)
    programs = [(n, kernels, None) for n in run(kernels + '.llvm', [])[1].split()]
    lists = configparser.ConfigParser(interpolation=None, delimiters=('=',), comment_prefixes=('#',))
    lists.read(os.path.join(RUN, 'programs'))
    for name in lists.sections():
        keys = lists[name]
        words = shlex.split(keys['run'])
        if 'package' in keys or 'input' in keys or words[0] != '$PROGRAM' or '$' in ' '.join(words[1:]):
            continue
        if not names or name in names:
            base = build(kiln, work, os.path.join(RUN, os.path.basename(keys['files'])), flags)
            programs.append((name, base, words[1:]))
    rows = []
    for name, base, arguments in programs:
        if names and name not in names:
            continue
        arguments = arguments if arguments is not None else [name, rounds(base, name)]
        seconds, same = measure(base, arguments, runs)
        rows.append({'name': name, 'seconds': seconds, 'same': same, 'ratio': seconds['kiln'] / seconds['llvm']})
        if not as_json:
            print(f"{name:<12} LLVM -O0 {seconds['llvm']:.3f} s   Kiln {seconds['kiln']:.3f} s   {rows[-1]['ratio']:5.2f}"
                  + ('' if same else '   their output differs'), flush=True)
    if not rows:
        sys.exit('no such program')
    mean = math.exp(sum(math.log(r['ratio']) for r in rows) / len(rows))
    if as_json:
        json.dump({'programs': rows, 'mean': mean}, sys.stdout, indent=1)
        print()
    else:
        print(f'{len(rows)} programs, geometric mean {mean:.3f}, bound {BOUND}')
    sys.exit(mean > BOUND or not all(r['same'] for r in rows))


if __name__ == '__main__':
    main()
