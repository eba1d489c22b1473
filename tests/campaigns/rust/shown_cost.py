#!/usr/bin/env python3
"""What `kiln cargo --show` costs (docs/showing-values.md): CPU time, user and system, of the build of the tests of the
libraries that shown.py has, and of the builds after edits, each of one function in another of the library's files, with the
option and without it in turn; and the programs' sizes. Dependencies are compiled in both.

    shown_cost.py --kiln=build/kiln [--toolchain=NAME] [--pairs=3] [--edits=8] [--instructions] [NAME@VERSION...]

A crate's figure is the ratio of two medians, that of edits of two sums: how much an edit compiles depends on which files
rustc puts into one unit with the edited one, and that differs between the two ways. Nothing else should run on the machine.

--instructions: millions of executed instructions in place of CPU time, which QEMU's user emulation counts: those of the
compiler and the linker lld, with dependencies; KILN_BACKEND names the library that `kiln cargo --setup` built. They hardly
differ from build to build, and other work does not change them.
"""
import argparse
import functools
import glob
import os
import resource
import shlex
import shutil
import statistics
import sys
import tempfile

import shown

sys.path.append(os.path.join(shown.ROOT, 'bench'))
import executed  # noqa: E402

# The function that is edited.
EDITED = '''
#[cfg(test)]
mod kiln_edit {
    #[test]
    fn edited() { let a: u32 = "%d".parse().unwrap(); let b = (a, Some(a)); assert!(b.0 == a && b.1.is_some()); }
}
'''


class Time:
    """Seconds of CPU time."""
    unit = 'CPU'

    def __init__(self, env, _work):
        self.env = env

    def of(self, build):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        build(self.env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Instructions:
    """Millions of executed instructions of rustc and of lld. lld has one thread: threads that count together lose some."""
    unit = 'instructions'

    def __init__(self, env, work):
        self.counts = os.path.join(work, 'counts')
        os.makedirs(self.counts)
        plugin = executed.plugin(work)
        sysroot = shown.run(['rustc', '--print=sysroot'], '.', env).stdout.strip()
        lld = os.path.join(sysroot, 'lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld')
        self.script('ld.lld', self.counting(plugin, lld, '-flavor', 'gnu', '--threads=1'))
        linker = self.script('linker', ['cc', '-B', work])
        library = os.path.join(work, 'librustc_codegen_kiln.so')
        shutil.copy(env['KILN_BACKEND'], library)
        driver = os.path.join(os.path.dirname(env['KILN_BACKEND']), 'kiln-driver')
        self.script('kiln-driver', self.counting(plugin, driver))
        self.env = dict(env, KILN_BACKEND=library, CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=linker)

    def counting(self, plugin, *command):
        return [*executed.counting(['qemu-x86_64'], plugin, self.counts + '/$$'), *command]

    def script(self, name, words):
        path = os.path.join(os.path.dirname(self.counts), name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write('#!/bin/sh\nexec %s "$@"\n' % ' '.join(word if '$$' in word else shlex.quote(word) for word in words))
        os.chmod(path, 0o755)
        return path

    def of(self, build):
        build(self.env)
        files = glob.glob(self.counts + '/*')
        counts = [executed.read(file) for file in files]
        for file in files:
            os.remove(file)
        return sum(counts) / 1e6


class Cost:
    """A crate's two ways to be built."""
    def __init__(self, name, options, env, work):
        self.crate = os.path.join(work, 'crate')
        shutil.copytree(os.path.join(shown.crates.fetch(*name.split('@'), options.sources), 'crate'), self.crate)
        sources = glob.glob(os.path.join(self.crate, 'src/**/*.rs'), recursive=True)
        self.sources = sorted(sources, key=lambda file: (os.path.getsize(file), file), reverse=True)[:options.edits]
        for file in self.sources:
            self.edit(file, 10)
        self.work = work
        self.measure = (Instructions if options.instructions else Time)(env, work)
        self.ways = {'off': [options.kiln, 'cargo'], 'on': [options.kiln, 'cargo', '--show']}

    def edit(self, file, number):
        begin = '\n'.join(shown.read_lines(file)).split(EDITED.split('%d')[0])[0]
        with open(file, 'w', encoding='utf-8') as f:
            f.write(begin + EDITED % number)

    def build(self, way):
        """The figure, and the program's size."""
        programs = []
        target = os.path.join(self.work, way)
        figure = self.measure.of(lambda env: programs.append(shown.build(self.ways[way], self.crate, env, target)))
        return figure, os.path.getsize(programs[0])

    def builds(self, turns):
        """By way: figures and sizes, of builds after what each turn prepares. Which way is first changes each time."""
        found = {way: [] for way in self.ways}
        for i, prepare in enumerate(turns):
            prepare()
            for way in sorted(self.ways, reverse=i % 2 == 1):
                found[way].append(self.build(way))
        return found

    def cold(self, n):
        """By way: the medians of n builds from nothing."""
        def remove():
            for way in self.ways:
                shutil.rmtree(os.path.join(self.work, way), ignore_errors=True)
        found = self.builds([remove] * n)
        return {way: [statistics.median(of) for of in zip(*rows)] for way, rows in found.items()}

    def edited(self):
        """By way: the sums of builds after an edit of each file that the library has."""
        compiled = set()
        for file in glob.glob(os.path.join(self.work, 'off/debug/deps/*.d')):
            compiled.update(word.rstrip(':') for line in shown.read_lines(file) for word in line.split())
        files = [file for file in self.sources if os.path.relpath(file, self.crate) in compiled]
        found = self.builds([functools.partial(self.edit, file, 11) for file in files])
        for file, off, on in zip(files, found['off'], found['on']):
            print('%-18s %s %.2f %+.1f %%' % ('', os.path.relpath(file, self.crate), off[0], 100 * (on[0] / off[0] - 1)), flush=True)
        return {way: [sum(of) for of in zip(*rows)] for way, rows in found.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', default=os.path.join(shown.ROOT, 'build/kiln'))
    p.add_argument('--toolchain', default='1.99.1')
    p.add_argument('--pairs', type=int, default=3)
    p.add_argument('--edits', type=int, default=8)
    p.add_argument('--instructions', action='store_true')
    p.add_argument('--sources', default=os.path.join(shown.ROOT, 'build/cache/crates'))
    p.add_argument('crates', nargs='*', default=shown.CRATES)
    options = p.parse_args()
    if options.instructions and not os.environ.get('KILN_BACKEND'):
        p.error('--instructions: KILN_BACKEND names no library')
    options.kiln, options.sources = map(os.path.abspath, (options.kiln, options.sources))
    env = dict(os.environ, RUSTUP_TOOLCHAIN=options.toolchain, RUST_BACKTRACE='0', LC_ALL='C.UTF-8')
    sums = {}
    for name in options.crates:
        with tempfile.TemporaryDirectory(prefix='kiln-cost-') as work:
            try:
                cost = Cost(name, options, env, work)
                found = {'cold': cost.cold(options.pairs), 'edit': cost.edited()}
            except shown.Failed as e:
                print('%s: %s' % (name, e), flush=True)
                continue
        row = []
        for what, ways in found.items():
            for at, unit in enumerate((cost.measure.unit, 'size') if what == 'cold' else (cost.measure.unit,)):
                off, on = ways['off'][at], ways['on'][at]
                total = sums.setdefault((what, unit), [0, 0, []])
                total[0] += off
                total[1] += on
                total[2].append(on / off)
                row.append('%s %s %.2f %+.1f %%' % (what, unit, off / 1e6 if unit == 'size' else off, 100 * (on / off - 1)))
        print('%-18s %s' % (name.split('@')[0], ', '.join(row)), flush=True)
    for (what, unit), (off, on, ratios) in sums.items():
        print('%s %s of %d crates: sum %+.1f %%, geometric mean %+.1f %%' % (
            what, unit, len(ratios), 100 * (on / off - 1), 100 * (statistics.geometric_mean(ratios) - 1)))


if __name__ == '__main__':
    main()
