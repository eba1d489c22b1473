/* The calls of libgcc that operations on __int128 and __float128 become, where LLVM 22's calls of the second are not as
 * libgcc has them. The program prints the same by gcc and by Kiln. */
#include <stdio.h>
#include <string.h>

typedef unsigned long long word;
static volatile __float128 a = 7.5, b = 2.5;
static volatile __int128 x = ((__int128)1 << 100) + 12345, y = -77;
static volatile float f = 1.25f;
static volatile double d = 1e30;
static volatile long double l = 3.5L;

static void print(const char *what, const void *value) {
  word w[2];
  memcpy(w, value, 16);
  printf("%s %llx %llx\n", what, w[1], w[0]);
}

#define INTEGER(v) print(#v, &(__int128){v})
#define QUAD(v) print(#v, &(__float128){v})

int main(void) {
  INTEGER(x / y), INTEGER(x % y), INTEGER((unsigned __int128)x / 77),
    INTEGER((unsigned __int128)x % 77);
  INTEGER((__int128)f), INTEGER((__int128)d), INTEGER((__int128)l), INTEGER((unsigned __int128)d);
  printf("%f %f %f\n", (double)(float)x, (double)x, (double)(long double)x);
  QUAD(a + b), QUAD(a - b), QUAD(a * b), QUAD(a / b), QUAD(-a);
  QUAD((int)x), QUAD((unsigned)x), QUAD((long long)x), QUAD((word)x), QUAD(x),
    QUAD((unsigned __int128)x);
  QUAD(f), QUAD(d), QUAD(l);
  printf("%f %f %f\n", (double)(float)a, (double)a, (double)(long double)a);
  printf("%d %u %lld %llu\n", (int)a, (unsigned)a, (long long)a, (word)a);
  INTEGER((__int128)a), INTEGER((unsigned __int128)a);
  printf("%d %d %d %d %d %d\n", a<b, a> b, a <= b, a >= b, a == b, a != b);
  return 0;
}
