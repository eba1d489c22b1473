"""shown.py's script for gdb."""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stops import Stops  # noqa: E402

stops = Stops()
ours = sys.modules.get('kiln_show.in_gdb')
if ours:
    stops.count(ours)


def names(frame):
    """Variables in scope that are declared in lines above."""
    found, block = [], frame.block()
    while block is not None:
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and symbol.name not in found and symbol.line < frame.find_sal().line:
                found.append(symbol.name)
        if block.function is not None:
            return found
        block = block.superblock
    return found


def text_of(name):
    calls = stops.calls
    try:
        text = gdb.execute('print ' + name, to_string=True).split(' = ', 1)[1][:-1]
    except (gdb.error, IndexError) as e:
        text = 'error: %s' % e
    return text, stops.calls > calls and has_text(name)


def has_text(name):
    """Does Kiln's script show the whole variable, rather than parts of it? Where a pattern's variable has the same name, gdb
    has that, which is not initialized yet."""
    symbol = gdb.lookup_symbol(name)[0]
    if symbol is None or symbol.line >= gdb.selected_frame().find_sal().line:
        return False
    value = gdb.parse_and_eval(name)
    return bool(ours.find(ours.find_index(gdb.selected_inferior())[0], value.type))


def switch(on):
    """Debug that the debugger calls does not print more."""
    if stops.switch:
        gdb.selected_inferior().write_memory(stops.switch, bytes([on]))


def main():
    # gdb would show arguments as soon as it stops: Debug would print then.
    gdb.execute('set print frame-arguments none')
    for setting in ('pagination off', 'confirm off', 'width 0', 'print elements 0', 'breakpoint pending off', 'host-charset UTF-8',
                    'print thread-events off', 'print inferior-events off'):
        gdb.execute('set ' + setting)
    for place in stops.numbers:
        try:
            gdb.Breakpoint('%s:%d' % place)
        except gdb.error:
            pass
    ends, hits = [], []
    gdb.events.stop.connect(lambda event: hits.__setitem__(slice(None), getattr(event, 'breakpoints', [])))
    gdb.events.exited.connect(lambda event: ends.append(getattr(event, 'exit_code', 'killed')))
    gdb.execute('run %s >%s 2>&1' % (' '.join(stops.config['program']), stops.tests))
    while gdb.selected_inferior().pid:
        frame = gdb.selected_frame()
        sal = frame.find_sal()
        place = sal.symtab and (os.path.abspath(sal.symtab.fullname()), sal.line)
        number, again = stops.arrive(place, lambda at: int.from_bytes(gdb.selected_inferior().read_memory(at, 8), 'little'))
        if not again:
            for hit in hits:
                hit.delete()
        if number is not None:
            switch(0)
            for name in names(frame) if not stops.config['truth'] else stops.printed[number]:
                stops.show(number, name, lambda name=name: text_of(name))
            switch(1)
        gdb.execute('continue')
    stops.end(ends[-1] if ends else 'lost')


main()
