/* More arguments than registers, of every class, through several levels and pointers, in any order. */
#include <stdio.h>
__attribute__((noinline)) static long ints(int a, long b, short c, char d, unsigned e, long f,
                                           int g, long h, short i, signed char j, unsigned char k,
                                           _Bool l) {
  return a + b * 2 + c * 3 + d * 4 + e * 5l + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 +
         l * 12;
}
__attribute__((noinline)) static double reals(double a, float b, double c, float d, double e,
                                              float f, double g, float h, double i, float j,
                                              double k, float l) {
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 +
         l * 12;
}
__attribute__((noinline)) static double both(int a, double b, long c, float d, char e, double f,
                                             short g, double h, long i, double j, int k, float l,
                                             long m, double n, long o, double p, int q, double r,
                                             long s, double t) {
  return a - b + (double)c - d + e - f + g - h + (double)i - j + k - l + (double)m - n + (double)o -
         p + q - r + (double)s - t;
}
__attribute__((noinline)) static long swapped(long a, long b, long c, long d, long e, long f,
                                              long g, long h, int depth) {
  if (depth == 0)
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h;
  return swapped(h, a, b, c, d, e, f, g, depth - 1) +
         (depth == 3 ? swapped(b, a, d, c, f, e, h, g, 0) : 0);
}
__attribute__((noinline)) static double fswapped(double a, double b, double c, double d, double e,
                                                 double f, double g, double h, double i, double j,
                                                 int depth) {
  return depth ? fswapped(j, i, h, g, f, e, d, c, b, a, depth - 1) * 2 +
                   fswapped(b, c, d, e, f, g, h, i, j, a, depth - 1)
               : a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10;
}
__attribute__((noinline)) static __int128 wide(__int128 a, int b, __int128 c, __int128 d, long e,
                                               __int128 f) {
  return a - b * c + d * e - f;
}
int main(void) {
  printf("%ld\n", ints(-1, 2, -3, 4, 5, -6, 7, 8, -9, -10, 200, 1));
  printf("%.10g\n", reals(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.5f));
  printf("%.10g\n", both(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20.25));
  for (int i = 0; i < 9; i++) printf("%ld ", swapped(1, 2, 3, 4, 5, 6, 7, 8, i));
  printf("\n%.10g\n", fswapped(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 5));
  long (*volatile p)(int, long, short, char, unsigned, long, int, long, short, signed char,
                     unsigned char, _Bool) = ints;
  printf("%ld %ld\n", p(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
         p(-1, -1, -1, -1, 1, -1, -1, -1, -1, -1, 255, 0));
  printf("%ld\n", (long)wide((__int128)1 << 40, 3, 5, 7, 11, -13));
  printf("%d %ld %d %s %c %g %g %d %ld %g %s\n", 1, 2L, 3, "four", '5', 6.0, 7.5, 8, 9L, 10.25,
         "eleven");
  return 0;
}
