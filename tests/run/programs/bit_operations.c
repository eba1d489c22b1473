/* Bit counting, reversal, rotation, byte swaps, parity, ffs over all widths. */
#include <stdint.h>
#include <stdio.h>
__attribute__((noinline)) static uint32_t rotl(uint32_t v, int k) {
  return v << (k & 31) | v >> (-k & 31);
}
__attribute__((noinline)) static uint64_t rotr(uint64_t v, int k) {
  return v >> (k & 63) | v << (-k & 63);
}
__attribute__((noinline)) static uint8_t rot8(uint8_t v, int k) {
  return __builtin_rotateleft8(v, (uint8_t)k);
}
__attribute__((noinline)) static uint16_t rot16(uint16_t v, int k) {
  return __builtin_rotateright16(v, (uint16_t)k);
}
__attribute__((noinline)) static uint64_t funnel(uint64_t a, uint64_t b, int k) {
  k &= 63;
  return k ? a << k | b >> (64 - k) : a;
}
static uint64_t crc(const char *s) {
  uint64_t c = ~0ull;
  while (*s) {
    c ^= (uint8_t)*s++;
    for (int i = 0; i < 8; i++) c = c & 1 ? c >> 1 ^ 0xc96c5795d7870f42u : c >> 1;
  }
  return ~c;
}
int main(void) {
  uint64_t v = 0x0123456789abcdef;
  for (int i = 0; i < 70; i++) {
    uint32_t w = (uint32_t)v;
    uint16_t h = (uint16_t)v;
    uint8_t b = (uint8_t)v;
    printf("%d %d %d %d %d %d ", __builtin_popcountll(v), __builtin_popcount(w),
           __builtin_popcount(h), __builtin_parityll(v), __builtin_ffsll((long long)v),
           __builtin_ffs((int)w));
    printf("%d %d %d %d ", __builtin_clzll(v | 1), __builtin_ctzll(v | 1ull << 63),
           __builtin_clz(w | 1), __builtin_ctz(w | 1u << 31));
    printf("%lx %x %x %lx %x %x %x ", (unsigned long)__builtin_bitreverse64(v),
           __builtin_bitreverse32(w), __builtin_bitreverse16(h),
           (unsigned long)__builtin_bswap64(v), __builtin_bswap32(w), __builtin_bswap16(h),
           __builtin_bitreverse8(b));
    printf("%x %lx %x %x %lx %d %d\n", rotl(w, i), (unsigned long)rotr(v, i), rot8(b, i),
           rot16(h, i), (unsigned long)funnel(v, ~v, i), __builtin_clrsb((int)w),
           __builtin_clrsbll((long long)v));
    v = v * 6364136223846793005u + 1442695040888963407u;
  }
  printf("%lx\n", (unsigned long)crc("123456789"));
  return 0;
}
