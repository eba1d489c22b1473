#!/usr/bin/env python3
"""WebAssembly: Kiln beside Cranelift, Winch and V8's Liftoff: compile time, peak memory, run time of the code.

    bench/wasm.py BUILD [--runs=N] [--only=TEXT] [--programs-only] [--modules-only]

Modules that are compiled: SQLite's (npm @sqlite.org/sqlite-wasm) and esbuild's (npm esbuild-wasm). Programs that run:
those of bench/programs/run that are one file, loops of kernels.c with vectors, compiled by clang -O2 for WASI (Debian's
wasi-libc, libclang-rt-22-dev-wasm32, lld-22). All are compiled into memory, each in a fresh process; Cranelift and Winch
are PyPI wasmtime's, without its threads, Liftoff is node's alone (--liftoff-only --no-wasm-lazy-compilation). Seconds
are the processor's, user and system, the least of N runs (default 3), that take turns; peak memory is what compiling
adds to the process's. A program's output must be the same by all.
"""
import argparse
import math
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'tests/wasm'))
import suite

NPM = {'sqlite': ('@sqlite.org/sqlite-wasm@3.41.2+build.1', 'sqlite3.wasm'), 'esbuild': ('esbuild-wasm@0.28.2', 'esbuild.wasm')}
ENGINES = ['kiln', 'liftoff', 'winch', 'cranelift']
PROGRAMS = {'dynamic': 6, 'fannkuch': 10, 'hash': 250, 'matmul': 9, 'nbody': 1500000, 'sha256': 16000, 'sieve': 30,
            'sorts': 400, 'spectral': 1300, 'strings': 6000, 'trees': 180, 'vm': 40000}  # and their argument
KERNELS = {'dot': 300000, 'gray': 60000, 'mandelbrot': 30000, 'count_bytes': 150000, 'matrix': 20000, 'adler': 150000}
WASMTIME = '''
import resource, sys, wasmtime
what, strategy, path = sys.argv[1:4]
def usage():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime, int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])
config = wasmtime.Config()
wasmtime._bindings.wasmtime_config_strategy_set(config.ptr(), 2 if strategy == 'winch' else 1)
wasmtime._bindings.wasmtime_config_parallel_compilation_set(config.ptr(), False)
engine = wasmtime.Engine(config)
data = open(path, 'rb').read()
begin, peak = usage()
module = wasmtime.Module(engine, data)
if what == 'run':
    linker, store, wasi = wasmtime.Linker(engine), wasmtime.Store(engine), wasmtime.WasiConfig()
    linker.define_wasi()
    wasi.argv = sys.argv[3:]
    wasi.inherit_stdout()
    store.set_wasi(wasi)
    start = linker.instantiate(store, module).exports(store)['_start']
    begin, peak = usage()
    try:
        start(store)
    except wasmtime.ExitTrap as e:
        if e.code != 0: raise
now, high = usage()
print('%.6f %d' % (now - begin, high - peak), file=sys.stderr)
'''
NODE = '''
const [what, path] = process.argv.slice(2), fs = require('fs');
const seconds = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e6; };
const high = () => Number(/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]);
const data = fs.readFileSync(path);
let begin = seconds(), peak = high();
const compiled = new WebAssembly.Module(data);
if (what == 'run') {
  const wasi = new (require('wasi').WASI)({version: 'preview1', args: process.argv.slice(3), returnOnExit: true});
  const instance = new WebAssembly.Instance(compiled, {wasi_snapshot_preview1: wasi.wasiImport});
  begin = seconds();
  wasi.start(instance);
}
process.stderr.write((seconds() - begin).toFixed(6) + ' ' + (high() - peak) + '\\n');
'''


def command(engine, what, path, args, build):
    if engine == 'kiln':
        return [os.path.join(build, 'bench/kiln-wasm-bench'), what, path, *args]
    if engine == 'liftoff':
        script = os.path.join(suite.CACHE, 'bench.cjs')
        return ['node', '--no-warnings', '--liftoff-only', '--no-wasm-lazy-compilation', script, what, path, *args]
    return [os.path.join(suite.tools(), 'python3'), '-c', WASMTIME, what, engine, path, *args]


def once(engine, what, path, args, build):
    """(seconds, KiB, output)"""
    p = subprocess.run(command(engine, what, path, args, build), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode != 0:
        sys.exit(f'{engine}: {what} {path}: ' + p.stderr.decode(errors='replace')[-600:])
    time, memory = p.stderr.split(b'\n')[-2].split()
    return float(time), int(memory), p.stdout


def best(what, path, args, options):
    """{engine: (least seconds, least KiB)}"""
    got, outputs = {}, set()
    for _ in range(options.runs):
        for engine in ENGINES:
            time, memory, output = once(engine, what, path, args, options.build)
            had = got.get(engine, (time, memory))
            got[engine] = min(had[0], time), min(had[1], memory)
            outputs.add(output)
    if len(outputs) != 1:
        sys.exit(f'{path}: the outputs differ')
    return got


def fetch(name):
    """The path of a module from npm."""
    package, file = NPM[name]
    folder = os.path.join(suite.CACHE, 'npm', name)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        subprocess.run(['npm', 'install', '--silent', '--ignore-scripts', '--no-save', '--prefix', folder, package], check=True)
    path, = [os.path.join(d, file) for d, _, files in os.walk(folder) if file in files]
    return path


def compiled(name, source, flags):
    out = os.path.join(suite.CACHE, 'bench', name + '.wasm')
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run(['clang-22', '--target=wasm32-wasi', '--sysroot=/usr', '-O2', '-w', *flags, '-o', out,
                    os.path.join(HERE, 'programs/run', source), '-lm'], check=True)
    return out


def programs():
    """(name, path, arguments)"""
    for name, size in PROGRAMS.items():
        yield name, compiled(name, name + '.c', []), [str(size)]
    vectors = compiled('kernels', 'kernels.c', ['-msimd128'])
    for name, rounds in KERNELS.items():
        yield 'kernels ' + name, vectors, [name, str(rounds)]


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def modules(options):
    print(f'{"MB per CPU second":<20}' + ''.join(f'{e:>12}' for e in ENGINES) + '   peak MB added' + ''.join(f'{e:>11}' for e in ENGINES))
    slower = False
    for name, path in ((n, fetch(n)) for n in NPM):
        got, size = best('compile', path, [], options), os.path.getsize(path) / 1e6
        print(f'{name + f" {size:.2f} MB":<20}' + ''.join(f'{size / got[e][0]:12.2f}' for e in ENGINES) + ' ' * 16 +
              ''.join(f'{got[e][1] / 1024:11.1f}' for e in ENGINES), flush=True)
        slower |= got['kiln'][0] >= got['liftoff'][0] or got['kiln'][1] >= got['winch'][1]
    return slower


def threads(options):
    """Objects by one and by two threads of `kiln compile`, in turns: wall time, the least of N runs; and what two could gain at
    most, as its time is spent: reading sections and writing the object is one thread's."""
    for name, path in ((n, fetch(n)) for n in NPM):
        wall, parts = {1: math.inf, 2: math.inf}, None
        for _ in range(2 * options.runs):
            for n in wall:
                p = subprocess.run([os.path.join(options.build, 'kiln'), 'compile', '--stats', f'--threads={n}', '-o', '/dev/null', path],
                                   stderr=subprocess.PIPE, text=True, check=True)
                ms = {row: float(x) for row, x in re.findall(r'^  ([a-z ]+?) +([0-9.]+) ms', p.stderr, re.M)}
                wall[n] = min(wall[n], ms['all'])
                if n == 1 and (parts is None or ms['all'] < parts['all']):
                    parts = ms
        bodies = parts['read and build'] + parts['plan'] + parts['walk']
        most = parts['all'] / (parts['all'] - bodies / 2)
        print(f'{name}: {wall[1]:.1f} ms by one thread, {wall[2]:.1f} ms by two: {wall[1] / wall[2]:.2f} times as fast ({most:.2f} at most)',
              flush=True)


def run_times(options):
    ratios = {e: [] for e in ENGINES}
    print(f'{"seconds":<20}' + ''.join(f'{e:>12}' for e in ENGINES))
    for name, path, args in programs():
        if options.only and options.only not in name:
            continue
        got = best('run', path, args, options)
        for e in ENGINES:
            ratios[e].append(got[e][0] / got['cranelift'][0])
        print(f'{name:<20}' + ''.join(f'{got[e][0]:12.3f}' for e in ENGINES), flush=True)
    print(f'{"x Cranelift":<20}' + ''.join(f'{mean(ratios[e]):12.3f}' for e in ENGINES) + f'  ({len(ratios["kiln"])} programs)')
    return mean(ratios['kiln']) >= mean(ratios['winch'])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('build')
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--only')
    p.add_argument('--programs-only', action='store_true')
    p.add_argument('--modules-only', action='store_true')
    options = p.parse_args()
    os.makedirs(suite.CACHE, exist_ok=True)
    with open(os.path.join(suite.CACHE, 'bench.cjs'), 'w') as f:
        f.write(NODE)
    load = os.getloadavg()[0]
    failed = not options.programs_only and modules(options)
    if not options.programs_only:
        threads(options)
    failed |= not options.modules_only and run_times(options)
    print(f'load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end')
    sys.exit(failed)


if __name__ == '__main__':
    main()
