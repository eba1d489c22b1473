/* Floats whose exceptions and rounding are observed: each operation's result and what it raises,
 * in each rounding mode. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#pragma STDC FENV_ACCESS ON
#define NOINLINE __attribute__((noinline))
static uint64_t bits(double x) {
  uint64_t b;
  memcpy(&b, &x, 8);
  return x == x ? b : 1;
}
static uint64_t sum = 14695981039346656037ull;
static void mix(uint64_t v) { sum = (sum ^ v) * 1099511628211ull; }
static int raised(void) {
  int e = fetestexcept(FE_ALL_EXCEPT);
  feclearexcept(FE_ALL_EXCEPT);
  return (e & FE_INVALID ? 1 : 0) | (e & FE_DIVBYZERO ? 2 : 0) | (e & FE_OVERFLOW ? 4 : 0) |
         (e & FE_UNDERFLOW ? 8 : 0) | (e & FE_INEXACT ? 16 : 0);
}
static void say(int what, uint64_t v, int e) {
  mix((uint64_t)what << 8 | e);
  mix(v);
}
#define TEST(what, value)                                                                          \
  do {                                                                                             \
    feclearexcept(FE_ALL_EXCEPT);                                                                  \
    uint64_t v_ = (value);                                                                         \
    int e_ = raised();                                                                             \
    say(what, v_, e_);                                                                             \
  } while (0)
NOINLINE static void unread(double a, double b) {
  a / b;
  (void)(a < b);
}
NOINLINE static void one(double a, double b) {
  TEST(1, bits(a + b));
  TEST(2, bits(a - b));
  TEST(3, bits(a * b));
  TEST(4, bits(a / b));
  TEST(5, bits(__builtin_fma(a, b, a)));
  TEST(6, a < b);
  TEST(7, a <= b);
  TEST(8, a > b);
  TEST(9, a >= b);
  TEST(10, a == b);
  TEST(11, a != b);
  TEST(12, !(a < b));
  TEST(13, __builtin_isunordered(a, b));
  TEST(14, __builtin_isless(a, b));
  TEST(15, __builtin_isgreaterequal(a, b));
  TEST(16, bits((double)(float)a));
  TEST(17, bits(-a));
  TEST(18, bits(__builtin_fabs(a)));
  TEST(19, bits(__builtin_rint(a)));
  TEST(20, bits(__builtin_nearbyint(a)));
  TEST(21, bits(__builtin_floor(a)));
  TEST(22, bits(__builtin_trunc(b)));
  TEST(23, bits((double)((long double)a / (long double)b)));
  TEST(24, (float)a < (float)b);
  TEST(25, bits(__builtin_sqrt(a)));
  feclearexcept(FE_ALL_EXCEPT);
  unread(a, b);
  say(26, 0, raised());
  if (a > -100 && a < 1e9) {
    TEST(30, (uint64_t)(int64_t)(int)a);
    TEST(31, (uint64_t)(long)a);
    TEST(32, (uint64_t)lrint(a));
  }
  if (a > -1 && a < 1e4) {
    TEST(33, (unsigned char)(a / 64));
    TEST(34, (unsigned short)a);
    TEST(35, (unsigned)a);
    TEST(36, (unsigned long)a);
    TEST(37, (unsigned long)((long double)a + 0x1p63L));
    TEST(38, (unsigned long)(a + 0x1p63));
  }
}
NOINLINE static void ints(uint64_t u) {
  TEST(40, bits((double)u));
  TEST(41, bits((double)(int64_t)u));
  TEST(42, bits((float)u));
  TEST(43, bits((float)(int)u));
  TEST(44, bits((double)(unsigned)u));
  TEST(45, bits((float)(__int128)u));
}
static const double values[] = {0.0,
                                -0.0,
                                1,
                                -1,
                                1.5,
                                0.1,
                                3,
                                1e300,
                                -1e-300,
                                0x1p-1074,
                                0x1.fffffep127,
                                1e-40,
                                INFINITY,
                                -INFINITY,
                                NAN,
                                123456.789,
                                2147483648.5,
                                -0.25,
                                9007199254740993.0,
                                255.75};
int main(void) {
  static const int modes[4] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  enum { N = sizeof values / sizeof *values };
  uint64_t state = 88172645463325252ull;
  for (int m = 0; m < 4; m++) {
    fesetround(modes[m]);
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) one(values[i], values[k]);
    for (int i = 0; i < 100; i++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      ints(i < 4 ? (uint64_t)i : state >> (i % 60));
    }
    fesetround(FE_TONEAREST);
    printf("%016llx\n", (unsigned long long)sum);
  }
  return 0;
}
