#!/usr/bin/env bash
# machines --unlike FOLDER [WAY]...: builds Kiln and runs `./dev test quick` on machines that are unlike those of its
# developers, each from a new clone in FOLDER. Must run as root. A WAY, by default each:
#
#   clang-14    Debian 12's clang
#   gcc-14      Debian 13's gcc, in a new root of it
#   musl        musl-gcc, with what links with musl
#   user        an ordinary user, in a folder whose name has spaces, quotes, parentheses and other letters, without a
#               network once the inputs of tests are there, on one processor and with 2 GB of memory
#
# Packages are those of this machine, but for gcc-14. Output is in FOLDER/WAY.log.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
die() { printf 'machines: %s\n' "$*" >&2; exit 2; }

(( EUID == 0 )) || die 'this must run as root: it makes roots and becomes another user'
(( $# > 0 )) || die 'usage: ./dev machines --unlike FOLDER [WAY]...'
mkdir -p "$1" || exit 2
folder=$(realpath "$1")
shift
. "$here/tests/machines/roots.sh"
ways=(clang-14 gcc-14 musl user)
for way; do [[ " ${ways[*]} " == *" $way "* ]] || die "no way $way; there are: ${ways[*]}"; done
(( $# == 0 )) || ways=("$@")

# clone PATH: a new one.
clone() { rm -rf --one-file-system "$1" && git clone -q "$here" "$1"; }

# with_compiler NAME COMPILER OPTION...: in a clone whose build is configured with the compiler.
with_compiler() {
  local tree=$folder/$1 compiler=$2
  shift 2
  clone "$tree" && cd "$tree" && CC=$compiler meson setup build "$@" && ./dev test quick
}

clang-14() { with_compiler clang-14 clang-14 --werror -Dbench=disabled; }
# Debian's musl-gcc does not look for the kernel's headers, which a system with musl has.
musl() {
  local headers=$folder/headers
  mkdir -p "$headers"
  ln -sfn /usr/include/linux "$headers/linux"
  ln -sfn /usr/include/asm-generic "$headers/asm-generic"
  ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$headers/asm"
  with_compiler musl "musl-gcc -idirafter $headers -static-libgcc" -Dbench=disabled -Ddis=disabled -Dinterp=disabled -Dpostgresql=disabled
}

gcc-14() {
  local root=$folder/trixie
  debs=$folder/debs-trixie
  command -v mmdebstrap > /dev/null || die 'mmdebstrap is missing'
  make_root trixie "$root"
  clone "$root/root/kiln" && in_root "$root" bash -c 'cd /root/kiln && apt-get -q update > /dev/null && ./dev test quick'
}

# in_memory BYTES COMMAND...: with no more memory than that, in a control group of its own.
in_memory() {
  local bytes=$1 group
  shift
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    group=/sys/fs/cgroup/kiln-$$
    mkdir "$group" && echo "$bytes" > "$group/memory.max" || return 1
  else
    group=/sys/fs/cgroup/memory/kiln-$$
    mkdir "$group" && echo "$bytes" > "$group/memory.limit_in_bytes" || return 1
  fi
  (echo "$BASHPID" > "$group/cgroup.procs" && exec "$@")
  local status=$?
  rmdir "$group"
  return $status
}

user() {
  local home="$folder/user's (öäü) home"
  rm -rf --one-file-system "$home" && mkdir -m 755 "$home" && clone "$home/kiln & more" && chown -R nobody: "$home" || return 1
  cd "$home/kiln & more" || return 1
  local as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups env -i HOME="$home" PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8)
  # What these tests download once: Lua, and the suite of WebAssembly with its tools.
  "${as_user[@]}" tests/harness/lua_bitcode.sh build/cache && "${as_user[@]}" python3 tests/wasm/suite.py || return 1
  in_memory $((2 << 30)) taskset -c 0 unshare --net "${as_user[@]}" ./dev test quick
}

failed=0
for way in "${ways[@]}"; do
  start=$SECONDS
  if ("$way") > "$folder/$way.log" 2>&1 < /dev/null; then what=ok; else what=FAILED failed=$((failed + 1)); fi
  printf '%s %s: %d s, %s, %s\n' "$what" "$way" $((SECONDS - start)) "$(tail -n 1 "$folder/$way.log")" "$folder/$way.log"
  [[ $what == ok ]] || grep -E '^failed|^skipped|^E: |^dev: |error:|ERROR' "$folder/$way.log" | sort -u | head -n 40 | sed 's/^/     /'
done
(( failed == 0 ))
