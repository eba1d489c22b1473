/* A cursor over a bit stream, little-endian, as LLVM's bitstream container lays it out.
 * Every file of the bitcode reader reads through it. A read never touches memory outside the stream:
 * bits after its end are zero, and `pos` runs past `end`, which the caller checks once a record. */
#ifndef KN_LLVM_BITS_H
#define KN_LLVM_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KN_LIKELY(x) __builtin_expect(!!(x), 1)
#define KN_UNLIKELY(x) __builtin_expect(!!(x), 0)

struct kn_bits {
  const uint8_t *data;
  uint64_t pos;  /* next bit */
  uint64_t end;  /* bits in the stream */
  uint64_t fast; /* up to this position 8 bytes may be loaded at once */
  bool bad;      /* a variable-width number was longer than 64 bits */
};

/* The 57 bits (or more) from `pos`, at a position beyond `fast`. Takes the cursor's fields by
 * value, so that the caller's copy can stay in registers. */
uint64_t kn_bits_peek_slow(const uint8_t *data, uint64_t end, uint64_t pos);

/* The bits from `pos`, which is at most b->fast; at least 57 of them are valid. */
static inline uint64_t kn_bits_window(const struct kn_bits *b, uint64_t pos) {
  uint64_t w;
  memcpy(&w, b->data + (pos >> 3), 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  return w >> (pos & 7);
}

/* The same from any position. */
static inline uint64_t kn_bits_peek(const struct kn_bits *b, uint64_t pos) {
  if (KN_LIKELY(pos <= b->fast)) return kn_bits_window(b, pos);
  return kn_bits_peek_slow(b->data, b->end, pos);
}

/* An integer of `n` bits, 0 to 57. */
static inline uint64_t kn_bits_fixed(struct kn_bits *b, unsigned n) {
  uint64_t w = kn_bits_peek(b, b->pos);
  b->pos += n;
  return w & ((UINT64_C(1) << n) - 1);
}

/* A variable-width integer in chunks of `n` bits, 2 to 32. */
static inline uint64_t kn_bits_vbr(struct kn_bits *b, unsigned n) {
  uint64_t more = UINT64_C(1) << (n - 1), v = 0;
  for (unsigned shift = 0; shift < 64; shift += n - 1) {
    uint64_t chunk = kn_bits_fixed(b, n);
    v |= (chunk & (more - 1)) << shift;
    if (!(chunk & more)) return v;
  }
  b->bad = true;
  return v;
}

/* ---- numbers in chunks of 6 bits, as most are ----
 * With KN_PEXT they are joined by one instruction: decoder.h. */

/* Masks of the top bits of the chunks in a window (set: another chunk follows): of nine chunks, eight and four. */
#define KN_BITS_TOPS9 UINT64_C(0x20820820820820)
#define KN_BITS_TOPS8 UINT64_C(0x820820820820)
#define KN_BITS_TOPS4 UINT64_C(0x820820)

/* Joins the five low bits of each of up to `chunks` chunks, four or eight, to a number; `v` must be zero above it. */
static inline uint64_t kn_bits_join(uint64_t v, unsigned chunks) {
#ifdef KN_PEXT
  return __builtin_ia32_pext_di(v, chunks > 4 ? UINT64_C(0x7df7df7df7df) : 0x7df7df);
#else
  if (chunks <= 4) {
    uint32_t x = v & 0x7df7df;
    x -= (x & 0xfc0fc0) >> 1; /* of each two chunks of 64 one of 32 * 32, and so on */
    return x - (x >> 12) * (4096 - 1024);
  }
  v = (v & UINT64_C(0x01f01f01f01f)) | (v >> 1 & UINT64_C(0x3e03e03e03e0));
  v = (v & UINT64_C(0x0003ff0003ff)) | (v >> 2 & UINT64_C(0x0ffc000ffc00));
  return (v & UINT64_C(0xfffff)) | (v >> 4 & UINT64_C(0xfffff00000));
#endif
}

/* A variable-width integer in chunks of 6 bits; fast if it has at most eight. */
static inline uint64_t kn_bits_vbr6(struct kn_bits *b) {
  uint64_t w = kn_bits_peek(b, b->pos);
  if (!(w & 32)) {
    b->pos += 6;
    return w & 31;
  }
  if (KN_LIKELY(!(w & 0x800))) {
    b->pos += 12;
    return (w & 31) | (w >> 1 & 0x3e0);
  }
  uint64_t ends = ~w & KN_BITS_TOPS8;
  if (KN_UNLIKELY(!ends)) return kn_bits_vbr(b, 6);
  b->pos += (unsigned)__builtin_ctzll(ends) + 1;
  return kn_bits_join(w & (ends ^ (ends - 1)), 8);
}

/* Takes a number of up to four chunks from the low end of window *w: shifts *w past it and adds its size to *used.
 * There are no branches: if the number has more chunks, *used becomes more than 57, as it does if the window ends
 * within the number. The caller looks at *used when it is done with the window. */
static inline __attribute__((always_inline)) uint32_t kn_bits_take(uint64_t *w, unsigned *used) {
  uint64_t ends = ~*w & KN_BITS_TOPS4; /* the first one is the number's */
#ifdef KN_PEXT
  unsigned size = (unsigned)__builtin_ia32_tzcnt_u64(ends) + 1; /* 65 if there is none */
#else
  ends |= UINT64_C(1) << 63;
  unsigned size = (unsigned)__builtin_ctzll(ends) + 1;
#endif
  uint64_t v = *w & (ends ^ (ends - 1));
  *w >>= size & 63;
  *used += size;
  return (uint32_t)kn_bits_join(v, 4);
}

/* The same for a number that is likely to have one chunk. */
static inline __attribute__((always_inline)) uint32_t kn_bits_take_small(uint64_t *w,
                                                                         unsigned *used) {
#ifndef KN_PEXT
  if (!(*w & 32)) {
    uint32_t v = *w & 31;
    *w >>= 6;
    *used += 6;
    return v;
  }
#endif
  return kn_bits_take(w, used);
}

/* Takes an integer of `n` bits, 0 to 31. */
static inline uint32_t kn_bits_take_fixed(uint64_t *w, unsigned *used, unsigned n) {
  uint32_t v = (uint32_t)*w & ((1u << n) - 1);
  *w >>= n;
  *used += n;
  return v;
}

/* Are all fields that were taken from a window within the bits that it is sure to have? */
static inline bool kn_bits_within(unsigned used) { return KN_LIKELY(used <= 57); }

/* Reads `n` numbers of up to four chunks from *pos on, which moves past them; false if one has more. */
static inline __attribute__((always_inline)) bool kn_bits_few(const struct kn_bits *b,
                                                              uint64_t *pos, uint64_t *to,
                                                              unsigned n) {
  for (unsigned i = 0; i < n;) {
    uint64_t w = kn_bits_peek(b, *pos);
    unsigned used = 0;
    do { /* as long as the window certainly holds another number */
      to[i++] = kn_bits_take_small(&w, &used);
    } while (i < n && used <= 57 - 24);
    if (!kn_bits_within(used)) return false;
    *pos += used;
  }
  return true;
}

/* Skips `n` integers in chunks of 6 bits; kn_bc_decoder.vbr6s reads them. */
void kn_bits_skip_vbr6(struct kn_bits *b, uint64_t n);

/* Moves to the next multiple of 32 bits. */
static inline void kn_bits_align(struct kn_bits *b) { b->pos = (b->pos + 31) & ~UINT64_C(31); }

/* The signed number in LLVM's encoding: sign in bit 0. */
static inline int64_t kn_bits_signed(uint64_t v) {
  if (!(v & 1)) return (int64_t)(v >> 1);
  return v == 1 ? INT64_MIN : (int64_t)(0 - (v >> 1));
}

#endif
