#!/usr/bin/env bash
# jit_gdb.sh PROGRAM: gdb shows a JIT's functions by name in a backtrace, and forgets them; it finds lines and variables
# of one that is described.
# PROGRAM is jit_gdb.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

backtraces() {
  local out
  out=$(ASAN_OPTIONS=detect_leaks=0 timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' \
    -ex 'break stop_here' -ex run -ex 'echo FIRST\n' -ex bt -ex 'info symbol jit_inner' \
    -ex continue -ex 'echo SECOND\n' -ex 'info symbol jit_inner' -ex bt \
    -ex continue -ex 'echo THIRD\n' -ex bt -ex continue -ex continue "$1" 2>&1)
  printf '%s\n' "$out" | sed 's/^/# /'
  part() { printf '%s\n' "$out" | sed -n "/^$1/,/^$2/p"; }
  # Frames 0 to 3, in this order and with nothing in between.
  local four='#0 .*stop_here.*#1 .*jit_inner.*#2 .*jit_outer.*#3 .*main'
  [[ $(part FIRST SECOND | grep '^#' | tr '\n' ' ') =~ $four ]] || { echo "no names in the first backtrace"; return 1; }
  [[ $(part SECOND THIRD | grep '^#' | tr '\n' ' ') =~ ^'#0 '.*stop_here.*'#1 '.*main ]] || { echo "the second backtrace"; return 1; }
  [[ $(part SECOND THIRD) == *'No symbol "jit_inner"'* ]] || { echo "gdb still knows what was removed"; return 1; }
  [[ $(part THIRD END | grep '^#' | tr '\n' ' ') =~ $four ]] || { echo "no names in the third backtrace"; return 1; }
  [[ $out == *'exited normally'* ]] || { echo "the program did not end well"; return 1; }
}

described() {
  local out text
  out=$(ASAN_OPTIONS=detect_leaks=0 timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' \
    -ex 'set breakpoint pending on' -ex 'break jit.src:7' -ex run -ex 'info args' -ex 'info locals' -ex 'print count' \
    -ex 'break stop_here' -ex continue -ex bt -ex 'delete' -ex continue "$1" 2>&1)
  for text in 'Breakpoint 1, jit_outer (x=5) at jit.src:7' $'\nx = 5\n' $'\ny = 1005\n' ' = 77' 'jit_outer (x=5) at jit.src:7'$'\n''#3' \
    'exited normally'; do
    [[ $out == *"$text"* ]] || { printf '%s\n' "$out" "no $text"; return 1; }
  done
}

if command -v gdb > /dev/null; then
  check "gdb shows functions of a JIT by name" backtraces "$1"
  check "gdb shows lines and variables of a JIT" described "$1"
else
  skip "gdb shows functions of a JIT by name, lines and variables" "no gdb"
fi
finish
