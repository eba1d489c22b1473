/* The memory of the reader's three owners: see memory.h. Called wherever a table grows. */
#include "bc.h"

#include <stdlib.h>

/* Stands before the memory of an array that is in no slab. */
struct kn_bc_chunk {
  _Alignas(16) struct kn_bc_chunk *next;
  struct kn_bc_chunk **link; /* what points to this one */
};

enum { SLAB_SIZE = 32768, MOST_IN_SLAB = 4096 };

void *kn_bc_resize(const struct kn_bc *r, void *old, size_t size) {
  if (r->allocator.realloc) return r->allocator.realloc(r->allocator.user, old, size);
  if (size) return realloc(old, size);
  free(old);
  return NULL;
}

/* Is `p` a part of the object of `size` bytes at `object`? */
static bool within(const void *p, const void *object, size_t size) {
  return (uintptr_t)p - (uintptr_t)object < size && object != NULL;
}

static struct kn_bc_memory *owner(struct kn_bc *r, const void *array) {
  if (within(array, &r->fn, sizeof r->fn)) return &r->body_memory;
  if (within(array, r->open, sizeof *r->open)) return &r->open->memory;
  return &r->memory;
}

static bool in_slab(const struct kn_bc *r, const void *p) {
  return within(p, r->memory.slab, SLAB_SIZE) || within(p, r->body_memory.slab, SLAB_SIZE) ||
         within(p, r->m->memory.slab, SLAB_SIZE);
}

/* `size` bytes of the slab; NULL if there are not so many. */
static void *from_slab(struct kn_bc *r, struct kn_bc_memory *m, size_t size) {
  if (KN_BC_EXACT || size > MOST_IN_SLAB) return NULL;
  if (!m->slab) m->slab = kn_bc_resize(r, NULL, SLAB_SIZE);
  if (!m->slab || size > SLAB_SIZE - m->used) return NULL;
  void *p = m->slab + m->used;
  m->used += (uint32_t)((size + 15) & ~(size_t)15);
  return p;
}

/* A chunk of `size` bytes; its content is that of chunk `old`, unless that is NULL. */
static void *chunk(struct kn_bc *r, struct kn_bc_memory *m, void *old, size_t size) {
  struct kn_bc_chunk *c = old ? (struct kn_bc_chunk *)old - 1 : NULL;
  c = kn_bc_resize(r, c, sizeof *c + size);
  if (!c) return NULL;
  if (!old) {
    c->next = m->chunks;
    c->link = &m->chunks;
  }
  *c->link = c;
  if (c->next) c->next->link = &c->next;
  return c + 1;
}

bool kn_bc_grow(struct kn_bc *r, void *array, uint32_t *cap, uint64_t need, size_t item_size) {
  if (need <= *cap) return true;
  uint64_t n = *cap ? (uint64_t)*cap * 2 : item_size < 128 ? 1024 / item_size : 8;
  if (n < need) n = need;
  void *old, *p = NULL;
  memcpy(&old, array, sizeof old);
  if (n < UINT32_MAX / 2 && n * item_size <= SIZE_MAX / 2) {
    struct kn_bc_memory *m = owner(r, array);
    const size_t size = (size_t)n * item_size;
    const bool moves = !old || in_slab(r, old);
    if (moves) p = from_slab(r, m, size);
    if (!p) p = chunk(r, m, moves ? NULL : old, size);
    if (p && old && moves) memcpy(p, old, (size_t)*cap * item_size);
  }
  if (!p) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  memcpy(array, &p, sizeof p);
  *cap = (uint32_t)n;
  return true;
}

void *kn_bc_keep(struct kn_bc *r, size_t size) {
  void *p = from_slab(r, &r->memory, size);
  if (!p) p = chunk(r, &r->memory, NULL, size);
  if (p) memset(p, 0, size);
  else kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  return p;
}

void kn_bc_release(struct kn_bc *r, void *p) {
  if (!p || in_slab(r, p)) return;
  struct kn_bc_chunk *c = (struct kn_bc_chunk *)p - 1;
  *c->link = c->next;
  if (c->next) c->next->link = c->link;
  kn_bc_resize(r, c, 0);
}

struct hash_memory {
  struct kn_bc *r;
  struct kn_bc_memory *of;
};
static void *hash_realloc(void *user, void *old, size_t size) {
  struct hash_memory *m = user;
  if (size != 0) return chunk(m->r, m->of, NULL, size);
  kn_bc_release(m->r, old);
  return NULL;
}

bool kn_bc_hash_grow(struct kn_bc *r, struct kn_hash *t) {
  struct hash_memory m = {r, owner(r, t)};
  const kiln_allocator a = {hash_realloc, &m};
  return kn_hash_grow(&a, t, 1) || kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
}

void kn_bc_memory_reset(struct kn_bc *r, struct kn_bc_memory *m, bool goes_on) {
  while (m->chunks) {
    struct kn_bc_chunk *c = m->chunks;
    m->chunks = c->next;
    kn_bc_resize(r, c, 0);
  }
  m->used = 0;
  if (goes_on || !m->slab) return;
  kn_bc_resize(r, m->slab, 0);
  m->slab = NULL;
}
