#!/usr/bin/env python3
"""What each way to make a debug build costs and gives, as a table: LLVM -O0, Kiln -O0, Kiln with inlining, LLVM -O1, gcc -Og.

    modes.py BUILD [--runs=N]

The programs are those of bench/debug, each a file that is compiled with -g and linked by the command that a user gives.
Build is the processor time of all these commands, with their children; run the least user time of N runs (default 3),
in geometric mean. Both are ratios to LLVM -O0's. Output that differs from LLVM -O0's fails the bench.
"""
import glob
import math
import os
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def spent(words, env):
    """Seconds of user time, user and system time, and the output of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(words, check=True, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return user, user + system, out


def modes(build):
    """{language: (pattern, [(name, command, environment)])}"""
    kiln, shim = os.path.join(build, 'kiln'), os.path.join(build, 'kiln-rustc')
    cxx = ['-std=c++20', '-w', '-g']
    rust = ['rustc', '--edition=2021', '-Awarnings', '-Cdebuginfo=2']
    dev = [*rust, '-Cdebug-assertions=on', '-Coverflow-checks=on']
    return {
        'C++': ('*.cpp', [
            ('LLVM `-O0`', ['clang++-22', *cxx, '-O0'], {}), ('Kiln `-O0`', [kiln, 'c++', *cxx, '-O0'], {}),
            ('Kiln `-Og`', [kiln, 'c++', *cxx, '-Og'], {}), ('LLVM `-O1`', ['clang++-22', *cxx, '-O1'], {}),
            ('gcc `-Og`', ['g++', *cxx, '-Og'], {})]),
        'Rust': ('*.rs', [
            ('LLVM', dev, {}), ('Kiln', [shim, *dev], {}), ('Kiln `--inline`', [shim, *dev], {'KILN_INLINE': 'small'}),
            ('LLVM, `opt-level = 1`', [*dev, '-Copt-level=1'], {})]),
    }


def main():
    build, runs = os.path.abspath(sys.argv[1]), 3
    for word in sys.argv[2:]:
        if not word.startswith('--runs='):
            sys.exit(__doc__)
        runs = int(word.split('=')[1])
    failed = False
    with tempfile.TemporaryDirectory() as work:
        for language, (pattern, ways) in modes(build).items():
            sources = sorted(glob.glob(os.path.join(ROOT, 'bench/debug', pattern)))
            building, running = [0.0] * len(ways), [[] for _ in ways]
            for source in sources:
                programs = []
                for i, (_, command, env) in enumerate(ways):
                    programs.append(os.path.join(work, 'program%d' % i))
                    building[i] += min(spent([*command, source, '-o', programs[i]], env)[1] for _ in range(2))
                best, outputs = [math.inf] * len(ways), [None] * len(ways)
                for _ in range(runs):
                    for i, program in enumerate(programs):
                        user, _, outputs[i] = spent([program], {})
                        best[i] = min(best[i], user)
                for i, (name, *_) in enumerate(ways):
                    running[i].append(best[i] / best[0])
                    if outputs[i] != outputs[0]:
                        print('%s: the output of %s differs' % (os.path.basename(source), name), file=sys.stderr)
                        failed = True
            print('| %s, %d programs | build | run |\n|---|---|---|' % (language, len(sources)))
            for i, (name, *_) in enumerate(ways):
                mean = math.exp(sum(map(math.log, running[i])) / len(running[i]))
                print('| %s | %.2f | %.2f |' % (name, building[i] / building[0], mean))
    sys.exit(failed)


if __name__ == '__main__':
    main()
