#!/usr/bin/env bash
# install.sh BUILD: `meson install` into a folder of its own; then programs outside the tree are built
# with what pkg-config says, shared and static, in C and C++, linked and run.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# option NAME: of the build, as meson knows it.
option() {
  meson introspect --buildoptions "$build" |
    python3 -c "import json, sys; print(next(o['value'] for o in json.load(sys.stdin) if o['name'] == '$1'))"
}
if [[ $(option b_sanitize) != none ]]; then
  skip "install" "programs outside do not link with sanitized libraries"
  finish
fi
prefix=$(option prefix)
libdir=$(option libdir)
root=$work/root$prefix
lib=$root/$libdir
libraries=(kiln kiln-text kiln-llvm kiln-as kiln-wasm)
tools=(kiln kiln-run)
[[ -x $build/kiln-rustc ]] && tools+=(kiln-rustc)
[[ -x $build/kiln-dis ]] && tools+=(kiln-dis)
[[ -x $build/kiln-interp ]] && tools+=(kiln-interp) && libraries+=(kiln-interp)

export PKG_CONFIG_SYSROOT_DIR=$work/root PKG_CONFIG_PATH=$lib/pkgconfig
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1

install_all() { DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet; }
all_headers() { diff <(cd "$tests/../include/kiln" && ls -- *.h *.hpp *.def) <(ls "$root/include/kiln"); }
# A library has its three names, its archive, and is called by its soname.
all_names() {
  local version
  version=$(pkg-config --modversion "$1") || return 1
  [[ -f $lib/lib$1.a && $(readlink "$lib/lib$1.so") == "lib$1.so.3" &&
     $(readlink "$lib/lib$1.so.3") == "lib$1.so.$version" && -f $lib/lib$1.so.$version ]] &&
    readelf -d "$lib/lib$1.so" | grep -q "SONAME.*\[lib$1\.so\.3\]"
}
flags() { pkg-config --cflags --libs "$@"; }

check "meson install" install_all
check "all headers" all_headers
for l in "${libraries[@]}"; do check "lib$l in $libdir" all_names "$l"; done
for t in "${tools[@]}" kiln-cc kiln-c++ kiln-flang kiln-clang kiln-clang++ kiln-llvm-ar kiln-llvm-ranlib kiln-clang-scan-deps; do
  check "$t and its manual page" test -x "$root/bin/$t" -a -f "$root/share/man/man1/$t.1"
done
for file in bash-completion/completions/kiln zsh/site-functions/_kiln fish/vendor_completions.d/kiln.fish; do
  check "$file" test -s "$root/share/$file"
done
check "the version is that of the headers" bash -c "[[ \$('$root/bin/kiln' --version | head -n 1) == \"kiln \$(pkg-config --modversion kiln)\" ]]"

# program NAME CASE COMPILER...: builds NAME.c in a folder of its own and runs it.
program() {
  local name=$1 kind=$2
  shift 2
  mkdir -p "$name-$kind" && cp "$tests/tool/install/$name.c" "$name-$kind" && cd "$name-$kind" || return 1
  read -ra args <<< "$link_flags"
  "$@" -Wall -Wextra -Werror "$name.c" "${args[@]}" -o "$name" || return 1
  readelf -d "$name" | grep -q 'NEEDED.*libkiln' && export LD_LIBRARY_PATH=$lib
  "./$name"
}
# The object that the program wrote links with C, and is right.
sum_is_right() {
  program "$@" || return 1
  printf 'long sum_to(long);\nint main(void) { return sum_to(100) == 5050 ? 0 : 1; }\n' > main.c
  gcc main.c sum.o -o main && ./main
}
# The program needs the shared library.
needs() { readelf -d "$1" | grep -q 'NEEDED.*libkiln\.so\.3'; }

link_flags=$(flags kiln)
check "a C program, shared" sum_is_right sum shared gcc -std=c11
check "it needs libkiln.so.3" needs sum-shared/sum
check "a C++ program, shared" sum_is_right sum cxx g++ -std=c++17 -x c++
check "a C program, clang" sum_is_right sum clang clang-22 -std=c11
link_flags=$(flags --static kiln)
check "a C program, static" sum_is_right sum static gcc -static
check "it needs no library" bash -c '! readelf -d sum-static/sum | grep -q NEEDED'
check "a C++ program, static" sum_is_right sum static-cxx g++ -std=c++17 -static -x c++
link_flags=$(flags kiln-text kiln-llvm)
check "the text form and the bitcode reader" program text llvm gcc
# The assembler's library: what the reader knows by itself needs none, so a text that it does not know.
printf '%s\n' 'int answer(void) { int r; __asm__(".set answer_to_all, 40 + 2\n mov $answer_to_all, %0" : "=r"(r)); return r; }' > asm.c
printf 'int answer(void);\nint main(void) { return answer() == 42 ? 0 : 1; }\n' > asm_main.c
link_flags=$(flags kiln-as kiln-llvm)
assembled() {
  clang-22 -O0 -emit-llvm -c asm.c -o asm.bc && gcc -Wall -Wextra -Werror "$tests/tool/install/as.c" $link_flags -o as &&
    LD_LIBRARY_PATH=$lib ./as asm.bc asm.o && gcc asm_main.c asm.o -o asm && ./asm
}
check "the assembler of inline assembly" assembled
if [[ -f $lib/libkiln-interp.a ]]; then
  link_flags=$(flags kiln-text kiln-llvm kiln-interp)
  check "the interpreter, shared" program text interp gcc -DWITH_INTERP
  check "the interpreter, C++" program text interp-cxx g++ -DWITH_INTERP -x c++
  # without -static: dlopen needs the dynamic libc
  link_flags=$(flags --static kiln-text kiln-llvm kiln-interp | sed -E 's/-l(kiln[a-z-]*)/-l:lib\1.a/g')
  check "the interpreter, from archives" program text interp-static gcc -DWITH_INTERP
  check "it needs no libkiln" bash -c '! readelf -d text-interp-static/text | grep -q libkiln'
fi

# Without an installation: what each page shows, from the folder of the build.
uninstalled() { (unset PKG_CONFIG_SYSROOT_DIR; PKG_CONFIG_PATH=$build/meson-uninstalled LD_LIBRARY_PATH=$build "$@"); }
hello_uninstalled() {
  mkdir hello && cd hello && cp "$tests/../examples/hello/hello.c" . && read -ra args <<< "$(flags kiln)" &&
    gcc hello.c "${args[@]}" -o hello && ./hello && gcc hello.o -o world && ./world
}
headers_uninstalled() { gcc -fsyntax-only $(pkg-config --cflags "$1") -xc - <<< '#include <kiln/kiln.h>'; }
check "hello.c, from the folder of the build" uninstalled hello_uninstalled
for l in "${libraries[@]}" kiln-wasmrt; do check "$l's headers, from there" uninstalled headers_uninstalled "$l"; done

installed() { (unset LD_LIBRARY_PATH; "$root/bin/kiln" "$@"); }
printf 'func @f(i32) -> i32 {\nb0(v0: i32):\n  ret v0\n}\n' > f.kir
check "the installed tool compiles" installed compile f.kir
# An object of WebAssembly needs the runtime alone; in memory the reader comes after it.
. "$tests/tool/install/wasm.sh"
link_flags="answer.o $(flags kiln-wasmrt)"
wasm_object() { # wasm_object CASE COMPILER...
  mkdir -p "wasm-$1" && (cd "wasm-$1" && wasm_module && installed compile answer.wasm --header=answer.h) && program wasm "$@"
}
check "WebAssembly as an object" wasm_object object gcc -std=c11
check "it needs no library of Kiln" bash -c '! readelf -d wasm-object/wasm | grep -q libkiln'
link_flags=$(flags kiln-wasmrt kiln-wasm)
check "WebAssembly in memory" program wasm memory gcc -std=c11 -DIN_MEMORY
check "WebAssembly in memory, C++" program wasm memory-cxx g++ -DIN_MEMORY -x c++
link_flags=$(flags --static kiln-wasmrt kiln-wasm)
check "WebAssembly in memory, static" program wasm memory-static gcc -static -DIN_MEMORY
if [[ -x $root/bin/kiln-dis ]]; then check "the installed tool disassembles" installed dis f.o; fi
if [[ -x $root/bin/kiln-interp ]]; then
  printf 'func @main() -> i32 {\nb0:\n  ret 7\n}\n' > main.kir
  check "the installed tool interprets" expect_status 7 installed interp main.kir
fi
finish
