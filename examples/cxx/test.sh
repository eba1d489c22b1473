#!/usr/bin/env bash
# test.sh BUILD: the C++ and the Python example with the shared library of a build.
set -u
build=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cxx() { # cxx COMPILER...
  "$@" -Wall -Wextra -Werror -I "$here/../../include" "$here/square.cc" -L "$build" -lkiln -o "$work/square" &&
    diff <(LD_LIBRARY_PATH=$build "$work/square") <(printf '26 901\ncaught: too large\n')
}
python() { diff <(python3 "$here/../python/square.py" "$build/libkiln-text.so") <(echo 26 -899); }
if grep -q __asan_init <(nm -D "$build/libkiln.so"); then
  skip "C++ and Python" "programs outside do not link with sanitized libraries"
  finish
fi
check "C++, g++" cxx g++ -std=c++17
check "C++, clang++" cxx clang++-22 -std=c++20
check "Python" python
finish
