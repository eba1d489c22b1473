/* Operands of inline assembly that are two registers, of x86-64: A, which is rdx:rax, and any two, of which the text
 * names the lower half; tied, early, with most others taken, and in a vector register. */
#include <stdio.h>

#ifdef __x86_64__
typedef unsigned __int128 u128;
typedef unsigned long u64;
#define NOINLINE __attribute__((noinline))

NOINLINE u128 multiply(u64 a, u64 b) {
  u128 r;
  __asm__("mulq %2" : "=A"(r) : "a"(a), "rm"(b) : "cc");
  return r;
}
NOINLINE u64 divide(u128 n, u64 d, u64 *rest) {
  u64 q;
  __asm__("divq %2" : "=a"(q), "=d"(*rest) : "rm"(d), "A"(n) : "cc");
  return q;
}
NOINLINE u128 square(u64 a) {
  u128 r;
  __asm__("mul %%rax" : "=A"(r) : "0"((u128)a) : "cc");
  return r;
}
NOINLINE u128 lower_half(u128 a) {
  __asm__("notq %0" : "+r"(a));
  return a;
}
NOINLINE u128 two(u128 a, u128 b) {
  __asm__("addq %1, %0" : "+r"(a) : "r"(b));
  return a;
}
NOINLINE u128 early(u128 a, u64 b, u64 c, u64 *out) {
  u64 x;
  __asm__("movq %2, %1; addq %3, %0; addq %1, %0" : "+&r"(a), "=&r"(x) : "r"(b), "r"(c));
  *out = x;
  return a;
}
NOINLINE u64 from_memory(const u128 *p, u64 k) {
  u128 r;
  __asm__("movq %1, %0; addq %2, %0" : "=&r"(r) : "m"(*p), "r"(k));
  return (u64)r;
}
NOINLINE u128 in_vector(u128 a, u128 b) {
  __asm__("pxor %1, %0" : "+x"(a) : "x"(b));
  return a;
}
NOINLINE u128 many(u128 a, u128 b, u64 c, u64 d, u64 e) {
  __asm__("addq %1, %0; addq %2, %0; addq %3, %0; addq %4, %0"
          : "+r"(a)
          : "r"(b), "r"(c), "r"(d), "r"(e)
          : "rbx", "r12", "r13", "r14", "r15");
  return a;
}
static void print(u128 x) { printf("%lx:%lx\n", (u64)(x >> 64), (u64)x); }

int main(void) {
  u128 a = (u128)0x123456789abcdef0 << 64 | 0xfedcba9876543210, b = (u128)7 << 64 | 9, c = a;
  u64 r;
  print(multiply(0xfedcba9876543210, 0x123456789abcdef0));
  printf("%lx", divide(b, 0x1000, &r));
  printf(" %lx\n", r);
  print(square(0xfedcba9876543210));
  print(lower_half(a));
  print(two(a, b));
  print(early(a, 3, 4, &r));
  printf("%lx %lx\n", r, from_memory(&a, 5));
  print(in_vector(a, b));
  print(many(a, b, 1, 2, 3));
  __asm__ volatile("" : "+r"(c));
  print(c);
  __asm__ volatile("# %0" : "=A"(c) : "0"(c));
  print(c);
  return 0;
}
#else
int main(void) { return 0; }
#endif
