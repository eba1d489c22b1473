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
 * Time: hashes are the same in every run, so an input can be made of keys that share a hash, or a place. A look-up
 * tries at most KN_HASH_REACH positions, among them KN_HASH_SAME entries of its hash. An entry that finds no place
 * there goes to a balanced tree, in the order of hashes, and of keys where those are equal. From then on all new
 * entries go to the tree. A table of half a million random hashes has none.
 *
 * Invariants: open addressing, of which at most half are used; an entry is reached from its hash's position
 * without a free one between, if there is no tree. */
#ifndef KN_BASE_HASH_H
#define KN_BASE_HASH_H

#include "base/array.h"

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

/* The same as kn_hash_next if there is no space yet, or a tree: the id, and 2^32 times the position. */
KN_PRIVATE KN_COLD uint64_t kn_hash_next_tree(const struct kn_hash *t, uint32_t hash, uint32_t at);

/* The same if there is space, and no tree. */
KN_INLINE uint32_t kn_hash_next_flat(const struct kn_hash *t, uint32_t hash, uint32_t *at) {
  for (;;) {
    const struct kn_hash_entry *e = &t->at[*at & (t->size - 1)];
    if (e->id == 0) return 0;
    ++*at;
    if (e->hash == hash) return e->id;
    if (KN_UNLIKELY(*at == hash + KN_HASH_REACH)) return 0; /* no entry is in the last one */
  }
}

/* The next id of `hash` from *at on, which begins as `hash` itself. *at becomes the position after the id; if there is
 * none, the position where a new one belongs. A position is hash + a number below KN_HASH_REACH, or
 * hash + KN_HASH_REACH + twice the number of a node + 1 for the greater ones of its children. */
KN_INLINE uint32_t kn_hash_next(const struct kn_hash *t, uint32_t hash, uint32_t *at) {
  if (KN_LIKELY(t->size != 0)) return kn_hash_next_flat(t, hash, at);
  const uint64_t next = kn_hash_next_tree(t, hash, *at);
  *at = (uint32_t)(next >> 32);
  return (uint32_t)next;
}
/* For each id of `hash` that may have the key. `after` is evaluated where the body found another key: true if the key
 * sought is after the id's, in any total order of the keys. If the loop ends by itself, `at` is the position for
 * a new one. */
#define KN_HASH_EACH(t, hash, at, id, after)                                                       \
  for ((at) = (hash); ((id) = kn_hash_next((t), (hash), &(at))) != 0;                              \
       (at) += (at) - (hash) > KN_HASH_REACH && (after))
/* The same for the shortest code where KN_HASH_FLAT holds: there is space, and no tree. Elsewhere KN_HASH_EACH is
 * used, in another function. */
#define KN_HASH_FLAT(t) KN_LIKELY((t)->size != 0)
#define KN_HASH_EACH_FLAT(t, hash, at, id)                                                         \
  for ((at) = (hash); ((id) = kn_hash_next_flat((t), (hash), &(at))) != 0;)

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

KN_PRIVATE void kn_hash_put_far(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id);

/* Enters an id at the position that KN_HASH_EACH left, if nothing was entered since. kn_hash_put_here needs
 * KN_HASH_ROOM to be asked before KN_HASH_EACH, since growing moves entries; kn_hash_put allows it after that, too. */
static inline void kn_hash_put_here(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id) {
  if (KN_UNLIKELY(at - hash >= KN_HASH_SAME)) { /* so it is if there is a tree */
    kn_hash_put_far(t, at, hash, id);
    return;
  }
  t->at[at & (t->size - 1)] = (struct kn_hash_entry){hash, id};
  t->n++;
}
static inline void kn_hash_put(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id) {
  if (KN_LIKELY(at - hash < KN_HASH_SAME))
    for (at = hash; t->at[at & (t->size - 1)].id != 0;) at++;
  kn_hash_put_here(t, at, hash, id);
}

/* Gives the entry that KN_HASH_EACH found last another id; 0 removes it. `at` is as the loop left it. */
void kn_hash_set(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t to);
/* Removes all entries, in time of their number. */
KN_PRIVATE void kn_hash_clear(struct kn_hash *t);
KN_PRIVATE void kn_hash_free(const kiln_allocator *a, struct kn_hash *t);

#endif
