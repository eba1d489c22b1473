#!/usr/bin/env bash
# machines.sh FOLDER [bookworm|trixie]...: tries the README on new machines. Makes minimal roots of Debian 12 and 13 in
# FOLDER by mmdebstrap, clones this checkout's HEAD into each, runs the commands of the README's section "Try it" there in
# their order, and prints what failed. Must run as root.
#
# apt's sources, keys, proxy and certificates, and the settings of rustup are this machine's; they are written only into
# the roots. If rustup is installed here, a root gets the stable toolchain by a rustup of its own. Packages that were
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

# sources SUITE: this machine's sources of Debian, for another suite, in FOLDER/SUITE.d.
sources() {
  local codename f
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  rm -rf "$folder/$1.d"
  mkdir "$folder/$1.d"
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [[ ! -f $f ]] || ! grep -q "\b$codename\b" "$f" || sed "s/\b$codename\b/$1/g" "$f" > "$folder/$1.d/${f##*/}"
  done
  grep -qs "$1-security" "$folder/$1.d"/* || die "this machine's sources of apt lack $codename-security"
}

# settings ROOT: what the root needs of this machine to reach registries.
settings() {
  local f
  cp /etc/resolv.conf "$1/etc/"
  apt-config dump | grep -iE '^Acquire::(https?|ftp)::.*proxy' > "$1/etc/apt/apt.conf.d/80machine"
  echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > "$1/etc/apt/apt.conf.d/81keep"
  for f in /usr/local/share/ca-certificates/*.crt; do [[ ! -f $f ]] || cp "$f" "$1/usr/local/share/ca-certificates/"; done
  in_root "$1" update-ca-certificates > /dev/null 2>&1
  if [[ -f ${CARGO_HOME:-$HOME/.cargo}/config.toml ]]; then
    mkdir -p "$1/root/.cargo" && cp "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$1/root/.cargo/"
  fi
}

# in_root ROOT COMMAND...: with the variables of this machine that say how registries are reached.
in_root() {
  local root=$1 name passed=()
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY RUSTUP_DIST_SERVER RUSTUP_UPDATE_ROOT; do
    [[ -z ${!name-} ]] || passed+=("$name=${!name}")
  done
  # The processes of a root end with it.
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1 debs=$2
    shift 2
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" &&
      mount --bind "$debs" "$root/var/cache/apt/archives" || exit 1
    exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
    - "$root" "${root%/*}/debs-${root##*/}" "${passed[@]}" "$@"
}

# rust ROOT: rustup and its stable toolchain, as its installer leaves them.
rust() {
  local rustup
  rustup=$(command -v rustup) || { echo "   without Rust: this machine has no rustup"; return; }
  cp "$(realpath "$rustup")" "$1/root/rustup-init"
  in_root "$1" /root/rustup-init -y -q --profile minimal --default-toolchain stable --no-modify-path \
    > "$folder/$suite-rust.log" 2>&1 || return 1
  in_root "$1" rustc --version | sed 's/^/   /'
}

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
  mkdir -p "$folder/debs-$suite/partial"
  rm -rf --one-file-system "$root"
  sources "$suite"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "$suite" "$root" "$folder/$suite.d"/* ||
    die "no root of $suite"
  settings "$root"
  rust "$root" || { echo "FAILED $suite: rustup"; failed=$((failed + 1)); }
  git clone -q "$here" "$root/root/kiln" || exit 2
  for command in "${commands[@]}"; do
    name=${command#./dev }
    run "$suite" "${name// /-}" "$command" || failed=$((failed + 1))
  done
done
echo "$((${#suites[@]} * ${#commands[@]})) commands, $failed failed"
(( failed == 0 ))
