"""Compiles libkiln.so for a wheel: by zig for an old glibc, by musl-gcc for musl. The same sources give the same bytes,
wherever the tree is."""
import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MACHINE = os.uname().machine
# The folders of the library's sources, as in bindings/rust/kiln-sys/build.rs, and the reader of bitcode; check/ belongs to checking builds alone.
SOURCES = ('base', 'ir', 'lib', 'runtime', 'targets', 'frontends/llvm')
# No paths, no dates, no addresses of the build in the output.
FLAGS = ['-std=gnu11', '-O3', '-DNDEBUG', '-fPIC', '-fvisibility=hidden', '-fno-semantic-interposition', '-g0',
         f'-ffile-prefix-map={ROOT}=.', '-I', 'include', '-I', '.', '-I', 'frontends/llvm']
LINK = ['-shared', '-Wl,-z,defs', '-Wl,--build-id=none', '-Wl,-s', '-Wl,-z,noexecstack', '-Wl,-z,relro', '-Wl,-z,now']


class Kind(NamedTuple):
    """A kind of libkiln.so."""
    tag: str              # the platform of the wheel
    compiler: list[str]   # with its own options
    libraries: list[str]  # beside libc


def glibc(python: Path, arch: str) -> Kind:
    """For glibc 2.28 and newer on the processor `arch`, by the package ziglang of an environment whose interpreter is
    `python`. Its compiler would add checks for undefined behaviour."""
    return Kind(f'manylinux_2_28_{arch}',
                [str(python), '-m', 'ziglang', 'cc', '-target', f'{arch}-linux-gnu.2.28', '-fno-sanitize=undefined'],
                ['-ldl', '-lpthread'])


def musl(folder: Path) -> Kind:
    """For musl 1.2 and newer on this processor. musl-gcc does not look for the kernel's headers, which `folder` gets links to. libgcc's
    parts are linked in: Alpine's Python need not have libgcc_s."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, where in (('linux', '/usr/include/linux'), ('asm-generic', '/usr/include/asm-generic'),
                        ('asm', f'/usr/include/{MACHINE}-linux-gnu/asm')):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(where)
    return Kind(f'musllinux_1_2_{MACHINE}', ['musl-gcc', '-idirafter', str(folder), '-static-libgcc'], [])


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob('*.c')):
            if 'check' not in path.relative_to(ROOT).parts and not for_windows(path):
                yield path.relative_to(ROOT)


def for_windows(path: Path | str) -> bool:
    """Whether a source is for Windows alone."""
    return os.path.basename(path) == 'windows.c' or str(path).endswith('_windows.c')


def run(words: list[str]) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'{" ".join(words)}\n{done.stderr}')


def build(kind: Kind, folder: Path, jobs: int) -> Path:
    """Compiles the library in `folder`, all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    objects, commands = [], []
    for source in sources():
        out = folder / (str(source).replace('/', '-')[:-2] + '.o')
        objects.append(str(out))
        commands.append([*kind.compiler, *FLAGS, '-c', str(source), '-o', str(out)])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, commands))
    library = folder / 'libkiln.so'
    run([*kind.compiler, *LINK, '-Wl,-soname,libkiln.so', *objects, '-o', str(library), *kind.libraries])
    os.chmod(library, 0o755)
    return library
