#!/usr/bin/env python3
"""Runs GCC's run tests of its vectorizer (gcc.dg/vect) and of the processors (gcc.target/i386, gcc.target/aarch64), each
by clang to bitcode, then by LLVM -O0 and by Kiln, linked, run. A test counts if LLVM's program passes; what Kiln refuses
is counted by message, as torture.py does. Tests of what was never meant to be taken (AVX-512, AMX, SVE), and of 32-bit
programs, are left out. A test's own level of optimization is replaced by --level; the tests themselves ask whether the
processor has what they need.

    targets.py --kiln=build/kiln --source=DIR --suite=vect|target [--target=T] [--level=O2] [--flags=-mavx2]
               [--every=N] [--first=K] [--until=K] [NAME...]

A NAME is a path below DIR, or a part of it.
"""
import fnmatch
import functools
import glob
import os
import re

import torture
from torture import harness

FOLDERS = {('vect', 'x86_64'): 'gcc.dg/vect', ('vect', 'aarch64'): 'gcc.dg/vect',
           ('target', 'x86_64'): 'gcc.target/i386', ('target', 'aarch64'): 'gcc.target/aarch64'}
TRIPLES = {'x86_64': 'x86_64-pc-linux-gnu', 'aarch64': 'aarch64-unknown-linux-gnu'}
DIRECTIVE = re.compile(r'\{\s*dg-([a-z-]+)((?:[^{}"\n]|"[^"\n]*"|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}')
# Effective targets that do not hold: those of other widths and byte orders, and those left out on purpose.
FALSE = re.compile(r'(ia32|ilp32|x32|maybe_x32|arm32|be|aarch64_big_endian|avx512\w*|amx\w*|avx10\w*|aarch64_sve\w*'
                   r'|powerpc\w*|vsx\w*|mips\w*|c\+\+)$')
LEFT_OUT = re.compile(r'-m(32|x32|big-endian|abi=ilp32|avx512\w*|amx\w*|avx10\S*|sve\S*)$'
                      r'|-m(arch|cpu|tune)=(skylake-avx512|knl|knm|icelake\S*|cannonlake|cascadelake|cooperlake|tigerlake'
                      r'|sapphirerapids|\S*\+sve\S*)$')
# What the directive dg-add-options gives to a test.
ADDED = {'arm_v8_2a_fp16_scalar': '-march=armv8.2-a+fp16', 'arm_v8_2a_fp16_neon': '-march=armv8.2-a+fp16',
         'arm_v8_2a_bf16_neon': '-march=armv8.2-a+bf16', 'arm_v8_2a_i8mm': '-march=armv8.2-a+i8mm',
         'arm_v8_2a_dotprod_neon': '-march=armv8.2-a+dotprod', 'arm_v8_3a_complex_neon': '-march=armv8.3-a',
         'arm_v8_3a_fp16_complex_neon': '-march=armv8.3-a+fp16', 'arm_v8_1a_neon': '-march=armv8.1-a',
         'arm_crypto': '-march=armv8-a+crypto'}
# What gcc.dg/vect gives to tests by their names.
PREFIXES = {'fast-math-': '-ffast-math', 'no-math-errno-': '-fno-math-errno', 'wrapv-': '-fwrapv', 'trapv-': '-ftrapv',
            'no-trapping-math-': '-fno-trapping-math'}
# The header that most tests of a processor read, one way or another, and what tells that a test does.
HEADERS = {'x86_64': ('#include<x86intrin.h>', re.compile(r'intrin\.h[>"]|-check\.h"')),
           'aarch64': ('#include<arm_neon.h>', re.compile(r'#\s*include\s*[<"](arm_neon|arm-neon-ref)\.h'))}
# Tests that pass or fail by what undefined behaviour comes to.
CHANCE = {'gcc.target/i386/avx512bw-shiftqihi-constant-2': 'it shifts lanes by more than their width'}
DROPPED = re.compile(r'-(O\w*|W.*|-?save-temps|fdump-.*|fopt-info.*|flto.*|ffat-lto.*|g\d?|S|w|c)$')


class Target:
    """What a test's selectors are asked for: a triple's patterns and effective targets."""

    def __init__(self, machine):
        self.machine, self.triple = machine, TRIPLES[machine]

    def holds(self, selector):
        """The value of a selector: { a && { ! b } }; words side by side are alternatives."""
        words = re.findall(r'[{}!]|&&|\|\||[^\s{}!]+', selector)

        def term():
            word = words.pop(0)
            if word == '!': return not term()
            if word != '{':
                return fnmatch.fnmatch(self.triple, word) if '-' in word or '*' in word else not FALSE.match(word)
            value = alternatives()
            if words: words.pop(0)
            return value

        def alternatives():
            value = term() if words and words[0] != '}' else True
            while words and words[0] != '}':
                operator = words.pop(0) if words[0] in ('&&', '||') else '||'
                other = term()
                value = value and other if operator == '&&' else value or other
            return value
        return alternatives()


class Test:
    """A test's directives: what it is compiled with, whether it is run, or why it is left out."""

    def __init__(self, path, name, target, runs):
        with open(path, errors='replace') as f: text = f.read()
        self.path, self.name, self.runs, self.left_out = path, name, runs, None
        self.sources, words, added = [], [], []
        for kind, rest in DIRECTIVE.findall(text):
            quoted = re.search(r'"([^"]*)"|(?<=\s)([^\s{}"]+)', ' ' + rest)
            value = (quoted.group(1) or quoted.group(2) or '') if quoted else ''
            selector = re.search(r'\{\s*target\s+(.*)\}', rest, re.S)
            applies = not selector or target.holds(selector.group(1))
            if kind == 'do': self.runs = value == 'run' and applies
            elif kind == 'options' and applies: words = value.split()
            elif kind == 'additional-options' and applies: added += value.split()
            elif kind == 'add-options' and value in ADDED: added.append(ADDED[value])
            elif kind == 'additional-sources': self.sources += value.split()
            elif kind == 'require-effective-target' and not target.holds(value): self.left_out = value
            elif kind == 'skip-if' and target.holds(re.sub(r'^\s*"[^"]*"', '', rest)) and rest.count('}') == 1:
                self.left_out = 'skipped by itself'
        words += added
        self.headers = (HEADERS[target.machine][0],) if HEADERS[target.machine][1].search(text) else ()
        for w in words:
            if LEFT_OUT.match(w): self.left_out = w
        fast = ['-ffast-math'] * ('-Ofast' in words)
        parameter = [i for i, w in enumerate(words) if i > 0 and words[i - 1] == '--param']
        self.flags = [w for i, w in enumerate(words)
                      if i not in parameter and not w.startswith('--param') and not DROPPED.match(w)] + fast


def found(args):
    """The suite's run tests."""
    folder = FOLDERS[args.suite, args.target]
    root = os.path.join(args.source, folder)
    target = Target(args.target)
    for path in sorted(glob.glob(os.path.join(root, '**', '*.c'), recursive=True)):
        name = os.path.relpath(path, args.source)[:-2]
        if args.names and not any(n in name for n in args.names): continue
        if re.search(r'/(sve2?|costmodel)/', name): continue
        test = Test(path, name, target, args.suite == 'vect' or '/advsimd-intrinsics/' in name)
        if args.suite == 'vect':
            test.flags += [f for p, f in PREFIXES.items() if os.path.basename(name).startswith(p)]
        elif '/advsimd-intrinsics/' in name: test.flags.insert(0, '-march=armv8.2-a+fp16')
        if test.runs: yield test


def main():
    parser = torture.arguments(__doc__.splitlines()[0], '.c', 'folder of gcc.dg and gcc.target')
    parser.add_argument('--suite', choices=('vect', 'target'), required=True)
    parser.add_argument('--flags', default='', help="more options for clang, before a test's own")
    args = parser.parse_args()
    tests = torture.Tests(args)
    h = tests.h
    everything = list(found(args))
    files = [t for t in everything if not t.left_out][args.first:args.until:args.every]

    @functools.cache
    def known(flags):
        """The options that clang knows; the others are for gcc's own passes."""
        _, _, text = h.run([*h.clang, '-###', '-c', '-x', 'c', '/dev/null', *flags], check=False)
        unknown = set(re.findall(r"(?:unknown argument:?|unsupported option|unknown argument '[^']*', did you mean) "
                                 r"'([^']*)'", text))
        return [f for f in flags if f not in unknown]

    def options(test):
        return ('-Wno-everything', *torture.level_flags(args.level), *args.flags.split(), *known(tuple(test.flags)))
    precompiled = torture.Precompiled(h, 'c', [(t.headers, options(t)) for t in files])

    def check(test):
        if test.name in CHANCE:
            h.skip(test.name, CHANCE[test.name])
            return
        folder = os.path.dirname(test.path)
        flags = options(test)
        more = [os.path.join(folder, s) for s in test.sources]
        header = [] if more else precompiled.flags(test.headers, flags)
        tests.check(test.name, [test.path, *[s for s in more if not s.endswith('.S')]], [*header, '-I' + folder, *flags],
                    (*[s for s in more if s.endswith('.S')], '-lm', '-pthread'))
    h.each(check, files)
    if not args.tap: print('%d run tests are left out' % (len(everything) - len([t for t in everything if not t.left_out])))
    tests.finish(len(files))


if __name__ == '__main__':
    main()
