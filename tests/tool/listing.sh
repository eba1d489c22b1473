#!/usr/bin/env bash
# listing.sh BUILD CACHE: `kiln compile --listing` of Lua as one module, for both targets: every line of the
# functions' text and every byte of their code is in the listing once, all code disassembles, and no line of text is
# within an instruction. The flags do not change objects. For x86-64 of -O0, for AArch64 of -O1; with
# sanitizers of -O1; with --whole of both.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
export kiln=$build/kiln
if [[ ! -x $build/kiln-dis ]]; then
  skip "listing" "built without Zydis, Capstone or libelf"
  finish
fi
lua=$("$tests/harness/lua_bitcode.sh" "$2") || { echo "Bail out! Lua's source is not to be had"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# A line of machine code: address, bytes.
machine='^ *[0-9a-f]+:  [0-9a-f]{2}( |$)'

text_is_complete() {
  sed -n '/^func /,/^}/p' dump.kir | sort > want
  tail -n +2 listing | grep -Ev "$machine" |
    grep -Ev '^(section |$|  ; (literals|epilogue)$|; nothing)' | sort > got
  [[ -s want ]] && diff want got | head -n 10
  cmp -s want got
}

# The bytes printed are as many as --stats counts; padding between functions is in neither.
code_is_complete() {
  local want got
  want=$(awk '/code bytes/ {print $3}' stats)
  got=$(grep -E "$machine" listing |
    awk '{ for (i = 2; $i ~ /^[0-9a-f][0-9a-f]$/; i++) n++ } END { print n }')
  (( want > 100000 && got == want )) || { echo "$got bytes listed of $want"; return 1; }
}

# text_of OBJECT: the bytes of its code, as OBJECT.text.
text_of() { llvm-objcopy-22 -O binary -j .text "$1" "$1.text"; }
export -f text_of

decodes() { ! grep -E '\(bad\)|; inside' listing; }

for target in x86_64 aarch64; do
  levels=(O1)
  [[ $target == aarch64 ]] || sanitized "$kiln" || levels=(O0)
  [[ ${KILN_TEST_WHOLE-} != 1 ]] || levels=(O0 O1)
  for level in "${levels[@]}"; do
    name="$target $level"
    "$kiln" print "$lua/$level/lua.merged.bc" | sed "s/^target .*/target $target/" > lua.kir
    check "$name: compiles" "$kiln" compile -o plain.o lua.kir
    check "$name: lists" bash -c \
      "\"\$kiln\" compile -o listed.o --stats --dump=dump.kir --listing=listing lua.kir 2> stats"
    check "$name: the object is the same" cmp plain.o listed.o
    check "$name: all of the text" text_is_complete
    check "$name: all of the code" code_is_complete
    check "$name: whole instructions" decodes
    check "$name: the dump compiles to the same object" bash -c \
      "\"\$kiln\" compile -o dumped.o dump.kir && text_of plain.o && text_of dumped.o && [[ -s plain.o.text ]] && cmp plain.o.text dumped.o.text"
  done
done
finish
