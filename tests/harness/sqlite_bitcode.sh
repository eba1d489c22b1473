#!/usr/bin/env bash
# sqlite_bitcode.sh CACHE [aarch64]: SQLite from Debian's source package as one file and as bitcode, made once. Prints
# the folder, which has sqlite3.c, shell.c, O0/sqlite3.bc, O1/sqlite3.bc, on request aarch64/ with the same two, O0/shell.bc,
# O0/shell.merged.bc (both as one module), and LLVM -O0's objects of the same, O0/sqlite3.ref.o and O0/shell.ref.o.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
out=$cache/sqlite

exec 7> "$cache/sqlite.lock"
flock 7
if [[ ! -f $out/complete-with-shell ]]; then
  source=$("$here/fetch_source.sh" sqlite3 "$cache/sources" 7>&-)
  rm -rf "$out"
  mkdir -p "$out/make" "$out/O0" "$out/O1"
  (cd "$out/make" && "$source/configure" && make sqlite3.c shell.c) > "$out/log" 2>&1 7>&- ||
    { tail "$out/log" >&2; exit 1; }
  mv "$out/make/sqlite3.c" "$out/make/sqlite3.h" "$out/make/shell.c" "$out/"
  rm -rf "$out/make"
  cd "$out" # bitcode contains the path that clang was given
  clang-22 -O0 -w -emit-llvm -c sqlite3.c -o O0/sqlite3.bc
  clang-22 -O1 -w -emit-llvm -c sqlite3.c -o O1/sqlite3.bc
  for name in sqlite3 shell; do
    [[ $name == sqlite3 ]] || clang-22 -O0 -w -emit-llvm -c $name.c -o O0/$name.bc
    clang-22 -O0 -w -fPIC -c O0/$name.bc -o O0/$name.ref.o
  done
  llvm-link-22 -o O0/shell.merged.bc O0/sqlite3.bc O0/shell.bc
  touch complete-with-shell
fi
if [[ ${2-} == aarch64 && ! -f $out/aarch64/complete ]]; then
  cd "$out"
  for level in O0 O1; do
    mkdir -p aarch64/$level
    clang-22 --target=aarch64-linux-gnu -$level -w -emit-llvm -c sqlite3.c -o aarch64/$level/sqlite3.bc
  done
  touch aarch64/complete
fi
echo "$out"
