/* The rows of an object's line tables, sorted. Called by dis.c. dwarf/line_reader.c reads the tables; it trusts no
 * byte. In a relocatable object addresses and offsets of strings are what the relocations at them say. */
#include "dis_lines.h"

#include "dis.h"
#include "line_reader.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
  struct line_table *out;
  Elf *elf;
  struct kn_dwarf_sections sections;
  Elf_Data *relocs, *symbols; /* of .debug_line; NULL: none */
  const struct tool_coff *coff;
  struct tool_coff_section coff_line; /* of COFF the same */
  bool relocatable;
  size_t first, n; /* files of this table are paths [first, first + n) */
  unsigned number; /* of the first one */
  bool in_sequence;
  size_t section;             /* of the sequence, in an object that was linked */
  struct code_section *codes; /* of such an object, by address */
  size_t n_codes;
};

/* A section of code. */
struct code_section {
  uint64_t at, size;
  size_t index;
};

/* ---- relocations and sections ---- */

/* What the relocation of the field at `p` says; 0: it has none. */
static uint32_t relocate(void *user, const uint8_t *p, uint64_t *value) {
  const struct reading *r = user;
  const size_t at = (size_t)(p - r->sections.line.at);
  size_t low = 0, high = r->relocs->d_size / sizeof(Elf64_Rela);
  GElf_Rela rela;
  GElf_Sym symbol;
  while (low < high) { /* the writer's are in order; others' are not looked for further */
    size_t middle = (low + high) / 2;
    if (gelf_getrela(r->relocs, (int)middle, &rela) == NULL) return 0;
    if (rela.r_offset < at) low = middle + 1;
    else high = middle;
  }
  if (gelf_getrela(r->relocs, (int)low, &rela) == NULL || rela.r_offset != at ||
      gelf_getsym(r->symbols, (int)GELF_R_SYM(rela.r_info), &symbol) == NULL)
    return 0;
  *value = symbol.st_value + (uint64_t)rela.r_addend;
  return symbol.st_shndx;
}

/* The same in COFF, where the field has the addend. */
static uint32_t relocate_coff(void *user, const uint8_t *p, uint64_t *value) {
  const struct reading *r = user;
  const size_t at = (size_t)(p - r->sections.line.at);
  uint32_t low = 0, high = r->coff_line.n_relocs;
  struct tool_coff_reloc reloc;
  struct tool_coff_symbol symbol;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (!tool_coff_reloc(r->coff, &r->coff_line, middle, &reloc)) return 0;
    if (reloc.at < at) low = middle + 1;
    else high = middle;
  }
  if (!tool_coff_reloc(r->coff, &r->coff_line, low, &reloc) || reloc.at != at ||
      !tool_coff_symbol(r->coff, reloc.symbol, &symbol) || symbol.section <= 0)
    return 0;
  *value += symbol.value;
  return (uint32_t)symbol.section;
}

static int by_address(const void *a, const void *b) {
  const struct code_section *x = a, *y = b;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return x->index < y->index ? 1 : -1; /* the first one counts: it is after the others */
}

static void list_codes(struct reading *r) {
  for (Elf_Scn *scn = elf_nextscn(r->elf, NULL); scn != NULL; scn = elf_nextscn(r->elf, scn)) {
    GElf_Shdr h;
    if (gelf_getshdr(scn, &h) == NULL || !(h.sh_flags & SHF_EXECINSTR)) continue;
    r->codes = dis_grow(r->codes, r->n_codes, sizeof *r->codes);
    r->codes[r->n_codes++] = (struct code_section){h.sh_addr, h.sh_size, elf_ndxscn(scn)};
  }
  if (r->n_codes > 1) qsort(r->codes, r->n_codes, sizeof *r->codes, by_address);
}

/* The section that an address is in, of an object that was linked. */
static size_t section_at(const struct reading *r, uint64_t address) {
  size_t low = 0, high = r->n_codes;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->codes[middle].at <= address) low = middle + 1;
    else high = middle;
  }
  if (low == 0 || address - r->codes[low - 1].at >= r->codes[low - 1].size) return 0;
  return r->codes[low - 1].index;
}

/* ---- tables ---- */

/* Notes the path of a file: directories but the first, which version 5 has, are relative to that. */
static void add_path(struct line_table *t, const char *base, const char *in, const char *name) {
  char path[4096];
  if (name == NULL) name = "?";
  if (in == NULL) in = "";
  if (name[0] == '/' || in[0] == 0) snprintf(path, sizeof path, "%s", name);
  else if (in[0] == '/' || base == NULL || base[0] == 0 || in == base)
    snprintf(path, sizeof path, "%s/%s", in, name);
  else snprintf(path, sizeof path, "%s/%s/%s", base, in, name);
  t->paths = dis_grow(t->paths, t->n_paths, sizeof *t->paths);
  t->paths[t->n_paths] = strdup(path);
  if (t->paths[t->n_paths] != NULL) t->n_paths++;
}

static bool on_table(void *user, const struct kn_line_table *t) {
  struct reading *r = user;
  struct kn_line_name *dirs = calloc(t->n_dirs + t->n_files + 1, sizeof *dirs);
  if (dirs == NULL) return false;
  struct kn_line_name *files = dirs + t->n_dirs;
  kn_line_names(t, dirs, files);
  r->first = r->out->n_paths;
  r->number = t->first;
  for (uint64_t i = 0; i < t->n_files; i++) {
    uint64_t dir = files[i].dir - t->first;
    add_path(r->out, t->first == 0 && t->n_dirs > 0 ? dirs[0].text : NULL,
             dir < t->n_dirs ? dirs[dir].text : NULL, files[i].text);
  }
  r->n = r->out->n_paths - r->first;
  r->in_sequence = false;
  free(dirs);
  return true;
}

static bool on_row(void *user, const struct kn_line_row *row) {
  struct reading *r = user;
  struct line_table *t = r->out;
  uint64_t file = row->file - r->number;
  if (!r->relocatable && !r->in_sequence) r->section = section_at(r, row->at);
  r->in_sequence = !row->end;
  t->rows = dis_grow(t->rows, t->n, sizeof *t->rows);
  t->rows[t->n] =
    (struct line_row){.at = row->at,
                      .section = r->relocatable ? row->section : r->section,
                      .path = !row->end && file < r->n ? t->paths[r->first + file] : NULL,
                      .line = row->end ? 0 : row->line,
                      .order = (uint32_t)t->n};
  t->n++;
  return true;
}

/* ---- the whole ---- */

static struct kn_dwarf_bytes content(Elf_Scn *scn, const GElf_Shdr *h) {
  Elf_Data *d = h->sh_flags & SHF_COMPRESSED ? NULL : elf_rawdata(scn, NULL);
  if (d == NULL || d->d_buf == NULL) return (struct kn_dwarf_bytes){0};
  return (struct kn_dwarf_bytes){d->d_buf, d->d_size};
}

static int by_place(const void *a, const void *b) {
  const struct line_row *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

static void read_tables(struct reading *r) {
  struct line_table *out = r->out;
  r->sections.user = r;
  kn_line_read(&r->sections, &(struct kn_line_sink){r, on_table, on_row});
  if (out->n > 1) qsort(out->rows, out->n, sizeof *out->rows, by_place);
}

void dis_lines_read_coff(const struct tool_coff *coff, struct line_table *out) {
  struct reading r = {.out = out, .coff = coff, .relocatable = true};
  struct tool_coff_section s;
  for (uint32_t i = 0; tool_coff_section(coff, i, &s); i++) {
    const struct kn_dwarf_bytes bytes = {s.bytes, s.size};
    const char *name = s.name != NULL ? s.name : "";
    if (strcmp(name, ".debug_line") == 0) {
      r.sections.line = bytes;
      r.coff_line = s;
    } else if (strcmp(name, ".debug_str") == 0) {
      r.sections.str = bytes;
    } else if (strcmp(name, ".debug_line_str") == 0) {
      r.sections.line_str = bytes;
    }
    free(s.name);
  }
  r.sections.relocate = relocate_coff;
  read_tables(&r);
}

void dis_lines_read(Elf *elf, struct line_table *out) {
  struct reading r = {.out = out, .elf = elf};
  struct kn_dwarf_sections *s = &r.sections;
  size_t names, index = 0;
  GElf_Ehdr head;
  GElf_Shdr h;
  if (elf_getshdrstrndx(elf, &names) != 0 || gelf_getehdr(elf, &head) == NULL) return;
  r.relocatable = head.e_type == ET_REL;
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn != NULL; scn = elf_nextscn(elf, scn)) {
    const char *name = gelf_getshdr(scn, &h) != NULL ? elf_strptr(elf, names, h.sh_name) : NULL;
    if (name == NULL) continue;
    if (strcmp(name, ".debug_line") == 0) {
      s->line = content(scn, &h);
      index = elf_ndxscn(scn);
    } else if (strcmp(name, ".debug_str") == 0) {
      s->str = content(scn, &h);
    } else if (strcmp(name, ".debug_line_str") == 0) {
      s->line_str = content(scn, &h);
    }
  }
  if (s->line.size == 0) return;
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn != NULL; scn = elf_nextscn(elf, scn)) {
    if (gelf_getshdr(scn, &h) == NULL || h.sh_type != SHT_RELA || h.sh_info != index) continue;
    r.relocs = elf_getdata(scn, NULL);
    r.symbols = elf_getdata(elf_getscn(elf, h.sh_link), NULL);
  }
  if (r.relocatable && r.relocs != NULL && r.symbols != NULL) s->relocate = relocate;
  if (!r.relocatable) list_codes(&r);
  read_tables(&r);
  free(r.codes);
}

size_t dis_lines_first(const struct line_table *t, size_t section) {
  size_t low = 0, high = t->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (t->rows[middle].section < section) low = middle + 1;
    else high = middle;
  }
  return low;
}

void dis_lines_free(struct line_table *t) {
  for (size_t i = 0; i < t->n_paths; i++) free(t->paths[i]);
  free(t->paths);
  free(t->rows);
}
