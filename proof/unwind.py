"""Reads the tables of exceptions that an object has: which calls have a landing pad, and what is caught there. A table
of a function is found as the unwinder does, by .eh_frame (DWARF 5, 6.4; Itanium C++ ABI, Exception Handling, II)."""
import struct
from collections import namedtuple

INDIRECT, OMIT = 0x80, 0xff
# Of calls in [start, end): the landing pad, or None, as offsets in the object's code; and the clauses, as the IR has
# them: ('catch', symbol or 'all'), ('filter', symbol, ...), ('cleanup',).
Site = namedtuple('Site', 'start end pad clauses')


class Table:
    """sites: in the order of the code; types: number -> symbol or 'all'."""

    def __init__(self, sites, types):
        self.sites, self.types = sites, types

    def site(self, offset):
        return next((s for s in self.sites if s.start <= offset < s.end), None)

    def number(self, name):
        """The selector of a type, or None."""
        return next((n for n, x in self.types.items() if x == name), None)


class Bytes:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def leb(self, is_signed=False):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7f) << shift
            shift += 7
            if b < 0x80:
                return value - (1 << shift) if is_signed and b & 0x40 else value


def tables(obj):
    """By the offset in its code where a function begins."""
    out, frame = {}, obj.section_names.index('.eh_frame') if '.eh_frame' in obj.section_names else None
    if frame is None:
        return out
    data, places = obj.section(frame), obj.relocations(frame)
    at = 0
    while at + 8 <= len(data):
        size, identity = struct.unpack_from('<II', data, at)
        if size == 0:
            break
        if identity:
            section, begin = places[at + 8]
            found = [p for where, p in places.items() if at + 16 < where < at + 4 + size] if section in obj.text else []
            if found:
                begin += obj.text[section]
                out[begin] = table(obj, *found[0], begin)
        at += 4 + size
    return out


def table(obj, section, at, begin):
    """The table at a place of a section, of a function."""
    r = Bytes(obj.section(section), at)
    if r.byte() != OMIT:
        raise ValueError('landing pads that do not count from the function')
    encoding = r.byte()
    base = None
    if encoding != OMIT:
        base = r.leb()
        base += r.at
    r.byte()
    size = r.leb()
    actions, rows = r.at + size, []
    while r.at < actions:
        rows.append([r.leb() for _ in range(4)])
    types = {}

    def type_of(number):
        if number not in types:
            types[number] = type_at(obj, section, base - 4 * number, encoding)
        return types[number]

    sites = []
    for start, n, pad, action in rows:
        clauses = []
        if pad and action == 0:
            clauses.append(('cleanup',))
        elif action:
            q = Bytes(r.data, actions + action - 1)
            while True:
                clauses.append(clause(q.leb(True), type_of, r.data, base))
                here = q.at
                following = q.leb(True)
                if following == 0:
                    break
                q.at = here + following
        sites.append(Site(begin + start, begin + start + n, begin + pad if pad else None, clauses))
    return Table(sites, types)


def clause(value, type_of, data, base):
    if value >= 0:
        return ('catch', type_of(value)) if value else ('cleanup',)
    q, names = Bytes(data, base - value - 1), []
    while True:
        number = q.leb()
        if number == 0:
            return ('filter', *names)
        names.append(type_of(number))


def type_at(obj, section, at, encoding):
    """The symbol that an entry of the types refers to."""
    if at not in obj.relocations(section):
        return 'all'
    if encoding & INDIRECT:
        section, at = obj.relocations(section)[at]
    return obj.symbol_at(section, at)
