#!/usr/bin/env python3
"""rehearse.py: `./dev release --rehearse` in a small tree with a `dev` and a table of its own: a command without a row, a red
step, a step that is interrupted, what a second run and another machine do, what a step changes. Speaks TAP."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / 'packaging/release/rehearse.py'
# Each step says in the file `ran` outside of the clone that it ran.
DEV = '''#!/bin/sh
[ "$1" != help ] || { echo cases; echo red; echo slow; echo 'slow --option'; echo writes; echo hidden; echo unused; exit; }
echo "$*" >> @TOP@/ran
case $1 in
  cases) echo "ok 1 - a"; echo "ok 2 - b # SKIP no such machine"; echo "ok 3 - c"; echo "not ok 4 # SKIP d" ;;
  red) exit "$(cat @TOP@/status)" ;;
  slow) [ -e @TOP@/quick ] || { echo $$ > @TOP@/pid; touch @TOP@/began; exec sleep 1000; } ;;
  writes) echo more >> file; echo "all 5 times"; echo "decoded, not run: 2: rdpru, xrstor" ;;
  hidden) echo "3 passed, $(cat @TOP@/hidden) failed, 0 skipped" ;;
esac
'''
TABLE = '''# command|arguments|sample
cases||-
red||-
slow|{a,b}|-
slow --option||--less
writes|{1..2}|-
hidden||-
unused|none|it is for people
'''.replace('|', '\t')
tap = Tap()


class Tree:
    def __init__(self, top: Path):
        self.top, self.tree, self.results = top, top / 'tree', top / 'results'
        (self.tree / 'packaging/release').mkdir(parents=True)
        (self.tree / 'dev').write_text(DEV.replace('@TOP@', str(top)))
        (self.tree / 'dev').chmod(0o755)
        (self.tree / 'file').write_text('text\n')
        (top / 'status').write_text('0')
        (top / 'hidden').write_text('0')
        (top / 'quick').touch()
        self.git('init', '-q')
        self.table(TABLE)

    def git(self, *words):
        subprocess.run(['git', '-c', 'user.name=test', '-c', 'user.email=test@invalid', *words], cwd=self.tree, check=True)

    def table(self, text):
        (self.tree / 'packaging/release/steps.tsv').write_text(text)
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', 'tree')

    def words(self, *options):
        return [sys.executable, str(SCRIPT), f'--root={self.tree}', f'--results={self.results}', *options]

    def run(self, *options):
        """Status, what was printed, and the steps that ran."""
        (self.top / 'ran').write_text('')
        done = subprocess.run(self.words(*options), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout, (self.top / 'ran').read_text().splitlines()

    def page(self):
        return (self.results / 'rehearsal.md').read_text()

    def left(self, name):
        return json.loads((self.results / f'{name}.json').read_text())


def expect(name, got, wanted):
    tap.case(name, '' if got == wanted else f'{got!r} instead of {wanted!r}')


ALL = ['cases', 'red', 'slow a', 'slow b', 'slow --option', 'writes 1', 'writes 2', 'hidden']


def tables(tree):
    """What is wrong with a table is an error, before anything runs."""
    for name, text, wanted in [
            ('a command without a row', TABLE.replace('red\t\t-\n', ''), 'no row for ./dev red'),
            ('an option that is a command, without a row', TABLE.replace('slow --option\t\t--less\n', ''), 'no row for ./dev slow --option'),
            ('a row without a command', TABLE + 'more\t\t-\n', 'has no command more'),
            ('no step, without a reason', TABLE.replace('it is for people', ''), 'unused: none, without a reason'),
            ('a step that is there twice', TABLE + 'slow\tb\t-\n', 'twice: slow b'),
            ('a row with too few columns', TABLE + 'slow\tc\n', 'not three columns')]:
        tree.table(text)
        status, said, ran = tree.run()
        tap.case(f'{name} is an error', '' if status == 1 and wanted in said and not ran else f'status {status}, ran {ran}: {said}')
    tree.table(TABLE)


def greens(tree):
    status, said, ran = tree.run('--only=cases', '--only=slow a')
    expect('--only runs the steps that it names', (status, ran), (0, ['cases', 'slow a']))
    expect('cases are counted', [tree.left('cases')[k] for k in ('passed', 'failed', 'skipped')], [2, 0, 2])
    tap.case('the page names skips', '' if all(f'`cases`: {said}' in tree.page() for said in ('b # SKIP no such machine', '# SKIP d')) else tree.page())
    tap.case('and is not resolved', '' if '6 steps were not run' in tree.page() and 'Resolved' not in tree.page() else tree.page())
    status, said, ran = tree.run()
    expect('what has passed does not run again', (status, ran), (0, ALL[1:2] + ALL[3:]))
    tap.case('all green is resolved', '' if '**Resolved**' in tree.page() else tree.page())
    expect('what a step changes is kept', '+more' in (tree.results / 'writes-1.diff').read_text(), True)
    expect('and is not there for the next', (tree.results / 'writes-2.diff').read_text().count('more'), 1)
    expect('what is left out in other words', tree.left('writes-1')['skips'], ['decoded, not run: 2: rdpru, xrstor'])
    tap.case('the page says what is no step', '' if '`./dev unused`: it is for people' in tree.page() else tree.page())
    expect('--sample has arguments of its own', tree.run('--sample', '--only=slow --option', '--list')[1].split('./dev ')[1:], ['slow --option --less\n'])
    expect('nothing is selected: an error', tree.run('--only=sl')[0], 1)


def others(tree):
    """Another folder with copies of the results, as on another machine; then another commit."""
    here, tree.results = tree.results, tree.top / 'other'
    tree.results.mkdir()
    for name in ('cases', 'slow-b'):
        (tree.results / f'{name}.json').write_bytes((here / f'{name}.json').read_bytes())
    expect('another machine goes on from the files', tree.run()[2], [s for s in ALL if s not in ('cases', 'slow b')])
    tree.results = here
    (tree.tree / 'file').write_text('other\n')
    status, said, ran = tree.run()
    expect('what is not committed is not rehearsed', (status, ran), (1, []))
    tree.table(TABLE)
    expect('another commit begins from the start', tree.run()[2], ALL)


def reds(tree):
    tree.table(TABLE)
    (tree.top / 'status').write_text('3')
    status, said, ran = tree.run()
    expect('a red step: the others run, and the end is red', (status, ran), (1, ALL))
    tap.case('it is named', '' if '**Red**: `red`.' in tree.page() and 'Resolved' not in tree.page() and 'RED: ./dev red' in said else tree.page())
    expect('its status is kept', tree.left('red')['status'], 3)
    expect('it alone runs again', tree.run()[::2], (1, ['red']))
    (tree.top / 'status').write_text('0')
    expect('and may then be green', tree.run()[::2], (0, ['red']))
    tree.table(TABLE)
    (tree.top / 'hidden').write_text('2')
    status, _, _ = tree.run('--only=hidden')
    expect('failed cases are red whatever the status is', (status, tree.left('hidden')['status']), (1, 0))
    (tree.top / 'hidden').write_text('0')


def interrupted(tree, number):
    tree.table(TABLE)
    (tree.top / 'quick').unlink()
    (tree.top / 'began').unlink(missing_ok=True)
    with subprocess.Popen(tree.words(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while not (tree.top / 'began').exists() and run.poll() is None: time.sleep(0.02)
        os.kill(run.pid, number)
        status = run.wait()
    expect(f'{signal.Signals(number).name} ends it', status, 130)
    state = Path('/proc', (tree.top / 'pid').read_text().strip(), 'stat')
    expect('and the step', state.exists() and state.read_text().split()[2] != 'Z', False)
    expect('which leaves no result', (tree.results / 'slow-a.json').exists(), False)
    (tree.top / 'quick').touch()
    expect('and runs again', tree.run()[::2], (0, ALL[2:]))


def main():
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(Path(name))
        tables(tree)
        greens(tree)
        others(tree)
        reds(tree)
        for number in (signal.SIGINT, signal.SIGTERM): interrupted(tree, number)
    status = subprocess.run([sys.executable, SCRIPT, '--list'], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tap.case("this tree's table has every command of ./dev", status.stdout if status.returncode else '')
    tap.finish()


if __name__ == '__main__':
    sys.exit(main())
