/* kiln-dis: the program that `kiln dis` starts. Prints the code of an ELF64 object or executable, or of a COFF object:
 * sections, symbol labels, instructions, each relocation in the line of the instruction that holds it, and lines of the
 * source where the object says them. Reads ELF by libelf only; never trusts an index. With --records it
 * prints what `kiln compile` gives it. */
#include "dis.h"

#include "coff.h"
#include "dis_lines.h"
#include "names.h"
#include "options.h"
#include "source.h"
#include "threads.h"

#include <gelf.h>
#include <libelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A section of relocations. */
struct reloc_section {
  size_t section; /* what they are of */
  size_t order;
  Elf_Scn *scn;
};

struct object {
  size_t size;
  Elf *elf;
  GElf_Ehdr head;
  size_t names; /* section of section names */
  struct label *labels;
  size_t n_labels;
  struct reloc_section *relocs;
  size_t n_relocs;
  struct line_table lines;
  struct source_files sources;
};

/* A section that names are in: all of them end in it. NULL: it is none. */
static const Elf_Data *strings_of(const struct object *o, size_t section) {
  Elf_Scn *scn = elf_getscn(o->elf, section);
  const Elf_Data *d = scn != NULL ? elf_rawdata(scn, NULL) : NULL;
  const char *at = d != NULL ? d->d_buf : NULL;
  return at != NULL && d->d_size > 0 && at[d->d_size - 1] == 0 ? d : NULL;
}

static const char *string(const Elf_Data *strings, size_t at) {
  return strings != NULL && at < strings->d_size ? (const char *)strings->d_buf + at : "?";
}

/* Name of a symbol; a section symbol has that of its section. `strings`: of its table. */
static const char *symbol_name(const struct object *o, const Elf_Data *strings, const GElf_Sym *s) {
  GElf_Shdr h;
  if (GELF_ST_TYPE(s->st_info) != STT_SECTION) return string(strings, s->st_name);
  Elf_Scn *scn = elf_getscn(o->elf, s->st_shndx);
  return scn != NULL && gelf_getshdr(scn, &h) != NULL ? string(strings_of(o, o->names), h.sh_name)
                                                      : "?";
}

static void collect_labels(struct object *o, Elf_Scn *scn, const GElf_Shdr *h) {
  Elf_Data *d = elf_getdata(scn, NULL);
  const Elf_Data *strings = strings_of(o, h->sh_link);
  GElf_Sym s;
  for (int i = 0; d != NULL && gelf_getsym(d, i, &s) != NULL; i++) {
    if (GELF_ST_TYPE(s.st_info) == STT_SECTION) continue;
    o->labels = dis_grow(o->labels, o->n_labels, sizeof *o->labels);
    o->labels[o->n_labels] = (struct label){.at = s.st_value,
                                            .name = symbol_name(o, strings, &s),
                                            .section = s.st_shndx,
                                            .order = o->n_labels};
    o->n_labels++;
  }
}

static int by_section(const void *a, const void *b) {
  const struct reloc_section *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

/* Finds what points into sections, once for all of them. */
static void collect(struct object *o) {
  for (Elf_Scn *scn = elf_nextscn(o->elf, NULL); scn != NULL; scn = elf_nextscn(o->elf, scn)) {
    GElf_Shdr h;
    if (gelf_getshdr(scn, &h) == NULL) continue;
    if (h.sh_type == SHT_SYMTAB) collect_labels(o, scn, &h);
    if (h.sh_type != SHT_RELA) continue;
    o->relocs = dis_grow(o->relocs, o->n_relocs, sizeof *o->relocs);
    o->relocs[o->n_relocs] = (struct reloc_section){h.sh_info, o->n_relocs, scn};
    o->n_relocs++;
  }
  dis_sort_labels(o->labels, o->n_labels);
  if (o->n_relocs > 1) qsort(o->relocs, o->n_relocs, sizeof *o->relocs, by_section);
}

static void take_labels(const struct object *o, size_t section, struct code *c) {
  size_t low = 0, high = o->n_labels;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (o->labels[middle].section < section) low = middle + 1;
    else high = middle;
  }
  c->labels = o->labels + low;
  while (low < o->n_labels && o->labels[low].section == section) low++, c->n_labels++;
}

static void take_relocs(const struct object *o, Elf_Scn *scn, struct code *c) {
  GElf_Shdr h, symbols;
  Elf_Data *d = elf_getdata(scn, NULL);
  if (d == NULL || gelf_getshdr(scn, &h) == NULL) return;
  Elf_Scn *table = elf_getscn(o->elf, h.sh_link);
  Elf_Data *rows = table != NULL ? elf_getdata(table, NULL) : NULL;
  if (rows == NULL || gelf_getshdr(table, &symbols) == NULL) return;
  const Elf_Data *strings = strings_of(o, symbols.sh_link);
  GElf_Rela r;
  for (int i = 0; gelf_getrela(d, i, &r) != NULL; i++) {
    GElf_Sym s;
    bool known = gelf_getsym(rows, (int)GELF_R_SYM(r.r_info), &s) != NULL;
    c->relocs = dis_grow(c->relocs, c->n_relocs, sizeof *c->relocs);
    c->relocs[c->n_relocs++] =
      (struct reloc){r.r_offset, (uint32_t)GELF_R_TYPE(r.r_info), r.r_addend,
                     known ? symbol_name(o, strings, &s) : "?", NULL};
  }
}

static void collect_relocs(const struct object *o, size_t section, struct code *c) {
  size_t low = 0, high = o->n_relocs;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (o->relocs[middle].section < section) low = middle + 1;
    else high = middle;
  }
  for (; low < o->n_relocs && o->relocs[low].section == section; low++)
    take_relocs(o, o->relocs[low].scn, c);
}

/* The file and line of the code from here on, and the line itself if the file is there. */
static void print_source(struct object *o, const struct line_row *row) {
  size_t length;
  const char *text = source_line(&o->sources, row->path, row->line, &length);
  fputs("; ", stdout);
  tool_name_print(stdout, row->path);
  printf(":%u", row->line);
  if (text != NULL) printf("  %.*s", (int)length, text);
  putchar('\n');
}

static void print_code(struct object *o, size_t section, const char *name, const struct code *c) {
  size_t label = 0, reloc = 0, row = dis_lines_first(&o->lines, section);
  const struct line_row *rows = o->lines.rows, *last = NULL;
  fputs("\nsection ", stdout);
  tool_name_print(stdout, name);
  printf(", %zu bytes\n", c->size);
  for (size_t at = 0, n; at < c->size; at += n) {
    for (; label < c->n_labels && c->labels[label].at <= c->base + at; label++) {
      if (c->labels[label].at == c->base + at && c->labels[label].name[0] != 0 &&
          !dis_is_mapping(c->labels[label].name)) {
        putchar('\n');
        tool_name_print(stdout, c->labels[label].name);
        puts(":");
      }
    }
    const struct line_row *now = NULL;
    for (; row < o->lines.n && rows[row].section == section && rows[row].at <= c->base + at; row++)
      now = &rows[row];
    if (now != NULL && now->path != NULL && now->line != 0 &&
        (last == NULL || last->line != now->line || last->path != now->path))
      print_source(o, now);
    if (now != NULL) last = now;
    char text[256];
    uint64_t target;
    n = dis_decode(c, at, text, sizeof text, &target);
    dis_print_line(c, at, n, text, target, &reloc);
  }
}

static int disassemble(const char *path, struct object *o) {
  if (elf_kind(o->elf) != ELF_K_ELF || gelf_getehdr(o->elf, &o->head) == NULL ||
      gelf_getclass(o->elf) != ELFCLASS64 || elf_getshdrstrndx(o->elf, &o->names) != 0) {
    return dis_fail(path, "not an ELF64 file");
  }
  size_t sections = 0;
  if (elf_getshdrnum(o->elf, &sections) != 0 ||
      o->head.e_shoff + sections * o->head.e_shentsize > o->size)
    return dis_fail(path, "the file ends before its section headers");
  if (!dis_machine(o->head.e_machine, path)) return 1;
  tool_name_print(stdout, path);
  printf(": %s\n", dis_machine_name());
  dis_lines_read(o->elf, &o->lines);
  collect(o);
  const Elf_Data *names = strings_of(o, o->names);
  for (Elf_Scn *scn = elf_nextscn(o->elf, NULL); scn != NULL; scn = elf_nextscn(o->elf, scn)) {
    GElf_Shdr h;
    if (gelf_getshdr(scn, &h) == NULL) return dis_fail(path, elf_errmsg(-1));
    if (!(h.sh_flags & SHF_EXECINSTR) || h.sh_type != SHT_PROGBITS || h.sh_size == 0) continue;
    Elf_Data *d = elf_rawdata(scn, NULL);
    if (d == NULL || d->d_buf == NULL) return dis_fail(path, elf_errmsg(-1));
    struct code c = {.bytes = d->d_buf, .size = d->d_size, .base = h.sh_addr};
    take_labels(o, elf_ndxscn(scn), &c);
    collect_relocs(o, elf_ndxscn(scn), &c);
    dis_sort_relocs(&c);
    print_code(o, elf_ndxscn(scn), string(names, h.sh_name), &c);
    free(c.relocs);
  }
  return 0;
}

/* ---- COFF ---- */

static const char *coff_reloc(uint32_t type) {
  static const char *const names[] = {
    [0] = "ABSOLUTE", [1] = "ADDR64",  [2] = "ADDR32",  [3] = "ADDR32NB", [4] = "REL32",
    [5] = "REL32_1",  [6] = "REL32_2", [7] = "REL32_3", [8] = "REL32_4",  [9] = "REL32_5",
    [10] = "SECTION", [11] = "SECREL", [12] = "SECREL7"};
  return type < sizeof names / sizeof *names ? names[type] : "?";
}

/* The addend of a relocation, which is in the field. */
static int64_t coff_addend(const struct code *c, uint64_t at, uint32_t type) {
  const size_t n = type == 1 ? 8 : 4;
  if (at > c->size || n > c->size - at) return 0;
  uint64_t v = 0;
  memcpy(&v, c->bytes + at, n);
  return n == 8 ? (int64_t)v : (int32_t)v;
}

static void collect_coff_labels(struct object *o, const struct tool_coff *f) {
  struct tool_coff_symbol y;
  for (uint32_t i = 0; tool_coff_symbol(f, i, &y); i += 1 + y.aux) {
    if (y.section <= 0 || y.section_symbol) continue;
    o->labels = dis_grow(o->labels, o->n_labels, sizeof *o->labels);
    o->labels[o->n_labels] = (struct label){.at = y.value,
                                            .name = tool_coff_symbol_name(f, i),
                                            .section = (size_t)y.section,
                                            .order = o->n_labels};
    o->n_labels++;
  }
  dis_sort_labels(o->labels, o->n_labels);
}

static void disassemble_coff_code(struct object *o, const struct tool_coff *f, uint32_t number,
                                  const struct tool_coff_section *s) {
  struct code c = {.bytes = s->bytes, .size = s->size};
  struct tool_coff_reloc r;
  take_labels(o, number, &c);
  for (uint32_t i = 0; tool_coff_reloc(f, s, i, &r); i++) {
    c.relocs = dis_grow(c.relocs, c.n_relocs, sizeof *c.relocs);
    c.relocs[c.n_relocs++] = (struct reloc){r.at, r.type, coff_addend(&c, r.at, r.type),
                                            tool_coff_symbol_name(f, r.symbol), coff_reloc(r.type)};
  }
  dis_sort_relocs(&c);
  print_code(o, number, s->name != NULL ? s->name : "?", &c);
  for (size_t i = 0; i < c.n_relocs; i++) free((char *)(uintptr_t)c.relocs[i].symbol);
  free(c.relocs);
}

static int disassemble_coff(const char *path, const struct tool_coff *f) {
  struct object o = {.size = f->size};
  if (!dis_machine_named("x86_64", path)) return 1;
  tool_name_print(stdout, path);
  printf(": %s\n", dis_machine_name());
  dis_lines_read_coff(f, &o.lines);
  collect_coff_labels(&o, f);
  int status = 0;
  for (uint32_t i = 0; i < f->n_sections && status == 0; i++) {
    struct tool_coff_section s;
    if (!tool_coff_section(f, i, &s)) {
      status = dis_fail(path, "the file ends before its sections");
      break;
    }
    if (s.code && s.size != 0) disassemble_coff_code(&o, f, i + 1, &s);
    free(s.name);
  }
  for (size_t i = 0; i < o.n_labels; i++) free((char *)(uintptr_t)o.labels[i].name);
  free(o.labels);
  dis_lines_free(&o.lines);
  source_free(&o.sources);
  return status;
}

/* An object in memory. */
static int dis_object(const char *path, const void *bytes, size_t size) {
  struct tool_coff coff;
  if (tool_coff_open(&coff, bytes, size)) return disassemble_coff(path, &coff);
  elf_version(EV_CURRENT);
  struct object o = {.size = size,
                     .elf = elf_memory((char *)(uintptr_t)bytes, size)}; /* it is only read */
  int status = o.elf != NULL ? disassemble(path, &o) : dis_fail(path, elf_errmsg(-1));
  free(o.labels);
  free(o.relocs);
  dis_lines_free(&o.lines);
  source_free(&o.sources);
  if (o.elf != NULL) elf_end(o.elf);
  return status;
}

/* What `kiln compile` would make of an input. */
static int dis_compiled(const struct tool_input *in, const struct tool_reading *how) {
  struct tool_module t;
  struct tool_compiled c;
  if (!tool_module_open(&t, in, how)) return TOOL_FAILED;
  kiln_status s = tool_module_compile(&c, &t, in, 1, false);
  if (s == KILN_OK) s = kiln_emit_object(t.module, c.sessions, c.n, &c.object);
  if (s != KILN_OK) tool_module_report(&t, in, s);
  int status = s == KILN_OK ? dis_object(in->path, c.object.data, c.object.size) : TOOL_FAILED;
  tool_compiled_free(&c);
  tool_module_close(&t);
  return status;
}

static int dis_input(const struct tool_words *w, const char *path, const struct tool_reading *how) {
  struct tool_input in;
  if (!tool_input_open(&in, path, w)) return TOOL_FAILED;
  int status = TOOL_FAILED;
  if (in.language != TOOL_OBJECT) status = dis_compiled(&in, how);
  else if (how->target_given)
    tool_error("%s: --target does not apply to an object, which names its own target", in.path);
  else status = dis_object(in.path, in.bytes, in.size);
  tool_input_close(&in);
  return status;
}

int main(int argc, char **argv) {
  struct tool_reading how = {.target_given = false};
  struct tool_words w;
  if (argc == 2 && strcmp(argv[1], "--records") == 0) return tool_output_end(dis_listing());
  tool_words_begin(&w, VERB_DIS, argc, argv);
  for (int o; (o = tool_words_next(&w)) != WORDS_END; how.target_given = true) {
    if (o == WORDS_STOP) return tool_output_end(w.status);
    if (tool_parse_target(w.value, &how.module.target) != TOOL_OK) return TOOL_USAGE;
  }
  int status = tool_words_count(&w, INT_MAX);
  if (status != TOOL_OK) return status;
  for (int i = 0; i < w.n_inputs; i++)
    if (dis_input(&w, w.inputs[i], &how) != TOOL_OK) status = TOOL_FAILED;
  return tool_output_end(status);
}
