"""Steps in debuggers (integrations/rustc/debuggers/): in shown/steps.rs, `step` comes from closure to closure and from future to
future, and to no line of the standard library's. `kiln-polls` names who polls whom."""
import os
import re
import shutil

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, 'shown/steps.rs')
SCRIPTS = os.path.join(HERE, '../../../integrations/rustc/debuggers')
# From which line, and which lines then come in this order; others may be between them.
CLOSURES = 'map', 'map filter map filter map filter collected'.split()
FUTURES = 'polls', ('polls block first leaf pending polls block first leaf ready waited second leaf pending '
                    'polls block second leaf ready waited both end done').split()
# Who polls whom where the innermost future is pending, and what the outermost one awaits then.
POLLS = ['steps::{impl#0}::poll', 'steps::leaf::{async_fn#0}', 'steps::middle::{async_fn#0}', 'steps::main::{async_block#0}']
SUSPENDED = ['steps::Wait', *('%s (suspended)' % name for name in POLLS[1:])]
STEPS = 120

GDB = r'''
import gdb
def stop():
    sal = gdb.selected_frame().find_sal()
    print('@%%s:%%d' %% (sal.symtab.filename if sal.symtab else '?', sal.line))
    return sal.line
gdb.execute('break %s')
gdb.execute('run')
gdb.execute('delete')
stop()
for _ in range(%d):
    gdb.execute('step', to_string=True)
    if not gdb.selected_inferior().pid or stop() == %d:
        break
'''
LLDB = r'''
import lldb
def stop(thread):
    entry = thread.GetFrameAtIndex(0).GetLineEntry()
    print('@%%s/%%s:%%d' %% (entry.GetFileSpec().GetDirectory(), entry.GetFileSpec().GetFilename(), entry.GetLine()))
    return entry.GetLine()
def run(debugger):
    debugger.SetAsync(False)
    target = debugger.GetSelectedTarget()
    target.BreakpointCreateByLocation(*'%s'.split(':')[:1], int('%s'.split(':')[1]))
    process = target.LaunchSimple(None, None, '.')
    target.DeleteAllBreakpoints()
    stop(process.GetSelectedThread())
    for _ in range(%d):
        debugger.HandleCommand('step')
        if process.GetState() != lldb.eStateStopped or stop(process.GetSelectedThread()) == %d:
            break
run(lldb.debugger)
'''


def lines():
    """Lines by their names."""
    with open(SOURCE) as f:
        found = ((i, re.search(r' // (\w+)$', line)) for i, line in enumerate(f, 1))
        return {m[1]: i for i, m in found if m}


class Stepped:
    def __init__(self, shown):
        self.shown, self.h = shown, shown.h

    def program(self):
        folder = self.shown.path('steps')
        os.makedirs(folder, exist_ok=True)
        shutil.copy(SOURCE, folder)
        source = os.path.join(folder, 'steps.rs')
        self.shown.compile(source, source[:-3], [], crate='steps')
        return folder

    @staticmethod
    def check(out, expected):
        stops = re.findall(r'(?m)^@(.*):(\d+)$', out)
        away = [stop for stop in stops if not stop[0].endswith('steps.rs')]
        if away or not stops:
            raise harness.Failure('in other files: %s' % (away or out))
        names = {i: name for name, i in lines().items()}
        seen = [names.get(int(line)) for _, line in stops]
        rest = iter(seen)
        missing = [name for name in expected if name not in rest]
        if missing:
            raise harness.Failure('%s does not come where it should: %s' % (missing[0], [s for s in seen if s]))

    def gdb(self):
        folder = self.program()
        for begin, expected in CLOSURES, FUTURES:
            script = os.path.join(folder, 'steps.py')
            with open(script, 'w') as f:
                f.write(GDB % ('steps.rs:%d' % lines()[begin], STEPS, lines()[expected[-1]]))
            words = ['gdb', '-nx', '-batch', '-x', os.path.join(SCRIPTS, 'show_gdb.py'), '-x', script, 'steps']
            self.check(self.h.run(words, cwd=folder, env=self.shown.env(), timeout=120)[1], expected)

    def lldb(self):
        folder = self.program()
        for begin, expected in CLOSURES, FUTURES:
            script, place = os.path.join(folder, 'steps_lldb.py'), 'steps.rs:%d' % lines()[begin]
            with open(script, 'w') as f:
                f.write(LLDB % (place, place, STEPS, lines()[expected[-1]]))
            words = ['lldb-22', '--no-lldbinit', '-b', '-o', 'command script import %s/show_lldb.py' % SCRIPTS, '-o', 'command script import ' + script, 'steps']
            self.check(self.h.run(words, cwd=folder, env=self.shown.env(), timeout=120)[1], expected)

    def polls(self):
        folder = self.program()
        at = lines()
        commands = ['break steps.rs:%d' % at['pending'], 'run', 'echo @@running\\n', 'kiln-polls', 'tbreak steps.rs:%d' % at['polls'], 'continue',
                    'echo @@suspended\\n', 'kiln-polls future']
        words = ['gdb', '-nx', '-batch', '-x', os.path.join(SCRIPTS, 'show_gdb.py'), *(word for c in commands for word in ('-ex', c)), 'steps']
        out = self.h.run(words, cwd=folder, env=self.shown.env(), timeout=60)[1]
        running, _, suspended = out.partition('@@running')[2].partition('@@suspended')
        found = re.findall(r'(?m)^#\d+ +(\S+) at ', running), re.findall(r'(?m)^#\d+ +(.*)$', suspended)
        if found != (POLLS, SUSPENDED):
            raise harness.Failure('%s' % out)


def checks(shown):
    stepped = Stepped(shown)
    if shutil.which('gdb'):
        yield 'steps in gdb', stepped.gdb
        yield 'futures in gdb', stepped.polls
    if shutil.which('lldb-22'):
        yield 'steps in lldb', stepped.lldb
