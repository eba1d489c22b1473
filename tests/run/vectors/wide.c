/* Vectors of 256 bits as arguments, results and operands of inline assembly: callers with -DMAIN, callees without. */
#include <immintrin.h>
#include <stdarg.h>
#include <stdio.h>
#ifdef MAIN
typedef int v16 __attribute__((vector_size(64)));
typedef float f3t __attribute__((ext_vector_type(6)));
typedef __m256 fp(__m256, __m256);
__m256 f1(__m256 a, __m256 b);
__m256d f2(int k, __m256d a, double s, __m128 x, __m256i b, long q);
v16 f3(v16 a, v16 b);
__m256i f7(__m256i a, __m256i b, __m256i c, __m256i d, __m256i e, __m256i f, __m256i g);
__m256 call(fp *p, __m256 a, __m256 b);
f3t f6(f3t a, int k);
__m256i named(__m256i a, int n, ...);
double variadic(int n, ...);
__m256i in_asm(__m256i a, __m256i b, __m256i *other, int *k);
__m256 tied(__m256 a, __m256 b, float f);
static __m256 mul(__m256 a, __m256 b) { return a * b - 1; }
int main(void) {
  __m256 a = {1, 2, 3, 4, 5, 6, 7, 8}, b = {10, 20, 30, 40, 50, 60, 70, 80};
  __m256 r = f1(a, b);
  for (int i = 0; i < 8; i++) printf("%g ", r[i]);
  puts("");
  __m256d d = f2(3, (__m256d){1, 2, 3, 4}, 2.5, (__m128){1, 2, 3, 4}, (__m256i){5, 6, 7, 8}, 9);
  for (int i = 0; i < 4; i++) printf("%g ", d[i]);
  puts("");
  v16 v, w;
  for (int i = 0; i < 16; i++) v[i] = i * i, w[i] = 7 - i;
  v = f3(v, w);
  for (int i = 0; i < 16; i++) printf("%d ", v[i]);
  puts("");
  __m256i q = {1, -2, 3, -4};
  q = f7(q, q + 1, q + 2, q * 3, q - 4, q * q, q + 9);
  for (int i = 0; i < 4; i++) printf("%lld ", q[i]);
  puts("");
  r = call(f1, a, b);
  for (int i = 0; i < 8; i++) printf("%g ", r[i]);
  puts("");
  r = call(mul, a, b);
  for (int i = 0; i < 8; i++) printf("%g ", r[i]);
  puts("");
  f3t h = {1, 2, 3, 4, 5, 6};
  h = f6(h, 4);
  for (int i = 0; i < 6; i++) printf("%g ", h[i]);
  puts("");
  __m256i other;
  int k = 4;
  q = in_asm(q, q + 7, &other, &k);
  for (int i = 0; i < 4; i++) printf("%lld %lld ", q[i], other[i]);
  r = tied(a, b, 0.5f);
  for (int i = 0; i < 8; i++) printf("%g ", r[i]);
  printf("%d\n", k);
  d = (__m256d){0.25, 1, -2, 8};
  printf("%g ", variadic(1, 2.0, d, 1, d, 2));
  printf("%g\n", variadic(3, 1.5, d, 7, d * 2, 9, 2.5, d - 1, 11, v, d * 3, 5));
  q = named(q, 2, 3, 4L, q * 5);
  for (int i = 0; i < 4; i++) printf("%lld ", q[i]);
  puts("");
}
#else
typedef int v16 __attribute__((vector_size(64)));
typedef float f3t __attribute__((ext_vector_type(6)));
typedef __m256 fp(__m256, __m256);
__m256 f1(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
__m256d f2(int k, __m256d a, double s, __m128 x, __m256i b, long q) {
  return a * s + k + x[1] + (double)b[3] + (double)q;
}
v16 f3(v16 a, v16 b) { return a * 3 - b; }
__m256i f7(__m256i a, __m256i b, __m256i c, __m256i d, __m256i e, __m256i f, __m256i g) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g;
}
__m256 call(fp *p, __m256 a, __m256 b) {
  __m256 r = p(a, b);
  return p(r, b) - p(b, a);
}
f3t f6(f3t a, int k) { return a + k; }
__m256i named(__m256i a, int n, ...) {
  va_list ap;
  va_start(ap, n);
  a += va_arg(ap, int);
  a *= va_arg(ap, long);
  a -= va_arg(ap, __m256i);
  va_end(ap);
  return a + n;
}
double variadic(int n, ...) {
  va_list ap;
  double s = 0;
  va_start(ap, n);
  for (int i = 0; i < n; i++) {
    if (i < 2 || n < 2) s += va_arg(ap, double);
    __m256d v = va_arg(ap, __m256d);
    s = s * 3 + v[0] + v[3] * v[1];
    s += va_arg(ap, int);
    if (i == 1) {
      v16 w = va_arg(ap, v16);
      s += w[0] + w[7] * 2 + w[15];
    }
    if (i == 0) {
      v = va_arg(ap, __m256d);
      s += v[2] + va_arg(ap, int);
    }
  }
  va_end(ap);
  return s;
}
__m256i in_asm(__m256i a, __m256i b, __m256i *other, int *k) {
  __m256i r, s;
  int n = *k;
  __asm__("vpaddq %4,%3,%0\n\tvpsubq %4,%3,%1\n\taddl $1,%2"
          : "=&x"(r), "=&v"(s), "+r"(n)
          : "x"(a), "x"(b)
          : "ymm3");
  __asm__("" : "+x"(s)); /* stays as it is */
  *other = s;
  *k = n;
  return r;
}
__m256 tied(__m256 a, __m256 b, float f) {
  __asm__("vaddps %1,%0,%0\n\tvaddss %x2,%x1,%x1" : "+x"(a), "+x"(b) : "x"(f));
  return a - b;
}
#endif
