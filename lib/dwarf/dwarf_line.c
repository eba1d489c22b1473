/* Line tables: DWARF 5, 6.2. A unit's files get their numbers while its rows and entries are written; then the table
 * is made. Functions that follow each other in a section are one sequence. Names are in the table itself, where
 * they need no relocations. Called by lib/dwarf/dwarf_write.c. */
#include "lib/dwarf/dwarf_writer.h"

#include "base/names.h"

enum {
  LINE_BASE = -5,
  LINE_RANGE = 14,
  OPCODE_BASE = 13,
};

/* ---- files ---- */

struct kn_dwarf_file kn_dwarf_file_text(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  struct kn_dwarf_file f = {.set = v.set};
  for (uint32_t k = 0; k < v.shape->n; k++) {
    const struct kn_dwarf_item *a = &v.shape->items[k];
    struct kn_dwarf_text text = {.id = v.words[a->at]};
    if (a->kind == KN_DA_MD5) f.md5 = d->sets[v.set]->bytes.at + text.id;
    if (a->kind != KN_DA_STRING) continue;
    text.at = (const char *)kn_debug_characters(d->sets[0], d->sets[v.set], text.id, &text.n);
    text.n = (uint32_t)strnlen(text.at, text.n); /* in the table, a NUL ends a name */
    if (a->name == KILN_DW_AT_name) f.name = text;
    else if (a->name == KILN_DW_AT_comp_dir) f.dir = text;
  }
  return f;
}

static bool same(const struct kn_dwarf_text *a, const struct kn_dwarf_text *b) {
  return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n) == 0);
}

static bool text_after(const struct kn_dwarf_text *a, const struct kn_dwarf_text *b) {
  return kn_bytes_after(a->n != 0 ? a->at : "", a->n, b->n != 0 ? b->at : "", b->n);
}
static bool file_after(const struct kn_dwarf_file *a, const struct kn_dwarf_file *b) {
  return same(&a->name, &b->name) ? text_after(&a->dir, &b->dir) : text_after(&a->name, &b->name);
}
static uint32_t text_hash(const struct kn_dwarf_text *t) {
  return kn_hash_bytes(t->n != 0 ? t->at : "", t->n);
}

/* A name relative to the unit's folder has its own folder split off, as by LLVM: debuggers show a file of a folder with
   a number as it was named to the compiler, one in folder 0 with all of its path. */
static void split(const struct kn_dwarf *d, struct kn_dwarf_file *f) {
  const struct kn_dwarf_file *root = d->files.at;
  if (d->files.n == 0) return; /* the unit's own */
  if (f->dir.n && !same(&f->dir, &root->dir)) return;
  if (same(&f->name, &root->name)) {
    *f = *root;
    return;
  }
  const char *path = f->name.at;
  uint32_t n = f->name.n;
  while (n > 0 && path[n - 1] != '/') n--;
  if (n == 0 || n == f->name.n) return;
  f->name.at = path + n;
  f->name.n -= n;
  while (n > 1 && path[n - 1] == '/') n--;
  f->dir.at = path;
  f->dir.n = n;
}

/* Number of a file in the unit's table: from 0, in version 4 from 1. */
static uint32_t add_file(struct kn_dwarf *d, struct kn_dwarf_file f) {
  const uint32_t first = d->version < 5;
  split(d, &f);
  /* An empty name would end the table of DWARF 4. LLVM calls such a file so. */
  if (f.name.n == 0)
    f = (struct kn_dwarf_file){.set = f.set, .md5 = f.md5, .name = {"<stdin>", 7, 0}};
  const uint64_t both = kn_mix64(kn_hash_bytes(f.name.at, f.name.n), text_hash(&f.dir));
  const uint32_t hash = (uint32_t)(both >> 32);
  uint32_t at, i;
  KN_HASH_EACH(&d->file_hash, hash, at, i, file_after(&f, &d->files.at[i - 1])) {
    const struct kn_dwarf_file *g = &d->files.at[i - 1];
    if (same(&f.name, &g->name) && same(&f.dir, &g->dir)) return i - 1 + first;
  }
  if (!KN_HASH_ROOM(d->m, &d->file_hash) || !KN_PUSH(d->m, d->files, f)) return 0;
  kn_hash_put(&d->file_hash, at, hash, d->files.n);
  return d->files.n - 1 + first;
}

uint32_t kn_dwarf_file_number(struct kn_dwarf *d, uint32_t die) {
  if (d->file_of[die] != 0) return d->file_of[die] - 1;
  uint32_t number = add_file(d, kn_dwarf_file_text(d, die));
  if (KN_PUSH(d->m, d->filed, die)) d->file_of[die] = number + 1;
  return number;
}

uint32_t kn_dwarf_loc_file(struct kn_dwarf *d, uint32_t session, const struct kn_loc_full *l) {
  const struct kn_file *file = &d->image->sessions[session]->sources.files.at[l->file];
  uint32_t die = kn_dwarf_index(d, session + 1, file->entry);
  if (die && kn_dwarf_entry(d, die)->tag == KILN_DIE_TAG_FILE) return kn_dwarf_file_number(d, die);
  return add_file(d, (struct kn_dwarf_file){.name = {file->name, (uint32_t)strlen(file->name), 0}});
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

void kn_dwarf_line_begin(struct kn_dwarf *d, uint32_t unit) {
  struct kn_dwarf_unit *u = &d->units.at[unit];
  uint32_t file = kn_dwarf_unit_file(d, unit);
  u->line = d->out[KN_DS_LINE].bytes.n;
  d->files.n = 0;
  kn_hash_clear(&d->file_hash);
  for (uint32_t i = 0; i < d->filed.n; i++) d->file_of[d->filed.at[i]] = 0;
  d->filed.n = 0;
  /* the unit's own file is the first */
  if (file) kn_dwarf_file_number(d, file);
  else add_file(d, kn_dwarf_file_text(d, u->die));
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
};

static void put_text(struct kn_dwarf *d, const struct kn_dwarf_text *text) {
  kn_dwarf_put(d, KN_DS_LINE, text->at, text->n);
  kn_dwarf_put(d, KN_DS_LINE, NULL, 1);
}

/* Gives the files their directories' numbers; the directories' first files, by number. */
static uint32_t number_dirs(struct kn_dwarf *d, uint32_t *first) {
  uint32_t n = 0;
  kn_hash_clear(&d->dir_hash);
  for (uint32_t i = 0; i < d->files.n; i++) {
    struct kn_dwarf_file *f = &d->files.at[i];
    f->dir_index = 0;
    if (n > 0 && f->dir.n == 0) continue; /* no directory is that of the unit, which is the first */
    const uint32_t hash = text_hash(&f->dir);
    uint32_t at, k;
    KN_HASH_EACH(&d->dir_hash, hash, at, k, text_after(&f->dir, &d->files.at[first[k - 1]].dir))
    if (same(&f->dir, &d->files.at[first[k - 1]].dir)) break;
    if (k == 0) {
      if (!KN_HASH_ROOM(d->m, &d->dir_hash)) return n;
      first[n++] = i;
      kn_hash_put(&d->dir_hash, at, hash, k = n);
    }
    f->dir_index = k - 1;
  }
  return n;
}

static void put_files(struct kn_dwarf *d) {
  uint32_t *first = kn_dwarf_alloc(d, (d->files.n + 1) * sizeof *first);
  if (first == NULL) return;
  uint32_t n = number_dirs(d, first);
  bool md5 = true, v5 = d->version >= 5;
  /* the unit's entry does not say it: that file's own does */
  for (uint32_t i = 0; i < d->files.n; i++) md5 &= d->files.at[i].md5 != NULL;
  uint8_t dirs[16] = {1, KILN_DW_LNCT_path, KILN_DW_FORM_string}, *p = kn_put_uleb(dirs + 3, n);
  uint8_t files[16] = {(uint8_t)(2 + md5),           KILN_DW_LNCT_path,  KILN_DW_FORM_string,
                       KILN_DW_LNCT_directory_index, KILN_DW_FORM_udata, KILN_DW_LNCT_MD5,
                       KILN_DW_FORM_data16};
  if (v5) kn_dwarf_put(d, KN_DS_LINE, dirs, (size_t)(p - dirs));
  for (uint32_t k = v5 ? 0 : 1; k < n; k++) put_text(d, &d->files.at[first[k]].dir);
  p = kn_put_uleb(files + (md5 ? 7 : 5), d->files.n);
  kn_dwarf_put(d, KN_DS_LINE, v5 ? files : NULL, v5 ? (size_t)(p - files) : 1);
  for (uint32_t i = 0; i < d->files.n; i++) {
    const struct kn_dwarf_file *f = &d->files.at[i];
    uint8_t dir[10];
    put_text(d, &f->name);
    kn_dwarf_put(d, KN_DS_LINE, dir, (size_t)(kn_put_uleb(dir, f->dir_index) - dir));
    if (v5) kn_dwarf_put(d, KN_DS_LINE, f->md5, md5 ? 16 : 0);
    else kn_dwarf_put(d, KN_DS_LINE, NULL, 2); /* time and size are not known */
  }
  kn_dwarf_put(d, KN_DS_LINE, NULL, v5 ? 0 : 1);
}

/* ---- rows ---- */

static void begin_sequence(struct line *l, const struct kn_place *at) {
  static const uint8_t opcode[] = {0, 9, KILN_DW_LNE_set_address};
  *l = (struct line){.d = l->d, .file = 1, .line = 1, .stmt = true, .at = at->value};
  kn_dwarf_put(l->d, KN_DS_LINE, opcode, sizeof opcode);
  kn_dwarf_relocated(l->d, KN_DS_LINE, at->section - 1, (int64_t)at->value);
}

static void end_sequence(struct line *l, uint64_t at) {
  uint8_t b[16], *p = b;
  if (at > l->at) {
    *p++ = KILN_DW_LNS_advance_pc;
    p = kn_put_uleb(p, (at - l->at) / l->d->image->code->cie_code_align);
  }
  *p++ = 0;
  *p++ = 1;
  *p++ = KILN_DW_LNE_end_sequence;
  kn_dwarf_put(l->d, KN_DS_LINE, b, (size_t)(p - b));
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

static __attribute__((noinline)) void function_rows(struct line *line, uint32_t session,
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
  if (p == NULL) return;
  /* the line of a function without a prologue is said, so that gdb takes none of its code for one */
  if (k + 1 < end && k[1].offset == k->offset && k[1].loc.line == k->loc.line) k++;
  for (; k < end; k++) {
    const struct kn_loc loc = k->loc;
    uint32_t flags = k->flags;
    if (loc.scope != scope) {
      if (loc.scope == 0) continue;
      const struct kn_loc_full *to = &locs[scope = loc.scope];
      if (to->file != source) file = kn_dwarf_loc_file(d, session, to);
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
}

static void rows(struct kn_dwarf *d, uint32_t unit) {
  struct line l = {.d = d};
  uint32_t section = 0;
  uint64_t to = 0;
  KN_DWARF_EACH_FUNC(d, unit, i) {
    const struct kn_place *p = kn_dwarf_place(d, i);
    if (section != p->section || p->value < to) {
      if (section) end_sequence(&l, to);
      begin_sequence(&l, p);
      section = p->section;
    }
    function_rows(&l, d->image->funcs[i].session, kn_image_func(d->image, i), p->value);
    to = p->value + kn_image_func(d->image, i)->size;
  }
  if (section) end_sequence(&l, to);
}

void kn_dwarf_line(struct kn_dwarf *d, uint32_t unit) {
  static const uint8_t lengths[OPCODE_BASE - 1] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
  struct kn_dwarf_buffer *out = &d->out[KN_DS_LINE];
  const uint32_t start = out->bytes.n, reloc = out->relocs.n;
  rows(d, unit);
  const uint32_t middle = out->bytes.n;
  const bool v5 = d->version >= 5;
  const uint8_t head[12] = {[4] = (uint8_t)d->version, [6] = v5 ? 8 : 0};
  const uint8_t program[] = {d->image->code->cie_code_align,
                             1, /* operations in an instruction */
                             1, /* is_stmt at first */
                             (uint8_t)LINE_BASE,
                             LINE_RANGE,
                             OPCODE_BASE};
  kn_dwarf_put(d, KN_DS_LINE, head, v5 ? 12 : 10);
  kn_dwarf_put(d, KN_DS_LINE, program, sizeof program);
  kn_dwarf_put(d, KN_DS_LINE, lengths, sizeof lengths);
  put_files(d);
  kn_dwarf_end_length(d, KN_DS_LINE, middle + (v5 ? 8 : 6));
  const uint32_t size = out->bytes.n - middle; /* the header, which goes before the rows */
  if (!kn_dwarf_insert(d, KN_DS_LINE, start, size, reloc)) return;
  memcpy(out->bytes.at + start, out->bytes.at + middle + size, size);
  out->bytes.n -= size;
  kn_dwarf_end_length(d, KN_DS_LINE, start);
}
