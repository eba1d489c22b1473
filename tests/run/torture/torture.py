#!/usr/bin/env python3
"""Runs GCC's C torture tests (gcc.c-torture/execute): each by clang to bitcode, then by LLVM -O0 and
by Kiln, linked, run. A test counts if LLVM's program passes. Kiln's must pass too, or be refused at compile time for
a feature that is not implemented: that is a skip, counted by feature.

    torture.py --kiln=build/kiln --source=DIR [--target=T] [--level=O0] [--every=N] [--first=K] [--until=K]
               [NAME...]
"""
import collections
import glob
import os
import re
import shutil
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

# The options that a test requests, as far as they change the program's meaning.
OPTION = re.compile(r'dg-(?:additional-)?options\s+(?:\{\s*)?"([^"]*)"')
MEANING = re.compile(r'^(-fwrapv|-fno-builtin\S*|-ftrapv|-fsigned-char|-funsigned-char|-fgnu89-inline|-std=\S+|-D\S+'
                     r'|-fno-strict-aliasing|-fnon-call-exceptions|-finstrument-functions)$')
REFUSED = re.compile(r'error: (?:not implemented|not supported|unsupported): (.*?)(?: at bit \d+)?$', re.M)


def options_of(path):
    with open(path, errors='replace') as f:
        text = f.read()
    flags = [w for o in OPTION.findall(text) for w in o.split() if MEANING.match(w)]
    return ([] if any(f.startswith('-std=') for f in flags) else ['-std=gnu89']) + flags


def level_flags(level):
    """Options of a level: with the vectorizers, which the harness turns off, where clang has them on. Og: as kiln cc has
    it, for Kiln's inlining (kiln_flags)."""
    if level == 'Og': return harness.AS_OG
    return ['-' + level] + ['-fvectorize', '-fslp-vectorize'] * (level in ('O2', 'O3'))


def kiln_flags(level):
    return ['--inline'] * (level == 'Og')


def feature(text):
    """The feature that is missing by Kiln's diagnostic; None if it says something else."""
    m = REFUSED.search(text)
    return m.group(1).strip() if m else None


class Precompiled:
    """Precompiled headers: what several tests include first, with the same options, clang reads once. It takes
    two thirds of the time of a front end that reads the headers of a container, and more of a processor's intrinsics."""

    def __init__(self, h, language, tests):
        self.h, self.language = h, language
        self.uses = collections.Counter(tests)
        self.made = {}
        self.lock = threading.Lock()

    def flags(self, includes, flags):
        """Options in place of the includes; none if too few tests want the same."""
        key = (includes, flags)
        if not includes or self.uses[key] < 3: return []
        with self.lock:
            if key not in self.made:
                base = self.h.path('precompiled.%d' % len(self.made))
                with open(base + '.h', 'w') as f: f.write('\n'.join(includes) + '\n')
                self.made[key] = ['-include-pch', base + '.pch']
                try:
                    self.h.run([*self.h.clang, '-x', self.language + '-header', '-w', *flags, base + '.h', '-o', base + '.pch'])
                except harness.Failure: # slowly or not at all: without
                    self.made[key] = []
        return self.made[key]


class Tests:
    """A run over many tests: those that LLVM's programs pass are counted."""

    def __init__(self, args):
        self.args = args
        self.h = harness.Harness(args)
        self.counted = []
        self.uncounted = collections.Counter()
        self.linker = args.gcc

    def run(self, program):
        cwd = program + '.run' # some leave files
        os.makedirs(cwd, exist_ok=True)
        try:
            return self.h.run([program], timeout=self.args.timeout, check=False, cwd=cwd)[0]
        finally:
            shutil.rmtree(cwd)

    def check(self, name, sources, flags, libs):
        """One test: its sources are compiled with `flags` and linked with `libs`."""
        h = self.h
        base = h.path(name.replace('/', '.') + '@') # no beginning of another test's, whose files would go with its own
        units = [base + '.%d' % i for i in range(len(sources))]
        try:
            self.compare(name, base, units, sources, flags, libs)
        finally:
            if not self.args.keep:
                for f in glob.glob(glob.escape(base) + '.*'): os.unlink(f)

    def compare(self, name, base, units, sources, flags, libs):
        h = self.h
        why = 'not compiled by clang'
        try:
            for source, unit in zip(sources, units): h.bitcode(source, unit + '.bc', flags)
            why = "not passed by LLVM's program"
            wrong, missing = self.by_kiln(base, units, libs)
            if (wrong or not self.args.quick) and not self.by_llvm(base, units, libs): raise harness.Failure(why)
        except harness.Failure:
            self.uncounted[why] += 1
            h.note('%s: %s' % (name, why))
            return
        self.counted.append(name)
        if missing: h.skip(name, missing)
        elif wrong: h.fail(name, wrong)
        else: h.ok(name)

    def by_kiln(self, base, units, libs):
        """What is wrong with Kiln's program, or None; and the feature that is missing, if it was refused for one."""
        h = self.h
        try:
            for unit in units: h.kiln_object(unit + '.bc', unit + '.o', ['--verify', *kiln_flags(self.args.level)])
        except harness.Failure as e:
            return str(e), feature(str(e))
        try:
            status = self.run(h.link([u + '.o' for u in units], base + '.kiln', libs, by=self.linker))
        except harness.Failure as e:
            return str(e), None
        return 'runs wrong: status %d' % status if status else None, None

    def by_llvm(self, base, units, libs):
        h = self.h
        for unit in units:
            h.run([*h.clang, '-c', '-O0', '-w', '-fPIC', '-Xclang', '-disable-llvm-passes', unit + '.bc',
                   '-o', unit + '.llvm.o'])
        return self.run(h.link([u + '.llvm.o' for u in units], base + '.llvm', libs, by=self.linker)) == 0

    def finish(self, n):
        if not self.args.tap:
            for why, times in sorted(self.uncounted.items()): print('%d %s' % (times, why))
            print('%d tests, %d count, %d pass (%.1f %%)' %
                  (n, len(self.counted), self.h.passed, 100.0 * self.h.passed / max(1, len(self.counted))))
        self.h.finish()


def arguments(description, suffix, source):
    p = harness.options(description)
    p.add_argument('names', nargs='*', help='tests, without %s; default all' % suffix)
    p.add_argument('--source', required=True, help=source)
    p.add_argument('--level', default='O0')
    p.add_argument('--every', type=int, default=1, metavar='N', help='only each N-th test')
    p.add_argument('--first', type=int, default=0, metavar='K', help='of each N tests number K, from 0')
    p.add_argument('--until', type=int, metavar='K', help='no test from number K on')
    p.add_argument('--quick', action='store_true', help="LLVM's program only where Kiln's does not pass")
    p.add_argument('--timeout', type=int, default=20)
    return p


def main():
    args = arguments(__doc__.splitlines()[0], '.c', 'folder of gcc.c-torture/execute').parse_args()
    tests = Tests(args)
    files = sorted(glob.glob(os.path.join(args.source, '*.c')) +
                   glob.glob(os.path.join(args.source, 'ieee', '*.c')))
    if args.names:
        files = [f for f in files if os.path.basename(f)[:-2] in args.names]
    files = files[args.first:args.until:args.every]

    def check(path):
        tests.check(os.path.relpath(path, args.source)[:-2], [path], [*level_flags(args.level), *options_of(path)],
                    ('-lm', '-pthread'))
    tests.h.each(check, files)
    tests.finish(len(files))


if __name__ == '__main__':
    main()
