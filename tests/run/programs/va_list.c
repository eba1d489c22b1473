/* Variadic functions: every class of argument, more than the registers hold, va_copy, va_list
 * passed by value and by pointer, forwarding to vprintf. */
#include <stdarg.h>
#include <stdio.h>

struct small {
  int a;
  double b;
};
struct two {
  long a, b;
};
struct floats {
  float x, y, z;
};
struct big {
  long v[4];
  char c;
};

static long vsum(const char *kinds, va_list ap) {
  long sum = 0;
  for (; *kinds; kinds++) switch (*kinds) {
    case 'i': sum = sum * 3 + va_arg(ap, int); break;
    case 'u': sum = sum * 3 + (long)va_arg(ap, unsigned); break;
    case 'l': sum = sum * 3 + va_arg(ap, long); break;
    case 'd': sum = sum * 3 + (long)(va_arg(ap, double) * 4); break;
    case 'p': sum = sum * 3 + *va_arg(ap, int *); break;
    case 's': {
      struct small s = va_arg(ap, struct small);
      sum = sum * 3 + s.a + (long)(s.b * 2);
      break;
    }
    case 't': {
      struct two s = va_arg(ap, struct two);
      sum = sum * 3 + s.a - s.b;
      break;
    }
    case 'f': {
      struct floats s = va_arg(ap, struct floats);
      sum = sum * 3 + (long)(s.x + 10 * s.y + 100 * s.z);
      break;
    }
    case 'b': {
      struct big s = va_arg(ap, struct big);
      sum = sum * 3 + s.v[0] + s.v[3] + s.c;
      break;
    }
    case 'x': {
      __int128 v = va_arg(ap, __int128);
      sum = sum * 3 + (long)(v >> 64) + (long)v;
      break;
    }
    }
  return sum;
}

static long sum(const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  long r = vsum(kinds, ap);
  va_end(ap);
  return r;
}

static long take(va_list *ap, int n) {
  long s = 0;
  while (n-- > 0) s = s * 7 + va_arg(*ap, int);
  return s;
}

static void twice(int n, double scale, ...) {
  va_list ap, again;
  va_start(ap, scale);
  double d = 0;
  for (int i = 0; i < n / 2; i++) d += va_arg(ap, double);
  va_copy(again, ap);
  for (int i = n / 2; i < n; i++) d += va_arg(ap, double) * scale;
  double e = 0;
  for (int i = n / 2; i < n; i++) e += va_arg(again, double);
  va_end(again);
  va_end(ap);
  printf("twice %g %g\n", d, e);
}

static long by_pointer(int n, ...) {
  va_list ap;
  va_start(ap, n);
  long a = take(&ap, n / 2);
  long b = take(&ap, n - n / 2);
  va_end(ap);
  return a * 1000003 + b;
}

static int format(char *out, size_t size, const char *f, ...) {
  va_list ap;
  va_start(ap, f);
  int n = vsnprintf(out, size, f, ap);
  va_end(ap);
  return n;
}

static double no_float(int n, ...) {
  va_list ap;
  va_start(ap, n);
  double r = 0;
  while (n--) r += (double)va_arg(ap, long);
  va_end(ap);
  return r;
}

/* Named parameters already use up all registers. */
static long full(long a, long b, long c, long d, long e, long f, long g, double h, double i,
                 double j, double k, double l, double m, double n, double o, double p, ...) {
  va_list ap;
  va_start(ap, p);
  long r = a + b + c + d + e + f + g + (long)(h + i + j + k + l + m + n + o + p);
  r += va_arg(ap, long);
  r += (long)va_arg(ap, double);
  struct two t = va_arg(ap, struct two);
  va_end(ap);
  return r + t.a * t.b;
}

int main(void) {
  int at = 99;
  struct small s = {3, 4.5};
  struct two t = {50, 8};
  struct floats f = {1, 2, 3};
  struct big b = {{1, 2, 3, 4}, 5};
  __int128 x = ((__int128)12 << 64) + 34;
  printf("%ld\n", sum("iiiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8, 9));
  printf("%ld\n", sum("dddddddddd", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.5, 10.25));
  printf("%ld\n", sum("idliduip", -1, 0.5, 1L << 33, -7, 2.75, 4000000000u, 8, &at));
  printf("%ld\n", sum("stfb", s, t, f, b));
  printf("%ld\n", sum("stfbstfb", s, t, f, b, s, t, f, b));
  printf("%ld\n", sum("iiiiitiit", 1, 2, 3, 4, 5, t, 6, 7, t));
  printf("%ld\n", sum("xixixi", x, 1, x, 2, x, 3));
  printf("%ld\n", sum("dddddddsd", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, s, 8.0));
  twice(12, 2.0, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.);
  printf("%ld\n", by_pointer(9, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  char out[200];
  int n = format(out, sizeof out, "%d %s %5.2f %c %lx %g %g %g %g %g %g %g %g %d", 1, "two",
                 3.14159, '4', 0xfeL, 1., 2., 3., 4., 5., 6., 7., 8., -5);
  printf("%d [%s]\n", n, out);
  printf("%g\n", no_float(8, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L));
  printf("%ld\n", full(1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100L, 1000.0, t));
  return 0;
}
