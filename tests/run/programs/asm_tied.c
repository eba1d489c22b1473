/* Inline assembly with inputs tied to outputs that may be in memory: `+rm`, which instructions that
 * want a register rely on being in one, `+g`, `+m`, alternatives, vectors, empty templates. */
#include <stdint.h>
#include <stdio.h>

#ifdef __x86_64__
#define NEGATE(x) __asm__("negl %0" : "+rm"(x))
#define NEGATE_LONG(x) __asm__("negq %0" : "+g"(x) : : "cc")
#define SWAP(x) __asm__("bswap %0" : "+rm"(x))
#define ADD(x, y) __asm__ volatile("addl %1, %0" : "+rm"(x) : "r"(y) : "cc")
#define SUM2(x, y, z) __asm__("addl %2, %0\n\tsubl %2, %1" : "+r"(x), "+rm"(y) : "r"(z) : "cc")
#define INC_BYTE(x) __asm__("incb %0" : "+qm"(x))
#define ANY_F(x, y) __asm__("addsd %1, %0" : "+xm"(x) : "x"(y))
#else
#define NEGATE(x) __asm__("neg %w0, %w0" : "+rm"(x))
#define NEGATE_LONG(x) __asm__("neg %0, %0" : "+g"(x) : : "cc")
#define SWAP(x) __asm__("rev %0, %0" : "+rm"(x))
#define ADD(x, y) __asm__ volatile("add %w0, %w0, %w1" : "+rm"(x) : "r"(y) : "cc")
#define SUM2(x, y, z)                                                                              \
  __asm__("add %w0, %w0, %w2\n\tsub %w1, %w1, %w2" : "+&r"(x), "+rm"(y) : "r"(z) : "cc")
#define INC_BYTE(x) __asm__("add %w0, %w0, #1" : "+rm"(x))
#define ANY_F(x, y) __asm__("fadd %d0, %d0, %d1" : "+wm"(x) : "w"(y))
#endif

typedef int four __attribute__((vector_size(16)));

static __attribute__((noinline)) int local(int x) {
  NEGATE(x);
  return x;
}
static __attribute__((noinline)) int *pointed(int *p, int by) {
  ADD(*p, by);
  NEGATE(*p);
  return p;
}
static __attribute__((noinline)) int two(int x, int *p, int z) {
  SUM2(x, *p, z);
  return x;
}
/* without code: the value is hidden from passes, and stays */
static __attribute__((noinline)) int hidden(int x) {
  __asm__ volatile("" : "+rm"(x));
  return x + 1;
}
static __attribute__((noinline)) long kept(long x, double d, four v) {
  __asm__ volatile("" : "+r,m"(x) : : "memory");
  __asm__ volatile("" : "+m,r"(x) : : "memory");
  __asm__ volatile("" : "+m"(d), "+g"(x));
  __asm__ volatile("" : "+m"(v));
  return x * 100 + (long)d + v[3];
}
static __attribute__((noinline)) double added(double x, double y) {
  ANY_F(x, y);
  return x;
}
/* more of them than there are registers for what comes out */
static __attribute__((noinline)) long many(int *p, long a, long b, long c, long d, long e) {
  NEGATE(p[0]);
  __asm__ volatile("/* %1 %2 %3 %4 %5 */\n\tnop"
                   : "+rm"(p[0]), "+rm"(a), "+rm"(b), "+rm"(c), "+rm"(d), "+rm"(e), "+rm"(p[1]));
  return p[0] + a * 2 + b * 3 + c * 5 + d * 7 + e * 11 + p[1] * 13;
}

int main(int argc, char **argv) {
  (void)argv;
  int m[2] = {40 + argc, 7};
  uint64_t s = 0x0102030405060708 * (uint64_t)argc;
  long l = 5 * argc;
  unsigned char c = (unsigned char)(argc + 254);
  SWAP(s);
  NEGATE_LONG(l);
  INC_BYTE(c);
  printf("%d %d %llx %ld %d\n", local(argc + 8), *pointed(m, 2), (unsigned long long)s, l, c);
  int t = two(argc, m + 1, 3);
  printf("%d %d %d\n", t, m[0], m[1]);
  printf("%d %ld %g\n", hidden(argc), kept(argc, 3.5, (four){1, 2, 3, 4}), added(1.5, argc));
  long sum = many(m, 1, 2, 3, 4, 5);
  printf("%ld %d %d\n", sum, m[0], m[1]);
  return 0;
}
