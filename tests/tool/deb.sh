#!/usr/bin/env bash
# deb.sh FOLDER: the packages there, unpacked: a program builds with what they hold and runs, and the
# tools do. `./dev deb` runs it.
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
debs=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
lib=$work/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
export PKG_CONFIG_SYSROOT_DIR=$work/root PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib

unpack() {
  local deb
  for deb in "$debs"/*.deb; do
    [[ $deb == *-dbgsym_* ]] || dpkg -x "$deb" root || return 1
  done
}
builds() {
  read -ra flags <<< "$(pkg-config --cflags --libs kiln)"
  gcc "$tests/tool/install/sum.c" "${flags[@]}" -o sum && ./sum &&
    printf 'long sum_to(long);\nint main(void) { return sum_to(100) == 5050 ? 0 : 1; }\n' > main.c &&
    gcc main.c sum.o -o main && ./main
}

check "unpack" unpack
check "a program builds and runs" builds
printf 'func @main() -> i32 {\nb0:\n  ret 0\n}\n' > main.kir
for verb in compile verify print interp; do check "kiln $verb" root/usr/bin/kiln $verb main.kir; done
check "kiln dis" root/usr/bin/kiln dis main.o
check "kiln-cc and kiln-c++" test -x root/usr/bin/kiln-cc -a -x root/usr/bin/kiln-c++
check "the manual page" bash -c 'gzip -dc root/usr/share/man/man1/kiln.1.gz | grep -q "^.B kiln compile"'
finish
