/* Operands of inline assembly in memory. Inputs tied to outputs that may be there: `+rm`, which
 * instructions that want a register rely on being in one, `+g`, `+m`, alternatives, vectors, empty
 * templates. More variables than registers. Types that are in registers of other ones. */
#include <stdint.h>
#include <stdio.h>

#ifdef __x86_64__
#define NEGATE(x) __asm__("negl %0" : "+rm"(x))
#define NEGATE_LONG(x) __asm__("negq %0" : "+g"(x) : : "cc")
#define SWAP(x) __asm__("bswap %0" : "+rm"(x))
#define ADD(x, y) __asm__ volatile("addl %1, %0" : "+rm"(x) : "r"(y) : "cc")
#define SUM2(x, y, z) __asm__("addl %2, %0\n\tsubl %2, %1" : "+r"(x), "+rm"(y) : "r"(z) : "cc")
#define INC_BYTE(x) __asm__("incb %0" : "+qm"(x))
#define COPY(x, y) __asm__("movq %1, %0" : "=r,m"(x) : "m,r"(y))
typedef float small;
#define HALVES(x) __asm__("punpcklwd %0, %0\n\tpsrlq $16, %0" : "+x"(x))
#define QUAD(x, y) __asm__("xorps %1, %0" : "+x"(x) : "x"(y))
#define ANY_F(x, y) __asm__("addsd %1, %0" : "+xm"(x) : "x"(y))
#else
#define NEGATE(x) __asm__("neg %w0, %w0" : "+rm"(x))
#define NEGATE_LONG(x) __asm__("neg %0, %0" : "+g"(x) : : "cc")
#define SWAP(x) __asm__("rev %0, %0" : "+rm"(x))
#define ADD(x, y) __asm__ volatile("add %w0, %w0, %w1" : "+rm"(x) : "r"(y) : "cc")
#define SUM2(x, y, z)                                                                              \
  __asm__("add %w0, %w0, %w2\n\tsub %w1, %w1, %w2" : "+&r"(x), "+rm"(y) : "r"(z) : "cc")
#define INC_BYTE(x) __asm__("add %w0, %w0, #1" : "+rm"(x))
#define COPY(x, y) __asm__("str %1, %0" : "=r,m"(x) : "m,r"(y))
typedef _Float16 small;
#define HALVES(x) __asm__("mov %0.h[1], %0.h[0]" : "+w"(x))
#define QUAD(x, y) __asm__("eor %0.16b, %0.16b, %1.16b" : "+w"(x) : "w"(y))
#define ANY_F(x, y) __asm__("fadd %d0, %d0, %d1" : "+wm"(x) : "w"(y))
#endif

#ifdef __x86_64__
typedef __float128 QUADRUPLE;
#else
typedef long double QUADRUPLE;
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

static __attribute__((noinline)) long copied(long x, long *p) {
  COPY(*p, x);
  return *p + 1;
}
static __attribute__((noinline)) float half(small x) {
  HALVES(x);
  return (float)x * 2;
}
static __attribute__((noinline)) int quad(QUADRUPLE x, QUADRUPLE y) {
  unsigned char bytes[16];
  QUAD(x, y);
  __builtin_memcpy(bytes, &x, 16);
  return bytes[15] * 256 + bytes[13];
}
#ifdef __x86_64__
/* more variables than registers */
static long table[3] = {1000, 2000, 3000}, one = 1, two_ = 2, three = 3, four_ = 4;
static __attribute__((noinline)) long variables(long a, long b, long c, long d, long e, long f,
                                                long g, long h) {
  __asm__ volatile(
    "addq %8, %0\n\taddq %9, %1\n\taddq %10, %2\n\taddq %11, %3\n\taddq %12, %4\n\t"
    "addq %13, %5\n\tincq %8\n\tmovdqu %14, %%xmm0\n\tmovdqu %%xmm0, %14\n\taddq %H14, %6"
    : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h)
    : "m"(one), "m"(two_), "m"(three), "m"(four_), "m"(table[0]), "m"(table[2]), "m"(table[1])
    : "xmm0", "memory");
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + one;
}
/* all registers but the stack's and the frame's, as in matrix kernels */
#define LOST "r11", "r12", "r13", "r14", "r15", "cc", "memory"
static __attribute__((noinline)) long all(long a, long b, long c, long d, long e, long f, long g,
                                          long h) {
  long i = a + 9, kept = b * 3, local = 5, other = 6;
  __asm__ volatile("movq %0, %%r11\n\tmovq %1, %%r12\n\tmovq %2, %%r13\n\tmovq %3, %%r14\n\t"
                   "movq %4, %%r15\n\tmovq %8, %0\n\tmovq %7, %1\n\tmovq %6, %2\n\tmovq %5, %3\n\t"
                   "movq %%r11, %8\n\tmovq %%r12, %7\n\tmovq %%r13, %6\n\tmovq %%r14, %5\n\tincq %4"
                   : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h), "+r"(i)
                   :
                   : LOST);
  long sum = a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9;
  __asm__ volatile("movq %8, %%r15\n\tmovq $0, %%r12\n\tmovq $0, %%r13\n\tmovq $0, %%r14\n\t"
                   "addq %0, %8\n\tincq %1\n\tincq %2\n\tincq %3\n\tincq %4\n\tincq %5\n\tincq "
                   "%6\n\tincq %7\n\taddq %%r15, %9\n\tnegq %0"
                   : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h),
                     "+m"(local)
                   : "m"(other)
                   : LOST);
  /* the memory before what needs registers */
  __asm__ volatile(
    "movq $1, %%r12\n\tmovq $2, %%r13\n\tmovq $3, %%r14\n\taddq %7, %0\n\taddq %8, %1\n\t"
    "addq %9, %2\n\tincq %3\n\tincq %4\n\tincq %5\n\tincq %6\n\tincq %7"
    : "+&r"(a), "+&r"(b), "+&r"(c), "+&r"(d), "+&r"(e), "+&r"(f), "+&r"(g)
    : "m"(local), "r"(h), "r"(other)
    : LOST);
  return sum * 10 + a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + local + other +
         kept;
}
static __attribute__((noinline)) long stack(void) {
  register char *sp __asm__("rsp");
  long below = 1;
#ifdef __OPTIMIZE__
  __asm__("movq %1, %0" : "=r"(below) : "r"(sp)); /* -O0 sets it to any bits first */
  below = (char *)__builtin_frame_address(0) - (char *)below < 4096;
#else
  (void)sp;
#endif
  return below;
}
#else
static long variables(long a, long b, long c, long d, long e, long f, long g, long h) {
  long x = 0;
  __asm__("str %1, %0" : "=m"(x) : "rZ"(0L));
  __asm__("add %0, %0, %1" : "+r"(x) : "rz"(0L));
  return a + b + c + d + e + f + g + h + x;
}
static long all(long a, long b, long c, long d, long e, long f, long g, long h) {
  return a + b + c + d + e + f + g + h;
}
static long stack(void) { return 1; }
#endif

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
  printf("%ld\n", copied(argc + 3, &l));
  printf("%g %d\n", half((small)(argc + 1.5f)), quad(argc, -3));
  printf("%ld\n", all(argc, 2, 3, 4, 5, 6, 7, 8));
  printf("%ld %ld\n", variables(1, 2, 3, 4, 5, 6, 7, argc), stack());
  return 0;
}
