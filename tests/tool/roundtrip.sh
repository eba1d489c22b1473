#!/usr/bin/env bash
# roundtrip.sh KILN CACHE: Lua's bitcode printed as text: printing it again gives the same text, it compiles, and the
# resulting interpreter behaves as clang's. With sanitizers it is of -O1 alone (without --whole) and not run: its bytes are those of the other builds
# (same_objects.sh).
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1")
lua=$("$tests/harness/lua_bitcode.sh" "$2") || { echo "Bail out! Lua's source is not to be had"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# through_text LEVEL: every file as text in $work/LEVEL, read back, and compiled from there.
through_text() {
  local bc text
  mkdir -p "$work/$1"
  for bc in "$lua/$1"/*.bc; do
    text=$work/$1/$(basename "$bc" .bc).kir
    "$kiln" print "$bc" >"$text" && "$kiln" print "$text" | cmp - "$text" || return 1
    "$kiln" compile -o "${text%.kir}.o" "$text" || return 1
  done
}

# link_all OUT SUFFIX FOLDER: the interpreter.
link_all() {
  local objects=() o
  for o in "$3"/*"$2"; do
    [[ ${o##*/} == luac"$2" || ${o##*/} == *merged* ]] || objects+=("$o")
  done
  gcc -o "$1" "${objects[@]}" -lm -ldl -Wl,-E
}

same_output() {
  cmp <(cd "$tests/run/lua" && "$work/clang" "$1" 2>&1) <(cd "$tests/run/lua" && "$work/$2" "$1" 2>&1)
}

link_all "$work/clang" .ref.o "$lua/O0" || exit 1
levels=(O0 O1)
! sanitized "$kiln" || [[ ${KILN_TEST_WHOLE-} == 1 ]] || levels=(O1)
for level in "${levels[@]}"; do
  check "$level: printed, read, printed, compiled" through_text $level
  ! sanitized "$kiln" || continue
  check "$level: linked" link_all "$work/$level.exe" .o "$work/$level"
  for script in closures coroutines strings sort; do
    check "$level: $script.lua" same_output $script.lua $level.exe
  done
done
finish
