/* Inline assembly that takes nearly all registers, beside variables in memory: on x86-64 the text addresses these in
 * the frame. With variables that are aligned to more, in a frame that moves, and of two words. */
#include <stdio.h>

#ifdef __x86_64__
#define NOINLINE __attribute__((noinline))
#define LOST "r11", "r12", "r13", "r14", "r15", "cc"

NOINLINE long eleven(long a, long b, long c, long d, long e, long f, long *out) {
  long m0 = a * 2, m1 = b + 3, m2 = c ^ 5, m3 = d - 7, m4 = e * e;
  __asm__ volatile(
    "movq %6, %%r11; movq %7, %%r12; addq %8, %%r12; movq %9, %%r13; imulq %10, %%r13\n"
    "movq %%r11, %%r14; addq %0, %%r14; addq %1, %%r14; addq %2, %%r14; movq %%r12, %%r15\n"
    "addq %3, %%r15; addq %4, %%r15; addq %5, %%r15; leaq (%%r14,%%r15,2), %0; addq %%r13, %0\n"
    "movq %%r13, %1; movq $77, %6; incq %10"
    : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+m"(m0)
    : "m"(m1), "m"(m2), "m"(m3), "m"(m4)
    : LOST, "memory");
  out[0] = m0;
  out[1] = m4;
  return a + b;
}

struct two {
  long low, high;
};
NOINLINE long halves(long a, long b, long c, long d, long e, long f, long n) {
  struct two x = {a, b}, y = {c, d};
  char *more = __builtin_alloca((size_t)n);
  more[n - 1] = 3;
  __int128 w = (__int128)a << 64 | b;
  __asm__ volatile(
    "movq %6, %%r11; addq %H6, %%r11; addq %7, %%r11; addq %H7, %%r11; addq %8, %%r11\n"
    "imulq %H8, %%r11; addq %%r11, %0; xorq %9, %5"
    : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f)
    : "m"(x), "m"(y), "m"(w), "m"(n)
    : LOST);
  return a + f + more[n - 1];
}

/* One of them has a register for its address, since its place in the frame is not known. */
NOINLINE long aligned(long a, long b, long c, long d, long e) {
  _Alignas(64) volatile long m0 = a * 3;
  long m1 = b, m2 = c, m3 = d;
  __asm__ volatile("addq %5, %0; addq %6, %1; addq %7, %2; subq %8, %3; incq %5"
                   : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+m"(m0)
                   : "m"(m1), "m"(m2), "m"(m3)
                   : LOST);
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * m0;
}

__attribute__((force_align_arg_pointer)) NOINLINE long realigned(long a, long b, long c, long d,
                                                                 long e, long f) {
  _Alignas(16) volatile long m0 = a;
  long m1 = b, m2 = c, m3 = d;
  __asm__ volatile("addq %6, %0; addq %7, %1; addq %8, %2; subq %9, %3"
                   : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f)
                   : "m"(m0), "m"(m1), "m"(m2), "m"(m3)
                   : LOST);
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

int main(void) {
  long out[2], r = eleven(1, 2, 3, 4, 5, 6, out);
  printf("%ld %ld %ld\n", r, out[0], out[1]);
  printf("%ld\n", halves(1, 2, 3, 4, 5, 6, 100));
  printf("%ld\n", aligned(1, 2, 3, 4, 5));
  printf("%ld\n", realigned(1, 2, 3, 4, 5, 6));
  return 0;
}
#else
int main(void) { return 0; }
#endif
