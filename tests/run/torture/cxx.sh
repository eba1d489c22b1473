#!/usr/bin/env bash
# cxx [--suite=libstdc++] [--target=T] [--level=O0] [--every=N] [NAME...]: g++.dg and g++.old-deja, or libstdc++'s.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

here=tests/run/torture
source=$($here/fetch.sh build/cache/torture)
[[ " $* " != *" --suite=libstdc++ "* ]] || $here/fetch.sh build/cache/torture libstdc++ > /dev/null
exec $here/cxx.py --kiln=build/kiln --source="$source" "$@"
