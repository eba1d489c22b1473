/* Memory of an allocator, and the growth of all arrays: see base/array.h. Called by everything that allocates. */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* Many functions may be open: what one has few of shall take little. */
enum { FIRST_ITEMS = 32 };

void *kn_allocator_realloc(const kiln_allocator *a, void *old, size_t size) {
  if (a->realloc != NULL) return a->realloc(a->user, old, size);
  if (size == 0) {
    free(old);
    return NULL;
  }
  return realloc(old, size);
}

void kn_free_all(const kiln_allocator *a, void *const *at, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (at[i] != NULL) kn_allocator_realloc(a, at[i], 0);
}

bool kn_array_fits(const void *array, uint64_t more) {
  KN_ARRAY(void) any; /* read as bytes, since the type is not known */
  memcpy(&any, array, sizeof any);
  return more <= INT32_MAX && any.n + more <= INT32_MAX;
}

bool kn_array_grow(const kiln_allocator *a, void *array, uint64_t more, size_t item_size) {
  KN_ARRAY(void) any;
  memcpy(&any, array, sizeof any);
  uint64_t need = any.n + more, cap = any.cap < FIRST_ITEMS ? FIRST_ITEMS : any.cap;
  if (!kn_array_fits(array, more)) return false;
  if (need <= any.cap) return true;
  while (cap < need) cap *= 2;
  if (cap > INT32_MAX) cap = INT32_MAX;
  if (cap > SIZE_MAX / item_size) return false;
  /* the user's allocator may read what has the array: that never points to freed memory */
  void *old = a->realloc != NULL ? any.at : NULL;
  void *at = kn_allocator_realloc(a, old != NULL ? NULL : any.at, (size_t)cap * item_size);
  if (at == NULL) return false;
  if (old != NULL) memcpy(at, old, (size_t)any.n * item_size);
  any.at = at;
  any.cap = (uint32_t)cap;
  memcpy(array, &any, sizeof any);
  if (old != NULL) kn_allocator_realloc(a, old, 0);
  return true;
}
