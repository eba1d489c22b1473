#!/usr/bin/env bash
# servers.sh TOOL KILN FOLDER: the commands of docs/debug-builds.md for ccache, sccache, distcc or icecc, with Kiln as if it were
# installed in /usr/bin. Prints a line for each build: "row", what is built, what is expected, what was seen, with tabs between.
# Runs as root in mount and network namespaces of its own (unshare --mount --net), so that nothing of it outlives the script.
set -u
tool=$1 kiln=$2 work=$3
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/project" && pwd)
cd "$work" || exit 1
chmod 755 .

# ---- the machine ----

ip link set lo up
mkdir bin links run
cp "$kiln" bin/kiln
for name in kiln-cc kiln-c++ kiln-clang kiln-clang++; do ln -s kiln bin/$name; done
mount -t overlay -o "lowerdir=$work/bin:/usr/bin" overlay /usr/bin || exit 1
# Caches that stand in PATH under the names of compilers would come in between.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C HOME=$work CCACHE_DIR=$work/ccache CCACHE_CONFIGPATH=/dev/null SCCACHE_DIR=$work/sccache \
  SCCACHE_SERVER_PORT=4226 SCCACHE_IDLE_TIMEOUT=60 DISTCC_DIR=$work/distcc DISTCC_HOSTS=127.0.0.1
unset "${!KILN_@}" CC CXX CFLAGS CXXFLAGS MAKEFLAGS MAKELEVEL CCACHE_DISABLE
servers=()
trap 'kill "${servers[@]}" 2> /dev/null; wait' EXIT
# awaited PATTERN FILE: until a line of the file matches; two minutes at most.
awaited() { local n=0; until grep -qE -- "$1" "$2" 2> /dev/null; do sleep 0.2; (( n++ < 600 )) || { cat "$2"; exit 1; }; done; }

# ---- builds ----

printf 'CPPFLAGS = -DFOUND="\\"found\\""\nprogram: main.o first.o second.o third.o\n\t$(CXX) $^ -o $@\n' > Makefile
# made CC CXX FLAGS: builds in a new folder; `said` is what it printed, `printed` what the program did.
made() {
  rm -rf tree log && cp -r "$project" tree && cp Makefile tree
  said=$(KILN_LOG=$work/log make -s -C tree CC="$1" CXX="$2" CFLAGS="$3" CXXFLAGS="-std=c++20 $3" program 2>&1) || said+=" (make ended with $?)"
  printed=$(tree/program 2>&1)
}
units() { cat "$@" 2> /dev/null | grep -cE ': [0-9]+ functions, [0-9]+ instructions$'; }
objects() { local o n=0; for o in tree/*.o; do readelf -p .comment "$o" 2> /dev/null | grep -q ' Kiln [0-9]' && n=$(( n + 1 )); done; echo $n; }
# row NAME EXPECTED SEEN
row() { printf 'row\t%s\t%s\t%s\n' "$1" "$2" "$(printf %s "$3" | tr '\n\t' '  ' | cut -c 1-600)"; }
# build CC CXX FLAGS PLACE: a row. PLACE prints how many units were compiled, and where.
build() {
  local reference
  made clang-22 clang++-22 "${3/-Og/-O0}"
  reference=$printed
  made "$1" "$2" "$3"
  row "$1 $3" "$4, 4 objects by Kiln; $reference" "$($5), $(objects) objects by Kiln; $printed$said"
}
levels=('-O0 -g' '-Og -g -Werror' '-Og -D_GLIBCXX_ASSERTIONS' '-O2')
here() { echo "$(units log) units here"; }

# ---- caches ----

cached() { # first and second builds
  for level in "${levels[@]}"; do
    build "$1 kiln-cc" "$1 kiln-c++" "$level" '4 units here' here
    build "$1 kiln-cc" "$1 kiln-c++" "$level" '0 units here' here
  done
}
run_ccache() {
  cached ccache
  export CCACHE_DIR=$work/ccache2
  cached 'env CCACHE_NOCPP2=1 ccache'
}
run_sccache() {
  sccache --start-server > server.log 2>&1 || { cat server.log; exit 1; }
  cached sccache
  sccache --stop-server > server.log 2>&1
}

# ---- distcc ----

far() { echo "$(units far.log) units there, $(units log) here"; rm -f far.log; }
run_distcc() {
  mkdir distcc far && chmod 777 . far
  # The server's list of compilers, which the docs say to add to.
  for name in kiln-cc kiln-c++; do ln -s ../../bin/distcc links/$name; done
  unshare --mount bash -c 'mount -t overlay -o "lowerdir=$1/links:/usr/lib/distcc" overlay /usr/lib/distcc && KILN_LOG=$1/far.log \
    TMPDIR=$1/far exec distccd --daemon --no-detach --listen 127.0.0.1 --allow 127.0.0.1 --jobs 2 --log-level info --log-file "$1/far/server.log"' \
    - "$work" > server.log 2>&1 &
  servers+=($!)
  KILN_LOG=$work/far.log TMPDIR=$work/far distccd --daemon --no-detach --listen 127.0.0.1 --port 3633 --allow 127.0.0.1 --jobs 2 \
    --log-file "$work/far/untold.log" > untold.log 2>&1 &
  servers+=($!)
  sleep 2
  for level in "${levels[@]}"; do build 'distcc kiln-cc' 'distcc kiln-c++' "$level" '4 units there, 0 here' far; done
  # A server that does not know the compiler refuses the work: distcc says so, and compiles here.
  DISTCC_HOSTS=127.0.0.1:3633 made 'distcc kiln-cc' 'distcc kiln-c++' -O0
  row 'a server that was not told' '0 units there, 4 here' "$(far)"
}

# ---- icecc: a scheduler and a client here, a server in a network of its own ----

remote() { echo "$(grep -c 'remote compile for file' ice/far.log) units there, $(units log) here"; : > ice/far.log; }
run_icecc() {
  # Servers take work by the load that they read there: this one is idle, whatever else the machine does.
  echo 'cpu  0 0 0 1000000 0 0 0 0 0 0' > idle && mount --bind idle /proc/stat
  mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/icecc ice ice/near ice/far && chmod 777 . ice && chown icecc ice/near ice/far
  ip netns add far && ip link add near type veth peer name away netns far
  ip addr add 10.7.0.1/24 dev near && ip link set near up
  ip netns exec far ip addr add 10.7.0.2/24 dev away && ip netns exec far ip link set away up && ip netns exec far ip link set lo up
  icecc-scheduler -n kiln -l "$work/ice/scheduler.log" -vvv &
  servers+=($!)
  awaited 'scheduler ready' ice/scheduler.log
  iceccd -n kiln -s 10.7.0.1 -N near --no-remote -b "$work/ice/near" -l "$work/ice/near.log" -u icecc &
  servers+=($!)
  ICECC_TEST_SOCKET=/run/icecc/far ip netns exec far iceccd -n kiln -s 10.7.0.1 -N far -m 2 -b "$work/ice/far" -l "$work/ice/far.log" -vvv -u icecc &
  servers+=($!)
  awaited 'login near' ice/scheduler.log
  awaited 'login far' ice/scheduler.log
  lib=/usr/lib/$(gcc -print-multiarch)
  export ICECC_EXTRAFILES=$(echo "$lib"/lib{clang-cpp,LLVM}.so.22.*[0-9] /usr/bin/clang-22 | tr ' ' :) ICECC_ENV_COMPRESSION=none ICECC_PREFERRED_HOST=far
  for level in "${levels[@]}"; do build 'icecc kiln-clang' 'icecc kiln-clang++' "$level" '4 units there, 0 here' remote; done
}

run_$tool
