#!/usr/bin/env python3
"""transcripts.py KILN [--target=T] [--stops=N] [--show=N] [FILE.c...]: steps through programs in gdb, line by line, as LLVM -O0 -g and
Kiln compiled them from the same bitcode, and compares stops (function and line, of all frames) and values (arguments
and locals of all frames). A value counts from the line behind its declaration on; clang sets all variables
to zero there, since what was in memory before would differ. Prints each difference, and the shares; fails below 99 % of stops or of values."""

import argparse
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CLANG = os.environ.get('CLANG', 'clang-22')


def run(command, **more):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **more)


def trace(folder, name, target, stops):
    out, program = folder / f'{name}.json', folder / name
    env = dict(os.environ, TRACE_OUT=str(out), TRACE_STOPS=str(stops), LC_ALL='C')
    gdb, stub = 'gdb', None
    if target == 'aarch64':
        gdb = 'gdb-multiarch'
        env['TRACE_REMOTE'] = str(folder / 'socket')
        stub = subprocess.Popen(['qemu-aarch64', '-g', env['TRACE_REMOTE'], str(program)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if (folder / 'socket').exists():
                break
            time.sleep(0.05)
    subprocess.run([gdb, '-nx', '-q', '-batch', '-x', str(HERE / 'tracer.py'), str(program)], env=env,
                   capture_output=True, text=True, timeout=600, check=False)
    if stub:
        stub.kill()
        stub.wait()
        (folder / 'socket').unlink(missing_ok=True)
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def place(stack):
    return tuple((frame[0], frame[1], frame[2]) for frame in stack)


def values(stack):
    """(depth, name) -> value, of what is set: the innermost of each name."""
    found = {}
    for depth, (_, _, line, variables) in enumerate(stack):
        for variable in variables:
            if len(variable) == 4 and (variable[1] < line):
                found.setdefault((depth, variable[0], variable[1]), (variable[2], variable[3]))
    return found


def compare(name, theirs, ours, show):
    matcher = difflib.SequenceMatcher(None, [place(s) for s in theirs], [place(s) for s in ours], autojunk=False)
    same = wrong = total = shown = 0
    for what, a, b, c, d in matcher.get_opcodes():
        if what != 'equal':
            for at in range(a, b):
                if shown < show:
                    print(f'{name}: only LLVM stops at {theirs[at][0][:3]}')
                    shown += 1
            for at in range(c, d):
                if shown < show:
                    print(f'{name}: only Kiln stops at {ours[at][0][:3]}')
                    shown += 1
            continue
        same += b - a
        for at in range(b - a):
            left, right = values(theirs[a + at]), values(ours[c + at])
            total += len(left)
            for key, value in left.items():
                if right.get(key) != value:
                    wrong += 1
                    if shown < show:
                        print(f'{name}: at {theirs[a + at][key[0]][:3]}, {key[1]}: {value} by LLVM, '
                              f'{right.get(key, "nothing")} by Kiln')
                        shown += 1
    return same, len(theirs), max(len(ours) - same, 0), total - wrong, total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kiln')
    parser.add_argument('files', nargs='*')
    parser.add_argument('--stops', type=int, default=400)
    parser.add_argument('--show', type=int, default=5)
    parser.add_argument('--flags', default='')
    parser.add_argument('--target', default='x86_64', choices=('x86_64', 'aarch64'))
    options = parser.parse_args()
    files = options.files or sorted((HERE.parent / 'programs').glob('*.c'))
    sums = [0] * 5
    machine = [f'--target={options.target}-linux-gnu']
    link = [CLANG] if options.target == 'x86_64' else ['aarch64-linux-gnu-gcc', '-static']
    programs = skipped = 0
    for file in map(pathlib.Path, files):
        with tempfile.TemporaryDirectory() as temp:
            folder = pathlib.Path(temp)
            try:
                run([CLANG, *machine, '-O0', '-g', '-ftrivial-auto-var-init=zero', *options.flags.split(), '-emit-llvm', '-c', file, '-o', folder / 'p.bc'])
                run([CLANG, *machine, '-O0', '-c', folder / 'p.bc', '-o', folder / 'theirs.o'])
                run([options.kiln, 'compile', folder / 'p.bc', '-o', folder / 'ours.o'])
                run(['llvm-dwarfdump-22', '--verify', folder / 'ours.o'])
                for side in ('theirs', 'ours'):
                    run([*link, folder / f'{side}.o', '-o', folder / side, '-lm', '-lpthread'])
            except subprocess.CalledProcessError as error:
                print(f'{file.name}: skipped: {(error.stderr or error.stdout).strip().splitlines()[-1:]}')
                skipped += 1
                continue
            theirs, ours = (trace(folder, side, options.target, options.stops) for side in ('theirs', 'ours'))
            got = compare(file.name, theirs, ours, options.show)
            programs += 1
            print(f'{file.name}: {got[0]} of {got[1]} stops, {got[2]} more; {got[3]} of {got[4]} values', flush=True)
            sums = [a + b for a, b in zip(sums, got)]
    print(f'{programs} programs, {skipped} skipped: {sums[0]} of {sums[1]} stops ({sums[0] / max(sums[1], 1):.2%}), '
          f'{sums[2]} more; {sums[3]} of {sums[4]} values ({sums[3] / max(sums[4], 1):.2%})')
    return sums[0] < 0.99 * sums[1] or sums[3] < 0.99 * sums[4] or not programs


if __name__ == '__main__':
    sys.exit(main())
