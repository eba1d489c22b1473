#!/usr/bin/env python3
"""Tools around compilers, with Kiln as they are with LLVM: cargo-nextest, cargo-llvm-cov, cargo-tarpaulin by both of its
engines, sccache, CMake, Debian's and the newest of PyPI, and ccache, sccache, distcc and icecc with make (servers.sh). A row
is a use of a tool: what it says without Kiln, and whether it says the same with Kiln. Rows of cargo run both ways into rustc:
the shim, and the code generator that `kiln cargo --setup` makes. All units are Kiln's unless the row says otherwise.

    builds.py --kiln=build/kiln [--toolchain=NAME] [--tools=FOLDER] [ROW...]

ROW: the first words of the rows that are run; all by default. The tools are installed into the folder by cargo and pip.
--toolchain: of rustup's; the default is the first of integrations/rustc/rust-toolchains. The workspace is that of `./dev rust`.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402
WORKSPACE = os.path.join(ROOT, 'tests/campaigns/rust/workspace')
PROJECT = os.path.join(HERE, 'project')
CARGO_TOOLS = 'cargo-nextest', 'cargo-llvm-cov', 'cargo-tarpaulin'


def capture(words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', stdin=subprocess.DEVNULL,
                          **more)
    return done.returncode, re.sub(r'\x1b\[[0-9;]*m', '', done.stdout)


class Place:
    """A folder with a copy of the workspace, the environment in which its commands run, and Kiln's log."""

    def __init__(self, args, work, name, **env):
        self.args, self.folder, self.log = args, os.path.join(work, name), os.path.join(work, name + '.log')
        shutil.copytree(WORKSPACE, self.folder)
        self.env = dict(args.env, CARGO_TARGET_DIR=os.path.join(self.folder, 'target'), KILN_LOG=self.log, **env)

    def units(self):
        """Units by Kiln and by LLVM since the last call."""
        if not os.path.exists(self.log): return 0, 0
        with open(self.log) as f: lines = f.read()
        os.unlink(self.log)
        return len(re.findall(r' functions, ', lines)), len(re.findall(r': compiled by LLVM: ', lines))

    def run(self, cargo, words):
        return capture([*cargo, *words], cwd=self.folder, env=self.env)


# ---- cargo's subcommands ----

def nextest(text): return sorted(re.findall(r'^ *(PASS|FAIL|SKIP) +\[.*?\] (?:\([ \d/]+\) )?(.*)', text, re.M))


def llvm_cov(text): return sorted(re.findall(r'^(\S+\.rs .*|TOTAL .*)', text, re.M))


def tarpaulin(text): return sorted(re.findall(r'^\|\| (\S+\.rs: .*|Uncovered.*)|^([\d.]+% coverage.*)', text, re.M))


# Name, words for cargo, what of the output counts.
SUBCOMMANDS = [
    ('nextest run', ['nextest', 'run', '--workspace', '--no-fail-fast'], nextest),
    ('nextest run --cargo-profile test', ['nextest', 'run', '--workspace', '--cargo-profile', 'test'], nextest),
    ('llvm-cov', ['llvm-cov', '--workspace', '--summary-only'], llvm_cov),
    ('llvm-cov nextest', ['llvm-cov', 'nextest', '--workspace', '--summary-only'], llvm_cov),
    ('tarpaulin --engine llvm', ['tarpaulin', '--workspace', '--engine', 'llvm', '--skip-clean'], tarpaulin),
    ('tarpaulin --engine ptrace', ['tarpaulin', '--workspace', '--engine', 'ptrace', '--skip-clean'], tarpaulin),
]


def ways(args):
    found = [('shim', [args.kiln, 'cargo', '--no-bootstrap'])]
    if args.backend: found.append(('code generator', [args.kiln, 'cargo']))
    return found


def subcommand(args, work, words, counts):
    """Yields way, expected, seen, fine."""
    place = Place(args, work, 'llvm')
    status, text = place.run(['cargo'], words)
    want = status, counts(text)
    assert want[1], 'nothing to compare in: ' + text[-2000:]
    for name, cargo in ways(args):
        place = Place(args, work, name)
        # The tools say folders' names.
        status, text = place.run(cargo, words)
        got = status, counts(text)
        by_kiln, by_llvm = place.units()
        fine = got == want and by_kiln > 0 and by_llvm == 0
        seen = 'status %d, %d lines; %d units by Kiln, %d by LLVM' % (got[0], len(got[1]), by_kiln, by_llvm)
        if got != want: seen += ''.join('\n    LLVM %s\n    Kiln %s' % (w, g) for w, g in zip(want[1], got[1]) if w != g) or '\n' + text[-1500:]
        yield name, 'status %d, %d lines' % (want[0], len(want[1])), seen, fine


# ---- sccache ----

def counted(text, what):
    return int((re.findall(r'^%s +(\d+)' % what, text, re.M) or ['0'])[0])


def sccache(args, work):
    """Builds in new folders of one name, by one cache: which of them compile."""
    env = dict(args.env, SCCACHE_DIR=os.path.join(work, 'cache'), SCCACHE_SERVER_PORT=str(20000 + os.getpid() % 20000), RUSTC_WRAPPER='sccache',
               CARGO_INCREMENTAL='0', SCCACHE_IDLE_TIMEOUT='120')
    folder = os.path.join(work, 'sccache')
    shutil.copytree(WORKSPACE, folder)

    def build(cargo, **more):
        capture(['sccache', '--zero-stats'], env=env)
        shutil.rmtree(os.path.join(folder, 'target'), ignore_errors=True)
        status, text = capture([*cargo, 'build', '--workspace', '--lib', '--offline'], cwd=folder, env=dict(env, **more))
        said = capture(['sccache', '--show-stats'], env=env)[1]
        return status, counted(said, 'Cache hits'), counted(said, 'Cache misses'), text

    capture(['sccache', '--start-server'], env=env)
    try:
        for name, cargo in ways(args):
            inline = [*cargo, '--inline'] if name == 'shim' else None
            steps = [('cargo', ['cargo'], {}, 'misses or hits'), ('Kiln', cargo, {}, 'misses'), ('Kiln again', cargo, {}, 'hits'),
                     ('cargo again', ['cargo'], {}, 'hits')]
            if inline:
                steps += [('--inline', inline, {}, 'misses'), ('--inline again', inline, {}, 'hits'),
                          ('KILN_OPT_LEVEL=1', cargo, {'KILN_OPT_LEVEL': '1'}, 'misses'), ('Kiln, back', cargo, {}, 'hits')]
            for step, words, more, want in steps:
                status, hits, misses, text = build(words, **more)
                fine = status == 0 and {'hits': hits > 0 and misses == 0, 'misses': misses > 0 and hits == 0}.get(want, hits + misses > 0)
                yield '%s: %s' % (name, step), 'all ' + want, '%d hits, %d misses' % (hits, misses) + ('' if status == 0 else '\n' + text[-1500:]), fine
    finally:
        capture(['sccache', '--stop-server'], env=env)


# ---- ccache, sccache, distcc, icecc with C and C++ ----

LAUNCHERS = 'ccache', 'sccache', 'distcc', 'icecc'


def launcher(args, work, tool):
    """The commands of docs/debug-builds.md with the tool's own servers, each in namespaces of its own."""
    if os.geteuid() != 0:
        yield tool, 'a user that may make namespaces', 'skipped', True
        return
    status, text = capture(['unshare', '--mount', '--net', 'bash', os.path.join(HERE, 'servers.sh'), tool, args.kiln, work])
    found = re.findall(r'^row\t(.*)\t(.*)\t(.*)$', text, re.M)
    for name, want, seen in found: yield name, want, seen, want == seen
    if status or not found: yield 'all', 'status 0, and rows', 'status %d: %s' % (status, text[-1500:]), False


# ---- CMake ----

# Name, options of CMake, the least version that has it.
CMAKE_ROWS = [
    ('plain', [], (3, 13)), ('static library with IPO', ['-DP_IPO=ON'], (3, 13)), ('assembler', ['-DP_ASM=ON'], (3, 13)),
    ('precompiled header', ['-DP_PCH=ON'], (3, 16)), ('unity build', ['-DCMAKE_UNITY_BUILD=ON'], (3, 16)),
    ('try_compile', ['-DP_TRY=ON'], (3, 13)), ('modules', ['-DP_MODULES=ON'], (3, 28)),
    ('all but modules, Release', ['-DP_IPO=ON', '-DP_ASM=ON', '-DP_PCH=ON', '-DP_TRY=ON', '-DCMAKE_BUILD_TYPE=Release'], (3, 16)),
    ('shared library, Debug', ['-DBUILD_SHARED_LIBS=ON', '-DCMAKE_BUILD_TYPE=Debug'], (3, 13)),
]


def cmake(args, work, program):
    version = tuple(int(n) for n in re.search(r'version (\d+)\.(\d+)', capture([program, '--version'])[1]).groups())
    bin_folder = os.path.join(work, 'bin')
    os.makedirs(bin_folder)
    for name in 'kiln-cc', 'kiln-c++', 'kiln-llvm-ar', 'kiln-llvm-ranlib', 'kiln-clang-scan-deps':
        os.symlink(args.kiln, os.path.join(bin_folder, name))
    compilers = {'clang': ['-DCMAKE_C_COMPILER=clang-22', '-DCMAKE_CXX_COMPILER=clang++-22'],
                 'kiln': ['-DCMAKE_C_COMPILER=kiln-cc', '-DCMAKE_CXX_COMPILER=kiln-c++']}
    env = dict(os.environ, PATH=bin_folder + os.pathsep + os.environ['PATH'])
    for name, options, least in CMAKE_ROWS:
        if version < least:
            yield name, 'needs CMake %d.%d' % least, 'skipped', True
            continue
        said = {}
        for who, words in compilers.items():
            folder = os.path.join(work, re.sub(r'\W', '_', name) + who)
            status, text = capture([program, '-G', 'Ninja', '-S', PROJECT, '-B', folder, *words, *options], env=env)
            if status == 0: status, text = capture([program, '--build', folder], env=env)
            if status == 0: status, text = capture([os.path.join(folder, 'program')], env=env)
            said[who] = status, text[-1500:]
        yield name, 'status %d, %s' % (said['clang'][0], said['clang'][1].strip()), 'status %d, %s' % (said['kiln'][0], said['kiln'][1].strip()), (
            said['clang'] == said['kiln'] and said['kiln'][0] == 0)


# ---- all ----

def install(args):
    """The tools that are not there yet, and the toolchain with what llvm-cov needs."""
    if not args.toolchain: args.toolchain = harness.rust_toolchains()[0]
    subprocess.run(['rustup', 'toolchain', 'install', '--profile', 'minimal', '--no-self-update', '-c', 'llvm-tools', args.toolchain],
                   check=True, stdout=subprocess.DEVNULL)
    os.makedirs(args.tools, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(('RUSTC', 'KILN'))}
    for name in CARGO_TOOLS:
        if not os.path.exists(os.path.join(args.tools, 'bin', name)):
            subprocess.run(['cargo', '+' + args.toolchain, 'install', '--quiet', '--locked', '--debug', '--root', args.tools, name], env=env, check=True)
    venv = os.path.join(args.tools, 'python')
    if not os.path.exists(os.path.join(venv, 'bin/cmake')):
        subprocess.run([sys.executable, '-m', 'venv', venv], check=True)
        subprocess.run([os.path.join(venv, 'bin/pip'), 'install', '--quiet', 'cmake'], check=True)
    args.env = {name: value for name, value in env.items() if not name.startswith('CARGO_')}
    args.env.update(RUSTUP_TOOLCHAIN=args.toolchain, PATH=os.path.join(args.tools, 'bin') + os.pathsep + os.environ['PATH'])
    args.backend, text = harness.code_generator(args.kiln, args.env)
    if not args.backend: print("only the shim: the toolchain has no code generator of Kiln's: " + text[-300:])


def launchers_only(args):
    """True if no row is run that needs cargo's tools or CMake's versions."""
    others = [name for name, *_ in SUBCOMMANDS] + ['sccache, cargo', 'CMake ']
    return bool(args.rows) and not any(name.startswith(row) or row.startswith(name) for name in others for row in args.rows)


def rows(args):
    for name, words, counts in SUBCOMMANDS:
        yield name, lambda work, words=words, counts=counts: subcommand(args, work, words, counts)
    yield 'sccache, cargo', lambda work: sccache(args, work)
    for tool in LAUNCHERS: yield tool + ', make', lambda work, tool=tool: launcher(args, work, tool)
    if launchers_only(args): return
    for program in 'cmake', os.path.join(args.tools, 'python/bin/cmake'):
        version = re.search(r'version (\S+)', capture([program, '--version'])[1])[1]
        yield 'CMake ' + version, lambda work, program=program: cmake(args, work, program)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain')
    p.add_argument('--tools', default=os.path.join(ROOT, 'build/cache/builds'))
    p.add_argument('rows', nargs='*', metavar='ROW')
    args = p.parse_args()
    args.kiln, args.tools = os.path.abspath(args.kiln), os.path.abspath(args.tools)
    if not launchers_only(args): install(args)
    ran = differ = 0
    for name, run in rows(args):
        if args.rows and not any(name.startswith(row) for row in args.rows): continue
        with tempfile.TemporaryDirectory(prefix='kiln-builds-') as work:
            for way, want, seen, fine in run(work):
                print('%s | %s | expected: %s | seen: %s%s' % (name, way, want, seen, '' if fine else ' | DIFFERS'))
                sys.stdout.flush()
                ran, differ = ran + 1, differ + (not fine)
    print('%d rows, %d differ' % (ran, differ))
    return 1 if differ or not ran else 0


if __name__ == '__main__':
    sys.exit(main())
