#!/usr/bin/env python3
"""Edits of functions that units and crates inline from each other, built incrementally in one target folder while the way
to build and what is inlined change. Each third edit is of a function that another crate inlines, each second one makes
tests fail. After each edit:

  - the program and the tests print, and end, as a build of the same source by the same way in an empty folder: messages of
    panics and backtraces included; the objects are the same bytes
  - with plain cargo they print the same, but for backtraces, whose frames in the workspace are the same; tests fail exactly
    after those edits that make them fail
  - where Kiln is rustc's code generator, exactly those units are compiled again that have read what changed, as the rules of
    docs/inlining.md and of rustc's partitioning predict it (calls.py)

    inlined.py --kiln=build/kiln [--toolchain=NAME] [--rustup=FOLDER] [--edits=60] [--seeds=1,2,...] [--no-faults] [--keep]

An edit changes a number or an operation, what a function calls, its attributes, what its static variable begins with, a
constant that it reads, a comment, or the lines of all functions of a module. Ways: `kiln cargo`, with --inline, with --inline=foreign, and the shim with --inline; plain cargo in
between. Modes: levels of debug information, checks of overflow. --edits: so many for each seed.

At the end of the first seed, faults are planted, each of which has to be found: an old object in the incremental folder, an
edit that the prediction does not know, and one that the source does not have. --no-faults: none, for a long campaign in parts.

--toolchain: of rustup's; the default is the first of integrations/rustc/rust-toolchains. `kiln cargo --setup` is run for it.
"""
import argparse
import collections
import concurrent.futures
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import calls
import edits
from edits import ROOT, beside, flag, harness

# Plain names, so that units have those of modules; a compiler that is no nightly takes the option with the variable.
NAMED = {'CARGO_ENCODED_RUSTFLAGS': '-Zhuman-readable-cgu-names=yes', 'RUSTC_BOOTSTRAP': '1'}
# Units are predicted only where rustc merges none.
UNMERGED = {**NAMED, **flag('CODEGEN_UNITS', '256')}
# What is dereferenced is not checked, so that functions with a static variable stay small; overflow is.
CHECKED = {**flag('DEBUG_ASSERTIONS', 'false'), **flag('OVERFLOW_CHECKS', 'true')}
# By name: words of kiln, variables, what is inlined (None: nothing is predicted), how often.
WAYS = {'library': (['cargo'], UNMERGED, '', 2), 'inline': (['cargo', '--inline'], NAMED, 'small', 6),
        'foreign': (['cargo', '--inline=foreign'], UNMERGED, 'foreign', 3), 'foreign16': (['cargo', '--inline=foreign'], {}, None, 1),
        'shim+inline': (['cargo', '--no-bootstrap', '--inline'], {}, None, 1), 'plain': (None, NAMED, None, 1)}
MODES = {'-': {}, 'lines': flag('DEBUG', 'line-tables-only'), 'no debug': flag('DEBUG', '0'), 'overflow': flag('OVERFLOW_CHECKS', 'false')}
TESTS = 'test', '-p', 'high', '--lib', '--no-fail-fast'
SHOWN = '--', '--show-output', '--test-threads=1'
BACKTRACE = re.compile(r'(?m)^stack backtrace:\n((?: +\d+: .*\n(?: +at .*\n)?)*)(?:note: .*\n)*')
FRAME = re.compile(r'(?m)^ +\d+: (.*)\n(?: +at (.*)\n)?')


def messages(text):
    """What tests print, without backtraces and hints."""
    return re.sub(r'(?m)^note: run with .*\n', '', BACKTRACE.sub('', text))


def frames(text, mode):
    """Those in the workspace's files, of each backtrace. With lines alone, LLVM's entries of functions that it has inlined
    have no more than the last part of a name."""
    short = (lambda name: re.sub(r'<[^ ]*$', '', name).rstrip(':').split('::')[-1]) if mode == 'lines' else str
    own = [[f for f in FRAME.findall(trace) if re.search(r'/(outside-0.1.0|low|high)/|^\./', f[1])] for trace in BACKTRACE.findall(text)]
    return [[(short(name), at) for name, at in trace] for trace in own]


class Builder:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.source = os.path.join(work, 'source')
        self.other_calls = False # have calls or attributes changed?
        self.last = {} # by way and mode: what the units of its last build have read
        self.counts = collections.Counter()
        os.makedirs(self.source)

    def write(self, state):
        edits.State.write(state, self.source)

    def cargo(self, target, way, mode, *words):
        """Status, what is printed, and the units that were compiled."""
        ways, env, _, _ = WAYS[way]
        command = [self.args.kiln, *ways] if ways else ['cargo']
        log = os.path.join(self.work, 'log-' + target)
        if os.path.exists(log): os.unlink(log)
        env = dict(self.args.env, CARGO_TARGET_DIR=os.path.join(self.work, target), CARGO_BUILD_JOBS='2', CARGO_INCREMENTAL='1',
                   KILN_LOG=log, **{**CHECKED, **env, **MODES[mode]})
        done = subprocess.run([*command, *words], cwd=self.source, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        text = open(log).read() if os.path.exists(log) else ''
        units = [re.sub(r'\.[0-9a-f]{10,16}\b', '', unit) for unit in re.findall(r'(?m)^(\S+): \d+ functions', text)]
        return done, units, re.findall('.*compiled by LLVM.*|.*left to the shim.*', text)

    def build(self, target, way, mode):
        """Builds program and tests, and runs them: what they do, and the units that were compiled."""
        done, built, llvms = self.cargo(target, way, mode, 'build', '--quiet', '--offline')
        if done.returncode: raise harness.Failure('%s: the build fails:\n%s' % (way, done.stderr[-3000:]))
        tests, of_tests, more = self.cargo(target, way, mode, *TESTS, '--quiet', '--offline', *SHOWN)
        if 'test result' not in tests.stdout: raise harness.Failure('%s: no test runs:\n%s' % (way, tests.stderr[-3000:]))
        ran = subprocess.run([os.path.join(self.work, target, 'debug/program')], capture_output=True, text=True, env=self.args.env)
        text = re.sub(r'finished in \S+', '', re.sub(r"(thread '.*') \(\d+\)", r'\1', tests.stdout))
        units = {(unit.split('-in-')[-1].split('-')[0].split('.')[0], unit) for unit in built} | {('test', unit) for unit in of_tests}
        return {'program': (ran.returncode, ran.stdout, ran.stderr), 'status of tests': tests.returncode, 'tests': text}, units, llvms + more

    def check(self, state, way, mode):
        """What is wrong after an edit."""
        shutil.rmtree(os.path.join(self.work, 'clean'), ignore_errors=True)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            builds = [pool.submit(self.build, *words) for words in (('target', way, mode), ('reference', 'plain', mode), ('clean', way, mode))]
        (got, units, llvms), (plain, _, _), (fresh, _, _) = (build.result() for build in builds)
        bad = ['by LLVM: %s' % llvms[0]] if llvms and WAYS[way][2] is not None else []
        bad += self.predicted(state, way, mode, units)
        traces, others = (frames(made['tests'], mode) for made in (got, plain))
        self.counts.update({'tests that pass': sum(map(int, re.findall(r'(\d+) passed', got['tests']))),
                            'tests that fail': sum(map(int, re.findall(r'(\d+) failed', got['tests']))),
                            'backtraces': len(traces), 'frames': sum(map(len, traces))})
        if (plain['status of tests'] != 0) != any(f.trap for f in state.editable()): bad.append('tests fail without a reason, or pass')
        for k in 'program', 'status of tests':
            if got[k] != plain[k]: bad.append('%s, beside plain cargo: %s' % (k, beside(str(got[k]), str(plain[k]))))
        if messages(got['tests']) != messages(plain['tests']):
            bad.append('tests, beside plain cargo: ' + beside(messages(got['tests']), messages(plain['tests'])))
        if traces != others: bad.append('frames, beside plain cargo: ' + beside(str(traces), str(others)))
        bad += ['%s, beside a fresh build: %s' % (k, beside(str(got[k]), str(fresh[k]))) for k in got if got[k] != fresh[k]]
        return bad + (self.same_objects() if way != 'plain' else [])

    def same_objects(self):
        own, other = (edits.hashes(os.path.join(self.work, target)) for target in ('target', 'clean'))
        differ = [k for k in other if own.get(k) != other[k]]
        self.counts['objects compared'] += len(other)
        return ['%d of %d objects differ: %s' % (len(differ), len(other), differ[:3])] if differ else []

    def predicted(self, state, way, mode, units):
        """How the units that were compiled are not those that had to be."""
        inlining = WAYS[way][2]
        if inlining is None: return []
        now = calls.Units(state, calls.Way(inlining), mode != 'no debug', mode in ('-', 'overflow')).units
        last, self.last[way, mode] = self.last.get((way, mode)), now
        if last is None: return []
        wanted = {unit for unit in now if last.get(unit) != now[unit]}
        found = {unit for unit in units if unit in now or unit in last}
        other = {unit for unit in units - found if not unit[1].endswith('allocator')}
        for crate in ('program', 'test') if inlining == '' else ():
            # Without inlining, each unit of a program reads which of the crate's functions are reachable (module.rs, is_closed).
            if {unit for unit in now if unit[0] == crate} <= found and self.other_calls:
                self.counts['programs compiled whole'] += 1
                found = {unit for unit in found if unit[0] != crate} | {unit for unit in wanted if unit[0] == crate}
                other = {unit for unit in other if unit[0] != crate}
        self.counts['units compiled as predicted'] += len(found & wanted)
        self.counts['units not compiled as predicted'] += len(now) - len(found | wanted)
        bad = ['not compiled: %s' % sorted(wanted - found)] if wanted - found else []
        bad += ['compiled without a reason: %s' % sorted(found - wanted)] if found - wanted else []
        return bad + (['other units: %s' % sorted(other)] if other else [])


# ---- planted faults ----

def settle(b, state):
    for f in state.editable(): f.trap = False
    b.write(state)
    shutil.rmtree(os.path.join(b.work, 'target'))
    b.last.clear()
    bad = b.check(state, 'inline', '-')
    if bad: sys.exit('before a fault is planted: %s' % bad)


def inlined_number(state):
    """Edits a function that another crate inlines."""
    f = state.inlined_elsewhere()[0]
    f.number += 1


def plant_object(b, state):
    """Objects of the build before the edit take the places of those after it."""
    settle(b, state)
    target = os.path.join(b.work, 'target')
    kept = {key: open(path, 'rb').read() for key, path in edits.objects(target).items()}
    inlined_number(state)
    b.write(state)
    b.check(state, 'inline', '-')
    for key, path in edits.objects(target).items():
        if key[1].startswith('high') and key in kept:
            os.unlink(path) # the object may have another name, too
            with open(path, 'wb') as f: f.write(kept[key])
    with open(os.path.join(b.source, 'high/src/lib.rs'), 'a') as f: f.write('// nothing\n')
    return [text for text in b.check(state, 'inline', '-') if 'objects differ' not in text]


def plant_unknown(b, state):
    """The source has an edit that the prediction does not know."""
    settle(b, state)
    b.check(state, 'inline', '-')
    inlined_number(state)
    b.write(state)
    last = b.last['inline', '-']
    b.predicted = lambda _, *words: Builder.predicted(b, before, *words)
    before = copy.deepcopy(state)
    next(f for f in before.editable() if f.name == state.inlined_elsewhere()[0].name).number -= 1
    bad = b.check(state, 'inline', '-')
    del b.predicted
    assert last
    return bad


def plant_missing(b, state):
    """The prediction has an edit that the source does not have."""
    settle(b, state)
    inlined_number(state)
    return b.check(state, 'inline', '-')


def plant(b, state):
    """How many planted faults are not found."""
    lost = 0
    for fault in plant_object, plant_unknown, plant_missing:
        bad = fault(b, state)
        print('planted: %s found: %s' % (fault.__doc__, (bad[0] if bad else 'NOT')[:200]), flush=True)
        lost += not bad
    return lost


# ---- the campaign ----

def switch(rng, way, mode):
    """The next way and mode."""
    if rng.randrange(3) == 0: way = rng.choices(list(WAYS), [row[3] for row in WAYS.values()])[0]
    if rng.randrange(4) == 0: mode = rng.choice(list(MODES))
    return way, mode


def campaign(args, seed, work):
    """How many edits of a seed are wrong, and faults not found; what was counted."""
    rng = random.Random(seed)
    state, b = calls.State(rng), Builder(args, work)
    failed, way, mode = 0, 'inline', '-'
    for i in range(args.edits + 1):
        f, what = state.edit(i) if i else (None, 'the first build')
        b.other_calls |= what in ('calls', 'kind')
        if i: way, mode = switch(rng, way, mode)
        b.write(state)
        try: bad = b.check(state, way, mode)
        except harness.Failure as e: bad = [str(e)]
        failed += bool(bad)
        b.counts['edits'] += bool(i)
        b.counts['by %s' % way] += 1
        print('%d:%-3d %-15s %-12s %-12s %-9s %s' % (seed, i, what, '%s %s' % (f.kind, f.name) if f else '', way, mode,
                                                     'FAILED: ' + '; '.join(bad) if bad else 'the same'), flush=True)
    if seed == args.seeds[0] and not args.no_faults: failed += plant(b, state)
    return failed, b.counts


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--edits', type=int, default=60)
    p.add_argument('--seeds', default='1', type=lambda text: [int(word) for word in text.split(',')])
    p.add_argument('--no-faults', action='store_true')
    args = edits.parse(p, '1')
    backend, text = harness.code_generator(args.kiln, args.env)
    if not backend: sys.exit('Kiln is not rustc\'s code generator: ' + text[-300:])
    failed, counts = 0, collections.Counter()
    for seed in args.seeds:
        work = tempfile.mkdtemp(prefix='kiln-inlined-')
        try:
            bad, of_seed = campaign(args, seed, work)
            failed, counts = failed + bad, counts + of_seed
        finally:
            if args.keep: print('kept: ' + work)
            else: shutil.rmtree(work)
    print('; '.join('%s: %d' % c for c in counts.items()))
    print('%d edits, seeds %s: %s' % (counts['edits'], ', '.join(map(str, args.seeds)), '%d FAILED' % failed if failed else 'all as predicted'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
