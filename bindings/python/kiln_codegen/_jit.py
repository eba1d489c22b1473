"""Code in memory: a JIT, and the units that modules become in it."""
import ctypes
import weakref
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from . import _bindings as k
from ._errors import ClosedError, Error, MissingSymbolError, of_diag, of_status
from ._kernel import Kernel
from ._listing import Code
from ._module import Module, _name
from ._owner import Owner, Running, Unique
from ._types import Type
from ._values import Signature


class Stats(NamedTuple):
    """Statistics of a JIT: the number of units, and bytes of code and data in use."""
    units: int
    code_bytes: int
    data_bytes: int
    reserved_bytes: int


class Frame(NamedTuple):
    """A function that code at an address belongs to. Names are empty and numbers are 0 if they are not known."""
    function: str
    file: str
    line: int
    column: int


class PcInfo(NamedTuple):
    """What Jit.find_pc finds: the function's code, and the function, after those that were inlined into it; the innermost
    is first."""
    address: int
    size: int
    frames: List[Frame]


def _address(x: Any) -> int:
    """Returns the address that a symbol of Jit(symbols=...) stands for."""
    if isinstance(x, Kernel):
        return x.address
    if hasattr(x, '__index__'):
        return int(x.__index__())
    try:
        return ctypes.cast(x, ctypes.c_void_p).value or 0
    except (ctypes.ArgumentError, TypeError):
        raise TypeError(f'{x!r} is not an address: an integer, a function of ctypes or a kernel') from None


class Jit(Owner):
    """Owns the memory and the names of code. `symbols` has what code may call by name besides the process's own
    functions (`process_symbols`): functions of ctypes, kernels, and addresses. A callback of ctypes must not raise an
    exception; if it does, the exception is printed and dropped. `perf_map` and `gdb` make names of functions known to
    profilers and debuggers."""

    def __init__(self, *, symbols: Optional[Mapping[str, Any]] = None, process_symbols: bool = True, perf_map: bool = False,
                 gdb: bool = False):
        self._symbols = dict(symbols or {})  # keeps what the addresses are of
        self._running = Running()
        for x in self._symbols.values():
            if isinstance(x, Kernel):
                x.unit.jit._running.users.add(self._running)
        addresses = {_name(name): _address(x) for name, x in self._symbols.items()}

        def resolve(user: object, name: bytes) -> Optional[int]:
            return addresses.get(name)

        self._resolve = k.kiln_resolve_fn(resolve)
        self._lazy: List[Any] = []  # callbacks: the library has their addresses as long as the JIT exists
        self._units: 'weakref.WeakSet[Unit]' = weakref.WeakSet()
        options, error = k.kiln_jit_options(), k.kiln_jit_error()
        options.no_process_symbols, options.perf_map, options.gdb = not process_symbols, bool(perf_map), bool(gdb)
        if addresses:
            options.resolve = self._resolve
        self._handle = k.kiln_jit_new(ctypes.byref(options), ctypes.byref(error))
        if self._handle is None:
            raise _raised(error)

    @property
    def _j(self) -> int:
        if self._handle is None:
            raise ClosedError('the JIT was closed')
        return self._handle

    def add(self, *modules: Module, redefinable: bool = False, forward: bool = False) -> 'Unit':
        """Links modules, as one unit, with each other and with what was added before, and runs their constructors. With
        `redefinable`, a later unit may define the functions again; with `forward`, a later unit may define functions
        that are missing. Raises MissingSymbolError, which lists names that nothing defines. A module can be added once,
        and cannot change afterwards."""
        with self._running.lock:
            unit = Unit(self, self._link(self._j, modules, redefinable, forward), modules)
            self._units.add(unit)
            self._running.calls.append(None)  # so that nothing is removed between the two
        try:
            unit._construct(self._j, sum(k.kiln_ctor_count(m._m) for m in modules))
        finally:
            self._running.end()
        return unit

    def _link(self, j: int, modules: Sequence[Module], redefinable: bool, forward: bool) -> int:
        inputs = (k.kiln_jit_input * len(modules))()
        if not modules:
            raise TypeError('no module to add')
        sessions = []
        for row, m in zip(inputs, modules):
            if not isinstance(m, Module):
                raise TypeError(f'{m!r} is not a module')
            row.module = m._complete()
            if m._added:
                raise Error(f'module {m.name!r} was added before')
            sessions.append((ctypes.c_void_p * 1)(m._session))
            row.sessions, row.n_sessions = sessions[-1], 1
        if len(set(map(id, modules))) != len(modules):
            raise Error('a module is added twice')
        flags = (k.KILN_JIT_REDEFINABLE if redefinable else 0) | (k.KILN_JIT_FORWARD if forward else 0)
        unit, error = ctypes.c_uint64(), k.kiln_jit_error()
        if k.kiln_jit_add(j, flags, inputs, len(modules), ctypes.byref(unit), ctypes.byref(error)) != 0:
            raise _raised(error)
        k.kiln_jit_error_free(ctypes.byref(error))
        for m in modules:
            m._added = True
        return unit.value

    def declare_lazy(self, name: str, compile: Callable[[str], object]) -> int:
        """Declares a function that is compiled when it is called for the first time. Modules that are added may declare
        and call it; returns its address. The first call runs `compile(name)`, which adds a unit that defines the
        function, or returns an address, a kernel or a function of ctypes where the call goes on. If it does neither, or
        raises an exception, which is printed, the program ends with a message. Other threads that call the function
        meanwhile wait."""
        if not callable(compile):
            raise TypeError(f'{compile!r} cannot be called')
        jit = weakref.ref(self)

        def called(user: object, name: bytes) -> Optional[int]:
            found = compile(name.decode())
            owner = jit()
            if isinstance(found, Kernel) and owner is not None:
                found.unit.jit._running.users.add(owner._running)
            if found is not None and owner is not None:
                owner._lazy.append(found)  # keeps what the address is of
            return None if found is None or isinstance(found, Unit) else _address(found)

        callback, error = k.kiln_jit_compile_fn(called), k.kiln_jit_error()
        desc = k.kiln_jit_lazy_desc(name=_name(name), compile=callback)
        with self._running.lock:
            stub: Optional[int] = k.kiln_jit_declare_lazy(self._j, ctypes.byref(desc), ctypes.byref(error))
            if stub is None:
                raise _raised(error)
            k.kiln_jit_error_free(ctypes.byref(error))
            self._lazy.append(callback)
        return stub

    def remove_lazy(self, name: str) -> None:
        """Ends what declare_lazy began. Code of the function stays. Without code, calls of it end the program with a
        message; if no unit refers to the name, nothing may call the address any more."""
        error = k.kiln_jit_error()
        with self._running.lock:
            if k.kiln_jit_remove_lazy(self._j, _name(name), ctypes.byref(error)) != 0:
                raise _raised(error)
            k.kiln_jit_error_free(ctypes.byref(error))

    def find(self, name: str) -> Optional[int]:
        """Returns the address of a function or data of any unit; None if there is none."""
        with self._running.lock:
            found: Optional[int] = k.kiln_jit_lookup(self._j, _name(name))
        return found

    def find_pc(self, pc: int) -> Optional[PcInfo]:
        """Returns which function has code at an address, and where in the source the code comes from; None if no
        function does. For a frame of a backtrace, pass the return address minus 1."""
        n_frames, size = 8, 512
        while True:
            frames, text, info = (k.kiln_jit_frame * n_frames)(), ctypes.create_string_buffer(size), k.kiln_jit_pc_info()
            info.frames, info.max_frames, info.text_bytes = frames, n_frames, size
            info.text = ctypes.addressof(text)
            with self._running.lock:
                if not k.kiln_jit_find_pc(self._j, pc, ctypes.byref(info)):
                    return None
            if info.n_frames <= n_frames and info.needed_bytes <= size:
                return PcInfo(info.address, info.size_bytes,
                              [Frame(f.function.decode(errors='replace'), f.file.decode(errors='replace'), f.line, f.column)
                               for f in frames[:info.n_frames]])
            n_frames, size = max(n_frames, info.n_frames), max(size, info.needed_bytes)

    def stats(self) -> Stats:
        with self._running.lock:
            s: Any = k.kiln_jit_get_stats(self._j)
        return Stats(s.units, s.code_bytes, s.data_bytes, s.reserved_bytes)

    def close(self) -> None:
        """Frees all code and data. Kernels cannot be called afterwards. Raises an error while code of the JIT runs: a
        kernel in any thread, a constructor or a destructor. Kernels that other threads call meanwhile wait, so
        destructors must not wait for them."""
        if self._handle is None:
            return
        self._running.stop()
        try:
            if self._handle is not None:
                self._free(self._handle)
        finally:
            self._running.go_on()

    def _free(self, handle: int) -> None:
        units = list(self._units)
        for unit in units:
            unit._destruct(handle)
        self._handle = None
        for unit in units:
            unit._alive[0] = False
            unit._id = 0
        k.kiln_jit_free(handle)


def _raised(error: Any) -> Error:
    """Returns the exception for an error of the JIT, and frees the error."""
    if error.n_missing:
        out = of_diag(error.diag, MissingSymbolError)
        raw = ctypes.string_at(error.missing.data, error.missing.size)
        out.missing = [n.decode(errors='replace') for n in raw.split(b'\0')[:error.n_missing]]  # type: ignore[attr-defined]
    else:
        out = of_diag(error.diag)
    k.kiln_jit_error_free(ctypes.byref(error))
    return out


class Unit(Unique):
    """The unit that one Jit.add linked: unit['name'] is a function that can be called. The code lives as long as the
    unit, one of its kernels or the JIT is in use, but at most until remove() or Jit.close()."""

    def __init__(self, jit: Jit, id: int, modules: Sequence[Module]):
        self.jit, self._id = jit, id
        self._signatures: Dict[str, Signature] = {}
        self._codes: Dict[str, Code] = {}
        for m in modules:
            self._signatures.update({name: f.signature for name, f in m.functions.items()})
            self._codes.update(m.codes)
        self._alive = [True]  # kernels look at it
        self._constructed = False

    _alive: List[bool]

    def __repr__(self) -> str:
        return f'<Unit {self._id}{"" if self._alive[0] else ", removed"}>'

    def _construct(self, jit: int, count: int) -> None:
        if count:
            nothing = (ctypes.c_char_p * 1)()
            status = k.kiln_jit_run_constructors(jit, self._id, 0, nothing, nothing)
            if status:
                raise of_status(status, 'constructors')
            self._constructed = True

    def _destruct(self, jit: int) -> None:
        if self._constructed:
            self._constructed = False
            k.kiln_jit_run_destructors(jit, self._id)

    def __getitem__(self, name: str) -> Kernel:
        return self.kernel(name)

    def kernel(self, name: str, params: Optional[Sequence[Type]] = None, result: Optional[Type] = None) -> Kernel:
        """Returns a function that can be called. `params` and `result` are its signature, in place of the module's;
        they may differ from it only in signedness and in which parameters are pointers."""
        if name not in self._signatures:
            raise KeyError(name)
        signature = self._signatures[name]
        if params is not None:
            other = Signature(params, result)
            if _codes(other) != _codes(signature):
                raise TypeError(f'{name} is {signature}, not {other}')
            signature = other
        return Kernel(self, name, self.address(name), signature)

    def address(self, name: str) -> int:
        """Returns the address of a function or data of the unit."""
        with self.jit._running.lock:
            if not self._alive[0]:
                raise ClosedError('the unit was removed')
            found: Optional[int] = k.kiln_jit_address(self.jit._j, self._id, _name(name))
        if found is None:
            raise KeyError(name)
        return found

    def listing(self, name: str) -> Any:
        """Returns the text of a function beside its machine code."""
        from ._listing import Listing
        if name not in self._codes:
            raise KeyError(f'no code of {name} was kept')
        return Listing(self._codes[name])

    def remove(self) -> None:
        """Frees the unit. Its kernels cannot be called afterwards, and whatever else has its addresses must not use
        them. Raises an error while code of the JIT runs, since any code may have called the unit's, or while other
        units refer to the unit. Kernels that other threads call meanwhile wait, so destructors must not wait for
        them."""
        self.jit._running.stop()
        try:
            if not self._alive[0]:
                raise ClosedError('the unit was removed')
            j, error = self.jit._j, k.kiln_jit_error()
            self._destruct(j)
            if k.kiln_jit_remove(j, self._id, ctypes.byref(error)) != 0:
                raise _raised(error)
            k.kiln_jit_error_free(ctypes.byref(error))
            self._alive[0] = False
            self._id = 0
        finally:
            self.jit._running.go_on()


def _codes(s: Signature) -> Tuple[Tuple[int, ...], int]:
    return tuple(t.code for t in s.params), s.result.code if s.result else -1
