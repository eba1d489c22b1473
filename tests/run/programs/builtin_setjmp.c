// __builtin_setjmp and __builtin_longjmp, which clang has on x86-64 alone: what lives on behind the second return, over
// frames with dynamic memory, again and again.
#include <stdio.h>

#ifdef __x86_64__
static void *buffer[5];
static volatile int depth;

__attribute__((noinline)) static void jump(int n) {
  volatile char frame[100];
  frame[n] = 1;
  depth = n;
  if (n > 0) jump(n - 1);
  else __builtin_longjmp(buffer, 1);
}

__attribute__((noinline)) static long values(long a, long b, long c, long d, double x, int n) {
  long e = a * b, f = c ^ d;
  double y = x * 2;
  volatile int count = 0;
  if (__builtin_setjmp(buffer)) {
    count++;
    if (count < 3) jump(n);
    return a + b + c + d + e + f + (long)(x + y) * 1000 + count * 100000;
  }
  jump(n);
  return -1;
}

__attribute__((noinline)) static int dynamic(int n) {
  char *p = __builtin_alloca(n);
  p[0] = (char)n;
  p[n - 1] = (char)(n + 1);
  if (__builtin_setjmp(buffer) == 0) jump(3);
  return p[0] + p[n - 1];
}

int main(void) {
  long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
  double x = 1.5, y = 2.5;
  for (int i = 0; i < 3; i++) {
    a += values(a & 255, b & 255, c & 255, d & 255, x, i);
    b += a;
    c ^= b;
    x += y;
    e += dynamic(20 + i);
    f -= e;
    d += f;
  }
  printf("%ld %ld %ld %ld %ld %ld %g %g\n", a, b, c, d, e, f, x, y);
  return 0;
}
#else
int main(void) { return 0; }
#endif
