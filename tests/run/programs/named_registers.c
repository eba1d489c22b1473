/* Registers that a program names: global register variables, AArch64 system registers. */
#include <stdint.h>
#include <stdio.h>
#ifdef __x86_64__
register unsigned long stack_pointer __asm__("rsp");
static int more(void) { return 1; }
#else
#include <arm_acle.h>
register unsigned long stack_pointer __asm__("sp");
static int more(void) {
  uint64_t before = __arm_rsr64("fpcr"), id = __arm_rsr64("3:3:13:0:2");
  __arm_wsr64("fpcr", before | 1 << 22);
  float third = 1.0f / 3;
  __asm__ volatile("" : "+w"(third));
  int up = __arm_rsr64("FPCR") != before && __arm_rsr64("S3_3_C4_c4_0") != before;
  __arm_wsr64("FPCR", before);
  return up + 2 * (id == (uint64_t)__builtin_thread_pointer()) + 4 * (__arm_rsr("fpcr") == before) +
         8 * (__arm_rsr64("cntvct_el0") != 0);
}
#endif
static __attribute__((noinline)) int near(void *p) { return (uintptr_t)p - stack_pointer < 4096; }
int main(void) {
  int x = 0;
  printf("%d %d\n", near(&x), more());
  return x;
}
