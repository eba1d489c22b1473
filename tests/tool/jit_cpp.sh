#!/usr/bin/env bash
# jit_cpp.sh BUILD COMPILER [FLAG...]: C++ exceptions pass through functions of a JIT, in a program linked
# with the static library and with the shared one.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

throws() {
  local kind=$1
  shift
  "$@" -std=c++17 -O1 -Wall -Wextra -I"$tests/../include" "$tests/tool/jit_cpp.cpp" "$build/libkiln-text.$kind" "$build/libkiln.$kind" \
    -Wl,-rpath,"$build" -o "$out/test" && [[ $("$out/test") == caught ]]
}

if command -v "$1" > /dev/null; then
  check "C++ exceptions through a JIT, static library" throws a "$@"
  check "C++ exceptions through a JIT, shared library" throws so "$@"
else
  skip "C++ exceptions through a JIT" "no $1"
fi
finish
