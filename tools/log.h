/* The log of objects that stand-ins for compilers make: the file that $KILN_LOG names. log.c implements it. */
#ifndef KN_TOOLS_LOG_H
#define KN_TOOLS_LOG_H

#include <stdbool.h>

/* Appends a line to the log, if there is one; a line too long for its buffer is cut. False, with errno, if it cannot be
 * written to; that it cannot be opened is no error: it may be another user's. */
__attribute__((format(printf, 1, 2))) bool log_line(const char *format, ...);

#endif
