#!/usr/bin/env python3
"""stencil.py [SIZE]: one step of heat diffusing on a square of SIZE by SIZE points (default 1000), compiled by Kiln and,
where it is installed, by numba, beside numpy. Prints the time to the first result, which has compiling in it, and of
one step of those after it. Needs numpy and the package in bindings/python/ (`./dev wheel`)."""
import sys
import time
from typing import Any, Callable, Optional

import numpy
from kiln_codegen import Kernel, Module, f64, i64, pointer


def by_kiln() -> Kernel:
    """step(to, of, n): each inner point gets the mean of its four neighbours."""
    m = Module('stencil')
    with m.function('step', [pointer(f64), pointer(f64, const=True), i64]) as f:
        to, of, n = f.params
        with f.range(1, n - 1) as y:
            row, out = of + y * n, to + y * n
            above, below = row + -n, row + n
            with f.range(1, n - 1) as x:
                out[x] = 0.25 * (row[x - 1] + row[x + 1] + above[x] + below[x])
    return m.jit()['step']


def by_numpy(to: Any, of: Any, n: int) -> None:
    to[1:-1, 1:-1] = 0.25 * (of[1:-1, :-2] + of[1:-1, 2:] + of[:-2, 1:-1] + of[2:, 1:-1])


def by_numba() -> Optional[Callable[..., None]]:
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return None

    def step(to: Any, of: Any, n: int) -> None:
        for y in range(1, n - 1):
            for x in range(1, n - 1):
                to[y, x] = 0.25 * (of[y, x - 1] + of[y, x + 1] + of[y - 1, x] + of[y + 1, x])
    compiled: Callable[..., None] = numba.njit(step)
    return compiled


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    of = numpy.random.default_rng(1).random((n, n))
    want = of.copy()
    by_numpy(want, of, n)
    for name, make in (('Kiln', by_kiln), ('numba', by_numba), ('numpy', lambda: by_numpy)):
        to, start = of.copy(), time.perf_counter()
        step = make()
        if step is None:
            print(f'{name}: not installed')
            continue
        step(to, of, n)
        first = time.perf_counter() - start
        assert numpy.allclose(to, want, rtol=1e-15)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            step(to, of, n)
            times.append(time.perf_counter() - start)
        print(f'{name + ":":7}first result after {first * 1e3:8.2f} ms, then {min(times) * 1e3:7.3f} ms a step')


if __name__ == '__main__':
    main()
