#!/usr/bin/env python3
"""Prints how time and memory grow with the size of the input; bench/growth.c does the runs.

growth.py BUILD [--shape=NAME] [--way=WAY] [--target=T] [--most=N] [--no-wall] [--json]

For every way (object: built, compiled, written as ELF; text: built, printed, parsed and verified;
bitcode: read, compiled, written), target, shape and size: instructions executed per item (an IR
instruction, case, edge argument, ...) as valgrind counts them, nanoseconds and bytes held at most per
item, and the factors against the base size, the smallest from 10,000 on. Factors beyond a bound are
marked with '!', and the exit code is 1. Memory is compared at sizes that are the base's times a power of
two, where arrays that grow by doubling are as full.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tests/harness'))
from progress import progress  # noqa: E402

BOUNDS = {'instructions': 1.2, 'ns': 2.5, 'bytes': 1.3}
TARGETS = ['x86_64', 'aarch64']
CACHEGRIND = ['valgrind', '--tool=cachegrind', '--cache-sim=no', '--branch-sim=no',
              '--cachegrind-out-file=/dev/null']


# ---- bitcode: LLVM assembly of some shapes ----

def ll_straight(n):
    out = ['define i64 @f(i64 %v0) {']
    for i in range(1, n + 1):
        op = ('add', 'xor', 'mul', 'sub')[i % 4]
        out.append(f'  %v{i} = {op} i64 %v{i - 1}, %v{max(0, i - 1 - i * 7 % 13)}')
    return out + [f'  ret i64 %v{n}', '}']


# Constants are of one size, so that all need the same instructions.
def ll_memory(n):
    out = ['define i64 @f(i64 %x) {', '  %a = alloca i64', '  store i64 %x, ptr %a']
    for i in range(n // 3):
        out += [f'  %l{i} = load i64, ptr %a', f'  %s{i} = add i64 %l{i}, {i + 1000000}',
                f'  store i64 %s{i}, ptr %a']
    return out + ['  ret i64 %x', '}']


def ll_diamonds(n):
    out = ['define i64 @f(i64 %x) {', '  br label %j0']
    for i in range(n // 6):
        before = f'e{i - 1}' if i else None
        phi = f'phi i64 [ %t{i - 1}, %h{i - 1} ], [ %u{i - 1}, %{before} ]' if i else 'add i64 %x, 0'
        out += [f'j{i}:', f'  %p{i} = {phi}', f'  %c{i} = icmp slt i64 %p{i}, {i}',
                f'  br i1 %c{i}, label %h{i}, label %e{i}',
                f'h{i}:', f'  %t{i} = add i64 %p{i}, %x', f'  br label %j{i + 1}',
                f'e{i}:', f'  %u{i} = sub i64 %p{i}, %x', f'  br label %j{i + 1}']
    return out + [f'j{n // 6}:', '  ret i64 %x', '}']


def ll_switch(n):
    out = ['define i64 @f(i64 %x) {', '  switch i64 %x, label %end [']
    out += [f'    i64 {i * 5}, label %b{i}' for i in range(n)] + ['  ]']
    for i in range(n):
        out += [f'b{i}:', '  br label %end']
    phi = ', '.join(f'[ {i}, %b{i} ]' for i in range(n))
    return out + ['end:', f'  %r = phi i64 {phi}, [ %x, %0 ]', '  ret i64 %r', '}']


def ll_functions(n):
    out = []
    for i in range(n // 3):
        callee = f'@f{i * 7 % (n // 3)}'
        out += [f'define i64 @f{i}(i64 %x) {{', f'  %a = mul i64 %x, {i}',
                f'  %r = call i64 {callee}(i64 %a)', '  ret i64 %r', '}']
    return out


def ll_live(n):
    out = ['define i64 @f(i64 %x) {']
    out += [f'  %v{i} = mul i64 %x, {i}' for i in range(n // 2)]
    out += ['  br label %next', 'next:', '  %s0 = add i64 %x, 0']
    out += [f'  %s{i + 1} = sub i64 %s{i}, %v{i}' for i in range(n // 2)]
    return out + [f'  ret i64 %s{n // 2}', '}']


LL_DEBUG = [
    '!llvm.dbg.cu = !{!0}', '!llvm.module.flags = !{!1}',
    '!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !2, emissionKind: FullDebug)',
    '!1 = !{i32 2, !"Debug Info Version", i32 3}', '!2 = !DIFile(filename: "f.c", directory: "/")',
    '!3 = !DISubroutineType(types: !{null})',
    '!4 = distinct !DISubprogram(name: "f", scope: !2, file: !2, line: 1, type: !3, unit: !0, '
    'spFlags: DISPFlagDefinition)', '!5 = !DILocation(line: 1, column: 1, scope: !4)',
    '!6 = !DIBasicType(name: "long", size: 64, encoding: DW_ATE_signed)']


def ll_values(n):
    """Each of n values is a variable's, and lives through up to n blocks."""
    out = ['define i64 @f(i64 %x) !dbg !4 {']
    for i in range(n):
        out += [f'  %v{i} = mul i64 %x, {i + 1000000}, !dbg !5',
                f'    #dbg_value(i64 %v{i}, !{i + 10}, !DIExpression(), !5)']
    out += ['  br label %b0', 'b0:', '  %w0 = add i64 %x, 1']
    for i in range(n):
        out += [f'  br label %b{i + 1}', f'b{i + 1}:', f'  %w{i + 1} = xor i64 %w{i}, %v{i}, !dbg !5']
    out += [f'  ret i64 %w{n}, !dbg !5', '}'] + LL_DEBUG
    return out + [f'!{i + 10} = !DILocalVariable(name: "v{i + 1000000}", scope: !4, file: !2, line: 1, type: !6)'
                  for i in range(n)]


def ll_variable(n):
    """One variable with n values."""
    out = ['define i64 @f(i64 %v0) !dbg !4 {']
    for i in range(1, n + 1):
        out += [f'  %v{i} = mul i64 %v{i - 1}, {i + 1000000}, !dbg !5',
                f'    #dbg_value(i64 %v{i}, !7, !DIExpression(), !5)']
    out += [f'  ret i64 %v{n}, !dbg !5', '}'] + LL_DEBUG
    return out + ['!7 = !DILocalVariable(name: "v", scope: !4, file: !2, line: 1, type: !6)']


LL = {'straight': ll_straight, 'memory': ll_memory, 'diamonds': ll_diamonds, 'switch': ll_switch,
      'functions': ll_functions, 'live': ll_live, 'values': ll_values,
      'variable': ll_variable}
LL_SIZES = [10000, 160000]  # a power of two apart
TRIPLES = {'x86_64': 'x86_64-unknown-linux-gnu', 'aarch64': 'aarch64-unknown-linux-gnu'}


def write_bitcode(folder, target):
    """Options that name the files; none without an assembler of LLVM's."""
    assembler = shutil.which('llvm-as-22') or shutil.which('llvm-as')
    if assembler is None:
        print('skipped: bitcode (there is no llvm-as)', file=sys.stderr)
        return []
    options = []
    for shape, lines in LL.items():
        for n in LL_SIZES:
            file = f'{folder}/{shape}.{n}.{target}.bc'
            text = '\n'.join([f'target triple = "{TRIPLES[target]}"'] + lines(n)) + '\n'
            subprocess.run([assembler, '-o', file, '-'], input=text, text=True, check=True)
            options.append(f'--bitcode={shape}:{n}:{file}')
    return options


# ---- running ----

class Row:
    def __init__(self, fields):
        self.way, self.target, self.shape, self.unit, n, items, base = fields[:7]
        self.n, self.items, self.is_base = int(n), max(1, int(items)), base == '1'
        self.key = self.way, self.target, self.shape, self.n
        self.rest = [int(x) for x in fields[7:]]


def rows_of(text):
    return [Row(line.split('\t')) for line in text.splitlines()]


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return done.stdout, done.returncode == 0


def count(growth, options, folder):
    """Instructions executed, by key of the row."""
    logs = tempfile.mkdtemp(dir=folder)
    text, ok = run(CACHEGRIND + [f'--log-file={logs}/%p', growth, '--count'] + options)
    counts, nothing = {}, 0
    for row in rows_of(text):
        with open(f'{logs}/{row.rest[0]}') as log:
            n = int(re.search(r'I\s+refs:\s+([\d,]+)', log.read())[1].replace(',', ''))
        if row.way == 'none':
            nothing = n
        else:
            counts[row.key] = n - nothing
    return counts, ok


def main():
    build, json_wanted, wall, options = sys.argv[1], False, True, []
    ways, targets = ['object', 'text', 'bitcode'], TARGETS
    for word in sys.argv[2:]:
        name, _, value = word.partition('=')
        if name == '--json':
            json_wanted = True
        elif name == '--no-wall':
            wall = False
        elif name == '--way':
            ways = [value]
        elif name == '--target':
            targets = [value]
        elif name in ('--shape', '--most'):
            options.append(word)
        else:
            sys.exit(__doc__)
    growth = os.path.join(build, 'bench', 'kiln-growth')
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for way in ways:
            for target in targets:
                if way == 'text' and target != targets[0]:
                    continue  # text knows no target
                more = options if way != 'bitcode' else write_bitcode(folder, target)
                if way == 'bitcode' and (not more or options):
                    continue
                jobs.append([f'--target={target}'] + ([f'--way={way}'] if way != 'bitcode' else []) +
                            more)
        # Times one after the other; what is counted does not depend on other processes.
        rows = []
        for job in jobs:
            text, fine = run([growth] + job + ([] if wall else ['--fast']))
            rows += rows_of(text)
            ok &= fine
        counts = {}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for got, fine in progress(pool.map(lambda job: count(growth, job, folder), jobs), len(jobs), lambda r: ''):
                counts.update(got)
                ok &= fine
    results, beyond = table(rows, counts, wall)
    if json_wanted:
        json.dump(results, sys.stdout, indent=1)
        print()
    else:
        show(results, beyond)
    sys.exit(0 if ok and beyond == 0 else 1)


def table(rows, counts, wall):
    bases = {}
    for row in rows:
        if row.is_base or (row.way == 'bitcode' and row.n == LL_SIZES[0]):
            bases[row.way, row.target, row.shape] = row
    results, beyond = [], 0
    for row in rows:
        base = bases.get((row.way, row.target, row.shape))
        result = {'way': row.way, 'target': row.target, 'shape': row.shape, 'unit': row.unit,
                  'size': row.n, 'items': row.items, 'instructions': counts[row.key] / row.items,
                  'ns': row.rest[0] / row.items, 'bytes': row.rest[1] / row.items, 'beyond': []}
        if base is not None and row.n >= base.n:
            each = counts[base.key] / base.items, base.rest[0] / base.items, base.rest[2] / base.rest[3]
            now = result['instructions'], result['ns'], row.rest[2] / row.rest[3]
            result['factors'] = {k: a / b for k, a, b in zip(BOUNDS, now, each)}
            for k, bound in BOUNDS.items():
                if result['factors'][k] > bound and (k != 'ns' or wall):
                    result['beyond'].append(k)
            beyond += len(result['beyond'])
        results.append(result)
    return results, beyond


def show(results, beyond):
    last = None
    for r in results:
        if (r['way'], r['target']) != last:
            last = r['way'], r['target']
            print(f"\n{r['way']}, {r['target']}")
            print(f"{'shape':<21}{'size':>9}{'items':>10} {'instr.':>8}{'factor':>8} {'ns':>8}"
                  f"{'factor':>8} {'bytes':>8}{'factor':>8}")
        line = f"{r['shape']:<21}{r['size']:>9}{r['items']:>10}"
        for key, digits in (('instructions', 1), ('ns', 1), ('bytes', 1)):
            factor = f"{r['factors'][key]:.2f}" if 'factors' in r else ''
            mark = '!' if key in r['beyond'] else ' '
            line += f" {r[key]:>8.{digits}f}{factor:>7}{mark}"
        print(line.rstrip())
    print(f'\nper item; bounds of the factors: instructions executed {BOUNDS["instructions"]}, '
          f'ns {BOUNDS["ns"]}, bytes {BOUNDS["bytes"]}; beyond a bound: {beyond}')


if __name__ == '__main__':
    main()
