#!/usr/bin/env python3
"""From an edit to the end of the tests: time of cargo's debug builds, by one choice at a time.

    edits.py BUILD [--size=NAME,...] [--axis=NAME,...] [--edit=NAME,...] [--way=NAME]... [--toolchain=NAME]
             [--nightly=TOOLCHAIN] [--work=FOLDER] [--machine=TEXT] [--keep] [--write]

Sizes: `program`, `workspace` and `application` (bench/edits_sources.py). Edits change the body of a function, its
signature, a generic function, or a test: in the program (`body`, `signature`, `generic`, `test`), or in a library that
all use (the same with `-base`). After an edit, `cargo test` builds and runs the program's tests, or those of the
library if its test was edited.

Axes, which change one thing of the base (Kiln as rustc's code generator, debug = 2, the toolchain's linker). Cargo's
own figures stand beside each level, split and linker:

    way      cargo (LLVM), the shim, kiln (the base), with --inline; with --nightly also LLVM and Cranelift of that toolchain
    level    debug = "line-tables-only", debug = 0
    split    split-debuginfo = "unpacked", "packed"
    linker   mold, wild (if they are installed), and --dynamic-deps
    setup    all of docs/debug-builds.md's setup; with --nightly also Cranelift with mold and line-tables-only

The application has cargo, kiln, --dynamic-deps and the axis `setup` alone, with cargo at its level; `signature-base` and
`generic-base` have the axes `way` and `setup`. Ways that differ in the linker alone share a target folder; each other way
has copies of the sources and a target folder of its own. bench/stopping.py has the rule by which a cell is measured, and
measured again. Before each series is a round that is not counted. A figure is the median of a series: seconds by the
clock, of CPU time (user and system, of cargo and all that it starts), and what of it linkers took. The text below the
tables names the cells that are slower than cargo at the same level, split and linker, those that count as unmeasured, and
those that are empty.

After an edit of the program's body, two more builds measure parts (the second counts), with wrappers around rustc, the
linker and the tests: CPU time of cargo, linkers and tests; of rustc, its own report (-Ztime-passes) of incremental
bookkeeping (dependency graph, caches of results and objects) and writing (metadata, libraries), and of its front end,
which is what its first thread does besides; the rest is code generation.

What is measured is kept in FOLDER (default: BUILD/cache/edits), cell by cell, and a run measures again what it names.
--write puts all that is kept into docs/figures.json and the pages. Kiln as rustc's code generator has to be there
(`kiln cargo --setup`).
"""
import argparse
import collections
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time

import cargo_program
import edits_sources
import edits_table
import figures
import stopping

# name, axis, command, variables, words before and after the linker's, and the way of cargo that it stands beside
Choice = collections.namedtuple('Choice', 'name axis command env linker beside')
APPLICATION = 'cargo', 'kiln', 'kiln, dynamic-deps', 'cargo, line-tables-only', 'setup', 'recipe'
OFF = 'CARGO_BUILD_RUSTC_WRAPPER', 'RUSTC_WRAPPER', 'RUSTC_WORKSPACE_WRAPPER', 'RUSTFLAGS', 'CARGO_ENCODED_RUSTFLAGS'
LLD, MOLD, WILD = 'cc "$@"', 'cc "$@" -fuse-ld=mold -Wl,--no-fork', 'clang-22 --ld-path=wild "$@"'
TARGET = 'CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_'
DEV = 'CARGO_PROFILE_DEV_'
LINES = {DEV + 'DEBUG': 'line-tables-only'}

# The linker of all ways, which cargo knows by one name, for a change of the name would build everything again; and around rustc,
# the tests and cargo, where parts are measured. `times` is of what the script ran.
SCRIPTS = {
    'linker': 'eval "$EDITS_LINKER"; status=$?\ntimes >> "$EDITS_LOG"\nexit $status\n',
    'tests': '"$@"; status=$?\ntimes >> "$EDITS_LOG.tests"\nexit $status\n',
    'rustc': 'case " $* " in\n*" --emit"*) ;;\n*) exec $EDITS_NEXT "$@" ;;\nesac\n'
             'RUSTC_BOOTSTRAP=1 $EDITS_NEXT "$@" -Ztime-passes -Ztime-passes-format=json; status=$?\n'
             'times >> "$EDITS_LOG.rustc"\nexit $status\n',
    'cargo': 'EDITS_NEXT=$RUSTC_WRAPPER RUSTC_WRAPPER=${0%cargo}rustc exec cargo "$@"\n',
}
# Passes of rustc's first thread by their part; those that are in no other's time.
BOOKKEEPING = ('incr_comp_prepare_session_directory', 'incr_comp_garbage_collect_session_directories', 'find_cgu_reuse', 'serialize_dep_graph',
               'copy_all_cgu_workproducts_to_incr_comp_cache_dir', 'serialize_work_products', 'incr_comp_finalize_session_directory')
GENERATION = 'codegen_to_LLVM_IR', 'finish_ongoing_codegen'


def ways_of(args, kiln):
    cargo, own, dynamic = ['cargo'], [kiln, 'cargo'], [kiln, 'cargo', '--dynamic-deps']
    ways = [Choice('cargo', 'way', cargo, {}, LLD, None), Choice('kiln', 'way', own, {}, LLD, 'cargo'),
            Choice('shim', 'way', [*own, '--no-bootstrap'], {}, LLD, None), Choice('inline', 'way', [*own, '--inline'], {}, LLD, None)]

    def both(axis, name, env, linker):
        ways.extend([Choice('cargo, ' + name, axis, cargo, env, linker, None), Choice('kiln, ' + name, axis, own, env, linker, 'cargo, ' + name)])
    both('level', 'line-tables-only', LINES, LLD)
    both('level', 'none', {DEV + 'DEBUG': '0'}, LLD)
    for split in 'unpacked', 'packed':
        both('split', split, {DEV + 'SPLIT_DEBUGINFO': split}, LLD)
    linkers = [(name, words) for name, words in (('mold', MOLD), ('wild', WILD)) if shutil.which(name)]
    for name, words in linkers:
        both('linker', name, {}, words)
    ways.append(Choice('kiln, dynamic-deps', 'linker', dynamic, {}, LLD, 'cargo'))
    ways += [Choice('kiln, dynamic-deps, ' + name, 'linker', dynamic, {}, words, 'cargo, ' + name) for name, words in linkers]
    ways.append(Choice('setup', 'setup', dynamic, LINES, LLD, 'cargo, line-tables-only'))
    if args.nightly:
        nightly = {'RUSTUP_TOOLCHAIN': args.nightly}
        ways += [Choice('nightly', 'way', cargo, nightly, LLD, None),
                 Choice('cranelift', 'way', cargo, {**nightly, **cargo_program.CRANELIFT}, LLD, None),
                 Choice('recipe', 'setup', cargo, {**nightly, **cargo_program.CRANELIFT, **LINES}, MOLD, None)]
    return ways


class Tree:
    """Copies of the sources, and a target folder, of all ways that differ in the linker alone."""

    def __init__(self, size, work):
        self.work = work
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        self.source = edits_sources.SIZES[size](os.path.join(work, 'source'))
        self.target = os.path.join(work, 'target')


class Way:
    def __init__(self, choice, tree, scripts, args):
        self.choice, self.name, self.tree = choice, choice.name, tree
        self.log, self.scripts = os.path.join(tree.work, 'log'), scripts
        self.env = {name: value for name, value in os.environ.items() if name not in OFF and not name.startswith('KILN_STATS')}
        self.env.update({'CARGO_TARGET_DIR': tree.target, DEV + 'DEBUG': '2', TARGET + 'LINKER': os.path.join(scripts, 'linker'),
                         'CARGO_INCREMENTAL': '1', 'EDITS_LINKER': choice.linker, 'EDITS_LOG': self.log})
        if args.toolchain:
            self.env['RUSTUP_TOOLCHAIN'] = args.toolchain
        self.env.update(choice.env)

    def logged(self, end=''):
        """Seconds that the scripts' logs have."""
        with open(self.log + end, encoding='utf-8') as f:
            return sum(int(m) * 60 + float(s) for m, s in re.findall(r'(\d+)m([\d.]+)s', f.read()))

    def test(self, edit, **env):
        """Seconds by the clock, of CPU time, and linkers'; and what cargo wrote."""
        for end in '', '.tests', '.rustc':
            open(self.log + end, 'w', encoding='utf-8').close()
        words = [*self.choice.command, 'test', '--quiet', '--offline', *self.tree.source.tests(edit)]
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(words, cwd=self.tree.source.folder, env={**self.env, **env}, capture_output=True, text=True, errors='replace')
        clock, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or not re.search(r'test result: ok\. [1-9]', done.stdout):
            sys.exit('%s: %s fails:\n%s' % (self.name, ' '.join(words), (done.stdout + done.stderr)[-3000:]))
        return [clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, self.logged()], done.stderr

    def first(self, edits):
        """The first build and its tests; fails unless units were compiled by what the way names. Then what else edits need."""
        stats = os.path.join(self.tree.work, 'stats')
        seconds = self.test('body', KILN_STATS=stats)[0]
        units = collections.Counter()
        if os.path.exists(stats):
            with open(stats, encoding='utf-8') as f:
                units.update(line.split('\t')[1] for line in f if line.startswith('unit\t'))
            os.unlink(stats)
        whose = {'cargo': None, 'kiln': 'kiln' if '--no-bootstrap' in self.choice.command else 'rustc'}[os.path.basename(self.choice.command[0])]
        if whose and (units['llvm'] or not units[whose]):
            sys.exit('%s: units are by %s: is libkiln-shim.so built? Was `kiln cargo --setup` run?' % (self.name, dict(units)))
        if 'test-base' in edits and self.tree.source.files['base']:
            self.test('test-base')
        return seconds[:2]

    def parts(self, edit):
        """CPU time of an edit's build and tests by part."""
        own = len(self.choice.command) > 1
        more = {TARGET + 'RUNNER': os.path.join(self.scripts, 'tests')}
        more.update({'CARGO': os.path.join(self.scripts, 'cargo')} if own else {'RUSTC_WRAPPER': os.path.join(self.scripts, 'rustc'), 'EDITS_NEXT': ''})
        for _ in range(2): # first, cargo asks the compiler what it is, and rustc with -Z does not take what it kept without
            self.tree.source.edit(edit)
            (_, cpu, linking), text = self.test(edit, **more)
        passes = collections.Counter()
        for line in text.splitlines():
            if line.startswith('time: {'):
                found = json.loads(line[len('time: '):])
                passes[found['pass']] += found['time']
        tests, rustc = self.logged('.tests'), self.logged('.rustc')
        writing = passes['link'] - passes['run_linker'] - sum(passes[name] for name in BOOKKEEPING[-2:]) + passes['generate_crate_metadata']
        bookkeeping = sum(passes[name] for name in BOOKKEEPING)
        other = passes['link'] + passes['generate_crate_metadata'] + sum(passes[name] for name in (*GENERATION, *BOOKKEEPING[:4]))
        clocks = [passes['total'] - other, bookkeeping, max(0, writing), passes[GENERATION[0]]]
        scale = min(1, (rustc - linking) / sum(clocks)) # passes are by the clock, and rustc may have waited
        front, bookkeeping, writing, _ = (scale * s for s in clocks)
        return {'cargo': cpu - rustc - tests, 'front end': front, 'bookkeeping': bookkeeping, 'code generation': max(
            0, rustc - linking - front - bookkeeping - writing), 'writing': writing, 'linker': linking, 'tests': tests}


def measure(ways, edit):
    """By way: its builds, [clock, CPU, linkers] each, and those of plain cargo, the first way, in the same series."""
    by_name, counts = {way.name: way for way in ways}, collections.Counter()

    def series(names):
        rows = {name: [] for name in names}
        for count in range(-1, stopping.ROUNDS): # the first round is not counted
            for name in names if count % 2 else names[::-1]:
                by_name[name].tree.source.edit(edit)
                row = by_name[name].test(edit)[0]
                if count >= 0:
                    rows[name].append(row)
        counts.update(names)
        return rows
    return stopping.measure(list(by_name), series), counts


def beside_too(some, all_of_them):
    """Some ways or choices, and those that they are compared with, in their order."""
    names = {'cargo'} | {name for c in some for name in (c.name, getattr(c, 'choice', c).beside)}
    return [c for c in all_of_them if c.name in names]


def measure_size(size, choices, args, kept):
    work = os.path.join(args.work, size)
    scripts = os.path.join(work, 'scripts')
    os.makedirs(scripts, exist_ok=True)
    for name, text in SCRIPTS.items():
        with open(os.path.join(scripts, name), 'w', encoding='utf-8') as f:
            f.write('#!/bin/bash\n' + text) # whose `times` has milliseconds
        os.chmod(f.name, 0o755)
    trees, ways, begin = {}, [], time.monotonic()
    found = kept.setdefault(size, {'first': {}, 'cells': {}})
    edits = [e for e in args.edit.split(',') if size != 'program' or not e.endswith('-base')]
    for choice in choices:
        key = json.dumps([choice.command[1:], choice.env])
        known = key in trees
        if not known:
            trees[key] = Tree(size, os.path.join(work, 'tree%d' % len(trees)))
        ways.append(Way(choice, trees[key], scripts, args))
        if not known:
            folder = trees[key].source.folder
            locked = ['--locked'] * os.path.exists(os.path.join(folder, 'Cargo.lock'))
            subprocess.run(['cargo', 'fetch', '--quiet', *locked], cwd=folder, env=ways[-1].env, check=True)
            found['first'][choice.name] = ways[-1].first(edits)
            print('%s, first build: %-28s %.2f %.2f' % (size, choice.name, *found['first'][choice.name]), file=sys.stderr, flush=True)
    print('%s: first builds took %.0f s' % (size, time.monotonic() - begin), file=sys.stderr)
    for edit in edits:
        begin = time.monotonic()
        some = beside_too([way for way in ways if size == 'application' or way.choice.axis in args.few or edit not in args.seldom], ways)
        found_here, series = measure(some, edit)
        if 'series' not in found['cells'].get(edit, {}): # what was kept by an older rule is not used
            found['cells'][edit] = {'ways': {}, 'parts': {}, 'bases': {}, 'spreads': {}, 'series': {}}
        cell = found['cells'][edit]
        for way in some:
            mine, base = found_here[way.name]
            cell['ways'][way.name], cell['bases'][way.name] = stopping.medians(mine), stopping.medians(base)
            cell['spreads'][way.name], cell['series'][way.name] = stopping.cell(mine, base), series[way.name]
            if edit == 'body':
                cell['parts'][way.name] = {part: round(s, 4) for part, s in way.parts(edit).items()}
            print('%s, %s: %-28s %s; spread %s' % (size, edit, way.name, ' '.join('%.3f' % s for s in cell['ways'][way.name]), cell['spreads'][way.name]),
                  file=sys.stderr, flush=True)
        print('%s, %s: %.0f s' % (size, edit, time.monotonic() - begin), file=sys.stderr, flush=True)
        with open(os.path.join(args.work, 'kept.json'), 'w', encoding='utf-8') as f:
            json.dump(kept, f)
    if not args.keep:
        shutil.rmtree(work)


def version(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split('\n')[0].strip()


def about(args, choices):
    found = {**figures.about(args.machine), 'rustc': version('rustc', *['+' + args.toolchain] * bool(args.toolchain), '--version'),
             'application': '%s %s' % edits_sources.APPLICATION, 'packages': edits_sources.packages(), 'beside': {c.name: c.beside for c in choices if c.beside}}
    found['linkers'] = [version(name, '--version') for name in ('mold', 'wild') if shutil.which(name)]
    if args.nightly:
        found['nightly'] = version('rustc', '+' + args.nightly, '--version')
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('build')
    p.add_argument('--size', default=','.join(edits_sources.SIZES))
    p.add_argument('--axis', default='way,level,split,linker,setup')
    p.add_argument('--edit', default=','.join(edits_sources.EDITS))
    p.add_argument('--way', action='append')
    p.add_argument('--toolchain')
    p.add_argument('--nightly', metavar='TOOLCHAIN')
    p.add_argument('--work')
    p.add_argument('--machine')
    p.add_argument('--keep', action='store_true')
    p.add_argument('--write', action='store_true')
    args = p.parse_args()
    args.few, args.seldom = ('way', 'setup'), ('signature-base', 'generic-base')
    args.work = os.path.abspath(args.work or os.path.join(args.build, 'cache', 'edits'))
    choices = ways_of(args, os.path.join(os.path.abspath(args.build), 'kiln'))
    for given, known in ((args.size.split(','), edits_sources.SIZES), (args.axis.split(','), {c.axis for c in choices}),
                         (args.edit.split(','), edits_sources.EDITS), (args.way or [], {c.name for c in choices})):
        if set(given) - set(known):
            p.error('no %s, only %s' % (', '.join(sorted(set(given) - set(known))), ', '.join(sorted(known))))
    path, kept = os.path.join(args.work, 'kept.json'), {}
    if os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            kept = json.load(f)
    for size in args.size.split(','):
        some = [c for c in choices if c.name == 'cargo' or c.name == 'kiln' or c.axis in args.axis.split(',')]
        some = [c for c in some if (not args.way or c.name in args.way) and (size != 'application' or c.name in APPLICATION)]
        measure_size(size, beside_too(some, choices), args, kept)
    found = {**about(args, choices), 'sizes': kept}
    print('\n'.join(edits_table.edits({'edits': found})))
    if args.write:
        figures.keep('edits', found)


if __name__ == '__main__':
    main()
