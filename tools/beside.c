/* Where the parts of Kiln are: beside the program that runs, or where that is installed. */
#include "beside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool tool_beside(const char *name, char out[PATH_MAX]) {
  char self[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) return false;
  self[n] = 0;
  const char *slash = strrchr(self, '/');
  int size =
    snprintf(out, PATH_MAX, "%.*s%s", slash != NULL ? (int)(slash + 1 - self) : 0, self, name);
  return size < PATH_MAX && access(out, F_OK) == 0;
}
