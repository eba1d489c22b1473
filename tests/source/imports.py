#!/usr/bin/env python3
"""imports.py [--planted]: each module that a Python file of this tree imports is Python's own, is in the tree, or is one of OUTSIDE.
Many scripts run in no test, and would not be missed.

--planted: fails if a module that is nowhere would not be found.
"""
import ast
import os
import subprocess
import sys

# Packages, what debuggers and rustc bring, and a module that a campaign builds.
OUTSIDE = {'bitwuzla', 'gdb', 'gdb_lookup', 'lldb', 'numpy', 'pypcode', 'pytest', 'shelf', 'wasmtime', 'z3'}


def missing(text, known):
    """Modules that a text imports, and that are not known."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        else:
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
        yield from (name for name in names if name.split('.')[0] not in known)


def main():
    files = subprocess.run(['git', 'ls-files', '*.py'], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    known = set(sys.stdlib_module_names) | OUTSIDE
    known |= {os.path.basename(name)[:-3] for name in files} | {os.path.basename(os.path.dirname(name)) for name in files}
    if '--planted' in sys.argv[1:]:
        found = list(missing('import os, no_such_module\nfrom no_such_other import x\nfrom . import figures\n', known))
        sys.exit(found != ['no_such_module', 'no_such_other'] and 'found: %s' % found)
    bad = []
    for file in files:
        with open(file, encoding='utf-8') as f:
            bad += ['%s imports %s' % (file, name) for name in missing(f.read(), known)]
    sys.exit('\n'.join(bad) or 0)


if __name__ == '__main__':
    main()
