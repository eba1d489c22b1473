"""Mojo: programs by `mojo build -O0`, and by Kiln from the bitcode that Mojo writes, linked with Mojo's runtime library,
for this processor, which Mojo takes by default, and for x86-64-v3.
Mojo is PyPI's package, in an environment in build/mojo: PyPI is needed once."""
import glob
import os
import subprocess
import sys

from languages import Case

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.realpath(os.path.join(HERE, '../../../build/mojo'))
MOJO = 'mojo-compiler==1.2.0'


def installed():
    """The program and the folder of its libraries."""
    if not os.path.exists(ENVIRONMENT + '/bin/mojo'):
        subprocess.run([sys.executable, '-m', 'venv', ENVIRONMENT], check=True)
        subprocess.run([ENVIRONMENT + '/bin/python', '-m', 'pip', 'install', '-q', '--disable-pip-version-check', MOJO], check=True)
    return ENVIRONMENT + '/bin/mojo', glob.glob(ENVIRONMENT + '/lib/python3*/site-packages/modular/lib')[0]


def cases(*_):
    mojo, lib = installed()
    link = ['cc', 'program.o', '-o', 'program', '-L' + lib, '-Wl,-rpath,' + lib, '-lKGENCompilerRTShared', '-lm']
    found = []
    for path in sorted(glob.glob(HERE + '/mojo/*.mojo')):
        for way, options in ('native', []), ('x86-64-v3', ['--target-cpu', 'x86-64-v3']):
            build = [mojo, 'build', '-O0', *options]
            found.append(Case(os.path.basename(path) + ' ' + way, None, [build + [path, '-o', 'program']], [['./program']],
                              by_kiln=[build + ['--emit', 'llvm-bitcode', path, '-o', 'program.bc'],
                                       ['kiln', 'cc', '-c', 'program.bc', '-o', 'program.o'], link]))
    return found
