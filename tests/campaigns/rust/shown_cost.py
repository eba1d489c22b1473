#!/usr/bin/env python3
"""What `kiln cargo --show` costs (docs/showing-values.md): CPU time, user and system, of the build of the tests of the
libraries that shown.py has, and of the build after an edit of one function, with the option and without it in turn; and the
programs' sizes. Dependencies are compiled in both.

    shown_cost.py --kiln=build/kiln [--toolchain=NAME] [--pairs=3] [--edits=5] [NAME@VERSION...]

A crate's figure is the ratio of two medians. Nothing else should run on the machine.
"""
import argparse
import os
import resource
import shutil
import statistics
import tempfile

import shown

# The function that is edited.
EDITED = '''
#[cfg(test)]
mod kiln_edit {
    #[test]
    fn edited() { let a: u32 = "%d".parse().unwrap(); let b = (a, Some(a)); assert!(b.0 == a && b.1.is_some()); }
}
'''


class Cost:
    """A crate's two ways to be built."""
    def __init__(self, name, options, env, work):
        self.crate = os.path.join(work, 'crate')
        shutil.copytree(os.path.join(shown.crates.fetch(*name.split('@'), options.sources), 'crate'), self.crate)
        self.library = os.path.join(self.crate, 'src/lib.rs')
        self.text = '\n'.join(shown.read_lines(self.library))
        self.env, self.work = env, work
        self.ways = {'off': [options.kiln, 'cargo'], 'on': [options.kiln, 'cargo', '--show']}

    def build(self, way, number, cold):
        """Seconds of CPU time, and the program's size."""
        target = os.path.join(self.work, way)
        if cold: shutil.rmtree(target, ignore_errors=True)
        with open(self.library, 'w', encoding='utf-8') as f:
            f.write(self.text + EDITED % number)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = shown.build(self.ways[way], self.crate, self.env, target)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, os.path.getsize(program)

    def medians(self, n, cold):
        """By way: the medians of CPU time and of size. Which way is first changes each time."""
        found = {way: [] for way in self.ways}
        for i in range(n):
            for way in sorted(self.ways, reverse=i % 2 == 1):
                found[way].append(self.build(way, 10 + i, cold))
        return {way: [statistics.median(of) for of in zip(*rows)] for way, rows in found.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', default=os.path.join(shown.ROOT, 'build/kiln'))
    p.add_argument('--toolchain', default='1.99.1')
    p.add_argument('--pairs', type=int, default=3)
    p.add_argument('--edits', type=int, default=5)
    p.add_argument('--sources', default=os.path.join(shown.ROOT, 'build/cache/crates'))
    p.add_argument('crates', nargs='*', default=shown.CRATES)
    options = p.parse_args()
    options.kiln, options.sources = map(os.path.abspath, (options.kiln, options.sources))
    env = dict(os.environ, RUSTUP_TOOLCHAIN=options.toolchain, RUST_BACKTRACE='0', LC_ALL='C.UTF-8')
    sums = {}
    for name in options.crates:
        with tempfile.TemporaryDirectory(prefix='kiln-cost-') as work:
            try:
                cost = Cost(name, options, env, work)
                found = {'cold': cost.medians(options.pairs, True), 'edit': cost.medians(options.edits, False)}
            except shown.Failed as e:
                print('%s: %s' % (name, e), flush=True)
                continue
        row = []
        for what, ways in found.items():
            for at, unit in enumerate(('CPU', 'size') if what == 'cold' else ('CPU',)):
                off, on = ways['off'][at], ways['on'][at]
                total = sums.setdefault((what, unit), [0, 0, []])
                total[0] += off
                total[1] += on
                total[2].append(on / off)
                row.append('%s %s %.2f %+.1f %%' % (what, unit, off if unit == 'CPU' else off / 1e6, 100 * (on / off - 1)))
        print('%-18s %s' % (name.split('@')[0], ', '.join(row)), flush=True)
    for (what, unit), (off, on, ratios) in sums.items():
        print('%s %s of %d crates: sum %+.1f %%, geometric mean %+.1f %%' % (
            what, unit, len(ratios), 100 * (on / off - 1), 100 * (statistics.geometric_mean(ratios) - 1)))


if __name__ == '__main__':
    main()
