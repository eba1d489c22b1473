"""Goes through stacks of Python's C and of Rust in gdb. $HELPER is CPython's helper for gdb, $PRINTERS the folder of
Rust's printers."""
import os
import sys

import gdb


def do(*commands):
    for command in commands:
        print('(gdb) ' + command, flush=True)
        try:
            gdb.execute(command)
        except gdb.error as e:
            print('error: %s' % e, flush=True)


def frames(name):
    """Selects the youngest frame of a function."""
    frame = gdb.newest_frame()
    while frame is not None and (frame.name() or '') != name:
        frame = frame.older()
    print('frame of %s: %s' % (name, frame is not None), flush=True)
    if frame is not None:
        frame.select()


gdb.execute('set pagination off')
gdb.execute('set breakpoint pending on')
gdb.execute('set print thread-events off')
gdb.execute('set print frame-arguments all')
gdb.execute('source ' + os.environ['HELPER'])
do('break shelf::visit', 'run')
sys.path.insert(0, os.environ['PRINTERS'])
import gdb_lookup # noqa: E402
for objfile in gdb.objfiles():
    if objfile.filename.endswith('shelf.so'):
        gdb_lookup.register_printers(objfile)

# In Rust, below it C, below that Python.
do('info args', 'next', 'info locals', 'print value * 3', 'print name', 'ptype doubled', 'bt', 'py-bt')
do('up', 'print *self', 'print self.limit')
frames('_PyEval_EvalFrameDefault')
do('print frame->f_code->co_name', 'print frame->f_func->func_qualname', 'print throwflag', 'whatis frame', 'py-locals')
# In C: what is set is what the program goes on with, here the result of len(local).
do('tbreak PyLong_FromSsize_t if ival == 2', 'continue', 'info args', 'bt 3', 'set var ival = 2000', 'delete')
# From Rust through Python into Rust again, and a panic.
do('break shelf::fall if depth == 1', 'continue', 'bt', 'py-bt', 'info args')
do('delete', 'break rust_panic', 'continue', 'bt', 'delete', 'continue')
