#!/usr/bin/env bash
# pages.sh BUILD: tests what README.md and the pages on embedding show. Their programs (marked `complete`) and those of
# examples are in a folder, where the commands marked `run` are executed as printed, with Kiln installed; the
# other pieces of C compile within a function that has what they name. (Parts of examples: tests/source/pages.py.)
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
docs=("$tests/../README.md")
for page in tutorial building api exceptions debug-information finding-bugs jit roots cpp; do
  docs+=("$tests/../docs/$page.md")
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

option() {
  meson introspect --buildoptions "$build" |
    python3 -c "import json, sys; print(next(o['value'] for o in json.load(sys.stdin) if o['name'] == '$1'))"
}
if [[ $(option b_sanitize) != none ]]; then
  skip "pages" "programs outside do not link with sanitized libraries"
  finish
fi
DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet || exit 1
root=$work/root$(option prefix)
lib=$root/$(option libdir)
export PKG_CONFIG_SYSROOT_DIR=$work/root PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 PATH=$root/bin:$PATH

# Writes programs and numbered pieces of code; `list` has them in order: KIND FILE [NEEDED PROGRAM].
mkdir doc && cd doc || exit 1
cp "$tests"/../examples/{hello,tutorial,topics,debug}/*.c .
awk '
  /^<!-- complete: / { kind = "program"; name = $3; next }
  /^<!-- from: / { kind = "shown"; next }
  /^<!-- setup -->/ { kind = "setup"; next }
  /^<!-- run(: [a-z]+)? -->/ { kind = "run"; needs = $2 == "run:" ? $3 : ""; next }
  /^```(c|cpp|sh)$/ {
    if (kind == "" && $1 == "```c") kind = "piece"
    if (kind == "" || kind == "shown") { kind = ""; next }
    file = kind == "program" ? name : "block" ++n (kind == "piece" ? ".c" : ".sh")
    print kind, file, needs > "list"
    printf "" > file
    inside = 1; needs = ""; next
  }
  /^```$/ { if (inside) close(file); inside = 0; kind = ""; next }
  inside { print > file }
' "${docs[@]}"

# Each piece in a block of its own, within one function.
pieces() {
  local file
  echo '#include <kiln/kiln.h>'
  echo 'void pieces(kiln_module *, kiln_session *, kiln_symbol, kiln_sig, kiln_value);'
  echo 'void pieces(kiln_module *m, kiln_session *s, kiln_symbol symbol, kiln_sig sig, kiln_value pointer) {'
  echo 'kiln_func *f = kiln_func_begin(s, symbol); kiln_value x = kiln_func_param(f, 0);'
  echo 'kiln_symbol text = {0}, puts = {0};'
  while read -r _ file _; do
    printf '{\n#line 1 "%s"\n' "$file"
    cat "$file"
    echo "}"
  done < <(grep '^piece ' list)
  echo '}'
}
shows() {
  pieces > pieces.c
  gcc -std=c11 -Wall -Wextra -Werror -Wno-unused "-I$root/include" -fsyntax-only pieces.c
}

# The README's function beside its code: each line of a listing of IR, then the instructions that follow it there.
column() {
  kiln compile --listing --target="$1" -o /dev/null poly.kir | awk '
    /^ +[0-9a-f]+:  / { sub(/^ +[0-9a-f]+:  ([0-9a-f][0-9a-f] )+ */, ""); code[n] = code[n] (code[n] == "" ? "" : "; ") $0; next }
    /^func / { n = 1; code[n] = "'"$2"'"; next }
    n && !/^  ;/ { n++ }
    END { for (i = 1; i <= n; i++) print code[i] }'
}
shows_listings() {
  awk '/^<!-- listing -->/ { on = 1 } on && /^```/ { if (inside++) exit; next } inside' "$tests/../README.md" > shown
  sed -E 's/^(.{33}).*/\1/; s/ +$//' shown > poly.kir
  [[ $(wc -l < poly.kir) == 8 ]] && diff shown <(paste -d '|' poly.kir <(column x86_64 x86-64) <(column aarch64 AArch64) |
    awk -F '|' '{ line = sprintf("%-34s%-31s%s", $1, $2, $3); sub(/ +$/, "", line); print line }')
}

# What some commands need besides a compiler: kiln's own verbs, or a project to build.
has() {
  case $1 in
    cargo)
      mkdir -p src && echo '#[test] fn adds() { assert_eq!(1 + 1, 2) }' > src/lib.rs
      printf '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
      [[ -x $root/bin/kiln-rustc ]] && command -v cargo > /dev/null ;;
    cmake)
      printf 'cmake_minimum_required(VERSION 3.20)\nproject(small C CXX)\nadd_executable(small small.c more.cc)\n' > CMakeLists.txt
      echo 'int more(void); int main(void) { return more(); }' > small.c
      echo 'extern "C" int more() { return 0; }' > more.cc
      command -v cmake > /dev/null && command -v clang-22 > /dev/null ;;
    *) [[ -x $root/bin/kiln-$1 ]] ;;
  esac
}
check "programs and commands are found" \
  test "$(grep -c '^piece ' list)" -ge 8 -a "$(grep -c '^run ' list)" -ge 17
if has dis; then check "the README shows the listings of both targets" shows_listings; else skip "the README's listings" "no dis"; fi
check "the pieces of C compile" shows
while read -r kind file needs; do
  case $kind in
    program)
      compiler=(gcc -std=c11 -D_GNU_SOURCE)
      [[ $file != *.cc ]] || compiler=(g++ -std=c++17 -Wpedantic)
      check "$file has no warnings" "${compiler[@]}" -Wall -Wextra -Werror "-I$root/include" -fsyntax-only "$file" ;;
    setup) bash -e "$file" || exit 1 ;;
    run)
      name="$file: $(head -n 1 "$file")"
      if [[ -n $needs ]] && ! has "$needs"; then
        skip "$name" "no $needs"
      else
        check "$name" bash -e -o pipefail "$file"
      fi ;;
  esac
done < list
finish
