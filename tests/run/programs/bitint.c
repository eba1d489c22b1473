/* Integers of odd widths: arithmetic wraps or extends at the width, memory, arguments, switch. */
#include <stdio.h>
typedef _BitInt(24) s24;
typedef unsigned _BitInt(24) u24;
typedef _BitInt(33) s33;
typedef unsigned _BitInt(33) u33;
typedef _BitInt(7) s7;
typedef unsigned _BitInt(3) u3;
typedef _BitInt(128) s128;
typedef unsigned _BitInt(100) u100;
typedef _BitInt(65) s65;
typedef _BitInt(48) s48;
typedef unsigned _BitInt(12) u12;
#define SHOW(v) printf("%lld ", (long long)(v))
__attribute__((noinline)) static s24 f24(s24 a, u24 b, s33 c) { return (s24)((u24)a * b + (u24)c); }
__attribute__((noinline)) static u33 g33(u33 a, u33 b, int k) {
  return (a << k) ^ (b >> k) ^ (a - b);
}
__attribute__((noinline)) static s7 h7(s7 a, s7 b) { return a > b ? (s7)(a - b) : (s7)(b - a); }
__attribute__((noinline)) static u100 w100(u100 a, u100 b) { return a * b + (a >> 3) - (b << 5); }
__attribute__((noinline)) static s65 w65(s65 a, s65 b) { return (a >> 1) - b; }
static s24 array24[5];
static struct {
  char c;
  s33 v;
  u12 w;
  s48 x;
} rec;
int main(void) {
  u24 acc = 0;
  s33 acc33 = 1;
  u3 acc3 = 0;
  s48 acc48 = -1;
  for (int i = 0; i < 200; i++) {
    acc = (u24)(acc * 97u + (unsigned)i);
    acc33 = (s33)((s33)(acc33 ^ (s33)acc) + (s33)(i * 5));
    acc33 = acc33 >> 1;
    acc3 = (u3)(acc3 + (u3)1);
    acc48 = acc48 / 3 - (s48)acc;
    array24[i % 5] = (s24)acc;
    rec.v = acc33;
    rec.w = (u12)acc;
    rec.x = acc48;
    if (i % 40 == 0) {
      SHOW(acc);
      SHOW(acc33);
      SHOW(acc3);
      SHOW(acc48);
      SHOW(array24[2]);
      SHOW(rec.v);
      SHOW(rec.w);
      SHOW(rec.x);
      puts("");
    }
  }
  SHOW(f24((s24)0x7fffff, (u24)3, (s33)-1));
  SHOW(f24((s24)-5, (u24)0xffffff, (s33)1 << 31));
  SHOW(g33((u33)0x1ffffffff, (u33)12345, 5));
  SHOW(g33((u33)1 << 32, (u33)1, 32));
  SHOW(h7((s7)63, (s7)1));
  SHOW(h7((s7)-64, (s7)-1));
  puts("");
  u100 w = w100((u100)1 << 90 | 12345, ((u100)3 << 60) + 7);
  printf("%lx %lx\n", (unsigned long)(w >> 64), (unsigned long)w);
  s65 x = w65((s65)((unsigned _BitInt(65))1 << 64), (s65)3);
  printf("%d %lx\n", x < 0, (unsigned long)x);
  s128 y = (s128)acc48 * (s128)acc33 * (s128)acc33;
  printf("%lx %lx %g\n", (unsigned long)(y >> 64), (unsigned long)y, (double)y);
  printf("%d %d %d %d\n", (s24)-1 < (s24)0, (u24)-1 > (u24)0, (s33)-1 == (s33)0x1ffffffff,
         (u3)7 + (u3)1 == (u3)0);
  printf("%g %g %d\n", (double)(s24)-8388607, (float)(u33)0x1ffffffff, (int)(s33)(double)-77.9);
  SHOW((s24)100 / (s24)-7);
  SHOW((s24)100 % (s24)-7);
  SHOW((u24)0xffffff / (u24)10);
  SHOW((s33)-100 / (s33)7);
  SHOW((s33)-100 % (s33)7);
  switch ((s24)(acc & 7)) {
  case 0: puts("zero"); break;
  case 1: puts("one"); break;
  case 5: puts("five"); break;
  case 6: puts("six"); break;
  default: puts("other");
  }
  return (int)(acc & 63);
}
