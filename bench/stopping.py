"""When a comparison of ways to build has been measured: the rule of `./dev bench --edits`, the same for all ways.

A series is ROUNDS rounds. In each, every way builds once after an edit, and the next round takes them in the opposite
order. The spread of a way is the difference between the medians of its odd and its even builds, in percent of the median
of all; that of a cell, which is a way's ratio to plain cargo, is the greater one of both. A cell whose spread is above
WIDEST, by the clock or in CPU time, is measured again in a new series beside plain cargo, at most REPEATS times. Which
way is ahead decides nothing. What is wider after that is printed with its spread, and counts as unmeasured.
"""
import statistics

ROUNDS, WIDEST, REPEATS = 9, 3.0, 3


def medians(builds):
    return [round(statistics.median(column), 4) for column in zip(*builds)]


def spread(builds):
    """Of one way's builds in a series: by the clock, and of CPU time."""
    columns = list(zip(*builds))[:2]
    return [round(100 * abs(statistics.median(c[0::2]) - statistics.median(c[1::2])) / statistics.median(c), 2) for c in columns]


def cell(mine, base):
    """The spread of a cell, of the builds of both ways in one series."""
    return [max(pair) for pair in zip(spread(mine), spread(base))]


def is_wide(spreads):
    return any(s > WIDEST for s in spreads)


def measure(names, series):
    """By name, the builds of a way and those of the first name in the same series. `series` measures one of some names."""
    found, due = {}, list(names)
    for _ in range(1 + REPEATS):
        builds = series(list(dict.fromkeys([names[0], *due])))
        found.update((name, (builds[name], builds[names[0]])) for name in due)
        due = [name for name in due if is_wide(cell(*found[name]))]
        if not due:
            break
    return found
