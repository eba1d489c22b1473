#!/usr/bin/env python3
"""tables.py BUILD COLLIDE FILL: tables of hashes (base/hash.h), each filled with keys that the hash itself puts in few
places, and with as many ordinary ones: by an input (TABLES; collide.c has the hashes), or by a program that calls the
library (fill.c, which has rows of its own). Chosen keys may take twice the executed instructions; if they take hardly
more, they share no places, and the row tests nothing. Speaks TAP.
tables.py --check: only checks that each table of the source has a row."""
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
sys.path.insert(1, os.path.join(ROOT, 'tests/harness'))
import bitstream  # noqa: E402

FOLDERS = ('base', 'ir', 'lib', 'targets', 'dwarf', 'frontends', 'assembler', 'interp', 'tools', 'integrations')


# ---- inputs, by the keys ----

def ll(*lines):
    return '\n'.join([*lines, '']).encode()


def key_symbols(keys):
    return text(*['extern data @%s' % k for k in keys])


def key_renames(keys):
    """Some of many symbols have other names in the object."""
    return text(*['extern data @d%d' % i for i in range(1, 20 * len(keys))], *['rename @d%s "e%s"' % (k, k) for k in keys])


def key_values(keys):
    return text('func @f(i32) -> i32 {', 'b0(v0: i32):', '  %s = add.i32 v0, 1' % keys[0],
                *['  %s = add.i32 %s, 1' % p for p in zip(keys[1:], keys)], '  ret ' + keys[-1], '}')


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


def key_calls(keys):
    """Calls at some of many locations; all are kept, so that they have the same numbers."""
    return ll('define void @f(ptr %p) !dbg !5 {', *['  store i32 0, ptr %%p, !dbg !DILocation(line: %d, column: 1, scope: !8, inlinedAt: !%d)' % (i + 1, 10 + int(k)) for i, k in enumerate(keys)],
              '  ret void', '}', UNIT, *DEBUG, SUBPROGRAM, SUBPROGRAM.replace('!5', '!8').replace('"f"', '"g"'),
              *['!%d = distinct !DILocation(line: %d, column: 1, scope: !5)' % (10 + i, 1 + i) for i in range(1, 20 * len(keys))],
              '!keep = !{%s}' % ', '.join('!%d' % (10 + i) for i in range(1, 20 * len(keys))))


def key_scopes(keys):
    """Locations in some of many blocks; all are kept, so that they have the same numbers."""
    return ll('define void @f(ptr %p) !dbg !5 {', *['  store i32 0, ptr %%p, !dbg !DILocation(line: %d, scope: !%d, atomGroup: %d, atomRank: 1)' % (i + 1, 10 + int(k), i + 1) for i, k in enumerate(keys)],
              '  ret void', '}', UNIT, *DEBUG, SUBPROGRAM,
              *['!%d = distinct !DILexicalBlock(scope: !5, file: !1, line: %d)' % (10 + i, 1 + i) for i in range(1, 20 * len(keys))],
              '!keep = !{%s}' % ', '.join('!%d' % (10 + i) for i in range(1, 20 * len(keys))))


def key_parameters(keys):
    chosen_ones = set(keys)
    return ll('declare void @f(%s)' % ', '.join('i32 zeroext' if str(i + 1) in chosen_ones else 'i32' for i in range(18 * len(keys))))


def key_lists(keys):
    """The first two say in which order attributes are numbered."""
    lists = [0, 2 ** 15 - 1, *[int(k) for k in keys]]
    return ll(*['declare void @f%d(%s)' % (n, ', '.join('i32 zeroext' if i >> k & 1 else 'i32 signext' for k in range(15))) for n, i in enumerate(lists)])


def key_attributes(keys):
    return newer(ll('declare void @f() #0', 'attributes #0 = { %s }' % ' '.join(keys)))


def newer(lines):
    """Bitcode of a version of LLVM that Kiln does not know."""
    blocks = bitstream.Reader(chosen.bitcode(lines)).top()
    blocks[0].records(1)[0].ops = list(b'LLVM999')
    return bytes(bitstream.Writer().top(blocks))


# The tables (FILE:NAME) that the row fills; input's file; what reads it; hash of the keys, N; input.
TABLES = [
    ('ir/module/module_symbols.c:symbol_hash', 'a.kir', 'compile', 'name', 2000, key_symbols),
    ('ir/module/module_symbols.c:rename_hash', 'a.kir', 'compile', 'metadata', 1000, key_renames),
    ('ir/lex/parse_lex.c:hash', 'a.kir', 'compile', 'value', 2000, key_values),
    ('lib/jit/symbols.c:name_hash', 'a.kir', 'run', 'name', 2000, key_functions),
    ('lib/image/image_sections.c:section_hash ir/module/module_sections.c:section_hash', 'a.kir', 'compile', 'name', 4000, key_sections),
    ('ir/module/session.c:file_hash', 'a.kir', 'compile -g', 'name', 4000, key_files),
    ('ir/module/module_comdats.c:comdat_hash', 'a.ll', 'compile', 'name', 2000, key_comdats),
    ('ir/verify.c:set', 'a.kir', 'compile', 'number', 2000, key_cases),
    ('frontends/qbe/read.h:hash', 'a.ssa', 'compile', 'qbe', 4000, key_temporaries),
    ('frontends/llvm/debug/keys.c:atom_hash', 'a.ll', 'compile', 'group', 2000, key_groups),
    ('frontends/llvm/debug/loc.c:call_hash', 'a.ll', 'compile', 'metadata', 1000, key_calls),
    ('frontends/llvm/debug/keys.c:keyed_hash', 'a.ll', 'compile', 'metadata', 1000, key_scopes),
    ('frontends/llvm/attrs.c:attr_hash', 'a.ll', 'compile', 'parameter', 3000, key_parameters),
    ('frontends/llvm/attrs.c:list_hash', 'a.ll', 'compile', 'list', 1000, key_lists),
    ('frontends/llvm/attrs.c:unknown_hash', 'a.bc', 'compile', 'quoted', 1000, key_attributes),
]

def filled():
    """The tables that fill.c fills, in its order."""
    with open(os.path.join(ROOT, 'tests/tool/fill.c')) as f:
        return re.findall(r'^  \{"([^"]+)", ', f.read(), re.M)


def counts_of_fill(fill, folder):
    """Of each of its tables: instructions with chosen keys, and with ordinary ones; or why there are none."""
    out = os.path.join(folder, 'counts')
    run = subprocess.run(['valgrind', '--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=' + out, fill],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    if run.returncode == 77: return 'no header of valgrind'
    if run.returncode != 0: sys.exit(run.stderr)
    assert run.stdout.split() == filled()

    def total(number):
        with open('%s.%d' % (out, number)) as f:
            return int(re.search(r'^totals: (\d+)', f.read(), re.M).group(1))
    return {t: (total(2 * i + 2), total(2 * i + 1)) for i, t in enumerate(filled())}


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
            if name not in ('base/hash.h', 'base/hash.c'):
                for table in re.findall(r'\bKN_HASH_EACH\(\s*([^,]+),', source):
                    found.add('%s:%s' % (name, re.findall(r'\w+', table)[-1]))
            for line, words in enumerate(source.split('\n'), 1):
                if re.search(r'0x9e3779b|0x100000001b3|16777619', words) and '%s:' % name not in OWN:
                    own.append('%s:%d: a hash of its own' % (name, line))
    return found, own


# Files that multiply by such numbers, and why no table comes of it without a bound.
OWN = {
    'base/hash.h:': 'the hash',
    'base/names.c:': 'the hash of names',
    'ir/debug/trie.c:': 'for a table of base/hash.h',
    'ir/builder/build_call.c:': 'for a table of base/hash.h',
    'lib/image/image_sections.c:': 'for a table of base/hash.h',
    'lib/dwarf/dwarf_scope.c:': 'for a table of base/hash.h',
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
    rows = {t for row in TABLES for t in row[0].split()} | set(filled())
    wrong += ['%s has no row in tests/tool/tables.py' % t for t in sorted(found - rows)]
    wrong += ['%s in tests/tool/tables.py is no table' % t for t in sorted(rows - found)]
    for line in wrong:
        print(line)
    return bool(wrong)


def count_input(c, collide, row):
    """Instructions of `kiln` with chosen keys, and with ordinary ones."""
    tables, file, verb, hash_, n, make = row

    def count(bits):
        keys = subprocess.run([collide, hash_, str(n), str(bits)], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        return c.count(file, verb, make(keys))
    return count((2 * n - 1).bit_length()), count(0)


def main():
    build, collide, fill = sys.argv[1:4]
    failed = False
    by_fill = filled()
    print('1..%d' % (len(TABLES) + len(by_fill)))
    with tempfile.TemporaryDirectory() as folder:
        c = chosen.Counter(build, folder)
        no_valgrind = shutil.which('valgrind') is None
        counts = 'no valgrind' if no_valgrind else counts_of_fill(fill, folder)
        for number, row in enumerate(TABLES + [(t,) for t in by_fill], 1):
            title, skip = '%d - %s' % (number, row[0]), None
            if len(row) == 1: skip = counts if isinstance(counts, str) else None
            elif no_valgrind or not os.path.exists(os.path.join(build, chosen.PROGRAMS.get(row[2].split()[0], 'kiln'))):
                skip = 'no valgrind, or no program'
            if skip:
                print('ok %s # SKIP %s' % (title, skip))
                continue
            is_, ordinary = counts[row[0]] if len(row) == 1 else count_input(c, collide, row)
            good = 1.01 * ordinary <= is_ <= 2 * ordinary
            print('%s %s\n# %d instructions, at most %d, and more than %d' % ('ok' if good else 'not ok', title, is_, 2 * ordinary, 1.01 * ordinary), flush=True)
            failed |= not good
    return failed


if __name__ == '__main__':
    sys.exit(check() if sys.argv[1:] == ['--check'] else main())
