"""Loads the libkiln.so of this package. Calls keep the interpreter's lock, so that no two threads are in the library at
once. Code that the library generated is called without the lock (_kernel.py)."""
import ctypes
import os
import sys
from typing import Any, Callable, Optional, Sequence

_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'libkiln.so')
if sys.byteorder != 'little' or ctypes.sizeof(ctypes.c_void_p) != 8:
    raise ImportError('kiln_codegen: this machine is no target')
library = ctypes.PyDLL(_path)


def function(name: str, result: Any, params: Sequence[Any]) -> Callable[..., Any]:
    found = getattr(library, name)
    found.restype, found.argtypes = result, params
    out: Callable[..., Any] = found
    return out


# The path of the library, for users who need to know it.
path: Optional[str] = _path
