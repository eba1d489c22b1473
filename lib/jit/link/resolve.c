/* Third step of the linker: what names mean. Names that the inputs define are checked against those that the JIT has;
 * names that they only refer to are looked up in the inputs, in the units, by the resolver and in the process. The
 * last two are asked first, without the lock, because they may take long; the resolver when nothing is in progress
 * (ask.c), because it may add units.
 * Invariant: until kn_jit_publish nothing that others see has changed, except that there may be new, undefined
 * entries. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/memory/tls.h"

#include <stdio.h>

/* The symbol at the end of a chain of aliases; layout.c has checked that the chain ends. */
static const struct kn_symbol *behind(const kiln_module *m, const struct kn_symbol *s) {
  while (s->kind == KILN_SYMBOL_ALIAS) s = kn_symbol(m, s->target);
  return s;
}

static bool is_func(const kiln_module *m, const struct kn_symbol *s) {
  return behind(m, s)->kind == KILN_SYMBOL_FUNC;
}

/* ---- names ---- */

/* What a symbol is called outside of its module: `.symver` gives another name to a symbol that is only referred to. */
static struct kn_jit_name name_of(const struct kn_jit_input *in, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(in->m, id);
  if (KN_LIKELY(!s->renamed) || kn_jit_defined(in->binds.at + id))
    return (struct kn_jit_name){s->name, s->name_length, s->hash};
  const char *text = kiln_symbol_object_name(in->m, (kiln_symbol){id});
  return kn_jit_name_make(text, strlen(text));
}

/* Collects the names of several inputs: who defines them, and the most restrictive visibility, which counts for all of
 * them (ELF, "Symbol Table"). */
static bool merge_names(struct kn_jit_link *l) {
  static const uint8_t strictness[KILN_VISIBILITY_COUNT] = {[KILN_VISIBILITY_PROTECTED] = 1,
                                                            [KILN_VISIBILITY_HIDDEN] = 2};
  const kiln_allocator *a = &l->jit->options.allocator;
  for (uint32_t i = 0; i < l->n_in; i++) {
    const struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      uint32_t id = in->touched.at[k];
      const struct kn_symbol *s = kn_symbol(in->m, id);
      if (kn_is_local(s) || s->name_length == 0 || s->library) continue;
      struct kn_jit_named *m = kn_jit_names_get(a, &l->merged, name_of(in, id));
      if (m == NULL) return kn_jit_no_memory(l->error);
      m->defined |= kn_jit_defined(in->binds.at + id);
      if (strictness[s->visibility] > strictness[m->visibility]) m->visibility = s->visibility;
    }
  }
  return true;
}

static uint8_t visibility_of(const struct kn_jit_link *l, const struct kn_jit_input *in,
                             uint32_t id) {
  bool alone = l->n_in <= 1 || kn_symbol(in->m, id)->library;
  const struct kn_jit_named *m =
    alone ? NULL : kn_jit_names_find(&l->merged, name_of(in, id), &(uint32_t){0});
  return m != NULL ? m->visibility : kn_symbol(in->m, id)->visibility;
}

/* ---- outside ---- */

unsigned kn_jit_registrar_find(const char *name) {
  unsigned row = 0;
  while (row < KN_JIT_REGISTRARS && strcmp(name, kn_jit_registrars[row].name) != 0) row++;
  return row < KN_JIT_REGISTRARS && kn_jit_registrars[row].function != NULL ? row
                                                                            : KN_JIT_REGISTRARS;
}

/* What the process has by a name, or the JIT for all units. */
static uint64_t of_process(kiln_jit *jit, const char *name, kiln_jit_error *e) {
  if (strcmp(name, "__cxa_thread_atexit") == 0 || strcmp(name, "__cxa_thread_atexit_impl") == 0)
    return kn_jit_tls_open(jit, e) ? (uint64_t)(uintptr_t)kn_jit_thread_atexit : 0;
  if (kn_jit_registrar_find(name) < KN_JIT_REGISTRARS) return 0; /* own_symbol */
  const uint64_t p = jit->options.no_process_symbols ? 0 : kn_jit_outside_process(jit, name);
  return p != 0 ? p : kn_jit_outside_throw(name);
}

/* The ends of one of the unit's sections. */
static bool own_range(const struct kn_jit_link *l, struct kn_jit_bind *b,
                      const struct kn_symbol *s) {
  bool start = strncmp(s->name, "__start_", 8) == 0, stop = strncmp(s->name, "__stop_", 7) == 0;
  for (uint32_t i = 0; (start || stop) && i < l->ranges.n; i++) {
    const struct kn_jit_range *r = l->ranges.at + i;
    if (strcmp(s->name + (start ? 8 : 7), r->name) != 0) continue;
    b->where = r->where;
    b->value = start ? r->start : r->end;
    return true;
  }
  return false;
}

static bool wrong_storage(struct kn_jit_link *l, const char *name, bool is_tls) {
  return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL,
                     is_tls ? "'%.100s' is thread-local, but is used as ordinary data"
                            : "'%.100s' is used as thread-local, but is not thread-local",
                     name);
}

/* Looks a name up that the unit does not define: first what the resolver said, then, unless it can only be the unit's
 * own, in the process. */
static bool resolve_one(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id) {
  kiln_jit *jit = l->jit;
  struct kn_jit_bind *b = in->binds.at + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  struct kn_jit_name name = name_of(in, id);
  bool own = visibility_of(l, in, id) != KILN_VISIBILITY_DEFAULT;
  if (!own && !s->library && kn_jit_knows(jit, name)) return true;
  if (strcmp(name.text, "__tls_get_addr") == 0) { /* no one else's serves the JIT's data */
    b->value = kn_jit_tls_entry();
    b->where = KN_JIT_ABSOLUTE;
    return true;
  }
  if (strcmp(name.text, "__dso_handle") == 0 || own_range(l, b, s)) return true;
  b->value = 0;
  if (jit->options.resolve != NULL) {
    const struct kn_jit_named *answer = kn_jit_names_find(&l->answers->names, name, &(uint32_t){0});
    if (answer == NULL) return kn_jit_ask_for(l, name, own || s->library);
    b->value = answer->address;
  }
  if (b->value == 0 && !own) {
    b->value = of_process(jit, name.text, l->error);
    if (b->value == 0 && (s->library || l->loaded != NULL))
      b->value = kn_jit_outside_library(name.text);
    if (l->error->diag.status != KILN_OK) return false;
    uint64_t pair[2];
    if (b->value != 0 && s->kind == KILN_SYMBOL_DATA && s->tls == KILN_TLS_NONE &&
        kn_jit_tls_process(b->value, pair))
      return wrong_storage(l, name.text, true);
  }
  if (b->value != 0) b->where = KN_JIT_ABSOLUTE;
  return true;
}

bool kn_jit_resolve_outside(struct kn_jit_link *l) {
  if (l->n_in > 1 && !merge_names(l)) return false;
  for (uint32_t i = 0; i < l->undefined.n; i++) {
    struct kn_jit_want w = l->undefined.at[i];
    struct kn_jit_input *in = l->in + w.in;
    const struct kn_symbol *s = kn_symbol(in->m, w.id);
    if (in->binds.at[w.id].where != KN_JIT_NOWHERE || kn_is_local(s) || s->name_length == 0)
      continue;
    const struct kn_jit_named *m =
      s->library ? NULL : kn_jit_names_find(&l->merged, name_of(in, w.id), &(uint32_t){0});
    if ((m == NULL || !m->defined) && !resolve_one(l, in, w.id)) return false;
  }
  return true;
}

/* ---- definitions ---- */

static bool twice(struct kn_jit_link *l, const struct kn_jit_entry *e, const char *where) {
  return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL, "'%.100s' is defined already%s", e->name,
                     where);
}

static unsigned strength_of(const kiln_module *m, const struct kn_jit_bind *b,
                            const struct kn_symbol *s) {
  if (b->where == KN_JIT_IN_COMMON) return KN_JIT_COMMON_DEF;
  bool one_of_many = s->comdat != 0 && !kn_comdat(m, s->comdat)->stays;
  bool weak = s->linkage == KILN_LINKAGE_WEAK || s->linkage == KILN_LINKAGE_LINKONCE;
  return weak || one_of_many ? KN_JIT_WEAK_DEF : KN_JIT_STRONG_DEF;
}

/* Whether an entry's definition, in another unit or in this one, is thread-local. */
static bool entry_is_tls(const struct kn_jit_link *l, const struct kn_jit_entry *e) {
  if (e->pending == 0) return e->tls;
  const struct kn_jit_def *d = l->defs.at + e->pending - 1;
  const kiln_module *m = l->in[d->in].m;
  return behind(m, kn_symbol(m, d->id))->tls != KILN_TLS_NONE;
}

/* Decides between two definitions of one name within the unit. */
static bool compete(struct kn_jit_link *l, struct kn_jit_def *old, const struct kn_jit_def *new) {
  if (old->strength == KN_JIT_STRONG_DEF && new->strength == KN_JIT_STRONG_DEF)
    return twice(l, old->entry, " in this unit");
  uint8_t align_log2 = old->align_log2 > new->align_log2 ? old->align_log2 : new->align_log2;
  uint64_t size = old->size > new->size ? old->size : new->size;
  if (new->strength > old->strength) *old = *new;
  if (old->strength == KN_JIT_COMMON_DEF) {
    old->size = size;
    old->align_log2 = align_log2;
  }
  return true;
}

static bool refer_to(struct kn_jit_link *l, struct kn_jit_entry *e) {
  const bool ok = KN_JIT_PUSH(l->jit, l->error, l->refs, e);
  if (ok) e->refs++;
  else kn_jit_entry_drop(l->jit, e);
  return ok;
}

/* The entry of a symbol of this unit, made if need be. */
static struct kn_jit_entry *entry_for(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id) {
  struct kn_jit_bind *b = in->binds.at + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  if (b->entry != NULL) return b->entry;
  bool hidden = visibility_of(l, in, id) == KILN_VISIBILITY_HIDDEN;
  const struct kn_jit_unit *scope = hidden && !l->stream ? l->unit : NULL;
  struct kn_jit_name name = name_of(in, id);
  if (kn_is_local(s) || (l->stream && hidden)) name.length = 0;
  struct kn_jit_entry *e = kn_jit_entry_get(l->jit, name, scope, l->error);
  if (e != NULL && l->stream) { /* its binds stay */
    b->entry = e;
    e->holds++;
  }
  return e;
}

/* A common definition is bound to the one that there is, which cannot grow any more. */
static bool fits(struct kn_jit_link *l, const struct kn_jit_entry *e,
                 const struct kn_jit_def *common) {
  if (!e->func && common->size <= e->size && common->align_log2 <= e->align_log2) return true;
  return KN_JIT_FAIL(
    false, l->error, KILN_ERR_SYMBOL,
    "common data '%.100s' needs %llu bytes and an alignment of %llu, but its definition has "
    "%llu bytes and an alignment of %llu",
    e->name, (unsigned long long)common->size, 1ull << common->align_log2,
    (unsigned long long)e->size, 1ull << e->align_log2);
}

/* Makes a symbol of this unit the definition of an entry. */
static bool define_entry(struct kn_jit_link *l, uint32_t i, uint32_t id, struct kn_jit_entry *e) {
  struct kn_jit_input *in = l->in + i;
  struct kn_jit_bind *b = in->binds.at + id;
  const struct kn_symbol *s = kn_symbol(in->m, id), *real = behind(in->m, s);
  struct kn_jit_def def = {.entry = e, .in = i, .id = id};
  def.strength = (uint8_t)strength_of(in->m, b, s);
  if (real->kind == KILN_SYMBOL_DATA && real->data != 0) {
    def.size = in->m->data.at[real->data - 1].size_bytes;
    def.align_log2 = in->m->data.at[real->data - 1].align_log2;
  }
  if (l->loaded != NULL && s->kind == KILN_SYMBOL_ALIAS) {
    def.size = kn_jit_loaded_size(l->loaded, id);
    const uint64_t at = (uint64_t)s->offset | UINT64_C(1) << def.align_log2;
    def.align_log2 = (uint8_t)__builtin_ctzll(at);
  }
  bool tls = real->tls != KILN_TLS_NONE, there = e->pending != 0 || e->unit != NULL;
  if (there ? entry_is_tls(l, e) != tls : tls && e->refs > 0) /* it was called before */
    return wrong_storage(l, e->name, tls && !there ? true : !tls);
  if (kn_jit_is_lazy(e) && !is_func(in->m, s))
    return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL,
                       "'%.100s' is declared as a lazy function, but is defined as data", e->name);
  if (e->pending != 0) {
    b->entry = e;
    return compete(l, l->defs.at + e->pending - 1, &def);
  }
  if (e->unit != NULL) {
    if (def.strength == KN_JIT_COMMON_DEF && !fits(l, e, &def)) return false;
    bool again = (l->flags & KILN_JIT_REDEFINABLE) != 0 && e->stub != 0 && is_func(in->m, s);
    if (def.strength != KN_JIT_STRONG_DEF) {
      b->where = KN_JIT_AT_ENTRY;
      b->entry = e;
      return refer_to(l, e);
    }
    if (!again) return twice(l, e, e->stub == 0 ? "" : ", and not added as redefinable");
  }
  if (!KN_JIT_PUSH(l->jit, l->error, l->defs, def)) {
    kn_jit_entry_drop(l->jit, e);
    return false;
  }
  b->entry = e;
  e->pending = l->defs.n;
  return true;
}

/* A default version, `name@@version`, is also what references to `name` and to `name@version` mean. */
static bool define_default(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_input *in = l->in + i;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  const char *version = strstr(s->name, "@@");
  if (KN_LIKELY(version == NULL) || l->stream) return true;
  size_t length = (size_t)(version - s->name);
  char *name = kn_arena_alloc(&l->arena, s->name_length + 1, 1);
  if (name == NULL) return kn_jit_no_memory(l->error);
  memcpy(name, s->name, length);
  memcpy(name + length, version + 1, s->name_length - length); /* with the NUL */
  bool hidden = visibility_of(l, in, id) == KILN_VISIBILITY_HIDDEN;
  struct kn_jit_entry *own = in->binds.at[id].entry;
  for (unsigned k = 0; k < 2; k++) {
    size_t n = k == 0 ? length : s->name_length - 1u;
    const struct kn_jit_unit *scope = hidden ? l->unit : NULL;
    struct kn_jit_entry *e = kn_jit_entry_get(l->jit, kn_jit_name_make(name, n), scope, l->error);
    if (e == NULL || !define_entry(l, i, id, e)) return false;
  }
  in->binds.at[id].entry = own;
  return true;
}

static bool define(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_entry *e = entry_for(l, l->in + i, id);
  return e != NULL && define_entry(l, i, id, e) && define_default(l, i, id);
}

/* Gives the definitions that won their addresses, and those that lost to another input the winner's. */
static bool settle(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->defs.n; i++) {
    struct kn_jit_def *d = l->defs.at + i;
    struct kn_jit_bind *b = l->in[d->in].binds.at + d->id;
    const struct kn_symbol *s = kn_symbol(l->in[d->in].m, d->id);
    if (d->strength == KN_JIT_COMMON_DEF) {
      if (d->size > UINT64_C(1) << 32)
        return KN_JIT_FAIL(false, l->error, KILN_ERR_LIMIT, "data '%.100s' is too large", s->name);
      uint64_t align = UINT64_C(1) << d->align_log2;
      if (l->align[KN_JIT_RW] < align) l->align[KN_JIT_RW] = align;
      b->where = KN_JIT_IN_RW;
      b->value = kn_align_up(l->size[KN_JIT_RW], align);
      l->size[KN_JIT_RW] = b->value + d->size;
    }
    if ((l->flags & KILN_JIT_REDEFINABLE) != 0 && is_func(l->in[d->in].m, s) &&
        !kn_jit_entry_stub(l->jit, d->entry, l->error))
      return false;
  }
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      struct kn_jit_bind *b = in->binds.at + in->touched.at[k];
      if (!kn_jit_defined(b) || b->entry == NULL || b->entry->pending == 0) continue;
      const struct kn_jit_def *d = l->defs.at + b->entry->pending - 1;
      if (d->in != i || d->id != in->touched.at[k]) b->where = KN_JIT_AT_ENTRY;
    }
  }
  return true;
}

static bool define_all(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      uint32_t id = in->touched.at[k];
      const struct kn_symbol *s = kn_symbol(in->m, id);
      if (!kn_jit_defined(in->binds.at + id) || s->kind == KILN_SYMBOL_BLOCK) continue;
      const bool later =
        l->stream && !kn_symbol_is_foreign(s, 0); /* may units added later use it? */
      if ((!kn_is_local(s) || later) && !define(l, i, id)) return false;
    }
  }
  return settle(l);
}

/* ---- references ---- */

/* Symbols that the unit provides itself unless the resolver did: __dso_handle, and what registers functions. */
static bool own_symbol(struct kn_jit_link *l, struct kn_jit_bind *b, const struct kn_symbol *s) {
  const unsigned row = kn_jit_registrar_find(s->name);
  const bool handle = strcmp(s->name, "__dso_handle") == 0;
  if (!handle && row == KN_JIT_REGISTRARS) return false;
  b->where = handle ? KN_JIT_IN_RO : KN_JIT_REGISTRAR; /* laid out later */
  b->value = handle ? 0 : row; /* the handle is the first word of the unit's read-only data */
  return l->registers = true;
}

static bool missing(struct kn_jit_link *l, struct kn_jit_name name) {
  kiln_jit_error *e = l->error;
  if (kiln_buffer_append(&e->missing, name.text, name.length + 1) != KILN_OK)
    return kn_jit_no_memory(l->error);
  e->n_missing++;
  return true;
}

static void tell_missing(kiln_jit_error *e) {
  char text[sizeof e->diag.message] = "";
  size_t length = 0;
  uint32_t told = 0;
  const char *name = (const char *)e->missing.data;
  for (; told < e->n_missing && length + strlen(name) <= sizeof text - 64; told++) {
    length += (size_t)sprintf(text + length, "%s%s", told > 0 ? ", " : "", name);
    name += strlen(name) + 1;
  }
  if (told == e->n_missing) kn_jit_fail(e, KILN_ERR_SYMBOL, "undefined: %s", text);
  else
    kn_jit_fail(e, KILN_ERR_SYMBOL, "undefined: %s%sand %u more", text, told > 0 ? " " : "",
                e->n_missing - told);
}

static bool local_missing(struct kn_jit_link *l, const struct kn_jit_input *in,
                          const struct kn_symbol *s) {
  if (s->kind == KILN_SYMBOL_BLOCK)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL,
                       "block %lld of '%.100s' has no address, because the function has no code",
                       (long long)s->offset, kn_symbol(in->m, s->target)->name);
  return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL, "local symbol '%.100s' is not defined",
                     s->name_length > 0 ? s->name : "(no name)");
}

static bool bind_to(struct kn_jit_link *l, struct kn_jit_bind *b, struct kn_jit_entry *e) {
  b->where = KN_JIT_AT_ENTRY;
  if (l->stream && b->entry == NULL) e->holds++; /* its binds stay */
  b->entry = e;
  return e->pending != 0 || refer_to(l, e);
}

static bool bind(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_input *in = l->in + i;
  struct kn_jit_bind *b = in->binds.at + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  struct kn_jit_entry *e = b->entry;
  bool named = !kn_is_local(s) && s->name_length > 0;
  uint8_t visibility = named ? visibility_of(l, in, id) : KILN_VISIBILITY_DEFAULT;
  bool hidden = visibility == KILN_VISIBILITY_HIDDEN;
  bool own = visibility != KILN_VISIBILITY_DEFAULT && !l->stream; /* only this unit defines it */
  if (e == NULL && named && !s->library && !(l->stream && hidden)) {
    e = kn_jit_entry_find(l->jit, name_of(in, id), hidden ? l->unit : NULL);
    if (e != NULL && own && e->pending == 0) e = NULL;
  }
  if (b->where == KN_JIT_IN_RO || b->where == KN_JIT_IN_RW) return true; /* own_range */
  if (e != NULL && (kn_jit_is_known(e) || e->pending != 0)) {
    bool tls = entry_is_tls(l, e);
    return tls == (s->tls != KILN_TLS_NONE) ? bind_to(l, b, e) : wrong_storage(l, s->name, tls);
  }
  if (b->where == KN_JIT_ABSOLUTE || (named && own_symbol(l, b, s))) return true;
  if ((l->flags & KILN_JIT_FORWARD) != 0 && !own && !s->library &&
      s->linkage != KILN_LINKAGE_WEAK && (named || (l->stream && s->kind == KILN_SYMBOL_FUNC)) &&
      s->kind != KILN_SYMBOL_DATA && s->kind != KILN_SYMBOL_BLOCK) {
    e = entry_for(l, in, id);
    return e != NULL && kn_jit_entry_stub(l->jit, e, l->error) && bind_to(l, b, e);
  }
  if (!named) return local_missing(l, in, s);
  if (s->linkage == KILN_LINKAGE_WEAK) {
    b->where = KN_JIT_ABSOLUTE;
    b->value = 0;
    return true;
  }
  return missing(l, name_of(in, id));
}

bool kn_jit_resolve(struct kn_jit_link *l) {
  if (!define_all(l)) return false;
  for (uint32_t i = 0; i < l->undefined.n; i++)
    if (!bind(l, l->undefined.at[i].in, l->undefined.at[i].id)) return false;
  if (l->error->n_missing == 0) return true;
  tell_missing(l->error);
  return false;
}

void kn_jit_resolve_undo(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->defs.n; i++) {
    l->defs.at[i].entry->pending = 0;
    kn_jit_entry_drop(l->jit, l->defs.at[i].entry);
  }
  for (uint32_t i = 0; i < l->refs.n; i++) { /* an entry may be among them several times */
    l->refs.at[i]->refs--;
    kn_jit_entry_drop(l->jit, l->refs.at[i]);
  }
  l->defs.n = l->refs.n = 0;
}

void kn_jit_publish(struct kn_jit_link *l) {
  struct kn_jit_unit *u = l->unit;
  u->n_defs = u->n_refs = 0;
  for (uint32_t i = 0; i < l->defs.n; i++) {
    const struct kn_jit_def *d = l->defs.at + i;
    const struct kn_jit_input *in = l->in + d->in;
    const struct kn_symbol *s = kn_symbol(in->m, d->id);
    struct kn_jit_entry *e = d->entry;
    e->pending = 0;
    e->unit = u;
    e->address = kn_jit_definition(l, d->in, d->id);
    e->size = d->size;
    e->align_log2 = d->align_log2;
    e->func = is_func(in->m, s);
    e->tls = in->binds.at[d->id].where == KN_JIT_IN_TLS;
    e->holds++;
    u->defs[u->n_defs++] = e;
    kn_jit_entry_aim(e);
  }
  for (uint32_t i = 0; i < l->refs.n; i++) u->refs[u->n_refs++] = l->refs.at[i];
}
