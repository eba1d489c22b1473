/* A program whose compilers append to the file of costs: `kiln cargo`, `kiln with`. With $KILN_STATS it ends with the
 * table of what was compiled by whom, and what it cost. */
#include "stats.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs the program and writes the table to standard error. Its exit status; 128 + signal if one ended it. */
static int with_table(const char *verb, char **argv, const char *path) {
  pid_t child;
  int status = 0, error = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);
  if (error != 0) {
    tool_error("%s: %s: %s", verb, argv[0], strerror(error));
    unlink(path);
    return TOOL_FAILED;
  }
  signal(SIGINT, SIG_IGN); /* the program gets it too, and ends */
  signal(SIGQUIT, SIG_IGN);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  stats_end(path, !WIFEXITED(status) || WEXITSTATUS(status) != 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int stats_run(const char *verb, char **argv) {
  char costs[PATH_MAX];
  if (stats_begin(verb, costs)) return costs[0] != 0 ? with_table(verb, argv, costs) : TOOL_FAILED;
  execvp(argv[0], argv);
  tool_error("%s: %s: %s", verb, argv[0], strerror(errno));
  return TOOL_FAILED;
}
