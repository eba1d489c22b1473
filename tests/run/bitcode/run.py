#!/usr/bin/env python3
"""Runs constructs that clang does not generate by itself: the generated modules of generate.py and the .ll files
here. Kiln's code and its interpreter must print what clang's own code prints.

    run.py --kiln=build/kiln [NAME...]
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import generate  # noqa: E402


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='modules, default all')
    args = p.parse_args()
    h = harness.Harness(args)
    here = os.path.dirname(os.path.abspath(__file__))
    sources = {}
    for name, text in generate.modules():
        sources[name] = h.write(name + '.ll', text)
    for f in sorted(glob.glob(os.path.join(here, '*.ll'))):
        sources[os.path.basename(f)[:-3]] = f

    def check(name):
        bc = h.path(name + '.bc')
        with open(sources[name]) as f: text = f.read()
        throws = '__cxa_throw' in text
        libs = ['-lm', '-lstdc++'] if throws else ['-lm']
        mold = 'init.trampoline' not in text  # which takes no notice of the objects' wish for an executable stack
        h.run([args.clang, '-w', '-c', '-emit-llvm', '-x', 'ir', sources[name], '-o', bc])
        own = h.path(name + '.clang.o')
        # Which divisions run, and so which exceptions there are, is decided by code generation at -O2.
        level = ['-O2', '-Xclang', '-disable-llvm-passes'] if 'fetestexcept' in text else ['-O0']
        h.run([args.clang, '-w', '-c', *level, '-fPIC', bc, '-o', own], timeout=300)
        expected = h.run([h.link([own], h.path(name + '.clang'), libs, mold)], check=False)
        o = h.kiln_object(bc, h.path(name + '.kiln.o'))
        got = h.run([h.link([o], h.path(name + '.kiln'), libs, mold)], check=False)
        if got[:2] == expected[:2] and expected[1]:
            h.ok(name)
        else:
            h.fail(name, difference(expected, got))
        if not os.path.exists(args.kiln + '-interp'):
            h.skip(name + ', interpreter', 'built without it')
            return
        if name == 'all-floats':
            h.skip(name + ', interpreter', 'it calls the compiler\'s runtime library, which is in no process')
            return
        if not mold or 'llvm.x86.' in text or name in ('packed', 'clobbers'): # masks become bits by such
            h.skip(name + ', interpreter', 'it runs no machine code')
            return
        if throws:
            h.skip(name + ', interpreter', 'it does not take exceptions that come from C')
            return
        got = h.run([args.kiln, 'interp', bc], check=False, timeout=300)
        # The interpreter runs instructions whose values nothing uses, which may signal other exceptions.
        got, expected = ([status, re.sub('(?m)^exceptions .*\n', '', text)] for status, text, *_ in (got, expected))
        if got[:2] == expected[:2]:
            h.ok(name + ', interpreter')
        else:
            h.fail(name + ', interpreter', difference(expected, got))
    h.each(check, args.names or list(sources))
    h.finish()


def difference(expected, got):
    a, b = expected[1].splitlines(), got[1].splitlines()
    wrong = [i for i in range(min(len(a), len(b))) if a[i] != b[i]]
    text = 'status %d, expected %d; %d lines, expected %d; %d differ' % (
        got[0], expected[0], len(b), len(a), len(wrong))
    return text + ''.join('\nline %d: %s, expected %s' % (i + 1, b[i], a[i]) for i in wrong[:5])


if __name__ == '__main__':
    main()
