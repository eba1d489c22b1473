/* Integers of 128 bits: each operation, conversions, results in registers and memory, through pointers, in structs and
 * variadic; quotients by libgcc. */
#include <stdarg.h>
#include <stdio.h>

typedef __int128 i128;
typedef unsigned __int128 u128;
struct holds {
  int n;
  i128 x;
};

static void show(const char *what, u128 v) {
  printf("%s %016llx%016llx\n", what, (unsigned long long)(v >> 64), (unsigned long long)v);
}
__attribute__((noinline)) static i128 mixed(int a, i128 b, char c, i128 d, i128 e, i128 f) {
  return a + b * 3 - c + d * 5 - e * 7 + f * 11;
}
__attribute__((noinline)) static struct holds wrap(i128 x, int n) {
  return (struct holds){n, x << n};
}
static i128 sum(int n, ...) {
  va_list args;
  i128 t = 0;
  va_start(args, n);
  for (int i = 0; i < n; i++) t = t * 3 + va_arg(args, i128) - va_arg(args, int);
  va_end(args);
  return t;
}
static i128 (*volatile mixes)(int, i128, char, i128, i128, i128) = mixed;

int main(void) {
  volatile i128 a = ((i128)0x0123456789abcdef << 64) | 0xfedcba9876543210,
                b = -((i128)987654321 << 40);
  volatile int n = 77;
  show("product", (u128)(a * b));
  show("quotient", (u128)(a / b));
  show("rest", (u128)(a % b));
  show("unsigned", (u128)b / (u128)a);
  show("unsigned rest", (u128)b % (u128)a);
  show("left", (u128)a << n);
  show("right", (u128)b >> n);
  show("signed right", (u128)(b >> n));
  show("bits", (u128)((a & b) ^ (a | ~b)));
  show("difference", (u128)(b - a));
  show("negative", (u128)-a);
  show("mixed", (u128)mixes(n, a, 'c', b, a, b));
  struct holds h = wrap(b, n);
  show("wrapped", (u128)h.x + (u128)h.n);
  show("variadic", (u128)sum(3, a, n, b, -n, a + b, 5));
  show("from double", (u128)(i128)((double)n * -1e30));
  show("from float", (u128)((float)n * 1e30f));
  printf("%.17g %.17g %.9g\n", (double)a, (double)(u128)b, (double)(float)b);
  printf("%d%d%d%d%d\n", a<b, a> b, (u128)a < (u128)b, a == a, b >= a);
  return h.n == 77 && h.x >> 127 == -1 ? 0 : 1;
}
