#!/usr/bin/env python3
"""callbacks.py: each function pointer of the public headers has a row in a unit test, which calls back from it: ROW("HEADER
NAME", ...) in tests/unit. Prints what has none, and rows without a function pointer."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pointers() -> set[str]:
    """Fields and parameters that are function pointers, by their types' names or written out."""
    found = set()
    for header in sorted((ROOT / 'include/kiln').glob('*.h')):
        text = re.sub(r'/\*.*?\*/', '', header.read_text(), flags=re.DOTALL)
        text = re.sub(r'^\s*typedef\b[^;{]*\(\*kiln_\w+_fn\)[^;]*;', '', text, flags=re.MULTILINE)
        for name in re.findall(r'\(\*(\w+)\)\s*\(', text) + re.findall(r'\bkiln_\w+_fn\s+(\w+)\s*[;,)]', text):
            found.add(f'{header.name} {name}')
    return found


def rows() -> set[str]:
    found = set()
    for source in sorted((ROOT / 'tests/unit').glob('*.c')):
        for row in re.findall(r'\bROW\("([^"]+)"', source.read_text()):
            found.update(row.split(', '))
    return found


def main() -> int:
    have, want = rows(), pointers()
    for name in sorted(want - have):
        print(f'<kiln/{name}>: no row in tests/unit calls back from it')
    for name in sorted(have - want):
        print(f'{name}: a row for what is no function pointer of the headers')
    return 1 if have != want else 0


sys.exit(main())
