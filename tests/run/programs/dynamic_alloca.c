/* Variable-length arrays and alloca: in loops, mixed with calls that have stack arguments, with
 * over-aligned locals, freed at scope ends. */
#include <alloca.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static long many(long a, long b, long c, long d, long e, long f, long g,
                                           long h, long i) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
static long vla(int n) {
  long sum = 0;
  for (int i = 1; i <= n; i++) {
    int v[i];
    for (int k = 0; k < i; k++) v[k] = k * i;
    sum += v[i - 1] + many(v[0], v[i / 2], 3, 4, 5, 6, 7, v[i - 1], 9);
  }
  return sum;
}
static long matrix(int r, int c) {
  long m[r][c];
  for (int i = 0; i < r; i++)
    for (int k = 0; k < c; k++) m[i][k] = i * 10 + k;
  long t = 0;
  for (int i = 0; i < r; i++) t += m[i][c - 1 - i % c];
  return t + (long)(sizeof m / sizeof **m);
}
static char *chain(int n) {
  static char out[200];
  char *list[32];
  out[0] = 0;
  for (int i = 0; i < n; i++) {
    list[i] = alloca((size_t)i + 2);
    memset(list[i], 'a' + i, (size_t)i + 1);
    list[i][i + 1] = 0;
  }
  for (int i = n - 1; i >= 0; i--) strcat(out, list[i]);
  return out;
}
static int aligned(int n) {
  _Alignas(64) char block[64];
  char extra[n];
  memset(extra, 1, (size_t)n);
  memset(block, 2, sizeof block);
  return (int)((uintptr_t)block % 64) + extra[n - 1] + block[63];
}
static long deep(int depth, int size) {
  char pad[size];
  memset(pad, depth, (size_t)size);
  long below = depth ? deep(depth - 1, size + 13) : 0;
  return below * 3 + pad[size - 1] + pad[0];
}
static long frees(void) {
  uintptr_t first = 0, last = 0;
  for (int i = 0; i < 100000; i++) {
    volatile char v[1000 + i % 7];
    v[5] = 1;
    if (i == 0) first = (uintptr_t)v;
    last = (uintptr_t)v;
  }
  return first - last < 4096 || last - first < 4096;
}
int main(void) {
  printf("%ld\n%ld\n%s\n%d %d\n", vla(20), matrix(7, 5), chain(12), aligned(5), aligned(1000));
  printf("%ld\n%ld\n", deep(12, 3), frees());
  return 0;
}
