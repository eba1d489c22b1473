"""The driver is rustc in all but the code: what it prints, how it ends, what it refuses; and what a build runs sees, if the
library is there, is what it sees under plain cargo."""
import glob
import os
import re
import signal
import subprocess
import time

import harness

# Command lines, without and with RUSTC_BOOTSTRAP.
WORDS = [
    ['-vV'], ['-V'], ['--help'], ['-C', 'help'], ['-W', 'help'], ['--explain', 'E0308'], ['--no-such-option'], ['no-such-file.rs'],
    [], ['@words'], ['@no-such-words'], ['--print=cfg'], ['--print=sysroot'], ['--print=target-cpus'], ['--print=target-features'],
    ['--print=relocation-models'], ['--print=native-static-libs', 'good.rs'], ['--print=file-names', 'good.rs', '--crate-type=rlib'],
    ['-Zhelp'], ['-Zno-codegen', 'good.rs'], ['--emit=metadata', 'good.rs', '--error-format=json'], ['feature.rs'], ['half.rs'], ['types.rs'],
    ['types.rs', '--error-format=json'], ['types.rs', '--color=always'],
    ['unused.rs', '--emit=metadata'], ['good.rs', '--emit=link', '-Clinker=/no/such/linker'], ['good.rs', '--target=no-such-target'],
]
SOURCES = {
    'good.rs': 'fn main() { println!("good"); }\n',
    'feature.rs': '#![feature(never_type)]\nfn main() {}\n',
    'half.rs': 'fn f(_: f16) {}\nfn main() {}\n',
    'types.rs': 'fn main() { let x: i32 = "text"; }\n',
    'unused.rs': 'fn main() { let x = 1; }\n',
    'deep.rs': 'fn main() { let _ = ' + '(' * 30000 + '1' + ')' * 30000 + '; }\n',
    'words': '--print=crate-name\ngood.rs\n',
}
DUMP = ('{ let mut all: Vec<String> = std::env::vars_os().map(|(k, v)| format!("{k:?}={v:?}")).collect(); all.sort(); '
        'std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/%s.env"), all.join("\\n")).unwrap(); }')
SEES = {
    'Cargo.toml': '[package]\nname = "sees"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\nmacros = { path = "macros" }\n[workspace]\n',
    'macros/Cargo.toml': '[package]\nname = "macros"\nversion = "0.1.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
    'macros/src/lib.rs': 'use proc_macro::TokenStream;\n#[proc_macro]\npub fn see(_: TokenStream) -> TokenStream {\n    %s\n    TokenStream::new()\n}\n'
                         % (DUMP % '../macro'),
    'build.rs': 'fn main() %s\n' % (DUMP % 'script'),
    'src/main.rs': 'macros::see!();\nfn main() %s\n#[test]\nfn test() %s\n' % (DUMP % 'program', DUMP % 'test'),
}


class Driver:
    def __init__(self, toolchain):
        self.t, self.h = toolchain, toolchain.h
        self.dir = self.h.path('driver-' + toolchain.name)
        self.rustc = self.h.run(['rustup', 'which', '--toolchain', toolchain.name, 'rustc'])[1].strip()
        self.programs = [self.rustc, os.path.join(os.path.dirname(toolchain.backend), 'kiln-driver')]
        # As rustup sets it for what it runs.
        root = os.path.dirname(os.path.dirname(self.rustc))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(('KILN_', 'RUSTC'))}
        self.env.update(LD_LIBRARY_PATH=os.path.join(root, 'lib'))
        os.makedirs(self.dir, exist_ok=True)
        for name, text in SOURCES.items():
            with open(os.path.join(self.dir, name), 'w') as f:
                f.write(text)

    def both(self, what, run):
        """`run(program)` is the same for rustc and the driver."""
        said = [run(program) for program in self.programs]
        if said[0] != said[1]:
            raise harness.Failure('%s:\nrustc: %r\ndriver: %r' % (what, said[0], said[1]))
        return said[0]

    def run(self, program, words, **more):
        done = subprocess.run([program, *words], cwd=self.dir, capture_output=True, text=True, env={**self.env, **more}, timeout=300)
        return done.returncode, done.stdout, done.stderr

    @staticmethod
    def threads(process):
        """Their names."""
        for path in glob.glob('/proc/%d/task/*/comm' % process):
            with open(path) as f:
                yield f.read()

    def words(self):
        """The same output and status."""
        for words in WORDS:
            for more in {}, {'RUSTC_BOOTSTRAP': '1'}:
                self.both(words, lambda program: self.run(program, words, **more))

    def ends(self):
        """Bugs of rustc, a reader that is gone, signals and too deep a recursion end it in the same way."""
        def bug(program):
            status, out, err = self.run(program, ['types.rs', '-Ztreat-err-as-bug'], RUSTC_BOOTSTRAP='1', RUST_BACKTRACE='0', RUSTC_ICE='0')
            return status, out, re.sub(r'\(\d+\) panicked', 'panicked', err)

        def pipe(program):
            with subprocess.Popen([program, '--print=target-list'], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
                child.stdout.close()
                return child.wait(), child.stderr.read()

        def sent(program, number):
            """Its handler of SIGINT is there when the thread is that the handler wakes; it waits for its source."""
            with subprocess.Popen([program, '-', '--crate-type=lib', '--emit=metadata'], env=self.env, cwd=self.dir, stdin=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as child:
                while child.poll() is None and not any(name == 'ctrl-c\n' for name in self.threads(child.pid)):
                    time.sleep(0.01)
                child.send_signal(number)
                return child.wait()

        def deep(program):
            status, _, err = self.run(program, ['deep.rs', '--emit=metadata'])
            return status, re.findall(r'(?m)^(?:error: rustc interrupted|note: rustc|help: ).*$', err)

        for what, run in (('a bug', bug), ('a broken pipe', pipe), ('SIGINT', lambda program: sent(program, signal.SIGINT)),
                          ('SIGTERM', lambda program: sent(program, signal.SIGTERM)), ('recursion', deep)):
            self.both(what, run)
        if self.both('a bug', bug)[0] != 101 or self.both('a broken pipe', pipe)[0] != -signal.SIGPIPE:
            raise harness.Failure('the inputs do not have these ends')
        status, _, err = self.run(self.programs[1], ['good.rs', '--emit=metadata'], RUSTC_LOG='info')
        if status or 'INFO' not in err:
            raise harness.Failure('RUSTC_LOG: status %d: %s' % (status, err[:300]))
        status, _, err = self.run(self.programs[1], ['good.rs', '--emit=metadata', '-Ztime-passes'], RUSTC_BOOTSTRAP='1')
        if status or not re.search(r'(?m)^time:.*\ttotal$', err):
            raise harness.Failure('-Ztime-passes: status %d: %s' % (status, err[-300:]))

    def sees(self):
        """Build scripts, macros, programs and tests see the same variables, but for RUSTC_WRAPPER; and no crate may use
        what is unstable."""
        folder = os.path.join(self.dir, 'sees')
        for path, text in SEES.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), 'w') as f:
                f.write(text)
        seen, costs = [], os.path.join(self.dir, 'costs')
        for side, command in (('llvm', ['cargo']), ('kiln', [os.path.join(self.t.library, 'kiln'), 'cargo'])):
            env = self.t.cargo_env()
            if side == 'kiln':
                env.update(KILN_BACKEND=self.t.backend, KILN_STATS=costs)
            for verb in 'run', 'test':
                self.h.run([*command, verb, '--quiet', '--offline', '--target-dir=target-' + side], env=env, cwd=folder, timeout=300)
            seen.append(set())
            for who in 'script', 'macro', 'program', 'test':
                with open(os.path.join(folder, who + '.env')) as f:
                    lines = re.sub(r'(target-|/sees-)\w+', r'\1', f.read()).splitlines()
                seen[-1] |= {who + ' ' + line for line in lines if not line.startswith(('"RUSTC_WRAPPER"=', '"_"=', '"KILN_BACKEND"=', '"KILN_STATS"='))}
        if seen[0] ^ seen[1]:
            raise harness.Failure('cargo or kiln cargo alone: %s' % sorted(seen[0] ^ seen[1]))
        with open(costs) as f:
            if not any(line.startswith('unit\trustc\t') for line in f):
                raise harness.Failure('Kiln compiled nothing')

    def gates(self):
        """What stable rustc refuses, it refuses in the same words; with a nightly both take it."""
        folder = os.path.join(self.dir, 'gates')
        os.makedirs(os.path.join(folder, 'src'))
        with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
            f.write('[package]\nname = "gates"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n')
        for source in 'feature.rs', 'half.rs':
            with open(os.path.join(folder, 'src/main.rs'), 'w') as f:
                f.write(SOURCES[source])
            for verb in 'build', 'check':
                said = []
                for side, command in (('llvm', ['cargo']), ('kiln', [os.path.join(self.t.library, 'kiln'), 'cargo'])):
                    env = self.t.cargo_env()
                    if side == 'kiln':
                        env.update(KILN_BACKEND=self.t.backend)
                    status, _, err = self.h.run([*command, verb, '--quiet', '--offline', '--target-dir=' + side], check=False, env=env, cwd=folder)
                    said.append((status, err))
                if said[0] != said[1]:
                    raise harness.Failure('%s, %s: %r' % (source, verb, said))
                if 'nightly' not in self.t.name and said[0][0] == 0:
                    raise harness.Failure('%s is accepted' % source)


def checks(toolchain):
    """Names and what they check."""
    driver = Driver(toolchain)
    yield 'the driver says what rustc says', driver.words
    yield 'the driver ends as rustc does', driver.ends
    yield 'what a build sees', driver.sees
    yield 'unstable features', driver.gates
