#!/usr/bin/env python3
"""PostgreSQL's regression tests with its own JIT, llvmjit, by LLVM and under the shim: the same results.

    llvmjit.py --kiln=build/kiln [--suite=regress|isolation|plpgsql]

Every expression is compiled (jit_above_cost = 0). Ends with the modules that each compiler made, and 1 if results differ
or none was Kiln's.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../postgresql'))
import cluster  # noqa: E402
import suites  # noqa: E402

LIBRARIES = ('libkiln-shim.so', 'kiln')


class Shimmed(cluster.Cluster):
    """A server that was started by `kiln with`, whose log of units is in its folder."""

    def __init__(self, kiln, **settings):
        self.kiln, self.log = kiln, None
        super().__init__(**settings)

    def run(self, program, *args):
        if program != 'pg_ctl' or 'start' not in args:
            return super().run(program, *args)
        # The server's user may not be able to read the build's folder.
        tools = os.path.join(self.folder, 'bin')
        if not os.path.exists(tools):
            os.chmod(self.folder, 0o755)
            os.mkdir(tools)
            for name in os.listdir(os.path.dirname(self.kiln)):
                if name in LIBRARIES or name.startswith('libkiln.so'):
                    subprocess.run(['cp', '-a', os.path.join(os.path.dirname(self.kiln), name), tools], check=True)
        self.log = os.path.join(self.folder, 'units')
        command = ['env', 'KILN_LOG=' + self.log, os.path.join(tools, 'kiln'), 'with',
                   os.path.join(self.bin, program), *args]
        p = subprocess.run(cluster.as_user(command), stdout=subprocess.DEVNULL, cwd=self.folder)
        if p.returncode != 0:
            sys.exit('the server does not start under the shim')


def count(log):
    """Prints who compiled the modules; their number that Kiln did."""
    kiln, reasons = 0, collections.Counter()
    with open(log, errors='replace') as f:
        for line in f:
            if 'compiled by LLVM: ' in line:
                why = line.rstrip().partition('compiled by LLVM: ')[2]
                reasons[re.sub(r'^.*?error: | at bit \d+', '', why)] += 1
            else:
                kiln += 1
    print('modules: %d by Kiln, %d by LLVM' % (kiln, sum(reasons.values())))
    for why, n in reasons.most_common(20):
        print('  %d by LLVM: %s' % (n, why))
    return kiln


def run(c, suite):
    total, failed, differences = suites.run_suite(c, suite)
    crashes = c.crashes()
    print('%s: %d tests, %d fail: %s' % (suite, total, len(failed), ' '.join(failed) or 'none'), flush=True)
    for line in crashes:
        print('  ' + line)
    return total, differences, crashes


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', required=True)
    p.add_argument('--suite', default='regress', choices=list(suites.SUITES))
    args = p.parse_args()
    with cluster.Cluster(**suites.JIT) as c:
        print('by LLVM', flush=True)
        by_llvm = run(c, args.suite)
    with Shimmed(os.path.realpath(args.kiln), **suites.JIT) as c:
        print('under the shim', flush=True)
        by_kiln = run(c, args.suite)
        kiln = count(c.log)
    if by_kiln[1] != by_llvm[1]:
        path = os.path.join(cluster.ROOT, 'build', 'llvmjit-%s.diffs' % args.suite)
        with open(path, 'w') as f:
            f.write(by_kiln[1])
        print('results differ; the differences from what is expected: ' + path)
    return int(by_kiln[1] != by_llvm[1] or by_kiln[2] != [] or kiln == 0)


if __name__ == '__main__':
    sys.exit(main())
