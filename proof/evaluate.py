"""The number that a term is, by numbers of its variables: an evaluator without normal forms. It finds counterexamples where
solvers would multiply and divide for long, and lemmas.py tests the normal forms with it."""
import hashlib
import random

from magic import walk

EDGES = [0, 1, 2, 3, 6, 7, 9, 10, 99, 100, 127, 128, 255]


def evaluate(term, values):
    """`values`: numbers of variables by name. What is only known by name (functions, memory) is any number, the same for
    the same operands."""
    done = {}
    for x in walk(term, set()):
        done[x] = one(x, done, values)
    return done[term]


def any_number(w, *what):
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=16).digest(), 'little') & ((1 << w) - 1)


def one(t, done, values):
    op, w, args = t.op, t.w, t.args
    mask = (1 << w) - 1
    if op == 'c':
        return args[0]
    if op == 'v':
        return values[args[0]] & mask if args[0] in values else any_number(w, sorted(values.items()), args[0])
    if op == 'm0':
        return any_number(64, args[0])
    if op == 'lin':
        return (args[0] + sum(done[a] * k for a, k in args[1])) & mask
    if op == 'x':
        return done[args[2]] >> args[1] & mask
    if op == 'f':
        return any_number(w, args[0], *[done[a] for a in args[1:]])
    if op == 'ld':
        return any_number(w, 'ld', done[args[0]], done[args[1]])
    if op == 'st':
        bytes_ = [(offset, done[v] >> 8 * k & 255) for offset, v, k in args[2]]
        return any_number(64, 'st', done[args[0]], done[args[1]], bytes_)
    x = [done[a] for a in args]
    if op == 'cat':
        out = 0
        for a, v in zip(args, x):
            out = out << a.w | v
        return out
    n = args[0].w

    def signed(k):
        return x[k] - (1 << n) if n and x[k] >> (n - 1) else x[k]
    return OPERATIONS[op](x, w, mask, signed, n)


def divided(a, b):
    return -(-a // b) if (a < 0) != (b < 0) else a // b


OPERATIONS = {
    'sx': lambda x, w, mask, s, n: s(0) & mask, 'ite': lambda x, w, mask, s, n: x[1] if x[0] else x[2],
    'sborrow': lambda x, w, mask, s, n: int(not -(1 << (n - 1)) <= s(0) - s(1) < 1 << (n - 1)),
    'and': lambda x, w, mask, s, n: x[0] & x[1], 'or': lambda x, w, mask, s, n: x[0] | x[1],
    'xor': lambda x, w, mask, s, n: x[0] ^ x[1], 'not': lambda x, w, mask, s, n: ~x[0] & mask,
    'mul': lambda x, w, mask, s, n: x[0] * x[1] & mask, 'eqz': lambda x, w, mask, s, n: int(x[0] == 0),
    'ult': lambda x, w, mask, s, n: int(x[0] < x[1]), 'slt': lambda x, w, mask, s, n: int(s(0) < s(1)),
    'shl': lambda x, w, mask, s, n: x[0] << x[1] & mask if x[1] < w else 0,
    'lshr': lambda x, w, mask, s, n: x[0] >> x[1] if x[1] < w else 0,
    'ashr': lambda x, w, mask, s, n: s(0) >> min(x[1], w) & mask,
    'udiv': lambda x, w, mask, s, n: x[0] // x[1] if x[1] else mask,
    'sdiv': lambda x, w, mask, s, n: divided(s(0), s(1)) & mask if x[1] else mask,
    'same': lambda x, w, mask, s, n: int(x[0] == x[1]),
}


def counterexample(premises, tries=60):
    """Values with which all premises hold, as text; '' if none of some was one."""
    variables = {x.args[0]: x.w for p in premises for x in walk(p, set()) if x.op == 'v'}
    rng = random.Random(1)
    for _ in range(tries):
        values = {}
        for name, w in variables.items():
            v = rng.choice(EDGES) if rng.random() < 0.5 else rng.getrandbits(w)
            values[name] = (v if rng.random() < 0.6 else -v - rng.randrange(2)) & ((1 << w) - 1)
        if all(evaluate(p, values) for p in premises):
            return ', '.join('%s=%#x' % item for item in list(values.items())[:6])
    return ''
