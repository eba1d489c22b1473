#!/usr/bin/env bash
# Replaces rustc's linker: links as requested, then links OUTPUT.kiln with Kiln's objects in place of rustc's. rustc,
# with -C save-temps, leaves the bitcode of each object beside it. $KILN_OPTIONS are of `kiln compile`; $KILN_BITCODE=no-opt.bc:
# the bitcode before LLVM's passes.
set -euo pipefail
cc "$@"
own=() previous=
for a; do
  bitcode=${a%.o}.${KILN_BITCODE-bc}
  if [[ $a == *.rcgu.o && -f $bitcode ]]; then
    # shellcheck disable=SC2086 # options
    "$KILN" compile ${KILN_OPTIONS-} -o "${a%.o}.kiln.o" "$bitcode"
    a=${a%.o}.kiln.o
  elif [[ $previous == -o ]]; then
    a=$a.kiln
  fi
  previous=$a
  own+=("$a")
done
cc "${own[@]}"
