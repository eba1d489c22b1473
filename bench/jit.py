#!/usr/bin/env python3
"""The time before a program's first instruction, beside LLVM.

jit.py BUILD [--runs=N] [--json]

Latency: a function of 10, 100 and 1,000 instructions is built, compiled, called once and removed, in one process
with Kiln's JIT and with LLVM's ORC (LLJIT at -O0); medians. Start: the time from the start of a process to its first
output, `kiln run` beside `lli-22 --jit-kind=mcjit -O0`, of Lua's interpreter and SQLite's shell from bitcode at -O0 in
one module; the least of N runs (5) that take turns. With ORC, lli does not pass -O0 on. Fails if a result is wrong, or a
bound is missed: 50 times for 100 instructions, 12 times for Lua.
"""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOUNDS = {'latency_100': 50, 'start_lua': 12}


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def latency(bench):
    rows = {}
    for line in output(bench, 'latency').splitlines():
        size, llvm, kiln, stream = map(int, line.split())
        rows[f'latency_{size}'] = {'llvm_us': llvm / 1e3, 'kiln_us': kiln / 1e3, 'times': llvm / kiln,
                                   'stream_us': stream / 1e3}
    return rows


def start(bench, build, runs):
    lua = output(os.path.join(ROOT, 'tests/harness/lua_bitcode.sh'), os.path.join(build, 'cache'))
    sqlite = output(os.path.join(ROOT, 'tests/harness/sqlite_bitcode.sh'), os.path.join(build, 'cache'))
    kiln = os.path.join(build, 'kiln')
    rows = {}
    for name, module, arguments in (
            ('lua', lua + '/O0/lua.merged.bc', ['-e', 'io.write("hello\\n") io.flush()']),
            ('sqlite', sqlite + '/O0/shell.merged.bc', [':memory:', 'select 1'])):
        least = {}
        for _ in range(runs):
            for who, command in (('lli', ['lli-22', '--jit-kind=mcjit', '-O0', module] + arguments),
                                 ('kiln', [kiln, 'run', module, '--'] + arguments)):
                ns = int(output(bench, 'first', '1' if who == 'lli' else '5', *command))
                least[who] = min(least.get(who, ns), ns)
        rows[f'start_{name}'] = {'lli_ms': least['lli'] / 1e6, 'kiln_ms': least['kiln'] / 1e6,
                                 'times': least['lli'] / least['kiln']}
    return rows


def show(rows):
    print('Built, compiled, called and removed, median us')
    print(f'  {"instructions":<14}{"LLVM ORC -O0":>14}{"Kiln":>10}{"times":>9}{"Kiln, streamed":>17}')
    for size in (10, 100, 1000):
        r = rows[f'latency_{size}']
        print(f'  {size:<14}{r["llvm_us"]:14.1f}{r["kiln_us"]:10.2f}{r["times"]:9.1f}{r["stream_us"]:17.2f}')
    print('From the start of the process to the first output, least ms')
    print(f'  {"":<14}{"lli -O0":>14}{"kiln run":>10}{"times":>9}')
    for name in ('lua', 'sqlite'):
        r = rows[f'start_{name}']
        print(f'  {name:<14}{r["lli_ms"]:14.1f}{r["kiln_ms"]:10.2f}{r["times"]:9.1f}')


def main():
    build, runs, as_json = os.path.abspath(sys.argv[1]), 5, False
    for word in sys.argv[2:]:
        if word == '--json':
            as_json = True
        elif word.startswith('--runs=') and word[7:].isdigit() and int(word[7:]) > 0:
            runs = int(word[7:])
        else:
            sys.exit(f'jit.py: unknown option {word}\n{__doc__}')
    bench = os.path.join(build, 'bench/kiln-jit-bench')
    rows = latency(bench)
    rows.update(start(bench, build, runs))
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)
    missed = [name for name, times in BOUNDS.items() if rows[name]['times'] < times]
    for name in missed:
        print(f'bound missed: {name}: {rows[name]["times"]:.1f} instead of {BOUNDS[name]} times', file=sys.stderr)
    return bool(missed)


if __name__ == '__main__':
    sys.exit(main())
