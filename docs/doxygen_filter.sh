#!/usr/bin/env bash
# doxygen_filter.sh FILE: prints a public header for doxygen: the first comment is that of the file, and the
# enumerators of <kiln/ops.def> are written out, each with the table's line as its comment. In other text,
# backslashes in code are made to mean themselves.
set -euo pipefail
if [[ $1 == *.md ]]; then
  perl -pe 's{`([^`]*\\[^`]*)`}{my $code = $1; $code =~ s/\\(?!\|)/\\\\/g; $code =~ s/"/&quot;/g;
    "<code>$code</code>"}ge
    unless /^```/ ... /^```$/' "$1"
  exit
fi
awk -v table="$(dirname "$1")/ops.def" '
  NR == 1 { sub(/^\/\* /, "/** @file\n * ") }
  /^#define OP\(E, / { skip = 1; next }
  skip && /^#include <kiln\/ops.def>/ {
    skip = 0
    while ((getline row < table) > 0) {
      if (row !~ /^OP\(/) continue
      name = row; sub(/^OP\(/, "", name); sub(/,.*/, "", name)
      text = row; sub(/^[^"]*"/, "", text); sub(/"\)[^"]*$/, "", text)
      printf "  KILN_OP_%s, /**< %s */\n", name, text
    }
    next
  }
  { print }
' "$1"
