"""Cuts a failing random program down: drops instructions, edges, parameters, functions and vectors
of arguments while it still fails. The oracle runs again after each cut, so that expectations stay right."""
import random_eval
from random_ir import Ins, arg_types


def const(t, n=0):
    return ('c', n, t)


def uses(p):
    """Values used, per function name."""
    out = {}
    for f in p.funcs:
        s = out[f.name] = set()
        for b in f.blocks.values():
            for i in b.ins + [b.term]:
                for o in i.args + [o for _, a in i.edges for o in a]:
                    if o[0] == 'v':
                        s.add(o[1])
                if i.op == 'call' and i.x['callee'][0] == 'v':
                    s.add(i.x['callee'][1])
    return out


def substitute(f, old, new):
    def op(o):
        return new if o == ('v', old) else o
    for b in f.blocks.values():
        for i in b.ins + [b.term]:
            i.args = [op(o) for o in i.args]
            for e in i.edges:
                e[1] = [op(o) for o in e[1]]
            if i.op == 'call':
                i.x = dict(i.x, callee=op(i.x['callee']))


def tidy(p):
    """Removes what is not reachable or not referred to."""
    kept = {p.funcs[-1].name}
    for f in p.funcs:
        seen, todo = set(), [f.order[0]] + sorted(named_blocks(p, f))
        while todo:
            n = todo.pop()
            if n not in seen:
                seen.add(n)
                todo += [b for b, _ in f.blocks[n].term.edges]
        f.blocks = {n: b for n, b in f.blocks.items() if n in seen}
        f.order = [n for n in f.order if n in seen]
    for f in p.funcs:
        for b in f.blocks.values():
            for i in b.ins + [b.term]:
                ops = i.args + [o for _, a in i.edges for o in a]
                if i.op == 'call':
                    ops = ops + [i.x['callee']]
                kept |= {o[1] for o in ops if o[0] in ('f', 'g')}
    for d in p.data:
        if isinstance(d.content, list) and d.name in kept:
            kept |= {o[1] for o in d.content}
    p.data = [d for d in p.data if d.name in kept]
    p.funcs = [f for f in p.funcs if f.name in kept]


def named_blocks(p, f):
    """Blocks of f whose address is somewhere."""
    named = {o[2] for d in p.data if isinstance(d.content, list) for o in d.content
             if o[1] == f.name}
    for b in f.blocks.values():
        for i in b.ins + [b.term]:
            for o in i.args + [o for _, a in i.edges for o in a]:
                if o[0] == 'b':
                    named.add(o[2])
    return named


def positions(p):
    return [(f.name, n, k) for f in p.funcs for n, b in f.blocks.items() for k in range(len(b.ins))]


def drop(p, chosen, style):
    """A copy without the instructions `chosen`; their results become operands or constants."""
    q = p.copy()
    chosen = set(chosen)
    funcs = {f.name: f for f in q.funcs}
    for name, f in funcs.items():
        used = uses(q)[name]
        for n, b in f.blocks.items():
            gone = [b.ins[k] for k in range(len(b.ins)) if (name, n, k) in chosen]
            b.ins = [i for k, i in enumerate(b.ins) if (name, n, k) not in chosen]
            for i in gone:
                for v, t in i.res:
                    new = const('i64' if t == 'ptr' else t, style)
                    if t == 'ptr' and v in used:
                        if i.op not in ('addr', 'copy', 'select') or not i.args:
                            return None
                        new = i.args[-1] if i.op != 'addr' else i.args[0]
                    elif style == 2:
                        same = [a for a in i.args if a[0] == 'v' and i.t == t]
                        if not same:
                            return None
                        new = same[0]
                    substitute(f, v, new)
    return q


class Reducer:
    def __init__(self, program, target, fails, say):
        self.p, self.target, self.fails, self.say = program, target, fails, say
        self.tries = 0

    def attempt(self, q):
        if q is None:
            return False
        tidy(q)
        vectors = []
        for args, _ in q.vectors:
            try:
                vectors.append((args, random_eval.result_of(q, args, self.target, True)))
            except (random_eval.Undefined, KeyError):
                pass
        if not vectors:
            return False
        q.vectors = vectors
        self.tries += 1
        if not self.fails(q):
            return False
        self.p = q
        return True

    def instructions(self):
        size = max(1, len(positions(self.p)) // 2)
        while True:
            at, progress = 0, False
            while True:
                all_of = positions(self.p)[::-1]
                if at >= len(all_of):
                    break
                part = all_of[at:at + size]
                if any(self.attempt(drop(self.p, part, style))
                       for style in ((0, 1, 2) if size < 4 else (0,))):
                    progress = True
                else:
                    at += size
            if size == 1:
                return progress
            size = max(1, size // 2)

    def edges(self):
        changed = False
        for f in [f.name for f in self.p.funcs]:
            for n in self.blocks(f):
                b = self.block(f, n)
                for k in range(len(b.term.edges) if b is not None and b.term.op != 'br' else 0):
                    q = self.p.copy()
                    b = [g for g in q.funcs if g.name == f][0].blocks[n]
                    e = b.term.edges[k]
                    b.term = Ins('br', None, [])
                    b.term.edges = [e]
                    if self.attempt(q):
                        changed = True
                        break
                b = self.block(f, n)
                while b is not None and b.term.op == 'switch' and self.cases(f, n):
                    b = self.block(f, n)
        return changed

    def cases(self, f, n):
        for k in range(len(self.block(f, n).term.x)):
            q = self.p.copy()
            t = [g for g in q.funcs if g.name == f][0].blocks[n].term
            del t.edges[k + 1]
            t.x = t.x[:k] + t.x[k + 1:]
            if self.attempt(q):
                return True
        return False

    def blocks(self, f):
        return [n for g in self.p.funcs if g.name == f for n in g.blocks]

    def block(self, f, n):
        return next((g.blocks.get(n) for g in self.p.funcs if g.name == f), None)

    def params(self):
        """Parameters of blocks that are constants, or are not used."""
        changed = False
        for f in [f.name for f in self.p.funcs]:
            for n in self.blocks(f)[1:]:
                k = 0
                while self.block(f, n) is not None and k < len(self.block(f, n).params):
                    for style in (0, 1):
                        q = self.p.copy()
                        g = [g for g in q.funcs if g.name == f][0]
                        v, t = g.blocks[n].params[k]
                        if n == g.order[0]:
                            break
                        del g.blocks[n].params[k]
                        for b in g.blocks.values():
                            for e in b.term.edges:
                                if e[0] == n:
                                    del e[1][k]
                        substitute(g, v, const(t, style))
                        if self.attempt(q):
                            changed = True
                            break
                    else:
                        k += 1
                        continue
                    if style == 1 and self.block(f, n) is None:
                        break
        return changed

    def straighten(self):
        """Joins a block with its only successor that has no other predecessor."""
        changed = False
        for f in [f.name for f in self.p.funcs]:
            for n in self.blocks(f):
                b = self.block(f, n)
                if b is None or b.term.op != 'br':
                    continue
                q = self.p.copy()
                g = [g for g in q.funcs if g.name == f][0]
                b = g.blocks[n]
                to, args = b.term.edges[0]
                count = sum(e[0] == to for c in g.blocks.values() for e in c.term.edges)
                if count != 1 or to == g.order[0] or to == n or to in named_blocks(q, g):
                    continue
                c = g.blocks.pop(to)
                g.order.remove(to)
                for (v, _), a in zip(c.params, args):
                    substitute(g, v, a)
                b.ins += c.ins
                b.term = c.term
                changed |= self.attempt(q)
        return changed

    def vectors(self):
        for v in list(self.p.vectors):
            q = self.p.copy()
            q.vectors = [v]
            if self.attempt(q):
                return

    def arguments(self):
        """Parameters of the function that is called from outside, from the last."""
        for k in reversed(range(len(self.p.funcs[-1].params))):
            q = self.p.copy()
            f = q.funcs[-1]
            v, t = f.blocks[f.order[0]].params[k]
            if len(f.params) == 1 or v in uses(q)[f.name]:
                continue
            del f.params[k], f.blocks[f.order[0]].params[k]
            q.vectors = [(a[:k] + a[k + 1:], w) for a, w in q.vectors]
            self.attempt(q)

    def slots(self):
        for f in [f.name for f in self.p.funcs]:
            used = set()
            for g in self.p.funcs:
                if g.name == f:
                    for b in g.blocks.values():
                        for i in b.ins + [b.term]:
                            used |= {o[1] for o in i.args if o[0] == 's'}
            q = self.p.copy()
            for g in q.funcs:
                if g.name == f:
                    while g.slots and len(g.slots) - 1 not in used:
                        g.slots.pop()
            self.attempt(q)

    def operands(self):
        """Values by constants, one at a time."""
        changed = False
        for f, n, k in positions(self.p):
            b = self.block(f, n)
            if b is None or k >= len(b.ins) or b.ins[k].op in ('addr', 'call', 'va_arg'):
                continue
            i = b.ins[k]
            for m, (o, t) in enumerate(zip(i.args, arg_types(i))):
                if o[0] == 'v' and t != 'ptr':
                    q = self.p.copy()
                    q_i = [g for g in q.funcs if g.name == f][0].blocks[n].ins[k]
                    q_i.args[m] = const(t, 1)
                    changed |= self.attempt(q)
        return changed

    def run(self):
        self.vectors()
        for _ in range(4):
            changed = self.edges()
            changed |= self.instructions()
            changed |= self.params()
            changed |= self.straighten()
            if not changed:
                break
        self.operands()
        self.instructions()
        self.arguments()
        self.slots()
        return self.p
