#!/usr/bin/env python3
"""Versions of Rust: the newest stable one, the one before, the oldest that the documentation claims, and nightly. rustup
installs each (profile minimal) into a folder of its own. With each, `kiln cargo test` of a workspace and of five crates
(`./dev crates`) has to give what `cargo test` gives, with every unit by Kiln; a program that uses much of std has to print
the same by Kiln from rustc's bitcode at opt-level 0 to 3, with -g and without; and of a sample of Rust's own tests, those
of tests/ui that run and have to end with status 0, Kiln has to compile whole what it did with the compiler that the list
was made with, if this one accepts it.

    rust.py --kiln=build/kiln [--toolchains=NAME,...] [--rustup=FOLDER] [--crates=NAME,...] [--ui=COUNT] [--make-list] [PART...]

PART is workspace, levels, crates, ui; all by default. --ui: only so many of the list, evenly chosen. --make-list writes the list
ui.txt beside this script, from each 16th of the tests, by the first toolchain.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LIST = os.path.join(HERE, 'ui.txt')
OLDEST = '1.56.1'  # LLVM 13, edition 2021
CRATES = 'itoa,semver,either,arrayvec,slab'
EVERY = 16
# What a test says that it needs, and this script does not do.
SKIPPED = re.compile(r'^// ?@ ?(aux-|proc-macro|revisions|needs-|only-|ignore-|exec-env|rustc-env|run-flags|unset|compile-flags:.*'
                     r'(opt-level|-O\b|target|emit|codegen-units|lto|test\b|-Z))', re.M)


def capture(words, **more):
    done = subprocess.run(words, capture_output=True, text=True, errors='replace', stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout, done.stderr


class Toolchain:
    """One of rustup's, in the folder."""

    def __init__(self, name, home):
        self.name, self.home = name, home
        self.env = dict(os.environ, RUSTUP_HOME=home, RUSTUP_TOOLCHAIN=name)
        if capture(['rustc', '--version'], env=dict(self.env, RUSTUP_AUTO_INSTALL='0'))[0] != 0:
            subprocess.run(['rustup', 'toolchain', 'install', '--profile', 'minimal', '--no-self-update', name], env=self.env,
                           check=True, stdout=subprocess.DEVNULL)
        text = capture(['rustc', '--version', '--verbose'], env=self.env)[1]
        self.version = re.search(r'^release: (\S+)', text, re.M)[1]
        self.llvm = re.search(r'^LLVM version: (\S+)', text, re.M)[1]
        self.rustc = os.path.join(capture(['rustc', '--print', 'sysroot'], env=self.env)[1].strip(), 'bin', 'rustc')

    def __str__(self):
        return 'rustc %s (LLVM %s)' % (self.version, self.llvm)


def objects(log):
    """Objects by Kiln, and why LLVM made others."""
    by_kiln, why = 0, collections.Counter()
    if os.path.exists(log):
        with open(log) as f:
            for line in f:
                if ': compiled by LLVM: ' in line: why[line.split(': compiled by LLVM: ', 1)[1].strip()] += 1
                by_kiln += ' functions, ' in line
    return by_kiln, why


# ---- parts ----

def workspace(t, args, work):
    """True if the workspace's tests and program do the same by cargo and by `kiln cargo`, with all units by Kiln."""
    said, log = {}, os.path.join(work, 'log')
    for who, words in (('llvm', ['cargo']), ('kiln', [args.kiln, 'cargo'])):
        folder = os.path.join(work, who)
        shutil.copytree(os.path.join(HERE, 'workspace'), folder)
        env = dict(t.env, CARGO_TARGET_DIR=os.path.join(folder, 'target'), KILN_LOG=log, RUST_TEST_THREADS='1')
        out = []
        for verb in ['test', '--workspace', '--tests'], ['run', '--quiet', '-p', 'program']:
            status, text, err = capture([*words, *verb, '--offline'], cwd=folder, env=env)
            out.append((status, re.sub(r'finished in \S+', '', text)))
            if status: print(err[-1500:])
        said[who] = out
    by_kiln, why = objects(log)
    same = said['llvm'] == said['kiln'] and all(status == 0 for status, _ in said['llvm'])
    print('%s: workspace: %s; %d objects by Kiln, %d by LLVM' % (t, 'the same' if same else 'DIFFERS', by_kiln, sum(why.values())))
    for reason, n in why.most_common(5): print('  by LLVM: %d: %s' % (n, reason))
    return same and by_kiln > 0 and not why


def levels(t, args, work):
    """True if a program does the same by Kiln from rustc's bitcode, at each level of optimization."""
    producers = os.path.join(ROOT, 'tests/run/bitcode/producers')
    env = dict(t.env, KILN=args.kiln)
    source, differ = os.path.join(producers, 'std.rs'), []
    if capture([t.rustc, '--edition=2021', '-A', 'warnings', '--emit=metadata', source, '--out-dir', work], env=env)[0] != 0:
        print('%s: the program for the levels is not accepted by the compiler' % t)
        return True
    for level in '0123':
        for debug in [], ['-g']:
            out = os.path.join(work, 'std%s%s' % (level, ''.join(debug)))
            status, _, err = capture([t.rustc, '--edition=2021', '-A', 'warnings', '-C', 'opt-level=' + level, *debug, '-C', 'codegen-units=1',
                                      '-C', 'save-temps', '-C', 'linker-flavor=gcc', '-C', 'linker=' + os.path.join(producers, 'link.sh'),
                                      source, '-o', out], env=env)
            if status:
                differ.append('-O%s %s: %s' % (level, ' '.join(debug), err[-500:]))
                continue
            for words in [], ['panic']:
                own, kiln = (capture([program, *words], env=env) for program in (out, out + '.kiln'))
                if own[:2] != kiln[:2]: differ.append('-O%s %s %s' % (level, ' '.join(debug), ' '.join(words)))
    print('%s: opt-level 0 to 3, with -g and without: %s' % (t, '\n  '.join(['DIFFERS'] + differ) if differ else 'the same'))
    return not differ


def crates(t, args):
    """True if crates' tests give the same, with all units by Kiln. What the compiler is too old for does not count."""
    words = [sys.executable, os.path.join(ROOT, 'tests/campaigns/crates/crates.py'), '--kiln=' + args.kiln, *args.crates.split(',')]
    _, text, err = capture(words, env=t.env)
    good = True
    for line in text.splitlines():
        if 'NOT BUILT' in line:
            print('%s: crate %s: not built by cargo either' % (t, line.split()[0]))
        elif '; objects: ' in line:
            print('%s: crate %s' % (t, line[:line.find('; build')]))
            good &= ': the same: ' in line.replace('  ', ' ') and ', 0 by LLVM' in line
    return good and '; objects: ' in text or print(err[-500:]) is not None


def sources():
    """The folder of Rust's tests, in Debian's source of the newest rustc that it has for browsers."""
    words = ['bash', os.path.join(ROOT, 'tests/harness/fetch_source.sh'), 'rustc-web', os.path.join(ROOT, 'build/cache/rust/source')]
    return os.path.join(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip(), 'tests/ui')


def candidates(ui):
    """Tests that run, by their paths, each EVERY-th."""
    found = []
    for base, _, files in os.walk(ui):
        if 'auxiliary' in base: continue
        for f in files:
            if not f.endswith('.rs'): continue
            with open(os.path.join(base, f), errors='replace') as source: text = source.read()
            if re.search(r'^// ?@ ?run-pass', text, re.M) and not SKIPPED.search(text) and '#![feature' not in text:
                found.append(os.path.relpath(os.path.join(base, f), ui))
    return sorted(found)[::EVERY]


def compile_one(t, args, ui, name, work):
    """What became of a test: 'ok', 'refused' by the compiler, by 'llvm', or 'wrong'."""
    path, out = os.path.join(ui, name), os.path.join(work, re.sub(r'\W', '_', name))
    with open(path, errors='replace') as f: text = f.read()
    edition = re.search(r'^// ?@ ?edition: ?(\d+)', text, re.M)
    flags = [w for line in re.findall(r'^// ?@ ?compile-flags: ?(.*)', text, re.M) for w in line.split()]
    env = dict(t.env, KILN_RUSTC=t.rustc, KILN_LOG=out + '.log', RUST_BACKTRACE='0')
    words = [args.kiln + '-rustc', path, '-o', out, '--crate-name', 'test', '-A', 'warnings', '-C', 'debuginfo=1',
             '--edition', edition[1] if edition else '2015', *flags]
    status, _, err = capture(words, env=env, cwd=work)
    if status: return 'refused', err
    by_kiln, why = objects(out + '.log')
    if why or not by_kiln: return 'llvm', ', '.join(why)
    try:
        status, _, err = capture([out], cwd=work, env=env, timeout=60)
    except subprocess.TimeoutExpired:
        return 'wrong', 'it does not end'
    os.unlink(out)
    return ('wrong', 'status %d\n%s' % (status, err[-500:])) if status else ('ok', '')


def ui_tests(t, args, work):
    ui = sources()
    if args.make_list:
        names = candidates(ui)
    else:
        with open(LIST) as f: names = [line.strip() for line in f if line.strip() and not line.startswith('#')]
        if args.ui: names = names[::max(1, len(names) // args.ui)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda n: compile_one(t, args, ui, n, work), names))
    count = collections.Counter(what for what, _ in results)
    print('%s: Rust\'s tests: %d by Kiln and right, %d not accepted by the compiler, %d by LLVM, %d wrong' % (
        t, count['ok'], count['refused'], count['llvm'], count['wrong']))
    for name, (what, why) in zip(names, results):
        if what in ('llvm', 'wrong'): print('  %s: %s: %s' % (name, what, why))
    if args.make_list:
        with open(LIST, 'w') as f:
            f.write('# Tests of rustc-web\'s tests/ui, each %dth that runs, which Kiln compiles whole with %s.\n' % (EVERY, t))
            f.write(''.join('%s\n' % n for n, (what, _) in zip(names, results) if what == 'ok'))
    return count['ok'] > 0 and not count['llvm'] and not count['wrong']


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchains', help='default: the newest stable one, the one before, %s, nightly' % OLDEST)
    p.add_argument('--rustup', default=os.path.join(ROOT, 'build/cache/rust/rustup'))
    p.add_argument('--crates', default=CRATES)
    p.add_argument('--ui', type=int, default=0)
    p.add_argument('--make-list', action='store_true')
    p.add_argument('parts', nargs='*', metavar='PART', help='workspace, levels, crates, ui')
    args = p.parse_args()
    args.kiln, home = os.path.abspath(args.kiln), os.path.abspath(args.rustup)
    os.makedirs(home, exist_ok=True)
    if args.toolchains:
        names = args.toolchains.split(',')
    else:
        newest = Toolchain('stable', home)
        names = ['stable', '1.%d.0' % (int(newest.version.split('.')[1]) - 1), OLDEST, 'nightly']
    parts, bad = args.parts or ['workspace', 'levels', 'crates', 'ui'], []
    for name in names:
        t = Toolchain(name, home)
        for part in parts:
            with tempfile.TemporaryDirectory(prefix='kiln-rust-') as work:
                good = workspace(t, args, work) if part == 'workspace' else levels(t, args, work) if part == 'levels' else \
                    crates(t, args) if part == 'crates' else ui_tests(t, args, work)
            if not good: bad.append('%s, %s' % (t, part))
            sys.stdout.flush()
    print('\n'.join('FAILED: ' + b for b in bad) or 'the same with all')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
