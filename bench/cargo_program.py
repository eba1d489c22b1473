"""A program of one file as a package of cargo's, which benches build by the commands that a user gives, in the profile `dev`
as cargo has it, or as one unit of rustc's."""
import os
import re
import shlex
import shutil

from run_programs import Failure, call

# Ways to build Rust that pages name: the words in front of `build`, and the variables.
ONE_UNIT = {'CARGO_PROFILE_DEV_CODEGEN_UNITS': '1'}
CRANELIFT = {'CARGO_UNSTABLE_CODEGEN_BACKEND': 'true', 'CARGO_PROFILE_DEV_CODEGEN_BACKEND': 'cranelift'}


def package(source, folder):
    """Makes the package in the folder; the program's name is the file's."""
    name = os.path.splitext(os.path.basename(source))[0]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, 'src'))
    shutil.copy(source, os.path.join(folder, 'src', 'main.rs'))
    with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
        f.write('[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n' % name)
    return name


def build(folder, name, way, cargo, env):
    """The command that builds the package in a folder of its own, its environment, and the program that it makes."""
    target = os.path.join(folder, 'target-' + way)
    words = [*cargo, 'build', '--quiet', '--offline', '--manifest-path', os.path.join(folder, 'Cargo.toml')]
    return words, dict(os.environ, CARGO_TARGET_DIR=target, **env), os.path.join(target, 'debug', name)


def unit(source, folder, flags):
    """Makes unit.bc and llvm.o in the folder. Returns what links an object into a program: rustc's own command, where
    another object takes the place of rustc's; besides it, that has a unit with the allocator, and the standard library."""
    said = call(['rustc', '--edition=2024', '--crate-name=unit', '-Ccodegen-units=1', *flags, '--emit=llvm-bc,link', '-Csave-temps',
                 '--print=link-args', source], cwd=folder)
    command = next((line for line in said.splitlines() if '.rcgu.o"' in line), '')
    made = re.search(r'"(unit\.[^" ]*cgu\.0\.rcgu\.o)"', command)
    if not made or '"-o" "unit"' not in command:
        raise Failure(f"rustc's command for the linker is not understood: {said[-500:]}")
    os.rename(os.path.join(folder, made[1]), os.path.join(folder, 'llvm.o'))
    return lambda unit_object, program: call(command.replace(made[0], shlex.quote(unit_object))
                                             .replace('"-o" "unit"', '-o ' + shlex.quote(program)), shell=True, cwd=folder)
