#!/usr/bin/env python3
"""Programs of other languages by their own compilers, by LLVM and under `kiln with`: the same results.

    languages.py --kiln=build/kiln [d | druntime | phobos | ghdl | crystal | repl | inkwell | zig | mojo | lapack | pocl]...
                 [--count=N] [--match=WORD] [--jobs=N] [--timeout=SECONDS] [--keep=FOLDER]

d         the D test suite's runnable programs, by ldc2 -g
druntime  the unit tests of the modules of D's runtime, with -g
phobos    those of D's library
ghdl      test suites of GHDL with LLVM
crystal   programs over Crystal's library: the files beside this one
repl      sessions of clang-repl: the files in sessions, beside this one
inkwell   three programs in Rust that use MCJIT by the crate Inkwell
zig       the tests of the files of Zig's library, by Zig and from the bitcode that it writes
mojo      programs in Mojo, by Mojo and from its bitcode: the files in mojo, beside this one
lapack    the tests of BLAS and LAPACK, by flang and by `kiln flang`
pocl      kernels in OpenCL, by POCL: the files in pocl, beside this one

Their sources are Debian's, or upstream's as Debian has it; the crate Inkwell is crates.io's, Zig and Mojo are PyPI's.
Without a name all eleven run, with 10 cases each; with names
all cases of those, or --count of them, evenly chosen. A case that does not build or pass by LLVM is named and does not
count. A case whose output differs between two runs by LLVM is compared by its exit status alone. Ends with the units
that each compiler made, the reasons of those that LLVM did, the CPU time of building and running, and 1 if results
differ or a unit of another suite than ghdl and repl was LLVM's.
"""
import argparse
import collections
import concurrent.futures
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = {'d': 'd', 'druntime': 'd', 'phobos': 'd', 'ghdl': 'ghdl', 'crystal': 'crystal', 'repl': 'repl', 'inkwell': 'inkwell',
          'zig': 'zig', 'mojo': 'mojo', 'lapack': 'lapack', 'pocl': 'pocl'}
ALL_BY_KILN = set(SUITES) - {'ghdl', 'repl'}
LOGGED = re.compile(r'^(.*?): (?:(\d+) functions, (\d+) instructions|compiled by LLVM: (.*))$')
# `kiln`, the command, also as the compiler that a setting of make names
BY_KILN = re.compile(r'^((?:\w+=)?)kiln(?= |$)')
ADDRESS = re.compile(rb'0x[0-9a-f]{6,16}\b')
VERDICTS = ('same', 'same status', 'differs', 'not by LLVM', 'left out')
# Name; a function that fills the case's folder, or None; the commands that build it, which run under `kiln with`, unless
# there are others by Kiln (`by_kiln`); those that run what was built. A case that is left out has a reason. Those that run nothing pass by any exit status. What some
# print is not compared.
Case = collections.namedtuple('Case', 'name prepare builds runs left_out by_status by_kiln', defaults=((), '', False, None))
# What one way of building gives: whether it passed, what is compared, the log of the units, and the seconds of CPU time
# of the commands that build and that run.
Result = collections.namedtuple('Result', 'passed statuses output log seconds')
# The seconds are those by LLVM, then those by Kiln.
Outcome = collections.namedtuple('Outcome', 'case verdict log why seconds', defaults=(((0, 0), (0, 0)),))


def source_of(package, cache):
    """The folder of a Debian source package."""
    p = subprocess.run([os.path.join(HERE, '../../harness/fetch_source.sh'), package, cache, 'upstream'],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode or not p.stdout.strip():
        sys.exit('languages.py: the source of %s is not to be had: %s' % (package, p.stderr.decode()[-300:]))
    return p.stdout.decode().strip()


class Runner:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.env = {k: v for k, v in os.environ.items() if not k.startswith('KILN_')}
        self.env.update(LC_ALL='C.UTF-8', TZ='UTC')

    def command(self, words, folder, env):
        """Exit status, output and CPU time; ended by the timeout: a status of that name."""
        try:
            p = subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error: # it is no program, say
            return 'no program', str(error).encode(), 0
        late = threading.Event()
        timer = threading.Timer(self.args.timeout, lambda: (late.set(), os.killpg(p.pid, signal.SIGKILL)))
        timer.start()
        out = p.stdout.read()
        _, status, use = os.wait4(p.pid, 0)
        timer.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
        p.stdout.close()
        if late.is_set():
            return 'timeout', b'', 0
        return p.returncode, ADDRESS.sub(b'0x', out), use.ru_utime + use.ru_stime

    def builds(self, case, kiln):
        """The commands that build a case."""
        if not kiln:
            return case.builds
        if case.by_kiln is None:
            return [[self.args.kiln, 'with'] + words for words in case.builds]
        return [[BY_KILN.sub(lambda m: m[1] + self.args.kiln, w) if w is words[0] or '=' in w else w for w in words] for words in case.by_kiln]

    def one_way(self, case, folder, kiln):
        """Builds the case in a new folder, which has the same name both ways, and runs it."""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        log = folder + '.log'
        if os.path.exists(log):
            os.remove(log)
        # Some programs ask for -O themselves.
        env = dict(self.env, KILN_LOG=log, KILN_OPT_LEVEL='3', CRYSTAL_CACHE_DIR=folder + '/cache')
        if case.prepare:
            case.prepare(folder)
        statuses, output, seconds = [], b'', [0, 0]
        for words in self.builds(case, kiln):
            status, out, cpu = self.command(words, folder, env)
            statuses, output = statuses + [status], output + out
            seconds[0] += cpu
            if status != 0 and case.runs:
                break
        passed = not case.runs or not any(statuses)
        if case.by_kiln is not None and passed: # other commands by LLVM and by Kiln, which may say something else
            statuses, output = [], b''
        for words in case.runs if passed else ():
            status, out, cpu = self.command(words, folder, self.env)
            statuses, output, passed = statuses + [status], output + out, passed and status == 0
            seconds[1] += cpu
        lines = []
        if os.path.exists(log):
            with open(log, errors='replace') as f:
                lines = f.read().splitlines()
        return Result(passed and 'timeout' not in statuses, statuses, output, lines, seconds)

    def keep(self, case, way, result):
        if self.args.keep:
            os.makedirs(self.args.keep, exist_ok=True)
            with open(os.path.join(self.args.keep, case.name.replace('/', '_') + '.' + way), 'wb') as f:
                f.write(b'%a\n' % result.statuses + result.output)

    def case(self, case):
        if case.left_out:
            return Outcome(case, 'left out', [], case.left_out)
        folder = os.path.join(self.work, re.sub(r'\W', '_', case.name))
        try:
            llvm = self.one_way(case, folder, False)
            if not llvm.passed:
                self.keep(case, 'llvm', llvm)
                return Outcome(case, 'not by LLVM', [], 'status %s' % llvm.statuses)
            kiln = self.one_way(case, folder, True)
            seconds = (llvm.seconds, kiln.seconds)
            if llvm[:3] == kiln[:3]:
                return Outcome(case, 'same', kiln.log, '', seconds)
            if case.by_status and kiln.statuses == llvm.statuses:
                return Outcome(case, 'same status', kiln.log, '', seconds)
            again = self.one_way(case, folder, False)
            if again.output != llvm.output and kiln.statuses in (llvm.statuses, again.statuses):
                return Outcome(case, 'same status', kiln.log, '', seconds)
            self.keep(case, 'llvm', llvm)
            self.keep(case, 'kiln', kiln)
            return Outcome(case, 'differs', kiln.log, 'status %s, by LLVM %s' % (kiln.statuses, llvm.statuses), seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def chosen(cases, args, count):
    cases = [c for c in cases if args.match in c.name]
    able = [c for c in cases if not c.left_out]
    if not count or count >= len(able):
        return cases
    return [able[i * len(able) // count] for i in range(count)]


def report(suite, outcomes):
    """Prints what came of a suite; 1 if it failed."""
    found = collections.Counter(o.verdict for o in outcomes)
    reasons, kiln = collections.Counter(), 0
    for o in outcomes:
        for line in o.log:
            m = LOGGED.match(line)
            if m and m[4]:
                reasons[m[4]] += 1
                print('  by LLVM: %s: %s' % (o.case.name, line))
            elif m:
                kiln += 1
    with_units = sum(1 for o in outcomes if o.log)
    print('%s: %s; %d cases with units; units: %d by Kiln, %d by LLVM' % (
        suite, ', '.join('%d %s' % (found[v], v) for v in VERDICTS), with_units, kiln, sum(reasons.values())))
    for why, n in reasons.most_common():
        print('  %d by LLVM: %s' % (n, why))
    for i, what in enumerate(('building', 'running')):
        llvm, by_kiln = (sum(o.seconds[way][i] for o in outcomes) for way in (0, 1))
        if llvm >= 1:
            print('  CPU time of %s: %.1f s by LLVM, %.1f s by Kiln (%.2f)' % (what, llvm, by_kiln, by_kiln / llvm))
    sys.stdout.flush()
    compared = found['same'] + found['same status']
    return int(found['differs'] > 0 or compared == 0 or kiln == 0 or (suite in ALL_BY_KILN and sum(reasons.values()) > 0))


def run_suite(suite, args, count):
    failed = 0
    with tempfile.TemporaryDirectory(prefix='languages.') as work:
        runner = Runner(args, work)
        cases = chosen(importlib.import_module(SUITES[suite]).cases(suite, lambda p: source_of(p, args.cache)), args, count)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            outcomes = []
            for o in pool.map(runner.case, cases):
                outcomes.append(o)
                if o.verdict != 'same':
                    print('  %s: %s%s' % (o.case.name, o.verdict, ': ' + o.why if o.why else ''), flush=True)
        failed |= report(suite, outcomes)
    return failed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', required=True)
    p.add_argument('--count', type=int, default=0)
    p.add_argument('--match', default='')
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--timeout', type=int, default=900)
    p.add_argument('--keep')
    p.add_argument('suites', nargs='*', choices=[[]] + list(SUITES))
    args = p.parse_args()
    args.kiln = os.path.realpath(args.kiln)
    args.cache = os.path.join(os.path.dirname(args.kiln), 'cache/sources')
    args.keep = args.keep and os.path.realpath(args.keep)
    count = args.count or (0 if args.suites else 10)
    return max([run_suite(s, args, count) for s in args.suites or SUITES])


if __name__ == '__main__':
    sys.exit(main())
