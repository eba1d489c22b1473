#!/usr/bin/env bash
# cross_root.sh CACHE: Debian's libraries for AArch64 that Kiln's tests and tools use, as files in
# CACHE/aarch64, downloaded once. Prints the path of a cross file for meson that says where they are, to be given
# after packaging/cross/aarch64-linux-gnu.ini. libc is the cross compiler's. Works without root.
set -euo pipefail
mkdir -p "$1"
cache=$(cd "$1" && pwd)
apt=$cache/aarch64.apt
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

packages=(libcapstone-dev libcmocka-dev libelf-dev libzydis-dev tcl8.6-dev zlib1g-dev)
# These and the libraries that they depend on, but for the cross compiler's own.
needed() {
  local known=" " next=("${packages[@]}") found package
  while (( ${#next[@]} > 0 )); do
    known+="${next[*]} "
    mapfile -t found < <(apt-cache "${apt_options[@]}" depends -i "${next[@]}" |
      sed -nE 's/^ *\|?Depends: (z?lib[a-z0-9.+-]+)$/\1/p' | grep -vE '^lib(c6.*|gcc-s1|stdc.*)$' | sort -u)
    next=()
    for package in "${found[@]}"; do [[ $known == *" $package "* ]] || next+=("$package"); done
  done
  echo "$known"
}

exec 9> "$cache/aarch64.lock"
flock 9
if [[ $(cat "$cache/aarch64/packages" 2>/dev/null) != "${packages[*]}" ]]; then
  {
    make_lists deb
    # An empty list of installed packages: none are installed for this architecture.
    : > "$apt/status"
    apt_options+=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::status="$apt/status")
    apt-get "${apt_options[@]}" update || true # one unreachable entry does not matter
    work=$(mktemp -d "$cache/aarch64-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/root"
    cd "$work"
    read -r -a names <<< "$(needed)"
    apt-get "${apt_options[@]}" download "${names[@]}"
    for package in *.deb; do dpkg-deb -x "$package" root; done
    echo "${packages[*]}" > root/packages
    rm -rf "$cache/aarch64"
    mv root "$cache/aarch64" # at the end, so that the folder, if it exists, is complete
  } >&2 9>&-
fi

root=$cache/aarch64
lib=$root/usr/lib/aarch64-linux-gnu
cat > "$root/root.ini" <<END
[binaries]
exe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', '-E', 'LD_LIBRARY_PATH=$lib:$root/lib/aarch64-linux-gnu']
[properties]
sys_root = '$root'
pkg_config_libdir = '$lib/pkgconfig'
[built-in options]
c_args = ['-isystem', '$root/usr/include']
c_link_args = ['-L$lib', '-Wl,-rpath-link,$lib:$root/lib/aarch64-linux-gnu']
END
echo "$root/root.ini"
