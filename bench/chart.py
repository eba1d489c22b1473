#!/usr/bin/env python3
"""Draws figures of debug builds, docs/debug-builds.tsv, as docs/debug-builds.svg.

chart.py [FIGURES [SVG]]

A line of FIGURES is a group, a label, and the seconds (or another measure) of LLVM and of Kiln, with tabs between; # begins a
comment. Each becomes a bar of Kiln's share of LLVM's, which is the line at 1. Colours are of a middle tone, so that the
picture can be read on white and on black; it has no background of its own.
"""
import html
import os
import sys

DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'docs')
TEXT, KILN, GRID = '#7d838c', '#d9713c', '#8c929b'
LEFT, WIDTH, ROW, BAR, RIGHT = 330, 330, 26, 14, 150  # pixels; WIDTH is LLVM's 1.0


def read(path):
    """Pairs of a group and its rows: label, LLVM, Kiln."""
    groups = []
    with open(path) as f:
        for line in f:
            if line.startswith('#') or not line.strip():
                continue
            group, label, llvm, kiln = line.rstrip('\n').split('\t')
            if not groups or groups[-1][0] != group:
                groups.append((group, []))
            groups[-1][1].append((label, float(llvm), float(kiln)))
    return groups


def text(x, y, what, anchor='start', weight='normal'):
    return '<text x="%g" y="%g" text-anchor="%s" font-weight="%s">%s</text>' % (x, y, anchor, weight, html.escape(what))


def draw(groups):
    y, body = 30, []
    for group, rows in groups:
        body.append(text(0, y + 14, group, weight='bold'))
        y += ROW
        for label, llvm, kiln in rows:
            ratio = kiln / llvm
            body.append(text(14, y + 14, label))
            body.append('<rect x="%d" y="%g" width="%.1f" height="%d" rx="2" fill="%s"/>' % (LEFT, y + 3, ratio * WIDTH, BAR, KILN))
            body.append(text(LEFT + max(ratio, 1) * WIDTH + 10, y + 15, '%.2f' % ratio, weight='bold'))
            y += ROW
        y += 8
    axis = [text(LEFT, 14, "Kiln's share of what LLVM -O0 takes"), text(LEFT + WIDTH, 26, '1', 'middle')]
    axis += ['<line x1="%g" y1="30" x2="%g" y2="%g" stroke="%s" stroke-width="%s"/>' % (x, x, y, GRID, w)
             for x, w in ((LEFT, 1), (LEFT + WIDTH / 2, 0.3), (LEFT + WIDTH, 1.5))]
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" '
            'aria-label="Kiln\'s share of LLVM\'s time in debug builds">\n'
            '<g font-family="system-ui, sans-serif" font-size="14" fill="%s">\n%s\n</g>\n</svg>\n') % (
                LEFT + WIDTH + RIGHT, y + 4, LEFT + WIDTH + RIGHT, y + 4, TEXT, '\n'.join(axis + body))


def main():
    figures = sys.argv[1] if len(sys.argv) > 1 else os.path.join(DOCS, 'debug-builds.tsv')
    svg = sys.argv[2] if len(sys.argv) > 2 else os.path.join(DOCS, 'debug-builds.svg')
    with open(svg, 'w') as f:
        f.write(draw(read(figures)))


if __name__ == '__main__':
    main()
