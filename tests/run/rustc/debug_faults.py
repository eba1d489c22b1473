"""Faults in what shows values of Rust in debuggers, each of which the tests have to find."""
# By name: what gdb's script does then.
SCRIPT = {
    "a wrong type's function": '''
import kiln_show
find = kiln_show.Index.find
def wrong(self, name, size):
    own = find(self, name, size)
    return own and next(((f, p) for n, (s, h, f, p) in sorted(self.entries.items()) if s == size and p == own[1] and f != own[0]), own)
kiln_show.Index.find = wrong
''',
    'a stale text': '''
import kiln_show.in_gdb as m
real, kept = m.show, []
def stale(*args):
    kept.append(real(*args))
    return kept[-1 if len(kept) < 3 else -2]
m.show = stale
''',
    'a stale copy': '''
import kiln_show.in_gdb as m
first = []
place = m.place
def stale(inferior, runtime, value):
    first.append(place(inferior, runtime, value))
    return next((a for a in first if a), None)
m.place = stale
''',
    'the next address': '''
import kiln_show.in_gdb as m
place = m.place
m.place = lambda inferior, runtime, value: (place(inferior, runtime, value) or -8) + 8
''',
    'a text that is cut': '''
import kiln_show
kiln_show.MOST = 3
''',
    'a value is changed': '''
import kiln_show.in_gdb as m
real = m.show
def changing(inferior, runtime, function, address, options=0):
    text = real(inferior, runtime, function, address, options)
    inferior.write_memory(address, bytes([inferior.read_memory(address, 1)[0][0] ^ 1]))
    return text
m.show = changing
''',
    'breakpoints stay off': '''
import kiln_show.in_gdb as m
def leave(self, *_):
    pass
m.Quiet.__exit__ = leave
''',
    'types that share a name': '''
import kiln_show
add = kiln_show.Index.add
def mixed(self, data):
    add(self, data)
    first = next(iter(self.entries.values()))
    self.entries = {n: (s, h, first[2], p) for n, (s, h, f, p) in self.entries.items()}
kiln_show.Index.add = mixed
''',
    'a pointer is not followed': '''
import kiln_show
kiln_show.follow = lambda read, address, pointers: address
''',
    'an address is taken for the value': '''
import kiln_show.in_gdb as m
place = m.place
def where(inferior, runtime, value):
    address = place(inferior, runtime, value)
    if address:
        inferior.write_memory(runtime.value, address.to_bytes(8, 'little'))
    return address and runtime.value
m.place = where
''',
    '{:#?} in place of {:?}': '''
import kiln_show.in_gdb as m
real = m.show
m.show = lambda inferior, runtime, function, address, options=0: real(inferior, runtime, function, address, 1)
''',
    'what remains of the last text': '''
import kiln_show
length = kiln_show.length
kiln_show.length = lambda result: length(result) + 1
''',
}
# By name: what in the runtime becomes what.
RUNTIME = {
    'the panic hook prints': ('panic::set_hook(Box::new(|_| ()));', ''),
    'the panic hook is lost': ('if let Some(hook) = unsafe { (*HOOK.0.get()).take() } {', 'if let Some(hook) = unsafe { (*HOOK.0.get()).take() } && false {'),
    'a panic is let through': ('let result = panic::catch_unwind(print);', 'let result: std::thread::Result<fmt::Result> = Ok(print());'),
    'an error is a success': ('Ok(Err(_)) => ERROR,', 'Ok(Err(_)) => WHOLE,'),
}
