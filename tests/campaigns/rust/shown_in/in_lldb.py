"""shown.py's script for lldb."""
import os
import sys

import lldb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stops import Stops  # noqa: E402

stops = Stops()
ours = sys.modules.get('kiln_show.in_lldb')
if ours:
    stops.count(ours)


def text_of(frame, name):
    calls = stops.calls
    value = frame.FindVariable(name)
    text = value.GetSummary() or value.GetValue() if value.IsValid() else 'no variable'
    # Of one that is shown by its parts, some of these may have been called; and a pattern's variable of the same name is not
    # initialized yet.
    is_later = value.GetDeclaration().GetLine() >= frame.GetLineEntry().GetLine()
    return text or '', stops.calls > calls and not is_later and bool(ours.function_of(value.GetProcess(), value.GetType()))


def names(frame):
    line = frame.GetLineEntry().GetLine()
    found = frame.GetVariables(True, True, False, True)
    return list(dict.fromkeys(v.GetName() for v in found if v.GetDeclaration().GetLine() < line))


def run(debugger):
    debugger.SetAsync(False)
    target = debugger.GetSelectedTarget()
    for place in stops.numbers:
        target.BreakpointCreateByLocation(*place)
    launch = lldb.SBLaunchInfo(stops.config['program'])
    launch.AddOpenFileAction(1, stops.tests, False, True)
    launch.AddDuplicateFileAction(2, 1)
    launch.SetWorkingDirectory(os.getcwd())
    launch.SetEnvironmentEntries(['%s=%s' % pair for pair in os.environ.items()], False)
    error = lldb.SBError()
    process = target.Launch(launch, error)
    while process.GetState() == lldb.eStateStopped:
        thread = process.GetSelectedThread()
        frame = thread.GetSelectedFrame()
        entry = frame.GetLineEntry()
        file = entry.GetFileSpec()
        place = os.path.abspath('%s/%s' % (file.GetDirectory(), file.GetFilename())), entry.GetLine()
        number, again = stops.arrive(place, lambda at: process.ReadUnsignedFromMemory(at, 8, error))
        if not again and thread.GetStopReason() == lldb.eStopReasonBreakpoint:
            for i in range(0, thread.GetStopReasonDataCount(), 2):
                target.BreakpointDelete(thread.GetStopReasonDataAtIndex(i))
        if number is not None:
            if stops.switch:
                process.WriteMemory(stops.switch, b'\0', error)
            for name in names(frame) if not stops.config['truth'] else stops.printed[number]:
                stops.show(number, name, lambda name=name: text_of(frame, name))
            if stops.switch:
                process.WriteMemory(stops.switch, b'\1', error)
        process.Continue()
    stops.end(process.GetExitStatus() if process.GetState() == lldb.eStateExited else 'lost')


run(lldb.debugger)
