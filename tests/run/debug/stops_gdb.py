"""Run inside gdb (gdb -batch -x stops_gdb.py PROGRAM) by stops.py: does what the file $STOPS_JOB says, and writes what it
finds, a line of JSON each, to the job's file `out`.

    lines   lines of the project that have a statement
    cover   how often the program stops at breakpoints on lines, at most `most` times each
    stops   for each stop: runs to it, does its command, and says where the user is then
    throws  the user's frames at each throw and each catch of a C++ exception, `most` in all"""

import json
import os
import re

import gdb

with open(os.environ['STOPS_JOB'], encoding='utf-8') as file:
    JOB = json.load(file)
ROOT = os.path.realpath(JOB['root']) + '/'
COMMANDS = {'step': ['step'], 'next': ['next'], 'finish': ['finish'], 'up': ['step', 'up']}
OUT = open(JOB['out'], 'w', encoding='utf-8')
AGAIN = 10  # most steps that are repeated
names = {}
hit = []  # numbers of the breakpoints of the newest stops


def write(item):
    OUT.write(json.dumps(item) + '\n')
    OUT.flush()


def run(command):
    return gdb.execute(command, to_string=True)


def alive():
    """Is there a process? A thread that ended may be the selected one."""
    if gdb.selected_inferior().pid != 0 and gdb.selected_thread() is None:
        run(f'thread {gdb.selected_inferior().threads()[-1].num}')
    return gdb.selected_inferior().pid != 0


def line_of(frame):
    """File, below the project's folder or else whole, and line of a frame; None if nothing says it."""
    sal = frame.find_sal()
    if sal.symtab is None:
        return None
    name = sal.symtab.filename
    if name not in names:
        path = os.path.realpath(sal.symtab.fullname())
        names[name] = path[len(ROOT):] if path.startswith(ROOT) else '/' + path.lstrip('/')
    return f'{names[name]}:{sal.line}'


def frames(frame, most=60):
    found = []
    while frame is not None and len(found) < most:
        found.append(line_of(frame))
        frame = frame.older()
    return found


def user(lines):
    return [line for line in lines if line is not None and not line.startswith('/')]


def start():
    run('run ' + JOB['args'] + ' < /dev/null > /dev/null 2>&1')


def point_at(file, line, **more):
    return gdb.Breakpoint(f'{ROOT}{file}:{line}', **more)


def lines():
    """A breakpoint on such a line is on the line itself, and not on the next one that has code."""
    text = run(f'info sources {re.escape(ROOT)}')
    for path in sorted({p for p in re.split(r', |\n', text) if p.startswith(ROOT) and os.path.isfile(p)}):
        with open(path, encoding='utf-8', errors='replace') as source:
            count = sum(1 for _ in source)
        for line in range(1, count + 1):
            try:
                places = gdb.decode_line(f'{path}:{line}')[1] or ()
            except gdb.error:
                continue
            if any(place.line == line for place in places):
                write([path[len(ROOT):], line])


def cover():
    points = {}
    for file, line in JOB['cover']:
        try:
            point = point_at(file, line)
        except (gdb.error, RuntimeError):
            continue
        points[point.number] = point, file, line
    start()
    while alive():
        for number in hit:
            point = points[number][0]
            if point.hit_count >= JOB['most']:
                point.enabled = False
        hit.clear()
        run('continue')
    for point, file, line in points.values():
        write([file, line, point.hit_count])


def do(words, at):
    """Where the user is after the commands, by all frames from the selected one on. A step that stops again in the line where
    it began, in the same frame, is repeated: docs/debugging.md says why."""
    again = 0
    for command in words:
        for _ in range(AGAIN):
            try:
                run(command)
            except gdb.error as error:
                if alive() and command != 'up':  # finish of the outermost frame
                    return {'to': f'<{error}>', 'inner': None, 'again': again}
            if not alive():
                return {'to': '<exit>', 'inner': None, 'again': again}
            found = frames(gdb.selected_frame())
            if command not in ('step', 'next') or found[0] != at[0] or user(found) != at:
                break
            again += 1
    return {'to': (user(found) or ['<none>'])[0], 'inner': found[0], 'again': again}


def stops():
    """All in one run, or, with `alone`, each in a run of its own."""
    for group in [[stop] for stop in JOB['stops']] if JOB['alone'] else [JOB['stops']]:
        go_to(group)
        if alive():
            run('kill')
        run('delete')


def go_to(group):
    waiting = {}
    for name, file, line, count, command in group:
        try:
            point = point_at(file, line)
        except (gdb.error, RuntimeError):
            continue
        point.ignore_count = count - 1
        waiting[point.number] = point, name, command
    start()
    while alive() and waiting:
        found = [n for n in hit if n in waiting]
        hit.clear()
        if found:
            point, name, command = waiting.pop(found[0])
            point.delete()
            at = user(frames(gdb.newest_frame()))
            for other, _, _ in waiting.values():
                other.enabled = False
            write({'name': name, 'at': at, **do(COMMANDS[command], at)})
            hit.clear()
            if not alive() or not waiting:
                break
            for other, _, _ in waiting.values():
                other.enabled = True
        run('continue')


def throws():
    run('catch throw')
    run('catch catch')
    start()
    for _ in range(JOB['most']):
        if not alive():
            break
        write(user(frames(gdb.newest_frame())))
        run('continue')


def main():
    for command in ('set pagination off', 'set confirm off', 'set width 0', 'set debuginfod enabled off', 'set debug-file-directory /nonexistent',
                    'set disable-randomization on', 'set print frame-arguments none', 'set print finish off', 'set breakpoint pending off',
                    'set breakpoint always-inserted on', f'set cwd {JOB["cwd"]}'):
        run(command)
    gdb.events.stop.connect(lambda event: hit.extend(p.number for p in getattr(event, 'breakpoints', ())))
    try:
        {'lines': lines, 'cover': cover, 'stops': stops, 'throws': throws}[JOB['what']]()
    except gdb.error as error:
        write({'error': str(error)})
    OUT.close()
    if alive():
        run('kill')


main()
