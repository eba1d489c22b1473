#!/usr/bin/env bash
# cc.sh BUILD: `kiln cc` as a build system sees it: files and their names, exit statuses, diagnostics, dependences,
# several sources at once, commands passed to clang, the fallback.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
cc() { "$kiln" cc "$@"; }

cat > main.c <<'END'
#include <stdio.h>
#include "own.h"
int twice(int);
int main(int argc, char **argv) { printf("%d %s\n", twice(argc) + OWN, NAME); return 3; }
END
echo '#define OWN 40' > own.h
echo 'int twice(int a) { return 2 * a; }' > sub/twice.c
echo 'int twice(int a) { return a + ; }' > wrong.c
echo 'int twice(int a) { return missing(a); }' > warns.c
printf '#define N 3\n.globl thrice\nthrice: lea (%%rdi,%%rdi,2), %%eax\n ret\n.section .note.GNU-stack,"",@progbits\n' > thrice.S
cat > vector.c <<'END'
typedef _BitInt(256) v2 __attribute__((ext_vector_type(2)));
void add(v2 *a, v2 *b) { *a = *a + *b; }
END

clang-22 -w -emit-llvm -c vector.c -o vector.bc || exit 1
cat > swift.c <<'END'
__attribute__((swiftcall)) int g(int x);
int f(int x) {
  return g(x) + 1; int unused;
}
END

echo 'void f(void) { __asm__(".subsection 1\n.long 1\n.previous"); }' > section.c
echo 'void g(void); void f(void) { __asm__(".symver g, g@V1"); g(); }' > version.c
# a function of the module that is made indirect; what says of another one no more than it is does no harm
echo 'int f; int *g(void) { return &f; } __asm__(".type g, @function\n.type g,%gnu_indirect_function");' > indirect.c
echo 'int f; int *g(void) { __asm__(".type g,@function; .type f, @object\n.globl h; h: .type h,@notype"); return &f; }' > typed.c

# what module-level assembly says of a symbol is as by clang, or it is refused
cat > symbols.c << 'END_OF_C'
extern int foo __attribute__((visibility("hidden"))), com __attribute__((visibility("hidden")));
extern char num[] __attribute__((visibility("hidden"))), lab[] __attribute__((visibility("hidden"))), shown[];
extern __thread int ie __attribute__((tls_model("initial-exec")));
__asm__(".data\n.globl foo\nfoo: .long 5\n.comm com,4,4\n.globl num\n.set num,77\n.globl shown\nshown:\n"
        ".section .tbss,\"awT\",@nobits\n.globl ie\nie: .zero 4\n.text");
char *f(void) { __asm__ volatile(".globl lab\nlab: nop"); return lab + foo + com + (long)num + (long)shown + ie; }
END_OF_C
echo '__asm__(".data\n.globl u\n.type u,%gnu_unique_object\nu: .long 1\n.text");' > unique.c
echo '__asm__(".globl vf\n.type vf,%function\n.variant_pcs vf\nvf: ret\n");' > variant.c
echo '__asm__(".comm big,8,131072");' > aligned.c
echo 'void num(void); __asm__(".globl num\n.set num,0x44"); void f(void) { num(); }' > number.c
echo '__asm__("s: .cfi_startproc\n.cfi_signal_frame\nnop\n.cfi_endproc"); __attribute__((section(".text"))) int f(void) { return 1; }' > frames.c

# runs PROGRAM: its output is that of main.c.
runs() {
  local o s=0
  o=$("$1") || s=$?
  [[ $s == 3 && $o == "42 kiln cc" ]] || { echo "exit status $s, printed: $o"; return 1; }
}
define=-DNAME='"kiln cc"'

objects_and_link() {
  cc -Wall -O2 -c "$define" main.c && cc -c sub/twice.c && made main.o twice.o && ours main.o &&
    cc -o program main.o twice.o && runs ./program
}
check 'compiles with -c, names objects by their sources, links' objects_and_link
output() { cc -c -o out.o sub/twice.c && made out.o && cc "$define" main.c out.o && runs ./a.out; }
check 'takes -o, and a.out is the default' output
all_at_once() { cc -O1 -g -std=gnu11 "$define" main.c sub/twice.c -lm -pthread -o all && runs ./all; }
check 'compiles and links several sources at once' all_at_once
check 'leaves no temporary files' temporaries
# The command is ended while clang waits for the second source, when the object of the first exists.
ended() {
  local pid n=0
  mkfifo source && exec 9<> source
  "$kiln" cc sub/twice.c -x c - -o ended < source > ended.log 2>&1 9<&- &
  pid=$!
  until [[ -n $(ls tmp/*.o 2> /dev/null) ]]; do sleep 0.1; (( n++ < 300 )) || return 1; done
  kill -$1 $pid
  wait $pid
  exec 9>&-
  rm source
  temporaries
}
check 'SIGTERM leaves no temporary files' ended TERM
shared() {
  cc -shared -fPIC -Wl,-soname,libtwice.so sub/twice.c -o libtwice.so &&
    cc "$define" main.c -L. -ltwice -Wl,-rpath,"$work" -o dynamic && runs ./dynamic
}
check 'makes shared objects and links them' shared
versions() {
  cat > versions.c <<'CODE'
int old(int a) { return a; }
int new(int a) { return 2 * a; }
__asm__(".symver old, twice@V1\n\t.symver new,twice@@V2; ");
int table[3] = {7, 8, 9};
extern int short_table[1] __attribute__((alias("table")));
__asm__(".symver short_table, data@@V1");
CODE
  echo 'V1 { global: data; twice; local: *; }; V2 { global: twice; } V1;' > versions.map
  cc -shared -fPIC -Wl,--version-script=versions.map versions.c -o libversions.so || return 1
  nm -D libversions.so | grep -o ' [TD] .*' | sort > got
  printf ' %s\n' 'D data@@V1' 'T twice@@V2' 'T twice@V1' | diff - got || return 1
  cc "$define" main.c -L. -lversions -Wl,-rpath,"$work" -o versioned && runs ./versioned || return 1
  # a reference to an old version, beside other assembly
  printf '%s\n' 'int older(int); __asm__(".symver older, twice@V1\n.globl code\ncode: nop"); extern char code[];' \
    'int main(void) { return older(21) - 21 + (code[0] == 0); }' > old.c
  cc old.c -L. -lversions -Wl,-rpath,"$work" -o old && ./old
}
check 'makes versions of symbols' versions
static() { cc -static "$define" main.c sub/twice.c -o static && runs ./static; }
check 'links statically' static
sections() {
  cc -ffunction-sections -c sub/twice.c -o s.o && readelf -SW s.o | grep -q '\.text\.twice'
}
check 'passes -ffunction-sections on' sections
# What the module says of its compiler, where tools look for that.
origin() {
  cc -frecord-command-line -DSAID=1 -c sub/twice.c -o origin.o &&
    readelf -p .comment origin.o | grep -q ' \[ *1\]  .*clang version' && ours origin.o &&
    readelf -p .GCC.command.line origin.o | grep -q -- '-frecord-command-line -D *SAID=1' &&
    readelf -SW origin.o | grep -q '\.comment .* 01  MS ' && # and the linker merges them
    printf '%s\n' '__asm__(".section .comment\n.byte 1");' > comment.c && cc -c comment.c && # not like that one
    printf '%s\n' '__attribute__((section(".comment"), used)) const char x[] = "x"; char f(void) { return x[0]; }' > comment.c &&
    cc -c comment.c -o comment.o && readelf -SW comment.o | grep -q '\.comment .* A  0 ' && # a program reads it
    cc -fno-ident -c sub/twice.c -o origin.o && ! readelf -SW origin.o | grep -q -e '\.comment' -e '\.GCC'
}
check 'names of the compiler and its command line' origin
# Of tables that nothing refers to the linker takes none, whichever is used.
data_sections() {
  printf '%s\n' 'int first[1000] = {1}, second[1000] = {2}; const int third[1000] = {3}; int zero[1000];' \
    'int main(void) { return second[999]; }' > tables.c
  cc -fdata-sections tables.c -Wl,--gc-sections -o tables && ./tables &&
    test "$(nm tables | grep -c -w -e first -e second -e third -e zero)" = 1 &&
    cc -fdata-sections -fno-data-sections tables.c -Wl,--gc-sections -o tables &&
    test "$(nm tables | grep -c -w -e first -e second)" = 2
}
check '-fdata-sections' data_sections
# Locations and variables for a debugger stand between the records of instructions.
cat > list.c <<'END'
struct list { long value; struct list *next; long count; };
void other(void);
long count(struct list *l, int again) {
  long more = l->count + 1; /* its address is used in both blocks */
  if (again) other();
  l->count = more;
  return more;
}
END
# -g may change code: variables are kept where debuggers find them.
describes() {
  local level
  for level in -O0 -O1; do
    cc -c $level list.c -o plain.o && cc -c -g $level list.c -o debug.o || return 1
    readelf -SW debug.o | grep -q ' \.debug_info ' && readelf -SW debug.o | grep -q ' \.debug_line ' || return 1
    ! readelf -SW plain.o | grep '\.debug' || return 1
  done
}
check 'writes debugging information with -g alone' describes
depends() {
  cc -MMD -c "$define" main.c -o sub/main.o && [[ $(cat sub/main.d) == 'sub/main.o: main.c own.h' ]] ||
    { cat sub/main.d; return 1; }
  cc -MD -MF d.txt -MT target -c "$define" main.c && grep -q '^target: main.c' d.txt || return 1
  cc -MD -c "$define" main.c && grep -q '^main.o: main.c' main.d
}
check 'writes dependences as clang does' depends
# Files that clang makes beside its output are named after it. tree DIR: a folder to compile in.
tree() {
  rm -rf "$1" && mkdir -p "$1/sub" "$1/o.d" && cp main.c own.h "$1" && cp sub/twice.c "$1/sub" && cp wrong.c "$1" &&
    echo 'int twice(int a) { return 2 * a; }' > "$1/.c" && cp "$1/.c" "$1/pre.i" && cp thrice.S "$1" &&
    echo 'extern "C" int thrice(int a) { return 3 * a; }' > "$1/plus.cc"
}
# files DIR: lists its files, and the content of those that contain file names; without random parts of names.
files() {
  (cd "$1" && find . -type f | sort && for f in $(find . -type f '(' -name '*.d' -o -name '*.gcno' -o -name 'base' ')' | sort); do
    echo "== $f"; [[ $f == *.gcno ]] && cksum < "$f" || sed -E 's/-[0-9a-f]{6}\./-R./g' "$f"; done)
}
# as_clang ARGUMENT...: the same files with the same names, and the same status. They run in the same folder.
as_clang() {
  local want=0 got=0
  tree here && (cd here && clang-22 "$define" "$@" > ../want.log 2>&1 < .c) || want=$?
  files here > want.files
  tree here && (cd here && cc "$define" "$@" > ../got.log 2>&1 < .c) || got=$?
  files here > got.files
  [[ $want == "$got" ]] && diff want.files got.files && temporaries || { echo "status $got, clang $want: $*"; cat got.log; return 1; }
}
# beside OPTIONS...: -MD and --coverage with every command, others with each second one in turns.
beside() {
  local flags command commands n=0
  for flags; do
    commands=('-c main.c -o o.d/x.y.o' '-S sub/twice.c' 'main.c sub/twice.c -o out' '-c wrong.c main.c')
    if [[ $flags == -MD || $flags == --coverage ]]; then
      commands+=('-c main.c' '-c main.c -o .x' '-S main.c -o o.d/x.s' '-c main.c sub/twice.c' 'main.c sub/twice.c' '-c .c' '-c pre.i'
        'main.c -x c .c -x none plus.cc thrice.S -r -o o.d/x.y' '-x c -c -')
    else
      commands=("${commands[n % 2]}" "${commands[n % 2 + 2]}")
      n=$(( n + 1 ))
    fi
    for command in "${commands[@]}"; do
      as_clang $flags $command || return 1
    done
  done
}
check 'names files after the output as clang does: dependences' beside -MD '-MMD -MP' '-MD -MF dep' '-Wp,-MMD,dep.d' \
  '-MD -MT x' '-MJ base'
check 'names files after the output as clang does: coverage' beside --coverage '-ftest-coverage -fprofile-arcs -MD' \
  '-MJbase --coverage' '-dumpdir o.d/q- --coverage' '-fno-integrated-as --coverage'
check 'names files after the output as clang does: intermediate files' beside -save-temps '-save-temps=obj --coverage'
check 'names files after the output as clang does: time, diagnostics' beside -ftime-trace \
  '-fsave-optimization-record -O1' '--serialize-diagnostics base.dia'
covered() {
  rm -rf cov && mkdir cov && cc --coverage "$define" main.c sub/twice.c -o cov/main && (cd cov && runs ./main) &&
    made cov/main-main.gcda cov/main-twice.gcda && llvm-cov-22 gcov -n -o cov/main-twice.gcno cov/main-twice.gcda > covered.log &&
    grep -q 'Lines executed:100.00% of 1' covered.log || { cat covered.log; return 1; }
}
check 'coverage counts, and is read' covered
# -gz: the sections that clang compresses, in objects and .dwo files; the linker compresses the program's.
compressed() { llvm-readelf-22 -SW "$@" | grep -oE '\.debug_(info|abbrev|line|str_offsets)(\.dwo)? .* M?S?CE? ' | sed 's/ .*//' | sort; }
many() { for n in {1..40}; do echo "struct s$n { int x, y; double z; } v$n; static int f$n(struct s$n *p, int a) { int b = p->x + a; return b * $n; }"; done; echo "int main(void) { return f1(&v1, 0)"; for n in {2..40}; do echo "+ f$n(&v$n, v$n.y)"; done; echo ';}'; }
compresses() { # HOW_MANY_SECTIONS FLAGS...
  local sections=$1
  shift && rm -rf gz && mkdir gz && (cd gz && many > t.c && clang-22 -g "$@" -c t.c -o theirs.o && "$kiln" cc -g "$@" -c t.c -o ours.o && "$kiln" cc -g "$@" t.c -o prog && ./prog &&
    llvm-dwarfdump-22 --verify ours.o && { [[ $1 != -gz* ]] || compressed prog | grep -q debug_line; } && diff <(compressed theirs.*o) <(compressed ours.*o) && (( $(compressed ours.*o | wc -l) == sections )))
}
check '-gz: compresses' compresses 4 -gz
check '-gz: compresses by zstd' compresses 4 -gz=zstd
check '-gz: compresses .dwo files' compresses 4 -gz -gsplit-dwarf
no_objcopy() { mkdir -p few && ln -sf "$(type -P clang-22)" few && says 1 'gz: there is neither .*objcopy' env PATH="$PWD/few" "$kiln" cc -g -gz -c sub/twice.c -o few.o && ! made few.o; }
check '-gz: compresses as said to the assembler' compresses 4 -Wa,--compress-debug-sections=zlib
check '-gz: says what is missing' no_objcopy
# For Windows, clang's object is the same with -gz and without: objcopy refuses to compress COFF.
same_for_windows() { local to=--target=x86_64-w64-windows-gnu; many > w.c && "$kiln" cc $to -g -c w.c -o w.obj && "$kiln" cc $to -g -gz -c w.c -o z.obj && cmp w.obj z.obj && llvm-readobj-22 -S z.obj | grep -q debug_info; }
check '-gz: compresses no object for Windows' same_for_windows
check 'refuses what it cannot do' says 1 'not implemented: -fstack-usage$' cc -fstack-usage -c sub/twice.c -o usage.o
usage_by_llvm() { KILN_FALLBACK=llvm says 0 'compiled by LLVM: not implemented: -fstack-usage$' "$kiln" cc -fstack-usage -c sub/twice.c -o usage.o && made usage.su; }
check 'KILN_FALLBACK=llvm leaves that to LLVM too' usage_by_llvm
standard_input() { cc -x c -c -o in.o - < sub/twice.c && made in.o; }
check 'compiles standard input' standard_input
at_file() {
  printf '%s\n' "-c -o 'from file.o'" "$define" main.c | sed 's/"kiln cc"/\\"kiln\\ cc\\"/' > words
  cc @words && made 'from file.o'
}
check 'takes words from a file' at_file
assembly_source() { cc -c thrice.S && made thrice.o && cc "$define" main.c sub/twice.c thrice.S -o t && runs ./t; }
check 'leaves assembly to clang' assembly_source
assembly() { cc -S sub/twice.c && grep -q '^twice:' twice.s; }
check 'prints assembly with symbols' assembly
# What a disassembly of Kiln's object cannot show is LLVM's, and said: build systems take numbers from it (asm-offsets).
assembly_text() {
  local flags
  echo 'void f(void) { __asm__ volatile("\n.ascii \"->SIZE %0\"" : : "i"(sizeof(long))); }' > offsets.c
  echo '__asm__(".section .note.x,\"\",%note\n.long 3\n.previous"); int x;' > note.c
  echo 'void f(void) { __asm__("/* size */ .ascii \"->SIZE 8\""); }' > comment.c
  echo 'void f(void) { __asm__("\"size\": .ascii \"->SIZE 8\""); }' > quoted.c
  echo 'int f(int x) { __asm__("1: nop" : "+r"(x)); return x; }' > shown.c
  for flags in '' '-O2 -g' -Og --target=aarch64-linux-gnu; do
    rm -f said
    KILN_LOG=said cc $flags -S offsets.c -o - 2> offsets.err | grep -Eq '\.ascii\s+"->SIZE [$]?8"' &&
      grep -q '^offsets.c: compiled by LLVM: -S: ' said && grep -q 'offsets.c: compiled by LLVM: -S: ' offsets.err || return 1
  done
  cc -S comment.c -o - 2> note.err | grep -q 'SIZE 8' && cc -S quoted.c -o - 2> note.err | grep -q 'SIZE 8' || return 1
  cc -S note.c -o - 2> note.err | grep -q '\.note\.x' && cc -c offsets.c && ours offsets.o || return 1
  KILN_LOG=said2 cc -S shown.c -o shown.s && ! grep LLVM said2
}
check 'prints directives of inline assembly' assembly_text
preprocessor() { [[ $(cc -E -P sub/twice.c) == 'int twice(int a) { return 2 * a; }' ]]; }
check 'leaves -E to clang' preprocessor
version() { cc --version | grep -q 'clang version' && [[ $(cc -dumpmachine) == *-linux-gnu ]]; }
check 'says that it is clang' version
second_line() { [[ $(cc --version | sed -n 2p) == "Code generator: Kiln $(pkg_version)" ]]; }
pkg_version() { "$kiln" --version | sed -nE '1s/^kiln //p'; }
check 'and in a second line whose code it makes' second_line
no_clang() { KILN_CLANG=no-clang says 1 '^kiln: error: cc: there is no program no-clang: install the package clang-22, or set KILN_CLANG to' "$kiln" cc "$@"; }
check 'without clang it says what is missing' no_clang -c main.c -o none.o
check 'and for what clang does alone' no_clang -E main.c
check 'passes an error on' says 1 'wrong.c:1:31: error: expected expression' cc -c wrong.c -o wrong.o
no_object() { [[ ! -e wrong.o ]]; }
check 'makes no object of an error' no_object
check 'passes warnings on' says 1 'warns.c:1:.*error: call to undeclared' cc -c warns.c
check 'no input' says 1 'no input files' cc
check 'input that is not there' says 1 "no such file or directory: 'none.c'" cc -c none.c
check 'a value that is missing' says 2 "the argument of '-o' is missing" cc -c sub/twice.c -o
for flags in -g '' -Og -O2; do
  check "names what it cannot compile and its line, with '$flags'" says 1 '^/.*/vector.c:2:31: error: not implemented: vectors of lanes of this type$' cc $flags -c vector.c
  check "a call that it cannot compile, with '$flags'" says 1 '^/.*/swift.c:3:10: error: not implemented: __attribute__\(\(swiftcall\)\)$' cc $flags -c swift.c
done
check 'the place in input that is bitcode' says 1 '^vector.bc:add:b0:[0-9]+: error: not implemented: vectors of lanes of this type at bit' cc -c vector.bc
warned_once() { ! "$kiln" cc -Wall -Og -c swift.c 2> said && [[ $(grep -c 'unused variable' said) == 1 ]]; }
check 'warns once where it compiles twice' warned_once
# What is refused of standard input or a pipe is not read again: there is nothing left.
read_once() {
  local flags
  for flags in '' -Og -O2; do
    says 1 '^-:f: error: not implemented: __attribute__' bash -c '"$0" cc $1 -x c -c - -o none.o < swift.c' "$kiln" "$flags" &&
      says 1 ': error: not implemented: __attribute__' bash -c '"$0" cc $1 -x c -c <(cat swift.c) -o none.o' "$kiln" "$flags" || return 1
  done
}
check 'reads a pipe once' read_once
more_files() { ! cc -save-temps=obj -c swift.c -o sub/swift.o 2> said && grep -q swiftcall said && ! ls ./-* sub/-* 2> none; }
check 'makes other files once' more_files
check 'an inline text with a subsection' says 1 '/section.c:1:16: error: .*: subsections' cc -c section.c
check 'an inline text about a symbol' says 1 "/version.c:1:30: error: .*: a symbol's version" cc -c version.c
check 'module-level assembly that makes a function indirect' says 1 'indirect.c: error: .*: the binding, type' cc -c indirect.c
check 'types of symbols in assembly' cc -c typed.c
# of a symbol: binding, visibility; and how the thread-local one is reached
said() { readelf -sW "$1" | awk '$8 ~ /^(foo|com|num|lab|shown|ie)$/ { print $8, $5, $6 }' | sort && readelf -rW "$1" | grep -o 'R_X86_64_GOTTPOFF'; }
as_said() { cc -fPIC -c symbols.c -o symbols.o && clang-22 -fPIC -c symbols.c -o symbols.ref.o && diff <(said symbols.o) <(said symbols.ref.o); }
check 'visibility and model of what assembly defines' as_said
check 'a unique symbol in assembly' says 1 'unique.c: error: .*: not implemented: a symbol of this kind' cc -c unique.c
check 'a symbol of another calling convention in assembly' says 1 'variant.c: error: .*: not implemented: a symbol of this kind' cc --target=aarch64-linux-gnu -c variant.c
check 'a large alignment in assembly' says 1 'aligned.c: error: .*: not implemented: an alignment above 2.16' cc -c aligned.c
check 'frames of two tables in a section' says 1 'frames.c: error: not implemented: .*in a section that functions are in' cc -c frames.c
to_llvm() { local f; for f in number frames aligned; do KILN_FALLBACK=llvm says 0 "$f.c: compiled by LLVM: " "$kiln" cc -c $f.c -o $f.o && made $f.o || return 1; done; }
check 'which the fallback takes' to_llvm
fallback() {
  KILN_FALLBACK=llvm says 0 'vector.c: compiled by LLVM: ' "$kiln" cc -c vector.c -o vector.o && made vector.o
}
check 'KILN_FALLBACK=llvm leaves that to LLVM, and says so' fallback
logged() {
  KILN_LOG=$work/log "$kiln" cc -c "$define" main.c sub/twice.c && [[ $(wc -l < log) == 2 ]] &&
    grep -q '^sub/twice.c: 1 functions, [0-9]* instructions$' log || return 1
  KILN_LOG=$work/log KILN_FALLBACK=llvm "$kiln" cc -c vector.c && [[ $(wc -l < log) == 3 ]] &&
    grep -q '^vector.c: compiled by LLVM: not implemented: vectors of lanes of this type' log
}
check 'KILN_LOG counts functions, and names fallbacks' logged
# costs PATTERN...: KILN_STATS=1 prints a table with such lines, and leaves no file.
costs() {
  local pattern
  KILN_STATS=1 KILN_FALLBACK=llvm "$kiln" cc "$define" main.c sub/twice.c vector.c -o costs 2> costs.err && temporaries || return 1
  for pattern; do grep -Eq -- "$pattern" costs.err || { cat costs.err; return 1; }; done
}
check 'KILN_STATS=1 prints what that cost' costs '^kiln: 2 units by Kiln, [1-9][0-9]* instr.*; 1 units by LLVM$' \
  'front end +[0-9.]+ s' 'by Kiln +[0-9.]+ s' 'by LLVM +[0-9.]+ s' 'linker +[0-9.]+ s' 'by LLVM: 1: not implemented: vectors'
cost_lines() {
  KILN_STATS=$work/cost.lines "$kiln" cc -c main.c sub/twice.c "$define" && [[ $(grep -c $'^unit\tkiln\t' cost.lines) == 2 ]] &&
    [[ $(grep -c $'^compiler\t' cost.lines) == 1 ]] && KILN_STATS=$work/cost.lines "$kiln" cc -c sub/twice.c &&
    "$kiln" stats cost.lines | grep -qE '^kiln: 3 units by Kiln, [1-9][0-9]* instructions .*; 0 units by LLVM$'
}
check 'KILN_STATS=FILE appends lines, which kiln stats sums up' cost_lines
check 'a file that is not there' says 1 'nowhere: No such file' "$kiln" stats nowhere
other_target() {
  cc --target=aarch64-linux-gnu -c sub/twice.c -o a64.o && readelf -h a64.o | grep -q AArch64
}
check 'compiles for another target' other_target
# The same bytes from two folders, with the options that name these.
folders() {
  local d
  for d in one two/deeper; do
    mkdir -p "$d" && cp main.c own.h sub/twice.c "$d" && (cd "$d" && cc "$@" -ffile-prefix-map="$PWD"=/x "$define" -c "$PWD/main.c" -o main.o) || return 1
  done
  cmp one/main.o two/deeper/main.o && readelf -sW one/main.o | grep -q ' FILE .* main.c$'
}
check 'objects do not depend on the folder' folders
check 'nor with debug information' folders -g
check 'nor those of -Og with split debug information' folders -Og -g -gsplit-dwarf -gpubnames
# -march and the target attribute take effect, function by function.
atomics() {
  printf '%s\n' 'int add(int *p) { return __atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST); }' \
    '__attribute__((target("lse"))) int one(int *p) { return __atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST); }' > at.c
  local march=$1 want=$2
  cc --target=aarch64-linux-gnu "-march=$march" -c at.c -o at.o &&
    [[ $(llvm-objdump-22 -d --mattr=+lse at.o | grep -c ldaddal) == "$want" ]]
}
check 'no LSE in the baseline, but in the function that asks for it' atomics armv8-a 1
check 'LSE with -march' atomics armv8.1-a 2
# Programs for AArch64: linked with that target's libc, however it is requested and by each linker; long double is
# the target's.
other_program() {
  local flags
  for flags in --target=aarch64-linux-gnu '-target aarch64-linux-gnu -static' '--target=aarch64-linux-gnu -no-pie -O1 -g -pthread' \
      '--target=aarch64-linux-gnu -fuse-ld=lld' '--target=aarch64-linux-gnu -fuse-ld=mold'; do
    cc $flags "$define" main.c sub/twice.c -o a64 -lm || return 1
    printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu ./a64\n' > a64.sh && chmod +x a64.sh && runs ./a64.sh ||
      { echo "with $flags"; return 1; }
  done
  cc --target=aarch64-linux-gnu -shared -fPIC sub/twice.c -o libtwice.so && readelf -h libtwice.so | grep -q AArch64 &&
    cc --target=aarch64-linux-gnu -S sub/twice.c -o - | grep -q '^twice:'
}
if command -v aarch64-linux-gnu-ld > /dev/null && command -v qemu-aarch64 > /dev/null; then
  check 'makes programs for another target' other_program
else skip 'makes programs for another target' 'no cross linker, or no qemu'; fi
configure() {
  mkdir -p cm && printf 'cmake_minimum_required(VERSION 3.13)\nproject(p C)\nadd_executable(p ../main.c ../sub/twice.c)\ntarget_compile_definitions(p PRIVATE NAME="kiln cc")\n' > cm/CMakeLists.txt
  CC="$kiln cc" cmake -S cm -B cm/build > cm.log 2>&1 && cmake --build cm/build >> cm.log 2>&1 &&
    runs cm/build/p || { tail -20 cm.log; return 1; }
}
meson_build() {
  mkdir -p me/src && cp main.c own.h sub/twice.c me/src &&
    printf "project('p', 'c')\nexecutable('p', 'src/main.c', 'src/twice.c', c_args: '-DNAME=\"kiln cc\"')\n" > me/meson.build
  CC="$kiln cc" meson setup me/build me > me.log 2>&1 && ninja -C me/build >> me.log 2>&1 &&
    runs me/build/p || { tail -20 me.log; return 1; }
}
check 'meson takes it as a compiler' meson_build
if command -v cmake > /dev/null; then check 'CMake takes it as a compiler' configure
else skip 'CMake takes it as a compiler' 'cmake is not installed'; fi
finish
