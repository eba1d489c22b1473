#!/usr/bin/env python3
"""Runs GCC's C++ run tests (dg-do run): those of the compiler (g++.dg and g++.old-deja) or of libstdc++, each by clang
to bitcode, then by LLVM -O0 and by Kiln, linked, run. A test counts if LLVM's program passes; what Kiln refuses is
counted by message, as torture.py does for C. Each test is run with one -std: what it asks for, or else one that its
folder or its dg-do allows.

    cxx.py --kiln=build/kiln --source=DIR [--suite=libstdc++] [--target=T] [--level=O0] [--every=N] [--first=K] [NAME...]

A NAME is a path below DIR without its suffix, or a folder, or a part of either.
"""
import glob
import os
import re

import torture
from torture import harness

RUN = re.compile(r'dg-do\s+run\b([^\n]*)')
OPTIONS = re.compile(r'dg-(?:additional-)?options\s+"([^"]*)"\s*(\{[^\n]*target[^\n]*)?')
SOURCES = re.compile(r'dg-additional-sources\s+"([^"]*)"')
SELECTED = re.compile(r'c\+\+([0-9][0-9a-z])(_only|_down)?')
# What changes what the program means; -std stands for itself.
MEANING = re.compile(
    r'^(-D\S+|-U\S+|-I\S+|-include|-f(no-)?(exceptions|rtti|non-call-exceptions|wrapv|trapv|short-enums|short-wchar'
    r'|signed-char|unsigned-char|builtin\S*|strict-aliasing|check-new|permissive|char8_t|access-control|weak'
    r'|elide-constructors|enforce-eh-specs|threadsafe-statics|use-cxa-atexit|fast-math|rounding-math|ms-extensions'
    r'|instrument-functions|gnu-keywords|sized-deallocation|aligned-new\S*|asynchronous-unwind-tables'
    r'|delete-null-pointer-checks|inline|omit-frame-pointer)|-ffast-math|-fabi-version=\S+|-fvisibility=\S+|-f[pP]IC'
    r'|-fpermissive|-pthread|-ansi|-x|c)$')
# Tests that pass or fail by where a compiler keeps things in its frames.
CHANCE = {'g++.old-deja/g++.eh/unwind1': 'it compares the addresses of two alloca(0)',
          'g++.dg/eh/async-unwind1': 'it is for i386, and compares the addresses of parameters of two functions'}
# The folders of libstdc++'s tests, and what its own harness gives to each of them.
LIBRARY = ('18_support', '20_util', '21_strings', '23_containers', '25_algorithms', '30_threads')
LIBRARY_FLAGS = ('-D_GLIBCXX_ASSERT', '-D_GNU_SOURCE')
SUPPORT = ('testsuite_hooks', 'testsuite_allocator', 'testsuite_character')
NEWER = {'0x': '11', '1y': '14', '1z': '17', '2a': '20', '2b': '23'}
FOLDERS = (('coroutines', '20'), ('cpp23', '23'), ('cpp2a', '20'), ('concepts', '20'), ('modules', '20'))


def standard(path, selector):
    """The -std of a test that names none."""
    for folder, std in FOLDERS:
        if folder in path: return std
    m = SELECTED.search(selector)
    default = '98' if 'old-deja' in path else '17'
    if m is None: return default
    std = NEWER.get(m.group(1), m.group(1))
    if m.group(2) or std == '98' or default == '98': return std
    return max(std, default)


def options_of(path, text, selector, machine):
    words = []
    for options, target in OPTIONS.findall(text):
        if target and machine not in target and not re.search(r'target\s*\{*\s*(\*-\*-\*|lp64|native|c\+\+)', target):
            continue
        words += options.split()
    flags = []
    for i, w in enumerate(words):
        if w.startswith('-std='): flags.append(w)
        elif w == 'c' and (i == 0 or words[i - 1] != '-x'): continue
        elif i > 0 and words[i - 1] == '-include': flags.append(w)
        elif MEANING.match(w): flags.append(w)
    if not any(f.startswith('-std=') or f == '-ansi' for f in flags):
        flags.insert(0, '-std=gnu++' + standard(path, selector))
    libs = [w for w in words if w.startswith('-l')]
    return flags, libs


def leading_includes(text):
    """The headers that a test includes before anything else, of which a precompiled one can be made."""
    lines = []
    for line in re.sub(r'//[^\n]*|/\*.*?\*/', '', text, flags=re.S).split('\n'):
        if re.match(r'\s*#\s*include\s*<[\w./]+>\s*$', line): lines.append(''.join(line.split()))
        elif line.strip(): break
    return tuple(lines)


def found(args):
    """The tests of the suite: (name, path, text, what stands after dg-do run)."""
    roots = [os.path.join(args.source, 'g++.*')]
    if args.suite == 'libstdc++': roots = [os.path.join(args.source, 'libstdc++', f) for f in LIBRARY]
    paths = [p for r in roots for p in glob.glob(os.path.join(r, '**', '*.[Cc]*'), recursive=True)]
    for path in sorted(paths):
        if not path.endswith(('.C', '.cc', '.cpp')): continue
        with open(path, errors='replace') as f: text = f.read()
        name = os.path.relpath(path, args.source)
        run = RUN.search(text)
        if run and (not args.names or any(n in name for n in args.names)):
            yield name.rpartition('.')[0], path, text, run.group(1)


def library(tests, args):
    """What all tests of libstdc++ are compiled with, and linked with: its own helpers, which clang compiles."""
    h = tests.h
    util = os.path.join(args.source, 'libstdc++', 'util')
    objects = [h.clang_object(os.path.join(util, s + '.cc'), h.path(s + '.support'), ('-O1', '-std=gnu++17', '-I' + util))
               for s in SUPPORT]
    return ['-I' + util, *LIBRARY_FLAGS], objects


def main():
    parser = torture.arguments(__doc__.splitlines()[0], '.C', 'folder of g++.dg, g++.old-deja and libstdc++')
    parser.add_argument('--suite', choices=('g++', 'libstdc++'), default='g++')
    args = parser.parse_args()
    tests = torture.Tests(args)
    tests.linker = args.gcc.removesuffix('gcc') + 'g++'
    common, objects = library(tests, args) if args.suite == 'libstdc++' else ([], [])
    files = list(found(args))[args.first:args.until:args.every]

    def options(test):
        _, path, text, selector = test
        flags, libs = options_of(path, text, selector, args.target)
        return (*torture.level_flags(args.level), *common, *flags), libs
    precompiled = torture.Precompiled(tests.h, 'c++', [(leading_includes(t[2]), options(t)[0]) for t in files])

    def check(test):
        name, path, text, selector = test
        if name in CHANCE:
            tests.h.skip(name, CHANCE[name])
            return
        if 'dg-shouldfail' in text:
            tests.h.skip(name, 'its error is found by a sanitizer, which it is compiled without')
            return
        flags, libs = options(test)
        header = [] if SOURCES.search(text) else precompiled.flags(leading_includes(text), flags)
        more = [os.path.join(os.path.dirname(path), s) for s in ' '.join(SOURCES.findall(text)).split()]
        if 'dg-add-options libatomic' in text: libs.append('-latomic')
        tests.check(name, [path, *more], [*header, '-I' + os.path.dirname(path), *flags],
                    (*objects, '-lm', '-pthread', *libs))
    tests.h.each(check, files)
    tests.finish(len(files))


if __name__ == '__main__':
    main()
