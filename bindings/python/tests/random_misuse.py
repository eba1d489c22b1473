#!/usr/bin/env python3
"""random_misuse.py SEED ROUNDS: calls methods of everything with arguments of all kinds, values of other functions and
what was closed among them. They raise exceptions, and the process lives on. Prints how many calls succeeded."""
import gc
import random
import sys
from typing import Any, List

from kiln_codegen import (Array, Block, FloatCondition, Function, IntCondition, Jit, Kernel, Loop, Module, Signature, Struct,
                          Symbol, Unit, Value, Variable, bool_, f64, i8, i32, i64, pointer, ptr, v128)

OBJECTS = (Module, Function, Value, Block, Variable, Jit, Unit, Symbol, Loop, Kernel)
OPERATORS = ('__add__', '__sub__', '__getitem__', '__setitem__', '__lt__', '__eq__', '__mod__', '__and__', '__neg__',
             '__invert__', '__str__', '__repr__')
ENDS = ('close', 'discard', 'remove', 'finish')


def act(r: random.Random, pool: List[Any]) -> bool:
    """One call, whose result joins the pool."""
    what = r.choice([x for x in pool if isinstance(x, OBJECTS)])
    name = r.choice([n for n in dir(type(what)) if not n.startswith('_') or n in OPERATORS])
    if name == 'write_object' or (name in ENDS and r.random() < .9):
        return False
    args = [r.choice(pool) if r.random() < .7 else [r.choice(pool) for _ in range(r.randrange(3))]
            for _ in range(r.choice((0, 1, 1, 2, 2, 3, 4)))]
    try:
        out = getattr(what, name)
        if callable(out):
            out = out(*args)
        if hasattr(out, '__enter__') and not isinstance(out, OBJECTS):
            out = out.__enter__()
    except (KeyboardInterrupt, MemoryError):
        raise
    except Exception:
        return False
    pool += [out, *(out if isinstance(out, tuple) else ())]
    return True


def main() -> None:
    r, count = random.Random(int(sys.argv[1])), 0
    for round in range(int(sys.argv[2])):
        m, other = Module('a'), Module('b')
        functions = [m.function('f', [i64, f64, pointer(f64)], i64), m.function('g', [i32]), other.function('h', [i64], i64)]
        pool: List[Any] = [
            m, other, *functions, 0, 1, -1, 1 << 63, 1 << 70, 2.5, None, 'x', b'y', [], (), {}, i8, i64, f64, v128, bool_, ptr,
            pointer(f64), Struct('s', a=i8, b=f64), Array(i32, 3), Signature([i64], i64), m.string('s'), IntCondition.SLT,
            FloatCondition.OLT]
        for f in functions:
            pool += [*f.params, f.entry]
        count += sum(act(r, pool) for _ in range(60))
        for x in (m, other):
            try:
                str(x), x.jit()
            except Exception:
                pass
        if r.random() < .5:
            m.close()
        if round % 50 == 0:
            gc.collect()
    print(count)


if __name__ == '__main__':
    main()
