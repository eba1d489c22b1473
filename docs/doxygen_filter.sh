#!/usr/bin/env bash
# doxygen_filter.sh FILE: prints a public header for doxygen: the first comment is that of the file, and the
# enumerators and functions of <kiln/ops.def> and <kiln/dwarf.def> are written out, each with a comment from its row. In other
# text, backslashes in code are made to mean themselves, and links to pages named README.md, which doxygen takes for the
# main page, become plain.
set -euo pipefail
if [[ $1 == *.md ]]; then
  perl -0pe 's{\[([^][]*)\]\((?:[^)]*/)?README\.md[^)]*\)}{$1}g' "$1" | perl -pe 's{`([^`]*\\[^`]*)`}{my $code = $1; $code =~ s/\\(?!\|)/\\\\/g; $code =~ s/"/&quot;/g;
    "<code>$code</code>"}ge
    unless /^```/ ... /^```$/'
  exit
fi
awk -v folder="$(dirname "$1")" -v hpp="$([[ $1 != *.hpp ]] || echo 1)" '
  NR == 1 { sub(/^\/\* /, "/** @file\n * ") }
  /^#define KILN_OP\(E, .*KILN_OP_##E,$/ { skip = 1; next }
  skip && /^#include <kiln\/ops.def>/ {
    skip = 0
    while ((getline row < (folder "/ops.def")) > 0) {
      if (row !~ /^KILN_OP\(/) continue
      name = row; sub(/^KILN_OP\(/, "", name); sub(/,.*/, "", name)
      text = row; sub(/^[^"]*"/, "", text); sub(/"\)[^"]*$/, "", text)
      printf "  KILN_OP_%s, /**< %s */\n", name, text
    }
    next
  }
  /^#define KILN_OPS_/ && !ops { # <kiln/build_ops.h>: a function for each row, by its shape
    ops = 1
    a = ", kiln_value a"; b = a ", kiln_value b"; type = ", kiln_type type"; lane = type ", kiln_type lane"
    args["NULLARY"] = args["NULLARYV"] = ""; args["UN"] = type a; args["BIN"] = type b; args["TERN"] = type b ", kiln_value c"
    args["UNV"] = args["SLOTV"] = a; args["BINV"] = b; args["MEM3"] = args["MEMSET"] = b ", kiln_value c"
    args["CONV_II"] = args["CONV_FF"] = args["CONV_FI"] = args["CONV_IF"] = args["CONV_BITS"] = ", kiln_type to, kiln_type from" a
    args["LEVEL"] = ", uint32_t level"; args["VUN"] = args["VSPLAT"] = lane a; args["VBIN"] = lane b
    args["VSHIFT"] = args["VEXTRACT"] = lane ", uint32_t number" a; args["VINSERT"] = lane ", uint32_t number" b
    args["VICMP"] = lane ", kiln_icond number" b; args["VFCMP"] = lane ", kiln_fcond number" b
    while ((getline row < (folder "/ops.def")) > 0) {
      split(row, part, /[(), ]+/)
      if (row !~ /^KILN_OP\(/ || !(part[4] in args)) continue
      text = row; sub(/^[^"]*"/, "", text); sub(/"\)[^"]*$/, "", text)
      printf "/** [%s] %s */\nstatic inline %s kiln_build_%s(kiln_func *f%s);\n", part[4], text,
        part[4] ~ /^(NULLARYV|UNV|SLOTV|BINV|MEM3|MEMSET)$/ ? "void" : "kiln_value", part[3], args[part[4]]
    }
  }
  ops { if (/^#include <kiln\/ops.def>/) ops = 0; next }
  /^#define KILN_CXX_MEMBER/ { next } # <kiln/func.hpp>: members, two where a type can be left out
  /^#include <kiln\/ops.def>/ && hpp {
    print "/** @endcond */"
    a = "operand a"; b = a ", operand b"; c = b ", operand c"; lane = "type t, type lane, "
    full["NULLARY"] = full["NULLARYV"] = ""; full["UN"] = "type t, " a; full["BIN"] = "type t, " b; full["TERN"] = "type t, " c
    full["UNV"] = full["SLOTV"] = a; full["BINV"] = b; full["MEM3"] = full["MEMSET"] = c
    short["UN"] = a; short["BIN"] = b; short["TERN"] = c; full["LEVEL"] = "std::uint32_t level"
    full["CONV_II"] = full["CONV_FF"] = full["CONV_FI"] = full["CONV_IF"] = full["CONV_BITS"] = "type to, type from, " a
    short["CONV_II"] = short["CONV_FF"] = short["CONV_FI"] = short["CONV_IF"] = short["CONV_BITS"] = "type to, " a
    full["VUN"] = full["VSPLAT"] = lane a; full["VBIN"] = lane b; full["VINSERT"] = lane "std::uint32_t number, " b
    full["VSHIFT"] = full["VEXTRACT"] = lane "std::uint32_t number, " a
    full["VICMP"] = lane "kiln_icond number, " b; full["VFCMP"] = lane "kiln_fcond number, " b
    while ((getline row < (folder "/ops.def")) > 0) {
      split(row, part, /[(), ]+/)
      if (row !~ /^KILN_OP\(/ || !(part[4] in full)) continue
      text = row; sub(/^[^"]*"/, "", text); sub(/"\)[^"]*$/, "", text)
      name = part[3] (part[3] ~ /^(and|or|xor|not)$/ ? "_" : "")
      kind = part[4] ~ /^(NULLARYV|UNV|SLOTV|BINV|MEM3|MEMSET)$/ ? "void" : "value"
      printf "/** [%s] %s */\n%s %s(%s) const;\n", part[4], text, kind, name, full[part[4]]
      if (part[4] in short) printf "/** The same, by the type of an operand. */\n%s %s(%s) const;\n", kind, name, short[part[4]]
    }
    print "/** @cond */"
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
