#!/usr/bin/env bash
# lua_bitcode.sh CACHE [aarch64]: Lua's modules from Debian's source package as bitcode, made once. Prints the
# folder, which has O0/NAME.bc and O1/NAME.bc for every C file, O0/lua.merged.bc and O1/lua.merged.bc
# (the interpreter as one module), on request aarch64/ with the same of that processor, and reference objects of LLVM
# -O0, O0/NAME.ref.o and O1/NAME.ref.o.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
out=$cache/lua

# merge FOLDER: the interpreter's modules of each level become one.
merge() {
  local level bc modules
  for level in O0 O1; do
    modules=()
    for bc in "$1/$level"/*.bc; do
      [[ $bc == */luac.bc ]] || modules+=("$bc")
    done
    llvm-link-22 -o "$1/$level/lua.merged.bc" "${modules[@]}"
  done
}

exec 8> "$cache/lua.lock"
flock 8
if [[ ! -f $out/complete ]]; then
  source=$("$here/fetch_source.sh" lua5.4 "$cache/sources" 8>&-)/src
  rm -rf "$out"
  mkdir -p "$out/include"
  # The header that the package's build generates.
  printf '#define DEB_HOST_MULTIARCH "%s"\n' "$(dpkg-architecture -qDEB_HOST_MULTIARCH)" \
    > "$out/include/lua5.4-deb-multiarch.h"
  clang=(clang-22 -std=gnu99 -w -fPIC -DLUA_COMPAT_5_3 -DLUA_USE_LINUX "-I$out/include" -c)
  for level in O0 O1; do
    flags=(-$level)
    [[ $level == O1 ]] && flags+=(-fno-vectorize -fno-slp-vectorize)
    mkdir -p "$out/$level"
    for c in "$source"/*.c; do
      to=$out/$level/$(basename "$c" .c)
      compile=("${clang[@]}" "${flags[@]}" -emit-llvm "$c" -o "$to.bc")
      reference=(clang-22 -O0 -fPIC -c "$to.bc" -o "$to.ref.o")
      printf '%s\0' "${compile[*]@Q} && ${reference[*]@Q}"
    done
  done | xargs -0 -P "$(nproc)" -I{} bash -c '{}'
  merge "$out"
  touch "$out/complete"
fi
if [[ ${2-} == aarch64 && ! -f $out/aarch64/complete ]]; then
  source=$("$here/fetch_source.sh" lua5.4 "$cache/sources" 8>&-)/src
  for level in O0 O1; do
    mkdir -p "$out/aarch64/$level"
    for c in "$source"/*.c; do
      clang-22 --target=aarch64-linux-gnu -std=gnu99 -w -fPIC -DLUA_COMPAT_5_3 -DLUA_USE_LINUX -I"$out/include" -$level \
        -emit-llvm -c "$c" -o "$out/aarch64/$level/$(basename "$c" .c).bc"
    done
  done
  merge "$out/aarch64"
  touch "$out/aarch64/complete"
fi
echo "$out"
