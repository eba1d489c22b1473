#!/usr/bin/env bash
# wasm [FILE...] [--ways=memory,object] [--target=T]: the official suite, all of it or files as wasm-v2/i32, compiled in memory
# and as objects, natively and for AArch64 under qemu.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ok=0 targets=(x86_64 aarch64) rest=()
for word in "$@"; do
  if [[ $word == --target=* ]]; then targets=("${word#*=}"); else rest+=("$word"); fi
done
for target in "${targets[@]}"; do
  build=build
  [[ $target != aarch64 ]] || build=build-aarch64
  tests/wasm/spec.py --runner=$build/tests/wasm/spec_runner --kiln=build/kiln --target="$target" "${rest[@]}" || ok=1
done
exit $ok
