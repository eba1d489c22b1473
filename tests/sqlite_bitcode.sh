#!/usr/bin/env bash
# sqlite_bitcode.sh CACHE: SQLite from Debian's source package as one file and as bitcode, made once. Prints
# the folder, which has sqlite3.c, O0/sqlite3.bc and O1/sqlite3.bc, and aarch64/ with the same two.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
out=$cache/sqlite

exec 7> "$cache/sqlite.lock"
flock 7
if [[ ! -f $out/complete ]]; then
  source=$("$here/fetch_source.sh" sqlite3 "$cache/sources" 7>&-)
  rm -rf "$out"
  mkdir -p "$out/make" "$out/O0" "$out/O1"
  (cd "$out/make" && "$source/configure" && make sqlite3.c) > "$out/log" 2>&1 7>&- ||
    { tail "$out/log" >&2; exit 1; }
  mv "$out/make/sqlite3.c" "$out/"
  rm -rf "$out/make"
  cd "$out" # bitcode says the path that clang was given
  clang-22 -O0 -w -emit-llvm -c sqlite3.c -o O0/sqlite3.bc
  clang-22 -O1 -w -emit-llvm -c sqlite3.c -o O1/sqlite3.bc
  touch complete
fi
if [[ ! -f $out/aarch64/complete ]]; then
  cd "$out"
  for level in O0 O1; do
    mkdir -p aarch64/$level
    clang-22 --target=aarch64-linux-gnu -$level -w -emit-llvm -c sqlite3.c -o aarch64/$level/sqlite3.bc
  done
  touch aarch64/complete
fi
echo "$out"
