/* Growing arrays, for the whole library. An array is zeroed to begin with, emptied by n = 0, and grows by doubling. Who
 * owns it says who fails when there is no memory: a module, a function (which fails, as its module does), or an
 * allocator, which tells nobody.
 * Invariant: n <= cap; an array that cannot grow keeps its content. Indices are below 2^31. */
#ifndef KN_BASE_ARRAY_H
#define KN_BASE_ARRAY_H

#include "base/hints.h"

#include <kiln/types.h>

struct kiln_module;
struct kiln_func;

/* `n` of `cap` items are in use. */
#define KN_ARRAY(type)                                                                             \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }

/* Makes space for `more` items of `item_size` bytes beyond the `n` of a KN_ARRAY; false if there is none. */
KN_COLD bool kn_array_grow(const kiln_allocator *a, void *array, uint64_t more, size_t item_size);
KN_PRIVATE KN_COLD bool kn_module_grow(struct kiln_module *m, void *array, uint64_t more,
                                       size_t item_size);
KN_COLD bool kn_func_grow(struct kiln_func *f, void *array, uint64_t more, size_t item_size);

/* False if so many items would be too many for any array. */
bool kn_array_fits(const void *array, uint64_t more);

/* True if there is space for `more` items, which may have made the array move. */
#define KN_ROOM(owner, array, more)                                                                \
  ((array).cap - (array).n >= (more) || _Generic((owner),                                          \
     struct kiln_module *: kn_module_grow,                                                         \
     struct kiln_func *: kn_func_grow,                                                             \
     kiln_allocator *: kn_array_grow,                                                              \
     const kiln_allocator *: kn_array_grow)((owner), &(array), (more), sizeof *(array).at))

/* Appends an item; false if there was no space. */
#define KN_PUSH(owner, array, ...)                                                                 \
  (KN_ROOM(owner, array, 1) ? ((array).at[(array).n++] = (__VA_ARGS__), true) : false)

/* Gives the array `count` items, whose content is anything; false if there was no space. */
#define KN_RESIZE(owner, array, count)                                                             \
  ((array).n = 0, KN_ROOM(owner, array, count) ? ((array).n = (count), true) : false)

/* How many of `n` items are before a place: `before` asks it of item `k`, and is true of the first ones alone. */
#define KN_COUNT_BEFORE(k, n, before)                                                              \
  ({                                                                                               \
    uint32_t low_ = 0, high_ = (n);                                                                \
    while (low_ < high_) {                                                                         \
      const uint32_t k = low_ + (high_ - low_) / 2;                                                \
      if (before) low_ = k + 1;                                                                    \
      else high_ = k;                                                                              \
    }                                                                                              \
    low_;                                                                                          \
  })

/* As realloc, through a user allocator or, if it is all zero, C's. size == 0 frees. */
void *kn_allocator_realloc(const kiln_allocator *a, void *old, size_t size);

/* Gives memory back to the allocator, at each of the pointers that are not NULL. */
#define KN_FREE(allocator, ...)                                                                    \
  kn_free_all((allocator), (void *const[]){__VA_ARGS__},                                           \
              sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))
void kn_free_all(const kiln_allocator *a, void *const *at, size_t n);

/* Whether a struct with room for later options has nothing there that this version does not know. */
static inline bool kn_zeros(const uint64_t *at, size_t n) {
  uint64_t any = 0;
#pragma GCC unroll 8
  for (size_t i = 0; i < n; i++) any |= at[i];
  return any == 0;
}
#define KN_UNRESERVED(x) kn_zeros((x)->reserved, sizeof(x)->reserved / sizeof *(x)->reserved)

#endif
