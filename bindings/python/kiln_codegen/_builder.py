"""The foundations of building instructions: operands that are checked, and calls of libkiln by the shape of
operations."""
import ctypes
from typing import TYPE_CHECKING, Any, Callable, List, NoReturn, Optional, Tuple

from . import _bindings as k
from ._errors import ClosedError, Error, ForeignValueError, of_diag
from ._owner import Unique
from ._rows import Row
from ._types import Type, bool_, i8, i32, i64, integer, ptr, u64
from ._values import Block, Operand, Symbol, Value

if TYPE_CHECKING:
    from ._function import Function
    from ._module import Module

# The kinds of types that an operation's row allows.
_KINDS = {'INT': ('int',), 'INT64': ('int',), 'FLT': ('float',), 'SCALAR': ('int', 'float'), 'VEC': ('vector',),
          'ANY': ('int', 'bool', 'float', 'vector', 'pointer'), 'PTR': ('pointer',)}
_LOGIC = ('and', 'or', 'xor')
# Operand types of operations without a result whose operands do not all have the type of the row.
_OPERANDS = {'memcpy': (ptr, ptr, u64), 'memmove': (ptr, ptr, u64), 'memset': (ptr, i8, u64)}
_ONLY = {'I32': i32, 'PTR': ptr}
_U64 = (1 << 64) - 1


class Builder(Unique):
    """The part of Function that builds one instruction."""
    module: 'Module'
    name: str
    _handle: Optional[int]
    _current: Block

    # ---- state ----

    def _closed(self) -> None:
        """Ends building: nothing can be added from now on."""
        if self._handle is not None:
            self.module._building.pop(self._handle, None)
        self._handle = None

    @property
    def _f(self) -> int:
        """Returns the handle of a function that can be added to."""
        if self._handle is None or self.module._handle is None:
            raise ClosedError(f'function {self.name} was finished, or its module was closed')
        return self._handle

    @property
    def _open(self) -> int:
        """Returns the handle of a function to which an instruction can be appended."""
        f = self._f
        if self._current.ended:
            raise Error(f'the current block of {self.name} has ended: begin another one', k.kiln_status.ERR_STRUCTURE)
        return f

    def _fail(self) -> NoReturn:
        """Raises the first error of the function, and ends it."""
        diag = k.kiln_diag()
        handle = self._f
        self._closed()
        k.kiln_func_try_compile(handle, ctypes.byref(diag))
        raise of_diag(diag)

    def _made(self, id: int, t: Type) -> Value:
        if id == 0:
            self._fail()
        return Value(self._self(), id, t)

    def _acted(self) -> None:
        """Checks for an error after a call that has no result."""
        if self._handle is not None and k.kiln_func_status(self._handle) != 0:
            self._fail()

    def _self(self) -> 'Function':
        return self  # type: ignore[return-value]

    # ---- operands ----

    def const(self, t: Type, value: Any) -> Value:
        """Returns a constant. Raises OverflowError if an integer is not in the type's range."""
        f = self._f
        if not isinstance(t, Type):
            raise TypeError(f'{t!r} is not a type')
        if t.kind == 'float':
            if isinstance(value, (str, bytes, bytearray)):
                raise TypeError(f'{value!r} is not a number')
            number = float(value)
            made = (k.kiln_const_f32 if t.size == 4 else k.kiln_const_f64)(f, number)
        elif isinstance(value, float) or not hasattr(value, '__index__'):
            raise TypeError(f'{value!r} is no {t.name}')
        elif t.kind == 'vector':
            bits = value.__index__()
            if not 0 <= bits < 1 << t.bits:
                raise OverflowError(f'{bits} has more bits than a {t.name}')
            made = k.kiln_const_bits(f, t.code, bits & _U64, bits >> 64)
        elif t.size == 16:
            number = integer(value, t)
            made = k.kiln_const_i128(f, number & _U64, number >> 64 & _U64)
        else:
            number = integer(value, t)
            made = k.kiln_const_int(f, number - (1 << 64) if number >= 1 << 63 else number)
        return self._made(made, t)

    def operand(self, x: Operand, t: Type, loose: bool = False) -> Value:
        """Returns `x` as a value of type `t`. `x` is a value of this function that has that type, a symbol, or a
        number. All pointers count as one type here; with `loose`, so do all integers of one size."""
        if isinstance(x, Value):
            if x.function is not self:
                raise ForeignValueError(f'{x!r} is used in {self.name}')
            if x.type is not t and x.type != t:
                same = x.type.kind == t.kind == 'pointer' or (loose and x.type.kind == t.kind and x.type.code == t.code)
                if not same:
                    raise TypeError(f'{x.type} where {t} is expected: convert it by to()')
            return x
        if isinstance(x, Symbol):
            if t.kind != 'pointer':
                raise TypeError(f'the address of {x.name} where {t} is expected')
            return self.address(x)
        return self.const(t, x)

    def address(self, symbol: Symbol, offset: int = 0) -> Value:
        """Returns the address of a symbol plus `offset` bytes."""
        if not isinstance(symbol, Symbol):
            raise TypeError(f'{symbol!r} is not a symbol')
        if symbol.module is not self.module:
            raise ForeignValueError(f'{symbol!r} of another module is used in {self.name}')
        return self._made(k.kiln_const_symbol(self._f, symbol._id, integer(offset, i64)), symbol.type)

    def _check(self, row: Row, t: Type) -> None:
        kinds = _KINDS.get(row.types, ())
        if t.kind in kinds or (t.kind == 'bool' and row.name in _LOGIC):
            return
        raise TypeError(f'{row.name} of {t}')

    def _typed(self, row: Row, *operands: Operand) -> Tuple[Type, Tuple[int, ...]]:
        """Returns the type that all operands have, and their ids. At least one operand must be a value."""
        t = next((x.type for x in operands if isinstance(x, Value)), None)
        if t is None:
            if row.types != 'PTR':
                raise TypeError(f'{row.name} of numbers alone: make one of them a value by const()')
            t = ptr
        self._check(row, t)
        return t, tuple(self.operand(x, t)._id for x in operands)

    # ---- by shape: what _operations.py calls ----

    def _unary(self, row: Row, a: Operand) -> Value:
        f = self._open
        t, ids = self._typed(row, a)
        return self._made(k.kiln_fold_unary(f, row.op, t.code, *ids), t)

    def _binary(self, row: Row, a: Operand, b: Operand) -> Value:
        f = self._open
        t, ids = self._typed(row, a, b)
        return self._made(k.kiln_fold_binary(f, row.op, t.code, *ids), t)

    def _overflow(self, row: Row, a: Operand, b: Operand) -> Tuple[Value, Value]:
        out = self._binary(row, a, b)
        return out, self._made(k.kiln_build_result(self._open, out._id, 1), bool_)

    def _ternary(self, row: Row, a: Operand, b: Operand, c: Operand) -> Value:
        f = self._open
        t, ids = self._typed(row, a, b, c)
        return self._made(k.kiln_fold_ternary(f, row.op, t.code, *ids), t)

    def _convert(self, row: Row, a: Value, to: Type) -> Value:
        f = self._open
        if not isinstance(a, Value) or not isinstance(to, Type):
            raise TypeError(f'{row.name} takes a value and a type')
        self.operand(a, a.type)
        return self._made(k.kiln_fold_convert(f, row.op, to.code, a.type.code, a._id), to)

    def _nullary(self, row: Row) -> Value:
        return self._made(k.kiln_build_nullary(self._open, row.op), _ONLY[row.types])

    def _nullary_act(self, row: Row) -> None:
        k.kiln_build_nullary(self._open, row.op)
        self._done(row)

    def _converted(self, row: Row, *operands: Operand) -> List[int]:
        types = _OPERANDS.get(row.name) or (_ONLY[row.types],) * len(operands)
        return [self.operand(x, t, loose=True)._id for x, t in zip(operands, types)]

    def _act(self, row: Row, *operands: Operand) -> None:
        f = self._open
        ids = self._converted(row, *operands)
        build: Callable[..., Any] = (k.kiln_build_unary, k.kiln_build_binary)[len(ids) - 1]
        build(f, row.op, _ONLY[row.types].code, *ids)
        self._done(row)

    def _memory(self, row: Row, a: Operand, b: Operand, c: Operand, volatile: bool) -> None:
        k.kiln_build_memory(self._open, row.op, *self._converted(row, a, b, c), k.KILN_MEM_VOLATILE if volatile else 0)
        self._done(row)

    def _done(self, row: Row) -> None:
        self._acted()
        if row.ends:
            self._current.ended = True

    def _level(self, row: Row, level: int) -> Value:
        if not 0 <= level < 1 << 16:
            raise ValueError('a level is from 0 to 65535')
        return self._made(k.kiln_build_level(self._open, row.op, level), ptr)

    def _tls(self, row: Row, symbol: Symbol) -> Value:
        f = self._open
        at = self.address(symbol)
        return self._made(k.kiln_build_unary(f, row.op, ptr.code, at._id), symbol.type)

    def _vector(self, row: Row, t: Type, lane: Type, number: int, a: Value, b: Optional[Value] = None) -> Value:
        f = self._open
        if t.kind != 'vector' or not 0 <= number < 1 << 8:
            raise TypeError(f'{row.name} of {t}, with number {number}')
        ids = [self.operand(x, x.type)._id if isinstance(x, Value) else 0 for x in (a, b)]
        if 0 in ids[:1 if b is None else 2]:
            raise TypeError(f'{row.name} takes values: make vectors by const() or vsplat()')
        return self._made(k.kiln_build_vector(f, row.op, t.code, lane.code, number, *ids), t)

    def _extract(self, row: Row, lane: Type, index: int, a: Value) -> Value:
        f = self._open
        result = i32 if row.name == 'vsigns' else lane
        if not isinstance(a, Value) or not 0 <= index < 1 << 8:
            raise TypeError(f'{row.name} takes a vector and a lane')
        self.operand(a, a.type)
        return self._made(k.kiln_build_vector(f, row.op, result.code, a.type.code, index, a._id, 0), result)
