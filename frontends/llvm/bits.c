/* Arrays of numbers in chunks of 6 bits: most operands of metadata, and of other records that body.c has no form for.
 * Invariant: no bit outside the stream is read. */
#include "decoder.h"

/* From so many numbers on it is worth to look for what long arrays have. */
#define LONG_ARRAY 32

void kn_bits_vbr6s(struct kn_bits *b, uint64_t *to, uint64_t n) {
  uint64_t pos = b->pos, *end = to + n;
  while (to < end) {
    uint64_t w = kn_bits_peek(b, pos);
    if (end - to > LONG_ARRAY) {
      if (!(w & KN_BITS_TOPS9)) { /* nine numbers of one chunk */
#pragma GCC unroll 9
        for (unsigned k = 0; k < 9; k++) to[k] = w >> 6 * k & 31;
        to += 9;
        pos += 54;
        continue;
      }
      if ((w & KN_BITS_TOPS8) == UINT64_C(0x20020020020)) {
#pragma GCC unroll 9
        for (unsigned k = 0; k < 4; k++) { /* four numbers of two chunks, as in text */
          uint64_t v = w >> 12 * k;
          to[k] = (v & 31) | (v >> 1 & 0x3e0);
        }
        to += 4;
        pos += 48;
        continue;
      }
    }
    /* One by one; after the 57 bits that a window is sure to have are ones, so that no number ends there. */
    int64_t v = (int64_t)(w | UINT64_C(0x7f) << 57);
    const uint64_t *first = to;
    do {
#ifndef KN_PEXT
      if (!(v & 32)) {
        *to++ = (uint64_t)v & 31;
        v >>= 6;
        pos += 6;
        continue;
      }
#endif
      uint64_t ends = ~(uint64_t)v & KN_BITS_TOPS4;
      if (!ends) break;
      unsigned bits = (unsigned)__builtin_ctzll(ends) + 1;
      *to++ = kn_bits_join((uint64_t)v & (ends ^ (ends - 1)), 4);
      v >>= bits;
      pos += bits;
    } while (to < end);
    if (KN_UNLIKELY(to == first)) {
      b->pos = pos;
      *to++ = kn_bits_vbr6(b);
      pos = b->pos;
    }
  }
  b->pos = pos;
}
