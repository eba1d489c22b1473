#!/usr/bin/env python3
"""Prints which branches of Kiln a processor would mispredict, by the model of bench/branches.c.

branches.py BUILD [--functions=N] [--branches=N] [FILE.bc]

Runs `kiln compile` on FILE.bc (default: SQLite at -O0) under QEMU and prints, for each LLVM instruction:
instructions executed, mispredicted conditional and indirect branches, and lines that were not in an
instruction cache of 32 KiB; of the whole process, of the N functions with most mispredictions (30), and of
the N worst branches (40) with their places in the source, innermost first. BUILD has to have debug
information. A run gives the same figures again.
"""
import bisect
import collections
import getopt
import os
import re
import subprocess
import sys
import tempfile


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run(kiln, bitcode, folder):
    """The lines of the plugin, and the number of LLVM instructions."""
    here = os.path.dirname(os.path.abspath(__file__))
    plugin, lines = os.path.join(folder, 'branches.so'), os.path.join(folder, 'lines')
    subprocess.run(['cc', '-std=gnu11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-o', plugin,
                    os.path.join(here, 'branches.c')], check=True)
    result = subprocess.run(
        ['qemu-x86_64', '-plugin', plugin + ',out=' + lines, kiln, 'compile', '--stats', '-o', '/dev/null', bitcode],
        check=True, capture_output=True, text=True)
    count = int(re.search(r'LLVM instructions +(\d+)', result.stdout + result.stderr).group(1))
    with open(lines) as f:
        return [[int(x) for x in line.split()] for line in f], count


def symbols(kiln):
    """Addresses of the program's functions, ascending, and their names."""
    found = []
    for line in output('nm', '--defined-only', '--numeric-sort', kiln).splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind in 'tTwW':
            found.append((int(address, 16), name))
    return [address for address, _ in found], [name for _, name in found]


def places(kiln, addresses):
    """Address -> where it is in the source, with what it was inlined into."""
    text = output('addr2line', '-aifs', '-e', kiln, *('%x' % a for a in addresses))
    parts = re.split(r'^0x([0-9a-f]+)\n', text, flags=re.M)[1:]
    found = {}
    for address, frames in zip(parts[::2], parts[1::2]):
        rows = frames.split('\n')
        found[int(address, 16)] = ' < '.join('%s %s' % (rows[k], rows[k + 1].split(' ')[0])
                                             for k in range(0, len(rows) - 1, 2))
    return found


def main():
    options, names = getopt.gnu_getopt(sys.argv[1:], '', ['functions=', 'branches='])
    options = dict(options)
    if not 1 <= len(names) <= 2:
        sys.exit(__doc__)
    kiln = os.path.join(names[0], 'kiln')
    bitcode = names[1] if len(names) == 2 else os.path.join('build', 'cache', 'sqlite', 'O0', 'sqlite3.bc')
    with tempfile.TemporaryDirectory() as folder:
        rows, count = run(kiln, bitcode, folder)
    entry = int(re.search(r'Entry point address: +0x([0-9a-f]+)', output('readelf', '-h', kiln)).group(1), 16)
    starts, functions = symbols(kiln)

    def function(address):
        return functions[bisect.bisect(starts, address + entry) - 1]

    # instructions, mispredictions, cold lines
    whole, by_function = [0, 0, 0], collections.defaultdict(lambda: [0, 0, 0])
    branches = collections.defaultdict(lambda: [0, 0])  # mispredictions, runs
    for start, _, last, n, runs, wrong, cold in rows:
        for to, first in ((whole, start), (by_function[function(start)], start)):
            to[0] += n * runs
            to[2] += cold
        whole[1] += wrong
        by_function[function(last)][1] += wrong
        branches[last][0] += wrong
        branches[last][1] += runs

    def show(values, name):
        print('%12.2f %14.4f %10.3f' % tuple(v / count for v in values) + '  ' + name)

    print('for each of %d LLVM instructions of %s' % (count, os.path.basename(bitcode)))
    print('%12s %14s %10s' % ('instructions', 'mispredictions', 'cold lines'))
    show(whole, 'all')
    by_wrong = sorted(by_function.items(), key=lambda item: (-item[1][1], item[0]))
    for name, values in by_wrong[:int(options.get('--functions', 30))]:
        show(values, name)
    worst = sorted(branches.items(), key=lambda item: (-item[1][0], item[0]))
    worst = worst[:int(options.get('--branches', 40))]
    where = places(kiln, [address + entry for address, _ in worst])
    print('\n%14s %10s' % ('mispredictions', 'runs'))
    for address, (wrong, runs) in worst:
        print('%14.4f %10.4f  %s' % (wrong / count, runs / count, where[address + entry]))


if __name__ == '__main__':
    main()
