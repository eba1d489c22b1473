/* Turns the initialisers of global variables into bytes and relocations; also aliases, constructors and lists of
 * used symbols. Runs once, between the module's constants and the functions' bodies.
 * Invariant: a data item's bytes are written within its type's size, which bounds the work. */
#include "bc.h"

/* Largest initialised data item (zero data may be larger). */
#define MAX_DATA (UINT64_C(1) << 30)

/* The item being written; its arrays are used again for the next. */
struct item {
  uint8_t *bytes;
  uint32_t cap_bytes;
  kiln_reloc *relocs;
  uint32_t n_relocs, cap_relocs;
};

static void put(uint8_t *to, uint64_t v, uint64_t n) {
  for (uint64_t i = 0; i < n && i < 8; i++) to[i] = (uint8_t)(v >> 8 * i);
}

/* Adds a relocation for the bytes at offset `at`. */
static inline bool relocate(struct kn_bc *r, struct item *it, uint64_t at,
                            const struct kn_bc_num *v, uint8_t size) {
  if (KN_UNLIKELY(r->m->controls.n != 0) && kn_bc_is_tls(r, v->symbol))
    return kn_bc_unsupported(r, "the address of thread-local data in data");
  if (it->n_relocs == it->cap_relocs &&
      !kn_bc_grow(r, &it->relocs, &it->cap_relocs, (uint64_t)it->n_relocs + 1, sizeof *it->relocs))
    return false;
  it->relocs[it->n_relocs++] = (kiln_reloc){.offset_bytes = at,
                                            .symbol = {v->symbol},
                                            .addend = (int64_t)v->low,
                                            .size_bytes = size,
                                            .relative_to = {v->minus}};
  return true;
}

/* Writes constant `id` if it is simply the address of a global, like most entries of tables. */
static inline bool pointer(struct kn_bc *r, struct item *it, uint32_t id, uint32_t type,
                           uint64_t at) {
  if (id >= r->inst_base || kn_bc_type_of(r, id) != type || r->csts.at[id].kind != CK_GLOBAL ||
      r->types.at[type].kind != TK_PTR)
    return false;
  struct kn_bc_num v = {.symbol = r->m->globals.at[r->csts.at[id].index].symbol};
  return v.symbol && relocate(r, it, at, &v, 8);
}

static bool scalar(struct kn_bc *r, struct item *it, uint32_t id, const struct kn_bc_type *t,
                   uint64_t at) {
  struct kn_bc_num v;
  if (!kn_bc_eval(r, id, 0, &v)) return false;
  if (v.narrow && !(v.minus && t->bits == 32))
    return kn_bc_unsupported(r, "a part of an address in data");
  if (v.symbol) return relocate(r, it, at, &v, t->bits == 32 ? 4 : 8);
  uint64_t n = t->bits == 80 ? 10 : (t->bits + 7) / 8; /* as many as a store of it writes */
  if (t->kind == TK_INT && t->bits % 64) {             /* upper bits of the last byte are zero */
    uint64_t mask = (UINT64_C(1) << t->bits % 64) - 1;
    if (t->bits < 64) v.low &= mask;
    else v.high &= mask;
  }
  put(it->bytes + at, v.low, n);
  if (n > 8) put(it->bytes + at + 8, v.high, n - 8);
  return true;
}

/* Writes an integer of more than 128 bits: as many bytes as a store of it writes. */
static bool wide(struct kn_bc *r, struct item *it, const struct kn_bc_cst *c,
                 const struct kn_bc_type *t, uint64_t at) {
  if (c->kind != CK_WIDE)
    return kn_bc_unsupported(r, "constant expressions of integers wider than 128 bits");
  uint64_t n = (t->bits + 7) / 8;
  for (uint32_t i = 0; i < c->n && 8 * i < n; i++)
    put(it->bytes + at + 8 * i, kn_bc_words(r, c->index)[i], n - 8 * i);
  if (t->bits % 8) it->bytes[at + n - 1] &= (uint8_t)((1u << t->bits % 8) - 1);
  return true;
}

/* Writes a vector of integers like i1 or i24, lane 0 in the lowest bits. */
static bool packed(struct kn_bc *r, struct item *it, const struct kn_bc_cst *c,
                   const struct kn_bc_type *t, uint64_t at) {
  const unsigned bits = r->types.at[r->m->elems.at[t->first].type].bits;
  if (c->kind != CK_AGGREGATE || c->n != t->count || bits > 128)
    return kn_bc_unsupported(r, "a constant vector of integers of this width in data");
  for (uint32_t i = 0; i < c->n; i++) {
    struct kn_bc_num v;
    if (!kn_bc_eval(r, r->m->pool.list.at[c->index + i], 0, &v)) return false;
    if (v.symbol) return kn_bc_unsupported(r, "a part of an address in data");
    for (unsigned k = 0; k < bits; k++) {
      const uint64_t bit = (k < 64 ? v.low >> k : v.high >> (k - 64)) & 1,
                     to = i * (uint64_t)bits + k;
      it->bytes[at + to / 8] |= (uint8_t)(bit << to % 8);
    }
  }
  return true;
}

/* Writes an array or a vector of numbers, constant `c`. */
static bool numbers(struct kn_bc *r, struct item *it, const struct kn_bc_cst *c,
                    const struct kn_bc_type *t, uint64_t at) {
  const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first].type];
  uint64_t n = t->count;
  if (c->kind == CK_BYTES && c->n + (uint64_t)c->x == n && e->size == 1) {
    memcpy(it->bytes + at, r->m->pool.bytes.at + c->index, c->n);
    return true;
  }
  if (c->kind == CK_DATA && c->n == n && e->size <= 8) {
    const uint64_t *word = r->m->pool.words.at + c->index;
    for (uint64_t i = 0; i < n; i++) put(it->bytes + at + i * e->size, word[i], e->size);
    return true;
  }
  return kn_bc_malformed(r, "an aggregate constant of another size");
}

/* Writes constant `id`, which must be of type `type`, at offset `at`; or enters it, so that its elements are next. */
static bool write_one(struct kn_bc *r, struct item *it, uint32_t id, uint32_t type, uint64_t at) {
  if (id >= r->inst_base || !kn_bc_types_agree(r, kn_bc_type_of(r, id), type))
    return kn_bc_malformed(r, "an initialiser of another type");
  const struct kn_bc_type *t = &r->types.at[type];
  const struct kn_bc_cst *c = &r->csts.at[id];
  if (c->kind == CK_NULL || c->kind == CK_UNDEF || t->size == 0) return true;
  if (t->kind == TK_WIDE) return wide(r, it, c, t, at);
  if (t->kind != TK_STRUCT && t->kind != TK_ARRAY && t->kind != TK_VECTOR)
    return scalar(r, it, id, t, at);
  if (c->kind == CK_UNSUPPORTED) return kn_bc_bad_constant(r, c);
  unsigned fit = t->kind == TK_VECTOR ? r->types.at[r->m->elems.at[t->first].type].fit : FIT_EXACT;
  if (fit != FIT_EXACT && fit != FIT_SOFT) return packed(r, it, c, t, at);
  if (c->kind == CK_AGGREGATE && c->n == (t->kind == TK_STRUCT ? t->n : t->count))
    return kn_bc_enter_type(r, type, id, at);
  if (t->kind == TK_STRUCT) return kn_bc_malformed(r, "an aggregate constant of another size");
  return numbers(r, it, c, t, at);
}

static bool write(struct kn_bc *r, struct item *it, uint32_t id, uint32_t type) {
  uint32_t base = r->tmp.levels.n;
  struct kn_bc_element e;
  if (!write_one(r, it, id, type, 0)) return false;
  while (kn_bc_next_element(r, base, &e)) {
    uint32_t of = r->m->pool.list.at[r->csts.at[e.id].index + e.i];
    if (!pointer(r, it, of, e.type, e.at) && !write_one(r, it, of, e.type, e.at)) return false;
  }
  return true;
}

/* May a private constant of these bytes be merged with equal strings, if they are one? Whether a NUL stands within is
 * seen where the data are placed. */
static bool is_string(const struct kn_bc *r, const struct kn_bc_global *g, const uint8_t *bytes,
                      uint64_t size) {
  const struct kn_bc_type *t = &r->types.at[g->type];
  return g->data_flags & KILN_DATA_READ_ONLY && g->plain_local && g->align_log2 == 0 &&
         t->kind == TK_ARRAY && r->types.at[r->m->elems.at[t->first].type].bits == 8 && size &&
         !bytes[size - 1];
}

static bool define(struct kn_bc *r, struct kn_bc_global *g, struct item *it) {
  const struct kn_bc_type *t = &r->types.at[g->type];
  uint32_t id = g->init - 1;
  if (id >= r->inst_base || !kn_bc_types_agree(r, kn_bc_type_of(r, id), g->type))
    return kn_bc_malformed(r, "an initialiser of another type");
  const struct kn_bc_cst *c = &r->csts.at[id];
  unsigned kind = c->kind;
  kiln_data_desc d = {.size_bytes = t->size, .align_log2 = g->align_log2, .flags = g->data_flags};
  bool merge = d.flags & KILN_DATA_MERGE_STRINGS;
  d.flags &= ~(unsigned)KILN_DATA_MERGE_STRINGS;
  bool zero =
    kind == CK_NULL || kind == CK_UNDEF || t->size == 0 || (kind <= CK_INT_UNDEF && c->v == 0);
  it->n_relocs = 0;
  if (KN_UNLIKELY(g->attrs != 0) && !kn_bc_associated(r, g->attrs, &d.with)) return false;
  if (kind == CK_BYTES && t->kind == TK_ARRAY && c->n + (uint64_t)c->x == t->size &&
      t->size == t->count) { /* the constant's bytes, with the NUL, are the data */
    d.bytes = r->m->pool.bytes.at + c->index;
    if (merge && is_string(r, g, d.bytes, t->size)) d.flags |= KILN_DATA_MERGE_STRINGS;
  } else if (!zero || (merge && t->size == 1)) {
    if (t->size > MAX_DATA)
      return kn_bc_fail(r, KILN_ERR_LIMIT, "an initialiser has more than %u bytes",
                        (unsigned)MAX_DATA);
    if (!kn_bc_grow(r, &it->bytes, &it->cap_bytes, t->size, 1)) return false;
    memset(it->bytes, 0, t->size);
    if (!write(r, it, id, g->type)) return false;
    if (merge && it->n_relocs == 0 && is_string(r, g, it->bytes, t->size))
      d.flags |= KILN_DATA_MERGE_STRINGS;
    d.bytes = it->bytes;
    d.relocs = it->relocs;
    d.n_relocs = it->n_relocs;
  }
  if (KN_UNLIKELY(g->tls) && r->m->emulated_tls) return kn_bc_tls_define(r, g, &d);
  kiln_status status = kiln_data_define(r->module, (kiln_symbol){g->symbol}, &d);
  if (status != KILN_OK) return kn_bc_fail(r, status, "cannot define a global variable");
  return true;
}

bool kn_bc_define_alias(struct kn_bc *r, struct kn_bc_global *g, unsigned depth) {
  if (g->skip == 2) return kn_bc_malformed(r, "an alias of itself");
  g->skip = 2;
  struct kn_bc_num v;
  if (!kn_bc_eval(r, g->init - 1, depth, &v)) return false;
  if (!v.symbol || v.minus) return kn_bc_unsupported(r, "an alias of a number");
  g->skip = 0;
  if (r->m->emulated_tls && (g->tls || kn_bc_is_tls(r, v.symbol)))
    return kn_bc_tls_alias(r, g, &v, &g->symbol);
  g->symbol = kiln_alias_define(r->module, &r->m->aliases.at[g->attrs], (kiln_symbol){v.symbol},
                                (int64_t)v.low)
                .id;
  return g->symbol != 0 || kn_bc_malformed(r, "bad alias");
}

/* The elements of an array constant: their value ids; NULL and 0 for an empty one. */
static bool elements(struct kn_bc *r, const struct kn_bc_global *g, uint32_t *first, uint32_t *n) {
  *n = 0;
  if (!g->init) return true;
  uint32_t id = g->init - 1;
  if (id >= r->inst_base) return kn_bc_malformed(r, "value number out of range");
  const struct kn_bc_cst *c = &r->csts.at[id];
  if (c->kind == CK_NULL || c->kind == CK_UNDEF) return true;
  if (c->kind != CK_AGGREGATE) return kn_bc_malformed(r, "bad special variable");
  *first = c->index;
  *n = c->n;
  return true;
}

/* What is in such a list stays in the object; `stays`: linkers keep it, too. */
static void note_used(struct kn_bc_global *g, bool stays) {
  if (stays) g->data_flags |= KILN_DATA_USED;
  g->discardable = false;
}

/* @llvm.used, or @llvm.compiler.used. */
static bool used(struct kn_bc *r, const struct kn_bc_global *g, bool stays) {
  uint32_t first = 0, n;
  if (!elements(r, g, &first, &n)) return false;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t id = r->m->pool.list.at[first + i];
    if (id < r->inst_base && r->csts.at[id].kind == CK_GLOBAL)
      note_used(&r->open->globals.at[r->csts.at[id].index], stays);
  }
  return true;
}

/* Finds the global that a constructor belongs to. *ours is false if only other modules define that global:
 * then this module must not call the constructor. */
static bool belongs_to(struct kn_bc *r, uint32_t id, kiln_symbol *with, bool *ours) {
  struct kn_bc_num v = {0};
  with->id = 0;
  *ours = true;
  if (id < r->inst_base && r->csts.at[id].kind == CK_GLOBAL)
    v.symbol = r->m->globals.at[r->csts.at[id].index].symbol; /* may be thread-local */
  else if (!kn_bc_eval(r, id, 0, &v)) return false;
  if (!v.symbol || v.low || v.minus) return true;
  with->id = v.symbol;
  kiln_symbol_info info = kiln_symbol_get(r->module, *with);
  *ours = info.kind == KILN_SYMBOL_ALIAS || info.desc.body;
  return true;
}

/* @llvm.global_ctors and @llvm.global_dtors: {priority, function, global} each. An empty one ends them. */
static bool ctors(struct kn_bc *r, const struct kn_bc_global *g, bool at_exit) {
  uint32_t first = 0, n;
  if (!elements(r, g, &first, &n)) return false;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t id = r->m->pool.list.at[first + i];
    if (id >= r->inst_base) return kn_bc_malformed(r, "value number out of range");
    const struct kn_bc_cst *c = &r->csts.at[id];
    if (c->kind == CK_NULL) break;
    if (c->kind != CK_AGGREGATE || c->n < 2) return kn_bc_malformed(r, "bad list of constructors");
    struct kn_bc_num priority, func;
    if (!kn_bc_eval(r, r->m->pool.list.at[c->index], 0, &priority) ||
        !kn_bc_eval(r, r->m->pool.list.at[c->index + 1], 0, &func))
      return false;
    if (!func.symbol && !func.low) break;
    if (!func.symbol || func.low || priority.symbol)
      return kn_bc_malformed(r, "bad list of constructors");
    const bool has = priority.low < 65535; /* which LLVM writes if the source gives none */
    kiln_symbol with = {0};
    bool ours = true;
    if (c->n > 2 && !belongs_to(r, r->m->pool.list.at[c->index + 2], &with, &ours)) return false;
    if (ours &&
        kiln_ctor_add(r->module, &(kiln_ctor_desc){.func = (kiln_symbol){func.symbol},
                                                   .priority = has ? (uint32_t)priority.low : 0,
                                                   .has_priority = has,
                                                   .at_exit = at_exit,
                                                   .with = with}) != KILN_OK)
      return kn_bc_malformed(r, "bad list of constructors");
  }
  return true;
}

static bool special(struct kn_bc *r, const struct kn_bc_global *g, bool first_pass) {
  const char *name = g->name;
  size_t n = g->name_length;
  if (first_pass) {
    if (n == 9 && !memcmp(name, "llvm.used", n)) return used(r, g, true);
    return n == 18 && !memcmp(name, "llvm.compiler.used", n) ? used(r, g, false) : true;
  }
  if (n == 17 && !memcmp(name, "llvm.global_ctors", n)) return ctors(r, g, false);
  if (n == 17 && !memcmp(name, "llvm.global_dtors", n)) return ctors(r, g, true);
  return true;
}

bool kn_bc_define_data(struct kn_bc *r) {
  struct item it = {0};
  bool ok = true;
  r->open->data_defined = true;
  r->open->n_vals = r->inst_base = r->csts.n = r->vals.n;
  if (r->m->has_blocks) ok = kn_bc_eval_blocks(r);
  for (uint32_t i = 0; i < r->m->globals.n && ok; i++) {
    struct kn_bc_global *g = &r->m->globals.at[i];
    if (g->symbol) continue;
    if (g->what == KILN_SYMBOL_ALIAS) ok = kn_bc_define_alias(r, g, 0);
    else if (g->what == KILN_SYMBOL_DATA) ok = special(r, g, true);
  }
  for (uint32_t i = 0; i < r->m->globals.n && ok; i++) {
    struct kn_bc_global *g = &r->m->globals.at[i];
    if (g->what != KILN_SYMBOL_DATA) continue;
    if (!g->symbol) ok = special(r, g, false);
    else if (g->init && !g->skip) ok = define(r, g, &it);
    if (KN_BC_EXACT && it.bytes) { /* one array per item, for sanitizers */
      kn_bc_release(r, it.bytes);
      it.bytes = NULL;
      it.cap_bytes = 0;
    }
  }
  if (ok && KN_UNLIKELY(r->m->assembly.n != 0)) ok = kn_bc_finish_assembly(r);
  if (it.bytes) kn_bc_release(r, it.bytes);
  if (it.relocs) kn_bc_release(r, it.relocs);
  return ok;
}
