"""kiln_codegen.llvmlite: engines of llvmlite, and numba, by Kiln."""
import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

llvm = pytest.importorskip('llvmlite.binding')

from kiln_codegen import llvmlite as served  # noqa: E402
from kiln_codegen._bitcode import compile as compile_bitcode  # noqa: E402

SQUARES = '''
define i64 @squares(i64 %n) {
  %last = icmp eq i64 %n, 0
  br i1 %last, label %done, label %more
more:
  %square = mul i64 %n, %n
  %less = sub i64 %n, 1
  %rest = call i64 @squares(i64 %less)
  %sum = add i64 %square, %rest
  ret i64 %sum
done:
  ret i64 0
}
'''
# Kiln has no such convention.
REFUSED = 'define ghccc void @refused() { ret void }\ndefine i64 @squares(i64 %n) { ret i64 55 }\n'


@pytest.fixture
def machine() -> Iterator[Any]:
    try:
        llvm.initialize()  # llvmlite 0.45 and newer do it themselves
    except RuntimeError:
        pass
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    served.install()
    yield llvm.Target.from_default_triple().create_target_machine()
    served.uninstall()


def parse(text: str) -> Any:
    module = llvm.parse_assembly(f'target triple = "{llvm.get_process_triple()}"\n{text}')
    module.name = 'squares'
    return module


def squares(engine: Any) -> int:
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address('squares'))
    return int(call(5))


def test_module(machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('KILN_LOG', str(tmp_path / 'log'))
    before = served.counts()
    assert squares(llvm.create_mcjit_compiler(parse(SQUARES), machine)) == 55
    after = served.counts()
    assert (after.kiln - before.kiln, after.llvm - before.llvm) == (1, 0)
    assert (tmp_path / 'log').read_text() == 'squares: 1 functions, 8 instructions\n'


def test_added_later(machine: Any) -> None:
    before = served.counts().kiln
    engine = llvm.create_mcjit_compiler(parse(''), machine)
    engine.add_module(parse(SQUARES))
    assert squares(engine) == 55
    assert served.counts().kiln - before == 2


def test_refused(machine: Any) -> None:
    before = served.counts()
    assert squares(llvm.create_mcjit_compiler(parse(REFUSED), machine)) == 55
    after = served.counts()
    assert (after.kiln - before.kiln, after.llvm - before.llvm) == (0, 1)
    new = {reason for reason, n in after.reasons.items() if n > before.reasons.get(reason, 0)}
    assert len(new) == 1 and 'calling convention' in new.pop()


def test_programs_own_cache(machine: Any) -> None:
    made: List[Tuple[str, bytes]] = []
    engine = llvm.create_mcjit_compiler(parse(SQUARES), machine)
    engine.set_object_cache(lambda module, made_: made.append((module.name, made_)), None)
    assert squares(engine) == 55
    assert [name for name, _ in made] == ['squares'] and made[0][1] == compile_bitcode(parse(SQUARES).as_bitcode(), 'squares').object
    before = served.counts()
    other = llvm.create_mcjit_compiler(parse('define i64 @squares(i64 %n) { ret i64 1 }'), llvm.Target.from_default_triple().create_target_machine())
    other.set_object_cache(None, lambda module: made[0][1])
    assert squares(other) == 55
    after = served.counts()
    assert (after.kiln, after.llvm, after.kept - before.kept) == (before.kiln, before.llvm, 1)


def test_uninstalled(machine: Any) -> None:
    served.install()  # again
    served.uninstall()
    before = served.counts()
    assert squares(llvm.create_mcjit_compiler(parse(SQUARES), machine)) == 55
    assert served.counts() == before


def test_threads(machine: Any) -> None:
    import concurrent.futures

    def one(_: int) -> int:
        with llvm.create_mcjit_compiler(parse(SQUARES), llvm.Target.from_default_triple().create_target_machine()) as engine:
            return squares(engine)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(40))) == [55] * 40


PROGRAM = '''
import sys
import numba
import numpy
@numba.njit
def table(n):
    d = {0: 0}
    for i in range(n):
        d[i % 7] = d.get(i % 7, 0) + i
    return sum([d[k] for k in range(7)]), 'x' + str(len(d))
@numba.vectorize(['float64(float64, float64)'])
def v(a, b):
    return a * b + 1
@numba.njit(cache=True)
def fails(x):
    if x > 2:
        raise ValueError('above')
    return numpy.sort(numpy.array([3.5, x, 1]))
print(table(100), v(numpy.arange(4.0), 2).tolist(), fails(2).tolist())
try:
    fails(3)
except ValueError as e:
    print(e, sys.argv[1:])
'''


@pytest.mark.parametrize('opt', [0, 3])
def test_numba(tmp_path: Path, opt: int) -> None:
    pytest.importorskip('numba')
    (tmp_path / 'program.py').write_text(PROGRAM, encoding='utf-8')
    env = {**os.environ, 'NUMBA_OPT': str(opt), 'KILN_LOG': str(tmp_path / 'log'), 'NUMBA_CACHE_DIR': str(tmp_path / 'cache')}
    words = [sys.executable, '-m', 'kiln_codegen.llvmlite']
    # A module of numba's cache is not compiled again.
    for way in ([*words, 'program.py'], [*words, '-m', 'program'], [sys.executable, 'program.py']):
        said = subprocess.run([*way, 'a', '-m'], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
        assert said == "(4950, 'x7') [1.0, 3.0, 5.0, 7.0] [1.0, 2.0, 3.5]\nabove ['a', '-m']\n"
    log = (tmp_path / 'log').read_text(encoding='utf-8').splitlines()
    assert log and not [line for line in log if 'by LLVM' in line]
