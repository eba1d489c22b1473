"""Compiles rows, many in one object, and proves them one by one."""
import os
import re
import subprocess
import time

import elf
import functions
import instructions
import irtext
from function import Failed, Proof
from machine import Machine, Unsupported
from processor import PROCESSORS
from solve import Solver, Undecided

CHUNK = 3000
HEAD = '''target %s
declare @f()
declare @h()
declare @use()
declare @personality()
extern data @g
extern data @t1
extern data @t2
extern data tls(gd) @tgd
data internal tls(ld) @tld align 8 { zero 64 }
extern data tls(ie) @tie
extern data tls(le) @tle
'''


class Result:
    """`what`: proved, undecided, unsupported, failed or refused, with `why`; seconds of CPU time."""
    __slots__ = ('row', 'what', 'why', 'seconds')

    def __init__(self, row, what, why='', seconds=0.0):
        self.row, self.what, self.why, self.seconds = row, what, why, seconds


class Campaign:
    """`feature`: of the processors that the rows are compiled for, or ''."""

    def __init__(self, kiln, target, folder, seconds=5.0, feature=''):
        self.kiln, self.target, self.folder = kiln, target, folder
        self.options = ['--features=' + feature] if feature else []
        self.processor, self.solver = PROCESSORS[target](), Solver(seconds)
        self.processor.fused |= feature == 'fma'

    def run(self, rows):
        """Yields a result for each row."""
        for witnessed in (False, True):
            some = [r for r in rows if r.witnessed() == witnessed]
            for i in range(0, len(some), CHUNK):
                yield from self.chunk(some[i:i + CHUNK], i, witnessed)

    def chunk(self, rows, first, witnessed):
        options = [*self.options, *['--dump=witness'] * witnessed]
        named = {'r%d' % (first + k): row for k, row in enumerate(rows)}
        while True:
            text = HEAD % self.target + declared('\n'.join(r.text.replace('@ROW', '@' + n, 1) for n, r in named.items()) + '\n')
            source = os.path.join(self.folder, 'rows-%s-%d.kir' % (self.target, first))
            with open(source, 'w', encoding='utf-8') as f:
                f.write(text)
            out = source[:-3] + 'o'
            done = subprocess.run([self.kiln, 'compile', *options, '--target=' + self.target, '-o', out, source],
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=600)
            if done.returncode == 0:
                break
            name = refused_row(done.stderr, text)
            if name not in named:
                raise SystemExit('prove: %s' % done.stderr.strip())
            why = done.stderr.strip().split('error: ')[-1]
            yield Result(named.pop(name), 'refused' if LACKING.search(why) else 'failed', why)
        obj = elf.Object(out)
        entries = functions.witnesses(done.stderr) if witnessed else irtext.read(text)
        signatures = irtext.heads(text)
        for name, row in named.items():
            start = time.process_time()
            if witnessed:
                what, why = functions.one(self.processor, obj, entries[name], signatures, self.solver.seconds, 0)
                what = 'failed' if what == 'doubtful' else what
            else:
                what, why = self.prove(obj, entries[name])
            yield Result(row, what, why, time.process_time() - start)

    def prove(self, obj, f):
        if f.unread:
            return 'unsupported', 'the text: ' + f.unread
        try:
            machine = Machine(self.processor, obj, self.solver)
            machine.named = instructions.steps(self.target, f)
            proof = Proof(machine, f)
            proof.all_paths()
            wrong = proof.wrong
            if proof.partial:
                proof = Proof(machine, f, undefined=True)
                proof.all_paths()
                wrong += proof.wrong
            if wrong == 0:
                return 'failed', 'no wrong goal was refuted'
        except Failed as e:
            return 'failed', str(e)
        except Unsupported as e:
            return 'unsupported', str(e)
        except Undecided:
            return 'undecided', ''
        return 'proved', ''


# Of a target. A row that is refused otherwise is not what the IR allows, and proves nothing.
LACKING = re.compile(r'needs the feature|is not supported on|a tail call whose variadic arguments differ')
CALL = re.compile(r'@(h|use)(\(.*\) as )(\((?:[^()]|\([^()]*\))*\)(?: -> \w+(?:, \w+)*)?)')


def declared(text):
    """Functions that are called with signatures of the calls' own get names, and declarations, of their own: by these one."""
    names = {}

    def named(m):
        name = names.setdefault((m[1], m[3]), '%s.%d' % (m[1], len(names)))
        return '@%s%s%s' % (name, m[2], m[3])
    text = CALL.sub(named, text)
    return ''.join('declare @%s%s\n' % (name, signature) for (_, signature), name in names.items()) + text


def refused_row(message, text):
    """The function that a diagnostic is of."""
    m = re.search(r'\.kir:(r\d+):', message)
    if m:
        return m[1]
    m = re.search(r'\.kir:(\d+):', message)
    lines = text.split('\n')[:int(m[1])] if m else []
    for line in reversed(lines):
        if line.startswith('func @'):
            return line[6:line.index('(')]
    return None
