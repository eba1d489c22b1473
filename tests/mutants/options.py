"""What the commands that plant bugs have in common: their options."""
import argparse
import sys


def rows(doc, mutants, misplaced, more=lambda parser: None):
    """The arguments of a command, and the rows of `mutants`, each of which begins with its name, that they ask for. With
    --places, prints what misplaced() gives, the names of rows whose text does not occur exactly once, and exits. more()
    adds options to the parser."""
    p = argparse.ArgumentParser(description=doc.splitlines()[0])
    p.add_argument('--tap', action='store_true')
    p.add_argument('--only')
    p.add_argument('--every', type=int, default=1)
    p.add_argument('--places', action='store_true')
    p.add_argument('build', nargs='?')
    more(p)
    args = p.parse_args()
    if args.places:
        wrong = misplaced()
        print('\n'.join(wrong))
        sys.exit(bool(wrong))
    return args, [m for m in mutants if args.only is None or args.only in m[0]][::args.every]
