/* The rare operations on hash tables: see ir/hash.h. */
#include "ir/hash.h"

#include <string.h>

enum { FIRST_SIZE = 64 };

bool kn_hash_grow(const kiln_allocator *a, struct kn_hash *t, uint32_t more) {
  uint64_t size = t->size < FIRST_SIZE ? FIRST_SIZE : t->size;
  while (t->n + (uint64_t)more > size / 2) size *= 2;
  if (size == t->size) return true;
  if (size > UINT32_MAX) return false;
  struct kn_hash to = {kn_allocator_realloc(a, NULL, (size_t)size * sizeof *t->at), 0,
                       (uint32_t)size};
  if (to.at == NULL) return false;
  memset(to.at, 0, (size_t)size * sizeof *to.at);
  for (uint32_t i = 0; i < t->size; i++)
    if (t->at[i].id != 0) kn_hash_put(&to, t->at[i].hash, t->at[i].hash, t->at[i].id);
  kn_hash_free(a, t);
  *t = to;
  return true;
}

void kn_hash_set(struct kn_hash *t, uint32_t hash, uint32_t id, uint32_t to) {
  uint32_t mask = t->size - 1, free = hash & mask;
  while (t->at[free].id != id || t->at[free].hash != hash) free = (free + 1) & mask;
  t->at[free].id = to;
  if (to != 0) return;
  t->n--;
  /* entries up to the next free one that could not be reached any more move to the free one before them */
  for (uint32_t i = (free + 1) & mask; t->at[i].id != 0; i = (i + 1) & mask) {
    uint32_t wanted = t->at[i].hash & mask;
    if (((i - wanted) & mask) < ((i - free) & mask)) continue;
    t->at[free] = t->at[i];
    t->at[i].id = 0;
    free = i;
  }
}

void kn_hash_clear(struct kn_hash *t) {
  if (t->n == 0) return;
  /* a table that was large once need not be cleared as a whole each time */
  while (t->size > FIRST_SIZE && t->size / 8 > t->n) t->size /= 2;
  memset(t->at, 0, t->size * sizeof *t->at);
  t->n = 0;
}

void kn_hash_free(const kiln_allocator *a, struct kn_hash *t) {
  if (t->at != NULL) kn_allocator_realloc(a, t->at, 0);
  *t = (struct kn_hash){0};
}
