#!/usr/bin/env python3
"""Large bitcode and text through `kiln` on a small stack: generated assembly of several shapes
(bench/growth.py), assembled by LLVM, compiled, printed, and what was printed verified and compiled.
The objects are the same either way.

large.py --kiln=KILN [--tap]"""
import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../bench'))
sys.dont_write_bytecode = True
import growth  # noqa: E402

SIZE = 20000  # instructions
# Where each costs ten times as much, and stacks are large anyway; `--whole` has more of them.
SANITIZED_SIZE = 3000 if os.environ.get('KILN_TEST_WHOLE') == '1' else 1000
STACK_BYTES = 128 << 10


def small_stack():
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, STACK_BYTES))


def kiln(arguments, stack=True):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={},
                          preexec_fn=small_stack if stack else None)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments[1:3])}: exit code {done.returncode}\n"
                           + done.stdout.decode(errors='replace')[-2000:])


def check(tool, shape, target, folder, stack):
    size = SIZE if stack else SANITIZED_SIZE
    base = f'{folder}/{shape}.{target}'
    source = '\n'.join([f'target triple = "{growth.TRIPLES[target]}"'] + growth.LL[shape](size)) + '\n'
    assembler = shutil.which('llvm-as-22') or shutil.which('llvm-as')
    subprocess.run([assembler, '-o', base + '.bc', '-'], input=source, text=True, check=True)
    kiln([tool, 'compile', base + '.bc', '-o', base + '.o'], stack)
    kiln([tool, 'print', base + '.bc', '-o', base + '.kir'], stack)
    kiln([tool, 'verify', base + '.kir'], stack)
    kiln([tool, 'compile', f'--target={target}', base + '.kir', '-o', base + '.again.o'], stack)
    if os.path.getsize(base + '.o') < size:
        raise RuntimeError('the object is too small')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--kiln', required=True)
    parser.add_argument('--large-stack', action='store_true', help='of sanitizers')
    parser.add_argument('--tap', action='store_true')
    options = parser.parse_args()
    cases = [(shape, target) for shape in growth.LL for target in growth.TARGETS]
    print(f'1..{len(cases)}')
    if not (shutil.which('llvm-as-22') or shutil.which('llvm-as')):
        for i, (shape, target) in enumerate(cases):
            print(f'ok {i + 1} - {shape} {target} # SKIP there is no llvm-as')
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for i, (shape, target) in enumerate(cases):
            try:
                check(options.kiln, shape, target, folder, not options.large_stack)
                print(f'ok {i + 1} - {shape} {target}')
            except (RuntimeError, subprocess.CalledProcessError) as error:
                failed = 1
                print(f'not ok {i + 1} - {shape} {target}')
                print('\n'.join('# ' + line for line in str(error).splitlines()))
    return failed


if __name__ == '__main__':
    sys.exit(main())
