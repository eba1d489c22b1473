#!/usr/bin/env python3
"""Edits of a workspace, built incrementally in one target folder while the way to build it changes. After each edit:

  - what `cargo build` makes prints and ends like what plain cargo builds of the same source in an empty folder, and so do
    all tests, those that fail included
  - a second `cargo build`, and a second `cargo test --no-run`, compile and link nothing
  - every --objects-th time, the objects are the same bytes as those of a clean build with the same settings

    edits.py --kiln=build/kiln [--toolchain=NAME] [--rustup=FOLDER] [--edits=50] [--seed=1] [--objects=5] [--wild=FILE]
             [--keep]

An edit changes the body of a function, its signature, a generic function, a static, a constant, the type of a field, a trait's
implementation, an enumeration, a test, a feature, the status that the program ends with, a file that a macro includes, a
library outside the workspace; or it adds or removes a function, or a module's file. Between edits these are switched, each
for itself: the way (plain cargo; `kiln cargo` with Kiln in rustc, with the shim, inlining with both, in rustc foreign functions
alone, too, with code by LLVM), the level of debug information, split debug information, the linker, --dynamic-deps; codegen
units, checks of overflow, debug assertions.

At the end, a build by one job and one by sixteen give the same objects, and faults are planted, each of which has to be
found: an old object in the incremental folder, a source that cargo takes for an old one, a source that changes after a
build, a changed byte in an object.

--toolchain: of rustup's; the default is the first of integrations/rustc/rust-toolchains. For Kiln as its code generator
`kiln cargo --setup` is run. --wild: the linker of that name, if it is not in PATH.
"""
import argparse
import collections
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402

TYPES = 'u8', 'i16', 'u32', 'i64', 'u128', 'usize'
NUMBERS = 'static', 'atomic', 'const', 'trait', 'closure', 'thread_local', 'test'
EDITS = ('body', 'body', 'number', 'signature', 'more', 'function', 'text', 'generic', 'called_with', 'variants', 'field',
         'inline', 'module', 'feature', 'exit', 'included', 'outside', *NUMBERS)


# ---- the workspace, as a state that edits change ----

class State:
    """Two libraries, a program, and a library outside, which is linked once by --dynamic-deps. Each library has modules of
    functions, whose parts are numbers and choices."""

    def __init__(self, rng):
        self.rng = rng
        self.libraries = {name: [self.module() for _ in range(3)] for name in ('low', 'high')}
        self.feature, self.exit, self.included, self.outside = False, 0, 'included', 1

    def module(self):
        r = self.rng
        return {'functions': [self.function() for _ in range(3)], 'static': r.randrange(1000), 'atomic': r.randrange(100),
                'const': r.randrange(1, 50), 'text': 'text %d' % r.randrange(1000), 'generic': r.randrange(4),
                'variants': r.randrange(2, 6), 'trait': r.randrange(100), 'called_with': [r.choice(TYPES) for _ in range(2)],
                'closure': r.randrange(10), 'inline': r.randrange(3), 'thread_local': r.randrange(9),
                'field': [r.choice(TYPES) for _ in range(3)], 'test': 0}

    def function(self):
        r = self.rng
        return {'type': r.choice(TYPES), 'more': r.randrange(2), 'body': r.randrange(5), 'number': r.randrange(1, 100)}

    def edit(self, what=None, library=None):
        """Changes one thing, chosen at random if it is not named; what it was."""
        r = self.rng
        what, library = what or r.choice(EDITS), library or r.choice(sorted(self.libraries))
        modules = self.libraries[library]
        m = r.choice(modules)
        f = r.choice(m['functions'])
        if what == 'body': f['body'] = (f['body'] + 1 + r.randrange(4)) % 5
        elif what == 'number': f['number'] += 1
        elif what == 'signature': f['type'] = r.choice([t for t in TYPES if t != f['type']])
        elif what == 'more': f['more'] ^= 1
        elif what == 'called_with': m['called_with'] = [r.choice(TYPES) for _ in range(2)]
        elif what == 'generic': m['generic'] = (m['generic'] + 1) % 4
        elif what == 'inline': m['inline'] = (m['inline'] + 1) % 3
        elif what == 'variants': m['variants'] = 2 + (m['variants'] - 1) % 4
        elif what == 'text': m['text'] = 'text %d' % r.randrange(1000)
        elif what == 'feature': self.feature = not self.feature
        elif what == 'exit': self.exit = (self.exit + 1) % 3
        elif what == 'included': self.included = 'included %d' % r.randrange(1000)
        elif what == 'outside': self.outside += 1
        elif what == 'field': self.fields(m['field'])
        elif what == 'function': self.more_or_less(m['functions'], self.function)
        elif what == 'module': self.more_or_less(modules, self.module)
        else: m[what] += 1
        return what if what in ('exit', 'outside') else '%s of %s' % (what, library)

    def more_or_less(self, items, make):
        if len(items) > 2 and self.rng.randrange(2): items.pop(self.rng.randrange(len(items)))
        else: items.append(make())

    def fields(self, fields):
        if self.rng.randrange(2): self.more_or_less(fields, lambda: self.rng.choice(TYPES))
        else: fields[self.rng.randrange(len(fields))] = self.rng.choice(TYPES)

    # ---- as text ----

    def function_text(self, i, f, m):
        t, n = f['type'], f['number']
        body = ['a.wrapping_mul(%d as %s).wrapping_add(C as %s)' % (n, t, t),
                '{ let mut s: %s = 0; for i in 0..%d { s = s.wrapping_add(a ^ i as %s); } s }' % (t, n % 20 + 1, t),
                'match a %% 3 { 0 => a / 2, 1 => a.wrapping_sub(%d as %s), _ => !a }' % (n, t),
                '{ let v: Vec<%s> = (0..%d).map(|i| a.wrapping_add(i as %s)).collect(); v.iter().fold(0, |x, y| x ^ y.rotate_left(3)) }'
                % (t, n % 9 + 1, t),
                'std::panic::catch_unwind(|| if a %% 2 == 0 { panic!("even") } else { a.wrapping_shl(%d) }).unwrap_or(%d as %s)'
                % (n % 8, n % 100, t)][f['body']]
        more = ', b: %s' % t if f['more'] else ''
        last = '.wrapping_add(b)' if f['more'] else ''
        inline = ['', '#[inline]\n', '#[inline(never)]\n'][m['inline']]
        return '%spub fn f%d(a: %s%s) -> %s { let r: %s = %s; r%s }\n' % (inline, i, t, more, t, t, body, last)

    def calls(self, m):
        """What `run` of a module does."""
        text = ''
        for i, f in enumerate(m['functions']):
            text += '    for a in [0, 1, 77] { out += &format!("{} ", f%d(a%s)); }\n' % (i, ', a' if f['more'] else '')
        for t in m['called_with']:
            text += '    out += &format!("{:?} {:?} ", generic(&(%d as %s)), generic(&[1 as %s, 2]));\n' % (m['const'], t, t)
        fields = ', '.join('a%d: %d' % (i, 3 * i) for i in range(len(m['field'])))
        text += ('    let add = |x: u32| x + %d;\n    LOCAL.with(|l| l.set(l.get() + 1));\n'
                 '    COUNT.fetch_add(1, Ordering::SeqCst);\n'
                 '    let values: Vec<Box<dyn T>> = all().into_iter().map(|e| Box::new(e) as Box<dyn T>).collect();\n'
                 '    out += &format!("{:?} {} {} ", P { %s }, std::mem::size_of::<P>(), outside::tag(&all()));\n'
                 '    out += &format!("{:?} {} {} {:?} {} {}\\n", all(), values.iter().map(|v| v.value()).sum::<u64>(), add(3), REF, '
                 'LOCAL.with(Cell::get), COUNT.load(Ordering::SeqCst));\n' % (m['closure'], fields))
        return text

    def module_text(self, m):
        variants = m['variants']
        arms = ', '.join('V%d(%s)' % (i, ['u8', 'u64', '[u16; 3]', '&\'static str', 'u32'][i]) for i in range(variants))
        makes = ', '.join('E::V%d(%s)' % (i, ['7', '1 << 40', '[1, 2, 3]', 'TEXT', '9'][i]) for i in range(variants))
        generic = ['x.clone()', '{ let y = x.clone(); y }', 'vec![x.clone(), x.clone()].pop().unwrap()',
                   'Some(x.clone()).filter(|_| true).unwrap()'][m['generic']]
        first = m['functions'][0]
        text = ('use std::cell::Cell;\nuse std::sync::atomic::{AtomicU32, Ordering};\npub const C: u8 = %d;\npub static S: [u32; 3] = [%d, 2, 3];\n'
                'pub static TEXT: &str = "%s";\npub static COUNT: AtomicU32 = AtomicU32::new(%d);\npub static REF: &[u32] = &S;\n'
                % (m['const'], m['static'], m['text'], m['atomic']))
        text += 'thread_local! { static LOCAL: Cell<u32> = const { Cell::new(%d) }; }\n' % m['thread_local']
        text += '#[derive(Debug, Clone, PartialEq)]\npub enum E { %s }\npub fn all() -> Vec<E> { vec![%s] }\n' % (arms, makes)
        text += '#[derive(Debug, Clone)]\npub struct P { %s }\n' % ', '.join('pub a%d: %s' % f for f in enumerate(m['field']))
        text += 'pub trait T { fn value(&self) -> u64; }\nimpl T for E { fn value(&self) -> u64 { std::mem::size_of_val(self) as u64 * %d } }\n' % m['trait']
        text += 'pub fn generic<X: Clone>(x: &X) -> X { %s }\n' % generic
        text += ''.join(self.function_text(i, f, m) for i, f in enumerate(m['functions']))
        text += 'pub fn run() -> String {\n    let mut out = String::new();\n%s    out\n}\n' % self.calls(m)
        # every second number makes the test fail, with a message that has a value of the code
        text += ('#[cfg(test)] mod tests {\n    #[test] fn runs() { assert!(super::run().len() > %d); }\n'
                 '    #[test] fn value() { let v = super::f0(5%s) as u64; assert_eq!(v, v + %d); }\n}\n'
                 % (m['test'], ', 5' if first['more'] else '', m['test'] % 2))
        return text

    def library_files(self, name, modules):
        depends = '[dependencies]\noutside = { path = "../../outside" }\n' + ('low = { path = "../low" }\n' if name == 'high' else '')
        lib = ''.join('pub mod m%d;\n' % i for i in range(len(modules)))
        lib += 'pub fn run() -> String { let mut out = String::new();\n'
        lib += ''.join('    out += &m%d::run();\n' % i for i in range(len(modules)))
        if name == 'high': lib += '    out += &low::run();\n    out += &format!("{:?} {}", low::m0::generic(&low::m0::all()), low::m1::C);\n'
        else: lib += '    out += include_str!("included.txt");\n'
        lib += '    if cfg!(feature = "extra") { out += "extra\\n"; }\n    out }\n'
        out = {name + '/Cargo.toml': '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[features]\nextra = []\n%s' % (name, depends),
               name + '/src/lib.rs': lib}
        out.update(('%s/src/m%d.rs' % (name, i), self.module_text(m)) for i, m in enumerate(modules))
        return out

    def files(self):
        """By path."""
        out = {'Cargo.toml': '[workspace]\nmembers = ["low", "high", "program"]\nresolver = "2"\n', 'low/src/included.txt': self.included + '\n'}
        for name, modules in self.libraries.items(): out.update(self.library_files(name, modules))
        features = ', features = ["extra"]' if self.feature else ''
        out['program/Cargo.toml'] = ('[package]\nname = "program"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
                                     'low = { path = "../low"%s }\nhigh = { path = "../high" }\n' % features)
        out['program/src/main.rs'] = ('fn main() {\n    std::panic::set_hook(Box::new(|_| ()));\n    print!("{}{}", low::run(), high::run());\n'
                                      '    std::process::exit(%d);\n}\n#[test]\nfn same() { assert_eq!(low::m0::generic(&5), 5); }\n' % self.exit)
        out['../outside/Cargo.toml'] = '[package]\nname = "outside"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
        out['../outside/.cargo-ok'] = '' # as cargo marks what it unpacks
        out['../outside/src/lib.rs'] = ('static TAG: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(%d);\n'
                                        'pub fn tag<X: std::fmt::Debug>(x: &X) -> String {\n'
                                        '    format!("{}{:.3}", TAG.fetch_add(1, std::sync::atomic::Ordering::SeqCst), format!("{x:?}"))\n}\n' % self.outside)
        return out

    def write(self, folder):
        """Writes what differs, as an editor does; the files."""
        files, written = self.files(), []
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.relpath(os.path.join(base, name), folder)
                if path.endswith('.rs') and path not in files: os.unlink(os.path.join(folder, path))
        for path, text in files.items():
            full = os.path.join(folder, path)
            if os.path.exists(full):
                with open(full) as f:
                    if f.read() == text: continue
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, 'w') as f: f.write(text)
            written.append(full)
        return written


# ---- building ----

def objects(target):
    """By code generator's folder, crate and name the path of each object of the newest incremental builds."""
    found = {}
    base = os.path.join(target, 'debug/incremental')
    own = [name for name in os.listdir(base) if name.startswith('kiln-')]
    for folder in ['.', *own]:
        for crate in os.listdir(os.path.join(base, folder)):
            if crate in own: continue
            path = os.path.join(base, folder, crate)
            if not os.path.isdir(path): continue # what kiln-rustc keeps of a crate
            sessions = [s for s in os.listdir(path) if s.startswith('s-') and not s.endswith(('.lock', '-working'))]
            newest = max(sessions, key=lambda s: os.stat(os.path.join(path, s)).st_mtime_ns)
            for name in os.listdir(os.path.join(path, newest)):
                if name.endswith('.o'): found[folder, crate, name] = os.path.join(path, newest, name)
    return found


def hashes(target):
    out = {}
    for key, path in objects(target).items():
        with open(path, 'rb') as f: out[key] = hashlib.sha256(f.read()).hexdigest()
    return out


DEV = 'CARGO_PROFILE_DEV_'


def flag(name, value): return {DEV + name: value}


def axes(args, backend):
    """What is switched: by axis and name, the words of a command, or variables."""
    kiln = [args.kiln, 'cargo']
    ways = {'cargo': ['cargo'], 'shim': [*kiln, '--no-bootstrap'], 'shim+inline': [*kiln, '--no-bootstrap', '--inline'], 'by LLVM': kiln}
    if backend: ways.update({'library': kiln, 'library+inline': [*kiln, '--inline'], 'library+foreign': [*kiln, '--inline=foreign']})
    linkers = harness.rustc_linkers(args.wild)
    return {'way': ways, 'dynamic': {'-': [], 'dynamic': ['--dynamic-deps']},
            'level': {'2': {}, 'lines': flag('DEBUG', 'line-tables-only'), '1': flag('DEBUG', '1'), '0': flag('DEBUG', '0')},
            'split': {'-': {}, **{s: flag('SPLIT_DEBUGINFO', s) for s in ('unpacked', 'packed')}},
            'linker': {name: {'CARGO_ENCODED_RUSTFLAGS': '\x1f'.join(words)} if words else {} for name, words in linkers.items()},
            'more': {'-': {}, 'units': flag('CODEGEN_UNITS', '4'), 'overflow': flag('OVERFLOW_CHECKS', 'false'),
                     'assertions': flag('DEBUG_ASSERTIONS', 'false')}}


def beside(got, wanted):
    """Where two texts begin to differ."""
    at = len(os.path.commonprefix([got, wanted]))
    begin = max(0, at - 60)
    return '%r, not %r' % (got[begin:at + 120], wanted[begin:at + 120])


class Setting:
    """How a build is made: a command and variables."""

    def __init__(self, axes, chosen):
        way, self.name = chosen['way'], ', '.join(name for name in chosen.values() if name != '-')
        self.words = axes['way'][way] + (axes['dynamic'][chosen['dynamic']] if way != 'cargo' else [])
        self.env = {} if way != 'by LLVM' else flag('OPT_LEVEL', '1') # which `kiln cargo` leaves to LLVM
        for axis in 'level', 'split', 'linker', 'more': self.env.update(axes[axis][chosen[axis]])
        # a split object names its .dwo, which is in the build's folder
        self.has_same_objects = chosen['split'] == '-' or chosen['level'] == '0'
        # of the reference, what bears on what the program does
        self.reference = {**flag('DEBUG', '0'), **axes['more'][chosen['more']]}


class Builder:
    def __init__(self, args, work, backend):
        self.args, self.work = args, work
        self.source = os.path.join(work, 'source')
        self.log = os.path.join(work, 'log')
        self.axes = axes(args, backend)
        self.chosen = {axis: next(iter(values)) for axis, values in self.axes.items()}
        self.between = lambda: None # what a planted fault does before the second build
        self.counts = collections.Counter()

    def switch(self, rng):
        for axis, values in self.axes.items():
            if rng.randrange(3) == 0: self.chosen[axis] = rng.choice(list(values))
        return Setting(self.axes, self.chosen)

    def cargo(self, target, words, env, *more, jobs=2):
        env = dict(self.args.env, CARGO_TARGET_DIR=os.path.join(self.work, target), CARGO_BUILD_JOBS=str(jobs), CARGO_INCREMENTAL='1',
                   RUST_TEST_THREADS='1', KILN_LOG=self.log, **env)
        return subprocess.run([*words, *more, '--offline'], cwd=self.source, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def build(self, target, words, env, jobs=2):
        """What is wrong with the build."""
        done = self.cargo(target, words, env, 'build', '--quiet', jobs=jobs)
        return 'the build fails:\n' + done.stderr[-3000:] if done.returncode else ''

    def run(self, target):
        program = os.path.join(self.work, target, 'debug/program')
        ran = subprocess.run([program], capture_output=True, text=True)
        return {'status': ran.returncode, 'output': ran.stdout, 'errors': ran.stderr}

    def test(self, target, words, env):
        """What the tests print, without what differs each time."""
        done = self.cargo(target, words, env, 'test', '--quiet', '--workspace', '--lib', '--bins', '--no-fail-fast')
        text = re.sub(r'finished in \S+', '', re.sub(r"(thread '.*') \(\d+\)", r'\1', done.stdout))
        self.counts['tests'] += sum(map(int, re.findall(r'(\d+) passed', text)))
        self.counts['tests that fail'] += sum(map(int, re.findall(r'passed; (\d+) failed', text)))
        return done.returncode, text

    def again(self, words, env):
        """What a second build does that has nothing to do."""
        program = os.path.join(self.work, 'target/debug/program')
        before, bad = os.stat(program).st_mtime_ns, []
        self.between()
        for more in ['build'], ['test', '--no-run', '--workspace', '--lib', '--bins']:
            done = self.cargo('target', words, env, *more, '--verbose')
            does = re.findall(r'^ *(?:Compiling|Dirty|Running) .*', done.stderr, re.M)
            if done.returncode or does or done.stderr.count('Fresh ') < 4: bad.append('a second %s: %s' % (more[0], (does or [done.stderr])[0][:300]))
        if os.stat(program).st_mtime_ns != before: bad.append('a second build writes the program')
        return bad

    def clean(self, target, words, env, jobs=2):
        shutil.rmtree(os.path.join(self.work, target), ignore_errors=True)
        bad = self.build(target, words, env, jobs)
        if bad: sys.exit('a clean build: ' + bad)

    def same_objects(self, setting):
        """How the objects differ. One that only the one build has belongs to what the other did not need."""
        self.clean('clean', setting.words, setting.env)
        own, other = hashes(os.path.join(self.work, 'target')), hashes(os.path.join(self.work, 'clean'))
        missing, differ = [k for k in other if k not in own], [k for k in other if k in own and own[k] != other[k]]
        self.counts['objects compared'] += len(other)
        return (['%d objects are missing: %s' % (len(missing), missing[:3])] if missing else []) + (
            ['%d of %d objects differ: %s' % (len(differ), len(other), differ[:3])] if differ else [])

    def check(self, setting, with_objects):
        """What is wrong after an edit."""
        words, env = setting.words, setting.env
        bad = self.build('target', words, env)
        if bad: return [bad]
        self.clean('reference', ['cargo'], setting.reference)
        got, wanted = self.run('target'), self.run('reference')
        bad = ["the program's %s: %s" % (k, beside(str(got[k]), str(wanted[k]))) for k in got if got[k] != wanted[k]]
        got, wanted = self.test('target', words, env), self.test('reference', ['cargo'], setting.reference)
        if got != wanted: bad.append('the tests: %s' % beside(str(got), str(wanted)))
        if 'test result' not in wanted[1]: bad.append('no test runs: %s' % (wanted,))
        bad += self.again(words, env)
        if with_objects and setting.has_same_objects: bad += self.same_objects(setting)
        return bad


# ---- planted faults ----

def settle(b, state):
    """The setting of planted faults, with a build that is right."""
    b.chosen = {axis: next(iter(values)) for axis, values in b.axes.items()}
    b.chosen['way'] = 'library' if 'library' in b.axes['way'] else 'shim'
    state.write(b.source)
    setting = Setting(b.axes, b.chosen)
    shutil.rmtree(os.path.join(b.work, 'target'))
    bad = b.check(setting, True)
    return setting if not bad else sys.exit('before a fault is planted: %s' % bad)


def plant_object(b, state):
    """Objects of the build before the edit take the places of those after it, and the crate is compiled again."""
    setting, target = settle(b, state), os.path.join(b.work, 'target')
    kept = {}
    for key, path in objects(target).items():
        with open(path, 'rb') as f: kept[key] = f.read()
    state.edit('const', 'low')
    state.write(b.source)
    b.build('target', setting.words, setting.env)
    for key, path in objects(target).items():
        if 'low' in key[1] and key in kept:
            os.unlink(path) # the object may have another name, too
            with open(path, 'wb') as f: f.write(kept[key])
    with open(os.path.join(b.source, 'low/src/lib.rs'), 'a') as f: f.write('// nothing\n')
    return b.check(setting, False)


def plant_time(b, state):
    """An edit that cargo does not see."""
    setting = settle(b, state)
    state.edit('exit')
    for path in state.write(b.source): os.utime(path, (1, 1))
    return b.check(setting, False)


def plant_change(b, state):
    """A source changes after the build."""
    setting = settle(b, state)
    b.between = lambda: os.utime(os.path.join(b.source, 'low/src/lib.rs'))
    bad = b.check(setting, False)
    b.between = lambda: None
    return bad


def plant_byte(b, state):
    """A byte of an object of a clean build is another one."""
    setting = settle(b, state)
    clean = objects(os.path.join(b.work, 'clean')) # which has none of tests
    path = [path for key, path in objects(os.path.join(b.work, 'target')).items() if key in clean][-1]
    with open(path, 'r+b') as f:
        f.seek(-1, os.SEEK_END)
        last = f.read(1)[0]
        f.seek(-1, os.SEEK_END)
        f.write(bytes([last ^ 1]))
    return b.same_objects(setting)


PLANTED = plant_byte, plant_object, plant_time, plant_change


def plant(b, state):
    """How many planted faults are not found."""
    lost = 0
    for fault in PLANTED:
        bad = fault(b, state)
        print('planted: %s found: %s' % (fault.__doc__, (bad[0] if bad else 'NOT')[:200]), flush=True)
        lost += not bad
    return lost


# ---- the campaign ----

def job_counts(b, state):
    """How many ways' objects depend on the number of jobs."""
    failed = 0
    for name in b.axes['way']:
        if name == 'cargo': continue
        setting = Setting(b.axes, {**{axis: next(iter(values)) for axis, values in b.axes.items()}, 'way': name})
        b.clean('clean', setting.words, setting.env, 1)
        b.clean('reference', setting.words, setting.env, 16)
        same = hashes(os.path.join(b.work, 'clean')) == hashes(os.path.join(b.work, 'reference'))
        print('%s: one job, and sixteen: %s' % (name, 'the same objects' if same else 'DIFFER'), flush=True)
        failed += not same
    return failed


def linked_once(log):
    with open(log, errors='replace') as f: return sum(': linked with lib' in line for line in f)


def campaign(b, state, rng, args):
    failed, used = 0, collections.Counter()
    for i in range(args.edits + 1):
        what = state.edit() if i else 'the first build'
        setting = b.switch(rng) if i else Setting(b.axes, b.chosen)
        state.write(b.source)
        bad = b.check(setting, args.objects and i % args.objects == 0)
        used.update((axis, name) for axis, name in b.chosen.items() if axis != 'dynamic' or b.chosen['way'] != 'cargo')
        failed += bool(bad)
        print('%3d %-22s %-45s %s' % (i, what, setting.name, 'FAILED: ' + '; '.join(bad) if bad else 'the same'), flush=True)
    print('builds of each: ' + '; '.join('%s: %s' % (axis, ', '.join('%s %d' % (n, used[axis, n]) for n in values)) for axis, values in b.axes.items()))
    print('linked with a shared object: %d; %s' % (linked_once(b.log), ', '.join('%s: %d' % c for c in b.counts.items())))
    return failed + job_counts(b, state) + plant(b, state)


def parse(p, backtrace):
    """Adds options that say what is tested; the arguments, with the environment of all builds."""
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain')
    p.add_argument('--rustup', help='default: $RUSTUP_HOME')
    p.add_argument('--keep', action='store_true')
    args = p.parse_args()
    args.kiln = os.path.abspath(args.kiln)
    args.env = {k: v for k, v in os.environ.items() if not k.startswith(('KILN', 'CARGO_PROFILE', 'CARGO_BUILD', 'RUSTC', 'RUSTFLAGS'))}
    args.env.update(RUSTUP_TOOLCHAIN=args.toolchain or harness.rust_toolchains()[0], RUST_BACKTRACE=backtrace)
    if args.rustup: args.env['RUSTUP_HOME'] = os.path.abspath(args.rustup)
    return args


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--edits', type=int, default=50)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--objects', type=int, default=5)
    p.add_argument('--wild')
    args = parse(p, '0') # a backtrace has lines only with debug information, which the reference lacks
    backend, text = harness.code_generator(args.kiln, args.env)
    if not backend: print('without Kiln as rustc\'s code generator: ' + text[-300:])
    rng = random.Random(args.seed)
    work = tempfile.mkdtemp(prefix='kiln-edits-')
    try:
        b, state = Builder(args, work, backend), State(rng)
        os.makedirs(b.source)
        failed = campaign(b, state, rng, args)
    finally:
        if args.keep: print('kept: ' + work)
        else: shutil.rmtree(work)
    print('%d edits, seed %d: %s' % (args.edits, args.seed, '%d FAILED' % failed if failed else 'all the same'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
