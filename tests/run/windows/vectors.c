/* Vectors as arguments and results: by address on Windows, results of 16 bytes in xmm0, larger ones in memory; and
 * registers of vectors that callees keep. */
#include <stdio.h>

typedef int i4 __attribute__((vector_size(16)));
typedef float f4 __attribute__((vector_size(16)));
typedef double d4 __attribute__((vector_size(32)));
typedef short s4 __attribute__((vector_size(8)));
struct holds {
  f4 v;
  int n;
};

__attribute__((noinline)) static i4 add(i4 a, i4 b, int k) { return a + b * k; }
__attribute__((noinline)) static f4 scale(f4 a, float k) { return a * k; }
__attribute__((noinline)) static d4 both(d4 a, d4 b) { return a - b; }
__attribute__((noinline)) static s4 small(s4 a, int k) { return a << (short)k; }
__attribute__((noinline)) static struct holds change(struct holds h) {
  h.v += (float)h.n;
  h.n++;
  return h;
}
__attribute__((noinline)) static f4 six(f4 a, f4 b, f4 c, f4 d, f4 e, f4 f) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

/* More values than registers, over calls. */
__attribute__((noinline)) static double kept(int n) {
  double x[16], t = 0;
  f4 v = {1, 2, 3, 4};
  for (int i = 0; i < 16; i++) x[i] = 1.0 / (i + n);
  double a = x[0], b = x[1], c = x[2], d = x[3], e = x[4], f = x[5], g = x[6], h = x[7], i = x[8],
         j = x[9], k = x[10], l = x[11];
  for (int r = 0; r < 3; r++) {
    v = scale(v, 1.5f);
    t += a * b - c * d + e * f - g * h + i * j - k * l + (double)v[r];
    a += l, b += k, c += j;
  }
  return t;
}

static i4 (*volatile adds)(i4, i4, int) = add;

int main(void) {
  volatile int n = 3;
  i4 a = adds((i4){1, 2, 3, n}, (i4){10, 20, 30, 40}, n);
  f4 b = scale((f4){1, 2, 3, 4}, 2.5f), c = six(b, b, b, b, b, (f4){1, 1, 1, (float)n});
  d4 d = both((d4){1, 2, 3, 4}, (d4){0.5, 0.25, 0.125, n});
  s4 s = small((s4){1, -2, 3, -4}, n);
  struct holds h = change(change((struct holds){b, n}));
  for (int i = 0; i < 4; i++)
    printf("%d %g %g %g %d %g\n", a[i], (double)b[i], (double)c[i], d[i], s[i], (double)h.v[i]);
  printf("%d %.9g\n", h.n, kept(n));
  return 0;
}
