#!/usr/bin/env bash
# launchers.sh BUILD: what stands between a build system and its compiler, with kiln-cc and kiln-c++ as that: CMake by
# itself, with ccache and with sccache, whose second build compiles nothing, and distcc, where the other end runs Kiln.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
build=$(realpath "$1")
. "$tests/harness/compiler.sh"
mkdir bin
for name in kiln-cc kiln-c++ kiln-llvm-ar kiln-llvm-ranlib kiln-clang-scan-deps; do ln -s "$kiln" bin/$name; done
export PATH=$work/bin:$PATH KILN_LOG=$work/log
unset CC CXX CFLAGS CXXFLAGS

mkdir src
printf '%s\n' 'cmake_minimum_required(VERSION 3.13)' 'project(p C CXX)' 'add_executable(p main.cpp twice.c)' > src/CMakeLists.txt
printf '%s\n' 'int twice(int a) { return 2 * a; }' > src/twice.c
printf '%s\n' '#include <stdexcept>' 'extern "C" int twice(int);' \
  'int main(int argc, char **) { try { throw std::out_of_range("x"); } catch (std::exception &) { return twice(argc + 20); } }' > src/main.cpp
echo 'extern "C" int twice(int a) { return 2 * a; }' > src/twice.cpp # of C++, since one compiler is copied
expected() { local s=0; "$1" || s=$?; [[ $s == 42 ]] || { echo "exit status $s"; return 1; }; }
# compiled N: the log has a line of Kiln's for each of N units.
compiled() { local n; n=$(cat log 2> /dev/null | grep -cE ': [0-9]+ functions, [0-9]+ instructions$'); [[ $n == "$1" ]] || { echo "$n units by Kiln instead of $1"; cat log; return 1; }; }
# project DIR OPTION...: configures and builds in an empty folder; the log is of the build alone.
project() {
  local to=$1
  shift
  rm -rf "$to" && cmake -G Ninja -S src -B "$to" -DCMAKE_C_COMPILER=kiln-cc -DCMAKE_CXX_COMPILER=kiln-c++ -DCMAKE_BUILD_TYPE=Debug "$@" > cmake.log 2>&1 &&
    rm -f log && cmake --build "$to" >> cmake.log 2>&1 && expected "$to/p" || { tail -20 cmake.log; return 1; }
}
by_itself() { project plain && compiled 2 && ours plain/CMakeFiles/p.dir/twice.c.o && grep -qi 'the CXX compiler identification is Clang' cmake.log; }
if command -v cmake > /dev/null && command -v ninja > /dev/null; then
  check 'CMake, -DCMAKE_CXX_COMPILER=kiln-c++' by_itself
else
  skip 'CMake' 'cmake or ninja is not installed'
fi

# What CMake does with a compiler beside compiling: link-time optimization with static libraries, C++20 modules, assembly,
# precompiled headers, unity builds, try_run. $KILN_CMAKE names another CMake, PyPI's for example, which is newer.
mkdir more
cat > more/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25...4.0)
project(more C CXX ASM)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
set(CMAKE_CXX_STANDARD 20)
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("int main() { return 0; }" COMPILES)
check_cxx_source_compiles("int main() { return nothing; }" COMPILES_WRONG)
try_run(RAN BUILT ${CMAKE_BINARY_DIR}/try ${CMAKE_SOURCE_DIR}/try.c)
file(WRITE ${CMAKE_BINARY_DIR}/said "${COMPILES} ${COMPILES_WRONG} ${BUILT} ${RAN}")
add_library(twice STATIC twice.c thrice.c)
set_target_properties(twice PROPERTIES UNITY_BUILD ON)
add_executable(p main.cpp seven.S)
target_link_libraries(p twice)
target_precompile_headers(p PRIVATE <vector>)
if(NOT CMAKE_VERSION VERSION_LESS 3.28)
  add_library(module STATIC)
  target_sources(module PUBLIC FILE_SET CXX_MODULES FILES five.cppm)
  add_executable(modules use.cpp)
  target_link_libraries(modules module)
endif()
END
echo 'int twice(int a) { return 2 * a; }' > more/twice.c
echo 'int thrice(int a) { return 3 * a; }' > more/thrice.c
echo 'int main(void) { return 7; }' > more/try.c
printf '.globl seven\nseven:\n  mov $7, %%eax\n  ret\n.section .note.GNU-stack,"",@progbits\n' > more/seven.S
printf 'extern "C" int twice(int); extern "C" int seven();\nint main() { std::vector<int> v(3); return twice(seven()) + (int)v.size() + 25; }\n' > more/main.cpp
printf 'module;\n#include <cstdio>\nexport module five;\nexport int five() { std::puts("five"); return 5; }\n' > more/five.cppm
printf 'import five;\nint main() { return five() + 37; }\n' > more/use.cpp
# features CMAKE N: all of it, and N units are Kiln's.
features() {
  rm -rf features log
  env -u KILN_LOG "$1" -G Ninja -S more -B features -DCMAKE_C_COMPILER=kiln-cc -DCMAKE_CXX_COMPILER=kiln-c++ > cmake.log 2>&1 &&
    "$1" --build features >> cmake.log 2>&1 || { tail -n 30 cmake.log; return 1; }
  [[ $(< features/said) == "1  TRUE 7" ]] || { cat features/said; return 1; }
  expected features/p && compiled "$2" && { (( $2 == 2 )) || expected features/modules; }
}
for cmake in cmake ${KILN_CMAKE:-}; do
  name="the features of CMake $($cmake --version 2> /dev/null | sed -n 's/^cmake version //p')"
  if ! command -v $cmake > /dev/null || ! command -v ninja > /dev/null; then skip 'the features of CMake' 'cmake or ninja is not installed'
  elif $cmake --version | grep -qE 'version 3\.([01]?[0-9]|2[0-7])\.'; then
    check "$name" features $cmake 2
    skip "$name: modules" 'it has none'
  elif ! command -v clang-scan-deps-22 > /dev/null; then
    skip "$name" 'its scanner of modules, clang-scan-deps-22, is not installed'
  else check "$name, with modules" features "$cmake" 4
  fi
done

# cached PROGRAM: with it as launcher, the first build compiles, the second takes the same objects without Kiln.
cached() {
  local launch=(-DCMAKE_C_COMPILER_LAUNCHER="$1" -DCMAKE_CXX_COMPILER_LAUNCHER="$1")
  project cached "${launch[@]}" && compiled 2 && cp cached/CMakeFiles/p.dir/main.cpp.o first.o &&
    project cached "${launch[@]}" && compiled 0 && cmp first.o cached/CMakeFiles/p.dir/main.cpp.o
}
# counted WORD COMMAND...: the statistics have so many hits.
counted() { local pattern=$1; shift; "$@" > stats.log && grep -qE "$pattern" stats.log || { cat stats.log; return 1; }; }
unset CCACHE_DISABLE # harness/cpu_time.sh
export CCACHE_DIR=$work/ccache CCACHE_CONFIGPATH=/dev/null SCCACHE_DIR=$work/sccache SCCACHE_IDLE_TIMEOUT=60
# A port that nobody uses.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
for launcher in ccache sccache; do
  if ! command -v cmake > /dev/null || ! command -v ninja > /dev/null; then
    skip "$launcher" 'cmake or ninja is not installed'
  elif ! command -v $launcher > /dev/null; then
    skip "$launcher" "$launcher is not installed"
  else
    if [[ $launcher == sccache ]]; then
      export SCCACHE_SERVER_PORT=$(port)
      sccache --start-server > sccache.log 2>&1 || { skip sccache 'its server does not start'; continue; }
    fi
    check "$launcher: the second build is of hits" cached $launcher
    if [[ $launcher == ccache ]]; then check 'ccache counts them' counted 'Hits: +2 ' ccache -s
    else
      check 'sccache counts them' counted '^Cache hits +2$' sccache --show-stats
      sccache --stop-server > /dev/null 2>&1
    fi
  fi
done

# icecc distributes compilers by their names, and calls them clang on its servers.
by_name() {
  local name
  ln -sf "$kiln" bin/kiln-clang && ln -sf "$kiln" bin/kiln-clang++ && ln -sf "$kiln" sub/clang || return 1
  for name in kiln-clang kiln-clang++ "$work/sub/clang"; do $name -x c++ -c src/twice.cpp -o named.o && ours named.o && rm named.o || return 1; done
}
check 'names with clang in them' by_name

# The other end has a copy of the compiler, and a log, of its own; a server that root starts becomes another user.
distributed() {
  local server status=0 at user f
  at=$(port)
  user=$(id -un)
  (( EUID != 0 )) || user=nobody
  mkdir -p remote/bin distcc && cp "$kiln" remote/bin/kiln-c++ && chmod 755 . && chmod 777 remote || return 1
  # It need not ask which compilers may be run: it listens to this machine.
  PATH=$work/remote/bin:$PATH KILN_LOG=$work/remote/log TMPDIR=$work/remote distccd --daemon --no-detach --listen 127.0.0.1 --port "$at" \
    --allow 127.0.0.1 --jobs 2 --make-me-a-botnet --enable-tcp-insecure --log-file "$work/remote/distccd.log" --user "$user" > remote/out 2>&1 &
  server=$!
  sleep 1
  kill -0 $server 2> /dev/null || { cat remote/out remote/distccd.log; return 1; }
  export DISTCC_HOSTS="127.0.0.1:$at" DISTCC_FALLBACK=0 DISTCC_DIR=$work/distcc DISTCC_VERBOSE=1
  rm -f log
  for f in main twice; do distcc kiln-c++ -O0 -g -c src/$f.cpp -o $f.o || status=1; done > distcc.log 2>&1
  kiln-c++ main.o twice.o -o far >> distcc.log 2>&1 || status=1
  kill $server
  wait $server 2> /dev/null
  return $status
}
remote() {
  distributed || { tail -n 20 distcc.log; tail -n 20 remote/distccd.log; return 1; }
  [[ ! -s log ]] || { echo 'compiled here:'; cat log; return 1; } # the link may make an empty file
  ours main.o && mv remote/log log && compiled 2 && expected ./far
}
if ! command -v distcc > /dev/null || ! command -v distccd > /dev/null; then skip 'distcc' 'distcc is not installed'
else check 'distcc: the other end runs Kiln' remote; fi
finish
