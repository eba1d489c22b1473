#!/usr/bin/env python3
"""abi.py [--write] [--planted] [--include=FOLDER] [--build=FOLDER]: compares the ABI that the public headers describe,
as clang reads them, with tests/source/abi/libkiln.abi, and prints what differs:

- structs with their sizes, and each field's type and offset, which are the same on both targets;
- types of functions and of other typedefs;
- the values of all enumerators;
- that the libraries in the build folder export the functions that the headers declare, and no others.

--write writes the file again, after a change that is meant. CONTRIBUTING.md says what else follows.
--planted checks that a field that is inserted, a function that is removed and the like are found."""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'abi/libkiln.abi')
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
        self.structs, self.values, self.functions, self.types = {}, [], {}, []
        for node in tree['inner']:
            name, kind, inner = node.get('name', ''), node['kind'], node.get('inner', [])
            if kind == 'EnumDecl':
                self.values += [v['name'] for v in inner if v['kind'] == 'EnumConstantDecl' and v['name'].startswith('KILN_')]
            elif kind == 'RecordDecl' and name.startswith('kiln_') and node.get('completeDefinition'):
                self.structs[name] = [(f['name'], f['type']['qualType']) for f in inner if f['kind'] == 'FieldDecl']
            elif kind == 'FunctionDecl' and name.startswith('kiln_') and not node.get('inline'):
                self.functions[name] = any(a['kind'] == 'VisibilityAttr' for a in inner)  # KILN_API
                self.types.append(f'{name}: {node["type"]["qualType"]}')
            elif kind == 'TypedefDecl' and name.startswith('kiln_') and node['type']['qualType'].split()[-1] != name:
                self.types.append(f'{name}: {node["type"]["qualType"]}')

    def describe(self):
        """Lines about structs, types and enumerators, the same for all targets or else an error."""
        rows = [(s, f'sizeof({s})', [(f, of, f'offsetof({s}, {f})') for f, of in fields]) for s, fields in self.structs.items()]
        numbers = [e for _, size, fields in rows for e in (size, *(at for _, _, at in fields))]
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
            lines.append(f'{name}: {next(at)} bytes; ' + ', '.join(f'{f} {next(at)} {of}' for f, of, _ in fields))
        return lines + self.types + [f'{v} = {next(at)}' for v in self.values]


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
    with open(KNOWN, encoding='utf-8') as file:
        known = file.read().splitlines()
    lines = headers.describe()
    wrong += [f'was: {line}' for line in known if line not in set(lines)]
    wrong += [f'is: {line}' for line in lines if line not in set(known)]
    if build:
        wrong += exported(build, headers.functions)
    if wrong:
        wrong.append('tests/source/abi.py --write, if this is meant (CONTRIBUTING.md)')
    return wrong


def write(include):
    with open(KNOWN, 'w', encoding='utf-8') as file:
        file.write('\n'.join(Headers(include).describe()) + '\n')


# What breaks programs, by a change of a header each, and what finds it.
PLANTED = [
    ('module.h', 'typedef struct kiln_param {', 'typedef struct kiln_param {\n  uint64_t more;'),
    ('build.h', 'KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);', ''),
    ('module.h', 'KILN_PARAM_SRET = 8,', 'KILN_PARAM_SRET = 512,'),
    ('types.h', 'KILN_API uint32_t kiln_type_size(kiln_type t);', 'KILN_API uint64_t kiln_type_size(kiln_type t, int x);'),
    ('types.h', 'KILN_API uint32_t kiln_type_size(kiln_type t);', 'KILN_API int32_t kiln_type_size(kiln_type t);'),
    ('build.h', 'typedef kiln_status (*kiln_func_sink_fn)(void *user, kiln_func *f);', 'typedef bool (*kiln_func_sink_fn)(void *user, kiln_func *f);'),
    ('build.h', 'KILN_API kiln_value kiln_func_param(', 'KILN_API kiln_value kiln_func_another(kiln_func *f);\nKILN_API kiln_value kiln_func_param('),
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
