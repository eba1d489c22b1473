#!/usr/bin/env bash
# tables.sh KILN: tables of exceptions go with their functions, whatever the linker does with these: drops sections
# that nobody needs, folds equal ones, keeps one of two groups, or links to one object first. A C++ program throws
# through functions that Kiln compiled; two of them differ in their tables only.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../harness/tap.sh"
kiln=$(realpath "$1")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1

# catching NAME [WORDS] CLAUSE: a function that gives 7 for an exception that the clause takes.
catching() {
  echo "func $2 @$1(i64) -> i64 personality @__gxx_personality_v0 {"
  echo "b0(%x: i64):"
  echo "  try @thrower(%x) to b1(result 0) unwind b2(exception 0) [$3]"
  echo "b1(%r: i64):"
  echo "  ret %r"
  echo "b2(%e: i64):"
  echo "  %o = call @__cxa_begin_catch(%e)"
  echo "  call @__cxa_end_catch()"
  echo "  ret 7"
  echo "}"
}
declarations='declare @__gxx_personality_v0() -> i32
declare @thrower(i64) -> i64
declare @__cxa_begin_catch(i64) -> i64 nounwind
declare @__cxa_end_catch()'
{
  echo "$declarations"
  printf 'extern data @%s\n' _ZTIi _ZTId
  catching of_int '' 'catch @_ZTIi'
  catching of_double '' 'catch @_ZTId'
  catching nobody_calls_this '' 'catch @_ZTId'
  catching in_group linkonce 'catch all'
} > one.kir
{
  echo "$declarations"
  catching in_group linkonce 'catch all'
  printf 'func @other(i64) -> i64 {\nb0(%%x: i64):\n  %%r = call @in_group(%%x)\n  ret %%r\n}\n'
} > two.kir
cat > main.cpp <<'END'
#include <cstdio>
extern "C" {
long of_int(long), of_double(long), in_group(long), other(long);
long thrower(long x) {
  if (x == 1) throw 1;
  if (x == 2) throw 2.0;
  return x;
}
}
int main() {
  long (*const functions[])(long) = {of_int, of_double, in_group, other};
  for (auto *f : functions)
    for (long x = 0; x < 3; x++) {
      long r;
      try {
        r = f(x);
      } catch (...) {
        r = -1;
      }
      std::printf(" %ld", r);
    }
}
END
want=' 0 7 -1 0 -1 7 0 7 7 0 7 7'

# links LINKER FLAG...: links the program so; it must print what is wanted.
links() {
  local linker=$1
  shift
  rm -f program
  g++ -B. -fuse-ld="$linker" "$@" -o program && [[ $(./program) == "$want" ]]
}
partly() { g++ -B. -fuse-ld="$1" -nostdlib -r one.o two.o -o both.o; }

for linker in ld.lld-22 ld.lld; do
  command -v "$linker" > /dev/null && ln -s "$(command -v "$linker")" ld.lld && break
done
if ! command -v g++ > /dev/null; then
  skip "tables of exceptions, linked" "no g++"
  finish
fi
for pic in full static; do
  flags=()
  [[ $pic == static ]] && flags=(-no-pie -fno-pic)
  check "$pic: C++" g++ -O1 "${flags[@]}" -c main.cpp -o main.o
  for sections in '' --function-sections; do
    for unit in one two; do
      # shellcheck disable=SC2086
      check "$pic $sections: compile $unit" "$kiln" compile --pic="$pic" $sections "$unit.kir" -o "$unit.o"
    done
    for linker in bfd gold lld mold; do
      [[ -e ld.$linker ]] || command -v "ld.$linker" > /dev/null || command -v "$linker" > /dev/null || {
        skip "$pic $sections: $linker" "no such linker"
        continue
      }
      icf=()
      [[ $linker == bfd ]] || icf=(-Wl,--icf=all)
      check "$pic $sections: $linker, garbage collected, equal sections folded" \
        links "$linker" "${flags[@]}" main.o one.o two.o -Wl,--gc-sections "${icf[@]}"
      check "$pic $sections: $linker, to one object" partly "$linker"
      check "$pic $sections: $linker, and that one" links "$linker" "${flags[@]}" main.o both.o -Wl,--gc-sections
    done
  done
done
finish
