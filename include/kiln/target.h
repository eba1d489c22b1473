/* Targets: their names, registers, and the features of processors beyond the baseline. */
#ifndef KILN_TARGET_H
#define KILN_TARGET_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Machines that Kiln generates code for. */
typedef enum kiln_target {
  KILN_TARGET_X86_64,  /**< x86-64 with SSE2, System V ABI, ELF */
  KILN_TARGET_AARCH64, /**< ARMv8.0-A, AAPCS64, ELF */
  KILN_TARGET_COUNT
} kiln_target;

/** "x86_64", "aarch64". Static storage; NULL out of range, so that a loop over all targets can end there. */
KILN_API const char *kiln_target_name(kiln_target t);

/** Finds a target by name; false if there is none. */
KILN_API bool kiln_target_find(const char *name, kiln_target *out);

/** The machine this library runs on, if it is a target. */
KILN_API bool kiln_target_find_host(kiln_target *out);

/* ---- features of processors ---- */

/** What a processor can do beyond its target's baseline: bits for kiln_module_options.features and
 * kiln_func_attrs.features. Those of other targets are ignored. */
enum {
  KILN_FEATURE_LSE = 1, /**< AArch64: atomic operations as one instruction (ARMv8.1-A, FEAT_LSE) */
  /** x86-64: cmpxchg16b, without which there are no atomic operations on i128 */
  KILN_FEATURE_CX16 = 2,
};

/** LLVM's name for the i-th feature that makes a difference to Kiln on `target` ("lse"); NULL beyond the last.
 * Static storage. */
KILN_API const char *kiln_feature_name(kiln_target target, uint32_t i);

/** Finds a feature by LLVM's name for it; false if it makes no difference to Kiln. */
KILN_API bool kiln_feature_find(kiln_target target, const char *name, uint32_t *out);

/* ---- registers ---- */

/** Number of a register by its name, which is that of its full width ("rax", "xmm3"; "x0", "v8"):
 * 0 to 31 are general registers, 32 to 63 those of floats and vectors. False if there is none of that name.
 * For kiln_build_asm. */
KILN_API bool kiln_register_find(kiln_target t, const char *name, uint32_t *out);

/** Name of a register; NULL if there is none of that number. Static storage. */
KILN_API const char *kiln_register_name(kiln_target t, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
