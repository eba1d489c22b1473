#!/usr/bin/env python3
"""Measures the figures that README.md and docs/benchmarks.md show, and writes them there.

figures.py BUILD [--only=PART[,PART...]] [--runs=N] [--machine=TEXT]   measures, on a machine without other work
figures.py --write                                                     only writes, from what was measured
figures.py --check                                                     fails if the pages do not have what was measured

PARTS: codegen (SQLite's bitcode to objects in memory), process (kiln compile and llc), jit (latency of code in memory),
run (29 programs), debug (debug builds of Rust and C++), inlining (the same with small functions inlined), cargo (a program
with 116 dependencies). Each is one run of one bench, and is kept in docs/figures.json with its date, its machine and the
commit. All parts take about an hour. The table in docs/debug-builds.md is of `bench/sizes.py BUILD --write`, that in
docs/faq.md of `bench/peers.py BUILD --write`, those of edits of `bench/edits.py BUILD --write`.

--write draws the two pictures (bench/chart.py) and fills what stands in the pages between `<!-- figures: NAME -->` and
`<!-- end of figures -->`, so that no figure is copied by hand.
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
PAGES = ['README.md', 'docs/benchmarks.md', 'docs/debug-builds.md', 'docs/faq.md']


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
    found = json.loads(output('bench/process.py', build, f'--runs={runs}', '--json'))
    return {level: {key: found[f'sqlite_{level}'][key] for key in ('llc_ms', 'kiln_ms', 'peak_ratio')} for level in ('O0', 'O1')}


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


def with_cranelift():
    """The newest nightly toolchain of rustup's that has the component, as an option of a bench, if there is one."""
    nightly = [t.split()[0] for t in output('rustup', 'toolchain', 'list').splitlines() if t.startswith('nightly')]
    found = [t for t in nightly if 'rustc-codegen-cranelift' in output('rustup', 'component', 'list', '--installed', '--toolchain', t)]
    return ['--cranelift=' + found[-1]] if found else []


def measure_debug(build, runs):
    found = json.loads(output('bench/debug.py', build, f'--runs={runs}', '--json', *with_cranelift()))
    result = {'programs': {}, 'means': {}}
    if 'cranelift' in found['means']['rust']:
        result['cranelift'] = found['means']['rust']['cranelift']
    for language in ('rust', 'c++'):
        def cells(ratios):
            return {'time': ratios['kiln/llvm seconds'], 'text': ratios['kiln/llvm bytes']}
        result['programs'][language] = [{'name': r['name'], **cells(r['ratios'])}
                                        for r in found['programs'] if r['language'] == language]
        result['means'][language] = cells(found['means'][language])
    return result


def measure_inlining(build, runs):
    result = {'rows': []}
    for described in ([], ['-g']):
        found = json.loads(output('bench/debug.py', build, '--inline', *described, f'--runs={max(1, runs // 2)}', '--json'))
        for language, mean in found['means'].items():
            result['rows'].append({'language': language, 'debug': bool(described), 'llvm': mean['also/llvm seconds'],
                                   'kiln': mean['also/kiln seconds'], 'text': mean['also/llvm bytes'],
                                   'instructions': mean['compile instructions'], 'memory': mean['compile memory']})
    return result


PARTS_OF_CARGO = (('front end', 'front end'), ('bitcode', 'bitcode'), ('code generation', 'code generation'),
                  ('linker', 'linker'), ('the rest', 'the rest'))


def measure_cargo(build, runs):
    """The stacked bars: of Kiln's build and of LLVM's; and Cranelift's time, if rustup has a nightly with it."""
    found = json.loads(output('bench/cargo.py', build, f'--colds={max(1, runs // 3)}', '--json', '--parts', *with_cranelift()))

    def parts(rows):
        sums = {}
        for name, seconds in rows:
            key = next(short for long, short in PARTS_OF_CARGO if name.startswith(long))
            sums[key] = sums.get(key, 0) + seconds
        return {key: round(s, 2) for key, s in sums.items() if s >= 0.05}
    edits = found['edit']
    result = {'crates': 116, 'objects_kiln': found['objects by Kiln'], 'objects_llvm': found['objects by LLVM'],
              'cold': {key: min(s) for key, s in found['cold'].items()},
              'edit': {'kiln': sorted(edits['kiln'])[len(edits['kiln']) // 2], 'llvm': sorted(edits['llvm'])[len(edits['llvm']) // 2],
                       'ratio': sorted(a / b for a, b in zip(edits['kiln'], edits['llvm']))[len(edits['kiln']) // 2]},
              'sides': [{'name': 'cargo', 'parts': parts(found['llvm_parts'])}, {'name': 'kiln cargo', 'parts': parts(found['parts'])}]}
    if 'cranelift' in found:
        c = found['cranelift']
        llvm = statistics.median(c['seconds']['nightly'])
        result['cranelift'] = {'toolchain': c['toolchain'], 'llvm': llvm, 'edits': c['edits'],
                               'ratios': {name: statistics.median(s) / llvm for name, s in c['seconds'].items() if name != 'nightly'}}
    return result


MEASURES = {'codegen': measure_codegen, 'process': measure_process, 'jit': measure_jit, 'run': measure_run,
            'debug': measure_debug, 'inlining': measure_inlining, 'cargo': measure_cargo}


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
    with open(FIGURES) as f:
        figures = json.load(f)
    source = about(args.machine)
    for part in args.only.split(',') if args.only else MEASURES:
        figures[part] = {**source, **MEASURES[part](os.path.abspath(args.build), args.runs)}
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


def inlined_speed(f):
    """How many times as fast as LLVM -O0's the code of Rust and of C++ is, with small functions inlined, in builds with -g."""
    return [next(1 / r['llvm'] for r in f['inlining']['rows'] if (r['language'], r['debug']) == (language, True)) for language in LANGUAGES]


def wrapped(text):
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def comparison(f):
    """README.md: Kiln beside its peers. The figures of peers that were not run here are their authors'."""
    o0, mean = f['codegen']['rows'][0], f['run']['means']['O0']
    took = sum(o0[k] for k in ('kiln_read_ns', 'kiln_codegen_ns')) * o0['instructions'] / 1e6
    llvm = sum(o0[k] for k in ('llvm_read_ns', 'llvm_codegen_ns')) * o0['instructions'] / 1e6
    clif, clif_code = f['cargo'].get('cranelift'), f['debug'].get('cranelift')
    cold = f['cargo']['cold']  # not the sums of the parts, which are of one build each
    rust, cxx = inlined_speed(f)
    rows = [
        ('LLVM -O0 = 1 ([sources](docs/benchmarks.md#where-the-readmes-figures-are-from))', 'SQLite: speed of code generation', 'speed of the generated code', 'cold cargo build: CPU time'),
        ('Kiln', f"**{ratio(o0, 'code'):.0f}**", f"**{1 / mean['time']:.2f}**", f"{cold['kiln'] / cold['llvm']:.2f}"),
        ('Kiln with `--inline`', '', f'Rust **{rust:.1f}**, C++ **{cxx:.1f}**', ''),
        *([('Kiln after `kiln cargo --setup`', '', '', f"{clif['ratios']['nightly-kiln']:.2f}")] if clif else []),
        ('TPDE [1]', '11', '0.96', ''),
        ('Cranelift', '–', f'Rust {1 / clif_code:.2f}' if clif_code else '–', f"{clif['ratios']['nightly-cranelift']:.2f}" if clif else '0.7 to 0.8 [2]')]
    lines = ['| ' + ' | '.join(row) + ' |' for row in rows]
    return [lines[0], '|' + '---|' * len(rows[0]), *lines[1:], ''] + wrapped(
        'There is no SQLite figure for Cranelift, because Cranelift cannot read LLVM bitcode. Kiln reads and compiles '
        f"SQLite's bitcode in {took:.1f} ms. LLVM -O0 takes {llvm:.0f} ms, {ratio(o0):.0f} times as long.")


def sources(f):
    """docs/benchmarks.md: where each figure of the README is from, and when."""
    clif = f['cargo'].get('cranelift')
    items = [
        f"Speed of code generation: SQLite's bitcode; LLVM 22 ({dated(f['codegen'])}).",
        f"Speed of the generated code: geometric mean of {len(f['run']['programs'])} programs; LLVM 22 ({dated(f['run'])}).",
        f"Speed with `--inline`: ten programs in each language ({dated(f['inlining'])}).",
        f"Cold cargo build with `kiln cargo`: the least of three builds each, by Kiln and by LLVM ({dated(f['cargo'])}).",
        *([f"Cranelift, and Kiln after `kiln cargo --setup`: {clif['toolchain']}, compared with LLVM in the same compiler."] if clif else []),
        '[1] Schwarz, Kamm and Engelke report for TPDE that it compiles 8 to 24 times as fast as LLVM '
        '([arXiv 2505.22610](https://arxiv.org/abs/2505.22610), 2025). The figures for TPDE in the README were measured beside LLVM 22 in 2026.',
        *([] if clif else ['[2] [rust-lang/rust 77975](https://github.com/rust-lang/rust/pull/77975), 2020, with other programs.']),
    ]
    return [line for item in items for line in textwrap.wrap(item, 120, initial_indent='- ', subsequent_indent='  ', break_long_words=False,
                                                             break_on_hyphens=False)]


def codegen(f):
    lines = ['| nanoseconds per LLVM instruction | LLVM: read | LLVM: code | Kiln: read | Kiln: code | code, times as fast | all, times as fast | text |',
             '|---|---|---|---|---|---|---|---|']
    for r in f['codegen']['rows']:
        text = '' if r['text_ratio'] is None else f"{r['text_ratio']:.2f}"
        lines.append(f"| {r['name']} | {r['llvm_read_ns']:.0f} | {r['llvm_codegen_ns']:,.0f} | {r['kiln_read_ns']:.1f} | "
                     f"{r['kiln_codegen_ns']:.1f} | {ratio(r, 'code'):.0f} | {ratio(r):.1f} | {text} |")
    return [dated(f['codegen']) + ':', ''] + lines


def process(f):
    p, j = f['process'], f['jit']
    lines = [dated(p) + ' (JIT: ' + dated(j) + '):', '', '| SQLite\'s bitcode, whole processes | `llc-22 -O0` | `kiln compile` | times as fast | peak memory: times the size of bitcode and object |',
             '|---|---|---|---|---|']
    for level in sorted(k for k in p if k.startswith('O')):
        r = p[level]
        lines.append(f"| -{level} | {r['llc_ms']:.0f} ms | {r['kiln_ms']:.1f} ms | {r['llc_ms'] / r['kiln_ms']:.0f} | "
                     f"{r['peak_ratio']:.1f} |")
    lines += ['', '| code in memory | LLVM -O0: LLJIT; start: `lli` with MCJIT | Kiln | times as fast |', '|---|---|---|---|',
              f"| build, call and remove a function of 100 instructions | {j['latency_100']['llvm_us']:.0f} µs | "
              f"{j['latency_100']['kiln_us']:.1f} µs | {j['latency_100']['llvm_us'] / j['latency_100']['kiln_us']:.0f} |"]
    for key, name in (('start_lua', 'start Lua\'s interpreter, up to its first line'), ('start_sqlite', 'start SQLite\'s shell, up to its first line')):
        lines.append(f"| {name} | {j[key]['lli_ms']:,.0f} ms | {j[key]['kiln_ms']:.1f} ms | {j[key]['lli_ms'] / j[key]['kiln_ms']:.0f} |")
    return lines


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
    lines = [dated(f['debug']) + ':', '', '| LLVM -O0 = 1 | time: geometric mean | from | to | text |', '|---|---|---|---|---|']
    for key, name in LANGUAGES.items():
        programs, mean = f['debug']['programs'][key], f['debug']['means'][key]
        ends = [pick(programs, key=lambda p: p['time']) for pick in (min, max)]
        lines.append(f"| {name} | {mean['time']:.2f} | " + ' | '.join(f"{p['time']:.2f} ({p['name']})" for p in ends) + f" | {mean['text']:.2f} |")
    return lines


def inlining(f):
    lines = [dated(f['inlining']) + ':', '',
             '| with inlining | time, LLVM -O0 = 1 | time, Kiln without inlining = 1 | text, LLVM -O0 = 1 | compiling, Kiln without inlining = 1 | memory, Kiln without inlining = 1 |',
             '|---|---|---|---|---|---|']
    for r in f['inlining']['rows']:
        name = LANGUAGES[r['language']] + (', `-g`' if r['debug'] else '')
        lines.append(f'| {name} | ' + ' | '.join(f'{r[k]:.2f}' for k in ('llvm', 'kiln', 'text', 'instructions', 'memory')) + ' |')
    return lines


def cargo(f):
    c = f['cargo']
    names = list(dict.fromkeys(name for side in c['sides'] for name in side['parts']))
    lines = [dated(c) + ':', '', '| seconds of CPU time | all | ' + ' | '.join(names) + ' |', '|---|' + '---|' * (len(names) + 1)]
    for s in c['sides']:
        lines.append(f"| `{s['name']} build`, cold | {sum(s['parts'].values()):.1f} | " +
                     ' | '.join(f"{s['parts'][n]:.1f}" if n in s['parts'] else '' for n in names) + ' |')
    least = c['cold']
    lines += ['', *wrapped("The table shows one build of each kind. In three alternating builds of each kind, the least CPU time was "
                        f"{least['llvm']:.1f} s with LLVM and {least['kiln']:.1f} s with Kiln. The ratio is {least['kiln'] / least['llvm']:.2f}.")]
    if 'cranelift' in c:
        nightly = c['cranelift']
        lines += ['', *wrapped(f"The following table shows cold builds with {nightly['toolchain']}. Each figure is a median of five builds, as a "
                        f"ratio to LLVM's {nightly['llvm']:.1f} s of CPU time."), '',
                  '| | Cranelift | the shim | Kiln as rustc\'s code generator |', '|---|---|---|---|']
        for name, end in (("the profile's codegen units", ''), ('one codegen unit', '-1')):
            lines.append(f'| {name} | ' + ' | '.join(f"{nightly['ratios'][f'nightly-{way}{end}']:.2f}" for way in ('cranelift', 'shim', 'kiln')) + ' |')
        if 'edits' in nightly:
            edits = {way: nightly['edits'][end] for way, end in (('LLVM', 'nightly'), ('Cranelift', 'nightly-cranelift'), (
                'the shim', 'nightly-shim'), ("Kiln as rustc's code generator", 'nightly-kiln'))}
            lines += ['', *wrapped('From an edit to the end of the tests, it takes these seconds of elapsed time: ' + ', '.join(
                f'{s:.2f} with {way}' for way, (s, _) in edits.items()) + '. Linkers take ' + ', '.join(
                f'{linking:.2f}' for _, linking in edits.values()) + ' of these seconds, in the same order.')]
    e = c['edit']
    return lines + ['', *wrapped(
        f"Of the objects, Kiln compiled {c['objects_kiln']}, and LLVM compiled {c['objects_llvm']}. After an edit of the program, a build takes "
        f"{e['kiln']:.2f} s with Kiln and {e['llvm']:.2f} s with LLVM. The median of the ratios is {e['ratio']:.2f}.")]


def over_better(cell):
    """By how many percent Kiln in rustc takes longer than the better of cargo's two ways, beyond the spread; 0: it does not."""
    seconds = {way: statistics.median(s) for way, s in cell['seconds'].items()}
    better = min(seconds['cargo'], seconds['one'])
    return max(0, 100 * (seconds['kiln'] / better - 1) - cell['spread'])


def sizes(f):
    """docs/debug-builds.md: builds of crates by their size, by sizes.py."""
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
    missed = ('In these rows, the column `kiln cargo`, `--setup` is above the better of both columns of `cargo` by more than the spread: ' + ', '.join(above)
              if above else 'In no row, the column `kiln cargo`, `--setup` is above the better of both columns of `cargo` by more than the spread') + '.'
    noisy = [cell for s in found.values() for cell in (s['cold'], s['edit']) if cell['spread'] > 3]
    unsure = ' Rows whose spread is above 3 % are no measurement: other work ran on the machine.' if noisy else ''
    return [*wrapped(whence + ':'), '', *lines, '', *wrapped(missed + unsure)]


def peers(f):
    """docs/faq.md: Kiln beside its peers, by peers.py."""
    found = f.get('peers')
    if not found:
        return ['This version was not measured.']
    lines = ['| | version | time to the first result | compile time of a function | speed of the code | size |', '|---|---|---|---|---|---|']
    for r in found['rows']:
        lines.append(f"| {r['name']} | {r['version']} | {r['first_ms']:.1f} ms | {r['function_us']:,.1f} µs | {r['speed']:.2f} | {r['bytes'] / 1e6:.1f} MB |")
    widest = max(found['rows'], key=lambda r: r['spread'])
    ends = f"Medians of {found['runs']} runs. The widest spread is {widest['spread']:.0f} % ({widest['name']})."
    skipped = f" Not measured: {', '.join(found['skipped'])}." if found['skipped'] else ''
    return [*wrapped(dated(found) + ':'), '', *lines, '', *wrapped(ends + skipped)]


BLOCKS = {b.__name__: b for b in (comparison, sources, codegen, process, run, debug, inlining, cargo, sizes, peers, edits_table.edits, edits_table.gains, edits_table.cxx)}


def files(figures):
    """What each page and picture is to be."""
    result = {'docs/compile-time.svg': chart.compile_time(figures['codegen']), 'docs/cargo-build.svg': chart.cargo_build(figures['cargo'])}
    for page in PAGES:
        with open(os.path.join(ROOT, page), encoding='utf-8') as f:
            text = f.read()
        times = [ratio(r) for r in figures['codegen']['rows']]
        text = re.sub(r'\d+ to \d+( times as fast as\s+LLVM -O0)', rf'{min(times):.0f} to {max(times):.0f}\1', text)
        for before, speed in zip((r"Rust\s+programs\s+from\s+Kiln's\s+debug\s+builds\s+run", r'For\s+C\+\+\s+programs,\s+the\s+factor\s+is'), inlined_speed(figures)):
            text = re.sub(rf'({before}\s+)\d+\.\d+', rf'\g<1>{speed:.1f}', text)
        result[page] = re.sub(r'(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)',
                              lambda m: m[1] + '\n'.join(BLOCKS[m[2]](figures)) + '\n' + m[3], text, flags=re.S)
    return result


def write(figures):
    for path, text in files(figures).items():
        with open(os.path.join(ROOT, path), 'w', encoding='utf-8') as f:
            f.write(text)


def check(figures):
    different = 0
    for path, text in files(figures).items():
        with open(os.path.join(ROOT, path), encoding='utf-8') as f:
            if f.read() != text:
                print(f'{path} does not have the figures of docs/figures.json: bench/figures.py --write')
                different = 1
    return different


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build', nargs='?')
    p.add_argument('--only')
    p.add_argument('--runs', type=int, default=10)
    p.add_argument('--machine')
    p.add_argument('--write', action='store_true')
    p.add_argument('--check', action='store_true')
    args = p.parse_args()
    if args.build:
        figures = measure(args)
    else:
        with open(FIGURES) as f:
            figures = json.load(f)
    if args.check:
        return check(figures)
    write(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
