/* Growing arrays for the helpers, from the module's allocator. Used by helpers/ only. Invariant: an
 * array that cannot grow keeps its content. */
#ifndef KN_HELPERS_ARRAY_H
#define KN_HELPERS_ARRAY_H

#include <kiln/types.h>

#include <stdlib.h>
#include <string.h>

/* `n` of `cap` items in use. */
#define KN_HELPER_ARRAY(type)                                                                      \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }

/* C's realloc with allocator `a`; size 0 frees. */
static inline void *kn_helper_realloc(kiln_allocator a, void *old, size_t size) {
  if (a.realloc != NULL) return a.realloc(a.user, old, size);
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

/* `at` with space for at least `need` items, *cap updated; NULL without memory. */
static inline void *kn_helper_grow(kiln_allocator a, void *at, uint32_t *cap, uint64_t need,
                                   size_t item_size) {
  uint64_t room = *cap < 32 ? 32 : *cap;
  while (room < need) room *= 2;
  if (room > UINT32_MAX) return NULL;
  void *to = kn_helper_realloc(a, at, (size_t)room * item_size);
  if (to != NULL) *cap = (uint32_t)room;
  return to;
}

/* Makes space for `more` items behind those in use; false without memory. */
#define KN_HELPER_ROOM(allocator, array, more)                                                     \
  ((uint64_t)(array).n + (more) <= (array).cap || __extension__({                                  \
     void *kn_to = kn_helper_grow((allocator), (array).at, &(array).cap,                           \
                                  (uint64_t)(array).n + (more), sizeof *(array).at);               \
     if (kn_to != NULL) (array).at = kn_to;                                                        \
     kn_to != NULL;                                                                                \
   }))

#define KN_HELPER_FREE(allocator, array)                                                           \
  ((array).at != NULL ? (void)kn_helper_realloc((allocator), (array).at, 0) : (void)0)

#endif
