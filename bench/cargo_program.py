"""A program of one file as a package of cargo's, which benches build by the commands that a user gives, in the profile `dev`
as cargo has it."""
import os
import shutil

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
