#!/usr/bin/env python3
"""chosen.py BUILD: inputs that are made to be slow (SECURITY.md: time is proportional to the input's size). Names that
share a place of a table, chains, items that are looked for among many. Executed instructions are counted, which are the same in
each run: an input may take twice those of one of its size with ordinary names, or of four times those of
a fourth of it. Speaks TAP."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
import bitstream  # noqa: E402

# meson sets it; what glibc then writes to memory that is given back would be counted.
os.environ.pop('MALLOC_PERTURB_', None)

K0 = b'\x15\x7c\x4a\x7f\xb9\x79\x37\x9e'  # of base/names.c: what follows in a name does not bear on its hash


# ---- the text form ----

FUNCTION = ['func @f() -> i32 {', 'b0():', '  ret 0', '}']


def text(*lines):
    return '\n'.join(['target x86_64', *lines, '']).encode()


def quoted(name):
    return '"%s"' % ''.join(chr(c) if 0x20 < c < 0x7f and c not in b'"\\' else '\\%02x' % c for c in name)


def alias_chain(n):
    return text(*FUNCTION, *['alias @a%d = @%s' % (i, 'a%d' % (i + 1) if i + 1 < n else 'f') for i in range(n)])


def aliases(n):
    return text(*FUNCTION, *['alias @a%d = @f' % i for i in range(n)])


def alias_uses(n, chosen):
    """All aliases are called, those of a chain too."""
    main = ['func @main() -> i32 {', 'b0():', *['  v%d = call @a%d()' % (i, i) for i in range(n)], '  ret 0', '}']
    return (alias_chain if chosen else aliases)(n) + '\n'.join([*main, '']).encode()


def many_blocks(name, n):
    blocks = [line for i in range(1, n + 1) for line in ('b%d():' % i, '  ret')]
    return ['func @%s(i64) {' % name, 'b0(v0: i64):', '  brind v0 [%s]' % ', '.join('b%d' % i for i in range(1, n + 1)),
            *blocks, '}']


def block_addresses(n, chosen):
    """Blocks of two functions in turn, or of one and then the other."""
    pairs = [(f, i) for i in range(1, n + 1) for f in 'fg'] if chosen else [(f, i) for f in 'fg' for i in range(1, n + 1)]
    return text(*many_blocks('f', n), *many_blocks('g', n), 'data @d {', *['  addr @%s:b%d' % p for p in pairs], '}')


def block_numbers(n, chosen):
    high = 65535 if chosen else 1
    return text(*[line for i in range(n) for line in ('func @f%d() {' % i, 'b0():', '  br b%d' % high, 'b%d():' % high, '  ret', '}')])


def symbols(n, chosen):
    begin = K0 if chosen else b'\x15\x7c\x4a\x7e\xb9\x79\x37\x9e'
    return text(*['data @%s { i32 1 }' % quoted(begin + b'%08d' % i) for i in range(n)])


def values(n, chosen):
    begin = K0 if chosen else b'\x15\x7c\x4a\x7e\xb9\x79\x37\x9e'
    names = ['%' + quoted(begin + b'%08d' % i) for i in range(n)]
    return text('func @f(i32) -> i32 {', 'b0(v0: i32):', '  %s = add.i32 v0, 1' % names[0],
                *['  %s = add.i32 %s, 1' % pair for pair in zip(names[1:], names)], '  ret ' + names[-1], '}')


def renames(n):
    """Data that others refer to have other names in the object."""
    names = [line for i in range(n) for line in ('extern data @d%d' % i, 'rename @d%d "e%d"' % (i, i))]
    text_ = text(*names, 'data @u {', *['  addr @d%d' % i for i in range(n)], '}')
    return text_.replace(b'target x86_64', b'target x86_64-windows', 1)


# ---- the interpreter ----

def constructors(n, chosen):
    return text('func @main() -> i32 {', 'b0():', '  ret 0', '}', 'func @f() {', 'b0():', '  ret', '}',
                *['ctor @f %d' % (i if chosen else 7) for i in range(n)])


def section_ends(n, chosen):
    """The bounds of each section, or of one."""
    data = ['data @d%d section "s%d" { i32 1 }' % (i, i) for i in range(n)]
    ends = ['extern data @__start_s%d' % i for i in range(n)]
    uses = ['data @u {', *['  addr @__start_s%d' % (i if chosen else 0) for i in range(n)], '}']
    return text(*data, *ends, *uses, 'func @main() -> i32 {', 'b0():', '  ret 0', '}')


def rooted(n, first, blocks, last=(), begin='br b1'):
    """A function with a root: lines of its first block, those of blocks 1 to n, and those of the last block."""
    return text('declare @gc()', 'func @f(i8) {', '  %r = slot 8 align 8 root', f'  %s = slot {8 * n} align 8', 'b0(%c: i8):',
                *first, begin, *blocks, f'b{n + 1}():', *last, 'ret', '}')


def path(n):
    return [line for i in range(1, n + 1) for line in (f'b{i}():', f'br b{i + 1}')]


def root_values(n):
    """All values of one block are used after as many blocks."""
    return rooted(n, [f'%v{i} = load.i64 %r' for i in range(n)], path(n), [f'store.i64 %v{i}, %r' for i in range(n)])


def root_stores(n):
    """As many stores to parts of a slot as blocks after them."""
    return rooted(n, [line for i in range(n) for line in (f'%v{i} = load.i64 %r', f'store.i64 %v{i}, %s + {8 * i}')], path(n))


def root_parameters(n):
    """Each block passes what it got to the one before it: in the order of blocks, one parameter is found in each pass."""
    blocks = []
    for i in range(1, n + 1):
        args = '' if i == n else '(%v)' if i == n - 1 else '(0)'
        blocks += [f'b{i}(%p{i}: i64):', f'brif %c, b{i + 1}{args}, b{max(i - 1, 1)}(%p{i})']
    return rooted(n, ['%v = load.i64 %r'], blocks, begin='br b1(0)')


def dominators(n):
    """A long path, and as many blocks that follow it as well as the first one."""
    leaves = [line for i in range(n + 1, 2 * n + 1) for line in (f'b{i}():', 'ret')]
    targets = ', '.join(f'b{i}' for i in range(n + 1, 2 * n + 1))
    return text('func @f(i64) {', 'b0(%t: i64):', f'brind %t [b1, {targets}]', *path(n - 1), f'b{n}():', f'brind %t [{targets}]', *leaves, '}')


# ---- WebAssembly ----

def leb(n):
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes([*out, n])


def vec(items):
    return leb(len(items)) + b''.join(items)


def name(text):
    return leb(len(text)) + text


def wasm(*sections):
    return b'\0asm\1\0\0\0' + b''.join(bytes([number]) + leb(len(content)) + content for number, content in sections)


TYPE, FUNC = (1, vec([b'\x60\0\0'])), (3, vec([b'\0']))


def code(body, n=1):
    body += b'\x0b'
    return (10, vec([leb(len(body) + 1) + b'\0' + body] * n))


def wasm_imports(n):
    return wasm(TYPE, (2, vec([name(b'm') + name(b'f%d' % i) + b'\0\0' for i in range(n)])))


def wasm_exports(n):
    return wasm(TYPE, FUNC, (7, vec([name(b'f%d' % i) + b'\0\0' for i in range(n)])), code(b''))


def wasm_data(n):
    return wasm((5, vec([b'\0\1'])), (11, vec([b'\0\x41\0\x0b' + name(b'x')] * n)))


def wasm_names(n):
    names = vec([leb(i) + name(b'n%d' % i) for i in range(n)])
    return wasm(TYPE, (3, vec([b'\0'] * n)), code(b'', n), (0, name(b'name') + b'\1' + leb(len(names)) + names))


def wasm_types(n):
    types = [[0x7c + (i >> 2 * k & 3) for k in range(10)] for i in range(n)]
    return wasm((1, vec([b'\x60' + vec([bytes([t]) for t in row]) + b'\0' for row in types])))


def wasm_nested(n):
    """Blocks, each of which goes to the outermost before its end."""
    return wasm(TYPE, FUNC, code(b'\2\x40' * n + b''.join(b'\x41\0\x0d' + leb(n - 1 - i) + b'\x0b' for i in range(n))))


def wasm_table(n):
    return wasm(TYPE, FUNC, code(b'\2\x40' * n + b'\x41\0\x0e' + leb(n - 1) + b''.join(leb(i) for i in range(n)) + b'\x0b' * n))


def wasm_tries(n):
    body = b'\2\x40' + b'\x1f\x40\1\0\0\0' * n + b'\x10\0' + b'\x0b' * n + b'\x0b'
    return wasm(TYPE, FUNC, (13, vec([b'\0\0'])), code(body))


def wasm_files(n):
    """A line table of n files that have one long name, and a row of each."""
    head = bytes([1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0x1f]) + leb(1) + bytes(4)
    head += bytes([2, 1, 0x1f, 2, 0x0f]) + leb(n) + (bytes(4) + leb(0)) * n
    rows = bytes([0, 5, 2, 3, 0, 0, 0]) + b''.join(b'\4' + leb(i) + b'\2\1\1' for i in range(n)) + bytes([0, 1, 1])
    unit = bytes([5, 0, 4, 0]) + len(head).to_bytes(4, 'little') + head + rows
    return wasm(TYPE, FUNC, code(b'\1' * (n + 10)), (0, name(b'.debug_line') + len(unit).to_bytes(4, 'little') + unit),
                (0, name(b'.debug_line_str') + b'a' * 4000 + b'\0'))


# ---- bitcode ----

def bitcode(lines):
    return subprocess.run(['llvm-as-22', '-o', '-'], check=True, input=lines, stdout=subprocess.PIPE).stdout


def attributes(n):
    """A function of n parameters that each have an attribute, and a call of it."""
    params = ', '.join('i32 %s' % ('zeroext' if i % 3 else 'signext') for i in range(n))
    args = ', '.join('i32 %s 1' % ('zeroext' if i % 3 else 'signext') for i in range(n))
    return '\n'.join(['declare void @f(%s)' % params, 'define void @g() {', '  call void @f(%s)' % args, '  ret void', '}', '']).encode()


def unverified(*lines):
    return subprocess.run(['llvm-as-22', '-disable-verify', '-o', '-'], check=True, input='\n'.join([*lines, '']).encode(),
                          stdout=subprocess.PIPE).stdout


KEYED = 'distinct !DISubprogram(name: "f", scope: !1, file: !1, unit: !2, spFlags: DISPFlagDefinition, keyInstructions: true)'


def located(scopes, *metadata):
    """A function of calls, whose locations are in these scopes."""
    calls = ['  call void @g(), !dbg !DILocation(line: %d, scope: !%d, atomGroup: %d, atomRank: 1)' % (i + 1, s, i + 1) for i, s in enumerate(scopes)]
    return unverified('declare void @g()', 'define void @f() !dbg !3 {', *calls, '  ret void, !dbg !DILocation(line: 1, scope: !3)', '}',
                   '!llvm.dbg.cu = !{!2}', '!llvm.module.flags = !{!0}', '!0 = !{i32 2, !"Debug Info Version", i32 3}',
                   '!1 = !DIFile(filename: "a.c", directory: "/")', '!2 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, emissionKind: FullDebug)',
                   '!3 = ' + KEYED, *metadata)


def deep_scopes(n):
    """Locations in two scopes by turns, both in n others."""
    blocks = ['!%d = distinct !DILexicalBlock(scope: !%d, file: !1, line: 1)' % p for p in [(4, 3), *[(i, i - 1) for i in range(5, n + 4)], (n + 4, n + 3), (n + 5, n + 3)]]
    return located([n + 4 + i % 2 for i in range(n)], *blocks)


def units(n):
    """Units of a function each."""
    lines = ['!llvm.dbg.cu = !{%s}' % ', '.join('!%d' % (3 * i + 1) for i in range(n)), '!llvm.module.flags = !{!0}', '!0 = !{i32 2, !"Debug Info Version", i32 3}']
    for i in range(0, 3 * n, 3):
        lines += ['!%d = distinct !DICompileUnit(language: DW_LANG_C99, file: !%d, emissionKind: FullDebug)' % (i + 1, i + 2),
                  '!%d = !DIFile(filename: "%d.c", directory: "/")' % (i + 2, i),
                  '!%d = distinct !DISubprogram(name: "f", file: !%d, unit: !%d, spFlags: DISPFlagDefinition)' % (i + 3, i + 2, i + 1),
                  'define void @f%d() !dbg !%d {' % (i, i + 3), '  ret void, !dbg !DILocation(line: 1, scope: !%d)' % (i + 3), '}']
    return unverified(*lines)


def long_records(n, code):
    """Locations in scopes by turns, whose records of `code` have n more operands than they may. There are more files than are kept."""
    scopes = [line for i in range(0, 256, 2) for line in (
        '!%d = !DIFile(filename: "%d.c", directory: "/")' % (i + 4, i), '!%d = distinct !DILexicalBlock(scope: !3, file: !%d, line: 1)' % (i + 5, i + 4))]
    blocks = bitstream.Reader(located([5 + i % 128 * 2 for i in range(n)], *scopes)).top()
    module = next(b for b in blocks if b.number == bitstream.MODULE)
    for block in [module, *module.blocks(bitstream.FUNCTION)]:
        for record in (r for b in block.blocks(bitstream.METADATA) for r in b.records(code)):
            record.ops += [0] * n
    return bitstream.Writer().top(blocks)


# ---- what else names things ----

def reasons(n):
    return b''.join(b'unit\tllvm\t1\t1\t1\t1\treason %d\n' % i for i in range(n))


def sections(n, chosen):
    """An object of functions, each in a section of its own, or all in one."""
    return text(*[line for i in range(n) for line in ('func @f%d() -> i32%s {' % (i, ' section ".text.f%d"' % i if chosen else ''), 'b0():', '  ret 0', '}')])


def lines(n):
    """Lines of n files, none of which is there."""
    unit = ['!u = file { name "u.c", comp_dir "/nowhere" }', '!unit = compile_unit { producer "", language 12, decl_file !u }',
            'unit !unit', '!p = subprogram { name "f", decl_file !u, decl_line 1 }']
    files = ['!f%d = file { name "%d.c", comp_dir "/nowhere" }' % (i, i) for i in range(n)]
    body = [line for i in range(n) for line in ('  !loc "/nowhere/%d.c" 1:1 file !f%d in !p' % (i, i), '  call @g()')]
    return text(*unit, *files, 'declare @g()', 'func @f() {', '!debug !p in !unit', 'b0():', *body, '  ret', '}')


# Name of the input's file; what reads it; N; the input, and the ordinary one of its size.
BESIDE = [
    ('aliases of aliases', 'a.kir', 'compile', 2000, alias_chain, aliases),
    ('calls of aliases of aliases', 'a.kir', 'interp', 2000, lambda n: alias_uses(n, True), lambda n: alias_uses(n, False)),
    ('blocks of two functions', 'a.kir', 'compile', 1000, lambda n: block_addresses(n, True), lambda n: block_addresses(n, False)),
    ('numbers of blocks', 'a.kir', 'compile', 1000, lambda n: block_numbers(n, True), lambda n: block_numbers(n, False)),
    ('names of symbols', 'a.kir', 'compile', 4000, lambda n: symbols(n, True), lambda n: symbols(n, False)),
    ('names of values', 'a.kir', 'compile', 4000, lambda n: values(n, True), lambda n: values(n, False)),
    ('constructors', 'a.kir', 'interp', 2000, lambda n: constructors(n, True), lambda n: constructors(n, False)),
    ('bounds of sections', 'a.kir', 'interp', 2000, lambda n: section_ends(n, True), lambda n: section_ends(n, False)),
]
# The same; an input of 4 N is compared with four of N.
GROWING = [
    ('imports', 'a.wasm', 'compile', 1000, wasm_imports),
    ('exports', 'a.wasm', 'compile', 1000, wasm_exports),
    ('data segments', 'a.wasm', 'compile', 1000, wasm_data),
    ('names of functions', 'a.wasm', 'compile', 1000, wasm_names),
    ('types', 'a.wasm', 'compile', 1000, wasm_types),
    ('nested blocks', 'a.wasm', 'compile', 1000, wasm_nested),
    ('labels of br_table', 'a.wasm', 'compile', 1000, wasm_table),
    ('nested try_tables', 'a.wasm', 'compile', 1000, wasm_tries),
    ('files of line tables', 'a.wasm', 'compile -g', 1000, wasm_files),
    ('attributes of parameters', 'a.ll', 'compile', 1000, attributes),
    ('units', 'a.bc', 'compile', 500, units),
    ('nested scopes', 'a.bc', 'compile', 500, deep_scopes),
    ('long records of files', 'a.bc', 'compile', 1000, lambda n: long_records(n, 16)),
    ('long records of subprograms', 'a.bc', 'compile', 1000, lambda n: long_records(n, 21)),
    ('long records of scopes', 'a.bc', 'compile', 1000, lambda n: long_records(n, 22)),
    ('object names', 'a.kir', 'compile', 2000, renames),
    ('sections of code', 'a.kir', 'dis', 500, lambda n: sections(n, True)),
    ('reasons', 'a', 'stats', 2000, reasons),
    ('files of lines', 'a.kir', 'dis', 500, lines),
    ('values from roots', 'a.kir', 'compile', 1000, root_values),
    ('stores of values from roots', 'a.kir', 'compile', 1000, root_stores),
    ('parameters that get values from roots', 'a.kir', 'compile', 1000, root_parameters),
    ('dominators', 'a.kir', 'compile', 4000, dominators),
]


PROGRAMS = {verb: 'kiln-' + verb for verb in ('dis', 'interp', 'run')}


class Counter:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder

    def count(self, file, verb, content):
        """Instructions of `kiln VERB FILE`, or of the program that it starts. LLVM's text becomes bitcode first."""
        if file.endswith('.ll'):
            file, content = 'a.bc', bitcode(content)
        path, out = os.path.join(self.folder, file), os.path.join(self.folder, 'out')
        with open(path, 'wb') as f:
            f.write(content)
        program = PROGRAMS.get(verb, 'kiln')
        words = {'dis': [], 'interp': [], 'run': [], 'stats': ['stats']}.get(verb, [*verb.split(), '-o', out])
        run = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', os.path.join(self.build, program), *words, path],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=600)
        return int(re.search(rb'Collected : (\d+)', run.stderr).group(1))


def main():
    build = sys.argv[1]
    print('1..%d' % (len(BESIDE) + len(GROWING)))
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        c = Counter(build, folder)
        for number, row in enumerate(BESIDE + GROWING, 1):
            title, file, verb, n, chosen = row[:5]
            case = '%s %s: %s' % (verb, file, title)
            program = PROGRAMS.get(verb, 'kiln')
            if shutil.which('valgrind') is None or not os.path.exists(os.path.join(build, program)):
                print('ok %d - %s # SKIP no valgrind, or no %s' % (number, case, program))
                continue
            if len(row) == 6:
                is_, most = c.count(file, verb, chosen(n)), 2 * c.count(file, verb, row[5](n))
            else:
                is_, most = c.count(file, verb, chosen(4 * n)), 8 * c.count(file, verb, chosen(n))
            print('%s %d - %s\n# %d instructions, at most %d' % ('ok' if is_ <= most else 'not ok', number, case, is_, most), flush=True)
            failed |= is_ > most
    return failed


if __name__ == '__main__':
    sys.exit(main())
