# Minimal roots of Debian, for scripts that source this. $folder is where they are, with FOLDER/debs-SUITE for packages
# that were downloaded; `die` is the script's own.
#
# apt's sources, keys, proxy and certificates, and the settings of rustup are this machine's; they are written only into
# the roots.

# sources SUITE: this machine's sources of Debian, for another suite, in FOLDER/SUITE.d.
sources() {
  local codename f
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  rm -rf "$folder/$1.d"
  mkdir "$folder/$1.d"
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [[ ! -f $f ]] || ! grep -q "\b$codename\b" "$f" || sed "s/\b$codename\b/$1/g" "$f" > "$folder/$1.d/${f##*/}"
  done
  grep -qs "$1-security" "$folder/$1.d"/* || die "this machine's sources of apt lack $codename-security"
}

# settings ROOT: what the root needs of this machine to reach registries.
settings() {
  local f
  cp /etc/resolv.conf "$1/etc/"
  apt-config dump | grep -iE '^Acquire::(https?|ftp)::.*proxy' > "$1/etc/apt/apt.conf.d/80machine"
  echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > "$1/etc/apt/apt.conf.d/81keep"
  for f in /usr/local/share/ca-certificates/*.crt; do [[ ! -f $f ]] || cp "$f" "$1/usr/local/share/ca-certificates/"; done
  in_root "$1" update-ca-certificates > /dev/null 2>&1
  if [[ -f ${CARGO_HOME:-$HOME/.cargo}/config.toml ]]; then
    mkdir -p "$1/root/.cargo" && cp "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$1/root/.cargo/"
  fi
}

# in_root ROOT COMMAND...: with the packages in $debs, and the variables of this machine that say how registries are
# reached.
in_root() {
  local root=$1 name passed=()
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY RUSTUP_DIST_SERVER RUSTUP_UPDATE_ROOT; do
    [[ -z ${!name-} ]] || passed+=("$name=${!name}")
  done
  # The processes of a root end with it.
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1 debs=$2
    shift 2
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" &&
      mount --bind "$debs" "$root/var/cache/apt/archives" || exit 1
    exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive DEV_YES=1 \
      PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
    - "$root" "$debs" "${passed[@]}" "$@"
}

# rust ROOT: rustup and its stable toolchain, as its installer leaves them.
rust() {
  local rustup
  rustup=$(command -v rustup) || { echo "   without Rust: this machine has no rustup"; return; }
  cp "$(realpath "$rustup")" "$1/root/rustup-init"
  in_root "$1" /root/rustup-init -y -q --profile minimal --default-toolchain stable --no-modify-path \
    > "$folder/rust.log" 2>&1 || return 1
  in_root "$1" rustc --version | sed 's/^/   /'
}

# make_root SUITE PATH: a new minimal root.
make_root() {
  mkdir -p "$folder/debs-$1/partial"
  rm -rf --one-file-system "$2"
  [[ -d $folder/$1.d ]] || sources "$1"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "$1" "$2" "$folder/$1.d"/* || die "no root of $1"
  settings "$2"
}
