#!/usr/bin/env bash
# decoder.sh KILN: the two ways to decode the numbers of bitcode (`--decoder`) give the same objects and messages.
# Inputs: some of the programs of tests/run/programs, the assembly files of tests/run/bitcode, a function with so many
# values and blocks that their numbers are long, debug information with long numbers, damaged bitcode.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# same FILE OPTION...
same() {
  local in=$1 way status
  shift
  rm -f plain.o pext.o
  for way in plain pext; do
    "$kiln" compile --decoder=$way "$@" -o $way.o "$in" 2> $way.err
    echo "exit status $?" >> $way.err
  done
  cmp plain.err pext.err || { cat plain.err pext.err; return 1; }
  [[ ! -e plain.o ]] || cmp plain.o pext.o
}
succeeds() { same "$@" && test -s plain.o || { cat plain.err; return 1; }; }
fails() { same "$@" && grep -q 'exit status 1' plain.err || { cat plain.err; return 1; }; }

number=0
for f in "$tests"/run/programs/*.c; do
  (( number++ % 9 == 0 )) || continue
  name=${f##*/}
  for flags in '-O0 -g' -O1; do
    # shellcheck disable=SC2086
    clang-22 $flags -w -fno-vectorize -fno-slp-vectorize -c -emit-llvm "$f" -o program.bc 2> clang.err ||
      { skip "$name $flags" "clang does not compile it for this target"; continue; }
    check "$name $flags" succeeds program.bc
  done
done

# As one tool reads them all, a difference in one of the many small files is told by its name.
small() {
  local ll
  for ll in "$tests"/run/bitcode/*.ll; do
    llvm-as-22 "$ll" -o small.bc || return 1
    same small.bc || { echo "$ll"; return 1; }
  done
}
check "the files of run/bitcode" small

# Values are numbered backwards, so that variables at the beginning of a long function have long numbers.
{
  echo 'extern int g(int); int f(int x) { int a = x, b = 1;'
  for (( i = 0; i < 12000; i++ )); do echo "if (a > $i) b += g(a); else a = b;"; done
  echo 'return a; }'
} > long.c
clang-22 -O0 -w -c -emit-llvm long.c -o long.bc
check "numbers of more than three chunks" succeeds long.bc

# Lines of more than four chunks, of a function, its parameter, its variables, blocks and locations.
printf '#line 5000000\nint f(int x) { int a = x; { int b = a; { x += b; } } return x; }\n' > far.c
clang-22 -O0 -g -w -c -emit-llvm far.c -o far.bc
far() { succeeds far.bc && [[ $(llvm-dwarfdump-22 --debug-info --debug-line pext.o | grep -cE 'decl_line.*5000000|^0x[0-9a-f]+ +5000000 ') -ge 8 ]]; }
check "lines of more than four chunks" far

head -c $(($(stat -c %s long.bc) / 2)) long.bc > short.bc
check "truncated bitcode" fails short.bc
usage() { "$kiln" compile --decoder=quick long.bc 2> usage.err; [[ $? == 2 ]] && grep -q "bad value 'quick' of --decoder: plain or pext" usage.err; }
check "an unknown way" usage
finish
