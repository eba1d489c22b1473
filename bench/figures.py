#!/usr/bin/env python3
"""Measures the figures that README.md and docs/*.md show, and writes them there.

figures.py BUILD [--qbe=FOLDER] [--mir=FOLDER] [--tpde=FOLDER] [--runs=N] [--machine=TEXT]    measures what README.md and docs/faq.md show
figures.py BUILD --only=PART[,PART...] [--runs=N] [--machine=TEXT]              measures other parts: run, jit
figures.py --write                                                              only writes, from what was measured
figures.py --check|--planted                                                    fails if the pages have other figures

Everything that README.md and docs/faq.md show is of one run, the part `front` of docs/figures.json, which takes some twenty
minutes on two cores without other work: codegen (SQLite's bitcode to objects in memory), process (kiln compile and llc), debug
(debug builds of Rust and C++, with and without inlining), cargo (a program with 116 dependencies; with Kiln as rustc's code
generator where `kiln cargo --setup` works for the toolchain, and beside Cranelift where rustup has a nightly with it) and peers
(bench/peers.py, which says what the FOLDERs are). It also has tables of docs/benchmarks.md. Parts of their own are run (29
programs) and jit (latency of code in memory), the table in docs/debug-builds.md (`bench/sizes.py BUILD --write`), and those of
bench/edits.py. Each names its date, its machine and the commit.

--write draws the two pictures (bench/chart.py) and fills what stands in the pages between `<!-- figures: NAME -->` and
`<!-- end of figures -->`, so that no figure is copied by hand. In README.md and docs/faq.md, no number stands outside of these
parts but those of NOT_MEASURED. --planted changes each number there in turn, and fails if --check would not find it.
"""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import textwrap

import chart
import edits_table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIGURES = os.path.join(ROOT, 'docs', 'figures.json')
FRONT = ['README.md', 'docs/faq.md']  # pages whose figures are all of one run
PAGES = [*FRONT, 'docs/benchmarks.md', 'docs/debug-builds.md']


# ---- measuring ----

def output(*command):
    print('==', *command, file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def measure_codegen(build, runs):
    """SQLite in four forms, by bench.c: both compilers in one process, for each target."""
    cache = os.path.join(build, 'cache')
    sqlite = output('tests/harness/sqlite_bitcode.sh', cache, 'O1', 'aarch64/O0').strip()
    debug = os.path.join(cache, 'sqlite3-g.bc')
    if not os.path.exists(debug):
        subprocess.run(['clang-22', '-O0', '-g', '-w', '-emit-llvm', '-c', 'sqlite3.c', '-o', debug], cwd=sqlite, check=True)
    rows = []
    for name, target, path in (('SQLite, -O0', 'x86_64', sqlite + '/O0/sqlite3.bc'), ('SQLite, -O1', 'x86_64', sqlite + '/O1/sqlite3.bc'),
                               ('SQLite, -O0 -g', 'x86_64', debug), ('SQLite, AArch64', 'aarch64', sqlite + '/aarch64/O0/sqlite3.bc')):
        row = json.loads(output(os.path.join(build, 'bench/kiln-bench'), '--json', f'--target={target}', f'--passes={4 * runs}',
                                f'--llvm-passes={max(1, runs // 2)}', path))['sum']
        rows.append({'name': name, 'instructions': row['instructions'], 'llvm_read_ns': row['llvm_read_ns'],
                     'llvm_codegen_ns': row['llvm_codegen_ns'], 'kiln_read_ns': row['build_ns'],
                     'kiln_codegen_ns': row['plan_ns'] + row['walk_ns'] + row['object_ns'],
                     'text_ratio': row['text_ratio']})
    return {'rows': rows}


def measure_process(build, runs):
    found = json.loads(output('bench/process.py', build, f'--runs={runs}', '--bitcode', '--json'))
    return {level: {key: found[f'sqlite_{level}'][key] for key in ('llc_ms', 'kiln_ms', 'peak_ratio')} for level in ('O0', 'O1', 'Og')}


def measure_jit(build, runs):
    found = json.loads(output('bench/jit.py', build, f'--runs={runs}', '--json'))
    return {'latency_100': {key: found['latency_100'][key] for key in ('kiln_us', 'llvm_us')},
            **{key: {k: found[key][k] for k in ('kiln_ms', 'lli_ms')} for key in ('start_lua', 'start_sqlite')}}


def measure_run(build, runs):
    found = json.loads(output('bench/run_programs.py', build, f'--runs={runs}', '--json'))

    def cells(ratios):
        return {'O0': {'time': ratios['O0_time'], 'text': ratios['O0_text']},
                'O1': {'time': ratios['O1_time'], 'text': ratios['O1_text']}, 'gcc': ratios['gcc_time']}
    return {'programs': [{'name': r['name'], **cells(r['ratios'])} for r in found['programs']],
            'means': cells(found['means'])}


def newest_nightly():
    """The newest nightly toolchain of rustup's that has Cranelift, if there is one."""
    nightly = [t.split()[0] for t in output('rustup', 'toolchain', 'list').splitlines() if t.startswith('nightly')]
    found = [t for t in nightly if 'rustc-codegen-cranelift' in output('rustup', 'component', 'list', '--installed', '--toolchain', t)]
    return found[-1].replace('-x86_64-unknown-linux-gnu', '') if found else None


def measure_debug(build, runs):
    """Debug builds of programs in Rust and C++, with -g: LLVM -O0 = 1, and for what inlining costs Kiln without it = 1."""
    nightly = newest_nightly()
    found = json.loads(output('bench/debug.py', build, '--inline', '-g', f'--runs={runs}', '--json', *(['--cranelift=' + nightly] if nightly else [])))
    result = {}
    for language, mean in found['means'].items():
        result[language] = {
            'programs': [{'name': r['name'], 'time': r['ratios']['kiln/llvm seconds'], 'inline': r['ratios']['also/llvm seconds']}
                         for r in found['programs'] if r['language'] == language],
            'time': mean['kiln/llvm seconds'], 'text': mean['kiln/llvm bytes'], 'inline': mean['also/llvm seconds'],
            'inline_text': mean['also/llvm bytes'], 'instructions': mean['compile instructions'], 'memory': mean['compile memory']}
        if 'cranelift' in mean:
            result[language]['cranelift'] = mean['cranelift']
    return result


PARTS_OF_CARGO = ('front end', 'bitcode', 'code generation', 'linker', 'the rest')


def measure_cargo(build, runs):
    """Ratios of cold builds and of builds after an edit, by the ways of bench/cargo.py, and the parts of cold builds."""
    nightly, ways = newest_nightly(), ['cargo', 'shim', 'shim-inline']
    if subprocess.run([os.path.join(build, 'kiln'), 'cargo', '--setup'], stdout=sys.stderr).returncode == 0:
        ways += ['kiln', 'kiln-inline']
    if nightly:
        ways += ['nightly', 'cranelift']
    found = json.loads(output('bench/cargo.py', build, '--ways=' + ','.join(ways), f'--colds={max(1, runs // 2)}', f'--edits={2 * runs}',
                              '--parts', '--json', *(['--nightly=' + nightly] if nightly else [])))

    def parts(rows):
        sums = {}
        for name, seconds in rows:
            key = next(part for part in PARTS_OF_CARGO if name.startswith(part))
            sums[key] = sums.get(key, 0) + seconds
        return {key: round(s, 2) for key, s in sums.items() if s >= 0.05}
    return {'crates': 116, 'rustc': output('rustc', '--version').strip(),
            'nightly': output('rustc', '+' + nightly, '--version').strip() if nightly else None,
            'units': found['units'], 'table': found['tables']['shim'], 'cold': {way: min(s) for way, s in found['cold'].items()},
            'edit': {way: statistics.median(s) for way, s in found['edit'].items()}, 'ratios': found['ratios'],
            'parts': {way: parts(found['parts'][way]) for way in ('cargo', 'shim', 'kiln') if way in found['parts']}}


def measure_library(build, _):
    """Bytes of libkiln.so without its symbols."""
    copy = os.path.join(build, 'cache', 'stripped')
    output('strip', '-o', copy, os.path.join(build, 'libkiln.so'))
    return os.path.getsize(copy)


def measure_front(args):
    """What README.md and docs/faq.md show."""
    build = os.path.abspath(args.build)
    given = {name: getattr(args, name.lower()) for name in ('QBE', 'MIR', 'TPDE')}
    folders = [f'--{name.lower()}={folder}' for name, folder in given.items() if folder]
    found = {'library': measure_library(build, args.runs)}
    found['peers'] = json.loads(output('bench/peers.py', build, f'--runs={args.runs}', '--json', *folders))
    missing = set(found['peers']['skipped']) - {name for name, folder in given.items() if not folder}
    if missing:
        sys.exit('figures.py: not measured, as said above: ' + ', '.join(sorted(missing)))
    for name, measure_part in (('codegen', measure_codegen), ('process', measure_process), ('debug', measure_debug)):
        found[name] = measure_part(build, args.runs)
    found['cargo'] = measure_cargo(build, args.runs)
    return found


MEASURES = {'run': measure_run, 'jit': measure_jit}


def about(machine_name):
    return {'date': datetime.date.today().isoformat(), 'machine': machine_name or machine(),
            'commit': output('git', 'rev-parse', '--short', 'HEAD').strip()}


def save(figures):
    with open(FIGURES, 'w') as f:
        f.write(re.sub(r'\[\s+([-\d.,\s]+?)\s+\]', lambda m: '[' + ' '.join(m[1].split()) + ']', json.dumps(figures, indent=1)) + '\n')


def keep(part, found):
    """Keeps what was measured, and writes the pages."""
    with open(FIGURES) as f:
        figures = json.load(f)
    figures[part] = found
    save(figures)
    write(figures)


def measure(args):
    source, found = about(args.machine), {}
    if args.only:
        for part in args.only.split(','):
            found[part] = {**source, **MEASURES[part](os.path.abspath(args.build), args.runs)}
    else:
        found['front'] = {**source, **measure_front(args)}
    with open(FIGURES) as f:
        figures = {**json.load(f), **found}
    save(figures)
    return figures


def machine():
    with open('/proc/cpuinfo') as f:
        model = re.search(r'model name\s*: (.*)', f.read())
    return f'{model[1] if model else "unknown processor"}, {os.cpu_count()} cores'


# ---- writing ----

LANGUAGES = {'rust': 'Rust', 'c++': 'C++'}


def dated(part):
    return f"{part['machine']}; {part['date']}; commit {part['commit']}"


def ratio(row, of='all'):
    llvm = row['llvm_codegen_ns'] + (row['llvm_read_ns'] if of == 'all' else 0)
    return llvm / (row['kiln_codegen_ns'] + (row['kiln_read_ns'] if of == 'all' else 0))


def wrapped(text):
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def table(heads, rows):
    return ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads), *('| ' + ' | '.join(row) + ' |' for row in rows)]


def milliseconds(row, of):
    return sum(row[f'{of}_{part}_ns'] for part in ('read', 'codegen')) * row['instructions'] / 1e6


def readers(f):
    """README.md: for each reader, a command and what it gives."""
    front = f['front']
    peers = {r['name']: r['function_us'] for r in front['peers']['rows']}
    cargo, cxx, o0 = front['cargo']['ratios'], front['debug']['c++'], front['process']['O0']
    setup = f", {cargo['kiln']['cold']:.2f} after `kiln cargo --setup`" if 'kiln' in cargo else ''
    return table(['you', 'one command', 'figure', 'more'], [
        ('write a language or a JIT', '`cc hello.c $(pkg-config --cflags --libs kiln)`',
         f"a function of 100 instructions, from bitcode to code in memory: {peers['Kiln, from bitcode']:.0f} µs; LLVM -O0: "
         f"{peers['LLVM -O0: MCJIT (`lli`)']:.0f} µs",
         '[C](docs/tutorial.md), [Rust](docs/rust.md), [Python](docs/python.md), [C++](docs/cpp.md), [WebAssembly](docs/wasm.md)'),
        ('wait for cargo', '`kiln cargo build`; to undo it, `cargo build`',
         f"cold, {cargo['shim']['cold']:.2f} of cargo's CPU time{setup}; after an edit, {cargo['shim']['edit']:.2f}",
         '[debug builds of Rust](docs/debug-builds.md#rust-cargo)'),
        ('wait for C or C++', '`make CC=kiln-cc CXX=kiln-c++`; to undo it, `make clean && make`',
         f"most of a build is clang's, but debug code runs in {cxx['time']:.2f} of the time of LLVM -O0's, with `-Og` in {cxx['inline']:.2f}",
         '[debug builds of C and C++](docs/debug-builds.md#c-and-c)'),
        ('come from QBE, Cranelift, MIR or LLVM', '`kiln compile program.bc -o program.o`, or `.ssa`, or `.wasm`',
         f"SQLite's bitcode to an object: {o0['kiln_ms']:.1f} ms; `llc -O0`: {o0['llc_ms']:.0f} ms", '[how Kiln compares](docs/faq.md#how-kiln-compares)')])


def comparison(f):
    """README.md: Kiln beside LLVM -O0, all of one run."""
    front = f['front']
    cargo, debug, process = front['cargo'], front['debug'], front['process']
    ways, times = cargo['ratios'], [ratio(r) for r in front['codegen']['rows']]

    def row(name, plain, inline):
        return name, f'**{plain:.2f}**', f'{inline:.2f}'
    rows = [row(what, debug[language]['time'], debug[language]['inline']) for language, what in
            (('c++', 'debug code of C++: run time'), ('rust', 'debug code of Rust: run time'))]
    rows += [row(f'cargo build{after}, {when}: CPU time', ways[way][kind], ways[way + '-inline'][kind]) for way, after in (
        ('shim', ''), ('kiln', ' with `kiln cargo --setup`')) if way in ways for kind, when in (('cold', 'cold'), ('edit', 'after an edit'))]
    o0, og = process['O0'], process['Og']
    lines = table(['LLVM -O0 = 1, lower is better', 'Kiln', 'Kiln with `--inline` (C, C++: `-Og`)'],
                  [row("SQLite's bitcode to an object, by `kiln compile`: CPU time", o0['kiln_ms'] / o0['llc_ms'], og['kiln_ms'] / og['llc_ms']), *rows])
    clif = ''
    if 'cranelift' in ways:
        clif = (f" With Cranelift in {cargo['nightly'].split(' (')[0]}, LLVM in the same compiler = 1, a cold build takes {ways['cranelift']['cold']:.2f}, a "
                f"build after an edit {ways['cranelift']['edit']:.2f}, and Rust's code {debug['rust']['cranelift']:.2f}.")
    return [*lines, '', *wrapped(
        f"From memory to memory, Kiln compiles SQLite's bitcode {min(times):.0f} to {max(times):.0f} times as fast as LLVM -O0, depending on the target and the "
        f"level.{clif} These figures, and those of [how Kiln compares](docs/faq.md#how-kiln-compares), are from one run of "
        f"`./dev bench --figures` ({dated(front)}; {cargo['rustc'].split(' (')[0]}).")]


def codegen(f):
    rows = [(r['name'], f"{r['llvm_read_ns']:.0f}", f"{r['llvm_codegen_ns']:,.0f}", f"{r['kiln_read_ns']:.1f}", f"{r['kiln_codegen_ns']:.1f}",
             f"{ratio(r, 'code'):.0f}", f'{ratio(r):.1f}', '' if r['text_ratio'] is None else f"{r['text_ratio']:.2f}")
            for r in f['front']['codegen']['rows']]
    return [dated(f['front']) + ':', '', *table(
        ['nanoseconds per LLVM instruction', 'LLVM: read', 'LLVM: code', 'Kiln: read', 'Kiln: code', 'code, times as fast', 'all, times as fast', 'text'], rows)]


def process(f):
    p, j = f['front']['process'], f['jit']
    rows = [(name, f"{p[level]['llc_ms']:.0f} ms", f"{p[level]['kiln_ms']:.1f} ms", f"{p[level]['llc_ms'] / p[level]['kiln_ms']:.0f}",
             f"{p[level]['peak_ratio']:.1f}") for level, name in (('O0', '-O0'), ('O1', '-O1'), ('Og', '-Og, `kiln compile --inline`'))]
    fast = j['latency_100']
    starts = [(f'start {name}, up to its first line', f"{j[key]['lli_ms']:,.0f} ms", f"{j[key]['kiln_ms']:.1f} ms", f"{j[key]['lli_ms'] / j[key]['kiln_ms']:.0f}")
              for key, name in (('start_lua', "Lua's interpreter"), ('start_sqlite', "SQLite's shell"))]
    return [*wrapped(dated(f['front']) + ' (JIT: ' + dated(j) + '):'), '', *table(
        ["SQLite's bitcode, whole processes", '`llc-22 -O0`', '`kiln compile`', 'times as fast', 'peak memory: times the size of bitcode and object'], rows),
        '', *table(['code in memory', 'LLVM -O0: LLJIT; start: `lli` with MCJIT', 'Kiln', 'times as fast'], [
            ('build, call and remove a function of 100 instructions', f"{fast['llvm_us']:.0f} µs", f"{fast['kiln_us']:.1f} µs",
             f"{fast['llvm_us'] / fast['kiln_us']:.0f}"), *starts])]


def spread(programs, columns):
    """Rows: the least and the greatest of each column, with the program."""
    for name, pick in (('least', min), ('greatest', max)):
        ends = [pick(programs, key=column) for column in columns]
        yield f'| {name} | ' + ' | '.join(f"{column(p):.2f} ({p['name']})" for p, column in zip(ends, columns)) + ' |'


def run(f):
    columns = [lambda p: p['O0']['time'], lambda p: p['O0']['text'], lambda p: p['O1']['time'], lambda p: p['O1']['text'], lambda p: p['gcc']]
    return [dated(f['run']) + ':', '', '| LLVM -O0 = 1 | -O0 bitcode: time | text | -O1 bitcode: time | text | gcc -O1: time |',
            '|---|---|---|---|---|---|',
            f"| **geometric mean of {len(f['run']['programs'])}** | " + ' | '.join(f"{c(f['run']['means']):.2f}" for c in columns) + ' |',
            *spread(f['run']['programs'], columns)]


def debug(f):
    found = [(name, f['front']['debug'][key]) for key, name in LANGUAGES.items()]

    def ends(programs, key):
        return [f'{p[key]:.2f} ({p["name"]})' for p in (pick(programs, key=lambda p: p[key]) for pick in (min, max))]
    lines = [dated(f['front']) + ':', '', *table(['LLVM -O0 = 1', 'time: geometric mean', 'from', 'to', 'text'], [
        row for name, of in found for row in (
            (name, f"{of['time']:.2f}", *ends(of['programs'], 'time'), f"{of['text']:.2f}"),
            (name + ', with inlining', f"{of['inline']:.2f}", *ends(of['programs'], 'inline'), f"{of['inline_text']:.2f}"))])]
    costs = ' and '.join(f"{of['instructions']:.2f} times the instructions and {of['memory']:.2f} times the memory for {name}" for name, of in found)
    clif = found[0][1].get('cranelift')
    beside = f" Rust's programs by Cranelift take {clif:.2f} of the time of those by LLVM in the same compiler, {f['front']['cargo']['nightly']}." if clif else ''
    return [*lines, '', *wrapped(f'With inlining, `kiln compile` takes {costs}.{beside}')]


def cargo(f):
    c = f['front']['cargo']
    names = {'cargo': '`cargo build`', 'shim': '`kiln cargo build`', 'shim-inline': '`kiln cargo --inline build`',
             'kiln': '`kiln cargo build`, after `--setup`', 'kiln-inline': '`kiln cargo --inline build`, after `--setup`',
             'nightly': '`cargo build`, nightly', 'cranelift': 'Cranelift, nightly'}

    def ratios(way):
        return {kind: '1' if way in ('cargo', 'nightly') else f'{r:.2f}' for kind, r in c['ratios'][way].items()}
    lines = [*wrapped(f"{dated(f['front'])}; {c['rustc']}" + (f"; {c['nightly']}" if c['nightly'] else '') + ':'), '', *table(
        ['', 'cold, s', 'ratio', 'after an edit, s', 'ratio'],
        [(name, f"{c['cold'][way]:.1f}", ratios(way)['cold'], f"{c['edit'][way]:.2f}", ratios(way)['edit']) for way, name in names.items()
         if way in c['cold']])]
    parts = [part for part in PARTS_OF_CARGO if any(part in of for of in c['parts'].values())]
    lines += ['', *table(['one cold build, s', 'all', *parts], [
        (names[way], f'{sum(of.values()):.1f}', *(f'{of[part]:.1f}' if part in of else '–' for part in parts)) for way, of in c['parts'].items()])]
    return [*lines, '', f"In the cold `kiln cargo build`, Kiln compiled {c['units']['shim']['kiln']} units, and LLVM compiled {c['units']['shim'].get('llvm', 0)}."]


def stats(f):
    """docs/debug-builds.md: the table of `kiln cargo --stats`."""
    return ['```', *f['front']['cargo']['table'].rstrip().split('\n'), '```']


def over_better(cell):
    """By how many percent Kiln in rustc takes longer than the better of cargo's two ways, beyond the spread; 0: it does not."""
    seconds = {way: statistics.median(s) for way, s in cell['seconds'].items()}
    better = min(seconds['cargo'], seconds['one'])
    return max(0, 100 * (seconds['kiln'] / better - 1) - cell['spread'])


def default_units():
    """The number of codegen units that an incremental build has."""
    with open(os.path.join(ROOT, 'integrations/llvm/kiln_rustc.c'), encoding='utf-8') as f:
        return int(re.search(r'"-Ccodegen-units=1" : "-Ccodegen-units=(\d+)"', f.read())[1])


def sizes(f):
    """docs/debug-builds.md: builds of crates by their size, by sizes.py. What was measured with another number of units than
    an incremental build has by default says nothing of that."""
    found = f.get('sizes', {})
    if not found:
        return ['This version was not measured.']
    with_cranelift = any(s.get('nightly') for s in found.values())
    heads = ['lines', 'build', '`cargo`, s', 'spread, %', '`cargo`, one unit', '`kiln cargo`', '`kiln cargo`, `--setup`'] + ['Cranelift'] * with_cranelift
    lines = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    above = []
    for size in sorted(found, key=int):
        for kind, name in (('cold', 'cold'), ('edit', 'after an edit')):
            cell = found[size][kind]
            seconds = {way: statistics.median(s) for way, s in cell['seconds'].items()}
            cells = [f'{int(size):,}', name, f"{seconds['cargo']:.2f}", f"{cell['spread']:.1f}"]
            cells += [f"{seconds[way] / seconds['cargo']:.2f}" for way in ('one', 'shim', 'kiln')]
            if with_cranelift:
                cells.append(f"{seconds['cranelift'] / seconds['nightly']:.2f}" if 'cranelift' in seconds else '–')
            lines.append('| ' + ' | '.join(cells) + ' |')
            if over_better(cell):
                above.append(f'{int(size):,} lines {name} ({over_better(cell):.0f} %)')
    whence = '; '.join(dict.fromkeys(f'{dated(s)}; {s["rustc"]}' for s in found.values()))
    runs = {f'{int(size):,} lines {name}': len(found[size][kind]['seconds']['cargo']) for size in sorted(found, key=int)
            for kind, name in (('cold', 'cold'), ('edit', 'after an edit'))}
    most = max(runs.values())
    whence += f'; medians of {most} runs' + ''.join(f', of {n} for {what}' for what, n in runs.items() if n != most)
    others = {s['units'] for s in found.values()} - {default_units()}
    if others:
        units = ' and '.join(map(str, sorted(others)))
        whence += f'. Kiln had {units} codegen units in incremental builds, which have {default_units()} by default now'
    missed = ('In these rows, the column `kiln cargo`, `--setup` is above the better of both columns of `cargo` by more than the spread: ' + ', '.join(above)
              if above else 'In no row, the column `kiln cargo`, `--setup` is above the better of both columns of `cargo` by more than the spread') + '.'
    noisy = [cell for s in found.values() for cell in (s['cold'], s['edit']) if cell['spread'] > 3]
    unsure = ' Rows whose spread is above 3 % are no measurement: other work ran on the machine.' if noisy else ''
    return [*wrapped(whence + ':'), '', *lines, *(['', *wrapped(text)] if (text := ('' if others else missed) + unsure) else [])]


def peers(f):
    """docs/faq.md: Kiln beside its peers, by peers.py."""
    found = f['front']['peers']
    lines = table(['lower is better', 'version', 'time to the first result', 'compile time of a function', 'time of the code', 'size'],
                  [(r['name'], r['version'], f"{r['first_ms']:.1f} ms", f"{r['function_us']:,.1f} µs", f"{1 / r['speed']:.2f}", f"{r['bytes'] / 1e6:.1f} MB")
                   for r in found['rows']])
    widest = max(found['rows'], key=lambda r: r['spread'])
    ends = f"Medians of {found['runs']} runs. The widest spread is {widest['spread']:.0f} % ({widest['name']})."
    alone = ', '.join(f"{r['compiler_us']:,.1f} µs for {r['name']}" for r in found['rows'] if r.get('compiler_us'))
    ends += f" Without assembler and linker, the compile time of a function is {alone}." if alone else ''
    skipped = f" Not measured: {', '.join(found['skipped'])}." if found['skipped'] else ''
    date = [*wrapped(dated(f['front']) + ':'), ''] if 'date' in f['front'] else []
    return [*date, *lines, '', *wrapped(ends + skipped)]


BLOCKS = {b.__name__: b for b in (readers, comparison, codegen, process, run, debug, cargo, stats, sizes, peers,
                                  edits_table.edits, edits_table.gains)}
BLOCK = re.compile(r'(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)', re.S)


LIBRARY = re.compile(r'((?:shared\s+library|`libkiln\.so`)\s+has\s+)[0-9.]+(\s+MB)')  # the one figure within sentences


def filled(text, figures):
    text = LIBRARY.sub(lambda m: f"{m[1]}{figures['front']['library'] / 1e6:.1f}{m[2]}", text)
    return BLOCK.sub(lambda m: m[1] + '\n'.join(BLOCKS[m[2]](figures)) + '\n' + m[3], text)


def files(figures):
    """What each page and picture is to be."""
    result = {'docs/compile-time.svg': chart.compile_time(figures['front']['codegen']), 'docs/cargo-build.svg': chart.cargo_build(figures['front']['cargo'])}
    for page in PAGES:
        with open(os.path.join(ROOT, page), encoding='utf-8') as f:
            result[page] = filled(f.read(), figures)
    return result


def write(figures):
    for path, text in files(figures).items():
        with open(os.path.join(ROOT, path), 'w', encoding='utf-8') as f:
            f.write(text)


# What else has numbers in README.md and docs/faq.md: versions, dates, lengths, and what others say of their programs.
NOT_MEASURED = [
    'Debian 12 or 13', '600 MB', 'in 25 lines', 'version 0.2.0', 'Apache 2.0', 'Apache License 2.0', 'clang 22', 'function of 100 instructions',
    '1,000 functions of 100 instructions', 'LLVM -O0 = 1', 'some 20', 'QBE 1.2', 'QBE 1.3', 'GPL 3', 'level 2', 'aims at 70 %', ', 2026)',
    'nightly-2026-10-30', 'gdb 13', 'qbepy 2026.2.2', 'older than 1.3', '0.137.1', 'version 0']
NUMBER = re.compile(r'(?<![\w.-])[0-9][0-9.,]*(?:ms|µs|us|s|x|[kKMG]B)?(?!\w)')


def plain(text, *patterns):
    """The text with blanks in place of code, of links, of the numbers of lists, and of what the patterns find."""
    for pattern in (*patterns, r'(?m)^[0-9]\. ', r'(?ms)^```.*?^```', r'`[^`\n]*`', r'\]\([^)]*\)', '<!--.*?-->'):
        text = re.sub(pattern, lambda m: re.sub(r'[^\n]', '_', m[0]), text)
    return text


def unlisted(page, text):
    """Numbers in the page outside of the parts that --write fills, of code, of links, and of NOT_MEASURED."""
    known = [r'(?<![0-9.,])' + re.escape(phrase).replace(r'\ ', r'\s+') + r'(?![0-9])' for phrase in sorted(NOT_MEASURED, key=len, reverse=True)]
    for number, line in enumerate(plain(text, BLOCK, LIBRARY, *known).split('\n'), 1):
        yield from (f'{page}:{number}: {m[0]} is a number that no command measured' for m in NUMBER.finditer(line))


def check(figures):
    bad, pages = [], {}
    for path, text in files(figures).items():
        with open(os.path.join(ROOT, path), encoding='utf-8') as f:
            pages[path] = f.read()
        if pages[path] != text:
            bad.append(f'{path} does not have the figures of docs/figures.json: bench/figures.py --write')
    for page in FRONT:
        bad += unlisted(page, pages[page])
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


def planted(figures):
    """Changes each number of the pages of one run, and fails if the check would not find it."""
    missed, count = [], 0
    for page in FRONT:
        with open(os.path.join(ROOT, page), encoding='utf-8') as f:
            text = f.read()
        for m in NUMBER.finditer(plain(text)):
            changed = text[:m.start()] + '7' + text[m.start():]
            count += 1
            if filled(changed, figures) == changed and not list(unlisted(page, changed)):
                missed.append(f'{page}: 7{m[0]} in place of {m[0]} is not found: {text[m.start() - 20:m.end() + 20]!r}')
    other = {**figures, 'sizes': {size: {**s, 'units': default_units() + s['units']} for size, s in figures['sizes'].items()}}
    if sizes(other) == sizes(figures) or 'In no row' in ' '.join(sizes(other)):
        missed.append('docs/debug-builds.md: another number of codegen units than the default is not found')
    print('\n'.join(missed), end='\n' if missed else '')
    return 1 if missed or count < 100 else 0


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build', nargs='?')
    p.add_argument('--only')
    p.add_argument('--runs', type=int, default=5)
    p.add_argument('--qbe')
    p.add_argument('--mir')
    p.add_argument('--tpde')
    p.add_argument('--machine')
    p.add_argument('--write', action='store_true')
    p.add_argument('--check', action='store_true')
    p.add_argument('--planted', action='store_true')
    args = p.parse_args()
    if args.build:
        figures = measure(args)
    else:
        with open(FIGURES) as f:
            figures = json.load(f)
    if args.check or args.planted:
        return (planted if args.planted else check)(figures)
    write(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
