/* Reads COFF objects: see coff.h. Called by dis.c and listing.c. */
#include "coff.h"
#include "system.h"

enum { HEADER = 20, BIG_HEADER = 56, SECTION = 40, SYMBOL = 18, BIG_SYMBOL = 20, RELOC = 10 };
enum { MACHINE = 0x8664, CODE = 0x20, ZERO = 0x80, MANY_RELOCS = 0x01000000, STATIC = 3 };

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }

static bool has(const struct tool_coff *c, uint64_t at, uint64_t n) {
  return at <= c->size && n <= c->size - at;
}

bool tool_coff_open(struct tool_coff *c, const void *bytes, size_t size) {
  const uint8_t *p = bytes;
  *c = (struct tool_coff){.at = p, .size = size};
  if (size < HEADER) return false;
  const bool big = get32(p) == 0xffff0000 && size >= BIG_HEADER && get16(p + 4) >= 2;
  if (get16(p + (big ? 6 : 0)) != MACHINE) return false;
  c->n_sections = big ? get32(p + 44) : get16(p + 2);
  c->symbols = get32(p + (big ? 48 : 8));
  c->n_symbols = get32(p + (big ? 52 : 12));
  c->symbol_bytes = big ? BIG_SYMBOL : SYMBOL;
  c->headers = big ? BIG_HEADER : HEADER + get16(p + 16);
  c->strings = c->symbols + (uint64_t)c->n_symbols * c->symbol_bytes;
  return has(c, c->headers, (uint64_t)c->n_sections * SECTION) &&
         has(c, c->symbols, c->strings - c->symbols);
}

/* A name of the table of strings. */
static char *string(const struct tool_coff *c, uint64_t at) {
  at += c->strings;
  return has(c, at, 1) ? strndup((const char *)c->at + at, c->size - at) : strdup("?");
}

bool tool_coff_section(const struct tool_coff *c, uint32_t i, struct tool_coff_section *out) {
  const uint8_t *p = c->at + c->headers + (uint64_t)i * SECTION;
  if (i >= c->n_sections) return false;
  const uint32_t flags = get32(p + 36), at = get32(p + 20), size = get32(p + 16);
  *out = (struct tool_coff_section){
    .code = flags & CODE, .relocs = get32(p + 24), .n_relocs = get16(p + 32)};
  if (!(flags & ZERO) && size != 0) {
    if (!has(c, at, size)) return false;
    out->bytes = c->at + at;
    out->size = size;
  }
  if (flags & MANY_RELOCS && out->n_relocs == 0xffff && has(c, out->relocs, RELOC)) {
    out->n_relocs = get32(c->at + out->relocs) - 1;
    out->relocs += RELOC;
  }
  char name[9] = {0};
  memcpy(name, p, 8);
  out->name =
    name[0] == '/' && name[1] != '/' ? string(c, strtoul(name + 1, NULL, 10)) : strdup(name);
  return true;
}

bool tool_coff_symbol(const struct tool_coff *c, uint32_t i, struct tool_coff_symbol *out) {
  const uint8_t *p = c->at + c->symbols + (uint64_t)i * c->symbol_bytes, *rest;
  if (i >= c->n_symbols) return false;
  rest = p + c->symbol_bytes - 4;
  const int32_t section =
    c->symbol_bytes == BIG_SYMBOL ? (int32_t)get32(p + 12) : (int16_t)get16(p + 12);
  *out = (struct tool_coff_symbol){.value = get32(p + 8),
                                   .section = section,
                                   .func = get16(rest) == 0x20,
                                   .section_symbol = rest[2] == STATIC && rest[3] != 0,
                                   .aux = rest[3]};
  return true;
}

char *tool_coff_symbol_name(const struct tool_coff *c, uint32_t i) {
  if (i >= c->n_symbols) return strdup("?");
  const uint8_t *p = c->at + c->symbols + (uint64_t)i * c->symbol_bytes;
  return get32(p) == 0 ? string(c, get32(p + 4)) : strndup((const char *)p, 8);
}

bool tool_coff_reloc(const struct tool_coff *c, const struct tool_coff_section *s, uint32_t i,
                     struct tool_coff_reloc *out) {
  const uint64_t at = s->relocs + (uint64_t)i * RELOC;
  if (i >= s->n_relocs || !has(c, at, RELOC)) return false;
  *out = (struct tool_coff_reloc){get32(c->at + at), get32(c->at + at + 4), get16(c->at + at + 8)};
  return true;
}
