#!/usr/bin/env python3
"""Programs for Windows: Kiln's object beside LLVM's of the same bitcode, each linked by mingw's gcc and run under wine.
Output and exit status must be equal. The programs are those of tests/run/programs that mean something with a 32-bit
`long`, and those of this folder. What Kiln refuses for Windows is in refused.py.

    windows.py --kiln=build/kiln [NAME...]
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../harness'))
import harness  # noqa: E402
import wine  # noqa: E402

TRIPLE = 'x86_64-w64-mingw32'
PROGRAMS = os.path.join(HERE, '../programs')
# What clang refuses for Windows (ELF's sections and ifuncs, headers and types of Linux, bit-fields wider than `long`),
# inline assembly with 64-bit operands of type `long`, what Kiln refuses (eh_return, __builtin_setjmp), and where LLVM's
# program crashes, overflows a shift of a `long`, uses a struct after its life (musttail) or passes a half float in xmm0,
# where libgcc's __extendhfsf2 reads ecx (half).
LEFT_OUT = {name + '.c' for name in '''asm_merged asm_module asm_operands asm_pairs asm_slots asm_symbols asm_tied
    bitfields bitint_wide builtin_setjmp dynamic_alloca eh_return float128 frames half ifuncs int128
    interrupts long_double long_double_all musttail named_registers small_copies sorting struct_value switches va_list
    volatiles wide_integers'''.split()} | {'asm_frames.cpp', 'asm_frames_shared.cpp', 'cxx_objects.cpp', 'exceptions_live.cpp', 'stack_realign.cpp'}

QUAD_RESULT = '''target triple = "x86_64-w64-windows-gnu"
declare fp128 @given(fp128)
define fp128 @average(fp128 %a, fp128 %b) {
  %g = call fp128 @given(fp128 %a)
  %s = fadd fp128 %g, %b
  %r = fdiv fp128 %s, 0xL00000000000000004000000000000000
  ret fp128 %r
}
'''


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='programs; default: all')
    p.set_defaults(target=wine.TARGET)
    args = p.parse_args()
    h = harness.Harness(args)
    gcc = args.gcc
    sources = [os.path.join(HERE, name) for name in sorted(os.listdir(HERE)) if name.endswith(('.c', '.cpp'))]
    sources += [os.path.join(PROGRAMS, name) for name in sorted(os.listdir(PROGRAMS))
                if name.endswith(('.c', '.cpp')) and name not in LEFT_OUT]

    def objects(source, base, level):
        """LLVM's object and Kiln's of the same bitcode."""
        h.run([args.clang, '--target=' + TRIPLE, '-c', '-emit-llvm', '-w', '-fno-vectorize', '-fno-slp-vectorize',
               level, source, '-o', base + '.bc'])
        h.run([args.clang, '--target=' + TRIPLE, '-c', '-O0', '-w', base + '.bc', '-o', base + '.llvm.o'])
        # tables of exceptions have no addresses, whatever the code may have
        model = ['--pic=static', '--function-sections', '--data-sections'] if (level, source[-4:]) == ('-O0', '.cpp') else []
        h.run([args.kiln, 'compile', *model, base + '.bc', '-o', base + '.kiln.o'])
        h.compile_also(base + '.bc', base + '.kiln.o', model)
        return base + '.llvm.o', base + '.kiln.o'

    def link(o, source, *more):
        out = o.removesuffix('.o') + '.exe'
        h.run([gcc if source.endswith('.c') else TRIPLE + '-g++', '-static', '-o', out, o, *more])
        return out

    def run(program):
        """Every program prints something. One that did not was not started by wine, which happens, and is started again."""
        ran = h.run([wine.WINE, program], check=False)[:2]
        return ran if ran[1] else h.run([wine.WINE, program], check=False)[:2]

    def compare(what, expected, got):
        if got == expected and expected[1]:
            h.ok(what)
        else:
            h.fail(what, 'status %d, expected %d:\n%s\nexpected:\n%s' % (got[0], expected[0], got[1][-400:],
                                                                      expected[1][-400:]))

    def check(item):
        source, level = item
        name = os.path.basename(source)
        made = objects(source, h.path(name + level), level)
        compare('%s: %s' % (name, level), *(run(link(o, source)) for o in made))

    def check_dll(level):
        """A DLL and its program, each by LLVM and by Kiln."""
        libraries = objects(os.path.join(HERE, 'dll/library.c'), h.path('library' + level), level)
        programs = objects(os.path.join(HERE, 'dll/program.c'), h.path('program' + level), level)
        results = []
        for k, (library, program) in enumerate((a, b) for a in libraries for b in programs):
            folder = h.path('dll%s%d' % (level, k))
            os.makedirs(folder, exist_ok=True)
            h.run([gcc, '-shared', '-o', folder + '/library.dll', library, '-Wl,--out-implib,' + folder + '/library.a'])
            h.run([gcc, '-o', folder + '/program.exe', program, folder + '/library.a'])
            results.append(run(folder + '/program.exe'))
        for what, result in zip(('program', 'library', 'both'), results[1:]):
            compare('a DLL: %s by Kiln %s' % (what, level), results[0], result)

    def check_weak(level):
        """Weak names of comdats: alone, and beside an object that defines them, each by LLVM and by Kiln."""
        first, second = (objects(os.path.join(HERE, 'weak', name + '.cpp'), h.path(name + level), level)
                         for name in ('first', 'second'))
        results = []
        for k, (one, others) in enumerate((one, others) for others in ([], *([o] for o in second)) for one in first):
            out = h.path('weak%s%d.exe' % (level, k))
            h.run([TRIPLE + '-g++', '-static', '-o', out, one, *others])
            results.append(run(out))
        for what, want, got in (('alone', 0, 1), ('beside LLVM\'s object', 2, 3), ('beside Kiln\'s object', 2, 5)):
            compare('weak names of comdats %s %s' % (what, level), results[want], results[got])

    def check_tls_debug(linker):
        """The locations of thread-local variables, linked, are the offsets that the program prints."""
        o, out = h.path('tls_debug.debug.o'), h.path('tls_debug.%s.exe' % linker)
        h.run([args.kiln, 'cc', '--target=' + TRIPLE, '-g', '-c', os.path.join(HERE, 'alone/tls_debug.c'), '-o', o])
        h.run([args.clang, '--target=' + TRIPLE, '-fuse-ld=' + linker, o, '-o', out] if linker == 'lld' else [gcc, o, '-o', out])
        debug = h.run(['llvm-dwarfdump-22', out])[1]
        found = {}
        for entry in debug.split('DW_TAG_variable')[1:]:
            name = re.search(r'DW_AT_name\s*\("(\w+)"\)', entry.split('DW_TAG_')[0])
            at = re.search(r'DW_OP_const8u (0x[0-9a-f]+), DW_OP_form_tls_address\)', entry.split('DW_TAG_')[0])
            if name and at: found[name[1]] = int(at[1], 16)
        status, lines = run(out)
        expected = {line.split()[0]: int(line.split()[1]) for line in lines.splitlines()}
        if status == 0 and len(expected) == 4 and found == expected:
            h.ok('thread-local variables for a debugger: ' + linker)
        else:
            h.fail('thread-local variables for a debugger: ' + linker, 'status %d: %s, expected %s' % (status, found, expected))

    def check_beside_gcc(name):
        """What LLVM's program does otherwise: a program by Kiln, and by gcc."""
        source, base = os.path.join(HERE, 'alone', name), h.path(name)
        h.run([gcc, source, '-o', base + '.gcc.exe'])
        expected = run(base + '.gcc.exe')
        for level in ('-O0', '-O2'):
            h.run([args.kiln, 'cc', '--target=' + TRIPLE, level, source, '-o', base + '.exe'])
            compare('%s: beside gcc %s' % (name, level), expected, run(base + '.exe'))

    def check_quad_result(version):
        """A function of LLVM's with fp128, which LLVM 23 returns in memory, as gcc does, and LLVM 22 in xmm0."""
        base = h.path('quad_result.%s' % version)
        h.run(['llvm-as-22', h.write('quad_result.ll', QUAD_RESULT), '-o', base + '.bc'])
        with open(base + '.bc', 'rb') as f: content = f.read()
        bits = int.from_bytes(content, 'little')
        def six(text): return sum('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._'.index(c) << 6 * i for i, c in enumerate(text))
        old, new = six('LLVM22.'), six('LLVM%s.' % version)
        at = next(k for k in range(0, 4096) if bits >> k & ((1 << 42) - 1) == old)
        bits ^= (old ^ new) << at
        with open(base + '.bc', 'wb') as f: f.write(bits.to_bytes(len(content), 'little'))
        h.run([args.kiln, 'compile', base + '.bc', '-o', base + '.o'])
        caller = [gcc] if version == '23' else [args.clang, '--target=' + TRIPLE]
        h.run([*caller, '-O1', '-c', os.path.join(HERE, 'alone/quad_result.c'), '-o', base + '.main.o'])
        compare('fp128 as a result, by LLVM ' + version, (0, 'a 4001400000000000 0\r\n'), run(link(base + '.main.o', base + '.c', base + '.o')))

    def check_door(row):
        """What is not bitcode: a program of each language, its status and its lines."""
        name, status, lines = row
        source, base = os.path.join(HERE, name), h.path(name)
        if name.endswith('.c'):
            h.run([args.kiln, 'cc', '--target=' + TRIPLE, source, '-o', base + '.exe'])
        else:
            h.run([args.kiln, 'compile', '--target=x86_64-windows', source, '-o', base + '.o'])
            link(base + '.o', '.cpp')
        got = run(base + '.exe')
        if got[0] == status and got[1].splitlines()[:len(lines)] == lines:
            h.ok('%s: by Kiln alone' % name)
        else:
            h.fail('%s: by Kiln alone' % name, 'status %d: %s' % got)

    items = []
    for i, source in enumerate(sources):
        both = os.path.dirname(source) == HERE
        items += [(source, level) for level in (('-O0', '-O2') if both else (('-O0', '-O2')[i % 2],))
                  if not args.names or os.path.basename(source) in args.names]
    h.each(check, items)
    if not args.names:
        h.each(check_dll, ['-O0'])
        h.each(check_weak, ['-O0', '-O2'])
        h.each(check_tls_debug, ['ld', 'lld'])
        h.each(check_beside_gcc, ['quad.c', 'quads.c'])
        h.each(check_quad_result, ['22', '23'])
        h.each(check_door, [('door.kir', 5, ['from text']), ('caught.kir', 7, ['caught']), ('door.ssa', 6, ['from QBE', '1.5 3 7']),
                            ('passing.c', 0, ['1: 11', '2: 54'])])
    h.finish()


if __name__ == '__main__':
    main()
