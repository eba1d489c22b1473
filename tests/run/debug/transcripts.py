#!/usr/bin/env python3
"""transcripts.py KILN [OPTION...] [FILE...]: goes through programs in gdb as LLVM -O0 -g and Kiln compiled them from the
same bitcode, in the ways that tracer.py lists, and compares stops (function and line of all frames) and values (arguments
and locals of all frames; what gdb answers to commands). A value counts from the line after its declaration on; clang sets
all variables to zero there, since what was in memory before would differ. Values that gdb shows in Kiln's program alone are
counted apart. A step that stops at the line where it began does not count: docs/debugging.md says why. Where only one side
stops, it alone would change a variable: the way `set` is repeated without changes at that line. Prints each difference and
the shares; fails below 99 % of stops or of values.
With --inline, docs/internals/forwarding.md says what is compared.

FILE: C, C++ or Rust; default: programs/ beside this script, and those of tests/run/programs that are not named below.
C++ is shown by libstdc++'s printers, Rust by those of rust-gdb; what rustc compiled is linked by it twice."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'harness'))
import harness  # noqa: E402
import lldb_trace  # noqa: E402
from progress import progress  # noqa: E402

PROGRAMS = HERE.parent / 'programs'
CLANG = os.environ.get('CLANG', 'clang-22')
SIDES = 'theirs', 'ours'
WAYS = ('step', 'next', 'lines', 'commands', 'condition', 'set', 'watch')
# These catch signals, are long, or have threads whose order differs; of the C programs they show nothing that others do not.
# In bfloat.c LLVM's code calls functions of the program that Kiln's has no need of, asm_operands.c reads a counter of time.
LEAVE = {'interrupts.c', 'narrow_addresses.c', 'wide_integers.c', 'int128_idioms.c', 'long_double_all.c', 'atomics_wide.c',
         'bfloat.c', 'asm_operands.c'}


def run(command, **more):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **more)


# ---- compiling ----

def inlining(options):
    return ['--inline=small'] if options.inline else ['--inline=foreign'] if options.foreign else []


def compile_c(options, file, folder):
    """Programs `theirs` and `ours` from one bitcode."""
    cxx = file.suffix != '.c'
    aarch64 = options.target == 'aarch64'
    machine = [f'--target={options.target}-linux-gnu']
    compiler = [CLANG.replace('clang', 'clang++') if cxx else CLANG]
    link = [('aarch64-linux-gnu-g++' if cxx else 'aarch64-linux-gnu-gcc'), '-static'] if aarch64 else compiler
    level = harness.AS_OG if options.inline else ['-O0']
    run([*compiler, *machine, '-w', *level, '-g', '-ftrivial-auto-var-init=zero', *(['-std=c++17'] if cxx else []),
         *options.flags.split(), '-emit-llvm', '-c', file, '-o', folder / 'p.bc'])
    run([CLANG, *machine, '-O0', '-c', folder / 'p.bc', '-o', folder / 'theirs.o'])
    if options.by:
        run([*options.by.split(), *machine * ('clang' in options.by), '-w', '-g', '-ftrivial-auto-var-init=zero',
             *(['-std=c++17'] if cxx else []), *options.flags.split(), '-c', file, '-o', folder / 'ours.o'])
    else:
        run([options.kiln, 'compile', *inlining(options), folder / 'p.bc', '-o', folder / 'ours.o'])
        run(['llvm-dwarfdump-22', '--verify', folder / 'ours.o'])
    for side in SIDES:
        run([*link, folder / f'{side}.o', '-o', folder / side, '-lm', '-lpthread'])


def compile_rust(options, file, folder):
    if options.backend:
        cross = ['--target=' + harness.AARCH64, '-Clinker=aarch64-linux-gnu-gcc', '-Ctarget-feature=+crt-static']
        for side, by in ('theirs', []), ('ours', ['-Zcodegen-backend=' + options.backend]):
            run(['rustc', '--edition=2021', '-A', 'warnings', '-g', '-C', 'codegen-units=1', *by,
                 *(cross if options.target == 'aarch64' else []), file, '-o', folder / side],
                env=dict(os.environ, RUSTC_BOOTSTRAP='1', KILN_INLINE=''.join(inlining(options)).replace('--inline=', '')))
        return
    linker = HERE.parent / 'bitcode/producers/link.sh'
    run(['rustc', '--edition=2021', '-A', 'warnings', '-g', '-C', 'codegen-units=1', '-C', 'save-temps', '-C',
         'linker-flavor=gcc', '-C', f'linker={linker}', file, '-o', folder / 'theirs'],
        env=dict(os.environ, KILN=options.kiln, KILN_OPTIONS=''.join(inlining(options))))
    (folder / 'theirs.kiln').rename(folder / 'ours')


# ---- tracing ----

def trace(options, file, folder, side, modes=None, leave=()):
    if options.debugger == 'lldb':
        return lldb_trace.trace(folder / side, file.name, options.stops, options.seconds)
    out, program = folder / f'{side}{"-" + modes if modes else ""}.json', folder / side
    rust = file.suffix == '.rs'
    env = dict(os.environ, TRACE_OUT=str(out), TRACE_STOPS=str(options.stops), TRACE_SOURCE=file.name,
               TRACE_MAIN=f'{file.stem}::main' if rust else 'main', TRACE_MODES=modes or options.ways,
               TRACE_LEAVE=' '.join(map(str, leave)), LC_ALL='C')
    gdb, stub = ('rust-gdb' if rust else 'gdb'), None
    if options.target == 'aarch64':
        gdb = 'rust-gdb' if rust else 'gdb-multiarch'
        env['RUST_GDB'] = 'gdb-multiarch'
        env['TRACE_REMOTE'] = str(folder / 'socket')
        env['TRACE_MODES'] = 'step'
        stub = subprocess.Popen(['qemu-aarch64', '-g', env['TRACE_REMOTE'], str(program)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if (folder / 'socket').exists():
                break
            time.sleep(0.05)
    command = [gdb, '-nx', '-q', '-batch', '-x', str(HERE / 'tracer.py'), str(program)]
    debugger = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder)
    try:
        debugger.wait(options.seconds)
    except subprocess.TimeoutExpired:
        os.killpg(debugger.pid, 9)
        debugger.wait()
    if stub:
        stub.kill()
        stub.wait()
        (folder / 'socket').unlink(missing_ok=True)
    ways = collections.defaultdict(list)
    for line in out.read_text().splitlines() if out.exists() else ():
        try:
            way, place, values, text = json.loads(line)
        except ValueError:  # killed while it wrote
            continue
        ways[way].append((tuple(map(tuple, place)), values, text))
    return ways


def trace_both(options, file, folder):
    sides = [trace(options, file, folder, side) for side in SIDES]
    leave = set()
    for _ in range(4):
        alone = stops_alone(*(ways.get('set', ()) for ways in sides)) - leave
        if not alone:
            break
        leave |= alone
        for side, ways in zip(SIDES, sides):
            ways['set'] = trace(options, file, folder, side, 'set', leave)['set']
    return sides


# ---- comparing ----

def values(stop):
    """(depth, name, line) -> (type, value, what it points to) of what is set."""
    found = {}
    place, frames, text = stop
    for depth, variables in enumerate(frames):
        for name, declared, type_, value, *leads in variables:
            if declared < place[depth][2] and not name.startswith('__') and not text.endswith('out of scope'):
                found.setdefault((depth, name, declared), (type_, value, *leads))
    if text and text != 'end':
        found[(0, text.partition(':')[0], 0)] = ('', text.partition(':')[2])
    return found


SYNTHETIC = re.compile('@?(PTR|<synthetic pointer>)')


def same(wanted, got):
    """Where an address is does not count. A pointer to what is in registers has none: what it leads to counts."""
    if got is None or '<synthetic pointer>' not in got[1]:
        return got is not None and wanted[:2] == got[:2]
    return SYNTHETIC.sub('PTR', wanted[1]) == SYNTHETIC.sub('PTR', got[1]) and wanted[2:] == got[2:]


class Result:
    def __init__(self):
        self.same = self.stops = self.more = self.right = self.values = self.only = self.again = self.our_again = 0
        self.differences = []

    def add(self, other):
        for name in ('same', 'stops', 'more', 'right', 'values', 'only', 'again', 'our_again'):
            setattr(self, name, getattr(self, name) + getattr(other, name))


BRACES = re.compile(r'[\s{}();,]*(//.*)?$')
HEADER = re.compile(r'(?!\s*(\} *)?(if|else|for|while|switch|do|try|catch|case|return)\b).*[)>\w] *(const|noexcept|override)? *\{')


def statements(file):
    """Lines that say more than that a function begins or a block ends: what is inlined need not have code for those."""
    lines = file.read_text(errors='replace').splitlines()
    return {n + 1 for n, line in enumerate(lines) if not BRACES.match(line) and not HEADER.match(line)}


def pairs(theirs, ours, wanted, got, cut):
    """Indices of the stops that both have, in order: as many as can be, and of these those with the most equal values. If a
    side was cut off, each stop of LLVM that is left out before the last pair costs a quarter of a pair: what both have by
    chance at their ends is no pair."""
    stop, left_out = 4 << 20, cut << 20  # in values

    def weight(i, j):
        return stop + len(wanted[i].items() & got[j].items()) if theirs[i] == ours[j] else 0

    best = [[0] * (len(ours) + 1) for _ in range(len(theirs) + 1)]
    for i in reversed(range(len(theirs))):
        for j in reversed(range(len(ours))):
            best[i][j] = max(best[i + 1][j] - left_out, best[i][j + 1], best[i + 1][j + 1] + weight(i, j))
    i = j = 0
    while i < len(theirs) and j < len(ours) and best[i][j] > 0:
        if theirs[i] == ours[j] and best[i][j] == best[i + 1][j + 1] + weight(i, j):
            yield i, j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1


def keys(side):
    return [(s[0], s[2].partition(':')[0]) for s in side]


def brief(stops):
    """Values without what their pointers lead to."""
    return [{at: value[:2] for at, value in stop.items()} for stop in stops]


def stops_alone(theirs, ours):
    """Lines of the stops that one side has alone up to the first change of a variable that one side makes alone; none if there
    is no such change."""
    theirs, ours = ([s for s in side if s[2] != 'again'] for side in (theirs, ours))
    lines, a, b = set(), 0, 0
    found = pairs(keys(theirs), keys(ours), *(brief([values(s) for s in side]) for side in (theirs, ours)), False)
    for i, j in [*found, (len(theirs), len(ours))]:
        if i == len(theirs) and (a == i or b == j):  # one side goes on
            break
        alone = theirs[a:i] + ours[b:j]
        lines |= {s[0][0][2] for s in alone if s[0]}
        if any(s[2].startswith('set ') for s in alone):
            return lines
        a, b = i + 1, j + 1
    return set()


def is_shown(value):
    return value is not None and not value[1].startswith(('<optimized out>', '<error', '<not in memory>'))


def compare(name, way, theirs, ours, limit, lines=None):
    """One way through one program. What is only at the end of one side, because the other had reached the limit, does not
    count. With `lines` stops there alone do."""
    r = Result()
    r.again, r.our_again = (sum(s[2] == 'again' for s in side) for side in (theirs, ours))
    theirs, ours = ([s for s in side if s[2] != 'again'] for side in (theirs, ours))
    # A side without an end was killed: LLVM's, by the time limit; Kiln's misses what follows, then.
    ended = [bool(side) and side[-1][2] == 'end' for side in (theirs, ours)]
    at_limit = [e and len(side) > limit for e, side in zip(ended, (theirs, ours))]
    excused = at_limit[1], at_limit[0] or not ended[0]  # LLVM's last stops, Kiln's
    if not ended[1]:
        r.differences.append(f'{name}: {way}: Kiln\'s transcript breaks off')
    cut = any(at_limit) or not all(ended)
    if cut:
        theirs, ours = ([s for s in side if s[2] != 'end'] for side in (theirs, ours))
    if lines is not None:
        theirs, ours = ([s for s in side if not s[0] or s[0][0][2] in lines] for side in (theirs, ours))
        if way in ('step', 'next'):  # at the same line again: between the two was another line
            theirs, ours = ([s for k, s in enumerate(side) if k == 0 or s[0] != side[k - 1][0]] for side in (theirs, ours))
    wanted, got = ([values(s) for s in side] for side in (theirs, ours))
    a = b = 0
    for i, j in [*pairs(keys(theirs), keys(ours), brief(wanted), brief(got), cut), (len(theirs), len(ours))]:
        last = i == len(theirs)
        counts = not last or (i - a > 12 and j - b > 12)  # more than what was cut
        if counts or not excused[0]:
            r.stops += i - a
            r.differences += [f'{name}: {way}: only LLVM stops at {s[0][:2]} {s[2][:60]}' for s in theirs[a:i]]
        if counts or not excused[1]:
            r.more += j - b
            r.differences += [f'{name}: {way}: only Kiln stops at {s[0][:2]} {s[2][:60]}' for s in ours[b:j]]
        a, b = i + 1, j + 1
        if last:
            break
        r.stops += 1
        r.same += 1
        for at, value in wanted[i].items():
            if not is_shown(value) and is_shown(got[j].get(at)):
                r.only += 1
                continue
            r.values += 1
            if same(value, got[j].get(at)):
                r.right += 1
            else:
                where = theirs[i][0][at[0]][:3] if theirs[i][0] else ''
                r.differences.append(f'{name}: {way}: at {where}, {at[1]}: {value} by LLVM, '
                                     f'{got[j].get(at, "nothing")} by Kiln')
    return r


def one(options, file):
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)
        try:
            (compile_rust if file.suffix == '.rs' else compile_c)(options, file, folder)
        except subprocess.CalledProcessError as error:
            lines = [line for line in (error.stderr or error.stdout or '').splitlines() if 'kiln:' in line or 'error' in line]
            return file, None, f'skipped: {(lines or ["does not compile"])[0].strip()[:160]}'
        theirs, ours = trace_both(options, file, folder)
        if options.keep:
            shutil.copytree(folder, options.keep / file.name, dirs_exist_ok=True)
        return file, {way: compare(file.name, way, theirs[way], ours[way], options.stops,
                                   statements(file) if options.inline else None) for way in theirs}, ''


def share(part, whole):
    return f'{part} of {whole} ({part / max(whole, 1):.2%})'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kiln', type=os.path.abspath)
    parser.add_argument('files', nargs='*', type=pathlib.Path)
    parser.add_argument('--ways', default=','.join(WAYS))
    parser.add_argument('--stops', type=int, default=150, help='for each way')
    parser.add_argument('--show', type=int, default=5, help='differences of each way of a program')
    parser.add_argument('--seconds', type=int, default=90, help='for each program')
    parser.add_argument('--flags', default='', help='of clang')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--keep', type=pathlib.Path, help='folder for programs and transcripts')
    parser.add_argument('--debugger', default='gdb', choices=('gdb', 'lldb'), help='lldb: steps alone')
    parser.add_argument('--inline', action='store_true', help='Kiln inlines: stops at statements count; at least 85 %% of both')
    parser.add_argument('--foreign', action='store_true', help='Kiln inlines foreign functions alone')
    parser.add_argument('--by', help="another compiler's command for C and C++, with its level, in place of Kiln, for comparison")
    parser.add_argument('--backend', type=os.path.abspath, help="the library of rustc's code generator, which compiles the Rust programs")
    parser.add_argument('--target', default='x86_64', choices=('x86_64', 'aarch64'))
    options = parser.parse_intermixed_args()
    files = options.files or [f for f in sorted((HERE / 'programs').iterdir()) + sorted(PROGRAMS.glob('*.c*'))
                              if f.name not in LEAVE and not (f.suffix == '.rs' and not shutil.which('rustc'))]
    if options.by:
        files = [f for f in files if f.suffix != '.rs']
    sums, by_way, programs, skipped = Result(), collections.defaultdict(Result), 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = pool.map(lambda f: one(options, f.resolve()), files)
        for file, results, problem in progress(done, len(files), lambda d: d[0].name):
            if results is None:
                print(f'{file.name}: {problem}', flush=True)
                skipped += 1
                continue
            programs += 1
            of_file = Result()
            for way, r in results.items():
                for difference in r.differences[:options.show]:
                    print(difference)
                of_file.add(r)
                by_way[way].add(r)
            sums.add(of_file)
            print(f'{file.name}: {of_file.same} of {of_file.stops} stops, {of_file.more} more; '
                  f'{of_file.right} of {of_file.values} values', flush=True)
    for way, r in by_way.items():
        print(f'{way:10} stops {share(r.same, r.stops)}, {r.more} more; values {share(r.right, r.values)}')
    print(f'{programs} programs, {skipped} skipped: stops {share(sums.same, sums.stops)}, {sums.more} more; '
          f'values {share(sums.right, sums.values)}, {sums.only} by Kiln alone; at the same line again: LLVM {sums.again}, '
          f'Kiln {sums.our_again}')
    least = 0.85 if options.inline else 0.99
    return sums.same < least * sums.stops or sums.right < least * sums.values or not sums.same


if __name__ == '__main__':
    sys.exit(main())
