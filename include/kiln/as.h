/* The system's assembler, for inline assembly that the bitcode reader finds (libkiln-as). A library of its own, because
 * it starts processes, which libkiln never does: GNU as, or clang where there is none or it refuses a text. */
#ifndef KILN_AS_H
#define KILN_AS_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Runs the assembler, and holds the machine code that it made. */
typedef struct kiln_as kiln_as;

/** Makes modules with `options` use the system's assembler: sets `assemble` and
 * `assemble_user`. The assembler is `as`, for another target than this machine that of its GNU tools
 * (`aarch64-linux-gnu-as`), or what the environment variable KILN_AS names; after it clang is tried, `clang-22` or what
 * KILN_CLANG names. All texts of a module take one process, whose input and output are in memory. Processes are started
 * and waited for by the thread that compiles; several threads may do so at once. Free it with kiln_as_free after the
 * module. NULL without memory; then the options are as before. */
KILN_API kiln_as *kiln_as_new(kiln_module_options *options);

/** Frees the assembler and the machine code of its texts. NULL is allowed. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
