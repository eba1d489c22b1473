#!/usr/bin/env python3
"""Accesses at all edges of memories: each form of load, store, atomic and bulk operation, offset and address, for each kind of
memory. What the standard says of each is reckoned here, in numbers without bounds: a trap exactly where the access is
not within the memory, else the memory's bytes; and no byte of it changes at a trap.

    edges.py --runner=PROGRAM [--target=aarch64] [--sample]

Prints TAP: a line for each kind of memory, with and without KILN_WASM_CHECKED. --sample: half of the forms of access in each
kind of memory, with or without.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import suite
from differential import fnv

PAGE = 65536
# Operation, bytes, type of its result, what it does to the bytes.
LOADS = [('i32.load8_u', 1, 'i32', False), ('i32.load8_s', 1, 'i32', True), ('i32.load16_u', 2, 'i32', False),
         ('i32.load', 4, 'i32', False), ('i64.load8_s', 1, 'i64', True), ('i64.load32_s', 4, 'i64', True),
         ('i64.load32_u', 4, 'i64', False), ('i64.load', 8, 'i64', False), ('f32.load', 4, 'f32', False),
         ('f64.load', 8, 'f64', False), ('v128.load', 16, 'v128', False), ('v128.load32_zero', 4, 'v128', False),
         ('v128.load64_zero', 8, 'v128', False), ('i32.atomic.load', 4, 'i32', False),
         ('i64.atomic.load', 8, 'i64', False), ('i32.atomic.load8_u', 1, 'i32', False)]
STORES = [('i32.store8', 1, 'i32.const 0x5a'), ('i32.store16', 2, 'i32.const 0x5a5b'), ('i32.store', 4, 'i32.const 0x5a5b5c5d'),
          ('i64.store', 8, 'i64.const 0x5a5b5c5d5e5f6061'), ('i64.store32', 4, 'i64.const 0x5a5b5c5d'),
          ('v128.store', 16, 'v128.const i64x2 0x5a5b5c5d5e5f6061 0x7a7b7c7d7e7f7071'),
          ('i64.atomic.store', 8, 'i64.const 0x5a5b5c5d5e5f6061')]
BITS = {'i32': 32, 'i64': 64, 'f32': 32, 'f64': 64, 'v128': 128}
OUT, UNALIGNED = 'out of bounds memory access', 'unaligned atomic'


def content(size):
    return bytearray((i * 7 + (i >> 8) + 0x83) & 255 for i in range(size))


class Script:
    """Functions of a module with one memory that is tested, and the lines that call them."""
    def __init__(self, name, is_64, pages, memory, index):
        self.name, self.is_64, self.size, self.memory, self.index = name, is_64, pages * PAGE, memory, index
        self.bytes, self.type = content(self.size), 'i64' if is_64 else 'i32'
        self.funcs, self.lines, self.fixed = [], [], 0

    def offsets(self, n):
        values = {0, 1, 7, 4095, self.size - n, self.size, self.size + 1, 1 << 27, (1 << 31) - 1, 1 << 31, (1 << 32) - n, (1 << 32) - 1}
        if self.is_64:
            values |= {1 << 32, 1 << 47, (1 << 63) - 1, 1 << 63, (1 << 64) - n, (1 << 64) - 1}
        return sorted(v for v in values if v >> (64 if self.is_64 else 32) == 0)

    def addresses(self, n):
        values = {0, 1, self.size - n - 1, self.size - n, self.size - n + 1, self.size - 1, self.size, 1 << 27, (1 << 31) - 1, 1 << 31,
                  (1 << 32) - self.size, (1 << 32) - n, (1 << 32) - 1}
        if self.is_64:
            values |= {1 << 32, (1 << 32) + self.size - n, 1 << 47, (1 << 63) - 1, 1 << 63, (1 << 64) - self.size, (1 << 64) - n, (1 << 64) - 1}
        return sorted(v for v in values if v >> (64 if self.is_64 else 32) == 0)

    def call(self, name, args, trap, result=None):
        words = ['invoke', '-', suite.hexed(name), *args]
        if trap:
            self.lines.append(['trap', str(len(self.lines)), suite.hexed(trap), *words])
        else:
            self.lines.append(['return', str(len(self.lines)), '=', *words, '->', *([result] if result else [])])

    def both(self, code, result, n, address, call):
        """One function that gets the address, one that has it as a constant."""
        name = f'f{self.fixed}'
        self.fixed += 1
        head = f'(func (export "{name}")' + (f' (result {result})' if result else '')
        self.funcs.append(f'{head} {code(f"({self.type}.const {address})")})')
        call(name, [])

    def access(self, op, n, result, action):
        atomic = '.atomic.' in op
        for offset in self.offsets(n):
            where = f'{op} {self.index} offset={offset}' if self.index else f'{op} offset={offset}'
            code = lambda a: f'({where} {a}{" (" + action + ")" if not result else ""})'
            name = f'{op} {offset}'
            self.funcs.append(f'(func (export "{name}") (param {self.type})' + (f' (result {result})' if result else '') +
                              ' ' + code('(local.get 0)') + ')')
            for address in self.addresses(n):
                at = address + offset
                trap = UNALIGNED + '|' + OUT if atomic and at % n else OUT if at + n > self.size else None
                yield at, trap, lambda text, t=trap, a=address, name=name: self.call(name, [f'{self.type}:{a:x}:0'], t, text)
                if offset < 8 or offset in (self.size - n, (1 << 32) - 1, (1 << 64) - 1):
                    yield at, trap, lambda text, t=trap, a=address, c=code: self.both(
                        c, result, n, a, lambda f, args: self.call(f, args, t, text))

    def load(self, op, n, result, signed):
        for at, trap, call in self.access(op, n, result, None):
            value = 0 if trap else int.from_bytes(self.bytes[at:at + n], 'little', signed=signed) & ((1 << BITS[result]) - 1)
            full, low = (1 << BITS[result]) - 1, (1 << 64) - 1
            call(f'{result}:{value & low:x}:{value >> 64:x}/{full & low:x}:{full >> 64:x}')

    def store(self, op, n, action):
        value = action.split()
        number = int(value[-1], 0) << 64 | int(value[-2], 0) if 'i64x2' in action else int(value[-1], 0)
        for at, trap, call in self.access(op, n, None, action):
            call(None)
            if not trap:
                self.bytes[at:at + n] = (number & ((1 << 8 * n) - 1)).to_bytes(n, 'little')

    def bulk(self):
        i, t = self.index or 0, self.type
        self.funcs.append(f'(func (export "fill") (param {t} {t}) (memory.fill {i} (local.get 0) (i32.const 0x99) (local.get 1)))')
        self.funcs.append(f'(func (export "copy") (param {t} {t} {t}) (memory.copy {i} {i} (local.get 0) (local.get 1) (local.get 2)))')
        self.funcs.append(f'(func (export "init") (param {t} i32 i32) (memory.init {i} $d (local.get 0) (local.get 1) (local.get 2)))')
        word = lambda v: f'{t}:{v:x}:0'
        for n in (0, 1, 5, 8):
            for to in self.addresses(n):
                self.call('fill', [word(to), word(n)], OUT if to + n > self.size else None)
                if to + n <= self.size:
                    self.bytes[to:to + n] = b'\x99' * n
                for start in (0, 3, 4, (1 << 32) - 1):  # the segment has 8 bytes
                    bad = to + n > self.size or start + n > 8
                    self.call('init', [word(to), f'i32:{start:x}:0', f'i32:{n:x}:0'], OUT if bad else None)
                    if not bad:
                        self.bytes[to:to + n] = b'ABCDEFGH'[start:start + n]
                for start in self.addresses(n):
                    bad = to + n > self.size or start + n > self.size
                    self.call('copy', [word(to), word(start), word(n)], OUT if bad else None)
                    if not bad:
                        self.bytes[to:to + n] = self.bytes[start:start + n]
        for n in self.addresses(0):  # lengths that wrap
            self.call('fill', [word(2), word(n)], OUT if 2 + n > self.size else None)
            if 2 + n <= self.size:
                self.bytes[2:2 + n] = b'\x99' * n

    def write(self, folder, wasm_tools, first, every):
        for row in LOADS[first::every]:
            self.load(*row)
        for row in STORES[first::every]:
            self.store(*row)
        self.bulk()
        data = ''.join(f'\\{b:02x}' for b in content(self.size))
        text = f'(module {self.memory} (export "memory" (memory {self.index or 0})) (data (memory {self.index or 0}) ({self.type}.const 0) "{data}") ' \
               f'(data $d "ABCDEFGH")\n' + '\n'.join(self.funcs) + ')'
        wat = os.path.join(folder, self.name + '.wat')
        with open(wat, 'w') as f:
            f.write(text)
        subprocess.run([*wasm_tools, 'parse', wat, '-o', wat[:-3] + 'wasm'], check=True)
        self.lines.insert(0, ['module', '0', '=', self.name + '.wasm', '-'])
        self.lines.append(['hash', '0', suite.hexed('memory'), f'{fnv(bytes(self.bytes)):x}'])
        with open(wat[:-3] + 'script', 'w') as f:
            f.write(''.join(' '.join(line) + '\n' for line in self.lines))
        return wat[:-3] + 'script'


SCRIPTS = [('own-32', False, 1, '(memory 1)', ''), ('own-32-max', False, 2, '(memory 2 65536)', ''),
           ('imported-32', False, 1, '(import "spectest" "memory" (memory 1))', ''),
           ('shared-32', False, 1, '(memory 1 1 shared)', ''), ('second-32', False, 1, '(memory 3) (memory 1)', 1),
           ('own-64', True, 1, '(memory i64 1)', ''), ('second-64', True, 1, '(memory 3) (memory i64 1 9)', 1)]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner', required=True)
    suite.add_target(p)
    p.add_argument('--sample', action='store_true')
    args = p.parse_args()
    folder, failed, number = tempfile.mkdtemp(prefix='kiln-wasm-'), 0, 0
    wasm_tools = suite.program('wasm-tools')
    every = 2 if args.sample and os.environ.get('KILN_TEST_WHOLE') != '1' else 1
    for k, row in enumerate(SCRIPTS):
        script = Script(*row).write(folder, wasm_tools, k % every, every)
        for name, flags in (('', 0), (', checked', 4))[k // 2 % every::every]:
            q = subprocess.run([*suite.emulator(args.target), args.runner, f'--flags={flags}', script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors='replace')
            lines, number = q.stdout.splitlines(), number + 1
            ok = q.returncode == 0 and lines and lines[-1].startswith('passed')
            failed += not ok
            print(f'{"" if ok else "not "}ok {number} - {row[0]}{name}: {lines[-1] if lines else q.returncode}')
            for line in [] if ok else lines[:10]:
                print('# ' + line)
    print(f'1..{number}')
    shutil.rmtree(folder)
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
