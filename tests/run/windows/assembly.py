#!/usr/bin/env python3
"""Assembly in objects for Windows: the sections that module assembly makes have the name, flags, content, relocations
and groups that clang's object of the same source has, and its symbols are what they are there; so by MinGW's assembler,
where clang is missing. What an object cannot have is refused by name. Needs no wine.

    assembly.py --kiln=build/kiln
"""
import os
import re
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

GNU = 'x86_64-w64-windows-gnu'
GNU_AS = 'x86_64-w64-mingw32-as'
ALIGN, COMDAT, ZERO, CODE, MANY = 0xf << 20, 0x1000, 0x80, 0x20, 1 << 24
FRAME = (' pushq %rbp\n.seh_pushreg %rbp\n subq $64,%rsp\n.seh_stackalloc 64\n leaq 16(%rsp),%rbp\n.seh_setframe %rbp,16\n'
         ' movq %rsi,24(%rsp)\n.seh_savereg %rsi,24\n movaps %xmm7,32(%rsp)\n.seh_savexmm %xmm7,32\n.seh_endprologue\n'
         ' movaps 32(%rsp),%xmm7\n movq 24(%rsp),%rsi\n addq $64,%rsp\n popq %rbp\n ret\n')
FLAGS = ['', 'x', 'w', 'd', 'b', 'n', 'r', 'y', 'i', 's', 'dr', 'dw', 'xr', 'xw', 'rx', 'xd', 'bw', 'dn', 'yn', 'ds', 'wr',
         'di', 'dy', 'D', 'dD', 'xrs']
# Name, assembly.
ROWS = [('.section with flags "%s"' % flags, '.section sec%s\n.globl v\nv: .%s\n.text\n'
         % (flags and ',"%s"' % flags, 'skip 4' if 'b' in flags else 'long 5')) for flags in FLAGS] + [
    ('names of sections without flags', ''.join('.section %s\n.long %d\n' % (name, k) for k, name in enumerate(
        ['.rdata$x', '.text$x', '.data$y', '.CRT$XCU', '.rodata', '.debug_frame', '.idata$5', 'a_rather_long_name_of_a_section']))),
    ('.data and .bss', '.data\na: .quad b\n.bss\nb: .skip 24\n.text\n'),
    ('.comm and .lcomm', '.comm one,64,6\n.comm two,3\n.lcomm three,8\n.globl four\n.data\nfour: .quad three, one, two\n'),
    ('.def', '.def f; .scl 2; .type 32; .endef\n.globl f\nf: call g\n ret\n.def g; .scl 3; .type 32; .endef\ng: ret\n'),
    ('relocations', '.globl f\nf: call g\n leaq h+8(%rip),%rax\n movl $5,h(%rip)\n movb $5,h+4(%rip)\n movw $5,h-4(%rip)\n'
     ' movabsq $h,%rax\n movl $g,%eax\n ret\n.data\n.quad h+1\n.long h@IMGREL\n.rva f, h, g+2\n.secrel32 h\n.secidx h\n.secidx f\n'
     '.long f-1f\n1: .secrel32 g\n'),
    ('a weak definition', '.weak f\n.globl g\nf: ret\ng: call f\n ret\n'),
    ('a weak name', '.weak f\n.data\n.quad f\n'),
    ('an absolute name', '.globl n\nn = 77\n.data\n.quad n\n'),
    ('groups', '.section .rdata$g,"dr",discard,g\n.globl g\ng: .long 1\n.section .text$h,"xr",discard,h\n.globl h\nh: ret\n'
     '.section .data$h,"dw",associative,h\nlocal: .quad h\n'),
    ('.linkonce', '.section .data$once\n.linkonce discard\n.globl once\nonce: .long 3\n'),
    ('.pushsection', '.pushsection .rdata,"dr"\nc: .asciz "text"\n.popsection\n.globl f\nf: leaq c(%rip),%rax\n ret\n'),
    ('.drectve', '.section .drectve,"yni"\n.ascii " -export:f"\n.text\n.globl f\nf: ret\n'),
    ('rows of frames', '.globl f\n.seh_proc f\nf:\n' + FRAME + '.seh_endproc\n.globl g\n.seh_proc g\ng: subq $4000,%rsp\n'
     '.seh_stackalloc 4000\n.seh_endprologue\n addq $4000,%rsp\n ret\n.seh_endproc\nleaf: ret\n'),
    ('a frame of the machine', '.seh_proc f\nf:\n.seh_pushframe @code\n pushq %rax\n.seh_pushreg %rax\n.seh_endprologue\n'
     ' iretq\n.seh_endproc\n'),
    ('a handler', '.seh_proc f\n.seh_handler watch,@unwind,@except\nf: subq $40,%rsp\n.seh_stackalloc 40\n.seh_endprologue\n'
     ' call watch\n addq $40,%rsp\n ret\n.seh_handlerdata\n.long 42\n.rva f\n.text\n.seh_endproc\n'),
    ('frames of a group', '.section .text$f,"xr",discard,f\n.globl f\n.seh_proc f\nf:\n' + FRAME + '.seh_endproc\n'),
    ('rows of DWARF', '.globl f\nf: .cfi_startproc\n pushq %rbp\n .cfi_adjust_cfa_offset 8\n popq %rbp\n .cfi_adjust_cfa_offset -8\n'
     ' ret\n .cfi_endproc\n'),
]
BY_GNU = ['.section with flags ""', '.section with flags "x"', '.section with flags "dr"', '.comm and .lcomm', '.def',
          'a weak definition', 'rows of frames', 'a handler', '.data and .bss']
# Name, C, what the error contains.
REFUSED = [
    ('numbers of symbols', '__asm__(".section .gfids$y,\\"dr\\"\\n.symidx f\\n.text\\nf: ret\\n");', '.symidx'),
    ('DWARF\'s rows in a naked function', '__attribute__((naked)) void f(void) { __asm__(".cfi_startproc\\nsubq $40,%rsp\\n'
     '.cfi_adjust_cfa_offset 40\\naddq $40,%rsp\\nret\\n.cfi_endproc"); }', '.cfi_ directives within a function for Windows'),
    ('rows of frames in a naked function', '__attribute__((naked)) void f(void) { __asm__(".seh_proc f\\nsubq $40,%rsp\\n'
     '.seh_stackalloc 40\\n.seh_endprologue\\naddq $40,%rsp\\nret\\n.seh_endproc"); }', '.seh_ directives within a function'),
    ('a weak name of what is elsewhere', '__asm__(".weak f\\nf = g\\n");', 'a weak name of an undefined symbol'),
]


def string(table, at):
    return table[at:table.index(b'\0', at)].decode()


def read(path):
    """What an object's sections and symbols are: two dictionaries."""
    data = open(path, 'rb').read()
    n, symbols, n_symbols = struct.unpack_from('<H4xII', data, 2)
    strings = data[symbols + 18 * n_symbols:]

    def name_of(raw):
        if raw[:1] == b'/': return string(strings, int(raw[1:].rstrip(b'\0')))
        return raw.rstrip(b'\0').decode()

    heads = []
    for k in range(n):
        raw, size, at, relocs, n_relocs, flags = struct.unpack_from('<8s8xIII4xH2xI', data, 20 + 40 * k)
        content = b'' if flags & ZERO or at == 0 else data[at:at + size]
        heads.append([name_of(raw), size, flags, content, relocs, n_relocs, 0, 0])
    rows, by_number, weak, all_places = {}, {}, {}, {}
    k = 0
    while k < n_symbols:
        raw, value, section, kind, storage, aux = struct.unpack_from('<8sIhHBB', data, symbols + 18 * k)
        name = string(strings, struct.unpack('<I', raw[4:])[0]) if raw[:4] == bytes(4) else name_of(raw)
        more = data[symbols + 18 * (k + 1):symbols + 18 * (k + 1 + aux)]
        own = storage == 3 and aux and section > 0
        if own: heads[section - 1][6:] = [more[14], struct.unpack_from('<H', more, 12)[0]]
        where = heads[section - 1][0] if section > 0 else section
        by_number[k] = (where, value) if section > 0 and storage == 3 else (name, 0)
        where = (where, value)
        if section >= 0 and storage != 105: all_places[k] = where
        if section == -1: all_places[k] = ('number', value)
        if storage == 105: weak[name] = struct.unpack_from('<I', more)[0]
        elif storage == 2 and not name.startswith('.weak.'): rows[name] = where
        k += 1 + aux
    for name, number in weak.items(): rows[name] = ('weak', all_places.get(number))
    sections = {}
    for name, size, flags, content, relocs, n_relocs, select, number in heads:
        if size == 0 or name in ('.llvm_addrsig', '.debug$S'): continue
        fields, found = bytearray(content), []
        for r in range(n_relocs):
            at, symbol, kind = struct.unpack_from('<IIH', data, relocs + 10 * r)
            form = {1: '<q', 10: '<h'}.get(kind, '<i')
            addend = struct.unpack_from(form, content, at)[0]
            struct.pack_into(form, fields, at, 0)
            to, base = by_number[symbol]
            # from the field's end on: a distance from that of four bytes
            wide = kind - 4 if 4 <= kind <= 9 else 0
            found.append((at, kind - wide, to, 0 if kind == 10 else addend + base - wide))
        if name == '.drectve': # in any order, and with names in any quotes
            fields = b' '.join(sorted(bytes(fields).replace(b'"', b'').replace(b'\0', b' ').split()))
            size = flags = 0
        with_ = heads[number - 1][0] if select == 5 else ''
        sections.setdefault(name, []).append((size, flags & ~(ALIGN | MANY), select, with_, bytes(fields), tuple(sorted(found))))
    return {name: sorted(of) for name, of in sections.items()}, rows


def resolved(rows, sections):
    """Without what differs among assemblers: relocations name a global symbol, or where it is; groups of tables."""
    places = {name: row for name, row in rows.items() if isinstance(row[0], str) and row[0] != 'weak'}

    def one(reloc):
        at, kind, to, addend = reloc
        place = places.get(to)
        return (at, kind, place[0], 0 if kind == 10 else addend + place[1]) if place else reloc

    def row(name, size, flags, select, with_, content, relocs):
        if name[:6] in ('.xdata', '.pdata'): flags, select, with_ = flags & ~COMDAT, 0, ''
        content, left = bytearray(content), []
        for at, kind, to, addend in map(one, relocs):
            if kind == 4 and to == name and len(sections[name]) == 1:
                struct.pack_into('<i', content, at, addend - at - 4)
            else:
                left.append((at, kind, to, addend))
        return size, flags, select, with_, bytes(content), tuple(sorted(left))
    return {name.split('$')[0] if name[:6] in ('.xdata', '.pdata') else name: [row(name, *of) for of in all_of]
            for name, all_of in sections.items()}


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())

    def compile_(name, text, env=None, check=True):
        base = h.path(re.sub(r'\W', '_', name))
        with open(base + '.c', 'w') as f: f.write(text)
        h.run(['clang-22', '--target=' + GNU, '-w', '-O1', '-c', '-emit-llvm', base + '.c', '-o', base + '.bc'])
        return base, h.run([h.args.kiln, 'compile', base + '.bc', '-o', base + '.o'], check=check, env=env)

    def check(row, env=None, by=''):
        name, assembly = row
        text = '__asm__("%s");\n' % assembly.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')
        base, _ = compile_(name + by, text, env)
        with open(base + '.s', 'w') as f: f.write(assembly)
        if by: h.run([GNU_AS, base + '.s', '-o', base + '.ref.o'])
        else: h.run(['clang-22', '--target=' + GNU, '-c', base + '.s', '-o', base + '.ref.o'])
        (sections, rows), (wanted, names) = read(base + '.o'), read(base + '.ref.o')
        sections, wanted = resolved(rows, sections), resolved(names, wanted)
        if sections == wanted and rows == names and (sections or rows):
            h.ok(name + by)
        else:
            h.fail(name + by, '%s\nexpected\n%s\n%s, expected %s' % (sections, wanted, rows, names))

    def check_refused(row):
        name, text, want = row
        base, (status, _, errors) = compile_(name, text, check=False)
        if status == 1 and want in errors and not os.path.exists(base + '.o'): h.ok(name + ' is refused')
        else: h.fail(name + ' is refused', 'status %d: %s' % (status, errors))

    def check_by_gnu(row):
        check(row, dict(os.environ, KILN_CLANG='/nonexistent'), ' by GNU as')

    def check_text():
        """Relocations by number in the text form: printed as they were, in the object; what has no such field is refused."""
        good = ('target x86_64-windows\nextern data @far\ndata @x section "numbers" {\n  reloc32 3 @far+8\n  reloc32 11 @x\n'
                '  reloc16 10 @far\n}\n')
        with open(h.path('text.kir'), 'w') as f: f.write(good)
        _, printed, _ = h.run([h.args.kiln, 'print', '--target=x86_64-windows', h.path('text.kir')])
        h.run([h.args.kiln, 'compile', '--target=x86_64-windows', h.path('text.kir'), '-o', h.path('text.o')])
        got = read(h.path('text.o'))[0]['numbers'][0][5]
        if printed == good and got == ((0, 3, 'far', 8), (4, 11, 'x', 0), (8, 10, 'far', 0)): h.ok('relocations by number')
        else: h.fail('relocations by number', '%s\n%s' % (printed, got))
        for line, want in (('reloc32 70000 @x', 'must be at most 65535'), ('reloc16 3 @x', 'COFF has no such relocation'),
                           ('reloc64 1 @x', 'COFF has no such relocation')):
            with open(h.path('wrong.kir'), 'w') as f: f.write('data @x {\n  %s\n}\n' % line)
            status, _, errors = h.run([h.args.kiln, 'compile', '--target=x86_64-windows', h.path('wrong.kir'),
                                       '-o', h.path('wrong.o')], check=False)
            if status == 1 and want in errors: h.ok(line + ' is refused')
            else: h.fail(line + ' is refused', 'status %d: %s' % (status, errors))

    h.each(check, ROWS)
    check_text()
    h.each(check_refused, REFUSED)
    if shutil.which(GNU_AS): h.each(check_by_gnu, [row for row in ROWS if row[0] in BY_GNU])
    else: h.skip('by GNU as', GNU_AS + ' is missing')
    h.finish()


if __name__ == '__main__':
    main()
