"""LLVM's bit stream: blocks, abbreviations and records as Python objects, read from a file, changed, and written again.
A record is written in the abbreviation that it was read in, if its operands fit that, else in none. What a file says of
its own positions (symbol tables with offsets, metadata's index) is left out, as it would no longer be true.
Facts: https://llvm.org/docs/BitCodeFormat.html."""
CHAR6 = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._'
LITERAL, FIXED, VBR, ARRAY, CHAR, BLOB = 'literal', 1, 2, 3, 4, 5
END, ENTER, DEFINE, UNABBREV = range(4)
INFO, MODULE, PARAMATTR, PARAMATTR_GROUP, CONSTANTS, FUNCTION, IDENTIFICATION = 0, 8, 9, 10, 11, 12, 13
VALUE_SYMTAB, METADATA, ATTACHMENT, TYPE, BUNDLE_TAGS, KINDS, STRTAB, SYMTAB = 14, 15, 16, 17, 21, 22, 23, 25
POSITIONS = {(MODULE, 13), (METADATA, 38), (METADATA, 39), (VALUE_SYMTAB, 3)}


class Record:
    def __init__(self, code, ops, blob=None, abbrev=None):
        self.code, self.ops, self.blob, self.abbrev = code, list(ops), blob, abbrev


class Block:
    def __init__(self, number, width=4, items=()):
        self.number, self.width, self.items = number, width, list(items)

    def blocks(self, number):
        return [i for i in self.items if isinstance(i, Block) and i.number == number]

    def block(self, number):
        return self.blocks(number)[0]

    def records(self, code=None):
        return [i for i in self.items if isinstance(i, Record) and code in (None, i.code)]

    def before(self, item, *new):
        at = self.items.index(item)
        self.items[at:at] = new


class Bits:
    """A position in bits that are read."""

    def __init__(self, data):
        self.value, self.size, self.at = int.from_bytes(data, 'little'), len(data) * 8, 0
        self.data = data

    def fixed(self, n):
        at, end = self.at // 8, (self.at + n + 7) // 8
        v = int.from_bytes(self.data[at:end], 'little') >> self.at % 8 & (1 << n) - 1
        self.at += n
        return v

    def vbr(self, n):
        v = shift = 0
        while True:
            chunk = self.fixed(n)
            v |= (chunk & (1 << n - 1) - 1) << shift
            if not chunk >> n - 1: return v
            shift += n - 1

    def align(self):
        self.at = (self.at + 31) // 32 * 32


class Reader(Bits):
    def __init__(self, data):
        super().__init__(data)
        self.info = {}

    def top(self):
        assert self.fixed(32) == 0xdec04342
        out = []
        while self.size - self.at >= 64:
            assert self.fixed(2) == ENTER
            out.append(self.block(self.vbr(8)))
        return [b for b in out if b.number != SYMTAB]

    def block(self, number):
        b = Block(number, self.vbr(4))
        self.align()
        self.fixed(32)
        abbrevs, target = list(self.info.get(number, [])), None
        while True:
            i = self.fixed(b.width)
            if i == END:
                self.align()
                return b
            if i == ENTER:
                b.items.append(self.block(self.vbr(8)))
            elif i == DEFINE:
                ops = self.definition()
                if number == INFO: self.info.setdefault(target, []).append(ops)
                else: abbrevs.append(ops)
                b.items.append(ops)
            else:
                r = self.record(None if i == UNABBREV else abbrevs[i - 4])
                if number == INFO: target = r.ops[0]
                if (number, r.code) not in POSITIONS: b.items.append(r)

    def definition(self):
        ops = []
        for _ in range(self.vbr(5)):
            if self.fixed(1):
                ops.append((LITERAL, self.vbr(8)))
            else:
                kind = self.fixed(3)
                ops.append((kind, self.vbr(5) if kind in (FIXED, VBR) else 0))
        return tuple(ops)

    def scalar(self, op):
        kind, v = op
        if kind == LITERAL: return v
        if kind == CHAR: return ord(CHAR6[self.fixed(6)])
        return 0 if v == 0 else self.fixed(v) if kind == FIXED else self.vbr(v)

    def record(self, abbrev):
        if abbrev is None:
            code = self.vbr(6)
            return Record(code, [self.vbr(6) for _ in range(self.vbr(6))])
        values, blob, ops = [], None, list(abbrev)
        while ops:
            op = ops.pop(0)
            if op[0] == ARRAY:
                of = ops.pop(0)
                values += [self.scalar(of) for _ in range(self.vbr(6))]
            elif op[0] == BLOB:
                n = self.vbr(6)
                self.align()
                blob = self.data[self.at // 8:self.at // 8 + n]
                self.at += n * 8
                self.align()
            else:
                values.append(self.scalar(op))
        return Record(values[0], values[1:], blob, abbrev)


class Writer:
    def __init__(self):
        self.value, self.at, self.info, self.chunks = 0, 0, {}, []

    def fixed(self, v, n):
        assert 0 <= v < 1 << n or n == 0, (v, n)
        self.chunks.append((v, n))
        self.at += n

    def vbr(self, v, n):
        while v >> n - 1:
            self.fixed(v & (1 << n - 1) - 1 | 1 << n - 1, n)
            v >>= n - 1
        self.fixed(v, n)

    def align(self):
        if self.at % 32: self.fixed(0, 32 - self.at % 32)

    def top(self, blocks):
        self.fixed(0xdec04342, 32)
        for b in blocks: self.block(b, 2)
        bits = ''.join(format(v, '0%db' % n)[::-1] if n else '' for v, n in self.chunks)
        return int(bits[::-1], 2).to_bytes(len(bits) // 8, 'little')

    def block(self, b, outer):
        self.fixed(ENTER, outer)
        self.vbr(b.number, 8)
        self.vbr(b.width, 4)
        self.align()
        size = len(self.chunks)
        self.fixed(0, 32)
        start = self.at
        abbrevs, target = list(self.info.get(b.number, [])), None
        for i in b.items:
            if isinstance(i, Block):
                self.block(i, b.width)
            elif isinstance(i, tuple):
                self.definition(i, b.width)
                if b.number == INFO: self.info.setdefault(target, []).append(i)
                else: abbrevs.append(i)
            else:
                if b.number == INFO: target = i.ops[0]
                self.record(i, b, abbrevs)
        self.fixed(END, b.width)
        self.align()
        self.chunks[size] = ((self.at - start) // 32, 32)

    def definition(self, ops, width):
        self.fixed(DEFINE, width)
        self.vbr(len(ops), 5)
        for kind, v in ops:
            self.fixed(kind == LITERAL, 1)
            if kind == LITERAL:
                self.vbr(v, 8)
            else:
                self.fixed(kind, 3)
                if kind in (FIXED, VBR): self.vbr(v, 5)

    @staticmethod
    def fits(op, v):
        kind, n = op
        return v == n if kind == LITERAL else v < 256 and chr(v) in CHAR6 if kind == CHAR else \
            v < 1 << n if kind == FIXED else v == 0 or n > 0

    def matches(self, r, abbrev):
        """Can the record be written in the abbreviation?"""
        values, ops = [r.code] + r.ops, list(abbrev)
        while ops:
            op = ops.pop(0)
            if op[0] == ARRAY: return all(self.fits(ops[0], v) for v in values)
            if op[0] == BLOB: return not values and r.blob is not None
            if not values or not self.fits(op, values.pop(0)): return False
        return not values

    def scalar(self, op, v):
        kind, n = op
        if kind == CHAR: self.fixed(CHAR6.index(chr(v)), 6)
        elif kind == FIXED: self.fixed(v, n)
        elif kind == VBR and n: self.vbr(v, n)

    def record(self, r, b, abbrevs):
        if r.abbrev not in abbrevs or not self.matches(r, r.abbrev):
            assert r.blob is None
            self.fixed(UNABBREV, b.width)
            self.vbr(r.code, 6)
            self.vbr(len(r.ops), 6)
            for v in r.ops: self.vbr(v, 6)
            return
        self.fixed(4 + abbrevs.index(r.abbrev), b.width)
        values, ops = [r.code] + r.ops, list(r.abbrev)
        while ops:
            op = ops.pop(0)
            if op[0] == ARRAY:
                of = ops.pop(0)
                self.vbr(len(values), 6)
                for v in values: self.scalar(of, v)
            elif op[0] == BLOB:
                self.vbr(len(r.blob), 6)
                self.align()
                for v in r.blob: self.fixed(v, 8)
                self.align()
            else:
                self.scalar(op, values.pop(0))


def read(path):
    with open(path, 'rb') as f: return Reader(f.read()).top()


def write(path, blocks):
    with open(path, 'wb') as f: f.write(Writer().top(blocks))
