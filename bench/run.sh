#!/usr/bin/env bash
# run.sh BUILD [OPTION...] [FILE.bc...]: the bench on the files given, or on Lua: its modules at -O0
# and at -O1, and the interpreter linked into one module. With --target=aarch64 on SQLite at -O0 and at
# -O1, as clang makes it for that target.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$1
shift
options=() files=()
for word in "$@"; do
  if [[ $word == -* ]]; then options+=("$word"); else files+=("$word"); fi
done
bench=("$build/bench/kiln-bench" "${options[@]}")
if (( ${#files[@]} > 0 )); then exec "${bench[@]}" "${files[@]}"; fi

if [[ " ${options[*]} " == *" --target=aarch64 "* ]]; then
  sqlite=$("$root/tests/harness/sqlite_bitcode.sh" "$build/cache" aarch64/O0 aarch64/O1)/aarch64
  mkdir -p "$build/bench/aarch64"
  for level in O0 O1; do ln -sf "$sqlite/$level/sqlite3.bc" "$build/bench/aarch64/sqlite3-$level.bc"; done
  exec "${bench[@]}" "$build"/bench/aarch64/sqlite3-O{0,1}.bc
fi
lua=$("$root/tests/harness/lua_bitcode.sh" "$build/cache")
json=false
[[ " ${options[*]} " == *" --json "* ]] && json=true
# heading KEY TEXT: between the parts, a key of the JSON object or a line over the table.
first=true
heading() {
  if $json; then
    $first && printf '{' || printf ','
    printf '"%s": ' "$1"
  else
    $first || echo
    echo "$2"
  fi
  first=false
}
modules() { find "$lua/$1" -name '*.bc' ! -name '*.merged.bc' ! -name luac.bc | sort; }

status=0
for level in O0 O1; do
  heading "lua_$level" "Lua's modules, bitcode at -$level"
  mapfile -t files < <(modules $level)
  "${bench[@]}" "${files[@]}" || status=1
  heading "lua_merged_$level" "Lua as one module, bitcode at -$level"
  "${bench[@]}" "$lua/$level/lua.merged.bc" || status=1
done
$json && echo '}'
exit $status
