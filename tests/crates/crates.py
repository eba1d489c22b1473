#!/usr/bin/env python3
"""Crates' own tests, built by cargo and by `kiln cargo`: the same tests with the same results.

    crates.py --kiln=build/kiln [--list] [--opt-level=N] [--panic=abort] [--debug=N] [--keep] [NAME...]

Sources come from crates.io (cargo vendor), at the versions below, into build/cache/crates. A row a crate: tests that
ran, objects that Kiln made and that LLVM made (with the reasons), user and system seconds of both builds.
"""
import argparse
import collections
import os
import re
import resource
import shutil
import subprocess
import sys

# Name, version, more arguments of cargo test. What needs a nightly compiler or the network is not here, nor what is
# published without its tests.
CRATES = [
    ('itoa', '1.0.18', []),
    ('semver', '1.0.28', []),
    ('smallvec', '1.16.5', []),
    ('hashbrown', '0.17.1', []),
    ('memchr', '2.8.3', ['--', '--skip', 'packedpair']), # minutes, at opt-level 0
    ('bytes', '1.12.1', []),
    ('indexmap', '2.14.2', []),
    ('anyhow', '1.0.104', []),
    ('serde_json', '1.0.154', []),
    ('num-bigint', '0.5.1', []),
    ('regex', '1.8.4', []), # later ones were published without files of their tests
]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(command, cwd, env, log):
    """Status, output, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, 'w') as out:
        status = subprocess.run(command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, errors='replace') as f:
        text = f.read()
    return status, text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fetch(name, version, cache):
    """The folder of a crate's source, with all that its tests depend on beside it."""
    folder = os.path.join(cache, '%s-%s' % (name, version))
    if os.path.exists(os.path.join(folder, 'done')):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, 'src'))
    with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
        f.write('[package]\nname = "fetch"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n' % (name, version))
    open(os.path.join(folder, 'src', 'lib.rs'), 'w').close()
    subprocess.run(['cargo', 'vendor', '--versioned-dirs', '--quiet'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    os.rename(os.path.join(folder, 'vendor', '%s-%s' % (name, version)), os.path.join(folder, 'crate'))
    shutil.rmtree(os.path.join(folder, 'vendor'))
    manifest = os.path.join(folder, 'crate', 'Cargo.toml')
    with open(manifest) as f:
        sections = re.split(r'(?m)^(?=\[)', f.read())
    with open(manifest, 'w') as f:
        # Benches, which are not run, and what measures them; and it is no part of the tree that it lies in.
        f.write(''.join(part for part in sections if not re.match(r'\[\[bench\]\]|\[dev-dependencies\.criterion\]', part)))
        f.write('\n[workspace]\n')
    if os.path.exists(os.path.join(folder, 'crate', 'Cargo.lock')):
        os.remove(os.path.join(folder, 'crate', 'Cargo.lock'))
    subprocess.run(['cargo', 'fetch', '--quiet'], cwd=os.path.join(folder, 'crate'), check=True)
    open(os.path.join(folder, 'done'), 'w').close()
    return folder


def results(text):
    """The tests and what became of each, without what differs from run to run."""
    return collections.Counter(re.findall(r'^test (.*?) \.\.\. (ok|FAILED|ignored)', text, re.M))


def log_of(path):
    """Objects by Kiln, and a count of each reason for which LLVM made one."""
    by_kiln, reasons = 0, collections.Counter()
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                if ': compiled by LLVM: ' in line:
                    why = line.split(': compiled by LLVM: ', 1)[1].strip()
                    reasons[re.sub(r'^.*error: ', '', re.sub(r' at bit \d+', '', why))] += 1
                else:
                    by_kiln += 1
    return by_kiln, reasons


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--cache', default=os.path.join(ROOT, 'build', 'cache', 'crates'))
    p.add_argument('--list', action='store_true')
    p.add_argument('--opt-level', default='0')
    p.add_argument('--panic', default='unwind')
    p.add_argument('--debug', default='2')
    p.add_argument('--jobs', default=None)
    p.add_argument('--keep', action='store_true', help='keep the folders of the builds')
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    if args.list:
        print('\n'.join(name for name, _, _ in CRATES))
        return 0
    unknown = set(args.names) - {name for name, _, _ in CRATES}
    if unknown:
        sys.exit('no crate %s; --list names them' % ', '.join(sorted(unknown)))
    kiln = os.path.abspath(args.kiln)
    bad = 0
    reasons = collections.Counter()
    for name, version, more in CRATES:
        if args.names and name not in args.names:
            continue
        folder = fetch(name, version, args.cache)
        outcome = {}
        for who, command in ('llvm', ['cargo']), ('kiln', [kiln, 'cargo']):
            target, log = os.path.join(folder, 'target-' + who), os.path.join(folder, 'log-' + who)
            shutil.rmtree(target, ignore_errors=True)
            if os.path.exists(log):
                os.remove(log)
            env = dict(os.environ, CARGO_TARGET_DIR=target, CARGO_PROFILE_TEST_OPT_LEVEL=args.opt_level,
                       CARGO_PROFILE_DEV_OPT_LEVEL=args.opt_level, CARGO_PROFILE_DEV_PANIC=args.panic,
                       CARGO_PROFILE_DEV_DEBUG=args.debug, CARGO_INCREMENTAL='0', KILN_LOG=log, RUST_TEST_THREADS='1',
                       KILN_OPT_LEVEL=args.opt_level)
            if args.jobs:
                env['CARGO_BUILD_JOBS'] = args.jobs
            build = run(command + ['test', '--no-run', '--lib', '--bins', '--tests'] + more,
                        os.path.join(folder, 'crate'), env, os.path.join(folder, 'build-' + who))
            test = run(command + ['test', '--no-fail-fast', '--lib', '--bins', '--tests'] + more,
                       os.path.join(folder, 'crate'), env, os.path.join(folder, 'test-' + who))
            outcome[who] = build[0], test[0], results(test[1]), build[2], test[2]
            if not args.keep:
                shutil.rmtree(target, ignore_errors=True)
        by_kiln, why = log_of(os.path.join(folder, 'log-kiln'))
        reasons += why
        a, b = outcome['llvm'], outcome['kiln']
        same = a[:3] == b[:3] and a[0] == 0 and sum(a[2].values()) > 0
        bad += not same
        counts = collections.Counter(what for (_, what), n in b[2].items() for _ in range(n))
        print('%-14s %s: %s; objects: %d by Kiln, %d by LLVM; build %.1f s, LLVM %.1f s; tests %.2f s, LLVM %.2f s' % (
            name, 'the same' if same else 'DIFFERS',
            ', '.join('%d %s' % (counts[k], k) for k in ('ok', 'FAILED', 'ignored') if counts[k]) or 'no tests',
            by_kiln, sum(why.values()), b[3], a[3], b[4], a[4]), flush=True)
        if not same:
            for (test, what), n in ((a[2] - b[2]) + (b[2] - a[2])).items():
                print('  %s: %s' % (test, what))
            print('  see %s' % folder)
    for why, n in reasons.most_common(12):
        print('%6d %s' % (n, why))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
