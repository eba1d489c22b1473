#!/usr/bin/env python3
"""`kiln run` of modules that are not to be trusted: the files of its caller, its limits, what it prints.

    run.py --run=PROGRAM      kiln-run

Prints TAP.
"""
import argparse
import fcntl
import os
import resource
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


# Opens a FIFO, with rights to read (2) or write (64), and reads.
MODULES.update({f'fifo{rights}': f'''(module (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32)
 (result i32))) {IMPORTS} (memory (export "memory") 1) (data (i32.const 100) "fifo") (func (export "_start") (local $error i32)
 (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0) (i64.const {rights})
   (i64.const 0) (i32.const 0) (i32.const 200)))
 (if (local.get $error) (then (call $exit (local.get $error))))
 (i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 4))
 (call $exit (call $read (i32.load (i32.const 200)) (i32.const 8) (i32.const 1) (i32.const 0)))))''' for rights in (2, 64)})

# Globals that read those before them, in each place of a constant expression.
OWN = '(global $seven i32 (i32.const 7)) (global $eight i32 (i32.add (global.get $seven) (i32.const 1))) (global $ref funcref (ref.func $f))'
MODULES.update({
    'own': f'(module {IMPORTS} (memory (export "memory") 1) {OWN} (global $same funcref (global.get $ref)) (table 9 funcref) (func $f)'
           ' (data (global.get $eight) "\\05") (elem (global.get $seven) $f) (func (export "_start")'
           ' (call_indirect (global.get $seven)) (call $exit (i32.add (global.get $eight) (i32.load8_u (i32.const 8))))))',
    'later': f'(module (global i32 (global.get 1)) (global i32 (i32.const 1)) (func (export "_start")))',
    'changing': f'(module (global (mut i32) (i32.const 1)) (global i32 (global.get 0)) (func (export "_start")))',
})
# What is not supported, in bytes.
BYTES = {
    'page': (b'\0asm\1\0\0\0' + b'\5\4\1\x08\1\0', 'malformed limits flags: a custom page size'),
    'component': (b'\0asm\x0d\0\1\0', 'this is a component'),
    'continuation': (b'\0asm\1\0\0\0' + b'\1\6\2\x60\0\0\x5d\0', 'stack switching'),
    'group': (b'\0asm\1\0\0\0' + b'\1\6\1\x4e\1\x60\0\0', 'garbage collection is not supported: a group of recursive types'),
    'final': (b'\0asm\1\0\0\0' + b'\1\6\1\x4f\0\x60\0\0', 'garbage collection is not supported: a subtype'),
    'open': (b'\0asm\1\0\0\0' + b'\1\6\1\x50\0\x60\0\0', 'garbage collection is not supported: a subtype'),
    'array': (b'\0asm\1\0\0\0' + b'\1\4\1\x5e\x7f\0', 'garbage collection is not supported: an array type'),
    'struct': (b'\0asm\1\0\0\0' + b'\1\3\1\x5f\0', 'garbage collection is not supported: a struct type'),
    'eqref': (b'\0asm\1\0\0\0' + b'\1\5\1\x60\1\x6d\0', 'garbage collection is not supported: eq'),
}

# Parts of types, value types 1 to 4, two of which leave FNV-1a with the same 32 bits: any choice of them is a type of the
# same hash, 65,536 in all, each of 272 parameters. A table in which they have one hash compares them 2 * 10^9 times.
ONE_HASH = (
    '21124444414324123,44432233111113342 34424134442441434,23134112224334112 31444211423121214,43112213431333121 '
    '31433431144331324,14222443421242433 43332422314342111,32444134143322322 22231222131244112,22214343243143113 '
    '13221441214424441,21342141343212214 13332413323114313,12442422432222414 23344414242333311,21441344221141234 '
    '34323214133314432,13211233411221331 13434231224112123,32413341214222421 42213243412143332,34422413132123214 '
    '32232211134122112,21131324122433414 31311222423343422,22232421421413113 43143144243143112,23324343421111421 '
    '41221113134434144,22414432343132111')


def types_of_one_hash():
    pairs = [[bytes(0x80 - int(digit) for digit in part) for part in pair.split(',')] for pair in ONE_HASH.split()]
    size = leb(sum(len(a) for a, _ in pairs))
    types = b''.join(b'\x60' + size + b''.join(pair[k >> i & 1] for i, pair in enumerate(pairs)) + b'\0' for k in range(1 << len(pairs)))
    body = leb(1 << len(pairs)) + types
    return b'\0asm\1\0\0\0\1' + leb(len(body)) + body


def leb(number):
    return bytes([number & 127 | 128]) + leb(number >> 7) if number > 127 else bytes([number])


# A module of `n` branches, calls or blocks that pass a thousand operands each; few are fine, and many are refused.
THOUSAND = ' i64' * 1000
PUSH, DROP, TYPE = ' (i64.const 1)' * 1000, ' drop' * 1000, f'(param{THOUSAND}) (result{THOUSAND})'
BOMBS = {
    'table': lambda n: f'(block (result{THOUSAND}) {PUSH} (br_table{" 0" * n} (i32.const 0))) {DROP}',
    'ifs': lambda n: PUSH + f' i32.const 1 if {TYPE} end' * n + DROP,
    'loops': lambda n: PUSH + f' loop {TYPE} end' * n + DROP,
    'branches': lambda n: PUSH + f' block {TYPE} i32.const 0 br_if 0 end' * n + DROP,
    'calls': lambda n: PUSH + ' call $many' * n + DROP,
}
for name, body in BOMBS.items():
    for n in 3, 200:
        MODULES[f'{name}{n}'] = f'(module (func $many {TYPE} {"".join(f" local.get {k}" for k in range(1000))}) (func (export "_start") {body(n)}))'


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
        with open(log, 'w') as f:
            f.write('first line\n')
            f.flush()
            self.call('stdio', stdout=f)
        with open(log) as f:
            text = f.read()
        self.check('the position of a file stays', text == 'first line\nEVIL', repr(text))
        r, w = os.pipe()
        self.call('stdio', stdin=r)
        self.check('standard input is left as it was', not fcntl.fcntl(r, fcntl.F_GETFL) & os.O_NONBLOCK, 'O_NONBLOCK')
        self.status('a read waits no longer than it may', 'read', 134, 'interrupted', '--timeout', '0.2', stdin=r)
        self.status('a write waits no longer than it may', 'write', 134, 'interrupted', '--timeout', '0.2', stdout=w)
        self.check('nor does what is beside it change', not fcntl.fcntl(w, fcntl.F_GETFL) & os.O_NONBLOCK, 'O_NONBLOCK')
        os.mkfifo(os.path.join(self.folder, 'fifo'))
        dir_option = ('--dir', self.folder + '::/')
        self.status('a FIFO that nobody writes', 'fifo2', 134, 'interrupted', '--timeout', '0.2', *dir_option)
        self.status('a FIFO that nobody reads', 'fifo64', 60, '', '--timeout', '9', *dir_option)  # ENXIO
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
                self.status(f'{option} {value!r}', 'loop', 2, 'number above 0', option, value)

    def bombs(self):
        for name in BOMBS:
            self.status(f'{name} that pass some operands', name + '3', 0, '')
            self.status(f'{name} that pass very many operands', name + '200', 1, 'pass more than')
        with open(os.path.join(self.folder, 'one_hash.wasm'), 'wb') as f:
            f.write(types_of_one_hash())
        few_seconds = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_CPU, (5, 5))}  # 0.3 with different hashes, 24 with one
        self.status('types of one hash', 'one_hash', 1, "must export a function '_start'", **few_seconds)

    def valid(self):
        self.status('globals that read those before them', 'own', 13, '')
        self.status('a global that reads a later one', 'later', 1, 'unknown global 1')
        self.status('a global that reads one that can change', 'changing', 1, 'global 0 is mutable')
        for name, (_, text) in BYTES.items():
            self.status(text, name, 1, text)

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
    for name, (content, _) in BYTES.items():
        with open(os.path.join(folder, name + '.wasm'), 'wb') as f:
            f.write(content)
    t = Tests(args.run, folder)
    t.files()
    t.limits()
    t.bombs()
    t.valid()
    t.names()
    print(f'1..{t.number}')
    shutil.rmtree(folder)
    sys.exit(t.failed > 0)


if __name__ == '__main__':
    main()
