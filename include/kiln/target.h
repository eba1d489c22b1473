/* Targets: their names, their registers, and processor features beyond the baseline. */
#ifndef KILN_TARGET_H
#define KILN_TARGET_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Processors. */
typedef enum kiln_processor {
  KILN_PROCESSOR_HOST,    /**< this machine's processor */
  KILN_PROCESSOR_X86_64,  /**< x86-64 with SSE2 */
  KILN_PROCESSOR_AARCH64, /**< ARMv8.0-A, little-endian */
  KILN_PROCESSOR_COUNT
} kiln_processor;

/** Operating systems, each with its loader, its calling conventions and its thread-local storage. */
typedef enum kiln_system {
  KILN_SYSTEM_HOST, /**< this machine's system */
  /** Linux, and every system with the same ABI: System V on x86-64, AAPCS64, and their thread-local storage. This
   * includes programs that run without a system. */
  KILN_SYSTEM_LINUX,
  KILN_SYSTEM_WINDOWS, /**< Windows */
  KILN_SYSTEM_MACOS,   /**< Apple's systems */
  KILN_SYSTEM_COUNT
} kiln_system;

/** Object file formats. */
typedef enum kiln_format {
  KILN_FORMAT_USUAL,  /**< the system's format: ELF, COFF or Mach-O */
  KILN_FORMAT_ELF,    /**< ELF */
  KILN_FORMAT_COFF,   /**< COFF and PE */
  KILN_FORMAT_MACH_O, /**< Mach-O */
  KILN_FORMAT_COUNT
} kiln_format;

/** The target that code is generated for. All zero means this machine, and any field that is zero has the meaning given
 * for zero: `{.processor = KILN_PROCESSOR_AARCH64}` is AArch64 with this machine's system and its usual format. Code is
 * generated for Linux with ELF, on both processors. For any other target, kiln_module_new makes a module that has
 * failed with KILN_ERR_UNSUPPORTED. */
typedef struct kiln_target {
  kiln_processor processor; /**< selects the instructions */
  kiln_system system;       /**< selects the conventions */
  kiln_format format;       /**< selects the format of objects */
} kiln_target;

/** Returns "x86_64" or "aarch64"; NULL for KILN_PROCESSOR_HOST and numbers out of range. The string has static
 * storage. */
KILN_API const char *kiln_processor_name(kiln_processor p);

/** Returns "linux", "windows" or "macos"; NULL for KILN_SYSTEM_HOST and numbers out of range. The string has static
 * storage. */
KILN_API const char *kiln_system_name(kiln_system s);

/** Returns "elf", "coff" or "macho"; NULL for KILN_FORMAT_USUAL and numbers out of range. The string has static
 * storage. */
KILN_API const char *kiln_format_name(kiln_format f);

/** Finds a target by a name or triple as other tools write it: "x86_64", "arm64", "x86_64-unknown-linux-gnu",
 * "aarch64-linux-musl", "x86_64-pc-windows-msvc", "arm64-apple-macosx11.0". Other names for the processors are amd64,
 * x86-64, x64 and arm64. A name without a system means Linux. Sets all fields of `out`. Returns false if there is no
 * such target, or if its ABI is not that of the target's system ("x86_64-linux-gnux32"). Targets without code
 * generation are found too. */
KILN_API bool kiln_target_find(const char *name, kiln_target *out);

/** Finds the target of the machine that the library runs on; returns false if there is no code generation for its
 * processor. Sets all fields of `out`. */
KILN_API bool kiln_target_find_host(kiln_target *out);

/* ---- features of processors ---- */

/** Processor features beyond the baseline: bits for kiln_module_options.features and kiln_func_attrs.features. Features
 * of other processors are ignored. */
enum {
  KILN_FEATURE_LSE = 1, /**< AArch64: single-instruction atomics (ARMv8.1-A, FEAT_LSE) */
  /** x86-64: cmpxchg16b, without which there are no atomic operations on i128. */
  KILN_FEATURE_CX16 = 2,
};

/** Returns LLVM's name ("lse") for the i-th feature of `p` that Kiln uses; NULL past the last one. The string has
 * static storage. */
KILN_API const char *kiln_feature_name(kiln_processor p, uint32_t i);

/** Finds a feature by LLVM's name for it. Returns false if Kiln does not use the feature. */
KILN_API bool kiln_feature_find(kiln_processor p, const char *name, uint32_t *out);

/* ---- registers ---- */

/** Finds the number of a register by the name of its full width ("rax", "xmm3"; "x0", "v8"), for kiln_build_asm.
 * Numbers 0 to 31 are general registers, 32 to 63 are floating-point and vector registers. Returns false if no register
 * has that name. */
KILN_API bool kiln_register_find(kiln_processor p, const char *name, uint32_t *out);

/** Returns the name of a register; NULL if no register has that number. The string has static storage. */
KILN_API const char *kiln_register_name(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
