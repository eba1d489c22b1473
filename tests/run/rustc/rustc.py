#!/usr/bin/env python3
"""rustc.py --library=FOLDER [--tap]: Kiln as rustc's code generator (integrations/rustc/). For each toolchain that integrations/rustc/rust-toolchains
names: builds the back end, with FOLDER/libkiln.a ($KILN_LIBRARY), and compiles the programs here with it and with LLVM:
both do the same. What gdb shows of a program's variables is the same, too. Units with what Kiln lacks go to LLVM, and the
log names them; an option for LLVM makes all units LLVM's; units inline functions of others: copies.py; objects do not
depend on the number of threads, and their symbols are bound as LLVM's are. `kiln cargo` runs it. What other crates' links
expect of objects: links.py. What fails is compiled by LLVM: failures.py. The driver is
rustc otherwise: driver.py. With --target=aarch64, programs for AArch64 do the same under qemu as those by LLVM.

A toolchain that rustup does not have, or has without the components rustc-dev and rust-src, is skipped; if it is
$KILN_TEST_RUSTC, that is a failure. Without `--whole` one toolchain is tried: that one, or the last that is there.
"""
import collections
import filecmp
import itertools
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, '../../..'))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402
import copies  # noqa: E402
import driver  # noqa: E402
import failures  # noqa: E402
import links  # noqa: E402
import shown  # noqa: E402

# By name: options of rustc beside the edition, and what Kiln inlines.
MODES = [
    ('plain', ['-g'], ''),
    ('abort', ['-Cpanic=abort', '-Cdebuginfo=line-tables-only', '-Ccodegen-units=1'], ''),
    ('inlined', ['-g', '-Crelocation-model=static', '-Ccodegen-units=3', '-Coverflow-checks=off'], 'small'),
    ('foreign', ['-g', '-Ccodegen-units=16'], 'foreign'),
]
# Options of programs besides those of the mode.
OPTIONS = {'declared_twice': ['-Zverify-llvm-ir']} # runs Kiln's verifier, too
# Programs that end by a panic that is not caught: not without unwinding.
UNWINDS = {'unwinding', 'assembly_unwinding', 'backtrace'}
# Programs whose code is the same in each mode.
ONCE = {'simd'}
# Programs with what older compilers lack: the minor version from which they compile.
SINCE = {'assembly_control': 99} # `const` operands that are pointers
# Those that are of all processors.
PORTABLE = ['declared_twice', 'ffi', 'floats', 'names', 'numbers', 'objects', 'simd', 'unstable', 'unwinding', 'variables']
# What of a program LLVM compiles: a pattern for each line of the log.
BY_LLVM = {'llvm': r'llvm: .*: compiled by LLVM: inline assembly with so many registers'}

GDB = '''set pagination off
set print address off
break variables.rs:MARK
run
info args
info locals
ptype shape
ptype pair
print *shape
print COUNT
print variables::COUNT
up
print pair
ptype shapes
delete
break variables.rs:LAST
continue
info args
info locals
up
info locals
delete
break variables::aligned
continue
'''
STEPS = '''set pagination off
break variables.rs:MARK
run
''' + 12 * 'next\n'


# A crate that asks the compiler, as build scripts of published crates do, whether it takes an unstable feature.
ASKS = {
    'Cargo.toml': '[package]\nname = "asks"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n',
    'build.rs': '''use std::{env, fs, process::Command};
fn main() {
    let folder = env::var("OUT_DIR").unwrap();
    fs::write(format!("{folder}/probe.rs"), "#![feature(never_type)]").unwrap();
    let rustc = env::var("RUSTC").unwrap();
    let mut command = env::var("RUSTC_WRAPPER").map_or_else(|_| Command::new(&rustc), |wrapper| {
        let mut command = Command::new(wrapper);
        command.arg(&rustc);
        command
    });
    let status = command.current_dir(folder).args(["--crate-type=lib", "--emit=metadata", "probe.rs"]).status();
    println!("cargo:rustc-check-cfg=cfg(unstable)");
    if status.unwrap().success() {
        println!("cargo:rustc-cfg=unstable");
    }
}
''',
    'src/main.rs': 'fn main() { println!("{}", cfg!(unstable)); assert!(std::panic::catch_unwind(|| panic!()).is_err()); }\n',
}


class Toolchain:
    def __init__(self, h, name, library):
        self.h, self.name, self.library = h, name, library
        self.env = dict(os.environ, RUSTC_BOOTSTRAP='1', RUSTUP_AUTO_INSTALL='0')
        self.target = ['--target=' + harness.AARCH64, '-Clinker=aarch64-linux-gnu-gcc'] if h.cross else []

    def lacks(self):
        """What is missing, or None."""
        if not shutil.which('rustup'):
            return 'there is no rustup'
        status, out, _ = self.h.run(['rustc', '+' + self.name, '--print=sysroot'], check=False, env=self.env)
        if status:
            return 'rustup does not have ' + self.name
        libraries = os.path.join(out.strip(), 'lib/rustlib')
        if not os.path.isdir(os.path.join(libraries, 'rustc-src')):
            return self.name + ' does not have rustc-dev'
        if self.h.cross and not os.path.isdir(os.path.join(libraries, harness.AARCH64)):
            return self.name + ' does not have the target ' + harness.AARCH64
        return None

    def minor(self):
        """99 of 1.99.1."""
        return int(self.h.run(['rustc', '+' + self.name, '-V'])[1].split('.')[1])

    def build(self):
        """The back end, which takes longer to optimize than to run here; additions that overflow panic. The driver's handler
        of crashes is rustc's own source, which runs on a signal stack of 8 KB: only optimized code is sure to fit there.
        cargo builds only what has changed."""
        target = os.path.join(self.library, 'cache/rustc', self.name)
        unoptimized = {'CARGO_PROFILE_RELEASE_OPT_LEVEL': '0', 'CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS': 'true'}
        env = dict(self.env, KILN_LIBRARY=self.library, CARGO_TARGET_DIR=target, **unoptimized)
        self.h.run(['cargo', '+' + self.name, 'rustc', '--release', '--locked', '--bin=kiln-driver', '--', '-Copt-level=2'], env=env,
                   timeout=900, cwd=os.path.join(ROOT, 'integrations/rustc'))
        self.backend = os.path.join(target, 'release/librustc_codegen_kiln.so')
        self.driver = os.path.join(target, 'release/kiln-driver')

    def by_option(self):
        """A nightly loads the library by -Zcodegen-backend; RUSTC_BOOTSTRAP is for stable ones."""
        log, source = self.h.path('option-' + self.name), os.path.join(HERE, 'programs/variables.rs')
        words = ['rustc', '+' + self.name, '--edition=2024', source, '-o', self.h.path('option'), '-Zcodegen-backend=' + self.backend]
        self.h.run(words, env=dict(self.env, KILN_LOG=log), timeout=300)
        with open(log) as f:
            if not re.search(r': \d+ functions, \d+ instructions$', f.read(), re.M):
                raise harness.Failure('Kiln compiled nothing')

    def compile(self, source, out, options, kiln, log=None, cwd=None, inline='', fail=''):
        compiler = [self.driver] if kiln else ['rustc', '+' + self.name]
        words = [*compiler, '--edition=2024', '-Awarnings', source, '-o', out, *self.target, *options]
        # Assembly needs GNU as alone, as users of Rust have it.
        env = dict(self.env, KILN_INLINE=inline, KILN_FAIL=fail, KILN_CLANG='/nonexistent', **({'KILN_LOG': log} if log else {}))
        self.h.run(words, env=env, timeout=300, cwd=cwd)

    def same(self, program, mode, options, inline, folder='programs'):
        """The program does the same, and what LLVM compiled of it is what was expected."""
        h = self.h
        source = os.path.join(HERE, folder, program + '.rs')
        base = h.path('%s-%s-%s' % (self.name, program, mode))
        log = base + '.log'
        options = [*options, *OPTIONS.get(program, [])]
        self.compile(source, base + '.llvm', options, False)
        self.compile(source, base + '.kiln', options, True, log, inline=inline)
        results = [h.run([base + side], check=False) for side in ('.llvm', '.kiln')]
        if results[0] != results[1]:
            raise harness.Failure('LLVM: %r\nKiln: %r' % tuple((s, o[-1500:], e[-500:]) for s, o, e in results))
        with open(log) as f:
            lines = f.read().splitlines()
        left = [line for line in lines if 'compiled by LLVM' in line]
        pattern = BY_LLVM.get(program)
        if pattern is None and left or pattern and (not left or not all(re.fullmatch(pattern + '.*', x) for x in left)):
            raise harness.Failure('by LLVM: %s' % left)
        if not any(re.search(r': \d+ functions, \d+ instructions$', line) for line in lines):
            raise harness.Failure('Kiln compiled nothing: %s' % lines)

    def lines(self):
        """Each line of a program's where a statement begins in LLVM's line table, and debuggers stop, has one in Kiln's."""
        h, found = self.h, []
        for side in ('llvm', 'kiln'):
            made = h.path('lines-%s-%s.o' % (self.name, side))
            self.compile(os.path.join(HERE, 'programs', 'unstable.rs'), made, ['-g', '-Ccodegen-units=1', '--emit=obj'], side == 'kiln')
            rows = h.run(['readelf', '--debug-dump=decodedline', made])[1]
            found.append(set(re.findall(r'(?m)^unstable\.rs +(\d+) .* x$', rows)))
        if not found[0] or found[0] - found[1]:
            raise harness.Failure('statements begin in %d lines, but not in %s' % (len(found[0]), sorted(found[0] - found[1])))

    def entries(self):
        """A function that rustc inlines has one entry in a unit, and one of each variable, besides those of its own code, which
        Kiln may inline, too. LLVM's object has them for each caller."""
        h = self.h
        for side, inline in ('llvm', ''), ('kiln', ''), ('kiln', 'foreign'), ('kiln', 'small'):
            made = h.path('entries-%s-%s.o' % (self.name, side + inline))
            self.compile(os.path.join(HERE, 'programs', 'variables.rs'), made, ['-g', '-Ccodegen-units=1', '--emit=obj'], side == 'kiln',
                         inline=inline)
            functions, of = collections.Counter(), None
            for text in re.split(r'\n(?=0x)', h.run(['llvm-dwarfdump-22', '--debug-info', made])[1]):
                said = dict(re.findall(r'DW_AT_(\w+)\s*\("?(.*?)"?\)\n', text + '\n'))
                if 'DW_TAG_subprogram' in text:
                    of = said.get('linkage_name', said.get('name')) if 'inline' in said else None
                    functions.update([of] if of else [])
                elif of and re.search('DW_TAG_(variable|formal_parameter)', text):
                    functions[of, said.get('name'), said.get('decl_line')] += 1
            often = [found for found, n in functions.items() if n > 2]
            if len(functions) < 20 or (side == 'kiln') == bool(often):
                raise harness.Failure('%s %s: %d entries, too often: %s' % (side, inline, len(functions), often[:5]))

    def gdb(self, inline):
        """What debuggers show of the user's functions, and where they stop, is as in LLVM's code."""
        h = self.h
        source = os.path.join(HERE, 'programs', 'variables.rs')
        with open(source) as f:
            mark, last, loop = (i for i, line in enumerate(f, 1) if 'break here' in line)
        script = h.write('gdb-' + self.name, GDB.replace('MARK', str(mark)).replace('LAST', str(last)))
        stepping = h.write('gdb-steps-' + self.name, STEPS.replace('MARK', str(loop)))
        shown, steps = [], []
        for side in ('llvm', 'kiln'):
            program = h.path('variables-%s-%s' % (self.name, side))
            self.compile(source, program, ['-g', '-Ccodegen-units=16'], side == 'kiln', inline=inline)
            out = h.run(['gdb', '-nx', '-batch', '-x', script, program], cwd=h.dir)[1]
            found = re.search(r'(?s)Breakpoint 1[.0-9]*, (.*)', out)
            if not found:
                raise harness.Failure('%s: no breakpoint: %s' % (side, out))
            out = found[1]
            shown.append(re.sub(r'0x[0-9a-f]+', 'ADDRESS', re.sub(r'warning: .*', '', out)))
            out = h.run(['gdb', '-nx', '-batch', '-x', stepping, program], cwd=h.dir)[1]
            # LLVM's code has several statements for some lines
            steps.append([line for line, _ in itertools.groupby(re.findall(r'(?m)^(\d+)\t', out))])
        if shown[0] != shown[1]:
            raise harness.Failure('LLVM:\n%s\nKiln:\n%s' % tuple(shown))
        common = min(map(len, steps))
        if common < 9 or steps[0][:common] != steps[1][:common]:
            raise harness.Failure('steps: LLVM: %s, Kiln: %s' % tuple(steps))

    def delegated(self):
        """Options make all units LLVM's, with its reason in the log. Features that the target or the command line has are in
        LLVM's code."""
        h = self.h
        source = os.path.join(HERE, 'programs', 'variables.rs')
        feature = '-Ctarget-feature=%s' % ('+strict-align' if h.cross else '+lvi-cfi')
        made = [h.path('feature-%s.ll' % side) for side in ('llvm', 'kiln')]
        for file in made:
            self.compile(source, file, [feature, '--emit=llvm-ir', '-Ccodegen-units=1'], file is made[1])
        if not filecmp.cmp(*made, shallow=False):
            raise harness.Failure('%s: other code by LLVM' % feature)
        for options, why in (([feature], 'a feature of the processor'),
                             (['-Copt-level=1'], 'optimization is on'), (['-Cinstrument-coverage'], 'coverage'),
                             (['-Cstrip=none', '-Clto=fat'], 'link-time optimization')):
            log = h.path('delegated-' + self.name)
            self.compile(source, h.path('delegated'), options, True, log)
            with open(log) as f:
                text = f.read()
            os.unlink(log)
            if text != 'variables: all units: compiled by LLVM: %s\n' % why:
                raise harness.Failure('%s: %r' % (options, text))

    def settings(self):
        """A bad value of KILN_INLINE is an error."""
        source = os.path.join(HERE, 'programs', 'variables.rs')
        for value in 'many', '0', '10001':
            try:
                self.compile(source, self.h.path('settings'), [], True, inline=value)
            except harness.Failure as e:
                if "KILN_INLINE: bad value '%s'" % value not in str(e):
                    raise
            else:
                raise harness.Failure('no error with ' + value)

    def crates(self):
        """Panics, generics and statics across crates that LLVM and Kiln compiled, in all four ways."""
        h = self.h
        outputs = set()
        for lib in (False, True):
            for main in (False, True):
                folder = h.path('crates-%s-%d%d' % (self.name, lib, main))
                rlib = os.path.join(folder, 'libshared.rlib')
                os.makedirs(folder)
                for name, kind, kiln in (('shared', ['--crate-type=rlib', '-Cembed-bitcode=no'], lib), ('user', ['--extern=shared=' + rlib], main)):
                    source = os.path.join(HERE, 'crates', name + '.rs')
                    out = rlib if name == 'shared' else os.path.join(folder, name)
                    self.compile(source, out, [*kind, '-g', '--crate-name=' + name], kiln)
                outputs.add(h.run([os.path.join(folder, 'user')])[1])
        if len(outputs) != 1:
            raise harness.Failure('different: %s' % outputs)

    def crates_inlined(self):
        """The same with inlining, where generics are not shared, and with a dynamic library."""
        h, said = self.h, set()
        libraries = h.run(['rustc', '+' + self.name, '--print=target-libdir'], env=self.env)[1].strip()
        for kind in 'rlib', 'dylib':
            for lib, main in (False, False), (False, True), (True, False), (True, True):
                folder = h.path('inlined-%s-%s-%d%d' % (self.name, kind, lib, main))
                os.makedirs(folder)
                library = os.path.join(folder, 'libdynamic.' + ('so' if kind == 'dylib' else kind))
                for name, words, kiln in (('dynamic', ['--crate-type=' + kind], lib), ('dynamic_user', ['--extern=dynamic=' + library], main)):
                    out = library if name == 'dynamic' else os.path.join(folder, name)
                    words = [*words, '-g', '--crate-name=' + name, *(['-Cprefer-dynamic'] if kind == 'dylib' else [])]
                    self.compile(os.path.join(HERE, 'crates', name + '.rs'), out, words, kiln, inline='small')
                env = dict(os.environ, LD_LIBRARY_PATH='%s:%s' % (folder, libraries))
                said.add(h.run([os.path.join(folder, 'dynamic_user')], env=env)[1])
        if len(said) != 1:
            raise harness.Failure('different: %s' % said)

    def symbols(self):
        """The symbols that both objects have are defined, bound and visible in the same way; objects of `forced` have
        the same functions, those of other crates included."""
        h = self.h
        for source, kind in (('crates/builtins.rs', 'rlib'), ('programs/objects.rs', 'bin'), ('crates/forced.rs', 'rlib')):
            tables = []
            for side in ('llvm', 'kiln'):
                made = h.path('symbols-%s-%s.o' % (self.name, side))
                options = ['--crate-type=' + kind, '--emit=obj', '-Ccodegen-units=1']
                self.compile(os.path.join(HERE, source), made, options, side == 'kiln')
                rows = [line.split() for line in h.run(['readelf', '--symbols', '--wide', made])[1].splitlines()]
                rows = [r for r in rows if len(r) == 8 and (r[4] in ('GLOBAL', 'WEAK') or r[3] == 'FUNC')]
                tables.append({r[7]: (r[4], r[5], r[6] == 'UND') for r in rows})
            names = set(tables[0]) | set(tables[1]) if 'forced' in source else set(tables[0]) & set(tables[1])
            differ = [(k, *(table.get(k) for table in tables)) for k in sorted(names) if tables[0].get(k) != tables[1].get(k)]
            if differ or not names:
                raise harness.Failure('%s: by LLVM and by Kiln: %s' % (source, differ[:5]))

    def origin(self):
        """`.comment` names the compiler, as LLVM's does, and Kiln. What assembly or a static has there stays
        as it is."""
        h, found = self.h, []
        for name, more in (('plain', ''), ('assembly', 'core::arch::global_asm!(".section .comment\\n.byte 1\\n.text");'),
                           ('static', '#[unsafe(link_section = ".comment")] #[used] static X: [u8; 3] = *b"own";')):
            source = h.write('origin-%s.rs' % name, 'pub fn one() -> u32 { 1 }\n' + more)
            for side in ('llvm', 'kiln'):
                made = h.path('origin-%s-%s-%s.o' % (self.name, name, side))
                self.compile(source, made, ['--crate-type=lib', '--emit=obj', '-Ccodegen-units=1'], side == 'kiln')
                found.append(re.findall(r'\] *(\w.*)', h.run(['readelf', '-p', '.comment', made])[1]))
        if len(found[0]) != 1 or found[1][:1] != found[0] or not re.fullmatch(r'Kiln [\d.]+', found[1][-1]) or found[5] != ['own']:
            raise harness.Failure('by LLVM and by Kiln, in turn: %s' % found)

    def cargo_env(self):
        """For cargo of this toolchain, whatever the user has set."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(('CARGO_', 'RUSTC', 'KILN_')) or k == 'CARGO_HOME'}
        env.update(RUSTUP_AUTO_INSTALL='0', RUSTUP_TOOLCHAIN=self.name, XDG_CACHE_HOME=self.h.path('cache'))
        return env

    def cargo(self):
        """`kiln cargo` has rustc load the library, for cargo's compilations alone: build scripts see the compiler of
        plain cargo."""
        h = self.h
        base = os.path.join('cargo-' + self.name, '')
        for path, text in ASKS.items():
            os.makedirs(os.path.dirname(h.path(base + path)), exist_ok=True)
            h.write(base + path, text)
        costs = h.path(base + 'costs')
        env = self.cargo_env()
        said = []
        kilns = [os.path.join(self.library, 'kiln'), 'cargo']
        for side, command in (('llvm', ['cargo']), ('kiln', kilns), ('inlined', [*kilns, '--inline']), ('foreign', [*kilns, '--inline=foreign'])):
            more = {} if side == 'llvm' else dict(KILN_BACKEND=self.backend, KILN_STATS=costs)
            words = [*command, 'run', '--quiet', '--offline', '--target-dir=' + side]
            said.append(h.run(words, env=dict(env, **more), cwd=h.path(base), timeout=300)[1])
        if len(set(said)) != 1:
            raise harness.Failure('cargo, kiln cargo, kiln cargo --inline: %r' % said)
        with open(costs) as f:
            units = [line for line in f if line.startswith('unit')]
        if not units or not all(line.startswith('unit\trustc\t0\t') for line in units):
            raise harness.Failure('units that were not built of MIR: %s' % units)

    def volatile(self):
        """What the program of atomic operations needs of newer compilers."""
        return ['--cfg=volatile_atomics'] if self.minor() >= 100 else []

    def processors(self):
        """Atomic operations on 16 bytes are those of the processor that is named, or libatomic's."""
        h = self.h
        source = os.path.join(HERE, 'crates/atomics.rs')
        said = {}
        volatile = self.volatile()
        for name, option in (('', []), ('named', ['-Ctarget-cpu=x86-64-v2']), ('feature', ['-Ctarget-feature=+cmpxchg16b'])):
            for kiln in (False, True):
                program = h.path('atomics-%s-%s-%d' % (self.name, name, kiln))
                self.compile(source, program, option + volatile, kiln)
                said[name, kiln] = h.run([program])[1]
                calls = '__atomic_load_16' in h.run(['nm', program])[1]
                if calls != (not option):
                    raise harness.Failure('%s: %s of libatomic' % (option, 'calls' if calls else 'no calls'))
        if len(set(said.values())) != 1:
            raise harness.Failure('%r' % said)

    def masks(self):
        """What rustc's LLVM does not do right: the program knows the results."""
        program = self.h.path('masks-' + self.name)
        self.compile(os.path.join(HERE, 'crates/masks.rs'), program, [], True)
        self.h.run([program])

    def threads(self):
        """The same objects with one codegen thread and with several."""
        h = self.h
        source = os.path.join(HERE, 'programs', 'objects.rs')
        objects = []
        for threads in ('1', '4'):
            folder = h.path('threads-%s-%s' % (self.name, threads))
            os.makedirs(folder)
            self.compile(source, 'objects.o', ['--emit=obj', '-Zthreads=' + threads, '-Ccodegen-units=1'], True, cwd=folder)
            with open(os.path.join(folder, 'objects.o'), 'rb') as f:
                objects.append(f.read())
        if objects[0] != objects[1]:
            raise harness.Failure('different objects')


def check_aarch64(h, toolchain, check):
    """Programs of AArch64 and a sample of those of all processors, each in one mode; all in all with --whole."""
    own = [('aarch64', name) for name in h.files(os.path.join(HERE, 'aarch64'), '*.rs')]
    others = [('programs', name) for name in PORTABLE if toolchain.minor() >= SINCE.get(name, 0)]
    for k, (folder, program) in enumerate(own + harness.sample(others, 3)):
        modes = [m for m in MODES if m[0] == 'plain' or program not in ONCE and not (m[0] == 'abort' and program in UNWINDS)]
        for mode, options, inline in harness.sample(modes, len(modes), k % len(modes)):
            check('%s: %s, %s' % (toolchain.name, program, mode), lambda: toolchain.same(program, mode, options, inline, folder))
    check('%s: options for LLVM' % toolchain.name, toolchain.delegated)
    check('%s: atomics' % toolchain.name, lambda: toolchain.same('atomics', 'plain', toolchain.volatile(), '', 'crates'))
    for what, work in shown.checks(toolchain):
        check('%s: %s' % (toolchain.name, what), work)


def main():
    p = harness.options(__doc__)
    p.add_argument('--library', required=True, help='the folder of libkiln.a, where the back end is built')
    args = p.parse_args()
    args.library = os.path.abspath(args.library)
    h = harness.Harness(args)

    def check(what, work):
        try:
            work()
        except harness.Failure as e:
            h.fail(what, str(e))
            return False
        h.ok(what)
        return True

    first = True
    names, asked = harness.rust_toolchains(), os.environ.get('KILN_TEST_RUSTC')
    one = asked or next((n for n in reversed(names) if not Toolchain(h, n, args.library).lacks()), None)
    for turn, name in enumerate(names):
        if not harness.WHOLE and one not in (None, name):
            h.skip('rustc ' + name, 'one toolchain is a sample; all: ./dev test --whole')
            continue
        toolchain = Toolchain(h, name, args.library)
        why = toolchain.lacks()
        if why:
            (h.fail if name == asked else h.skip)('rustc ' + name, why)
            continue
        if not check('%s: builds' % name, toolchain.build):
            continue
        if h.cross:
            check_aarch64(h, toolchain, check)
            continue
        for k, program in enumerate(h.files(os.path.join(HERE, 'programs'), '*.rs')):
            if toolchain.minor() < SINCE.get(program, 0):
                h.skip('%s: %s' % (name, program), 'it needs rustc 1.%d' % SINCE[program])
                continue
            modes = [m for m in MODES if m[0] == 'plain' or program not in ONCE and not (m[0] == 'abort' and program in UNWINDS)]
            for mode, options, inline in harness.sample(modes, len(modes), (k + turn) % len(modes)):
                check('%s: %s, %s' % (name, program, mode), lambda: toolchain.same(program, mode, options, inline))
        if shutil.which('gdb'):
            for what, inline in ('gdb', ''), ('gdb, foreign functions inlined', 'foreign'):
                check('%s: %s' % (name, what), lambda: toolchain.gdb(inline))
        else:
            h.skip('%s: gdb' % name, 'there is no gdb')
        check('%s: by the option' % name, toolchain.by_option)
        for what, work in driver.checks(toolchain):
            check('%s: %s' % (name, what), work)
        check('%s: lines' % name, toolchain.lines)
        check('%s: entries of inlined functions' % name, toolchain.entries)
        check('%s: options for LLVM' % name, toolchain.delegated)
        check('%s: a bad value' % name, toolchain.settings)
        check('%s: crates of both' % name, toolchain.crates)
        check('%s: crates of both, inlined' % name, toolchain.crates_inlined)
        check('%s: processors' % name, toolchain.processors)
        check('%s: masks' % name, toolchain.masks)
        check('%s: threads' % name, toolchain.threads)
        check('%s: symbols' % name, toolchain.symbols)
        check('%s: who made an object' % name, toolchain.origin)
        check('%s: kiln cargo' % name, toolchain.cargo)
        for what, work in [*links.checks(toolchain, harness.WHOLE), *copies.checks(toolchain), *shown.checks(toolchain)]:
            check('%s: %s' % (name, what), work)
        for what, work in failures.checks(toolchain, first, harness.WHOLE):
            check('%s: %s' % (name, what), work)
        first = False
    if h.passed == h.failed == 0:
        print('1..%d' % h.lines)
        sys.exit(0)
    h.finish()


if __name__ == '__main__':
    main()
