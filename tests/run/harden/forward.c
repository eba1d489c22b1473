/* What the functions of forward.ll call: a function that prints its arguments, and a profiler, which counts. */
#include <stdarg.h>
#include <stdio.h>

int print(int n, double first, ...);

static int entered, left, as;
static void *last[10];
int call_all(void);
void use(char *room) { room[0] = 1; }
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
