/* Reads a module's debugging information: twice through its line tables, to count and to keep; then the units' entries
 * are made, in the module that is built. Sequences that do not begin in a function (of functions that the linker left
 * out) and rows that make no sense are dropped. Memory is at most a multiple of the sections' sizes. */
#include "lines.h"

#include "line_reader.h"

#include <stdio.h>
#include <stdlib.h>

struct reading {
  kiln_wasm *w;
  struct kn_wasm_lines *l;
  bool keep;                                      /* the second time */
  uint64_t n_rows, n_sequences, n_files, n_units; /* the first time */
  uint32_t sequence;                              /* first row of the one that is read */
  bool ordered;                                   /* its rows ascend */
  uint64_t name_room;                             /* bytes of names that may be made yet */
};

/* ---- functions ---- */

/* Where the body of a function begins, as addresses count. */
static uint32_t body_at(const kiln_wasm *w, uint32_t function) {
  return (uint32_t)(w->funcs[function].body - w->code_section);
}

static bool in_function(const kiln_wasm *w, uint64_t at) {
  uint32_t low = w->n_imported[KILN_WASM_FUNC], high = w->n_funcs;
  if (low == high) return false;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (body_at(w, middle) <= at) low = middle;
    else high = middle;
  }
  return body_at(w, low) <= at && at - body_at(w, low) < w->funcs[low].body_bytes;
}

/* ---- rows ---- */

static void keep_table(struct reading *r, const struct kn_line_table *t) {
  struct kn_wasm_lines *l = r->l;
  struct kn_wasm_unit *u = &l->units[l->n_units++];
  *u = (struct kn_wasm_unit){.offset = t->offset,
                             .first_file = l->n_files,
                             .n_files = (uint32_t)t->n_files,
                             .first_number = t->first,
                             .old = t->version < 5};
  struct kn_line_name *dirs = kn_wasm_alloc(r->w, (t->n_dirs + 1) * sizeof *dirs);
  struct kn_line_name *names = kn_wasm_alloc(r->w, (t->n_files + 1) * sizeof *names);
  kn_line_names(t, dirs, names);
  for (uint64_t i = 0; i < t->n_files; i++) {
    uint64_t dir = names[i].dir - t->first;
    l->files[l->n_files++] = (struct kn_wasm_file){
      .name = names[i].text, .folder = dir < t->n_dirs ? dirs[dir].text : NULL};
  }
  if (u->old) return;
  if (t->n_dirs > 0) u->folder = dirs[0].text;
  if (t->n_files > 0) u->name = names[0].text;
}

static bool on_table(void *user, const struct kn_line_table *t) {
  struct reading *r = user;
  r->n_units++;
  r->n_files += t->n_files;
  if (r->keep) keep_table(r, t);
  if (r->keep) r->sequence = r->l->n_rows;
  r->ordered = true;
  return true;
}

/* The rows since r->sequence are a sequence, or are dropped. */
static void end_sequence(struct reading *r) {
  struct kn_wasm_lines *l = r->l;
  const struct kn_wasm_line *first = &l->rows[r->sequence], *last = &l->rows[l->n_rows - 1];
  if (r->ordered && first->at < last->at && in_function(r->w, first->at))
    l->sequences[l->n_sequences++] = (struct kn_wasm_sequence){
      first->at, last->at, r->sequence, l->n_rows - r->sequence, l->n_units - 1};
  else l->n_rows = r->sequence;
  r->sequence = l->n_rows;
  r->ordered = true;
}

static bool on_row(void *user, const struct kn_line_row *row) {
  struct reading *r = user;
  struct kn_wasm_lines *l = r->l;
  r->n_rows++;
  r->n_sequences += row->end;
  if (!r->keep) return true;
  const struct kn_wasm_unit *u = &l->units[l->n_units - 1];
  uint64_t file = row->file - u->first_number;
  struct kn_wasm_line *to = &l->rows[l->n_rows++];
  if (row->at > KN_WASM_MAX_ADDRESS || (l->n_rows - 1 > r->sequence && row->at < to[-1].at))
    r->ordered = false;
  *to = (struct kn_wasm_line){
    .at = (uint32_t)row->at,
    .line = row->end ? 0 : row->line,
    .column = row->column,
    .file = !row->end && file < u->n_files ? u->first_file + (uint32_t)file : KN_WASM_NO_FILE,
    .flags = (row->stmt ? KILN_LOC_STMT : KILN_LOC_NOT_STMT) |
             (row->prologue_end ? KILN_LOC_PROLOGUE_END : 0)};
  if (row->end) end_sequence(r);
  return true;
}

/* ---- units ---- */

static void on_unit(void *user, const struct kn_unit_info *info) {
  struct reading *r = user;
  uint32_t low = 0, high = r->l->n_units;
  while (info->has_lines && low < high) {
    uint32_t middle = low + (high - low) / 2;
    struct kn_wasm_unit *u = &r->l->units[middle];
    if (u->offset < info->lines) {
      low = middle + 1;
    } else if (u->offset > info->lines) {
      high = middle;
    } else {
      if (info->name != NULL) u->name = info->name;
      if (info->folder != NULL) u->folder = info->folder;
      u->producer = info->producer;
      u->language = info->language;
      return;
    }
  }
}

/* A path within the folder of the unit. */
static const char *join(struct reading *r, const char *folder, const char *name) {
  size_t n = strlen(folder), m = strlen(name);
  if (n + m + 2 > r->name_room) return name;
  r->name_room -= n + m + 2;
  char *text = kn_wasm_alloc(r->w, n + m + 2);
  snprintf(text, n + m + 2, "%s/%s", folder, name);
  return text;
}

/* Gives a file, which rows name, its folder and an entry. */
static void use_file(struct reading *r, const struct kn_wasm_unit *u, struct kn_wasm_file *f) {
  const char *folder = u->folder;
  f->used = true;
  if (f->name == NULL) f->name = "?";
  size_t size = strlen(f->name) + 1;
  if (size > r->name_room) f->name = "?", size = 2;
  r->name_room -= size < r->name_room ? size : r->name_room;
  if (f->name[0] != '/' && f->folder != NULL && f->folder[0] == '/') folder = f->folder;
  else if (f->name[0] != '/' && f->folder != NULL && f->folder[0] != 0 &&
           (folder == NULL || strcmp(f->folder, folder) != 0))
    f->name = join(r, f->folder, f->name);
  f->folder = folder;
  f->die = kiln_die_new_file(kiln_module_debug(r->w->module), folder, f->name);
}

static void use_unit(struct reading *r, struct kn_wasm_unit *u) {
  kiln_debug *d = kiln_module_debug(r->w->module);
  char producer[256];
  /* debuggers take what begins so to have line tables that say where prologues end */
  snprintf(producer, sizeof producer, "clang (Kiln)%s%.200s", u->producer != NULL ? " " : "",
           u->producer != NULL ? u->producer : "");
  u->used = true;
  kiln_die file =
    kiln_die_new_file(d, u->folder, u->name != NULL && u->name[0] != 0 ? u->name : "?");
  u->die = kiln_die_new_unit(d, file, producer,
                             u->language != 0 && u->language <= UINT16_MAX ? (uint32_t)u->language
                                                                           : KILN_DW_LANG_C11);
}

static void make_entries(struct reading *r) {
  struct kn_wasm_lines *l = r->l;
  for (uint32_t i = 0; i < l->n_sequences; i++) {
    const struct kn_wasm_sequence *s = &l->sequences[i];
    struct kn_wasm_unit *u = &l->units[s->unit];
    if (!u->used) use_unit(r, u);
    for (uint32_t k = s->first; k < s->first + s->n; k++)
      if (l->rows[k].file != KN_WASM_NO_FILE && !l->files[l->rows[k].file].used)
        use_file(r, u, &l->files[l->rows[k].file]);
  }
}

/* ---- the whole ---- */

static int by_start(const void *a, const void *b) {
  const struct kn_wasm_sequence *x = a, *y = b;
  if (x->start != y->start) return x->start < y->start ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first);
}

static void find_sections(const kiln_wasm *w, struct kn_dwarf_sections *s) {
  const struct {
    const char *name;
    struct kn_dwarf_bytes *to;
  } rows[] = {{".debug_line", &s->line},
              {".debug_str", &s->str},
              {".debug_line_str", &s->line_str},
              {".debug_info", &s->info},
              {".debug_abbrev", &s->abbrev}};
  for (uint32_t i = 0; i < w->n_customs; i++) {
    const kiln_wasm_custom *c = &w->customs[i];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
      if (c->name.text_length == strlen(rows[k].name) &&
          memcmp(c->name.text, rows[k].name, c->name.text_length) == 0)
        *rows[k].to = (struct kn_dwarf_bytes){c->bytes, (size_t)c->size_bytes};
  }
}

void kn_wasm_read_lines(kiln_wasm *w) {
  struct kn_dwarf_sections s = {0};
  find_sections(w, &s);
  if (s.line.size == 0 || w->code_section == NULL) {
    w->note = "the module has no lines: no section .debug_line";
    return;
  }
  struct reading r = {.w = w, .name_room = 8 * (uint64_t)w->size_bytes + 65536};
  const struct kn_line_sink sink = {&r, on_table, on_row};
  if (!kn_line_read(&s, &sink)) w->note = "malformed lines in the section .debug_line";
  struct kn_wasm_lines *l = r.l = kn_wasm_alloc(w, sizeof *l);
  l->rows = kn_wasm_alloc(w, (r.n_rows + 1) * sizeof *l->rows);
  l->sequences = kn_wasm_alloc(w, (r.n_sequences + 1) * sizeof *l->sequences);
  l->files = kn_wasm_alloc(w, (r.n_files + 1) * sizeof *l->files);
  l->units = kn_wasm_alloc(w, (r.n_units + 1) * sizeof *l->units);
  r.keep = true;
  kn_line_read(&s, &sink);
  if (!kn_unit_read(&s, on_unit, &r) && w->note == NULL)
    w->note = "malformed units in the section .debug_info";
  if (l->n_sequences > 1) qsort(l->sequences, l->n_sequences, sizeof *l->sequences, by_start);
  make_entries(&r);
  w->lines = l;
}
