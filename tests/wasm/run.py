#!/usr/bin/env python3
"""`kiln run` of modules that are not to be trusted: the files of its caller, its limits, what it prints.

    run.py --run=PROGRAM      kiln-run

Prints TAP.
"""
import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

import suite

WASI = '(import "wasi_snapshot_preview1" "%s" (func $%s (param %s) (result i32)))'
IMPORTS = ' '.join(WASI % row for row in (
    ('fd_seek', 'seek', 'i32 i64 i32 i32'), ('fd_fdstat_set_flags', 'set_flags', 'i32 i32'), ('fd_write', 'write', 'i32 i32 i32 i32'),
    ('fd_read', 'read', 'i32 i32 i32 i32'), ('fd_fdstat_get', 'stat', 'i32 i32'), ('poll_oneoff', 'poll', 'i32 i32 i32 i32'),
    ('random_get', 'random', 'i32 i32'))) + ' (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
WRITE = '(i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 4))' \
        '(drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))'


def module(body, rest=''):
    return f'(module {IMPORTS} (memory (export "memory") 1) (data (i32.const 100) "EVIL") {rest} (func (export "_start") {body}))'


MODULES = {
    'stdio': module(f'''(drop (call $set_flags (i32.const 1) (i32.const 0))) (drop (call $set_flags (i32.const 0) (i32.const 4)))
      (drop (call $seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0))) {WRITE}'''),
    'exit256': module('(call $exit (i32.const 256))'),
    'exit7': module('(call $exit (i32.const 7))'),
    'terminal': module('(drop (call $stat (i32.const 1) (i32.const 200))) (call $exit (i32.load8_u (i32.const 200)))'),
    'loop': module('(loop $l (br $l))'),
    'start': module('', '(func $s (loop $l (br $l))) (start $s)'),
    'sleep': module('(i64.store (i32.const 224) (i64.const 0xffffffffffffff)) (i32.store (i32.const 216) (i32.const 1))'
                    '(drop (call $poll (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))'),
    'read': module('(i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 4))'
                   '(drop (call $read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 0)))'),
    'write': module(f'(loop $l {WRITE} (br $l))'),
    'grow': module('(call $exit (i32.ne (memory.grow (i32.const 100)) (i32.const -1)))'),
    'large': '(module (memory (export "memory") 1000) (func (export "_start")))',
    'names': '(module (func $"\\1b]0;pwn\\07\\1b[2Jx\\c2\\9b" (export "_start") unreachable))',
    'import': '(module (import "\\1b[2J" "\\07" (func)) (func (export "_start")))',
}


class Tests:
    def __init__(self, run, folder):
        self.run, self.folder, self.number, self.failed = run, folder, 0, 0

    def check(self, name, ok, detail):
        self.number += 1
        self.failed += not ok
        print(f'{"" if ok else "not "}ok {self.number} - {name}')
        for line in [] if ok else str(detail).splitlines()[:6]:
            print('# ' + line)

    def call(self, name, *options, **files):
        files.setdefault('stdout', subprocess.PIPE)
        files.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.run([self.run, *options, os.path.join(self.folder, name + '.wasm')], stderr=subprocess.PIPE, timeout=60, **files)

    def status(self, what, name, status, text, *options, **files):
        p = self.call(name, *options, **files)
        self.check(what, p.returncode == status and text in p.stderr.decode(errors='replace'), (p.returncode, p.stderr))

    def files(self):
        log = os.path.join(self.folder, 'log')
        with open(log, 'w') as f:
            f.write('first line\n')
        with open(log, 'a') as f:
            self.call('stdio', stdout=f)
        with open(log) as f:
            text = f.read()
        self.check('a log is appended to', text == 'first line\nEVIL', repr(text))
        r, w = os.pipe()
        self.call('stdio', stdin=r)
        self.check('standard input is left as it was', not fcntl.fcntl(r, fcntl.F_GETFL) & os.O_NONBLOCK, 'O_NONBLOCK')
        self.status('a read waits no longer than it may', 'read', 134, 'interrupted', '--timeout', '0.2', stdin=r)
        self.status('a write waits no longer than it may', 'write', 134, 'interrupted', '--timeout', '0.2', stdout=w)
        self.check('nor does what is beside it change', not fcntl.fcntl(w, fcntl.F_GETFL) & os.O_NONBLOCK, 'O_NONBLOCK')
        with open('/dev/null', 'r+') as null:
            self.status('/dev/null is no terminal', 'terminal', 0, '', stdout=null)

    def limits(self):
        self.status('a status of a process', 'exit7', 7, '')
        self.status('a status that is none', 'exit256', 1, 'exit status 256 is more than 255')
        for name in ('loop', 'start', 'sleep'):
            self.status(f'{name} ends in time', name, 134, 'interrupted', '--timeout', '0.2')
        for name in ('loop', 'start'):
            self.status(f'{name} has no more fuel', name, 134, 'out of fuel', '--fuel', '100000')
        self.status('growth within the limit', 'grow', 1, '', '--max-memory', '8')
        self.status('growth beyond it', 'grow', 0, '', '--max-memory', '4')
        self.status('a memory beyond it', 'large', 1, '64 of all', '--max-memory', '4')
        for option in ('--fuel', '--timeout', '--max-memory'):
            for value in ('0', '-1', 'x', ''):
                self.status(f'{option} {value!r}', 'loop', 2, 'not a number above 0', option, value)

    def names(self):
        for name, text in (('names', '\\x1b]0;pwn\\x07\\x1b[2Jx\\x9b'), ('import', '"?[2J" "?"')):
            error = self.call(name).stderr
            self.check(f'control characters of {name}', text.encode() in error and not set(error) & set(b'\x1b\x07\xc2'), error)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--run', required=True)
    args = p.parse_args()
    folder = tempfile.mkdtemp(prefix='kiln-wasm-')
    wasm_tools = suite.program('wasm-tools')
    for name, text in MODULES.items():
        wat = os.path.join(folder, name + '.wat')
        with open(wat, 'w') as f:
            f.write(text)
        subprocess.run([*wasm_tools, 'parse', wat, '-o', wat[:-3] + 'wasm'], check=True)
    t = Tests(args.run, folder)
    t.files()
    t.limits()
    t.names()
    print(f'1..{t.number}')
    shutil.rmtree(folder)
    sys.exit(t.failed > 0)


if __name__ == '__main__':
    main()
