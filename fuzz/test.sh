#!/usr/bin/env bash
# test.sh PROGRAM NAME RUNS: a bounded run of one fuzz target, always the same one, as a TAP test. The
# inputs that once were findings (seeds/NAME) are among its first ones.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1") name=$2 runs=$3
. "$here/../tests/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/corpus"
if [[ $name != func ]] && ! type -P "${CLANG:-clang-22}" >/dev/null; then
  skip "fuzz $name" 'no clang for the first inputs'
  finish
fi
python3 "$here/seeds.py" "$name" "$work/seeds"
folders=("$work/corpus" "$work/seeds")
[[ -d $here/seeds/$name ]] && folders+=("$here/seeds/$name")
options=(-runs="$runs" -seed=1 -artifact_prefix="$PWD/fuzz-$name-")
[[ $name == func ]] && options+=(-max_len=4096)
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
run() {
  "$program" "${options[@]}" "${folders[@]}" >"$work/log" 2>&1 || {
    grep -a -E '^fuzz: |ERROR: |runtime error: |Test unit written' "$work/log" ||
      tail -n 30 "$work/log"
    return 1
  }
}
check "fuzz $name, $runs runs" run
finish
