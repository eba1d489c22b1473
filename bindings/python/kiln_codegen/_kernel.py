"""Functions in memory, as Python callables."""
import contextlib
import ctypes
import re
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from ._errors import ClosedError
from ._owner import Running, Unique
from ._types import Array, Memory, Struct, Type, u64
from ._values import Signature

if TYPE_CHECKING:
    from ._jit import Unit
    from ._listing import Listing

_NUMBERS: Dict[str, Any] = {
    'i8': ctypes.c_int8, 'u8': ctypes.c_uint8, 'i16': ctypes.c_int16, 'u16': ctypes.c_uint16, 'i32': ctypes.c_int32,
    'u32': ctypes.c_uint32, 'i64': ctypes.c_int64, 'u64': ctypes.c_uint64, 'f32': ctypes.c_float, 'f64': ctypes.c_double,
    'bool': ctypes.c_bool}
# Formats of buffers and of numpy's arrays by kind of type: letters of the module struct, and numpy's kind.
_LETTERS = {'int': ('bhilqn', 'i'), 'unsigned': ('BHILQN', 'u'), 'float': ('fd', 'f'), 'bool': ('?', 'b')}


_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[-3]  # the base of all functions of ctypes
_REFERENCE = type(ctypes.byref(ctypes.c_int()))


def _element(memory: Optional[Memory]) -> Optional[Type]:
    while isinstance(memory, Array):
        memory = memory.element
    return memory if isinstance(memory, Type) else None


def _fits(t: Optional[Type], kind: str, size: int, numpy: bool) -> bool:
    """Tells whether a buffer's elements match the element type of a pointer. Bytes match any type."""
    if t is None or t.kind in ('pointer', 'vector'):
        return True
    letters = _LETTERS['unsigned' if t.kind == 'int' and not t.signed else t.kind][numpy]
    return size == t.size and kind in letters


def _array_address(obj: Any, t: Type) -> Any:
    """Returns the address of an array that has numpy's interface."""
    interface = obj.__array_interface__
    address, read_only = interface['data']
    if read_only and not t.const:
        raise TypeError('a read-only array for a pointer that is not const')
    if interface.get('strides') is not None:
        raise TypeError('the array is not contiguous')
    format_ = interface['typestr']
    if format_[0] == '>' or not _fits(_element(t.to), format_[1], int(format_[2:]), True):
        raise TypeError(f'an array of {format_} for {t}')
    return ctypes.c_void_p(address)


def _buffer_address(obj: Any, t: Type) -> Any:
    """Returns the address of an object with a buffer. The result keeps the buffer alive."""
    with memoryview(obj) as view:
        if not view.c_contiguous:
            raise TypeError('the buffer is not contiguous')
        format_ = view.format.lstrip('@=<')
        plain = view.format in ('B', 'b', 'c', '<B', '<b') or isinstance(_element(t.to), type(None))
        if not plain and not _fits(_element(t.to), format_, view.itemsize, False):
            raise TypeError(f'a buffer of {view.format} for {t}')
        if not view.readonly:
            # An array of ctypes exports its buffer as long as it lives.
            return (ctypes.c_char * view.nbytes).from_buffer(obj)
    if not t.const:
        raise TypeError('a read-only buffer for a pointer that is not const')
    if not isinstance(obj, bytes):
        raise TypeError('of read-only buffers only bytes, and arrays of numpy, are passed')
    return ctypes.c_char_p(obj)


def _pointer(t: Type) -> Any:
    class Pointer:
        @classmethod
        def from_param(cls, obj: Any) -> Any:
            if obj is None:
                return ctypes.c_void_p(None)
            if hasattr(obj, '__array_interface__'):
                return _array_address(obj, t)
            if isinstance(obj, _REFERENCE):
                return obj
            if isinstance(obj, (ctypes.c_void_p, ctypes.c_char_p, ctypes._Pointer, _FUNCTION)):
                return ctypes.cast(obj, ctypes.c_void_p)
            if isinstance(obj, (ctypes.Array, ctypes.Structure, ctypes._SimpleCData)):
                return ctypes.byref(obj)
            if isinstance(obj, Kernel):
                return ctypes.c_void_p(obj.address)
            if isinstance(obj, int) and not isinstance(obj, bool):
                return ctypes.c_void_p(_whole(obj, u64))
            try:
                return _buffer_address(obj, t)
            except BufferError as e:
                raise TypeError(str(e)) from None
    return Pointer


def _whole(obj: Any, t: Type) -> int:
    number: int = obj.__index__()
    least, most = t.range()
    if not least <= number <= most:
        raise OverflowError(f'{number} is no {t.name}')
    return number


def _number(t: Type) -> Any:
    make = _NUMBERS[t.name]
    least, most = t.range()

    def of_float(obj: Any) -> Any:
        return make(obj if isinstance(obj, float) else float(obj))

    def of_bool(obj: Any) -> Any:
        return make(bool(obj))

    def of_int(obj: Any) -> Any:
        if type(obj) is not int:
            if not hasattr(obj, '__index__'):
                raise TypeError(f'{obj!r} is no {t.name}')
            obj = obj.__index__()
        if not least <= obj <= most:
            raise OverflowError(f'{obj} is no {t.name}')
        return make(obj)

    return type('Number', (), {'from_param': staticmethod({'float': of_float, 'bool': of_bool, 'int': of_int}[t.kind])})


_converters: Dict[Type, Any] = {}


def _converter(t: Type) -> Any:
    """Returns the class by which ctypes converts an argument of type `t`."""
    found = _converters.get(t)
    if found is None:
        if t.kind == 'pointer':
            if not isinstance(t.to, (Struct, Array)):
                found = _converters[t] = _pointer(t)
            else:
                found = _pointer(t)  # structs are not kept for good
        elif t.name in _NUMBERS:
            found = _converters[t] = _number(t)
        else:
            raise TypeError(f'Python cannot call a function with {t}: pass its address')
    return found


class Kernel(Unique):
    """A function in memory. Arguments are checked: numbers for their range, arrays and buffers for their type, and for
    being contiguous and writable. A pointer parameter takes arrays of numpy, array.array, bytearray, memoryview,
    objects of ctypes, and None; an int is an address. Other Python threads run while the function runs. What the code
    itself does (accesses beyond an array, a division by zero) is not checked."""

    def __init__(self, unit: 'Unit', name: str, address: int, signature: Signature):
        self.unit, self.name, self.signature, self._address = unit, name, signature, address
        if signature.variadic:
            raise TypeError('Python calls no variadic functions')
        result: Any = None
        if signature.result is not None:
            t = signature.result
            result = ctypes.c_void_p if t.kind == 'pointer' else _NUMBERS.get(t.name)
            if result is None:
                raise TypeError(f'Python cannot call a function that returns {t}')
        function: Any = ctypes.CFUNCTYPE(result)(address)
        function.argtypes = [_converter(t) for t in signature.params]
        self._call, self._alive, self._running, self._n = function, unit._alive, unit.jit._running, len(signature.params)
        self._pointers = any(t.kind == 'pointer' for t in signature.params)

    _running: Running

    def __call__(self, *args: Any) -> Any:
        if len(args) != self._n:
            raise TypeError(f'{self.name}{self.signature} takes {self._n} arguments, not {len(args)}')
        if self._pointers and any(isinstance(x, Kernel) for x in args):
            with contextlib.ExitStack() as stack:  # code that is called through its address runs, too
                for x in args:
                    if isinstance(x, Kernel):
                        x._running.begin()
                        stack.callback(x._running.end)
                return self._run(args)
        return self._run(args)

    def _run(self, args: Tuple[Any, ...]) -> Any:
        running = self._running
        calls = running.calls
        calls.append(None)
        if running.stopped:
            calls.pop()
            running.begin()
        try:
            if not self._alive[0]:
                raise ClosedError(f'{self.name}: its unit was removed')
            try:
                return self._call(*args)
            except ctypes.ArgumentError as e:
                raise _unwrapped(e) from None
        finally:
            calls.pop()

    @property
    def address(self) -> int:
        """The address of the code, which is valid as long as the unit."""
        if not self._alive[0]:
            raise ClosedError(f'{self.name}: its unit was removed')
        return self._address

    def listing(self) -> 'Listing':
        """Returns the text of the function beside its machine code."""
        out: 'Listing' = self.unit.listing(self.name)
        return out

    def __repr__(self) -> str:
        return f'<Kernel {self.name}{self.signature}>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        if self.name not in self.unit._codes:
            return {'text/plain': repr(self)}
        return self.listing()._repr_mimebundle_()


def _unwrapped(e: ctypes.ArgumentError) -> Exception:
    """Returns the exception that from_param raised. ctypes names it only in its text: "argument 1: OverflowError: 300
    is no u8", or in older versions of Python "<class 'OverflowError'>"."""
    found = re.match(r"(argument \d+): (?:<class '([\w.]+)'>|(\w+)): (.*)", str(e), re.DOTALL)
    if found is None:
        return TypeError(str(e))
    name = (found[2] or found[3]).rpartition('.')[2]
    kind = {'OverflowError': OverflowError, 'ClosedError': ClosedError}.get(name, TypeError)
    return kind(f'{found[1]}: {found[4]}')
