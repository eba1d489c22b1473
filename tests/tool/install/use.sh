#!/usr/bin/env bash
# use.sh: uses the packages that are installed, as their users do. tests/tool/deb.sh runs it in a root of its own, and
# Debian's autopkgtest (debian/tests).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export KILN_LOG=$work/log
# says TEXT COMMAND...: the command prints just that.
says() { local want=$1 got; shift; got=$("$@") && [[ $got == "$want" ]] || { echo "$got"; return 1; }; }
# by_kiln N PATTERN: the log has N lines of objects that Kiln made.
by_kiln() { [[ $(grep -cE "$2"': [0-9]+ functions' log) == "$1" ]] || { cat log; return 1; }; }

printf '%s\n' '#include <stdio.h>' 'int main(void) { puts("a C program"); return 0; }' > hello.c
printf '%s\n' '#include <iostream>' '#include <stdexcept>' \
  'int main() { try { throw std::runtime_error("a C++ program"); } catch (std::exception &e) { std::cout << e.what() << "\n"; } }' > hello.cpp
c() { kiln-cc -g hello.c -o hello && says 'a C program' ./hello && by_kiln 1 '^hello\.c'; }
cxx() { kiln-c++ -g hello.cpp -o hello && says 'a C++ program' ./hello && by_kiln 1 '^hello\.cpp'; }
check 'kiln-cc' c
check 'kiln-c++' cxx

cargo_builds() {
  mkdir -p crate/src && printf '%s\n' '[package]' 'name = "hello"' 'version = "0.1.0"' 'edition = "2021"' > crate/Cargo.toml &&
    echo 'fn main() { println!("a Rust program: {}", (1..=3).map(|i| i * i).sum::<i32>()); }' > crate/src/main.rs &&
    (cd crate && kiln cargo build --offline) && says 'a Rust program: 14' crate/target/debug/hello && grep -qE 'functions, [0-9]+ instr' log
}
if command -v cargo > /dev/null; then check 'kiln cargo' cargo_builds; else skip 'kiln cargo' 'there is no cargo'; fi

printf 'func @main() -> i32 {\nb0:\n  ret 7\n}\n' > main.kir
for verb in compile verify print; do check "kiln $verb" kiln $verb main.kir; done
check 'kiln dis' kiln dis main.o
for verb in run interp; do check "kiln $verb" expect_status 7 kiln $verb main.kir; done
for page in kiln kiln-cc kiln-c++ kiln-flang kiln-dis kiln-interp kiln-run kiln-rustc; do
  check "the manual page $page" bash -c "gzip -dc /usr/share/man/man1/$page.1.gz | grep -qE '^\.(TH|so)'"
done

sum_is_right() { "$1" && printf 'long sum_to(long);\nint main(void) { return sum_to(100) == 5050 ? 0 : 1; }\n' > use.c && gcc use.c sum.o -o use && ./use; }
with_pkg_config() {
  local flags
  read -ra flags <<< "$(pkg-config --cflags --libs kiln)"
  gcc "$here/sum.c" "${flags[@]}" -o sum && sum_is_right ./sum
  read -ra flags <<< "$(pkg-config --cflags --libs kiln-text kiln-llvm kiln-interp)"
  gcc -DWITH_INTERP "$here/text.c" "${flags[@]}" -o text && ./text
}
. "$here/wasm.sh"
wasm() {
  local flags
  wasm_module && kiln compile answer.wasm --header=answer.h || return 1
  read -ra flags <<< "$(pkg-config --cflags --libs kiln-wasmrt)"
  gcc -I. "$here/wasm.c" answer.o "${flags[@]}" -o wasm && ./wasm || return 1
  read -ra flags <<< "$(pkg-config --cflags --libs kiln-wasmrt kiln-wasm)"
  gcc -DIN_MEMORY "$here/wasm.c" "${flags[@]}" -o wasm && ./wasm
}
# with_cmake OPTION...: builds the programs and runs them.
with_cmake() { rm -rf cmake && cmake -S "$here" -B cmake -DWASM="$work" "$@" && cmake --build cmake && sum_is_right cmake/sum && cmake/text && cmake/wasm && cmake/wasm_object; }
check 'pkg-config' with_pkg_config
check 'WebAssembly' wasm
check "CMake's find_package" with_cmake
check "CMake's find_package, static" with_cmake -DKiln_STATIC=ON

# kilnjit FOLDER: PostgreSQL's server of that folder with one setting, jit_provider; a session has a query compiled, and
# loads kilnjit, not LLVM.
kilnjit() {
  local data=$work/data as=(setpriv --reuid=postgres --regid=postgres --clear-groups) said
  chmod 711 "$work" && mkdir "$data" && chown postgres: "$data" &&
    "${as[@]}" "$1/bin/initdb" -D "$data" -A trust --no-locale --no-sync > /dev/null || return 1
  echo "jit_provider = 'kilnjit'" >> "$data/postgresql.conf"
  "${as[@]}" "$1/bin/pg_ctl" -D "$data" -l "$data/log" -w start \
    -o "-c listen_addresses= -c unix_socket_directories=$data" > /dev/null || { cat "$data/log"; return 1; }
  said=$("${as[@]}" "$1/bin/psql" -h "$data" -At -c 'set jit_above_cost = 0' \
    -c 'explain (analyze) select sum(a * 2) from generate_series(1, 1000) a where a % 3 = 1' \
    -c "select 'kilnjit ' || (m ~ 'kilnjit') || ', LLVM ' || (m ~ 'LLVM') from pg_read_file('/proc/self/maps') m" 2>&1)
  "${as[@]}" "$1/bin/pg_ctl" -D "$data" -m fast -w stop > /dev/null
  grep -q 'Functions: [1-9]' <<< "$said" && grep -qx 'kilnjit true, LLVM false' <<< "$said" || { echo "$said"; return 1; }
}
server=$(compgen -G '/usr/lib/postgresql/*/lib/kilnjit.so' | head -n 1)
if [[ -n $server ]]; then check 'kilnjit' kilnjit "${server%/lib/*}"; else skip 'kilnjit' 'there is no package of it'; fi
finish
