/* The table that `kiln cc`, `c++` and `cargo` end with if $KILN_STATS is 1: stats.c. */
#ifndef KN_TOOLS_STATS_H
#define KN_TOOLS_STATS_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* If $KILN_STATS asks for the table: makes an empty file of costs (log.h), whose path it writes to `path`, and has
 * $KILN_STATS name it, for this process and those that it starts. False: no table is asked for; or, with a path that is
 * empty, after a message. */
bool stats_begin(const char *verb, char path[PATH_MAX]);
/* Removes the file and writes the table of what it says to standard error. `failed`: so did the work, and the table is
 * left out if nothing was compiled. */
void stats_end(const char *path, bool failed);

/* Becomes the program argv[0], which PATH has; or, if $KILN_STATS asks for the table, runs it and prints that. Its exit
 * status, 128 + signal if one ended it; TOOL_FAILED after a message. stats_run.c. */
int stats_run(const char *verb, char **argv);

#endif
