/* The table that `kiln cargo` ends with: cargo_stats.c. */
#ifndef KN_TOOLS_CARGO_STATS_H
#define KN_TOOLS_CARGO_STATS_H

#include <stdio.h>

/* Sums up the file of costs at `path` (log.h) and writes the table to `out`. */
void cargo_stats_print(FILE *out, const char *path);

#endif
