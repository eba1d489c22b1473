/* Reads line tables of DWARF 2 to 5, for the reader of WebAssembly, its runtime and `kiln dis`. Needs no memory. The
 * bytes are not trusted: what does not fit ends the table that it is in. */
#ifndef KN_DWARF_LINE_READER_H
#define KN_DWARF_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A section; size 0: there is none. */
struct kn_dwarf_bytes {
  const uint8_t *at;
  size_t size;
};

struct kn_dwarf_sections {
  struct kn_dwarf_bytes line, str, line_str;
  struct kn_dwarf_bytes info, abbrev; /* for kn_unit_read only */
  /* In a relocatable object: makes *value, of the field at `p`, what the field's relocation says, and gives the section
   * of that one's symbol; 0: it has none. NULL: fields are what their bytes say. */
  uint32_t (*relocate)(void *user, const uint8_t *p, uint64_t *value);
  void *user;
};

/* A part of a section; `bad` once something did not fit. */
struct kn_dwarf_reader {
  const struct kn_dwarf_sections *s;
  const uint8_t *p, *end;
  bool bad;
};

uint64_t kn_dwarf_get(struct kn_dwarf_reader *r, unsigned bytes); /* little-endian; the first 8 */
uint64_t kn_dwarf_uleb(struct kn_dwarf_reader *r);
int64_t kn_dwarf_sleb(struct kn_dwarf_reader *r);
/* The value of a form that is a string, NULL if that is elsewhere; else false, and nothing is read. */
bool kn_dwarf_string(struct kn_dwarf_reader *r, uint64_t form, unsigned offset_size,
                     const char **out);
/* The length that begins a unit or table: what it has is `out`, and `r` goes past it. Gives the size of offsets, 0
 * if it does not fit. */
unsigned kn_dwarf_part(struct kn_dwarf_reader *r, struct kn_dwarf_reader *out);

/* The head of a table. */
struct kn_line_table {
  const struct kn_dwarf_sections *s;
  uint64_t offset; /* of the table in its section */
  unsigned version, offset_size;
  const uint8_t *names, *end; /* directories and files; end of the table */
  uint64_t n_dirs, n_files;   /* from number `first` on, of both */
  unsigned first;             /* 0; before version 5: 1 */
};

/* A row: from `at` on. */
struct kn_line_row {
  uint64_t at, file;
  uint32_t line, column; /* 0: none */
  uint32_t section;      /* as kn_dwarf_sections.relocate says of `at`; else 0 */
  bool stmt, prologue_end;
  bool end; /* of a sequence: of no line */
};

/* Gets the tables, and the rows of each. False: no more of the table is wanted. */
struct kn_line_sink {
  void *user;
  bool (*table)(void *user, const struct kn_line_table *t);
  bool (*row)(void *user, const struct kn_line_row *row);
};

/* Reads all tables. False if something did not fit: what was given until then is sound. */
bool kn_line_read(const struct kn_dwarf_sections *s, const struct kn_line_sink *sink);

/* Names of directories, or of files with the numbers of their directories, in their order; arrays of table->n_dirs and
 * n_files. A name may be NULL. */
struct kn_line_name {
  const char *text;
  uint64_t dir;
};
void kn_line_names(const struct kn_line_table *t, struct kn_line_name *dirs,
                   struct kn_line_name *files);

/* What a compilation unit says of itself; strings may be NULL. */
struct kn_unit_info {
  const char *name, *folder, *producer;
  uint64_t language;
  bool has_lines;
  uint64_t lines; /* offset of its line table */
};
/* Reads the first entry of each unit of .debug_info; false as above. */
bool kn_unit_read(const struct kn_dwarf_sections *s,
                  void (*unit)(void *user, const struct kn_unit_info *u), void *user);

#endif
