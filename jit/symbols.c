/* Names and stubs. An entry stands for a name of the JIT, or for a symbol of a stream; a stub is a jump to
 * the address in a slot, so that a function is redefined by a store of eight bytes. Stubs are written many at a time
 * and never changed.
 * Invariant: an entry is in the table as long as it has a name. Called with the JIT locked. */
#include "jit/jit_state.h"

/* ---- the table ---- */

struct kn_jit_entry *kn_jit_entry_find(const kiln_jit *jit, const char *name, size_t length,
                                       const void *scope) {
  const struct kn_jit_table *t = &jit->table;
  if (t->size == 0 || length == 0) return NULL;
  uint32_t hash = kn_hash_bytes(name, length);
  for (struct kn_jit_entry *e = t->head[hash & (t->size - 1)]; e != NULL; e = e->next)
    if (e->hash == hash && e->name_length == length && e->scope == scope &&
        memcmp(e->name, name, length) == 0)
      return e;
  return NULL;
}

static bool table_grow(kiln_jit *jit) {
  struct kn_jit_table *t = &jit->table;
  uint32_t size = t->size < 64 ? 64 : t->size * 2;
  struct kn_jit_entry **head = kn_jit_realloc(jit, NULL, size * sizeof *head);
  if (head == NULL) return false;
  memset(head, 0, size * sizeof *head);
  for (uint32_t i = 0; i < t->size; i++) {
    for (struct kn_jit_entry *e = t->head[i], *next; e != NULL; e = next) {
      next = e->next;
      e->next = head[e->hash & (size - 1)];
      head[e->hash & (size - 1)] = e;
    }
  }
  if (t->head != NULL) kn_jit_realloc(jit, t->head, 0);
  t->head = head;
  t->size = size;
  return true;
}

struct kn_jit_entry *kn_jit_entry_new(kiln_jit *jit, const char *name, size_t length,
                                      const void *scope) {
  struct kn_jit_table *t = &jit->table;
  if (length > UINT32_MAX / 2) return NULL;
  if (length > 0 && t->n >= t->size && !table_grow(jit)) return NULL;
  struct kn_jit_entry *e = kn_jit_realloc(jit, NULL, sizeof *e + length + 1);
  if (e == NULL) return NULL;
  memset(e, 0, sizeof *e);
  if (length > 0) memcpy(e->name, name, length);
  e->name[length] = 0;
  e->name_length = (uint32_t)length;
  e->scope = scope;
  if (length == 0) {
    jit->unnamed++;
    return e;
  }
  e->hash = kn_hash_bytes(name, length);
  e->next = t->head[e->hash & (t->size - 1)];
  t->head[e->hash & (t->size - 1)] = e;
  t->n++;
  return e;
}

void kn_jit_entry_drop(kiln_jit *jit, struct kn_jit_entry *e) {
  if (e->unit != NULL || e->refs > 0 || e->holds > 0 || e->pending != 0) return;
  struct kn_jit_table *t = &jit->table;
  if (e->name_length > 0) {
    struct kn_jit_entry **at = &t->head[e->hash & (t->size - 1)];
    while (*at != e) at = &(*at)->next;
    *at = e->next;
    t->n--;
  } else {
    jit->unnamed--;
  }
  /* there is space: a stub was taken from this array */
  if (e->stub != 0) jit->stubs[jit->n_stubs++] = (struct kn_jit_stub){e->stub, e->slot};
  kn_jit_realloc(jit, e, 0);
}

void kn_jit_symbols_free(kiln_jit *jit) {
  for (uint32_t i = 0; i < jit->table.size; i++) {
    for (struct kn_jit_entry *e = jit->table.head[i], *next; e != NULL; e = next) {
      next = e->next;
      kn_jit_realloc(jit, e, 0);
    }
  }
  if (jit->table.head != NULL) kn_jit_realloc(jit, jit->table.head, 0);
  if (jit->stubs != NULL) kn_jit_realloc(jit, jit->stubs, 0);
}

/* ---- stubs ---- */

/* What a stub without a definition jumps to. */
static __attribute__((noreturn)) void undefined_function(void) { __builtin_trap(); }

void kn_jit_entry_aim(struct kn_jit_entry *e) {
  if (e->stub == 0) return;
  uint64_t to = e->unit != NULL ? e->address : (uint64_t)(uintptr_t)undefined_function;
  __atomic_store_n(e->slot, to, __ATOMIC_RELEASE);
}

/* Makes as many stubs as fit a page, or a KiB where pages are not given out whole. */
static bool more_stubs(kiln_jit *jit, kiln_jit_error *error) {
  uint32_t n = (uint32_t)(jit->dual ? 1024 : jit->page) / KN_JIT_STUB_BYTES;
  if (!kn_jit_grow(jit, error, &jit->stubs, &jit->cap_stubs, jit->total_stubs + n,
                   sizeof *jit->stubs))
    return false;
  const uint64_t size[KN_JIT_KINDS] = {(uint64_t)n * KN_JIT_STUB_BYTES, 0, (uint64_t)n * 8};
  const uint64_t align[KN_JIT_KINDS] = {KN_JIT_STUB_BYTES, 1, 8};
  struct kn_jit_block blocks[KN_JIT_KINDS]; /* kept for the stubs as long as the JIT lives */
  if (!kn_jit_take_unit(jit, size, align, blocks, error)) return false;
  uint8_t *to = kn_jit_writable(blocks + KN_JIT_CODE, KN_JIT_CODE);
  memset(to, jit->machine->fill, KN_JIT_STUB_BYTES); /* the first is padding: KN_JIT_CODE_PAD */
  for (uint32_t i = 1; i < n; i++) {
    uint64_t at = (uint64_t)(uintptr_t)blocks[KN_JIT_CODE].at + i * KN_JIT_STUB_BYTES;
    uint64_t *slot = (uint64_t *)(void *)(blocks[KN_JIT_RW].at + i * 8);
    jit->code->write_stub(to + i * KN_JIT_STUB_BYTES, at, (uint64_t)(uintptr_t)slot);
    jit->stubs[jit->n_stubs++] = (struct kn_jit_stub){at, slot};
  }
  if (!kn_jit_seal(jit, blocks, error)) {
    jit->n_stubs -= n - 1;
    for (unsigned k = 0; k < KN_JIT_KINDS; k++) kn_jit_give(jit, blocks + k, k);
    return false;
  }
  jit->total_stubs += n - 1;
  return true;
}

bool kn_jit_entry_stub(kiln_jit *jit, struct kn_jit_entry *e, kiln_jit_error *error) {
  if (e->stub != 0) return true;
  if (jit->n_stubs == 0 && !more_stubs(jit, error)) return false;
  struct kn_jit_stub s = jit->stubs[--jit->n_stubs];
  e->stub = s.stub;
  e->slot = s.slot;
  kn_jit_entry_aim(e);
  return true;
}
