"""Where two relocatable ELF objects differ: the first section, and the function of the first byte that is another one.

difference(old, new) of their bytes is '' if they are the same but for the version of Kiln in .comment. Objects of
Kiln are 64-bit and little-endian; what cannot be read as such is compared as bytes.
"""
import bisect
import collections
import itertools
import re
import struct

SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 2, 4, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
STT_FUNC, STT_SECTION = 2, 3

VERSION = re.compile(rb'Kiln \d+(\.\d+)*')

Section = collections.namedtuple('Section', 'name type flags addr offset size link info align entsize data')
Symbol = collections.namedtuple('Symbol', 'name info other section value size')


def text_at(strings, at):
    return strings[at:strings.index(b'\0', at)].decode(errors='replace')


class Elf:
    def __init__(self, data):
        if data[:6] != b'\x7fELF\x02\x01':
            raise ValueError('not a 64-bit ELF file')
        self.head = data[:40] + data[48:64] # without the offset of the section headers
        at, = struct.unpack_from('<Q', data, 40)
        size, count, names = struct.unpack_from('<3H', data, 58)
        count = count or struct.unpack_from('<Q', data, at + 32)[0] # more than fit
        heads = [struct.unpack_from('<2I4Q2I2Q', data, at + i * size) for i in range(count)]
        names = heads[0][6] if names == 0xffff else names
        strings = self.content(data, heads[names])
        self.sections = [Section(text_at(strings, h[0]), *h[1:], self.content(data, h)) for h in heads]
        self.sections = [s._replace(data=VERSION.sub(b'Kiln', s.data)) if s.name == '.comment' else s
                         for s in self.sections]
        self.symbols = []
        for s in self.sections:
            if s.type == SHT_SYMTAB:
                strings = self.sections[s.link].data
                for at in range(0, s.size, 24):
                    name, info, other, section, value, size = struct.unpack_from('<I2BH2Q', s.data, at)
                    self.symbols.append(Symbol(text_at(strings, name), info, other, section, value, size))
        self.functions = {} # by section: sorted lists of (value, size, name)
        for s in self.symbols:
            if s.info & 15 != STT_SECTION and s.name:
                self.functions.setdefault(s.section, []).append((s.value, s.size, s.name))
        for found in self.functions.values():
            found.sort()

    @staticmethod
    def content(data, head):
        if head[1] == SHT_NOBITS:
            return b''
        return data[head[4]:head[4] + head[5]]

    def covering(self, section, offset):
        """The symbol that has this place of a section, and the offset in it; '' if there is none."""
        found = self.functions.get(section, [])
        at = bisect.bisect_right(found, (offset, 1 << 64, '')) - 1
        return f'{found[at][2]}+{offset - found[at][0]:#x}' if at >= 0 else ''

    def relocations(self, section):
        return list(struct.iter_unpack('<2Qq', section.data))

    def place(self, number, offset):
        """Names a place as a reader knows it: the function or object there, or, in sections that describe code, that
        which the last relocation in front refers to."""
        section = self.sections[number]
        if section.type == SHT_RELA:
            return self.place(section.info, self.relocations(section)[min(offset, section.size - 24) // 24][0])
        if section.type == SHT_SYMTAB:
            return self.symbols[min(offset // 24, len(self.symbols) - 1)].name
        named = self.covering(number, offset)
        if named or not section.size:
            return named
        for r in self.sections:
            if r.type == SHT_RELA and r.info == number:
                for at, info, addend in reversed([r for r in self.relocations(r) if r[0] <= offset]):
                    symbol = self.symbols[info >> 32]
                    if symbol.section < len(self.sections) and self.sections[symbol.section].flags & SHF_EXECINSTR:
                        return 'of ' + (self.covering(symbol.section, symbol.value + addend) or symbol.name)
        return ''

    def bodies(self):
        """The code of each function by name."""
        return {s.name: self.sections[s.section].data[s.value:s.value + s.size] for s in self.symbols
                if s.info & 15 == STT_FUNC and 0 < s.section < len(self.sections)}


def rank(section):
    """Code first, then data, relocations of them, symbols, the rest: what differs first is what others follow from."""
    if section.flags & SHF_ALLOC and section.type != SHT_RELA:
        return 0 if section.flags & SHF_EXECINSTR else 1 if section.flags & SHF_WRITE else 2
    return {SHT_RELA: 3, SHT_SYMTAB: 4}.get(section.type, 5)


def first_byte(a, b):
    return next((i for i, (x, y) in enumerate(itertools.zip_longest(a, b)) if x != y), 0)


def section_difference(old, new, number):
    a, b = old.sections[number], new.sections[number]
    if a.data != b.data:
        at = first_byte(a.data, b.data)
        where = (old if at < len(a.data) else new).place(number, at)
        sizes = f', {len(a.data)} and {len(b.data)} bytes' if len(a.data) != len(b.data) else ''
        return f'{a.name}+{at:#x}{where and " " + where}{sizes}'
    if a.name == '.comment': # its version may be longer
        a, b = a._replace(size=0), b._replace(size=0)
    for field in ('type', 'flags', 'addr', 'size', 'link', 'info', 'align', 'entsize'):
        if getattr(a, field) != getattr(b, field):
            return f'{a.name}: {field} {getattr(a, field):#x} and {getattr(b, field):#x}'
    return ''


def difference(old, new):
    if old == new:
        return ''
    try:
        old, new = Elf(old), Elf(new)
    except (ValueError, IndexError, struct.error):
        return f'byte {first_byte(old, new)}'
    a, b = [s.name for s in old.sections], [s.name for s in new.sections]
    if a != b:
        return 'sections: the first that differ: %s and %s' % next(
            pair for pair in itertools.zip_longest(a, b, fillvalue='none') if pair[0] != pair[1])
    for number in sorted(range(len(a)), key=lambda n: (rank(old.sections[n]), n)):
        found = section_difference(old, new, number)
        if found:
            x, y = old.bodies(), new.bodies()
            return f'{found}; of {len(x)} functions {sum(x[n] != y.get(n) for n in x)} have other bytes'
    if old.head != new.head:
        return 'the header of the file'
    size = {s.size for e in (old, new) for s in e.sections if s.name == '.comment'}
    if len(size) < 2 and [s.offset for s in old.sections] != [s.offset for s in new.sections]:
        return 'where sections stand in the file'
    return ''
