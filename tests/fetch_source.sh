#!/usr/bin/env bash
# fetch_source.sh PACKAGE DIR: unpacks the Debian source package PACKAGE below DIR, once, and prints
# the folder of the source. Works without rights on the system: the sources list is made from the
# machine's own entries, with `Types: deb-src`, and lists and cache are DIR's, so that the system's
# package state is neither read for sources nor changed.
set -euo pipefail
package=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
apt=$dir/apt

# The machine's entries as source entries, both in deb822 and in one-line form.
make_lists() {
  local f
  mkdir -p "$apt/sources.list.d" "$apt/lists/partial" "$apt/archives/partial"
  for f in /etc/apt/sources.list.d/*.sources; do
    [[ -f $f ]] && sed -E 's/^Types:.*/Types: deb-src/' "$f" > "$apt/sources.list.d/${f##*/}"
  done
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -f $f ]] && sed -nE 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$f" \
      > "$apt/sources.list.d/${f##*/}"
  done
  return 0
}

apt_options=(
  -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources.list.d"
  -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" -o Dir::Cache::archives="$apt/archives"
  -o APT::Sandbox::User="$(id -un)" -o APT::Get::List-Cleanup=false
)

# fetch: the newest version that is to be had: a mirror may lack what its index names.
fetch() {
  local version
  for version in $(apt-cache "${apt_options[@]}" showsrc --only-source "$package" |
      sed -nE 's/^Version: //p' | sort -ruV); do
    if apt-get "${apt_options[@]}" source "$package=$version"; then return; fi
  done
  return 1
}

unpacked() {
  find "$dir" -mindepth 1 -maxdepth 1 -type d -name "$package-*" | sort | head -n 1
}

# One fetch at a time; tests of several builds may ask at once.
exec 9> "$dir/lock"
flock 9
if [[ -z $(unpacked) ]]; then
  make_lists
  {
    apt-get "${apt_options[@]}" update || true # one unreachable entry does not matter
    work=$(mktemp -d "$dir/work-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    fetch
    source=$(find . -mindepth 1 -maxdepth 1 -type d -name "$package-*" | head -n 1)
    mv "$source" "$dir/" # at the end, so that a folder that is there is complete
  } >&2 9>&-
fi
unpacked
