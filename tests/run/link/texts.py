"""Symbols and data that C cannot express, from the text form: text/*.kir with text/NAME.c.

Each row is linked in every output that its flavour is for; the standard output must be as given.
"""
import os

import cells
import harness

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'text')

# name, units, whether it may be a shared object that the program uses, standard output
TEXTS = [
    ('linkonce', ['linkonce_a', 'linkonce_b'], True, '1 1 11 12\n'),
    ('tables', ['tables'], True, '10 20 2\n10 20 4 4\n3 1 100 200 300 400\n123 55 1 7 1\n11\n'),
    ('external', ['external'], False, '35223 16 1\n2 2 2\n'),  # dso_local: in the same output
]


def rows():
    for name, units, shared, expected in TEXTS:
        for flavour, outputs in cells.FLAVOURS.items():
            for output in outputs:
                if shared or output != 'shared':
                    linkers = ('bfd', 'gold', 'lld', 'mold') if flavour == 'full' else ('bfd',)
                    for ld in linkers:
                        yield name, units, flavour, output, ld, expected


def check(h, row, drive, link_flags):
    name, units, flavour, output, ld, expected = row
    label = 'text %s, %s, %s, ld %s' % (name, flavour, output, ld)
    if ld == 'gold' and output == 'static-pie':
        h.skip(label, 'gold does not know --no-dynamic-linker, which gcc passes for -static-pie')
        return
    if h.fake:
        h.skip(label, 'clang does not read .kir')
        return
    base = '%s-%s-%s-%s' % (name, flavour, output, ld)
    objects = [h.kiln_object(os.path.join(HERE, u + '.kir'), h.path('%s.%s.o' % (base, u)),
                             ['--verify', '--pic=' + flavour]) for u in units]
    main = h.gcc_object(os.path.join(HERE, name + '.c'), h.path(base + '.main.o'), ('-O1', '-fPIC'))
    exe = h.path(base)
    if output == 'shared':
        h.run([*drive, '-shared', *objects, '-o', exe + '.so', '-Wl,-z,text', '-Wl,--fatal-warnings'])
        h.run([*drive, '-pie', main, exe + '.so', '-o', exe])
    else:
        h.run([*drive, *link_flags, main, *objects, '-o', exe, '-Wl,-z,text', '-Wl,--fatal-warnings'])
    status, out, err = h.run([exe], check=False)
    if status == 0 and out == expected:
        h.ok(label)
    else:
        h.fail(label, 'status %d\n%s%s\nexpected\n%s' % (status, out, err, expected))
