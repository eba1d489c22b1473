#!/usr/bin/env bash
# run_sources.sh BUILD: `kiln run` with sources: C, C++ and QBE's language, alone and together.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
mkdir headers
echo '#define START 40' > headers/start.h
printf '%s\n' '#include <stdio.h>' '#include <start.h>' 'int add(int, int);' \
  'int main(int argc, char **argv) { printf("%d %s\n", add(START, MORE), argv[argc - 1]); return argc; }' > main.c
printf '%s\n' 'export function w $add(w %a, w %b) {' '@start' '  %c =w add %a, %b' '  ret %c' '}' > add.ssa
printf '%s\n' '#include <iostream>' '#include <stdexcept>' \
  'int main() { try { throw std::runtime_error("thrown"); } catch (std::exception &e) { std::cout << e.what() << std::endl; return 7; } }' > main.cpp
printf '%s\n' 'data $text = { b "Hello", b 0 }' 'export function w $main() {' '@start' '  call $puts(l $text)' '  ret 5' '}' > main.ssa
# prints STATUS TEXT COMMAND...
prints() {
  local status=$1 text=$2 got
  shift 2
  got=$(expect_status "$status" "$@") && [[ $got == "$text" ]] || { echo "$got"; return 1; }
}
echo 'fn main() {}' > main.rs
check 'C' prints 1 '42 main.c' "$kiln" run -I headers -D MORE=2 main.c add.ssa
check 'with arguments' prints 3 '43 b' "$kiln" run -Iheaders -DMORE=3 main.c add.ssa -- a b
check 'the order of inputs' prints 1 '42 add.ssa' "$kiln" run -I headers -D MORE=2 add.ssa main.c
check 'C++, with exceptions' prints 7 thrown "$kiln" run main.cpp
check "QBE's language" prints 5 Hello "$kiln" run main.ssa
check 'with small functions inlined' prints 7 thrown "$kiln" run --inline main.cpp
check 'the same by -Og' prints 1 '42 main.c' "$kiln" run -O g -I headers -D MORE=2 main.c add.ssa
printf '%s\n' '#include <coroutine>' 'struct T { struct promise_type { T get_return_object() { return {}; } std::suspend_never initial_suspend() { return {}; }' \
  'std::suspend_never final_suspend() noexcept { return {}; } void return_void() {} void unhandled_exception() {} }; };' \
  'int value; static void set(int v) { value = v; } T co() { set(6); co_return; } int main() { co(); return value; }' > co.cpp
check 'inlined, with what only passes compile' prints 6 '' "$kiln" run --inline --std=c++20 co.cpp
echo 'int main(void) { __asm__("bad_mnemonic"); }' > bad.c
check 'inlined, an error' says 1 "such instruction: .bad_mnemonic" "$kiln" run --inline bad.c
check 'options of clang' prints 1 '42 main.c' "$kiln" run -O1 --std=c99 -I headers -D MORE=2 main.c add.ssa
check 'an error in a source' says 1 "^main.c:2:10: fatal error: 'start.h'" "$kiln" run main.c
check 'a source that is not there' says 1 "^kiln: error: none.c: No such file" "$kiln" run none.c
missing_once() { says 1 'none.bc: No such file' "$kiln" run none.bc && (( $("$kiln" run none.bc 2>&1 | wc -l) == 1 )); }
check 'bitcode that is not there' missing_once
check 'a language that it does not take' says 1 '^kiln: error: main.rs: this is Rust' "$kiln" run main.rs
no_clang() { KILN_CLANG=no-clang says 1 'there is no program no-clang: install the package clang-22' "$kiln" run main.c; }
check 'without clang' no_clang
check 'no file stays' temporaries
finish
