/* Objects of COFF: what their sections are by name, and their rows of unwinding, which .pdata has by function, and
 * .xdata, with tables of exceptions after them. They are read as Kiln writes them (lib/object/coff_unwind.c); others
 * are refused. Source: Microsoft, "x64 exception handling". */
#include "lib/jit/load/load.h"

#include "lib/object/coff.h"

static const struct kn_jit_section_rule rules[] = {
  {".pdata", true, KN_JIT_OF_FRAMES},
  {".xdata", true, KN_JIT_OF_TABLES},
  {"kiln_roots", false, KN_JIT_OF_ROOTS},
  {".ctors", false, KN_JIT_OF_STARTS},
  {".ctors.", true, KN_JIT_OF_STARTS},
  {".dtors", false, KN_JIT_OF_STARTS},
  {".dtors.", true, KN_JIT_OF_STARTS},
  {".tls", true, KN_JIT_REFUSED}, /* offsets from the data of an image */
  {".CRT$", true, KN_JIT_REFUSED},
  {".idata$", true, KN_JIT_REFUSED},
  {NULL, false, 0},
};

enum { ENTRY = 12, FROM_IMAGE = KILN_RELOC_FORMAT + KN_COFF_ADDR32NB };
enum { HANDLERS = 3 << 3 }; /* UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER */

/* The place whose distance from the image is at `offset` of section `s`: its section, or 0. */
static uint32_t place_of(const struct kn_jit_loaded *o, const struct kn_read_section *s,
                         uint64_t offset, uint64_t *at) {
  const struct kn_read_reloc *r = kn_read_reloc_at(s, offset);
  *at = 0;
  return r != NULL && r->kind == FROM_IMAGE ? kn_read_target(&o->read, r, at) : 0;
}

/* An entry of .pdata. */
struct entry {
  uint32_t section; /* of the code */
  uint64_t at, size;
  uint32_t xdata; /* section */
  uint64_t rows;  /* where they are there */
};

/* False: it is damaged. */
static bool read_entry(const struct kn_jit_loaded *o, const struct kn_read_section *s, uint64_t at,
                       struct entry *e) {
  uint64_t end;
  e->section = place_of(o, s, at, &e->at);
  const uint32_t ends = place_of(o, s, at + 4, &end);
  e->xdata = place_of(o, s, at + 8, &e->rows);
  e->size = end - e->at;
  return e->section != 0 && ends == e->section && end > e->at && e->xdata != 0 &&
         o->sections[e->section].is == KN_JIT_OF_CODE &&
         o->sections[e->xdata].is == KN_JIT_OF_TABLES;
}

static uint64_t count_rows(const struct kn_read_section *s) { return s->size / ENTRY; }

static void note_rows(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  struct entry e;
  for (uint64_t at = 0; at + ENTRY <= s->size; at += ENTRY)
    if (read_entry(o, s, at, &e)) kn_jit_load_note(o, e.section, e.at, e.size, 0);
}

/* Reads the rows of a function, and notes where its table of exceptions is. */
static bool read_func(struct kn_jit_loaded_tables *t, const struct entry *e) {
  struct kn_jit_loaded *o = t->o;
  const struct kn_read_section *x = o->read.sections + e->xdata;
  const uint64_t room = x->size - e->rows;
  const uint8_t *p = x->bytes + e->rows;
  const uint32_t size = room >= 4 ? 4 + 2 * ((p[2] + 1u) & ~1u) : 0;
  if (size == 0 || size > room || (p[0] & 7) != 1 || (p[0] & ~7) % HANDLERS != 0 ||
      e->rows % 4 != 0)
    return kn_jit_load_damaged(o,
                               "unwind rows are damaged, or of a kind that the JIT does not know");
  const uint32_t func = kn_jit_load_rows(o, e->section, e->at, e->size, p, size);
  if (func == UINT32_MAX) return false;
  o->s->out->cfi.at[o->s->out->cfi.n - size] = 1; /* the linker says of tables itself */
  struct kn_jit_loaded_table table = {.section = e->xdata, .at = e->rows, .func = func};
  if ((p[0] & HANDLERS) != 0) {
    const struct kn_read_reloc *r = kn_read_reloc_at(x, e->rows + size);
    if (r == NULL || r->kind != FROM_IMAGE)
      return kn_jit_load_damaged(o, "unwind rows have no personality");
    table.personality = kn_jit_load_place(o, r);
    if (table.personality == 0) return false;
    table.head = size + 4;
    table.at += table.head;
  }
  return KN_PUSH(o->m, t->list, table) || kn_jit_load_failed(o);
}

static bool read_rows(struct kn_jit_loaded_tables *t, uint32_t i) {
  const struct kn_read_section *s = t->o->read.sections + i;
  struct entry e;
  if (s->size % ENTRY != 0) return kn_jit_load_damaged(t->o, "unwind rows are damaged");
  for (uint64_t at = 0; at < s->size; at += ENTRY) {
    if (!read_entry(t->o, s, at, &e))
      return kn_jit_load_damaged(t->o, "unwind rows are not those of one function each");
    if (!read_func(t, &e)) return false;
  }
  return true;
}

const struct kn_jit_format kn_jit_coff = {.system = KILN_SYSTEM_WINDOWS,
                                          .rules = rules,
                                          .read = kn_read_coff,
                                          .note_rows = note_rows,
                                          .count_rows = count_rows,
                                          .read_rows = read_rows};
