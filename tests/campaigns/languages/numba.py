#!/usr/bin/env python3
"""numba's own tests, by LLVM alone and with Kiln as the code generator of llvmlite (kiln_codegen.llvmlite): the same
results.

    numba.py [--library=LIBKILN] [--count=N] [--seed=N] [--opt=0,3] [--ways=kiln,llvm] [--seconds=N] [--work=FOLDER]
             [--keep=FILE]

Installs numba and a wheel of this tree in an environment in build/numba: PyPI is needed once. The sample is --count tests
(1,500) that --seed chooses, at each of the levels of NUMBA_OPT. Tests run in processes of 40; one that ends the process,
or takes more than --timeout seconds, is a failure, and the rest goes on in another. --seconds ends each run after that
time; with --work, the next call goes on where the last one of the same sample ended, and reports all. Prints counts, tests whose results differ, and the modules by whom; 1 if results differ or fewer than 99.9 % of
the modules are Kiln's."""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NUMBA = 'numba==0.68.1'
CHUNK = 40
LEAST = 0.999  # of the modules
LOGGED = re.compile(r'^(.*): (?:(\d+) functions, (\d+) instructions|compiled by LLVM: (.*))$')
# Runs the tests that it is given by name and writes a line for each at its beginning and its end.
RUNNER = '''
import json, os, signal, sys, time, unittest, warnings
warnings.simplefilter('ignore')
if os.environ['WAY'] == 'kiln':
    import kiln_codegen.llvmlite
    kiln_codegen.llvmlite.install()
out = open(sys.argv[1], 'a', buffering=1)
class Late(BaseException): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
for name in sys.stdin.read().split():
    out.write(json.dumps(['begins', name]) + '\\n')
    result = unittest.TestResult()
    begun = time.process_time()
    signal.alarm(int(sys.argv[2]))
    try:
        unittest.defaultTestLoader.loadTestsFromName(name).run(result)
        what = 'failed' if result.failures or result.unexpectedSuccesses else 'error' if result.errors else 'skipped' if result.skipped else \\
            'expected failure' if result.expectedFailures else 'passed'
    except Late:
        what = 'late'
    signal.alarm(0)
    why = [t[-400:] for _, t in result.failures + result.errors]
    out.write(json.dumps(['ends', name, what, round(time.process_time() - begun, 3), why]) + '\\n')
'''
def environment(library):
    """The interpreter of an environment with numba and this tree's package."""
    folder = ROOT / 'build/numba'
    python = folder / 'bin/python'
    if not python.exists():
        subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
    subprocess.run([python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', NUMBA, 'scipy'], check=True)
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([ROOT / 'bindings/python/wheel.py', f'--library={library}', f'--out={wheels}'], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-index', '--no-deps', '--force-reinstall',
                        *Path(wheels).glob('*.whl')], check=True)
    return python


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(python, names, way, opt, args, work):
    """{name: (what came of it, CPU time, why)} of the tests, and the log of the modules."""
    log, kept, stop = work / f'{way}-{opt}.log', work / f'{way}-{opt}.json', time.monotonic() + args.seconds
    found = {n: tuple(r) for n, r in json.loads(kept.read_text()).items()} if kept.exists() else {}
    env = {**os.environ, 'WAY': way, 'NUMBA_OPT': str(opt), 'KILN_LOG': str(log), 'NUMBA_CACHE_DIR': str(work / f'cache-{way}-{opt}')}
    left = [n for n in names if n not in found]
    while left and time.monotonic() < stop:
        said = work / 'said'
        said.unlink(missing_ok=True)
        chunk = left[:CHUNK]
        subprocess.run([python, '-c', RUNNER, said, str(args.timeout)], input='\n'.join(chunk), text=True, env=env, cwd=work,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = None
        for line in read(said):
            if line[0] == 'ends':
                found[line[1]], begun = tuple(line[2:]), None
            else:
                begun = line[1]
        if begun is not None:
            found[begun] = ('ended the process', 0, [])
        elif not any(n in found for n in chunk):
            sys.exit('numba.py: no test ran')
        left = [n for n in left if n not in found]
        kept.write_text(json.dumps(found))
    return found, log.read_text().splitlines() if log.exists() else []


def report_modules(lines):
    """Prints whose the modules are; true if enough are Kiln's."""
    kiln, reasons = 0, collections.Counter()
    for line in lines:
        m = LOGGED.match(line)
        if m and m[4]:
            reasons[m[4]] += 1
        elif m:
            kiln += 1
    every = kiln + sum(reasons.values())
    print(f'  modules: {kiln} of {every} by Kiln ({100 * kiln / max(every, 1):.3f} %)')
    for reason, n in reasons.most_common(10):
        print(f'    {n} by LLVM: {reason}')
    return kiln >= LEAST * every and every > 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--library', default=ROOT / 'build/tests/tool/libkiln-for-wheel.so')
    p.add_argument('--python', help='an environment that has both packages')
    p.add_argument('--count', type=int, default=1500)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--opt', default='0,3')
    p.add_argument('--ways', default='kiln,llvm')
    p.add_argument('--timeout', type=int, default=300)
    p.add_argument('--seconds', type=int, default=10 ** 9)
    p.add_argument('--work', type=Path)
    p.add_argument('--keep', type=Path)
    args = p.parse_args()
    python = args.python or environment(args.library)
    said = subprocess.run([python, '-m', 'numba.runtests', '-l'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    listed = sorted({line for line in said.splitlines() if line.startswith('numba.tests.')})
    names = random.Random(args.seed).sample(listed, min(args.count, len(listed)))
    print(f'{len(names)} of {len(listed)} tests, seed {args.seed}')
    failed = False
    with tempfile.TemporaryDirectory() as new:
        folder = args.work or new
        os.makedirs(folder, exist_ok=True)
        for opt in map(int, args.opt.split(',')):
            results = {}
            for way in args.ways.split(','):
                results[way], log = run(python, names, way, opt, args, Path(folder))
                counts = collections.Counter(r[0] for r in results[way].values())
                print(f'NUMBA_OPT={opt}, {way}: {dict(counts.most_common())}, {sum(r[1] for r in results[way].values()):.0f} s of CPU time', flush=True)
                if way == 'kiln':
                    failed |= not report_modules(log)
            both = set.intersection(*(set(r) for r in results.values()))
            for name in sorted(both):
                whats = [r[name][0] for r in results.values()]
                if len(set(whats)) > 1:
                    failed = True
                    print(f'  differs: {name}: {dict(zip(results, whats))}')
            if args.keep:
                args.keep.with_suffix(f'.{opt}').write_text(json.dumps(results, indent=1))
    sys.exit(failed)


if __name__ == '__main__':
    main()
