#!/usr/bin/env bash
# python_env.sh CACHE NAME REQUIREMENTS: makes a Python environment in CACHE/NAME/venv with the packages that a file lists,
# unless it is there, and prints the path of its Python. One pip, in CACHE/pip, installs for all of them. Fails where pip
# gets no packages.
set -euo pipefail
cache=$1 folder=$1/$2 requirements=$3
mkdir -p "$cache/pip" "$folder"
exec 8> "$folder/venv.lock" 9> "$cache/pip/venv.lock"
flock 8
if ! cmp -s "$requirements" "$folder/venv/requirements.txt"; then
  flock 9
  [[ -f $cache/pip/complete ]] || { python3 -m venv --clear "$cache/pip/venv" >&2 && touch "$cache/pip/complete"; }
  flock -u 9
  python3 -m venv --clear --without-pip "$folder/venv" >&2
  "$cache/pip/venv/bin/python" -m pip --python "$folder/venv/bin/python" install --quiet --disable-pip-version-check \
    --requirement "$requirements" >&2
  cp "$requirements" "$folder/venv/requirements.txt"
fi
realpath -s "$folder/venv/bin/python"
