#!/usr/bin/env bash
# test.sh FILTER: results against awk's, random expressions both ways, wrong ones.
set -u
exe=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tests/harness/tap.sh"

first() { [[ $("$exe" "$1" "$2" | head -n 1) == "$3" ]] || { "$exe" "$1" "$2"; return 1; }; }
rejected() { ! "$exe" "$1" 10 2> /dev/null; }
# How many of 1000 rows: each number is below 100,000, so the answer is known.
check "all rows" first "x < 100000" 1000 "1000 of 1000 rows, sum $("$exe" 'x = x' 1000 | sed -n 's/.*sum //p')"
check "no row" first "x >= 100000 or x < 0 and not 1 = 0" 1000 "0 of 1000 rows, sum 0"
check "between is inclusive" first "not x between 0 and 99999 or 3 between 3 and 3 and x < 0" 1000 "0 of 1000 rows, sum 0"
check "division by zero is 0" first "x / 0 <> 0 or x % 0 <> 0" 1000 "0 of 1000 rows, sum 0"
check "precedence" first "1 + 2 * 3 - 8 / 2 % 3 <> 6 or -(2 - 5) <> 3 or not not 5 <> 1 and 1 = 0" 10 "0 of 10 rows, sum 0"
parts() { # the rows of a filter and of its opposite are all rows
  local a b
  a=$("$exe" "$1" 5000 | sed -n 's/ of.*//p') b=$("$exe" "not ($1)" 5000 | sed -n 's/ of.*//p')
  ((a > 0 && b > 0 && a + b == 5000)) || { echo "$a $b"; return 1; }
}
check "a filter and its opposite" parts "x % 7 = 3 and x between 10 and 90000 or x / 100 > 600"
for seed in 1 2 3; do check "random expressions, seed $seed" "$exe" --test $seed 1000; done
for wrong in "" "x +" "(x" "x between 1" "y" "x 1" "$(printf '(%.0s' {1..200})"; do
  check "not an expression: ${wrong:0:12}" rejected "$wrong"
done
finish
