"""How far long work is that says nothing by itself, on standard error where that is a terminal. Used by campaigns."""
import sys
import time


def progress(items, total, what):
    """The items, as they are done. While the next is waited for, a line has their number, the time so far and the name
    of the newest, by `what`; it is gone before an item is handed out, so that results are printed as ever."""
    if not sys.stderr.isatty():
        yield from items
        return
    start, name, items = time.monotonic(), '', iter(items)
    for done in range(total + 1):
        print('\r%d of %d, %d s %s\33[K' % (done, total, time.monotonic() - start, name[:40]), end='', file=sys.stderr,
              flush=True)
        try:
            item = next(items)
        except StopIteration:
            return
        finally:
            print('\r\33[K', end='', file=sys.stderr, flush=True)
        name = what(item)
        yield item
