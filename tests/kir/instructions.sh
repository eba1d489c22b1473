#!/usr/bin/env bash
# instructions.sh BUILD: tests instruction selection. A line `; TARGET: @f MNEMONICS` in a .kir file lists the
# instructions of function f for that target, without moves between registers and the padding after the function.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1")/kiln
if [[ ! -x $kiln-dis ]]; then
  skip "instructions" "built without Zydis, Capstone or libelf"
  finish
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# is FUNCTION MNEMONICS: they are the function's in $work/code.
is() {
  local got
  got=$(awk -v f="$1:" '/^[^ ].*:$/ { on = $0 == f } on && /^ +[0-9a-f]+:/ {
    for (i = 2; $i ~ /^[0-9a-f][0-9a-f]$/; i++) {}
    if ($i == "mov" && $0 ~ / #/) $i = "movz" # Capstone 5 prints the alias
    if ($i != "mov" && $i != "int3") printf "%s%s", sep, $i
    sep = " "
  }' "$work/code")
  [[ ${got# } == "$2" ]] || { echo "got $got"; return 1; }
}

for target in x86_64 aarch64; do
  for file in "$tests"/kir/*.kir; do
    grep -q "^; $target: @" "$file" || continue
    features=$(sed -nE 's/^; features: (.*)/--features=\1/p' "$file")
    "$kiln" compile --target=$target $features -o "$work/o" "$file" && "$kiln" dis "$work/o" > "$work/code"
    while read -r _ _ name want; do
      check "$target ${name#@}" is "${name#@}" "$want"
    done < <(grep "^; $target: @" "$file")
  done
done
finish
