#!/usr/bin/env python3
"""What the proofs take for granted, tested: that wide products and shifts are what meaning.py makes of their halves (proved
for a quarter of the width, and fewer bits), that normal forms keep values, and that the processor's instructions do what
lacking.py says, as far as they compute bits."""
import ctypes
import mmap
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import lacking  # noqa: E402
import meaning  # noqa: E402
import terms as t  # noqa: E402
from evaluate import evaluate  # noqa: E402
from solve import Solver  # noqa: E402


class Operands:
    def __init__(self, a, b):
        self.a, self.b, self.w = a, b, a.w


def by_halves():
    """Products of 8 bits, and double shifts of 8 and 16, by halves."""
    solver = Solver(60)
    for w in (8,):
        a, b = t.var('a', w), t.var('b', w)
        assert solver.follows([], t.equal(t.mul(a, b), meaning.by_halves(a, b))), 'product of %d bits' % w
        a, b = t.var('a', 6), t.var('b', 6)
        for extend in (t.zext, t.sext):
            half = t.var('h', 3)
            for by in (meaning.overflow_by_halves, meaning.overflow_by_words):
                for c in (b, t.sext(half, 6), t.zext(half, 6)):
                    value, over = by(extend, a, c)
                    assert solver.follows([], t.equal(t.mul(a, c), value)), 'product of 6 bits'
                    goal = t.equal(over, meaning.product_overflow(Operands(a, c), extend))
                    assert solver.follows([], goal), 'overflow of 6 bits'
    for w in (8, 16):
        high, low, n = (t.var(name, w) for name in 'hln')
        for left in (True, False):
            whole = t.cat(high, low)
            k = t.zext(meaning.modulo(n), 2 * w)
            plain = t.extract(t.shift('shl' if left else 'lshr', whole, k), 2 * w - 1 if left else w - 1, w if left else 0)
            assert solver.follows([], t.equal(plain, meaning.funnel(high, low, n, left))), 'double shift of %d bits' % w
            assert solver.follows([], t.equal(plain, meaning.funnel_by_halves(high, low, n, left))), 'by halves, %d bits' % w


def sums_and_counts():
    """Sums, differences and their overflow, comparisons, single shifts by halves; the number of ones by neighbours, of a quarter."""
    solver = Solver(60)
    for w in (8, 16, 32):
        a, b = t.var('a', w), t.var('b', w)
        for op, over in ((t.add, t.scarry), (t.sub, t.sborrow)):
            wide = meaning.wide_sum(op, a, b)
            assert solver.follows([], t.equal(op(a, b), wide)), 'sum of %d bits' % w
            assert solver.follows([], t.equal(over(a, b), meaning.sign_is_wrong(a, b, wide, op))), 'overflow of %d bits' % w
        for less in (t.slt, t.ult):
            assert solver.follows([], t.equal(less(a, b), meaning.less_by_halves(less, a, b))), 'less of %d bits' % w
    for w in (8, 16):
        a, n = t.var('a', w), t.var('n', w)
        for op in ('shl', 'lshr', 'ashr'):
            goal = t.equal(t.shift(op, a, n), meaning.shift_by_halves(op, a, n))
            assert solver.follows([t.ult(n, t.const(w, w))], goal), '%s of %d bits' % (op, w)
    a = t.var('a', 16)
    assert solver.follows([], t.equal(t.popcount(a, 16), meaning.neighbours(a))), 'ones'


def normal_forms():
    """Random terms, built twice: from variables by constructors, which bring them to normal forms, and from numbers."""
    rng = random.Random(1)
    numbers = [0, 1, 2, 3, 7, 8, 127, 128, 255]
    binary = [t.add, t.sub, t.and_, t.or_, t.xor, t.mul, lambda a, b: t.shift('shl', a, b), lambda a, b: t.shift('lshr', a, b),
              lambda a, b: t.shift('ashr', a, b), lambda a, b: t.zext(t.equal(a, b), a.w), lambda a, b: t.zext(t.ult(a, b), a.w),
              lambda a, b: t.zext(t.slt(a, b), a.w), lambda a, b: t.ite(t.ult(a, b), a, b),
              lambda a, b: t.zext(t.xor(t.sborrow(a, b), t.extract(t.sub(a, b), a.w - 1, a.w - 1)), a.w),
              lambda a, b: t.extract(t.cat(a, b), a.w + 2, 3), lambda a, b: t.extract(t.sext(t.add(a, b), 2 * a.w), a.w + 3, 4),
              lambda a, b: t.zext(t.or_(t.equal(a, b), t.slt(a, b)), a.w),
              lambda a, b: t.zext(t.and_(t.not_(t.equal(a, b)), t.not_(t.ult(a, b))), a.w)]
    for _ in range(4000):
        names = {'a': rng.choice(numbers + [rng.getrandbits(8)]), 'b': rng.choice(numbers + [rng.getrandbits(8)])}
        pool = [(t.var(n, 8), t.const(v, 8)) for n, v in names.items()] + [(t.const(v, 8),) * 2 for v in rng.sample(numbers, 2)]
        for _ in range(6):
            f, p, q = rng.choice(binary), rng.choice(pool), rng.choice(pool)
            pool.append((f(p[0], q[0]), f(p[1], q[1])))
        for symbolic, constant in pool:
            found = evaluate(symbolic, names)
            assert constant.op == 'c' and found == constant.args[0], (symbolic, names, found, constant)


def instructions():
    """BSF and BSR, executed."""
    if os.uname().machine != 'x86_64':
        return
    rng = random.Random(2)
    for name, opcode in (('bsf', 0xbc), ('bsr', 0xbd)):
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes([0x48, 0x89, 0xf0, 0x48, 0x0f, opcode, 0xc7, 0xc3]))  # mov rax, rsi; bsX rax, rdi; ret
        call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
        for _ in range(200):
            a = rng.getrandbits(64) & rng.getrandbits(64) >> rng.randrange(64)
            told = lacking.VALUES[name](64, t.const(a, 64), t.const(77, 64))
            assert told.args[0] == call(a, 77), (name, a)


if __name__ == '__main__':
    for test in (by_halves, sums_and_counts, normal_forms, instructions):
        test()
        print('%s: as they should be' % test.__name__)
