#!/usr/bin/env python3
"""Versions of Rust: the newest stable one, the one before, the oldest that the documentation claims, and nightly. rustup
installs each (profile minimal) into a folder of its own. With each, `kiln cargo test` of a workspace and of five crates
(`./dev crates`) has to give what `cargo test` gives, with every unit by Kiln; a program that uses much of std has to print
the same by Kiln from rustc's bitcode at opt-level 0 to 3, with -g and without; and of a sample of Rust's own tests, those
of tests/ui that run and have to end with status 0, Kiln has to compile whole what it did with the compiler that the list
was made with, if this one accepts it. What the compiler refuses, and what fails as built by LLVM too, is counted apart.

The part `backend` is workspace, crates and ui again, with Kiln as the compiler's own code generator, which
`kiln cargo --setup` builds. They have to pass with the compilers that integrations/rustc/rust-toolchains names. With newer ones they are
tried, and what fails is only reported.

    rust.py --kiln=build/kiln [--toolchains=NAME,...] [--rustup=FOLDER] [--crates=NAME,...] [--ui=COUNT | --every=N] [--make-list]
            [--inline[=SIZE]] [--stress=SEED] [--target=T] [--dynamic-deps] [--linker=NAME] [PART...]

PART is workspace, levels, crates, ui, backend; all by default. --ui: only so many of the list, evenly chosen. --every: not the
list, but each Nth of all tests that run. --inline, --stress: Kiln inlines, with registers chosen at random. --target=aarch64 or
x86_64-windows-gnu: all parts but levels for that target, under qemu or wine, for Windows without backend.
--dynamic-deps: workspace and ui with what `kiln cargo --dynamic-deps` does, and a line says how many programs were linked
with a shared object. --linker: of these two parts and Kiln's builds: bfd, mold, wild. --make-list writes the list ui.txt
beside this script, from each
16th of the tests, by the first toolchain.
"""
import argparse
import collections
import concurrent.futures
import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402
import wine  # noqa: E402
LIST = os.path.join(HERE, 'ui.txt')
OLDEST = '1.56.1'  # LLVM 13, edition 2021
CRATES = 'itoa,semver,either,arrayvec,slab'
# What the oldest accepts, and what depends on nothing: its cargo knows the registry of that time alone.
CRATES_OF_OLDEST = 'itoa@0.4.8,fnv@1.0.7,strsim@0.10.0,hex@0.3.2,scopeguard@1.1.0'
EVERY = 16
# What a test says that it needs, and this script does not do.
SKIPPED = re.compile(r'^// ?@ ?(aux-|proc-macro|revisions|needs-|only-|ignore-|exec-env|rustc-env|run-flags|unset|compile-flags:.*'
                     r'(opt-level|-O\b|target|emit|codegen-units|lto|test\b|-Z))', re.M)


def capture(words, **more):
    done = subprocess.run(words, capture_output=True, text=True, errors='replace', stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout, done.stderr


class Toolchain:
    """One of rustup's, in the folder."""
    backend = False

    def __init__(self, name, home, settings, target):
        self.name, self.home, self.target = name, home, target
        self.cross = harness.RUST_TARGETS.get(target)
        self.env = dict(os.environ, RUSTUP_HOME=home, RUSTUP_TOOLCHAIN=name, **settings)
        if capture(['rustc', '--version'], env=dict(self.env, RUSTUP_AUTO_INSTALL='0'))[0] != 0:
            subprocess.run(['rustup', 'toolchain', 'install', '--profile', 'minimal', '--no-self-update', name], env=self.env,
                           check=True, stdout=subprocess.DEVNULL)
        if self.cross:
            self.env.update(harness.cargo_for(target))
            subprocess.run(['rustup', 'target', 'add', self.cross[0]], env=self.env, check=True, stderr=subprocess.DEVNULL)
        text = capture(['rustc', '--version', '--verbose'], env=self.env)[1]
        self.version = re.search(r'^release: (\S+)', text, re.M)[1]
        self.commit = re.search(r'^commit-hash: (\S+)', text, re.M)[1]
        self.llvm = re.search(r'^LLVM version: (\S+)', text, re.M)[1]
        self.rustc = os.path.join(capture(['rustc', '--print', 'sysroot'], env=self.env)[1].strip(), 'bin', 'rustc')

    def with_backend(self, library, stats):
        """The same compiler with Kiln as its code generator, which writes to the file what it builds of what."""
        t = copy.copy(self)
        t.env, t.backend = dict(self.env, KILN_BACKEND=library, KILN_STATS=stats), True
        return t

    def __str__(self):
        return 'rustc %s (%s%s)' % (self.version, "Kiln's code generator" if self.backend else 'LLVM ' + self.llvm,
                                    ', ' + self.cross[0] if self.cross else '')


def linked(log):
    """How many programs were linked with a shared object of their dependencies."""
    with open(log) as f: return sum(': linked with lib' in line for line in f)


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
    said, ends, log = {}, [], os.path.join(work, 'log')
    for who, words in (('llvm', ['cargo']), ('kiln', [args.kiln, 'cargo'])):
        folder = os.path.join(work, who)
        shutil.copytree(os.path.join(HERE, 'workspace'), folder)
        env = dict(t.env, CARGO_TARGET_DIR=os.path.join(folder, 'target'), KILN_LOG=log, RUST_TEST_THREADS='1')
        if args.linker and who == 'kiln': env['CARGO_ENCODED_RUSTFLAGS'] = '\x1f'.join(args.linker)
        out = []
        if args.dynamic_deps and who == 'kiln':
            capture([*words, 'test', '--workspace', '--tests', '--no-run', '--offline'], cwd=folder, env=env)
            for base, _, files in os.walk(folder):
                for f in files:
                    if f.endswith('.rs'): os.utime(os.path.join(base, f))
        run = ['run', '--quiet', '-p', 'program', '--offline']
        for verb in ['test', '--workspace', '--tests', '--offline'], run:
            status, text, err = capture([*words, *verb], cwd=folder, env=env)
            out.append((status, re.sub(r'finished in \S+', '', text)))
            if status: print(err[-1500:])
        for panic in 'unwind', 'abort': # the program's last line panics
            status, text, _ = capture([*words, *run, '--config', 'profile.dev.panic="%s"' % panic, '--', '--panic'], cwd=folder, env=env)
            ends.append((who, panic, status if status >= 0 else 128 - status, text)) # a signal, as `kiln cargo` says it
        said[who] = out
    by_kiln, why = objects(log)
    same = said['llvm'] == said['kiln'] and all(status == 0 for status, _ in said['llvm'])
    same &= [e[1:] for e in ends[:2]] == [e[1:] for e in ends[2:]] and all(status != 0 and text for _, _, status, text in ends)
    print('%s: workspace: %s; %d objects by Kiln, %d by LLVM' % (t, 'the same' if same else 'DIFFERS', by_kiln, sum(why.values())))
    if args.dynamic_deps: print('  linked with a shared object: %d' % linked(log))
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


def crates(t, args, _):
    """True if crates' tests give the same, with all units by Kiln."""
    names = args.crates or (CRATES_OF_OLDEST if t.name == OLDEST else CRATES)
    words = [sys.executable, os.path.join(ROOT, 'tests/campaigns/crates/crates.py'), '--kiln=' + args.kiln, '--toolchains=' + t.name,
             '--target=' + t.target, *names.split(',')]
    _, text, err = capture(words, env=t.env)
    good = True
    for line in text.splitlines():
        if 'NOT BUILT' in line:
            print('%s: crate %s: not built by cargo either' % (t, line.split()[0]))
            good = False
        elif '; units: ' in line:
            print('%s: crate %s' % (t, line[:line.find('; build')]))
            none = 'units: 0 by Kiln in rustc, 0 by the shim' in line
            good &= ' the same: ' in line and not none and ', 0 by LLVM' in line
    if not good or '; units: ' not in text:
        print(text + err[-500:])
        return False
    return True


def sources():
    """The folder of Rust's tests, in Debian's source of the newest rustc that it has for browsers."""
    words = ['bash', os.path.join(ROOT, 'tests/harness/fetch_source.sh'), 'rustc-web', os.path.join(ROOT, 'build/cache/rust/source')]
    return os.path.join(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip(), 'tests/ui')


def candidates(ui, every):
    """The paths of tests that run, one of every so many."""
    found = []
    for base, _, files in os.walk(ui):
        if 'auxiliary' in base: continue
        for f in files:
            if not f.endswith('.rs'): continue
            with open(os.path.join(base, f), errors='replace') as source: text = source.read()
            if re.search(r'^// ?@ ?run-pass', text, re.M) and not SKIPPED.search(text) and '#![feature' not in text:
                found.append(os.path.relpath(os.path.join(base, f), ui))
    return sorted(found)[::every]


def compile_one(t, args, ui, name, work):
    """What became of a test: 'ok', 'refused' without Kiln, too, compiled by 'llvm', 'fails' as built by LLVM too, or 'wrong'."""
    path, out = os.path.join(ui, name), os.path.join(work, 'deps', re.sub(r'\W', '_', name)) # where cargo has programs
    with open(path, errors='replace') as f: text = f.read()
    edition = re.search(r'^// ?@ ?edition: ?(\d+)', text, re.M)
    flags = [w for line in re.findall(r'^// ?@ ?compile-flags: ?(.*)', text, re.M) for w in line.split()]
    env = dict(t.env, KILN_RUSTC=t.rustc, KILN_LOG=out + '.log', RUST_BACKTRACE='0')
    words = [args.kiln + '-rustc', path, '-o', out, '--crate-name', 'test', '-A', 'warnings', '-C', 'debuginfo=1', '-C', 'metadata=test',
             *([] if any(f.startswith('--edition') for f in flags) else ['--edition', edition[1] if edition else '2015']), *flags, *args.linker,
             *(['--target', t.cross[0], '-C', 'linker=' + t.cross[1]] if t.cross else [])]
    status, _, err = capture(words, env=env, cwd=work)
    if status:
        accepted = capture([t.rustc, *words[1:]], cwd=work)[0] == 0
        return ('wrong', err[-1500:]) if accepted else ('refused', next(iter(re.findall('^error.*', err, re.M)), 'no error'))
    by_kiln, why = objects(out + '.log')
    if why or not by_kiln: return 'llvm', ', '.join(why)
    launch = t.cross[2] if t.cross else []
    why = run_test(out, launch, env, work)
    if why:
        status, _, _ = capture([t.rustc, *words[1:]], cwd=work)
        return ('fails' if status == 0 and run_test(out, launch, env, work) else 'wrong'), why
    return 'ok', ''


def run_test(program, launch, env, work):
    """Runs a program and deletes it: how it failed, or None."""
    try:
        status, _, err = capture([*launch, program], cwd=work, env=env, timeout=240 if launch else 60)
    except subprocess.TimeoutExpired:
        return 'it does not end'
    finally:
        os.unlink(program)
    return 'status %d\n%s' % (status, err[-500:]) if status else None


def ui_tests(t, args, work):
    ui = sources()
    os.mkdir(os.path.join(work, 'deps'))
    if args.make_list or args.every:
        names = candidates(ui, args.every or EVERY)
    else:
        with open(LIST) as f: names = [line.strip() for line in f if line.strip() and not line.startswith('#')]
        if args.ui: names = names[::max(1, len(names) // args.ui)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda n: compile_one(t, args, ui, n, work), names))
    count = collections.Counter(what for what, _ in results)
    print('%s: Rust\'s tests: %d by Kiln and right, %d not accepted by the compiler, %d that fail as built by LLVM, too, '
          '%d by LLVM, %d wrong' % (t, count['ok'], count['refused'], count['fails'], count['llvm'], count['wrong']))
    if args.dynamic_deps:
        logs = [os.path.join(work, 'deps', f) for f in os.listdir(os.path.join(work, 'deps')) if f.endswith('.log')]
        print('  linked with a shared object: %d' % sum(map(linked, logs)))
    for name, (what, why) in zip(names, results):
        if what != 'ok': print('  %s: %s: %s' % (name, what, why))
    if args.make_list:
        with open(LIST, 'w') as f:
            f.write('# Tests of rustc-web\'s tests/ui, each %dth that runs, which Kiln compiles whole with %s.\n' % (EVERY, t))
            f.write(''.join('%s\n' % n for n, (what, _) in zip(names, results) if what == 'ok'))
    return count['ok'] > 0 and not count['llvm'] and not count['wrong']


def units_in(stats):
    """For each unit in a file of costs, whether Kiln compiled it in rustc."""
    if not os.path.exists(stats): return []
    with open(stats) as f: return [line.startswith('unit\trustc\t') for line in f if line.startswith('unit\t')]


def backend(t, args, work):
    """True if the parts pass with Kiln as the compiler's code generator, or this compiler is not one that it has to fit."""
    env = dict(t.env, XDG_CACHE_HOME=os.path.join(args.rustup, 'cache'))
    library, err = harness.code_generator(args.kiln, env)
    good = library is not None
    if good:
        for part in 'workspace', 'crates', 'ui':
            stats = os.path.join(work, part)
            t = t.with_backend(library, stats)
            passed = run(part, t, args)
            units = units_in(stats)
            said = '' if part == 'crates' else '; %d units of MIR, %d of bitcode' % (sum(units), len(units) - sum(units))
            print('%s: %s: %s%s' % (t, part, 'passes' if passed else 'does not pass', said))
            good &= passed and (part == 'crates' or any(units)) # crates.py counts units itself, and passes with some alone
    else:
        print('%s: Kiln is not its code generator: %s' % (t, err[-500:]))
    fits = {t.name, t.version} & set(harness.rust_toolchains())
    if not fits: print('%s: not a compiler that the code generator has to fit' % t)
    return good or not fits


PARTS = {'workspace': workspace, 'levels': levels, 'crates': crates, 'ui': ui_tests, 'backend': backend}
# Levels are of Linux on x86-64; the code generator in rustc builds nothing for Windows.
OF_TARGETS = {'x86_64': tuple(PARTS), 'aarch64': ('workspace', 'crates', 'ui', 'backend'), wine.TARGET: ('workspace', 'crates', 'ui')}


def run(part, t, args):
    with tempfile.TemporaryDirectory(prefix='kiln-rust-') as work:
        return PARTS[part](t, args, work)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchains', help='default: the newest stable one, the one before, %s, nightly' % OLDEST)
    p.add_argument('--rustup', default=os.path.join(ROOT, 'build/cache/rust/rustup'))
    p.add_argument('--crates', help='default: %s; %s for %s' % (CRATES, CRATES_OF_OLDEST, OLDEST))
    p.add_argument('--ui', type=int, default=0)
    p.add_argument('--every', type=int, default=0)
    p.add_argument('--make-list', action='store_true')
    p.add_argument('--target', choices=tuple(OF_TARGETS), default='x86_64')
    p.add_argument('--dynamic-deps', action='store_true')
    linkers = harness.rustc_linkers()
    p.add_argument('--linker', choices=linkers, default='-')
    harness.add_settings(p)
    p.add_argument('parts', nargs='*', metavar='PART', help='workspace, levels, crates, ui, backend')
    args = p.parse_args()
    args.kiln, args.rustup, args.linker = os.path.abspath(args.kiln), os.path.abspath(args.rustup), linkers[args.linker]
    home = args.rustup
    os.makedirs(home, exist_ok=True)
    parts, bad = args.parts or OF_TARGETS[args.target], []
    unknown = set(parts) - set(PARTS)
    if unknown: p.error('no part ' + ', '.join(sorted(unknown)))
    if set(parts) - set(OF_TARGETS[args.target]): p.error('the parts for this target are ' + ', '.join(OF_TARGETS[args.target]))
    if args.target == wine.TARGET: wine.start()
    settings = dict(harness.more_settings(args), **({'KILN_DYNAMIC_DEPS': '1'} if args.dynamic_deps else {}))
    if args.toolchains:
        names = for_backend = args.toolchains.split(',')
    else:
        newest = Toolchain('stable', home, settings, args.target)
        names = ['stable', '1.%d.0' % (int(newest.version.split('.')[1]) - 1), OLDEST, 'nightly']
        for_backend = harness.rust_toolchains() + ['stable', 'nightly']
    for part in parts:
        done = set()
        for name in for_backend if part == 'backend' else names:
            t = Toolchain(name, home, settings, args.target)
            if t.commit in done: continue # two names of one compiler
            done.add(t.commit)
            if not run(part, t, args): bad.append('%s, %s' % (t, part))
            sys.stdout.flush()
    print('\n'.join('FAILED: ' + b for b in bad) or 'the same with all')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
