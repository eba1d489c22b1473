"""Types of values, and of objects in memory."""
import struct
from typing import Any, Mapping, Optional, Tuple, Union

from ._bindings import kiln_type


class Type:
    """A type of values. `kind` is 'int', 'bool', 'float', 'vector' or 'pointer'. Integers are signed or unsigned, which
    determines the operations that Python's operators build. A type is immutable; equal types compare equal."""
    __slots__ = ('name', 'code', 'size', 'kind', 'signed', 'to', 'const')

    def __init__(self, name: str, code: kiln_type, size: int, kind: str, signed: bool = False,
                 to: 'Optional[Memory]' = None, const: bool = False):
        for key, value in (('name', name), ('code', int(code)), ('size', size), ('kind', kind), ('signed', signed),
                           ('to', to), ('const', const)):
            object.__setattr__(self, key, value)

    name: str
    code: int
    size: int                # bytes in memory
    kind: str
    signed: bool
    to: 'Optional[Memory]'   # of pointers: what is there; None: unknown
    const: bool              # of pointers: it is not written

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError('types are immutable')

    @property
    def align(self) -> int:
        """The alignment in memory, in bytes."""
        return self.size

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Type) and self.name == other.name and self.code == other.code and
                                 self.to == other.to and self.const == other.const)

    def __hash__(self) -> int:
        return hash((self.name, self.code, self.const))

    def __repr__(self) -> str:
        return self.name

    @property
    def bits(self) -> int:
        return 1 if self.kind == 'bool' else self.size * 8

    def range(self) -> Tuple[int, int]:
        """Returns the least and the greatest integer."""
        return (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1) if self.signed else (0, (1 << self.bits) - 1)


class Array:
    """An array in memory: `count` consecutive elements."""

    def __init__(self, element: 'Memory', count: int):
        if not isinstance(element, (Type, Array, Struct)) or count < 0:
            raise TypeError('an array is of a type, and has a count that is not negative')
        self.element, self.count = element, count
        self.size: int = element.size * count
        self.align: int = element.align

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and (self.element, self.count) == (other.element, other.count)

    def __hash__(self) -> int:
        return hash((self.element, self.count))

    def __repr__(self) -> str:
        return f'Array({self.element!r}, {self.count})'


class Struct:
    """A struct with C's layout: `Struct('point', x=f64, y=f64)`. Two structs are equal if they are the same object."""

    def __init__(self, name: str, /, **fields: 'Memory'):
        self.name, self.fields, self.offsets, self.align, at = name, dict(fields), {}, 1, 0
        for field, memory in fields.items():
            if not isinstance(memory, (Type, Array, Struct)):
                raise TypeError(f'{name}.{field} is not a type: {memory!r}')
            at = -(-at // memory.align) * memory.align
            self.offsets[field] = at
            at += memory.size
            self.align = max(self.align, memory.align)
        self.size = -(-at // self.align) * self.align

    fields: 'dict[str, Memory]'
    offsets: 'dict[str, int]'  # of fields, in bytes
    size: int
    align: int

    def __repr__(self) -> str:
        return f'Struct({self.name!r})'

    def field(self, name: str) -> 'Tuple[Memory, int]':
        """Returns the type and offset of a field."""
        if name not in self.fields:
            raise AttributeError(f'{self.name} has no field {name!r}')
        return self.fields[name], self.offsets[name]


Memory = Union[Type, Array, Struct]

_CODES = kiln_type
bool_ = Type('bool', _CODES.I8, 1, 'bool')
i8, u8 = Type('i8', _CODES.I8, 1, 'int', True), Type('u8', _CODES.I8, 1, 'int')
i16, u16 = Type('i16', _CODES.I16, 2, 'int', True), Type('u16', _CODES.I16, 2, 'int')
i32, u32 = Type('i32', _CODES.I32, 4, 'int', True), Type('u32', _CODES.I32, 4, 'int')
i64, u64 = Type('i64', _CODES.I64, 8, 'int', True), Type('u64', _CODES.I64, 8, 'int')
i128, u128 = Type('i128', _CODES.I128, 16, 'int', True), Type('u128', _CODES.I128, 16, 'int')
f32, f64 = Type('f32', _CODES.F32, 4, 'float'), Type('f64', _CODES.F64, 8, 'float')
v64, v128 = Type('v64', _CODES.V64, 8, 'vector'), Type('v128', _CODES.V128, 16, 'vector')
ptr = Type('ptr', _CODES.I64, 8, 'pointer')


def pointer(to: Optional[Memory] = None, const: bool = False) -> Type:
    """Returns the type of addresses of `to`. With `const`, nothing is stored there, so that read-only buffers may be
    passed."""
    if to is None:
        return Type('const ptr', _CODES.I64, 8, 'pointer', const=True) if const else ptr
    if not isinstance(to, (Type, Array, Struct)):
        raise TypeError(f'pointer() takes a type, not {to!r}')
    name = to.name if isinstance(to, (Type, Struct)) else repr(to)
    return Type(f'{"const " if const else ""}{name}*', _CODES.I64, 8, 'pointer', to=to, const=const)


def by_code(code: int, unsigned: bool = False) -> Optional[Type]:
    """Returns the type with Kiln's number `code`; None for types that this package does not have."""
    found = {t.code: t for t in (u8, u16, u32, u64, u128)} if unsigned else {}
    return found.get(code) or {t.code: t for t in (i8, i16, i32, i64, i128, f32, f64, v64, v128)}.get(code)


def integer(value: Any, t: Type) -> int:
    """Returns `value` as an integer of the type. Raises OverflowError if it is not in the type's range."""
    number: int = value.__index__()
    least, most = t.range()
    if not least <= number <= most:
        raise OverflowError(f'{number} is no {t.name}')
    return number


_FORMATS: Mapping[str, str] = {'bool': '<B', 'i8': '<b', 'u8': '<B', 'i16': '<h', 'u16': '<H', 'i32': '<i', 'u32': '<I',
                               'i64': '<q', 'u64': '<Q', 'f32': '<f', 'f64': '<d'}


def pack(t: Type, value: Any) -> bytes:
    """Returns the bytes of a number of type `t` in memory."""
    if t.kind == 'pointer':
        return struct.pack('<Q', integer(value, u64))
    if t.name in ('i128', 'u128'):
        return integer(value, t).to_bytes(16, 'little', signed=t.signed)
    if t.name not in _FORMATS:
        raise TypeError(f'no numbers are {t.name}')
    return struct.pack(_FORMATS[t.name], value if t.kind == 'float' else integer(value, t))
