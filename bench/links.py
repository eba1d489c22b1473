#!/usr/bin/env python3
"""Links of debug builds: what the linkers take for Kiln's objects and for LLVM's, and what is in both.

links.py BUILD [--runs=N] [--only=rust|c++] [--linkers=bfd,lld,mold] [--shared=FOLDER] [--json] [--work=FOLDER]

Rust: ripgrep, as tests/campaigns/crates/crates.py has it, by cargo and by `kiln cargo`. C++: flattests, tests of Debian's flatbuffers,
by clang++ and by kiln-c++, -O0 -g. Each is built once a side, with its command to link it kept; the inputs are counted, and the
same command runs by each linker --runs times (5), alternating sides. Seconds are user and system time of the link, the
least of the runs; sizes are the output's. Fails if a link fails, or what the programs print differs.
"""
import argparse
import collections
import json
import os
import re
import resource
import shlex
import shutil
import struct
import subprocess
import sys

import builds

sys.path.insert(0, os.path.join(builds.ROOT, 'tests/campaigns/crates'))
import crates # noqa: E402

LINKERS = {'bfd': 'ld.bfd', 'gold': 'ld.gold', 'lld': 'ld.lld-22', 'mold': 'mold'}
SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 2, 4, 8
SHF_ALLOC, SHF_EXECINSTR = 2, 4
COUNTS = ('objects', 'bytes', 'sections', 'symbols', 'local symbols', 'relocations', 'of debug information',
          'of unwind tables')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def objects_of(data):
    """The ELF objects in a file: itself, or the members of an archive."""
    if data[:4] == b'\x7fELF':
        yield data
    elif data[:8] == b'!<arch>\n':
        at = 8
        while at + 60 <= len(data):
            size = int(data[at + 48:at + 58])
            member = data[at + 60:at + 60 + size]
            if member[:4] == b'\x7fELF':
                yield member
            at += 60 + size + size % 2


def sections_of(data):
    """(name, type, flags, bytes or None, info, size) of each section."""
    at, = struct.unpack_from('<Q', data, 0x28)
    count, names = struct.unpack_from('<HH', data, 0x3c)
    rows = [struct.unpack_from('<IIQQQQIIQQ', data, at + 64 * i) for i in range(max(count, 1))]
    if count == 0: # as many as the first one says
        rows = [struct.unpack_from('<IIQQQQIIQQ', data, at + 64 * i) for i in range(rows[0][5])]
    names = rows[rows[0][6] if names == 0xffff else names]
    for r in rows:
        start = names[4] + r[0]
        yield data[start:data.index(b'\0', start)].decode(), r[1], r[2], r[7], r[5]


def count(paths):
    """The sums of COUNTS."""
    sums = collections.Counter()
    for path in paths:
        for data in objects_of(read(path)):
            sums['objects'] += 1
            sums['bytes'] += len(data)
            for name, kind, _, info, size in sections_of(data):
                sums['sections'] += 1
                if kind == SHT_SYMTAB:
                    sums['symbols'] += size // 24
                    sums['local symbols'] += info
                elif kind == SHT_RELA:
                    sums['relocations'] += size // 24
                    sums['of debug information'] += size // 24 * name.startswith('.rela.debug')
                    sums['of unwind tables'] += size // 24 * name.startswith(('.rela.eh_frame', '.rela.gcc_except_table'))
    return {what: sums[what] for what in COUNTS}


def sizes(path):
    """Bytes of an output: all, code, what else is loaded, debug information, and names of symbols."""
    data = read(path)
    out = collections.Counter({'file': len(data)})
    for name, kind, flags, _, size in sections_of(data):
        if kind == SHT_NOBITS:
            continue
        if flags & SHF_ALLOC:
            out['code' if flags & SHF_EXECINSTR else 'loaded'] += size
        elif name.startswith('.debug'):
            out['debug information'] += size
        else:
            out['symbols' if name in ('.symtab', '.strtab') else 'others'] += size
    return out


def keep(folder, words):
    """In place of rustc's linker: keeps what the program's link reads, and its command, and links."""
    out = words[words.index('-o') + 1] if '-o' in words else ''
    if re.fullmatch(r'rg-[0-9a-f]{16}', os.path.basename(out)):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        kept = []
        for i, word in enumerate(words):
            if os.path.isfile(word) and word != out and 'rustlib' not in word: # rustc's own stay where they are
                kept.append(os.path.join(folder, '%d-%s' % (i, os.path.basename(word))))
                shutil.copy(word, kept[-1])
            elif not word.startswith('-fuse-ld=') and not word.endswith('/gcc-ld'):
                kept.append(word)
        with open(os.path.join(folder, 'command'), 'w') as f:
            f.write(shlex.join(['cc'] + kept))
    return subprocess.run(['cc'] + words).returncode


class Program:
    """A program by one side: its command, the folder where that runs, the inputs that it is about, and how it is run."""

    def __init__(self, command, folder, arguments, where, env=None):
        self.words, self.folder, self.arguments, self.where, self.env = command, folder, arguments, where, env
        self.out = self.words.index('-o') + 1
        self.inputs = [w for w in (os.path.join(folder, w) for i, w in enumerate(self.words) if i not in (0, self.out))
                       if os.path.isfile(w) and 'rustlib' not in w and re.search(r'\.(o|a|rlib)$', w)]

    def link(self, linker, tools, out):
        """Seconds of the link."""
        words = list(self.words)
        words[self.out] = out
        words += ['-fuse-ld=' + linker, '-B' + tools] + (['-Wl,--no-fork'] if linker == 'mold' else [])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(words, cwd=self.folder, env=self.env, capture_output=True, text=True, errors='replace')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit('%s: %s' % (shlex.join(words), done.stderr[-2000:]))
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def printed(self, out):
        return subprocess.run([out] + self.arguments, cwd=self.where, env=self.env, capture_output=True, text=True,
                              check=True).stdout


def rust(args):
    """ripgrep by both sides."""
    name = 'ripgrep'
    version = next(version for crate, version, _, _ in crates.CRATES if crate == name)
    crate = os.path.join(crates.fetch(name, version, os.path.join(args.build, 'cache/crates')), 'crate')
    programs = {}
    for side, command in (('llvm', ['cargo']), ('kiln', [os.path.join(args.build, 'kiln'), 'cargo'])):
        kept = os.path.join(args.work, 'rust', side)
        wrapper = kept + '-linker'
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with open(wrapper, 'w') as f:
            f.write('#!/bin/sh\nexec %s %s --keep %s "$@"\n' % (sys.executable, os.path.abspath(__file__), kept))
        os.chmod(wrapper, 0o755)
        target = os.path.join(args.shared or os.path.join(args.work, 'rust'), 'target-' + side)
        env = dict(os.environ, CARGO_TARGET_DIR=target, CARGO_PROFILE_DEV_OPT_LEVEL='0', CARGO_PROFILE_DEV_DEBUG='2',
                   CARGO_PROFILE_DEV_PANIC='unwind', CARGO_INCREMENTAL='1')
        if args.jobs:
            env['CARGO_BUILD_JOBS'] = args.jobs
        if not os.path.exists(os.path.join(kept, 'command')):
            subprocess.run(command + ['rustc', '--quiet', '--bin', 'rg', '--', '-Clinker=' + wrapper], cwd=crate, env=env,
                           check=True)
        with open(os.path.join(kept, 'command')) as f:
            programs[side] = Program(shlex.split(f.read()), crate,
                                     ['--no-ignore', '--sort=path', '--count', 'fn', crate], crate)
    return programs


def cxx(args):
    """flattests by both sides."""
    name = 'flatbuffers'
    builds.PROJECTS[name] = {'options': ['-DFLATBUFFERS_LIBCXX_WITH_CLANG=OFF']}
    fetch = os.path.join(builds.ROOT, 'tests/harness/fetch_source.sh')
    source = subprocess.run([fetch, name, os.path.join(args.build, 'cache/sources')], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.strip()
    env = builds.environment(args.build, os.path.join(args.work, 'bin'))
    programs = {}
    for compiler in builds.COMPILERS:
        b = builds.Build(name, compiler, source, os.path.join(args.work, 'c++'), env)
        done = os.path.join(b.dir, 'done')
        if not os.path.exists(done):
            b.configure()
            b.run(['ninja', '-C', 'b', '-j%d' % int(args.jobs or os.cpu_count()), 'flattests'], 'build')
            open(done, 'w').close()
        units, _, fallbacks = b.logged() if compiler == 'kiln' else (1, 0, [])
        if units == 0 or fallbacks:
            sys.exit('%s: %d units by Kiln, and by LLVM: %s' % (name, units, fallbacks))
        text = b.run(['ninja', '-C', 'b', '-t', 'commands', 'flattests'], 'commands').splitlines()[-1]
        words = [part for part in text.split('&&') if ' -o flattests ' in part][0]
        programs['llvm' if compiler == 'clang' else 'kiln'] = Program(
            ['clang++-22'] + shlex.split(words)[1:], os.path.join(b.tree, 'b'), [], b.tree, b.env)
    return programs


def measure(name, programs, args, tools):
    """A row a linker; what the programs print has to be the same."""
    counts = {side: count(p.inputs) for side, p in programs.items()}
    rows, printed = {}, set()
    for linker in args.linkers.split(','):
        times = collections.defaultdict(list)
        outs = {side: os.path.join(args.work, '%s-%s-%s' % (name, linker, side)) for side in programs}
        for i in range(args.runs):
            for side in list(programs)[::1 if i % 2 == 0 else -1]:
                times[side].append(programs[side].link(linker, tools, outs[side]))
        for side, p in programs.items():
            printed.add(p.printed(outs[side]))
        rows[linker] = {side: {'seconds': min(times[side]), 'runs': times[side], **sizes(outs[side])}
                        for side in programs}
        for out in outs.values():
            os.remove(out)
    if len(printed) != 1 or not printed.pop().strip():
        sys.exit('%s: the programs print something else, or nothing' % name)
    return {'program': name, 'inputs': counts, 'linkers': rows}


def show(row):
    print('%-24s %12s %12s %7s' % (row['program'], 'LLVM', 'Kiln', 'ratio'))

    def line(what, a, b, form='%d'):
        print('  %-22s %12s %12s %7s' % (what, form % a, form % b, '%.3f' % (b / a) if a else ''))
    for what in COUNTS:
        line(what, row['inputs']['llvm'][what], row['inputs']['kiln'][what])
    for linker, sides in row['linkers'].items():
        a, b = sides['llvm'], sides['kiln']
        line('%s: seconds' % linker, a['seconds'], b['seconds'], '%.2f')
        for what in 'file', 'code', 'loaded', 'debug information', 'symbols':
            line('%s: %s' % (linker, what), a[what], b[what])
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--runs', type=int, default=5)
    p.add_argument('--only', choices=('rust', 'c++'))
    p.add_argument('--linkers', default='bfd,lld,mold')
    p.add_argument('--jobs')
    p.add_argument('--shared', help="the folder that crates.py was given by this name, to build less")
    p.add_argument('--json', action='store_true')
    p.add_argument('--work', help='a folder for builds, which are used again; default: in BUILD')
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    args.work = os.path.abspath(args.work or os.path.join(args.build, 'links'))
    tools = os.path.join(args.work, 'tools')
    os.makedirs(tools, exist_ok=True)
    for linker in args.linkers.split(','): # by the names under which gcc and clang look for them
        path, link = shutil.which(LINKERS.get(linker, '')), os.path.join(tools, 'ld.' + linker)
        if path is None:
            sys.exit('no linker %s' % linker)
        if not os.path.lexists(link):
            os.symlink(path, link)
    for name, make in (('rust', rust), ('c++', cxx)):
        if args.only in (None, name):
            row = measure(name, make(args), args, tools)
            print(json.dumps(row)) if args.json else show(row)


if __name__ == '__main__':
    sys.exit(keep(sys.argv[2], sys.argv[3:]) if sys.argv[1:2] == ['--keep'] else main())
