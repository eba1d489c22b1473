/* Lines for $KILN_LOG. Called by verb_cc.c, and inside rustc by rustc/preload.c. Each line is one write, so that those of
 * compilers that run beside each other do not mix. */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool log_line(const char *format, ...) {
  const char *path = getenv("KILN_LOG");
  if (path == NULL || path[0] == 0) return true;
  char line[4096 + 1024];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n <= 0) return true;
  if ((size_t)n >= sizeof line) {
    n = sizeof line - 1;
    line[n - 1] = '\n';
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return true;
  ssize_t done = write(fd, line, (size_t)n);
  int error = done < 0 ? errno : ENOSPC;
  close(fd);
  errno = error;
  return done == n;
}
