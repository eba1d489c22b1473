#!/usr/bin/env bash
# lua.sh KILN CACHE LEVEL [OPTION...]: compiles every file of Lua from bitcode at LEVEL (O0, O1)
# with `kiln compile OPTION...`, links interpreter and compiler, and runs the scripts of tests/run/lua with
# them and with clang's build of the same: output, errors and exit status must be equal. No function
# is skipped: `kiln compile` fails if it cannot compile one.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1") level=$3
lua=$("$tests/harness/lua_bitcode.sh" "$2") || { echo "Bail out! Lua's source is not to be had"; exit 1; }
options=("${@:4}")
if [[ " ${options[*]} " == *" --stress=2 "* && ${KILN_TEST_WHOLE-} != 1 ]]; then
  skip "a second seed" "a sample; all: ./dev test --whole"
  finish
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# link OUT MAIN_OBJECT_SUFFIX FOLDER: Lua's objects but one main.
link() {
  local out=$1 suffix=$2 folder=$3 without=$4 objects=()
  for o in "$folder"/*"$suffix"; do
    [[ ${o##*/} == "$without$suffix" || ${o##*/} == *merged* ]] || objects+=("$o")
  done
  gcc -o "$out" "${objects[@]}" -lm -ldl -Wl,-E
}

# run DIR PROGRAM ARG...: stores its output and its exit status in DIR.
run() {
  local out=$1
  shift
  mkdir -p "$out"
  (cd "$tests/run/lua" && timeout 60 "$@" > "$out/stdout" 2> "$out/stderr"; echo $? > "$out/status")
}

# same_run SCRIPT_OR_ARGS...: by both builds; differences fail.
same_run() {
  local f program=$1
  shift
  run "$work/want" "$work/clang/$program" "$@"
  run "$work/got" "$work/kiln/$program" "$@"
  # The program's own name and the addresses of functions differ.
  for f in stdout stderr; do
    sed -Ei "s,$work/(clang|kiln)/,,g; s/0x[0-9a-f]{8,}/ADDRESS/g" "$work"/{want,got}/$f
  done
  diff -r "$work/want" "$work/got"
}

same_bytecode() {
  (cd "$tests/run/lua" && "$work/clang/luac" -o "$work/a" "$1" && "$work/kiln/luac" -o "$work/b" "$1") &&
    cmp "$work/a" "$work/b" && "$work/kiln/lua" "$work/b" > /dev/null
}

mkdir -p "$work"/{kiln,clang}
cd "$work/kiln" || exit 1
for bc in "$lua/$level"/*.bc; do
  [[ $bc == *.merged.bc ]] || check "compile ${bc##*/}" "$kiln" compile "${options[@]}" "$bc"
done
for program in lua luac; do
  other=$([[ $program == lua ]] && echo luac || echo lua)
  link "$work/clang/$program" .ref.o "$lua/$level" $other || exit 1
  check "link $program" link "$work/kiln/$program" .o "$work/kiln" $other
done
# wanted SCRIPT: whether it is to run ($KILN_TEST_FILES).
wanted() { [[ -z ${KILN_TEST_FILES-} || " $KILN_TEST_FILES " == *" $1 "* ]]; }
for script in "$tests"/run/lua/*.lua; do
  script=${script##*/}
  if wanted "$script"; then check "$script: run" same_run lua "$script"; fi
done
check "run luac -l -l" same_run luac -l -l -p closures.lua
check "bytecode of sort.lua" same_bytecode sort.lua
check "error without a file" same_run lua no_such_file.lua
check "error of a script" same_run lua -e 'local t = setmetatable({}, {__index = error}); print(t.x)'
check "interactive options" same_run lua -v -e 'print(#arg, ...)' -W - -- a

check "compile all as one module" "$kiln" compile "${options[@]}" -o "$work/kiln/merged" "$lua/$level/lua.merged.bc"
check "link one module" gcc -o "$work/kiln/lua" "$work/kiln/merged" -lm -ldl -Wl,-E
for script in sort.lua strings.lua tables.lua; do
  if wanted $script; then check "$script: run, one module" same_run lua $script; fi
done
finish
