#!/usr/bin/env bash
# cross.sh KILN_RUN: the `kiln run` of a cross build for AArch64, started by $MESON_EXE_WRAPPER: programs from
# bitcode print and return what the same programs linked do.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$tests/harness/tap.sh"
run=$(realpath "$1")
read -ra wrapper <<< "${MESON_EXE_WRAPPER-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
clang=(clang-22 --target=aarch64-linux-gnu -w)

# result OUT COMMAND...: what it prints and its status.
result() {
  timeout 100 "${wrapper[@]}" "${@:2}" > "$1" < /dev/null
  echo "status $?" >> "$1"
}
# both PROGRAM ARGUMENT...
both() {
  result want "./$1" "${@:2}"
  result got "$run" "$1.bc" -- "${@:2}"
  [[ $(wc -l < want) -gt 1 ]] && diff want got
}

for level in O0 O1; do
  for name in around life threads; do
    "${clang[@]}" -$level -fno-vectorize -fno-slp-vectorize -emit-llvm -c "$tests/run/inprocess/$name.c" -o $name.bc &&
      "${clang[@]}" "$tests/run/inprocess/$name.c" -pthread -o $name || exit 1
    check "$name, $level" both $name
    check "$name with arguments, $level" both $name some words
  done
done
finish
