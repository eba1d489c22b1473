#!/usr/bin/env python3
"""expression.py [EXPRESSION]: compiles an expression of Python over x and y, such as 'x*x + 3*sqrt(y)', by Kiln for
arrays of numpy, and, where it is installed, by numba. Prints the time to the first result and of those after it. Needs
numpy and the package in bindings/python/ (`./dev wheel`)."""
import ast
import sys
import time
from typing import Any, Callable, Dict, Optional

import numpy
from kiln_codegen import Function, Kernel, Module, Value, f64, i64, pointer

OPERATORS: Dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b}
FUNCTIONS = ('sin', 'cos', 'exp', 'log')  # of C's library


def value(f: Function, node: ast.expr, names: Dict[str, Value]) -> Value:
    """The value of a part of the expression."""
    if isinstance(node, ast.Constant):
        return f.const(f64, node.value)
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value(f, node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        out: Value = OPERATORS[type(node.op)](value(f, node.left, names), value(f, node.right, names))
        return out
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        args = [value(f, a, names) for a in node.args]
        if node.func.id == 'sqrt':
            return f.fsqrt(*args)
        if node.func.id in FUNCTIONS:
            return f.value_of(f.module.declare(node.func.id, [f64], f64), *args)
    raise SyntaxError(f'not in an expression: {ast.unparse(node)}')


def by_kiln(text: str) -> Kernel:
    """evaluate(out, x, y, n)"""
    m = Module('expression')
    const = pointer(f64, const=True)
    with m.function('evaluate', [pointer(f64), const, const, i64]) as f:
        out, x, y, n = f.params
        with f.range(n) as i:
            out[i] = value(f, ast.parse(text, mode='eval').body, {'x': x[i], 'y': y[i]})
    return m.jit()['evaluate']


def by_numba(text: str) -> Optional[Callable[..., None]]:
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return None
    source = f'def evaluate(out, x, y, n):\n  for i in range(n):\n    out[i] = of(x[i], y[i])\n'
    scope: Dict[str, Any] = {name: getattr(numpy, name) for name in ('sqrt', *FUNCTIONS)}
    scope['of'] = numba.njit(eval(f'lambda x, y: {text}', scope))
    exec(source, scope)
    compiled: Callable[..., None] = numba.njit(scope['evaluate'])
    return compiled


def main() -> None:
    text = sys.argv[1] if len(sys.argv) > 1 else '(x*x + 3*sqrt(y)) / (1.5 + x - y/7)'
    n = 100_000
    x, y = numpy.random.default_rng(1).random((2, n))
    names = {name: getattr(numpy, name) for name in ('sqrt', *FUNCTIONS)}
    want = eval(text, names, {'x': x, 'y': y})
    for name, make in (('Kiln', by_kiln), ('numba', by_numba)):
        out, start = numpy.zeros(n), time.perf_counter()
        evaluate = make(text)
        if evaluate is None:
            print(f'{name}: not installed')
            continue
        evaluate(out, x, y, n)
        first = time.perf_counter() - start
        assert numpy.allclose(out, want, rtol=1e-12)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            evaluate(out, x, y, n)
            times.append(time.perf_counter() - start)
        print(f'{name + ":":7}first result after {first * 1e3:8.2f} ms, then {min(times) * 1e3:7.3f} ms for {n} elements')


if __name__ == '__main__':
    main()
