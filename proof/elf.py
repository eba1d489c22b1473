"""Reads the objects that `kiln compile` writes, and places their sections and symbols at addresses of its own.

Each symbol has a range of addresses. A number in it stands for the symbol's address, which is not known, and an offset
(Object.address): so what is proved holds wherever the linker places the symbol."""
import struct

import unwind
from terms import const, parts, plus, sub, var

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
# Thread-local storage (ELF Handling For Thread-Local Storage; psABI 4.4; ELF for the Arm 64-bit architecture 5.7.11): what
# the number in the code is. An index is what __tls_get_addr is given, an offset counts from the thread pointer or, `module`,
# from the module's block.
X64_THREAD = {19: 'index', 20: 'index of the module', 21: 'offset in the module', 22: 'got', 23: 'offset'}
A64_THREAD = {541: 'got', 542: 'got', 562: 'descriptor', 563: 'descriptor', 564: 'descriptor', 549: 'high', 550: 'low', 551: 'low'}
THREAD = var('thread pointer', 64)
MODULE = var("the module's thread-local storage", 64)


class Object:
    """code: the bytes of .text and of other sections of code after it, relocated; functions: name -> (offset, size); refused: offset -> relocation that this
    does not know."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.file = f.read()
        self.relocated = {}
        self.names, self.numbers, self.got, self.refused, self.data, self.added = [], {}, {}, {}, {}, {}
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
        thread = (X64_THREAD if self.machine == 62 else A64_THREAD).get(kind)
        if thread or self.machine != 62 and kind == 569:  # of a descriptor's call, nothing
            self.relocate_thread(offset, kind, thread, name, addend)
            return
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

    def relocate_thread(self, offset, kind, what, name, addend):
        """`what`: by X64_THREAD and A64_THREAD."""
        place = TEXT + offset
        if self.machine == 62:
            relative = what != 'offset' and what != 'offset in the module'
            if relative:
                addend += 4
            if what == 'got':
                target = self.got_entry('thread offset of ' + name) + addend
            else:
                target = self.number('thread %s of %s' % (what, name)) + addend
            self.code[offset:offset + 4] = struct.pack('<i', target - (place + 4 if relative else 0))
        elif what in ('got', 'descriptor'):
            like = {541: 311, 542: 312, 562: 275, 563: 312, 564: 277}[kind]
            where = self.got_entry('thread offset of ' + name) if what == 'got' else self.number('thread descriptor of ' + name)
            self.relocate_a64(offset, like, where + addend, place)
        elif what is not None:
            low = var('low bits of the thread offset of ' + name, 64)
            whole = plus(self.thread_local('offset', name), addend)
            self.added[offset] = low if what == 'low' else sub(whole, low)

    @staticmethod
    def thread_local(what, name):
        """Of a symbol, as a term: its offset from the thread pointer or in the module."""
        return sub(var('thread-local @' + name, 64), MODULE if what == 'offset in the module' else THREAD)

    def symbol(self, name):
        """The term that a name of this stands for."""
        for what in ('offset in the module', 'offset'):
            if name.startswith('thread %s of ' % what):
                return self.thread_local(what, name[len('thread %s of ' % what):])
        return var('@' + name, 64)

    @staticmethod
    def is_thread_call(machine, s, target):
        """A call that finds thread-local storage, and is none of the IR's: __tls_get_addr changes what calls do, but no
        memory; a descriptor's function changes nothing but its result and x1 (ELF for the Arm 64-bit architecture,
        Thread-local storage descriptors)."""
        p = machine.p
        if p.name == 'x86_64' and target is var('@__tls_get_addr', 64):
            argument, memory, calls = machine.get(s, 'RDI'), s.memory, list(s.calls)
            control = [(n, machine.get(s, n, w)) for n, w in p.control]
            machine.called(s, target, 0)
            s.memory, s.calls = memory, calls
            for n, x in control:
                machine.set(s, n, x)
            constant, products = parts(argument)
            name = products[0][0].args[0] if len(products) == 1 and products[0][0].op == 'v' else ''
            if name.startswith('@thread index of the module of '):
                machine.set(s, 'RAX', plus(MODULE, constant))
            elif name.startswith('@thread index of '):
                machine.set(s, 'RAX', plus(var('thread-local @' + name[len('@thread index of '):], 64), constant))
            return True
        name = target.args[1].args[0] if target.op == 'ld' and target.args[1].op == 'v' else ''
        if p.name == 'aarch64' and name.startswith('@thread descriptor of ') and machine.get(s, 'x0') is target.args[1]:
            machine.set(s, 'x0', Object.thread_local('offset', name[len('@thread descriptor of '):]))
            for register in ('x1', 'x30'):
                machine.set(s, register, var('%s after a descriptor' % register, 64))
            return True
        return False

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
            return plus(self.symbol(found[0]), found[1])
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
            return self.symbol(self.got[value])
        name, at = self.named(value) or ('', 0)
        data = self.data.get(name)
        if data is not None and 0 <= at <= len(data) - n:
            return const(int.from_bytes(data[at:at + n], 'little'), 8 * n)
        return None
