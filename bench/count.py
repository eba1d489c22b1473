#!/usr/bin/env python3
"""Counts the instructions that `kiln compile` executes, and fails where they rose.

count.py BUILD [--quick] [--record=REASON [--base]]

callgrind counts each compilation exactly. The history of counts is bench/counts.tsv: a row for each recorded commit, with
millions of executed instructions for each program and the reason why they changed. A program fails if its count is more
than 0.3 % above the last row, or more than 1 % above the last row that is marked as a base: the last release, or a later
commit that a series of changes begins with.

The programs are SQLite as Debian's sqlite3 has it (-O0, -O0 -g, -O1, and -O0 by --inline), bench/programs/debug/json.cpp (-O0 and
-O0 -g), and SQLite as a WebAssembly module (from npm).

A count is comparable only if Kiln was built by the same compiler, with musl (glibc chooses functions by the processor),
and the input has the same bytes. Therefore the file names the compiler and a hash of each input, and a program is skipped
where they are others. The way in which the reader of bitcode decodes numbers would depend on the processor, too: it is
always the one by pext, and on a processor without that all programs of bitcode are skipped.

--quick   only json.cpp and SQLite -O0, which the tests have anyway
--record  appends a row for the commit that is checked out, after the comparison with the base; refuses while a tracked
          file has changes
--base    the row that is recorded is a base: refuses if a program is skipped, whose old base would stay
"""
import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile

import wasm

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HISTORY = os.path.join(HERE, 'counts.tsv')
ABOVE_LAST, ABOVE_BASE = 1.003, 1.01
CLANG = ['clang-22', '-w', '-emit-llvm', '-c']
# Paths are a part of debug information: those that depend on the machine are left out.
DEBUG = ['-g', '-fdebug-compilation-dir=.']


def bitcode(folder, source, name, *flags):
    out = os.path.join(folder, name + '.bc')
    subprocess.run([*CLANG, *flags, os.path.basename(source), '-o', out], cwd=os.path.dirname(source), check=True)
    return out


def sqlite(folder, *more):
    """The folder that tests/harness/sqlite_bitcode.sh makes, with more bitcode."""
    return subprocess.run([os.path.join(ROOT, 'tests/harness/sqlite_bitcode.sh'), folder, *more], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


# The way to decode bitcode whose instructions are counted.
PEXT = ['--decoder=pext']

# Name, whether it is a part of --quick, options of `kiln compile`, and what makes the input: (cache, folder) -> path.
PROGRAMS = [
    ('sqlite-O0', True, PEXT, lambda cache, _: sqlite(cache) + '/O0/sqlite3.bc'),
    ('sqlite-O0-g', False, PEXT, lambda cache, to: bitcode(to, sqlite(cache) + '/sqlite3.c', 'sqlite-g', '-O0', *DEBUG)),
    ('sqlite-O1', False, PEXT, lambda cache, _: sqlite(cache, 'O1') + '/O1/sqlite3.bc'),
    ('sqlite-inline', False, [*PEXT, '--inline'], lambda cache, _: sqlite(cache) + '/O0/sqlite3.bc'),
    ('json-O0', True, PEXT, lambda _, to: bitcode(to, HERE + '/programs/debug/json.cpp', 'json', '-std=c++20', '-O0')),
    ('json-O0-g', True, PEXT, lambda _, to: bitcode(to, HERE + '/programs/debug/json.cpp', 'json-g', '-std=c++20', '-O0', *DEBUG)),
    ('sqlite-wasm', False, [], lambda _, __: wasm.fetch('sqlite')),
]
NAMES = [row[0] for row in PROGRAMS]


class History:
    """bench/counts.tsv: `compiler` and `input` lines, then rows of commit, base mark, a count for each program, reason."""
    def __init__(self):
        self.compiler, self.inputs, self.rows = None, {}, []
        for line in open(HISTORY) if os.path.exists(HISTORY) else ():
            words = line.rstrip('\n').split('\t')
            if words[0] == '# compiler':
                self.compiler = words[1]
            elif words[0] == '# input':
                self.inputs[words[1]] = words[2]
            elif not line.startswith('#') and words[0] != 'commit':
                self.rows.append((words[0], words[1] == 'base', dict(zip(NAMES, words[2:])), words[-1]))

    def before(self, name, base):
        """(commit, count in millions) of the last row, or of the last that is a base; None if there is none."""
        for commit, is_base, counts, _ in reversed(self.rows):
            if (is_base or not base) and counts[name] != '-':
                return commit, float(counts[name])
        return None

    def write(self):
        with open(HISTORY, 'w') as f:
            f.write('# Millions of instructions that `kiln compile` executes, by callgrind: bench/count.py\n')
            f.write(f'# compiler\t{self.compiler}\n')
            for name in NAMES:
                if name in self.inputs:
                    f.write(f'# input\t{name}\t{self.inputs[name]}\n')
            f.write('\t'.join(['commit', 'base', *NAMES, 'reason']) + '\n')
            for commit, base, counts, reason in self.rows:
                f.write('\t'.join([commit, 'base' if base else '-', *(counts[n] for n in NAMES), reason]) + '\n')


def compiler_of(build):
    """What compiled the program, as its comment section says, and the C library that is linked into it."""
    program = os.path.join(build, 'kiln')
    text = subprocess.run(['readelf', '-p', '.comment', program], check=True, text=True, stdout=subprocess.PIPE).stdout
    with open(program, 'rb') as f:
        library = 'glibc' if re.search(b'GNU C Library|libc.so.6', f.read()) else 'musl'
    return '; '.join(sorted(set(re.findall(r'\] +(.+)', text)))) + ', ' + library


def have_pext():
    """Valgrind has what the processor has."""
    with open('/proc/cpuinfo') as f:
        return re.search(r'^flags.*\bbmi1\b.*\bbmi2\b', f.read(), re.M) is not None


def count(kiln, options, path):
    """Executed instructions in millions. The start of a process reads the whole environment, so it is always the same."""
    done = subprocess.run(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', kiln, 'compile', *options, '-o', '/dev/null', path],
        env={'PATH': '/usr/bin:/bin'}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found = re.search(r'Collected : (\d+)', done.stderr)
    if done.returncode or not found:
        sys.exit(f'{path}: {done.stderr}')
    return int(found[1]) / 1e6


def compared(history, name, now):
    """A line about a count, and whether it is within both bounds."""
    ok, text = True, f'{name:14} {now:10.3f}'
    for what, base, most in (('last', False, ABOVE_LAST), ('base', True, ABOVE_BASE)):
        before = history.before(name, base)
        if before:
            ratio = now / before[1]
            ok &= ratio <= most
            text += f'  {100 * (ratio - 1):+.3f} % of the {what}, {before[0]}' + ('' if ratio <= most else f' (at most {100 * (most - 1):.1f} %)')
    return text, ok


def results(history, build, names, anyway):
    """(program, count or None, digest of the input, line, whether it failed) for each of the programs."""
    with tempfile.TemporaryDirectory() as folder:
        kiln, path = os.path.join(folder, 'kiln'), os.path.join(folder, 'input')
        os.symlink(os.path.abspath(os.path.join(build, 'kiln')), kiln)
        for name, _, options, make in PROGRAMS:
            if name not in names:
                continue
            if PEXT[0] in options and not have_pext():
                yield name, None, None, f'{name:14} skipped: the processor has no pext', False
                continue
            os.symlink(os.path.abspath(make(os.path.join(build, 'cache'), folder)), path)
            with open(path, 'rb') as f:
                digest = hashlib.sha256(f.read()).hexdigest()[:16]
            if history.inputs.get(name, digest) != digest and not anyway:
                yield name, None, digest, f'{name:14} skipped: another input (its hash is {digest})', False
            else:
                now = count(kiln, options, path)
                line, ok = compared(history, name, now)
                yield name, now, digest, line, not ok
            os.unlink(path)


def git(*words):
    return subprocess.run(['git', *words], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--record', metavar='REASON')
    parser.add_argument('--base', action='store_true')
    args = parser.parse_args()
    record, history, compiler = args.record is not None, History(), compiler_of(args.build)
    if record and (args.quick or git('status', '--porcelain', '--untracked-files=no')):
        sys.exit('--record: only without --quick, and while no tracked file has changes')
    if history.compiler not in (None, compiler) and not record:
        print(f'skipped: {args.build}/kiln was built by {compiler}, not by {history.compiler}')
        return False
    failed, counts = [], dict.fromkeys(NAMES, '-')
    for name, now, digest, line, wrong in results(history, args.build, [row[0] for row in PROGRAMS if row[1] or not args.quick], record):
        print(line, flush=True)
        failed += [name] * wrong
        if now is not None:
            counts[name], history.inputs[name] = f'{now:.6f}', digest
    if record and args.base and '-' in counts.values():
        sys.exit('--base: a program was skipped')
    if record:
        history.compiler = compiler
        history.rows.append((git('rev-parse', '--short=8', 'HEAD'), args.base, counts, args.record))
        history.write()
    elif failed:
        print('executed instructions rose:', *failed)
    return bool(failed) and not record


if __name__ == '__main__':
    sys.exit(main())
