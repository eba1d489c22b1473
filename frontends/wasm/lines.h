/* The lines of a module's sources: its DWARF sections by address in the code section. lines.c reads them,
 * body_lines.c gives them to the functions that are built. */
#ifndef KN_WASM_LINES_H
#define KN_WASM_LINES_H

#include "body.h"

#define KN_WASM_NO_FILE UINT32_MAX
enum { KN_WASM_MAX_ADDRESS = INT32_MAX };

/* From `at` on. */
struct kn_wasm_line {
  uint32_t at, line, column;
  uint32_t file;  /* index, or NO_FILE */
  uint32_t flags; /* KILN_LOC_... */
};

/* Rows of ascending addresses; after the last one code is of no line. */
struct kn_wasm_sequence {
  uint32_t start, end;
  uint32_t first, n; /* rows; the last one is the end */
  uint32_t unit;
};

struct kn_wasm_file {
  const char *folder, *name; /* NULL: not known */
  bool used;
  kiln_die die; /* of used ones */
};

/* A line table, which is a unit of what is written. */
struct kn_wasm_unit {
  uint64_t offset; /* of the table */
  const char *name, *folder, *producer;
  uint64_t language;
  uint32_t first_file, n_files, first_number; /* first_number: what rows call the first one */
  bool old;                                   /* before version 5: directory 0 is not said */
  bool used;
  kiln_die die;
};

struct kn_wasm_lines {
  struct kn_wasm_line *rows;
  struct kn_wasm_sequence *sequences; /* by start */
  struct kn_wasm_file *files;
  struct kn_wasm_unit *units; /* by offset */
  uint32_t n_rows, n_sequences, n_files, n_units;
};

#endif
