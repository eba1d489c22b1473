#!/usr/bin/env python3
"""abi.py [--write] [--planted] [--include=FOLDER] [--build=FOLDER]: compares the ABI that the public headers describe
with tests/source/abi, and prints what differs:

- layout.txt: sizes and offsets of the structs on both targets, and the values of all enumerators, by clang;
- libkiln.abi: types and functions, by abidw and abidiff of Debian's abigail-tools (skipped without them, and where
  the machine is no x86-64). What they read is a library made of the headers, whose functions do nothing: it has the debugging information of what is
  public alone, and takes a second;
- that the libraries in the build folder export the functions that the headers declare, and no others.

--write writes both files again, after a change that is meant. CONTRIBUTING.md says what else follows.
--planted checks that a field that is inserted and a function that is removed are found."""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'abi')
TRIPLES = {'x86_64': 'x86_64-linux-gnu', 'aarch64': 'aarch64-linux-gnu'}
LIBRARIES = ('libkiln.so', 'libkiln-text.so', 'frontends/llvm/libkiln-llvm.so', 'frontends/wasm/libkiln-wasm.so', 'assembler/libkiln-as.so',
             'interp/libkiln-interp.so')


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'{" ".join(command[:3])}...: {done.stderr}')
    return done.stdout


class Headers:
    """What the headers in a folder declare."""

    def __init__(self, include):
        self.include = include
        paths = sorted(glob.glob(os.path.join(include, 'kiln', '*.h')))
        self.source = ''.join(f'#include <kiln/{os.path.basename(p)}>\n' for p in paths)
        tree = json.loads(run('clang-22', '-std=c11', '-I', include, '-x', 'c', '-fsyntax-only', '-Xclang',
                              '-ast-dump=json', '-', text=self.source))
        self.structs, self.values, self.functions = {}, [], {}
        for node in tree['inner']:
            name, kind, inner = node.get('name', ''), node['kind'], node.get('inner', [])
            if kind == 'EnumDecl':
                self.values += [v['name'] for v in inner if v['kind'] == 'EnumConstantDecl' and v['name'].startswith('KILN_')]
            elif kind == 'RecordDecl' and name.startswith('kiln_') and node.get('completeDefinition'):
                self.structs[name] = [f['name'] for f in inner if f['kind'] == 'FieldDecl']
            elif kind == 'FunctionDecl' and name.startswith('kiln_') and not node.get('inline'):
                self.functions[name] = any(a['kind'] == 'VisibilityAttr' for a in inner)  # KILN_API

    def layout(self):
        """Lines about structs and enumerators, the same for all targets or else an error."""
        rows = [(f'{s}', f'sizeof({s})', [(f, f'offsetof({s}, {f})') for f in fields]) for s, fields in self.structs.items()]
        numbers = [e for _, size, fields in rows for e in (size, *(at for _, at in fields))]
        numbers += [f'(unsigned long long){v}' for v in self.values]
        code = f'{self.source}#include <stddef.h>\nconst unsigned long long n[] = {{{", ".join(numbers)}}};\n'
        results = {}
        for target, triple in TRIPLES.items():
            text = run('clang-22', '-std=gnu11', '--target=' + triple, '-ffreestanding', '-I', self.include, '-x', 'c', '-S',
                       '-o', '-', '-', text=code)
            got = re.findall(r'^\s*\.(?:quad|xword)\s+(-?\d+)', text, re.M)
            if len(got) != len(numbers):
                sys.exit(f'{target}: {len(got)} numbers of {len(numbers)}')
            results[target] = got
        first = results['x86_64']
        if any(r != first for r in results.values()):
            sys.exit('the targets differ in the layout of public structs')
        at, lines = iter(first), []
        for name, _, fields in rows:
            lines.append(f'{name}: {next(at)} bytes; ' + ', '.join(f'{f} {next(at)}' for f, _ in fields))
        return lines + [f'{v} = {next(at)}' for v in self.values]

    def library(self, out):
        """A shared library with the functions that the headers mark as exported, which do nothing."""
        text = re.sub(r'^#.*\n', '', run('gcc', '-E', '-P', '-I', self.include, '-x', 'c', '-', text=self.source), flags=re.M)
        bodies = []
        for declared in re.findall(r'__attribute__\(\(visibility\("default"\)\)\)\s*([^;{]*?\b(kiln_\w+)\([^;{]*\))\s*;', text):
            bodies.append(f'__attribute__((visibility("default"))) {declared[0]} {{ __builtin_trap(); }}')
        if len(bodies) != sum(self.functions.values()):
            sys.exit(f'{len(bodies)} functions of {sum(self.functions.values())}')
        run('gcc', '-std=gnu11', '-g', '-w', '-fPIC', '-shared', '-nostdlib', '-fvisibility=hidden', '-I', self.include, '-x', 'c',
            '-o', out, '-', text=self.source + '\n'.join(bodies) + '\n')


def exported(build, functions):
    """What the libraries of a build folder lack or have too much."""
    have, complete = set(), True
    for library in LIBRARIES:
        path = os.path.join(build, library)
        if os.path.exists(path):
            have |= set(re.findall(r' [TD] (kiln_\w+)$', run('nm', '-D', '--defined-only', path), re.M))
        else:
            complete = False
    declared = {f for f, public in functions.items() if public}
    return [f'{f}: declared, and in no library' for f in sorted(declared - have) if complete] + \
        [f'{f}: exported, and in no header' for f in sorted(have - declared)]


def compare(include, build):
    """What differs from the committed description."""
    headers, wrong = Headers(include), []
    with open(os.path.join(HERE, 'layout.txt'), encoding='utf-8') as file:
        known = file.read().splitlines()
    lines = headers.layout()
    wrong += [f'was: {line}' for line in known if line not in set(lines)]
    wrong += [f'is: {line}' for line in lines if line not in set(known)]
    if build:
        wrong += exported(build, headers.functions)
    if shutil.which('abidiff') and os.uname().machine == 'x86_64':
        with tempfile.TemporaryDirectory() as folder:
            library = os.path.join(folder, 'libkiln.so')
            headers.library(library)
            done = subprocess.run(['abidiff', os.path.join(HERE, 'libkiln.abi'), library], capture_output=True, text=True)
            if done.returncode:
                wrong += [done.stdout.strip() or done.stderr.strip()]
    if wrong:
        wrong.append('tests/source/abi.py --write, if this is meant (CONTRIBUTING.md)')
    return wrong


def write(include):
    headers = Headers(include)
    with open(os.path.join(HERE, 'layout.txt'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(headers.layout()) + '\n')
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, 'libkiln.so')
        headers.library(library)
        out = os.path.join(HERE, 'libkiln.abi')
        run('abidw', '--no-show-locs', '--no-comp-dir-path', '--no-corpus-path', '--out-file', out, library)
        with open(out, encoding='utf-8') as file:
            text = file.read()
        with open(out, 'w', encoding='utf-8') as file:  # as tests/source/check.sh wants lines
            file.write(re.sub(r'\t', ' ', re.sub(r' +$', '', text, flags=re.M)))


# What breaks programs, by a change of a header each, and what finds it.
PLANTED = [
    ('module.h', 'typedef struct kiln_param {', 'typedef struct kiln_param {\n  uint64_t more;'),
    ('build.h', 'KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);', ''),
    ('module.h', 'KILN_PARAM_SRET = 8,', 'KILN_PARAM_SRET = 512,'),
    ('types.h', 'KILN_API uint32_t kiln_type_size(kiln_type t);', 'KILN_API uint64_t kiln_type_size(kiln_type t, int x);'),
]


def planted(include):
    wrong = []
    for header, old, new in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(include, os.path.join(folder, 'include'))
            path = os.path.join(copy, 'kiln', header)
            with open(path, encoding='utf-8') as file:
                text = file.read()
            if old not in text:
                wrong.append(f'{header} has no {old!r}')
                continue
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text.replace(old, new))
            if not compare(copy, None):
                wrong.append(f'not found: {old!r} became {new!r}')
    return wrong


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--write', action='store_true')
    p.add_argument('--planted', action='store_true')
    p.add_argument('--include', default='include')
    p.add_argument('--build')
    o = p.parse_args()
    if o.write:
        write(o.include)
        return 0
    wrong = planted(o.include) if o.planted else compare(o.include, o.build)
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
