#!/usr/bin/env python3
"""What each way to make a debug build costs and gives, as a table: LLVM, Kiln, Kiln with inlining, LLVM -O1, and for C++ gcc -Og,
for Rust one codegen unit and, if there is a nightly toolchain with it, Cranelift.

    modes.py BUILD [--runs=N] [--cranelift=TOOLCHAIN]

The programs are those of bench/debug, each built by the command that a user gives: C++ with -g; Rust as a package, by cargo in
its profile `dev` as it is. Build is the processor time of all these commands, with their children; run the least user and
system time of N runs (default 3), in geometric mean. Both are ratios to LLVM's, Cranelift's to those of LLVM by the same
toolchain. `kiln cargo` is the shim, and also Kiln as rustc's code generator where `kiln cargo --setup` was run. Output that
differs from LLVM's fails the bench.
"""
import argparse
import glob
import math
import os
import resource
import subprocess
import sys
import tempfile

import cargo_program

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def spent(words, env):
    """Seconds of user and system time, and the output of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(words, check=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, out


# ---- ways: name, command for C++, or words in front of cargo's `build` with variables, and which way is 1 ----

def cxx_ways(kiln):
    flags = ['-std=c++20', '-w', '-g']
    return [('LLVM `-O0`', ['clang++-22', *flags, '-O0'], {}, 0), ('`kiln c++ -O0`', [kiln, 'c++', *flags, '-O0'], {}, 0),
            ('`kiln c++ -O0 -fno-inline`', [kiln, 'c++', *flags, '-O0', '-fno-inline'], {}, 0),
            ('`kiln c++ -Og`', [kiln, 'c++', *flags, '-Og'], {}, 0), ('LLVM `-O1`', ['clang++-22', *flags, '-O1'], {}, 0),
            ('`g++ -Og`', ['g++', *flags, '-Og'], {}, 0)]


def rust_ways(kiln, nightly):
    shim = [kiln, 'cargo', '--no-bootstrap']
    ways = [('`cargo`', ['cargo'], {}, 0), ('`cargo`, one codegen unit', ['cargo'], cargo_program.ONE_UNIT, 0),
            ('`kiln cargo`', shim, {}, 0), ('`kiln cargo --inline`', [kiln, 'cargo', '--inline'], {}, 0),
            ('`cargo`, `opt-level = 1`', ['cargo'], {'CARGO_PROFILE_DEV_OPT_LEVEL': '1'}, 0)]
    if has_code_generator(kiln):
        ways.insert(3, ("`kiln cargo`, rustc's code generator", [kiln, 'cargo'], {}, 0))
    if nightly:
        llvm = len(ways)
        ways += [('LLVM, nightly', ['cargo', '+' + nightly], {}, llvm), ('Cranelift, nightly', ['cargo', '+' + nightly], cargo_program.CRANELIFT, llvm)]
    return ways


def has_code_generator(kiln):
    """Does `kiln cargo` load one into the compiler that it finds?"""
    with tempfile.TemporaryDirectory() as work:
        source, log = os.path.join(work, 'empty.rs'), os.path.join(work, 'stats')
        with open(source, 'w') as f:
            f.write('fn main() {}\n')
        name = cargo_program.package(source, os.path.join(work, 'package'))
        words, env, _ = cargo_program.build(os.path.join(work, 'package'), name, 'try', [kiln, 'cargo'], {'KILN_STATS': log})
        subprocess.run(words, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(log) as f:
            return 'unit\trustc\t' in f.read()


# ---- a language ----

class Cxx:
    name, pattern = 'C++', '*.cpp'

    def __init__(self, kiln, _):
        self.ways = cxx_ways(kiln)

    def command(self, way, source, folder):
        program = os.path.join(folder, 'program%d' % way)
        _, words, env, _ = self.ways[way]
        return [*words, source, '-o', program], dict(os.environ, **env), program


class Rust:
    name, pattern = 'Rust', '*.rs'

    def __init__(self, kiln, nightly):
        self.ways = rust_ways(kiln, nightly)

    def command(self, way, source, folder):
        package = os.path.join(folder, 'package%d' % way)
        _, words, env, _ = self.ways[way]
        return cargo_program.build(package, cargo_program.package(source, package), 'bench', words, env)


def measure(language, runs):
    """Prints the table; the names of programs whose output differs."""
    sources, ways, differ = sorted(glob.glob(os.path.join(ROOT, 'bench/debug', language.pattern))), language.ways, []
    building, running = [0.0] * len(ways), [[] for _ in ways]
    for source in sources:
        with tempfile.TemporaryDirectory() as work:
            programs = []
            for i in range(len(ways)):
                least = math.inf
                for _ in range(2):
                    words, env, program = language.command(i, source, work)
                    least = min(least, spent(words, env)[0])
                building[i] += least
                programs.append(program)
            best, outputs = [math.inf] * len(ways), [None] * len(ways)
            for _ in range(runs):
                for i, program in enumerate(programs):
                    seconds, outputs[i] = spent([program], dict(os.environ))
                    best[i] = min(best[i], seconds)
            for i, (name, *_, base) in enumerate(ways):
                running[i].append(best[i] / best[base])
                if outputs[i] != outputs[0]:
                    differ.append('%s: the output of %s differs' % (os.path.basename(source), name))
    print('| %s, %d programs | build | run |\n|---|---|---|' % (language.name, len(sources)))
    for i, (name, *_, base) in enumerate(ways):
        mean = math.exp(sum(map(math.log, running[i])) / len(running[i]))
        print('| %s | %.2f | %.2f |' % (name, building[i] / building[base], mean), flush=True)
    return differ


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--cranelift', metavar='TOOLCHAIN')
    args = p.parse_args()
    kiln = os.path.join(os.path.abspath(args.build), 'kiln')
    differ = [text for language in (Cxx, Rust) for text in measure(language(kiln, args.cranelift), args.runs)]
    print(*differ, sep='\n', file=sys.stderr)
    sys.exit(bool(differ))


if __name__ == '__main__':
    main()
