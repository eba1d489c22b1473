#!/usr/bin/env python3
"""api_files.py: checks docs/architecture.md's table of where public functions are defined, by the header that declares
them. Prints each function that is elsewhere, or nowhere, and each header without a row."""
import fnmatch
import glob
import re
import subprocess
import sys

TABLE = 'docs/architecture.md'
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


def rows():
    """Patterns of files by header."""
    text = open(TABLE).read().split('| declared in | defined in |', 1)[1].split('\n\n', 1)[0]
    return {header: re.findall(r'[a-z]+/[\w*/]+\.c', files)
            for headers, files in re.findall(r'^\| ([a-z_., h]+) \| (.*) \|$', text, re.M)
            for header in headers.split(', ')}


def declared(header):
    return set(re.findall(r'KILN_API[^;{(]*?\b(kiln_\w+)\(', COMMENT.sub('', open(header).read())))


def defined():
    """The file that defines each public function."""
    found = {}
    for name in subprocess.check_output(['git', 'ls-files', '*.c'], text=True).split():
        if not name.startswith(('bench/', 'examples/', 'fuzz/', 'tests/', 'tools/')):
            text = COMMENT.sub('', open(name).read())
            for function in re.findall(r'^(?!static)\w[^\n;=#(]*?\b(kiln_\w+)\([^;{]*\)\s*\{', text, re.M):
                found[function] = name
    return found


def main():
    table, files, bad = rows(), defined(), 0
    for path in sorted(glob.glob('include/kiln/*.h')):
        header = path.rsplit('/', 1)[1]
        functions = declared(path)
        if functions and header not in table:
            print('%s has no row in %s' % (header, TABLE))
            bad = 1
        if not any(function in files for function in functions):
            continue  # declared ahead of what implements it
        for function in sorted(functions):
            at = files.get(function)
            if at is None or not any(fnmatch.fnmatch(at, p) for p in table.get(header, ())):
                print('%s of <kiln/%s>: %s' % (function, header, 'defined in ' + at if at else 'not found'))
                bad = 1
    return bad


sys.exit(main())
