"""Modules, each of which becomes one object or one unit of a JIT."""
import ctypes
import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from . import _bindings as k
from ._errors import ClosedError, Error, ForeignValueError, of_diag, of_status
from ._function import Function
from ._listing import Code, Listing, Piece, Relocation
from ._owner import Owner
from ._types import Array, Memory, Struct, Type, by_code, i8, pack, pointer
from ._values import FunctionSymbol, Signature, Symbol

if TYPE_CHECKING:
    from ._jit import Unit

_LINKAGES = {'external': k.KILN_LINKAGE_EXTERNAL, 'internal': k.KILN_LINKAGE_INTERNAL, 'weak': k.KILN_LINKAGE_WEAK}
_NO_BLOCK = 0xffffffff


def _name(name: str) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f'a name is a str, not {name!r}')
    if '\0' in name:
        raise ValueError('a name has a NUL')
    return name.encode()


class Module(Owner):
    """A module: functions and data.

    `target` is 'x86_64' or 'aarch64'; None for this machine. `verify` checks all rules of the IR, so that a use that
    its definition does not dominate is an error. `listings` keeps the machine code of functions for listing(). Only one
    thread at a time may use a module."""

    def __init__(self, name: str = '', *, target: Optional[str] = None, verify: bool = True, listings: bool = True):
        self._session: Optional[int] = None
        options, found_target = k.kiln_module_options(), k.kiln_target()
        found = k.kiln_target_find_host(ctypes.byref(found_target)) if target is None else \
            k.kiln_target_find(_name(target), ctypes.byref(found_target))
        if not found:
            raise ValueError(f'no target: {target or "this machine"}')
        self.name, self.target = name, (k.kiln_processor_name(found_target.processor) or b'').decode()
        options.target, options.name, options.verify, options.jit = found_target, _name(name), bool(verify), target is None
        self._handle = k.kiln_module_new(ctypes.byref(options))
        self._session = k.kiln_session_new(self._handle)
        if self._handle is None or self._session is None:
            raise MemoryError('no memory for a module')
        self.functions: Dict[str, FunctionSymbol] = {}
        self.codes: Dict[str, Code] = {}
        self._texts: List[str] = []
        self._building: Dict[int, str] = {}  # functions by handle
        self._listings = bool(listings)
        self._object: Optional[bytes] = None
        self._added = False
        if listings:
            k.kiln_session_set_map(self._session, True)

    def __repr__(self) -> str:
        return f'<Module {self.name!r}: {len(self.functions)} functions for {self.target}>'

    # ---- lifetime ----

    def close(self) -> None:
        """Frees the module. Functions under construction, values and symbols of the module cannot be used afterwards;
        units of a JIT stay."""
        session, handle, self._session, self._handle = self._session, self._handle, None, None
        k.kiln_session_free(session)
        k.kiln_module_free(handle)

    @property
    def _m(self) -> int:
        if self._handle is None:
            raise ClosedError(f'module {self.name!r} was closed')
        return self._handle

    @property
    def _growing(self) -> int:
        """Returns the handle of a module that can be added to."""
        m = self._m
        if self._added or self._object is not None:
            raise Error(f'module {self.name!r} was linked or written, and cannot change')
        return m

    def _complete(self) -> int:
        """Returns the handle of a module that has no functions under construction."""
        m = self._m
        if self._building:
            raise Error(f'functions were not finished: {", ".join(self._building.values())}')
        return m

    def _check(self) -> None:
        """Raises the module's error, if there is one. The error stays."""
        if k.kiln_module_status(self._m) != 0:
            diag: Any = k.kiln_module_diag(self._m)
            raise of_diag(diag.contents)

    # ---- functions ----

    def _signature(self, s: Signature) -> int:
        params = (k.kiln_param * len(s.params))()
        for p, t in zip(params, s.params):
            p.type = t.code
            if t.size < 4 and t.kind in ('int', 'bool'):
                p.flags = k.KILN_PARAM_SEXT if t.signed else k.KILN_PARAM_ZEXT
        results = (ctypes.c_uint32 * (s.result is not None))(*([s.result.code] if s.result else []))
        sig = k.kiln_sig_new(self._m, k.KILN_CC_C, k.KILN_SIG_VARIADIC if s.variadic else 0, params, len(params),
                             results, len(results))
        self._check()
        return int(sig)

    def declare(self, name: str, params: Sequence[Type] = (), result: Optional[Type] = None, *, variadic: bool = False,
                linkage: str = 'external') -> FunctionSymbol:
        """Declares a function that is defined elsewhere, or later by function()."""
        m, signature = self._growing, Signature(params, result, variadic)
        if linkage not in _LINKAGES:
            raise ValueError(f'no linkage: {linkage}; there are {", ".join(_LINKAGES)}')
        known = self.functions.get(name)
        if known is not None:
            if known.signature != signature:
                raise Error(f'{name} was declared as {known.signature}', k.kiln_status.ERR_SYMBOL)
            return known
        raw = _name(name)
        if not raw or k.kiln_symbol_lookup(m, raw):
            raise Error(f'{name!r} is data, or no name', k.kiln_status.ERR_SYMBOL)
        sig = self._signature(signature)
        id = k.kiln_func_declare(m, ctypes.byref(k.kiln_symbol_desc(name=raw, linkage=_LINKAGES[linkage])), sig)
        self._check()
        out = self.functions[name] = FunctionSymbol(self, id, name, pointer(), signature, sig)
        return out

    def function(self, name: str, params: Sequence[Type] = (), result: Optional[Type] = None, *,
                 linkage: str = 'external') -> Function:
        """Begins a function. Use it in a `with` statement, or call its finish()."""
        symbol = self.declare(name, params, result, linkage=linkage)
        if k.kiln_symbol_get(self._m, symbol._id).defined:
            raise Error(f'{name} is defined twice', k.kiln_status.ERR_SYMBOL)
        handle = k.kiln_func_begin(self._session, symbol._id)
        if handle is None:
            raise MemoryError('no memory for a function')
        status = k.kiln_func_status(handle)
        if status:
            diag = k.kiln_diag()
            k.kiln_func_try_compile(handle, ctypes.byref(diag))
            raise of_diag(diag)
        return Function(self, symbol, handle)

    def _compile(self, handle: int, symbol: FunctionSymbol) -> None:
        """Compiles a finished function and frees it."""
        text, ids = self._text(handle), self._ids(handle) if self._listings else []
        diag = k.kiln_diag()
        if k.kiln_func_try_compile(handle, ctypes.byref(diag)) != 0:
            raise of_diag(diag)
        self._compiled(symbol.name, text, ids)

    def _text(self, handle: int) -> str:
        buffer = k.kiln_buffer()
        status = k.kiln_func_print(handle, ctypes.byref(buffer))
        return _take(buffer, status).decode(errors='replace')

    def _ids(self, handle: int) -> List[Tuple[int, List[int]]]:
        """Returns the blocks and their instructions, in the order of the text."""
        out = []
        next_of = k.kiln_inst_next
        for i in range(k.kiln_func_block_count(handle)):
            block = k.kiln_func_block_at(handle, i)
            inst, insts = k.kiln_block_first_inst(handle, block), []
            while inst:
                insts.append(inst)
                inst = next_of(handle, inst)
            out.append((block, insts))
        return out

    def _compiled(self, name: str, text: str, ids: Sequence[Tuple[int, Sequence[int]]]) -> None:
        self._texts.append(text)
        found: Any = k.kiln_code()
        if not self._listings or not k.kiln_session_find_code(self._session, ctypes.byref(found)):
            return
        pieces = [Piece(p.offset_bytes, None if p.block == _NO_BLOCK else p.block, p.inst or None, p.data)
                  for p in found.pieces[:found.n_pieces]]
        relocations = []
        for i in range(found.n_relocs):
            r: Any = k.kiln_session_get_code_reloc(self._session, i)
            info: Any = k.kiln_symbol_get(self._m, r.symbol)
            name_of = (info.desc.name or b'').decode(errors='replace') or f'.{r.symbol}'
            kind = (k.kiln_reloc_name(r.kind) or b'').decode() or str(r.kind - k.KILN_RELOC_FORMAT)
            relocations.append(Relocation(r.offset_bytes, kind, name_of, r.addend))
        code = ctypes.string_at(found.bytes, found.size_bytes)
        self.codes[name] = Code(name, self.target, code, pieces, relocations, text, ids)

    def listing(self, name: str) -> Listing:
        """Returns the text of a compiled function beside its machine code."""
        if name not in self.codes:
            raise KeyError(f'no code of {name} was kept')
        return Listing(self.codes[name])

    # ---- data ----

    def data(self, name: str, content: Union[bytes, bytearray, int], *, to: Optional[Memory] = None, align: int = 16,
             read_only: bool = False, addresses: Optional[Mapping[int, Symbol]] = None, linkage: str = 'external') -> Symbol:
        """Defines data: the given bytes, or that number of zeros. `addresses` maps offsets to the symbols whose
        addresses are stored there. `to` is the type of the data, which determines the type of its address."""
        m = self._growing
        desc, relocs = k.kiln_data_desc(), self._relocs(addresses or {})
        if isinstance(content, int):
            if not 0 <= content < 1 << 62:
                raise ValueError(f'data of {content} bytes')
            desc.size_bytes = content
        else:
            raw = bytes(content)
            desc.bytes, desc.size_bytes = ctypes.cast(ctypes.c_char_p(raw), ctypes.c_void_p), len(raw)
        if align < 1 or align & (align - 1) or align > 1 << 16:
            raise ValueError(f'no alignment: {align}')
        for offset in addresses or {}:
            if not 0 <= offset <= desc.size_bytes - 8:
                raise ValueError(f'no address is at offset {offset} of {desc.size_bytes} bytes')
        if linkage not in _LINKAGES:
            raise ValueError(f'no linkage: {linkage}')
        encoded = _name(name)
        if (encoded and k.kiln_symbol_lookup(m, encoded)) or (not encoded and linkage != 'internal'):
            raise Error(f'{name!r} is defined twice, or no name', k.kiln_status.ERR_SYMBOL)
        id = k.kiln_data_declare(m, ctypes.byref(k.kiln_symbol_desc(name=encoded or None, linkage=_LINKAGES[linkage])))
        desc.align_log2, desc.flags = align.bit_length() - 1, k.KILN_DATA_READ_ONLY if read_only else 0
        desc.relocs, desc.n_relocs = relocs, len(relocs)
        k.kiln_data_define(m, id, ctypes.byref(desc))
        self._check()
        return Symbol(self, id, name, pointer(to, read_only))

    def _relocs(self, addresses: Mapping[int, Symbol]) -> Any:
        out = (k.kiln_reloc * len(addresses))()
        end = -1
        for r, (offset, symbol) in zip(out, sorted(addresses.items(), key=lambda a: a[0])):
            if not isinstance(symbol, Symbol):
                raise TypeError(f'{symbol!r} is not a symbol')
            if symbol.module is not self:
                raise ForeignValueError(f'{symbol!r} is of another module')
            if offset < end:
                raise ValueError('addresses overlap')
            r.offset_bytes, r.symbol, r.size_bytes, end = offset, symbol._id, 8, offset + 8
        return out

    def string(self, text: Union[str, bytes]) -> Symbol:
        """Defines private data: the text, as UTF-8, and a NUL."""
        raw = text.encode() if isinstance(text, str) else bytes(text)
        id = k.kiln_data_define_string(self._growing, raw, len(raw))
        self._check()
        return Symbol(self, id, '', pointer(i8, True))

    def array(self, name: str, element: Type, values: Sequence[Any], *, read_only: bool = False,
              linkage: str = 'external') -> Symbol:
        """Defines an array of numbers."""
        raw = b''.join(pack(element, v) for v in values)
        return self.data(name, raw, to=element, read_only=read_only, linkage=linkage)

    def struct(self, name: str, struct: Struct, /, *, read_only: bool = False, linkage: str = 'external',
               **fields: Any) -> Symbol:
        """Defines a struct. Fields are numbers, symbols, or bytes for arrays and structs; those left out are zero."""
        raw, addresses = bytearray(struct.size), {}
        for field, value in fields.items():
            memory, offset = struct.field(field)
            if isinstance(value, Symbol) and isinstance(memory, Type) and memory.kind == 'pointer':
                addresses[offset] = value
                continue
            piece = pack(memory, value) if isinstance(memory, Type) else bytes(value)
            if len(piece) > memory.size:
                raise ValueError(f'{field} has {memory.size} bytes, not {len(piece)}')
            raw[offset:offset + len(piece)] = piece
        return self.data(name, raw, to=struct, align=max(struct.align, 1), read_only=read_only, addresses=addresses,
                         linkage=linkage)

    # ---- text ----

    @classmethod
    def parse(cls, text: str, name: str = '', **options: Any) -> 'Module':
        """Reads a module in the text form (docs/ir.md). Integers in its signatures are signed, or unsigned if they have
        `zext`; pointers are integers."""
        out, raw, raised = cls(name, **options), text.encode(), []

        def take(user: object, handle: Any) -> int:
            try:
                symbol: Any = k.kiln_symbol_get(out._m, k.kiln_func_symbol(handle))
                printed, ids = out._text(handle), out._ids(handle) if out._listings else []
                status = k.kiln_func_compile(handle)
                if status == 0:
                    out._compiled((symbol.desc.name or b'').decode(errors='replace'), printed, ids)
                return int(status)
            except BaseException as e:  # it must not pass through the library
                raised.append(e)
                return int(k.KILN_ERR_STRUCTURE)

        k.kiln_text_read(out._session, raw, len(raw), k.kiln_func_sink_fn(take), None)
        if raised:
            raise raised[0]
        out._check()
        out._find_functions()
        return out

    def _find_functions(self) -> None:
        for id in range(1, k.kiln_symbol_count(self._m) + 1):
            info: Any = k.kiln_symbol_get(self._m, id)
            if info.kind != k.KILN_SYMBOL_FUNC or not info.desc.name:
                continue
            sig: Any = k.kiln_sig_get(self._m, info.sig)
            params = [by_code(p.type, bool(p.flags & k.KILN_PARAM_ZEXT)) for p in sig.params[:sig.n_params]]
            results = [by_code(t) for t in sig.results[:sig.n_results]]
            if None in params or None in results or len(results) > 1 or sig.cc != k.KILN_CC_C:
                continue  # it can be linked, and called by other code
            signature = Signature([t for t in params if t], results[0] if results else None,
                                  bool(sig.flags & k.KILN_SIG_VARIADIC))
            text = info.desc.name.decode(errors='replace')
            self.functions[text] = FunctionSymbol(self, id, text, pointer(), signature, info.sig)

    def __str__(self) -> str:
        """Returns the module in the text form, with the functions that were finished."""
        buffer = k.kiln_buffer()
        status = k.kiln_module_print(self._m, ctypes.byref(buffer))
        head = _take(buffer, status).decode(errors='replace')
        return '\n'.join([head.rstrip('\n'), *(t.rstrip('\n') for t in self._texts)]) + '\n'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        return {'text/plain': str(self)} if self._handle is not None else {'text/plain': repr(self)}

    # ---- output ----

    def object(self) -> bytes:
        """Returns the object. The module cannot change afterwards."""
        self._complete()
        if self._object is None:
            buffer = k.kiln_buffer()
            sessions = (ctypes.c_void_p * 1)(self._session)
            status = k.kiln_emit_object(self._m, sessions, 1, ctypes.byref(buffer))
            if status:
                k.kiln_buffer_free(ctypes.byref(buffer))
                self._check()
                raise of_status(status, 'the object was not written')
            self._object = _take(buffer, 0)
        return self._object

    def write_object(self, path: 'Union[str, os.PathLike[str]]') -> None:
        """Writes the object to a file."""
        content = self.object()
        with open(path, 'wb') as f:
            f.write(content)

    def jit(self, **options: Any) -> 'Unit':
        """Links the module in a JIT of its own, made with `options`: module.jit()['name'] is a function that can be
        called."""
        from ._jit import Jit
        return Jit(**options).add(self)


def _take(buffer: Any, status: int) -> bytes:
    """Returns the content of a buffer, and frees the buffer."""
    content = ctypes.string_at(buffer.data, buffer.size) if buffer.size else b''
    k.kiln_buffer_free(ctypes.byref(buffer))
    if status:
        raise of_status(status, 'not printed')
    return content
