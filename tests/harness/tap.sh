# tap.sh: sourced by shell tests. `check NAME COMMAND...` runs a command and reports one case; what it
# prints is shown if it fails. `skip NAME WHY` reports a case that cannot run here. `finish` at the end.
tap_count=0
tap_failed=0

check() {
  local name=$1 output
  shift
  tap_count=$((tap_count + 1))
  if output=$("$@" 2>&1); then
    echo "ok $tap_count - $name"
  else
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $name"
    printf '%s\n' "$output" | head -n 40 | sed 's/^/# /'
  fi
}

skip() {
  tap_count=$((tap_count + 1))
  echo "ok $tap_count - $1 # SKIP $2"
}

finish() {
  echo "1..$tap_count"
  exit $((tap_failed > 0))
}

# sanitized PROGRAM: whether it was built with the address sanitizer.
sanitized() { [[ $(nm "$1" 2> /dev/null) == *__asan_init* ]]; }

# expect_status N COMMAND...: succeeds if the command exits with N.
expect_status() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  (( got == want )) || { echo "exit status $got instead of $want: $*"; return 1; }
}
