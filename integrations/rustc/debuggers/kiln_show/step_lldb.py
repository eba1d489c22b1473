"""`step` in lldb stays in the user's code: it goes over what the standard library does, and out of closures to the next line of
the user's."""
import re

import lldb

# The standard library, as rustup's compiler names its files, and as programs' debug information does.
LIBRARY = re.compile(r'/rustlib/src/rust/library/|^/rustc/[^/]+/library/|^library/(core|alloc|std)/')
# So many lines of the library may be between two closures of the user's.
MOST_STEPS = 400


def is_in_library(thread):
    frame = thread.GetFrameAtIndex(0)
    name, folder = frame.GetFunctionName() or '', frame.GetLineEntry().GetFileSpec().GetDirectory() or ''
    # What drops a value of the user's has the user's lines.
    return name.startswith('core::ptr::') or LIBRARY.search(folder) is not None


def has_stepped(thread):
    """Has the thread stopped since a step has ended?"""
    return thread.IsValid() and thread.GetProcess().GetState() == lldb.eStateStopped and thread.GetStopReason() == lldb.eStopReasonPlanComplete


def go(thread):
    depth = thread.GetNumFrames()
    was_in_library = is_in_library(thread)
    thread.StepInto()
    leaves = False
    for _ in range(0 if was_in_library else MOST_STEPS):
        if not has_stepped(thread) or not is_in_library(thread):
            return
        leaves = leaves or thread.GetNumFrames() < depth
        if not leaves:
            thread.StepOut()
            if not has_stepped(thread):
                return
        thread.StepInto()


def step(debugger, _, __, result, ___):
    """Steps to the next line of the user's code, into functions that are called there."""
    thread = debugger.GetSelectedTarget().GetProcess().GetSelectedThread()
    if not thread.IsValid():
        result.SetError('no thread')
        return
    old = debugger.GetAsync()
    debugger.SetAsync(False)
    try:
        go(thread)
    finally:
        debugger.SetAsync(old)
    said = lldb.SBCommandReturnObject()
    debugger.GetCommandInterpreter().HandleCommand('frame select' if has_stepped(thread) else 'process status', said)
    result.AppendMessage(said.GetOutput() or '')


def install(debugger, module):
    for name in 'step', 's':
        debugger.HandleCommand('command unalias ' + name)
        debugger.HandleCommand('command script add --overwrite --function %s.step %s' % (module, name))
