#!/usr/bin/env python3
"""What `./dev same` compares objects by (harness/elf_difference.py) finds a byte that is changed in any section, and
names its function: elf_difference.py KILN"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../harness'))
import elf_difference  # noqa: E402

SOURCE = r"""
extern "C" int puts(const char *);
struct mark { int n; ~mark() { puts("gone"); } };
int first(int n) { mark m{n}; if (n > 3) throw n; return m.n; }
int second(int n) { try { return first(n); } catch (int thrown) { return thrown + 1; } }
"""
cases = 0


def check(name, ok, got):
    global cases
    cases += 1
    print('%sok %d - %s' % ('' if ok else 'not ', cases, name))
    if not ok:
        print('# got: ' + got)
    return ok


def changed(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]


def main():
    with tempfile.TemporaryDirectory() as work:
        bc, made = os.path.join(work, 'a.bc'), os.path.join(work, 'a.o')
        subprocess.run(['clang++-22', '-x', 'c++', '-', '-g', '-fPIC', '-emit-llvm', '-c', '-o', bc],
                       input=SOURCE.encode(), check=True)
        subprocess.run([os.path.abspath(sys.argv[1]), 'compile', bc, '-o', made], check=True)
        with open(made, 'rb') as f:
            data = f.read()
    elf, ok = elf_difference.Elf(data), True
    for s in elf.sections:
        if s.size and s.type != elf_difference.SHT_NOBITS and s.name != '.strtab': # which has the sections' own names
            got = elf_difference.difference(data, changed(data, s.offset + s.size // 2))
            ok &= check('a byte of ' + s.name, got.startswith(s.name), got)
    for name in '_Z5firsti', '_Z6secondi':
        symbol = next(s for s in elf.symbols if s.name == name)
        got = elf_difference.difference(data, changed(data, elf.sections[symbol.section].offset + symbol.value + 5))
        ok &= check('the function ' + name, ' %s+0x5;' % name in got and ' 1 have' in got, got)
    longer = data.replace(b'Kiln ', b'kiln ', 1)
    ok &= check('another comment', elf_difference.difference(data, longer).startswith('.comment'), 'the same')
    version = data.index(b'Kiln ', elf.sections[[s.name for s in elf.sections].index('.comment')].offset) + 5
    got = elf_difference.difference(data, data[:version] + b'9' + data[version + 1:])
    ok &= check('another version is no difference', got == '', got)
    got = elf_difference.difference(data, data[:-100])
    ok &= check('an object that is cut off', got != '', got)
    print('1..%d' % cases)
    sys.exit(not ok)


if __name__ == '__main__':
    main()
