#!/usr/bin/env python3
"""Edits of a workspace, built incrementally by `kiln cargo`: after each the program prints what a clean build's prints, by the
same way and by LLVM, its tests pass, the objects are the same bytes as the clean build's, and a second build does nothing. Between
edits the way changes: Kiln as rustc's code generator, the shim, inlining, LLVM, dependencies linked once; and codegen units,
checks of overflow, levels of debug information, split debug information, the linker, features. At the end a build by one job
and one by sixteen give the same objects.

    edits.py --kiln=build/kiln [--toolchain=NAME] [--rustup=FOLDER] [--edits=50] [--seed=1] [--keep]

An edit changes the body of a function, its signature, a generic function, a static, a constant, a trait's implementation, an
enumeration, a feature of the program's, or a module, which comes or goes. --toolchain: of rustup's; the default is the first
of integrations/rustc/rust-toolchains. For Kiln as its code generator `kiln cargo --setup` is run.
"""
import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402

TYPES = 'u8', 'i16', 'u32', 'i64', 'u128', 'usize'


# ---- the workspace, as a state that edits change ----

class State:
    """Two libraries and a program. Each library has modules of functions, whose parts are numbers and choices."""

    def __init__(self, rng):
        self.rng = rng
        self.libraries = {name: [self.module() for _ in range(3)] for name in ('low', 'high')}
        self.feature = False
        self.serial = 0

    def module(self):
        r = self.rng
        return {'functions': [self.function() for _ in range(4)], 'static': r.randrange(1000), 'atomic': r.randrange(100), 'const': r.randrange(1, 50),
                'text': 'text %d' % r.randrange(1000), 'generic': r.randrange(4), 'variants': r.randrange(2, 6), 'trait': r.randrange(100),
                'called_with': [r.choice(TYPES) for _ in range(2)], 'closure': r.randrange(10), 'inline': r.randrange(3), 'thread_local': r.randrange(9)}

    def function(self):
        r = self.rng
        return {'type': r.choice(TYPES), 'more': r.randrange(2), 'body': r.randrange(5), 'number': r.randrange(1, 100)}

    def edit(self):
        """Changes one thing; what it was."""
        r = self.rng
        library = r.choice(sorted(self.libraries))
        modules = self.libraries[library]
        m = r.choice(modules)
        what = r.choice(['body', 'body', 'number', 'signature', 'more', 'static', 'atomic', 'const', 'text', 'generic', 'called_with', 'variants',
                         'trait', 'closure', 'inline', 'thread_local', 'feature', 'module'])
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
        elif what == 'module':
            if len(modules) > 2 and r.randrange(2): modules.pop(r.randrange(len(modules)))
            else: modules.append(self.module())
        else: m[what] += 1
        return '%s of %s' % (what, library)

    # ---- as text ----

    def function_text(self, i, f, m):
        t, n = f['type'], f['number']
        body = ['a.wrapping_mul(%d as %s).wrapping_add(C as %s)' % (n, t, t),
                '{ let mut s: %s = 0; for i in 0..%d { s = s.wrapping_add(a ^ i as %s); } s }' % (t, n % 20 + 1, t),
                'match a %% 3 { 0 => a / 2, 1 => a.wrapping_sub(%d as %s), _ => !a }' % (n, t),
                '{ let v: Vec<%s> = (0..%d).map(|i| a.wrapping_add(i as %s)).collect(); v.iter().fold(0, |x, y| x ^ y.rotate_left(3)) }' % (t, n % 9 + 1, t),
                'std::panic::catch_unwind(|| if a %% 2 == 0 { panic!("even") } else { a.wrapping_shl(%d) }).unwrap_or(%d as %s)' % (n % 8, n % 100, t)][f['body']]
        more = ', b: %s' % t if f['more'] else ''
        last = '.wrapping_add(b)' if f['more'] else ''
        inline = ['', '#[inline]\n', '#[inline(never)]\n'][m['inline']]
        return '%spub fn f%d(a: %s%s) -> %s { let r: %s = %s; r%s }\n' % (inline, i, t, more, t, t, body, last)

    def module_text(self, m):
        variants = m['variants']
        arms = ', '.join('V%d(%s)' % (i, ['u8', 'u64', '[u16; 3]', '&\'static str', 'u32'][i]) for i in range(variants))
        makes = ', '.join('E::V%d(%s)' % (i, ['7', '1 << 40', '[1, 2, 3]', 'TEXT', '9'][i]) for i in range(variants))
        generic = ['x.clone()', '{ let y = x.clone(); y }', 'vec![x.clone(), x.clone()].pop().unwrap()',
                   'Some(x.clone()).filter(|_| true).unwrap()'][m['generic']]
        text = ('use std::cell::Cell;\nuse std::sync::atomic::{AtomicU32, Ordering};\npub const C: u8 = %d;\npub static S: [u32; 3] = [%d, 2, 3];\n'
                'pub static TEXT: &str = "%s";\npub static COUNT: AtomicU32 = AtomicU32::new(%d);\npub static REF: &[u32] = &S;\n'
                % (m['const'], m['static'], m['text'], m['atomic']))
        text += 'thread_local! { static LOCAL: Cell<u32> = const { Cell::new(%d) }; }\n' % m['thread_local']
        text += '#[derive(Debug, Clone, PartialEq)]\npub enum E { %s }\npub fn all() -> Vec<E> { vec![%s] }\n' % (arms, makes)
        text += 'pub trait T { fn value(&self) -> u64; }\nimpl T for E { fn value(&self) -> u64 { std::mem::size_of_val(self) as u64 * %d } }\n' % m['trait']
        text += 'pub fn generic<X: Clone>(x: &X) -> X { %s }\n' % generic
        text += ''.join(self.function_text(i, f, m) for i, f in enumerate(m['functions']))
        calls = ''
        for i, f in enumerate(m['functions']):
            calls += '    for a in [0, 1, 77] { out += &format!("{} ", f%d(a%s)); }\n' % (i, ', a' if f['more'] else '')
        for t in m['called_with']:
            calls += '    out += &format!("{:?} {:?} ", generic(&(%d as %s)), generic(&[1 as %s, 2]));\n' % (m['const'], t, t)
        calls += ('    let add = |x: u32| x + %d;\n    LOCAL.with(|l| l.set(l.get() + 1));\n'
                  '    COUNT.fetch_add(1, Ordering::SeqCst);\n'
                  '    let values: Vec<Box<dyn T>> = all().into_iter().map(|e| Box::new(e) as Box<dyn T>).collect();\n'
                  '    out += &format!("{:?} {} {} {:?} {} {}\\n", all(), values.iter().map(|v| v.value()).sum::<u64>(), add(3), REF, LOCAL.with(Cell::get), COUNT.load(Ordering::SeqCst));\n'
                  % m['closure'])
        return text + 'pub fn run() -> String {\n    let mut out = String::new();\n' + calls + '    out\n}\n'

    def files(self):
        """By path."""
        out = {'Cargo.toml': '[workspace]\nmembers = ["low", "high", "program"]\nresolver = "2"\n'}
        for name, modules in self.libraries.items():
            depends = '' if name == 'low' else '[dependencies]\nlow = { path = "../low" }\n'
            out[name + '/Cargo.toml'] = '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[features]\nextra = []\n%s' % (name, depends)
            lib = ''.join('pub mod m%d;\n' % i for i in range(len(modules)))
            lib += 'pub fn run() -> String { let mut out = String::new();\n'
            lib += ''.join('    out += &m%d::run();\n' % i for i in range(len(modules)))
            if name == 'high': lib += '    out += &low::run();\n    out += &format!("{:?}", low::m0::generic(&low::m0::all()));\n'
            lib += '    if cfg!(feature = "extra") { out += "extra\\n"; }\n    out }\n'
            out[name + '/src/lib.rs'] = lib
            for i, m in enumerate(modules): out['%s/src/m%d.rs' % (name, i)] = self.module_text(m)
        features = ', features = ["extra"]' if self.feature else ''
        out['program/Cargo.toml'] = ('[package]\nname = "program"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nlow = { path = "../low"%s }\n'
                                     'high = { path = "../high" }\n' % features)
        out['program/src/main.rs'] = ('fn main() {\n    std::panic::set_hook(Box::new(|_| ()));\n    print!("{}{}", low::run(), high::run());\n}\n'
                                      '#[test]\nfn same() { assert_eq!(low::m0::generic(&5), 5); }\n')
        return out

    def write(self, folder):
        """Writes what differs, as an editor does."""
        files = self.files()
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


# ---- building ----

def objects(target):
    """By code generator's folder, crate and name the hash of each object of the newest incremental builds."""
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
                if name.endswith('.o'):
                    with open(os.path.join(path, newest, name), 'rb') as f: found[folder, crate, name] = hashlib.sha256(f.read()).hexdigest()
    return found


class Builder:
    def __init__(self, args, work, backend):
        self.args, self.work = args, work
        self.source = os.path.join(work, 'source')
        self.ways = [('llvm', ['cargo'], {}), ('shim', [args.kiln, 'cargo', '--no-bootstrap'], {}), ('inline', [args.kiln, 'cargo', '--inline'], {})]
        self.ways.append(('dynamic', [args.kiln, 'cargo', '--dynamic-deps'], {}))
        if backend: self.ways.append(('rustc', [args.kiln, 'cargo'], {}))
        self.flags = [{}, {'CARGO_PROFILE_DEV_CODEGEN_UNITS': '4'}, {'CARGO_PROFILE_DEV_OVERFLOW_CHECKS': 'false'}, {'CARGO_PROFILE_DEV_DEBUG': '0'},
                      {'CARGO_PROFILE_DEV_DEBUG': 'line-tables-only'}, {'CARGO_PROFILE_DEV_DEBUG_ASSERTIONS': 'false'},
                      {'CARGO_PROFILE_DEV_DEBUG': '1'}, {'CARGO_PROFILE_DEV_SPLIT_DEBUGINFO': 'unpacked'}, {'CARGO_PROFILE_DEV_SPLIT_DEBUGINFO': 'packed'}]
        if shutil.which('mold'): self.flags.append({'CARGO_ENCODED_RUSTFLAGS': '-Clink-arg=-fuse-ld=mold'})

    def build(self, target, way, flags, jobs=2):
        """What the program prints."""
        _, words, env = way
        env = dict(self.args.env, CARGO_TARGET_DIR=os.path.join(self.work, target), CARGO_BUILD_JOBS=str(jobs), CARGO_INCREMENTAL='1', **env, **flags)
        done = subprocess.run([*words, 'build', '--quiet', '--offline'], cwd=self.source, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode: sys.exit('%s %s: the build fails:\n%s' % (way[0], flags, done.stderr[-3000:]))
        again = subprocess.run([*words, 'build', '--offline'], cwd=self.source, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if 'Compiling' in again.stderr: sys.exit('%s %s: a second build compiles:\n%s' % (way[0], flags, again.stderr[-3000:]))
        ran = subprocess.run([os.path.join(self.work, target, 'debug/program')], capture_output=True, text=True)
        return ran.returncode, ran.stdout

    def tests(self, target, way, flags):
        _, words, env = way
        env = dict(self.args.env, CARGO_TARGET_DIR=os.path.join(self.work, target), CARGO_INCREMENTAL='1', **env, **flags)
        done = subprocess.run([*words, 'test', '--quiet', '--offline', '-p', 'program'], cwd=self.source, env=env, capture_output=True, text=True)
        return done.returncode == 0 and '1 passed' in done.stdout

    def clean(self, target, way, flags, jobs=2):
        shutil.rmtree(os.path.join(self.work, target), ignore_errors=True)
        return self.build(target, way, flags, jobs)


def step(b, state, rng, i, what):
    """One edit's builds; how they differ. An object that only the one build has belongs to what the other did not need."""
    way = rng.choice(b.ways)
    flags = rng.choice(b.flags) if rng.randrange(3) == 0 else {}
    state.write(b.source)
    got = b.build('target', way, flags)
    clean = b.clean('clean', way, flags)
    llvm = b.clean('llvm', b.ways[0], flags) if way[0] != 'llvm' else clean
    bad = [] if b.tests('target', way, flags) else ['tests fail']
    if got != clean: bad.append('prints other than a clean build')
    if got != llvm: bad.append('prints other than LLVM\'s')
    if got[0]: bad.append('status %d' % got[0])
    own, other = objects(os.path.join(b.work, 'target')), objects(os.path.join(b.work, 'clean'))
    if 'CARGO_PROFILE_DEV_SPLIT_DEBUGINFO' in flags: own = other # they name their .dwo, which is in the build's folder
    missing, differ = [k for k in other if k not in own], [k for k in other if k in own and own[k] != other[k]]
    if missing: bad.append('%d objects are missing: %s' % (len(missing), missing[:3]))
    if differ: bad.append('%d of %d objects differ: %s' % (len(differ), len(other), differ[:3]))
    print('%2d %-22s %-6s %-45s %s' % (i, what, way[0], ' '.join('%s=%s' % f for f in flags.items()).replace('CARGO_PROFILE_DEV_', ''),
                                       '; '.join(bad) or '%d objects the same' % len(other)), flush=True)
    return bad


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain')
    p.add_argument('--rustup', help='default: $RUSTUP_HOME')
    p.add_argument('--edits', type=int, default=50)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep', action='store_true')
    args = p.parse_args()
    args.kiln = os.path.abspath(args.kiln)
    args.env = {k: v for k, v in os.environ.items() if not k.startswith(('KILN', 'CARGO_PROFILE', 'CARGO_BUILD', 'RUSTC'))}
    args.env.update(RUSTUP_TOOLCHAIN=args.toolchain or harness.rust_toolchains()[0])
    if args.rustup: args.env['RUSTUP_HOME'] = os.path.abspath(args.rustup)
    backend, text = harness.code_generator(args.kiln, args.env)
    if not backend: print('without Kiln as rustc\'s code generator: ' + text[-300:])
    rng, failed = random.Random(args.seed), 0
    work = tempfile.mkdtemp(prefix='kiln-edits-')
    try:
        b, state = Builder(args, work, backend), State(rng)
        os.makedirs(b.source)
        for i in range(args.edits + 1):
            failed += bool(step(b, state, rng, i, state.edit() if i else 'the first build'))
        for way in b.ways[1:]:
            b.clean('clean', way, {}, 1)
            b.clean('llvm', way, {}, 16)
            same = objects(os.path.join(work, 'clean')) == objects(os.path.join(work, 'llvm'))
            print('%s: one job, and sixteen: %s' % (way[0], 'the same objects' if same else 'DIFFER'))
            failed += not same
    finally:
        if args.keep: print('kept: ' + work)
        else: shutil.rmtree(work)
    print('%d edits, seed %d: %s' % (args.edits, args.seed, '%d FAILED' % failed if failed else 'all the same'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
