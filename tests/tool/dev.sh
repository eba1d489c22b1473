#!/usr/bin/env bash
# dev.sh: how ./dev installs what is missing, with stand-ins for the package manager: it says what and how much, then
# installs it, also on a system that has no lists of packages yet.
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
# It installs nothing, so ./dev ends there with its status.
stand_in apt-get 'case " $* " in *" --simulate "*) eval "$SIMULATED" ;; *" install "*) touch "$INSTALLS"; exit 99 ;; esac'

# installs SIMULATED SAYS: whether ./dev gets to the installation, where `apt-get --simulate` does SIMULATED, and says SAYS.
installs() {
  rm -f installs
  SIMULATED=$1 INSTALLS=$work/installs PATH=$work/bin:$PATH expect_status 99 "$tests/../dev" --yes demo < /dev/null > said 2>&1 || { cat said; return 1; }
  [[ -e installs ]] && grep -q "$2" said || { cat said; return 1; }
}
check 'dev says what it installs, and how large it is' \
  installs 'echo "Inst p (1 Debian [amd64])"' '1 packages, 3 MB to download, 5 MB installed'
check 'dev installs where apt knows no package yet' installs 'exit 100' 'missing packages of Debian: '
finish
