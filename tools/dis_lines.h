/* The line table of an object, for disassemblies. */
#ifndef KN_TOOLS_DIS_LINES_H
#define KN_TOOLS_DIS_LINES_H

#include "coff.h"

#include <libelf.h>
#include <stddef.h>
#include <stdint.h>

/* From this address of a section on, code is of a line. */
struct line_row {
  uint64_t at;
  size_t section;   /* index */
  const char *path; /* NULL: of none */
  uint32_t line;    /* 0: of none */
  uint32_t order;   /* of equal addresses the last one counts */
};

/* All rows, by section and address; zeroed at first. */
struct line_table {
  struct line_row *rows;
  size_t n;
  char **paths; /* what rows point to */
  size_t n_paths;
};

/* Reads .debug_line, of DWARF 2 to 5, as far as it makes sense. */
void dis_lines_read(Elf *elf, struct line_table *out);
void dis_lines_read_coff(const struct tool_coff *coff, struct line_table *out);
/* The first row of a section. */
size_t dis_lines_first(const struct line_table *t, size_t section);
void dis_lines_free(struct line_table *t);

#endif
