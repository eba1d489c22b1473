"""Floats of 15 exponent bits by exact rationals: x87's f80, whose significand has an explicit leading bit, and
binary128, where it is implicit. Values are their bits."""
import math
from fractions import Fraction

BIAS = 16383


def nearest(x):
    """The integer nearest to the fraction, ties to even."""
    n, r = divmod(x.numerator, x.denominator)
    return n + (2 * r > x.denominator or (2 * r == x.denominator and n & 1))


WHOLE = {
    'ffloor': math.floor, 'fceil': math.ceil, 'ftrunc': math.trunc, 'froundeven': nearest,
    'frint': nearest, 'fnearbyint': nearest,
    'fround': lambda v: math.floor(abs(v) + Fraction(1, 2)) * (-1 if v < 0 else 1),
}


class Format:
    def __init__(self, precision, explicit):
        self.p, self.explicit = precision, explicit
        self.m = precision if explicit else precision - 1  # stored bits of the significand
        self.top = self.m + 15
        self.SIGN = 1 << self.top
        first = 1 << (self.m - 1) if explicit else 0
        self.INF = 0x7fff << self.m | first
        self.QNAN = self.INF | 1 << (precision - 2)
        self.MAX = 0x7ffe << self.m | ((1 << self.m) - 1)
        self.MIN_NORMAL = 1 << self.m | first

    def value(self, bits):
        """The Fraction; None if it is none."""
        e, m = bits >> self.m & 0x7fff, bits & ((1 << self.m) - 1)
        if e == 0x7fff:
            return None
        if e and not self.explicit:
            m |= 1 << self.m
        v = Fraction(m) * Fraction(2) ** (max(e, 1) - BIAS - self.p + 1)
        return -v if bits & self.SIGN else v

    def is_nan(self, bits):
        return bits >> self.m & 0x7fff == 0x7fff and bits & ((1 << (self.p - 1)) - 1) != 0

    def is_inf(self, bits):
        return bits & ~self.SIGN == self.INF

    def negative(self, bits):
        return bits >> self.top

    def rounded(self, x, sign=0):
        """Bits of the Fraction, to nearest even; `sign` is that of zero."""
        if x == 0:
            return self.SIGN if sign else 0
        s, x = self.SIGN if x < 0 else 0, abs(x)
        e = x.numerator.bit_length() - x.denominator.bit_length()
        if Fraction(2) ** e > x:
            e -= 1
        ulp = max(e - self.p + 1, 2 - BIAS - self.p)
        n = nearest(x / Fraction(2) ** ulp)
        if n >> self.p:
            n >>= 1
            ulp += 1
        if n >> (self.p - 1) == 0:
            return s | n  # subnormal
        biased = ulp + self.p - 1 + BIAS
        if biased >= 0x7fff:
            return s | self.INF
        return s | biased << self.m | n & ((1 << self.m) - 1)

    def of(self, x):
        return self.rounded(Fraction(x), 0)

    def add(self, a, b):
        if self.is_nan(a) or self.is_nan(b):
            return self.QNAN
        if self.is_inf(a) or self.is_inf(b):
            if self.is_inf(a) and self.is_inf(b):
                return a if a == b else self.QNAN
            return a if self.is_inf(a) else b
        return self.rounded(self.value(a) + self.value(b), self.negative(a) and self.negative(b))

    def mul(self, a, b):
        s = self.negative(a) ^ self.negative(b)
        if self.is_nan(a) or self.is_nan(b):
            return self.QNAN
        if self.is_inf(a) or self.is_inf(b):
            zero = self.value(a) == 0 or self.value(b) == 0
            return self.QNAN if zero else self.INF | s << self.top
        return self.rounded(self.value(a) * self.value(b), s)

    def div(self, a, b):
        s = (self.negative(a) ^ self.negative(b)) << self.top
        x, y = self.value(a), self.value(b)
        if self.is_nan(a) or self.is_nan(b) or (self.is_inf(a) and self.is_inf(b)) or (x == 0 and y == 0):
            return self.QNAN
        if self.is_inf(a) or y == 0:
            return self.INF | s
        return s if self.is_inf(b) else self.rounded(x / y, s >> self.top)

    def rem(self, a, b):
        if self.is_nan(a) or self.is_nan(b) or self.is_inf(a) or self.value(b) == 0:
            return self.QNAN
        if self.is_inf(b):
            return a
        x, y = self.value(a), self.value(b)
        return self.rounded(x - y * math.trunc(x / y), self.negative(a))

    def fma(self, a, b, c):
        p = self.mul(a, b)
        if self.is_nan(a) or self.is_nan(b) or self.is_nan(c) or self.is_inf(a) or self.is_inf(b) or \
                self.is_inf(c):
            return self.add(p, c) if self.is_nan(c) or self.is_inf(a) or self.is_inf(b) or \
                self.is_nan(p) else c
        s = self.negative(a) ^ self.negative(b)
        return self.rounded(self.value(a) * self.value(b) + self.value(c), s and self.negative(c))

    def root(self, a):
        if a & ~self.SIGN == 0 or a == self.INF:
            return a
        if self.is_nan(a) or self.negative(a):
            return self.QNAN
        x = self.value(a)
        # some more bits of the root, and a sticky bit: the root is never a tie
        k = self.p + 8 - (x.numerator.bit_length() - x.denominator.bit_length()) // 2
        scaled = x * Fraction(4) ** k
        n = math.isqrt(scaled.numerator // scaled.denominator)
        return self.rounded(Fraction(2 * n + (n * n != scaled), 2) / Fraction(2) ** k)

    def to_whole(self, f):
        return lambda a: a if self.value(a) is None else self.rounded(Fraction(f(self.value(a))),
                                                                      self.negative(a))

    def least(self, a, b, most, ieee):
        if self.is_nan(a) or self.is_nan(b):
            if ieee or (self.is_nan(a) and self.is_nan(b)):
                return self.QNAN
            return b if self.is_nan(a) else a
        return (max if most else min)(a, b, key=lambda v: (self.order(v), -self.negative(v)))

    def order(self, bits):
        """A sort key with the number's order."""
        if self.is_inf(bits):
            return Fraction(-1 if self.negative(bits) else 1) * 2 ** 20000
        return self.value(bits)
