#!/usr/bin/env bash
# rerun.sh BUILD: kiln-rustc runs a rustc that dies of Kiln once more, with LLVM. A script stands for rustc.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
[[ -x $build/kiln-rustc ]] || { skip "kiln-rustc" "not built here"; finish; }
for name in $(compgen -e | grep -E '^(KILN|RUSTC)'); do unset "$name"; done
unset LD_PRELOAD

# A toolchain's compiler and the driver beside the library: both are of one version. The driver notes its words and what
# it was told, says what both runs say, and ends as $DIES says, in the first run. The note is Kiln's, if $NOTE is set.
mkdir -p root/bin root/lib/rustlib
cat > kiln-driver <<'END_OF_RUSTC'
#!/bin/bash
[[ $1 != -vV ]] || { echo "rustc ${VERSION-1}"; exit; }
unset LD_PRELOAD KILN_SHIM_LLVM KILN_SHIM_NOTE
while IFS='=' read -r name value; do [[ $name != KILN_SHIM_* ]] || declare "$name=$value"; done <<< "${KILN_SHIM_CARRIED-}"
echo "${KILN_SHIM_LLVM-first} $*" >> runs
echo printed
printf '{"artifact":"lib.rmeta"}\n{"message":"unused"}\n' >&2
if [[ -z ${KILN_SHIM_LLVM-} ]]; then
  [[ -z ${NOTE-} ]] || printf %s "$NOTE" > "/proc/self/fd/$KILN_SHIM_NOTE"
  eval "${DIES:-true}"
else
  echo '{"message":"new"}' >&2
  eval "${ENDS:-true}"
fi
END_OF_RUSTC
printf '#!/bin/bash\n[[ $1 != -vV ]] || { echo "rustc 1"; exit; }\necho "rustc $*" >> runs\nunset LD_PRELOAD\neval "${DIES:-true}"\n' > root/bin/rustc
chmod +x kiln-driver root/bin/rustc
export KILN_BACKEND=$work/librustc_codegen_kiln.so # which nothing loads

# A shell cannot set a signal to its default that is ignored when it starts, as SIGHUP is under nohup.
kiln_rustc=(env --default-signal=HUP,INT,TERM "$build/kiln-rustc")
# run: kiln-rustc with the script; `status` is its exit status, `runs` has the runs.
run() {
  rm -f runs
  "${kiln_rustc[@]}" "$work/root/bin/rustc" --crate-name x -Cmetadata=1 -Cincremental=inc x.rs > out 2> err
  status=$?
}
count() { (( $(wc -l < runs) == $1 )) || { cat runs; return 1; }; }

once() { NOTE=unit DIES=$1 run; count 1 && (( status == $2 )) || { echo "status $status"; cat err; return 1; }; }
twice() {
  NOTE=unit DIES=$1 run
  count 2 && (( status == 0 )) || { echo "status $status"; cat err; return 1; }
  grep -q "^$2 " <(tail -1 runs) || { cat runs; return 1; }
}
check "a run that succeeds is the only one" once true 0
check "an error of the user" once 'exit 1' 1
for signal in SEGV ABRT BUS ILL FPE; do check "SIG$signal" twice "kill -$signal \$\$" "Kiln crashed in rustc: .*"; done
check "killed" twice 'kill -KILL $$' "rustc was killed.*"
check "a panic" twice 'exit 101' "Kiln panicked in rustc"
for signal in INT TERM HUP; do
  check "SIG$signal ends the build" once "trap - $signal; kill -$signal \$\$" $((128 + $(kill -l $signal)))
done

not_kilns() { NOTE='' DIES=$1 run; count 1 && (( status == $2 )); }
check "a crash while Kiln does nothing" not_kilns 'kill -SEGV $$' 139
check "a panic while Kiln does nothing" not_kilns 'exit 101' 101

second_fails() { NOTE=unit DIES='kill -SEGV $$' ENDS=$1 run; count 2 && (( status == $2 )); }
check "the second run's error" second_fails 'exit 1' 1
check "the second run's crash is not run again" second_fails 'kill -SEGV $$' 139

printed_once() {
  NOTE=unit DIES='kill -SEGV $$' run
  printf 'printed\n' | diff - out && grep '^{' err | diff - <(printf '{"artifact":"lib.rmeta"}\n{"message":"unused"}\n{"message":"new"}\n')
}
check "what both runs print appears once" printed_once

# The options are the same, since the crate's hash depends on them; but for the folder, which has objects.
same_options() {
  NOTE=unit DIES='kill -SEGV $$' run
  local first second
  first=$(sed -n '1s/^first //p' runs) second=$(sed -n '2s/.*: Segmentation fault //p' runs)
  [[ $second == "$first -Cincremental=inc/kiln-"*-llvm ]] || { echo "$first"; echo "$second"; return 1; }
}
check "the second run has the first one's options, and a folder of its own" same_options

# At once: a dependent crate begins when the metadata are there.
at_once() {
  rm -f err go
  NOTE=unit DIES='until [[ -e go ]]; do sleep 0.02; done' "${kiln_rustc[@]}" "$work/root/bin/rustc" -Cmetadata=1 x.rs > /dev/null 2> err &
  until grep -q unused err 2> /dev/null; do sleep 0.02; done
  touch go
  wait $!
}
check "what rustc prints is passed on at once" at_once

# A signal that is sent to kiln-rustc alone ends rustc, too, and there is no second run.
passed_on() {
  rm -f runs pid
  NOTE=unit DIES='echo $$ > pid; exec sleep 1000' "${kiln_rustc[@]}" "$work/root/bin/rustc" -Cmetadata=1 x.rs > /dev/null 2>&1 &
  local wrapper=$! child
  until [[ -s pid ]]; do sleep 0.02; done
  child=$(< pid)
  kill -"$1" $wrapper
  wait $wrapper
  (( $? == 128 + $(kill -l "$1") )) && count 1 && ! kill -0 "$child" 2> /dev/null
}
for signal in TERM HUP; do check "SIG$signal to kiln-rustc" passed_on $signal; done

# rustc does not outlive it.
dies_with_it() {
  rm -f runs pid
  NOTE=unit DIES='echo $$ > pid; exec sleep 1000' "${kiln_rustc[@]}" "$work/root/bin/rustc" -Cmetadata=1 x.rs > /dev/null 2>&1 &
  local wrapper=$! child
  until [[ -s pid ]]; do sleep 0.02; done
  child=$(< pid)
  kill -KILL $wrapper
  wait $wrapper 2> /dev/null
  while kill -0 "$child" 2> /dev/null; do sleep 0.02; done
}
check "rustc does not outlive kiln-rustc" dies_with_it

# Only the compiler whose version the driver is: another one runs itself.
others() { rm -f runs; VERSION=2 run; count 1 && grep -q '^rustc ' runs; }
check "another compiler's driver does not run" others
scripts() { rm -f runs; cp root/bin/rustc script; "${kiln_rustc[@]}" "$work/script" -Cmetadata=1 x.rs; count 1 && grep -q '^rustc ' runs; }
check "nor in place of a script" scripts
lost() { chmod -x kiln-driver; run; chmod +x kiln-driver; count 1 && grep -q '^rustc ' runs; }
check "nor one that is lost" lost
checks() { rm -f runs; "${kiln_rustc[@]}" "$work/root/bin/rustc" -Cmetadata=1 --emit=dep-info,metadata -Cincremental=inc x.rs; [[ $(< runs) == 'rustc -Cmetadata=1 --emit=dep-info,metadata -Cincremental=inc x.rs' ]]; }
check "nor where no code is generated" checks

without_backend() { env -u KILN_BACKEND NOTE=unit DIES='kill -SEGV $$' "${kiln_rustc[@]}" "$work/root/bin/rustc" -Cmetadata=1 x.rs 2> /dev/null; (( $? == 139 )) && count 1; }
check "without the library, rustc is what it becomes" eval 'rm -f runs; without_backend'
finish
