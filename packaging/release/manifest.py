"""What describes the files of a release: kiln-VERSION.spdx.json, a bill of materials (SPDX 2.3), SHA256SUMS of it and of all
files, and SHA256SUMS.asc, gpg's signature of that, where a key is given. The same files of the same commit make the same bytes.

The bill names each file with its SHA256 sum, Kiln itself, and what of others is in a file (COMPONENTS) or takes part in
building one (the crates in bindings/rust/Cargo.lock, but Kiln's own)."""
import fnmatch
import hashlib
import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import project

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'bindings/python'))
import wheel  # noqa: E402  bindings/python/wheel.py

LICENSE = 'Apache-2.0 WITH LLVM-exception'
# Name, version, license, package URL, how it belongs to files, and which: of zig, both C libraries and what compiles and links.
ZIG = wheel.ZIG.partition('==')[2]
COMPONENTS = [
    ('musl', '', 'MIT', '', 'STATIC_LINK', ('kiln-*-linux.tar.xz',)),
    ('ziglang', ZIG, 'MIT', f'pkg:pypi/ziglang@{ZIG}', 'BUILD_TOOL_OF', ('kiln-*-linux.tar.xz', '*manylinux*.whl')),
    ('glibc', '', 'LGPL-2.1-or-later', '', 'STATIC_LINK', ('kiln-tools_*.deb',)),
    ('capstone', '', 'BSD-3-Clause', 'pkg:pypi/capstone', 'OPTIONAL_DEPENDENCY_OF', ('*.whl',)),
]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package(name: str, version: str, license: str, purl: str, **more) -> dict:
    """A package of SPDX. What is not known is left out, or NOASSERTION where a value is required."""
    identity = 'SPDXRef-' + re.sub(r'[^A-Za-z0-9.]+', '-', f'{name}-{version}' if version else name)
    entry = {'SPDXID': identity, 'name': name, 'downloadLocation': 'NOASSERTION', 'filesAnalyzed': False,
             'licenseConcluded': 'NOASSERTION', 'licenseDeclared': license, 'copyrightText': 'NOASSERTION', **more}
    if version: entry['versionInfo'] = version
    if purl: entry['externalRefs'] = [{'referenceCategory': 'PACKAGE-MANAGER', 'referenceType': 'purl', 'referenceLocator': purl}]
    return entry


def crates(root: Path):
    """The crates of others that building bindings/rust takes; nothing is said of licenses, which the lock file does not have."""
    for crate in tomllib.loads((root / 'bindings/rust/Cargo.lock').read_text(encoding='utf-8'))['package']:
        if 'source' in crate:
            yield package(crate['name'], crate['version'], 'NOASSERTION', f'pkg:cargo/{crate["name"]}@{crate["version"]}',
                          checksums=[{'algorithm': 'SHA256', 'checksumValue': crate['checksum']}])


def bill(files: list, root: Path = ROOT) -> str:
    """The bill of materials of these files."""
    version, f = wheel.version(), project.fields(root)
    commit = subprocess.run(['git', 'rev-parse', 'HEAD'], cwd=root, capture_output=True, text=True).stdout.strip() or 'unknown'
    kiln = package('kiln', version, LICENSE, f'pkg:generic/kiln@{version}', sourceInfo=f'commit {commit}',
                   **({'homepage': f['repository'], 'downloadLocation': f'git+{f["repository"]}@{commit}'} if f['repository'] else {}))
    made = [package(p.name, '', LICENSE, '', packageFileName=p.name, checksums=[{'algorithm': 'SHA256', 'checksumValue': sha256(p)}]) for p in files]
    packages, relations = [kiln, *made], [('SPDXRef-DOCUMENT', 'DESCRIBES', kiln['SPDXID'])]
    relations += [(kiln['SPDXID'], 'GENERATES', m['SPDXID']) for m in made]
    for name, of, license, purl, how, patterns in COMPONENTS:
        holders = [m for m in made if any(fnmatch.fnmatch(m['name'], pattern) for pattern in patterns)]
        if holders:
            packages.append(package(name, of, license, purl))
            part = packages[-1]['SPDXID']
            relations += [(part, how, m['SPDXID']) if how.endswith('_OF') else (m['SPDXID'], how, part) for m in holders]
    if any(m['name'].endswith('.crate') for m in made):
        for crate in crates(root):
            packages.append(crate)
            relations.append((crate['SPDXID'], 'BUILD_DEPENDENCY_OF', kiln['SPDXID']))
    return json.dumps({
        'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0', 'SPDXID': 'SPDXRef-DOCUMENT', 'name': f'kiln-{version}',
        'documentNamespace': f'https://spdx.org/spdxdocs/kiln-{version}-{commit}',
        'creationInfo': {'created': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(wheel.epoch())), 'creators': ['Tool: kiln-manifest']},
        'packages': packages,
        'relationships': [{'spdxElementId': a, 'relationshipType': how, 'relatedSpdxElement': b} for a, how, b in relations]}, indent=1) + '\n'


def write(out: Path, files: list, key: str = '') -> str:
    """Writes all of it beside the files, which are in the folder `out`; returns the sums."""
    described = out / f'kiln-{wheel.version()}.spdx.json'
    described.write_text(bill(sorted(files)), encoding='utf-8')
    sums = ''.join(f'{sha256(p)}  {p.name}\n' for p in sorted([*files, described]))
    (out / 'SHA256SUMS').write_text(sums, encoding='utf-8')
    (out / 'SHA256SUMS.asc').unlink(missing_ok=True)
    if key:
        subprocess.run(['gpg', '--batch', '--yes', '--local-user', key, '--armor', '--detach-sign', out / 'SHA256SUMS'], check=True)
    return sums
