"""Exceptions."""
from typing import Any, List, Optional

from . import _bindings as k
from ._bindings import kiln_diag, kiln_status


class Error(Exception):
    """An error that Kiln reports. The fields are those of its diagnostic, None where they do not apply."""

    def __init__(self, message: str, status: kiln_status = kiln_status.ERR_STRUCTURE, *, module: Optional[str] = None,
                 function: Optional[str] = None, block: Optional[int] = None, instruction: Optional[int] = None,
                 line: Optional[int] = None, column: Optional[int] = None):
        place = ''.join(f'{p}:' for p in (module, function) if p)
        place += ''.join(f'{letter}{n}:' for letter, n in (('b', block), ('i', instruction)) if n is not None)
        place += ''.join(f'{n}:' for n in (line, column) if n is not None)
        super().__init__(f'{place} {message}' if place else message)
        self.message, self.status = message, status
        self.module, self.function, self.block, self.instruction = module, function, block, instruction
        self.line, self.column = line, column


class MissingSymbolError(Error):
    """Nothing defines some of the names that are used; `missing` lists them."""
    missing: List[str] = []


class ForeignValueError(Error, ValueError):
    """A value, block or symbol of one function or module is used in another."""


class ClosedError(Error, ValueError):
    """A module, function, unit or JIT was finished, removed or closed before."""


def of_diag(diag: kiln_diag, kind: Any = Error) -> Error:
    """Returns the exception for a diagnostic."""
    d: Any = diag

    def text(raw: bytes) -> Optional[str]:
        return raw.decode(errors='replace') or None

    def number(n: int, none: int) -> Optional[int]:
        return None if n == none else n

    out: Error = kind(text(d.message) or 'failed', kiln_status(d.status), module=text(d.module), function=text(d.function),
                      block=d.block if d.has & k.KILN_DIAG_BLOCK else None,
                      instruction=d.inst if d.has & k.KILN_DIAG_INST else None, line=number(d.line, 0),
                      column=number(d.column, 0))
    return out


def of_status(status: int, what: str) -> Error:
    return Error(f'{what}: {kiln_status(status).name.lower()}', kiln_status(status))
