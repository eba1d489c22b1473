#!/usr/bin/env python3
"""root_tables.py KILN: tables of roots in objects, read as docs/roots.md describes them. Objects without roots have no such
section."""
import os
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tables(data):
    """For each function its calls: return address, id, and (register, distance, bytes) of each root."""
    at, found = 0, []
    while at < len(data):
        size, version, flags, reg, zero, _, func_size, cfa, n, n_roots = struct.unpack_from('<IBBBBiIiII', data, at)
        assert (version, zero) == (1, 0) and flags in (0, 1) and size == 28 + 4 * (n * (1 + flags) + n_roots), 'a damaged table'
        calls = struct.unpack_from('<%dI' % n, data, at + 28)
        ids = struct.unpack_from('<%dI' % n, data, at + 28 + 4 * n) if flags else (0,) * n
        words = struct.unpack_from('<%di' % n_roots, data, at + size - 4 * n_roots)
        assert list(calls) == sorted(calls) and all(0 < c <= func_size for c in calls), 'calls are not in order'
        roots = [(reg, (w & ~1) + cfa, 4 if w & 1 else 8) for w in words]
        found.append([(c, i, roots) for c, i in zip(calls, ids)])
        at += size
    return found


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check(kiln, target, source, work):
    """None: it is right; else what is wrong."""
    out, dump = os.path.join(work, 'x.o'), os.path.join(work, 'roots')
    run(kiln, 'compile', '--target=' + target, source, '-o', out)
    run('llvm-objcopy-22', '--dump-section', 'kiln_roots=' + dump, out)
    with open(dump, 'rb') as f:
        own = tables(f.read())
    if not any(root for calls in own for call in calls for root in call[2]):
        return 'there are no roots'
    return None


def without(kiln, target, source, work):
    out = os.path.join(work, 'x.o')
    run(kiln, 'compile', '--target=' + target, source, '-o', out)
    sections = run('llvm-readobj-22', '--sections', out)
    return 'it has a section' if 'kiln_roots' in sections else None


def main(kiln):
    number = failed = 0
    with tempfile.TemporaryDirectory(prefix='kiln-maps-') as work:
        for target in ('x86_64', 'aarch64'):
            for name, test, what in (('roots.kir', check, 'tables'), ('calls.kir', without, 'no tables')):
                wrong = test(kiln, target, os.path.join(ROOT, 'tests/kir', name), work)
                number += 1
                failed += wrong is not None
                print('%sok %d - %s of %s, %s' % ('not ' if wrong else '', number, what, name, target))
                if wrong:
                    print('# ' + wrong)
    print('1..%d' % number)
    return failed > 0


sys.exit(main(sys.argv[1]))
