/* --listing: the text of each function beside its machine code. This file merges the lines of the text with the
 * pieces of the code; kiln-dis (tools/dis.c) disassembles and prints. It reads lines:
 *
 *   target x86_64 | file NAME | section NAME
 *   func ADDRESS SIZE       a function; its code: x HEXBYTES
 *   reloc OFFSET TYPE ADDEND SYMBOL
 *   text OFFSET LINE        before the instruction at that offset
 *   label OFFSET LINE       the same, of a block
 *   data OFFSET | code OFFSET   what follows is data, code again
 *   end                     of the function
 *
 * Numbers are hexadecimal; offsets count from the function's start and ascend. */
#include "coff.h"
#include "names.h"
#include "system.h"
#include "trace.h"

#include "../lib/object/elf_format.h"

#include <inttypes.h>
#include <kiln/emit.h>
#include <kiln/inspect.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- the lines of a text ---- */

/* Lines of one instruction, or of a block's label: bytes of the text. */
struct group {
  const char *text;
  size_t size;
  uint32_t block; /* UINT32_MAX: of none */
  uint32_t inst;  /* id, or 0 */
};

struct tool_lines {
  struct group *groups;
  uint32_t n, cap;
  uint32_t *of_inst;  /* by id: index + 1 of the group */
  uint32_t *of_block; /* by id: index + 1 of the label's */
  uint32_t n_insts, n_blocks;
  char text[];
};

static struct group *group_new(struct tool_lines *l) {
  if (l->n == l->cap) {
    uint32_t cap = l->cap != 0 ? 2 * l->cap : 64;
    struct group *g = realloc(l->groups, cap * sizeof *g);
    if (g == NULL) return NULL;
    l->groups = g;
    l->cap = cap;
  }
  struct group *g = &l->groups[l->n++];
  *g = (struct group){.block = UINT32_MAX};
  return g;
}

/* Splits the text, which the printer writes in the order of kiln_func_block_at: a line without indentation is a head,
 * a label or the end; one with two spaces begins an instruction, except slots before the first label, and lines such
 * as `!loc`, which belong to the next instruction; one with more spaces continues an instruction. */
static bool split(struct tool_lines *l, const kiln_func *f, size_t size) {
  uint32_t next_block = 0, block = UINT32_MAX;
  kiln_inst inst = {0};
  struct group *g = NULL;
  bool loc = false;
  for (const char *at = l->text, *end = at + size; at < end;) {
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    if (eol == NULL) eol = end;
    bool margin = *at != ' ' && *at != '}' && at != l->text, close = *at == '}';
    bool is_loc = strncmp(at, "  !", 3) == 0;
    bool starts = *at == ' ' && block != UINT32_MAX && strncmp(at, "    ", 4) != 0 && !loc;
    if (margin || close || starts || g == NULL) {
      if ((g = group_new(l)) == NULL) return false;
      g->text = at;
    }
    if (margin) {
      kiln_block b = kiln_func_block_at(f, next_block++);
      g->block = block = b.id;
      inst = kiln_block_first_inst(f, b);
      if (b.id < l->n_blocks) l->of_block[b.id] = l->n;
    }
    if (starts) g->block = block;
    if (*at == ' ' && block != UINT32_MAX && strncmp(at, "    ", 4) != 0 && !is_loc) {
      g->inst = inst.id;
      if (inst.id < l->n_insts) l->of_inst[inst.id] = l->n;
      inst = kiln_inst_next(f, inst);
    }
    loc = is_loc;
    g->size = (size_t)(eol - g->text);
    at = eol + (eol < end);
  }
  return true;
}

struct tool_lines *tool_lines_new(const kiln_func *f, const kiln_buffer *text) {
  struct tool_lines *l = calloc(1, sizeof *l + text->size + 1);
  if (l == NULL) return NULL;
  memcpy(l->text, text->data, text->size);
  l->n_insts = kiln_func_value_limit(f);
  l->n_blocks = kiln_func_block_limit(f);
  l->of_inst = calloc(l->n_insts + 1, sizeof *l->of_inst);
  l->of_block = calloc(l->n_blocks + 1, sizeof *l->of_block);
  if (l->of_inst != NULL && l->of_block != NULL && split(l, f, text->size)) return l;
  tool_lines_free(l);
  return NULL;
}

void tool_lines_free(struct tool_lines *l) {
  if (l == NULL) return;
  free(l->groups);
  free(l->of_inst);
  free(l->of_block);
  free(l);
}

/* ---- records ---- */

static bool put(kiln_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool put(kiln_buffer *b, const char *format, ...) {
  char line[256];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  return n >= 0 && (size_t)n < sizeof line && kiln_buffer_append(b, line, (size_t)n) == KILN_OK;
}

/* After a line `  !loc "FILE" LINE:COLUMN ...` the line of the source, if that is not the one shown before. */
static bool put_source(struct tool_trace *t, const char *at, const char *eol, uint32_t offset) {
  static const char head[] = "  !loc \"";
  char path[1024];
  if ((size_t)(eol - at) < sizeof head || memcmp(at, head, sizeof head - 1) != 0) return true;
  at += sizeof head - 1;
  const char *quote = memchr(at, '"', (size_t)(eol - at));
  if (quote == NULL || (size_t)(quote - at) >= sizeof path ||
      memchr(at, '\\', (size_t)(quote - at)) != NULL)
    return true;
  memcpy(path, at, (size_t)(quote - at));
  path[quote - at] = 0;
  uint32_t line = (uint32_t)strtoul(quote + 1, NULL, 10); /* a colon ends it */
  size_t length;
  const char *text = source_line(&t->sources, path, line, &length);
  if (text == NULL || text == t->source) return true;
  t->source = text;
  kiln_buffer *b = &t->records;
  return put(b, "text %" PRIx32 "   ; ", offset) &&
         kiln_buffer_append(b, text, length) == KILN_OK &&
         kiln_buffer_append(b, "\n", 1) == KILN_OK;
}

/* One record for each line of a group. */
static bool put_group(struct tool_trace *t, const struct group *g, uint32_t offset) {
  kiln_buffer *b = &t->records;
  bool label = g->block != UINT32_MAX && g->inst == 0 && g->text[0] != ' ';
  const char *kind = label ? "label" : "text";
  bool ok = true;
  for (const char *at = g->text, *end = at + g->size; at < end && ok;) {
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    if (eol == NULL) eol = end;
    ok = put(b, "%s %" PRIx32 " ", kind, offset) &&
         kiln_buffer_append(b, at, (size_t)(eol - at)) == KILN_OK &&
         kiln_buffer_append(b, "\n", 1) == KILN_OK && put_source(t, at, eol, offset);
    at = eol + (eol < end);
  }
  return ok;
}

/* Name of a symbol as the text has it, without its '@'. */
static bool put_name(kiln_buffer *b, const kiln_module *m, kiln_symbol s) {
  kiln_symbol_info i = kiln_symbol_get(m, s);
  char label[24] = "";
  if (i.kind == KILN_SYMBOL_BLOCK) {
    snprintf(label, sizeof label, ":b%" PRId64, i.offset_bytes);
    s = i.target;
    i = kiln_symbol_get(m, s);
  }
  const char *name = i.desc.name;
  if (name == NULL || *name == 0) return put(b, ".%" PRIu32 "%s", s.id, label);
  bool ok = true;
  for (; *name != 0 && ok; name++) {
    if (tool_name_is_plain(*name)) ok = kiln_buffer_append(b, name, 1) == KILN_OK;
    else ok = put(b, "\\%02x", (unsigned)(unsigned char)*name);
  }
  return ok && kiln_buffer_append(b, label, strlen(label)) == KILN_OK;
}

static bool put_code(struct tool_trace *t, const kiln_code *code) {
  kiln_buffer *b = &t->records;
  uint8_t *to = kiln_buffer_reserve(b, 2 * (size_t)code->size_bytes + 3);
  if (to == NULL) return false;
  *to++ = 'x';
  *to++ = ' ';
  for (uint32_t i = 0; i < code->size_bytes; i++) {
    *to++ = (uint8_t)"0123456789abcdef"[code->bytes[i] >> 4];
    *to++ = (uint8_t)"0123456789abcdef"[code->bytes[i] & 15];
  }
  *to = '\n';
  b->size += 2 * (size_t)code->size_bytes + 3;
  bool ok = true;
  for (uint32_t i = 0; i < code->n_relocs && ok; i++) {
    kiln_code_reloc r = kiln_session_get_code_reloc(t->session, i);
    kiln_module *m = kiln_session_module(t->session);
    uint32_t type = kiln_elf_reloc_number(kiln_module_get_target(m).processor, r.kind);
    ok = put(b, "reloc %" PRIx32 " %" PRIx32 " %" PRIx64 " ", r.offset_bytes, type,
             (uint64_t)r.addend) &&
         put_name(b, m, r.symbol) && kiln_buffer_append(b, "\n", 1) == KILN_OK;
  }
  return ok;
}

/* Appends what belongs to no instruction: the remaining lines of the current block, and the kind of the piece. */
static bool put_tail(kiln_buffer *b, const kiln_code_piece *p) {
  if (p->offset_bytes == 0) return true; /* the prologue: after the head */
  return put(b, "text %" PRIx32 "   ; %s\n", p->offset_bytes, p->data ? "literals" : "epilogue");
}

bool tool_listing_add(struct tool_trace *t, const struct tool_lines *l) {
  kiln_buffer *b = &t->records;
  kiln_code code;
  if (!kiln_session_find_code(t->session, &code) || !put_code(t, &code)) return false;
  t->source = NULL;
  bool ok = l->n > 0 && put_group(t, &l->groups[0], 0), data = false;
  uint32_t next = 0, block = UINT32_MAX; /* the block that is open, and its next group */
  for (uint32_t i = 0; i < code.n_pieces && ok; i++) {
    const kiln_code_piece *p = &code.pieces[i];
    uint32_t at = p->offset_bytes;
    if (p->block.id != block) { /* the remaining groups of the previous block have no code */
      while (block != UINT32_MAX && next < l->n && l->groups[next].block == block && ok)
        ok = put_group(t, &l->groups[next++], at);
      block = p->block.id;
      next = block < l->n_blocks ? l->of_block[block] - 1 : l->n;
      if (next < l->n) l->of_block[block] = 0; /* listed */
    }
    if (data != p->data && ok) ok = put(b, "%s %" PRIx32 "\n", p->data ? "data" : "code", at);
    data = p->data;
    if (block == UINT32_MAX) {
      ok = ok && put_tail(b, p);
      continue;
    }
    uint32_t end = p->inst.id == 0 ? next + 1 : l->of_inst[p->inst.id];
    for (; next < end && next < l->n && ok; next++) ok = put_group(t, &l->groups[next], at);
  }
  while (block != UINT32_MAX && next < l->n && l->groups[next].block == block && ok)
    ok = put_group(t, &l->groups[next++], code.size_bytes);
  bool dropped = false;
  for (uint32_t k = 1; k + 1 < l->n && ok; k++) { /* blocks without code */
    const struct group *g = &l->groups[k];
    if (g->block >= l->n_blocks || l->of_block[g->block] == 0) continue;
    if (!dropped) ok = put(b, "text %" PRIx32 " ; nothing reaches this:\n", code.size_bytes);
    dropped = true;
    ok = ok && put_group(t, g, code.size_bytes);
  }
  return ok && put_group(t, &l->groups[l->n - 1], code.size_bytes) && put(b, "end\n");
}

/* ---- where the functions are in the object ---- */

struct place {
  const char *name, *section;
  uint64_t value;
};

struct places {
  struct place *at;
  size_t n;
};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

/* Those of COFF; the names are kept. */
static struct places coff_places(const struct tool_coff *c) {
  struct places p = {.at = calloc((size_t)c->n_symbols + 1, sizeof *p.at)};
  struct tool_coff_symbol y;
  struct tool_coff_section s;
  for (uint32_t i = 0; p.at != NULL && tool_coff_symbol(c, i, &y); i += 1 + y.aux) {
    if (!y.func || y.section <= 0 || !tool_coff_section(c, (uint32_t)y.section - 1, &s)) continue;
    const char *name = tool_coff_symbol_name(c, i);
    if (name != NULL && s.name != NULL) p.at[p.n++] = (struct place){name, s.name, y.value};
  }
  if (p.n > 0) qsort(p.at, p.n, sizeof *p.at, by_name);
  return p;
}

/* Finds the object's functions. The library made it, so it is well formed. */
static struct places find_places(const kiln_buffer *object) {
  struct places p = {0};
  struct tool_coff coff;
  if (tool_coff_open(&coff, object->data, object->size)) return coff_places(&coff);
  const Elf64_Ehdr *e = (const void *)object->data;
  const Elf64_Shdr *s = (const void *)(object->data + e->e_shoff);
  uint32_t names_index = e->e_shstrndx != SHN_XINDEX ? e->e_shstrndx : s[0].sh_link;
  const char *section_names = (const char *)object->data + s[names_index].sh_offset;
  uint64_t n = e->e_shnum != 0 ? e->e_shnum : s[0].sh_size;
  for (uint64_t i = 0; i < n; i++) {
    if (s[i].sh_type != SHT_SYMTAB) continue;
    const Elf64_Sym *rows = (const void *)(object->data + s[i].sh_offset);
    const char *names = (const char *)object->data + s[s[i].sh_link].sh_offset;
    size_t count = s[i].sh_size / sizeof *rows;
    p.at = calloc(count + 1, sizeof *p.at);
    for (size_t k = 0; k < count && p.at != NULL; k++) {
      if (ELF64_ST_TYPE(rows[k].st_info) != STT_FUNC) continue;
      bool known = rows[k].st_shndx < SHN_LORESERVE;
      p.at[p.n++] =
        (struct place){names + rows[k].st_name,
                       known ? section_names + s[rows[k].st_shndx].sh_name : "", rows[k].st_value};
    }
  }
  if (p.n > 0) qsort(p.at, p.n, sizeof *p.at, by_name);
  return p;
}

/* ---- output ---- */

static void print_records(FILE *to, struct tool_trace *t, const struct places *places) {
  const kiln_module *m = kiln_session_module(t->session);
  const struct tool_listed *rows = (const void *)t->listed.data;
  size_t n = t->listed.size / sizeof *rows;
  const char *section = "";
  for (size_t i = 0; i < n; i++) {
    struct place key = {.name = kiln_symbol_get(m, rows[i].symbol).desc.name};
    const struct place *p = NULL;
    if (key.name != NULL && places->n > 0)
      p = bsearch(&key, places->at, places->n, sizeof *places->at, by_name);
    const char *now = p != NULL ? p->section : "";
    if (strcmp(section, now) != 0) {
      fputs("section ", to);
      tool_name_print(to, section = now);
      putc('\n', to);
    }
    size_t end = i + 1 < n ? rows[i + 1].first : t->records.size;
    fprintf(to, "func %" PRIx64 "\n", p != NULL ? p->value : 0);
    fwrite(t->records.data + rows[i].first, 1, end - rows[i].first, to);
  }
}

bool tool_listing_write(struct tool_trace *t, const char *path, const kiln_buffer *object) {
  FILE *records = tmpfile();
  if (records == NULL) {
    tool_error("listing: %s", strerror(errno));
    return false;
  }
  struct places places = find_places(object);
  kiln_processor target = kiln_module_processor(kiln_session_module(t->session));
  fprintf(records, "target %s\nfile ", kiln_processor_name(target));
  tool_name_print(records, path);
  putc('\n', records);
  print_records(records, t, &places);
  bool ok = tool_system_dis(records, t->listing_file);
  free(places.at);
  fclose(records);
  return ok;
}
