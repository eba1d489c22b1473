#!/usr/bin/env bash
# with.sh BUILD: `kiln with`: the shim in programs that load LLVM. LLVM-C's emission and ORC by programs of our own, for
# each LLVM that is installed with its headers; compilers of other languages, where they are installed.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
kiln=$build/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export KILN_LOG=$work/log CRYSTAL_CACHE_DIR=$work/crystal
unset CC CXX KILN_OPT_LEVEL KILN_STATS LD_PRELOAD
[[ -e $build/libkiln-shim.so ]] || { skip "kiln with" "not built here"; finish; }
sanitized "$build/libkiln-shim.so" && { skip "kiln with" "a sanitizer's library cannot be loaded into other programs"; finish; }

# logged PATTERN COMMAND...: the command succeeds, and every line of the log matches.
logged() {
  local pattern=$1
  shift
  rm -f log
  "$@" || return 1
  [[ -s log ]] || { echo "nothing was logged"; return 1; }
  ! grep -vE "$pattern" log
}
by_kiln='functions, [0-9]+ instructions$'
by_llvm='compiled by LLVM: the unit is optimized$'
assembly='a.o.s: compiled by LLVM: assembly$'

# ---- the verb ----

check "a command without LLVM" "$kiln" with true
check "its exit status" expect_status 7 "$kiln" with sh -c 'exit 7'
check "a command that is not there" expect_status 1 "$kiln" with "$work/nothing"
check "without a command" expect_status 2 "$kiln" with
env_works() {
  (eval "$("$kiln" with --print-env)" && [[ $LD_PRELOAD == "$build/libkiln-shim.so" ]])
}
check "--print-env is for shells" env_works

# ---- LLVM-C and ORC ----

orc_output='transformed 1
one 1
three 3
again 3
again 13
again 23
after removal: not found
defined twice: refused'
orc() { [[ $("$@") == "$orc_output" ]] || { echo "printed: $("$@")"; return 1; }; }
calls() { nm a.o | grep -q 'T answer' && nm b.o | grep -q 'T answer' && grep -q answer: a.o.s; }
for version in 14 22; do
  config=llvm-config-$version
  type -P $config > /dev/null || { skip "LLVM $version" "there is no $config"; continue; }
  for program in emit orc; do
    check "$program.c with LLVM $version" gcc -std=gnu11 -O1 -Wall -Wno-deprecated-declarations $($config --cflags) \
      -include llvm/Config/llvm-config.h "$tests/tool/llvm/$program.c" -o $program $($config --ldflags) -lLLVM-$version
  done
  check "LLVM $version, emission at -O0" logged "$by_kiln|$assembly" "$kiln" with ./emit 0 a.o b.o
  check "LLVM $version, its objects" calls
  check "LLVM $version, emission at -O2" logged "$by_llvm|$assembly" "$kiln" with ./emit 2 a.o b.o
  check "LLVM $version, where that is asked for" logged "$by_kiln|$assembly" \
    env KILN_OPT_LEVEL=2 "$kiln" with ./emit 2 a.o b.o
  check "LLVM $version, ORC at -O0" logged "$by_kiln|^module: compiled by LLVM: a transformation of modules$" orc "$kiln" with ./orc 0
  check "LLVM $version, ORC at -O2" logged "$by_llvm|^module: compiled by LLVM: a transformation of modules$" orc "$kiln" with ./orc 2
done
# ---- LLVM's C++ classes, to a stream in memory ----

# answers HEX COMMAND...: what the command emits to s.o returns this number.
answers() { rm -f s.o; "${@:2}" && objdump -d s.o | grep -q "mov .*\$0x$1,%eax"; }
emitted='^answers: 1 functions, 1 instructions$'
for version in 14 22; do
  config=llvm-config-$version
  type -P $config > /dev/null || { skip "streams of LLVM $version" "there is no $config"; continue; }
  check "stream.cpp with LLVM $version" g++ -O1 -Wall -Wno-unused-parameter $($config --cxxflags) "$tests/tool/llvm/stream.cpp" -o stream \
    $($config --ldflags) -lLLVM-$version
  # From LLVM 20 on nobody says at which level a target machine of C++ compiles.
  [[ $version == 14 ]] && level=0 refused='the unit is optimized' || level=3 refused='its level of optimization is not known'
  for how in plain info buffer again; do
    check "LLVM $version, a stream, $how" logged "$emitted" answers 2a env KILN_OPT_LEVEL=$level "$kiln" with ./stream 0 $how s.o
  done
  check "LLVM $version, a stream, passes of the program's own" logged "^answers: compiled by LLVM: the program's own passes$" \
    answers 2b env KILN_OPT_LEVEL=$level "$kiln" with ./stream 0 own s.o
  check "LLVM $version, a stream, such passes afterwards" logged "^answers: compiled by LLVM: the program's own passes$" \
    answers 2a env KILN_OPT_LEVEL=$level "$kiln" with ./stream 0 after s.o
  check "LLVM $version, a stream, at -O2" logged "^answers: compiled by LLVM: $refused$" answers 2a "$kiln" with ./stream 2 plain s.o
  # Assembly and files are LLVM's, without a line in the log.
  check "LLVM $version, assembly to a stream" env KILN_OPT_LEVEL=3 KILN_LOG="$work/none" "$kiln" with ./stream 0 text s.s
  check "LLVM $version, its text" grep -q 'movl.*\$42, %eax' s.s
  check "LLVM $version, a file" answers 2a env KILN_OPT_LEVEL=3 KILN_LOG="$work/none" "$kiln" with ./stream 0 file s.o
  check "LLVM $version, what is LLVM's alone" test ! -s "$work/none"
done

# ---- JITs that compile when code is wanted ----

functions='(first|second|third|text).*: [0-9]+ functions, [0-9]+ instructions$'
optimized='(first|second).*: compiled by LLVM: the unit is optimized$'
# prints WANT COMMAND...
prints() { local want=$1 got; shift; got=$("$@") && [[ $got == "$want" ]] || { echo "printed: $got"; return 1; }; }
# modules N: the log has N lines of Kiln's.
modules() { local n=$1; shift; "$@" && [[ $(grep -cE "$by_kiln" log) == "$n" ]] || { cat log; return 1; }; }
# A constructor, calls and data between modules, of the program and within one; a function that is not optimized.
cat > first.c <<'END'
long count = 100;
static const long table[4] = {1, 20, 300, 4000};
long elsewhere(long x), of_program(long x);
static long twice(long x) { return 2 * x; }
__attribute__((constructor)) static void begin(void) { count = 7; }
long (*pointers[2])(long) = {twice, elsewhere};
long entry(long x) { return of_program(twice(pointers[1](table[x]))); }
END
echo 'extern long count; long elsewhere(long x) { return x + count; }' > second.c
echo '__attribute__((optnone, noinline)) double optnone(double x) { return 1.5 * x; }' > third.c
modules=(first.bc second.bc third.bc)
mcjit_output='1000016 1000054 1000614 1008014 4.5 7'
for version in 14 22; do
  config=llvm-config-$version
  type -P $config > /dev/null || { skip "MCJIT of LLVM $version" "there is no $config"; continue; }
  check "mcjit.c with LLVM $version" gcc -std=gnu11 -O1 -Wall -Wno-deprecated-declarations $($config --cflags) "$tests/tool/llvm/mcjit.c" -o mcjit \
    $($config --ldflags) -lLLVM-$version
  type -P clang-$version > /dev/null || { skip "MCJIT of LLVM $version" "there is no clang-$version"; continue; }
  for f in first second third; do clang-$version -O1 -Xclang -disable-llvm-passes -emit-llvm -c $f.c -o $f.bc || exit 1; done
  check "MCJIT of LLVM $version, by LLVM alone" prints "$mcjit_output" ./mcjit 0 options "${modules[@]}"
  for how in options jit; do
    check "MCJIT of LLVM $version, $how" modules 3 logged "$functions" prints "$mcjit_output" "$kiln" with ./mcjit 0 $how "${modules[@]}"
  done
  # What LLVM would not optimize is Kiln's at any level.
  check "MCJIT of LLVM $version at level 2" modules 1 logged "$functions|$optimized" prints "$mcjit_output" "$kiln" with ./mcjit 2 options "${modules[@]}"
  check "MCJIT of LLVM $version, its usual level" modules 1 logged "$functions|$optimized" prints "$mcjit_output" "$kiln" with ./mcjit 0 engine "${modules[@]}"
  check "MCJIT of LLVM $version, where that is asked for" modules 3 logged "$functions" prints "$mcjit_output" \
    env KILN_OPT_LEVEL=2 "$kiln" with ./mcjit 2 options "${modules[@]}"
  check "MCJIT of LLVM $version, the large code model" logged 'compiled by LLVM: its code model' prints "$mcjit_output" "$kiln" with ./mcjit 0 large "${modules[@]}"
done
if type -P llvm-config-22 > /dev/null; then
  check "lljit.cpp with LLVM 22" g++ -O1 -Wall -Wno-unused-parameter $(llvm-config-22 --cxxflags) -fexceptions "$tests/tool/llvm/lljit.cpp" -o lljit \
    $(llvm-config-22 --ldflags) -lLLVM-22
  for threads in 0 2; do
    check "C++ LLJIT, $threads threads, by LLVM alone" prints $'1041 42\nremoved' ./lljit 0 $threads
    # From LLVM 20 on nobody says at which level a target machine compiles: Kiln takes what is not optimized at any.
    check "C++ LLJIT, $threads threads" modules 1 logged "$functions|text: compiled by LLVM: its level of optimization is not known$" \
      prints $'1041 42\nremoved' "$kiln" with ./lljit 0 $threads
    check "C++ LLJIT, $threads threads, where that is asked for" modules 3 logged "$functions" prints $'1041 42\nremoved' \
      env KILN_OPT_LEVEL=3 "$kiln" with ./lljit 0 $threads
  done
else skip "C++ LLJIT" "there is no llvm-config-22"
fi
session() {
  local got
  got=$(printf '%s\n' '#include <cstdio>' 'int f(int x) { return x < 2 ? x : f(x - 1) + f(x - 2); }' 'int r0 = printf("%d\n", f(20));' \
    'struct S { int a; S(int x) : a(x) {} virtual int get() { return a; } };' 'S *s = new S(5); int r1 = printf("%d\n", s->get());' \
    'int g() { try { throw 7; } catch (int e) { return e; } }' 'int r2 = printf("%d\n", g());' \
    'for (int i = 8; i < 10; i++) printf("%d\n", i);' '%quit' | "$@") || return 1
  [[ $(grep -o '[0-9]*$' <<< "$got" | tr '\n' ' ') == *'6765 5 7 8 9 '* ]] || { echo "$got"; return 1; }
}
if type -P clang-repl-22 > /dev/null; then
  check "clang-repl" logged "$by_kiln|^__standard_lib: compiled by LLVM: " session "$kiln" with clang-repl-22
else skip "clang-repl" "it is not installed"
fi

# What only the target machine says: triple, and the features that decide how vectors travel.
cat > vectors.c <<'END'
#include <stdio.h>
void call8(float *to, const float *a, const float *b);
int main(void) {
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8}, b[8] = {10, 20, 30, 40, 50, 60, 70, 80}, c[8];
  call8(c, a, b);
  for (int i = 0; i < 8; i++) printf("%g ", c[i]);
  return 0;
}
END
# machine FEATURES: a unit of Kiln's and one of LLVM's pass vectors to each other.
machine() {
  logged "callee.o: .*$by_kiln|caller.o: compiled by LLVM: the unit is optimized$" "$kiln" with ./machine "$1" callee.o caller.o &&
    gcc vectors.c callee.o caller.o -o vectors && [[ $(./vectors) == '11 22 33 44 55 66 77 88 ' ]]
}
for version in 14 22; do
  type -P llvm-config-$version > /dev/null || continue
  check "machine.c with LLVM $version" gcc -std=gnu11 -O1 -Wall -Wno-deprecated-declarations $(llvm-config-$version --cflags) \
    "$tests/tool/llvm/machine.c" -o machine $(llvm-config-$version --ldflags) -lLLVM-$version
  for features in +avx +avx2 +avx,+fma +avx512f,-avx512f,+avx +sse4.2 ''; do
    check "LLVM $version, a machine with '$features'" machine "$features"
  done
done

if [[ -x emit ]]; then
  table() { "$kiln" with --stats ./emit 0 a.o b.o 2> table; grep -q '2 units' table || { cat table; return 1; }; }
  check "--stats" table
fi

# ---- compilers ----

# same NAME WAY COMMAND...: what the command makes, with Kiln and without, prints the same; all units are Kiln's.
same() {
  local name=$1
  shift
  "$@" && ./"$name" > llvm.out && rm -rf crystal "$name" && logged "$by_kiln" "$kiln" with "$@" &&
    ./"$name" > kiln.out && diff llvm.out kiln.out && [[ -s kiln.out ]]
}
if type -P crystal > /dev/null; then
  check "Crystal" same features crystal build "$tests/tool/llvm/features.cr" -o features
else skip "Crystal" "it is not installed"
fi
if type -P ldc2 > /dev/null; then
  check "D" same features ldc2 "$tests/tool/llvm/features.d" -of=features
  check "D with -g" same features ldc2 -g "$tests/tool/llvm/features.d" -of=features
  if type -P dub > /dev/null; then
    mkdir -p package/source
    echo '{"name": "package", "targetType": "library"}' > package/dub.json
    echo 'module lib; unittest { import std.stdio; writeln("tested"); }' > package/source/lib.d
    dub_test() { HOME=$work "$kiln" with dub test --root=package --compiler=ldc2 --skip-registry=all | grep -q tested; }
    check "dub test" logged "$by_kiln" dub_test
  else skip "dub test" "it is not installed"
  fi
  check "D by ldmd2" same features ldmd2 -g "$tests/tool/llvm/features.d" -offeatures
  check "D with -O" logged "$by_llvm" "$kiln" with ldc2 -O "$tests/tool/llvm/features.d" -of=features
  check "D's text" "$kiln" with ldc2 -output-s "$tests/tool/llvm/features.d"
  d_text() { logged 'compiled by LLVM: assembly$' "$kiln" with ldc2 -output-s -of=t.o "$tests/tool/llvm/features.d" && grep -q cfi_startproc t.o; }
  check "D's text in a file that ends as an object does" d_text
  # The configuration's switches come before those of the command line.
  conf() {
    local pattern=$1 switches=$2
    shift 2
    sed -E "s|^( *)switches = \[|&\n        $switches,|" /etc/ldc2.conf > own.conf && grep -q -- "${switches%%,*}" own.conf &&
      logged "$pattern" "$kiln" with ldc2 -conf=own.conf -c "$@" "$tests/tool/llvm/features.d" -of=conf.o
  }
  check "switches of ldc2.conf" conf "$by_llvm" '"-O2"'
  check "which the command line overrides" conf "$by_kiln" '"-O2"' -O0
  check "others of ldc2.conf" conf 'compiled by LLVM: an option' '"-code-model=large"'
  here_conf() { sed -E 's|^( *)switches = \[|&\n        "-O",|' /etc/ldc2.conf > ldc2.conf; logged "$by_llvm" "$kiln" with ldc2 -c "$tests/tool/llvm/features.d" -of=conf.o; local s=$?; rm -f ldc2.conf; return $s; }
  check "ldc2.conf of the current folder" here_conf
else skip "D" "LDC is not installed"
fi
if [[ $(ghdl --version 2> /dev/null) == *"llvm code generator"* ]]; then
  vhdl() { "$@" ghdl -a "$tests/tool/llvm/sums.vhdl" && "$@" ghdl -e sums && ./sums 2>&1; }
  ghdl_same() { vhdl > llvm.out && rm -f ./*.o ./*.cf sums && logged "$by_kiln" vhdl "$kiln" with > kiln.out && diff llvm.out kiln.out && grep -q sum kiln.out; }
  check "GHDL" ghdl_same
  check "GHDL with -O2" logged "$by_llvm" "$kiln" with ghdl -a -O2 "$tests/tool/llvm/sums.vhdl"
else skip "GHDL" "GHDL with LLVM is not installed"
fi
finish
