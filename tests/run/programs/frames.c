/* Frame and return addresses, static locals, nested blocks with lifetimes, address-taken locals,
 * pointers to locals across calls, over-aligned locals, pass-through recursion, registers. */
#include <stdint.h>
#include <stdio.h>
__attribute__((noinline)) static int grows(void *outer, int depth) {
  void *here = __builtin_frame_address(0);
  if (here >= outer) return 0;
  return depth ? grows(here, depth - 1) : 1;
}
__attribute__((noinline)) static int returns(void) { return __builtin_return_address(0) != 0; }
__attribute__((noinline)) static int counter(int k) {
  static int n = 10;
  static long sums[3];
  sums[k % 3] += k;
  n += k;
  return n + (int)sums[k % 3];
}
__attribute__((noinline)) static void swap(int *a, int *b) {
  int t = *a;
  *a = *b;
  *b = t;
}
__attribute__((noinline)) static int lifetimes(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    int a[8];
    for (int k = 0; k < 8; k++) a[k] = i * k;
    {
      int b[8];
      for (int k = 0; k < 8; k++) b[k] = a[7 - k];
      swap(&b[0], &b[7]);
      sum += b[0] * 3 + b[7];
    }
    {
      long c[4] = {i, 2, 3, 4};
      sum += (int)c[i & 3];
    }
    swap(&a[1], &a[2]);
    sum -= a[1];
  }
  return sum;
}
__attribute__((noinline)) static int aligned(int x) {
  _Alignas(128) char a[3] = {1, 2, 3};
  _Alignas(32) int b = x;
  volatile char c = 5;
  int r = ((uintptr_t)a % 128 == 0) + ((uintptr_t)&b % 32 == 0) * 2;
  swap(&b, &r);
  return r * 100 + b * 10 + a[1] + c;
}
__attribute__((noinline)) static long deep(long n, long *out) {
  long local = n * 3;
  if (n == 0) return *out;
  long r = deep(n - 1, &local);
  *out += local;
  return r + local;
}
static int uses(int a, int b, int c, int d, int e, int f, int g, int h) {
  int *p[] = {&a, &b, &c, &d, &e, &f, &g, &h};
  for (int i = 0; i < 7; i++) swap(p[i], p[i + 1]);
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h;
}
__attribute__((noinline)) static int saves_all(int n) {
  __builtin_unwind_init();
  return n + 1;
}
/* The processor's time goes on; thread-local data begins where the register says. */
__attribute__((noinline)) static int registers(void) {
  void *thread;
#ifdef __x86_64__
  __asm__("mov %%fs:0, %0" : "=r"(thread));
#else
  __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
  unsigned long long before = __builtin_readcyclecounter();
  return (thread == __builtin_thread_pointer()) + 2 * (__builtin_readcyclecounter() >= before);
}
int main(void) {
  printf("%d %d\n", grows((void *)UINTPTR_MAX, 20), returns());
  printf("%d %d\n", saves_all(4), registers());
  for (int i = 0; i < 6; i++) printf("%d ", counter(i));
  long out = 1;
  printf("%d %d %d %ld %ld %d\n", lifetimes(9), aligned(7), aligned(8), deep(30, &out), out,
         uses(1, 2, 3, 4, 5, 6, 7, 8));
  return 0;
}
