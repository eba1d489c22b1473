#!/usr/bin/env bash
# dev.sh: how ./dev installs what is missing, with stand-ins for the package manager: it says what and how much, then
# installs it, also on a system that has no lists of packages yet, and after another program that uses apt.
unset DEV_YES # which answers
set -u
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# stand_in NAME COMMAND: a program that does COMMAND.
stand_in() { printf '#!/bin/sh\n%s\n' "$2" > "bin/$1"; chmod +x "bin/$1"; }
mkdir bin
stand_in dpkg-query 'exit 1'
stand_in sudo 'exec "$@"'
stand_in apt-cache 'case $1 in policy) echo "  Candidate: 1" ;; show) printf "Package: p\nSize: 3000000\nInstalled-Size: 5000\n" ;; esac'
stand_in sleep 'exit 0'
# It installs nothing, so ./dev ends there with its status. $LOCKED, update or install, finds apt's lock held at first.
stand_in apt-get 'for p; do [ -n "$p" ] || { echo "no name of a package"; exit 98; }; done
case " $* " in *" --simulate "*) eval "$SIMULATED"; exit ;; esac
case " $* " in *" ${LOCKED-none} "*)
  [ -e "$INSTALLS.late" ] || { touch "$INSTALLS.late"; echo "E: Could not get lock /var/lib/apt/lists/lock." >&2; exit 100; } ;;
esac
case " $* " in *" install "*) touch "$INSTALLS"; exit 99 ;; esac'

# installs SIMULATED SAYS [COMMAND]: whether ./dev gets to the installation, where `apt-get --simulate` does SIMULATED, and
# says SAYS.
installs() {
  rm -f installs installs.late
  SIMULATED=$1 INSTALLS=$work/installs PATH=$work/bin:$PATH expect_status 99 "$tests/../dev" ${3-demo} --yes < /dev/null > said 2>&1 || { cat said; return 1; }
  [[ -e installs ]] && grep -q "$2" said || { cat said; return 1; }
}
check 'dev says what it installs, and how large it is' \
  installs 'echo "Inst p (1 Debian [amd64])"' '1 packages, 3 MB to download, 5 MB installed'
check 'dev installs where apt knows no package yet' installs 'exit 100' 'missing packages of Debian: '

check 'a part of a campaign may need no more packages' installs true 'missing packages of Debian: ' 'packages zlib'

waits() { LOCKED=$1 installs true 'another program uses apt' && [[ -e installs.late ]]; }
check "dev waits for the lock of apt's lists" waits update
check "dev waits for the lock of apt's downloads" waits install

# answered ARGUMENT...: whether ./dev, on a terminal that says nothing, installs.
answered() {
  rm -f installs
  SIMULATED=true INSTALLS=$work/installs PATH=$work/bin:$PATH timeout 60 script -qec "$tests/../dev $*" /dev/null < /dev/null > said 2>&1
  [[ -e installs ]]
}
for words in '--yes demo' 'demo --yes' 'test quick --yes' 'test --yes --build=gcc unit/api' 'bench --run --yes'; do
  check "dev $words asks nothing" answered $words
done
not_answered() { ! answered "$@" && grep -q 'Install them by apt-get, as root' said; }
check 'dev asks without --yes' not_answered demo
finish
