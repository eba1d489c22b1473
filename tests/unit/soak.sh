#!/usr/bin/env bash
# soak [FUNCTIONS]: default 1,000,000; with sanitizers (ASan, then TSan) a tenth of it. As many cycles of adding and
# removing, 70,000 units of which every second one is removed, and as many removals beside running threads. With
# sanitizers, tests of what callbacks may do, of library functions, outputs, perf's files, the runtime of WebAssembly and
# walks of stacks (20,000 collections), too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

n=${1:-1000000}
unit=(api callbacks jit jit_lazy jit_run jit_tools library output stack wasi wasm_runtime)
tests=(tests/unit/jit_{soak,growth,fork,names,find,remove} tests/moving/moving)
ninja -C build "${tests[@]}" >&2
build/tests/unit/jit_soak "$n"
build/tests/unit/jit_growth "$n" 70000
build/tests/unit/jit_remove "$n"
for folder in build-sanitize build-tsan; do
  ninja -C "$folder" "${tests[@]}" "${unit[@]/#/tests/unit/}" >&2
  for test in "${unit[@]}"; do "$folder/tests/unit/$test"; done
  "$folder/tests/unit/jit_soak" $((n / 10))
  "$folder/tests/unit/jit_growth" $((n / 100)) 1000
  "$folder/tests/unit/jit_remove" "$n"
  "$folder/tests/unit/jit_fork" 300
  "$folder/tests/unit/jit_names"
  "$folder/tests/unit/jit_find"
  "$folder/tests/moving/moving" --collections=20000 --threads=4 --floor=0
done
