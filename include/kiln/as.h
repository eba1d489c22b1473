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

/** Options of a kiln_as. Zero-initialise the struct for the defaults. */
typedef struct kiln_as_options {
  /** The GNU assembler: a path, or a name that is looked up in PATH. NULL means the value of the environment variable
   * KILN_AS, or else the target's GNU assembler, such as `aarch64-linux-gnu-as`. If the target's GNU assembler is not
   * installed and the host has the target's processor, it means the program `as`. */
  const char *assembler;
  /** Clang, in the same way. NULL means the value of the environment variable KILN_CLANG, or else `clang-22`. */
  const char *clang;
  bool no_environment;  /**< ignore KILN_AS and KILN_CLANG */
  uint64_t reserved[8]; /**< 0 */
} kiln_as_options;

/** Makes a kiln_as. For modules that use it, set kiln_module_options.assemble to kiln_as_assemble, and `assemble_user`
 * to the kiln_as. To assemble, it runs the GNU assembler, and clang if that cannot be started or rejects the input.
 * - Copies `options`, which may be NULL.
 * - A single process assembles all assembly texts of a module. The input and output of this process are in memory. The
 *   compiling thread starts the process, and waits until the process ends. Several threads may assemble at once.
 * - Returns NULL if memory runs out, or if `reserved` is not 0.
 * - Owns: free the module first, and then free the kiln_as with kiln_as_free. */
KILN_API kiln_as *kiln_as_new(const kiln_as_options *options);

/** Assembles texts: the kiln_assemble_fn of the kiln_as `as`. If `as` is NULL, returns KILN_ERR_UNSUPPORTED. */
KILN_API kiln_status kiln_as_assemble(void *as, const kiln_target *target, kiln_assembly *texts,
                                      uint32_t n_texts);

/** Frees `a` and the machine code that `a` owns. `a` may be NULL. */
KILN_API void kiln_as_free(kiln_as *a);

#ifdef __cplusplus
}
#endif

#endif
