/* What a command says at its end of the units that were compiled for it: the table, if $KILN_STATS is 1, and a line if
 * LLVM compiled any: stats.c. */
#ifndef KN_TOOLS_STATS_H
#define KN_TOOLS_STATS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* How many units were compiled by Kiln in rustc, by Kiln of bitcode, and by LLVM. */
struct stats_units {
  unsigned in_rustc, shim, llvm;
  uint64_t link_ns; /* the processor time of the longest link */
};
/* What a command says of them, before the line about those that LLVM compiled. */
struct stats_say {
  void (*say)(void *user, const struct stats_units *units);
  void *user;
};

/* The file of costs (log.h) of a command. */
struct stats_costs {
  char path[PATH_MAX];
  off_t from;                  /* what stood in it before */
  bool temporary;              /* it is the command's own */
  bool table;                  /* the table is asked for */
  bool summary;                /* the line is wanted */
  const struct stats_say *say; /* or NULL */
};

/* Has $KILN_STATS name a file of costs, for this process and those that it starts: the user's, or an empty one of its
 * own. False after a message. */
bool stats_begin(const char *verb, struct stats_costs *c);
/* Writes what is asked for to standard error, and removes a temporary file. `failed`: so did the work, and it is not
 * said that nothing was compiled. */
void stats_end(const struct stats_costs *c, bool failed);
/* Removes a temporary file. */
void stats_drop(const struct stats_costs *c);

/* What a program is started with, found out when $KILN_STATS is set: its environment; NULL after a message. `end` is
 * called when it has ended. */
struct stats_child {
  char **(*begin)(void *user);
  void (*end)(void *user);
  void *user;
};

/* Runs the program argv[0], which PATH has, and says at its end who compiled what. Its exit status, 128 + signal if one
 * ended it; TOOL_FAILED after a message. `say` may be NULL; so may `child`: then it gets this process's environment.
 * stats_run.c. */
int stats_run(const char *verb, char **argv, const struct stats_say *say,
              const struct stats_child *child);

#endif
