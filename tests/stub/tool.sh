#!/usr/bin/env bash
# tool.sh FOLDER: the verbs of the tool for targets that lack things (stub_target.c), by the programs in FOLDER. What
# cannot be done is an error that names the target; nothing ends by a signal.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kir=$here/../kir
programs=$(cd "$1" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

kiln() { "$programs/kiln" "$@"; }

# ends COMMAND...: it succeeds, or reports an error (which a sanitizer does not).
ends() {
  local got=0
  "$@" > out 2> err || got=$?
  (( got == 0 )) || { (( got == 1 )) && grep -q "error: " err && ! grep -q "runtime error: \|Sanitizer" err; } || { echo "exit status $got: $*"; cat err; return 1; }
}

# refused TARGET COMMAND...: it reports an error that names the target.
refused() {
  local target=$1 got=0
  shift
  "$@" > out 2> err || got=$?
  { (( got == 1 )) && grep -qE "error: .*\b$target\b" err; } || { echo "exit status $got: $*"; cat err; return 1; }
}

# With sanitizers each file for one of the targets.
every_file() {
  local target=$1 file number=0 turn=0
  [[ $target == stub ]] || turn=1
  shift
  for file in "$kir"/*.kir; do
    ! $half || [[ ${KILN_TEST_WHOLE-} == 1 ]] || (( ++number % 2 == turn )) || continue
    ends kiln "$@" "$file" || return 1
  done
}
half=false
! sanitized "$programs/kiln" || half=true

# A module with one function, by its body and what is before it: its attributes as a `func` line has them.
module() { printf 'target %s\n%s {\nb0:\n%s\n}\n' "$1" "$2" "$3" > "$4"; }

for target in stub bare; do
  check "$target: verify every file" every_file $target verify --target=$target
  check "$target: print every file" every_file $target print --target=$target
  check "$target: compile every file" every_file $target compile --target=$target -o x.o
  check "$target: dump every file" every_file $target compile --target=$target --dump=ir,plan,homes,code -o x.o
  check "$target: list every file" every_file $target compile --target=$target --listing=list -o x.o

  module $target 'func @main() -> i32' '  ret 0' value.kir
  check "$target: a result" refused $target kiln compile value.kir -o x.o
  check "$target: run" refused $target kiln run value.kir
  if [[ -x $programs/kiln-interp ]]; then
    check "$target: interpret" kiln interp value.kir
  else
    skip "$target: interpret" "no interpreter in this build"
  fi
  printf 'export function w $f() {\n@start\n ret 0\n}\n' > f.ssa
  check "$target: QBE's language" refused $target kiln compile --target=$target f.ssa -o x.o
done

# Bitcode: each of these alone, read up to what the target lacks.
bitcode() {
  local target=$1 text=$2
  printf 'target triple = "%s-unknown-linux"\n%s\n' "$target" "$text" | llvm-as-22 -o x.bc - &&
    ends kiln print -o x.kir x.bc && refused "$target" kiln compile -o x.o x.bc
}
if command -v llvm-as-22 > /dev/null; then
  for target in stub bare; do
    while IFS= read -r text; do
      check "$target: $text" bitcode $target "$text"
    done << 'END'
define i32 @f(i32 %a) { ret i32 %a }
define i32 @f() "target-features"="+sse2,+cx16,+lse" { ret i32 1 }
define void @f() "probe-stack"="inline-asm" sspstrong { %a = alloca [16 x i8] ret void }
define <4 x i32> @f(<4 x i32> %v) { %r = add <4 x i32> %v, %v ret <4 x i32> %r }
define <4 x i64> @f(<4 x i32> %v) { %r = sext <4 x i32> %v to <4 x i64> ret <4 x i64> %r }
define <4 x i32> @f(<4 x i32> %v, <4 x i32> %n) { %r = ashr <4 x i32> %v, %n ret <4 x i32> %r }
define <2 x i64> @f(<2 x double> %v) { %r = fptosi <2 x double> %v to <2 x i64> ret <2 x i64> %r }
define <4 x float> @f(<4 x float> %v) { %r = call <4 x float> @llvm.sqrt(<4 x float> %v) ret <4 x float> %r } declare <4 x float> @llvm.sqrt(<4 x float>)
define i64 @f(ptr %p) { %v = va_arg ptr %p, i64 ret i64 %v }
define i64 @f() { %v = call i64 @llvm.readcyclecounter() ret i64 %v } declare i64 @llvm.readcyclecounter()
define i128 @f(i128 %a) { %v = mul i128 %a, %a ret i128 %v }
define void @f() { call void @llvm.trap() ret void } declare void @llvm.trap()
define void @f() { call void asm sideeffect "nop", ""() ret void }
module asm "nop"
END
  done
else
  skip "bitcode for targets that lack parts" "no llvm-as-22"
fi

module stub 'func @f()' '  ret' f.kir
check "stub: a function of nothing" kiln compile f.kir -o f.o
for attribute in '!probe 4096' '!realign_stack'; do
  printf 'target stub\nfunc @f() {\n  %s\nb0:\n  ret\n}\n' "$attribute" > attribute.kir
  check "stub: $attribute" refused stub kiln compile attribute.kir -o x.o
done
module bare 'func @f()' '  ret' bare.kir
check "bare: a function of nothing" refused bare kiln compile bare.kir -o x.o
printf 'target bare\n' > empty.kir
check "bare: an object of nothing" refused bare kiln compile empty.kir -o x.o
if [[ -x $programs/../../kiln-dis ]]; then
  check "stub: disassemble" expect_status 1 "$programs/../../kiln-dis" f.o
else
  skip "stub: disassemble" "no disassembler in this build"
fi
finish
