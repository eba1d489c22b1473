#!/usr/bin/env python3
"""The syntax that include/kiln/operations.md has for an operation is what the parser reads, with each type that its row
lists: a function for each is verified. Left out are operations with blocks, signatures and bytes, and those without text.

    operations.py KILN OPERATIONS.MD
"""
import itertools
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
TYPES = ['i8', 'i16', 'i32', 'i64', 'i128', 'f16', 'f32', 'f64', 'f80', 'f128', 'v64', 'v128']
SETS = {'integers': TYPES[:5], 'floats': TYPES[5:10], 'all': TYPES}
BUILT_ELSEWHERE = r'block|callee|"bytes"|\brow\b|level|result index'
# Operations that take a slot, a thread-local symbol, or the arguments of a variadic function.
NOT_ALONE = {'life_start', 'life_end', 'tls_addr', 'va_start'}


def types(text):
    """The types of a row's column, as a list: `i8 to i64, f32 f64`."""
    found = []
    for first, last in re.findall(r'\b(\w\d+) to (\w\d+)\b', text):
        found += TYPES[TYPES.index(first):TYPES.index(last) + 1]
    for name, members in SETS.items():
        found += members if re.search(r'\b%s\b' % name, text) else []
    return sorted({*found, *(t for t in re.findall(r'\b\w\d+\b', text) if t in TYPES)}, key=TYPES.index)


def operands():
    """By operation: the types of its operands as shapes.def has them."""
    def read(name):
        with open(os.path.join(ROOT, 'include/kiln', name), encoding='utf-8') as f:
            return f.read()
    shapes = {m[1]: [m[2], m[3], m[4]] for m in re.finditer(r'(?m)^KILN_SHAPE\((\w+), BUILT, (\w+), (\w+), (\w+),', read('shapes.def'))}
    return {m[1]: shapes.get(m[2]) for m in re.finditer(r'(?m)^KILN_OP\(\w+, (\w+), (\w+),', read('ops.def'))}


def functions(name, syntax, kinds, shape, ends):
    """The text of functions with the operation: lists of which each needs one that is right."""
    whole, _, lanes = kinds.partition(', lanes ')
    whole = types(whole) or ['i64']
    lanes = types(lanes) if lanes else ['']
    for t, lane in itertools.product(whole, lanes):
        ways = []
        for source in TYPES if 'FROM' in syntax or 'FROM' in shape else ['']:
            words = {'T': t, 'LANE': lane, 'FROM': source, 'COND': 'olt' if name.endswith('fcmp') else 'slt', 'ORDER': 'seq_cst',
                     'OP': 'add' if t[0] == 'i' else 'fadd', 'index': '1' if name == 'vsigns' or t == 'v64' and lane[1:] == '32' else '0', 'count': '1'}
            line = re.sub(r'\[[^]]*\]|FLAGS', '', syntax)
            line = re.sub(r'(?<![\w.])(?:%s)\b|(?<=\.)(?:T|LANE)\b' % '|'.join(words), lambda m: words[m[0]], line)
            # of vectors, the word after the name: what shapes.def calls the type of lanes
            other = re.match(r'(?:v = )?[\w.]+ (LANE|FROM|T)\b', syntax)
            of = {'T': t, 'OPT': t, 'SLOT': t, 'PTR': 'i64', 'I8': 'i8', 'FROM': source, 'LANE': words[other[1]] if other else ''}
            params = [of.get(k, '') for k in shape]
            for letter, number in zip('abc', range(3)):
                line = re.sub(r'(?<![\w.])%s(?![\w(])' % letter, 'v%d' % number, line)
            line = re.sub(r'^v = ', 'v%d = ' % sum(p != '' for p in params), line.strip())
            used = [p for p in params if p]
            ways.append('func @f(%s) {\nb0(%s):\n  %s\n%s}\n' % (
                ', '.join(used), ', '.join('v%d: %s' % (i, p) for i, p in enumerate(used)), line, '' if ends else '  ret\n'))
        yield t, lane, ways


def main():
    kiln, page = sys.argv[1:]
    shapes, failed, n = operands(), 0, 0
    with open(page, encoding='utf-8') as f:
        rows = re.findall(r'(?m)^\| \*\*(\w+)\*\* `([^`]*)` \| ([^|]*) \| ([^|]*) \|', f.read().replace('\\|', '¦'))
    with tempfile.TemporaryDirectory(prefix='kiln-test-') as folder:
        path = os.path.join(folder, 'f.kir')

        def verified(text):
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            p = subprocess.run([kiln, 'verify', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return p.returncode == 0, p.stdout
        for name, syntax, kinds, effects in rows:
            if re.search(BUILT_ELSEWHERE, syntax) or shapes.get(name) is None or name in NOT_ALONE:
                continue
            wrong, right = [], 0
            for t, lane, ways in functions(name, syntax, kinds, shapes[name], 'term' in effects):
                for way in ways:
                    good, said = verified(way)
                    if good:
                        break
                right += good
                if not good:
                    wrong.append('%s %s: %s%s' % (t, lane, said, way))
            if right and 'FROM' in syntax: # some types have no narrower, or no wider one
                wrong = []
            n += 1
            failed += wrong != []
            print('%s %d - %s' % ('not ok' if wrong else 'ok', n, syntax))
            print(''.join('# ' + line + '\n' for w in wrong[:2] for line in w.splitlines()), end='', flush=True)
    print('1..%d' % n)
    sys.exit(failed != 0 or n < 100)


main()
