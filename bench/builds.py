#!/usr/bin/env python3
"""Debug builds of CMake projects with Ninja, by kiln-cc and kiln-c++ beside clang and clang++: processor time of the
build, and their own tests.

    builds.py BUILD [--runs=N] [--jobs=N] [--only=NAME] [--json] [--work=DIR] [--keep]

The projects are Debian's sources (below), configured with -O0 -g. A time is user and system time of `ninja` and all that
it starts, compilers, linkers and generators, the least of N builds (3) that take turns. Fails if the numbers of tests
that pass or fail differ, if LLVM compiled anything in Kiln's place, or if the sum is above the bound.
"""
import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOUND = 0.88 # of clang's time, all builds together

# `test`: of a project without ctest's tests, a program that ends with a line of doctest's.
PROJECTS = {
    'libjsoncpp': {'options': ['-DJSONCPP_WITH_TESTS=ON', '-DJSONCPP_WITH_POST_BUILD_UNITTEST=OFF']},
    'double-conversion': {'options': ['-DBUILD_TESTING=ON']},
    'pugixml': {'options': ['-DBUILD_TESTING=ON', '-DPUGIXML_BUILD_TESTS=ON']},
    'box2d': {'options': ['-DBOX2D_BUILD_TESTBED=OFF'], 'test': ['b/bin/unit_test', '--success']},
    'leveldb': {'options': ['-DLEVELDB_BUILD_BENCHMARKS=OFF'], 'without': '^autocompact_test$|^db_test$'}, # take minutes
}
NEEDS = ['cmake', 'ninja-build', 'libgtest-dev', 'libgmock-dev', 'libbenchmark-dev', 'doctest-dev']
COMPILERS = {'clang': ('clang-22', 'clang++-22'), 'kiln': ('kiln-cc', 'kiln-c++')}


class Failure(Exception):
    """A step failed; the text says where its output is."""


class Build:
    """A project by one compiler."""

    def __init__(self, name, compiler, source, work, env):
        self.name, self.project, self.source = name, PROJECTS[name], source
        # Paths are of one length for both, so that what they make differs in code alone.
        self.dir = os.path.join(work, name, '%-5s' % compiler).replace(' ', '_')
        self.env = dict(env, KILN_LOG=self.dir + '.kiln')
        self.compiler = compiler
        self.times = []

    def run(self, command, what, may_fail=False):
        log = '%s.%s' % (self.dir, what)
        with open(log, 'wb') as out:
            p = subprocess.run(command, cwd=self.tree, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                               stderr=subprocess.STDOUT)
        if p.returncode and not may_fail:
            raise Failure('%s: %s by %s failed: see %s' % (self.name, what, self.compiler, log))
        with open(log, errors='replace') as out:
            return out.read()

    @property
    def tree(self):
        return os.path.join(self.dir, self.name)

    def configure(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        shutil.copytree(self.source, self.tree, symlinks=True)
        cc, cxx = COMPILERS[self.compiler]
        self.run(['cmake', '-G', 'Ninja', '-S', '.', '-B', 'b', '-DCMAKE_C_COMPILER=' + cc, '-DCMAKE_CXX_COMPILER=' + cxx,
                  '-DCMAKE_BUILD_TYPE=', '-DCMAKE_C_FLAGS=-O0 -g', '-DCMAKE_CXX_FLAGS=-O0 -g -w', *self.project['options']],
                 'configure')

    def build(self, jobs):
        self.run(['ninja', '-C', 'b', 'clean'], 'clean')
        if os.path.exists(self.env['KILN_LOG']):
            os.remove(self.env['KILN_LOG'])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run(['ninja', '-C', 'b', '-j%d' % jobs], 'build')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    def test(self):
        """The numbers of tests that pass and fail, and the names of the latter."""
        if 'test' in self.project:
            m = re.search(r'assertions: *\d+ \| *(\d+) passed \| *(\d+) failed', self.run(self.project['test'], 'test', True))
            if m is None:
                raise Failure('%s: no tests by %s: see %s.test' % (self.name, self.compiler, self.dir))
            return int(m[1]), int(m[2]), []
        without = ['-E', self.project['without']] if 'without' in self.project else []
        out = self.run(['ctest', '--test-dir', 'b', '--timeout', '600', *without], 'test', may_fail=True)
        m = re.search(r'(\d+) tests failed out of (\d+)', out)
        if m is None:
            raise Failure('%s: no tests by %s: see %s.test' % (self.name, self.compiler, self.dir))
        failed = sorted(re.findall(r'^\s*\d+ - (.*) \(', out.partition('The following tests FAILED')[2], re.M))
        return int(m[2]) - int(m[1]), int(m[1]), failed

    def logged(self):
        """Units and functions by Kiln, and lines about what LLVM compiled."""
        with open(self.env['KILN_LOG'], errors='replace') as f:
            lines = f.read().splitlines()
        functions = [int(m[1]) for m in (re.search(r': (\d+) functions, \d+ instructions$', l) for l in lines) if m]
        return len(functions), sum(functions), [l for l in lines if 'compiled by LLVM' in l]


def environment(build, bin_):
    """The environment of builds, in which Kiln's compilers are found by name, in the folder bin_."""
    os.makedirs(bin_, exist_ok=True)
    for name in COMPILERS['kiln']:
        if not os.path.lexists(os.path.join(bin_, name)):
            os.symlink(os.path.join(build, 'kiln'), os.path.join(bin_, name))
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(('KILN_', 'CMAKE_')) and k not in ('CFLAGS', 'CXXFLAGS', 'LDFLAGS')}
    env.update(PATH=bin_ + ':' + env['PATH'], KILN_FALLBACK='llvm', LC_ALL='C',
               CCACHE_DISABLE='1') # some projects look for ccache themselves
    return env


def measure(name, args, env):
    source = subprocess.run([os.path.join(ROOT, 'tests/harness/fetch_source.sh'), name, args.cache], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.strip()
    builds = [Build(name, c, source, args.work, env) for c in COMPILERS]
    for b in builds:
        b.configure()
    for i in range(args.runs):
        for b in builds if i % 2 == 0 else builds[::-1]:
            b.build(args.jobs)
    clang, kiln = builds
    results = [b.test() for b in builds]
    units, functions, by_llvm = kiln.logged()
    wrong = []
    if results[0] != results[1]:
        wrong.append('tests that pass, that fail, and which: %s by clang, %s by Kiln' % tuple(results))
    if by_llvm:
        wrong += by_llvm
    if units == 0:
        wrong.append('Kiln compiled nothing')
    if not wrong and not args.keep:
        for b in builds:
            shutil.rmtree(b.dir)
    return {'project': os.path.basename(source), 'units': units, 'functions': functions, 'passed': results[1][0],
            'failed': results[1][1], 'clang': min(clang.times), 'kiln': min(kiln.times), 'wrong': wrong,
            'all': {'clang': clang.times, 'kiln': kiln.times}}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--only', choices=PROJECTS, help='one project')
    p.add_argument('--json', action='store_true')
    p.add_argument('--keep', action='store_true', help='keep the trees')
    p.add_argument('--needs', action='store_true', help='print the Debian packages that are needed, and end')
    p.add_argument('--work', default='')
    args = p.parse_args()
    if args.needs:
        print('\n'.join(NEEDS))
        return 0
    build = os.path.abspath(args.build)
    args.work = os.path.abspath(args.work or os.path.join(build, 'builds'))
    args.cache = os.path.join(build, 'cache/sources')
    env = environment(build, os.path.join(args.work, 'bin'))
    rows, bad = [], False
    form = '%-24s %6s %10s %7s %7s %9s %9s %7s'
    if not args.json:
        print(form % ('project', 'units', 'functions', 'passed', 'failed', 'clang s', 'Kiln s', 'ratio'), flush=True)
    for name in [args.only] if args.only else PROJECTS:
        try:
            r = measure(name, args, env)
        except (Failure, OSError, subprocess.CalledProcessError) as e:
            print('FAILED: %s' % e, file=sys.stderr)
            bad = True
            continue
        rows.append(r)
        print(json.dumps(r) if args.json else form % (
            r['project'], r['units'], r['functions'], r['passed'], r['failed'], '%.1f' % r['clang'], '%.1f' % r['kiln'],
            '%.3f' % (r['kiln'] / r['clang'])), flush=True)
        for w in r['wrong']:
            print('FAILED: %s: %s' % (name, w), file=sys.stderr)
            bad = True
    if rows:
        clang, kiln = (sum(r[c] for r in rows) for c in ('clang', 'kiln'))
        print('all: %.1f s by clang, %.1f s by Kiln: %.3f' % (clang, kiln, kiln / clang), file=sys.stderr)
        bad |= kiln > BOUND * clang
    return 1 if bad or not rows else 0


if __name__ == '__main__':
    sys.exit(main())
