#!/usr/bin/env bash
# doxygen_filter.sh FILE: prints a public header for doxygen: the first comment is that of the file, and the
# enumerators of <kiln/ops.def> and <kiln/dwarf.def> are written out, each with a comment from its row. In other
# text, backslashes in code are made to mean themselves.
set -euo pipefail
if [[ $1 == *.md ]]; then
  perl -pe 's{`([^`]*\\[^`]*)`}{my $code = $1; $code =~ s/\\(?!\|)/\\\\/g; $code =~ s/"/&quot;/g;
    "<code>$code</code>"}ge
    unless /^```/ ... /^```$/' "$1"
  exit
fi
awk -v folder="$(dirname "$1")" '
  NR == 1 { sub(/^\/\* /, "/** @file\n * ") }
  /^#define OP\(E, / { skip = 1; next }
  skip && /^#include <kiln\/ops.def>/ {
    skip = 0
    while ((getline row < (folder "/ops.def")) > 0) {
      if (row !~ /^OP\(/) continue
      name = row; sub(/^OP\(/, "", name); sub(/,.*/, "", name)
      text = row; sub(/^[^"]*"/, "", text); sub(/"\)[^"]*$/, "", text)
      printf "  KILN_OP_%s, /**< %s */\n", name, text
    }
    next
  }
  /^#define KILN_DW_/ { next }
  /^#include <kiln\/dwarf.def>/ {
    while ((getline row < (folder "/dwarf.def")) > 0)
      if (match(row, /^KILN_DW_[A-Z]+\(0x[0-9a-f]+, [A-Za-z0-9_]+/)) {
        split(substr(row, 6, RLENGTH - 5), part, /[(), ]+/)
        printf "  KILN_%s_%s = %s, /**< %s_%s */\n", part[1], part[3], part[2], part[1], part[3]
      }
    next
  }
  { print }
' "$1"
