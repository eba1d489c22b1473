#!/usr/bin/env python3
"""What bitcode can ask for, each with its verdict (frontends/llvm/support.def): every enum attribute, convention and bundle of
LLVM's headers, every row of the table. What is refused gives an error that names it and, of a function, the function;
the rest compiles, and what functions can have runs. frontends/llvm/supported.md has to show the table, and that of
intrinsics (frontends/llvm/intrinsics).

    support.py --kiln=build/kiln [--docs]     --docs: writes frontends/llvm/supported.md instead
"""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '../../..'))
sys.path.insert(0, os.path.join(HERE, '../../harness'))
import harness  # noqa: E402
import llvm  # noqa: E402

HEADERS = '/usr/lib/llvm-22/include/llvm'


def table():
    """The rows of support.def: {kind: [(number or None, name, verdict, text)]}."""
    rows = {}
    text = open(os.path.join(ROOT, 'frontends/llvm/support.def')).read()
    for m in re.finditer(r'^([A-Z]+)\((?:(\d+), )?"([^"]*)",\s*([A-Z]+),\s*"([^"]*)"\)$', text, re.M):
        rows.setdefault(m[1], []).append((int(m[2]) if m[2] else None, m[3], m[4], m[5]))
    written = len(re.findall(r'^[A-Z]+\(', text, re.M))
    assert written == sum(map(len, rows.values())), 'a row that cannot be read'
    return rows


# ---- the documentation ----

TITLES = [
    ('ATTR', 'Attributes with a number'), ('STRING', 'String attributes'), ('FEATURE', 'Target features'),
    ('CONVENTION', 'Calling conventions'), ('FLAG', 'Module flags'), ('BUNDLE', 'Operand bundles'),
    ('METADATA', 'Metadata of functions, variables and instructions'),
    ('KIND', 'Metadata of functions and variables, of kinds without a number'), ('NAMED', 'Named metadata'), ('PROPERTY', 'What else there is'),
    ('INTRINSIC', 'Intrinsics that are refused where they are called'),
]
FLAGS = [('REFUSED', 'Flags of `kiln cc`', 'unless'), ('SYSTEM', 'Flags of `kiln cc` for Windows', 'unless'), ('SANITIZER', 'Parts of `-fsanitize=`', 'part of'),
         ('ASSEMBLER', 'Flags after `-Wa,` and `-Xassembler`, beside all that clang does not know', 'unless')]
SAY = {'DONE': 'implemented', 'IDLE': 'no effect', 'VALUE': 'depends', 'REFUSED': 'refused',
       'UNLESS': 'refused unless `%s`', 'CALLED': 'refused where called', 'BOTH': 'refused, and where called'}


# What the letters of frontends/llvm/intrinsics/intrinsic.h stand for, and how rows are built.
LETTERS = {'v': 'nothing', 'p': 'pointer', 'i': 'integer', 'I': 'integer of any width', 't': 'integer, not `i1`',
           'n': 'integer or pointer', 'b': '`i1`', 'h': '`i16`', 'w': '`i32`', 'l': '`i64`', 'f': 'float',
           'F': '`float` or `double`', 'a': 'struct', '=': 'same', 'm': 'metadata', '*': 'any'}
PROCESSORS = [('x86_64', 'x86-64: an instruction for each register', ('processor', 'neither')),
              ('x86_64', 'x86-64: several instructions', None), ('x86_64', 'x86-64: operands in certain registers', ('code',)),
              ('aarch64', 'AArch64: several instructions', None),
              ('aarch64', 'AArch64: operands in certain registers', ('code',))]


def intrinsics(part):
    """The rows of a part of the table of intrinsics: [(name, operands, how, function)], which have to be sorted."""
    text = open(os.path.join(ROOT, 'frontends/llvm/intrinsics/%s.def' % part)).read()
    rows = re.findall(r'^  ROW\("([^"]+)", "([^"]*)", ([A-Z_ |]+), (\w+)', text, re.M)
    rows += [(name, regs, 'ITSELF', 'code') for name, regs in re.findall(r'^  CODE\("([^"]+)", "([^"]*)",', text, re.M)]
    names = re.findall(r'^  (?:ROW|CODE)\("([^"]+)"', text, re.M)
    assert len(rows) == len(re.findall(r'^ *[A-Z]+\(', text, re.M)), 'a row that cannot be read'
    assert names == sorted(set(names)), 'rows of %s.def that are not sorted' % part
    return sorted(rows)


def documented_intrinsics():
    """The part about intrinsics: generic ones by what their operands are, those of processors by how they are built."""
    out = ['', '## Intrinsics', '', 'Without "llvm."; a type may follow. Those of x86-64 and AArch64 are, beside what is '
           'listed, the instructions of `targets/*/machine.def` by their names.', '',
           '| result | arguments | of vectors | |', '|---|---|---|---|']
    groups = {}
    for name, operands, how, _ in intrinsics('generic'):
        vectors = 'as they are' if 'ITSELF' in how else 'yes' if any(w in how for w in ('WHOLE', 'LANES', 'VECTORS')) else ''
        groups.setdefault((operands or '**', vectors), []).append('`%s`' % name)
    for (operands, vectors), names in sorted(groups.items()):
        words = [LETTERS[letter] for letter in operands]
        out.append('| %s | %s | %s | %s |' % (words[0], ', '.join(words[1:]), vectors, ', '.join(names)))
    out += ['', '| of processors | |', '|---|---|']
    for part, title, functions in PROCESSORS:
        names = ['`%s`' % name for name, _, _, function in intrinsics(part)
                 if (function in functions if functions else function not in ('processor', 'neither', 'code'))]
        out.append('| %s | %s |' % (title, ', '.join(names)))
    return out


def documented():
    """frontends/llvm/supported.md: a row for each verdict and reason, with all names of which they are true."""
    out = ['# Bitcode: tables', '', 'Written by `tests/run/bitcode/support.py --docs` from '
           '[support.def](support.def), [intrinsics](intrinsics) and',
           '[cc_flags.def](../../tools/cc_flags.def). [bitcode.md](../../docs/bitcode.md) says what the words mean.']
    rows = table()
    for kind, title in TITLES:
        out += ['', '## ' + title, '', '| | | |', '|---|---|---|']
        groups = {}
        for _, name, verdict, text in rows[kind]:
            say, why = SAY[verdict], text
            if verdict == 'UNLESS':
                say, why = say % text, ''
            groups.setdefault((say, why), []).append('`%s`' % name)
        for (say, why), names in sorted(groups.items()):
            out.append('| %s | %s | %s |' % (say, why, ', '.join(names)))
    out += documented_intrinsics()
    flags = open(os.path.join(ROOT, 'tools/cc_flags.def')).read()
    for kind, title, head in FLAGS:
        out += ['', '## ' + title, '', f'| refused | {head} |', '|---|---|']
        groups = {}
        for flag, unless in re.findall(r'^%s\((?:\w+, )?"([^"]*)", "([^"]*)"\)' % kind, flags, re.M):
            groups.setdefault(unless, []).append('`%s`' % flag)
        for unless, names in sorted(groups.items()):
            out.append('| %s | %s |' % (', '.join(names), ', '.join('`%s`' % u for u in unless.split(',') if u)))
    return '\n'.join(out) + '\n'


PAGE = os.path.join(ROOT, 'frontends/llvm/supported.md')


# ---- LLVM's headers ----

def header(name):
    return open(os.path.join(HEADERS, name)).read()


def attribute_numbers():
    text = header('Bitcode/LLVMBitCodes.h')
    return {int(n) for n in re.findall(r'ATTR_KIND_\w+ = (\d+)', text)}


def attributes():
    """Of Attributes.td: {name: (class, places)}."""
    found = re.findall(r'^def \w+\s*:\s*(\w+)Attr<"([\w]+)", \w+,\s*\[([^\]]*)\]>', header('IR/Attributes.td'), re.M)
    return {name: (kind, [p.strip() for p in places.split(',')]) for kind, name, places in found}


def conventions():
    text = header('IR/CallingConv.h')
    return {int(n) for n in re.findall(r'^\s+\w+ = (\d+),', text, re.M)} - {1023}


def metadata_kinds():
    text = re.sub(r'\s+', ' ', header('IR/FixedMetadataKinds.def'))
    return {(int(n), name) for name, n in re.findall(r'MD_KIND\(MD_\w+, "([^"]+)", (\d+)\)', text)}


def section_facts(h, path):
    """Name, type, flags and what sh_link names of each section that functions and variables are in, and personalities."""
    rows = re.findall(r'^ +\[ *(\d+)\] (\S+) +(\S+) +[0-9a-f]{16} [0-9a-f]{6} [0-9a-f]{6} [0-9a-f]{2} +([A-Za-z]*) +(\d+) +\d+ +\d+$',
                      h.run(['llvm-readelf-22', '-SW', path])[1], re.M)
    names = {number: name for number, name, *_ in rows}
    frames = h.run(['llvm-readelf-22', '-uW', path])[1]
    facts = [(name, kind, flags.replace('MS', ''), names.get(link) if 'L' in flags else None) for _, name, kind, flags, link in rows
             if not re.match(r'\.(rela|symtab|strtab|group|eh_frame|note.GNU|data\.(rel\.local\.)?DW.ref)', name)]
    return facts + [len(re.findall('augmentation: zPLR', frames)), len(re.findall('LSDA Address|lsda', frames))]


SECTIONS = '''
@v = global i32 1, section "mine"
@c = constant i32 1, section "mine"
@z = global i32 0, section "mine"
@s = private unnamed_addr constant [4 x i8] c"abc\\00", section "strings"
@a = constant ptr @v, section "addresses"
@b = constant i32 3, section "addresses"
@covmap = constant i32 1, section "__llvm_covmap"
@covfun = constant i32 1, section "__llvm_covfun"
@lto = private constant i32 1, section ".llvm.lto"
@offloading = private constant i32 1, section ".llvm.offloading"
@llvm.embedded.module = private constant i32 1, section ".llvmbc"
@note = constant i32 1, section ".notes"
@with = global i32 3, section "asan_globals", !associated !0
@with2 = global i32 3, section "asan_globals", !associated !1
@with3 = global i32 3, !associated !0
@with4 = global i32 3, !associated !2
@t = thread_local global i32 0, section "both"
@n = global i32 0, section "both"
define void @f() section "mine" {
 ret void
}
define void @g() {
 ret void
}
define void @throws() personality ptr @pers {
 call void @x()
 ret void
}
define void @nothing() nounwind personality ptr @pers {
 ret void
}
define void @cxx() personality ptr @__gxx_personality_v0 {
 call void @x()
 ret void
}
declare void @x()
declare i32 @pers(...)
declare i32 @__gxx_personality_v0(...)
@llvm.used = appending global [3 x ptr] [ptr @g, ptr @f, ptr @z], section "llvm.metadata"
!0 = !{ptr @v}
!1 = !{ptr @f}
!2 = !{ptr null}
'''


def bundles():
    return re.findall(r'OB_\w+ = \d+, +// "([^"]+)"', header('IR/LLVMContext.h'))


# ---- modules ----

VALUES = {  # of attributes that take one
    'align': 'align 8', 'allockind': 'allockind("alloc")', 'allocsize': 'allocsize(0)', 'dereferenceable': 'dereferenceable(4)',
    'dereferenceable_or_null': 'dereferenceable_or_null(4)', 'memory': 'memory(none)', 'captures': 'captures(none)',
    'nofpclass': 'nofpclass(nan)', 'uwtable': 'uwtable', 'vscale_range': 'vscale_range(1,2)', 'byval': 'byval(i64)',
    'byref': 'byref(i64)', 'elementtype': 'elementtype(i64)', 'inalloca': 'inalloca(i64)', 'preallocated': 'preallocated(i64)',
    'sret': 'sret(i64)', 'range': 'range(i32 0, 7)', 'initializes': 'initializes((0, 4))',
}


def function(name, attr, places, kind):
    """The text of a function that has attribute `attr`, where it can be."""
    text = VALUES.get(attr, attr)
    if attr == 'naked':
        return 'define void @%s() naked {\n call void asm sideeffect "ret", ""()\n unreachable\n}\n' % name
    if 'FnAttr' in places and attr not in ('preallocated', 'builtin'):
        if attr == 'alignstack':
            text = 'alignstack(32)' if kind == 'refused' else 'alignstack(16)'
        param = 'i64 %n' if attr == 'allocsize' else ''
        result, value = ('ptr', ' null') if attr in ('allocsize', 'allockind') else ('void', '')
        return 'define %s @%s(%s) %s {\n ret %s%s\n}\n' % (result, name, param, text, result, value)
    if attr == 'builtin':  # of calls alone
        return 'define void @%s() {\n call void @%s() builtin\n ret void\n}\n' % (name, name)
    if attr == 'immarg':
        return 'declare void @%s(i32)\n' % name  # for intrinsics alone
    types = {'signext': 'i8', 'zeroext': 'i8', 'noext': 'i8', 'range': 'i32', 'nofpclass': 'double', 'noundef': 'i32',
             'allocalign': 'i64', 'swifterror': 'ptr', 'inreg': 'i32'}
    return 'define void @%s(%s %s %%p) {\n ret void\n}\n' % (name, types.get(attr, 'ptr'), text)


class Asks:
    def __init__(self, h):
        self.h = h
        self.n = 0
        self.rows = table()

    def compile(self, name, text, target='x86_64'):
        """Status and messages of Kiln for a module's text, and the paths of bitcode and object."""
        safe = re.sub(r'\W', '_', name)
        bc, o = self.h.path(safe + '.bc'), self.h.path(safe + '.o')
        try:
            with open(bc, 'wb') as f: f.write(llvm.bitcode(text))
        except ValueError as said: raise harness.Failure('%s: %s' % (name, said))
        status, _, err = self.h.run([self.h.args.kiln, 'compile', '--target=' + target, bc, '-o', o], check=False)
        return status, err, bc, o

    def refused(self, what, text, kind, name, where='f', target='x86_64'):
        status, err, _, _ = self.compile(what, text, target)
        pattern = r'%s:(b\d+:)?(\d+:)? error: not implemented: %s "%s"' % (re.escape(where), kind, re.escape(name)) \
            if where else r'error: not implemented: %s' % (kind if name is None else '%s "%s"' % (kind, re.escape(name)))
        if status == 1 and re.search(pattern, err):
            self.h.ok(what)
        else:
            self.h.fail(what, 'status %d instead of an error %s\n%s' % (status, pattern, err))

    def accepted(self, what, text, target='x86_64', run=False):
        status, err, bc, o = self.compile(what, text, target)
        if status:
            self.h.fail(what, err)
            return None
        if run:
            got = self.h.run([self.h.link([o], o[:-2])], check=False)
            if got[0] != 42:
                self.h.fail(what, 'the program ends with status %d' % got[0])
                return None
        self.h.ok(what)
        return bc

    # -- attributes --

    def attribute_rows(self):
        rows, headers = self.rows['ATTR'], attribute_numbers()
        missing = sorted(headers - {n for n, *_ in rows})
        if missing:
            self.h.fail('a row for every number of LLVMBitCodes.h', ' '.join(map(str, missing)))
        else:
            self.h.ok('a row for every number of LLVMBitCodes.h')
        known = attributes()
        missing = sorted(set(known) - {name for _, name, *_ in rows})
        if missing:
            self.h.fail('a row for every attribute of Attributes.td', ' '.join(missing))
        else:
            self.h.ok('a row for every attribute of Attributes.td')
        texts, want, calls = [], {}, []
        for number, name, verdict, _ in rows:
            if name not in known or name == 'immarg':
                continue
            kind, places = known[name]
            if verdict == 'REFUSED':
                self.refused('attribute %s' % name, function('f', name, places, 'refused'), 'attribute', name)
                continue
            f = 'a%d' % number
            texts.append(function(f, name, places, 'accepted'))
            want[number] = name
        text = ''.join(texts) + 'define i32 @main() {\n'
        text += ''.join(' call void @%s()\n' % m for m in re.findall(r'define void @(\w+)\(\)', text)
                        if m not in ('a17', 'a35'))  # noreturn, and what calls itself
        bc = self.accepted('attributes that have no effect or are implemented', text + ' ret i32 42\n}\n', run=True)
        if bc:
            dump = self.h.run(['llvm-bcanalyzer-22', '--dump', bc])[1]
            groups = re.search(r'<PARAMATTR_GROUP_BLOCK_ID.*?</PARAMATTR_GROUP_BLOCK_ID>', dump, re.S)[0]
            numbers = {int(n) for n in re.findall(r'<ENTRY op0=\d+ op1=\d+ op2=[015678] op3=(\d+)', groups)}
            wrong = set(want) - numbers
            if wrong:
                self.h.fail('numbers of these attributes', ', '.join('%d is not %s' % (n, want[n]) for n in sorted(wrong)))
            else:
                self.h.ok('numbers of these attributes')
        self.refused('attribute alignstack, of a function', 'define void @f() alignstack(32) {\n ret void\n}\n',
                     'attribute', 'alignstack')
        over = 'define void @f([2 x float] alignstack(16) %p) {\n ret void\n}\n'
        for target in 'aarch64', 'x86_64':
            self.accepted('attribute alignstack, of a parameter, ' + target, over, target)
        sret = 'define void @f(ptr inreg sret(i64) %p) {\n ret void\n}\n'
        self.refused('attribute inreg, beside sret', sret, 'attribute', 'inreg', target='aarch64')
        self.accepted('attribute inreg, beside sret, x86-64', sret)

    def unknown_attribute(self):
        """A number that no LLVM has: nothing writes it, so that of `optnone` is replaced in the bitcode."""
        _, _, bc, o = self.compile('unknown', 'define void @f() noinline optnone {\n ret void\n}\n')
        data = bytearray(open(bc, 'rb').read())
        value = int.from_bytes(data, 'little')
        # [kind 0, key 37] as numbers in chunks of 6 bits: 0, 37 with its 32 in the second chunk
        pattern, put, size = 0 | (37 & 31 | 32) << 6 | (37 >> 5) << 12, 0 | (1000 & 31 | 32) << 6 | (1000 >> 5) << 12, 18
        hits = [i for i in range(len(data) * 8 - size) if value >> i & (1 << size) - 1 == pattern]
        seen = False
        for i in hits:
            changed = value & ~(((1 << size) - 1) << i) | put << i
            with open(bc, 'wb') as f:
                f.write(changed.to_bytes(len(data), 'little'))
            status, _, err = self.h.run([self.h.args.kiln, 'compile', bc, '-o', o], check=False)
            seen |= status == 1 and 'not implemented: unknown attribute number 1000' in err
        self.h.ok('an attribute of unknown number') if seen else self.h.fail('an attribute of unknown number')

    def string_rows(self):
        idle = []
        for _, name, verdict, text in self.rows['STRING']:
            value = {'probe-stack': 'inline-asm', 'target-features': '+cx8', 'target-cpu': 'x86-64', 'tune-cpu': 'generic',
                     'instrument-function-entry-inlined': '__cyg_profile_func_enter',
                     'instrument-function-exit-inlined': '__cyg_profile_func_exit'}.get(name, '1')
            if verdict in ('IDLE', 'DONE'):
                idle.append('"%s"="%s"' % (name, value))
                continue
            if verdict == 'UNLESS':
                idle.append('"%s"="%s"' % (name, text))
            if verdict == 'CALLED':
                idle.append('"%s"' % name)
            if verdict in ('REFUSED', 'UNLESS', 'BOTH'):
                self.refused('attribute ' + name, 'define void @f() "%s"="%s" {\n ret void\n}\n' % (name, value),
                             'attribute', name)
                # what is only declared, or a copy of what is defined elsewhere, is not Kiln's
                idle.append('"%s"="%s" declared' % (name, value))
            if verdict in ('CALLED', 'BOTH'):
                call = 'define void @f() {\n call void @g()%s\n ret void\n}\ndeclare void @g()%s\n'
                given = ' "%s"="%s"' % (name, value)
                self.refused('call with ' + name, call % (given, ''), 'attribute', name)
                self.refused('call of a function with ' + name, call % ('', given), 'attribute', name)
        text, calls = ''.join('define void @__cyg_profile_func_%s(ptr %%f, ptr %%from) {\n ret void\n}\n' % what
                              for what in ('enter', 'exit')), ''
        for i, attr in enumerate(idle + ['"something-else"="1"']):
            if attr.endswith(' declared'):
                text += 'declare void @s%d() %s\n' % (i, attr[:-9])
            else:
                text += 'define void @s%d() %s {\n ret void\n}\n' % (i, attr)
                calls += '' if 'dontcall' in attr or 'trap-func' in attr else ' call void @s%d()\n' % i
        self.accepted('string attributes that have no effect or are implemented',
                      text + 'define i32 @main() {\n%s ret i32 42\n}\n' % calls, run=True)
        for name in '__zig_probe_stack', '__rust_probestack':
            _, err, _, o = self.compile('probes', 'define void @f() "probe-stack"="%s" {\n %%p = alloca [20000 x i8]\n'
                                        ' call void @g(ptr %%p)\n ret void\n}\ndeclare void @g(ptr)\n' % name)
            code = self.h.run(['objdump', '-dr', o], check=False)[1]
            touches = re.search(r'movq +\$0x0,\(%rsp\)', code)
            self.h.ok('probes in place of ' + name) if touches and name not in code else self.h.fail('probes in place of ' + name, err + code)
        self.refused('another function that probes', 'define void @f() "probe-stack"="other" {\n ret void\n}\n',
                     'attribute', 'probe-stack')
        self.refused('another profiler', 'define void @f() "instrument-function-entry-inlined"="other" {\n ret void\n}\n',
                     'attribute', 'instrument-function-entry-inlined')
        self.refused('a section for variables', '@f = global i32 0 #0\nattributes #0 = { "bss-section"="x" }\n',
                     'attribute', 'bss-section', where='')

    def feature_rows(self):
        idle = []
        for _, name, verdict, text in self.rows['FEATURE']:
            define = 'define void @%s() "target-features"="+%s,%s,+%s" {\n ret void\n}\n'
            if verdict == 'REFUSED':
                self.refused('feature ' + name, define % ('f', 'a', name, 'z'), 'target feature', name)
                back = ('-' if name[0] == '+' else '+') + name[1:]
                idle.append(define % ('f%d' % len(idle), 'a', name + ',' + back, 'z'))
            else:
                idle.append(define % ('f%d' % len(idle), 'a', name, 'z'))
        self.accepted('features that have no effect, are implemented, or taken back', ''.join(idle))
        status, err, _, _ = self.compile('a float without its registers',
                                         'define i32 @f(i32 %x) "target-features"="-sse" {\n'
                                         ' %y = sitofp i32 %x to double\n %z = fptosi double %y to i32\n ret i32 %z\n}\n', 'x86_64')
        if status == 1 and 'sitof: a float or vector in a function that uses general registers only' in err:
            self.h.ok('a float without its registers')
        else:
            self.h.fail('a float without its registers', err)

        for name, body, says in (
                ('x86_fp80', 'define x86_fp80 @g(x86_fp80 %x) {\n ret x86_fp80 %x\n}\n', 'x86_fp80 beside functions without the x87'),
                ('three floats as a result', 'declare { float, float, float } @g()\ndefine void @h() {\n'
                 ' call { float, float, float } @g()\n ret void\n}\n', 'a result of more than two floats without the x87')):
            status, err, _, _ = self.compile(name + ' without the x87', 'define double @f(double %x) "target-features"="-x87" {\n'
                                             ' ret double %x\n}\n' + body, 'x86_64')
            if status == 1 and says in err: self.h.ok(name + ' without the x87')
            else: self.h.fail(name + ' without the x87', err)

    # -- conventions --

    ONE_TARGET = {78: 'x86_64', 79: 'x86_64', 97: 'aarch64'}  # those that one target has

    def convention_rows(self):
        known = {n: (name, verdict) for n, name, verdict, _ in self.rows['CONVENTION']}
        missing = conventions() - set(known)
        if missing:
            self.h.fail('a row for every convention of CallingConv.h', ' '.join(map(str, sorted(missing))))
        else:
            self.h.ok('a row for every convention of CallingConv.h')
        for n, (name, verdict) in sorted(known.items()):
            define = 'define cc %d void @f() {\n ret void\n}\n' % n
            call = 'declare cc %d void @g()\ndefine void @f() {\n call cc %d void @g()\n ret void\n}\n' % (n, n)
            if verdict == 'REFUSED':
                self.refused('convention %s, defined' % name, define, 'calling convention', name)
            if verdict == 'REFUSED' and n % 8 == 0:  # the same table
                self.refused('convention %s, called' % name, call, 'calling convention', name)
            if verdict == 'DONE':
                self.accepted('convention %s' % name, define + call.replace('@f', '@h'))
            if n in self.ONE_TARGET:
                for target in ('x86_64', 'aarch64'):
                    if target == self.ONE_TARGET[n]:
                        self.accepted('convention %s, %s' % (name, target), define + call.replace('@f', '@h'), target)
                    else:
                        self.refused('convention %s, defined, %s' % (name, target), define, 'calling convention', name,
                                     target=target)
                        self.refused('convention %s, called, %s' % (name, target), call, 'calling convention', name,
                                     target=target)
            elif verdict == 'VALUE':
                self.refused('convention %s, defined' % name, define, 'calling convention', name)
                self.accepted('convention %s, called' % name, call)
        self.refused('convention 1022', 'define cc 1022 void @f() {\n ret void\n}\n', 'calling convention 1022', None,
                     where='')

    SIGNATURES = '''
declare %(cc)s void @g(i8, i16 signext, i32, i64, i128, ptr, float, double, i1 zeroext, i64, i64, double)
define %(cc)s i128 @a(i128 %%x, i64 %%y, i128 %%z, i64 %%u, i128 %%v) {
  ret i128 %%v
}
define %(cc)s {i64, i64, i64} @b(ptr byval({i64, i64, i64}) %%p, i8 %%c, [3 x i64] %%q) {
  ret {i64, i64, i64} zeroinitializer
}
define %(cc)s [5 x i64] @c(i64 %%x) {
  ret [5 x i64] zeroinitializer
}
define %(cc)s {double, float} @d(double %%x, float %%y) {
  call %(cc)s void @g(i8 1, i16 2, i32 3, i64 4, i128 5, ptr null, float 1.0, double 2.0, i1 1, i64 6, i64 7, double 3.0)
  ret {double, float} zeroinitializer
}
define %(cc)s void @e(ptr sret({i64, i64, i64}) %%p, double %%x, double %%y, i64 %%n) {
  store i64 %%n, ptr %%p
  ret void
}
'''
    X87 = '''define %(cc)s x86_fp80 @h(x86_fp80 %%x, i32 %%n, x86_fp80 %%y) {
  %%z = call %(cc)s x86_fp80 @h(x86_fp80 %%y, i32 %%n, x86_fp80 %%x)
  ret x86_fp80 %%z
}
'''

    def as_c(self):
        """fastcc is C's for LLVM, too; a local coldcc may be as well."""
        for target in ('x86_64', 'aarch64'):
            texts = {}
            for cc in ('ccc', 'fastcc'):
                text = (self.SIGNATURES + (self.X87 if target == 'x86_64' else '')) % {'cc': cc}
                ll = self.h.write('llvm-%s.ll' % target, text)
                asm = self.h.run(['llc-22', '-O0', '-mtriple=%s-linux-gnu' % target, ll, '-o', '-'])[1]
                status, err, _, o = self.compile('convention-%s' % target, text, target)
                texts[cc] = (asm, status, open(o, 'rb').read() if status == 0 else err)
            what = 'fastcc is ccc, %s' % target
            same = [x == y for x, y in zip(texts['fastcc'], texts['ccc'])] + [texts['ccc'][1] == 0]
            if all(same):
                self.h.ok(what)
            else:
                self.h.fail(what, 'the same: LLVM %s, status %s, Kiln %s, which compiles %s' % tuple(same))
            self.accepted('convention coldcc, local, %s' % target, 'define internal coldcc void @f() {\n ret void\n}\n'
                          'define void @g() {\n call coldcc void @f()\n ret void\n}\n', target)

    def intrinsic_rows(self):
        """Every intrinsic of LLVM that is no processor's is in one of the two tables."""
        text = open(os.path.join(HEADERS, 'IR/IntrinsicEnums.inc')).read()
        names = set(re.findall(r'// llvm\.([\w.]+) \(Intrinsics\.td:', text))
        tables = [{name for name, *_ in intrinsics('generic')}, {name for _, name, *_ in self.rows['INTRINSIC']}]

        def found(name, rows):
            parts = name.split('.')
            return any('.'.join(parts[:n]) in rows for n in range(1, len(parts) + 1))
        wrong = sorted(name for name in names if sum(found(name, rows) for rows in tables) != 1)
        what = 'a row for every intrinsic of Intrinsics.td'
        self.h.ok(what) if len(names) > 400 and not wrong else self.h.fail(what, ' '.join(wrong) or str(len(names)))
        unknown = sorted(row for row in tables[1] if not any(found(name, {row}) for name in names))
        what = 'no row for what LLVM has not'
        self.h.fail(what, ' '.join(unknown)) if unknown else self.h.ok(what)
        self.refused('intrinsic vscale', 'declare i64 @llvm.vscale.i64()\ndefine i64 @f() {\n %v = call i64 @llvm.vscale.i64()\n'
                     ' ret i64 %v\n}\n', 'intrinsic llvm.vscale.i64', None, where='')

    # -- the rest --

    def flag_rows(self):
        idle = []
        one = 'define void @f() {\n ret void\n}\n!llvm.module.flags = !{!0, !1}\n!0 = !{i32 1, !"wchar_size", i32 4}\n!1 = !{i32 1, !"%s", %s}\n'
        for _, name, verdict, text in self.rows['FLAG']:
            if verdict == 'VALUE' and 'Windows' in text:
                idle.append((name, 'i32 1')) # there run/windows/refused has it
            elif verdict in ('REFUSED', 'VALUE'):
                self.refused('module flag ' + name, one % (name, 'i32 32'), 'module flag', name, where='')
                idle.append((name, 'i32 1' if verdict == 'VALUE' else 'i32 0'))
            else:
                idle.append((name, 'i32 1'))
        self.refused('a module flag that is no number', one % ('kcfi', '!"x"'), 'module flag', 'kcfi', where='')
        self.refused('the first module flag', 'define void @f() {\n ret void\n}\n!llvm.module.flags = !{!0}\n'
                     '!0 = !{i32 1, !"kcfi", i32 1}\n', 'module flag', 'kcfi', where='')
        text = 'define void @f() {\n ret void\n}\n!llvm.module.flags = !{%s}\n' % \
            ', '.join('!%d' % i for i in range(len(idle)))
        text += ''.join('!%d = !{i32 1, !"%s", %s}\n' % (i, name, value) for i, (name, value) in enumerate(idle))
        self.accepted('module flags that have no effect, or a value that asks for nothing', text)
        define = 'define void @f() {\n ret void\n}\n!llvm.module.flags = !{!0}\n!0 = !{i32 8, !"cf-protection-branch", i32 0}\n'
        _, err, _, o = self.compile('branch protection by a flag of value 0, as llc has it', define)
        code = self.h.run(['objdump', '-d', o], check=False)[1]
        self.h.ok('a flag of value 0') if 'endbr64' in code else self.h.fail('a flag of value 0', err + code)

    def bundle_rows(self):
        known = {name: verdict for _, name, verdict, _ in self.rows['BUNDLE']}
        missing = [b for b in bundles() if b not in known]
        if missing:
            self.h.fail('a row for every bundle of LLVMContext.h', ' '.join(missing))
        else:
            self.h.ok('a row for every bundle of LLVMContext.h')
        call = 'declare void @g()\ndefine void @f() {\n call void @g() [ "%s"(i64 1) ]\n ret void\n}\n'
        for name in known:
            self.refused('bundle ' + name, call % name, 'operand bundle', name)
        self.refused('an unknown bundle', call % 'something', 'unknown operand bundle', 'something')
        self.refused('a bundle of an invoke', 'declare void @g()\ndeclare i32 @__gxx_personality_v0(...)\n'
                     'define void @f() personality ptr @__gxx_personality_v0 {\n invoke void @g() [ "deopt"(i64 1) ] '
                     'to label %a unwind label %b\na:\n ret void\nb:\n %p = landingpad { ptr, i32 } cleanup\n ret void\n}\n',
                     'operand bundle', 'deopt')
        self.refused('a bundle of a callbr', 'define void @f() {\n callbr void asm "", "!i"() [ "deopt"(i64 1) ] '
                     'to label %a [label %b]\na:\n ret void\nb:\n ret void\n}\n', 'operand bundle', 'deopt')
        self.accepted('bundles of llvm.assume', 'declare void @llvm.assume(i1)\ndefine void @f(ptr %p) {\n'
                      ' call void @llvm.assume(i1 true) [ "align"(ptr %p, i64 8), "nonnull"(ptr %p), "other"(i64 1) ]\n'
                      ' ret void\n}\n')

    def metadata_rows(self):
        missing = metadata_kinds() - {(number, name) for number, name, *_ in self.rows['METADATA']}
        if missing:
            self.h.fail('a row for every kind of FixedMetadataKinds.def', ' '.join('%d %s' % m for m in sorted(missing)))
        else:
            self.h.ok('a row for every kind of FixedMetadataKinds.def')
        for number, name, verdict, _ in self.rows['METADATA']:
            if verdict in ('DONE', 'VALUE'):
                continue
            # LLVM 22 gives the newest kinds numbers of a producer's own: they are known by name
            define = 'define void @f() !%s !0 {\n ret void\n}\n!0 = !{i32 1, i32 2}\n' % name
            if verdict == 'REFUSED':
                self.refused('metadata ' + name, define, 'metadata', name)
                self.refused('metadata %s of a variable' % name, '@v = global i32 0, !%s !0\n!0 = !{}\n' % name, 'metadata', name, where='')
            else:
                self.accepted('metadata ' + name, define)
        call = 'declare void @g()\ndefine void @f() {\n call void @g()\n call void @g(), !tbaa !0, !%s !0\n ret void\n}\n!0 = !{!"x"}\n'
        self.refused('metadata pcsections of an instruction', call % 'pcsections', 'metadata', 'pcsections')
        self.accepted('other metadata of an instruction', call % 'something')
        for name, _ in [(name, verdict) for _, name, verdict, _ in self.rows['KIND']] + [('something', None)]:
            define = 'define void @f() !%s !0 {\n ret void\n}\n@v = global i32 0, !%s !0\n!0 = !{}\n' % (name, name)
            self.accepted('metadata ' + name, define)
        for name, verdict in [(name, verdict) for _, name, verdict, _ in self.rows['NAMED']] + [('llvm.something', 'IDLE'), ('x', 'IDLE')]:
            text = 'define void @f() {\n ret void\n}\n!%s = !{!0}\n!0 = !{}\n' % name
            if verdict == 'REFUSED':
                self.refused('named metadata ' + name, text, 'named metadata', name, where='')
            elif verdict == 'IDLE':
                self.accepted('named metadata ' + name, text)
        self.refused('metadata associated of a function', '@v = global i32 0\ndefine void @f() !associated !0 {\n ret void\n}\n'
                     '!0 = !{ptr @v}\n', 'metadata', 'associated')

    def sections(self):
        """Sections of what is kept, goes with another one, or is in a section that LLVM knows by name, beside those of llc."""
        _, err, bc, o = self.compile('sections', SECTIONS)
        own = o[:-2] + '.llc.o'
        self.h.run(['llc-22', '-O0', '-filetype=obj', '-relocation-model=pic', '-mtriple=x86_64-linux-gnu', bc, '-o', own])
        got, want = (sorted(map(str, section_facts(self.h, x))) for x in (o, own))
        if got == want and len(want) > 15:
            self.h.ok('sections')
        else:
            self.h.fail('sections', '%s\nmore: %s\nless: %s' % (err, sorted(set(got) - set(want)), sorted(set(want) - set(got))))

    def properties(self):
        define = 'define void @f() %s {\n ret void\n}\n'
        for what, text, message in [
            ('garbage collector', define % 'gc "x"', 'a function with a garbage collector'),
            ('prefix data', define % 'prefix i32 1', 'prefix data'),
            ('prologue data', define % 'prologue i8 -112', 'prologue data'),
            ('partition of a function', define % 'partition "x"', 'partitions'),
            ('partition of a variable', '@v = global i32 0, partition "x"\n', 'partitions'),
            ('partition of an alias', '@v = global i32 0\n@a = alias i32, ptr @v, partition "x"\n', 'partitions'),
            ('alias of a number', '@a = alias i32, inttoptr (i64 4096 to ptr)\n', 'an alias of a number'),
            ('address space of a function', define % 'addrspace(256)', 'address spaces'),
            ('address space of a variable', '@v = addrspace(257) global i32 0\n', 'address spaces'),
            ('32-bit pointers', 'target datalayout = "e-m:e-p1:32:32"\n@v = addrspace(1) global i32 0\n', 'address spaces with other'),
            ('pointers that are no numbers', 'target datalayout = "e-m:e-ni:10:1"\n@v = addrspace(1) global i32 0\n',
             'address spaces with other'),
            ('memory tags', '@v = global i32 0, sanitize_memtag\n', 'a variable with memory tags'),
            ('code model of a variable', '@v = global i32 0, code_model "large"\n', 'a variable with a code model other'),
            ('comdat', '$v = comdat largest\n@v = global i32 0, comdat\n', 'comdats other than "any" and "nodeduplicate"'),
            ('inline assembly', 'define void @f() {\n call void asm "nop", "k"(i64 0)\n ret void\n}\n', 'inline assembly'),
            ('musttail', 'define void @f(i32 %x, ...) {\n musttail call void (i8, ...) @g(i8 1, ...)\n ret void\n}\n'
             'declare void @g(i8, ...)\n', 'musttail calls with variadic arguments'),
        ]:
            self.refused(what, text, message, None, where='')
        self.accepted('comdats that keep together', '$v = comdat nodeduplicate\n@v = internal global i32 0, section "s", comdat\n')
        self.accepted('another pointer with a layout of its own', 'target datalayout = "e-m:e-p1:64:64:64:32-p2:32:32"\n'
                      '@v = addrspace(1) global i32 0\n')
        self.accepted('what else variables can have', '@v = global i32 0, code_model "small"\n@w = global i32 0, no_sanitize_address\n'
                      '@x = global i32 0, sanitize_address_dyninit\n')

    def linker(self):
        """What is said to the linker, in the sections where llc has it, byte for byte."""
        text = '!llvm.dependent-libraries = !{!0, !1}\n!llvm.linker.options = !{!2, !3}\n!0 = !{!"m"}\n!1 = !{!"pthread"}\n' \
            '!2 = !{!"one", !"1"}\n!3 = !{!"two", !"2"}\n'
        _, err, bc, o = self.compile('linker', text)
        own = o[:-2] + '.llc.o'
        self.h.run(['llc-22', '-filetype=obj', '-mtriple=x86_64-linux-gnu', bc, '-o', own])
        for section in '.deplibs', '.linker-options':
            got, want = (self.h.run(['llvm-readelf-22', '-W', '-S', '-x', section, x])[1] for x in (o, own))
            pick = [[re.sub(r'^.*\[ *\d+\]', '', re.sub(r'0000000000000000 [0-9a-f]{6}', '', line)) for line in t.splitlines()
                     if section + ' ' in line or line.startswith('0x')] for t in (got, want)]
            self.h.ok(section) if pick[0] == pick[1] and len(pick[1]) > 1 else self.h.fail(section, '%s\n%s\n%s' % (err, pick[0], pick[1]))

    def directives_only(self):
        """-gline-directives-only: the lines of llc."""
        ll = '''define i32 @f(i32 %x) !dbg !4 {
  %y = add i32 %x, 1, !dbg !6
  ret i32 %y, !dbg !7
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "x", emissionKind: DebugDirectivesOnly, splitDebugInlining: false, nameTableKind: None)
!1 = !DIFile(filename: "l.c", directory: "/tmp")
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 2, type: !5, scopeLine: 2, spFlags: DISPFlagDefinition, unit: !0)
!5 = !DISubroutineType(types: !8)
!8 = !{}
!6 = !DILocation(line: 3, column: 5, scope: !4)
!7 = !DILocation(line: 4, column: 7, scope: !4)
'''
        _, err, bc, o = self.compile('directives', ll)
        own = o[:-2] + '.llc.o'
        self.h.run(['llc-22', '-O0', '-filetype=obj', '-mtriple=x86_64-linux-gnu', bc, '-o', own])
        rows = [re.findall(r'^0x[0-9a-f]{16} +(\d+) +(\d+) .*is_stmt', self.h.run(['llvm-dwarfdump-22', '--debug-line', x])[1], re.M)
                for x in (o, own)]
        what = 'lines of -gline-directives-only'
        self.h.ok(what) if rows[0] == rows[1] and ('4', '7') in rows[1] else self.h.fail(what, '%s\n%s' % (err, rows))
        _, err, _, o = self.compile('no_version', re.sub(r'!.*"Dwarf Version".*', '!2 = !{i32 7, !"PIC Level", i32 2}', ll))
        versions = re.findall(r'version: (\d)', self.h.run(['llvm-dwarfdump-22', '--debug-line', o])[1])
        what = "LLVM's version of DWARF where no flag says one"
        self.h.ok(what) if versions == ['4'] else self.h.fail(what, '%s\n%s' % (err, versions))

    def calls_of_lines_only(self):
        """-gline-tables-only: a call in a loop; no variable is described."""
        ll = '''define void @loop(i32 %n) !dbg !4 {
  br label %1
1:
  %i = phi i32 [ %next, %1 ], [ 0, %0 ]
  tail call void @g(i32 %i), !dbg !6
  %next = add i32 %i, 1, !dbg !7
  %more = icmp slt i32 %next, %n, !dbg !7
  br i1 %more, label %1, label %2, !dbg !7
2:
  ret void, !dbg !8
}
declare void @g(i32)
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "x", isOptimized: true, emissionKind: LineTablesOnly, splitDebugInlining: false, nameTableKind: None)
!1 = !DIFile(filename: "l.c", directory: "/tmp")
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = distinct !DISubprogram(name: "loop", scope: !1, file: !1, line: 2, type: !5, scopeLine: 2, flags: DIFlagAllCallsDescribed, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !0)
!5 = !DISubroutineType(types: !9)
!6 = !DILocation(line: 3, column: 5, scope: !4)
!7 = !DILocation(line: 4, column: 7, scope: !4)
!8 = !DILocation(line: 5, column: 1, scope: !4)
!9 = !{}
'''
        _, err, _, o = self.compile('lines_only', ll)
        rows = re.findall(r'^0x[0-9a-f]{16} +(\d+) +(\d+) ', self.h.run(['llvm-dwarfdump-22', '--debug-line', o], check=False)[1], re.M)
        what = 'calls of -gline-tables-only'
        missing = {('3', '5'), ('4', '7'), ('5', '1')} - set(rows)
        self.h.fail(what, '%s\n%s' % (err, rows)) if missing else self.h.ok(what)

    def inlined_of_lines_only(self):
        """A function in a namespace that was inlined, and has code of its own, into which another one was: the entries that
        have code are those of llc."""
        ll = '''define void @outer() !dbg !11 {
  call void @g(), !dbg !21
  ret void, !dbg !22
}
define void @both() !dbg !12 {
  call void @g(), !dbg !23
  ret void, !dbg !24
}
declare void @g()
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_Rust, file: !1, producer: "x", emissionKind: LineTablesOnly, nameTableKind: None)
!1 = !DIFile(filename: "l.rs", directory: "/tmp")
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = !DINamespace(name: "crate", scope: null)
!5 = !DISubroutineType(types: !{})
!10 = distinct !DISubprogram(name: "inner", scope: !4, file: !1, line: 1, type: !5, scopeLine: 1, spFlags: DISPFlagDefinition, unit: !0)
!11 = distinct !DISubprogram(name: "outer", scope: !4, file: !1, line: 4, type: !5, scopeLine: 4, spFlags: DISPFlagDefinition, unit: !0)
!12 = distinct !DISubprogram(name: "both", scope: !4, file: !1, line: 7, type: !5, scopeLine: 7, spFlags: DISPFlagDefinition, unit: !0)
!21 = !DILocation(line: 2, column: 5, scope: !10, inlinedAt: !25)
!22 = !DILocation(line: 6, column: 1, scope: !11)
!23 = !DILocation(line: 2, column: 5, scope: !10, inlinedAt: !26)
!24 = !DILocation(line: 9, column: 1, scope: !12)
!25 = distinct !DILocation(line: 5, column: 5, scope: !11)
!26 = distinct !DILocation(line: 5, column: 5, scope: !11, inlinedAt: !27)
!27 = distinct !DILocation(line: 8, column: 5, scope: !12)
'''
        _, err, bc, o = self.compile('lines_inlined', ll)
        own = o[:-2] + '.llc.o'
        self.h.run(['llc-22', '-O0', '-filetype=obj', '-mtriple=x86_64-linux-gnu', bc, '-o', own])
        found = []
        for x in o, own:
            entries = self.h.run(['llvm-dwarfdump-22', '--debug-info', x])[1].split('\n\n')
            found.append(sorted((re.search(r'DW_TAG_(\w+)', e)[1], re.search(r'(?:name|origin)\t\(.*"(\w+)"', e)[1])
                                for e in entries if 'DW_TAG_compile_unit' not in e and 'DW_AT_low_pc' in e))
        what = 'functions that are inlined, of -gline-tables-only'
        self.h.ok(what) if found[0] == found[1] and len(found[1]) == 5 else self.h.fail(what, '%s\n%s\n%s' % (err, *found))

    def red_zone(self):
        """A leaf that keeps its local variables below the stack pointer, and may not."""
        text = 'define i32 @f(i32 %%n) %s {\n %%a = alloca [9 x i32]\n %%p = getelementptr [9 x i32], ptr %%a, i32 0, i32 %%n\n' \
            ' store volatile i32 1, ptr %%p\n %%v = load volatile i32, ptr %%a\n ret i32 %%v\n}\n'
        for attr, moves in (('"frame-pointer"="all"', False), ('noredzone "frame-pointer"="all"', True)):
            _, err, _, o = self.compile('red%d' % moves, text % attr)
            code = self.h.run(['objdump', '-d', o])[1]
            what = 'red zone: "%s"' % attr
            self.h.ok(what) if bool(re.search(r'sub +\$0x\w+,%rsp', code)) == moves else self.h.fail(what, code)

    def volatile_loads(self):
        """Whose value nobody reads: memory is read all the same, from both ends of the value."""
        types = {'i8': 0, 'i16': 0, 'i24': 2, 'i32': 0, 'i48': 4, 'i64': 0, 'i96': 8, 'i128': 8, 'half': 0, 'float': 0, 'double': 0,
                 'x86_fp80': 0, 'fp128': 0, 'ptr': 0, '<4 x i8>': 0, '<2 x i32>': 0, '<4 x i32>': 0, '<8 x i32>': 16,
                 '{ i32, i64 }': 8, '{ i128, i8 }': 16, '[2 x i128]': 24, '[3 x double]': 16}
        for n, (type, last) in enumerate(types.items()):
            text = 'define void @f(ptr %%p) {\n %%v = load volatile %s, ptr %%p, align 1\n ret void\n}\n' % type
            _, err, _, o = self.compile('volatile%d' % n, text)
            code = self.h.run(['objdump', '-d', '--no-show-raw-insn', o])[1]
            read = {int(at or '0', 16) for at in re.findall(r'[\s,](0x[0-9a-f]+)?\(%rdi\)', code)}
            what = 'a volatile load of %s that nobody reads' % type
            self.h.ok(what) if 0 in read and max(read) >= last else self.h.fail(what, err + code)

    def triples(self):
        define = 'target triple = "%s"\n@t = thread_local global i32 0\ndefine void @f() {\n ret void\n}\n'
        for triple in ('x86_64-pc-windows-msvc19.33.0', 'x86_64-w64-windows-gnu', 'x86_64-apple-macosx10.15.0', 'x86_64-apple-darwin19',
                       'x86_64-pc-linux-gnux32', 'x86_64-unknown-linux-muslx32', 'x86_64-unknown-uefi', 'x86_64-unknown-openbsd7',
                       'x86_64-scei-ps4', 'x86_64-unknown-cygwin', 'x86_64-unknown-linux-ohos', 'x86_64-windows-msvc',
                       'x86_64-unknown-none-coff', 'arm64ec-pc-windows-msvc', 'aarch64_be-unknown-linux-gnu', 'i686-pc-linux-gnu'):
            self.refused('triple ' + triple, define % triple, 'target', triple, where='')
        for triple in ('arm64-apple-ios7.0.0', 'aarch64-unknown-linux-gnu_ilp32', 'aarch64-pc-windows-msvc'):
            self.refused('triple ' + triple, define % triple, 'target', triple, where='', target='aarch64')
        for triple in ('x86_64-pc-linux-gnu', 'x86_64-linux-gnu', 'x86_64-unknown-linux-musl', 'x86_64-unknown-none-elf', 'x86_64-unknown-none',
                       'x86_64', 'x86_64-unknown-freebsd14.0', 'x86_64-unknown-linux-android29', 'x86_64-unknown-linux-android21', 'x86_64-alpine-linux-musl', 'x86_64-pc-linux'):
            self.accepted('triple ' + triple, define % triple)
        self.refused('names of symbols as Mach-O has them', 'target datalayout = "e-m:o-i64:64-f80:128-n8:16:32:64-S128"\n'
                     'define void @f() {\n ret void\n}\n', 'symbols mangled for a format', None, where='')

    def typed_pointers(self):
        """Bitcode of LLVM 14, of which there is a sample."""
        as14 = '/usr/bin/llvm-as-14'
        if not os.path.exists(as14):
            self.h.skip('typed pointers', 'no llvm-as-14')
            return
        ll = self.h.write('typed.ll', 'define void @f(i8* %p) {\n ret void\n}\n')
        self.h.run([as14, ll, '-o', ll[:-3] + '.bc'])
        status, _, err = self.h.run([self.h.args.kiln, 'compile', ll[:-3] + '.bc', '-o', ll[:-3] + '.o'], check=False)
        good = status == 0 and not err
        self.h.ok('typed pointers') if good else self.h.fail('typed pointers', err)


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--docs', action='store_true', help='write frontends/llvm/supported.md')
    args = p.parse_args()
    if args.docs:
        with open(PAGE, 'w') as f:
            f.write(documented())
        return
    h = harness.Harness(args)
    if not os.path.isdir(HEADERS):
        print('1..0 # SKIP no headers of LLVM 22')
        sys.exit(0)
    if open(PAGE).read() == documented():
        h.ok('frontends/llvm/supported.md')
    else:
        h.fail('frontends/llvm/supported.md', 'is not what the tables say: tests/run/bitcode/support.py --docs')
    a = Asks(h)
    h.each(lambda part: getattr(a, part)(),
           ['attribute_rows', 'unknown_attribute', 'string_rows', 'feature_rows', 'convention_rows', 'as_c', 'intrinsic_rows', 'flag_rows',
            'bundle_rows', 'metadata_rows', 'sections', 'directives_only', 'calls_of_lines_only', 'inlined_of_lines_only', 'properties', 'linker',
            'red_zone', 'volatile_loads', 'triples', 'typed_pointers'])
    h.finish()


if __name__ == '__main__':
    main()
