#!/usr/bin/env python3
"""Whole processes: what `kiln compile` and `kiln cc` take beside llc and clang.

process.py BUILD [--runs=N] [--bitcode] [--json]

User and system time summed, the least of N runs (10) that take turns, and peak memory. Inputs are SQLite's
and Lua's sources as Debian has them, at -O0; SQLite's bitcode also at -O1, and as `kiln cc -Og` gets it, which Kiln compiles
with --inline. --bitcode: only the bitcode. E is `clang -c -emit-llvm
-o /dev/null`: what clang does for either compiler. Figures for Lua are sums over its files.
"""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402


class Run:
    """The least of each figure of a command's runs."""

    def __init__(self, command, folder=None, read=False):
        self.command, self.folder, self.read = command, folder, read
        self.cpu = self.peak = self.wall = self.faults = float('inf')

    def once(self, spawn):
        text = subprocess.run([spawn] + ['--read'] * self.read + self.command, cwd=self.folder, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        user, system, peak, faults, wall = map(int, text.split())
        self.cpu = min(self.cpu, (user + system) / 1e3)
        self.peak = min(self.peak, peak)
        self.faults = min(self.faults, faults)
        self.wall = min(self.wall, wall / 1e3)


def take_turns(spawn, runs, commands):
    for _ in range(runs):
        for c in commands:
            c.once(spawn)


def script(name, *args):
    return subprocess.run([os.path.join(ROOT, 'tests/harness', name), *args], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def row(name, ms, note=''):
    print(f'  {name:<44}{ms:9.2f} ms{"  " if note else ""}{note}')


# ---- kiln compile beside llc ----

def compile_bitcode(spawn, runs, kiln, work, path, level, *options):
    out = os.path.join(work, 'kiln.o')
    llc = Run(['llc-22', '-O0', '-filetype=obj', '-o', os.path.join(work, 'llc.o'), path])
    mine = Run([kiln, 'compile', *options, '-o', out, path])
    take_turns(spawn, runs, [llc, mine])
    with open(path, 'rb') as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    sizes = os.path.getsize(path), os.path.getsize(out)
    result = {'sha256': digest, 'bitcode': sizes[0], 'object': sizes[1], 'llc_ms': llc.cpu, 'kiln_ms': mine.cpu,
              'times': llc.cpu / mine.cpu, 'llc_peak': llc.peak * 1024, 'kiln_peak': mine.peak * 1024,
              'kiln_faults': mine.faults, 'peak_ratio': mine.peak * 1024 / sum(sizes)}
    print(f'SQLite, bitcode at -{level}: {sizes[0]:,} bytes, sha256 {digest}')
    row('llc-22 -O0 -filetype=obj', llc.cpu, f'peak {llc.peak / 1024:.1f} MiB')
    row(' '.join(['kiln compile', *options]), mine.cpu, f'peak {mine.peak / 1024:.1f} MiB, {mine.faults} page faults')
    print(f'  {result["times"]:.1f} times faster; '
          f'peak {result["peak_ratio"]:.2f} of bitcode and object ({sizes[1]:,} bytes)')
    return result


# ---- kiln cc beside clang ----

class Source:
    """The commands for one C file: the three that are compared, and those that tell why."""

    def __init__(self, kiln, work, folder, file, flags):
        out = os.path.join(work, os.path.basename(file)[:-2])
        emit = ['clang-22', *flags, '-emit-llvm', '-c', file, '-o']
        subprocess.run([kiln, 'cc', *flags, '-c', file, '-o', out + '.o'], cwd=folder, check=True)
        subprocess.run(emit + [out + '.bc'], cwd=folder, check=True)
        nowhere = emit + ['/dev/null']
        self.commands = {
            'clang': Run(['clang-22', *flags, '-c', file, '-o', out + '.clang.o'], folder),
            'e': Run(nowhere, folder),
            'cc': Run([kiln, 'cc', *flags, '-c', file, '-o', out + '.o'], folder),
            'no_write': Run(nowhere + ['-Xclang', '-emit-llvm-only'], folder),
            'no_uselists': Run(nowhere + ['-Xclang', '-no-emit-llvm-uselists'], folder),
            'pipe': Run(emit + ['-', '-Xclang', '-no-emit-llvm-uselists'], folder, read=True),
            'start': Run([kiln, '--version']),
            'compile': Run([kiln, 'compile', '-o', out + '.o', out + '.bc']),
        }


def compile_sources(spawn, runs, name, sources):
    for s in sources:
        take_turns(spawn, runs, s.commands.values())
    ms = {k: sum(s.commands[k].cpu for s in sources) for k in sources[0].commands}
    gap, base = ms['cc'] - ms['e'], ms['clang'] - ms['e']
    parts = {'orders of uses, left out': ms['no_uselists'] - ms['e'],
             'writing bitcode to a pipe, not /dev/null': ms['pipe'] - ms['no_uselists'],
             'start of kiln': ms['start'],
             'kiln compile without its start': ms['compile'] - ms['start']}
    parts['the rest: reading the pipe, starting clang'] = gap - sum(parts.values())
    peak = max(s.commands['cc'].peak for s in sources)
    print(f'{name}, C at -O0, {len(sources)} file{"s" * (len(sources) > 1)}')
    row('clang -c', ms['clang'])
    row('E', ms['e'], f'{ms["e"] - ms["no_write"]:.2f} ms of it writing bitcode')
    row('kiln cc -c', ms['cc'], f'peak {peak / 1024:.1f} MiB, clang\'s')
    row('clang -c - E', base)
    row('kiln cc -c - E', gap, f'{gap / base:.3f} of that')
    for part, value in parts.items():
        row('  ' + part, value)
    return {'ms': ms, 'files': len(sources), 'ratio': gap / base, 'parts': parts}


def compile_all_sources(spawn, runs, kiln, work, sqlite, cache, everything):
    lua = script('lua_bitcode.sh', cache)
    lua_source = os.path.join(script('fetch_source.sh', 'lua5.4', os.path.join(cache, 'sources')), 'src')
    lua_flags = ['-O0', '-w', '-std=gnu99', '-fPIC', '-DLUA_COMPAT_5_3', '-DLUA_USE_LINUX', f'-I{lua}/include']
    files = sorted(os.path.basename(f) for f in glob.glob(os.path.join(lua_source, '*.c')))
    for name, folder, names, flags in (('SQLite', sqlite, ['sqlite3.c'], ['-O0', '-w']),
                                       ('Lua', lua_source, files, lua_flags)):
        sources = [Source(kiln, work, folder, f, flags) for f in names]
        everything[name.lower()] = compile_sources(spawn, runs, name, sources)
        print()


def main():
    build, runs, as_json, all_of_it = os.path.abspath(sys.argv[1]), 10, False, True
    for word in sys.argv[2:]:
        name, _, value = word.partition('=')
        if name == '--runs' and value.isdigit() and int(value) > 0:
            runs = int(value)
        elif word == '--json':
            as_json = True
        elif word == '--bitcode':
            all_of_it = False
        else:
            sys.exit(__doc__)
    if as_json:
        results, sys.stdout = sys.stdout, sys.stderr
    kiln, spawn = os.path.join(build, 'kiln'), os.path.join(build, 'bench', 'kiln-spawn')
    cache = os.path.join(build, 'cache')
    sqlite = script('sqlite_bitcode.sh', cache, 'O1')
    everything = {}
    with tempfile.TemporaryDirectory() as work:
        og = os.path.join(work, 'sqlite3.bc')
        subprocess.run(['clang-22', '-w', '-emit-llvm', '-c', *harness.AS_OG, 'sqlite3.c', '-o', og], cwd=sqlite, check=True)
        for level, path, options in (('O0', os.path.join(sqlite, 'O0/sqlite3.bc'), []), ('O1', os.path.join(sqlite, 'O1/sqlite3.bc'), []),
                                     ('Og', og, ['--inline'])):
            everything[f'sqlite_{level}'] = compile_bitcode(spawn, runs, kiln, work, path, level, *options)
            print()
        if all_of_it:
            compile_all_sources(spawn, runs, kiln, work, sqlite, cache, everything)
    if as_json:
        json.dump(everything, results, indent=1)
        print(file=results)


if __name__ == '__main__':
    main()
