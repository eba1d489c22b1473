#!/usr/bin/env python3
"""Tests of Clay: test.py CLAY [NAME...]

programs/NAME.clay prints what programs/NAME.out says, on each machine, linked and in memory, on Windows under wine, and with a collector that
moves everything at every allocation. What it did is added up, and must not be nothing. errors.txt has wrong programs with the messages that they must give, and
programs that fail at run time. Speaks TAP."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../tests/harness'))
import wine  # noqa: E402
MESSAGE = re.compile(r'^[^:\s]*:(\d+:\d+: (?:runtime )?error: .*)$', re.M)


def run(*args, stdin=None, env=None, cwd=None):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, input=stdin,
                       env=dict(os.environ, **(env or {})), cwd=cwd)
    return p.returncode, p.stdout.decode(), p.stderr.decode(errors='replace')


def expect(got, want, what):
    if got != want:
        raise AssertionError('%s: expected\n%s\ngot\n%s' % (what, want, got))


# ---- programs ----

COUNTS = 'collections (\\d+), objects moved (\\d+), frames with roots (\\d+), roots (\\d+)\n'


def program(clay, name, options, counts=None):
    """With `counts` the collector moves everything, and what it did is added to this list."""
    env = {'CLAY_GC': '40' if name == 'garbage' else '1'} if counts is not None else {}

    def test():
        status, out, err = run(clay, *options, name + '.clay', env=env, cwd=PROGRAMS)
        if counts is not None:
            counts.append([int(n) for n in re.search(COUNTS, err).groups()])
        with open(os.path.join(PROGRAMS, name + '.out')) as f:
            expect(out, f.read(), 'output (%s)' % err.strip())
        expect(status, 0, 'status')
    return test


def kept(clay, name, work, counts):
    """A program whose code is kept on disk: the first start writes it, the second one loads it."""
    def test():
        folder = os.path.join(work, 'kept-' + name)
        env = {'CLAY_GC': '40' if name == 'garbage' else '1', 'CLAY_CACHE': folder}
        os.mkdir(folder, 0o700)
        for _ in range(2):
            status, out, err = run(clay, '--jit', name + '.clay', env=env, cwd=PROGRAMS)
            counts.append([int(n) for n in re.search(COUNTS, err).groups()])
            with open(os.path.join(PROGRAMS, name + '.out')) as f:
                expect(out, f.read(), 'output (%s)' % err.strip())
            expect(status, 0, 'status')
        expect(len(os.listdir(folder)), 1, 'files of the cache')
    return test


def on_windows(clay, name, work, counts):
    """A program that is linked for Windows, under wine, with the collector that moves everything."""
    def test():
        exe = os.path.join(work, name + '.exe')
        expect(run(clay, '--target=x86_64-windows', '-o', exe, name + '.clay', cwd=PROGRAMS)[::2], (0, ''), 'status of clay')
        env = {'CLAY_GC': '40' if name == 'garbage' else '1'}
        status, out, err = run(wine.WINE, exe, env=env)
        if status and not out and not err: # it was not started, which happens
            status, out, err = run(wine.WINE, exe, env=env)
        with open(os.path.join(PROGRAMS, name + '.out')) as f:
            expect(out, f.read(), 'output (%s)' % err.strip())
        expect(status, 0, 'status')
        counts.append([int(n) for n in re.search(COUNTS, err).groups()])
    return test


def sums(what, counts):
    """All programs together: collections, objects that were moved, frames, roots."""
    totals = [sum(n) for n in zip(*counts)]
    print('# %s: %d collections, %d objects moved, %d frames with roots, %d roots' % (what, *totals))
    return min(totals, default=0) > 0


# ---- errors ----

def sections():
    """Name, expected messages, source of each section of errors.txt."""
    with open(os.path.join(HERE, 'errors.txt')) as f:
        parts = re.split(r'^=== (.*)\n', f.read(), flags=re.M)
    for name, body in zip(parts[1::2], parts[2::2]):
        lines = body.split('\n')
        want = [line[2:] for line in lines if line.startswith('> ')]
        yield name, want, '\n'.join(line for line in lines if not line.startswith('> '))


def wrong(clay, work, number, want, source):
    def test():
        path = os.path.join(work, '%d.clay' % number)
        with open(path, 'w') as f:
            f.write(source)
        at_run_time = any('runtime error' in line for line in want)
        status, out, err = run(clay, '--run', path)
        expect('\n'.join(MESSAGE.findall(err)), '\n'.join(want), 'messages')
        expect(status, 101 if at_run_time else 1, 'status')
    return test


# ---- the command ----

def command(clay, work):
    def status_of(want, *args, **more):
        return lambda: expect(run(clay, *args, **more)[0], want, 'status')

    def shown_line():
        _, _, err = run(clay, '-', stdin=b'print(1)\nlet x =\t1 + nothing\n')
        expect(err, "-:2:13: error: unknown name 'nothing'\n    2 | let x =\t1 + nothing\n"
               '      |        \t    ^~~~~~~\n', 'message')

    def object_file():
        o, exe = os.path.join(work, 'hello.o'), os.path.join(work, 'hello')
        runtime = os.path.join(os.path.dirname(os.path.abspath(clay)), 'clay-runtime-%s.o' % os.uname().machine)
        expect(run(clay, '-o', o, 'hello.clay', cwd=PROGRAMS)[0], 0, 'status')
        expect(run('cc', o, runtime, '-lm', '-o', exe)[0], 0, 'status of cc')
        expect(run(exe)[1], 'Hello, world\n', 'output')

    def executable():
        exe = os.path.join(work, 'calculator')
        expect(run(clay, '-o', exe, 'calculator.clay', cwd=PROGRAMS)[0], 0, 'status')
        expect(run(exe, '2*2')[1].splitlines()[-1], '2*2 = 4.0', 'last line')

    def debugger():
        source = (b'record point { x: int, y: float, next: [point] }\n'
                  b'var total = 0\n'
                  b'var names = ["a", "bcd"]\n'
                  b'fn fac(n: int, label: str) -> int {\n'
                  b'  if n <= 1 { return 1 }\n'
                  b'  let rest = fac(n - 1, label)\n'
                  b'  for i in 0..1 {\n'
                  b'    let seen = i == 0\n'
                  b'    total += 1\n'
                  b'  }\n'
                  b'  return n * rest\n'
                  b'}\n'
                  b'let p = point(3, 2.5, [])\n'
                  b'print(fac(4, "xyz"))\n'
                  b'print(total)\n')
        with open(os.path.join(work, 'fac.clay'), 'wb') as f:
            f.write(source)
        expect(run(clay, '-g', '-o', 'fac', 'fac.clay', cwd=work)[0], 0, 'status')
        commands = ['break fac.clay:9', 'run', 'bt', 'info args', 'info locals', 'print *label', 'print total', 'print *p',
                    'print *names->cells[1]', 'ptype p', 'tbreak 11', 'set var rest = 5', 'delete 1', 'continue', 'info locals',
                    'finish']
        out = run('gdb', '-nx', '-batch', '-iex', 'set debuginfod enabled off', *(x for c in commands for x in ('-ex', c)),
                  './fac', cwd=work)[1]
        for part in ('fac (n=2, label=0x', ' at fac.clay:9', '#1 ', 'in fac (n=3, ', '#3 ', 'in program () at fac.clay:14', '\nn = 2\n',
                     '\nseen = true\n', '\ni = 0\n', '\nrest = 1\n', '"xyz"}', '= 0\n', '{x = 3, y = 2.5, next = 0x', '"bcd"}',
                     'struct point {\n    int x;\n    float y;\n    struct [point] *next;\n} *', '\nrest = 5\n',
                     'Value returned is $5 = 10'):
            expect(part in out, True, 'in gdb: %s in\n%s' % (part, out))

    def arguments():
        status, out, _ = run(clay, '-r', '-', 'a', '--run', stdin=b'print(args())\nexit(7)')
        expect((status, out), (7, '[a, --run]\n'), 'status and output')

    def text():
        status, out, err = run(clay, '--emit=kir', 'recursion.clay', cwd=PROGRAMS)
        expect((status, err), (0, ''), 'status and errors')
        for part in ('func @clay.gcd(i64, i64) -> i64 {', 'func @clay_program() {', 'declare @clay_write('):
            expect(part in out, True, part)

    def same_bytes():
        first, second = (os.path.join(work, n) for n in ('1.o', '2.o'))
        for o in (first, second):
            expect(run(clay, '-o', o, 'life.clay', cwd=PROGRAMS)[0], 0, 'status')
        with open(first, 'rb') as a, open(second, 'rb') as b:
            expect(a.read() == b.read(), True, 'same bytes')

    def readme():
        with open(os.path.join(HERE, 'README.md')) as f:
            source = re.search(r'^```\n(.*?)^```', f.read(), re.M | re.S).group(1)
        _, out, err = run(clay, '-r', '-', stdin=source.encode())
        expect((out, err), ('27 takes 111 steps\n97 takes 118 steps\n871 takes 178 steps\n', ''), 'output')

    def endless():
        source = b'fn f(n: int) -> int { return f(n + 1) + 1 }\nprint(1)\nprint(f(0))'
        expect(run(clay, '-r', '-', stdin=source), (101, '1\n', 'runtime error: stack overflow\n'), 'result')

    def traceback():
        source = (b'fn inner(a: [int], i: int) -> int {\n'
                  b'  return a[i]\n'
                  b'}\n'
                  b'fn outer(n: int) -> int {\n'
                  b'  let all = [1, 2]\n'
                  b'  return n +\n'
                  b'    inner(all, n)\n'
                  b'}\n'
                  b'print(outer(1))\n'
                  b'print(outer(2))\n')
        with open(os.path.join(work, 'trace.clay'), 'wb') as f:
            f.write(source)
        result = run(clay, '--jit', 'trace.clay', cwd=work)
        expect(result[:2], (101, '3\n'), 'status and output')
        expect(re.findall(r'^  .*:(\d+:\d+: in .*)$', result[2], re.M), ['2:10: in inner', '6:3: in outer', '10:1: in the program'], 'functions')

    def lazy():
        # g is wrong for the linker, but nobody calls it; f fails when it is called.
        source = (b'extern fn no_such_function(n: int) -> int\n'
                  b'fn g() -> int { return no_such_function(1) }\n'
                  b'fn f() -> int { return no_such_function(2) }\n'
                  b'print("begins")\n'
                  b'if len(args()) > 0 { print(f()) }\n')
        expect(run(clay, '--jit', '-', stdin=source)[:2], (0, 'begins\n'), 'without a call')
        status, out, err = run(clay, '--jit', '-', 'x', stdin=source)
        expect((status, out, 'undefined: no_such_function' in err), (101, 'begins\n', True), 'with a call')

    def prompt():
        source = (b'fn twice(n: int) -> int { return 2 * n }\n'
                  b'fn show(n: int) { print("show", twice(n)) }\n'
                  b'show(21)\n'
                  b'fn twice(n: int) -> int {\n  return 20 * n // "}"\n}\n'  # in three lines; show calls the new one
                  b'show(21); print(nothing)\n'  # wrong: does not run
                  b'show(21)\n'
                  b'fn twice(s: str) -> str { return s + s }\n'  # another signature: show calls the old one
                  b'show(22); print(twice("ab"))\n'
                  b'fn twice(s: str) -> str { return s + plus() + s }; fn plus() -> str { return "+" }\n'  # calls a new one
                  b'var kept = ["x"]\n'
                  b'push(kept, twice("y")); print(kept, kept[7])\n'  # fails at run time
                  b'for i in 0..200000 { let other = [str(i)] }\n'  # the collector sees what earlier lines have
                  b'print(kept)\n'
                  b'record gone { n: int }\n'  # thrown in one line, caught in another
                  b'fn lose(n: int) { throw gone(n) }\n'
                  b'try { lose(3) } catch g: gone { print("gone", g.n) } finally { print("over") }\n'
                  b'lose(4)\n'
                  b'extern fn no_such_function(n: int) -> int\n'
                  b'print(no_such_function(1))\n'
                  b'extern fn labs(n: int) -> int\n'
                  b'print(labs(-5), read_line(), args())\n'
                  b'the next line\n'
                  b'exit(7)\n'
                  b'print("behind the end")\n')
        status, out, err = run(clay, '-i', 'an argument', stdin=source)
        expect((status, out), (7, 'show 42\nshow 420\nshow 440\nabab\n[x, y+y]\ngone 3\nover\n5 the next line\n [an argument]\n'),
               'status and output')
        expect(MESSAGE.findall(err), ["1:17: error: unknown name 'nothing'",
                                      '1:37: runtime error: index 7 is outside of 0..2',
                                      '1:19: runtime error: nobody catches the record'], 'messages')
        expect('undefined: no_such_function' in err, True, 'a missing function')

    def lines():
        source = (b'let seen: [str] = []\n'
                  b'fn twice(n: int) -> int { return 2 * n }\n'
                  b'var x = twice(21)\n'
                  b'push(seen, nothing); var y = 1\n'  # wrong: declares nothing
                  b'push(seen, "x = " + str(x)); print(seen)\n'
                  b'var x = "another"; var y = 1.5\n'
                  b'fn later() -> str { return x + str(twice(int(y * 3))) }\n'
                  b'print(later(), len(seen))\n')
        status, out, err = run(clay + '-lines', work, stdin=source)
        expect((status, out), (0, '1\n2\n3\n5\n6\n7\n8\n'), 'lines')
        expect(MESSAGE.findall(err), ["1:12: error: unknown name 'nothing'"], 'messages')
        numbers = out.split()
        with open(os.path.join(work, 'lines.c'), 'w') as f:
            f.write(''.join('void line_%s(void);\n' % n for n in numbers))
            f.write('void clay_program(void) { %s }\n' % ' '.join('line_%s();' % n for n in numbers))
        exe = os.path.join(work, 'lines')
        runtime = os.path.join(os.path.dirname(clay), 'clay-runtime-%s.o' % os.uname().machine)
        objects = [os.path.join(work, 'line_%s.o' % n) for n in numbers]
        expect(run('cc', f.name, *objects, runtime, '-lm', '-o', exe)[::2], (0, ''), 'link')
        expect(run(exe)[1], '[x = 42]\nanother8 1\n', 'output')

    def input_lines():
        source = b'while true { let l = read_line(); if l == "" { break }; write(len(l), l) }'
        with open(os.path.join(work, 'lines.clay'), 'wb') as f:
            f.write(source)
        _, out, _ = run(clay, '-r', f.name, stdin=b'a\n\nlast')
        expect(out, '2a\n1\n4last', 'output')

    def deep(source, want):
        def test():
            status, _, err = run(clay, '-e', 'obj', '-o', os.devnull, '-', stdin=source.encode())
            expect(([m.split(': ')[2] for m in MESSAGE.findall(err)], status), (want, 1 if want else 0), 'messages')
        return test

    too_deep = ['nested more than 400 levels deep']
    many = ''.join('fn f%d(x: int) -> int { return x + %d }\n' % (i, i) for i in range(5000))
    return [
        ('the wrong line is shown, with a caret', shown_line),
        ('-o FILE.o', object_file),
        ('-o FILE', executable),
    ] + [('-g in gdb', debugger)] * (shutil.which('gdb') is not None and os.uname().machine == 'x86_64') + [
        ('--run gives arguments and exit code', arguments),
        ('--emit=kir', text),
        ("the README's program", readme),
        ('recursion without end', endless),
        ('read_line', input_lines),
        ('each line a module', lines),
        ('a prompt', prompt),
        ('--jit: functions and places after an error', traceback),
        ('--jit: a function that is not called is not compiled', lazy),
        ('the same bytes each time', same_bytes),
        ('--help', status_of(0, '--help')),
        ('no file: usage', status_of(2)),
        ('two files: usage', status_of(2, 'a.clay', 'b.clay')),
        ('unknown option: usage', status_of(2, '--frobnicate', 'a.clay')),
        ('unknown target: usage', status_of(2, '--target=pdp11', 'a.clay')),
        ('no such file', status_of(3, os.path.join(work, 'none.clay'))),
        ('a linker that fails', status_of(3, '--cc=false', '--run', '-', stdin=b'')),
        ('an empty program', status_of(0, '--run', '-', stdin=b'')),
        ('deep parentheses', deep('print(' + '(' * 5000 + '1' + ')' * 5000 + ')', too_deep)),
        ('deep minus', deep('let x = ' + '-' * 5000 + 'y', too_deep)),
        ('deep blocks', deep('{' * 5000 + '}' * 5000, too_deep)),
        ('long sum', deep('print(' + '1 + ' * 5000 + '1)', too_deep)),
        ('deep types', deep('var x: ' + '[' * 5000 + 'int' + ']' * 5000 + ' = []', too_deep)),
        ('long else-if', deep('let x = 1\nif x == 0 {\n' + '} else if x == 1 {\n' * 5000 + '}', [])),
        ('long name', deep('let ' + 'x' * 201 + ' = 1', ['a name of more than 200 bytes'])),
        ('longest name', deep('fn ' + 'x' * 200 + '() {}\nvar ' + 'x' * 200 + ' = 1', [])),
        ('5,000 functions', deep(many, [])),
        ('wrong bytes', deep('\0\1$$ \xff', ['no token starts with ' + c for c in ('byte 0', 'byte 1', "'$'", "'$'", "'\xff'")])),
    ]


# ---- code on disk ----

def hashed(data):
    """FNV-1a, as cache.c has it."""
    value = 0x811c9dc5
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return value


def cached(clay, work):
    """A file of the cache is used only as it was written: each test plants one whose program prints something else."""
    source = b'fn say(s: str) { print(s) }\nsay("as written")\n'

    def planted(name, text=source):
        """The folder, and the file of a program that prints `in planted` if it is used."""
        folder = os.path.join(work, 'cache-' + name)
        os.mkdir(folder, 0o700)
        with open(os.path.join(work, name + '.clay'), 'wb') as f:
            f.write(text)
        expect(start(name), (0, 'as written\n', ''), 'the first start')
        path, = (os.path.join(folder, f) for f in os.listdir(folder))
        with open(path, 'rb') as f:
            data = f.read()
        at = 40 + int.from_bytes(data[16:24], 'little')
        assert data.count(b'as written', at) == 1
        body = data[40:at] + data[at:].replace(b'as written', b'in planted')
        with open(path, 'wb') as f:
            f.write(data[:32] + hashed(body).to_bytes(8, 'little') + body)
        expect(os.stat(path).st_mode & 0o777, 0o600, 'permissions of the file')
        return folder, path

    def start(name):
        return run(clay, '--jit', name + '.clay', cwd=work, env={'CLAY_CACHE': os.path.join(work, 'cache-' + name)})

    def used():
        planted('used')
        expect(start('used'), (0, 'in planted\n', ''), 'the second start')

    def change(name, what, said=''):
        """The planted file is not used after a change of it."""
        def test():
            folder, path = planted(name)
            what(folder, path)
            status, out, err = start(name)
            expect((status, out, said in err), (0, 'as written\n', True), 'a start after the change')
        return test

    def rewrite(edit):
        def what(_, path):
            with open(path, 'rb') as f:
                data = f.read()
            with open(path, 'wb') as f:
                f.write(edit(data))
        return what

    def key(data):
        """Another Kiln's file, whole."""
        body = data[40:].replace(b'kiln ', b'KILN ', 1)
        return data[:32] + hashed(body).to_bytes(8, 'little') + body

    def edited(*_):
        with open(os.path.join(work, 'edited.clay'), 'ab') as f:
            f.write(b'\n')

    def linked(_, path):
        os.rename(path, os.path.join(work, 'elsewhere'))
        os.symlink(os.path.join(work, 'elsewhere'), path)

    def second_start():
        valgrind = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', '--error-exitcode=99']
        folder = os.path.join(work, 'cache-many')
        os.mkdir(folder, 0o700)
        text = ''.join('fn f%d(x: int) -> int {\n  var n = x\n  while n > %d { n = n / 2 + %d }\n  return n\n}\n' % (i, i, i % 5)
                       for i in range(400))
        with open(os.path.join(work, 'many.clay'), 'w') as f:
            f.write(text + ''.join('print(f%d(1))\n' % i for i in range(0, 400, 100)))
        counts = []
        for _ in range(2):
            status, out, err = run(*valgrind, clay + '-jit', 'many.clay', cwd=work, env={'CLAY_CACHE': folder})
            expect((status, out), (0, '0\n1\n1\n1\n'), 'result (%s)' % err)
            counts.append(int(re.search(r'Collected : (\d+)', err)[1]))
        print('# instructions of the first and the second start: %d, %d' % tuple(counts))
        assert counts[1] <= 0.3 * counts[0], counts

    with open(clay + '-jit', 'rb') as f:
        counts = shutil.which('valgrind') is not None and b'__asan_init' not in f.read()
    return [
        ('a file is used at the second start', used),
        ('an edited program', change('edited', edited)),
        ('a cut file', change('cut', rewrite(lambda data: data[:-1]))),
        ('a file without its end', change('empty', rewrite(lambda data: data[:30]))),
        ('a damaged file', change('damaged', rewrite(lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]))),
        ("another Kiln's file", change('foreign', rewrite(key))),
        ('a file that others can read', change('readable', lambda _, path: os.chmod(path, 0o644))),
        ('a folder that others can read', change('open', lambda folder, _: os.chmod(folder, 0o755), 'is not used')),
        ('a symbolic link', change('linked', linked)),
    ] + [('instructions of the second start', second_start)] * counts


# ---- running ----

PROGRAMS = os.path.join(HERE, 'programs')


def main():
    clay = os.path.abspath(sys.argv[1])
    work = tempfile.mkdtemp(prefix='clay-test-')
    beside = os.path.dirname(clay)
    cross = os.path.exists(os.path.join(beside, 'clay-runtime-aarch64.o')) and os.uname().machine != 'aarch64'
    emulator = cross and shutil.which('qemu-aarch64')
    windows = os.path.exists(os.path.join(beside, 'clay-runtime-x86_64-windows.o')) and os.path.exists(wine.WINE)
    if windows: wine.start()
    tests, skipped, moved = [], [], {'linked': [], 'in memory': [], 'loaded': [], 'aarch64': [], 'Windows': []}
    for name in sorted(f[:-5] for f in os.listdir(PROGRAMS) if f.endswith('.clay')):
        tests.append(('program ' + name, program(clay, name, ['--run'])))
        tests.append(('program %s, moving' % name, program(clay, name, ['--run'], moved['linked'])))
        tests.append(('program %s, in memory, moving' % name, program(clay, name, ['--jit'], moved['in memory'])))
        tests.append(('program %s, loaded, moving' % name, kept(clay, name, work, moved['loaded'])))
        if emulator:
            tests.append(('program %s, aarch64, -g, moving' % name,
                          program(clay, name, ['-g', '--target=aarch64', '--run'], moved['aarch64'])))
        else:
            skipped.append('program %s, aarch64, -g, moving # SKIP no aarch64-linux-gnu-gcc or no qemu-aarch64' % name)
        if windows: tests.append(('program %s, Windows, moving' % name, on_windows(clay, name, work, moved['Windows'])))
        else: skipped.append('program %s, Windows, moving # SKIP no x86_64-w64-mingw32-gcc-posix or no wine' % name)
    for i, (name, want, source) in enumerate(sections()):
        tests.append(('error ' + name, wrong(clay, work, i, want, source)))
    tests += [('command: ' + name, test) for name, test in command(clay, work)]
    tests += [('cache: ' + name, test) for name, test in cached(clay, work)]
    chosen = sys.argv[2:]
    if chosen:
        tests = [t for t in tests if any(c in t[0] for c in chosen)]

    def outcome(test):
        try:
            test[1]()
            return None
        except (AssertionError, subprocess.TimeoutExpired) as e:
            return str(e)

    failed = count = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (name, _), problem in zip(tests, pool.map(outcome, tests)):
            count += 1
            failed += problem is not None
            if problem is not None:
                print('# ' + problem.replace('\n', '\n# '))
            print('%sok %d - %s' % ('not ' if problem is not None else '', count, name), flush=True)
    for what, counts in moved.items():
        if counts and not chosen:
            count += 1
            good = sums(what, counts)
            failed += not good
            print('%sok %d - objects moved, %s' % ('' if good else 'not ', count, what))
    for name in skipped:
        count += 1
        print('ok %d - %s' % (count, name))
    print('1..%d' % count)
    shutil.rmtree(work, ignore_errors=True)
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
