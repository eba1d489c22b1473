/* Hash tables, the only ones of the library: from keys to the ids of items that the owner keeps in an array of its own.
 * A table knows hashes and ids, its owner compares keys:
 *
 *   uint32_t at, id;
 *   KN_HASH_EACH(&table, hash, at, id, key > items.at[id - 1].key)
 *     if (items.at[id - 1].key == key) return id;
 *   ... the item is made ...
 *   kn_hash_put(&table, at, hash, items.n);
 *
 * A table is zeroed to begin with. Ids are not 0, and no two of them have the same key.
 *
 * Time: hashes are the same in every run, so an input can be made of keys that share a hash, or a place. An entry that
 * finds no free place among the first KN_HASH_REACH, or KN_HASH_SAME entries of its hash there, goes to a balanced tree
 * instead, in the order of hashes, and of keys where those are equal: a look-up compares KN_HASH_REACH hashes,
 * KN_HASH_SAME keys, and those of a tree. A table of half a million random hashes stays below both.
 *
 * Invariants: open addressing, of which at most half are used; an entry is reached from its hash's position
 * without a free one between, if there is no tree. */
#ifndef KN_IR_HASH_H
#define KN_IR_HASH_H

#include "ir/array.h"

/* Hashes `word` and what was hashed before. The upper bits are the better ones. */
KN_INLINE uint64_t kn_mix64(uint64_t hash, uint64_t word) {
  return (hash ^ hash >> 32 ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Positions that a look-up tries, and entries of one hash among them. */
enum { KN_HASH_REACH = 64, KN_HASH_SAME = 4 };

struct kn_hash_entry {
  uint32_t hash, id; /* id 0: free */
};

struct kn_hash_tree;

struct kn_hash {
  struct kn_hash_entry *at;
  uint32_t n, size; /* size: 0, or a power of two; 0 as well if there is a tree, which knows it */
  struct kn_hash_tree *tree;
};

/* The next id of `hash` if there is no space yet, or a tree. */
KN_PRIVATE KN_COLD uint32_t kn_hash_next_tree(const struct kn_hash *t, uint32_t hash, uint32_t *at);

/* The next id of `hash` from *at on: first `hash` itself. *at is moved behind the id; if there is none, to where
 * a new one belongs. It is hash + a number of positions below KN_HASH_REACH, or hash + KN_HASH_REACH + twice
 * the number of a node + 1 for the greater ones of its children. */
KN_INLINE uint32_t kn_hash_next(const struct kn_hash *t, uint32_t hash, uint32_t *at) {
  if (KN_UNLIKELY(t->size == 0)) return kn_hash_next_tree(t, hash, at);
  for (; KN_LIKELY(*at - hash < KN_HASH_REACH); ++*at) {
    const struct kn_hash_entry *e = &t->at[*at & (t->size - 1)];
    if (e->id == 0) return 0;
    if (e->hash != hash) continue;
    ++*at;
    return e->id;
  }
  return 0;
}
/* For each id of `hash` that may have the key. `after` is evaluated where the body did not find that it has: true if
 * the key is after the id's, in any total order of the keys. If the loop ends by itself, `at` is the position for
 * a new one. */
#define KN_HASH_EACH(t, hash, at, id, after)                                                       \
  for ((at) = (hash); ((id) = kn_hash_next((t), (hash), &(at))) != 0;                              \
       (at) += (at) - (hash) > KN_HASH_REACH && (after))

/* Makes space for `more` entries; false if there is none. Not marked cold: it clears tables of many KiB. */
KN_PRIVATE bool kn_hash_grow(const kiln_allocator *a, struct kn_hash *t, uint32_t more);
KN_PRIVATE KN_COLD bool kn_module_hash_grow(struct kiln_module *m, struct kn_hash *t,
                                            uint32_t more);

/* True if one more entry fits. Positions for new ones stay valid. */
#define KN_HASH_ROOM(owner, t)                                                                     \
  (KN_LIKELY((t)->n < (t)->size / 2) || _Generic((owner),                                          \
     struct kiln_module *: kn_module_hash_grow,                                                    \
     kiln_allocator *: kn_hash_grow,                                                               \
     const kiln_allocator *: kn_hash_grow)((owner), (t), 1))

KN_PRIVATE KN_COLD void kn_hash_put_tree(struct kn_hash *t, uint32_t at, uint32_t hash,
                                         uint32_t id);

/* Enters an id at its position, as KN_HASH_EACH left it; nothing was entered since, and KN_HASH_ROOM was asked. */
static inline void kn_hash_put(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id) {
  if (KN_UNLIKELY(t->size == 0 || at - hash >= KN_HASH_REACH)) {
    kn_hash_put_tree(t, at, hash, id);
    return;
  }
  const uint32_t mask = t->size - 1;
  uint32_t same = 0;
  at = hash; /* the table may have grown */
  for (; t->at[at & mask].id != 0; at++) same += t->at[at & mask].hash == hash;
  if (KN_UNLIKELY(same >= KN_HASH_SAME)) {
    kn_hash_put_tree(t, hash + KN_HASH_REACH, hash, id);
    return;
  }
  t->at[at & mask] = (struct kn_hash_entry){hash, id};
  t->n++;
}

/* Gives the entry that KN_HASH_EACH found last, behind which `at` is, another id; 0 removes it. */
void kn_hash_set(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t to);
/* Removes all entries, in time of their number. */
KN_PRIVATE void kn_hash_clear(struct kn_hash *t);
KN_PRIVATE void kn_hash_free(const kiln_allocator *a, struct kn_hash *t);

#endif
