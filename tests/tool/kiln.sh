#!/usr/bin/env bash
# kiln.sh BUILD: the contract of the `kiln` tool: exit status, diagnostics, inputs by content,
# outputs that appear only when complete, the same bytes each time, objects that all linkers accept.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
export kiln=$build/kiln tests # for the commands of `bash -c`
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

cat > add.kir <<'END'
; adds and calls
declare @twice(i32) -> i32
func @add(i32, i32) -> i32 {
b0(v0: i32, v1: i32):
  v2 = add.i32 v0, v1
  v3 = call @twice(v2)
  ret v3
}
END
cat > main.c <<'END'
#include <stdio.h>
static const char *const names[] = {"zero", "one", "two", "three"};
int counter = 7;
static int state(void) { static int n = 3; return n++; }
int twice(int a) { return 2 * a; }
int add(int, int);
int main(int argc, char **argv) {
  double d = argc * 1.5;
  printf("%d %s %d %d %.2f %s\n", add(20, argc), names[argc & 3], counter + state(), state(), d, argv[1]);
  switch (argc) {
  case 1: return 11;
  case 2: return 22;
  case 3: return 33;
  case 4: return 44;
  default: return 55;
  }
}
END
clang-22 -O0 -fPIC -emit-llvm -c main.c -o main.bc || exit 1
printf 'int f(int a) { __asm__ volatile("no such instruction"); return a; }\n' | clang-22 -O0 -emit-llvm -c -x c - -o asm.bc
# The wrapper: magic, version, offset and size of the bitcode, CPU type.
size=$(stat -c %s main.bc)
{ printf '\xde\xc0\x17\x0b\0\0\0\0\x14\0\0\0'; printf "\\x$(printf %02x $((size & 255)))\\x$(printf %02x $((size >> 8 & 255)))\0\0"
  printf '\x07\0\0\x01'; cat main.bc; } > wrapped.bc

dis=()
[[ -x $build/kiln-dis ]] && dis=('dis main.o' 'compile --listing -o full.o add.kir')
# silent COMMAND...: succeeds and prints nothing.
silent() { local o; o=$("$@" 2>&1) && [[ -z $o ]] || { echo "printed: $o"; return 1; }; }
# says STATUS PATTERN COMMAND...: exits with STATUS, and a line of standard error matches PATTERN.
says() {
  local want=$1 pattern=$2 status=0
  shift 2
  "$@" > says.out 2> says.err || status=$?
  (( status == want )) || { echo "exit status $status instead of $want"; cat says.err; return 1; }
  grep -Eq -- "$pattern" says.err || { echo "no line like: $pattern"; cat says.err; return 1; }
}
# only FILE...: the folder clean/ has just these files.
only() { [[ $(ls clean) == "$(printf '%s\n' "$@")" ]] || { echo "there are: $(ls clean)"; return 1; }; }

# ---- usage ----
# fits COMMAND...: what it prints fits a screen (that of run and compile two), ends in a line and has an example that begins as the
# command does.
fits() {
  local lines=24
  [[ " $* " != *" "@(run|compile)" "* ]] || lines=48
  "$@" > help && (( $(wc -l < help) <= lines )) && ! grep -E '.{81}|@' help && grep -qE '^Example: .*kiln ' help && [[ -z $(tail -c 1 help) ]] ||
    { cat help; return 1; }
}
check "--help fits a screen" fits "$kiln" --help
check "--help and nothing else" bash -c "\"\$kiln\" --help | LC_ALL=C grep -v '[^ -~]' | tail -n 1 | grep -q 'the status of their program\.\$'"
for verb in cc c++ flang cargo with run compile interp print verify dis stats completion; do
  check "help $verb" fits "$kiln" help $verb
  check "$verb is in --help" grep -qE "^  ${verb//+/\\+} " <("$kiln" --help)
done
for verb in run compile interp print verify dis stats completion; do
  [[ $verb == @(run|interp|dis) && ! -x $build/kiln-$verb ]] || check "$verb --help" fits "$kiln" $verb --help
done
check "--version" bash -c "\"\$kiln\" --version | head -n 1 | grep -Eqx 'kiln [0-9]+\.[0-9]+\.[0-9]+'"
check "--version says targets" bash -c "\"\$kiln\" --version | grep -qx 'Targets: x86_64, aarch64, x86_64-windows'"
check "--version says what is read" bash -c "\"\$kiln\" --version | grep -q 'bitcode of LLVM 11 and newer (tested to 23)'"
check "an option that is nearly one" says 2 "unknown option '--pics'; did you mean '--pic'?" "$kiln" compile --pics=full main.bc
check "a verb that is nearly one" says 2 "unknown verb 'complie'; did you mean 'compile'?" "$kiln" complie main.bc
check "one dash for two" says 2 "unknown option '-pic'; did you mean '--pic'?" "$kiln" compile -pic=full main.bc
check "an option that is far from any" bash -c "! \"\$kiln\" compile --zzzzzzz main.bc 2>&1 | grep 'did you'"
check "an option without its value" says 2 'compile: -o needs a value: OUT' "$kiln" compile main.bc -o
check "a value too many" says 2 'compile: --verify takes no value' "$kiln" compile --verify=1 main.bc
# coloured VARIABLE...: an error on a terminal with these variables has colours.
coloured() { env "$@" script -qec "\"\$kiln\" compile nowhere.bc" /dev/null | grep -q $'\33\\[.*error'; }
if command -v script > /dev/null; then
  check "colours on a terminal" coloured TERM=xterm NO_COLOR=
  check "none with NO_COLOR" bash -c "$(declare -f coloured); ! coloured TERM=xterm NO_COLOR=1"
  check "none on a dumb terminal" bash -c "$(declare -f coloured); ! coloured TERM=dumb NO_COLOR="
fi
check "none in a file" bash -c "! \"\$kiln\" compile nowhere.bc 2>&1 | grep $'\33'"
check "no verb is wrong usage" says 2 Usage "$kiln"
check "unknown verb" says 2 "unknown verb 'mend'" "$kiln" mend
check "unknown option" says 2 'frobnicate' "$kiln" compile --frobnicate main.bc
check "no input" says 2 'no input' "$kiln" compile
check "-o with two inputs" says 2 '-o names 1 file, and there are 2 inputs' "$kiln" compile -o x.o main.bc add.kir
check "unknown target" says 2 "unknown target 'vax'" "$kiln" compile --target=vax main.bc
check "unknown PIC model" says 2 "'some'" "$kiln" compile --pic=some main.bc
check "unknown feature" says 2 "bad value 'avx' of --features" "$kiln" compile --features=lse,avx main.bc
check "bad seed" says 2 "bad value 'x' of --stress" "$kiln" compile --stress=x main.bc
check "print wants one input" says 2 'takes 1 input, and there are 2' "$kiln" print add.kir main.bc
check "wrong usage writes nothing" test ! -e x.o

# ---- inputs and outputs ----
check "compile bitcode" silent "$kiln" compile main.bc
check "the object is named after the input" test -s main.o
check "compile text" silent "$kiln" compile add.kir
check "several inputs, each to its own object" bash -c \
  "mkdir -p in several && cp main.bc add.kir in && cd several && \"\$kiln\" compile ../in/main.bc ../in/add.kir && test -s main.o && test -s add.o && test ! -e ../in/main.o"
check "-o" silent "$kiln" compile -o other.o main.bc
check "same bytes on repeat" cmp main.o other.o
check "standard input, standard output" bash -c "\"\$kiln\" compile -o - - < main.bc > stdin.o && test -s stdin.o"
check "bitcode from a pipe" bash -c "cat main.bc | \"\$kiln\" compile -o pipe.o - && cmp pipe.o stdin.o"
check "text from standard input" bash -c "\"\$kiln\" compile -o stdin-text.o - < add.kir && test -s stdin-text.o"
check "wrapped bitcode" silent "$kiln" compile -o wrapped.o wrapped.bc
check "content decides, not the name" bash -c "cp main.bc named.kir && \"\$kiln\" compile -o named.o named.kir"
check "output to a device" silent "$kiln" compile -o /dev/null main.bc
check "permissions follow the umask" bash -c "umask 027 && \"\$kiln\" compile -o mode.o main.bc && test \$(stat -c %a mode.o) = 640"
check "--stats" says 0 'functions' "$kiln" compile --stats -o stats.o main.bc
check "--stats has times" says 0 'walk' "$kiln" compile --stats -o time.o main.bc
check "--stats does not change the object" cmp time.o main.o
check "--stress prints its seed" says 0 'seed 42' "$kiln" compile --stress=42 -o stress.o main.bc
check "--data-sections" bash -c "\"\$kiln\" compile --data-sections -o sections.o main.bc && readelf -SW sections.o | grep -q '\.\(data\|rodata\|bss\)\.[a-z]'"
check "--function-sections" bash -c "\"\$kiln\" compile --function-sections -o sections.o main.bc && readelf -SW sections.o | grep -q '\.text\.twice'"
check "--inline" silent "$kiln" compile --inline -o inlined.o main.bc
check "--inline with --dump" says 2 'cannot be combined' "$kiln" compile --inline --dump=ir -o inlined.o main.bc
check "--inline of text" says 1 'add\.kir: --inline is for LLVM bitcode, but this input is Kiln text' "$kiln" compile --inline -o inlined.o add.kir
clang-22 -O0 -g -fPIC -emit-llvm -c main.c -o lines.bc || exit 1
check "--inline with -g" silent "$kiln" compile --inline -o inlined.o lines.bc

# ---- errors ----
mkdir clean
check "missing file" says 1 'nowhere.bc: No such file' "$kiln" compile -o clean/a.o nowhere.bc
check "a folder" says 1 'clean: ' "$kiln" compile -o clean/a.o clean
head -c $((size - 200)) main.bc > short.bc
check "truncated bitcode" says 1 '^short\.bc:.*error: .*[0-9]' "$kiln" compile -o clean/a.o short.bc
printf 'func @f(i32) -> i32 {\nb0(v0: i32):\n  v1 = frob.i32 v0\n  ret v1\n}\n' > bad.kir
check "one line for one error" bash -c "test \$(\"\$kiln\" compile -o clean/a.o short.bc 2>&1 | wc -l) = 1"
check "a text error has line and column" says 1 '^bad\.kir:3:[0-9]+: error: ' "$kiln" compile -o clean/a.o bad.kir
check "an unsupported instruction has its place" says 1 '^asm\.bc:f:[^:]+:[0-9]+: error: ' "$kiln" compile -o clean/a.o asm.bc
for suffix in 'c C; .*kiln cc -c' 'cpp C\+\+; .*kiln c\+\+ -c' 'rs Rust; .*kiln cargo' "ll LLVM's text; .*llvm-as"; do
  echo 'int f;' > "source.${suffix%% *}"
  check "a source: .${suffix%% *}" says 1 "^kiln: error: source\.${suffix%% *}: .*this is ${suffix#* }" "$kiln" compile -o clean/a.o "source.${suffix%% *}"
done
check "failed inputs leave no output" only
cp main.o clean/a.o
check "a failed input keeps the old output" bash -c "! \"\$kiln\" compile -o clean/a.o bad.kir 2> /dev/null && cmp clean/a.o main.o"
check "output in a folder that is not there" says 1 'no/a.o: No such file' "$kiln" compile -o no/a.o main.bc
check "one bad input of two" bash -c "cd clean && ! \"\$kiln\" compile ../bad.kir ../add.kir 2> /dev/null && test -s add.o && test ! -e bad.o"
rm -f clean/add.o
check "no temporary file is left" only a.o
check "full device" says 1 '/dev/full' "$kiln" compile -o /dev/full main.bc
# on_full ARGUMENT...: fails if standard output is full.
on_full() { says 1 'No space left' bash -c '"$@" > /dev/full' - "$kiln" "$@"; }
for flag in --version --help 'compile --help' 'run --help' 'print add.kir' 'compile -o - main.bc' 'compile --dump=- -o full.o add.kir' \
    "${dis[@]}"; do
  check "full standard output: $flag" on_full $flag
done
long_names() {
  local n name
  mkdir -p long
  for n in 243 244 250 255; do
    name=$(head -c $((n - 2)) /dev/zero | tr '\0' n).o
    silent "$kiln" compile -o long/$name main.bc && cmp long/$name main.o || return 1
    silent "$kiln" compile -o long/$name add.kir && cmp long/$name add.o || return 1
  done
  [[ $(ls -A long | wc -l) == 4 ]]
}
check "names of up to 255 bytes" long_names
limited() {
  (ulimit -f 1; says 1 'clean/a.o: File too large' "$kiln" compile -o clean/a.o main.bc) && cmp clean/a.o main.o && only a.o
}
check "a limit on the size of files" limited
# at CALL COMMAND...: what gdb's commands print while kiln compile -o clean/a.o add.kir makes that system call.
at() {
  local commands=() c
  for c in "catch syscall $1" run "${@:2}"; do commands+=(-ex "$c"); done
  # kiln leaves signals alone that are ignored when it starts, as SIGHUP is under nohup
  env --default-signal=HUP,INT,TERM gdb -q -batch "${commands[@]}" --args "$kiln" compile -o clean/a.o add.kir 2>&1
}
if command -v gdb > /dev/null && gdb -q -batch -ex 'catch syscall exit_group' -ex run true 2>&1 | grep -q Catchpoint.*call; then
  old_stays() {
    local call
    at 'rename renameat2' 'shell ls clean > seen' delete continue > gdb.log
    grep -q 'call to syscall rename' gdb.log && grep -qx a.o seen && only a.o || { cat gdb.log seen; return 1; }
  }
  check "the old output is there until the new one is" old_stays
  ended() {
    at fchmod "shell ls -A clean > seen" delete "handle $1 nostop noprint pass" "signal $1" > gdb.log
    grep -q "Program terminated with signal $1" gdb.log && [[ $(wc -l < seen) == 2 && $(ls -A clean) == a.o ]] ||
      { cat gdb.log seen; ls -A clean; return 1; }
  }
  for signal in SIGTERM SIGINT SIGHUP; do check "$signal leaves no temporary file" ended $signal; done
else
  skip "signals while a file is written" "no gdb, or it cannot trace"
fi

# A symbolic link is written through, and a longer file is truncated.
through() {
  printf 'func @f() {\nb0:\n  ret\n}\n' > through.kir
  head -c 9000 /dev/zero > long.o
  ln -s long.o link.o
  "$kiln" compile through.kir -o link.o && "$kiln" compile through.kir -o plain.o &&
    [[ -L link.o ]] && cmp long.o plain.o
}
check "an output that is a symbolic link is written through" through
check "an empty input" says 1 '/dev/null: the input is empty' "$kiln" compile -o clean/b.o /dev/null
check "an empty standard input" says 1 'input is empty' bash -c "\"\$kiln\" compile -o clean/b.o - < /dev/null"
check "a text of nothing gives an empty object" bash -c "echo '; nothing' | \"\$kiln\" compile -o empty.o - && readelf -h empty.o > /dev/null"
head -c 5000 /dev/urandom | tr -d '\000' > noise
check "noise is no text" says 1 '^noise:[0-9]+:[0-9]+: error: ' "$kiln" compile -o clean/b.o noise

# ---- what a target does not have ----
# no_f80 PLACE OPERATION 'SIGNATURE' BODY...: the operation is refused, with its place.
no_f80() {
  { echo 'declare @c(f80) -> f80'
    printf 'func @f%s {\n' "$3"
    printf '%s\n' "${@:4}" '}'; } > f80.kir
  says 1 "^f80.kir:$1: error: $2: f80 is not supported on aarch64$" "$kiln" compile --target=aarch64 -o f80.o f80.kir &&
    [[ ! -e f80.o ]] && silent "$kiln" compile -o f80.o f80.kir && rm f80.o
}
one='f80 0x3fff8000000000000000'
check "no f80: arithmetic" no_f80 4:8 fadd '()' 'b0:' "  v0 = fadd.f80 $one, $one" '  ret'
check "no f80: comparison" no_f80 4:8 fcmp '() -> i8' 'b0:' "  v0 = fcmp.f80 olt $one, $one" '  ret v0'
check "no f80: to an integer" no_f80 4:8 ftosi '() -> i64' 'b0:' "  v0 = ftosi.i64 f80 $one" '  ret v0'
check "no f80: from an integer" no_f80 4:8 sitof '()' 'b0:' '  v0 = sitof.f80 i64 5' '  ret'
check "no f80: to a narrower float" no_f80 4:8 fdemote '() -> f64' 'b0:' "  v0 = fdemote.f64 f80 $one" '  ret v0'
check "no f80: from a narrower float" no_f80 4:8 fpromote '()' 'b0:' '  v0 = fpromote.f80 f64 1.5' '  ret'
check "no f80: select" no_f80 4:8 select '()' 'b0:' "  v0 = select.f80 1, $one, $one" '  ret'
check "no f80: load" no_f80 4:8 load '(i64)' 'b0(v0: i64):' '  v1 = load.f80 v0' '  ret'
check "no f80: store" no_f80 4:3 store '(i64)' 'b0(v0: i64):' "  store.f80 $one, v0" '  ret'
check "no f80: call" no_f80 4:3 call '()' 'b0:' "  call @c($one)" '  ret'
check "no f80: va_arg" no_f80 4:8 va_arg '(i64)' 'b0(v0: i64):' '  v1 = va_arg.f80 v0' '  ret'
check "no f80: parameter" no_f80 f:b0:0 param '(f80)' 'b0(v0: f80):' '  ret'
check "no f80: block parameter" no_f80 5:1 param '()' 'b0:' "  br b1($one)" 'b1(v0: f80):' '  brif 1, b1(v0), b2' 'b2:' '  ret'
check "no f80: result" no_f80 4:3 ret '() -> f80' 'b0:' "  ret $one"

# Two f80 are results in st(0) and st(1); a third one is in memory.
three='() -> f80, f80, f80'
{ echo "declare @g$three"; printf 'func @f() {\nb0:\n  v0 = call @g()\n  ret\n}\n'; } > f80.kir
check "three f80 as results of a call" "$kiln" compile -o f80.o f80.kir
printf 'func @f%s {\nb0:\n  ret %s, %s, %s\n}\n' "$three" "$one" "$one" "$one" > f80.kir
check "three f80 as results" "$kiln" compile -o f80.o f80.kir
slot_code() {
  printf 'func @f() {\n  slot0 = slot 8 align 8\nb0:\n  asm "\\00\\00\\00\\00" as () at %s slot0\n  ret\n}\n' "$2" > slot.kir
  says 1 '^slot.kir:4:3: error: asm: this kind of relocation cannot hold the offset of a slot$' \
    "$kiln" compile --target="$1" -o slot.o slot.kir
}
printf 'declare @g()\nfunc @f() {\nb0:\n  asm "\\00\\00\\00\\14" as () at 0 a64_jump @g\n  ret\n}\n' > jump.kir
check "machine code with a relocation of another target" says 1 '^jump.kir:4:3: error: asm: the target does not have this kind of relocation$' \
  "$kiln" compile --target=x86_64 -o jump.o jump.kir
printf 'declare @g()\nfunc @main() -> i32 {\nb0:\n  asm "\\00\\00\\00\\00" as () at 0 3 @g\n  ret 0\n}\n' > number.kir
check "machine code with a relocation by ELF's number" bash -c \
  "\"\$kiln\" compile --target=x86_64 -o number.o number.kir && readelf -rW number.o | grep -q 'R_X86_64_GOT32 .* g '"
check "a slot in machine code by another relocation" slot_code x86_64 '0 x64_call'
check "a slot in machine code, beyond its end" slot_code x86_64 '2 abs32s'
check "a slot in machine code of another target" slot_code aarch64 '0 abs32s'

# ---- alignment of functions ----
for target in x86_64 aarch64; do
  check "the largest alignment, $target" bash -c "\"\$kiln\" compile --target=$target -o aligned.o \"\$tests/kir/regress_align.kir\" && [[ \$(nm aligned.o | grep ' ra_large') == *[1-9]0000' t ra_large' ]]"
done

printf 'func @f(i64, i128) -> i128 {\nb0(v0: i64, v1: i128):\n  v2 = atomic_rmw.i128 add seq_cst v0, v1\n  ret v2\n}\n' > wide.kir
check "16 bytes at once without cx16" says 1 'atomic_rmw: i128 needs the feature cx16' "$kiln" compile -o wide.o wide.kir
check "16 bytes at once with cx16" silent "$kiln" compile --features=cx16 -o wide.o wide.kir

# ---- print, verify, dis ----
check "print bitcode, compile the text" bash -c "\"\$kiln\" print -o printed.kir main.bc && \"\$kiln\" compile -o printed.o printed.kir && test -s printed.o"
check "print is the identity on its own output" bash -c "\"\$kiln\" print printed.kir > again.kir && cmp printed.kir again.kir"
check "print of text" bash -c "\"\$kiln\" print add.kir | grep -q 'add.i32'"
check "verify" silent "$kiln" verify main.bc add.kir printed.kir
printf 'func @f(i32) -> i32 {\nb0(v0: i32):\n  brif 1, b1, b2\nb1:\n  v1 = add.i32 v0, 1\n  br b2\nb2:\n  ret v1\n}\n' > dominance.kir
check "verify names the rule's place" says 1 '^dominance\.kir:.*error: ' "$kiln" verify dominance.kir
if [[ -x $build/kiln-dis ]]; then
  check "dis shows labels" bash -c "\"\$kiln\" dis add.o | grep -qx 'add:'"
  check "dis shows relocations" bash -c "\"\$kiln\" dis add.o | grep -q 'call.*R_X86_64_PLT32 twice'"
  check "dis of a missing file" says 1 'No such file' "$kiln" dis nowhere.o
else
  skip "dis" "built without Zydis, Capstone or libelf"
fi

# ---- what compile shows of its work ----
cat > three.kir <<'END'
func @shown(i32) -> i32 {
b0(v0: i32):
  v1 = icmp.i32 slt v0, 3
  brif v1, b1, b2
b1:
  v3 = call @local(v0)
  ret v3
b2:
  ret v0
}
func internal @local(i32) -> i32 {
b0(v0: i32):
  v1 = call @other(v0)
  v2 = mul.i32 v1, v1
  ret v2
}
func @other(i32) -> i32 {
b0(v0: i32):
  v1 = add.i32 v0, 77
  ret v1
}
END
"$kiln" compile three.kir
check "--dump prints each function to standard error" says 0 '^  v2 = mul.i32 v1, v1$' "$kiln" compile --dump -o dumped.o three.kir
check "--dump does not change the object" cmp dumped.o three.o
check "nor that of bitcode" bash -c "\"\$kiln\" compile --dump=/dev/null -o dumped.o main.bc && cmp dumped.o main.o"
check "--dump=FILE is text that compiles" bash -c \
  "\"\$kiln\" compile --dump=dumped.kir -o dumped.o three.kir && grep -c '^func' dumped.kir | grep -qx 3 && \"\$kiln\" compile -o again.o dumped.kir && \"\$kiln\" print dumped.kir | grep -q 'add.i32 v0, 77'"
check "a listing that cannot be written leaves the dump's file" bash -c \
  "echo old > kept.txt; ! \"\$kiln\" compile --dump=kept.txt --listing=/nonexistent/x -o dumped.o three.kir 2>&1 && grep -qx old kept.txt && ! ls *.tmp-*"
check "--dump=- is standard output" bash -c "\"\$kiln\" compile --dump=- -o dumped.o three.kir | grep -qx 'func @shown(i32) -> i32 {'"
check "--dump=plan,homes tells order and homes" says 0 '^    0: b0' "$kiln" compile --dump=plan,homes -o dumped.o three.kir
check "and does not change the object" cmp dumped.o three.o
check "--dump=ir is the text" says 0 '^  v2 = mul.i32 v1, v1$' "$kiln" compile --dump=ir -o dumped.o three.kir
[[ -x $build/kiln-dis ]] &&
  check "--dump=code is the code" says 0 '^ *[0-9a-f]*:.* ret$' "$kiln" compile --dump=code -o dumped.o three.kir
printf 'func @g(i64) -> i64 {\nb0(v0: i64):\n  v1 = vsplat.v64 v0\n  ret v0\n}\n' > bad-after.kir
cat three.kir bad-after.kir > failing.kir
check "--dump shows what came before an error" says 1 '^  v1 = add.i32 v0, 77$' "$kiln" compile --dump -o clean/b.o failing.kir
check "--dump to a folder that is not there" says 1 'no/x.kir: No such file' "$kiln" compile --dump=no/x.kir -o dumped.o three.kir
check "--dump to a full device" says 1 '/dev/full' "$kiln" compile --dump=/dev/full -o dumped.o three.kir
symbols() { nm "$1" | awk '{print $(NF - 1) $NF}' | sort | tr '\n' ' '; }
check "--only=FUNCTION: others are undefined, local ones trap" bash -c \
  "\"\$kiln\" compile --only=shown -o only.o three.kir && test \"\$($(declare -f symbols); symbols only.o)\" = 'Tshown tlocal '"
check "--only=FUNCTION: a local one" bash -c \
  "\"\$kiln\" compile --only=local -o only.o three.kir && test \"\$($(declare -f symbols); symbols only.o)\" = 'Uother tlocal '"
check "--only twice" bash -c \
  "\"\$kiln\" compile --only=shown --only=other -o only.o three.kir && test \"\$($(declare -f symbols); symbols only.o)\" = 'Tother Tshown tlocal '"
check "--only of nothing" says 1 "no input defines a function 'none'" "$kiln" compile --only=shown --only=none -o only.o three.kir
check "--only with --dump is a smaller program" bash -c \
  "\"\$kiln\" compile --only=shown --dump=less.kir -o only.o three.kir && \"\$kiln\" compile -o less.o less.kir && ! grep -q 'mul.i32' less.kir && grep -qx '  trap' less.kir"
check "two outputs on standard output" says 2 'standard output' "$kiln" compile --dump=- --listing -o only.o three.kir
if [[ -x $build/kiln-dis ]]; then
  "$kiln" compile --listing -o listed.o three.kir > listing
  check "--listing does not change the object" cmp listed.o three.o
  check "--listing: the section" grep -qx 'section .text' listing
  # after LINE PATTERN [FILE]: the line after LINE matches PATTERN.
  after() { grep -Fx -A1 -- "$1" "${3:-listing}" | tail -n 1 | grep -Eq -- "$2" || { cat "${3:-listing}"; return 1; }; }
  check "--listing: an instruction before its code" after '  v2 = mul.i32 v1, v1' ' 0f af c0 +imul eax, eax$'
  check "--listing: a call with its relocation" after '  v1 = call @other(v0)' 'call .*; \+1 R_X86_64_PLT32 other-0x4$'
  check "--listing: a branch with the block" after '  brif v1, b1, b2' ' j[a-z]+ 0x[0-9a-f]+    ; b2$'
  check "--listing: a block" after 'b2:' '^  ret v0$'
  address=$(nm three.o | awk '$3 == "other" {print $1}')
  check "--listing: addresses of the object" bash -c \
    "sed -n '/^func @other/,/^}/p' listing | grep -m 1 -E '^ +[0-9a-f]+:' | grep -q \"^ *\$(printf %x 0x$address):\""
  check "--listing=FILE" bash -c "\"\$kiln\" compile --listing=listed.txt -o listed.o three.kir && cmp listing listed.txt"
  check "--listing of several inputs" bash -c \
    "mkdir -p lists && cd lists && \"\$kiln\" compile --listing=all ../three.kir ../main.bc && grep -c ': x86_64$' all | grep -qx 2"
  check "--listing with sections" bash -c \
    "\"\$kiln\" compile --function-sections --listing -o listed.o three.kir | grep -A3 -x 'section .text.other' | grep -q '^func @other'"
  check "--listing to a full device" says 1 . "$kiln" compile --listing=/dev/full -o listed.o three.kir
  "$kiln" compile --target=aarch64 --listing=arm.txt -o listed.o three.kir
  check "--listing: aarch64" after '  v2 = mul.i32 v1, v1' ' mul w' arm.txt
else
  skip "listing" "built without Zydis, Capstone or libelf"
fi

# ---- links and runs ----
clang-22 -O0 -fPIC -c main.c -o want.o && gcc want.o add.o -o want
./want x > want.out; want_status=$?
links() {
  local name=$1
  shift
  "$@" main.o add.o -o "with-$name" && "./with-$name" x > got.out
  local status=$?
  (( status == want_status )) && cmp want.out got.out
}
check "runs as clang's object does" links plain gcc
check "links with gold" links gold gcc -fuse-ld=gold
check "links with lld" links lld clang-22 -fuse-ld=lld
check "links with mold" links mold gcc -fuse-ld=mold
check "links statically" links static gcc -static
check "links without PIE" links nopie gcc -no-pie
check "links as a shared object" bash -c "gcc -shared main.o add.o -Wl,-z,text -o libboth.so"
check "no executable stack, no text relocations" bash -c \
  "readelf -lW with-plain | grep -q 'GNU_STACK.*RW ' && ! readelf -dW with-plain | grep -q TEXTREL"

# The initialiser of an inline variable is in its group: the linker keeps that of one of two files.
cat > one.cc <<'END'
#include <cstdio>
int count();
inline int w = count();
template <class T> struct of { static int v; };
template <class T> int of<T>::v = count();
#ifdef MAIN
static int n;
int count() { return ++n; }
int other();
int main() { std::printf("%d %d %d\n", w, of<int>::v, other()); return n; }
#else
int other() { return w + of<int>::v; }
#endif
END
for part in main other; do
  clang++-22 -O0 -fPIC -fno-exceptions -emit-llvm -c $([[ $part == main ]] && echo -DMAIN) one.cc -o one-$part.bc &&
    "$kiln" compile one-$part.bc || exit 1
done
# counts LINKER: initialised once each, in either order of the files.
counts() {
  local order
  for order in 'one-main.o one-other.o' 'one-other.o one-main.o'; do
    clang++-22 -fuse-ld=$1 $order -o one && ./one > one.out
    [[ $? == 2 && $(< one.out) == '1 2 3' ]] || { cat one.out; return 1; }
  done
}
for linker in bfd gold lld mold; do check "inline variables are initialised once, $linker" counts $linker; done
printf 'int table[3] = {1, 2, 3};\nint get(int i) { return table[i]; }\n' > guarded.c
printf 'int get(int);\nstatic int own[2] = {4, 5};\nint main(int argc, char **argv) { return get(argc * 3) + own[argc]; }\n' > guarding.c
clang-22 -fsanitize=address -O0 -fPIC -emit-llvm -c guarded.c && clang-22 -fsanitize=address -O0 -fPIC -emit-llvm -c guarding.c &&
  "$kiln" compile guarded.bc guarding.bc || exit 1
guarded() {
  clang-22 -fsanitize=address -fuse-ld=$1 guarded.o guarding.o -o guarded 2> link.err || { cat link.err; return 1; }
  ./guarded 2> guarded.err
  grep -q "global-buffer-overflow" guarded.err && grep -q "0 bytes after global variable 'table'" guarded.err || { cat guarded.err; return 1; }
}
for linker in bfd gold lld mold; do check "two files with -fsanitize=address, $linker" guarded $linker; done
for pic in pie static; do
  check "--pic=$pic" bash -c "\"\$kiln\" compile --pic=$pic main.bc && \"\$kiln\" compile --pic=$pic add.kir"
  check "--pic=$pic runs" links $pic gcc $([[ $pic == static ]] && echo -no-pie)
done

cat > fact.kir <<'END'
target aarch64
func @fact(i64) -> i64 {
b0(v0: i64):
  br b1(v0, 1)
b1(v1: i64, v2: i64):
  v3 = icmp.i64 eq v1, 0
  brif v3, b2, b3
b2:
  ret v2
b3:
  v4 = sub.i64 v1, 1
  v5 = mul.i64 v2, v1
  br b1(v4, v5)
}
END
printf 'long fact(long); int main(void) { return fact(5) == 120 ? 42 : 1; }\n' > arm.c
check "aarch64: the text's target counts" silent "$kiln" compile fact.kir
check "aarch64: runs" bash -c "aarch64-linux-gnu-gcc -static arm.c fact.o -o arm && qemu-aarch64 ./arm; test \$? = 42"
[[ -x $build/kiln-dis ]] && check "aarch64: dis" bash -c "\"\$kiln\" dis fact.o | grep -q 'mul '"
finish
