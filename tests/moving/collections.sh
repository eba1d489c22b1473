#!/usr/bin/env bash
# moving [COLLECTIONS]: default 10,000,000; for AArch64 a tenth of it. Each kind of frame has to be there once for each 1,000
# of them, 10,000 times by default. A program in Clay, linked and in memory, collects at each of its 76,000 allocations.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

n=${1:-10000000}
floor=$((n / 1000))
moving=build/tests/moving/moving
$moving --collections="$n" --floor="$floor"
$moving --collections=$((n / 10)) --floor="$floor" --threads=4 --seed=1000000
$moving --collections=$((n / 10)) --floor="$floor" --interpreted=$((n / 20)) --seed=2000000
$moving --refused=$((n / 1000))
qemu-aarch64 -L /usr/aarch64-linux-gnu build-aarch64/tests/moving/moving --collections=$((n / 10)) --floor="$floor"
clay=examples/clay
for how in --run --jit; do CLAY_GC=1 build/$clay/clay $how $clay/programs/garbage.clay | cmp - $clay/programs/garbage.out; done
