#!/usr/bin/env python3
"""Bitcode of an LLVM that nobody has seen yet: modules that clang wrote, each with one thing changed that a newer version
may have. The verdict of each stands in its row. What may be dropped, or is not used, must compile, and the program print
what clang's prints; the rest must be refused by that name or number, and nothing is malformed for being new. The module
that follows a refused one, in the same process, must still compile.

    newer.py --kiln=build/kiln [TEXT...]     TEXT: only rows with it in their name
"""
import copy
import filecmp
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import bitstream  # noqa: E402
import harness  # noqa: E402
from bitstream import Block, Record  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = None  # the verdict of what compiles, and runs right
NEWEST = 'LLVM24.0.0'
DEBUG = '''
#include <stdio.h>
typedef int number;
enum color { RED, GREEN = 4 };
struct list { struct list *next; number values[3]; enum color color : 4; union { float f; int i; } u; };
static const struct list none = {0, {1, 2, 3}, GREEN, {2}};
int total;
static inline int twice(int x) { int y = x * 2; return y; }
static int sum(const struct list *l, int n) {
  int s = 0;
  for (int i = 0; i < n; i++) {
    int part = l->values[i % 3];
    s += twice(part);
  }
  total += s;
again:
  if (s > 1000) { s -= 7; goto again; }
  return s;
}
int main(int argc, char **argv) { int a[argc + 1]; a[argc] = 5; printf("%d\\n", sum(&none, 5) + a[argc]); return 0; }
'''
ASSEMBLY = '''
#include <stdio.h>
int one(void), two(void);
__asm__(".globl one\\n.intel_syntax noprefix\\none: mov eax, 10\\nret\\n.att_syntax prefix\\n.globl two\\ntwo: movl $2, %eax\\nret");
int main(void) { printf("%d\\n", one() + two()); return 0; }
'''

# ---- a module ----


class Module:
    """A module that is changed: its blocks, and its functions by name."""

    def __init__(self, blocks):
        self.blocks = copy.deepcopy(blocks)
        self.m = next(b for b in self.blocks if b.number == bitstream.MODULE)
        self.strtab = next(b for b in self.blocks if b.number == bitstream.STRTAB)
        self.functions, self.bodies = {}, {}
        bodies = iter(self.m.blocks(bitstream.FUNCTION))
        for r in self.m.records(8):
            name = self.name(r)
            self.functions[name] = r
            if not r.ops[4]: self.bodies[name] = next(bodies)
        self.variables = {self.name(r): r for r in self.m.records(7)}

    def name(self, r):
        return self.strtab.records(1)[0].blob[r.ops[0]:r.ops[0] + r.ops[1]].decode()

    def rename(self, old, new):
        r = self.strtab.records(1)[0]
        assert len(old) == len(new) and r.blob.count(old.encode()) == 1
        r.blob = r.blob.replace(old.encode(), new.encode())

    def identify(self, text):
        block = next(b for b in self.blocks if b.number == bitstream.IDENTIFICATION)
        block.records(1)[0].ops = list(text.encode())

    def value(self, name):
        """The number of a global's value: variables, functions, aliases, in that order."""
        order = self.m.records(7) + self.m.records(8) + self.m.records(14)
        return next(i for i, r in enumerate(order) if self.name(r) == name)

    def inst(self, function, code, which=0):
        return self.bodies[function].records(code)[which]

    def attributes(self, index, *attribute, also=0):
        """The number of a new list of attributes: those of list `also`, and one of `index`."""
        groups, lists = self.m.block(bitstream.PARAMATTR_GROUP), self.m.block(bitstream.PARAMATTR)
        number = max(r.ops[0] for r in groups.records(3)) + 1
        groups.items.append(Record(3, [number, index, *attribute]))
        old = lists.records(2)[also - 1].ops if also else []
        lists.items.append(Record(2, old + [number]))
        return len(lists.records(2))

    def kinds(self):
        return {bytes(r.ops[1:]).decode(): r for r in self.m.block(bitstream.KINDS).records(6)}

    def kind(self, name):
        """The number of a kind of metadata, a new one if there is none of that name."""
        known = self.kinds()
        if name not in known:
            number = max(r.ops[0] for r in known.values()) + 1
            self.m.block(bitstream.KINDS).items.append(Record(6, [number, *name.encode()]))
            return number
        return known[name].ops[0]

    def renumber(self, name, number):
        """Gives a kind another number, also where it is attached; the one that had that gets the old one."""
        known = self.kinds()
        old = known[name].ops[0]
        swap = {old: number, number: old}
        for r in known.values(): r.ops[0] = swap.get(r.ops[0], r.ops[0])
        for r in self.m.block(bitstream.METADATA).records(36):
            r.ops[1::2] = [swap.get(k, k) for k in r.ops[1::2]]
        for body in self.bodies.values():
            for block in body.blocks(bitstream.ATTACHMENT):
                for r in block.records(11):
                    at = slice(len(r.ops) % 2, None, 2)
                    r.ops[at] = [swap.get(k, k) for k in r.ops[at]]

    def node(self):
        """The number of a node of metadata."""
        number = 0
        for r in self.m.block(bitstream.METADATA).records():
            if r.code == 35: number += r.ops[0]
            elif r.code == 3: return number
            elif r.code not in (4, 6, 10, 36): number += 1
        raise AssertionError('no node')

    def attach(self, function, kind, inst=None):
        """Attaches metadata to a function, or to an instruction by its number."""
        body = self.bodies[function]
        if not body.blocks(bitstream.ATTACHMENT): body.items.append(Block(bitstream.ATTACHMENT, 3))
        block = body.block(bitstream.ATTACHMENT)
        block.items.append(Record(11, ([] if inst is None else [inst]) + [kind, self.node()]))

    def attach_global(self, name, kind):
        self.m.block(bitstream.METADATA).items.append(Record(36, [self.value(name), kind, self.node()]))


# ---- rows: (module, name, change, verdict) ----

ROWS = []


def row(name, verdict, change, base='code'):
    assert name not in [r[1] for r in ROWS]
    ROWS.append((base, name, change, verdict))


FUNCTION_INDEX = 0xffffffff
CODES = {  # records of functions: (code, name, function, which)
    'binary operation': (2, 'arith', 0), 'cast': (3, 'arith', 0), 'compare': (28, 'arith', 0), 'select': (29, 'arith', 0),
    'unary operation': (56, 'floats', 0), 'alloca': (19, 'memory', 0), 'load': (20, 'memory', 0), 'store': (44, 'memory', 0),
    'getelementptr': (43, 'memory', 0), 'fence': (36, 'memory', 0), 'atomic load': (41, 'memory', 0),
    'atomic store': (45, 'memory', 0), 'atomicrmw': (59, 'memory', 0), 'cmpxchg': (46, 'memory', 0), 'freeze': (58, 'memory', 0),
    'extractelement': (6, 'vectors', 0), 'insertelement': (7, 'vectors', 0), 'shufflevector': (8, 'vectors', 0),
    'br': (11, 'jumps', 2), 'ret': (10, 'arith', 0), 'resume': (39, 'calls', 0), 'landingpad': (47, 'calls', 0),
}


def metadata_kinds():
    for i, function in enumerate(('arith', 'floats', 'memory', 'jumps', 'loops', 'calls', 'main', 'plain')):
        row('a new kind of metadata of function %s' % function, RUNS,
            lambda m, f=function, i=i: m.attach(f, m.kind('later.%d' % i)))
        row('a new kind of metadata of an instruction of %s' % function, RUNS,
            lambda m, f=function, i=i: m.attach(f, m.kind('later.%d' % i), 0))
    for i in range(1, 9):
        row('a new kind of metadata of instruction %d of memory' % i, RUNS,
            lambda m, i=i: m.attach('memory', m.kind('later'), i))
    for name in ('v', 'w', 'format', 'pointer', 'abs', 'nobody', 'printf'):
        row('a new kind of metadata of global %s' % name, RUNS, lambda m, n=name: m.attach_global(n, m.kind('later')))
    for name in ('tbaa', 'prof', 'range', 'nonnull', 'noundef', 'align', 'llvm.loop', 'annotation', 'nontemporal',
                 'unpredictable', 'captures', 'nofree'):
        row('metadata %s with another number' % name, RUNS,
            lambda m, n=name: (m.renumber(n, 99), m.attach('memory', m.kind(n), 3)))
    for name in ('tbaa', 'type', 'callees', 'prof'):
        row('metadata %s of a function, with the number of exclude' % name, RUNS,
            lambda m, n=name: (m.renumber(n, 33), m.attach('plain', m.kind(n))))
    row('metadata with the number of pcsections, of an instruction', RUNS,
        lambda m: (m.renumber('tbaa', 37), m.attach('memory', m.kind('tbaa'), 2)))
    for name in ('exclude', 'pcsections', 'func_sanitize', 'associated'):
        row('metadata %s with another number' % name, 'metadata "%s"' % name,
            lambda m, n=name: (m.renumber(n, 70), m.attach('plain', m.kind(n))))
    row('metadata pcsections with another number, of an instruction', 'metadata "pcsections"',
        lambda m: (m.renumber('pcsections', 3), m.attach('plain', m.kind('pcsections'), 0)))
    row('metadata elf_section_properties, which LLVM 22 does not number', 'metadata "elf_section_properties"',
        lambda m: m.attach_global('v', m.kind('elf_section_properties')))
    def abbreviate(m, kind, inst=()):
        m.attach('memory', m.kind('tbaa'), 1)
        block = m.bodies['memory'].block(bitstream.ATTACHMENT)
        form = ((bitstream.LITERAL, 11), (bitstream.ARRAY, 0), (bitstream.VBR, 8))
        block.items[:0] = [form, Record(11, [*inst, m.kind(kind), m.node()], abbrev=form)]
    for name, verdict in (('later', RUNS), ('exclude', 'metadata "exclude"')):
        row('metadata %s of a function, in an abbreviation' % name, verdict, lambda m, n=name: abbreviate(m, n))
    for name, verdict in (('later', RUNS), ('pcsections', 'metadata "pcsections"')):
        row('metadata %s of an instruction, in an abbreviation' % name, verdict, lambda m, n=name: abbreviate(m, n, (3,)))
    row('a record of attachments with another code', RUNS,
        lambda m: (m.attach('memory', m.kind('tbaa'), 1), m.bodies['memory'].block(bitstream.ATTACHMENT).items.append(Record(12, [33, 0]))))
    for name in ('dbg', 'llvm.loop', 'DIAssignID'):
        row('metadata %s with another number, with debugging information' % name, RUNS, lambda m, n=name: m.renumber(n, 77), 'debug')
    row('dbg and tbaa the other way round', RUNS, lambda m: m.renumber('dbg', 1), 'debug')


def metadata_records():
    names = {16: 'file', 20: 'unit', 21: 'subprogram', 22: 'lexical block', 15: 'basic type', 17: 'derived type',
             18: 'composite type', 13: 'subrange', 14: 'enumerator', 19: 'subroutine type', 27: 'global variable',
             28: 'local variable', 37: 'global variable with expression', 7: 'location', 40: 'label'}
    for code, name in names.items():
        def more(m, code=code):
            all_ = m.m.block(bitstream.METADATA).records(code) + \
                [r for b in m.bodies.values() for x in b.blocks(bitstream.METADATA) for r in x.records(code)]
            for r in all_: r.ops.append(3)
            assert all_, code
        row('an operand more in metadata: %s' % name, RUNS, more, 'debug')
    for code in (50, 51, 60, 100):
        row('a record of metadata with code %d' % code, RUNS,
            lambda m, c=code: m.m.block(bitstream.METADATA).items.append(Record(c, [0, 1, 2])), 'debug')
        row('a record of metadata with code %d, of no unit' % code, RUNS,
            lambda m, c=code: m.m.block(bitstream.METADATA).items.append(Record(c, [0, 1, 2])))
    for name in ('llvm.later', 'later'):
        def named(m, name=name):
            m.m.block(bitstream.METADATA).items += [Record(4, name.encode()), Record(10, [m.node()])]
        row('named metadata %s' % name, RUNS, named)
        row('named metadata %s, with debugging information' % name, RUNS, named, 'debug')
    row('a block within metadata', RUNS, lambda m: m.m.block(bitstream.METADATA).items.append(Block(40, 3, [Record(1, [2])])))
    row('a block of another kind of symbols', RUNS, lambda m: m.bodies['plain'].items.append(Block(14, 4, [Record(9, [1, 2])])))


def attributes():
    forms = {'enum': (0, 200), 'integer': (1, 200, 8), 'type': (6, 200, 0), 'type without one': (5, 200), 'range': (7, 200, 32, 0, 14)}
    places = {'function': FUNCTION_INDEX, 'parameter': 1, 'result': 0}
    for form, attribute in forms.items():
        for place, index in places.items():
            what = 'an attribute, %s, of the %s' % (form, place)

            def declare(m, name, i=index, a=attribute):
                r = m.functions[name]
                r.ops[6] = m.attributes(i, *a, also=r.ops[6])
            row(what + ' of a declaration that nobody calls', RUNS, lambda m, d=declare: d(m, 'nobody'))
            row(what + " of an intrinsic's declaration", RUNS, lambda m, d=declare: d(m, 'llvm.umax.i32'))
            row(what + ' of a declaration that is called', 'attribute number 200', lambda m, d=declare: d(m, 'abs'))
            row(what + ' of a definition', 'attribute number 200', lambda m, d=declare: d(m, 'plain'))

            def call(m, i=index, a=attribute):
                r = m.inst('calls', 34, 1)
                r.ops[0] = m.attributes(i, *a)
            row(what + ' of a call', 'attribute number 200', call)
    row('a kind of attribute, of a declaration that nobody calls', RUNS,
        lambda m: m.functions['nobody'].ops.__setitem__(6, m.attributes(1, 11, 3, 4, 5)))
    row('a kind of attribute, of a definition', 'attribute of kind 11',
        lambda m: m.functions['plain'].ops.__setitem__(6, m.attributes(1, 11, 3, 4, 5)))
    row('an attribute of a list that nothing has', RUNS, lambda m: m.attributes(1, 0, 200))
    row('an attribute of a variable', 'attribute number 200', lambda m: m.variables['v'].ops.__setitem__(
        slice(8, None), (m.variables['v'].ops[8:] + [0] * 12)[:6] + [m.attributes(FUNCTION_INDEX, 0, 200)] + [0]))

    def text(m, name):
        m.functions[name].ops[6] = m.attributes(FUNCTION_INDEX, 3, *b'later\0', also=m.functions[name].ops[6])
    row('an attribute with a name, of a declaration that nobody calls', RUNS, lambda m: (m.identify(NEWEST), text(m, 'nobody')))
    row('an attribute with a name, of a definition', 'attribute "later"', lambda m: (m.identify(NEWEST), text(m, 'plain')))
    row('an attribute with a name, of LLVM 22', RUNS, lambda m: text(m, 'plain'))


def functions():
    row('an intrinsic that nobody calls', RUNS, lambda m: m.rename('tolower', 'llvm.zz'))
    row('an intrinsic that is called', 'llvm.zz', lambda m: m.rename('toupper', 'llvm.zz'))
    for number in (21 + 1, 300, 1000):
        row('convention %d, of a declaration that nobody calls' % number, RUNS,
            lambda m, n=number: m.functions['nobody'].ops.__setitem__(3, n))
        row('convention %d, of a definition' % number, 'calling convention %d' % number,
            lambda m, n=number: m.functions['aside'].ops.__setitem__(3, n))

        def call(m, n=number):
            r = m.inst('calls', 34, 1)
            r.ops[1] |= n << 1
        row('convention %d, of a call' % number, 'calling convention %d' % number, call)
    row('an operand more of 0, of a function', RUNS, lambda m: m.functions['plain'].ops.extend([0] * (23 - len(m.functions['plain'].ops))))
    row('an operand more of 0, of a variable', RUNS, lambda m: m.variables['v'].ops.extend([0] * (26 - len(m.variables['v'].ops))))
    row('an operand more, of a function', 'operand 22 in a record for function',
        lambda m: m.functions['aside'].ops.extend([0] * (22 - len(m.functions['aside'].ops)) + [1]))
    row('an operand more, of a variable', 'operand 20 in a record for variable',
        lambda m: m.variables['v'].ops.extend([0] * (20 - len(m.variables['v'].ops)) + [1]))
    row('an operand more, of an alias', 'operand 13 in a record for alias',
        lambda m: m.m.records(14)[0].ops.extend([0] * (13 - len(m.m.records(14)[0].ops)) + [1]))
    row('the preferred alignment of a function, of LLVM 23', RUNS,
        lambda m: m.functions['plain'].ops.extend([0] * (21 - len(m.functions['plain'].ops)) + [6]))
    for what, record, place, value in (
            ('linkage', 'f', 5, 20), ('visibility', 'f', 9, 3), ('unnamed_addr', 'f', 11, 3), ('storage class', 'f', 13, 3),
            ('dso_local', 'f', 17, 2)):
        row('%s %d, of a function' % (what, value), '%s number %d' % (what, value),
            lambda m, p=place, v=value: m.functions['aside'].ops.__setitem__(p, v))
    for what, place, value in (('linkage', 5, 20), ('visibility', 8, 3), ('thread-local model', 9, 5), ('unnamed_addr', 10, 3),
                               ('initialisation', 11, 2), ('storage class', 12, 3), ('dso_local', 15, 2),
                               ('sanitizer metadata', 18, 16), ('code model', 19, 9)):
        def set_(m, p=place, v=value):
            r = m.variables['v']
            r.ops.extend([0] * (p + 1 - len(r.ops)))
            r.ops[p] = v
        row('%s %d, of a variable' % (what, value), '%s number %d' % (what, value), set_)


def records():
    for code in (70, 200):
        row('instruction record %d' % code, 'instruction record %d' % code,
            lambda m, c=code: m.bodies['aside'].before(m.inst('aside', 10), Record(c, [1])))
    for code in (21, 30, 99):
        row('record %d of the module' % code, 'record of a module, number %d' % code,
            lambda m, c=code: m.m.before(m.functions['plain'], Record(c, [1])))

    def assembly(m, *properties):
        """Divides the module's assembly in two fragments, before the first of which properties stand."""
        whole = m.m.records(4)[0]
        first, second = (list(part) for part in bytes(whole.ops).split(b'.att_syntax prefix\n'))
        m.m.before(whole, *(Record(19, list(p)) for p in properties), Record(4, first))
        whole.ops = second
    row('fragments of assembly', RUNS, assembly, 'assembly')
    row('fragments of assembly with properties', RUNS,
        lambda m: assembly(m, b'target_cpu\0haswell', b'target_features\0+avx2,-sse4a'), 'assembly')
    for name in 'later', 'target_cpus', 'target':
        row('fragments of assembly with the property %s' % name, "property '%s'" % name,
            lambda m, n=name: assembly(m, n.encode() + b'\0a'), 'assembly')
    for number in (27, 40):
        row('block %d of the module' % number, 'block number %d' % number, lambda m, n=number: m.m.items.append(Block(n, 3, [Record(1, [1])])))
        row('block %d of a function' % number, 'block number %d' % number,
            lambda m, n=number: m.bodies['aside'].items.insert(1, Block(n, 3, [Record(1, [1])])))
        row('block %d of the file' % number, 'block number %d' % number, lambda m, n=number: m.blocks.insert(1, Block(n, 3, [Record(1, [1])])))
    row('a bundle that is not known', 'operand bundle',
        lambda m: (m.m.block(bitstream.BUNDLE_TAGS).items.append(Record(1, b'later')),
                   m.bodies['calls'].before(m.inst('calls', 34), Record(55, [len(m.m.block(bitstream.BUNDLE_TAGS).records(1)) - 1]))))

    def type_(m, code, *ops):
        block = m.m.block(bitstream.TYPE)
        block.records(1)[0].ops[0] += 1
        block.items.append(Record(code, ops))
        return block.records(1)[0].ops[0] - 1
    for code in (28, 60):
        row('type record %d that nothing has' % code, RUNS, lambda m, c=code: type_(m, c, 32))
        row('type record %d of an alloca' % code, 'type record %d' % code,
            lambda m, c=code: m.inst('memory', 19).ops.__setitem__(0, type_(m, c, 32)))
        row('type record %d of a load' % code, 'type record %d' % code,
            lambda m, c=code: m.inst('memory', 20).ops.__setitem__(1, type_(m, c, 32)))
        row('type record %d of a variable' % code, 'type record %d' % code,
            lambda m, c=code: m.variables['v'].ops.__setitem__(2, type_(m, c, 32)))
    row('the byte type of LLVM 23 that nothing has', RUNS, lambda m: type_(m, 27, 32))
    row('the byte type of LLVM 23, of an alloca', 'byte type', lambda m: m.inst('memory', 19).ops.__setitem__(0, type_(m, 27, 32)))
    row('an operand more, of a type that nothing has', RUNS, lambda m: type_(m, 7, 48, 1))
    row('an operand more, of a type', 'operand 1 of type record 7', lambda m: m.inst('memory', 19).ops.__setitem__(0, type_(m, 7, 48, 1)))
    row('a type record that is no type', 'type record 60', lambda m: m.m.block(bitstream.TYPE).items.append(Record(60, [1])))
    row('scalable vectors', 'scalable vectors', lambda m: [r.ops.append(1) for r in m.m.block(bitstream.TYPE).records(12)])

    def constant(m, code, use):
        body = m.bodies['aside'].block(bitstream.CONSTANTS)
        body.items.append(Record(code, [1]))
        r = m.inst('aside', 2)
        if use: r.ops[1] = 1  # the newest value before the instruction
        else: r.ops = [r.ops[0] + 1, r.ops[1] + 1, *r.ops[2:]]  # what was there is one further back
    for code in (40, 90):
        row('constant record %d that nothing uses' % code, RUNS, lambda m, c=code: constant(m, c, False))
        row('constant record %d' % code, 'constant record %d' % code, lambda m, c=code: constant(m, c, True))


def others():
    for block, name in ((bitstream.KINDS, 'kinds of metadata'), (bitstream.BUNDLE_TAGS, 'bundles')):
        row('a record among %s' % name, RUNS, lambda m, b=block: m.m.block(b).items.append(Record(40, [1, 2])))
    row('a record beside the string table', RUNS, lambda m: m.strtab.items.append(Record(40, [1])))
    row('a record beside the identification', RUNS, lambda m: m.blocks[0].items.append(Record(40, [1])))
    row('a record of groups of attributes', 'record of attributes, number 9',
        lambda m: m.m.block(bitstream.PARAMATTR_GROUP).items.append(Record(9, [1])))
    row('a record of lists of attributes', 'record of attributes, number 9',
        lambda m: m.m.block(bitstream.PARAMATTR).items.append(Record(9, [1])))
    row('another epoch', 'epoch', lambda m: m.blocks[0].records(2)[0].ops.__setitem__(0, 1))
    row('another version of bitcode', 'version', lambda m: m.m.records(1)[0].ops.__setitem__(0, 3))
    row('a data layout that says more', RUNS, lambda m: m.m.records(3)[0].ops.extend(b'-Z9:8'))
    row('a function that says that LLVM 24 wrote it', RUNS, lambda m: m.identify(NEWEST))
    row('a module flag of LLVM 24', RUNS, lambda m: (m.identify(NEWEST), flag(m)))


def flag(m):
    """Renames the module's flag, in the blob of strings of metadata."""
    r = m.m.block(bitstream.METADATA).records(35)[0]
    assert b'PIC Level' in r.blob
    r.blob = r.blob.replace(b'PIC Level', b'PIC Later')


def operands():
    for what, (code, function, which) in CODES.items():
        row('an operand more, of %s' % what, 'in a record for %s' % what,
            lambda m, c=code, f=function, w=which: more_operands(m, c, f, w))
    row('an operand more, of a switch', 'in a record for switch', lambda m: m.inst('jumps', 12).ops.append(1))
    row('an operand more, of an indirectbr', 'in a record for indirectbr', lambda m: m.inst('jumps', 31).ops.append(99))
    row('an operand more, of an extractvalue', 'in a record for extractvalue', lambda m: m.inst('memory', 26).ops.append(1))
    row('an operand more, of a phi', 'flag 0 of a phi', lambda m: m.inst('jumps', 16).ops.append(1))
    row('an operand more, of the number of blocks', 'in a record for blocks', lambda m: m.inst('aside', 1).ops.append(1))
    row('an operand more, of an integer constant', 'a constant',
        lambda m: m.bodies['aside'].block(bitstream.CONSTANTS).records(4)[0].ops.append(1))
    row('a flag of inline assembly', 'inline assembly',
        lambda m: next(r for b in [m.m] + list(m.bodies.values()) for c in b.blocks(bitstream.CONSTANTS)
                       for r in c.records(30)).ops.__setitem__(1, 1 << 4))
    row('a flag of a getelementptr of a constant', 'getelementptr',
        lambda m: next(r for c in m.m.blocks(bitstream.CONSTANTS) + m.bodies['main'].blocks(bitstream.CONSTANTS)
                       for r in c.records(32)).ops.__setitem__(1, 8))
    row('an operand more, of a call', 'a call record has', lambda m: m.inst('calls', 34).ops.append(1))
    row('an operand more, of an invoke', 'a call record has', lambda m: m.inst('calls', 13).ops.append(1))


def more_operands(m, code, function, which):
    r = m.inst(function, code, which)
    if code in (2, 28) and len(r.ops) == 3: r.ops.append(0)  # flags
    if code in (3, 56, 29) and len(r.ops) == {3: 3, 56: 2, 29: 3}[code]: r.ops.append(0)
    if code == 19 and len(r.ops) == 4: r.ops.append(0)  # address space
    if code == 11 and len(r.ops) == 1: r.ops += [0, 0]
    r.ops.append(1)


def bits():
    for what, function, code, which, place, bit in (
            ('add', 'arith', 2, 0, 3, 2), ('sub', 'arith', 2, 1, 3, 4), ('udiv', 'arith', 2, 2, 3, 1), ('or', 'arith', 2, 3, 3, 1),
            ('xor', 'arith', 2, 4, 3, 0), ('fadd', 'floats', 2, 0, 3, 8), ('zext', 'arith', 3, 0, 3, 1), ('trunc', 'arith', 3, 1, 3, 2),
            ('sext', 'arith', 3, 2, 3, 0), ('fptrunc', 'floats', 3, 0, 3, 8), ('uitofp', 'floats', 3, 2, 3, 9),
            ('icmp', 'arith', 28, 0, 3, 1), ('fcmp', 'floats', 28, 0, 3, 8), ('select', 'floats', 29, 0, 3, 8), ('fneg', 'floats', 56, 0, 2, 8),
            ('alloca', 'memory', 19, 0, 3, 11), ('getelementptr', 'memory', 43, 0, 0, 3), ('call', 'calls', 34, 0, 1, 18),
            ('call, lower', 'calls', 34, 0, 1, 11), ('volatile load', 'memory', 20, 0, 3, 1), ('volatile store', 'memory', 44, 0, 3, 1),
            ('phi', 'loops', 16, 1, -1, 8)):
        def set_(m, f=function, c=code, w=which, p=place, b=bit):
            r = m.inst(f, c, w)
            r.ops.extend([0] * (p + 1 - len(r.ops)))
            r.ops[p] |= 1 << b
        row('flag %d of %s' % (bit, what), 'flag', set_)


def enumerators():
    for what, function, code, which, place, value, verdict in (
            ('binary operation', 'arith', 2, 0, 2, 13, 'binary operation number 13'), ('binary operation', 'floats', 2, 0, 2, 60, 'binary operation number 60'),
            ('binary operation of vectors', 'vectors', 2, 0, 2, 14, 'binary operation number 14'),
            ('cast', 'arith', 3, 0, 2, 14, 'cast number 14'), ('predicate', 'arith', 28, 0, 2, 42, 'comparison number 42'),
            ('predicate of floats', 'floats', 28, 0, 2, 16, 'comparison number 16'), ('unary operation', 'floats', 56, 0, 1, 1, 'unary operation number 1'),
            ('ordering', 'memory', 41, 0, 4, 7, 'memory ordering number 7'), ('ordering of a store', 'memory', 45, 0, 4, 8, 'memory ordering number 8'),
            ('ordering of a fence', 'memory', 36, 0, 0, 7, 'memory ordering number 7'), ('operation of atomicrmw', 'memory', 59, 0, 2, 23, 'operation of atomicrmw, number 23'),
            ('elementwise operation of atomicrmw', 'memory', 59, 0, 2, 33, 'elementwise'), ('clause', 'calls', 47, 0, 3, 2, 'clause number 2'),
            ('failure ordering', 'memory', 46, 0, 6, 9, 'memory ordering number 9')):
        row('%s %d of %s' % (what, value, function), verdict,
            lambda m, f=function, c=code, w=which, p=place, v=value: m.inst(f, c, w).ops.__setitem__(p, v))
    row('a kind of comdat', 'comdat', lambda m: m.m.before(m.m.records(7)[0], Record(12, [0, 1, 6])))


for part in (metadata_kinds, metadata_records, attributes, functions, records, others, operands, bits, enumerators): part()


# ---- running them ----

def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('texts', nargs='*', help='only rows that contain one of these')
    args = p.parse_args()
    h = harness.Harness(args)
    bases, expected = {}, {}
    sources = {'code': os.path.join(HERE, 'newer.ll'), 'debug': h.write('debug.c', DEBUG),
               'assembly': h.write('assembly.c', ASSEMBLY)}
    for base, source in sources.items():
        bc = h.path(base + '.bc')
        h.run([args.clang, '-w', '-c', '-emit-llvm', *(['-O1', '-g'] if base == 'debug' else []), source, '-o', bc])
        bases[base] = bitstream.read(bc)
        own = h.path(base + '.clang.o')
        h.run([args.clang, '-w', '-c', '-fPIC', '-O0', bc, '-o', own])
        expected[base] = h.run([h.link([own], h.path(base + '.clang'))])
        assert expected[base][1]

    # What follows a refused module on the command line has to become this object.
    second = h.path('second.bc')
    bitstream.write(second, bases['code'])
    h.run([args.kiln, 'compile', second, '-o', second[:-2] + 'o'])

    def check(number):
        base, name, change, verdict = ROWS[number]
        folder = h.path('row%d' % number)
        os.mkdir(folder)
        m = Module(bases[base])
        change(m)
        bc, o = os.path.join(folder, 'changed.bc'), os.path.join(folder, 'changed.o')
        bitstream.write(bc, m.blocks)
        status, _, err = h.run([args.kiln, 'compile', bc, second], check=False, cwd=folder)
        if not filecmp.cmp(second[:-2] + 'o', os.path.join(folder, 'second.o'), shallow=False):
            return h.fail(name, 'the module after it became another object')
        if verdict is RUNS:
            if status: return h.fail(name, err)
            got = h.run([h.link([o], o[:-2])], check=False)
            if got[:2] != expected[base][:2]: return h.fail(name, 'it prints %r, not %r' % (got[:2], expected[base][:2]))
        elif status != 1 or 'not implemented: ' not in err or verdict not in err or 'malformed' in err:
            return h.fail(name, 'status %d, without %r: %s' % (status, verdict, err))
        return h.ok(name)

    def said():
        """What is dropped stands in the log, and can be refused."""
        m = Module(bases['code'])
        for i in range(2): m.attach('memory', m.kind('later'), i)
        bc, log = h.path('said.bc'), h.path('said.log')
        bitstream.write(bc, m.blocks)
        compile_ = [args.kiln, 'compile', bc, '-o', bc[:-2] + 'o']
        h.run(compile_, env=dict(os.environ, KILN_LOG=log))
        with open(log) as f: text = f.read()
        line = 'unknown metadata dropped: "later", 2 times\n'
        h.ok('the log') if text.endswith(line) else h.fail('the log', text)
        for word, want in (('refuse', 'metadata "later", which are not known'), ('bogus', 'KILN_UNKNOWN')):
            status, _, err = h.run(compile_, check=False, env=dict(os.environ, KILN_UNKNOWN=word))
            h.ok('KILN_UNKNOWN=' + word) if status and want in err else h.fail('KILN_UNKNOWN=' + word, err)
    said()

    def assembled():
        """Fragments that only name versions of symbols need no assembler; and a fragment must not come after the bodies."""
        m = Module(bases['code'])
        m.m.before(m.functions['plain'], *(Record(4, f'.symver plain, plain@V{i}\n'.encode()) for i in (1, 2)))
        bc = h.path('versions.bc')
        bitstream.write(bc, m.blocks)
        nothing = dict(os.environ, KILN_AS='/bin/false', KILN_CLANG='/bin/false')
        status, _, err = h.run([args.kiln, 'compile', bc, '-o', bc[:-2] + 'o'], check=False, env=nothing)
        names = '' if status else h.run(['nm', bc[:-2] + 'o'])[1]
        h.ok('versions') if 'plain@V1' in names and 'plain@V2' in names else h.fail('versions', err + names)
        for what, late in ('fragment', Record(4, b'.globl zz\nzz: ret\n')), ('property', Record(19, b'target_cpu\0a')):
            m = Module(bases['code'])
            m.m.items.append(late)
            bitstream.write(bc, m.blocks)
            status, _, err = h.run([args.kiln, 'compile', bc, '-o', bc[:-2] + 'o'], check=False)
            want = 'module-level assembly after the functions\' bodies'
            h.ok('a late ' + what) if status == 1 and want in err else h.fail('a late ' + what, err)
    assembled()
    chosen = [i for i, r in enumerate(ROWS) if not args.texts or any(t in r[1] for t in args.texts)]
    h.each(check, chosen)
    h.finish()


if __name__ == '__main__':
    main()
