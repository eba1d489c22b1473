"""What another crate's link expects of an object (docs/rustc.md has the table): a library, and a program that links it,
under the settings of cargo that decide what rustc puts into the library's objects. The program does the same as by plain
cargo, the objects contain bitcode where those of plain cargo do, and Kiln builds in rustc all units that need none."""
import glob
import os

import harness

LTO = '[profile.dev]\nlto = %s\n'
LIBRARY, ALL = 'the library', 'all'


class Row:
    """`kinds`: the library's crate types. `users`: what uses the library beside the program: a build script, a macro.
    `by_llvm`: whose bitcode the shim takes, since the objects are to contain bitcode, or LLVM's optimizer is to run."""
    def __init__(self, name, kinds, users='', profile='', flags='', by_llvm=None):
        self.name, self.kinds, self.users, self.profile, self.flags, self.by_llvm = name, kinds, users, profile, flags, by_llvm


ROWS = [
    Row('no LTO', 'rlib cdylib staticlib', 'build macro'),
    Row('LTO of a program, and a cdylib beside the rlib', 'rlib cdylib', profile=LTO % 'true', by_llvm=ALL),
    Row('LTO, and a staticlib', 'rlib staticlib', profile=LTO % '"fat"', by_llvm=ALL),
    Row('LTO, and a dylib', 'rlib dylib', profile=LTO % 'true', by_llvm=ALL),
    Row('thin LTO, and a build script', 'lib', 'build', LTO % '"thin"', by_llvm=ALL),
    Row('LTO, and a macro', 'lib', 'macro', LTO % 'true', by_llvm=ALL),
    Row('LTO of the rlib alone (-Clinker-plugin-lto)', 'rlib', profile=LTO % 'true', by_llvm=ALL),
    Row('LTO, and a profile of the package', 'rlib cdylib', 'build', LTO % 'true' + '[profile.dev.package.shared]\ncodegen-units = 4\n',
        by_llvm=ALL),
    Row('a profile of the package that is optimized', 'rlib cdylib', 'build', '[profile.dev.package.shared]\nopt-level = 1\n', by_llvm=LIBRARY),
    Row('-Cembed-bitcode without LTO', 'lib', flags='-Cembed-bitcode=yes', by_llvm=LIBRARY),
    Row('-Csave-temps', 'lib', 'build', flags='-Csave-temps', by_llvm=ALL),
    Row('-Cprefer-dynamic of a dylib', 'dylib', flags='-Cprefer-dynamic'),
]

FILES = {
    'shared/src/lib.rs': '''use std::sync::atomic::{AtomicU32, Ordering};
static COUNT: AtomicU32 = AtomicU32::new(0);
pub fn seven() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst); 7 }
pub fn count() -> u32 { COUNT.load(Ordering::SeqCst) }
pub fn longest<'a, T: AsRef<str> + ?Sized>(all: &'a [&'a T]) -> &'a str { all.iter().map(|x| x.as_ref()).max_by_key(|x| x.len()).unwrap() }
#[unsafe(no_mangle)] pub extern "C" fn shared_c(x: i32) -> i32 { x.checked_mul(3).unwrap_or(-1) }
''',
    'macros/src/lib.rs': '''#[proc_macro] pub fn number(_: proc_macro::TokenStream) -> proc_macro::TokenStream { MACRO.to_string().parse().unwrap() }
''',
    'src/main.rs': '''fn main() {
    let caught = std::panic::catch_unwind(|| [1, 2][shared::seven() as usize]).is_err();
    println!("{} {} {} {caught} {} {}", env!("FROM_BUILD"), macros::number!(), shared::shared_c(5), shared::count(), shared::longest(&["a", "bcd", "ef"]));
}
''',
}


class Links:
    def __init__(self, toolchain):
        self.t, self.h = toolchain, toolchain.h

    def make(self, row, folder):
        users = row.users.split()
        package = '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n'
        uses = '%sdependencies]\nshared = { path = "%sshared" }\n'
        build = uses % ('[build-', '') if 'build' in users else ''
        files = dict(FILES)
        files['Cargo.toml'] = package % 'top' + uses % ('[', '') + 'macros = { path = "macros" }\n' + build + row.profile + '[workspace]\n'
        files['shared/Cargo.toml'] = package % 'shared' + '[lib]\ncrate-type = [%s]\n' % ', '.join('"%s"' % kind for kind in row.kinds.split())
        files['macros/Cargo.toml'] = package % 'macros' + '[lib]\nproc-macro = true\n' + (uses % ('[', '../') if 'macro' in users else '')
        files['macros/src/lib.rs'] = FILES['macros/src/lib.rs'].replace('MACRO', 'shared::seven()' if 'macro' in users else '7')
        seven = 'shared::seven()' if 'build' in users else '7'
        files['build.rs'] = 'fn main() { println!("cargo:rustc-env=FROM_BUILD={}", %s); }\n' % seven
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)) or folder, exist_ok=True)
            with open(os.path.join(folder, path), 'w') as f:
                f.write(text)

    @staticmethod
    def bitcode(target):
        """How many of the library's rlibs have an object with bitcode, or are bitcode; and how many there are."""
        found = []
        for rlib in glob.glob(target + '/debug/deps/libshared*.rlib'):
            with open(rlib, 'rb') as f:
                data = f.read()
            found.append(b'\0.llvmbc\0' in data or b'BC\xc0\xde' in data)
        return sum(found), len(found)

    def case(self, number, row):
        h = self.h
        folder = h.path('links-%s-%d' % (self.t.name, number))
        self.make(row, folder)
        results, units = [], []
        for side in ('llvm', 'kiln'):
            costs = os.path.join(folder, 'costs')
            env = dict(self.t.cargo_env(), CARGO_NET_OFFLINE='true', CARGO_INCREMENTAL='0', RUST_BACKTRACE='0', RUSTFLAGS=row.flags)
            command = ['cargo']
            if side == 'kiln':
                env.update(KILN_BACKEND=self.t.backend, KILN_STATS=costs)
                command = [os.path.join(self.t.library, 'kiln'), 'cargo']
            status, out, err = h.run([*command, 'run', '--quiet', '--target-dir', side], check=False, env=env, cwd=folder, timeout=600)
            results.append((status, out, self.bitcode(os.path.join(folder, side))))
            if status:
                raise harness.Failure('%s: status %d: %s' % (side, status, err))
        with open(costs) as f:
            units = [line.rstrip('\n').split('\t') for line in f if line.startswith('unit\t')]
        if results[0] != results[1]:
            raise harness.Failure('by LLVM, and by Kiln: %r' % results)
        others = [unit[5:] for unit in units if unit[1] != 'rustc' and (row.by_llvm is None or row.by_llvm == LIBRARY and 'shared' not in unit[5])]
        if others or not units or row.by_llvm is None and results[1][2][0]:
            raise harness.Failure('not built in rustc: %s of %d units' % (others, len(units)))


def checks(toolchain, whole):
    """Names and what they check."""
    links = Links(toolchain)
    for number, row in enumerate(ROWS if whole else ROWS[:2] + ROWS[4:5] + ROWS[9:11]):
        yield 'linked by another crate: ' + row.name, lambda: links.case(number, row)
