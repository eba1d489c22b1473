#!/usr/bin/env python3
"""manifest.py: the bill of materials, the sums and the signature of files of a release, for files that stand for real ones:
every file and what is in it is named, and what gpg and sha256sum say of them, also after a byte has changed. Speaks TAP."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests/harness'), str(ROOT / 'packaging/release')]
import manifest  # noqa: E402
from tap import Tap  # noqa: E402

FILES = ['kiln-1.2.3-x86_64-linux.tar.xz', 'kiln-tools_1.2.3_amd64.deb', 'kiln_codegen-1.2.3-manylinux_2_28.whl', 'kiln-sys-1.2.3.crate']
KEY = 'release@example.org'
# What the specification requires of a document and of a package (SPDX 2.3, 6 and 7).
DOCUMENT = {'spdxVersion', 'dataLicense', 'SPDXID', 'name', 'documentNamespace', 'creationInfo', 'packages', 'relationships'}
PACKAGE = {'SPDXID', 'name', 'downloadLocation'}
tap = Tap()


def bill(document, out):
    packages = {p['SPDXID']: p for p in document['packages']}
    relations = {(r['spdxElementId'], r['relationshipType'], r['relatedSpdxElement']) for r in document['relationships']}
    names = {p['name']: identity for identity, p in packages.items()}
    wrong = [f'no {key}' for key in DOCUMENT - document.keys()]
    wrong += [f'{p["name"]}: no {key}' for p in packages.values() for key in PACKAGE - p.keys()]
    wrong += [f'not an identifier: {i}' for i in packages if not re.fullmatch(r'SPDXRef-[A-Za-z0-9.-]+', i)]
    wrong += [f'{end}: there is none' for a, _, b in relations for end in (a, b) if end not in packages and end != 'SPDXRef-DOCUMENT']
    tap.case('the bill has what SPDX requires', '\n'.join(wrong) or (len(packages) != len(document['packages']) and 'an identifier twice'))
    sums = {name: subprocess.run(['sha256sum', out / name], check=True, text=True, stdout=subprocess.PIPE).stdout.split()[0] for name in FILES}
    tap.case('it has every file, with its sum', '\n'.join(
        name for name in FILES if name not in names or packages[names[name]]['checksums'] != [{'algorithm': 'SHA256', 'checksumValue': sums[name]}]))
    wanted = [(names[FILES[0]], 'STATIC_LINK', 'musl'), (names[FILES[1]], 'STATIC_LINK', 'glibc')]
    tap.case('and what is linked into them', '\n'.join(f'{a} {how} {b}' for a, how, b in wanted if (a, how, names.get(b)) not in relations))
    lock = re.findall(r'name = "(.*)"\nversion = "(.*)"\nsource', (ROOT / 'bindings/rust/Cargo.lock').read_text())
    tap.case('and the crates that building takes', '\n'.join(
        name for name, version in lock if packages.get(names.get(name), {}).get('versionInfo') != version) or (not lock and 'none'))


def signed(out, files, home):
    gpg = ['gpg', '--homedir', str(home), '--batch', '--quiet']
    subprocess.run([*gpg, '--passphrase', '', '--quick-generate-key', KEY, 'ed25519', 'sign', 'never'], check=True, stderr=subprocess.DEVNULL)
    verify = lambda: subprocess.run([*gpg, '--verify', out / 'SHA256SUMS.asc', out / 'SHA256SUMS'], stderr=subprocess.DEVNULL).returncode  # noqa: E731
    manifest.write(out, files, KEY)
    tap.case('gpg verifies the signature', verify() and 'it does not')
    with (out / 'SHA256SUMS').open('a') as f: f.write('0' * 64 + '  more\n')
    tap.case('and not that of other sums', 'it does' if verify() == 0 else '')
    manifest.write(out, files)
    tap.case('no old signature is left', (out / 'SHA256SUMS.asc').exists() and 'one is')
    try:
        manifest.write(out, files, 'other@example.org')
        tap.case('a key that is not there is an error', 'it is none')
    except subprocess.CalledProcessError:
        tap.case('a key that is not there is an error')


def main():
    with tempfile.TemporaryDirectory() as name:
        out, home = Path(name, 'out'), Path(name, 'gpg')
        out.mkdir()
        home.mkdir(mode=0o700)
        for file in FILES: (out / file).write_text(file)
        files = [out / file for file in FILES]
        manifest.write(out, files)
        [path] = out.glob('*.spdx.json')
        text = path.read_text()
        bill(json.loads(text), out)
        manifest.write(out, files[::-1])
        tap.case('the same files make the same bytes', text != path.read_text() and 'others')
        good = subprocess.run(['sha256sum', '--check', '--strict', '--quiet', 'SHA256SUMS'], cwd=out, capture_output=True, text=True)
        listed = {line.split()[1] for line in (out / 'SHA256SUMS').read_text().splitlines()}
        tap.case('the sums are right, and of all files', good.stdout + good.stderr + '\n'.join({*FILES, path.name} ^ listed))
        if shutil.which('gpg'):
            os.environ['GNUPGHOME'] = str(home)
            signed(out, files, home)
            subprocess.run(['gpgconf', '--kill', 'gpg-agent'])
        else:
            tap.case('signatures', skip='no gpg')
    tap.finish()


if __name__ == '__main__':
    sys.exit(main())
