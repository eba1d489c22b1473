#!/usr/bin/env python3
"""Kiln on Windows: libkiln, its readers and `kiln` with compile, print and verify are built by MinGW-w64
in build-windows/, and run under wine. The unit tests that need no more than that run there, on a CMocka that is built
from Debian's source; the others are skipped, each by name with what it needs. Then kiln.exe and the kiln of Linux make
the same objects, texts and diagnostics of the same inputs, for each target.

    windows_host.py --kiln=build/kiln [--every=N] [unit|jit|loaded|clay|crate|objects|texts|missing]...

jit: a C++ program with a JIT (tests/unit/windows/jit_windows.cpp), by 10^5 units and 10^6 collections, each twice.
loaded: programs of tests/run, whose objects a JIT loads, beside the same objects linked.
crate: the tests of the safe Rust crate, with rustup's target x86_64-pc-windows-gnu.
clay: examples/clay, built for Windows: its programs in memory, and twice with code on disk.
--every: each N-th input alone, and so much less in the JIT. Nothing was ever run on Windows itself.
"""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, 'tests/harness'), os.path.join(ROOT, 'tests/tool')]
import compare_builds  # noqa: E402
import harness  # noqa: E402
import inputs  # noqa: E402
import wine  # noqa: E402

BUILD = os.path.join(ROOT, 'build-windows')
CACHE = os.path.join(ROOT, 'build/cache')
UNIT = os.path.join(ROOT, 'tests/unit')
# What a unit test includes or calls that Windows lacks or has otherwise.
NEEDS = [('gelf|elf_fixture', 'libelf'), ('kiln/interp|fold_run', 'the interpreter'), ('capstone|a64_check', 'Capstone'), ('Zydis', 'Zydis'),
         ('sys/wait|last_words', 'processes of POSIX'), ('SIGUSR|sigjmp', 'signals of POSIX'),
         ('execinfo|dlvsym|RTLD_NEXT|malloc_usable', 'functions of glibc'), ('operation_fixture', 'the interpreter'), ('bitcode_fixture', 'processes of POSIX'),
         ('frontends/wasm/runtime', 'the runtime of WebAssembly'), ('lib/check', 'a checking build'),
         ('tools/memory', "Linux's memory"), ('sys/mman', "Linux's memory")]
# Those whose source does not say it.
OTHERS = {'jit_throw': 'a personality as Linux has them', 'jit_run': 'thread-local data of the program by its name',
          'jit_object': "objects of ELF in the JIT; jit_coff has COFF's", 'ctypes': "layouts of Linux's C", 'throw': '<kiln/throw.h>, which is not there',
          'jit_lazy_roots': 'roots among the arguments of lazy functions, which are refused there', 'jit_wide': "assembly for ELF", 'walk_alone': 'weak references of ELF, which take nothing out of an archive',
          'library': 'objects of ELF', 'output': "Linux's streams", 'api': 'objects of ELF', 'a64_lse': "LLVM's assembler in a pipe", 'left_out': 'libraries of other builds'}
TARGETS = ('x86_64', 'aarch64', 'x86_64-windows')


def quietly(words, **how):
    """Runs what builds; what it says if it fails ends the test."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    if done.returncode: sys.exit('%s: status %d\n%s' % (' '.join(words), done.returncode, done.stdout[-3000:]))
    return done.stdout


def cmocka():
    """The folder of the cross-built CMocka's description for pkg-config."""
    source = quietly([os.path.join(ROOT, 'tests/harness/fetch_source.sh'), 'cmocka', os.path.join(CACHE, 'sources'), 'upstream']).split()[-1]
    folder = os.path.join(CACHE, 'cmocka-windows')
    os.makedirs(folder, exist_ok=True)
    library = os.path.join(folder, 'libcmocka.a')
    if not os.path.exists(library):
        made = os.path.join(folder, 'cmocka.o')
        quietly([wine.GCC, '-O1', '-w', '-c', '-DHAVE_STRING_H', '-DHAVE_INTTYPES_H', '-DHAVE_MALLOC_H', '-DHAVE_TIME_H', '-DHAVE_STRUCT_TIMESPEC',
                 '-DHAVE_SNPRINTF', '-DHAVE_VSNPRINTF', '-DHAVE_STRSIGNAL=0', '-I' + os.path.join(source, 'include'),
                 os.path.join(source, 'src/cmocka.c'), '-o', made])
        quietly(['x86_64-w64-mingw32-ar', 'rcs', library, made])
    with open(os.path.join(folder, 'cmocka.pc'), 'w') as f:
        f.write('Name: cmocka\nDescription: from Debian\'s source\nVersion: 1\nLibs: -L%s -lcmocka\nCflags: -I%s/include\n' % (folder, source))
    return folder


def build():
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        quietly(['meson', 'setup', BUILD, ROOT, '--cross-file', os.path.join(ROOT, 'packaging/cross/x86_64-w64-mingw32.ini'),
                 '-Doptimization=1', '-Db_ndebug=false', '-Dpkg_config_path=' + cmocka()])
    quietly(['ninja', '-C', BUILD, '-j%d' % min(2, os.cpu_count() or 1)])


# ---- unit tests ----

def unit(h):
    built = {os.path.basename(f)[:-4] for f in glob.glob(os.path.join(BUILD, 'tests/unit/windows/*.exe'))}
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP')

    def one(name):
        status, out, err = h.run([wine.WINE, os.path.join(BUILD, 'tests/unit/windows', name + '.exe')], check=False, env=env, timeout=300)
        cases = re.findall(r'(?m)^(not ok|ok) \d+ - (\S+)(.*)', out)
        for result, case, rest in cases:
            what = 'unit/%s: %s' % (name, case)
            if 'SKIP' in rest: h.skip(what, 'by the test itself')
            elif result == 'ok': h.ok(what)
            else: h.fail(what, out[-1500:] + err[-500:])
        planned = re.search(r'(?m)^1\.\.(\d+)', out)
        if status or not cases or not planned or int(planned[1]) != len(cases):
            h.fail('unit/' + name, 'status %d, %d cases\n%s' % (status, len(cases), (out + err)[-1500:]))
    h.each(one, sorted(built))
    for file in sorted(glob.glob(os.path.join(UNIT, '*.c'))):
        name = os.path.basename(file)[:-2]
        with open(file) as f:
            text = f.read()
        need = OTHERS.get(name) or next((what for pattern, what in NEEDS if re.search(pattern, text)), None)
        if name in built: continue
        if need: h.skip('unit/' + name, 'needs ' + need)
        else: h.fail('unit/' + name, 'is not built for Windows, and nothing says why')
    if not built: h.fail('unit tests', 'none is built')


# ---- the JIT ----

def jit(h, kiln):
    """What a C++ program does with the JIT; each of its lines is a case."""
    program = h.path('jit_windows.exe')
    h.run([wine.GXX, '-std=c++17', '-O1', '-Wall', '-Wextra', '-I' + os.path.join(ROOT, 'include'), os.path.join(UNIT, 'windows/jit_windows.cpp'),
           os.path.join(BUILD, 'libkiln-text.a'), os.path.join(BUILD, 'libkiln.a'), '-static', '-lpthread', '-o', program])
    counts = [str(n // h.args.every) for n in (100000, 1000000)]
    status, out, err = h.run([wine.WINE, program, *counts], check=False, timeout=1800)
    out = out.replace('\r', '')
    cases = re.findall(r'(?m)^(not ok|ok) \d+ - (.*)', out)
    for result, case in cases:
        if result == 'ok': h.ok('jit: ' + case)
        else: h.fail('jit: ' + case, out[-1500:])
    if status or not re.search(r'(?m)^1\.\.%d$' % len(cases), out): h.fail('jit', 'status %d\n%s' % (status, (out + err)[-1500:]))


# ---- objects that a JIT loads ----

# What objects have that a unit cannot have: the loader's text, what that is, and which programs have it.
NOT_LOADED = [("section '.tls$'", 'thread-local data of COFF', ''), ('number 11', 'thread-local data of COFF', ''),
              ('a number, in memory', 'symbols that are numbers', ''), ('relocation number 3 ', 'distances from an image', 'asm_sections.c'), ('tables of exceptions', 'data of a handler of its own', 'asm_unwind.cpp')]


def names_of(h, base, obj):
    """The source of the table of what the object does not define."""
    rows = []
    for line in h.run(['llvm-nm-22', '--undefined-only', '--format=posix', obj])[1].splitlines():
        name, kind = line.split()[:2]
        if not name.startswith(('__start_', '__stop_')): # linkers, and the JIT, make these
            rows.append((name.removeprefix('__imp_'), kind == 'w'))
    rows = sorted(set(rows))
    text = 'extern const struct name {\n  const char *name;\n  void *address;\n} names[];\n'
    for i, (name, weak) in enumerate(rows):
        text += 'extern char n%d[] __asm__("%s")%s;\n' % (i, name, ' __attribute__((weak))' if weak else '')
    text += 'const struct name names[] = {\n%s  {0, 0}};\n' % ''.join('  {"%s", n%d},\n' % (n, i) for i, (n, _) in enumerate(rows))
    return h.write(base + '.names.c', text)


def loaded(h, kiln):
    """Programs of tests/run: what each prints from the object, linked, and loaded."""
    sys.path.insert(0, os.path.join(ROOT, 'tests/run/windows'))
    from windows import LEFT_OUT
    loader = h.path('load.o')
    h.run([wine.GCC + '-posix', '-O1', '-Wall', '-Wextra', '-c', '-DKIR_NAMES=names', '-I' + os.path.join(ROOT, 'include'),
           os.path.join(ROOT, 'tests/kir/kir_load.c'), '-o', loader])
    folders = [os.path.join(ROOT, 'tests/run', f) for f in ('windows', 'programs')]
    sources = [os.path.join(f, n) for f in folders for n in sorted(os.listdir(f)) if n.endswith(('.c', '.cpp')) and n not in LEFT_OUT]
    items = [(s, level) for s in sources for level in ('-O0', '-O1', '-O2')][::h.args.every]

    def run(program, *args):
        """Every program prints something. One that did not was not started by wine, which happens, and is started again."""
        ran = h.run([wine.WINE, program, *args], check=False, timeout=120)
        return ran if ran[1] or ran[2] else h.run([wine.WINE, program, *args], check=False, timeout=120)

    def one(item):
        source, level = item
        name = os.path.basename(source) + level
        base = h.path(name)
        link = [wine.GXX if source.endswith('.cpp') else wine.GCC + '-posix', '-static', '-o']
        h.run(['clang-22', '--target=' + wine.CLANG_TARGET, '-c', '-emit-llvm', '-w', level, source, '-o', base + '.bc'])
        h.run([h.args.kiln, 'compile', base + '.bc', '-o', base + '.o'])
        h.run([*link, base + '.linked.exe', base + '.o'])
        h.run([*link, base + '.loader.exe', loader, names_of(h, name, base + '.o'), os.path.join(BUILD, 'libkiln.a'), '-lpthread'])
        want, got = run(base + '.linked.exe'), run(base + '.loader.exe', base + '.o')
        lack = next((what for text, what, who in NOT_LOADED if got[0] == 99 and text in got[1] and name.startswith(who)), None)
        if lack: h.skip('loaded: ' + name, lack)
        elif want[:2] == got[:2] and want[1]: h.ok('loaded: ' + name)
        else: h.fail('loaded: ' + name, 'status %d, linked %d: %s\n%s\nlinked:\n%s' % (got[0], want[0], got[2][-200:], got[1][-300:], want[1][-300:]))
    h.each(one, items)


# ---- Clay ----

def clay(h, kiln):
    """The programs of examples/clay in memory, then kept on disk, and loaded from there; the collector moves everything."""
    folder, program, cache = os.path.join(ROOT, 'examples/clay'), h.path('clay-jit.exe'), h.path('cache')
    left_out = {'main.c', 'lines_test.c', 'host_linux.c', 'walk.c', 'system_linux.c'}
    sources = [f for f in glob.glob(folder + '/*.c') + glob.glob(folder + '/runtime/*.c') if os.path.basename(f) not in left_out]
    h.run([wine.GCC + '-posix', '-std=gnu11', '-D__USE_MINGW_ANSI_STDIO=1', '-O1', '-fno-strict-aliasing', '-Wall', '-Wextra',
           *('-I' + f for f in (os.path.join(ROOT, 'include'), folder, folder + '/runtime')), *sources,
           os.path.join(BUILD, 'libkiln.a'), '-static', '-lpthread', '-o', program], timeout=300)
    os.mkdir(cache, 0o700)
    names = sorted(os.path.basename(f)[:-5] for f in glob.glob(folder + '/programs/*.clay'))[::h.args.every]
    for name in names:
        with open('%s/programs/%s.out' % (folder, name)) as f: want = f.read()
        for what in 'in memory', 'kept', 'loaded':
            env = dict(os.environ, CLAY_GC='40' if name == 'garbage' else '1', CLAY_CACHE='' if what == 'in memory' else 'Z:' + cache.replace('/', '\\'))
            before = len(os.listdir(cache))
            status, out, err = h.run([wine.WINE, program, name + '.clay'], check=False, env=env, cwd=folder + '/programs', timeout=120)
            made = len(os.listdir(cache)) - before
            if (status, out, made) == (0, want, what == 'kept'): h.ok('clay: %s, %s' % (name, what))
            else: h.fail('clay: %s, %s' % (name, what), 'status %d, %d files: %s\n%s' % (status, made, out[-500:], err[-500:]))
    # others may read what is in the folder
    os.chmod(cache, 0o755)
    status, out, err = h.run([wine.WINE, program, names[0] + '.clay'], check=False, cwd=folder + '/programs', timeout=120,
                             env=dict(os.environ, CLAY_CACHE='Z:' + cache.replace('/', '\\')))
    if 'is not used' in err: h.ok('clay: a folder that others can read')
    else: h.fail('clay: a folder that others can read', 'status %d: %s' % (status, err[-500:]))


# ---- the crate ----

def crate(h, kiln):
    """The tests of the crate kiln-codegen; each is a case."""
    if wine.RUST_TARGET not in h.run(['rustup', 'target', 'list', '--installed'], check=False)[1].split():
        return h.skip('crate', 'rustup target add ' + wine.RUST_TARGET)
    key = 'CARGO_TARGET_' + wine.RUST_TARGET.upper().replace('-', '_')
    env = dict(os.environ, KILN_LIBRARY=BUILD, KILN_INCLUDE=os.path.join(ROOT, 'include'), CARGO_TARGET_DIR=h.path('crate'), RUST_BACKTRACE='0',
               **{key + '_LINKER': wine.GCC + '-posix', key + '_RUNNER': wine.WINE})
    status, out, err = h.run(['cargo', 'test', '--target=' + wine.RUST_TARGET, '-p', 'kiln-codegen', '--lib', '--test=api', '--no-fail-fast'],
                             check=False, env=env, cwd=os.path.join(ROOT, 'bindings/rust'), timeout=900)
    cases = re.findall(r'(?m)^test (\S+) \.\.\. (\w+)(?:, (.*))?$', out)
    for name, result, why in cases:
        if result == 'ok': h.ok('crate: ' + name)
        elif result == 'ignored': h.skip('crate: ' + name, why)
        else: h.fail('crate: ' + name, out[-1500:])
    if status or not cases: h.fail('crate', 'status %d, %d cases\n%s' % (status, len(cases), err[-1500:]))


# ---- the same objects ----

class Comparison(compare_builds.Comparison):
    """The objects of kiln.exe beside those of Linux's kiln."""
    def __init__(self, h, options, kiln):
        super().__init__(options, compare_builds.Old(h.args.kiln, CACHE))
        self.h, self.new = h, kiln

    def inputs(self, pool):
        items = [i for i in super().inputs(pool) if not self.h.args.every > 1 or not i.path.endswith('.bc') or 'sqlite' not in i.name]
        texts = [i for i in items if not i.path.endswith('.bc') and i.target == 'x86_64']
        items += [i._replace(name=i.name.replace('x86_64:', 'x86_64-windows:'), target='x86_64-windows', options=()) for i in texts]
        for source in sorted(glob.glob(os.path.join(ROOT, 'tests/run/windows/*.c*'))):
            with open(source) as f:
                if re.search(r'__asm__[ \w]*\(\s*"(\w+ |\.\w)', f.read()):
                    self.h.skip('objects of ' + os.path.basename(source), 'needs an assembler')
                    continue
            for flags in ('-O0', '-g'), ('-O1',):
                out = self.h.path(os.path.basename(source) + flags[0] + '.bc')
                self.h.run(['clang-22', '--target=' + wine.CLANG_TARGET, '-c', '-emit-llvm', '-w', *flags, source, '-o', out])
                items.append(inputs.Input('x86_64-windows: %s %s' % (os.path.basename(source), flags[0]), 'x86_64-windows', out, ()))
        for source in sorted(glob.glob(os.path.join(ROOT, 'fuzz/seeds/wasm/*.wasm'))):
            items += [inputs.Input('%s: %s' % (t, os.path.basename(source)), t, source, ()) for t in TARGETS]
        return items[::self.h.args.every]

    def finish(self):
        for kind, n in sorted(self.counts.items()):
            for _ in range(n):
                what = 'objects: ' + kind
                if kind in ('same', 'refused'): self.h.ok(what)
                elif kind in ('skipped', 'no bitcode'): self.h.skip(what, kind)
                else: self.h.fail(what, 'see above')


def objects(h, kiln):
    options = compare_builds.argparse.Namespace(only=None, wide=False, sample=True, modules=None, keep=None, cache=CACHE, new=kiln)
    c = Comparison(h, options, kiln)
    c.run()
    c.finish()


# ---- texts and diagnostics ----

def beside(h, kiln, words):
    """Status, standard output and standard error of both, for one command line; the current folder as Linux names it."""
    here = os.getcwd()
    (status, out, err), theirs = (h.run([k, *words], check=False)[:3] for k in (kiln, h.args.kiln))
    return theirs, (status, out.replace('Z:' + here.replace('/', '\\\\'), here), err)


def texts(h, kiln):
    """What print and verify say of inputs of each language, right and wrong ones."""
    sources = sorted(glob.glob(os.path.join(ROOT, 'tests/kir/*.kir')) + glob.glob(os.path.join(ROOT, 'tests/run/qbe/*.ssa')) +
                     glob.glob(os.path.join(ROOT, 'fuzz/seeds/wasm/*.wasm')) + glob.glob(os.path.join(ROOT, 'fuzz/seeds/bitcode/*-of-*.bc')))
    sources = sources[::h.args.every] + [os.path.join(ROOT, 'README.md'), h.path('nothing')]

    def one(source):
        for verb in 'print', 'verify':
            ours, theirs = beside(h, kiln, [verb, '--target=x86_64', source])
            what = '%s %s' % (verb, os.path.basename(source))
            if ours == theirs: h.ok(what)
            else: h.fail(what, '%r\nwhere Linux has\n%r' % (theirs, ours))
    h.each(one, sources)


# ---- what is missing ----

def missing(h, kiln):
    """What Windows does not have is refused by name."""
    source = h.write('asm.kir', 'target x86_64\n\nfunc @f() {\nb0:\n  ret\n}\n')
    rows = [([verb, source], "has no '%s'" % verb) for verb in ('cc', 'c++', 'flang', 'cargo', 'with', 'dis', 'interp', 'run', 'stats')]
    rows += [(['compile', '--listing', source, '-o', h.path('f.o')], 'no disassembler'),
             (['compile', os.path.join(ROOT, 'fuzz/seeds/bitcode/inline-asm.bc'), '-o', h.path('a.o')], 'assembl')]
    for words, said in rows:
        status, out, err = h.run([kiln, *words], check=False)
        what = 'missing: kiln ' + ' '.join(words[:2 if words[0] == 'compile' else 1])
        if status == 1 and said in err: h.ok(what)
        else: h.fail(what, 'status %d: %s' % (status, out + err))
    # an output that is there is replaced, also by what is made of it, and a device stays
    for name in 'f.o', 'asm.kir':
        before = h.path(name)
        status, _, err = h.run([kiln, 'compile', source, '-o', before], check=False)
        whole = status == 0 and os.path.getsize(before) > 100
        if whole and not glob.glob(h.path('.kiln.tmp*')): h.ok('replaces ' + name)
        else: h.fail('replaces ' + name, 'status %d: %s' % (status, err))


PARTS = {'unit': lambda h, kiln: unit(h), 'objects': objects, 'texts': texts, 'missing': missing, 'jit': jit, 'loaded': loaded, 'clay': clay, 'crate': crate}


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.set_defaults(target=wine.TARGET)
    p.add_argument('--every', type=int, default=1)
    p.add_argument('parts', nargs='*', metavar='PART', help=' '.join(PARTS))
    args = p.parse_args()
    h = harness.Harness(args)
    build()
    os.mkdir(h.path('bin')) # not where those are that the harness runs under wine
    kiln = h.write('bin/kiln', '#!/bin/sh\nexec %s %s "$@"\n' % (wine.WINE, os.path.join(BUILD, 'tools/kiln.exe')))
    os.chmod(kiln, 0o755)
    for name in args.parts or PARTS: PARTS[name](h, kiln)
    h.finish()


if __name__ == '__main__':
    main()
