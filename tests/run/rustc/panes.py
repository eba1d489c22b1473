"""A client of the Debug Adapter Protocol, by which editors ask debuggers what their panes show."""
import json
import os
import re
import select
import shutil
import subprocess
import time

import harness


class Panes:
    """A debugger that an editor has started, with a program that stops at lines of a source."""
    SECONDS = 60

    def __init__(self, words, cwd, env):
        self.p = subprocess.Popen(words, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number, self.data, self.messages = 0, b'', []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.communicate()

    def send(self, command, **arguments):
        self.number += 1
        text = json.dumps(dict(seq=self.number, type='request', command=command, arguments=arguments)).encode()
        self.p.stdin.write(b'Content-Length: %d\r\n\r\n' % len(text) + text)
        self.p.stdin.flush()
        return self.number

    def next(self, until):
        """Reads a message."""
        while True:
            head, end, rest = self.data.partition(b'\r\n\r\n')
            size = int(head.rpartition(b':')[2]) if end else 0
            if end and len(rest) >= size:
                self.data = rest[size:]
                return json.loads(rest[:size])
            if not select.select([self.p.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise harness.Failure('no answer: %s' % self.messages[-3:])
            more = os.read(self.p.stdout.fileno(), 65536)
            if not more:
                raise harness.Failure('the debugger ended: %s' % self.messages[-3:])
            self.data += more

    def wait(self, fits):
        until = time.monotonic() + self.SECONDS
        while True:
            for message in self.messages:
                if fits(message):
                    self.messages.remove(message)
                    return message
            self.messages.append(self.next(until))

    def event(self, *names):
        return self.wait(lambda m: m['type'] == 'event' and m['event'] in names)

    def ask(self, command, **arguments):
        number = self.send(command, **arguments)
        answer = self.wait(lambda m: m['type'] == 'response' and m['request_seq'] == number)
        if not answer['success']:
            raise harness.Failure('%s: %s' % (command, answer))
        return answer.get('body', {})

    def start(self, program, source, lines, **more):
        self.ask('initialize', clientID='kiln', adapterID='kiln', linesStartAt1=True, columnsStartAt1=True, pathFormat='path')
        self.send('launch', program=program, **more)
        self.event('initialized')
        self.ask('setBreakpoints', source=dict(path=source), breakpoints=[dict(line=line) for line in lines])
        self.send('configurationDone')

    def stop(self):
        """The variables at the next stop, and its line: text and number of what is beneath, by name. None: it has ended."""
        event = self.event('stopped', 'terminated')
        if event['event'] == 'terminated':
            return None, {}
        self.thread = event['body']['threadId']
        frame = self.ask('stackTrace', threadId=self.thread, levels=1)['stackFrames'][0]
        found = {}
        for scope in self.ask('scopes', frameId=frame['id'])['scopes']:
            if scope['name'] in ('Locals', 'Arguments'): # gdb's, and lldb's
                found.update(self.beneath(scope['variablesReference']))
        return frame['line'], found

    def beneath(self, number):
        variables = self.ask('variables', variablesReference=number)['variables']
        return {v['name']: (v['value'], v['variablesReference']) for v in variables}

    def go_on(self):
        self.send('continue', threadId=self.thread)


class Checks:
    """What panes of editors show of shown/values.rs: the texts that `{:?}` prints, and fields beneath."""
    OPTIONS = ['-Ccodegen-units=16']
    MOST = 42 # values that are compared: those of main

    def __init__(self, shown, source, marks):
        self.shown, self.source, self.marks = shown, source, marks

    def check(self, name, words, **more):
        shown, folder = self.shown, self.shown.path('panes-' + name)
        os.makedirs(folder, exist_ok=True)
        source = shutil.copy(self.source, folder)
        shown.compile(source, source[:-3], self.OPTIONS)
        with open(source) as f:
            text = f.read()
        stops, said = dict(self.marks(text)), shown.said(folder, text, self.OPTIONS)
        checked = 0
        with Panes(words, folder, shown.env()) as panes:
            panes.start(source[:-3], source, list(stops), cwd=folder, **more)
            # A line may begin several times; the names that it has are compared at the first.
            while checked < self.MOST:
                line, found = panes.stop()
                for variable in stops.pop(line, []):
                    self.compare(variable, said[checked], found, panes)
                    checked += 1
                if line is None:
                    raise harness.Failure('the program ended after %d values' % checked)
                panes.go_on()

    @staticmethod
    def compare(variable, said, found, panes):
        text, beneath = found.get(variable, ('nothing', 0))
        # lldb-dap puts addresses before the texts of pointers, and has no text for ().
        text = re.sub(r'^0x[0-9a-f]{16} ', '', text)
        if (variable, text) != said and (variable, text) != ('unit', '<error: could not get size of type void>'):
            raise harness.Failure('%s: shown is %s, {:?} prints %s' % (variable, text, said))
        if variable == 'shapes' and len(panes.beneath(beneath)) != 3:
            raise harness.Failure('beneath %s: %s' % (variable, panes.beneath(beneath)))


def checks(shown, source, marks, scripts):
    both = Checks(shown, source, marks)
    gdb = os.environ.get('KILN_TEST_GDB', 'gdb') # gdb 14 has the protocol
    if shutil.which(gdb) and not shown.h.run([gdb, '-nx', '-batch', '-ex', 'python import gdb.dap'], check=False)[0]:
        yield 'panes by gdb', lambda: both.check('gdb', [gdb, '-nx', '-q', '-iex', 'source %s/show_gdb.py' % scripts, '-i=dap'])
    if shutil.which('lldb-dap-22'):
        script = 'command script import %s/show_lldb.py' % scripts
        yield 'panes by lldb', lambda: both.check('lldb', ['lldb-dap-22'], initCommands=[script])
