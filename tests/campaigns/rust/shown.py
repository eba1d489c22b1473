#!/usr/bin/env python3
"""Values in debuggers at random stops in crates' own tests (docs/showing-values.md): what gdb and lldb show of programs by
`kiln cargo --show` beside what `{:?}` prints at the same line, and the share that rust-gdb and rust-lldb show so of plain
cargo's programs.

    shown.py --kiln=build/kiln [--toolchain=NAME] [--stops=50] [--seed=1] [--list=10] [--keep] [--faults] [--results=FILE]
             [--sum] [NAME@VERSION...]

Stops are drawn from the lines which have a statement, or one up to its block, and to which the tests of the crate's library come. A copy of the
source prints before each of these lines, once, the variables that gdb finds there: those whose type implements Debug and
that the program may use there. (rustc refuses to print what is moved, borrowed or not initialized; those are left out.) A
debugger stops after that, in the same process, and what it shows is compared with what was printed, as text. A stop at which
nothing was printed is not counted: another one is drawn. A variable whose text differs is a wrong value, unless the
debugger shows it as it does without Kiln ("fields"), or says that it is cut.

The crate as it is runs in both debuggers, too, which show all variables at these lines, each of them twice: its tests print
the same as without a debugger, and the process ends in the same way.

--faults: plants faults in the script for gdb, each of which has to be found.
--results: a file that keeps each crate's figures; the last line is the sum of all crates in it. --sum: prints that as a table.
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ('tests/harness', 'tests/campaigns/crates', 'tests/run/rustc')]
import crates  # noqa: E402
import debug_faults  # noqa: E402

SCRIPTS = os.path.join(ROOT, 'integrations/rustc/debuggers')
# So many times the stops are drawn, and of those to which the tests come, prepared: at some, nothing is printed.
DRAWN, SPARE = 8, 2
# Crates whose library has tests, from crates.io. Not here: bstr, whose tests need a file that was not published; http, whose tests
# did not compile; idna and fend-core, whose library has next to no tests; textwrap and base64, whose tests take minutes at
# opt-level 0.
CRATES = ['strsim@0.11.1', 'smallvec@1.16.6', 'hex@0.4.3', 'either@1.19.0', 'csv-core@0.1.13', 'lru@0.19.0', 'httparse@1.10.1',
          'indexmap@2.14.2', 'similar@2.7.0', 'shlex@1.3.0', 'unicode-width@0.2.1', 'humantime@2.3.0', 'percent-encoding@2.3.2',
          'heck@0.5.0', 'nom@8.0.0', 'miniz_oxide@0.9.1', 'petgraph@0.7.1', 'num-bigint@0.5.1', 'regex-syntax@0.8.12',
          'globset@0.4.21', 'aho-corasick@1.1.5']
# What ends a text that says itself that it is not all.
CUT = '… <cut>'
# Tests that are left out, since they take minutes at opt-level 0.
LEFT_OUT = {'httparse': ['test_all_utf8_char_in_paths']}
# A file without stops: its type's Debug panics if it is called again, and so the test fails when a debugger has called it.
ONCE = {'petgraph': 'src/iter_format.rs'}
# What a crate's copy gets: prints to the file that a variable names, once for each line.
PRINTS = '''
#[doc(hidden)]
#[allow(warnings, clippy::all)]
pub mod kiln_prints {
    extern crate std;
    use self::std::{fmt::Debug, format, io::Write, sync::atomic::{AtomicU64, AtomicU8, Ordering}};
    // How often the program came to a line.
    static SEEN: [AtomicU64; 4096] = [const { AtomicU64::new(0) }; 4096];
    // 0: a debugger calls; 2: what Debug calls does not print.
    static ON: AtomicU8 = AtomicU8::new(1);
    static TEXT: self::std::sync::Mutex<self::std::string::String> = self::std::sync::Mutex::new(self::std::string::String::new());
    pub fn begins(id: usize) -> bool {
        if ON.load(Ordering::SeqCst) != 1 || SEEN[id].fetch_add(1, Ordering::SeqCst) > 0 { return false; }
        ON.store(2, Ordering::SeqCst);
        true
    }
    pub fn ends(id: usize) {
        let (on, seen) = (&ON as *const AtomicU8 as usize, &SEEN[id] as *const AtomicU64 as usize);
        let text = format!("@ {on} {id} {seen}\\n{}", self::std::mem::take(&mut *TEXT.lock().unwrap()));
        if let Some(path) = self::std::env::var_os("KILN_PRINTS") {
            let mut file = self::std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
        ON.store(1, Ordering::SeqCst);
    }
    pub struct Value<'a, T: ?Sized>(pub &'a T);
    pub trait WithDebug { fn kiln_put(&self, id: usize, name: &str); }
    impl<T: Debug + ?Sized> WithDebug for &Value<'_, T> {
        fn kiln_put(&self, id: usize, name: &str) {
            let hex: self::std::string::String = format!("{:?}", self.0).bytes().map(|b| format!("{b:02x}")).collect();
            TEXT.lock().unwrap().push_str(&format!("{id} {name} {hex}-\\n"));
        }
    }
    pub trait Without { fn kiln_put(&self, _: usize, _: &str) {} }
    impl<T: ?Sized> Without for Value<'_, T> {}
}
'''
LINTS = re.compile(r'#!\[(?:cfg_attr\([^\]]*,\s*)?(?:deny|forbid)\([^\]]*\)\]')
STATEMENT = re.compile(r'(?: {4,}|\t+)(?!pub\b)(let |if |for |while |match |[a-z_][\w.]*(\(|\.| = )|assert)')


class Failed(Exception):
    pass


def run(words, cwd, env=None, check=True, timeout=3600):
    done = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace', timeout=timeout)
    if check and done.returncode:
        raise Failed('%s: status %d\n%s' % (' '.join(words), done.returncode, (done.stdout + done.stderr)[-1500:]))
    return done


def read_lines(path):
    with open(path, encoding='utf-8') as f:
        return f.read().split('\n')


def statements(crate):
    """Places at which a statement begins: file and line, and the line above where the last one ends. The statement ends in its
    line, or its block begins there: of others, the first code at that line may follow that of the lines below."""
    for folder, _, files in os.walk(os.path.join(crate, 'src')):
        for file in sorted(files):
            path = os.path.join(folder, file)
            if not file.endswith('.rs'):
                continue
            before, above, macro = '', 0, False
            for i, line in enumerate(read_lines(path), 1):
                text = line.strip()
                macro = macro and line != '}' or line.startswith(('macro_rules', '    macro_rules'))
                if not macro and before.endswith((';', '{', '}')) and STATEMENT.match(line) and text.endswith((';', '{')):
                    yield os.path.relpath(path, crate), i, above
                if text and not text.startswith('//'):
                    before, above = text, i


def messages(words, crate, env, target):
    env = dict(env, CARGO_TARGET_DIR=target)
    done = run([*words, '--lib', '--offline', '--message-format=json'], crate, env, check=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')], done


def reasons(said):
    """Errors of rustc."""
    return [m['message'] for m in said if m.get('message') and m['message'].get('level') == 'error']


def build(words, crate, env, target):
    """The program of the library's tests."""
    said, done = messages([*words, 'test', '--no-run'], crate, env, target)
    programs = [m['executable'] for m in said if m.get('executable') and m['profile']['test']]
    if not programs:
        raise Failed('no program of tests: %s' % (''.join(e['rendered'] for e in reasons(said)) or done.stderr)[:1500])
    return programs[0]


class Stop:
    """A place, and the variables that its copy prints."""
    def __init__(self, file, line, above, names):
        self.file, self.line, self.above, self.names = file, line, above, names


class Copy:
    """The crate with what prints variables."""
    def __init__(self, crate, folder, stops):
        self.crate, self.folder, self.stops = crate, folder, stops
        self.spans = [] # file, line, first and last column, number, name (None: all of the stop)
        self.dropped = 0

    def write(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.crate, self.folder, ignore=shutil.ignore_patterns('target'))
        self.spans = []
        for file in sorted({stop.file for stop in self.stops} | {'src/lib.rs'}):
            path = os.path.join(self.folder, file)
            lines = read_lines(path)
            for number, stop in enumerate(self.stops):
                if stop.file == file and stop.names is not None:
                    lines[stop.above - 1] = self.insert(lines[stop.above - 1], number, stop)
            text = '\n'.join(lines)
            if file == 'src/lib.rs':
                # What the prints do is no matter of lints. The lines keep their numbers.
                text = LINTS.sub(lambda m: '\n' * m[0].count('\n'), text) + PRINTS
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)

    def insert(self, line, number, stop):
        begin = len(line) + 1
        line += ' if crate::kiln_prints::begins(%d) { use crate::kiln_prints::{Value as KilnValue, WithDebug as _, Without as _};' % number
        for name in stop.names:
            at = len(line) + 1
            line += ' (&&KilnValue(&%s)).kiln_put(%d, "%s");' % (name, number, name)
            self.spans.append((stop.file, stop.above, at, len(line) + 1, number, name))
        line += ' crate::kiln_prints::ends(%d); }' % number
        self.spans.append((stop.file, stop.above, begin, len(line) + 1, number, None))
        return line

    def refuse(self, error):
        """Leaves out what rustc refuses."""
        def outwards(span):
            while span:
                yield span
                span = span['expansion'] and span['expansion']['span']

        def all_spans(message):
            for span in sorted(message['spans'], key=lambda span: not span['is_primary']):
                yield from outwards(span)
            for child in message['children']:
                yield from all_spans(child)
        spans = list(all_spans(error))
        for span in spans:
            for file, line, first, last, number, name in self.spans:
                if line == span['line_start'] and span['file_name'].endswith(file) and first <= span['column_start'] < last:
                    return self.drop(number, name)
        for span in spans:
            above = [(s.line, n) for n, s in enumerate(self.stops) if s.names is not None and span['file_name'].endswith(s.file)
                     and s.above <= span['line_start']]
            if above:
                return self.drop(max(above)[1], None)
        return False

    def drop(self, number, name):
        stop = self.stops[number]
        if stop.names is None or name is not None and name not in stop.names:
            return True
        self.dropped += len(stop.names) if name is None else 1
        stop.names = [n for n in stop.names if n != name] if name is not None else None
        return True

    def settle(self, env, target):
        """Leaves out what rustc refuses, until it takes the rest."""
        for _ in range(100):
            self.write()
            said, done = messages(['cargo', 'check', '--profile=test'], self.folder, env, target)
            if done.returncode == 0:
                return
            if not [e for e in reasons(said) if self.refuse(e)]:
                break
        raise Failed('the copy does not compile: %s' % (''.join(e['rendered'] for e in reasons(said)) or done.stderr)[:3000])


class Debugger:
    """A debugger with a script that shows values."""
    def __init__(self, name, script, values=True):
        self.name, self.script, self.values = name, os.path.join(HERE, 'shown_in', script), values

    def words(self, program, fault):
        if 'gdb' in self.name:
            own = ['gdb', '-x', os.path.join(SCRIPTS, 'show_gdb.py')] if self.values else ['rust-gdb']
            return [*own, '-nx', '-batch', *(['-x', fault] if fault else []), '-x', self.script, program]
        own = [os.path.join(SCRIPTS, 'show_lldb.py')] if self.values else [os.path.join(self.etc(), 'lldb_lookup.py')]
        return ['lldb-22', '--no-lldbinit', '-b', *(word for file in [*own, self.script] for word in ('-o', 'command script import ' + file)), program]

    @staticmethod
    def etc():
        return os.path.join(run(['rustc', '--print=sysroot'], '.').stdout.strip(), 'lib/rustlib/etc')

    def shows(self, program, crate, work, places, env, prints=False, repeat=1, fault=''):
        """What it shows of a program, which has arguments: (number, name, text, by Debug); what the program printed; how it and the debugger ended; calls."""
        files = {what: os.path.join(work, '%s-%s' % (self.name, what)) for what in ('stops', 'out', 'tests', 'truth', 'fault')}
        for file in files.values():
            if os.path.exists(file):
                os.remove(file)
        config = {what: files[what] for what in ('out', 'tests')}
        config.update(places=[[os.path.join(crate, file), *rest] for file, *rest in places], program=program[1:],
                      truth=files['truth'] if prints else None, repeat=repeat)
        with open(files['stops'], 'w') as f:
            json.dump(config, f)
        if fault:
            with open(files['fault'] + '.py', 'w') as f:
                f.write(fault)
        env = dict(env, SHOWN_STOPS=files['stops'], **({'KILN_PRINTS': files['truth']} if prints else {}))
        try:
            done = run(self.words(program[0], fault and files['fault'] + '.py'), crate, env, check=False, timeout=450)
            status, said = done.returncode, done.stdout + done.stderr
        except subprocess.TimeoutExpired:
            status, said = 'a hang', ''
        rows = []
        if os.path.exists(files['out']):
            with open(files['out']) as f:
                rows = [json.loads(line) for line in f if line.endswith('\n')]
        if not rows or len(rows[-1]) != 2:
            rows.append([0, '%s: %s: %s' % (self.name, status, said[-800:])])
        calls, ended = rows.pop()
        return rows, tests(files['tests']), (ended, status), calls, truth(files['truth'])


def printed(text):
    """What tests printed, in whatever order, without what differs from run to run: cargo's lines would be above."""
    return sorted(crates.printed('     Running \n' + text))


def tests(path):
    if not os.path.exists(path):
        return []
    with open(path, errors='replace') as f:
        return printed(f.read())


def truth(path):
    """What `{:?}` printed: by number and name."""
    found = {}
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                words = line.split()
                if len(words) == 3:
                    found[int(words[0]), words[1]] = bytes.fromhex(words[2][:-1]).decode('utf-8', 'replace')
    return found


def compare(shown, real, kept):
    """Those that are as `{:?}` prints them, those that are not shown whole, wrong ones; each with what was expected."""
    exact, plain, wrong = [], [], []
    seen = {(number, name): (text, by) for number, name, text, by in shown}
    for key, expected in real.items():
        if key[0] in kept:
            text, by = seen.get(key, ('nothing', False))
            known = by and not (text.endswith(CUT) and expected.startswith(text[:-len(CUT)]))
            (exact if text == expected else wrong if known else plain).append((*key, expected, text))
    return exact, plain, wrong


DEBUGGERS = [Debugger('gdb', 'in_gdb.py'), Debugger('lldb', 'in_lldb.py')]
OTHERS = [Debugger('rust-gdb', 'in_gdb.py', False), Debugger('rust-lldb', 'in_lldb.py', False)]


class Crate:
    """A crate's comparison."""
    def __init__(self, name, options, env):
        self.name, version = name.split('@')
        self.options, self.env = options, env
        self.work = os.path.join(options.work, self.name)
        os.makedirs(self.work, exist_ok=True)
        self.crate = os.path.join(crates.fetch(self.name, version, options.sources), 'crate')
        self.drawn = random.Random('%s %s' % (options.seed, name))
        self.sums = dict.fromkeys(('stops', 'values', 'calls', *(d.name for d in DEBUGGERS + OTHERS), 'fields', 'wrong', 'dropped'), 0)
        self.bad = []
        self.words = ['--test-threads=1', *(word for test in LEFT_OUT.get(self.name, []) for word in ('--skip', test))]

    def build(self, words, crate, side):
        """All crates have one folder for each side, where what they depend on is built once. cargo takes a crate and its copy for
        the same package."""
        crates.touch(crate)
        return build(words, crate, self.env, os.path.join(self.options.work, 'target-' + side))

    def kiln(self, crate):
        return self.build([self.options.kiln, 'cargo', '--show'], crate, 'kiln')

    def unchanged(self):
        """The crate as it is in both debuggers: some places to which it comes, and the variables that gdb finds there."""
        program = [self.kiln(self.crate), *self.words]
        places = sorted(place for place in statements(self.crate) if place[0] != ONCE.get(self.name))
        places = sorted(self.drawn.sample(places, min(len(places), DRAWN * self.options.stops)))
        plain = run(program, self.crate, self.env, check=False)
        alone = printed(plain.stdout + plain.stderr), (plain.returncode, 0)
        found, asked = {}, [(file, line, i) for i, (file, line, _) in enumerate(places)]
        for number, name, *_ in DEBUGGERS[0].shows(program, self.crate, self.work, asked, self.env, repeat=0)[0]:
            found.setdefault(number, []).append(name)
        numbers = self.drawn.sample(sorted(found), min(len(found), SPARE * self.options.stops))
        asked = [asked[n] for n in sorted(numbers)]
        for debugger in DEBUGGERS:
            _, said, ended, calls, _ = debugger.shows(program, self.crate, self.work, asked, self.env, repeat=2)
            self.sums['calls'] += calls
            if (said, ended) != alone:
                changed = ' '.join(sorted(set(said) ^ set(alone[0])))
                self.bad.append('%s: the tests end with %s, alone with %s: %.300s' % (debugger.name, ended, alone[1], changed))
        return [(places[n], found[n]) for n in numbers]

    def prepare(self):
        plain = re.compile(r'[a-z_]\w*')
        stops = [Stop(*place, [name for name in names if plain.fullmatch(name)]) for place, names in self.unchanged()]
        self.copy = Copy(self.crate, os.path.join(self.work, 'copy'), stops)
        self.copy.settle(self.env, os.path.join(self.options.work, 'target-plain'))
        self.sums['dropped'] = self.copy.dropped
        self.asked = [(s.file, s.line, i) for i, s in enumerate(stops) if s.names]

    def compare(self):
        copy, kept = self.copy.folder, None
        programs = [[self.kiln(copy), *self.words], [self.build(['cargo'], copy, 'plain'), *self.words]]
        for debugger in DEBUGGERS + OTHERS:
            shown, _, ended, calls, real = debugger.shows(programs[not debugger.values], copy, self.work, self.asked, self.env, True)
            if debugger.values and ended[1] != 0:
                self.bad.append('%s ends with %s' % (debugger.name, ended))
            if kept is None:
                arrived = {number for number, *_ in shown}
                with_values = [n for _, _, n in self.asked if n in arrived and any(k[0] == n for k in real)]
                # The stops were drawn in this order.
                kept = set(sorted(with_values)[:self.options.stops])
                self.sums['stops'] = len(kept)
                if not kept: self.bad.append('no stop')
                self.kept, self.first = kept, (compare(shown, real, kept)[0], ended)
            exact, plain, wrong = compare(shown, real, kept)
            self.sums[debugger.name] = len(exact)
            if debugger.values:
                self.sums['calls'] += calls
                self.sums['values'] = max(self.sums['values'], len(exact) + len(plain) + len(wrong))
                self.sums['fields'] += len(plain)
                self.sums['wrong'] += len(wrong)
                for what, rows in ('WRONG', wrong), ('fields', plain):
                    for number, name, expected, text in rows[:self.options.list]:
                        stop = self.copy.stops[number]
                        print('    %s, %s: %s:%d %s: {:?} prints %.200r, shown is %.200r' % (what, debugger.name, stop.file, stop.line, name, expected, text))
        self.program = programs[0]

    def faults(self):
        asked = [row for row in self.asked if row[2] in self.kept]
        for name, fault in debug_faults.SCRIPT.items():
            shown, _, ended, _, real = DEBUGGERS[0].shows(self.program, self.copy.folder, self.work, asked, self.env, True, fault=fault)
            found = len(compare(shown, real, self.kept)[0]) < len(self.first[0]) or ended != self.first[1]
            print('    %s: %s' % (name, 'found' if found else 'NOT FOUND'), flush=True)
            if not found:
                self.bad.append('not found: ' + name)

    def all(self):
        begin = time.monotonic()
        self.prepare()
        self.compare()
        if self.options.faults:
            self.faults()
        print('%-16s %s  %.0f s' % (self.name, ', '.join('%s %d' % pair for pair in self.sums.items()), time.monotonic() - begin))
        for text in self.bad:
            print('    BAD: ' + text)
        sys.stdout.flush()
        if not self.options.keep:
            shutil.rmtree(self.work)
        return self.sums, not self.bad and not self.sums['wrong']


class Results:
    """Figures by crate, the last ones of each, which a file may keep, in lines of its own."""
    def __init__(self, path):
        self.path, self.rows = path, {}
        if path and os.path.exists(path):
            self.rows = {name: figures for name, figures in map(json.loads, read_lines(path)[:-1])}

    def add(self, name, figures):
        self.rows[name] = figures
        if self.path:
            with open(self.path, 'a') as f:
                f.write(json.dumps([name, figures]) + '\n')

    def total(self):
        sums = {}
        for figures in self.rows.values():
            sums = {key: sums.get(key, 0) + figure for key, figure in figures.items()}
        return sums

    @staticmethod
    def shares(figures):
        values = max(figures.get('values', 0), 1)
        return ['%.1f %%' % (100 * figures.get(d.name, 0) / values) for d in DEBUGGERS + OTHERS]

    def table(self):
        """Of Markdown."""
        names = [d.name for d in DEBUGGERS + OTHERS]
        rows = [['crate', 'stops', 'values', *names, 'calls']]
        for name, figures in [*sorted(self.rows.items()), ('all', self.total())]:
            rows.append([name.replace('@', ' '), *('{:,}'.format(figures[key]) for key in ('stops', 'values')), *self.shares(figures), '{:,}'.format(figures['calls'])])
        rows.insert(1, ['---'] + ['--:'] * (len(rows[0]) - 1))
        return '\n'.join('| %s |' % ' | '.join(row) for row in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build/kiln'))
    p.add_argument('--toolchain', default='1.99.1')
    p.add_argument('--stops', type=int, default=50)
    p.add_argument('--seed', default='1')
    p.add_argument('--list', type=int, default=10, help='how many differences are printed for a crate and a debugger')
    p.add_argument('--work', default=os.path.join(ROOT, 'build/shown'))
    p.add_argument('--sources', default=os.path.join(ROOT, 'build/cache/crates'))
    p.add_argument('--keep', action='store_true')
    p.add_argument('--faults', action='store_true')
    p.add_argument('--results', help='a file that keeps figures')
    p.add_argument('--sum', action='store_true', help='only print the sum of --results')
    p.add_argument('crates', nargs='*', default=CRATES)
    options = p.parse_args()
    options.kiln, options.work, options.sources = map(os.path.abspath, (options.kiln, options.work, options.sources))
    env = dict(os.environ, RUSTUP_TOOLCHAIN=options.toolchain, RUST_BACKTRACE='0', LC_ALL='C.UTF-8')
    results, good = Results(options.results), True
    for name in [] if options.sum else options.crates:
        try:
            figures, fine = Crate(name, options, env).all()
            results.add(name, figures)
            good = good and fine
        except (Failed, subprocess.SubprocessError) as e:
            print('%s: %s' % (name, e), flush=True)
            good = False
    if options.sum:
        print(results.table())
    sums = results.total()
    shares = ', '.join('%s %s' % (d.name, share) for d, share in zip(DEBUGGERS + OTHERS, results.shares(sums)))
    print('%d crates, %d stops, %d values, exactly as {:?} prints them: %s; %d wrong; %d calls' % (
        len(results.rows), sums.get('stops', 0), sums.get('values', 0), shares, sums.get('wrong', 0), sums.get('calls', 0)))
    sys.exit(0 if good else 1)


if __name__ == '__main__':
    main()
