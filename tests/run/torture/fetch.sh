#!/usr/bin/env bash
# fetch.sh DIR: unpacks GCC's tests that are used here from Debian's package gcc-12-source below DIR, once, and prints
# DIR: execute (gcc.c-torture's), g++.dg and g++.old-deja.
set -euo pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
folders=(execute g++.dg g++.old-deja)
exec 9> "$dir/lock"
flock 9
complete() { local f; for f in "${folders[@]}"; do [[ -d $dir/$f ]] || return 1; done; }
if ! complete; then
  {
    work=$(mktemp -d "$dir/work-XXXXXX")
    cd "$work"
    apt-get download -q -o APT::Sandbox::User="$(id -un)" gcc-12-source
    dpkg-deb --fsys-tarfile gcc-12-source_*.deb > package.tar
    rm gcc-12-source_*.deb
    tar -xOf package.tar --wildcards './usr/src/gcc-12/gcc-12*.tar.xz' \
      | tar -xJf - --strip-components=3 --wildcards '*/gcc/testsuite/gcc.c-torture/execute/*' \
        '*/gcc/testsuite/g++.dg/*' '*/gcc/testsuite/g++.old-deja/*'
    rm package.tar
    mv gcc.c-torture/execute .
    rmdir gcc.c-torture
    for f in "${folders[@]}"; do # at the end, so that a folder, if it exists, is complete
      [[ -d $dir/$f ]] || mv "$f" "$dir/"
    done
    cd "$dir"
    rm -rf "$work"
  } >&2 9>&-
fi
echo "$dir"
