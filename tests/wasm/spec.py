#!/usr/bin/env python3
"""The official test suite of WebAssembly: every assertion of core 2.0, of the newest core and of the proposals that Kiln
takes.

    spec.py --runner=PROGRAM [--kiln=build/kiln] [--target=x86_64|aarch64] [--ways=memory,object] [--sample] [FILE...]

`--ways`: in memory, a file's modules are compiled into spec_runner's process; as objects, each by `kiln compile`, all of a
file linked into one shared library that spec_runner loads. What must be refused is given to both. Prints a line for
each folder and way: assertions passed, failed and skipped. FILE is a name as `wasm-v2/i32`; --sample takes some, and as
objects half of these.
`kiln compile` refuses with status 1 and a message; the suite's words for that are counted where the message has them.
"""
import argparse
import collections
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

import suite

SAMPLE = """
wasm-v2/br_table wasm-v2/call_indirect wasm-v2/conversions wasm-v2/elem wasm-v2/exports wasm-v2/float_misc wasm-v2/i32
wasm-v2/i64 wasm-v2/imports wasm-v2/linking wasm-v2/memory_copy wasm-v2/memory_grow wasm-v2/memory_trap wasm-v2/select
wasm-v2/skip-stack-guard-page wasm-v2/table_init wasm-v2/traps wasm-v2/binary wasm-v2/binary-leb128
wasm-v2/unreached-invalid proposals/tail-call/return_call proposals/simd/simd_i32x4_arith proposals/simd/simd_lane
proposals/simd/simd_conversions proposals/threads/atomic proposals/relaxed-simd/relaxed_min_max
proposals/exceptions/throw proposals/memory64/memory64 proposals/memory64/binary proposals/multi-memory/linking1
proposals/extended-const/global
""".split()
# Proposals, in the order of the bits KILN_WASM_TAIL_CALLS and so on, and what the files of each folder use: what others
# would accept, they expect to be refused (of multi-memory: bytes that were zero before).
PROPOSALS = ['tail-call', 'exceptions', 'memory64', 'multi-memory', 'extended-const', 'relaxed-simd', 'threads']
USED = {'wasm-latest': [p for p in PROPOSALS if p != 'threads'], 'simd': ['multi-memory'], 'exceptions': ['exceptions', 'tail-call'], 'multi-memory': ['multi-memory']}
TIMEOUT = 120
SYSROOT = '/usr/aarch64-linux-gnu'


class Counts:
    def __init__(self):
        self.passed = self.failed = self.texts = self.refused = 0
        self.skips = collections.Counter()

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.texts += other.texts
        self.refused += other.refused
        self.skips += other.skips


def refused(name):
    """The proposals that a file is run without."""
    folder = os.path.basename(os.path.dirname(name))
    used = USED.get(folder, [folder])
    return [p for p in PROPOSALS if p not in used]


class Suite:
    def __init__(self, args):
        self.args = args
        self.folder = suite.scripts()
        self.work = tempfile.mkdtemp(prefix='kiln-wasm-')
        self.cross = args.target == 'aarch64' and os.uname().machine != 'aarch64'
        self.emulator = ['qemu-aarch64', '-L', SYSROOT] if self.cross else []
        self.cc = 'aarch64-linux-gnu-gcc' if self.cross else 'gcc'

    def say(self, name, way, text):
        print(f'# {name} [{way}] {text}', flush=True)

    # ---- running ----

    def run_script(self, name, way, extra=()):
        """Counts of spec_runner's run of one file."""
        counts = Counts()
        bits = sum(1 << PROPOSALS.index(p) for p in refused(name))
        command = [*self.emulator, self.args.runner, f'--refuse={bits}', *extra, os.path.join(self.folder, name + '.script')]
        try:
            p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                               timeout=TIMEOUT)
            lines, ended = p.stdout.splitlines(), f'status {p.returncode}'
        except subprocess.TimeoutExpired:
            lines, ended = [], f'no end in {TIMEOUT} s'
        last = lines.pop().split() if lines else []
        if last[:1] != ['passed']:
            counts.failed += 1
            self.say(name, way, f'{ended}: ' + ' '.join(last))
        else:
            counts.passed, counts.failed, counts.texts = int(last[1]), int(last[3]), int(last[7])
        for line in lines:
            if line.startswith('skipped: '):
                counts.skips[line[len('skipped: '):]] += 1
            else:
                self.say(name, way, line)
        return counts

    # ---- objects ----

    def kiln_wasm(self, name, file, out, image):
        module = os.path.join(self.folder, os.path.dirname(name), file)
        return subprocess.run([self.args.kiln, 'compile', '--target=' + self.args.target, '--image=' + image, module,
                               '--refuse=' + ','.join(refused(name)), '--prefix=' + image + '_', '-o', out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors='replace')

    def refuse(self, name, words, counts):
        """What must be refused: `kiln compile` writes nothing and says why."""
        out = os.path.join(self.work, f'{name.replace("/", "_")}.refused.o')
        p = self.kiln_wasm(name, words[3], out, 'image')
        counts.refused += 1
        told = p.stdout.strip() and ' not supported' not in p.stdout # that says nothing of whether it is valid
        if p.returncode == 1 and told and not os.path.exists(out):
            counts.passed += 1
            counts.texts += bytes.fromhex(words[2][1:]).decode() in p.stdout
        else:
            counts.failed += 1
            self.say(name, 'object', f'{words[1]}: {words[0]}: status {p.returncode}: {p.stdout.strip()}')
            if os.path.exists(out):
                os.unlink(out)

    def make_library(self, name, counts):
        """The shared library of a file's modules, by lines of its script; what must be refused is counted."""
        objects = []
        library = os.path.join(self.work, name.replace('/', '_'))
        with open(os.path.join(self.folder, name + '.script')) as f:
            for index, line in enumerate(f):
                words = line.split()
                if words[0] in ('invalid', 'malformed'):
                    self.refuse(name, words, counts)
                elif words[0] in ('module', 'definition', 'unlinkable', 'uninstantiable'):
                    out = f'{library}.{index}.o'
                    p = self.kiln_wasm(name, words[3], out, f'image_{index}')
                    counts.passed += words[0] == 'definition' and p.returncode == 0
                    counts.failed += words[0] == 'definition' and p.returncode != 0
                    if p.returncode == 0:
                        objects.append(out)
                    else:
                        self.say(name, 'object', f'{words[1]}: {p.stdout.strip()}')
        if objects:
            mold = ['-fuse-ld=mold'] if shutil.which('mold') and not self.cross else []
            subprocess.run([self.cc, '-shared', '-nostdlib', *mold, '-o', library + '.so', *objects, '-lm'], check=True)
            for path in objects:
                os.unlink(path)
            return library + '.so'
        return None

    def run_objects(self, name):
        counts = Counts()
        library = self.make_library(name, counts)
        if library is None:  # nothing but refusals: an empty library
            library = os.path.join(self.work, f'{name.replace("/", "_")}.empty.so')
            subprocess.run([self.cc, '-shared', '-nostdlib', '-x', 'c', '/dev/null', '-o', library], check=True)
        counts.add(self.run_script(name, 'object', ['--load=' + library]))
        os.unlink(library)
        return counts

    def run_file(self, job):
        name, way = job
        return name, way, self.run_objects(name) if way == 'object' else self.run_script(name, way)

    # ---- all ----

    def files(self):
        names = [f'{folder}/{f[:-7]}' for folder in suite.FOLDERS
                 for f in sorted(os.listdir(os.path.join(self.folder, folder))) if f.endswith('.script')]
        chosen = self.args.files or (SAMPLE if self.args.sample else names)
        unknown = [n for n in chosen if n not in names]
        if unknown:
            sys.exit('no file ' + unknown[0])
        return chosen

    def run(self):
        total = collections.defaultdict(Counts)
        jobs = [(name, way) for way in self.args.ways.split(',')
                for name in self.files()[::2 if self.args.sample and way == 'object' else 1]]
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for name, way, counts in pool.map(self.run_file, jobs):
                total[os.path.dirname(name), way].add(counts)
                if self.args.tap:
                    self.tap(name, way, counts)
        shutil.rmtree(self.work)
        everything = Counts()
        for (folder, way), counts in sorted(total.items()):
            everything.add(counts)
            print(f'{self.mark()}{folder:<26}{self.args.target} {way:<7}{counts.passed:>7} passed {counts.failed:>5} '
                  f'failed {sum(counts.skips.values()):>5} skipped, {counts.texts} refusals with the suite\'s words')
        for reason, n in sorted(everything.skips.items()):
            print(f'{self.mark()}skipped ({n}): {reason}')
        if self.args.tap:
            print(f'1..{self.lines}')
        print(f'{self.mark()}{everything.passed} passed, {everything.failed} failed, '
              f'{sum(everything.skips.values())} skipped')
        return everything.failed > 0 or everything.passed == 0

    lines = 0

    def mark(self):
        return '# ' if self.args.tap else ''

    def tap(self, name, way, counts):
        self.lines += 1
        print(f'{"not " if counts.failed else ""}ok {self.lines} - {name}, {way}: {counts.passed} assertions', flush=True)
        for reason, n in counts.skips.items():
            self.lines += 1
            print(f'ok {self.lines} - {name}, {way}: {n} assertions # SKIP {reason}', flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--runner', required=True)
    p.add_argument('--kiln', default=os.path.join(suite.ROOT, 'build/kiln'))
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    p.add_argument('--ways', default='memory,object')
    p.add_argument('--sample', action='store_true')
    p.add_argument('--jobs', type=int, default=os.cpu_count())
    p.add_argument('--tap', action='store_true')
    p.add_argument('files', nargs='*')
    args = p.parse_args()
    args.kiln, args.runner = os.path.abspath(args.kiln), os.path.abspath(args.runner)
    sys.exit(Suite(args).run())


if __name__ == '__main__':
    main()
