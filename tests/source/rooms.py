#!/usr/bin/env python3
"""Each room of the tree keeps within its limit of code lines: tests/source/rooms.tsv has a row for each.

    rooms.py            fails if a room has more lines than its limit, or a file of code is in no room
    rooms.py --table    prints the rooms with what they have now
    rooms.py --planted  fails unless a line above a limit, and a file without a room, are found

cloc counts the lines of code of all languages, but for text, data, pages and build files.
"""
import csv
import io
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, 'tests/source/rooms.tsv')
# No code.
LEFT_OUT = 'Meson,Markdown,Text,JSON,CSV,TOML,YAML,SVG,HTML,diff,INI'
# What Debian 13's cloc counts otherwise than Debian 12's, or alone.
APART_BY_VERSION = 'cppm,inc,mojo'
# Files of no room: those of the top folder, and packages.
APART = 'debian', 'packaging', 'docs', '.ci', '.github'


def rooms():
    with open(TABLE, encoding='utf-8') as f:
        rows = [line.rstrip('\n').split('\t') for line in f if not line.startswith('#')]
    return [(name, int(first), int(limit), files.split()) for name, first, limit, files in rows]


def lines_by_file():
    """Of the files that git tracks."""
    files = subprocess.run(['git', 'ls-files'], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    said = subprocess.run(['cloc', '--quiet', '--csv', '--by-file', '--exclude-lang=' + LEFT_OUT,
                           '--exclude-ext=' + APART_BY_VERSION, '--list-file=-'], cwd=ROOT,
                          input=files, check=True, capture_output=True, text=True).stdout
    table = list(csv.reader(io.StringIO(said[said.index('language,'):])))
    return {row[1].removeprefix('./'): int(row[4]) for row in table[1:] if row[0] != 'SUM'}


def count(lines, table):
    """Lines by room, and the files that are in none."""
    counts, lost = {name: 0 for name, *_ in table}, []
    for path, n in lines.items():
        found = [name for name, _, _, files in table if any(path == f or path.startswith(f + '/') for f in files)]
        if found: counts[found[0]] += n
        elif '/' in path and path.split('/')[0] not in APART: lost.append(path)
    return counts, lost


def faults(lines, table):
    counts, lost = count(lines, table)
    return ['%s: %d lines, and the limit is %d' % (name, counts[name], limit) for name, _, limit, _ in table if counts[name] > limit] + [
        'in no room: ' + path for path in lost]


def main():
    table, lines = rooms(), lines_by_file()
    if sys.argv[1:] == ['--table']:
        counts, _ = count(lines, table)
        for name, first, limit, _ in table: print('%-42s first %6d, now %6d, limit %6d' % (name, first, counts[name], limit))
        return
    if sys.argv[1:] == ['--planted']:
        name, _, limit, files = table[0]
        more = dict(lines, **{files[0] + '/planted.c': limit + 1, 'nowhere/planted.c': 1})
        found = faults(more, table)
        if len(found) != len(faults(lines, table)) + 2: sys.exit('not found: %s' % found)
        return
    found = faults(lines, table)
    if found: sys.exit('\n'.join(found))


if __name__ == '__main__':
    main()
