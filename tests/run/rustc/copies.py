"""Units that inline functions of other units (integrations/rustc/src/copies.rs): after each edit of copies/main.rs,
exactly those units are compiled that have read what was edited, and the program does what a fresh build by LLVM does.
Debuggers stop in each copy. An object that should have been compiled again is found."""
import glob
import os
import re
import shutil

import harness

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'copies/main.rs')
# The unit that LLVM compiles.
OF_LLVM = {'llvms'}
# By the mark of a line: what it becomes, and the units that are compiled then.
EDITS = [
    ('alone', 'println!("alone {}", x.wrapping_mul(13));', 'alone'),
    ('never', 'x + 3', 'leaf'),
    ('large', 'v[i] = v[(i * 7 + 3) % 16].wrapping_mul(37) ^ i as u64;', 'leaf'),
    ('small', 'x * 3 + 2', 'far near'),
    ('forced', 'small(x) ^ 32', 'near'),
    ('deep', 'x ^ 22', 'far'),
    ('long', 'x ^= 5;', 'far leaf'),
    ('constant', 'const STEP: u64 = 2;', 'far'),
    ('generic', 'x[0].into() * 3 + x.len() as u64', 'near'),
    ('large', 'v[i] = v[(i * 5 + 3) % 16].wrapping_mul(37) ^ 1 ^ i as u64;', 'leaf'),
    # A unit has a function more; the others stay as they are, but for LLVM's: rustc cannot ask for it before.
    ('alone', 'println!("alone {}", super::leaf::spare(x));', ' '.join(['leaf', 'alone', *OF_LLVM])),
    # What the crate's functions reach is another set, which no other unit has read.
    ('generic', 'x[0].into() * 3 + never(x.len() as u64)', 'near'),
]
# The same where foreign functions alone are inlined: units read no body of the user's but their own.
EDITS_FOREIGN = [
    ('small', 'x * 3 + 2', 'leaf'),
    ('forced', 'small(x) ^ 32', 'near'),
    ('generic', 'x[0].into() * 3 + x.len() as u64', 'leaf'),
    ('alone', 'println!("alone {}", super::leaf::spare(x));', ' '.join(['leaf', 'alone', *OF_LLVM])),
]
# Without inlining.
EDITS_PLAIN = [
    ('small', 'x * 3 + 2', 'leaf'),
    ('alone', 'println!("alone {}", super::leaf::spare(x));', 'leaf alone'),
]
# Where Kiln fails in each unit.
FAILS = ['', 'check:error', 'first:error', 'emit:error']
WORDS = ['-g', '-Zhuman-readable-cgu-names=yes', '-Zshare-generics=no', '--crate-name=copies']


class Copies:
    def __init__(self, toolchain, inline):
        self.t, self.h, self.inline = toolchain, toolchain.h, inline
        self.folder = self.h.path('copies-%s-%s' % (toolchain.name, inline))
        os.makedirs(self.folder, exist_ok=True)
        self.source, self.log = self.path('main.rs'), self.path('log')
        self.program, self.incremental = self.path('copies'), self.path('incremental')

    def path(self, name):
        return os.path.join(self.folder, name)

    def build(self):
        """Builds what was edited; the modules whose units were compiled."""
        if os.path.exists(self.log):
            os.unlink(self.log)
        self.t.compile(self.source, self.program, [*WORDS, '-Cincremental=' + self.incremental], True, self.log, inline=self.inline)
        with open(self.log) as f:
            lines = re.findall(r'(?m)^(?:copies: )?(\w+\.\S+): (.*)', f.read())
        # copies.HASH-leaf, copies.HASH-leaf.volatile, core.HASH-in-copies.HASH-iter
        names = [re.sub(r'^copies-?', '', re.sub(r'\.[0-9a-f]{16}|\.volatile', '', unit)) for unit, _ in lines]
        self.by_llvm = {name for name, (_, what) in zip(names, lines) if what.startswith('compiled by LLVM')}
        return set(names) - {'crate.allocator'}

    def edit(self, mark, line):
        with open(self.source) as f:
            text, n = re.subn(r'(?m)^( *)\S.* // %s$' % mark, lambda found: '%s%s // %s' % (found[1], line, mark), f.read())
        if n != 1:
            raise harness.Failure('no line %s' % mark)
        with open(self.source, 'w') as f:
            f.write(text)

    def runs(self, program):
        return self.h.run([program], check=False)[:2]

    def same(self):
        """What LLVM makes of the source does the same."""
        self.t.compile(self.source, self.path('llvm'), WORDS, False)
        results = self.runs(self.path('llvm')), self.runs(self.program)
        if results[0] != results[1] or results[0][0] != 0:
            raise harness.Failure('LLVM: %r, Kiln: %r' % results)

    def edits(self):
        shutil.copyfile(SOURCE, self.source)
        shutil.rmtree(self.incremental, ignore_errors=True)
        if not {'leaf', 'far', 'near', 'llvms'} <= self.build():
            raise harness.Failure('not all modules are units')
        if self.by_llvm != OF_LLVM: # no unit has copies of what Kiln lacks
            raise harness.Failure('compiled by LLVM: %s' % sorted(self.by_llvm))
        self.same()
        for mark, line, expected in {'small': EDITS, 'foreign': EDITS_FOREIGN, '': EDITS_PLAIN}[self.inline]:
            self.edit(mark, line)
            found = self.build()
            if found != set(expected.split()):
                raise harness.Failure('%s: %s were compiled' % (mark, sorted(found)))
            self.same()

    def stale(self):
        """An object of a unit that was not compiled again, though it has a copy of what was edited."""
        self.edit('small', 'x * 3 + 5')
        kept = self.path('kept.o')
        shutil.copyfile(self.object('far'), kept)
        self.build()
        new = self.object('far')
        os.unlink(new)
        shutil.copyfile(kept, new)
        self.edit('alone', 'println!("alone {}", x.wrapping_mul(17));')
        self.build()
        try:
            self.same()
        except harness.Failure:
            return
        raise harness.Failure('the old object was not found')

    def features(self):
        """A function that needs what all functions have is inlined, and no other one with features that the caller lacks."""
        names = self.h.run(['nm', '-u', self.object('near')])[1]
        called = [name for name in ('usual', 'special') if name in names]
        if called != (['special'] if os.uname().machine == 'x86_64' else []): # elsewhere they need nothing
            raise harness.Failure('calls of %s' % called)

    def left(self):
        """Units that LLVM has to compile have the functions that Kiln's have of their own, whatever refers to them."""
        for number, fail in enumerate(FAILS):
            with open(self.log, 'w'):
                pass
            incremental = self.path('left-%d' % number)
            shutil.rmtree(incremental, ignore_errors=True)
            words = [*WORDS, '-Cincremental=' + incremental]
            self.t.compile(SOURCE, self.path('left'), words, True, self.log, inline='small', fail=fail)
            with open(self.log) as f:
                units = re.findall(r'(?m)^copies: (copies\S+): compiled by LLVM', f.read())
            wanted = len(units) == 1 if fail == '' else len(units) > 5
            if not wanted:
                raise harness.Failure('%s: by LLVM: %s' % (fail, units))
            shutil.copyfile(SOURCE, self.source)
            self.t.compile(SOURCE, self.path('llvm'), WORDS, False)
            results = self.runs(self.path('llvm')), self.runs(self.path('left'))
            if results[0] != results[1] or results[0][0] != 0:
                raise harness.Failure('%s: LLVM: %r, Kiln: %r' % (fail, *results))

    def object(self, module):
        """The unit's, as the last build has left it."""
        return max(glob.glob(self.incremental + '/*/*/copies.*-%s.o' % module), key=lambda path: os.stat(os.path.dirname(path)).st_mtime_ns)

    def inlined(self):
        """The calls of small functions are gone, where their code is another unit's; a debugger stops in each copy."""
        text = self.h.run(['objdump', '-d', '--no-show-raw-insn', self.program])[1]
        body = re.search(r'(?ms)^\S+ <[^>]*3far3run[^>]*>:\n(.*?)^$', text)[1]
        left = re.findall(r'(?:call|bl) .*<([^>]*(?:leaf5small|middle5twice|leaf5shown)[^>]*)>', body)
        if left:
            raise harness.Failure('calls: %s' % left)
        if not shutil.which('gdb'):
            return
        commands = ['break copies::leaf::small', 'run', 'bt', 'continue', 'bt']
        out = self.h.run(['gdb', '-nx', '-batch', *('-ex=' + c for c in ['set breakpoint pending off', *commands]), self.program])[1]
        frames = re.findall(r'(?m)^#\d+ +(?:0x\w+ in )?(copies::\S+)', out)
        for function in 'leaf::small', 'middle::twice', 'far::run':
            if 'copies::' + function not in frames:
                raise harness.Failure('gdb does not show %s: %s' % (function, out[-2000:]))

    def names(self):
        """With lines alone, functions that were inlined have their whole names, as backtraces print them."""
        program = self.path('lines')
        words = ['-Cdebuginfo=line-tables-only', '--crate-name=copies', '-Cincremental=' + self.path('lines-incremental')]
        self.t.compile(SOURCE, program, words, True, inline='small')
        text = self.h.run(['objdump', '-d', '--no-show-raw-insn', program])[1]
        body = re.search(r'(?ms)^\S+ <[^>]*3far3run[^>]*>:\n(.*?)^$', text)[1]
        names = self.h.run(['addr2line', '-Cfi', '-e', program, *re.findall(r'(?m)^ *([0-9a-f]+):', body)])[1].splitlines()[::2]
        missing = {'copies::far::run', 'copies::middle::twice', 'copies::leaf::small'} - set(names)
        if missing:
            raise harness.Failure('no %s: %s' % (sorted(missing), sorted(set(names))))


def checks(toolchain):
    copies, foreign, plain = (Copies(toolchain, inline) for inline in ('small', 'foreign', ''))
    return [('copies in other units', copies.edits), ('copies in debuggers', copies.inlined),
            ('copies: features of the processor', copies.features), ('copies: an old object', copies.stale),
            ('copies: units by LLVM', copies.left), ('copies: names with lines alone', copies.names),
            ('copies of foreign functions alone', foreign.edits), ('units without copies', plain.edits)]
