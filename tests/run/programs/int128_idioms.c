/* Operations that become intrinsics at -O1: minimum, maximum, magnitude, funnel shifts and rotations, saturation, of
 * 128-bit integers; switch. */
#include <stdio.h>
typedef __int128 i128;
typedef unsigned __int128 u128;
static const i128 values[] = {0,
                              1,
                              -1,
                              5,
                              -7,
                              (i128)1 << 63,
                              (i128)1 << 64,
                              -((i128)1 << 64),
                              (i128)((u128)1 << 127),
                              (i128)(~((u128)1 << 127)),
                              ((i128)0x0123456789abcdef << 64) | 0xfedcba9876543210};
enum { N = sizeof values / sizeof *values };
static void show(u128 v) { printf("%016lx%016lx ", (unsigned long)(v >> 64), (unsigned long)v); }
__attribute__((noinline)) static i128 smin(i128 a, i128 b) { return a < b ? a : b; }
__attribute__((noinline)) static i128 smax(i128 a, i128 b) { return a > b ? a : b; }
__attribute__((noinline)) static u128 umin(u128 a, u128 b) { return a < b ? a : b; }
__attribute__((noinline)) static u128 umax(u128 a, u128 b) { return a > b ? a : b; }
__attribute__((noinline)) static u128 magnitude(i128 a) { return a < 0 ? -(u128)a : (u128)a; }
__attribute__((noinline)) static u128 rotl(u128 a, unsigned k) {
  return a << (k & 127) | a >> (-k & 127);
}
__attribute__((noinline)) static u128 rotr(u128 a, unsigned k) {
  return a >> (k & 127) | a << (-k & 127);
}
__attribute__((noinline)) static u128 rot17(u128 a) { return a << 17 | a >> 111; }
__attribute__((noinline)) static u128 funnel(u128 a, u128 b) { return a << 100 | b >> 28; }
__attribute__((noinline)) static u128 funnel_by(u128 a, u128 b, unsigned k) {
  return k & 127 ? a << (k & 127) | b >> (128 - (k & 127)) : a;
}
__attribute__((noinline)) static u128 subsat(u128 a, u128 b) { return a > b ? a - b : 0; }
__attribute__((noinline)) static u128 addsat(u128 a, u128 b) {
  return a + b < a ? ~(u128)0 : a + b;
}
__attribute__((noinline)) static i128 saddsat(i128 a, i128 b) {
  i128 r;
  return __builtin_add_overflow(a, b, &r)
           ? (a < 0 ? (i128)((u128)1 << 127) : ~(i128)((u128)1 << 127))
           : r;
}
__attribute__((noinline)) static i128 clamp(i128 a) {
  return a < -100 ? -100 : a > 1000 ? 1000 : a;
}
__attribute__((noinline)) static int choose(i128 a) {
  switch (a) {
  case 0: return 1;
  case 5: return 2;
  case (i128)1 << 64: return 3;
  case -((i128)1 << 64): return 4;
  case -1: return 5;
  case -7: return 1;
  default: return 6;
  }
}
__attribute__((noinline)) static int smulo(i128 a, i128 b, i128 *r) {
  return __builtin_mul_overflow(a, b, r);
}
__attribute__((noinline)) static int umulo(u128 a, u128 b, u128 *r) {
  return __builtin_mul_overflow(a, b, r);
}
__attribute__((noinline)) static int by_constant(i128 a, i128 *r) {
  return __builtin_mul_overflow(a, (i128)-3 << 62, r);
}
int main(void) {
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < N; k++) {
      i128 a = values[i], b = values[k];
      show((u128)smin(a, b)), show((u128)smax(a, b)), show(umin((u128)a, (u128)b)),
        show(umax((u128)a, (u128)b));
      show(funnel((u128)a, (u128)b)), show(subsat((u128)a, (u128)b)),
        show(addsat((u128)a, (u128)b)), show((u128)saddsat(a, b));
      i128 r;
      u128 u;
      printf("%d %d %d ", smulo(a, b, &r), umulo((u128)a, (u128)b, &u),
             smulo(a >> 50, b >> 70, &r));
      show((u128)r), show(u);
      printf("%d %d ", smulo(a, b, &r), by_constant(a >> 40, &r));
      show((u128)r);
      for (unsigned n = 0; n < 130; n += 13) show(funnel_by((u128)a, (u128)b, n));
      puts("");
    }
    printf("%d ", choose(values[i]));
    show(magnitude(values[i])), show(rot17((u128)values[i])), show((u128)clamp(values[i]));
    for (unsigned n = 0; n < 130; n += 9)
      show(rotl((u128)values[i], n)), show(rotr((u128)values[i], n));
    puts("");
  }
  return 0;
}
