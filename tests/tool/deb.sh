#!/usr/bin/env bash
# deb.sh FOLDER CACHE: the packages there are installed together in an empty Debian that has compilers besides,
# used (install/use.sh), and removed without a trace. `./dev deb-test` runs it, as root. The root without them is made
# once.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
debs=$(realpath "$1")
mkdir -p "$2"
cache=$(realpath "$2")
work=$(mktemp -d)
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work" || exit 1

# What packages say that they need is not in it, but for what compilers need too.
compilers=clang-22,gcc,g++,libc6-dev,cmake,make,pkg-config
make_root() {
  local apt=$work/apt suite sources
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  . "$tests/harness/apt.sh" && make_lists deb
  # Those of Debian: the machine may have others.
  mapfile -t sources < <(grep -lE "(^|[[:space:]])$suite([-[:space:]]|$)" "$apt"/sources.list.d/*)
  (( ${#sources[@]} > 0 )) || { echo "no source of apt has $suite"; return 1; }
  mmdebstrap --quiet --variant=apt --include="$compilers" --aptopt='APT::Install-Recommends "false"' \
    "$suite" "$cache/root.new.tar" "${sources[@]}" && mv "$cache/root.new.tar" "$cache/root.tar"
}
# in_root COMMAND...: with Rust's compilers of this machine, if there are any, in the root's /opt/rust.
rust=$(rustc --print sysroot 2> /dev/null)
in_root() {
  unshare --mount --fork --kill-child bash -c '
    root=$1 rust=$2; shift 2
    mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" || exit 1
    if [[ -n $rust ]]; then mkdir -p "$root/opt/rust" && mount --bind "$rust" "$root/opt/rust" || exit 1; fi
    exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/sbin:/usr/bin:/sbin:/bin:/opt/rust/bin "$@"' - "$root" "$rust" "$@"
}
files() { (cd "$root" && find usr etc | grep -vE '^etc/ld\.so\.cache$' | sort); }
prepare() {
  mkdir root && tar -C root -xf "$cache/root.tar" && cp /etc/resolv.conf root/etc/ &&
    mkdir -p root/tmp/debs root/tmp/tests/{tool,harness} && cp "$debs"/*.deb root/tmp/debs &&
    cp -r "$tests/tool/install" root/tmp/tests/tool && cp "$tests/harness/tap.sh" root/tmp/tests/harness &&
    in_root apt-get -q update
}
# PostgreSQL's own packages, which those for it need, leave files when they go (etc/alternatives): these are there before.
server() {
  local names
  mapfile -t names < <(own | sed -n 's/^\(postgresql-[0-9]*\)-kilnjit$/\1/p')
  (( ${#names[@]} > 0 )) || return 0
  in_root apt-get -q -y install "${names[@]}" && in_root apt-mark auto "${names[@]}" &&
    in_root apt-get -q -y autoremove --purge
}
install() { in_root bash -c 'apt-get -qq -o Dpkg::Use-Pty=0 install /tmp/debs/*.deb 2>&1 | grep -E "error|dpkg:"; exit ${PIPESTATUS[0]}' && in_root dpkg --audit; }
own() { for deb in "$debs"/*.deb; do dpkg-deb -f "$deb" Package; done; }
remove() { mapfile -t names < <(own) && in_root apt-get -q -y purge "${names[@]}" && in_root apt-get -q -y autoremove --purge; }

if (( EUID != 0 )) || ! command -v mmdebstrap > /dev/null || ! unshare --mount true 2> /dev/null; then
  skip 'the packages in a root of their own' 'needs root, mmdebstrap and mount namespaces'
  finish
fi
exec 7> "$cache/lock"
flock 7
[[ -f $cache/root.tar ]] || check 'a root with compilers' make_root
flock -u 7
check 'the root, without packages' prepare
check 'what they are for was there, and is not' server
files > before
check 'all packages install together' install
used=0
while IFS= read -r line; do
  case $line in
    'ok '* | 'not ok '*)
      tap_count=$((tap_count + 1)) used=$((used + 1))
      [[ $line == ok* ]] || tap_failed=$((tap_failed + 1))
      echo "${line%%ok *}ok $tap_count - ${line#* - }" ;;
    1..*) check 'all uses' test "${line#1..}" = "$used" ;;
    *) echo "$line" ;;
  esac
done < <(in_root bash /tmp/tests/tool/install/use.sh)
check 'they were used' test "$used" -gt 0
check 'they are removed' remove
nothing_stays() { diff before <(files); }
check 'nothing stays' nothing_stays
finish
