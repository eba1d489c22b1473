/* Variadic functions that pass their arguments on by a tail call, compiled by Kiln with
 * -finstrument-functions-after-inlining; with MAIN: what they call, which prints the arguments, and the profiler, which
 * counts. */
#include <stdarg.h>
#include <stdio.h>

int print(int n, double first, ...);
int forward(int n, double first, ...);
int later(int n, double first, ...);

#ifndef MAIN
typedef int call(int n, double first, ...);
call *volatile next = later;
int later(int n, double first, ...) {
  __attribute__((musttail)) return print(n, first + 1);
}
int forward(int n, double first, ...) {
  char room[3000];
  room[n] = 1;
  if (room[n] == 0) return 1;
  __attribute__((musttail)) return next(n + 5, first);
}
int call_all(void) {
  return forward(5, .5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5);
}
#else
static int entered, left, as;
static void *last[10];
int call_all(void);
int print(int n, double first, ...) {
  va_list list;
  va_start(list, first);
  printf("1");
  for (int k = 1; k < n; k++) printf(" %d", va_arg(list, int));
  printf(" %g", first);
  for (int k = 1; k < n; k++) printf(" %g", va_arg(list, double));
  va_end(list);
  printf("\n");
  return 0;
}
void __cyg_profile_func_enter(void *f, void *from) {
  (void)from;
  if (entered < 10) last[entered++] = f;
}
void __cyg_profile_func_exit(void *f, void *from) {
  (void)from;
  left++;
  for (int k = 0; k < entered; k++) as += last[k] == f;
}
int main(void) {
  call_all();
  printf("entered %d left %d as %d\n", entered, left, as);
  return 0;
}
#endif
