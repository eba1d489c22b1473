/* The library libkiln-as assembles inline assembly, such as the inline assembly in bitcode. To assemble, libkiln-as
 * starts an assembler as a process. libkiln-as is a separate library because libkiln never starts processes. libkiln-as
 * tries the GNU assembler first. If the GNU assembler is missing or rejects the input, libkiln-as tries clang. */
#ifndef KILN_AS_H
#define KILN_AS_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An object that assembles text. For this, it runs an assembler that is installed on the system. The object owns the
 * resulting machine code. */
typedef struct kiln_as kiln_as;

/** Makes a kiln_as. Sets `assemble` and `assemble_user` of `options`, so that modules with these options use the
 * kiln_as. To assemble, the kiln_as runs the following programs:
 * - If the environment variable KILN_AS is set, the kiln_as first runs the program that KILN_AS names.
 * - If KILN_AS is not set, the kiln_as first runs the target's GNU assembler, such as `aarch64-linux-gnu-as`. If the
 *   target's GNU assembler is not installed and the host has the target's processor, the kiln_as runs the program `as`.
 * - If none of these programs can be started, or if the started program rejects the input, the kiln_as runs clang. This
 *   is the program that the environment variable KILN_CLANG names, or `clang-22` if KILN_CLANG is not set.
 *
 * A single process assembles all assembly texts of a module. The input and output of this process are in memory. The
 * compiling thread starts the process, and waits until the process ends. Several threads may assemble at once. Free the
 * module first, and then free the kiln_as with kiln_as_free. If memory runs out, kiln_as_new returns NULL and leaves
 * `options` unchanged. */
KILN_API kiln_as *kiln_as_new(kiln_module_options *options);

/** Frees `a` and the machine code that `a` owns. `a` may be NULL. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
