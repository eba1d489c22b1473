#!/usr/bin/env python3
"""usage.py BUILD: the commands of usage.txt, with the exit status and the message that each must have."""
import gzip
import itertools
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 60

C = '#include <stdlib.h>\nint main(int n, char **words) { return 39 + n + (getenv("KILN_TEST") ? 10 : 0); }\n'
KIR = '''target x86_64
declare @getenv(i64) -> i64
data internal @name readonly { "KILN_TEST\\00" }
func @main(i32, i64) -> i32 {
b0(v0: i32, v1: i64):
  v2 = call @getenv(@name)
  v3 = icmp.i64 ne v2, 0
  v4 = zext.i32 i8 v3
  v5 = mul.i32 v4, 10
  v6 = add.i32 v0, 39
  v7 = add.i32 v6, v5
  ret v7
}
'''
SSA = 'export function w $main(w %n, l %words) {\n@start\n %r =w add %n, 39\n ret %r\n}\n'


def section(number, *parts):
    body = b''.join(parts)
    return bytes([number, len(body)]) + body


def wasm(export):
    """A module with one empty function."""
    return (b'\0asm\1\0\0\0' + section(1, b'\1\x60\0\0') + section(3, b'\1\0') +
            section(7, b'\1', bytes([len(export)]), export, b'\0\0') + section(10, b'\1\2\0\x0b'))


def write(name, data):
    with open(name, 'wb') as f:
        f.write(data.encode() if isinstance(data, str) else data)


def make_files():
    os.mkdir('folder')
    write('m.c', C)
    subprocess.run(['clang-22', '-O0', '-fPIC', '-emit-llvm', '-c', 'm.c', '-o', 'm.bc'], check=True)
    subprocess.run(['clang-22', '-O0', '-emit-llvm', '-S', 'm.c', '-o', 'm.ll'], check=True)
    subprocess.run(['gcc', '-c', 'm.c', '-o', 'm.o'], check=True)
    subprocess.run(['gcc', 'm.o', '-o', 'program'], check=True)
    subprocess.run(['ar', 'cr', 'lib.a', 'm.o'], check=True)
    with open('m.bc', 'rb') as f:
        bitcode = f.read()
    with open('m.ll') as f:
        write('ll.txt', f.read())
    # magic, version, offset and size of the bitcode, processor
    numbers = (0x0b17c0de, 0, 20, len(bitcode), 0x01000007)
    write('wrapped.bc', b''.join(n.to_bytes(4, 'little') for n in numbers) + bitcode)
    with open('m.o', 'rb') as f:
        write('cut.o', f.read(100))
    for name, data in {'m.kir': KIR, 'text.bc': KIR, 'm.ssa': SSA, 'qbe.txt': SSA, 'bitcode.kir': bitcode, 'bitcode.o': bitcode, 'module.c': wasm(b'_start'),
                       'm.wasm': wasm(b'_start'), 'nowasi.wasm': wasm(b'other'), 'cut.wasm': wasm(b'_start')[:20], 'badbody.wasm': wasm(b'_start')[:-2] + b'\x1a\x0b',
                       'component.wasm': b'\0asm\x0d\0\1\0' + bytes(8), 'cut.bc': bitcode[:len(bitcode) - 200],
                       'half.bc': bitcode[:len(bitcode) // 2], 'empty': b'', 'secret.bc': bitcode, 'noise': bytes(range(256)) * 4,
                       'm.gz': gzip.compress(KIR.encode()), 'script': '#!/bin/sh\n', 'm.cpp': 'int f() { return 1; }\n',
                       'm.rs': 'fn main() {}\n', 'm.wat': '(module)\n', 'folder/inner.kir': KIR,
                       'bad.kir': 'func @f(i32) -> i32 {\nb0(v0: i32):\n  v1 = frob.i32 v0\n  ret v1\n}\n',
                       'bad.ssa': 'function w $f(w %x) {\n@start\n %y =w frob %x\n ret %y\n}\n',
                       'nomain.kir': 'func @f() {\nb0:\n  ret\n}\n',
                       'other.kir': 'target aarch64\nfunc @main() -> i32 {\nb0:\n  ret 0\n}\n'}.items():
        write(name, data)
    os.chmod('secret.bc', 0)


def expand(text):
    """Every choice of the {a,b} in a text."""
    parts = re.split(r'\{([^{}]*)\}', text)
    return (''.join(p) for p in itertools.product(*(p.split(',') if i % 2 else [p] for i, p in enumerate(parts))))


def rows():
    with open(os.path.join(HERE, 'usage.txt')) as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.startswith('#'):
                status, words, pattern = line.rstrip('\n').split(' |', 2)
                for command in expand(words.strip()):
                    yield number, int(status), command, pattern[1:]


def wrong(kiln, status, command, pattern):
    """What is wrong with what a command does; None: nothing."""
    words, _, stdin = command.partition(' < ')
    with open(stdin or os.devnull, 'rb') as f:
        done = subprocess.run([kiln, *shlex.split(words)], stdin=f, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    said = done.stdout.decode(errors='replace')
    if done.returncode != status:
        return f'status {done.returncode}, not {status}: {said[:500]}'
    if pattern == '-':
        return f'it prints: {said[:500]}' if said else None
    return None if re.search(pattern, said, re.M) else f'no {pattern} in: {said[:500]}'


def main():
    build = os.path.realpath(sys.argv[1])
    kiln, count, failed = os.path.join(build, 'kiln'), 0, 0
    without = [v for v in ('run', 'interp', 'dis') if not os.path.exists(f'{kiln}-{v}')]
    for name in [n for n in os.environ if n.startswith('KILN_')]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        make_files()
        for number, status, command, pattern in rows():
            count += 1
            name = f'line {number}: kiln {command}'.replace('#', 'No.')
            verb = command.partition(' ')[0]
            if 'secret' in command and os.geteuid() == 0:
                print(f'ok {count} - {name} # SKIP root may read everything')
            elif verb in without or ('--listing' in command and 'dis' in without):
                print(f'ok {count} - {name} # SKIP no kiln-{verb} in this build')
            else:
                trouble = wrong(kiln, status, command, pattern)
                failed += trouble is not None
                print(f'{"not ok" if trouble else "ok"} {count} - {name}')
                if trouble:
                    print('# ' + trouble.replace('\n', '\n# '))
    print(f'1..{count}')
    sys.exit(failed != 0)


main()
