/* Names as bytes: their hash and their comparison. Used where names are looked up. */
#ifndef KN_BASE_NAMES_H
#define KN_BASE_NAMES_H

#include "base/hints.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Hash of some bytes, the same on every machine of one byte order. Only for look-up: no output may
 * depend on it. */
KN_PRIVATE uint32_t kn_hash_bytes(const void *bytes, size_t size);
/* The same of a name; false if there is a NUL in it. */
bool kn_hash_name(const char *name, size_t length, uint32_t *hash);
/* True if the bytes at `a` are after those at `b` in an order of all byte sequences, for KN_HASH_EACH. */
KN_PRIVATE KN_COLD bool kn_bytes_after(const void *a, size_t n, const void *b, size_t m);
/* True if `n` bytes are equal. Names are too short for memcmp's call and set-up, and so many that they count. */
static inline bool kn_same_bytes(const char *a, const char *b, size_t n) {
  uint64_t v, w;
  uint32_t x, y;
  if (n >= 8) { /* whole words, the last one overlapping */
    for (size_t i = 0; i + 8 < n; i += 8) {
      memcpy(&v, a + i, 8);
      memcpy(&w, b + i, 8);
      if (v != w) return false;
    }
    memcpy(&v, a + n - 8, 8);
    memcpy(&w, b + n - 8, 8);
    return v == w;
  }
  if (n >= 4) {
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    if (x != y) return false;
    memcpy(&x, a + n - 4, 4);
    memcpy(&y, b + n - 4, 4);
    return x == y;
  }
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}

#endif
