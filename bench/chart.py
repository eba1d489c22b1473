"""The two pictures of README.md, from what bench/figures.py measured: docs/compile-time.svg and docs/cargo-build.svg.

An SVG has no background of its own. Its colours of text and lines change with the reader's light or dark theme, by a media
query; those of bars can be read on both.
"""
import html

STYLE = '''<style>
text { font-family: system-ui, sans-serif; font-size: 14px; fill: #1f2328 }
.small { font-size: 12px; fill: #59636e }
.bold { font-weight: 600 }
.inside { font-size: 12px; fill: #ffffff }
.axis { stroke: #59636e }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .small { fill: #9198a1 }
  .axis { stroke: #9198a1 }
}
</style>'''
LLVM, LLVM_READ, KILN, KILN_READ = '#4f81bd', '#8fb0da', '#d9622b', '#eda27c'
FRONT, LINKER, REST = '#7d858f', '#8a6fb3', '#a9b0b8'
WIDTH, LEFT, RIGHT = 760, 190, 110  # pixels: the picture, labels before bars, figures after them
SPAN = WIDTH - LEFT - RIGHT


def text(x, y, what, kind='', anchor='start'):
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{html.escape(what)}</text>'


def bar(x, y, width, height, colour, title):
    return (f'<rect x="{x:.1f}" y="{y:g}" width="{max(width, 1):.1f}" height="{height}" fill="{colour}">'
            f'<title>{html.escape(title)}</title></rect>')


def picture(height, label, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
            f'role="img" aria-label="{html.escape(label)}">\n{STYLE}\n' + '\n'.join(body) + '\n</svg>\n')


def legend(y, entries):
    """Squares with what they stand for, in one line."""
    body, x = [], 0
    for colour, what in entries:
        body += [f'<rect x="{x:g}" y="{y - 10:g}" width="11" height="11" fill="{colour}"/>', text(x + 17, y, what, 'small')]
        x += 17 + 6.4 * len(what) + 14
    return body


def milliseconds(row, *names):
    return sum(row[n] for n in names) * row['instructions'] / 1e6


def compile_time(codegen):
    """Bars of milliseconds: LLVM and Kiln, each reading and generating, for each input."""
    rows = codegen['rows']
    scale = SPAN / max(milliseconds(r, 'llvm_read_ns', 'llvm_codegen_ns') for r in rows)
    body = [text(0, 16, 'Bitcode in memory to an ELF object in memory, milliseconds', 'bold')]
    body += legend(38, [(LLVM_READ, 'LLVM -O0: read'), (LLVM, 'generate code'), (KILN_READ, 'Kiln: read'), (KILN, 'generate code')])
    y = 56
    for r in rows:
        body.append(text(0, y + 19, r['name']))
        for side, name, colours in (('llvm', 'LLVM -O0', (LLVM_READ, LLVM)), ('kiln', 'Kiln', (KILN_READ, KILN))):
            x = LEFT
            for part, colour in zip(('read', 'codegen'), colours):
                took = milliseconds(r, f'{side}_{part}_ns')
                body.append(bar(x, y, took * scale, 13, colour, f'{name}, {part}: {took:.1f} ms'))
                x += took * scale
            body.append(text(x + 6, y + 11, f"{milliseconds(r, side + '_read_ns', side + '_codegen_ns'):.{side == 'kiln':d}f} ms",
                             'small'))
            y += 14
        y += 12
    body.append(f'<line x1="{LEFT}" y1="52" x2="{LEFT}" y2="{y - 6:g}" class="axis"/>')
    return picture(y, 'Compile time of LLVM -O0 and of Kiln', body)


def cargo_build(cargo):
    """One stacked bar for each code generator: whose time a cold build is."""
    names = {'cargo': 'cargo', 'shim': 'kiln cargo', 'kiln': 'kiln cargo, after --setup'}
    sides = [{'name': names[way], 'parts': parts} for way, parts in cargo['parts'].items()]
    scale = SPAN / max(sum(s['parts'].values()) for s in sides)
    colours = {'front end': FRONT, 'bitcode': KILN_READ, 'code generation': LLVM, 'linker': LINKER, 'the rest': REST}
    body = [text(0, 16, f"A cold debug build of a program with {cargo['crates']} dependencies, seconds of CPU time", 'bold')]
    body += legend(38, [(FRONT, 'rustc\'s front end'), (LLVM, 'LLVM: generate code'), (KILN_READ, 'writing bitcode'),
                        (KILN, 'Kiln: generate code'), (LINKER, 'linker'), (REST, 'the rest')])
    y = 54
    for s in sides:
        x = LEFT
        body.append(text(0, y + 19, s['name']))
        for part, seconds in s['parts'].items():
            colour = KILN if part == 'code generation' and s['name'] != 'cargo' else colours[part]
            body.append(bar(x, y, seconds * scale, 28, colour, f'{part}: {seconds:.1f} s'))
            if seconds * scale > 34:
                body.append(text(x + seconds * scale / 2, y + 19, f'{seconds:.1f}', 'inside', 'middle'))
            x += seconds * scale
        body.append(text(x + 8, y + 19, f"{sum(s['parts'].values()):.1f} s", 'bold'))
        y += 40
    return picture(y - 4, 'CPU time of a cold debug build by cargo and by kiln cargo', body)
