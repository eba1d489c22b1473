#!/usr/bin/env python3
"""Time of cargo's debug builds by the size of the crate: cold, and after an edit, by each way to generate code.

    sizes.py BUILD [--size=LINES,...] [--runs=N] [--cold-runs=N] [--builds=N] [--cranelift=TOOLCHAIN] [--write] [--work=FOLDER]

The crates are programs of 100, 1,000, 10,000 and 150,000 lines without dependencies, made of copies of the modules in
bench/programs/sizes. cargo's profile is `dev`, as it is. The ways are `cargo`, the same with one codegen unit, the shim
(`kiln cargo --no-bootstrap`), and Kiln as rustc's code generator, which has to be there (`kiln cargo --setup`, or
KILN_BACKEND). --cranelift=NIGHTLY adds Cranelift and LLVM by that toolchain of rustup's: Cranelift's ratio is to the latter.

A figure is the median of N runs (default 9; 5 cold builds of 150,000 lines), which alternate between the ways: user and
system time of cargo and of all that it starts. A run of a crate of up to 1,000 lines is four builds (--builds). An edit
changes a number in one function. The spread is the difference between the medians of `cargo`'s odd and even runs, in percent
of the median of all: if it is above 3, all ways are measured again, at most three times. The programs have to print the same.

Each size is kept in FOLDER (default: BUILD/cache/sizes) when it is done, so --size can measure one after the other; the table
has all that are kept. --write puts these into docs/figures.json, and the table into docs/debug-builds.md. On two cores without
other work, all sizes take some 25 minutes, of which 150,000 lines take 20.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys

import cargo_program
import figures

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = 100, 1000, 10000, 150000
# Modules in the order in which a crate has them, again and again: a tenth has much generic code, half has little code.
KINDS = 'ledger', 'units', 'machine', 'units', 'machine', 'units', 'machine', 'units', 'machine', 'units'
WIDEST, MOST_SERIES = 3.0, 3  # percent; series of runs


class Crate:
    """A package of about so many lines, each number of which is written anew by an edit."""

    def __init__(self, lines, folder):
        self.folder, self.steps = folder, 3
        self.texts = []
        for name in KINDS:
            with open(os.path.join(HERE, 'programs/sizes', name + '.rs')) as f:
                self.texts.append(f.read())
        count, total = 0, 0
        while total < lines * 0.95:
            total += self.texts[count % len(KINDS)].count('\n') + 2  # two lines of the program's are for each module
            count += 1
        main = ''.join('mod m%d;\n' % k for k in range(count)) + '\nfn main() {\n'
        main += ''.join('    println!("{}", m%d::run());\n' % k for k in range(count)) + '}\n'
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        source = os.path.join(os.path.dirname(folder), 'program.rs')
        with open(source, 'w') as f:
            f.write('#![allow(dead_code)]\n' + main)
        self.name = cargo_program.package(source, folder)
        for k in range(count):
            self.write(k)

    def write(self, k):
        with open(os.path.join(self.folder, 'src', 'm%d.rs' % k), 'w') as f:
            f.write(self.texts[k % len(KINDS)].replace('NUMBER', str(k)).replace('STEP', str(self.steps)))

    def edit(self):
        self.steps += 1
        self.write(0)


class Way:
    """A way to build a crate, in a folder of its own."""

    def __init__(self, crate, key, cargo, env):
        self.key = key
        self.words, self.env, self.program = cargo_program.build(crate.folder, crate.name, key, cargo, env)

    def build(self, cold):
        """Seconds of CPU time of a build."""
        if cold:
            shutil.rmtree(self.env['CARGO_TARGET_DIR'], ignore_errors=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(self.words, check=True, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def printed(self):
        return subprocess.run([self.program], check=True, stdout=subprocess.PIPE).stdout


def ways_of(crate, kiln, nightly):
    ways = [('cargo', ['cargo'], {}), ('one', ['cargo'], cargo_program.ONE_UNIT), ('shim', [kiln, 'cargo', '--no-bootstrap'], {}),
            ('kiln', [kiln, 'cargo'], {})]
    if nightly:
        ways += [('nightly', ['cargo', '+' + nightly], {}), ('cranelift', ['cargo', '+' + nightly], cargo_program.CRANELIFT)]
    return [Way(crate, *way) for way in ways]


def spread(seconds):
    return 100 * abs(statistics.median(seconds[0::2]) - statistics.median(seconds[1::2] or seconds)) / statistics.median(seconds)


def series(crate, ways, runs, builds, cold):
    """By way the seconds of each run."""
    result = {way.key: [] for way in ways}
    for i in range(runs):
        sums = dict.fromkeys(result, 0.0)
        for _ in range(builds):
            if not cold:
                crate.edit()
            for way in ways if i % 2 == 0 else ways[::-1]:
                sums[way.key] += way.build(cold)
        for key, seconds in sums.items():
            result[key].append(round(seconds / builds, 4))
    if len({way.printed() for way in ways}) != 1:
        sys.exit('%s: the programs print something else' % crate.folder)
    return result


def quiet_series(crate, ways, runs, builds, cold):
    """The first series that is quiet enough, or else the last one."""
    for count in range(1, MOST_SERIES + 1):
        seconds = series(crate, ways, runs, builds, cold)
        wide = spread(seconds['cargo'])
        print('  %s: spread %.1f %%; %s' % ('cold' if cold else 'edit', wide, ', '.join(
            '%s %.2f s' % (key, statistics.median(s)) for key, s in seconds.items())), file=sys.stderr, flush=True)
        if wide <= WIDEST:
            break
    return {'seconds': seconds, 'spread': wide, 'runs': runs, 'builds': builds, 'series': count}


def measure(lines, args, kiln):
    print('%d lines' % lines, file=sys.stderr, flush=True)
    crate = Crate(lines, os.path.join(args.work, str(lines), 'crate'))
    ways = ways_of(crate, kiln, args.cranelift)
    builds = args.builds or (4 if lines <= 1000 else 1)
    colds = args.cold_runs or (min(args.runs, 5) if lines > 10000 else args.runs)
    result = {'cold': quiet_series(crate, ways, colds, builds, True), 'edit': quiet_series(crate, ways, args.runs, builds, False)}
    shutil.rmtree(crate.folder)
    return result


def warm(args, kiln):
    """Builds a crate once by each way: what a first build sets up is no part of a figure. Kiln's ways have to be Kiln's."""
    crate = Crate(100, os.path.join(args.work, 'warm', 'crate'))
    stats = os.path.join(args.work, 'warm', 'stats')
    for way in ways_of(crate, kiln, args.cranelift):
        way.env['KILN_STATS'] = stats
        way.build(True)
        expected = {'shim': 'kiln', 'kiln': 'rustc'}.get(way.key)
        if expected:
            with open(stats) as f:
                found = {line.split('\t')[1] for line in f if line.startswith('unit\t')}
            if found != {expected}:
                sys.exit('%s: units are by %s, not by %s: is libkiln-shim.so built? Was `kiln cargo --setup` run, or is '
                         'KILN_BACKEND set?' % (way.key, ' and '.join(sorted(found)) or 'nobody', expected))
            os.unlink(stats)


def about(args):
    version = subprocess.run(['rustc', '--version'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return {**figures.about(args.machine), 'rustc': version, 'nightly': args.cranelift, 'units': figures.default_units()}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--size', default=','.join(map(str, SIZES)))
    p.add_argument('--runs', type=int, default=9)
    p.add_argument('--cold-runs', type=int)
    p.add_argument('--builds', type=int)
    p.add_argument('--cranelift', metavar='TOOLCHAIN')
    p.add_argument('--machine')
    p.add_argument('--write', action='store_true')
    p.add_argument('--work')
    args = p.parse_args()
    kiln = os.path.join(os.path.abspath(args.build), 'kiln')
    args.work = os.path.abspath(args.work or os.path.join(args.build, 'cache', 'sizes'))
    warm(args, kiln)
    kept = os.path.join(args.work, 'kept.json')
    sizes = {}
    if os.path.exists(kept):
        with open(kept) as f:
            sizes = json.load(f)
    for lines in map(int, args.size.split(',')):
        sizes[str(lines)] = {**about(args), **measure(lines, args, kiln)}
        with open(kept, 'w') as f:
            json.dump(sizes, f)
    print('\n'.join(figures.sizes({'sizes': sizes})))
    if args.write:
        figures.keep('sizes', sizes)


if __name__ == '__main__':
    main()
