#!/usr/bin/env python3
"""Runs GCC's C torture tests (gcc.c-torture/execute): each by clang to bitcode, then by LLVM -O0 and
by Kiln, linked, run. A test counts if LLVM's program passes. Kiln's must pass too, or be refused at compile time for
a feature that is not implemented: that is a skip, counted by feature.

    torture.py --kiln=build/kiln --source=DIR [--target=T] [--level=O0] [--every=N] [NAME...]
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

# The options that a test requests, as far as they change the program's meaning.
OPTION = re.compile(r'dg-(?:additional-)?options\s+"([^"]*)"')
MEANING = re.compile(r'^(-fwrapv|-fno-builtin\S*|-ftrapv|-fsigned-char|-funsigned-char|-fgnu89-inline|-std=\S+|-D\S+'
                     r'|-fno-strict-aliasing|-fnon-call-exceptions|-finstrument-functions)$')
REFUSED = re.compile(r'error: (?:not implemented|not supported|unsupported): (.*?)(?: at bit \d+)?$', re.M)


def options_of(path):
    with open(path, errors='replace') as f:
        text = f.read()
    flags = [w for o in OPTION.findall(text) for w in o.split() if MEANING.match(w)]
    return ([] if any(f.startswith('-std=') for f in flags) else ['-std=gnu89']) + flags


def feature(text):
    """The feature that is missing by Kiln's diagnostic; None if it says something else."""
    m = REFUSED.search(text)
    return m.group(1).strip() if m else None


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='tests, without .c; default all')
    p.add_argument('--source', required=True, help='folder of gcc.c-torture/execute')
    p.add_argument('--level', default='O0')
    p.add_argument('--every', type=int, default=1, metavar='N', help='only each N-th test')
    p.add_argument('--timeout', type=int, default=20)
    args = p.parse_args()
    h = harness.Harness(args)
    files = sorted(glob.glob(os.path.join(args.source, '*.c')) +
                   glob.glob(os.path.join(args.source, 'ieee', '*.c')))
    if args.names:
        files = [f for f in files if os.path.basename(f)[:-2] in args.names]
    files = files[::args.every]
    counted = []

    def run(program):
        status, _, _ = h.run([program], timeout=args.timeout, check=False)
        return status

    def check(path):
        name = os.path.relpath(path, args.source)[:-2]
        base = h.path(name.replace('/', '.'))
        flags = ['-' + args.level, *options_of(path)]
        libs = ('-lm', '-pthread')
        try:
            bc = h.bitcode(path, base + '.bc', flags)
            h.run([*h.clang, '-c', '-O0', '-w', '-fPIC', '-Xclang', '-disable-llvm-passes', bc,
                   '-o', base + '.llvm.o'])
            if run(h.link([base + '.llvm.o'], base + '.llvm', libs)) != 0:
                return
        except harness.Failure:
            return
        counted.append(name)
        try:
            h.kiln_object(bc, base + '.o', ['--verify'])
        except harness.Failure as e:
            missing = feature(str(e))
            if missing: h.skip(name, missing)
            else: h.fail(name, str(e))
            return
        try:
            status = run(h.link([base + '.o'], base + '.kiln', libs))
        except harness.Failure as e:
            h.fail(name, str(e))
            return
        finally:
            for suffix in ('.bc', '.llvm.o', '.llvm', '.o', '.kiln'):
                if not args.keep and os.path.exists(base + suffix): os.unlink(base + suffix)
        if status == 0: h.ok(name)
        else: h.fail(name, 'runs wrong: status %d' % status)
    h.each(check, files)
    if not args.tap:
        print('%d tests, %d count, %d pass (%.1f %%)' %
              (len(files), len(counted), h.passed, 100.0 * h.passed / max(1, len(counted))))
    h.finish()


if __name__ == '__main__':
    main()
