#!/usr/bin/env python3
"""Calls that C cannot express, from the text form: narrow.kir with narrow_main.c.

    narrow.py --kiln=build/kiln [--stress=N]
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--stress', type=int, default=2, metavar='N', help='stress seeds 1 to N')
    args = p.parse_args()
    h = harness.Harness(args)
    c = os.path.join(HERE, 'narrow_main.c')
    halves = {'gcc': h.gcc_object(c, h.path('gcc.o'), ('-O1',)),
              'clang': h.clang_object(c, h.path('clang.o'), ('-O1',))}

    def check(item):
        other, seed = item
        label = '%s%s' % (other, ', --stress=%d' % seed if seed else '')
        o = h.kiln_object(os.path.join(HERE, 'narrow.kir'), h.path('%s%d.o' % item),
                          ['--verify'] + (['--stress=%d' % seed] if seed else []))
        status, out, err = h.run([h.link([o, halves[other]], h.path('%s%d' % item))], check=False)
        for line in out.splitlines():
            (h.ok if line.startswith('ok ') else h.fail)('%s: %s' % (label, line.split(' ', 1)[1]))
        if status or out.count('\n') < 50:
            h.fail(label, 'ended early with status %d: %s' % (status, err))
    h.each(check, [(o, s) for o in halves for s in range(args.stress + 1)])
    h.finish()


if __name__ == '__main__':
    main()
