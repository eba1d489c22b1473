"""Programs for bench/peers.py: a subset of Python becomes SSA, which is printed in the language of each peer.

A function takes and gives 64-bit integers; `ptr` is an address. Values are integers, addresses (calloc's result) or
doubles. There are while, if, return, calls, and accesses of p[i] by load8, loadi, loadf, store8, storei and storef. A
block has parameters; what a branch gives for them becomes phis (LLVM, QBE) or assignments (MIR, libgccjit). `>>`
shifts in zeros.
"""
import ast
import collections
import random
import struct

Value = collections.namedtuple('Value', 'n type')  # a constant is an int or a float instead
Edge = collections.namedtuple('Edge', 'to args')
OPS = {ast.Add: 'add', ast.Sub: 'sub', ast.Mult: 'mul', ast.Div: 'div', ast.BitAnd: 'and', ast.BitOr: 'or',
       ast.BitXor: 'xor',
       ast.LShift: 'shl', ast.RShift: 'shr'}
ORDER = {ast.Lt: 'lt', ast.Eq: 'eq', ast.NotEq: 'ne'}
LIBC = {'calloc': ('ii', 'p'), 'write': ('ipi', 'i')}
SCALE = {'8': 1, 'i': 8, 'f': 8}  # of accesses: a byte, an integer, a double


def type_of(v):
    return v.type if isinstance(v, Value) else 'f' if isinstance(v, float) else 'i'


class Block:
    def __init__(self, params):
        self.params, self.code, self.end = params, [], None


class Function:
    """Blocks in the order in which they are printed; code: (result, operation, arguments); end: ret, br or brif."""

    def __init__(self, node, types):
        self.name, self.types, self.n, self.blocks = node.name, types, 0, []
        self.params = [self.value('p' if a.annotation else 'i') for a in node.args.args]
        self.names = dict(zip((a.arg for a in node.args.args), self.params))
        types[self.name] = ''.join(p.type for p in self.params), 'i'
        self.start(self.params)
        self.body(node.body)

    def value(self, type):
        self.n += 1
        return Value(self.n - 1, type)

    def start(self, params):
        self.blocks.append(Block(params))

    def add(self, type, op, *args):
        result = type and self.value(type)
        self.blocks[-1].code.append((result, op, args))
        return result

    def expr(self, e):
        if isinstance(e, ast.Constant):
            return e.value
        if isinstance(e, ast.Name):
            return self.names[e.id]
        if isinstance(e, ast.BinOp):
            a, b = self.expr(e.left), self.expr(e.right)
            return self.add(type_of(a), OPS[type(e.op)], a, b)
        name, args = e.func.id, [self.expr(a) for a in e.args]
        if name in ('int', 'float'):
            return self.add(name[0], 'to' + name[0], *args)
        if name[:-1] in ('load', 'store'):
            return self.add((name[-1].replace('8', 'i') if name[0] == 'l' else None), name, *args)
        return self.add(self.types[name][1], 'call', name, *args)

    def edge(self, to, names):
        return Edge(to, [self.names[n] for n in names])

    def branch(self, test):
        a, b = self.expr(test.left), self.expr(test.comparators[0])
        block = self.blocks[-1]
        return lambda yes, no: setattr(block, 'end', ('brif', ORDER[type(test.ops[0])], a, b, yes, no))

    def assigned(self, *parts):
        names = (n for part in parts for s in part for n in ast.walk(s) if isinstance(n, ast.Name))
        found = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        return [n for n in self.names if n in found]

    def join(self, names):
        self.start([self.value(type_of(self.names[n])) for n in names])
        self.names.update(zip(names, self.blocks[-1].params))

    def part(self, body, after, names):
        """The statements in a new block: where they begin, and their last block, unless they return."""
        first = len(self.blocks)
        self.start([])
        self.body(body)
        last = self.blocks[-1]
        return first, (last, self.edge(after, names)) if last.end is None else None

    def body(self, statements):
        for s in statements:
            if isinstance(s, ast.Return):
                self.blocks[-1].end = 'ret', self.expr(s.value)
            elif isinstance(s, (ast.Assign, ast.AugAssign)):
                augmented = isinstance(s, ast.AugAssign)
                target = s.target if augmented else s.targets[0]
                self.names[target.id] = self.expr(ast.BinOp(ast.Name(target.id, ast.Load()), s.op,
                                                            s.value) if augmented else s.value)
            elif isinstance(s, ast.While):
                names, head = self.assigned(s.body), len(self.blocks)
                self.blocks[-1].end = 'br', self.edge(head, names)
                self.join(names)
                kept, branch = dict(self.names), self.branch(s.test)
                first, (last, back) = self.part(s.body, head, names)
                last.end = 'br', back
                branch(Edge(first, []), Edge(len(self.blocks), []))
                self.names = kept
                self.start([])
            elif isinstance(s, ast.If):
                names, kept, branch = self.assigned(s.body, s.orelse), dict(self.names), self.branch(s.test)
                yes, end = self.part(s.body, 0, names)
                self.names = dict(kept)
                no, other = self.part(s.orelse, 0, names)
                branch(Edge(yes, []), Edge(no, []))
                self.names = kept
                for block, edge in filter(None, (end, other)):
                    block.end = 'br', edge._replace(to=len(self.blocks))
                self.join(names)
            else:
                self.expr(s.value)


def parse(text):
    types = dict(LIBC)
    return [Function(node, types) for node in ast.parse(text).body]


# ---- the programs ----

def random_function(name, seed, callees):
    """Some 100 instructions: a loop in every second function, branches, loads, stores, at most one call."""
    r, lines, names = random.Random(seed), [f'def {name}(p: ptr, a, b):', ' x = a ^ %d' % seed, ' y = b'], ['x', 'y',
                                                                                                            'a', 'b']

    def step(indent):
        to, u, v = r.choice('xy'), r.choice(names), r.choice(names)
        kind = r.randrange(8)
        if kind < 4:
            lines.append(f"{indent}{to} = ({u} {r.choice('+-*^&|')} {v}) + {r.randrange(1, 1000)}")
        elif kind == 4:
            lines.append(f'{indent}{to} = {u} + ({v} >> {r.randrange(1, 30)})')
        elif kind < 7:
            lines.append(f'{indent}{to} = {u} ^ loadi(p, {v} & 63)')
        else:
            lines.append(f'{indent}storei(p, {u} & 63, {v})')
    while True:
        begin = len(lines)
        if begin < 6 and r.random() < 0.5:
            lines += [' i = 0', f' while i < {r.randrange(2, 9)}:', '  i = i + 1']
            for _ in range(5):
                step('  ')
        lines.append(f" if ({r.choice('xy')} & 7) < {r.randrange(1, 7)}:")
        for _ in range(3):
            step('  ')
        lines.append(' else:')
        step('  ')
        for _ in range(6):
            step(' ')
        if callees and begin < 6:
            lines.append(f' y = y + {r.choice(callees)}(p, x, {r.randrange(100)})')
        if len(lines) < 30:
            continue
        text = '\n'.join(lines + [' return x + y', ''])
        function = Function(ast.parse(text).body[0], {**LIBC, **{c: ('pii', 'i') for c in callees}})
        if sum(len(b.code) + 1 for b in function.blocks) >= 95:
            return text


MAIN = 'def main():\n p = calloc(%d, 1)\n r = 0\n%s storei(p, r ^ r, r)\n w = write(1, p, 8)\n return 0\n'


def many(count):
    """COUNT functions, every tenth of which main calls; half of them call one of the ten before them."""
    text = ''.join(random_function(f'f{k}', k,
                                   [f'f{j}' for j in range(k - k % 10, k)] if k % 2 else []) for k in range(count))
    return parse(text + MAIN % (512, ''.join(f' r = r + f{k}(p, {k}, r)\n' for k in range(0, count, 10))))


KERNELS = {'sieve': (260, '''
def f(p: ptr, n):
 i = 2
 found = 0
 while i < n:
  if load8(p, i) == 0:
   found += 1
   k = i + i
   while k < n:
    store8(p, k, 1)
    k += i
  i += 1
 i = 0
 while i < n:
  store8(p, i, 0)
  i += 1
 return found
''', 100000), 'matrices': (12, '''
def f(p: ptr, n):
 i = 0
 while i < n * n * 2:
  storef(p, i, float(i & 15) * 0.25)
  i += 1
 i = 0
 while i < n:
  j = 0
  while j < n:
   k = 0
   s = 0.0
   while k < n:
    s = s + loadf(p, i * n + k) * loadf(p, n * n + k * n + j)
    k += 1
   storef(p, n * n * 2 + i * n + j, s)
   j += 1
  i += 1
 return int(loadf(p, n * n * 3 - 1))
''', 180), 'fib': (8, '''
def f(p: ptr, n):
 if n < 2:
  return n
 return f(p, n - 1) + f(p, n - 2)
''', 33), 'hash': (500, '''
def f(p: ptr, n):
 h = 1469598103934665603
 i = 0
 while i < n:
  h = (h ^ load8(p, i)) * 1099511628211
  store8(p, i, h >> 32)
  i += 1
 return h
''', 200000), 'bodies': (400000, '''
def f(p: ptr, n):
 i = 0
 while i < n:
  x = loadf(p, i) + float(i) * 0.001
  v = loadf(p, n + i)
  j = 0
  while j < n:
   if j != i:
    d = loadf(p, j) + float(j) * 0.001 - x
    v = v + d / (d * d + 0.01) * 0.0001
   j += 1
  storef(p, n + i, v)
  i += 1
 i = 0
 while i < n:
  storef(p, i, loadf(p, i) + loadf(p, n + i) * 0.01)
  i += 1
 return int(loadf(p, n - n) * 1000000000.0)
''', 12)}


def kernel(name, times):
    _, text, n = KERNELS[name]
    return parse(text + MAIN % (1000000, f' i = 0\n while i < {times}:\n  r = r + f(p, {n})\n  i += 1\n'))


# ---- printers ----

# Lines of an operation, separated by `; `: r is the result, t its type, a, b and c the operands, x, y and z new values,
# k the number of a function. Operations that are not here are as `binary` says, by the name in `names` if there is one.
LLVM = {
    'types': 'i64 ptr double', 'value': '%v{}',
    'float': lambda d: f'0x{struct.unpack("<Q", struct.pack("<d", d))[0]:016X}', 'parameter': '{t} {v}',
    'argument': '{t} {v}',
    'declare': 'declare {t} @{name}({types})', 'head': 'define i64 @{name}({params}) {{', 'label': 'b{k}:',
    'phi': '{r} = phi {t} {froms}', 'from': '[{v}, %b{k}]',
    'names': {'shr': 'lshr', 'lt': 'slt'}, 'binary': '{r} = {f}{op} {t} {a}, {b}',
    'toi': '{r} = fptosi double {a} to i64', 'tof': '{r} = sitofp i64 {a} to double',
    'load8': '{x} = getelementptr i8, ptr {a}, i64 {b}; {y} = load i8, ptr {x}; {r} = zext i8 {y} to i64',
    'loadi': '{x} = getelementptr i64, ptr {a}, i64 {b}; {r} = load {t}, ptr {x}',
    'store8': '{x} = getelementptr i8, ptr {a}, i64 {b}; {y} = trunc i64 {c} to i8; store i8 {y}, ptr {x}',
    'storei': '{x} = getelementptr i64, ptr {a}, i64 {b}; store {u} {c}, ptr {x}',
    'call': '{r} = call {t} @{name}({args})',
    'ret': 'ret i64 {a}', 'br': 'br label %b{to}',
    'brif': '{x} = icmp {op} i64 {a}, {b}; br i1 {x}, label %b{yes}, label %b{no}', 'close': '}}'}
QBE = {
    'types': 'l l d', 'value': '%v{}', 'float': lambda d: f'd_{d!r}', 'parameter': '{t} {v}', 'argument': '{t} {v}',
    'head': 'export function l ${name}({params}) {{', 'label': '@b{k}', 'phi': '{r} ={t} phi {froms}',
    'from': '@b{k} {v}',
    'names': {'lt': 'slt'}, 'binary': '{r} ={t} {op} {a}, {b}', 'toi': '{r} =l dtosi {a}', 'tof': '{r} =d sltof {a}',
    'load8': '{x} =l add {a}, {b}; {r} =l loadub {x}',
    'loadi': '{x} =l shl {b}, 3; {y} =l add {a}, {x}; {r} ={t} load{t} {y}',
    'store8': '{x} =l add {a}, {b}; storeb {c}, {x}',
    'storei': '{x} =l shl {b}, 3; {y} =l add {a}, {x}; store{u} {c}, {y}',
    'call': '{r} ={t} call ${name}({args})', 'ret': 'ret {a}', 'br': 'jmp @b{to}',
    'brif': '{x} =w c{op}l {a}, {b}; jnz {x}, @b{yes}, @b{no}', 'close': '}}'}
KILN = {
    'types': 'i64 i64 f64', 'value': 'v{}', 'float': lambda d: f'f64 {d!r}', 'parameter': '{t}', 'argument': '{v}',
    'begin': 'target x86_64',
    'declare': 'declare @{name}({types}) -> i64', 'head': 'func @{name}({params}) -> i64 {{', 'label': 'b{k}{params}:',
    'blockparam': '{v}: {t}',
    'names': {'shr': 'lshr', 'lt': 'slt'}, 'binary': '{r} = {f}{op}.{t} {a}, {b}', 'toi': '{r} = ftosi.i64 f64 {a}',
    'tof': '{r} = sitof.f64 i64 {a}',
    'load8': '{x} = addr {a} + {b}*1; {r} = load.i64 zext i8 {x}',
    'loadi': '{x} = addr {a} + {b}*8; {r} = load.{t} {x}',
    'store8': '{x} = addr {a} + {b}*1; {y} = trunc.i8 i64 {c}; store.i8 {y}, {x}',
    'storei': '{x} = addr {a} + {b}*8; store.{u} {c}, {x}',
    'call': '{r} = call @{name}({args})', 'ret': 'ret {a}', 'br': 'br b{to}{given}',
    'brif': '{x} = icmp.i64 {op} {a}, {b}; brif {x}, b{yes}, b{no}', 'close': '}}'}
CLIF = {
    **KILN, 'float': lambda d: d.hex().replace('p+', 'p'), 'begin': '', 'declare': '',
    'constant': {'i': '{r} = iconst.i64 {a}', 'f': '{r} = f64const {a}'},
    'head': 'function u0:{k}({params}) -> i64 system_v {{',
    'callee': 'fn{k} = {colocated}u0:{k}({types}) -> i64 system_v', 'label': 'block{k}{params}:',
    'names': {'and': 'band', 'or': 'bor', 'xor': 'bxor', 'shl': 'ishl', 'shr': 'ushr', 'add': 'iadd', 'sub': 'isub',
              'mul': 'imul', 'lt': 'slt',
              'fadd': 'fadd', 'fsub': 'fsub', 'fmul': 'fmul', 'fdiv': 'fdiv'},
    'binary': '{r} = {op} {a}, {b}', 'toi': '{r} = fcvt_to_sint_sat.i64 {a}', 'tof': '{r} = fcvt_from_sint.f64 {a}',
    'load8': '{x} = iadd {a}, {b}; {r} = uload8.i64 {x}',
    'loadi': '{z} = iconst.i64 3; {x} = ishl {b}, {z}; {y} = iadd {a}, {x}; {r} = load.{t} {y}',
    'store8': '{x} = iadd {a}, {b}; istore8 {c}, {x}',
    'storei': '{z} = iconst.i64 3; {x} = ishl {b}, {z}; {y} = iadd {a}, {x}; store {c}, {y}',
    'call': '{r} = call fn{k}({args})', 'ret': 'return {a}', 'br': 'jump block{to}{given}',
    'brif': '{x} = icmp {op} {a}, {b}; brif {x}, block{yes}, block{no}'}
MIR = {
    'types': 'i64 i64 d', 'value': 'v{}', 'float': repr, 'parameter': '{t}:{v}', 'argument': '{v}',
    'begin': 'm: module', 'declare': 'import {name}',
    'every': 'p_{name}: proto i64{protos}', 'export': 'export main', 'head': '{name}: func i64{comma}{params}',
    'local': 'local {t}:{v}', 'label': 'l{fk}_{k}:', 'move': '{m} {r}, {a}',
    'names': {'shl': 'lsh', 'shr': 'ursh', 'lt': 'blt', 'eq': 'beq', 'ne': 'bne'}, 'binary': '{d}{op} {r}, {a}, {b}',
    'toi': 'd2i {r}, {a}', 'tof': 'i2d {r}, {a}',
    'load8': 'mov {r}, u8:({a}, {b})', 'loadi': '{m} {r}, {t}:({a}, {b}, 8)', 'store8': 'mov u8:({a}, {b}), {c}',
    'storei': '{n} {u}:({a}, {b}, 8), {c}',
    'call': 'call p_{name}, {name}, {r}, {args}', 'ret': 'ret {a}', 'br': 'jmp l{fk}_{to}',
    'brif': '{op} l{fk}_{yes}, {a}, {b}; jmp l{fk}_{no}', 'close': 'endfunc', 'finish': 'endmodule'}
GCC = {
    'types': 'I P F', 'value': 'R({})', 'int': 'K({}ll)', 'float': 'D({!r})'.format, 'parameter': '{t}',
    'argument': '{v}', 'begin': '#include "gccjit.h"',
    'head': 'static void f{k}(void) {{ begin({k}, "{name}", {count}, (gcc_jit_type *[]){{{params}}}, {blocks});',
    'local': 'local({n}, {t});', 'label': '', 'move': 'set({at}, {rn}, {a});',
    'names': {'add': 'PLUS', 'sub': 'MINUS', 'mul': 'MULT', 'div': 'DIVIDE', 'and': 'BITWISE_AND', 'or': 'BITWISE_OR',
              'xor': 'BITWISE_XOR', 'shl': 'LSHIFT'},
    'binary': 'set({at}, {rn}, BINARY({op}, {t}, {a}, {b}));',
    'shr': 'set({at}, {rn}, CAST(BINARY(RSHIFT, U, CAST({a}, U), CAST({b}, U)), I));',
    'toi': 'set({at}, {rn}, CAST({a}, I));', 'tof': 'set({at}, {rn}, CAST({a}, F));',
    'load8': 'set({at}, {rn}, CAST(RVALUE(element({a}, B, {b})), I));',
    'loadi': 'set({at}, {rn}, RVALUE(element({a}, {t}, {b})));',
    'store8': 'STORE({at}, element({a}, B, {b}), CAST({c}, B));', 'storei': 'STORE({at}, element({a}, {u}, {b}), {c});',
    'call': 'set({at}, {rn}, CALL({k}, {count}, {args}));', 'ret': 'RET({at}, {a});', 'br': 'JUMP({at}, {to});',
    'brif': 'BRANCH({at}, {op}, {a}, {b}, {yes}, {no});', 'close': '}}',
    'finish': 'static void all(void) {{ {everything} }}'}
LANGUAGES = {'ll': LLVM, 'ssa': QBE, 'kir': KILN, 'clif': CLIF, 'mir': MIR, 'c': GCC}


class Printer:
    def __init__(self, language, functions):
        self.p, self.lines, self.fk = LANGUAGES[language], [], 0
        self.types = dict(zip('ipf', self.p['types'].split()))
        self.signatures = {**LIBC, **{f.name: (''.join(v.type for v in f.params), 'i') for f in functions}}
        self.number = {name: k for k, name in enumerate(self.signatures)}
        self.line('begin')
        for name, (types, result) in self.signatures.items():
            if name in LIBC:
                self.line('declare', name=name, t=self.types[result], types=self.many('{t}', types))
            self.line('every', name=name, protos=''.join(f', {self.types[t]}:a{k}' for k, t in enumerate(types)))
        self.line('export')
        for f in functions:
            self.function(f)
        self.line('finish', everything=' '.join(f'f{self.number[f.name]}();' for f in functions))

    def line(self, key, **words):
        if self.p.get(key):
            self.lines += [line.format(fk=self.fk, **words) for line in self.p[key].split('; ')]

    def many(self, pattern, values):
        return ', '.join(pattern.format(t=self.types[type_of(v) if not isinstance(v, str) else v],
                                        v='' if isinstance(v, str) else self.v(v)) for v in values)

    def v(self, x):
        if isinstance(x, Value):
            return self.p['value'].format(x.n)
        text = self.p['float'](x) if isinstance(x, float) else self.p.get('int', '{}').format(x)
        if 'constant' not in self.p:
            return text
        new = self.new()
        self.lines.append(self.p['constant'][type_of(x)].format(r=new, a=text))
        return new

    def new(self):
        self.n += 1
        return self.p['value'].format(self.n)

    def function(self, f):
        self.n, self.fk = f.n, self.number[f.name]
        self.line('head', name=f.name, k=self.fk, params=self.many(self.p['parameter'], f.params), count=len(f.params),
                  blocks=len(f.blocks),
                  comma=', ' if f.params else '')
        froms = collections.defaultdict(list)
        made = [r for b in f.blocks for r, _, _ in b.code if r] + [p for b in f.blocks[1:] for p in b.params]
        for r in made:
            self.line('local', t=self.types[r.type], v=self.v(r), n=r.n)
        for name in dict.fromkeys(args[0] for b in f.blocks for _, op, args in b.code if op == 'call'):
            self.line('callee', k=self.number[name], colocated='' if name in LIBC else 'colocated ',
                      types=self.many('{t}', self.signatures[name][0]))
        for k, b in enumerate(f.blocks):
            if b.end[0] == 'br':
                froms[b.end[1].to].append((k, b.end[1].args))
        for k, b in enumerate(f.blocks):
            given = self.many(self.p.get('blockparam', ''), b.params) if k or 'blockparam' in self.p else ''
            self.line('label', k=k, params=f'({given})' if given else '')
            for n, r in enumerate(b.params if k else []):
                self.line('phi', r=self.v(r), t=self.types[r.type],
                          froms=', '.join(self.p.get('from', '').format(v=self.v(args[n]), k=pred) for pred,
                                          args in froms[k])
                          if 'phi' in self.p else '')
            for r, op, args in b.code:
                self.operation(k, r, op, args)
            self.end(f, k, *b.end)
        self.line('close')

    def operation(self, at, r, op, args, **more):
        name = args[0] if op == 'call' else ''
        args = args[1:] if op == 'call' else args
        values = [self.v(a) for a in args]
        float_result, last = r and r.type == 'f', args[-1] if args else 0
        key = op if op in self.p else op[:-1] + 'i' if op in ('loadf', 'storef') else 'binary'
        renamed = self.p['names'].get('f' * bool(float_result) + op, self.p['names'].get(op, op))
        self.line(key, r=r and self.v(r), rn=r and r.n, t=r and self.types[r.type], u=self.types[type_of(last)],
                  x=self.new(), y=self.new(), z=self.new(), at=at, name=name,
                  k=self.number.get(name), op=renamed, f='f' * bool(float_result), d='d' * bool(float_result),
                  m='dmov' if float_result else 'mov',
                  n='dmov' if type_of(last) == 'f' else 'mov', count=len(args),
                  args=', '.join(self.p['argument'].format(t=self.types[type_of(a)], v=v) for a,
                                 v in zip(args, values)),
                  **dict(zip('abc', values)), **more)

    def end(self, f, at, kind, *rest):
        if kind == 'brif':
            names = self.p['names']
            self.line('brif', op=names.get(rest[0], rest[0]), a=self.v(rest[1]), b=self.v(rest[2]), x=self.new(),
                      yes=rest[3].to, no=rest[4].to, at=at)
        elif kind == 'ret':
            self.line('ret', a=self.v(rest[0]), at=at)
        else:
            edge = rest[0]
            params = f.blocks[edge.to].params
            if any(a in params and a != p for a, p in zip(edge.args, params)):
                raise ValueError('an edge whose assignments need an order')
            for p, a in zip(params, edge.args):
                if p != a:
                    self.line('move', r=self.v(p), rn=p.n, a=self.v(a) if 'move' in self.p else '', at=at,
                              m='dmov' if p.type == 'f' else 'mov')
            given = f"({', '.join(map(self.v, edge.args))})" if 'blockparam' in self.p and edge.args else ''
            self.line('br', to=edge.to, given=given, at=at)


def written(language, functions):
    return '\n'.join(Printer(language, functions).lines) + '\n'
