/* The log of objects that stand-ins for compilers make: the file that $KILN_LOG names; and what their work costs: the
 * file that $KILN_STATS names. log.c implements both. */
#ifndef KN_TOOLS_LOG_H
#define KN_TOOLS_LOG_H

#include <stdbool.h>

/* Is there a log? */
bool log_wanted(void);

/* Appends a line to the log, if there is one; a line too long for its buffer is cut. False, with errno, if it cannot be
 * written to; that it cannot be opened is no error: it may be another user's. */
__attribute__((format(printf, 1, 2))) bool log_line(const char *format, ...);

/* The same for the file of costs. Its lines, with tabs between their words and times in nanoseconds of CPU time:
 *   unit kiln|rustc|llvm BITCODE CODE INSTRUCTIONS PATH [REASON]
 *                                            a unit by Kiln, by Kiln in rustc, or by LLVM: writing its bitcode and what
 *                                            Kiln tried in vain; generating its code; why LLVM did
 *   compiler SELF LINKER                     a process: all but the linker's time, and that
 * stats.c reads them. */
__attribute__((format(printf, 1, 2))) bool stats_line(const char *format, ...);

/* Is there a file of costs? */
bool stats_wanted(void);
/* Is $KILN_STATS 1, which requests a table (stats.h, report.h)? */
bool stats_asked(void);

#endif
