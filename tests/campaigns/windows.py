#!/usr/bin/env python3
"""Programs for Windows (x86_64-windows-gnu): compiled by Kiln here, linked by MinGW-w64, run under wine, always beside
LLVM's object of the same bitcode. Each part is another campaign with --target=x86_64-windows-gnu; what these say goes on.
The last lines are a line for each part.

    windows.py --kiln=build/kiln [--list] [PART...]

A PART is one of the names below, or the beginning of several. Nothing was ever run on Windows itself.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, 'harness'))
import wine  # noqa: E402

CRATES = ('serde_json regex hashbrown smallvec indexmap itertools bytes crossbeam-channel parking_lot rayon memchr semver csv '
          'num-bigint rand base64 uuid chrono url')
# Name, what it is, the script, its arguments. {torture}: GCC's tests.
PARTS = [
    ('host', 'Kiln itself there: unit tests, the JIT in a C++ program, loaded objects, Clay, the Rust crate, and the same objects as on Linux', 'campaigns/windows_host.py', ''),
    ('torture-O0', "GCC's C torture tests", 'run/torture/torture.py', '--source={torture}/execute --level=O0'),
    ('torture-O2', 'the same', 'run/torture/torture.py', '--source={torture}/execute --level=O2'),
    ('cxx-eh', "g++'s tests of exceptions", 'run/torture/cxx.py', '--source={torture} g++.dg/eh'),
    ('cxx', "each third of g++'s run tests", 'run/torture/cxx.py', '--source={torture} --every=3'),
    ('signatures', "calls between Kiln's code, gcc's and clang's", 'run/abi/abi.py', '--count=2000 --seed=7'),
    ('signatures-sysv', "the same by System V's convention", 'run/abi/abi.py', '--sysv --count=1000 --seed=7'),
    ('packages', "Debian's packages with their tests, SQLite's shell and Lua among them", 'campaigns/packages/packages.py', ''),
    ('rust', 'a workspace: tests, unwinding, abort', 'campaigns/rust/rust.py', '--toolchains=stable workspace'),
    ('crates', "crates' own tests", 'campaigns/crates/crates.py', CRATES),
]
# How the parts' last lines count.
COUNTED = re.compile(r'^(\d+ passed, \d+ failed, \d+ skipped|all +\d.*|.*: the same.*|.*: DIFFERS.*|rustc .*units:.*)$', re.M)


def chosen(names):
    parts = [p for p in PARTS if not names or any(p[0].startswith(n) for n in names)]
    unknown = [n for n in names if not any(p[0].startswith(n) for p in PARTS)]
    if unknown: sys.exit('windows.py: no part %s; there are: %s' % (', '.join(unknown), ' '.join(p[0] for p in PARTS)))
    return parts


def run(part, args, torture):
    """Runs a part; its status and its last line that counts."""
    _, _, script, more = part
    if 'rust' in script or 'crates' in script:
        subprocess.run(['rustup', 'target', 'add', wine.RUST_TARGET], check=True, stderr=subprocess.DEVNULL)
    words = [sys.executable, os.path.join(TESTS, script), '--kiln=' + args.kiln, '--target=' + wine.TARGET]
    last = ''
    p = subprocess.Popen([*words, *more.format(torture=torture).split()], stdout=subprocess.PIPE, text=True)
    for line in p.stdout:
        print(line, end='', flush=True)
        if COUNTED.match(line.rstrip('\n')): last = line.strip()
    return p.wait(), last


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default='build/kiln')
    p.add_argument('--list', action='store_true', help='print the parts, and end')
    p.add_argument('--needs', action='store_true', help='print the Debian packages that are needed, and end')
    p.add_argument('names', nargs='*', metavar='PART')
    args = p.parse_args()
    parts = chosen(args.names)
    if args.list:
        print('\n'.join('%-16s %s' % p[:2] for p in parts))
        return 0
    packages = [sys.executable, os.path.join(HERE, 'packages/packages.py'), '--target=' + wine.TARGET]
    if args.needs:
        if any(p[0] == 'packages' for p in parts): subprocess.run([*packages, '--needs'], check=True)
        return 0
    args.kiln = os.path.abspath(args.kiln)
    fetch = os.path.join(TESTS, 'run/torture/fetch.sh')
    torture = subprocess.run([fetch, 'build/cache/torture'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    results = []
    for part in parts:
        print('== %s: %s' % part[:2], flush=True)
        results.append((part[0], *run(part, args, torture)))
    print('\n'.join('%s %-16s %s' % ('FAILED' if status else 'ok    ', name, last) for name, status, last in results))
    return 1 if any(status for _, status, _ in results) else 0


if __name__ == '__main__':
    sys.exit(main())
