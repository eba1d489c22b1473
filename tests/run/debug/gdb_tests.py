#!/usr/bin/env python3
"""gdb_tests.py KILN CACHE [--every=N] [--first=K] [--keep=FOLDER] [NAME...]: GDB's own tests (Debian's package gdb-source; gdb.base, gdb.cp and
gdb.python) with gdb as installed, whose programs are compiled by clang -O0 and by `kiln cc`. Prints how many tests pass with
each, and those that pass with clang alone; fails if those are more than 2 %. Test files that are assembly, and what is
compiled for other languages, are the same on both sides.

NAME: a test, as gdb.base/break; default: each of them, or each Nth from the Kth on."""

import argparse
import collections
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path('/usr/src/gdb.tar.xz')
CLANG = os.environ.get('CLANG', 'clang-22')


def unpack(cache):
    suite = cache / 'gdb/gdb/testsuite'
    if not (cache / 'gdb/complete').exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(['tar', 'xf', SOURCE, '-C', cache, 'gdb/gdb/testsuite', 'gdb/gdb/features', 'gdb/gdb/contrib',
                        'gdb/gdb/silent-rules.mk', 'gdb/gdb/disable-implicit-rules.mk', 'gdb/config', 'gdb/include',
                        'gdb/config.guess', 'gdb/config.sub', 'gdb/install-sh', 'gdb/missing'], check=True)
        (cache / 'gdb/complete').touch()
    return suite.resolve()


def start(suite, folder, compiler, names):
    """Runs the tests in `folder`; the process."""
    quiet = {'cwd': folder, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
    subprocess.run([suite / 'configure'], check=True, **quiet)
    subprocess.run(['make', 'site.exp'], check=True, **quiet)
    command = ['runtest', '--tool', 'gdb', f'CC_FOR_TARGET={compiler[0]}', f'CXX_FOR_TARGET={compiler[1]}',
               f'GDB={shutil.which("gdb")}', *names]
    env = dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C')
    return subprocess.Popen([str(c) for c in command], env=env, stdin=subprocess.DEVNULL, **quiet)


def passes(folder):
    """How often each test passed; tests have names of their own, some several times."""
    found = collections.Counter()
    for line in (folder / 'gdb.sum').read_text(errors='replace').splitlines():
        match = re.match(r'PASS: (.*)', line)
        if match:
            found[match[1].strip()] += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kiln', type=os.path.abspath)
    parser.add_argument('cache', type=pathlib.Path)
    parser.add_argument('names', nargs='*')
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--keep', type=os.path.abspath, help='a folder for what the tests leave: logs and programs')
    options = parser.parse_intermixed_args()
    suite = unpack(options.cache)
    names = [f'{n}.exp' for n in options.names] or sorted(
        f'{f.parent.name}/{f.name}' for d in ('gdb.base', 'gdb.cp', 'gdb.python') for f in (suite / d).glob('*.exp'))
    names = names[options.first::options.every]
    if options.keep:
        shutil.rmtree(options.keep, ignore_errors=True)
        os.makedirs(options.keep)
    with contextlib.nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as temp:
        sides = {'clang': (CLANG, CLANG.replace('clang', 'clang++')),
                 'kiln': (f'{options.kiln} cc', f'{options.kiln} c++')}
        running = []
        for side, compiler in sides.items():
            (pathlib.Path(temp) / side).mkdir()
            running.append(start(suite, pathlib.Path(temp) / side, compiler, names))
        for process in running:
            process.wait()
        clang, kiln = (passes(pathlib.Path(temp) / side) for side in sides)
    lost = clang - kiln
    for name, times in sorted(lost.items()):
        print(f'lost: {name}' + (f' ({times} times)' if times > 1 else ''))
    print(f'{len(names)} files: {clang.total()} passes with clang, {kiln.total()} with Kiln, {lost.total()} of clang\'s lost')
    return clang.total() == 0 or lost.total() > 0.02 * clang.total()


if __name__ == '__main__':
    sys.exit(main())
