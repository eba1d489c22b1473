#!/usr/bin/env python3
"""CPython with extension modules in Rust, all of it by Kiln at debug settings, beside LLVM -O0.

    cpython.py --kiln=build/kiln [--reuse] [--only=build,tests,modules,gdb] [--jobs=N] [--all] [--limit=SECONDS] [TEST...]

build     Debian's python3.11, configured --with-pydebug, by clang and by `kiln cc`: the same configuration, and nothing
          that LLVM compiled in Kiln's place.
tests     CPython's own, without resources (network, GUI, much time or memory), by both Pythons at the same time: what
          became of each test. A file in which something differs runs again, by one Python after the other, since some
          have ports of fixed numbers; what differs then too is a failure.
          TEST: files, as test_int; default: all but SLOW, with --all those too. A file that takes longer than --limit is
          ended, and named at the end.
modules   two modules in Rust, by cargo and by `kiln cargo`, with the Python of the same compiler: shelf (the folder
          cpython beside this file), and rpds from PyPI, with their tests.
gdb       through stacks of both languages (gdb_stack.py): frames, arguments, locals, values that are set, Python's own
          frames by its helper; what it prints is the same, and what the sources say.

--reuse takes what an earlier run has built, and its results of test files. Exit status 0 if nothing differs.
"""
import argparse
import collections
import difflib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import packages

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, 'cpython')
PYTHON = {
    'name': 'python3.11', 'source': 'python3.11', 'folder': '.',
    # Debian's pyexpat needs what only modules within the interpreter may use.
    'configure': '''
./configure --with-pydebug --with-system-expat --with-system-ffi --without-ensurepip
echo 'pyexpat pyexpat.c -lexpat' >> Modules/Setup.local
''',
    'build': 'make -j$JOBS',
}
STEPS = 'build', 'tests', 'modules', 'gdb'
WHO = 'llvm', 'kiln'
# What differs from run to run in what gdb shows.
CHANGING = ((r'0x[0-9a-f]+', 'ADDRESS'), (r"(?<=thread '<unnamed>' )\(\d+\)|LWP \d+|Thread \S+", 'THREAD'),
            (r'process \d+', 'PROCESS'))
RPDS, PYTEST = '2026.9.1', '8.4.2'
# Many processes or threads that wait for each other, or minutes of the processor; and a toolkit of windows.
SLOW = '''test_asyncio test_concurrent_futures test_multiprocessing_fork test_multiprocessing_forkserver
    test_multiprocessing_spawn test_tools test_peg_generator test_lib2to3 test_test test_idle test_tk test_ttk_guionly
    test_ttk_textonly test_tix test_turtle test_tcl'''.split()


# Waits for ever where a virtual machine has sockets to its host alone, with both.
WITHOUT = '*.ThreadedVSOCKSocketStreamTest.*'
LATE = 'not in time'


def environment(work, who):
    """Of everything that runs: no settings of the user's, temporary files in a folder of its own."""
    tmp = os.path.join(work, who, 'tmp')
    os.makedirs(tmp, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(('KILN_', 'PYTHON', 'CARGO_PROFILE', 'CFLAGS'))}
    env.update(LC_ALL='C.UTF-8', TMPDIR=tmp, KILN_FALLBACK='llvm', RUST_BACKTRACE='0')
    return env


def python_of(work, who):
    return os.path.join(work, who, PYTHON['name'], 'python')


# ---- build ----

def build(args):
    """The faults, and a row of figures."""
    source, version = packages.fetch(PYTHON, args.cache)
    compilers = {'llvm': (args.clang, args.clang.replace('clang', 'clang++')),
                 'kiln': (args.kiln + ' cc', args.kiln + ' c++')}
    wrong, builds, modules = [], [], []
    for who in WHO:
        b = packages.Build(PYTHON, source, who, *compilers[who], 'debug', '', args.work, 'x86_64', '')
        b.configure(args.jobs)
        b.build(args.jobs, False)
        with open(b.path('build'), errors='replace') as f:
            failed = re.findall(r'^.*(?:Failed to build|since importing it failed).*(?:\n.*)?', f.read(), re.M)
        wrong += ['%s: %s' % (who, line) for line in failed]
        modules.append(sorted(os.path.basename(p) for p in glob.glob(b.tree + '/build/lib.*/*.so')))
        builds.append(b)
    clang, kiln = builds
    a, b = clang.headers(), kiln.headers()
    if 'pyconfig.h' not in b:
        wrong.append('there is no pyconfig.h')
    for path in sorted(a.keys() | b.keys()):
        wrong += packages.different(a.get(path, '').split('\n'), b.get(path, '').split('\n'), path)
    wrong += packages.different(*modules, 'the list of modules')
    functions, instructions, fallbacks = kiln.logged('build')
    if functions == 0:
        wrong.append('no function was compiled by Kiln')
    if fallbacks:
        wrong += ['%d files were compiled by LLVM:' % len(fallbacks)] + fallbacks
    print('python3.11 %s: %d functions, %d instructions, %d modules, %d files by LLVM; clang %.1f s, Kiln %.1f s' % (
        version, functions, instructions, len(modules[1]), len(fallbacks),
        clang.user['build'][0], kiln.user['build'][0]), flush=True)
    for line in kiln.logged('configure')[2]:
        print('not compiled by Kiln: ' + line)
    return wrong


# ---- tests ----

def outcomes(path):
    """What became of each test in a file of results; None if there is none, as after a crash."""
    if not os.path.exists(path):
        return None
    with open(path, errors='replace') as f: # texts of failures may have characters that XML has not
        root = ElementTree.fromstring(re.sub(r'[^\t\n\r -\ufffd]|&#x?[0-9a-fA-F]+;', '?', f.read()))
    found = {}
    for case in root.iter('testcase'):
        what = [child.tag for child in case if not child.tag.startswith('system-')]
        if not case.get('name'): # a part of a test failed, for which the results have no name
            found['part %d' % len(found)] = 'failed'
            continue
        kind = {'error': 'failed', 'failure': 'failed', 'skipped': 'skipped', 'output': 'failed as expected',
                'outcome': 'passed unexpectedly'}.get(what[0] if what else '', 'passed')
        found[re.sub(r'0x[0-9a-f]+', 'ADDRESS', case.get('name'))] = kind
    return found


def interruptible():
    """Tests interrupt themselves, which a shell's background processes, and what they start, ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(args, who, test):
    """A process that runs a test file, and where its results and what it prints go."""
    folder = os.path.join(args.work, who, 'results')
    os.makedirs(folder, exist_ok=True)
    results = os.path.join(folder, test + '.xml')
    if os.path.exists(results):
        os.remove(results)
    with open(os.path.join(folder, test + '.out'), 'wb') as out:
        env = dict(environment(args.work, who), KILN_LOG=os.path.join(args.work, who, 'test.kiln'))
        options = ['-bb', '-E', '-m', 'test', '--timeout=900', '-i', WITHOUT, '--junit-xml', results]
        p = subprocess.Popen([python_of(args.work, who), *options, test], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                             stdout=out, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=interruptible)
    return p, results, out.name


def verdict(path):
    """What the test program says about the file at its end."""
    with open(path, errors='replace') as f:
        text = f.read()
    kinds = 'failed|altered the execution environment|run no tests|skipped|OK'
    found = re.findall(r'^\d+ tests? (%s)[:.]$' % kinds, text, re.M)
    return found[-1] if found else 'no verdict'


def run_file(args, test, together=True):
    """{who: {test: outcome, 'file': verdict}}; if `together` both run at the same time."""
    begin, found = time.monotonic(), {}
    processes = {who: start(args, who, test) for who in WHO if together}
    for who in WHO:
        if not together:
            begin, processes[who] = time.monotonic(), start(args, who, test)
        p, results, log = processes[who]
        try:
            p.wait(max(1, begin + args.limit - time.monotonic()))
            how = 'no results: status %d' % p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            how = LATE
        found[who] = dict(outcomes(results) or {'crash': how}, file=verdict(log))
    return found


def differing(result):
    a, b = result['llvm'], result['kiln']
    return ['%s: %s by clang, %s by Kiln' % (k, a.get(k, 'not run'), b.get(k, 'not run'))
            for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]


def run_tests(args):
    python = python_of(args.work, 'llvm')
    names = args.names
    if not names:
        out = subprocess.run([python, '-m', 'test', '--list-tests'], stdout=subprocess.PIPE, check=True, text=True,
                             env=environment(args.work, 'llvm'), cwd=args.work).stdout.split()
        names = [n for n in out if args.all or n not in SLOW]
    path = os.path.join(args.work, 'tests.json')
    results = {}
    if args.reuse and os.path.exists(path):
        with open(path) as f:
            results = json.load(f)
    todo = [n for n in names if n not in results]
    for i, name in enumerate(todo):
        result = run_file(args, name)
        first = differing(result)
        if first:
            print('%s: differed once: %s' % (name, '; '.join(first[:4])), flush=True)
            result = dict(run_file(args, name, together=False), first=first)
        results[name] = result
        with open(path, 'w') as f:
            json.dump(results, f, indent=1)
        print('%d of %d: %s' % (i + 1, len(todo), name), file=sys.stderr, flush=True)
    wrong, counts = [], {who: collections.Counter() for who in WHO}
    files = {who: collections.Counter() for who in WHO}
    for name in names:
        wrong += ['%s: %s' % (name, line) for line in differing(results[name])]
        for who in WHO:
            files[who][results[name][who]['file']] += 1
            counts[who].update(v for k, v in results[name][who].items() if k != 'file')
    for who in WHO:
        print('CPython\'s tests, %s: %s; %d files: %s' % (
            'clang' if who == 'llvm' else 'Kiln', ', '.join('%d %s' % (n, k) for k, n in counts[who].most_common()),
            len(names), ', '.join('%d %s' % (n, k) for k, n in files[who].most_common())), flush=True)
    failed = sorted({re.sub(r'\(.*', '', k) for n in names for k, v in results[n]['llvm'].items() if v == 'failed'})
    late = ['%s (%s)' % (n, who) for n in names for who in WHO if results[n][who].get('crash') == LATE]
    print('ended after %d s: %s' % (args.limit, ' '.join(late) or 'none'), flush=True)
    print('failed with clang: ' + (' '.join(failed) or 'none'), flush=True)
    if sum(counts['llvm'].values()) == 0:
        wrong.append('no test ran')
    return wrong + compiled_in_tests(args)


def compiled_in_tests(args):
    """What the tests themselves compile is Kiln's, too."""
    path = os.path.join(args.work, 'kiln', 'test.kiln')
    if not os.path.exists(path):
        return []
    with open(path, errors='replace') as f:
        return ['by LLVM, in the tests: ' + line.strip() for line in f if ': compiled by LLVM: ' in line]


# ---- modules ----

def cargo(args, who, crate, library):
    """Builds a crate for the Python of the same compiler; the folder with the module."""
    command = [args.kiln, 'cargo'] if who == 'kiln' else ['cargo']
    folder = os.path.join(args.work, who, library)
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, 'kiln.log')
    if os.path.exists(log):
        os.remove(log)
    shutil.rmtree(os.path.join(folder, 'target'), ignore_errors=True)
    env = dict(environment(args.work, who), CARGO_TARGET_DIR=os.path.join(folder, 'target'), KILN_LOG=log,
               PYO3_PYTHON=python_of(args.work, who))
    with open(os.path.join(folder, 'cargo.out'), 'wb') as out:
        status = subprocess.run(command + ['build', '--locked', '-j%d' % args.jobs], cwd=crate, env=env,
                                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT).returncode
    if status:
        raise packages.Failure('%s: %s cannot be built: %s' % (who, library, out.name))
    shutil.copy(os.path.join(folder, 'target', 'debug', 'lib%s.so' % library), os.path.join(folder, library + '.so'))
    return folder


def objects(folder):
    """Objects that Kiln made, and the lines about those that LLVM made."""
    with open(os.path.join(folder, 'kiln.log'), errors='replace') as f:
        lines = f.read().splitlines()
    fallbacks = [line for line in lines if ': compiled by LLVM: ' in line]
    return len(lines) - len(fallbacks), fallbacks


def test_module(args, who, folder, tests, cwd):
    """The status of pytest, and what became of each test."""
    env = dict(environment(args.work, who), PYTHONPATH=folder + ':' + os.path.join(args.work, 'pypi', 'pytest'))
    command = [python_of(args.work, who), '-m', 'pytest', '-p', 'no:cacheprovider', '-q', '-rA', tests]
    p = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, text=True, errors='replace',
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with open(os.path.join(folder, 'test.out'), 'w') as f:
        f.write(p.stdout)
    return p.returncode, sorted((test, what) for what, test in
                                re.findall(r'^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+)', p.stdout, re.M))


def compare_module(args, name, crate, tests):
    got = {}
    for who in WHO:
        folder = cargo(args, who, crate, name)
        got[who] = test_module(args, who, folder, tests, crate)
    made, fallbacks = objects(os.path.join(args.work, 'kiln', name))
    counts = {who: collections.Counter(what for _, what in got[who][1]) for who in WHO}
    said = ['%s: %s' % ('clang' if who == 'llvm' else 'Kiln',
                        ', '.join('%d %s' % (n, k) for k, n in counts[who].items())) for who in WHO]
    print('%s: %d objects by Kiln, %d by LLVM; tests, %s' % (name, made, len(fallbacks), '; '.join(said)), flush=True)
    wrong = ['%s: %s' % (name, line) for line in fallbacks]
    if not got['llvm'][1] or not made:
        wrong.append('%s: no test ran, or Kiln made no object' % name)
    if got['llvm'] != got['kiln']:
        lists = [['status %d' % got[who][0]] + [' '.join(t) for t in got[who][1]] for who in WHO]
        wrong += packages.different(*lists, name)
    if got['llvm'][0]:
        wrong.append('%s: the tests end with status %d with LLVM, too' % (name, got['llvm'][0]))
    return wrong


def modules(args):
    cache = os.path.join(args.work, 'pypi')
    source = os.path.join(cache, 'rpds_py-' + RPDS)
    if not os.path.exists(source):
        pip = [sys.executable, '-m', 'pip', '-q', '--disable-pip-version-check']
        subprocess.run(pip + ['install', '--target', os.path.join(cache, 'pytest'), 'pytest==' + PYTEST], check=True)
        subprocess.run(pip + ['download', '--no-deps', '--no-binary', 'rpds-py', '-d', cache, 'rpds-py==' + RPDS],
                       check=True)
        subprocess.run(['tar', 'xf', source + '.tar.gz', '-C', cache], check=True)
    return compare_module(args, 'shelf', FOLDER, 'test_shelf.py') + compare_module(args, 'rpds', source, 'tests')


# ---- gdb ----

def session(args, who):
    """What gdb shows, without addresses and paths."""
    folder = os.path.join(args.work, who, 'shelf')
    tree = os.path.join(args.work, who, PYTHON['name'])
    sysroot = subprocess.run(['rustc', '--print=sysroot'], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    env = dict(environment(args.work, who), PYTHONPATH=folder, DEBUGINFOD_URLS='',
               HELPER=os.path.join(tree, 'Tools/gdb/libpython.py'), PRINTERS=os.path.join(sysroot, 'lib/rustlib/etc'))
    command = ['gdb', '-nx', '-batch', '-x', os.path.join(FOLDER, 'gdb_stack.py'), '--args',
               python_of(args.work, who), os.path.join(FOLDER, 'stack.py')]
    p = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, text=True, errors='replace', timeout=900,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with open(os.path.join(folder, 'gdb.out'), 'w') as f:
        f.write(p.stdout)
    text = p.stdout.replace(tree, 'TREE').replace(folder, 'MODULE')
    for pattern, by in CHANGING:
        text = re.sub(pattern, by, text)
    return text.splitlines()


def walk(args):
    shown = {who: session(args, who) for who in WHO}
    # What LLVM's code has nowhere, Kiln's may have.
    more = 0
    if len(shown['llvm']) == len(shown['kiln']):
        for i, (a, b) in enumerate(zip(shown['llvm'], shown['kiln'])):
            if a != b and re.fullmatch(re.escape(a).replace(re.escape('<optimized out>'), '.*'), b):
                shown['llvm'][i], more = b, more + 1
    wrong = packages.different(shown['llvm'], shown['kiln'], 'what gdb shows')
    with open(os.path.join(FOLDER, 'stack.expected')) as f:
        expected = [line.rstrip('\n') for line in f if not line.startswith('#')]
    for who in WHO:
        at = 0
        for line in expected: # each in the order of the file, with anything between
            while at < len(shown[who]) and not re.search(line, shown[who][at]):
                at += 1
            if at == len(shown[who]):
                wrong.append('gdb, %s: nothing shows %s' % (who, line))
                break
            at += 1
    others = sum(line[:1] == '+' and line[:3] != '+++'
                 for line in difflib.unified_diff(shown['llvm'], shown['kiln'], n=0))
    print("gdb: %d lines by clang, %d by Kiln: in %d of Kiln's is a value that clang's code has not, %d others differ; "
          '%d expected' % (len(shown['llvm']), len(shown['kiln']), more, others, len(expected)), flush=True)
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', metavar='TEST')
    p.add_argument('--only', default=','.join(STEPS))
    p.add_argument('--reuse', action='store_true')
    p.add_argument('--all', action='store_true')
    p.add_argument('--limit', type=int, default=1800)
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--kiln', default='build/kiln')
    p.add_argument('--clang', default='clang-22')
    p.add_argument('--cache', default='build/cache/sources')
    p.add_argument('--work', default='build/cpython')
    args = p.parse_args()
    args.kiln, args.work = os.path.abspath(args.kiln), os.path.abspath(args.work)
    wrong = []
    for step, function in zip(STEPS, (build, run_tests, modules, walk)):
        built = step == 'build' and args.reuse and all(os.path.exists(python_of(args.work, who)) for who in WHO)
        if built or step not in args.only.split(','):
            continue
        try:
            wrong += ['%s: %s' % (step, line) for line in function(args)]
        except (packages.Failure, subprocess.CalledProcessError, OSError) as e:
            wrong.append('%s: %s' % (step, e))
            if step == 'build':
                break
    print('\n'.join(wrong) or 'nothing differs')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
