#!/usr/bin/env python3
"""How deep recursion goes in 7 MB of stack: LLVM -O0, Kiln -O0, Kiln with inlining, and the last two's ratio.

    depth.py BUILD

A line for each shape of bench/depth; the aim is a ratio of at least 0.9. The figures don't depend on the machine's load.
"""
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'depth')


def depths(command, source, work, **env):
    exe = os.path.join(work, 'shapes')
    subprocess.run([*command, os.path.join(HERE, source), '-o', exe], check=True, env={**os.environ, **env})
    out = subprocess.run([exe], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: int(n) for name, n in map(str.split, out.splitlines())}


def main():
    build = os.path.abspath(sys.argv[1])
    kiln, rust = os.path.join(build, 'kiln'), ['rustc', '--edition=2021', '-Awarnings']
    by_kiln = [os.path.join(build, 'kiln-rustc'), *rust]
    ways = [('C', 'shapes.c', ['clang-22', '-O0'], [kiln, 'cc', '-O0'], [kiln, 'cc', '-Og'], {}),
            ('C++', 'shapes.cpp', ['clang++-22', '-O0'], [kiln, 'c++', '-O0'], [kiln, 'c++', '-Og'], {}),
            ('Rust', 'shapes.rs', rust, by_kiln, by_kiln, {'KILN_INLINE': 'small'})]
    ratios = []
    with tempfile.TemporaryDirectory() as work:
        for language, source, llvm, plain, inlined, env in ways:
            found = [depths(llvm, source, work), depths(plain, source, work), depths(inlined, source, work, **env)]
            for name in found[0]:
                a, b, c = (f[name] for f in found)
                ratios.append(c / b)
                print('%-5s %-11s LLVM %7d  Kiln %7d  inlined %7d  ratio %.2f' % (language, name, a, b, c, c / b))
    print('%d shapes, %d with a ratio of 0.9 or more; least %.2f, geometric mean %.2f' % (
        len(ratios), sum(r >= 0.9 for r in ratios), min(ratios),
        math.exp(sum(map(math.log, ratios)) / len(ratios))))


if __name__ == '__main__':
    main()
