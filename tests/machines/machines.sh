#!/usr/bin/env bash
# machines.sh FOLDER [bookworm|trixie]...: tries the README on new machines. Makes minimal roots of Debian 12 and 13 in
# FOLDER by mmdebstrap, clones this checkout's HEAD into each, runs the commands of the README's section "Try it" there in
# their order, and prints what failed. Must run as root.
#
# If rustup is installed here, a root gets the stable toolchain by a rustup of its own. Packages that were
# downloaded stay in FOLDER/debs-SUITE for the next run; each run begins with new roots. Output is in
# FOLDER/SUITE-COMMAND.log.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
die() { printf 'machines: %s\n' "$*" >&2; exit 2; }

(( EUID == 0 )) || die 'this must run as root: it makes and enters roots'
command -v mmdebstrap > /dev/null || die 'mmdebstrap is missing'
(( $# > 0 )) || die 'usage: ./dev machines FOLDER [bookworm|trixie]...'
mkdir -p "$1" || exit 2
folder=$(realpath "$1")
shift
suites=("$@")
(( $# > 0 )) || suites=(bookworm trixie)

# The README's commands: the lines of the first block in its section "Try it", without their comments.
mapfile -t commands < <(sed -n '/^## Try it/,/^## Debug/p' "$here/README.md" | sed -n 's/^\(\.\/dev [^#]*[^# ]\) *#.*/\1/p')
(( ${#commands[@]} > 0 )) || die 'the README has no commands'

. "$here/tests/machines/roots.sh"

# run SUITE NAME COMMAND: with the output in a log; prints its time, and the failures that it names.
run() {
  local log=$folder/$1-$2.log start=$SECONDS status
  in_root "$folder/$1" bash -c "cd /root/kiln && $3" > "$log" 2>&1 < /dev/null
  status=$?
  printf '%s %s: %s, %d s, %s\n' "$([[ $status == 0 ]] && echo ok || echo FAILED)" "$1" "$3" $((SECONDS - start)) "$log"
  if (( status != 0 )); then
    grep -E '^not ok|^FAIL|^E: |^dev: |ERROR' "$log" | sort -u | head -n 40 | sed 's/^/     /'
    tail -n 5 "$log" | sed 's/^/     /'
  fi
  return $status
}

failed=0
for suite in "${suites[@]}"; do
  root=$folder/$suite
  debs=$folder/debs-$suite
  rm -rf "$folder/$suite.d"
  make_root "$suite" "$root"
  rust "$root" || { echo "FAILED $suite: rustup"; failed=$((failed + 1)); }
  git clone -q "$here" "$root/root/kiln" || exit 2
  for command in "${commands[@]}"; do
    name=${command#./dev }
    run "$suite" "${name// /-}" "$command" || failed=$((failed + 1))
  done
done
echo "$((${#suites[@]} * ${#commands[@]})) commands, $failed failed"
(( failed == 0 ))
