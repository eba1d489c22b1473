/* What `kiln run` is made of: run.c compiles, links and starts the program, run_library.c loads shared
 * libraries. */
#ifndef KN_TOOLS_RUN_H
#define KN_TOOLS_RUN_H

#include <stdbool.h>
#include <stddef.h>

/* Loads the library that `-l NAME` means, so that its symbols are the process's: libNAME.so, or else the
 * newest libNAME.so.VERSION, in `folders` and then where the system has libraries; for a NAME with a slash, or
 * ":FILE", just that file. False after a message. */
bool run_load_library(const char *name, const char *const *folders, size_t n_folders);

#endif
