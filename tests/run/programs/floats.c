/* Float corner cases: comparisons with NaN, signed zeros, infinities, conversions both ways, printing. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static double d[] = {0.0,          -0.0,
                     1.0,          -1.0,
                     0.5,          1.5,
                     2.5,          -2.5,
                     0.1,          1e10,
                     -1e10,        1e300,
                     -1e-300,      DBL_MIN,
                     DBL_MAX,      DBL_EPSILON,
                     4.9e-324,     2147483647.0,
                     2147483648.0, -2147483648.0,
                     4294967295.0, 9007199254740993.0,
                     9.2e18,       -9.223372036854775808e18,
                     1.8e19,       INFINITY,
                     -INFINITY,    NAN,
                     16777217.0,   3.4e38,
                     1e-46,        0.49999999999999994};
enum { N = sizeof d / sizeof *d };
static unsigned long bits(double v) {
  unsigned long u;
  memcpy(&u, &v, 8);
  return v != v ? 0x7ff8000000000000 : u;
}
static unsigned fbits(float v) {
  unsigned u;
  memcpy(&u, &v, 4);
  return v != v ? 0x7fc00000 : u;
}
__attribute__((noinline)) static int compare(double a, double b) {
  int r = 0;
  if (a < b) r |= 1;
  if (a <= b) r |= 2;
  if (a > b) r |= 4;
  if (a >= b) r |= 8;
  if (a == b) r |= 16;
  if (a != b) r |= 32;
  if (!(a < b)) r |= 64;
  if (!(a <= b)) r |= 128;
  if (!(a > b)) r |= 256;
  if (!(a >= b)) r |= 512;
  r |= (a < b) << 10 | (a == b) << 11 | (a != b) << 12 | __builtin_isunordered(a, b) << 13 |
       __builtin_islessgreater(a, b) << 14 | (!__builtin_isunordered(a, b)) << 15;
  r |= (a < b ? 1 : 0) << 16 | (a == b && b == a) << 17 | (a != b || a > b) << 18;
  return r;
}
__attribute__((noinline)) static int comparef(float a, float b) {
  return (a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
         (a ? 64 : 0) | (!b ? 128 : 0);
}
__attribute__((noinline)) static double pick(double a, double b, int c) { return c ? a : b; }
int main(void) {
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++) {
      double a = d[i], b = d[k];
      float x = (float)a, y = (float)b;
      printf("%lx %lx %lx %lx %x %d ", bits(a + b), bits(a - b), bits(a * b), bits(a / b),
             compare(a, b), comparef(x, y));
      printf("%x %x %x %x %lx\n", fbits(x + y), fbits(x - y), fbits(x * y), fbits(x / y),
             bits(pick(a, b, a < b)));
    }
  for (int i = 0; i < N; i++) {
    double a = d[i];
    float x = (float)a;
    printf("%g %.17g %a %x %lx %lx %lx %lx %d\n", a, a, a, fbits(x), bits((double)x), bits(-a),
           bits(fabs(a)), bits(copysign(3.0, a)), a != 0);
    if (a > -2147483649.0 && x < 2147483648.0f) printf("i32 %d %d ", (int)a, (int)x == (int)a);
    if (a > -32769.0 && a < 32768.0) printf("i16 %d i8 %d ", (short)a, (signed char)(short)a);
    if (a > -1.0 && a < 4294967296.0) printf("u32 %u ", (unsigned)a);
    if (a >= -9223372036854775808.0 && a < 9223372036854775808.0) printf("i64 %ld ", (long)a);
    if (x >= -9223372036854775808.0f && x < 9223372036854775808.0f) printf("fi64 %ld ", (long)x);
    if (a > -1.0 && a < 18446744073709551616.0) printf("u64 %lu ", (unsigned long)a);
    if (x > -1.0f && x < 18446744073709551616.0f) printf("fu64 %lu ", (unsigned long)x);
    printf("%lx %lx %lx\n", bits(sqrt(fabs(a))), bits(floor(a)), bits(fmod(a, 3.7)));
  }
  static const long l[] = {0,
                           1,
                           -1,
                           127,
                           -128,
                           INT32_MAX,
                           INT32_MIN,
                           1L << 53,
                           (1L << 53) + 1,
                           (1L << 53) + 3,
                           INT64_MAX,
                           INT64_MIN,
                           0x7fffffffffffff80,
                           0x7ffffffffffffc00,
                           0x4000004000000001,
                           33554433};
  for (unsigned i = 0; i < sizeof l / sizeof *l; i++) {
    long v = l[i];
    unsigned long u = (unsigned long)v;
    printf("%lx %lx %x %x ", bits((double)v), bits((double)u), fbits((float)v), fbits((float)u));
    printf("%lx %lx %x %x ", bits((double)(int)v), bits((double)(unsigned)v), fbits((float)(int)v),
           fbits((float)(unsigned)v));
    printf("%lx %lx %x %x %lx\n", bits((double)(short)v), bits((double)(unsigned char)v),
           fbits((float)(signed char)v), fbits((float)(unsigned short)v), bits((double)(v > 0)));
  }
  float sum = 0;
  double dsum = 0;
  for (int i = 1; i < 1000; i++) {
    sum += 1.0f / (float)i;
    dsum += 1.0 / i;
    sum *= i & 1 ? 1.0001f : 0.9999f;
    dsum -= sum / 1000;
  }
  printf("%.9g %.17g %x\n", sum, dsum, fbits(-sum));
  float z = 0;
  z -= 0.0f;
  z++;
  z--;
  --z;
  printf("%g %d %d\n", z, z < 0, (int)(z * 3.9f));
  volatile double split[] = {2.75, -1e20, -0.0, INFINITY, 5e-324};
  for (int i = 0; i < 5; i++) {
    double whole, part = modf(split[i], &whole);
    float whole_f, part_f = modff((float)split[i], &whole_f);
    printf("%a %a %a %a ", part, whole, (double)part_f, (double)whole_f);
    printf("%a %a\n", __builtin_powi(split[i], i - 3), (double)__builtin_powif(1.5f, i * 3));
  }
  return 0;
}
