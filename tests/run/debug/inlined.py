#!/usr/bin/env python3
"""Inlining with debugging information: of each program below programs/ and ../programs, `kiln compile --inline` makes the
same code with and without it, whatever the number of threads, and llvm-dwarfdump finds no error in what it says. Through
one program gdb, lldb and addr2line go as through functions that were called. Breakpoints on statements of
which inlining has left no code are hit. Of the statements at which debuggers stop in LLVM -O0's code of the same bitcode,
99 % have a row of their own, and SHOWN_AT_LEAST have one that debuggers show; variables have locations in
COVERED_AT_LEAST of their scopes. For AArch64 a half of the programs is a sample, of which no such share is asked.

    inlined.py --kiln=build/kiln [--target=aarch64] [--keep=DIR] [FILE...]
"""
import json
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'harness'))
import elf_difference  # noqa: E402
import harness  # noqa: E402
import transcripts  # noqa: E402

# What -O1 says of inlining, without any of its passes: all bodies here are inlined by Kiln.
FLAGS = ['-O1', '-Xclang', '-disable-llvm-passes', '-fPIC']
# Not compiled so: assembly that needs registers which are not for values, and what is of GCC's dialect alone.
LEAVE = {'asm_tied.c'}

# Frames, from the innermost: name, line. `half` is called twice in a line, and is within `both`, which is within `main`.
PROGRAM = '''\
extern "C" int printf(const char *, ...);
static volatile int seed = 20;
static int half(int whole) {
  int result = whole / 2;
  seed = result;
  return result;
}
static inline __attribute__((always_inline)) int both(int first, int second) {
  int left = half(first) + half(second);
  if (left > 5) {
    int more = left * 3;
    seed = more;
    left += half(more);
  }
  return left;
}
int main() {
  int sum = 0;
  for (int i = 0; i < 2; i++)
    sum += both(seed, i + 40);
  printf("%d\\n", sum);
  return 0;
}
'''
# A virtual function is called through a thunk, which debuggers step through.
THUNK = '''\
extern "C" int printf(const char *, ...);
struct Left { int left = 1; virtual int sum() const { return left; } };
struct Right { int right = 2; virtual int sum() const { return right; } };
struct Both : Left, Right {
  int sum() const override {
    return left + right;
  }
};
__attribute__((noinline)) static int call(const Right *it) {
  return it->sum();
}
int main() {
  Both both;
  printf("%d\\n", call(&both));
  return 0;
}
'''
# Breakpoints on the lines that end with // stop are hit: calls whose bodies are inlined, and statements of such bodies of
# which no code is left.
STATEMENTS = '''\
static volatile int seed = 4;
struct Pair {
  int left, right;
  Pair(int l, int r) : left(l), right(r) {
  }
  int sum() const {
    int both = left + right;
    return both;                         // stop
  }
};
static int twice(int x) {
  int v = x * 2;                         // stop
  return v;                              // stop
}
static int same(int x) {
  return x;                              // stop
}
static int early(int x) {
  if (x > 100)                           // stop
    return seed;
  int v = x + 1;                         // stop
  return v;                              // stop
}
static void nothing() {
}
static void put(int *to, int v) {
  *to = v;                               // stop
}
static long wide(long x) {
  long v = x << 3;                       // stop
  return v;                              // stop
}
static double half(double x) {
  double v = x / 2;                      // stop
  return v;                              // stop
}
static const int *address(const int &of) {
  const int *p = &of;
  return p;                              // stop
}
static int nested(int x) {
  int v = twice(same(x));                // stop
  return v;                              // stop
}
int main() {
  int a = twice(seed);                   // stop
  int b = same(a);                       // stop
  nothing();                             // stop
  int c = nested(b);                     // stop
  put(&a, c);                            // stop
  int d = 0;
  for (int i = 0; i < 2; i++)
    d += early(i);                       // stop
  Pair pair(c, d);
  d += pair.sum();                       // stop
  long e = wide(d);                      // stop
  double f = half(e);                    // stop
  if (twice(seed) > 7)                   // stop
    seed = early(seed);                  // stop
  seed = *address(a);                    // stop
  return early(seed) + f > 1e9;          // stop
}
'''
# Variables that no code has: what the module's data has of them, and pointers to what is not in memory. `last` becomes
# what is not known; `sum` is in rax, in which a call of a variadic function says how many floats it passes.
VALUES = '''\
static volatile int seed = 20;
struct Three {
  int a, b, c;
};
Three global;
struct Pair {
  int left, right;
  int sum(const int &more) const {
    int both = left + right + more;
    seed = both;
    return both;
  }
};
int main() {
  int table[6] = {1, 2, 3, 4, 5, 6};
  const char *text = "in data";
  Three last = {7, 8, 9};
  seed = 5;
  last = global;
  Pair pair = {seed, seed + 1};
  int more = seed;
  int sum = pair.sum(more);
  double wide = sum;
  __builtin_printf("%g %d\\n", wide, sum);
  return 0;
}
'''
# The least part of variables' scopes, in bytes of code, in which they have locations. Only what is in memory has one in all
# of its scope. Of a variable that only the block reads in which it is stored, and of what nobody reads, there is the value,
# as long as that is somewhere: in a long function with many such variables that is a small part.
COVERED_AT_LEAST = {'x86_64': 0.79, 'aarch64': 0.80}
# The least part of the statements that begin somewhere at an address of their own: of those at one address debuggers show
# the last. The others have no code, and the code around them is that of other statements.
SHOWN_AT_LEAST = {'x86_64': 0.975, 'aarch64': 0.97}
SCOPE = 'sum_all_variables(#bytes in parent scope)'
COVERED = 'sum_all_variables(#bytes in parent scope covered by DW_AT_location)'
STACK = [('half', 5), ('both', 9), ('main', 20)]


def sections(path):
    """Code of an object: name of each section that has any, and its bytes."""
    elf = elf_difference.Elf(pathlib.Path(path).read_bytes())
    return [(s.name, s.data) for s in elf.sections if s.flags & elf_difference.SHF_EXECINSTR]


def differing(one, other):
    names = [s[0] for s in one] + [s[0] for s in other]
    return sorted({n for n in names if [s for s in one if s[0] == n] != [s for s in other if s[0] == n]})


def stops(file, text):
    """Lines of `file`, statements, that have rows where debuggers may stop, in a text of llvm-dwarfdump's; those that
    debuggers show there: the last of an address."""
    found, shown, files, number, last = set(), set(), {}, 0, (None, None)
    for line in text.splitlines():
        match = re.match(r'file_names\[ *(\d+)\]:|\s+name: "(.*)"|(0x[0-9a-f]+) +(\d+) +\d+ +(\d+) (.*)', line)
        if match and match[1]:
            number = match[1]
        elif match and match[2]:
            files[number] = match[2]
        elif match and ('is_stmt' in match[6] or 'end_sequence' in match[6]):
            if match[3] != last[0]:
                shown.add(last[1])
            own = files.get(match[5], '').endswith(file.name) and 'end_sequence' not in match[6]
            last = (match[3], int(match[4]) if own else None)
            found.add(last[1])
    return (lines & transcripts.statements(file) for lines in (found, shown))


def inlined(h, file):
    """Checks one program; how many inlined bodies its description has, how many of LLVM's stops, and how many of these are
    shown, of how many, and in how many bytes of their scopes, of how many, variables have locations."""
    cxx = ['-std=c++20'] if file.suffix == '.cpp' else []
    bc, plain = (h.path(f'{file.name}.{name}.bc') for name in ('described', 'plain'))
    h.bitcode(file, bc, [*FLAGS, *cxx, '-g'])
    h.run(['opt-22', '-passes=verify', '--strip-debug', bc, '-o', plain])
    made = {name: h.kiln_object(module, h.path(f'{file.name}.{name}.o'), ['--inline', '--threads=1'])
            for name, module in (('described', bc), ('plain', plain))}
    several = h.kiln_object(bc, h.path(f'{file.name}.several.o'), ['--inline', '--threads=3'])
    differ = differing(*(sections(made[name]) for name in ('plain', 'described')))
    if differ:
        h.fail(f'{file.name}: the same code', f'not in {" ".join(differ)[:500]}')
    else:
        h.ok(f'{file.name}: the same code')
    difference = elf_difference.difference(*(pathlib.Path(p).read_bytes() for p in (made['described'], several)))
    if difference:
        h.fail(f'{file.name}: several threads', difference)
    else:
        h.ok(f'{file.name}: several threads')
    status, out, _ = h.run(['llvm-dwarfdump-22', '--verify', made['described']], check=False)
    if status or 'No errors.' not in out:
        h.fail(f'{file.name}: llvm-dwarfdump --verify', out[-1000:])
    else:
        h.ok(f'{file.name}: llvm-dwarfdump --verify')
    out = h.run(['llvm-dwarfdump-22', '--debug-info', '--debug-line', made['described']])[1]
    scopes = json.loads(h.run(['llvm-dwarfdump-22', '--statistics', made['described']])[1])
    clang = h.run(['llvm-dwarfdump-22', '--debug-line', h.clang_object(bc, h.path(f'{file.name}.clang.o'))])[1]
    (theirs, _), (ours, shown) = stops(file, clang), stops(file, out)
    return (out.count('DW_TAG_inlined_subroutine'), len(theirs & ours), len(theirs & shown), len(theirs), scopes[COVERED],
            scopes[SCOPE])


def says(h, name, out, wanted):
    """The patterns are found in the output, in their order."""
    at = 0
    for pattern in wanted:
        found = re.compile(pattern, re.M).search(out, at)
        if not found:
            h.fail(name, f'no {pattern} behind\n{out[:at][-300:]}\nin\n{out[at:][:2500]}')
            return
        at = found.end()
    h.ok(name)


def value(number):
    """A value that code may not need any more: right, or absent."""
    return rf'(?:{number}|<optimized out>|<variable not available>)'


# Commands, and what is shown in their order.
GDB = [
    ('break half', [r'half\. \(3 locations\)']),
    ('run', [r'half \(whole=20\) at .*frames\.cpp:4$']),
    ('bt', [r'^#0 +half \(whole=20\) at .*:4$', r'^#1 +both \(first=20, second=40\) at .*:9$', r'^#2 +(?:0x\w+ in )?main \(\) at .*:20$']),
    ('next', [r'^5\s+seed = result;']),
    ('info locals', [r'^result = 10$']),
    ('up', [r'^#1 +both \(', r'^9\s']),
    ('info args', [f'^first = {value(20)}$', f'^second = {value(40)}$']),
    ('up', [r'^#2 +main \(\)']),
    ('info locals', [r'^i = 0$', r'^sum = 0$']),
    ('continue', [r'half \(whole=40\) at .*frames\.cpp:4$']),
    ('bt', [r'^#0 +half \(whole=40\)', f'^#1 +both .first={value(20)}, second={value(40)}. at .*:9$', r'^#2 +(?:0x\w+ in )?main \(\) at .*:20$']),
    ('delete', []),
    ('finish', [r'^both \(first=.*:9$']),
    ('next', [r'^10\s+if \(left > 5\)']),
    ('print left', [r'= 30$']),
    ('next', [r'^11\s+int more = left \* 3;']),
    ('next', [r'^12\s+seed = more;']),
    ('info locals', [r'^more = 90$', r'^left = 30$']),
    ('next', [r'^13\s+left \+= half\(more\);']),
    ('step', [f'half .whole={value(90)}. at .*:4$']),
    ('bt', [r'^#0 +half .* at .*:4$', r'^#1 +both \(first=.*\) at .*:13$', r'^#2 +(?:0x\w+ in )?main \(\) at .*:20$']),
    ('finish', [r'^both \(first=.*:13$']),
    ('print left', [r'= 30$']),
    ('next', [r'^main \(\) at .*:20$']),
]
GDB_THUNK = [
    ('break call', []),
    ('run', [r'^10\s+return it->sum\(\);']),
    ('step', [r'Both::sum \(this=.*:6$']),
    ('bt', [r'^#0 .*Both::sum ', r'^#\d .*call \(it=.*:10$', r'^#\d .*main \(\) at .*:14$']),
]
GDB_VALUES = [
    ('break 10', []),
    ('run', [r'^10\s']),
    ('print *this', [r'= \{left = (?:5|<optimized out>), right = 6\}$']),
    ('print this->right', [r'= 6$']),
    ('print more', [r'= .*: 5$']),
    ('up', [r'main \(\)']),
    ('print table', [r'= \{1, 2, 3, 4, 5, 6\}$']),
    ('print text', [r'= 0x\w+ "in data"$']),
    ('print last', [r'= (?:<optimized out>|\{a = 0, b = 0, c = 0\})$']),
    ('break 24', []),
    ('continue', [r'^24\s']),
    ('python while gdb.selected_inferior().read_memory(gdb.selected_frame().pc(), 1)[0] != b"\xe8": gdb.execute("stepi")', []),
    ('print sum', [f'= {value(16)}$']),
]
LLDB = [
    ('breakpoint set --func-regex half', [r'3 locations']),
    ('run', [r'half\(whole=20\).* at frames\.cpp:4']),
    ('bt', [r'frame #0: .*half\(whole=20\).*frames\.cpp:4', r'frame #1: .*both\(first=20, second=40\).*frames\.cpp:9',
            r'frame #2: .*main.*frames\.cpp:20']),
    ('next', [r'frames\.cpp:5']),
    ('frame variable', [rf'\(int\) whole = {value(20)}', r'\(int\) result = 10']),
    ('up', [r'both.*frames\.cpp:9']),
    ('frame variable', [rf'\(int\) first = {value(20)}', r'\(int\) second = 40']),
]


def build(h, name, text, flags=()):
    bc = h.bitcode(h.write(name + '.cpp', text), h.path(name + '.bc'), [*FLAGS, '-g', *flags])
    return h.link([h.kiln_object(bc, h.path(name + '.o'), ['--inline'])], h.path(name), ['-lstdc++'], mold=False)


def build_split(h, name, text, flags):
    """The object names its .dwo file, so other builds do not make the same one elsewhere."""
    bc, out = h.bitcode(h.write(name + '.cpp', text), h.path(name + '.bc'), [*FLAGS, '-g', *flags]), h.path(name + '.o')
    h.run([h.args.kiln, 'compile', '--target=' + h.args.target, '--inline', '--split-dwarf', '-o', out, bc])
    return h.link([out], h.path(name), ['-lstdc++'], mold=False)


def statements(h):
    program = build(h, 'statements', STATEMENTS)
    lines = [n for n, text in enumerate(STATEMENTS.splitlines(), 1) if text.endswith('// stop')]
    words = [w for k, n in enumerate(lines, 1) for c in (f'break statements.cpp:{n}', f'ignore {k} 1000') for w in ('-ex', c)]
    env = dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C', TERM='dumb')
    out = h.run(['gdb', '-nx', '-q', '-batch', *words, '-ex', 'run', '-ex', 'info breakpoints', program], check=False, env=env)[1]
    placed = {int(k): int(n) for k, n in re.findall(r'^Breakpoint (\d+) at .*?statements\.cpp(?:, line |:)(\d+)\.', out, re.M)}
    hit = [int(k) for k in re.findall(r'^(\d+) +breakpoint .*\n(?:\s+stop.*\n)?\s+breakpoint already hit', out, re.M)]
    missed = [n for k, n in enumerate(lines, 1) if placed.get(k) != n or k not in hit]
    h.fail('statements are stopped at', f'not {missed}\n{out}') if missed else h.ok('statements are stopped at')


def debuggers(h):
    program, thunk, values = (build(h, *p) for p in (('frames', PROGRAM), ('thunk', THUNK), ('values', VALUES)))
    values4 = build(h, 'values4', VALUES, ['-gdwarf-4'])
    # gdb 13 reads no lists of locations of version 5 in .dwo files, LLVM's neither
    split4 = build_split(h, 'values_split4', VALUES, ['-gdwarf-4'])
    data = [(command, shown) for command, shown in GDB_VALUES if not re.search('this|more', command)]
    if h.args.target == 'x86_64':
        statements(h) if shutil.which('gdb') else h.skip('statements are stopped at', 'no gdb')
        gdb = ['gdb', '-nx', '-q', '-batch']
        for debugger, script, command, program in (('gdb', GDB, gdb, program), ('lldb-22', LLDB, ['lldb-22', '-x', '-b'], program),
                                                   ('gdb', GDB_THUNK, gdb, thunk), ('gdb', GDB_VALUES, gdb, values),
                                                   ('gdb', GDB_VALUES, gdb, values4), ('gdb', data, gdb, split4)):
            if not shutil.which(debugger):
                h.skip(f'frames in {debugger}', 'no ' + debugger)
                continue
            option = '-ex' if debugger == 'gdb' else '-o'
            words = [w for c, _ in script for w in (option, c)]
            env = dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C', TERM='dumb')
            out = h.run([*command, *words, program], check=False, env=env)[1]
            says(h, f'{os.path.basename(program)} in {debugger}', out, [p for _, patterns in script for p in patterns])
    program = h.path('frames')
    # addresses of the store in `half` by their line: each is in all functions around it
    table = h.run(['llvm-dwarfdump-22', '--debug-line', program])[1]
    places = re.findall(r'^(0x[0-9a-f]+) +5 +\d+ +\d+ +0 +\d+ +.*is_stmt', table, re.M)
    for tool in ('addr2line', 'llvm-symbolizer-22'):
        if not shutil.which(tool):
            h.skip(f'frames by {tool}', 'no ' + tool)
            continue
        for n, address in enumerate(places):
            command = [tool, '-e', program, '-f', '-i', '-C', address] if tool == 'addr2line' else \
                [tool, '--obj=' + program, '--inlines', address]
            out = h.run(command)[1]
            found = [(a.partition('(')[0], int(b)) for a, b in re.findall(r'^(\S+?)(?: .*)?\n\S*frames\.cpp:(\d+)', out, re.M)]
            want = [STACK[0], ('both', found[1][1] if len(found) > 1 and found[1][1] in (9, 13) else 9), STACK[2]]
            if found == want:
                h.ok(f'frames of address {n} by {tool}')
            else:
                h.fail(f'frames of address {n} by {tool}', f'{found}, wanted {want}')
    if len(places) < 3:
        h.fail('a copy for each call', f'{len(places)} rows of line 5')


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('files', nargs='*', type=pathlib.Path)
    h = harness.Harness(p.parse_args())
    files = h.args.files or [f for folder in (HERE / 'programs', HERE.parent / 'programs') for f in sorted(folder.glob('*.c*'))
                             if f.name not in LEAVE]
    sampled = h.args.target == 'aarch64' and not harness.WHOLE and not h.args.files
    if sampled: # what is described depends on a processor in its registers alone
        files = harness.sample(files, 2)
    sums = [sum(column) for column in zip(*(n or (0,) * 6 for n in h.each(lambda f: inlined(h, f.resolve()), files)))]
    debuggers(h)
    text = (f'{sums[0]} inlined bodies, {sums[1]} of {sums[3]} statements, {sums[2]} shown, '
            f'variables in {sums[4]} of {sums[5]} bytes')
    if h.args.files or sampled:
        h.note(text)
    elif sums[0] < 1000 or sums[1] < 0.99 * sums[3] or sums[2] < SHOWN_AT_LEAST[h.args.target] * sums[3] or \
            sums[4] < COVERED_AT_LEAST[h.args.target] * sums[5]:
        h.fail('inlined bodies, statements and variables', text)
    else:
        h.ok(text)
    h.finish()


if __name__ == '__main__':
    main()
