/* Prints the names that backtrace() finds from below Kiln's functions. Linked with -rdynamic. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <string.h>

long first(long n);
void see(const char *where);

void see(const char *where) {
  void *frames[64];
  int n = backtrace(frames, 64);
  printf("%s:", where);
  for (int i = 0; i < n; i++) {
    Dl_info info;
    const char *name =
      dladdr((char *)frames[i] - 1, &info) && info.dli_sname ? info.dli_sname : "?";
    printf(" %s", name);
    if (strcmp(name, "main") == 0) break;
  }
  printf("\n");
}

int main(void) {
  printf("%ld\n", first(7));
  return 0;
}
