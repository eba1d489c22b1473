#!/usr/bin/env bash
# emulated.sh KILN RUSTC: kiln and kiln-rustc of a cross build, both started by $MESON_EXE_WRAPPER, as on a host that an
# emulator makes: what `kiln cargo` hands on out of sight reaches kiln-rustc (tools/carried.h).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"
kiln=$(realpath "$1")
rustc=$(realpath "$2")
read -ra wrapper <<< "${MESON_EXE_WRAPPER-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# cargo is a program of this machine, which starts what RUSTC_WRAPPER names; the compiler prints what it is given.
mkdir bin
cat > bin/cargo << END
#!/bin/sh
[ "\$1" = build ] && exec ${wrapper[*]} "\$RUSTC_WRAPPER" "$work/bin/rustc" --crate-name a
END
cat > bin/rustc << 'END'
#!/bin/sh
case "$*" in *-vV*) printf 'rustc 1.99.1\nrelease: 1.99.1\n' && exit;; esac
env > seen
END
chmod +x bin/*
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/cache TMPDIR=$work
unset KILN_STATS

carried() {
  "${wrapper[@]}" "$kiln" cargo --no-bootstrap --stats build
  grep "KILN_STATS=$work/kiln-stats-" seen
}
check '--stats reaches kiln-rustc' carried
finish
