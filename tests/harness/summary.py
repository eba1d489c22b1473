#!/usr/bin/env python3
"""Adds up what `meson test` wrote in build folders: summary.py [--times=FILE] [--costs=FILE] BUILD=FOLDER[:LOG]...

Prints the skipped cases with their reasons, CPU time, the failed cases with the command that runs each again, and
at last `N passed, N failed, N skipped`: the end of a long log shows what matters. Every case of a test that speaks
TAP counts, a test without cases counts as one, and so do a test that ends with an error though no case failed, and a
folder without results, because its build failed.
A case is named by its path, FOLDER/FILE: CASE where its test takes files one by one (suite `files`), TEST: CASE else.

FILE has lines of shell `times`, each after the name of what was done since the previous line: `building gcc`, tab,
user, system.

--costs is for a whole run: what it cost is printed and written into FILE in the form that tests/README.md has (costs.py)."""

import json
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import costs

COSTLIEST = 10


def path_of(test, case, suites):
    """Name of a case, and the name by which `./dev test` runs it."""
    case = re.sub(r'^\d+ - ', '', case)
    folder = re.sub(r'-[^/]*$', '', test)
    if not Path('tests', folder).is_dir():
        folder = folder.rpartition('/')[0]
    file = re.match(r'([\w.+-]+\.\w+): (.*)', case)
    if 'files' in suites and file and Path('tests', folder, file[1]).exists():
        return f'{folder}/{file[1]}: {file[2]} ({test})', f'{folder}/{file[1]}'
    return (f'{test}: {case}' if case and case != test else test), test


def cpu_seconds(suite):
    """The seconds that harness/cpu_time.sh printed after the results."""
    found = re.findall(r'^# CPU seconds: ([\d.]+) ([\d.]+)$', suite.findtext('system-out') or '', re.M)
    return sum(map(float, found[-1])) if found else 0.0


def reason_of(case):
    text = (case.findtext('system-out') or '').strip()
    return f': {text}' if text else ''


def ends_of(log):
    """How tests ended that did not end well, by name: one may end with an error after cases that passed, which the
    results of its cases do not say."""
    ends = {}
    for line in log.with_name(log.name.replace('.junit.xml', '.json')).read_text().splitlines():
        test = json.loads(line)
        if test['result'] in ('FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT'):
            ends[test['name']] = f"{test['result'].lower()}, exit status {test['returncode']}"
    return ends


class Summary:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.tests = 0, [], [], []

    def fail(self, build, what, name):
        other = re.search(r' \[(\w+)\]($| \()', what) # harness.py: not the test's own build
        if other:
            what, build = what.replace(other[0], other[2]), other[1]
        self.failed.append(f'{what} [{build}]; again: ./dev test --build={build} {name}'.rstrip())

    def add(self, build, log):
        if not log.exists():
            self.failed.append(f'{log.parent.parent}: no results [{build}]; again: ./dev test --build={build}')
            return
        ends = ends_of(log)
        for suite in xml.parse(log).getroot().iter('testsuite'):
            failed = len(self.failed)
            suites, _, test = suite.get('name').rpartition(' / ')
            suites = suites.split(':')[-1].split('+')
            self.tests.append((cpu_seconds(suite), test, build))
            for case in suite.iter('testcase'):
                what, name = path_of(test, case.get('name'), suites)
                if case.find('failure') is not None or case.find('error') is not None:
                    self.fail(build, what, name)
                elif case.find('skipped') is not None:
                    self.skipped.append(f'{what} [{build}]{reason_of(case)}')
                else:
                    self.passed += 1
            end = ends.get(suite.get('name').partition('.')[2])
            if end and len(self.failed) == failed:
                self.fail(build, f'{test}: {end}', test)

    def print_times(self, path, page):
        spent, before = [], 0.0
        for line in Path(path).read_text().splitlines():
            what, user, system = line.split('\t')
            now = seconds(user) + seconds(system)
            spent.append((what, now - before))
            before = now
        print(f'CPU time, user and system: {before:.0f} s, {before / 60:.1f} minutes: ' +
              ', '.join(f'{what} {s:.0f} s' for what, s in spent))
        lines = costs.text([(what.removeprefix('building '), s) for what, s in spent if what.startswith('building ')], before, *self.parts())
        print('\n'.join(lines if page else lines[costs.HEAD:]))
        if page:
            Path(page).write_text('\n'.join(lines) + '\n', encoding='utf-8')
        print('the costliest: ' + ', '.join(f'{name} [{build}] {s:.1f} s'
                                            for s, name, build in sorted(self.tests, reverse=True)[:COSTLIEST]))

    def parts(self):
        """Builds, and the CPU seconds of each folder's tests in each of them, the costliest folder first. The folders that
        cost one percent or less are one row."""
        builds = list(dict.fromkeys(build for _, _, build in self.tests))
        parts, others = {}, dict.fromkeys(builds, 0.0)
        for cost, test, build in self.tests:
            part = '/'.join(test.split('/')[:2 if test.startswith('run/') else 1])
            of = parts.setdefault(re.sub(r'-[^/]*$', '', part), dict.fromkeys(builds, 0.0))
            of[build] += cost
        least = sum(cost for cost, _, _ in self.tests) / 100
        for part in [part for part, of in parts.items() if sum(of.values()) <= least]:
            for build, s in parts.pop(part).items():
                others[build] += s
        rows = sorted(parts.items(), key=lambda row: -sum(row[1].values()))
        return builds, [(part, list(of.values())) for part, of in rows + [('all others', others)] * any(others.values())]

    def print(self):
        for name in self.failed:
            print(f'failed: {name}')
        print(f'{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped')


def seconds(text):
    minutes, _, rest = text.rstrip('s').partition('m')
    return int(minutes) * 60 + float(rest)


def main():
    summary, times, page = Summary(), None, None
    for argument in sys.argv[1:]:
        build, _, where = argument.partition('=')
        if build == '--times':
            times = where
            continue
        if build == '--costs':
            page = where
            continue
        folder, _, log = where.partition(':')
        summary.add(build, Path(folder, 'meson-logs', f'{log or "testlog-cpu_time.sh"}.junit.xml'))
    for name in summary.skipped:
        print(f'skipped: {name}')
    if times:
        summary.print_times(times, page)
    summary.print()
    return 1 if summary.failed or not summary.passed else 0


if __name__ == '__main__':
    sys.exit(main())
