"""Calls Rust, which calls this, which calls Rust: gdb_stack.py stops in it."""
import shelf


def callback(name, value):
    local = [name, value]
    print('callback', local, flush=True)
    return shelf.fall(2) if value < 0 else len(local)


def outer(items):
    try:
        return items.each(callback)
    except BaseException as e:
        return '%s: %s' % (type(e).__name__, e)


print(outer(shelf.Shelf('books', a=21)), flush=True)
print(outer(shelf.Shelf('tools', b=-1)), flush=True)
