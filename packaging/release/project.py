#!/usr/bin/env python3
"""project.py [--check]: writes what PROJECT says (the repository's address, whom to send reports on security, the
maintainer) where users look for it: SECURITY.md, the Debian packages, the crates, the project of OSS-Fuzz. Where a value is empty these say
nothing, or a neutral sentence. The files of pkg-config and the Python package read PROJECT when they are made.
--check changes nothing, and prints the files that say something else."""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIELDS = ('repository', 'security', 'maintainer')
NO_MAINTAINER = 'The Kiln developers <kiln@packages.invalid>'
SECURITY = '''\
Report a suspected vulnerability to {security} alone, not in a public issue.
'''
NO_SECURITY = '''\
Report a suspected vulnerability to the maintainers alone, not in a public issue. This copy of the source
contains no address for reports. Send your report to the person who gave you this copy.
'''


def fields(root: Path = ROOT) -> dict:
    """The values of PROJECT; '' for one that is empty."""
    found = dict.fromkeys(FIELDS, '')
    for line in (root / 'PROJECT').read_text(encoding='utf-8').splitlines():
        name, colon, value = line.partition(':')
        if line and not line.startswith('#'):
            if not colon or name not in found:
                sys.exit(f'PROJECT: not a field: {line}')
            found[name] = value.strip()
    if found['maintainer'] and not re.fullmatch(r'[^<>]+ <[^<>@ ]+@[^<>@ ]+>', found['maintainer']):
        sys.exit(f'PROJECT: maintainer is not NAME <ADDRESS>: {found["maintainer"]}')
    if found['repository'] and not re.fullmatch(r'https://\S+', found['repository']):
        sys.exit(f'PROJECT: repository is not an address https://...: {found["repository"]}')
    return found


def security(text, f):
    says = SECURITY.format(**f) if f['security'] else NO_SECURITY
    return re.sub(r'(?s)(<!-- from PROJECT -->\n).*?(<!-- end -->\n)', lambda m: m[1] + says + m[2], text)


def control(text, f):
    text = re.sub(r'(?m)^Maintainer: .*', lambda m: 'Maintainer: ' + (f['maintainer'] or NO_MAINTAINER), text)
    text = re.sub(r'(?m)^(Homepage|Vcs-Browser): .*\n', '', text)
    more = f'Homepage: {f["repository"]}\nVcs-Browser: {f["repository"]}\n' if f['repository'] else ''
    return re.sub(r'(?m)^Standards-Version: .*\n', lambda m: m[0] + more, text)


def copyright(text, f):
    text = re.sub(r'(?m)^(Source|Upstream-Contact): .*\n', '', text)
    more = f'Upstream-Contact: {f["maintainer"]}\n' if f['maintainer'] else ''
    more += f'Source: {f["repository"]}\n' if f['repository'] else ''
    return re.sub(r'(?m)^Upstream-Name: .*\n', lambda m: m[0] + more, text)


def crate(text, f):
    text = re.sub(r'(?m)^(repository|homepage) = .*\n', '', text)
    more = f'repository = "{f["repository"]}"\n' if f['repository'] else ''
    return re.sub(r'(?m)^license = .*\n', lambda m: m[0] + more, text, count=1) if '[package]' in text else text


def image(text, f):
    return re.sub(r'(?m)^ARG repository=.*', lambda m: f'ARG repository={f["repository"]}', text)


def service(text, f):
    """OSS-Fuzz's project.yaml: it wants the keys also where there is no value."""
    values = {'homepage': f['repository'], 'main_repo': f['repository'], 'primary_contact': f['security']}
    return re.sub(r'(?m)^(\w+): ".*"$', lambda m: f'{m[1]}: "{values[m[1]]}"', text)


def places(root: Path):
    """Each file, and what makes its new text of the old one and the fields."""
    yield root / 'SECURITY.md', security
    yield root / 'debian/control', control
    yield root / 'debian/copyright', copyright
    yield root / 'fuzz/oss-fuzz/Dockerfile', image
    yield root / 'fuzz/oss-fuzz/project.yaml', service
    for folder in ('bindings/rust', 'integrations/rustc'):
        for path in sorted((root / folder).rglob('Cargo.toml')):
            if 'target' not in path.relative_to(root).parts:
                yield path, crate


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--check', action='store_true')
    p.add_argument('--root', type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = p.parse_args()
    f, wrong = fields(args.root), 0
    for path, make in places(args.root):
        old = path.read_text(encoding='utf-8')
        new = make(old, f)
        if new != old and args.check:
            print(f'{path.relative_to(args.root)}: does not say what PROJECT says: ./dev project')
            wrong = 1
        elif new != old:
            path.write_text(new, encoding='utf-8')
            print(path.relative_to(args.root))
    return wrong


if __name__ == '__main__':
    sys.exit(main())
