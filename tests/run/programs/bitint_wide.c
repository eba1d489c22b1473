/* _BitInt of more than 128 bits: division, conversions from and to floats, bit counts, passing. Every value is made of
 * random words, some of them short or with runs of ones. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint64_t sum = 14695981039346656037ull, state = 88172645463325252ull;
static void mix(uint64_t v) { sum = (sum ^ v) * 1099511628211ull; }
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
static void mixd(double x) {
  uint64_t b;
  memcpy(&b, &x, 8);
  mix(b);
}
#define NOINLINE __attribute__((noinline))
#if __BITINT_MAXWIDTH__ >= 512
#define WIDTH(N)                                                                                   \
  typedef _BitInt(N) s##N;                                                                         \
  typedef unsigned _BitInt(N) u##N;                                                                \
  struct in##N {                                                                                   \
    char c;                                                                                        \
    s##N x;                                                                                        \
  };                                                                                               \
  static u##N make##N(void) {                                                                      \
    u##N v = 0;                                                                                    \
    for (int i = 0; i < N; i += 64) v = v << 32 << 32 | (u##N)next();                              \
    unsigned k = next() % (2 * N);                                                                 \
    if (k < N) v >>= k;                                                                            \
    if (next() % 4 == 0) v = ~v;                                                                   \
    return v;                                                                                      \
  }                                                                                                \
  NOINLINE static void show##N(u##N v) {                                                           \
    for (int i = 0; i < N; i += 64) mix((uint64_t)(v >> i));                                       \
  }                                                                                                \
  NOINLINE static s##N pass##N(s##N a, int k, s##N b, s##N c) { return a * k - b + c; }            \
  NOINLINE static struct in##N both##N(struct in##N a) {                                           \
    a.x = -a.x;                                                                                    \
    a.c++;                                                                                         \
    return a;                                                                                      \
  } NOINLINE static void test##N(void) {                                                           \
    u##N a = make##N(), b = make##N();                                                             \
    s##N x = (s##N)a, y = (s##N)b;                                                                 \
    if (!b) y = b = 1;                                                                             \
    show##N(a / b);                                                                                \
    show##N(a % b);                                                                                \
    if (y != -1) {                                                                                 \
      show##N((u##N)(x / y));                                                                      \
      show##N((u##N)(x % y));                                                                      \
    }                                                                                              \
    show##N(a / 10);                                                                               \
    show##N(a % 1000000007u);                                                                      \
    show##N(a * b);                                                                                \
    show##N(a >> (b % N));                                                                         \
    show##N(a << (b % N));                                                                         \
    show##N((u##N)(x >> (b % N)));                                                                 \
    mix((a < b) | (x < y) << 1 | (a == b) << 2 | (x >= y) << 3 | (a > b) << 4 |                    \
        (x <= (s##N)0) << 5);                                                                      \
    double d = (double)a;                                                                          \
    float f = (float)(x >> (N - 126));                                                             \
    mixd(d);                                                                                       \
    mixd(f);                                                                                       \
    mixd((double)x);                                                                               \
    mixd((float)(a >> (N - 100)));                                                                   \
    LONG(mixd((double)(long double)x);)                                                            \
    if (d < LIMIT(N)) show##N((u##N)d);                                                            \
    show##N((u##N)(s##N)((double)x / 4));                                                          \
    show##N((u##N)(s##N)((double)(int)next() / 3));                                                \
    show##N((u##N)(float)(next() >> 30));                                                          \
    LONG(show##N((u##N)(s##N)((long double)x / 3));)                                               \
    mix(__builtin_popcountg(a));                                                                   \
    mix(__builtin_clzg(a, -1));                                                                    \
    mix(__builtin_ctzg(b, -1));                                                                    \
    show##N((u##N)pass##N(x, 3, y, -x));                                                           \
    struct in##N t = {1, x};                                                                       \
    t = both##N(t);                                                                                \
    show##N((u##N)t.x);                                                                            \
    mix(t.c);                                                                                      \
    s##N o;                                                                                        \
    mix(__builtin_add_overflow(x, y, &o));                                                         \
    show##N((u##N)o);                                                                              \
    show##N((u##N)(unsigned _BitInt(65))a);                                                        \
    mix((uint64_t)(a / 3));                                                                        \
    switch ((int)(a % 7)) {                                                                        \
    case 1: mix(5); break;                                                                         \
    case 3: mix(7);                                                                                \
    }                                                                                              \
  }
#define LIMIT(N) (0x1p120 * (N < 250 ? 0x1p8 : N < 500 ? 0x1p120 : 0x1p380))
#ifdef __x86_64__
#define LONG(x) x
#else
#define LONG(x)
#endif
WIDTH(129)
WIDTH(200)
WIDTH(256)
WIDTH(512)
int main(void) {
  for (int i = 0; i < 100; i++) {
    test129();
    test200();
    test256();
    test512();
    if (i % 10 == 9) printf("%016llx\n", (unsigned long long)sum);
  }
  return 0;
}
#else /* clang has them for x86-64 alone */
int main(void) { return (int)(next() + (uint64_t)(mix(1), mixd(1), sum)) == puts("none"); }
#endif
