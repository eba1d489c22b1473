"""What a valid module without imports exports, read from its bytes: wasmtime's Python does not know all types."""
TYPES = {0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref', 0x6f: 'externref', 0x69: 'exnref'}
FUNC, MEMORY, GLOBAL = 0, 2, 3


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                return value

    def text(self):
        n = self.number()
        self.at += n
        return self.data[self.at - n:self.at].decode()

    def type(self):
        code = self.byte()
        return TYPES.get(self.byte() if code in (0x63, 0x64) else code, 'other')

    def types(self):
        return [self.type() for _ in range(self.number())]

    def skip_constant(self):
        """A constant expression."""
        while True:
            op = self.byte()
            if op == 0x0b:
                return
            if op in (0x41, 0x42, 0x23, 0xd2, 0xd0):
                self.number()
            elif op in (0x43, 0x44):
                self.at += 4 if op == 0x43 else 8
            elif op == 0xfd:
                self.number()
                self.at += 16


def exports(data):
    """[(name, kind, index, type)]: of a function its parameters and results, of a global its value's."""
    sections, r = {}, Reader(data, 8)
    while r.at < len(data):
        number = r.byte()
        size = r.number()
        sections[number] = r.at
        r.at += size

    def items(number, read):
        s = Reader(data, sections[number]) if number in sections else None
        return [read(s) for _ in range(s.number())] if s else []

    def function_type(s):
        s.byte()
        return s.types(), s.types()

    def global_type(s):
        kind = s.type()
        s.byte()
        s.skip_constant()
        return kind

    types = items(1, function_type)
    of_kind = {FUNC: [types[i] for i in items(3, Reader.number)], GLOBAL: items(6, global_type)}
    rows = items(7, lambda s: (s.text(), s.byte(), s.number()))
    return [(name, kind, index, of_kind[kind][index] if kind in of_kind else None) for name, kind, index in rows]
