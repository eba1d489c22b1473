#!/usr/bin/env bash
# cxx.sh BUILD: `kiln c++` as a build system sees it: what it takes for C++, the libraries that it links with,
# precompiled headers, modules, what only code generation sees of C++. What it shares with `kiln cc`, cc.sh tests.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
cxx() { "$kiln" c++ "$@"; }

cat > main.cpp <<'END'
#include <iostream>
#include <string>
#include "own.h"
template <class T> T twice(T a) { return a + a; }
extern "C" int thrice(int a);
int main(int argc, char **) { std::cout << twice(std::string("ab")) << ' ' << own(thrice(argc)) << std::endl; return 3; }
END
echo 'template <class T> inline T own(T a) { static T calls; return a + ++calls; }' > own.h
printf '#include "own.h"\nextern "C" int thrice(int a) { return own(3 * a); }\n' > thrice.cc
echo 'int main() { return missing; }' > wrong.cpp
flags=(-fno-exceptions -Wall)

# runs PROGRAM: it says what main.cpp should.
runs() {
  local o s=0
  o=$("$1") || s=$?
  [[ $s == 3 && $o == "abab 6" ]] || { echo "exit status $s, printed: $o"; return 1; }
}

objects_and_link() {
  cxx "${flags[@]}" -O1 -c main.cpp && cxx "${flags[@]}" -c thrice.cc && made main.o thrice.o && ours main.o && ours thrice.o &&
    cxx -o program main.o thrice.o && runs ./program
}
check 'compiles with -c, links with the C++ library' objects_and_link
all_at_once() { cxx "${flags[@]}" -g -std=c++17 main.cpp thrice.cc -pthread && runs ./a.out; }
check 'compiles and links several sources at once' all_at_once
library() { cxx "${flags[@]}" -static-libstdc++ -static-libgcc main.cpp thrice.cc -o s && ! ldd s | grep -q 'libstdc++' && runs ./s; }
check 'links the C++ library statically' library
suffixes() {
  local s module
  for s in cc cp cxx cpp CPP c++ C CC CXX ii cppm ccm cxxm c++m; do
    module=
    [[ $s != *m ]] || module='export module m; export'
    echo "$module template <class T> T f(T a) { return a; } int g() { return f(1); }" > "s.$s"
    rm -f s.o && cxx -std=c++20 -c "s.$s" && made s.o && ours s.o && nm s.o | grep -q 'T _Z.*1gv' || { echo "suffix $s"; return 1; }
  done
}
check 'knows the suffixes of C++' suffixes
c_as_cxx() { cp s.cc c.c && says 0 "treating 'c' input as 'c\+\+'" "$kiln" c++ -c c.c && ours c.o && nm c.o | grep -q _Z1gv; }
check 'takes C files for C++, as clang++ does' c_as_cxx
said() {
  cp s.cc plain && cxx -x c++ -c plain -o x.o && ours x.o && nm x.o | grep -q _Z1gv && echo 'int restrict_(int *restrict a) { return *a; }' > plain.c &&
    cxx -x c -c plain.c -o x.o && ours x.o && nm x.o | grep -q ' restrict_$' && cxx -xc++ -c - -o x.o < s.cc && ours x.o
}
check 'takes the language that -x says' said
fails() { says 1 "wrong.cpp:1:21: error: use of undeclared identifier 'missing'" "$kiln" c++ -c wrong.cpp && [[ ! -e wrong.o ]]; }
check 'passes an error on, and makes no object of it' fails
check 'a value that is missing' says 2 "c\\+\\+: the argument of '-o' is missing" "$kiln" c++ -c main.cpp -o
version() { cxx --version | grep -q 'clang version' && ! KILN_CLANGXX=false "$kiln" c++ --version; }
check 'says that it is clang, which KILN_CLANGXX names' version
by_cc() { "$kiln" cc "${flags[@]}" -c main.cpp -o cc.o && ours cc.o > /dev/null; }
check 'kiln cc compiles C++, too' by_cc
precompiled() {
  echo 'inline int pre() { return 9; }' > pre.h && cxx -x c++-header pre.h -o pre.h.pch && echo 'int main() { return pre() - 9; }' > use.cpp &&
    cxx -include-pch pre.h.pch use.cpp -o use && ./use && cxx -include pre.h -c use.cpp && ours use.o
}
check 'makes precompiled headers and uses them' precompiled
coroutines() {
  cat > co.cpp <<'END'
#include <coroutine>
#include <cstdio>
#include <exception>
struct Said { const char *what; ~Said() { std::printf("-%s\n", what); } };
struct Generator {
  struct promise_type {
    int value; std::exception_ptr error;
    Generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int v) { value = v; return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> h;
  bool next() { h.resume(); if (h.promise().error) std::rethrow_exception(h.promise().error); return !h.done(); }
};
struct Task { // symmetric transfer: resuming is a tail call, so that a million of them need no stack
  struct promise_type {
    std::coroutine_handle<> then; long value;
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    struct Last {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept { return h.promise().then; }
      void await_resume() noexcept {}
    };
    Last final_suspend() noexcept { return {}; }
    void return_value(long v) { value = v; }
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> h;
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> by) { h.promise().then = by; return h; }
  long await_resume() { long v = h.promise().value; h.destroy(); return v; }
};
Generator count(int n) { Said s{"count"}; for (int i = 0; i < n; i++) { if (i == 3) throw i; co_yield i * i; } }
Task leaf(long i) { co_return i; }
Task all(long n) { long sum = 0; for (long i = 0; i < n; i++) sum += co_await leaf(i); co_return sum; }
int main() {
  Generator g = count(2);
  while (g.next()) std::printf("%d\n", g.h.promise().value);
  g.h.destroy();
  Generator e = count(9);
  try { while (e.next()) std::printf("%d\n", e.h.promise().value); } catch (int i) { std::printf("caught %d\n", i); }
  e.h.destroy();
  Task t = all(1000000);
  t.h.promise().then = std::noop_coroutine();
  t.h.resume();
  std::printf("%ld\n", t.h.promise().value);
  t.h.destroy();
}
END
  for level in -O0 -Og; do
    cxx -std=c++20 $level -c co.cpp && ours co.o && cxx co.o -o co && ./co > co.out &&
      diff co.out <(printf '%s\n' 0 1 -count 0 1 4 -count 'caught 3' 499999500000) || return 1
  done
}
check 'compiles coroutines' coroutines
# -Og: small functions are inlined, what says otherwise is not, and nothing of -O0 changes by it.
cat > small.cpp <<'END'
#include <cstdio>
#include <vector>
inline int next(int i) { return i + 1; }
static int half(int i) { return i / 2; }
__attribute__((noinline)) int kept(int i) { return i * 3; }
int main() {
  std::vector<int> v;
  for (int i = 0; i < 9; i = next(i)) v.push_back(half(i) + kept(i));
  int sum = 0;
  for (int i : v) sum += i;
  std::printf("%d\n", sum);
}
END
inlines() {
  cxx -Og small.cpp -c && ours small.o && nm small.o > names && grep -q ' T _Z4kepti' names && ! grep -qE '_Z4nexti|_ZL4halfi|5beginEv' names &&
    cxx small.o -o small && [[ $(./small) == 124 ]] && cxx -Og -O0 small.cpp -c && nm small.o | grep -q _Z4nexti &&
    cxx -O0 -Og small.cpp -c -o last.o && ! nm last.o | grep -q _Z4nexti
}
check '-Og inlines small functions' inlines
# passes FLAG...: with -Og and these flags LLVM's passes run, too.
passes() { cxx -Og -v "$@" -c small.cpp -o passes.o > said 2>&1 && ! grep -q -- -opt-bisect-limit=0 said; }
without_passes() { ! passes && grep -q -- -opt-bisect-limit=0 said; }
check '-Og does without the passes of LLVM' without_passes
for flag in -fsanitize=address '-fprofile-generate' '-finstrument-functions' -funroll-loops '-mllvm -unroll-count=2' '-fvectorize'; do
  check "-Og with them for $flag" passes $flag
done
sanitized() {
  printf 'int main(int n, char **) { int *p = new int[4]; delete[] p; return p[n]; }\n' > freed.cpp
  cxx -Og -fsanitize=address freed.cpp -o freed && ! ./freed > freed.out 2>&1 && grep -q heap-use-after-free freed.out
}
check '-Og with AddressSanitizer finds an error' sanitized
coroutines_inlined() { cxx -std=c++20 -Og -c co.cpp && ours co.o && cxx co.o -o co && ./co | diff co.out -; }
check '-Og compiles coroutines by the passes' coroutines_inlined
modules() {
  printf 'module;\n#include <cstdio>\nexport module m;\nexport inline int twice(int a) { return 2 * a; }\nexport int four();\n' > m.cppm
  printf 'module m;\nint four() { return twice(2); }\n' > impl.cpp
  printf 'import m;\nint main() { return twice(four()) - 8; }\n' > user.cpp
  cxx -std=c++20 -c m.cppm -fmodule-output=m.pcm -o m.o && made m.o m.pcm && ours m.o &&
    cxx -std=c++20 -fmodule-file=m=m.pcm user.cpp impl.cpp m.o -o user && ./user || return 1
  rm m.pcm && cxx -std=c++20 --precompile m.cppm -o m.pcm && cxx -std=c++20 -c m.pcm -o m2.o && made m2.o &&
    cxx -std=c++20 -fprebuilt-module-path=. user.cpp impl.cpp m2.o -o user2 && ./user2 || return 1
  rm m.pcm && cxx -std=c++20 m.cppm user.cpp impl.cpp -fprebuilt-module-path=. -o user3 && ./user3
}
check 'makes modules and imports them' modules
depends() { cxx "${flags[@]}" -MMD -c main.cpp -o sub/main.o && [[ $(cat sub/main.d) == 'sub/main.o: main.cpp own.h' ]] || { cat sub/main.d; return 1; }; }
check 'writes dependences as clang++ does' depends
covered() {
  rm -rf cov && mkdir cov && cxx "${flags[@]}" --coverage main.cpp thrice.cc -o cov/main && (cd cov && runs ./main) &&
    made cov/main-main.gcda cov/main-thrice.gcno && ours main.o
}
check 'coverage counts' covered
saved() { cxx "${flags[@]}" -save-temps main.cpp thrice.cc -o saved && made main.ii main.s thrice.bc main.o && ours main.o && runs ./saved; }
check 'keeps intermediate files' saved
vector() { echo 'typedef _BitInt(256) v2 __attribute__((ext_vector_type(2))); void add(v2 *a, v2 *b) { *a = *a + *b; }' > vector.cpp; "$kiln" c++ -c vector.cpp; }
check 'names what it cannot compile' says 1 'vector.cpp:.*: error: not implemented: vectors of lanes of this type' vector
demangled() {
  echo 'typedef _BitInt(256) v2 __attribute__((ext_vector_type(2))); v2 a; namespace n { void add(int) { a = a + a; } }' > named.cpp
  local flag
  for flag in '' -g; do
    ! "$kiln" c++ $flag -c named.cpp 2> named.err && grep -q '^/.*/named.cpp:1:[0-9]*: error: not implemented: vectors' named.err &&
      grep -q '^  in n::add(int) (named.cpp:_ZN1n3addEi:b0:[0-9]*)$' named.err || { cat named.err; return 1; }
  done
}
check 'as the source names it' demangled
fallback() { KILN_FALLBACK=llvm says 0 'c\+\+: vector.cpp: compiled by LLVM: ' "$kiln" c++ -c vector.cpp && made vector.o; }
check 'KILN_FALLBACK=llvm leaves that to LLVM, and says so' fallback
check 'leaves no temporary files' temporaries

configure() {
  cat > probe.sh <<'END'
set -e
# What configure scripts ask of $CXX.
echo 'int main() { return 0; }' > conftest.cpp
$CXX $CXXFLAGS -o conftest conftest.cpp
./conftest
$CXX -c $CXXFLAGS conftest.cpp && test -f conftest.o
$CXX --version > /dev/null
$CXX -E conftest.cpp > /dev/null
$CXX -v -o conftest conftest.cpp 2>&1 | grep -q lstdc++
$CXX -print-prog-name=ld > /dev/null
END
  mkdir -p probe && (cd probe && CXX="$kiln c++" CXXFLAGS=-O1 sh -e ../probe.sh)
}
check 'answers what configure scripts ask' configure
cmake_build() {
  mkdir -p cm && printf 'cmake_minimum_required(VERSION 3.13)\nproject(p CXX)\nset(CMAKE_CXX_STANDARD 17)\nadd_executable(p ../main.cpp ../thrice.cc)\ntarget_compile_options(p PRIVATE -fno-exceptions)\ntarget_precompile_headers(p PRIVATE <string>)\n' > cm/CMakeLists.txt
  CXX="$kiln c++" cmake -S cm -B cm/build > cm.log 2>&1 && cmake --build cm/build >> cm.log 2>&1 && runs cm/build/p || { tail -20 cm.log; return 1; }
}
meson_build() {
  mkdir -p me/src && cp main.cpp own.h thrice.cc me/src &&
    printf "project('p', 'cpp')\nexecutable('p', 'src/main.cpp', 'src/thrice.cc', cpp_args: '-fno-exceptions')\n" > me/meson.build
  CXX="$kiln c++" meson setup me/build me > me.log 2>&1 && ninja -C me/build >> me.log 2>&1 && runs me/build/p || { tail -20 me.log; return 1; }
}
check 'meson takes it as a compiler' meson_build
if command -v cmake > /dev/null; then check 'CMake takes it as a compiler, with precompiled headers' cmake_build
else skip 'CMake takes it as a compiler, with precompiled headers' 'cmake is not installed'; fi
finish
