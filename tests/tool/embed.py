#!/usr/bin/env python3
"""embed.py BUILD: Kiln as a part of other projects, as far as configuring them shows it: CMakeLists.txt compiles the
files that meson.build compiles in each library, and examples/embed takes Kiln's source by CMake and as a subproject of
meson. `./dev doors` builds and runs them. The crate and the wheel compile the same files, too. Also, what clang compiles for AArch64 is linked statically. Speaks TAP."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'bindings/python'))
import library  # noqa: E402  bindings/python/library.py
from tap import Tap, failure  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ('kiln', 'kiln-text', 'kiln-llvm', 'kiln-wasm', 'kiln-as', 'kiln-wasmrt')
tap = Tap()


SOURCES = ('assembler', 'base', 'dwarf', 'frontends', 'include', 'ir', 'lib', 'runtime', 'targets')


def relative(path, root=ROOT):
    return os.path.relpath(path, root)


def by_meson(build):
    """{library: its sources} in a build folder of meson's."""
    found = {name: set() for name in LIBRARIES}
    out = subprocess.run(['meson', 'introspect', '--targets', build], check=True, stdout=subprocess.PIPE).stdout
    for target in json.loads(out):
        if target['type'] == 'static library' and target['name'] in found:
            found[target['name']] |= {relative(s) for group in target['target_sources'] for s in group.get('sources', ())}
    # Its object comes from the library kiln-wasm.
    found['kiln-wasmrt'].add('dwarf/line_reader.c')
    return found


def by_cmake(folder, root):
    found = {name: set() for name in LIBRARIES}
    for command in json.loads((folder / 'compile_commands.json').read_text()):
        name = re.search(r' -o CMakeFiles/([\w-]+)\.dir/', command['command'])[1]
        if name in found:
            found[name].add(relative(command['file'], root))
    return found


def crate_sources(build, work):
    """The crate's build script compiles by what notes the files alone."""
    case, compiler, noted = 'kiln-sys: the sources of both build systems', work / 'cc', work / 'noted'
    compiler.write_text(f'''#!/bin/sh
case " $* " in *" -c "*) for word; do case $word in *.c) echo "$word" >> '{noted}' ;; esac; done ;; *) exec gcc "$@" ;; esac
for word; do [ "$last" != -o ] || exec gcc -x c -c /dev/null -o "$word"; last=$word; done
''')
    compiler.chmod(0o755)
    words = ['cargo', 'build', '--offline', '--locked', '--package=kiln-sys']
    env = dict(os.environ, CC=str(compiler), CARGO_TARGET_DIR=str(work / 'crate'))
    env.pop('KILN_LIBRARY', None)
    if not shutil.which('cargo') or subprocess.run(['cargo', 'fetch', '--offline', '--locked'], cwd=ROOT / 'bindings/rust', stderr=subprocess.PIPE).returncode:
        return tap.case(case, skip='no cargo, or crates are missing: cd bindings/rust && cargo fetch')
    wrong = failure(words, cwd=ROOT / 'bindings/rust', env=env)[0]
    if not wrong:
        files = {relative(os.path.realpath(line)) for line in noted.read_text().splitlines() if '/libkiln/' in line}
        theirs = by_meson(build)
        wrong = '\n'.join(sorted(files ^ (theirs['kiln'] | theirs['kiln-text'])))
    tap.case(case, wrong or None)


def main():
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        # A copy in folders whose names CMakeLists.txt tells apart inside Kiln.
        tree = work / 'check/ir/text/lib/jit/kiln'
        for part in SOURCES:
            shutil.copytree(ROOT / part, tree / part)
        shutil.copy(ROOT / 'CMakeLists.txt', tree)
        tap.case('CMake configures Kiln alone',
             failure(['cmake', '-S', tree, '-B', work / 'kiln', '-DCMAKE_EXPORT_COMPILE_COMMANDS=ON'])[0])
        theirs, ours = by_meson(build), by_cmake(work / 'kiln', tree)
        for name in LIBRARIES:
            differ = theirs[name] ^ ours[name]
            few = len(ours[name]) < {'kiln-as': 4, 'kiln-text': 9}.get(name, 15)
            tap.case(f'{name}: the sources of both build systems', '\n'.join(sorted(differ)) or ('few sources' if few else None))
        tap.case('examples/embed takes the source by CMake',
             failure(['cmake', '-S', ROOT / 'examples/embed', '-B', work / 'cmake', '-DCMAKE_DISABLE_FIND_PACKAGE_Kiln=ON'])[0])
        for file in ('square.c', 'meson.build'):
            (work / file).write_bytes((ROOT / 'examples/embed' / file).read_bytes())
        (work / 'subprojects').mkdir()
        (work / 'subprojects/kiln').symlink_to(ROOT)
        tap.case('and as a subproject of meson', failure(['meson', 'setup', work / 'meson', work, '--wrap-mode=forcefallback'])[0])
        names = subprocess.run(['ninja', '-C', work / 'meson', '-t', 'targets', 'all'], check=True, text=True, stdout=subprocess.PIPE).stdout
        default = subprocess.run(['ninja', '-C', work / 'meson', '-n', '-v'], check=True, text=True, stdout=subprocess.PIPE).stdout
        tap.case('of which only what it links is built', None if 'libkiln-llvm.a:' in names and 'libkiln.a' in default and 'libkiln-llvm.a' not in default
             and 'libkiln.so' not in default else default)
        crate_sources(build, work)
        wheels = {str(path) for path in library.sources()}
        tap.case("the wheel: the sources of meson's build", '\n'.join(sorted(wheels ^ (theirs['kiln'] | theirs['kiln-text'] | theirs['kiln-llvm']))) or None)
        static_link(build, work)
        static_walk(build, work)
    tap.finish()


def static_link(build, work):
    """The file with the names that gdb looks for, which are protected."""
    clang, gcc = shutil.which('clang-22'), shutil.which('aarch64-linux-gnu-gcc')
    name = 'GNU ld links what gdb looks for into a static program for AArch64'
    if not clang or not gcc:
        return tap.case(name, skip='no clang-22, or no aarch64-linux-gnu-gcc')
    compiled = failure([clang, '--target=aarch64-linux-gnu', '-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', f'-I{build}/include',
                        f'-I{ROOT}/include', f'-I{ROOT}', '-r', '-nostdlib', ROOT / 'lib/jit/serve/gdb.c',
                        ROOT / 'lib/jit/memory/process.c', '-o', work / 'gdb.o'])[0]
    tap.case(name, compiled or failure([gcc, '-static', '-nostdlib', '-Wl,--unresolved-symbols=ignore-all,-e,kn_jit_gdb_add', work / 'gdb.o',
                                        '-o', work / 'gdb'])[0])


# Prints the number of frames from a function to the thread's first one, and how the walk ended.
WALK = r'''
#include <kiln/stack.h>
#include <stdio.h>
static int depth(int n) {
  kiln_stack_point point;
  kiln_stack_walk walk = {0};
  kiln_stack_frame frame;
  int frames = 0;
  if (n > 0) return depth(n - 1) + 0 * *(volatile int *)&n;
  if (kiln_stack_point_save(&point) != KILN_OK) return -1;
  kiln_stack_walk_begin(&walk, &point);
  while (kiln_stack_walk_find_next(&walk, &frame)) frames++;
  return walk.status == KILN_OK ? frames : -1;
}
int main(void) {
  int few = depth(0), many = depth(10);
  printf("%d %d\n", few >= 2, many - few);
}
'''


def static_walk(build, work):
    """Programs without .eh_frame_hdr, which gcc makes, and with it."""
    gcc = shutil.which('gcc')
    (work / 'walk.c').write_text(WALK)
    for options in (['-static'], ['-static', '-Wl,--eh-frame-hdr'], ['-static-pie']):
        name = 'a program walks its stack: ' + ' '.join(options)
        if not gcc:
            tap.case(name, skip='no gcc')
            continue
        exe = work / 'walk'
        wrong = failure([gcc, '-O0', f'-I{build}/include', f'-I{ROOT}/include', *options, work / 'walk.c', build / 'libkiln.a', '-o', exe])[0]
        if not wrong:
            out = subprocess.run([exe], text=True, stdout=subprocess.PIPE).stdout
            wrong = None if out == '1 10\n' else f'printed {out!r}'
        tap.case(name, wrong)


if __name__ == '__main__':
    sys.exit(main())
