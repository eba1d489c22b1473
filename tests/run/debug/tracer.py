"""Run inside gdb (gdb -batch -x tracer.py PROGRAM): goes through a program in the ways of $TRACE_MODES and writes what gdb
shows, each stop or answer as a line of JSON, to $TRACE_OUT. At most $TRACE_STOPS stops for each way.

    step      line by line, into the program's own functions
    next      line by line over functions
    lines     a breakpoint on each line of the source that has code
    commands  at the first breakpoint of each function: bt, info args, ptype, up, down, finish
    condition a breakpoint on each function that holds if its first argument is odd
    set       line by line, where every third stop a variable is changed
    watch     a variable of each function, watched by stepping (no debug registers)

A line has the way, a place (frames: function, file, line), the values of arguments and locals by frame, and a text."""

import collections
import json
import os
import re

import gdb

# Numbers too, of the code and of the stack where no addresses are random: 0x5555..., 0x7fff...
ADDRESS = re.compile(r'0x[0-9a-f]{6,}|\b(93824|14073)\d{9,10}\b')
SYMBOL = re.compile(r'<[^<>]*\+\d+>')
BYTES = re.compile(r'_M_pod_data = ("[^"]*"|\'[^,}]*)(, (\'[^,}]*|"[^"]*"))*')  # of std::function: addresses and padding
SOURCE = os.environ.get('TRACE_SOURCE', '')
MAIN = os.environ.get('TRACE_MAIN', 'main')
STOPS = int(os.environ.get('TRACE_STOPS', '300'))
LEAVE = set(map(int, os.environ.get('TRACE_LEAVE', '').split()))  # lines at which no variable is changed
REMOTE = os.environ.get('TRACE_REMOTE')
OUT = open(os.environ['TRACE_OUT'], 'w')


def plain(text):
    return SYMBOL.sub('<>', ADDRESS.sub('PTR', BYTES.sub('BYTES', text)))


def run(command):
    return gdb.execute(command, to_string=True)


def answer(command):
    try:
        return plain(run(command))
    except (gdb.error, RuntimeError) as error:
        return plain(f'<error: {error}>')


# gdb 13 and older take the fields of a Rust enum from the wrong variant, unless the enum is in memory: some have no such
# field, and gdb ends with an internal error. The value counts as absent.
OLD = int(gdb.VERSION.split('.')[0]) < 14


def target(value):
    """What a pointer or a reference leads to."""
    code = value.type.strip_typedefs().code
    try:
        if code == gdb.TYPE_CODE_PTR:
            return shown(value.dereference())
        return shown(value.referenced_value()) if code == gdb.TYPE_CODE_REF else ''
    except (gdb.error, RuntimeError) as error:
        return plain(f'<error: {error}>')


def shown(value):
    if OLD and value.address is None and value.type.code == gdb.TYPE_CODE_STRUCT and value.type.dynamic:
        return '<not in memory>'
    try:
        if value.type.code == gdb.TYPE_CODE_ARRAY and value.type.dynamic and value.is_optimized_out:
            return '<optimized out>'  # instead of a pointer
        return plain(value.format_string(symbols=False, max_elements=20, max_depth=4))
    except (gdb.error, RuntimeError, gdb.MemoryError, ValueError, KeyError, TypeError, UnicodeError) as error:
        return plain(f'<error: {error}>')


def symbols(frame):
    """Arguments and locals in scope, those of the innermost block first."""
    try:
        block = frame.block()
    except RuntimeError:
        return
    while block is not None:
        for symbol in block:
            # also what is a constant, for which gdb needs no frame; not what is static
            if symbol.is_argument or (symbol.is_variable and symbol.addr_class != gdb.SYMBOL_LOC_STATIC):
                yield symbol
        if block.function is not None:
            return
        block = block.superblock


def variables(frame):
    """Those not declared yet have no value: what is in their memory may be more than printers can bear."""
    found = []
    line = frame.find_sal().line
    for symbol in symbols(frame):
        leads = ''
        try:
            is_set = symbol.line < line
            value = shown(symbol.value(frame)) if is_set else ''
            leads = target(symbol.value(frame)) if is_set else ''
        except (gdb.error, RuntimeError) as error:
            value = plain(f'<error: {error}>')
        found.append([symbol.name, symbol.line, str(symbol.type), value, leads])
    return found


def own(frame):
    sal = frame.find_sal()
    return frame.name() is not None and sal.symtab is not None and os.path.basename(sal.symtab.filename) == SOURCE


def frames(most=8):
    """Of the program's own file, from the innermost on."""
    found = []
    selected = gdb.selected_frame()
    frame = gdb.newest_frame()
    while frame is not None and len(found) < most:
        frame.select()  # before version 15, gdb computes the bounds of arrays in the selected frame
        # LLVM -O0 does not say which calls are tail calls, so that gdb cannot show what has left the stack
        if own(frame) and frame.type() != gdb.TAILCALL_FRAME:
            found.append([frame.name(), os.path.basename(frame.find_sal().symtab.filename), frame.find_sal().line,
                          variables(frame)])
        if frame.name() == MAIN:
            break
        frame = frame.older()
    selected.select()
    return found


def place(stack):
    return [s[:3] for s in stack]


def write(way, stack, text=''):
    OUT.write(json.dumps([way, place(stack), [s[3] for s in stack], text]) + '\n')
    OUT.flush()


def alive():
    return gdb.selected_inferior().pid != 0 and gdb.selected_thread() is not None


def start():
    """The program is at main's breakpoint, which is the only one."""
    if alive():
        run('kill')
    run('delete')
    run(f'break {MAIN}')
    if REMOTE:
        run(f'target remote {REMOTE}')
        run('continue')
    else:
        run('run > /dev/null < /dev/null')


def advance(command):
    """Continues; false if the program is over."""
    try:
        run(command)
    except gdb.error:
        return False
    return alive()


def functions():
    """Names of the source's own functions, in its order."""
    table = gdb.newest_frame().find_sal().symtab
    found = {}
    for block in (table.global_block(), table.static_block()):
        for symbol in block:
            if symbol.is_function and symbol.symtab is not None and os.path.basename(symbol.symtab.filename) == SOURCE:
                found[symbol.linkage_name] = symbol
    return [s for _, s in sorted(found.items(), key=lambda item: (item[1].line, item[0]))]


def break_on(symbol, condition=None):
    try:
        point = gdb.Breakpoint(symbol.name)
        if condition:
            point.condition = condition
    except (gdb.error, RuntimeError):
        pass


# ---- the ways ----

def stepping(way, command):
    start()
    # gdb does not know where a throw goes on: without this, it stops next at a place that the addresses of frames decide
    answer('catch catch')
    last, distinct = None, 0
    for _ in range(3 * STOPS):
        stack = frames()
        if stack:
            write(way, stack, 'again' if place(stack) == last else '')
        distinct += place(stack) != last
        last = place(stack)
        if distinct >= STOPS or not advance(command):
            break


def lines(way):
    start()
    table = gdb.newest_frame().find_sal().symtab
    with open(table.fullname(), encoding='utf-8', errors='replace') as source:
        count = sum(1 for _ in source)
    points = []
    for line in range(1, count + 1):
        try:
            places = gdb.decode_line(f'{SOURCE}:{line}')[1] or ()
        except gdb.error:
            continue
        if any(place.line == line for place in places):
            points.append(gdb.Breakpoint(f'{SOURCE}:{line}'))
    for _ in range(STOPS):
        stack = frames()
        if stack:
            write(way, stack)
        for point in points:
            if point.hit_count >= 3:
                point.enabled = False
        if not advance('continue'):
            break


def commands(way):
    start()
    seen = set()
    for symbol in functions():
        break_on(symbol)
    for _ in range(min(STOPS, 40)):
        frame = gdb.newest_frame()
        if own(frame) and frame.name() not in seen:
            seen.add(frame.name())
            write(way, frames(3), 'stop')
            for command in ('bt -frame-arguments none 4', 'info args'):
                write(way, frames(1), f'{command}: {answer(command)}')
            for symbol in list(symbols(frame))[:12]:
                write(way, frames(1), f'ptype {symbol.name}: {answer("ptype " + symbol.name)}')
            if frame.name() != MAIN:
                write(way, frames(1), f'up: {answer("up")}')
                write(way, frames(1), f'down: {answer("down")}')
                if not any(p.hit_count > 1 for p in gdb.breakpoints() or ()):
                    run('disable')
                    text = answer('finish')
                    run('enable')
                    if not alive():
                        return
                    value = re.search(r'Value returned is \$\d+ = (.*)', text, re.S)
                    write(way, frames(3), f'finish: {value.group(1) if value else "no value"}')
                    continue
        if not advance('continue'):
            break


def conditions(way):
    start()
    for symbol in functions():
        arguments = [s for s in gdb.block_for_pc(symbol.value().address) or () if s.is_argument] if symbol.value(
        ).address else []
        if arguments and arguments[0].type.strip_typedefs().code == gdb.TYPE_CODE_INT:
            break_on(symbol, f'{arguments[0].name} % 2 != 0')
    for _ in range(min(STOPS, 30)):
        stack = frames(2)
        if stack:
            write(way, stack)
        if not advance('continue'):
            break


def setting(way):
    """What is changed depends on places alone, so that it is the same where stops differ."""
    start()
    last, visits = None, collections.Counter()
    for _ in range(min(STOPS, 150)):
        stack = frames(2)
        frame = gdb.newest_frame()
        line = frame.find_sal().line
        if stack and place(stack) == last:
            write(way, stack, 'again')
        elif stack:
            write(way, stack)
            visits[line] += 1
        if stack and place(stack) != last and own(frame) and (line + visits[line]) % 3 == 0 and line not in LEAVE:
            names = [s for s in symbols(frame) if s.line < line and not s.name.startswith('__') and
                     s.type.strip_typedefs().code == gdb.TYPE_CODE_INT]
            names.sort(key=lambda s: (s.line, s.name))
            if names:
                symbol = names[(line // 3 + visits[line]) % len(names)]
                text = answer(f'set var {symbol.name} = {symbol.name} ^ 1')
                write(way, frames(1), f'set {symbol.name}: {text}{answer("print " + symbol.name)[-40:].split("=")[-1]}')
        last = place(stack)
        if not advance('step'):
            break


def watching(way):
    start()
    run('set can-use-hw-watchpoints 0')
    seen = set()
    for symbol in functions():
        break_on(symbol)
    for _ in range(min(STOPS, 12)):
        frame = gdb.newest_frame()
        if own(frame) and frame.name() not in seen:
            seen.add(frame.name())
            if not advance('next'):
                break
            frame = gdb.newest_frame()
            line = frame.find_sal().line
            names = [s for s in symbols(frame) if own(frame) and s.line < line and
                     s.type.strip_typedefs().code == gdb.TYPE_CODE_INT]
            names.sort(key=lambda s: (s.line, s.name))
            if names:
                run('disable')
                answer(f'watch {names[-1].name}')
                for _ in range(4):
                    try:
                        text = plain(run('continue'))
                    except gdb.error:
                        break
                    if not alive():
                        return
                    change = re.search(r'Old value.*\nNew value.*', text)
                    # where the frame ends depends on the epilogue
                    write(way, frames(1) if change else [],
                          f'{names[-1].name}: {change.group(0) if change else "out of scope"}')
                    if not change:
                        break
                for point in gdb.breakpoints():
                    if point.type != gdb.BP_BREAKPOINT:
                        point.delete()
                run('enable')
        if not advance('continue'):
            break


WAYS = {
    'step': lambda: stepping('step', 'step'),
    'next': lambda: stepping('next', 'next'),
    'lines': lambda: lines('lines'),
    'commands': lambda: commands('commands'),
    'condition': lambda: conditions('condition'),
    'set': lambda: setting('set'),
    'watch': lambda: watching('watch'),
}


def main():
    for command in ('set pagination off', 'set confirm off', 'set width 0', 'set debuginfod enabled off',
                    'set disable-randomization on', 'set debug-file-directory /nonexistent', 'set print frame-arguments none', 'set step-mode off',
                    'set print symbol off', 'skip -gfi /usr/include/*', 'skip -gfi /usr/lib/*', 'skip -gfi /rustc/*',
                    'skip -gfi */rustlib/*', 'skip -rfu ^<?(alloc|core|std)::', 'skip -rfu ^(std::|__gnu)'):
        answer(command)
    for way in os.environ.get('TRACE_MODES', 'step').split(','):
        try:
            WAYS[way]()
        except (gdb.error, RuntimeError) as error:
            write(way, [], plain(f'<error: {error}>'))
        write(way, [], 'end')
    OUT.close()
    if alive():
        run('kill')


main()
