#!/usr/bin/env python3
"""rehearse.py [--list] [--sample] [--only=TEXT]... [--results=FOLDER] [--clone=FOLDER]: rehearses a release of the commit
that is checked out: runs every test and measurement that the project has, in a new clone, and writes a page with all results.

Its steps are the commands that `./dev help` names, with the arguments of packaging/release/steps.tsv. A command without a row
there is an error. What takes more than two hours is cut in parts, each a step of its own.

--list      prints the steps, and which of them have passed
--sample    each step with arguments by which it takes less than five minutes; steps without such are left out
--only      the steps whose command line begins with the words TEXT
--results   default: build/release/rehearsal
--clone     default: RESULTS/clone; made unless it is there

A step leaves RESULTS/STEP.json (commit, command, status, start, CPU and clock time, cases passed, failed and skipped, names of
skips, machine), STEP.log, and STEP.diff where it changed files that git tracks; the clone then gets its own files back. The next
run of the same commit goes on after the steps that passed; a step that was interrupted or failed runs again. Another machine goes
on from a copy of RESULTS. RESULTS/rehearsal.md is the page; it can be read at any time, and is written after each step.

Exit status 0 if all steps that were selected are green. The page says "resolved" if those of the whole table are."""
import argparse
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = 'packaging/release/steps.tsv'
# How tests and campaigns say that they leave something out: ./dev test, harness.py, TAP, and others in words of their own.
SKIPS = re.compile(r'''(?mx)^(?: skipped:[ ] | (?:\#[ ])? skipped[ ](?=\(\d+\):[ ]) | (?:not[ ])?ok[ ]\d+[ ](?:-[ ])? (?=.*\#[ ]SKIP)
                   | (?=[^:\n]*\b(?:not[ ]run|not[ ]compared|left[ ]out)\b[^:\n]*:[ ]) )(.*)$''')
LONG = 2 * 3600  # seconds of a step that should have been cut in parts


class Wrong(Exception):
    """What keeps a rehearsal from beginning."""


# ---- the table ----

def commands(root: Path) -> list:
    """Those that `./dev help` prints."""
    return subprocess.run([root / 'dev', 'help', '--names'], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()


def rows(root: Path) -> list:
    """(command, arguments, sample) of each row. Raises Wrong if these are not exactly the commands of ./dev."""
    lines = [line for line in (root / TABLE).read_text(encoding='utf-8').splitlines() if line and line[0] != '#']
    table = [tuple(line.split('\t')) for line in lines]
    wrong = [f'{TABLE}: not three columns: {" ".join(row)}' for row in table if len(row) != 3]
    wrong += [f'{TABLE}: {row[0]}: none, without a reason' for row in table if row[1:] == ('none', '')]
    there, known = {row[0] for row in table}, commands(root)
    wrong += [f'{TABLE} has no row for ./dev {name}' for name in known if name not in there]
    wrong += [f'{TABLE}: ./dev has no command {name}' for name in sorted(there.difference(known))]
    if wrong: raise Wrong('\n'.join(wrong))
    return table


def expand(arguments: str, root: Path) -> list:
    """Every text that an argument column stands for."""
    parts = re.split(r'(\{[^}]*\})', arguments)
    return [''.join(chosen).strip() for chosen in itertools.product(*(choices(part, root) for part in parts))]


def choices(part: str, root: Path) -> list:
    if part[:1] != '{': return [part]
    inner = part[1:-1]
    numbers = re.fullmatch(r'(\d+)\.\.(\d+)', inner)
    if numbers: return [str(n) for n in range(int(numbers[1]), int(numbers[2]) + 1)]
    if inner[0] != '!': return inner.split(',')
    said = subprocess.run(shlex.split(inner[1:]), cwd=root, check=True, text=True, stdout=subprocess.PIPE).stdout
    names = [line.split()[0] for line in said.splitlines() if line.split()]
    if not names: raise Wrong(f'{TABLE}: {inner[1:]} lists nothing')
    return names


def steps(root: Path, sample: bool) -> list:
    """The command lines after ./dev, in order."""
    found = []
    for command, arguments, less in rows(root):
        column = less if sample else arguments
        if arguments != 'none' and column != '-':
            found += [f'{command} {words}'.strip() for words in expand(column, root)]
    twice = sorted({step for step in found if found.count(step) > 1})
    if twice: raise Wrong(f'{TABLE}: twice: {", ".join(twice)}')
    return found


# ---- a step ----

def counted(log: str) -> dict:
    """Cases in what a step printed: the summaries of `./dev test`'s kind, or else lines of TAP. None where it counts none."""
    sums = [tuple(map(int, found)) for found in re.findall(r'(?m)^(?:.*: )?(\d+) passed, (\d+) failed, (\d+) skipped', log)]
    cases = re.findall(r'(?m)^(not )?ok \d+(.*)$', log)
    skips = re.findall(SKIPS, log)
    if sums:
        passed, failed, skipped = map(sum, zip(*sums))
    elif cases:
        failed = sum(bool(wrong) and '# SKIP' not in rest for wrong, rest in cases)  # a skip of cmocka is `not ok`
        skipped = sum('# SKIP' in rest for _, rest in cases)
        passed = len(cases) - failed - skipped
    else:
        passed = failed = skipped = None
    return {'passed': passed, 'failed': failed, 'skipped': skipped, 'skips': skips}


def machine() -> str:
    """The processor, its threads, the memory and the system."""
    info = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    model = re.search(r'(?m)^model name\s*: (.*)$', info)
    system = re.search(r'(?m)^PRETTY_NAME="(.*)"', Path('/etc/os-release').read_text(encoding='utf-8'))
    gigabytes = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9
    return f'{model[1] if model else os.uname().machine}, {os.cpu_count()} threads, {gigabytes:.0f} GB, {system[1] if system else "Linux"}'


class Rehearsal:
    def __init__(self, root: Path, results: Path, clone: Path):
        self.root, self.results, self.clone = root, results.resolve(), clone.resolve()
        self.commit = git(root, 'rev-parse', 'HEAD')

    def path(self, step: str, end: str) -> Path:
        return self.results / (re.sub(r'[^A-Za-z0-9.=,+]+', '-', step).strip('-') + end)

    def result(self, step: str):
        """What a step of this commit left; None if nothing."""
        try:
            left = json.loads(self.path(step, '.json').read_text(encoding='utf-8'))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return left if left['commit'] == self.commit and left['step'] == step else None

    def make_clone(self):
        if not (self.clone / '.git').exists():
            git(self.root, 'clone', '-q', '--no-checkout', str(self.root), str(self.clone))
        if subprocess.run(['git', 'cat-file', '-e', self.commit], cwd=self.clone, stderr=subprocess.DEVNULL).returncode:
            git(self.clone, 'fetch', '-q', str(self.root), self.commit)
        git(self.clone, 'checkout', '-q', '--force', '--detach', self.commit)

    def run(self, step: str) -> dict:
        """Runs a step. Its result is written when it has ended; if this program is ended before, there is none."""
        self.path(step, '.json').unlink(missing_ok=True)
        self.path(step, '.diff').unlink(missing_ok=True)
        log, start = self.path(step, '.log'), time.time()
        with log.open('wb') as out:
            child = subprocess.Popen(['./dev', *step.split()], cwd=self.clone, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, 'DEV_YES': '1'})
            try:
                _, status, used = os.wait4(child.pid, 0)
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                raise
        text = log.read_text(encoding='utf-8', errors='replace')
        code = os.waitstatus_to_exitcode(status)
        count = counted(text)
        lines = [line for line in text.splitlines() if line.strip()]
        left = {'step': step, 'commit': self.commit, 'status': code, 'green': code == 0 and not count['failed'],
                'start': time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(start)), 'clock': round(time.time() - start, 1),
                'cpu': round(used.ru_utime + used.ru_stime, 1), **count, 'last': lines[-1][:300] if lines else '', 'log': log.name,
                'machine': machine()}
        changed = git(self.clone, 'diff', 'HEAD')
        if changed:
            left['diff'] = self.path(step, '.diff').name
            self.path(step, '.diff').write_text(changed + '\n', encoding='utf-8')
            git(self.clone, 'checkout', '-q', '--force', self.commit)
        new = self.path(step, '.new')
        new.write_text(json.dumps(left, indent=1) + '\n', encoding='utf-8')
        new.rename(self.path(step, '.json'))
        return left


def git(root, *words):
    return subprocess.run(['git', *words], cwd=root, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


# ---- the page ----

HEAD = '''# Rehearsal of a release

{verdict}

Commit {commit}, {green} of {all} steps green. A step is repeated in a new clone by the command in its row:

```sh
git clone REPOSITORY kiln && cd kiln && git checkout {commit}
DEV_YES=1 ./dev STEP
```

| `./dev` | result | passed | failed | skipped | CPU s | clock s | start | log | last line |
|---|---|---|---|---|---|---|---|---|---|
'''


def cell(value) -> str:
    return '' if value is None else str(value).replace('|', '\\|')


def row_of(step: str, left) -> str:
    if not left: return f'| `{step}` | not run | | | | | | | | |'
    said = 'green' if left['green'] else f'RED, status {left["status"]}'
    logs = left['log'] + (f', {left["diff"]}' if 'diff' in left else '')
    values = [f'`{step}`', said, *(left[k] for k in ('passed', 'failed', 'skipped', 'cpu', 'clock', 'start')), logs, left['last']]
    return f'| {" | ".join(map(cell, values))} |'


def verdict(step_results: list, sample: bool) -> str:
    red = [step for step, left in step_results if left and not left['green']]
    missing = [step for step, left in step_results if not left]
    if red: return f'**Red**: {", ".join(f"`{step}`" for step in red)}.' + (f' Not run: {len(missing)}.' if missing else '')
    if missing: return f'Not complete: {len(missing)} steps were not run.'
    return 'All steps of the sample are green; the rehearsal is not run by that.' if sample else '**Resolved**: every step is green.'


def page(rehearsal: Rehearsal, names: list, sample: bool) -> str:
    done = [(step, rehearsal.result(step)) for step in names]
    ran = [(step, left) for step, left in done if left]
    text = HEAD.format(verdict=verdict(done, sample), commit=rehearsal.commit, green=sum(left['green'] for _, left in ran), all=len(names))
    text += '\n'.join(row_of(step, left) for step, left in done) + '\n'
    for title, lines in [
            ('Machines', sorted({left['machine'] for _, left in ran})),
            ('Took more than two hours, and are to be cut', [f'`{step}`' for step, left in ran if left['clock'] > LONG]),
            ('Skipped cases', [f'`{step}`: {name}' for step, left in ran for name in left['skips']]),
            ('Commands that are no steps', [f'`./dev {name}`: {why}' for name, how, why in rows(rehearsal.root) if how == 'none'])]:
        text += f'\n## {title}\n\n' + ('\n'.join(f'- {line}' for line in lines) or 'None.') + '\n'
    return text


# ---- the loop ----

def chosen(names: list, only: list) -> list:
    """The steps that begin with the words of one of the texts."""
    found = [step for step in names if not only or any(step.split()[:len(o.split())] == o.split() for o in only)]
    if not found: raise Wrong(f'no step begins with {", ".join(only)}; --list names them')
    return found


def rehearse(rehearsal: Rehearsal, names: list, selected: list, sample: bool) -> int:
    if git(rehearsal.root, 'status', '--porcelain'): raise Wrong('something is not committed: a commit is rehearsed')
    rehearsal.results.mkdir(parents=True, exist_ok=True)
    rehearsal.make_clone()
    red = 0
    for step in selected:
        left = rehearsal.result(step)
        if not left or not left['green']:
            print(f'== ./dev {step}', flush=True)
            left = rehearsal.run(step)
            (rehearsal.results / 'rehearsal.md').write_text(page(rehearsal, names, sample), encoding='utf-8')
        red += not left['green']
        print(f'{"green" if left["green"] else "RED"}: ./dev {step}: {left["cpu"]} s CPU, {left["clock"]} s; {left["last"]}', flush=True)
    (rehearsal.results / 'rehearsal.md').write_text(page(rehearsal, names, sample), encoding='utf-8')
    print(f'{len(selected) - red} green, {red} red, {len(names) - len(selected)} not selected: {rehearsal.results / "rehearsal.md"}')
    return int(red > 0)


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--list', action='store_true')
    p.add_argument('--sample', action='store_true')
    p.add_argument('--only', action='append', default=[])
    p.add_argument('--results', type=Path)
    p.add_argument('--clone', type=Path)
    p.add_argument('--root', type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = p.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = args.results or args.root / 'build/release' / ('sample' if args.sample else 'rehearsal')
    names = steps(args.root, args.sample)
    selected = chosen(names, args.only)
    rehearsal = Rehearsal(args.root, results, args.clone or results / 'clone')
    if args.list:
        for step in selected:
            left = rehearsal.result(step)
            print(f'{"not run" if not left else "green" if left["green"] else "RED":8}./dev {step}')
        return 0
    return rehearse(rehearsal, names, selected, args.sample)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except Wrong as e:
        sys.exit(f'rehearse: {e}')
    except KeyboardInterrupt:
        print('rehearse: interrupted; the same command goes on with this step', file=sys.stderr)
        sys.exit(130)
