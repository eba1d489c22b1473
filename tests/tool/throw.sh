#!/usr/bin/env bash
# throw.sh BUILD COMPILER [FLAG...]: objects that throw and catch by tags (<kiln/throw.h>), linked with libkiln: with C
# alone, without libstdc++, and with C++ frames in between.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# @caught(what, x): 1000 + the value of an exception of @own_tag that what(x) throws; -1 of each other one. @own_throw
# throws one; what it returns is that nobody catches it.
cat > "$out/code.kir" << 'END'
declare @kiln_personality(...) -> i32
declare @kiln_throw(i64, i64) -> i32
declare @kiln_exception_value(i64) -> i64 nounwind
declare @kiln_exception_free(i64)
data @own_tag { i8 0 }
func @own_throw(i64) -> i64 {
b0(%x: i64):
  %s = call @kiln_throw(@own_tag, %x)
  %r = zext.i64 i32 %s
  ret %r
}
func @caught(i64, i64) -> i64 personality @kiln_personality {
b0(%what: i64, %x: i64):
  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0, exception 1) [catch @own_tag, catch all]
done(%r: i64):
  ret %r
pad(%e: i64, %s: i32):
  %is = icmp.i32 eq %s, typeid @own_tag
  brif %is, own, other
own:
  %p = call @kiln_exception_value(%e)
  %v = load.i64 %p
  call @kiln_exception_free(%e)
  %w = add.i64 %v, 1000
  ret %w
other:
  call @kiln_exception_free(%e)
  ret -1
}
END

cat > "$out/c.c" << 'END'
#include <stdint.h>
#include <stdio.h>
extern const char own_tag;
int64_t own_throw(int64_t x), caught(int64_t (*what)(int64_t), int64_t x);
int kiln_throw(const void *tag, uint64_t value);
static volatile int returned;
static int64_t in_c(int64_t x) { int64_t v = kiln_throw(&own_tag, x + 1); returned++; return v; }
static int64_t same(int64_t x) { return x; }
int main(void) {
  printf("%d %d %d %d\n", (int)caught(same, 3), (int)caught(own_throw, 3), (int)caught(in_c, 3), returned);
  return (int)own_throw(3) != 4;
}
END

# Destructors run; catch (...) catches, and throws again; C++'s exceptions pass the code, and are caught by `catch all`.
cat > "$out/cpp.cpp" << 'END'
#include <cstdint>
#include <cstdio>
extern "C" std::int64_t own_throw(std::int64_t x), caught(std::int64_t (*what)(std::int64_t), std::int64_t x);
static int destroyed, passed;
struct counted { ~counted() { destroyed++; } };
static std::int64_t through(std::int64_t x) { counted c; return own_throw(x) + destroyed; }
static std::int64_t again(std::int64_t x) { try { return through(x); } catch (...) { passed++; throw; } }
static std::int64_t kept(std::int64_t x) { try { return through(x); } catch (...) { return 7; } }
static std::int64_t of_cpp(std::int64_t x) { counted c; throw (int)x; }
int main() {
  std::printf("%d", (int)caught(through, 3));
  std::printf(" %d", (int)caught(again, 4));
  std::printf(" %d", (int)caught(kept, 5));
  std::printf(" %d", (int)caught(of_cpp, 6));
  std::printf(" %d %d\n", destroyed, passed);
}
END

# links WANTED COMPILER LIBRARY FILE...
links() {
  local want=$1 by=$2
  shift 2
  $by -O1 -I"$tests/../include" "$out/code.o" "$@" -Wl,-rpath,"$build" -o "$out/test" || return 1
  local got
  got=$("$out/test")
  [[ $got == "$want" ]] || { echo "got '$got' instead of '$want'"; return 1; }
}
alone() { ! readelf -d "$out/test" | grep -q 'NEEDED.*libstdc'; }

check "compile" "$build/kiln" compile "$out/code.kir" -o "$out/code.o"
for kind in a so; do
  check "C, libkiln.$kind" links '3 1003 1004 0' "gcc" "$out/c.c" "$build/libkiln.$kind"
  check "C, libkiln.$kind: no libstdc++" alone
done
check "C, static" links '3 1003 1004 0' "gcc -static -Wl,-u,_Unwind_RaiseException" "$out/c.c" "$build/libkiln.a"
if command -v "$1" > /dev/null; then
  for kind in a so; do
    check "C++, libkiln.$kind" links '1003 1004 7 -1 4 1' "$*" "$out/cpp.cpp" "$build/libkiln.$kind"
  done
else
  skip "C++" "no $1"
fi
finish
