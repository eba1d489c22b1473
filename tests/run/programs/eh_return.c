// __builtin_eh_return, which clang has on x86-64 alone: an unwinder changes registers that a frame keeps, those of
// exceptions too, and goes on elsewhere. Other returns of the function give no result: LLVM's code would lose it.
#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

#ifdef __x86_64__
static int frames;

/* The second frame is the function that leaves; what its caller has in registers is kept there. */
static _Unwind_Reason_Code change(struct _Unwind_Context *c, void *data) {
  (void)data;
  if (++frames < 3) return _URC_NO_REASON;
  _Unwind_SetGR(c, __builtin_eh_return_data_regno(0), 1234567890123);
  _Unwind_SetGR(c, __builtin_eh_return_data_regno(1), -42);
  _Unwind_SetGR(c, 3, 333); /* rbx */
  _Unwind_SetGR(c, 12, 121212);
  _Unwind_SetGR(c, 15, 151515);
  return _URC_NORMAL_STOP;
}

static __attribute__((noinline)) void change_all(void) {
  frames = 0;
  _Unwind_Backtrace(change, NULL);
}

static __attribute__((noinline)) void arrived(void) {
  long a, d, b, c, e;
  __asm__ volatile("" : "=a"(a), "=d"(d), "=b"(b));
  __asm__ volatile("mov %%r12, %0" : "=r"(c));
  __asm__ volatile("mov %%r15, %0" : "=r"(e));
  printf("%ld %ld %ld %ld %ld\n", a, d, b, c, e);
  fflush(stdout);
  exit(0);
}

static long result;

static __attribute__((noinline)) void leave(long offset, int n) {
  volatile char dynamic[n + 1];
  __builtin_unwind_init();
  dynamic[n] = 3;
  if (n < 10) {
    result = n * 3 + dynamic[n];
    return;
  }
  change_all();
  __builtin_eh_return(offset, (void *)arrived);
}

static __attribute__((noinline)) void between(int n) {
  leave(0, n);
  result++;
}

int main(void) {
  for (int n = 1; n < 30; n += 4) {
    between(n);
    printf("%ld\n", result);
  }
  return 1;
}
#else
int main(void) { puts("nothing to do"); }
#endif
