/* Names and stubs. An entry stands for a name of the JIT, or for a symbol of a stream; a stub is a jump to
 * the address in a slot, so that a function is redefined by a store of eight bytes. Stubs are written many at a time,
 * as a group, and not changed until the group's memory is given back. The stub of a function without a definition jumps
 * to the group's code for that, which calls late.c.
 * Invariant: an entry is in the table as long as it has a name. Called with the JIT locked. */
#include "lib/jit/link/symbols.h"
#include "lib/jit/memory/memory.h"

#include "lib/image/frames.h"
#include "lib/object/elf_memory.h"
#include "targets/target.h"

/* ---- stubs ---- */

void kn_jit_entry_aim(struct kn_jit_entry *e) {
  if (e->stub == 0) return;
  uint64_t to = e->unit != NULL ? e->address : e->stub + e->group->jit->code->stub_late;
  __atomic_store_n(e->slot, to, __ATOMIC_RELEASE);
}

static void group_unlink(const struct kn_jit_stubs *g) {
  if (g->back != NULL) *g->back = g->next;
  if (g->next != NULL) g->next->back = g->back;
}

/* Puts a group at the head of the list of those with free stubs, or of those without. */
static void group_move(kiln_jit *jit, struct kn_jit_stubs *g) {
  struct kn_jit_stubs **list = g->n_free > 0 ? &jit->stubs : &jit->full_stubs;
  group_unlink(g);
  g->next = *list;
  g->back = list;
  if (g->next != NULL) g->next->back = &g->next;
  *list = g;
}

static void group_free(kiln_jit *jit, struct kn_jit_stubs *g) {
  group_unlink(g);
  if (g->n_free == g->n) jit->unused_groups--;
  kn_jit_unit_free(jit, g->unit);
  kn_jit_realloc(jit, g, 0);
}

static void stub_give(kiln_jit *jit, struct kn_jit_entry *e) {
  struct kn_jit_stubs *g = e->group;
  uint64_t number = (e->stub - kn_jit_at(g->unit->blocks, KN_JIT_CODE)) / KN_JIT_STUB_BYTES;
  g->of[number] = NULL;
  g->free[g->n_free++] = (uint16_t)number;
  if (g->n_free == 1) group_move(jit, g);
  if (g->n_free < g->n) return;
  /* one unused group is kept for the next stub */
  if (jit->unused_groups++ > 0) group_free(jit, g);
}

bool kn_jit_stubs_trim(kiln_jit *jit) {
  bool any = false;
  for (struct kn_jit_stubs *g = jit->stubs, *next; g != NULL; g = next) {
    next = g->next;
    if (g->n_free < g->n) continue;
    group_free(jit, g);
    any = true;
  }
  return any;
}

/* A unit without functions, with memory for `n` stubs and their frame; NULL (reported) if there is none. */
static struct kn_jit_unit *unit_of_stubs(kiln_jit *jit, uint32_t n, kiln_jit_error *error) {
  const struct kn_code_func all = {.size = n * KN_JIT_STUB_BYTES,
                                   .cfi_size = jit->code->n_late_rows};
  const uint64_t rows = jit->options.no_unwind ? 0 : kn_jit_frames_stub_bytes(&all);
  const uint64_t size[KN_JIT_KINDS] = {all.size, rows, (uint64_t)n * 8};
  const uint64_t align[KN_JIT_KINDS] = {KN_JIT_STUB_BYTES, 8, 8};
  struct kn_jit_unit *u = kn_jit_realloc(jit, NULL, sizeof *u);
  if (u == NULL) return kn_jit_no_memory(error), NULL;
  *u = (struct kn_jit_unit){0};
  if (!kn_jit_take_unit(jit, size, align, u->blocks, error)) {
    kn_jit_unit_free(jit, u);
    return NULL;
  }
  if (rows == 0) return u;
  kn_jit_frames_write_stubs(jit, u, &all);
  return u;
}

/* Makes as many stubs as fit a page, or 2 KiB where pages are not given out whole. In place of the first ones are the
 * code for stubs without a definition, which is padding too (KN_JIT_CODE_PAD), and its words. */
static bool more_stubs(kiln_jit *jit, kiln_jit_error *error) {
  uint32_t n = (uint32_t)(jit->dual ? 2048 : jit->page) / KN_JIT_STUB_BYTES;
  struct kn_jit_stubs *g =
    kn_jit_realloc(jit, NULL, sizeof *g + n * (sizeof *g->of + sizeof *g->free));
  if (g == NULL) return kn_jit_no_memory(error);
  struct kn_jit_unit *u = unit_of_stubs(jit, n, error);
  if (u == NULL) {
    kn_jit_realloc(jit, g, 0);
    return false;
  }
  *g = (struct kn_jit_stubs){
    .jit = jit, .unit = u, .n = n - KN_JIT_LATE_STUBS, .free = (uint16_t *)(g->of + n)};
  uint8_t *to = kn_jit_to(u->blocks, KN_JIT_CODE);
  const uint64_t at = kn_jit_at(u->blocks, KN_JIT_CODE), slots = kn_jit_at(u->blocks, KN_JIT_RW);
  struct kn_jit_late_words *words = (void *)u->blocks[KN_JIT_RW].at;
  *words = (struct kn_jit_late_words){.find = kn_jit_late_find, .group = g};
  jit->code->write_late(to, at, words);
  for (uint32_t i = KN_JIT_LATE_STUBS; i < n; i++) {
    uint32_t offset = i * KN_JIT_STUB_BYTES;
    jit->code->write_stub(to + offset, at + offset, slots + i * 8, at);
    g->of[i] = NULL;
    g->free[g->n_free++] = (uint16_t)(n + KN_JIT_LATE_STUBS - 1 - i); /* the last is taken first */
  }
  if (!kn_jit_seal(jit, u->blocks, error) || !kn_jit_unit_show(jit, u, error)) {
    kn_jit_unit_free(jit, u);
    kn_jit_realloc(jit, g, 0);
    return false;
  }
  jit->unused_groups++;
  group_move(jit, g);
  return true;
}

bool kn_jit_entry_stub(kiln_jit *jit, struct kn_jit_entry *e, kiln_jit_error *error) {
  if (e->stub != 0) return true;
  if (jit->stubs == NULL && !more_stubs(jit, error)) return false;
  struct kn_jit_stubs *g = jit->stubs;
  if (g->n_free == g->n) jit->unused_groups--;
  uint32_t i = g->free[--g->n_free];
  g->of[i] = e;
  e->group = g;
  e->stub = kn_jit_at(g->unit->blocks, KN_JIT_CODE) + i * KN_JIT_STUB_BYTES;
  e->slot = (uint64_t *)(void *)(g->unit->blocks[KN_JIT_RW].at + i * 8);
  if (g->n_free == 0) group_move(jit, g);
  kn_jit_entry_aim(e);
  return true;
}

/* ---- the table ---- */

static KN_COLD bool after(const struct kn_jit_entry *e, struct kn_jit_name name,
                          const struct kn_jit_unit *scope) {
  if (scope != e->scope) return (uintptr_t)scope > (uintptr_t)e->scope;
  return kn_bytes_after(name.text, name.length, e->name, e->name_length);
}

/* The entry of a name with that hash in the table, or NULL. *at: its position there. */
static struct kn_jit_entry *find(const kiln_jit *jit, struct kn_jit_name name,
                                 const struct kn_jit_unit *scope, uint32_t *at) {
  uint32_t id;
  KN_HASH_EACH(&jit->name_hash, name.hash, *at, id, after(jit->names.at[id - 1], name, scope)) {
    struct kn_jit_entry *e = jit->names.at[id - 1];
    if (e->name_length == name.length && e->scope == scope &&
        memcmp(e->name, name.text, name.length) == 0)
      return e;
  }
  return NULL;
}

/* Many units have local names that are equal. */
static uint32_t scoped(uint32_t hash, const struct kn_jit_unit *scope) {
  return scope == NULL ? hash : (uint32_t)(kn_mix64(hash, scope->id) >> 32);
}

struct kn_jit_entry *kn_jit_entry_find(const kiln_jit *jit, struct kn_jit_name name,
                                       const struct kn_jit_unit *scope) {
  uint32_t at;
  name.hash = scoped(name.hash, scope);
  return name.length != 0 ? find(jit, name, scope, &at) : NULL;
}

/* Gives the entry in the table another id; 0 removes it. */
static void set_id(kiln_jit *jit, const struct kn_jit_entry *e, uint32_t id) {
  uint32_t at;
  if (find(jit, (struct kn_jit_name){e->name, e->name_length, e->hash}, e->scope, &at) == e)
    kn_hash_set(&jit->name_hash, at, e->hash, id);
}

struct kn_jit_entry *kn_jit_entry_get(kiln_jit *jit, struct kn_jit_name name,
                                      const struct kn_jit_unit *scope, kiln_jit_error *error) {
  const kiln_allocator *a = &jit->options.allocator;
  struct kn_jit_entry *e = kn_jit_entry_find(jit, name, scope);
  if (e != NULL) return e;
  const bool named = name.length > 0;
  if (name.length <= UINT32_MAX / 2 &&
      (!named || (KN_ROOM(a, jit->names, 1) && KN_HASH_ROOM(a, &jit->name_hash))))
    e = kn_jit_realloc(jit, NULL, sizeof *e + name.length + 1);
  if (e == NULL) return kn_jit_no_memory(error), NULL;
  name.hash = scoped(name.hash, scope);
  *e = (struct kn_jit_entry){.name_length = name.length, .scope = scope, .hash = name.hash};
  if (named) memcpy(e->name, name.text, name.length);
  e->name[name.length] = 0;
  jit->unnamed += !named;
  if (!named) return e;
  uint32_t at;
  (void)find(jit, name, scope, &at);
  jit->names.at[jit->names.n++] = e;
  e->id = jit->names.n;
  kn_hash_put(&jit->name_hash, at, e->hash, e->id);
  return e;
}

static void entry_free(kiln_jit *jit, struct kn_jit_entry *e) {
  if (e->late != NULL) kn_jit_late_free(jit, e->late);
  kn_jit_realloc(jit, e, 0);
}

void kn_jit_entry_drop(kiln_jit *jit, struct kn_jit_entry *e) {
  if (e->unit != NULL || e->refs > 0 || e->holds > 0 || e->pending != 0) return;
  if (e->name_length > 0) {
    set_id(jit, e, 0);
    struct kn_jit_entry *last = jit->names.at[--jit->names.n];
    if (last != e) { /* it takes the slot that is free now */
      set_id(jit, last, e->id);
      last->id = e->id;
      jit->names.at[e->id - 1] = last;
    }
  } else {
    jit->unnamed--;
  }
  if (e->stub != 0) stub_give(jit, e);
  entry_free(jit, e);
}

void kn_jit_entry_release(kiln_jit *jit, struct kn_jit_entry *e) {
  e->holds--;
  kn_jit_entry_drop(jit, e);
}

void kn_jit_symbols_free(kiln_jit *jit) {
  while (jit->stubs != NULL) group_free(jit, jit->stubs);
  while (jit->full_stubs != NULL) group_free(jit, jit->full_stubs);
  const kiln_allocator *a = &jit->options.allocator;
  for (uint32_t i = 0; i < jit->names.n; i++) entry_free(jit, jit->names.at[i]);
  KN_FREE(a, jit->names.at);
  kn_hash_free(a, &jit->name_hash);
}
