#!/usr/bin/env python3
"""Random modules of wasm-smith, run by Kiln and by wasmtime: the same results, traps, globals and memories.

    differential.py --runner=PROGRAM [--count=N] [--seed=N] [--keep=FOLDER]

Modules end (each has fuel of its own, whose end is a trap), and make NaNs canonical after each operation but promotions
and demotions, whose NaNs are the processor's.
Every exported function is called with arguments that follow from the seed; what wasmtime makes of that becomes a script,
which spec_runner executes. Without vectors and exceptions: wasmtime's Python ends the process when it meets their types.
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

FLAGS = ['--ensure-termination', '--fuel=300', '--canonicalize-nans=true', '--export-everything=true',
         '--max-imports=0', '--bulk-memory-enabled=true', '--multi-value-enabled=true', '--reference-types-enabled=true',
         '--simd-enabled=false', '--relaxed-simd-enabled=false', '--tail-call-enabled=true', '--memory64-enabled=true',
         '--max-memories=3', '--max-tables=3', '--sign-extension-ops-enabled=true',
         '--saturating-float-to-int-enabled=true', '--extended-const-enabled=true', '--exceptions-enabled=false',
         '--threads-enabled=false', '--gc-enabled=false', '--max-memory32-bytes=1048576', '--max-memory64-bytes=1048576',
         '--max-table-elements=1000', '--table-max-size-required=true', '--memory-max-size-required=true',
         '--generate-custom-sections=true', '--wide-arithmetic-enabled=false', '--custom-page-sizes-enabled=false',
         '--min-funcs=1', '--max-instructions=400', '--disallow-traps=false']
# Kiln's words for wasmtime's codes of traps; `|` between alternatives.
TRAPS = {'STACK_OVERFLOW': 'call stack exhausted', 'MEMORY_OUT_OF_BOUNDS': 'out of bounds memory access',
         'HEAP_MISALIGNED': 'unaligned atomic', 'TABLE_OUT_OF_BOUNDS': 'out of bounds table access|undefined element',
         'INDIRECT_CALL_TO_NULL': 'uninitialized element', 'BAD_SIGNATURE': 'indirect call type mismatch',
         'INTEGER_OVERFLOW': 'integer overflow', 'INTEGER_DIVISION_BY_ZERO': 'integer divide by zero',
         'BAD_CONVERSION_TO_INTEGER': 'invalid conversion to integer', 'UNREACHABLE': 'unreachable'}
ALL = (1 << 64) - 1
KINDS = ['i32', 'i64', 'f32', 'f64', 'funcref', 'externref']


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
    """A value as wasmtime takes it, and as a script has it."""
    if kind in ('i32', 'i64'):
        n = 32 if kind == 'i32' else 64
        v = r.choice([0, 1, 2, 7, -1, -2, 1 << (n - 1), (1 << (n - 1)) - 1, r.getrandbits(n), r.getrandbits(8)]) % (1 << n)
        return (v - (1 << n) if v >> (n - 1) else v), f'{kind}:{v:x}:0'
    if kind in ('f32', 'f64'):
        v = r.choice([0.0, -0.0, 1.0, -1.5, 1e10, 3.25e-5, float('inf'), float('-inf'), 2147483648.0, -9.3e18])
        bits = struct.unpack('<I', struct.pack('<f', v))[0] if kind == 'f32' else struct.unpack('<Q', struct.pack('<d', v))[0]
        return (struct.unpack('<f', struct.pack('<f', v))[0] if kind == 'f32' else v), f'{kind}:{bits:x}:0'
    if kind in ('funcref', 'externref'):
        return None, f'{kind}:0:0'
    return None, None


def expected(kind, v):
    if kind == 'i32':
        return f'i32:{v & 0xffffffff:x}:0/ffffffff:0'
    if kind == 'i64':
        return f'i64:{v & ALL:x}:0/{ALL:x}:0'
    if kind == 'f32':
        if v != v:  # Python has made it quiet
            return 'f32:7f800000:0/7f800000:0'
        return f'f32:{struct.unpack("<I", struct.pack("<f", v))[0]:x}:0/ffffffff:0'
    if kind == 'f64':
        return f'f64:{struct.unpack("<Q", struct.pack("<d", v))[0]:x}:0/{ALL:x}:0'
    if kind in ('funcref', 'externref'):
        return f'{kind}:0:0/{ALL:x}:0' if v is None else f'{kind}:any'
    return None  # vectors: wasmtime's Python gives none


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
        exports = list(zip([e.name for e in module.exports], [e.type for e in module.exports]))
        for _ in range(2):
            for export, kind in exports:
                if isinstance(kind, w.FuncType):
                    self.call(store, instance, export, kind, lines, r)
        self.state(store, instance, exports, lines)
        return lines

    def call(self, store, instance, export, kind, lines, r):
        params, results = [str(p) for p in kind.params], [str(p) for p in kind.results]
        args = [argument(p, r) for p in params]
        if any(text is None for _, text in args) or not all(k in KINDS for k in results):
            return
        words = ['invoke', '-', suite.hexed(export), *(text for _, text in args)]
        try:
            got = instance.exports(store)[export](store, *(v for v, _ in args))
        except (self.w.Trap, self.w.WasmtimeError) as e:
            lines.append(self.ended(words, e))
            return
        got = [] if not results else list(got) if len(results) > 1 else [got]
        want = [expected(k, v) for k, v in zip(results, got)]
        lines.append(['return', '0', '=', *words, '->', *want])

    def state(self, store, instance, exports, lines):
        w = self.w
        for export, kind in exports:
            it = instance.exports(store)[export]
            if isinstance(kind, w.MemoryType):
                size = it.data_len(store)
                data = ctypes.string_at(ctypes.addressof(it.data_ptr(store).contents), size) if size else b''
                lines.append(['hash', '0', suite.hexed(export), f'{fnv(data):x}'])
            elif isinstance(kind, w.GlobalType) and str(kind.content) in suite.BITS:
                text = expected(str(kind.content), it.value(store))
                lines.append(['return', '0', '=', 'get', '-', suite.hexed(export), '->', text])


def one(seed, folder, oracle, args, bin_folder):
    """('passed', assertions), ('failed', text) or ('skipped', reason)."""
    r = random.Random(seed)
    module = os.path.join(folder, f'{seed}.wasm')
    p = subprocess.run([os.path.join(bin_folder, 'wasm-tools'), 'smith', *FLAGS, '-o', module],
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
        p = subprocess.run([args.runner, script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
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
    p.add_argument('--count', type=int, default=1000)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep', help='folder for the modules and scripts that fail')
    args = p.parse_args()
    bin_folder = suite.tools()
    if os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(bin_folder)):
        python = os.path.join(bin_folder, 'python3')  # which has wasmtime
        os.execv(python, [python, *sys.argv])
    folder = args.keep or tempfile.mkdtemp(prefix='kiln-wasm-')
    os.makedirs(folder, exist_ok=True)
    args.runner = os.path.abspath(args.runner)
    oracle, passed, assertions, failed, skips = Oracle(), 0, 0, 0, collections.Counter()
    for seed in range(args.seed, args.seed + args.count):
        how, what = one(seed, folder, oracle, args, bin_folder)
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
