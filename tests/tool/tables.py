#!/usr/bin/env python3
"""tables.py BUILD COLLIDE: tables of hashes (ir/hash.h), each filled with keys that the hash itself puts in few places
(collide.c), and with as many ordinary ones. Chosen keys may take twice the executed instructions. Speaks TAP.
tables.py --check: only checks that each table of the source has a row, or is in TREES."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import chosen
from chosen import text

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
FOLDERS = ('ir', 'lib', 'targets', 'dwarf', 'frontends', 'assembler', 'interp', 'tools', 'integrations')


# ---- inputs, by the keys ----

def ll(*lines):
    return '\n'.join([*lines, '']).encode()


def key_symbols(keys):
    return text(*['extern data @%s' % k for k in keys])


def key_values(keys):
    return text('func @f(i32) -> i32 {', 'b0(v0: i32):', '  %%%s = add.i32 v0, 1' % keys[0],
                *['  %%%s = add.i32 %%%s, 1' % p for p in zip(keys[1:], keys)], '  ret %' + keys[-1], '}')


def key_functions(keys):
    return text(*[line for k in keys for line in ('func @%s() -> i32 {' % k, 'b0():', '  ret 0', '}')],
                'func @main() -> i32 {', 'b0():', '  ret 0', '}')


def key_sections(keys):
    return text(*['data @d%d section "%s" { i32 1 }' % p for p in enumerate(keys)])


def key_files(keys):
    return text(*[line for i, k in enumerate(keys) for line in
                  ('func @f%d() -> i32 {' % i, 'b0():', '  !loc "%s" 1:1' % k, '  ret 0', '}')])


def key_comdats(keys):
    return ll(*['$%s = comdat any' % k for k in keys], *['@%s = global i32 1, comdat' % k for k in keys])


def key_cases(keys):
    return text('func @f(i64) -> i32 {', 'b0(v0: i64):', '  switch.i64 v0, b1 [%s]' % ', '.join(k + ': b1' for k in keys), 'b1():', '  ret 0', '}')


def key_temporaries(keys):
    return ll('export function w $f() {', '@start', *['\t%%%s =w copy 1' % k for k in keys], '\tret 0', '}')


DEBUG = ['!llvm.dbg.cu = !{!0}', '!llvm.module.flags = !{!2, !3}',
         '!1 = !DIFile(filename: "a.c", directory: "/")', '!2 = !{i32 2, !"Debug Info Version", i32 3}',
         '!3 = !{i32 7, !"Dwarf Version", i32 5}', '!4 = !DISubroutineType(types: !6)', '!6 = !{null}']
UNIT = '!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, emissionKind: FullDebug)'
SUBPROGRAM = '!5 = distinct !DISubprogram(name: "f", file: !1, line: 1, type: !4, scopeLine: 1, spFlags: DISPFlagDefinition, unit: !0, keyInstructions: true)'


def key_groups(keys):
    return ll('define void @f(ptr %p) !dbg !5 {', *['  store i32 %d, ptr %%p, !dbg !%d' % (i, 10 + i) for i in range(len(keys))],
              '  ret void, !dbg !9', '}', UNIT, *DEBUG, SUBPROGRAM,
              '!9 = !DILocation(line: 1, column: 1, scope: !5)',
              *['!%d = !DILocation(line: %d, column: 1, scope: !5, atomGroup: %s, atomRank: 1)' % (10 + i, 1 + i, k) for i, k in enumerate(keys)])


# The tables (FILE:NAME) that the row fills; input's file; what reads it; hash of the keys, N; input.
TABLES = [
    ('ir/module/module_symbols.c:symbol_hash', 'a.kir', 'compile', 'name', 8000, key_symbols),
    ('ir/lex/parse_lex.c:hash', 'a.kir', 'compile', 'name', 8000, key_values),
    ('lib/jit/symbols.c:name_hash', 'a.kir', 'run', 'name', 8000, key_functions),
    ('lib/object/image_sections.c:section_hash ir/module/module_sections.c:section_hash', 'a.kir', 'compile', 'name', 8000, key_sections),
    ('ir/module/session.c:file_hash', 'a.kir', 'compile -g', 'name', 8000, key_files),
    ('ir/module/module_comdats.c:comdat_hash', 'a.ll', 'compile', 'name', 8000, key_comdats),
    ('ir/verify.c:set', 'a.kir', 'compile', 'number', 8000, key_cases),
    ('frontends/qbe/read.h:hash', 'a.ssa', 'compile', 'qbe', 8000, key_temporaries),
    ('frontends/llvm/debug/keys.c:atom_hash', 'a.ll', 'compile', 'group', 8000, key_groups),
]

# Tables without a row, and why: no input of this tool chooses their hashes freely, or only a program does that calls the
# library. That a look-up in any table is short, whatever its hashes are, tests/unit/hash.c sees.
TREES = {
    'ir/debug/trie.c:hash': 'numbers of nodes, and names and forms of attributes',
    'ir/module/module_sigs.c:sig_hash': 'signatures',
    'ir/build/build_call.c:type_hash': 'numbers of symbols, of which each is a clause\'s type',
    'ir/inline/inline_debug.c:file_hash': 'file names, as ir/module/session.c',
    'lib/debug/rows.c:firsts': 'numbers of variables, and of locations that calls were inlined at',
    'lib/frontend/ssa.c:far_hash': 'numbers of variables and blocks',
    'lib/frontend/ctypes_abi.c:sig_hash': 'signatures in C',
    'lib/jit/resolve.c:merged_hash': 'names, as lib/jit/symbols.c',
    'lib/jit/ask.c:hash': 'names, as lib/jit/symbols.c',
    'lib/jit/find.c:strings': 'names, as lib/jit/symbols.c',
    'lib/jit/find.c:places': 'locations',
    'lib/dwarf/dwarf_shape.c:str_hash': 'texts of debug information, as ir/names.c; those of bitcode are not sought',
    'lib/dwarf/dwarf_line.c:file_hash': 'file names, as ir/module/session.c',
    'lib/dwarf/dwarf_line.c:dir_hash': 'names of folders, as ir/module/session.c',
    'lib/dwarf/dwarf_scope.c:scope_hash': 'numbers of entries, and of locations that calls were inlined at',
    'lib/check/check_flow.c:hash': 'numbers of blocks and places; the checker is for developers',
    'frontends/llvm/debug/loc.c:call_hash': 'numbers of metadata',
    'frontends/llvm/debug/keys.c:keyed_hash': 'numbers of metadata',
    'frontends/llvm/sigs.c:sig_hash': 'numbers of types and lists of attributes',
    'frontends/llvm/asm/asm_cache.c:hash': 'texts of assembly',
    'frontends/llvm/operation.c:intrinsic_hash': 'names of intrinsics, of a program that builds',
    'frontends/llvm/operation_type.c:type_hash': 'types, of a program that builds',
    'frontends/llvm/attrs.c:unknown_hash': 'names of attributes',
    'frontends/llvm/attrs.c:attr_hash': 'attributes',
    'frontends/llvm/attrs.c:list_hash': 'numbers of attributes',
}


def tables_of_source():
    """FILE:NAME of each table that is looked up by KN_HASH_EACH, NAME its last member; and lines with other hashes."""
    found, own = set(), []
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(ROOT, folder, '**', '*.[ch]'), recursive=True)):
            name = os.path.relpath(path, ROOT)
            if '/libkiln/' in name: # a copy, of the crate
                continue
            with open(path) as f:
                source = f.read()
            if name not in ('ir/hash.h', 'ir/hash.c'):
                for table in re.findall(r'\bKN_HASH_EACH\(\s*([^,]+),', source):
                    found.add('%s:%s' % (name, re.findall(r'\w+', table)[-1]))
            for line, words in enumerate(source.split('\n'), 1):
                if re.search(r'0x9e3779b|0x100000001b3|16777619', words) and '%s:' % name not in OWN:
                    own.append('%s:%d: a hash of its own' % (name, line))
    return found, own


# Files that multiply by such numbers, and why no table comes of it without a bound.
OWN = {
    'ir/hash.h:': 'the hash',
    'ir/names.c:': 'the hash of names',
    'ir/debug/trie.c:': 'for a table of ir/hash.h',
    'ir/build/build_call.c:': 'for a table of ir/hash.h',
    'lib/object/image_sections.c:': 'for a table of ir/hash.h',
    'lib/dwarf/dwarf_scope.c:': 'for a table of ir/hash.h',
    'lib/dwarf/dwarf_ranges.c:': 'one place for each: what it forgets is made again',
    'tools/identity.c:': 'the identity of a program',
    'tools/settings.c:': 'the identity of settings',
    'integrations/llvm/rerun.c:': 'lines that are sorted by it; equal ones count as one',
    'integrations/postgresql/cells.c:': 'addresses in memory, which no input chooses',
    'integrations/postgresql/operator.c:': 'addresses in memory, which no input chooses',
    'integrations/postgresql/search.c:': 'sorted where many share a place',
    'lib/codegen/walk.c:': 'random choices of a test',
}


def check():
    """Complains of tables without a row, rows without a table, and other hashes."""
    found, wrong = tables_of_source()
    rows = {t for row in TABLES for t in row[0].split()} | set(TREES)
    wrong += ['%s has no row in tests/tool/tables.py' % t for t in sorted(found - rows)]
    wrong += ['%s in tests/tool/tables.py is no table' % t for t in sorted(rows - found)]
    for line in wrong:
        print(line)
    return bool(wrong)


def main():
    build, collide = sys.argv[1:3]
    failed = False
    print('1..%d' % len(TABLES))
    with tempfile.TemporaryDirectory() as folder:
        c = chosen.Counter(build, folder)
        for number, (tables, file, verb, hash_, n, make) in enumerate(TABLES, 1):
            if shutil.which('valgrind') is None or not os.path.exists(os.path.join(build, chosen.PROGRAMS.get(verb, 'kiln'))):
                print('ok %d - %s # SKIP no valgrind, or no program' % (number, tables))
                continue

            def count(bits):
                keys = subprocess.run([collide, hash_, str(n), str(bits)], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
                content, name = make(keys), file
                if file.endswith('.ll'):
                    name = 'a.bc'
                    content = subprocess.run(['llvm-as-22', '-o', '-'], check=True, input=content, stdout=subprocess.PIPE).stdout
                return c.count(name, verb, content)
            is_, most = count(n.bit_length() + 2), 2 * count(0)
            print('%s %d - %s\n# %d instructions, at most %d' % ('ok' if is_ <= most else 'not ok', number, tables, is_, most), flush=True)
            failed |= is_ > most
    return failed


if __name__ == '__main__':
    sys.exit(check() if sys.argv[1:] == ['--check'] else main())
