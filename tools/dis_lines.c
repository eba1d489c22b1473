/* Reads line tables (DWARF 5, 6.2; and the older header of versions 2 to 4). Called by dis.c. The input is not trusted:
 * whatever does not fit ends the table that it is in. In a relocatable object addresses and offsets of strings are what
 * the relocations at them say. */
#include "dis_lines.h"

#include "dis.h"

#include <gelf.h>
#include <kiln/dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sections that are read. */
struct sections {
  const uint8_t *lines, *strings, *line_strings;
  size_t lines_size, strings_size, line_strings_size;
  Elf_Data *relocs, *symbols; /* of the lines; NULL: none */
  bool relocatable;
  Elf *elf;
};

/* A part of .debug_line; `bad` once something did not fit. */
struct reader {
  const struct sections *s;
  size_t at, end;
  bool bad;
};

/* ---- bytes ---- */

static uint64_t get(struct reader *r, size_t n) {
  uint64_t v = 0;
  if (r->bad || r->end - r->at < n) {
    r->bad = true;
    return 0;
  }
  for (size_t i = 0; i < n && i < 8; i++) v |= (uint64_t)r->s->lines[r->at + i] << (8 * i);
  r->at += n;
  return v;
}

static uint64_t get_uleb(struct reader *r) {
  uint64_t v = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint64_t byte = get(r, 1);
    if (shift < 64) v |= (byte & 0x7f) << shift;
    if (r->bad || !(byte & 0x80)) return v;
  }
}

static int64_t get_sleb(struct reader *r) {
  uint64_t v = 0;
  for (unsigned shift = 0;;) {
    uint64_t byte = get(r, 1);
    if (shift < 64) v |= (byte & 0x7f) << shift;
    shift += 7;
    if (r->bad || byte & 0x80) {
      if (r->bad) return 0;
      continue;
    }
    if (shift < 64 && byte & 0x40) v |= ~UINT64_C(0) << shift;
    return (int64_t)v;
  }
}

static const char *terminated(const uint8_t *bytes, size_t size, uint64_t at) {
  return bytes != NULL && at < size && memchr(bytes + at, 0, size - at) != NULL
           ? (const char *)bytes + at
           : NULL;
}

/* The relocation of the field at `at`; false: it has none. */
static bool relocation(const struct sections *s, size_t at, GElf_Sym *symbol, uint64_t *value) {
  if (s->relocs == NULL) return false;
  size_t low = 0, high = s->relocs->d_size / sizeof(Elf64_Rela);
  GElf_Rela r;
  while (low < high) { /* the writer's are in order; others' are not looked for further */
    size_t middle = (low + high) / 2;
    if (gelf_getrela(s->relocs, (int)middle, &r) == NULL) return false;
    if (r.r_offset < at) low = middle + 1;
    else high = middle;
  }
  if (gelf_getrela(s->relocs, (int)low, &r) == NULL || r.r_offset != at ||
      gelf_getsym(s->symbols, (int)GELF_R_SYM(r.r_info), symbol) == NULL)
    return false;
  *value = symbol->st_value + (uint64_t)r.r_addend;
  return true;
}

static const char *get_string(struct reader *r, uint64_t form, size_t offset_size) {
  if (form == KILN_DW_FORM_string) {
    const char *text = terminated(r->s->lines, r->end, r->at);
    if (r->bad || text == NULL) {
      r->bad = true;
      return NULL;
    }
    r->at += strlen(text) + 1;
    return text;
  }
  GElf_Sym symbol;
  size_t field = r->at;
  uint64_t at = get(r, offset_size);
  relocation(r->s, field, &symbol, &at);
  if (form == KILN_DW_FORM_line_strp)
    return terminated(r->s->line_strings, r->s->line_strings_size, at);
  return terminated(r->s->strings, r->s->strings_size, at);
}

/* A number of any form that entries have; of others the bytes are passed over. */
static uint64_t get_form(struct reader *r, uint64_t form) {
  uint64_t n;
  switch (form) {
  case KILN_DW_FORM_data1: return get(r, 1);
  case KILN_DW_FORM_data2: return get(r, 2);
  case KILN_DW_FORM_data4: return get(r, 4);
  case KILN_DW_FORM_data8: return get(r, 8);
  case KILN_DW_FORM_udata: return get_uleb(r);
  case KILN_DW_FORM_data16: return get(r, 16);
  case KILN_DW_FORM_block:
    n = get_uleb(r);
    if (n > r->end - r->at) r->bad = true;
    else r->at += n;
    return 0;
  default: r->bad = true; return 0;
  }
}

/* ---- the header ---- */

struct names {
  const char **dirs;
  size_t n_dirs;
  size_t first, n; /* the table's files are paths [first, first + n) */
};

/* Notes the path of a file: directories but the first are relative to that. */
static void add_path(struct line_table *t, const struct names *names, uint64_t dir,
                     const char *name) {
  const char *in = dir < names->n_dirs && names->dirs[dir] != NULL ? names->dirs[dir] : "";
  const char *base = names->n_dirs > 0 && names->dirs[0] != NULL ? names->dirs[0] : "";
  char path[4096];
  if (name == NULL) name = "?";
  if (name[0] == '/' || in[0] == 0) snprintf(path, sizeof path, "%s", name);
  else if (in[0] == '/' || base[0] == 0 || dir == 0) snprintf(path, sizeof path, "%s/%s", in, name);
  else snprintf(path, sizeof path, "%s/%s/%s", base, in, name);
  t->paths = dis_grow(t->paths, t->n_paths, sizeof *t->paths);
  t->paths[t->n_paths] = strdup(path);
  if (t->paths[t->n_paths] != NULL) t->n_paths++;
}

static void add_dir(struct names *names, const char *name) {
  names->dirs = dis_grow(names->dirs, names->n_dirs, sizeof *names->dirs);
  names->dirs[names->n_dirs++] = name;
}

/* Directories or files of version 5. */
static void entries(struct reader *r, struct line_table *t, struct names *names, bool files,
                    size_t offset_size) {
  uint64_t format[2 * 16];
  size_t n_format = (size_t)get(r, 1);
  if (n_format > 16) r->bad = true;
  for (size_t i = 0; i < 2 * n_format && !r->bad; i++) format[i] = get_uleb(r);
  uint64_t n = get_uleb(r);
  if (n_format == 0) return;
  for (uint64_t k = 0; k < n && !r->bad; k++) {
    const char *name = NULL;
    uint64_t dir = 0;
    for (size_t i = 0; i < n_format && !r->bad; i++) {
      uint64_t form = format[2 * i + 1];
      bool text =
        form == KILN_DW_FORM_string || form == KILN_DW_FORM_strp || form == KILN_DW_FORM_line_strp;
      if (text) {
        const char *value = get_string(r, form, offset_size);
        if (format[2 * i] == KILN_DW_LNCT_path) name = value;
      } else {
        uint64_t value = get_form(r, form);
        if (format[2 * i] == KILN_DW_LNCT_directory_index) dir = value;
      }
    }
    if (r->bad) return;
    if (files) add_path(t, names, dir, name);
    else add_dir(names, name);
  }
}

/* The same of older versions, where the first directory is the unit's, which is not said here,
 * and files count from 1. */
static void old_entries(struct reader *r, struct line_table *t, struct names *names) {
  const char *name;
  add_dir(names, NULL);
  while ((name = get_string(r, KILN_DW_FORM_string, 4)) != NULL && name[0] != 0)
    add_dir(names, name);
  add_path(t, names, 0, "?");
  while (!r->bad && (name = get_string(r, KILN_DW_FORM_string, 4)) != NULL && name[0] != 0) {
    uint64_t dir = get_uleb(r);
    get_uleb(r);
    get_uleb(r);
    add_path(t, names, dir, name);
  }
}

/* ---- rows ---- */

struct state {
  uint64_t at, line, file;
  size_t section;
};

static void add_row(struct line_table *t, const struct names *names, const struct state *s,
                    bool end) {
  const char *path = s->file < names->n ? t->paths[names->first + s->file] : NULL;
  t->rows = dis_grow(t->rows, t->n, sizeof *t->rows);
  t->rows[t->n] = (struct line_row){s->at, s->section, end ? NULL : path,
                                    end ? 0 : (uint32_t)s->line, (uint32_t)t->n};
  t->n++;
}

/* The section that an address is in, of an object that was linked. */
static size_t section_at(Elf *elf, uint64_t address) {
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn != NULL; scn = elf_nextscn(elf, scn)) {
    GElf_Shdr h;
    if (gelf_getshdr(scn, &h) != NULL && h.sh_flags & SHF_EXECINSTR && address >= h.sh_addr &&
        address - h.sh_addr < h.sh_size)
      return elf_ndxscn(scn);
  }
  return 0;
}

static void extended(struct reader *r, struct line_table *t, const struct names *names,
                     struct state *s, const struct state *start) {
  uint64_t size = get_uleb(r);
  if (r->bad || size == 0 || size > r->end - r->at) {
    r->bad = true;
    return;
  }
  size_t next = r->at + (size_t)size;
  uint64_t op = get(r, 1);
  if (op == KILN_DW_LNE_end_sequence) {
    add_row(t, names, s, true);
    *s = *start;
  } else if (op == KILN_DW_LNE_set_address && size == 9) {
    GElf_Sym symbol;
    size_t field = r->at;
    s->at = get(r, 8);
    if (relocation(r->s, field, &symbol, &s->at)) s->section = symbol.st_shndx;
    else s->section = r->s->relocatable ? 0 : section_at(r->s->elf, s->at);
  }
  r->at = next;
}

static void run(struct reader *r, struct line_table *t, const struct names *names,
                const uint8_t *lengths, uint64_t opcode_base, int64_t line_base,
                uint64_t line_range, uint64_t step) {
  const struct state start = {.line = 1, .file = 1};
  struct state s = start;
  while (!r->bad && r->at < r->end) {
    uint64_t op = get(r, 1);
    if (op >= opcode_base) {
      op -= opcode_base;
      s.at += op / line_range * step;
      s.line += (uint64_t)(line_base + (int64_t)(op % line_range));
      add_row(t, names, &s, false);
      continue;
    }
    switch (op) {
    case 0: extended(r, t, names, &s, &start); break;
    case KILN_DW_LNS_copy: add_row(t, names, &s, false); break;
    case KILN_DW_LNS_advance_pc: s.at += get_uleb(r) * step; break;
    case KILN_DW_LNS_advance_line: s.line += (uint64_t)get_sleb(r); break;
    case KILN_DW_LNS_set_file: s.file = get_uleb(r); break;
    case KILN_DW_LNS_const_add_pc: s.at += (255 - opcode_base) / line_range * step; break;
    case KILN_DW_LNS_fixed_advance_pc: s.at += get(r, 2); break;
    default:
      for (unsigned i = 0; i < lengths[op]; i++) get_uleb(r);
    }
  }
}

/* Reads the table at r->at and moves behind it. */
static void read_table(struct reader *all, struct line_table *t) {
  uint64_t size = get(all, 4);
  size_t offset_size = 4;
  if (size == UINT32_MAX) {
    size = get(all, 8);
    offset_size = 8;
  }
  if (all->bad || size > all->end - all->at) {
    all->bad = true;
    return;
  }
  struct reader r = {.s = all->s, .at = all->at, .end = all->at + (size_t)size};
  all->at = r.end;
  uint64_t version = get(&r, 2);
  if (version < 2 || version > 5) return;
  if (version >= 5) get(&r, 2); /* sizes of addresses and segments */
  uint64_t header = get(&r, offset_size);
  if (r.bad || header > r.end - r.at) return;
  size_t program = r.at + (size_t)header;
  uint64_t step = get(&r, 1);
  if (version >= 4) get(&r, 1);
  get(&r, 1); /* is_stmt */
  int64_t line_base = (int8_t)get(&r, 1);
  uint64_t line_range = get(&r, 1), opcode_base = get(&r, 1);
  uint8_t lengths[256] = {0};
  for (uint64_t i = 1; i < opcode_base; i++) lengths[i] = (uint8_t)get(&r, 1);
  struct names names = {.first = t->n_paths};
  if (version >= 5) {
    entries(&r, t, &names, false, offset_size);
    entries(&r, t, &names, true, offset_size);
  } else {
    old_entries(&r, t, &names);
  }
  names.n = t->n_paths - names.first;
  if (!r.bad && line_range != 0 && opcode_base != 0) {
    r.at = program;
    run(&r, t, &names, lengths, opcode_base, line_base, line_range, step);
  }
  free(names.dirs);
}

/* ---- the whole ---- */

static const uint8_t *content(Elf_Scn *scn, const GElf_Shdr *h, size_t *size) {
  Elf_Data *d = h->sh_flags & SHF_COMPRESSED ? NULL : elf_rawdata(scn, NULL);
  *size = d != NULL && d->d_buf != NULL ? d->d_size : 0;
  return *size != 0 ? d->d_buf : NULL;
}

static int by_place(const void *a, const void *b) {
  const struct line_row *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

void dis_lines_read(Elf *elf, struct line_table *out) {
  struct sections s = {.elf = elf};
  size_t names, index = 0;
  GElf_Ehdr head;
  GElf_Shdr h;
  if (elf_getshdrstrndx(elf, &names) != 0 || gelf_getehdr(elf, &head) == NULL) return;
  s.relocatable = head.e_type == ET_REL;
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn != NULL; scn = elf_nextscn(elf, scn)) {
    const char *name = gelf_getshdr(scn, &h) != NULL ? elf_strptr(elf, names, h.sh_name) : NULL;
    if (name == NULL) continue;
    if (strcmp(name, ".debug_line") == 0) {
      s.lines = content(scn, &h, &s.lines_size);
      index = elf_ndxscn(scn);
    } else if (strcmp(name, ".debug_str") == 0) {
      s.strings = content(scn, &h, &s.strings_size);
    } else if (strcmp(name, ".debug_line_str") == 0) {
      s.line_strings = content(scn, &h, &s.line_strings_size);
    }
  }
  if (s.lines == NULL) return;
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn != NULL; scn = elf_nextscn(elf, scn)) {
    if (gelf_getshdr(scn, &h) == NULL || h.sh_type != SHT_RELA || h.sh_info != index) continue;
    s.relocs = elf_getdata(scn, NULL);
    s.symbols = elf_getdata(elf_getscn(elf, h.sh_link), NULL);
    if (s.symbols == NULL) s.relocs = NULL;
  }
  struct reader r = {.s = &s, .end = s.lines_size};
  while (!r.bad && r.at < r.end) read_table(&r, out);
  if (out->n > 1) qsort(out->rows, out->n, sizeof *out->rows, by_place);
}

size_t dis_lines_first(const struct line_table *t, size_t section) {
  size_t i = 0;
  while (i < t->n && t->rows[i].section < section) i++;
  return i;
}

void dis_lines_free(struct line_table *t) {
  for (size_t i = 0; i < t->n_paths; i++) free(t->paths[i]);
  free(t->paths);
  free(t->rows);
}
