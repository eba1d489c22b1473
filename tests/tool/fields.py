#!/usr/bin/env python3
"""The fields that relocations cover (harness/fields.py): 0 in ELF objects, the addend in COFF objects.

    fields.py KILN CACHE

Objects of all .kir files, of SQLite and Lua, and of C++ with debug information of each kind, for both targets; tests in
run/ look at the objects that they link, too (harness.py). llvm-rtdyld says what LLVM's RuntimeDyld makes of objects.
"""
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../harness'))
import elf_difference  # noqa: E402
import fields  # noqa: E402
import inputs  # noqa: E402
from tap import Tap, failure  # noqa: E402

# Accesses to data at offsets: what is in the field, and what is after it, differs. `p` is data.
OFFSETS = '''data internal @g align 8 { i64 11, 22, 33 }
data @p align 8 { addr @g+16 }
func @load() -> i64 {
b0:
  %x = load.i64 @g+8 align 8
  ret %x
}
func @store32() {
b0:
  store.i32 7, @g+12
  ret
}
func @store16() {
b0:
  store.i16 7, @g+14
  ret
}
func @store8() {
b0:
  store.i8 7, @g+13
  ret
}
func @address() -> i64 {
b0:
  ret @g+16
}
'''
# And what COFF does not have.
MORE = 'data internal @v align 16 { zero 32 }\ndata @r align 8 { rel64 @load+8 }\n' + ''.join(
    f'func @load_{type}() -> {type} {{\nb0:\n  %x = load.{type} @v+16 align 16\n  ret %x\n}}\n' for type in ('i16', 'i32', 'v128'))
# By what has the field: what it is in COFF, where a distance counts from the end of its field (REL32 in "PE Format"), so
# that of an instruction with an immediate the immediate's bytes are taken off.
COFF_OFFSETS = {'load': 8, 'store32': 12 - 4, 'store16': 14 - 2, 'store8': 13 - 1, 'address': 16, 'p': 16}
REL32 = 4
# What RuntimeDyld makes of them: the checks of llvm-rtdyld.
RTDYLD = {
    'x86_64': '''
decode_operand(load, 4) = (g + 8) - next_pc(load)
decode_operand(store32, 3) = (g + 12) - next_pc(store32)
decode_operand(store16, 3) = (g + 14) - next_pc(store16)
decode_operand(store8, 3) = (g + 13) - next_pc(store8)
decode_operand(address, 4) = (g + 16) - next_pc(address)
*{8}p = g + 16
''',
    'aarch64': '''
decode_operand(load, 1) = (g + 8)[32:12] - load[32:12]
(*{4}(load + 4))[21:10] = (g + 8)[11:3]
decode_operand(address, 1) = (g + 16)[32:12] - address[32:12]
(*{4}(address + 4))[21:10] = (g + 16)[11:0]
*{8}p = g + 16
''',
}
# Machine code whose fields have other bytes: mov @g+8(%rip), %rax; adrp x0, @g+8 and ldr x0, [x0, :lo12:@g+8].
ASM = {
    'x86_64': r'"H\8b\05\01\02\03\04" as () -> i64 out rax at 3 rel32 @g+4',
    'aarch64': r'"\20\00\00\b0\00\04\40\f9" as () -> i64 out x0 at 0 a64_page @g+8 at 4 a64_low64 @g+8',
}
IN_ASM = 'data internal @g align 8 { i64 11, 22, 33 }\nfunc @f() -> i64 {\nb0:\n  %%r = asm %s\n  ret %%r\n}\n'

# C++ with accesses of each size, thread-local data, exceptions; its debug information is of each kind, by target and options
# of clang and of kiln.
SOURCE = '''typedef float vector __attribute__((vector_size(16)));
static unsigned char u8; static short i16; static int i32; static vector v128;
thread_local int own = 3;
extern thread_local int other;
extern "C" int puts(const char *);
struct mark { ~mark() { puts("gone"); } };
int first(int n) { mark m; u8++; i16++; i32 += n; v128 += v128; own++; if (n > 3) throw n; return i32 + own + other; }
int second(int n) { try { return first(n); } catch (int k) { return k; } }
'''
DEBUG = [(flags, more) for flags in (('-O0', '-g'), ('-O1', '-g'), ('-O1', '-gdwarf-4')) for more in ((), ('--split-dwarf', '--aranges'))]
# Types that the inputs have to show: all that Kiln writes by itself.
SHOWN = {
    'x86_64': {1, 2, 4, 10, 17, 19, 22, 23, 24, 41, 42},
    'aarch64': {257, 258, 260, 261, 275, 277, 278, 282, 283, 284, 285, 286, 299, 311, 312, 541, 542, 549, 551, 562, 563, 564, 569},
}
WAYS = ((), ('--pic=static', '--function-sections', '--data-sections'))


class Objects:
    """Objects that kiln makes, and which types of relocations they had."""

    def __init__(self, kiln, work):
        self.kiln, self.work = kiln, work
        self.made, self.dwo = os.path.join(work, 'made.o'), os.path.join(work, 'made.dwo')
        self.types = {target: set() for target in inputs.TARGETS}

    def make(self, target, source, *options):
        """None, or what kiln says."""
        words = [self.kiln, 'compile', '--target=' + target, *options, source, '-o', self.made]
        return failure(words)[0]

    def wrong(self, target, source, *options):
        """What is wrong with an object: '' if nothing is, or if kiln refuses the input."""
        problem = self.make(target, source, *options)
        if problem:
            return '' if problem.startswith('status 1:') else problem
        found = []
        for path in (self.made, self.dwo) if '--split-dwarf' in options else (self.made,):
            text, types = fields.read(path)
            self.types[target] |= types
            found += [f'{target} {source} {" ".join(options)}: {text}'] if text else []
        return '\n'.join(found)

    def write(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, 'wb') as f:
            f.write(text.encode() if isinstance(text, str) else text)
        return path


def check_reader(t, o):
    """That a byte in a field is found, and a type without a row."""
    problem = o.make('x86_64', o.write('offsets.kir', OFFSETS))
    with open(o.made, 'rb') as f:
        data = bytearray(f.read())
    elf = elf_difference.Elf(bytes(data))
    for r in elf.sections if not problem else ():
        if r.type == elf_difference.SHT_RELA:
            at, _, _ = struct.unpack_from('<2Qq', r.data)
            other = bytearray(data)
            other[elf.sections[r.info].offset + at] ^= 1
            got = fields.read(o.write('changed.o', other))[0]
            problem = problem or ('' if 'is not 0: 01' in got else f'{r.name}: {got}')
            struct.pack_into('<I', other, r.offset + 8, 99)
            got = fields.read(o.write('changed.o', other))[0]
            problem = problem or ('' if 'type 99 are not known' in got else f'{r.name}: {got}')
    t.case('the reader finds a byte and a type', problem)


def check_text(t, o, cache):
    problems = []
    for k, (name, target, source, options) in enumerate(inputs.text_inputs(cache, True)):
        ways = WAYS if os.environ.get('KILN_TEST_WHOLE') else (WAYS[k // 2 % 2],)
        problems += [o.wrong(target, source, *options, *way) for way in ways]
    problems += [o.wrong(target, o.write('more.kir', OFFSETS + MORE)) for target in inputs.TARGETS]
    t.case('objects of text', '\n'.join(filter(None, problems)))
    for target, asm in ASM.items():
        source = o.write('asm.kir', IN_ASM % asm)
        t.case(f'bytes in the fields of machine code, {target}', o.make(target, source) or o.wrong(target, source))


def check_bitcode(t, o, cache):
    folder = os.path.join(cache, 'bitcode')
    os.makedirs(folder, exist_ok=True)
    problems = []
    for group, target, where, source, flags in inputs.large(cache, True):
        bc = inputs.Bitcode(source, target, folder, source, flags, where).make()
        problems.append(o.wrong(target, bc) if bc else f'clang refuses {source} for {target}')
    source, bc = o.write('source.cpp', SOURCE), os.path.join(o.work, 'source.bc')
    for target in inputs.TARGETS:
        for flags, more in DEBUG:
            problem = failure(['clang++-22', f'--target={target}-linux-gnu', *inputs.CLANG, *flags, source, '-o', bc])[0]
            problems.append(problem or o.wrong(target, bc, *more))
    t.case('objects of C and C++, SQLite and Lua', '\n'.join(filter(None, problems)))


def check_types(t, o):
    for target, want in SHOWN.items():
        missing = sorted(want - o.types[target])
        t.case(f'the objects have relocations of all types, {target}', missing and f'none of {missing}')


def check_rtdyld(t, o):
    for target, checks in RTDYLD.items():
        name = f'addresses as RuntimeDyld links them, {target}'
        problem = o.make(target, o.write('offsets.kir', OFFSETS))
        lines = [f'# rtdyld-check: {line}\n' for line in checks.strip().splitlines()]
        words = ['llvm-rtdyld-22', '-triple=%s-unknown-linux-gnu' % target, '-verify', '-check=' + o.write('checks', ''.join(lines)), o.made]
        t.case(name, problem or failure(words)[0])


def check_coff(t, o):
    """Rows by hand; then each relocation of code beside the listing, whose addends are not read from the object."""
    problem = o.make('x86_64-windows-gnu', o.write('offsets.kir', OFFSETS))
    if not problem:
        rows = fields.coff(o.made)
        got = {r.place: r.field for r in rows if r.symbol == 'g'}
        problem = got != COFF_OFFSETS and f'{got}, not {COFF_OFFSETS}'
    t.case('COFF: the field is the addend', problem)
    if not os.path.exists(o.kiln + '-dis'):
        t.case('COFF: the fields are the addends of listings', skip='no kiln-dis')
        return
    problems, n = [], 0
    for path in sorted(glob.glob(os.path.join(inputs.ROOT, 'tests/kir/*.kir'))):
        if o.make('x86_64-windows-gnu', path):
            continue
        listing = listed(subprocess.run([o.kiln, 'compile', '--target=x86_64-windows-gnu', '--listing', path, '-o', os.devnull],
                                        stdout=subprocess.PIPE, text=True).stdout)
        for r in fields.coff(o.made):
            if r.section != '.text' or r.symbol.startswith('.') and not r.symbol.startswith('.refptr'):
                continue
            n += 1
            want = listing.get(r.at, None)
            if want is None or want + 4 * (r.type == REL32) != r.field:
                problems.append(f'{path}: .text+{r.at:#x}: the field is {r.field}, the addend {want}')
    t.case('COFF: the fields are the addends of listings', '\n'.join(problems) or (n < 100 and f'{n} relocations'))


def listed(text):
    """By offset in .text: the addend of the relocation there."""
    found, section = {}, ''
    for line in text.splitlines():
        if line.startswith('section '):
            section = line.split()[1]
        code = re.match(r' *([0-9a-f]+):  ', line)
        if code and section == '.text':
            for at, addend in re.findall(r'\+(\d+) R_\w+ [^ ]*?([+-]0x[0-9a-f]+)?(?=$|,)', line.partition('    ; ')[2]):
                found[int(code[1], 16) + int(at)] = int(addend or '0', 16)
    return found


def main():
    kiln, cache = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    t = Tap()
    with tempfile.TemporaryDirectory() as work:
        o = Objects(kiln, work)
        check_reader(t, o)
        check_text(t, o, cache)
        check_bitcode(t, o, cache)
        check_types(t, o)
        check_rtdyld(t, o)
        check_coff(t, o)
    t.finish()


if __name__ == '__main__':
    main()
