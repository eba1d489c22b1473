#!/usr/bin/env bash
# test.sh BUILD NAME RUNS: a bounded run of one fuzz target with a fixed seed, as a TAP test. Former findings
# (seeds/NAME) are among its first inputs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "$1") target=$2 runs=$3
. "$here/../tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [[ $target != func && $target != wasm ]] && ! type -P "${CLANG:-clang-22}" >/dev/null; then
  skip "fuzz $target" 'no clang for the first inputs'
  finish
fi
seeds=$build/fuzz-seeds/$target
python3 "$here/seeds.py" "$target" "$seeds"
# each input is run with each allocation failing: half of them are enough here
if [[ $target == memory ]]; then
  mkdir "$work/half"
  n=0
  for f in "$seeds"/*; do (( n++ % 2 )) || cp "$f" "$work/half/"; done
  seeds=$work/half
fi
folders=("$seeds")
[[ -d $here/seeds/$target ]] && folders+=("$here/seeds/$target")
options=(-runs="$runs" -seed=1 -artifact_prefix="$build/fuzz-$target-")
export ASAN_OPTIONS=allocator_may_return_null=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1
run() {
  "$build/fuzz/fuzz_$target" "${options[@]}" "${folders[@]}" >"$work/log" 2>&1 || {
    grep -a -E '^fuzz: |ERROR: |runtime error: ' "$work/log" ||
      tail -n 30 "$work/log"
    return 1
  }
}
check "fuzz $target, $runs runs" run
finish
