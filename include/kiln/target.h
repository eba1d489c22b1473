/* Targets: their names, registers, and the features of processors beyond the baseline. */
#ifndef KILN_TARGET_H
#define KILN_TARGET_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Processors. */
typedef enum kiln_processor {
  KILN_PROCESSOR_HOST,    /**< that of this machine */
  KILN_PROCESSOR_X86_64,  /**< x86-64 with SSE2 */
  KILN_PROCESSOR_AARCH64, /**< ARMv8.0-A, little-endian */
  KILN_PROCESSOR_COUNT
} kiln_processor;

/** Operating systems: who loads the code, and which calling conventions and thread-local storage it has. */
typedef enum kiln_system {
  KILN_SYSTEM_HOST, /**< that of this machine */
  /** Linux, and every system with the same ABI: System V x86-64, AAPCS64, their thread-local storage. That includes
   * programs without a system. */
  KILN_SYSTEM_LINUX,
  KILN_SYSTEM_WINDOWS, /**< Windows */
  KILN_SYSTEM_MACOS,   /**< Apple's systems */
  KILN_SYSTEM_COUNT
} kiln_system;

/** Object file formats. */
typedef enum kiln_format {
  KILN_FORMAT_USUAL,  /**< that of the system: ELF, COFF or Mach-O */
  KILN_FORMAT_ELF,    /**< ELF */
  KILN_FORMAT_COFF,   /**< COFF and PE */
  KILN_FORMAT_MACH_O, /**< Mach-O */
  KILN_FORMAT_COUNT
} kiln_format;

/** What code is generated for. All zero is this machine, and each field that is zero is as it says, so
 * `{.processor = KILN_PROCESSOR_AARCH64}` is AArch64 with this machine's system and its usual format. Code is generated
 * for Linux with ELF, on both processors; kiln_module_new makes a module for any other target, which has failed with
 * KILN_ERR_UNSUPPORTED. */
typedef struct kiln_target {
  kiln_processor processor; /**< which instructions */
  kiln_system system;       /**< which conventions */
  kiln_format format;       /**< which objects */
} kiln_target;

/** "x86_64", "aarch64"; NULL for KILN_PROCESSOR_HOST and out of range. Static storage. */
KILN_API const char *kiln_processor_name(kiln_processor p);

/** "linux", "windows", "macos"; NULL for KILN_SYSTEM_HOST and out of range. Static storage. */
KILN_API const char *kiln_system_name(kiln_system s);

/** "elf", "coff", "macho"; NULL for KILN_FORMAT_USUAL and out of range. Static storage. */
KILN_API const char *kiln_format_name(kiln_format f);

/** Finds a target by a name or triple, as other tools write them: "x86_64", "arm64", "x86_64-unknown-linux-gnu",
 * "aarch64-linux-musl", "x86_64-pc-windows-msvc", "arm64-apple-macosx11.0". The processors' other names are amd64,
 * x86-64, x64 and arm64. A name that has no system means Linux. All fields of `out` are set. False if there is no such
 * target, or if its ABI is another one than that of the target's system ("x86_64-linux-gnux32"). Targets are found that
 * there is no code generation for. */
KILN_API bool kiln_target_find(const char *name, kiln_target *out);

/** The machine this library runs on, if there is code generation for its processor. All fields of `out` are set. */
KILN_API bool kiln_target_find_host(kiln_target *out);

/* ---- features of processors ---- */

/** What a processor can do beyond its baseline: bits for kiln_module_options.features and
 * kiln_func_attrs.features. Those of other processors are ignored. */
enum {
  KILN_FEATURE_LSE = 1, /**< AArch64: atomic operations as one instruction (ARMv8.1-A, FEAT_LSE) */
  /** x86-64: cmpxchg16b, without which there are no atomic operations on i128 */
  KILN_FEATURE_CX16 = 2,
};

/** LLVM's name for the i-th feature of `p` that makes a difference to Kiln ("lse"); NULL beyond the last. Static
 * storage. */
KILN_API const char *kiln_feature_name(kiln_processor p, uint32_t i);

/** Finds a feature by LLVM's name for it; false if it makes no difference to Kiln. */
KILN_API bool kiln_feature_find(kiln_processor p, const char *name, uint32_t *out);

/* ---- registers ---- */

/** Number of a register by its name, which is that of its full width ("rax", "xmm3"; "x0", "v8"):
 * 0 to 31 are general registers, 32 to 63 those of floats and vectors. False if there is none of that name.
 * For kiln_build_asm. */
KILN_API bool kiln_register_find(kiln_processor p, const char *name, uint32_t *out);

/** Name of a register; NULL if there is none of that number. Static storage. */
KILN_API const char *kiln_register_name(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
