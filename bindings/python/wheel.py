#!/usr/bin/env python3
"""wheel.py [--kind=manylinux|musllinux]... [--arch=x86_64|aarch64]... [--library=FILE --tag=TAG] [--out=FOLDER]
[--jobs=N]: makes wheels of kiln-codegen, the Python package in this folder, in dist/ (FOLDER), and prints their paths.
Each contains a libkiln.so: one that zig compiles for glibc 2.28 (manylinux; PyPI's ziglang is installed in build/wheel
for that), one by musl-gcc (musllinux); by default both, for this processor. For the other processor there is no
musllinux. --library: that one, for platform TAG.

The same commit makes the same bytes: times are $SOURCE_DATE_EPOCH, by default the commit's. README.md is what PyPI
shows. `./dev wheel-test` tests the wheels."""
import argparse
import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import bindings
import library

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'packaging/release'))
import project  # noqa: E402

NAME, PACKAGE = 'kiln-codegen', 'kiln_codegen'
ZIG = 'ziglang==0.17.1'
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROJECT = [('repository', 'Project-URL: Source, {}\n'), ('maintainer', 'Maintainer-email: {}\n')]
METADATA = '''\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: Machine code from Python: a fast code generator, as a JIT and for ELF objects
License: Apache-2.0 WITH LLVM-exception
License-File: LICENSE
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Topic :: Software Development :: Code Generators
Classifier: Topic :: Software Development :: Compilers
Classifier: Typing :: Typed
Requires-Python: >=3.9
Provides-Extra: listing
Requires-Dist: capstone; extra == "listing"
{project}Description-Content-Type: text/markdown

{readme}'''
WHEEL = 'Wheel-Version: 1.0\nGenerator: kiln\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n'


def version() -> str:
    text = (ROOT / 'include/kiln/types.h').read_text(encoding='utf-8')
    return '.'.join(re.findall(r'(?m)^#define KILN_VERSION_\w+ (\d+)', text))


def epoch() -> int:
    if 'SOURCE_DATE_EPOCH' in os.environ:
        return int(os.environ['SOURCE_DATE_EPOCH'])
    done = subprocess.run(['git', 'log', '-1', '--format=%ct'], cwd=ROOT, capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 315532800


def contents(shared: Path, tag: str) -> dict[str, bytes]:
    """The files of the wheel, but for RECORD."""
    files = {f'{PACKAGE}/{p.name}': p.read_bytes() for p in (HERE / PACKAGE).iterdir() if p.suffix == '.py' or p.name == 'py.typed'}
    with tempfile.TemporaryDirectory() as folder:
        bindings.write(ROOT / 'include', Path(folder), os.environ.get('CC', 'cc').split())
        files.update({f'{PACKAGE}/{p.name}': p.read_bytes() for p in Path(folder).iterdir()})
    files[f'{PACKAGE}/libkiln.so'] = shared.read_bytes()
    info = f'{PACKAGE}-{version()}.dist-info'
    readme = (HERE / 'README.md').read_text(encoding='utf-8')
    about = project.fields()
    lines = ''.join(line.format(about[name]) for name, line in PROJECT if about[name])
    files[f'{info}/METADATA'] = METADATA.format(name=NAME, version=version(), project=lines, readme=readme).encode()
    files[f'{info}/WHEEL'] = WHEEL.format(tag=tag).encode()
    files[f'{info}/licenses/LICENSE'] = (ROOT / 'LICENSE').read_bytes()
    return files


def write(shared: Path, tag: str, out: Path) -> Path:
    files, record = contents(shared, tag), f'{PACKAGE}-{version()}.dist-info/RECORD'
    rows = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b'=').decode()
        rows.append(f'{name},sha256={digest},{len(files[name])}\n')
    files[record] = ''.join([*rows, f'{record},,\n']).encode()
    out.mkdir(parents=True, exist_ok=True)
    path = out / f'{PACKAGE}-{version()}-py3-none-{tag}.whl'
    at = time.gmtime(max(epoch(), 315532800))[:6]  # zip begins with 1980
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        # What describes the package stands at the end, as installers prefer.
        for name in sorted(files, key=lambda n: ('.dist-info/' in n, n == record, n)):
            entry = zipfile.ZipInfo(name, at)
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name.endswith('.so') else 0o100644) << 16
            z.writestr(entry, files[name])
    return path


def zig(folder: Path) -> Path:
    """The interpreter of an environment that has ziglang, in `folder`."""
    python = folder / 'bin/python'
    if not python.exists():
        subprocess.run([sys.executable, '-m', 'venv', str(folder)], check=True)
    subprocess.run([str(python), '-m', 'pip', 'install', '-q', '--disable-pip-version-check', ZIG], check=True)
    return python


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--kind', choices=('manylinux', 'musllinux'), action='append')
    p.add_argument('--library', type=Path)
    p.add_argument('--arch', choices=('x86_64', 'aarch64'), action='append')
    p.add_argument('--tag', default=f'linux_{library.MACHINE}')
    p.add_argument('--out', type=Path, default=ROOT / 'dist')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    args = p.parse_args()
    if args.library:
        print(write(args.library, args.tag, args.out))
        return
    work = ROOT / 'build/wheel'
    kinds, arches = args.kind or ('manylinux', 'musllinux'), args.arch or [library.MACHINE]
    hows = [library.glibc(zig(work / 'zig'), arch) for arch in arches if 'manylinux' in kinds]
    if library.MACHINE in arches and 'musllinux' in kinds:
        hows.append(library.musl(work / 'kernel'))
    for how in hows:
        print(write(library.build(how, work / how.tag, args.jobs), how.tag, args.out))


if __name__ == '__main__':
    main()
