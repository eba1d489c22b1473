#!/usr/bin/env python3
"""Shuffles of vectors: controls of all kinds (lanes, rotations, bytes in turn, one operand, the same operand twice, bytes
at random), swizzles and narrowing, whose results are reckoned here.

    shuffles.py --runner=PROGRAM [--target=aarch64]

Prints TAP.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

import suite


def controls():
    r = random.Random(1)
    yield from ([i + n for i in range(16)] for n in range(17))
    for size in (1, 2, 4, 8):
        lanes = 16 // size
        yield from ([(i // size // 2 + half * lanes // 2) * size + i % size + 16 * (i // size % 2) for i in range(16)] for half in (0, 1))
        for most in (lanes, 2 * lanes):
            for _ in range(6):
                order = [r.randrange(most) for _ in range(lanes)]
                yield [order[i // size] * size + i % size for i in range(16)]
    for least, most in ((0, 16), (16, 32), (0, 32)):
        yield from ([r.randrange(least, most) for _ in range(16)] for _ in range(12))
    yield from ([n] * 16 for n in (0, 7, 15, 16, 31))
    for step in (2, 4):  # as compilers write them: what they do not need is 0
        yield from ([i * step + first if i * step + first < 32 else 0 for i in range(16)] for first in range(step))


def word(data):
    return f'v128:{int.from_bytes(data[:8], "little"):x}:{int.from_bytes(data[8:], "little"):x}'


def narrow(a, b, size, signed):
    low, high = (-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) if signed else (0, (1 << 8 * size) - 1)
    out = b''
    for v in (a, b):
        for i in range(0, 16, 2 * size):
            n = min(max(int.from_bytes(v[i:i + 2 * size], 'little', signed=True), low), high)
            out += n.to_bytes(size, 'little', signed=signed)
    return out


def cases():
    """(name, body of a function of two vectors, what it gives)"""
    for k in map(list, dict.fromkeys(map(tuple, controls()))):
        name = ' '.join(map(str, k))
        yield name, f'(i8x16.shuffle {name} (local.get 0) (local.get 1))', lambda a, b, k=k: bytes((a + b)[i] for i in k)
        yield name + ' same', f'(i8x16.shuffle {name} (local.get 0) (local.get 0))', lambda a, b, k=k: bytes(a[i % 16] for i in k)
    yield 'swizzle', '(i8x16.swizzle (local.get 0) (local.get 1))', lambda a, b: bytes(a[i] if i < 16 else 0 for i in b)
    for size, lanes in ((1, 'i8x16.narrow_i16x8'), (2, 'i16x8.narrow_i32x4')):
        for signed in (False, True):
            op = f'{lanes}_{"s" if signed else "u"}'
            yield op, f'({op} (local.get 0) (local.get 1))', lambda a, b, s=size, g=signed: narrow(a, b, s, g)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner', required=True)
    suite.add_target(p)
    args = p.parse_args()
    folder, r = tempfile.mkdtemp(prefix='kiln-wasm-'), random.Random(2)
    pairs = [(bytes(range(16)), bytes(range(16, 32))), (r.randbytes(16), bytes([0, 15, 16, 17, 127, 128, 129, 255, 14, 1, 143, 144, 112, 113, 31, 32]))]
    pairs += [(r.randbytes(16), r.randbytes(16)) for _ in range(3)]
    funcs, lines = [], [['module', '0', '=', 'shuffles.wasm', '-']]
    for name, body, gives in cases():
        funcs.append(f'(func (export "{name}") (param v128 v128) (result v128) {body})')
        for a, b in pairs:
            want = word(gives(a, b)) + '/' + word(b'\xff' * 16)[5:]
            lines.append(['return', str(len(lines)), '=', 'invoke', '-', suite.hexed(name), word(a), word(b), '->', want])
    file = os.path.join(folder, 'shuffles')
    with open(file + '.wat', 'w') as f:
        f.write('(module ' + '\n'.join(funcs) + ')')
    with open(file + '.script', 'w') as f:
        f.write(''.join(' '.join(line) + '\n' for line in lines))
    subprocess.run([*suite.program('wasm-tools'), 'parse', file + '.wat', '-o', file + '.wasm'], check=True)
    q = subprocess.run([*suite.emulator(args.target), args.runner, file + '.script'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    out = q.stdout.splitlines()
    ok = q.returncode == 0 and out and out[-1].startswith('passed')
    print(f'{"" if ok else "not "}ok 1 - shuffles: {out[-1] if out else q.returncode}\n1..1')
    for line in [] if ok else out[:20]:
        print('# ' + line)
    shutil.rmtree(folder)
    sys.exit(not ok)


if __name__ == '__main__':
    main()
