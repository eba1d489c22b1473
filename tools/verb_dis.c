/* `kiln dis`: hands over to the program kiln-dis, which stands beside `kiln`. It is a program of its
 * own so that `kiln compile` does not load disassemblers: the start of the process counts. */
#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int verb_dis(int argc, char **argv) {
  if (argc != 2) return tool_usage("dis wants one object file");
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 16);
  if (n > 0) {
    path[n] = 0;
    char *base = strrchr(path, '/');
    strcpy(base != NULL ? base + 1 : path, "kiln-dis");
    execv(path, argv);
  }
  execvp("kiln-dis", argv);
  tool_error("kiln-dis: %s (built where Zydis, Capstone and libelf are)", strerror(errno));
  return TOOL_FAILED;
}
