#!/usr/bin/env python3
"""Tells what `meson test` is to run for the names given to `./dev test`: choose.py FOLDER SUITE [NAME...]

FOLDER is configured; SUITE is the one that runs there when all tests are run, or `all`. A NAME is a
test, the beginning of several (`run/lua`) or their folder (`unit`, `run/abi/`), a test's source
(`tests/unit/verify.c`), or a file of a test that takes files one by one (`kir/flow.kir`); what follows a colon, the
case, is ignored. Prints the files on a line of their own, which become KILN_TEST_FILES, then the tests, one a line.
Without a name: all tests.

choose.py --needs FOLDER SUITE prints what ninja has to build for them."""

import json
import re
import subprocess
import sys
from pathlib import Path


def introspect(folder, what):
    return json.loads(subprocess.run(['meson', 'introspect', what, folder], check=True, capture_output=True, text=True).stdout)


def registered(folder, suite):
    """Tests of a build folder: name, its suites, its targets."""
    for test in introspect(folder, '--tests'):
        own = {s.rpartition(':')[2] for s in test['suite']}
        if suite == 'all' or suite in own:
            yield test['name'], own, test['depends']


def needs(folder, suite):
    """Files that the tests of a suite need, as ninja names them."""
    wanted = {target for _, _, targets in registered(folder, suite) for target in targets}
    root = Path(folder).resolve()
    return sorted({str(Path(f).relative_to(root)) for t in introspect(folder, '--targets') if t['id'] in wanted for f in t['filename']})


def source_folder(test):
    """The folder of the files that a test takes: below tests/, the longest that its name begins with."""
    folder = re.sub(r'-[^/]*$', '', test)
    return folder if Path('tests', folder).is_dir() else folder.rpartition('/')[0]


def find(name, tests):
    """Gives (tests, file or None) of a name."""
    name = re.sub(r'^(\./)?(tests/)?', '', name.partition(':')[0])
    for candidate in name, re.sub(r'\.\w+$', '', name):
        if candidate in tests:
            return [candidate], None
        found = [t for t in tests if t.startswith((candidate.rstrip('/') + '/', candidate + '-'))]
        if found:
            return found, None
    folder, _, file = name.rpartition('/')
    return [t for t, suites in tests.items() if 'files' in suites and source_folder(t) == folder and '.' in file], file


def main():
    if sys.argv[1] == '--needs':
        print('\n'.join(needs(*sys.argv[2:])))
        return
    folder, suite, *names = sys.argv[1:]
    tests = {name: suites for name, suites, _ in registered(folder, suite)}
    chosen, files, whole = {}, [], not names
    for name in names:
        found, file = find(name, tests)
        chosen.update(dict.fromkeys(found))
        if file and found:
            files.append(file)
        whole |= any('files' in tests[t] for t in found) and not file
    print('' if whole else ' '.join(files))
    print('\n'.join(chosen if names else tests))


if __name__ == '__main__':
    main()
