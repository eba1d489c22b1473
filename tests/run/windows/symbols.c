/* Symbols: weak definitions, a weak reference that nobody defines, common data, constructors by priority, destructors,
 * functions of the system by import and by thunk, aliases, data of the C library. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static int order;
__attribute__((constructor(300))) static void second(void) { order = order * 10 + 2; }
__attribute__((constructor(200))) static void first(void) { order = order * 10 + 1; }
__attribute__((constructor)) static void last(void) { order = order * 10 + 3; }
__attribute__((destructor)) static void end(void) {
  puts("end");
  fflush(stdout);
}
static void at_exit(void) { puts("at exit"); }

__attribute__((weak)) int weak(void) { return 5; }
extern int nowhere(int) __attribute__((weak));
extern int nothing __attribute__((weak));
int common[10] __attribute__((aligned(64), common));
int real(int x) { return x + 1; }
int also(int x) __attribute__((alias("real")));
__declspec(dllimport) DWORD WINAPI GetCurrentProcessId(void);
DWORD(WINAPI *const by_table)(void) = GetCurrentProcessId;

int main(int argc, char **argv) {
  atexit(at_exit);
  common[9] = 3;
  printf("%d %d %d %d\n", order, weak(), nowhere == NULL ? -1 : nowhere(1), &nothing == NULL);
  printf("%d %d %d\n", common[9], (int)((unsigned long long)common & 63), also(4));
  printf("%d %d\n", GetCurrentProcessId() == by_table(), GetModuleHandleA(NULL) != NULL);
  fprintf(stdout, "%d %d\n", argc, argv[argc] == NULL);
  return 77;
}
