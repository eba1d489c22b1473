/* What `kiln run` and `kiln interp` share: run_library.c loads shared libraries and sets variables of the program. */
#ifndef KN_TOOLS_RUN_H
#define KN_TOOLS_RUN_H

#include <stdbool.h>
#include <stddef.h>

/* Loads the library that `-l NAME` means, so that its symbols are the process's: libNAME.so, or else the
 * newest libNAME.so.VERSION, in `folders` and then where the system has libraries; for a NAME with a slash, or
 * ":FILE", just that file. False after a message. */
bool run_load_library(const char *name, const char *const *folders, size_t n_folders);

/* Adds "NAME=VALUE" each to the process's environment. */
void run_set_env(const char *const *env, size_t n);

#endif
