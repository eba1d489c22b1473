#!/usr/bin/env bash
# fetch_source.sh PACKAGE DIR [upstream]: unpacks the Debian source package PACKAGE below DIR, once, and prints
# the folder of the source. Works without root. With `upstream`, the source without Debian's changes will do where a
# mirror does not have those.
set -euo pipefail
package=$1
changes=${3-}
mkdir -p "$2"
dir=$(cd "$2" && pwd -P) # find does not look into a symbolic link
apt=$dir/apt

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# fetch: the newest version that can be downloaded: a mirror may lack files that its index names.
fetch() {
  local version
  for version in $(apt-cache "${apt_options[@]}" showsrc --only-source "$package" |
      sed -nE 's/^Version: //p' | sort -ruV); do
    if apt-get "${apt_options[@]}" source "$package=$version"; then return; fi
    [[ $changes == upstream ]] || continue
    if apt-get "${apt_options[@]}" --tar-only --download-only source "$package=$version"; then
      # The archive's own folder may be named otherwise.
      mkdir archive && tar -x -f "$package"_*.orig.tar.* -C archive && mv archive/* "$package-${version#*:}"
      return
    fi
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
  make_lists deb-src
  {
    apt-get "${apt_options[@]}" update || true # one unreachable entry does not matter
    work=$(mktemp -d "$dir/work-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    fetch
    source=$(find . -mindepth 1 -maxdepth 1 -type d -name "$package-*" | head -n 1)
    mv "$source" "$dir/" # at the end, so that the folder, if it exists, is complete
  } >&2 9>&-
fi
unpacked
