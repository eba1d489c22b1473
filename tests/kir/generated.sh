#!/usr/bin/env bash
# generated.sh CACHE: the .kir files that gen.py writes, and those of atomic operations a second time for processors
# with LSE, and that of pinned registers for AArch64; generated once for each version of their sources. Prints their folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
out=$cache/kir/$(cat "$here"/generated.sh "$here"/gen*.py "$here"/atomics*.kir "$here"/pinned.kir | sha256sum | cut -c 1-16)

exec 9> "$cache/kir.lock"
flock 9
if [[ ! -f $out/complete ]]; then
  rm -rf "$out"
  mkdir -p "$out"
  PYTHONDONTWRITEBYTECODE=1 python3 "$here/gen.py" "$out" >&2
  for f in "$here"/atomics*.kir "$out"/g_atomics*.kir; do
    sed -e 's/\b\(at\|aw\)_/l\1_/g' -e '1a ; features: lse' "$f" > "$out/lse_${f##*/}"
  done
  sed -e 's/x86_64/aarch64/' -e 's/^pinned rbx/pinned x28/' "$here/pinned.kir" > "$out/pinned_aarch64.kir"
  touch "$out/complete"
fi
echo "$out"
