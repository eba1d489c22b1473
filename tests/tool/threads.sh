#!/usr/bin/env bash
# threads.sh BUILD CACHE: `kiln compile --threads=N` gives the same bytes and messages for any N.
# Inputs: modules of Lua, the assembly files of tests/run/bitcode, debug locations,
# functions that need library functions, private data and addresses of blocks.
# With a build for it (meson setup BUILD -Db_sanitize=thread -Db_lundef=false, CC=clang-22) this finds
# data races too: a report makes the run fail.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
export kiln=$(realpath "$1")/kiln
export lua=$("$tests/harness/lua_bitcode.sh" "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# same FILE OPTION...: objects and messages with 2, 3 and 8 threads are those with 1.
same() {
  local in=$1 n status want
  shift
  "$kiln" compile "$@" --threads=1 -o one.o "$in" 2> one.err
  want=$?
  for n in 2 3 8; do
    rm -f many.o
    "$kiln" compile "$@" --threads=$n -o many.o "$in" 2> many.err
    status=$?
    (( status == want )) || { echo "$n threads: exit status $status instead of $want"; cat many.err; return 1; }
    cmp one.err many.err || { cat one.err many.err; return 1; }
    if (( want == 0 )); then cmp one.o many.o || return 1; fi
  done
}
succeeds() { same "$@" && test -s one.o && test ! -s one.err; }
fails() {
  local pattern=$1
  shift
  same "$@"
  [[ $(wc -l < one.err) == 1 ]] && grep -Eq -- "$pattern" one.err || { cat one.err; return 1; }
}

for f in O0/lvm O0/lparser O0/lstrlib O0/lua O1/lvm O1/lcode O1/lmathlib; do
  check "Lua: $f" succeeds "$lua/$f.bc"
done
check "Lua as one module, stress" same "$lua/O1/lua.merged.bc" --stress=7
check "what was compiled without threads" bash -c \
  "\"\$kiln\" compile -o plain.o \"\$lua/O0/lua.merged.bc\" && \"\$kiln\" compile --threads=3 -o three.o \"\$lua/O0/lua.merged.bc\" && cmp plain.o three.o"

for o in --pic=full --pic=pie --pic=static --function-sections --verify; do
  check "Lua as one module, $o" succeeds "$lua/O0/lua.merged.bc" $o
done
check "one thread per processor" bash -c \
  "\"\$kiln\" compile --threads=1 -o a.o \"\$lua/O0/lua.merged.bc\" && \"\$kiln\" compile --threads=0 -o b.o \"\$lua/O0/lua.merged.bc\" && cmp a.o b.o"
check "more threads than functions" bash -c \
  "echo 'int f(void) { return 1; }' | clang-22 -emit-llvm -c -x c - -o f.bc && \"\$kiln\" compile --threads=64 -o f.o f.bc && test -s f.o"

for ll in "$tests"/run/bitcode/*.ll; do
  name=$(basename "$ll" .ll)
  llvm-as-22 "$ll" -o "$name.bc" || exit 1
  check "$name" same "$name.bc"
done

cat > mixed.c <<'END'
#include <math.h>
#include <setjmp.h>
#include <string.h>
struct big { long a[9]; };
static __thread int counter;
extern int other(const char *, ...);
static jmp_buf env;
static void *table(int i) { static void *labels[] = {&&a, &&b}; goto *labels[i & 1]; a: return labels; b: return &counter; }
void *local(int i) { void *p = i ? &&x : &&y; goto *p; x: counter++; y: return p; }
double powers(double x, int n) { return pow(x, 2.5) + __builtin_sin(x) + ldexp(x, n) + fma(x, x, 1.25); }
float small(float x) { return __builtin_cosf(x) * 3.5f + floorf(x); }
struct big copy(struct big *p) { struct big b = *p; memset(&b.a[3], 7, 8); return b; }
int sum(int n, ...) { __builtin_va_list l; __builtin_va_start(l, n); int s = 0; while (n--) s += __builtin_va_arg(l, int); __builtin_va_end(l); return s; }
int jump(int x) { if (setjmp(env)) return 1; if (x) longjmp(env, 1); return other("%d %s", x, "text"); }
int choose(unsigned x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return -1; case 3: return 44; case 4: return 7; case 77: return 3; default: return table(x) != 0; } }
__int128 wide(__int128 a, __int128 b) { return a / b + (a % 7); }
__attribute__((weak)) int weak(void) { return counter; }
__attribute__((section(".mine"))) int placed(int x) { return weak() + x; }
int later(int); int earlier(int x) { return later(x) + placed(x); } int later(int x) { return x * 3; }
END
for flags in -O0 '-O0 -g' -O1 '-O1 -g'; do
  # shellcheck disable=SC2086
  clang-22 $flags -fno-vectorize -fno-slp-vectorize -fPIC -w -emit-llvm -c mixed.c -o mixed.bc || exit 1
  for o in --pic=full --pic=pie --function-sections; do check "mixed functions, $flags $o" succeeds mixed.bc $o; done
done

# Several functions with something not implemented: the first one is reported.
{
  for i in $(seq 40); do echo "int f$i(int x) { return x + $i; }"; done
  echo 'typedef _BitInt(256) v2 __attribute__((ext_vector_type(2)));'
  for i in 41 52 63; do echo "void f$i(v2 *x) { *x = *x + *x; } int g$i(int x) { return x * $i; }"; done
} | clang-22 -O0 -emit-llvm -c -x c - -o refused.bc || exit 1
check "the first of several errors is told" fails '^refused\.bc:f41:.*not implemented' refused.bc
head -c $(($(stat -c %s "$lua/O0/lua.merged.bc") / 2)) "$lua/O0/lua.merged.bc" > short.bc
check "truncated bitcode" fails '^short\.bc:.*malformed' short.bc

printf 'func @f(i32) -> i32 {\nb0(v0: i32):\n  ret v0\n}\n' > text.kir
check "text" succeeds text.kir
usage() { "$kiln" compile "--threads=$1" text.kir 2> usage.err; [[ $? == 2 ]] && grep -q "bad value '$1' of --threads: a number" usage.err; }
for n in x -1 '' 1025 2x; do check "--threads=$n is wrong usage" usage "$n"; done
finish
