#!/usr/bin/env bash
# cpu_time.sh COMMAND...: runs a test, and tells behind its results how many seconds of user and system time it took,
# with all that it waited for; summary.py adds them up.
TIMEFORMAT='# CPU seconds: %U %S'
{ time "$@" 2>&3; } 3>&2 2>&1
