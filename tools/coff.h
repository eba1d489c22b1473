/* Reads COFF objects, for disassemblies and listings. Trusts no offset: what is outside of the file is as if it was not
 * there. Source: Microsoft, "PE Format"; lib/object/coff.c writes them. */
#ifndef KN_TOOLS_COFF_H
#define KN_TOOLS_COFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tool_coff {
  const uint8_t *at;
  size_t size;
  uint32_t n_sections, n_symbols;
  uint32_t symbol_bytes;              /* 18, or 20 in bigobj */
  uint64_t headers, symbols, strings; /* offsets: section headers, symbol table, strings after it */
};

struct tool_coff_section {
  char *name; /* the caller frees it; NULL without memory */
  bool code;
  const uint8_t *bytes;
  size_t size;
  uint64_t relocs; /* offset of the first one */
  uint32_t n_relocs;
};

struct tool_coff_symbol {
  uint32_t value;
  int32_t section; /* number, from 1; others: in none */
  bool func, section_symbol;
  uint32_t aux; /* records that follow */
};

struct tool_coff_reloc {
  uint32_t at, symbol, type;
};

/* False if the bytes are no COFF object for x86-64. */
bool tool_coff_open(struct tool_coff *c, const void *bytes, size_t size);
/* Section `i`, from 0; false if the file ends before. */
bool tool_coff_section(const struct tool_coff *c, uint32_t i, struct tool_coff_section *out);
/* Symbol `i`; false if there is none. */
bool tool_coff_symbol(const struct tool_coff *c, uint32_t i, struct tool_coff_symbol *out);
/* Its name, which the caller frees; NULL without memory. */
char *tool_coff_symbol_name(const struct tool_coff *c, uint32_t i);
/* Relocation `i` of a section; false if the file ends before. */
bool tool_coff_reloc(const struct tool_coff *c, const struct tool_coff_section *s, uint32_t i,
                     struct tool_coff_reloc *out);

#endif
