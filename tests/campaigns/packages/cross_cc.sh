#!/usr/bin/env bash
# cross_cc.sh ARGS...: the C compiler $CROSS_CC --target=aarch64-linux-gnu, for build systems that expect a native
# compiler: an executable that it links is put beside its name, with .elf appended, and under its name stands a
# program of this machine that starts it with qemu (launch.c, built as $CROSS_LAUNCH). So configure's programs and a
# package's tests run without a change to the package. As g++ or c++ it is the C++ compiler, which is GNU's for all.
set -euo pipefail
status=0
compiler="$CROSS_CC --target=aarch64-linux-gnu -Qunused-arguments"
case $0 in *++) compiler=aarch64-linux-gnu-g++ ;; esac
$compiler -L"$CROSS_LIB" -Wl,-rpath-link,"$CROSS_LIBS" -isystem "$CROSS_INCLUDE" "$@" || status=$?
out=a.out
previous=
for word in "$@"; do
  case $previous,$word in
    -o,*) out=$word ;;
    *,-shared) exit $status ;; # objects are not executable
    *,-o?*) out=${word#-o} ;;
  esac
  previous=$word
done
[[ $status == 0 && -f $out && -x $out && $(head -c 4 "$out" | tr -d '\0') == $'\x7fELF' ]] || exit $status
mv "$out" "$out.elf"
path=$(realpath "$out.elf")
cp "$CROSS_LAUNCH" "$out"
printf '%s%08dlaunch' "$path" "${#path}" >> "$out"
