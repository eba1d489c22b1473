#!/usr/bin/env python3
"""release.py: PROJECT and `./dev release`, in a copy of the files that they read: what is written where the values are
empty and where they are not, and each reason for which there is no release. Speaks TAP."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FILES = ['PROJECT', 'SECURITY.md', 'README.md', 'CHANGELOG.md', 'meson.build', 'docs/kiln.1', 'include/kiln/types.h',
         'debian/control', 'debian/copyright', 'debian/changelog', 'packaging/release/project.py', 'packaging/release/release.py',
         'packaging/release/rehearse.py', 'packaging/release/steps.tsv', 'packaging/release/manifest.py', 'dev',
         'fuzz/oss-fuzz/Dockerfile', 'fuzz/oss-fuzz/project.yaml',
         'bindings/python/wheel.py', 'bindings/python/bindings.py', 'bindings/python/headers.py', 'bindings/python/library.py', 'bindings/python/README.md', 'LICENSE']
FULL = {'repository': 'https://example.org/kiln', 'security': 'security@example.org', 'maintainer': 'A. Name <name@example.org>'}
NONE = dict.fromkeys(FULL, '')
# Prints what describes a wheel, which is made without a library and bindings.
METADATA = '''
import pathlib, wheel
wheel.bindings.write = lambda *a: None
files = wheel.contents(pathlib.Path('../../LICENSE'), 'tag')
print(next(text for name, text in files.items() if name.endswith('/METADATA')).decode())
'''
tap = Tap()


def without(text, *wanted):
    """Those of the lines that are not in a text."""
    return '\n'.join(w for w in wanted if w not in text)


class Copy:
    def __init__(self, top: Path):
        self.top = top
        crates = [p.relative_to(ROOT) for f in ('bindings/rust', 'integrations/rustc') for p in (ROOT / f).rglob('Cargo.toml') if 'target' not in p.parts]
        for name in [*FILES, *crates]:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, top / name)
        (top / '.gitignore').write_text('__pycache__\n')
        self.crates = crates
        self.git('init', '-q')
        self.commit()

    def git(self, *words):
        subprocess.run(['git', '-c', 'user.name=test', '-c', 'user.email=test@invalid', *words], cwd=self.top, check=True)

    def commit(self):
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', 'copy')

    def project(self, values, *options):
        """Writes PROJECT, and has it written everywhere."""
        (self.top / 'PROJECT').write_text(''.join(f'{k}: {v}\n' for k, v in values.items()))
        return subprocess.run([sys.executable, 'packaging/release/project.py', *options], cwd=self.top, capture_output=True, text=True)

    def release(self, version):
        done = subprocess.run([sys.executable, 'packaging/release/release.py', version, '--plan'], cwd=self.top, capture_output=True, text=True)
        return done.returncode, done.stderr + done.stdout

    def read(self, name):
        return (self.top / name).read_text()

    def replace(self, name, old, new):
        text = self.read(name)
        assert old in text, (name, old)
        (self.top / name).write_text(text.replace(old, new, 1))


def texts(copy, version):
    """What is said where, with and without values."""
    copy.project(NONE)
    before = {p: copy.read(p) for p in ['SECURITY.md', 'debian/control', 'debian/copyright', 'fuzz/oss-fuzz/Dockerfile', 'fuzz/oss-fuzz/project.yaml', *copy.crates]}
    tap.case('empty values: nothing is invented', '\n'.join(
        f'{p}: {m}' for p, t in before.items() for m in re.findall(r'(?m)^.*(?:repository = |Homepage|Source: http|example\.org).*$', t)))
    tap.case('SECURITY.md has a neutral sentence', without(before['SECURITY.md'], 'source\ncontains no address'))
    copy.project(FULL)
    tap.case('SECURITY.md', without(copy.read('SECURITY.md'), 'to security@example.org alone') or 'source\ncontains no' in copy.read('SECURITY.md'))
    tap.case('debian/control', without(copy.read('debian/control'), 'Maintainer: A. Name <name@example.org>\n', '\nHomepage: https://example.org/kiln\n'))
    tap.case('debian/copyright', without(copy.read('debian/copyright'), '\nSource: https://example.org/kiln\n'))
    tap.case('the crates', '\n'.join(str(p) for p in copy.crates if '[package]' in copy.read(p)
                                 and '\nrepository = "https://example.org/kiln"\n' not in copy.read(p)))
    (copy.top / 'bindings/python/kiln_codegen').mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, '-c', METADATA], cwd=copy.top / 'bindings/python', capture_output=True, text=True)
    tap.case('the image of the fuzzing service', without(copy.read('fuzz/oss-fuzz/Dockerfile'), '\nARG repository=https://example.org/kiln\n'))
    tap.case('and its project', without(copy.read('fuzz/oss-fuzz/project.yaml'), 'homepage: "https://example.org/kiln"\n',
                                        '\nmain_repo: "https://example.org/kiln"\n', '\nprimary_contact: "security@example.org"\n'))
    tap.case('the wheel', done.stderr or without(done.stdout, 'Project-URL: Source, https://example.org/kiln\n', 'Maintainer-email: A. Name <name@example.org>\n'))
    tap.case('--check sees no difference', copy.project(FULL, '--check').stdout)
    copy.replace('SECURITY.md', 'security@', 'other@')
    tap.case('and one', without(copy.project(FULL, '--check').stdout, 'SECURITY.md: does not say'))
    copy.project(NONE)
    tap.case('empty again: as before', '\n'.join(str(p) for p, t in before.items() if copy.read(p) != t))
    for field, value in (('maintainer', 'no address'), ('repository', 'git@example.org:kiln')):
        tap.case(f'a bad {field} is refused', without(copy.project({**FULL, field: value}).stderr, f'PROJECT: {field} is not'))


def refusals(copy, version):
    def refused(name, *wanted):
        status, said = copy.release(version)
        tap.case(name, without(said, *wanted) or (status != 1 and f'status {status}'))

    copy.project(NONE)
    copy.commit()
    refused('no release while PROJECT is empty', *(f'PROJECT: {name} is empty' for name in FULL))
    copy.project({**FULL, 'security': ''})
    copy.commit()
    refused('nor while one value is', 'PROJECT: security is empty')
    copy.project(FULL)
    copy.commit()
    status, plan = copy.release(version)
    tap.case('a plan', without(plan, './dev test --whole\n', './dev dist-test\n', 'tarballs\n', 'wheels\n', 'crates\n', 'Debian packages\n', f'the tag v{version}\n')
         or (status and 'status'))
    known = {' '.join(w.split()[:2]) if w.split()[1:2] and w.split()[1].startswith('--') else w.split()[0]
             for w in re.findall(r'(?m)^  \'([a-z][a-z-]*(?: --[a-z]+)?) *\|', (ROOT / 'dev').read_text())}
    steps = [line[len('./dev '):].split() for line in plan.splitlines() if line.startswith('./dev ')]
    tap.case('whose commands there are', '\n'.join(w[0] for w in steps if w[0] not in known))
    status, said = copy.release('9.9.9')
    tap.case('another version than the files have', without(said, 'meson.build: says', 'include/kiln/types.h: says', 'CHANGELOG.md: no section 9.9.9') or status != 1)
    (copy.top / 'more').write_text('')
    refused('a file that is not committed', 'something is not committed')
    copy.commit()
    copy.git('tag', f'v{version}')
    refused('a tag that exists', f'the tag v{version} exists')


def main():
    version = re.search(r"version: '(\S+)'", (ROOT / 'meson.build').read_text())[1]
    tap.case('this tree says what PROJECT says', subprocess.run([sys.executable, ROOT / 'packaging/release/project.py', '--check'], capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as name:
        copy = Copy(Path(name))
        texts(copy, version)
        refusals(copy, version)
    tap.finish()


if __name__ == '__main__':
    sys.exit(main())
