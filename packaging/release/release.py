#!/usr/bin/env python3
"""release.py VERSION [--plan] [--sign=KEY]: makes a release of the commit that is checked out, in build/release/VERSION:
tarballs, wheels, crates, Debian packages, notes, a bill of materials, checksums, which gpg signs with --sign; and the tag vVERSION. It begins with the rehearsal of that commit, `./dev release
--rehearse`, which takes days unless it has been run before. It publishes nothing, and ends with the commands that do.

It refuses while PROJECT has an empty value, files say another version, the changelog has no section for it, something
is not committed, or the tag exists. A step that failed is run again by the same command; those that passed with this
commit are not. --plan prints the steps, and runs none."""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import manifest
import project
import rehearse

ROOT = Path(__file__).resolve().parents[2]
# Where a version stands: a file, and what is around it.
VERSIONS = [
    ('meson.build', r"version: '(\S+)'"), ('docs/kiln.1', r'"kiln (\S+)"'), ('debian/changelog', r'^kiln \((\S+)\)'),
    ('packaging/rpm/kiln.spec', r'(?m)^Version: +(\S+)$'), ('README.md', r'This is version (\S+):'), ('integrations/rustc/Cargo.toml', r'(?m)^version = "(\S+)"'),
    ('bindings/rust/kiln/Cargo.toml', r'(?m)^version = "(\S+)"'), ('bindings/rust/kiln-sys/Cargo.toml', r'(?m)^version = "(\S+)"'),
]


def git(root, *words):
    return subprocess.run(['git', *words], cwd=root, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def section(root: Path, version: str) -> str:
    """The changelog's section of a version; '' if there is none."""
    text = (root / 'CHANGELOG.md').read_text(encoding='utf-8')
    found = re.search(r'(?ms)^## %s\n(.*?)(?=^## |\Z)' % re.escape(version), text)
    return found[1].strip() if found else ''


def refusals(root: Path, version: str):
    """Why there can be no release of this version."""
    for name, value in project.fields(root).items():
        if not value:
            yield f'PROJECT: {name} is empty'
    if not re.fullmatch(r'\d+\.\d+\.\d+', version):
        yield f'{version} is not a version: 1.2.3'
    header = (root / 'include/kiln/types.h').read_text(encoding='utf-8')
    said = {'include/kiln/types.h': '.'.join(re.findall(r'(?m)^#define KILN_VERSION_\w+ (\d+)', header))}
    for name, pattern in VERSIONS:
        if (root / name).exists():
            found = re.search(pattern, (root / name).read_text(encoding='utf-8'))
            said[name] = found[1] if found else 'no version'
    for name, other in said.items():
        if other != version:
            yield f'{name}: says {other}, not {version}'
    if not section(root, version):
        yield f'CHANGELOG.md: no section {version}'
    if subprocess.run([sys.executable, ROOT / 'packaging/release/project.py', '--check', f'--root={root}'], stdout=subprocess.DEVNULL).returncode:
        yield 'files do not say what PROJECT says: ./dev project'
    if git(root, 'status', '--porcelain'):
        yield 'something is not committed'
    if git(root, 'tag', '--list', f'v{version}'):
        yield f'the tag v{version} exists'


class Release:
    def __init__(self, root: Path, version: str, key: str):
        self.root, self.version, self.key = root, version, key
        self.commit = git(root, 'rev-parse', 'HEAD')
        self.out = root / 'build/release' / version
        self.steps = [('./dev release --rehearse', lambda: self.dev('release', '--rehearse')), ('tarballs', self.tarballs),
                      ('wheels', self.wheels), ('crates', self.crates), ('Debian packages', self.packages),
                      ('notes and checksums', self.notes), (f'the tag v{version}', self.tag)]

    def dev(self, *words):
        subprocess.run([self.root / 'dev', *words], cwd=self.root, check=True)

    def take(self, *patterns):
        """Copies what was made."""
        for pattern in patterns:
            paths = sorted(self.root.glob(pattern))
            if not paths: sys.exit(f'release: {pattern}: no file was made')
            for path in paths: shutil.copy2(path, self.out)

    def tarballs(self):
        self.dev('dist', '--arch=x86_64', '--arch=aarch64', f'--out={self.out}')

    def wheels(self):
        shutil.rmtree(self.root / 'dist', ignore_errors=True)
        self.dev('wheel', '--arch=x86_64', '--arch=aarch64')
        self.take('dist/*.whl')

    def crates(self):
        """Those of the workspace bindings/rust/, packaged and built from what was packaged."""
        manifest = self.root / 'bindings/rust/Cargo.toml'
        if manifest.exists():
            target = self.root / 'build/release/crates'
            shutil.rmtree(target, ignore_errors=True)
            subprocess.run(['cargo', 'package', '--workspace', '--exclude=kiln-fuzz', '--manifest-path', manifest, '--target-dir', target], check=True)
            self.take('build/release/crates/package/*.crate')

    def packages(self):
        self.dev('deb')
        self.take('build/deb/*.deb', 'build/deb/*.buildinfo', 'build/deb/*.changes')

    def notes(self):
        others = ('SHA256SUMS', 'SHA256SUMS.asc', 'notes.md', 'done')
        sums = manifest.write(self.out, [p for p in self.out.iterdir() if p.name not in others and p.suffixes[-2:] != ['.spdx', '.json']], self.key)
        f = project.fields(self.root)
        (self.out / 'notes.md').write_text(
            f'# Kiln {self.version}\n\n{section(self.root, self.version)}\n\nSource: {f["repository"]}, commit {self.commit}. '
            f'Reports on security: {f["security"]}.\n\n```\n{sums}```\n', encoding='utf-8')

    def tag(self):
        git(self.root, 'tag', '-a', f'v{self.version}', '-m', f'Kiln {self.version}\n\n{section(self.root, self.version)}')

    def run(self):
        self.out.mkdir(parents=True, exist_ok=True)
        done = self.out / 'done'
        passed = set(done.read_text().splitlines()) if done.exists() else set()
        for name, step in self.steps:
            line = f'{self.commit} {name}'
            if line in passed:
                continue
            print(f'== {name}', flush=True)
            step()
            with done.open('a') as f:
                f.write(line + '\n')
        print(f'''{self.out} is complete. To publish it:
git push origin v{self.version}
python3 -m twine upload {self.out}/*.whl
cargo publish --workspace --manifest-path bindings/rust/Cargo.toml
and put the other files beside notes.md on the page of the release.''')


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('version')
    p.add_argument('--plan', action='store_true')
    p.add_argument('--sign', default='', metavar='KEY')
    p.add_argument('--root', type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = p.parse_args()
    wrong = list(refusals(args.root, args.version))
    if wrong:
        print('\n'.join(f'release: {w}' for w in wrong), file=sys.stderr)
        return 1
    release = Release(args.root, args.version, args.sign)
    if args.plan:
        names = [f'./dev {command} {arguments}'.rstrip() for command, arguments, _ in rehearse.rows(ROOT) if arguments != 'none']
        print('\n'.join([release.steps[0][0], *names, *(name for name, _ in release.steps[1:])]))
    else:
        release.run()
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as e:
        sys.exit(f'release: failed: {" ".join(map(str, e.cmd))}; the same command goes on here')
