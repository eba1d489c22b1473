#!/usr/bin/env python3
"""Compiles bitcode of other producers than the clang of the other tests: older clangs (Debian's
clang-16 and clang-19), rustc, Zig, flang and llvmlite. Kiln's code must print what the producer's own prints,
or clang's for the same bitcode. A producer that is not installed is skipped.

    run.py --kiln=build/kiln [PRODUCER...] [--all] [--programs=NAME,...]

$ZIG is the command of Zig's compiler, $PYTHON a Python that has llvmlite; by default zig and this one.
"""
import os
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CLANGS = ('clang-13', 'clang-14', 'clang-16', 'clang-19')
FLANG = 'flang-new-19'
ZIG = shlex.split(os.environ.get('ZIG', 'zig'))
PYTHON = os.environ.get('PYTHON', sys.executable)
# Producers with one program: its file, how often it is compiled, what the producer needs.
OTHERS = {
    'zig': ('features.zig', ('Debug', 'ReleaseSafe', 'ReleaseFast', 'ReleaseSmall'), lambda: shutil.which(ZIG[0])),
    FLANG: ('sums.f90', ('-O0', '-O1'), lambda: shutil.which(FLANG)),
    'llvmlite': ('made.py', ('',), lambda: has_llvmlite()),
}
# Programs of tests/run/programs in which producers differ; --all takes every one. Levels in turn.
PROGRAMS = {
    'aliases': '-O0 -O1', 'bitint': '-O1', 'bitfields': '-O0', 'computed_goto': '-O1',
    'dynamic_alloca': '-O1', 'floats': '-O1', 'int128': '-O0 -O1', 'long_double': '-O1',
    'many_arguments': '-O0', 'memory': '-O1', 'narrow_addresses': '-O0 -O1', 'setjmp': '-O1',
    'struct_value': '-O1', 'switches': '-O1', 'text': '-O1', 'tls': '-O1', 'va_list': '-O0',
}
# Their own code is wrong, and the newest clang's for the same bitcode is right: before 18, an __int128
# among variable arguments was not aligned on the stack.
WRONG = {(clang, 'va_list') for clang in ('clang-13', 'clang-14', 'clang-16')}
# This program prints the padding of numbers of odd width, which clang writes since version 20.
PADDING = 'wide_integers'
# Without vectors, which Kiln does not have.
NO_VECTORS = ['-mllvm', '-vectorize-loops=false', '-mllvm', '-vectorize-slp=false']
RUST = {'debug': [], 'optimized': ['-O', '-C', 'no-vectorize-loops', '-C', 'no-vectorize-slp']}


def clang(h, producer, source, level):
    name = os.path.basename(source)[:-2]
    base = h.path('%s%s.%s' % (name, level, producer))
    flags = ['-w', '-fPIC', '-fno-vectorize', '-fno-slp-vectorize', level]
    bc, own = base + '.bc', base + '.own.o'
    if h.run([producer, *flags, '-c', '-emit-llvm', source, '-o', bc], check=False)[0] != 0:
        h.skip('%s %s %s' % (producer, name, level), 'this clang does not compile it')
        return
    by = h.args.clang if (producer, name) in WRONG else producer
    h.run([by, *flags, '-c', bc, '-o', own])
    libs = ['-lm', '-pthread']
    expected = h.run([h.link([own], base + '.own', libs)], check=False)
    o = h.kiln_object(bc, base + '.o')
    compare(h, '%s %s %s' % (producer, name, level), expected,
            h.run([h.link([o], base + '.kiln', libs)], check=False))


def rust(h, source, kind):
    name = os.path.basename(source)[:-3]
    out = h.path('%s.%s' % (name, kind))
    env = dict(os.environ, KILN=h.args.kiln)
    linker = os.path.join(HERE, 'link.sh')
    h.run(['rustc', '--edition=2021', '-A', 'warnings', *RUST[kind], '-C', 'panic=abort',
           '-C', 'codegen-units=1', '-C', 'save-temps', '-C', 'linker-flavor=gcc',
           '-C', 'linker=' + linker, source, '-o', out], env=env, timeout=120)
    for arguments in [], ['panic']:
        compare(h, ' '.join(['rustc', name, kind] + arguments),
                h.run([out, *arguments], check=False), h.run([out + '.kiln', *arguments], check=False))


def zig(h, source, mode):
    """Bitcode by Zig's own writer, and by LLVM's after its passes, which make vectors in some modes."""
    base = h.path('zig.%s' % mode)
    both = {'by Zig': base + '.zig.bc', 'by LLVM': base + '.llvm.bc'}
    h.run([*ZIG, 'build-obj', source, '-target', h.args.target + '-linux-gnu', '-mcpu', 'baseline', '-O', mode,
           '-fllvm', '-fno-emit-bin', '--verbose-llvm-bc=' + both['by Zig'],
           '-femit-llvm-bc=' + both['by LLVM']], timeout=300)
    for writer, bc in both.items():
        if mode == 'ReleaseSmall' and writer == 'by LLVM':
            continue
        called(h, 'zig %s, %s' % (mode, writer), bc, 'features_main.c')


def called(h, what, bc, main):
    """Kiln's object of the bitcode and clang's, each linked with a C program that calls it."""
    main = h.gcc_object(os.path.join(HERE, main), bc + '.main.o')
    own = h.clang_object(bc, bc + '.own.o', ('-O0', '-fPIC'))
    expected = h.run([h.link([main, own], bc + '.own', ['-lm'])], check=False)
    o = h.kiln_object(bc, bc + '.o')
    compare(h, what, expected, h.run([h.link([main, o], bc + '.kiln', ['-lm'])], check=False))


def flang(h, source, level):
    base = h.path('flang' + level)
    h.run([FLANG, level, *NO_VECTORS, '-fPIC', '-c', '-emit-llvm', source, '-o', base + '.bc'])
    h.run([FLANG, '-fPIC', '-c', base + '.bc', '-o', base + '.own.o'])
    h.kiln_object(base + '.bc', base + '.o')
    for name in '.own', '':
        h.run([FLANG, base + name + '.o', '-o', base + name + '.exe'])
    compare(h, 'flang ' + level, h.run([base + '.own.exe'], check=False), h.run([base + '.exe'], check=False))


def llvmlite(h, source, _):
    bc = h.path('made.bc')
    h.run([PYTHON, source, bc])
    called(h, 'llvmlite', bc, 'made_main.c')


def has_llvmlite():
    return subprocess.run([PYTHON, '-c', 'import llvmlite.ir'], stderr=subprocess.DEVNULL, check=False).returncode == 0


def llvm_of_rustc(h):
    version = h.run(['rustc', '-vV'], check=False)[1].partition('LLVM version: ')[2]
    return int(version.split('.')[0] or 0)


def compare(h, what, expected, got):
    if got[:2] == expected[:2] and expected[1]:
        h.ok(what)
        return
    a, b = expected[1].splitlines(), got[1].splitlines()
    wrong = [i for i in range(min(len(a), len(b))) if a[i] != b[i]]
    h.fail(what, 'status %d, expected %d; %d lines, expected %d%s' % (
        got[0], expected[0], len(b), len(a),
        ''.join('\nline %d: %s, expected %s' % (i + 1, b[i], a[i]) for i in wrong[:5])))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('producers', nargs='*', help='default: ' + ', '.join([*CLANGS, 'rustc', *OTHERS]))
    p.add_argument('--all', action='store_true', help='every program of tests/run/programs')
    p.add_argument('--programs', help='only these, at -O0 and -O1')
    args = p.parse_args()
    h = harness.Harness(args)
    folder = os.path.join(harness.TESTS, 'run/programs')
    programs = dict(PROGRAMS)
    if args.all:
        programs = {f[:-2]: '-O0 -O1' for f in os.listdir(folder)
                    if f.endswith('.c') and f[:-2] != PADDING}
    if args.programs:
        programs = {name: '-O0 -O1' for name in args.programs.split(',')}
    work = []
    for turn, producer in enumerate(args.producers or (*CLANGS, 'rustc', *OTHERS)):
        if producer in OTHERS:
            source, ways, installed = OTHERS[producer]
            if not installed():
                h.skip(producer, producer + ' is not installed')
            else:
                by = {'zig': zig, FLANG: flang, 'llvmlite': llvmlite}[producer]
                work += [(by, os.path.join(HERE, source), way) for way in ways]
        elif not shutil.which(producer):
            h.skip(producer, producer + ' is not installed')
        elif producer == 'rustc' and llvm_of_rustc(h) < 18:
            h.skip(producer, 'rustc is too old: its LLVM is older than 18')
        elif producer == 'rustc':
            work += [(rust, os.path.join(HERE, 'std.rs'), kind) for kind in RUST]
        else:
            work += [(clang, producer, os.path.join(HERE, 'constants.c'), level)
                     for level in ('-O0', '-O1')]
            work += [(clang, producer, os.path.join(folder, name + '.c'), level)
                     for name in harness.sample(programs, 1 if args.all or args.programs else 2, turn % 2)
                     for level in programs[name].split()]

    def one(item):
        try:
            item[0](h, *item[1:])
        except harness.Failure as e:
            h.fail(' '.join(map(os.path.basename, item[1:])), str(e))
    h.each(one, work)
    if not work:  # all skipped
        print('1..%d' % h.lines if args.tap else '%d skipped' % sum(h.skips.values()))
        sys.exit(0)
    h.finish()


if __name__ == '__main__':
    main()
