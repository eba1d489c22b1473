#!/usr/bin/env bash
# threads.sh BUILD [FUNCTIONS] [THREADS]: one module of that many generated functions (100000) compiled
# with one thread and with several (2): best wall time of several runs each, whether the objects are the
# same, and, where there is valgrind, the share of the executed instructions that is serial: all outside of the
# threads' work on bodies.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kiln=$(realpath "$1")/kiln
functions=${2:-100000}
threads=${3:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 "$here/functions.py" "$functions" functions.bc
printf '%s functions, %s bytes of bitcode\n' "$functions" "$(stat -c %s functions.bc)"

# The runs alternate, so that a slow moment of the machine does not hit one of the two alone.
python3 - "$kiln" "$threads" <<'PYTHON'
import subprocess, sys, time
kiln, threads = sys.argv[1], sys.argv[2]
best = {}
for _ in range(10):
    for n in ("1", threads):
        start = time.perf_counter()
        subprocess.run([kiln, "compile", "--threads=" + n, "-o", n + ".o", "functions.bc"], check=True)
        best[n] = min(best.get(n, 1e9), time.perf_counter() - start)
print("one thread %.1f ms, %s threads %.1f ms: %.3f of the time"
      % (best["1"] * 1e3, threads, best[threads] * 1e3, best[threads] / best["1"]))
PYTHON
if cmp "1.o" "$threads.o"; then echo "the objects are the same"; fi

command -v valgrind > /dev/null || exit 0
valgrind --quiet --tool=callgrind --callgrind-out-file=profile \
  "$kiln" compile "--threads=$threads" -o /dev/null functions.bc > log 2>&1 || { cat log; exit 1; }
# The threads' part is what `work` of tools/threads.c costs, with all that it calls.
callgrind_annotate --inclusive=yes --threshold=100 profile | awk '
  { n = $1; gsub(",", "", n) }
  / PROGRAM TOTALS/ { all = n }
  / [^ ]*:work( |$)/ && !/=>/ { if (n > threads) threads = n }
  END { printf "serial: %.1f of %.1f million instructions, %.2f %%\n",
    (all - threads) / 1e6, all / 1e6, 100 * (all - threads) / all }'
