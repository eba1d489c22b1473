#!/usr/bin/env python3
"""edits.py: the rule of `./dev bench --edits`, on made-up builds: how many rounds, what is measured again, that it is the
same whichever way is faster, and what the page says of a cell. Speaks TAP."""
import random
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'bench'), str(ROOT / 'tests/harness')]
import edits  # noqa: E402
import edits_table  # noqa: E402
import stopping  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()


def builds(seconds, percent):
    """A series of builds whose odd and even ones differ by so many percent."""
    return [[s, s, 0.0] for s in (seconds * (1 + (0 if k % 2 else percent / 100)) for k in range(stopping.ROUNDS))]


def measured(series):
    """What is found of made-up series, and the ways of each series that was measured. `series`: by way, one or more, the
    last of which is repeated."""
    asked = []

    def one(names):
        asked.append(tuple(names))
        return {n: series[n][min(sum(n in a for a in asked) - 1, len(series[n]) - 1)] for n in names}
    return stopping.measure(list(series), one), asked


def equal(found, wanted):
    return None if found == wanted else f'{found!r}, not {wanted!r}'


def rounds():
    log = []
    tree = SimpleNamespace(source=SimpleNamespace(edit=lambda edit: None))
    ways = [SimpleNamespace(name=n, tree=tree, test=lambda edit, n=n: (log.append(n), ([1.0, 1.0, 0.0], ''))[1]) for n in ('cargo', 'kiln', 'shim')]
    found, counts = edits.measure(ways, 'body')
    yield 'nine rounds are counted, of one before them and nine', equal(
        [len(found[n][0]) for n in found] + [log.count(n) for n in found] + [counts['kiln']], [9, 9, 9, 10, 10, 10, 1])
    yield 'each way builds once a round, and the next round is in the opposite order', equal(
        [log[3 * k:3 * k + 3] for k in range(3)], [['cargo', 'kiln', 'shim'], ['shim', 'kiln', 'cargo'], ['cargo', 'kiln', 'shim']])


def repeats():
    quiet, wide = builds(1, 1), builds(1, 5)
    yield 'a quiet cell is measured once', equal(measured({'cargo': [quiet], 'kiln': [quiet]})[1], [('cargo', 'kiln')])
    found, asked = measured({'cargo': [quiet], 'kiln': [wide, builds(2, 0)], 'shim': [quiet]})
    yield 'only a wide cell is measured again, beside plain cargo', equal(asked, [('cargo', 'kiln', 'shim'), ('cargo', 'kiln')])
    yield 'what is wide is not used', equal(found['kiln'][0], builds(2, 0))
    found, asked = measured({'cargo': [quiet, builds(3, 0)], 'kiln': [wide, quiet], 'shim': [quiet]})
    yield 'a cell stands beside plain cargo in its own series', equal([found[n][1] for n in ('kiln', 'shim')], [builds(3, 0), quiet])
    asked = measured({'cargo': [wide, quiet], 'kiln': [quiet], 'shim': [quiet]})[1]
    yield 'all are measured again where plain cargo is wide', equal(asked, [('cargo', 'kiln', 'shim')] * 2)
    found, asked = measured({'cargo': [quiet], 'kiln': [wide]})
    yield 'three times at most, and then it is wide', equal([len(asked), stopping.is_wide(stopping.cell(*found['kiln']))], [4, True])
    for seconds in 0.5, 1, 2:
        asked = measured({'cargo': [quiet], 'kiln': [builds(seconds, 2)]})[1]
        yield f'a quiet cell is measured once at {seconds} of plain cargo\'s time', equal(len(asked), 1)
    by_cpu = [[1.0, b[1], 0.0] for b in wide]
    yield 'CPU time counts as the clock does', equal(len(measured({'cargo': [quiet], 'kiln': [by_cpu]})[1]), 4)


def older(first, second):
    """Series of the rule that this one replaced: it measured on while the second way was slower, and only then."""
    rows = {'cargo': [], 'kiln': []}
    for k in range(1 + stopping.REPEATS):
        rows['cargo'] += first[k]
        rows['kiln'] += second[k]
        mine, its = (stopping.medians(rows[n])[0] for n in ('kiln', 'cargo'))
        if 100 * (mine / its - 1) <= stopping.spread(rows['cargo'])[0]:
            return k + 1
    return 1 + stopping.REPEATS


def swapped():
    """Each way's series under the other's name."""
    draw, differ, counts = random.Random(1), [], set()
    for _ in range(200):
        both = [[[[s * draw.gauss(1, 0.03), s * draw.gauss(1, 0.03), 0.0] for _ in range(stopping.ROUNDS)]
                 for _ in range(1 + stopping.REPEATS)] for s in (1.0, draw.choice((0.8, 1.0, 1.05, 1.3)))]
        taken = [len(measured({'cargo': a, 'kiln': b})[1]) for a, b in (both, both[::-1])]
        counts.add(taken[0])
        if taken[0] != taken[1]:
            differ.append(taken)
        differ += ['older'] * (older(*both) != older(*both[::-1]))
    yield 'the decision is the same when ways are swapped', equal([d for d in differ if d != 'older'], [])
    yield 'these builds are measured once, and again', equal(sorted(counts), [1, 2, 3, 4])
    yield 'the rule that looked at which way is ahead is found to differ', None if differ.count('older') > 50 else f'{differ.count("older")} times'


def page(ways, spreads, beside=(('setup', 'cargo, line-tables-only'),)):
    """What is said of one size and edit, with these seconds and spreads."""
    cell = {'ways': {n: [s, s, 0] for n, s in ways.items()}, 'spreads': spreads}
    f = {'sizes': {'application': {'cells': {'body': cell}}}, 'beside': dict(beside)}
    return edits_table.verdict(f), edits_table.table({'body': cell})


def pages():
    ways = {'cargo': 1.0, 'cargo, line-tables-only': 0.7, 'setup': 0.8}
    texts, table = page(ways, {'cargo': [1, 1], 'setup': [2, 2]})
    yield 'line-tables-only is compared with plain cargo at the same level', None if '14 %' in texts[0] else texts
    texts, table = page({n: s for n, s in ways.items() if n != 'cargo, line-tables-only'}, {'cargo': [1, 1], 'setup': [2, 2]})
    yield 'without plain cargo at that level, a cell is not compared', None if 'none' in texts[0] and texts[1].startswith('*Not compared*') else texts
    texts, table = page(ways, {'cargo': [1, 1], 'setup': [4, 2]})
    yield 'a wide cell is unmeasured, and its spread is printed', None if (
        'Unmeasured' in texts[1] and '(14 % of CPU time)' in texts[0] and 'of clock' not in texts[0] and 'spread 4.0 / 2.0' in '\n'.join(table)) else texts
    yield 'empty cells are counted', None if f'{len(edits_table.NAMES) - 3} cells' in texts[-1] else texts


for group in rounds, repeats, swapped, pages:
    for name, problem in group():
        tap.case(name, problem)
tap.finish()
