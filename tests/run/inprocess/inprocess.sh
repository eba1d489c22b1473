#!/usr/bin/env bash
# inprocess.sh BUILD CACHE: `kiln run`: programs from bitcode do what the same programs linked do (output, errors, exit
# status), among them Lua and SQLite with their scripts (with sanitizers, fewer of them); text and bitcode together, shared libraries, errors.
set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$tests/harness/tap.sh"
export kiln=$(realpath "$1")/kiln
lua=$("$tests/harness/lua_bitcode.sh" "$2") || { echo "Bail out! Lua's source is not to be had"; exit 1; }
sqlite=$("$tests/harness/sqlite_bitcode.sh" "$2") || { echo "Bail out! SQLite's source is not to be had"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ulimit -c 0
export KILN_TEST_VALUE=given
# The programs leak memory, and fault on purpose.
export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_abort=0
lua_scripts=("$tests"/run/lua/*.lua)
sanitized "$kiln-run" && lua_scripts=("$tests"/run/lua/{closures,errors,strings}.lua)

# result OUT COMMAND...: what it prints and its status, in the file OUT.
result() {
  local out=$1
  shift
  timeout 300 "$@" > "$out" 2> "$out.err" < "${input:-/dev/null}"
  echo "status $?" >> "$out"
  sed -E 's/0x[0-9a-f]{8,}/ADDRESS/g; s,^(\./linked|[a-z]+\.bc): ,NAME: ,' "$out.err" >> "$out"
}
# both PROGRAM -- ARGUMENT...: ./linked and `kiln run PROGRAM...` with the arguments print the same.
both() {
  local program=()
  while [[ $1 != -- ]]; do program+=("$1"); shift; done
  shift
  result want ./linked "$@"
  result got "$kiln" run "${program[@]}" -- "$@"
  diff want got
}
# c NAME [FLAG...]: NAME.bc and ./linked from tests/run/inprocess.
c() {
  clang-22 -w -emit-llvm -c "${@:2}" "$tests/run/inprocess/$1.c" -o "$1.bc" &&
    clang-22 -w "$tests/run/inprocess/$1.c" -pthread -o linked
}
prints() { # prints TEXT COMMAND...: standard output and error contain the text
  local text=$1 out
  shift
  out=$("$@" 2>&1)
  grep -qF -- "$text" <<<"$out" || { printf 'not there: %s\n%s\n' "$text" "$out"; return 1; }
}

# ---- programs ----

for flag in -fPIC -fPIE -fno-pic -O1; do
  c life $flag || exit 1
  check "constructors and destructors, $flag" both life.bc --
done
for way in exit _exit quick abort fault; do check "the way out: $way" both life.bc -- $way; done
check "a negative status" both life.bc -- normally -1
for flag in -fPIC -fno-pic -O1; do
  c around $flag || exit 1
  check "arguments, environment, child, $flag" both around.bc -- -a one -b two --three -- -four
  printf 'some\ninput' > input.txt
  input=input.txt check "standard input, $flag" both around.bc --
  c threads $flag || exit 1
  check "threads, $flag" both threads.bc --
done
check "a program's name" prints "status 0" bash -c "\"\$kiln\" run around.bc; echo status \$?"
check "several threads compile" both --threads=3 threads.bc --
for flag in -fPIC -fno-pic -O1; do
  c names $flag || exit 1
  check "what names mean, $flag" both names.bc --
done
check "bitcode from standard input" bash -c "[[ \$(\"\$kiln\" run - < life.bc | head -n 1) == '1 constructor 150' ]]"

clang++-22 -std=c++17 -fno-exceptions -w -emit-llvm -c "$tests/run/inprocess/things.cc" -o things.bc &&
  clang++-22 -std=c++17 -fno-exceptions -w "$tests/run/inprocess/things.cc" -pthread -o linked || exit 1
check "C++" both things.bc -lstdc++ --
if sanitized "$kiln-run"; then skip "C++, an exception that nobody catches" "the sanitizer wants C++'s library from the start"
else check "C++, an exception that nobody catches" both things.bc -lstdc++ -- throw; fi

# ---- several inputs, libraries ----

# Of two definitions of a weak variable one is used, and only its constructor and destructor are called.
for n in 1 2; do
  printf '%s\n' "data weak @w align 4 { i32 $n }" 'declare @note(i32)' "func internal @init() {" b0: "  call @note($n)" '  ret' '}' \
    'ctor @init 65535 with @w' 'dtor @init 65535 with @w' > weak$n.kir
done
printf '%s\n' '#include <stdio.h>' 'extern int w;' 'void note(int n) { printf("%d of %d\n", n, w); }' 'int main(void) { return w; }' > weak.c
clang-22 -emit-llvm -c weak.c || exit 1
check "a constructor of what another input defines" bash -c \
  "[[ \$(\"\$kiln\" run weak1.kir weak.bc weak2.kir) == \$'1 of 1\\n1 of 1' ]]"

cat > text.kir <<'END'
declare @twice(i32) -> i32
data @base align 4 { i32 1000 }
func @sum(i32, i32) -> i32 {
b0(%a: i32, %b: i32):
  %c = call @twice(%a)
  %d = add.i32 %c, %b
  %e = load.i32 @base
  %f = add.i32 %d, %e
  ret %f
}
END
cat > main.c <<'END'
#include <stdio.h>
int sum(int, int), counter(void), common_value;
extern int base, shared_data;
__attribute__((weak)) int which(void) { return 1; }
__attribute__((weak)) extern int nowhere(void);
int main(void) { printf("%d %d %d %d\n", sum(20, 2), which(), common_value, nowhere == 0); return base - 1000; }
END
cat > other.c <<'END'
int common_value = 5;
int which(void) { return 2; }
int twice(int x) { return 2 * x; }
END
cat > uses.c <<'END'
#include <stdio.h>
int mine(int), theirs(int);
extern int shared_data;
__attribute__((constructor)) static void early(void) { puts("early"); }
int main(void) { shared_data += 1; printf("%d %d\n", mine(5), shared_data); return 0; }
END
sed '/puts("early")/d; s/mine(5)/theirs(5)/; s/shared_data/also_missing/g' uses.c > missing.c
sed 's/shared_data/missing_too/g' uses.c > missing2.c
for n in main other uses missing missing2; do clang-22 -w -fcommon -emit-llvm -c $n.c || exit 1; done
check "several inputs" prints "1042 2 5 1" "$kiln" run main.bc text.kir other.bc
check "in another order" prints "1042 2 5 1" "$kiln" run other.bc text.kir main.bc
mkdir -p libs versions script broken
printf 'int shared_data = 41; int mine(int x) { return x + shared_data; }\n' > mine.c
printf 'int nowhere_to_be_found(void); int broken(void) { return nowhere_to_be_found(); }\n' > broken.c
gcc -shared -fPIC mine.c -o libs/libmine.so && gcc -shared -fPIC broken.c -o broken/libmine.so || exit 1
sed 's/x + /100 * x + /' mine.c > newer.c
gcc -shared -fPIC mine.c -o versions/libmine.so.9 && gcc -shared -fPIC newer.c -o versions/libmine.so.10 || exit 1
cp versions/libmine.so.10 script/libmine.so.2
echo 'GROUP ( libmine.so.2 )' > script/libmine.so
check "-l and -L" prints "47 42" "$kiln" run -L libs -l mine uses.bc
check "-lNAME and -LFOLDER after the input" prints "47 42" "$kiln" run uses.bc -lmine -Lnot-there -Llibs
check "-l with a path" prints "47 42" "$kiln" run uses.bc -l libs/libmine.so
check "-l with a file's name" prints "47 42" "$kiln" run uses.bc -L libs -l :libmine.so
check "the newest version" prints "542 42" "$kiln" run uses.bc -L versions -l mine
check "behind a linker's script" prints "542 42" "$kiln" run uses.bc -L script -l mine
check "the first folder counts" prints "47 42" "$kiln" run uses.bc -L libs -L versions -l mine
check "a library of the system" prints "47 42" "$kiln" run uses.bc -L libs -l mine -l m -l pthread
check "no such library" prints "-l not-there: there is no shared library libnot-there.so" "$kiln" run uses.bc -l not-there
check "no such library: status" expect_status 1 "$kiln" run uses.bc -l not-there
check "a library that cannot be loaded" prints "undefined symbol: nowhere_to_be_found" "$kiln" run uses.bc -L broken -l mine

# ---- errors ----

printf '%s\n' 'kiln: error: undefined symbol: '{also_missing,theirs} > missing.want
missing() {
  "$kiln" run missing.bc > missing.got 2>&1
  [[ $? == 1 ]] && sort missing.got | diff missing.want -
}
several_missing() {
  "$kiln" run missing2.bc text.kir > missing.got 2>&1
  local status=$?
  [[ $status == 1 ]] && diff <(printf 'kiln: error: undefined symbol: %s\n' mine missing_too twice) <(sort missing.got)
}
check "missing symbols, all at once" missing
check "missing symbols of two inputs, before anything runs" several_missing
check "defined twice" prints "kiln: error: 'which' is defined already" "$kiln" run other.bc other.bc main.bc text.kir
check "no main" prints "kiln: error: other.bc defines no function main" "$kiln" run other.bc
printf 'data @main align 4 { i32 1 }\n' > data.kir
check "main is data" prints "data.kir defines no function main" "$kiln" run data.kir
printf 'target aarch64\nfunc @main() -> i32 {\nb0:\n  ret 0\n}\n' > other.kir
[[ $(uname -m) == aarch64 ]] && sed -i s/aarch64/x86_64/ other.kir
check "for another machine" prints "not for this machine" "$kiln" run other.kir
printf 'func @main() -> i32 {\nb0:\n  ret %%nothing\n}\n' > wrong.kir
check "an error in an input" prints "wrong.kir:3:" "$kiln" run wrong.kir
check "its status" expect_status 1 "$kiln" run wrong.kir
check "no such input" prints "not-there.bc: No such file" "$kiln" run not-there.bc
check "wrong usage: no input" expect_status 2 "$kiln" run
check "wrong usage: only arguments" expect_status 2 "$kiln" run -- life.bc
check "wrong usage: option" expect_status 2 "$kiln" run --what life.bc
check "wrong usage: threads" expect_status 2 "$kiln" run --threads=-1 life.bc
check "wrong usage: -l without a value" expect_status 2 "$kiln" run life.bc -l

cat > pid.c <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void) { printf("%d\n", (int)getpid()); return 0; }
END
clang-22 -emit-llvm -c pid.c || exit 1
perf_map() {
  local pid
  pid=$("$kiln" run --perf pid.bc) || return 1
  grep -Eq '^[0-9a-f]+ [0-9a-f]+ main$' "/tmp/perf-$pid.map"
  local found=$?
  rm -f "/tmp/perf-$pid.map"
  return $found
}
check "names for perf" perf_map

# ---- Lua and SQLite ----

objects=() modules=()
for o in "$lua"/O0/*.ref.o; do
  [[ $o == */luac.ref.o ]] || objects+=("$o") modules+=("${o%.ref.o}.bc")
done
gcc -o linked "${objects[@]}" -lm -ldl -Wl,-E || exit 1
work_lua() { # in the scripts' folder; the interpreter is called by its path
  (cd "$tests/run/lua" && result "$work/want" "$work/linked" "$2" && result "$work/got" "$kiln" run "${@:3}" -- "$2")
  sed -Ei "s,^$work/linked:|^${3//./\\.}:,NAME:," want got
  diff want got
}
for script in "${lua_scripts[@]}"; do
  check "lua ${script##*/}" work_lua x "${script##*/}" "$lua/O0/lua.merged.bc"
done
for script in closures sort; do check "lua $script.lua, file by file" work_lua x $script.lua "${modules[@]}"; done
check "lua sort.lua from -O1" work_lua x sort.lua "$lua/O1/lua.merged.bc"

gcc -o linked "$sqlite"/O0/{sqlite3,shell}.ref.o -lm -ldl -lpthread || exit 1
"$tests/campaigns/packages/sqlite3_script.sh" 20000 > script.sql
database() {
  rm -f file.db
  input=script.sql result want ./linked -batch -bail file.db
  rm -f file.db
  input=script.sql result got "$kiln" run "$@" -- -batch -bail file.db
  [[ $(wc -l < want) -gt 200 ]] || { wc -l want; return 1; }
  diff want got
}
sanitized "$kiln-run" || check "SQLite's script" database "$sqlite"/O0/{sqlite3,shell}.bc
check "SQLite's script, one module" database "$sqlite"/O0/shell.merged.bc
finish
