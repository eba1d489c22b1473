/* Fourth step of the linker: lays out what the unit has besides the inputs' content (stubs, tables of
 * addresses, unwind tables, constructors), takes memory and writes it all. Invariant: nobody sees what is written
 * before the unit is published. Called with the JIT locked. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/memory/tls.h"

#include "lib/object/elf_memory.h"
#include "targets/target.h"

#include "runtime/stack/root_format.h"

#include <stdlib.h>

/* ---- addresses ---- */

/* Offset of the unit's function of a row of kn_jit_registrars. */
static uint64_t registrar_at(const struct kn_jit_link *l, unsigned row) {
  unsigned before = (unsigned)__builtin_popcount(l->registrars & ((1u << row) - 1));
  return l->registrar_at + before * KN_JIT_REGISTRAR_BYTES;
}

/* The bind of a symbol, or of another one of this unit that its name means. */
static const struct kn_jit_bind *bind_of(const struct kn_jit_link *l, uint32_t i, uint32_t id) {
  const struct kn_jit_bind *b = l->in[i].binds.at + id;
  if (b->where != KN_JIT_AT_ENTRY || b->entry->pending == 0) return b;
  const struct kn_jit_def *d = l->defs.at + b->entry->pending - 1;
  return l->in[d->in].binds.at + d->id;
}

uint64_t kn_jit_definition(const struct kn_jit_link *l, uint32_t i, uint32_t id) {
  const struct kn_jit_bind *b = bind_of(l, i, id);
  const struct kn_jit_block *blocks = l->unit->blocks;
  switch (b->where) {
  case KN_JIT_IN_CODE: return kn_jit_at(blocks, KN_JIT_CODE) + b->value;
  case KN_JIT_REGISTRAR:
    return kn_jit_at(blocks, KN_JIT_CODE) + registrar_at(l, (unsigned)b->value);
  case KN_JIT_IN_RO: return kn_jit_at(blocks, KN_JIT_RO) + b->value;
  case KN_JIT_IN_RW: return kn_jit_at(blocks, KN_JIT_RW) + b->value;
  case KN_JIT_AT_ENTRY: return b->entry->address;
  default: return b->value;
  }
}

uint64_t kn_jit_address_of(const struct kn_jit_link *l, uint32_t i, uint32_t id) {
  const struct kn_jit_bind *b = l->in[i].binds.at + id;
  if (b->entry != NULL && b->entry->stub != 0) return b->entry->stub;
  return kn_jit_definition(l, i, id);
}

/* ---- layout ---- */

static uint64_t append(struct kn_jit_link *l, enum kn_jit_kind kind, uint64_t size,
                       uint64_t align) {
  if (l->align[kind] < align) l->align[kind] = align;
  uint64_t at = kn_align_up(l->size[kind], align);
  l->size[kind] = at + size;
  return at;
}

static void lay_out(struct kn_jit_link *l) {
  if (l->stubs.n > 0)
    l->stub_at =
      append(l, KN_JIT_CODE, (uint64_t)l->stubs.n * KN_JIT_STUB_BYTES, KN_JIT_STUB_BYTES);
  uint32_t registrars = (uint32_t)__builtin_popcount(l->registrars);
  if (registrars > 0 && l->size[KN_JIT_CODE] == 0) l->size[KN_JIT_CODE] = KN_JIT_CODE_PAD;
  if (registrars > 0)
    l->registrar_at =
      append(l, KN_JIT_CODE, registrars * KN_JIT_REGISTRAR_BYTES, KN_JIT_STUB_BYTES);
  uint64_t words = l->stubs.n + (uint64_t)l->got.n + registrars;
  l->got_at = append(l, KN_JIT_RO, words * 8, 8);
  l->tls_got_at = append(l, KN_JIT_RO, (uint64_t)l->tls.n * KN_JIT_TLS_BYTES, 8);
  if (l->tls_file > 0) l->image_at = append(l, KN_JIT_RO, l->tls_file, l->tls_align);
  if (l->n_funcs > 0 && !l->jit->options.no_unwind)
    l->frame_at = append(l, KN_JIT_RO, KN_JIT_FRAMES_BYTES + l->fde_bytes, 8);
  l->table_at = append(l, KN_JIT_RO, l->table_bytes, 4);
  if (KN_UNLIKELY(l->root_bytes > 0))
    l->roots_at = append(l, KN_JIT_RO, l->root_bytes, KN_ROOTS_ALIGN);
}

static bool make_unit(struct kn_jit_link *l) {
  kiln_jit *jit = l->jit;
  struct kn_jit_unit *u = l->unit;
  uint32_t n = (uint32_t)(l->n_funcs + l->n_symbols);
  size_t defs = ((size_t)l->defs.n + l->refs.n + 1) * sizeof *u->defs;
  size_t symbols = (n + 1) * sizeof *u->symbols;
  size_t belongings = (size_t)l->n_funcs * sizeof *u->belongings;
  u->defs = kn_jit_realloc(jit, NULL, defs);
  u->symbols = kn_jit_realloc(jit, NULL, symbols + belongings);
  u->names = kn_jit_realloc(jit, NULL, l->names_size + 1);
  if (u->defs == NULL || u->symbols == NULL || u->names == NULL) return kn_jit_no_memory(l->error);
  u->refs = u->defs + l->defs.n;
  u->belongings = (struct kn_jit_belongings *)(u->symbols + n + 1);
  memset(u->belongings, 0, belongings);
  lay_out(l);
  return kn_jit_take_unit(jit, l->size, l->align, u->blocks, l->error);
}

/* ---- content ---- */

static void write_code(const struct kn_jit_link *l) {
  uint8_t *to = kn_jit_to(l->unit->blocks, KN_JIT_CODE);
  uint64_t at = 0;
  for (uint32_t i = 0; i < l->n_parts; i++) {
    const struct kn_jit_part *p = l->parts + i;
    memset(to + at, l->jit->machine->fill, (size_t)(p->code - at));
    if (p->out->code.n > 0) memcpy(to + p->code, p->out->code.at, p->out->code.n);
    at = p->code + p->out->code.n;
  }
  if (to != NULL) memset(to + at, l->jit->machine->fill, (size_t)(l->size[KN_JIT_CODE] - at));
}

/* Where data of a symbol is written; NULL: nowhere, another definition won. */
static uint8_t *bytes_of(const struct kn_jit_link *l, const struct kn_jit_bind *b) {
  const struct kn_jit_block *blocks = l->unit->blocks;
  if (b->where == KN_JIT_IN_RO) return kn_jit_to(blocks, KN_JIT_RO) + b->value;
  if (b->where == KN_JIT_IN_RW) return blocks[KN_JIT_RW].at + b->value;
  if (b->where != KN_JIT_IN_TLS || b->value >= l->tls_file) return NULL;
  return kn_jit_to(blocks, KN_JIT_RO) + l->image_at + b->value;
}

static bool data_reloc(struct kn_jit_link *l, uint32_t i, uint8_t *field, const kiln_reloc *r) {
  const kiln_module *m = l->in[i].m;
  uint64_t value = kn_jit_address_of(l, i, r->symbol.id) + (uint64_t)r->addend;
  if (kn_symbol(m, r->symbol.id)->tls != KILN_TLS_NONE)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_UNSUPPORTED,
                       "data contains the address of the thread-local symbol '%.100s'",
                       kn_symbol(m, r->symbol.id)->name);
  if (r->relative_to.id != 0) value -= kn_jit_definition(l, i, r->relative_to.id);
  if (r->size_bytes == 8) {
    kn_put64(field, value);
    return true;
  }
  kn_put32(field, (uint32_t)value);
  if (r->relative_to.id != 0 ? (int64_t)value == (int32_t)value : value <= UINT32_MAX) return true;
  return KN_JIT_FAIL(false, l->error, KILN_ERR_LIMIT, "the %s '%.100s' does not fit in 32 bits",
                     r->relative_to.id != 0 ? "distance to" : "address of",
                     kn_symbol(m, r->symbol.id)->name);
}

static bool write_data(struct kn_jit_link *l) {
  const struct kn_jit_block *blocks = l->unit->blocks, *rw = blocks + KN_JIT_RW;
  memset(kn_jit_to(blocks, KN_JIT_RO), 0, l->size[KN_JIT_RO]); /* which is never empty */
  if (rw->pool != NULL && !rw->zero) memset(rw->at, 0, l->size[KN_JIT_RW]);
  for (uint32_t i = 0; i < l->n_in; i++) {
    const struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->data.n; k++) {
      const struct kn_data *d = in->m->data.at + in->data.at[k];
      uint8_t *to = bytes_of(l, in->binds.at + d->symbol);
      if (to == NULL) continue;
      if (d->bytes != NULL) memcpy(to, d->bytes, (size_t)d->size_bytes);
      for (size_t r = 0; r < d->n_relocs; r++)
        if (!data_reloc(l, i, to + d->relocs[r].offset_bytes, d->relocs + r)) return false;
    }
  }
  return true;
}

/* ---- tables of addresses ---- */

/* The two words that name a thread-local symbol: its unit's data and an offset there, or module and
 * offset as the process has them. */
static bool tls_pair(struct kn_jit_link *l, struct kn_jit_want w, uint64_t pair[2]) {
  const struct kn_jit_bind *b = bind_of(l, w.in, w.id);
  const struct kn_jit_tls *t = NULL;
  pair[0] = 0;
  pair[1] = b->value;
  if (b->where == KN_JIT_ABSOLUTE && (b->value == 0 || kn_jit_tls_process(b->value, pair)))
    return true;
  if (b->where == KN_JIT_IN_TLS) {
    t = l->unit->tls;
  } else if (b->where == KN_JIT_AT_ENTRY && b->entry->tls && b->entry->unit != NULL) {
    t = b->entry->unit->tls;
    pair[1] = b->entry->address;
  }
  pair[0] = (uint64_t)(uintptr_t)t;
  if (t != NULL) return true;
  return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL,
                     "'%.100s' is used as thread-local, but is not thread-local",
                     kn_symbol(l->in[w.in].m, w.id)->name);
}

static bool write_tables(struct kn_jit_link *l) {
  const struct kn_jit_block *b = l->unit->blocks;
  uint8_t *ro = kn_jit_to(b, KN_JIT_RO), *code = kn_jit_to(b, KN_JIT_CODE);
  uint64_t ro_at = kn_jit_at(b, KN_JIT_RO), code_at = kn_jit_at(b, KN_JIT_CODE);
  uint64_t word = l->got_at;
  for (uint32_t i = 0; i < l->got.n; i++, word += 8)
    kn_put64(ro + word, kn_jit_address_of(l, l->got.at[i].in, l->got.at[i].id));
  for (uint32_t i = 0; i < l->stubs.n; i++, word += 8) {
    uint64_t at = l->stub_at + (uint64_t)i * KN_JIT_STUB_BYTES;
    kn_put64(ro + word, kn_jit_address_of(l, l->stubs.at[i].in, l->stubs.at[i].id));
    l->jit->code->write_stub(code + at, code_at + at, ro_at + word, 0);
  }
  for (unsigned row = 0; row < KN_JIT_REGISTRARS; row++) {
    if ((l->registrars >> row & 1) == 0) continue;
    const struct kn_jit_registrar *r = kn_jit_registrars + row;
    uint64_t at = registrar_at(l, row);
    kn_put64(ro + word, (uint64_t)(uintptr_t)r->function);
    l->jit->code->write_registrar(code + at, code_at + at, ro_at, ro_at + word, r->argument);
    word += 8;
  }
  for (uint32_t i = 0; i < l->tls.n; i++) {
    uint64_t at = l->tls_got_at + (uint64_t)i * KN_JIT_TLS_BYTES, pair[2];
    if (!tls_pair(l, l->tls.at[i], pair)) return false;
    l->jit->code->write_tls(ro + at, ro_at + at, pair, kn_jit_tls_entry());
  }
  return true;
}

/* ---- names ---- */

/* Copies the table of roots of a function at address `func` to `to` in the unit's read-only data, and adds the distance
 * to the function. */
static void write_roots(const struct kn_jit_link *l, const struct kn_output *o,
                        const struct kn_code_roots *t, uint64_t func, uint64_t to) {
  uint8_t *ro = kn_jit_to(l->unit->blocks, KN_JIT_RO) + to;
  const uint64_t field = kn_jit_at(l->unit->blocks, KN_JIT_RO) + to + KN_ROOTS_FUNC;
  memcpy(ro, o->root_bytes.at + t->first, t->size);
  kn_put32(ro + KN_ROOTS_FUNC, (uint32_t)(func - field));
}

static void add_symbol(struct kn_jit_unit *u, uint32_t *names, const struct kn_symbol *s,
                       uint64_t address, uint64_t size, bool func) {
  u->symbols[u->n_symbols++] = (struct kn_memory_symbol){address, size, *names, func};
  memcpy(u->names + *names, s->name, s->name_length);
  u->names[*names + s->name_length] = 0;
  *names += s->name_length + 1;
}

/* Notes functions, with their tables of roots, and data by their names. */
static void write_names(struct kn_jit_link *l) {
  struct kn_jit_unit *u = l->unit;
  uint32_t names = 0;
  uint64_t roots = l->roots_at;
  for (uint32_t i = 0; i < l->n_parts; i++) {
    const struct kn_output *o = l->parts[i].out;
    const uint64_t base = kn_jit_at(u->blocks, KN_JIT_CODE) + l->parts[i].code;
    for (uint32_t k = 0; k < o->funcs.n; k++) {
      const struct kn_code_func *f = o->funcs.at + k;
      if (KN_UNLIKELY(f->roots != 0)) {
        const struct kn_code_roots *t = o->root_tables.at + f->roots - 1;
        write_roots(l, o, t, base + f->start, roots);
        u->belongings[u->n_symbols].roots = (uint32_t)roots + 1;
        roots += t->size;
      }
      add_symbol(u, &names, kn_symbol(l->in[l->parts[i].in].m, f->symbol), base + f->start, f->size,
                 true);
    }
  }
  u->n_funcs = u->n_symbols;
  for (uint32_t i = 0; i < l->n_in; i++) {
    const struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->data.n; k++) {
      const struct kn_data *d = in->m->data.at + in->data.at[k];
      const struct kn_jit_bind *b = in->binds.at + d->symbol;
      const struct kn_symbol *s = kn_symbol(in->m, d->symbol);
      if (s->name_length == 0 || (b->where != KN_JIT_IN_RO && b->where != KN_JIT_IN_RW) ||
          s->linkage == KILN_LINKAGE_COMMON)
        continue;
      add_symbol(u, &names, s, kn_jit_definition(l, i, d->symbol), d->size_bytes, false);
    }
  }
  for (uint32_t k = 0; l->loaded != NULL && k < l->loaded->n_data; k++) {
    const struct kn_jit_loaded_data *d = l->loaded->data + k;
    const uint8_t where = l->in[0].binds.at[d->symbol].where;
    if (where == KN_JIT_IN_RO || where == KN_JIT_IN_RW)
      add_symbol(u, &names, kn_symbol(l->in[0].m, d->symbol), kn_jit_definition(l, 0, d->symbol),
                 d->size, false);
  }
}

/* ---- constructors ---- */

struct start {
  uint64_t address;
  uint32_t priority, order;
  bool at_exit;
};
struct starts {
  KN_ARRAY(struct start) list;
};

static int compare_starts(const void *a, const void *b) {
  const struct start *x = a, *y = b;
  if (x->at_exit != y->at_exit) return x->at_exit ? 1 : -1;
  int backward = x->at_exit ? -1 : 1;
  if (x->priority != y->priority) return x->priority < y->priority ? -backward : backward;
  return x->order < y->order ? -backward : backward;
}

/* Data in a section of constructors: false if it is none; else its priority. Linkers go by the section's name; a
 * section of another name is one if it was declared with such a type. */
static bool start_section(const kiln_module *m, const char *name, struct start *s) {
  if (name == NULL) return false;
  s->at_exit = strncmp(name, ".fini_array", 11) == 0;
  s->priority = 65536;
  if (s->at_exit || strncmp(name, ".init_array", 11) == 0) {
    if (name[11] == '.') s->priority = (uint32_t)strtoul(name + 12, NULL, 10);
    if (name[11] == 0 || name[11] == '.') return true;
  }
  const struct kn_section *said = kn_section_said(m, name);
  s->at_exit = said != NULL && said->desc.kind == KILN_SECTION_FINI;
  return s->at_exit || (said != NULL && said->desc.kind == KILN_SECTION_INIT);
}

/* True if a constructor belongs to a definition that another unit provides, which then calls it. `with`: of that
 * definition; 0: it belongs to none. */
static bool is_other(const struct kn_jit_input *in, uint32_t with) {
  if (with == 0) return false;
  uint8_t where = in->binds.at[with].where;
  return where == KN_JIT_NOWHERE || where == KN_JIT_AT_ENTRY || where == KN_JIT_ABSOLUTE;
}

/* Appends the constructors of an input. */
static bool starts_of(const struct kn_jit_link *l, uint32_t i, struct starts *all) {
  const kiln_allocator *a = &l->jit->options.allocator;
  const struct kn_jit_input *in = l->in + i;
  for (uint32_t k = 0; k < in->m->ctors.n; k++) {
    const struct kn_ctor *c = in->m->ctors.at + k;
    if (is_other(in, c->with)) continue;
    const struct start s = {kn_jit_address_of(l, i, c->func),
                            c->priority == 65535 ? 65536 : c->priority, all->list.n, c->at_exit};
    if (!KN_PUSH(a, all->list, s)) return false;
  }
  for (uint32_t k = 0; k < in->data.n; k++) {
    const struct kn_data *d = in->m->data.at + in->data.at[k];
    const uint8_t *at = bytes_of(l, in->binds.at + d->symbol);
    struct start s;
    if (at == NULL || !start_section(in->m, kn_symbol(in->m, d->symbol)->section, &s)) continue;
    if (is_other(in, d->with)) continue;
    for (uint64_t w = 0; w < d->size_bytes / 8; w++) {
      memcpy(&s.address, at + w * 8, 8);
      s.order = all->list.n;
      if (!KN_PUSH(a, all->list, s)) return false;
    }
  }
  return true;
}

static bool collect_starts(struct kn_jit_link *l) {
  struct kn_jit_unit *u = l->unit;
  struct starts all = {0};
  bool ok = true;
  for (uint32_t i = 0; i < l->n_in && ok; i++) ok = starts_of(l, i, &all);
  const uint32_t n = all.list.n;
  if (ok && n != 0) ok = (u->ctors = kn_jit_realloc(l->jit, NULL, n * sizeof *u->ctors)) != NULL;
  if (ok && n != 0) qsort(all.list.at, n, sizeof *all.list.at, compare_starts);
  for (uint32_t i = 0; i < n && ok; i++) {
    u->ctors[i] = all.list.at[i].address;
    *(all.list.at[i].at_exit ? &u->n_dtors : &u->n_ctors) += 1;
  }
  KN_FREE(&l->jit->options.allocator, all.list.at);
  return ok || kn_jit_no_memory(l->error);
}

bool kn_jit_write(struct kn_jit_link *l) {
  kiln_jit *jit = l->jit;
  struct kn_jit_unit *u = l->unit;
  if (!make_unit(l)) return false;
  if (l->has_tls &&
      !kn_jit_tls_new(jit, u, l->tls_file > 0 ? u->blocks[KN_JIT_RO].at + l->image_at : NULL,
                      l->tls_file, l->tls_size, l->tls_align, l->error))
    return false;
  write_code(l);
  if (!write_data(l)) return false;
  u->dso = kn_jit_at(u->blocks, KN_JIT_RO);
  kn_put64(kn_jit_to(u->blocks, KN_JIT_RO), u->dso);
  if (!write_tables(l)) return false;
  for (uint32_t i = 0; i < l->n_parts; i++)
    if (!kn_jit_reloc_code(l, l->parts + i)) return false;
  if (l->n_funcs > 0 && !jit->options.no_unwind) kn_jit_frames_write(l);
  write_names(l);
  if (!l->stream && !collect_starts(l)) return false;
  return kn_jit_seal(jit, u->blocks, l->error);
}
