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

// The jump comes from where the registers that calls keep are changed, and not restored.
__attribute__((noinline)) static void spoil(void) {
  __asm__ volatile("mov $1, %%ebx\n\tmov $2, %%r12d\n\tmov $3, %%r13d\n\tmov $4, %%r14d\n\tmov $5, %%r15d" ::
                     : "rbx", "r12", "r13", "r14", "r15");
  __builtin_longjmp(buffer, 1);
}
__attribute__((noinline)) static long once(long x) { return x + depth; }
__attribute__((noinline)) static long spoiled(long a, long b, long c) {
  long d = once(a), e = once(b), f = once(c), g = d * e;
  for (long i = 0; i < 3; i++) f += once(i) * d;
  if (__builtin_setjmp(buffer) == 0) spoil();
  return a + b * 3 + c * 5 + d * 7 + e * 11 + f * 13 + g * 17;
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
    c += spoiled(a, b & 255, d & 255);
  }
  printf("%ld %ld %ld %ld %ld %ld %g %g\n", a, b, c, d, e, f, x, y);
  return 0;
}
#else
int main(void) { return 0; }
#endif
