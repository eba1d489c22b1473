#!/usr/bin/env python3
"""crate.py [--runs=N] [--seed=S] [--part=NAME]...: tests the crates of bindings/rust/. Parts:

- format: rustfmt, clippy and rustdoc complain about nothing;
- test: cargo test, with libkiln compiled from its sources; by a nightly, programs that must not compile fail by the
  errors that they name;
- package: cargo publish --dry-run; the packages, unpacked elsewhere, build and run without this tree and the network,
  with crates.io replaced by a folder;
- oldest: the oldest version of Rust that the crates name compiles them, if rustup has it;
- fuzz: kiln-fuzz runs the corpus of fuzz_func and N random inputs (default 20000) with AddressSanitizer, by a nightly
  and clang.

crate.py --library=FOLDER: the tests of the crate alone, with the libkiln.a in FOLDER, without the network. Speaks
TAP."""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
RUST, WORK = ROOT / 'bindings/rust', ROOT / 'build/crate'
TARGET = 'x86_64-unknown-linux-gnu'
PARTS = ('format', 'test', 'package', 'oldest', 'fuzz')
USER = '''
[package]
name = "user"
version = "0.0.0"
edition = "2024"

[dependencies]
kiln-codegen = "{version}"
'''
VENDORED = '''
[source.crates-io]
replace-with = "folder"

[source.folder]
directory = "{folder}"
'''


def run(tap, name, words, cwd=RUST, **env):
    """A command, with these variables too: what it has printed, or None."""
    return tap.run(name, words, cwd=cwd, env=dict(os.environ, **env))


def toolchain(wanted):
    """A toolchain of rustup's whose name begins so, or None."""
    if not shutil.which('rustup'):
        return None
    names = subprocess.run(['rustup', 'toolchain', 'list'], text=True, stdout=subprocess.PIPE, check=False).stdout
    return next((name.split()[0] for name in sorted(names.splitlines()) if name.startswith(wanted)), None)


def version():
    return re.search(r'(?m)^version = "(.*)"', (RUST / 'kiln/Cargo.toml').read_text())[1]


def small(tap, library):
    """With a library that is there."""
    words = ['--offline', '--locked', '--package=kiln-codegen']
    env = dict(KILN_LIBRARY=library, CARGO_TARGET_DIR=str(Path(library) / 'cache/crate'))
    lacks = None if shutil.which('cargo') else 'there is no cargo'
    if not lacks:
        done = subprocess.run(['cargo', 'fetch', '--offline', '--locked'], cwd=RUST, text=True, stderr=subprocess.PIPE)
        lacks = 'crates are missing: cd rust && cargo fetch' if done.returncode else None
    if lacks:
        return tap.case('cargo test', skip=lacks)
    run(tap, 'cargo build --examples', ['cargo', 'build', '--examples', *words], **env)
    run(tap, 'cargo test', ['cargo', 'test', '--test=api', '--test=examples', *words], **env)


def formatted(tap):
    for words in (['fmt', '--check'], ['clippy', '--all-targets', '--', '-Dwarnings']):
        there = subprocess.run(['cargo', words[0], '--version'], cwd=RUST, capture_output=True).returncode == 0
        cargo = ['cargo'] if there else ['cargo', f'+{toolchain("nightly")}'] if toolchain('nightly') else None
        if cargo is None:
            tap.case(f'cargo {words[0]}', skip='this toolchain does not have it')
        else:
            run(tap, f'cargo {words[0]}', cargo + words, CARGO_TARGET_DIR=str(WORK / 'clippy'))
    run(tap, 'cargo doc', ['cargo', 'doc', '--no-deps', '--package=kiln-codegen', '--package=kiln-sys'],
            RUSTDOCFLAGS='-Dwarnings', CARGO_TARGET_DIR=str(WORK / 'target'))


def tests(tap):
    run(tap, 'cargo test', ['cargo', 'test', '--package=kiln-codegen'], CARGO_TARGET_DIR=str(WORK / 'target'))
    nightly = toolchain('nightly')
    if not nightly:
        return tap.case('errors of programs that must not compile', skip='rustup has no nightly')
    words = ['cargo', f'+{nightly}', 'test', '--doc', '--package=kiln-codegen']
    run(tap, 'errors of programs that must not compile', words, CARGO_TARGET_DIR=str(WORK / 'nightly'))


def packages(tap):
    target = WORK / 'target'
    shutil.rmtree(target / 'package', ignore_errors=True)
    words = ['cargo', 'publish', '--workspace', '--dry-run', '--allow-dirty']
    if run(tap, 'cargo publish --workspace --dry-run', words, CARGO_TARGET_DIR=str(target)) is None:
        return
    # What a user has: both packages and theirs, and a program, in a folder of its own.
    user = WORK / 'user'
    shutil.rmtree(user, ignore_errors=True)
    folder = user / 'vendor'
    run(tap, 'cargo vendor', ['cargo', 'vendor', '--versioned-dirs', folder], CARGO_TARGET_DIR=str(target))
    for name in ('kiln-codegen', 'kiln-sys'):
        crate = next((target / 'package').rglob(f'{name}-{version()}.crate'))  # cargo 1.99 has folders there
        subprocess.run(['tar', '-xf', crate, '-C', folder], check=True)
        (folder / f'{name}-{version()}/.cargo-checksum.json').write_text('{"files":{},"package":null}')
    (user / '.cargo').mkdir()
    (user / 'src').mkdir()
    (user / '.cargo/config.toml').write_text(VENDORED.format(folder=folder))
    (user / 'Cargo.toml').write_text(USER.format(version=version()) + '[workspace]\n')
    page = (ROOT / 'docs/rust.md').read_text()
    (user / 'src/main.rs').write_text(re.search(r'(?s)```rust\n(.*?)```', page)[1])
    away = Path('/tmp') / f'kiln-crate-{os.getpid()}'
    shutil.copytree(user, away)
    (away / '.cargo/config.toml').write_text(VENDORED.format(folder=away / 'vendor'))
    run(tap, 'the packages build and run elsewhere, offline', ['cargo', 'run', '--offline'], cwd=away,
            CARGO_TARGET_DIR=str(away / 'target'))
    shutil.rmtree(away)


def oldest(tap):
    wanted = re.search(r'(?m)^rust-version = "(.*)"', (RUST / 'kiln/Cargo.toml').read_text())[1]
    name = toolchain(wanted)
    if not name:
        return tap.case(f'Rust {wanted}', skip='rustup does not have it')
    run(tap, f'Rust {wanted}', ['cargo', f'+{name}', 'test', '--package=kiln-codegen', '--test=api'],
            CARGO_TARGET_DIR=str(WORK / 'oldest'))


def fuzz(tap, runs, seed):
    nightly, clang = toolchain('nightly'), shutil.which('clang-22') or shutil.which('clang')
    if not nightly or not clang:
        return tap.case('fuzz', skip='rustup has no nightly, or there is no clang')
    target = WORK / 'asan'
    # What is undefined in C traps: the sanitizer's own runtime is not linked.
    flags = '-fsanitize=address,undefined -fsanitize-trap=undefined -fno-omit-frame-pointer -gline-tables-only'
    env = {'RUSTFLAGS': '-Zsanitizer=address', 'CARGO_TARGET_DIR': str(target), f'CC_{TARGET}': clang,
           f'CFLAGS_{TARGET}': flags}
    words = ['cargo', f'+{nightly}', 'build', '--release', '--package=kiln-fuzz', f'--target={TARGET}']
    if run(tap, 'kiln-fuzz with AddressSanitizer', words, **env) is None:
        return
    program = target / TARGET / 'release/kiln-fuzz'
    seeds = WORK / 'seeds'
    subprocess.run([sys.executable, ROOT / 'fuzz/seeds.py', 'func', seeds], check=True)
    ways = ('inputs', [], 'detect_leaks=1'), ('inputs that forget', ['--forget'], 'detect_leaks=0')
    for name, options, asan in ways:
        n = runs if not options else runs // 4
        out = run(tap, f'{n} {name}, seed {seed}', [program, f'--runs={n}', f'--seed={seed}', *options, seeds], cwd=WORK,
                      ASAN_OPTIONS=f'{asan}:allocator_may_return_null=1')
        print('#', (out or '').strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--library')
    parser.add_argument('--runs', type=int, default=20000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--part', action='append', choices=PARTS)
    args = parser.parse_args()
    tap = Tap()
    if args.library:
        small(tap, os.path.abspath(args.library))
        tap.finish()
    WORK.mkdir(parents=True, exist_ok=True)
    parts = {'format': formatted, 'test': tests, 'package': packages, 'oldest': oldest,
             'fuzz': lambda tap: fuzz(tap, args.runs, args.seed)}
    for name in args.part or PARTS:
        parts[name](tap)
    tap.finish()


if __name__ == '__main__':
    main()
