#!/usr/bin/env bash
# doors.sh FOLDER [bookworm|trixie|DOOR]...: goes through each way to Kiln that docs/installing.md shows, on new machines.
# Makes minimal roots of Debian 12 and 13 in FOLDER by mmdebstrap, one for each way, which has the tarball of build/dist
# (made unless it is there) or a clone of Kiln's repository in its home folder, and runs the page's commands there as
# root, and no others. Prints the time from nothing to a running program, packages included, its CPU time, and how much
# larger the root is then: without downloaded packages, which stay in FOLDER. Must run as root.
#
# The blocks of commands are those that the page marks with `./dev doors runs it in new roots, as NAME`. A door with
# `cargo` begins with rustup's stable toolchain in place. Each must print what the page says, and end without an
# error. Output is in FOLDER/SUITE-DOOR.log.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
die() { printf 'doors: %s\n' "$*" >&2; exit 2; }

(( EUID == 0 )) || die 'this must run as root: it makes and enters roots'
command -v mmdebstrap > /dev/null || die 'mmdebstrap is missing'
(( $# > 0 )) || die 'usage: ./dev doors FOLDER [bookworm|trixie|DOOR]...'
mkdir -p "$1" || exit 2
folder=$(realpath "$1")
shift
. "$here/tests/machines/roots.sh"

TIMEFORMAT='%U %S' # of the shell's `time`: user and system CPU seconds

suites=() chosen=()
for word; do
  if [[ $word == bookworm || $word == trixie ]]; then suites+=("$word"); else chosen+=("$word"); fi
done
(( ${#suites[@]} > 0 )) || suites=(bookworm trixie)

# block NAME: its commands.
block() {
  awk -v mark="as $1 -->" '/^<!-- /{ on = index($0, mark) > 0; next } /^```sh/ { in_it = on; next }
    /^```/ { if (in_it) exit; on = 0 } in_it' "$here/docs/installing.md"
}
mapfile -t doors < <(sed -nE 's/^<!-- .*runs it in new roots, as ([a-z-]+) -->$/\1/p' "$here/docs/installing.md")
(( ${#doors[@]} > 0 )) || die 'docs/installing.md has no doors'
for name in "${chosen[@]}"; do [[ " ${doors[*]} " == *" $name "* ]] || die "no door $name; there are: ${doors[*]}"; done
(( ${#chosen[@]} == 0 )) || doors=("${chosen[@]}")

if ! compgen -G "$here/build/dist/kiln-*-x86_64-linux.tar.xz" > /dev/null &&
  for name in "${doors[@]}"; do block "$name"; done | grep 'tar xf' > /dev/null; then
  start=$SECONDS
  "$here/packaging/release/dist.py" >&2 || exit 2
  echo "the tarball is made: $((SECONDS - start)) s, which the page adds to the times of its doors"
fi

# Which text the last command prints, as a pattern.
says() {
  case $1 in
    install) echo 'kiln: compiled units of this project: 0 by Kiln in rustc, [1-9]* by Kiln from bitcode, 0 by LLVM*' ;;
    tarball-cargo) echo 'Hello, world!' ;;
    meson | meson-clang) echo 'Hello, world' ;;
    *) echo 144 ;;
  esac
}

# size ROOT: in megabytes, as files take them on the disk.
size() { du -s -x --block-size=MB "$1" | sed 's/MB.*//'; }

# door SUITE NAME
door() {
  local root=$folder/root log=$folder/$1-$2.log before start status what=FAILED
  rm -rf --one-file-system "$root"
  cp -a "$folder/$1-base" "$root"
  if block "$2" | grep -q 'tar xf'; then
    cp "$here"/build/dist/kiln-*-x86_64-linux.tar.xz "$root/root/"
  else
    git clone -q "file://$here" "$root/root/kiln" || { echo "FAILED $1 $2: git clone"; return 1; }
  fi
  if block "$2" | grep -q '^cargo '; then rust "$root" || { echo "FAILED $1 $2: rustup"; return 1; }; fi
  block "$2" > "$root/root/commands"
  before=$(size "$root")
  start=$(date +%s%N)
  { time in_root "$root" bash -e -c 'cd /root && . ./commands' > "$log" 2>&1 < /dev/null; } 2> "$folder/cpu"
  status=$?
  local ms=$((($(date +%s%N) - start) / 1000000))
  if (( status == 0 )) && [[ $(grep . "$log" | tail -n 1) == $(says "$2") ]]; then what=ok; fi
  printf '%s %s %s: %d.%d s, %.0f s CPU, %d MB, %s\n' "$what" "$1" "$2" $((ms / 1000)) $((ms / 100 % 10)) \
    "$(awk '{print $1 + $2}' "$folder/cpu")" $(($(size "$root") - before)) "$log"
  [[ $what == ok ]] || { tail -n 8 "$log" | sed 's/^/     /'; return 1; }
}

failed=0
for suite in "${suites[@]}"; do
  debs=$folder/debs-$suite
  rm -rf "$folder/$suite.d"
  make_root "$suite" "$folder/$suite-base"
  for name in "${doors[@]}"; do door "$suite" "$name" || failed=$((failed + 1)); done
done
rm -rf --one-file-system "$folder/root"
echo "$((${#suites[@]} * ${#doors[@]})) doors, $failed failed"
(( failed == 0 ))
