#!/usr/bin/env python3
"""Programs for WASI by Kiln, in memory and as objects, and by wasmtime: the same output, exit status and files.

    programs.py --build=BUILD [--only=TEXT] [--ways=memory,object] [--list]

Boolector, Yosys, nextpnr and Project IceStorm come from PyPI (yowasp-...); SQLite's shell and Lua from Debian's sources,
compiled by clang for WASI (Debian's wasi-libc, whose missing parts are in programs/wasi); words.rs by rustc. Boolector
gets CVC4's regression tests. A run is commands in a folder of its own, each by one program; what they print, how they
end and what is then in the folder is compared. A trap is status 134, and what is printed about it is not compared.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import recipes
import suite

WASMTIME = '''
import json, os, sys, wasmtime
module, compiled, dirs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
config = wasmtime.Config()
config.wasm_exceptions = True
engine = wasmtime.Engine(config)
if not os.path.exists(compiled) or os.path.getmtime(compiled) < os.path.getmtime(module):
    data = wasmtime.Module(engine, open(module, 'rb').read()).serialize()
    with open(compiled + '.new', 'wb') as f:
        f.write(data)
    os.rename(compiled + '.new', compiled)
linker, store, wasi = wasmtime.Linker(engine), wasmtime.Store(engine), wasmtime.WasiConfig()
linker.define_wasi()
wasi.argv = [module, *sys.argv[4:]]
wasi.inherit_stdin(), wasi.inherit_stdout(), wasi.inherit_stderr()
for host, guest in dirs:
    wasi.preopen_dir(host, guest)
store.set_wasi(wasi)
start = linker.instantiate(store, wasmtime.Module.deserialize_file(engine, compiled)).exports(store)['_start']
try:
    start(store)
except wasmtime.ExitTrap as e:
    sys.exit(e.code)
except wasmtime.Trap as e:
    print(e, file=sys.stderr)
    sys.exit(134)
'''
ROOT, HERE = suite.ROOT, os.path.dirname(os.path.abspath(__file__))
SECONDS = 900


class Ways:
    """How a program is run: command lines, and what they need."""
    def __init__(self, options):
        self.build, self.cache = os.path.abspath(options.build), os.path.join(suite.CACHE, 'programs')
        self.work = tempfile.mkdtemp()
        self.python = os.path.join(suite.tools(), 'python3')

    def wasmtime(self, program, args):
        compiled = os.path.join(self.cache, program.name + '.cwasm')
        return [self.python, '-c', WASMTIME, program.module, compiled, json.dumps(program.dirs), *args], None

    def memory(self, program, args):
        dirs = [f'--dir={host}::{guest}' for host, guest in program.dirs]
        return [os.path.join(self.build, 'kiln'), 'run', *dirs, program.module, '--', *args], None

    def object(self, program, args):
        """The program is called by the module's name, which is what it says of itself."""
        exe = os.path.join(self.work, program.name)
        if not os.path.exists(exe):
            subprocess.run([os.path.join(self.build, 'kiln'), 'compile', program.module, '-o', exe + '.o'], check=True)
            dirs = ', '.join('{%s, %s}' % (json.dumps(h), json.dumps(g)) for h, g in program.dirs)
            subprocess.run(['cc', '-w', '-DDIRS=' + dirs, '-I', os.path.join(ROOT, 'include'), '-o', exe, os.path.join(ROOT, 'examples/wasm/program.c'),
                            exe + '.o', os.path.join(self.build, 'frontends/wasm/runtime/libkiln-wasmrt.a'), '-pthread', '-lm'], check=True)
            os.remove(exe + '.o')
        return [program.module, *args], exe


def contents(folder):
    """{path: what is there}"""
    found = {}
    for d, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.relpath(os.path.join(d, name), folder)] = None
        for name in files:
            path = os.path.join(d, name)
            with open(path, 'rb') as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def run(way, what, folder):
    """[(status, standard output, standard error)] of a run's commands, and the files after them."""
    os.makedirs(folder)
    for name, data in what.files.items():
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(data)
    ends = []
    for program, args, stdin in what.commands:
        words, exe = way(program, args)
        p = subprocess.run(words, executable=exe, input=stdin, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=SECONDS)
        ends.append((p.returncode, p.stdout, b'' if p.returncode == 134 else p.stderr))
    return ends, contents(folder)


def difference(want, got):
    """A text, or an empty one."""
    for i, (w, g) in enumerate(zip(want[0], got[0])):
        for kind, a, b in zip(('status', 'output', 'errors'), w, g):
            if a != b:
                return f'command {i + 1}, {kind}: {a[-300:] if kind != "status" else a!r}\n#   Kiln: {b[-300:] if kind != "status" else b!r}'
    names = sorted(n for n in {*want[1], *got[1]} if want[1].get(n, -1) != got[1].get(n, -1))
    return 'files differ: ' + ' '.join(names) if names else ''


def compare(ways, what, names):
    """Prints a run's lines; how many differ."""
    work = os.path.join(ways.work, 'run')
    differ = 0
    want = None
    for name in ['wasmtime', *names]:
        shutil.rmtree(work, ignore_errors=True)
        try:
            got = run(getattr(ways, name), what, work)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as e:
            got = None, str(e)[:300]
        if name == 'wasmtime':
            want = got
            if want[0] is None:
                print(f'skipped {what.name}: wasmtime: {want[1]}')
                return 0
            continue
        text = got[1] if got[0] is None else difference(want, got)
        status = ' '.join(str(end[0]) for end in want[0])
        print(f'{"not ok" if text else "ok"} {what.name}, {name} (status {status}, {sum(len(end[1]) for end in want[0])} bytes printed, '
              f'{len(want[1])} files)' + (f'\n# wasmtime: {text}' if text else ''), flush=True)
        differ += bool(text)
    return differ


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', default='build')
    p.add_argument('--only', default='', help='runs whose name contains TEXT')
    p.add_argument('--ways', default='memory,object')
    p.add_argument('--list', action='store_true')
    options = p.parse_args()
    ways = Ways(options)
    os.makedirs(ways.cache, exist_ok=True)
    names = options.ways.split(',')
    runs = differ = 0
    programs = set()
    try:
        for what in recipes.runs(ways.cache):
            if options.only not in what.name:
                continue
            if options.list:
                print(what.name)
                continue
            runs += len(names)
            differ += compare(ways, what, names)
            programs |= {c[0].name for c in what.commands}
    finally:
        shutil.rmtree(ways.work)
    if not options.list:
        print(f'{runs - differ} of {runs} runs as by wasmtime, {len(programs)} programs: {" ".join(sorted(programs))}')
    sys.exit(differ > 0 or (runs == 0 and not options.list))


if __name__ == '__main__':
    main()
