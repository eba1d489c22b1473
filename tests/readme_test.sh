#!/usr/bin/env bash
# readme_test.sh BUILD: the example in README.md, as printed: compiles, links, runs, and prints what
# the README says that it prints.
set -euo pipefail
build=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# block LANGUAGE: the first code block of a language.
block() { awk -v start="^\`\`\`$1\$" '$0 ~ start {on = 1; next} /^```$/ && on {exit} on' "$root/README.md"; }

block c > example.c
[[ -s example.c ]] || { echo "README.md has no example in C"; exit 1; }
lines=$(wc -l < example.c)
(( lines <= 45 )) || { echo "the example has $lines lines"; exit 1; }
gcc -std=c11 -Wall -Wextra -Werror -I"$root/include" example.c "$build/libkiln.a" -o example \
  ${SANITIZE:+-fsanitize=address,undefined}
./example
cat > main.c <<'END'
#include <stdio.h>
long gcd(long, long);
int main(void) { return printf("%ld\n", gcd(48, 180)) == 3 ? 0 : 1; }
END
gcc main.c gcd.o -o main
[[ $(./main) == 12 ]]
