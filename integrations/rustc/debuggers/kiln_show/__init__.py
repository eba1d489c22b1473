"""What the scripts for gdb and lldb share: the index of a program that was built by `kiln cargo --show`, and how a call of
its runtime ended (integrations/rustc/src/show and runtime/show.rs write and define both)."""
import re
import struct

SECTION = 'kiln_show'
VERSION = 2
# Bytes of a text, and seconds of a call.
MOST = 8192
SECONDS = 1.0

ENDS = {0: '', 1: '… <cut>', 2: ' <Debug returned an error>', 3: ' <Debug panicked>'}
TOO_LONG = '<Debug ran longer than %g s>' % SECONDS
PANICKED = '<Debug panicked>'
# An invalid instruction.
TRAPS = {'x86_64': b'\x0f\x0b', 'aarch64': b'\0\0\0\0'}
STOPPED = '<Debug was stopped by %s>'


# Files of packages that cargo unpacked (ir/debug/foreign.c of Kiln has the same folders). The index has no types of their
# variables; a name there may be that of a type of another version, which has another layout.
PACKAGES = re.compile(r'/registry/src/[^/]+-[0-9a-f]{16}/|/git/checkouts/[^/]+-[0-9a-f]{16}/')


class Runtime:
    """What a program has for calls: addresses of its functions and of its memory."""
    def __init__(self, words):
        self.version, self.show, self.restore, self.text, self.text_bytes, self.value, self.value_bytes, self.panics = words

    SIZE = 8 * 8

    @staticmethod
    def parse(data):
        runtime = Runtime(struct.unpack('<8Q', data))
        return runtime if runtime.version == VERSION else None


# What lldb calls types of Rust's within names of others, which it makes of C's types.
OF_C = {
    'unsigned char': 'u8', 'signed char': 'i8', 'unsigned short': 'u16', 'unsigned int': 'u32', 'unsigned long': 'u64',
    'unsigned __int128': 'u128', '__int128': 'i128', 'short': 'i16', 'int': 'i32', 'long': 'i64', 'double': 'f64', 'float': 'f32',
    'char32_t': 'char', 'void': '()', 'usize': 'u64', 'isize': 'i64', 'str': '[u8]',
}
WORDS = re.compile(r'(?<![\w:])(%s)(?![\w:])' % '|'.join(sorted(OF_C, key=len, reverse=True)))


def plain(name):
    """A name that both debuggers have: some types share one."""
    name = WORDS.sub(lambda m: OF_C[m[1]], name.replace(' >', '>'))
    while found := ARRAY.search(name):
        begin = element(name, found.start())
        text = name[begin:found.start()] + ('; ' + found[1] if found[1] else '')
        name = '%s[%s]%s' % (name[:begin], text, name[found.end():])
    return name


# An array of C's: its element is before.
ARRAY = re.compile(r'(?<=[\w>\])])\[(\d*)\]')
POINTERS = re.compile(r'(?:&(?:mut )?|\*(?:const|mut) )*$')


def element(name, end):
    """Where a type's name begins that ends there."""
    depth, begin = 0, end
    while begin and (depth or name[begin - 1] in ')>]' or re.match(r'[\w:]', name[begin - 1])):
        begin -= 1
        depth += (name[begin] in ')>]') - (name[begin] in '(<[')
    return begin - len(POINTERS.search(name[:begin])[0])


class Index:
    """By the name of a type: its size, its `fmt`, and how many pointers there are to what that takes: a reference is shown as
    what it refers to. Types that share a name and nothing else are not shown."""
    def __init__(self):
        self.table = None # the address of the runtime's table
        self.entries = {}
        self.plain = {}
        self.ambiguous = set()

    def add(self, data):
        """Adds a section's content."""
        at = 0
        while at + 24 <= len(data):
            function, hashed, size, length = struct.unpack_from('<QQII', data, at)
            pointers, length = length >> 24, length & 0xffffff
            name = data[at + 24:at + 24 + length].decode('utf-8', 'replace')
            at += (24 + length + 7) // 8 * 8
            if not function:
                continue
            if not length:
                self.table = function
                continue
            for names, key in (self.entries, name), (self.plain, plain(name)):
                known = names.setdefault(key, (size, hashed, function, pointers))
                if known[:2] != (size, hashed):
                    self.ambiguous.add(key if names is self.entries else (key,))

    def find(self, name, size):
        """The address of the `fmt` of a type, and the number of pointers; None: it has none."""
        key, entry = name, self.entries.get(name)
        if not entry:
            name = plain(name)
            key, entry = (name,), self.plain.get(name)
        return entry[2:] if entry and entry[0] == size and key not in self.ambiguous else None


def follow(read, address, pointers):
    """The address of what pointers at an address lead to; `read` reads bytes."""
    for _ in range(pointers):
        address, = struct.unpack('<Q', read(address, 8))
    return address


def ended(result, text):
    """What is shown after a call that returned `result`."""
    return text.decode('utf-8', 'backslashreplace') + ENDS.get(result >> 56, '')


def length(result):
    return result & (1 << 56) - 1
