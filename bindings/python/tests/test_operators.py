"""Operators of values give what Python's operators give, modulo the width."""
import itertools
import math
import operator
import struct
from typing import Any

import pytest

from kiln_codegen import bool_, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64

INTEGERS = [i8, u8, i16, u16, i32, u32, i64, u64]
BINARY = [operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor, operator.floordiv, operator.mod]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


def wrapped(n: int, t: Any) -> int:
    n &= (1 << t.bits) - 1
    return n - (1 << t.bits) if t.signed and n >> (t.bits - 1) else n


def samples(t: Any) -> list:
    least, most = t.range()
    return sorted({least, least + 1, most, most - 1, 0, 1, 2, 3, 7, 100, *([-1, -2, -3, -7] if t.signed else [])})


@pytest.mark.parametrize('t', INTEGERS, ids=str)
@pytest.mark.parametrize('op', BINARY, ids=lambda o: o.__name__)
def test_binary(build: Any, t: Any, op: Any) -> None:
    kernel = build([t, t], t, lambda f, a, b: op(a, b))
    for a, b in itertools.product(samples(t), samples(t)):
        if op in (operator.floordiv, operator.mod) and (b == 0 or (b == -1 and a == t.range()[0])):
            continue  # traps
        assert kernel(a, b) == wrapped(op(a, b), t), (a, b)


@pytest.mark.parametrize('op', [operator.floordiv, operator.mod, operator.add, operator.sub], ids=lambda o: o.__name__)
@pytest.mark.parametrize('number', [1, 2, 3, 8, 64, -2, -3])
def test_with_numbers(module: Any, op: Any, number: int) -> None:
    with module.function('right', [i64], i64) as f:
        f.ret(op(f.params[0], number))
    with module.function('left', [i64], i64) as f:
        f.ret(op(number, f.params[0]))
    unit = module.jit()
    for a in (-1000, -65, -64, -9, -8, -7, -1, 1, 7, 8, 9, 63, 64, 1000):
        assert unit['right'](a) == op(a, number)
        assert unit['left'](a) == op(number, a)


@pytest.mark.parametrize('t', INTEGERS, ids=str)
def test_shifts_and_unary(module: Any, t: Any) -> None:
    ops = {'shl': lambda a, n: a << n, 'shr': lambda a, n: a >> n, 'neg': lambda a, n: -a, 'inv': lambda a, n: ~a,
           'abs': lambda a, n: abs(a)}
    for name, op in ops.items():
        with module.function(name, [t, t], t) as f:
            f.ret(op(*f.params))
    unit = module.jit()
    for name, op in ops.items():
        for a in samples(t):
            for n in (0, 1, t.bits - 1):
                assert unit[name](a, n) == wrapped(op(a, n), t), (name, a, n)


@pytest.mark.parametrize('t', [*INTEGERS, f32, f64], ids=str)
@pytest.mark.parametrize('op', COMPARISONS, ids=lambda o: o.__name__)
def test_comparisons(build: Any, t: Any, op: Any) -> None:
    kernel = build([t, t], bool_, lambda f, a, b: op(a, b))
    values = [-1.5, 0.0, -0.0, 1.0, math.inf, math.nan] if t.kind == 'float' else samples(t)
    for a, b in itertools.product(values, values):
        assert kernel(a, b) is op(a, b), (a, b)


def test_comparison_with_number_on_the_left(build: Any) -> None:
    kernel = build([i32], bool_, lambda f, a: (3 < a) & (10 >= a) | ~(a != 100))
    assert [a for a in range(120) if kernel(a)] == [*range(4, 11), 100]


@pytest.mark.parametrize('op', [operator.add, operator.sub, operator.mul, operator.truediv], ids=lambda o: o.__name__)
def test_floats(build: Any, op: Any) -> None:
    kernel = build([f64, f64], f64, lambda f, a, b: op(2.5, op(a, b)))
    for a, b in itertools.product([1.0, -3.25, 1e300], [0.1, -7.0, 1e-300]):
        assert kernel(a, b) == op(2.5, op(a, b))


def test_conversions(module: Any) -> None:
    types = [*INTEGERS, f32, f64, bool_]
    for source in types:
        for target in types:
            with module.function(f'{source}_{target}', [source], target) as f:
                f.ret(f.params[0].to(target))
    unit = module.jit()
    for source in types:
        for target in types:
            values = [0, 1] if source is bool_ else [0.0, 1.0, -2.75, 1e30, math.nan] if source.kind == 'float' else samples(source)
            for v in values:
                got, name = unit[f'{source}_{target}'](v), f'{source}_{target}({v})'
                if target is bool_:
                    assert got is (v != 0), name
                elif target.kind == 'float':
                    one = float(v)
                    assert got == (struct.unpack('f', struct.pack('f', one))[0] if f32 in (source, target) else one) or math.isnan(one), name
                elif source.kind == 'float':
                    least, most = target.range()
                    one = struct.unpack('f', struct.pack('f', v))[0] if source is f32 else v
                    assert got == (0 if math.isnan(one) else max(least, min(most, int(one)))), name
                else:
                    assert got == wrapped(v, target), name


def test_wide(build: Any) -> None:
    """64 by 64 bits: the upper half of the product."""
    from kiln_codegen import u128
    kernel = build([u64, u64], u64, lambda f, a, b: ((a.to(u128) * b.to(u128)) >> 64).to(u64))
    for a, b in itertools.product(samples(u64), samples(u64)):
        assert kernel(a, b) == a * b >> 64
