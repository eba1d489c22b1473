/* Third step of the linker: what names mean. Names that the inputs define are checked against those that the JIT has;
 * names that they only refer to are looked up in the inputs, in the units, by the resolver and in the process. The
 * last two are asked first, without the lock, because they may take long and may add units.
 * Invariant: until kn_jit_publish nothing that others see has changed, except that there may be new, undefined
 * entries. */
#define _GNU_SOURCE
#include "jit/jit_state.h"

#include <dlfcn.h>
#include <stdlib.h>

static bool fail_memory(struct kn_jit_link *l) {
  kn_jit_fail(l->error, KILN_ERR_MEMORY, "out of memory");
  return false;
}

static bool is_local(const struct kn_symbol *s) {
  return s->linkage == KILN_LINKAGE_INTERNAL || s->linkage == KILN_LINKAGE_PRIVATE;
}

static bool defined_here(const struct kn_jit_bind *b) {
  return b->where >= KN_JIT_IN_CODE && b->where <= KN_JIT_IN_COMMON;
}

static bool is_weak(const struct kn_symbol *s) {
  return s->linkage == KILN_LINKAGE_WEAK || s->linkage == KILN_LINKAGE_LINKONCE;
}

/* The symbol at the end of a chain of aliases; layout.c has checked that the chain ends. */
static const struct kn_symbol *behind(const kiln_module *m, const struct kn_symbol *s) {
  while (s->kind == KILN_SYMBOL_ALIAS) s = kn_symbol(m, s->target);
  return s;
}

static bool is_func(const kiln_module *m, const struct kn_symbol *s) {
  return behind(m, s)->kind == KILN_SYMBOL_FUNC;
}

/* ---- outside ---- */

/* Functions that C programs have from the static part of libc. */
static int quick_exit_handler(void (*f)(void)) { return at_quick_exit(f); }
static int fork_handlers(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return pthread_atfork(prepare, parent, child);
}

static uint64_t of_process(const kiln_jit *jit, const char *name) {
  if (jit->options.no_process_symbols || strcmp(name, "atexit") == 0) return 0; /* own_symbol */
  void *p = dlsym(RTLD_DEFAULT, name);
  if (p != NULL) return (uint64_t)(uintptr_t)p;
  if (strcmp(name, "at_quick_exit") == 0) return (uint64_t)(uintptr_t)quick_exit_handler;
  if (strcmp(name, "pthread_atfork") == 0) return (uint64_t)(uintptr_t)fork_handlers;
  return 0;
}

/* Names that the inputs define for each other. */
struct names {
  KN_ARRAY(struct kn_jit_want) list;
  struct kn_hash hash; /* index + 1 */
};

static bool collect(struct kn_jit_link *l, struct names *t) {
  const kiln_allocator *a = &l->jit->options.allocator;
  for (uint32_t i = 0; i < l->n_in; i++) {
    const struct kn_jit_in *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      uint32_t id = in->touched.at[k];
      const struct kn_symbol *s = kn_symbol(in->m, id);
      if (!defined_here(in->binds + id) || is_local(s) || s->name_length == 0) continue;
      if (!KN_HASH_ROOM(a, &t->hash) || !KN_PUSH(a, t->list, (struct kn_jit_want){i, id}))
        return fail_memory(l);
      kn_hash_put(&t->hash, s->hash, s->hash, t->list.n);
    }
  }
  return true;
}

static bool has(const struct kn_jit_link *l, const struct names *t, const struct kn_symbol *s) {
  uint32_t at, i;
  KN_HASH_EACH(&t->hash, s->hash, at, i) {
    struct kn_jit_want w = t->list.at[i - 1];
    const struct kn_symbol *other = kn_symbol(l->in[w.in].m, w.id);
    if (other->name_length == s->name_length && memcmp(other->name, s->name, s->name_length) == 0)
      return true;
  }
  return false;
}

static bool known(kiln_jit *jit, const struct kn_symbol *s) {
  pthread_mutex_lock(&jit->lock);
  const struct kn_jit_entry *e = kn_jit_entry_find(jit, s->name, s->name_length, NULL);
  bool yes = e != NULL && e->unit != NULL;
  pthread_mutex_unlock(&jit->lock);
  return yes;
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

bool kn_jit_resolve_outside(struct kn_jit_link *l) {
  kiln_jit *jit = l->jit;
  struct names names = {0};
  bool ok = l->n_in <= 1 || l->undefined.n == 0 || collect(l, &names);
  for (uint32_t i = 0; ok && i < l->undefined.n; i++) {
    struct kn_jit_want w = l->undefined.at[i];
    struct kn_jit_bind *b = l->in[w.in].binds + w.id;
    const struct kn_symbol *s = kn_symbol(l->in[w.in].m, w.id);
    if (b->where != KN_JIT_NOWHERE || is_local(s) || s->name_length == 0) continue;
    if (has(l, &names, s) || known(jit, s)) continue;
    if (strcmp(s->name, "__tls_get_addr") == 0) { /* no one else's serves the JIT's data */
      b->value = kn_jit_tls_entry();
      b->where = KN_JIT_ABSOLUTE;
      continue;
    }
    if (strcmp(s->name, "__dso_handle") == 0 || own_range(l, b, s)) continue;
    void *p = NULL;
    if (jit->options.resolve != NULL) p = jit->options.resolve(jit->options.resolve_user, s->name);
    b->value = (uint64_t)(uintptr_t)p;
    if (p == NULL && !(jit->options.resolve != NULL && known(jit, s)))
      b->value = of_process(jit, s->name);
    if (b->value != 0) b->where = KN_JIT_ABSOLUTE;
  }
  KN_ARRAY_FREE(&jit->options.allocator, names.list);
  kn_hash_free(&jit->options.allocator, &names.hash);
  return ok;
}

/* ---- definitions ---- */

static bool twice(struct kn_jit_link *l, const struct kn_jit_entry *e, const char *where) {
  kn_jit_fail(l->error, KILN_ERR_SYMBOL, "'%.100s' is defined already%s", e->name, where);
  return false;
}

static unsigned strength_of(const kiln_module *m, const struct kn_jit_bind *b,
                            const struct kn_symbol *s) {
  if (b->where == KN_JIT_IN_COMMON) return KN_JIT_COMMON_DEF;
  bool one_of_many = s->comdat != 0 && !kn_comdat(m, s->comdat)->stays;
  return is_weak(s) || one_of_many ? KN_JIT_WEAK_DEF : KN_JIT_STRONG_DEF;
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
  if (!KN_JIT_ROOM(l->jit, l->error, l->refs, 1)) {
    kn_jit_entry_drop(l->jit, e);
    return false;
  }
  l->refs.at[l->refs.n++] = e;
  e->refs++;
  return true;
}

/* The entry of a symbol of this unit, made if need be. */
static struct kn_jit_entry *entry_for(struct kn_jit_link *l, struct kn_jit_in *in, uint32_t id) {
  struct kn_jit_bind *b = in->binds + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  if (b->entry != NULL) return b->entry;
  struct kn_jit_entry *e = NULL;
  bool hidden = s->visibility == KILN_VISIBILITY_HIDDEN;
  bool named = !is_local(s) && s->name_length > 0 && !(l->stream && hidden);
  const void *scope = hidden ? l : NULL;
  if (named) e = kn_jit_entry_find(l->jit, s->name, s->name_length, scope);
  if (e == NULL) e = kn_jit_entry_new(l->jit, s->name, named ? s->name_length : 0, scope);
  if (e == NULL) {
    fail_memory(l);
    return NULL;
  }
  if (l->stream) { /* its binds stay */
    b->entry = e;
    e->holds++;
  }
  return e;
}

static bool define(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_in *in = l->in + i;
  struct kn_jit_bind *b = in->binds + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  struct kn_jit_entry *e = entry_for(l, in, id);
  if (e == NULL) return false;
  const struct kn_symbol *real = behind(in->m, s);
  struct kn_jit_def def = {.entry = e, .in = i, .id = id};
  def.strength = (uint8_t)strength_of(in->m, b, s);
  if (real->data != 0) {
    def.size = in->m->data.at[real->data - 1].size_bytes;
    def.align_log2 = in->m->data.at[real->data - 1].align_log2;
  }
  if (e->pending != 0) {
    b->entry = e;
    return compete(l, l->defs.at + e->pending - 1, &def);
  }
  if (e->unit != NULL) {
    bool again = (l->flags & KILN_JIT_REDEFINABLE) != 0 && e->stub != 0 && is_func(in->m, s);
    if (def.strength != KN_JIT_STRONG_DEF) {
      b->where = KN_JIT_AT_ENTRY;
      b->entry = e;
      return refer_to(l, e);
    }
    if (!again) return twice(l, e, e->stub == 0 ? "" : ", and not added as redefinable");
  }
  if (!KN_JIT_ROOM(l->jit, l->error, l->defs, 1)) {
    kn_jit_entry_drop(l->jit, e);
    return false;
  }
  b->entry = e;
  l->defs.at[l->defs.n++] = def;
  e->pending = l->defs.n;
  return true;
}

/* Gives the definitions that won their addresses, and those that lost to another input the winner's. */
static bool settle(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->defs.n; i++) {
    struct kn_jit_def *d = l->defs.at + i;
    struct kn_jit_bind *b = l->in[d->in].binds + d->id;
    const struct kn_symbol *s = kn_symbol(l->in[d->in].m, d->id);
    if (d->strength == KN_JIT_COMMON_DEF) {
      if (d->size > UINT64_C(1) << 32) {
        kn_jit_fail(l->error, KILN_ERR_LIMIT, "data '%.100s' is too large", s->name);
        return false;
      }
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
    struct kn_jit_in *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      struct kn_jit_bind *b = in->binds + in->touched.at[k];
      if (!defined_here(b) || b->entry == NULL || b->entry->pending == 0) continue;
      const struct kn_jit_def *d = l->defs.at + b->entry->pending - 1;
      if (d->in != i || d->id != in->touched.at[k]) b->where = KN_JIT_AT_ENTRY;
    }
  }
  return true;
}

static bool define_all(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_in *in = l->in + i;
    for (uint32_t k = 0; k < in->touched.n; k++) {
      uint32_t id = in->touched.at[k];
      const struct kn_symbol *s = kn_symbol(in->m, id);
      if (!defined_here(in->binds + id) || s->kind == KILN_SYMBOL_BLOCK) continue;
      if ((!is_local(s) || l->stream) && !define(l, i, id)) return false;
    }
  }
  return settle(l);
}

/* ---- references ---- */

/* Symbols that the unit provides itself unless the resolver did: __dso_handle, atexit. */
static bool own_symbol(struct kn_jit_link *l, struct kn_jit_bind *b, const struct kn_symbol *s) {
  if (strcmp(s->name, "__dso_handle") == 0) {
    b->where = KN_JIT_IN_RO;
    b->value = 0; /* the first word of the unit's read-only data */
    return true;
  }
  if (l->atexit && strcmp(s->name, "atexit") == 0) {
    b->where = KN_JIT_IN_CODE;
    b->value = UINT64_MAX; /* laid out later */
    return true;
  }
  return false;
}

static bool missing(struct kn_jit_link *l, const struct kn_symbol *s) {
  kiln_jit_error *e = l->error;
  if (kiln_buffer_append(&e->missing, s->name, s->name_length + 1) != KILN_OK)
    return fail_memory(l);
  e->n_missing++;
  return true;
}

static void tell_missing(kiln_jit_error *e) {
  char text[sizeof e->diag.message];
  size_t length = 0, at = 0;
  uint32_t told = 0;
  for (; told < e->n_missing; told++) {
    const char *name = (const char *)e->missing.data + at;
    size_t n = strlen(name);
    if (length + n > sizeof text - 64) break;
    if (told > 0) {
      memcpy(text + length, ", ", 2);
      length += 2;
    }
    memcpy(text + length, name, n);
    length += n;
    at += n + 1;
  }
  text[length] = 0;
  if (told == e->n_missing) kn_jit_fail(e, KILN_ERR_SYMBOL, "undefined: %s", text);
  else
    kn_jit_fail(e, KILN_ERR_SYMBOL, "undefined: %s%sand %u more", text, told > 0 ? " " : "",
                e->n_missing - told);
}

static bool local_missing(struct kn_jit_link *l, const struct kn_jit_in *in,
                          const struct kn_symbol *s) {
  if (s->kind == KILN_SYMBOL_BLOCK)
    kn_jit_fail(l->error, KILN_ERR_SYMBOL, "address of block %lld of '%.100s', which has no code",
                (long long)s->offset, kn_symbol(in->m, s->target)->name);
  else
    kn_jit_fail(l->error, KILN_ERR_SYMBOL, "local symbol '%.100s' is not defined",
                s->name_length > 0 ? s->name : "(no name)");
  return false;
}

static bool bind_to(struct kn_jit_link *l, struct kn_jit_bind *b, struct kn_jit_entry *e) {
  b->where = KN_JIT_AT_ENTRY;
  if (l->stream && b->entry == NULL) e->holds++; /* its binds stay */
  b->entry = e;
  return e->pending != 0 || refer_to(l, e);
}

static bool bind(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_in *in = l->in + i;
  struct kn_jit_bind *b = in->binds + id;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  struct kn_jit_entry *e = b->entry;
  bool named = !is_local(s) && s->name_length > 0;
  bool hidden = s->visibility == KILN_VISIBILITY_HIDDEN;
  if (e == NULL && named && !(l->stream && hidden)) {
    if (hidden) e = kn_jit_entry_find(l->jit, s->name, s->name_length, l);
    if (e == NULL) e = kn_jit_entry_find(l->jit, s->name, s->name_length, NULL);
  }
  if (b->where == KN_JIT_IN_RO || b->where == KN_JIT_IN_RW) return true; /* own_range */
  if (e != NULL && (e->unit != NULL || e->pending != 0)) return bind_to(l, b, e);
  if (b->where == KN_JIT_ABSOLUTE || (named && own_symbol(l, b, s))) return true;
  if ((l->flags & KILN_JIT_FORWARD) != 0 && s->linkage != KILN_LINKAGE_WEAK &&
      (named || (l->stream && s->kind == KILN_SYMBOL_FUNC)) && s->kind != KILN_SYMBOL_DATA &&
      s->kind != KILN_SYMBOL_BLOCK) {
    e = entry_for(l, in, id);
    return e != NULL && kn_jit_entry_stub(l->jit, e, l->error) && bind_to(l, b, e);
  }
  if (!named) return local_missing(l, in, s);
  if (KN_UNLIKELY(s->renamed)) {
    kn_jit_fail(l->error, KILN_ERR_UNSUPPORTED, "'%.100s' in memory",
                kiln_symbol_object_name(in->m, (kiln_symbol){id}));
    return false;
  }
  if (s->linkage == KILN_LINKAGE_WEAK) {
    b->where = KN_JIT_ABSOLUTE;
    b->value = 0;
    return true;
  }
  return missing(l, s);
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
  for (uint32_t i = 0; i < l->defs.n; i++) l->defs.at[i].entry->pending = 0;
  for (uint32_t i = 0; i < l->refs.n; i++) l->refs.at[i]->refs--;
  /* an entry can be in both lists, and more than once: holds keep it until its last occurrence */
  for (uint32_t i = 0; i < l->defs.n; i++) {
    l->defs.at[i].entry->holds++;
  }
  for (uint32_t i = 0; i < l->refs.n; i++) l->refs.at[i]->holds++;
  for (uint32_t i = 0; i < l->defs.n; i++) {
    l->defs.at[i].entry->holds--;
    kn_jit_entry_drop(l->jit, l->defs.at[i].entry);
  }
  for (uint32_t i = 0; i < l->refs.n; i++) {
    l->refs.at[i]->holds--;
    kn_jit_entry_drop(l->jit, l->refs.at[i]);
  }
  l->defs.n = l->refs.n = 0;
}

void kn_jit_publish(struct kn_jit_link *l) {
  struct kn_jit_item *u = l->unit;
  u->n_defs = u->n_refs = 0;
  for (uint32_t i = 0; i < l->defs.n; i++) {
    const struct kn_jit_def *d = l->defs.at + i;
    const struct kn_jit_in *in = l->in + d->in;
    const struct kn_symbol *s = kn_symbol(in->m, d->id);
    struct kn_jit_entry *e = d->entry;
    e->pending = 0;
    e->unit = u;
    e->address = kn_jit_definition(l, d->in, d->id);
    e->size = d->size;
    e->func = is_func(in->m, s);
    e->tls = in->binds[d->id].where == KN_JIT_IN_TLS;
    e->weak = d->strength != KN_JIT_STRONG_DEF;
    e->holds++;
    u->defs[u->n_defs++] = e;
    kn_jit_entry_aim(e);
  }
  for (uint32_t i = 0; i < l->refs.n; i++) u->refs[u->n_refs++] = l->refs.at[i];
}
