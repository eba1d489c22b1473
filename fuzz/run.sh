#!/usr/bin/env bash
# run.sh BUILD NAME SECONDS: fuzzes one target with libFuzzer, from the corpus BUILD/fuzz-corpus/NAME,
# which grows. Findings are left in BUILD/fuzz-findings/NAME.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "$1") name=$2 seconds=$3
corpus=$build/fuzz-corpus/$name
findings=$build/fuzz-findings/$name
seeds=$build/fuzz-seeds/$name
log=$build/fuzz-$name.log
mkdir -p "$corpus" "$findings"
python3 "$here/seeds.py" "$name" "$seeds"
folders=("$corpus" "$seeds")
[[ -d $here/seeds/$name ]] && folders+=("$here/seeds/$name")
options=(-max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -print_final_stats=1
  -artifact_prefix="$findings/")
case $name in
  text) options+=(-dict="$here/text.dict") ;;
  func) options+=(-max_len=4096) ;;
esac

export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
status=0
# shown: on a terminal the newest line of the log, until it is ended.
shown() {
  while sleep 2; do printf '\r%s: %.70s\33[K' "$name" "$(grep -a '^#[0-9]' "$log" | tail -n 1 | tr -s '\t ' ' ')" >&2; done
}
if [[ -t 2 ]]; then shown & fi
"$build/fuzz/fuzz_$name" "${options[@]}" "${folders[@]}" >"$log" 2>&1 || status=$?
if [[ -t 2 ]]; then
  kill $!
  printf '\r\33[K' >&2
fi
awk -v name="$name" '
  /^stat::number_of_executed_units:/ { runs = $2 }
  /^stat::average_exec_per_sec:/ { rate = $2 }
  match($0, /cov: [0-9]+/) { cov = substr($0, RSTART + 5, RLENGTH - 5) }
  END { printf "%s: %d runs, %d per second, %d edges covered\n", name, runs, rate, cov }' "$log"
if (( status != 0 )); then
  grep -a -E '^fuzz: |ERROR: |runtime error: |Test unit written' "$log" || tail -n 20 "$log"
  echo "$name: the whole report is in $log"
  exit 1
fi
