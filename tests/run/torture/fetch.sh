#!/usr/bin/env bash
# fetch.sh DIR: unpacks GCC's torture tests from Debian's package gcc-12-source below DIR, once, and
# prints their folder.
set -euo pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
exec 9> "$dir/lock"
flock 9
if [[ ! -d $dir/execute ]]; then
  {
    work=$(mktemp -d "$dir/work-XXXXXX")
    cd "$work"
    apt-get download -q -o APT::Sandbox::User="$(id -un)" gcc-12-source
    dpkg-deb --fsys-tarfile gcc-12-source_*.deb > package.tar
    rm gcc-12-source_*.deb
    tar -xOf package.tar --wildcards './usr/src/gcc-12/gcc-12*.tar.xz' \
      | tar -xJf - --strip-components=4 --wildcards '*/gcc/testsuite/gcc.c-torture/execute/*'
    rm package.tar
    mv execute "$dir/" # at the end, so that the folder, if it exists, is complete
    cd "$dir"
    rmdir "$work"
  } >&2 9>&-
fi
echo "$dir/execute"
