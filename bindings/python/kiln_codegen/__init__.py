"""Kiln generates machine code, in memory or as ELF objects. It compiles in
one pass, which selects instructions and keeps variables in registers.

    from kiln_codegen import Module, f64, i64, pointer

    m = Module('demo')
    with m.function('total', [pointer(f64, const=True), i64], f64) as f:
        data, n = f.params
        sum = f.var(f64, 0.0)
        with f.range(n) as i:
            sum.value += data[i]
        f.ret(sum.value)
    total = m.jit()['total']

    total(numpy.ones(1000), 1000)     # 1000.0
    total.listing()                   # its text and its machine code

All of libkiln's C API is in `kiln_codegen.raw`, in ctypes' form and without checks."""
from . import _bindings as raw
from ._bindings import kiln_fcond as FloatCondition
from ._bindings import kiln_icond as IntCondition
from ._bindings import kiln_status as Status
from ._errors import ClosedError, Error, ForeignValueError, MissingSymbolError
from ._function import Function, Loop
from ._jit import Frame, Jit, PcInfo, Stats, Unit
from ._kernel import Kernel
from ._listing import Code, Listing
from ._load import path as library_path
from ._module import Module
from ._types import (Array, Struct, Type, bool_, f32, f64, i8, i16, i32, i64, i128, pointer, ptr, u8, u16, u32, u64, u128,
                     v64, v128)
from ._values import Block, FunctionSymbol, Signature, Symbol, Value, Variable

__version__ = '%d.%d.%d' % (raw.KILN_VERSION_MAJOR, raw.KILN_VERSION_MINOR, raw.KILN_VERSION_PATCH)

__all__ = [
    'Array', 'Block', 'ClosedError', 'Code', 'Error', 'FloatCondition', 'ForeignValueError', 'Frame', 'Function',
    'FunctionSymbol', 'IntCondition', 'Jit', 'Kernel', 'Listing', 'Loop', 'MissingSymbolError', 'Module', 'PcInfo',
    'Signature', 'Stats', 'Status', 'Struct', 'Symbol', 'Type', 'Unit', 'Value', 'Variable', 'bool_', 'f32', 'f64',
    'i8', 'i16', 'i32', 'i64', 'i128', 'library_path', 'pointer', 'ptr', 'raw', 'u8', 'u16', 'u32', 'u64', 'u128',
    'v64', 'v128']
