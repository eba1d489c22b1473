"""The tables of `./dev bench --edits`, as the pages have them."""
import textwrap

import stopping

SIZES = {
    'program': 'The program `bench/programs/cargo`, 300 lines that use 96 libraries:',
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
RULE = ('A cell is of %d rounds, in each of which every way builds once, in turn. Its spread is the difference between the medians of the '
        'odd and the even rounds, in percent: that of the way or that of `cargo`, whichever is greater. If it is above %.0f %%, the cell is measured '
        'again, at most %d times. The rule is the same for all ways, and does not look at which is faster. What is wider after that is printed with '
        'its spread, and counts as unmeasured.' % (stopping.ROUNDS, stopping.WIDEST, stopping.REPEATS))
PARTS = 'cargo', 'front end', 'bookkeeping', 'code generation', 'writing', 'linker', 'tests'


def wrapped(text):
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


KINDS = 'clock', 'CPU time'


def ratios(cell, way):
    """Of the way's seconds to plain cargo's in the series that the way was measured in: by the clock, and of CPU time."""
    return [mine / its for mine, its in zip(cell['ways'][way][:2], cell.get('bases', {}).get(way, cell['ways']['cargo']))]


def spreads(cell, way):
    """Of the cell, by the clock and of CPU time. The older rule knew plain cargo's alone."""
    return cell['spreads'].get(way, cell['spreads']['cargo'])


def excess(cell, way, other):
    """By what a way's cell is above that of the way of cargo that it stands beside, if that is more than the spread, and
    the spread of neither is too wide to know: KIND, percent."""
    for kind, mine, its, *wide in zip(KINDS, ratios(cell, way), ratios(cell, other), spreads(cell, way), spreads(cell, other)):
        percent = 100 * (mine / its - 1)
        if max(wide) <= stopping.WIDEST and percent > max(wide):
            yield kind, percent


def head(edit):
    return EDITS[edit.split('-')[0]] + (' in the library' if edit.endswith('-base') else '')


def table(cells):
    """Rows: ways; columns: edits. A cell: by the clock / CPU time, as ratios to plain cargo's seconds in the first row."""
    edits = list(cells)
    lines = ['| clock / CPU time | ' + ' | '.join(map(head, edits)) + ' |', '|' + '---|' * (len(edits) + 1)]
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
                wide = cells[e]['spreads'].get(way, [])
                row.append('%.2f / %.2f' % tuple(ratios(cells[e], way)) + (', spread %.1f / %.1f' % tuple(wide) if stopping.is_wide(wide) else ''))
        lines.append('| ' + ' | '.join([name, *row]) + ' |')
        if way == 'cargo':
            lines.append('| spread, %% | %s |' % ' | '.join('%.1f / %.1f' % tuple(cells[e]['spreads']['cargo']) for e in edits))
    return lines


def parts(cells):
    lines = ['| an edit of a body: CPU time, s | ' + ' | '.join(PARTS) + ' |', '|' + '---|' * (len(PARTS) + 1)]
    for way, name in NAMES.items():
        found = cells['body']['parts'].get(way)
        if found:
            lines.append('| %s | %s |' % (name, ' | '.join('%.2f' % found[part] for part in PARTS)))
    return lines


def named(cells):
    """Size, way and edit of each, those of one size and way together."""
    rows = {}
    for size, edit, way, text in cells:
        rows.setdefault((size, way), []).append(head(edit) + text)
    return '; '.join('%s, %s: %s' % (size, NAMES[way], ', '.join(found)) for (size, way), found in rows.items())


def verdict(f):
    """Which cells are slower than cargo and by how much, which are not known to be so or not, and which are empty."""
    slow, unmeasured, alone = [], [], []
    for size, found in f['sizes'].items():
        for edit, cell in found['cells'].items():
            wide = [kind for kind, s in zip(KINDS, cell['spreads']['cargo']) if s > stopping.WIDEST]
            unmeasured += ['%s, %s (%s)' % (size, head(edit), ' and '.join(wide))] if wide else []
            for way, other in f['beside'].items():
                if way in cell['ways'] and other not in cell['ways']:
                    alone.append((size, edit, way, ''))
                elif way in cell['ways']:
                    slow += [(size, edit, way, ' (%.0f %% of %s)' % (percent, kind)) for kind, percent in excess(cell, way, other)]
            for way, wide in cell['spreads'].items():
                if way != 'cargo' and stopping.is_wide(wide):
                    unmeasured.append('%s, %s, %s' % (size, head(edit), NAMES[way]))
    texts = ['*Slower than cargo.* By more than the spread, these cells of Kiln without `--inline` or the shim are slower than `cargo` at the same '
             'level, split and linker: %s.' % (named(slow) or 'none')]
    if alone:
        texts.append('*Not compared*, as `cargo` was not measured at the same level: %s.' % named(alone))
    if unmeasured:
        texts.append('*Unmeasured*: the spread is above %.0f %% in %s.' % (stopping.WIDEST, '; '.join(unmeasured)))
    return [*texts, empty_cells(f)]


def empty_cells(f):
    """By size: rows that have no cell, and the columns in which others have none."""
    texts, count = [], 0
    for size, found in f['sizes'].items():
        cells, rows = found['cells'], {}
        for way in NAMES:
            edits = tuple(e for e in cells if way not in cells[e]['ways'])
            rows.setdefault(edits, []).append(way)
            count += len(edits)
        for edits, ways in rows.items():
            if len(edits) == len(cells):
                texts.append('%s, %d of %d rows, all but those of its table' % (size, len(ways), len(NAMES)))
            elif edits:
                texts.append('%s, %d rows in the columns %s, those with a dash' % (size, len(ways), ' and '.join(map(head, edits))))
    return '*Empty*: %d cells (%s).' % (count, '; '.join(texts)) if count else '*Empty*: no cell.'


def dated(f):
    about = [f['machine'], f['date'], 'commit ' + f['commit'], f['rustc']]
    return '; '.join(about + ([f['nightly']] if 'nightly' in f else []) + f['linkers'])


def edits(figures):
    """docs/benchmarks.md: from an edit to the end of the tests."""
    f = figures.get('edits')
    if not f:
        return ['This version was not measured.']
    lines = [*wrapped(RULE), '', *wrapped(dated(f) + '. ' + f.get('older', ''))]
    for size, text in SIZES.items():
        found = f['sizes'].get(size)
        if found and found['cells']:
            first = found['first'].get('cargo')
            text = (text % (f['application'], f['packages']) if '%s' in text else text)[:-1]
            text += '. The first build takes `cargo` %.0f s of CPU time.' % first[1] if first else '.'
            lines += ['', *wrapped(text), '', *table(found['cells'])]
            if 'body' in found['cells']:
                lines += ['', *parts(found['cells'])]
    for text in verdict(f):
        lines += ['', *wrapped(text)]
    return lines


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
