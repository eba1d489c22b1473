/* Line tables: DWARF 5, 6.2. A unit's files get their numbers while its rows and entries are written; then the table
 * is made. Functions that follow each other in a section are one sequence. Names are in the table itself, where
 * they need no relocations. Called by lib/dwarf/dwarf_write.c. */
#include "lib/dwarf/dwarf_writer.h"

enum {
  LINE_BASE = -5,
  LINE_RANGE = 14,
  OPCODE_BASE = 13,
};

/* ---- files ---- */

void kn_dwarf_file_text(const struct kn_dwarf *d, uint32_t i, struct kn_dwarf_file *f) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  *f = (struct kn_dwarf_file){.name = "", .dir = "", .set = v.set};
  for (uint32_t k = 0; k < v.shape->n; k++) {
    const struct kn_dwarf_item *a = &v.shape->items[k];
    if (a->kind != KN_DA_MD5 && a->kind != KN_DA_STRING) continue;
    uint32_t n, value = v.words[a->at];
    if (a->kind == KN_DA_MD5) {
      f->md5 = d->sets[v.set]->bytes.at + value;
      continue;
    }
    const char *text = (const char *)kn_debug_characters(d->sets[0], d->sets[v.set], value, &n);
    if (a->name == KILN_DW_AT_name) f->name = text, f->name_n = n, f->name_text = value;
    else if (a->name == KILN_DW_AT_comp_dir) f->dir = text, f->dir_n = n, f->dir_text = value;
  }
}

static bool same(const char *a, uint32_t n, const char *b, uint32_t m) {
  return n == m && (n == 0 || memcmp(a, b, n) == 0);
}

/* A name relative to the unit's folder has its own folder split off, as by LLVM: debuggers show a file of a folder with
   a number as it was named to the compiler, one in folder 0 with all of its path. */
static struct kn_dwarf_file split(const struct kn_dwarf *d, const struct kn_dwarf_file *f) {
  const struct kn_dwarf_file *root = d->files.at;
  struct kn_dwarf_file g = *f;
  if (d->files.n == 0) return g; /* the unit's own */
  if (f->dir_n && !same(f->dir, f->dir_n, root->dir, root->dir_n)) return g;
  if (same(f->name, f->name_n, root->name, root->name_n)) return *root;
  uint32_t n = f->name_n;
  while (n > 0 && f->name[n - 1] != '/') n--;
  if (n == 0 || n == f->name_n) return g;
  g.name = f->name + n;
  g.name_n = f->name_n - n;
  while (n > 1 && f->name[n - 1] == '/') n--;
  g.dir = f->name;
  g.dir_n = n;
  return g;
}

/* An empty name would end the table of DWARF 4. LLVM calls such a file so. */
static void name_nameless(struct kn_dwarf_file *f) {
  f->name = "<stdin>";
  f->name_n = 7;
  f->name_text = 0;
  f->dir = "";
  f->dir_n = f->dir_text = 0;
}

/* Number of a file in the unit's table, from 0. */
static uint32_t add_file(struct kn_dwarf *d, const struct kn_dwarf_file *named) {
  struct kn_dwarf_file parts = split(d, named);
  const struct kn_dwarf_file *f = &parts;
  if (parts.name_n == 0) name_nameless(&parts);
  for (uint32_t i = d->files.n; i-- > 0;) {
    const struct kn_dwarf_file *g = &d->files.at[i];
    if (same(f->name, f->name_n, g->name, g->name_n) && same(f->dir, f->dir_n, g->dir, g->dir_n))
      return i;
  }
  return KN_PUSH(d->m, d->files, *f) ? d->files.n - 1 : UINT32_MAX;
}

uint32_t kn_dwarf_file_number(struct kn_dwarf *d, uint32_t die) {
  uint32_t first = d->version < 5;
  if (d->file_of[die] == 0) {
    struct kn_dwarf_file f;
    kn_dwarf_file_text(d, die, &f);
    uint32_t number = add_file(d, &f);
    if (number == UINT32_MAX) return UINT32_MAX;
    d->file_of[die] = number + 1;
  }
  return d->file_of[die] - 1 + first;
}

uint32_t kn_dwarf_loc_file(struct kn_dwarf *d, uint32_t session, const struct kn_loc_full *l) {
  const struct kn_file *file = &d->image->sessions[session]->sources.files.at[l->file];
  uint32_t die = kn_dwarf_index(d, session + 1, file->entry);
  if (die && kn_dwarf_entry(d, die)->tag == KILN_DIE_TAG_FILE) return kn_dwarf_file_number(d, die);
  struct kn_dwarf_file f = {.name = file->name, .dir = "", .name_n = (uint32_t)strlen(file->name)};
  uint32_t number = add_file(d, &f);
  return number == UINT32_MAX ? number : number + (d->version < 5);
}

uint32_t kn_dwarf_discriminator(const struct kn_dwarf *d, uint32_t session,
                                const struct kn_loc_full *l) {
  uint32_t i = kn_dwarf_index(d, session + 1, l->entry);
  if (i == 0 || kn_dwarf_entry(d, i)->tag != KILN_DIE_TAG_PART) return 0;
  struct kn_die_attr a;
  return kn_dwarf_attr(d, i, KILN_DW_AT_GNU_discriminator, &a) && a.value <= UINT32_MAX
           ? (uint32_t)a.value
           : 0;
}

bool kn_dwarf_line_begin(struct kn_dwarf *d, uint32_t unit) {
  struct kn_dwarf_unit *u = &d->units.at[unit];
  u->line = d->out[KN_DS_LINE].bytes.n;
  d->files.n = 0;
  memset(d->file_of, 0, (size_t)d->dies.n * sizeof *d->file_of);
  /* the unit's own file is the first */
  uint32_t file = kn_dwarf_unit_file(d, unit);
  if (file) return kn_dwarf_file_number(d, file) != UINT32_MAX;
  struct kn_dwarf_file f;
  kn_dwarf_file_text(d, u->die, &f);
  return add_file(d, &f) != UINT32_MAX;
}

uint32_t kn_dwarf_unit_file(const struct kn_dwarf *d, uint32_t unit) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, d->units.at[unit].die);
  for (uint32_t k = 0; k < v.shape->n_refs; k++) {
    const struct kn_dwarf_item *a = &v.shape->refs[k];
    uint32_t i = a->kind == KN_DA_REF ? kn_dwarf_to(d, &v, a) : 0;
    if (i && kn_dwarf_entry(d, i)->tag == KILN_DIE_TAG_FILE) return i;
  }
  return 0;
}

/* ---- the header ---- */

struct line {
  struct kn_dwarf *d;
  uint32_t file, line, column;
  bool stmt;
  uint64_t at; /* offset in the section of the sequence */
  uint32_t session;
};

static bool put_text(struct kn_dwarf *d, const char *text, uint32_t n) {
  return kn_dwarf_put(d, KN_DS_LINE, text, n) && kn_dwarf_put(d, KN_DS_LINE, NULL, 1);
}

/* Gives the files their directories' numbers; the directories' first files, by number. */
static uint32_t number_dirs(struct kn_dwarf *d, uint32_t *first) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->files.n; i++) {
    struct kn_dwarf_file *f = &d->files.at[i];
    uint32_t k = 0;
    if (f->dir_n == 0) { /* that of the unit */
      f->dir_index = 0;
      if (n == 0) first[n++] = i;
      continue;
    }
    for (; k < n; k++) {
      const struct kn_dwarf_file *g = &d->files.at[first[k]];
      if (same(f->dir, f->dir_n, g->dir, g->dir_n)) break;
    }
    if (k == n) first[n++] = i;
    f->dir_index = k;
  }
  return n;
}

static bool put_files(struct kn_dwarf *d) {
  uint32_t *first = kn_arena_alloc(d->arena, (d->files.n + 1) * sizeof *first, 4);
  if (first == NULL) return false;
  uint32_t n = number_dirs(d, first);
  bool md5 = true, ok = true, v5 = d->version >= 5;
  /* the unit's entry does not say it: that file's own does */
  for (uint32_t i = 0; i < d->files.n; i++) md5 &= d->files.at[i].md5 != NULL;
  uint8_t dirs[16] = {1, KILN_DW_LNCT_path, KILN_DW_FORM_string}, *p = kn_put_uleb(dirs + 3, n);
  uint8_t files[16] = {(uint8_t)(2 + md5),           KILN_DW_LNCT_path,  KILN_DW_FORM_string,
                       KILN_DW_LNCT_directory_index, KILN_DW_FORM_udata, KILN_DW_LNCT_MD5,
                       KILN_DW_FORM_data16};
  if (v5) ok = kn_dwarf_put(d, KN_DS_LINE, dirs, (size_t)(p - dirs));
  for (uint32_t k = v5 ? 0 : 1; k < n; k++)
    ok = ok && put_text(d, d->files.at[first[k]].dir, d->files.at[first[k]].dir_n);
  p = kn_put_uleb(files + (md5 ? 7 : 5), d->files.n);
  ok = ok && kn_dwarf_put(d, KN_DS_LINE, v5 ? files : NULL, v5 ? (size_t)(p - files) : 1);
  for (uint32_t i = 0; ok && i < d->files.n; i++) {
    const struct kn_dwarf_file *f = &d->files.at[i];
    uint8_t dir[10];
    ok = put_text(d, f->name, f->name_n) &&
         kn_dwarf_put(d, KN_DS_LINE, dir, (size_t)(kn_put_uleb(dir, f->dir_index) - dir));
    if (v5) ok = ok && kn_dwarf_put(d, KN_DS_LINE, f->md5, md5 ? 16 : 0);
    else ok = ok && kn_dwarf_put(d, KN_DS_LINE, NULL, 2); /* time and size are not known */
  }
  return ok && kn_dwarf_put(d, KN_DS_LINE, NULL, v5 ? 0 : 1);
}

/* ---- rows ---- */

static bool begin_sequence(struct line *l, uint32_t section, uint64_t at) {
  struct kn_dwarf *d = l->d;
  static const uint8_t opcode[] = {0, 9, KILN_DW_LNE_set_address};
  l->file = 1;
  l->line = 1;
  l->column = 0;
  l->stmt = true;
  l->at = at;
  return kn_dwarf_put(d, KN_DS_LINE, opcode, sizeof opcode) &&
         kn_dwarf_relocated(d, KN_DS_LINE, section, (int64_t)at, true, false);
}

static bool end_sequence(struct line *l, uint64_t at) {
  uint8_t *p = kn_dwarf_space(l->d, KN_DS_LINE, 16);
  if (p == NULL) return false;
  if (at > l->at) {
    *p++ = KILN_DW_LNS_advance_pc;
    p = kn_put_uleb(p, (at - l->at) / l->d->image->code->cie_code_align);
  }
  *p++ = 0;
  *p++ = 1;
  *p++ = KILN_DW_LNE_end_sequence;
  kn_dwarf_done(l->d, KN_DS_LINE, p);
  return true;
}

/* Bytes of a row, at most: of file, column, address and discriminator 1 + 5, of the line 1 + 5, six opcodes. */
enum { ROW_BYTES = 40 };

/* The address and line of a row, and a special opcode, which makes it. `step`: the address goes up by so many units. */
static uint8_t *put_far(uint8_t *p, uint32_t step, int64_t lines) {
  if (lines < LINE_BASE || lines >= LINE_BASE + LINE_RANGE) {
    *p++ = KILN_DW_LNS_advance_line;
    p = kn_put_sleb(p, lines);
    lines = 0;
  }
  const uint32_t most = (255 - OPCODE_BASE) / LINE_RANGE;
  uint32_t low = (uint32_t)(lines - LINE_BASE) + OPCODE_BASE;
  if (step > most && step <= 2 * most && low + (step - most) * LINE_RANGE <= 255) {
    *p++ = KILN_DW_LNS_const_add_pc;
    step -= most;
  } else if (step > most || low + step * LINE_RANGE > 255) {
    *p++ = KILN_DW_LNS_advance_pc;
    p = kn_put_uleb(p, step);
    step = 0;
  }
  *p++ = (uint8_t)(low + step * LINE_RANGE);
  return p;
}

static inline uint8_t *put_row(struct line *l, uint8_t *p, uint32_t step, struct kn_loc loc,
                               bool stmt, bool prologue_end) {
  enum { NEAR = (255 - OPCODE_BASE - LINE_RANGE) / LINE_RANGE }; /* fits with any line */
  if (loc.column != l->column) {
    *p++ = KILN_DW_LNS_set_column;
    l->column = loc.column;
    if (KN_LIKELY(loc.column < 0x80)) *p++ = (uint8_t)loc.column;
    else p = kn_put_uleb(p, loc.column);
  }
  if (stmt != l->stmt) {
    *p++ = KILN_DW_LNS_negate_stmt;
    l->stmt = stmt;
  }
  if (prologue_end) *p++ = KILN_DW_LNS_set_prologue_end;
  int64_t lines = (int64_t)loc.line - l->line;
  l->line = loc.line;
  if (KN_UNLIKELY(step > NEAR || (uint64_t)(lines - LINE_BASE) >= LINE_RANGE))
    return put_far(p, step, lines);
  *p++ = (uint8_t)((uint32_t)(lines - LINE_BASE) + OPCODE_BASE + step * LINE_RANGE);
  return p;
}

static uint8_t *put_discriminator(uint8_t *p, uint32_t discriminator) {
  uint8_t number[10];
  size_t n = (size_t)(kn_put_uleb(number, discriminator) - number);
  *p++ = 0;
  *p++ = (uint8_t)(n + 1);
  *p++ = KILN_DW_LNE_set_discriminator;
  memcpy(p, number, n);
  return p + n;
}

static __attribute__((noinline)) bool function_rows(struct line *line, uint32_t session,
                                                    const struct kn_code_func *f, uint64_t at) {
  struct line l = *line; /* a copy, which the bytes that are written cannot be a part of */
  struct kn_dwarf *d = l.d;
  const struct kn_output *o = kn_image_output(d->image, session);
  const struct kn_loc_full *locs = d->image->sessions[session]->sources.locs.at;
  const struct kn_code_line *k = o->lines.at + f->loc_first,
                            *end = o->lines.at + kn_output_line_end(o, f);
  const struct kn_loc *before = NULL;
  const unsigned shift = (unsigned)__builtin_ctz(d->image->code->cie_code_align);
  uint32_t scope = UINT32_MAX, source = UINT32_MAX, file = 0, discriminator = 0;
  uint32_t skipped = 0; /* flags of a row without code: they go for the next one too */
  uint32_t from = f->start + (uint32_t)(l.at - at); /* of the newest row */
  uint8_t *p = kn_dwarf_space(d, KN_DS_LINE, (size_t)(end - k) * ROW_BYTES + 8);
  if (p == NULL) return false;
  /* the line of a function without a prologue is said, so that gdb takes none of its code for one */
  if (k + 1 < end && k[1].offset == k->offset && k[1].loc.line == k->loc.line) k++;
  for (; k < end; k++) {
    const struct kn_loc loc = k->loc;
    uint32_t flags = k->flags;
    if (loc.scope != scope) {
      if (loc.scope == 0) continue;
      const struct kn_loc_full *to = &locs[scope = loc.scope];
      if (to->file != source && (file = kn_dwarf_loc_file(d, session, to)) == UINT32_MAX)
        return false;
      source = to->file;
      discriminator = kn_dwarf_discriminator(d, session, to);
    }
    if (KN_UNLIKELY(skipped != 0)) {
      bool same = before->line == loc.line && locs[before->scope].file == source;
      flags |= skipped & (same ? KN_LINE_STMT | KN_LINE_PROLOGUE_END : KN_LINE_PROLOGUE_END);
      skipped = 0;
    }
    const bool is_first = before == NULL;
    before = &k->loc;
    if (KN_UNLIKELY(is_first)) {
      flags |= KN_LINE_STMT;
    } else if (KN_UNLIKELY(k->offset == (k + 1 < end ? k[1].offset : f->start + f->size))) {
      skipped = flags & ~KN_LINE_KEPT;
      if (!(flags & KN_LINE_KEPT)) continue;
      flags &= ~KN_LINE_PROLOGUE_END;
    }
    if (KN_UNLIKELY(discriminator != 0)) p = put_discriminator(p, discriminator);
    if (KN_UNLIKELY(file != l.file)) {
      *p++ = KILN_DW_LNS_set_file;
      p = kn_put_uleb(p, l.file = file);
    }
    p = put_row(&l, p, (k->offset - from) >> shift, loc, flags != 0,
                (flags & KN_LINE_PROLOGUE_END) != 0);
    from = k->offset;
  }
  l.at = at + (from - f->start);
  *line = l;
  kn_dwarf_done(d, KN_DS_LINE, p);
  return true;
}

static bool rows(struct kn_dwarf *d, uint32_t unit) {
  struct line l = {.d = d};
  uint32_t section = 0, die = d->units.at[unit].die;
  uint64_t to = 0;
  for (uint32_t i = 0; i < d->image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(d->image, i);
    const struct kn_place *p = &d->image->places[f->symbol];
    if (f->subprogram == 0 || kn_dwarf_index(d, 0, f->unit) != die) continue;
    if (section != p->section || p->value < to) {
      if (section && !end_sequence(&l, to)) return false;
      if (!begin_sequence(&l, p->section - 1, p->value)) return false;
      section = p->section;
    }
    if (!function_rows(&l, d->image->funcs[i].session, f, p->value)) return false;
    to = p->value + f->size;
  }
  return section == 0 || end_sequence(&l, to);
}

/* Swaps the two parts of the table that begin at `a` and at `b`: the rows, which were written first, and the header. */
static bool swap(struct kn_dwarf *d, uint32_t a, uint32_t b, uint32_t reloc) {
  struct kn_dwarf_buffer *out = &d->out[KN_DS_LINE];
  uint32_t n = out->bytes.n - b, size = b - a;
  uint8_t *p = kn_dwarf_space(d, KN_DS_LINE, size);
  if (p == NULL) return false;
  uint8_t *base = out->bytes.at;
  memcpy(p, base + a, size);
  memmove(base + a, base + b, n + size);
  for (uint32_t i = reloc; i < out->relocs.n; i++) out->relocs.at[i].offset += n;
  return true;
}

bool kn_dwarf_line(struct kn_dwarf *d, uint32_t unit) {
  static const uint8_t lengths[OPCODE_BASE - 1] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
  struct kn_dwarf_buffer *out = &d->out[KN_DS_LINE];
  uint32_t start = out->bytes.n, reloc = out->relocs.n;
  if (!rows(d, unit)) return false;
  uint32_t middle = out->bytes.n;
  const bool v5 = d->version >= 5;
  const uint8_t head[12] = {[4] = (uint8_t)d->version, [6] = v5 ? 8 : 0};
  const uint8_t program[] = {d->image->code->cie_code_align,
                             1, /* operations in an instruction */
                             1, /* is_stmt at first */
                             (uint8_t)LINE_BASE,
                             LINE_RANGE,
                             OPCODE_BASE};
  const uint32_t from = middle + (v5 ? 12 : 10);
  if (!kn_dwarf_put(d, KN_DS_LINE, head, v5 ? 12 : 10) ||
      !kn_dwarf_put(d, KN_DS_LINE, program, sizeof program) ||
      !kn_dwarf_put(d, KN_DS_LINE, lengths, sizeof lengths) || !put_files(d))
    return false;
  kn_put32(out->bytes.at + from - 4, out->bytes.n - from);
  if (!swap(d, start, middle, reloc)) return false;
  kn_put32(out->bytes.at + start, out->bytes.n - start - 4);
  return true;
}
