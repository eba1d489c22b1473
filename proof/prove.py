#!/usr/bin/env python3
"""Proves that machine code does what the IR says, for all inputs: docs/proof.md.

    prove.py [--target=T] [--only=TEXT]... [--every=N [--first=K]] [--list] [--undecided] [--slow]
        the rows: small functions, one for each operation, type and placement of operands
    prove.py --functions=FILE [--target=T] [--sample=N] [--seed=S] [--inline] [--only=TEXT]...
        functions of a program, with frames, edges, calls
    prove.py --programs [--target=T] [--sample=N] [--seed=S]
        the same of SQLite and Lua, of which enough must be proved
    prove.py --planted [--only=TEXT]...
        plants bugs in lowerings (planted.py), one at a time; a row must fail for each
"""
import argparse
import collections
import fnmatch
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
sys.setrecursionlimit(20000)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    parser.add_argument('--target', choices=['x86_64', 'aarch64'])
    parser.add_argument('--only', action='append', default=[], help='rows with this text in their names')
    parser.add_argument('--every', type=int, default=1, help='one row of N')
    parser.add_argument('--first', type=int, default=0, metavar='K', help='with --every: begin with row K')
    parser.add_argument('--seconds', type=float, default=60.0, help='a solver\'s time for one question')
    parser.add_argument('--list', action='store_true', help='only name the rows')
    parser.add_argument('--undecided', action='store_true', help='also attempt the rows of undecided.tsv')
    parser.add_argument('--functions', metavar='FILE', help='prove functions of a program, bitcode or text')
    parser.add_argument('--sample', type=int, default=0, help='functions with this many instructions, drawn at random; 0: all')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--inline', action='store_true', help='as compiled with --inline')
    parser.add_argument('--limit', type=float, default=300.0, help='seconds of CPU time for a function')
    parser.add_argument('--programs', action='store_true', help='functions of SQLite and Lua')
    parser.add_argument('--planted', action='store_true', help='plant bugs, which rows are to find')
    parser.add_argument('--slow', action='store_true', help='also name the slowest rows')
    return parser.parse_args()


def listed(target, rows):
    """The rows that undecided.tsv names: name -> why; and lines of it that name none."""
    known, idle = {}, []
    with open(os.path.join(HERE, 'undecided.tsv'), encoding='utf-8') as f:
        for line in f:
            if line[0] == '#' or not line.strip():
                continue
            where, pattern, why = line.rstrip('\n').split('\t')
            if where != target:
                continue
            names = fnmatch.filter([r.name for r in rows], pattern)
            known.update(dict.fromkeys(names, why))
            idle += [] if names else ['%s, which undecided.tsv names' % pattern]
    return known, idle


def prove_rows(a, target):
    import campaign
    import pairs
    import rows as table
    rows, featured = table.make(target) + pairs.make(target), {}
    for feature in table.FEATURES[target]:
        featured[feature] = table.with_feature(rows, target, feature)
    rows += [r for more in featured.values() for r in more]
    lacking = list(table.missing(rows, target))
    known, idle = listed(target, rows)
    lacking += idle
    rows = [r for r in rows if all(text in r.name for text in a.only)][a.first::a.every]
    if a.list:
        for r in rows:
            print(r.name)
        return not lacking
    start = time.process_time()
    results = [] if a.undecided else [campaign.Result(r, 'undecided', known[r.name]) for r in rows if r.name in known]
    with tempfile.TemporaryDirectory() as folder:
        asked = 0
        for feature in ['', *featured]:
            c = campaign.Campaign(a.kiln, target, folder, a.seconds, feature)
            some = [r for r in rows if r.name.rpartition(' +')[2] == feature or not feature and
                    not any(r.name.endswith(' +' + f) for f in featured)]
            for r in c.run([r for r in some if a.undecided or r.name not in known]):
                results.append(r)
                if r.what not in ('proved', 'refused'):
                    print('%s %s: %s: %s' % (r.what, target, r.row.name, r.why), flush=True)
            asked += c.solver.asked
    lacking += refused_all(results, table.ABSENT[target]) if a.every == 1 else []
    ok = bool(results) and not lacking and all(
        r.what in ('proved', 'refused') or r.what in ('undecided', 'unsupported') and r.row.name in known for r in results)
    summary(a, target, results, time.process_time() - start, asked)
    for name in lacking:
        print('%s: no row: %s' % (target, name))
    return ok


def refused_all(results, absent):
    """Operations and types whose every row the target refuses, of all there are: they would be proved by nothing; but for
    those that the target does not have."""
    what = collections.defaultdict(set)
    for r in results:
        what[r.row.op, r.row.type].add(r.what)
    return ['%s.%s: every row is refused' % key for key, some in what.items() if some == {'refused'} and key[0] not in absent]


def summary(a, target, results, seconds, asked):
    """How many rows of each kind there are, and what became of them."""
    for kind in ('integer', 'float', 'vector', 'instruction'):
        n = collections.Counter(r.what for r in results if r.row.kind() == kind)
        if not n:
            continue
        operands = sum(r.what == 'proved' and r.row.operands for r in results if r.row.kind() == kind)
        refused = n.pop('refused', 0)
        total = sum(n.values())
        print('%s: %s rows: %d, %d proved%s, %.2f %%%s%s' % (
            target, kind, total, n['proved'], ' (%d: the operands)' % operands if operands else '',
            100 * n['proved'] / max(total, 1), ''.join('; %d %s' % (n[k], k) for k in sorted(n) if k != 'proved'),
            '; %d more are refused by the target' % refused if refused else ''))
    print('%s: %.0f s of CPU time, %d questions to solvers' % (target, seconds, asked))
    for text, k in collections.Counter(r.why for r in results if r.what == 'refused').most_common():
        print('%s: %d refused: %s' % (target, k, text))
    if a.slow:
        for r in sorted(results, key=lambda r: -r.seconds)[:20]:
            print('%8.3f s %s' % (r.seconds, r.row.name))


def main():
    a = arguments()
    if a.programs:
        import functions
        return 0 if functions.programs(a, os.path.join(ROOT, 'build', 'cache')) else 1
    if a.planted:
        import plant
        return 0 if plant.run(a.only) else 1
    ok = True
    for target in [a.target] if a.target else ['x86_64', 'aarch64']:
        if a.functions:
            import functions
            ok &= functions.run(a, target)[1] == 0
        else:
            ok &= prove_rows(a, target)
    return 0 if ok else 1


if __name__ == '__main__':
    sys.exit(main())
