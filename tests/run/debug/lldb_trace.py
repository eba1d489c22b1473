"""Goes through a program in lldb step by step, and reads from what it prints what tracer.py writes of gdb: places of frames in
the program's own file, and the variables of the innermost one with the lines of their declarations."""

import os
import re
import signal
import subprocess

FRAME = re.compile(r'frame #\d+: 0x[0-9a-f]+ [^`]*`(.*) at ([^ :]+):(\d+)')
VARIABLE = re.compile(r'([^ :]+):(\d+): \((.*?)\) (\S+) = (.*)')
ADDRESS = re.compile(r'0x[0-9a-f]{6,}')


def plain_name(text):
    """A function's name without the values of its arguments."""
    return re.sub(r'\((?!anonymous|\)).*', '', text.split(' [inlined]')[0])


def printers():
    """Commands that load the printers which rust-lldb loads, and keep steps out of the standard library."""
    sysroot = subprocess.run(['rustc', '--print=sysroot'], check=True, capture_output=True, text=True).stdout.strip()
    return ['-O', 'command script import "%s/lib/rustlib/etc/lldb_lookup.py"' % sysroot,
            '-O', 'settings set target.process.thread.step-avoid-regexp "^<?(std|core|alloc)::"']


def trace(program, source, stops, seconds):
    rust = source.endswith('.rs')
    main = source[:-3] + '::main' if rust else 'main'
    step = ['-o', 'bt 6', '-o', 'frame variable -c', '-o', 'thread step-in']
    command = ['lldb-22', '-b', '-x', *(printers() if rust else []), '-o', 'settings set target.disable-aslr true',
               '-o', 'settings set stop-line-count-after 0', '-o', 'settings set stop-line-count-before 0',
               '-o', 'breakpoint set --name ' + main, '-o', 'process launch -i /dev/null -o /dev/null', *(step * stops), '-o', 'kill', str(program)]
    lldb = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True, errors='replace')
    try:
        text = lldb.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(lldb.pid, signal.SIGKILL)
        text = lldb.communicate()[0]
    found, last = [], None
    for part in text.split('(lldb) bt 6\n')[1:]:
        frames, _, rest = part.partition('(lldb) frame variable -c\n')
        place = tuple((plain_name(m[1]), m[2], int(m[3])) for m in FRAME.finditer(frames) if m[2] == source)
        values = []
        for line in rest.partition('(lldb) ')[0].splitlines():
            match = VARIABLE.match(line)
            if match:
                values.append([match[4], int(match[2]), match[3], ADDRESS.sub('PTR', match[5])])
            elif values and line.startswith(' '):
                values[-1][3] += ' ' + ADDRESS.sub('PTR', re.sub(r'^ *\S+:\d+: ', '', line.strip()))
        if place:
            found.append((place, [values] + [[] for _ in place[1:]], 'again' if place == last else ''))
        last = place
    return {'step': found + [((), [], 'end')]}
