/* Line tables: DWARF 5, 6.2, and the older header of versions 2 to 4. */
#include "line_reader.h"

#include "base/leb128.h"

#include <kiln/dwarf.h>
#include <string.h>

/* ---- bytes ---- */

uint64_t kn_dwarf_get(struct kn_dwarf_reader *r, unsigned n) {
  uint64_t v = 0;
  if (r->bad || (size_t)(r->end - r->p) < n) {
    r->bad = true;
    return 0;
  }
  for (unsigned i = 0; i < n && i < 8; i++) v |= (uint64_t)r->p[i] << (8 * i);
  r->p += n;
  return v;
}

static uint64_t leb(struct kn_dwarf_reader *r, bool is_signed) {
  const uint8_t *p = r->p;
  uint64_t v = r->bad ? 0 : kn_leb128(&p, r->end, is_signed);
  if (p == NULL) r->bad = true;
  else r->p = p;
  return v;
}
uint64_t kn_dwarf_uleb(struct kn_dwarf_reader *r) { return leb(r, false); }
int64_t kn_dwarf_sleb(struct kn_dwarf_reader *r) { return (int64_t)leb(r, true); }

/* A number that may have a relocation. */
static uint64_t field(struct kn_dwarf_reader *r, unsigned bytes, uint32_t *section) {
  const uint8_t *at = r->p;
  uint64_t v = kn_dwarf_get(r, bytes);
  *section = r->s->relocate != NULL && !r->bad ? r->s->relocate(r->s->user, at, &v) : 0;
  return v;
}

/* A string of a section of strings; longer ones are not looked for, since any number of names may share one. */
static const char *terminated(const struct kn_dwarf_bytes *b, uint64_t at) {
  enum { LONGEST = 4096 };
  if (at >= b->size) return NULL;
  size_t left = b->size - (size_t)at;
  if (memchr(b->at + at, 0, left < LONGEST ? left : LONGEST) == NULL) return NULL;
  return (const char *)b->at + at;
}

bool kn_dwarf_string(struct kn_dwarf_reader *r, uint64_t form, unsigned offset_size,
                     const char **out) {
  uint32_t section;
  *out = NULL;
  switch (form) {
  case KILN_DW_FORM_string: {
    const uint8_t *zero =
      r->bad || r->p == r->end ? NULL : memchr(r->p, 0, (size_t)(r->end - r->p));
    if (zero == NULL) {
      r->bad = true;
      return true;
    }
    *out = (const char *)r->p;
    r->p = zero + 1;
    return true;
  }
  case KILN_DW_FORM_strp: *out = terminated(&r->s->str, field(r, offset_size, &section)); break;
  case KILN_DW_FORM_line_strp:
    *out = terminated(&r->s->line_str, field(r, offset_size, &section));
    break;
  default: return false;
  }
  if (r->bad) *out = NULL;
  return true;
}

unsigned kn_dwarf_part(struct kn_dwarf_reader *r, struct kn_dwarf_reader *out) {
  uint64_t size = kn_dwarf_get(r, 4);
  unsigned offset_size = 4;
  if (size == UINT32_MAX) {
    size = kn_dwarf_get(r, 8);
    offset_size = 8;
  }
  if (r->bad || size > (uint64_t)(r->end - r->p)) {
    r->bad = true;
    return 0;
  }
  *out = (struct kn_dwarf_reader){.s = r->s, .p = r->p, .end = r->p + size};
  r->p = out->end;
  return offset_size;
}

/* ---- names ---- */

/* A number of any form that names have; of others the bytes are passed over. */
static uint64_t number(struct kn_dwarf_reader *r, uint64_t form) {
  switch (form) {
  case KILN_DW_FORM_data1: return kn_dwarf_get(r, 1);
  case KILN_DW_FORM_data2: return kn_dwarf_get(r, 2);
  case KILN_DW_FORM_data4: return kn_dwarf_get(r, 4);
  case KILN_DW_FORM_data8: return kn_dwarf_get(r, 8);
  case KILN_DW_FORM_udata: return kn_dwarf_uleb(r);
  case KILN_DW_FORM_data16: return kn_dwarf_get(r, 16);
  case KILN_DW_FORM_block: {
    uint64_t n = kn_dwarf_uleb(r);
    if (n > (uint64_t)(r->end - r->p)) r->bad = true;
    else r->p += n;
    return 0;
  }
  default: r->bad = true; return 0;
  }
}

/* Directories or files of version 5: their number; names if `out` is not NULL, which has room for all. */
static uint64_t entries(struct kn_dwarf_reader *r, unsigned offset_size, struct kn_line_name *out) {
  enum { MOST = 16 };
  uint64_t what[MOST], form[MOST], n_format = kn_dwarf_get(r, 1);
  if (n_format > MOST) r->bad = true;
  for (uint64_t i = 0; i < n_format && !r->bad; i++) {
    what[i] = kn_dwarf_uleb(r);
    form[i] = kn_dwarf_uleb(r);
  }
  uint64_t n = kn_dwarf_uleb(r);
  if (n_format == 0 || r->bad) return 0;
  for (uint64_t k = 0; k < n && !r->bad; k++) {
    struct kn_line_name name = {0};
    for (uint64_t i = 0; i < n_format && !r->bad; i++) {
      const char *text;
      if (kn_dwarf_string(r, form[i], offset_size, &text)) {
        if (what[i] == KILN_DW_LNCT_path) name.text = text;
      } else {
        uint64_t v = number(r, form[i]);
        if (what[i] == KILN_DW_LNCT_directory_index) name.dir = v;
      }
    }
    if (out != NULL && !r->bad) out[k] = name;
  }
  return n;
}

/* The same of older versions: a list ends with an empty name. */
static uint64_t old_entries(struct kn_dwarf_reader *r, bool files, struct kn_line_name *out) {
  struct kn_line_name name = {0};
  uint64_t n = 0;
  while (kn_dwarf_string(r, KILN_DW_FORM_string, 4, &name.text) && !r->bad && name.text[0] != 0) {
    if (files) {
      name.dir = kn_dwarf_uleb(r);
      kn_dwarf_uleb(r);
      kn_dwarf_uleb(r);
    }
    if (out != NULL && !r->bad) out[n] = name;
    n++;
  }
  return n;
}

static void read_names(struct kn_line_table *t, struct kn_dwarf_reader *r,
                       struct kn_line_name *dirs, struct kn_line_name *files) {
  if (t->version >= 5) {
    t->n_dirs = entries(r, t->offset_size, dirs);
    t->n_files = entries(r, t->offset_size, files);
  } else {
    t->n_dirs = old_entries(r, false, dirs);
    t->n_files = old_entries(r, true, files);
  }
}

void kn_line_names(const struct kn_line_table *t, struct kn_line_name *dirs,
                   struct kn_line_name *files) {
  struct kn_line_table copy = *t;
  struct kn_dwarf_reader r = {.s = t->s, .p = t->names, .end = t->end};
  read_names(&copy, &r, dirs, files);
}

/* ---- rows ---- */

struct program {
  uint64_t step, line_range;
  int64_t line_base;
  unsigned opcode_base;
  bool stmt;
  uint8_t lengths[256];
};

static bool put(const struct kn_line_sink *sink, struct kn_line_row *row) {
  bool more = sink->row(sink->user, row);
  row->prologue_end = false;
  return more;
}

static bool extended(struct kn_dwarf_reader *r, const struct kn_line_sink *sink,
                     struct kn_line_row *row, const struct kn_line_row *start) {
  uint64_t size = kn_dwarf_uleb(r);
  if (r->bad || size == 0 || size > (uint64_t)(r->end - r->p)) {
    r->bad = true;
    return false;
  }
  const uint8_t *next = r->p + size;
  uint64_t op = kn_dwarf_get(r, 1);
  bool more = true;
  if (op == KILN_DW_LNE_end_sequence) {
    row->end = true;
    more = put(sink, row);
    *row = *start;
  } else if (op == KILN_DW_LNE_set_address && (size == 5 || size == 9)) {
    row->at = field(r, (unsigned)size - 1, &row->section);
  }
  r->p = next;
  return more;
}

/* An opcode that has no row of its own; false: it is unknown, or the reader wants no more. */
static bool standard(struct kn_dwarf_reader *r, const struct program *p,
                     const struct kn_line_sink *sink, uint64_t op, struct kn_line_row *row) {
  switch (op) {
  case KILN_DW_LNS_copy: return put(sink, row);
  case KILN_DW_LNS_advance_pc: row->at += kn_dwarf_uleb(r) * p->step; break;
  case KILN_DW_LNS_advance_line: row->line += (uint32_t)kn_dwarf_sleb(r); break;
  case KILN_DW_LNS_set_file: row->file = kn_dwarf_uleb(r); break;
  case KILN_DW_LNS_set_column: row->column = (uint32_t)kn_dwarf_uleb(r); break;
  case KILN_DW_LNS_negate_stmt: row->stmt = !row->stmt; break;
  case KILN_DW_LNS_set_prologue_end: row->prologue_end = true; break;
  case KILN_DW_LNS_const_add_pc: row->at += (255 - p->opcode_base) / p->line_range * p->step; break;
  case KILN_DW_LNS_fixed_advance_pc: row->at += kn_dwarf_get(r, 2); break;
  default:
    for (unsigned i = 0; i < p->lengths[op]; i++) kn_dwarf_uleb(r);
  }
  return true;
}

static void run(struct kn_dwarf_reader *r, const struct program *p,
                const struct kn_line_sink *sink) {
  const struct kn_line_row start = {.line = 1, .file = 1, .stmt = p->stmt};
  struct kn_line_row row = start;
  bool more = true;
  while (more && !r->bad && r->p < r->end) {
    uint64_t op = kn_dwarf_get(r, 1);
    if (op >= p->opcode_base) {
      op -= p->opcode_base;
      row.at += op / p->line_range * p->step;
      row.line += (uint32_t)(p->line_base + (int64_t)(op % p->line_range));
      more = put(sink, &row);
    } else if (op == 0) {
      more = extended(r, sink, &row, &start);
    } else {
      more = standard(r, p, sink, op, &row);
    }
  }
}

/* Reads the table at r->p, and moves past it. */
static bool read_table(struct kn_dwarf_reader *all, const struct kn_line_sink *sink) {
  struct kn_dwarf_reader r;
  struct program p = {0};
  struct kn_line_table t = {.s = all->s, .offset = (uint64_t)(all->p - all->s->line.at)};
  t.offset_size = kn_dwarf_part(all, &r);
  if (t.offset_size == 0) return false;
  t.version = (unsigned)kn_dwarf_get(&r, 2);
  if (t.version < 2 || t.version > 5) return false;
  if (t.version >= 5) kn_dwarf_get(&r, 2); /* sizes of addresses and segments */
  uint64_t header = kn_dwarf_get(&r, t.offset_size);
  if (r.bad || header > (uint64_t)(r.end - r.p)) return false;
  const uint8_t *program = r.p + header;
  p.step = kn_dwarf_get(&r, 1);
  if (t.version >= 4) kn_dwarf_get(&r, 1);
  p.stmt = kn_dwarf_get(&r, 1) != 0;
  p.line_base = (int8_t)kn_dwarf_get(&r, 1);
  p.line_range = kn_dwarf_get(&r, 1);
  p.opcode_base = (unsigned)kn_dwarf_get(&r, 1);
  if (p.line_range == 0 || p.opcode_base == 0) return false;
  for (unsigned i = 1; i < p.opcode_base; i++) p.lengths[i] = (uint8_t)kn_dwarf_get(&r, 1);
  t.first = t.version < 5;
  t.names = r.p;
  t.end = r.end;
  read_names(&t, &r, NULL, NULL);
  if (r.bad) return false;
  if (!sink->table(sink->user, &t)) return true;
  r.p = program;
  run(&r, &p, sink);
  return !r.bad;
}

bool kn_line_read(const struct kn_dwarf_sections *s, const struct kn_line_sink *sink) {
  if (s->line.size == 0) return true;
  struct kn_dwarf_reader r = {.s = s, .p = s->line.at, .end = s->line.at + s->line.size};
  bool ok = true;
  while (!r.bad && r.p < r.end) ok &= read_table(&r, sink);
  return ok && !r.bad;
}
