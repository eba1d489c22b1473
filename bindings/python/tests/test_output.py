"""Objects and listings."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiln_codegen import Error, Jit, Module, f64, i32, i64, pointer, ptr

MAIN = '''
#include <stdio.h>
double dot(const double *a, const double *b, long n);
int main(void) {
  double a[] = {1, 2, 3}, b[] = {4, 5, 6};
  printf("%g\\n", dot(a, b, 3));
}
'''


def dot(m: Module) -> None:
    with m.function('dot', [pointer(f64, const=True), pointer(f64, const=True), i64], f64) as f:
        a, b, n = f.params
        total = f.var(f64, 0.0)
        with f.range(n) as i:
            total.value += a[i] * b[i]
        f.call(m.declare('puts', [ptr], i32), m.string('from the object'))
        f.ret(total.value)


@pytest.mark.skipif(shutil.which('gcc') is None, reason='no gcc to link with')
def test_object(module: Module, tmp_path: Path) -> None:
    dot(module)
    module.write_object(tmp_path / 'dot.o')
    (tmp_path / 'main.c').write_text(MAIN)
    subprocess.run(['gcc', 'main.c', 'dot.o', '-o', 'main'], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / 'main'], capture_output=True, text=True).stdout == 'from the object\n32\n'


def test_object_twice_and_jit(module: Module) -> None:
    dot(module)
    assert module.object() == module.object()
    with pytest.raises(Error):
        module.string('late')
    with Module('test') as other:
        dot(other)
        assert other.object() == module.object()


def test_open_function(module: Module, tmp_path: Path) -> None:
    f = module.function('f', [])
    with pytest.raises(Error):
        module.object()
    with pytest.raises(Error):
        module.jit()
    f.finish()
    with pytest.raises(OSError):
        module.write_object(tmp_path / 'no' / 'such' / 'folder')


def test_listing(module: Module) -> None:
    dot(module)
    kernel = module.jit()['dot']
    listing = kernel.listing()
    text = module._texts[0]
    # Each line of the text once, though not in its order, and each byte of the code once, in its order.
    assert sorted(r.text for r in listing.rows if not r.code and not r.text.startswith('  ;')) == sorted(text.rstrip('\n').split('\n'))
    assert b''.join(r.code for r in listing.rows) == listing.code.bytes
    offsets = [r.offset for r in listing.rows if r.code]
    assert offsets == sorted(offsets)
    assert [r.symbol for r in listing.code.relocations if r.symbol == 'puts'] == ['puts']
    bundle = kernel._repr_mimebundle_()
    assert bundle['text/plain'] == str(listing)
    assert bundle['text/html'].startswith('<table') and 'fmul.f64' in bundle['text/html']
    assert '&gt;' in bundle['text/html'] and '->' not in bundle['text/html']


def test_listing_by_capstone(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    dot(module)
    monkeypatch.setitem(sys.modules, 'capstone', None)
    plain = module.listing('dot')
    monkeypatch.undo()
    pytest.importorskip('capstone')
    assert re.search(r'\bmulsd xmm', str(module.listing('dot')))
    assert b''.join(r.code for r in plain.rows) == module.codes['dot'].bytes


def test_listing_is_the_code_in_memory(module: Module) -> None:
    """Where nothing is relocated, the bytes are those in memory."""
    import ctypes
    with module.function('f', [i64], i64) as f:
        f.ret(f.params[0] * 3 + 1)
    kernel = module.jit()['f']
    code = kernel.listing().code
    assert not code.relocations
    assert ctypes.string_at(kernel.address, len(code.bytes)) == code.bytes


def test_without_listings() -> None:
    with Module(listings=False) as m:
        dot(m)
        kernel = m.jit()['dot']
        with pytest.raises(KeyError):
            kernel.listing()
        assert 'text/html' not in kernel._repr_mimebundle_()


def test_gdb_and_perf_options(module: Module) -> None:
    dot(module)
    with Jit(gdb=True, process_symbols=True) as jit:
        assert jit.add(module)['dot'](bytes(8), bytes(8), 0) == 0.0


def test_raw() -> None:
    from kiln_codegen import __version__, raw
    major, minor, patch = map(int, __version__.split('.'))
    assert raw.kiln_version() == major * 1000000 + minor * 1000 + patch
    assert raw.kiln_type_name(raw.kiln_type.F64) == b'f64'
    assert [raw.kiln_type_size(t) for t in (raw.KILN_TYPE_I8, raw.KILN_TYPE_V128)] == [1, 16]
