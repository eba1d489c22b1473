"""Functions under construction."""
import contextlib
import ctypes
from typing import TYPE_CHECKING, Any, Iterator, List, Mapping, Optional, Sequence, Tuple, Type as Class, Union

from . import _bindings as k
from ._errors import ClosedError, Error, ForeignValueError, of_diag
from ._operations import Operations
from ._types import Array, Memory, Struct, Type, bool_, i64, integer, pointer
from ._values import Block, FunctionSymbol, Operand, Place, Signature, Value, Variable

if TYPE_CHECKING:
    from ._module import Module

# Operators by kind of type: of signed and unsigned integers, floats.
_OPERATORS = {'+': ('add', 'add', 'fadd'), '-': ('sub', 'sub', 'fsub'), '*': ('mul', 'mul', 'fmul'), '/': ('', '', 'fdiv'),
              '&': ('and_', 'and_', ''), '|': ('or_', 'or_', ''), '^': ('xor', 'xor', ''), '<<': ('shl', 'shl', ''),
              '>>': ('ashr', 'lshr', '')}
_I, _F = k.kiln_icond, k.kiln_fcond
# The meaning of Python's comparisons: NaN is not equal to anything.
_COMPARISONS = {'==': (_I.EQ, _I.EQ, _F.OEQ), '!=': (_I.NE, _I.NE, _F.UNE), '<': (_I.SLT, _I.ULT, _F.OLT),
                '<=': (_I.SLE, _I.ULE, _F.OLE), '>': (_I.SGT, _I.UGT, _F.OGT), '>=': (_I.SGE, _I.UGE, _F.OGE)}
_DISP = 1 << 31


class Loop:
    """A loop that Function.loop built."""

    def __init__(self, function: 'Function', head: Block, end: Block):
        self.function, self.head, self.end = function, head, end

    def break_(self) -> None:
        """Leaves the loop."""
        self.function.br(self.end)

    def continue_(self) -> None:
        """Begins the next iteration."""
        self.function.br(self.head)

    def break_if(self, condition: Value) -> None:
        """Leaves the loop if the condition holds."""
        f = self.function
        go_on = f.block()
        f.brif(condition, self.end, go_on)
        f.switch_to(go_on)


class Function(Operations):
    """A function under construction. It is a context manager, which compiles the function at the end, or discards it
    after an exception.

    Instructions are appended to the current block, which is initially the entry. A number can be an operand where
    another operand determines its type. A mistake raises an exception where it is made; a mistake that only the
    complete function shows (a block without an end) raises one when the function is finished."""

    def __init__(self, module: 'Module', symbol: FunctionSymbol, handle: int):
        self.module, self.symbol, self.name, self._handle = module, symbol, symbol.name, handle
        self.signature = symbol.signature
        self.params: Tuple[Value, ...] = tuple(self._made(k.kiln_func_param(handle, i), t)
                                               for i, t in enumerate(self.signature.params))
        self.entry = self._current = Block(self, 0, self.params)
        module._building[handle] = self.name

    signature: Signature

    def __repr__(self) -> str:
        return f'<Function {self.name}{self.signature}{"" if self._handle is not None else ", finished"}>'

    def __enter__(self) -> 'Function':
        return self

    def __exit__(self, kind: Optional[Class[BaseException]], error: object, trace: object) -> None:
        if kind is not None:
            self.discard()
        elif self._handle is not None:
            self.finish()

    def finish(self) -> FunctionSymbol:
        """Checks and compiles the function. A function without a result returns at its end automatically."""
        f = self._f
        if self.signature.result is None and not self._current.ended:
            self.ret()
        if k.kiln_func_finish(f) != 0:
            self._fail()
        self._closed()
        self.module._compile(f, self.symbol)
        return self.symbol

    def discard(self) -> None:
        """Discards the function, whose name may then be built again."""
        if self._handle is not None and self.module._handle is not None:
            k.kiln_func_discard(self._handle)
        self._closed()

    def __del__(self) -> None:
        if getattr(self, '_handle', None) is not None:
            self.discard()

    # ---- blocks and branches ----

    def block(self, *params: Type) -> Block:
        """Makes a block with parameters of the given types. It does not become current."""
        f = self._f
        if not all(isinstance(t, Type) for t in params):
            raise TypeError('the parameters of a block are types')
        id = k.kiln_block_new(f)
        if id == 0xffffffff:
            self._fail()
        return Block(self, id, [self._made(k.kiln_block_add_param(f, id, t.code), t) for t in params])

    def switch_to(self, block: Block) -> None:
        """Makes `block` current."""
        k.kiln_block_switch(self._f, self._own(block)._id)
        self._acted()
        self._current = block

    @property
    def current(self) -> Block:
        """The current block."""
        return self._current

    def _own(self, block: Block) -> Block:
        if not isinstance(block, Block):
            raise TypeError(f'{block!r} is not a block')
        if block.function is not self:
            raise ForeignValueError(f'{block!r} is used in {self.name}')
        return block

    def _ids(self, values: Sequence[Operand], types: Sequence[Type], what: str) -> Any:
        if len(values) != len(types):
            raise TypeError(f'{what} takes {len(types)} values, not {len(values)}')
        return (ctypes.c_uint32 * len(types))(*[self.operand(v, t)._id for v, t in zip(values, types)])

    def _edge(self, block: Block, args: Sequence[Operand]) -> Any:
        return self._ids(args, [p.type for p in self._own(block).params], repr(block))

    def _condition(self, condition: Value) -> int:
        if not isinstance(condition, Value):
            raise TypeError('a condition is a value, the result of a comparison')
        return self.operand(condition, bool_)._id

    def _end(self) -> None:
        self._acted()
        self._current.ended = True

    def br(self, target: Block, *args: Operand) -> None:
        """Branches to a block, with arguments for its parameters."""
        f, ids = self._open, self._edge(target, args)
        k.kiln_build_br(f, target._id, ids, len(ids))
        self._end()

    def brif(self, condition: Value, then: Block, otherwise: Block, then_args: Sequence[Operand] = (),
             otherwise_args: Sequence[Operand] = ()) -> None:
        """Branches to one of two blocks."""
        f, c = self._open, self._condition(condition)
        a, b = self._edge(then, then_args), self._edge(otherwise, otherwise_args)
        k.kiln_build_brif(f, c, then._id, a, len(a), otherwise._id, b, len(b))
        self._end()

    def switch(self, value: Value, default: Block, cases: Mapping[int, Block]) -> None:
        """Branches to the block of the case that equals an integer of up to 64 bits, or to `default`. The blocks must
        have no parameters."""
        f = self._open
        if not isinstance(value, Value) or value.type.kind != 'int' or value.type.size > 8:
            raise TypeError('a switch is on an integer of up to 64 bits')
        self.operand(value, value.type)
        for block in (default, *cases.values()):
            if self._own(block).params:
                raise TypeError(f'{block!r} has parameters')
        rows = (k.kiln_switch_case * len(cases))()
        for row, (number, block) in zip(rows, cases.items()):
            self.const(value.type, number)
            row.value, row.target = number - (1 << 64) if number >= 1 << 63 else number, block._id
        k.kiln_build_switch(f, value.type.code, value._id, default._id, rows, len(cases))
        self._end()

    def ret(self, value: Optional[Operand] = None) -> None:
        """Returns from the function, with a value if the signature has a result."""
        f, result = self._open, self.signature.result
        if (value is None) != (result is None):
            raise TypeError(f'{self.name} returns {result.name if result else "nothing"}')
        ids = (ctypes.c_uint32 * (result is not None))(*([self.operand(value, result)._id] if result else []))
        k.kiln_build_ret(f, ids, len(ids))
        self._end()

    # ---- calls ----

    def _arguments(self, signature: Signature, args: Sequence[Operand]) -> Any:
        n = len(signature.params)
        if len(args) < n or (len(args) > n and not signature.variadic):
            raise TypeError(f'{signature} is called with {len(args)} arguments')
        more = []
        for x in args[n:]:
            if not isinstance(x, Value) or x.type.size < 4 or x.type.name == 'f32':
                raise TypeError('further arguments are values, as large as C promotes them: i32, f64 or larger')
            more.append(x.type)
        return self._ids(args, [*signature.params, *more], 'the call')

    def call(self, callee: Union[FunctionSymbol, 'Function', Value], *args: Operand,
             signature: Optional[Signature] = None) -> Optional[Value]:
        """Calls a function of the module, or the function at an address by `signature`. Returns the result; None if
        there is none."""
        f = self._open
        if isinstance(callee, Function):
            callee = callee.symbol
        if isinstance(callee, FunctionSymbol):
            at, sig, signature = self.address(callee), callee._sig, callee.signature
        elif isinstance(callee, Value) and isinstance(signature, Signature):
            at, sig = self.operand(callee, pointer()), self.module._signature(signature)
        else:
            raise TypeError('what is called is a function of the module, or a pointer with a signature')
        ids = self._arguments(signature, args)
        out = k.kiln_build_call(f, sig, at._id, ids, len(ids))
        if signature.result is not None:
            return self._made(out, signature.result)
        self._acted()
        return None

    def value_of(self, callee: Union[FunctionSymbol, 'Function', Value], *args: Operand,
                 signature: Optional[Signature] = None) -> Value:
        """Does what call does, for a function that has a result."""
        out = self.call(callee, *args, signature=signature)
        if out is None:
            raise TypeError('the function has no result')
        return out

    # ---- memory ----

    def _access(self, t: Type, address: Operand, offset: int, align: int, volatile: bool) -> Tuple[int, int, int]:
        if not isinstance(t, Type):
            raise TypeError(f'{t!r} is not a type that is loaded or stored')
        if align < 1 or align & (align - 1) or align > 1 << 15:
            raise ValueError(f'no alignment: {align}')
        flags = k.KILN_MEM_ALIGN(align.bit_length() - 1) | (k.KILN_MEM_VOLATILE if volatile else 0)
        if not -_DISP <= offset < _DISP:
            raise OverflowError(f'an offset of {offset} bytes')
        return self.operand(address, pointer())._id, offset, flags

    def load(self, t: Type, address: Operand, offset: int = 0, *, align: int = 1, volatile: bool = False) -> Value:
        """Loads a value from an address plus `offset` bytes. The sum is a multiple of `align`."""
        f = self._open
        a, disp, flags = self._access(t, address, offset, align, volatile)
        return self._made(k.kiln_build_load(f, t.code, a, disp, flags), t)

    def store(self, value: Value, address: Operand, offset: int = 0, *, align: int = 1, volatile: bool = False) -> None:
        """Stores a value to an address plus `offset` bytes. For numbers, use const."""
        f = self._open
        if not isinstance(value, Value):
            raise TypeError('a value is stored: make one of a number by const()')
        self.operand(value, value.type)
        a, disp, flags = self._access(value.type, address, offset, align, volatile)
        k.kiln_build_store(f, value.type.code, a, disp, value._id, flags)
        self._acted()

    def slot(self, memory: Memory) -> Value:
        """Returns the address of memory in the function's frame, whose initial content is unspecified."""
        if not isinstance(memory, (Type, Array, Struct)):
            raise TypeError(f'{memory!r} is not a type')
        if memory.size >= _DISP:
            raise OverflowError(f'a slot of {memory.size} bytes')
        id = k.kiln_slot_new(self._f, memory.size, memory.align.bit_length() - 1)
        out = self._made(id, pointer(memory.element if isinstance(memory, Array) else memory))
        if isinstance(memory, Array):
            k.kiln_slot_set_array(self._f, id)
        return out

    def var(self, t: Type, value: Optional[Operand] = None) -> Variable:
        """Makes a variable. Without `value`, its initial content is unspecified."""
        out = Variable(self, t, self.slot(t))
        if value is not None:
            out.value = value
        return out

    def _extended(self, index: Value) -> Value:
        """Converts an index to an i64."""
        if index.type.kind != 'int':
            raise TypeError(f'an index is an integer, not {index.type}')
        return index if index.type.size == 8 else self._to(index, i64)

    def element(self, base: Value, index: Operand) -> Value:
        """Returns the address of an element, as Value.at does."""
        place = self._item(base, index)
        to = place.memory.element if isinstance(place.memory, Array) else place.memory
        return self._offset(place.base, place.offset, pointer(to, place.const))

    def _item(self, base: Value, index: Operand) -> Place:
        f, memory = self._open, base._to()
        self.operand(base, base.type)
        if not isinstance(index, Value):
            offset = index.__index__() * memory.size if hasattr(index, '__index__') else None
            if offset is None:
                raise TypeError(f'an index is an integer, not {index!r}')
            if not -_DISP <= offset < _DISP:
                raise OverflowError(f'an offset of {offset} bytes')
            return Place(self, base, offset, memory, base.type.const)
        index = self._extended(self.operand(index, index.type))
        scale = memory.size
        if scale > 0xffff:
            index, scale = self.mul(index, scale), 1
        at = self._made(k.kiln_fold_addr(f, base._id, index._id, scale, 0), base.type)
        return Place(self, at, 0, memory, base.type.const)

    def _place(self, base: Value) -> Place:
        return Place(self, base, 0, base._to(), base.type.const)

    def _offset(self, base: Value, offset: int, t: Type) -> Value:
        f = self._open
        self.operand(base, base.type)
        if not -_DISP <= offset < _DISP:
            raise OverflowError(f'an offset of {offset} bytes')
        return self._made(k.kiln_fold_addr(f, base._id, 0, 0, offset) if offset else base._id, t)

    # ---- what Python's operators build ----

    def _pair(self, a: Value, b: Operand, reflected: bool) -> Tuple[Value, Value]:
        other = self.operand(b, a.type)
        return (other, self.operand(a, a.type)) if reflected else (self.operand(a, a.type), other)

    def _arithmetic(self, operator: str, a: Value, b: Operand, reflected: bool = False) -> Value:
        if a.type.kind == 'pointer' and operator in ('+', '-') and not reflected:
            return self._pointer_sum(operator, a, b)
        x, y = self._pair(a, b, reflected)
        name = '' if a.type.kind in ('vector', 'pointer') else _OPERATORS[operator][2 if a.type.kind == 'float' else not a.type.signed]
        if not name:
            raise TypeError(f'{operator} of {a.type}')
        out: Value = getattr(self, name)(x, y)
        return out

    def _pointer_sum(self, operator: str, a: Value, b: Operand) -> Value:
        """Adds an integer to a pointer, or subtracts it. The integer counts elements, as in C, or bytes if the element
        type is unknown."""
        if operator == '-':
            minus: Any = b
            b = -minus
        if a.type.to is not None:
            return self.element(a, b)
        f = self._open
        index = self._extended(b if isinstance(b, Value) else self.const(i64, b))
        self.operand(index, index.type)
        return self._made(k.kiln_fold_addr(f, self.operand(a, a.type)._id, index._id, 1, 0), a.type)

    def _divide(self, operator: str, a: Value, b: Operand, reflected: bool = False) -> Value:
        if a.type.kind != 'int':
            raise TypeError(f'{operator} of {a.type}: of floats there is frem, and ffloor of a quotient')
        x, y = self._pair(a, b, reflected)
        quotient = operator == '//'
        if not a.type.signed:
            return self.udiv(x, y) if quotient else self.urem(x, y)
        if not reflected and not isinstance(b, Value):  # by a power of two
            whole: Any = b
            number: int = whole.__index__()
            if number > 0 and number & (number - 1) == 0:
                return self.ashr(x, number.bit_length() - 1) if quotient else self.and_(x, number - 1)
        rest = self.srem(x, y)
        # Rounded down: one less, where there is a rest whose sign is not that of the divisor.
        down = (rest != 0) & (self.xor(rest, y) < 0)
        return self.sdiv(x, y) - down.to(a.type) if quotient else self.select(down, rest + y, rest)

    def _negate(self, a: Value) -> Value:
        if a.type.kind not in ('int', 'float'):
            raise TypeError(f'- of {a.type}')
        return self.fneg(a) if a.type.kind == 'float' else self.neg(a)

    def _invert(self, a: Value) -> Value:
        if a.type.kind == 'bool':
            return self.xor(a, 1)
        return self.not_(a)

    def _abs(self, a: Value) -> Value:
        if a.type.kind == 'int' and not a.type.signed:
            return a
        return self.fabs(a) if a.type.kind == 'float' else self.abs(a)

    def compare(self, operator: str, a: Value, b: Any) -> Value:
        """Builds a comparison with the meaning of Python's operator: == != < <= > >=. Pointers and `bool_` are compared
        as unsigned integers."""
        x, y = self._pair(a, b, False)
        f, t = self._open, a.type
        if t.kind == 'vector':
            raise TypeError('vectors are compared by vicmp and vfcmp')
        if t.kind == 'float':
            return self._made(k.kiln_fold_fcmp(f, _COMPARISONS[operator][2], t.code, x._id, y._id), bool_)
        return self._made(k.kiln_fold_icmp(f, _COMPARISONS[operator][not t.signed], t.code, x._id, y._id), bool_)

    def select(self, condition: Value, a: Operand, b: Operand) -> Value:
        """Selects `a` if the condition holds, and otherwise `b`. At least one of the two must be a value."""
        f, c = self._open, self._condition(condition)
        t = next((x.type for x in (a, b) if isinstance(x, Value)), None)
        if t is None:
            raise TypeError('select of numbers alone: make one of them a value by const()')
        x, y = self.operand(a, t), self.operand(b, t)
        return self._made(k.kiln_fold_select(f, t.code, c, x._id, y._id), t)

    def _to(self, a: Value, t: Type) -> Value:
        if not isinstance(t, Type):
            raise TypeError(f'{t!r} is not a type')
        self.operand(a, a.type)
        source, target = a.type, t
        if source == target or source.kind == target.kind == 'pointer' or (
                source.code == target.code and 'bool' not in (source.kind, target.kind)):
            return Value(self, a._id, t)
        whole = ('int', 'pointer')
        if source.kind == 'bool' and target.kind in whole:
            return Value(self, a._id, t) if target.size == 1 else self.zext(a, t)
        if target.kind == 'bool' and source.kind in ('int', 'float', 'pointer'):
            return a != 0
        if source.kind in whole and target.kind in whole:
            if target.size < source.size:
                return self.trunc(a, t)
            return self.sext(a, t) if source.signed else self.zext(a, t)
        if source.kind == 'float' and target.kind == 'float':
            return self.fpromote(a, t) if target.size > source.size else self.fdemote(a, t)
        if source.kind in ('int', 'bool') and target.kind == 'float':
            return self.sitof(a, t) if source.signed else self.uitof(a, t)
        if source.kind == 'float' and target.kind == 'int':
            return self.ftosis(a, t) if target.signed else self.ftouis(a, t)
        raise TypeError(f'no conversion from {source} to {target}: bitcast keeps the bits')

    # ---- structured control flow ----

    @contextlib.contextmanager
    def if_(self, condition: Value) -> Iterator[None]:
        """Builds the contents of the `with` statement to run only if the condition holds."""
        then, end = self.block(), self.block()
        self.brif(condition, then, end)
        self.switch_to(then)
        yield
        self._join(end)

    @contextlib.contextmanager
    def if_else(self, condition: Value) -> 'Iterator[Tuple[contextlib.AbstractContextManager[None], contextlib.AbstractContextManager[None]]]':
        """Returns two context managers. What is built in the first runs if the condition holds, what is built in the
        second if it does not."""
        blocks, end = [self.block(), self.block()], self.block()
        self.brif(condition, blocks[0], blocks[1])
        filled: List[int] = []

        @contextlib.contextmanager
        def side(i: int) -> Iterator[None]:
            if i in filled:
                raise Error('a side of if_else is built once')
            filled.append(i)
            self.switch_to(blocks[i])
            yield
            if not self._current.ended:
                self.br(end)

        yield side(0), side(1)
        for i in (0, 1):
            if i not in filled:
                self.switch_to(blocks[i])
                self.br(end)
        self.switch_to(end)

    def _join(self, end: Block) -> None:
        if not self._current.ended:
            self.br(end)
        self.switch_to(end)

    @contextlib.contextmanager
    def loop(self) -> Iterator[Loop]:
        """Builds a loop, and yields it. The loop runs until its break_ or break_if."""
        head, end = self.block(), self.block()
        self.br(head)
        self.switch_to(head)
        yield Loop(self, head, end)
        if not self._current.ended:
            self.br(head)
        self.switch_to(end)

    @contextlib.contextmanager
    def range(self, start: Operand, stop: Optional[Operand] = None, step: int = 1, type: Type = i64) -> Iterator[Value]:
        """Builds a loop over Python's range, and yields the counter. The counter has the type of start or stop, or else
        `type`."""
        if stop is None:
            start, stop = 0, start
        t = next((x.type for x in (start, stop) if isinstance(x, Value)), type)
        if not isinstance(t, Type) or t.kind != 'int' or t.size > 8:
            raise TypeError(f'a range of {t}')
        step = integer(step, i64)
        if step in (0, -1 << 63):
            raise ValueError(f'no step: {step}')
        first, last = self.operand(start, t), self.operand(stop, t)
        body, end = self.block(t), self.block()
        i, up = body.params[0], step > 0
        self.brif(self.compare('<' if up else '>', first, last), body, end, [first])
        self.switch_to(body)
        yield i
        if not self._current.ended:
            # The branch comes directly after its comparison. With other steps than 1, what is left, which fits in an
            # unsigned integer, is compared, so that the counter does not wrap around.
            left = last - i if up else i - last
            following = i + step if up else i - -step
            if abs(step) == 1:
                more = self.compare('<' if up else '>', following, last)
            else:
                more = self._made(k.kiln_fold_icmp(self._open, _I.UGT, t.code, left._id,
                                                   k.kiln_const_int(self._f, abs(step))), bool_)
            self.brif(more, body, end, [following])
        self.switch_to(end)
