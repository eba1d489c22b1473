/* Uses the system's assembler for inline assembly that the bitcode reader finds (libkiln-as). This is a library of its
 * own because it starts processes, which libkiln never does. The assembler is GNU as, or clang if there is no GNU as or
 * if it refuses a text. */
#ifndef KILN_AS_H
#define KILN_AS_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Runs the assembler, and owns the machine code that it made. */
typedef struct kiln_as kiln_as;

/** Makes modules with `options` use the system's assembler, by setting `assemble` and `assemble_user`. The assembler is
 * `as`, or for a target other than this machine the one of its GNU tools (`aarch64-linux-gnu-as`), or the one that the
 * environment variable KILN_AS names. After it, clang is tried: `clang-22`, or the program that KILN_CLANG names. A
 * single process assembles all texts of a module, with input and output in memory. The thread that compiles starts the
 * process and waits for it; several threads may do so at once. Free the result with kiln_as_free after the module.
 * Returns NULL if memory runs out; `options` are then unchanged. */
KILN_API kiln_as *kiln_as_new(kiln_module_options *options);

/** Frees the assembler and the machine code of its texts. NULL is allowed. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
