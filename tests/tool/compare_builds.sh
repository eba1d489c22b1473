#!/usr/bin/env bash
# compare_builds.sh [--cache=CACHE] [--keep=FOLDER] [--sample] OLD_KILN NEW_KILN: compares the objects that two builds of
# kiln make, byte for byte, for changes that must not change the machine code. Inputs: SQLite and Lua as
# bitcode (-O0 and -O1, with and without -g), the .kir files of the tests and those that gen.py writes. Each is
# compiled for both targets, plainly and with two seeds of --stress. Where kiln refuses an input, what it says and
# its exit status are compared. Each difference is printed by name; the last line counts; the exit status is 1 if
# anything differs. With --keep the objects that differ stay as FOLDER/old/NAME.o and FOLDER/new/NAME.o; with
# --sample two of the eight kinds of bitcode are there, and each input is compiled in one of the three ways only,
# another one than its neighbours. The bitcode is made once in CACHE (default: build/cache of this tree), which takes a
# minute or two.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tests=$root/tests
cache=$root/build/cache keep='' ways=3
while [[ ${1-} == --* ]]; do
  case $1 in
    --cache=*) cache=${1#*=} ;;
    --keep=*) keep=$(realpath -m "${1#*=}") ;;
    --sample) ways=1 ;;
    *) sed -nE '2,/^[^#]/s/^# ?//p' "$0"; exit 2 ;;
  esac
  shift
done
(( $# == 2 )) || { sed -nE '2,/^[^#]/s/^# ?//p' "$0" >&2; exit 2; }
old=$(realpath "$1") new=$(realpath "$2")
for kiln in "$old" "$new"; do
  [[ -f $kiln && -x $kiln ]] || { echo "compare_builds.sh: $kiln is no program" >&2; exit 2; }
done
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# ---- inputs ----

# make_bitcode TARGET/LEVEL: NAME.bc of SQLite and of each file of Lua, in that folder of $bitcode; LEVEL is O0, O1, O0-g
# or O1-g.
make_bitcode() {
  local target=${1%/*} level=${1#*/} sqlite lua file clang
  sqlite=$("$tests/harness/sqlite_bitcode.sh" "$cache")
  lua=$("$tests/harness/lua_bitcode.sh" "$cache")
  mkdir -p "$bitcode/$1"
  clang="clang-22 --target=$target-linux-gnu -w -fPIC -emit-llvm -fno-vectorize -fno-slp-vectorize -${level/-/ -}"
  {
    printf '%s\0' "$clang -c '$sqlite/sqlite3.c' -o '$bitcode/$1/sqlite3.bc'"
    for file in "$cache"/sources/lua5.4-*/src/*.c; do
      printf '%s\0' "$clang -std=gnu99 -DLUA_COMPAT_5_3 -DLUA_USE_LINUX -I'$lua/include' -c '$file' \
        -o '$bitcode/$1/$(basename "$file" .c).bc'"
    done
  } | xargs -0 -P "$(nproc)" -I{} sh -c '{}'
}

bitcode=$cache/compare
if (( ways == 1 )); then folders=(x86_64/O0-g aarch64/O0)
else folders=({x86_64,aarch64}/{O0,O1,O0-g,O1-g}); fi
exec 6> "$cache/compare.lock"
flock 6
for folder in "${folders[@]}"; do
  if [[ ! -f $bitcode/$folder/complete ]]; then
    echo "compare_builds.sh: making bitcode in $bitcode/$folder" >&2
    rm -rf "${bitcode:?}/$folder"
    make_bitcode "$folder" 6>&-
    touch "$bitcode/$folder/complete"
  fi
done
exec 6>&-

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
generated=$("$tests/kir/generated.sh" "$cache")

# Lines of input, tab, target.
inputs() {
  local target file folder
  for folder in "${folders[@]}"; do
    for file in "$bitcode/$folder"/*.bc; do printf '%s\t%s\n' "$file" "${folder%/*}"; done
  done
  for target in x86_64 aarch64; do
    for file in $(cd "$root" && git ls-files 'tests/*.kir') "$generated"/*.kir; do printf '%s\t%s\n' "$file" $target; done
  done
}

# ---- comparing ----

# compile KILN OUT TARGET INPUT [OPTION]: the object is OUT.o; what kiln said, with its exit status, is OUT.said.
compile() {
  local kiln=$1 out=$2 target=$3 input=$4 status=0
  rm -f "$out.o"
  "$kiln" compile --target="$target" "${@:5}" -o "$out.o" "$input" > "$out.said" 2>&1 || status=$?
  echo "exit status $status" >> "$out.said"
}

# compare INPUT TARGET [OPTION]: prints a line "same", "refused" (by both alike) or "differs: NAME: HOW".
compare() {
  local name=$1 at how=''
  name=${name#"$bitcode/$2/"} name=${name#"$generated/"}
  at=$work/job.$BASHPID
  compile "$old" "$at.old" "$2" "$1" "${@:3}"
  compile "$new" "$at.new" "$2" "$1" "${@:3}"
  if ! cmp -s "$at.old.said" "$at.new.said"; then
    how="old: $(tr '\n' ' ' < "$at.old.said")new: $(tr '\n' ' ' < "$at.new.said")"
  elif [[ $(tail -n 1 "$at.old.said") == 'exit status 1' ]]; then
    echo refused
    return
  elif how=$(cmp "$at.old.o" "$at.new.o" 2>&1); then
    echo same
    return
  else
    how=${how#"$at.old.o $at.new.o "} how="${how#cmp: }, $(tail -n 1 "$at.old.said")"
  fi
  echo "differs: $2: $name${3+ ${*:3}}: $how"
  if [[ -n $keep ]]; then
    local to="$name $2 ${*:3}"
    to=${to//[\/ ]/_}
    mkdir -p "$keep/old" "$keep/new"
    for side in old new; do
      if [[ -f $at.$side.o ]]; then cp "$at.$side.o" "$keep/$side/$to.o"; fi
    done
  fi
}

# Of a part of the inputs, for one process.
options=("" --stress=1 --stress=7)
compare_all() {
  local number input target option features
  while IFS=$'\t' read -r number input target; do
    features=
    if [[ $input == *.kir ]]; then
      features=$(sed -n 's/^; features: //p' "$input" | grep -x "$([[ $target == aarch64 ]] && echo lse || echo cx16)" || true)
    fi
    for (( i = 0; i < ways; i++ )); do
      option=${options[(number + i) % ${#options[@]}]}
      compare "$input" "$target" $option ${features:+--features=$features}
    done
  done
}

cd "$root"
jobs=$(nproc)
inputs | nl -w1 > "$work/inputs"
for (( i = 0; i < jobs; i++ )); do
  awk "NR % $jobs == $i" "$work/inputs" | compare_all > "$work/results.$i" &
done
wait
cat "$work"/results.* > "$work/results"
grep '^differs' "$work/results" | sort || true
count() { grep -c "^$1" "$work/results" || true; }
want=$(( $(wc -l < "$work/inputs") * ways ))
(( $(wc -l < "$work/results") == want )) || { echo "compare_builds.sh: a comparison ended early" >&2; exit 1; }
differ=$(count differs)
echo "$differ differ, $(count same) objects are the same, $(count refused) inputs are refused alike"
(( differ == 0 ))
