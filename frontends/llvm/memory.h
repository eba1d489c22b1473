/* Who owns the reader's memory. There are three owners: the module (struct kn_bc_module), which lives until the last
 * reader of it is closed, a reader (struct kn_bc), and the body that is being read (struct kn_bc_function), whose
 * memory is given back at once when the next one begins. An array belongs to the owner that the struct which holds
 * it belongs to; a local array belongs to the reader. So an array is freed with
 * its owner; kn_bc_release gives back a large one before. Invariant: kn_bc_grow
 * finds the owner by the array's address, and nobody copies a struct that holds arrays. */
#ifndef KN_LLVM_MEMORY_H
#define KN_LLVM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kn_bc;
struct kn_hash;

/* True if each array gets its own allocation of the exact size, so that sanitizers find every overrun. */
#if defined(__SANITIZE_ADDRESS__)
#define KN_BC_EXACT true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KN_BC_EXACT true
#endif
#endif
#ifndef KN_BC_EXACT
#define KN_BC_EXACT false
#endif

#define KN_BC_ARRAY(type)                                                                          \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }

/* What one owner has: small arrays in one allocation (the slab), since most files and bodies are small, others each in
 * a chunk of its own. */
struct kn_bc_memory {
  struct kn_bc_chunk *chunks;
  uint8_t *slab;
  uint32_t used; /* bytes of the slab */
};

/* Makes `*array` of capacity `*cap` hold `need` items; false (reported) if out of memory. */
bool kn_bc_grow(struct kn_bc *r, void *array, uint32_t *cap, uint64_t need, size_t item_size);
/* `size` zero bytes that belong to the reader; NULL (reported) if out of memory. */
void *kn_bc_keep(struct kn_bc *r, size_t size);
/* Gives back before its owner does what kn_bc_grow gave. */
void kn_bc_release(struct kn_bc *r, void *p);
#define KN_BC_ROOM(r, a, need)                                                                     \
  ((uint64_t)(need) <= (a).cap || kn_bc_grow((r), &(a).at, &(a).cap, (need), sizeof *(a).at))
/* Gives the empty array `a` of a body its first `items` from the slab, if that is there, without a call. */
#define KN_BC_FIRST(r, a, items)                                                                   \
  do {                                                                                             \
    struct kn_bc_memory *own_ = &(r)->body_memory;                                                 \
    if (KN_BC_EXACT || !own_->slab) break;                                                         \
    (a).at = (void *)(own_->slab + own_->used);                                                    \
    (a).cap = (items);                                                                             \
    own_->used += (uint32_t)(((items) * sizeof *(a).at + 15) & ~(size_t)15);                       \
  } while (0)
#define KN_BC_PUSH(r, a, ...)                                                                      \
  (KN_BC_ROOM(r, a, (uint64_t)(a).n + 1) ? ((a).at[(a).n++] = (__VA_ARGS__), true) : false)

/* True if one more entry fits into a hash table, which belongs to an owner as arrays do. */
bool kn_bc_hash_grow(struct kn_bc *r, struct kn_hash *t);
#define KN_BC_HASH_ROOM(r, t) (KN_LIKELY((t)->n < (t)->size / 2) || kn_bc_hash_grow((r), (t)))

/* Gives back all that an owner has; its slab is kept if it `goes_on`. */
void kn_bc_memory_reset(struct kn_bc *r, struct kn_bc_memory *m, bool goes_on);
/* realloc with the module's allocator, for what has no owner. */
void *kn_bc_resize(const struct kn_bc *r, void *old, size_t size);

#endif
