#!/usr/bin/env python3
"""bindings.py INCLUDE OUT [COMPILER...]: writes OUT/_bindings.py, the declarations of libkiln for ctypes, and
OUT/_operations.py, a method for each operation of the IR, both made of the headers in INCLUDE (by default preprocessed
by `cc`)."""
import keyword
import sys
from pathlib import Path

import headers
from headers import SCALARS, CType, Headers, Operation

HEAD = '"""Made of Kiln\'s headers by bindings.py."""\n'


def safe(name: str) -> str:
    return name + '_' if keyword.iskeyword(name) else name


# Functions are looked up when they are used first: a program uses few of them.
LAZY = """
_FUNCTIONS: Any = {{
{}
}}


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(name)
    found = globals()[name] = function(name, *_FUNCTIONS[name]())
    return found


def __dir__() -> Any:
    return [*globals(), *_FUNCTIONS]
"""


class Writer:
    """C's declarations in ctypes. A struct with an id alone, a handle, is passed as its id: the ABIs of x86-64 and
    AArch64 pass both in the same register."""

    def __init__(self, h: Headers):
        self.h = h
        self.enums = {name for name, _ in h.enums if name}
        self.callbacks = {c.name for c in h.callbacks}
        self.handles = {name: fields[0].type.name for name, fields in h.structs if [f.name for f in fields] == ['id']}
        self.structs = {name for name, _ in h.structs} - set(self.handles)

    def scalar(self, name: str) -> str:
        if name in self.enums:
            return 'c_uint32'
        return SCALARS[self.handles.get(name, name)][0]

    def ctype(self, t: CType) -> str:
        if t.name == 'function':
            return self.callback(t)
        if t.name in self.callbacks and t.stars == 0:
            out = t.name
        elif t.stars and (t.name == 'void' or t.name in self.h.opaque - self.structs):
            out = 'c_void_p'
            for _ in range(t.stars - 1):
                out = f'POINTER({out})'
        elif t.stars and t.name == 'char':
            out = 'c_char_p'
            for _ in range(t.stars - 1):
                out = f'POINTER({out})'
        else:
            out = t.name if t.name in self.structs else self.scalar(t.name)
            for _ in range(t.stars):
                out = f'POINTER({out})'
        for length in reversed(t.lengths):
            out = f'{out} * ({length})'
        return out

    def callback(self, t: CType) -> str:
        assert t.result is not None
        return f'CFUNCTYPE({", ".join([self.result(t.result), *(self.ctype(p.type) for p in t.params)])})'

    def result(self, t: CType) -> str:
        return 'None' if t == CType('void') else self.ctype(t)

    def python(self, t: CType) -> str:
        """What a call gives in Python."""
        if t == CType('void'):
            return 'None'
        if t.stars:
            return {'char': 'Optional[bytes]'}.get(t.name, 'Any' if t.name in self.structs or t.name in SCALARS else 'Optional[int]')
        return t.name if t.name in self.structs else 'int' if t.name in self.enums else SCALARS[self.handles.get(t.name, t.name)][1]

    def bindings(self) -> str:
        out = [HEAD, 'from __future__ import annotations\n\nfrom ctypes import *\nfrom enum import IntEnum\nfrom typing import Any, Callable, Optional\n',
               'from ._load import function\n']
        for name, value in ((n, v) for n, parameter, v in self.h.macros if not parameter for v in [v] if v.isdigit() or v.startswith('0x')):
            out.append(f'{name} = {value}')
        for enum, constants in self.h.enums:
            out += [f'{name} = {value}' for name, value in constants]
            if enum:
                prefix = common([name for name, _ in constants])
                out.append(f'\n\nclass {enum}(IntEnum):')
                out += [f'    {safe_member(name[len(prefix):])} = {name}' for name, _ in constants]
                out.append('\n')
        for name, parameter, value in self.h.macros:
            if parameter:
                out.append(f'\n\ndef {name}({parameter}: int) -> int:\n    return {value}\n\n')
            elif not (value.isdigit() or value.startswith('0x')):
                out.append(f'{name} = {value}')
        for name, fields in self.h.structs:
            if name in self.structs:
                out.append(f'\n\nclass {name}(Structure):\n    pass\n')
        for declared in self.h.callbacks:
            out.append(f'{declared.name} = {self.callback(declared.type)}')
        # A struct's fields need the size of those inside of it, which the headers define before it.
        for name, fields in self.h.structs:
            if name in self.structs:
                rows = ', '.join(f'({safe(f.name)!r}, {self.ctype(f.type)})' for f in fields)
                out.append(f'{name}._fields_ = [{rows}]')
        rows = []
        for declared in self.h.functions:
            t = declared.type
            assert t.result is not None
            params = ', '.join(self.ctype(p.type) for p in t.params)
            out.append(f'{declared.name}: Callable[..., {self.python(t.result)}]')
            rows.append(f'    {declared.name!r}: lambda: ({self.result(t.result)}, [{params}]),')
        return '\n'.join([*out, LAZY.format('\n'.join(rows))])


def common(names: list[str]) -> str:
    """What all names of an enumeration begin with, up to an underscore; that of the last one is the type's."""
    if names[0] == 'KILN_OK':
        return 'KILN_'
    count = names[-1]
    prefix = count[:-len('COUNT')] if count.endswith('_COUNT') else count
    while not all(n.startswith(prefix) for n in names):
        prefix = prefix[:prefix.rstrip('_').rfind('_') + 1]
    return prefix


def safe_member(name: str) -> str:
    return 'n' + name if name[0].isdigit() else safe(name)


# Shapes of operations: the method's parameters, and its call of Builder's (kiln_codegen/_builder.py), which checks them.
SHAPES = {
    'UN': ('a: Operand', 'Value', 'self._unary({op}, a)'),
    'BIN': ('a: Operand, b: Operand', 'Value', 'self._binary({op}, a, b)'),
    'TERN': ('a: Operand, b: Operand, c: Operand', 'Value', 'self._ternary({op}, a, b, c)'),
    'NULLARY': ('', 'Value', 'self._nullary({op})'),
    'NULLARYV': ('', 'None', 'self._nullary_act({op})'),
    'UNV': ('a: Operand', 'None', 'self._act({op}, a)'),
    'SLOTV': ('a: Operand', 'None', 'self._act({op}, a)'),
    'BINV': ('a: Operand, b: Operand', 'None', 'self._act({op}, a, b)'),
    'MEM3': ('a: Operand, b: Operand, c: Operand, *, volatile: bool = False', 'None', 'self._memory({op}, a, b, c, volatile)'),
    'MEMSET': ('a: Operand, b: Operand, c: Operand, *, volatile: bool = False', 'None', 'self._memory({op}, a, b, c, volatile)'),
    'CONV': ('a: Value, to: Type', 'Value', 'self._convert({op}, a, to)'),
    'LEVEL': ('level: int', 'Value', 'self._level({op}, level)'),
    'VUN': ('lane: Type, a: Value', 'Value', 'self._vector({op}, a.type, lane, 0, a)'),
    'VSPLAT': ('to: Type, lane: Type, a: Value', 'Value', 'self._vector({op}, to, lane, 0, a)'),
    'VBIN': ('lane: Type, a: Value, b: Value', 'Value', 'self._vector({op}, a.type, lane, 0, a, b)'),
    'VSHIFT': ('lane: Type, a: Value, count: int', 'Value', 'self._vector({op}, a.type, lane, count, a)'),
    'VEXTRACT': ('lane: Type, a: Value, index: int', 'Value', 'self._extract({op}, lane, index, a)'),
    'VINSERT': ('lane: Type, a: Value, b: Value, index: int', 'Value', 'self._vector({op}, a.type, lane, index, a, b)'),
    'VICMP': ('lane: Type, condition: kiln_icond, a: Value, b: Value', 'Value',
              'self._vector({op}, a.type, lane, condition, a, b)'),
    'VFCMP': ('lane: Type, condition: kiln_fcond, a: Value, b: Value', 'Value',
              'self._vector({op}, a.type, lane, condition, a, b)'),
}
# What has a second result, which says whether there was an overflow.
FLAG = ('a: Operand, b: Operand', 'Tuple[Value, Value]', 'self._overflow({op}, a, b)')
# An operation whose operand is not as those of others of its shape.
SPECIAL = {'TLS_ADDR': ('symbol: Symbol', 'Value', 'self._tls({op}, symbol)')}


def operations(rows: list[Operation]) -> str:
    out = [HEAD + '\nfrom typing import Tuple\n\nfrom ._bindings import kiln_fcond, kiln_icond, kiln_op\n'
           'from ._builder import Builder\nfrom ._rows import Row\nfrom ._types import Type\nfrom ._values import Operand, Symbol, Value\n\n',
           'class Operations(Builder):', '    """The operations of the IR that are built alike, by the names of its text form."""']
    for op in rows:
        shape = SPECIAL.get(op.enum) or (FLAG if op.shape == 'BIN' and 'FLAG' in op.effects else None) or SHAPES.get('CONV' if op.shape.startswith('CONV_') else op.shape)
        if shape:
            params, result, body = shape
            call = body.format(op=f'Row({op.name!r}, kiln_op.{safe(op.enum)}, {op.types!r}, {"TERM" in op.effects})')
            out.append(f'\n    def {safe(op.name)}(self{", " if params else ""}{params}) -> {result}:\n'
                       f'        """{op.doc}"""\n        {"return " if result != "None" else ""}{call}')
    return '\n'.join(out) + '\n'


def write(include: Path, out: Path, compiler: list[str]) -> None:
    (out / '_bindings.py').write_text(Writer(headers.read(compiler, include)).bindings(), encoding='utf-8')
    (out / '_operations.py').write_text(operations(headers.operations(include)), encoding='utf-8')


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or ['cc'])
