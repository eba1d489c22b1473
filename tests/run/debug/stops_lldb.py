"""Loaded by lldb for stops.py: does what `stops` and `throws` of stops_gdb.py do."""

import json
import os

import lldb

COMMANDS = {'step': ['thread step-in'], 'next': ['thread step-over'], 'finish': ['thread step-out'], 'up': ['thread step-in', 'up']}

AGAIN = 10  # as in stops_gdb.py


class Session:
    def __init__(self, debugger):
        with open(os.environ['STOPS_JOB'], encoding='utf-8') as file:
            self.job = json.load(file)
        self.root = os.path.realpath(self.job['root']) + '/'
        self.debugger = debugger
        debugger.SetAsync(False)
        debugger.HandleCommand('settings set symbols.enable-external-lookup false')
        self.target = debugger.GetSelectedTarget()
        self.out = open(self.job['out'], 'w', encoding='utf-8')
        self.process = None

    def write(self, item):
        self.out.write(json.dumps(item) + '\n')
        self.out.flush()

    def start(self):
        info = lldb.SBLaunchInfo(self.job['args'].split())
        info.SetWorkingDirectory(self.job['cwd'])
        info.SetLaunchFlags(lldb.eLaunchFlagDisableASLR)
        info.AddOpenFileAction(0, '/dev/null', True, False)
        for stream in 1, 2:
            info.AddOpenFileAction(stream, '/dev/null', False, True)
        self.process = self.target.Launch(info, lldb.SBError())

    def alive(self):
        return self.process.IsValid() and self.process.GetState() == lldb.eStateStopped

    def thread(self):
        return self.process.GetSelectedThread()

    def line_of(self, frame):
        entry = frame.GetLineEntry()
        path = entry.GetFileSpec().fullpath if entry.IsValid() else None
        if not path:
            return None
        path = os.path.realpath(path)
        name = path[len(self.root):] if path.startswith(self.root) else path
        return f'{name}:{entry.GetLine()}'

    def frames(self, first=0, most=60):
        thread = self.thread()
        last = min(thread.GetNumFrames(), first + most)
        return [self.line_of(thread.GetFrameAtIndex(i)) for i in range(first, last)]

    @staticmethod
    def user(lines):
        return [line for line in lines if line is not None and not line.startswith('/')]

    def do(self, words, at):
        result, again = lldb.SBCommandReturnObject(), 0
        for command in words:
            for _ in range(AGAIN):
                context = lldb.SBExecutionContext(self.thread().GetSelectedFrame())
                self.debugger.GetCommandInterpreter().HandleCommand(command, context, result)
                if not self.alive():
                    return {'to': '<exit>', 'inner': None, 'again': again}
                if not result.Succeeded() and command != 'up':
                    return {'to': f'<{result.GetError().strip()}>', 'inner': None, 'again': again}
                found = self.frames(self.thread().GetSelectedFrame().GetFrameID())
                nowhere = (found[0] or '').endswith(':0')  # no code of a line: lldb stops there, and gdb does not
                if command not in ('thread step-in', 'thread step-over') or (not nowhere and (found[0] != at[0] or self.user(found) != at)):
                    break
                again += 1
        return {'to': (self.user(found) or ['<none>'])[0], 'inner': found[0], 'again': again}

    def stops(self):
        for group in [[stop] for stop in self.job['stops']] if self.job['alone'] else [self.job['stops']]:
            self.go_to(group)
            if self.alive():
                self.process.Kill()
            self.target.DeleteAllBreakpoints()

    def go_to(self, group):
        waiting = {}
        for name, file, line, count, command in group:
            point = self.target.BreakpointCreateByLocation(lldb.SBFileSpec(self.root + file), line)
            if count > 1:
                point.SetIgnoreCount(count - 1)
            waiting[point.GetID()] = point, name, command
        self.start()
        while self.alive() and waiting:
            thread = self.thread()
            found = []
            if thread.GetStopReason() == lldb.eStopReasonBreakpoint:
                ids = [thread.GetStopReasonDataAtIndex(i) for i in range(0, thread.GetStopReasonDataCount(), 2)]
                found = [n for n in ids if n in waiting]
            if found:
                point, name, command = waiting.pop(found[0])
                self.target.BreakpointDelete(point.GetID())
                at = self.user(self.frames())
                self.target.DisableAllBreakpoints()
                self.write({'name': name, 'at': at, **self.do(COMMANDS[command], at)})
                if not self.alive() or not waiting:
                    break
                self.target.EnableAllBreakpoints()
            self.process.Continue()

    def throws(self):
        self.target.BreakpointCreateForException(lldb.eLanguageTypeC_plus_plus, True, True)
        self.start()
        for _ in range(self.job['most']):
            if not self.alive():
                break
            self.write(self.user(self.frames()))
            self.process.Continue()


def __lldb_init_module(debugger, _):
    session = Session(debugger)
    getattr(session, session.job['what'])()
    session.out.close()
    if session.process is not None and session.alive():
        session.process.Kill()
