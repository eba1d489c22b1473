"""Division by constants, in exact arithmetic: a term that multiplies and shifts is read as floor(M * X / 2^S), and an
inequality says for which divisors that is the quotient. Granlund and Montgomery, "Division by Invariant Integers using
Multiplication" (1994), theorems 4.2 and 5.1; the proofs are short enough to stand here.

Unsigned, 0 <= X < 2^n: let M * d = 2^S + e. M * X / 2^S = X/d + e*X/(d * 2^S), and the fraction of X/d is at most
(d - 1)/d. So the floor is that of X/d if 0 <= e and e * X < 2^S.

Signed, -2^(n-1) <= X < 2^(n-1): for X >= 0 as before. For X = -Y < 0, floor(M * X / 2^S) + 1 = -floor(Y/d) if
floor(Y/d) < M * Y / 2^S <= floor(Y/d) + 1, which holds if 0 < e and e * Y <= 2^S."""
import terms as t


class Form:
    """floor(m * X / 2^s), as an exact integer; X is `x`, of n bits. `up`: 1 is added if X is negative. `cut`: only the
    lowest bits of that are in the term."""
    __slots__ = ('x', 'm', 's', 'up', 'cut')

    def __init__(self, x, m=1, s=0, up=False, cut=False):
        self.x, self.m, self.s, self.up, self.cut = x, m, s, up, cut

    def fits(self, w, is_signed):
        """Has w bits for every X?"""
        n = self.x.w
        if is_signed:
            largest = (abs(self.m) << (n - 1) >> self.s) + 1
            return largest < 1 << (w - 1)
        return 0 <= self.m and self.m * ((1 << n) - 1) >> self.s < 1 << w


def read(x, term, is_signed, cache):
    """The form of a term, or None."""
    if term is x:
        return Form(x)
    if term not in cache:
        cache[term] = None  # of a term in itself
        cache[term] = read_other(x, term, is_signed, cache)
    return cache[term]


def exact(f):
    return None if f is None or f.cut else f


def read_other(x, term, is_signed, cache):
    if term.w > x.w and term is (t.sext if is_signed else t.zext)(x, term.w):
        return Form(x)
    if term.op == 'sx' and is_signed:
        return exact(read(x, term.args[0], is_signed, cache))
    if term.op == 'cat' and not is_signed and len(term.args) == 2 and term.args[0].op == 'c' and term.args[0].args[0] == 0:
        return exact(read(x, term.args[1], is_signed, cache))
    if term.op == 'x':
        high, low, whole = term.args
        f = read(x, whole, is_signed, cache)
        if f is None or f.up or f.cut and low:
            return None
        f = Form(x, f.m, f.s + low)
        f.cut = high < whole.w - 1 and not f.fits(term.w, is_signed)
        return f
    if term.op == 'lin' and term.args[0] == 0:
        return read_sum(x, term, is_signed, cache)
    return None


def read_sum(x, term, is_signed, cache):
    w, products = term.w, term.args[1]
    if len(products) == 1:
        a, k = products[0]
        k = k - (1 << w) if is_signed and k >> (w - 1) else k
        f = read(x, a, is_signed, cache)
        if f is None or f.s or f.up or f.cut:
            return None
        f = Form(x, f.m * k, 0)
        return f if f.fits(w, is_signed) else None
    if len(products) != 2 or any(k != 1 for _, k in products):
        return None
    for (a, _), (b, _) in (products, products[::-1]):
        f = read(x, a, is_signed, cache)
        if f is None or f.up:
            continue
        if b is x and x.w == w and is_signed:  # floor(u) + X = floor(u + X)
            g = Form(x, f.m + (1 << f.s), f.s, cut=f.cut)
            return g if g.cut or g.fits(w, True) else None
        if is_signed and is_sign(x, b, cache):
            return Form(x, f.m, f.s, True, f.cut)
        if not is_signed and not f.cut and f.m <= 1 << f.s and is_half(x, a, b):  # floor((X - h) / 2) + h = floor((X + h) / 2)
            return Form(x, f.m + (1 << f.s), f.s + 1)
    return None


def is_sign(x, term, cache):
    """Is a term 1 for negative X, and else 0?"""
    if term.op != 'cat' or len(term.args) != 2 or term.args[0].op != 'c' or term.args[0].args[0]:
        return False
    bit = term.args[1]
    if bit.op != 'x' or bit.w != 1 or bit.args[0] != bit.args[2].w - 1:
        return False
    f = read(x, bit.args[2], True, cache)
    return f is not None and f.m > 0 and not f.up and not f.cut


def is_half(x, h, term):
    """Is a term (X - h) / 2?"""
    inner = t.sub(t.zext(x, h.w) if x.w < h.w else x, h)
    return term is t.shift('lshr', inner, t.const(1, h.w))


def is_quotient(f, d, is_signed):
    """Is the form X / d?"""
    n = f.x.w
    e = f.m * d - (1 << f.s)
    if is_signed:
        most = 1 << (n - 1)
        return f.up and 0 < e and e * most <= 1 << f.s and e * (most - 1) < 1 << f.s
    return not f.up and 0 <= e and e * ((1 << n) - 1) < 1 << f.s


def walk(term, seen):
    """A term and all below it, the innermost first."""
    from solve import children
    stack = [(term, False)]
    while stack:
        x, done = stack.pop()
        if done:
            yield x
        elif x not in seen:
            seen.add(x)
            stack.append((x, True))
            stack.extend((c, False) for c in children(x))


MOST_NESTED = 5


def rewrite(goals):
    """Conditions with quotients in the place of what was found to be one, in any of them. Quotients of quotients become
    such once the inner ones are."""
    for _ in range(MOST_NESTED):
        before = goals
        goals = rewrite_once(goals)
        if goals is before:
            break
    return goals


def rewrite_once(goals):
    seen, terms = set(), []
    for goal in goals:
        terms += walk(goal, seen)
    known, found = {}, {}
    for q in terms:
        if q.op in ('udiv', 'sdiv') and q.args[1].op == 'c':
            is_signed, x, d = q.op == 'sdiv', q.args[0], q.args[1]
            if is_signed and x.op == 'sx':
                x = x.args[0]
            known[q] = (is_signed, x, t.signed(d) if is_signed else d.args[0])
    for q, divided in known.items():
        cache = {}
        for s in terms:
            if s.op in ('lin', 'x') and s.w > 1 and s not in found:
                value = quotient_of(s, q, *divided, cache)
                if value is not None:
                    found[s] = value
            if s.op == 'lin' and s not in found:
                value = sum_with_quotient(s, q, *divided, cache)
                if value is not None:
                    found[s] = value
    return [substitute(goal, found, terms) for goal in goals] if found else goals


def quotient_of(s, q, is_signed, x, d, cache):
    """What a term is, if it is the quotient of x; else None."""
    f = read(x, s, is_signed, cache)
    if f is None or not (f.cut or f.fits(s.w + is_signed, is_signed)) or not is_quotient(f, abs(d), is_signed):
        return None
    w = max(s.w, x.w)
    if d < 0:  # X / |d| is -(X / d), of which the goal has the latter
        return t.neg(t.extract(q, s.w - 1, 0) if q.w >= s.w else t.sext(q, s.w))
    a = t.sext(x, w) if is_signed else t.zext(x, w)
    return t.extract(t.quotient(a, t.const(d, w), is_signed), s.w - 1, 0)


def sum_with_quotient(s, q, is_signed, x, d, cache):
    """The sum with a quotient in the place of two products that make one; or None."""
    products = s.args[1]
    for i, (a, k) in enumerate(products):
        for b, j in products[i + 1:]:
            if k == j:
                pair = t.add(a, b)
                value = quotient_of(pair, q, is_signed, x, d, cache)
                if value is not None:
                    return t.add(t.sub(s, t.times(pair, k)), t.times(value, k))
    return None


BUILD = {'cat': t.cat, 'and': t.and_, 'or': t.or_, 'xor': t.xor, 'not': t.not_, 'mul': t.mul, 'ite': t.ite, 'eqz': t.eqz,
         'ult': t.ult, 'slt': t.slt, 'sborrow': t.sborrow}


def substitute(goal, found, terms):
    """Builds the goal again; `terms`: all in it, the innermost first."""
    from solve import children
    new = {}
    for s in terms:
        if s in found:
            new[s] = found[s]
        elif all(new[c] is c for c in children(s)):
            new[s] = s
        elif s.op == 'lin':
            out = t.const(s.args[0], s.w)
            for a, k in s.args[1]:
                out = t.add(out, t.times(new[a], k))
            new[s] = out
        elif s.op == 'x':
            new[s] = t.extract(new[s.args[2]], s.args[0], s.args[1])
        elif s.op == 'sx':
            new[s] = t.sext(new[s.args[0]], s.w)
        elif s.op in ('shl', 'lshr', 'ashr'):
            new[s] = t.shift(s.op, new[s.args[0]], new[s.args[1]])
        elif s.op in BUILD:
            new[s] = BUILD[s.op](*[new[a] for a in s.args])
        elif s.op in ('udiv', 'sdiv'):
            new[s] = t.quotient(new[s.args[0]], new[s.args[1]], s.op == 'sdiv')
        elif s.op == 'f':
            new[s] = t.named(s.args[0], s.w, *[new[a] for a in s.args[1:]])
        elif s.op == 'ld':
            new[s] = t.load(new[s.args[0]], new[s.args[1]], s.args[2])
        elif s.op == 'st':
            new[s] = stored(new[s.args[0]], new[s.args[1]], [(at, new[x], k) for at, x, k in s.args[2]])
        else:
            new[s] = s
    return new[goal]


def stored(mem, base, bytes_):
    for at, x, k in bytes_:
        mem = t.store(mem, t.plus(base, at), t.extract(x, 8 * k + 7, 8 * k))
    return mem
