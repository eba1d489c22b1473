/* Registers that a program names: global register variables, AArch64 system registers. */
#include <stdint.h>
#include <stdio.h>
#ifdef __x86_64__
#define NAME "rsp"
static int more(void) { return 1; }
#define CALL(r) __asm__ volatile("call callee" : "=a"(r), "+r"(stack_pointer) : : LOST)
#define LOST "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"
#else
#include <arm_acle.h>
#define NAME "sp"
#define CALL(r) __asm__ volatile("bl callee\n mov %w0, w0" : "=r"(r), "+r"(stack_pointer) : : LOST)
#define LOST                                                                                       \
  "memory", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",       \
    "x13", "x14", "x15", "x16", "x17", "x18", "x30"
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
register unsigned long stack_pointer __asm__(NAME);
static __attribute__((noinline)) int near(void *p) { return (uintptr_t)p - stack_pointer < 4096; }
/* A call in a text, which therefore has the stack pointer as an operand; its value is written back. */
__attribute__((used)) int callee(void) { return 7; }
static __attribute__((noinline)) int called(int n) {
  volatile int kept = n;
  int r, close = near((
           void *)&kept); /* a function that calls has no red zone, which the text would write to */
  CALL(r);
  return r * 100 + close * 10 + kept;
}
/* An output alone. */
static __attribute__((noinline)) int output(void) {
  register unsigned long sp __asm__(NAME);
  __asm__ volatile("/* %0 */" : "=r"(sp));
  unsigned long copy = sp;
  return near((void *)copy);
}
static __attribute__((noinline)) int written(int n) {
  volatile int kept = n;
  stack_pointer = stack_pointer;
  return kept;
}
int main(void) {
  int x = 0;
  printf("%d %d\n", near(&x), more());
  printf("%d %d %d\n", called(5), written(6), output());
  return x;
}
