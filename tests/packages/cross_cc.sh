#!/usr/bin/env bash
# cross_cc.sh ARGS...: the C compiler $CROSS_CC --target=aarch64-linux-gnu, for build systems that take it for
# one of this machine: an executable that it links is put beside its name, with .elf behind it, and under
# its name stands a script that starts it with qemu. So configure's programs and a package's tests run, and no
# package needs to know of it.
set -euo pipefail
status=0
$CROSS_CC --target=aarch64-linux-gnu -L"$CROSS_LIB" -Wl,-rpath-link,"$CROSS_LIBS" -isystem "$CROSS_INCLUDE" -Qunused-arguments "$@" || status=$?
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
cat > "$out" <<'END'
#!/bin/sh
libs=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$CROSS_LIBS
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$libs" -0 "$0" "$0.elf" "$@"
END
chmod +x "$out"
