"""The projects of stops.py: sources, programs by each code generator, and their runs."""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path.insert(0, str(TESTS / 'campaigns/crates'))
import crates  # noqa: E402

CLANG = os.environ.get('CLANG', 'clang-22').replace('clang', 'clang++')
# Of a crate: name and version; `tests`: arguments that choose one test program. Of a package of Debian's: the sources, flags,
# and the arguments of runs. Without a version: a program of the folder stops/. Without `runs`: for backtraces alone.
Project = collections.namedtuple('Project', 'name version rust tests flags runs')
Run = collections.namedtuple('Run', 'name root cwd args stops')
PROJECTS = [
    Project('semver', '1.0.28', True, ['--test', 'test_version_req'], [], ['']),
    Project('fend-core', '1.5.9', True, ['--test', 'integration_tests'], [], ['']),
    Project('pulldown-cmark', '0.13.6', True, ['--lib'], [], ['']),
    Project('smallvec', '1.16.6', True, ['--lib'], [], None),
    Project('panics', None, True, ['--bin', 'panics'], [], None),
    Project('throws', None, False, ['throws.cpp'], ['-std=c++17'], None),
    Project('libjsoncpp', '1.9.5', False, ['src/lib_json/*.cpp', 'src/test_lib_json/*.cpp'], ['-Iinclude'], ['']),
    Project('hunspell', '1.7.1', False, ['src/hunspell/*.cxx', 'src/tools/example.cxx'], ['-DHUNSPELL_STATIC'],
            [f'tests/{name}.aff tests/{name}.dic tests/{name}.wrong' for name in ('base', 'phone', 'maputf')]),
]


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run(command, **more):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace', **more)
    if done.returncode:
        sys.exit(f'{" ".join(map(str, command))}: status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}')
    return done.stdout


MANIFEST = '[package]\nname = "panics"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'


def make_package(options, name):
    """A package of a program of the folder stops/."""
    root = options.work / name
    (root / 'src').mkdir(parents=True, exist_ok=True)
    (root / 'Cargo.toml').write_text(MANIFEST, encoding='utf-8')
    shutil.copy(HERE / f'stops/{name}.rs', root / 'src/main.rs')
    return root


def root_of(project, options):
    if project.version is None:
        return make_package(options, project.name) if project.rust else HERE / 'stops'
    if project.rust:
        return pathlib.Path(crates.fetch(project.name, project.version, str(options.work / 'crates'))) / 'crate'
    return pathlib.Path(run([TESTS / 'harness/fetch_source.sh', project.name, options.work / 'sources', 'upstream']).strip())


def build_rust(project, options, side):
    root = root_of(project, options)
    env = {k: v for k, v in os.environ.items() if k not in ('RUSTFLAGS', 'RUSTC_WRAPPER', 'KILN_INLINE')}
    env['CARGO_TARGET_DIR'] = str(options.work / f'target-{project.name}-{side}')
    how = {'llvm': ['cargo'], 'off': [options.kiln, 'cargo'], 'foreign': [options.kiln, 'cargo', '--inline=foreign'],
           'small': [options.kiln, 'cargo', '--inline'], 'O1': ['cargo']}[side]
    if side == 'O1':
        env.update(CARGO_PROFILE_DEV_OPT_LEVEL='1', CARGO_PROFILE_TEST_OPT_LEVEL='1')
    what = ['test', '--no-run'] if project.version else ['build']
    out = run([*how, *what, '--offline', '--message-format=json', *project.tests], cwd=root, env=env)
    found = [item['executable'] for item in map(json.loads, (line for line in out.splitlines() if line.startswith('{')))
             if item.get('executable') and item['profile']['test'] == bool(project.version)]
    if len(found) != 1:
        sys.exit(f'{project.name}: {len(found)} test programs: {found}')
    return found[0]


def build_cxx(project, options, side):
    root, folder = root_of(project, options), options.work / f'target-{project.name}-{side}'
    folder.mkdir(parents=True, exist_ok=True)
    by = [CLANG] if side in ('llvm', 'O1') else [options.kiln, 'c++']
    env = dict(os.environ, KILN_INLINE={'off': '', 'foreign': 'foreign'}.get(side, 'small'))
    sources = sorted(f for pattern in project.tests for f in root.glob(pattern))
    level = {'small': '-Og', 'O1': '-O1'}.get(side, '-O0')
    objects = [folder / (f.name + '.o') for f in sources]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: run([*by, level, '-g', '-w', *project.flags, '-c', pair[0], '-o', pair[1]], cwd=root, env=env), zip(sources, objects)))
    run([CLANG, *objects, '-o', folder / 'program'])
    return str(folder / 'program')


def build(project, options, ways):
    return {side: (build_rust if project.rust else build_cxx)(project, options, side) for side in ['llvm', *ways]}


def runs_of(project, options):
    root = root_of(project, options)
    runs = project.runs or []
    for k, words in enumerate(runs):
        share = options.stops // len(runs) + (k < options.stops % len(runs))
        args = '--test-threads=1' if project.rust else words
        yield Run(project.name + (f' {words.split("/")[-1]}' if words else ''), root, root, args, share)


def backtraces_of(project, options):
    """The run whose panics or exceptions are compared: tests panic, as they should."""
    root = root_of(project, options)
    args = '' if project.version is None else '--test-threads=1 --nocapture' if project.rust else (project.runs or [''])[0]
    return Run(project.name, root, root, args, 0)


PLACE = re.compile(r'^ +at (\S+?):(\d+):(\d+)$|^thread .* panicked at (\S+?):(\d+):(\d+):$', re.M)


def backtraces(program, of, level):
    """The user's places that backtraces of a run name, and where the panics are said to be, in order."""
    env = dict(os.environ, RUST_BACKTRACE=level)
    done = subprocess.run([program, *of.args.split()], cwd=of.cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace')
    found = []
    for match in PLACE.finditer(done.stderr):
        file, line, column = match[1] or match[4], match[2] or match[5], match[3] or match[6]
        path = os.path.normpath(os.path.join(of.cwd, file))
        if path.startswith(str(of.root) + '/') and os.path.exists(path):
            found.append(f'{"" if match[1] else "panic "}{path[len(str(of.root)) + 1:]}:{line}:{column}')
    return found
