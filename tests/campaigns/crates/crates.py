#!/usr/bin/env python3
"""Crates' own tests, built by cargo and by `kiln cargo`: the same tests with the same results.

    crates.py --kiln=build/kiln [--list] [--opt-level=N] [--panic=abort] [--debug=N] [--incremental=0] [--times=N]
              [--rustc=PATH] [--toolchains=NAME,...] [--fetch] [--keep] [--shared=FOLDER] [--tests=FILE,...] [--count]
              [--debug-of-dependencies=N] [--inline[=SIZE]] [--stress=SEED] [--target=T] [--dynamic-deps]
              [NAME[@VERSION]...]

Sources come from crates.io (cargo vendor), at the versions below, into build/cache/crates. A row a crate: tests that
ran, whether they printed the same, units that Kiln compiled in rustc and of bitcode (the shim), and those that LLVM
compiled (with the reasons), user and system seconds of both builds, user seconds of both builds' tests: the least of
--times runs, which alternate. --count: billions of executed instructions of the tests, in QEMU's user emulation, in
place of user seconds: other work on the machine does not change them. What is C in them is compiled by `kiln cc`, and
by clang for cargo alone. Random cases of proptest are 16, instead of 256. --toolchains: all of it with each of these of
rustup's; the last lines say for each compiler who compiled how many units. Kiln is loaded into rustc if `kiln cargo
--setup` was run for the compiler, or if KILN_BACKEND names the library. --dynamic-deps: Kiln's side is built by `kiln
cargo --dynamic-deps`, twice, the second time after all files of the crate were touched, so that tests are linked with
shared objects; a row says how many were. Sources are fetched by rustup's default toolchain, whatever builds them.
"""
import argparse
import collections
import difflib
import math
import os
import re
import resource
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, 'tests/harness'), os.path.join(ROOT, 'bench')]
import executed  # noqa: E402
import harness  # noqa: E402
import wine  # noqa: E402

RUNNER = 'python3 %s --run-test' % os.path.abspath(__file__)


def only(files):
    """Arguments that leave out all but these files of tests."""
    return [word for file in files.split() for word in ('--test', file)]


# In place of a version: the source is beside this file.
HERE = 'here'
# What a manifest had before it was published.
UNPUBLISHED = {'portable-atomic': '''
[dev-dependencies.test-helper]
git = "https://github.com/taiki-e/test-helper.git"
rev = "24b3ad70c19ea8de9cd4c87f2e549b930f1e3305"
features = ["sys", "critical-section-std", "valgrind"]
''', 'diesel': '''
[dev-dependencies.diesel_test_helper]
git = "https://github.com/diesel-rs/diesel.git"
rev = "2e7eb3567574f6d8660e97ab83abac1b71631e63"
'''}

# Crates that make errors of warnings, of which newer compilers have more.
DENYING = {'rkyv'}

# Name, version, kind, more arguments of cargo test. What needs a nightly compiler or the network is not here, nor what
# is published without its tests.
CRATES = [
    ('itoa', '1.0.18', 'numbers', []),
    ('semver', '1.0.28', 'parser', []),
    ('smallvec', '1.16.5', 'container', []),
    ('hashbrown', '0.17.1', 'container, SSE2', []),
    ('memchr', '2.8.3', 'search, SSE2 and AVX2', ['--', '--skip', 'packedpair']), # minutes, at opt-level 0
    ('bytes', '1.12.1', 'container', []),
    ('indexmap', '2.14.2', 'container', []),
    ('anyhow', '1.0.104', 'errors', []),
    ('serde_json', '1.0.154', 'parser, derive macros', []),
    ('num-bigint', '0.5.1', 'numbers', []),
    ('regex', '1.8.4', 'regex', []), # later ones were published without files of their tests
    ('ryu', '1.0.23', 'numbers', []),
    ('hex', '0.4.3', 'encoding', []),
    ('base64', '0.23.1', 'encoding', ['--', '--skip', 'every_possible']), # minutes, at opt-level 0
    ('simdutf8', '0.1.5', 'text, SIMD', []),
    ('either', '1.19.0', 'container', []),
    ('arrayvec', '0.7.8', 'container', []),
    ('byteorder', '1.5.0', 'encoding', []),
    ('bitflags', '2.13.2', 'macros', []),
    ('httparse', '1.10.1', 'parser, SIMD', []),
    ('strsim', '0.11.1', 'text', []),
    ('slab', '0.4.12', 'container', []),
    ('lru', '0.19.0', 'container', []),
    ('crc32fast', '1.5.4', 'checksum, PCLMULQDQ', []),
    ('sha2', '0.11.1', 'crypto, intrinsics', []),
    # The data of the others, and of the library's, were not published.
    ('ring', '0.17.14', 'crypto, assembly', only('constant_time_tests error_tests rand_tests signature_tests')),
    ('miniz_oxide', '0.9.1', 'compression', []),
    ('flate2', '1.1.11', 'compression', []),
    ('png', '0.18.1', 'image', []),
    ('image-webp', '0.2.4', 'image', []),
    ('csv', '1.4.0', 'parser', []),
    # The other needs nom_language, which is not published with it.
    ('nom', '8.0.0', 'parser', ['--lib'] + only(
        'arithmetic arithmetic_ast css custom_errors escaped float fnmut ini ini_str issues json mp4 multiline overflow '
        'reborrow_fold')),
    ('winnow', '1.0.5', 'parser', ['--lib']), # its examples, which have tests, need other crates
    ('url', '2.5.8', 'parser', []),
    ('uuid', '1.29.1', 'encoding', []),
    ('textwrap', '0.16.4', 'text', []),
    ('itertools', '0.15.0', 'iterators', []),
    ('thiserror', '2.0.21', 'derive macros', []),
    ('proc-macro2', '1.0.107', 'derive macros', []),
    ('rand', '0.10.3', 'numbers', []),
    ('crossbeam-channel', '0.5.17', 'threads', []),
    ('crossbeam-deque', '0.8.8', 'threads', []),
    ('rayon', '1.12.0', 'threads', []),
    ('futures-util', '0.3.34', 'async', []),
    ('tracing-core', '0.1.36', 'logging', []),
    ('hecs', '0.11.2', 'game ECS', []),
    ('petgraph', '0.8.3', 'graphs', []),
    # win_bindings rewrites a source file, and passes from then on; dateutils starts date(1) thousands of times.
    ('chrono', '0.4.45', 'time', ['--', '--skip', 'gen_bindings', '--skip', 'verify_against_date_command']),
    ('aho-corasick', '1.1.5', 'search', []),
    ('roaring', '0.12.0', 'container', # its library's tests take minutes, at opt-level 0
     only('clone intersect_with is_subset iter lib ops push rank select serialization union_with treemap_ops')),
    ('clap_builder', '4.6.7', 'CLI', []),
    ('ripgrep', '15.2.0', 'CLI tool', []),
    ('image', '0.25.10', 'images', ['--no-default-features', '--features', 'png,jpeg,gif,bmp,ico,pnm,tiff,tga,qoi']),
    ('rusqlite', '0.37.0', 'database, C by cc', ['--features', 'bundled']),
    ('hyper', '1.12.0', 'web server', ['--features', 'full']),
    ('tiny_http', '0.12.0', 'web server', []),
    # Others need a nightly compiler, or take long.
    ('tokio', '1.54.1', 'async runtime', ['--features', 'full,test-util', '--lib'] + only(
        'fs_file macros_select net_unix_pipe process_smoke rt_basic rt_common signal_usr1 sync_mpsc task_join_set tcp_echo '
        'time_timeout uds_stream')),
    # Assembly of all kinds, symbols with LLVM's mark, and what is large.
    ('half', '2.7.1', 'f16', []),
    ('dashmap', '6.2.1', 'container, threads', []),
    ('portable-atomic', '1.15.0', 'atomics, assembly', []),
    ('corosensei', '0.3.4', 'coroutines, assembly', []),
    ('pulp', '0.22.3', 'SIMD', []),
    ('glam', '0.34.3', 'vectors, SSE2', []),
    ('ndarray', '0.17.2', 'numbers', []),
    ('rustix', '1.1.6', 'system calls, assembly', ['--features', 'all-apis']),
    ('rkyv', '0.8.18', 'derive macros', []),
    ('quinn-proto', '0.11.19', 'network', []),
    ('decoded', HERE, 'disassembler iced-x86', ['--', '--show-output']),
    ('mlua', '0.12.2', 'Lua, C by cc', ['--features', 'lua54,vendored']),
    ('bound', HERE, 'C++ by bindgen', []), # names with LLVM's mark
    ('aws-lc-sys', '0.40.0', 'crypto, C by cc, bindings', []),
    ('wasmi', '2.0.0', 'interpreter', []),
    ('axum', '0.8.9', 'web server', []),
    ('nalgebra', '0.35.0', 'numbers', ['--features', 'debug,compare,rand,macros']),
    ('naga', '30.0.2', 'compiler', ['--features', 'fs,stderr,wgsl-in,wgsl-out,spv-in,spv-out,glsl-in,glsl-out,msl-out,hlsl-out']),
    ('cranelift-codegen', '0.137.1', 'compiler', []),
    ('arrow-arith', '60.1.0', 'columns', []),
    ('bevy_ecs', '0.20.1', 'game ECS', []),
    ('tantivy', '0.27.0', 'search', ['--no-default-features', '--features', 'mmap,stopwords,lz4-compression,stemmer']),
    ('diesel', '2.3.14', 'database', ['--features', 'sqlite']),
    ('wide', '1.7.1', 'SIMD', []),
    ('libm', '0.2.16', 'numbers, assembly', []),
    ('rustfft', '6.4.1', 'numbers, AVX', []),
    ('compact_str', '0.10.0', 'text', []),
    ('arc-swap', '1.9.5', 'threads', []),
    ('parking_lot', '0.13.0', 'threads', []),
    ('slotmap', '1.1.1', 'container', []),
    ('unicode-segmentation', '1.13.3', 'text', []),
    ('lz4_flex', '0.14.2', 'compression', []),
    ('stacker', '0.1.25', 'stacks, assembly', []),
    ('zerocopy', '0.8.64', 'derive macros', []),
    ('fixedbitset', '0.5.9', 'container, SIMD', []),
]


def run(command, cwd, env, log):
    """Status, output, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, 'w') as out:
        status = subprocess.run(command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, errors='replace') as f:
        text = f.read()
    return status, text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_test(argv):
    """cargo's runner: runs a program of tests and adds its name and its user seconds, or billions of instructions, to the
    file $CRATES_TIMES."""
    emulators = {e[0]: len(e) for _, _, e in harness.RUST_TARGETS.values()}
    emulator, program = argv[:emulators.get(argv[0], 0)], argv[emulators.get(argv[0], 0)]
    plugin, out = os.environ.get('CRATES_PLUGIN'), os.environ['CRATES_TIMES'] + '.count'
    if plugin:
        argv = [*executed.counting(emulator or ['qemu-x86_64'], plugin, out), *argv[len(emulator):]]
    pid = os.posix_spawnp(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    with open(os.environ['CRATES_TIMES'], 'a') as f:
        f.write('%s %.3f\n' % (os.path.basename(program), executed.read(out) / 1e9 if plugin else usage.ru_utime))
    return os.waitstatus_to_exitcode(status) & 255


def times_of(path):
    """The sum of the least time of each program in the file."""
    least = {}
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                name, seconds = line.split()
                least[name] = min(least.get(name, 1e9), float(seconds))
    return sum(least.values())


def tests_need(section, folder):
    """Whether a section of a manifest is no dependency that only benches and examples have, which are not built."""
    m = re.match(r'\[.*dev-dependencies\."?([\w-]+)"?\]', section)
    if not m:
        return True
    name = re.compile(r'\b%s\b' % m.group(1).replace('-', '_'))
    for base in 'src', 'tests':
        for path, _, files in os.walk(os.path.join(folder, base)):
            for file in files:
                if file.endswith('.rs'):
                    with open(os.path.join(path, file), errors='replace') as f:
                        if name.search(f.read()):
                            return True
    return False


def make_source(name, version, folder, env):
    """The published source, in the folder's `crate`."""
    os.makedirs(os.path.join(folder, 'src'))
    with open(os.path.join(folder, 'Cargo.toml'), 'w') as f:
        f.write('[package]\nname = "fetch"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\n%s = "=%s"\n' % (name, version))
    open(os.path.join(folder, 'src', 'lib.rs'), 'w').close()
    subprocess.run(['cargo', 'vendor', '--versioned-dirs', '--quiet'], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    os.rename(os.path.join(folder, 'vendor', '%s-%s' % (name, version)), os.path.join(folder, 'crate'))
    shutil.rmtree(os.path.join(folder, 'vendor'))
    manifest = os.path.join(folder, 'crate', 'Cargo.toml')
    with open(manifest) as f:
        sections = re.split(r'(?m)^(?=\[)', f.read())
    with open(manifest, 'w') as f:
        # Benches are not run; and it is no part of the tree that it lies in.
        f.write(''.join(part for part in sections
                        if not part.startswith('[[bench]]') and tests_need(part, os.path.join(folder, 'crate'))))
        # What its tests depend on may depend on it.
        f.write(UNPUBLISHED.get(name, '') + '\n[workspace]\n[patch.crates-io]\n%s = { path = "." }\n' % name)
    for file in 'Cargo.lock', 'rust-toolchain.toml', 'rust-toolchain': # the compiler is ours, for all crates
        if os.path.exists(os.path.join(folder, 'crate', file)):
            os.remove(os.path.join(folder, 'crate', file))


def fetch(name, version, cache):
    """The folder of a crate's source, with all that its tests depend on beside it."""
    folder = os.path.join(cache, '%s-%s' % (name, version))
    if os.path.exists(os.path.join(folder, 'done')):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    env = {name: value for name, value in os.environ.items() if name != 'RUSTUP_TOOLCHAIN'}
    if version == HERE:
        shutil.copytree(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), os.path.join(folder, 'crate'))
    else:
        make_source(name, version, folder, env)
    names = ['x86_64-unknown-linux-gnu', *(name for name, _, _ in harness.RUST_TARGETS.values())]
    targets = [word for name in names for word in ('--target', name)]
    subprocess.run(['cargo', 'fetch', '--quiet', *targets], cwd=os.path.join(folder, 'crate'), env=env, check=True)
    lock = os.path.join(folder, 'crate', 'Cargo.lock')
    with open(lock) as f:
        depends = 'source = ' in f.read()
    if not depends: # an older cargo, which may not know the format of the lock file, makes its own, and needs no registry
        os.remove(lock)
    open(os.path.join(folder, 'done'), 'w').close()
    return folder


def has_library(crate):
    with open(os.path.join(crate, 'Cargo.toml')) as f:
        return '\n[lib]\n' in f.read() or os.path.exists(os.path.join(crate, 'src', 'lib.rs'))


def results(text):
    """The tests and what became of each, without what differs from run to run."""
    return collections.Counter(re.findall(r'^test (.*?) \.\.\. (ok|FAILED|ignored)', text, re.M))


def printed(text):
    """What tests printed, line by line, without what differs from run to run."""
    text = text[text.find('     Running '):]
    for pattern, by in ((r'\d+(\.\d+)?(ns|us|µs|ms|s)\b', 'TIME'), (r'0x[0-9a-f]{4,}', 'ADDRESS'), (r'-[0-9a-f]{16}\b', ''),
                        (r"(thread '[^']*') \(\d+\)", r'\1'), (r'target-(llvm|kiln)', 'target')):
        text = re.sub(pattern, by, text)
    return text.splitlines()


def units_of(path):
    """Units by who compiled them (rustc: Kiln in it, kiln: Kiln by the shim, llvm), and a count of LLVM's reasons."""
    by, reasons = collections.Counter(), collections.Counter()
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                words = line.rstrip('\n').split('\t')
                if words[0] == 'unit':
                    by[words[1]] += 1
                    if len(words) > 6:
                        reasons[re.sub(r'^.*error: ', '', re.sub(r' at bit \d+', '', words[6]))] += 1
    return by, reasons


def touch(crate):
    """Has cargo compile the crate and its tests again."""
    for base, folders, files in os.walk(crate):
        folders[:] = [f for f in folders if not f.startswith('target')]
        for file in files:
            if file.endswith('.rs'):
                os.utime(os.path.join(base, file))


def links_of(log):
    """How many programs were linked with a shared object of the dependencies, and why others were not."""
    why = collections.Counter()
    with open(log) as f:
        for line in f:
            m = re.search(r': linked (with|as asked: (.*))', line)
            if m:
                why[m[2] or ''] += 1
    return why.pop('', 0), why


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--cache', default=os.path.join(ROOT, 'build', 'cache', 'crates'))
    p.add_argument('--list', action='store_true')
    p.add_argument('--opt-level', default='0')
    p.add_argument('--panic', default='unwind')
    p.add_argument('--debug', default='2')
    p.add_argument('--debug-of-dependencies', metavar='N', help='their level of debug information; default: that of --debug')
    p.add_argument('--incremental', default='1', help="0: not, as cargo does it by default for the crate itself")
    p.add_argument('--rustc', help='another compiler than the one that cargo takes')
    p.add_argument('--toolchains', default='', help="of rustup's, with commas between; default: the one that cargo takes")
    p.add_argument('--jobs', default=None)
    p.add_argument('--times', type=int, default=1, help='runs of the tests, for their times')
    p.add_argument('--count', action='store_true', help='executed instructions of the tests in place of their seconds')
    p.add_argument('--tests', help='only these files of tests/, with commas between, and the library')
    p.add_argument('--fetch', action='store_true', help='only fetch the sources')
    p.add_argument('--shared', help="folder of one build for all crates: what several depend on is built, and counted, once")
    p.add_argument('--keep', action='store_true', help='keep the folders of the builds')
    p.add_argument('--target', choices=('x86_64', *harness.RUST_TARGETS), default='x86_64', help='others run under qemu or wine')
    p.add_argument('--dynamic-deps', action='store_true', help='link dependencies once, into a shared object')
    harness.add_settings(p)
    p.add_argument('names', nargs='*', metavar='NAME[@VERSION]')
    args = p.parse_args()
    versions = dict(name.split('@') for name in args.names if '@' in name)
    args.names = [name.split('@')[0] for name in args.names]
    args.crates = [row for row in CRATES if row[0] not in versions] + [(name, version, '', []) for name, version in versions.items()]
    if args.list:
        print('\n'.join('%-18s %-8s %s' % (name, version, kind) for name, version, kind, _ in CRATES))
        return 0
    unknown = set(args.names) - {name for name, _, _, _ in args.crates}
    if unknown:
        sys.exit('no crate %s; --list names them' % ', '.join(sorted(unknown)))
    if args.target == wine.TARGET:
        wine.start()
    bad, lines = 0, []
    for toolchain in args.toolchains.split(','):
        if toolchain:
            os.environ['RUSTUP_TOOLCHAIN'] = toolchain
        differ, by = campaign(args)
        bad += differ
        version = subprocess.run([args.rustc or 'rustc', '--version'], capture_output=True, text=True).stdout.split()
        lines.append('rustc %s: %s' % (version[1] if len(version) > 1 else '?', in_words(by)))
    if not args.fetch:
        print('\n'.join(lines))
    return 1 if bad else 0


def config_of(args):
    """Arguments of cargo for the level of debug information that only dependencies have."""
    level = args.debug_of_dependencies
    return ['--config', 'profile.dev.package."*".debug=%s' % level] if level else []


def in_words(by):
    return 'units: %d by Kiln in rustc, %d by the shim, %d by LLVM' % (by['rustc'], by['kiln'], by['llvm'])


def campaign(args):
    """All crates with one compiler: how many differ or are not built, and units by who compiled them."""
    kiln = os.path.abspath(args.kiln)
    bad, by_in_all = 0, collections.Counter()
    reasons, ratios = collections.Counter(), []
    for name, version, _, more in args.crates:
        if args.names and name not in args.names:
            continue
        folder = fetch(name, version, args.cache)
        if args.fetch:
            continue
        crate = os.path.join(folder, 'crate')
        # Tests that abort are cargo's of a nightly version, which a stable one takes itself for.
        abort = ['-Z', 'panic-abort-tests'] if args.panic == 'abort' else []
        commands = tuple((who, command + ['test'] + config_of(args)) for who, command in (
            ('llvm', ['cargo']), ('kiln', [kiln, 'cargo'] + (['--dynamic-deps'] if args.dynamic_deps else []))))
        of_c = {'llvm': ('clang-22', 'clang++-22'), 'kiln': (kiln + ' cc', kiln + ' c++')}
        tests = ['--tests'] if args.tests is None else [word for t in args.tests.split(',') if t for word in ('--test', t)]
        kinds = [] if '--test' in more or '--lib' in more else (['--lib'] if has_library(crate) else []) + ['--bins'] + tests
        env, build, test = {}, {}, {}
        for who, command in commands:
            log = os.path.join(folder, 'log-' + who)
            target = os.path.join(args.shared or folder, 'target-' + who)
            if not args.shared:
                shutil.rmtree(target, ignore_errors=True)
            times = os.path.join(folder, 'times-' + who)
            costs = os.path.join(folder, 'costs-' + who)
            for path in log, times, costs:
                if os.path.exists(path):
                    os.remove(path)
            env[who] = dict(os.environ, CARGO_TARGET_DIR=target, CARGO_PROFILE_TEST_OPT_LEVEL=args.opt_level,
                            CARGO_PROFILE_DEV_OPT_LEVEL=args.opt_level, CARGO_PROFILE_DEV_PANIC=args.panic,
                            CARGO_PROFILE_DEV_DEBUG=args.debug, CARGO_INCREMENTAL=args.incremental, KILN_LOG=log, KILN_STATS=costs,
                            RUST_TEST_THREADS='1', RUST_BACKTRACE='0', PROPTEST_CASES='16',
                            KILN_OPT_LEVEL=args.opt_level, CRATES_TIMES=times, CC=of_c[who][0], CXX=of_c[who][1],
                            CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=RUNNER, **harness.more_settings(args))
            if args.count:
                env[who]['CRATES_PLUGIN'] = executed.plugin(folder)
            if args.target != 'x86_64':
                of_clang = wine.CLANG_TARGET if args.target == wine.TARGET else 'aarch64-linux-gnu'
                cross = {of: '%s --target=%s' % (name, of_clang) for of, name in zip(('TARGET_CC', 'TARGET_CXX'), of_c[who])}
                env[who].update(harness.cargo_for(args.target, RUNNER), **cross)
            if args.rustc:
                env[who]['RUSTC'] = args.rustc
            if name in DENYING:
                env[who]['RUSTFLAGS'] = '--cap-lints=warn'
            if abort:
                env[who]['RUSTC_BOOTSTRAP'] = '1'
            if args.jobs:
                env[who]['CARGO_BUILD_JOBS'] = args.jobs
            words = command + abort + ['--no-run'] + kinds + more
            build[who] = run(words, crate, env[who], os.path.join(folder, 'build-' + who))
            if args.dynamic_deps and who == 'kiln' and build[who][0] == 0:
                os.remove(log)
                touch(crate)
                build[who] = run(words, crate, env[who], os.path.join(folder, 'build-' + who))
            if build['llvm'][0] != 0:
                break
        if build['llvm'][0] != 0:
            print('%-14s NOT BUILT, by cargo alone: see %s' % (name, os.path.join(folder, 'build-llvm')), flush=True)
            bad += 1
            continue
        for i in range(args.times):
            for who, command in commands:
                if build[who][0] == 0:
                    out = run(command + abort + ['--no-fail-fast'] + kinds + more, crate, env[who],
                              os.path.join(folder, 'test-' + who))
                    test.setdefault(who, out)
        outcome, seconds = {}, {}
        for who, _ in commands:
            status, text, _ = test.get(who, (1, '', 0))
            outcome[who] = build[who][0], status, results(text), printed(text)
            seconds[who] = times_of(os.path.join(folder, 'times-' + who))
            if not args.keep and not args.shared:
                shutil.rmtree(os.path.join(folder, 'target-' + who), ignore_errors=True)
        by, why = units_of(os.path.join(folder, 'costs-kiln'))
        reasons += why
        by_in_all += by
        a, b = outcome['llvm'], outcome['kiln']
        same = a[:3] == b[:3] and a[0] == 0 and sum(a[2].values()) > 0
        bad += not same
        counts = collections.Counter(what for (_, what), n in b[2].items() for _ in range(n))
        print('%-14s %s: %s; output %s; %s; build %.1f s, LLVM %.1f s; '
              'tests %.2f %s, LLVM %.2f%s' % (
            name, 'the same' if same else 'DIFFERS',
            ', '.join('%d %s' % (counts[k], k) for k in ('ok', 'FAILED', 'ignored') if counts[k]) or 'no tests',
            'the same' if a[3] == b[3] else 'the same in another order' if sorted(a[3]) == sorted(b[3]) else 'differs',
            in_words(by), build['kiln'][2], build['llvm'][2],
            seconds['kiln'], 'billion instructions' if args.count else 's', seconds['llvm'],
            ': %.3f' % (seconds['kiln'] / seconds['llvm']) if seconds['llvm'] > 0.05 else ''), flush=True)
        if args.dynamic_deps:
            linked, not_linked = links_of(os.path.join(folder, 'log-kiln'))
            print('  linked with a shared object: %d%s' % (linked, ''.join('; not: %d: %s' % (n, k) for k, n in not_linked.items())))
            bad += linked == 0
        for reason, n in why.most_common():
            print('  by LLVM: %d: %s' % (n, reason), flush=True)
        if seconds['llvm'] >= 0.2:
            ratios.append(seconds['kiln'] / seconds['llvm'])
        if same and sorted(a[3]) != sorted(b[3]):
            changed = [line for line in difflib.unified_diff(a[3], b[3], 'llvm', 'kiln', lineterm='', n=0)][2:]
            print(''.join('  %s\n' % line for line in changed[:8]), end='', flush=True)
        if not same:
            for (which, what), n in ((a[2] - b[2]) + (b[2] - a[2])).items():
                print('  %s: %s' % (which, what))
            print('  see %s' % folder)
    for why, n in reasons.most_common(12):
        print('%6d %s' % (n, why))
    if len(ratios) > 1:
        print('%d crates whose tests take 0.2 s or more: %.3f in geometric mean, %.3f to %.3f' % (
            len(ratios), math.exp(sum(map(math.log, ratios)) / len(ratios)), min(ratios), max(ratios)))
    return bad, by_in_all


if __name__ == '__main__':
    sys.exit(run_test(sys.argv[2:]) if sys.argv[1:2] == ['--run-test'] else main())
