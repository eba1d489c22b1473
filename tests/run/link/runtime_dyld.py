#!/usr/bin/env python3
"""Programs whose objects LLVM's RuntimeDyld links: that of MCJIT, of llvmlite, and of hosts of ORC's older layer. Unlike
other linkers it adds what is in a field to the addend of the field's relocation, and finds local symbols by name.

    runtime_dyld.py --kiln=build/kiln [NAME...]

lli loads each object beside a module whose function `main` calls the program's; the program must print what it prints
when it is linked. What lli cannot run of clang's code either is skipped. lli runs code of its own machine alone, so that
there is no AArch64 here; tool/fields has llvm-rtdyld look at AArch64's objects.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

RUN = os.path.join(harness.TESTS, 'run')
MAIN = '''target triple = "x86_64-unknown-linux-gnu"
declare i32 @program(i32, ptr)
define i32 @main(i32 %c, ptr %v) {
  %r = call i32 @program(i32 %c, ptr %v)
  ret i32 %r
}
'''
# Kiln's options by turns: addresses from the GOT, or direct ones.
WAYS = ((), ('--pic=pie',))


def loaded(h, made, libraries):
    """What the program of an object does in lli: status, standard output."""
    h.run(['llvm-objcopy-22', '--redefine-sym', 'main=program', made])
    return h.run(['lli-22', '--jit-kind=mcjit', *libraries, '--extra-object=' + made, h.path('main.ll')], check=False)[:2]


def check(h, number, source):
    name = os.path.splitext(os.path.basename(source))[0]
    bc, own, made = (h.path(name + ending) for ending in ('.bc', '.own.o', '.o'))
    if source.endswith('.ll'):
        h.run([h.args.clang, '-w', '-c', '-emit-llvm', '-x', 'ir', source, '-o', bc])
    else:
        h.bitcode(source, bc, ('-O0', '-fPIC'))
    h.run([h.args.clang, '-w', '-c', '-O0', '-fPIC', bc, '-o', own])
    with open(source) as f: text = f.read()
    throws = '__cxa_throw' in text
    mold = 'init.trampoline' not in text # which takes no notice of the objects' wish for an executable stack
    expected = h.run([h.link([own], h.path(name), ['-lm', *['-lstdc++'] * throws], mold)], check=False)[:2]
    libraries = ['--load=libstdc++.so.6'] * throws
    h.kiln_object(bc, made, WAYS[number % len(WAYS)])
    got = loaded(h, made, libraries)
    if got == expected and expected[1]:
        h.ok(name)
    elif loaded(h, own, libraries) != expected:
        h.skip(name, "lli does not run clang's code of it")
    else:
        h.fail(name, 'status %d, expected %d: %s' % (got[0], expected[0], got[1][-500:]))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='programs, default half of them, with --whole all')
    args = p.parse_args()
    h = harness.Harness(args)
    h.write('main.ll', MAIN)
    sources = [*sorted(glob.glob(os.path.join(RUN, 'programs/*.c'))), *sorted(glob.glob(os.path.join(RUN, 'bitcode/*.ll')))]
    chosen = [s for s in sources if os.path.splitext(os.path.basename(s))[0] in args.names] if args.names else harness.sample(sources, 2)
    h.each(lambda row: check(h, *row), list(enumerate(chosen)))
    h.finish()


if __name__ == '__main__':
    main()
