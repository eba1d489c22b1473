/* 128-bit integers: arithmetic, shifts by constant and variable counts, comparisons, conversions,
 * memory, division by calls. */
#include <stdio.h>
typedef __int128 i128;
typedef unsigned __int128 u128;

static void show(const char *what, u128 v) {
  printf("%s %016lx%016lx\n", what, (unsigned long)(v >> 64), (unsigned long)v);
}
static i128 values[] = {0,
                        1,
                        -1,
                        (i128)1 << 63,
                        (i128)1 << 64,
                        ((i128)1 << 127),
                        ~((i128)1 << 127),
                        ((i128)0x0123456789abcdef << 64) | 0xfedcba9876543210,
                        -((i128)1 << 63),
                        1000000007};
enum { N = sizeof values / sizeof *values };

__attribute__((noinline)) static i128 pass(int a, i128 x, long b, i128 y, int c, i128 z) {
  return x + a - y * b + (z ^ c);
}
__attribute__((noinline)) static u128 shift(u128 v, int by, int how) {
  return how == 0 ? v << by : how == 1 ? v >> by : (u128)((i128)v >> by);
}
static u128 power(u128 base, unsigned e, u128 mod) {
  u128 r = 1;
  for (; e; e >>= 1) {
    if (e & 1) r = r * base % mod;
    base = base * base % mod;
  }
  return r;
}
static void decimal(u128 v) {
  char s[50], *p = s + 49;
  *p = 0;
  do *--p = (char)('0' + (int)(v % 10));
  while (v /= 10);
  printf("%s\n", p);
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      i128 a = values[i], b = values[j];
      u128 ua = (u128)a, ub = (u128)b;
      show("+", ua + ub), show("-", ua - ub), show("*", ua * ub);
      show("&", ua & ub), show("|", ua | ub), show("^", ua ^ ub);
      printf("%d%d%d%d%d%d%d%d%d%d\n", a == b, a != b, a<b, a <= b, a> b, a >= b,
             ua<ub, ua <= ub, ua> ub, ua >= ub);
      if (b != 0 && !(b == -1 && i == 5)) {
        show("/", (u128)(a / b)), show("%", (u128)(a % b)), show("u/", ua / ub),
          show("u%", ua % ub);
      }
    }
  for (int i = 0; i < N; i++)
    for (int by = 0; by < 128; by += 21)
      for (int how = 0; how < 3; how++) show("shift", shift((u128)values[i], by, how));
  for (int i = 0; i < N; i++) {
    u128 v = (u128)values[i];
    show("<<3", v << 3), show(">>3", v >> 3), show("s>>3", (u128)(values[i] >> 3)),
      show("<<64", v << 64);
    show(">>64", v >> 64), show("<<100", v << 100), show("s>>100", (u128)(values[i] >> 100)),
      show("-", -v), show("~", ~v);
    printf("%g %g %g\n", (double)values[i], (double)v, (double)(float)values[i]);
    printf("%d %d %d %d\n", (int)v, (short)v, (signed char)v, !v);
    show("sext", (u128)(i128)(int)v), show("zext", (u128)(unsigned)v),
      show("sext8", (u128)(i128)(signed char)v);
  }
  show("from double", (u128)(i128)-1.5e30), show("from double", (u128)3e38 / 3),
    show("from float", (u128)(i128)1e20f);
  show("pass", (u128)pass(3, values[7], 5, values[3], -9, values[6]));
  u128 sum = 0;
  for (unsigned i = 0; i < 1000; i++) sum = sum * 6364136223846793005u + i;
  show("sum", sum);
  decimal(~(u128)0), decimal(power(3, 200, ((u128)1 << 100) - 15));
  i128 pick = sum & 1 ? values[7] : values[8];
  show("select", (u128)pick);
  long over;
  printf("%d %d\n", __builtin_mul_overflow((long)1 << 40, (long)1 << 30, &over),
         __builtin_add_overflow((long)5, (long)6, &over));
  switch ((int)(sum >> 120)) {
  case 0: return 1;
  default: return (int)(sum & 63);
  }
}
