"""Reads functions in text form (docs/ir.md, section 8), as `kiln print` writes them. What follows an operation's name is
read by the syntax of its shape. Operands: ('v', n) a value, ('c', bits, type or None) a constant, ('sym', name, addend),
('slot', n), ('res', k) and ('exc', k) of a try."""
import re
import struct

from tables import OPS, WIDTH

TOKEN = re.compile(r'''\s*(?:;.*)?(?:("(?:\\.|[^"])*")|(@(?:"(?:\\.|[^"])*"|[\w.$]+)(?::\w+)?(?:[+-]\d+)?)|(->|\.\.\.|[][(){}=,:*!])|'''
                   r'''([A-Za-z_%][\w.$]*)|(-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan))|([+-]))''')
FLAGS = {'volatile', 'nontemporal'}
PARTS = ('in', 'out', 'lost', 'at', 'label', 'rows')  # of asm


class NotRead(Exception):
    """The text has something that is not read here."""


class Signature:
    """params: (type, set of flags); results: types."""

    def __init__(self):
        self.params, self.results, self.variadic, self.flags, self.byval = [], [], False, set(), {}


class Inst:
    """`fields`: by the letters of shapes.def."""
    __slots__ = ('result', 'op', 'type', 'fields', 'text')

    def __init__(self, result, op, type_, fields, text):
        self.result, self.op, self.type, self.fields, self.text = result, op, type_, fields, text


class Function:
    """blocks: name -> (parameters as (number, type), instructions), in order; slots: number -> (bytes, align)."""

    def __init__(self, name, signature):
        self.name, self.signature, self.blocks, self.slots, self.attributes = name, signature, {}, {}, []
        self.personality, self.unread = False, None

    def count(self):
        return sum(len(insts) for _, insts in self.blocks.values())


def tokens(line):
    out, at = [], 0
    while True:
        m = TOKEN.match(line, at)
        if m is None:
            break
        out.append(next(g for g in m.groups() if g is not None))
        at = m.end()
    return out


def float_bits(type_, word):
    if word.startswith(('0x', '-0x')):
        return int(word, 16)
    if type_ in ('f32', 'f64'):
        return struct.unpack('<I' if type_ == 'f32' else '<Q', struct.pack('<f' if type_ == 'f32' else '<d', float(word)))[0]
    raise NotRead('a constant of type ' + type_)


class Reader:
    def __init__(self, words, signatures):
        self.words, self.at, self.signatures = words, 0, signatures

    def peek(self, n=0):
        return self.words[self.at + n] if self.at + n < len(self.words) else None

    def next(self):
        self.at += 1
        if self.at > len(self.words):
            raise NotRead('the end of ' + ' '.join(self.words[:6]))
        return self.words[self.at - 1]

    def accept(self, word):
        if self.peek() == word:
            self.at += 1
            return True
        return False

    def typed(self):
        """Does a type come next? v64 and v128 are names of values, too."""
        word = self.peek()
        if word in ('v64', 'v128'):
            return re.match(r'-?\d|v\d', self.peek(1) or '') is not None
        return word in WIDTH

    def operand(self):
        type_ = None
        if self.typed():
            type_ = self.next()
        word = self.next()
        if re.fullmatch(r'v\d+', word):
            return ('v', int(word[1:]))
        if re.fullmatch(r'slot\d+', word):
            return ('slot', int(word[4:]))
        if word[0] == '@':
            m = re.fullmatch(r'@(.*?)([+-]\d+)?', word)
            return ('sym', m[1], int(m[2] or 0))
        if word in ('result', 'exception'):
            return (word[:3], int(self.next()))
        if word == 'typeid':
            return ('typeid', self.next())
        if type_ is not None and type_[0] == 'f' and type_ != 'f80':
            return ('c', float_bits(type_, word), type_)
        try:
            return ('c', int(word, 0), type_)
        except ValueError as e:
            raise NotRead('the operand ' + word) from e

    def displacement(self):
        """+ n, - n, +n, -n or nothing."""
        word = self.peek()
        if word in ('+', '-') and (self.peek(1) or '')[:1].isdigit():
            self.at += 2
            return int(self.words[self.at - 1], 0) * (1 if word == '+' else -1)
        if word is not None and re.fullmatch(r'-\d+', word):
            return int(self.next())
        return 0

    def edge(self):
        block, args = self.next(), []
        if self.accept('('):
            while not self.accept(')'):
                args.append(self.operand())
                self.accept(',')
        return block, args

    def parameter(self, signature):
        type_, flags = self.next(), set()
        while self.peek() not in (',', ')'):
            word = self.next()
            flags.add(word)
            if self.accept('('):
                numbers = []
                while not self.accept(')'):
                    numbers.append(self.next())
                signature.byval[len(signature.params)] = [int(n) for n in numbers if n != ',']
        signature.params.append((type_, flags))

    def signature(self):
        s = Signature()
        self.next()
        while not self.accept(')'):
            if self.accept('...'):
                s.variadic = True
            elif not self.accept(','):
                self.parameter(s)
        if self.accept('->'):
            s.results.append(self.next())
            while self.peek() == ',' and self.peek(1) in WIDTH:
                self.next()
                s.results.append(self.next())
        while re.fullmatch(r'[a-z_0-9]+', self.peek() or '') and self.peek() not in ('with', 'personality', 'to', *PARTS):
            s.flags.add(self.next())
            if self.peek() is not None and (self.peek().isdigit() or self.peek()[0] == '"'):  # of align and comdat
                self.next()
        return s

    def call(self, fields):
        fields['callee'] = self.operand()
        args = []
        self.next()
        while not self.accept(')'):
            typed = self.peek() if self.typed() else None
            args.append((self.operand(), typed))
            self.accept(',')
        fields['args'] = args
        if self.accept('as'):
            fields['signature'] = self.signature()
        else:
            fields['signature'] = self.signatures.get(fields['callee'][1])
            if fields['signature'] is None:
                raise NotRead('a call without a signature')
        callee = self.signatures.get(fields['callee'][1])
        fields['unwinds'] = not any('nounwind' in s.flags for s in (fields['signature'], callee) if s)

    def item(self, letter, fields):
        """Reads what a letter of the syntax stands for."""
        if letter in 'abc':
            fields[letter] = self.operand()
        elif letter in 'tlkor':
            fields[letter] = self.next()
        elif letter == 'w':
            fields['w'], fields['v'] = self.next(), []
            while self.peek() is not None:
                fields['v'].append(self.operand())
                self.accept(',')
        elif letter == 'f':
            fields['f'] = self.next()
        elif letter in 'in#':
            fields[letter] = int(self.next())
        elif letter == 'x':
            if self.peek() in ('sext', 'zext'):
                fields['x'] = (self.next(), self.next())
        elif letter == 'm':
            fields['a'], fields['d'] = self.operand(), 0
            while self.peek() is not None:
                if self.accept('align'):
                    self.next()
                elif self.peek() in FLAGS:
                    fields[self.next()] = True
                elif self.accept('+'):
                    fields['d'] += int(self.next(), 0)
                else:
                    fields['d'] += self.displacement()
        elif letter == 'V':
            fields['volatile'] = self.accept('volatile')
        elif letter == 's':
            fields['b'], fields['s'] = None, 1
            if self.peek() == '+' and not (self.peek(1) or '')[:1].isdigit():
                self.next()
                fields['b'] = self.operand()
                fields['s'] = int(self.next(), 0) if self.accept('*') else 1
        elif letter == 'd':
            fields['d'] = self.displacement()
        elif letter == 'p':
            fields['p'] = int(self.next()) if self.accept('align') else 0
        elif letter == 'g':
            fields['g'] = int(self.next())
            self.next()
            fields['of'] = int(self.next()[1:])
        elif letter == 'C':
            self.call(fields)
        elif letter == 'e':
            fields.setdefault('edges', []).append(self.edge())
        elif letter == 'S':
            self.cases(fields)
        elif letter == 'v':
            fields['v'] = []
            while self.peek() is not None:
                fields['v'].append(self.operand())
                self.accept(',')
        elif letter == 'J':
            fields['edges'] = []
            self.next()
            while not self.accept(']'):
                fields['edges'].append(self.edge())
                self.accept(',')
        elif letter == 'U':
            self.next()
            fields['edges'] = [self.edge()]
            self.next()
            fields['edges'].append(self.edge())
            fields['clauses'] = self.clauses()
        else:
            self.code(fields)

    def code(self, fields):
        """Machine code, the registers of its operands and results, and those that it changes."""
        text = re.sub(r'\\([0-9a-fA-F]{2})', lambda m: chr(int(m[1], 16)), self.next()[1:-1])
        fields['code'] = text.replace('\\\\', '\\').encode('latin-1')
        self.next()
        fields['signature'] = self.signature()
        for part in ('in', 'out', 'lost'):
            fields[part] = []
            if self.accept(part):
                while self.peek() is not None and self.peek() not in ('with', *PARTS):
                    fields[part].append(self.next())
        fields['args'] = []
        if self.accept('with'):
            while self.peek() is not None:
                fields['args'].append((self.operand(), None))
                self.accept(',')

    def clauses(self):
        """As unwind.Site has them."""
        out = []
        if self.accept('['):
            while not self.accept(']'):
                words = [self.next()]
                if words[0] == 'catch':
                    words.append(self.next())
                elif self.accept('('):
                    while not self.accept(')'):
                        words.append(self.next())
                        self.accept(',')
                out.append(tuple(words))
                self.accept(',')
        return out

    def cases(self, fields):
        fields['edges'], fields['cases'] = [self.edge()], []
        if self.accept('['):
            while not self.accept(']'):
                fields['cases'].append(int(self.next(), 0))
                self.next()
                fields['edges'].append(self.edge())
                self.accept(',')

    def instruction(self, line):
        result = None
        if self.peek(1) == '=':
            result = int(self.next()[1:])
            self.next()
        name, _, type_ = self.next().partition('.')
        if name not in OPS:
            raise NotRead('the operation ' + name)
        fields = {}
        syntax = OPS[name].shape.syntax
        for k, letter in enumerate(syntax):
            if k:
                self.accept(',')
            self.item(letter, fields)
        if self.at != len(self.words):
            raise NotRead('%r behind %s' % (self.words[self.at], line.strip()[:60]))
        return Inst(result, name, type_ or (OPS[name].types[0] if len(OPS[name].types) == 1 else ''), fields, line.strip())


def head(line):
    """Name and signature of a line that begins with func or declare, or None."""
    m = re.search(r'@("(?:\\.|[^"])*"|[\w.$]+)\(', line)
    if m is None:
        return None
    reader = Reader(tokens(line[m.end() - 1:]), {})
    return m[1], reader.signature()


def heads(text):
    """The signatures of a text's functions, by name."""
    found = (head(line) for line in text.split('\n') if line.startswith(('func ', 'declare ')))
    return dict(x for x in found if x)


def read(text, wanted=None, known=None):
    """The functions of a text, by name; `wanted`: names, or None: all; `known`: further signatures, by name."""
    lines, signatures, functions = text.split('\n'), {**(known or {}), **heads(text)}, {}
    i = 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if not line.startswith('func '):
            continue
        name, signature = head(line)
        f = Function(name, signature)
        f.personality = ' personality ' in line
        body = []
        while lines[i] != '}':
            body.append(lines[i])
            i += 1
        if wanted is None or name in wanted:
            read_body(f, body, signatures)
            functions[name] = f
    return functions


def read_body(f, lines, signatures):
    block, i = None, 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if line.startswith(' ') is False and line.rstrip().endswith(':'):
            m = re.match(r'([\w.]+)(?:\((.*)\))?:', line)
            params = [p.strip().split(': ') for p in m[2].split(',')] if m[2] else []
            block = []
            f.blocks[m[1]] = ([(int(n[1:]), type_) for n, type_ in params], block)
            continue
        text = line.strip()
        if not text or text[0] in ';!':
            if block is None and text[:1] == '!':
                f.attributes.append(text)
            continue
        if block is None:
            m = re.match(r'slot(\d+) = slot (\d+)(?: align (\d+))?( array)?', text)
            f.slots[int(m[1])] = (int(m[2]), int(m[3] or 1))
            continue
        while text.count('[') > text.count(']'):
            text += ' ' + lines[i].strip()
            i += 1
        try:
            block.append(Reader(tokens(text), signatures).instruction(text))
        except NotRead as e:
            f.unread = f.unread or '%s in %s' % (e, text[:80])
            return
