#!/usr/bin/env bash
# fuzz --oss-fuzz [SECONDS]: builds the fuzzers by fuzz/oss-fuzz/build.sh as OSS-Fuzz does, with the address sanitizer and
# with that for undefined behaviour, and runs each from its first inputs, for 60 seconds (SECONDS), with no other file of this
# tree. Checks that a fuzzer needs no library that the service's runner does not have.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/harness/tap.sh
seconds=${1:-60}
here=$PWD/build/cache/oss-fuzz
has='linux-vdso|ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv|libgcc_s|libstdc\+\+'

libraries() { [[ -x $1 ]] && ! ldd "$1" | awk '{print $1}' | sed 's/.*\///' | grep -vE "^($has)\.so"; }
run() {
  local out=$1 name=$2 work=$here/run
  rm -rf "$work" && mkdir -p "$work/corpus"
  python3 -m zipfile -e "$out/${name}_seed_corpus.zip" "$work/corpus"
  local options=(-max_total_time="$seconds" -timeout=25 -rss_limit_mb=2560 -print_final_stats=1)
  [[ ! -f $out/$name.dict ]] || options+=(-dict="$out/$name.dict")
  [[ ! -f $out/$name.options ]] || options+=("-$(sed -n 's/ = /=/p' "$out/$name.options")")
  (cd "$work" && ASAN_OPTIONS=allocator_may_return_null=1 "$out/$name" "${options[@]}" corpus > log 2>&1) || { tail -n 30 "$work/log"; return 1; }
  grep -a 'number_of_executed_units: *[1-9]' "$work/log"
}

for SANITIZER in address undefined; do
  export SANITIZER WORK=$here/$SANITIZER OUT=$here/$SANITIZER/out CC=clang-22 CXX=clang++-22 CC_LD=lld CXXFLAGS='' LIB_FUZZING_ENGINE=-fsanitize=fuzzer
  case $SANITIZER in
    address) flags='-fsanitize=address -fsanitize-address-use-after-scope' ;;
    undefined) flags='-fsanitize=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound -fno-sanitize-recover=all' ;;
  esac
  export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error $flags -fsanitize=fuzzer-no-link"
  rm -rf "$OUT" && mkdir -p "$OUT"
  check "$SANITIZER: build.sh" fuzz/oss-fuzz/build.sh
  for name in text qbe bitcode wasm memory func object; do
    check "$SANITIZER: fuzz_$name: no library but the runner's" libraries "$OUT/fuzz_$name"
    check "$SANITIZER: fuzz_$name runs for $seconds seconds" run "$OUT" "fuzz_$name"
  done
done
finish
