/* A program whose compilers append to the file of costs: `kiln cargo`, `kiln with`. It ends with one line if LLVM
 * compiled anything; with $KILN_STATS=1 with the table of what was compiled by whom, and what it cost. */
#include "stats.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile pid_t running;

static void pass_on(int signal) {
  if (running > 0) kill(running, signal);
}

/* Signals that the terminal sends go to the program, too; those that are sent to this process alone are passed on. */
static void hand_signals_on(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, pass = {.sa_handler = pass_on};
  sigaction(SIGINT, &ignore, NULL);
  sigaction(SIGQUIT, &ignore, NULL);
  sigaction(SIGTERM, &pass, NULL);
  sigaction(SIGHUP, &pass, NULL);
}

/* Starts the program. 0, or what errno says. */
static int start(char **argv, char **environment, pid_t *child) {
  return environment == NULL ? ENOMEM : posix_spawnp(child, argv[0], NULL, NULL, argv, environment);
}

int stats_run(const char *verb, char **argv, const struct stats_say *say,
              const struct stats_child *how) {
  struct stats_costs costs;
  pid_t child;
  if (!stats_begin(verb, &costs)) return TOOL_FAILED;
  costs.summary = true;
  costs.say = say;
  char **environment = how != NULL ? how->begin(how->user) : environ;
  int status = 0, error = start(argv, environment, &child);
  if (how != NULL && error != 0) how->end(how->user);
  if (error != 0) {
    if (environment != NULL) tool_error("%s: %s: %s", verb, argv[0], strerror(error));
    stats_drop(&costs);
    return TOOL_FAILED;
  }
  running = child;
  hand_signals_on();
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (how != NULL) how->end(how->user);
  stats_end(&costs, !WIFEXITED(status) || WEXITSTATUS(status) != 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
