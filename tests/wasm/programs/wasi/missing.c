/* What Lua calls, and WASI cannot do. */
#include <errno.h>
#include <stdio.h>

FILE *tmpfile(void) {
  errno = ENOTSUP;
  return NULL;
}

char *tmpnam(char *s) { return NULL; }

int wasi_system(const char *command) {
  errno = ENOTSUP;
  return command != NULL ? -1 : 0;
}
