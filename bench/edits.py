#!/usr/bin/env python3
"""From an edit to the end of the tests: time of cargo's debug builds, by one choice at a time.

    edits.py BUILD [--size=NAME,...] [--axis=NAME,...] [--edit=NAME,...] [--way=NAME]... [--runs=N] [--toolchain=NAME]
             [--nightly=TOOLCHAIN] [--work=FOLDER]

Sizes: `program` is bench/cargo, with 96 libraries of crates.io's; `workspace` is generated: 30 crates with 150,000 lines of
bench/sizes in all, a library that all use (`base`), and a program. To each, a module is added that edits change.

Edits change the body of a function, its signature, a generic function, or a test; in the program (`leaf`), or in `base`, which
all use: `body`, `signature`, `generic`, `test`, and the same with `-base`. After an edit, `cargo test` builds and runs the
program's tests, or those of the library that was edited; it may fail in none.

Axes, which change one thing of the base (Kiln as rustc's code generator, debug = 2, the toolchain's linker):

    way      cargo (LLVM), shim, kiln (the base), inline; with --nightly also Cranelift and LLVM of that toolchain
    level    debug = "line-tables-only", debug = 0; and both of cargo
    split    split-debuginfo = "unpacked", "packed", which LLVM compiles
    linker   mold, wild (if it is installed, by clang), and --dynamic-deps; mold and wild of cargo, too

A figure is the median of --runs (default 5) in seconds: by the clock; of CPU time, user and system, of cargo and all that it
starts; and what of that linkers took, and the tests. Ways alternate, and each has a target folder of its own. The base and
plain cargo are measured with every axis; --way names the only ones. *Spread* is the difference between the medians of cargo's odd and even runs, in
percent of the median of all. Each cell is kept in FOLDER (default: BUILD/cache/edits) when it is done; the table has all that
are kept. Kiln as rustc's code generator has to be there (`kiln cargo --setup`, or KILN_BACKEND).
"""
import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

import cargo_program
import figures

HERE = os.path.dirname(os.path.abspath(__file__))
CRATES, LINES = 30, 150000
KINDS = 'ledger', 'units', 'machine', 'units', 'machine'
EDITS = [kind + where for where in ('', '-base') for kind in ('body', 'signature', 'generic', 'test')]
# The linker of all ways: what it and its children take, for the row of its cell.
LINKER = '#!/bin/sh\n%s "$@" %s; status=$?\ntimes >> %s\nexit $status\n'


# ---- what is edited ----

class Source:
    """A package whose module `edited` is written anew by each edit; `base` is the library that has one, too, or None."""

    def __init__(self, folder, leaf, base, name):
        self.folder, self.leaf, self.base, self.name, self.count = folder, leaf, base, name, 0
        self.state = {where: {'body': 1, 'signature': 0, 'generic': 1, 'test': 1} for where in ('leaf', 'base')}
        self.write()

    def write(self):
        for where, path in (('leaf', self.leaf), ('base', self.base)):
            if path:
                with open(os.path.join(path, 'src', 'edited.rs'), 'w') as f:
                    f.write(self.module(where))

    def module(self, where):
        s = self.state[where]
        more = ', _b: u64' if s['signature'] % 2 else ''
        text = ('pub fn edited(a: u64%s) -> u64 { let mut n = a; for i in 0..%d { n = n.wrapping_add(i); } n }\n'
                'pub fn generic<T: Into<u64> + Copy>(x: &[T]) -> u64 { x.iter().map(|&v| v.into()).sum::<u64>() + %d }\n'
                % (more, s['body'], s['generic']))
        text += self.call('run', where, 'self::')
        if where == 'leaf' and self.base:
            text += self.call('run_base', 'base', 'base::edited::')
        return text + '#[cfg(test)] mod tests { #[test] fn passes() { assert_eq!(super::run() + %d, super::run() + %d); } }\n' % (
            s['test'], s['test'])

    def call(self, name, where, path):
        more = ', 2' if self.state[where]['signature'] % 2 else ''
        return 'pub fn %s() -> u64 { %sedited(3%s) + %sgeneric(&[1u8, 2]) + %sgeneric(&[3u32]) }\n' % (name, path, more, path, path)

    def edit(self, edit):
        kind, where = edit.split('-')[0], 'base' if edit.endswith('-base') else 'leaf'
        self.state[where][kind] += 1
        self.write()

    def tests(self, edit):
        """Arguments of `cargo test`."""
        return ['-p', 'base'] if edit == 'test-base' else ['-p', self.name] if self.base else []


def make_program(folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, 'cargo'), folder)
    path = os.path.join(folder, 'src', 'main.rs')
    with open(path) as f:
        text = f.read()
    with open(path, 'w') as f:
        f.write(re.sub(r'(?m)^mod ', '#[allow(dead_code)] mod edited;\nmod ', text, count=1))
    return Source(folder, folder, None, 'ledger')


def make_workspace(folder):
    shutil.rmtree(folder, ignore_errors=True)
    texts = []
    for name in KINDS:
        with open(os.path.join(HERE, 'sizes', name + '.rs')) as f:
            texts.append(f.read())
    names = ['base'] + ['part%d' % i for i in range(CRATES - 2)] + ['program']
    for i, name in enumerate(names):
        depends = [] if name == 'base' else ['base'] if name != 'program' else names[:-1]
        source = os.path.join(folder, name, 'src')
        os.makedirs(source)
        with open(os.path.join(folder, name, 'Cargo.toml'), 'w') as f:
            f.write('[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' % name)
            f.writelines('%s = { path = "../%s" }\n' % (d, d) for d in depends)
        total, count = 0, 0
        while total < LINES / CRATES:
            text = texts[count % len(texts)]
            with open(os.path.join(source, 'm%d.rs' % count), 'w') as f:
                f.write(text.replace('NUMBER', str(100 * i + count)).replace('STEP', '3'))
            total += text.count('\n')
            count += 1
        edited = name in ('base', 'program')
        root = '#![allow(dead_code)]\n' + 'pub mod edited;\n' * edited + ''.join('pub mod m%d;\n' % k for k in range(count))
        used = ' + edited::run() as usize' * edited + ' + base::edited::generic(&[5u16]) as usize' * (name != 'base')
        root += 'pub fn run() -> usize { %s%s }\n' % (' + '.join('m%d::run().to_string().len()' % k for k in range(count)), used)
        if name == 'program':
            root += 'fn main() { println!("{}", run() + edited::run_base() as usize + %s); }\n' % ' + '.join(n + '::run()' for n in names[:-1])
        with open(os.path.join(source, 'main.rs' if name == 'program' else 'lib.rs'), 'w') as f:
            f.write(root)
    with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
        f.write('[workspace]\nresolver = "2"\nmembers = [%s]\n' % ', '.join('"%s"' % n for n in names))
    return Source(folder, os.path.join(folder, 'program'), os.path.join(folder, 'base'), 'program')


SIZES = {'program': make_program, 'workspace': make_workspace}


# ---- ways to build it ----

def ways_of(args, kiln):
    """By axis: name, command, variables, the linker's words in front and behind."""
    cargo, own = ['cargo'], [kiln, 'cargo']
    dev = 'CARGO_PROFILE_DEV_'
    llvm, base = ('cargo', cargo, {}, ()), ('kiln', own, {}, ())
    axes = {
        'way': [('shim', [*own, '--no-bootstrap'], {}, ()), ('inline', [*own, '--inline'], {}, ())],
        'level': [(name + of, command, {dev + 'DEBUG': level}, ()) for level, of in (('line-tables-only', ', lines'), ('0', ', none'))
                  for name, command, _, _ in (llvm, base)],
        'split': [(name + ', ' + split, command, {dev + 'SPLIT_DEBUGINFO': split}, ()) for split in ('unpacked', 'packed')
                  for name, command, _, _ in (llvm, base)],
        'linker': [('kiln, dynamic-deps', [*own, '--dynamic-deps'], {}, ())],
    }
    if args.nightly:
        nightly = ['cargo', '+' + args.nightly]
        axes['way'] += [('nightly', nightly, {}, ()), ('cranelift', nightly, cargo_program.CRANELIFT, ())]
    others = [('mold', ('cc', '-fuse-ld=mold', '-Wl,--no-fork'))] * bool(shutil.which('mold'))
    others += [('wild', ('clang-22', '--ld-path=wild'))] * bool(shutil.which('wild'))
    for linker, words in others:
        axes['linker'] += [('%s, %s' % (name, linker), command, {}, words) for name, command, _, _ in (llvm, base)]
        axes['linker'].append(('kiln, dynamic-deps, ' + linker, [*own, '--dynamic-deps'], {}, words))
    return {axis: [llvm, base, *ways] for axis, ways in axes.items()}


class Way:
    def __init__(self, name, command, env, linker, source, work, args):
        self.name, self.command, self.source = name, command, source
        key = re.sub(r'\W+', '-', name)
        self.log = os.path.join(work, 'linkers-' + key)
        script = os.path.join(work, 'linker-' + key)
        with open(script, 'w') as f:
            f.write(LINKER % (linker[0] if linker else 'cc', ' '.join(linker[1:]), self.log))
        os.chmod(script, 0o755)
        self.env = dict(os.environ, CARGO_TARGET_DIR=os.path.join(work, 'target-' + key), CARGO_PROFILE_DEV_DEBUG='2',
                        CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=script, CARGO_INCREMENTAL='1')
        if args.toolchain:
            self.env['RUSTUP_TOOLCHAIN'] = args.toolchain
        self.env.update(env)

    def test(self, edit):
        """Seconds: by the clock, of CPU time, linkers' and the tests'."""
        open(self.log, 'w').close()
        words = ['test', '--quiet', '--offline', *self.source.tests(edit)]
        spent = []
        for more in ['--no-run'], []:
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            done = subprocess.run([*self.command, *words, *more], cwd=self.source.folder, env=self.env, capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode:
                sys.exit('%s: %s fails:\n%s' % (self.name, ' '.join(words), (done.stdout + done.stderr)[-3000:]))
            spent.append((time.monotonic() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        with open(self.log) as f:
            linking = sum(int(m) * 60 + float(s) for m, s in re.findall(r'(\d+)m([\d.]+)s', f.read()))
        return spent[0][0] + spent[1][0], spent[0][1] + spent[1][1], linking, spent[1][1]


def spread(seconds):
    return 100 * abs(statistics.median(seconds[0::2]) - statistics.median(seconds[1::2] or seconds)) / statistics.median(seconds)


def measure(source, ways, edits, runs, keep):
    for way in ways:
        print('cold   %-28s %s' % (way.name, ' '.join('%.2f' % s for s in way.test('body'))), file=sys.stderr, flush=True)
    for edit in edits:
        if edit.endswith('-base') and not source.base:
            continue
        source.edit(edit) # and once without being counted: the second link may make a shared object
        for way in ways:
            way.test(edit)
        rows = {way.name: [] for way in ways}
        for i in range(runs):
            source.edit(edit)
            for way in ways if i % 2 == 0 else ways[::-1]:
                rows[way.name].append(way.test(edit))
        for name, found in rows.items():
            keep(edit, name, found)
            print('%-14s %-28s %s' % (edit, name, ' '.join('%.2f' % statistics.median(c) for c in zip(*found))), file=sys.stderr, flush=True)


def table(kept):
    lines = ['| size | axis | edit | way | clock, s | CPU, s | of the first | linkers, s | tests, s |', '|---|---|---|---|---|---|---|---|---|']
    for key in kept:
        size, axis, edit = key.split('/')
        first = next(iter(kept[key])) # 'cargo', but for a part of the ways
        base = statistics.median(r[1] for r in kept[key][first])
        for name, rows in kept[key].items():
            clock, cpu, linking, tests = (statistics.median(c) for c in zip(*rows))
            of = 'spread %.1f %%' % spread([r[1] for r in rows]) if name == first else '%.2f' % (cpu / base)
            lines.append('| %s | %s | %s | %s | %.2f | %.2f | %s | %.2f | %.2f |' % (size, axis, edit, name, clock, cpu, of, linking, tests))
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--size', default=','.join(SIZES))
    p.add_argument('--axis', default='way,level,split,linker')
    p.add_argument('--edit', default=','.join(EDITS))
    p.add_argument('--way', action='append')
    p.add_argument('--runs', type=int, default=5)
    p.add_argument('--toolchain')
    p.add_argument('--nightly', metavar='TOOLCHAIN')
    p.add_argument('--work')
    args = p.parse_args()
    kiln = os.path.join(os.path.abspath(args.build), 'kiln')
    args.work = os.path.abspath(args.work or os.path.join(args.build, 'cache', 'edits'))
    axes, edits = ways_of(args, kiln), args.edit.split(',')
    for given, known in ((args.size.split(','), SIZES), (args.axis.split(','), axes), (edits, EDITS)):
        if set(given) - set(known):
            p.error('no %s, only %s' % (', '.join(sorted(set(given) - set(known))), ', '.join(known)))
    path, kept = os.path.join(args.work, 'kept.json'), {}
    if os.path.exists(path):
        with open(path) as f:
            kept = json.load(f)
    for size in args.size.split(','):
        work = os.path.join(args.work, size)
        os.makedirs(work, exist_ok=True)
        source = SIZES[size](os.path.join(work, 'source'))
        subprocess.run(['cargo', 'fetch', '--quiet'], cwd=source.folder, check=True)
        for axis in args.axis.split(','):
            def keep(edit, name, rows, size=size, axis=axis):
                kept.setdefault('%s/%s/%s' % (size, axis, edit), {})[name] = rows
                with open(path, 'w') as f:
                    json.dump(kept, f)
            ways = [Way(*way, source, work, args) for way in axes[axis] if not args.way or way[0] in args.way]
            measure(source, ways, edits, args.runs, keep)
            for way in ways:
                if way.name not in ('cargo', 'kiln'):
                    shutil.rmtree(way.env['CARGO_TARGET_DIR'], ignore_errors=True)
    about = figures.about(None)
    print('%s; %s' % (', '.join('%s: %s' % pair for pair in about.items()), args.toolchain or 'the default toolchain'))
    print(table(kept))


if __name__ == '__main__':
    main()
