"""Asks solvers whether a goal follows from premises. Bitwuzla is asked first; z3, with the same formula as text, where
Bitwuzla's time is over. Functions of which nothing is known stay so; products and quotients are such in a first
attempt, which is mostly enough."""
import functools
import re

import bitwuzla
import z3

import evaluate
import magic
from terms import ONE, ZERO, and_, const, is_const, not_

Kind = bitwuzla.Kind
PLAIN = {'and': Kind.BV_AND, 'or': Kind.BV_OR, 'xor': Kind.BV_XOR, 'not': Kind.BV_NOT, 'mul': Kind.BV_MUL,
         'udiv': Kind.BV_UDIV, 'sdiv': Kind.BV_SDIV,
         'shl': Kind.BV_SHL, 'lshr': Kind.BV_SHR, 'ashr': Kind.BV_ASHR}
HARD = {'mul', 'udiv', 'sdiv'}
COMPARE = {'ult': Kind.BV_ULT, 'slt': Kind.BV_SLT, 'sborrow': Kind.BV_SSUB_OVERFLOW}
MEMORY_BITS = 32  # a moment's memory is a number


class Undecided(Exception):
    """No solver has an answer within its time."""


class Translation:
    """Terms as Bitwuzla's. `hard`: products and quotients are what they are, not any function; `bytes`: what is loaded
    is made of its bytes."""

    def __init__(self, hard, bytes_):
        self.tm, self.hard, self.bytes = bitwuzla.TermManager(), hard, bytes_
        self.done, self.functions, self.sorts, self.met_hard, self.sizes = {}, {}, {}, False, set()
        self.variables = {}

    def sort(self, w):
        if w not in self.sorts:
            self.sorts[w] = self.tm.mk_bv_sort(w)
        return self.sorts[w]

    def number(self, value, w):
        return self.tm.mk_bv_value(self.sort(w), '%x' % value, 16)

    def apply(self, name, w, args, widths):
        key = (name, w, *widths)
        if key not in self.functions:
            sort = self.tm.mk_fun_sort([self.sort(x) for x in widths], self.sort(w))
            self.functions[key] = self.tm.mk_const(sort, '_'.join(map(str, key)))
        return self.tm.mk_term(Kind.APPLY, [self.functions[key], *args])

    def constant(self, name, w):
        if name not in self.variables:
            self.variables[name] = self.tm.mk_const(self.sort(w), name)
        return self.variables[name]

    def bit(self, condition):
        return self.tm.mk_term(Kind.ITE, [condition, self.number(1, 1), self.number(0, 1)])

    def holds(self, t):
        return self.tm.mk_term(Kind.EQUAL, [self.get(t), self.number(1, 1)])

    def get(self, t):
        """Iterates, because memory's terms are deep."""
        stack = [t]
        while stack:
            x = stack[-1]
            if x in self.done:
                stack.pop()
                continue
            missing = [c for c in children(x) if c not in self.done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self.done[x] = self.one(x)
        return self.done[t]

    def one(self, t):
        tm, op, w = self.tm, t.op, t.w
        d = self.done
        if op == 'c':
            return self.number(t.args[0], w)
        if op == 'v':
            return self.constant(t.args[0], w)
        if op == 'm0':
            return self.constant('m!' + t.args[0], MEMORY_BITS)
        if op == 'lin':
            out = [] if t.args[0] == 0 else [self.number(t.args[0], w)]
            for a, k in t.args[1]:
                out.append(d[a] if k == 1 else tm.mk_term(Kind.BV_NEG, [d[a]]) if k == (1 << w) - 1
                           else tm.mk_term(Kind.BV_MUL, [d[a], self.number(k, w)]))
            return tm.mk_term(Kind.BV_ADD, out) if len(out) > 1 else out[0]
        if op == 'cat':
            return tm.mk_term(Kind.BV_CONCAT, [d[a] for a in t.args])
        if op == 'x':
            return tm.mk_term(Kind.BV_EXTRACT, [d[t.args[2]]], [t.args[0], t.args[1]])
        if op == 'sx':
            return tm.mk_term(Kind.BV_SIGN_EXTEND, [d[t.args[0]]], [w - t.args[0].w])
        if op in HARD:
            self.met_hard = True
            if not self.hard:
                return self.apply(op, w, [d[a] for a in t.args], [w] * 2)
        if op in PLAIN:
            return tm.mk_term(PLAIN[op], [d[a] for a in t.args])
        if op in COMPARE:
            return self.bit(tm.mk_term(COMPARE[op], [d[a] for a in t.args]))
        if op == 'eqz':
            return self.bit(tm.mk_term(Kind.EQUAL, [d[t.args[0]], self.number(0, t.args[0].w)]))
        if op == 'ite':
            c = tm.mk_term(Kind.EQUAL, [d[t.args[0]], self.number(1, 1)])
            return tm.mk_term(Kind.ITE, [c, d[t.args[1]], d[t.args[2]]])
        if op == 'f':
            return self.apply(t.args[0], w, [d[a] for a in t.args[1:]], [a.w for a in t.args[1:]])
        if op == 'ld':
            return self.loaded(d[t.args[0]], d[t.args[1]], t.args[2])
        if op == 'st':
            return self.stored(t)
        if op == 'same':
            return self.bit(tm.mk_term(Kind.EQUAL, [d[a] for a in t.args]))
        raise ValueError(op)

    def offset(self, address, n):
        return self.tm.mk_term(Kind.BV_ADD, [address, self.number(n & ((1 << 64) - 1), 64)]) if n else address

    def loaded(self, mem, address, n):
        self.sizes.add(n)
        if not self.bytes:
            return self.apply('ld', 8 * n, [mem, address], [MEMORY_BITS, 64])
        out = [self.apply('ld', 8, [mem, self.offset(address, i)], [MEMORY_BITS, 64]) for i in reversed(range(n))]
        return self.tm.mk_term(Kind.BV_CONCAT, out) if n > 1 else out[0]

    def stored(self, t):
        mem, base = self.done[t.args[0]], self.done[t.args[1]]
        for offset, value, k in t.args[2]:
            byte = self.tm.mk_term(Kind.BV_EXTRACT, [self.done[value]], [8 * k + 7, 8 * k])
            mem = self.apply('st', MEMORY_BITS, [mem, self.offset(base, offset), byte], [MEMORY_BITS, 64, 8])
        return mem


def children(t):
    if t.op == 'lin':
        return [a for a, _ in t.args[1]]
    if t.op == 'x':
        return [t.args[2]]
    if t.op == 'st':
        return [t.args[0], t.args[1], *[v for _, v, _ in t.args[2]]]
    if t.op == 'ld':
        return [t.args[0], t.args[1]]
    if t.op in ('c', 'v', 'm0'):
        return []
    return [a for a in t.args if not isinstance(a, str)]


class Solver:
    """`seconds`: for one question, of each solver."""

    def __init__(self, seconds=5.0):
        self.seconds, self.asked, self.equal, self.cache = seconds, 0, 0, {}
        self.model, self.unknown = '', False  # unknown: some question of `possible` had no answer

    def begun(self, premises, hard, bytes_):
        """A solver that assumes the premises, and how terms are translated for it."""
        tr = Translation(hard, bytes_)
        options = bitwuzla.Options()
        options.set(bitwuzla.Option.TIME_LIMIT_PER, int(self.seconds * 1000))
        options.set(bitwuzla.Option.PRODUCE_MODELS, True)
        b = bitwuzla.Bitwuzla(tr.tm, options)
        for p in premises:
            b.assert_formula(tr.holds(p))
        return b, tr

    def satisfiable(self, premises, hard=True, bytes_=False):
        """True, False; raises Undecided. `premises`: conditions."""
        b, tr = self.begun(premises, hard, bytes_)
        self.asked += 1
        result = b.check_sat()
        if result == bitwuzla.Result.UNKNOWN:
            return self.other(b, tr)
        if result == bitwuzla.Result.SAT:
            self.model = ', '.join('%s=%s' % (n, hexadecimal(b.get_value(v))) for n, v in list(tr.variables.items())[:8])
        return result == bitwuzla.Result.SAT, tr

    def values(self, premises, x, most):
        """All numbers that a term may be, or more; None if there are more than `most`, or if the solver gives up."""
        premises = simple(premises)
        if premises is None:
            return []
        b, tr = self.begun(premises, True, False)
        found, term = [], tr.get(x)
        while len(found) <= most:
            self.asked += 1
            result = b.check_sat()
            if result == bitwuzla.Result.UNSAT:
                return found
            if result == bitwuzla.Result.UNKNOWN:
                return None
            value = int(hexadecimal(b.get_value(term)), 16)
            found.append(value)
            b.assert_formula(tr.tm.mk_term(Kind.DISTINCT, [term, tr.number(value, x.w)]))
        return None

    def other(self, b, tr):
        """z3's answer."""
        solver = z3.SimpleSolver()
        solver.set('timeout', int(self.seconds * 1000))
        solver.from_string(smt2(b))
        result = solver.check()
        if result == z3.unknown:
            raise Undecided()
        self.model = ''
        return result == z3.sat, tr

    def exactly(self, premises):
        """Can all hold at once? Attempts that know less come first: if these cannot, that is the answer."""
        key = frozenset(premises)
        if key not in self.cache:
            premises = magic.rewrite(premises)
            found, tr = self.satisfiable(premises, hard=False)
            if found and tr.met_hard:
                self.model = evaluate.counterexample(premises)
                if not self.model:
                    found, tr = self.satisfiable(premises)
            if found and len(tr.sizes) > 1:
                found, tr = self.satisfiable(premises, bytes_=True)
            self.cache[key] = found
        return self.cache[key]

    @staticmethod
    def plausible(premises):
        """May the last one hold, as far as terms tell? No solver is asked."""
        last = suppose(premises[-1], premises[:-1]) if premises else ONE
        return last is not ZERO

    def possible(self, premises):
        """May all hold at once? If nobody knows, they may."""
        if premises and suppose(premises[-1], premises[:-1]) is ZERO:
            return False
        premises = simple(premises)
        if not premises:
            return premises is not None
        try:
            return self.exactly(premises)
        except Undecided:
            self.unknown = True
            return True

    def follows(self, premises, goal):
        """Does the goal follow? Raises Undecided."""
        if goal is ONE:
            self.equal += 1
            return True
        if goal in premises:
            return True
        goal = magic.rewrite([goal])[0]
        if goal is ONE:
            return True
        goal = suppose(goal, premises)
        if goal is ONE:
            return True
        premises = simple([*premises, not_(goal)])
        if not premises:
            return premises is None
        return not self.exactly(premises)


def suppose(goal, premises):
    """The goal, where the premises hold."""
    known = facts(tuple(premises))
    terms = list(magic.walk(goal, set()))
    return magic.substitute(goal, known, terms) if any(x in known for x in terms) else goal


@functools.lru_cache(maxsize=16)
def facts(premises):
    """What the premises say of terms: which number each is."""
    known = {}
    for p in premises:
        for q in conjuncts(p):
            known[q.args[0] if q.op == 'not' else q] = ZERO if q.op == 'not' else ONE
            if q.op == 'eqz' and q.args[0].op == 'lin' and len(q.args[0].args[1]) == 1:
                (x, k), constant = q.args[0].args[1][0], q.args[0].args[0]
                if k == 1 and x.op != 'c':
                    known[x] = const(-constant, x.w)
    return known


def conjuncts(p):
    return [q for a in p.args for q in conjuncts(a)] if p.op == 'and' else [p]


def simple(premises):
    """Without what is always true; None: one of them is false."""
    out = []
    for p in premises:
        if is_const(p):
            if p is ZERO:
                return None
        elif not_(p) in out:
            return None
        elif p not in out:
            out.append(p)
    return out


def all_of(conditions):
    out = ONE
    for c in conditions:
        out = and_(out, c)
    return out


def hexadecimal(value):
    digits = str(value)
    return hex(int(digits[2:], 2)) if digits.startswith('#b') else digits


def smt2(b):
    return re.sub(r'\((check-sat|exit|set-logic [A-Z]*)\)', '', b.print_formula())
