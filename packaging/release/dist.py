#!/usr/bin/env python3
"""dist.py [--arch=x86_64|aarch64]... [--out=FOLDER] [--jobs=N] [--sign=KEY]: makes kiln-VERSION-ARCH-linux.tar.xz in
build/dist (FOLDER), for any Linux of that processor, a bill of materials in SPDX's form, and SHA256SUMS, which gpg signs with
--sign; prints the tarballs' paths. Default: x86_64.

In a tarball are `kiln` and kiln-rustc, static programs with musl; the libraries, as archives and for glibc 2.28 or newer;
headers, files for pkg-config and CMake that find themselves, manual pages, completions, examples; kiln-run, kiln-rustc's
shim, and the sources of rustc's code generator. The compiler is zig, which PyPI's ziglang has and
which is installed in build/dist/zig: it has the headers and libraries of both C libraries.

The same commit makes the same bytes: times are $SOURCE_DATE_EPOCH, by default the commit's. `./dev dist-test` tests
the tarballs, `./dev doors` uses them in new roots."""
import argparse
import io
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'bindings/python'))
import manifest  # noqa: E402
import wheel  # noqa: E402  bindings/python/wheel.py

GLIBC = '2.28'
# zig, as a compiler that meson takes for clang with lld. Its cc would add checks for undefined behaviour; 64 bits of
# an offset in a file need no other names on these processors, which musl does not have.
CC = '''#!/bin/sh
link='{link}' target={target}
for word; do
  case $word in
    -Wl,--version) echo 'LLD 20.0.0 (compatible with GNU linkers)'; exit ;;
    -c | -E | -S) link= ;;
    -dM) target=${{target%.{glibc}}} ;; # it is clang's alone, which knows no versions
  esac
done
export ZIG_GLOBAL_CACHE_DIR='{cache}' ZIG_LOCAL_CACHE_DIR='{cache}'
exec '{zig}' cc -target $target -fno-sanitize=undefined -g0 '-ffile-prefix-map={root}=.' "$@" -U_FILE_OFFSET_BITS $link
'''
AR = '''#!/bin/sh
exec '{zig}' ar "$@"
'''
LINK = '-Wl,-s -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now'
STATIC = 'kiln', 'kiln-rustc'  # their start is a part of every compilation
OPTIONS = ['-Dlibdir=lib', '-Dpkgconfig.relocatable=true', '-Dtests=false', '-Dbench=disabled',
           '-Ddis=disabled', '-Dinterp=disabled', '-Dmusl=disabled', '-Dpostgresql=disabled']
# zig takes its own unwinder for libgcc's, which is what programs and exceptions of C++ have: a library of its name and
# of the names that kiln-run needs stands for libgcc_s.so.1.
UNWINDER = ['_Unwind_Find_FDE', '_Unwind_GetIPInfo', '_Unwind_GetLanguageSpecificData', '_Unwind_GetRegionStart',
            '_Unwind_RaiseException', '_Unwind_Resume', '_Unwind_SetGR', '_Unwind_SetIP', '__gcc_personality_v0']
MACHINE = '''[binaries]
c = '{cc}'
ar = '{ar}'
[host_machine]
system = 'linux'
cpu_family = '{arch}'
cpu = '{arch}'
endian = 'little'
'''
# Places in the tarball of files that no installation has.
MORE = {
    'LICENSE': 'LICENSE', 'CHANGELOG.md': 'CHANGELOG.md', 'packaging/release/README.md': 'README.md',
    'examples/hello/hello.c': 'share/kiln/examples/hello/hello.c',
    'examples/embed/square.c': 'share/kiln/examples/embed/square.c',
    'examples/embed/CMakeLists.txt': 'share/kiln/examples/embed/CMakeLists.txt',
    'examples/embed/meson.build': 'share/kiln/examples/embed/meson.build',
}


def run(*words, **more):
    subprocess.run([str(w) for w in words], check=True, stdout=sys.stderr, cwd=ROOT, **more)


def script(path, text):
    path.write_text(text, encoding='utf-8')
    path.chmod(0o755)
    return path


def configure(work: Path, zig: Path, arch: str, libc: str) -> Path:
    """Configures the build folder of a processor and a C library, from nothing."""
    build = work / f'{arch}-{libc}'
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    target = f'{arch}-linux-' + ('musl' if libc == 'musl' else f'gnu.{GLIBC}')
    values = {'zig': zig, 'target': target, 'root': ROOT, 'cache': work / 'cache', 'link': LINK, 'glibc': GLIBC}
    cc = script(build / 'cc', CC.format(**values))
    if libc == 'gnu':
        (build / 'unwinder.c').write_text(''.join(f'void {name}(void) {{}}\n' for name in UNWINDER), encoding='utf-8')
        unwinder = build / 'libgcc_s.so'
        run(cc, '-shared', '-Wl,-soname,libgcc_s.so.1', build / 'unwinder.c', '-o', unwinder)
        script(cc, CC.format(**{**values, 'link': f'{LINK} -Wl,--as-needed {unwinder}'}))
    ar = script(build / 'ar', AR.format(**values))
    file = build / 'machine.ini'
    file.write_text(MACHINE.format(cc=cc, ar=ar, arch=arch), encoding='utf-8')
    run('meson', 'setup', build / 'build', '-Dprefix=/usr', *OPTIONS, '--native-file' if arch == os.uname().machine else '--cross-file', file)
    return build / 'build'


def compile(build: Path, jobs: int, only: str = '') -> None:
    """Builds what would be installed, or one target."""
    out = subprocess.run(['meson', 'introspect', '--targets', build], check=True, stdout=subprocess.PIPE).stdout
    names = [os.path.relpath(file, build) for t in json.loads(out) if t['installed'] for file in t['filename']]
    run('ninja', '-C', build, f'-j{jobs}', *([only] if only else names))


def tree(work: Path, zig: Path, arch: str, jobs: int) -> Path:
    """The folder that becomes a tarball."""
    top = work / f'kiln-{wheel.version()}-{arch}-linux'
    shutil.rmtree(top, ignore_errors=True)
    shutil.rmtree(work / 'stage', ignore_errors=True)
    build = configure(work, zig, arch, 'gnu')
    compile(build, jobs)
    run('meson', 'install', '-C', build, '--no-rebuild', '--quiet', env={**os.environ, 'DESTDIR': str(work / 'stage')})
    (work / 'stage/usr').rename(top)
    static = configure(work, zig, arch, 'musl')
    for name in STATIC:
        compile(static, jobs, name)
        shutil.copyfile(static / name, top / 'bin' / name)
    for source, place in MORE.items():
        (top / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, top / place)
    return top


def pack(top: Path, out: Path) -> Path:
    """The tarball of a folder: names in order, one time, no owner."""
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode='w', format=tarfile.GNU_FORMAT) as tar:
        for path in sorted([top, *top.rglob('*')]):
            entry = tar.gettarinfo(str(path), str(path.relative_to(top.parent)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ''
            entry.mtime = wheel.epoch()
            entry.mode = 0o755 if entry.isdir() or entry.issym() or entry.mode & 0o100 else 0o644
            if entry.isreg():
                with path.open('rb') as f:
                    tar.addfile(entry, f)
            else:
                tar.addfile(entry)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f'{top.name}.tar.xz'
    path.write_bytes(lzma.compress(text.getvalue(), preset=9))
    return path


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--arch', choices=('x86_64', 'aarch64'), action='append')
    p.add_argument('--out', type=Path, default=ROOT / 'build/dist')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--sign', default='', metavar='KEY')
    args = p.parse_args()
    work = ROOT / 'build/dist'
    python = wheel.zig(work / 'zig')
    zig = Path(subprocess.run([python, '-c', 'import ziglang; print(ziglang.__path__[0])'], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()) / 'zig'
    for arch in args.arch or ['x86_64']:
        print(pack(tree(work, zig, arch, args.jobs), args.out.resolve()))
    manifest.write(args.out, list(args.out.glob('kiln-*.tar.xz')), args.sign)


if __name__ == '__main__':
    main()
