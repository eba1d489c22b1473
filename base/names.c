/* Names as bytes: their hash and their order, see base/names.h. Called by everything that looks names up. */
#include "base/names.h"

/* Any odd numbers with as many ones as zeros would do. */
#define K0 UINT64_C(0x9e3779b97f4a7c15)
#define K1 UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t word(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return w;
}

#define ONES UINT64_C(0x0101010101010101)

/* Hashes whole words, the last two of which may overlap others. The top bit of some byte of *tops is set
 * if a byte is 0; bytes that are 1 or above 128 may set it too. */
KN_INLINE uint32_t hash_words(const uint8_t *p, size_t size, uint64_t *tops) {
  uint64_t h = size * K1, a, b, seen = 0;
  for (; size > 16; p += 16, size -= 16) {
    a = word(p);
    b = word(p + 8);
    seen |= (a - ONES) | (b - ONES);
    h = fold(a ^ K0, b ^ h);
  }
  b = size >= 8 ? word(p + size - 8) : 0;
  if (size > 8) {
    a = word(p);
  } else if (size >= 4) { /* two halves, which may overlap */
    uint32_t first, last;
    memcpy(&first, p, 4);
    memcpy(&last, p + size - 4, 4);
    a = first | (uint64_t)last << 32;
  } else {
    a = size > 0 ? (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1] : 0;
  }
  if (size > 8) seen |= b - ONES;
  if (size >= 4) seen |= a - ONES;
  *tops = seen;
  return (uint32_t)(fold(fold(a ^ K0, b ^ h), K1) >> 32);
}

uint32_t kn_hash_bytes(const void *bytes, size_t size) {
  uint64_t tops;
  return hash_words(bytes, size, &tops);
}

bool kn_hash_name(const char *name, size_t length, uint32_t *hash) {
  uint64_t tops;
  *hash = hash_words((const uint8_t *)name, length, &tops);
  if (length >= 4 && !(tops & ONES << 7)) return true;
  return length == 0 || memchr(name, 0, length) == NULL;
}

/* Up to 7 bytes as a number. */
static uint64_t short_word(const uint8_t *p, size_t n) {
  uint64_t w = 0;
  for (size_t i = 0; i < n; i++) w = w << 8 | p[i];
  return w;
}

/* By length, then by words, the last of which may overlap the one before: it decides only if that is equal. */
bool kn_bytes_after(const void *a, size_t n, const void *b, size_t m) {
  const uint8_t *p = a, *q = b;
  if (n != m) return n > m;
  if (n < 8) return short_word(p, n) > short_word(q, n);
  for (size_t i = 0; i + 8 < n; i += 8)
    if (word(p + i) != word(q + i)) return word(p + i) > word(q + i);
  return word(p + n - 8) > word(q + n - 8);
}
