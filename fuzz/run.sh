#!/usr/bin/env bash
# run.sh BUILD SECONDS [SEED]: fuzzes with the project's own texts and Lua's modules as seeds.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(realpath "$1") seconds=$2 seed=${3:-$(date +%s)000000}
lua=$("$root/tests/lua_bitcode.sh" "$root/build/cache")
mapfile -t seeds < <(find "$root/tests" -name '*.kir'; find "$lua" -name '*.bc' -size -64k)
mkdir -p "$build/fuzz"
cd "$build/fuzz"
echo "seed $seed, ${#seeds[@]} files"
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
./mutate "$seconds" "$seed" "${seeds[@]}"
