#!/usr/bin/env python3
"""Foreign functions alone are inlined (docs/inlining.md): the C++ programs of programs/, of ../programs and of bench/programs/debug,
from clang's bitcode at -O0, with debugging information and without, a sample of them, print what clang's own code prints,
their code is not larger than without inlining, and llvm-dwarfdump finds no error. Of one program each function of its own
stays a function and has the same code lines as without inlining; gdb shows its variables and lets them be changed, stops at
its lines as often as without inlining, and goes through what is inlined as through functions; so it is in a program of
Rust's. lldb's `step` goes past inlined functions of the library.

    foreign.py --kiln=build/kiln [FILE...]
"""
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'harness'))
import harness  # noqa: E402
from inlined import says, sections  # noqa: E402

# With debugging information, functions that do not unwind have rows in .debug_frame alone, which these programs count.
LEAVE = {('asm_frames.cpp', '-g'), ('asm_frames_shared.cpp', '-g')}
BENCH = HERE.parents[2] / 'bench/programs/debug'

# `get` and `add` are the user's own, small as they are.
PROGRAM = '''\
#include <memory>
#include <string>
#include <vector>
extern "C" int printf(const char *, ...);
struct Account {
  std::string name;
  int cents = 0;
  int get() const { return cents; }
};
static int add(int a, int b) {
  return a + b;
}
static int total(const std::vector<Account> &accounts) {
  int sum = 0;
  for (const Account &account : accounts) {
    int own = account.get();
    sum = add(sum, own);
  }
  for (std::size_t i = 0; i < accounts.size(); i++) sum += accounts[i].cents & 1;
  return sum;
}
int main() {
  std::vector<Account> accounts(2);
  accounts[0].cents = 40;
  accounts[1].cents = 31;
  auto owned = std::make_unique<int>(7);
  int first = accounts[0].cents + accounts.at(1).cents;
  int sum = total(accounts);
  printf("%d %d %d\\n", first, sum, *owned);
  return 0;
}
'''
# The shortest of C++'s headers.
ONE_CALL = '''\
#include <initializer_list>
int size(std::initializer_list<int> of) { return (int)of.size(); }
'''
# Commands, and what is shown in their order.
GDB = [
    ('break foreign.cpp:27', []),
    ('run', [r'^27\s+int first = ']),
    ('info locals', [r'^owned = std::unique_ptr', r'^first = ']),
    ('step', [r'std::vector<Account.*operator\[\]']),
    ('bt', [r'^#0 .*operator\[\]', r'^#1 .*main \(\) at .*foreign\.cpp:27$']),
    ('up', [r'^#1 .*main \(\)', r'^27\s']),
    ('print accounts[1].cents', [r'= 31$']),
    ('down', [r'^#0 .*operator\[\]']),
    ('finish', [r'main \(\) at .*foreign\.cpp:27$']),
    ('next', [r'^28\s+int sum = total']),
    ('print first', [r'= 71$']),
    ('print *owned', [r'= 7$']),
    ('step', [r'^total \(accounts=std::vector of length 2.*foreign\.cpp:14$']),
    ('next', [r'^15\s']),
    ('next', [r'^16\s']),
    ('print account.cents', [r'= 40$']),
    ('step', [r'Account::get \(this=']),
    ('finish', [r'Value returned is .* 40$']),
    ('next', [r'^17\s']),
    ('print own', [r'= 40$']),
    ('set var own = 1040', []),
    ('step', [r'^add \(a=0, b=1040\)']),
    ('finish', [r'Value returned is .* 1040$']),
    ('break foreign.cpp:19', []),
    ('break foreign.cpp:20', []),
    ('continue', [r'^19\s']),
    ('print sum', [r'= 1071$']),
    ('continue', [r'^20\s']),
    ('print sum', [r'= 1072$']),
    ('delete', []),
    ('continue', [r'^71 1072 7$', 'exited normally']),
]


RUST = '''\
fn add(a: u32, b: u32) -> u32 {
    a + b
}
fn total(numbers: &[u32]) -> u32 {
    let mut sum = 0;
    for n in numbers {
        let twice = n * 2;
        sum = add(sum, twice);
    }
    sum
}
fn main() {
    let mut numbers: Vec<u32> = Vec::new();
    while numbers.len() < 3 {
        numbers.push(numbers.len() as u32 + 5);
    }
    let first = numbers.first().copied().unwrap_or(0);
    let sum = total(&numbers);
    println!("{} {}", first, sum);
}
'''
GDB_RUST = [
    ('break foreign.rs:8', []),
    ('run', [r'^8\s']),
    ('info locals', [r'^twice = 10$', r'^n = 0x', r'^sum = 0$']),
    ('bt', [r'^#0 .*total .*foreign\.rs:8$', r'^#1 .*main \(\) at .*foreign\.rs:18$']),
    ('step', [r'add \(a=0, b=10\)']),
    ('finish', [r'Value returned is .* 10$']),
    ('continue', [r'^8\s']),
    ('print sum', [r'= 10$']),
    ('print twice', [r'= 12$']),
    ('continue', [r'^8\s']),
    ('up', [r'^#1 .*main \(\)', r'^18\s']),
    ('print first', [r'= 5$']),
    ('delete', []),
    ('continue', [r'^5 36$']),
]

# A breakpoint at the loop's condition stops in each iteration; `parts` has blocks that are named before the loop's.
LOOP = '''\
#include <cstdio>
#include <string>
static std::string::const_iterator part(const std::string &line, std::string::const_iterator &at) {
  while (at != line.end() && *at == ' ') ++at;
  auto begin = at;
  while (at != line.end() && *at != ' ') ++at;
  return begin;
}
static int parts(const std::string &line) {
  if (line.empty()) {
    puts("none");
    return 0;
  }
  int i = 0;
  auto at = line.begin();
  auto start = part(line, at);
  while (start != line.end()) {
    switch (i) {
    case 0: {
      puts("first");
      break;
    }
    default:
      break;
    }
    ++i;
    start = part(line, at);
  }
  return i;
}
int main() {
  return parts("one two three") - 3;
}
'''
GDB_LOOP = [('break loop.cpp:17', []), ('ignore 1 100', []), ('run', ['exited normally']), ('info breakpoints', ['already hit 4 times'])]

# Blocks that become one: LLVM has no code for the branches between them, so that debuggers do not stop at lines 5 and 17.
JOINED = '''\
#include <cstdio>
#include <string>
#include <vector>
static int check(const std::vector<std::string> &texts) {
  do {
    if (
      texts.empty())
      return -1;
  } while (0);
  return 0;
}
int main() {
  std::vector<std::string> texts{"a", "b"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    printf("%s\\n",
           std::string(texts[i]).c_str());
  }
  return check(texts);
}
'''
GDB_JOINED = [('break check', [r'joined\.cpp, line 7\.$']), ('break joined.cpp:16', []), ('run', [r'^16\s']), ('next', [r'^15\s']),
              ('next', [r'^14\s']), ('next', [r'^16\s']), ('delete 2', []), ('continue', [r'^7\s'])]

# The line of a function's beginning goes on with an inlined body: a breakpoint is before that.
ONE_LINE = '''\
#include <map>
struct Position {
  std::map<int, int>::iterator at;
  void down() { --at; }
  int get() { return at->second; }
};
int main() {
  std::map<int, int> numbers{{1, 2}, {3, 4}};
  Position position{numbers.end()};
  position.down();
  return position.get() - 4;
}
'''
IN_BLOCK = 'python print("in", gdb.block_for_pc(gdb.selected_frame().pc()).function)'
GDB_ONE_LINE = [('break Position::down', []), ('break Position::get', []), ('run', [r'^4\s']), (IN_BLOCK, [r'^in Position::down']),
                ('step', [r'operator--']), ('continue', [r'^5\s']), (IN_BLOCK, [r'^in Position::get'])]

# lldb's `step` goes into no function of the library, as it does not where these are functions. The names that end the linkage
# names of `==`, `<` and `max` in C++ come after the type of the result.
LIBRARY = '''\
#include <algorithm>
#include <string>
static int own(int n) {
  return n + 1;
}
int main(int argc, char **) {
  std::string a(1, 'a'), b(2, 'b');
  int n = a == "x";
  n += a < b;
  n += std::max(n, argc);
  n += own(n);
  return n - 5;
}
'''
LLDB_LIBRARY = [('breakpoint set -f library.cpp -l 8', []), ('run', [r'at library\.cpp:8:']),
                *(('thread step-in', [fr'at library\.cpp:{line}:']) for line in (9, 10, 11, 4)),
                ('breakpoint set -n std::max<int>', [r'library`main .*max<int>']),
                ('continue', [r'exited with status = 0 '])]

# What is left of `len` is no instruction; `big` returns right before the end of `wrap`.
STEPS = '''\
struct Big {
    a: [u64; 4],
}
fn big(n: u64) -> Big {
    Big { a: [n; 4] }
}
fn wrap(n: u64) -> Big {
    big(n)
}
fn length(text: &str) -> u64 {
    let n = text.len();
    wrap(n as u64).a[1]
}
fn main() {
    println!("{}", length("abcd"));
}
'''
GDB_STEPS = [
    ('set print finish off', []),
    ('break steps.rs:11', []),
    ('run', [r'^11\s']),
    ('step', [r'len \(']),
    ('up', [r'^#1 .*length \(', r'^11\s']),
    ('break steps.rs:5', []),
    ('continue', [r'^5\s']),
    ('finish', [r'wrap \(n=4\) at .*steps\.rs:8$', r'^8\s']),
    ('delete', []),
    ('continue', [r'^4$']),
]

# Branches of LLVM's code: with a jump where the block after it was made earlier, and without code where it was made next.
STOPS = '''\
enum Kind {
    A,
    B(usize),
    C,
}
fn choose(kind: &Kind, x: usize) -> usize {
    let low = x.saturating_sub(3);
    let n = if let Kind::A = kind {
        low
    } else if let Kind::B(n) = kind {
        *n
    } else {
        10
    };
    let (m, over) =
        n.overflowing_sub(x);
    if over {
        return 1;
    }
    m
}
fn body(sign: u8, count: usize) -> usize {
    let kind = if sign == b'~' {
        if count == 2 {
            3
        } else {
            4
        }
    } else if count == 2 {
        5
    } else {
        6
    };
    count.wrapping_add(kind)
}
struct Big([usize; 5]);
fn big(n: usize) -> Big {
    Big([n; 5])
}
fn either(kind: &Kind) -> Big {
    match kind {
        Kind::B(n) => big(*n),
        _ => {
            Big([2; 5])
        }
    }
}
fn count(data: &[u8]) -> usize {
    data.len()
}
fn rest(data: &[u8], from: usize) -> usize {
    let mut n = 0;
    if from != 0 {
        n = 3;
    }
    let more =
        count(&data[from..]);
    n ^ more
}
fn main() {
    let mut sum = choose(&Kind::A, 5);
    sum ^= rest(b"abc", 1);
    sum ^= choose(&Kind::B(3), 5);
    sum ^= choose(&Kind::C, 5);
    sum ^= either(&Kind::B(sum)).0[1];
    sum ^= either(&Kind::A).0[1];
    sum ^= body(b'~', 2);
    sum ^= body(b'~', 1);
    sum ^= body(b'*', 2);
    sum ^= body(b'*', 1);
    std::process::exit(sum as i32);
}
'''
# The lines where `step` stops, from main's first to main's last, and where `step` leads from a line that begins
# with a body of LLVM's code, too. That has several statements for some lines.
GDB_STOPS = '''
set pagination off
break stops::main
run
python
import gdb
lines = []
while gdb.selected_inferior().pid and len(lines) < 200:
    found = gdb.selected_frame().find_sal()
    if found.symtab and found.symtab.filename.endswith('stops.rs') and lines[-1:] != [found.line]:
        lines.append(found.line)
    if found.line == LAST:
        break
    gdb.execute('step', to_string=True)
print('lines:', lines)
gdb.execute('delete')
gdb.execute('break stops.rs:BODY')
gdb.execute('run', to_string=True)
gdb.execute('step', to_string=True)
print('from the line of a body:', gdb.selected_frame().find_sal().line)
'''


def stops(h):
    """Steps of a program whose calls of std are inlined stop in the lines where those of LLVM's code do."""
    if not shutil.which('rustc') or not shutil.which('gdb'):
        h.skip('gdb: Rust: stops', 'no rustc, or no gdb')
        return
    last, body = (next(i for i, line in enumerate(STOPS.splitlines(), 1) if word in line) for word in ('exit', 'data[from..]'))
    script = h.write('stops.gdb', GDB_STOPS.replace('LAST', str(last)).replace('BODY', str(body)))
    env = dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C')
    for name, bitcode, inlining in ('stops', 'bc', 'foreign'), ('stops, inline(always) alone', 'no-opt.bc', 'must'):
        program = h.path(f'stops-{inlining}')
        h.run(['rustc', '--edition=2021', '-g', '-C', 'codegen-units=1', '-C', 'save-temps', '-C', 'linker-flavor=gcc', '-C',
               f'linker={HERE.parent}/bitcode/producers/link.sh', '--crate-name=stops', h.write('stops.rs', STOPS), '-o', program],
              env=dict(os.environ, KILN=os.path.abspath(h.args.kiln), KILN_OPTIONS=f'--inline={inlining}', KILN_BITCODE=bitcode))
        found = [re.findall(r'^(?:lines|from the line of a body): (.*)$', h.run(['gdb', '-nx', '-q', '-batch', '-x', script, side], check=False, env=env)[1], re.M)
                 for side in (program, program + '.kiln')]
        if len(found[0]) != 2 or found[0][0].count(',') < 50 or found[1] != found[0]:
            h.fail(f'gdb: Rust: {name}', '\n'.join(map(str, found)))
        else:
            h.ok(f'gdb: Rust: {name}')


# The first bytes of the table are `pop %rax`, which lldb counts, unless a row of the frame's follows the table. The function
# ends with a call: else lldb would not read its instructions. In a function without a frame, it does in any case.
TABLE = ('''\
extern void abort(void);
int leaf(int x) { return x * 3; }
int pick(int x, int y) {
  int r = 0;
  switch (x) {
''' + ''.join(f'  case {k}: r = leaf({k});{" r += y;" * (k * 7 % 5)} break;\n' for k in range(22)) + '''\
  default: r = leaf(y);
  }
  if (r != 77777) return r + leaf(y);
  abort();
}
int without_frame(int x) {
  int r = 0;
  switch (x) {
''' + ''.join(f'  case {k}: r = {k * 7 % 11};{" r += x;" * (k * 7 % 5)} break;\n' for k in range(22)) + '''\
  }
  return r;
}
static int fill(void) { /* addresses, which lldb would take for one to return to */
  void *volatile below[64];
  for (int k = 0; k < 64; k++) below[k] = (void *)below;
  return below[0] != below[1];
}
int main(int n, char **arguments) {
  char frame[n]; /* has a frame pointer: lldb finds the caller of main by that */
  frame[0] = arguments != 0;
  return (pick(3, 4) == 1) + fill() + (without_frame(5) == 1) + frame[0];
}
''')
OFFSET = 'script print("at", lldb.frame.GetPC() - lldb.frame.GetFunction().GetStartAddress().GetLoadAddress(lldb.target))'


def after_table(h):
    """The frame after a table of a switch is for lldb what .eh_frame says."""
    if not shutil.which('lldb-22'):
        h.skip('lldb: table', 'no lldb-22')
        return
    bc = h.bitcode(h.write('table.c', TABLE), h.path('table.bc'), ['-O0', '-g', '-fomit-frame-pointer'])
    program = h.link([h.kiln_object(bc, h.path('table.o'), [])], h.path('table'), [])
    words = [w for c in ('breakpoint set -f table.c -l 9', 'run', OFFSET, 'image show-unwind -n pick', 'breakpoint set -p "return r;"',
                         'continue', 'bt') for w in ('-o', c)]
    out = h.run(['lldb-22', '-x', '-b', *words, program], check=False, env=dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C', TERM='dumb'))[1]
    at = re.findall(r'^at (\d+)$', out, re.M)
    plans = re.findall(r'^eh_frame (?:augmented )?UnwindPlan:\n(.*?)\n\n', out, re.M | re.S)
    frames = [[cfa for offset, cfa in re.findall(r'^row\[\d+\]: +(\d+): CFA=(\S+ ?\+\d+)', plan, re.M) if int(offset) <= int(at[0])][-1]
              for plan in plans if at]
    callers = re.findall(r'frame #0: .*`without_frame\(.*\n +frame #1: .*`(\w+)', out.partition('(lldb) bt')[2])
    if len(frames) != 2 or frames[0] != frames[1] or 'augmentation' not in plans[1] or callers != ['main']:
        h.fail('lldb: table', f'{frames}: {out[-2000:]}')
    else:
        h.ok('lldb: table')


def same(h, item):
    """Compares a program at a level of debugging information with clang's."""
    file, flags = item
    name = file.name + ''.join(flags)
    bc = h.bitcode(file, h.path(name + '.bc'), ['-O0', '-std=c++20', '-w', *flags])
    own = h.clang_object(bc, h.path(name + '.clang.o'), ['-O0', '-fPIC'])
    libs = ['-lstdc++', '-lm', '-pthread']
    expected = h.run([h.link([own], h.path(name + '.clang'), libs)], check=False)
    made = {way: h.kiln_object(bc, h.path(f'{name}.{way}.o'), [f'--inline={way}'] if way != 'off' else [])
            for way in ('off', 'foreign')}
    got = h.run([h.link([made['foreign']], h.path(name + '.foreign'), libs)], check=False)
    size = {way: sum(len(code) for _, code in sections(made[way])) for way in made}
    status, out, _ = h.run(['llvm-dwarfdump-22', '--verify', made['foreign']], check=False)
    if got[:2] != expected[:2]:
        h.fail(f'{name}: output', f'status {got[0]}, expected {expected[0]}; {got[1][-300:]}')
    elif status or 'No errors.' not in out:
        h.fail(f'{name}: llvm-dwarfdump --verify', out[-1000:])
    elif size['foreign'] > size['off']:
        h.fail(f'{name}: size', f'{size["foreign"]} bytes of code, without inlining {size["off"]}')
    else:
        h.ok(name)


def functions(h, o):
    """The program's own functions in an object: those of no namespace of the library's."""
    return sorted(n for n in re.findall(r' [tTW] (\S+)$', h.run(['llvm-nm-22', '--defined-only', o])[1], re.M)
                  if n in ('main', '_ZL3addii', '_ZNK7Account3getEv') or n.startswith('_ZL5total'))


def in_gdb(h, name, debugger, script, program):
    if not shutil.which(debugger):
        h.skip(name, 'no ' + debugger)
        return
    words = [w for c, _ in script for w in ('-ex', c)]
    env = dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C', TERM='dumb')
    out = h.run([debugger, '-nx', '-q', '-batch', '-ex', 'set width 0', *words, program], check=False, env=env)[1]
    says(h, name, out, [p for _, patterns in script for p in patterns])


def in_lldb(h):
    """Stepping past inlined functions of the library."""
    if not shutil.which('lldb-22'):
        h.skip('lldb: C++', 'no lldb-22')
        return
    bc = h.bitcode(h.write('library.cpp', LIBRARY), h.path('library.bc'), ['-O0', '-g', '-std=c++20'])
    program = h.link([h.kiln_object(bc, h.path('library.o'), ['--inline=foreign'])], h.path('library'), ['-lstdc++'])
    words = [w for c, _ in LLDB_LIBRARY for w in ('-o', c)]
    out = h.run(['lldb-22', '-x', '-b', *words, program], check=False, env=dict(os.environ, DEBUGINFOD_URLS='', LC_ALL='C', TERM='dumb'))[1]
    says(h, 'lldb: C++', out, [p for _, patterns in LLDB_LIBRARY for p in patterns])


def rust(h):
    """The same of programs of Rust's, from the bitcode that rustc gives the linker's place."""
    for name, text, script in ('foreign', RUST, GDB_RUST), ('steps', STEPS, GDB_STEPS):
        if not shutil.which('rustc'):
            h.skip(f'gdb: Rust: {name}', 'no rustc')
            continue
        linker = HERE.parent / 'bitcode/producers/link.sh'
        h.run(['rustc', '--edition=2021', '-g', '-C', 'codegen-units=1', '-C', 'save-temps', '-C', 'linker-flavor=gcc', '-C',
               f'linker={linker}', h.write(f'{name}.rs', text), '-o', h.path(name + '-rust')],
              env=dict(os.environ, KILN=os.path.abspath(h.args.kiln), KILN_OPTIONS='--inline=foreign'))
        in_gdb(h, f'gdb: Rust: {name}', 'rust-gdb', script, h.path(name + '-rust.kiln'))


def in_cxx(h):
    for name, text, script in ('loop', LOOP, GDB_LOOP), ('joined', JOINED, GDB_JOINED), ('one_line', ONE_LINE, GDB_ONE_LINE):
        bc = h.bitcode(h.write(name + '.cpp', text), h.path(name + '.bc'), ['-O0', '-g', '-std=c++20'])
        o = h.kiln_object(bc, h.path(name + '.o'), ['--inline=foreign'])
        in_gdb(h, 'gdb: C++: ' + name, 'gdb', script, h.link([o], h.path(name), ['-lstdc++']))


def by_cxx(h):
    """`kiln c++` at -O0 inlines foreign functions, unless $KILN_INLINE has another value, or -fno-inline is said."""
    source, name = h.write('by_cxx.cpp', ONE_CALL), '_ZNKSt16initializer_listIiE4sizeEv'
    for flags, value, inlines in (((), 'foreign', True), (('-g',), 'foreign', True), (('-O0',), 'foreign', True),
                                  (('-Og',), 'foreign', True), ((), 'small', False), ((), 'must', False), ((), '', False),
                                  ((), None, True), (('-g',), None, True), (('-Og', '-O0'), None, True),
                                  (('-x', 'c++', '-fno-exceptions'), None, True), (('-fno-inline',), None, False),
                                  (('-g', '-fno-inline-functions'), None, False), (('-fno-inline',), 'foreign', False),
                                  (('-fno-inline', '-finline'), None, True), (('-finline', '-fno-inline'), None, False)):
        what = f'kiln c++ {" ".join(flags)}, ' + ('without KILN_INLINE' if value is None else f'KILN_INLINE={value}')
        env = {k: v for k, v in os.environ.items() if k != 'KILN_INLINE'}
        h.run([h.args.kiln, 'c++', '-std=c++20', *flags, '-c', source, '-o', h.path('by_cxx.o')],
              env=env if value is None else dict(env, KILN_INLINE=value))
        found = name in h.run(['llvm-nm-22', h.path('by_cxx.o')])[1]
        h.ok(what) if found != inlines else h.fail(what, f'{name} is {"" if found else "not "}there')


def program(h):
    bc = h.bitcode(h.write('foreign.cpp', PROGRAM), h.path('foreign.bc'), ['-O0', '-g', '-std=c++20'])
    o = h.kiln_object(bc, h.path('foreign.o'), ['--inline=foreign'])
    names = functions(h, o)
    code = h.run(['llvm-objdump-22', '-d', '--no-show-raw-insn', '-r', o])[1]
    h.ok('own functions stay') if len(names) == 4 else h.fail('own functions stay', ' '.join(names))
    called = [n for n in ('_ZL3addii', '_ZNK7Account3getEv') if not re.search(r'(call|R_X86_64_PLT32).*' + n, code)]
    h.fail('own functions are called', ' '.join(called)) if called else h.ok('own functions are called')
    inlined = re.findall(r'(?:call|R_X86_64_PLT32).*(?:_ZNSt6vectorI7AccountSaIS0_EEixEm|_ZNKSt6vectorI7AccountSaIS0_EE4sizeEv)', code)
    h.fail('small functions of the library are inlined', inlined[0]) if inlined else h.ok('small functions of the library are inlined')
    in_gdb(h, 'gdb: C++', 'gdb', GDB, h.link([o], h.path('foreign'), ['-lstdc++']))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('files', nargs='*', type=pathlib.Path)
    h = harness.Harness(p.parse_args())
    files = h.args.files or [f for folder in (HERE / 'programs', HERE.parent / 'programs', BENCH) for f in sorted(folder.glob('*.cpp'))]
    items = [(f.resolve(), flags) for f in files for flags in ((), ('-g',)) if (f.name, *flags) not in LEAVE]
    h.each(lambda item: same(h, item), harness.sample(items, 5))
    program(h)
    in_cxx(h)
    in_lldb(h)
    after_table(h)
    stops(h)
    rust(h)
    by_cxx(h)
    h.finish()


if __name__ == '__main__':
    main()
