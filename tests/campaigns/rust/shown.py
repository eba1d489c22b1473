#!/usr/bin/env python3
"""Values in debuggers at random stops in crates' own tests (docs/showing-values.md): what gdb shows of programs by `kiln cargo
--show` beside what `{:?}` prints at the same line, and the share that rust-gdb shows so of plain cargo's programs.

    shown.py --kiln=build/kiln [--toolchain=NAME] [--stops=50] [--seed=1] [--keep] [--faults] [NAME@VERSION...]

Lines are drawn at which a statement begins. In a copy of the source, each of them prints first, once, the variables that gdb
has found there: those whose type implements Debug and that the program may use there. (rustc refuses to print what is moved or
borrowed; the line then goes without it.) Both are compared as texts. A variable whose text differs is a wrong value, unless gdb shows it as it
does without Kiln. The tests print the same with the debugger as without.

--faults: plants faults in the debugger's script, each of which has to be found.
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ('tests/harness', 'tests/campaigns/crates', 'tests/run/rustc')]
import crates  # noqa: E402
import debug_faults  # noqa: E402

SCRIPT = os.path.join(ROOT, 'integrations/rustc/debuggers/show_gdb.py')
CRATES = ['strsim@0.11.1', 'smallvec@1.16.6', 'hex@0.4.3', 'either@1.19.0', 'csv-core@0.1.13', 'http@1.3.1', 'httparse@1.10.1',
          'indexmap@2.14.2', 'similar@2.7.0', 'shlex@1.3.0', 'unicode-width@0.2.1', 'fend-core@1.5.9', 'globset@0.4.21', 'idna@1.0.3',
          'aho-corasick@1.1.5', 'regex-syntax@0.8.12', 'petgraph@0.7.1', 'bstr@1.13.1', 'num-bigint@0.5.1', 'memchr@2.8.3']
# What a crate's copy gets: prints to the file that a variable names, once for each line.
PRINTS = '''
#[doc(hidden)]
#[allow(warnings, clippy::all)]
pub mod kiln_prints {
    extern crate std;
    use std::{fmt::Debug, format, io::Write, sync::atomic::{AtomicBool, Ordering}};
    static SEEN: [AtomicBool; 4096] = [const { AtomicBool::new(false) }; 4096];
    pub fn is_first(id: usize) -> bool { !SEEN[id].swap(true, Ordering::SeqCst) }
    pub struct Value<'a, T: ?Sized>(pub &'a T);
    pub trait WithDebug { fn put(&self, id: usize, name: &str); }
    impl<T: Debug + ?Sized> WithDebug for &Value<'_, T> {
        fn put(&self, id: usize, name: &str) {
            let hex: std::string::String = format!("{:?}", self.0).bytes().map(|b| format!("{b:02x}")).collect();
            let path = std::env::var_os("KILN_PRINTS").unwrap();
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
            writeln!(file, "{id} {name} {hex}-").unwrap();
        }
    }
    pub trait Without { fn put(&self, _: usize, _: &str) {} }
    impl<T: ?Sized> Without for Value<'_, T> {}
}
'''
GDB = r'''
import collections, json, os
places = json.load(open('PLACES'))
out = open('SHOWN', 'w')
gdb.execute('set pagination off'); gdb.execute('set confirm off'); gdb.execute('set width 0')
gdb.execute('set print elements 0'); gdb.execute('set breakpoint pending off'); gdb.execute('set host-charset UTF-8')
at = {}
for file, line in places:
    try:
        at[file, line] = gdb.Breakpoint('%s:%d' % (file, line))
    except gdb.error:
        pass
def names(frame):
    found, block = [], frame.block()
    while block is not None:
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and symbol.name not in found and symbol.line <= frame.find_sal().line:
                found.append(symbol.name)
        if block.function is not None:
            return found
        block = block.superblock
    return found
FAULT
gdb.execute('run --test-threads=1 >tests 2>&1')
while gdb.selected_inferior().pid:
    frame = gdb.selected_frame()
    place = frame.find_sal()
    hit = [key for key in at if key[1] == place.line and place.symtab and place.symtab.fullname().endswith(key[0])]
    for key in hit:
        at.pop(key).delete()
        for name in names(frame):
            try:
                text = gdb.execute('print ' + name, to_string=True).split(' = ', 1)[1]
                text = text[:-1]
            except (gdb.error, IndexError) as e:
                text = 'error: %s' % e
            how = COUNTS
            out.write(json.dumps([*key, name, text, how]) + '\n')
    out.flush()
    gdb.execute('continue')
'''

def run(words, cwd, env=None, check=True, timeout=900):
    done = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace', timeout=timeout)
    if check and done.returncode:
        raise Failed('%s: status %d\n%s' % (' '.join(words), done.returncode, (done.stdout + done.stderr)[-1500:]))
    return done


class Failed(Exception):
    pass


def statements(crate):
    """Places at which a statement begins: file, line."""
    for folder, _, files in os.walk(os.path.join(crate, 'src')):
        for file in sorted(files):
            path = os.path.join(folder, file)
            if not file.endswith('.rs'):
                continue
            with open(path, encoding='utf-8') as f:
                lines = f.read().split('\n')
            before, macro = '', False
            for i, line in enumerate(lines, 1):
                text = line.strip()
                macro = macro and line != '}' or line.startswith(('macro_rules', '    macro_rules'))
                if not macro and before.endswith((';', '{', '}')) and re.match(r' {4,}(let |if |for |while |match |[a-z_][\w.]*(\(|\.| = )|assert)', line):
                    yield os.path.relpath(path, crate), i
                if text and not text.startswith('//'):
                    before = text


def build(words, crate, env, target):
    """The program of the library's tests."""
    env = dict(env, CARGO_TARGET_DIR=target)
    done = run([*words, 'test', '--no-run', '--lib', '--offline', '--message-format=json'], crate, env, check=False)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    programs = [m['executable'] for m in messages if m.get('executable') and m['profile']['test']]
    errors = [m['message'] for m in messages if m.get('message') and m['message'].get('level') == 'error']
    return programs[0] if programs else None, errors, done.stderr[-1500:]


def insert(crate, copy, wanted):
    """Makes the copy: at each place, what prints these variables."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(crate, copy, ignore=shutil.ignore_patterns('target'))
    for file in sorted({file for file, _ in wanted}):
        path = os.path.join(copy, file)
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        for (of, line), (number, names) in wanted.items():
            if of == file and names:
                prints = ' '.join('(&&Value(&%s)).put(%d, "%s");' % (n, number, n) for n in names)
                lines[line - 1] = ('if crate::kiln_prints::is_first(%d) { use crate::kiln_prints::*; %s } ' % (number, prints)) + lines[line - 1]
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines))
    with open(os.path.join(copy, 'src/lib.rs'), 'a', encoding='utf-8') as f:
        f.write(PRINTS)


def drop(wanted, errors):
    """Leaves out what rustc refuses."""
    for error in errors:
        for span in error['spans']:
            key = next((k for k in wanted if k[1] == span['line_start'] and span['file_name'].endswith(k[0])), None)
            if key is None or not span['text']:
                continue
            number, names = wanted[key]
            text = span['text'][0]['text'][:span['column_start'] + 40]
            before = re.findall(r'Value\(&(\w+)', text[:span['column_end'] + 1])
            own = span['text'][0]['text'][span['column_start'] - 1:span['column_end'] - 1].strip('&')
            gone = own if own in names else before[-1] if before and span['is_primary'] else None
            wanted[key] = number, [n for n in names if n != gone] if gone else names if not span['is_primary'] else []


def truth(crate, work, shown, env):
    """What `{:?}` prints: by place and name."""
    wanted, copy = {}, os.path.join(work, 'copy')
    for file, line, name, _, _ in shown:
        if re.fullmatch(r'[a-z_]\w*', name) and name != 'self_':
            wanted.setdefault((file, line), (len(wanted), []))[1].append(name)
    for _ in range(12):
        insert(crate, copy, wanted)
        program, errors, said = build(['cargo'], copy, dict(env, RUSTFLAGS='--cap-lints=warn'), os.path.join(work, 'target-copy'))
        if program:
            break
        drop(wanted, errors)
    else:
        raise Failed('the copy does not compile: %s' % said)
    prints = os.path.join(work, 'prints')
    if os.path.exists(prints):
        os.remove(prints)
    run([program, '--test-threads=1'], crate, dict(env, KILN_PRINTS=prints), check=False)
    places, found = {number: key for key, (number, _) in wanted.items()}, {}
    if os.path.exists(prints):
        with open(prints) as f:
            for line in f:
                number, name, text = line.split()
                found[(*places[int(number)], name)] = bytes.fromhex(text[:-1]).decode('utf-8', 'replace')
    return found


def debug(program, crate, work, places, env, words, counts='""', fault=''):
    """What gdb shows."""
    files = {name: os.path.join(work, name.lower()) for name in ('PLACES', 'SHOWN')}
    with open(files['PLACES'], 'w') as f:
        json.dump(places, f)
    text = GDB.replace('COUNTS', counts).replace('FAULT', fault)
    for name, path in files.items():
        text = text.replace("'%s'" % name, repr(path))
    text = text.replace('>tests', '>' + os.path.join(work, 'tests'))
    script = os.path.join(work, 'script.py')
    with open(script, 'w') as f:
        f.write('import gdb\n' + text)
    try:
        done = run([*words, '-x', script, program], crate, env, check=False, timeout=300)
        status = done.returncode
    except subprocess.TimeoutExpired:
        status = 'a hang'
    with open(files['SHOWN']) as f:
        shown = [json.loads(line) for line in f]
    with open(os.path.join(work, 'tests'), errors='replace') as f:
        return shown, crates.results(f.read()), status


def compare(shown, real):
    """Those that are as `{:?}` prints them, those that are not shown, wrong ones."""
    exact, plain, wrong = 0, [], []
    for file, line, name, text, how in shown:
        expected = real.get((file, line, name))
        if expected is None:
            continue
        if text == expected:
            exact += 1
        elif how == 'fields':
            plain.append((file, line, name, expected, text))
        else:
            wrong.append((file, line, name, expected, text))
    return exact, plain, wrong


COUNTS = '"text" if __import__("kiln_show.in_gdb").in_gdb.text_of(frame.read_var(name)) is not None else "fields"'


def one(name, options, env):
    """Compares a crate's variables; figures."""
    name, version = name.split('@')
    work = os.path.join(options.work, name)
    os.makedirs(work, exist_ok=True)
    crate = os.path.join(crates.fetch(name, version, options.sources), 'crate')
    drawn = random.Random('%s %s' % (options.seed, name))
    places = sorted(statements(crate))
    places = sorted(drawn.sample(places, min(len(places), 6 * options.stops)))
    ours, _, said = build([options.kiln, 'cargo', '--show'], crate, env, os.path.join(work, 'target-kiln'))
    plains, _, _ = build(['cargo'], crate, env, os.path.join(work, 'target-llvm'))
    if not ours or not plains:
        raise Failed('no program of tests: ' + said)
    gdb = ['gdb', '-nx', '-batch', '-x', SCRIPT]
    alone = crates.results(run([ours, '--test-threads=1'], crate, env, check=False).stdout)
    shown, results, status = debug(ours, crate, work, places, env, gdb, COUNTS)
    stops = list(dict.fromkeys((f, line) for f, line, *_ in shown))
    kept = set(drawn.sample(stops, min(len(stops), options.stops)))
    shown = [row for row in shown if tuple(row[:2]) in kept]
    real = truth(crate, work, shown, env)
    exact, plain, wrong = compare(shown, real)
    by_llvm = debug(plains, crate, work, sorted(kept), env, ['rust-gdb', '-nx', '-batch'])[0]
    others = sum(real.get((f, line, n)) == text for f, line, n, text, _ in by_llvm)
    print('%-20s stops %4d  values %5d  exact %5d  fields %4d  wrong %3d  rust-gdb %5d  %s'
          % (name, len(kept), exact + len(plain) + len(wrong), exact, len(plain), len(wrong), others,
             'ok' if results == alone and status == 0 else 'OTHER RESULTS OF TESTS, gdb: %s' % status), flush=True)
    for row in (plain + wrong)[:options.list]:
        print('    %s:%d %s: {:?} prints %.160r, gdb shows %.160r' % row)
    faults = []
    for fault in debug_faults.SCRIPT if options.faults else ():
        seen, after, ended = debug(ours, crate, work, sorted(kept), env, gdb, COUNTS, debug_faults.SCRIPT[fault])
        found = len(compare(seen, real)[2]) > len(wrong) or after != alone or ended != 0
        faults.append(found)
        print('    %s: %s' % (fault, 'found' if found else 'NOT FOUND'))
    if not options.keep:
        shutil.rmtree(work)
    return len(kept), exact, len(plain), len(wrong), others, results == alone and status == 0 and all(faults)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build/kiln'))
    p.add_argument('--toolchain', default='1.99.1')
    p.add_argument('--stops', type=int, default=50)
    p.add_argument('--seed', default='1')
    p.add_argument('--list', type=int, default=10, help='how many differences are printed for a crate')
    p.add_argument('--work', default=os.path.join(ROOT, 'build/shown'))
    p.add_argument('--sources', default=os.path.join(ROOT, 'build/cache/crates'))
    p.add_argument('--keep', action='store_true')
    p.add_argument('--faults', action='store_true')
    p.add_argument('crates', nargs='*', default=CRATES)
    options = p.parse_args()
    options.kiln = os.path.abspath(options.kiln)
    env = dict(os.environ, RUSTUP_TOOLCHAIN=options.toolchain, RUST_BACKTRACE='0', LC_ALL='C.UTF-8')
    sums, good = [0] * 5, True
    for name in options.crates:
        try:
            *figures, fine = one(name, options, env)
            sums = [a + b for a, b in zip(sums, figures)]
            good = good and fine
        except (Failed, subprocess.CalledProcessError) as e:
            print('%s: %s' % (name, e), flush=True)
            good = False
    stops, exact, plain, wrong, others = sums
    total = max(exact + plain + wrong, 1)
    print('%d stops, %d values: %.1f %% as {:?} prints them, %d wrong; rust-gdb: %.1f %%'
          % (stops, total, 100 * exact / total, wrong, 100 * others / total))
    sys.exit(0 if good and not wrong else 1)


if __name__ == '__main__':
    main()
