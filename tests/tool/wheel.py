#!/usr/bin/env python3
"""wheel.py [--python=INTERPRETER]... [--jobs=N]: tests the wheels in dist/, which are made unless they are there:
what they contain; symbol versions and libraries that their libkiln.so needs; that the one for musl makes code that
runs. For each interpreter (default: python3) an environment in build/wheel gets the wheel, pytest, numpy, numba,
capstone and mypy by pip, and runs bindings/python/tests and mypy --strict; without the network that is skipped.

wheel.py --library=LIBRARY: without the network and zig: a wheel of that libkiln.so, by an interpreter that has pytest.
Speaks TAP."""
import argparse
import calendar
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
MACHINE = os.uname().machine
WORK, DIST = ROOT / 'build/wheel', ROOT / 'dist'
# The libraries that PEP 600 lets wheels need, those that libkiln does; musl is one file.
NEEDED = {'manylinux_2_28_x86_64': {'libc.so.6', 'libdl.so.2', 'libpthread.so.0', 'libm.so.6', 'ld-linux-x86-64.so.2'},
          'manylinux_2_28_aarch64': {'libc.so.6', 'libdl.so.2', 'libpthread.so.0', 'libm.so.6', 'ld-linux-aarch64.so.1'},
          'musllinux_1_2_x86_64': {'libc.so'}, 'musllinux_1_2_aarch64': {'libc.so'}}
MUSL = r'''
#include <kiln/kiln.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  const char *text = "declare @labs(i64) -> i64\nfunc @f(i64) -> i64 {\nb0(%x: i64):\n  %a = call @labs(%x)\n"
                     "  %b = mul.i64 %a, 3\n  ret %b\n}\n";
  kiln_module *m = kiln_module_new(NULL);
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK) return 1;
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_session *const sessions[] = {s};
  kiln_jit_input input = {.module = m, .sessions = sessions, .n_sessions = 1};
  kiln_jit_error error = {0};
  if (kiln_jit_add(jit, 0, &input, 1, NULL, &error) != KILN_OK) return puts(error.diag.message), 2;
  long (*f)(long) = (long (*)(long))kiln_jit_lookup(jit, "f");
  printf("%ld\n", f(-14));
  kiln_jit_free(jit);
  kiln_session_free(s);
  kiln_module_free(m);
  return 0;
}
'''


def of_readelf(library, *options):
    return subprocess.run(['readelf', '-W', *options, library], check=True, text=True, stdout=subprocess.PIPE).stdout


def contents(wheel):
    """What is wrong with the files of a wheel."""
    with zipfile.ZipFile(wheel) as z:
        infos = z.infolist()
        names = [i.filename for i in infos]
        wrong = [f'{i.filename}: mode {i.external_attr >> 16:o}' for i in infos
                 if i.external_attr >> 16 != (0o100755 if i.filename.endswith('.so') else 0o100644)]
        wrong += [f'no {n}' for n in ('kiln_codegen/libkiln.so', 'kiln_codegen/py.typed', 'kiln_codegen/_bindings.py') if n not in names]
        if len({i.date_time for i in infos}) != 1 or len(set(names)) != len(names):
            wrong.append('several times, or a name twice')
        tree = str(ROOT).encode()
        wrong += [f'{n} has the path of this tree' for n in names if tree in z.read(n)]
        record = next(n for n in names if n.endswith('/RECORD'))
        listed = {line.split(',')[0] for line in z.read(record).decode().splitlines()}
        if listed != set(names):
            wrong.append(f'RECORD: {sorted(listed ^ set(names))}')
    return '\n'.join(wrong)


def needs(library, tag):
    """What is wrong with what a library needs."""
    needed = set(re.findall(r'NEEDED.*\[(.*)\]', of_readelf(library, '-d')))
    wrong = [f'needs {n}' for n in sorted(needed - NEEDED[tag])]
    versions = {tuple(map(int, v.split('.'))) for v in re.findall(r'\bGLIBC_([\d.]+)', of_readelf(library, '-V'))}
    if tag.startswith('musllinux') and versions:
        wrong.append('has versions of glibc')
    if tag.startswith('manylinux'):  # what is weak may be missing
        wrong += [f'{name}: glibc 2.28 has none' for name in re.findall(r'(?m) GLOBAL +DEFAULT +UND (\w+)$', of_readelf(library, '--dyn-syms'))]
    wrong += [f'GLIBC_{".".join(map(str, v))}' for v in sorted(versions) if v > (2, 28)]
    return '\n'.join(wrong)


def musl(tap, library, work):
    """A program of musl that uses the library."""
    (work / 'musl.c').write_text(MUSL)
    if tap.run('musl: a program is linked', ['musl-gcc', '-I', ROOT / 'include', 'musl.c', library, '-o', 'musl'], cwd=work) is None:
        return
    done = subprocess.run([work / 'musl'], env={'LD_LIBRARY_PATH': str(library.parent)}, capture_output=True, text=True)
    tap.case('musl: its code runs', None if done.stdout == '42\n' else f'status {done.returncode}: {done.stdout}{done.stderr}')


def wheels(jobs):
    found = sorted(DIST.glob('*.whl'))
    if not found:
        subprocess.run([ROOT / 'bindings/python/wheel.py', f'--jobs={jobs}'], check=True, stdout=sys.stderr)
        found = sorted(DIST.glob('*.whl'))
    return found


def again(wheel, library, tag, work):
    """The wheel that is made a second time of the same library is the same."""
    made = work / 'again'
    with zipfile.ZipFile(wheel) as z:
        at = calendar.timegm(z.infolist()[0].date_time)
    subprocess.run([ROOT / 'bindings/python/wheel.py', f'--library={library}', f'--tag={tag}', f'--out={made}'], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, 'SOURCE_DATE_EPOCH': str(at)})
    same = [hashlib.sha256(p.read_bytes()).digest() for p in (wheel, made / wheel.name)]
    return None if same[0] == same[1] else 'other bytes, or the tree was changed after ./dev wheel'


def environment(interpreter):
    """An environment with what the tests use, or the reason why there is none."""
    version = subprocess.run([interpreter, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    python = WORK / f'test-{version}' / 'bin/python'
    if not python.exists():
        subprocess.run([interpreter, '-m', 'venv', python.parent.parent], check=True)
    done = subprocess.run([python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', 'pytest', 'numpy', 'numba', 'capstone', 'mypy'],
                          capture_output=True, text=True)
    return python, version, None if done.returncode == 0 else 'pip cannot install pytest: is there a network?'


def run_tests(tap, python, name, **more):
    tap.run(f'{name}: bindings/python/tests', [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', ROOT / 'bindings/python/tests'], **more)


def released(tap, args, work):
    for wheel in wheels(args.jobs):
        tag = wheel.stem.split('-')[-1]
        tap.case(f'{tag}: files', contents(wheel))
        folder = work / tag
        with zipfile.ZipFile(wheel) as z:
            library = Path(z.extract('kiln_codegen/libkiln.so', folder))
        tap.case(f'{tag}: symbol versions and libraries', needs(library, tag))
        tap.case(f'{tag}: the same bytes again', again(wheel, library, tag, work))
        if not tag.endswith(MACHINE):
            tap.case(f'{tag}: pip install', skip=f'this machine is {MACHINE}')
            continue
        if tag.startswith('musllinux'):
            musl(tap, library, work)
            continue
        for interpreter in args.python or ['python3']:
            python, version, why = environment(interpreter)
            if why:
                tap.case(f'Python {version}', skip=why)
                continue
            if tap.run(f'Python {version}: pip install', [python, '-m', 'pip', 'install', '-q', '--no-index', '--force-reinstall', wheel]) is not None:
                run_tests(tap, python, f'Python {version}', cwd=work)
                tap.run(f'Python {version}: mypy --strict', [python, '-m', 'mypy', '--strict', '--cache-dir', work / 'mypy', '-p', 'kiln_codegen'],
                        cwd=work)
                tap.run(f'Python {version}: mypy --strict of a program', [python, '-m', 'mypy', '--strict', '--cache-dir', work / 'mypy',
                                                                          ROOT / 'examples/python/stencil.py'])


def local(tap, args, work):
    subprocess.run([ROOT / 'bindings/python/wheel.py', f'--library={args.library}', f'--out={work}'], check=True, stdout=subprocess.DEVNULL)
    wheel = next(work.glob('*.whl'))
    tap.case('files', contents(wheel))
    tap.case('the same bytes again', again(wheel, args.library, f'linux_{MACHINE}', work))
    try:
        subprocess.run([sys.executable, '-m', 'pip', '--version'], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        tap.case('bindings/python/tests', skip='no pip: python3-pip has it')
        return
    for python in [sys.executable, '/usr/bin/python3', *sorted(WORK.glob('test-*/bin/python'))]:
        if subprocess.run([python, '-c', 'import pytest'], capture_output=True).returncode == 0:
            break
    else:
        tap.case('bindings/python/tests', skip='no pytest: python3-pytest has it, ./dev wheel-test installs it')
        return
    site = work / 'site'
    if tap.run('pip install', [sys.executable, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-index', '--no-deps', '--target', site, wheel]) is not None:
        run_tests(tap, python, 'built here', cwd=work, env={**os.environ, 'PYTHONPATH': str(site)})
        if subprocess.run([python, '-c', 'import llvmlite'], capture_output=True).returncode != 0:
            tap.case('kiln_codegen.llvmlite', skip='no llvmlite: python3-llvmlite has it')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--python', action='append')
    p.add_argument('--library', type=Path)
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    args = p.parse_args()
    tap, work = Tap(), Path(tempfile.mkdtemp(prefix='kiln-wheel-'))
    try:
        (local if args.library else released)(tap, args, work)
    finally:
        shutil.rmtree(work)
    tap.finish()


if __name__ == '__main__':
    main()
