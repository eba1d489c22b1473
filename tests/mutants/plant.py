#!/usr/bin/env python3
"""Plants bugs, one at a time, and checks that each is found.

    plant.py KIND [--only=TEXT] [--every=N] [--jobs=N] [--by=unit,kir,inlined] [BUILD]
    plant.py --places     compiles nothing: prints the rows of all kinds, and those of ./dev prove --planted, whose text does
                          not occur exactly once

A kind is a table of this folder, KIND.py, whose head says what finds its bugs. A row of it names what goes wrong, a file and
a text in it that is replaced. The file is compiled again, linked with the libraries of BUILD, and run. Every bug must be
found; one whose text does not occur exactly once fails. --only: the rows whose name or file contains TEXT; --every: one row
of N; --by: what is to find bugs of inlining ("inlined" is tests/inlined).

allocator: ./dev mutants               the allocation checker finds each without running code
locations: ./dev mutants --debug       checking builds find wrong locations of variables
inlining:  ./dev mutants --inlining    unit tests or .kir tests find what inlining does wrong
bodies:    ./dev mutants --bodies      tests find what is wrong with bodies that are inlined
roots:     ./dev mutants --roots       tests/moving finds wrong roots, tables and walks of the stack
promises:  ./dev mutants --promises    tests of WebAssembly's runtime find broken promises to embedders
objects:   ./dev mutants --objects     unit tests find what is wrong with objects that a JIT loads, and with late code
"""
import argparse
import concurrent.futures
import importlib
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../proof'))
import planted  # noqa: E402
from campaign import text_of  # noqa: E402
from progress import progress  # noqa: E402

KINDS = ('allocator', 'locations', 'inlining', 'bodies', 'roots', 'promises', 'objects')


def campaign_of(kind):
    return importlib.import_module(kind).Planted


def places():
    """Prints the rows whose text is not in their file exactly once; are there any?"""
    rows = [(row.file, row.what, row.old) for kind in KINDS for row in campaign_of(kind).rows]
    rows += [(file, what, old) for what, _, file, old, *_ in planted.PLANTED]
    wrong = ['%s: %s' % (file, what) for file, what, old in rows if text_of(file).count(old) != 1]
    print(*wrong, sep='\n', end='\n' if wrong else '')
    return bool(wrong)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('kind', nargs='?', choices=KINDS, metavar='KIND')
    p.add_argument('build', nargs='?', metavar='BUILD')
    p.add_argument('--only', default='', metavar='TEXT')
    p.add_argument('--every', type=int, default=1, metavar='N')
    p.add_argument('--jobs', type=int, metavar='N')
    p.add_argument('--by', type=lambda names: names.split(','), default=['unit', 'kir'])
    p.add_argument('--places', action='store_true')
    args = p.parse_intermixed_args() # KIND, options, BUILD
    if args.places:
        return places()
    campaign = campaign_of(args.kind)
    args.jobs = args.jobs or min(campaign.jobs, os.cpu_count() or 1)
    rows = [r for r in campaign.rows if args.only in r.what + ' ' + r.file][::args.every]
    number = missed = 0

    def say(good, what, how):
        nonlocal number, missed
        number += 1
        missed += not good
        skipped = good and (how or '').startswith('SKIP')
        print('%s %d - %s%s' % ('ok' if good else 'not ok', number, what, ' # ' + how if skipped else ''))
        if how and not skipped:
            print('# ' + how.replace('\n', '\n# '))
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix='kiln-planted-') as work:
        planted = campaign(args, work)
        for what, wrong in planted.without(rows):
            say(not wrong or wrong.startswith('SKIP'), 'without a bug: ' + what, wrong)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            done = pool.map(lambda row: (row, planted.check(row)), rows)
            for row, (good, how) in progress(done, len(rows), lambda d: d[0].what):
                say(good, '%s: %s' % (row.file, row.what), how)
    print('1..%d\n# %d of %d not found' % (number, missed, number))
    return missed != 0


if __name__ == '__main__':
    sys.exit(main())
