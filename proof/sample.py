#!/usr/bin/env python3
"""A sample of the rows of ./dev prove, for both targets, functions with and without mistakes (mistakes.py), and what
proofs rest on (lemmas.py), as TAP.

    sample.py KILN CACHE
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../tests/harness'))
sys.dont_write_bytecode = True
from tap import Tap  # noqa: E402

EVERY = 151  # one row of so many: about 7 seconds of CPU time for both targets; a few rows take a minute alone


def main():
    kiln, cache = sys.argv[1:3]
    tap = Tap()
    made = subprocess.run([os.path.join(HERE, '../tests/harness/python_env.sh'), cache, 'prove', os.path.join(HERE, 'requirements.txt')],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    cases = [('lemmas', [os.path.join(HERE, 'lemmas.py')]), ('functions', [os.path.join(HERE, 'mistakes.py'), kiln])]
    for target in ('x86_64', 'aarch64'):
        cases.append(('rows, %s' % target, [os.path.join(HERE, 'prove.py'), '--kiln=' + kiln, '--target=' + target,
                                            '--every=%d' % EVERY]))
    for name, words in cases:
        if made.returncode:
            tap.case(name, skip='pip gets no packages for proof/requirements.txt')
        else:
            tap.run(name, [made.stdout.strip(), *words])
    tap.finish()


if __name__ == '__main__':
    main()
