#!/usr/bin/env python3
"""Compares the objects that two builds of kiln make, byte for byte: for changes that must not change the machine code.

compare_builds.py [--only=TEXT]... [--wide | --sample] [--modules=FOLDER] [--keep=FOLDER] [--cache=CACHE] OLD NEW_KILN

OLD is a program kiln or a commit, which is built in the cache, once. Inputs (harness/inputs.py) are compiled for both
targets, plainly, with two seeds of --stress, and with the options that change sections; --only: only those whose name
contains a TEXT; --wide: more programs, and GCC's torture tests if the cache has them; --sample: SQLite and Lua in two
of eight kinds, and .kir files, each in one of the ways only; --modules: the bitcode (*.bc) in FOLDER in place of all
these, for x86-64: what a build of a package by clang -emit-llvm, or of a crate with --emit=llvm-bc, leaves. Where kiln
refuses an input, what it says and its exit status are compared. Text that OLD's tree lacks, or has otherwise, is
skipped by name.

A difference is printed with its first section and function (harness/elf_difference.py), without the version in
.comment; with --keep its objects stay as FOLDER/old/NAME.o and FOLDER/new/NAME.o. The exit status is 1 if anything
differs.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import fcntl
import filecmp
import functools
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
import elf_difference  # noqa: E402
import inputs  # noqa: E402
from progress import progress  # noqa: E402

ROOT = inputs.ROOT
JOBS = min(2, os.cpu_count() or 1)
WAYS = ((), ('--stress=1',), ('--stress=7',), ('--pic=static', '--function-sections', '--data-sections'))
# What a build of the old commit leaves out: all but the program kiln.
MESON = ('-Dtests=false', '-Dbench=disabled', '-Ddis=disabled', '-Dinterp=disabled', '-Dplugin=disabled')


@contextlib.contextmanager
def locked(path):
    with open(path, 'w') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def run(command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
    if done.returncode:
        sys.exit('%s: exit status %d\n%s' % (' '.join(command), done.returncode, done.stdout.decode()[-2000:]))
    return done.stdout


def build_commit(commit, cache):
    """Gives the tree of a commit and the kiln that is built from it."""
    commit = run(['git', 'rev-parse', '--verify', '--end-of-options', commit + '^{commit}'], cwd=ROOT).decode().strip()
    folder = os.path.join(cache, 'commits', commit)
    tree, build = os.path.join(folder, 'tree'), os.path.join(folder, 'build')
    os.makedirs(tree, exist_ok=True)
    with locked(os.path.join(folder, 'lock')):
        if not os.path.exists(os.path.join(folder, 'complete')):
            print('building', commit, file=sys.stderr)
            archive = run(['git', 'archive', commit], cwd=ROOT)
            run(['tar', '-x', '-C', tree], input=archive)
            if not os.path.exists(os.path.join(build, 'build.ninja')):
                with open(os.path.join(tree, 'meson_options.txt'), encoding='utf-8') as f:
                    known = f.read()
                wanted = [o for o in MESON if "option('%s'" % o[2:].partition('=')[0] in known]
                run(['meson', 'setup', build, tree, *wanted], env={**os.environ, 'CC': 'gcc'})
            run(['ninja', '-C', build, '-j%d' % JOBS, 'kiln'])
            run([os.path.join(tree, 'tests/kir/generated.sh'), folder])
            open(os.path.join(folder, 'complete'), 'w').close()
    return folder, os.path.join(build, 'kiln')


class Old:
    """The older build: a program, and where it is a commit's, its texts."""
    def __init__(self, name, cache):
        self.texts = None
        if os.path.isfile(name) and os.access(name, os.X_OK):
            self.kiln = os.path.abspath(name)
        else:
            folder, self.kiln = build_commit(name, cache)
            generated, = [f.path for f in os.scandir(os.path.join(folder, 'kir')) if f.is_dir()]
            self.texts = {'generated/': generated + '/', 'tests/': os.path.join(folder, 'tree/tests/')}

    def has(self, input):
        """Whether a text is in its tree, too, as it is here."""
        if not self.texts or input.path.endswith('.bc'):
            return True
        folder, _, name = input.name.partition(': ')[2].partition('/')
        theirs = self.texts[folder + '/'] + name
        return os.path.exists(theirs) and filecmp.cmp(theirs, input.path, shallow=False)


Made = collections.namedtuple('Made', 'status said object')


@functools.cache
def has_verb(kiln, verb):
    return subprocess.run([kiln, 'help', verb], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def compile(kiln, input, way, out):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(out)
    # older builds do not find QBE's language by the content
    verb = 'qbe' if input.path.endswith('.ssa') and has_verb(kiln, 'qbe') else 'compile'
    done = subprocess.run([kiln, verb, '--target=' + input.target, *way, *input.options, '-o', out, input.path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    made = b''
    if done.returncode == 0:
        with open(out, 'rb') as f:
            made = f.read()
    return Made(done.returncode, done.stdout.decode(errors='replace').replace(out, 'OUT'), made)


FUNCTION = re.compile(r'(?m)^func @([\w.]+).*\{\n(?:.*\n)*?\}\n')


def without_refused(text, said):
    """Text (.kir) with empty lines in place of the functions that kiln's errors name, or that have a type which is not
    supported."""
    lines = [int(n) for n in re.findall(r'(?m)^[^:\n]+:(\d+):', said)]
    names = set(re.findall(r'(?m)^[^:\n]+:([^:\n]+):b\d+:', said))
    types = re.findall(r'\b(\w+) is not supported on', said)

    def kept(function):
        first = text.count('\n', 0, function.start()) + 1
        count = function[0].count('\n')
        refused = (function[1] in names or any(first <= n < first + count for n in lines)
                   or any(re.search(r'\b%s\b' % t, function[0]) for t in types))
        return '\n' * count if refused else function[0]
    return FUNCTION.sub(kept, text)


def first_line(made):
    lines = made.said.splitlines()
    return f'exit status {made.status}: {next((l for l in lines if "error" in l), (lines or [""])[0])[:200]}'


def compare(old, new):
    """Gives (kind, how)."""
    if (old.status == 0) != (new.status == 0):
        maker, other = ('old', new) if old.status == 0 else ('new', old)
        return 'one', f'only the {maker} one makes it; {first_line(other)}'
    if old.status == 0:
        found = elf_difference.difference(old.object, new.object)
        if found:
            return 'differ', found
    if old.status != new.status or old.said != new.said:
        lines = zip(*((m.said + '\nexit status %d' % m.status).split('\n') for m in (old, new)))
        return 'diagnostics', 'old: %s\n    new: %s' % next((pair for pair in lines if pair[0] != pair[1]))
    return ('same', '') if old.status == 0 else ('refused', '')


class Comparison:
    def __init__(self, args, old):
        self.args, self.old, self.new = args, old, os.path.abspath(args.new)
        self.counts = collections.Counter()
        self.work = tempfile.TemporaryDirectory(prefix='kiln-same-')

    def one(self, job):
        number, input, way = job
        at = os.path.join(self.work.name, str(number))
        old, new = (compile(kiln, input, way, at + end) for kiln, end in ((self.old.kiln, '.old'), (self.new, '.new')))
        kind, how = compare(old, new)
        if kind not in ('same', 'refused') and self.args.keep:
            name = re.sub(r'[^\w.+=-]+', '_', ' '.join([input.name, *way])) + '.o'
            for side, made in (('old', old), ('new', new)):
                folder = os.path.join(self.args.keep, side)
                os.makedirs(folder, exist_ok=True)
                with open(os.path.join(folder, name), 'wb') as f:
                    f.write(made.object)
        for end in '.old', '.new':
            with contextlib.suppress(FileNotFoundError):
                os.unlink(at + end)
        return kind, ' '.join([input.name, *way]), how

    def rest(self, item):
        """Of a text with functions that the old build refuses, what it compiles; None of others."""
        if item.path.endswith('.ssa'):
            return None
        at = os.path.join(self.work.name, re.sub(r'\W', '_', item.name))
        with open(item.path) as f:
            text = f.read()
        made, path = compile(self.old.kiln, item, (), at + '.o'), item.path
        while made.status:
            before, path = text, at + '.kir'
            text = without_refused(text, made.said)
            if text == before or not FUNCTION.search(text):
                return None
            with open(path, 'w') as f:
                f.write(text)
            made = compile(self.old.kiln, item._replace(path=path), (), at + '.o')
        return item._replace(name=item.name + ', the rest', path=path) if path != item.path else None

    def wanted(self, name):
        return not self.args.only or any(t in name for t in self.args.only)

    def inputs(self, pool):
        """All that are compared; those that cannot be are counted."""
        if self.args.modules:
            paths = sorted(glob.glob(os.path.join(self.args.modules, '*.bc')))
            items = [inputs.Input('modules/' + os.path.basename(p), 'x86_64', p, ()) for p in paths]
            yield from (i for i in items if self.wanted(i.name))
            return
        made = [b for b in inputs.bitcode(self.args.cache, self.args.sample, self.args.wide) if self.wanted(b.name)]
        for item, path in zip(made, pool.map(inputs.Bitcode.make, made)):
            if path:
                yield inputs.Input(item.name, item.target, path, ())
            else:
                self.counts['no bitcode'] += 1
        texts = []
        for item in inputs.text_inputs(self.args.cache, self.args.sample):
            if not self.wanted(item.name):
                continue
            if self.old.has(item):
                texts.append(item)
            else:
                self.counts['skipped'] += 1
                print('skipped, not the same text:', item.name)
        yield from texts
        yield from filter(None, pool.map(self.rest, texts))

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            items = list(self.inputs(pool))
            jobs = [(item, way) for i, item in enumerate(items)
                    for way in ((WAYS[i % len(WAYS)],) if self.args.sample else WAYS)]
            done = pool.map(self.one, [(i, *job) for i, job in enumerate(jobs)])
            for kind, name, how in progress(done, len(jobs), lambda d: d[1]):
                self.counts[kind] += 1
                if how:
                    print(f'{kind}: {name}: {how}', flush=True)

    def finish(self):
        n = self.counts
        if not n['same']:
            print('nothing was compared')
        print(f'{n["refused"]} refused alike, {n["diagnostics"]} with other diagnostics, {n["skipped"]} texts skipped, '
              f'{n["no bitcode"]} that clang does not compile')
        print(f'{n["same"]} objects the same, {n["differ"]} differ, {n["one"]} only by one')
        return 1 if n['differ'] or n['one'] or n['diagnostics'] or not n['same'] else 0


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--only', action='append', metavar='TEXT')
    p.add_argument('--wide', action='store_true')
    p.add_argument('--sample', action='store_true')
    p.add_argument('--modules', metavar='FOLDER')
    p.add_argument('--keep', metavar='FOLDER')
    p.add_argument('--cache', default=os.path.join(ROOT, 'build/cache'))
    p.add_argument('old', metavar='OLD', help='a program kiln, or a commit')
    p.add_argument('new', metavar='NEW_KILN')
    args = p.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    args.cache = os.path.realpath(args.cache)
    comparison = Comparison(args, Old(args.old, args.cache))
    comparison.run()
    sys.exit(comparison.finish())


if __name__ == '__main__':
    main()
