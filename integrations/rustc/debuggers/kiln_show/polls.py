"""Futures in gdb: `kiln-polls` prints who polls whom, by name, and steps do not stop in the standard library's code that
`.await` calls."""
import re

import gdb

ASYNC = re.compile(r'\{async_(fn|block|closure)(_env)?#\d+\}')
# The standard library, as rustup's compiler names its files, and as programs' debug information does.
LIBRARY = ['/rustc/*/library/*', '*/rustlib/src/rust/library/*', 'library/core/src/*', 'library/alloc/src/*', 'library/std/src/*']


def skip_library():
    """`step` goes over what is in the library's files: `.await`, `Pin`, `IntoFuture`, iterators, and closures' callers."""
    known = gdb.execute('info skip', to_string=True)
    for pattern in LIBRARY:
        if pattern not in known:
            gdb.execute('skip -gfi ' + pattern, to_string=True)


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
