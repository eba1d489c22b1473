/* Hash tables, the only ones of the library: from keys to the ids of items that the owner keeps in an array of its own.
 * A table knows hashes and ids, its owner compares keys:
 *
 *   uint32_t at, id;
 *   KN_HASH_EACH(&table, hash, at, id)
 *     if (same(&items.at[id - 1], key)) return id;
 *
 * A table is zeroed to begin with. Ids are not 0, and there may be several of one hash.
 * Invariant: open addressing, of which at most half are used; an entry is reached from its hash's position
 * without a free one between. */
#ifndef KN_IR_HASH_H
#define KN_IR_HASH_H

#include "ir/array.h"

/* Hashes `word` and what was hashed before. The upper bits are the better ones. */
KN_INLINE uint64_t kn_mix64(uint64_t hash, uint64_t word) {
  return (hash ^ hash >> 32 ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

struct kn_hash_entry {
  uint32_t hash, id; /* id 0: free */
};

struct kn_hash {
  struct kn_hash_entry *at;
  uint32_t n, size; /* size: 0 or a power of two */
};

/* The next id of `hash` from position *at on, which is moved behind it; 0 if there is none: then *at is the position
 * for a new one. */
KN_INLINE uint32_t kn_hash_next(const struct kn_hash *t, uint32_t hash, uint32_t *at) {
  if (t->size == 0) return 0;
  for (;; ++*at) {
    const struct kn_hash_entry *e = &t->at[*at & (t->size - 1)];
    if (e->id == 0) return 0;
    if (e->hash != hash) continue;
    ++*at;
    return e->id;
  }
}
/* For each id of `hash`. If the loop ends by itself, `at` is the position for a new one. */
#define KN_HASH_EACH(t, hash, at, id)                                                              \
  for ((at) = (hash); ((id) = kn_hash_next((t), (hash), &(at))) != 0;)

/* Makes space for `more` entries; false if there is none. Not marked cold: it clears tables of many KiB. */
bool kn_hash_grow(const kiln_allocator *a, struct kn_hash *t, uint32_t more);
KN_PRIVATE KN_COLD bool kn_module_hash_grow(struct kiln_module *m, struct kn_hash *t,
                                            uint32_t more);

/* True if one more entry fits. It makes positions invalid. */
#define KN_HASH_ROOM(owner, t)                                                                     \
  (KN_LIKELY((t)->n < (t)->size / 2) || _Generic((owner),                                          \
     struct kiln_module *: kn_module_hash_grow,                                                    \
     kiln_allocator *: kn_hash_grow,                                                               \
     const kiln_allocator *: kn_hash_grow)((owner), (t), 1))

/* Enters an id at its position, as KN_HASH_EACH left it, or at the hash itself; there is room. */
static inline void kn_hash_put(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id) {
  while (t->at[at & (t->size - 1)].id != 0) at++;
  t->at[at & (t->size - 1)] = (struct kn_hash_entry){hash, id};
  t->n++;
}

/* Gives the entry of `hash` and `id`, which is there, another id; 0 removes it. */
void kn_hash_set(struct kn_hash *t, uint32_t hash, uint32_t id, uint32_t to);
/* Removes all entries, in time of their number. */
KN_PRIVATE void kn_hash_clear(struct kn_hash *t);
KN_PRIVATE void kn_hash_free(const kiln_allocator *a, struct kn_hash *t);

#endif
