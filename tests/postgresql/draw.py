"""The two pictures of integrations/postgresql/README.md, from what measure.py has kept: time of compiling and of running."""
import json
import math
import os
import shutil
import sys

import cluster

sys.path.insert(0, os.path.join(cluster.ROOT, 'bench'))
import chart  # noqa: E402

MEASURED = os.path.join(cluster.ROOT, 'build', 'postgresql-figures.json')
FOLDER = os.path.join(cluster.ROOT, 'integrations', 'postgresql')
COLOURS = {'llvmjit': chart.LLVM, 'kilnjit': chart.KILN}


def keep(name, rows):
    """Keeps the rows of one measurement, for `draw`."""
    figures = {}
    if os.path.exists(MEASURED):
        with open(MEASURED) as f:
            figures = json.load(f)
    figures[name] = {'date': cluster.ask('date', '+%F'), 'commit': cluster.ask('git', '-C', cluster.ROOT, 'rev-parse', '--short=8', 'HEAD'),
                     'rows': rows}
    with open(MEASURED, 'w') as f:
        json.dump(figures, f, indent=1)


def pairs(title, rows, width, mark, height=13):
    """Two bars for each row: (label, {name: value}), as wide as width(value) says."""
    body = [chart.text(0, 16, title, 'bold')]
    body += chart.legend(38, [(COLOURS['llvmjit'], 'llvmjit'), (COLOURS['kilnjit'], 'kilnjit')])
    y = 56
    for label, values in rows:
        body.append(chart.text(0, y + height, label))
        for name, colour in COLOURS.items():
            w = width(values[name])
            body += [chart.bar(chart.LEFT, y, w, height - 1, colour, f'{name}: {mark(values[name])}'),
                     chart.text(chart.LEFT + w + 6, y + height - 3, mark(values[name]), 'small')]
            y += height
        y += 8
    body.append(f'<line x1="{chart.LEFT}" y1="52" x2="{chart.LEFT}" y2="{y - 6:g}" class="axis"/>')
    return y, body


def compiling(rows):
    """On a logarithmic scale that begins at 0.01 ms."""
    most = max(r['llvmjit'] for r in rows)
    y, body = pairs('Compiling a query, milliseconds, each tenfold as wide as the last',
                    [(r['name'], r) for r in rows], lambda v: chart.SPAN * math.log10(v / .01) / math.log10(most / .01),
                    lambda v: f'{v:.3g} ms')
    return chart.picture(y, 'Time of compiling a query by llvmjit without optimization and by kilnjit', body)


def running(rows):
    most = max(2.0, *(r[n] for r in rows for n in COLOURS))
    y, body = pairs('TPC-H, scale 1: the time of each query, compiling included; with jit off it is 1',
                    [(r['name'], r) for r in rows], lambda v: chart.SPAN * v / most, lambda v: f'{v:.2f}', 10)
    x = chart.LEFT + chart.SPAN / most
    body.append(f'<line x1="{x:.1f}" y1="48" x2="{x:.1f}" y2="{y - 6:g}" class="axis"/>')
    return chart.picture(y, 'Time of TPC-H queries by llvmjit and kilnjit, beside no JIT', body)


def draw():
    """Writes figures.json and what is measured of the pictures beside the README."""
    with open(MEASURED) as f:
        figures = json.load(f)
    shutil.copy(MEASURED, os.path.join(FOLDER, 'figures.json'))
    for name, file, make in (('compile', 'compile-time.svg', compiling), ('tpch', 'query-time.svg', running)):
        if name in figures:
            with open(os.path.join(FOLDER, file), 'w') as f:
                f.write(make(figures[name]['rows']))
    return True
