/* bfloat: conversions, arithmetic, comparisons, passing, vectors. What is rounded is compared
 * with integer arithmetic. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef __bf16 b16;
#define NOINLINE __attribute__((noinline))
static uint64_t state = 88172645463325252ull;
static unsigned wrong;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
static b16 from(uint16_t b) {
  b16 x;
  memcpy(&x, &b, 2);
  return x;
}
static uint16_t bits(b16 x) {
  uint16_t b;
  memcpy(&b, &x, 2);
  return b;
}
static float value(uint16_t b) {
  uint32_t w = (uint32_t)b << 16;
  float f;
  memcpy(&f, &w, 4);
  return f;
}
/* an f64 rounded to 8 bits of significand, in range of normal numbers */
static uint16_t rounded(double d) {
  uint64_t u;
  memcpy(&u, &d, 8);
  if (d != d) return 0x7fc0;
  if (d == 0) return (uint16_t)(u >> 48);
  uint64_t m = u & 0x7fffffffffffffff, low = m & ((1ull << 45) - 1);
  m >>= 45;
  if (low > 1ull << 44 || (low == 1ull << 44 && m & 1)) m++;
  int64_t e = (int64_t)m - ((1023ll - 127) << 7);
  if (e >= 0x7f80) e = 0x7f80;
  return (uint16_t)(e | (u >> 63) << 15);
}
#ifdef __x86_64__ /* LLVM's code calls these, which older runtime libraries lack */
static b16 subnormal(
  double d) { /* rounded() as is, but for what is less than the least normal number */
  double m = d < 0 ? -d : d;
  if (m == 0 || m >= 0x1p-126 || d != d) return from(rounded(d));
  m = m * 0x1p133 + 0x1p52 - 0x1p52; /* an integer, to nearest even */
  return from((uint16_t)((d < 0 ? 0x8000 : 0) | (int)m));
}
b16 __truncsfbf2(float f) { return subnormal(f); }
b16 __truncdfbf2(double f) { return subnormal(f); }
b16 __truncxfbf2(long double f) { return subnormal((double)f); }
#endif
static void check(int line, b16 got, uint16_t want) {
  uint16_t g = bits(got);
  if ((g & 0x7fff) > 0x7f80) g = 0x7fc0;
  if ((want & 0x7fff) > 0x7f80) want = 0x7fc0;
  if (g != want && wrong++ < 10) printf("line %d: %04x, not %04x\n", line, g, want);
}
#define CHECK(got, want) check(__LINE__, got, want)
struct two {
  b16 a, b;
};
typedef b16 v8 __attribute__((vector_size(16)));
NOINLINE static b16 add(b16 a, b16 b) { return a + b; }
NOINLINE static struct two swap(struct two x) { return (struct two){x.b, x.a}; }
NOINLINE static v8 mul8(v8 a, v8 b) { return a * b; }
NOINLINE static b16 many(b16 a, b16 b, int i, b16 c, b16 d, b16 e, b16 f, b16 g, b16 h, b16 j,
                         b16 k) {
  if (i < 0) return b * c + d - e * f + g - h * j;
  return i ? k : a;
}
int main(void) {
  for (int i = 0; i < 20000; i++) {
    uint16_t x = (uint16_t)(next() & 0x8fff) + 0x3800, y = (uint16_t)(next() & 0x8fff) + 0x3800;
    b16 a = from(x), b = from(y);
    float fa = value(x), fb = value(y);
    if ((float)a != fa || (double)b != fb) wrong++;
    CHECK(add(a, b), rounded(fa + fb));
    CHECK(a * b, rounded(fa * fb));
    CHECK(a / b, rounded(fa / fb));
    if ((a < b) != (fa < fb) || (a == b) != (x == y) || (a >= b) != (fa >= fb)) wrong++;
    CHECK(-a, x ^ 0x8000);
    uint64_t u = (next() & 0x803fffffffffffff) + 0x3f80000000000000;
    if (i & 1) u &= ~0xfffffffffffull;
    if (i % 8 == 3) u = (u & ~0xffffffffffull) | 1;
    double d;
    memcpy(&d, &u, 8);
#if !defined __aarch64__ || !defined __OPTIMIZE__ /* LLVM rounds these wrongly there */
    CHECK((b16)d, rounded(d));
    CHECK((b16)(long double)d, rounded(d));
#endif
    CHECK((b16)(float)d, rounded((float)d));
    CHECK((b16)(int)u, rounded((float)(int)u));
    CHECK((b16)(int)(i - 300), rounded(i - 300));
    if ((int)a != (int)fa || (unsigned long)(from(x & 0x7fff)) != (unsigned long)value(x & 0x7fff))
      wrong++;
    struct two t = swap((struct two){a, b});
    CHECK(t.a, y);
    CHECK(t.b, x);
    CHECK(many(a, a, 1, a, a, a, a, a, a, a, b), y);
    v8 p = mul8((v8){a, b, a, b, a, b, a, b}, (v8){b, a, a, b, b, b, a, a});
#if !defined __aarch64__ || !defined __OPTIMIZE__
    CHECK(p[0], rounded(fa * fb));
    CHECK(p[7], rounded(fb * fa));
    CHECK(p[2], rounded(fa * fa));
#endif
    v8 n = -p;
    CHECK(n[1], bits(p[1]) ^ 0x8000);
  }
  static const double special[] = {0.0,
                                   -0.0,
                                   1e39,
                                   -1e39,
                                   1e308,
                                   3.3895313892515355e38,
                                   3.3961775292304601e38,
                                   3.39617752923046e38};
  for (unsigned i = 0; i < sizeof special / sizeof *special; i++)
    printf("%04x ", bits((b16)special[i]));
  printf("%04x %04x %d\n", bits((b16)1e-40), bits((b16)4.6e-41),
         bits((b16)__builtin_nan("")) == 0x7fc0);
  printf("%u wrong\n", wrong);
  return 0;
}
