"""The parts of functions: values with Python's operators, blocks, and variables; and symbols of a module."""
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple, Union

from ._types import Array, Memory, Struct, Type, pointer

if TYPE_CHECKING:
    from ._function import Function
    from ._module import Module


class Value:
    """A value of one function. Python's operators build instructions at the end of the function's current block. The
    other operand is a value of the same type, or a number.

    `//` and `%` of integers are those of Python: the quotient is rounded down. `sdiv` and `srem` of Function are those
    of C. A divisor of 0 ends the process on x86-64. Arithmetic wraps around. The result of a comparison, including
    `==`, is a `bool_`."""
    __slots__ = ('function', '_id', 'type')
    __array_ufunc__ = None  # numbers of numpy leave operators to values
    __iter__ = None
    __contains__ = None

    def __init__(self, function: 'Function', id: int, type: Type):
        self.function, self._id, self.type = function, id, type

    def __repr__(self) -> str:
        return f'<Value {self._id}: {self.type} of {self.function.name}>'

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError('a value has no truth while code is built: use Function.select, if_ or brif; & and | for "and", "or"')

    def to(self, type: Type) -> 'Value':
        """Converts this number to another type. Integers are truncated, or extended according to their own signedness.
        Floats are rounded towards zero; out-of-range values become the nearest integer, and NaN becomes 0. Pointers are
        integers of 64 bits."""
        return self.function._to(self, type)

    # ---- arithmetic ----

    def __add__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('+', self, other)

    def __radd__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('+', self, other, True)

    def __sub__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('-', self, other)

    def __rsub__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('-', self, other, True)

    def __mul__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('*', self, other)

    def __rmul__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('*', self, other, True)

    def __truediv__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('/', self, other)

    def __rtruediv__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('/', self, other, True)

    def __floordiv__(self, other: 'Operand') -> 'Value':
        return self.function._divide('//', self, other)

    def __rfloordiv__(self, other: 'Operand') -> 'Value':
        return self.function._divide('//', self, other, True)

    def __mod__(self, other: 'Operand') -> 'Value':
        return self.function._divide('%', self, other)

    def __rmod__(self, other: 'Operand') -> 'Value':
        return self.function._divide('%', self, other, True)

    def __and__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('&', self, other)

    __rand__ = __and__

    def __or__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('|', self, other)

    __ror__ = __or__

    def __xor__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('^', self, other)

    __rxor__ = __xor__

    def __lshift__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('<<', self, other)

    def __rlshift__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('<<', self, other, True)

    def __rshift__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('>>', self, other)

    def __rrshift__(self, other: 'Operand') -> 'Value':
        return self.function._arithmetic('>>', self, other, True)

    def __neg__(self) -> 'Value':
        return self.function._negate(self)

    def __pos__(self) -> 'Value':
        return self

    def __invert__(self) -> 'Value':
        return self.function._invert(self)

    def __abs__(self) -> 'Value':
        return self.function._abs(self)

    # ---- comparisons ----

    def __eq__(self, other: object) -> 'Value':  # type: ignore[override]
        return self.function.compare('==', self, other)

    def __ne__(self, other: object) -> 'Value':  # type: ignore[override]
        return self.function.compare('!=', self, other)

    def __lt__(self, other: 'Operand') -> 'Value':
        return self.function.compare('<', self, other)

    def __le__(self, other: 'Operand') -> 'Value':
        return self.function.compare('<=', self, other)

    def __gt__(self, other: 'Operand') -> 'Value':
        return self.function.compare('>', self, other)

    def __ge__(self, other: 'Operand') -> 'Value':
        return self.function.compare('>=', self, other)

    # ---- pointers ----

    def _to(self) -> Memory:
        if self.type.kind != 'pointer' or self.type.to is None:
            raise TypeError(f'{self.type} does not say what is there: use pointer(TYPE)')
        return self.type.to

    def at(self, index: 'Operand') -> 'Value':
        """Returns the address of element `index`, counted from this address."""
        return self.function.element(self, index)

    def __getitem__(self, index: 'Operand') -> 'Value':
        """Loads element `index` of the pointer's target."""
        return self.function._item(self, index).load()

    def __setitem__(self, index: 'Operand', value: 'Operand') -> None:
        self.function._item(self, index).store(value)

    def load(self) -> 'Value':
        return self.function._place(self).load()

    def store(self, value: 'Operand') -> None:
        self.function._place(self).store(value)

    def field(self, name: str) -> 'Value':
        """Returns the address of a field of the struct that the pointer points to; for an array, the address of its
        first element."""
        memory, offset = self._struct().field(name)
        if isinstance(memory, Array):
            memory = memory.element
        return self.function._offset(self, offset, pointer(memory, self.type.const))

    def get(self, name: str) -> 'Value':
        """Loads a field of the struct that the pointer points to."""
        memory, offset = self._struct().field(name)
        return Place(self.function, self, offset, memory, self.type.const).load()

    def set(self, name: str, value: 'Operand') -> None:
        """Stores to a field of the struct that the pointer points to."""
        memory, offset = self._struct().field(name)
        Place(self.function, self, offset, memory, self.type.const).store(value)

    def _struct(self) -> Struct:
        to = self._to()
        if not isinstance(to, Struct):
            raise TypeError(f'{self.type} is not a pointer to a struct')
        return to


class Place:
    """Memory of a known type at an address and an offset."""
    __slots__ = ('function', 'base', 'offset', 'memory', 'const')

    def __init__(self, function: 'Function', base: Value, offset: int, memory: Memory, const: bool):
        self.function, self.base, self.offset, self.memory, self.const = function, base, offset, memory, const

    def _scalar(self) -> Type:
        if not isinstance(self.memory, Type):
            raise TypeError(f'{self.memory!r} is not loaded or stored whole: use at(), field(), get() or set()')
        return self.memory

    def load(self) -> Value:
        return self.function.load(self._scalar(), self.base, self.offset)

    def store(self, value: 'Operand') -> None:
        if self.const:
            raise TypeError('a store through a pointer to const')
        self.function.store(self.function.operand(value, self._scalar()), self.base, self.offset)


class Symbol:
    """A name in a module: a function, or data. As an operand, it is its address."""
    __slots__ = ('module', '_id', 'name', 'type')

    def __init__(self, module: 'Module', id: int, name: str, type: Type):
        self.module, self._id, self.name, self.type = module, id, name, type

    def __repr__(self) -> str:
        return f'<{type(self).__name__} {self.name or self._id}>'


class Signature:
    """The types of a function's parameters and result (None for no result). A variadic function takes further
    arguments."""
    __slots__ = ('params', 'result', 'variadic')

    def __init__(self, params: Sequence[Type], result: Optional[Type] = None, variadic: bool = False):
        self.params, self.result, self.variadic = tuple(params), result, variadic
        for t in (*self.params, *([result] if result is not None else [])):
            if not isinstance(t, Type):
                raise TypeError(f'a signature has types, not {t!r}')

    params: Tuple[Type, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and (self.params, self.result, self.variadic) == (
            other.params, other.result, other.variadic)

    def __hash__(self) -> int:
        return hash((self.params, self.result, self.variadic))

    def __repr__(self) -> str:
        params = ', '.join([*(t.name for t in self.params), *(['...'] if self.variadic else [])])
        return f'({params}) -> {self.result.name if self.result else "None"}'


class FunctionSymbol(Symbol):
    """A function of a module, or one that it calls."""
    __slots__ = ('signature', '_sig')

    def __init__(self, module: 'Module', id: int, name: str, type: Type, signature: Signature, sig: int):
        super().__init__(module, id, name, type)
        self.signature, self._sig = signature, sig


class Block:
    """A block of a function: instructions up to a branch, and parameters, for which branches give arguments."""
    __slots__ = ('function', '_id', 'params', 'ended')

    def __init__(self, function: 'Function', id: int, params: Sequence[Value] = ()):
        self.function, self._id, self.params, self.ended = function, id, list(params), False

    params: List[Value]
    ended: bool  # its last instruction was built

    def __repr__(self) -> str:
        return f'<Block {self._id} of {self.function.name}>'

    def begin(self) -> 'Block':
        """Makes this the current block, to whose end instructions are appended."""
        self.function.switch_to(self)
        return self


class Variable:
    """A variable, read and assigned through its `value`. It costs no more than a register."""
    __slots__ = ('function', 'type', '_address')

    def __init__(self, function: 'Function', type: Type, address: Value):
        self.function, self.type, self._address = function, type, address

    @property
    def value(self) -> Value:
        return self.function.load(self.type, self._address)

    @value.setter
    def value(self, value: 'Operand') -> None:
        self.function.store(self.function.operand(value, self.type), self._address)


Operand = Union[Value, Symbol, int, float, Any]
