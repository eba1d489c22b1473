"""What builds of Kiln are compared by: tests/tool/compare_builds.py.

inputs() lists them: bitcode of C, C++ and Rust at several levels, for both targets, which compilers make on demand and
which is kept in the cache by its content; assembly of LLVM; text (.kir) and QBE's language from the tests.
"""
import collections
import glob
import hashlib
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGETS = ('x86_64', 'aarch64')
CLANG = ('-w', '-fPIC', '-emit-llvm', '-fdebug-compilation-dir=.', '-c')
SCALAR = ('-fno-vectorize', '-fno-slp-vectorize')
LUA = ('-std=gnu99', '-DLUA_COMPAT_5_3', '-DLUA_USE_LINUX')

# Groups of programs: name, paths below the root, and for each target the flags, all of them or, with `turns`, one set
# a file by turns.
Group = collections.namedtuple('Group', 'name paths flags turns')


def both(*flags):
    return {t: flags for t in TARGETS}


GROUPS = (
    Group('c', ('tests/run/programs/*.c',), both(('-O0', *SCALAR), ('-O1', '-g', *SCALAR)), False),
    Group('c++', ('tests/run/programs/*.cpp', 'tests/run/debug/programs/*.cpp', 'bench/programs/debug/json.cpp',
                  'bench/programs/debug/vectors.cpp'),
          both(('-O0', '-g'), ('-O1',), ('-O2', '-g')), False),
    Group('rust', ('tests/run/debug/programs/*.rs', 'bench/programs/debug/json.rs'),
          both(('-Cdebuginfo=2',), ('-Copt-level=1',)), True),
    Group('vectors', ('bench/programs/run/kernels.c', 'tests/run/vectors/*.c'),
          {'x86_64': (('-O2',), ('-O2', '-mavx2')), 'aarch64': (('-O2',), ('-O2', '-march=armv8.2-a+fp16'))}, False),
    Group('hardened', ('tests/run/harden/*.c', 'tests/run/harden/*.cpp', 'tests/run/unwind/c*.c'),
          {'x86_64': (('-O0', '-fstack-protector-strong', '-fstack-clash-protection', '-fcf-protection=full'),
                      ('-O1', '-g', '-fstack-protector-all', '-mstack-protector-guard=global',
                       '-fcf-protection=branch'),
                      ('-O1', '-fstack-clash-protection', '-fno-plt', '-fno-omit-frame-pointer')),
           'aarch64': (('-O0', '-fstack-protector-strong', '-fstack-clash-protection', '-mbranch-protection=standard'),
                       ('-O1', '-g', '-fstack-protector-all', '-mbranch-protection=pac-ret+leaf'),
                       ('-O1', '-fstack-clash-protection', '-mbranch-protection=bti'))}, False),
    Group('llvm', ('tests/run/bitcode/*.ll', 'tests/run/harden/*.ll', 'fuzz/seeds/source/*.ll'), both(()), False),
)
# With --wide.
WIDE = (
    Group('c', ('tests/run/programs/*.c',), both(('-O0', '-g'), ('-O1',), ('-O2', '-g')), False),
    Group('c', ('bench/programs/run/*.c',), both(('-O0', '-g'), ('-O1',), ('-O2',)), False),
    Group('c++', ('tests/run/programs/*.cpp', 'bench/programs/debug/*.cpp'),
          both(('-O0', '-g'), ('-O1', '-g'), ('-O2', '-g')), False),
    Group('rust', ('bench/programs/debug/*.rs',), both(('-Cdebuginfo=2',), ('-Copt-level=1', '-Cdebuginfo=2')), False),
)
TORTURE_EVERY = 4 # of GCC's tests, where the cache has them

Input = collections.namedtuple('Input', 'name target path options')


def output_of(command, **how):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **how).stdout


def run(command, **how):
    """Gives None, or what a command that failed said."""
    done = subprocess.run(command, stderr=subprocess.PIPE, **how)
    return done.stderr if done.returncode else None


class Bitcode:
    """An input that a compiler makes, once: `make` gives its path, or None where the compiler refuses the source."""
    versions = {}

    def __init__(self, name, target, cache, source, flags, folder=ROOT):
        self.name, self.target, self.source, self.folder = name, target, source, folder
        self.language = os.path.splitext(source)[1]
        self.command = self.compiler(target, flags)
        self.retargeted = target != 'x86_64' and self.language in ('.rs', '.ll')
        self.at = os.path.join(cache, self.key())

    def compiler(self, target, flags):
        if self.language == '.rs': # that of another target would need its standard library
            return ['rustc', '--edition=2024', '--crate-name=unit', '-Ccodegen-units=1', '-Awarnings', '--emit=llvm-bc',
                    *flags]
        if self.language == '.ll':
            return ['llvm-as-22']
        cxx = ['clang++-22', '-std=c++20'] if self.language == '.cpp' else ['clang-22']
        return [*cxx, '--target=%s-linux-gnu' % target, *CLANG, *flags]

    def key(self):
        tool = self.command[0]
        if tool not in self.versions:
            self.versions[tool] = output_of([tool, '--version'])
        asked = repr((self.command, self.source, self.retargeted, self.target))
        digest = hashlib.sha256(asked.encode() + self.versions[tool])
        todo, seen = [os.path.join(self.folder, self.source)], set()
        while todo: # and what it includes of its own folder
            path = todo.pop()
            if path in seen or not os.path.exists(path):
                continue
            seen.add(path)
            with open(path, 'rb') as f:
                text = f.read()
            digest.update(text)
            included = re.findall(rb'#\s*include\s*"([^"]+)"', text)
            todo += [os.path.join(os.path.dirname(path), name.decode()) for name in included]
        return digest.hexdigest()[:24]

    def make(self):
        bc, refused = self.at + '.bc', self.at + '.refused'
        if not os.path.exists(bc) and not os.path.exists(refused):
            handle, made = tempfile.mkstemp(dir=os.path.dirname(self.at), suffix='.made')
            os.close(handle)
            # No other path than this one stands in a command: trees with the same source share what is made.
            here = ['--remap-path-prefix=%s=.' % self.folder] if self.language == '.rs' else []
            said = run([*self.command, *here, self.source, '-o', made], cwd=self.folder)
            if said is None and self.retargeted:
                said = retarget(made, self.target)
            if said is None:
                os.rename(made, bc) # at the end, so that the file, if it exists, is complete
            else:
                with open(refused, 'wb') as f:
                    f.write(said)
                if os.path.exists(made):
                    os.unlink(made)
        return bc if os.path.exists(bc) else None


def retarget(bc, target):
    """Gives the module another target, which is enough for code that does not ask for its processor."""
    text = output_of(['llvm-dis-22', '-o', '-', bc]).decode()
    text = re.sub(r'(?m)^target datalayout.*\n', '', text)
    text = re.sub(r'(?m)^target triple.*', 'target triple = "%s-unknown-linux-gnu"' % target, text)
    text = re.sub(r'"(target-cpu|target-features|tune-cpu|probe-stack)"="[^"]*"', '"generic"', text)
    return run(['llvm-as-22', '-o', bc], input=text.encode())


def script(name, cache, *arguments):
    return output_of([os.path.join(ROOT, 'tests', name), cache, *arguments]).decode().strip()


def large(cache, sample):
    """SQLite and Lua, Debian's sources. As a sample: two of the eight."""
    sqlite, lua = script('harness/sqlite_bitcode.sh', cache), script('harness/lua_bitcode.sh', cache)
    source, = glob.glob(os.path.join(cache, 'sources', 'lua5.4-*', 'src'))
    levels = [(t, l) for t in TARGETS for l in (('-O0',), ('-O1',), ('-O0', '-g'), ('-O1', '-g'))]
    for target, level in [('x86_64', ('-O0', '-g')), ('aarch64', ('-O0',))] if sample else levels:
        yield 'sqlite', target, sqlite, 'sqlite3.c', (*SCALAR, *level)
        for file in sorted(glob.glob(os.path.join(source, '*.c'))):
            yield 'lua', target, source, os.path.basename(file), (*SCALAR, *LUA, '-I%s/include' % lua, *level)


def programs(groups):
    for group in groups:
        files = sorted({f for p in group.paths for f in glob.glob(os.path.join(ROOT, p))})
        for number, file in enumerate(files):
            for target in TARGETS:
                for turn, flags in enumerate(group.flags[target]):
                    if not group.turns or turn == number % len(group.flags[target]):
                        yield group.name, target, ROOT, os.path.relpath(file, ROOT), flags


def torture(cache):
    folder = os.path.join(cache, 'torture', 'execute')
    for number, file in enumerate(sorted(glob.glob(os.path.join(folder, '*.c')))[::TORTURE_EVERY]):
        yield 'torture', TARGETS[number % 2], folder, os.path.basename(file), (('-O0',), ('-O2', '-g'))[number // 2 % 2]


def bitcode(cache, sample, wide):
    rows = [*large(cache, sample)]
    if not sample:
        rows += programs(GROUPS)
    if wide:
        rows += [*programs(WIDE), *torture(cache)]
    folder = os.path.join(cache, 'bitcode')
    os.makedirs(folder, exist_ok=True)
    made = {}
    for group, target, where, source, flags in rows:
        shown = ' '.join(f for f in flags if not re.match('-I|-D|-std|-fno-.*vectorize', f))
        name = f'{target}: {group}/{os.path.basename(source)} {shown}'.rstrip()
        made.setdefault(name, Bitcode(name, target, folder, source, flags, where))
    return list(made.values())


def features(path, target):
    """What a .kir file says that the processor must have."""
    with open(path) as f:
        found = re.search(r'(?m)^; features: (.*)', f.read(2000))
    known = {'x86_64': 'cx16', 'aarch64': 'lse'}[target]
    return ('--features=' + known,) if found and known in found[1].split() else ()


def text(cache, sample):
    """Those of the tests, and those that gen.py writes: name, path."""
    endings = ['tests/*.kir', *(() if sample else ('tests/*.ssa',))]
    files = output_of(['git', 'ls-files', *endings], cwd=ROOT).decode().split()
    yield from ((f, os.path.join(ROOT, f)) for f in files)
    generated = script('kir/generated.sh', cache)
    yield from (('generated/' + os.path.basename(f), f) for f in sorted(glob.glob(os.path.join(generated, '*.kir'))))


def text_inputs(cache, sample):
    for name, path in text(cache, sample):
        for target in TARGETS:
            if path.endswith('.ssa'):
                yield Input(f'{target}: {name}', target, path, ())
            else:
                yield Input(f'{target}: {name}', target, path, features(path, target))
