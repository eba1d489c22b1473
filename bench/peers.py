#!/usr/bin/env python3
"""Kiln beside QBE, MIR, Cranelift, libgccjit and LLVM, on the same programs (x86-64).

peers.py BUILD [--qbe=FOLDER] [--mir=FOLDER] [--tpde=FOLDER] [--runs=N] [--json]

FOLDERs have the sources of QBE, MIR and TPDE, which no registry has; without one, the peer is skipped. Cranelift's
crates come from crates.io (bench/peers/cranelift/Cargo.lock). bench/peers/programs.py makes the programs and prints
them in each peer's language; libgccjit has none, and gets a C program of its calls, compiled before. The programs are
a function of 100 instructions, 1,000 such functions, a hundred of which are called, and five kernels. Each prints 8
bytes, which are the same for all peers, or this fails.

Time to the first result: a whole process, from its start to its end; for peers that make objects or assembly also `as`
and `ld`, and the program. Compile time of a function: what 1,000 functions take more than one does, by their number.
It includes reading text or bitcode, the assembler and the linker; for peers that need these, what the compiler alone
takes stands beside. Speed: LLVM's time by the peer's, each without what the same program takes that does the kernel's
work once; the geometric mean of the kernels. Figures are medians of N runs (default 7), in which the peers take turns;
the spread is the half of the distance between the quartiles, in percent of the median. Size: the library, and what it
loads or starts beyond libc, all stripped. A run takes some six minutes.
"""
import argparse
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, 'peers')]
import figures  # noqa: E402
import programs  # noqa: E402

COUNT = 1000
GCC = 'x86_64-linux-gnu'
OF_LIBC = re.compile(r'/(ld-linux|lib(c|m|dl|rt|pthread))[-.]')


def text(*command, cwd=None):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=cwd).stdout.strip()


class Peer:
    """A name, a version, the files to ship, the ending of its language, and commands that compile and run a program,
    where PATH is its file without the ending. `prepare` makes what a front end would have in memory or on disk."""

    def __init__(self, name, version, ships, ending, *commands, prepare=None):
        self.name, self.version, self.ships, self.ending = name, version, ships, ending
        self.commands, self.prepare = commands, prepare

    def run(self, path):
        """Milliseconds of all commands, those of the first one, and what was printed."""
        start, first = time.perf_counter_ns(), 0
        for command in self.commands:
            printed = started([word.replace('PATH', path) for word in command])
            first = first or time.perf_counter_ns() - start
        return (time.perf_counter_ns() - start) / 1e6, first / 1e6, printed


def started(command):
    """What a command prints, started without what subprocess does before: that takes as long as Kiln."""
    ours, its = os.pipe()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, its, 1)])
    os.close(its)
    with open(ours, 'rb') as f:
        printed = f.read()
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit('peers.py: failed: ' + ' '.join(command))
    return printed


def link(out, *objects):
    """The command that cc would start to link, without the time that cc itself takes."""
    crt = [text('cc', f'-print-file-name={n}') for n in ('crt1.o', 'crti.o', 'crtn.o')]
    return ['ld', '-o', out, '-dynamic-linker', '/lib64/ld-linux-x86-64.so.2', *crt[:2], *objects, '-lc', crt[2], '-L',
            os.path.dirname(crt[0])]


def committed(folder):
    """The commit and its date; where the folder is no repository, its name and the date of its newest file."""
    if not os.path.isdir(os.path.join(folder, '.git')):
        newest = max(os.path.getmtime(f) for f in glob.glob(os.path.join(folder, '**/*.[ch]'), recursive=True))
        return os.path.basename(os.path.normpath(folder)) + time.strftime(', %Y-%m-%d', time.gmtime(newest))
    return text('git', 'log', '-1', '--format=%h, %cs', cwd=folder)


def qbe(work, folder):
    made = os.path.join(work, 'qbe')
    shutil.copytree(folder, made, dirs_exist_ok=True)
    with open(os.path.join(made, 'config.h'), 'w') as f:
        f.write('#define Deftgt T_amd64_sysv\n')
    program = os.path.join(work, 'qbe-program')
    sources = [s for pattern in ('*.c', 'amd64/*.c', 'arm64/*.c', 'rv64/*.c') for s in glob.glob(os.path.join(made,
                                                                                                              pattern))]
    text('cc', '-O2', '-w', '-o', program, *sources)
    return [Peer('QBE', committed(folder), [program, shutil.which('as'), shutil.which('ld')], 'ssa',
                 [program, '-o', 'PATH.s', 'PATH.ssa'],
                 ['as', '-o', 'PATH.q.o', 'PATH.s'], link('PATH.q', 'PATH.q.o'), ['PATH.q'])]


def mir(work, folder):
    program, library = os.path.join(work, 'mir'), os.path.join(work, 'libmir.so')
    sources = [os.path.join(folder, name) for name in ('mir.c', 'mir-gen.c')]
    flags = ['-std=gnu11', '-O3', '-DNDEBUG', '-fsigned-char', '-fno-tree-sra', '-fno-ipa-cp-clone', '-w', '-I',
             folder]  # as its GNUmakefile
    text('cc', *flags, '-fPIC', '-shared', '-o', library, *sources, '-lm')
    text('cc', *flags, '-o', program, os.path.join(HERE, 'peers/mir.c'), *sources, '-lm')
    return [Peer('MIR, level ' + level, committed(folder), [library], 'mir', [program, level, 'PATH.mir'])
            for level in '02']


def cranelift(work):
    folder, target = os.path.join(HERE, 'peers/cranelift'), os.path.join(work, 'cranelift')
    command = ['cargo', 'build', '-q', '--release', '--locked', '--target-dir', target,
               '--manifest-path', os.path.join(folder, 'Cargo.toml')]
    if not shutil.which('cargo') or subprocess.run(command).returncode:
        return []  # cargo said why: the crates need Rust 1.97
    program = os.path.join(target, 'release/kiln-peers-cranelift')
    with open(os.path.join(folder, 'Cargo.toml')) as f:
        version = re.search(r'cranelift-codegen = "=(.*)"', f.read())[1]
    return [Peer('Cranelift, ' + level, version, [program], 'clif', [program, level, 'PATH.clif'])
            for level in ('none', 'speed')]


def tpde(work, folder):
    """TPDE's back end for LLVM IR, without its log; `folder` has its submodules, too. Its build needs the C++ library's
    <format>, which GCC has since version 13; $CXXFLAGS may name another."""
    made = os.path.join(work, 'tpde')
    text('cmake', '-S', folder, '-B', made, '-DCMAKE_BUILD_TYPE=Release', '-DTPDE_INCLUDE_TESTS=OFF', '-DTPDE_LOGGING=OFF',
         '-DTPDE_ENABLE_LLVM_PLUGIN=OFF', '-DCMAKE_CXX_COMPILER=clang++-22', '-DCMAKE_C_COMPILER=clang-22',
         '-DLLVM_DIR=' + text('llvm-config-22', '--cmakedir'))
    text('cmake', '--build', made, '-j2', '--target', 'tpde-llc', 'tpde-lli')
    llc, lli = (os.path.join(made, 'tpde-llvm', name) for name in ('tpde-llc', 'tpde-lli'))
    return [Peer('TPDE: `tpde-llc`', committed(folder), [llc, shutil.which('ld')], 'll', [llc, '-o', 'PATH.tpde.o', 'PATH.bc'],
                 link('PATH.tpde', 'PATH.tpde.o'), ['PATH.tpde'], prepare=bitcode),
            Peer('TPDE: `tpde-lli`', committed(folder), [lli], 'll', [lli, 'PATH.bc'], prepare=bitcode)]


def bitcode(path):
    text('llvm-as-22', path + '.ll', '-o', path + '.bc')


def libgccjit(work):
    found = sorted(glob.glob(f'/usr/lib/gcc/{GCC}/*/include/libgccjit.h'))
    if not found:
        return []
    folder = os.path.dirname(os.path.dirname(found[-1]))

    def prepare(path):
        text('cc', '-O0', '-w', '-o', path + '.gccjit', path + '.c', '-I', os.path.join(HERE, 'peers'), '-I',
             os.path.join(folder, 'include'), '-L', folder, '-lgccjit')
    version = text('dpkg-query', '-W', '-f=${source:Upstream-Version}', 'libgccjit0')
    library = os.path.realpath(os.path.join(folder, 'libgccjit.so'))
    return [Peer('libgccjit, level 0', version, [library, shutil.which('as'), shutil.which('ld')], 'c', ['PATH.gccjit'],
                 prepare=prepare)]


def llvm_and_kiln(build):
    kiln, version = os.path.join(build, 'kiln'), text('llvm-config-22', '--version')
    so = glob.glob(os.path.join(text('llvm-config-22', '--libdir'), 'libLLVM.so*'))[-1]
    commit = text('git', 'log', '-1', '--format=%h, %cs', cwd=HERE)
    return [Peer('LLVM -O0: llc', version, [so, shutil.which('ld')], 'll', ['llc-22', '-O0', '-filetype=obj',
                                                                            '-relocation-model=pic', '-o', 'PATH.llc.o',
                                                                            'PATH.bc'],
                 link('PATH.llc', 'PATH.llc.o'), ['PATH.llc'], prepare=bitcode),
            Peer('LLVM -O0: MCJIT (`lli`)', version, [so], 'll', ['lli-22', '--jit-kind=mcjit', '-O0', 'PATH.bc'], prepare=bitcode),
            Peer('LLVM: ORC (`lli`, default level)', version, [so], 'll', ['lli-22', 'PATH.bc'], prepare=bitcode),
            Peer('Kiln, from text', commit, [os.path.join(build, n) for n in ('libkiln.so', 'libkiln-text.so')], 'kir',
                 [kiln, 'run', 'PATH.kir']),
            Peer('Kiln, from QBE IL', commit, [kiln, shutil.which('ld')], 'ssa',
                 [kiln, 'compile', '-o', 'PATH.kiln.o', 'PATH.ssa'], link('PATH.kiln', 'PATH.kiln.o'), ['PATH.kiln']),
            Peer('Kiln, from bitcode', commit, [kiln], 'll', [kiln, 'run', 'PATH.bc'], prepare=bitcode),
            Peer('Kiln, from bitcode, `--inline`', commit, [kiln], 'll', [kiln, 'run', '--inline', 'PATH.bc'],
                 prepare=bitcode)]


def size(work, ships):
    """Bytes of the files and of what they load beyond libc, stripped."""
    files = {os.path.realpath(f) for f in ships}
    for f in ships:
        loads = subprocess.run(['ldd', f], capture_output=True, text=True).stdout  # fails for a static program
        files |= {os.path.realpath(m) for m in re.findall(r'=> (/\S+)', loads) if not OF_LIBC.search(m)}
    total, copy = 0, os.path.join(work, 'stripped')
    for f in files:
        text('strip', '-o', copy, f)
        total += os.path.getsize(copy)
    return total


def measure(peers, work, runs):
    """Milliseconds of each run of each peer and program, and those of its first command."""
    def named(n):
        return [(name + kind, programs.kernel(name, times)) for name, (most, _, _) in programs.KERNELS.items() for kind,
                times in (('', most), ('-once', 1))]
    made = [('one', programs.many(1)), ('many', programs.many(COUNT)), *named(runs)]
    taken, compilers = ({(p.name, name): [] for p in peers for name, _ in made} for _ in range(2))
    for name, functions in made:
        path, printed = os.path.join(work, name), {}
        for peer in peers:
            with open(f'{path}.{peer.ending}', 'w') as f:
                f.write(programs.written(peer.ending, functions))
            if peer.prepare:
                peer.prepare(path)
        for k in range(-1, runs * (3 if name == 'one' else 1)):
            for peer in peers:
                ms, first, printed[peer.name] = peer.run(path)
                if k >= 0:
                    taken[peer.name, name].append(ms)
                    compilers[peer.name, name].append(first)
        different = [n for n, p in printed.items() if len(p) != 8 or p != printed['LLVM -O0: llc']]
        if different:
            sys.exit(f'peers.py: {name}: other results than LLVM: {printed}')
        print(f'== {name}: {len(printed)} peers print {next(iter(printed.values())).hex()}', file=sys.stderr,
              flush=True)
    return taken, compilers


def spread(ms):
    low, _, high = statistics.quantiles(ms, n=4)
    return 50 * (high - low) / statistics.median(ms)


def rows(peers, taken, compilers, work):
    median, first = ({key: statistics.median(ms) for key, ms in of.items()} for of in (taken, compilers))

    def function(of, name):
        """What a function takes of 1,000, in microseconds."""
        return (of[name, 'many'] - of[name, 'one']) / (COUNT - 1) * 1e3

    def kernel(peer, name):
        return median[peer, name] - median[peer, name + '-once']
    return [{'name': p.name, 'version': p.version, 'first_ms': median[p.name, 'one'],
             'function_us': function(median, p.name),
             'compiler_us': function(first, p.name) if len(p.commands) > 1 else None,
             'speed': statistics.geometric_mean(kernel('LLVM -O0: llc', k) / kernel(p.name,
                                                                                    k) for k in programs.KERNELS),
             'kernels': {k: kernel('LLVM -O0: llc', k) / kernel(p.name, k) for k in programs.KERNELS},
             'bytes': size(work, p.ships),
             'spread': max(spread(taken[p.name, n]) for n in ('one', 'many', *programs.KERNELS))} for p in peers]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--qbe')
    p.add_argument('--mir')
    p.add_argument('--tpde')
    p.add_argument('--runs', type=int, default=7)
    p.add_argument('--json', action='store_true')
    args = p.parse_args()
    build = os.path.abspath(args.build)
    work = os.path.join(build, 'cache/peers')
    os.makedirs(work, exist_ok=True)
    peers = llvm_and_kiln(build)
    skipped = []
    for name, found in (('QBE', args.qbe and qbe(work, os.path.abspath(args.qbe))),
                        ('MIR', args.mir and mir(work, os.path.abspath(args.mir))),
                        ('TPDE', args.tpde and tpde(work, os.path.abspath(args.tpde))),
                        ('libgccjit', libgccjit(work)),
                        ('Cranelift', cranelift(work))):
        peers += found or []
        skipped += [] if found else [name]
    result = {'runs': args.runs, 'skipped': skipped, 'rows': rows(peers, *measure(peers, work, args.runs), work)}
    if args.json:
        print(json.dumps(result, indent=1))
        return 0
    for line in figures.peers({'front': {'peers': result}}):
        print(line)
    print(json.dumps({r['name']: {k: round(v, 2) for k, v in r['kernels'].items()} for r in result['rows']}, indent=1),
          file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
