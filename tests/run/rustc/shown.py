"""Values in debuggers (integrations/rustc/src/show, debuggers/): what gdb and lldb show of the variables of
shown/values.rs, at
the lines that comments mark, is what `{:?}` prints there, which a copy of the program does. Whatever `Debug` does, the
program goes on as without a debugger. A core file shows fields. Of a program for AArch64, which QEMU's user emulation runs,
gdb-multiarch shows the same."""
import glob
import os
import re
import shutil
import subprocess
import time

import debug_faults
import harness
import panes
import stepped

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, 'shown/values.rs')
SCRIPTS = os.path.join(HERE, '../../../integrations/rustc/debuggers')
# By name: options of rustc, and what Kiln inlines.
MODES = [
    ('units', ['-Ccodegen-units=16'], ''),
    ('static', ['-Crelocation-model=static', '-Ccodegen-units=1', '-Clink-arg=-Wl,--gc-sections'], ''),
    ('bfd', ['-Ccodegen-units=3', '-Clink-arg=-fuse-ld=bfd'], 'foreign'),
]
# What is shown of values whose Debug does not return what a program would print: patterns.
BAD = {
    'panics': r'bad  <Debug panicked>',
    'loops': r'<Debug ran longer than 1 s>',
    'locks': r'<Debug ran longer than 1 s>',
    'fails': r'bad  <Debug returned an error>',
    'writes': r'bad (äöü)+ä?ö?… <cut>',
    'hidden': r"""values::Hidden \{letters: \['a', '\\''\], shape: Named \{ name: .*, sides: Some\(4\) \}, count: 2\}""",
}
# In a program that ends when it panics.
ABORTS = dict(BAD, panics=r'<Debug panicked>')
MARK = re.compile(r'( *)(.*) // show: (.*)')


def marks(text):
    """Lines whose variables are shown: line, and their names."""
    found = ((i, MARK.fullmatch(line)) for i, line in enumerate(text.splitlines(), 1))
    return [(i, m[3].split()) for i, m in found if m]


def bad_line(text):
    return next(i for i, line in enumerate(text.splitlines(), 1) if '// bad here' in line)


def printing(text):
    """The program with what prints the variables before each of these lines."""
    def more(m):
        prints = ''.join('eprintln!("@%s={:?}", %s); ' % (name, name) for name in m[3].split())
        return m[1] + prints + m[2]
    return re.sub(r'(?m)^%s$' % MARK.pattern, more, text)


def commands(stops, last, fault='', begin='run > out 2> err', bad=tuple(BAD)):
    """For gdb: stops at the lines, each as often as the program comes there, and prints; `begin` is what starts the program."""
    lines = ['import gdb']
    lines += ["gdb.execute('set print elements 0')", "gdb.execute('set host-charset UTF-8')", "gdb.execute('set confirm off')"]
    lines += ["gdb.execute('break values.rs:%d')" % line for line, _ in stops] + ["gdb.execute('break values.rs:%d')" % last]
    lines += ['stops = %r' % dict(stops, **{}), 'bad = %r' % (last, )]
    lines += [r'''
def show(name):
    try:
        text = gdb.execute('print ' + name, to_string=True)
    except gdb.error as e:
        text = '= error: %s' % e
    print('@%s=%s' % (name, text.split('= ', 1)[1].rstrip('\n')))
FAULT
gdb.execute('BEGIN')
while gdb.selected_inferior().pid:
    line = gdb.selected_frame().find_sal().line
    for name in stops.get(line, []):
        show(name)
    if line == bad:
        bad = 0
        print('@@bad')
        if 'panics' in BAD:
            gdb.execute('generate-core-file core')
        for name in BAD:
            show(name)
        print('@@end')
        show('1.5 + 1.0')
        gdb.execute('set kiln-show off')
        show('hidden')
        gdb.execute('set kiln-show on')
    gdb.execute('continue')
'''.replace('BAD', repr(list(bad))).replace('FAULT', fault).replace('BEGIN', begin)]
    return '\n'.join(lines)


LLDB = r"""
import lldb
def run(debugger):
    debugger.SetAsync(False)
    target = debugger.GetSelectedTarget()
    stops, bad, names = STOPS, LAST, BAD
    for line in [*stops, bad]:
        target.BreakpointCreateByLocation('values.rs', line)
    launch = lldb.SBLaunchInfo(None)
    launch.AddOpenFileAction(1, 'out', False, True)
    launch.AddOpenFileAction(2, 'err', False, True)
    process = target.Launch(launch, lldb.SBError())
    before = None
    while process.GetState() == lldb.eStateStopped:
        frame = process.GetSelectedThread().GetSelectedFrame()
        line = frame.GetLineEntry().GetLine()
        # A line may begin several times.
        if (line, frame.GetCFA()) == before:
            process.Continue()
            continue
        before = line, frame.GetCFA()
        for name in stops.get(line, []):
            show(frame, name)
        if line == bad:
            bad = 0
            print('@@bad')
            for name in names:
                show(frame, name)
            print('@@end')
        process.Continue()
def show(frame, name):
    value = frame.FindVariable(name)
    print('@%s=%s' % (name, value.GetSummary() or value.GetValue()))
run(lldb.debugger)
"""


ENDLESS = '''use std::fmt::{Debug, Formatter, Result};
#[derive(Debug)]
struct Larger<T>(T);
trait Print {
    fn print(&self, f: &mut Formatter, depth: u32) -> Result;
}
impl<T: Debug> Print for T {
    fn print(&self, f: &mut Formatter, depth: u32) -> Result {
        if depth == 0 { self.fmt(f) } else { Larger(self).print(f, depth - 1) }
    }
}
struct Value(u8);
impl Debug for Value {
    fn fmt(&self, f: &mut Formatter) -> Result {
        self.0.print(f, 3)
    }
}
fn main() {
    let value = Value(1);
    std::hint::black_box(&value);
}
'''


class Shown:
    def __init__(self, toolchain):
        self.t, self.h = toolchain, toolchain.h

    def path(self, name):
        return self.h.path('shown-%s-%s' % (self.t.name, name))

    def compile(self, source, out, options, inline='', show='1', driver=True, crate='values'):
        compiler = [self.t.driver] if driver else ['rustc', '+' + self.t.name]
        words = [*compiler, '--edition=2024', '-Awarnings', '-g', '--crate-name=' + crate, source, '-o', out, *self.t.target, *options]
        self.h.run(words, env=dict(self.t.env, KILN_INLINE=inline, KILN_SHOW=show), timeout=300)

    def env(self):
        return dict(self.t.env, LC_ALL='C.UTF-8', RUST_BACKTRACE='0')

    def said(self, folder, text, options):
        """What `{:?}` prints: names and texts."""
        prints = os.path.join(folder, 'prints.rs')
        with open(prints, 'w') as f:
            f.write(printing(text))
        self.compile(prints, prints[:-3], options, driver=False)
        err = self.h.run([*(harness.QEMU if self.h.cross else []), prints[:-3]], check=False, env=self.env())[2]
        return re.findall(r'(?m)^@(\w+)=(.*)$', err)

    @staticmethod
    def compare(said, normal, bad_part, bad, out):
        """What a debugger shows is that; and of values whose Debug does not return, what the patterns say."""
        shown = re.findall(r'(?m)^@(\w+)=(.*)$', normal)
        if len(said) < 59 or shown != said:
            raise harness.Failure('\n'.join('%s: {:?} prints %s, shown is %s' % (*a, b) for a, b in zip(said, shown) if a != b)
                                  or '%d values, %d shown: %s' % (len(said), len(shown), out))
        found = dict(re.findall(r'(?m)^@(\w+)=(.*)$', bad_part))
        for name, pattern in bad.items():
            if not re.fullmatch(pattern, found.get(name, '')):
                raise harness.Failure('%s: shown is %s' % (name, found.get(name)))

    @staticmethod
    def printed_same(folder, plain):
        """The program printed under gdb what it prints without."""
        with open(os.path.join(folder, 'out')) as o, open(os.path.join(folder, 'err')) as e:
            under = o.read(), re.sub(r"thread 'main' \(\d+\)", 'thread', e.read())
        if under != (plain[1], re.sub(r"thread 'main' \(\d+\)", 'thread', plain[2])):
            raise harness.Failure('the program printed %r under gdb, and %r without' % (under, plain[1:]))

    def gdb(self, mode, options, inline, bad, fault='', runtime=None):
        """`fault` is planted in the script; `runtime` becomes something else in the runtime's source."""
        h, folder = self.h, self.path(mode)
        os.makedirs(folder, exist_ok=True)
        with open(SOURCE) as f:
            text = f.read()
        last, source = bad_line(text), os.path.join(folder, 'values.rs')
        shutil.copy(SOURCE, source)
        said = self.said(folder, text, options)
        program = source[:-3]
        self.compile(source, program, options, inline)
        if runtime:
            self.plant(folder, runtime)
            self.compile(source, program, options, inline)
        script = os.path.join(folder, 'script.py')
        with open(script, 'w') as f:
            f.write(commands(marks(text), last, fault))
        env = self.env()
        plain = h.run([program], check=False, env=env)
        out, wrong = h.run(['gdb', '-nx', '-batch', '-x', os.path.join(SCRIPTS, 'show_gdb.py'), '-x', script, program], cwd=folder, env=env, timeout=120)[1:]
        normal, _, rest = out.partition('@@bad\n')
        bad_part, _, after = rest.partition('@@end\n')
        self.compare(said, normal, bad_part, bad, out + wrong)
        if '@1.5 + 1.0=2.5\n' not in after or '@hidden=values::Hidden {letters: alloc::vec::Vec' not in after:
            raise harness.Failure('copies, or without: ' + after)
        self.printed_same(folder, plain)
        core = h.run(['gdb', '-nx', '-batch', '-ex', 'source %s/show_gdb.py' % SCRIPTS, '-ex', 'print hidden', program, 'core'], cwd=folder, env=env)
        if 'letters: alloc::vec::Vec' not in core[1]:
            raise harness.Failure('of a core file: %s%s' % core[1:])

    def remote(self):
        """A program for AArch64. gdb has no limit of time there, so what does not return is not shown."""
        h, folder = self.h, self.path('remote')
        os.makedirs(folder, exist_ok=True)
        with open(SOURCE) as f:
            text = f.read()
        source, socket, script = (os.path.join(folder, name) for name in ('values.rs', 'socket', 'script.py'))
        shutil.copy(SOURCE, source)
        said = self.said(folder, text, [])
        self.compile(source, source[:-3], [])
        patterns = {name: BAD[name] for name in ('fails', 'writes', 'hidden')}
        with open(script, 'w') as f:
            f.write(commands(marks(text), bad_line(text), begin='target remote ' + socket, bad=tuple(patterns)))
        words = ['gdb-multiarch', '-nx', '-batch', '-ex', 'set sysroot ' + harness.QEMU[2], '-x', os.path.join(SCRIPTS, 'show_gdb.py'), '-x', script]
        with open(os.path.join(folder, 'out'), 'w') as out, open(os.path.join(folder, 'err'), 'w') as err:
            program = subprocess.Popen([*harness.QEMU, '-g', socket, source[:-3]], stdout=out, stderr=err, env=self.env())
        try:
            for _ in range(100):
                if os.path.exists(socket):
                    break
                time.sleep(0.1)
            shown, wrong = h.run([*words, source[:-3]], cwd=folder, env=self.env(), timeout=120)[1:]
            status = program.wait(timeout=20)
        except subprocess.TimeoutExpired as e:
            raise harness.Failure(str(e))
        finally:
            program.kill()
            program.wait()
        normal, _, rest = shown.partition('@@bad\n')
        self.compare(said, normal, rest.partition('@@end\n')[0], patterns, shown + wrong)
        plain = h.run([*harness.QEMU, source[:-3]], check=False, env=self.env())
        self.printed_same(folder, plain)
        if status != plain[0]:
            raise harness.Failure('the program ended with %d' % status)

    def lldb(self):
        """The same in lldb, in one mode."""
        h, folder = self.h, self.path('lldb')
        os.makedirs(folder, exist_ok=True)
        with open(SOURCE) as f:
            text = f.read()
        source = os.path.join(folder, 'values.rs')
        shutil.copy(SOURCE, source)
        self.compile(source, source[:-3], ['-Ccodegen-units=16'])
        said = [pair for pair in self.said(folder, text, ['-Ccodegen-units=16']) if pair[0] != 'unit']
        script = os.path.join(folder, 'script.py')
        with open(script, 'w') as f:
            bad = {name: pattern for name, pattern in BAD.items() if name != 'hidden'} # its fields follow in lines of their own
            # lldb has no values of void, which () is for it.
            stops = {line: [name for name in names if name != 'unit'] for line, names in marks(text)}
            f.write(LLDB.replace('STOPS', repr(stops)).replace('LAST', str(bad_line(text))).replace('BAD', repr(list(bad))))
        words = ['lldb-22', '-b', '-o', 'command script import %s/show_lldb.py' % SCRIPTS, '-o', 'command script import ' + script, source[:-3]]
        out = h.run(words, cwd=folder, env=self.env(), timeout=120)[1]
        normal, _, rest = out.partition('@@bad\n')
        self.compare(said, normal, rest.partition('@@end\n')[0], bad, out)

    def plant(self, folder, change):
        """Puts another object in the place of the runtime's, which is kept for later links."""
        with open(os.path.join(SCRIPTS, '../runtime/show.rs')) as f:
            text = f.read()
        if change[0] not in text:
            raise AssertionError('the runtime has no ' + change[0])
        source = os.path.join(folder, 'runtime.rs')
        with open(source, 'w') as f:
            f.write(text.replace(*change))
        kept, = (name for name in os.listdir(folder) if re.fullmatch(r'kiln_show_runtime\.[0-9a-f]+\.o', name))
        words = [self.t.driver, '--edition=2024', '-Awarnings', '--crate-type=lib', '--emit=obj', '-Ccodegen-units=1', '--crate-name=kiln_show_runtime']
        status, _, said = self.h.run([*words, '-o', os.path.join(folder, kept), source], env=self.t.env, check=False)
        if status:
            raise AssertionError('the fault does not compile: ' + said)

    def planted(self):
        """What is planted is found."""
        plants = [(name, dict(fault=text)) for name, text in debug_faults.SCRIPT.items()]
        plants += [(name, dict(runtime=change)) for name, change in debug_faults.RUNTIME.items()]
        missed = []
        for i, (name, plant) in enumerate(harness.sample(plants, 8)):
            try:
                self.gdb('planted-%d' % i, ['-Ccodegen-units=16'], '', BAD, **plant)
            except harness.Failure:
                continue
            missed.append(name)
        if missed:
            raise harness.Failure('not found: %s' % ', '.join(missed))

    def without(self):
        """Without the option nothing of it is there."""
        made = []
        for show in ('', '0', '1'):
            path = self.path('without' + show) + '.o'
            self.compile(SOURCE, path, ['--emit=obj', '-Ccodegen-units=1'], show=show)
            made.append(self.h.run(['readelf', '-SW', path])[1].count(' kiln_show '))
        with open(self.path('without') + '.o', 'rb') as a, open(self.path('without0') + '.o', 'rb') as b:
            if a.read() != b.read():
                raise harness.Failure('other objects with KILN_SHOW=0')
        if made != [0, 0, 1]:
            raise harness.Failure('sections: %r' % made)

    def apart(self):
        """What is there only to be shown is in units of its own, without debug information, which an edit leaves as they are."""
        folder = self.path('apart')
        os.makedirs(folder, exist_ok=True)
        source = os.path.join(folder, 'values.rs')
        with open(SOURCE) as f:
            text = f.read()
        found = []
        for literal in '1e300', '1e301':
            with open(source, 'w') as f:
                f.write(text.replace('1e300', literal))
            self.compile(source, source[:-3], ['-Ccodegen-units=16', '-Cincremental=%s/units' % folder])
            session = max(glob.glob(folder + '/units/values-*/s-*/'), key=os.path.getmtime)
            paths = sorted(glob.glob(session + '*.o'))
            # Those that are used again are links.
            found.append({os.path.basename(path): os.stat(path).st_ino for path in paths})
        shown, edited = ({name for name in found[1] if is_one(name)} for is_one in (
            lambda name: name.endswith('.show.o'), lambda name: found[0].get(name) != found[1][name]))
        if not shown or len(edited) != 1 or edited & shown or set(found[0]) != set(found[1]):
            raise harness.Failure('units %s, compiled after an edit: %s' % (sorted(found[1]), sorted(edited)))
        sections = self.h.run(['readelf', '-SW', *(os.path.join(session, name) for name in shown)])[1]
        if '.eh_frame' not in sections or '.debug_' in sections:
            raise harness.Failure(sections)

    def endless(self):
        """A type whose `Debug` needs that of ever larger types: rustc's error is that of a program that prints it."""
        source = self.path('endless.rs')
        with open(source, 'w') as f:
            f.write(ENDLESS)
        self.compile(source, source[:-3], [], show='0')
        words = [self.t.driver, '--edition=2024', '-g', '--crate-name=endless', source, '-o', source[:-3], *self.t.target]
        code, _, err = self.h.run(words, env=dict(self.t.env, KILN_SHOW='1'), check=False, timeout=300)
        if code != 1 or 'error[E0275]: overflow' not in err:
            raise harness.Failure('%d: %s' % (code, err))


def checks(toolchain):
    shown = Shown(toolchain)
    if toolchain.h.cross:
        if shutil.which('gdb-multiarch'):
            yield 'values in gdb-multiarch', shown.remote
        return
    yield 'values are not shown unless asked', shown.without
    yield 'what only shows values is apart', shown.apart
    yield 'a type whose Debug has no end', shown.endless
    if shutil.which('lldb-22'):
        yield 'values in lldb', shown.lldb
    yield from stepped.checks(shown)
    yield from panes.checks(shown, SOURCE, marks, SCRIPTS)
    if not shutil.which('gdb'):
        return
    for mode, options, inline in harness.sample(MODES, 2):
        yield 'values in gdb, ' + mode, lambda m=mode, o=options, i=inline: shown.gdb(m, o, i, BAD)
    yield 'values in gdb, planted faults', shown.planted
    yield 'values in gdb, panic=abort', lambda: shown.gdb('abort', ['-Cpanic=abort'], '', ABORTS)
