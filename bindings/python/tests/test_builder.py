"""Blocks, loops, variables, calls, memory, data."""
import ctypes
import math
import platform
from typing import Any

import pytest

from kiln_codegen import (Array, Error, Module, Signature, Struct, bool_, f32, f64, i8, i16, i32, i64, pointer, ptr, u8, u16,
                          u32, u64, v128)


def test_if_else(build: Any) -> None:
    def body(f: Any, a: Any) -> Any:
        out = f.var(i64, 7)
        with f.if_else(a < 0) as (then, otherwise):
            with then:
                out.value = -1
            with otherwise:
                with f.if_(a > 10):
                    out.value = 1
        with f.if_(a == 5):
            f.ret(55)
        return out.value
    kernel = build([i64], i64, body)
    assert [kernel(a) for a in (-3, 0, 5, 10, 11)] == [-1, 7, 55, 7, 1]


@pytest.mark.parametrize('t', [i8, u8, i16, u16, i32, u32, i64, u64], ids=str)
@pytest.mark.parametrize('step', [1, 2, 3, 100, -1, -3, -100])
def test_range(build: Any, t: Any, step: int) -> None:
    def body(f: Any, start: Any, stop: Any) -> Any:
        out = f.var(u64, 0)
        with f.range(start, stop, step) as i:
            out.value = out.value * 31 + i.to(i64).to(u64) + 1
        return out.value
    kernel = build([t, t], u64, body)
    least, most = t.range()
    for start, stop in [(0, 0), (0, 10), (10, 0), (5, 6), (most - 5, most), (least, least + 5), (most, most - 7), (least + 5, least)]:
        want = 0
        for i in range(start, stop, step):
            want = (want * 31 + i + 1) % (1 << 64)
        assert kernel(start, stop) == want, (start, stop)


def test_range_wraps_not(build: Any) -> None:
    """From one end of the type to the other, in steps that do not divide it."""
    def body(f: Any, start: Any, stop: Any) -> Any:
        out = f.var(i64, 0)
        with f.range(start, stop, 100) as _:
            out.value += 1
        return out.value
    assert build([i8, i8], i64, body)(-128, 127) == len(range(-128, 127, 100))


def test_loop(build: Any) -> None:
    def gcd(f: Any, a: Any, b: Any) -> Any:
        x, y = f.var(i64, a), f.var(i64, b)
        with f.loop() as loop:
            loop.break_if(y.value == 0)
            rest = x.value % y.value
            x.value = y.value
            y.value = rest
        return x.value
    kernel = build([i64, i64], i64, gcd)
    for a, b in ((12, 18), (17, 5), (0, 4), (1 << 40, 1 << 20)):
        assert kernel(a, b) == math.gcd(a, b)


def test_blocks(build: Any) -> None:
    def fibonacci(f: Any, n: Any) -> Any:
        head, body, end = f.block(i64, i64, i64), f.block(), f.block(i64)
        f.br(head, n, 0, 1)
        head.begin()
        left, a, b = head.params
        f.brif(left > 0, body, end, (), [a])
        body.begin()
        f.br(head, left - 1, b, a + b)
        end.begin()
        return end.params[0]
    kernel = build([i64], i64, fibonacci)
    assert [kernel(n) for n in range(10)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]


def test_switch(build: Any) -> None:
    def body(f: Any, a: Any) -> None:
        blocks = {n: f.block() for n in (1, 5, 1000, -3)}
        default = f.block()
        f.switch(a, default, blocks)
        for n, block in blocks.items():
            block.begin()
            f.ret(n * 2)
        default.begin()
        f.ret(0)
    kernel = build([i32], i32, body)
    assert [kernel(n) for n in (1, 2, 5, 1000, -3)] == [2, 0, 10, 2000, -6]


def test_calls(module: Module) -> None:
    labs = module.declare('labs', [i64], i64)
    sqrt = module.declare('sqrt', [f64], f64)
    with module.function('twice', [i64], i64) as f:
        f.ret(f.value_of(labs, f.params[0]) * 2)
    with module.function('both', [i64, f64], f64) as f:
        f.ret(f.value_of(sqrt, f.params[1]) + f.value_of(module.functions['twice'], f.params[0]).to(f64))
    with module.function('by', [ptr, i64], i64) as f:
        f.ret(f.value_of(f.params[0], f.params[1], signature=Signature([i64], i64)))
    with module.function('factorial', [i64], i64) as f:
        n, = f.params
        with f.if_(n <= 1):
            f.ret(1)
        f.ret(n * f.value_of(f, n - 1))
    unit = module.jit()
    assert unit['both'](-4, 9.0) == 11.0
    assert unit['by'](unit['twice'], -8) == 16
    assert unit['factorial'](20) == math.factorial(20)


def test_variadic(module: Module) -> None:
    snprintf = module.declare('snprintf', [ptr, i64, ptr], i32, variadic=True)
    with module.function('f', [pointer(u8), i64, f64], i32) as f:
        to, n, x = f.params
        f.ret(f.value_of(snprintf, to, 100, module.string('%ld and %.2f'), n, x))
    buffer = bytearray(100)
    assert module.jit()['f'](buffer, 42, 2.5) == len('42 and 2.50')
    assert buffer.startswith(b'42 and 2.50\0')


def test_callbacks(module: Module) -> None:
    from kiln_codegen import Jit
    said: list = []
    say = ctypes.CFUNCTYPE(None, ctypes.c_int64)(said.append)
    with module.function('f', [i64]) as f:
        with f.range(f.params[0]) as i:
            f.call(module.declare('say', [i64]), i * i)
    with Jit(symbols={'say': say}) as jit:
        jit.add(module)['f'](4)
    assert said == [0, 1, 4, 9]


def test_structs(build: Any) -> None:
    point = Struct('point', tag=i8, x=f64, n=i32, tail=Array(i16, 3))

    class Point(ctypes.Structure):
        _fields_ = [('tag', ctypes.c_int8), ('x', ctypes.c_double), ('n', ctypes.c_int32), ('tail', ctypes.c_int16 * 3)]
    assert point.size == ctypes.sizeof(Point)
    assert point.offsets == {name: getattr(Point, name).offset for name in ('tag', 'x', 'n', 'tail')}

    def body(f: Any, p: Any, n: Any) -> Any:
        with f.range(n) as i:
            q = p.at(i)
            q.set('x', q.get('x') * 2.0)
            q.field('n').store(q.get('tag').to(i32) + 1)
            q.field('tail')[i] = i.to(i16)
        return n
    points = (Point * 3)(*[Point(i, i + 0.5, 0) for i in range(3)])
    build([pointer(point), i64], i64, body)(points, 3)
    assert [list(p.tail) for p in points] == [[0, 0, 0], [0, 1, 0], [0, 0, 2]]
    assert [(p.x, p.n) for p in points] == [(1.0, 1), (3.0, 2), (5.0, 3)]


def test_memory(build: Any) -> None:
    def body(f: Any, p: Any, n: Any) -> Any:
        a = f.slot(Array(i32, 10))
        with f.range(10) as i:
            a[i] = (i * i).to(i32)
        q = f.slot(i64)
        q.store(5)
        f.memcpy(p, a, 40)
        f.memset(p + 9, 0, 4)
        return a[n].to(i64) + q.load()
    out = (ctypes.c_int32 * 10)()
    assert build([pointer(i32), i64], i64, body)(out, 7) == 54
    assert list(out) == [0, 1, 4, 9, 16, 25, 36, 49, 64, 0]


def test_data(module: Module) -> None:
    table = module.array('table', i32, [3, -1, 4])
    pair = Struct('pair', to=pointer(i32), n=u16)
    where = module.struct('where', pair, to=table, n=3)
    counter = module.data('counter', 8, to=i64)
    with module.function('f', [], i64) as f:
        w, c = f.address(where), f.address(counter)
        c[0] = c[0] + 1
        f.ret(w.get('to')[2].to(i64) * w.get('n').to(i64) + f.address(table)[1].to(i64) + c[0])
    unit = module.jit()
    assert [unit['f'](), unit['f']()] == [12, 13]
    assert ctypes.c_int64.from_address(unit.address('counter')).value == 2


def test_operations_by_name(build: Any) -> None:
    def body(f: Any, a: Any) -> Any:
        total, over = f.saddo(a, 1)
        return f.select(over, -1, f.popcnt(f.bswap(total)) + f.smax(a, 3))
    kernel = build([i64], i64, body)
    assert kernel(6) == 3 + 6
    assert kernel((1 << 63) - 1) == -1


def test_vectors(build: Any) -> None:
    def body(f: Any, p: Any, x: Any) -> None:
        v = f.load(v128, p)
        f.store(f.vfadd(f32, f.vfmul(f32, v, f.vsplat(v128, f32, x)), v), p)
        f.ret(f.vextract(f32, v, 2))
    data = (ctypes.c_float * 4)(1, 2, 3, 4)
    assert build([pointer(f32), f32], f32, body)(data, 10.0) == 3.0
    assert list(data) == [11, 22, 33, 44]


def test_small_integers_of_a_caller(build: Any) -> None:
    """Bits above an argument's type do not matter."""
    kernel = build([u8, i16, bool_], i64, lambda f, a, b, c: a.to(i64) + b.to(i64) + c.to(i64))
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(kernel.address)
    assert call(0xabc05, 0xabcfffe, 1) == 4


def test_text_round_trip(module: Module) -> None:
    with module.function('f', [i64, f64], f64) as f:
        a, x = f.params
        with f.range(a) as i:
            with f.if_(i % 3 == 0):
                f.call(module.declare('puts', [ptr], i32), module.string('three'))
        f.ret(x * 2.0)
    text = str(module)
    with Module.parse(text, 'test') as again:
        assert str(again) == text
        assert again.functions['f'].signature == module.functions['f'].signature
        assert again.jit()['f'](-1, 1.5) == 3.0


def test_parse_and_call() -> None:
    text = 'func @square(i64) -> i64 {\nb0(%x: i64):\n  %a = mul.i64 %x, %x\n  ret %a\n}\n'
    with Module.parse(text) as m:
        assert m.jit()['square'](-9) == 81


def test_redefinition() -> None:
    from kiln_codegen import Jit
    with Jit() as jit:
        for factor in (2, 3):
            m = Module()
            with m.function('f', [i64], i64) as f:
                f.ret(f.params[0] * factor)
            if factor == 2:
                with m.function('g', [i64], i64) as f:
                    f.ret(f.value_of(m.functions['f'], f.params[0]) + 1)
                first = jit.add(m, redefinable=True)
                assert first['g'](10) == 21
            else:
                jit.add(m, redefinable=True)
        assert first['g'](10) == 31


def test_find_pc() -> None:
    from kiln_codegen import Frame, Jit
    with Jit() as jit:
        m = Module()
        with m.function('f', [i64], i64) as f:
            f.ret(f.params[0] * 3)
        unit = jit.add(m)
        at = unit.address('f')
        found = jit.find_pc(at + 1)
        assert found is not None
        assert (found.address, found.frames) == (at, [Frame('f', '', 0, 0)])
        assert jit.find_pc(at + found.size - 1) == found
        assert jit.find_pc(1) is None
        unit.remove()
        assert jit.find_pc(at + 1) is None


def test_lazy_functions() -> None:
    from kiln_codegen import Jit, Unit
    seen: 'list[str]' = []
    with Jit() as jit:
        def compile(name: str) -> Unit:
            seen.append(name)
            m = Module()
            with m.function(name, [i64], i64) as f:
                f.ret(f.params[0] * 3)
            return jit.add(m)

        address = jit.declare_lazy('late', compile)
        m = Module()
        late = m.declare('late', [i64], i64)
        with m.function('f', [i64], i64) as f:
            f.ret(f.call(late, f.params[0]) + 1)
        g = jit.add(m)['f']
        assert (seen, jit.find('late')) == ([], address)
        assert (g(2), g(3), seen) == (7, 10, ['late'])
        negated = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(lambda x: -x)
        other = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(jit.declare_lazy('other', lambda name: negated))
        assert other(5) == -5
        jit.remove_lazy('other')
        for wrong in (lambda: jit.remove_lazy('other'), lambda: jit.declare_lazy('f', compile), lambda: jit.declare_lazy('', compile)):
            with pytest.raises(Error):
                wrong()
        with pytest.raises(TypeError):
            jit.declare_lazy('g', None)  # type: ignore[arg-type]


def test_discarded_after_an_exception(module: Module) -> None:
    with pytest.raises(KeyError):
        with module.function('f', [], i64):
            raise KeyError('of the user')
    with module.function('f', [], i64) as f:
        f.ret(3)
    assert module.jit()['f']() == 3


def test_object_of_another_machine() -> None:
    other, number = ('x86_64', 62) if platform.machine() == 'aarch64' else ('aarch64', 183)  # EM_X86_64, EM_AARCH64
    with Module(target=other) as m:
        with m.function('f', [i64], i64) as f:
            f.ret(f.params[0] + 1)
        assert m.object()[18:20] == number.to_bytes(2, 'little')
        with pytest.raises(Error):
            m.jit()
