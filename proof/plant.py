"""Plants the bugs of planted.py in a copy of the source, one at a time, builds the compiler, and proves the rows that the
bug's row names, or the functions of functions.kir or inlined.ll, until one fails."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import campaign
import functions
import pairs
import planted
import rows as table
from processor import PROCESSORS

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Copy:
    """A copy of the files that git tracks, or would add, and a build of it."""

    def __init__(self, folder):
        self.source, self.build = os.path.join(folder, 'source'), os.path.join(folder, 'build')
        names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT, check=True,
                               stdout=subprocess.PIPE).stdout.decode().split('\0')
        for name in filter(None, names):
            self.copy(name)
        if not os.path.exists(os.path.join(self.build, 'build.ninja')):
            subprocess.run(['meson', 'setup', '-Doptimization=0', '-Dbench=disabled', self.build, self.source], check=True,
                           stdout=subprocess.DEVNULL)
        self.kiln = os.path.join(self.build, 'kiln')

    def copy(self, name):
        """A file as it is here, if it is another one there."""
        here, there = os.path.join(ROOT, name), os.path.join(self.source, name)
        if not os.path.isfile(here):
            return
        os.makedirs(os.path.dirname(there), exist_ok=True)
        if not os.path.exists(there) or open(here, 'rb').read() != open(there, 'rb').read():
            shutil.copy(here, there)

    def plant(self, name, old, new):
        """Builds with a text replaced; why not, or None."""
        with open(os.path.join(ROOT, name), encoding='utf-8') as f:
            text = f.read()
        if text.count(old) != 1:
            return 'the text is there %d times' % text.count(old)
        with open(os.path.join(self.source, name), 'w', encoding='utf-8') as f:
            f.write(text.replace(old, new))
        done = subprocess.run(['ninja', '-C', self.build, 'kiln'], stdout=subprocess.PIPE, text=True, check=False)
        self.copy(name)
        return 'it does not build:\n' + done.stdout[-800:] if done.returncode else None


def found_by(kiln, target, only, rows):
    """The first row that fails, or None, and how many were tried."""
    chosen = [r for r in rows if only in r.name]
    with tempfile.TemporaryDirectory() as folder:
        c = campaign.Campaign(kiln, target, folder, 10)
        for k, r in enumerate(c.run(chosen), 1):
            if r.what == 'failed':
                return r, k
    return None, len(chosen)


def function_found_by(kiln, target, name):
    """The first function of a file that is not proved, as a result, or None, and how many were tried."""
    options = ['--inline'] if name == planted.INLINED else []
    with tempfile.TemporaryDirectory() as folder:
        obj, entries, signatures = functions.compiled(kiln, target, os.path.join(HERE, name), folder, options)
        for k, (name, entry) in enumerate(entries.items(), 1):
            what, why = functions.one(PROCESSORS[target](), obj, entry, signatures, 10, 60)
            if what in ('failed', 'doubtful'):
                return campaign.Result(table.Row('function ' + name, '', '', ''), what, why), k
    return None, len(entries)


def run(only):
    """True if every bug with a text in its name is found."""
    copy = Copy(os.path.join(ROOT, 'build', 'prove'))
    rows = {target: table.make(target) + pairs.make(target) for target in ('x86_64', 'aarch64')}
    missed = n = 0
    signal.signal(signal.SIGVTALRM, functions.late)
    for what, target, name, old, new, text in planted.PLANTED:
        if not all(word in '%s: %s' % (text, what) for word in only):
            continue
        n += 1
        start = time.process_time()
        problem = copy.plant(name, old, new)
        row, tried = (None, 0) if problem else \
            function_found_by(copy.kiln, target, text) if text in (planted.FUNCTION, planted.INLINED) else found_by(copy.kiln, target, text, rows[target])
        missed += row is None
        seconds = time.process_time() - start
        if row:
            print('found: %s: %s: %s (row %d of those, %.1f s)' % (target, what, row.row.name, tried, seconds), flush=True)
        else:
            print('NOT FOUND: %s: %s: %s' % (target, what, problem or '%d rows hold' % tried), flush=True)
    print('%d of %d planted bugs found' % (n - missed, n))
    return missed == 0
