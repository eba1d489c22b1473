/* --stats and $KILN_STATS of verbs that compile inputs themselves: report.c. The one story for all verbs: --stats, or
 * $KILN_STATS=1, prints what was compiled and what it cost; --stats=FILE, or $KILN_STATS=FILE, appends that to the
 * file as lines (log.h), which `kiln stats FILE` sums up. */
#ifndef KN_TOOLS_REPORT_H
#define KN_TOOLS_REPORT_H

#include "threads.h"

/* Does $KILN_STATS request anything? */
bool tool_report_wanted(void);
/* What --stats[=FILE] says, for this process and those that it starts. */
void tool_report_request(const char *file);
/* Opens the file, if one is requested. TOOL_OK, or TOOL_FAILED after a message. */
int tool_report_begin(void);

/* An input that was compiled. Times in nanoseconds; 0: there was no such stage. */
struct tool_report {
  const struct tool_input *in;
  const struct tool_compiled *compiled;
  kiln_session_stats stats;
  uint64_t object_bytes, object_ns, write_ns, all_ns, cpu_ns;
};
/* False after a message: the file could not be written. */
bool tool_report(const struct tool_report *r);
/* The same of a WebAssembly module that the runtime compiled. */
bool tool_report_runtime(const char *path, size_t module_bytes, uint64_t all_ns, uint64_t cpu_ns);
/* The same of the process's work as a whole, at its end; it prints nothing. */
bool tool_report_end(void);

/* CPU time of this process so far, in nanoseconds. */
uint64_t tool_cpu_ns(void);

#endif
