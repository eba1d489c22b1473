"""The fields that relocations cover, in the objects that tests make.

In ELF the addend of a relocation is in the relocation (RELA), and the field is 0, as LLVM and GNU as write it: linkers
take no notice of it, but LLVM's RuntimeDyld adds it. In COFF the addend is in the field.

faults(path) says what is wrong with an object; a relocation of a type that has no row here is a fault.
"""
import collections
import struct

import elf_difference

SHT_RELA, SHT_REL = 4, 9
X86_64, AARCH64 = 62, 183
WORD, LONG = (4, 0xffffffff), (8, (1 << 64) - 1)
NOTHING = (0, 0)
# Bytes of an instruction or word, and which of its bits are the field.
ADR, LOW12, IMM19, IMM26 = (4, 0x60ffffe0), (4, 0x3ffc00), (4, 0xffffe0), (4, 0x3ffffff)
IMM14, IMM16 = (4, 0x7ffe0), (4, 0x1fffe0)

# System V ABI, AMD64 supplement, table 4.10; ELF for the Arm 64-bit Architecture, 5.7.
FIELDS = {
    X86_64: {
        1: LONG, 2: WORD, 3: WORD, 4: WORD, 9: WORD, 10: WORD, 11: WORD, 12: (2, 0xffff), 13: (2, 0xffff), 14: (1, 0xff),
        15: (1, 0xff), 17: LONG, 18: LONG, 19: WORD, 20: WORD, 21: WORD, 22: WORD, 23: WORD, 24: LONG, 25: LONG, 26: WORD,
        27: LONG, 28: LONG, 29: LONG, 31: LONG, 32: WORD, 33: LONG, 34: WORD, 35: NOTHING, 41: WORD, 42: WORD},
    AARCH64: {
        257: LONG, 258: WORD, 259: (2, 0xffff), 260: LONG, 261: WORD, 262: (2, 0xffff),
        **{n: IMM16 for n in range(263, 273)}, 273: IMM19, 274: ADR, 275: ADR, 276: ADR, 277: LOW12, 278: LOW12, 279: IMM14,
        280: IMM19, 282: IMM26, 283: IMM26, 284: LOW12, 285: LOW12, 286: LOW12, 299: LOW12, 309: IMM19, 311: ADR, 312: LOW12,
        314: WORD, 541: ADR, 542: LOW12, **{n: IMM16 for n in range(544, 549)}, 549: LOW12, 550: LOW12, 551: LOW12, 560: IMM19,
        561: ADR, 562: ADR, 563: LOW12, 564: LOW12, 569: NOTHING},
}


def read(path):
    """What is wrong with the fields of an ELF object, a line for each of the first ten, and the types of its relocations;
    None if it is no such object."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:6] != b'\x7fELF\x02\x01':
        return None
    machine, = struct.unpack_from('<H', data, 18)
    found, types = [], set()
    elf = elf_difference.Elf(data)
    for s in elf.sections:
        if s.type == SHT_RELA:
            look(elf, s, FIELDS[machine], found, types)
        elif s.type == SHT_REL:
            found.append(s.name + ': relocations without addends')
    return '\n'.join(found[:10]), types


def faults(path):
    """What is wrong with the fields of an object, '' if nothing is; of COFF nothing is known here."""
    got = read(path)
    return got[0] if got else ''


def look(elf, section, fields, found, types):
    to = elf.sections[section.info]
    for at, info, addend in struct.iter_unpack('<2Qq', section.data):
        kind = info & 0xffffffff
        types.add(kind)
        field = fields.get(kind)
        if field is None:
            found.append('%s+%#x: relocations of type %d are not known' % (to.name, at, kind))
        elif int.from_bytes(to.data[at:at + field[0]], 'little') & field[1]:
            found.append('%s+%#x (%s): the field of a relocation of type %d with the addend %d is not 0: %s' % (
                to.name, at, elf.covering(section.info, at), kind, addend, to.data[at:at + field[0]].hex()))


# ---- COFF ----

AMD64, BIGOBJ = 0x8664, b'\0\0\xff\xff'
# "PE Format", Type Indicators of x64: ADDR64, ADDR32, ADDR32NB, REL32, SECTION, SECREL.
COFF_FIELDS = {1: 8, 2: 4, 3: 4, 4: 4, 10: 2, 11: 4}


Reloc = collections.namedtuple('Reloc', 'section at type symbol field place')


def coff(path):
    """The relocations of a COFF object. `field` is a signed number, `place` the symbol that the field is after."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:4] == BIGOBJ:
        machine, n, symbols, n_symbols, first, size = *struct.unpack_from('<H', data, 6), *struct.unpack_from('<3I', data, 44), 56, 20
    else:
        machine, n, _, symbols, n_symbols, optional = struct.unpack_from('<2H3IH', data, 0)
        first, size = 20 + optional, 18
    if machine != AMD64:
        raise ValueError('not an object for x86-64')
    strings = symbols + n_symbols * size

    def name(raw):
        at = struct.unpack('<I', raw[4:8])[0] if raw[:4] == b'\0' * 4 else int(raw[1:].rstrip(b'\0')) if raw[:1] == b'/' else None
        return (raw.rstrip(b'\0') if at is None else elf_difference.text_at(data, strings + at).encode()).decode()

    places = {} # by section: sorted lists of (value, name)
    k = 0
    while k < n_symbols:
        at = symbols + size * k
        value, section = struct.unpack_from('<IH', data, at + 8)
        if not (named := name(data[at:at + 8])).startswith('.'):
            places.setdefault(section, []).append((value, named))
        k += 1 + data[at + size - 1]
    for k in range(n):
        head = first + 40 * k
        raw, relocs, _, n_relocs, _ = struct.unpack_from('<3I2H', data, head + 20)
        flags, = struct.unpack_from('<I', data, head + 36)
        if flags & 0x01000000: # more than fit: the first one has the number
            n_relocs, = struct.unpack_from('<I', data, relocs)
            n_relocs, relocs = n_relocs - 1, relocs + 10
        for i in range(n_relocs):
            at, symbol, kind = struct.unpack_from('<2IH', data, relocs + 10 * i)
            field = int.from_bytes(data[raw + at:raw + at + COFF_FIELDS[kind]], 'little', signed=True)
            place = max((p for p in places.get(k + 1, ()) if p[0] <= at), default=(0, ''))[1]
            yield Reloc(name(data[head:head + 8]), at, kind, name(data[symbols + size * symbol:symbols + size * symbol + 8]), field, place)
