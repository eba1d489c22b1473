#!/usr/bin/env python3
"""Builds Debian source packages by their own build systems, once with CC=clang and once with
CC="kiln cc", runs their own tests with both, and compares: configuration, numbers of tests that pass
and fail, files that the tests write. Prints what was compiled by Kiln, what was not (fallbacks, which
are failures here), and the times.

    packages.py --kiln=build/kiln [--level=O0|debug|Og|O2|hardened|own] [--flags=FLAGS] [--target=aarch64] [--stress=SEED] [--times=N]
                [--reference=LEVEL] [NAME...]

clang's code at one level says which tests pass at all: with --reference=O0 it builds and tests at that level, and the runs of
other levels compare with what is kept of it (WORK/O0/NAME/llvm.json). Without, clang compiles at Kiln's level.

With --target=aarch64 or x86_64-windows-gnu both compile for that target, and what they make runs under qemu or wine
(cross_cc.sh). --stress: Kiln uses few registers, chosen at random.

A package is a file NAME.toml beside this one:

    source      Debian's source package; default: NAME
    kind        what sort of program it is
    needs       Debian packages to build and test it; needs_aarch64: and for that target
    folder      of the source, below its top
    configure, build, test      bash scripts, run in that folder with CC, CXX, CFLAGS, CXXFLAGS, JOBS, HERE (this folder)
    passed, failed      regular expressions, looked for in what `test` prints. A group is a number, which is
                        added up; else each match counts 1
    compare     files that must be the same with both compilers
    own         flags for the level `own`: those that the package's build system would choose by itself
    left_out    the part of the tests that is not run
    windows     a table of what is different there; only packages that have one are built for it

The level's option -O has to be the last one of each compile line that a build prints: a package's build system may add its
own after it, as many projects of CMake do if CMAKE_BUILD_TYPE is empty (`None` adds nothing).
"""
import argparse
import collections
import difflib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../harness'))
import wine  # noqa: E402

CROSS_TOOLS = ('ar', 'ranlib', 'nm', 'strip', 'objdump', 'objcopy', 'readelf', 'windres')
HARDENED = '-O2 -fvectorize -fslp-vectorize -g -fstack-protector-strong -fstack-clash-protection '
LEVELS = {'O0': '-O0', 'debug': '-O0 -g', 'Og': '-Og -g', 'O2': '-O2 -fno-vectorize -fno-slp-vectorize',
          'hardened': {'x86_64': HARDENED + '-fcf-protection', 'aarch64': HARDENED + '-mbranch-protection=standard'},
          'own': None}
LOGGED = re.compile(r'^(.*): (?:(\d+) functions, (\d+) instructions|compiled by LLVM: (.*))$')
STEPS = ('configure', 'build', 'test')


class Failure(Exception):
    """A package cannot be built or tested; the text says which step, and where its log is."""


def describe(name, target):
    path = os.path.join(HERE, name + '.toml')
    if not os.path.exists(path):
        sys.exit('packages.py: no package %s; there are: %s' % (name, ' '.join(names())))
    with open(path, 'rb') as f:
        found = tomllib.load(f)
    windows = found.pop('windows', None)
    if target == wine.TARGET:
        if windows is None: sys.exit('packages.py: %s.toml does not say how it is built for Windows' % name)
        found.update(windows)
    return {'name': name, 'source': name, 'folder': '.', 'configure': '', 'failed': '', 'compare': [],
            'needs': [], 'needs_aarch64': [], 'left_out': '', 'own': '-O2 -g', **found}


def names(target='x86_64'):
    found = []
    for path in sorted(glob.glob(os.path.join(HERE, '*.toml'))):
        with open(path, 'rb') as f:
            if target != wine.TARGET or 'windows' in tomllib.load(f): found.append(os.path.basename(path)[:-5])
    return found


def fetch(package, cache):
    p = subprocess.run([os.path.join(HERE, '../../harness/fetch_source.sh'), package['source'], cache],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode or not p.stdout.strip():
        raise Failure('the source is not to be had: ' + p.stderr.decode()[-300:])
    source = p.stdout.decode().strip()
    version = subprocess.run(['dpkg-parsechangelog', '-S', 'Version', '-l', source + '/debian/changelog'],
                             stdout=subprocess.PIPE, check=True)
    return source, version.stdout.decode().strip()


class Build:
    """One package by one compiler."""

    def __init__(self, package, source, compiler, cc, cxx, level, flags, work, target, root, stress):
        self.package = package
        self.source = source
        self.compiler = compiler
        self.dir = os.path.join(work, compiler)
        # The compilers' names are of one length, so that paths in programs and messages are too.
        self.tree = os.path.join(self.dir, package['name'])
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith('KILN_') and k not in ('MAKEFLAGS', 'MAKELEVEL', 'CFLAGS', 'CPPFLAGS', 'LDFLAGS')}
        of_level = package['own'] if level == 'own' else LEVELS[level]
        if isinstance(of_level, dict):
            of_level = of_level[target.partition('-')[0]]
        flags = (of_level + ' ' + flags).strip()
        self.env.update(CC=cc, CXX=cxx, CFLAGS=flags, CXXFLAGS=flags, HERE=HERE, LC_ALL='C', KILN_FALLBACK='llvm',
                        KILN_STRESS=stress or '', CLANG=compiler)
        if target != 'x86_64':
            self.cross_tools(os.path.join(work, 'bin'), 'aarch64-linux-gnu-' if target == 'aarch64' else 'x86_64-w64-mingw32-')
        if target == 'aarch64':
            self.cross(cc, os.path.join(work, 'bin'), root)
        elif target == wine.TARGET:
            self.env.update(CC=os.path.join(HERE, 'cross_cc.sh'), CXX=os.path.join(work, 'bin', 'c++'), CROSS_CC=cc,
                            CROSS_CXX=cxx, CROSS_WINE=wine.WINE)
        self.wall = {step: [] for step in STEPS}
        self.user = {step: [] for step in STEPS}

    def cross_tools(self, tools, prefix):
        """Tools of another target, under the names of native ones, and what starts its programs (cross_cc.sh)."""
        os.makedirs(tools, exist_ok=True)
        for tool in CROSS_TOOLS:
            link, path = os.path.join(tools, tool), shutil.which(prefix + tool)
            if path and not os.path.lexists(link):
                os.symlink(path, link)
        for name in ('g++', 'c++'):
            link = os.path.join(tools, name)
            if not os.path.lexists(link):
                os.symlink(os.path.join(HERE, 'cross_cc.sh'), link)
        launch = os.path.join(tools, 'launch')
        subprocess.run(['gcc', '-O1', '-static', os.path.join(HERE, 'launch.c'), '-o', launch], check=True)
        self.env.update(CROSS_LAUNCH=launch, PATH=tools + ':' + self.env['PATH'])

    def cross(self, cc, tools, root):
        """The environment for a cross compiler for AArch64."""
        if shutil.which('libtool'): # the system's, which has a compiler of its own
            with open(shutil.which('libtool')) as f:
                text = re.sub(r'^CC=.*', 'CC=' + os.path.join(HERE, 'cross_cc.sh'), f.read(), flags=re.M)
            with open(os.path.join(tools, 'libtool'), 'w') as f:
                f.write(re.sub(r'^LD=.*', 'LD=aarch64-linux-gnu-ld', text, flags=re.M))
            os.chmod(f.name, 0o755)
        lib = os.path.join(root, 'usr/lib/aarch64-linux-gnu')
        self.env.update(CC=os.path.join(HERE, 'cross_cc.sh'), CXX='g++', CROSS_CC=cc, CROSS_LIB=lib,
                        build_alias='aarch64-unknown-linux-gnu', # what configure takes this machine for
                        CROSS_INCLUDE=os.path.join(root, 'usr/include'), TCL_CONFIG=os.path.join(lib, 'tcl8.6'), CROSS_LIBS='%s:%s' % (lib, os.path.join(root, 'lib/aarch64-linux-gnu')))

    def path(self, step, what='out'):
        return os.path.join(self.dir, '%s.%s' % (step, what))

    def run(self, step, jobs, timeout):
        """Runs a step; the exit status."""
        kiln_log = self.path(step, 'kiln')
        if os.path.exists(kiln_log):
            os.remove(kiln_log) # of the previous build, if it is repeated
        env = dict(self.env, JOBS=str(jobs), KILN_LOG=kiln_log)
        if step == 'build': # CMake's and automake's makefiles print commands, for levels()
            env.update(VERBOSE='1', V='1')
        start = time.monotonic()
        with open(self.path(step), 'wb') as out:
            p = subprocess.Popen(['bash', '-ec', self.package[step]], cwd=os.path.join(self.tree, self.package['folder']),
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                                 start_new_session=True)
            before = os.times()
            try:
                p.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
                raise Failure('%s: %s took more than %d s' % (self.compiler, step, timeout))
            after = os.times()
        self.wall[step].append(time.monotonic() - start)
        self.user[step].append(after.children_user - before.children_user)
        return p.returncode

    def must(self, step, jobs, timeout):
        status = self.run(step, jobs, timeout)
        if status:
            with open(self.path(step), errors='replace') as f:
                last = ''.join(f.readlines()[-15:])
            raise Failure('%s: %s ended with %d; %s ends:\n%s' % (self.compiler, step, status, self.path(step), last))

    def configure(self, jobs):
        shutil.copytree(self.source, self.tree, symlinks=True)
        self.must('configure', jobs, 900)

    def build(self, jobs, keep_configured):
        configured = self.tree + '.configured'
        if os.path.exists(configured):
            shutil.rmtree(self.tree)
            shutil.copytree(configured, self.tree, symlinks=True)
        elif keep_configured:
            shutil.copytree(self.tree, configured, symlinks=True)
        self.must('build', jobs, 1800)

    def test(self, jobs, timeout):
        self.status = self.run('test', jobs, timeout)
        with open(self.path('test'), errors='replace') as f:
            text = f.read()
        self.passed, passed = count(self.package['passed'], text)
        self.failed, failed = count(self.package['failed'], text)
        self.results = passed + failed

    def logged(self, step):
        """Functions, instructions, files that LLVM compiled, and the number of files that Kiln did, from Kiln's log."""
        functions, instructions, fallbacks, units = 0, 0, [], 0
        if os.path.exists(self.path(step, 'kiln')):
            with open(self.path(step, 'kiln'), errors='replace') as f:
                for line in f:
                    m = LOGGED.match(line)
                    if m is None:
                        continue
                    functions += int(m[2] or 0)
                    instructions += int(m[3] or 0)
                    units += m[4] is None
                    if m[4]:
                        fallbacks.append('%s: %s: %s' % (step, m[1], m[4]))
        return functions, instructions, fallbacks, units

    def levels(self):
        """How many of the build's compile lines have which option -O last, and so are compiled at it."""
        found = collections.Counter()
        with open(self.path('build'), errors='replace') as f:
            for line in f:
                line = ' '.join(line.split()) # CMake writes two spaces between a compiler and its argument
                options = re.findall(r' (-O\w*)', line)
                if options and ' -c ' in line and (self.env['CC'] in line or self.env['CXX'] in line):
                    found[options[-1]] += 1
        return found

    def other_levels(self):
        """The faults of levels(): lines."""
        wanted = re.findall(r'-O\w*', self.env['CFLAGS'])[-1]
        return ['%s: %d files were compiled at %s, not at %s' % (self.compiler, n, option, wanted)
                for option, n in self.levels().items() if option != wanted]

    def outcome(self):
        """What is compared with the other compiler's, as JSON."""
        compared = {}
        for name in self.package['compare']:
            with open(os.path.join(self.tree, self.package['folder'], name), errors='replace') as f:
                compared[name] = f.read().split('\n')
        times = {step: {'wall': round(min(self.wall[step]), 2), 'user': round(min(self.user[step]), 2)}
                 for step in STEPS if self.wall[step]}
        return {'passed': self.passed, 'failed': self.failed, 'status': self.status, 'results': sorted(self.results),
                'headers': self.headers(), 'compared': compared, 'times': times}

    def remove(self):
        for tree in glob.glob(self.tree + '*'):
            shutil.rmtree(tree)

    def headers(self):
        """The results of configure: the text of each config.h and the like, by path, without the compiler's name."""
        found = {}
        for folder, _, files in os.walk(self.tree):
            for f in files:
                if f in ('config.h', 'zconf.h', 'jconfig.h', 'jconfigint.h', 'expat_config.h', 'sqlite_cfg.h', 'jansson_config.h',
                         'pyconfig.h'):
                    path = os.path.join(folder, f)
                    with open(path, errors='replace') as h:
                        text = h.read().replace(self.dir, '').replace(self.env['CC'], '$CC')
                    found[os.path.relpath(path, self.tree)] = text
        return found


def count(pattern, text):
    """The number of tests that the pattern finds, and the lines with them."""
    if not pattern:
        return 0, []
    n, lines = 0, []
    for m in re.finditer(pattern, text, re.M):
        n += int(m[1] or 1) if m.re.groups else 1
        lines.append(m[0])
    return n, lines


def different(a, b, what):
    lines = list(difflib.unified_diff(a, b, 'clang', 'kiln', lineterm='', n=0))
    return [what + ' differs:'] + lines[:20] if lines else []


def compare(clang, kiln):
    """What is different or wrong in two outcomes: lines."""
    wrong = []
    for path in sorted(clang['headers'].keys() | kiln['headers'].keys()):
        wrong += different(*(c['headers'].get(path, '').split('\n') for c in (clang, kiln)), path)
    if any(clang[k] != kiln[k] for k in ('passed', 'failed')):
        wrong += ['tests passed and failed: %d, %d by clang, %d, %d by Kiln' %
                  tuple(c[k] for c in (clang, kiln) for k in ('passed', 'failed'))]
        wrong += different(clang['results'], kiln['results'], 'the list of results')
    if clang['passed'] == 0:
        wrong.append('no test passed with clang')
    if clang['status'] != kiln['status']:
        wrong.append('the tests ended with %d by clang, %d by Kiln' % (clang['status'], kiln['status']))
    for name, text in clang['compared'].items():
        wrong += different(text, kiln['compared'][name], name)
        if text == ['']:
            wrong.append(name + ' is empty')
    return wrong


def make(builds, package, args):
    """Builds and tests by each of the compilers."""
    for b in builds:
        b.configure(args.jobs)
    for i in range(args.times):
        for b in builds if i % 2 == 0 else builds[::-1]:
            b.build(args.jobs, args.times > 1)
    for b in builds:
        b.test(args.jobs, package.get('timeout', 900) * (1 if args.target == 'x86_64' else 4)) # qemu, wine


def run_package(package, args):
    """Builds and tests one package; returns its row of the table, and its faults."""
    source, version = fetch(package, args.cache)
    reference = args.reference or args.level

    def build(name, cc, cxx, level):
        work = os.path.join(args.work, level + ('.' + args.target if args.target != 'x86_64' else ''), package['name'])
        return Build(package, source, name, cc, cxx, level, args.flags, work, args.target, args.root, args.stress)

    builds = [build('kiln', args.kiln + ' cc', args.kiln + ' c++', args.level)]
    kiln = builds[0]
    kept = os.path.join(args.work, reference, package['name'], 'llvm.json')
    if not args.reference or not os.path.exists(kept):
        builds.insert(0, build('llvm', args.clang, args.clang.replace('clang', 'clang++'), reference))
    make(builds, package, args)
    outcomes = {b.compiler: b.outcome() for b in builds}
    if 'llvm' in outcomes and args.reference:
        with open(kept, 'w') as f:
            json.dump(outcomes['llvm'], f)
    elif 'llvm' not in outcomes:
        with open(kept) as f:
            outcomes['llvm'] = json.load(f)
    wrong = compare(outcomes['llvm'], outcomes['kiln'])
    for b in builds:
        wrong += b.other_levels()
    functions, instructions, fallbacks, units = kiln.logged('build')
    in_tests = kiln.logged('test')
    fallbacks += in_tests[2]
    if functions == 0:
        wrong.append('no function was compiled by Kiln')
    if fallbacks:
        wrong += ['%d files were compiled by LLVM:' % len(fallbacks)] + fallbacks[:20]
    if not wrong and not args.keep:
        for b in builds:
            b.remove()

    row = {'package': package['name'], 'version': version, 'kind': package['kind'], 'level': args.level,
           'functions': functions + in_tests[0], 'instructions': instructions + in_tests[1], 'units': units + in_tests[3],
           'levels': kiln.levels(), 'fallbacks': len(fallbacks), 'configure_fallbacks': kiln.logged('configure')[2],
           'left_out': package['left_out']}
    for name, outcome in (('clang', outcomes['llvm']), ('kiln', outcomes['kiln'])):
        row[name] = {'passed': outcome['passed'], 'failed': outcome['failed'], **outcome['times']}
    return row, wrong


HEAD = ('package', 'functions', 'units', 'by LLVM', 'passed', 'failed', 'passed', 'failed',
        'wall', 'user', 'wall', 'user')
FORMAT = '%-26s %9s %6s %7s  %7s %6s  %7s %6s  %7s %7s  %7s %7s'


def cells(row):
    def both(name):
        return row[name]['passed'], row[name]['failed']

    def times(name):
        return ['%.1f' % row[name]['build'][k] for k in ('wall', 'user')]
    return ('%s %s' % (row['package'], row['version']), row['functions'], row['units'], row['fallbacks'],
            *both('clang'), *both('kiln'), *times('clang'), *times('kiln'))


def total(rows):
    out = {'package': 'all', 'version': ''}
    for k in ('functions', 'units', 'fallbacks'):
        out[k] = sum(r[k] for r in rows)
    for c in ('clang', 'kiln'):
        out[c] = {k: sum(r[c][k] for r in rows) for k in ('passed', 'failed')}
        out[c]['build'] = {k: sum(r[c]['build'][k] for r in rows) for k in ('wall', 'user')}
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', metavar='NAME', help='packages; default: all')
    p.add_argument('--level', choices=LEVELS, default='O0')
    p.add_argument('--reference', choices=LEVELS, help="clang's level; default: Kiln's")
    p.add_argument('--flags', default='', help='of both compilers, besides those of the level')
    p.add_argument('--target', choices=('x86_64', 'aarch64', wine.TARGET), default='x86_64')
    p.add_argument('--root', default='build/cache/aarch64', help="folder of the other target's libraries")
    p.add_argument('--stress', metavar='SEED', help='$KILN_STRESS')
    p.add_argument('--times', type=int, default=1, metavar='N', help='build N times, take the least times')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--keep', action='store_true', help='keep the trees of packages that pass, too')
    p.add_argument('--json', action='store_true', help='print a line of JSON for each package instead')
    p.add_argument('--list', action='store_true', help='print the packages and what they need, and end')
    p.add_argument('--needs', action='store_true', help='print the Debian packages that are needed, and end')
    p.add_argument('--kiln', default='build/kiln')
    p.add_argument('--clang', default='clang-22')
    p.add_argument('--cache', default='build/cache/sources')
    p.add_argument('--work', default='build/packages')
    args = p.parse_args()
    packages = [describe(n, args.target) for n in args.names or names(args.target)]
    if args.needs:
        print('\n'.join(sorted({n for q in packages for n in q['needs'] + q.get('needs_' + args.target, [])})))
        return 0
    if args.list:
        for q in packages:
            print('%-10s %-20s %s' % (q['name'], q['kind'], q['left_out'] and 'without ' + q['left_out']))
        return 0
    args.kiln, args.work = os.path.abspath(args.kiln), os.path.abspath(args.work)
    args.root = os.path.abspath(args.root)
    if args.target == wine.TARGET: wine.start()
    if args.target == 'aarch64':
        subprocess.run([os.path.join(HERE, '../../harness/cross_root.sh'), os.path.dirname(args.root)], check=True, stdout=subprocess.DEVNULL)
    rows, bad = [], []
    if not args.json:
        print('level %s; tests by clang and by Kiln; seconds of the build by clang and by Kiln' % args.level)
        print(FORMAT % HEAD, flush=True)
    for q in packages:
        try:
            row, wrong = run_package(q, args)
            rows.append(row)
            print(json.dumps(row) if args.json else FORMAT % cells(row), flush=True)
        except (Failure, OSError) as e:
            wrong = [str(e)]
        if wrong:
            bad.append(q['name'])
            print('FAILED: %s: %s' % (q['name'], '\n  '.join(wrong)), file=sys.stderr, flush=True)
    if len(rows) > 1 and not args.json:
        print(FORMAT % cells(total(rows)))
    for r in rows:
        for f in r['configure_fallbacks']:
            print('not compiled by Kiln: %s: %s' % (r['package'], f), file=sys.stderr)
    if bad:
        print('%d of %d packages failed: %s' % (len(bad), len(packages), ' '.join(bad)), file=sys.stderr)
    return 1 if bad or not rows else 0


if __name__ == '__main__':
    sys.exit(main())
