/* `__float128` by libgcc's functions, which get and return it as a structure of 16 bytes: arithmetic, comparisons,
 * conversions, arguments and results of the program's own. */
#include <stdio.h>
#include <string.h>

typedef __float128 quad;
struct holds {
  short n;
  quad x;
};

static void show(const char *what, quad x) {
  unsigned long long half[2];
  memcpy(half, &x, 16);
  printf("%s %016llx%016llx %.17g\n", what, half[1], half[0], (double)x);
}
__attribute__((noinline)) static quad mix(int a, quad b, double c, quad d, quad e) {
  return a * b - (quad)c * d + e;
}
__attribute__((noinline)) static struct holds wrap(quad x, int n) {
  return (struct holds){(short)n, x + n};
}
static quad (*volatile mixes)(int, quad, double, quad, quad) = mix;

int main(void) {
  volatile quad a = 1, b = -7, third;
  volatile long long i = -1234567890123456789;
  volatile unsigned u = 4000000000u;
  volatile double d = 0.1;
  third = a / 3;
  show("third", third);
  show("sum", third + b);
  show("product", third * b * b);
  show("negative", -third);
  show("mix", mixes(3, third, d, b, (quad)d));
  show("wrap", wrap(third, -5).x);
  show("from i", (quad)i + (quad)u);
  printf("%lld %d %u %.17g\n", (long long)(third * 1e18Q), (int)(b * third),
         (unsigned)(third * 9e9Q), (double)(float)third);
  printf("%d%d%d%d%d\n", third<b, third> b, third == third, b != b, third >= b);
  return 0;
}
