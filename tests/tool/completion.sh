#!/usr/bin/env bash
# completion.sh BUILD: what shells complete, by the completions that kiln prints.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
export kiln=$(realpath "$1")/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
for shell in bash zsh fish; do check "for $shell" bash -c "\"\$kiln\" completion $shell > $shell && test -s $shell"; done
check 'for no other' expect_status 2 "$kiln" completion tcsh

# completes WANT WORD...: the last of the words becomes WANT, or one of its words.
completes() {
  local want=$1 got
  shift
  got=$(. ./bash && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _kiln && echo "${COMPREPLY[*]}")
  [[ $got == "$want" ]] || { echo "$* becomes: $got"; return 1; }
}
check 'a verb' completes compile kiln compi
check 'verbs' completes 'cc c++ cargo compile completion' kiln c
sed -n 's/^    words=.\(.*\) --help.*/\1/p' bash | tr ' ' '\n' | sort > verbs
check 'all verbs' diff verbs <("$kiln" --help | sed -nE 's/^  ([a-z+]+)  .*/\1/p' | grep -vx kiln | sort)
check 'an option' completes --target= kiln print --t
check 'options of the verb alone' completes '--target= --help' kiln dis --
check 'a value' completes aarch64 kiln compile --target = aa
check 'all values' completes 'full pie static' kiln compile --pic =
check 'a shell' completes fish kiln completion f
for shell in zsh fish; do
  if command -v $shell > /dev/null; then check "$shell reads its own" $shell -n ./$shell
  else skip "$shell reads its own" "$shell is not installed"; fi
done
if command -v fish > /dev/null; then
  fish_completes() { [[ $(fish -c "source ./fish; complete -C '$1'" | cut -f 1 | paste -sd ' ') == "$2" ]]; }
  check 'fish: a verb' fish_completes 'kiln comp' 'compile completion'
  check 'fish: a value' fish_completes 'kiln compile --pic=' '--pic=full --pic=pie --pic=static'
fi
finish
