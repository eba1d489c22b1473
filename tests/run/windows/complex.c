/* Complex numbers as arguments and results: two floats go in an integer register, two doubles by address; so do structs
 * of floats. Through pointers, and variadic. */
#include <complex.h>
#include <stdarg.h>
#include <stdio.h>

struct pair {
  float a, b;
};
struct mixed {
  float a;
  int b;
};
struct one {
  double a;
};
struct three {
  float a, b, c;
};

__attribute__((noinline)) static float _Complex turn(float _Complex z) { return z * I + 1; }
__attribute__((noinline)) static double _Complex sum(double _Complex x, double y,
                                                     double _Complex z) {
  return x * y - conj(z);
}
__attribute__((noinline)) static long double _Complex longest(long double _Complex z, int n) {
  return z * n;
}
__attribute__((noinline)) static struct pair swap(struct pair p) { return (struct pair){p.b, p.a}; }
__attribute__((noinline)) static struct mixed mix(int k, struct mixed m) {
  return (struct mixed){m.a * (float)k, m.b - k};
}
__attribute__((noinline)) static struct one half(struct one o) { return (struct one){o.a / 2}; }
__attribute__((noinline)) static struct three rotate(struct three t) {
  return (struct three){t.b, t.c, t.a};
}

static double total(int n, ...) {
  va_list args;
  double t = 0;
  va_start(args, n);
  for (int i = 0; i < n; i++) {
    double _Complex z = va_arg(args, double _Complex);
    float _Complex f = va_arg(args, float _Complex);
    struct pair p = va_arg(args, struct pair);
    t =
      t * 3 + creal(z) - cimag(z) + (double)crealf(f) * 7 + (double)cimagf(f) + (double)(p.a * p.b);
  }
  va_end(args);
  return t;
}

static float _Complex (*volatile turns)(float _Complex) = turn;
static double _Complex (*volatile sums)(double _Complex, double, double _Complex) = sum;

int main(void) {
  volatile float f = 1.5f;
  volatile double d = 2.25;
  float _Complex a = turns(f + 2 * I);
  double _Complex b = sums(d + 3 * I, d, 1 - I);
  long double _Complex c = longest((long double)d + 4 * I, 3);
  struct pair p = swap((struct pair){f, 9});
  struct mixed m = mix(3, (struct mixed){f, 10});
  struct one o = half((struct one){d});
  struct three t = rotate((struct three){1, 2, f});
  printf("%g %g, %g %g, %g %g\n", (double)crealf(a), (double)cimagf(a), creal(b), cimag(b),
         (double)creall(c), (double)cimagl(c));
  printf("%g %g, %g %d, %g, %g %g %g\n", (double)p.a, (double)p.b, (double)m.a, m.b, o.a,
         (double)t.a, (double)t.b, (double)t.c);
  printf("%g\n", total(2, b, a, p, b * b, a + a, swap(p)));
  return 0;
}
