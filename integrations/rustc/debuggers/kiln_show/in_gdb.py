"""Values of Rust as `{:?}` prints them, in gdb. The program was built by `kiln cargo --show`, runs, and is called for
each value.

`print x`, `info locals` and backtraces show the text; `print/r x` shows the fields, which panes of editors have beneath."""
import ctypes
import os
import re
import select
import signal
import struct
import sys
import time

import gdb

import kiln_show as values

TYPES = {} # gdb's types of C's, by name
SYS_TGKILL = {'x86_64': 234}.get(os.uname().machine, 131)


def c_type(text):
    if text not in TYPES:
        language = gdb.parameter('language')
        gdb.execute('set language c', to_string=True)
        try:
            TYPES[text] = gdb.parse_and_eval('(%s)0' % text).type
        finally:
            gdb.execute('set language %s' % language, to_string=True)
    return TYPES[text]


class Setting(gdb.Parameter):
    """Whether values of Rust are shown as `{:?}` prints them: on, or off."""
    set_doc = show_doc = 'Values of Rust as {:?} prints them.'

    def __init__(self):
        super().__init__('kiln-show', gdb.COMMAND_DATA, gdb.PARAM_BOOLEAN)
        self.value = True

    def get_set_string(self):
        return ''

    def get_show_string(self, text):
        return 'Values of Rust are shown as {:?} prints them: %s.' % text


setting = Setting()
_indexes = {}


def section_ranges():
    """Where programs and libraries have the index."""
    text = gdb.execute('maint info sections -all-objects ' + values.SECTION, to_string=True)
    for begin, end in re.findall(r'(0x[0-9a-f]+)->(0x[0-9a-f]+) at 0x[0-9a-f]+: %s ' % values.SECTION, text):
        yield int(begin, 16), int(end, 16)


def find_index(inferior):
    key = inferior.num, inferior.pid, len(gdb.objfiles())
    if key not in _indexes:
        index = values.Index()
        for begin, end in section_ranges():
            try:
                index.add(bytes(inferior.read_memory(begin, end - begin)))
            except gdb.MemoryError:
                pass
        runtime = None
        if index.table:
            runtime = values.Runtime.parse(bytes(inferior.read_memory(index.table, values.Runtime.SIZE)))
        _indexes.clear()
        _indexes[key] = index, runtime
    return _indexes[key]


def can_call(inferior):
    """Is there a process whose code can run?"""
    thread = gdb.selected_thread()
    if not inferior.pid or thread is None or not thread.is_valid() or not thread.is_stopped() or gdb.current_recording():
        return False
    connection = inferior.connection
    return connection is not None and connection.type in ('native', 'remote', 'extended-remote')


def name_of(type):
    """The name of a type in the index."""
    if type.code == gdb.TYPE_CODE_ARRAY:
        low, high = type.range()
        return '[%s; %d]' % (name_of(type.target()), high - low + 1)
    return type.name


def find(index, type):
    """What the index has of a type. Of an enum, gdb has a value's variant, which may be shorter; by its name, it has the enum.
    A struct with an enum lacks the padding at its end."""
    name = name_of(type)
    found = name and index.find(name, type.sizeof)
    if not found and name in index.entries and type.code == gdb.TYPE_CODE_STRUCT:
        sizes = [-(-type.sizeof // align) * align for align in (2, 4, 8, 16)]
        try:
            sizes.append(gdb.lookup_type(name).sizeof)
        except gdb.error:
            pass
        found = next(filter(None, (index.find(name, size) for size in sizes)), None)
    return found


# ---- calls ----

ARCHITECTURES = {'i386:x86-64': 'x86_64', 'i386:x86-64:intel': 'x86_64', 'aarch64': 'aarch64'}


class Quiet:
    """While the program is called: other threads stand, breakpoints do not count, and a signal ends the call; where a panic
    would end the program, it is a signal. Editors do not hear that the program has run: they would ask again for all values."""
    HANDLERS = ('stop', '_on_stop'), ('inferior_call', '_on_inferior_call') # of gdb's DAP
    SETTINGS = {'unwindonsignal': 'on', 'scheduler-locking': 'on', 'print thread-events': 'off'}

    def __init__(self, inferior, runtime):
        self.inferior, self.panics, self.code = inferior, runtime.panics, None

    def __enter__(self):
        self.old = {}
        for name, value in self.SETTINGS.items():
            old = gdb.parameter(name)
            self.old[name] = {True: 'on', False: 'off'}.get(old, old)
            gdb.execute('set %s %s' % (name, value), to_string=True)
        dap = sys.modules.get('gdb.dap.events')
        self.handlers = [(getattr(gdb.events, event), getattr(dap, name)) for event, name in self.HANDLERS if hasattr(dap, name)]
        for event, handler in self.handlers:
            event.disconnect(handler)
        self.breakpoints = [b for b in gdb.breakpoints() if b.is_valid() and b.enabled]
        for b in self.breakpoints:
            b.enabled = False
        if self.panics:
            trap = values.TRAPS[ARCHITECTURES[gdb.selected_frame().architecture().name()]]
            self.code = bytes(self.inferior.read_memory(self.panics, len(trap)))
            self.inferior.write_memory(self.panics, trap)

    def __exit__(self, *_):
        if self.code is not None:
            self.inferior.write_memory(self.panics, self.code)
        for b in self.breakpoints:
            if b.is_valid():
                b.enabled = True
        for event, handler in self.handlers:
            event.connect(handler)
        for name, value in self.old.items():
            gdb.execute('set %s %s' % (name, value), to_string=True)


class Watch:
    """Ends calls that take too long, by a signal. gdb lets no other thread of Python run during a call, so a process of
    its own watches: it ends with gdb, which has the other end of its pipe."""
    def __init__(self):
        reads, self.pipe = os.pipe()
        child = os.fork()
        if child:
            os.close(reads)
            os.waitpid(child, 0)
            return
        try:
            if os.fork() == 0:
                os.setsid()
                self.run(reads)
        finally:
            os._exit(0)

    @staticmethod
    def run(reads):
        """A line "PROCESS THREAD" begins a call, an empty one ends it."""
        os.closerange(0, reads)
        os.closerange(reads + 1, 4096)
        waits, libc = None, ctypes.CDLL(None)
        while True:
            if select.select([reads], [], [], values.SECONDS if waits else None)[0]:
                data = os.read(reads, 4096)
                if not data:
                    return
                words = data.decode().rsplit('\n', 2)[-2].split()
                waits = [int(word) for word in words]
            else:
                libc.syscall(SYS_TGKILL, *waits, int(signal.SIGINT))
                waits = None

    def begin(self):
        if gdb.selected_inferior().connection.type != 'native': # gdb's numbers are not this machine's
            return
        process, thread, _ = gdb.selected_thread().ptid
        line = b'%d %d\n' % (process, thread)
        try:
            os.write(self.pipe, line)
        except OSError: # it was killed
            os.close(self.pipe)
            self.__init__()
            os.write(self.pipe, line)

    def end(self):
        os.write(self.pipe, b'\n')


_watch = []


def call(function, *args):
    """The result of a function; or a text that says why there is none."""
    word = c_type('unsigned long')
    types = ', '.join(['unsigned long'] * len(args))
    target = gdb.Value(function).cast(c_type('unsigned long (*)(%s)' % (types or 'void'))).dereference()
    if not _watch:
        _watch.append(Watch())
    _call[:] = [target, [gdb.Value(arg).cast(word) for arg in args]]
    begin = time.monotonic()
    signals = []

    def note(event):
        signals.append(getattr(event, 'stop_signal', 'gdb'))

    gdb.events.stop.connect(note)
    _watch[0].begin()
    try:
        # gdb says to the user where the program is when a call fails; the caller says what is to be said.
        gdb.execute('python __import__("kiln_show.in_gdb").in_gdb.do_call()', to_string=True)
    finally:
        _watch[0].end()
        gdb.events.stop.disconnect(note)
    if isinstance(_call[0], int):
        return _call[0]
    name = signals[0] if signals else 'gdb'
    is_late = name == 'SIGINT' and time.monotonic() - begin >= values.SECONDS
    return values.TOO_LONG if is_late else values.STOPPED % name


# A function and its arguments; the result, if there is one, in place of the function.
_call = []


def do_call():
    try:
        _call[0] = int(_call[0](*_call[1]))
    except gdb.error:
        pass


def show(inferior, runtime, function, address, options=0):
    """The text of the value at an address."""
    with Quiet(inferior, runtime):
        result = call(runtime.show, address, function, options, values.MOST)
        if isinstance(result, str):
            call(runtime.restore)
            return values.PANICKED if runtime.panics and 'SIGILL' in result else result
    text = bytes(inferior.read_memory(runtime.text, values.length(result))) if values.length(result) else b''
    return values.ended(result, text)


# ---- values ----

def scalars(value, at=0):
    """The parts of a value that is not in memory: offset, and bytes."""
    type = value.type.strip_typedefs()
    if type.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        for field in type.fields():
            if hasattr(field, 'bitpos') and not field.artificial:
                yield from scalars(value[field], at + field.bitpos // 8)
    elif type.code == gdb.TYPE_CODE_ARRAY:
        low, high = type.range()
        for i in range(low, high + 1):
            yield from scalars(value[i], at + (i - low) * type.target().sizeof)
    elif type.sizeof:
        if value.is_optimized_out or 'synthetic' in value.format_string(raw=True):
            raise gdb.error('not all of the value is known')
        if type.code == gdb.TYPE_CODE_FLT:
            yield at, struct.pack({4: '<f', 8: '<d'}[type.sizeof], float(value))
        else:
            number = int(value.cast(c_type('unsigned long'))) if type.sizeof <= 8 else int(value)
            yield at, (number & (1 << 8 * type.sizeof) - 1).to_bytes(type.sizeof, 'little')


def place(inferior, runtime, value):
    """The address of a value, or that of its copy; None: its bytes are not known."""
    if value.type.sizeof == 0 or value.address is None:
        if value.type.sizeof > runtime.value_bytes:
            return None
        if value.is_optimized_out and value.type.sizeof:
            return None
        for offset, data in scalars(value) if value.type.sizeof else ():
            inferior.write_memory(runtime.value + offset, data)
        return runtime.value
    return int(value.address)


class Shown:
    """A printer. What editors have beneath the text are the fields, as gdb has them otherwise."""
    def __init__(self, value, text):
        self.value, self.text = value, text

    def to_string(self):
        return self.text


class ShownWithFields(Shown):
    def children(self):
        type = self.value.type.strip_typedefs()
        if type.code == gdb.TYPE_CODE_STRUCT:
            for field in type.fields():
                if hasattr(field, 'bitpos') and not field.artificial and field.name:
                    yield field.name, self.value[field]
        elif type.code == gdb.TYPE_CODE_ARRAY:
            low, high = type.range()
            for i in range(low, high + 1):
                yield '[%d]' % i, self.value[i]
        elif type.code == gdb.TYPE_CODE_PTR and type.target().sizeof and type.target().code != gdb.TYPE_CODE_FUNC:
            yield '*', self.value.dereference()


def has_panes():
    """Does an editor ask, rather than a user at gdb's prompt?"""
    try:
        with open('/proc/self/cmdline', 'rb') as f:
            words = f.read().decode(errors='replace').split('\0')
    except OSError:
        return False
    text = ' '.join(words)
    return bool(re.search(r'(^| )(--?i|--?interpreter)[= ](mi\d?|dap)\b', text))


PRINTER = ShownWithFields if has_panes() else Shown
_is_calling = [False]


def is_in_package():
    """Is the selected frame in a package's code?"""
    try:
        symtab = gdb.selected_frame().find_sal().symtab
    except gdb.error:
        return True
    return symtab is not None and values.PACKAGES.search(symtab.fullname()) is not None


def text_of(value, options=0):
    """The text of a value; None: gdb shows it as it does otherwise."""
    inferior = gdb.selected_inferior()
    if _is_calling[0] or not can_call(inferior):
        return None
    index, runtime = find_index(inferior)
    found = runtime and find(index, value.type)
    if not found or is_in_package():
        return None
    _is_calling[0] = True
    try:
        address = place(inferior, runtime, value)
        if address is None:
            return None
        function, pointers = found
        return show(inferior, runtime, function, values.follow(inferior.read_memory, address, pointers), options)
    except (gdb.error, gdb.MemoryError, KeyError):
        return None
    finally:
        _is_calling[0] = False


def printer(value):
    if not setting.value:
        return None
    text = text_of(value)
    return None if text is None else PRINTER(value, text)


printer.__name__ = 'kiln-show'


def install(objfile):
    """Asks this printer before those that the program brings along."""
    if objfile.filename == objfile.progspace.filename and printer not in objfile.pretty_printers:
        objfile.pretty_printers.insert(0, printer)


gdb.pretty_printers.insert(0, printer)
gdb.events.new_objfile.connect(lambda event: install(event.new_objfile))
for objfile in gdb.objfiles():
    install(objfile)
