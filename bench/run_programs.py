#!/usr/bin/env python3
"""Run time and text size of compiled programs, Kiln beside LLVM -O0 from the same bitcode.

run_programs.py BUILD [--program=NAME]... [--runs=N] [--json] [--prepare]

The programs are those of bench/programs/run/programs; what that fetches and builds stays in BUILD/cache/run. For each
program and level (-O0, and -O1 without vectors) clang makes bitcode, Kiln and llc -O0 objects of it; gcc -O1
is the scale. Run time is the least user time of N runs (default 7), one of each build in turn; text is the
sum of the objects' executable sections. Builds whose output differs from LLVM's, or that fail, fail the
bench. --prepare only builds with LLVM and gcc, and measures nothing.

Columns: seconds and bytes of LLVM -O0, Kiln's ratio to it, gcc -O1's ratio to LLVM's -O0; `!` marks a ratio
above 1.
"""
import concurrent.futures
import configparser
import glob
import hashlib
import json
import math
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, 'programs/run')
LEVELS = {'O0': ['-O0'], 'O1': ['-O1', '-fno-vectorize', '-fno-slp-vectorize']}
BUILDS = ['llvm_O0', 'kiln_O0', 'llvm_O1', 'kiln_O1', 'gcc_O1']
BOUNDS = {('O0', 'time'): 0.72, ('O0', 'text'): 0.90, ('O1', 'time'): 0.80}  # geometric means
RUN_LIMIT = 60  # seconds


class Failure(Exception):
    """A command failed; the text says which and how."""


def call(command, **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', **keywords)
    if done.returncode != 0:
        lines = done.stdout.splitlines()
        text = command if isinstance(command, str) else shlex.join(command)
        raise Failure('\n'.join([f'exit status {done.returncode}: {text}'] + lines[-12:]))
    return done.stdout


def text_bytes(objects):
    """Sizes of executable sections, as readelf names them."""
    total = 0
    for line in call(['readelf', '-SW'] + objects).splitlines():
        found = re.match(r'\s*\[ *\d+\]\s+\S+\s+PROGBITS\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(\S*X\S*)\s', line)
        if found:
            total += int(found[1], 16)
    return total


class Program:
    def __init__(self, name, keys, build):
        self.name, self.keys = name, keys
        self.kiln = os.path.abspath(os.path.join(build, 'kiln'))
        self.cache = os.path.abspath(os.path.join(build, 'cache'))
        self.work = os.path.join(self.cache, 'run', name)
        self.source = os.path.join(self.work, 'source') if 'package' in keys else BENCH
        self.folder = os.path.join(self.work, 'run')
        self.bytes = {}

    def environment(self, program=''):
        return {**os.environ, 'SRC': self.source, 'BENCH': BENCH, 'RUN': self.folder, 'PROGRAM': program,
                'LC_ALL': 'C.UTF-8'}

    def files(self):
        names, without = [], set()
        for word in self.keys['files'].replace('$BENCH', BENCH).split():
            pattern = os.path.join(self.source, word.lstrip('!'))
            found = sorted(glob.glob(pattern))
            if not found:
                raise Failure(f'no file {word}')
            if word[0] == '!':
                without.update(found)
            else:
                names += found
        return [n for n in names if n not in without]

    def path(self, build, name):
        return os.path.join(self.work, build, name)

    def compile_reference(self, name, build):
        """Compiles one C file by all compilers but Kiln."""
        flags = shlex.split(self.keys.get('flags', ''))
        base = self.object_base(name)
        if build == 'gcc_O1':
            call(['gcc', '-O1', '-w', '-fPIC', *flags, '-c', name, '-o', self.path(build, base + '.o')],
                 cwd=self.source)
            return
        level = build.split('_')[1]
        bitcode = self.path(level, base + '.bc')
        call(['clang-22', *LEVELS[level], '-w', '-fPIC', '-emit-llvm', *flags, '-c', name, '-o', bitcode],
             cwd=self.source)
        call(['llc-22', '-O0', '-relocation-model=pic', '-filetype=obj', bitcode, '-o',
              self.path(build, base + '.o')])

    def object_base(self, name):
        return os.path.relpath(name, self.source if name.startswith(self.source) else BENCH).replace('/', '_')[:-2]

    def bases(self):
        return [self.object_base(n) for n in self.files()]

    def recipe(self):
        """The files and flags that the reference builds and the input depend on."""
        digest = hashlib.sha256()
        for key in ('package', 'configure', 'files', 'flags', 'libs', 'input'):
            digest.update(repr((key, self.keys.get(key))).encode())
        words = ' '.join(self.keys.get(key, '') for key in ('files', 'input')).replace('$BENCH/', '')
        for word in words.split():
            if os.path.isfile(os.path.join(BENCH, word)):
                with open(os.path.join(BENCH, word), 'rb') as own:
                    digest.update(own.read())
        return digest.hexdigest()

    def prepare(self):
        """Source, input, bitcode, and all builds but Kiln's: once."""
        stamp, recipe = os.path.join(self.work, 'complete'), self.recipe()
        if os.path.exists(stamp) and open(stamp).read() == recipe:
            return
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in BUILDS + list(LEVELS) + ['run']:
            os.makedirs(os.path.join(self.work, folder))
        if 'package' in self.keys:
            fetch = os.path.join(HERE, '..', 'tests/harness/fetch_source.sh')
            done = subprocess.run([fetch, self.keys['package'], os.path.join(self.cache, 'sources')],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if not done.stdout.strip():
                raise Failure(f'no source of {self.keys["package"]}')
            shutil.copytree(done.stdout.strip(), self.source, symlinks=True)
        if 'configure' in self.keys:
            call(self.keys['configure'], shell=True, cwd=self.source, env={**self.environment(), 'CC': 'gcc'})
        jobs = [(n, b) for n in self.files() for b in ('llvm_O0', 'llvm_O1', 'gcc_O1')]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda job: self.compile_reference(*job), jobs))
        for build in ('llvm_O0', 'llvm_O1', 'gcc_O1'):
            self.link(build)
        if 'input' in self.keys:
            call(self.keys['input'], shell=True, cwd=self.folder, env=self.environment(self.path('llvm_O0', 'program')))
        with open(stamp, 'w') as out:
            out.write(recipe)

    def objects(self, build):
        return [self.path(build, base + '.o') for base in self.bases()]

    def link(self, build):
        call(['gcc', '-o', self.path(build, 'program'), *self.objects(build),
              *shlex.split(self.keys.get('libs', ''))])

    def compile_kiln(self, level):
        bitcode = [self.path(level, base + '.bc') for base in self.bases()]
        call([self.kiln, 'compile', *bitcode], cwd=os.path.join(self.work, 'kiln_' + level))
        self.link('kiln_' + level)

    def run(self, build):
        """User seconds, and a digest of all that was written."""
        outputs = [os.path.join(self.folder, n) for n in self.keys.get('outputs', '').split()]
        for name in outputs:
            if os.path.exists(name):
                os.remove(name)
        stdout = os.path.join(self.folder, 'stdout')
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        with open(stdout, 'wb') as out:
            done = subprocess.run(self.keys['run'], shell=True, cwd=self.folder, stdout=out,
                                  stderr=subprocess.PIPE, timeout=RUN_LIMIT,
                                  env=self.environment(self.path(build, 'program')))
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        if done.returncode != 0:
            raise Failure(f'{build}: exit status {done.returncode}: '
                          f'{done.stderr.decode(errors="replace")[-300:]}')
        digest = hashlib.sha256()
        for name in [stdout] + outputs:
            with open(name, 'rb') as data:
                digest.update(hashlib.sha256(data.read()).digest())
        return seconds, digest.hexdigest()


# ---- the table ----

def measure(program, runs):
    """A row: the least time of each build, text of each, what failed."""
    row = {'name': program.name, 'package': program.keys.get('package'), 'text': program.keys['text'],
           'seconds': {}, 'bytes': {}, 'failures': []}
    builds = []
    try:
        program.prepare()
    except (Failure, OSError) as e:
        row['failures'].append(str(e))
        return row
    for build in BUILDS:
        try:
            if build.startswith('kiln'):
                program.compile_kiln(build.split('_')[1])
            row['bytes'][build] = text_bytes(program.objects(build))
            builds.append(build)
        except Failure as e:
            row['failures'].append(f'{build}: {e}')
    want = None
    for i in range(runs):
        for build in list(builds):
            try:
                seconds, digest = program.run(build)
            except (Failure, OSError, subprocess.TimeoutExpired) as e:
                row['failures'].append(str(e))
                builds.remove(build)
                continue
            if want is None:
                want = digest
            elif digest != want:
                row['failures'].append(f"{build}: its output is not that of LLVM's at -O0")
                builds.remove(build)
                continue
            row['seconds'][build] = min(seconds, row['seconds'].get(build, seconds))
    row['ratios'] = ratios(row)
    return row


def ratios(row):
    """Kiln to LLVM of the same level, gcc -O1 to LLVM -O0."""
    out = {}
    for what, values in (('time', row['seconds']), ('text', row['bytes'])):
        for level in LEVELS:
            if f'kiln_{level}' in values and values.get(f'llvm_{level}'):
                out[f'{level}_{what}'] = values[f'kiln_{level}'] / values[f'llvm_{level}']
        if 'gcc_O1' in values and values.get('llvm_O0'):
            out[f'gcc_{what}'] = values['gcc_O1'] / values['llvm_O0']
    return out


RATIOS = ['O0_time', 'O0_text', 'O1_time', 'O1_text', 'gcc_time', 'gcc_text']


def means(rows):
    out = {}
    for key in RATIOS:
        values = [r['ratios'][key] for r in rows if key in r.get('ratios', {})]
        if values:
            out[key] = math.exp(sum(map(math.log, values)) / len(values))
    return out


def print_head():
    print('                       -O0 bitcode                      -O1 bitcode                  gcc -O1')
    print('            LLVM -O0         Kiln/LLVM    LLVM -O0         Kiln/LLVM    to LLVM, -O0')
    print(f"{'program':<11}{'s':>6}{'text':>9}{'time':>9}{'text':>7}  {'s':>8}{'text':>9}{'time':>9}{'text':>7}"
          f"  {'time':>9}{'text':>7}")


def ratio_cells(values):
    cells = []
    for key in RATIOS:
        mark = '!' if key != 'gcc_time' and key != 'gcc_text' and values.get(key, 0) > 1 else ' '
        cells.append(f'{values[key]:.3f}{mark}' if key in values else '-  ')
    return cells


def print_row(row):
    c = ratio_cells(row.get('ratios', {}))
    s = [f"{row['seconds'][b]:.3f}" if b in row['seconds'] else '-' for b in ('llvm_O0', 'llvm_O1')]
    t = [row['bytes'].get(b, 0) for b in ('llvm_O0', 'llvm_O1')]
    print(f"{row['name']:<11}{s[0]:>6}{t[0]:>9}{c[0]:>10}{c[1]:>7}  {s[1]:>7}{t[1]:>9}{c[2]:>10}{c[3]:>7}"
          f"  {c[4]:>9}{c[5]:>7}", flush=True)
    for text in row['failures']:
        print(f"  failed: {text}".replace('\n', '\n    '), flush=True)


def print_sum(rows, mean):
    c = ratio_cells(mean)
    print(f"{'geom. mean':<11}{'':>15}{c[0]:>10}{c[1]:>7}  {'':>16}{c[2]:>10}{c[3]:>7}  {c[4]:>9}{c[5]:>7}")
    print(f'\n{len(rows)} programs, {sum(r["package"] is not None for r in rows)} from Debian; bounds of the means: '
          + ', '.join(f'-{level} {what} {bound:.2f}' for (level, what), bound in BOUNDS.items())
          + '; no program above 1.00 at -O1')
    slow = [f"{r['name']} {r['ratios']['O1_time']:.3f}" for r in rows if r.get('ratios', {}).get('O1_time', 0) > 1]
    print('slower than LLVM -O0 from -O1 bitcode:', ', '.join(slow) if slow else 'none')
    failed = [r['name'] for r in rows if r['failures']]
    if failed:
        print('failed:', ', '.join(failed))


def command_line(usage, defaults):
    """The command's: the build's folder, names of programs, and what `defaults` has: numbers, texts and flags."""
    given = {'build': None, 'program': [], **defaults}
    for word in sys.argv[1:]:
        key, _, value = word.partition('=')
        default = defaults.get(key[2:]) if key.startswith('--') else None
        if key == '--program' and value:
            given['program'] += value.split(',')
        elif default is False and word == key:
            given[key[2:]] = True
        elif isinstance(default, str) and word != key:
            given[key[2:]] = value
        elif type(default) is int and value.isdigit() and int(value) > 0:
            given[key[2:]] = int(value)
        elif given['build'] is None and not word.startswith('-'):
            given['build'] = word
        else:
            sys.exit(usage)
    if given['build'] is None:
        sys.exit(usage)
    return given


def main():
    given = command_line(__doc__, {'runs': 7, 'json': False, 'prepare': False})
    build, names, runs, as_json = given['build'], given['program'], given['runs'], given['json']
    lists = configparser.ConfigParser(interpolation=None, delimiters=('=',), comment_prefixes=('#',))
    lists.read(os.path.join(BENCH, 'programs'))
    unknown = [n for n in names if n not in lists.sections()]
    if unknown:
        sys.exit(f'no program {unknown[0]}; there are: ' + ' '.join(lists.sections()))
    programs = [Program(n, dict(lists[n]), build) for n in lists.sections() if not names or n in names]
    if given['prepare']:
        failed = 0
        for p in programs:
            try:
                p.prepare()
                print(f"{p.name:<11}", *(f"{b} {p.run(b)[0]:.3f} s" for b in ('llvm_O0', 'llvm_O1', 'gcc_O1')), flush=True)
            except (Failure, OSError, subprocess.TimeoutExpired) as e:
                failed += 1
                print(f"{p.name}: {e}", flush=True)
        sys.exit(failed > 0)
    if not as_json:
        print_head()
    rows = []
    for p in programs:
        rows.append(measure(p, runs))
        if not as_json:
            print_row(rows[-1])
    mean = means(rows)
    if as_json:
        json.dump({'programs': rows, 'means': mean}, sys.stdout, indent=1)
        print()
    else:
        print_sum(rows, mean)
    sys.exit(any(r['failures'] for r in rows))


if __name__ == '__main__':
    main()
