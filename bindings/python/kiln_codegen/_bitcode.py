"""Objects made of LLVM bitcode."""
import ctypes
from typing import Any, NamedTuple, Optional

from . import _bindings as k
from ._errors import Error, of_diag, of_status


class Compiled(NamedTuple):
    object: bytes
    functions: int
    instructions: int  # LLVM's


def compile(bitcode: bytes, name: str = '') -> Compiled:
    """Compiles a module to an object. Raises an `Error` that says what Kiln does not compile."""
    options = k.kiln_module_options()
    target = k.kiln_target()
    if not k.kiln_llvm_find_target(bitcode, len(bitcode), ctypes.byref(target)):
        raise Error('the target is not supported', k.kiln_status.ERR_UNSUPPORTED)
    options.target, options.name = target, name.encode(errors='replace').replace(b'\0', b'?')
    module = k.kiln_module_new(ctypes.byref(options))
    session = k.kiln_session_new(module) if module is not None else None
    try:
        if session is None:
            raise MemoryError('no memory for a module')
        return _compile(module, session, bitcode)
    finally:
        k.kiln_session_free(session)
        k.kiln_module_free(module)


def _compile(module: Any, session: Any, bitcode: bytes) -> Compiled:
    instructions, buffer = ctypes.c_uint64(), k.kiln_buffer()
    sessions = (ctypes.c_void_p * 1)(session)
    status = k.kiln_llvm_read(session, bitcode, len(bitcode), None, k.kiln_func_sink_fn(), None, ctypes.byref(instructions))
    try:
        if not status:
            status = k.kiln_emit_object(module, sessions, 1, ctypes.byref(buffer))
        if status:
            diag: Optional[Any] = k.kiln_module_diag(module).contents
            raise of_diag(diag) if diag is not None and diag.status else of_status(status, 'the bitcode was not compiled')
        return Compiled(ctypes.string_at(buffer.data, buffer.size), k.kiln_session_get_stats(session).functions, instructions.value)
    finally:
        k.kiln_buffer_free(ctypes.byref(buffer))
