#!/usr/bin/env python3
"""install.py [--prefix=FOLDER] [--jobs=N]: builds what `kiln cargo`, `kiln cc` and `kiln with` need, and the libraries with
their headers, in build/install, and installs it in FOLDER: by default cargo's home folder, whose bin rustup adds to PATH
($CARGO_HOME, ~/.cargo), or ~/.local where there is no cargo.

What needs more packages or more time is left out: tests, benches, `kiln dis`, `kiln interp`, PostgreSQL's JIT, and the
link with musl, by which each run of `kiln` starts a millisecond sooner."""
import argparse
import os
from pathlib import Path

import dist

BUILD = dist.ROOT / 'build/install'


def default_prefix() -> Path:
    cargo = Path(os.environ.get('CARGO_HOME') or Path.home() / '.cargo')
    return cargo if (cargo / 'bin').is_dir() else Path.home() / '.local'


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--prefix', type=Path, default=default_prefix())
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    args = p.parse_args()
    prefix = args.prefix.absolute()
    os.environ.setdefault('CC', 'cc')  # or meson takes sccache if there is one, whose server outlives the build
    verb = ['configure'] if (BUILD / 'build.ninja').exists() else ['setup']
    dist.run('meson', *verb, BUILD, f'-Dprefix={prefix}', *dist.OPTIONS)
    dist.compile(BUILD, args.jobs)
    dist.run('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet')
    if str(prefix / 'bin') not in os.environ.get('PATH', '').split(':'):
        print(f'export PATH={prefix}/bin:$PATH    # the shell does not look for programs there yet')
    print(f'{prefix}/bin/kiln')


if __name__ == '__main__':
    main()
