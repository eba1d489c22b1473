#!/usr/bin/env python3
"""Names that are hard to write or to read, in each place of an object that a name reaches: the object is linked by GNU's
linker and by LLVM's, and what they made has the name, or Kiln refuses it and writes no object. A row of PLACES is a
place, a row of NAMES a name, of which a place has each second one, or all with --whole. Of COFF and of ELF. What shows names has each on one line: disassemblies, listings. Names
in debug information end at a NUL, and readers read what follows them.

    names.py --kiln=build/kiln
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../harness'))
import harness  # noqa: E402

# What is hard about a name, and its bytes.
NAMES = [
    ('a keyword of GNU\'s directives', b'data'), ('another', b'private'), ('a space', b'a b'), ('a quote', b'a"b'),
    ('an apostrophe', b"a'b"), ('a line\'s end', b'a\nb'), ('a tab', b'a\tb'), ('a comma', b'a,b'), ('an equals sign', b'a=b'),
    ('a colon', b'a:b'), ('a comment\'s sign', b'a#b'), ('a backslash', b'a\\b'), ('a digit first', b'1a'),
    ('an option', b'-export:z'), ('an offset of COFF', b'/4'), ('a long offset of COFF', b'//AAAAAB'), ('eight bytes', b'12345678'),
    ('a section\'s name', b'.text'), ('UTF-8', 'ä'.encode()), ('no UTF-8', b'a\xff\xfe'), ('5,000 bytes', b'x' * 5000),
    ('control characters', b'\x01\x7f'), ('a percent sign', b'a%sb'), ('a wildcard', b'a*b'),
    ('a version', b'a@b'), ('a version of its own', b'a@@b'), ('a NUL', b'a\0b'),
]
REFUSED = b'cannot name what contains'
F = 'func%s @"N"() -> i32%s {\nb0():\n  ret 3\n}\n'
CALLED = 'func%s @other() -> i32 {\nb0():\n  v0 = call @"N"()\n  ret v0\n}\n'
CALLER = 'declare @"N"() -> i32\n' + CALLED
DATA = 'data%s @"N" align 8 { i64 5 }\n'
COMMON = 'data common @"N" align 64 { zero 8 }\n'
USER = 'extern data @"N"\nfunc%s @other() -> i32 {\nb0():\n  v0 = load.i32 @"N"\n  ret v0\n}\n'
TLS = 'func%s @other() -> i32 {\nb0():\n  v0 = tls_addr @"N"\n  v1 = load.i32 v0\n  ret v1\n}\n'
TLS_USER = 'extern data tls(gd) @"N"\n' + TLS.replace('other', 'third') % ''
ALIAS = 'func @first() -> i32 {\nb0():\n  ret 3\n}\nalias @"N" = @first\n'
EXPORT = ' dllexport'


class Place:
    """`texts`: objects that are linked; "N" stands for the name. `refused`: bytes that are refused there, and by what
    words; NUL is everywhere. `exports`: what the linked library exports, if that is said. `shown`: what llvm-readobj
    is asked, and its words before the name."""
    def __init__(self, what, texts, refused=b'', exports=None, shown=('--symbols', b'    Name: ')):
        self.what, self.texts, self.refused, self.exports, self.shown = what, texts, refused, exports, shown


SECTION = ('--sections', b'    Name: ')
BOTH = ('N', 'other')
COFF = [
    Place('a function', [F % ('', ''), CALLER % EXPORT], exports=('other',)),
    Place('data', [DATA % '', USER % EXPORT], exports=('other',)),
    Place('an exported function', [F % (EXPORT, ''), CALLER % EXPORT], b'"\n,\xff=', BOTH),
    Place('exported data', [DATA % EXPORT, USER % EXPORT], b'"\n,\xff=', BOTH),
    Place('a hidden function', [F % (' hidden', ''), CALLER % ''], b'"\n,\xff:', ('other',)),
    Place('a common symbol', [COMMON, USER % EXPORT], b'"\n,\xff', ('other',)),
    Place('a weak function', [F % (' weak', '') + CALLED % EXPORT], exports=('other',)),
    Place('a function of which one is kept', [F % (' linkonce', ''), F % (' linkonce', '') + CALLED % EXPORT], exports=('other',)),
    Place('a thread-local variable', ['data tls(le) @"N" align 8 { i64 5 }\ndata @_tls_index align 4 { i32 0 }\n' + TLS % EXPORT],
          exports=('other',)),
    Place('an alias', [ALIAS, CALLER % EXPORT], exports=('other',)),
    Place('a section', [F.replace('"N"', 'other') % (EXPORT, ' section "N"')], exports=('other',), shown=SECTION),
]
ELF = [
    Place('a function', [F % ('', ''), CALLER % ''], exports=BOTH),
    Place('data', [DATA % '', USER % ''], exports=BOTH),
    Place('a hidden function', [F % (' hidden', ''), CALLER % ''], exports=('other',)),
    Place('a common symbol', [COMMON, USER % ''], exports=BOTH),
    Place('a weak function', [F % (' weak', ''), CALLER % ''], exports=BOTH),
    Place('a function of which one is kept', [F % (' linkonce', ''), F % (' linkonce', '') + CALLED % ''], exports=BOTH),
    Place('a thread-local variable', ['data tls(gd) @"N" align 8 { i64 5 }\n' + TLS % '', TLS_USER]),
    Place('an alias', [ALIAS, CALLER % ''], exports=('first', 'N', 'other')),
    Place('a section', [F.replace('"N"', 'other') % ('', ' section "N"')], exports=('other',), shown=SECTION),
]

# A function with a file, its folder, and a producer of that name; N is quoted as in LLVM's IR.
DEBUG = '''target triple = "x86_64-unknown-linux-gnu"
define i32 @other() !dbg !4 {
  ret i32 3, !dbg !7
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !8, producer: "N", emissionKind: FullDebug)
!1 = !DIFile(filename: "N", directory: "/N")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !{i32 7, !"Dwarf Version", i32 VERSION}
!4 = distinct !DISubprogram(name: "N", scope: !1, file: !1, line: 5, type: !5, unit: !0, spFlags: DISPFlagDefinition)
!5 = !DISubroutineType(types: !6)
!6 = !{null}
!7 = !DILocation(line: 6, scope: !4)
!8 = !DIFile(filename: "first.c", directory: "/N")
'''


def quoted(name):
    return ''.join(chr(c) if 32 <= c < 127 and c not in b'"\\' else '\\%02x' % c for c in name)


def output(*words):
    p = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return p.returncode, p.stdout


def main():
    p = harness.options(__doc__.splitlines()[0])
    args = p.parse_args()
    h = harness.Harness(args)

    def linkers(coff, out, objects):
        if coff:
            return [['x86_64-w64-mingw32-ld', '-shared', *objects, '-o', out + '.ld'],
                    ['ld.lld-22', '-m', 'i386pep', '-shared', '--entry=other', *objects, '-o', out + '.lld']]
        stubs = ['-z', 'notext', '--unresolved-symbols=report-all', '--defsym=__tls_get_addr=0', '-shared', *objects, '-o']
        return [['ld', *stubs, out + '.ld'], ['ld.lld-22', *stubs, out + '.lld']]

    def exported(coff, files):
        """Of each file the names, as bytes: those in the table of PE, or all global ones of the dynamic symbols."""
        _, text = output('llvm-readobj-22', '--coff-exports' if coff else '--dyn-syms', *files)
        return [exported_by(coff, of) for of in re.split(rb'(?m)^File: .*\n', text)[1:]]

    def exported_by(coff, text):
        if coff:
            return set(re.findall(rb'^  Name: ?((?:.|\n)*?)\n  RVA', text, re.M))
        found = [re.match(rb'    Name: ?((?:.|\n)*?) \(\d+\)\n    Value: ', of) for of in text.split(b'  Symbol {\n')[1:]
                 if re.search(rb'\n    Binding: (?:Global|Weak) ', of)]
        return {name[1] for name in found if name} - {b'__tls_get_addr'}

    def problem(coff, place, name, at):
        """What is wrong; None: nothing."""
        objects = []
        bad = b'\0' in name or any(c in place.refused for c in name)
        for k, text in enumerate(place.texts):
            source = h.write('%s.%d.kir' % (at, k), text.replace('"N"', '"%s"' % quoted(name)))
            objects.append(h.path('%s.%d.o' % (at, k)))
            status, said = output(args.kiln, 'compile', '--pic=full' if not coff else '--pic=static',
                                  '--target=' + ('x86_64-windows' if coff else 'x86_64'), source, '-o', objects[-1])
            if bad and status == 1 and (b'NUL' in said if b'\0' in name else REFUSED in said) and not os.path.exists(objects[-1]):
                return None
            if bad or status != 0: return 'status %d, expected %s: %s' % (status, 'a refusal' if bad else 0, said[-300:])
        _, shown = output('llvm-readobj-22', place.shown[0], objects[0])
        if place.shown[1] + name + b' (' not in shown and (not coff or place.shown[1] + name + b'\n' not in shown):
            return 'the object does not have it'
        linked = linkers(coff, h.path(at + '.out'), objects)
        for words in linked:
            status, said = output(*words)
            if status != 0: return '%s: %s' % (words[0], said[-300:])
        if place.exports is None: return None
        expected = {name if e == 'N' else e.encode() for e in place.exports}
        found = exported(coff, [words[-1] for words in linked])
        if found != [expected] * len(linked):
            return '%s export %s, expected %s' % (' and '.join(words[0] for words in linked), found, sorted(expected))
        return None

    def lines_shown(words):
        status, out = output(*words)
        return out.split(b'\n') if status == 0 else ['status %d: %s' % (status, out[-300:])]

    def shown(name):
        """A function, what it calls, a section: `kiln dis` and a listing have as many lines as with another name."""
        found = []
        for k, this in enumerate((b'plain', name)):
            text = (F % ('', ' section "N"') + CALLED % '').replace('"N"', '"%s"' % quoted(this))
            source, made = h.write('shown.%d.kir' % k, text), h.path('shown.%d.o' % k)
            listing = lines_shown([args.kiln, 'compile', '--target=x86_64', '--listing', source, '-o', made])
            found.append((listing, lines_shown([args.kiln, 'dis', made])))
        escaped = re.sub(rb'[\0-\x1f\x7f]', lambda c: b'\\%02x' % c[0][0], name)
        for what, plain, lines in zip(('a listing', 'kiln dis'), *found):
            if name != b'.text' and len(plain) != len(lines): return '%s: %r' % (what, lines[:20])
            if re.search(rb'[\0-\x1f\x7f]', b''.join(lines)): return '%s: control characters' % what
            if not any(line.startswith(b'section ' + escaped) for line in lines): return '%s: no section: %r' % (what, lines[:9])
            if not any(b' R_X86_64_PLT32 ' + escaped + b'-0x4' in line for line in lines): return '%s: no call' % what
        return None

    def debugged(name):
        ends = name.split(b'\0')[0]
        said = ''.join(chr(c) if 32 <= c < 127 and c not in b'"\\' else '\\%02x' % c for c in name)
        for version in '4', '5':
            source = h.write('debug.ll', DEBUG.replace('VERSION', version).replace('N"', said + '"'))
            bitcode, made = h.path('debug.bc'), h.path('debug.o')
            for words in ['llvm-as-22', source, '-o', bitcode], [args.kiln, 'compile', bitcode, '-o', made]:
                status, out = output(*words)
                if status != 0: return '%s: %s' % (words[0], out[-300:])
            _, rows = output('readelf', '--debug-dump=decodedline', made)
            if not re.search(rb'(?m)^\S.* 6 +0 .*x$', rows): return 'DWARF %s: no line 6: %r' % (version, rows[-300:])
            _, tree = output('llvm-dwarfdump-22', '--debug-line', '--debug-info', made)
            if b'warning' in tree or b'error' in tree: return 'DWARF %s: %r' % (version, tree[:300])
            plain = re.fullmatch(rb'[ -~]*', ends) and not re.search(rb'["\\\'/]', ends)
            if plain and (b'name: "%s"' % ends not in tree or b'DW_AT_name\t("%s")' % ends not in tree):
                return 'DWARF %s: no %s' % (version, ends)
        return None

    def check_readers(row):
        what, find, lacks = row
        if lacks: return h.skip(what, lacks)
        wrong = ['%s: %s' % (hard, found) for hard, name in NAMES for found in [find(name)] if found]
        if wrong: h.fail(what, '\n'.join(wrong))
        else: h.ok('%s: %d names' % (what, len(NAMES)))

    def check(row):
        coff, k = row
        place = (COFF if coff else ELF)[k]
        what = '%s: %s' % ('COFF' if coff else 'ELF', place.what)
        wrong, names = [], harness.sample(NAMES, 2, k % 2)
        for i, (hard, name) in enumerate(names):
            if not coff and b'@' in name: continue # a version: see unit/elf
            found = problem(coff, place, name, '%d.%d.%d' % (coff, k, i))
            if found: wrong.append('%s: %s' % (hard, found))
        if wrong: h.fail(what, '\n'.join(wrong))
        else: h.ok('%s: %d names' % (what, len(names)))

    coff = [(True, k) for k in range(len(COFF))]
    if not shutil.which('x86_64-w64-mingw32-ld'):
        for place in COFF: h.skip('COFF: ' + place.what, 'no MinGW')
        coff = []
    no_dis = None if os.path.exists(args.kiln + '-dis') else 'no kiln-dis'
    h.each(check_readers, [('what shows names', lambda name: None if b'\0' in name else shown(name), no_dis),
                           ('debug information', debugged, None if shutil.which('llvm-as-22') else 'no llvm-as-22')])
    h.each(check, coff + [(False, k) for k in range(len(ELF))])
    h.finish()


if __name__ == '__main__':
    main()
