"""The tables of `./dev bench --edits`, as the pages have them."""
import statistics
import textwrap

SIZES = {
    'program': 'The program `bench/cargo`, 300 lines that use 96 libraries:',
    'workspace': 'The workspace of 30 generated crates, 150,000 lines in all; its tests are those of a program that uses all crates:',
    'application': '%s of crates.io with the lock file that it was published with (%d packages); its library is the crate that all use:',
}
EDITS = {'body': 'body', 'signature': 'signature', 'generic': 'generic', 'test': 'test'}
NAMES = { # by the names of bench/edits.py, in the order of rows
    'cargo': '`cargo`',
    'kiln': '`kiln cargo`, `--setup`',
    'shim': '`kiln cargo`, the shim',
    'inline': '`kiln cargo --inline`',
    'nightly': '`cargo`, nightly',
    'cranelift': 'Cranelift, nightly',
    'cargo, line-tables-only': '`cargo`, `debug = "line-tables-only"`',
    'kiln, line-tables-only': '`kiln cargo`, `debug = "line-tables-only"`',
    'cargo, none': '`cargo`, `debug = 0`',
    'kiln, none': '`kiln cargo`, `debug = 0`',
    'cargo, unpacked': '`cargo`, `split-debuginfo = "unpacked"`',
    'kiln, unpacked': '`kiln cargo`, `split-debuginfo = "unpacked"`',
    'cargo, packed': '`cargo`, `split-debuginfo = "packed"`',
    'kiln, packed': '`kiln cargo`, `split-debuginfo = "packed"`',
    'cargo, mold': '`cargo`, mold',
    'kiln, mold': '`kiln cargo`, mold',
    'cargo, wild': '`cargo`, wild',
    'kiln, wild': '`kiln cargo`, wild',
    'kiln, dynamic-deps': '`kiln cargo --dynamic-deps`',
    'kiln, dynamic-deps, mold': '`kiln cargo --dynamic-deps`, mold',
    'kiln, dynamic-deps, wild': '`kiln cargo --dynamic-deps`, wild',
    'recipe': 'Cranelift, mold, `debug = "line-tables-only"`',
    'setup': '`kiln cargo --dynamic-deps`, `debug = "line-tables-only"`',
}
PARTS = 'cargo', 'front end', 'bookkeeping', 'code generation', 'writing', 'linker', 'tests'


def wrapped(text):
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def medians(rows):
    return [round(statistics.median(column), 4) for column in zip(*rows)]


def spread(rows):
    """Of plain cargo's builds, in percent: by the clock, and of CPU time."""
    columns = list(zip(*next(iter(rows.values()))))[:2]
    return [round(100 * abs(statistics.median(c[0::2]) - statistics.median(c[1::2] or c)) / statistics.median(c), 2) for c in columns]


def over(ways, spreads, beside):
    """Ways of Kiln's that are slower than the way of cargo that they stand beside by more than the spread: name, percent."""
    found = []
    for name, other in beside.items():
        if other and ways.get(name):
            other = other if other in ways else 'cargo' # the application has no way of cargo's for each of Kiln's
            excess = [100 * (mine / its - 1) for mine, its in zip(ways[name][:2], ways[other])]
            found += [(name, what, percent) for what, percent, wide in zip(('clock', 'CPU time'), excess, spreads) if percent > wide]
    return found


def heads(edits):
    return [EDITS[e.split('-')[0]] + (' in the library' if e.endswith('-base') else '') for e in edits]


def table(cells):
    """Rows: ways; columns: edits. A cell: by the clock / CPU time, as ratios to plain cargo's seconds in the first row."""
    edits = list(cells)
    lines = ['| clock / CPU time | ' + ' | '.join(heads(edits)) + ' |', '|' + '---|' * (len(edits) + 1)]
    for way, name in NAMES.items():
        if not any(way in cells[e]['ways'] for e in edits):
            continue
        row = []
        for e in edits:
            ways = cells[e]['ways']
            if way not in ways:
                row.append('–')
            elif way == 'cargo':
                row.append('%.2f s / %.2f s' % tuple(ways[way][:2]))
            else:
                row.append('%.2f / %.2f' % tuple(a / b for a, b in zip(ways[way][:2], ways['cargo'])))
        lines.append('| ' + ' | '.join([name, *row]) + ' |')
        if way == 'cargo':
            lines.append('| spread, %% | %s |' % ' | '.join('%.1f / %.1f' % tuple(cells[e]['spread']) for e in edits))
    return lines


def parts(cells):
    lines = ['| an edit of a body: CPU time, s | ' + ' | '.join(PARTS) + ' |', '|' + '---|' * (len(PARTS) + 1)]
    for way, name in NAMES.items():
        found = cells['body']['parts'].get(way)
        if found:
            lines.append('| %s | %s |' % (name, ' | '.join('%.2f' % found[part] for part in PARTS)))
    return lines


def verdict(f):
    """Which cells are slower than cargo, and by how much."""
    slow = []
    for size, found in f['sizes'].items():
        for edit, cell in found['cells'].items():
            slow += ['%s, %s, %s: %.0f %% of %s' % (size, edit, name, percent, what) for name, what, percent in over(
                cell['ways'], cell['spread'], f['beside'])]
    if not slow:
        return 'In no cell, Kiln without `--inline` or the shim is slower than `cargo` at the same level, split and linker by more than the spread.'
    return 'Kiln without `--inline` or the shim is slower than `cargo` at the same level, split and linker by more than the spread in these cells: ' + (
        '; '.join(slow) + '.')


def dated(f):
    about = [f['machine'], f['date'], 'commit ' + f['commit'], f['rustc']]
    return '; '.join(about + ([f['nightly']] if 'nightly' in f else []) + f['linkers'])


def edits(figures):
    """docs/benchmarks.md: from an edit to the end of the tests."""
    f = figures.get('edits')
    if not f:
        return ['This version was not measured.']
    lines = wrapped(dated(f) + '.')
    for size, text in SIZES.items():
        found = f['sizes'].get(size)
        if found and found['cells']:
            first = found['first'].get('cargo')
            text = (text % (f['application'], f['packages']) if '%s' in text else text)[:-1]
            text += '. The first build takes `cargo` %.0f s of CPU time.' % first[1] if first else '.'
            lines += ['', *wrapped(text), '', *table(found['cells'])]
            if 'body' in found['cells']:
                lines += ['', *parts(found['cells'])]
    return lines + ['', *wrapped(verdict(f))]


def gains(figures):
    """docs/debug-builds.md: what each line of the setup gains, for an edit of a body: a ratio to the row's other way."""
    f = figures.get('edits')
    if not f:
        return ['This version was not measured.']
    sizes = [s for s in SIZES if s in f['sizes'] and 'body' in f['sizes'][s]['cells']]
    rows = (('`kiln cargo`, `--setup`, instead of `cargo`', 'kiln', 'cargo'),
            ('`debug = "line-tables-only"` instead of 2', 'kiln, line-tables-only', 'kiln'),
            ('`kiln cargo --dynamic-deps`', 'kiln, dynamic-deps', 'kiln'),
            ('mold instead of lld', 'kiln, mold', 'kiln'), ('wild instead of lld', 'kiln, wild', 'kiln'),
            ('`split-debuginfo = "unpacked"`', 'kiln, unpacked', 'kiln'),
            ('**the first three together, beside plain `cargo`**', 'setup', 'cargo'),
            ('Cranelift, mold and `line-tables-only` (nightly), beside plain `cargo`', 'recipe', 'cargo'))
    lines = ['| an edit of a body, clock / CPU time | ' + ' | '.join(sizes) + ' |', '|' + '---|' * (len(sizes) + 1)]
    for name, way, other in rows:
        cells = []
        for size in sizes:
            ways = f['sizes'][size]['cells']['body']['ways']
            cells.append('%.2f / %.2f' % tuple(a / b for a, b in zip(ways[way][:2], ways[other])) if way in ways and other in ways else '–')
        if set(cells) != {'–'}:
            lines.append('| %s | %s |' % (name, ' | '.join(cells)))
    return [*wrapped(dated(f) + ':'), '', *lines]


CXX = {'kiln': '`kiln c++`', 'mold': 'mold', 'split': '`-gsplit-dwarf`', 'ccache': 'ccache', 'pch': 'precompiled headers'}


def cxx(figures):
    """docs/debug-builds.md: an edit of a C++ project, by bench/edits_cxx.py: ratios to clang++, CPU time."""
    f = figures.get('edits_cxx')
    if not f:
        return ['This version was not measured.']
    lines = wrapped('%s; %s; commit %s:' % (f['machine'], f['date'], f['commit']))
    for kind in 'source', 'header':
        names = ['an edit of a ' + kind, '`clang++`, s', 'front end, %', '`kiln c++`']
        names += ['%s, %s' % (by, CXX[k]) for k in ('mold', 'split', 'ccache', 'pch') for by in ('clang', 'Kiln')] + ['the edit taken back, ccache']
        lines += ['', '| ' + ' | '.join(names) + ' |', '|' + '---|' * len(names)]
        for project in f['projects'].values():
            ways = project['edits'][kind]
            clock, cpu = ways['clang']
            row = [project['version'], '%.2f / %.2f' % (clock, cpu), '%.0f' % (100 * ways['front end'][0] / cpu)]
            for way in ['kiln'] + [by + ', ' + k for k in ('mold', 'split', 'ccache', 'pch') for by in ('clang', 'kiln')] + ['kiln, ccache, back']:
                row.append('%.2f / %.2f' % (ways[way][0] / clock, ways[way][1] / cpu) if way in ways else '–')
            lines.append('| ' + ' | '.join(row) + ' |')
    return lines
