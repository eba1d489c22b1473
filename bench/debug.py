#!/usr/bin/env python3
"""Run time of debug builds of Rust and C++: LLVM -O0 and Kiln, each from the same bitcode.

debug.py BUILD [--only=NAME[,NAME...]] [--language=rust|c++] [--runs=N] [--kiln=PROGRAM] [--also=PROGRAM] [-g]
         [--no-time] [--inline[=WHAT]] [--cranelift=TOOLCHAIN] [--json]

The programs are those of bench/programs/debug; a NAME is a file's, with or without its end, or a folder's: a package of several
crates, of which cargo fetches those of the registry, and whose text is the whole program's. Rust's are packages that `cargo
build` and `kiln cargo build` make in the profile `dev` as cargo has it, but for debug information, which -g adds;
C++'s are by clang++-22 -O0. A program's time is the least user and system time of N runs (default 7), one of each
build in turn; beside it are the executed instructions of one run in QEMU, which other work on the machine does not
change, and which --no-time measures alone; text is the sum of its object's executable sections, without the standard
library's: of Rust, where cargo makes several, of one by rustc. --kiln is the Kiln that is measured, BUILD/kiln
by default; --also another one, an older one for example, beside which the first is measured too. --inline: the other
one is the same Kiln with small functions inlined, for C++ from what clang++-22 makes for `kiln c++ -Og`, for Rust by
`kiln cargo --inline build`; --inline=foreign: the same with foreign functions alone, for C++ from the bitcode of -O0.
Besides, a row for each language says what compiling costs, beside the same Kiln without inlining: executed instructions
and memory at the peak. --cranelift=nightly: besides, the Rust programs by that toolchain of rustup's, with LLVM and with
its component rustc-codegen-cranelift: the ratio of both. A program that one of them does not run is named, and left out.

Columns: seconds, millions of instructions and bytes of LLVM -O0; Kiln's ratios to LLVM's; with --also, the other's
ratios to LLVM, and those of --kiln to it. A program that fails, or whose output differs from LLVM's, fails the bench.
"""
import json
import math
import os
import resource
import shutil
import subprocess
import sys

import cargo_program
import executed
from executed import call_for_output
from run_programs import Failure, call, text_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../tests/harness'))
import harness  # noqa: E402

PROGRAMS = os.path.join(HERE, 'programs/debug')
LANGUAGES = {'rust': '.rs', 'c++': '.cpp'}


class Program:
    def __init__(self, name, language, work):
        self.name, self.language = name, language
        self.source = os.path.join(PROGRAMS, name + LANGUAGES[language])
        self.folder = os.path.join(work, name + LANGUAGES[language])

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, debug, kilns, inline):
        """Makes the program with LLVM and with each of `kilns`, a list of (name, command). Returns bytes of text."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        link = self.compile_rust(debug, inline) if self.language == 'rust' else self.compile_cxx(debug, inline)
        for name, kiln in kilns:
            call(self.kiln_compile(name, kiln, inline))
        names = ['llvm'] + [name for name, _ in kilns]
        for name in names:
            link(self.path(name + '.o'), self.path(name))
        if self.language == 'rust':
            self.build_by_cargo(debug, kilns, inline)
        return {name: text_bytes([self.path(name + '.o')]) for name in names}

    def kiln_compile(self, name, kiln, inline):
        if not inline or name != 'also':
            return [kiln, 'compile', self.path('unit.bc'), '-o', self.path(name + '.o')]
        unit = 'unit.bc' if self.language == 'rust' or inline == 'foreign' else 'before.bc'
        return [kiln, 'compile', '--inline=' + inline, self.path(unit), '-o', self.path(name + '.o')]

    def costs(self, kilns, inline, spawn):
        """By name: executed instructions of `kiln compile`, and its KiB at the peak."""
        found = {}
        for name, kiln in kilns:
            command = self.kiln_compile(name, kiln, inline)
            found[name] = self.count(command)[0], int(call_for_output([spawn, *command]).split()[2])
        return found

    def build_by_cargo(self, debug, kilns, inline):
        """The programs that are run."""
        ways = [('llvm', ['cargo'])] + [(name, [kiln, 'cargo', *(['--inline=' + inline] if inline and name == 'also' else ['--no-bootstrap'])])
                                        for name, kiln in kilns]
        for name, cargo in ways:
            self.by_cargo(name, cargo, {} if debug else {'CARGO_PROFILE_DEV_DEBUG': '0'})

    def package(self, folder):
        return cargo_program.package(self.source, folder)

    def by_cargo(self, name, cargo, env):
        folder = self.path('package')
        package = self.package(folder)
        words, env, program = cargo_program.build(folder, package, name, cargo, env)
        call(words, env=env)
        shutil.copy(program, self.path(name))

    def compile_rust(self, debug, inline):
        """unit.bc and llvm.o. Returns what links an object into a program."""
        return cargo_program.unit(self.source, self.folder, ['-Copt-level=0', '-Cpanic=' + ('unwind' if inline else 'abort'),
                                                             *(['-Cdebuginfo=2'] if debug else [])])

    def compile_cxx(self, debug, inline):
        front = ['clang++-22', '-std=c++20', *(['-g'] if debug else []), '-w', '-emit-llvm', '-c', self.source, '-o']
        call([*front, self.path('unit.bc'), '-O0'])
        if inline == 'small':
            call([*front, self.path('before.bc'), *harness.AS_OG])
        call(['clang++-22', '-O0', '-c', self.path('unit.bc'), '-o', self.path('llvm.o')])
        return lambda unit_object, program: call(['clang++-22', unit_object, '-o', program])

    def beside(self, toolchain, runs):
        """Cranelift's time as a part of LLVM's, both by one toolchain, in the profile `dev`."""
        least = {}
        for name, env in (('nightly', {}), ('cranelift', cargo_program.CRANELIFT)):
            self.by_cargo(name, ['cargo', '+' + toolchain], env)
        for _ in range(runs):
            for name in ('nightly', 'cranelift'):
                least[name] = min(self.run(name)[0], least.get(name, math.inf))
        return least['cranelift'] / least['nightly']

    def count(self, command):
        """Millions of executed instructions, and what was printed."""
        return executed.count(['qemu-' + os.uname().machine], os.path.join(os.path.dirname(self.folder), 'instructions.so'), command)

    def run(self, name):
        """User and system seconds, and what was printed."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = call_for_output([self.path(name)])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, output


class Package(Program):
    """A folder with a package, which cargo alone builds."""

    def __init__(self, name, work):
        super().__init__(name, 'rust', work)
        self.source, self.folder = os.path.join(PROGRAMS, name), os.path.join(work, name)

    def package(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.source, folder)
        return self.name

    def compile(self, debug, kilns, inline):
        shutil.rmtree(self.folder, ignore_errors=True)
        call(['cargo', 'fetch', '--quiet', '--manifest-path', os.path.join(self.source, 'Cargo.toml'), '--locked'])
        self.build_by_cargo(debug, kilns, inline)
        return {name: text_bytes([self.path(name)]) for name in ['llvm'] + [name for name, _ in kilns]}

    def costs(self, kilns, inline, spawn):
        return None


def measure(program, kilns, asked):
    """A row: the least time of each build, its text, what failed."""
    row = {'name': program.name, 'language': program.language, 'seconds': {}, 'millions': {}, 'bytes': {}, 'failures': []}
    try:
        row['bytes'] = program.compile(asked['debug'], kilns, asked['inline'])
        for name in row['bytes']:
            row['millions'][name], output = program.count([program.path(name)])
            want = output if name == 'llvm' else want
            if output != want:
                raise Failure(f"{name}: its output is not that of LLVM's: {program.path(name)}")
        for _ in range(asked['runs'] if asked['time'] else 0):
            for name in row['bytes']:
                seconds, output = program.run(name)
                if output != want:
                    raise Failure(f"{name}: its output is not that of LLVM's: {program.path(name)}")
                row['seconds'][name] = min(seconds, row['seconds'].get(name, seconds))
        if asked['inline']:
            costs = program.costs(kilns, asked['inline'], os.path.join(asked['folder'], 'bench', 'kiln-spawn'))
            row.update({'costs': costs} if costs else {})
        if asked['cranelift'] and program.language == 'rust':
            try:
                row['cranelift'] = program.beside(asked['cranelift'], asked['runs'])
            except Failure as e:  # such as an intrinsic that it does not have; the program is not in its mean
                print(f'{program.name}: not by Cranelift: {e}', file=sys.stderr, flush=True)
    except (Failure, OSError, subprocess.TimeoutExpired) as e:
        row['failures'].append(str(e))
        row['seconds'], row['millions'] = {}, {}
    row['ratios'] = ratios(row)
    return row


# ---- the table ----

WHAT = {'seconds': 'time', 'millions': 'count', 'bytes': 'text'}
PAIRS = [('kiln', 'llvm'), ('also', 'llvm'), ('kiln', 'also')]
INLINE_PAIRS = [('kiln', 'llvm'), ('also', 'llvm'), ('also', 'kiln')]


def ratios(row):
    out = {}
    for a, b in {*PAIRS, *INLINE_PAIRS}:
        for what in WHAT:
            if a in row['millions'] and row[what].get(b):
                out[f'{a}/{b} {what}'] = row[what][a] / row[what][b]
    if 'cranelift' in row:
        out['cranelift'] = row['cranelift']
    if 'costs' in row:
        plain, inlined = row['costs']['kiln'], row['costs']['also']
        out['compile instructions'], out['compile memory'] = inlined[0] / plain[0], inlined[1] / plain[1]
    return out


def means(rows):
    keys = {key for row in rows for key in row['ratios']}
    values = {key: [row['ratios'][key] for row in rows if key in row['ratios']] for key in keys}
    return {key: math.exp(sum(map(math.log, of)) / len(of)) for key, of in values.items()}


def columns(kilns, inline, time):
    names = [name for name, _ in kilns]
    return [(a, b, what) for a, b in (INLINE_PAIRS if inline else PAIRS) if a in names and b in names + ['llvm']
            for what in WHAT if time or what != 'seconds']


def print_row(name, values, llvm, chosen):
    own = ''.join(f'{cell:>9}' for cell in llvm)
    cells = ''.join(f"{values[f'{a}/{b} {what}']:>8.3f}" for a, b, what in chosen if values)
    print(f'{name:<18}{own}{cells}', flush=True)


def print_head(chosen, inline):
    pairs = list(dict.fromkeys((a, b) for a, b, _ in chosen))
    shown = {'also': 'inline'} if inline else {}
    whats = [WHAT[what] for a, b, what in chosen if (a, b) == pairs[0]]
    print(f"{'':<18}{'LLVM -O0':>27}" + ''.join(f'{shown.get(a, a) + "/" + shown.get(b, b):>{8 * len(whats)}}' for a, b in pairs))
    print(f"{'':<18}{'s':>9}{'millions':>9}{'text':>9}" + ''.join(f'{what:>8}' for what in whats * len(pairs)), flush=True)


def llvm_cells(row):
    seconds, millions = row['seconds'].get('llvm'), row['millions'].get('llvm')
    return ['-' if seconds is None else f'{seconds:.3f}', '-' if millions is None else f'{millions:.0f}', row['bytes'].get('llvm', '-')]


def options(words):
    out = {'folder': None, 'only': [], 'languages': list(LANGUAGES), 'runs': 7, 'kiln': None, 'also': None,
           'debug': False, 'cranelift': None, 'time': True, 'inline': None, 'json': False}
    for word in words:
        key, _, value = word.partition('=')
        if key == '--only' and value:
            out['only'] += value.split(',')
        elif key == '--language' and value in LANGUAGES:
            out['languages'] = [value]
        elif key == '--runs' and value.isdigit() and int(value) > 0:
            out['runs'] = int(value)
        elif key in ('--kiln', '--also') and value:
            out[key[2:]] = os.path.abspath(value)
        elif key == '--cranelift' and value:
            out['cranelift'] = value
        elif word == '-g':
            out['debug'] = True
        elif word == '--no-time':
            out['time'] = False
        elif key == '--inline' and value in ('', 'small', 'foreign'):
            out['inline'] = value or 'small'
        elif word == '--json':
            out['json'] = True
        elif out['folder'] is None and not word.startswith('-'):
            out['folder'] = os.path.abspath(word)
        else:
            sys.exit(__doc__)
    if out['folder'] is None or (out['also'] and out['inline']):
        sys.exit(__doc__)
    return out


def main():
    asked = options(sys.argv[1:])
    kilns = [('kiln', asked['kiln'] or os.path.join(asked['folder'], 'kiln'))]
    if asked['also'] or asked['inline']:
        kilns.append(('also', asked['also'] or kilns[0][1]))
    chosen = columns(kilns, asked['inline'], asked['time'])
    folder = os.path.join(asked['folder'], 'bench', 'debug')
    programs = []
    for language in asked['languages']:
        for name in sorted(os.listdir(PROGRAMS)):
            base, end = os.path.splitext(name)
            if end == LANGUAGES[language] and (not asked['only'] or {base, name} & set(asked['only'])):
                programs.append(Program(base, language, folder))
            elif language == 'rust' and os.path.exists(os.path.join(PROGRAMS, name, 'Cargo.toml')) and (not asked['only'] or name in asked['only']):
                programs.append(Package(name, folder))
    if not programs:
        sys.exit('no such program')
    os.makedirs(folder, exist_ok=True)
    executed.plugin(folder)
    if not asked['json']:
        print_head(chosen, asked['inline'])
    rows, mean = [], {}
    for program in programs:
        row = measure(program, kilns, asked)
        rows.append(row)
        if not asked['json']:
            print_row(os.path.basename(program.source), row['ratios'], llvm_cells(row), chosen)
        for text in row['failures']:
            print(f'  {program.source}: {text}'.replace('\n', '\n    '), file=sys.stderr, flush=True)
    for language in asked['languages']:
        of = [row for row in rows if row['language'] == language]
        mean[language] = means(of)
        if mean[language] and not asked['json']:
            print_row(f'{language}, mean of {len(of)}', mean[language], [''] * 3, chosen)
            if 'cranelift' in mean[language]:
                print(f"  Cranelift, LLVM by the same toolchain = 1: {mean[language]['cranelift']:.3f}", flush=True)
            if 'compile instructions' in mean[language]:
                print('  compiling: {compile instructions:.3f} times the instructions, {compile memory:.3f} times the memory'
                      .format_map(mean[language]), flush=True)
    if asked['json']:
        json.dump({'programs': rows, 'means': mean}, sys.stdout, indent=1)
        print()
    sys.exit(any(row['failures'] for row in rows))


if __name__ == '__main__':
    main()
