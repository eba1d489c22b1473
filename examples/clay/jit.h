/* What the parts of the program `clay-jit` offer each other: jit.c compiles and runs, live.c has a loop whose functions
 * are replaced while it runs. */
#ifndef CLAY_JIT_H
#define CLAY_JIT_H

#include "clay.h"

/* ---- jit.c ---- */

/* The compiler of this process, which has compiled the input. */
struct clay *jit_clay(void);
/* Compiles and runs the input (clay_input). Returns false after a message. Other threads may run functions, and call
 * lazy ones, meanwhile. */
bool jit_run(void);
/* The address of a function, whichever its newest definition is; NULL if there is none. */
void *jit_find(const struct fn *fn);

/* ---- live.c ---- */

/* Runs the loop of `n_threads` threads until the end of standard input. `text` is the file's, of which the process has
 * run the statements; the caller keeps it. Returns false after a message. */
bool live_loop(const char *path, const char *text, unsigned n_threads);

#endif
