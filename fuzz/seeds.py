#!/usr/bin/env python3
"""Makes the initial corpus of a fuzz target in a folder, once: seeds.py NAME FOLDER.

text: the functions of tests/kir; qbe: those of tests/run/qbe; bitcode: tests/run/programs, tests/run/bitcode
and fuzz/seeds/source, by clang at -O0, at -O1 and with debug information, and by rustc if there is one: C++
with exceptions, hardened functions, vectors, assembly and Rust are among them; func, object: random bytes; memory: the
small ones of all; wasm: besides fuzz/seeds/wasm, which wasm-tools made of the texts there, and clang of lines.c
(-O1 -gdwarf-4 and -5 -nostdlib), the small modules of the official suite, if tests/wasm/suite.py has fetched it."""
import fcntl
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEXT_SIZE = 3000
SMALL = 3500
WHOLE = os.environ.get('KILN_TEST_WHOLE') == '1'
FLAGS = {'O0': ['-O0'], 'O1': ['-O1', '-fno-vectorize', '-fno-slp-vectorize'], 'g': ['-O0', '-g']}
# Of the programs in fuzz/seeds/source.
HARD = ['-fstack-protector-strong', '-fstack-clash-protection', '-ftrivial-auto-var-init=pattern']
SOURCE_FLAGS = {'O0': ['-O0'], 'O1g': FLAGS['O1'] + ['-g'], 'hard': ['-O0', '-g', '-gdwarf-4'] + HARD,
                'hardO1': FLAGS['O1'] + HARD, 'vec': ['-O2', '-march=x86-64-v3', '-g']}
RUST_FLAGS = {'debug': ['-Cdebuginfo=2'], 'release': ['-Copt-level=2', '-Cpanic=abort', '-Cdebuginfo=1']}


def listed(folder, suffix):
    path = os.path.join(ROOT, folder)
    return [os.path.join(path, n) for n in sorted(os.listdir(path)) if n.endswith(suffix)]


def text(folder):
    """Pieces of a file are whole functions, with everything before the first one."""
    for path in listed('tests/kir', '.kir'):
        with open(path, encoding='utf-8') as f:
            sections = re.split(r'(?m)^; ---.*$', f.read())
        pieces = []
        for section in sections:
            head, *funcs = re.split(r'(?m)^(?=func )', re.sub(r'(?m)^;.*\n', '', section))
            piece = head
            for func in funcs:
                if len(piece) + len(func) > TEXT_SIZE and piece != head:
                    pieces.append(piece)
                    piece = head
                piece += func
            pieces.append(piece)
        for number, piece in enumerate(pieces):
            with open(os.path.join(folder, f'{os.path.basename(path)}.{number}'), 'w',
                      encoding='utf-8') as f:
                f.write(piece)


def qbe(folder):
    """Each definition with the types and data of its file, and the wrong pieces of errors.txt."""
    sys.path.insert(0, os.path.join(ROOT, 'tests/run/qbe'))
    from classes import PROGRAMS
    sources = {name: make() for name, make in PROGRAMS.items()}
    for path in listed('tests/run/qbe', '.ssa'):
        with open(path, encoding='utf-8') as f:
            sources[os.path.basename(path)] = f.read()
    with open(os.path.join(ROOT, 'tests/run/qbe/errors.txt'), encoding='utf-8') as f:
        pieces = {f'error{k}': re.sub(r' *# .*', '', piece) for k, piece in enumerate(f.read().split('---\n')[1:])}
    for name, source in sources.items():
        source = re.sub(r'(?m)^#.*\n', '', source)
        functions = re.findall(r'(?ms)^(?:export |thread |section [^\n]*)*function .*?^\}\n', source)
        head = ''.join(re.findall(r'(?ms)^type .*?\}\n', source))
        for k in range(0, len(functions), 8):
            pieces[f'{name}.{k}'] = head + ''.join(functions[k:k + 8])
    for name, piece in pieces.items():
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
            f.write(piece)


def bitcode(folder):
    clang = [os.environ.get('CLANG', 'clang-22'), '-w', '-fPIC', '-emit-llvm', '-c']
    for number, path in enumerate(listed('tests/run/programs', '.c')):
        for name in list(FLAGS) if WHOLE else [list(FLAGS)[number % len(FLAGS)]]: # one of the three in turns
            flags = FLAGS[name]
            out = os.path.join(folder, f'{os.path.basename(path)[:-2]}.{name}.bc')
            subprocess.run(clang + ['-std=gnu11'] + flags + [path, '-o', out], check=True)
    for path in listed('fuzz/seeds/source', '.c') + listed('fuzz/seeds/source', '.cpp'):
        language = ['-xc++', '-std=c++14'] if path.endswith('.cpp') else ['-std=gnu11']
        for name, flags in SOURCE_FLAGS.items():
            out = os.path.join(folder, f'{os.path.basename(path).split(".")[0]}.{name}.bc')
            subprocess.run(clang + language + flags + [path, '-o', out], check=True)
    if shutil.which('rustc'):
        for path in listed('fuzz/seeds/source', '.rs'):
            for name, flags in RUST_FLAGS.items():
                out = os.path.join(folder, f'{os.path.basename(path)[:-3]}.{name}.bc')
                subprocess.run(['rustc', '--edition=2021', '--emit=llvm-bc', '-Ccodegen-units=1', *flags, path,
                                '-o', out], check=True)
    for path in listed('tests/run/bitcode', '.ll'):
        out = os.path.join(folder, f'{os.path.basename(path)[:-3]}.bc')
        subprocess.run(clang + ['-x', 'ir', path, '-o', out], check=True)


def memory(folder):
    text(folder)
    shutil.copytree(inputs('bitcode', os.path.join(os.path.dirname(folder), 'bitcode')), folder, dirs_exist_ok=True)
    func(folder, b'\1', (50, 200, 500))
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.getsize(path) > SMALL:
            os.remove(path)


def wasm(folder):
    sys.path.insert(0, os.path.join(ROOT, 'tests/wasm'))
    import suite
    for place, _, names in os.walk(suite.SUITE):
        for name in names:
            path = os.path.join(place, name)
            if name.endswith('.wasm') and os.path.getsize(path) < 1500:
                with open(path, 'rb') as f:
                    content = f.read()
                with open(os.path.join(folder, hashlib.sha1(content).hexdigest()), 'wb') as f:
                    f.write(content)


def func(folder, start=b'', sizes=(50, 200, 500, 1000, 2000, 4000)):
    rng = random.Random(1)
    for number in range(64):
        with open(os.path.join(folder, f'func.{number}'), 'wb') as f:
            f.write(start + rng.randbytes(rng.choice(sizes)))


def inputs(name, folder):
    """Makes them if they are not there, or another process does, and gives the folder."""
    os.makedirs(folder, exist_ok=True)
    with open(folder + '.complete', 'a', encoding='utf-8') as done:
        fcntl.flock(done, fcntl.LOCK_EX)
        if os.fstat(done.fileno()).st_size == 0:
            {'text': text, 'qbe': qbe, 'bitcode': bitcode, 'memory': memory, 'func': func, 'wasm': wasm, 'object': func}[name](folder)
            done.write('complete\n')
    return folder


def main():
    inputs(sys.argv[1], os.path.abspath(sys.argv[2]))


if __name__ == '__main__':
    main()
