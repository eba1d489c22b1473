#!/usr/bin/env bash
# log_test.sh UNIT_LOG: the replay of the allocator's log over the .kir tests, written by hand and by
# gen.py. In builds that do not log it skips all by name.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$1" --logs || exec "$1" "$here/kir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/kir/gen.py" "$work" || exit 1
"$1" "$here/kir" "$work"
