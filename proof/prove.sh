#!/usr/bin/env bash
# prove [--target=T] [--only=TEXT]... [--every=N] [--list] [--slow] [--undecided]: the rows, each an operation with a type and
# a placement of operands; those with all texts in their names, one of N; --undecided: also those of proof/undecided.tsv.
# prove --functions=FILE.bc [--sample=N] [--seed=S] [--inline]: whole functions of a program, N instructions of them.
# prove --programs [--target=T] [--sample=N] [--seed=S]: the same of SQLite and Lua, 20,000 instructions of each.
# prove --planted [--only=TEXT]: plants wrong lowerings, which rows or functions are to find. pip gets the packages of
# proof/requirements.txt.
set -euo pipefail
proof=$(dirname "${BASH_SOURCE[0]}")
python=$("$proof/../tests/harness/python_env.sh" build/cache prove "$proof/requirements.txt")
exec "$python" "$proof/prove.py" "$@"
