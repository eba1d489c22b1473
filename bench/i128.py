#!/usr/bin/env python3
"""Executed instructions of programs that compute with 128-bit integers: Kiln beside LLVM -O0, from the same bitcode.

i128.py BUILD [--program=NAME]... [--target=x86_64|aarch64] [--programs=i128|run] [--kiln=PROGRAM] [--json]

The programs are those of bench/programs/i128, or ten of bench/programs/run, which have no such integers. For each target and level, clang-22 or rustc makes bitcode: at -O0, with
variables in memory, and at -O1 without vectors, with variables as values (`kiln cc -O1`, opt-level 1). Of it, Kiln and
llc-22 -O0 make objects; llc-22 -O1, from the bitcode of -O1, is the scale. Counted are the instructions of one run in
QEMU's user emulation, with those of library functions such as __udivti3, which are the same for all; text is the
object's executable sections. rustc is the one that RUSTUP_TOOLCHAIN names, and needs the standard library of both
targets.

Columns: millions of instructions and bytes of text of LLVM -O0; Kiln's ratios to them; for -O1, the ratio of llc -O1's
instructions to those of LLVM -O0, too. A program that fails, or whose output differs from LLVM's at -O0, fails the bench.
"""
import json
import math
import os
import shutil
import subprocess
import sys

import cargo_program
import executed
from run_programs import LEVELS, Failure, call, command_line, text_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../tests/harness'))
import harness  # noqa: E402

# By folder of bench/programs: which of its files, '' for all.
PROGRAMS = {'i128': '', 'run': 'dynamic fannkuch hash matmul nbody sha256 sorts strings trees vm'}
# The prefix of C's tools, rustc's options, and what runs programs.
TARGETS = {
    'x86_64': ('x86_64-linux-gnu', ['--target=x86_64-unknown-linux-gnu'], ['qemu-x86_64']),
    'aarch64': ('aarch64-linux-gnu', ['--target=' + harness.AARCH64, '-Clinker=aarch64-linux-gnu-gcc'], harness.QEMU),
}
BUILDS = {'O0': ('llvm', 'kiln'), 'O1': ('llvm', 'kiln', 'best')}


class Program:
    def __init__(self, source, target, level, given):
        self.source, self.level, self.kiln = os.path.join(given['folder'], source), level, given['kiln']
        self.tools, self.rust, self.emulator = TARGETS[target]
        self.folder = os.path.join(given['work'], target, source, level)
        self.bitcode = self.path('unit.bc')

    def path(self, name):
        return os.path.join(self.folder, name)

    def front_end(self):
        """Makes unit.bc, and returns what links an object."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        if self.source.endswith('.rs'):
            vectors = [] if self.level == 'O0' else ['-Cno-vectorize-loops', '-Cno-vectorize-slp']
            return cargo_program.unit(self.source, self.folder, ['-Copt-level=' + self.level[1:], *vectors, *self.rust])
        call(['clang-22', '--target=' + self.tools, *LEVELS[self.level], '-w', '-fPIC', '-emit-llvm', '-c', self.source,
              '-o', self.bitcode])
        return lambda unit_object, program: call([self.tools + '-gcc', unit_object, '-o', program, '-lm'])

    def back_end(self, build, to):
        if build == 'kiln':
            call([self.kiln, 'compile', self.bitcode, '-o', to])
        else:
            call(['llc-22', '-O1' if build == 'best' else '-O0', '-relocation-model=pic', '-filetype=obj', self.bitcode, '-o', to])

    def measure(self, plugin):
        """By build: millions of instructions and bytes of text. And what LLVM's build printed."""
        link, found, want = self.front_end(), {}, None
        for build in BUILDS[self.level]:
            unit_object, program = self.path(build + '.o'), self.path(build)
            self.back_end(build, unit_object)
            link(unit_object, program)
            millions, output = executed.count(self.emulator, plugin, [program])
            want = want or output
            if output != want:
                raise Failure(f"the output is not that of LLVM's: {program}")
            found[build] = millions, text_bytes([unit_object])
        return found, want


def measure(source, target, given):
    """A row: by level, what each build has, and the ratios."""
    row = {'name': source, 'target': target, 'levels': {}, 'ratios': {}, 'failures': []}
    want = None
    for level in BUILDS:
        try:
            found, output = Program(source, target, level, given).measure(given['plugin'])
            want = want or output
            if output != want:
                raise Failure(f'{source}: the output at -{level} is not that at -O0')
            row['levels'][level] = found
            for build in BUILDS[level][1:]:
                row['ratios'][f'{level} {build} count'] = found[build][0] / found['llvm'][0]
                row['ratios'][f'{level} {build} text'] = found[build][1] / found['llvm'][1]
        except (Failure, OSError, subprocess.TimeoutExpired) as e:
            row['failures'].append(f'{target}, -{level}: {e}')
    return row


def means(rows):
    of = {key: [row['ratios'][key] for row in rows if key in row['ratios']] for row in rows for key in row['ratios']}
    return {key: math.exp(sum(map(math.log, values)) / len(values)) for key, values in of.items()}


# ---- the table ----

COLUMNS = {'O0': ('O0 kiln count', 'O0 kiln text'), 'O1': ('O1 kiln count', 'O1 kiln text', 'O1 best count')}


def print_head(target):
    print(f"{target:<14}{'LLVM -O0, bitcode of -O0':>26}{'Kiln':>8}{'':>8}{'of -O1':>16}{'Kiln':>8}{'':>8}{'llc -O1':>9}")
    print(f"{'':<14}{'millions':>18}{'text':>8}{'count':>8}{'text':>8}{'millions':>9}{'text':>7}{'count':>8}{'text':>8}{'count':>9}", flush=True)


def print_row(name, levels, ratios):
    cells = f'{name:<14}'
    for level, columns in COLUMNS.items():
        millions, text = levels[level]['llvm'] if level in levels else ('', '')
        cells += f"{millions and f'{millions:.2f}':>{18 if level == 'O0' else 9}}{text:>{8 if level == 'O0' else 7}}"
        for column in columns:
            cells += f"{f'{ratios[column]:.3f}' if column in ratios else '-':>{9 if 'best' in column else 8}}"
    print(cells, flush=True)


def main():
    given = command_line(__doc__, {'target': '', 'programs': 'i128', 'kiln': '', 'json': False})
    if given['programs'] not in PROGRAMS:
        sys.exit('--programs: ' + ' or '.join(PROGRAMS))
    given['folder'], chosen = os.path.join(HERE, 'programs', given['programs']), PROGRAMS[given['programs']].split()
    sources, targets = sorted(os.listdir(given['folder'])), [given['target']] if given['target'] else list(TARGETS)
    for names in filter(None, (chosen, given['program'])):
        sources = [s for s in sources if {s, os.path.splitext(s)[0]} & set(names)]
    if not sources or set(targets) - set(TARGETS):
        sys.exit('no such program or target')
    given['kiln'] = os.path.abspath(given['kiln'] or os.path.join(given['build'], 'kiln'))
    given['work'] = os.path.abspath(os.path.join(given['build'], 'bench', given['programs']))
    os.makedirs(given['work'], exist_ok=True)
    given['plugin'] = executed.plugin(given['work'])
    out, failed = {}, False
    for target in targets:
        rows = []
        if not given['json']:
            print_head(target)
        for source in sources:
            rows.append(measure(source, target, given))
            if not given['json']:
                print_row(source, rows[-1]['levels'], rows[-1]['ratios'])
            for text in rows[-1]['failures']:
                print(f'  {text}'.replace('\n', '\n    '), file=sys.stderr, flush=True)
                failed = True
        out[target] = {'programs': rows, 'means': means(rows)}
        if not given['json']:
            print_row(f'mean of {len(rows)}', {}, out[target]['means'])
    if given['json']:
        json.dump(out, sys.stdout, indent=1)
        print()
    sys.exit(failed)


if __name__ == '__main__':
    main()
