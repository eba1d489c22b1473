#!/usr/bin/env bash
# same_bytes.sh KILN: the kiln of a cross build, started by $MESON_EXE_WRAPPER, makes the same objects and
# messages as the one that was built for this machine ($KILN_NATIVE, default build/kiln), for all targets.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
cross=$(realpath "$1")
read -ra wrapper <<< "${MESON_EXE_WRAPPER-}"
native=${KILN_NATIVE:-$tests/../build/kiln}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[[ -x $native ]] || { skip "same bytes" "no $native"; finish; }
native=$(realpath "$native")
cd "$work" || exit 1

# same FILE TARGET OPTION...
same() {
  local in=$1 target=$2 want status=0
  shift 2
  rm -f native.o cross.o
  "$native" compile --target="$target" "$@" -o native.o "$in" 2> native.err
  want=$?
  "${wrapper[@]}" "$cross" compile --target="$target" "$@" -o cross.o "$in" 2> cross.err || status=$?
  (( status == want )) || { echo "exit status $status instead of $want"; cat native.err cross.err; return 1; }
  cmp native.err cross.err || { cat native.err cross.err; return 1; }
  (( want != 0 )) || { test -s native.o && cmp native.o cross.o; }
}

# Each fourth file and program for one target, another fourth for the other one (./dev test --whole: all for both);
# programs at -O0 and -O1 in turns.
every=4
[[ ${KILN_TEST_WHOLE-} != 1 ]] || every=1
for target in x86_64 aarch64; do
  check "target $target: no such file" same none.bc "$target"
  number=${#target}
  for f in "$tests"/kir/*.kir; do
    (( number++ % every )) || check "$target: ${f##*/}" same "$f" "$target"
  done
  number=${#target}
  for f in "$tests"/run/programs/*.c; do
    (( number++ % every == 0 )) || continue
    name=${f##*/} level=O$(( number / every % 2 ))
    bc=$target.$level.${name%.c}.bc
    clang-22 --target=$target-linux-gnu -$level -w -fno-vectorize -fno-slp-vectorize -c -emit-llvm "$f" -o "$bc" \
      2> clang.err || { skip "$target: $name -$level" "clang does not compile it for this target"; continue; }
    check "$target: $name -$level" same "$bc" "$target"
    last=$bc
  done
  check "$target: stress" same "$last" "$target" --stress=3
  check "$target: threads" same "$last" "$target" --threads=2
done
finish
