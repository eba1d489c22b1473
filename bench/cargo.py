#!/usr/bin/env python3
"""Time of cargo's debug builds: `cargo build` and `kiln cargo build` of a program with many dependencies.

cargo.py BUILD [--ways=NAME,...] [--colds=N] [--edits=N] [--opt-level=0|1] [--debug=N] [--jobs=N] [--linker=NAME] [--parts]
         [--nightly=TOOLCHAIN] [--json] [--work=FOLDER] [--target=aarch64]

The program is bench/programs/cargo, at the versions that its Cargo.lock has; its sources come from crates.io. Ways (default: cargo and
shim): `cargo` (LLVM), `shim` (`kiln cargo --no-bootstrap`), `kiln` (`kiln cargo` after `kiln cargo --setup`, which has to be
done before), `shim-inline` and `kiln-inline` (with --inline), and with --nightly=TOOLCHAIN of rustup's `nightly` (LLVM) and
`cranelift` (its component rustc-codegen-cranelift-preview).

Seconds are the processor's, user and system, of cargo and all that it started. Of --colds builds of everything (default 3),
alternately, the least counts of each way; then a number in the program's own source is changed --edits times (default 11),
all ways build again, alternating which is first, and the median counts. Ratios are to `cargo`, of `cranelift` to `nightly`;
those after an edit are medians of ratios. --opt-level and --debug are those of all crates (0 and 2), the linker is rustc's
own or what gcc's -fuse-ld= knows. Fails if a build fails, if Kiln did not compile all units of one of its ways, or if what the
programs print or their tests' results differ.

The parts of the fastest cold build of each of Kiln's ways are those of KILN_STATS; the last of them is what is neither in rustc
nor in the linker: cargo, build scripts, assemblers. --parts builds again, as often, for those of LLVM: by `kiln cargo`, with an
option for LLVM that changes nothing and makes Kiln leave every unit to LLVM. --target=aarch64: everything is built for that
target, and the program and its tests run under qemu.
"""
import argparse
import collections
import json
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys

import cargo_program

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../tests/harness'))
import harness  # noqa: E402
SOURCE = os.path.join(HERE, 'programs/cargo')


# By name: the words before `build`, where KILN stands for Kiln's program and TOOLCHAIN for --nightly's, the environment, and
# who is to compile all units, by the word of KILN_STATS.
WAYS = {'cargo': (['cargo'], {}, None),
        'shim': (['KILN', 'cargo', '--no-bootstrap'], {}, 'kiln'),
        'shim-inline': (['KILN', 'cargo', '--no-bootstrap', '--inline'], {}, 'kiln'),
        'kiln': (['KILN', 'cargo'], {}, 'rustc'),
        'kiln-inline': (['KILN', 'cargo', '--inline'], {}, 'rustc'),
        'nightly': (['cargo', '+TOOLCHAIN'], {}, None),
        'cranelift': (['cargo', '+TOOLCHAIN'], cargo_program.CRANELIFT, None)}


def base_of(name):
    return 'nightly' if name == 'cranelift' else 'cargo'


class Side:
    """One of the ways to build: a command, a folder of sources of its own, and an environment."""

    def __init__(self, name, args, kiln, way=None, **env):
        words, more, self.by = WAYS[way or name]
        self.name, self.kiln = name, kiln
        self.command = [word.replace('KILN', kiln).replace('TOOLCHAIN', args.nightly or '') for word in words]
        self.folder = os.path.join(args.work, name)
        self.target = os.path.join(self.folder, 'target')
        self.stats = os.path.join(self.folder, 'stats')
        self.fastest, self.seconds = os.path.join(self.folder, 'fastest'), math.inf
        self.cross = args.target == 'aarch64'
        self.env = dict(os.environ, CARGO_TARGET_DIR=self.target, CARGO_PROFILE_DEV_OPT_LEVEL=args.opt_level,
                        CARGO_PROFILE_DEV_DEBUG=args.debug)
        if args.opt_level != '0':
            self.env['KILN_OPT_LEVEL'] = args.opt_level
        if args.jobs:
            self.env['CARGO_BUILD_JOBS'] = args.jobs
        if args.linker:
            self.env['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS'] = '-Clink-arg=-fuse-ld=' + args.linker
        self.env.update(harness.cargo_for('aarch64') if self.cross else {}, **more, **env)
        shutil.rmtree(os.path.join(self.folder, 'src'), ignore_errors=True)
        shutil.copytree(SOURCE, self.folder, dirs_exist_ok=True)

    def run(self, words, stats=False):
        """What it printed, and its seconds."""
        env = dict(self.env, KILN_STATS=self.stats) if stats else self.env
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, errors='replace')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit('%s: exit status %d: %s\n%s' % (self.name, done.returncode, ' '.join(words), done.stderr[-2000:]))
        return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def build(self, stats=False, words=('build',)):
        return self.run([*self.command, words[0], '--locked', '--offline', *words[1:]], stats)[1]

    def cold(self):
        shutil.rmtree(self.target, ignore_errors=True)
        if os.path.exists(self.stats):
            os.unlink(self.stats)
        seconds = self.build(stats=self.command[0] == self.kiln)
        by = self.by_whom() if self.by else {}
        if self.by and (not by[self.by] or (self.by != 'llvm' and by['llvm'])):
            sys.exit('%s: units are compiled by %s, and %s was asked: is libkiln-shim.so built, was `kiln cargo --setup` run?'
                     % (self.name, dict(by), self.by))
        if self.by and seconds < self.seconds:
            shutil.copy(self.stats, self.fastest)
            self.seconds = seconds
        return seconds

    def by_whom(self):
        """How many units each compiled in the last cold build: kiln, rustc with Kiln inside, llvm."""
        with open(self.stats) as f:
            return collections.Counter(line.split('\t')[1] for line in f if line.startswith('unit\t'))

    def parts(self):
        """The rows of KILN_STATS' table for the fastest cold build."""
        self.table = self.run([self.kiln, 'stats', self.fastest])[0]
        parts = [(name.strip(), float(s)) for name, s in re.findall(r'(?m)^  (\S.*?)\s+([\d.]+) s\s+[\d.]+ %$', self.table)]
        return parts + [('the rest', max(0, self.seconds - sum(s for _, s in parts)))]

    def edit(self, width):
        """Changes a number, the width of a column, and builds again."""
        path = os.path.join(self.folder, 'src', 'report.rs')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(re.sub(r'account:<\d+', 'account:<%d' % width, text, count=1))
        return self.build()

    def behaviour(self):
        """What the program prints, and its tests' results."""
        folder = os.path.join(self.target, *([harness.AARCH64] if self.cross else []), 'debug')
        program = [*(harness.QEMU if self.cross else []), os.path.join(folder, 'ledger')]
        out = self.run([*program, '--number=3000'])[0] + self.run([*program, '--format=table', '--accounts=^(rent|food)$'])[0]
        tests = self.run(self.command + ['test', '--locked', '--offline', '--quiet', '--', '--test-threads=1'])[0]
        return out, re.findall(r'(?m)^test result: .*?filtered out', tests)


def measure(sides, args):
    """Seconds by way, of cold builds and of builds after an edit."""
    cold, edits = {s.name: [] for s in sides}, {s.name: [] for s in sides}
    for kind, count, found in (('cold', args.colds, cold), ('edit', args.edits, edits)):
        if kind == 'edit':
            for side in sides:
                side.build()  # after what the tests left
        for i in range(count):
            for side in sides if i % 2 == 0 else sides[::-1]:
                found[side.name].append(side.cold() if kind == 'cold' else side.edit(13 + i))
            print(kind, ', '.join('%s %.2f s' % (s.name, found[s.name][-1]) for s in sides), file=sys.stderr, flush=True)
        expected = sides[0].behaviour() if kind == 'cold' and count else None
        for side in sides[1:] if expected else []:
            if side.behaviour() != expected:
                sys.exit('%s: the program, or its tests, print something else' % side.name)
    return cold, edits


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--ways', default='cargo,shim')
    p.add_argument('--colds', type=int, default=3)
    p.add_argument('--edits', type=int, default=11)
    p.add_argument('--opt-level', default='0')
    p.add_argument('--debug', default='2')
    p.add_argument('--jobs')
    p.add_argument('--linker')
    p.add_argument('--parts', action='store_true')
    p.add_argument('--nightly', metavar='TOOLCHAIN')
    p.add_argument('--json', action='store_true')
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    p.add_argument('--work', help='a folder for sources and builds; default: in BUILD/cache')
    args = p.parse_args()
    kiln = os.path.join(os.path.abspath(args.build), 'kiln')
    args.work = os.path.abspath(args.work or os.path.join(args.build, 'cache', 'cargo-bench'))
    ways = args.ways.split(',')
    missing = {base_of(name) for name in ways} - set(ways)
    if missing or not set(ways) <= set(WAYS) or ('nightly' in ways and not args.nightly):
        p.error('unknown ways, or what they are compared with is missing: ' + ', '.join(missing or ways))
    sides = [Side(name, args, kiln) for name in ways]
    sides[0].run(['cargo', 'fetch', '--locked', '--quiet', '--target', 'x86_64-unknown-linux-gnu', '--target', harness.AARCH64])
    cold, edits = measure(sides, args)
    parts = {s.name: s.parts() for s in sides if s.by and args.colds}
    if args.parts:
        side = Side('llvm-parts', args, kiln, way='shim', RUSTFLAGS='-Cllvm-args=-x86-asm-syntax=att')
        side.by = 'llvm'
        for _ in range(max(1, args.colds)):
            side.cold()
        parts['cargo'] = side.parts()
    result = {'opt-level': args.opt_level, 'debug': args.debug, 'cold': cold, 'edit': edits, 'parts': parts,
              'tables': {s.name: s.table for s in sides if s.by and args.colds},
              'units': {s.name: s.by_whom() for s in sides if s.by and args.colds},
              'ratios': {name: {'cold': min(cold[name]) / min(cold[base_of(name)]) if args.colds else None,
                                'edit': statistics.median(a / b for a, b in zip(edits[name], edits[base_of(name)])) if args.edits else None}
                         for name in ways}}
    if args.json:
        print(json.dumps(result, indent=1))
        return
    for name in ways:
        cells = [f'{kind}: {of(found[name]):.2f} s, {result["ratios"][name][kind]:.3f}' for kind, of, found in
                 (('cold', min, cold), ('edit', statistics.median, edits)) if found[name]]
        print(f'{name:<12} ' + '; '.join(cells))
    for name, rows in parts.items():
        for part, seconds in rows:
            print('  %-12s %-34s %8.2f s' % (name, part, seconds))


if __name__ == '__main__':
    main()
