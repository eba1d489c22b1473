#!/usr/bin/env bash
# run.sh BUILD: the demo. Compiles the bundled program with clang-22 -O0 to bitcode and from there to
# objects twice, with Kiln and with LLVM's own code generator at -O0; links and runs both; the output
# must be the same. Prints the program's output, and time and size of both.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "$1")
work=$build/demo
rm -rf "$work"
mkdir -p "$work"/{kiln,llvm}
cd "$work"

now_us() { local t=$EPOCHREALTIME; echo $(( ${t%[.,]*} * 1000000 + 10#${t#*[.,]} )); }

# least N COMMAND...: the shortest of N runs, in microseconds.
least() {
  local n=$1 best= start took i
  shift
  for (( i = 0; i < n; i++ )); do
    start=$(now_us)
    "$@" > /dev/null
    took=$(( $(now_us) - start ))
    [[ -n $best && $best -le $took ]] || best=$took
  done
  echo "$best"
}

sources=("$here"/*.c)
modules=()
for c in "${sources[@]}"; do
  bc=$(basename "$c" .c).bc
  clang-22 -O0 -fPIC -emit-llvm -c "$c" -o "$bc"
  modules+=("$work/$bc")
done

compile_kiln() { (cd kiln && "$build/kiln" compile "${modules[@]}"); }
compile_llvm() {
  local bc
  for bc in "${modules[@]}"; do
    clang-22 -O0 -fPIC -c "$bc" -o "llvm/$(basename "$bc" .bc).o"
  done
}
compile_kiln
compile_llvm
for which in kiln llvm; do gcc -o demo-$which $which/*.o -lm; done

./demo-kiln demo.ppm | tee output-kiln
./demo-llvm > output-llvm
cmp output-kiln output-llvm

row() { # row NAME UNIT LLVM KILN
  awk -v name="$1, $2" -v a="$3" -v b="$4" \
    'BEGIN { printf "%-38s %10.0f %10.0f %10.2f\n", name, a, b, (b > 0 ? a / b : 0) }'
}
text_bytes() { size -A "$@" | awk '$1 ~ /^\.text/ {sum += $2} END {print sum}'; }

printf '\n%d modules; the same output from both. The picture is %s\n' ${#modules[@]} "${work#"$PWD"/}/demo.ppm"
printf '%-38s %10s %10s %10s\n' "" "LLVM -O0" "Kiln" "LLVM/Kiln"
row "bitcode to object, clang-22 and kiln" us "$(least 5 compile_llvm)" "$(least 5 compile_kiln)"
row "code size" "bytes" "$(text_bytes llvm/*.o)" "$(text_bytes kiln/*.o)"
row "run time" us "$(least 3 ./demo-llvm)" "$(least 3 ./demo-kiln)"
