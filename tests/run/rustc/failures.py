"""Kiln fails in rustc at each place and in each way that $KILN_FAIL has (integrations/rustc/src/failing.rs): in a
library, a procedural macro, a build script, a program and tests, built incrementally, twice. LLVM compiles what Kiln
does not; the last line says so. Errors of the user are plain cargo's."""
import os
import re
import shutil

import harness

HERE = os.path.dirname(os.path.abspath(__file__))

# Places, and the ways of the sample, which has each place and each way.
PLACES = {'check': ['error'], 'first': ['panic', 'kill'], 'last': ['abort'], 'assemble': ['fault'], 'emit': ['malloc']}
# By the way that $KILN_FAIL names: why LLVM compiled the units, and whether it compiled the whole crate.
WAYS = {
    'error': ('Kiln failed: an error by KILN_FAIL', False),
    'panic': ('Kiln panicked: a panic by KILN_FAIL', False),
    'abort': ('Kiln crashed in rustc: Aborted', True),
    'fault': ('Kiln crashed in rustc: Segmentation fault', True),
    'malloc': ('Kiln crashed in rustc: Aborted', True),
    'kill': ('rustc was killed, perhaps for lack of memory', True),
}
# Programs with errors: of types; of constants, which is found when functions are collected; of code generation.
ERRORS = {
    'types': 'fn main() { let x: i32 = "text"; }',
    'constants': 'fn f<const N: usize>() { const { assert!(N > 1) } }\nfn main() { f::<1>() }',
    'layout': 'fn f() -> Box<[u64; 1 << 60]> { Box::new([1; 1 << 60]) }\nfn main() { f(); }',
}
# What is beyond Kiln's limits, by the reason for which LLVM compiles it, which is the shim's, too.
LIMITS = {
    'a stack variable has 2 GiB or more': """#[inline(never)] fn big() { std::hint::black_box(&std::mem::MaybeUninit::<[u8; 3 << 30]>::uninit()); }
fn main() { if std::env::args().count() > 1 { big() } }
""",
    'not implemented: a NUL in module-level assembly': """std::arch::global_asm!(".globl five\\0", "five: ret");
unsafe extern "C" { fn five(); }
fn main() { unsafe { five() } }
""",
    'not implemented: a NUL in inline assembly': """fn main() { unsafe { std::arch::asm!("nop\\0") } }
""",
}


class Failures:
    def __init__(self, toolchain):
        self.t, self.h = toolchain, toolchain.h
        self.env = toolchain.cargo_env()

    def build(self, words, folder, target, kiln, fail=''):
        """Status, output and errors of cargo, and the lines about units."""
        costs = self.h.path('costs')
        env = dict(self.env, CARGO_BUILD_JOBS='8', CARGO_NET_OFFLINE='true', CARGO_TARGET_DIR=self.h.path(target), RUST_BACKTRACE='0',
                   CARGO_PROFILE_DEV_DEBUG='0')
        if kiln:
            env.update(KILN_BACKEND=self.t.backend, KILN_STATS=costs, KILN_FAIL=fail)
        command = [os.path.join(self.t.library, 'kiln'), 'cargo'] if kiln else ['cargo']
        status, out, err = self.h.run([*command, *words], check=False, env=env, cwd=folder, timeout=600)
        units = []
        if os.path.exists(costs):
            with open(costs) as f:
                units = [line.rstrip('\n').split('\t') for line in f if line.startswith('unit\t')]
            os.unlink(costs)
        return status, out, err, units

    def case(self, place, way):
        why, whole = WAYS[way]
        folder = self.h.path('failures-%s-%s-%s' % (self.t.name, place, way))
        shutil.copytree(os.path.join(HERE, 'failures'), folder)
        for turn in range(2):
            status, out, err, units = self.build(['test', '--', '--show-output'], folder, folder + '/target', True, '%s:%s' % (place, way))
            ways = [unit[1] for unit in units]
            found = {unit[6] for unit in units if unit[1] == 'llvm'}
            last = err.rstrip('\n').split('\n')[-1]
            wrong = [
                status != 0 and 'status %d' % status,
                len(re.findall(r'(?m)^test .* ok$', out)) != 3 and 'tests: ' + out,
                'the program printed 7 <42> 8 turn %d' % turn not in out and 'printed: ' + out,
                err.count('warning: unused variable') != 1 and 'warnings: ' + err,
                (not found or not all(x.startswith(why) for x in found)) and 'reasons: %s' % found,
                not re.fullmatch(r'kiln: .*\b%d (of \d+ )?units.*; %d for this reason: %s.*; .*' % (ways.count('llvm'), ways.count('llvm'), re.escape(why)), last)
                and not re.fullmatch(r'kiln: warning: Kiln compiled none of %d units, LLVM all; %d for this reason: %s.*; .*' % (len(ways), len(ways), re.escape(why)), last)
                and 'last line: ' + last,
                whole and place != 'assemble' and 'rustc' in ways and 'Kiln compiled %d units' % ways.count('rustc'),
                place == 'assemble' and 'rustc' not in ways and 'Kiln compiled nothing',
            ]
            if any(wrong):
                raise harness.Failure('turn %d: %s\n%s' % (turn, [w for w in wrong if w], err))
            self.edit(folder, 'top/src/main.rs', 'turn 0', 'turn 1')
            self.edit(folder, 'parts/src/lib.rs', 'let unused = 1', 'let unused = 2')

    @staticmethod
    def edit(folder, name, before, after):
        with open(os.path.join(folder, name)) as f:
            text = f.read()
        with open(os.path.join(folder, name), 'w') as f:
            f.write(text.replace(before, after))

    def metadata(self):
        """A dependent crate may have begun with the metadata of the first run: those of the second are the same bytes."""
        source = os.path.join(HERE, 'failures/parts/src/lib.rs')
        rustc = self.h.run(['rustup', 'which', '--toolchain', self.t.name, 'rustc'])[1].strip()
        made = []
        for fail in ('', 'last:fault'):
            folder = self.h.path('metadata-%s-%s' % (self.t.name, fail.replace(':', '-')))
            options = ['--crate-name=parts', '--crate-type=lib', '--emit=metadata,link', '-Cmetadata=1', '--edition=2024']
            words = [os.path.join(self.t.library, 'kiln-rustc'), rustc, source, *options, '--out-dir=' + folder, '-Cincremental=' + folder]
            self.h.run(words, env=dict(self.env, KILN_BACKEND=self.t.backend, KILN_FAIL=fail), timeout=300)
            with open(os.path.join(folder, 'libparts.rmeta'), 'rb') as f:
                made.append(f.read())
        if made[0] != made[1]:
            raise harness.Failure('%d and %d bytes' % tuple(map(len, made)))

    def output(self):
        """What rustc is asked to print is printed once, also if it comes to it in the second run alone."""
        source = self.h.path('prints.rs')
        with open(source, 'w') as f:
            f.write('fn main() {}\n')
        rustc = self.h.run(['rustup', 'which', '--toolchain', self.t.name, 'rustc'])[1].strip()
        printed = []
        for fail in ('', 'last:fault'):
            words = [os.path.join(self.t.library, 'kiln-rustc'), rustc, source, '-Cmetadata=1', '--print=link-args', '-o', self.h.path('prints')]
            out = self.h.run(words, env=dict(self.env, KILN_BACKEND=self.t.backend, KILN_FAIL=fail), timeout=300)[1]
            printed.append(['"-o"' in line or ' -o ' in line for line in out.splitlines()])
        if printed != [[True], [True]]:
            raise harness.Failure('lines with -o: %s' % printed)

    def package(self, name, source):
        """The folder of a package with this program."""
        folder = self.h.path('failures-%s-%s' % (self.t.name, name))
        os.makedirs(folder)
        with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
            f.write('[package]\nname = "wrong"\nversion = "0.1.0"\nedition = "2024"\n[[bin]]\nname = "wrong"\npath = "main.rs"\n[workspace]\n')
        with open(os.path.join(folder, 'main.rs'), 'w') as f:
            f.write(source)
        return folder

    def limits(self):
        """What is known to be beyond Kiln is nothing to report."""
        for n, (why, source) in enumerate(LIMITS.items()):
            folder = self.package('limit-%d' % n, source)
            status, _, err, units = self.build(['run'], folder, folder + '/kiln', True)
            reasons = {unit[6] for unit in units if unit[1] == 'llvm'}
            if status or reasons != {why} or 'report' in err:
                raise harness.Failure('%s: status %d, reasons %s: %s' % (why, status, reasons, err))

    def error(self, name):
        """The user's errors are those of plain cargo."""
        folder = self.package(name, ERRORS[name])
        said = []
        for target, kiln, fail in (('llvm', False, ''), ('kiln', True, ''), ('crashes', True, 'last:fault')):
            status, _, err, _ = self.build(['build'], folder, folder + '/' + target, kiln, fail)
            said.append((status, re.sub(r'(?m)^kiln: .*\n', '', err)))
        if len(set(said)) != 1 or said[0][0] != 101:
            raise harness.Failure('\n'.join('%d: %s' % one for one in said))


def cases(first, whole):
    """Places and ways. Each costs some eight CPU seconds: a test has a sample with one toolchain and one of
    them with the others; `./dev test --whole` has them all."""
    for place, ways in PLACES.items():
        for way in WAYS:
            if way in ('panic', 'kill') and place != 'first':
                continue  # as error and abort elsewhere
            if whole or way in (ways if first else ['error'] * (place == 'first')):
                yield place, way


def checks(toolchain, first, whole):
    """Names and what they check."""
    failures = Failures(toolchain)
    for place, way in cases(first, whole):
        yield 'fails: %s, %s' % (place, way), lambda: failures.case(place, way)
    yield 'the second run has the same metadata', failures.metadata
    yield 'the second run prints what the first did not', failures.output
    yield 'limits of Kiln', failures.limits
    for name in ERRORS:
        yield "an error of the user's: " + name, lambda: failures.error(name)
