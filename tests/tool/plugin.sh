#!/usr/bin/env bash
# plugin.sh BUILD: clang's plugin. `kiln cc` gives it to clang with KILN_PLUGIN=auto, where clang is of its version; objects, messages and lines
# of the log are those of the way through a pipe; a clang that someone else gives the plugin drops no option.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
plugin=$build/libkiln-clang.so
[[ -f $plugin ]] || { skip "clang's plugin" 'it was not built: no LLVM 22, or no C++ compiler'; finish; }
export KILN_PLUGIN=auto

cat > main.cpp <<'END'
#include <map>
#include <stdexcept>
#include <string>
#include <cstdio>
struct Loud { const char *what; ~Loud() { std::printf("-%s\n", what); } };
static thread_local int count;
template <class T> T at(const std::map<int, T> &m, int i) { Loud l{"at"}; count++; return m.at(i); }
int main() {
  std::map<int, std::string> m{{1, "one"}, {2, "two"}};
  try { std::printf("%s\n", at(m, 2).c_str()); at(m, 3); } catch (const std::out_of_range &) { std::printf("caught %d\n", count); }
}
END
printf '%s\n' 'long sum(const int *p, int n) { long s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }' \
  'int asked(int a) { int r; __asm__("lea (%1,%1,2), %0" : "=r"(r) : "r"(a)); return r; }' \
  'static int own[3] = {1, 2}; int *where(void) { return own; }' > plain.c
grep -v asked plain.c > portable.c
printf '%s\n' 'typedef _BitInt(256) v2 __attribute__((ext_vector_type(2)));' 'void add(v2 *a, v2 *b) { *a = *a + *b; }' > vector.c
echo '#error odd' > odd.c

# by WAY COMMAND...: with the plugin, or without.
by() { local way=$1; shift; if [[ $way == pipe ]]; then KILN_PLUGIN=none "$@"; else "$@"; fi; }
used() { "$kiln" "$@" -v > used.log 2>&1; grep -q "fpass-plugin=$plugin" used.log; }
not_used() { ! used "$@"; }
check 'clang gets it, for objects' used cc -c plain.c -o o.o
check 'and for programs' used c++ main.cpp -o main
check 'not where it cannot do all: intermediate files' not_used cc -save-temps -c plain.c -o o.o
check 'assembly' not_used cc -S portable.c -o o.s
check 'an assembler of its own' not_used cc -fno-integrated-as -c portable.c -o o.o
check "C++ that is clang's" not_used cc portable.c main.cpp -r -o o.o
export KILN_PLUGIN=none
check 'KILN_PLUGIN=none' not_used cc -c plain.c -o o.o
unset KILN_PLUGIN
check 'not if nobody asks' not_used cc -c plain.c -o o.o
export KILN_PLUGIN=auto
other_clang() {
  printf '#!/bin/sh\nexec clang-22 "$@"\n' > wrapper && chmod +x wrapper &&
    (export KILN_CLANG=$work/wrapper; not_used cc -c plain.c -o o.o && "$kiln" cc -c plain.c -o o.o) && ours o.o
}
check 'a clang of unknown version does not get it' other_clang

# same VERB FLAGS...: the same object both ways, and the same line in the log.
same() {
  local way
  for way in plugin pipe; do
    rm -f log && KILN_LOG=$work/log by $way "$kiln" "$@" -o o.o && ours o.o && mv o.o $way.o && mv log $way.log || return 1
  done
  cmp plugin.o pipe.o && diff plugin.log pipe.log && grep -q ': [1-9][0-9]* functions, [1-9][0-9]* instructions$' plugin.log
}
check 'the same object: C++' same c++ -c main.cpp
check 'with -g' same c++ -g -c main.cpp
check 'with -O2 and sections' same c++ -g -O2 -ffunction-sections -fdata-sections -fPIC -c main.cpp
check 'with a sanitizer' same c++ -fsanitize=undefined -c main.cpp
check 'inline assembly' same cc -mno-red-zone -fstack-protector-all -c plain.c
check 'vectors' same cc -O2 -fvectorize -mavx2 -c plain.c
check 'another target' same cc --target=aarch64-linux-gnu -g -c portable.c
from_input() {
  local way
  for way in plugin pipe; do KILN_LOG=$work/in.log by $way "$kiln" cc -x c -g -c - -o $way.o < plain.c || return 1; done
  cmp plugin.o pipe.o && [[ $(uniq in.log) == '-: 3 functions, '*' instructions' ]]
}
check 'standard input' from_input
several() { rm -f plain.o pre.o && "$kiln" cc -E portable.c -o pre.i && "$kiln" cc -MMD -c plain.c pre.i && made plain.o pre.o plain.d && ours plain.o && ours pre.o; }
check 'several inputs, one of them preprocessed' several
runs() {
  "$kiln" c++ -g main.cpp -o main && ./main > main.out && diff main.out <(printf '%s\n' -at two -at 'caught 2') && temporaries
}
check 'a program' runs

# like COMMAND...: fails both ways, with the same lines of Kiln's or clang's, and leaves no object.
like() {
  local way
  for way in plugin pipe; do
    rm -f o.o
    ! by $way "$kiln" "$@" -o o.o 2> $way.err && [[ ! -e o.o ]] || { echo "$way: it made an object"; return 1; }
    grep -E '^(vector|odd)\.c:' $way.err > $way.lines
  done
  diff plugin.lines pipe.lines && [[ -s plugin.lines ]] || { cat plugin.err; return 1; }
}
check 'the same error of what Kiln cannot do' like cc -c vector.c
check 'the same errors of the program' like cc -c odd.c
fallback() {
  local way
  for way in plugin pipe; do
    rm -f log
    KILN_LOG=$work/log KILN_FALLBACK=llvm by $way "$kiln" cc -c vector.c -o $way.o 2> $way.err && made $way.o && ! ours $way.o > ours.log && mv log $way.log || return 1
  done
  diff plugin.err pipe.err && diff plugin.log pipe.log && grep -q '^kiln: cc: vector.c: compiled by LLVM: not implemented: ' plugin.err
}
check 'the same fallback to LLVM, and what is said' fallback
unwritable() { KILN_LOG=/dev/full says 0 'kiln: error: cc: /dev/full: ' "$kiln" cc -c plain.c -o o.o; }
check 'says that the log is full' unwritable

# A clang that is given the plugin by hand.
by_hand() { clang-22 "-fpass-plugin=$plugin" "$@"; }
alone() { by_hand -c plain.c -o alone.o && ours alone.o && "$kiln" cc -c plain.c -o o.o && cmp alone.o o.o; }
check 'clang with the plugin makes the same object' alone
refused() {
  local flag
  for flag in '-mllvm -print-after-isel' '-mllvm -x86-asm-syntax=intel' -femulated-tls -fstack-size-section '-gsplit-dwarf -g' -fstack-usage -fbasic-block-sections=all \
      -fno-unique-section-names -fno-zero-initialized-in-bss -Wa,-mrelax-relocations=no -fno-integrated-as -S; do
    rm -f o.o
    says 1 'kiln: error: clang: not implemented: ' by_hand $flag -c portable.c -o o.o && [[ ! -e o.o ]] || { echo "$flag"; return 1; }
    KILN_FALLBACK=llvm says 0 'kiln: clang: portable.c: compiled by LLVM: not implemented: ' by_hand $flag -c portable.c -o o.o && made o.o || { echo "$flag"; return 1; }
  done
}
check 'options that Kiln does not have are refused, or LLVM compiles' refused
check 'options of passes are not' by_hand -O1 -mllvm -inline-threshold=9 -c portable.c -o o.o
finish
