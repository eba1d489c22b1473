/* Jumps: longjmp over frames of all kinds, which Windows does by unwinding, out of a callback of the C library and back
 * many times; cleanups at the end of a scope; jumps by tables and by addresses of labels. */
#include <malloc.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf outer, inner;
static int cleaned;
static void clean(int *p) { cleaned += *p; }

__attribute__((noinline)) static void leave(int n, jmp_buf *to) {
  char *p = alloca((size_t)n * 100 + 1);
  memset(p, n, (size_t)n * 100 + 1);
  if (n == 0) longjmp(*to, 5);
  leave(n - 1, to);
  if (p[n]) puts("never");
}
static int compare(const void *a, const void *b) {
  if (*(const int *)a == 13) longjmp(inner, *(const int *)b + 100);
  return *(const int *)a - *(const int *)b;
}
__attribute__((noinline)) static int sorts(void) {
  int numbers[] = {5, 3, 8, 13, 1};
  volatile int tries = 0;
  int r = setjmp(inner);
  tries++;
  if (r == 0) qsort(numbers, 5, sizeof *numbers, compare);
  return tries * 10 + (r > 100);
}
__attribute__((noinline)) static int with_cleanup(int n) {
  __attribute__((cleanup(clean))) int x = n;
  x += n;
  return x * 2;
}
__attribute__((noinline)) static int table(int k) {
  switch (k) {
  case 0: return 11;
  case 1: return 7;
  case 2: return 5;
  case 3: return 3;
  case 4: return 2;
  case 5: return 100;
  case 6: return -1;
  case 1000: return 1000;
  default: return 0;
  }
}
__attribute__((noinline)) static int labels(const char *program) {
  static const void *const ops[] = {&&add, &&twice, &&less, &&end};
  int v = 0;
  goto *ops[program[0] - '0'];
add:
  v += 5;
  goto *ops[*++program - '0'];
twice:
  v *= 2;
  goto *ops[*++program - '0'];
less:
  v--;
  goto *ops[*++program - '0'];
end:
  return v;
}

int main(void) {
  double kept = 1.5;
  volatile int rounds = 0;
  volatile double x = kept;
  int r = setjmp(outer);
  rounds++;
  x += 1;
  if (rounds < 6) leave(rounds, &outer);
  printf("%d %d %g\n", r, rounds, x);
  printf("%d %d %d\n", sorts(), with_cleanup(4), cleaned);
  for (int k = -1; k < 8; k++) printf("%d ", table(k));
  printf("%d %d\n", table(1000), labels("0110123"));
  return 0;
}
