#!/usr/bin/env bash
# fetch.sh DIR [libstdc++|targets]: unpacks GCC's tests that are used here from Debian's package gcc-12-source below DIR,
# once, and prints DIR: execute (gcc.c-torture's), g++.dg and g++.old-deja; or, on request, libstdc++ (libstdc++-v3's
# testsuite), or gcc.dg, gcc.target/i386 and gcc.target/aarch64.
set -euo pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
# The folders wanted, and the paths that they have in GCC's source.
declare -A paths=([execute]=gcc/testsuite/gcc.c-torture/execute [g++.dg]=gcc/testsuite/g++.dg
  [g++.old-deja]=gcc/testsuite/g++.old-deja)
case ${2-} in
  libstdc++) paths=([libstdc++]=libstdc++-v3/testsuite) ;;
  targets)
    paths=()
    for f in gcc.dg gcc.target/i386 gcc.target/aarch64; do paths[$f]=gcc/testsuite/$f; done ;;
esac
exec 9> "$dir/lock"
flock 9
complete() { local f; for f in "${!paths[@]}"; do [[ -d $dir/$f ]] || return 1; done; }
if ! complete; then
  {
    work=$(mktemp -d "$dir/work-XXXXXX")
    cd "$work"
    apt-get download -q -o APT::Sandbox::User="$(id -un)" gcc-12-source
    dpkg-deb --fsys-tarfile gcc-12-source_*.deb > package.tar
    rm gcc-12-source_*.deb
    tar -xOf package.tar --wildcards './usr/src/gcc-12/gcc-12*.tar.xz' \
      | tar -xJf - --strip-components=1 --wildcards "${paths[@]/#/*/}"
    rm package.tar
    for f in "${!paths[@]}"; do # at the end, so that a folder, if it exists, is complete
      mkdir -p "$(dirname "$dir/$f")"
      [[ -d $dir/$f ]] || mv "${paths[$f]}" "$dir/$f"
    done
    cd "$dir"
    rm -rf "$work"
  } >&2 9>&-
fi
echo "$dir"
