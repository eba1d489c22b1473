/* Half floats: conversions, arithmetic, comparisons, passing, vectors, on special and random
 * values; if optimized, by the processor's own instructions for them, x86-64's F16C and
 * AArch64's FP16. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#if defined __OPTIMIZE__ && defined __x86_64__
#pragma clang attribute push(__attribute__((target("f16c"))), apply_to = function)
#elif defined __OPTIMIZE__
#pragma clang attribute push(__attribute__((target("fullfp16"))), apply_to = function)
#endif
typedef _Float16 h;
#define NOINLINE __attribute__((noinline))
static h from(uint16_t b) {
  h x;
  memcpy(&x, &b, 2);
  return x;
}
static uint16_t bits(h x) {
  uint16_t b;
  memcpy(&b, &x, 2);
  return b;
}
static uint64_t sum = 14695981039346656037ull, state = 88172645463325252ull;
static void mix(uint64_t v) { sum = (sum ^ v) * 1099511628211ull; }
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
/* a NaN's payload and sign are not specified */
static void mixh(h x) { mix(x == x ? bits(x) : 0x7e00); }
static void mixd(double x) {
  uint64_t b;
  memcpy(&b, &x, 8);
  mix(x == x ? b : 1);
}
NOINLINE static h many(h a, h b, h c, h d, h e, h f, h g, h i, h j, h k, int l) {
  return a - b + c * d - e + f * g - i + j - k + (h)l;
}
struct two {
  h a, b;
};
struct three {
  h a, b, c;
};
struct mixed {
  h a;
  float b;
  int c;
};
struct four {
  h a[4];
};
NOINLINE static struct two two(struct two x) { return (struct two){x.b + x.a, x.a}; }
NOINLINE static struct three three(struct three x) { return (struct three){x.c, x.a * x.b, x.b}; }
NOINLINE static struct mixed mixed(struct mixed x) {
  return (struct mixed){(h)x.b, (float)x.a, x.c + 1};
}
NOINLINE static struct four four(struct four x) {
  for (int i = 0; i < 4; i++) x.a[i] *= 2;
  return x;
}
NOINLINE static double variadic(int n, ...) {
  va_list l;
  va_start(l, n);
  double s = 0;
  while (n--) s += va_arg(l, double) + va_arg(l, h);
  va_end(l);
  return s;
}
/* The last ones are on the stack, where they are read as memory is. */
NOINLINE static double arrays(int n, ...) {
  va_list l;
  va_start(l, n);
  double s = 0;
  for (int k = 0; k < n; k++) {
    struct four x = va_arg(l, struct four);
    struct three y = va_arg(l, struct three);
    for (int i = 0; i < 4; i++) s += (i + 1 + k) * (double)x.a[i];
    s += 5 * (double)y.a + 7 * (double)y.b - (double)y.c;
  }
  va_end(l);
  return s;
}
NOINLINE static double stacked(float f, struct four a, struct four b, struct three c, double d,
                               struct two e, h i) {
  return f + (double)b.a[0] * 2 + (double)b.a[3] - (double)c.b + (double)c.c * 3 + d +
         (double)e.b * 5 + (double)i + (double)a.a[2];
}
typedef h v4 __attribute__((vector_size(8)));
typedef h v8 __attribute__((vector_size(16)));
typedef float f4 __attribute__((vector_size(16)));
typedef short s8 __attribute__((vector_size(16)));
NOINLINE static v4 vec4(v4 a, v4 b) { return a * b + a; }
NOINLINE static v8 vec8(v8 a, v8 b) { return (a - b) / (a + 1); }
NOINLINE static s8 less8(v8 a, v8 b) { return a < b; }
NOINLINE static f4 wide4(v4 a) { return __builtin_convertvector(a, f4); }
NOINLINE static v4 narrow4(f4 a) { return __builtin_convertvector(a, v4); }
NOINLINE static h pick(int c, h a, h b) { return c ? a : b; }
static h global = (h)1.25, table[4] = {(h)1, (h)-2.5, (h)65504, (h)6e-8};
volatile h memory;
static int test(void) {
  static const uint16_t special[] = {0,      0x8000, 1,      0x8001, 0x3ff,  0x400,
                                     0x3c00, 0xbc00, 0x3c01, 0x7bff, 0xfbff, 0x7c00,
                                     0xfc00, 0x7e00, 0x7e01, 0x4248};
  enum { N = sizeof special / sizeof *special };
  for (int i = 0; i < 3000; i++) {
    h a = from(i < N * N ? special[i / N] : (uint16_t)next()),
      b = from(i < N * N ? special[i % N] : (uint16_t)next()), c = from((uint16_t)next());
    mixh(a + b);
    mixh(a - b);
    mixh(a * b);
    mixh(a / b);
    mix((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
        __builtin_isunordered(a, b) << 6 | __builtin_islessgreater(a, b) << 7);
    mixh(-a == -a ? -a : a);
    mixh(__builtin_fabsf16(a));
    mixh(__builtin_copysignf16(a, b));
    mixh(pick(a < b, a, b));
    mixh(__builtin_elementwise_sqrt(a));
    mixh(__builtin_elementwise_floor(a));
    mixh(__builtin_elementwise_rint(a));
    mixh(__builtin_fmaxf16(a, b));
    mixh(__builtin_elementwise_fma(a, b, c));
    mix(__builtin_isnan(a) | __builtin_isinf(a) << 1 | __builtin_isnormal(a) << 2 |
        __builtin_signbit(a) << 3 | (a ? 16 : 0));
    mixd((float)a);
    mixd((double)a);
    mixd((double)(long double)a);
    uint64_t u = next();
    float f;
    double d;
    uint32_t w = (uint32_t)(next() & 0x87ffffff) + 0x38000000;
    memcpy(&f, &w, 4);
    u = (u & 0x807fffffffffffffull) + 0x3f00000000000000ull;
    memcpy(&d, &u, 8);
    mixh((h)f);
    mixh((h)d);
    mixh((h)(long double)d);
    d = (double)a + 0x1p-20 * (int)(next() % 3 - 1);
    mixh((h)d);
    d = ((double)a + (double)from(bits(a) ^ 1)) / 2;
    mixh((h)d);
    mixh((h)(d * (1 + 0x1p-40)));
    mixh((h)(int)(u >> 45));
    mixh((h)(long)u);
    mixh((h)(unsigned long)(u >> 50));
    mixh((h)(short)u);
    mixh((h)(unsigned char)u);
    mixh((h)(__int128)(u >> 48));
    if (a > -30000 && a < 30000) {
      mix((short)a);
      mix((int)a);
      mix((long)a);
      mix((uint64_t)(__int128)a);
      mix((signed char)(a / 256));
    }
    if (a >= 0 && a < 60000) {
      mix((unsigned)a);
      mix((unsigned long)a);
      mix((unsigned short)a);
    }
    mixh(many(a, b, c, a, b, c, a, b, c, a, i));
    struct two t2 = two((struct two){a, b});
    mixh(t2.a);
    mixh(t2.b);
    struct three t3 = three((struct three){a, b, c});
    mixh(t3.a);
    mixh(t3.b);
    mixh(t3.c);
    struct mixed m = mixed((struct mixed){a, (float)b, i});
    mixh(m.a);
    mixd(m.b);
    mix(m.c);
    struct four q = four((struct four){{a, b, c, a}});
    for (int k = 0; k < 4; k++) mixh(q.a[k]);
    mixd(variadic(2, 1.5, a, 2.5, b));
    mixd(arrays(3, q, t3, q, t3, q, t3));
    mixd(stacked(1.5f, q, (struct four){{c, b, a, c}}, t3, 0.25, t2, c));
    v4 x = {a, b, c, a}, y = {b, b, a, c};
    v4 z = vec4(x, y);
    for (int k = 0; k < 4; k++) mixh(z[k]);
    v8 x8 = {a, b, c, a, b, c, a, b}, y8 = {c, c, a, b, a, b, c, a}, z8 = vec8(x8, y8);
    s8 l8 = less8(x8, y8);
    for (int k = 0; k < 8; k++) {
      mixh(z8[k]);
      mix(l8[k]);
    }
    f4 g = wide4(x);
    for (int k = 0; k < 4; k++) mixd(g[k]);
    z = narrow4(g * 1.001f);
    for (int k = 0; k < 4; k++) mixh(z[k]);
    z = -z;
    mixh(z[0] == z[0] ? z[0] : 0);
    memory = a;
    memory += b;
    mixh(memory);
    memory++;
    mixh(memory);
    global = table[i & 3];
    mixh(global * a);
    if (i % 300 == 299) printf("%016llx\n", (unsigned long long)sum);
  }
  return 0;
}
#ifdef __OPTIMIZE__
#pragma clang attribute pop
#endif
int main(void) {
#if defined __OPTIMIZE__ && defined __x86_64__
  if (!__builtin_cpu_supports("f16c")) return puts("no F16C") < 0;
#endif
  return test();
}
