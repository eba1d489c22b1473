"""Run inside gdb (gdb -batch -x tracer.py PROGRAM): steps through a program, line by line and into its own functions,
and writes at each stop its frames with their arguments and locals, as a line of JSON to $TRACE_OUT. At most
$TRACE_STOPS stops."""

import json
import os
import re

import gdb

ADDRESS = re.compile(r'0x[0-9a-f]{6,}')


def text(value):
    try:
        return ADDRESS.sub('PTR', value.format_string(symbols=False, max_elements=20, max_depth=4))
    except gdb.error as error:
        return f'<error: {error}>'


def variables(frame):
    """Of a frame's blocks, innermost first: [name, line of the declaration, value]."""
    found = []
    try:
        block = frame.block()
    except RuntimeError:
        return [['<no block>', 0, '']]
    while block is not None:
        for symbol in block:
            if symbol.is_argument or (symbol.is_variable and symbol.needs_frame):
                try:
                    value = text(symbol.value(frame))
                except (gdb.error, RuntimeError) as error:
                    value = f'<error: {error}>'
                found.append([symbol.name, symbol.line, str(symbol.type), value])
        if block.function is not None:
            break
        block = block.superblock
    return found


def frames():
    found = []
    frame = gdb.newest_frame()
    while frame is not None and len(found) < 8:
        sal = frame.find_sal()
        if frame.name() is None or sal.symtab is None or sal.symtab.objfile != gdb.objfiles()[0]:
            frame = frame.older()
            continue
        found.append([frame.name(), os.path.basename(sal.symtab.filename), sal.line, variables(frame)])
        if frame.name() == 'main':
            break
        frame = frame.older()
    return found


def main():
    for command in ('set pagination off', 'set confirm off', 'set width 0', 'set debuginfod enabled off',
                    'set disable-randomization on', 'set debug-file-directory /nonexistent', 'set print frame-arguments none', 'set step-mode off'):
        try:
            gdb.execute(command, to_string=True)
        except gdb.error:
            pass
    out = open(os.environ['TRACE_OUT'], 'w')
    remote = os.environ.get('TRACE_REMOTE')
    gdb.execute('break main', to_string=True)
    if remote:
        gdb.execute(f'target remote {remote}', to_string=True)
        gdb.execute('continue', to_string=True)
    else:
        gdb.execute('run > /dev/null < /dev/null', to_string=True)
    for _ in range(int(os.environ.get('TRACE_STOPS', '2000'))):
        stack = frames()
        if not stack:
            break
        out.write(json.dumps(stack) + '\n')
        try:
            gdb.execute('step', to_string=True)
        except gdb.error:
            break
        if not gdb.selected_inferior().pid:
            break
    out.close()


main()
gdb.execute('kill', to_string=True) if gdb.selected_inferior().pid else None
