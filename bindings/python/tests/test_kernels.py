"""Calls from Python: arguments, arrays, buffers."""
import array
import ctypes
from typing import Any

import pytest

from kiln_codegen import Array, Kernel, Struct, bool_, f32, f64, i8, i16, i32, i64, pointer, ptr, u8, u32, u64


@pytest.fixture
def double(build: Any) -> Kernel:
    """Doubles n elements."""
    def body(f: Any, p: Any, n: Any) -> None:
        with f.range(n) as i:
            p[i] = p[i] * 2.0
    kernel: Kernel = build([pointer(f64), i64], None, body)
    return kernel


def test_buffers(double: Kernel) -> None:
    values = array.array('d', [1, 2, 3])
    assert double(values, 3) is None
    assert list(values) == [2, 4, 6]
    values.append(7)  # the buffer is not held any more
    double(memoryview(values)[1:], 2)
    assert list(values) == [2, 8, 12, 7]
    raw = bytearray(array.array('d', [1.5]).tobytes())
    double(raw, 1)
    assert array.array('d', bytes(raw))[0] == 3.0
    c = (ctypes.c_double * 2)(1, 2)
    double(c, 2)
    double(ctypes.cast(c, ctypes.POINTER(ctypes.c_double)), 2)
    double(ctypes.addressof(c), 2)
    double(ctypes.byref(c), 2)
    assert list(c) == [16, 32]
    double(None, 0)
    double(bytearray(), 0)
    double(array.array('d'), 0)


def test_wrong_buffers(double: Kernel) -> None:
    for wrong in (array.array('f', [1]), array.array('q', [1]), b'constant', memoryview(b'constant'), 'text', 1.5, [1.0], object(),
                  memoryview(array.array('d', [1, 2, 3]))[::2], True):
        with pytest.raises(TypeError):
            double(wrong, 0)
    with pytest.raises(TypeError):
        double()
    with pytest.raises(TypeError):
        double(None, 0, 0)
    with pytest.raises(TypeError):
        double(None, 0.0)
    with pytest.raises(OverflowError):
        double(None, 1 << 63)
    with pytest.raises(OverflowError):
        double(-1, 0)


def test_numpy(double: Kernel) -> None:
    numpy = pytest.importorskip('numpy')
    values = numpy.arange(6.0).reshape(2, 3)
    double(values, values.size)
    assert (values == 2 * numpy.arange(6.0).reshape(2, 3)).all()
    double(values[1], numpy.int32(3))
    assert values.tolist() == [[0, 2, 4], [12, 16, 20]]
    double(numpy.zeros(0), 0)
    double(numpy.zeros((0, 5))[:, ::2].copy(), 0)
    double(numpy.array(3.0), 1)
    frozen = numpy.ones(3)
    frozen.flags.writeable = False
    for wrong in (values[:, 0], values.T, values.astype('f4'), values.astype('>f8'), values.astype('i8'), frozen):
        with pytest.raises(TypeError):
            double(wrong, 0)


@pytest.mark.parametrize('t', [i8, u8, i16, i32, u32, i64, u64, f32, f64, bool_], ids=str)
def test_numpy_types(module: Any, t: Any) -> None:
    numpy = pytest.importorskip('numpy')
    with module.function('copy', [pointer(t), pointer(t, const=True), i64]) as f:
        to, source, n = f.params
        with f.range(n) as i:
            to[i] = source[i]
    kernel, dtype = module.jit()['copy'], numpy.dtype('bool' if t is bool_ else f'{t.name[0]}{t.size}')
    source = numpy.array([0, 1, 1, 0] if t is bool_ else [0, 1, 2, 100], dtype)
    source.flags.writeable = False
    to = numpy.zeros(4, dtype)
    kernel(to, source, 4)
    assert (to == source).all()
    with pytest.raises(TypeError):
        kernel(to, source.astype('c8'), 4)


def test_numbers(build: Any) -> None:
    kernel = build([u8, f32, bool_], f64, lambda f, a, x, c: f.select(c, a.to(f64), x.to(f64)))
    assert kernel(255, 0.5, True) == 255.0
    assert kernel(255, 0.5, 0) == 0.5
    assert kernel(1, 3, []) == 3.0
    for wrong in (256, -1):
        with pytest.raises(OverflowError):
            kernel(wrong, 0.5, True)
    for args in (('1', 0.5, True), (1.0, 0.5, True), (None, 0.5, True)):
        with pytest.raises(TypeError):
            kernel(*args)


def test_const_bytes(build: Any) -> None:
    def body(f: Any, p: Any, n: Any) -> Any:
        total = f.var(u64, 0)
        with f.range(n) as i:
            total.value += p[i].to(u64)
        return total.value
    kernel = build([pointer(u8, const=True), i64], u64, body)
    assert kernel(b'\1\2\3', 3) == 6
    assert kernel(bytearray(b'\xff\xff'), 2) == 510


def test_pointers_to_arrays_and_structs(build: Any) -> None:
    pair = Struct('pair', a=i32, b=i32)
    kernel = build([pointer(pair), pointer(Array(f64, 2)), ptr], f64, lambda f, p, q, r: q.at(1)[0] + p.get('b').to(f64))
    assert kernel(array.array('i', [1, 2]), array.array('d', [1, 2, 3, 4]), bytearray(1)) == 3 + 2
