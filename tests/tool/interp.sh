#!/usr/bin/env bash
# interp.sh BUILD CACHE: `kiln interp`: exit status, arguments, faults, wrong usage; and Lua's interpreter from
# bitcode runs the scripts of tests/run/lua, shortened ($KILN_TEST_SHORT, 0: not), with the output of clang's build,
# two of the long ones among them; with sanitizers three of the short ones.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
kiln=$(realpath "$1")/kiln
lua=$("$tests/harness/lua_bitcode.sh" "$2") || { echo "Bail out! Lua's source is not to be had"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ulimit -c 0

cat > args.kir <<'END'
declare @puts(i64) -> i32
func @main(i32, i64) -> i32 {
b0(v0: i32, v1: i64):
  v2 = icmp.i32 eq v0, 1
  brif v2, b2(v0), b1
b1:
  v3 = load.i64 v1+8
  v4 = call @puts(v3)
  br b2(v0)
b2(v5: i32):
  v6 = add.i32 v5, 40
  ret v6
}
END
cat > fault.kir <<'END'
func @store(i64) {
b0(v0: i64):
  store.i32 1, v0
  ret
}
func @main() -> i32 {
b0:
  call @store(0x123456789)
  ret 0
}
END
sed 's/0x123456789/16/' fault.kir > null.kir
sed 's/store.i32 1, v0/trap/; /^  ret$/d' fault.kir > trap.kir
sed 's/@main/@start/' fault.kir > nomain.kir
printf 'declare @nowhere_at_all()\nfunc @main() -> i32 {\nb0:\n  call @nowhere_at_all()\n  ret 0\n}\n' > undefined.kir

prints() { # prints TEXT COMMAND...: standard output and error contain the text
  local text=$1 out
  shift
  out=$("$@" 2>&1)
  grep -qF -- "$text" <<<"$out" || { printf 'not there: %s\n%s\n' "$text" "$out"; return 1; }
}
check "the program's status" expect_status 41 "$kiln" interp args.kir
check 'its arguments' expect_status 42 "$kiln" interp args.kir -- hello
check 'they reach it' prints hello "$kiln" interp args.kir -- hello
check 'a fault: status' expect_status 1 "$kiln" interp null.kir
check 'a fault: place' prints 'null.kir:store:b0:1: error: an access to memory at 0x10' "$kiln" interp null.kir
check 'a trap' prints 'trap.kir:store:b0:1: error: trap' "$kiln" interp trap.kir
check "a signal's place" prints 'fault.kir:store:b0:1: error: signal 11' "$kiln" interp fault.kir
check 'no main' prints "defines no function 'main'" "$kiln" interp nomain.kir
check 'an undefined symbol' prints nowhere_at_all "$kiln" interp undefined.kir
check 'wrong usage' expect_status 2 "$kiln" interp
check 'an unknown option' expect_status 2 "$kiln" interp --what args.kir

# Lua, by clang and by the interpreter.
objects=()
for o in "$lua"/O0/*.ref.o; do [[ $o == */luac.ref.o ]] || objects+=("$o"); done
gcc -o lua "${objects[@]}" -lm -ldl -Wl,-E || exit 1
run() { # run OUT COMMAND...
  local out=$1
  shift
  (cd "$tests/run/lua" && timeout 300 "$@" > "$work/$out" 2> "$work/$out.err"; echo "status $?" >> "$work/$out")
  sed -Ei 's/0x[0-9a-f]{8,}/ADDRESS/g' "$work/$out"
}
same() { run want "$work/lua" "$2" && run got "$kiln" interp "$lua/$1/lua.merged.bc" -- "$2" && diff want got; }
export KILN_TEST_SHORT=${KILN_TEST_SHORT-1}
long=' closures errors '
short='*'
! sanitized "$kiln-interp" || short='[tnu]*'
for script in "$tests"/run/lua/${short}.lua; do
  script=$(basename "$script" .lua)
  [[ $long == *" $script "* ]] || check "lua $script.lua" same O0 "$script.lua"
done
check 'lua strings.lua from -O1' same O1 strings.lua
finish
