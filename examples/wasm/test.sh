#!/usr/bin/env bash
# test.sh BUILD: a module in memory, as an object that C is linked with, and a program for WASI as an object.
set -u
build=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

guest() { clang-22 --target=wasm32 -O2 -nostdlib -Wl,--no-entry "$here/guest.c" -o guest.wasm; }
memory() { diff <("$build/examples/wasm/wasm_memory" guest.wasm) "$1"; }
kiln_and_cc() { # kiln_and_cc MODULE MAIN OUT
  "$build/kiln" compile "$1" -o "$3.o" --header="${1%.wasm}.h" &&
    cc -Wall -Wextra -Werror -I. -I "$here/../../include" "$2" "$3.o" "$build/frontends/wasm/runtime/libkiln-wasmrt.a" -pthread -lm -o "$3"
}
object() { kiln_and_cc guest.wasm "$here/object.c" object && diff <(./object) "$1"; }
# A program for WASI, without a libc of it: it ends with the number of its arguments.
program() {
  clang-22 --target=wasm32 -O2 -nostdlib -x c - -o count.wasm <<< '
    __attribute__((import_module("wasi_snapshot_preview1"), import_name("args_sizes_get"))) int sizes(int *, int *);
    __attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void leave(int);
    void _start(void) { int n, bytes; if (sizes(&n, &bytes) != 0) __builtin_trap(); leave(n); }' &&
    kiln_and_cc count.wasm "$here/program.c" count && expect_status 3 ./count one two
}
printf '%s\n' 'integer divide by zero' 'quotient 3' 'remainder 2' > in_memory
printf '%s\n' 'quotient 3' 'remainder 2' 'integer divide by zero' > as_object
check "clang makes the module" guest
check "in memory" memory in_memory
check "what is no module is refused" expect_status 1 "$build/examples/wasm/wasm_memory" "$here/guest.c"
if nm "$build/frontends/wasm/runtime/libkiln-wasmrt.a" | grep -q 'U __asan_'; then
  skip "as objects" "programs outside do not link with sanitized libraries"
  finish
fi
check "as an object" object as_object
check "a program for WASI as an object" program
finish
