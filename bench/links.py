#!/usr/bin/env python3
"""What linkers take for Kiln's objects beside LLVM's: a C++ program (flatc, of Debian's flatbuffers) and a Rust program
(ripgrep, of crates.io), both debug builds.

    links.py BUILD [--runs=N] [--only=c++|rust] [--json]

A time is user and system time of the compiler's driver and ld, lld or mold, the least of N runs (5) by turns. Counts are
those of the program's own objects and libraries; Rust's standard library is the same on both sides.
"""
import argparse
import json
import os
import resource
import shutil
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINKERS = ('bfd', 'lld', 'mold')
RUST = ('ripgrep', '15.2.0', 'rg') # crate, version, program


# ---- objects ----

def members(path):
    """The ELF objects in a file: itself, or those of an archive."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:4] == b'\x7fELF':
        yield data
    at = 8
    while data[:8] == b'!<arch>\n' and at + 60 <= len(data):
        size = int(data[at + 48:at + 58])
        if data[at + 60:at + 64] == b'\x7fELF':
            yield data[at + 60:at + 60 + size]
        at += 60 + size + size % 2


def count(paths):
    """Bytes, sections, symbols and relocations of the objects; of the latter two also what is in loaded sections."""
    n = dict.fromkeys(('objects', 'bytes', 'sections', 'symbols', 'relocations', 'loaded_relocations', 'debug_bytes'), 0)
    for path in paths:
        for o in members(path):
            offset, = struct.unpack_from('<Q', o, 40)
            size, sections, names = struct.unpack_from('<HHH', o, 58)
            heads = [struct.unpack_from('<IIQQQQIIQQ', o, offset + i * size) for i in range(sections)]
            if sections == 0 and offset: # more than the header can say
                sections = struct.unpack_from('<IIQQQQIIQQ', o, offset)[5]
                heads = [struct.unpack_from('<IIQQQQIIQQ', o, offset + i * size) for i in range(sections)]
            n['objects'] += 1
            n['bytes'] += len(o)
            n['sections'] += sections
            for h in heads:
                if h[1] == 2:
                    n['symbols'] += h[5] // 24
                elif h[1] == 4:
                    n['relocations'] += h[5] // 24
                    n['loaded_relocations'] += h[5] // 24 if heads[h[7]][2] & 2 else 0
                elif h[1] == 1 and not h[2] & 2:
                    n['debug_bytes'] += h[5]
    return n


# ---- links ----

def time_links(commands, out, runs):
    """For each linker, the least time of each of the commands (a dictionary of command and folder), and the output's
    size. `out`: the path that the command's output has."""
    best = {}
    for _ in range(runs):
        for linker in LINKERS:
            for name, (command, folder) in commands.items():
                flags = ['-fuse-ld=' + linker] + (['-Wl,--no-fork'] if linker == 'mold' else [])
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command + flags, cwd=folder, check=True, stdout=subprocess.DEVNULL)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
                key = name, linker
                best[key] = min(best.get(key, (1e9, 0)), (took, os.path.getsize(os.path.join(folder, out))))
    return best


def with_cxx(build, work, runs):
    source = subprocess.run([os.path.join(ROOT, 'tests/harness/fetch_source.sh'), 'flatbuffers', os.path.join(build, 'cache/sources')],
                            check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    commands, counts = {}, {}
    for name, cxx in ('llvm', 'clang++-22'), ('kiln', 'kiln-c++'):
        to = os.path.join(work, name)
        subprocess.run(['cmake', '-G', 'Ninja', '-S', source, '-B', to, '-DCMAKE_CXX_COMPILER=' + cxx, '-DCMAKE_BUILD_TYPE=',
                        '-DCMAKE_CXX_FLAGS=-O0 -g -w', '-DFLATBUFFERS_BUILD_TESTS=OFF', '-DFLATBUFFERS_BUILD_GRPCTEST=OFF'],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run(['ninja', '-C', to, 'flatc'], check=True, stdout=subprocess.DEVNULL)
        link = subprocess.run(['ninja', '-C', to, '-t', 'commands', 'flatc'], check=True, stdout=subprocess.PIPE, text=True).stdout
        words = link.strip().split('\n')[-1].replace(': && ', '').replace(' && :', '').split()
        commands[name] = ['clang++-22', *words[1:]], to
        counts[name] = count([os.path.join(to, w) for w in words if w.endswith(('.o', '.a'))])
    return counts, time_links(commands, 'flatc', runs)


def as_linker(words):
    """rustc's linker: keeps what the program is linked of, for later, and links."""
    out = words[words.index('-o') + 1]
    if os.path.basename(out).startswith(RUST[2] + '-'):
        keep = os.environ['KILN_LINK_KEEP']
        os.makedirs(keep)
        kept = []
        for i, w in enumerate(words):
            if os.path.isfile(w) and '/rustlib/' not in w and w != out:
                kept.append('%d.%s' % (i, os.path.basename(w)))
                shutil.copy(w, os.path.join(keep, kept[-1]))
                words[i] = kept[-1]
        with open(os.path.join(keep, 'link.json'), 'w') as f:
            json.dump({'words': [w if w != out else 'out' for w in words], 'own': kept}, f)
        os.chdir(keep)
        words = [w if w != 'out' else out for w in words]
    os.execvp('cc', ['cc', *words])


def with_rust(build, work, runs):
    commands, counts = {}, {}
    linker = os.path.join(work, 'linker')
    with open(linker, 'w') as f:
        f.write('#!/bin/sh\nexec python3 %s --as-linker "$@"\n' % os.path.abspath(__file__))
    os.chmod(linker, 0o755)
    for name, cargo in ('llvm', ['cargo']), ('kiln', [os.path.join(build, 'kiln'), 'cargo']):
        keep = os.path.join(work, 'keep', name)
        env = dict(os.environ, CARGO_TARGET_DIR=os.path.join(work, name), KILN_LINK_KEEP=keep, CARGO_INCREMENTAL='0',
                   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=linker)
        subprocess.run([*cargo, 'install', '--quiet', '--locked', '--debug', '--root', os.path.join(work, 'root'), '--force',
                        '%s@%s' % RUST[:2]], env=env, check=True, stderr=subprocess.DEVNULL)
        with open(os.path.join(keep, 'link.json')) as f:
            link = json.load(f)
        commands[name] = ['cc', *link['words']], keep
        counts[name] = count([os.path.join(keep, w) for w in link['own']])
    return counts, time_links(commands, 'out', runs)


def report(program, counts, best):
    print(program)
    for key in counts['llvm']:
        a, b = counts['llvm'][key], counts['kiln'][key]
        print('  %-20s %12s %12s %6.2f' % (key.replace('_', ' '), f'{a:,}', f'{b:,}', b / a))
    for linker in LINKERS:
        (a, size_a), (b, size_b) = best['llvm', linker], best['kiln', linker]
        print('  %-20s %9.0f ms %9.0f ms %6.2f   output %s, %s bytes' % (linker, a * 1e3, b * 1e3, b / a, f'{size_a:,}', f'{size_b:,}'))
    sys.stdout.flush()


def main():
    if sys.argv[1:2] == ['--as-linker']:
        as_linker(sys.argv[2:])
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--runs', type=int, default=5)
    p.add_argument('--only', choices=('c++', 'rust'))
    p.add_argument('--json', action='store_true')
    args = p.parse_args()
    build = os.path.abspath(args.build)
    work = os.path.join(build, 'links')
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, 'bin'))
    for name in 'kiln-cc', 'kiln-c++':
        os.symlink(os.path.join(build, 'kiln'), os.path.join(work, 'bin', name))
    os.environ['PATH'] = os.path.join(work, 'bin') + ':' + os.environ['PATH']
    programs = {'c++': ('flatc', with_cxx), 'rust': (RUST[0], with_rust)}
    for language, (program, run) in programs.items():
        if args.only in (None, language):
            folder = os.path.join(work, language)
            os.makedirs(folder)
            counts, best = run(build, folder, args.runs)
            if args.json:
                print(json.dumps({'program': program, 'counts': counts, 'links': [[*k, *v] for k, v in best.items()]}))
            else:
                report('%s: LLVM, Kiln' % program, counts, best)
    return 0


if __name__ == '__main__':
    sys.exit(main())
