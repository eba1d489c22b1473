#!/usr/bin/env bash
# cross_cc.sh ARGS...: the C compiler $CROSS_CC --target=aarch64-linux-gnu, for build systems that expect a native
# compiler: an executable that it links is put beside its name, with .elf appended, and under its name stands a
# program of this machine that starts it with qemu (launch.c, built as $CROSS_LAUNCH). So configure's programs and a
# package's tests run without a change to the package. As g++ or c++ it is the C++ compiler, which is GNU's for all.
# With $CROSS_WINE, it is $CROSS_CC or $CROSS_CXX --target=x86_64-w64-windows-gnu, and wine starts what it links.
set -euo pipefail
status=0 compiler=$CROSS_CC magic=ELF
if [[ -n ${CROSS_WINE-} ]]; then
  magic=MZ
  case $0 in *++) compiler="$CROSS_CXX -pthread" ;; esac # libstdc++ has its locks of winpthreads
  $compiler --target=x86_64-w64-windows-gnu -Qunused-arguments -static "$@" || status=$?
else
  compiler="$CROSS_CC --target=aarch64-linux-gnu -Qunused-arguments"
  case $0 in *++) compiler=aarch64-linux-gnu-g++ ;; esac
  $compiler -L"$CROSS_LIB" -Wl,-rpath-link,"$CROSS_LIBS" -isystem "$CROSS_INCLUDE" "$@" || status=$?
fi
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
asked=$out
if [[ $magic == MZ ]]; then # for Windows, a name without a suffix gets one
  if [[ $out == a.out ]]; then out=a.exe; fi
  if [[ ${out##*/} != *.* ]]; then out=$out.exe; fi
fi
[[ $status == 0 && -f $out && -x $out && $(head -c 4 "$out" | tr -d '\0') == *$magic* ]] || exit $status
mv "$out" "$out.elf"
path=$(realpath "$out.elf")
names=("$out" "$asked")
[[ -e ${out%.exe} ]] || names+=("${out%.exe}") # scripts call programs without the suffix
for name in "${names[@]}"; do
  cp "$CROSS_LAUNCH" "$name"
  printf '%s%08dlaunch' "$path" "${#path}" >> "$name"
done
