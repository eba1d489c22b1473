/* Variables that Kiln's programs hand to each other without showing them to what a build runs: build scripts,
 * procedural macros, tests and linkers see the environment that plain cargo gives them.
 *
 *   kiln cargo     sets variables of its own (KILN_...). cargo gets the environment as it was; the variables go into
 *                  files in the folder in which $RUSTC_WRAPPER is: `settings`, and `run.PID.START` for those of one
 *                  run, which is named by the process (its id, and when it started).
 *   kiln-rustc     reads the files, and gives the compiler the environment as it was, with one variable more, which has
 *                  all others: $KILN_SHIM_CARRIED.
 *   the shim       takes that variable when it is loaded, before the compiler's code runs; tool_variable() has it.
 *
 * carried.c. Called by verb_cargo.c, settings.c, log.c and inlining.c, and by integrations/llvm. */
#ifndef KN_TOOLS_CARRIED_H
#define KN_TOOLS_CARRIED_H

#include <limits.h>
#include <stdbool.h>

/* ---- reading ---- */

/* The value that is carried for a name, or that of the environment; NULL: neither has one. */
const char *tool_variable(const char *name);
/* Takes $KILN_SHIM_CARRIED out of the environment, and puts $LD_LIBRARY_PATH back. Once, before other threads are. */
void tool_carried_take(void);

/* Makes what was taken this process's own environment, for a program that hands it on. */
void tool_carried_apply(void);

/* ---- handing on ---- */

/* The environment as it is now, of which later changes leave the copy alone. NULL without memory. */
char **tool_environment_keep(void);
/* `kept` for another program: the variables in `shown`, which ends with NULL, are as they are now; those of Kiln's that
 * have changed since are in $KILN_SHIM_CARRIED if `carry` is set. NULL without memory. */
char **tool_environment_for(char **kept, const char *const *shown, bool carry);

/* Writes Kiln's variables that have changed since `kept`: those of a run, or the others. The text, in which each ends
 * with NUL, of `size` bytes; the caller frees it. NULL without memory. */
char *tool_carried_text(char **kept, bool of_run, unsigned long *size);
/* Sets what `kiln cargo` has written in `folder`: the settings, and what belongs to the run whose process is one of
 * this one's ancestors. */
void tool_carried_read(const char *folder);
/* The name of the file of this process's run in `folder`. */
bool tool_carried_run(const char *folder, char out[PATH_MAX]);

#endif
