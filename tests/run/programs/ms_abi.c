/* Windows' convention on x86-64: calls, definitions, variable arguments, both ways, next to values that the other
 * convention keeps or loses. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#define MS __attribute__((ms_abi))
#define SYSV __attribute__((sysv_abi))
#define NOINLINE __attribute__((noinline))
struct small {
  int a, b;
};
struct big {
  long a, b, c;
};
struct one {
  float x;
};
NOINLINE MS long ints(int a, signed char b, unsigned short c, long d, int e, void *f, long g) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * (long)f + 7 * g;
}
NOINLINE MS double mixed(int a, double b, float c, long d, double e, float f, int g) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g;
}
NOINLINE MS struct small small(struct small x, int k) { return (struct small){x.b + k, x.a - k}; }
NOINLINE MS struct big big(struct big x, long k) { return (struct big){x.c + k, x.b, x.a - k}; }
NOINLINE MS struct one one(struct one x) { return (struct one){x.x * 2}; }
NOINLINE MS long double quite_long(long double x, int k) { return x * k; }
NOINLINE MS __int128 wide(__int128 x, int k) { return x * k; }
NOINLINE MS double sum(int n, ...) {
  __builtin_ms_va_list ap, again;
  double s = 0;
  __builtin_ms_va_start(ap, n);
  __builtin_ms_va_copy(again, ap);
  for (int i = 0; i < n; i++)
    s += i & 1 ? __builtin_va_arg(ap, double) : (double)__builtin_va_arg(ap, int);
  for (int i = 0; i < n; i++)
    s += 100 * (i & 1 ? __builtin_va_arg(again, double) : (double)__builtin_va_arg(again, int));
  __builtin_ms_va_end(ap);
  __builtin_ms_va_end(again);
  return s;
}
NOINLINE MS double sum4(int a, double b, int c, int d, ...) {
  __builtin_ms_va_list ap;
  __builtin_ms_va_start(ap, d);
  double s = a + b + c + d;
  for (int i = 0; i < 3; i++) s = s * 3 + __builtin_va_arg(ap, double);
  __builtin_ms_va_end(ap);
  return s;
}
/* changes what the other convention does not keep */
NOINLINE static double busy(long a, long b, double x) {
  double y[12];
  long z[12];
  for (int i = 0; i < 12; i++) {
    y[i] = x * i + (double)a;
    z[i] = a * i + b;
  }
  double s = y[0] * y[1] + y[2] * y[3] + y[4] * y[5] + y[6] * y[7] + y[8] * y[9] + y[10] * y[11];
  return s + (double)(z[0] ^ z[1] ^ z[2] ^ z[3] ^ z[4] ^ z[5]);
}
NOINLINE MS double calls_back(double a, double b, long c, long d) {
  double r = busy(c, d, a) + b;
  printf("%.3f %d\n", r, (int)c);
  return r + (double)c - (double)d + a;
}
NOINLINE MS int none(void) { return 7; }
typedef MS double fn(double, double, long, long);
NOINLINE static double caller(fn *f, double a, double b, double c, double d, double e, double g,
                              double h, double i, long k) {
  double r = f(a, b, k, k + 1);
  return r + a + b + c + d + e + g + h + i + (double)k;
}
NOINLINE MS double caller_ms(fn *f, double a, double b, long k) {
  double x = a * 3, y = b * 5, z = a - b, w = a + b, v = a * b, u = a / b;
  long l = k * 3, m = k * 5;
  double r = f(a, b, k, k + 1);
  asm volatile("" ::: "memory");
  return r + x + y + z + w + v + u + (double)(l - m);
}
static MS void chain(int depth, long *out) {
  char room[40];
  memset(room, depth, sizeof room);
  if (depth) chain(depth - 1, out);
  *out += room[depth % 40] + none();
}
int main(void) {
  printf("%ld\n", ints(1, -2, 3, -4, 5, (void *)6, -7));
  printf("%.3f\n", mixed(1, 2.5, 3.5f, -4, 5.25, 6.5f, 7));
  struct small s = small((struct small){1, 2}, 10);
  struct big b = big((struct big){1, 2, 3}, 10);
  printf("%d %d %ld %ld %ld %.2f %.2Lf %ld\n", s.a, s.b, b.a, b.b, b.c,
         (double)one((struct one){1.5f}).x, quite_long(2.5L, 3), (long)wide(-5, 7));
  printf("%.3f %.3f %.3f\n", sum(1, 5), sum(6, 1, 2.5, 3, 4.5, 5, 6.5),
         sum(9, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9));
  printf("%.3f\n", sum4(1, 2.5, 3, 4, 5.5, 6.5, 7.5));
  printf("%.3f\n", caller(calls_back, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9));
  printf("%.3f %d\n", caller_ms(calls_back, 1.5, 2.5, 9), none());
  long out = 0;
  chain(20, &out);
  MS int (*p)(void) = none;
  printf("%ld %d\n", out, p());
  return 0;
}
#else
int main(void) { return 0; }
#endif
