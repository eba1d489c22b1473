/* LEB128 numbers (DWARF 5, 7.6). */
#ifndef KN_BASE_LEB128_H
#define KN_BASE_LEB128_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a number at *p, which is moved to its end, and is NULL if the number does not end before `end`. Bits beyond the
 * 64th are dropped. `end` NULL: the bytes are trusted. */
static inline uint64_t kn_leb128(const uint8_t **p, const uint8_t *end, bool is_signed) {
  uint64_t value = 0;
  for (unsigned shift = 0; *p != end; shift += shift < 64 ? 7 : 0) {
    uint8_t byte = *(*p)++;
    if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    if (is_signed && byte & 0x40 && shift + 7 < 64) value |= ~UINT64_C(0) << (shift + 7);
    return value;
  }
  *p = NULL;
  return 0;
}
static inline uint64_t kn_uleb128(const uint8_t **p, const uint8_t *end) {
  return kn_leb128(p, end, false);
}
static inline int64_t kn_sleb128(const uint8_t **p, const uint8_t *end) {
  return (int64_t)kn_leb128(p, end, true);
}

#endif
