#!/usr/bin/env bash
# torture [--suite=vect|target] [--target=T] [--level=O0] [--every=N] [NAME...]: the suites are those of GCC's
# vectorizer and of the target's processors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

here=tests/run/torture
if [[ " $* " == *" --suite="* ]]; then
  source=$($here/fetch.sh build/cache/torture targets)
  exec $here/targets.py --kiln=build/kiln --source="$source" "$@"
fi
source=$($here/fetch.sh build/cache/torture)
exec $here/torture.py --kiln=build/kiln --source="$source/execute" "$@"
