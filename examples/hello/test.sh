#!/usr/bin/env bash
# test.sh HELLO: the object that the example writes, linked and run, for each target.
set -u
exe=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/harness/tap.sh"
cd "$work" || exit 1

hello() { # hello TARGET "CC FLAGS" "RUN"
  "$exe" "$1" && $2 hello.o -o hello && [[ $($3 ./hello) == "Hello, world" ]]
}

if [[ $(uname -m) == x86_64 ]]; then
  check "x86_64" hello x86_64 cc ""
else
  skip "x86_64" "another machine"
fi
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
  check "aarch64" hello aarch64 "aarch64-linux-gnu-gcc -static" qemu-aarch64
else
  skip "aarch64" "no aarch64-linux-gnu-gcc or no qemu-aarch64"
fi
check "an unknown target is refused" expect_status 2 "$exe" pdp11
check "30 lines" test "$(grep -c . "$root/examples/hello/hello.c")" -le 30
finish
