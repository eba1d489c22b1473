"""Listings: the text of a function beside its machine code."""
import html
import importlib
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple


class Piece(NamedTuple):
    """The code from `offset` to the next piece. It belongs to an instruction of a block; or to the start of a block,
    without an instruction; or to neither: the function's start or end, or data."""
    offset: int
    block: Optional[int]
    instruction: Optional[int]
    data: bool


class Relocation(NamedTuple):
    """A field of the code that linking fills in. `kind` is the name of a KILN_RELOC_..., such as 'rel32'."""
    offset: int
    kind: str
    symbol: str
    addend: int


class Row(NamedTuple):
    """A line of a listing: either a line of the text, or code with its disassembly."""
    offset: int
    code: bytes   # empty: a line of the text
    text: str


class Code:
    """The machine code of a function as compiled: fields that relocations fill in are zero."""

    def __init__(self, name: str, target: str, code: bytes, pieces: Sequence[Piece], relocations: Sequence[Relocation],
                 text: str, ids: Sequence[Tuple[int, Sequence[int]]]):
        self.name, self.target, self.bytes = name, target, code
        self.pieces, self.relocations, self.text = list(pieces), list(relocations), text
        self._ids = ids


class Listing:
    """The text of a function, with each line followed by its code. The code is disassembled if the package capstone is
    installed, and otherwise shown in hexadecimal. `rows` has the lines; str() and notebooks show them."""

    def __init__(self, code: Code):
        self.code = code
        self.rows = list(_rows(code))

    def __str__(self) -> str:
        return '\n'.join(f'  {r.offset:4x}  {r.code.hex():<22} {r.text}'.rstrip() if r.code else r.text for r in self.rows)

    def __repr__(self) -> str:
        return f'<Listing of {self.code.name}: {len(self.code.bytes)} bytes>'

    def _repr_html_(self) -> str:
        out = ['<table class="kiln-listing" style="font-family: monospace; border-collapse: collapse">']
        for r in self.rows:
            if r.code:
                cells = ''.join(f'<td style="text-align: left; padding: 0 1em">{html.escape(c)}</td>'
                                for c in (f'{r.offset:x}', r.code.hex(' '), r.text))
                out.append(f'<tr>{cells}</tr>')
            else:
                out.append('<tr><td colspan="3" style="text-align: left; white-space: pre; font-weight: bold">'
                           f'{html.escape(r.text)}</td></tr>')
        return ''.join(out) + '</table>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        return {'text/plain': str(self), 'text/html': self._repr_html_()}


def _groups(text: str, ids: Sequence[Tuple[int, Sequence[int]]]) -> Tuple[Dict[Tuple[int, int], List[str]], List[str], str]:
    """Returns the lines by block and instruction (0 for the label), the lines before the first block, and the last
    line. In the text, a line without indentation is a label; a line with two spaces begins an instruction; `!loc`
    belongs to the next instruction; and a line with more spaces continues one."""
    lines = text.rstrip('\n').split('\n')
    groups: Dict[Tuple[int, int], List[str]] = {}
    head, blocks, block, held = [lines[0]], iter(ids), -1, False
    at, instructions = head, iter(())  # type: Tuple[List[str], Iterator[int]]
    for line in lines[1:-1]:
        if not line.startswith(' '):
            block, of_block = next(blocks)
            instructions = iter(of_block)
            at = groups.setdefault((block, 0), [])
        elif block >= 0 and not line.startswith('    '):
            if not held:
                at = groups.setdefault((block, next(instructions, 0)), [])
            held = line.startswith('  !')
        at.append(line)
    return groups, head, lines[-1]


def _rows(code: Code) -> Iterator[Row]:
    groups, head, last = _groups(code.text, code._ids)
    order: Dict[int, List[Tuple[int, int]]] = {}
    for key in groups:
        order.setdefault(key[0], []).append(key)
    yield from (Row(0, b'', line) for line in head)
    open_block: Optional[int] = None

    def until(block: int, instruction: Optional[int], offset: int) -> Iterator[Row]:
        """Yields the lines of a block up to those of an instruction (None for all)."""
        keys = order.get(block, [])
        end = len(keys) if instruction is None else keys.index((block, instruction)) + 1 if (block, instruction) in keys else 0
        for key in keys[:end]:
            yield from (Row(offset, b'', line) for line in groups[key])
        del keys[:end]

    for piece, size in _sizes(code):
        if piece.block != open_block and open_block is not None:
            yield from until(open_block, None, piece.offset)
        open_block = piece.block
        if piece.block is None:
            if size and piece.offset:
                yield Row(piece.offset, b'', '  ; ' + ('data' if piece.data else 'the end'))
        else:
            yield from until(piece.block, piece.instruction or 0, piece.offset)
        yield from _decoded(code, piece, size)
    if open_block is not None:
        yield from until(open_block, None, len(code.bytes))
    rest = [line for keys in order.values() for key in keys for line in groups[key]]
    if rest:
        yield from (Row(len(code.bytes), b'', line) for line in ['  ; nothing reaches this:', *rest])
    yield Row(len(code.bytes), b'', last)


def _sizes(code: Code) -> Iterator[Tuple[Piece, int]]:
    ends = [p.offset for p in code.pieces[1:]] + [len(code.bytes)]
    return ((p, end - p.offset) for p, end in zip(code.pieces, ends))


def _decoded(code: Code, piece: Piece, size: int) -> Iterator[Row]:
    end, at = piece.offset + size, piece.offset
    said = {r.offset: r for r in code.relocations}
    if not piece.data:
        for offset, length, text in _disassemble(code, at, end):
            names = [f'{r.symbol}{r.addend:+d}' if r.addend else r.symbol for o in range(offset, offset + length) for r in [said.get(o)] if r]
            yield Row(offset, code.bytes[offset:offset + length], '  '.join([text, *(f'; {n}' for n in names)]))
            at = offset + length
    while at < end:
        yield Row(at, code.bytes[at:min(at + 11, end)], '')
        at += 11


def _disassemble(code: Code, at: int, end: int) -> Iterator[Tuple[int, int, str]]:
    """Yields offset, size and text of instructions; nothing without capstone."""
    try:
        capstone: Any = importlib.import_module('capstone')
    except ImportError:
        return
    machine = (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM) if code.target == 'aarch64' else (capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    for offset, size, name, operands in capstone.Cs(*machine).disasm_lite(code.bytes[at:end], at):
        yield offset, size, f'{name} {operands}'.rstrip()
