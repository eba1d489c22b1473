#!/usr/bin/env python3
"""Time of cargo's debug builds: `cargo build` and `kiln cargo build` of a program with many dependencies.

cargo.py BUILD [--colds=N] [--edits=N] [--opt-level=0|1] [--debug=N] [--jobs=N] [--linker=NAME] [--parts]
         [--cranelift=TOOLCHAIN] [--json] [--work=FOLDER] [--target=aarch64]

The program is bench/cargo, at the versions that its Cargo.lock has; its sources come from crates.io. Seconds are the
processor's, user and system, of cargo and all that it started. Of --colds builds of everything (default 3), alternately, the
least counts of each side; then a number in the program's own source is changed --edits times (default 11), both sides build
again, alternating which is first, and the median of the ratios counts. --opt-level and --debug are those of all crates (0 and 2), the linker is
rustc's own or what gcc's -fuse-ld= knows. Fails if a build fails, or what the programs print or their tests' results differ.

The parts of Kiln's last cold build are those of KILN_STATS; the last of them is what is neither in rustc nor in the linker: cargo,
build scripts, assemblers. --parts builds once more for those of LLVM: by `kiln cargo`, with an option for LLVM that changes
nothing and makes Kiln leave every unit to LLVM. --cranelift=nightly builds everything with that toolchain of rustup's,
--nightly-colds times (default 5), alternately by LLVM, by its component rustc-codegen-cranelift-preview, by Kiln's shim, and
by Kiln as its code generator if `kiln cargo --setup +TOOLCHAIN` was run; by each but LLVM also with one codegen unit. Then the
program is edited --nightly-edits times (default 7): seconds by the clock from the edit to the end of its tests, medians.
--target=aarch64: everything is built for that target, and the program and its tests run under qemu.
"""
import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

import cargo_program

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../tests/harness'))
import harness  # noqa: E402
SOURCE = os.path.join(HERE, 'cargo')


class Side:
    """One of the ways to build: a command, a folder of sources of its own, and an environment."""

    def __init__(self, name, command, work, args, **env):
        self.name, self.command = name, command
        self.folder = os.path.join(work, name)
        self.target = os.path.join(self.folder, 'target')
        self.cross = args.target == 'aarch64'
        self.env = dict(os.environ, CARGO_TARGET_DIR=self.target, CARGO_PROFILE_DEV_OPT_LEVEL=args.opt_level,
                        CARGO_PROFILE_DEV_DEBUG=args.debug, KILN_OPT_LEVEL=args.opt_level, KILN_LOG=os.path.join(self.folder, 'log'))
        if args.jobs:
            self.env['CARGO_BUILD_JOBS'] = args.jobs
        if args.linker:
            self.env['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS'] = '-Clink-arg=-fuse-ld=' + args.linker
        self.env.update(harness.cargo_for('aarch64') if self.cross else {}, **env)
        self.err = ''
        shutil.rmtree(os.path.join(self.folder, 'src'), ignore_errors=True)
        shutil.copytree(SOURCE, self.folder, dirs_exist_ok=True)

    def run(self, words, stats=False):
        """What it printed, and its seconds."""
        env = dict(self.env, KILN_STATS='1') if stats else self.env
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, errors='replace')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit('%s: exit status %d: %s\n%s' % (self.name, done.returncode, ' '.join(words), done.stderr[-2000:]))
        self.err = done.stderr
        return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def build(self, stats=False, words=('build',)):
        return self.run([*self.command, words[0], '--locked', '--offline', *words[1:]], stats)[1]

    def cold(self):
        shutil.rmtree(self.target, ignore_errors=True)
        return self.build(stats=self.name == 'kiln')

    def edit(self, width, *words):
        """Changes a number, the width of a column, and builds again, or does what the words for cargo say."""
        path = os.path.join(self.folder, 'src', 'report.rs')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(re.sub(r'account:<\d+', 'account:<%d' % width, text, count=1))
        return self.build(words=words or ('build',))

    def behaviour(self):
        """What the program prints, and its tests' results."""
        folder = os.path.join(self.target, *([harness.AARCH64] if self.cross else []), 'debug')
        program = [*(harness.QEMU if self.cross else []), os.path.join(folder, 'ledger')]
        out = self.run([*program, '--number=3000'])[0] + self.run([*program, '--format=table', '--accounts=^(rent|food)$'])[0]
        tests = self.run(self.command + ['test', '--locked', '--offline', '--quiet', '--', '--test-threads=1'])[0]
        return out, re.findall(r'(?m)^test result: .*?filtered out', tests)


def parts_of(text):
    """The rows of KILN_STATS' table: name, seconds."""
    return [(name.strip(), float(seconds)) for name, seconds in re.findall(r'(?m)^  (\S.*?)\s+([\d.]+) s\s+[\d.]+ %$', text)]


def all_parts(side, seconds):
    parts = parts_of(side.err)
    return parts + [('the rest', max(0, seconds - sum(s for _, s in parts)))]


def others(args, work, kiln):
    """Seconds and parts of the builds that --parts and --cranelift ask for."""
    result = {}
    if args.parts:
        side = Side('llvm-parts', [kiln, 'cargo'], work, args, RUSTFLAGS='-Cllvm-args=-x86-asm-syntax=att')
        shutil.rmtree(side.target, ignore_errors=True)
        result['llvm_parts'] = all_parts(side, side.build(stats=True))
    if args.cranelift:
        result['cranelift'] = beside_cranelift(args, work, kiln)
    return result


LINKER = """#!/bin/sh
begin=$(date +%s.%N); cc "$@"; status=$?
echo "$begin $(date +%s.%N)" >> {log}
exit $status
"""


def edits_to_tests(sides, count):
    """By side: the median seconds by the clock from an edit to the end of the program's tests, and those of linkers in it."""
    found = {side.name: [] for side in sides}
    for side in sides:
        side.log, script = os.path.join(side.folder, 'linkers'), os.path.join(side.folder, 'linker')
        with open(script, 'w') as f:
            f.write(LINKER.format(log=side.log))
        os.chmod(script, 0o755)
        side.env['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER'] = script
    for i in range(count + 1):  # the first one builds what the linker's name changes
        for side in sides if i % 2 == 0 else sides[::-1]:
            open(side.log, 'w').close()
            begin = time.monotonic()
            side.edit(13 + i, 'test', '--quiet')
            seconds = time.monotonic() - begin
            with open(side.log) as f:
                linking = sum(float(b) - float(a) for a, b in map(str.split, f))
            found[side.name].append((seconds, linking))
    return {name: [statistics.median(column) for column in zip(*rows[1:])] for name, rows in found.items()}


def beside_cranelift(args, work, kiln):
    """Seconds of cold builds by each way that --cranelift's toolchain has."""
    cargo, of = ['cargo', '+' + args.cranelift], {}
    ways = [('cranelift', cargo, cargo_program.CRANELIFT), ('shim', [kiln, 'cargo', '--no-bootstrap', cargo[1]], {}),
            ('kiln', [kiln, *cargo], {})]
    sides = [Side('nightly', cargo, work, args)]
    for name, command, env in ways:
        sides += [Side('nightly-' + name, command, work, args, **env),
                  Side('nightly-%s-1' % name, command, work, args, **env, **cargo_program.ONE_UNIT)]
    for i in range(args.nightly_colds):
        for side in sides if i % 2 == 0 else sides[::-1]:
            open(side.env['KILN_LOG'], 'w').close()
            of.setdefault(side.name, []).append(side.cold())
            print('cold  %-20s %8.2f s' % (side.name, of[side.name][-1]), file=sys.stderr, flush=True)
    units, expected = {}, sides[0].behaviour()
    for side in sides:
        if side.behaviour() != expected:
            sys.exit('%s: the program, or its tests, print something else' % side.name)
        with open(side.env['KILN_LOG']) as f:
            lines = f.readlines()
        units[side.name] = len(lines), sum(': compiled by LLVM: ' in line for line in lines)
    plain = [side for side in sides if not side.name.endswith('-1')]
    edits = edits_to_tests(plain, args.nightly_edits)
    for side in sides:
        shutil.rmtree(side.target, ignore_errors=True)
    return {'seconds': of, 'units': units, 'edits': edits, 'toolchain': sides[0].run(['rustc', cargo[1], '--version'])[0].strip()}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--colds', type=int, default=3)
    p.add_argument('--edits', type=int, default=11)
    p.add_argument('--opt-level', default='0')
    p.add_argument('--debug', default='2')
    p.add_argument('--jobs')
    p.add_argument('--linker')
    p.add_argument('--parts', action='store_true')
    p.add_argument('--cranelift', metavar='TOOLCHAIN')
    p.add_argument('--nightly-colds', type=int, default=5)
    p.add_argument('--nightly-edits', type=int, default=7)
    p.add_argument('--json', action='store_true')
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    p.add_argument('--work', help='a folder for sources and builds; default: in BUILD/cache')
    args = p.parse_args()
    kiln = os.path.join(os.path.abspath(args.build), 'kiln')
    work = os.path.abspath(args.work or os.path.join(args.build, 'cache', 'cargo-bench'))
    sides = [Side('llvm', ['cargo'], work, args), Side('kiln', [kiln, 'cargo'], work, args)]
    sides[0].run(['cargo', 'fetch', '--locked', '--quiet', '--target', 'x86_64-unknown-linux-gnu', '--target', harness.AARCH64])
    cold, edits, parts = {s.name: [] for s in sides}, {s.name: [] for s in sides}, []
    for i in range(args.colds):
        for side in sides if i % 2 == 0 else sides[::-1]:
            open(side.env['KILN_LOG'], 'w').close()
            cold[side.name].append(side.cold())
            if side.name == 'kiln':
                parts = all_parts(side, cold['kiln'][-1])
            print('cold  %-4s %8.2f s' % (side.name, cold[side.name][-1]), file=sys.stderr, flush=True)
            if side.name == 'kiln':
                print(side.err[side.err.find('kiln: '):], file=sys.stderr, flush=True)
    with open(sides[1].env['KILN_LOG'], 'a+') as f:  # there is none without a cold build
        f.seek(0)
        lines = f.readlines()
    by_llvm = sum(': compiled by LLVM: ' in line for line in lines)
    crates = len(set(re.findall(r'(?m)^\s*Compiling (\S+ v\S+)', sides[1].err)))
    if args.colds and sides[0].behaviour() != sides[1].behaviour():
        sys.exit('the programs, or their tests, print something else')
    for side in sides:
        side.build() # after what the tests left
    for i in range(args.edits):
        for side in sides if i % 2 == 0 else sides[::-1]:
            edits[side.name].append(side.edit(13 + i))
        print('edit  %6.2f s, LLVM %6.2f s' % (edits['kiln'][-1], edits['llvm'][-1]), file=sys.stderr, flush=True)
    more = others(args, work, kiln)
    result = {'crates': crates, 'opt-level': args.opt_level, 'debug': args.debug, 'objects by Kiln': len(lines) - by_llvm,
              'objects by LLVM': by_llvm, 'cold': cold, 'edit': edits, 'parts': parts, **more}
    if args.json:
        print(json.dumps(result, indent=1))
        return
    print('%d crates, opt-level %s, debug %s; %d objects by Kiln, %d by LLVM' % (
        crates, args.opt_level, args.debug, len(lines) - by_llvm, by_llvm))
    if args.colds:
        a, b = min(cold['kiln']), min(cold['llvm'])
        print('cold build: %.2f s, LLVM %.2f s: %.3f' % (a, b, a / b))
        for name, seconds in parts:
            print('  %-34s %8.2f s %5.1f %%' % (name, seconds, 100 * seconds / cold['kiln'][-1]))
    for name, seconds in more.get('llvm_parts', []):
        print('  LLVM: %-28s %8.2f s' % (name, seconds))
    if 'cranelift' in more:
        clif = more['cranelift']
        llvm = statistics.median(clif['seconds']['nightly'])
        print('%s: cold builds, medians:' % clif['toolchain'])
        for name, seconds in clif['seconds'].items():
            print('  %-20s %8.2f s, %.3f of LLVM\'s; units by Kiln and LLVM: %d, %d' % (
                name, statistics.median(seconds), statistics.median(seconds) / llvm, clif['units'][name][0] - clif['units'][name][1],
                clif['units'][name][1]))
        for name, (seconds, linking) in clif['edits'].items():
            print('  %-20s from an edit to the end of the tests %.2f s, of which linkers %.2f s' % (name, seconds, linking))
    if args.edits:
        ratio = statistics.median(a / b for a, b in zip(edits['kiln'], edits['llvm']))
        print('after an edit: %.2f s, LLVM %.2f s (medians); median of the ratios %.3f' % (
            statistics.median(edits['kiln']), statistics.median(edits['llvm']), ratio))


if __name__ == '__main__':
    main()
