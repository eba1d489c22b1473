#!/usr/bin/env bash
# sample.sh KILN CACHE LEVEL [cxx]: each 80th of GCC's torture tests, or each 240th of its C++ run tests, as TAP.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$("$here/fetch.sh" "$2") || { echo '1..0 # SKIP no source package gcc-12-source to be had'; exit 0; }
if [[ ${4-} == cxx ]]; then
  exec python3 "$here/cxx.py" --kiln="$1" --source="$source" --level="$3" --every=240 --tap
fi
exec python3 "$here/torture.py" --kiln="$1" --source="$source/execute" --level="$3" --every=80 --tap
