/* Inline assembly on Windows, where calls preserve rsi, rdi and xmm6 to xmm15: what it changes of these is saved for
 * the caller, and no value is there meanwhile. Operands are in any register that has values. */
#include <stdio.h>

__attribute__((noinline)) static int changes(int n) {
  __asm__ volatile(
    "mov $1, %%esi; mov $2, %%edi; pcmpeqb %%xmm6, %%xmm6; pcmpeqb %%xmm15, %%xmm15" ::
      : "rsi", "rdi", "xmm6", "xmm15", "cc");
  return n + 1;
}
__attribute__((noinline)) static double between(int n, double d) {
  double a = d * 2, b = d + n, c = d - n;
  int i = n * 3, k = n + 5, l = n - 7;
  for (int j = 0; j < 3; j++) {
    __asm__ volatile(
      "xor %%esi, %%esi; xor %%edi, %%edi; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7; "
      "pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9" ::
        : "rsi", "rdi", "xmm6", "xmm7", "xmm8", "xmm9", "cc");
    a += b * i;
    b -= c * k;
    c += l;
  }
  return a + b + c + i + k + l;
}
/* Values that stay over calls, so that they are in registers which the callee preserves. */
__attribute__((noinline)) static double around(int n, double d) {
  double a = d * 2, b = d + n, c = d - n, e = d * n;
  int i = n * 3, k = n + 5, l = n - 7, m = n * n;
  for (int j = 0; j < 3; j++) {
    a += b * changes(i);
    b -= c * changes(k);
    c += changes(l) + e;
    e -= changes(m);
  }
  return a + b + c + e + i + k + l + m;
}
__attribute__((noinline)) static double sum(const double *d) {
  double r = d[0];
  __asm__("addsd %1, %0; addsd %2, %0; addsd %3, %0; addsd %4, %0; addsd %5, %0; addsd %6, %0; "
          "addsd %7, %0; "
          "addsd %8, %0"
          : "+x"(r)
          : "x"(d[1]), "x"(d[2]), "x"(d[3]), "x"(d[4]), "x"(d[5]), "x"(d[6]), "x"(d[7]), "x"(d[8]));
  return r;
}
__attribute__((noinline)) static double named(double d) {
  register double five __asm__("xmm5") = d, last __asm__("xmm15") = d + 1, out __asm__("xmm14");
  __asm__("movapd %1, %0; addsd %2, %0" : "=x"(out) : "x"(five), "x"(last));
  return out;
}
__attribute__((noinline)) static long long integers(const long long *a) {
  long long r = a[0];
  __asm__(
    "add %1, %0; add %2, %0; add %3, %0; add %4, %0; add %5, %0; add %6, %0; add %7, %0; add %8, %0"
    : "+&r"(r)
    : "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]), "r"(a[6]), "r"(a[7]), "r"(a[8])
    : "cc");
  return r;
}
/* Pairs, whose second registers are chosen among those that calls do not preserve. */
__attribute__((noinline)) static __int128 pairs(__int128 a, __int128 b) {
  __asm__("" : "+r"(a), "+r"(b));
  return a * 3 + b;
}

int main(void) {
  double d[9];
  long long a[9];
  for (int k = 0; k < 9; k++) d[k] = k * 1.5, a[k] = k * 7;
  double total = 0;
  long long n = 0;
  for (int k = 0; k < 3; k++) {
    total += around(k + 2, 1.5) * 3 + between(k, 2.5) + sum(d) + named(k);
    n += integers(a) + (long long)pairs((__int128)k << 60, k) + k;
  }
  printf("%.3f %lld\n", total, n);
  printf("%.3f %.3f %.3f %.3f %lld\n", around(5, 2.5), between(7, 1.25), sum(d), named(3),
         integers(a));
  return 0;
}
