"""Random functions that store to, load from, copy and fill parts of slots, in branches and loops, directly and by calls that
are inlined, while addresses of some leave, early or late. Evaluated byte by byte: a byte is a number, or None where
nothing was written. What would read such a byte is left out."""
from gen_base import File, mask

SIZE = {'i8': 1, 'i16': 2, 'i32': 4, 'i64': 8, 'f32': 4, 'f64': 8}
WORD = {1: 'i8', 2: 'i16', 4: 'i32', 8: 'i64'}
COPIES = [1, 4, 8, 12, 16, 20, 24, 32]
HELPERS = """\
func @sl_out(i64) {
b0(%p: i64):
  %v = load.i8 %p
  %w = add.i8 %v, 1
  store.i8 %w, %p
  ret
}"""


class Undefined(Exception):
    pass


class Function:
    """Statements are lists: what they do, and its operands."""

    def __init__(self, rng):
        self.rng = rng
        self.slots = [rng.choice([4, 8, 12, 16, 24, 24, 24, 32, 40, 140]) for _ in range(rng.randrange(2, 6))]
        # where fields are, of all slots; most accesses are of one of them
        self.fields, at = [], 0
        while at < 40:
            t = rng.choice(list(SIZE))
            at = -(-at // SIZE[t]) * SIZE[t]
            self.fields.append((at, t))
            at += SIZE[t]
        self.body = [['store', k, at, t, rng.getrandbits(64)] for k, size in enumerate(self.slots) if rng.random() < .7
                     for at, t in self.fields if at + SIZE[t] <= size]
        for _ in range(3):
            self.body += self.block(3, 14)

    def place(self, size):
        """A slot, and where `size` bytes in it begin; None if they fit into none."""
        slot = self.rng.randrange(len(self.slots))
        starts = [at for at, _ in self.fields if at + size <= self.slots[slot]]
        if self.rng.random() < .02 and self.slots[slot] >= size:
            return slot, self.rng.randrange(self.slots[slot] - size + 1)
        return (slot, self.rng.choice(starts)) if starts else None

    def fields_in_two(self):
        """Two slots, and where a few whole fields of both begin and how many bytes they have; None if there are none."""
        k = self.rng.randrange(len(self.fields))
        (at, _), (last, t) = self.fields[k], self.fields[min(k + self.rng.randrange(6), len(self.fields) - 1)]
        fit = [n for n, size in enumerate(self.slots) if last + SIZE[t] <= size]
        return (self.rng.choice(fit), self.rng.choice(fit), at, last + SIZE[t] - at) if fit else None

    def access(self):
        at, t = self.rng.choice(self.fields)
        fit = [k for k, size in enumerate(self.slots) if at + SIZE[t] <= size]
        if self.rng.random() < .02:
            t = self.rng.choice(list(SIZE))
            place = self.place(SIZE[t])
            return place and [*place, t]
        return [self.rng.choice(fit), at, t] if fit else None

    def block(self, depth, most):
        return [s for s in (self.statement(depth) for _ in range(self.rng.randrange(2, most))) if s]

    def statement(self, depth):
        r, kind = self.rng, self.rng.random()
        if kind < .30:
            a = self.access()
            return a and ['store', *a, r.choice(['x', 'y', 'acc', r.getrandbits(64)])]
        if kind < .55:
            a = self.access()
            return a and ['load', *a]
        if kind < .76:
            if r.random() < .85:
                two = self.fields_in_two()
                return two and ['copy', r.choice(['memcpy', 'memmove']), two[0], two[2], two[1], *two[2:], r.random() < .5]
            size = r.choice(COPIES)
            to, source = self.place(size), self.place(size)
            if not to or not source:
                return None
            apart = to[0] != source[0] or to[1] == source[1] or abs(to[1] - source[1]) >= size
            return ['copy', 'memcpy' if apart and r.random() < .8 else 'memmove', *to, *source, size, r.random() < .4]
        if kind < .80:
            two = self.fields_in_two()
            return two and ['fill', two[0], two[2], r.choice([0, 0, 1, 255]), two[3] - (r.random() < .1 and two[3] > 1)]
        if kind < .84:
            return ['life', r.randrange(len(self.slots))]
        if kind < .87:
            return ['out', *(self.place(1) or (0, 0))]
        if kind < .90:
            return ['hold', *(self.place(1) or (0, 0))]
        if kind < .93:
            return ['poke', r.getrandbits(8)]
        if depth == 0:
            return None
        if kind < .97:
            return ['if', r.randrange(6), self.block(depth - 1, 7), self.block(depth - 1, 7)]
        return ['loop', r.randrange(1, 4), self.block(depth - 1, 7)]

    # ---- evaluation ----

    def run(self, x, y):
        self.x, self.y, self.acc, self.held = x, y, 1, None
        self.memory = [[None] * size for size in self.slots]
        self.run_block(self.body)
        return self.acc

    def run_block(self, block):
        for s in block:
            getattr(self, 'run_' + s[0])(s)

    def value(self, v):
        return {'x': self.x, 'y': self.y, 'acc': self.acc}.get(v, v)

    def run_store(self, s):
        _, slot, at, t, v = s
        self.memory[slot][at:at + SIZE[t]] = list((self.value(v) & mask(8 * SIZE[t])).to_bytes(SIZE[t], 'little'))

    def run_load(self, s):
        _, slot, at, t = s
        got = self.memory[slot][at:at + SIZE[t]]
        if None in got:
            raise Undefined(s)
        self.acc = ((self.acc << 5 | self.acc >> 59) & mask(64)) ^ int.from_bytes(bytes(got), 'little')

    def run_copy(self, s):
        _, _, to, to_at, source, at, size, _ = s
        self.memory[to][to_at:to_at + size] = self.memory[source][at:at + size]

    def run_fill(self, s):
        _, slot, at, byte, size = s
        self.memory[slot][at:at + size] = [byte] * size

    def run_life(self, s):
        self.memory[s[1]] = [None] * self.slots[s[1]]

    def run_out(self, s):
        _, slot, at = s
        v = self.memory[slot][at]
        self.memory[slot][at] = None if v is None else (v + 1) & 255

    def run_hold(self, s):
        self.held = s[1], s[2]

    def run_poke(self, s):
        if self.held:
            self.memory[self.held[0]][self.held[1]] = s[1]

    def run_if(self, s):
        self.run_block(s[2] if self.x >> s[1] & 1 else s[3])

    def run_loop(self, s):
        for _ in range(s[1]):
            self.run_block(s[2])

    def without(self, block, left_out):
        out = []
        for s in block:
            if s is not left_out:
                out.append([self.without(p, left_out) if isinstance(p, list) else p for p in s] if s[0] in ('if', 'loop') else s)
        return out

    def results(self, args):
        """What it returns for each pair, once it reads nothing undefined."""
        while True:
            try:
                return [self.run(*a) for a in args]
            except Undefined as e:
                self.body = self.without(self.body, e.args[0])

    # ---- text ----

    def text(self):
        self.n, self.lines = 0, []
        for k, size in enumerate(self.slots):
            self.lines.append(f'  %s{k} = slot {size} align 8')
        self.lines += ['  %acc = slot 8 align 8', '  %held = slot 8 align 8', '  %none = slot 8 align 8', '  %turns = slot 32 align 8',
                       'b0(%x: i64, %y: i64):', '  store.i64 1, %acc', '  store.i64 %none, %held']
        self.put_block(self.body, 0)
        self.lines += ['  %end = load.i64 %acc', '  ret %end']
        return '\n'.join(self.lines)

    def put(self, *lines):
        """Lines in which N is a new number."""
        self.n += 1
        self.lines += ['  ' + line.replace('#', str(self.n)) for line in lines]

    def put_block(self, block, depth):
        for s in block:
            getattr(self, 'put_' + s[0])(s, depth)

    def put_store(self, s, _):
        _, slot, at, t, v = s
        word = WORD[SIZE[t]]
        lines = ['%v# = load.i64 %acc'] if v == 'acc' else [f'%v# = copy.i64 {v if isinstance(v, int) else "%" + v}']
        lines.append(f'%t# = trunc.{word} i64 %v#' if word != 'i64' else '%t# = copy.i64 %v#')
        if t[0] == 'f':
            lines.append(f'%f# = bitcast.{t} {word} %t#')
        self.put(*lines, f'store.{t} {"%f#" if t[0] == "f" else "%t#"}, %s{slot}+{at}')

    def put_load(self, s, _):
        _, slot, at, t = s
        word = WORD[SIZE[t]]
        lines = [f'%l# = load.{t} %s{slot}+{at}']
        lines.append(f'%w# = bitcast.{word} {t} %l#' if t[0] == 'f' else f'%w# = copy.{t} %l#')
        lines.append(f'%z# = zext.i64 {word} %w#' if word != 'i64' else '%z# = copy.i64 %w#')
        self.put(*lines, '%a# = load.i64 %acc', '%r# = rotl.i64 %a#, 5', '%b# = xor.i64 %r#, %z#', 'store.i64 %b#, %acc')

    def put_copy(self, s, _):
        _, op, to, to_at, source, at, size, call = s
        self.put(f'%d# = addr %s{to}+{to_at}', f'%s#_ = addr %s{source}+{at}',
                 f'call @sl_{op}{size}(%d#, %s#_)' if call and size in COPIES else f'{op} %d#, %s#_, {size}')

    def put_fill(self, s, _):
        _, slot, at, byte, size = s
        self.put(f'%d# = addr %s{slot}+{at}', f'memset %d#, {byte}, {size}')

    def put_life(self, s, _):
        self.put(f'life_start %s{s[1]}')

    def put_out(self, s, _):
        self.put(f'%p# = addr %s{s[1]}+{s[2]}', 'call @sl_out(%p#) as (i64) noinline')

    def put_hold(self, s, _):
        self.put(f'%p# = addr %s{s[1]}+{s[2]}', 'store.i64 %p#, %held')

    def put_poke(self, s, _):
        self.put('%p# = load.i64 %held', f'store.i8 {s[1]}, %p#')

    def put_if(self, s, depth):
        self.put(f'%k# = lshr.i64 %x, {s[1]}', '%c# = trunc.i8 i64 %k#', 'brif %c#, y#, n#')
        me = self.n
        for name, block in (('y', s[2]), ('n', s[3])):
            self.lines.append(f'{name}{me}:')
            self.put_block(block, depth)
            self.lines.append(f'  br e{me}')
        self.lines.append(f'e{me}:')

    def put_loop(self, s, depth):
        at = 8 * depth
        self.put(f'store.i64 0, %turns+{at}', 'br h#')
        me = self.n
        self.lines.append(f'h{me}:')
        self.put_block(s[2], depth + 1)
        self.put(f'%i# = load.i64 %turns+{at}', '%j# = add.i64 %i#, 1', f'store.i64 %j#, %turns+{at}', f'%c# = icmp.i64 ult %j#, {s[1]}',
                 f'brif %c#, h{me}, e{me}')
        self.lines.append(f'e{me}:')


def gen_slots(rng, n=60):
    f = File('g_slots')
    f.line(HELPERS)
    for op in ('memcpy', 'memmove'):
        for size in COPIES:
            f.func(['i64', 'i64'], '', f'b0(%d: i64, %s: i64):\n  {op} %d, %s, {size}\n  ret', f'sl_{op}{size}')
    for k in range(n):
        args = [(rng.getrandbits(64), rng.getrandbits(64)) for _ in range(4)]
        function = Function(rng)
        wants = function.results(args)
        name = f.func(['i64', 'i64'], 'i64', function.text(), f'sl_{k}')
        for a, want in zip(args, wants):
            f.run(name, a, ['i64', 'i64'], want, 'i64')
    return f
