"""Futures in gdb: `kiln-polls` prints who polls whom, by name, and steps do not stop in the standard library's code that
`.await` calls."""
import re

import gdb

from kiln_show.in_gdb import setting

ASYNC = re.compile(r'\{async_(fn|block|closure)(_env)?#\d+\}')
# Functions of the standard library: by gdb's names, an impl is in its module.
LIBRARY = r'^(core|alloc|std)::'
# So many lines of the library may be between two closures of the user's.
MOST_STEPS = 400


def skip_library():
    """`step` goes over what the library does: `.await`, `Pin`, `IntoFuture`, iterators, and what calls closures."""
    if LIBRARY not in gdb.execute('info skip', to_string=True):
        gdb.execute('skip -rfu ' + LIBRARY, to_string=True)
    for hook, function in ('hook', 'enter'), ('hookpost', 'leave'):
        for command in 'step', 'next':
            gdb.execute('define %s-%s\npython __import__("kiln_show.polls").polls.%s()\nend' % (hook, command, function), to_string=True)


def is_in_library(frame):
    return frame is not None and re.match(LIBRARY, frame.name() or '') is not None


def skips(verb):
    """Enables or disables what skips the library; gdb's list has a letter for what is enabled."""
    for line in gdb.execute('info skip', to_string=True).splitlines():
        words = line.split()
        if LIBRARY in words and ('y' in words[1:4]) == (verb == 'disable'):
            gdb.execute('skip %s %s' % (verb, words[0]), to_string=True)
            _disabled[:] = [verb == 'disable']


_events = [None] # the last stop
_origin = [] # the frame in which a step began that may come to the library: the library has called it
_disabled = [False]
gdb.events.stop.connect(lambda event: _events.__setitem__(0, event))


def enter():
    """Before a step."""
    _origin.clear()
    if setting.value and gdb.selected_inferior().pid and gdb.selected_frame() == gdb.newest_frame():
        frame = gdb.newest_frame()
        if not is_in_library(frame) and is_in_library(frame.older()):
            _origin.append(frame)
            # Between two closures is nothing else.
            skips('disable')
            say(False)


def say(on):
    """Whether gdb says where the program is when it stops; before gdb 13, it always does."""
    try:
        gdb.execute('set suppress-cli-notifications ' + ('off' if on else 'on'), to_string=True)
    except gdb.error:
        pass


def quietly(command):
    """Does a step; whether the program is in the library since the step has ended."""
    gdb.execute(command, to_string=True)
    return gdb.selected_inferior().pid and type(_events[0]) is gdb.StopEvent and is_in_library(gdb.newest_frame())


def leave():
    """After a step. One out of a closure comes to its caller, which is the library: goes on to the next line of the user's."""
    try:
        if _origin and gdb.selected_inferior().pid and type(_events[0]) is gdb.StopEvent and is_in_library(gdb.newest_frame()):
            to_user(*_origin)
    finally:
        if _origin:
            say(True)
            if gdb.selected_inferior().pid:
                gdb.execute('frame')
        _origin.clear()
        if _disabled[0]:
            skips('enable')


def outermost(origin=None):
    """The frame of the library that a frame has called, or that the user's has."""
    frame = gdb.newest_frame()
    while frame.older() is not None and (frame.older() != origin if origin else is_in_library(frame.older())):
        frame = frame.older()
    return frame


def to_user(origin):
    """`finish` would print a value, for which nobody has asked."""
    setting.value = False
    try:
        step_on(origin)
    finally:
        setting.value = True


def step_on(origin):
    for _ in range(MOST_STEPS):
        called = origin.is_valid() and outermost(origin)
        # gdb runs on to the next line when it ends what is inlined.
        if called and called.type() != gdb.INLINE_FRAME:
            called.select()
            quietly('finish')
            if gdb.newest_frame() != origin:
                return
        if not quietly('step'):
            return
    outermost().select()
    quietly('finish')


def polled(value):
    """What a future awaits, and what that awaits in turn, as values; the first one is the future itself."""
    while value is not None:
        type = value.type.strip_typedefs()
        if type.code == gdb.TYPE_CODE_PTR:
            value = value.dereference()
        elif type.code == gdb.TYPE_CODE_STRUCT and re.match(r'core::pin::Pin<', type.name or ''):
            value = value[type.fields()[0]]
        else:
            yield value
            value = awaited(value, type)


def awaited(value, type):
    """What a suspended future awaits, or None."""
    if type.code != gdb.TYPE_CODE_STRUCT or not ASYNC.search(type.name or ''):
        return None
    for field in type.fields():
        inner = field.type.strip_typedefs()
        if inner.code != gdb.TYPE_CODE_STRUCT or '::Suspend' not in (inner.name or ''):
            continue
        if any(f.name == '__awaitee' for f in inner.fields()):
            return value[field]['__awaitee']
    return None


def state(type):
    """How far a future is."""
    names = [f.type.name or '' for f in type.strip_typedefs().fields()] if type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else []
    for name in names:
        found = re.search(r'::(Unresumed|Returned|Panicked|Suspend\d+)$', name)
        if found:
            return {'Unresumed': 'not polled yet', 'Returned': 'ended', 'Panicked': 'panicked'}.get(found[1], 'suspended')
    return ''


class Polls(gdb.Command):
    """Print who polls whom.
Usage: kiln-polls [FUTURE]
Without FUTURE: the frames of futures that the selected thread polls, the innermost first. With FUTURE: what the future
awaits, the innermost first, while it is not polled."""
    def __init__(self):
        super().__init__('kiln-polls', gdb.COMMAND_STACK, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, _):
        lines = self.suspended(gdb.parse_and_eval(argument)) if argument else self.running()
        for i, line in enumerate(lines):
            print('#%-2d %s' % (i, line))

    @staticmethod
    def suspended(value):
        chain = list(polled(value))
        for each in reversed(chain):
            name = (each.type.strip_typedefs().name or str(each.type)).replace('_env#', '#')
            how = state(each.type)
            yield name + (' (%s)' % how if how else '')

    @staticmethod
    def running():
        frame = gdb.newest_frame()
        while frame is not None:
            name, place = frame.name() or '', frame.find_sal()
            if ASYNC.search(name) or re.search(r'::poll(<|$)', name) and place.symtab and '/library/' not in place.symtab.filename:
                yield '%s at %s:%d' % (name, place.symtab.filename if place.symtab else '?', place.line)
            frame = frame.older()


Polls()
skip_library()
