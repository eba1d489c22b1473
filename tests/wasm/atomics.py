#!/usr/bin/env python3
"""All atomic loads, stores and read-modify-write operations, with operands that fit what is in memory and operands that do
not. The expected results are computed here, by the threads proposal's rules. The test also checks the computed results
against V8 if node is installed, and with --wasmtime against wasmtime.

    atomics.py --runner=PROGRAM [--target=aarch64] [--wasmtime]

Prints TAP. Only --wasmtime downloads anything.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import suite

# The order of the proposal's opcodes: type, bits in memory.
WIDTHS = [('i32', 32), ('i64', 64), ('i32', 8), ('i32', 16), ('i64', 8), ('i64', 16), ('i64', 32)]
# Operation, opcode of its first form, number of operands, what it stores, from the old value and the operands.
OPERATIONS = [('load', 0x10, 0, lambda old, a, b: old), ('store', 0x17, 1, lambda old, a, b: a),
              ('add', 0x1e, 1, lambda old, a, b: old + a), ('sub', 0x25, 1, lambda old, a, b: old - a),
              ('and', 0x2c, 1, lambda old, a, b: old & a), ('or', 0x33, 1, lambda old, a, b: old | a),
              ('xor', 0x3a, 1, lambda old, a, b: old ^ a), ('xchg', 0x41, 1, lambda old, a, b: a),
              ('cmpxchg', 0x48, 2, lambda old, a, b: b if a == old else old)]
BEFORE = [0xffffffffffffffff, 0x8000800080808080, 0x1122334455667788, 0]
TYPES = {'i32': 0x7f, 'i64': 0x7e}
NODE = '''const {wasm, calls} = JSON.parse(require("fs").readFileSync(0));
const f = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(wasm, "hex"))).exports;
const value = ([type, text]) => type == "i32" ? Number(BigInt.asIntN(32, BigInt(text))) : BigInt(text);
for (const [name, args] of calls) { const r = f[name](...args.map(value)); console.log(r === undefined ? "-" : `${r}`); }
'''


def unsigned(n):
    return bytes([n & 127 | 128]) + unsigned(n >> 7) if n > 127 else bytes([n])


def signed(n):
    return bytes([n & 127]) if -64 <= n < 64 else bytes([n & 127 | 128]) + signed(n >> 7)


def section(number, items):
    body = unsigned(len(items)) + b''.join(items)
    return bytes([number]) + unsigned(len(body)) + body


def constant(kind, n):
    bits = int(kind[1:])
    return (b'\x41' if kind == 'i32' else b'\x42') + signed(n - (1 << bits) if n >> bits - 1 else n)


class Module:
    def __init__(self):
        self.types, self.funcs, self.exports, self.bodies = [], [], [], []

    def add(self, params, results, code):
        """Exports a function; its name."""
        kind = b'\x60' + b''.join(unsigned(len(k)) + bytes(TYPES[t] for t in k) for k in (params, results))
        if kind not in self.types:
            self.types.append(kind)
        name = f'f{len(self.funcs)}'
        self.exports.append(unsigned(len(name)) + name.encode() + b'\0' + unsigned(len(self.funcs)))
        self.funcs.append(unsigned(self.types.index(kind)))
        self.bodies.append(unsigned(len(code) + 2) + b'\0' + code + b'\x0b')
        return name

    def bytes(self):
        return b'\0asm\1\0\0\0' + section(1, self.types) + section(3, self.funcs) + section(5, [b'\0\1']) + \
            section(7, self.exports) + section(10, self.bodies)


def operands(kind, bits, old):
    """Values of a type: the old one, its low bits alone, with other high bits and with other low bits."""
    full, narrow = (1 << int(kind[1:])) - 1, (1 << bits) - 1
    sign = old | (full ^ narrow if old >> bits - 1 else 0)
    return sorted({v & full for v in (old, sign, old | 1 << bits, old | full ^ narrow, old ^ 1, old ^ 1 | full ^ narrow, 7)})


def cases():
    """(module, [(function, [(type, value)], results)])"""
    m = Module()
    get = m.add([], ['i64'], b'\x41\0\x29\3\0')
    put = m.add(['i64'], [], b'\x41\0\x20\0\x37\3\0')
    calls = []
    for operation, first, n, stores in OPERATIONS:
        for form, (kind, bits) in enumerate(WIDTHS):
            results = [] if operation == 'store' else [kind]
            code = b'\xfe' + bytes([first + form, (bits // 8).bit_length() - 1, 0])
            at = 8 - bits // 8 # the last bytes of those that are looked at
            address = b'\x41' + signed(at)
            with_params = m.add([kind] * n, results, address + b''.join(b'\x20' + bytes([i]) for i in range(n)) + code)
            for before in BEFORE:
                old, low = before >> 8 * at, (1 << bits) - 1
                for a in operands(kind, bits, old) if n else [0]:
                    b = 0x5a5b5c5d5e5f6061 & (1 << int(kind[1:])) - 1
                    args, new = [(kind, a), (kind, b)][:n], stores(old, a & low, b & low) & low
                    after = before & (1 << 8 * at) - 1 | new << 8 * at
                    constants = m.add([], results, address + b''.join(constant(*v) for v in args) + code)
                    for name, given in ((with_params, args), (constants, [])):
                        calls.append((put, [('i64', before)], []))
                        calls.append((name, given, [(r, old) for r in results]))
                        calls.append((get, [], [('i64', after)]))
    return m.bytes(), calls


def expected_text(results):
    """As NODE prints: signed."""
    for kind, v in results:
        bits = int(kind[1:])
        return str(v - (1 << bits) if v >> bits - 1 else v)
    return '-'


def by_wasmtime():
    """What NODE does, in wasmtime: run by the interpreter that has it."""
    import wasmtime
    given = json.load(sys.stdin)
    store = wasmtime.Store()
    f = wasmtime.Instance(store, wasmtime.Module(store.engine, bytes.fromhex(given['wasm'])), []).exports(store)
    for name, args in given['calls']:
        values = [int(expected_text([(kind, int(text))])) for kind, text in args]
        result = f[name](store, *values)
        print('-' if result is None else result)


class Tests:
    number = failed = 0

    def check(self, name, ok, detail):
        self.number += 1
        self.failed += not ok
        print(f'{"" if ok else "not "}ok {self.number} - {name}')
        for line in [] if ok else detail[:10]:
            print('# ' + line)

    def oracle(self, name, command, wasm, calls):
        given = json.dumps({'wasm': wasm.hex(), 'calls': [(f, [(k, str(v)) for k, v in args]) for f, args, _ in calls]})
        p = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True)
        got, want = p.stdout.split(), [expected_text(results) for _, _, results in calls]
        self.check(name, p.returncode == 0 and got == want, [f'{c}: {g}' for c, g, w in zip(calls, got, want) if g != w])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner')
    p.add_argument('--wasmtime', action='store_true')
    p.add_argument('--by-wasmtime', action='store_true', help=argparse.SUPPRESS)
    suite.add_target(p)
    args = p.parse_args()
    if args.by_wasmtime:
        return by_wasmtime()
    folder, tests = tempfile.mkdtemp(prefix='kiln-wasm-'), Tests()
    wasm, calls = cases()
    word = lambda kind, v: f'{kind}:{v:x}:0'
    with open(os.path.join(folder, 'atomics.wasm'), 'wb') as f:
        f.write(wasm)
    script = os.path.join(folder, 'atomics.script')
    with open(script, 'w') as f:
        f.write('module 0 = atomics.wasm -\n')
        for line, (name, given, results) in enumerate(calls):
            f.write(' '.join(['return', str(line), '=', 'invoke', '-', suite.hexed(name), *(word(*v) for v in given), '->',
                              *(f'{word(*v)}/{(1 << int(v[0][1:])) - 1:x}:0' for v in results)]) + '\n')
    for name, flags in (('Kiln', 0), ('Kiln, checked', 4)):
        q = subprocess.run([*suite.emulator(args.target), args.runner, f'--flags={flags}', script], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors='replace')
        lines = q.stdout.splitlines()
        tests.check(f'{name}: {len(calls)} calls', q.returncode == 0 and lines and lines[-1].startswith('passed'),
                    lines or [str(q.returncode)])
    if shutil.which('node'):
        tests.oracle('V8', ['node', '-e', NODE], wasm, calls)
    if args.wasmtime:
        tests.oracle('wasmtime', [os.path.join(suite.tools(), 'python3'), __file__, '--by-wasmtime'], wasm, calls)
    print(f'1..{tests.number}')
    shutil.rmtree(folder)
    return tests.failed > 0


if __name__ == '__main__':
    sys.exit(main())
