#!/usr/bin/env python3
"""Programs' objects in each loader and linker there is: ld, gold, lld and mold make programs of them, which run; on x86-64
LLVM's JITLink and RuntimeDyld load and run them (lli), and so does llvm-jitlink, which links AArch64's without running
them. Each must print what clang's object prints when it is linked.

    loaders.py --kiln=build/kiln [--target=aarch64] [NAME...]

What a loader cannot do with clang's object either is skipped, and said which. run/link/runtime_dyld has more programs for
RuntimeDyld alone.
"""
import glob
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
import runtime_dyld  # noqa: E402

# What Kiln's object has that a loader does not take, and what the loader says then: (program, loader).
LACKS = {('asm_module', 'JITLink without running'): (
    'overlaps', "module assembly's rows of unwinding are a second .eh_frame, and JITLink knows one in an object")}
LINKERS = {'ld': 'ld.bfd', 'gold': 'ld.gold', 'lld': 'ld.lld-22', 'mold': 'mold'}
MORE = {'ld': 'bfd'}  # -fuse-ld's names, where they differ


def linked(h, name, o, libraries):
    """The program that a linker makes of an object: status, output."""
    out = h.path('%s.%s' % (os.path.basename(o), name))
    static = ['-static'] * h.cross
    of_clang = name == 'lld' or (h.cross and name == 'mold')  # the cross gcc looks for linkers of its own name
    by = [*(h.clang if of_clang else [h.args.gcc]), '-fuse-ld=' + MORE.get(name, name)]
    h.run([*by, *static, o, '-o', out, *libraries])
    return h.run([out], check=False)[:2]


def jitlink(h, o, libraries):
    """As lli has it: in its own process."""
    return h.run(['lli-22', '--jit-kind=orc', '--jit-linker=jitlink', *['--load=libstdc++.so.6'] * ('-lstdc++' in libraries),
                  '--extra-object=' + o, h.path('main.ll')], check=False)[:2]


def noexec(h, o):
    """JITLink lays the object out and applies its relocations, for the other processor too."""
    status, out, err = h.run(['llvm-jitlink-22', '-noexec', '-phony-externals', o], check=False)
    return status, out + err


def check(h, source):
    name = os.path.splitext(os.path.basename(source))[0]
    bc, own, made = (h.path(name + ending) for ending in ('.bc', '.own.o', '.o'))
    h.bitcode(source, bc, ('-O0', '-fPIC'))
    h.run([*h.clang, '-w', '-c', '-O0', '-fPIC', bc, '-o', own])
    h.kiln_object(bc, made)
    libraries = ['-lm']
    expected = linked(h, 'ld', own, libraries)
    ways = [(w, lambda o, w=w: linked(h, w, o, libraries)) for w, program in LINKERS.items() if shutil.which(program)]
    if h.cross:
        ways.append(('JITLink without running', lambda o: noexec(h, o)))
    else:
        for o in own, made:
            h.run(['llvm-objcopy-22', '--redefine-sym', 'main=program', o, o + '.program'])
        ways.append(('JITLink', lambda o: jitlink(h, o + '.program', libraries)))
        ways.append(('RuntimeDyld', lambda o: runtime_dyld.loaded(h, o + '.program', [])))
        ways.append(('llvm-jitlink', lambda o: h.run(['llvm-jitlink-22', o], check=False)[:2]))
    for way, load in ways:
        what = '%s: %s' % (name, way)
        wants = (0, '') if 'without' in way else expected

        def result(o):
            try: return load(o)
            except harness.Failure as e: return str(e)
        got = result(made)
        says, why = LACKS.get((name, way), (None, None))
        if got == wants: h.ok(what)
        elif says and says in str(got): h.skip(what, why)
        elif result(own) != wants: h.skip(what, "it does not take clang's object either")
        else: h.fail(what, '%s, expected %s' % (got, wants))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='programs, default every twelfth, with --whole all')
    args = p.parse_args()
    h = harness.Harness(args)
    h.write('main.ll', runtime_dyld.MAIN)
    sources = sorted(glob.glob(os.path.join(runtime_dyld.RUN, 'programs/*.c')))
    named = [s for s in sources if os.path.splitext(os.path.basename(s))[0] in args.names]
    for name, program in LINKERS.items():
        if not shutil.which(program): h.skip(name, 'not installed')
    h.each(lambda source: check(h, source), named or harness.sample(sources, 12))
    h.finish()


if __name__ == '__main__':
    main()
