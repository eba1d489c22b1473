/* x87 long double: arithmetic, comparisons, conversions of all types, memory, arguments and results,
 * variadic ones and complex ones too, the library, classes of numbers. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef long double L;

struct mixed {
  char c;
  L x;
  int i;
};
struct two {
  L a, b;
};

static L sum(int n, ...) {
  va_list ap;
  L s = 0;
  va_start(ap, n);
  for (int i = 0; i < n; i++) s += i & 1 ? (L)va_arg(ap, int) : va_arg(ap, L);
  va_end(ap);
  return s;
}
L mix(int a, L x, double d, L y, float f, struct mixed st) {
  return a + x * d - y / f + st.x * st.i;
}
struct two make(L a) {
  struct two t = {a, -a};
  return t;
}
_Complex long double multiply(_Complex long double a, _Complex long double b) { return a * b; }
L factorial(int n) { return n <= 1 ? 1 : n * factorial(n - 1); }
L choose(int which, L a, L b) { return which ? a : b; }
int order(L a, L b) {
  return (a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
         !(a < b) << 6 | !(a >= b) << 7 | (isunordered(a, b) != 0) << 8;
}

volatile L g = 1.25L;
L table[5] = {1, 2.5L, -3e4000L, 1e-4940L, 0};

#define CONVERT(T)                                                                                 \
  {                                                                                                \
    T t = (T)fmodl(v, 100);                                                                        \
    printf(#T " %lld ", (long long)t);                                                             \
    L back = (L)(T)(L)(i * 25);                                                                    \
    printf("%.3Lf\n", back);                                                                       \
  }

int main(void) {
  L v = 0.1L;
  for (int i = 0; i < 5; i++) {
    v = v * 37.5L + i;
    printf("%.20Lg %.15g %.7g\n", v, (double)v, (double)(float)v);
    CONVERT(signed char)
    CONVERT(short) CONVERT(int) CONVERT(long) CONVERT(unsigned char) CONVERT(unsigned short)
      CONVERT(unsigned) CONVERT(unsigned long) CONVERT(__int128) CONVERT(unsigned __int128)
        CONVERT(_Bool)
  }
  unsigned long u = 0xfffffffffffffff7ul;
  L ul = u;
  printf("%.0Lf %lu %lu\n", ul, (unsigned long)ul, (unsigned long)(ul / 2));
  printf("%.0Lf %.0Lf\n", (L)((unsigned __int128)u * u), (L)(-((__int128)u << 40)));
  printf("%.10Lg\n", sum(5, 1.5L, 3, 2.25L, 4, 1e10L));
  struct mixed st = {'a', 2.5L, 3};
  printf("%.15Lg\n", mix(1, 2.5L, 3.25, 7.75L, 0.5f, st));
  struct two t = make(3.75L);
  printf("%Lg %Lg\n", t.a, t.b);
  _Complex long double c = multiply(1.5L + 2.0L * I, g - 1.0L * I);
  printf("%Lg %Lg\n", creall(c), cimagl(c));
  for (int i = 0; i < 5; i++) printf("%Lg ", table[i]);
  printf("\n%.18Lg\n", factorial(25));
  L inf = INFINITY, nan = NAN, list[6] = {v, g, -0.0L, 0, inf, nan};
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < 6; k++) printf("%d ", order(list[i], list[k]));
  for (int i = 0; i < 6; i++)
    printf("%d%d%d%d%d ", isinf(list[i]) != 0, isfinite(list[i]) != 0, isnan(list[i]) != 0,
           isnormal(list[i]) != 0, i < 5 && signbit(list[i]) != 0);
  printf("%d %d\n", isnormal(LDBL_MIN) != 0, isnormal(LDBL_MIN / 2) != 0);
  printf("%Lg %Lg %Lg %Lg %Lg %Lg\n", floorl(-2.5L), ceill(2.1L), fabsl(-3), sqrtl(2),
         fmodl(7.5L, 2), copysignl(3, -1));
  printf("%Lg %Lg %Lg %Lg %Lg %Lg\n", fminl(1, 2), fmaxl(1, 2), roundl(2.5L), truncl(-2.7L),
         rintl(3.5L), fmal(2, 3, 4));
  L x = 1;
  for (int i = 0; i < 100; i++) {
    x = i % 3 ? x * 1.01L : x + 0.5L;
    if (x > 50) x /= 7;
  }
  printf("%.19Lg %.19Lg\n", x, choose(x > 3, x, -x));
  L *p = malloc(4 * sizeof(L)), q = 0;
  for (int i = 0; i < 4; i++) p[i] = i * 1.5L;
  for (int i = 3; i >= 0; i--) q = q * 10 + p[i];
  free(p);
  L z = v > 3 ? v : -v;
  z = -z;
  printf("%Lg %Lg ", q, z);
  z++;
  printf("%Lg\n", --z);
  char bytes[64];
  memset(bytes, 1, 64);
  memcpy(bytes + 3, &(L){1.5L}, 10);
  int total = 0;
  for (int i = 0; i < 64; i++) total += bytes[i] * i;
  float f = 1.1f;
  printf("%d %La %.20Lg\n", total, v, (L)f + (L)1.1);
  return (int)v % 7;
}
