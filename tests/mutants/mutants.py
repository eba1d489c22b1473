#!/usr/bin/env python3
"""Plants bugs in the allocator, one at a time, and checks that the allocation checker finds each without running
code.

    mutants.py [--tap] [--only=TEXT] [--every=N] [--jobs=N] [BUILD]
    mutants.py --places     compiles nothing: prints the rows whose text does not occur exactly once

A row of table.py names a rule of the allocator, a target, a file, and a text in it that is
replaced. What depends on the file is compiled again, with checks and without optimization, linked
with mutants.c and run over .kir files. All other files are compiled first, or are those of the libraries of BUILD, a checking
build with sanitizers. Every mutant must be found; one whose text does not occur exactly once fails. With --every=N one
row of N is run.
"""
import argparse
import concurrent.futures
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, '../kir'))
sys.path.insert(0, os.path.join(HERE, '../harness'))
sys.dont_write_bytecode = True
import gen_renewed  # noqa: E402
import gen_repeated  # noqa: E402
import random_gen  # noqa: E402
import random_ir  # noqa: E402
import table  # noqa: E402
from progress import progress  # noqa: E402

FOUND = 3
SEEDS = 3
FLAGS = ['-std=gnu11', '-O0', '-w', '-DKN_CHECKS']
SANITIZERS = ['-fsanitize=address,undefined', '-fuse-ld=lld']


class Build:
    """The library's objects as they are, and what is made of a damaged file."""

    def __init__(self, work, cc, jobs, build):
        self.work, self.cc = work, cc
        self.rest = [*(os.path.join(build, 'libkiln%s.a' % part) for part in ('-text', '')), *SANITIZERS] if build else []
        self.sources = sorted(os.path.relpath(p, ROOT) for d in ('ir', 'lib', 'targets')
                              for p in glob.glob(os.path.join(ROOT, d, '**/*.c'), recursive=True))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda s: self.compile(s, work, []), ['tests/mutants/mutants.c'] + ([] if build else self.sources)))

    def object(self, source, folder):
        return os.path.join(folder, source.replace('/', '_') + '.o')

    def compile(self, source, folder, includes, path=None):
        subprocess.run([self.cc, *FLAGS, *includes, '-I' + ROOT, '-I' + ROOT + '/include', '-c',
                        path or os.path.join(ROOT, source), '-o', self.object(source, folder)],
                       check=True)

    def users(self, name, target):
        """The sources to compile again when file `name` changes, in lists, of which the next one is for what was not
        found with the one before: a header's inline functions are called by lib/ and by the targets, one target is
        enough, and mostly three of its files are."""
        if name.endswith('.c'):
            return [[name]]
        own = [s for s in self.sources if s.startswith(('lib/', 'targets/%s/' % target))]
        few = [s for s in own if os.path.basename(s) in ('call.c', 'int.c', 'memory.c', 'regs.c')]
        return [few, own] if few else [own]

    def link(self, folder, changed):
        objects = [self.object(s, folder if s in changed else self.work)
                   for s in ['tests/mutants/mutants.c', *(changed if self.rest else self.sources)]]
        out = os.path.join(folder, 'mutants')
        subprocess.run([self.cc, *objects, *self.rest, '-o', out], check=True)
        return out

    def mutants(self, folder, target, name, old, new):
        """Yields programs, of which one is to be found; none if the text is not there once."""
        with open(os.path.join(ROOT, name)) as f:
            text = f.read()
        if text.count(old) != 1:
            return
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text.replace(old, new))
        done = []
        for changed in self.users(name, target):
            for s in changed:
                if s not in done:
                    self.compile(s, folder, ['-I' + folder], path if s == name else None)
            done = changed
            yield self.link(folder, changed)


def inputs(work):
    """The .kir files, those that are generated for one operation after the other, and some random functions: by target."""
    files = sorted(glob.glob(os.path.join(HERE, '*.kir')) +
                   glob.glob(os.path.join(HERE, '../kir', '*.kir')))
    files = [f for f in files if not f.endswith('errors.kir')]
    generated = os.path.join(work, 'generated')
    os.makedirs(generated)
    for make in gen_renewed.gen_renewed, gen_renewed.gen_walking, gen_repeated.gen_atomics, gen_repeated.gen_conditions:
        make(random.Random(1)).write(generated)
    files += sorted(glob.glob(os.path.join(generated, '*.kir')))
    found = {}
    for target in ('x86_64', 'aarch64'):
        path = os.path.join(work, 'random-%s.kir' % target)
        with open(path, 'w') as f:
            for seed in range(1, 25):
                program = random_gen.make(seed, target, 1)
                if program.vectors:
                    f.write('\n'.join(random_ir.program_text(program)) + '\n')
        found[target] = files + [path]
    return found


def run(program, target, files):
    """Gives (status, first line)."""
    try:
        p = subprocess.run([program, target, str(SEEDS), *files], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, timeout=120)
    except subprocess.TimeoutExpired:
        return -1, 'timeout'
    return p.returncode, p.stdout.decode(errors='replace').strip().split('\n')[0]


def check_places():
    """Prints the rows whose text is not in its file exactly once; 1 if there are any."""
    wrong = 0
    for rule, target, name, old, _ in table.MUTANTS:
        with open(os.path.join(ROOT, name)) as f:
            n = f.read().count(old)
        if n != 1:
            wrong = 1
            print('%s %s: %s: the text occurs %d times' % (target, name, rule, n))
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--tap', action='store_true', help='speak TAP: a line per mutant')
    p.add_argument('--only', default='', help='the mutants whose rule or file contains this')
    p.add_argument('--every', type=int, default=1, metavar='N', help='run one row of N')
    p.add_argument('--jobs', type=int, default=min(2, os.cpu_count() or 1))
    p.add_argument('--cc', default='clang-22', help='compiler; clang is faster at -O0')
    p.add_argument('build', nargs='?', metavar='BUILD')
    p.add_argument('--places', action='store_true', help='only print the rows that do not apply')
    args = p.parse_args()
    if args.places:
        sys.exit(check_places())
    work = tempfile.mkdtemp(prefix='kiln-mutants-')
    failed, lines = 0, 0
    try:
        build = Build(work, args.cc, args.jobs, args.build)
        files = inputs(work)
        plain = build.link(work, [])

        def one(row):
            rule, target, name, old, new = row
            if old is None:
                status, text = run(plain, target, files[target])
                return row, status == 0, 'status %d %s' % (status, text)
            status, text = None, 'the text is not there, or twice'
            with tempfile.TemporaryDirectory(dir=work) as folder:
                for program in build.mutants(folder, target, name, old, new):
                    status, text = run(program, target, files[target])
                    if status == FOUND:
                        break
            return row, status == FOUND, 'status %s: %s' % (status, text)

        rows = [('nothing is found without a mutation', t, '', None, None)
                for t in ('x86_64', 'aarch64')]
        rows += [r for r in table.MUTANTS if args.only in r[0] + ' ' + r[2]][::args.every]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for row, ok, text in progress(pool.map(one, rows), len(rows), lambda r: r[0][0]):
                lines += 1
                failed += not ok
                print('%s %d - %s %s: %s' % ('ok' if ok else 'not ok', lines, row[1],
                                             row[2], row[0]), flush=True)
                if not ok or not args.tap:
                    print('# ' + text, flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print('1..%d' % lines)
    if not args.tap:
        print('# %d of %d not found' % (failed, lines))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
