#!/usr/bin/env bash
# sqlite_bitcode.sh CACHE [FOLDER...]: SQLite from Debian's source package as one file and as bitcode, made once. Prints
# the folder, which has sqlite3.c, shell.c, O0/sqlite3.bc, O0/shell.bc, O0/shell.merged.bc (both as one module), LLVM
# -O0's objects of the same, O0/sqlite3.ref.o and O0/shell.ref.o, and FOLDER/sqlite3.bc: O1, aarch64/O0, aarch64/O1.
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
  mkdir -p "$out/make" "$out/O0"
  (cd "$out/make" && "$source/configure" && make sqlite3.c shell.c) > "$out/log" 2>&1 7>&- ||
    { tail "$out/log" >&2; exit 1; }
  mv "$out/make/sqlite3.c" "$out/make/sqlite3.h" "$out/make/shell.c" "$out/"
  rm -rf "$out/make"
  cd "$out" # bitcode contains the path that clang was given
  for name in sqlite3 shell; do
    clang-22 -O0 -w -emit-llvm -c $name.c -o O0/$name.bc
    clang-22 -O0 -w -fPIC -c O0/$name.bc -o O0/$name.ref.o
  done
  llvm-link-22 -o O0/shell.merged.bc O0/sqlite3.bc O0/shell.bc
  touch complete-with-shell
fi
cd "$out"
for folder in "${@:2}"; do
  [[ ! -f $folder/sqlite3.bc ]] || continue
  target=
  [[ $folder != aarch64/* ]] || target=--target=aarch64-linux-gnu
  mkdir -p "$folder"
  clang-22 $target -"${folder#aarch64/}" -w -emit-llvm -c sqlite3.c -o "$folder/made.bc"
  mv "$folder/made.bc" "$folder/sqlite3.bc"
done
echo "$out"
