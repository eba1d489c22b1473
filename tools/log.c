/* Lines for $KILN_LOG and $KILN_STATS. Called by verb_cc.c, and inside rustc by integrations/llvm.
 * Each line is one write, so that those of compilers that run beside each other do not mix. */
#include "log.h"
#include "carried.h"
#include "system.h"

#include <stdarg.h>

static bool append(const char *path, const char *format, va_list args) {
  char line[4096 + 1024];
  int n = vsnprintf(line, sizeof line, format, args);
  if (n <= 0) return true;
  if ((size_t)n >= sizeof line) {
    n = sizeof line - 1;
    line[n - 1] = '\n';
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | KN_OPEN, 0666);
  if (fd < 0) return true;
  ssize_t done = write(fd, line, (size_t)n);
  int error = done < 0 ? errno : ENOSPC;
  close(fd);
  errno = error;
  return done == n;
}

bool log_wanted(void) {
  const char *path = tool_variable("KILN_LOG");
  return path != NULL && path[0] != 0;
}

bool log_line(const char *format, ...) {
  if (!log_wanted()) return true;
  va_list args;
  va_start(args, format);
  bool ok = append(tool_variable("KILN_LOG"), format, args);
  va_end(args);
  return ok;
}

bool stats_wanted(void) {
  const char *path = tool_variable("KILN_STATS");
  return path != NULL && tool_system_is_absolute(path);
}

bool stats_line(const char *format, ...) {
  if (!stats_wanted()) return true;
  va_list args;
  va_start(args, format);
  bool ok = append(tool_variable("KILN_STATS"), format, args);
  va_end(args);
  return ok;
}

bool stats_asked(void) {
  const char *stats = tool_variable("KILN_STATS");
  return stats != NULL && strcmp(stats, "1") == 0;
}
