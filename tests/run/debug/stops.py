#!/usr/bin/env python3
"""stops.py KILN [OPTION...]: what a user does at random stops in real projects' tests, in gdb and in lldb, leads to the
same line in programs by Kiln as in those by LLVM.

Three projects in Rust, of crates.io, and two in C++, of Debian's sources, are built at -O0 with debug information: by cargo
or clang++, and by Kiln in the ways of --ways: `off` (no inlining), `foreign` (--inline=foreign) and `small` (--inline, -Og).
`O1` is LLVM's code at level 1, to show that differences are found. These last two are for comparison, and do not count. A
stop is a line of the project that both programs have a statement for, and that the tests reach, in its k-th time. There,
the debugger does a command:

    step, next, finish
    up        step, and then up

Compared is the user's line: that of the innermost frame, from the selected one on, whose file is the project's. A stop that
ends in a file of the standard library or of a package, while LLVM's does not, counts apart; so does a stop at which the
user's frames differ before the command. A step that stops again where it began, or in code of no line (0), is repeated.
Many stops share a run of the program, in which breakpoints are off while a command runs; a stop that differs counts if it
differs in a run of its own.

Backtraces: panics of stops/panics.rs and of the crates' tests that panic, with RUST_BACKTRACE=1 and full, name the same
places of the user's, and so do the user's frames at each throw and each catch of C++'s exceptions, in both debuggers.

Prints what differs, and for each debugger, command and way the counts; fails below 99 % of a way's stops, or if one ends in
the library alone, or if LLVM's commands hardly ever go elsewhere.
"""
import argparse
import collections
import difflib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import stops_projects as projects  # noqa: E402

COMMANDS = 'step', 'next', 'finish', 'up'
MOST = 5  # the last time that a line is reached which counts
DEBUGGERS = {
    'gdb': lambda program: ['gdb', '-nx', '-q', '-batch', '-x', HERE / 'stops_gdb.py', program],
    'lldb': lambda program: ['lldb-22', '-x', '-b', '-O', f'target create {program}', '-o',
                             f'command script import {HERE}/stops_lldb.py'],
}


def debug(options, debugger, program, run, seconds, **job):
    """What the script in the debugger writes of a run of the program."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = os.path.join(folder, 'job'), os.path.join(folder, 'out')
        job.update(out=out, root=str(run.root), cwd=str(run.cwd), args=run.args)
        with open(file, 'w', encoding='utf-8') as f:
            json.dump(job, f)
        env = dict(os.environ, STOPS_JOB=file, LC_ALL='C', DEBUGINFOD_URLS='', RUST_BACKTRACE='0')
        words = [str(w) for w in DEBUGGERS[debugger](program)]
        with open(os.path.join(folder, 'log'), 'w+', encoding='utf-8', errors='replace') as log:
            process = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                print(f'{run.name}: {debugger}: {job["what"]} takes more than {seconds} s', flush=True)
            projects.end(process)
            log.seek(0)
            if options.verbose:
                print(log.read()[-2000:])
        if not os.path.exists(out):
            return []
        found = []
        for line in pathlib.Path(out).read_text(encoding='utf-8').splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:  # ended while it wrote
                break
        for item in found:
            if isinstance(item, dict) and 'error' in item:
                print(f'{run.name}: {debugger}: {job["what"]}: {item["error"]}', flush=True)
        return [item for item in found if not (isinstance(item, dict) and 'error' in item)]


# ---- stops ----

def lines_of(options, run, program, known={}):
    """Lines of the project that have a statement in a program."""
    if program not in known:
        known[program] = {tuple(item) for item in debug(options, 'gdb', program, run, 300, what='lines')}
    return known[program]


def choose(options, run, programs):
    """Stops of a run: name, file, line, which time."""
    sets = [lines_of(options, run, program) for program in programs.values()]
    both = sorted(set.intersection(*sets))
    chance = random.Random(f'{options.seed} {run.name}')
    tried = chance.sample(both, min(len(both), 6 * run.stops + 100))
    covered = debug(options, 'gdb', programs['llvm'], run, 600, what='cover', cover=tried, most=MOST)
    reached = [item for item in covered if item[2]]
    print(f'{run.name}: {len(both)} lines with a statement in each program, {len(tried)} tried, {len(reached)} reached', flush=True)
    chance.shuffle(reached)
    return [(f'{run.name} {file}:{line}#{k}', file, line, k)
            for file, line, hits in reached[:run.stops] for k in [chance.randint(1, min(hits, MOST))]]


def outcomes(options, debugger, program, run, stops, alone=False):
    """By name. A run that ends early, or in which a command goes past stops, is followed by one for those left."""
    found = {}
    for _ in range(1 if alone else 4):
        left = [stop for stop in stops if stop[0] not in found]
        new = debug(options, debugger, program, run, options.seconds, what='stops', stops=left, alone=alone) if left else []
        found.update((item['name'], item) for item in new)
        if not new:
            break
    return found


def differs(theirs, ours):
    return (ours is None or ours['to'] != theirs['to'] or ours['at'] != theirs['at'] or
            (is_foreign(ours) and not is_foreign(theirs)))


def is_foreign(outcome):
    return outcome['inner'] is not None and outcome['inner'].startswith('/')


class Count:
    def __init__(self):
        self.same = self.differ = self.foreign = self.frames = self.lost = self.unsteady = self.again = self.our_again = self.moved = 0

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def shown(outcome):
    """Where the user is, and the innermost frame if that is another place."""
    if outcome is None:
        return '-'
    inner = outcome['inner']
    return outcome['to'] if inner in (None, outcome['to']) else f'{outcome["to"]} in {inner.rpartition("/library/")[2]}'


def judge(theirs, ours, count, say):
    if ours is None or ours['at'] != theirs['at']:  # there is nothing to compare
        count.lost += ours is None
        count.frames += ours is not None
        return say(f'another stop: LLVM {theirs["at"][:3]}, Kiln {ours["at"][:3]}' if ours else 'no stop', theirs, ours)
    if ours['to'] == theirs['to']:
        count.same += 1
    else:
        count.differ += 1
        say('another line', theirs, ours)
    if is_foreign(ours) and not is_foreign(theirs):
        count.foreign += 1
        say('in the library alone', theirs, ours)
    return None


def at_stops(options, debugger, command, programs, run, stops, counts):
    jobs = [(*stop, command) for stop in stops]
    found = {side: outcomes(options, debugger, program, run, jobs) for side, program in programs.items()}
    theirs = found.pop('llvm')
    if len(theirs) < len(jobs):
        print(f'{debugger}: {command}: {run.name}: {len(jobs) - len(theirs)} of {len(jobs)} stops not reached in LLVM\'s program', flush=True)
    again = {side: [stop for stop in jobs if stop[0] in theirs and differs(theirs[stop[0]], ours.get(stop[0]))] for side, ours in found.items()}
    alone = [stop for stop in jobs if any(stop in stops for stops in again.values())]
    theirs_alone = outcomes(options, debugger, programs['llvm'], run, alone, True)
    for side, ours in found.items():
        ours_alone = outcomes(options, debugger, programs[side], run, again[side], True)
        for stop in jobs:
            name, count = stop[0], counts[debugger, command, side]

            def say(what, a, b):
                print(f'{debugger}: {side}: {command}: {name}: {what}: LLVM {shown(a)}, Kiln {shown(b)}', flush=True)
            if name in theirs:
                count.again += theirs[name]['again'] != 0
                count.our_again += name in ours and ours[name]['again'] != 0
                count.moved += theirs[name]['to'] != theirs[name]['at'][0] or theirs[name]['inner'] != theirs[name]['to']
            if stop not in again[side]:
                count.same += name in theirs
            elif name not in theirs_alone:
                count.unsteady += 1
            else:
                judge(theirs_alone[name], ours_alone.get(name), count, say)


# ---- backtraces ----

def compare_places(what, theirs, ours, count):
    """Lists of the user's places; all are to be the same."""
    if not theirs:
        print(f'{what}: LLVM\'s names no place', flush=True)
        count.lost += 1
    for how, a, b, c, d in difflib.SequenceMatcher(None, [str(x) for x in theirs], [str(x) for x in ours], False).get_opcodes():
        if how == 'equal':
            count.same += b - a
        else:
            count.differ += max(b - a, d - c)
            print(f'{what}: LLVM {theirs[a:b]}, Kiln {ours[c:d]}', flush=True)


def throws(options, debugger, programs, run, counts):
    found = {side: debug(options, debugger, program, run, options.seconds, what='throws', most=options.throws) for side, program in programs.items()}
    for side in programs:
        if side != 'llvm':
            compare_places(f'{debugger}: {side}: {run.name}: throw', found['llvm'], found[side], counts[debugger, 'throw', side])


def panics(programs, run, counts):
    for level in '1', 'full':
        found = {side: projects.backtraces(program, run, level) for side, program in programs.items()}
        for side in programs:
            if side != 'llvm':
                compare_places(f'{side}: {run.name}: RUST_BACKTRACE={level}', found['llvm'], found[side],
                               counts['panic', 'backtrace ' + level, side])


# ---- the whole ----

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kiln', type=os.path.abspath)
    parser.add_argument('--work', type=pathlib.Path, default=HERE.parents[2] / 'build/cache/stops', help='sources and programs')
    parser.add_argument('--ways', default='off,foreign', help='of off, foreign, small and O1')
    parser.add_argument('--debuggers', default='gdb,lldb')
    parser.add_argument('--commands', default=','.join(COMMANDS) + ',throw,panic')
    parser.add_argument('--only', action='append', help='a project')
    parser.add_argument('--stops', type=int, default=200, help='of each project')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--seconds', type=int, default=400, help='for a run with many stops')
    parser.add_argument('--throws', type=int, default=100, help='throws and catches of each program in C++')
    parser.add_argument('--verbose', action='store_true', help='what debuggers print')
    options = parser.parse_args()
    ways, commands = options.ways.split(','), options.commands.split(',')
    debuggers = [d for d in options.debuggers.split(',') if shutil.which('lldb-22' if d == 'lldb' else d) or print(f'skipped: no {d}')]
    counts, projects_done = collections.defaultdict(Count), 0
    for project in projects.PROJECTS:
        if options.only and project.name not in options.only:
            continue
        programs = projects.build(project, options, ways)
        projects_done += 1
        if 'panic' in commands and project.rust:
            panics(programs, projects.backtraces_of(project, options), counts)
        if 'throw' in commands and not project.rust:
            for debugger in debuggers:
                throws(options, debugger, programs, projects.backtraces_of(project, options), counts)
        for run in projects.runs_of(project, options):
            if not set(commands) & set(COMMANDS):
                continue
            stops = choose(options, run, programs)
            for debugger in debuggers:
                for command in COMMANDS:
                    if command in commands:
                        at_stops(options, debugger, command, programs, run, stops, counts)
    return summary(counts, projects_done)


def summary(counts, projects_done):
    sums, idle = collections.defaultdict(Count), []
    for (debugger, command, way), count in sorted(counts.items()):
        steps = f', LLVM steps again {count.again}, Kiln {count.our_again}' if command in COMMANDS else ''
        print(f'{debugger}: {command}: {way}: same {count.same}, differ {count.differ}, in the library alone {count.foreign}; '
              f'another stop {count.frames}, no stop {count.lost}, not repeatable {count.unsteady}{steps}')
        if command in ('step', 'next', 'finish') and count.moved < 0.5 * count.same:  # up most often leads back to the line
            idle.append(f'{debugger}: {command}: {way}: goes elsewhere {count.moved} times only')
        sums[way].add(count)
    for way, count in sums.items():
        whole = count.same + count.differ
        print(f'{way}: {count.same} of {whole} ({count.same / max(whole, 1):.2%}), in the library alone {count.foreign}; '
              f'another stop {count.frames}, no stop {count.lost}')
    print(f'{projects_done} projects')
    print('\n'.join(idle), end='\n' * bool(idle))
    bad = [way for way, c in sums.items() if way in ('off', 'foreign') and (c.foreign or c.same < 0.99 * (c.same + c.differ))]
    return bool(bad or idle) or not any(c.same for c in sums.values())


if __name__ == '__main__':
    sys.exit(main())
