/* Functions of System V's convention (sysv_abi) on Windows: called from Windows' code, which relies on rsi, rdi and
 * xmm6 to xmm15, defined here, by pointers, with arguments in each kind of place, calling back, and ending in a tail
 * call. */
#include <stdio.h>

#define SYSV __attribute__((sysv_abi, noinline))

/* By its own convention: it adds six integers and two on the stack, and changes all that it need not preserve. */
SYSV long add8(long, long, long, long, long, long, long, long);
__asm__(".text\n"
        ".globl add8\n"
        "add8:\n"
        "  lea (%rdi,%rsi), %rax\n"
        "  add %rdx, %rax\n"
        "  add %rcx, %rax\n"
        "  add %r8, %rax\n"
        "  add %r9, %rax\n"
        "  add 8(%rsp), %rax\n"
        "  imul $3, 16(%rsp), %rdi\n"
        "  add %rdi, %rax\n"
        "  mov $-1, %rdi\n"
        "  mov $-2, %rsi\n"
        "  mov $-3, %rdx\n"
        "  mov $-4, %rcx\n"
        "  mov $-5, %r8\n"
        "  mov $-6, %r9\n"
        "  mov $-7, %r10\n"
        "  mov $-8, %r11\n"
        "  pcmpeqd %xmm0, %xmm0\n"
        "  movdqa %xmm0, %xmm5\n"
        "  movdqa %xmm0, %xmm6\n"
        "  movdqa %xmm0, %xmm7\n"
        "  movdqa %xmm0, %xmm8\n"
        "  movdqa %xmm0, %xmm9\n"
        "  movdqa %xmm0, %xmm10\n"
        "  movdqa %xmm0, %xmm15\n"
        "  ret\n");

/* Calls a function of that convention from a function of Windows', with all arguments in their places. */
long drive(void *function);
__asm__(".globl drive\n"
        "drive:\n"
        "  push %rsi\n"
        "  push %rdi\n"
        "  mov %rcx, %rax\n"
        "  mov $1, %edi\n"
        "  mov $20, %esi\n"
        "  mov $300, %edx\n"
        "  mov $4000, %ecx\n"
        "  mov $50000, %r8d\n"
        "  mov $600000, %r9d\n"
        "  sub $8, %rsp\n"
        "  push $8\n"
        "  push $7\n"
        "  call *%rax\n"
        "  add $24, %rsp\n"
        "  pop %rdi\n"
        "  pop %rsi\n"
        "  ret\n");

struct pair {
  long a, b;
};
struct large {
  long long a, b, c;
};

SYSV static long defined(long a, long b, long c, long d, long e, long f, long g, long h) {
  printf("%ld %ld %ld %ld %ld %ld %ld %ld\n", a, b, c, d, e, f, g, h);
  return a + b + c + d + e + f + g * 10000000 + h * 100000000;
}

SYSV static double halved(long n) { return n / 2.0; }

SYSV static struct pair swapped(struct pair p, long more) { return (struct pair){p.b + more, p.a}; }

SYSV static struct large rotated(struct large l, double x, float y, struct large *p,
                                 struct large m) {
  p->a += l.c;
  return (struct large){l.b + (long long)x, l.c + (long long)y, l.a + m.c};
}

SYSV static long double five(double a, float b, double c, float d, double e, int n) {
  return n - a * b + c * d - e;
}

SYSV static long long last(long long n, long long a, long long b, struct large l) {
  if (n == 0) return a + 10 * b + l.b;
  __attribute__((musttail)) return last(n - 1, b, a, l);
}

SYSV static long through(SYSV long (*f)(long, long, long, long, long, long, long, long), long n) {
  return n == 0 ? 0 : f(n, n, n, n, n, n, n, n) + through(f, n - 1);
}

/* Windows' code whose values live across such calls. */
__attribute__((noinline)) static double live(long a, long b, double x, double y) {
  long p = a * 3, q = b * 5, sum = 0;
  double u = x * 2, v = y * 4, w = x + y;
  for (int i = 0; i < 3; i++) {
    sum += add8(p, q, i, a, b, 1, 2, 3);
    u += v;
    w -= u;
    p += q;
  }
  return (double)(sum + p + q + a + b) + u + v + w + x + y;
}

int main(void) {
  printf("%ld\n", add8(1, 2, 3, 4, 5, 6, 7, 8));
  printf("%g\n", live(2, 3, 1.5, 2.5));
  printf("%ld\n", drive((void *)defined));
  printf("%g\n", halved(7));
  struct pair p = swapped((struct pair){1, 2}, 40);
  printf("%ld %ld\n", p.a, p.b);
  struct large l = {1, 2, 3}, m = {40, 50, 60};
  m = rotated(l, 7.5, 8.5f, &l, m);
  printf("%lld %lld %lld %lld\n", l.a, m.a, m.b, m.c);
  printf("%g %lld %lld\n", (double)five(1.5, 2.5f, 3.5, 4.5f, 5.5, 100), last(4, 1, 2, l),
         last(5, 1, 2, l));
  printf("%ld %ld\n", through(add8, 3), through(defined, 2));
  return 0;
}
