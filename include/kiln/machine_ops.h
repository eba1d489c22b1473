/* The target's own instructions, by LLVM's names, for operations that the IR does not have. */
#ifndef KILN_MACHINE_OPS_H
#define KILN_MACHINE_OPS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits of the target's own instructions. */
enum {
  KILN_MAX_MACHINE_OPERANDS = 3, /**< the maximum number of operands of a row */
  KILN_MAX_MACHINE_NAME = 48     /**< size of the longest name in bytes, with its NUL */
};

/** Describes a row of the target's own instructions: a MACHINE, MACHINE_ACT or MACHINE_DO. */
typedef struct kiln_machine_info {
  uint32_t row;                                  /**< for kiln_build_machine */
  kiln_op op;                                    /**< the operation that it builds */
  kiln_type result;                              /**< VOID if it produces no value */
  uint32_t n_operands;                           /**< including the immediate */
  kiln_type operands[KILN_MAX_MACHINE_OPERANDS]; /**< their types */
  bool immediate; /**< the last operand is a constant from `least` to `most` */
  int32_t least;  /**< lower limit of the immediate */
  int32_t most;   /**< upper limit of the immediate */
} kiln_machine_info;

/** Finds an instruction by LLVM's name for it, without "llvm.x86." or "llvm.aarch64.". Returns false if there is
 * none. */
KILN_API bool kiln_machine_find(kiln_processor target, const char *name, size_t name_length,
                                kiln_machine_info *out);

/** Builds the instruction `row` [MACHINE] [MACHINEV] on `n_operands` operands. */
KILN_API kiln_value kiln_build_machine(kiln_func *f, uint32_t row, const kiln_value *operands,
                                       uint32_t n_operands);

#ifdef __cplusplus
}
#endif
#endif
