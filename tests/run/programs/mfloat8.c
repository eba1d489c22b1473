// AArch64's eight-bit floats, which are vectors of one byte in the IR: as arguments, in registers and on the stack, as
// results, variable arguments, members, lanes. Besides, exclusive accesses of all widths, and shifts of one lane by a
// constant, of which the IR's other lanes are undefined.
#include <stdio.h>
#include <string.h>

#ifdef __aarch64__
#include <arm_neon.h>
#include <stdarg.h>
#define NOINLINE __attribute__((noinline))

struct mixed {
  mfloat8_t a;
  mfloat8x16_t v;
  char c;
  mfloat8x8_t w;
};
struct two {
  mfloat8_t a, b;
};
struct three {
  mfloat8x16_t v[3];
};
static mfloat8_t some[5];

NOINLINE static mfloat8_t from(unsigned char c) {
  mfloat8_t a;
  memcpy(&a, &c, 1);
  return a;
}
NOINLINE static mfloat8_t lane3(mfloat8x8_t a) { return vget_lane_mf8(a, 3); }
NOINLINE static mfloat8_t lane15(mfloat8x16_t a) { return vgetq_lane_mf8(a, 15); }
NOINLINE static mfloat8x8_t put3(mfloat8_t a, mfloat8x8_t b) { return vset_lane_mf8(a, b, 3); }
NOINLINE static mfloat8x16_t put15(mfloat8_t a, mfloat8x16_t b) { return vsetq_lane_mf8(a, b, 15); }
NOINLINE static mfloat8x16_t everywhere(mfloat8_t a) { return vdupq_n_mf8(a); }
NOINLINE static mfloat8x16_t copied(mfloat8x16_t a, mfloat8x8_t b) {
  return vcopyq_lane_mf8(a, 13, b, 6);
}
NOINLINE static mfloat8x16_t both(mfloat8x8_t a, mfloat8x8_t b) { return vcombine_mf8(a, b); }
NOINLINE static mfloat8_t load(const mfloat8_t *p) { return p[2]; }
NOINLINE static void store(mfloat8_t *p, mfloat8_t v) { p[2] = v; }
NOINLINE static struct mixed change(struct mixed x) {
  x.a = some[1];
  x.w = put3(some[2], x.w);
  x.c++;
  return x;
}
NOINLINE static struct two swap(struct two a) { return (struct two){a.b, a.a}; }
NOINLINE static struct three turn(struct three a, mfloat8x16_t b) {
  return (struct three){{a.v[2], b, a.v[0]}};
}
NOINLINE static mfloat8_t many(int i, mfloat8_t a, mfloat8_t b, mfloat8_t c, mfloat8_t d,
                               mfloat8_t e, mfloat8_t f, mfloat8_t g, mfloat8_t h, mfloat8_t k,
                               mfloat8_t l, int z, mfloat8_t m) {
  return i == 0 ? k : i == 1 ? l : i == 2 ? a : i == 3 ? h : i == z ? m : b;
}
NOINLINE static mfloat8_t last(int n, ...) {
  mfloat8_t r = some[0];
  va_list args;
  va_start(args, n);
  while (n-- > 0) r = va_arg(args, mfloat8_t);
  va_end(args);
  return r;
}

static void show(const char *what, const void *p, size_t n) {
  printf("%s:", what);
  for (size_t i = 0; i < n; i++) printf(" %02x", ((const unsigned char *)p)[i]);
  puts("");
}
#define SHOW(x)                                                                                    \
  do {                                                                                             \
    __typeof__(x) t_ = x;                                                                          \
    show(#x, &t_, sizeof t_);                                                                      \
  } while (0)

// Adds 1 to what is in memory; gives the old value.
#define ADD(name, type, load, store)                                                               \
  NOINLINE static type name(type *p) {                                                             \
    type v;                                                                                        \
    do v = load(p);                                                                                \
    while (store((type)(v + 1), p));                                                               \
    return v;                                                                                      \
  }
ADD(add8, unsigned char, __builtin_arm_ldrex, __builtin_arm_strex)
ADD(add16, unsigned short, __builtin_arm_ldaex, __builtin_arm_stlex)
ADD(add32, unsigned, __builtin_arm_ldrex, __builtin_arm_stlex)
ADD(add64, unsigned long, __builtin_arm_ldaex, __builtin_arm_strex)
ADD(add_float, float, __builtin_arm_ldrex, __builtin_arm_strex)
ADD(add_double, double, __builtin_arm_ldaex, __builtin_arm_stlex)
ADD(add128, unsigned __int128, __builtin_arm_ldaex, __builtin_arm_stlex)

NOINLINE static int shifts(int x) {
  return vqshlub_n_s8((int8_t)x, 7) + vqshluh_n_s16((int16_t)x, 15) * 3 +
         (int)vqshlus_n_s32(x, 4) * 5;
}

int main(void) {
  unsigned char m[64];
  mfloat8x8_t a;
  mfloat8x16_t b, b2;
  for (int i = 0; i < 64; i++) m[i] = (unsigned char)(i * 37 + 11);
  for (int i = 0; i < 5; i++) some[i] = from((unsigned char)(0xa0 + i));
  memcpy(&a, m, 8);
  memcpy(&b, m + 8, 16);
  memcpy(&b2, m + 24, 16);
  mfloat8_t c = from(0x81), d = from(0x7e);
  SHOW(lane3(a));
  SHOW(lane15(b));
  SHOW(put3(c, a));
  SHOW(put15(d, b));
  SHOW(everywhere(c));
  SHOW(copied(b, a));
  SHOW(both(a, vget_high_mf8(b2)));
  store((mfloat8_t *)m, c);
  SHOW(load((mfloat8_t *)m));
  SHOW(swap((struct two){c, d}));
  struct mixed x = change((struct mixed){c, b, 5, a});
  SHOW(x.a);
  SHOW(x.v);
  SHOW(x.c);
  SHOW(x.w);
  SHOW(turn((struct three){{b, b2, b2}}, everywhere(d)));
  for (int i = 0; i < 6; i++)
    SHOW(many(i, from(1), from(2), from(3), from(4), from(5), from(6), from(7), from(8), from(9),
              from(10), 4, from(11)));
  SHOW(last(3, c, d, from(9)));
  SHOW(last(9, c, d, c, d, c, d, c, d, from(99)));
  SHOW(last(12, c, d, c, d, c, d, c, d, from(98), c, d, from(42)));

  unsigned char n8[2] = {255, 7};
  unsigned short n16[2] = {65535, 7};
  unsigned n32[2] = {0xffffffff, 7};
  unsigned long n64[2] = {0xffffffffff, 7};
  float f[2] = {2.5f, 7};
  double g[2] = {-1.5, 7};
  unsigned __int128 n128[2] = {0xffffffffffffffff, 7};
  printf("%d %d %u %lu %g %g %lx\n", add8(n8), add16(n16), add32(n32), add64(n64), add_float(f),
         add_double(g), (unsigned long)add128(n128));
  printf("%d %d %d %d %u %u %lu %lu %g %g %g %g %lx %lx %d\n", n8[0], n8[1], n16[0], n16[1], n32[0],
         n32[1], n64[0], n64[1], f[0], f[1], g[0], g[1], (unsigned long)n128[0],
         (unsigned long)(n128[0] >> 64), (int)n128[1]);
  for (int i = -2; i < 4; i++) printf("%d\n", shifts(i));
  return 0;
}
#else
int main(void) {
  puts("not this processor's");
  return 0;
}
#endif
