/* The library libkiln-as uses the system's assembler for inline assembly, such as the inline assembly in bitcode.
 * libkiln-as starts processes. It is a separate library because libkiln never starts processes. libkiln-as tries GNU as
 * first. If there is no GNU as, or if GNU as refuses a text, libkiln-as tries clang. */
#ifndef KILN_AS_H
#define KILN_AS_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An assembler. The assembler runs the system's assembler, and owns the resulting machine code. */
typedef struct kiln_as kiln_as;

/** Makes an assembler. Sets `assemble` and `assemble_user` of `options`, so that modules with these options use the
 * assembler. The environment variable KILN_AS can name the program that the assembler runs first. If KILN_AS is not
 * set, the assembler runs the target's GNU as, such as `aarch64-linux-gnu-as`. If that program is not installed and the
 * target is this machine, the assembler runs `as`. If GNU as is missing or refuses a text, the assembler runs the
 * program named by the environment variable KILN_CLANG. If KILN_CLANG is not set, this program is `clang-22`. A single
 * process assembles all texts of a module. The input and output of this process are in memory. The thread that compiles
 * starts the process, and waits until the process ends. Several threads may assemble at once. Free the module first,
 * and then free the assembler with kiln_as_free. If memory runs out, kiln_as_new returns NULL and leaves `options`
 * unchanged. */
KILN_API kiln_as *kiln_as_new(kiln_module_options *options);

/** Frees the assembler and the machine code that the assembler owns. NULL is allowed. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
