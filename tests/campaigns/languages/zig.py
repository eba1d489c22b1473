"""Zig: the tests of its standard library, by `zig test -fllvm` with Zig's own LLVM, and by Kiln from the bitcode that
Zig writes. Zig is PyPI's package, in an environment in build/zig: PyPI is needed once. With libc and without, for the
baseline processor and for this one, which Zig takes by default; for x86_64_v4, whose 512-bit vectors not every machine
runs, the tests are compiled, and run where the processor has them."""
import glob
import os
import re
import subprocess
import sys

from languages import Case

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../..'))
ZIG = 'ziglang==0.17.1'
GROUPS = 4
# Targets; what is linked with -lc has none of its own.
WAYS = {'libc': ['-lc', '-mcpu=baseline'], 'no libc': ['-target', 'x86_64-linux-none', '-mcpu=baseline'],
        'native libc': ['-lc'], 'native no libc': ['-target', 'native-linux-none'], 'x86_64_v4': ['-lc', '-mcpu=x86_64_v4']}
V4 = {'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'}
TEST = re.compile(r'^ *test (?:"|\w+ \{|\{)', re.M)
# The package has this file without what the tests of cryptography call.
MISSING = re.compile(r'@import\("(?:\.\./)?test\.zig"\)')


def installed():
    """The folder of the package."""
    environment = os.path.join(ROOT, 'build/zig')
    python = os.path.join(environment, 'bin/python')
    found = glob.glob(os.path.join(environment, 'lib/python3*/site-packages/ziglang'))
    if not found:
        subprocess.run([sys.executable, '-m', 'venv', environment], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', ZIG], check=True)
        found = glob.glob(os.path.join(environment, 'lib/python3*/site-packages/ziglang'))
    return found[0]


def has_its_files(path, text):
    """The package lacks data that some tests embed."""
    return all(os.path.exists(os.path.join(os.path.dirname(path), name)) for name in re.findall(r'@embedFile\("([^"]+)"\)', text))


def files(std):
    """The files with tests that can be compiled, by the names that their tests begin with. Those are looked for anywhere
    in a test's name, so that `compress` would take `flate.Decompress`, too, which has no data."""
    out, without = [], []
    for path in sorted(glob.glob(os.path.join(std, '**/*.zig'), recursive=True)):
        with open(path) as f:
            text = f.read()
        if TEST.search(text):
            able = has_its_files(path, text) and not MISSING.search(text)
            (out if able else without).append(os.path.relpath(path, std)[:-len('.zig')].replace('/', '.'))
    return [name for name in out if not any(other.endswith(name) for other in without)]


def runs_v4():
    with open('/proc/cpuinfo') as f:
        return V4 <= set(re.search(r'^flags\s*:(.*)', f.read(), re.M)[1].split())


def case(zig, group, names, way):
    lib = os.path.join(zig, 'lib')
    options, program = WAYS[way], [os.path.join(zig, 'zig')]
    environment = ['env', 'ZIG_GLOBAL_CACHE_DIR=' + os.path.join(ROOT, 'build/zig/cache'), 'ZIG_LOCAL_CACHE_DIR=cache']
    test = environment + program + ['test', lib + '/std/std.zig', '--zig-lib-dir', lib, '-fllvm', '--test-no-exec'] + options
    for name in names:
        test += ['--test-filter', name + '.test', '--test-filter', name + '.decltest']
    # A file that LLVM has made code from has LLVM's own changes, too: so bitcode and code are of two runs.
    to_bitcode = test + ['-fno-emit-bin', '-femit-llvm-bc=tests.bc']
    link = environment + program + ['build-exe', 'tests.o'] + [o for o in options if not o.startswith('-mcpu')] + ['-femit-bin=tests']
    compiles = [['kiln', 'cc', '-c', 'tests.bc', '-o', 'tests.o']]
    if way == 'x86_64_v4' and not runs_v4():
        return Case('%s %d, not run' % (way, group), None, [test + ['-fno-emit-bin', '-femit-asm=tests.s']], [['test', '-s', 'tests.s']],
                    by_kiln=[to_bitcode] + compiles + [['mv', 'tests.o', 'tests.s']])
    return Case('%s %d' % (way, group), None, [test + ['-femit-bin=tests']], [['./tests']], by_kiln=[to_bitcode] + compiles + [link])


def cases(*_):
    zig = installed()
    names = files(os.path.join(zig, 'lib/std'))
    return [case(zig, g + 1, names[g::GROUPS], way) for way in WAYS for g in range(GROUPS)]
