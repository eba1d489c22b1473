#!/usr/bin/env python3
"""What bitcode for Windows can require and Kiln does not have: each is an error that names it, and no object is
written. Then what `kiln dis` and `--listing` show of an object. Needs neither wine nor mingw.

    refused.py --kiln=build/kiln
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

GNU = 'x86_64-w64-windows-gnu'
FUNCTION = 'define i32 @f() {\n  ret i32 0\n}\n'


def flag(name, value=1):
    return FUNCTION + '!llvm.module.flags = !{!0}\n!0 = !{i32 2, !"%s", i32 %d}\n' % (name, value)


FUNCLETS = '''declare void @may_throw()
declare i32 @%(personality)s(...)
define void @f() personality ptr @%(personality)s {
  invoke void @may_throw() to label %%done unwind label %%dispatch
dispatch:
  %%s = catchswitch within none [label %%catch] unwind to caller
catch:
  %%p = catchpad within %%s [%(operands)s]
  catchret from %%p to label %%done
done:
  ret void
}
'''
CLEANUP = '''declare void @may_throw()
declare i32 @rust_eh_personality(...)
define void @f() personality ptr @rust_eh_personality {
  invoke void @may_throw() to label %done unwind label %clean
clean:
  %p = cleanuppad within none []
  cleanupret from %p unwind to caller
done:
  ret void
}
'''
# Name, triple, text, what the error contains.
ROWS = [
    ('Microsoft\'s ABI', 'x86_64-pc-windows-msvc', FUNCTION,
     'target "x86_64-pc-windows-msvc": of Windows only the ABI of x86_64-windows-gnu'),
    ('a triple without an environment', 'x86_64-pc-windows', FUNCTION, 'of Windows only the ABI of x86_64-windows-gnu'),
    ('Itanium\'s ABI', 'x86_64-pc-windows-itanium', FUNCTION, 'of Windows only the ABI of x86_64-windows-gnu'),
    ('ELF on Windows', 'x86_64-pc-windows-gnu-elf', FUNCTION, 'windows, elf'),
    ('ARM64EC', 'arm64ec-pc-windows-msvc', FUNCTION, 'target "arm64ec-pc-windows-msvc"'),
    ('AArch64', 'aarch64-w64-windows-gnu', FUNCTION, 'no code for the target aarch64, windows, coff'),
    ('i386', 'i686-w64-windows-gnu', FUNCTION, 'target "i686-w64-windows-gnu"'),
    ('exceptions of Microsoft\'s C++', GNU,
     FUNCLETS % {'personality': '__CxxFrameHandler3', 'operands': 'ptr null, i32 64, ptr null'},
     'the personality __CxxFrameHandler3'),
    ('structured exceptions', GNU, FUNCLETS % {'personality': '__C_specific_handler', 'operands': 'ptr null'},
     'the personality __C_specific_handler'),
    ('cleanup pads', GNU, CLEANUP, 'exceptions as Windows has them (funclets)'),
    ('CodeView', GNU, flag('CodeView'), 'module flag "CodeView"'),
    ('asynchronous structured exceptions', GNU, flag('eh-asynch'), 'module flag "eh-asynch"'),
    ('control-flow guard', GNU, flag('cfguard', 2), 'module flag "cfguard"'),
    ('control-flow guard\'s table alone', GNU, flag('cfguard', 1), 'module flag "cfguard"'),
    ('guard of continuations', GNU, flag('ehcontguard'), 'module flag "ehcontguard"'),
    ('optimized import calls', GNU, flag('import-call-optimization'), 'module flag "import-call-optimization"'),
    ('kernels', GNU, flag('ms-kernel'), 'module flag "ms-kernel"'),
    ('marks of indirect branches', GNU, flag('cf-protection-branch'), 'protecting an object\'s code is not supported'),
    ('vectorcall', GNU, 'define x86_vectorcallcc i32 @f() {\n  ret i32 0\n}\n',
     'calling convention "x86_vectorcallcc"'),
    ('variadic functions of System V\'s convention', GNU,
     'define x86_64_sysvcc i32 @f(i32 %a, ...) {\n  ret i32 0\n}\n', 'variadic functions of System V\'s convention'),
    ('six floats by System V\'s convention', GNU,
     'define x86_64_sysvcc void @f(%s) {\n  ret void\n}\n' % ', '.join(['double'] * 6), 'more than five floats or vectors as arguments with sysv'),
    ('structs by value by C\'s convention', GNU, 'declare void @f(ptr byval([3 x i64]))\ndefine void @g(ptr %p) {\n'
     '  call void @f(ptr byval([3 x i64]) %p)\n  ret void\n}\n', 'the C convention with a parameter of this kind'),
    ('preserve_most', GNU, 'define preserve_mostcc i32 @f() {\n  ret i32 0\n}\n',
     'f: error: not implemented: calling convention "preserve_mostcc"'),
    ('a call of a preserve_most function', GNU, 'declare preserve_mostcc i32 @g()\ndefine i32 @f() {\n  %r = call preserve_mostcc i32 @g()\n  ret i32 %r\n}\n',
     'f:b0:0: error: not implemented: calling convention "preserve_mostcc"'),
    ('ifunc', GNU, 'define ptr @choose() {\n  ret ptr null\n}\n@f = ifunc i32 (), ptr @choose\n',
     "'f': COFF has no ifuncs"),
    ('eh_return', GNU, 'declare void @llvm.eh.return.i64(i64, ptr)\n'
     'define void @f(i64 %a, ptr %b) {\n'
     '  call void @llvm.eh.return.i64(i64 %a, ptr %b)\n  unreachable\n}\n',
     'eh_return, which this system\'s unwinders do not know'),
    ('the thread pointer', GNU, 'declare ptr @llvm.thread.pointer()\ndefine ptr @f() {\n'
     '  %p = call ptr @llvm.thread.pointer()\n  ret ptr %p\n}\n', 'llvm.thread.pointer'),
    ('__builtin_setjmp', GNU, 'declare i32 @llvm.eh.sjlj.setjmp(ptr)\ndefine i32 @f(ptr %b) {\n'
     '  %r = call i32 @llvm.eh.sjlj.setjmp(ptr %b)\n  ret i32 %r\n}\n', 'builtin_setjmp and builtin_longjmp'),
    ('__builtin_longjmp', GNU, 'declare void @llvm.eh.sjlj.longjmp(ptr)\ndefine void @f(ptr %b) {\n'
     '  call void @llvm.eh.sjlj.longjmp(ptr %b)\n  unreachable\n}\n', 'builtin_setjmp and builtin_longjmp'),
    ('frames of other functions', GNU, 'declare void @llvm.localescape(...)\ndefine void @f() {\n  %a = alloca i32\n'
     '  call void (...) @llvm.localescape(ptr %a)\n  ret void\n}\n', 'llvm.localescape'),
    ('a group without its symbol', GNU, '$nobody = comdat any\n@x = global i32 1, comdat($nobody)\n',
     "section group 'nobody': COFF has only groups with a symbol of that name"),
    ('more alignment than COFF has', GNU, '@x = global i32 1, align 16384\n', 'aligned to 16384 bytes'),
    ('ELF\'s comdats of other kinds', 'x86_64-unknown-linux-gnu',
     '$x = comdat largest\n@x = global i32 1, comdat\n', 'comdats other than'),
]


def check_shown(h):
    """A disassembly has the sections, labels and relocations that objdump of LLVM shows, and so has a listing."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'door.kir')
    _, listing, _ = h.run([h.args.kiln, 'compile', '--target=x86_64-windows', '--listing', source,
                           '-o', h.path('door.o')])
    _, shown, _ = h.run([h.args.kiln, 'dis', h.path('door.o')])
    _, other, _ = h.run(['llvm-objdump-22', '-dr', h.path('door.o')])
    offsets = re.findall(r'^\s+([0-9a-f]+):(?: [0-9a-f]{2})+\s+\t', other, re.M)
    relocs = re.findall(r'IMAGE_REL_AMD64_(\w+)\s+(\S+)', other)
    for what, text, names in (('kiln dis', shown, [' '.join(r) for r in relocs] + ['main:', 'section .text']),
                              ('a listing', listing, ['section .text', 'func @main() -> i32'])):
        mine = re.findall(r'^ +([0-9a-f]+): ', text, re.M)
        missing = [name for name in names if name not in text]
        if mine == offsets and relocs and not missing:
            h.ok(what)
        else:
            h.fail(what, '%s, expected %s; missing: %s' % (mine, offsets, missing))


# Without headers, since MinGW may be missing.
LINES = """extern int out(int);
static int digits(unsigned n) {
  int count = 0;
  do {
    count++;
    n /= 10;
  } while (n != 0);
  return count;
}
int sum(const int *of, int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    if (of[i] < 0)
      continue;
    sum += of[i];
  }
  return out(sum);
}
int main(int argc, char **argv) {
  int of[3] = {argc, 2, 3};
  int got = sum(of, 3);
  if (got == 0)
    return 1;
  out(digits((unsigned)got));
  return 0;
}
"""


def check_lines(h):
    """A disassembly names the same lines at the same places as LLVM's objdump, from Kiln's object and from LLVM's."""
    h.write('lines.c', LINES)
    base = h.path('lines')
    h.run(['clang-22', '--target=' + GNU, '-w', '-g', '-ffunction-sections', '-c', '-emit-llvm', base + '.c', '-o', base + '.bc'])
    h.run(['clang-22', '--target=' + GNU, '-w', '-ffunction-sections', '-c', base + '.bc', '-o', base + '.llvm.o'])
    h.run([h.args.kiln, 'compile', '--function-sections', base + '.bc', '-o', base + '.kiln.o'])
    for maker in 'kiln', 'llvm':
        _, shown, _ = h.run([h.args.kiln, 'dis', '%s.%s.o' % (base, maker)])
        _, other, _ = h.run(['llvm-objdump-22', '-dl', '%s.%s.o' % (base, maker)])
        ours = re.findall(r'^; \S*lines\.c:(\d+).*\n +([0-9a-f]+): ', shown, re.M)
        theirs = re.findall(r'^; \S*lines\.c:(\d+)\n\s+([0-9a-f]+):', other, re.M)
        # objdump names a line again for each of its columns
        theirs = [row for last, row in zip([('', '')] + theirs, theirs) if row[1] == '0' or row[0] != last[0]]
        if ours == theirs and len(ours) > 15: h.ok('lines of an object by ' + maker)
        else: h.fail('lines of an object by ' + maker, '%s, expected %s' % (ours, theirs))


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())

    def check(row):
        name, triple, text, want = row
        base = h.path(name.replace(' ', '_'))
        h.write(os.path.basename(base) + '.ll', 'target triple = "%s"\n%s' % (triple, text))
        h.run(['llvm-as-22', base + '.ll', '-o', base + '.bc'])
        status, _, err = h.run([h.args.kiln, 'compile', base + '.bc', '-o', base + '.o'], check=False)
        if status != 1 or want not in err or os.path.exists(base + '.o'):
            h.fail(name, 'status %d: %s' % (status, err))
        else:
            h.ok(name)
    h.each(check, ROWS)
    # no refusal: the same function compiles
    h.write('plain.ll', 'target triple = "%s"\n%s' % (GNU, flag('CodeView', 0)))
    h.run(['llvm-as-22', h.path('plain.ll'), '-o', h.path('plain.bc')])
    h.run([h.args.kiln, 'compile', h.path('plain.bc'), '-o', h.path('plain.o')])
    h.ok('a plain function')
    if os.path.exists(os.path.join(os.path.dirname(h.args.kiln), 'kiln-dis')):
        check_shown(h)
        check_lines(h)
    else:
        h.skip('disassembly', 'no kiln-dis')
    h.finish()


if __name__ == '__main__':
    main()
