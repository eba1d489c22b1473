#!/usr/bin/env python3
"""Flags and attributes that change code without an error if they are dropped: what clang-22's object shows of them, the
object of `kiln cc` shows, too, for both targets and at every level. Each has a control, without the flag, that shows
the contrary, so that no check passes by chance.

    obeyed.py BUILD
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

OBJDUMP = shutil.which('llvm-objdump-22') or 'llvm-objdump'
TARGETS = ('x86_64-linux-gnu', 'aarch64-linux-gnu')
LEVELS = ('-O0', '-O1', '-O2', '-Og')

SWITCH = '''
int sw(int x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return 77; case 3: return 2; case 4: return 1; case 5: return 11;
  case 6: return 14; case 7: return 3; default: return -1; } }
void a(void), b(void), c(void), d(void), e(void), g(void);
void calls(int x) { switch (x) { case 0: a(); break; case 1: b(); break; case 2: c(); break; case 3: d(); break; case 4: e(); break;
  case 5: g(); break; case 7: a(); b(); break; } }
'''
# What is inlined has its attribute, or what it is inlined into.
MARKED = '''
void a(void), b(void), c(void), d(void), e(void), g(void);
%s __attribute__((always_inline)) inline static int inner(int x) { switch (x) { case 0: a(); break; case 1: b(); break; case 2: c(); break;
  case 3: d(); break; case 4: e(); break; case 5: g(); break; } return x; }
%s int outer(int x) { return inner(x) + 1; }
'''
FRAMES = 'int g(int); int f(int x) { return g(x) + 1; }'
TRAPS = '''
int add(int x, int y) { return x + y; }
int shift(int x, int y) { return x << y; }
int load(int *p) { return *p; }
int at(int i) { int a[4] = {1, 2, 3, 4}; return a[i]; }
int divide(int x, int y) { return x / y; }
'''
LL = '''target triple = "%s"
%s
'''


class Test:
    def __init__(self, build):
        self.kiln = os.path.join(os.path.abspath(build), 'kiln')
        self.lines = self.failed = 0
        self.dir = tempfile.TemporaryDirectory(prefix='kiln-test-')

    def run(self, *command):
        p = subprocess.run(command, cwd=self.dir.name, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return p.returncode, p.stdout

    def both(self, source, suffix, flags):
        """The objects of kiln cc and clang, or None where one fails; and what they said."""
        with open(os.path.join(self.dir.name, 'f' + suffix), 'w') as f:
            f.write(source)
        said = []
        objects = []
        for name, command in (('kiln.o', [self.kiln, 'cc']), ('clang.o', ['clang-22'])):
            status, out = self.run(*command, '-w', '-c', *flags, 'f' + suffix, '-o', name)
            objects.append(name if status == 0 else None)
            said.append(out)
        return *objects, '\n'.join(said)

    def code(self, obj):
        return self.run(OBJDUMP, '-d', '-r', '--no-show-raw-insn', obj)[1]

    def check(self, good, name, text=''):
        self.lines += 1
        self.failed += not good
        if not good and text:
            print('# ' + text.strip().replace('\n', '\n# '))
        print('%s %d - %s' % ('ok' if good else 'not ok', self.lines, name), flush=True)


def tables(code):
    """Indirect jumps."""
    return len(re.findall(r'\tjmpq?\t\*|\tbr\tx', code))


def traps(code):
    return sorted(re.findall(r'\t(ud1l\t.*|brk\t#0x55.*)', code))


def frames(t, obj):
    """How many functions have rows in each section."""
    text = t.run('readelf', '--debug-dump=frames', obj)[1]
    found = {}
    section = None
    for line in text.splitlines():
        m = re.match(r'Contents of the (\S+) section', line)
        section = m[1] if m else section
        if ' FDE ' in line:
            found[section] = found.get(section, 0) + 1
    sections = t.run('readelf', '-SW', obj)[1]
    return found, '.eh_frame' in sections, '.debug_frame' in sections


def jump_tables(t):
    for target in TARGETS:
        for level in LEVELS:
            for flags, most in (([], None), (['-fno-jump-tables'], 0)):
                kiln, clang, said = t.both(SWITCH, '.c', ['--target=' + target, level, *flags])
                n = tables(t.code(kiln)) if kiln else -1
                good = n > 0 if most is None and level in ('-O0', '-Og') else n == 0 if most == 0 else kiln is not None
                t.check(good and clang is not None, 'jump tables: %s %s %s: %d' % (target, level, ' '.join(flags), n), said)
        for words, inner, outer in (('inner', True, False), ('outer', False, True), ('neither', False, False)):
            # The attribute is put into the bitcode, since clang's flag is about a whole file.
            with open(os.path.join(t.dir.name, 'm.c'), 'w') as f:
                f.write(MARKED % ('', ''))
            text = t.run('clang-22', '--target=' + target, '-Og', '-S', '-emit-llvm', '-Xclang', '-disable-llvm-passes', 'm.c', '-o', '-')[1]
            for function, marked in (('inner', inner), ('outer', outer)):
                group = re.search(r'^define [^\n]*@%s\([^\n]*?#(\d+)' % function, text, re.M)[1]
                if marked:
                    text = re.sub(r'^(attributes #%s = \{)' % group, r'\1 "no-jump-tables"="true"', text, flags=re.M)
            with open(os.path.join(t.dir.name, 'm.ll'), 'w') as f:
                f.write(text)
            t.run('clang-22', '-c', '-emit-llvm', '-w', '-Xclang', '-disable-llvm-passes', 'm.ll', '-o', 'm.bc')
            status, said = t.run(t.kiln, 'compile', '--inline', 'm.bc', '-o', 'm.o')
            code = t.code('m.o') if status == 0 else ''
            good = status == 0 and (tables(code) > 0) == (words == 'neither') and 'inner' not in re.findall(r'<(\w+)>:', code)
            t.check(good, 'jump tables: %s: no-jump-tables of %s, inlined' % (target, words), said + code)
    for attribute in ('"no-jump-tables"="true"', '"no-jump-tables"="false"', '"aarch64-jump-table-hardening"'):
        body = 'define i32 @f(i32 %%x) %s {\n  switch i32 %%x, label %%d [%s]\n%sd: ret i32 0\n}' % (
            attribute, ' '.join('i32 %d, label %%l%d' % (k, k) for k in range(9)), ''.join('l%d: ret i32 %d\n' % (k, 3 * k % 7) for k in range(9)))
        for target in TARGETS:
            kiln, _, said = t.both(LL % (target, body), '.ll', ['--target=' + target, '-O0'])
            wanted = 'false' in attribute
            t.check(kiln is not None and (tables(t.code(kiln)) > 0) == wanted, '%s: %s' % (target, attribute), said)


def unwind_rows(t):
    off = '-fno-asynchronous-unwind-tables'
    for target in TARGETS:
        for flags in ([], [off], [off, '-fno-unwind-tables'], [off, '-g'], ['-g'], ['-fforce-dwarf-frame'], [off, '-fforce-dwarf-frame'],
                      ['-fforce-dwarf-frame', '-fno-force-dwarf-frame'], ['-g', '-fforce-dwarf-frame'], [off, '-fexceptions'], ['-g', off, '-gdwarf-4']):
            kiln, clang, said = t.both(FRAMES, '.c', ['--target=' + target, *flags])
            is_, wanted = (kiln and frames(t, kiln)), (clang and frames(t, clang))
            t.check(is_ is not None and is_ == wanted, 'unwind rows: %s %s: %s' % (target, ' '.join(flags), is_), '%s\nclang: %s' % (said, wanted))
    body = '''declare void @g()
define void @plain() { call void @g() ret void }
define void @quiet() nounwind { call void @g() ret void }
define void @table() nounwind uwtable { call void @g() ret void }
define void @personal() nounwind personality ptr @p { call void @g() ret void }
declare i32 @p(...)'''.replace(' ret void', '\n  ret void')
    for target in TARGETS:
        kiln, clang, said = t.both(LL % (target, body), '.ll', ['--target=' + target, '-O0'])
        is_, wanted = (kiln and frames(t, kiln)), (clang and frames(t, clang))
        t.check(is_ is not None and is_ == wanted, 'unwind rows: %s, by attributes: %s' % (target, is_), '%s\nclang: %s' % (said, wanted))


def sanitizer_traps(t):
    flags = ['-fsanitize=undefined', '-fsanitize-trap=undefined', '-fno-sanitize=function']
    for target in TARGETS:
        kiln, clang, said = t.both(TRAPS, '.c', ['--target=' + target, *flags])
        is_, wanted = (kiln and traps(t.code(kiln))), (clang and traps(t.code(clang)))
        t.check(bool(is_) and set(is_) == set(wanted), 'kinds of traps: ' + target, '%s\nkiln: %s\nclang: %s' % (said, is_, wanted))
        body = 'declare void @llvm.ubsantrap(i8)\n' + '\n'.join(
            'define void @f%d() {\n  call void @llvm.ubsantrap(i8 %d)\n  unreachable\n}' % (k, k) for k in (0, 1, 127, 128, 255))
        kiln, clang, said = t.both(LL % (target, body), '.ll', ['--target=' + target, '-O0'])
        is_, wanted = (kiln and traps(t.code(kiln))), (clang and traps(t.code(clang)))
        t.check(bool(is_) and is_ == wanted and len(is_) == 5, 'kinds of traps: %s, the ends of the range' % target,
                '%s\nkiln: %s\nclang: %s' % (said, is_, wanted))


def tail_calls(t):
    for target in TARGETS:
        for attribute in ('', '"disable-tail-calls"="false"', '"disable-tail-calls"="true"'):
            body = 'declare i32 @g(i32)\ndefine i32 @f(i32 %%x) noinline optnone %s {\n  %%r = tail call i32 @g(i32 %%x)\n  ret i32 %%r\n}' % attribute
            kiln, clang, said = t.both(LL % (target, body), '.ll', ['--target=' + target, '-O0'])
            calls = [bool(o) and bool(re.search(r'\t(callq?|bl)\t', t.code(o))) for o in (kiln, clang)]
            t.check(kiln is not None and calls[0] == calls[1] == ('"true"' in attribute), 'tail calls: %s %s' % (target, attribute or 'no attribute'),
                    '%s\n%s' % (said, calls))


def main():
    t = Test(sys.argv[1])
    jump_tables(t)
    unwind_rows(t)
    sanitizer_traps(t)
    tail_calls(t)
    print('1..%d' % t.lines)
    sys.exit(t.failed != 0)


main()
