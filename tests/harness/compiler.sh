# What the tests of `kiln cc` and `kiln c++` share: sourced with $build, after tap.sh. Goes to a new folder, with
# temporary files in its folder tmp.
kiln=$build/kiln
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export TMPDIR=$work/tmp
mkdir tmp sub
unset KILN_FALLBACK KILN_LOG

# says STATUS PATTERN COMMAND...: exits with STATUS, and a line of standard error matches PATTERN.
says() {
  local want=$1 pattern=$2 status=0
  shift 2
  "$@" > says.out 2> says.err || status=$?
  (( status == want )) || { echo "exit status $status instead of $want"; cat says.err; return 1; }
  grep -Eq -- "$pattern" says.err || { echo "no line like: $pattern"; cat says.err; return 1; }
}
made() { local f; for f; do [[ -s $f ]] || { echo "not made: $f"; return 1; }; done; }
# The object has code that Kiln made, which stands in its comment section.
ours() { readelf -p .comment "$1" 2> /dev/null | grep -q ' Kiln [0-9]' || { echo "$1 is clang's"; return 1; }; }
temporaries() { [[ -z $(ls tmp) ]] || { ls tmp; return 1; }; }
