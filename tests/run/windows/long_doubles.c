/* `long double`, of 80 bits, with MinGW's library: arithmetic, comparisons, conversions of all integers, calls with
 * results and arguments in memory, also variadic and in structs. Printed by bytes and as doubles. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct holds {
  char c;
  long double x;
};

__attribute__((noinline)) static long double mean(long double a, long double b) {
  return (a + b) / 2;
}
__attribute__((noinline)) static struct holds wrap(int n, long double x) {
  return (struct holds){(char)n, x * n};
}
static long double sum(int n, ...) {
  va_list args;
  long double t = 0;
  va_start(args, n);
  for (int i = 0; i < n; i++) t += va_arg(args, long double) * va_arg(args, int);
  va_end(args);
  return t;
}
static void show(const char *what, long double x) {
  unsigned char bytes[10];
  memcpy(bytes, &x, 10);
  printf("%s %.17g ", what, (double)x);
  for (int i = 9; i >= 0; i--) printf("%02x", bytes[i]);
  putchar('\n');
}

static volatile long double third = 1.0L / 3, large = 1e300L, tiny = 1e-4940L;
static long double (*volatile means)(long double, long double) = mean;

int main(void) {
  volatile long long i = -1234567890123456789;
  volatile unsigned long long u = 0xfedcba9876543210;
  volatile double d = 0.1;
  show("third", third);
  show("product", large * large * third);
  show("tiny", tiny * third);
  show("mean", means(third, -7));
  show("sqrt", sqrtl(third + 2));
  show("pow", powl(third, 5.5L));
  show("floor", floorl(large * third) - rintl(-2.5L));
  show("wrap", wrap(7, third).x);
  show("sum", sum(3, third, 1, third * 2, -4, large, 2));
  show("from i", (long double)i * third);
  show("from u", (long double)u);
  show("from d", (long double)d - 0.1L);
  printf("%lld %llu %d %d %.17g\n", (long long)(third * 1e18L), (unsigned long long)(third * 5e19L),
         (int)-means(3, 4), (signed char)(third * 300), (double)(float)third);
  printf("%d%d%d%d%d\n", third<d, third> d, third == third, tiny != 0, isnan(third / 0 * 0) != 0);
  return 0;
}
