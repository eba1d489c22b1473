#!/usr/bin/env bash
# sample.sh KILN CACHE LEVEL: each 40th of GCC's torture tests, as TAP.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$("$here/fetch.sh" "$2") || { echo '1..0 # SKIP no source package gcc-12-source to be had'; exit 0; }
exec python3 "$here/torture.py" --kiln="$1" --source="$source/execute" --level="$3" --every=40 --tap
