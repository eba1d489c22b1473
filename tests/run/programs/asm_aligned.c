/* Alignments in inline assembly: code that is aligned to more than functions are, in loops, between branches and calls, in
 * functions that are inlined, and behind other instructions of the text. */
#include <stdint.h>
#include <stdio.h>

#ifdef __x86_64__
#define HERE(at, reg) "lea " at "b(%%rip), " reg
#else
#define HERE(at, reg) "adr " reg ", " at "b"
#endif
#define NOINLINE __attribute__((noinline))

NOINLINE static unsigned first(void) {
  uintptr_t at;
  __asm__ volatile(".p2align 5\n1:\t" HERE("1", "%0") : "=r"(at));
  return at & 31;
}
NOINLINE static unsigned behind_nops(int n) {
  unsigned all = 0;
  for (int i = 0; i < n; i++) {
    uintptr_t at, then;
    __asm__ volatile("nop\n\t.balign 64\n1:\t" HERE("1", "%0") : "=r"(at));
    if (i & 1) printf("odd\n");
    __asm__ volatile("nop\n\tnop\n\t.p2align 4\n1:\t" HERE("1", "%0") : "=r"(then));
    all |= (at & 63) | (then & 15);
  }
  return all;
}
static inline __attribute__((always_inline)) unsigned inlined(void) {
  uintptr_t at;
  __asm__ volatile("nop\n\t.p2align 7\n1:\t" HERE("1", "%0") : "=r"(at));
  return at & 127;
}
NOINLINE static unsigned calls(int n) { return n > 3 ? inlined() + 1 : n > 2 ? inlined() + 2 : inlined() + 3; }
NOINLINE static int page(int n) {
  uintptr_t at = 0;
  if (n & 1) __asm__ volatile("nop\n\t.p2align 12\n1:\t" HERE("1", "%0") : "=r"(at));
  return n + (int)(at & 4095);
}

int main(void) {
  printf("%u %u\n", first(), behind_nops(3));
  printf("%u %u %u\n", calls(2), calls(3), calls(4));
  printf("%d %d\n", page(1), page(2));
  return 0;
}
