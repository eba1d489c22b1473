/* Functions of libraries that operations become, with values of 16 bytes: an 80-bit float is returned in memory whose
 * address is the first argument, an i128 in xmm0; both are passed by address. */
#include <stdio.h>

static volatile long double x = 3.7L, y = 2.25L;
static volatile __int128 i = ((__int128)1 << 100) + 12345;
static volatile double d = 1e30;

static void print(const char *what, unsigned __int128 v) {
  printf("%s %llx %llx\n", what, (unsigned long long)(v >> 64), (unsigned long long)v);
}

int main(void) {
  printf("%.9f %.9f %.9f\n", (double)__builtin_fmaxl(x, y), (double)__builtin_powl(x, y),
         (double)__builtin_fmodl(x, y));
  printf("%.9f %.9f\n", (double)__builtin_floorl(x), (double)__builtin_powil(x, 3));
  printf("%.3f\n", (double)((long double)i / y));
  print("from a long double", (unsigned __int128)(__int128)(x * 1e25L));
  print("from a double", (unsigned __int128)d);
  printf("%.3f %.3f\n", (double)(unsigned __int128)i, (double)(float)i);
  print("quotient", (unsigned __int128)(i / 77));
  print("remainder", (unsigned __int128)(i % 1000000007));
  return 0;
}
