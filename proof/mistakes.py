#!/usr/bin/env python3
"""Tests the prover of functions: those of functions.kir and, with inlined bodies, of inlined.ll are proved, and are not where
the code, the IR or the witness is another one.

    mistakes.py KILN
"""
import os
import re
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
sys.setrecursionlimit(20000)
import functions  # noqa: E402
from elf import TEXT  # noqa: E402
from machine import translate  # noqa: E402
from processor import PROCESSORS  # noqa: E402
from terms import Unsupported  # noqa: E402

NOP = {'x86_64': b'\x90', 'aarch64': b'\x1f\x20\x03\xd5'}
# Functions of which each instruction is left out once.
ERASED = ('saved', 'loop', 'dynamic', 'last')
ERASED_INLINED = ('siblings', 'copies')
# Lines of the witness that a proof needs: others are of blocks that go on from their only predecessor.
WITNESS = {'loop': r'value .*|block 1 .*', 'saved': 'slot 0 0 24 .*', 'variadic': 'slot 0 0 32 .*|save .*', 'caught': 'value [0178] .*',
           'dynamic': 'value [0-3] .*', 'halves': 'value .*'}
# Changes of the IR: function, text, what replaces it.
IR = [('saved', 'store.i64 v3, slot0+8', 'store.i64 v3, slot0+16'), ('saved', 'sub.i64 v1, v2', 'sub.i64 v2, v1'),
      ('saved', 'xor.i64 v10, v5', 'xor.i64 v10, v3'), ('loop', 'icmp.i32 sgt', 'icmp.i32 sge'), ('loop', 'v7*4', 'v7*8'),
      ('loop', 'b1(v10, v11)', 'b1(v11, v10)'), ('loop', 'b3(v11, v10)', 'b3(v10, v11)'), ('loop', 'b3(v3, v4)', 'b3(v4, v3)'),
      ('loop', 'b1(0, v1)', 'b1(1, v1)'), ('choose', '0: b1, 1: b2', '1: b1, 0: b2'),
      ('choose', '3: b4', '3: b3'), ('choose', '7: b3', '8: b3'), ('choose', '4: b5(7)', '4: b6'),
      ('stack', 'v7, v6, v5', 'v6, v7, v5'), ('stack', 'v1, v0, v9', 'v0, v1, v9'), ('stack', 'v7, v10)', 'v7, v9)'),
      ('stack', 'brif v11, b1, b2', 'brif v11, b2, b1'), ('variadic', '@list(v0, slot0)', '@list(slot0, v0)'),
      ('variadic', 'va_start slot0', 'life_start slot0'), ('variadic', 'v4 = load.i64 slot0', 'v4 = load.i64 slot0+8'),
      ('caught', 'catch @_ZTIi, catch @_ZTIl', 'catch @_ZTIl, catch @_ZTIi'), ('caught', 'filter(@_ZTIi)', 'filter(@_ZTIl)'),
      ('caught', ', cleanup]', ']'), ('caught', 'exception 1, v1)', 'exception 1, v0)'), ('caught', 'typeid @_ZTIi', 'typeid @_ZTIl'),
      ('caught', 'b3(v7)', 'b3(v1)'), ('caught', 'resume v7', 'resume v1'), ('caught', 'try @g(v0, v1', 'try @g(v1, v1'),
      ('caught', 'exception 1, v0)', 'exception 1, v1)'), ('caught', 'v16, v9', 'v16, v0'),
      ('dynamic', 'salloc v1 align 16', 'salloc v1 align 32'), ('dynamic', 'salloc v1 align 16', 'salloc v0 align 16'),
      ('dynamic', 'salloc 40', 'salloc 56'), ('dynamic', 'store.i64 v4, v5', 'store.i64 v4, v7'),
      ('dynamic', 'stack_restore v2', 'stack_restore v5'), ('dynamic', '@list(v5, v7', '@list(v7, v5'),
      ('dynamic', 'v1 align 16', 'v4 align 16'), ('tail', 'tailcall @g(v7, v6', 'tailcall @g(v6, v7'), ('tail', 'v0, v10)', 'v1, v10)'),
      ('tail', 'tailcall v9(v0, v1)', 'tailcall v0(v0, v1)'), ('tail', 'brif v11, b1, b2', 'brif v11, b2, b1'),
      ('halves', 'trunc.i64 i128 v4', 'trunc.i64 i128 v5'), ('halves', 'lshr.i128 v5', 'lshr.i128 v2'),
      ('halves', 'xor.i128 v2', 'or.i128 v2'), ('halves', 'sub.i128 v2, v3', 'sub.i128 v3, v2'), ('halves', 'add.i128 v3, v3', 'add.i128 v3, 1')]
# What is wrong with the slots of inlined bodies, which share memory: function, in which lines of its text and its witness a text
# is replaced, and why it is not proved, since the code is right: it would be, if only the code counted.
BODIES = [
    # two that are alive at once
    ('siblings', [('life 3 14 19', 'life 3 13 19')], 'alive at once'), ('siblings', [('life 0 2 7', 'life 0 2 8')], 'alive at once'),
    ('nested', [('life 1 2 8', 'life 1 2 9')], 'alive at once'), ('branches', [('life 3 19 26', 'life 3 16 26')], 'alive at once'),
    # one of no body
    ('siblings', [('fresh 3 14', ''), ('life 3 14 19', '')], 'alive at once'), ('left', [('life 1 17 24', '')], 'alive at once'),
    # a body that begins too late or ends too early
    ('siblings', [('fresh 3 14', 'fresh 3 15'), ('life 3 14 19', 'life 3 15 19')], 'slot3 is not alive'),
    ('nested', [('life 1 2 8', 'life 1 2 4')], 'slot1 is not alive'), ('copies', [('life 0 2 6', 'life 0 2 3')], 'slot0 is not alive'),
    ('variables', [('life 0 5 16', 'life 0 5 12')], 'slot0 is not alive'), ('left', [('life 0 3 7', '')], 'slot0 is not alive'),
    # a body that begins elsewhere than where it is entered, or nowhere
    ('nested', [('fresh 4 21', 'fresh 4 22')], 'did not begin'), ('siblings', [('fresh 3 14', '')], 'does not begin'),
    ('branches', [('life 0 4 9', 'life 0 4 9\nlife 0 17 18')], 'did not begin'), ('siblings', [('fresh 0 2', 'fresh 0 9')], 'does not begin'),
    ('repeated', [('life 1 5 12', 'life 1 5 12\nlife 1 2 3')], 'did not begin'),
    # the slot of another body in place of one, at the same place
    ('siblings', [('store.i64 v6, slot1', 'store.i64 v6, slot0')], 'slot0 is not alive'),
    ('siblings', [('load.i64 slot3+8', 'load.i64 slot1+8')], 'slot1 is not alive'),
    ('nested', [('load.i64 slot2+8', 'load.i64 slot1+8')], 'slot1 is not alive'),
    ('copies', [('memcpy slot4, v1', 'memcpy slot0, v1')], 'slot0 is not alive'),
    ('variables', [('store.v128 v21, slot2', 'store.v128 v21, slot0')], 'slot0 is not alive'),
    # or by an address of it, which is the same number
    ('indexed', [('v8 = load.i64 v5', 'v8 = load.i64 v1')], 'slot0 is not alive')]
SECONDS = 2.0


class Test:
    """Of a file's functions."""

    def __init__(self, kiln, target, folder, name, options):
        self.target, self.processor = target, PROCESSORS[target]()
        self.obj, self.functions, self.signatures = functions.compiled(kiln, target, os.path.join(HERE, name), folder, options)
        self.wrong = []

    def prove(self, entry):
        return functions.one(self.processor, self.obj, entry, self.signatures, SECONDS, 10)

    def expect(self, what, entry, proved, because=''):
        """Notes it if an entry is proved and should not be, or the other way round, or not for that reason."""
        found, why = self.prove(entry)
        if (found == 'proved') != proved or found not in ('proved', 'failed', 'doubtful', 'unsupported') or because not in why:
            self.wrong.append('%s: %s: %s %s' % (self.target, what, found, why[:300]))

    def instructions(self, name):
        """Offsets and lengths of a function's instructions in .text, to the last return."""
        start, size = self.obj.functions[name]
        at, out, last = start, [], 0
        while at < start + size:
            try:
                ops, length = translate(self.processor, self.obj.code[at:at + 16], TEXT + at)
            except Unsupported:
                break
            out.append((at, length))
            if any(op[0] in ('RETURN', 'BRANCHIND') for op in ops):
                last = len(out)
            at += length
        return out[:last]

    def erased(self, name):
        code = self.obj.code
        nop = NOP[self.target]
        for at, length in self.instructions(name):
            there = code[at:at + length]
            if there == nop:
                continue
            self.obj.code = code[:at] + nop * (length // len(nop)) + code[at + length:]
            self.expect('%s without the instruction at %#x, %s' % (name, at - self.obj.functions[name][0], there.hex()),
                        self.functions[name], False)
        self.obj.code = code

    def other_ir(self):
        for name, old, new in IR:
            text, lines = self.functions[name]
            assert text.count(old) == 1, (name, old, text)
            self.expect('%s with %s' % (name, new), (text.replace(old, new), lines), False)

    def other_witness(self):
        """Where the witness says that something is, it is elsewhere."""
        for name, pattern in WITNESS.items():
            text, lines = self.functions[name]
            for k, line in enumerate(lines):
                m = re.fullmatch(r'((?:value|slot) .* (?:reg|frame)|block \d+|save) (-?\d+)(.*)', line)
                if m and re.fullmatch(pattern, line):
                    changed = '%s %d%s' % (m[1], int(m[2]) + (1 if ' reg' in m[1] else 8), m[3])
                    self.expect('%s with "%s" for "%s"' % (name, changed, line), (text, [*lines[:k], changed, *lines[k + 1:]]), False)

    def other_table(self):
        """No landing pad, another one, and other clauses."""
        table, name = self.obj.table('caught'), 'caught'
        sites = table.sites
        for k, site in enumerate(sites):
            if site.pad is None:
                continue
            others = [site._replace(pad=None), site._replace(pad=next(s.pad for s in sites if s.pad not in (None, site.pad))),
                      site._replace(clauses=[*site.clauses, ('catch', 'all')])]
            for other in others:
                table.sites = [*sites[:k], other, *sites[k + 1:]]
                self.expect('%s with %s' % (name, other), self.functions[name], False)
        table.sites = sites

    def other_bodies(self):
        for name, changes, because in BODIES:
            text, lines = self.functions[name]
            witness = '\n%s\n' % '\n'.join(lines)
            for old, new in changes:
                assert text.count(old) + witness.count('\n%s\n' % old) == 1, (name, old, text, lines)
                text, witness = text.replace(old, new), witness.replace('\n%s\n' % old, '\n%s\n' % new)
            self.expect('%s with %s' % (name, changes), (text, [line for line in witness.split('\n') if line]), False, because)

    def are_proved(self):
        for name, entry in self.functions.items():
            self.expect(name, entry, True)

    def run(self):
        self.are_proved()
        for name in ERASED:
            self.erased(name)
        self.other_ir()
        self.other_witness()
        self.other_table()

    def run_inlined(self):
        self.are_proved()
        for name in ERASED_INLINED:
            self.erased(name)
        self.other_bodies()
        self.other_places()

    def other_places(self):
        """Each slot that a line of the witness has in the frame is 8 bytes further, or where another one is."""
        for name in self.functions:
            text, lines = self.functions[name]
            for k, line in enumerate(lines):
                m = re.fullmatch(r'(slot \d+ 0 \d+ frame) (-?\d+)', line)
                if m:
                    changed = '%s %d' % (m[1], int(m[2]) + 8)
                    self.expect('%s with "%s" for "%s"' % (name, changed, line), (text, [*lines[:k], changed, *lines[k + 1:]]), False)


def main():
    signal.signal(signal.SIGVTALRM, functions.late)
    wrong = []
    for target in PROCESSORS:
        with tempfile.TemporaryDirectory() as folder:
            t = Test(sys.argv[1], target, folder, 'functions.kir', [])
            t.run()
            inlined = Test(sys.argv[1], target, folder, 'inlined.ll', ['--inline'])
            inlined.run_inlined()
            wrong += t.wrong + inlined.wrong
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
