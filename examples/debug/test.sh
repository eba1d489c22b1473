#!/usr/bin/env bash
# test.sh DEBUG: gdb stops in the object that the example writes, and finds lines, types and variables.
set -u
exe=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/harness/tap.sh"
cd "$work" || exit 1
cp "$root/examples/debug/total.toy" .
export ASAN_OPTIONS=detect_leaks=0
cat > main.c <<'END'
struct item { long value; struct item *next; };
long total(struct item *);
int main(void) {
  struct item last = {30, 0}, middle = {20, &last}, first = {10, &middle};
  return total(&first) == 1050 ? 0 : 1;
}
END

in_gdb() {
  "$exe" && cc main.c total.o -o main || return 1
  timeout 60 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'break total' -ex run -ex 'info args' -ex 'print *list' \
    -ex 'break 5' -ex continue -ex 'info locals' -ex 'print list->next->value' -ex 'ptype list' -ex continue \
    -ex 'set var sum = 1000' -ex backtrace -ex 'delete 2' -ex 'tbreak 7' -ex continue -ex 'print sum' -ex continue \
    ./main > gdb.out 2>&1
  for text in 'total (list=0x' ' at total.toy:2' '2.*sum := 0' '{value = 10, next = 0x' 'value = 10' 'sum = 0' '= 20' \
    'struct item \*next;' '#1 .* main' 'total.toy:7' '= 1050' 'exited normally'; do
    grep -q -- "$text" gdb.out || { cat gdb.out; echo "no $text"; return 1; }
  done
}
if [[ $(uname -m) == x86_64 ]] && command -v gdb > /dev/null; then
  check "gdb shows lines, types and variables" in_gdb
else
  skip "gdb shows lines, types and variables" "no gdb for this machine"
fi
finish
