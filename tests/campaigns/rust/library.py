#!/usr/bin/env python3
"""The tests of Rust's own libraries, core, alloc and std, by Kiln as rustc's code generator and by LLVM: the same tests with the
same results.

    library.py --kiln=build/kiln [--toolchain=NAME] [--rustup=FOLDER] [--debug=2] [--work=FOLDER] [--backend=FILE] [--skip=TEXT,...]
               [--inline[=SIZE]] [--stress=SEED] [--target=aarch64] [core|alloc|std...]

As Rust's own build does it, each side first builds the libraries from the toolchain's component rust-src, into a sysroot of its
own: std's tests stand on that very std. Sources and the crates that they depend on are used where they are, and the network is
not. What LLVM's build fails too is counted apart and named, and so is what Kiln leaves to LLVM. A test that only one side fails
runs twice more by itself, since some depend on time.

--debug: debug information, as in a profile of cargo. --work: a folder for what is built, which stays, and the next run builds on
it. Without --backend, `kiln cargo --setup` builds the code generator for the toolchain; the default is the first of
integrations/rustc/rust-toolchains. --inline, --stress: Kiln inlines, with registers chosen at random. --target=aarch64: for that target,
under qemu, and Kiln compiles rustc's bitcode. About 20 minutes of CPU time and 5 GB; several times as much for AArch64.
"""
import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402
import rust  # noqa: E402

HOST = 'x86_64-unknown-linux-gnu'
PACKAGES = {'core': 'coretests', 'alloc': 'alloctests', 'std': 'std'}
# Parts of names of tests that do not end without optimization, as their source says: they compare 2^64 elements.
ENDLESS = {'coretests': ['max_range']}
LIMIT = 3600  # seconds for the tests of a library, which may hang
AGAIN = 20  # tests that run again, at most


def as_from_terminal():
    """std's tests interrupt processes; what a shell starts in the background ignores that."""
    for number in signal.SIGINT, signal.SIGQUIT: signal.signal(number, signal.SIG_DFL)


class Side:
    """The libraries by one of the two."""

    def __init__(self, args, name, cargo, more):
        self.name, self.cargo, self.skip = name, cargo, args.skip.split(',') if args.skip else []
        self.target = harness.AARCH64 if args.target == 'aarch64' else HOST
        self.folder = os.path.join(args.work, name)
        self.sysroot, self.log = os.path.join(self.folder, 'sysroot'), os.path.join(self.folder, 'log')
        self.source = os.path.join(args.sysroot, 'lib/rustlib/src/rust/library')
        flags = ['-Zforce-unstable-if-unmarked', '--sysroot=' + self.sysroot, '-Awarnings']
        self.env = dict(args.env, CARGO_TARGET_DIR=os.path.join(self.folder, 'target'), CARGO_ENCODED_RUSTFLAGS='\x1f'.join(flags),
                        CARGO_INCREMENTAL='0', CARGO_PROFILE_DEV_DEBUG=args.debug, RUSTC_BOOTSTRAP='1', KILN_LOG=self.log,
                        RUST_BACKTRACE='0', RUST_TEST_THREADS='2', __CARGO_DEFAULT_LIB_METADATA='kiln', **more)
        if args.target == 'aarch64': self.env.update(harness.cargo_for('aarch64'))
        self.libraries = os.path.join(self.sysroot, 'lib/rustlib', self.target, 'lib')
        os.makedirs(self.libraries, exist_ok=True)
        tools = os.path.join(self.sysroot, 'lib/rustlib', HOST, 'bin')  # rust-lld
        os.makedirs(os.path.dirname(tools), exist_ok=True)
        if not os.path.lexists(tools): os.symlink(os.path.join(args.sysroot, 'lib/rustlib', HOST, 'bin'), tools)

    def run(self, verb, words, after=()):
        """Status, and the lines of both outputs of cargo."""
        vendored = 'source.vendored.directory="%s"' % os.path.join(self.source, 'vendor')
        command = [*self.cargo, verb, '--config', 'source.crates-io.replace-with="vendored"', '--config', vendored, '--offline', '--locked',
                   '--manifest-path', os.path.join(self.source, 'sysroot/Cargo.toml'), '--features=backtrace,panic-unwind',
                   '--target', self.target, *words, *after]
        child = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, errors='replace', start_new_session=True, preexec_fn=as_from_terminal)
        try:
            text = child.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            text = child.communicate()[0] + '\nno end'
        with open(os.path.join(self.folder, 'said-' + words[1]), 'w') as f: f.write(text)
        return child.returncode, text.splitlines()

    def build(self):
        """Builds the libraries, and puts them where the compiler looks for them."""
        status, lines = self.run('build', ['-p', 'sysroot', '--message-format=json-render-diagnostics'])
        for name in os.listdir(self.libraries): os.unlink(os.path.join(self.libraries, name))  # of an earlier build
        if status: sys.exit('%s: the libraries are not built:\n%s' % (self.name, '\n'.join(lines[-30:])))
        for line in lines:
            made = json.loads(line) if line.startswith('{"reason":"compiler-artifact"') else {'filenames': []}
            stems = [os.path.splitext(path) for path in made['filenames'] if '/%s/debug/deps/' % self.target in path]
            for path in [stem + end for stem, kind in stems if kind in ('.rlib', '.rmeta') for end in ('.rlib', '.so', '.rmeta')]:
                to = os.path.join(self.libraries, os.path.basename(path))
                if os.path.exists(to): os.unlink(to)
                if os.path.exists(path): os.link(path, to)

    def test(self, package):
        """By program and name the result of each test. A program has one, too: 'FAILED' if it ended otherwise than well."""
        skipped = [word for name in ENDLESS.get(package, []) + self.skip for word in ('--skip', name)]
        _, lines = self.run('test', ['-p', package, '--tests', '--no-fail-fast'], ['--', *skipped])
        results, program = {}, ''
        for line in lines:
            running = re.match(r' +Running (?:unittests )?(\S+)', line)
            test = re.match(r'test (.*?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)', line)
            if running:
                program = running[1]
                results[program, ''] = 'ok'
            elif test: results[program, test[1]] = test[2]
            elif re.match(r'error: could not compile|no end', line): results[program, line] = 'FAILED'
            elif line.startswith('error: test failed') or 'process didn\'t exit successfully' in line: results[program, ''] = 'FAILED'
        return results

    def passes(self, package, name):
        """Whether a test passes, at least once of two times, if it runs by itself."""
        return any(self.run('test', ['-p', package, '--tests', '--no-fail-fast'], ['--', '--exact', name])[0] == 0 for _ in range(2))


def compare(t, part, llvm, kiln):
    """True if both sides have the same results."""
    package = PACKAGES[part]
    by_llvm, by_kiln = llvm.test(package), kiln.test(package)
    differ = {k for k in {**by_llvm, **by_kiln} if by_llvm.get(k) != by_kiln.get(k)}
    # What a program ends with follows from its tests, if those are the same in number.
    tests = {k for k in differ if k[1]}
    failed = sorted({k[1] for k in tests if {'FAILED', 'ok'} == {by_llvm.get(k), by_kiln.get(k)}})
    steady = {n for n in failed[:AGAIN] if llvm.passes(package, n) and kiln.passes(package, n)}
    real = {k for k in tests if k[1] not in steady} if tests else differ
    count = collections.Counter(result for (_, name), result in by_kiln.items() if name)
    print('%s: %s: %s: %d ok, %d ignored, %d failed; %d programs' % (
        t, part, 'the same' if not real and count['ok'] else 'DIFFERS', count['ok'], count['ignored'], count['FAILED'],
        sum(not name for _, name in by_kiln)))
    for program, name in sorted(k for k in by_llvm if by_llvm[k] == by_kiln.get(k) == 'FAILED'):
        print('  fails by LLVM, too: %s %s' % (program, name))
    for name in sorted(steady): print('  passes by itself: %s' % name)
    for program, name in sorted(real):
        print('  DIFFERS: %s %s: %s by LLVM, %s by Kiln' % (program, name, by_llvm.get((program, name), 'nothing'),
                                                         by_kiln.get((program, name), 'nothing')))
    return not real and count['ok'] > 0


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain', default=harness.rust_toolchains()[0])
    p.add_argument('--rustup', help='default: $RUSTUP_HOME')
    p.add_argument('--debug', default='2')
    p.add_argument('--work')
    p.add_argument('--backend')
    p.add_argument('--skip')
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    harness.add_settings(p)
    p.add_argument('parts', nargs='*', metavar='PART', help='core, alloc, std')
    args = p.parse_args()
    if set(args.parts) - set(PACKAGES): p.error('the parts are core, alloc, std')
    args.kiln = os.path.abspath(args.kiln)
    args.env = {k: v for k, v in os.environ.items() if not k.startswith(('KILN', 'CARGO_PROFILE', 'CARGO_BUILD', 'RUSTC', 'RUSTFLAGS'))}
    args.env['RUSTUP_TOOLCHAIN'] = args.toolchain
    if args.rustup: args.env['RUSTUP_HOME'] = os.path.abspath(args.rustup)
    settings = harness.more_settings(args)
    if args.target == 'x86_64':
        backend, text = (os.path.abspath(args.backend), '') if args.backend else harness.code_generator(args.kiln, args.env)
        if not backend: sys.exit('without Kiln as rustc\'s code generator: ' + text[-300:])
        settings['KILN_BACKEND'] = backend
    t = rust.capture(['rustc', '--version'], env=args.env)[1].strip()
    args.sysroot = rust.capture(['rustc', '--print=sysroot'], env=args.env)[1].strip()
    kept, args.work = args.work, os.path.abspath(args.work) if args.work else tempfile.mkdtemp(prefix='kiln-library-')
    try:
        llvm = Side(args, 'llvm', ['cargo'], {})
        kiln = Side(args, 'kiln', [args.kiln, 'cargo'], settings)
        for side in llvm, kiln: side.build()
        good = all([compare(t, part, llvm, kiln) for part in args.parts or PACKAGES])
        by_kiln, why = rust.objects(kiln.log)
        print('%s: %d objects by Kiln, %d by LLVM' % (t, by_kiln, sum(why.values())))
        for reason, n in why.most_common(): print('  by LLVM: %d: %s' % (n, reason))
    finally:
        if not kept: shutil.rmtree(args.work)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
