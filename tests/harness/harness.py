"""What the executing tests share: options, running tools, counting, the closing line.

Used by the scripts under run/. Every check ends in exactly one of
passed, failed, skipped; skips carry a reason and are listed at the end, counted by reason.
`--kiln=clang` uses clang's own code generator instead of Kiln, to validate the tests themselves.
$KILN_ALSO names other builds of Kiln, NAME=PROGRAM:NAME=PROGRAM...: each compiles whatever Kiln compiles, and must
make the same bytes. So one run tests the code of all builds, and a build with sanitizers sees every input.
"""
import argparse
import concurrent.futures
import filecmp
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import fields
import wine
from progress import progress

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WHOLE = os.environ.get('KILN_TEST_WHOLE') == '1' # ./dev test --whole
AARCH64 = 'aarch64-unknown-linux-gnu'  # as Rust names the target
QEMU = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
# What `kiln cc -Og` has clang make: what -O1 says of inlining, and those of LLVM's passes that -O0 runs.
AS_OG = ['-O1', '-mllvm', '-opt-bisect-limit=0', '-mllvm', '-opt-bisect-verbose=false', '-U__OPTIMIZE__']


def options(description, **defaults):
    p = argparse.ArgumentParser(description=description)
    p.add_argument('--kiln', default=os.environ.get('KILN', os.path.join(TESTS, '../build/kiln')),
                   help='the kiln program, or "clang" to validate the test itself')
    p.add_argument('--clang', default=os.environ.get('CLANG', 'clang-22'))
    p.add_argument('--gcc', default='gcc')
    p.add_argument('--target', choices=('x86_64', 'aarch64', wine.TARGET), default='x86_64',
                   help='others than x86_64: by cross tools, run under qemu-aarch64 or wine')
    p.add_argument('--keep', metavar='DIR', help='work in DIR and keep what is written there')
    p.add_argument('--jobs', type=int, default=min(4, os.cpu_count() or 1))
    p.add_argument('--tap', action='store_true', help='speak TAP: a line per check')
    p.add_argument('--verbose', '-v', action='store_true')
    return p


def sampled(args):
    """The options, with --whole without a sample: every row, four times as many random ones."""
    if WHOLE:
        named = vars(args)
        named.update({k: v for k, v in (('every', 1), ('sample', False)) if k in named})
        if 'count' in named:
            args.count *= 4
    return args


def sample(items, n, first=0):
    """Each n-th of the items, from a first one on; all of them with --whole, and those that the caller was asked for."""
    items = list(items)
    return items if WHOLE or os.environ.get('KILN_TEST_FILES') else items[first::n]


def rust_toolchains():
    """The toolchains of rustup's whose rustc the sources of integrations/rustc/ fit."""
    with open(os.path.join(TESTS, '../integrations/rustc/rust-toolchains')) as f:
        return f.read().split()


# What Rust calls a target, what links for it, and what runs its programs.
RUST_TARGETS = {'aarch64': (AARCH64, 'aarch64-linux-gnu-gcc', QEMU), wine.TARGET: (wine.RUST_TARGET, wine.GCC, [wine.WINE])}


def cargo_for(target, runner=''):
    """Variables with which cargo builds for a target, and runs what it builds under qemu or wine, which the runner runs."""
    name, linker, emulator = RUST_TARGETS[target]
    of_target = 'CARGO_TARGET_' + name.upper().replace('-', '_')
    return {'CARGO_BUILD_TARGET': name, of_target + '_LINKER': linker, of_target + '_RUNNER': ' '.join([runner, *emulator]).strip()}


def rustc_linkers(wild=None):
    """By name, rustc's options for each linker that is installed; '-' is the toolchain's. `wild`: that linker's path."""
    linkers = {'-': []}
    linkers.update((name, ['-Clink-arg=-fuse-ld=' + name]) for name, program in (('bfd', 'ld.bfd'), ('mold', 'mold')) if shutil.which(program))
    wild = wild or shutil.which('wild')
    if wild: linkers['wild'] = ['-Clinker=clang-22', '-Clink-arg=--ld-path=' + os.path.abspath(wild)]
    return linkers


def more_settings(args):
    """The variables of Kiln's that --inline and --stress stand for."""
    return {name: value for name, value in (('KILN_INLINE', args.inline), ('KILN_STRESS', args.stress)) if value}


def inlining(value):
    """Not the name of a crate or of a part that follows --inline."""
    if not re.fullmatch(r'small|must|foreign|\d+', value):
        raise argparse.ArgumentTypeError(f'{value!r} is no way of inlining: small, must, foreign, or a number; before a name, write --inline=small')
    return value


def add_settings(parser):
    parser.add_argument('--inline', nargs='?', const='small', type=inlining, help='$KILN_INLINE; default of the value: small')
    parser.add_argument('--stress', metavar='SEED', help='$KILN_STRESS: few registers, chosen at random')


def code_generator(kiln, env=None):
    """The library that `kiln cargo --setup` builds for the toolchain of the environment, or None; and what it printed."""
    done = subprocess.run([kiln, 'cargo', '--setup'], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r'has its code generator: (.*)', done.stdout)
    return (found[1] if done.returncode == 0 and found else None), done.stdout


class Failure(Exception):
    """A command failed; the text says which and how."""


def other_builds():
    """Names and programs of $KILN_ALSO."""
    pairs = [p.partition('=') for p in os.environ.get('KILN_ALSO', '').split(':') if p]
    return [(name, os.path.abspath(kiln)) for name, _, kiln in pairs]


def same_by_others(builds, command, source, out):
    """Fails if `command` of one of the builds does not make the object `out` of the source. That nothing leaks is left to
    the tests of that build itself: the search takes as long as all the rest of a short process."""
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
    for name, kiln in builds:
        other = '%s.%s' % (out, name)
        words = [kiln, *command, '-o', other, source]
        done = subprocess.run(words, capture_output=True, text=True, errors='replace', env=env)
        if done.returncode:
            raise Failure('[%s] status %d: %s\n%s' % (name, done.returncode, ' '.join(words), done.stderr.strip()[:2000]))
        if not filecmp.cmp(out, other, shallow=False):
            raise Failure('[%s] %s: not the object that the build under test makes' % (name, ' '.join(words)))
        os.unlink(other)


class Harness:
    def __init__(self, args):
        self.args = args
        self.passed = 0
        self.failed = 0
        self.skips = {}
        self.lines = 0
        self.lock = threading.Lock()
        self.dir = args.keep and os.path.abspath(args.keep) or tempfile.mkdtemp(prefix='kiln-test-')
        os.makedirs(self.dir, exist_ok=True)
        self.cross = args.target == 'aarch64' and os.uname().machine != 'aarch64'
        self.windows = args.target == wine.TARGET
        self.clang = [args.clang]
        self.emulator = [] # what runs programs
        if self.cross or self.windows: self.use_cross_tools(args)
        self.fake = args.kiln == 'clang'
        self.also = []
        if not self.fake:
            args.kiln = os.path.abspath(args.kiln)
            self.also = other_builds()

    def use_cross_tools(self, args):
        args.gcc = 'aarch64-linux-gnu-gcc' if self.cross else wine.GCC
        self.clang.append('--target=' + ('aarch64-linux-gnu' if self.cross else wine.CLANG_TARGET))
        self.emulator = QEMU if self.cross else [wine.WINE]
        missing = next((t for t in (args.gcc, self.emulator[0]) if not shutil.which(t)), None)
        if missing:
            print('1..0 # SKIP no ' + missing)
            sys.exit(0)
        if self.windows: wine.start()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)
        return self.path(name)

    @staticmethod
    def files(folder, pattern):
        """Names, without endings, of the files of a folder, or of those that $KILN_TEST_FILES has."""
        chosen = os.environ.get('KILN_TEST_FILES', '').split()
        names = sorted(os.path.basename(f) for f in glob.glob(os.path.join(folder, pattern)))
        names = [n for n in names if not chosen or n in chosen]
        if not names:
            sys.exit('no file: ' + ' '.join(chosen))
        return [os.path.splitext(n)[0] for n in names]

    # ---- tools ----

    def run(self, cmd, timeout=60, check=True, env=None, stdin=None, cwd=None):
        """Runs a command, in folder `cwd`; gives (status, stdout, stderr). A signal is a negative status."""
        if os.path.dirname(cmd[0]) == self.dir:
            cmd = [*self.emulator, *cmd]
        try:
            p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                               env=env, input=stdin, cwd=cwd)
        except subprocess.TimeoutExpired:
            raise Failure('timeout: ' + ' '.join(cmd))
        out, err = p.stdout.decode(errors='replace'), p.stderr.decode(errors='replace')
        if check and p.returncode:
            raise Failure('status %d: %s\n%s' % (p.returncode, ' '.join(cmd),
                                                 (err or out).strip()[:2000]))
        return p.returncode, out, err

    def bitcode(self, c_file, out, flags=('-O0',)):
        self.run([*self.clang, '-c', '-emit-llvm', '-fno-vectorize', '-fno-slp-vectorize', '-w',
                  *flags, c_file, '-o', out])
        return out

    def clang_object(self, source, out, flags=('-O0',)):
        self.run([*self.clang, '-c', '-fno-vectorize', '-fno-slp-vectorize', '-w', *flags,
                  source, '-o', out])
        return out

    def gcc_object(self, source, out, flags=('-O0',)):
        self.run([self.args.gcc, '-c', '-w', *flags, source, '-o', out])
        return out

    def kiln_object(self, source, out, flags=()):
        """Compiles bitcode or .kir text by Kiln. The fields of the object's relocations must be 0."""
        if self.fake:
            self.run([*self.clang, '-c', '-O0', '-w', '-fPIC', source, '-o', out])
        else:
            self.run([self.args.kiln, 'compile', '--target=' + self.args.target, *flags, '-o', out, source])
            self.compile_also(source, out, flags)
            wrong = fields.faults(out)
            if wrong: raise Failure(wrong)
        return out

    def compile_also(self, source, out, flags=()):
        """Checks that the other builds make the object `out` too; a Failure begins with the name of the build that
        does not."""
        same_by_others(self.also, ['compile', '--target=' + self.args.target, *flags], source, out)

    def link(self, objects, out, flags=(), mold=True, by=None):
        """Links with mold, if installed, which takes a third of ld's time; run/link tests the differences between
        linkers. `by`: the compiler that links, in place of --gcc."""
        if self.windows: out += '.exe'
        elif mold and shutil.which('mold'): flags = [*flags, *self.by_mold()]
        self.run([by or self.args.gcc, *['-static'] * bool(self.emulator), *objects, '-o', out, *flags])
        return out

    def by_mold(self):
        if not self.cross:
            return ['-fuse-ld=mold']
        folder = self.path('mold') # a cross compiler looks for a linker of its own name, or in -B
        with self.lock:
            if not os.path.exists(folder):
                os.mkdir(folder)
                os.symlink(shutil.which('mold'), os.path.join(folder, 'ld'))
        return ['-B', folder]

    # ---- counting ----

    def tap(self, line, name, text=''):
        if self.args.tap:
            self.lines += 1
            name = str(name).replace('#', 'No.').replace('\n', ' ')
            print('%s %d - %s%s' % (line, self.lines, name, text), flush=True)

    def ok(self, what):
        with self.lock:
            self.passed += 1
            self.tap('ok', what)

    def fail(self, what, text=''):
        build = re.match(r'\[\w+\] ', text) # the other build in which it fails
        what = '%s %s' % (what, build[0].rstrip()) if build else what
        with self.lock:
            self.failed += 1
            if text and self.args.tap:
                print('# ' + text.replace('\n', '\n# '))
            self.tap('not ok', what)
            if not self.args.tap:
                print('FAILED: %s%s' % (what, ': ' + text if text else ''), flush=True)

    def skip(self, what, reason):
        """`what` was not checked; skips are counted by reason."""
        with self.lock:
            self.skips[reason] = self.skips.get(reason, 0) + 1
            self.tap('ok', what, ' # SKIP ' + reason)

    def note(self, text):
        if self.args.verbose:
            with self.lock:
                print('# ' + text, flush=True)

    def each(self, work, items):
        """Runs work(item) for all, some at a time; a Failure counts as one failed check."""
        def one(item):
            try:
                return work(item)
            except Failure as e:
                self.fail(' '.join(map(str, item)) if isinstance(item, (tuple, list)) else str(item), str(e))
                return None
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            items = list(items)
            return list(progress(pool.map(one, items), len(items), lambda result: ''))

    def finish(self):
        """Prints the closing lines and exits: 1 if anything failed or nothing ran."""
        mark = '# ' if self.args.tap else ''
        if self.args.tap:
            print('1..%d' % self.lines)
        for reason in sorted(self.skips):
            print('%sskipped (%d): %s' % (mark, self.skips[reason], reason))
        print('%s%d passed, %d failed, %d skipped' % (mark, self.passed, self.failed,
                                                      sum(self.skips.values())))
        if not self.args.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        sys.exit(1 if self.failed or not self.passed else 0)
