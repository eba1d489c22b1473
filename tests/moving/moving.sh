#!/usr/bin/env bash
# moving.sh MOVING CC N [interpreter]: a sample of generated programs with the collector that moves everything, N
# collections of each kind: compiled into a JIT, by threads, on the interpreter, and from objects that CC links.
# ./dev moving has the campaign. A cross build's program is started by $MESON_EXE_WRAPPER.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../harness/tap.sh"
moving=$(realpath "$1") cc=$2 n=$3
read -ra wrapper <<< "${MESON_EXE_WRAPPER-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { "${wrapper[@]}" "$moving" "$@"; }

# linked SEED LINKER-OPTION...: the program's object as a shared object.
linked() {
  run --seed="$1" --emit="$work/p.o" &&
    "$cc" -shared -fPIC "${@:2}" "$work/p.o" "$here/bounds.c" -o "$work/p.so" &&
    run --seed="$1" --linked="$work/p.so" --collections=$((n / 10)) --floor=0
}

check 'compiled' run --collections="$n" --floor=100
check 'stale values are refused' run --refused=$((n / 200))
check 'by threads' run --collections=$((n / 2)) --threads=4 --floor=100 --seed=1000
if [[ ${4-} == interpreter ]]; then
  check 'on the interpreter' run --collections=$((n / 4)) --interpreted=$((n / 8)) --seed=3000
fi
for seed in 1 2 5; do check "linked, seed $seed" linked $seed; done
check 'linked without unused sections' linked 3 -Wl,--gc-sections
finish
