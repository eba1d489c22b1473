"""Reads the objects that `kiln compile` writes, and places their sections and symbols at addresses of its own.

Each symbol has a range of addresses. A number in it stands for the symbol's address, which is not known, and an offset
(Object.address): so what is proved holds wherever the linker places the symbol."""
import struct

import unwind
from terms import const, parts, plus, var

TEXT, GOT = 0x4a5c0000, 0x4e5c0000
# Where calls find symbols, and where data is: the first address and how far apart they are.
NEAR, FAR = (0x4f5c0000, 1 << 12), (0x6a5c0000, 1 << 18)
LAST = FAR[0] + (1 << 30)
X64_CALL, A64_CALL = 4, (282, 283)
X64_GOT = {9, 41, 42}
X64_RELATIVE = {2, 4}
A64_LOW = {277: 0, 278: 0, 284: 1, 285: 2, 286: 3, 299: 4, 312: 3}
A64_PAGE = {275, 276, 311}
A64_GOT = {311, 312}


class Object:
    """code: the bytes of .text and of other sections of code behind it, relocated; functions: name -> (offset, size); refused: offset -> relocation that this
    does not know."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.file = f.read()
        self.relocated = {}
        self.names, self.numbers, self.got, self.refused, self.data = [], {}, {}, {}, {}
        self.functions, self.at = {}, {}
        self.read()

    def read(self):
        (self.machine,) = struct.unpack_from('<H', self.file, 18)
        (offset,) = struct.unpack_from('<Q', self.file, 40)
        size, n, names = struct.unpack_from('<HHH', self.file, 58)
        self.sections = [struct.unpack_from('<IIQQQQIIQQ', self.file, offset + size * i) for i in range(n)]
        self.strings = self.section(names)
        self.section_names = [self.string(self.strings, s[0]) for s in self.sections]
        self.text, at = {}, 0  # sections of code: where they begin in `code`, .text first
        first = self.section_names.index('.text')
        for i in [first] + [i for i, s in enumerate(self.sections) if s[2] & 4 and i != first]:
            self.text[i], at = at, at + -(-len(self.section(i)) // 64) * 64
        symbols = next(i for i, s in enumerate(self.sections) if s[1] == 2)
        self.read_symbols(symbols)
        self.code = bytearray()
        for i in self.text:
            self.code[self.text[i]:] = self.section(i) + b'\0' * (-len(self.section(i)) % 64)
        for i, s in enumerate(self.sections):
            if s[1] == 4 and s[7] in self.text:
                table = self.section(i)
                for at in range(0, len(table), 24):
                    offset, kind, symbol, addend = struct.unpack_from('<QIIq', table, at)
                    self.relocate(offset + self.text[s[7]], kind, symbol, addend)
        self.code = bytes(self.code)
        self.tables = unwind.tables(self)

    def relocations(self, section):
        """By offset in a section: the section and the offset in it that a relocation is of; (0, 0) if it is elsewhere."""
        if section not in self.relocated:
            self.relocated[section] = {at: (self.symbols[symbol][2], self.symbols[symbol][3] + addend)
                                       for at, _, symbol, addend in self.entries(section)}
        return self.relocated[section]

    def symbol_at(self, section, at):
        """The symbol that a relocation at a place is of."""
        return next('@' + self.symbols[symbol][0] for here, _, symbol, _ in self.entries(section) if here == at)

    def entries(self, section):
        for s in (s for s in self.sections if s[1] == 4 and s[7] == section):
            yield from struct.iter_unpack('<QIIq', self.file[s[4]:s[4] + s[5]])

    def table(self, name):
        """A function's table of exceptions, or None."""
        return self.tables.get(self.functions[name][0])

    def site(self, offset):
        """What tables say of a call at an offset in the code, or None."""
        for begin, table in self.tables.items():
            if table.sites and begin <= offset < table.sites[-1].end:
                return table.site(offset)
        return None

    def section(self, i):
        s = self.sections[i]
        return b'' if s[1] == 8 else self.file[s[4]:s[4] + s[5]]

    @staticmethod
    def string(table, at):
        return table[at:table.index(b'\0', at)].decode()

    def read_symbols(self, index):
        table, strings = self.section(index), self.section(self.sections[index][6])
        self.symbols = []
        for at in range(0, len(table), 24):
            name, info, _, section, value, size = struct.unpack_from('<IBBHQQ', table, at)
            name = self.string(strings, name)
            kind = info & 15
            if kind == 3:
                name = self.section_names[section]
            self.symbols.append((name, kind, section, value))
            if section in self.text and kind == 2 and name:
                value += self.text[section]
                self.functions[name] = (value, size)
                self.at[TEXT + value] = name

    def number(self, name, called=False):
        """Where the symbol is for the code's bytes."""
        if name not in self.numbers:
            self.numbers[name] = len(self.names)
            self.names.append(name)
        first, step = NEAR if called else FAR
        return first + step * self.numbers[name] + step // 2

    def named(self, value):
        """Name and offset, if a number is near a symbol's."""
        for first, step in (NEAR, FAR):
            i, offset = divmod(value - first, step)
            if 0 <= i < len(self.names):
                return self.names[i], offset - step // 2
        return None

    def got_entry(self, name):
        for at, known in self.got.items():
            if known == name:
                return at
        at = GOT + 8 * len(self.got)
        self.got[at] = name
        return at

    def relocate(self, offset, kind, symbol, addend):
        name, type_, section, value = self.symbols[symbol]
        if type_ == 3 and section in self.text:
            target = TEXT + self.text[section]
        elif type_ == 3 or not name:
            name = '%s+%d' % (self.section_names[section] if section < len(self.sections) else '?', value)
            target = self.number(name)
            if section < len(self.sections) and not self.sections[section][2] & 1:
                self.data[name] = self.section(section)[value:]
        else:
            target = self.number(name, kind == X64_CALL if self.machine == 62 else kind in A64_CALL)
        place = TEXT + offset
        if self.machine == 62:
            if kind in X64_GOT:
                target = self.got_entry(name)
            elif kind not in X64_RELATIVE:
                self.refused[offset] = 'relocation %d' % kind
                return
            self.code[offset:offset + 4] = struct.pack('<i', target + addend - place)
        else:
            self.relocate_a64(offset, kind, self.got_entry(name) if kind in A64_GOT else target + addend, place)

    def relocate_a64(self, offset, kind, target, place):
        (word,) = struct.unpack_from('<I', self.code, offset)
        if kind in A64_PAGE or kind == 274:
            v = target - place if kind == 274 else (target >> 12) - (place >> 12)
            word = word & ~(3 << 29 | 0x7ffff << 5) | (v & 3) << 29 | (v >> 2 & 0x7ffff) << 5
        elif kind in A64_LOW:
            word = word & ~(0xfff << 10) | (target & 0xfff) >> A64_LOW[kind] << 10
        elif kind in (282, 283):
            word = word & ~0x3ffffff | (target - place) >> 2 & 0x3ffffff
        else:
            self.refused[offset] = 'relocation %d' % kind
            return
        struct.pack_into('<I', self.code, offset, word)

    def address(self, value):
        """The term that a number in the code stands for, or None if it is a number."""
        found = self.named(value)
        if found:
            return plus(var('@' + found[0], 64), found[1])
        if value in self.at:
            return var('@' + self.at[value], 64)
        return None

    def is_constant(self, address):
        """Does an address begin in code or constant data?"""
        constant, products = parts(address)
        return TEXT <= constant < TEXT + len(self.code) or any(
            k == 1 and x.op == 'v' and x.args[0][1:] in self.data for x, k in products)

    def in_table(self, address, n):
        """What is at an address, a number or a section and an offset, if that is constant; else None."""
        constant, products = parts(address)
        if not products:
            return self.constant(constant, n)
        if len(products) == 1 and products[0][1] == 1 and products[0][0].op == 'v':
            data = self.data.get(products[0][0].args[0][1:])
            if data is not None and 0 <= constant <= len(data) - n:
                return const(int.from_bytes(data[constant:constant + n], 'little'), 8 * n)
        return None

    def constant(self, value, n):
        """What is in memory at a number, if that is code, the GOT or constant data; else None."""
        if TEXT <= value <= TEXT + len(self.code) - n:
            return const(int.from_bytes(self.code[value - TEXT:value - TEXT + n], 'little'), 8 * n)
        if value in self.got and n == 8:
            return var('@' + self.got[value], 64)
        name, at = self.named(value) or ('', 0)
        data = self.data.get(name)
        if data is not None and 0 <= at <= len(data) - n:
            return const(int.from_bytes(data[at:at + n], 'little'), 8 * n)
        return None
