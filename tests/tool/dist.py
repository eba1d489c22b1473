#!/usr/bin/env python3
"""dist.py [--jobs=N]: tests the tarball in build/dist, which is made unless it is there: names, owners and times of its
files; no path of this tree in them; symbol versions and libraries of its programs and libraries; programs that use it
by gcc, as C++, and by musl-gcc. In another folder a copy of the tree makes the same bytes, and then, as the next
version, a libkiln.so that a program of this one runs with. `./dev doors` uses the tarball in new roots. Speaks TAP."""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / 'build/dist'
NEWEST = (2, 28)  # the version of glibc that it is for
NEEDED = {'libc.so.6', 'libdl.so.2', 'libpthread.so.0', 'libm.so.6', 'ld-linux-x86-64.so.2', 'libkiln.so.3', 'libgcc_s.so.1'}
EXAMPLES = 'share/kiln/examples'
MUST = ['bin/kiln', 'bin/kiln-run', 'bin/kiln-rustc', 'bin/kiln-cc', 'lib/kiln/libkiln-shim.so', 'lib/libkiln.a', 'lib/libkiln.so',
        'lib/libkiln-llvm.a', 'lib/libkiln-text.a', 'lib/libkiln-text.so.3', 'lib/libkiln-as.so.3', 'lib/libkiln-wasm.so.3', 'lib/libkiln-wasmrt.a', 'include/kiln/kiln.h', 'include/kiln/kiln.hpp',
        'lib/pkgconfig/kiln.pc', 'lib/cmake/kiln/kiln-config.cmake', 'share/man/man1/kiln.1', 'share/bash-completion/completions/kiln',
        'share/zsh/site-functions/_kiln', 'share/fish/vendor_completions.d/kiln.fish', 'share/kiln/rustc/Cargo.toml', 'LICENSE', 'README.md',
        f'{EXAMPLES}/hello/hello.c', f'{EXAMPLES}/embed/CMakeLists.txt']
tap = Tap()


def prints(name, wanted, script, work, **variables):
    """A shell's commands end well, and `wanted` is the last line that they print."""
    done = subprocess.run(['bash', '-e', '-c', script], cwd=work, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **variables})
    tap.case(name, None if done.returncode == 0 and done.stdout.splitlines()[-1:] == [wanted] else f'status {done.returncode}: {done.stdout}')


def of_readelf(path, *options):
    return subprocess.run(['readelf', '-W', *options, path], check=True, text=True, stdout=subprocess.PIPE).stdout


def entries(tarball):
    """What is wrong with the entries of the tarball."""
    with tarfile.open(tarball) as tar:
        found = tar.getmembers()
    names = [e.name for e in found]
    top = tarball.name.removesuffix('.tar.xz')
    wrong = [f'{e.name}: not in {top}' for e in found if e.name.split('/')[0] != top]
    wrong += [f'{e.name}: {e.uid} {e.gid} {e.uname} {e.mode:o}' for e in found
              if (e.uid, e.gid, e.uname, e.gname) != (0, 0, '', '') or e.mode not in (0o755, 0o644)]
    if len({e.mtime for e in found}) != 1 or len(set(names)) != len(names):
        wrong.append('several times, or a name twice')
    wrong += [f'{e.name}: leads to {e.linkname}' for e in found if e.issym() and '/' in e.linkname]
    return '\n'.join(wrong + [f'no {n}' for n in MUST if f'{top}/{n}' not in names])


def elf_files(top):
    for path in sorted(p for p in top.rglob('*') if p.is_file() and not p.is_symlink()):
        with path.open('rb') as f:
            if f.read(4) == b'\x7fELF':
                yield path


def needs(path):
    """What is wrong with what a program or library needs."""
    wrong = [f'needs {n}' for n in re.findall(r'NEEDED.*\[(.*)\]', of_readelf(path, '-d')) if n not in NEEDED]
    wrong += [f'{path.name}: RUNPATH' for _ in re.findall(r'R(?:UN)?PATH', of_readelf(path, '-d'))]
    versions = {tuple(map(int, v.split('.'))) for v in re.findall(r'\bGLIBC_([\d.]+)', of_readelf(path, '-V'))}
    wrong += [f'GLIBC_{".".join(map(str, v))}' for v in sorted(versions) if v > NEWEST]
    return [f'{path.name}: {w}' for w in wrong]


def archives(top):
    """Names that the archives need and that one C library alone has: of 64-bit offsets, of newer or fortified functions."""
    needed, defined = {}, set()
    for path in sorted(top.glob('lib/*.a')):
        for kind, name in re.findall(r'(?m)^(?:[0-9a-f]+| +) (\w) (\S+)$', subprocess.run(['nm', path], check=True, text=True, stdout=subprocess.PIPE).stdout):
            if kind == 'U':
                needed[name] = path.name
            else:
                defined.add(name)
    return '\n'.join(f'{file}: {name}' for name, file in needed.items() if name not in defined and
                     re.search(r'64$|^__isoc23|_chk$|@|^__zig|^__ubsan', name))


def copy_tree(there):
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout.decode().split('\0')
    for name in filter(None, names):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, there / name, follow_symlinks=False)


def next_version(there, jobs):
    """Builds libkiln.so of the next version in the copy; its file, or what was printed."""
    version = re.search(r"version: '(\d+)\.(\d+)\.(\d+)'", (there / 'meson.build').read_text()).groups()
    newer = (version[0], str(int(version[1]) + 1), '0')
    for name, old, new in (('meson.build', "version: '%s.%s.%s'" % version, "version: '%s.%s.%s'" % newer),
                           ('include/kiln/types.h', f'KILN_VERSION_MINOR {version[1]}', f'KILN_VERSION_MINOR {newer[1]}')):
        text = (there / name).read_text()
        assert old in text
        (there / name).write_text(text.replace(old, new))
    name = 'libkiln.so.%s.%s.%s' % newer
    build = there / 'build/dist/x86_64-gnu/build'
    done = subprocess.run(['ninja', '-C', build, f'-j{jobs}', name], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return build / name, None if done.returncode == 0 else done.stdout


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    args = p.parse_args()
    if not list(DIST.glob('kiln-*-x86_64-linux.tar.xz')):
        subprocess.run([ROOT / 'packaging/release/dist.py', f'--jobs={args.jobs}'], check=True, stdout=sys.stderr)
    tarball = next(DIST.glob('kiln-*-x86_64-linux.tar.xz'))
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    tap.case('SHA256SUMS', None if f'{digest}  {tarball.name}\n' in (DIST / 'SHA256SUMS').read_text() else 'another sum')
    tap.case('its entries', entries(tarball))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        with tarfile.open(tarball) as tar:
            tar.extractall(work)
        top = work / 'a place'
        (work / tarball.name.removesuffix('.tar.xz')).rename(top)
        files = [q for q in top.rglob('*') if q.is_file()]
        tap.case('no file has a path of this tree', '\n'.join(str(q) for q in files if str(ROOT).encode() in q.read_bytes()))
        elf = list(elf_files(top))
        tap.case('eight programs and libraries', None if len(elf) >= 8 else str(elf))
        tap.case('symbol versions up to GLIBC_2.28, and libc alone', '\n'.join(w for q in elf for w in needs(q)))
        for name in ('kiln', 'kiln-rustc'):
            tap.case(f'{name} is static', of_readelf(top / 'bin' / name, '-d').replace('There is no dynamic section in this file.', '').strip())
        tap.case('the archives need no names that one C library alone has', archives(top))
        tap.case('the shim exports functions of LLVM, and what shim.map names', '\n'.join(
            line for line in subprocess.run(['nm', '-D', '--defined-only', top / 'lib/kiln/libkiln-shim.so'], check=True, text=True,
                                            stdout=subprocess.PIPE).stdout.splitlines() if not re.search(r' T (LLVM|_ZN4llvm|kiln_shim_(because|count|variable)$)', line)))
        # pkg-config's words have no spaces.
        place = work / 'kiln'
        top.rename(place)
        square = place / EXAMPLES / 'embed/square.c'
        use = {'PKG_CONFIG_PATH': str(place / 'lib/pkgconfig'), 'LD_LIBRARY_PATH': str(place / 'lib'), 'PATH': f'{place}/bin:{os.environ["PATH"]}'}
        prints('C, by pkg-config', '144', f'gcc {square} $(pkg-config --cflags --libs kiln) -o square && ./square', work, **use)
        prints('it needs libkiln.so.3', '1', 'readelf -d square | grep -c "NEEDED.*libkiln.so.3"', work)
        prints('C, static', '144', f'gcc -static {square} $(pkg-config --static --cflags --libs kiln) -o static && ./static', work, **use)
        prints('the other libraries', '0', f'echo "#include <kiln/llvm.h>\n#include <kiln/kiln.h>\nint main(void) {{ return kiln_version() == 0; }}" > all.c && '
               'gcc all.c $(pkg-config --cflags --libs kiln kiln-text kiln-llvm kiln-as kiln-wasm kiln-wasmrt) -Wl,--no-as-needed -o all && ./all && echo $?', work, **use)
        prints('by musl-gcc', '144', f'musl-gcc -static -I{place}/include {square} {place}/lib/libkiln.a -o musl && ./musl', work)
        prints('what hello.c writes', 'Hello, world', f'gcc {place}/{EXAMPLES}/hello/hello.c $(pkg-config --cflags --libs kiln) -o hello && '
               './hello && gcc hello.o -o world && ./world', work, **use)
        prints('kiln run', '7', 'printf "func @main() -> i32 {\\nb0:\\n  ret 7\\n}\\n" > main.kir && (kiln run main.kir || echo $?)', work, **use)
        prints('kiln cargo', 'Hello, world!', 'cargo -q new --vcs none small && cd small && KILN_LOG=$PWD/log kiln cargo -q build && '
               'grep -qE "functions, [0-9]+ instr" log && target/debug/small', work, **use)
        there = work / 'another/folder/for/the/copy'
        copy_tree(there)
        with tarfile.open(tarball) as tar:
            epoch = str(tar.next().mtime)
        (there / 'build/dist').mkdir(parents=True)
        (there / 'build/dist/zig').symlink_to(DIST / 'zig')
        again = subprocess.run([there / 'packaging/release/dist.py', f'--jobs={args.jobs}'], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, 'SOURCE_DATE_EPOCH': epoch})
        made = there / 'build/dist' / tarball.name
        tap.case('another folder makes the same bytes', again.stdout if again.returncode else None if made.read_bytes() == tarball.read_bytes()
             else 'other bytes, or the tree was changed after ./dev dist')
        library, problem = next_version(there, args.jobs)
        tap.case('the next version of libkiln.so', problem)
        (work / 'next').mkdir()
        (work / 'next/libkiln.so.3').symlink_to(library)
        prints('a program of this one runs with it', '144', f'ldd ./square | grep -q {work}/next/libkiln.so.3 && ./square', work,
               LD_LIBRARY_PATH=str(work / 'next'))
    tap.finish()


if __name__ == '__main__':
    sys.exit(main())
