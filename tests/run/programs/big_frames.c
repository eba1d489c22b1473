/* Large frames: locals beyond 128, 4096, 32768 bytes; many live values; recursion through them. */
#include <stdio.h>
#include <string.h>
#define FRAME(name, size)                                                                          \
  __attribute__((noinline)) static unsigned long name(unsigned long seed, int depth) {             \
    volatile unsigned long at[(size) / 8];                                                         \
    unsigned long n = (size) / 8;                                                                  \
    for (unsigned long i = 0; i < n; i += 7) at[i] = seed + i;                                     \
    at[n - 1] = seed;                                                                              \
    unsigned long below = depth > 0 ? name(seed * 3 + 1, depth - 1) : 0;                           \
    unsigned long sum = below;                                                                     \
    for (unsigned long i = 0; i < n; i += 7) sum = sum * 31 + at[i];                               \
    return sum + at[n - 1];                                                                        \
  }
FRAME(f64, 64)
FRAME(f128, 128) FRAME(f136, 136) FRAME(f1k, 1024) FRAME(f4k, 4096) FRAME(f5k, 5000)
  FRAME(f40k, 40000) FRAME(f300k, 300000)
    __attribute__((noinline)) static unsigned long pressure(unsigned long a, unsigned long b,
                                                            unsigned long c, unsigned long d,
                                                            unsigned long e, unsigned long f) {
  unsigned long v0 = a + b, v1 = a - b, v2 = a * b, v3 = c + d, v4 = c - d, v5 = c * d, v6 = e + f,
                v7 = e - f, v8 = e * f;
  unsigned long v9 = v0 ^ v3, v10 = v1 ^ v4, v11 = v2 ^ v5, v12 = v3 ^ v6, v13 = v4 ^ v7,
                v14 = v5 ^ v8, v15 = v0 & v8, v16 = v1 | v7;
  for (int i = 0; i < 10; i++) {
    v0 += v16;
    v1 += v15;
    v2 += v14;
    v3 += v13;
    v4 += v12;
    v5 += v11;
    v6 += v10;
    v7 += v9;
    v8 += v0;
    v9 ^= v1;
    v10 ^= v2;
    v11 ^= v3;
    v12 ^= v4;
    v13 ^= v5;
    v14 ^= v6;
    v15 ^= v7;
    v16 ^= v8;
    if (i == 5) v0 += f64(v1, 1);
  }
  return v0 + v1 * 3 + v2 * 5 + v3 * 7 + v4 * 11 + v5 * 13 + v6 * 17 + v7 * 19 + v8 * 23 + v9 * 29 +
         v10 * 31 + v11 * 37 + v12 * 41 + v13 * 43 + v14 * 47 + v15 * 53 + v16 * 59;
}
__attribute__((noinline)) static double float_pressure(double a, double b, double c) {
  double v[4] = {a, b, c, a + b}, x0 = a, x1 = b, x2 = c, x3 = a * b, x4 = b * c, x5 = a * c,
         x6 = a - b, x7 = b - c, x8 = c - a;
  double x9 = 1, x10 = 2, x11 = 3, x12 = 4, x13 = 5, x14 = 6, x15 = 7, x16 = 8, x17 = 9;
  for (int i = 0; i < 6; i++) {
    x0 += x17 / 2;
    x1 += x16 / 2;
    x2 += x15 / 2;
    x3 += x14 / 2;
    x4 += x13 / 2;
    x5 += x12 / 2;
    x6 += x11 / 2;
    x7 += x10 / 2;
    x8 += x9 / 2;
    x9 -= x0;
    x10 -= x1;
    x11 -= x2;
    x12 -= x3;
    x13 -= x4;
    x14 -= x5;
    x15 -= x6;
    x16 -= x7;
    x17 -= x8 + v[i & 3];
    if (i == 3) x0 += (double)f128(3, 0);
  }
  return x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 * 2 + x10 * 2 + x11 * 2 + x12 * 2 +
         x13 * 2 + x14 * 2 + x15 * 2 + x16 * 2 + x17 * 2;
}
int main(void) {
  printf("%lu %lu %lu\n", f64(1, 3), f128(2, 3), f136(3, 3));
  printf("%lu %lu %lu\n", f1k(1, 3), f4k(2, 3), f5k(3, 3));
  printf("%lu %lu\n", f40k(1, 2), f300k(2, 1));
  printf("%lu\n%.10g\n", pressure(1, 2, 3, 4, 5, 6), float_pressure(1.5, 2.25, 3.125));
  return 3;
}
