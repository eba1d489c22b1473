"""`machine`, `machine_act` and `machine_do`: one instruction of the target by name (targets/*/machine.def). What it
computes is a function of which only the name is known. Proved is that its operands are where its encoding has them, in
order and width, that its result is the value's, and that it destroys nothing that is live. What does more than compute
a value is an event, like a call: it is there once, in order, with memory and control words as they are to be, and may
change both.

The tables give names, types and opcodes. SLEIGH says what an instruction at such an opcode is called, and which
registers it has. In which field of an encoding each operand is, and what the flags mean, is written down here a second
time, from the manuals."""
import itertools
import re

import terms as t
from machine import Call, Unsupported
from tables import text

OPERATIONS = ('machine', 'machine_act', 'machine_do')
TYPES = {'h': 'v64', 'q': 'v128', 'f': 'f32', 'd': 'f64', 'w': 'i32', 's': 'i32', 'x': 'i64', 'l': 'i64'}
BITS = {'h': 64, 'q': 128, 'f': 32, 'd': 64, 'w': 32, 's': 32, 'x': 64, 'l': 64}
GENERAL = 'wx'  # what the instruction has in a general register


class Entry:
    """An instruction for certain types. sig: letters of ir/machine.h, the result's first; word: on x86-64, the words of
    the table; least, most: of the immediate; at: where AArch64 has it; family: what lowerings tell apart."""
    __slots__ = ('name', 'form', 'sig', 'word', 'least', 'most', 'at', 'acts', 'family')

    def __init__(self, name, form, sig, word, limits, at, acts, family):
        self.name, self.form, self.sig, self.word, self.at, self.acts = name, form, sig, word, at, acts
        (self.least, self.most), self.family = limits, (form, sig, at, acts, family)

    def operands(self):
        return self.sig[1:].replace('i', '')

    def has_immediate(self):
        return 'i' in self.sig

    def is_event(self):
        return self.acts and self.form != 'STRING'  # which acts for it reads memory

    def op(self):
        return 'machine_do' if self.sig[0] == '-' else 'machine_act' if self.acts else 'machine'

    def type(self):
        return '' if self.sig[0] == '-' else TYPES[self.sig[0]]


def table(target, pattern):
    """The rows of a target's table, and its text."""
    whole = text('targets', target, 'machine.def')
    found = re.findall(pattern, whole, re.M)
    if len(found) != len(re.findall(r'^(?:ROW|ACT)\("', whole, re.M)):
        raise SystemExit('prove: a row of targets/%s/machine.def is not read' % target)
    return found, whole


def x86_64():
    for act, name, form, sig, most, word in table('x86_64', r'^(ROW|ACT)\("(.*?)", (\w+), "(.*?)", (\d+), (.*)\)$')[0]:
        words = set(word.split(' | '))
        told_apart = sorted(w for w in words if w in ('VEX', 'X8', 'X9', 'RM8', 'SWAP', 'W1') or w[:3] == 'IF(')
        yield Entry(name, form, sig, words, (0, int(most)), '', act == 'ACT', ' '.join(told_apart))


def aarch64():
    found, whole = table('aarch64', r'^(ROW|ACT)\("(.*?)", (\d+), (\w+), (\w+), (0x[0-9a-f]+)\)$')
    kinds = {n: re.findall(r'\{"(.*?)", "(.*?)", (0x[0-9a-f]+), (\d+), (\d+)\}', row)
             for n, row in re.findall(r'^KINDS\((\d+), (.*)\)$', whole, re.M)}
    for act, name, n, form, at, word in found:
        form = 'BESIDE' if form == 'PAIR' else form
        for suffix, sig, bits, least, most in kinds[n]:
            yield Entry(name + '.' * bool(suffix) + suffix, form, sig, int(word, 16) + int(bits, 16) & 0xffffffff,
                        (int(least), int(most)), at, act == 'ACT', '')


ENTRIES = {}


def entries(target):
    """By name."""
    if target not in ENTRIES:
        ENTRIES[target] = {e.name: e for e in {'x86_64': x86_64, 'aarch64': aarch64}[target]()}
    return ENTRIES[target]


def steps(target, f):
    """What runs the instructions that a function has by name (step), or None."""
    names = {inst.fields['w'] for _, insts in f.blocks.values() for inst in insts if inst.op in OPERATIONS}
    found = [entries(target)[name] for name in sorted(names)]
    return (lambda m, s, pc: step(found, m, s, pc)) if found else None


# ---- what both sides say of an instruction ----

def outcome(entry, inputs, tag=None):
    """A function of a result's name and bits: of the inputs, or, of an event, of when it happens."""
    def get(key, w):
        if tag is not None or not inputs:
            return t.var('%s of %s after %s' % (key, entry.name, tag), w)
        return t.named('!%s %s' % (entry.name, key), w, *inputs)
    return get


class Event(Call):
    """An instruction that does more than compute a value."""

    def __init__(self, machine, entry, inputs, state):
        super().__init__(t.var('@!' + entry.name, 64), state.copy(), '%s %d' % (entry.name, len(state.calls)))
        self.inputs = inputs
        state.calls.append(self)
        state.memory = self.memory
        for name, w in machine.p.control:
            machine.set(state, name, t.var('%s after %s' % (name, self.tag), w))
        self.after = state.copy()


# ---- the code ----

def step(found, m, s, pc):
    """Runs the instruction at an address, if it is one of `found`: what Machine.step returns, or None."""
    at = m.code_at(pc)
    for entry in found:
        decoded = (decoded_x64 if m.p.name == 'x86_64' else decoded_a64)(m, entry, at)
        if decoded is None:
            continue
        fields, length = decoded
        if not re.match(UNKNOWN[m.p.name], entry.name):
            text_ = m.p.context.disassemble(at[:length], pc).instructions[0]
            if not is_called(m.p, entry, text_.mnem.lower()) or not fields.are_in(text_.body):
                continue
        inputs = [fields.input(s, k) for k in range(len(fields.operands))]
        if entry.has_immediate():
            inputs.append(t.const(fields.immediate, 8))
        event = Event(m, entry, inputs, s) if entry.is_event() else None
        fields.results(s, outcome(entry, inputs, event and event.tag))
        return [('go', pc + length, s)]
    return None


# ---- names ----

# What makes the manuals' names of the tables', which are LLVM's: patterns and what replaces them, in this order.
SPELLED = {
    'x86_64': [
        (r'(psll|psra|psrl)i\.', r'\1.'), (r'comi(eq|neq|lt|le|gt|ge)\.', 'comi.'), (r'(ptest|vtest)(nzc|c|z)', r'\1'),
        (r'(pcmp[ei]stri)[acosz]', r'\1'), (r'vpermilvar', 'vpermil'), (r'^avx2\.(?=ps[lr])', 'v'),
        (r'^avx2\.mask(load|store)', 'vpmaskmov'), (r'^avx\.mask(load|store)', 'vmaskmov'), (r'ldu\.dq', 'lddqu'),
        (r'directstore', 'movdiri'), (r'(vfmadd|vfmaddsub)\.', r'\1 213'), (r'\.128$|128$', ''), (r'[._ ]', '')],
    'aarch64': [
        (r'^cls64', 'cls'), (r'(bcax|eor3)[su]', r'\1'), (r'^get\..*', 'mrs'), (r'^set\..*', 'msr'),
        (r'^crypto\.|^neon\.|^sisd\.', ''), (r'^(f(?:add|maxnm|max|minnm|min))v\.(f32\.v2f32|f64\.v2f64)', r'\1p'),
        (r'^([su]addl)v\.i64\.v2i32', r'\1p'), (r'^pmull64', 'pmull'), (r'^sqdmulls', 'sqdmull'),
        (r'^(tb[lx])1', r'\1'), (r'^vc(add|mla)', r'fc\1'), (r'^vcvtfp2fx([su])', r'fcvtz\1'),
        (r'^vcvtfx([su])2fp', r'\1cvtf'),
        (r'^vcvtfp2hf', 'fcvtn'), (r'^vcvthf2fp', 'fcvtl'), (r'^vs([lr])i', r's\1i'), (r'^scalar\.', ''),
        (r'\..*', '')]}
# Instructions that SLEIGH does not have, or that it calls by other names: patterns of the tables' names.
UNKNOWN = {
    'x86_64': r'sse4a\.|vgf2p8|avx512\.|avx2\.vpdp|vsm[34]|vcvtne|vbcstne|xop\.|rdpru|clwb|cldemote|directstore32|'
              r'serialize|prefetch\.',
    'aarch64': r'hint$|dmb$|dsb$|isb$|neon\.fam|neon\.fmmla|neon\.fp8|neon\.vluti'}
SETS = r'((avx2?|fma|bmi|aesni|mmx|s?sse[234]?[12]?)(?=[a-z]))?'


def is_called(p, entry, name):
    """Does SLEIGH's name of an instruction agree with the table's?"""
    name = re.sub(r'^(v?cmp)[a-z_]*(ss|sd|ps|pd)$', r'\1\2', name)
    name = re.sub(r'^pclmul[lh]q[lh]qdq$', 'pclmulqdq', name)
    spelled = entry.name
    for pattern, new in SPELLED[p.name]:
        spelled = re.sub(pattern, new, spelled)
    if p.name == 'aarch64':
        return spelled == name
    if entry.form == 'COMPARE':
        name = name.lstrip('v')
    return re.fullmatch(SETS + name + r'\d*', spelled) is not None


# ---- AArch64 ----

WIDTHS = {'b': 8, 'h': 16, 's': 32, 'd': 64, 'q': 128, 'w': 32, 'x': 64}


class WordA64:
    """Operands: (register's number, letter)."""

    def __init__(self, machine, entry, word, immediate):
        self.m, self.entry, self.immediate = machine, entry, immediate
        d, n, m, a = word & 31, word >> 5 & 31, word >> 16 & 31, word >> 10 & 31
        places = {'NONE': (), 'SYS': (d,), 'N': (n,), 'NM': (n, m), 'NMA': (n, m, a), 'TN': (d, n), 'TNM': (d, n, m),
                  'BESIDE': (n, (n + 1) % 32, m)}[entry.form]
        self.d, self.operands = d, list(zip(places, entry.operands()))

    def are_in(self, body):
        """Does SLEIGH have the same registers, in this order, and no wider ones?"""
        if re.match(r'cls64|neon\.sqshru?n\.i32', self.entry.name):  # 64 bits hold an i32; SLEIGH's text has Rd twice
            return True
        tied = self.entry.form in ('TN', 'TNM')
        expected = [(self.d, self.entry.sig[0])] * (self.entry.sig[0] != '-') + self.operands[tied:]
        found = []
        for m in re.finditer(r'\bv(\d+)\.(\d*)([bhsdqBHSDQ])|\b([bhsdqwx])(\d+)\b', body):
            size = (m[3] or m[4]).lower()
            found.append((int(m[1] or m[5]), int(m[2] or 1) * WIDTHS[size], size in GENERAL))
        return len(found) == len(expected) and all(
            n == number and general == (letter in GENERAL) and bits <= BITS[letter] and
            (bits == BITS[letter] or not general)
            for (n, bits, general), (number, letter) in zip(found, expected))

    def input(self, s, k):
        number, letter = self.operands[k]
        if letter in GENERAL:
            return t.const(0, BITS[letter]) if number == 31 else self.m.get(s, 'x%d' % number, BITS[letter])
        return self.m.get(s, 'q%d' % number, BITS[letter])

    def results(self, s, get):
        """What is above a result is 0 (Arm ARM C1.2.4, C1.2.5)."""
        letter = self.entry.sig[0]
        if self.entry.name == 'fjcvtzs':
            for flag in ('NG', 'ZR', 'CY', 'OV'):
                self.m.set(s, flag, t.zext(get(flag, 1), 8))
        if letter == '-' or letter in GENERAL and self.d == 31:
            return
        value = get('result', BITS[letter])
        if letter in GENERAL:
            self.m.set(s, 'x%d' % self.d, t.zext(value, 64))
        else:
            self.m.set(s, 'q%d' % self.d, t.zext(value, 128))


# By form, the fields of a word that are registers' numbers.
FIELDS = {'NONE': 31, 'SYS': 31, 'N': 0x3ff, 'TN': 0x3ff, 'NMA': 0x1f7fff,
          **dict.fromkeys(('NM', 'TNM', 'BESIDE'), 0x1f03ff)}
SHIFTS = {'NO': 0, 'AT_0': 0, 'AT_5': 5, 'AT_8': 8, 'AT_10': 10, 'AT_12': 12, 'AT_13': 13, 'AT_14': 14, 'LEFT': 16}


def decoded_a64(machine, entry, code):
    word, fields = int.from_bytes(code[:4], 'little'), FIELDS[entry.form]
    if entry.sig[0] == '-' and entry.form != 'SYS':
        fields &= ~31
    for n in range(entry.least, entry.most + 1):
        expected = entry.word
        if entry.has_immediate():
            expected += -(n << 16) if entry.at == 'RIGHT' else n << SHIFTS[entry.at]
        if (word ^ expected) & ~fields & 0xffffffff == 0:
            return WordA64(machine, entry, word, n), 4
    return None


# ---- x86-64 ----

# By form, where each operand is: Intel SDM volume 2, the tables of operand encodings; AMD APM volumes 4 and 6.
WHERE = {
    **dict.fromkeys(('SELF', 'TM', 'CRC16', 'COMPARE', 'COUNT', 'FLAG', 'STRING'), ['reg', 'rm']),
    **dict.fromkeys(('TO', 'BYTES', 'CLEAR', 'TSCP', 'RANDOM'), []),
    'RM': ['rm'], 'RTO': ['reg'], 'XMM0': ['reg', 'rm', 'xmm0'], 'VM': ['v', 'rm'], 'MV': ['rm', 'v'],
    'FOUR': ['v', 'rm', 'last'], 'TVM': ['reg', 'v', 'rm'], 'FUSED': ['v', 'reg', 'rm'], 'AT': ['base'],
    'LOAD': ['base'], 'STORE': ['base', 'reg'], 'MASKLOAD': ['base', 'v'], 'MASKSTORE': ['base', 'v', 'reg'],
    'MASKMOV': ['reg', 'rm', 'rdi'], 'FROM': ['rm'], 'PAIR': ['rcx']}
# The same in the order of the manuals' text, without memory and what is implied.
WRITTEN = {'RTO': 'rm reg', 'VM': 'reg v rm', 'MV': 'reg rm v', 'TVM': 'reg v rm', 'FUSED': 'reg v rm', 'LOAD': 'reg',
           'STORE': 'reg', 'MASKLOAD': 'reg v', 'MASKSTORE': 'v reg', 'RANDOM': 'rm',
           **dict.fromkeys('RM SELF TM CRC16 COUNT FLAG STRING XMM0 COMPARE MASKMOV'.split(), 'reg rm')}
MANUAL = {a + b for a in ('', 'E', 'R') for b in ('AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI')} | \
    {'R%d%s' % (n, b) for n in range(8, 16) for b in ('', 'D', 'W', 'B')} | \
    {'AL', 'CL', 'DL', 'BL', 'SPL', 'BPL', 'SIL', 'DIL'}
MAPS = {'M38': 2, 'M3A': 3, 'X8': 8, 'X9': 9}
PREFIXES = {'P66': 0x66, 'F3': 0xf3, 'F2': 0xf2}
FLAGS = ('CF', 'PF', 'ZF', 'SF', 'OF', 'AF')


class Decoded:
    """An instruction with ModRM: what precedes the opcode, and its fields. SDM volume 2, 2.1 and 2.3; of XOP, AMD APM
    volume 3, 1.2.8."""

    def __init__(self, code):
        self.prefix, self.narrow, self.rex, self.coding, self.v, at = 0, False, 0, 'legacy', 0, 0
        while code[at] in (0x66, 0xf2, 0xf3):
            self.narrow |= code[at] == 0x66 and self.prefix != 0
            self.narrow |= self.prefix == 0x66
            self.prefix = code[at] if code[at] != 0x66 or not self.prefix else self.prefix
            at += 1
        if code[at] & 0xf0 == 0x40:
            self.rex, at = code[at], at + 1
        if not at and (code[0] == 0xc4 or code[0] == 0x8f and code[1] & 31 >= 8):
            self.coding = 'VEX' if code[0] == 0xc4 else 'XOP'
            self.map, last = code[1] & 31, code[2]
            self.rex = 0x40 | last >> 4 & 8 | ~code[1] >> 5 & 7
            self.v, self.prefix, self.long, at = ~last >> 3 & 15, (0, 0x66, 0xf3, 0xf2)[last & 3], last & 4, 3
        elif code[at] == 0x0f:
            self.map = {0x38: 2, 0x3a: 3}.get(code[at + 1], 1)
            self.long, at = 0, at + (1 if self.map == 1 else 2)
        else:
            self.map, self.opcode, self.long = 0, -1, 0
            return
        self.opcode, modrm = code[at], code[at + 1]
        self.w, self.digit, self.mod = self.rex >> 3 & 1, modrm >> 3 & 7, modrm >> 6
        self.reg, self.rm, at = self.digit | (self.rex & 4) << 1, modrm & 7 | (self.rex & 1) << 3, at + 2
        self.index = None
        if self.mod < 3 and modrm & 7 == 4:
            sib = code[at]
            self.rm, self.index, at = sib & 7 | (self.rex & 1) << 3, sib >> 3 & 7 | (self.rex & 2) << 2, at + 1
        size = (0, 1, 4, 0)[self.mod]
        self.displacement, at = int.from_bytes(code[at:at + size], 'little', signed=True), at + size
        self.length, self.last = at, code[at]

    def is_of(self, entry):
        words = entry.word
        coding = 'XOP' if words & {'X8', 'X9'} else 'VEX' if 'VEX' in words else 'legacy'
        if self.coding != coding and (entry.form, self.coding) != ('COMPARE', 'VEX') or self.opcode < 0 or self.long:
            return False
        digit = next((int(w[6:-1]) for w in words if w[:6] == 'DIGIT('), None)
        memory = WHERE[entry.form][:1] == ['base']
        no_index = self.index in (None, 4) and not (self.mod == 0 and self.rm & 7 == 5)
        return self.opcode == next(int(w, 16) for w in words if w[:2] == '0x') and \
            self.map == next((MAPS[w] for w in words if w in MAPS), 1) and \
            self.prefix == next((PREFIXES[w] for w in words if w in PREFIXES), 0) and self.w == ('W1' in words) and \
            self.narrow == (entry.form == 'CRC16') and (digit is None or digit == self.digit) and \
            (self.mod < 3) == memory and (no_index or not memory)


class InstructionX64:
    """Operands: (place, letter)."""

    def __init__(self, machine, entry, d):
        self.m, self.entry, self.d, self.immediate = machine, entry, d, d and d.last
        places = WHERE[entry.form] if entry.operands() or entry.form == 'SELF' else []
        if entry.form == 'COMPARE' and d.coding == 'VEX':
            places = ['v', 'rm']
        letters = {'SELF': 'qq', 'COUNT': 'qh', 'STRING': 'qq'}.get(entry.form, entry.operands())
        self.operands = list(zip(places, letters))
        if entry.form == 'STRING' and len(entry.operands()) == 1:
            self.operands += [('rax', 'w'), ('rdx', 'w')]

    def register(self, place):
        """Its number."""
        fixed = {'rax': 0, 'rcx': 1, 'rdx': 2, 'rdi': 7, 'xmm0': 0}
        if place in fixed:
            return fixed[place]
        return {'reg': self.d.reg, 'rm': self.d.rm, 'v': self.d.v, 'last': self.d.last >> 4, 'base': self.d.rm}[place]

    def input(self, s, k):
        place, letter = self.operands[k]
        number, m = self.register(place), self.m
        if letter not in GENERAL:
            return m.get(s, m.p.fp[number], BITS[letter])
        if place == 'base':
            return t.plus(m.get(s, m.p.gp[number]), self.d.displacement)
        if place == 'rm' and 'RM8' in self.entry.word:
            if number in (4, 5, 6, 7) and not self.d.rex:  # AH and others
                return t.extract(m.get(s, m.p.gp[number & 3], 16), 15, 8)
            return m.get(s, m.p.gp[number], 8)
        return m.get(s, m.p.gp[number], 16 if place == 'rm' and self.entry.form == 'CRC16' else BITS[letter])

    def are_in(self, body):
        """Does SLEIGH have the same registers, of the same widths, in the order in which the manuals write them?"""
        p, form = self.m.p, self.entry.form
        if form in ('TO', 'FROM'):  # of which SLEIGH's text has no R8 to R15
            return True
        letters, bits = dict(self.operands), {}
        if self.entry.sig[0] != '-' and form != 'FLAG':
            letters.setdefault('rm' if form in ('RTO', 'TO') else 'reg', self.entry.sig[0])
        if form == 'CRC16' or 'RM8' in self.entry.word:
            bits['rm'] = 16 if form == 'CRC16' else 8
        if form == 'RANDOM':
            letters['rm'], bits['rm'] = 'x', random_bits(self.entry)
        names = {place: name for name, place in p.registers.items() if name in MANUAL or name[:3] == 'XMM'}
        expected = []
        for place in ('reg v rm' if form == 'COMPARE' and self.d.coding == 'VEX' else WRITTEN.get(form, '')).split():
            general = letters.get(place, 'q') in GENERAL
            at = p.registers[(p.gp if general else p.fp)[self.register(place)]][0]
            expected.append(names[at, bits.get(place, BITS[letters[place]]) // 8 if general else 16])
        found = re.findall(r'\w+', re.sub(r'0x\w+|\w+ ptr|\[.*?\]', '', body))
        return found[:2 if form == 'XMM0' else None] == expected

    def put(self, s, place, letter, value):
        m, number = self.m, self.register(place)
        if letter in GENERAL:
            m.set(s, m.p.gp[number], t.zext(value, 64))  # SDM 1, 3.4.1.1
        else:
            m.set(s, m.p.fp[number], value)

    def results(self, s, get):
        form, letter = self.entry.form, self.entry.sig[0]
        if form in ('FLAG', 'STRING', 'RANDOM') or form == 'MV' and letter in GENERAL:
            for flag in FLAGS:
                self.m.set(s, flag, t.zext(get(flag, 1), 8))
        if form == 'STRING':
            if re.search('pcmp[ei]stri', self.entry.name):
                self.put(s, 'rcx', 'w', get('index', 32))
            else:
                self.put(s, 'xmm0', 'q', get('mask', 128))
        elif form in ('PAIR', 'TSCP'):
            for place in ('rax', 'rdx', 'rcx')[:2 if form == 'PAIR' else 3]:
                self.put(s, place, 'w', get(place, 32))
        elif form == 'RANDOM':
            w = random_bits(self.entry)
            number = self.m.p.gp[self.d.rm]
            self.m.set(s, number, get('number', w) if w == 16 else t.zext(get('number', w), 64))
        elif form == 'CLEAR':
            for name in self.m.p.fp:
                self.m.set(s, name, t.const(0, 128))
        elif form != 'FLAG' and letter != '-':
            self.put(s, 'rm' if form in ('RTO', 'TO') else 'reg', letter, get('result', BITS[letter]))


def random_bits(entry):
    return 16 if 'P66' in entry.word else 64 if 'W1' in entry.word else 32


def decoded_x64(machine, entry, code):
    if entry.form in ('BYTES', 'CLEAR', 'PAIR', 'TSCP'):
        word = next(int(w, 16) for w in entry.word)
        bytes_ = word.to_bytes((word.bit_length() + 7) // 8, 'little')
        return (InstructionX64(machine, entry, None), len(bytes_)) if code.startswith(bytes_) else None
    d = Decoded(code + bytes(16))
    if not d.is_of(entry):
        return None
    return InstructionX64(machine, entry, d), d.length + (entry.has_immediate() or entry.form == 'FOUR')


# ---- the IR ----

# By a word of the name, the condition that the flags are asked for: SDM volume 2, COMISS, PTEST, VTESTPS, PCMPISTRI.
CONDITIONS = {
    'eq': lambda f: t.and_(f('ZF', 1), t.not_(f('PF', 1))), 'neq': lambda f: t.or_(t.not_(f('ZF', 1)), f('PF', 1)),
    'gt': lambda f: t.and_(t.not_(f('CF', 1)), t.not_(f('ZF', 1))), 'ge': lambda f: t.not_(f('CF', 1)),
    'c': lambda f: f('CF', 1), 'z': lambda f: f('ZF', 1), 'o': lambda f: f('OF', 1), 's': lambda f: f('SF', 1)}
for _name, _same in (('lt', 'gt'), ('le', 'ge'), ('nzc', 'gt'), ('a', 'gt')):
    CONDITIONS[_name] = CONDITIONS[_same]


def condition(name):
    """The word of a name that is a condition, or None."""
    m = re.search(r'comi(eq|neq|lt|le|gt|ge)\.|(?:ptest|vtest)(nzc|c|z)|pcmp[ei]stri([acosz])128', name)
    return m and next(g for g in m.groups() if g)


def effect(proof, env, inst, given, path):
    """An instruction of the IR."""
    if not proof.m.named:
        raise Unsupported('the operation ' + inst.op)
    entry = entries(proof.p.name)[inst.fields['w']]
    operands = [proof.operand(env, o, TYPES[letter]) for o, letter in zip(inst.fields['v'], entry.operands())]
    inputs = wanted(entry, operands, env)
    if entry.has_immediate():
        inputs.append(t.const(inst.fields['v'][-1][1], 8))
    if not entry.is_event():
        get = outcome(entry, inputs)
    else:
        event = proof.next_call(env, path, inst.text)
        goals = [(inst.fields['w'], t.equal(event.target, t.var('@!' + entry.name, 64)))]
        if not isinstance(event, Event) or len(event.inputs) != len(inputs):
            raise proof.failed('%s is not there' % entry.name)
        goals += [('operand %d' % k, t.equal(a, b)) for k, (a, b) in enumerate(zip(inputs, event.inputs))]
        proof.at_call(env, given, event, goals)
        get = outcome(entry, inputs, event.tag)
    value = result(entry, operands, get, env)
    if inst.result is not None:
        env.values[inst.result] = value
    return given


def wanted(entry, operands, env):
    """What the instruction reads, of the operands."""
    form = entry.form
    if form == 'SELF':
        return operands * 2
    if form == 'COUNT':
        return [operands[0], t.zext(operands[1], 64)]
    if form == 'CRC16' or form == 'TM' and 'RM8' in entry.word:
        return [operands[0], t.extract(operands[1], 15 if form == 'CRC16' else 7, 0)]
    if form == 'STRING' and len(operands) == 1:  # two vectors and their lengths in memory
        return [t.load(env.memory, t.plus(operands[0], at), n) for at, n in ((0, 16), (16, 16), (32, 4), (36, 4))]
    if form == 'FLAG' and condition(entry.name) in ('lt', 'le'):
        return operands[::-1]
    return [] if form in ('RANDOM', 'TSCP') else operands[:]


def result(entry, operands, get, env):
    """The value; what the operation stores besides, it stores after the instruction."""
    form = entry.form
    cc = condition(entry.name) if form in ('FLAG', 'STRING') else None
    if cc:
        return t.zext(CONDITIONS[cc](get), 32)
    if form == 'STRING':
        return get('index', 32) if entry.sig[0] == 'w' else get('mask', 128)
    if form in ('PAIR', 'TSCP'):
        if form == 'TSCP':
            env.memory = t.store(env.memory, operands[0], get('rcx', 32))
        return t.cat(get('rdx', 32), get('rax', 32))
    if form == 'RANDOM':
        env.memory = t.store(env.memory, operands[0], get('number', random_bits(entry)))
        return t.zext(get('CF', 1), 32)
    return get('result', BITS[entry.sig[0]]) if entry.sig[0] != '-' else None


# ---- the rows ----

CONSTANTS = {'i32': ['0', '-1', '70000'], 'i64': ['0', '-1', '0x123456789abcdef'], 'f32': ['f32 1.5'],
             'f64': ['f64 1.5']}


class Maker:
    """Adds the rows of an entry to another maker of rows."""

    def __init__(self, m, entry):
        self.m, self.entry = m, entry
        self.types = [TYPES[c] for c in entry.operands()]
        self.n = len(self.types)
        self.names = ['v%d' % k for k in range(self.n)]
        self.type = entry.type()
        self.immediates = [[]]
        if entry.has_immediate():
            ends = {entry.least, entry.most, (entry.least + entry.most) // 2}
            self.immediates = [[str(k)] for k in sorted(ends | ({7, 8} if entry.form == 'COMPARE' else set()))]

    def line(self, operands, imm, to='v30'):
        head = '%s = %s.%s' % (to, self.entry.op(), self.type) if self.type else self.entry.op()
        return ' '.join(x for x in (head, self.entry.name, ', '.join([*operands, *imm])) if x)

    def add(self, placement, params, before, operands, after=(), res=None, imm=None):
        imm = self.immediates[-1] if imm is None else imm
        results = [self.type] if self.type else []
        end = ['ret v30' if self.type else 'ret'] if res is None else ['ret' + res[1]]
        self.m.add(self.entry.op(), self.type, '%s %s' % (self.entry.name, placement), params,
                   results if res is None else res[0], [*before, self.line(operands, imm), *after, *end], operands=True)

    def few(self):
        """What every entry has."""
        for imm in self.immediates:
            self.add(' '.join(['registers', *imm]), self.types, [], self.names, imm=imm)
        stores = ['store.%s v%d, @g+%d' % (type_, k, 16 * k) for k, type_ in enumerate(self.types)]
        loads = ['v%d = load.%s v0 + %d' % (20 + k, type_, 16 * k) for k, type_ in enumerate(self.types)]
        if self.n:
            self.add('operands live', self.types, [], self.names, stores)
            self.add('loaded', ['i64'], loads, ['v%d' % (20 + k) for k in range(self.n)])

    def all(self):
        """What one entry has of those that the lowering does not tell apart."""
        n, types, names = self.n, self.types, self.names
        if n > 1:
            self.add('swapped', types[::-1], [], names[::-1])
        for k in range(2, n + 1):
            for some in itertools.combinations(range(n), k):
                if len({types[i] for i in some}) == 1:
                    same = [names[some[0]] if i in some else x for i, x in enumerate(names)]
                    self.add('%s the same' % ' '.join(map(str, some)), types, [], same)
        for k in range(n):
            self.add('operand %d lives' % k, types, [], names, ['store.%s v%d, @g' % (types[k], k)])
            self.add('operand %d loaded' % k, [*types, 'i64'], ['v20 = load.%s v%d + 16' % (types[k], n)],
                     ['v20' if i == k else x for i, x in enumerate(names)])
            for c in CONSTANTS.get(types[k], []):
                self.add('operand %d is %s' % (k, c), types, [], [c if i == k else x for i, x in enumerate(names)])
            if types[k] == 'i64':
                self.add('operand %d global' % k, types, [], ['@g' if i == k else x for i, x in enumerate(names)])
        self.add('spilled', types, ['call @f()'], names)
        self.add('homes', types, ['br b1', 'b1:'], names)
        self.add('homes over a call', types, ['call @f()', 'br b1', 'b1:'], names)
        self.add('late registers', ['i64', 'i64', 'f64', *types], [], ['v%d' % (3 + k) for k in range(n)])
        self.around()
        if self.type:
            self.add_results()

    def around(self):
        """Other values live over the instruction: in registers, and as a condition in the flags."""
        n, others = self.n, ['i64'] * 5 + ['v128'] * 5
        stores = ['store.%s v%d, @g+%d' % (type_, self.n + k, 16 * k) for k, type_ in enumerate(others)]
        self.add('others live', [*self.types, *others], [], self.names, stores)
        shifted = ['v%d' % (10 + k) for k in range(n)]
        stores = ['store.%s v%d, @g+%d' % (type_, k, 16 * k) for k, type_ in enumerate(others)]
        self.add('others before live', [*others, *self.types], [], shifted, stores)
        ends = ['brif v29, b1, b2', 'b1:', 'store.i64 1, @g', 'br b2', 'b2:']
        compared = ['v29 = icmp.i64 ult v%d, v%d' % (n, n + 1)]
        self.add('in a condition', [*self.types, 'i64', 'i64'], compared, self.names, ends)

    def add_results(self):
        n, types, names, type_ = self.n, self.types, self.names, self.type
        self.add('unread', types, [], names, res=([], ''))
        stores = ['store.%s v%d, @g+%d' % (x, k, 16 * k) for k, x in enumerate(types)]
        self.add('unread, operands live', types, [], names, stores, ([], ''))
        self.add('stored', types, [], names, ['store.%s v30, @g' % type_], ([], ''))
        self.add('an argument', types, [], names, ['call @use(v30) as (%s)' % type_])
        self.add('over a call', types, [], names, ['call @f()'])
        if n:
            self.add('where operand 1 was', types, [], names, ['call @h(v0, v30) as (%s, %s)' % (types[0], type_)])
        for k in range(n):
            if types[k] == type_:
                again = [self.line(['v30' if i == k else x for i, x in enumerate(names)], self.immediates[0], 'v31')]
                self.add('again as operand %d' % k, types, [], names, again, ([type_], ' v31'))


def rows(m, op):
    """The rows of one of the operations."""
    families = set()
    for entry in entries(m.target).values():
        if entry.op() != op:
            continue
        maker = Maker(m, entry)
        maker.few()
        if entry.family not in families:
            families.add(entry.family)
            maker.all()


def missing(rows_, target):
    """Entries without a row."""
    have = {r.name.split()[1] for r in rows_ if r.op in OPERATIONS}
    return ['%s %s' % (e.op(), e.name) for e in entries(target).values() if e.name not in have]
