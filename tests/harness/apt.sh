# Access to Debian's archive without root: sourced with $apt, a folder. The sources list is made from
# the machine's own entries, and lists and cache are below $apt, so that the system's package state is
# neither read nor changed.

# make_lists TYPE: writes the machine's entries as TYPE (deb or deb-src), from both deb822 and one-line form.
make_lists() {
  local f
  mkdir -p "$apt/sources.list.d" "$apt/lists/partial" "$apt/archives/partial"
  for f in /etc/apt/sources.list.d/*.sources; do
    [[ -f $f ]] && sed -E "s/^Types:.*/Types: $1/" "$f" > "$apt/sources.list.d/${f##*/}"
  done
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -f $f ]] && sed -nE "s/^[[:space:]]*deb[[:space:]]/$1 /p" "$f" \
      > "$apt/sources.list.d/${f##*/}"
  done
  return 0
}

apt_options=(
  -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources.list.d"
  -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" -o Dir::Cache::archives="$apt/archives"
  -o APT::Sandbox::User="$(id -un)" -o APT::Get::List-Cleanup=false
)
