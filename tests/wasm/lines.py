#!/usr/bin/env python3
"""Names and lines of WebAssembly modules that clang made with -g: in backtraces of traps, in gdb, in objects and in memory.
Where lines are is said by comments of the source here; all lines of an object are compared with those that llvm-dwarfdump
finds in the module. Then errors are planted in the module's sections: it runs as before, without lines.

    lines.py BUILD

Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLANG = os.environ.get('CLANG', 'clang-22')
SOURCE = '''static int table[4] = {1, 2, 3, 4};
static volatile int input = 3;

static __attribute__((noinline)) int divide(int a, int b) {
  int q = a;
  q /= b; // divide
  return q;
}

__attribute__((noinline)) int sum(int n) {
  int total = 0;
  for (int i = 0; i < n; i++) {
    total += table[i]; // loop
    total -= divide(i, n - 3); // sum
  }
  return total;
}

static __attribute__((noinline)) void stop(int which) {
  if (which == 1)
    __builtin_trap(); // first
  if (which == 2)
    __builtin_trap(); // second
}

__attribute__((export_name("_start"))) void start(void) {
  sum(input); // start
}

__attribute__((export_name("stops"))) void stops(int which) {
  stop(which); // stops
}
'''
HOST = '''#include <kiln/wasm_runtime.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_error error;
  kiln_wasmrt_line lines[KILN_WASMRT_FRAMES];
  kiln_wasmrt_instance *i = kiln_wasmrt_instantiate(store, &kiln_wasm_module, &error);
  kiln_wasm_value value = {.i32 = (uint32_t)atoi(argv[1])};
  if (i == NULL) return 1;
  kiln_wasmrt_call(store, kiln_wasmrt_lookup_func(i, argc > 2 ? "stops" : "_start"), &value, &error);
  kiln_wasmrt_lines(&error, lines);
  printf("%s\\n", error.message);
  for (uint32_t k = 0; k < error.n_frames; k++) {
    kiln_wasm_name name = kiln_wasmrt_func_name(error.frames + k);
    printf("%.*s %s:%u\\n", (int)name.text_length, name.text, lines[k].file, lines[k].line);
  }
  kiln_wasmrt_store_free(store);
}
'''
LINE = {m[1]: n for n, text in enumerate(SOURCE.split('\n'), 1) for m in [re.search(r'// (\w+)', text)] if m}
TRACE = [('divide', 'divide'), ('sum', 'sum'), ('start', 'start')]  # function, comment


class Failed(Exception):
    pass


def run(*command, status=0):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    if status is not None and done.returncode != status:
        raise Failed(f'{command}: status {done.returncode}\n{done.stdout}')
    return done.stdout


def want(text, *patterns):
    """The patterns must be there, in this order."""
    at = 0
    for pattern in patterns:
        m = re.compile(pattern, re.M).search(text, at)
        if not m:
            raise Failed(f'no {pattern} in\n{text}')
        at = m.end()


def gdb(program, *commands):
    words = [w for c in commands for w in ('-ex', c)]
    return run('gdb', '-nx', '-batch', '-iex', 'set debuginfod enabled off', '-ex', 'set breakpoint pending on', *words,
               '--args', *program, status=None)


def rows(file):
    """(file, line) of the functions of p.c that llvm-dwarfdump finds."""
    found, names = set(), {}
    for line in run('llvm-dwarfdump-22', '--debug-line', file).split('\n'):
        m = re.match(r'file_names\[ *(\d+)\]', line)
        if m:
            number = int(m[1])
        m = re.match(r' +name: "(.*)"', line)
        if m:
            names[number] = os.path.basename(m[1])
        m = re.match(r'0x[0-9a-f]+ +(\d+) +\d+ +(\d+) ', line)
        if m and 'end_sequence' not in line:
            found.add((names[int(m[2])], int(m[1])))
    return found


# ---- planted errors ----

def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def change(module, section, edit):
    """The module with edit(content) of a custom section."""
    out, at = bytearray(module[:8]), 8
    while at < len(module):
        kind, start = module[at], at
        size, content = leb(module, at + 1)
        at = content + size
        if kind == 0:
            length, name = leb(module, content)
            if module[name:name + length] == section:
                body = module[content:name + length] + edit(bytearray(module[name + length:at]))
                size = len(body)
                out += bytes([0, *(size >> 7 * k & 127 | 128 for k in range(4)), size >> 28]) + body
                continue
        out += module[start:at]
    return bytes(out)


def put(at, *values):
    def edit(content):
        content[at:at + len(values)] = bytes(values)
        return content
    return edit


def head(version):
    """Where a line table's minimum_instruction_length is."""
    return 10 if version < 5 else 12


PLANTED = [  # name, section, edit of its content for the version, lines are there all the same
    ('a table of version 9', b'.debug_line', lambda v: put(4, 9), False),
    ('a length beyond the section', b'.debug_line', lambda v: put(0, 0xf0, 0xff, 0xff, 0x7f), False),
    ('a 64-bit length of all ones', b'.debug_line', lambda v: put(0, *[255] * 12), False),
    ('a header beyond the table', b'.debug_line', lambda v: put(6 if v < 5 else 8, 255, 255, 255, 127), False),
    ('a line range of 0', b'.debug_line', lambda v: put(head(v) + 4, 0), False),
    ('an opcode base of 0', b'.debug_line', lambda v: put(head(v) + 5, 0), False),
    ('half of the lines', b'.debug_line', lambda v: lambda c: c[:len(c) // 2], False),
    ('one byte of lines', b'.debug_line', lambda v: lambda c: c[:1], False),
    ('no abbreviations', b'.debug_abbrev', lambda v: lambda c: c[:0], True),
    ('abbreviations without an end', b'.debug_abbrev', lambda v: lambda c: bytearray(b'\x81' * len(c)), True),
    ('a unit of version 9', b'.debug_info', lambda v: put(4, 9), True),
    ('a unit without an end', b'.debug_info', lambda v: lambda c: c[:14], True)]


# ---- cases ----

class Module:
    def __init__(self, build, version, folder):
        self.version, self.folder, self.kiln = version, folder, os.path.join(build, 'kiln')
        self.build, self.wasm = build, os.path.join(folder, f'p{version}.wasm')
        with open(os.path.join(folder, 'p.c'), 'w') as f:
            f.write(SOURCE)
        run(CLANG, '--target=wasm32', '-O0', f'-gdwarf-{version}', '-nostdlib', '-Wl,--no-entry', os.path.join(folder, 'p.c'), '-o', self.wasm)

    def trap(self):
        out = run(self.kiln, 'run', '-g', self.wasm, status=134)
        want(out, 'integer divide by zero', *(rf'{i}: function \d+ {f} at .*/p\.c:{LINE[c]}:\d+$' for i, (f, c) in enumerate(TRACE)))
        out = run(self.kiln, 'run', self.wasm, status=134)
        want(out, 'integer divide by zero', r'0: function \d+ divide$', r'1: function \d+ sum$', 'with -g')

    def stripped(self):
        file = os.path.join(self.folder, 'stripped.wasm')
        run(CLANG, '--target=wasm32', '-O0', '-s', '-nostdlib', '-Wl,--no-entry', os.path.join(self.folder, 'p.c'), '-o', file)
        out = run(self.kiln, 'run', file, status=134)
        want(out, r'2: function \d+ _start$')
        if 'divide' in out.replace('divide by zero', '') or 'with -g' in out:
            raise Failed(out)
        run(self.kiln, 'compile', file, '-o', file + '.o')
        want(run('nm', file + '.o'), r'^[0-9a-f]+ t wasm\[\d+\]$', r' t wasm\[\d+\]\._start$')

    def memory_gdb(self):
        out = gdb([self.kiln, 'run', '-g', self.wasm], f'break p.c:{LINE["loop"]}', 'run', 'bt', 'list', 'next', 'step', 'bt')
        self.session(out)

    def session(self, out):
        want(out, rf'Breakpoint 1, sum \(\) at .*p\.c:{LINE["loop"]}$', r'^#0 +sum \(\) at', rf'^#1 .* in start \(\) at .*p\.c:{LINE["start"]}$',
             rf'^{LINE["loop"]}\t    total \+= table', rf'^{LINE["sum"]}\t    total -= divide', rf'^divide \(\) at .*p\.c:{LINE["divide"] - 1}$',
             r'^#0 +divide', rf'^#1 .* in sum \(\) at .*p\.c:{LINE["sum"]}$', rf'^#2 .* in start \(\) at .*p\.c:{LINE["start"]}$')

    def program(self):
        file = os.path.join(self.folder, f'host{self.version}')
        with open(file + '.c', 'w') as f:
            f.write(HOST)
        run(self.kiln, 'compile', '-g', self.wasm, '-o', file + '.wasm.o')
        run('gcc', f'-I{ROOT}/include', file + '.c', file + '.wasm.o', os.path.join(self.build, 'frontends/wasm/runtime/libkiln-wasmrt.a'), '-lm',
            '-lpthread', '-o', file)
        return file

    def objects(self):
        file = self.program()
        run('llvm-dwarfdump-22', '--verify', file + '.wasm.o')
        run(self.kiln, 'compile', '-g', '--threads=3', self.wasm, '-o', file + '.threads.o')
        run('cmp', file + '.wasm.o', file + '.threads.o')
        ours, theirs = rows(file + '.wasm.o'), rows(self.wasm)
        if ours - theirs - {('p.c', 0)} or len(ours) < 20 or len(theirs - ours) > 1:
            raise Failed(f'{ours - theirs} not of the module, {theirs - ours} missing')
        want(run(file, 0), 'integer divide by zero', *(rf'^{f} .*/p\.c:{LINE[c]}$' for f, c in TRACE))
        want(run(file, 1, 'x'), 'unreachable', rf'^stop .*/p\.c:{LINE["first"]}$', rf'^stops .*/p\.c:{LINE["stops"]}$')
        want(run(file, 2, 'x'), 'unreachable', rf'^stop .*/p\.c:{LINE["second"]}$')

    def object_gdb(self):
        file = self.program()
        self.session(gdb([file, 0], f'break p.c:{LINE["loop"]}', 'run', 'bt', 'list', 'next', 'step', 'bt'))

    def planted(self, name, section, edit, lines):
        with open(self.wasm, 'rb') as f:
            content = f.read()
        file = os.path.join(self.folder, 'planted.wasm')
        with open(file, 'wb') as f:
            f.write(change(content, section, edit(self.version)))
        out = run(self.kiln, 'run', '-g', file, status=134)
        where = r' at .*p\.c:\d+' if lines else ''
        want(out, 'warning: .*malformed', 'integer divide by zero', rf'0: function \d+ divide{where}', rf'2: function \d+ start{where}')
        run(self.kiln, 'compile', '-g', file, '-o', file + '.o')


def main():
    build, folder = os.path.abspath(sys.argv[1]), tempfile.mkdtemp(prefix='kiln-lines-')
    failed = number = 0
    have_gdb = shutil.which('gdb') is not None
    for version in (4, 5):
        module = Module(build, version, folder)
        cases = [('a trap says functions and lines', module.trap, True), ('names of exports where there are no others', module.stripped, True),
                 ('gdb: code in memory', module.memory_gdb, have_gdb), ('objects', module.objects, True), ('gdb: a program', module.object_gdb, have_gdb)]
        cases += [(row[0], lambda row=row: module.planted(*row), True) for row in PLANTED]
        for name, case, possible in cases:
            number, text = number + 1, ''
            try:
                if possible:
                    case()
            except Failed as e:
                failed, text = failed + 1, str(e)
            print(f'{"not " * bool(text)}ok {number} - DWARF {version}: {name}{"" if possible else " # SKIP no gdb"}')
            for line in text.split('\n') if text else []:
                print('# ' + line)
    print(f'1..{number}')
    shutil.rmtree(folder)
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
