#!/usr/bin/env bash
# test.sh STEP1 STEP2 STEP3 STEP4 STEP5: the tutorial's programs compute what they should, and report what they should.
set -u
steps=() && for step in "$@"; do steps+=("$(realpath "$step")"); done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

is() { # is EXPECTED COMMAND...: what it prints
  local want=$1 got
  shift
  got=$("$@" 2>&1)
  [[ $got == "$want" ]] || { echo "$got"; return 1; }
}
object() {
  "${steps[0]}" && echo 'long calc(long); int main(void) { return calc(20) == 41 ? 0 : 1; }' > main.c &&
    cc main.c calc.o -o main && ./main
}
factorial='a = 1; while x { a = a * x; x = x - 1; } a'
check "step 1: the object" object
check "step 2: an expression" is 50 "${steps[1]}" 'x * x + 1' 7
check "step 2: precedence" is 12 "${steps[1]}" '2 + 3 * (x - 1) / 2 + 1' 7
check "step 2: a missing )" is "a ) is missing" "${steps[1]}" '2 * (x' 7
check "step 2: two expressions" is "something follows the expression" "${steps[1]}" 'x x' 7
check "step 3: a loop" is 3628800 "${steps[2]}" "$factorial" 10
check "step 3: a variable that was not assigned" is 1 "${steps[2]}" 'b + 1' 10
check "step 4: a call" is $'9\n4\n1\n0' "${steps[3]}" 'while x { print x * x; x = x - 1; } 0' 3
check "step 4: an error's place" is "calc:2:3: error: something is missing: } or { or ;" "${steps[3]}" $'a = 1\n  a' 3
shows() { "${steps[3]}" --ir "$factorial" 4 > out && grep -q '^func @calc(i64) -> i64 {' out && tail -n 1 out | grep -qx 24; }
check "step 4: the IR" shows
cat > accounts.c <<'END'
struct account { const char *name; int cents; short fee; };
int report(const struct account *);
int main(void) { return report(&(struct account){"Ada", 1000, -5}) == 1005 ? 0 : 1; }
END
reports() { "${steps[4]}" && cc accounts.c report.o -o accounts && is 'Ada: 1005 cents' ./accounts; }
in_gdb() {
  printf 'fn report(account) -> int\n  total := account.cents - account.fee\n  printf(...)\n  return total\n' > report.toy
  timeout 60 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'break report.toy:3' -ex run -ex 'print total' \
    -ex 'print *account' -ex backtrace ./accounts > gdb.out 2>&1
  for text in '= 1005' '= {name = 0x[0-9a-f]* "Ada", cents = 1000, fee = -5}' 'report (account=0x.* at report.toy:3' '3.*printf'; do
    grep -q -- "$text" gdb.out || { cat gdb.out; echo "no $text"; return 1; }
  done
}
check "step 5: a struct and a string" reports
if [[ $(uname -m) == x86_64 ]] && command -v gdb > /dev/null; then
  check "step 5: gdb shows the line, the variable and the struct" in_gdb
else
  skip "step 5: gdb shows the line, the variable and the struct" "no gdb for this machine"
fi
check "wrong usage" expect_status 2 "${steps[3]}"
finish
