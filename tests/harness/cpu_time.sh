#!/usr/bin/env bash
# cpu_time.sh COMMAND...: runs a test, then prints the seconds of user and system time that it and its child processes
# took; summary.py adds them up. Compilers that Kiln is compared with are themselves where PATH has ccache's links.
export CCACHE_DISABLE=1
TIMEFORMAT='# CPU seconds: %U %S'
set -o pipefail
# CMocka before 2.0 writes "not ok" for a case that skips itself; in TAP that is a failure.
{ time "$@" 2>&3; } 3>&2 2>&1 | sed -u -E 's/^not ok ([0-9]+) # SKIP (.*)/ok \1 - \2 # SKIP it does not run here/'
