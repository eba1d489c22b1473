"""Values of Rust as `{:?}` prints them, in lldb. The program was built by `kiln cargo --show`, runs, and is called for each
value. The text is a summary; `frame variable --raw x` shows the fields, which panes of editors have beneath."""
import struct

import lldb

import kiln_show as values

_indexes = {}
_debuggers = []


def section_of(module):
    section = module.FindSection(values.SECTION)
    return section if section.IsValid() else None


def find_index(process):
    """The index of a process that runs, and its runtime."""
    target = process.GetTarget()
    key = process.GetUniqueID(), target.GetNumModules()
    if key not in _indexes:
        index, runtime, error = values.Index(), None, lldb.SBError()
        for module in target.module_iter():
            section = section_of(module)
            address = section.GetLoadAddress(target) if section else lldb.LLDB_INVALID_ADDRESS
            if address != lldb.LLDB_INVALID_ADDRESS:
                data = process.ReadMemory(address, section.GetByteSize(), error)
                index.add(data if error.Success() else b'')
        if index.table:
            data = process.ReadMemory(index.table, values.Runtime.SIZE, error)
            runtime = values.Runtime.parse(data) if error.Success() else None
        _indexes.clear()
        _indexes[key] = index, runtime
    return _indexes[key]


def can_call(process):
    return process.IsValid() and process.GetState() == lldb.eStateStopped and 'core' not in process.GetPluginName()


def name_of(type):
    """The name of a type in the index."""
    if type.GetTypeClass() == lldb.eTypeClassArray:
        element = type.GetArrayElementType()
        count = type.GetByteSize() // element.GetByteSize() if element.GetByteSize() else 0
        return '[%s; %d]' % (name_of(element), count)
    return type.GetName()


def function_of(process, type):
    index, runtime = find_index(process)
    return (runtime and index.find(name_of(type), type.GetByteSize())) or None


def place(process, runtime, value):
    """The address of a value, or that of its copy; None: its bytes are not known."""
    address, size = value.GetLoadAddress(), value.GetByteSize()
    if size and address != lldb.LLDB_INVALID_ADDRESS:
        return address
    error = lldb.SBError()
    if size > runtime.value_bytes:
        return None
    if size:
        data = value.GetData()
        copy = data.ReadRawData(error, 0, size) if data.GetByteSize() == size else None
        if copy is None or error.Fail():
            return None
        process.WriteMemory(runtime.value, copy, error)
    return None if error.Fail() else runtime.value


def options():
    """Of a call: other threads stand, breakpoints do not count, and what goes wrong ends it."""
    o = lldb.SBExpressionOptions()
    o.SetLanguage(lldb.eLanguageTypeC99)
    o.SetTimeoutInMicroSeconds(int(values.SECONDS * 1e6))
    o.SetOneThreadTimeoutInMicroSeconds(int(values.SECONDS * 1e6))
    o.SetTryAllThreads(False)
    o.SetStopOthers(True)
    o.SetUnwindOnError(True)
    o.SetIgnoreBreakpoints(True)
    o.SetTrapExceptions(False)
    o.SetSuppressPersistentResult(True)
    o.SetFetchDynamicValue(lldb.eNoDynamicValues)
    o.SetAutoApplyFixIts(False)
    return o


def call(frame, function, *args):
    """The result of a function; or a text that says why there is none."""
    word = 'unsigned long'
    code = '((%s (*)(%s))%dUL)(%s)' % (word, ', '.join([word] * len(args)) or 'void', function, ', '.join('%dUL' % a for a in args))
    result = frame.EvaluateExpression(code, options())
    error = result.GetError()
    if error.Success():
        return result.GetValueAsUnsigned()
    text = error.GetCString() or ''
    signal = next((word.strip('.:,') for word in text.split() if word.startswith('SIG')), None)
    if signal is None and ('timed out' in text or 'interrupted' in text or 'timeout' in text):
        return values.TOO_LONG
    return values.STOPPED % (signal or 'lldb')


def show(process, frame, runtime, function, address, flags=0):
    """The text of the value at an address."""
    error, old = lldb.SBError(), None
    if runtime.panics:
        trap = values.TRAPS[process.GetTarget().GetTriple().split('-')[0]]
        old = process.ReadMemory(runtime.panics, len(trap), error)
        process.WriteMemory(runtime.panics, trap, error)
    try:
        result = call(frame, runtime.show, address, function, flags, values.MOST)
    finally:
        if old:
            process.WriteMemory(runtime.panics, old, error)
    if isinstance(result, str):
        call(frame, runtime.restore)
        return values.PANICKED if runtime.panics and 'SIGILL' in result else result
    size = values.length(result)
    text = process.ReadMemory(runtime.text, size, error) if size else b''
    return values.ended(result, text) if error.Success() else None


def shown_at(process, frame, runtime, function, address):
    """The text of a value at an address; None: its pointers lead nowhere."""
    def read(at, size):
        error = lldb.SBError()
        data = process.ReadMemory(at, size, error)
        return data if error.Success() else b''
    try:
        address = values.follow(read, address, function[1])
    except struct.error:
        return None
    return show(process, frame, runtime, function[0], address)


def number(value):
    """The text of a byte, which lldb takes for a letter, or of ()."""
    name = value.GetTypeName()
    if name in SMALL:
        return str(value.GetValueAsSigned() if name in ('signed char', 'i8') else value.GetValueAsUnsigned())
    return '()'


# By lldb's names.
SMALL = 'unsigned char', 'signed char', 'u8', 'i8'
NOTHING = 'void', '()'


def recognizes(type, _):
    """Has a value of the type a text?"""
    if type.GetName() in SMALL + NOTHING:
        return True
    process = _debuggers[-1].GetSelectedTarget().GetProcess()
    return bool(process and can_call(process) and function_of(process, type))


def summary(value, _):
    value = value.GetNonSyntheticValue()
    if value.GetTypeName() in SMALL + NOTHING:
        return number(value)
    process, frame = value.GetProcess(), value.GetFrame()
    if not frame.IsValid():
        frame = process.GetSelectedThread().GetSelectedFrame()
    runtime = find_index(process)[1]
    file = frame.GetLineEntry().GetFileSpec()
    is_in_package = values.PACKAGES.search('%s/%s' % (file.GetDirectory(), file.GetFilename()))
    function = None if is_in_package else function_of(process, value.GetType())
    address = place(process, runtime, value) if function else None
    text = shown_at(process, frame, runtime, function, address) if address is not None else None
    # Without a summary, lldb shows the fields, but no number.
    return text if text is not None else value.GetValue() or ''


def install(debugger, module):
    """Has lldb call the functions by the name of the module that it has loaded."""
    _debuggers.append(debugger)
    debugger.HandleCommand('type summary add --python-function %s.summary --recognizer-function --no-value '
                           '--category kiln %s.recognizes' % (module, module))
    debugger.HandleCommand('type category enable kiln')
