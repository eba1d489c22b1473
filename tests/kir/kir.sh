#!/usr/bin/env bash
# kir.sh KIR_RUN TARGET|interp|runner [OPTION...]: the .kir tests, written by hand and by gen.py, for one target, or
# on the interpreter (--interp=LINK ARGUMENTS); $KILN_TEST_FILES: these alone; --every=N: of the generated files, each
# N-th. `runner` tests the runner itself: it must report wrong expectations, line by line.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
run=$(realpath "$1") target=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [[ $target == runner ]]; then
  . "$tests/harness/tap.sh"
  cat >"$work/wrong.kir" <<'KIR'
func @wr_add(i32, i32) -> i32 {
b0(v0: i32, v1: i32):
  v2 = add.i32 v0, v1
  ret v2
}
func @wr_load(i64) -> i64 {
b0(v0: i64):
  v1 = load.i64 v0
  ret v1
}
func @wr_loop(i64) -> f64 {
b0(v0: i64):
  v1 = sitof.f64 i64 v0
  ret v1
}
; run: @wr_add(1, 2) == 3
; run: @wr_add(1, 2) == 4
; run: @wr_load(0) == 0
; run: @wr_add(1, 2, 3) == 3
; run: @wr_nothing(1) == 3
; run: @wr_loop(0) == -0.0
; run: @wr_loop(0) == nan
; check: 1 == 2
; check: 1 == 1
; run: @wr_add(-1, 2) == 1
KIR
  printf '; error: nothing\nfunc @f() {\nb0:\n  ret 5 ; error: something else\n}\n' >"$work/error.kir"
  out=$("$run" --seeds=0 "$work/wrong.kir" "$work/error.kir")
  status=$?
  check 'the status says that tests failed' [ $status = 1 ]
  told() { grep -q "$1" <<<"$out" || { printf '%s\n' "$out"; return 1; }; }
  for line in 17 18 19 20 21 22 23; do check "line $line is told" told "wrong.kir:$line: "; done
  untold() { ! told "$1" >/dev/null; }
  for line in 16 24 25; do check "line $line is right" untold "wrong.kir:$line: "; done
  check 'the lines are counted' told '^not ok .*run x86_64, 3 lines'
  check 'an error that is another one is told' told '^not ok .*error.kir: errors'
  finish
fi

options=(--target="${target/interp/x86_64}") every=1
for option in "${@:3}"; do
  case $option in
    --every=* | --seeds=[1-9]) [[ ${KILN_TEST_WHOLE-} != 1 ]] || continue ;;& # the runner's default
    --every=*) every=${option#*=} ;;
    *) options+=("$option") ;;
  esac
done
if [[ $target == aarch64 && $(uname -m) != aarch64 ]]; then
  for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    type -P $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
  done
  options+=(--cc=aarch64-linux-gnu-gcc --cc-flags=-static --exec=qemu-aarch64)
fi
ulimit -c 0
ulimit -s 65536 # frames of 20 MiB
generated=$("$tests/kir/generated.sh" "$tests/../build/cache") || exit 1
files=() number=0
for f in "$tests"/kir/*.kir "$generated"/*.kir; do
  if [[ $target == interp && ${f##*/} == asm*.kir ]]; then
    echo "# ${f##*/}: machine code is not interpreted" >&2
  elif [[ -n ${KILN_TEST_FILES-} ]]; then
    [[ " $KILN_TEST_FILES " != *" ${f##*/} "* ]] || files+=("$f")
  elif [[ $f == "$tests"/* ]] || (( number++ % every == 0 )); then
    files+=("$f")
  fi
done
(( ${#files[@]} > 0 )) || { echo "Bail out! no file $KILN_TEST_FILES"; exit 1; }
"$run" "${options[@]}" "${files[@]}"
