#!/usr/bin/env python3
"""Tests bench/count.py and, by it, that `kiln compile` executes no more instructions for json.cpp than bench/counts.tsv
allows: `./dev count` has all programs. Speaks TAP."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'bench'), str(ROOT / 'tests/harness')]
import count  # noqa: E402
from tap import Tap  # noqa: E402

# Row by row: counts in millions of the base and of the last row, the count now, whether that is allowed.
BOUNDS = [(100, 100, 100.3, True), (100, 100, 100.31, False), (100, 100.9, 101, True), (100, 100.9, 101.01, False),
          (100, 90, 90.26, True), (100, 90, 91, False)]


def bounds():
    history = count.History()
    for base, last, now, allowed in BOUNDS:
        history.rows = [(commit, is_base, dict.fromkeys(count.NAMES, str(n)), '') for commit, is_base, n in (('a', True, base), ('b', False, last))]
        line, ok = count.compared(history, 'json-O0', now)
        if ok != allowed:
            return line


def main():
    tap, history = Tap(), count.History()
    tap.case('a count above a bound fails', bounds())
    tap.case('every program has a row', '\n'.join(n for n in count.NAMES if history.before(n, False) is None))
    compiler = count.compiler_of(sys.argv[1])
    if compiler != history.compiler:
        tap.case('executed instructions', skip=f'the counts are for {history.compiler}, not for {compiler}')
        tap.finish()
    for name, now, _, line, wrong in count.results(history, sys.argv[1], ('json-O0', 'json-O0-g'), False):
        tap.case(f'executed instructions of {name}', wrong and line, None if now else 'the counts are for another input')
    tap.finish()


if __name__ == '__main__':
    main()
