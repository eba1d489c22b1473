/* Targets: their names, their registers, and processor features beyond the baseline. */
#ifndef KILN_TARGET_H
#define KILN_TARGET_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Processors. */
typedef enum kiln_processor {
  KILN_PROCESSOR_HOST,    /**< the host's processor */
  KILN_PROCESSOR_X86_64,  /**< x86-64 with SSE2 */
  KILN_PROCESSOR_AARCH64, /**< ARMv8.0-A, little-endian */
  KILN_PROCESSOR_COUNT
} kiln_processor;

/** Operating systems. Each system has its own loader, calling conventions and thread-local storage. */
typedef enum kiln_system {
  KILN_SYSTEM_HOST, /**< the host's system; Linux if the processor is not KILN_PROCESSOR_HOST */
  /** Linux, and every system with the same ABI. This ABI is System V on x86-64, and AAPCS64 on AArch64. It includes the
   * rules for thread-local storage. Use this value for programs without an operating system too. */
  KILN_SYSTEM_LINUX,
  /** Windows, with the ABI of MinGW: LLVM's x86_64-windows-gnu. Microsoft's own ABI has other exceptions and runtime
   * functions. */
  KILN_SYSTEM_WINDOWS,
  KILN_SYSTEM_MACOS, /**< Apple's systems */
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

/** The target for which Kiln generates code. All zero means the machine on which Kiln runs (the host). A field that is
 * zero has the meaning of its enumerator 0: `{.processor = KILN_PROCESSOR_AARCH64}` means AArch64 with the system of
 * the host and that system's usual object format.
 * - Kiln can generate code for x86-64 and AArch64 for Linux with ELF, and for x86-64 for Windows with COFF. For any
 *   other target, kiln_module_new makes a module that has failed with KILN_ERR_UNSUPPORTED. */
typedef struct kiln_target {
  kiln_processor processor; /**< selects the instructions */
  kiln_system system;       /**< selects the conventions */
  kiln_format format;       /**< selects the format of objects */
  uint32_t abi;             /**< 0: the system's usual ABI, the only one so far */
  uint64_t reserved[4];     /**< 0 */
} kiln_target;

/** Returns the name of a processor, "x86_64" or "aarch64". Returns NULL for KILN_PROCESSOR_HOST and for numbers out of
 * range. The string has static storage. */
KILN_API const char *kiln_processor_name(kiln_processor p);

/** Returns the name of a system, "linux", "windows" or "macos". Returns NULL for KILN_SYSTEM_HOST and for numbers out
 * of range. The string has static storage. */
KILN_API const char *kiln_system_name(kiln_system s);

/** Returns the name of an object format, "elf", "coff" or "macho". Returns NULL for KILN_FORMAT_USUAL and for numbers
 * out of range. The string has static storage. */
KILN_API const char *kiln_format_name(kiln_format f);

/** Finds a target by a name or triple that other tools use, such as "x86_64", "arm64", "x86_64-unknown-linux-gnu",
 * "aarch64-linux-musl", "x86_64-pc-windows-gnu" and "arm64-apple-macosx11.0". Other names for the processors are
 * amd64, x86-64, x64 and arm64. A name without a system means Linux. The function also finds targets for which Kiln
 * cannot generate code.
 * - Returns true, and sets all fields of `out`. Returns false if there is no such target, or if the name requests an
 *   ABI other than the usual one of its system ("x86_64-linux-gnux32", "x86_64-pc-windows-msvc"). */
KILN_API bool kiln_target_find(const char *name, kiln_target *out);

/** Finds the target of the machine on which the library runs. Sets all fields of `out`. Returns false if Kiln cannot
 * generate code for the machine's processor. */
KILN_API bool kiln_target_find_host(kiln_target *out);

/* ---- features of processors ---- */

/** Processor features beyond the baseline. The bits are for kiln_module_options.features and kiln_func_attrs.features.
 * Kiln ignores bits that belong to a processor other than the target's. */
enum {
  KILN_FEATURE_LSE = 1, /**< AArch64: single-instruction atomics (ARMv8.1-A, FEAT_LSE) */
  /** x86-64: the instruction cmpxchg16b. Without this feature, there are no atomic operations on i128. */
  KILN_FEATURE_CX16 = 2,
  /** x86-64: fused multiply-add (FMA3). With this feature, fmuladd of f32 and f64 rounds once. */
  KILN_FEATURE_FMA = 4,
};

/** Returns LLVM's name for feature number `i` of the processor `p`, such as "lse". Numbers count from 0, and only
 * features that Kiln uses have one.
 * - Returns NULL past the last feature. The string has static storage. */
KILN_API const char *kiln_feature_name(kiln_processor p, uint32_t i);

/** Finds a feature by LLVM's name for it. Returns false if Kiln does not use the feature. */
KILN_API bool kiln_feature_find(kiln_processor p, const char *name, uint64_t *out);

/* ---- registers ---- */

/** Finds the number of a register for kiln_build_asm. `name` is the name of the whole register: "rax" or "xmm3" on
 * x86-64, "x0" or "v8" on AArch64. Numbers 0 to 31 are general registers, 32 to 63 floating-point and vector registers.
 * - Returns false if no register has that name. */
KILN_API bool kiln_register_find(kiln_processor p, const char *name, uint32_t *out);

/** Returns the name of the register with the number `number`. Returns NULL if there is no such register. The string has
 * static storage. */
KILN_API const char *kiln_register_name(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
