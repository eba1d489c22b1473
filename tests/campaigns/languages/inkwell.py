"""Inkwell: programs that compile by LLVM-C's MCJIT (`create_jit_execution_engine`): two examples that the crate has, and
one with memory, calls of the program and several modules. They are built in build/inkwell: crates.io is needed once."""
import json
import os
import shutil
import subprocess

from languages import Case

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'inkwell')
WORK = os.path.realpath(os.path.join(HERE, '../../../../build/inkwell'))
LLVM = '/usr/lib/llvm-22'


def build():
    """The folder of the programs."""
    env = {**os.environ, 'LLVM_SYS_221_PREFIX': LLVM, 'CARGO_TARGET_DIR': WORK + '/target'}
    shutil.copytree(HERE, WORK, dirs_exist_ok=True)
    # Cargo wants the sources of programs before it has fetched the crate that they are in.
    examples = WORK + '/examples'
    if not os.path.lexists(examples):
        os.makedirs(WORK + '/fetched/src', exist_ok=True)
        open(WORK + '/fetched/src/lib.rs', 'w').close()
        with open(WORK + '/Cargo.toml') as f, open(WORK + '/fetched/Cargo.toml', 'w') as to:
            to.write(f.read().split('[[bin]]')[0])
        found = subprocess.run(['cargo', 'metadata', '--format-version=1'], cwd=WORK + '/fetched', check=True, stdout=subprocess.PIPE)
        crate = next(p for p in json.loads(found.stdout)['packages'] if p['name'] == 'inkwell')
        os.symlink(os.path.join(os.path.dirname(crate['manifest_path']), 'examples'), examples)
    subprocess.run(['cargo', 'build', '-q'], cwd=WORK, env=env, check=True)
    return WORK + '/target/debug'


def cases(*_):
    programs = build()
    return [Case(name, None, [['sh', '-c', f'exec {programs}/{name} < {HERE}/session.txt']]) for name in ('jit', 'kaleidoscope', 'library')]
