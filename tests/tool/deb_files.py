#!/usr/bin/env python3
"""Each file that a build installs belongs to exactly one of the Debian packages (debian/*.install), and each pattern
there names something, installed or, for those without a place in an installation, built. Packages that share a file cannot be installed together. `./dev deb-test` builds, installs and
uses the packages themselves.

usage: deb_files.py BUILD
"""
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')


def installed(build, work):
    """Paths of what is installed, below the prefix usr, with libraries where packages have them; a folder's own name is no path."""
    subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet'], env={**os.environ, 'DESTDIR': work}, check=True)
    top = next(d for d, folders, _ in os.walk(work) if 'bin' in folders)
    options = json.loads(subprocess.run(['meson', 'introspect', '--buildoptions', build], check=True, stdout=subprocess.PIPE).stdout)
    libraries = next(o['value'] for o in options if o['name'] == 'libdir')
    paths = [os.path.relpath(os.path.join(d, f), top) for d, _, files in os.walk(top) for f in files]
    return [os.path.join('usr', re.sub(r'^%s/(?!kiln/)' % re.escape(libraries), 'lib/%s-linux-gnu/' % os.uname().machine, path)) for path in paths]


def built(build):
    """Paths below the build's folder of what it makes; nothing is in a folder whose part is not configured."""
    targets = json.loads(subprocess.run(['meson', 'introspect', '--targets', build], check=True, stdout=subprocess.PIPE).stdout)
    return {os.path.relpath(path, build) for target in targets for path in target['filename']}


def matches(pattern, path):
    """As dh_install: a pattern is a path or a folder, and * stays within a component."""
    parts, names = pattern.split('/'), path.split('/')
    return len(parts) <= len(names) and all(fnmatch.fnmatchcase(n, p) for n, p in zip(names, parts))


def main():
    with tempfile.TemporaryDirectory() as work:
        paths = installed(os.path.abspath(sys.argv[1]), work)
    made = built(os.path.abspath(sys.argv[1]))
    owners, wrong = {path: [] for path in paths}, []
    for name in sorted(glob.glob(os.path.join(ROOT, 'debian', '*.install'))):
        with open(name) as f:
            for line in filter(None, (line.split('#')[0].strip() for line in f)):
                if line.startswith('obj-'):  # in the build's folder
                    path = line.split()[0].partition('/')[2]
                    if path not in made and any(os.path.dirname(m) == os.path.dirname(path) for m in made):
                        wrong.append('%s: nothing is built as %s' % (os.path.basename(name), line))
                    continue
                pattern = re.sub(r'\$\{DEB_HOST_MULTIARCH\}', '*-linux-*', line.split()[0])
                found = [path for path in paths if matches(pattern, path)]
                for path in found:
                    owners[path].append(os.path.basename(name))
                if not found:
                    wrong.append('%s: nothing is installed as %s' % (os.path.basename(name), line))
    for path, by in sorted(owners.items()):
        if len(by) != 1:
            wrong.append('%s: %s' % (path, 'in no package' if not by else 'in ' + ' and '.join(by)))
    print('%s 1 - %d installed files, each in one package' % ('not ok' if wrong or not paths else 'ok', len(paths)))
    for line in wrong:
        print('# ' + line)
    print('1..1')
    return bool(wrong)


sys.exit(main())
