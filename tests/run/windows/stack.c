/* Frames: large ones, whose pages the system maps one after the other; blocks of a size known late, with calls whose
 * arguments are on the stack; memory aligned beyond the stack; recursion through all of these. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct line {
  _Alignas(64) char at[64];
};

__attribute__((noinline)) static int many(int a, int b, int c, int d, int e, int f, int g,
                                          char *h) {
  h[0] = (char)(a + b);
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + h[0];
}
__attribute__((noinline)) static int touch(char *at, size_t n) {
  int t = 0;
  for (size_t i = 0; i < n; i += 512) at[i] = (char)i;
  at[n - 1] = 7;
  for (size_t i = 0; i < n; i++) t += at[i] == 7;
  return t;
}
__attribute__((noinline)) static int large(int n) {
  char block[200000];
  memset(block, 0, sizeof block);
  return touch(block, sizeof block) + n;
}
__attribute__((noinline)) static int late(int n) {
  int t = 0;
  for (int i = 1; i <= n; i++) {
    char *p = alloca((size_t)i * 3000), q[i * 10];
    memset(p, 0, (size_t)i * 3000);
    memset(q, 0, sizeof q);
    t += touch(p, (size_t)i * 3000) + many(i, 2, 3, 4, 5, 6, 7, q) + (int)sizeof q;
  }
  return t;
}
__attribute__((noinline)) static int aligned(int n) {
  struct line l[3];
  _Alignas(32) double d[4] = {n, 1, 2, 3};
  memset(l, n, sizeof l);
  int bad = ((uintptr_t)l & 63) != 0 || ((uintptr_t)d & 31) != 0;
  return bad ? -1 : many(l[0].at[0], l[1].at[63], l[2].at[5], 1, 2, 3, 4, l[2].at) + (int)d[0];
}
__attribute__((noinline)) static int deep(int n) {
  char *p = alloca((size_t)(n & 7) * 100 + 16);
  struct line l = {.at = {(char)n}};
  p[0] = l.at[0];
  if (n == 0) return large(1);
  int t = deep(n - 1) + p[0];
  return t + (((uintptr_t)&l & 63) == 0 ? aligned(n & 15) : 100000);
}

int main(void) {
  volatile int n = 20;
  printf("%d %d %d %d\n", large(n), late(n), aligned(n), deep(n));
  return 0;
}
