"""Kiln in the place of LLVM's code generator in llvmlite, and so in numba.

    import kiln_codegen.llvmlite
    kiln_codegen.llvmlite.install()    # before numba compiles anything

or, for a program as it is:

    python -m kiln_codegen.llvmlite program.py argument...
    python -m kiln_codegen.llvmlite -m module argument...

llvmlite's execution engine (LLVM's MCJIT) asks a cache of objects before it compiles a module: Kiln is that cache. The
one that the program has set is asked first. A module that Kiln does not compile is LLVM's. `counts()` says how many were
whose, and why; a line for each module is appended to the file $KILN_LOG."""
import importlib
import os
import runpy
import sys
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ._bitcode import compile as _compile
from ._errors import Error

__all__ = ['Counts', 'counts', 'install', 'uninstall']


class Counts(NamedTuple):
    """Modules since the program began."""
    kiln: int                 # by Kiln,
    llvm: int                 # by LLVM,
    reasons: Dict[str, int]   # because of these
    kept: int                 # objects that the program had


_lock = threading.Lock()
_kiln = _llvm = _kept = 0
_reasons: Dict[str, int] = {}
_create: Optional[Callable[..., Any]] = None  # llvmlite's, while Kiln's is in its place


def counts() -> Counts:
    with _lock:
        return Counts(_kiln, _llvm, dict(_reasons), _kept)


def _log(line: str) -> None:
    path = os.environ.get('KILN_LOG')
    if path:
        with open(path, 'a', encoding='utf-8') as f:
            f.write(line + '\n')


def _object(module: Any) -> Optional[bytes]:
    """The object of a module; None if LLVM is to make it."""
    global _kiln, _llvm
    try:
        compiled = _compile(module.as_bitcode(), module.name)
    except Error as e:
        with _lock:
            _llvm += 1
            _reasons[e.message] = _reasons.get(e.message, 0) + 1
        _log(f'{module.name}: compiled by LLVM: {e}')
        return None
    with _lock:
        _kiln += 1
    _log(f'{module.name}: {compiled.functions} functions, {compiled.instructions} instructions')
    return compiled.object


def _engine_class(base: Any) -> Any:
    class Engine(base):  # type: ignore[misc]
        """An execution engine whose cache of objects is Kiln. Its attributes of these names are the program's functions:
        set_object_cache sets them, and what LLVM calls reads them."""
        _theirs: Any = None

        @property
        def _object_cache_getbuffer(self) -> Any:
            return self._get

        @_object_cache_getbuffer.setter
        def _object_cache_getbuffer(self, function: Any) -> None:
            self._theirs = function

        def _get(self, module: Any) -> Optional[bytes]:
            global _kept
            kept: Optional[bytes] = self._theirs(module) if self._theirs is not None else None
            if kept is not None:
                with _lock:
                    _kept += 1
                return kept
            made = _object(module)
            if made is not None and self._object_cache_notify is not None:
                self._object_cache_notify(module, made)
            return made

    Engine.__name__ = Engine.__qualname__ = base.__name__
    return Engine


def _places() -> List[Any]:
    return [importlib.import_module(name) for name in ('llvmlite.binding', 'llvmlite.binding.executionengine')]


def install() -> None:
    """From now on, Kiln compiles the modules of execution engines that are made. numba makes its engine when it compiles
    first. Again: nothing."""
    global _create
    if _create is not None:
        return
    places = _places()
    base, create = places[1].ExecutionEngine, places[1].create_mcjit_compiler
    engine = _engine_class(base)

    def create_mcjit_compiler(*args: Any, **named: Any) -> Any:
        made = create(*args, **named)
        made.__class__ = engine
        made.set_object_cache()
        return made

    create_mcjit_compiler.__doc__ = create.__doc__
    _create = create
    for place in places:
        place.create_mcjit_compiler = create_mcjit_compiler


def uninstall() -> None:
    """From now on, engines that are made are LLVM's alone. Those that Kiln serves stay so."""
    global _create
    if _create is not None:
        for place in _places():
            place.create_mcjit_compiler = _create
        _create = None


def _main() -> None:
    words = sys.argv[1:]
    if not words or words[0] in ('-h', '--help') or words == ['-m']:
        sys.exit(__doc__)
    # This file runs as __main__; the module of its name is what others import.
    from kiln_codegen import llvmlite
    llvmlite.install()
    if words[0] == '-m':
        sys.argv = words[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(words[1], run_name='__main__', alter_sys=True)
    else:
        sys.argv = words
        sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
        runpy.run_path(words[0], run_name='__main__')


if __name__ == '__main__':
    _main()
