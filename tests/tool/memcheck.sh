#!/usr/bin/env bash
# memcheck.sh KILN: compiling reads no memory that was not written, and nothing beyond its own: silent under valgrind.
# No sanitizer build sees the first, and what is reported here would hide what users look for in their own programs.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for target in x86_64 aarch64; do
  for input in memory calls vectors try regress_registers; do
    if command -v valgrind > /dev/null; then
      check "$target: $input.kir" valgrind -q --error-exitcode=9 "$kiln" compile --target=$target \
        -o "$work/out.o" "$tests/kir/$input.kir"
    else
      skip "$target: $input.kir" "no valgrind"
    fi
  done
done
finish
