#!/usr/bin/env bash
# same_objects.sh KILN OTHER_KILN CACHE [OPTION...]: this build of kiln makes the objects of the other one
# (compare_builds.py, which has the options). Skipped where there is no other one.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
if [[ -x $2 ]]; then check "same objects" "$tests/tool/compare_builds.py" --cache="$3" "${@:4}" "$2" "$1"
else skip "same objects" "no $2"; fi
finish
