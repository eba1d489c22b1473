#!/usr/bin/env python3
"""Random modules of wasm-smith, run by Kiln and by wasmtime: the same results, traps, globals and memories.

    differential.py --runner=PROGRAM [--target=aarch64] [--count=N] [--seed=N] [--keep=FOLDER]

Modules end (each has fuel of its own, whose end is a trap), and make NaNs canonical after each operation but promotions
and demotions, whose NaNs are the processor's.
Every exported function is called with arguments that follow from the seed; what wasmtime makes of that becomes a script,
which spec_runner executes. wasmtime's relaxed vector operations are its deterministic ones, as in Kiln.
What wasm-smith makes and wasmtime does not run is counted and named.
"""
import argparse
import collections
import concurrent.futures
import ctypes
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import suite
from exports import FUNC, GLOBAL, MEMORY, exports

FLAGS = ['--ensure-termination', '--fuel=300', '--canonicalize-nans=true', '--export-everything=true',
         '--max-imports=0', '--bulk-memory-enabled=true', '--multi-value-enabled=true', '--reference-types-enabled=true',
         '--simd-enabled=true', '--relaxed-simd-enabled=true', '--tail-call-enabled=true', '--memory64-enabled=true',
         '--max-memories=3', '--max-tables=3', '--sign-extension-ops-enabled=true',
         '--saturating-float-to-int-enabled=true', '--extended-const-enabled=true', '--exceptions-enabled=true',
         '--threads-enabled=false', '--gc-enabled=false', '--max-memory32-bytes=1048576', '--max-memory64-bytes=1048576',
         '--max-table-elements=1000', '--table-max-size-required=true', '--memory-max-size-required=true',
         '--generate-custom-sections=true', '--wide-arithmetic-enabled=false', '--custom-page-sizes-enabled=false',
         '--min-funcs=3', '--max-instructions=400', '--disallow-traps=false']
# Kiln's words for wasmtime's codes of traps; `|` between alternatives.
TRAPS = {'STACK_OVERFLOW': 'call stack exhausted', 'MEMORY_OUT_OF_BOUNDS': 'out of bounds memory access',
         'HEAP_MISALIGNED': 'unaligned atomic', 'TABLE_OUT_OF_BOUNDS': 'out of bounds table access|undefined element',
         'INDIRECT_CALL_TO_NULL': 'uninitialized element', 'BAD_SIGNATURE': 'indirect call type mismatch',
         'INTEGER_OVERFLOW': 'integer overflow', 'INTEGER_DIVISION_BY_ZERO': 'integer divide by zero',
         'BAD_CONVERSION_TO_INTEGER': 'invalid conversion to integer', 'UNREACHABLE': 'unreachable',
         'NULL_REFERENCE': 'null exception reference'}
ALL = (1 << 64) - 1
KINDS = ['i32', 'i64', 'f32', 'f64', 'v128', 'funcref', 'externref']  # in wasmtime's order


def fnv(data):
    """FNV-1a of words of eight bytes, as spec_runner has it."""
    h = 0xcbf29ce484222325
    for (word,) in struct.iter_unpack('<Q', data):
        if word:
            h = (h ^ word) * 0x100000001b3 & ALL
        else:
            h = (h * 0x100000001b3) & ALL
    return h


def argument(kind, r):
    """A value's bits; None: there is none of the type."""
    if kind in ('i32', 'i64'):
        n = 32 if kind == 'i32' else 64
        return r.choice([0, 1, 2, 7, -1, -2, 1 << (n - 1), (1 << (n - 1)) - 1, r.getrandbits(n), r.getrandbits(8)]) % (1 << n)
    if kind in ('f32', 'f64'):
        v = r.choice([0.0, -0.0, 1.0, -1.5, 1e10, 3.25e-5, float('inf'), float('-inf'), 2147483648.0, -9.3e18])
        return int.from_bytes(struct.pack('<f' if kind == 'f32' else '<d', v), 'little')
    if kind == 'v128':
        return r.choice([0, 1, (1 << 128) - 1, r.getrandbits(128), 0x3f8000004000000040400000c0800000, 0x7fff8000 << 64 | 0x80ff7f01])
    return 0 if kind in KINDS else None


def written(kind, bits):
    return f'{kind}:{bits & ALL:x}:{bits >> 64:x}'


def expected(kind, bits):
    if kind in ('funcref', 'externref'):
        return f'{kind}:any' if bits else f'{kind}:0:0/{ALL:x}:0'
    mask = (1 << {'i32': 32, 'i64': 64, 'f32': 32, 'f64': 64, 'v128': 128}[kind]) - 1
    exponent = {'f32': 0x7f800000, 'f64': 0x7ff0000000000000}.get(kind)
    if exponent and bits & exponent == exponent and bits & (exponent ^ mask) & mask >> 1:  # a NaN; which one is not said
        bits = mask = exponent
    return f'{written(kind, bits)}/{mask & ALL:x}:{mask >> 64:x}'


class Oracle:
    """wasmtime, and the script of what it did."""
    def __init__(self):
        import wasmtime
        self.w = wasmtime
        config = wasmtime.Config()
        for name in ('wasm_simd', 'wasm_relaxed_simd', 'wasm_relaxed_simd_deterministic', 'wasm_tail_call', 'wasm_memory64',
                     'wasm_multi_memory', 'wasm_multi_value', 'wasm_bulk_memory', 'wasm_reference_types',
                     'wasm_exceptions'):
            try:
                setattr(config, name, True)
            except (AttributeError, wasmtime.WasmtimeError):
                pass
        lib = wasmtime._bindings
        for name in ('wasmtime_config_wasm_exceptions_set',
                     'wasmtime_config_wasm_extended_const_set',
                     'wasmtime_config_wasm_relaxed_simd_deterministic_set'):
            if hasattr(lib, name):
                getattr(lib, name)(config.ptr(), True)
        self.engine = wasmtime.Engine(config)

    def ended(self, words, error):
        code = getattr(getattr(error, 'trap_code', None), 'name', None)
        if code in TRAPS:
            return ['trap', '0', suite.hexed(TRAPS[code]), *words]
        return ['exception', '0', '=', *words]

    def script(self, path, r):
        """Lines; or a text that says why there are none."""
        w = self.w
        try:
            with open(path, 'rb') as f:
                module = w.Module(self.engine, f.read())
        except w.WasmtimeError as e:
            return 'wasmtime refuses: ' + str(e).split('\n')[-1].strip()[:60]
        store = w.Store(self.engine)
        name = os.path.basename(path)
        try:
            instance = w.Instance(store, module, [])
        except w.Trap as e:
            code = e.trap_code.name if e.trap_code else ''
            if code not in TRAPS:
                return 'no instance: ' + str(e).split('\n')[0][:60]
            return [['uninstantiable', '0', suite.hexed(TRAPS[code]), name, '-']]
        except w.WasmtimeError as e:
            return 'no instance: ' + str(e).split('\n')[-1].strip()[:60]
        lines = [['module', '0', '=', name, '-']]
        with open(path, 'rb') as f:
            rows = exports(f.read())
        for _ in range(2):
            for row in rows:
                if row[1] == FUNC:
                    self.call(store, instance, row, lines, r)
        for row in rows:
            self.state(store, instance, row, lines)
        return lines

    def export(self, store, instance, name):
        item, text = self.w._bindings.wasmtime_extern_t(), name.encode()
        found = self.w._bindings.wasmtime_instance_export_get(
            store._context(), ctypes.byref(instance._instance), ctypes.create_string_buffer(text, len(text) + 1), len(text),
            ctypes.byref(item))
        if not found:
            raise KeyError(name)
        return item.of

    def bits(self, v):
        """Of a wasmtime_val; of a reference whether there is one."""
        size = [4, 8, 4, 8, 16, 8, 4][v.kind]
        return int.from_bytes(ctypes.string_at(ctypes.addressof(v.of), size), 'little')

    def call(self, store, instance, row, lines, r):
        name, _, _, (params, results) = row
        args = [argument(p, r) for p in params]
        if None in args or not all(k in KINDS for k in results):
            return
        b = self.w._bindings
        values, got = (b.wasmtime_val_t * len(args))(), (b.wasmtime_val_t * len(results))()
        for v, kind, bits in zip(values, params, args):
            v.kind = KINDS.index(kind)
            ctypes.memmove(ctypes.addressof(v.of), bits.to_bytes(16, 'little'), 16)
        words = ['invoke', '-', suite.hexed(name), *map(written, params, args)]
        trap = ctypes.POINTER(b.wasm_trap_t)()
        error = b.wasmtime_func_call(store._context(), ctypes.byref(self.export(store, instance, name).func), values, len(args), got,
                                     len(results), ctypes.byref(trap))
        if error:
            lines.append(self.ended(words, self.w.WasmtimeError._from_ptr(error)))
        elif trap:
            lines.append(self.ended(words, self.w.Trap._from_ptr(trap)))
        else:
            lines.append(['return', '0', '=', *words, '->', *(expected(k, self.bits(v)) for k, v in zip(results, got))])

    def state(self, store, instance, row, lines):
        name, kind, _, of = row
        b = self.w._bindings
        if kind == MEMORY:
            memory = self.export(store, instance, name).memory
            size = b.wasmtime_memory_data_size(store._context(), ctypes.byref(memory))
            data = ctypes.string_at(b.wasmtime_memory_data(store._context(), ctypes.byref(memory)), size) if size else b''
            lines.append(['hash', '0', suite.hexed(name), f'{fnv(data):x}'])
        elif kind == GLOBAL and of in suite.BITS or of == 'v128':
            v = b.wasmtime_val_t()
            b.wasmtime_global_get(store._context(), ctypes.byref(self.export(store, instance, name).global_), ctypes.byref(v))
            lines.append(['return', '0', '=', 'get', '-', suite.hexed(name), '->', expected(of, self.bits(v))])


def one(seed, folder, oracle, args, wasm_tools):
    """('passed', assertions), ('failed', text) or ('skipped', reason)."""
    r = random.Random(seed)
    module = os.path.join(folder, f'{seed}.wasm')
    p = subprocess.run([*wasm_tools, 'smith', *FLAGS, '-o', module],
                       input=r.randbytes(r.choice([200, 1000, 4000, 12000])), stderr=subprocess.PIPE)
    if p.returncode != 0:
        return 'skipped', 'wasm-smith makes nothing of the seed'
    lines = oracle.script(module, r)
    if isinstance(lines, str):
        os.unlink(module)
        return 'skipped', lines
    script = os.path.join(folder, f'{seed}.script')
    with open(script, 'w') as f:
        f.write(''.join(' '.join(line) + '\n' for line in lines))
    try:
        p = subprocess.run([*suite.emulator(args.target), args.runner, script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           errors='replace', timeout=60)
    except subprocess.TimeoutExpired:
        return 'failed', 'no end in 60 s'
    if p.returncode != 0 or 'failed 0 ' not in p.stdout:
        return 'failed', f'status {p.returncode}: ' + p.stdout.strip()[-300:]
    os.unlink(module)
    os.unlink(script)
    return 'passed', len(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner', required=True)
    suite.add_target(p)
    p.add_argument('--count', type=int, default=1000)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep', help='folder for the modules and scripts that fail')
    args = p.parse_args()
    bin_folder = suite.tools()
    if os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(bin_folder)):
        python = os.path.join(bin_folder, 'python3')  # which has wasmtime
        os.execv(python, [python, *sys.argv])
    wasm_tools = suite.program('wasm-tools')
    folder = args.keep or tempfile.mkdtemp(prefix='kiln-wasm-')
    os.makedirs(folder, exist_ok=True)
    args.runner = os.path.abspath(args.runner)
    oracle, passed, assertions, failed, skips = Oracle(), 0, 0, 0, collections.Counter()
    for seed in range(args.seed, args.seed + args.count):
        how, what = one(seed, folder, oracle, args, wasm_tools)
        if how == 'passed':
            passed, assertions = passed + 1, assertions + what
        elif how == 'failed':
            failed += 1
            print(f'seed {seed}: {what}', flush=True)
        else:
            skips[what] += 1
    if not args.keep:
        shutil.rmtree(folder)
    for reason, n in skips.most_common():
        print(f'skipped ({n}): {reason}')
    print(f'{passed} modules passed with {assertions} assertions, {failed} failed, {sum(skips.values())} skipped')
    sys.exit(failed > 0 or passed == 0)


if __name__ == '__main__':
    main()
