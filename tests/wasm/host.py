#!/usr/bin/env python3
"""Programs that run modules which are not to be trusted: what must not happen to them. host.c has the programs; here is
what they must print, and how they must end.

    host.py --runner=PROGRAM [--target=aarch64] [CASE...]

Prints TAP.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import host_modules
import suite

# How a case ends other than by status 0.
SEGV, HANDLED = 'SIGSEGV', 7

UNREACHABLE, BEYOND, STACK = 'unreachable', 'out of bounds memory access', 'call stack exhausted'
FAULTS = ('fault_in_callback', 'fault_after_trap', 'fault_in_code', 'fault_in_body', 'fault_in_handler', 'fault_on_thread',
          'fault_at_end')
TRAPS_FIRST = {'fault_after_trap': 'trap: unreachable', 'fault_in_body': 'trap: unreachable', 'fault_at_end': 'trap: unreachable'}
DEEP = ('deep', 'deep_beyond', 'deep_call', 'deep_grow', 'deep_fill', 'deep_throw', 'deep_wait')
SIGNALS = 'SEGV 0, USR1 0, on signal stack 0'
NO_BOUNDS = 'the call is on a stack whose bounds are not known: kiln_wasmrt_set_stack'

OVER = 'no memory for a %s'



def backtraces(rows, first, *flags):
    """With different flags of the compiler. The functions of all rows are those of one module."""
    return [('backtraces', f'{flag} ' + ' '.join(name for name, _, _ in rows),
             [f'{name}: {text}: {host_modules.active(first + k)}' for k, (name, _, text) in enumerate(rows)], 0) for flag in flags]


# Case, argument, lines, end.
ROWS = [
    # At addresses that mean traps in compiled code, the host's faults are the host's.
    *((case, address, [TRAPS_FIRST[case]] if case in TRAPS_FIRST else [], SEGV)
      for case in FAULTS for address in ('null', 'trap', 'memory', 'interrupt')),
    ('handler_of_host', 'trap', ['handler: the address, USR1 1, USR2 0, SEGV 1, before 0'], HANDLED),
    ('handler_of_host', 'memory', ['handler: the address, USR1 1, USR2 0, SEGV 1, before 0'], HANDLED),
    ('signals_after_trap', '', ['trap: ' + UNREACHABLE, SIGNALS, 'beyond: ' + BEYOND, SIGNALS, 'deep: ' + STACK, SIGNALS], 0),
    ('blocked_signals', '', ['trap: ' + UNREACHABLE, 'beyond: ' + BEYOND], 0),
    ('depths', '', [*(f'{name}: 0 others' for name in DEEP), 'backtrace works', 'deep: unreachable'], 0),
    ('signal_at_end', '', ['0 others, interrupted', 'no room: ' + STACK, 'then: unreachable'], 0),
    ('most_stack', '', ['about an eighth', 'deep: unreachable'], 0),
    ('coroutine', '', ['deep: ' + NO_BOUNDS, 'trap: ' + NO_BOUNDS, 'deep: ' + STACK, 'trap: ' + UNREACHABLE, 'deep: ' + STACK], 0),
    ('turns', '', ['coroutine 0: unreachable', 'coroutine 1: unreachable', 'coroutine 1: unreachable', 'coroutine 0: unreachable',
                   'trap: unreachable'], 0),
    ('fork_in_call', '', ['trap: ' + UNREACHABLE, 'deep: ' + STACK, 'child: 0', 'call: ok'], 0),
    ('images_come_and_go', '', ['wrong: 0'], 0),
    ('exceptions', 'many', ['many: ok', 'once: ok'], 0),
    ('exceptions', 'held', ['held: ok', 'once: ok'], 0),
    ('exceptions', 'chain', ['chain: limit of the store exceeded', 'once: ok'], 0),
    ('limits', '', ['no room for a table', 'no room for a memory', *[OVER % 'memory'] * 2, OVER % 'table', 'no memory for an instance',
                    'instance: ok', 'instance: ok', "instance: no room for an instance: the store's limit max_instances is reached"], 0),
    ('growing', '', ['grow0: 7', 'grow1: 0', 'grow_table0: 14', 'grow_table1: 0'], 0),
    ('failing', '', ['last: ' + BEYOND, 'last: unknown import: "nobody" "nothing"', 'good: ok'], 0),
    ('fuel', '', ['start: ok', *(f'{name}: out of fuel' for name in ('loop', 'recursion', 'fill', 'copy', 'init', 'table', 'calls')),
                  *(line for op in ('fill', 'copy', 'init', 'table', 'table_copy', 'table_init')
                    for line in (f'bad_{op}: out of bounds {"table" if "table" in op else "memory"} access', 'left: 999')),
                  'throws: ok', 'throws: out of fuel', 'little: ok', 'start: out of fuel'], 0),
    ('interruption', '', [line for name in ('loop', 'calls', 'wait32', 'wait64', 'bulk')
                          for line in (f'{name}: interrupted', 'little: ok')] + ['wait32: interrupted', 'little: ok', 'loop: interrupted'], 0),
    ('other_store', '', [*(f'{name}: import of another store: "giver" "{name}"' for name in ('func', 'memory', 'table', 'global', 'tag')),
                         'own: ok', 'call: the function is of another store'], 0),
    ('shared_memory', '', ['waited:  0', 'load: ok', 'load: ' + BEYOND, 'grow: ok', 'load: ok'], 0),
    ('callers_memory', '', ['wrote ' + c for c in 'ABCACBACB'], 0),
    ('callers', '', ['before: first', 'before: second', 'body: none', 'after: second', 'body: none', 'before: second', 'body: none',
                     'after: second', 'after: first', 'before: second', 'body: none', 'after: second', 'outside: none',
                     'before: second', 'body: none', 'after: second'], 0),
    ('typed', '', ['types 1 2 4 6', 'right: ok', 'result 4 42 6',
                   'few arguments: 1 arguments and 2 results, the function has 2 and 2',
                   'many arguments: 3 arguments and 2 results, the function has 2 and 2',
                   'few results: 2 arguments and 1 results, the function has 2 and 2',
                   "another type: argument 2 is f64, the function takes i64", "no type: argument 2 is no type, the function takes i64",
                   "another result: a host function's result 1 is i32, its type has f64",
                   "a result of another store: a host function's result 2 is a function of another store, its type has funcref",
                   'types 1 2 4 6', 'right again: ok', 'result 4 42 6',
                   "an argument of another store: argument 1 is a function of another store, the function takes funcref", 'null: ok',
                   'a function of another store: the function is of another store', '65 values: 0, 64: 1, none: 0'], 0),
    ('unknown_imports', '', ['without stubs: unknown import: "nobody" "nothing"', 'with stubs: ok',
                             'call: call of an unknown import: "nobody" "nothing"', 'status 1, frames 1',
                             'indirect: call of an unknown import: "nobody" "other"', 'good: ok',
                             'memory: unknown import: "nobody" "memory"'], 0),
    ('starts', '', ['command: unreachable', 'reactor: integer divide by zero', 'neither: ok',
                    'both: the module exports _start and _initialize',
                    'parameter: 0 arguments and 0 results, the function has 1 and 0'], 0),
    ('pieces', '', [f'{name}: interrupted' for name in (
        'fill', 'fill64', 'copy', 'copy_down', 'copy_up', 'copy_up64', 'init', 'init64', 'table_fill', 'table_copy', 'table_copy_down',
        'table_copy_up', 'table_init', 'table_grow', 'table_room', 'vectors')] + ['grown: 1000001', 'copied: 1000000', 'grow_all: ok'], 0),
    ('overlaps', '', ['right: 56'], 0),
    *backtraces(host_modules.BACKTRACES, 0, 0, 4),
    *backtraces(host_modules.FUEL_BACKTRACES, len(host_modules.BACKTRACES), 1, 5),
    ('thread_ends', '', ['trap: unreachable', 'trap: unreachable'], 0),
]


def run(command, folder, row):
    """The lines that show what is wrong; none: it is as it must be."""
    case, argument, lines, end = row
    p = subprocess.run([*command, case, folder, argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace',
                       timeout=240)
    wrong = []
    if p.stdout.splitlines() != lines:
        wrong += ['expected: ' + repr(lines), 'printed:  ' + repr(p.stdout.splitlines())]
    sanitized = end == SEGV and p.returncode != 0 and 'AddressSanitizer: SEGV' in p.stderr  # exits or aborts, as it is told
    if not sanitized and p.returncode != (-signal.SIGSEGV if end == SEGV else end):
        wrong += [f'ended with {p.returncode}, not {end}', *p.stderr.splitlines()[:12]]
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner', required=True)
    suite.add_target(p)
    p.add_argument('cases', nargs='*')
    args = p.parse_args()
    folder, failed, number = tempfile.mkdtemp(prefix='kiln-wasm-'), 0, 0
    wasm_tools = suite.program('wasm-tools')
    for name, text in host_modules.MODULES.items():
        wat = os.path.join(folder, name + '.wat')
        with open(wat, 'w') as f:
            f.write(text)
        subprocess.run([*wasm_tools, 'parse', wat, '-o', wat[:-3] + 'wasm'], check=True)
    for row in ROWS:
        if args.cases and row[0] not in args.cases:
            continue
        number += 1
        wrong = run([*suite.emulator(args.target), args.runner], folder, row)
        failed += bool(wrong)
        print(f'{"not " if wrong else ""}ok {number} - {row[0]} {row[1]}'.rstrip(), flush=True)
        for line in wrong:
            print('# ' + line)
    print(f'1..{number}')
    shutil.rmtree(folder)
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
