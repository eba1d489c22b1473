#!/usr/bin/env bash
# cpp_api.sh BUILD COMPILER [FLAG...]: <kiln/kiln.hpp> in a program without warnings, as C++20, and as C++17 without
# exceptions (not with sanitizers; with --whole the other two, too); the object that it writes is linked, and has lines.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# A `using` for each operation that has a call, so that one without a member does not compile.
sed -nE 's/^KILN_OP\([A-Z0-9_]+, (\w+), (\w+), .*/\1 \2/p' "$tests/../include/kiln/ops.def" | while read -r name shape; do
  case $name in and | or | xor | not | switch | try | asm) name+=_ ;; esac
  case $shape in
    INTERNAL) continue ;;
    MACHINE | MACHINEV) name=machine ;;
  esac
  echo "using kiln::func::$name;"
done | sort -u > "$out/reach.hpp"

# runs FLAG...: with a second file that includes the header, so that what it defines may be in both.
runs() {
  local compiler=("${compiler[@]}" -O1 -Wall -Wextra -Wpedantic -Werror -I"$tests/../include" -I"$out" "$@")
  echo '#include <kiln/kiln.hpp>' > "$out/second.cpp"
  rm -f "$out/twice.o"
  "${compiler[@]}" "$tests/tool/cpp_api.cpp" "$out/second.cpp" "$build/libkiln-text.a" "$build/libkiln.a" -o "$out/test" &&
    [[ $("$out/test" "$out/twice.o" | tee "$out/said") == fine ]] || { cat "$out/said"; return 1; }
}
linked() {
  echo 'long twice(long); int main(void) { return twice(21) == 42 ? 0 : 1; }' > "$out/main.c"
  gcc "$out/main.c" "$out/twice.o" -o "$out/main" && "$out/main"
}
has_line() { readelf --debug-dump=decodedline "$out/twice.o" | grep -E '^twice\.toy +7 '; }
has_parameter() { readelf --debug-dump=info "$out/twice.o" | grep -A 4 DW_TAG_formal_parameter | grep -E 'DW_AT_name.*: x$'; }
refuses_struct() {
  printf '#include <kiln/kiln.hpp>\nstruct pair { int a, b; };\nkiln::sig f(kiln::module &m) { return kiln::sig_of<void(pair)>(m); }\n' > "$out/struct.cpp"
  ! "${compiler[@]}" -std=c++17 -fsyntax-only -I"$tests/../include" "$out/struct.cpp" 2> "$out/said" &&
    grep 'a type that is passed as several values' "$out/said"
}

compiler=("$@")
if command -v "$1" > /dev/null; then
  check "every operation is looked for" test "$(wc -l < "$out/reach.hpp")" -ge 120
  sanitized "$build/libkiln.a" || check "a program as C++17 without exceptions and RTTI" runs -std=c++17 -fno-exceptions -fno-rtti
  check "a program as C++20" runs -std=c++20
  if [[ ${KILN_TEST_WHOLE-} == 1 ]]; then
    check "a program as C++17" runs -std=c++17
    check "a program as C++20 without exceptions and RTTI" runs -std=c++20 -fno-exceptions -fno-rtti
  fi
  check "the object is linked and runs" linked
  check "the object has the line" has_line
  check "the object has the parameter" has_parameter
  check "a struct by value does not compile" refuses_struct
else
  skip "<kiln/kiln.hpp>" "no $1"
fi
finish
