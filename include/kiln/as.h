/* Uses the system's assembler for inline assembly, such as the assembly in bitcode (libkiln-as). This is a separate
 * library because it starts processes, which libkiln never does. The assembler is GNU as. If there is no GNU as, or if
 * it refuses a text, clang is used. */
#ifndef KILN_AS_H
#define KILN_AS_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An assembler. It runs the system's assembler, and owns the machine code that the system's assembler made. */
typedef struct kiln_as kiln_as;

/** Makes an assembler, and sets `assemble` and `assemble_user` of `options`, so that modules with these options use it.
 * The first program that is tried is `as`, or, for a target other than this machine, the assembler of the target's GNU
 * tools (`aarch64-linux-gnu-as`). The environment variable KILN_AS may name another program. The second program that is
 * tried is `clang-22`, or the program that the environment variable KILN_CLANG names. A single process assembles all
 * texts of a module, with its input and output in memory. The thread that compiles starts the process and waits for it;
 * several threads may do so at once. Free the result with kiln_as_free after the module is freed. Returns NULL if
 * memory runs out; `options` is then unchanged. */
KILN_API kiln_as *kiln_as_new(kiln_module_options *options);

/** Frees the assembler and the machine code of its texts. NULL is allowed. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
