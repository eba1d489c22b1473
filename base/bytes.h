/* Little-endian loads and stores, and copies of a few bytes: for what is written to objects and code. */
#ifndef KN_BASE_BYTES_H
#define KN_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define KN_LE(bits, v) (v)
#else
#define KN_LE(bits, v) __builtin_bswap##bits(v)
#endif
static inline void kn_put16(uint8_t *p, uint16_t v) {
  v = KN_LE(16, v);
  memcpy(p, &v, 2);
}
static inline void kn_put32(uint8_t *p, uint32_t v) {
  v = KN_LE(32, v);
  memcpy(p, &v, 4);
}
static inline void kn_put64(uint8_t *p, uint64_t v) {
  v = KN_LE(64, v);
  memcpy(p, &v, 8);
}
static inline uint32_t kn_get32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return KN_LE(32, v);
}

static inline uint64_t kn_align_up(uint64_t v, uint64_t align) { return (v + align - 1) & -align; }

/* Numbers as LEB128, unsigned and signed; the byte after them: DWARF 5, 7.6. */
static inline uint8_t *kn_put_uleb(uint8_t *p, uint64_t v) {
  for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
  *p++ = (uint8_t)v;
  return p;
}
static inline uint8_t *kn_put_sleb(uint8_t *p, int64_t v) {
  for (; v < -64 || v > 63; v >>= 7) *p++ = (uint8_t)(v | 0x80);
  *p++ = (uint8_t)(v & 0x7f);
  return p;
}

/* memcpy for sizes that are mostly small: no call up to 32 bytes. */
static inline void kn_copy(uint8_t *to, const void *from, size_t n) {
  const uint8_t *p = from;
  uint64_t a, b;
  uint32_t c, d;
  if (n - 8 <= 24) { /* 8 to 32: whole words, the last one overlapping */
    memcpy(&b, p + n - 8, 8);
    for (size_t i = 0; i + 8 < n; i += 8) {
      memcpy(&a, p + i, 8);
      memcpy(to + i, &a, 8);
    }
    memcpy(to + n - 8, &b, 8);
  } else if (n - 4 <= 4) {
    memcpy(&c, p, 4);
    memcpy(&d, p + n - 4, 4);
    memcpy(to, &c, 4);
    memcpy(to + n - 4, &d, 4);
  } else if (n > 32) {
    memcpy(to, p, n);
  } else {
    for (size_t i = 0; i < n; i++) to[i] = p[i];
  }
}

#endif
