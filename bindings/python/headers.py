"""Reads Kiln's headers: what the preprocessor makes of <kiln/kiln.h> and <kiln/llvm.h>, and the table of operations. The headers are
written plainly (one declarator each, no bit fields), and anything else that they might come to contain stops the build
here with its tokens, as in bindings/rust/kiln-sys/build/bindings.rs."""
import re
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

# C's scalar types as ctypes has them, and what Python gets from a call.
SCALARS = {
    'char': ('c_char', 'bytes'), 'int': ('c_int', 'int'), 'unsigned': ('c_uint', 'int'), 'float': ('c_float', 'float'),
    'double': ('c_double', 'float'), '_Bool': ('c_bool', 'bool'), 'bool': ('c_bool', 'bool'), 'size_t': ('c_size_t', 'int'),
    **{f'{u}int{n}_t': (f'c_{u}int{n}', 'int') for u in ('', 'u') for n in (8, 16, 32, 64)},
}


class CType(NamedTuple):
    """A type: its name in C (for functions 'function'), how many stars it has, and what else a declarator adds."""
    name: str
    stars: int = 0
    lengths: tuple[str, ...] = ()
    result: Optional['CType'] = None          # of functions
    params: tuple['Declared', ...] = ()


class Declared(NamedTuple):
    name: str
    type: CType


class Headers(NamedTuple):
    enums: list[tuple[str, list[tuple[str, str]]]]   # name ('': anonymous), its constants and their expressions
    structs: list[tuple[str, list[Declared]]]
    callbacks: list[Declared]
    functions: list[Declared]
    opaque: set[str]
    macros: list[tuple[str, str, str]]               # name, parameter, value


class Operation(NamedTuple):
    """A row of ops.def."""
    enum: str
    name: str
    shape: str
    types: str
    effects: str
    doc: str


def preprocess(compiler: list[str], include: Path, *options: str) -> str:
    return subprocess.run([*compiler, '-E', *options, '-I', str(include), '-x', 'c', '-'], check=True, text=True,
                          input='#include <kiln/kiln.h>\n#include <kiln/llvm.h>\n', stdout=subprocess.PIPE).stdout


def tokens_of(text: str) -> list[str]:
    """Those of lines that come from a folder `kiln`. Markers (`# 12 "path"`) say where a line is from."""
    tokens: list[str] = []
    ours = False
    for line in text.splitlines():
        marker = re.match(r'#(?:line)? \d+ "(.*?)"', line)
        if marker:
            ours = '/kiln/' in marker[1]
        elif ours and not line.startswith('#'):
            tokens += re.findall(r'\w+|"[^"]*"|<<|\S', line)
    return tokens


class Reader:
    def __init__(self, tokens: list[str]):
        self.tokens, self.at = tokens, 0
        self.out = Headers([], [], [], [], set(), [])

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ''

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, token: str) -> bool:
        found = self.peek() == token
        self.at += found
        return found

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise SystemExit(f"Kiln's headers: {token!r} expected before the fourth last of "
                             f'{self.tokens[max(self.at - 12, 0):self.at + 4]}')

    def skip_group(self) -> None:
        depth = 0
        while True:
            token = self.next()
            depth += (token in ('(', '{', '[')) - (token in (')', '}', ']'))
            if depth == 0:
                return

    def read(self) -> Headers:
        while self.peek():
            self.declaration()
        return self.out

    def declaration(self) -> None:
        if self.take('static'):
            while self.peek() != '{':
                self.at += 1
            self.skip_group()
        elif self.take('typedef'):
            self.type_definition()
        elif self.take('enum'):
            self.out.enums.append(('', self.enumeration()))
            self.expect(';')
        elif self.take('struct'):
            self.structure(self.next())
            self.expect(';')
        elif not self.take(';'):
            self.function()

    def type_definition(self) -> None:
        if self.take('enum'):
            name = self.next()
            self.out.enums.append((name, self.enumeration()))
            self.expect(name)
        elif self.take('struct'):
            name = self.next()
            if self.peek() == '{':
                self.structure(name)
            else:
                self.out.opaque.add(name)
            self.expect(name)
        else:
            self.out.callbacks.append(self.declarator(self.base()))
        self.expect(';')

    def enumeration(self) -> list[tuple[str, str]]:
        self.expect('{')
        out: list[tuple[str, str]] = []
        while not self.take('}'):
            name = self.next()
            value = self.expression(',', '}') if self.take('=') else f'{out[-1][0]} + 1' if out else '0'
            out.append((name, value))
            self.take(',')
        return out

    def expression(self, *ends: str) -> str:
        words = []
        while self.peek() not in ends:
            words.append(re.sub(r'^(\d\w*?)[uUlL]+$', r'\1', self.next()))
        return ' '.join(words)

    def structure(self, name: str) -> None:
        self.expect('{')
        fields = []
        while not self.take('}'):
            fields.append(self.declarator(self.base()))
            self.expect(';')
        self.out.structs.append((name, fields))

    def function(self) -> None:
        if self.take('__attribute__'):
            self.skip_group()
        result = self.pointers(self.base())
        name = self.next()
        self.out.functions.append(Declared(name, CType('function', 0, (), result, self.parameters())))
        self.expect(';')

    def base(self) -> CType:
        self.take('const'), self.take('struct'), self.take('enum')
        name = self.next()
        if name == 'unsigned':
            self.take('int')
        self.take('const')
        return CType(name)

    def pointers(self, base: CType) -> CType:
        while self.take('*'):
            base = base._replace(stars=base.stars + 1)
            self.take('const')
        return base

    def declarator(self, base: CType) -> Declared:
        base = self.pointers(base)
        if self.take('('):
            self.expect('*')
            name = self.next()
            self.expect(')')
            return Declared(name, CType('function', 1, (), base, self.parameters()))
        name = '' if self.peek() in (',', ')') else self.next()
        lengths = []
        while self.take('['):
            lengths.append(self.expression(']'))
            self.expect(']')
        return Declared(name, base._replace(lengths=tuple(lengths)))

    def parameters(self) -> tuple[Declared, ...]:
        self.expect('(')
        out = []
        while not self.take(')'):
            out.append(self.declarator(self.base()))
            self.take(',')
        return tuple(p for p in out if p.type != CType('void'))


def read(compiler: list[str], include: Path) -> Headers:
    headers = Reader(tokens_of(preprocess(compiler, include))).read()
    for line in sorted(preprocess(compiler, include, '-dM').splitlines()):
        macro = re.match(r'#define (KILN_(?!API\b|OPS_)\w+?)(?:\((\w+)\))? (.+)', line)
        if macro:
            headers.macros.append((macro[1], macro[2] or '', macro[3].replace('(unsigned)', '').replace('UINT32_MAX', '0xffffffff')))
    return headers


def operations(include: Path) -> list[Operation]:
    text = (include / 'kiln/ops.def').read_text(encoding='utf-8')
    rows = re.findall(r'(?m)^KILN_OP\((\w+), (\w+), (\w+), (\w+), ([\w|]+), \w+, \d+, "(.*)"\)$', text)
    return [Operation(*row) for row in rows]
