#!/usr/bin/env bash
# venv.sh CACHE: makes the Python environment of ./dev prove in CACHE/prove, with the packages of requirements.txt, unless
# it is there, and prints the path of its Python. Fails where pip gets no packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1/prove
mkdir -p "$folder"
exec 9> "$folder/lock"
flock 9
if ! cmp -s "$here/requirements.txt" "$folder/venv/requirements.txt"; then
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv" >&2
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$folder/venv/"
fi
realpath -s "$folder/venv/bin/python"
