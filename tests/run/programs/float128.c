/* __float128: conversions, arithmetic, comparisons, passing, on special and random values. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
typedef __float128 q;
#else
typedef long double q;
#endif
#define NOINLINE __attribute__((noinline))
static uint64_t sum = 14695981039346656037ull, state = 88172645463325252ull;
static void mix(uint64_t v) { sum = (sum ^ v) * 1099511628211ull; }
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
static void mixq(q x) {
  uint64_t b[2];
  memcpy(b, &x, 16);
  if (x != x) b[0] = b[1] = 1;
  mix(b[0]);
  mix(b[1]);
}
static q from(uint64_t hi, uint64_t lo) {
  uint64_t b[2] = {lo, hi};
  q x;
  memcpy(&x, b, 16);
  return x;
}
static void mixd(double x) {
  uint64_t b;
  memcpy(&b, &x, 8);
  mix(x == x ? b : 1);
}
struct pair {
  q a;
  int n;
};
struct two {
  q a, b;
};
NOINLINE static q many(int i, q a, double d, q b, q c, q e, q f, q g, q h, q j, q k, long l) {
  return a - b + c * e - f + g * h - j + k + l + i + d;
}
NOINLINE static struct pair pair(struct pair x) { return (struct pair){-x.a, x.n + 1}; }
NOINLINE static struct two two(struct two x) { return (struct two){x.b, x.a}; }
NOINLINE static q variadic(int n, ...) {
  va_list l;
  va_start(l, n);
  q s = 0;
  while (n--) s += va_arg(l, q) * va_arg(l, int);
  va_end(l);
  return s;
}
NOINLINE static q pick(int c, q a, q b) { return c ? a : b; }
static q global = 1.25L, table[4] = {1, -2.5, 1e300, 3};
volatile q memory;
int main(void) {
  for (int i = 0; i < 700; i++) {
    static const uint64_t special[] = {0,
                                       1ull << 63,
                                       0x7fff000000000000,
                                       0xffff000000000000,
                                       0x7fff800000000000,
                                       0x3fff000000000000,
                                       0xbfff000000000000,
                                       1,
                                       0x7ffeffffffffffff};
    enum { N = sizeof special / sizeof *special };
    uint64_t u = next(), ha = (u & 0x800fffffffffffff) | (uint64_t)(0x3fa0 + next() % 0xc0) << 48,
             hb = next();
    hb = (hb & 0x8000ffffffffffff) | (uint64_t)(0x3fa0 + next() % 0xc0) << 48;
    q a = i < N * N ? from(special[i / N], 0) : from(ha, next()),
      b = i < N * N ? from(special[i % N], 0) : from(hb, next());
    mixq(a + b);
    mixq(a - b);
    mixq(a * b);
    mixq(a / b);
    mix((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
        __builtin_isunordered(a, b) << 6 | __builtin_islessgreater(a, b) << 7 | !(a < b) << 8 |
        !(a >= b) << 9 | !(a > b) << 10 | !(a <= b) << 11);
    mixq(-a);
    mixq(pick(a < b, a, b));
    if (a) mix(1);
    if (a < b) mix(2);
    mix(__builtin_isnan(a) | __builtin_isinf(a) << 1 | __builtin_signbit(a) << 2);
    mixd((float)a);
    mixd((double)a);
    mixq((q)(float)u);
    mixq((q)(double)b);
#ifdef __x86_64__
    mixd((long double)a);
    mixq((q)(long double)a);
#endif
    mixq((q)(int)u);
    mixq((q)(long)u);
    mixq((q)u);
    mixq((q)(short)u);
    mixq((q)(unsigned char)u);
    mixq((q)((__int128)u * (long)ha));
    mixq((q)(unsigned)u);
    mixq((q)((unsigned __int128)u * ha));
    if (a > -1e4 && a < 1e4) {
      mix((short)a);
      mix((int)a);
      mix((long)a);
      mix((uint64_t)(__int128)(a * 1e20));
      mix((signed char)(a / 256));
    }
    if (a >= 0 && a < 6e4) {
      mix((unsigned)a);
      mix((unsigned long)a);
      mix((unsigned short)a);
      mix((uint64_t)(unsigned __int128)a);
    }
    mixq(many(i, a, 1.5, b, a, b, a, b, a, b, a, i));
    struct pair p = pair((struct pair){a, i});
    mixq(p.a);
    mix(p.n);
    struct two t = two((struct two){a, b});
    mixq(t.a);
    mixq(t.b);
    mixq(variadic(2, a, i, b, 3));
    memory = a;
    memory += b;
    mixq(memory);
    memory++;
    mixq(memory);
    global = table[i & 3];
    mixq(global * a);
    if (i % 70 == 69) printf("%016llx\n", (unsigned long long)sum);
  }
  return 0;
}
